package canvas

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Point is a place in a chart.
type Point struct{ X, Y float64 }

// Line is a named series, a colour each.
type Line struct {
	Name   string
	Points []Point
	Band   [][2]float64 // of each point, between which values something lies; nil for none
	Colour int          // which of Colours, from 1 on; 0 for that of its place among those that are drawn
}

// colour is that of the line, which is drawn in place i.
func (l Line) colour(i int) string {
	if l.Colour > 0 {
		i = l.Colour - 1
	}
	return Colours[i%len(Colours)]
}

// Rule is a horizontal line at a value that others are seen against.
type Rule struct {
	Name string
	Y    float64
}

// Shape of a mark.
type Shape int

// The shapes.
const (
	Circle Shape = iota
	Triangle
	Square
)

// Mark is a point of its own, with a text that a mouse finds.
type Mark struct {
	Point
	Shape Shape
	Kind  int // its colour, the position in Chart.Kinds
	Text  string
}

// Note is a text in the chart, ending or starting at a place.
type Note struct {
	Point
	Text string
	End  bool // ends there
}

// Chart is a drawing of lines, rules and marks over two axes.
type Chart struct {
	Title, X, Y string // of the chart and of its axes
	Lines       []Line
	Rules       []Rule
	Marks       []Mark
	Notes       []Note
	Kinds       []string  // of marks, for the key
	KindNote    string    // right of the key
	Labels      []string  // positions 1, 2, ... of the horizontal axis have names
	Ticks       []float64 // where the horizontal axis is marked; nil for round numbers
	Percent     bool      // values are parts of a whole; the axis begins at zero
	LogX, LogY  bool      // logarithmic axes, for values above zero
	Width       int       // 0 means 460
	Height      int       // 0 means 250
	Alone       bool      // a file of its own, with its style; otherwise the page's style sheet has the classes
}

// Colours of series, in order: chosen to be told apart also by colour-blind eyes (Okabe and Ito 2008).
var Colours = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"}

// style is that of a chart alone: the classes of the page's charts.
const style = `<style>text{font:12px sans-serif;fill:#5d6b7c}.title{font-size:14px;fill:#1d2530}.grid{stroke:#dde3ea}.rule{stroke:#5d6b7c;stroke-dasharray:4 3}</style>` +
	`<rect width="100%" height="100%" fill="white"/>`

// margins around the axes.
const (
	marginLeft, marginRight, marginTop, marginBottom = 52, 14, 34, 34
	keyHeight, yNameWidth                            = 22, 16
	titleRow, keyRow                                 = 18, 15 // where the title stands, and how far below each other rows of the key do
)

// mostDrawn is the largest value that is drawn: beyond, differences of values are no numbers.
const mostDrawn = 1e150

// thinTo is how many points of a line are drawn.
const thinTo = 400

// axis maps values to pixels.
type axis struct {
	lo, hi   float64 // values at the ends
	from, to float64 // pixels of the ends
	log      bool
}

func (a axis) at(v float64) float64 {
	lo, hi := a.lo, a.hi
	if a.log {
		v, lo, hi = math.Log(v), math.Log(lo), math.Log(hi)
	}
	return a.from + (v-lo)/(hi-lo)*(a.to-a.from)
}

// ticks returns where an axis is marked, and the step between; powers of ten, without a step, on a logarithmic one.
func (a axis) ticks() (at []float64, step float64) {
	if a.log {
		for d := math.Ceil(math.Log10(a.lo) - 1e-9); d <= math.Log10(a.hi)+1e-9; d++ {
			at = append(at, math.Pow(10, d))
		}
		return at, 0
	}
	step = niceStep(a.hi - a.lo)
	for k := math.Ceil(a.lo/step - 1e-9); k*step <= a.hi+step*1e-9; k++ {
		if len(at) > 0 && !(k*step > at[len(at)-1]) { // values so close to each other that a step is none
			break
		}
		at = append(at, k*step)
	}
	return at, step
}

