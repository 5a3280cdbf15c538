package pretext

import (
	"fmt"
	"image"
	"math"
	"sort"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// BYOL hides how a teacher sees another view of the same picture (Grill et al., "Bootstrap your own latent: a new approach to
// self-supervised learning", NeurIPS 2020, arXiv 2006.07733).
//
// Sampling (its appendix B, table 6): two views of each picture, each a random part of it, mirrored or not, its colours jittered
// in random order, sometimes grey. The views are not made alike: the first is blurred more often, the second sometimes solarised.
// The defences: two parts of a picture share its colours, so that their mean would give the answer away, and the jitter takes that
// from them (the metric says what is left of it); the blur takes the camera's noise and sharpness, and is left out of small
// pictures, which have none.
//
// Nets: online = trunk, projector, predictor; teacher = trunk, projector. A projector or predictor is linear, batch norm, ReLU,
// linear (its section 3.3). The teacher is never trained: after each update it moves towards the online net, less and less (equation
// 1 and section 3.2): teacher = d·teacher + (1-d)·online with d = last - (last-decay)·(cos(π·k/K)+1)/2 at update k of K. Each view
// passes each net by itself, in training mode, the teacher too, as the authors' program and those of others do: statistics of a
// batch of one kind of view, and running ones that are moved twice a step.
//
// Loss: 1 - cosine between the prediction from one view and the teacher's projection of the other, the mean of both directions: a
// quarter of equation 2 with its symmetric half, the scale for which rates of plain SGD are published. Nothing pushes different
// pictures apart, so the loss alone cannot tell learning from collapse: match can.
//
// Metrics: match is how often the prediction from one view is nearest to the teacher's projection of the other view of the same
// picture, among all of the batch, against chance: one in the batch's size, which a net reaches that has learned nothing (its
// predictor is random) or has collapsed. match_by_colour is how often the mean colour of the views would find it, what the shortcut
// is worth. spread is how far the projections are apart: √D times their mean deviation, made unit length; 1 is evenly over all
// directions, 0 collapsed.
//
// The zero value cannot be trained: New("byol") returns one that can.
//
// The views are the task, so it is looked at with the same ones as it is trained with.
type BYOL struct {
	Decay, LastDecay float64 // of the teacher, at the first update and at the end
	Hidden, Out      int     // of projector and predictor
	MinArea          float64 // smallest part of a picture that is a view
	Jitter           float64 // how likely the colours are jittered
	Saturation       float64 // how far, at most; brightness and contrast 0.4, hue 0.1
	Solarise         float64 // how likely the second view is solarised
	Blur             string  // auto: where the side is at least blurSide; yes; no
}

// blurSide is from which side on views are blurred: below, the kernel, a tenth of the side, would be a few pixels.
const blurSide = 64

var byolAbout = About{
	Line: "predict how a slowly moving teacher sees another view of the picture (Grill et al. 2020)",
	Of:   "pictures", Hidden: "the view that a teacher sees of the same picture",
	Trivial:  "chance: one in a batch",
	Shortcut: "one answer for all pictures, which the predictor and the slow teacher are against; colours, which are jittered",
	Options: []spec.Option{
		{Name: "decay", Default: "0.99", About: "how much of the teacher stays at the first update (0.996 in the paper's 1000 epochs)"},
		{Name: "last", Default: "1", About: "how much of it stays at the end; between them half a cosine"},
		{Name: "hidden", Default: "1024", About: "units inside projector and predictor (paper: 4096)"},
		{Name: "out", Default: "256", About: "values of a projection"},
		{Name: "area", Default: "0.08", About: "smallest part of the picture's area that is a view"},
		{Name: "jitter", Default: "0.8", About: "how likely colours are jittered"},
		{Name: "saturation", Default: "0.2", About: "by how much at most saturation is jittered; brightness and contrast by 0.4, hue by 0.1"},
		{Name: "solarise", Default: "0.2", About: "how likely the second view is solarised"},
		{Name: "blur", Default: "auto", About: "the first view always, the second one in ten times: yes, no, or auto, from 64 pixels on"},
	},
	OwnViews: true,
	Config: func(c *train.Config) {
		c.Optimizer, c.LR, c.Momentum, c.WeightDecay = "sgd", 0.06, 0.9, 5e-4
	},
	make: func(v *spec.Values) Task {
		b := BYOL{Decay: v.Float("decay", 0, 1), LastDecay: v.Float("last", 0, 1), Hidden: v.Int("hidden", 1, 1<<16), Out: v.Int("out", 2, 1<<16),
			MinArea: v.Float("area", 0.001, 1), Jitter: v.Float("jitter", 0, 1), Saturation: v.Float("saturation", 0, 1), Solarise: v.Float("solarise", 0, 1),
			Blur: v.One("blur", "auto", "yes", "no")}
		if b.LastDecay < b.Decay {
			v.Fail("the teacher's decay goes from decay=%g to last=%g: want it not to fall", b.Decay, b.LastDecay)
		}
		return b
	},
}

// decay returns how much of the teacher stays at update k of so many.
func (b BYOL) decay(k, of int) float64 {
	return b.LastDecay - (b.LastDecay-b.Decay)*(math.Cos(math.Pi*float64(k)/float64(of))+1)/2
}

// views returns what makes the two views of a whole picture.
func (b BYOL) views(side int) (v [2]data.Transform) {
	blur := b.Blur == "yes" || b.Blur == "auto" && side >= blurSide
	for i, p := range [2]struct{ blur, solarise float32 }{{1, 0}, {0.1, float32(b.Solarise)}} {
		ts := []data.Transform{
			data.RandomResizedCrop(side, float32(b.MinArea), 1), data.RandomHorizontalFlip(0.5),
			data.RandomApply(float32(b.Jitter), data.ColorJitter(0.4, 0.4, float32(b.Saturation), 0.1)), data.RandomGrayscale(0.2)}
		if blur {
			ts = append(ts, data.RandomApply(p.blur, data.GaussianBlur(side/10|1, 0.1, 2)))
		}
		if p.solarise > 0 {
			ts = append(ts, data.Solarize(128, p.solarise))
		}
		v[i] = data.Compose(ts...)
	}
	return v
}

// mlp is a projector or predictor. A bias before the batch norm would be taken away again.
func (b BYOL) mlp(rng *tensor.RNG, in int) layers.Sequential {
	return layers.Seq(layers.NewLinear(rng, in, b.Hidden, layers.LinearOptions{NoBias: true}), layers.NewBatchNormReLU(b.Hidden),
		layers.NewLinear(rng, b.Hidden, b.Out, layers.LinearOptions{}))
}

// encoder returns a trunk with a projector.
func (b BYOL) encoder(rng *tensor.RNG, trunk *layers.Trunk) layers.Sequential {
	return layers.Sequential{{Name: "trunk", Module: trunk}, {Name: "pool", Module: layers.Pool}, {Name: "projector", Module: b.mlp(rng, trunk.Channels())}}
}

// Learner returns the nets; the teacher begins as the online net is.
func (b BYOL) Learner(s Setup) (train.Learner, error) {
	if s.Trunk.Again == nil {
		return nil, fmt.Errorf("task byol needs a second trunk as its teacher, and trunk %q does not say how another is made (layers.Trunk.Again)", s.Trunk.Name)
	}
	if b.Hidden < 1 || b.Out < 2 || !(b.MinArea > 0) || b.LastDecay < b.Decay || b.Blur != "auto" && b.Blur != "yes" && b.Blur != "no" {
		return nil, fmt.Errorf("task byol of %+v: want Hidden >= 1, Out >= 2, MinArea > 0, Decay <= LastDecay and Blur auto, yes or no; pretext.New(\"byol\") has them", b)
	}
	l := &byol{task: b, setup: s}
	l.online = b.encoder(s.RNG, s.Trunk)
	l.predictor = b.mlp(s.RNG, b.Out)
	l.teacher = b.encoder(s.RNG, s.Trunk.Again(s.RNG))
	l.Parts = layers.Parts{{Stateful: l.online}, {Name: "predictor", Stateful: l.predictor}, {Name: "teacher", Stateful: layers.Frozen{Stateful: l.teacher}}}
	var err error
	l.average, err = optim.NewEMA(l.teacher, l.online)
	return l, err
}

type byol struct {
	task                       BYOL
	setup                      Setup
	online, predictor, teacher layers.Sequential
	average                    *optim.EMA
	layers.Parts
}

func (l *byol) Groups() []train.Group { return train.One(l) }

func (l *byol) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(),
		{Name: "match", Unit: metric.Percent, Higher: true, Predictor: "chance", Versus: "chance"},
		{Name: "match_by_colour", Unit: metric.Percent, Higher: true},
		{Name: "chance", Unit: metric.Percent},
		{Name: "spread", Higher: true}}
}

