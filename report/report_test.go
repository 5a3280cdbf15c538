package report

import (
	"encoding/xml"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestChart(t *testing.T) {
	ps := make([]point, 5000)
	for i := range ps {
		ps[i] = point{float64(i), 1 / float64(i+1)}
	}
	svg := string(chart("Loss <&>", "step", []line{{"training", ps}, {"none", nil}}, &rule{"chance", 0.25}, false))
	if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil {
		t.Errorf("not XML: %v", err)
	}
	for _, want := range []string{"Loss &lt;&amp;&gt;", "training", "chance", "polyline"} {
		if !strings.Contains(svg, want) {
			t.Errorf("the chart lacks %q", want)
		}
	}
	if strings.Contains(svg, "NaN") || len(svg) > 20000 {
		t.Errorf("the chart has %d bytes, or a NaN", len(svg))
	}
	if chart("x", "step", []line{{"empty", nil}}, nil, false) != "" {
		t.Error("a chart of nothing")
	}
	for _, one := range [][]point{{{3, 3}}, {{0, 0}, {1, 0}}} {
		if s := string(chart("flat", "step", []line{{"a", one}}, nil, false)); strings.Contains(s, "NaN") || strings.Contains(s, "Inf") {
			t.Errorf("a flat chart: %s", s)
		}
	}
}

func TestNiceStep(t *testing.T) {
	for r, want := range map[float64]float64{1: 0.2, 10: 2, 0.7: 0.2, 5: 1, 0: 1, 1234: 500} {
		if got := niceStep(r); math.Abs(got-want) > 1e-9 {
			t.Errorf("niceStep(%g) = %g, want %g", r, got, want)
		}
	}
}

func TestThin(t *testing.T) {
	ps := make([]point, 1000)
	for i := range ps {
		ps[i] = point{float64(i), 2}
	}
	out := thin(ps, 10)
	if len(out) != 10 || out[0].x != 49.5 || out[9].y != 2 {
		t.Errorf("thinned to %v", out)
	}
}

// TestBrokenMetrics: a line cut short by a crash is passed over; a folder that is no run says so.
func TestBrokenMetrics(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "metrics.jsonl")
	os.WriteFile(path, []byte("{\"step\":1,\"loss\":2}\n{\"step\":2,\"loss\":\"NaN\"}\n{\"step\":3,\"lo"), 0o644)
	m, err := readMetrics(path)
	if err != nil || len(m["loss"]) != 1 {
		t.Errorf("%v, %v", m, err)
	}
	if err := Write(filepath.Join(dir, "r.html"), []string{dir}); err == nil || !strings.Contains(err.Error(), "run.json") {
		t.Errorf("no run: %v", err)
	}
	os.WriteFile(filepath.Join(dir, "run.json"), []byte("{\"config\":{\"task\":\"<script>\"}}"), 0o644)
	if err := Write(filepath.Join(dir, "r.html"), []string{dir}); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(filepath.Join(dir, "r.html"))
	if strings.Contains(string(b), "<script>") {
		t.Error("a run's text is not escaped")
	}
	os.MkdirAll(filepath.Join(dir, "eval"), 0o755)
	os.WriteFile(filepath.Join(dir, "eval", "scores.json"), []byte("[{]"), 0o644)
	if err := Write(filepath.Join(dir, "r.html"), []string{dir}); err == nil || !strings.Contains(err.Error(), "scores.json") {
		t.Errorf("broken scores: %v", err)
	}
}
