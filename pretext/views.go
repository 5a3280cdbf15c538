package pretext

import (
	"fmt"
	"image"
	"math"
	"slices"
	"sort"

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

// Views are how the two views of a picture are made that joint-embedding tasks learn from (SimCLR: Chen et al. 2020, appendix A): each a random part of
// the picture, mirrored half of the time, its colours jittered in random order, sometimes grey, blurred or not. Two parts of a picture share its
// colours, which would give away that they belong together; jitter and grey are against that. Blur is against the camera's noise and sharpness, and is
// left out of small pictures, which have none.
type Views struct {
	MinArea                float64 // smallest part of a picture that is a view
	Jitter                 float64 // how likely the colours are jittered
	Light, Saturation, Hue float64 // by how much at most: brightness and contrast, saturation, hue (of a turn)
	Grey                   float64 // how likely a view is grey
	Blur                   [2]float64
	Solarise               [2]float64 // how likely the first and the second view are blurred, solarised
	Crops                  Crops
}

// Crops are small views beside the two (multi-crop: Caron et al., SwAV, 2020, section 3.2): less of a picture, at a smaller side, so that they cost less
// than a view, and are to be told from what a view shows. Theirs are the views' colours; they are blurred half of the time where views are blurred.
type Crops struct {
	N       int     // of each picture; 0: none
	Part    float64 // their side, of a view's, above 0 and at most 1; a trunk of patches has the next whole ones
	MinArea float64 // smallest part of the picture that is one; the largest is Views.MinArea
}

// blurSide is from which side on views are blurred: below, the kernel, a tenth of the side, would be a few pixels.
const blurSide = 64

// viewOptions are those of tasks whose two views are made alike.
var viewOptions = viewOptionsOf("0.08", "0.8", "auto")

// viewOptionsOf are viewOptions of a task whose paper has other views.
func viewOptionsOf(area, jitter, blur string) []spec.Option {
	return []spec.Option{
		{Name: "area", Default: area, About: "smallest part of the picture's area that is a view"},
		{Name: "jitter", Default: jitter, About: "how likely colours are jittered"},
		{Name: "strength", Default: "0.5", About: "of the jitter: brightness, contrast, saturation by 0.8 of it, hue by 0.2 (ImageNet: 1)"},
		{Name: "grey", Default: "0.2", About: "how likely a view is grey"},
		{Name: "blur", Default: blur, About: "a view half of the time: yes, no, or auto, from 64 pixels on"},
	}
}

// views reads viewOptions; blur may still be auto.
func viewsOf(v Values) (w Views, blur string) {
	s := v.Float("strength", 0, 1.25)
	w = Views{MinArea: v.Float("area", 0.001, 1), Jitter: v.Float("jitter", 0, 1), Light: 0.8 * s, Saturation: 0.8 * s, Hue: 0.2 * s, Grey: v.Float("grey", 0, 1)}
	return w, v.One("blur", "auto", "yes", "no")
}

// cropOptions are those of tasks that may have small views, behind the options of views.
var cropOptions = []spec.Option{
	{Name: "crops", Default: "0", About: "small views of each picture beside the two (papers: 6 to 8)"},
	{Name: "crop", Default: "0.5", About: "their side, as a part of a view's (papers: 96 of 224)"},
	{Name: "crop-area", Default: "0.05", About: "smallest part of the picture's area that is one; the largest is area"},
}

// cropsOf reads cropOptions for views of which the smallest is such a part of a picture.
func cropsOf(v Values, area float64) Crops {
	c := Crops{N: v.Int("crops", 0, 64), Part: v.Float("crop", 0.01, 1), MinArea: v.Float("crop-area", 0.001, 1)}
	if c.N == 0 && (v.Given("crop") || v.Given("crop-area")) {
		v.Fail("options crop and crop-area are of small views, and there are none: crops=0")
	}
	if c.N > 0 && c.MinArea > area {
		v.Fail("small views are from crop-area=%g to area=%g of a picture: want crop-area not above area", c.MinArea, area)
	}
	return c
}

// check refuses what cropsOf does not make.
func (c Crops) check(task string) error {
	if c.N < 0 || c.N > 0 && !(c.Part > 0 && c.Part <= 1 && c.MinArea > 0) {
		return fmt.Errorf("task %s with crops %+v: want N not below 0, Part above 0 and at most 1, MinArea above 0", task, c)
	}
	return nil
}

// blurs says whether views of such a side are blurred.
func blurs(blur string, side int) bool { return blur == "yes" || blur == "auto" && side >= blurSide }

// transforms returns what makes the two views of a whole picture.
func (w Views) transforms(side int) (v [2]data.Transform) {
	for i := range v {
		v[i] = w.transform(side, w.MinArea, 1, w.Blur[i], w.Solarise[i])
	}
	return v
}

// transform returns what makes a view of low to high of a picture, of so many pixels a side, blurred and solarised so often.
func (w Views) transform(side int, low, high, blur, solarise float64) data.Transform {
	ts := []data.Transform{
		data.RandomResizedCrop(side, float32(low), float32(high)), data.RandomHorizontalFlip(0.5),
		data.RandomApply(float32(w.Jitter), data.ColorJitter(float32(w.Light), float32(w.Light), float32(w.Saturation), float32(w.Hue))),
		data.RandomGrayscale(float32(w.Grey))}
	if blur > 0 {
		ts = append(ts, data.RandomApply(float32(blur), data.GaussianBlur(side/10|1, 0.1, 2)))
	}
	if solarise > 0 {
		ts = append(ts, data.Solarize(128, float32(solarise)))
	}
	return data.Compose(ts...)
}

// pairLearner is what learners of two views have in common: their batches, what tells how well views find each other, and the picture.
type pairLearner struct {
	name  string
	setup Setup
	made  Views  // as they are at the run's side
	blur  string // as the task has it; "" of one that says itself which views are blurred
	views [2]data.Transform
	small smallViews
	// shown is how second views are laid before the trunk, where that is not as pictures of the run's side.
	shown *shown
	// said returns what is said of one of the views, and what that is to find, said of the other: [N D] each, for the picture.
	said  func(view, other *autograd.Var) (query, key *autograd.Var)
	table square
	apart string // see train.Feed
}

// square is where matches are looked for: of every sample of a batch with every other, so that a learner has one, and not each batch that is made beforehand.
type square struct{ t *tensor.Tensor }

// of returns a table [N N]; what it was filled with before is lost.
func (s *square) of(n int) *tensor.Tensor {
	if s.t == nil || s.t.Dim(0) != n {
		s.t = tensor.New(n, n)
	}
	return s.t
}

func newPairLearner(name string, s Setup, w Views, blur string) pairLearner {
	l := pairLearner{name: name, setup: s, blur: blur}
	if blurs(blur, s.Side) {
		w.Blur = [2]float64{0.5, 0.5}
	}
	l.made, l.views = w, w.transforms(s.Side)
	return l
}

// smallViews are how small views are made: so many of each picture, of side pixels.
type smallViews struct {
	n, side int
	make    data.Transform
}

// addCrops has small views made beside the two, if there are to be any, of a side that the trunk takes.
func (l *pairLearner) addCrops() error {
	w, c := l.made, l.made.Crops
	if c.N == 0 {
		return nil
	}
	side := l.setup.Trunk.Whole(max(1, int(math.Round(c.Part*float64(l.setup.Side)))))
	if side > l.setup.Side {
		return fmt.Errorf("task %s: small views of %d pixels, the smallest that trunk %s cuts into whole patches, are larger than views of %d", l.name, side, l.setup.Trunk.Name, l.setup.Side)
	}
	if err := takes(l.setup.Trunk, &side, false); err != nil {
		return fmt.Errorf("task %s: its small views (crop=%g of %d pixels): %w", l.name, c.Part, l.setup.Side, err)
	}
	blur := 0.0
	if w.Blur != [2]float64{} {
		blur = 0.5
	}
	l.small = smallViews{c.N, side, w.transform(side, c.MinArea, w.MinArea, blur, 0)}
	return nil
}

// leastSpread is that of projections that are not yet all the same. In runs of 10 updates and more of all methods it is 0.14 and more, but where nets were made
// to collapse (MoCo without momentum at a rate of 3: 0.005).
const leastSpread = 0.05

// Metrics are those that tell says.
//
// match is how often what is said of one view is nearest to what is said of the other view of the same picture, among all of the batch, against
// chance: one in the batch's size, which a net reaches that has learned nothing or has collapsed. match_by_colour is how often the mean colour of the
// views would find it, what the shortcut is worth. spread is how far the projections are apart: √D times their mean deviation, made unit length; 1 is
// evenly over all directions, 0 collapsed. alignment is the mean squared distance of a picture's two views, uniformity the logarithm of the mean of
// exp(-2·d²) over all pairs of pictures, both of unit length (Wang, Isola, ICML 2020): lower is better of both.
func (l *pairLearner) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(),
		{Name: "match", Unit: metric.Percent, Higher: true, Predictor: "chance", Versus: "chance"},
		{Name: "match_by_colour", Unit: metric.Percent, Higher: true},
		{Name: "chance", Unit: metric.Percent},
		{Name: "spread", Higher: true, Over: leastSpread},
		{Name: "alignment", Detail: true}, {Name: "uniformity", Detail: true}}
}