// SVG draws the chart; "" if there is nothing to draw. What is no finite number, or cannot stand on a logarithmic axis, is left out.
func (c Chart) SVG() string {
	if c.Width == 0 {
		c.Width = 460
	}
	if c.Height == 0 {
		c.Height = 250
	}
	lines, marks := c.drawable()
	if len(lines) == 0 && len(marks) == 0 {
		return ""
	}
	key := c.keyRows(lines)
	below := 0
	if len(key) > 0 && key[0].y > titleRow {
		below = keyRow * len(key)
	}
	c.Height += below
	x, y := c.axes(lines, marks)
	y.to += float64(below)
	b := &strings.Builder{}
	if c.Alone {
		fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">%s`, c.Width, c.Height, c.Width, c.Height, style)
	} else {
		fmt.Fprintf(b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, c.Width, c.Height, escape(c.Title))
	}
	fmt.Fprintf(b, `<text x="8" y="18" class="title">%s</text>`, escape(c.Title))
	c.drawAxes(b, x, y)
	c.drawKey(b, lines, key)
	for i, l := range lines {
		drawBand(b, l, l.colour(i), x, y)
	}
	for i, l := range lines {
		drawLine(b, l, l.colour(i), x, y, c.Percent)
	}
	for _, m := range marks {
		drawMark(b, m, x.at(m.X), y.at(m.Y))
	}
	for _, n := range c.Notes {
		anchor := "start"
		if n.End {
			anchor = "end"
		}
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x.at(n.X), y.at(n.Y)-6, anchor, escape(n.Text))
	}
	b.WriteString("</svg>")
	return b.String()
}

// escape writes text into a drawing; what XML cannot hold is a replacement character (XML 1.0, section 2.2).
func escape(text string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, text))
}

// has tells whether a point can be drawn.
func (c Chart) has(p Point) bool {
	drawable := math.Abs(p.X) <= mostDrawn && math.Abs(p.Y) <= mostDrawn
	return drawable && (!c.LogX || p.X > 0) && (!c.LogY || p.Y > 0)
}

// drawable returns the lines and marks that have something to draw.
func (c Chart) drawable() (lines []Line, marks []Mark) {
	for _, l := range c.Lines {
		out := Line{Name: l.Name, Colour: l.Colour}
		for i, p := range l.Points {
			if !c.has(p) {
				continue
			}
			out.Points = append(out.Points, p)
			if i < len(l.Band) && c.has(Point{p.X, l.Band[i][0]}) && c.has(Point{p.X, l.Band[i][1]}) {
				out.Band = append(out.Band, l.Band[i])
			}
		}
		if len(out.Band) != len(out.Points) {
			out.Band = nil
		}
		if len(out.Points) > 0 {
			lines = append(lines, out)
		}
	}
	for _, m := range c.Marks {
		if c.has(m.Point) {
			marks = append(marks, m)
		}
	}
	return lines, marks
}

// axes returns axes that hold everything.
func (c Chart) axes(lines []Line, marks []Mark) (x, y axis) {
	x = axis{lo: math.Inf(1), hi: math.Inf(-1), log: c.LogX, from: marginLeft, to: float64(c.Width - marginRight)}
	y = axis{lo: math.Inf(1), hi: math.Inf(-1), log: c.LogY, from: float64(c.Height - marginBottom), to: marginTop}
	if len(c.Kinds) > 0 {
		y.to += keyHeight
	}
	if c.Y != "" {
		x.from += yNameWidth
	}
	hold := func(a *axis, v float64) { a.lo, a.hi = min(a.lo, v), max(a.hi, v) }
	for _, l := range lines {
		for _, p := range l.Points {
			hold(&x, p.X)
			hold(&y, p.Y)
		}
		for _, in := range l.Band {
			hold(&y, in[0])
			hold(&y, in[1])
		}
	}
	for _, m := range marks {
		hold(&x, m.X)
		hold(&y, m.Y)
	}
	for _, r := range c.Rules {
		if c.has(Point{1, r.Y}) {
			hold(&y, r.Y)
		}
	}
	if c.Labels != nil {
		x.lo, x.hi = 0.6, float64(len(c.Labels))+0.4
	}
	x.widen()
	switch {
	case y.log:
		y.widen()
	default:
		if c.Percent || y.lo > 0 && y.lo < y.hi/2 {
			y.lo = min(y.lo, 0)
		}
		step := niceStep(y.hi - y.lo)
		y.lo = math.Floor(y.lo/step+1e-9) * step
		y.hi = math.Ceil(y.hi/step-1e-9) * step
		if y.lo == y.hi {
			y.hi += max(step, math.Abs(y.hi)/1024)
		}
	}
	return x, y
}

