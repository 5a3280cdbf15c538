package pretext

import (
	"fmt"
	"image"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// VideoInpaint hides a part of a clip, and has it painted from what is left: the frame in the middle; a block of space and time (Pathak et al. 2016
// have such blocks in pictures); or the frame that comes next (Mathieu, Couprie, LeCun, "Deep multi-scale video prediction beyond mean square
// error", ICLR 2016).
//
// Sampling: frames of a clip lie Apart, less in films that are too short for it, where much moves. A frame that is hidden is not shown at all. A
// block covers a quarter to a half of each side, in one to all of the frames between the first and the last; there the clip has the data's mean
// colour.
//
// Shortcut: where nothing moves, the frame before is the answer, and where what moves is small against its way, a line through the frames on both
// sides, pixel by pixel, is nearly it. Both are measured beside the net, on the same clips: copy is the nearest frame before what is hidden, linear is
// the line through the nearest two, which for the next frame goes on beyond them.
//
// Head: the features of the frames side by side, then Autoencoder's decoder, which paints everything: features of an eighth of a frame's
// sides do not know each pixel, as a copy does, and where little moves such a net stays far behind. Residual is for painting well: maps that
// the decoder makes and the frames that are shown go through two convolutions, and what comes out is added to the better simple predictor
// (linear, or copy for the next frame).
//
// Loss: the mean squared error of values in [-1, 1] of what was hidden, or the mean absolute one, to which clips where little moves count
// more. Metrics: peak signal to noise ratio and structural similarity of what was hidden, means over clips; beside them copy, linear, and
// the mean colour of what is shown, which looks at nothing. The net is seen against the mean colour, and with Residual against what it adds to.
type VideoInpaint struct {
	Hide       string // middle, block or next; "" means middle
	Frames     int    // of a clip that are shown, of a block all of it; 0 means 2, 5 and 3
	Apart      int    // frames of the film from one to the next; 0 means 4
	L1         bool   // the absolute error instead of the squared one
	Residual   bool   // paint what is to be added to the better simple predictor, with a look at the shown frames' pixels
	Motion     string // where clips are drawn; "" means flow
	Bottleneck int    // as Autoencoder's; 0 means none
	Width      int    // as Autoencoder's
}

// What is hidden of a clip, and how many frames are then shown.
var videoHides = map[string]int{"middle": 2, "block": 5, "next": 3}

var videoInpaintAbout = About{
	Line: "paint a hidden part of a clip: the middle frame, a block, or the next frame (Mathieu et al. 2016)",
	Of:   "films", Hidden: "a frame, or a block of space and time",
	Trivial:  "mean colour",
	Shortcut: "copying what stands still, which is why clips are drawn where something moves",
	Options: []spec.Option{
		{Name: "hide", Default: "middle", About: "middle: the frame between others; block: a block of space and time; next: the frame behind others"},
		{Name: "frames", About: "of a clip that are shown; if not given 2 (middle; even), 5 (block), 3 (next)"},
		{Name: "apart", Default: "4", About: "frames of the film from one of a clip to the next, at most; less in short films"},
		{Name: "loss", Default: "l2", About: "squared (l2) or absolute (l1) error"},
		{Name: "residual", Default: "no", About: "yes: paint what is to be added to linear interpolation, or to the last frame; paints better"},
		motionOption,
		{Name: "bottleneck", Default: "0", About: "values of a clip's code; 0: the decoder sees the features as they are"},
		autoencoderOptions[1],
	},
	Defences: []Defence{{"motion", "motion=none", "clips in which nothing moves, where a copy is right"}},
	Config: func(c *train.Config) {
		paintsWithAdam(c)
		c.BatchSize = 32
	},
	make: func(v Values) Task {
		t := VideoInpaint{Hide: v.One("hide", "middle", "block", "next"), Apart: v.Int("apart", 1, 100000), L1: v.One("loss", "l2", "l1") == "l1",
			Residual: v.Bool("residual"), Motion: v.One("motion", motions...), Bottleneck: v.Int("bottleneck", 0, 1<<16), Width: v.Int("width", 1, 1<<12)}
		if v.Given("frames") {
			t.Frames = v.Int("frames", 1, maxShown)
		}
		if why := t.unfit(); why != "" {
			v.Fail("%s", why)
		}
		return t
	},
	of: func(a About, v Values) About {
		a.Trivial, _ = VideoInpaint{Hide: v.One("hide", "middle", "block", "next"), Residual: v.Bool("residual")}.beside()
		return a
	},
}

// maxShown is how many frames of a clip a net is shown at most.
const maxShown = 32

// unfit says why a clip of so many frames does not do; nothing where it does.
func (t VideoInpaint) unfit() string {
	switch {
	case t.Hide == "middle" && t.Frames%2 == 1:
		return fmt.Sprintf("option frames=%d: a frame in the middle has as many before it as behind: want an even number", t.Frames)
	case t.Hide == "block" && t.Frames != 0 && t.Frames < 3:
		return fmt.Sprintf("option frames=%d: a block lies between the first frame and the last: want 3 at least", t.Frames)
	}
	return ""
}

// Learner returns a trunk with a head that paints.
func (t VideoInpaint) Learner(s Setup) (train.Learner, error) {
	if t.Hide == "" {
		t.Hide = "middle"
	}
	usual(&t.Frames, videoHides[t.Hide])
	usual(&t.Apart, 4)
	usual(&t.Width, usualDecoderWidth)
	if t.Motion == "" {
		t.Motion = motions[0]
	}
	why := t.unfit()
	switch {
	case videoHides[t.Hide] == 0:
		why = fmt.Sprintf("hide=%q: want middle, block or next", t.Hide)
	case s.Side < metric.SSIMWindow:
		why = fmt.Sprintf("frames of %d pixels are smaller than the window of structural similarity, %d", s.Side, metric.SSIMWindow)
	}
	if why != "" {
		return nil, fmt.Errorf("task video-inpaint: %s", why)
	}
	l := &videoInpaint{task: t, setup: s, length: t.Frames + 1, painted: 1}
	switch t.Hide {
	case "middle":
		l.first = t.Frames / 2
	case "next":
		l.first = t.Frames
	case "block":
		l.length, l.first, l.painted = t.Frames, 1, t.Frames-2
	}
	shape, err := clipFeatures(s.Trunk, t.Frames, s.Side)
	if err != nil {
		return nil, fmt.Errorf("task video-inpaint: %w", err)
	}
	how := decoder{Bottleneck: t.Bottleneck, Width: t.Width, Out: 3 * l.painted}
	if t.Residual {
		how.Out = refineMaps
		l.refine = refinement(s.RNG, refineMaps+3*(t.Frames+l.painted), 3*l.painted)
	}
	l.head = how.module(s.RNG, shape[3], shape[1], s.Side)
	l.scale, l.shift = signed(s.Norm)
	return l, nil
}

type videoInpaint struct {
	task         VideoInpaint // everything filled in
	setup        Setup
	head         layers.Module
	refine       layers.Sequential // of Residual: what looks at the decoder's maps and the frames; else nil
	length       int               // of a clip, in frames
	first        int               // of the frames that are painted
	painted      int               // frames that are painted
	scale, shift [3]float32        // a normalised pixel times scale plus shift is in [-1, 1]
}

// What a decoder hands on where it does not paint itself, and the channels between the two convolutions that do.
const (
	refineMaps  = 16
	refineWidth = 32
)

// refinement paints what is to be added to a simple predictor: [N S S C] -> [N S S P]. At first that is nothing.
func refinement(rng *tensor.RNG, channels, painted int) layers.Sequential {
	last := convolution(rng, refineWidth, painted, 3, 1, 1)
	clear(last.W.Data)
	return append(named(nil, "refine", convolution(rng, channels, refineWidth, 3, 1, 1), layers.NewBatchNormReLU(refineWidth)), layers.Child{Name: "paint", Module: last})
}

// whole tells whether whole frames are hidden, and so not shown.
func (l *videoInpaint) whole() bool { return l.task.Hide != "block" }

func (l *videoInpaint) Visit(prefix string, f func(layers.Param)) {
	layers.Parts{{Name: "trunk", Stateful: l.setup.Trunk}, {Name: "head", Stateful: l.head}, {Name: "refine", Stateful: l.refine}}.Visit(prefix, f)
}

func (l *videoInpaint) Groups() []train.Group { return train.One(l) }

func (l *videoInpaint) Metrics() []metric.Metric {
	by, versus := l.task.beside()
	out := []metric.Metric{metric.Loss()}
	for _, m := range [2]metric.Metric{{Name: "psnr", Unit: "dB", Higher: true}, {Name: "ssim", Higher: true}} {
		headed := m
		headed.Predictor, headed.Versus = by, m.Name+versus
		out = append(out, headed)
		for _, simple := range likenesses[likeLinear:] {
			out = append(out, metric.Metric{Name: m.Name + simple, Unit: m.Unit, Higher: true})
		}
	}
	return out
}

// beside returns what the net is seen against, and what stands behind the metrics' names for it.
func (t VideoInpaint) beside() (by, versus string) {
	switch {
	case !t.Residual:
		return "mean colour", likenesses[likeMean]
	case t.Hide == "next":
		return "the last frame, copied", likenesses[likeCopy]
	}
	return "linear interpolation", likenesses[likeLinear]
}

// clipFeatures returns the shape of the features of a clip of so many frames of side by side pixels, [1 H W C], or says that the trunk does
// not take them.
func clipFeatures(trunk *layers.Trunk, frames, side int) (shape []int, err error) {
	if err = autograd.Try(func() {
		shape = besideEachOther(trunk, autograd.NewInference().Input(tensor.New(1, frames, side, side, 3))).Shape()
	}); err != nil {
		return nil, fmt.Errorf("the trunk does not take %d frames of %d pixels: %w", frames, side, err)
	}
	return shape, nil
}

// besideEachOther returns the features of clips [N T S S 3], those of all times side by side in each place: [N H W T'·C]. A trunk of
// pictures has features of every frame, one of clips fewer, each of several.
func besideEachOther(trunk *layers.Trunk, x *autograd.Var) *autograd.Var {
	z := autograd.Permute(within("trunk", trunk, x), 0, 2, 3, 1, 4)
	s := z.Shape()
	return autograd.Reshape(z, s[0], s[1], s[2], s[3]*s[4])
}

func (l *videoInpaint) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Clips.Len(), m, o, l.step), nil
}

