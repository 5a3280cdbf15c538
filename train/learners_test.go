package train

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"math"
	"slices"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

const testSide = 12

// scenes returns n small scenes.
func scenes(n int) *data.Dataset { return data.NewScenes(n, testSide, 1, data.Train).Dataset() }

type seen struct {
	x      *tensor.Tensor
	labels []int32
}

type seer struct {
	pictures *data.Pictures
	truth    data.Truth
}

func (m seer) New(n int) *seen {
	return &seen{tensor.New(n, testSide, testSide, 3), make([]int32, n)}
}

func (m seer) Fill(b *seen, row, i int, rng *tensor.RNG) error {
	size := testSide * testSide * 3
	b.labels[row] = int32(m.truth.Label(i))
	return m.pictures.Fill(b.x.Data[row*size:(row+1)*size], i, rng)
}

// feedOf feeds scenes with their labels.
func feedOf(d *data.Dataset, augment bool, o data.LoaderOptions, step func(Step, *seen)) (*Feed, error) {
	v := data.View{}
	if augment {
		v.Random = data.RandomHorizontalFlip(0.5)
	}
	return NewFeed(d.Len(), seer{data.NewPictures(d.Images, v, data.HalfNorm, 1<<20), d.Truth}, o, step), nil
}

// classifier learns the classes, with dropout, so that randomness matters.
type classifier struct {
	layers.Sequential
	data  *data.Dataset
	spoil int // the step at which the net's input becomes NaN; 0 never
	step  int
	hook  func(step int) // is told of each batch before it is used
}

func newClassifier(d *data.Dataset, seed uint64) *classifier {
	net := layers.Classifier(tensor.NewRNG(seed), layers.ConvNet(tensor.NewRNG(seed).Derive(1), 3, 8, layers.TrunkOptions{}), len(d.Truth.Classes()))
	return &classifier{Sequential: net, data: d}
}

func (l *classifier) Groups() []Group { return One(l) }
func (l *classifier) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(), metric.Accuracy(len(l.data.Truth.Classes()))}
}
func (l *classifier) Draw(data.Inputs, []int) (image.Image, error) {
	return image.NewGray(image.Rect(0, 0, 2, 2)), nil
}

func (l *classifier) Feed(_ data.Inputs, augment bool, o data.LoaderOptions) (*Feed, error) {
	return feedOf(l.data, augment, o, func(s Step, b *seen) {
		s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
			l.step++
			if l.hook != nil {
				l.hook(l.step)
			}
			x := autograd.Dropout(t.Input(b.x), 0.1)
			if l.spoil == l.step { // the first op with a gradient is where it shows
				x = autograd.Mul(x, t.Input(tensor.New(1).Fill(float32(math.NaN()))))
			}
			y := l.Forward(x)
			s.Metric("accuracy", float64(tensor.CountRight(y.Value, b.labels)), float64(len(b.labels)))
			return autograd.CrossEntropy(y, b.labels)
		})
	})
}

// rich has everything that a learner can have: a trunk and two heads that take turns, a critic with a rate of its own that is updated
// within the step of the other loss, a teacher, a queue, and randomness of its own.
type rich struct {
	data          *data.Dataset
	trunk, critic layers.Sequential
	heads         [2]*layers.Linear
	teacher       layers.Sequential
	ema           *optim.EMA
	queue         *tensor.Tensor // [8 D] the teacher's newest features
	at            *tensor.Tensor // how many were put
	after         int            // how often what comes after an update was done
}

const richWidth = 6

func newRich(d *data.Dataset, seed uint64) *rich {
	r := tensor.NewRNG(seed)
	trunk := func(r *tensor.RNG) layers.Sequential {
		return layers.Seq(layers.NewConv2D(r, 3, richWidth, 3, layers.ConvOptions{Stride: 2, NoBias: true}), layers.NewBatchNormReLU(richWidth), layers.GlobalAvgPool)
	}
	l := &rich{data: d, trunk: trunk(r.Derive(1)), teacher: trunk(r.Derive(2)), queue: tensor.New(8, richWidth), at: tensor.New(1),
		critic: layers.Seq(layers.NewLinear(r.Derive(3), richWidth, 4, layers.LinearOptions{}), layers.ReLU, layers.NewLinear(r.Derive(4), 4, 1, layers.LinearOptions{}))}
	for i := range l.heads {
		l.heads[i] = layers.NewLinear(r.Derive(5, uint64(i)), richWidth, richWidth, layers.LinearOptions{})
	}
	var err error
	if l.ema, err = optim.NewEMA(l.teacher, l.trunk); err != nil {
		panic(err)
	}
	return l
}

func (l *rich) Visit(prefix string, f func(layers.Param)) {
	layers.Parts{{Name: "trunk", Stateful: l.trunk}, {Name: "head0", Stateful: l.heads[0]}, {Name: "head1", Stateful: l.heads[1]}, {Name: "critic", Stateful: l.critic},
		{Name: "teacher", Stateful: layers.Frozen{Stateful: l.teacher}}, {Name: "", Stateful: layers.Value{Name: "queue", Value: l.queue, Kind: layers.Memory}},
		{Name: "", Stateful: layers.Value{Name: "at", Value: l.at, Kind: layers.Memory}}}.Visit(prefix, f)
}

