package canvas

import (
	"encoding/xml"
	"fmt"
	"math"
	"strings"
	"testing"
)

// node is an element of an SVG.
type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Text    string     `xml:",chardata"`
	Nodes   []node     `xml:",any"`
}

func (n node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// lines writes the elements that are called name, a line each: the wanted attributes, then the text within.
func (n node) lines(name string, attrs ...string) (out []string) {
	for _, e := range n.Nodes {
		if e.XMLName.Local != name {
			continue
		}
		var f []string
		for _, a := range attrs {
			f = append(f, e.attr(a))
		}
		text := e.Text
		for _, c := range e.Nodes {
			text += c.Text
		}
		out = append(out, strings.TrimSpace(strings.Join(append(f, text), " ")))
	}
	return out
}

func parse(t *testing.T, c Chart) node {
	t.Helper()
	svg := c.SVG()
	var n node
	if err := xml.Unmarshal([]byte(svg), &n); err != nil {
		t.Fatalf("not XML: %v\n%s", err, svg)
	}
	if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Errorf("a place that is no number in\n%s", svg)
	}
	return n
}

// want compares what is drawn with what a person worked out.
func want(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// TestChart: 460 by 250 pixels; the axes run from x 52 to 446 and from y 216 up to 34.
func TestChart(t *testing.T) {
	n := parse(t, Chart{Title: "Loss <&>", X: "step", Lines: []Line{{Name: "a<b", Points: []Point{{0, 0}, {50, 5}, {100, 10}}}, {Name: "none"}, {Name: "held", Points: []Point{{100, 2.5}}}},
		Rules: []Rule{{"chance", 7.5}}})
	if svg := (Chart{Lines: []Line{{Name: "a", Points: []Point{{0, 0}, {1, 1}}}}}).SVG(); !strings.Contains(svg, `<polyline points="52.0,216.0 446.0,34.0"`) {
		t.Errorf("points are not written as they should be: %s", svg)
	}
	want(t, "size", []string{n.attr("viewBox"), n.attr("aria-label")}, "0 0 460 250", "Loss <&>")
	want(t, "lines", n.lines("polyline", "points", "stroke"), "52.0,216.0 249.0,125.0 446.0,34.0 #0072b2", "446.0,170.5 #d55e00")
	want(t, "dots", n.lines("circle", "cx", "cy", "fill"), "52.0 216.0 #0072b2 a<b: 0", "249.0 125.0 #0072b2 a<b: 5", "446.0 34.0 #0072b2 a<b: 10", "446.0 170.5 #d55e00 held: 2.5")
	want(t, "grid and rule", n.lines("line", "x1", "x2", "y1", "y2", "class"), "52 446 216.0 216.0 grid", "52 446 179.6 179.6 grid", "52 446 143.2 143.2 grid",
		"52 446 106.8 106.8 grid", "52 446 70.4 70.4 grid", "52 446 34.0 34.0 grid", "52 446 79.5 79.5 rule")
	want(t, "texts", n.lines("text", "x", "y", "class", "style"), "8 18 title  Loss <&>",
		"46 219.5 tick  0", "46 183.1 tick  2", "46 146.7 tick  4", "46 110.3 tick  6", "46 73.9 tick  8", "46 37.5 tick  10",
		"52.0 232 tick  0", "130.8 232 tick  20", "209.6 232 tick  40", "288.4 232 tick  60", "367.2 232 tick  80", "446.0 232 tick  100",
		"446 246 tick  step", "446 75.5 tick  chance", "410 18 key fill:#d55e00 held", "377 18 key fill:#0072b2 a<b")
}

// TestChartPercent: parts of a whole begin at zero, positions have names, and dots say their value.
func TestChartPercent(t *testing.T) {
	n := parse(t, Chart{Percent: true, Labels: []string{"stem", "last"}, Lines: []Line{{Points: []Point{{1, 0.5}, {2, 0.75}}}}, Width: 266, Height: 168})
	want(t, "line", n.lines("polyline", "points"), "96.4,71.5 207.6,40.2")
	want(t, "dots", n.lines("circle", "fill"), "#0072b2 50.0 %", "#0072b2 75.0 %")
	want(t, "texts", n.lines("text", "x", "y"), "8 18", "46 137.5 0 %", "46 112.5 20 %", "46 87.5 40 %", "46 62.5 60 %", "46 37.5 80 %", "96.4 150 stem", "207.6 150 last", "252 164", "244 18")
}

// TestChartMarks: logarithmic axes, marks of three shapes, a key, a file of its own.
func TestChartMarks(t *testing.T) {
	c := Chart{Title: "Roof", X: "flop/byte", Y: "GFLOP/s", LogX: true, LogY: true, Alone: true, Width: 582, Height: 390, Kinds: []string{"product", "direct"}, KindNote: "shapes",
		Marks: []Mark{{Point{10, 10}, Circle, 0, "c"}, {Point{100, 100}, Triangle, 1, "t<"}, {Point{1000, 1000}, Square, 6, "s"}, {Point{0, 5}, Circle, 0, "zero"}, {Point{5, 0}, Circle, 0, "zero"}},
		Lines: []Line{{Points: []Point{{1, 1}, {10000, 1e4}}}}, Rules: []Rule{{"none", 0}, {"peak", 100}}, Notes: []Note{{Point{10, 100}, "from<", false}, {Point{100, 10}, "to", true}}}
	n := parse(t, c)
	if svg := c.SVG(); !strings.HasPrefix(svg, `<svg xmlns="http://www.w3.org/2000/svg" width="582" height="390" viewBox="0 0 582 390"><style>`) {
		t.Errorf("a file of its own begins %.100s", svg)
	}
	// x from 68 to 568, y from 356 up to 56: 125 and 75 pixels a power of ten
	want(t, "line", n.lines("polyline", "points"), "68.0,356.0 568.0,56.0")
	want(t, "circles", n.lines("circle", "cx", "cy", "r", "fill"), "57 38 5 #0072b2", "140 38 5 #d55e00", "68.0 356.0 3 #0072b2 1", "568.0 56.0 3 #0072b2 1e+04", "193.0 281.0 5 #0072b2 c")
	want(t, "triangle", n.lines("path", "d", "fill"), "M318.0 200.0 l6 10 h-12 z #d55e00 t<")
	want(t, "square", n.lines("rect", "x", "y", "width", "height", "fill")[1:], "438.5 126.5 9 9 #0072b2 s")
	want(t, "lines", n.lines("line", "x1", "x2", "y1", "y2", "class"), "68 568 356.0 356.0 grid", "68 568 281.0 281.0 grid", "68 568 206.0 206.0 grid", "68 568 131.0 131.0 grid", "68 568 56.0 56.0 grid",
		"68.0 68.0 356.0 56.0 grid", "193.0 193.0 356.0 56.0 grid", "318.0 318.0 356.0 56.0 grid", "443.0 443.0 356.0 56.0 grid", "568.0 568.0 356.0 56.0 grid", "68 568 206.0 206.0 rule")
	want(t, "texts", n.lines("text", "x", "y", "text-anchor", "transform"), "8 18   Roof", "62 359.5 end  1", "62 284.5 end  10", "62 209.5 end  100", "62 134.5 end  1000", "62 59.5 end  1e+04",
		"68.0 372 middle  1", "193.0 372 middle  10", "318.0 372 middle  100", "443.0 372 middle  1000", "568.0 372 middle  1e+04", "568 386 end  flop/byte",
		"middle translate(14,206) rotate(-90) GFLOP/s", "568 202.0 end  peak", "560 18", "66 42   product", "149 42   direct", "568 42 end  shapes", "193.0 200.0 start  from<", "318.0 275.0 end  to")
}

// TestChartEdges: nothing to draw is "", and one value, equal values or values that are no number draw a chart all the same.
func TestChartEdges(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []Chart{{}, {Lines: []Line{{Name: "empty"}}, Rules: []Rule{{"r", 1}}}, {Lines: []Line{{Name: "nan", Points: []Point{{1, nan}, {nan, 1}, {inf, 1}, {1, inf}}}}},
		{LogX: true, Lines: []Line{{Name: "zero", Points: []Point{{0, 1}}}}}, {LogY: true, Lines: []Line{{Name: "zero", Points: []Point{{1, 0}}}}}} {
		if c.SVG() != "" {
			t.Errorf("a chart of nothing: %+v", c)
		}
	}
	if n := parse(t, Chart{Lines: []Line{{Name: "a", Points: []Point{{0, 1}, {1, nan}, {2, 2}}}}, Rules: []Rule{{"r", nan}}}); len(n.lines("circle")) != 2 || strings.Contains(strings.Join(n.lines("line", "class"), " "), "rule") {
		t.Errorf("what is no number was drawn: %q", n.lines("circle"))
	}
	for _, c := range []struct {
		name  string
		chart Chart
		line  string
		y     []string // numbers on the vertical axis
	}{
		{"one point", Chart{Lines: []Line{{Name: "a", Points: []Point{{3, 3}}}}}, "249.0,216.0", []string{"3", "3.2", "3.4", "3.6", "3.8", "4"}},
		{"equal", Chart{Lines: []Line{{Name: "a", Points: []Point{{0, 0}, {1, 0}}}}}, "52.0,216.0 446.0,216.0", []string{"0", "0.2", "0.4", "0.6", "0.8", "1"}},
		{"one point, logarithmic", Chart{LogX: true, LogY: true, Lines: []Line{{Name: "a", Points: []Point{{10, 10}}}}}, "249.0,125.0", []string{"10"}},
		{"negative", Chart{Lines: []Line{{Name: "a", Points: []Point{{0, -1}, {1, 1}}}}}, "52.0,216.0 446.0,34.0", []string{"-1", "-0.5", "0", "0.5", "1"}},
		{"negative percent", Chart{Percent: true, Lines: []Line{{Name: "a", Points: []Point{{0, -1}, {1, 0}}}}}, "52.0,216.0 446.0,34.0", []string{"-100 %", "-80 %", "-60 %", "-40 %", "-20 %", "0 %"}},
		{"far from zero", Chart{Lines: []Line{{Name: "a", Points: []Point{{0, 100}, {1, 110}}}}}, "52.0,216.0 446.0,34.0", []string{"100", "102", "104", "106", "108", "110"}},
		{"half of the largest", Chart{Lines: []Line{{Name: "a", Points: []Point{{0, 5}, {1, 10}}}}}, "52.0,216.0 446.0,34.0", []string{"5", "6", "7", "8", "9", "10"}},
		{"less than half", Chart{Lines: []Line{{Name: "a", Points: []Point{{0, 4}, {1, 10}}}}}, "52.0,143.2 446.0,34.0", []string{"0", "2", "4", "6", "8", "10"}},
		{"rounded outwards", Chart{Lines: []Line{{Name: "a", Points: []Point{{0, 100.5}, {1, 109}}}}}, "52.0,206.9 446.0,52.2", []string{"100", "102", "104", "106", "108", "110"}},
		{"a rule below", Chart{Lines: []Line{{Name: "a", Points: []Point{{0, 100}, {1, 110}}}}, Rules: []Rule{{"r", 90}}}, "52.0,125.0 446.0,34.0", []string{"90", "95", "100", "105", "110"}},
	} {
		n := parse(t, c.chart)
		want(t, c.name, n.lines("polyline", "points"), c.line)
		var ticks []string
		for _, l := range n.lines("text", "text-anchor", "class", "x") {
			if v, ok := strings.CutPrefix(l, "end tick 46 "); ok {
				ticks = append(ticks, v)
			}
		}
		want(t, c.name+", vertical axis", ticks, c.y...)
	}
}

// TestKeyRows: a key that has no room beside the title takes rows of its own, by which the chart grows, so that neither a name nor what stands at a rule crosses it; once names ran out of the
// chart to the left, and across a rule's.
func TestKeyRows(t *testing.T) {
	c := Chart{Title: "Accuracy by stage of a long title", Rules: []Rule{{"largest class", 10}}}
	for i := range 12 {
		c.Lines = append(c.Lines, Line{Name: fmt.Sprintf("network%02d", i), Points: []Point{{0, 0}, {1, 10}}})
	}
	n := parse(t, c)
	want(t, "size", []string{n.attr("viewBox")}, "0 0 460 295")
	want(t, "rule", n.lines("line", "y1", "class")[6:], "79.0 rule")
	var key, names []string
	for _, l := range n.lines("text", "class", "x", "y") {
		if f := strings.Fields(l); f[0] == "key" {
			key, names = append(key, f[1]+","+f[2]), append(names, f[3])
		}
	}
	want(t, "key", key, "375,33", "300,33", "225,33", "150,33", "75,33", "375,48", "300,48", "225,48", "150,48", "75,48", "375,63", "300,63")
	want(t, "names", names[:6], "network04", "network03", "network02", "network01", "network00", "network09")
}

// TestFarValues: values without room between them, or beyond what can be drawn, are drawn or left out; once their axis had no end. What XML
// cannot hold is replaced.
func TestFarValues(t *testing.T) {
	for _, v := range []float64{1e300, 1 << 53, -1e149, 1e16, 5e-324} {
		next := math.Nextafter(v, math.Inf(1))
		lines := 3
		if math.Abs(v) > mostDrawn {
			lines = 1
		} else {
			parse(t, Chart{Lines: []Line{{Name: "a", Points: []Point{{v, v}, {next, next}}}}})
			parse(t, Chart{Lines: []Line{{Name: "one", Points: []Point{{v, v}}}}})
		}
		n := parse(t, Chart{Lines: []Line{{Name: "a", Points: []Point{{v, v}, {next, next}}}, {Name: "one", Points: []Point{{v, v}}}, {Name: "seen", Points: []Point{{1, 1}}}}})
		if got := n.lines("polyline", "points"); len(got) != lines {
			t.Errorf("%g: %q", v, got)
		}
	}
	n := parse(t, Chart{Title: "a\x00b\xff\t\ufffe", Lines: []Line{{Points: []Point{{1, 1}}}}})
	want(t, "title", n.lines("text", "class")[:1], "title a\ufffdb\ufffd\t\ufffd")
}

func TestLongLine(t *testing.T) {
	ps := make([]Point, 5000)
	for i := range ps {
		ps[i] = Point{float64(i), 1 / float64(i+1)}
	}
	n := parse(t, Chart{Lines: []Line{{Name: "long", Points: ps}}})
	if k := len(strings.Fields(n.lines("polyline", "points")[0])); k != 400 || len(n.lines("circle")) != 0 {
		t.Errorf("5000 points are drawn as %d, with %d dots", k, len(n.lines("circle")))
	}
	for k, dots := range map[int]int{30: 30, 31: 0} {
		if got := len(parse(t, Chart{Lines: []Line{{Name: "l", Points: ps[:k]}}}).lines("circle")); got != dots {
			t.Errorf("%d points have %d dots, want %d", k, got, dots)
		}
	}
}

func TestNiceStep(t *testing.T) {
	for r, want := range map[float64]float64{1: 0.2, 10: 2, 0.7: 0.2, 5: 1, 0: 1, -3: 1, 1234: 500, 6: 1, 6.1: 2, 3: 0.5, 3.1: 1, 4.9: 1, 30: 5, math.Inf(1): 1} {
		if got := niceStep(r); !(math.Abs(got-want) <= 1e-9) {
			t.Errorf("niceStep(%g) = %g, want %g", r, got, want)
		}
	}
	if niceStep(math.NaN()) != 1 {
		t.Error("a step of what is no number")
	}
}

func TestThin(t *testing.T) {
	ps := make([]Point, 1000)
	for i := range ps {
		ps[i] = Point{float64(i), float64(2 * i)}
	}
	out := thin(ps, 10)
	if len(out) != 10 || out[0] != (Point{49.5, 99}) || out[9] != (Point{949.5, 1899}) {
		t.Errorf("thinned to %v", out)
	}
	if same := thin(ps[:10], 10); &same[0] != &ps[0] {
		t.Error("what is short enough is copied")
	}
}

func TestLabel(t *testing.T) {
	for _, c := range []struct {
		v, step float64
		percent bool
		want    string
	}{{0.12345, 0, true, "12.3 %"}, {0.12345, 0.1, true, "12.3 %"}, {0.5, 0.1, true, "50 %"}, {1e-17, 0.1, false, "0"}, {-1e-17, 0.1, true, "0 %"}, {1234.56, 0, false, "1235"}, {1e-17, 0, false, "1e-17"}, {-1e-7, 0.1, false, "0"}, {-2e-6, 2, false, "-2e-06"},
		{2e-7, 0.1, false, "2e-07"}} {
		if got := label(c.v, c.step, c.percent); got != c.want {
			t.Errorf("label(%g, %g, %v) = %q, want %q", c.v, c.step, c.percent, got, c.want)
		}
	}
}
