package recipe

import (
	"context"
	"fmt"
	"os"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
)

// Colouring colours files with what a run of the task colourise has learned.
type Colouring struct {
	Colourer pretext.Colourer
	Options  pretext.ColourOptions // Samples at least 1
	Seed     uint64                // of the samples: the same ones come of the same seed, a picture's place and its pixels
	Out      string                // folder; made if it is not there

	Say      func(msg string) // notes of folders, and pictures that cannot be read
	Progress func(done, of int)
}

// Coloured is what came of a colouring: files that were written, and pictures that were passed over.
type Coloured struct {
	Written []string `json:"pictures"`
	Skipped []string `json:"skipped"`
}

// Run colours files, and all pictures of folders, in order, each in its own size, as NAME.png; of several samples NAME-1.png, NAME-2.png and so
// on. Of files of one name the later ones get a number. Nothing that is there already is replaced: that is an error before the first is
// written. A picture that cannot be read is named and passed over, and an error at the end.
func (c Colouring) Run(ctx context.Context, paths []string) (made Coloured, err error) {
	made = Coloured{Written: []string{}, Skipped: []string{}} // empty lists, not null, in JSON
	if c.Say == nil {
		c.Say = func(string) {}
	}
	if c.Progress == nil {
		c.Progress = func(int, int) {}
	}
	from, err := pictureFiles(paths, c.Say)
	if err != nil {
		return made, err
	}
	to, err := pictureNames(c.Out, from, c.Options.Samples)
	if err != nil {
		return made, err
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return made, err
	}
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
		samples, err := c.Colourer.Colour(im, c.Options, tensor.NewRNG(c.Seed).Derive(uint64(i)))
		if err != nil {
			return made, fmt.Errorf("%s: %w", f, err)
		}
		for k, path := range to[i] {
			if err := SavePNG(path, samples[k].RGBA()); err != nil {
				return made, err
			}
			made.Written = append(made.Written, path)
		}
		c.Progress(i+1, len(from))
	}
	if n := len(made.Skipped); n > 0 {
		return made, fmt.Errorf("%d of %d pictures could not be read; the others are coloured", n, len(from))
	}
	return made, nil
}