// remembering returns the metrics of a task that finds what it remembers, which it can only of what it is trained on.
func remembering(ms []metric.Metric) []metric.Metric {
	for i := range ms {
		if ms[i].Name == "loss" {
			ms[i].OnlyTrained = true
		}
	}
	return append(ms, metric.Metric{Name: "accuracy", Unit: metric.Percent, Higher: true, OnlyTrained: true})
}

// tell says how well queries find keys: query[v] of view v, of any length, is to find the same row of key[1-v]; z are the projections of both views.
// All are [N D]; a nil query asks nothing.
func (l *pairLearner) tell(s train.Step, b *pairs, z, query, key [2]*tensor.Tensor) {
	n := z[0].Dim(0)
	table, rows := l.table.of(n), float64(n)
	unit := [2]*tensor.Tensor{unitRows(z[0]), unitRows(z[1])}
	for v := range z {
		spread, of := spreadOf(unit[v])
		s.Metric("spread", spread*of, of)
		if query[v] == nil {
			continue
		}
		to := unit[1-v]
		if key[1-v] != z[1-v] {
			to = unitRows(key[1-v])
		}
		similar(table, query[v], to)
		s.Metric("match", float64(matches(table)), rows)
		near(table, b.colour[v], b.colour[1-v])
		s.Metric("match_by_colour", float64(matches(table)), rows)
		s.Metric("chance", 1, rows)
	}
	apart := 0.0
	for k, x := range unit[0].Data {
		d := float64(x - unit[1].Data[k])
		apart += d * d
	}
	s.Metric("alignment", apart, rows)
	if n < 2 {
		return
	}
	sums := make([]float64, n)
	for v := range unit {
		similar(table, unit[v], unit[v])
		parallel.For(n, func(i int) {
			sums[i] = 0
			for j, c := range table.Data[i*n : (i+1)*n] {
				if j != i {
					sums[i] += math.Exp(-2 * (2 - 2*float64(c)))
				}
			}
		})
		sum := 0.0
		for _, x := range sums {
			sum += x
		}
		s.Metric("uniformity", math.Log(sum/float64(n*(n-1)))*rows, rows)
	}
}

