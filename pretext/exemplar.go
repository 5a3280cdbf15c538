package pretext

import (
	"fmt"
	"image"
	"sort"
	"sync/atomic"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Exemplar hides which patch of which picture a view was made of (Dosovitskiy, Springenberg, Riedmiller, Brox, "Discriminative
// unsupervised feature learning with convolutional neural networks", NIPS 2014; with Fischer, TPAMI 2016).
//
// Sampling (section 2.1): a surrogate class is one patch of one picture, its exemplar, and all that transformations make of it. The patch
// has a drawn size and lies where the picture has gradients: at a place with probability in proportion to their mean square in it. A view is
// the patch moved by up to 0.2 of its side, its side multiplied by 1/1.4 to 1.4, turned by up to 20 degrees; then its pixels' projections on
// the principal components of all pixels multiplied by 0.5 to 2, each by its own factor; then saturation and value raised to a power of 0.25
// to 4, multiplied by 1/1.4 to 1.4, up to 0.1 added; and up to 0.1 of a turn added to the hue. These are the paper's ranges as independent
// programs have them, but for the least factor, 0.7 there. How they are distributed is a choice here: factors and powers are as likely above 1
// as below (uniform in their logarithms), everything else is uniform. The paper makes some 150 views of a patch beforehand; here each view
// is new, unless a number is given.
//
// Shortcuts: the colours of a patch (contrast and colour change; match_by_colour says what is left), its place and outline (it is moved,
// enlarged and turned; outside the picture it is mirrored). What no transformation changes gives a class away and cannot be taken from
// it: the camera's noise, compression. Patches of two pictures that look alike are two classes all the same, the more often the more classes
// there are: the paper is best with some 8,000 patches.
//
// Head and loss: softmax is the paper's, a hidden layer and a logit for each class, cross-entropy; it knows only the pictures that it
// began with, and grows with them. Triplet grows with nothing (Doersch, Zisserman, ICCV 2017; Kolesnikov, Zhai, Beyer, CVPR 2019): an
// embedding of unit length; for each two views of a patch the mean of max(0, d(view, other view) - d(view, another's) + margin), d the
// squared distance, the other patch's view being the nearest of those that are further than the own one, or if none is, the furthest
// (Schroff et al. 2015, semi-hard). The code that Kolesnikov et al. released normalises each value over the batch, not each embedding; that
// is not followed.
//
// Metrics: a picture that is not trained on has no class. What can be asked of all is match: how often, among the first view of each patch
// of a batch, the one that is nearest to another's second view is of the same patch, and the other way round, by the cosine of what the
// head's last layer sees; against chance, one in the batch. loss_match is the cross-entropy of that choice, by cosines times ten. accuracy
// is that of the classes, on views that were not trained on yet (unless their number is given), and told while training alone, as the loss
// over classes is. What is looked at without training is never asked for its class, even if it has one. match depends on the batch's size:
// compare equal ones.
//
// The zero value cannot be trained: New("exemplar") returns one that can. The views are the task, so it is looked at with the same ones as
// it is trained with.
type Exemplar struct {
	Loss        string  // softmax or triplet
	Classes     int     // how many; 0 means a patch of each picture, for softmax of at most 8000; more than pictures: several patches of one
	Views       int     // of a class in a batch, at least 2
	Kept        int     // views of a class that there are; 0 means that each is new
	Hidden      int     // width of the layer below the classes, or of the embedding; 0 means the trunk's features, pooled
	Dropout     float32 // before the classes
	Margin      float32 // of triplet
	Least, Most float32 // side of a patch, of the picture's shorter one
	Changes     ViewChanges
}

// ViewChanges are how far the views of an exemplar are from it at most.
type ViewChanges struct {
	Translation float32 // of the patch's side
	Scale       float32 // factor of the patch's side, at least 1
	Rotation    float32 // degrees
	Contrast    float32 // factor of each principal component, at least 1
	Power       float32 // of saturation and value, at least 1
	Factor      float32 // of saturation and value, at least 1
	Offset      float32 // of saturation and value
	Hue         float32 // of a turn
}

// mostClasses is how many there are unless somebody says so: the paper is best with about as many.
const mostClasses = 8000

var exemplarAbout = About{
	Line: "predict which patch a view was made of, each patch being a class (Dosovitskiy et al. 2014)",
	Of:   "pictures", Hidden: "which patch a view was made of",
	Trivial:  "chance: one in the batch",
	Shortcut: "colours and places, which every view changes",
	Options: []spec.Option{
		{Name: "loss", Default: "softmax", About: "softmax over all classes, or triplet of a batch's"},
		{Name: "classes", Default: "0", About: "how many patches; 0: one of each picture, for softmax of at most 8000"},
		{Name: "views", Default: "2", About: "of a class in a batch"},
		{Name: "kept", Default: "0", About: "views that there are of a class (paper: 150); 0: each is new"},
		{Name: "hidden", Default: "512", About: "width of the layer below the classes, or of the embedding; 0: the pooled features"},
		{Name: "dropout", Default: "0", About: "before the classes"},
		{Name: "margin", Default: "0.5", About: "of triplet"},
		{Name: "least", Default: "0.5", About: "smallest side of a patch, of the picture's shorter side"},
		{Name: "most", Default: "0.9", About: "largest side of a patch, of the picture's shorter side"},
		{Name: "translation", Default: "0.2", About: "how far a view is moved, of the patch's side"},
		{Name: "scale", Default: "1.4", About: "the patch's side is multiplied by 1/1.4 to 1.4"},
		{Name: "rotation", Default: "20", About: "degrees"},
		{Name: "contrast", Default: "2", About: "each principal component is multiplied by 1/2 to 2"},
		{Name: "power", Default: "4", About: "saturation and value are raised to 1/4 to 4"},
		{Name: "factor", Default: "1.4", About: "saturation and value are multiplied by 1/1.4 to 1.4"},
		{Name: "offset", Default: "0.1", About: "added to saturation and value"},
		{Name: "hue", Default: "0.1", About: "added to the hue, of a turn"},
	},
	OwnViews: true,
	make: func(v *spec.Values) Task {
		part := func(name string, low, high float64) float32 { return float32(v.Float(name, low, high)) }
		e := Exemplar{
			Loss: v.One("loss", "softmax", "triplet"), Classes: v.Int("classes", 0, 1<<22), Views: v.Int("views", 2, 64), Kept: v.Int("kept", 0, 1<<20),
			Hidden: v.Int("hidden", 0, 1<<16), Dropout: part("dropout", 0, 0.95), Margin: part("margin", 0, 4),
			Least: part("least", 0.05, 1), Most: part("most", 0.05, 1),
			Changes: ViewChanges{Translation: part("translation", 0, 1), Scale: part("scale", 1, 4), Rotation: part("rotation", 0, 180),
				Contrast: part("contrast", 1, 16), Power: part("power", 1, 16), Factor: part("factor", 1, 16), Offset: part("offset", 0, 1), Hue: part("hue", 0, 0.5)},
		}
		if e.Least > e.Most {
			v.Fail("patches from least=%g to most=%g of a picture: want least not above most", e.Least, e.Most)
		}
		if e.Loss == "triplet" && e.Dropout > 0 {
			v.Fail("option dropout stands before the classes; loss=triplet has none")
		}
		if e.Loss == "softmax" && v.Given("margin") {
			v.Fail("option margin is of loss=triplet")
		}
		return e
	},
}

// check refuses what New does not make.
func (e Exemplar) check() error {
	c := e.Changes
	if e.Loss != "softmax" && e.Loss != "triplet" || e.Views < 2 || e.Classes < 0 || !(e.Least > 0) || e.Most < e.Least || e.Most > 1 ||
		min(c.Scale, c.Contrast, c.Power, c.Factor) < 1 {
		return fmt.Errorf("task exemplar of %+v: want Loss softmax or triplet, Views >= 2, 0 < Least <= Most <= 1, and factors of at least 1; "+
			"pretext.New(\"exemplar\") has them", e)
	}
	return nil
}

// Learner returns a tower, which is the trunk with what embeds a view, and, for softmax, a head of as many classes as the inputs make.
func (e Exemplar) Learner(s Setup) (train.Learner, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	if err := takes(s.Trunk, &s.Side, false); err != nil {
		return nil, fmt.Errorf("task exemplar: %w", err)
	}
	l := &exemplar{task: e, setup: s, seed: s.RNG.Derive(stream.Exemplar).Uint64()}
	if err := l.learnFrom(s); err != nil {
		return nil, err
	}
	l.pictures = int(l.known.Data[0])
	if l.task.Classes == 0 {
		l.task.Classes = l.pictures
		if e.Loss == "softmax" {
			l.task.Classes = min(l.pictures, mostClasses)
		}
	}
	if l.task.Classes < l.pictures {
		l.chosen = tensor.NewRNG(l.seed).Perm(l.pictures)[:l.task.Classes]
		sort.Ints(l.chosen)
	}
	width := s.Trunk.Channels()
	l.embed = layers.Sequential{{Name: "pool", Module: layers.Pool}}
	if e.Hidden > 0 && e.Loss == "softmax" {
		l.embed = append(l.embed, plainNorm("hidden", s.RNG, width, e.Hidden)...)
		width = e.Hidden
	} else if e.Hidden > 0 {
		l.embed = append(l.embed, layers.Child{Name: "fc", Module: layers.NewLinear(s.RNG, width, e.Hidden, layers.LinearOptions{})})
	}
	if e.Loss == "softmax" {
		if e.Dropout > 0 {
			l.head = append(l.head, layers.Child{Name: "dropout", Module: layers.Dropout(e.Dropout)})
		}
		l.head = append(l.head, layers.Child{Name: "fc", Module: layers.NewLinear(s.RNG, width, l.task.Classes, layers.LinearOptions{})})
	}
	return l, nil
}

// learnFrom sets what must be known of the data: of that which will be learned from, or as a loaded run keeps it.
func (l *exemplar) learnFrom(s Setup) error {
	l.known = tensor.New(1 + colourValues)
	if kept := s.kept("known"); s.Inputs.Images == nil && kept != nil && kept.Len() == l.known.Len() {
		copy(l.known.Data, kept.Data)
		l.colours.set(kept.Data[1:])
		return nil
	}
	images, err := wantImages("exemplar", s.Inputs)
	if err != nil {
		return err
	}
	if l.known.Data[0] = float32(images.Len()); l.task.Changes.Contrast > 1 {
		if l.colours, err = principalColours(images); err != nil {
			return fmt.Errorf("task exemplar: %w", err)
		}
	}
	l.colours.get(l.known.Data[1:])
	return nil
}

type exemplar struct {
	task        Exemplar // with Classes filled in
	setup       Setup
	pictures    int    // that are trained on
	chosen      []int  // of which there are classes; nil for all
	seed        uint64 // of the patches' places
	colours     colourAxes
	known       *tensor.Tensor    // [1 + colourValues]: pictures and colours, for a run that is loaded without its data
	embed, head layers.Sequential // no head for triplet
	table       square
}

func (l *exemplar) Visit(prefix string, f func(layers.Param)) {
	layers.Parts{{Name: "trunk", Stateful: l.setup.Trunk}, {Name: "embed", Stateful: l.embed}, {Name: "head", Stateful: l.head},
		{Name: "known", Stateful: layers.Value{Kind: layers.Setting, Value: l.known}}}.Visit(prefix, f)
}

func (l *exemplar) Groups() []train.Group { return train.One(l) }

func (l *exemplar) Metrics() []metric.Metric {
	loss := metric.Loss()
	match := []metric.Metric{
		{Name: "match", Unit: metric.Percent, Higher: true, Predictor: "chance", Versus: "chance"},
		{Name: "match_by_colour", Unit: metric.Percent, Higher: true},
		{Name: "chance", Unit: metric.Percent},
		{Name: "loss_match"}}
	if l.task.Loss == "triplet" {
		return append([]metric.Metric{loss}, match...)
	}
	accuracy := metric.Accuracy(l.task.Classes)
	loss.OnlyTrained, accuracy.OnlyTrained = true, true
	return append(append([]metric.Metric{loss}, match...), accuracy)
}

// exemplars is a batch: row v·N + i of X is view v of patch i.
type exemplars struct {
	X       *tensor.Tensor // [V·N S S 3]
	Labels  []int32        // [V·N], the classes; nil where there are none
	Patches []place        // [N], where they lie in their pictures
	colour  [2][]float32   // [N 3], the mean of the first two views
}

// exemplarMaker makes views.
type exemplarMaker struct {
	*exemplar
	trains bool
	images *data.Pictures
	places []atomic.Pointer[place] // of each patch that was looked for already
}

// maker returns what makes views of inputs: of the classes, or, where nothing is trained, of a patch of each picture.
func (l *exemplar) maker(in data.Inputs, trains bool) (*exemplarMaker, error) {
	images, err := wantImages("exemplar", in)
	if err != nil {
		return nil, err
	}
	m := &exemplarMaker{exemplar: l, trains: trains}
	n := images.Len()
	if trains {
		if n != l.pictures {
			return nil, fmt.Errorf("task exemplar: the classes are patches of %d pictures; these are %d", l.pictures, n)
		}
		n = l.task.Classes
	}
	m.places = make([]atomic.Pointer[place], n)
	largest := int(float32(l.setup.Side)/l.task.Least + 0.5) // the smallest patch has as many pixels as its view
	m.images = data.NewPictures(images, data.View{Frame: atMost(largest)}, l.setup.Norm, l.setup.CacheBytes)
	return m, nil
}

// atMost frames a whole picture, made smaller where its shorter side is above size.
func atMost(size int) data.Framing {
	smaller := data.ShortSide(size)
	return func(h, w int, rng *tensor.RNG) data.Frame {
		if min(h, w) > size {
			return smaller(h, w, rng)
		}
		return data.Frame{H: h, W: w, OutH: h, OutW: w}
	}
}

func (m *exemplarMaker) New(n int) *exemplars {
	s, v := m.setup.Side, m.task.Views
	b := &exemplars{X: tensor.New(v*n, s, s, 3), Patches: make([]place, n)}
	if m.trains && m.head != nil {
		b.Labels = make([]int32, v*n)
	}
	for k := range b.colour {
		b.colour[k] = make([]float32, n*3)
	}
	return b
}

// picture returns of which picture class i is.
func (m *exemplarMaker) picture(i int) int {
	switch {
	case !m.trains:
		return i
	case m.chosen != nil:
		return m.chosen[i]
	}
	return i % m.pictures
}

func (m *exemplarMaker) Fill(b *exemplars, row, i int, rng *tensor.RNG) error {
	im, err := m.images.Image(m.picture(i), nil)
	if err != nil {
		return err
	}
	at := m.place(im, i)
	b.Patches[row] = at
	n, s := len(b.Patches), m.setup.Side
	for v := range m.task.Views {
		if b.Labels != nil {
			b.Labels[v*n+row] = int32(i)
		}
		from := rng
		if m.trains && m.task.Kept > 0 {
			from = tensor.NewRNG(m.seed).Derive(stream.Exemplar, uint64(i), uint64(1+rng.IntN(m.task.Kept)))
		}
		c := m.task.Changes.draw(from)
		dst := b.X.Data[(v*n+row)*s*s*3:][:s*s*3]
		c.cut(dst, s, im, at)
		c.colour(dst, &m.colours)
		if v < len(b.colour) {
			copy(b.colour[v][3*row:], meanColour(dst))
		}
		norm := m.setup.Norm
		for p := range dst {
			dst[p] = (dst[p] - norm.Mean[p%3]) / norm.Std[p%3]
		}
	}
	return nil
}

// meanColour returns the mean of pixels [... 3].
func meanColour(x []float32) []float32 {
	var sum [3]float64
	for p, v := range x {
		sum[p%3] += float64(v)
	}
	out := make([]float32, 3)
	for c := range out {
		out[c] = float32(sum[c] / float64(max(1, len(x)/3)))
	}
	return out
}

// place returns where patch i lies in its picture, always the same.
func (m *exemplarMaker) place(im *data.Image, i int) place {
	if at := m.places[i].Load(); at != nil {
		return *at
	}
	rng := tensor.NewRNG(m.seed).Derive(stream.Exemplar, uint64(i), 0)
	short := float32(min(im.H, im.W))
	side := max(1, int(rng.Uniform(m.task.Least, m.task.Most)*short+0.5))
	at := steepPlace(im, side, rng)
	m.places[i].Store(&at)
	return at
}

// steepPlaces is how many places of a patch are tried along a side, about.
const steepPlaces = 32

// steepPlace draws where a patch of side by side pixels lies in a picture, with probability in proportion to the mean square of the
// gradient of brightness in it; anywhere, in a picture without any.
func steepPlace(im *data.Image, side int, rng *tensor.RNG) place {
	w := im.W + 1
	sums := make([]int64, (im.H+1)*w) // of the squares above and left of each pixel
	grey := make([]int64, im.H*im.W)
	for p := range grey {
		grey[p] = int64(simd.Luma(im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2]))
	}
	for y := range im.H {
		line := int64(0)
		for x := range im.W {
			dx := grey[y*im.W+min(x+1, im.W-1)] - grey[y*im.W+max(x-1, 0)]
			dy := grey[min(y+1, im.H-1)*im.W+x] - grey[max(y-1, 0)*im.W+x]
			line += dx*dx + dy*dy
			sums[(y+1)*w+x+1] = sums[y*w+x+1] + line
		}
	}
	down, right := im.H-side, im.W-side
	stepY, stepX := max(1, down/steepPlaces), max(1, right/steepPlaces)
	walk := func(f func(top, left int, steep float64) bool) {
		for top := 0; top <= down; top += stepY {
			for left := 0; left <= right; left += stepX {
				a, b := top*w+left, (top+side)*w+left
				if f(top, left, float64(sums[b+side]-sums[b]-sums[a+side]+sums[a])) {
					return
				}
			}
		}
	}
	total := 0.0
	walk(func(_, _ int, steep float64) bool { total += steep; return false })
	if total == 0 {
		return place{int32(rng.IntN(down + 1)), int32(rng.IntN(right + 1)), int32(side)}
	}
	left, at := float64(rng.Float32())*total, place{}
	walk(func(y, x int, steep float64) bool {
		if steep > 0 {
			at = place{int32(y), int32(x), int32(side)}
		}
		left -= steep
		return left < 0
	})
	return at
}

func (l *exemplar) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	if augment && o.Whole() < 2 {
		return nil, fmt.Errorf("task exemplar learns from batches of 2 and more: a view is to be told from those of other patches")
	}
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(len(m.places), m, o, l.step), nil
}

