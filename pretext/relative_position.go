package pretext

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"sort"
	"sync"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// RelativePosition hides where in a picture a second patch lies as seen from a first: one of eight neighbours (Doersch, Gupta, Efros,
// "Unsupervised visual representation learning by context prediction", ICCV 2015; what the paper leaves open is as in the authors'
// published training program, deepcontext).
//
//	0 1 2
//	3 . 4    the answers: where the second patch is, the first being in the middle
//	5 6 7
//
// Sampling: a square grid of patches is laid somewhere over the picture, and neighbours in it are paired, both ways, so that the
// trunk sees a patch once and the head sees it in many pairs. From every direction equally many pairs are taken: a grid has more
// neighbours side by side than across a corner, and from that alone 15 % could be answered right. Pictures keep their own size where
// it is not out of proportion to the patches: the paper's are 150,000 to 450,000 pixels, drawn anew each time, for patches of 96.
//
// What could be answered without looking at what is in the picture, and the defence:
//   - edges and lines that run on from one patch into the next: a gap of half a patch, and a jitter of each patch's place;
//   - chromatic aberration, by which a lens tells where in the picture a patch was: only one colour channel stays and noise stands in
//     for the two others, or the axis from green to magenta is projected away (section 3.1), or pictures are grey;
//   - brightness that changes across the picture: each patch has mean 0 and mean square 1;
//   - grain and sharpness: some patches are made small, and large again.
//
// On small pictures the grid has little room, and whoever knows in which corner a patch was has only three answers left: beyond chance
// there is 33 % to be had from layout alone, such as a sky above. Grids of 3 and more in large pictures leave less of that.
//
// Head: the trunk's features of each patch, pooled, and embedded if wanted; those of the two side by side; hidden layers with batch
// normalisation without scale and shift, without which the paper's activations died (section 3); eight logits. Loss: cross-entropy.
// Chance: 12.5 %.
//
// The variant of later papers (Kolesnikov, Zhai, Beyer 2019) is grid=3, pairs=centre, patch=64, gap=21, jitter=10, color=grey, grey=0.66,
// down=0, embed=1000, hidden=4096, dropout=0.5 on pictures of 255 pixels.
type RelativePosition struct {
	Patch  int // side of a patch in pixels; 0 chooses by the pictures: a third of the shorter side, a fifth for grids of 3, at most 96
	Grid   int // patches along a side of the grid; 0 means 3 where so many fit into the pictures, otherwise 2
	Grids  int // laid over a picture each time it is seen; 0 means 1
	Gap    int // pixels between patches; 0 means half a patch, below 0 none
	Jitter int // by how many pixels a patch's place may be off, each way; 0 means a fourteenth of a patch, below 0 none

	Pairs string // balanced (or empty): equally many of each direction; all: of neighbours; centre: the middle patch with the eight around it
	Scale string // shrink (or empty): to a drawn number of pixels where there are more; paper: always to it; native: never

	Color      string  // drop: one channel stays; project: without green to magenta; grey; keep; empty: drop for patches from 64 pixels on, otherwise grey
	Grey       float32 // with Color grey, the part of the pictures that are; 0 means 0.66
	Down       float32 // the part of the patches that are made small and large again; 0 means 0.33 for patches from 32 pixels on; below 0 none
	NoStandard bool    // leave mean and mean square of a patch as they are, and normalise as other tasks do

	Pool    int // cells along a side that a patch's features are pooled to; 0 means 1
	Embed   int // width of a patch's embedding; 0 leaves the pooled features
	Hidden  int // width of the hidden layers; 0 means 512
	Depth   int // how many there are; 0 means 1
	Dropout float32
}