// unitRows returns x [N D] with rows of unit length.
func unitRows(x *tensor.Tensor) *tensor.Tensor {
	return autograd.L2Normalize(autograd.Const(x)).Value
}

// values returns what variables hold.
func values(vs [2]*autograd.Var) [2]*tensor.Tensor {
	return [2]*tensor.Tensor{vs[0].Value, vs[1].Value}
}

// perceptron is linear layers of such widths, with batch norm and ReLU between them. A bias before a norm would be taken away again.
func perceptron(rng *tensor.RNG, in int, widths ...int) layers.Sequential {
	var ms []layers.Module
	for k, w := range widths {
		last := k == len(widths)-1
		ms = append(ms, layers.NewLinear(rng, in, w, layers.LinearOptions{NoBias: !last}))
		if !last {
			ms = append(ms, layers.NewBatchNormReLU(w))
		}
		in = w
	}
	return layers.Seq(ms...)
}

// closed is perceptron with a batch norm behind the last layer, which has no bias then.
func closed(rng *tensor.RNG, in int, widths ...int) layers.Sequential {
	m := perceptron(rng, in, widths...)
	m[len(m)-1].Module.(*layers.Linear).B = nil
	return append(m, layers.Child{Name: fmt.Sprint(len(m)), Module: layers.NewBatchNorm(widths[len(widths)-1])})
}

