package tensor

import (
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// winogradCase is a 3x3 convolution of stride 1.
type winogradCase struct {
	n, h, w, ci, co int
	g               Conv
}

// TestWinograd compares all passes of both algorithms with the definition, on shapes whose tiles stick out.
func TestWinograd(t *testing.T) {
	for _, a := range []Algorithm{Winograd2, Winograd4} {
		for _, s := range []winogradCase{
			{1, 4, 4, 16, 16, SquareConv(1, 1)}, {2, 7, 7, 32, 48, SquareConv(1, 1)}, {3, 9, 13, 16, 32, SquareConv(1, 1)}, {1, 6, 5, 48, 16, SquareConv(1, 0)},
			{2, 5, 8, 16, 16, SquareConv(1, 2)}, {5, 14, 14, 16, 80, SquareConv(1, 1)}, {1, 1, 1, 16, 16, SquareConv(1, 1)},
			{2, 7, 9, 32, 48, uneven[0]}, {2, 8, 6, 16, 16, uneven[1]},
		} {
			t.Run(fmt.Sprint(a, s), func(t *testing.T) { testWinograd(t, a, s) })
		}
	}
}

// TestWinogradMany is TestWinograd for many weights.
func TestWinogradMany(t *testing.T) {
	for _, a := range []Algorithm{Winograd2, Winograd4} {
		for _, s := range []winogradCase{{2, 5, 5, 240, 256, SquareConv(1, 1)}, {5, 11, 11, 224, 256, SquareConv(1, 1)}, {5, 11, 10, 224, 256, uneven[1]}} {
			t.Run(fmt.Sprint(a, s), func(t *testing.T) { testWinograd(t, a, s) })
		}
	}
}

func testWinograd(t *testing.T, a Algorithm, s winogradCase) {
	rng := NewRNG(3)
	x, w := New(s.n, s.h, s.w, s.ci), New(3, 3, s.ci, s.co)
	rng.FillNormal(x, 0, 1)
	rng.FillNormal(w, 0, 1)
	g := by(a, s.g)
	y := New(ConvShape(x.Shape, w.Shape, g)...)
	if got := g.Plan(Forward, y.Shape, w.Shape); got != a {
		t.Fatalf("asked for %v, plan is %v", a, got)
	}
	for i := range y.Data {
		y.Data[i] = float32(math.NaN())
	}
	Conv2D(y, x, w, g)
	const bound = 1e-5
	d := g
	d.Algorithm = Direct
	want := New(y.Shape...)
	if s.ci*s.co < 1<<12 {
		sums, _, _ := convDefinition(x, w, want, g.norm(w.Shape))
		for i, v := range sums {
			want.Data[i] = float32(v)
		}
	} else {
		Conv2D(want, x, w, d)
	}
	near(t, "y", y, want, bound)
	few := *winogradOf(a)
	few.keep = 1 // several chunks
	few.conv(y, x, w, still, false, g.H.Low, g.W.Low, false, nil, nil)
	near(t, "y in chunks", y, want, bound)

	// the gradients against the direct algorithm's, which other tests compare with float64
	dy := New(y.Shape...)
	rng.FillNormal(dy, 0, 1)
	dx, dxWant := New(x.Shape...), New(x.Shape...)
	dw, dwWant := New(w.Shape...), New(w.Shape...)
	for _, v := range []*Tensor{dx, dxWant, dw, dwWant} {
		for i := range v.Data {
			v.Data[i] = 1 // they add
		}
	}
	ConvGradInput(dx, dy, w, g, true)
	ConvGradInput(dxWant, dy, w, d, true)
	near(t, "dx", dx, dxWant, bound)
	ConvGradWeight(dw, x, dy, g, true)
	ConvGradWeight(dwWant, x, dy, d, true)
	near(t, "dw", dw, dwWant, bound)
	// setting, over what is no number
	for _, v := range []*Tensor{dx, dw} {
		v.Fill(float32(math.NaN()))
	}
	ConvGradInput(dx, dy, w, g, false)
	ConvGradInput(dxWant, dy, w, d, false)
	near(t, "dx, set", dx, dxWant, bound)
	ConvGradWeight(dw, x, dy, g, false)
	ConvGradWeight(dwWant, x, dy, d, false)
	near(t, "dw, set", dw, dwWant, bound)
}

// near fails where got is farther from want than bound times the largest value.
func near(t *testing.T, name string, got, want *Tensor, bound float64) {
	t.Helper()
	if e := relativeError(got, want); !(e < bound) {
		t.Errorf("%s: error %.2g of the largest value", name, e)
	}
}

func relativeError(got, want *Tensor) float64 {
	worst, largest := 0.0, 0.0
	for i, v := range want.Data {
		d := math.Abs(float64(got.Data[i] - v))
		if d != d {
			return d
		}
		worst = max(worst, d)
		largest = max(largest, math.Abs(float64(v)))
	}
	return worst / largest
}

// TestWinogradError measures the error of every pass against float64 for the layers of ResNet-18, root mean square over
// root mean square, beside the direct algorithm's.
func TestWinogradError(t *testing.T) {
	for _, s := range []struct{ side, c int }{{56, 64}, {28, 128}, {14, 256}, {7, 512}} {
		x, w := New(1, s.side, s.side, s.c), New(3, 3, s.c, 16)
		rng := NewRNG(5)
		rng.FillNormal(x, 0, 1)
		rng.FillNormal(w, 0, 1)
		y := New(1, s.side, s.side, 16)
		want := New(y.Shape...)
		convRef(want, x, w, SquareConv(1, 1))
		rms := func(a Algorithm) float64 {
			Conv2D(y, x, w, by(a, SquareConv(1, 1)))
			d, q := 0.0, 0.0
			for i, v := range want.Data {
				d += math.Pow(float64(y.Data[i]-v), 2)
				q += math.Pow(float64(v), 2)
			}
			return math.Sqrt(d / q)
		}
		direct, two, four := rms(Direct), rms(Winograd2), rms(Winograd4)
		t.Logf("%4d channels, side %2d: direct %.2g, winograd2 %.2g, winograd4 %.2g", s.c, s.side, direct, two, four)
		if two > 1.2*direct || four > 3*direct {
			t.Errorf("%+v: errors %.2g and %.2g, the direct algorithm's is %.2g", s, two, four, direct)
		}
	}
}

// TestWinogradLevels: the same bits at every level and with any number of workers, on the paths for few weights and for
// many.
func TestWinogradLevels(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	for _, s := range []struct{ n, h, w, ci, co int }{{2, 11, 10, 48, 32}, {9, 5, 6, 32, 16}, {1, 5, 3, 224, 240}} {
		rng := NewRNG(4)
		x, w := New(s.n, s.h, s.w, s.ci), New(3, 3, s.ci, s.co)
		rng.FillNormal(x, 0, 1)
		rng.FillNormal(w, 0, 1)
		for _, a := range []Algorithm{Winograd2, Winograd4} {
			g := by(a, SquareConv(1, 1))
			run := func(l simd.Level, workers int) []*Tensor {
				restore, err := simd.Use(l)
				if err != nil {
					t.Fatal(err)
				}
				defer restore()
				parallel.SetWorkers(workers)
				y, dx, dw := New(s.n, s.h, s.w, s.co), New(x.Shape...), New(w.Shape...)
				Conv2D(y, x, w, g)
				ConvGradInput(dx, y, w, g, false)
				ConvGradWeight(dw, x, y, g, false)
				return []*Tensor{y, dx, dw}
			}
			want := run(simd.Go, 1)
			for _, l := range simd.Levels() {
				for _, workers := range []int{1, 2, 3, 5, 8} {
					for i, v := range run(l, workers) {
						for j := range v.Data {
							if math.Float32bits(v.Data[j]) != math.Float32bits(want[i].Data[j]) {
								t.Fatalf("%+v %v %v, %d workers: result %d differs from the Go loops' at %d: %v, %v", s, a, l, workers, i, j, v.Data[j], want[i].Data[j])
							}
						}
					}
				}
			}
		}
	}
}

// TestCost: the model's costs, worked out by another program: direct, by tiles of 2 and of 4, forward and of the weight's gradient.
func TestCost(t *testing.T) {
	for _, c := range []struct {
		n, oh, ow, ci, co int
		forward, weight   [3]float64
	}{
		{8, 32, 32, 64, 64, [3]float64{338523586.6, 211353600, 121651200}, [3]float64{377782272, 212992000, 125337600}},
		{1, 7, 7, 512, 512, [3]float64{148352532.5, 191365120, 284590080}, [3]float64{163381248, 296222720, 520519680}},
		{2, 5, 9, 16, 32, [3]float64{501350.4, 742400, 944640}, [3]float64{555264, 947200, 1405440}},
		{3, 6, 2, 128, 32, [3]float64{1781268.48, 2606080, 5137920}, [3]float64{1953792, 4244480, 8824320}},
		{1, 4, 4, 64, 64, [3]float64{955514.88, 2048000, 3916800}, [3]float64{1032192, 3686400, 7603200}},
		{2, 2, 2, 256, 64, [3]float64{2500853.76, 7311360, 16450560}, [3]float64{2654208, 13864960, 31196160}},
		{64, 2, 2, 128, 128, [3]float64{43458232.32, 30146560, 67829760}, [3]float64{48365568, 36700160, 82575360}},
	} {
		for i, f := range []*winograd{nil, winograd2, winograd4} {
			for pass, want := range map[Pass]float64{Forward: c.forward[i], GradInput: c.forward[i], GradWeight: c.weight[i]} {
				if got := cost(f, pass, c.n, c.oh, c.ow, c.ci, c.co, 1); !(math.Abs(got-want) <= 1e-9*want) {
					t.Errorf("%+v, pass %d, algorithm %d: %g, want %g", c, pass, i, got, want)
				}
			}
		}
		for pass := Forward; pass <= GradWeight; pass++ {
			costs, best := c.forward, Direct
			if pass == GradWeight {
				costs = c.weight
			}
			if costs[1] < costs[0] {
				best = Winograd2
			}
			if costs[2] < min(costs[0], costs[1]) {
				best = Winograd4
			}
			if got := cheapest(pass, c.n, c.oh, c.ow, c.ci, c.co, 1); got != best {
				t.Errorf("%+v, pass %d: %v, want %v", c, pass, got, best)
			}
		}
	}
}

// TestPlanMeasured times all algorithms on the layers of known networks and demands that the chosen one is never much
// slower than the best. It needs a quiet machine and a minute, so it runs only when asked: MEASURE=1 go test -run Plan ./tensor
func TestPlanMeasured(t *testing.T) {
	if os.Getenv("MEASURE") == "" {
		t.Skip("not measured: set MEASURE=1 on a quiet machine")
	}
	for _, s := range []struct{ n, side, ci, co int }{
		{8, 56, 64, 64}, {8, 28, 128, 128}, {8, 14, 256, 256}, {8, 7, 512, 512},
		{1, 56, 64, 64}, {1, 28, 128, 128}, {1, 14, 256, 256}, {1, 7, 512, 512},
		{128, 32, 64, 64}, {128, 16, 128, 128}, {128, 8, 256, 256}, {128, 4, 512, 512},
		{128, 32, 16, 16}, {128, 16, 32, 32}, {128, 8, 64, 64}, {1, 32, 16, 16}, {1, 8, 64, 64},
		{32, 13, 192, 384}, {32, 13, 384, 256}, {32, 13, 256, 256},
	} {
		x, w, y := New(s.n, s.side, s.side, s.ci), New(3, 3, s.ci, s.co), New(s.n, s.side, s.side, s.co)
		rng := NewRNG(1)
		rng.FillNormal(x, 0, 1)
		rng.FillNormal(w, 0, 1)
		rng.FillNormal(y, 0, 1)
		for pass, name := range []string{"forward", "input", "weight"} {
			best, took := Auto, [4]float64{}
			line := fmt.Sprintf("%v %-8s", s, name)
			for a := Direct; a <= Winograd4; a++ {
				g := by(a, SquareConv(1, 1))
				f := func() { Conv2D(y, x, w, g) }
				switch Pass(pass) {
				case GradInput:
					f = func() { ConvGradInput(x, y, w, g, true) }
				case GradWeight:
					f = func() { ConvGradWeight(w, x, y, g, true) }
				}
				f()
				took[a] = math.Inf(1)
				for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
					from := time.Now()
					f()
					took[a] = min(took[a], time.Since(from).Seconds())
				}
				if best == Auto || took[a] < took[best] {
					best = a
				}
				line += fmt.Sprintf("  %v %.3f ms", a, took[a]*1e3)
			}
			plan := SquareConv(1, 1).Plan(Pass(pass), y.Shape, w.Shape)
			t.Logf("%s  plan %v", line, plan)
			if took[plan] > 1.25*took[best] {
				t.Errorf("%v %s: plan %v takes %.3f ms, %v %.3f ms", s, name, plan, took[plan]*1e3, best, took[best]*1e3)
			}
		}
	}
}
