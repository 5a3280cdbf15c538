package pretext

import (
	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// What tasks of clips share: what a trunk says of clips, of whatever frames they are made, and the head that compares things two by two.

// clipNet is a trunk with what embeds a clip. A trunk of clips sees each clip whole, and its features are averaged over time. A trunk of pictures sees
// each frame by itself, once, in however many clips it comes; what it says of a clip's frames is laid side by side in the order of the clip, or averaged,
// whatever the order.
type clipNet struct {
	trunk  *layers.Trunk
	embed  layers.Sequential // of the trunk's features [N H W C] to [N E]
	frames int               // of a clip
	mean   bool              // over the frames of a trunk of pictures
	width  int               // of an embedded clip
}

// ofClips tells whether a trunk sees clips whole.
func ofClips(t *layers.Trunk) bool { return t.Frames > 0 }

// Options of what a trunk sees of a clip, and what embeds it.
var (
	clipFramesOption = spec.Option{Name: "frames", About: "of a clip that the trunk sees, evenly spread; if not given 16 of a trunk of clips, a few of one of pictures"}
	clipPoolOption   = spec.Option{Name: "pool", Default: "4", About: "cells along a side that features are pooled to: where something is tells what moves"}
	clipEmbedOption  = spec.Option{Name: "embed", Default: "128", About: "width of the embedding of a frame, or, of a trunk of clips, of a clip"}
)

// newClipNet returns the trunk of a setup with an embedding of features pooled to pool by pool cells. Of each so many rows that are embedded, one after
// the other, what they have in common is taken away: see centred; 1 leaves it.
func newClipNet(s Setup, frames, pool, embed, together int, mean bool) *clipNet {
	n := &clipNet{trunk: s.Trunk, frames: frames, mean: mean, width: embed}
	if !mean && !ofClips(s.Trunk) {
		n.width *= frames
	}
	fc := plainNorm("fc", s.RNG, s.Trunk.Channels()*pool*pool, embed)
	n.embed = layers.Sequential{{Name: "pool", Module: layers.AdaptiveAvgPool(pool, pool)}, {Name: "flatten", Module: layers.Flatten}, fc[0]}
	if together > 1 {
		n.embed = append(n.embed, layers.Child{Name: "centred", Module: centred(together)})
	}
	n.embed = append(n.embed, fc[1:]...)
	return n
}

// centred takes from each of so many rows their mean: of frames of one film the scene, which tells nothing of an order and is many times as large as
// what moves. Without it a norm behind, which sees many films, makes what moves vanish beside what distinguishes scenes.
func centred(together int) layers.Module {
	return layers.Func(func(x *autograd.Var) *autograd.Var {
		rows, width := x.Shape()[0], x.Shape()[1]
		each := autograd.Reshape(x, rows/together, together, width)
		mean := autograd.Reshape(autograd.MeanAxis(each, 1), rows/together, 1, width)
		return autograd.Reshape(autograd.Sub(each, mean), rows, width)
	})
}

// parts are what a learner names.
func (n *clipNet) parts() layers.Parts {
	return layers.Parts{{Name: "trunk", Stateful: n.trunk}, {Name: "embed", Stateful: n.embed}}
}

// forward returns the embeddings [M D] of M clips: frame t of clip m is row frames[m·T+t] of x [R H W 3].
func (n *clipNet) forward(x *autograd.Var, frames []int32) *autograd.Var {
	clips := len(frames) / n.frames
	if ofClips(n.trunk) {
		s := x.Shape()
		x = autograd.Reshape(autograd.Gather(x, frames), clips, n.frames, s[1], s[2], s[3])
		return within("embed", n.embed, autograd.MeanAxis(within("trunk", n.trunk, x), 1))
	}
	z := autograd.Gather(within("embed", n.embed, within("trunk", n.trunk, x)), frames)
	if n.mean {
		return autograd.MeanAxis(autograd.Reshape(z, clips, n.frames, n.width), 1)
	}
	return autograd.Reshape(z, clips, n.width)
}

// framesSeen returns how many frames of a clip a trunk sees where nobody says so: 16, as the papers have it, of a trunk of clips, and few of one of pictures.
func framesSeen(t *layers.Trunk, few int) int {
	if ofClips(t) {
		return 16
	}
	return few
}

// framesOf returns n numbers of frames, evenly spread over span frames of a film from first on; of fewer some more than once.
func framesOf(first, span, n int) []int {
	out := data.Spread(span, n, 0)
	for k := range out {
		out[k] += first
	}
	return out
}

// answerClips is the step of a task whose head names one of some answers to each question that was dealt of a batch.
func answerClips(s train.Step, b *clipBatch, forward func(x *autograd.Var, dealt []int32) *autograd.Var) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		logits := forward(t.Input(b.X), b.Dealt)
		s.Metric("accuracy", float64(tensor.CountRight(logits.Value, b.Labels)), float64(len(b.Labels)))
		return autograd.CrossEntropy(logits, b.Labels)
	})
}

