package eval

import (
	"context"
	"strings"
	"time"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// gridHead pools features to a grid and maps it linearly to so many values, as the probes do.
type gridHead struct {
	side int
	fc   *layers.Linear
}

func (h *gridHead) Forward(x *autograd.Var) *autograd.Var {
	return h.fc.Forward(autograd.Flatten(autograd.AdaptiveAvgPool(x, h.side, h.side)))
}

func (h *gridHead) Visit(prefix string, f func(layers.Param)) { h.fc.Visit(prefix, f) }

// newGridHead returns a head for what a trunk makes of samples seen by an input.
func newGridHead(rng *tensor.RNG, e *TrunkEncoder, in data.Inputs, out int) (*gridHead, error) {
	seen, err := e.Input.Over(in)
	if err != nil {
		return nil, err
	}
	var shape []int
	err = autograd.Try(func() {
		shape = e.Trunk.Forward(autograd.NewInference().Input(tensor.New(append([]int{1}, seen.Shape...)...))).Shape()
	})
	if err != nil {
		return nil, err
	}
	side := gridSide(min(shape[1], shape[2]), shape[3])
	return &gridHead{side, layers.NewLinear(rng, side*side*shape[3], out, layers.LinearOptions{})}, nil
}

// Tune lets a trunk and a head learn the places of joints, and judges them on the test samples.
func (p KeyPoints) Tune(ctx context.Context, e *TrunkEncoder, train, test *data.Dataset, o Options) ([]Score, error) {
	began := time.Now()
	p = p.filled()
	all := Sample{Truth: train.Truth}
	for i := range train.Len() {
		all.Index = append(all.Index, i)
	}
	want, err := all.Pose(nil)
	if err != nil {
		return nil, err
	}
	place, spread := want.Mean()
	target := standardise(want.At, place, spread)
	trunk, err := e.Copy()
	if err != nil {
		return nil, err
	}
	head, err := newGridHead(tensor.NewRNG(p.Seed).Derive(stream.Init, stream.Head), e, train.Inputs, len(place))
	if err != nil {
		return nil, err
	}
	net := &layers.Net{Trunk: trunk, Head: head}
	other := want.Mirrored()
	les, err := p.Learn(ctx, e, net, train, nil, p.Seed, o, Goal{Loss: func(y *autograd.Var, index []int, mirrored []bool) *autograd.Var {
		t, k := tensor.New(y.Shape()...), tensor.New(y.Shape()...)
		for row, i := range index {
			for j, twin := range other {
				from, to := (i*len(other)+j)*2, (row*len(other)+j)*2
				if mirrored[row] {
					to = (row*len(other) + twin) * 2
				}
				copy(t.Data[to:to+2], target.Data[from:from+2])
				copy(k.Data[to:to+2], want.Known.Data[from:from+2])
				if mirrored[row] { // x is turned about the middle, in the twin's standard
					x := -want.At.Data[from]
					t.Data[to], t.Data[to+1] = (x-place[2*twin])*spread[2*twin], (want.At.Data[from+1]-place[2*twin+1])*spread[2*twin+1]
				}
			}
		}
		return autograd.L2(y, t, autograd.LossOptions{Weight: k})
	}})
	if err != nil {
		return nil, err
	}
	got, index, err := p.Outputs(ctx, e, net, test.Inputs, o)
	if err != nil {
		return nil, err
	}
	back(got, place, spread)
	held := Sample{Features: Features{Index: index}, Truth: test.Truth}
	truth, err := held.Pose(want.Names)
	if err != nil {
		return nil, err
	}
	found := les.found(map[string]any{"grid": head.side})
	return p.Judged(ctx, held, truth, Guess{At: got, Trivial: place, Predictor: meanPlace}, Score{Train: len(les.Learned), Dim: head.fc.W.Dim(0), Settings: p.Tuning.Settings(p.Seed), Found: found,
		Seconds: time.Since(began).Seconds()}, o)
}

// Mirrored returns for each joint the one that it is in a mirror: a left one is a right one.
func (p *Posed) Mirrored() []int {
	number := map[string]int{}
	for j, name := range p.Names {
		number[name] = j
	}
	out := make([]int, len(p.Names))
	for j, name := range p.Names {
		twin := name
		if rest, ok := strings.CutPrefix(name, "left "); ok {
			twin = "right " + rest
		} else if rest, ok := strings.CutPrefix(name, "right "); ok {
			twin = "left " + rest
		}
		out[j] = j
		if k, ok := number[twin]; ok {
			out[j] = k
		}
	}
	return out
}