// normed is closed, the last norm without scale and shift.
func normed(rng *tensor.RNG, in int, widths ...int) layers.Sequential {
	m := closed(rng, in, widths...)
	norm := m[len(m)-1].Module.(*layers.BatchNorm)
	norm.Gamma, norm.Beta = nil, nil
	return m
}

// widths are those of so many layers, the last of out values, the others hidden.
func widths(n, hidden, out int) []int {
	w := make([]int, n)
	for k := range w {
		w[k] = hidden
	}
	w[n-1] = out
	return w
}

// risingDecay returns how much of a teacher stays at update k of so many: from first to last along half a cosine (BYOL's section 3.2).
func risingDecay(first, last float64, k, of int) float64 {
	return last - (last-first)*(math.Cos(math.Pi*float64(k)/float64(of))+1)/2
}

// leastTemperature is the smallest that cosines can be divided by in float32 without a loss that is not a number.
const leastTemperature = 0.001

// contrastiveConfig is what the CIFAR-10 benchmark that most presets are from has (SGD, one rate for batches of 128).
func contrastiveConfig(c *train.Config) {
	c.Optimizer, c.LR, c.Momentum, c.WeightDecay = "sgd", 0.06, 0.9, 5e-4
}

// queue remembers the rows that were put in last, of unit length, the oldest being replaced first; it begins with random ones.
type queue struct {
	rows *tensor.Tensor // [K D]
	next *tensor.Tensor // [1], where the next row goes
	rate int            // rows that were put in since the last update
}

func newQueue(rng *tensor.RNG, k, d int) *queue {
	return &queue{rows: unitNormal(rng, k, d), next: tensor.New(1)}
}

// Visit names the rows and where the next goes.
func (q *queue) Visit(prefix string, f func(layers.Param)) {
	layers.Parts{{Name: "rows", Stateful: layers.Value{Kind: layers.Memory, Value: q.rows}}, {Name: "next", Stateful: layers.Value{Kind: layers.Memory, Value: q.next}}}.Visit(prefix, f)
}

// put registers that rows of z, [N D] each, of unit length, are remembered after the step, and that it is told as queue_age for how many updates what is
// remembered has been, in the mean; random rows that a queue begins with have been since the run began, and of a queue that begins with zeros it is told
// from when it is full. It is called once a step.
func (q *queue) put(s train.Step, z ...*tensor.Tensor) {
	k, d := q.rows.Dim(0), q.rows.Dim(1)
	var said []float32
	for _, z := range z {
		said = append(said, s.Rows(z).Data...)
	}
	last, full := s.Last(), q.full()
	s.After(func() {
		q.rate += len(said) / d
		if last {
			if full {
				update, _ := s.At()
				s.Metric("queue_age", queueAge(k, q.rate, update), 1)
			}
			q.rate = 0
		}
		at := int(q.next.Data[0])
		for len(said) > 0 {
			copy(q.rows.Data[at*d:(at+1)*d], said[:d])
			said, at = said[d:], (at+1)%k
		}
		q.next.Data[0] = float32(at)
		tensor.Changed()
	})
}

