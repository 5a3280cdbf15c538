package score

import (
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/metric"
)

// judged returns scores of a protocol, values by stage: s1, s2, ...
func judged(protocol, features string, m metric.Metric, test int, values ...float64) (out []Score) {
	for i, v := range values {
		s := Score{Protocol: protocol, Features: features, Stage: fmt.Sprint("s", i+1), Depth: i + 1, Metric: m, Value: v, Trivial: m.Trivial, Test: test, Settings: map[string]any{"k": 1}}
		out = append(out, s)
	}
	return out
}

func concat(all ...[]Score) (out []Score) {
	for _, s := range all {
		out = append(out, s...)
	}
	return out
}

// TestSummarise: by hand. Of accuracies and of an error the best stage, the drop at the last, the gain over the trivial predictor with each protocol counted once, and Spearman's
// correlation.
func TestSummarise(t *testing.T) {
	acc, err, db := LargestClass(0.2), metric.Metric{Name: "error", Predictor: "mean", Trivial: 4}, metric.Metric{Name: "psnr", Unit: "dB", Higher: true, Predictor: "copy", Trivial: 20}
	top := metric.Metric{Name: "top 5", Unit: metric.Percent, Higher: true, Predictor: "chance", Trivial: 0.5}
	scores := concat(
		judged("knn", Own, acc, 600, 0.3, 0.6, 0.5), judged("knn", "random", acc, 600, 0.4, 0.3, 0.2),
		judged("knn", Own, top, 600, 0.5, 0.75, 0.6), judged("knn", "random", top, 600, 0.5, 0.5, 0.5),
		judged("depth", Own, err, 40, 3, 2, 1), judged("depth", "random", err, 40, 2, 3, 4),
		judged("paint", Own, db, 40, 25, 26, 27), judged("paint", "random", db, 40, 21, 22, 23))
	s := Summarise([]Judged{{Scores: scores}})
	if fmt.Sprint(s.Features) != "[pretext random]" || len(s.Lines) != 4 {
		t.Fatalf("%v, %d lines", s.Features, len(s.Lines))
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %g, want %g", what, got, want)
		}
	}
	knn, depth := s.Lines[0], s.Lines[2]
	if c := knn.Cells[0]; c.Stage != "s2" || c.Stages != 3 || c.Best.N != 1 || knn.Title != "knn" || s.Lines[1].Title != "knn top 5" || knn.Test != 600 {
		t.Errorf("%+v", knn)
	}
	if c := knn.Cells[1].Curve; len(c) != 3 || c[2].Stage != "s3" || c[2].Depth != 3 || c[2].Value != 0.2 || c[2].N != 1 {
		t.Errorf("curve %+v", c)
	}
	near("best", knn.Cells[0].Best.Value, 0.6)
	near("drop", knn.Cells[0].Drop.Value, 0.1)
	near("drop of random", knn.Cells[1].Drop.Value, 0.2)
	if c := depth.Cells[0]; c.Stage != "s3" || c.Drop.N != 1 || c.Drop.Value != 0 || depth.Cells[1].Drop.Value != 2 {
		t.Errorf("of errors the least is best: %+v", depth)
	}
	if !reflect.DeepEqual(s.GainOver, []int{0, 1, 2}) || s.Gain[0].N != 2 {
		t.Fatalf("gain over %v, %+v: nothing is perfect among decibels", s.GainOver, s.Gain)
	}
	near("gain", s.Gain[0].Value, ((0.5+0.5)/2+0.75)/2)
	near("gain of random", s.Gain[1].Value, ((0.25+0)/2+0.5)/2)
	// scipy.stats.spearmanr([.3, .6, .5, .4, .3, .2], [-3, -2, -1, -2, -3, -4])
	if len(s.Ranks) != 3 || s.Ranks[0].A != 0 || s.Ranks[0].B != 2 || s.Ranks[0].N != 6 {
		t.Fatalf("ranks %+v", s.Ranks)
	}
	if math.Abs(s.Ranks[0].Rho-0.895622151039798) > 1e-12 {
		t.Errorf("rho %.6f", s.Ranks[0].Rho)
	}
	if names, m := s.Matrix(func(rho float64, n int) string { return fmt.Sprintf("%.2f of %d", rho, n) }); fmt.Sprint(names, m) != "[knn depth error paint psnr] [[] [0.90 of 6] [0.49 of 6 0.44 of 6]]" {
		t.Errorf("matrix %q %q", names, m)
	}
	text := &strings.Builder{}
	if err := s.WriteText(text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"60.0 % s2", "40*", "fewer than 500", "mean gain of 2", "10.0 s2", "paint psnr"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, line := range strings.Split(text.String(), "\n") {
		if len([]rune(line)) > textWide {
			t.Errorf("%d columns: %s", len([]rune(line)), line)
		}
	}
}

