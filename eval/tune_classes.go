package eval

import (
	"context"
	"fmt"
	"time"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// Tuned is a network that learned the classes of some samples.
type Tuned struct {
	Net     *layers.Net
	Classes []string // what its outputs stand for
	Tuning  Tuning   // how it learned
	Seed    uint64
	Lesson  *Lesson
	Seconds float64 // that it learned for
}

// needsClasses says what samples lack to be told apart.
func needsClasses(train *data.Dataset) error {
	switch n := len(train.Truth.Classes()); n {
	case 0:
		return noLabels(train)
	case 1:
		return fmt.Errorf("all samples of %s are of one class; there is nothing to tell apart", train.Name)
	}
	return nil
}

// classLabels returns the class of every sample of a data set, and what the classes are called.
func classLabels(d *data.Dataset) (labels []int32, names []string, err error) {
	names = d.Truth.Classes()
	number := map[string]int32{}
	for i, name := range names {
		if _, twice := number[name]; twice {
			return nil, nil, fmt.Errorf("two classes are called %q", name)
		}
		number[name] = int32(i)
	}
	all := Sample{Truth: d.Truth}
	for i := range d.Len() {
		all.Index = append(all.Index, i)
	}
	labels, err = all.labels(number)
	return labels, names, err
}

// learnClasses lets a copy of an encoder's trunk and a linear head on its pooled features learn the classes of samples: all of a data set, or those of the numbers in of.
func (t Tuning) learnClasses(ctx context.Context, e *TrunkEncoder, d *data.Dataset, of []int, seed uint64, o Options) (*Tuned, error) {
	began := time.Now()
	t = t.of(e)
	labels, names, err := classLabels(d)
	if err != nil {
		return nil, err
	}
	trunk, err := e.Copy()
	if err != nil {
		return nil, err
	}
	net := &layers.Net{Trunk: trunk, Head: layers.PoolHead(tensor.NewRNG(seed).Derive(stream.Init, stream.Head), trunk, len(names))}
	want := func(index []int) []int32 {
		out := make([]int32, len(index))
		for row, i := range index {
			out[row] = labels[i]
		}
		return out
	}
	les, err := t.Learn(ctx, e, net, d, of, seed, o, Goal{
		Loss: func(y *autograd.Var, index []int, _ []bool) *autograd.Var {
			return autograd.CrossEntropySmooth(y, want(index), t.Smooth, autograd.LossOptions{})
		},
		Right: func(y *tensor.Tensor, index []int) int { return tensor.CountRight(y, want(index)) },
	})
	if err != nil {
		return nil, err
	}
	return &Tuned{Net: net, Classes: names, Tuning: t, Seed: seed, Lesson: les, Seconds: time.Since(began).Seconds()}, nil
}

// answers are what a network says of test samples.
type answers struct {
	said    []int    // classes
	classes *classes // of the test samples
	held    Sample
}

// answers asks the network about test samples.
func (t *Tuned) answers(ctx context.Context, e *TrunkEncoder, test *data.Dataset, o Options) (*answers, error) {
	number := map[string]int32{}
	for i, name := range t.Classes {
		number[name] = int32(i)
	}
	got, index, err := t.Tuning.Outputs(ctx, e, t.Net, test.Inputs, o)
	if err != nil {
		return nil, err
	}
	if len(t.Classes) != got.Dim(1) {
		return nil, fmt.Errorf("the network says %d values, of %d classes", got.Dim(1), len(t.Classes))
	}
	a := &answers{held: Sample{Features: Features{Index: index}, Truth: test.Truth}, classes: &classes{count: len(t.Classes)}, said: tensor.ArgMax(got)}
	a.classes.test, err = a.held.labels(number)
	return a, err
}

// score is the accuracy of a tuned network's answers, with what made it.
func (t *Tuned) score(protocol string, a *answers, began time.Time) Score {
	s := a.classes.score(protocol, tensor.New(1, t.Net.Trunk.Channels()), t.Classes, a.held, a.said, began)
	s.Settings = t.Tuning.Settings(t.Seed)
	if t.Lesson != nil {
		s.Train = len(t.Lesson.Learned)
		t.Lesson.found(s.Found)
	}
	return s
}