var relativePositionAbout = About{
	Line: "predict which of eight neighbours a patch of a picture is of another (Doersch, Gupta, Efros 2015)",
	Of:   "pictures", Hidden: "where the second patch lies",
	Trivial: "chance: 12.5 % of eight directions",
	Options: []spec.Option{
		{Name: "patch", About: "side in pixels; if not given a third of the pictures' shorter side, at most 96"},
		{Name: "grid", About: "patches along a side of the grid, 2 to 8; if not given 3 where so many fit, otherwise 2"},
		{Name: "grids", Default: "1", About: "laid over a picture each time it is seen"},
		{Name: "gap", About: "pixels between patches; if not given half a patch"},
		{Name: "jitter", About: "by how many pixels a patch's place may be off; if not given a fourteenth of a patch"},
		{Name: "pairs", Default: "balanced", About: "balanced (equally many of each direction), all (of neighbours) or centre (with the eight around it)"},
		{Name: "scale", Default: "shrink", About: "of large pictures, to 150,000 to 450,000 pixels for patches of 96: shrink; paper enlarges small ones too; native never"},
		{Name: "color", About: "drop (one channel stays), project (without green to magenta), grey or keep; if not given drop for patches from 64 pixels on, otherwise grey"},
		{Name: "grey", Default: "0.66", About: "with color=grey, the part of the pictures that are"},
		{Name: "down", About: "the part of the patches that are made small and large again; if not given 0.33 for patches from 32 pixels on"},
		{Name: "standard", Default: "yes", About: "each patch gets mean 0 and mean square 1"},
		{Name: "pool", Default: "1", About: "cells along a side that a patch's features are pooled to"},
		{Name: "embed", Default: "0", About: "width of a patch's embedding; 0: the pooled features"},
		{Name: "hidden", Default: "512", About: "width of the hidden layers"},
		{Name: "depth", Default: "1", About: "how many hidden layers"},
		{Name: "dropout", Default: "0", About: "before the last layer"},
	},
	OwnViews: true,
	Defences: []Defence{
		{"gap", "gap=0", "edges and lines that run on from one patch into the next"},
		{"jitter", "jitter=0", "a distance between patches that is always the same"},
		{"colour", "color=keep", "chromatic aberration"},
		{"down", "down=0", "grain and sharpness"},
		{"standard", "standard=no", "brightness that changes across the picture"},
	},
	Config: func(c *train.Config) { c.WeightDecay = 1e-4 },
	make: func(v *spec.Values) Task {
		t := RelativePosition{
			Patch: v.Int("patch", 0, 512), Grids: v.Int("grids", 1, 64),
			Gap: orNone(v, "gap", 512), Jitter: orNone(v, "jitter", 256),
			Pairs: v.One("pairs", "balanced", "all", "centre"), Scale: v.One("scale", "shrink", "paper", "native"),
			Grey: float32(v.Float("grey", 0, 1)), NoStandard: !v.Bool("standard"),
			Pool: v.Int("pool", 1, 16), Embed: v.Int("embed", 0, 1<<16), Hidden: v.Int("hidden", 1, 1<<16), Depth: v.Int("depth", 1, 8),
			Dropout: float32(v.Float("dropout", 0, 0.95)),
		}
		if v.Given("grid") {
			t.Grid = v.Int("grid", 2, 8)
		}
		if v.Given("color") {
			t.Color = v.One("color", "drop", "project", "grey", "keep")
		}
		if t.Down = float32(v.Float("down", 0, 1)); v.Given("down") && t.Down == 0 {
			t.Down = -1
		}
		if v.Given("grey") && t.Grey == 0 {
			t.Grey = -1
		}
		if v.Given("grey") && t.Color != "" && t.Color != "grey" {
			v.Fail("option grey: it is of color=grey, not of color=%s", t.Color)
		}
		if v.Given("patch") && t.Patch < minPatch {
			v.Fail("option patch=%d: want at least %d pixels", t.Patch, minPatch)
		}
		if t.Pairs == "centre" && t.Grid > 0 && t.Grid%2 == 0 {
			v.Fail("option pairs=centre: a grid of %d has no middle", t.Grid)
		}
		return t
	},
}

const (
	minPatch   = 4
	paperPatch = 96
	maxPatch   = 256 // that is chosen for a trunk that takes no smaller one
	directions = 8
)

// paperPixels are the fewest and the most pixels of a picture, for patches of paperPatch.
var paperPixels = [2]float64{150_000, 450_000}