// see returns what the head's last layer sees of views: [R S S 3] -> [R D].
func (l *exemplar) see(x *autograd.Var) *autograd.Var {
	return within("embed", l.embed, within("trunk", l.setup.Trunk, x))
}

func (l *exemplar) step(s train.Step, b *exemplars) {
	if l.head != nil && b.Labels == nil { // nothing here has a class
		s.Minimise("loss_match", func(t *autograd.Tape) *autograd.Var { return l.match(s, b, autograd.L2Normalize(l.see(t.Input(b.X)))) })
		return
	}
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		z, n := l.see(t.Input(b.X)), len(b.Patches)
		t.NoGrad(func() {
			s.Metric("loss_match", float64(l.match(s, b, autograd.L2Normalize(z)).Scalar())*float64(n), float64(n))
		})
		if l.head == nil {
			return l.triplets(ofAllShards(autograd.L2Normalize(z), n))
		}
		defer t.Enter("head")()
		logits := l.head.Forward(z)
		s.Metric("accuracy", float64(tensor.CountRight(logits.Value, b.Labels)), float64(len(b.Labels)))
		return autograd.CrossEntropy(logits, b.Labels)
	})
}

// ofAllShards returns unit [V·n D] with the patches of all shards of the batch, view after view, and how many these are.
func ofAllShards(unit *autograd.Var, n int) (*autograd.Var, int) {
	var views []*autograd.Var
	for at := 0; at < unit.Shape()[0]; at += n {
		views = append(views, autograd.Together(autograd.Slice(unit, 0, at, n, 1)))
	}
	return autograd.Concat(0, views...), views[0].Shape()[0]
}