// full tells whether no row is one of the zeros that a queue may begin with: the last is filled last.
func (q *queue) full() bool {
	k := q.rows.Dim(0)
	return tensor.SumSquares(q.rows.Rows(k-1, k)) > 0
}

// queueAge returns the mean age, in updates, of k rows at an update from 0 on, of which so many are replaced at each.
func queueAge(k, rate, update int) float64 {
	sum := 0
	for row, age := 0, 1; row < k; row, age = row+rate, age+1 {
		sum += min(age, update) * min(rate, k-row)
	}
	return float64(sum) / float64(k)
}

// queueAgeMetric is what put tells.
var queueAgeMetric = metric.Metric{Name: "queue_age", Unit: "updates", OnlyTrained: true, Detail: true}

// projected is a trunk, pooled, with a projector. That many views pass the trunk at once while training; 0 means all.
func projected(trunk *layers.Trunk, projector layers.Module, pieces int) layers.Sequential {
	return layers.Sequential{{Name: "trunk", Module: layers.InPieces(layers.Sequential{{Module: trunk}, {Module: layers.Pool}}, pieces)}, {Name: "projector", Module: projector}}
}

// piecesOption is of tasks whose loss is of the whole batch, so that accumulated small ones are no large one.
var piecesOption = spec.Option{Name: "pieces", Default: "0", About: "views that pass the trunk at once while training, 0: all; less memory for large batches"}

// piecesOf reads piecesOption.
func piecesOf(v Values) int {
	n := v.Int("pieces", 0, 1<<20)
	if n == 1 {
		v.Fail("option pieces=1: a piece has batch statistics of its own; want at least 2, or 0 for all at once")
	}
	return n
}

func (l *pairLearner) maker(in data.Inputs) (*pairMaker, error) {
	if l.blur != "" && !auto(l.blur) {
		return nil, fmt.Errorf("task %s with Blur %q: want auto, yes or no", l.name, l.blur)
	}
	images, err := wantImages(l.name, in)
	if err != nil {
		return nil, err
	}
	return &pairMaker{l.setup.Side, l.views, l.small, l.shown, l.setup.Norm, data.NewPictures(images, data.View{}, l.setup.Norm, l.setup.CacheBytes)}, nil
}

// normalises tells whether a trunk has statistics of a batch; otherwise it is all one to it which views pass it together.
func normalises(trunk *layers.Trunk) bool {
	return slices.ContainsFunc(layers.State(trunk), func(p layers.Param) bool { return p.Kind == layers.Buffer })
}

// apartInPieces is what a learner whose views pass the trunk in pieces does within shards: see train.Feed.
func apartInPieces(trunk *layers.Trunk, pieces int) string {
	if pieces == 0 || !normalises(trunk) {
		return ""
	}
	return "pieces of views are cut"
}

// feed is Feed with the learner's step.
func (l *pairLearner) feed(in data.Inputs, augment bool, o data.LoaderOptions, step func(s train.Step, b *pairs)) (*train.Feed, error) {
	if augment && o.Whole() < 2 {
		return nil, fmt.Errorf("task %s learns from batches of 2 and more: a view is to be found among those of other pictures, and what is normalised over a batch needs more than one", l.name)
	}
	m, err := l.maker(in)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Images.Len(), m, o, step).Within(l.apart, l.apart != ""), nil
}

// pairs is a batch: row i of both views is picture i.
type pairs struct {
	X      [2]*tensor.Tensor // [N S S 3], or as shown lays them
	Small  *tensor.Tensor    // [C·N s s 3], small view c of picture i in row c·N + i; nil where there are none
	Of     []int32           // [N], the pictures' numbers
	colour [2][]float32      // [N 3], the mean of each view
}