// forward paints what is hidden of a batch, [N S S 3P] in [-1, 1], or a little beyond where it is added to something.
func (l *videoInpaint) forward(t *autograd.Tape, b *inpainted) *autograd.Var {
	x := t.Input(b.X)
	made := within("head", l.head, besideEachOther(l.setup.Trunk, x))
	if !l.task.Residual {
		return made
	}
	s, simple := b.X.Shape, t.Input(l.simple(b))
	frames := autograd.Reshape(autograd.Permute(x, 0, 2, 3, 1, 4), s[0], s[2], s[3], s[1]*s[4])
	return autograd.Add(simple, within("refine", l.refine, autograd.Concat(3, made, frames, simple)))
}

// simple returns the simple predictor that the net is compared with.
func (l *videoInpaint) simple(b *inpainted) *tensor.Tensor {
	if l.task.Hide == "next" {
		return b.Copy
	}
	return b.Linear
}

func (l *videoInpaint) step(s train.Step, b *inpainted) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		made := l.forward(t, b)
		l.tell(s, b, made.Value)
		o := autograd.LossOptions{Weight: b.Hidden}
		if l.task.L1 {
			return autograd.L1(made, b.Want, o)
		}
		return autograd.L2(made, b.Want, o)
	})
}

// tell tells how well what was hidden was painted, and by the simple predictors.
func (l *videoInpaint) tell(s train.Step, b *inpainted, made *tensor.Tensor) {
	b.measure(made)
	for k, name := range likenesses {
		var db, similar, n, places float64
		for _, c := range b.clips {
			if c.values == 0 {
				continue // a broken sample that nothing stands in for
			}
			db, n = db+psnr(c.like[k].squares, c.values), n+1
			if c.places > 0 {
				similar, places = similar+c.like[k].ssim, places+1
			}
		}
		s.Metric("psnr"+name, db, n)
		s.Metric("ssim"+name, similar, places)
	}
}

