package recipe

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tessera-go/tessera/data"
)

// pictureFiles lists the files, and those of folders, whose notes say is told.
func pictureFiles(paths []string, say func(msg string)) (files []string, err error) {
	for _, path := range paths {
		st, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("%s: no such picture or folder", path)
		}
		if !st.IsDir() {
			files = append(files, path)
			continue
		}
		d, err := data.OpenFolder(path, data.FolderOptions{NoLabels: true})
		if err != nil {
			return nil, err
		}
		for _, note := range d.Notes {
			say(note)
		}
		for i := range d.Len() {
			files = append(files, d.Describe(i))
		}
	}
	return files, nil
}

// pictureNames chooses for each file the paths in a folder of what is made of it, as many as samples, which no other has and where nothing is.
func pictureNames(out string, from []string, samples int) (to [][]string, err error) {
	if st, err := os.Stat(out); err == nil && !st.IsDir() {
		return nil, &SettingError{"out", out + ": want a folder, this is a file"}
	}
	taken := map[string]bool{}
	for _, f := range from {
		name := strings.TrimSuffix(filepath.Base(f), filepath.Ext(f))
		unique := name
		for k := 2; taken[strings.ToLower(unique)]; k++ { // names that differ in case alone are one on some systems
			unique = fmt.Sprintf("%s (%d)", name, k)
		}
		taken[strings.ToLower(unique)] = true
		paths := []string{filepath.Join(out, unique+".png")}
		if samples > 1 {
			paths = nil
			for k := range samples {
				paths = append(paths, filepath.Join(out, fmt.Sprintf("%s-%d.png", unique, k+1)))
			}
		}
		for _, p := range paths {
			if _, err := os.Lstat(p); err == nil {
				return nil, fmt.Errorf("%s is there already; move it, or name another folder with --out", p)
			}
		}
		to = append(to, paths)
	}
	return to, nil
}