// match tells how often first and second views find each other, and returns the cross-entropy of that, by cosines times matchScale.
func (l *exemplar) match(s train.Step, b *exemplars, unit *autograd.Var) *autograd.Var {
	n := len(b.Patches)
	own := make([]int32, n)
	for i := range own {
		own[i] = int32(i)
	}
	first, second := autograd.Slice(unit, 0, 0, n, 1), autograd.Slice(unit, 0, n, n, 1)
	loss := func(a, b *autograd.Var) *autograd.Var {
		table := autograd.MatMulNT(a, b)
		s.Metric("match", float64(tensor.CountRight(table.Value, own)), float64(n))
		return autograd.CrossEntropy(autograd.Scale(table, matchScale), own)
	}
	for v := range b.colour {
		table := l.table.of(n)
		near(table, b.colour[v], b.colour[1-v])
		s.Metric("match_by_colour", float64(matches(table)), float64(n))
		s.Metric("chance", 1, float64(n))
	}
	return autograd.Scale(autograd.Add(loss(first, second), loss(second, first)), 0.5)
}

const matchScale = 10

// triplets returns the mean of max(0, d(a, p) - d(a, n) + margin) over all ordered pairs (a, p) of views of a patch, n chosen by semiHard.
// unit [V·n D] has rows of length one: d(a, b) = 2 - 2·a·b.
func (l *exemplar) triplets(unit *autograd.Var, n int) *autograd.Var {
	a, p, other := semiHard(unit.Value, n)
	anchor := autograd.Gather(unit, a)
	apart := autograd.SumAxis(autograd.Mul(anchor, autograd.Sub(autograd.Gather(unit, other), autograd.Gather(unit, p))), 1)
	return autograd.Mean(autograd.ReLU(autograd.AddScalar(autograd.Scale(apart, 2), l.task.Margin)))
}

