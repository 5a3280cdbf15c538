package layers

import (
	"fmt"
	"math"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/tensor"
)

// Patches says which patches of pictures a vision transformer sees, and how. Of a picture of h by w patches, row by row from 0, there are L = h·w.
// The zero value is all patches, as they are.
type Patches struct {
	// Keep are K patches of each picture, [N·K], picture after picture: the others are left out, with their positions. nil leaves none out.
	Keep []int32
	// Hide tells of each patch, [N·L], whether Token stands where its embedding would, at its position. nil hides none.
	Hide  []bool
	Token *tensor.Tensor // [1 C], of whoever hides; it learns where that names it among its tensors
}

// SeesPatches returns nil of a trunk that can see some patches of pictures and nothing of the others, and an error that says what can of any other.
func (t *Trunk) SeesPatches() error {
	switch e := t.embed; {
	case e == nil:
		return fmt.Errorf("trunk %s sees all of a picture at once; a vision transformer can leave patches out, such as vit-tiny?patch=4 (32 pixels) or vit-small", t.Name)
	case e.stride != e.patch:
		return fmt.Errorf("trunk %s has patches that overlap, so that each is seen by its neighbours; without the option stride they do not", t.Name)
	}
	return nil
}

// OfPatches runs a trunk that SeesPatches on pictures [N H W C] of which it sees some patches: the tokens of its last stage, [N 1+K C], the
// class token first, then those of Keep in their order, or of all L.
func (t *Trunk) OfPatches(x *autograd.Var, p Patches) *autograd.Var {
	if err := t.SeesPatches(); err != nil {
		panic(&autograd.OpError{Op: "layers.Trunk.OfPatches", Msg: err.Error()})
	}
	y := t.embed.of(x, p)
	for _, s := range t.Stages[1:] {
		before := y
		if y = s.Parts.Forward(y); !y.Tape().Records() {
			y.Tape().Drop(before)
		}
	}
	return y
}

// hide puts the token in the place of what is hidden of embedded patches [N L C].
func (p Patches) hide(y *autograd.Var) *autograd.Var {
	if p.Hide == nil {
		return y
	}
	s := y.Shape()
	rows := s[0] * s[1]
	if p.Token == nil {
		panic(&autograd.OpError{Op: "layers.Patches.Hide", Msg: "there is no token for what is hidden"})
	}
	if len(p.Hide) != rows || !tensor.SameShape(p.Token.Shape, []int{1, s[2]}) {
		panic(&autograd.OpError{Op: "layers.Patches.Hide", Msg: fmt.Sprintf("%d patches and a token %v, for embeddings %v", len(p.Hide), p.Token.Shape, s)})
	}
	index := make([]int32, rows)
	for i, hidden := range p.Hide {
		if index[i] = int32(i); hidden {
			index[i] = int32(rows)
		}
	}
	return autograd.Reshape(autograd.Gather(autograd.Concat(0, autograd.Reshape(y, rows, s[2]), y.Param(p.Token)), index), s...)
}

// keep leaves out what is not kept of tokens [N 1+L C].
func (p Patches) keep(y *autograd.Var) *autograd.Var {
	if p.Keep == nil {
		return y
	}
	s := y.Shape()
	k := len(p.Keep) / s[0]
	if len(p.Keep) != s[0]*k || k == 0 {
		panic(&autograd.OpError{Op: "layers.Patches.Keep", Msg: fmt.Sprintf("%d patches of %d pictures: want as many of each, and at least one", len(p.Keep), s[0])})
	}
	index := make([]int32, 0, s[0]*(1+k))
	for i, patch := range p.Keep {
		if patch < 0 || int(patch) >= s[1]-1 {
			panic(&autograd.OpError{Op: "layers.Patches.Keep", Msg: fmt.Sprintf("patch %d of pictures of %d", patch, s[1]-1)})
		}
		if i%k == 0 {
			index = append(index, int32(i/k*s[1]))
		}
		index = append(index, int32(i/k*s[1])+1+patch)
	}
	return autograd.Reshape(autograd.Gather(autograd.Reshape(y, s[0]*s[1], s[2]), index), s[0], 1+k, s[2])
}

// Waves returns positions of h by w patches that need not be learned, behind a zero for a class token, [1 1+h·w C], C a multiple of 4: sines and
// cosines, half of the values of a patch's column, half of its row, of waves from 2π to 20000π patches long (Vaswani et al. 2017, section 3.5, for
// both axes as He et al. 2022 have them: their code's get_2d_sincos_pos_embed).
func Waves(h, w, c int) *tensor.Tensor {
	if c%4 != 0 {
		panic(fmt.Sprintf("layers.Waves: %d values are no multiple of 4", c))
	}
	t := tensor.New(1, 1+h*w, c)
	q := c / 4
	for i := range h * w {
		row := t.Data[(1+i)*c:][:c]
		for k := range q {
			rate := math.Pow(10000, -float64(k)/float64(q))
			for axis, at := range [2]int{i % w, i / w} {
				sin, cos := math.Sincos(float64(at) * rate)
				row[(2*axis)*q+k], row[(2*axis+1)*q+k] = float32(sin), float32(cos)
			}
		}
	}
	return t
}

// Blocks are so many blocks of a vision transformer and its last norm, for tokens [N L C], initialised by Glorot's rule:
// blocks.0, ... and norm.
func Blocks(rng *tensor.RNG, width, depth, heads int) Sequential {
	var s Sequential
	for i := range depth {
		s = append(s, Child{fmt.Sprint("blocks.", i), newTransformerBlock(rng, width, heads, 0, true)})
	}
	return append(s, Child{"norm", vitNorm(width)})
}
