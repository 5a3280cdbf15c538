package pretext

import (
	"fmt"
	"image"
	"io"
	"math"
	"sync"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Jigsaw hides in which order the tiles of a picture were dealt (Noroozi, Favaro, "Unsupervised learning of visual representations by
// solving jigsaw puzzles", ECCV 2016).
//
// Sampling: a square of a picture is cut into grid by grid cells, and from each a tile that is smaller, somewhere in it. The tiles are
// laid down by a permutation out of a fixed set; which one of the set is the answer. The trunk sees each tile by itself, once; what it says
// of the tiles is dealt several times, since a puzzle more costs only the head (the paper deals a picture 69 times in a training).
//
// The set: of the many permutations (362,880 of nine tiles) some that are far from each other, so that a puzzle is not solved by one tile
// alone. The paper's algorithm 1 adds, from a random one on, the permutation whose mean Hamming distance to those chosen is largest; the
// smallest, or a draw at random, are for its comparison (table 5: 1000 far ones are best). The set stands in every checkpoint, and as
// permutations.txt in the run: a line each, the tile at each place, as numpy.loadtxt reads it.
//
// What could be answered without looking at what is in the picture, and the defence (section 4.2):
//   - edges and lines that run on: the gap between the tiles, 0 to 22 pixels for tiles of 64 in cells of 75;
//   - brightness and contrast that change across the picture: each tile has mean 0 and mean square 1;
//   - chromatic aberration: some pictures are grey, and in the others the channels are moved against each other by up to 2 pixels of 64;
//   - a tile's own place, as "sky is above": several puzzles of the same tiles, and permutations that are far from each other.
//
// Head: the trunk's features of a tile, pooled, and embedded if wanted (the paper's fc6, shared); those of all tiles side by side, in the
// order in which they lie; hidden layers with batch normalisation without scale and shift; a logit for each permutation. Loss:
// cross-entropy. Chance: one in the size of the set.
type Jigsaw struct {
	Grid   int // tiles along a side, 2 or 3; 0 means 3, or 2 where the trunk's pictures are below 48 pixels
	Tile   int // side of a tile in pixels; 0 means 64/75 of a cell of Setup.Side
	Gap    int // how much larger a cell is than its tile; 0 means 11/64 of the tile, below 0 none
	Set    int // permutations; 0 means 100, or all where there are fewer
	Choice string
	Deals  int // puzzles of a picture each time it is seen; 0 means 4

	Grey       float32 // the part of the pictures that are; 0 means 0.3, below 0 none
	Shift      int     // by how many pixels channels are moved; 0 means 2 for tiles of 64, in proportion; below 0 not
	NoStandard bool    // leave mean and mean square of a tile as they are, and normalise as other tasks do

	Pool    int // cells along a side that a tile's features are pooled to; 0 means 1
	Embed   int // width of a tile's embedding; 0 leaves the pooled features
	Hidden  int // width of the hidden layer; 0 means 512
	Dropout float32
}

// Choices of a set of permutations: far from each other, near to each other, drawn.
var jigsawChoices = []string{"far", "near", "random"}

const maxPermutations = 10000

var jigsawAbout = About{
	Line: "predict in which order the tiles of a picture were dealt (Noroozi, Favaro 2016)",
	Of:   "pictures", Hidden: "where each tile was",
	Trivial: "chance: 1 % of 100 orders, 4.2 % of the 24 of four tiles",
	Options: []spec.Option{
		{Name: "grid", About: "tiles along a side, 2 or 3; if not given 3, or 2 for pictures below 48 pixels"},
		{Name: "tile", About: "side in pixels; if not given 64/75 of a cell of the pictures' side"},
		{Name: "gap", About: "how many pixels a cell is larger than its tile; if not given 11/64 of the tile"},
		{Name: "set", Default: "100", About: "permutations, 4 to 10000; all where there are fewer"},
		{Name: "choice", Default: "far", About: "of the set: far (largest mean Hamming distance), near (smallest) or random"},
		{Name: "deals", Default: "4", About: "puzzles of a picture each time it is seen"},
		{Name: "grey", Default: "0.3", About: "the part of the pictures that are"},
		{Name: "shift", About: "by how many pixels the colour channels are moved against each other; if not given 2 for tiles of 64"},
		{Name: "standard", Default: "yes", About: "each tile gets mean 0 and mean square 1"},
		{Name: "pool", Default: "1", About: "cells along a side that a tile's features are pooled to"},
		{Name: "embed", Default: "0", About: "width of a tile's embedding; 0: the pooled features"},
		{Name: "hidden", Default: "512", About: "width of the hidden layer"},
		{Name: "dropout", Default: "0", About: "before the last layer"},
	},
	OwnViews: true,
	Defences: []Defence{
		{"gap", "gap=0", "edges and lines that run on from one tile into the next"},
		{"colour", "grey=0&shift=0", "chromatic aberration"},
		{"standard", "standard=no", "brightness that changes across the picture"},
	},
	Config: func(c *train.Config) { c.WeightDecay = 1e-4 },
	make: func(v *spec.Values) Task {
		t := Jigsaw{
			Tile: v.Int("tile", 0, 512), Gap: orNone(v, "gap", 512), Choice: v.One("choice", jigsawChoices...),
			Deals: v.Int("deals", 1, 256), Grey: float32(v.Float("grey", 0, 1)), Shift: orNone(v, "shift", 64), NoStandard: !v.Bool("standard"),
			Pool: v.Int("pool", 1, 16), Embed: v.Int("embed", 0, 1<<16), Hidden: v.Int("hidden", 1, 1<<16), Dropout: float32(v.Float("dropout", 0, 0.95)),
		}
		if v.Given("grid") {
			t.Grid = v.Int("grid", 2, 3)
		}
		if v.Given("set") {
			t.Set = v.Int("set", 4, maxPermutations)
		}
		if v.Given("grey") && t.Grey == 0 {
			t.Grey = -1
		}
		if v.Given("tile") && t.Tile < minPatch {
			v.Fail("option tile=%d: want at least %d pixels", t.Tile, minPatch)
		}
		if n := factorial(t.Grid * t.Grid); t.Grid > 0 && t.Set > n {
			v.Fail("option set=%d: %d tiles can be laid in %d orders", t.Set, t.Grid*t.Grid, n)
		}
		return t
	},
}

func factorial(n int) int {
	f := 1
	for i := 2; i <= n; i++ {
		f *= i
	}
	return f
}

// cut returns the task with its grid and tiles, for pictures of that side.
func (t Jigsaw) cut(side int) Jigsaw {
	if t.Grid == 0 {
		t.Grid = 3
		if side < 48 && t.Tile == 0 {
			t.Grid = 2
		}
	}
	usual(&t.Tile, max(minPatch, side/t.Grid*64/75))
	return t
}

// filled returns the task with what was left open, for pictures of that side.
func (t Jigsaw) filled(side int) Jigsaw {
	t = t.cut(side)
	usual(&t.Gap, max(1, (t.Tile*11+32)/64))
	usual(&t.Set, min(100, factorial(t.Grid*t.Grid)))
	usual(&t.Deals, 4)
	usual(&t.Shift, (t.Tile*2+32)/64)
	usual(&t.Hidden, 512)
	usual(&t.Pool, 1)
	if t.Grey == 0 {
		t.Grey = 0.3
	}
	return t
}

// Learner returns a tower, which is the trunk with what embeds a tile, and a head that sees all tiles.
func (t Jigsaw) Learner(s Setup) (train.Learner, error) {
	if t.Grid != 0 && t.Grid != 2 && t.Grid != 3 {
		return nil, fmt.Errorf("task jigsaw: a grid of %d, want 2 or 3", t.Grid)
	}
	small := t.Tile == 0
	t = t.cut(s.Side)
	if err := takes(s.Trunk, &t.Tile, small); err != nil {
		return nil, fmt.Errorf("task jigsaw: %w", err)
	}
	if all := factorial(t.Grid * t.Grid); t.Set > all {
		return nil, fmt.Errorf("task jigsaw: a set of %d orders; %d tiles have %d", t.Set, t.Grid*t.Grid, all)
	}
	t = t.filled(s.Side)
	if err := s.enlarges("jigsaw", t.whole()); err != nil {
		return nil, err
	}
	k := t.Grid * t.Grid
	width := s.Trunk.Channels() * t.Pool * t.Pool
	embed := layers.Sequential{{Name: "pool", Module: layers.AdaptiveAvgPool(t.Pool, t.Pool)}, {Name: "flatten", Module: layers.Flatten}}
	if t.Embed > 0 {
		embed = append(embed, plainNorm("fc", s.RNG, width, t.Embed)...)
		width = t.Embed
	}
	head := plainNorm("hidden", s.RNG, k*width, t.Hidden)
	if t.Dropout > 0 {
		head = append(head, layers.Child{Name: "dropout", Module: layers.Dropout(t.Dropout)})
	}
	head = append(head, layers.Child{Name: "fc", Module: layers.NewLinear(s.RNG, t.Hidden, t.Set, layers.LinearOptions{})})
	j := &jigsaw{task: t, setup: s, embed: embed, head: head, orders: tensor.New(t.Set, k)}
	for i, p := range choosePermutations(k, t.Set, t.Choice, s.RNG) {
		for place, tile := range p {
			j.orders.Set(float32(tile), i, place)
		}
	}
	return j, nil
}

type jigsaw struct {
	task        Jigsaw
	setup       Setup
	embed, head layers.Sequential
	orders      *tensor.Tensor // [P K], the tile at each place
}

func (j *jigsaw) Visit(prefix string, f func(layers.Param)) {
	layers.Parts{{Name: "trunk", Stateful: j.setup.Trunk}, {Name: "embed", Stateful: j.embed}, {Name: "head", Stateful: j.head},
		{Name: "permutations", Stateful: layers.Value{Kind: layers.Buffer, Value: j.orders}}}.Visit(prefix, f)
}

func (j *jigsaw) Groups() []train.Group { return train.One(j) }

func (j *jigsaw) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(), metric.Accuracy(j.task.Set),
		{Name: "placed", Unit: metric.Percent, Higher: true, Predictor: "always the same order", Trivial: j.agreement()}}
}

