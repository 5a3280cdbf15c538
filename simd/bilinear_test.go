package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// places are operands of Bilinear5 for n places in a source of h by w pixels.
type places struct {
	src    []float32
	row    int
	at     []int32
	fx, fy []float32
}

func randomPlaces(r *rand.Rand, n, h, w int) places {
	p := places{src: make([]float32, 5*h*w+3), row: 5 * w, at: make([]int32, n), fx: make([]float32, n), fy: make([]float32, n)}
	for i := range p.src {
		p.src[i] = r.Float32()*20 - 10
	}
	for i := range n {
		p.at[i] = int32(5 * (r.IntN(h-1)*w + r.IntN(w-1)))
		p.fx[i], p.fy[i] = r.Float32(), r.Float32()
	}
	if n > 0 {
		p.at[n-1] = int32(5 * ((h-2)*w + w - 2)) // the last there is
	}
	return p
}

// TestBilinear5: every level gives the bits of the Go loop at every length, leaves alone what lies between the channels and behind them,
// and is what float64 makes of the formula.
func TestBilinear5(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 9))
	for n := range 70 {
		p := randomPlaces(r, n, 5, 9)
		stride := n + r.IntN(3)
		if n%5 == 4 {
			p.src[r.IntN(len(p.src))] = float32(math.Inf(1))
		}
		kept := slices.Clone(p.src)
		run := func() []float32 {
			dst := slices.Repeat([]float32{7}, 4*stride+n+16)
			Bilinear5(dst[:4*stride+n], stride, p.src, p.row, p.at, p.fx, p.fy)
			return dst
		}
		restore, _ := Use(Go)
		want := run()
		restore()
		for i, v := range want {
			if k := i / max(stride, 1); i >= 4*stride+n || i-k*stride >= n && k < 4 {
				if v != 7 {
					t.Fatalf("n %d: element %d, which is none of the result, was written", n, i)
				}
			} else {
				k, i := min(k, 4), i-min(k, 4)*stride
				a, q, x, y := p.src[p.at[i]:], p.src[int(p.at[i])+p.row:], float64(p.fx[i]), float64(p.fy[i])
				exact := (1-y)*((1-x)*float64(a[k])+x*float64(a[5+k])) + y*((1-x)*float64(q[k])+x*float64(q[5+k]))
				if d := math.Abs(float64(v) - exact); d > 2e-5 {
					t.Fatalf("n %d: channel %d of place %d is %g, want %g", n, k, i, v, exact)
				}
			}
		}
		for _, l := range Levels() {
			restore, err := Use(l)
			if err != nil {
				t.Fatal(err)
			}
			got := run()
			restore()
			for i := range want {
				if got[i] != want[i] && (got[i] == got[i] || want[i] == want[i]) {
					t.Fatalf("%v, n %d: element %d is %g, Go %g", l, n, i, got[i], want[i])
				}
			}
			if !slices.Equal(kept, p.src) {
				t.Fatalf("%v, n %d: the source changed", l, n)
			}
		}
	}
}

// TestBilinear5Ends: slices of just the length are taken, and one less of any is refused, at every level.
func TestBilinear5Ends(t *testing.T) {
	p := randomPlaces(rand.New(rand.NewPCG(8, 9)), 19, 4, 7)
	const n, stride = 19, 21
	call := func(dst, stride, src, row, fx, fy int, first int32) func() {
		return func() {
			at := slices.Clone(p.at)
			at[3] = first
			Bilinear5(make([]float32, dst), stride, p.src[:src:src], row, at, p.fx[:fx:fx], p.fy[:fy:fy])
		}
	}
	last := len(p.src)
	for _, l := range Levels() {
		restore, err := Use(l)
		if err != nil {
			t.Fatal(err)
		}
		if panics(call(4*stride+n, stride, last, p.row, n, n, 0)) {
			t.Errorf("%v: what is long enough panics", l)
		}
		for name, f := range map[string]func(){
			"a short destination": call(4*stride+n-1, stride, last, p.row, n, n, 0),
			"a short stride":      call(4*stride+n, n-1, last, p.row, n, n, 0),
			"a short source":      call(4*stride+n, stride, last-1, p.row, n, n, 0),
			"a row back":          call(4*stride+n, stride, last, -1, n, n, 0),
			"a short fx":          call(4*stride+n, stride, last, p.row, n-1, n, 0),
			"a short fy":          call(4*stride+n, stride, last, p.row, n, n-1, 0),
			"a place before":      call(4*stride+n, stride, last, p.row, n, n, -1),
			"a place behind":      call(4*stride+n, stride, last, p.row, n, n, p.at[n-1]+1),
		} {
			if !panics(f) {
				t.Errorf("%v: %s is taken", l, name)
			}
		}
		restore()
	}
}

func BenchmarkBilinear5(b *testing.B) {
	p := randomPlaces(rand.New(rand.NewPCG(9, 9)), 640, 8, 640)
	slices.Sort(p.at)
	dst := make([]float32, 5*640)
	for _, l := range Levels() {
		b.Run(fmt.Sprint("640/", l), func(b *testing.B) {
			restore, err := Use(l)
			if err != nil {
				b.Fatal(err)
			}
			defer restore()
			b.SetBytes(640 * 5 * 4)
			for b.Loop() {
				Bilinear5(dst, 640, p.src, p.row, p.at, p.fx, p.fy)
			}
		})
	}
}
