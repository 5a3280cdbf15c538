package recipe

import (
	"context"
	"fmt"
	"os"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/eval/track"
	"github.com/tessera-go/tessera/film"
	"github.com/tessera-go/tessera/tensor"
)

func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

// mostFollowed is the largest side of the film that is written.
const mostFollowed = 960

// Follow carries what Box or Mask says of a film's first frame to all others, by the features of a stage of the model's trunk, draws it on the film, and returns where it was.
func (m *Model) Follow(ctx context.Context, path string, f Following) ([]Followed, error) {
	at, err := m.atStride(f.Tracking.Stride)
	if err != nil {
		return nil, err
	}
	e := at.Encoder()
	stage := len(e.Trunk.Stages) - 1
	if f.Stage != "" {
		stage = -1
		for k, s := range e.Trunk.Stages {
			if s.Name == f.Stage {
				stage = k
			}
		}
		if stage < 0 {
			return nil, &SettingError{"stage", fmt.Sprintf("%s: the trunk %s has %v", f.Stage, e.Trunk.Name, e.Depths())}
		}
	}
	e.Trunk.Stages = e.Trunk.Stages[:stage+1] // what lies above is not needed
	d, err := OpenFilm(path)
	if err != nil {
		return nil, err
	}
	times, err := d.Clips.Times(0)
	if err != nil {
		return nil, err
	}
	if len(times) < 2 {
		return nil, fmt.Errorf("%s has one frame; there is nothing to follow", path)
	}
	frames := make([]int, len(times))
	for k := range frames {
		frames[k] = k
	}
	r := &followRun{f: f, e: e, stage: stage, times: times, path: path}
	defer r.abort()
	err = d.Clips.Clip(0, frames, func(k int, im *data.Image) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := r.frame(k, im)
		if err == nil && f.Progress != nil {
			f.Progress(k+1, len(times))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	w := r.out
	r.out = nil
	return r.found, w.Close()
}

// followRun is a film while it is followed.
type followRun struct {
	f       Following
	e       *eval.TrunkEncoder
	stage   int
	path    string
	times   []float64
	carried *track.Propagation
	boxes   *track.Boxes
	out     *film.Writer
	found   []Followed
}

func (r *followRun) abort() {
	if r.out != nil {
		r.out.Abort()
	}
}

// frame follows to frame k, and writes it.
func (r *followRun) frame(k int, im *data.Image) error {
	places, err := r.e.Places(eval.Smaller(im, r.f.Tracking.Side), r.stage)
	if err != nil {
		return err
	}
	var labels *tensor.Tensor
	var box track.Box
	if k == 0 {
		mask, first, err := r.begin(im)
		if err != nil {
			return err
		}
		box = first
		labels = track.Cells(mask, places[0].Dim(0), places[0].Dim(1), 1)
		r.carried = track.NewPropagation(places[0], labels, r.f.Tracking.Options)
		r.boxes = track.NewBoxes([]track.Box{box}, labels, im.H, im.W)
		rate := float64(len(r.times)-1) / max(r.times[len(r.times)-1]-r.times[0], 1e-3)
		small := eval.Smaller(im, mostFollowed)
		if r.out, err = film.Create(r.f.Out, small.H, small.W, max(rate, 0.01)); err != nil {
			return err
		}
	} else {
		labels = r.carried.Next(places[0])
		box = r.boxes.Next(labels)[0]
	}
	mask := track.Mask(labels, im.H, im.W)
	covered := tensor.Sum(mask) / float64(mask.Len())
	r.found = append(r.found, Followed{k, r.times[k], [4]float64{box.X0, box.Y0, box.X1 - box.X0, box.Y1 - box.Y0}, covered})
	drawn := eval.Smaller(overlaid(im, mask, box), mostFollowed)
	return r.out.Write(&film.Picture{H: drawn.H, W: drawn.W, Pix: drawn.Pix})
}

// begin returns the object's mask and box in the first frame.
func (r *followRun) begin(im *data.Image) (*tensor.Tensor, track.Box, error) {
	box := track.Box{X1: float64(im.W), Y1: float64(im.H)}
	if b := r.f.Box; b != nil {
		box = track.Box{X0: b[0], Y0: b[1], X1: b[0] + b[2], Y1: b[1] + b[3]}
		if !(b[2] >= 1 && b[3] >= 1) || box.X0 < 0 || box.Y0 < 0 || box.X1 > float64(im.W) || box.Y1 > float64(im.H) {
			return nil, box, &SettingError{"box", fmt.Sprintf("%g,%g,%g,%g is not within the first frame of %s, of %dx%d pixels: want x,y,width,height", b[0], b[1], b[2], b[3], r.path, im.W, im.H)}
		}
	}
	mask := track.Fill([]track.Box{box}, im.H, im.W)
	if m := r.f.Mask; m != nil {
		if m.H != im.H || m.W != im.W {
			return nil, box, &SettingError{"mask", fmt.Sprintf("is %dx%d, the film %s %dx%d: want the same size", m.W, m.H, r.path, im.W, im.H)}
		}
		for p := range mask.Data {
			if m.Pix[3*p] < 128 {
				mask.Data[p] = 0
			}
		}
		if box = bounds(mask); box.Empty() {
			return nil, box, &SettingError{"mask", "has no white pixel in the box: white says where the object is"}
		}
	}
	return mask, box, nil
}

// bounds returns the box around what is not 0.
func bounds(mask *tensor.Tensor) track.Box {
	h, w := mask.Dim(0), mask.Dim(1)
	box := track.Box{X0: float64(w), Y0: float64(h)}
	for p, v := range mask.Data {
		if v != 0 {
			x, y := float64(p%w), float64(p/w)
			box = track.Box{X0: min(box.X0, x), Y0: min(box.Y0, y), X1: max(box.X1, x+1), Y1: max(box.Y1, y+1)}
		}
	}
	return box
}

// overlaid returns a frame with what a mask covers tinted and a box drawn.
func overlaid(im *data.Image, mask *tensor.Tensor, box track.Box) *data.Image {
	out := &data.Image{H: im.H, W: im.W, Pix: append([]uint8(nil), im.Pix...)}
	for p, v := range mask.Data {
		if v != 0 {
			for c, tint := range [3]int{240, 60, 40} {
				out.Pix[3*p+c] = uint8((int(out.Pix[3*p+c]) + tint) / 2)
			}
		}
	}
	thick := max(1, min(im.H, im.W)/200)
	x0, y0, x1, y1 := int(box.X0), int(box.Y0), int(box.X1+0.5), int(box.Y1+0.5)
	for y := max(0, y0-thick); y < min(im.H, y1+thick); y++ {
		for x := max(0, x0-thick); x < min(im.W, x1+thick); x++ {
			if y < y0 || y >= y1 || x < x0 || x >= x1 {
				copy(out.Pix[3*(y*im.W+x):], []uint8{255, 220, 0})
			}
		}
	}
	return out
}