// agreement is the part of the tiles that stand as they do in always the same order, the best one for that: in a set of near orders far more than one of as
// many as there are tiles.
func (j *jigsaw) agreement() float64 {
	n, k := j.task.Set, j.orders.Dim(1)
	times := make([]int, k*k) // at each place, each tile
	for i := range n {
		for place := range k {
			times[place*k+int(j.orders.At(i, place))]++
		}
	}
	best := 0
	for i := range n {
		same := 0
		for place := range k {
			same += times[place*k+int(j.orders.At(i, place))]
		}
		best = max(best, same)
	}
	return float64(best) / float64(n*k)
}

// Files are what a run keeps for people to read.
func (j *jigsaw) Files() map[string]func(w io.Writer) error {
	return map[string]func(w io.Writer) error{"permutations.txt": func(w io.Writer) error {
		for i := range j.task.Set {
			for place, tile := range j.order(int32(i)) {
				sep := " "
				if place == 0 {
					sep = ""
				}
				if _, err := fmt.Fprintf(w, "%s%d", sep, int(tile)); err != nil {
					return err
				}
			}
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		return nil
	}}
}

// order returns which tile lies at each place.
func (j *jigsaw) order(label int32) []float32 {
	k := j.task.Grid * j.task.Grid
	return j.orders.Data[int(label)*k : (int(label)+1)*k]
}

// forward returns the logits [N·deals P] of puzzles of tiles x [N·K H W 3]: puzzle p shows, place after place, tiles dealt[p·K:].
func (j *jigsaw) forward(x *autograd.Var, dealt []int32) *autograd.Var {
	z := within("embed", j.embed, within("trunk", j.setup.Trunk, x))
	k := j.task.Grid * j.task.Grid
	return within("head", j.head, autograd.Reshape(autograd.Gather(z, dealt), len(dealt)/k, k*z.Shape()[1]))
}

func (j *jigsaw) step(s train.Step, b *puzzles) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		logits := j.forward(t.Input(b.X), b.Dealt)
		s.Metric("accuracy", float64(tensor.CountRight(logits.Value, b.Labels)), float64(len(b.Labels)))
		right := 0
		for p, said := range tensor.ArgMax(logits.Value) {
			a, b := j.order(int32(said)), j.order(b.Labels[p])
			for place := range a {
				if a[place] == b[place] {
					right++
				}
			}
		}
		s.Metric("placed", float64(right), float64(len(b.Dealt)))
		return autograd.CrossEntropy(logits, b.Labels)
	})
}

