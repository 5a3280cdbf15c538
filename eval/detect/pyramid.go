package detect

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// trunk is a trunk that a detector stands on, frozen or not.
type trunk struct {
	*layers.Trunk
	frozen bool
}

// run calls f, which runs parts of the trunk; frozen, nothing of it learns, and its norms keep the statistics that they have.
func (t *trunk) run(x *autograd.Var, f func()) {
	tape := x.Tape()
	if !t.frozen || tape == nil {
		f()
		return
	}
	training := tape.Training
	tape.Training = false
	defer func() { tape.Training = training }()
	tape.NoGrad(f)
}

// Visit visits what learns.
func (t *trunk) Visit(prefix string, f func(layers.Param)) {
	if !t.frozen {
		t.Trunk.Visit(prefix, f)
	}
}

// sides returns the sides of the maps of each stage of pictures of side pixels.
func sides(t *layers.Trunk, side int) (out []int, err error) {
	err = autograd.Try(func() {
		for i, f := range t.Features(autograd.NewInference().Input(tensor.New(1, side, side, 3))) {
			s := f.Shape()
			if len(s) != 4 {
				panic(&autograd.OpError{Op: "detect", Msg: fmt.Sprintf("features of stage %s are %v; boxes need maps, [N H W C]", t.Stages[i].Name, s)})
			}
			out = append(out, s[1])
		}
	})
	return out, err
}

// Maps that a pyramid is made of: at most so many, of at least such a stride, and at least so many positions along a side.
const (
	mostLevels  = 3
	leastStride = 4
	leastSide   = 4
)

// levels chooses the stages of a pyramid: the last of each size. Where the trunk has none of the right ones, its last stage is taken.
func levels(maps []int, side int) (at []int) {
	for i, n := range maps {
		if (i+1 == len(maps) || maps[i+1] != n) && n >= leastSide && side/n >= leastStride {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return []int{len(maps) - 1}
	}
	return at[max(0, len(at)-mostLevels):]
}

// pyramid makes maps of one width of a trunk's stages, what the deeper ones see added to the shallower (Lin et al. 2017, "Feature pyramid networks", section 3), and one map
// more of half the side of the deepest. Deeper maps are enlarged bilinearly.
type pyramid struct {
	trunk           *trunk
	at              []int // stages
	sides           []int // of all maps
	side            int   // of the pictures
	lateral, smooth []*layers.Conv2D
	more            *layers.Conv2D
}

// newPyramid returns a pyramid of maps of so many channels over pictures of side pixels.
func newPyramid(rng *tensor.RNG, t *trunk, side, channels int) (*pyramid, error) {
	maps, err := sides(t.Trunk, side)
	if err != nil {
		return nil, err
	}
	p := &pyramid{trunk: t, at: levels(maps, side), side: side}
	for _, i := range p.at {
		p.lateral = append(p.lateral, layers.NewConv2D(rng, t.Stages[i].Channels, channels, 1, layers.ConvOptions{}))
		p.smooth = append(p.smooth, layers.NewConv2D(rng, channels, channels, 3, layers.ConvOptions{Pad: 1}))
		p.sides = append(p.sides, maps[i])
	}
	p.more = layers.NewConv2D(rng, channels, channels, 3, layers.ConvOptions{Stride: 2, Pad: 1})
	p.sides = append(p.sides, (p.sides[len(p.sides)-1]+1)/2)
	return p, nil
}

// stride is how many pixels a position of map l is.
func (p *pyramid) stride(l int) float32 { return float32(p.side) / float32(p.sides[l]) }

// Maps returns the maps of pictures [N S S 3], the shallowest first.
func (p *pyramid) Maps(x *autograd.Var) []*autograd.Var {
	var all []*autograd.Var
	p.trunk.run(x, func() { all = p.trunk.Features(x) })
	out := make([]*autograd.Var, len(p.at))
	var above *autograd.Var
	for k := len(p.at) - 1; k >= 0; k-- {
		y := p.lateral[k].Forward(all[p.at[k]])
		if above != nil {
			y = autograd.Add(y, autograd.Resize(above, y.Shape()[1], y.Shape()[2]))
		}
		above = y
		out[k] = p.smooth[k].Forward(y)
	}
	return append(out, p.more.Forward(out[len(out)-1]))
}

// Visit visits trunk and convolutions.
func (p *pyramid) Visit(prefix string, f func(layers.Param)) {
	p.trunk.Visit(under(prefix, "trunk"), f)
	for k := range p.at {
		p.lateral[k].Visit(under(prefix, fmt.Sprint("lateral", k)), f)
		p.smooth[k].Visit(under(prefix, fmt.Sprint("smooth", k)), f)
	}
	p.more.Visit(under(prefix, "more"), f)
}

// under is a part's name under a prefix.
func under(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

// uses are the names of the stages that a pyramid is made of.
func (p *pyramid) uses() (names []string) {
	for _, i := range p.at {
		names = append(names, p.trunk.Stages[i].Name)
	}
	return names
}