// Learner returns a tower, which is the trunk with what embeds a patch, and a head that sees pairs.
func (t RelativePosition) Learner(s Setup) (train.Learner, error) {
	if t.Pairs == "centre" && t.Grid > 0 && t.Grid%2 == 0 {
		return nil, fmt.Errorf("task relative-position: a grid of %d has no middle to pair", t.Grid)
	}
	pool, hidden := max(t.Pool, 1), t.Hidden
	if hidden == 0 {
		hidden = 512
	}
	width := s.Trunk.Channels() * pool * pool
	embed := layers.Sequential{{Name: "pool", Module: layers.AdaptiveAvgPool(pool, pool)}, {Name: "flatten", Module: layers.Flatten}}
	if t.Embed > 0 {
		embed = append(embed, plainNorm("fc", s.RNG, width, t.Embed)...)
		width = t.Embed
	}
	head := layers.Sequential{}
	width *= 2
	for i := range max(t.Depth, 1) {
		head = append(head, plainNorm(fmt.Sprint("hidden", i+1), s.RNG, width, hidden)...)
		width = hidden
	}
	if t.Dropout > 0 {
		head = append(head, layers.Child{Name: "dropout", Module: layers.Dropout(t.Dropout)})
	}
	head = append(head, layers.Child{Name: "fc", Module: layers.NewLinear(s.RNG, width, directions, layers.LinearOptions{})})
	r := &relativePosition{task: t, setup: s, embed: embed, head: head, chosen: tensor.New(2)}
	if s.Inputs.Images != nil && (t.Patch == 0 || t.Grid == 0) {
		m := &patchMaker{patch: t.Patch, grid: t.Grid}
		if err := r.suit(m, s.Inputs.Images); err != nil {
			return nil, err
		}
		r.chosen.Data[0], r.chosen.Data[1] = float32(m.patch), float32(m.grid)
	}
	if s.Inputs.Images != nil {
		m, err := r.maker(s.Inputs, true)
		if err == nil {
			err = s.enlarges("relative-position", m.extent())
		}
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}

// plainNorm returns a linear layer, batch normalisation without scale and shift, and ReLU.
func plainNorm(name string, rng *tensor.RNG, in, out int) layers.Sequential {
	norm := layers.NewBatchNormReLU(out)
	norm.Gamma, norm.Beta = nil, nil
	return layers.Sequential{
		{Name: name, Module: layers.NewLinear(rng, in, out, layers.LinearOptions{NoBias: true})}, // the norm takes a bias away
		{Name: name + "_norm", Module: norm}}
}

type relativePosition struct {
	task        RelativePosition
	setup       Setup
	embed, head layers.Sequential
	chosen      *tensor.Tensor // [2], patch and grid where the pictures that are learned from decided; 0 where nothing was to be decided
}

func (r *relativePosition) Visit(prefix string, f func(layers.Param)) {
	layers.Parts{{Name: "trunk", Stateful: r.setup.Trunk}, {Name: "embed", Stateful: r.embed}, {Name: "head", Stateful: r.head},
		{Name: "chosen", Stateful: layers.Value{Kind: layers.Setting, Value: r.chosen}}}.Visit(prefix, f)
}

func (r *relativePosition) Groups() []train.Group { return train.One(r) }

func (r *relativePosition) Metrics() []metric.Metric {
	if r.task.Pairs != "all" {
		return []metric.Metric{metric.Loss(), metric.Accuracy(directions)}
	}
	return []metric.Metric{metric.Loss(),
		{Name: "accuracy", Unit: metric.Percent, Higher: true, Predictor: "always the most frequent answer", Versus: "most_frequent"},
		{Name: "most_frequent", Unit: metric.Percent}}
}

// forward returns the logits [P 8] of pairs of patches x [N H W 3].
func (r *relativePosition) forward(x *autograd.Var, first, second []int32) *autograd.Var {
	z := within("embed", r.embed, within("trunk", r.setup.Trunk, x))
	return within("head", r.head, autograd.Concat(1, autograd.Gather(z, first), autograd.Gather(z, second)))
}

func (r *relativePosition) step(s train.Step, b *patchPairs) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		logits := r.forward(t.Input(b.X), b.First, b.Second)
		s.Metric("accuracy", float64(tensor.CountRight(logits.Value, b.Labels)), float64(len(b.Labels)))
		if r.task.Pairs == "all" {
			var count [directions]int
			for _, l := range b.Labels {
				count[l]++
			}
			sort.Ints(count[:])
			s.Metric("most_frequent", float64(count[directions-1]), float64(len(b.Labels)))
		}
		return autograd.CrossEntropy(logits, b.Labels)
	})
}

func (r *relativePosition) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := r.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Images.Len(), m, o, r.step), nil
}