// pairs is a batch: row i of both views is picture i.
type pairs struct {
	X      [2]*tensor.Tensor // [N S S 3]
	colour [2][]float32      // [N 3], the mean of each view
	table  *tensor.Tensor    // [N N], where matches are looked for
}

// pairMaker makes views.
type pairMaker struct {
	side     int
	views    [2]data.Transform
	norm     data.Norm
	pictures *data.Pictures // as they are
}

func (l *byol) maker(in data.Inputs) (*pairMaker, error) {
	images, err := wantImages("byol", in)
	if err != nil {
		return nil, err
	}
	return &pairMaker{l.setup.Side, l.task.views(l.setup.Side), l.setup.Norm, data.NewPictures(images, data.View{}, l.setup.Norm, l.setup.CacheBytes)}, nil
}

func (m *pairMaker) New(n int) *pairs {
	b := &pairs{table: tensor.New(n, n)}
	for v := range b.X {
		b.X[v], b.colour[v] = tensor.New(n, m.side, m.side, 3), make([]float32, n*3)
	}
	return b
}

func (m *pairMaker) Fill(b *pairs, row, i int, rng *tensor.RNG) error {
	whole, err := m.pictures.Image(i, rng)
	if err != nil {
		return err
	}
	size := m.side * m.side * 3
	for v, view := range m.views {
		im := view(whole, rng)
		m.norm.Normalize(b.X[v].Data[row*size:(row+1)*size], im)
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
	return nil
}

func (l *byol) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	if augment && o.BatchSize < 2 {
		return nil, fmt.Errorf("task byol learns from batches of 2 and more: its projector's batch norm sees one value a picture")
	}
	m, err := l.maker(in)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Images.Len(), m, o, l.step), nil
}

