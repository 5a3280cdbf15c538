package eval

import (
	"context"
	"fmt"
	"math"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// Set is features of samples.
type Set struct {
	X      *tensor.Tensor // [N D]
	Labels []int32        // [N], -1 where there is none
	Index  []int          // [N], numbers in the source
}

// Stage is the features of one depth.
type Stage struct {
	Name        string
	Pooled      Set // global average pooling, for neighbours
	Grid        Set // pooled to a small grid, for the linear probe
	GridSide    int // of the grid
	GridChannel int
}

// gridSide returns the side of the grid that c channels of s by s positions are pooled to, so that there are about 1024
// values (Goyal et al. 2019 pool every stage to about the same size, so that depth is compared and not dimension).
func gridSide(s, c int) int {
	return max(1, min(s, int(math.Sqrt(1024/float64(c)))))
}

// Options of Extract.
type Options struct {
	BatchSize int
	Frame     data.Framing // of every picture, first; nil takes all of it
	Transform data.Transform
	Norm      data.Norm
	Workers   int
	Mode      tensor.Mode // of the trunk's products; neighbours and probes are always float32
	Last      bool        // only the last stage
	Progress  func(done, total int)
	Bad       func(i int, err error)
	MaxBad    float64
}

// Extract runs a trunk over a source, in order, in evaluation mode, and returns the features of its stages.
func Extract(ctx context.Context, t *layers.Trunk, src data.Source, o Options) ([]Stage, error) {
	l := data.NewLoader(src, data.LoaderOptions{BatchSize: o.BatchSize, Frame: o.Frame, Transform: o.Transform, Norm: o.Norm, Ordered: true, KeepLast: true,
		Workers: o.Workers, Bad: o.Bad, MaxBad: o.MaxBad})
	tape := autograd.NewInference()
	tape.Mode = o.Mode
	out := make([]Stage, len(t.Stages))
	for i, s := range t.Stages {
		out[i].Name = s.Name
	}
	done := 0
	for b := range l.Epoch(0, 0) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if b.X == nil {
			continue
		}
		for i, f := range t.Features(tape.Input(b.X)) {
			if o.Last && i < len(out)-1 {
				continue
			}
			s := &out[i]
			shape := f.Shape()
			s.GridChannel = shape[3]
			s.GridSide = gridSide(shape[1], shape[3])
			s.Pooled.add(autograd.GlobalAvgPool(f).Value, b)
			s.Grid.add(autograd.AdaptiveAvgPool(f, s.GridSide, s.GridSide).Value, b)
		}
		tape.Reset()
		done += len(b.Index)
		if o.Progress != nil {
			o.Progress(done, src.Len())
		}
	}
	if err := l.Err(); err != nil {
		return nil, err
	}
	if o.Last {
		out = out[len(out)-1:]
	}
	for i := range out {
		out[i].Pooled.finish()
		out[i].Grid.finish()
	}
	return out, nil
}

func (s *Set) add(x *tensor.Tensor, b *data.Batch) {
	if s.X == nil {
		s.X = &tensor.Tensor{Shape: []int{0, x.Len() / x.Dim(0)}}
	}
	s.X.Data = append(s.X.Data, x.Data...)
	s.Labels = append(s.Labels, b.Labels...)
	s.Index = append(s.Index, b.Index...)
}

func (s *Set) finish() {
	if s.X != nil {
		s.X.Shape[0] = len(s.Index)
	}
}

// Pixels returns the raw pixels of a source as features, pooled to at most 32 by 32: the row that any learned feature has
// to beat.
func Pixels(ctx context.Context, src data.Source, o Options) (Stage, error) {
	l := data.NewLoader(src, data.LoaderOptions{BatchSize: o.BatchSize, Frame: o.Frame, Transform: o.Transform, Norm: o.Norm, Ordered: true, KeepLast: true,
		Workers: o.Workers, Bad: o.Bad, MaxBad: o.MaxBad})
	s := Stage{Name: "pixels", GridChannel: 3}
	for b := range l.Epoch(0, 0) {
		if err := ctx.Err(); err != nil {
			return s, err
		}
		if b.X == nil {
			continue
		}
		x := autograd.Const(b.X)
		side := min(32, b.X.Dim(1))
		s.GridSide = side
		if b.X.Dim(1) > side {
			x = autograd.AdaptiveAvgPool(x, side, side)
		}
		s.Grid.add(x.Value, b)
	}
	s.Grid.finish()
	s.Pooled = s.Grid
	return s, l.Err()
}

// Labelled tells whether every sample has a label.
func (s *Set) Labelled() bool {
	for _, l := range s.Labels {
		if l < 0 {
			return false
		}
	}
	return len(s.Labels) > 0
}

// classes returns how many classes two sets have, or an error if they have no labels or no features.
func classes(train, test Set) (int, error) {
	if train.X == nil || test.X == nil || train.X.Dim(0) == 0 || test.X.Dim(0) == 0 {
		return 0, fmt.Errorf("there are no features to judge")
	}
	if !train.Labelled() || !test.Labelled() {
		return 0, fmt.Errorf("the data has no labels; a score needs them (folder: labels are the folders of the first level)")
	}
	if train.X.Dim(1) != test.X.Dim(1) {
		return 0, fmt.Errorf("the training features have %d values, the test features %d", train.X.Dim(1), test.X.Dim(1))
	}
	n := int32(0)
	for _, l := range append(append([]int32(nil), train.Labels...), test.Labels...) {
		n = max(n, l+1)
	}
	return int(n), nil
}

// Score is a result with what made it.
type Score struct {
	Protocol string         `json:"protocol"`
	Features string         `json:"features"` // pretext, random, pixels, supervised, ...
	Stage    string         `json:"stage"`
	Depth    int            `json:"depth"` // 1 for the first stage; 0 for pixels
	Accuracy float64        `json:"accuracy"`
	Chance   float64        `json:"chance"` // of the largest class in the test set
	Train    int            `json:"n_train"`
	Test     int            `json:"n_test"`
	Dim      int            `json:"dim"`
	Settings map[string]any `json:"settings"`
	Seconds  float64        `json:"seconds"`
}

func chance(labels []int32) float64 {
	count := map[int32]int{}
	most := 0
	for _, l := range labels {
		count[l]++
		most = max(most, count[l])
	}
	return float64(most) / float64(max(len(labels), 1))
}