// TestSummariseRuns: seeds of a task stand together, with a mean and an interval; the stage is chosen by its mean; other settings have another line.
func TestSummariseRuns(t *testing.T) {
	acc := LargestClass(0.2)
	seed := func(values ...float64) Judged {
		return Judged{Name: "rotation", Scores: concat(judged("knn", Own, acc, 600, values...), judged("knn", "random", acc, 600, 0.3, 0.2))}
	}
	other := Judged{Name: "jigsaw", Scores: judged("knn", Own, acc, 600, 0.9)}
	other.Scores[0].Settings = map[string]any{"k": 5, "side": 48, "frames": 8} // how a network sees is its own
	other.Scores[0].Seen = []string{"frames", "side"}
	s := Summarise([]Judged{seed(0.5, 0.6), seed(0.7, 0.4), seed(0.6, 0.5), other})
	if fmt.Sprint(s.Features) != "[rotation random jigsaw]" || len(s.Lines) != 2 || s.Lines[0].Title != "knn (1)" || s.Lines[1].Title != "knn (2)" || fmt.Sprint(s.Notes) != "[k 1 k 5]" {
		t.Fatalf("%v %+v", s.Features, s.Lines)
	}
	more := Judged{Name: "jigsaw", Scores: judged("knn", Own, acc, 600, 0.9)}
	more.Scores[0].Settings = map[string]any{"k": 1, "bound": 3}
	if s := Summarise([]Judged{seed(0.5, 0.6), more}); fmt.Sprintf("%q", s.Notes) != `["without bound" "bound 3"]` {
		t.Errorf("of a line that lacks a setting: %q", s.Notes)
	}
	c := s.Lines[0].Cells[0]
	// 0.5, 0.7, 0.6: mean 0.6, deviation 0.1, t(0.975, 2) = 4.302653
	if c.Stage != "s1" || c.Best.N != 3 || math.Abs(c.Best.Value-0.6) > 1e-12 || math.Abs(c.Best.Half-4.302653*0.1/math.Sqrt(3)) > 1e-6 {
		t.Errorf("%+v", c)
	}
	if c.Drop.N != 3 || math.Abs(c.Drop.Value-0.1) > 1e-12 {
		t.Errorf("drop %+v", c.Drop)
	}
	if s.Lines[0].Cells[2].Best.N != 0 || s.Lines[1].Cells[2].Best.N != 1 || s.Lines[0].Cells[1].Best.N != 1 {
		t.Errorf("%+v", s.Lines)
	}
	if got := Names([]string{"a", "b"}, []string{"x", "x"}); fmt.Sprint(got) != "[a b]" {
		t.Error(got)
	}
	if got := Names([]string{"a", "a"}, []string{"x", "y"}); fmt.Sprint(got) != "[a on x a on y]" {
		t.Error(got)
	}
}