// widen gives an axis of one value a length.
func (a *axis) widen() {
	switch {
	case a.log && a.lo == a.hi:
		a.lo, a.hi = a.lo/2, a.hi*2
	case a.lo == a.hi:
		d := max(1, math.Abs(a.lo)/1024)
		a.lo, a.hi = a.lo-d, a.hi+d
	}
}

// drawAxes draws the grid with its numbers, the axes' names and the rules.
func (c Chart) drawAxes(b *strings.Builder, x, y axis) {
	left, right := x.from, x.to
	at, step := y.ticks()
	for _, v := range at {
		fmt.Fprintf(b, `<line x1="%.0f" x2="%.0f" y1="%.1f" y2="%.1f" class="grid"/><text x="%.0f" y="%.1f" class="tick" text-anchor="end">%s</text>`,
			left, right, y.at(v), y.at(v), left-6, y.at(v)+3.5, label(v, step, c.Percent))
	}
	at, step = x.ticks()
	if c.Ticks != nil {
		at, step = apart(c.Ticks, x), 0
	}
	if c.Labels != nil {
		at = nil
		for i, l := range c.Labels {
			fmt.Fprintf(b, `<text x="%.1f" y="%.0f" class="tick" text-anchor="middle">%s</text>`, x.at(float64(i+1)), y.from+16, escape(l))
		}
	}
	for _, v := range at {
		if c.LogX {
			fmt.Fprintf(b, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" class="grid"/>`, x.at(v), x.at(v), y.from, y.to)
		}
		fmt.Fprintf(b, `<text x="%.1f" y="%.0f" class="tick" text-anchor="middle">%s</text>`, x.at(v), y.from+16, label(v, step, false))
	}
	fmt.Fprintf(b, `<text x="%.0f" y="%d" class="tick" text-anchor="end">%s</text>`, right, c.Height-4, escape(c.X))
	if c.Y != "" {
		fmt.Fprintf(b, `<text transform="translate(14,%.0f) rotate(-90)" class="tick" text-anchor="middle">%s</text>`, (y.from+y.to)/2, escape(c.Y))
	}
	for _, r := range c.Rules {
		if c.has(Point{1, r.Y}) {
			fmt.Fprintf(b, `<line x1="%.0f" x2="%.0f" y1="%.1f" y2="%.1f" class="rule"/><text x="%.0f" y="%.1f" class="tick" text-anchor="end">%s</text>`,
				left, right, y.at(r.Y), y.at(r.Y), right, y.at(r.Y)-4, escape(r.Name))
		}
	}
}

// keyed is a row of the key: which lines it names.
type keyed struct{ y, from, to int }

// keyRows shares the names of lines out among rows: one beside the title where they have room, else as many below it as they need.
func (c Chart) keyRows(lines []Line) (rows []keyed) {
	room, wide := c.Width-marginRight, 0
	for _, l := range lines {
		wide += keyWidth(l)
	}
	nameless := wide == keyApart*len(lines)
	if nameless || 8+titleLetter*len(c.Title) <= room-wide || len(c.Kinds) > 0 || c.KindNote != "" {
		return []keyed{{titleRow, 0, len(lines)}}
	}
	wide = room // the first row is full before it begins
	for i, l := range lines {
		if wide += keyWidth(l); wide > room {
			rows, wide = append(rows, keyed{titleRow + keyRow*(len(rows)+1), i, i}), keyWidth(l)
		}
		rows[len(rows)-1].to = i + 1
	}
	return rows
}

// keyWidth is about how wide a line's name is in the key.
func keyWidth(l Line) int { return 7*len(l.Name) + keyApart }

// drawKey names the lines, each row right to left, and below the title the kinds of marks.
func (c Chart) drawKey(b *strings.Builder, lines []Line, rows []keyed) {
	for _, row := range rows {
		at := c.Width - marginRight
		for i := row.to - 1; i >= row.from; i-- {
			at -= keyWidth(lines[i])
			fmt.Fprintf(b, `<text x="%d" y="%d" class="key" style="fill:%s">%s</text>`, at+4, row.y, lines[i].colour(i), escape(lines[i].Name))
		}
	}
	at := marginLeft
	for i, k := range c.Kinds {
		fmt.Fprintf(b, `<circle cx="%d" cy="38" r="5" fill="%s"/><text x="%d" y="42">%s</text>`, at+5, Colours[i%len(Colours)], at+14, escape(k))
		at += 7*len(k) + 34
	}
	if c.KindNote != "" {
		fmt.Fprintf(b, `<text x="%d" y="42" text-anchor="end">%s</text>`, c.Width-marginRight, escape(c.KindNote))
	}
}

// apart returns those marks of an axis whose numbers do not touch: the last one and, before it, whatever has room.
func apart(marks []float64, x axis) (at []float64) {
	right := math.Inf(1)
	for _, v := range slices.Backward(slices.Sorted(slices.Values(marks))) {
		half := 3.5 * float64(len(label(v, 0, false)))
		if p := x.at(v); p+half < right-4 && v >= x.lo && v <= x.hi {
			at, right = append(at, v), p-half
		}
	}
	return at
}

// keyApart is how far names of lines lie apart.
const keyApart = 12

// titleLetter is about how wide a letter of a title is.
const titleLetter = 8

// dots is the most points of a line that are drawn as dots as well.
const dots = 30

// drawBand draws what lies between the values of a line's band.
func drawBand(b *strings.Builder, l Line, colour string, x, y axis) {
	if len(l.Band) < 2 {
		return
	}
	b.WriteString(`<polygon points="`)
	for k, in := range l.Band {
		fmt.Fprintf(b, "%.1f,%.1f ", x.at(l.Points[k].X), y.at(in[0]))
	}
	for k := range slices.Backward(l.Band) {
		fmt.Fprintf(b, "%.1f,%.1f ", x.at(l.Points[k].X), y.at(l.Band[k][1]))
	}
	fmt.Fprintf(b, `" fill="%s" fill-opacity="0.13"/>`, colour)
}

func drawLine(b *strings.Builder, l Line, colour string, x, y axis, percent bool) {
	fmt.Fprintf(b, `<polyline points="`)
	for k, p := range thin(l.Points, thinTo) {
		if k > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(b, "%.1f,%.1f", x.at(p.X), y.at(p.Y))
	}
	fmt.Fprintf(b, `" fill="none" stroke="%s" stroke-width="1.8" stroke-linejoin="round"/>`, colour)
	if len(l.Points) > dots {
		return
	}
	name := l.Name
	if name != "" {
		name += ": "
	}
	for _, p := range l.Points {
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"><title>%s%s</title></circle>`, x.at(p.X), y.at(p.Y), colour, escape(name), label(p.Y, 0, percent))
	}
}

func drawMark(b *strings.Builder, m Mark, x, y float64) {
	colour, text := Colours[m.Kind%len(Colours)], escape(m.Text)
	switch m.Shape {
	case Circle:
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="5" fill="%s" fill-opacity="0.7"><title>%s</title></circle>`, x, y, colour, text)
	case Triangle:
		fmt.Fprintf(b, `<path d="M%.1f %.1f l6 10 h-12 z" fill="%s" fill-opacity="0.7"><title>%s</title></path>`, x, y-6, colour, text)
	default:
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="9" height="9" fill="%s" fill-opacity="0.7"><title>%s</title></rect>`, x-4.5, y-4.5, colour, text)
	}
}

