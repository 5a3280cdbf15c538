package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
)

type point struct{ x, y float64 }

// line is a named series.
type line struct {
	name   string
	points []point
}

// rule is a horizontal line at a value.
type rule struct {
	name string
	y    float64
}

// colours of series, in order: chosen to be told apart also by colour-blind eyes (Okabe and Ito 2008).
var colours = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9"}

const (
	chartW, chartH                           = 460, 250
	chartLeft, chartRight, chartTop, chartBt = 52, 14, 34, 34
)

// chart draws series against a number; "" if there is nothing to draw.
func chart(title, xName string, lines []line, r *rule, asPercent bool) template.HTML {
	return draw(title, xName, lines, r, nil, asPercent)
}

// chartLabels draws series against named positions 1, 2, ...
func chartLabels(title string, lines []line, r *rule, labels []string) template.HTML {
	return draw(title, "", lines, r, labels, true)
}

func draw(title, xName string, lines []line, r *rule, labels []string, asPercent bool) template.HTML {
	x0, x1, y0, y1 := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	kept := lines[:0:0]
	for _, l := range lines {
		if len(l.points) == 0 {
			continue
		}
		kept = append(kept, l)
		for _, p := range l.points {
			x0, x1, y0, y1 = math.Min(x0, p.x), math.Max(x1, p.x), math.Min(y0, p.y), math.Max(y1, p.y)
		}
	}
	if len(kept) == 0 {
		return ""
	}
	if r != nil {
		y0, y1 = math.Min(y0, r.y), math.Max(y1, r.y)
	}
	if asPercent || y0 > 0 && y0 < y1/2 {
		y0 = 0
	}
	if labels != nil {
		x0, x1 = 0.6, float64(len(labels))+0.4
	}
	if x1 == x0 {
		x0, x1 = x0-1, x1+1
	}
	step := niceStep(y1 - y0)
	y0 = math.Floor(y0/step) * step
	y1 = math.Ceil(y1/step+1e-9) * step
	px := func(x float64) float64 { return chartLeft + (x-x0)/(x1-x0)*(chartW-chartLeft-chartRight) }
	py := func(y float64) float64 { return chartH - chartBt - (y-y0)/(y1-y0)*(chartH-chartTop-chartBt) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s"><text x="%d" y="18" class="title">%s</text>`, chartW, chartH, html.EscapeString(title), 8, html.EscapeString(title))
	for y := y0; y <= y1+step/2; y += step {
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" class="grid"/><text x="%d" y="%.1f" class="tick" text-anchor="end">%s</text>`,
			chartLeft, chartW-chartRight, py(y), py(y), chartLeft-6, py(y)+3.5, label(y, step, asPercent))
	}
	if labels != nil {
		for i, l := range labels {
			fmt.Fprintf(&b, `<text x="%.1f" y="%d" class="tick" text-anchor="middle">%s</text>`, px(float64(i+1)), chartH-chartBt+16, html.EscapeString(l))
		}
	} else {
		s := niceStep(x1 - x0)
		for x := math.Ceil(x0/s) * s; x <= x1; x += s {
			fmt.Fprintf(&b, `<text x="%.1f" y="%d" class="tick" text-anchor="middle">%s</text>`, px(x), chartH-chartBt+16, label(x, s, false))
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d" class="tick" text-anchor="end">%s</text>`, chartW-chartRight, chartH-4, html.EscapeString(xName))
	}
	if r != nil {
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" class="rule"/><text x="%d" y="%.1f" class="tick" text-anchor="end">%s</text>`,
			chartLeft, chartW-chartRight, py(r.y), py(r.y), chartW-chartRight, py(r.y)-4, html.EscapeString(r.name))
	}
	at := chartW - chartRight
	for i := len(kept) - 1; i >= 0; i-- { // the key, right to left
		at -= 7*len(kept[i].name) + 8
		fmt.Fprintf(&b, `<text x="%d" y="18" class="key" style="fill:%s">%s</text>`, at+4, colours[i%len(colours)], html.EscapeString(kept[i].name))
	}
	for i, l := range kept {
		c := colours[i%len(colours)]
		var d strings.Builder
		for k, p := range thin(l.points, 400) {
			if k > 0 {
				d.WriteByte(' ')
			}
			fmt.Fprintf(&d, "%.1f,%.1f", px(p.x), py(p.y))
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="1.8" stroke-linejoin="round"/>`, d.String(), c)
		if len(l.points) <= 30 {
			for _, p := range l.points {
				fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"><title>%s: %s</title></circle>`, px(p.x), py(p.y), c, html.EscapeString(l.name), label(p.y, 0, asPercent))
			}
		}
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// thin keeps at most n points, each the mean of its neighbours.
func thin(ps []point, n int) []point {
	if len(ps) <= n {
		return ps
	}
	out := make([]point, n)
	for i := range out {
		lo, hi := i*len(ps)/n, (i+1)*len(ps)/n
		for _, p := range ps[lo:hi] {
			out[i].x += p.x
			out[i].y += p.y
		}
		out[i].x /= float64(hi - lo)
		out[i].y /= float64(hi - lo)
	}
	return out
}

// niceStep returns a step of 1, 2 or 5 times a power of ten that cuts a range in about five.
func niceStep(r float64) float64 {
	if r <= 0 || math.IsNaN(r) || math.IsInf(r, 0) {
		return 1
	}
	p := math.Pow(10, math.Floor(math.Log10(r/5)))
	for _, m := range []float64{1, 2, 5, 10} {
		if r/(p*m) <= 6 {
			return p * m
		}
	}
	return p * 10
}

func label(v, step float64, asPercent bool) string {
	if asPercent {
		if step == 0 {
			return fmt.Sprintf("%.1f %%", 100*v)
		}
		return fmt.Sprintf("%.3g %%", 100*v)
	}
	if math.Abs(v) < step/1e6 {
		v = 0
	}
	return fmt.Sprintf("%.4g", v)
}