func (j *jigsaw) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := j.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Images.Len(), m, o, j.step), nil
}

// puzzles are a batch: the tiles of sample i are rows i·K to (i+1)·K of X, row after row of the picture; its puzzles follow each other.
type puzzles struct {
	X      *tensor.Tensor // [N·K S S 3]
	Dealt  []int32        // [N·deals·K], the row of X at each place
	Labels []int32        // [N·deals], which permutation
	Places []place        // [N·K], of the tiles in the picture
	Where  *tensor.Tensor // [N·K 2], their middles, parts of the picture's height and width
}

// tileMaker cuts tiles and deals them.
type tileMaker struct {
	task     Jigsaw
	still    bool // without randomness but for the deal
	orders   *tensor.Tensor
	norm     data.Norm
	pictures *data.Pictures
	scratch  sync.Pool // of *data.Image
}

// side is that of the square that is cut, in pixels.
func (t Jigsaw) side() int { return t.Grid * (t.Tile + t.Gap) }

// whole is the shorter side of the picture that it is cut from.
func (t Jigsaw) whole() int { return t.side() * 256 / 225 }

func (j *jigsaw) maker(in data.Inputs, augment bool) (*tileMaker, error) {
	images, err := wantImages("jigsaw", in)
	if err != nil {
		return nil, err
	}
	m := &tileMaker{task: j.task, still: !augment, orders: j.orders, norm: j.setup.Norm}
	m.scratch.New = func() any { return new(data.Image) }
	m.pictures = data.NewPictures(images, data.View{Frame: data.ShortSide(m.task.whole())}, m.norm, j.setup.CacheBytes)
	return m, nil
}