// patchPairs is a batch: the patches of sample i are rows i·K to (i+1)·K of X, grid after grid, row after row, and its pairs are
// elements i·P to (i+1)·P of the rest.
type patchPairs struct {
	X             *tensor.Tensor // [N·K S S 3]
	First, Second []int32        // [N·P], rows of X
	Labels        []int32        // [N·P], where the second is, seen from the first
	Places        []place        // [N·K]
	Where         *tensor.Tensor // [N·K 2], their middles, parts of the picture's height and width
}

// patchMaker cuts patches.
type patchMaker struct {
	patch, grid, grids, gap, jitter int
	scale, color                    string
	grey, down                      float32
	raw, still                      bool // not standardised; without randomness where there can be none
	norm                            data.Norm
	pairs                           []neighbours // of a grid
	perGrid                         int          // of them, how many are taken
	pictures                        *data.Pictures
	scratch                         sync.Pool // of *patchScratch
}

type patchScratch struct{ patch, small data.Image }

// neighbours are two cells of a grid, and where the second is, seen from the first.
type neighbours struct {
	first, second int
	label         int32
	line          int // of two side by side, the row that both are in; of two one above the other, the column; otherwise -1
}

// neighboursOf lists the pairs of a grid, both ways: by where the second is, then by the first.
func neighboursOf(grid int, pairs string) []neighbours {
	var out []neighbours
	for label := range int32(directions) {
		k := int(label)
		if k >= 4 {
			k++ // the middle is the first patch itself
		}
		dy, dx := k/3-1, k%3-1
		for first := range grid * grid {
			y, x := first/grid, first%grid
			if y+dy < 0 || y+dy >= grid || x+dx < 0 || x+dx >= grid || pairs == "centre" && first != grid*grid/2 {
				continue
			}
			line := -1
			if dy == 0 {
				line = y
			} else if dx == 0 {
				line = x
			}
			out = append(out, neighbours{first, (y+dy)*grid + x + dx, label, line})
		}
	}
	return out
}

// maker chooses how pictures are cut: by those that are learned from, where Setup has them, otherwise by the inputs'.
func (r *relativePosition) maker(in data.Inputs, augment bool) (*patchMaker, error) {
	images, err := wantImages("relative-position", in)
	if err != nil {
		return nil, err
	}
	t := r.task
	m := &patchMaker{patch: t.Patch, grid: t.Grid, grids: max(t.Grids, 1), gap: t.Gap, jitter: t.Jitter, scale: t.Scale, color: t.Color,
		grey: t.Grey, down: t.Down, raw: t.NoStandard, still: !augment, norm: r.setup.Norm}
	m.scratch.New = func() any { return new(patchScratch) }
	if m.patch == 0 || m.grid == 0 {
		if m.patch, m.grid = int(r.chosen.Data[0]), int(r.chosen.Data[1]); m.patch == 0 {
			m.patch, m.grid = t.Patch, t.Grid
			if err := r.suit(m, images); err != nil {
				return nil, err
			}
		}
	}
	usual(&m.gap, m.patch/2)
	usual(&m.jitter, max(1, (m.patch*7+paperPatch/2)/paperPatch))
	if m.color == "" {
		m.color = "grey"
		if m.patch >= 64 {
			m.color = "drop"
		}
	}
	if m.grey == 0 {
		m.grey = 0.66
	}
	if m.down == 0 && m.patch >= 32 {
		m.down = 0.33
	}
	m.pairs = neighboursOf(m.grid, t.Pairs)
	m.perGrid = len(m.pairs)
	if t.Pairs == "" || t.Pairs == "balanced" {
		m.perGrid = directions * (m.grid - 1) * (m.grid - 1)
	}
	m.pictures = data.NewPictures(images, data.View{Frame: m.frame}, r.setup.Norm, r.setup.CacheBytes)
	return m, nil
}

