package eval

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval/score"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/tensor"
)

// Score is a result with what made it.
type Score = score.Score

// Part of a score.
type Part = score.Part

// Sample is features and, apart from them, what is known about the samples that they were made from.
type Sample struct {
	Features
	Truth data.Truth // of the whole set: Index says where a row's is
}

// Protocol judges what a network makes of samples. A protocol is one file: it takes what it needs of the truth, learns from the training samples, and is
// scored on the test samples. Each is a Judger, which sees features, or a Tuner, which sees trunks, or either by its options. Those that are handed something
// else, as a Follower is, say so by their Kind.
type Protocol interface {
	// Name is how scores are told apart: knn, probe.
	Name() string
}

// Judger is a protocol that judges features.
type Judger interface {
	Protocol
	// Judge returns a score whose settings are the protocol's own. It changes neither sample.
	Judge(ctx context.Context, train, test Sample) (Score, error)
}

// Follower is a protocol that is handed a trunk and films of which it is known frame by frame what is where; nothing is learned from them.
type Follower interface {
	Protocol
	// Follow returns a score of each stage that is asked for and each thing that is known; the trunk stays as it is.
	Follow(ctx context.Context, e *TrunkEncoder, films *data.Dataset, o Options) ([]Score, error)
}

// several is a protocol that measures more than one thing of the same features; Judge returns the first.
type several interface {
	Scores(ctx context.Context, train, test Sample) ([]Score, error)
}

// needing is a protocol that needs other knowledge of the samples than labels.
type needing interface {
	// Needs says what the samples lack.
	Needs(train, test *data.Dataset) error
}

// telling is a protocol that has something to say of how it judges certain samples.
type telling interface {
	// Tells says it; nothing where there is nothing to say.
	Tells(train, test *data.Dataset) string
}

// Check says what data lacks to be judged by the protocols: before anything is computed.
func Check(protocols []Protocol, train, test *data.Dataset) error {
	for _, p := range protocols {
		_, judges := p.(Judger)
		if _, tunes := p.(Tuner); !judges && !tunes {
			return fmt.Errorf("%s does not judge features of samples, nor the trunk that makes them", p.Name())
		}
		if n, ok := p.(needing); ok {
			if err := n.Needs(train, test); err != nil {
				return fmt.Errorf("%s: %s: %w", p.Name(), test.Name, err)
			}
			continue
		}
		if len(train.Truth.Classes()) == 0 {
			return noLabels(train)
		}
	}
	return nil
}

// Fitting returns which protocols of the suite fit what is known of the data, and for each of the others why not.
func Fitting(kinds []Kind, train, test *data.Dataset) (fit []Protocol, why []string, err error) {
	for _, k := range kinds {
		if k.All == "no" {
			continue
		}
		of := k.Name
		if k.All != "" {
			of += "?" + k.All
		}
		p, err := NewProtocol(of, k)
		if err != nil {
			return nil, nil, err
		}
		if err := Check([]Protocol{p}, train, test); err != nil {
			why = append(why, err.Error())
			continue
		}
		fit = append(fit, p)
	}
	return fit, why, nil
}

func noLabels(d *data.Dataset) error {
	return fmt.Errorf("%s has no labels; judging features needs them (a folder's labels are its first level of folders)", d.Name)
}

// scores returns what a protocol says of features.
func scores(ctx context.Context, p Judger, train, test Sample) ([]Score, error) {
	if many, ok := p.(several); ok {
		return many.Scores(ctx, train, test)
	}
	s, err := p.Judge(ctx, train, test)
	return []Score{s}, err
}

// Kind is a protocol that NewProtocol knows.
type Kind struct {
	Name    string
	Aliases []string // other names for it
	// Stands are options and their values that an alias stands for, where nobody says others.
	Stands  map[string][][2]string
	About   string
	Options []spec.Option
	// All are options that the suite, which judges by all protocols, says, as in epochs=5: where the protocol's own take longer than the rest. "no" leaves it out.
	All  string
	Make func(v *spec.Values) Protocol // from the options; what is wrong with them it tells v
	// Handed is what the protocol is handed other than features of samples, which a Judger is, and trunks and samples, which a Tuner is; nil for these.
	Handed *Handed
}

// Handed is what some protocols are handed, and what of a command reaches them.
type Handed struct {
	About, Example string   // for a person: a heading, and a command
	Reads          []string // settings that are read beside data, as a command's flags are called; others are refused
	// Write writes their scores as a table for a terminal; nil means WriteTable.
	Write func(w io.Writer, scores []Score) error
}

// Of returns those of some kinds that are handed one thing, nil for what a Judger or a Tuner is.
func (h *Handed) Of(kinds []Kind) (out []Kind) {
	for _, k := range kinds {
		if k.Handed == h {
			out = append(out, k)
		}
	}
	return out
}

// Find returns which of some kinds a specification name?option=value names, by its name or an alias, and the protocol that it makes.
func Find(of string, kinds []Kind) (Kind, Protocol, error) {
	s, err := spec.Parse(of)
	if err != nil {
		return Kind{}, nil, fmt.Errorf("protocol %w", err)
	}
	var names []string
	for _, k := range kinds {
		names = append(names, k.Name)
		if !k.Called(s.Kind) {
			continue
		}
		for _, o := range k.Stands[s.Kind] {
			if !s.Has(o[0]) {
				s = s.With(o[0], o[1])
			}
		}
		v := s.Values("protocol "+s.Kind, k.Options)
		if s.Path != "" {
			v.Fail("there is nothing to say after the colon: %q", s.Path)
		}
		p := k.Make(v)
		return k, p, v.Err()
	}
	return Kind{}, nil, fmt.Errorf("there is no protocol %q; there are %s", s.Kind, spec.Or(names))
}