// TestMeanText: per cent is written once.
func TestMeanText(t *testing.T) {
	m := LargestClass(0.1)
	for want, v := range map[string]Mean{"-": {}, "50.0 %": {1, 0.5, 0}, "50.0 ± 2.0 %": {3, 0.5, 0.02}} {
		if got := v.Text(m.Format); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestDiffers: what all have alike is not said.
func TestDiffers(t *testing.T) {
	a, b := map[string]any{"k": 1, "seed": 2, "by_what": "pose"}, map[string]any{"k": 5, "seed": 2}
	if got := Differs(a, []map[string]any{a, b}); got != "by what pose, k 1" {
		t.Errorf("%q", got)
	}
	if got := Differs(b, []map[string]any{b, b}); got != "" {
		t.Errorf("%q", got)
	}
}

// TestSummariseAgain: what stands beside several runs counts once where it is the same, and as often as it was measured where networks, seeds or values differ.
func TestSummariseAgain(t *testing.T) {
	acc := LargestClass(0.2)
	beside := func(seed uint64, features, trunk string, value float64, depth int) Judged {
		s := judged("knn", features, acc, 600, value)
		s[0].Depth, s[0].Network = depth, map[string]any{"trunk": trunk}
		return Judged{Name: fmt.Sprint("run ", trunk, seed), Seed: seed, Scores: append(judged("knn", Own, acc, 600, 0.5), s...)}
	}
	for _, c := range []struct {
		a, b Judged
		n    int
	}{
		{beside(1, "pixels", "", 0.3, 0), beside(2, "pixels", "", 0.3, 0), 1},
		{beside(1, "pixels", "", 0.3, 0), beside(2, "pixels", "", 0.4, 0), 2},
		{beside(1, "random", "a", 0.3, 1), beside(1, "random", "a", 0.3, 1), 1},
		{beside(1, "random", "a", 0.3, 1), beside(2, "random", "a", 0.3, 1), 2},
		{beside(1, "random", "a", 0.3, 1), beside(1, "random", "b", 0.3, 1), 2},
	} {
		s := Summarise([]Judged{c.a, c.b})
		if got := s.Lines[0].Cells[1].Best.N; got != c.n {
			t.Errorf("%s: %d measurements, want %d", c.a.Scores[1].Features, got, c.n)
		}
	}
}

// TestSummariseCells: stages stand by their depth in whatever order they were judged; a single score keeps its interval, and the mean of several has its own; settings that
// several protocols have in common are numbered once.
func TestSummariseCells(t *testing.T) {
	acc := LargestClass(0.2)
	with := func(protocol string, k int, values ...float64) []Score {
		s := judged(protocol, Own, acc, 600, values...)
		for i := range s {
			s[i].Settings, s[i].Interval = map[string]any{"k": k, "unit": true}, &[2]float64{s[i].Value - 0.1, s[i].Value + 0.1}
		}
		return s
	}
	scores := with("knn", 1, 0.3, 0.6, 0.4, 0.5)
	scores[0], scores[3], scores[1] = scores[3], scores[1], scores[0]
	s := Summarise([]Judged{{Scores: concat(scores, with("knn", 5, 0.4), with("svm", 1, 0.5), with("svm", 5, 0.6))}})
	c := s.Lines[0].Cells[0]
	if got := fmt.Sprint(c.Curve); got != "[{s1 1 {1 0.3 0}} {s2 2 {1 0.6 0}} {s3 3 {1 0.4 0}} {s4 4 {1 0.5 0}}]" || c.Stage != "s2" || c.Depth != 2 || math.Abs(c.Drop.Value-0.1) > 1e-12 {
		t.Errorf("%s, %+v", got, c)
	}
	if c.Interval == nil || *c.Interval != [2]float64{0.5, 0.7} {
		t.Errorf("interval %v", c.Interval)
	}
	var titles []string
	for _, l := range s.Lines {
		titles = append(titles, l.Title)
	}
	if fmt.Sprint(titles, s.Notes) != "[knn (1) knn (2) svm (1) svm (2)] [k 1 k 5]" {
		t.Errorf("%v %v", titles, s.Notes)
	}
	s = Summarise([]Judged{{Name: "a", Seed: 1, Scores: with("knn", 1, 0.5)}, {Name: "a", Seed: 2, Scores: with("knn", 1, 0.7)}})
	if c := s.Lines[0].Cells[0]; c.Best.N != 2 || c.Interval != nil {
		t.Errorf("of two runs %+v", c)
	}
}

// TestSummariseGain: a protocol that one of the usual columns lacks does not count for any; a column that half of the lines lack does not keep others from counting, and has no gain.
func TestSummariseGain(t *testing.T) {
	acc := LargestClass(0.2)
	var scores []Score
	for i, protocol := range []string{"a", "b", "c", "d"} {
		scores = append(scores, judged(protocol, Own, acc, 600, 0.6)...)
		if i < 3 {
			scores = append(scores, judged(protocol, "random", acc, 600, 0.2+0.2*float64(i))...)
		}
		if i >= 2 {
			scores = append(scores, judged(protocol, "supervised", acc, 600, 1)...)
		}
	}
	s := Summarise([]Judged{{Scores: scores}})
	if fmt.Sprint(s.Features, s.GainOver) != "[pretext random supervised] [0 1 2]" {
		t.Fatalf("%v, gain over %v", s.Features, s.GainOver)
	}
	for c, want := range []Mean{{N: 3, Value: 0.5}, {N: 3, Value: 0.25}, {}} {
		if got := s.Gain[c]; got.N != want.N || math.Abs(got.Value-want.Value) > 1e-12 {
			t.Errorf("%s: %+v, want %+v", s.Features[c], got, want)
		}
	}
}

// TestRanked: five features are enough for an order; where stages have other names it is of the best of each.
func TestRanked(t *testing.T) {
	acc := LargestClass(0.2)
	two := func(features int, names string) *Summary {
		var scores []Score
		for i := range features {
			a := judged("a", fmt.Sprint("f", i), acc, 600, 0.1*float64(i), 0.02, 0.01)
			b := judged("b", fmt.Sprint("f", i), acc, 600, 0, 0.2*float64(i*i), 0)
			for k := range b {
				b[k].Stage = names + b[k].Stage
			}
			scores = append(scores, append(a, b...)...)
		}
		return Summarise([]Judged{{Scores: scores}})
	}
	if s := two(leastRanked, "other "); len(s.Ranks) != 1 || s.Ranks[0].N != leastRanked || math.Abs(s.Ranks[0].Rho-1) > 1e-12 {
		t.Errorf("%+v", s.Ranks)
	}
	if s := two(leastRanked-1, "other "); len(s.Ranks) != 0 {
		t.Errorf("%+v", s.Ranks)
	}
}

// TestWriteText: all that a summary of three columns has, to the letter: stars, gains, notes that go on below their beginning, falls, the order of protocols, and blocks of columns where all do not
// fit beside each other.
func TestWriteText(t *testing.T) {
	acc, db := LargestClass(0.2), metric.Metric{Name: "psnr", Unit: "dB", Higher: true}
	var scores []Score
	for i, f := range []string{Own, "random", "a network of a rather long name", "another one of a name as long"} {
		v := 0.125 * float64(i)
		a, b, c := judged("knn", f, acc, 500, 0.5-v, 0.625-v, 0.375-v), judged("knn", f, acc, 500, 0.75-v, 0.75-v, 0.75-v), judged("paint", f, db, 499, 20+v)
		for k := range b {
			b[k].Settings = map[string]any{"k": "a value that is a sentence and does not fit into a single line of eighty columns"}
		}
		if i == 3 {
			c = nil
		}
		scores = append(scores, concat(a, b, c)...)
	}
	for i, f := range []string{Own, "random", "a network of a rather long name"} {
		v := 0.25 * float64(i)
		scores = append(scores, judged("svm", f, acc, 600, 0.5-v/2, 0.875-v, 0.875-v)...)
	}
	out := &strings.Builder{}
	if err := Summarise([]Judged{{Scores: scores}}).WriteText(out); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/summary.txt")
	if err != nil || out.String() != string(want) {
		t.Errorf("%v: %s", err, out)
	}
	// one protocol: no gain over several is said, nor an order; nothing falls
	out.Reset()
	if err := Summarise([]Judged{{Scores: judged("knn", Own, acc, 600, 0.5)}}).WriteText(out); err != nil || out.String() != "Best stage of each; the trivial predictor; n test samples\n     trivial     n    pretext\nknn   20.0 %  600   50.0 % s1\n" {
		t.Errorf("%v: %q", err, out)
	}
}
