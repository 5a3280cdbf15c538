package score

import (
	"fmt"
	"math"
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
