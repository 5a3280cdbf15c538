package main

import (
	"fmt"
	"html"
	"io"
	"math"
	"os"
	"strings"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// roofPoint is a convolution's pass in the roofline model (Williams, Waterman, Patterson 2009): how many operations it makes for
// each byte that it must move, and how fast it makes them. Operations are those of a direct convolution, so that Winograd can be
// above the roof; bytes are each operand once.
type roofPoint struct {
	Layer     string  `json:"layer"`
	Pass      string  `json:"pass"`
	Algorithm string  `json:"algorithm"`
	Intensity float64 `json:"flop_per_byte"`
	GFLOPS    float64 `json:"gflops"`
	Millis    float64 `json:"ms"`
	Bound     float64 `json:"roof_gflops"`
}

// roofline measures every convolution of plans, each shape once, and the machine's two roofs: multiply-adds in a tile that stays
// in a cache, and a sum of two vectors that does not.
func roofline(plans []layerPlan) (points []roofPoint, peak, bandwidth float64) {
	peak = tilePeak() * float64(parallel.Workers())
	for _, w := range benchWork(autograd.RecomputeNothing, tensor.Mode{}) {
		if w.id == "ew/add/16M" {
			bandwidth = w.measure(false).GBytes
		}
	}
	seen := map[string]bool{}
	for _, p := range plans {
		g := p.geometry
		key := fmt.Sprint(p.Input, p.Weight, g)
		if seen[key] || p.grouped {
			continue
		}
		seen[key] = true
		x, w := randn(p.Input...), randn(p.Weight...)
		y := randn(tensor.ConvShape(p.Input, p.Weight, g)...)
		bytes := 4 * float64(x.Len()+w.Len()+y.Len())
		for pass, f := range []func(){
			func() { tensor.Conv2D(y, x, w, g) },
			func() { tensor.ConvGradInput(x, y, w, g, false) },
			func() { tensor.ConvGradWeight(w, x, y, g, false) },
		} {
			if pass == 1 && p.Input[3] == 3 {
				continue // nobody needs the gradient of the picture
			}
			r := benchItem{flop: p.GFLOP * 1e9, setup: func() func() { return f }}.measure(true)
			i := p.GFLOP * 1e9 / bytes
			points = append(points, roofPoint{p.Layer, []string{"forward", "d input", "d weight"}[pass], p.Algorithm[pass], i, p.GFLOP / r.Median, r.Median * 1e3, math.Min(peak, i*bandwidth)})
		}
	}
	return points, peak, bandwidth
}

// drawRoofline writes the points under their roofs, both axes logarithmic, as an SVG.
func drawRoofline(w io.Writer, title string, points []roofPoint, peak, bandwidth float64) error {
	const width, height, left, right, top, bottom = 760, 460, 64, 20, 56, 48
	x0, x1 := 1.0, 1000.0
	y0, y1 := 10.0, peak*4
	for _, p := range points {
		x0, x1 = math.Min(x0, p.Intensity/2), math.Max(x1, p.Intensity*2)
		y0, y1 = math.Min(y0, p.GFLOPS/2), math.Max(y1, p.GFLOPS*1.5)
	}
	at := func(x, y float64) (float64, float64) {
		return left + (width-left-right)*math.Log(x/x0)/math.Log(x1/x0), height - bottom - (height-top-bottom)*math.Log(y/y0)/math.Log(y1/y0)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12"><rect width="100%%" height="100%%" fill="white"/>`+"\n", width, height)
	fmt.Fprintf(&b, `<text x="%d" y="20" font-size="14">%s</text>`+"\n", left, html.EscapeString(title))
	for d := math.Ceil(math.Log10(x0)); d <= math.Log10(x1); d++ {
		x, y := at(math.Pow(10, d), y0)
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="middle">%g</text>`+"\n", x, x, top, y, x, y+16, math.Pow(10, d))
	}
	for d := math.Ceil(math.Log10(y0)); d <= math.Log10(y1); d++ {
		x, y := at(x0, math.Pow(10, d))
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="end">%g</text>`+"\n", x, width-right, y, y, x-6, y+4, math.Pow(10, d))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">operations for each byte that must move</text>`+"\n", (width+left)/2, height-10)
	fmt.Fprintf(&b, `<text transform="translate(16,%d) rotate(-90)" text-anchor="middle">GFLOP/s, counted as a direct convolution</text>`+"\n", (height+top-bottom)/2)
	ridge := peak / bandwidth
	ax, ay := at(x0, x0*bandwidth)
	if x0*bandwidth < y0 {
		ax, ay = at(y0/bandwidth, y0)
	}
	rx, ry := at(ridge, peak)
	ex, ey := at(x1, peak)
	fmt.Fprintf(&b, `<polyline points="%.1f,%.1f %.1f,%.1f %.1f,%.1f" fill="none" stroke="black" stroke-width="1.5"/>`+"\n", ax, ay, rx, ry, ex, ey)
	fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="end">%.0f GFLOP/s: multiply-adds from registers</text><text x="%.1f" y="%.1f">%.0f GB/s</text>`+"\n", ex-4, ey-6, peak, ax+30, ay-60, bandwidth)
	kinds := []struct{ name, colour string }{{"product", "#0072b2"}, {"direct", "#d55e00"}, {"winograd4", "#009e73"}, {"winograd2", "#cc79a7"}}
	for i, k := range kinds {
		x := left + 150*i
		fmt.Fprintf(&b, `<circle cx="%d" cy="38" r="5" fill="%s"/><text x="%d" y="42">%s</text>`+"\n", x+5, k.colour, x+14, short(k.name))
	}
	fmt.Fprintf(&b, `<text x="%d" y="42" text-anchor="end">● forward ▲ d input ■ d weight</text>`+"\n", width-right)
	for _, p := range points {
		colour := "#888"
		for _, k := range kinds {
			if k.name == p.Algorithm {
				colour = k.colour
			}
		}
		x, y := at(p.Intensity, p.GFLOPS)
		name := html.EscapeString(fmt.Sprintf("%s, %s: %.1f operations a byte, %.0f GFLOP/s, %.2f ms", p.Layer, p.Pass, p.Intensity, p.GFLOPS, p.Millis))
		switch p.Pass {
		case "forward":
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="5" fill="%s" fill-opacity="0.7"><title>%s</title></circle>`+"\n", x, y, colour, name)
		case "d input":
			fmt.Fprintf(&b, `<path d="M%.1f %.1f l6 10 h-12 z" fill="%s" fill-opacity="0.7"><title>%s</title></path>`+"\n", x, y-6, colour, name)
		default:
			fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="9" height="9" fill="%s" fill-opacity="0.7"><title>%s</title></rect>`+"\n", x-4.5, y-4.5, colour, name)
		}
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// reportRoofline measures plans, prints the table and draws the picture.
func reportRoofline(path, title string, plans []layerPlan, asJSON bool) error {
	fmt.Fprintf(os.Stderr, "measuring the convolutions; nothing else should run on this machine\n")
	points, peak, bandwidth := roofline(plans)
	title = fmt.Sprintf("%s, %d threads, %v", title, parallel.Workers(), simd.Active())
	err := checkpoint.Atomic(path, func(w io.Writer) error { return drawRoofline(w, title, points, peak, bandwidth) })
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(map[string]any{"picture": path, "peak_gflops": peak, "gbytes_s": bandwidth, "points": points})
	}
	fmt.Printf("%-22s %-9s %-9s %9s %9s %9s\n", "layer", "pass", "by", "flop/byte", "GFLOP/s", "of roof")
	for _, p := range points {
		fmt.Printf("%-22s %-9s %-9s %9.1f %9.0f %8.0f%%\n", p.Layer, p.Pass, short(p.Algorithm), p.Intensity, p.GFLOPS, 100*p.GFLOPS/p.Bound)
	}
	fmt.Printf("roofs: %.0f GFLOP/s and %.0f GB/s; picture: %s\n", peak, bandwidth, path)
	return nil
}