func (l *byol) step(s train.Step, b *pairs) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		var z, p [2]*autograd.Var
		t.NoGrad(func() {
			for v, x := range b.X {
				z[v] = autograd.L2Normalize(l.teacher.Forward(t.Input(x)))
			}
		})
		for v, x := range b.X {
			y := l.online.Forward(t.Input(x))
			t.NoGrad(func() {
				spread, n := spreadOf(autograd.L2Normalize(y).Value)
				s.Metric("spread", spread*n, n)
			})
			p[v] = l.predictor.Forward(y) // of any length: a row's largest product is its largest cosine
		}
		for v := range p {
			n := float64(p[v].Shape()[0])
			similar(b.table, p[v].Value, z[1-v].Value)
			s.Metric("match", float64(matches(b.table)), n)
			near(b.table, b.colour[v], b.colour[1-v])
			s.Metric("match_by_colour", float64(matches(b.table)), n)
			s.Metric("chance", 1, n)
		}
		return autograd.Scale(autograd.Add(autograd.Cosine(p[0], z[1]), autograd.Cosine(p[1], z[0])), 0.5)
	})
	if s.Last() {
		d := l.task.decay(s.At())
		s.After(func() { l.average.Update(d) })
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

const byolShown = 5 // views of other pictures that Draw shows

// Draw shows a row for each picture: its first view, its second view, and the second views of other pictures that the net finds nearest
// to the first, nearest first. A bar below is the cosine between the first view's prediction and the teacher's projection. The second
// view's frame is green where no other picture is as near, red elsewhere.
func (l *byol) Draw(in data.Inputs, index []int) (image.Image, error) {
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
	g := canvas.Grid{Cols: 2 + byolShown, CellW: max(side, 96), CellH: side + bar + label, Gap: 10, Head: label}
	sheet := g.Sheet(len(index) * g.Cols)
	for col, title := range []string{"a view", "another view", fmt.Sprintf("nearest views of %d other pictures, cosine", n-1)} {
		x, _ := g.At(col)
		w := g.CellW
		if col == 2 {
			w = byolShown*(g.CellW+g.Gap) - g.Gap
		}
		sheet.Text(x, 6, w, title, canvas.Ink)
	}
	show := func(row, col, view, of int, text string) {
		x, y := g.At(row*g.Cols + col)
		sheet.Text(x, y, g.CellW, text, canvas.Ink)
		sheet.Picture(x, y+label, zoom, l.setup.Norm.ToImage(b.X[view].Data[of*s*s*3:(of+1)*s*s*3], s, s).Pix, s, s)
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
		for k, j := range others[:min(byolShown, len(others))] {
			show(row, 2+k, 1, j, fmt.Sprintf("%.2f", table.At(row, j)))
		}
	}
	return sheet, nil
}

// cosines returns [N N], those between the predictions from view v of all pictures and the teacher's projections of their other views.
func (l *byol) cosines(b *pairs, v int) *tensor.Tensor {
	t := autograd.NewInference()
	p := autograd.L2Normalize(l.predictor.Forward(l.online.Forward(t.Input(b.X[v]))))
	z := autograd.L2Normalize(l.teacher.Forward(t.Input(b.X[1-v])))
	table := tensor.New(p.Shape()[0], p.Shape()[0])
	similar(table, p.Value, z.Value)
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
