package eval

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval/score"
	"github.com/tessera-go/tessera/internal/spec"
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
		return train, held, SameClasses(train, held)
	}
	n := train.Len()
	if n < 2 {
		return nil, nil, fmt.Errorf("%s has one sample; to learn from some and test on others takes two", of)
	}
	a, b, by := train.Apart(tensor.NewRNG(splitSeed).Derive(stream.Split).Perm(n), max(1, n/5))
	if len(b) == 0 {
		return nil, nil, fmt.Errorf("all that %s has is of one %s; to learn from some and test on others takes two", of, by)
	}
	return train.Subset(b, "part=4/5"), train.Subset(a, "part=1/5"), nil
}

// SameClasses refuses test classes that nothing could be learned about.
func SameClasses(train, test *data.Dataset) error {
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

// CountInBoth returns how many of the test samples are training samples too, by their content, and says it; and of which recordings or films, where these are known, both
// are: other moments of what was learned from are no test of other places.
func CountInBoth(train, test *data.Dataset, o Options) int {
	n := data.InBoth(train, test)
	if o.Say != nil {
		o.Say(fmt.Sprintf("%d of the %d test samples are training samples too", n, test.Len()))
		if s := sharedBy(train, test); s.samples > 0 {
			o.Say(fmt.Sprintf("%d of the %d test samples are of %d %ss that training samples are of too (%s): other moments of them, no test of what is new", s.samples, test.Len(),
				len(s.names), s.what, spec.Few(s.names, 3)))
		}
	}
	return n
}

// shared are the recordings, or films, that training and test samples are of.
type shared struct {
	what    string // recording, film; empty where neither is known of both
	names   []string
	samples int // test samples that are of these
}

// sharedBy finds them, by their names.
func sharedBy(train, test *data.Dataset) (s shared) {
	for _, what := range []string{data.RecordingGroup, data.FilmGroup} {
		a, b := train.Truth.Groups[what], test.Truth.Groups[what]
		if a == nil || b == nil {
			continue
		}
		s.what = what
		learned, found := map[string]bool{}, map[string]bool{}
		for i := range train.Len() {
			if l := a.Label(i); l >= 0 && l < len(a.Classes()) {
				learned[a.Classes()[l]] = true
			}
		}
		for i := range test.Len() {
			if l := b.Label(i); l >= 0 && l < len(b.Classes()) && learned[b.Classes()[l]] {
				s.samples++
				found[b.Classes()[l]] = true
			}
		}
		s.names = slices.Sorted(maps.Keys(found))
		return s
	}
	return s
}

// Judge scores encoders by protocols at every depth, one encoder after the other, each protocol's scores in the order of the
// depths. Each score says on which data it was made, how many test samples are training samples too, how the encoder saw it, and the
// protocol's settings.
func Judge(ctx context.Context, encoders []Encoder, train, test *data.Dataset, protocols []Protocol, o Options) ([]Score, error) {
	train, test = keepTruth(cacheFor(encoders, train, o)), keepTruth(cacheFor(encoders, test, o))
	if o.InBoth == nil {
		n := CountInBoth(train, test, o)
		o.InBoth = &n
	}
	o.shared = sharedBy(train, test)
	for _, p := range protocols {
		if t, ok := p.(telling); ok && o.Say != nil {
			if msg := t.Tells(train, test); msg != "" {
				o.Say(msg)
			}
		}
	}
	judging, tuning := tuned(protocols)
	var out []Score
	for _, e := range encoders {
		some, err := o.tuned(ctx, e, train, test, tuning)
		if out = append(out, some...); err != nil {
			return out, err
		}
		if len(judging) == 0 && len(tuning) > 0 {
			continue
		}
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
		for _, p := range judging {
			var measures [][]Score // of what is measured, the score of each depth
			for i := range a {
				if err := ctx.Err(); err != nil {
					return out, err
				}
				some, err := scores(ctx, p, a[i], b[i])
				if err != nil {
					return out, fmt.Errorf("%s of %s, %s: %w", p.Name(), e.Name(), a[i].Name, err)
				}
				for k, s := range some {
					s.Stage, s.Depth = a[i].Name, a[i].Depth
					s = o.told(s, e, train, test)
					if k == len(measures) {
						measures = append(measures, nil)
					}
					measures[k] = append(measures[k], s)
				}
			}
			out = append(out, slices.Concat(measures...)...)
		}
		if o.Encoded != nil {
			if err := o.Encoded(e, a, b); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// tuned returns what protocols that let trunks learn say of an encoder, nothing of one that has no trunk.
func (o Options) tuned(ctx context.Context, e Encoder, train, test *data.Dataset, tuning []Tuner) (out []Score, err error) {
	t, ok := e.(*TrunkEncoder)
	for _, p := range tuning {
		if !ok {
			if o.Say != nil {
				o.Say(fmt.Sprintf("%s judges networks; %s is none", p.Name(), e.Name()))
			}
			continue
		}
		some, err := p.Tune(ctx, t, train, test, o)
		if err != nil {
			return out, fmt.Errorf("%s of %s: %w", p.Name(), e.Name(), err)
		}
		for _, s := range some {
			if s.Stage == "" {
				s.Stage, s.Depth = "tuned", len(t.Trunk.Stages)
			}
			if _, learned := s.Found["updates"]; learned && o.MostUpdates > 0 {
				s.Settings["most_updates"] = o.MostUpdates
			}
			out = append(out, o.told(s, e, train, test))
		}
	}
	return out, nil
}

// told returns a score of an encoder's with what is said of every score, and tells of it.
func (o Options) told(s Score, e Encoder, train, test *data.Dataset) Score {
	s.Features = e.Name()
	describe(&s, e, train, test, o.Own)
	if s.Found == nil {
		s.Found = map[string]any{}
	}
	s.Found["in_both"] = *o.InBoth
	if by := o.shared; by.what != "" {
		s.Found[by.what+"s_in_both"], s.Found["of_"+by.what+"s_in_both"] = len(by.names), by.samples
	}
	if o.Scored != nil {
		o.Scored(s)
	}
	return s
}

// describe adds to a score's settings what it was made on, and what net made the features, where an encoder says it; own are settings of encoders that
// are said of the net.
func describe(s *Score, e Encoder, train, test *data.Dataset, own []string) {
	all := map[string]any{"data": train.Name, "data_fingerprint": train.Fingerprint, "test": test.Name, "test_fingerprint": test.Fingerprint}
	if n, ok := e.(interface{ Network() map[string]any }); ok {
		s.Network = maps.Clone(n.Network())
	}
	seen := maps.Clone(e.Settings(train.Inputs))
	s.Seen = slices.Sorted(maps.Keys(seen))
	for _, k := range own {
		if v, ok := seen[k]; ok {
			if s.Network == nil {
				s.Network = map[string]any{}
			}
			s.Network[k] = v
			delete(seen, k)
		}
	}
	for _, m := range []map[string]any{seen, s.Settings} {
		for k, v := range m {
			if _, taken := all[k]; taken {
				panic("eval: setting " + k + " of " + s.Protocol + " and " + e.Name() + " is said twice")
			}
			all[k] = v
		}
	}
	s.Settings = all
}

// Differing names the settings in which encoders differ, for Options.Own.
func Differing(encoders []Encoder, in data.Inputs) []string {
	values := map[string]map[string]bool{}
	for _, e := range encoders {
		for k, v := range e.Settings(in) {
			if values[k] == nil {
				values[k] = map[string]bool{}
			}
			values[k][fmt.Sprint(v)] = true
		}
	}
	var out []string
	for k, v := range values {
		if len(v) > 1 {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
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

// WriteTable writes scores as a table for a terminal, a line each; what is measured is said where it is not accuracy, and the 95 % interval where
// there is one.
func WriteTable(w io.Writer, scores []Score) error {
	wide, intervals := 8, ""
	for _, s := range scores {
		wide = max(wide, len(s.Title()))
		if s.Interval != nil {
			intervals = fmt.Sprintf(" %17s", "95 %")
		}
	}
	_, err := fmt.Fprintf(w, "%-*s %-12s %-8s %9s%s %8s %6s\n", wide, "protocol", "features", "stage", "score", intervals, "trivial", "dim")
	for _, s := range scores {
		in := ""
		if intervals != "" {
			in = fmt.Sprintf(" %17s", s.Within())
		}
		if err == nil {
			_, err = fmt.Fprintf(w, "%-*s %-12.12s %-8s %9s%s %8s %6d\n", wide, s.Title(), s.Features, s.Stage, s.Metric.Format(s.Value), in, s.Metric.Format(s.Trivial), s.Dim)
		}
	}
	return err
}
