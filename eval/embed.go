package eval

import (
	"context"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// Embed returns what a network's own embedding [N D] makes of what an input shows of samples; where it shows several views of each, their mean. It is the one depth that is
// called embedding.
func Embed(ctx context.Context, name string, input Input, in data.Inputs, o Options, tape *autograd.Tape, f func(x *autograd.Var) *autograd.Var) (Features, error) {
	seen, err := input.Over(in)
	if err != nil {
		return Features{}, err
	}
	views := len(seen.Shape) == 4 // [K H W C]
	var t table
	out := Features{Name: "embedding", Depth: 1}
	err = Each(ctx, name, input, in, o, func(x *tensor.Tensor, index []int) error {
		n := x.Dim(0)
		if views {
			x = x.Reshape(append([]int{n * x.Dim(1)}, x.Shape[2:]...)...)
		}
		y := f(tape.Input(x))
		if k := y.Shape()[0] / n; k > 1 {
			y = autograd.MeanAxis(autograd.Reshape(y, n, k, y.Shape()[1]), 1)
		}
		t.add(y.Value)
		out.Index = append(out.Index, index...)
		tape.Reset()
		return nil
	})
	if err != nil {
		return Features{}, err
	}
	out.Pooled = t.tensor()
	out.Grid = out.Pooled
	return out, checkSome([]Features{out}, in)
}
