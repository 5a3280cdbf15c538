package pretext

import (
	"fmt"
	"image"
	"math"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// SimMIM hides squares of a picture, and has their pixels said by one linear layer (Xie, Zhang, Cao, Lin, Bao, Yao, Dai, Hu, "SimMIM: a simple
// framework for masked image modeling", CVPR 2022, arXiv 2111.09886).
//
// Sampling (its section 3.2): the picture's squares of Block pixels are drawn anew each time, Mask of them, rounded up. Large squares, or many, are what keeps it from
// being answered by going on with what is beside them: a square's pixels are far from any that is seen (section 4.1.2, figure 3).
//
// Nets: a vision transformer sees all patches; where a square is, one learned token stands for each of its patches, at its position. Every other
// trunk sees hidden pixels as the data's mean colour, zero once normalised: convolutions have nothing that a token could stand for. Their batch norms
// then count zeros that no whole picture has, and deeper maps reach over a square's border, two things that A2MIM (Li et al. 2023) and SparK (Tian
// et al. 2023) mend with networks of their own; here any trunk is taken as it is.
//
// Head and loss: one linear layer from each place of the last map to the pixels that it stands for; the mean of |error| of hidden pixels,
// normalised as the trunk sees them.
//
// Metric: see masker.
type SimMIM struct {
	Mask  float64 // part of the squares that is hidden; 0 means 0.6
	Block int     // side of a square, in pixels; 0: the smallest that fits of at least a seventh of the side, as 32 of the paper's 224, or a patch where none does
}

var simMIMAbout = About{
	Line: "say hidden squares' pixels by one linear layer (SimMIM; Xie et al. 2022)",
	Of:   "pictures", Hidden: "squares of the picture",
	Trivial:  "mean colour",
	Shortcut: "what touches a square, gone on with; larger squares, block=, have less of it",
	Options: []spec.Option{
		{Name: "mask", Default: "0.6", About: "part of the squares that is hidden, between 0 and 1"},
		{Name: "block", Default: "0", About: "a square's side in pixels, whole patches of a transformer; 0: about a seventh of the picture's"},
	},
	Config: maskedConfig,
	make: func(v Values) Task {
		return SimMIM{Mask: partHidden(v), Block: v.Int("block", 0, 1<<12)}
	},
}

// Learner returns the trunk with a linear layer.
func (t SimMIM) Learner(s Setup) (train.Learner, error) {
	if t.Mask == 0 {
		t.Mask = 0.6
	}
	if !(t.Mask > 0 && t.Mask < 1) || t.Block < 0 {
		return nil, fmt.Errorf("task simmim of %+v: want Mask between 0 and 1, and Block of at least 0", t)
	}
	l := &simMIM{unit: 1}
	if s.Trunk.SeesPatches() == nil {
		l.unit = s.Trunk.Patch
		l.token = tokenRow(s.RNG, s.Trunk.Channels())
	}
	if t.Block == 0 {
		t.Block = l.unit
		for b := l.unit; b < s.Side; b += l.unit {
			if s.Side%b == 0 && 7*b >= s.Side {
				t.Block = b
				break
			}
		}
	}
	if t.Block%l.unit != 0 {
		return nil, fmt.Errorf("task simmim: squares of block=%d pixels are not whole patches of the trunk's %d", t.Block, l.unit)
	}
	var err error
	if l.masker, err = newMasker("simmim", s, t.Block, func(n int) int { return int(math.Ceil(float64(n)*t.Mask - 1e-9)) }); err != nil {
		return nil, err
	}
	l.zeroed = l.token == nil
	side, err := features(s.Trunk, s.Side)
	if err != nil {
		return nil, fmt.Errorf("task simmim: %w", err)
	}
	if l.cell = s.Side / side; l.cell*side != s.Side {
		return nil, fmt.Errorf("task simmim: the trunk's last map of pictures of %d pixels is %d by %d, which is no whole number of pixels a place; --side %d would be", s.Side, side, side, (l.cell+1)*side)
	}
	l.head = layers.NewLinear(s.RNG, s.Trunk.Channels(), l.cell*l.cell*3, layers.LinearOptions{})
	l.Parts = layers.Parts{{Name: "trunk", Stateful: s.Trunk}, {Name: "head", Stateful: l.head}}
	if l.token != nil {
		l.Parts = append(l.Parts, tokenPart(l.token))
	}
	return l, nil
}

type simMIM struct {
	masker
	unit  int            // side of the smallest square that can be hidden
	cell  int            // pixels along a side that a place of the last map stands for
	token *tensor.Tensor // [1 C], for hidden patches; nil where hidden pixels are zero
	head  layers.Module
	layers.Parts
}

func (l *simMIM) Groups() []train.Group { return train.One(l) }

func (l *simMIM) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	return l.feed(in, augment, o, l.step)
}

func (l *simMIM) step(s train.Step, b *masked) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		made := l.paint(t, b)
		l.tell(s, b, made.Value)
		return autograd.L1(made, b.Want, autograd.LossOptions{})
	})
}

func (l *simMIM) paint(t *autograd.Tape, b *masked) *autograd.Var {
	n, side, p := b.X.Dim(0), l.setup.Side, l.square
	y := within("head", l.head, l.look(t, b))
	places := side / l.cell
	if l.cell != p { // pixels, then squares
		y = autograd.Permute(autograd.Reshape(y, n, places, places, l.cell, l.cell*3), 0, 1, 3, 2, 4)
		y = autograd.Permute(autograd.Reshape(y, n, l.across, p, l.across, p*3), 0, 1, 3, 2, 4)
	}
	gone := make([]int32, len(b.Hidden))
	for k, square := range b.Hidden {
		gone[k] = int32(k/l.hide*l.count) + square
	}
	return autograd.Gather(autograd.Reshape(y, n*l.count, p*p*3), gone)
}

// look returns the trunk's last map of what is left of pictures.
func (l *simMIM) look(t *autograd.Tape, b *masked) *autograd.Var {
	defer t.Enter("trunk")()
	n, side := b.X.Dim(0), l.setup.Side
	if l.token == nil {
		return l.setup.Trunk.Forward(t.Input(b.Left))
	}
	across := side / l.unit
	hide := make([]bool, n*across*across)
	for i := range hide {
		row, col := i/across%across, i%across
		hide[i] = b.mask[(i/(across*across)*side+row*l.unit)*side+col*l.unit] == hidden
	}
	y := l.setup.Trunk.OfPatches(t.Input(b.X), layers.Patches{Hide: hide, Token: l.token})
	return autograd.Reshape(autograd.Slice(y, 1, 1, across*across, 1), n, across, across, -1)
}

// Draw shows what the masker shows.
func (l *simMIM) Draw(in data.Inputs, index []int) (image.Image, error) { return l.draw(l, in, index) }