// Draw shows, a row a clip, the frames that the net saw, and of the frame that was hidden, or the middle one of those that a block hides a part
// of, the truth, what was painted, the simple predictors, and how far what was painted lies from the truth, grey where not at all. Below stand
// the ratios of all that was hidden.
func (l *videoInpaint) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	made := l.forward(autograd.NewInference(), b).Value
	b.measure(made)
	s, shown := l.setup.Side, l.task.Frames
	size, zoom := s*s*3, max(1, 96/s)
	titles := []string{"the frame", "painted", "linear", "copy", "painted - frame"}
	grid := canvas.Grid{Cols: shown + len(titles), CellW: s * zoom, CellH: s*zoom + canvas.TextHeight, Gap: 8, Head: canvas.TextHeight + 4}
	page := grid.Sheet(grid.Cols * len(index))
	cell := func(row, col int, pix []uint8, below string) {
		x, y := grid.At(row*grid.Cols + col)
		page.Picture(x, y, zoom, pix, s, s)
		page.Text(x, y+s*zoom+1, grid.CellW, below, canvas.Ink)
	}
	for k := range grid.Cols {
		title := "saw"
		if k >= shown {
			title = titles[k-shown]
		}
		x, y := grid.At(k)
		page.Text(x, y-canvas.TextHeight-4, grid.CellW, title, canvas.Ink)
	}
	for row, c := range b.clips {
		for k := range shown {
			cell(row, k, l.setup.Norm.ToImage(b.X.Data[(row*shown+k)*size:][:size], s, s).Pix, fmt.Sprint("frame ", c.shown(k)))
		}
		at := func(x *tensor.Tensor) []float32 {
			return frameOf(b.composed(row, x.Rows(row, row+1).Data), c.shows, l.painted)
		}
		truth, painted := at(b.Want), at(made)
		off := make([]float32, size)
		for k := range off {
			off[k] = painted[k] - truth[k]
		}
		for k, v := range [][]float32{truth, painted, at(b.Linear), at(b.Copy), off} {
			below := ""
			switch {
			case k == 0:
				below = fmt.Sprint("frame ", c.frames[l.first+c.shows])
			case k < 4:
				below = fmt.Sprintf("%.1f dB", psnr(c.like[k-1].squares, c.values))
			}
			cell(row, shown+k, levels(v), below)
		}
	}
	return page, nil
}

// measure sets how like what was hidden the painting is, clip by clip.
func (b *inpainted) measure(made *tensor.Tensor) {
	parallel.For(len(b.clips), func(row int) {
		if c := &b.clips[row]; c.values > 0 {
			c.like[likePainted] = b.likeness(row, made.Rows(row, row+1).Data)
		}
	})
}