// suit chooses patch and grid, where they are not given, by the shorter sides of some of the pictures, and for the trunk: one that
// takes no patch so small gets larger ones, and the pictures are enlarged.
func (r *relativePosition) suit(m *patchMaker, images data.Images) error {
	short, err := shorterSide("relative-position", images)
	if err != nil {
		return err
	}
	if m.grid == 0 {
		m.grid = 2
		patch := m.patch
		if patch == 0 {
			patch = paperPatch
		}
		if r.task.Pairs == "centre" || 3*patch+2*(patch/2) <= short {
			m.grid = 3
		}
	}
	if m.patch > 0 {
		return nil
	}
	// with gaps of half a patch the grid then takes five sixths of the shorter side
	m.patch = max(minPatch, min(paperPatch, short*5/(9*m.grid-3))&^1)
	if err := takes(r.setup.Trunk, &m.patch, true); err != nil {
		return fmt.Errorf("task relative-position: %w", err)
	}
	return nil
}

// takes finds a patch that the trunk takes: the one that was asked for, or, where that was left open, a larger one.
func takes(trunk *layers.Trunk, patch *int, larger bool) error {
	for {
		if larger {
			*patch = trunk.Whole(*patch)
		}
		err := autograd.Try(func() { trunk.Forward(autograd.NewInference().Input(tensor.New(1, *patch, *patch, 3))) })
		switch {
		case err == nil:
			return nil
		case !larger:
			return fmt.Errorf("trunk %s takes no patch of %d pixels: %w", trunk.Name, *patch, err)
		}
		if *patch = (*patch*3/2 + 1) &^ 1; *patch > maxPatch {
			return fmt.Errorf("trunk %s takes no patch of up to %d pixels: %w", trunk.Name, maxPatch, err)
		}
	}
}

// extent is how many pixels a grid takes each way, with room for the jitter.
func (m *patchMaker) extent() int { return m.grid*m.patch + (m.grid-1)*m.gap + 2*m.jitter }

// pixels are the fewest and the most pixels of a picture.
func (m *patchMaker) pixels() (low, high float64) {
	k := float64(m.patch*m.patch) / (paperPatch * paperPatch)
	return paperPixels[0] * k, paperPixels[1] * k
}

// longest is how many times as long as its shorter side a picture may be: of what is longer the middle is kept.
const longest = 8

// frame is the size at which a picture is kept: no more pixels than it may have at most, and never so small that a grid does not fit.
func (m *patchMaker) frame(height, width int, _ *tensor.RNG) data.Frame {
	h, w := min(height, longest*width), min(width, longest*height)
	_, high := m.pixels()
	f := math.Sqrt(high / float64(h*w))
	if m.scale == "native" || m.scale != "paper" && f > 1 {
		f = 1
	}
	need := m.extent()
	f = max(f, float64(need)/float64(min(h, w)))
	side := func(n int) int { return max(need, int(math.Round(float64(n)*f))) }
	return data.Frame{Top: (height - h) / 2, Left: (width - w) / 2, H: h, W: w, OutH: side(h), OutW: side(w)}
}

// zoom draws how many pixels of a picture of h by w make one of a patch, each way: at least 1, and so few that a grid fits.
func (m *patchMaker) zoom(h, w int, rng *tensor.RNG) float64 {
	if m.scale == "native" {
		return 1
	}
	low, high := m.pixels()
	pixels := (low + high) / 2
	if !m.still {
		pixels = float64(rng.Uniform(float32(low), float32(high)))
	}
	most := float64(min(h, w)) / float64(m.extent())
	return max(1, min(most, math.Sqrt(float64(h*w)/pixels)))
}

func (m *patchMaker) New(n int) *patchPairs {
	k, p := n*m.grids*m.grid*m.grid, n*m.grids*m.perGrid
	return &patchPairs{X: tensor.New(k, m.patch, m.patch, 3), First: make([]int32, p), Second: make([]int32, p), Labels: make([]int32, p), Places: make([]place, k),
		Where: tensor.New(k, 2)}
}

func (m *patchMaker) Fill(b *patchPairs, row, i int, rng *tensor.RNG) error {
	im, err := m.pictures.Image(i, nil)
	if err != nil {
		return err
	}
	scratch := m.scratch.Get().(*patchScratch)
	defer m.scratch.Put(scratch)
	zoom := m.zoom(im.H, im.W, rng)
	grey := m.color == "grey" && !m.still && rng.Bool(m.grey)
	cells := m.grid * m.grid
	size := m.patch * m.patch * 3
	for g := row * m.grids; g < (row+1)*m.grids; g++ {
		places := b.Places[g*cells:][:cells]
		m.lay(places, im.H, im.W, zoom, rng)
		locate(b.Where.Data[2*g*cells:], places, im.H, im.W)
		for k := g * cells; k < (g+1)*cells; k++ {
			at := b.Places[k]
			f := data.Frame{Top: int(at.Top), Left: int(at.Left), H: int(at.Side), W: int(at.Side), OutH: m.patch, OutW: m.patch}
			f.Into(&scratch.patch, im)
			m.prepare(b.X.Data[k*size:][:size], scratch, grey, rng)
		}
		m.pair(b, g, rng)
	}
	return nil
}

