package recipe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval/detect"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Detecting finds objects in files with the detector that eval detect let learn on a run's trunk.
type Detecting struct {
	Out  string  // folder; made if it is not there
	Sure float64 // boxes that are at least so sure, 0 to 1

	Say      func(msg string) // notes of folders, and pictures that cannot be read
	Progress func(done, of int)
}

// Detected is what was found: in each picture that could be read, and those that were passed over.
type Detected struct {
	Pictures []DetectedPicture `json:"pictures"`
	Skipped  []string          `json:"skipped"`
}

// DetectedPicture is a picture with what was found in it, the surest first.
type DetectedPicture struct {
	Picture string        `json:"picture"`
	Drawn   string        `json:"drawn"`
	Boxes   []DetectedBox `json:"boxes"`
}

// DetectedBox is an object.
type DetectedBox struct {
	Class string     `json:"class"`
	Sure  float32    `json:"sure"` // 0 to 1
	Box   [4]float32 `json:"box"`  // x0, y0, x1, y1 in pixels of the picture
}

// LoadDetector returns the detector that eval detect kept in a run's folder.
func LoadDetector(dir string) (*detect.Detector, *Model, error) {
	m, _, err := openRun(dir)
	if err != nil {
		return nil, nil, err
	}
	path := learnedPath(dir, detect.Detect{}.Name())
	f, err := checkpoint.Load(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s has no detector; tessera eval detect %s --data SPEC lets one learn, where SPEC has boxes", dir, dir)
	}
	if err != nil {
		return nil, nil, err
	}
	if m.Trunk == nil {
		return nil, nil, fmt.Errorf("%s is a run of a task that trains no network that looks at pictures", dir)
	}
	d, err := detect.New(m.Trunk, f.Metadata)
	if err == nil {
		err = f.RestoreAll(Named(d), "")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	tensor.Changed()
	return d, m, nil
}

// Run finds objects in files, and in all pictures of folders, in order, and draws them into NAME.png; of files of one name the later ones get a number. Nothing that is
// there already is replaced: that is an error before the first is written. A picture that cannot be read is named and passed over, and an error at the end.
func (c Detecting) Run(ctx context.Context, dir string, paths []string) (made Detected, err error) {
	made = Detected{Pictures: []DetectedPicture{}, Skipped: []string{}} // empty lists, not null, in JSON
	if c.Say == nil {
		c.Say = func(string) {}
	}
	if c.Progress == nil {
		c.Progress = func(int, int) {}
	}
	d, m, err := LoadDetector(dir)
	if err != nil {
		return made, err
	}
	from, err := pictureFiles(paths, c.Say)
	if err != nil {
		return made, err
	}
	to, err := pictureNames(c.Out, from, 1)
	if err != nil {
		return made, err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return made, err
	}
	tape := train.Inference(m.Mode)
	for i, f := range from {
		if err := ctx.Err(); err != nil {
			return made, err
		}
		im, err := data.ReadImage(f)
		if err != nil {
			made.Skipped = append(made.Skipped, f)
			c.Say("skipped: " + err.Error())
			c.Progress(i+1, len(from))
			continue
		}
		var found []detect.Found
		if err := autograd.Try(func() { found = d.Find(tape, im) }); err != nil {
			return made, fmt.Errorf("%s: %w", f, err)
		}
		found = slices.DeleteFunc(found, func(b detect.Found) bool { return float64(b.Sure) < c.Sure })
		if err := SavePNG(to[i][0], detect.Draw(im, found, d.Classes)); err != nil {
			return made, err
		}
		p := DetectedPicture{Picture: f, Drawn: to[i][0], Boxes: []DetectedBox{}}
		for _, b := range found {
			p.Boxes = append(p.Boxes, DetectedBox{d.Classes[b.Class], b.Sure, b.Box})
		}
		made.Pictures = append(made.Pictures, p)
		c.Progress(i+1, len(from))
	}
	if n := len(made.Skipped); n > 0 {
		return made, fmt.Errorf("%d of %d pictures could not be read; objects were looked for in the others", n, len(from))
	}
	return made, nil
}