// semiHard returns, for each two views a and p of the same of n patches, in both orders, the view of another patch that is nearest to a of
// those further than p, the first of equals; or the furthest where none is. Rows i and j of unit [V·n D] are of the same patch where i = j
// (mod n). With one patch there are none.
func semiHard(unit *tensor.Tensor, n int) (a, p, other []int32) {
	rows := unit.Dim(0)
	if n < 2 {
		return nil, nil, nil
	}
	table := tensor.New(rows, rows)
	similar(table, unit, unit)
	pairs := rows/n - 1 // of an anchor
	a, p, other = make([]int32, rows*pairs), make([]int32, rows*pairs), make([]int32, rows*pairs)
	parallel.For(rows, func(i int) {
		cosines := table.Data[i*rows:][:rows]
		k := i * pairs
		for j := i % n; j < rows; j += n {
			if j == i {
				continue
			}
			best, far := -1, -1
			for o, c := range cosines {
				if o%n == i%n {
					continue
				}
				if c < cosines[j] && (best < 0 || c > cosines[best]) {
					best = o
				}
				if far < 0 || c < cosines[far] {
					far = o
				}
			}
			if best < 0 {
				best = far
			}
			a[k], p[k], other[k] = int32(i), int32(j), int32(best)
			k++
		}
	})
	return a, p, other
}

