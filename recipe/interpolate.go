package recipe

import (
	"context"
	"fmt"
	"slices"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/film"
	"github.com/tessera-go/tessera/pretext"
)

// Interpolating paints a frame between each two of a film.
type Interpolating struct {
	Painter pretext.FramePainter
	Out     string // film to write, .gif or .avi

	Progress func(done, of int) // frames painted; nil for nobody
}

// Interpolated is what came of it.
type Interpolated struct {
	Film    string  `json:"film"`
	Frames  int     `json:"frames"` // that were written
	Painted int     `json:"painted"`
	Rate    float64 `json:"frames_a_second"`
}

// Run reads a film and writes it with twice as many frames a second: each frame as it was, but for what a GIF's palette or an AVI's JPEG makes
// of it, and the one that the net paints between it and the next. Where the net looks at more frames than the film has on one side, its first
// or last one stands for them. No more frames are held than the net looks at. On an error nothing is written.
func (p Interpolating) Run(ctx context.Context, path string) (made Interpolated, err error) {
	shown, between := p.Painter.Shown()
	if !between {
		return made, fmt.Errorf("the net paints the next frame or a block; the frame between two is painted by video-inpaint?hide=middle")
	}
	f, err := film.Open(path, film.Options{})
	if err != nil {
		return made, err
	}
	defer f.Close()
	times := f.Times()
	n := len(times)
	if n < 2 {
		return made, fmt.Errorf("%s: a film of 1 frame has none between two", path)
	}
	if times[n-1] <= times[0] {
		return made, fmt.Errorf("%s: its frames have no times of their own", path)
	}
	made = Interpolated{Film: p.Out, Rate: 2 * float64(n-1) / (times[n-1] - times[0])}
	h, w := f.Size()
	out, err := film.Create(p.Out, h, w, made.Rate)
	if err != nil {
		return made, err
	}
	defer out.Abort()
	write := func(im *data.Image) error {
		made.Frames++
		return out.Write(&film.Picture{H: im.H, W: im.W, Pix: im.Pix})
	}
	half := shown / 2
	var window []*data.Image     // the last frames that were read
	first := 0                   // the number of the first of them
	after := func(i int) error { // writes frame i and the one behind it
		at := func(t int) *data.Image { return window[min(max(t-first, 0), len(window)-1)] }
		if err := write(at(i)); err != nil || i == n-1 {
			return err
		}
		look := make([]*data.Image, shown)
		for k := range look {
			look[k] = at(i - half + 1 + k)
		}
		im, err := p.Painter.PaintFrame(look)
		if err != nil {
			return err
		}
		made.Painted++
		if p.Progress != nil {
			p.Progress(made.Painted, n-1)
		}
		return write(im)
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	err = f.Frames(all, func(t int, q *film.Picture) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		window = append(window, &data.Image{H: q.H, W: q.W, Pix: slices.Clone(q.Pix)})
		if len(window) > shown {
			window, first = slices.Delete(window, 0, 1), first+1
		}
		if t < half {
			return nil
		}
		return after(t - half)
	})
	for i := max(n-half, 0); i < n && err == nil; i++ {
		err = after(i)
	}
	if err == nil {
		err = out.Close()
	}
	return made, err
}