func (m *tileMaker) New(n int) *puzzles {
	k := n * m.task.Grid * m.task.Grid
	return &puzzles{X: tensor.New(k, m.task.Tile, m.task.Tile, 3), Dealt: make([]int32, k*m.task.Deals), Labels: make([]int32, n*m.task.Deals), Places: make([]place, k),
		Where: tensor.New(k, 2)}
}

func (m *tileMaker) Fill(b *puzzles, row, i int, rng *tensor.RNG) error {
	im, err := m.pictures.Image(i, nil)
	if err != nil {
		return err
	}
	t := m.task
	k := t.Grid * t.Grid
	m.lay(b.Places[row*k:][:k], im.H, im.W, rng)
	locate(b.Where.Data[2*row*k:], b.Places[row*k:][:k], im.H, im.W)
	grey := !m.still && rng.Bool(t.Grey)
	tile := m.scratch.Get().(*data.Image)
	defer m.scratch.Put(tile)
	size := t.Tile * t.Tile * 3
	for c := row * k; c < (row+1)*k; c++ {
		at := b.Places[c]
		cut(tile, im, int(at.Top), int(at.Left), t.Tile)
		switch {
		case grey:
			for i := 0; i < len(tile.Pix); i += 3 {
				g := simd.Luma(tile.Pix[i], tile.Pix[i+1], tile.Pix[i+2])
				tile.Pix[i], tile.Pix[i+1], tile.Pix[i+2] = g, g, g
			}
		case !m.still && t.Shift > 0:
			m.shift(tile, im, at, rng)
		}
		m.normalise(b.X.Data[c*size:][:size], tile)
	}
	for p := row * t.Deals; p < (row+1)*t.Deals; p++ {
		label := rng.IntN(t.Set)
		b.Labels[p] = int32(label)
		for place := range k {
			b.Dealt[p*k+place] = int32(row*k) + int32(m.orders.At(label, place))
		}
	}
	return nil
}