const exemplarShown = 3 // views of other patches that Draw shows

// Draw shows a row for each picture: the picture with its patch, two views of it, and the second views of other patches that are
// nearest to the first, nearest first. A bar below is their cosine. The second view's frame is green where no other patch's is as near.
func (l *exemplar) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := gallery(m, index, len(m.places))
	if err != nil {
		return nil, err
	}
	n, s := len(b.Patches), l.setup.Side
	unit := autograd.L2Normalize(l.see(autograd.NewInference().Input(b.X))).Value
	table := tensor.New(n, n)
	similar(table, unit.Rows(0, n), unit.Rows(n, 2*n))
	const side, bar, label = 112, 14, canvas.TextHeight + 4
	g := canvas.Grid{Cols: 3 + exemplarShown, CellW: side, CellH: side + bar + label, Gap: 10, Head: label}
	sheet := g.Sheet(len(index) * g.Cols)
	for col, title := range []string{"picture, patch", "a view", "another view", fmt.Sprintf("nearest views of %d other patches, cosine", n-1)} {
		x, _ := g.At(col)
		sheet.Text(x, 6, max(1, col*exemplarShown-2*exemplarShown)*(g.CellW+g.Gap)-g.Gap, title, canvas.Ink)
	}
	show := func(row, col, view, of int, text string) {
		x, y := g.At(row*g.Cols + col)
		sheet.Text(x, y, g.CellW, text, canvas.Ink)
		sheet.Fit(x, y+label, side, side, l.setup.Norm.ToImage(b.X.Rows(view*n+of, view*n+of+1).Data, s, s).Pix, s, s)
		if view == 1 {
			cosine := float64(max(table.At(row, of), 0))
			sheet.Fill(x, y+label+side+5, side, bar-8, canvas.Quiet)
			sheet.Fill(x, y+label+side+5, int(float64(side)*cosine+0.5), bar-8, canvas.Ink)
		}
	}
	for row, i := range index {
		im, err := m.images.Image(i, nil)
		if err != nil {
			return nil, err
		}
		x, y := g.At(row * g.Cols)
		sheet.Fit(x, y+label, side, side, outlined(im, b.Patches[row:row+1]).Pix, im.H, im.W)
		rank, others := ranked(table.Data[row*n:(row+1)*n], row)
		x, y = g.At(row*g.Cols + 2)
		sheet.Frame(x-3, y+label-3, side+6, side+6, rank == 1)
		show(row, 1, 0, row, "")
		show(row, 2, 1, row, fmt.Sprintf("%.2f: no. %d", table.At(row, row), rank))
		for k, j := range others[:min(exemplarShown, len(others))] {
			show(row, 3+k, 1, j, fmt.Sprintf("%.2f", table.At(row, j)))
		}
	}
	return sheet, nil
}
