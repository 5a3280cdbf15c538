package canvas

import (
	"encoding/xml"
	"math"
	"strings"
	"testing"
)

// TestRows: a row for each name with a dot for each kind that has a value, kinds without one are in no key, and long names are cut.
func TestRows(t *testing.T) {
	long := strings.Repeat("ab<", 20)
	svg := Rows{Title: "Drop", Names: []string{"knn", long}, Kinds: []string{"rotation", "none", "random & more"}, Percent: true,
		Values: [][]float64{{0.05, math.NaN(), 0}, {0.08, math.Inf(1), -1}}}.SVG()
	if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil {
		t.Fatalf("%v: %s", err, svg)
	}
	if n := strings.Count(svg, "<circle"); n != 3+2 {
		t.Errorf("%d dots, want 3 and 2 of the key: %s", n, svg)
	}
	for _, want := range []string{"<title>knn, rotation: 5.0 %</title>", "<title>knn, random &amp; more: 0.0 %</title>", ">8 %<", "ab&lt;ab…<", `aria-label="Drop"`} {
		if !strings.Contains(svg, want) {
			t.Errorf("it lacks %q: %s", want, svg)
		}
	}
	if strings.Contains(svg, "none") {
		t.Error("a kind without a value is in the key")
	}
	if got := (Rows{Title: "nothing"}).SVG(); got != "" {
		t.Errorf("of no rows: %s", got)
	}
	if svg := (Rows{Names: []string{"a"}, Kinds: []string{"k"}, Values: [][]float64{{0}}}).SVG(); strings.Contains(svg, "NaN") || !strings.Contains(svg, "<circle") {
		t.Errorf("of zeros: %s", svg)
	}
}

// TestBand: what lies around a line is drawn, marks are where they are asked for as far as their numbers have room, and what cannot be drawn takes its band along.
func TestBand(t *testing.T) {
	c := Chart{LogX: true, Percent: true, Ticks: []float64{96, 1, 2, 90}, Lines: []Line{{Name: "a", Points: []Point{{1, 0.2}, {2, 0.4}, {96, 0.8}}, Band: [][2]float64{{0.1, 0.3}, {0.3, 0.5}, {0.7, 0.9}}}}}
	n := parse(t, c)
	if got := n.lines("polygon", "points"); len(got) != 1 || len(strings.Fields(got[0])) != 6 {
		t.Errorf("bands %v", got)
	}
	svg := c.SVG()
	for _, want := range []string{">1<", ">2<", ">96<"} {
		if !strings.Contains(svg, want) {
			t.Errorf("it lacks the mark %s", want)
		}
	}
	if strings.Contains(svg, ">90<") {
		t.Error("90 stands in 96's way")
	}
	c.Lines[0].Points[0].X, c.Lines[0].Band[1][0] = 0, math.NaN()
	if n := parse(t, c); len(n.lines("polygon", "points")) != 0 || len(n.lines("circle", "r")) != 2 {
		t.Error("a band that is no number is drawn")
	}
}
