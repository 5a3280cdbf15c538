package workload

import (
	"fmt"
	"math"
	"slices"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// RoofPoint is a convolution's pass in the roofline model (Williams, Waterman, Patterson 2009): how many operations it makes for
// each byte that it must move, and how fast it makes them. Operations are those of a direct convolution, so that Winograd can be
// above the roof; bytes are each operand once.
type RoofPoint struct {
	Layer     string  `json:"layer"`
	Pass      string  `json:"pass"`
	Algorithm string  `json:"algorithm"`
	Intensity float64 `json:"flop_per_byte"`
	GFLOPS    float64 `json:"gflops"`
	Millis    float64 `json:"ms"`
	Bound     float64 `json:"roof_gflops"`
}

// Roofline measures every convolution of plans, each shape once, and the machine's two roofs: multiply-adds in a tile that stays
// in a cache, and a sum of two vectors that does not.
func Roofline(plans []LayerPlan) (points []RoofPoint, peak, bandwidth float64) {
	peak = TilePeak() * float64(parallel.Workers())
	for _, w := range All(autograd.RecomputeNothing, tensor.Mode{}) {
		if w.ID == "ew/add/16M" {
			bandwidth = w.Measure(false).GBytes
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
			func() { tensor.ConvFused(y, x, w, g, nil, nil) },
			func() { tensor.ConvGradInput(x, y, w, g, false) },
			func() { tensor.ConvGradWeight(w, x, y, g, false) },
		} {
			if pass == 1 && p.Input[len(p.Input)-1] == 3 {
				continue // nobody needs the gradient of the picture
			}
			r := Item{flop: p.GFLOP * 1e9, setup: func() func() { return f }}.Measure(true)
			i := p.GFLOP * 1e9 / bytes
			points = append(points, RoofPoint{p.Layer, []string{"forward", "d input", "d weight"}[pass], p.Algorithm[pass], i, p.GFLOP / r.Median, r.Median * 1e3, math.Min(peak, i*bandwidth)})
		}
	}
	return points, peak, bandwidth
}

// DrawRoofline returns the points under their roofs, both axes logarithmic, as an SVG file.
func DrawRoofline(title string, points []RoofPoint, peak, bandwidth float64) string {
	kinds := []string{"product", "direct", "winograd4", "winograd2"}
	shapes := map[string]canvas.Shape{"forward": canvas.Circle, "d input": canvas.Triangle, "d weight": canvas.Square}
	c := canvas.Chart{Title: title, X: "operations for each byte that must move", Y: "GFLOP/s, counted as a direct convolution", LogX: true, LogY: true,
		Width: 760, Height: 460, Alone: true, KindNote: "● forward ▲ d input ■ d weight"}
	x0, x1 := 1.0, 1000.0
	for _, p := range points {
		x0, x1 = math.Min(x0, p.Intensity/2), math.Max(x1, p.Intensity*2)
		kind := slices.Index(kinds, p.Algorithm)
		c.Marks = append(c.Marks, canvas.Mark{Point: canvas.Point{X: p.Intensity, Y: p.GFLOPS}, Shape: shapes[p.Pass], Kind: max(kind, 0),
			Text: fmt.Sprintf("%s, %s: %.1f operations a byte, %.0f GFLOP/s, %.2f ms", p.Layer, p.Pass, p.Intensity, p.GFLOPS, p.Millis)})
	}
	for _, k := range kinds {
		c.Kinds = append(c.Kinds, Short(k))
	}
	roof := canvas.Line{Name: "roof", Points: []canvas.Point{{X: x0, Y: x0 * bandwidth}, {X: peak / bandwidth, Y: peak}, {X: x1, Y: peak}}}
	c.Lines = []canvas.Line{roof}
	c.Notes = []canvas.Note{{Point: roof.Points[2], Text: fmt.Sprintf("%.0f GFLOP/s: multiply-adds from registers", peak), End: true},
		{Point: roof.Points[0], Text: fmt.Sprintf("%.0f GB/s", bandwidth)}}
	return c.SVG()
}

// LayerPlan says how a convolution of a trunk is computed.
type LayerPlan struct {
	Layer     string   `json:"layer"`
	Input     []int    `json:"input"`
	Weight    []int    `json:"weight"`
	Stride    int      `json:"stride"`
	GFLOP     float64  `json:"gflop"` // of the forward pass, counted as a direct convolution
	Algorithm []string `json:"algorithm"`

	geometry tensor.Conv
	grouped  bool // or dilated
}

// Plan returns how each convolution of a trunk is computed, in its three passes, for a batch of pictures, or of clips as long as the trunk is for.
func Plan(net *layers.Trunk, batch, side int, mode tensor.Mode) ([]LayerPlan, error) {
	var plans []LayerPlan
	tape := autograd.NewTape(nil)
	tape.Training, tape.Mode = false, mode
	tape.OnConv = func(place string, x, w, y []int, g tensor.Conv) {
		y = append([]int{batch}, y[1:]...)
		p := LayerPlan{Layer: place, Input: append([]int{batch}, x[1:]...), Weight: w, Stride: max(g.H.Stride, 1), GFLOP: 2e-9 * float64(tensor.Size(y)*tensor.Size(w)/w[len(w)-1])}
		p.geometry, p.grouped = g, g.Groups > 1 || max(g.H.Dilation, g.W.Dilation) > 1
		for pass := tensor.Forward; pass <= tensor.GradWeight; pass++ {
			a := g.Plan(pass, y, w).String()
			if tensor.Size(w[:len(w)-2]) == 1 && p.Stride == 1 && max(g.T.Stride, 1) == 1 && g.H.Low == 0 && g.T.Low == 0 && g.Groups <= 1 {
				a = "product"
			}
			p.Algorithm = append(p.Algorithm, a)
		}
		plans = append(plans, p)
	}
	x := tensor.New(1, side, side, 3)
	if net.Frames > 0 {
		x = tensor.New(1, net.Frames, side, side, 3)
	}
	err := autograd.Try(func() { net.Forward(tape.Input(x)) })
	if err != nil {
		return nil, fmt.Errorf("%s on %d by %d pixels: %w", net.Name, side, side, err)
	}
	return plans, nil
}

// Short is an algorithm's name in a table.
func Short(a string) string {
	switch a {
	case "winograd2":
		return "F(2,3)"
	case "winograd4":
		return "F(4,3)"
	}
	return a
}
