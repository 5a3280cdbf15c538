package eval

import (
	"context"
	"fmt"
	"maps"
	"math"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// TrunkEncoder is a network's trunk in evaluation mode; its stages are the depths.
type TrunkEncoder struct {
	Label   string // of the features: pretext, random, supervised, a file's name
	Trunk   *layers.Trunk
	Input   Input                 // how it sees samples; as many channels as the trunk wants
	Tape    func() *autograd.Tape // that it runs on; nil means autograd.NewInference
	Head    layers.Module         // of a net that was fine-tuned, what maps its features to the classes; nil for none
	Classes []string              // that the head says
	// AtStride returns the same with features that are at most so many times smaller than the picture; nil where the trunk cannot be built so.
	AtStride func(stride int) (*TrunkEncoder, error)
	Of       map[string]any // what else a score should say of the net: how it computes, after which update
}

// Name returns the label.
func (e *TrunkEncoder) Name() string { return e.Label }

// atStride returns the encoder at a stride, 0 for as it is.
func (e *TrunkEncoder) atStride(stride int) (*TrunkEncoder, error) {
	if stride == 0 {
		return e, nil
	}
	if e.AtStride == nil {
		return nil, fmt.Errorf("the trunk %s cannot be made again at stride %d", e.Trunk.Name, stride)
	}
	return e.AtStride(stride)
}

// Depths returns the stages' names.
func (e *TrunkEncoder) Depths() []string {
	var out []string
	for _, s := range e.Trunk.Stages {
		out = append(out, s.Name)
	}
	return out
}

// Settings are the input's.
func (e *TrunkEncoder) Settings(in data.Inputs) map[string]any { return e.Input.Settings(in) }

// Network returns the trunk's name and what else is said of the net.
func (e *TrunkEncoder) Network() map[string]any {
	all := map[string]any{"trunk": e.Trunk.Name}
	maps.Copy(all, e.Of)
	return all
}

// gridSide returns the side of the grid that c channels of s by s positions are pooled to, so that there are about 1024
// values (Goyal et al. 2019 pool every stage to about the same size, so that depth is compared and not dimension).
func gridSide(s, c int) int {
	return max(1, min(s, int(math.Sqrt(1024/float64(c)))))
}

// Encode runs the trunk over the samples, on a tape of its own, and returns the features of every stage.
func (e *TrunkEncoder) Encode(ctx context.Context, in data.Inputs, o Options) ([]Features, error) {
	tape := autograd.NewInference()
	if e.Tape != nil {
		tape = e.Tape()
	}
	names := e.Depths()
	from := o.kept(len(names))
	out := make([]Features, len(names)-from)
	pooled, grid := make([]table, len(out)), make([]table, len(out))
	err := Each(ctx, e.Label, e.Input, in, o, func(x *tensor.Tensor, index []int) error {
		all := e.Trunk.Features(tape.Input(x))
		for k := range out {
			f := &out[k]
			f.Name, f.Depth = names[from+k], from+k+1
			f.Index = append(f.Index, index...)
			if err := pool(f, &pooled[k], &grid[k], all[from+k]); err != nil {
				return fmt.Errorf("%s: %w", e.Label, err)
			}
			if row := notFinite(all[from+k].Value); row >= 0 {
				return fmt.Errorf("%s: the features of stage %s, of %s, are not finite: %s", e.Label, f.Name, in.Samples().Describe(index[row]), e.suspect())
			}
		}
		tape.Reset()
		return nil
	})
	if err != nil {
		return nil, err
	}
	for k := range out {
		out[k].Pooled, out[k].Grid = pooled[k].tensor(), grid[k].tensor()
		if out[k].GridSide <= 1 {
			out[k].Grid = out[k].Pooled
		}
	}
	return out, checkSome(out, in)
}

// notFinite returns the first row of x that holds a value that is no number or infinite, -1 for none.
func notFinite(x *tensor.Tensor) int {
	for i, v := range x.Data {
		if v-v != 0 {
			return i / (len(x.Data) / x.Shape[0])
		}
	}
	return -1
}

// suspect names the first parameter of the trunk that is to blame for features that are not finite.
func (e *TrunkEncoder) suspect() string {
	for _, p := range layers.State(e.Trunk) {
		if notFinite(p.Value) >= 0 {
			return "so is " + p.Name
		}
	}
	return "all weights are finite, but their sums are not"
}

// pool adds a batch's features, [N H W C], [N T H W C] or [N C], to the tables of a depth; those of a clip are the means over its frames.
func pool(f *Features, pooled, grid *table, x *autograd.Var) error {
	if len(x.Shape()) == 5 {
		x = autograd.MeanAxis(x, 1)
	}
	switch shape := x.Shape(); len(shape) {
	case 2:
		pooled.add(x.Value)
	case 4:
		f.GridSide = gridSide(min(shape[1], shape[2]), shape[3])
		pooled.add(layers.Pooled(x).Value)
		if f.GridSide > 1 {
			grid.add(autograd.AdaptiveAvgPool(x, f.GridSide, f.GridSide).Value)
		}
	default:
		return fmt.Errorf("features of stage %s are %v; [N H W C], [N T H W C] or [N C] can be judged", f.Name, shape)
	}
	return nil
}