// named returns the trained tensors of parts with their names in the tree.
func (l *rich) named(names ...string) []layers.Param {
	var out []layers.Param
	for _, p := range layers.Params(l) {
		for _, n := range names {
			if len(p.Name) > len(n) && p.Name[:len(n)+1] == n+"." {
				out = append(out, p)
			}
		}
	}
	return out
}

func (l *rich) Groups() []Group {
	return []Group{{Name: "net", Params: l.named("trunk", "head0", "head1")}, {Name: "critic", Params: l.named("critic"), Rate: 0.5}}
}

func (l *rich) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(), {Name: "loss_turn0"}, {Name: "loss_turn1"}, {Name: "loss_critic"}, {Name: "noise"}}
}
func (l *rich) Draw(data.Inputs, []int) (image.Image, error) { return nil, nil }

func (l *rich) Feed(_ data.Inputs, augment bool, o data.LoaderOptions) (*Feed, error) {
	return feedOf(l.data, augment, o, l.step)
}

func (l *rich) step(s Step, b *seen) {
	update, _ := s.At()
	s.Metric("noise", float64(s.RNG().Float32()), 1)
	var keys []float32
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		var target *tensor.Tensor
		t.NoGrad(func() { target = l.teacher.Forward(t.Input(b.x)).Value.Clone() })
		keys = append([]float32(nil), target.Data...)
		z := autograd.Dropout(l.trunk.Forward(t.Input(b.x)), 0.2)
		fake := z.Value.Clone()
		s.Minimise("loss_critic", func(t *autograd.Tape) *autograd.Var {
			p := l.critic.Forward(t.Input(fake))
			q := l.critic.Forward(t.Input(l.queue))
			return autograd.Add(autograd.Mean(autograd.Mul(p, p)), autograd.Mean(autograd.Sub(autograd.Mul(q, q), q)))
		}, "critic")
		s.Update("critic")
		fool := autograd.Mean(l.critic.Forward(z))
		return autograd.Add(autograd.L2(z, target, autograd.LossOptions{}), autograd.Scale(fool, 0.1))
	}, "net")
	turn := update % 2
	s.Minimise(fmt.Sprint("loss_turn", turn), func(t *autograd.Tape) *autograd.Var {
		y := l.heads[turn].Forward(l.trunk.Forward(t.Input(b.x)))
		return autograd.Mean(autograd.Mul(y, y))
	}, "net")
	s.After(func() {
		l.after++
		l.ema.Update(0.9)
		n := len(l.queue.Data)
		for i := range min(len(keys), n) {
			l.queue.Data[(int(l.at.Data[0])+i)%n] = keys[i]
		}
		l.at.Data[0] = float32((int(l.at.Data[0]) + len(keys)) % n)
	})
}

func config() Config {
	return Config{Task: "labels", Trunk: "convnet", Side: testSide, Epochs: 3, BatchSize: 8, Optimizer: "adamw", LR: 0.01, Schedule: "cosine", WeightDecay: 0.01,
		Augment: "flip", Seed: 5, MonitorEvery: -1, LogEvery: 1, CheckpointEvery: 4}
}

// newRun is a run of the classifier on 44 scenes: 5 steps an epoch.
func newRun(dir string, c Config, spoil int) *Run {
	d := scenes(44)
	l := newClassifier(d, c.Seed)
	l.spoil = spoil
	return &Run{Dir: dir, Config: c, Learner: l, Data: d}
}

// newRichRun is a run of the rich learner.
func newRichRun(dir string, c Config) *Run {
	d := scenes(44)
	return &Run{Dir: dir, Config: c, Learner: newRich(d, c.Seed), Data: d}
}

// everyRun are the learners that promises are tried on.
var everyRun = map[string]func(dir string, c Config) *Run{
	"classifier": func(dir string, c Config) *Run { return newRun(dir, c, 0) },
	"rich":       newRichRun,
}

// state returns the bytes of everything that a learner keeps.
func state(m layers.Stateful) []byte {
	var b bytes.Buffer
	for _, p := range layers.State(m) {
		binary.Write(&b, binary.LittleEndian, p.Value.Data)
	}
	return b.Bytes()
}

// TestFeedBatches: Batches yields what the steps of an epoch read, from any number on.
func TestFeedBatches(t *testing.T) {
	var fed []seen
	keep := func(b *seen) seen { return seen{b.x.Clone(), append([]int32(nil), b.labels...)} }
	feed, err := feedOf(scenes(20), true, data.LoaderOptions{BatchSize: 3, Seed: 4}, func(_ Step, b *seen) { fed = append(fed, keep(b)) })
	if err != nil {
		t.Fatal(err)
	}
	for step := range feed.Epoch(1, 2) {
		step(nil)
	}
	var batches []seen
	for b := range feed.Batches(1, 2) {
		batches = append(batches, keep(b.(*seen)))
	}
	if len(fed) != 4 || len(batches) != len(fed) {
		t.Fatalf("%d batches, %d steps, want 4", len(batches), len(fed))
	}
	for i := range fed {
		if !slices.Equal(batches[i].x.Data, fed[i].x.Data) || !slices.Equal(batches[i].labels, fed[i].labels) {
			t.Errorf("batch %d is another than the step's", i)
		}
	}
	for range feed.Batches(1, 0) {
		break // one may leave early
	}
	if err := feed.Err(); err != nil {
		t.Error(err)
	}
}