// clipHead says one of some answers of each clip by itself.
func clipHead(rng *tensor.RNG, width, hidden, answers int, dropout float32) layers.Sequential {
	head := plainNorm("hidden", rng, width, hidden)
	if dropout > 0 {
		head = append(head, layers.Child{Name: "dropout", Module: layers.Dropout(dropout)})
	}
	return append(head, layers.Child{Name: "fc", Module: layers.NewLinear(rng, hidden, answers, layers.LinearOptions{})})
}

// counting returns the numbers 0 to n-1: frames in the order in which they lie in a batch.
func counting(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// rowsOf returns which of the rows of all shards of a batch a tape's own n are.
func rowsOf(t *autograd.Tape, n int) []int32 {
	out := counting(n)
	for i := range out {
		out[i] += int32(t.FirstRow(n))
	}
	return out
}

// slower is a rate at which heads that compare frames learn from their first step on; at the usual 0.1 their loss rises for a hundred.
func slower(c *train.Config) { c.LR = 0.03 }

// orders is which order things were dealt in: each of the permutations of so many, or each up to being read backwards.
type orders struct {
	things  int
	all     [][]uint8 // [K!], in lexicographic order: the thing at each place
	class   []int32   // [K!]
	answers [][]uint8 // [classes], the first permutation of each class
}

// newOrders returns the orders of k things. Where both ways count as one, a permutation and its reverse are one class (Lee et al. 2017, section 3.1: of
// four frames 12 of 24, since most actions can be seen both ways).
func newOrders(k int, bothWays bool) *orders {
	o := &orders{things: k}
	flat := permutations(k)
	of := map[string]int32{}
	for at := 0; at < len(flat); at += k {
		p := flat[at : at+k]
		back := make([]uint8, k)
		for i, v := range p {
			back[k-1-i] = v
		}
		class, known := of[string(back)]
		if !bothWays || !known {
			class = int32(len(o.answers))
			o.answers = append(o.answers, p)
		}
		of[string(p)] = class
		o.all, o.class = append(o.all, p), append(o.class, class)
	}
	return o
}

// deal draws an order of the things that begin at row first of what was embedded, writes the rows as they are dealt, and returns the order's class.
func (o *orders) deal(dealt []int32, first int, rng *tensor.RNG) int32 {
	p := rng.IntN(len(o.all))
	for place, thing := range o.all[p] {
		dealt[place] = int32(first) + int32(thing)
	}
	return o.class[p]
}

// backwards tells whether the reverse of an answer is nearer to how things from row first on were dealt than the answer itself.
func (o *orders) backwards(dealt []int32, first int, answer []uint8) bool {
	same, reverse := 0, 0
	for place, at := range dealt {
		switch int(at) - first {
		case int(answer[place]):
			same++
		case o.things - 1 - int(answer[place]):
			reverse++
		}
	}
	return reverse > same
}

// orderHead says in which of some orders things were dealt, from what each two of them say together (Lee et al. 2017, section 3.3): the embeddings of
// two, side by side, go through one layer, the same for all pairs; what comes out for all pairs, side by side, through another, to a logit for each order.
type orderHead struct {
	things int
	pair   layers.Sequential // [.. 2D] -> [.. H]
	out    layers.Sequential // [N pairs·H] -> [N classes]
}

func newOrderHead(rng *tensor.RNG, o *orders, width, hidden int, dropout float32) *orderHead {
	h := &orderHead{things: o.things, pair: plainNorm("pair", rng, 2*width, hidden)}
	if dropout > 0 {
		h.out = layers.Sequential{{Name: "dropout", Module: layers.Dropout(dropout)}}
	}
	pairs := o.things * (o.things - 1) / 2
	h.out = append(h.out, layers.Child{Name: "fc", Module: layers.NewLinear(rng, pairs*hidden, len(o.answers), layers.LinearOptions{})})
	return h
}

// Visit names the layer of pairs and the last one.
func (h *orderHead) Visit(prefix string, f func(layers.Param)) {
	h.pair.Visit(prefix, f)
	h.out.Visit(prefix, f)
}

// forward returns logits [N classes] of embeddings z [R D], of which rows dealt[n·K:] are the things of deal n as they lie. The first of a pair lies
// before the second.
func (h *orderHead) forward(z *autograd.Var, dealt []int32) *autograd.Var {
	defer z.Tape().Enter("head")()
	k, n := h.things, len(dealt)/h.things
	place := make([]*autograd.Var, k)
	for p := range place {
		rows := make([]int32, n)
		for i := range rows {
			rows[i] = dealt[i*k+p]
		}
		place[p] = autograd.Gather(z, rows)
	}
	var pairs []*autograd.Var
	for a := range k {
		for b := a + 1; b < k; b++ {
			pairs = append(pairs, autograd.Concat(1, place[a], place[b]))
		}
	}
	y := h.pair.Forward(autograd.Concat(0, pairs...))
	said := make([]*autograd.Var, len(pairs))
	for p := range said {
		said[p] = autograd.Slice(y, 0, p*n, n, 1)
	}
	return h.out.Forward(autograd.Concat(1, said...))
}

// clipBatch is a batch of clips: the frames of sample i are rows i·R to (i+1)·R-1 of X.
type clipBatch struct {
	X      *tensor.Tensor // [N·R S S 3]
	T      []int32        // [N·R], the frames' numbers
	Dealt  []int32        // rows of X: the frames of each clip, or the things of each deal, one after the other
	Labels []int32
}

// clipViews are how tasks of clips see frames: as large as the trunk wants them, cut out of frames that are larger.
type clipViews struct {
	*data.Films
	side  int
	still bool // without randomness but for what is hidden
}

// clipViews returns the views of a task's films, frames whose shorter side is so long.
func (s Setup) clipViews(task string, in data.Inputs, augment bool, short int) (*clipViews, error) {
	side := s.Side
	s.Plain = data.View{Frame: data.ShortSide(max(side, short))}
	films, err := s.Films(task, in, false)
	return &clipViews{films, side, !augment}, err
}

// aroundSide is the shorter side of frames of which a square is seen, anywhere in them: 128 for squares of 112, as in Xu et al. 2019.
func aroundSide(side int) int { return side * 8 / 7 }

// newBatch returns a batch of n samples of so many frames, deals and labels each.
func (v *clipViews) newBatch(n, frames, dealt, labels int) *clipBatch {
	return &clipBatch{tensor.New(n*frames, v.side, v.side, 3), make([]int32, n*frames), make([]int32, n*dealt), make([]int32, n*labels)}
}

// square draws which square of a frame is seen, and whether mirrored; the middle where nothing is random.
func (v *clipViews) square(im *data.Image, rng *tensor.RNG) glimpse {
	g := glimpse{Top: (im.H - v.side) / 2, Left: (im.W - v.side) / 2, Side: v.side, Channel: -1}
	if !v.still {
		g.Top, g.Left, g.Mirror = rng.IntN(im.H-v.side+1), rng.IntN(im.W-v.side+1), rng.Bool(0.5)
	}
	return g
}

// put writes a frame as it is seen to a row of a batch.
func (v *clipViews) put(b *clipBatch, row int, im *data.Image, frame int, g glimpse) {
	size := v.side * v.side * 3
	g.of(b.X.Data[row*size:][:size], im, v.Norm)
	b.T[row] = int32(frame)
}

// picture returns a row of a batch as a person sees it.
func (v *clipViews) picture(b *clipBatch, row int) []uint8 {
	return v.Norm.ToImage(b.X.Rows(row, row+1).Data, v.side, v.side).Pix
}

// glimpse is a square of a frame, as it is shown.
type glimpse struct {
	Top, Left, Side int
	Mirror          bool
	Channel         int // which of red, green and blue all three show; -1: each its own
	Shrunk          int // the side to which it is made smaller and back; 0: it stays
}

// of writes what of im the trunk sees to dst, [Side Side 3].
func (g glimpse) of(dst []float32, im *data.Image, norm data.Norm) {
	out := data.Crop(im, g.Top, g.Left, g.Side, g.Side)
	if g.Shrunk > 0 && g.Shrunk < g.Side {
		out = data.ResizeTo(data.ResizeTo(out, g.Shrunk, g.Shrunk), g.Side, g.Side)
	}
	for y := range g.Side {
		row := out.Pix[y*g.Side*3:][:g.Side*3]
		for a, b := 0, g.Side-1; g.Mirror && a < b; a, b = a+1, b-1 {
			for c := range 3 {
				row[3*a+c], row[3*b+c] = row[3*b+c], row[3*a+c]
			}
		}
		for x := 0; g.Channel >= 0 && x < len(row); x += 3 {
			v := row[x+g.Channel]
			row[x], row[x+1], row[x+2] = v, v, v
		}
	}
	norm.Normalize(dst, out)
}

// busiest returns where in frames of a film, all of one size, most changes from each to the next: the upper left corner of a window of h by w pixels.
// Where several are equal it is the one nearest to the middle.
func busiest(ims []*data.Image, h, w int) (top, left int) {
	H, W := ims[0].H, ims[0].W
	sums := make([]int64, (H+1)*(W+1)) // of what changes above and left of each pixel
	for y := range H {
		row := int64(0)
		for x := range W {
			for k := 1; k < len(ims); k++ {
				for c := range 3 {
					d := int64(ims[k].Pix[(y*W+x)*3+c]) - int64(ims[k-1].Pix[(y*W+x)*3+c])
					row += max(d, -d)
				}
			}
			sums[(y+1)*(W+1)+x+1] = sums[y*(W+1)+x+1] + row
		}
	}
	best, far := int64(-1), 0
	for y := 0; y+h <= H; y++ {
		for x := 0; x+w <= W; x++ {
			v := sums[(y+h)*(W+1)+x+w] - sums[y*(W+1)+x+w] - sums[(y+h)*(W+1)+x] + sums[y*(W+1)+x]
			dy, dx := 2*y+h-H, 2*x+w-W
			if d := dy*dy + dx*dx; v > best || v == best && d < far {
				best, far, top, left = v, d, y, x
			}
		}
	}
	return top, left
}

// mostShown is how many frames of a clip are drawn.
const mostShown = 6

// sheet draws clips, a row each, by frames of theirs; below what the net said of a clip, which is framed green where that is right.
func (v *clipViews) sheet(b *clipBatch, frames int, head string, said func(clip int) (text string, right bool)) canvas.Sheet {
	shown := min(frames, mostShown)
	g := filmGrid(shown, 1)
	clips := len(b.Dealt) / frames
	s := g.Sheet(shown * clips)
	filmHead(s, g, head, "green: the net is right")
	for c := range clips {
		text, right := said(c)
		for k := range shown {
			x, y := g.At(c*shown + k)
			s.Frame(x-3, y-3, filmCell+6, filmCell+6, right)
			s.Fit(x, y, filmCell, filmCell, v.picture(b, int(b.Dealt[c*frames+(2*k+1)*frames/(2*shown)])), v.side, v.side)
			if k == 0 {
				s.Text(x, y+filmCell+5, shown*(filmCell+g.Gap), text, canvas.Ink)
			}
		}
	}
	return s
}

// filmGrid lays out a row of so many frames a sample, each with lines of text below, under a head of two lines.
func filmGrid(cols, lines int) canvas.Grid {
	return canvas.Grid{Cols: cols, CellW: filmCell, CellH: filmCell + lines*canvas.TextHeight + 6, Gap: 10, Head: 2*canvas.TextHeight + 6}
}

const filmCell = 104

// filmHead writes two lines over a drawing of films.
func filmHead(sheet canvas.Sheet, g canvas.Grid, one, two string) {
	x, _ := g.At(0)
	w, _ := g.Size(1)
	w -= x
	sheet.Text(x, 8, w, one, canvas.Ink)
	sheet.Text(x, 8+canvas.TextHeight, w, two, canvas.Ink)
}