// thin keeps at most n points, each the mean of its neighbours.
func thin(ps []Point, n int) []Point {
	if len(ps) <= n {
		return ps
	}
	out := make([]Point, n)
	for i := range out {
		lo, hi := i*len(ps)/n, (i+1)*len(ps)/n
		for _, p := range ps[lo:hi] {
			out[i].X += p.X
			out[i].Y += p.Y
		}
		out[i].X /= float64(hi - lo)
		out[i].Y /= float64(hi - lo)
	}
	return out
}

// niceStep returns a step of 1, 2 or 5 times a power of ten that cuts a range in about five.
func niceStep(r float64) float64 {
	if !(r > 1e-300) || math.IsInf(r, 0) {
		return 1
	}
	p := math.Pow(10, math.Floor(math.Log10(r/5)))
	for _, m := range []float64{1, 2, 5} {
		if r/(p*m) <= 6 {
			return p * m
		}
	}
	return p * 10
}

// label writes a value beside an axis whose marks are step apart, or, where step is 0, by itself.
func label(v, step float64, percent bool) string {
	if math.Abs(v) < step/1e6 {
		v = 0
	}
	switch {
	case percent && step == 0:
		return fmt.Sprintf("%.1f %%", 100*v)
	case percent:
		return fmt.Sprintf("%.3g %%", 100*v)
	}
	return fmt.Sprintf("%.4g", v)
}
