package report

import (
	"errors"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"
)

// gallery is a folder of the folder eval: about.txt, and figures, each a picture ROW-COLUMN.png with the sound ROW-COLUMN.wav and the line ROW-COLUMN.txt that belong to it,
// where there are these.
type gallery struct {
	Title, About, Left string // Left says what is left out
	Rows               [][]figure
}

type figure struct {
	Picture, Sound template.URL
	Caption        string
}

// addGalleries adds a run's galleries, of which one that was not finished ends in .tmp.
func (s *section) addGalleries(dir string, room *room) error {
	folders, err := within(filepath.Join(dir, "eval"), func(name string) bool { return !strings.HasSuffix(name, ".tmp") })
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if _, err := os.Stat(filepath.Join(folder, "about.txt")); err != nil {
			continue
		}
		g, err := readGallery(folder, room)
		if err != nil {
			return err
		}
		s.Heard = append(s.Heard, g)
	}
	return nil
}

func readGallery(dir string, room *room) (*gallery, error) {
	about := told(filepath.Join(dir, "about.png"))
	g := &gallery{Title: about.Title, About: about.About}
	pictures, err := within(dir, isPNG)
	if err != nil {
		return nil, err
	}
	last, unseen, full, unread := "", 0, 0, 0 // pictures, and sounds, that are left out
	for _, path := range pictures {
		var f figure
		if f.Picture, err = room.picture(path); err != nil {
			unseen++
			continue
		}
		if f.Caption = told(path).Title; f.Caption == filepath.Base(strings.TrimSuffix(path, ".png")) {
			f.Caption = ""
		}
		switch f.Sound, err = room.wave(strings.TrimSuffix(path, ".png") + ".wav"); {
		case errors.Is(err, errRoom):
			full++
		case err != nil:
			unread++
		}
		row, _, _ := strings.Cut(filepath.Base(path), "-")
		if g.Rows == nil || row != last {
			g.Rows, last = append(g.Rows, nil), row
		}
		g.Rows[len(g.Rows)-1] = append(g.Rows[len(g.Rows)-1], f)
	}
	folder := "eval/" + filepath.Base(dir)
	var left []string
	if full > 0 {
		left = append(left, fmt.Sprintf("This page has room for %.1f MB of sound; %d more lie in %s.", soundBytes/1e6, full, folder))
	}
	if unread > 0 {
		left = append(left, fmt.Sprintf("%d of the sounds in %s cannot be read.", unread, folder))
	}
	if unseen > 0 {
		left = append(left, fmt.Sprintf("%d of the pictures in %s cannot be read, are larger than %d MiB, or have no room among the %d MiB of this page.", unseen, folder, pictureBytes>>20, picturesBytes>>20))
	}
	g.Left = strings.Join(left, " ")
	return g, nil
}