// lay draws where the patches of a grid are in a picture of h by w pixels, of which zoom make one of a patch each way.
func (m *patchMaker) lay(places []place, h, w int, zoom float64, rng *tensor.RNG) {
	side, pitch := int(float64(m.patch)*zoom), int(float64(m.patch+m.gap)*zoom)
	extent := (m.grid-1)*pitch + side
	jitter := min(int(float64(m.jitter)*zoom), (min(h, w)-extent)/2)
	start := func(n int) int {
		if m.still {
			return (n - extent) / 2
		}
		return jitter + rng.IntN(n-extent-2*jitter+1)
	}
	off := func() int {
		if m.still || jitter == 0 {
			return 0
		}
		return rng.IntN(2*jitter+1) - jitter
	}
	top, left := start(h), start(w)
	for k := range places {
		places[k] = place{int32(top + k/m.grid*pitch + off()), int32(left + k%m.grid*pitch + off()), int32(side)}
	}
}

// pair takes the pairs of grid g of a batch. Of two side by side there are grid·(grid-1) in a direction, of two across a corner
// (grid-1)²; where all are to be equally many, a row and a column are drawn and their pairs left out.
func (m *patchMaker) pair(b *patchPairs, g int, rng *tensor.RNG) {
	row, column := -2, -2
	if m.perGrid < len(m.pairs) {
		row, column = rng.IntN(m.grid), rng.IntN(m.grid)
	}
	at, base := g*m.perGrid, int32(g*m.grid*m.grid)
	for _, p := range m.pairs {
		upright := p.label == 1 || p.label == 6
		if p.line >= 0 && (upright && p.line == column || !upright && p.line == row) {
			continue
		}
		b.First[at], b.Second[at], b.Labels[at] = base+int32(p.first), base+int32(p.second), p.label
		at++
	}
}

// prepare makes of scratch.patch what the net sees.
func (m *patchMaker) prepare(dst []float32, scratch *patchScratch, grey bool, rng *tensor.RNG) {
	im := &scratch.patch
	if m.down > 0 && !m.still && rng.Bool(m.down) {
		side := m.smallSide(rng)
		data.Frame{H: im.H, W: im.W, OutH: side, OutW: side}.Into(&scratch.small, im)
		data.Frame{H: side, W: side, OutH: m.patch, OutW: m.patch}.Into(im, &scratch.small)
	}
	switch {
	case grey:
		for i := 0; i < len(im.Pix); i += 3 {
			g := simd.Luma(im.Pix[i], im.Pix[i+1], im.Pix[i+2])
			im.Pix[i], im.Pix[i+1], im.Pix[i+2] = g, g, g
		}
		simd.NormalizePixels(dst, im.Pix, &asFractions.Mean, &asFractions.Std)
	case m.color == "drop":
		m.drop(dst, im, rng)
	default:
		simd.NormalizePixels(dst, im.Pix, &asFractions.Mean, &asFractions.Std)
		if m.color == "project" {
			project(dst)
		}
	}
	if m.raw {
		for i := 0; i < len(dst); i += 3 {
			for c := range 3 {
				dst[i+c] = (dst[i+c] - m.norm.Mean[c]) / m.norm.Std[c]
			}
		}
		return
	}
	standardise(dst)
}

// Located feeds the patches of its grids.
func (r *relativePosition) Located(in data.Inputs, augment bool, o data.LoaderOptions, step func(s train.Step, x, where *tensor.Tensor)) (*train.Feed, error) {
	m, err := r.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Images.Len(), m, o, func(s train.Step, b *patchPairs) { step(s, b.X, b.Where) }), nil
}

