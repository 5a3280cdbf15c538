package eval

import (
	"context"
	"fmt"
	"io"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval/score"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/tensor"
)

// splitSeed is the seed of Open's split.
const splitSeed = 5

// Open returns what features are to be judged on: the training samples of a specification, and the test samples of another. Where
// test is empty it is the data's own test split; data without one, such as a folder, is cut in a seeded order into four fifths and
// one. A test set may lack classes, but may not have others than the training set.
func Open(of, test string) (train, held *data.Dataset, err error) {
	train, err = data.Open(of, data.Train)
	if err != nil {
		return nil, nil, err
	}
	if test == "" {
		if test, _, err = data.TestSplit(of); err != nil {
			return nil, nil, err
		}
	}
	if test != "" {
		if held, err = data.Open(test, data.Test); err != nil {
			return nil, nil, err
		}
		return train, held, sameClasses(train, held)
	}
	n := train.Len()
	if n < 2 {
		return nil, nil, fmt.Errorf("%s has one sample; to learn from some and test on others takes two", of)
	}
	order := tensor.NewRNG(splitSeed).Derive(stream.Split).Perm(n)
	cut := max(1, n/5)
	return train.Subset(order[cut:], "part=4/5"), train.Subset(order[:cut], "part=1/5"), nil
}

// sameClasses refuses test classes that nothing could be learned about.
func sameClasses(train, test *data.Dataset) error {
	known := map[string]bool{}
	for _, c := range train.Truth.Classes() {
		known[c] = true
	}
	for _, c := range test.Truth.Classes() {
		if !known[c] {
			return fmt.Errorf("the classes of %s and %s differ: %q is only in the second", train.Name, test.Name, c)
		}
	}
	return nil
}

// CountInBoth returns how many of the test samples are training samples too, by their content, and says it.
func CountInBoth(train, test *data.Dataset, o Options) int {
	n := data.InBoth(train, test)
	if o.Say != nil {
		o.Say(fmt.Sprintf("%d of the %d test samples are training samples too", n, test.Len()))
	}
	return n
}

// Judge scores encoders by protocols at every depth, one encoder after the other, each protocol's scores in the order of the
// depths. Each score says on which data it was made, how many test samples are training samples too, how the encoder saw it, and the
// protocol's settings.
func Judge(ctx context.Context, encoders []Encoder, train, test *data.Dataset, protocols []Protocol, o Options) ([]Score, error) {
	train, test = cacheFor(encoders, train, o), cacheFor(encoders, test, o)
	if o.InBoth == nil {
		n := CountInBoth(train, test, o)
		o.InBoth = &n
	}
	var out []Score
	for _, e := range encoders {
		a, err := encode(ctx, e, train, "features of "+e.Name(), o)
		if err != nil {
			return out, err
		}
		b, err := encode(ctx, e, test, "features of "+e.Name()+", test", o)
		if err != nil {
			return out, err
		}
		if len(a) != len(b) {
			return out, fmt.Errorf("%s has %d depths of the training samples and %d of the test samples", e.Name(), len(a), len(b))
		}
		for _, p := range protocols {
			for i := range a {
				if err := ctx.Err(); err != nil {
					return out, err
				}
				s, err := p.Judge(ctx, a[i], b[i])
				if err != nil {
					return out, fmt.Errorf("%s of %s, %s: %w", p.Name(), e.Name(), a[i].Name, err)
				}
				s.Features, s.Stage, s.Depth = e.Name(), a[i].Name, a[i].Depth
				describe(&s, e, train, test)
				if s.Found == nil {
					s.Found = map[string]any{}
				}
				s.Found["in_both"] = *o.InBoth
				out = append(out, s)
				if o.Scored != nil {
					o.Scored(s)
				}
			}
		}
		if o.Encoded != nil {
			if err := o.Encoded(e, a, b); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// describe adds to a score's settings what it was made on, and what net made the features, where an encoder says it.
func describe(s *Score, e Encoder, train, test *data.Dataset) {
	all := map[string]any{"data": train.Name, "data_fingerprint": train.Fingerprint, "test": test.Name, "test_fingerprint": test.Fingerprint}
	for _, m := range []map[string]any{e.Settings(), s.Settings} {
		for k, v := range m {
			if _, taken := all[k]; taken {
				panic("eval: setting " + k + " of " + s.Protocol + " and " + e.Name() + " is said twice")
			}
			all[k] = v
		}
	}
	s.Settings = all
	if n, ok := e.(interface{ Network() map[string]any }); ok {
		s.Network = n.Network()
	}
}

// encode returns an encoder's features of a data set, and what is known about it.
func encode(ctx context.Context, e Encoder, d *data.Dataset, what string, o Options) ([]Sample, error) {
	if tell := o.Progress; tell != nil {
		o.Progress = func(done, total int, _ string) { tell(done, total, what) }
	}
	f, err := e.Encode(ctx, d.Inputs, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	var out []Sample
	for _, x := range f {
		out = append(out, Sample{x, d.Truth})
	}
	return out, nil
}

// SaveScores adds scores to a run directory's, in place of those that the same protocol, features, stage and settings made.
func SaveScores(dir string, scores []Score) error { return score.Save(dir, scores) }

// LoadScores returns the scores of a run directory, none where it has not been judged.
func LoadScores(dir string) ([]Score, error) { return score.Load(dir) }

// Best returns the best score of a protocol among the stages of some features, and whether there is one.
func Best(scores []Score, protocol, features string) (best Score, ok bool) {
	for _, s := range scores {
		if s.Protocol == protocol && s.Features == features && (!ok || s.Metric.Better(s.Value, best.Value)) {
			best, ok = s, true
		}
	}
	return best, ok
}

// WriteTable writes scores as a table for a terminal, a line each.
func WriteTable(w io.Writer, scores []Score) error {
	_, err := fmt.Fprintf(w, "%-8s %-12s %-8s %9s %8s %6s\n", "protocol", "features", "stage", "score", "trivial", "dim")
	for _, s := range scores {
		if err == nil {
			_, err = fmt.Fprintf(w, "%-8s %-12.12s %-8s %9s %8s %6d\n", s.Protocol, s.Features, s.Stage, s.Metric.Format(s.Value), s.Metric.Format(s.Trivial), s.Dim)
		}
	}
	return err
}