// normalise writes a tile as the trunk sees it.
func (m *tileMaker) normalise(dst []float32, tile *data.Image) {
	if m.task.NoStandard {
		m.norm.Normalize(dst, tile)
		return
	}
	simd.NormalizePixels(dst, tile.Pix, &asFractions.Mean, &asFractions.Std)
	standardise(dst)
}

// Located feeds the tiles of its puzzles.
func (j *jigsaw) Located(in data.Inputs, augment bool, o data.LoaderOptions, step func(s train.Step, x, where *tensor.Tensor)) (*train.Feed, error) {
	m, err := j.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Images.Len(), m, o, func(s train.Step, b *puzzles) { step(s, b.X, b.Where) }), nil
}

// Tower is how one tile is seen.
func (j *jigsaw) Tower(in data.Inputs) (PatchView, error) {
	m, err := j.maker(in, false)
	if err != nil {
		return PatchView{}, err
	}
	return PatchView{Side: j.task.Tile, Frame: m.pictures.Frame, Embed: j.embed, Prepare: m.normalise}, nil
}

// lay draws where the square is in a picture, and in each of its cells the tile.
func (m *tileMaker) lay(places []place, h, w int, rng *tensor.RNG) {
	t := m.task
	draw := func(room int) int {
		if m.still || room == 0 {
			return room / 2
		}
		return rng.IntN(room + 1)
	}
	top, left := draw(h-m.task.side()), draw(w-m.task.side())
	cell := t.Tile + t.Gap
	for k := range places {
		places[k] = place{int32(top + k/t.Grid*cell + draw(t.Gap)), int32(left + k%t.Grid*cell + draw(t.Gap)), int32(t.Tile)}
	}
}

// cut copies a square of a picture.
func cut(dst, im *data.Image, top, left, side int) {
	dst.H, dst.W = side, side
	if n := side * side * 3; cap(dst.Pix) < n {
		dst.Pix = make([]uint8, n)
	} else {
		dst.Pix = dst.Pix[:n]
	}
	for y := range side {
		copy(dst.Pix[y*side*3:(y+1)*side*3], im.Pix[((top+y)*im.W+left)*3:])
	}
}

// shift takes red and blue from a little beside where green is, each its own way, within the picture.
func (m *tileMaker) shift(tile, im *data.Image, at place, rng *tensor.RNG) {
	side, n := m.task.Tile, m.task.Shift
	for _, c := range []int{0, 2} {
		dy, dx := rng.IntN(2*n+1)-n, rng.IntN(2*n+1)-n
		for y := range side {
			row := min(max(int(at.Top)+y+dy, 0), im.H-1) * im.W
			for x := range side {
				tile.Pix[(y*side+x)*3+c] = im.Pix[(row+min(max(int(at.Left)+x+dx, 0), im.W-1))*3+c]
			}
		}
	}
}

// choosePermutations returns n permutations of k things, from a drawn one on always the one whose mean Hamming distance to those chosen
// is largest (far), or smallest (near), the first in order of those that are equal (the paper's algorithm 1; its program takes the mean);
// or all of them drawn.
func choosePermutations(k, n int, choice string, rng *tensor.RNG) [][]uint8 {
	all := permutations(k)
	pick := func(i int) []uint8 { return all[i*k : (i+1)*k] }
	count := len(all) / k
	if choice == "random" || n == count {
		out := make([][]uint8, n)
		for i, at := range rng.Perm(count)[:n] {
			out[i] = pick(at)
		}
		return out
	}
	const never = math.MaxInt32 / 2
	sign := int32(1) // agree with those chosen as little as can be
	if choice == "near" {
		sign = -1
	}
	agree := make([]int32, count) // with those chosen, places in all
	const piece = 1 << 13
	best := make([]int, (count+piece-1)/piece)
	out := [][]uint8{pick(rng.IntN(count))}
	for len(out) < n {
		last := out[len(out)-1]
		parallel.Chunks(count, piece, func(lo, hi int) {
			b := lo
			for i := lo; i < hi; i++ {
				same := int32(0)
				for place, tile := range pick(i) {
					if tile == last[place] {
						same++
					}
				}
				if agree[i] += same; same == int32(k) {
					agree[i] = sign * never
				}
				if sign*agree[i] < sign*agree[b] {
					b = i
				}
			}
			best[lo/piece] = b
		})
		at := best[0]
		for _, b := range best {
			if sign*agree[b] < sign*agree[at] {
				at = b
			}
		}
		out = append(out, pick(at))
	}
	return out
}