// Tower is how one patch is seen: of a kept channel, always the same one.
func (r *relativePosition) Tower(in data.Inputs) (PatchView, error) {
	m, err := r.maker(in, false)
	if err != nil {
		return PatchView{}, err
	}
	frame := func(h, w int, _ *tensor.RNG) data.Frame {
		f := m.frame(h, w, nil)
		zoom := m.zoom(f.OutH, f.OutW, nil)
		f.OutH, f.OutW = max(m.patch, int(float64(f.OutH)/zoom)), max(m.patch, int(float64(f.OutW)/zoom))
		return f
	}
	return PatchView{Side: m.patch, Frame: frame, Embed: r.embed, Prepare: func(dst []float32, patch *data.Image) {
		m.prepare(dst, &patchScratch{patch: *patch}, false, tensor.NewRNG(0))
	}}, nil
}

// smallSide draws to what side a patch is made small: evenly by pixels, from the paper's 100 of 96·96 on to nearly all.
func (m *patchMaker) smallSide(rng *tensor.RNG) int {
	least := float32(max(2, m.patch*10/paperPatch))
	most := float32(m.patch - 1)
	return int(math.Sqrt(float64(rng.Uniform(least*least, most*most))))
}

// asFractions makes values of 0 to 1.
var asFractions = data.Norm{Std: [3]float32{1, 1, 1}}

// drop keeps one channel, and puts noise of half a level of 8 bits around the mean for the two others: about a hundredth of what the
// one varies by.
func (m *patchMaker) drop(dst []float32, im *data.Image, rng *tensor.RNG) {
	keep := rng.IntN(3)
	a, b := (keep+1)%3, (keep+2)%3
	const step = 1.0 / 255 / (1 << 16) // sixteen bits of randomness are enough for each
	fromA, fromB := m.norm.Mean[a]-0.5/255, m.norm.Mean[b]-0.5/255
	for i := 0; i < len(dst); i += 3 {
		r := rng.Uint32()
		dst[i+keep] = float32(im.Pix[i+keep]) / 255
		dst[i+a] = fromA + float32(float32(r&0xffff)*step)
		dst[i+b] = fromB + float32(float32(r>>16)*step)
	}
}

// project takes from each pixel what lies on the axis from green to magenta: x·(I - aᵀa/(aaᵀ)), a = [-1 2 -1].
func project(x []float32) {
	for i := 0; i < len(x); i += 3 {
		along := (float32(2*x[i+1]) - x[i] - x[i+2]) / 6
		x[i] += along
		x[i+1] -= float32(2 * along)
		x[i+2] += along
	}
}

// standardise gives each channel the mean 0, and all together the mean square 1; a patch of one colour becomes 0.
func standardise(x []float32) {
	var sum [3]float64
	for i := 0; i < len(x); i += 3 {
		sum[0] += float64(x[i])
		sum[1] += float64(x[i+1])
		sum[2] += float64(x[i+2])
	}
	n := float64(len(x) / 3)
	mean := [3]float32{float32(sum[0] / n), float32(sum[1] / n), float32(sum[2] / n)}
	var squares [3]float64
	for i := 0; i < len(x); i += 3 {
		for c := range mean {
			d := x[i+c] - mean[c]
			x[i+c] = d
			squares[c] += float64(d * d)
		}
	}
	rms := math.Sqrt((squares[0] + squares[1] + squares[2]) / float64(len(x)))
	simd.Scale(x, float32(1/max(rms, 1e-4)), x)
}