// shown is how a view is laid before a trunk: as grid by grid squares of some side.
type shown struct {
	grid, side int
	lay        func(dst []float32, view *data.Image, rng *tensor.RNG) // dst [grid·grid side side 3]
}

// pairMaker makes views.
type pairMaker struct {
	side     int
	views    [2]data.Transform
	small    smallViews
	shown    *shown
	norm     data.Norm
	pictures *data.Pictures // as they are
}

func (m *pairMaker) New(n int) *pairs {
	b := &pairs{Of: make([]int32, n)}
	for v := range b.X {
		b.X[v], b.colour[v] = tensor.New(n, m.side, m.side, 3), make([]float32, n*3)
	}
	if m.small.n > 0 {
		b.Small = tensor.New(m.small.n*n, m.small.side, m.small.side, 3)
	}
	if m.shown != nil {
		b.X[1] = tensor.New(n*m.shown.grid*m.shown.grid, m.shown.side, m.shown.side, 3)
	}
	return b
}

func (m *pairMaker) Fill(b *pairs, row, i int, rng *tensor.RNG) error {
	whole, err := m.pictures.Image(i, rng)
	if err != nil {
		return err
	}
	b.Of[row] = int32(i)
	for v, view := range m.views {
		im := view(whole, rng)
		size := b.X[v].Len() / len(b.Of)
		if dst := b.X[v].Data[row*size : (row+1)*size]; v == 1 && m.shown != nil {
			m.shown.lay(dst, im, rng)
		} else {
			m.norm.Normalize(dst, im)
		}
		var sum [3]int
		for p := 0; p < len(im.Pix); p += 3 {
			sum[0] += int(im.Pix[p])
			sum[1] += int(im.Pix[p+1])
			sum[2] += int(im.Pix[p+2])
		}
		for c := range sum {
			b.colour[v][row*3+c] = float32(sum[c]) / float32(len(im.Pix)/3)
		}
	}
	for c := range m.small.n {
		at := c*b.X[0].Dim(0) + row
		m.norm.Normalize(b.Small.Rows(at, at+1).Data, m.small.make(whole, rng))
	}
	return nil
}

// swapped returns the mean cross-entropy of what is said of every view beside the one that a target is of (SwAV's equation 6;
// DINO's equation 3): said[v] and targets[v] are of the views, [N K], rows of targets summing to 1; small is of the small views, [C·N K], or nil.
func swapped(said [2]*autograd.Var, small *autograd.Var, targets [2]*tensor.Tensor) *autograd.Var {
	soft := func(x *autograd.Var, t *tensor.Tensor) *autograd.Var {
		return autograd.CrossEntropySoft(x, t, autograd.LossOptions{})
	}
	loss := autograd.Scale(autograd.Add(soft(said[1], targets[0]), soft(said[0], targets[1])), 0.5)
	if small == nil {
		return loss
	}
	both := tensor.New(targets[0].Shape...) // of each small view, half a target each
	tensor.Add(both, targets[0], targets[1])
	tensor.Scale(both, 0.5, both)
	n := both.Dim(0)
	crops := small.Shape()[0] / n
	for c := range crops {
		loss = autograd.Add(loss, soft(autograd.Slice(small, 0, c*n, n, 1), both))
	}
	return autograd.Scale(loss, 1/float32(1+crops))
}

// softmax returns that of rows.
func softmax(x *tensor.Tensor) *tensor.Tensor {
	p := tensor.New(x.Shape...)
	tensor.Softmax(p, x)
	return p
}