// permutations returns all orders of k things, in lexicographic order, one after the other.
func permutations(k int) []uint8 {
	p := make([]uint8, k)
	for i := range p {
		p[i] = uint8(i)
	}
	out := append([]uint8(nil), p...)
	for {
		i := k - 2
		for i >= 0 && p[i] > p[i+1] {
			i--
		}
		if i < 0 {
			return out
		}
		j := k - 1
		for p[j] < p[i] {
			j--
		}
		p[i], p[j] = p[j], p[i]
		for a, b := i+1, k-1; a < b; a, b = a+1, b-1 {
			p[a], p[b] = p[b], p[a]
		}
		out = append(out, p...)
	}
}

// Draw shows, a row a sample, the picture with its tiles, the puzzle as the net saw it, and the net's answer: the tiles where it puts
// them, framed green in their place and red elsewhere; under it what it gave its answer, and the right one.
func (j *jigsaw) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := j.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	probs := autograd.Softmax(j.forward(autograd.NewInference().Input(b.X), b.Dealt)).Value
	t := j.task
	k, said := t.Grid*t.Grid, tensor.ArgMax(probs)
	const panel, shown = 168, 2
	space := 6
	cell := (panel - (t.Grid-1)*space) / t.Grid
	g := canvas.Grid{Cols: 1 + 2*min(shown, t.Deals), CellW: panel, CellH: panel, Gap: 24, Head: canvas.TextHeight + 4}
	sheet := g.Sheet(g.Cols * len(index))
	for c := range g.Cols {
		x, _ := g.At(c)
		text := "picture and tiles"
		if c > 0 {
			text = []string{"answer, green: right", "a puzzle"}[c%2]
		}
		sheet.Text(x, 8, panel, text, canvas.Ink)
	}
	size := t.Tile * t.Tile * 3
	for row, i := range index {
		im, err := m.pictures.Image(i, nil)
		if err != nil {
			return nil, err
		}
		x, y := g.At(row * g.Cols)
		sheet.Fit(x, y, panel, panel, outlined(im, b.Places[row*k:][:k]).Pix, im.H, im.W)
		for d := range min(shown, t.Deals) {
			p := row*t.Deals + d
			answer := j.order(int32(said[p]))
			for place := range k {
				at := func(col, place int) (int, int) {
					x, y := g.At(row*g.Cols + col)
					return x + place%t.Grid*(cell+space), y + place/t.Grid*(cell+space)
				}
				tile := b.Dealt[p*k+place]
				pix := m.shown(b.X.Data[int(tile)*size:][:size])
				x, y := at(1+2*d, place)
				sheet.Fit(x, y, cell, cell, pix, t.Tile, t.Tile)
				where := int(answer[place]) // the net takes this place's tile to be the picture's tile `where`
				x, y = at(2+2*d, where)
				sheet.Frame(x-2, y-2, cell+4, cell+4, where == int(tile)-row*k)
				sheet.Fit(x, y, cell, cell, pix, t.Tile, t.Tile)
			}
			x, y := g.At(row*g.Cols + 2 + 2*d)
			sheet.Text(x, y+panel+4, panel, fmt.Sprintf("%.0f of 100, right: %.0f", 100*probs.At(p, said[p]), 100*probs.At(p, int(b.Labels[p]))), canvas.Ink)
		}
	}
	return sheet, nil
}

// shown returns a tile as the net saw it, for a person.
func (m *tileMaker) shown(x []float32) []uint8 {
	if m.task.NoStandard {
		return m.norm.ToImage(x, m.task.Tile, m.task.Tile).Pix
	}
	return data.HalfNorm.ToImage(x, m.task.Tile, m.task.Tile).Pix
}