// Draw shows, a row a sample, the picture with a grid of patches, and pairs of them as the net saw them: the first in the middle, the
// second where the net puts it, framed green where it was and red where not; then a dark frame is where it was. In the other places
// stands how much of a hundred the net gave them.
func (r *relativePosition) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := r.maker(in, false)
	if err != nil {
		return nil, err
	}
	b := m.New(len(index))
	for row, i := range index {
		if err := m.Fill(b, row, i, tensor.NewRNG(uint64(i))); err != nil {
			return nil, err
		}
	}
	probs := autograd.Softmax(r.forward(autograd.NewInference().Input(b.X), b.First, b.Second)).Value
	const cell, space, shown = 54, 4, 4
	const panel = 3*cell + 2*space
	g := canvas.Grid{Cols: 1 + shown, CellW: panel, CellH: panel, Gap: 20, Head: 2*canvas.TextHeight + 4}
	sheet := g.Sheet(g.Cols * len(index))
	x0, _ := g.At(0)
	x1, _ := g.At(1)
	sheet.Text(x0, 8, panel, "picture and patches", canvas.Ink)
	sheet.Text(x1, 8, shown*(panel+20)-20, "the first patch in the middle, the second where the net puts it: green right, red wrong", canvas.Ink)
	sheet.Text(x1, 8+canvas.TextHeight, shown*(panel+20)-20, "(a dark frame is then where it was); numbers: what the net gave of 100", canvas.Ink)
	size := m.patch * m.patch * 3
	perSample, cells := m.grids*m.perGrid, m.grids*m.grid*m.grid
	for row, i := range index {
		im, err := m.pictures.Image(i, nil)
		if err != nil {
			return nil, err
		}
		x, y := g.At(row * g.Cols)
		sheet.Fit(x, y, panel, panel, outlined(im, b.Places[row*cells:][:m.grid*m.grid]).Pix, im.H, im.W)
		for k := range min(shown, m.perGrid) {
			p := row*perSample + (row*3+k*(m.perGrid/min(shown, m.perGrid)))%m.perGrid
			x, y := g.At(row*g.Cols + 1 + k)
			m.drawPair(sheet, x, y, cell, space, [2][]float32{b.X.Data[int(b.First[p])*size:][:size], b.X.Data[int(b.Second[p])*size:][:size]},
				int(b.Labels[p]), probs.Data[p*directions:][:directions])
		}
	}
	return sheet, nil
}

// drawPair draws nine cells, three in a row, from (x, y) on.
func (m *patchMaker) drawPair(sheet canvas.Sheet, x, y, cell, space int, patches [2][]float32, label int, probs []float32) {
	said := 0
	for l, p := range probs {
		if p > probs[said] {
			said = l
		}
	}
	at := func(l int) (int, int) { // 0 to 3, middle, 4 to 7
		if l >= 4 {
			l++
		}
		return x + l%3*(cell+space), y + l/3*(cell+space)
	}
	for l, p := range probs {
		cx, cy := at(l)
		shade := uint8(250 - 110*p)
		if l == label && l != said {
			sheet.Fill(cx-3, cy-3, cell+6, cell+6, canvas.Ink)
		}
		sheet.Fill(cx, cy, cell, cell, color.RGBA{shade, shade, shade, 255})
		text := fmt.Sprintf("%.0f", 100*p)
		sheet.Text(cx+(cell-len(text)*canvas.TextWidth)/2, cy+(cell-canvas.TextHeight)/2, cell, text, canvas.Ink)
	}
	cx, cy := at(said)
	sheet.Frame(cx-3, cy-3, cell+6, cell+6, said == label)
	sheet.Fit(cx, cy, cell, cell, m.shown(patches[1]), m.patch, m.patch)
	sheet.Fit(x+cell+space, y+cell+space, cell, cell, m.shown(patches[0]), m.patch, m.patch)
}

// shown returns a patch as the net saw it, for a person: two deviations below and above the mean are black and white.
func (m *patchMaker) shown(x []float32) []uint8 {
	if m.raw {
		return m.norm.ToImage(x, m.patch, m.patch).Pix
	}
	return data.HalfNorm.ToImage(x, m.patch, m.patch).Pix
}

// outlined returns a picture with lines around squares, white within black, so that they show on any colour.
func outlined(im *data.Image, squares []place) *data.Image {
	out := &data.Image{H: im.H, W: im.W, Pix: append([]uint8(nil), im.Pix...)}
	wide := max(1, min(im.H, im.W)/100)
	fill := func(top, left, h, w int, grey uint8) {
		for y := max(0, top); y < min(im.H, top+h); y++ {
			for x := 3 * max(0, left); x < 3*min(im.W, left+w); x++ {
				out.Pix[y*im.W*3+x] = grey
			}
		}
	}
	for _, s := range squares {
		for ring, grey := range []uint8{255, 0} {
			far := wide * (ring + 1) // from the patch to the line's outer side
			top, left, side := int(s.Top)-far, int(s.Left)-far, int(s.Side)+2*far
			fill(top, left, wide, side, grey)
			fill(top+side-wide, left, wide, side, grey)
			fill(top, left, side, wide, grey)
			fill(top, left+side-wide, side, wide, grey)
		}
	}
	return out
}