// prototypeMetrics are those of learners of two views that say to which prototypes a view falls: agreement is what they learn, see agree; more are the learner's own; then
// what tellUse says, and how well views find each other.
func (l *pairLearner) prototypeMetrics(more ...metric.Metric) []metric.Metric {
	ms := append([]metric.Metric{metric.Loss(),
		{Name: "agreement", Unit: metric.Percent, Higher: true, Predictor: "most frequent prototype"}}, more...)
	ms = append(ms, metric.Metric{Name: "prototypes", Higher: true, Over: 1.5}, metric.Metric{Name: "perplexity", Higher: true, Detail: true})
	return append(ms, l.Metrics()[1:]...)
}

// tellUse tells how many prototypes are in use, from how the views of a batch fall to them, [N K] each, rows that sum to 1: prototypes, to how many a view
// falls first (at most as many as there are views), and perplexity, e to the entropy of all views' mean. 1 of either is collapse.
func tellUse(s train.Step, p [2]*tensor.Tensor) {
	k := p[0].Dim(1)
	first, mean := map[int]bool{}, make([]float64, k)
	for _, v := range p {
		for _, best := range tensor.ArgMax(v) {
			first[best] = true
		}
		for i, x := range v.Data {
			mean[i%k] += float64(x) / float64(2*v.Dim(0))
		}
	}
	s.Metric("prototypes", float64(len(first)), 1)
	s.Metric("perplexity", math.Exp(entropyOf(mean)), 1)
}

// entropyOf is that of probabilities, in nats.
func entropyOf[T float32 | float64](p []T) (h float64) {
	for _, x := range p {
		if x > 0 {
			h -= float64(x) * math.Log(float64(x))
		}
	}
	return h
}

// agree tells, as agreement, how often the largest of what is said of views, [N K], is that of their targets, beyond always saying the one that is the largest of most targets, as a
// part of what is left to say: 0 for always saying that, 1 if always right. Where all targets are the same, as of nets that have collapsed, nothing is left, and it is 0.
func agree(s train.Step, said, targets *tensor.Tensor) {
	right, most := 0, 0
	times := map[int]int{}
	of := tensor.ArgMax(targets)
	for i, best := range tensor.ArgMax(said) {
		if best == of[i] {
			right++
		}
		times[of[i]]++
		most = max(most, times[of[i]])
	}
	if left := len(of) - most; left > 0 {
		s.Metric("agreement", float64(right-most), float64(left))
	} else {
		s.Metric("agreement", 0, 1)
	}
}

// similar sets table [N M] to the products of all rows of a [N D] with all of b [M D]: cosines, where the rows have unit length.
func similar(table, a, b *tensor.Tensor) { tensor.MatMulNT(table, a, b, false, tensor.Float32) }

// near sets table [N M] to how near the rows of a [N D], such as mean colours, are to those of b [M D]: minus the square of the distance.
func near(table *tensor.Tensor, a, b []float32) {
	m, width := table.Dim(1), len(a)/table.Dim(0)
	for i := range table.Data {
		p, q := a[i/m*width:][:width], b[i%m*width:][:width]
		d := float32(0)
		for c := range p {
			d += float32((p[c] - q[c]) * (p[c] - q[c]))
		}
		table.Data[i] = -d
	}
}

// matches returns for how many rows i of a table [N N] the entry i is the largest.
func matches(table *tensor.Tensor) int {
	own := make([]int32, table.Dim(0))
	for i := range own {
		own[i] = int32(i)
	}
	return tensor.CountRight(table, own)
}

// spreadOf returns √D times the mean deviation of the columns of unit [N D], whose rows have unit length, and of how many rows; a
// single row has none.
func spreadOf(unit *tensor.Tensor) (spread, rows float64) {
	n, d := unit.Dim(0), unit.Dim(1)
	if n < 2 {
		return 0, 0
	}
	mean, variance := make([]float32, d), make([]float32, d)
	tensor.BatchStats(mean, variance, unit)
	for _, v := range variance {
		spread += math.Sqrt(float64(v) * float64(n) / float64(n-1)) // unbiased: no less for small batches
	}
	return spread / math.Sqrt(float64(d)), float64(n)
}

