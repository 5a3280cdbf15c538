package recipe

import (
	"fmt"
	"image"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Supervised is the task of a run that learns from labels. It is no pretext task: it is the row that pretext tasks are compared with.
const Supervised = "supervised"

// supervised learns the labels of one data set.
type supervised struct {
	setup pretext.Setup
	truth data.Truth
	mix   data.Mix
	*layers.Net
}

func newSupervised(s pretext.Setup, d *data.Dataset, mix data.Mix) (train.Learner, error) {
	n := len(d.Truth.Classes())
	if n == 0 {
		return nil, fmt.Errorf("%s has no labels, supervised training needs them", d.Name)
	}
	return &supervised{s, d.Truth, mix, &layers.Net{Trunk: s.Trunk, Head: layers.PoolHead(s.RNG, s.Trunk, n)}}, nil
}

func (l *supervised) Groups() []train.Group { return train.One(l) }

func (l *supervised) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(), metric.Accuracy(len(l.truth.Classes()))}
}

type labelled struct {
	x      *tensor.Tensor // [N S S 3], clips [N T S S 3], or spectrograms [N T F 1]
	labels []int32
}

// labelledMaker shows samples with their labels.
type labelledMaker struct {
	shape []int // of a sample
	fill  func(dst []float32, i int, rng *tensor.RNG) error
	truth data.Truth
}

func (m *labelledMaker) New(n int) *labelled {
	return &labelled{tensor.New(append([]int{n}, m.shape...)...), make([]int32, n)}
}

func (m *labelledMaker) Fill(b *labelled, row, i int, rng *tensor.RNG) error {
	b.labels[row] = int32(m.truth.Label(i))
	return m.fill(b.x.Rows(row, row+1).Data, i, rng)
}

// maker returns what shows pictures, or where there are none, clips of films, or where there are none either, what lets recordings be heard.
func (l *supervised) maker(in data.Inputs, augment bool) (*labelledMaker, error) {
	if in.Images == nil && in.Clips != nil {
		return l.clips(in, augment)
	}
	if in.Images == nil && in.Sounds != nil {
		return l.sounds(in, augment)
	}
	pictures, err := l.setup.Pictures(Supervised, in, augment)
	if err != nil {
		return nil, err
	}
	return &labelledMaker{[]int{pictures.Side, pictures.Side, 3}, pictures.Fill, l.truth}, nil
}

// clips shows as many frames of a film as a protocol sees of it; while training from anywhere in the film.
func (l *supervised) clips(in data.Inputs, augment bool) (*labelledMaker, error) {
	films, err := l.setup.Films(Supervised, in, augment)
	if err != nil {
		return nil, err
	}
	n, apart := clipOf(l.setup.Trunk)
	return &labelledMaker{[]int{n, films.Side, films.Side, 3}, func(dst []float32, i int, rng *tensor.RNG) error {
		have, err := films.AtLeast(i, 1)
		if err != nil {
			return err
		}
		frames := data.Spread(have, n, apart)
		if spare := min(frames[0], have-1-frames[n-1]); augment && spare > 0 {
			by := rng.IntN(2*spare+1) - spare
			for k := range frames {
				frames[k] += by
			}
		}
		return films.Fill(dst, i, frames, rng)
	}, l.truth}, nil
}

// sounds lets a window of each recording be heard: while training from anywhere in it, else its middle.
func (l *supervised) sounds(in data.Inputs, augment bool) (*labelledMaker, error) {
	w, err := l.setup.Sounds(Supervised, in)
	if err != nil {
		return nil, err
	}
	return &labelledMaker{w.Shape(), func(dst []float32, i int, rng *tensor.RNG) error {
		room, err := w.Room(i)
		if err != nil {
			return err
		}
		at := room / 2
		if augment {
			at = room * float64(rng.Float32())
		}
		return w.Fill(dst, i, at)
	}, l.truth}, nil
}

// Feed feeds the data set that the labels are of.
func (l *supervised) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	feed := train.NewFeed(in.Samples().Len(), m, o, func(s train.Step, b *labelled) {
		own := 1.0
		if augment {
			own = l.mix.Batch(b.x, s.RNG())
		}
		s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
			y := l.Forward(t.Input(b.x))
			right := float64(tensor.CountRight(y.Value, b.labels))
			loss := autograd.CrossEntropy(y, b.labels)
			if augment && l.mix.On() { // whatever is drawn; of mixed samples both labels are right, each as far as it is there
				others := data.Partners(b.labels)
				right = own*right + (1-own)*float64(tensor.CountRight(y.Value, others))
				loss = autograd.Lerp(loss, autograd.CrossEntropy(y, others), float32(1-own))
			}
			s.Metric("accuracy", right, float64(len(b.labels)))
			return loss
		})
	})
	what := "samples are mixed in pairs" // a whole batch would pair the odd ones, too
	if o.BatchSize == 1 {
		what = "samples would be mixed, and one sample has no partner"
	}
	return feed.Within(what, l.mix.On() && o.BatchSize%2 == 1), nil
}

// Draw draws nothing: what it learns needs no picture.
func (l *supervised) Draw(data.Inputs, []int) (image.Image, error) { return nil, nil }