// Called tells whether a protocol has a name, or it is an alias of its.
func (k Kind) Called(name string) bool { return name == k.Name || slices.Contains(k.Aliases, name) }

// Protocols lists the protocols of NewProtocol that live here; KeyPointsKind is listed by eval/dense, which adds heat maps to it, and TrackKind by who has
// films.
func Protocols() []Kind {
	return []Kind{knnKind, probeKind, svmKind, lowshotKind, purityKind, retrieveKind, clustersKind, invarianceKind, actionKind, fineTuneKind, semiKind}
}

// NewProtocol makes a protocol from a specification name?option=value, of the kinds given, or where none are of Protocols.
func NewProtocol(of string, kinds ...Kind) (Protocol, error) {
	if len(kinds) == 0 {
		kinds = Protocols()
	}
	_, p, err := Find(of, kinds)
	return p, err
}

// classes are the labels of two samples' rows, numbered as in training.
type classes struct {
	train, test []int32
	count       int
}

// sameWidth refuses features x [N D] and y [M D] that are none or not of one size.
func sameWidth(x, y *tensor.Tensor) error {
	if x == nil || y == nil || x.Dim(0) == 0 || y.Dim(0) == 0 {
		return fmt.Errorf("there are no features to judge")
	}
	if x.Dim(1) != y.Dim(1) {
		return fmt.Errorf("the training features have %d values, the test features %d", x.Dim(1), y.Dim(1))
	}
	return nil
}

// suited refuses features x [N D] of the training samples and y [M D] of the test samples that are not as many as these, or not finite.
func suited(train, test Sample, x, y *tensor.Tensor) error {
	for _, of := range []struct {
		what string
		x    *tensor.Tensor
		rows int
	}{{"training", x, len(train.Index)}, {"test", y, len(test.Index)}} {
		if of.x.Dim(0) != of.rows {
			return fmt.Errorf("there are %d rows of %s features, and %d %s samples", of.x.Dim(0), of.what, of.rows, of.what)
		}
		if row := notFinite(of.x); row >= 0 {
			return fmt.Errorf("the %s features of row %d are not finite", of.what, row)
		}
	}
	return nil
}

// classify returns the classes of features x [N D] and y [M D]. Training and test labels are matched by their classes' names, so
// that a class which a test set lacks shifts no number.
func classify(train, test Sample, x, y *tensor.Tensor) (*classes, error) {
	if err := sameWidth(x, y); err != nil {
		return nil, err
	}
	names := train.Truth.Classes()
	number := map[string]int32{}
	for i, name := range names {
		if _, twice := number[name]; twice {
			return nil, fmt.Errorf("two classes are called %q", name)
		}
		number[name] = int32(i)
	}
	c := &classes{count: len(names)}
	err := suited(train, test, x, y)
	if err != nil {
		return nil, err
	}
	if c.train, err = train.labels(number); err != nil {
		return nil, err
	}
	c.test, err = test.labels(number)
	return c, err
}

// labels returns the class of each row by its name's number.
func (s Sample) labels(number map[string]int32) ([]int32, error) {
	names := s.Truth.Classes()
	out := make([]int32, len(s.Index))
	for row, i := range s.Index {
		l := s.Truth.Label(i)
		if l < 0 || l >= len(names) {
			return nil, fmt.Errorf("the data has no labels, or not for every sample; a score needs them (folder: labels are the folders of the first level)")
		}
		n, known := number[names[l]]
		if !known {
			return nil, fmt.Errorf("class %q of the test samples is not among the training samples' classes", names[l])
		}
		out[row] = n
	}
	return out, nil
}

// largest returns the share of the largest class in the test samples: who always names it is so often right.
func (c *classes) largest() float64 {
	count := make([]int, c.count)
	most := 0
	for _, l := range c.test {
		count[l]++
		most = max(most, count[l])
	}
	return float64(most) / float64(len(c.test))
}

// right returns 1 for each test sample whose class was said, 0 for the others, and their mean.
func (c *classes) right(said []int) (hits []float64, part float64) {
	hits = make([]float64, len(said))
	n := 0
	for i, l := range c.test {
		if int(l) == said[i] {
			hits[i] = 1
			n++
		}
	}
	return hits, float64(n) / float64(max(1, len(said)))
}

// score returns the score of a classifier of features like x that said classes of the test samples, by their numbers among names: how often it is right, how sure that is, and what
// it confuses.
func (c *classes) score(protocol string, x *tensor.Tensor, names []string, test Sample, said []int, began time.Time) Score {
	m := score.LargestClass(c.largest())
	hits, accuracy := c.right(said)
	s := Score{Protocol: protocol, Metric: m, Value: accuracy, Trivial: m.Trivial, Train: len(c.train), Test: len(c.test), Dim: x.Dim(1), Found: map[string]any{},
		Confusion: score.Confuse(names, c.test, said), Seconds: time.Since(began).Seconds()}
	over(&s, test, hits)
	return s
}