const viewsShown = 5 // views of other pictures that Draw shows

// Draw shows a row for each picture: its first view, its second view, and the second views of other pictures that the net finds nearest
// to the first, nearest first. A bar below is the cosine of what is said of both. The second
// view's frame is green where no other picture is as near, red elsewhere.
func (l *pairLearner) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in)
	if err != nil {
		return nil, err
	}
	b, err := gallery(m, index, in.Images.Len())
	if err != nil {
		return nil, err
	}
	table := l.cosines(b, 0)
	n, s := table.Dim(0), m.side
	zoom := max(1, 96/s)
	side := s * zoom
	const bar, label = 14, canvas.TextHeight + 4
	g := canvas.Grid{Cols: 2 + viewsShown, CellW: max(side, 96), CellH: side + bar + label, Gap: 10, Head: label}
	sheet := g.Sheet(len(index) * g.Cols)
	for col, title := range []string{"a view", "another view", fmt.Sprintf("nearest views of %d other pictures, cosine", n-1)} {
		x, _ := g.At(col)
		w := g.CellW
		if col == 2 {
			w = viewsShown*(g.CellW+g.Gap) - g.Gap
		}
		sheet.Text(x, 6, w, title, canvas.Ink)
	}
	show := func(row, col, view, of int, text string) {
		x, y := g.At(row*g.Cols + col)
		sheet.Text(x, y, g.CellW, text, canvas.Ink)
		l.paint(sheet, x, y+label, zoom, b, view, of)
		if view == 1 {
			cosine := float64(max(table.At(row, of), 0))
			sheet.Fill(x, y+label+side+5, side, bar-8, canvas.Quiet)
			sheet.Fill(x, y+label+side+5, int(float64(side)*cosine+0.5), bar-8, canvas.Ink)
		}
	}
	for row := range index {
		rank, others := ranked(table.Data[row*n:(row+1)*n], row)
		x, y := g.At(row*g.Cols + 1)
		sheet.Frame(x-3, y+label-3, side+6, side+6, rank == 1)
		show(row, 0, 0, row, "")
		show(row, 1, 1, row, fmt.Sprintf("%.2f: no. %d", table.At(row, row), rank))
		for k, j := range others[:min(viewsShown, len(others))] {
			show(row, 2+k, 1, j, fmt.Sprintf("%.2f", table.At(row, j)))
		}
	}
	return sheet, nil
}

// paint paints a view of a picture; squares with a pixel between them.
func (l *pairLearner) paint(sheet canvas.Sheet, x, y, zoom int, b *pairs, view, of int) {
	grid, s := 1, l.setup.Side
	if view == 1 && l.shown != nil {
		grid, s = l.shown.grid, l.shown.side
	}
	for k := range grid * grid {
		at := (of*grid*grid + k) * s * s * 3
		sheet.Picture(x+k%grid*(s*zoom+1), y+k/grid*(s*zoom+1), zoom, l.setup.Norm.ToImage(b.X[view].Data[at:at+s*s*3], s, s).Pix, s, s)
	}
}

// cosines returns [N N], those between what is said of all pictures' views v and of their other views.
func (l *pairLearner) cosines(b *pairs, v int) *tensor.Tensor {
	t := autograd.NewInference()
	query, key := l.said(t.Input(b.X[v]), t.Input(b.X[1-v]))
	table := tensor.New(query.Shape()[0], key.Shape()[0])
	similar(table, unitRows(query.Value), unitRows(key.Value))
	return table
}

// ranked returns which place own has among all by their cosines, 1 the highest, behind those that equal it, and the others, highest first.
func ranked(cosines []float32, own int) (rank int, others []int) {
	rank = 1
	for j, c := range cosines {
		if j == own {
			continue
		}
		others = append(others, j)
		if c >= cosines[own] {
			rank++
		}
	}
	sort.SliceStable(others, func(a, b int) bool { return cosines[others[a]] > cosines[others[b]] })
	return rank, others
}
