package pretext

import (
	"fmt"
	"math"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// DINO hides to which prototypes a teacher says that another view of the same picture belongs (Caron, Touvron, Misra, Jégou, Mairal, Bojanowski, Joulin, "Emerging
// properties in self-supervised vision transformers", ICCV 2021, arXiv 2104.14294).
//
// Sampling: two views of each picture, made as BYOL's are (its section 3.1, "implementation details": the first is blurred more often, the second sometimes solarised), and,
// where asked for, small ones (see Crops), which the student alone sees: it is to say of a small part what the teacher says of a large one.
//
// Nets: student and teacher are alike: trunk; a perceptron with GELU, the last of its layers a bottleneck whose values z are of unit length (batch norm inside it where trunks
// have some: the paper has none, and short runs of convolutional nets say the same of all pictures then); prototypes, each of unit
// length whatever its weights are (weight normalisation), left as they are for the first freeze epochs (appendix C). The teacher is never trained: after
// each update it moves towards the student, less and less, as BYOL's. Each view passes each net by itself, all small ones together.
//
// Loss (equation 3): cross-entropy between softmax((teacher - centre)/its temperature) of each of both views and softmax(student/temperature) of every other view,
// small ones too. The centre is a moving mean of what the teacher says (equation 4): it keeps one prototype from winning always, and pushes towards all
// alike; the teacher's low temperature pushes the other way. The teacher's temperature rises from first to teacher in the first part of the run.
//
// Metrics: agreement, how often the student's first prototype of a view is the teacher's of the other, beyond always saying the teacher's most frequent of a batch; teacher_entropy, that of what
// the teacher says of a view, 1 where it says all prototypes alike: collapse of one kind; prototypes and perplexity, how many are in use by the teacher, 1 where one wins
// always: collapse of the other kind (its section 5.3, figure 7); and those of two views, of the bottlenecks, the student's of one view finding the teacher's of the other.
//
// The zero value cannot be trained: New("dino") returns one that can. The views are the task, so it is looked at with the same ones as it is trained with.
type DINO struct {
	Prototypes       int
	Temperature      float64 // of the student, above 0
	Teacher, First   float64 // temperature of the teacher, and at the first update, above 0
	Warmup           float64 // part of the run in which it goes from First to Teacher
	Centre           float64 // how much of the centre stays at an update
	Decay, LastDecay float64 // of the teacher, at the first update and at the end
	Freeze           float64 // epochs in which prototypes stay as they are
	Hidden, Neck     int     // units inside the perceptron, and values of the bottleneck
	Layers           int     // of the perceptron
	Norm             string  // batch norm inside it: auto: of trunks that have some, all but transformers; yes; no
	Views            Views
	Blur             string // auto: where the side is at least 64; yes; no
}

var dinoAbout = About{
	Line: "predict to which prototypes a slowly moving teacher says that another view belongs (DINO, Caron et al. 2021)",
	Of:   "pictures", Hidden: "to which prototypes a teacher deals another view of the same picture",
	Trivial:  "most frequent prototype: agreement 0",
	Collapse: "one prototype for all: a lower centre= (0.9), norm=yes; all alike: a lower teacher= (0.04); either: a lower --lr, --clip-norm 3, decay=0.99 and more",
	Shortcut: "one prototype for all pictures, which the centre is against, or all alike, which the teacher's temperature is; colours, which are jittered",
	Options: append([]spec.Option{
		{Name: "prototypes", Default: "2048", About: "how many (paper: 65536)"},
		{Name: "temperature", Default: "0.1", About: "of the student"},
		{Name: "teacher", Default: "0.04", About: "temperature of the teacher (ViT-S, long runs: 0.07)"},
		{Name: "first", Default: "0.04", About: "that at the first update"},
		{Name: "warmup", Default: "0", About: "part of the run in which it goes from first to teacher (paper: 30 epochs)"},
		{Name: "centre", Default: "0.9", About: "how much of the centre stays at an update"},
		{Name: "decay", Default: "0.99", About: "how much of the teacher stays at the first update (0.996 in the paper's long runs)"},
		{Name: "last", Default: "1", About: "how much of it stays at the end; between them half a cosine"},
		{Name: "freeze", Default: "1", About: "epochs in which prototypes stay as they are"},
		{Name: "hidden", Default: "2048", About: "units inside the perceptron"},
		{Name: "neck", Default: "256", About: "values of its bottleneck"},
		{Name: "layers", Default: "3", About: "of the perceptron"},
		{Name: "norm", Default: "auto", About: "batch norm inside the perceptron: yes, no, or auto, with any trunk but a transformer"},
		{Name: "area", Default: "0.4", About: "smallest part of the picture's area that is a view"},
		{Name: "jitter", Default: "0.8", About: "how likely colours are jittered"},
		{Name: "saturation", Default: "0.2", About: "by how much at most saturation is jittered; brightness and contrast by 0.4, hue by 0.1"},
		{Name: "solarise", Default: "0.2", About: "how likely the second view is solarised"},
		{Name: "blur", Default: "auto", About: "the first view always, the second one in ten times: yes, no, or auto, from 64 pixels on"},
	}, cropOptions...),
	OwnViews: true,
	Config:   contrastiveConfig,
	make: func(v Values) Task {
		c := DINO{Prototypes: v.Int("prototypes", 2, 1<<18), Temperature: v.Float("temperature", leastTemperature, 100), Teacher: v.Float("teacher", leastTemperature, 100),
			First: v.Float("first", leastTemperature, 100), Warmup: v.Float("warmup", 0, 1), Centre: v.Float("centre", 0, 1), Decay: v.Float("decay", 0, 1), LastDecay: v.Float("last", 0, 1),
			Freeze: v.Float("freeze", 0, 1e6), Hidden: v.Int("hidden", 1, 1<<16), Neck: v.Int("neck", 2, 1<<16), Layers: v.Int("layers", 1, 8), Norm: v.One("norm", "auto", "yes", "no"),
			Blur: v.One("blur", "auto", "yes", "no")}
		c.Views = Views{MinArea: v.Float("area", 0.001, 1), Jitter: v.Float("jitter", 0, 1), Light: 0.4, Saturation: v.Float("saturation", 0, 1), Hue: 0.1, Grey: 0.2,
			Solarise: [2]float64{0, v.Float("solarise", 0, 1)}}
		c.Views.Crops = cropsOf(v, c.Views.MinArea)
		if c.Warmup == 0 && v.Given("first") && c.First != c.Teacher {
			v.Fail("option first=%g: with warmup=0 the temperature is teacher=%g from the first update on", c.First, c.Teacher)
		}
		if c.LastDecay < c.Decay {
			v.Fail("the teacher's decay goes from decay=%g to last=%g: want it not to fall", c.Decay, c.LastDecay)
		}
		return c
	},
}

// auto tells whether a setting is auto, yes or no.
func auto(s string) bool { return s == "auto" || s == "yes" || s == "no" }

// check refuses what New does not make.
func (c DINO) check() error {
	if c.Prototypes < 2 || !(min(c.Temperature, c.Teacher, c.First) > 0) || !(c.Warmup >= 0) || !(c.Centre >= 0 && c.Centre <= 1) || !(c.Decay >= 0) || c.LastDecay < c.Decay || c.LastDecay > 1 ||
		!(c.Freeze >= 0) || c.Hidden < 1 || c.Neck < 2 || c.Layers < 1 || !(c.Views.MinArea > 0) || !auto(c.Blur) || !auto(c.Norm) {
		return fmt.Errorf("task dino of %+v: want Prototypes and Neck >= 2, temperatures and Views.MinArea above 0, Warmup and Freeze not below 0, Centre from 0 to 1, 0 <= Decay <= LastDecay <= 1, "+
			"Hidden and Layers >= 1, Norm and Blur auto, yes or no; pretext.New(\"dino\") has them", c)
	}
	return c.Views.Crops.check("dino")
}

// temperature returns the teacher's at update k of so many.
func (c DINO) temperature(k, of int) float64 {
	if end := c.Warmup * float64(of); float64(k) < end {
		return c.First + (c.Teacher-c.First)*float64(k)/end
	}
	return c.Teacher
}

// Learner returns both nets, the teacher as the student is, and the centre.
func (c DINO) Learner(s Setup) (train.Learner, error) {
	if s.Trunk.Again == nil {
		return nil, fmt.Errorf("task dino needs a second trunk as its teacher, and trunk %q does not say how another is made (layers.Trunk.Again)", s.Trunk.Name)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if blurs(c.Blur, s.Side) {
		c.Views.Blur = [2]float64{1, 0.1}
	}
	l := &dino{task: c, pairLearner: pairLearner{name: "dino", setup: s, made: c.Views, views: c.Views.transforms(s.Side)}}
	if err := l.addCrops(); err != nil {
		return nil, err
	}
	l.student = c.net(s.RNG, s.Trunk)
	l.teacher = c.net(s.RNG, s.teacher())
	l.centre = tensor.New(c.Prototypes)
	l.Parts = layers.Parts{{Stateful: l.student}, {Name: "teacher", Stateful: layers.Frozen{Stateful: l.teacher}},
		{Name: "centre", Stateful: layers.Value{Kind: layers.Memory, Value: l.centre}}}
	l.said = func(view, other *autograd.Var) (query, key *autograd.Var) {
		return l.student.neck(view), l.teacher.neck(other)
	}
	var err error
	l.average, err = optim.NewEMA(l.teacher, l.student)
	return l, err
}

// dinoNet is a trunk with its perceptron, and prototypes.
type dinoNet struct {
	layers.Sequential
	prototypes layers.Parts
	weight     *tensor.Tensor // [K D], of any length
}

// net returns a net on a trunk, initialised as the authors' program does: deviation 0.02, no bias; prototypes as any linear layer.
func (c DINO) net(rng *tensor.RNG, trunk *layers.Trunk) *dinoNet {
	var ms []layers.Module
	in, norm := trunk.Channels(), c.Norm == "yes" || c.Norm == "auto" && trunk.Tokens == 0
	for k, w := range widths(c.Layers, c.Hidden, c.Neck) {
		last := k == c.Layers-1
		l := layers.NewLinear(rng, in, w, layers.LinearOptions{NoBias: norm && !last})
		rng.FillNormal(l.W, 0, 0.02)
		if l.B != nil {
			l.B.Fill(0)
		}
		if ms = append(ms, l); !last {
			if norm {
				ms = append(ms, layers.NewBatchNorm(w))
			}
			ms = append(ms, layers.GELU)
		}
		in = w
	}
	n := &dinoNet{Sequential: projected(trunk, layers.Seq(ms...), 0), weight: tensor.New(c.Prototypes, c.Neck)}
	layers.FanInUniform(rng, n.weight, c.Neck)
	n.prototypes = layers.Parts{{Name: "prototypes", Stateful: layers.Value{Name: "weight_v", Kind: layers.Weight, Value: n.weight}}}
	return n
}

// Visit names the trunk, the perceptron and the prototypes.
func (n *dinoNet) Visit(prefix string, f func(layers.Param)) {
	layers.Parts{{Stateful: n.Sequential}, {Stateful: n.prototypes}}.Visit(prefix, f)
}

// neck returns the bottleneck's values, of unit length.
func (n *dinoNet) neck(x *autograd.Var) *autograd.Var {
	return autograd.L2Normalize(n.Sequential.Forward(x))
}

// scores returns the cosines between bottlenecks and prototypes.
func (n *dinoNet) scores(neck *autograd.Var) *autograd.Var {
	return autograd.MatMulNT(neck, autograd.L2Normalize(neck.Param(n.weight)))
}

type dino struct {
	pairLearner
	task             DINO
	student, teacher *dinoNet
	average          *optim.EMA
	centre           *tensor.Tensor // [K]
	layers.Parts
}

func (l *dino) Groups() []train.Group {
	return []train.Group{{Name: "net", Params: layers.Params(l.student.Sequential)}, {Name: "prototypes", Params: layers.Params(l.student.prototypes), Rest: l.task.Freeze}}
}

func (l *dino) Metrics() []metric.Metric {
	return l.prototypeMetrics(metric.Metric{Name: "teacher_entropy", Unit: metric.Percent, Under: 0.995})
}

func (l *dino) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	return l.feed(in, augment, o, l.step)
}

func (l *dino) step(s train.Step, b *pairs) {
	temperature := l.task.temperature(s.At())
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		var y, z, said [2]*autograd.Var
		var targets [2]*tensor.Tensor
		t.NoGrad(func() {
			mean := tensor.New(1, l.task.Prototypes)
			for v, x := range b.X {
				z[v] = l.teacher.neck(t.Input(x))
				scores := l.teacher.scores(z[v]).Value
				tensor.AddSumRows(mean, scores)
				targets[v] = l.sharpened(scores, temperature)
			}
			tensor.Scale(mean, 1/float32(2*z[0].Shape()[0]), mean)
			mean = average(s.Rows(mean))
			s.After(func() {
				for k, m := range mean.Data {
					l.centre.Data[k] = float32(float32(l.task.Centre)*l.centre.Data[k]) + float32(float32(1-l.task.Centre)*m)
				}
				tensor.Changed()
			})
		})
		cool := func(neck *autograd.Var) *autograd.Var {
			return autograd.Scale(l.student.scores(neck), 1/float32(l.task.Temperature))
		}
		for v, x := range b.X {
			y[v] = l.student.neck(t.Input(x))
			said[v] = cool(y[v])
		}
		var small *autograd.Var
		if b.Small != nil {
			small = cool(l.student.neck(t.Input(b.Small)))
		}
		l.tell(s, b, values(y), values(y), values(z))
		for v := range targets {
			agree(s, said[1-v].Value, targets[v])
			s.Metric("teacher_entropy", entropyOf(targets[v].Data)/math.Log(float64(l.task.Prototypes)), float64(targets[v].Dim(0)))
		}
		tellUse(s, targets)
		return swapped(said, small, targets)
	})
	if s.Last() {
		update, of := s.At()
		d := risingDecay(l.task.Decay, l.task.LastDecay, update, of)
		s.After(func() { l.average.Update(d) })
	}
}

// average returns the mean of the rows of x [N K], [K]; of one row, that row.
func average(x *tensor.Tensor) *tensor.Tensor {
	mean := tensor.New(x.Dim(1))
	tensor.AddSumRows(mean, x)
	if n := x.Dim(0); n > 1 {
		tensor.Scale(mean, 1/float32(n), mean)
	}
	return mean
}

// sharpened returns what the teacher says: softmax((scores - centre)/temperature), [N K].
func (l *dino) sharpened(scores *tensor.Tensor, temperature float64) *tensor.Tensor {
	p := tensor.New(scores.Shape...)
	for i, v := range scores.Data {
		p.Data[i] = (v - l.centre.Data[i%l.centre.Len()]) / float32(temperature)
	}
	return softmax(p)
}
