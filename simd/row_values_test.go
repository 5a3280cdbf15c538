package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

// near compares with sums in float64; scale is what the terms add up to.
func near(t *testing.T, what string, got []float32, want, scale []float64) {
	t.Helper()
	for i, v := range got {
		if !(math.Abs(float64(v)-want[i]) <= 2e-6*scale[i]+1e-9) {
			t.Fatalf("%s: %d is %g, want %g", what, i, v, want[i])
		}
	}
}

// TestRowSums: what the sums over rows add to what stands there, against float64, for slices that are longer than they must be.
func TestRowSums(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 3))
	random := func(n int) []float32 {
		x := make([]float32, n)
		fill(x, r, false)
		return x
	}
	atEach(t, func(l Level) {
		for c := 1; c < 70; c += 7 {
			rows := 1 + c%4
			n := rows * c
			x, y, dy, shift := random(n+5), random(n+5), random(n+5), random(c+5)
			start := [3][]float32{random(c + 5), random(c + 5), random(c + 5)}
			sums := func(term func(i int) float64, at int) (want, scale []float64) {
				want, scale = make([]float64, c), make([]float64, c)
				for j := range c {
					want[j], scale[j] = float64(start[at][j]), math.Abs(float64(start[at][j]))
				}
				for i := range n {
					v := term(i)
					want[i%c] += v
					scale[i%c] += math.Abs(v)
				}
				return want, scale
			}
			check := func(what string, at int, got []float32, term func(i int) float64) {
				t.Helper()
				want, scale := sums(term, at)
				near(t, l.String()+" "+what, got[:c], want, scale)
			}
			of := func() (a, b []float32) {
				return append([]float32(nil), start[0][:c]...), append([]float32(nil), start[1]...)
			}
			gate := func(i int) float64 {
				if y[i] > 0 {
					return float64(dy[i])
				}
				return 0
			}
			e := func(i int) float64 { return float64(x[i] - shift[i%c]) }
			a, b := of()
			MomentRows(a, b, x, shift, rows)
			check("moments", 0, a, e)
			check("squares", 1, b, func(i int) float64 { return e(i) * e(i) })
			a, b = of()
			NormGradSums(a, b, dy, x, shift, rows)
			check("gradients", 0, a, func(i int) float64 { return float64(dy[i]) })
			check("products", 1, b, func(i int) float64 { return float64(dy[i]) * e(i) })
			a, b = of()
			NormGradReLUSums(a, b, dy, x, y, shift, rows)
			check("gradients behind a ReLU", 0, a, gate)
			check("products behind a ReLU", 1, b, func(i int) float64 { return gate(i) * e(i) })
			a, _ = of()
			SumRows(a, x, rows)
			check("sums", 0, a, func(i int) float64 { return float64(x[i]) })
			less := func(x []float32) []float32 { return x[: n-1 : n-1] }
			for i, f := range []func(){
				func() { SumRows(a, less(x), rows) },
				func() { MomentRows(a, b, less(x), shift, rows) },
				func() { MomentRows(a, b, x, shift[:c-1:c-1], rows) },
				func() { NormGradSums(a, b, less(dy), x, shift, rows) },
				func() { NormGradSums(a, b, dy, less(x), shift, rows) },
				func() { NormGradReLUSums(a, b, less(dy), x, y, shift, rows) },
				func() { NormGradReLUSums(a, b, dy, less(x), y, shift, rows) },
				func() { NormGradReLUSums(a, b, dy, x, less(y), shift, rows) },
			} {
				if !panics(f) {
					t.Fatalf("%v: rows that are too short are read, %d", l, i)
				}
			}
		}
	})
}

// TestLayerNormValues: rows normalised and their gradients, several rows at once, against float64.
func TestLayerNormValues(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	random := func(n int) []float32 {
		x := make([]float32, n)
		fill(x, r, false)
		return x
	}
	const eps = 0.3
	atEach(t, func(l Level) {
		for _, c := range []int{1, 2, 7, 64, 65, 100} {
			const rows = 3
			n := rows * c
			x, dy, gamma, beta := random(n), random(n), random(c), random(c)
			y, dx, mean, inv := make([]float32, n), make([]float32, n), make([]float32, rows), make([]float32, rows+2)
			LayerNormRows(y, x, gamma, beta, mean, inv, eps, false)
			dgamma, dbeta := random(c), random(c)
			wantY, wantX, wantM, wantI := make([]float64, n), make([]float64, n), make([]float64, rows), make([]float64, rows)
			wantG, wantB, some := make([]float64, c), make([]float64, c), make([]float64, n+rows)
			for j := range c {
				wantG[j], wantB[j] = float64(dgamma[j]), float64(dbeta[j])
			}
			for q := range rows {
				at := q * c
				m, v, g, gh := 0.0, 0.0, 0.0, 0.0
				for j := range c {
					m += float64(x[at+j]) / float64(c)
				}
				for j := range c {
					v += (float64(x[at+j]) - m) * (float64(x[at+j]) - m) / float64(c)
				}
				s := 1 / math.Sqrt(v+eps)
				for j := range c {
					h, d := (float64(x[at+j])-m)*s, float64(dy[at+j])
					wantY[at+j] = h*float64(gamma[j]) + float64(beta[j])
					g += d * float64(gamma[j]) / float64(c)
					gh += d * float64(gamma[j]) * h / float64(c)
					wantG[j] += d * h
					wantB[j] += d
				}
				for j := range c {
					wantX[at+j] = s * (float64(dy[at+j])*float64(gamma[j]) - g - (float64(x[at+j])-m)*s*gh)
				}
				wantM[q], wantI[q] = m, s
			}
			for i := range some {
				some[i] = 10 // of what the terms are
			}
			near(t, l.String()+" rows", y, wantY, some)
			near(t, l.String()+" means", mean, wantM, some)
			near(t, l.String()+" deviations", inv[:rows], wantI, some)
			LayerNormGradRows(dx, dgamma, dbeta, dy, x, gamma, mean, inv, false)
			near(t, l.String()+" gradient", dx, wantX, some)
			near(t, l.String()+" gradient of gamma", dgamma, wantG, some)
			near(t, l.String()+" gradient of beta", dbeta, wantB, some)
		}
	})
}

// TestLossValues: sums of clamped differences and their gradients in the three forms, the logistic loss, against float64.
func TestLossValues(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 5))
	x, y, w, u := make([]float32, 131), make([]float32, 140), make([]float32, 140), make([]float32, 140)
	fill(x, r, false)
	fill(y, r, false)
	for i := range w {
		w[i], u[i] = r.Float32()*2, r.Float32()
	}
	copy(y[:3], x) // differences of zero
	loss := map[string]struct {
		c Clamp
		f func(e float64) (l, d float64)
	}{
		"L1": {Clamp{1, 1, 0}, func(e float64) (l, d float64) { return math.Abs(e), math.Copysign(1, e) }},
		"L2": {Clamp{0, math.MaxFloat32, 0}, func(e float64) (l, d float64) { return e * e, e }},
		"Huber": {Clamp{0, 0.6, 0.5}, func(e float64) (l, d float64) {
			if a := float64(float32(0.6)); math.Abs(e) > a {
				return a * (math.Abs(e) - a/2), math.Copysign(a, e)
			}
			return e * e / 2, e
		}},
	}
	atEach(t, func(l Level) {
		for name, c := range loss {
			sum, scale := 0.0, 0.0
			dx := make([]float32, len(x))
			ClampedGrad(dx, x, y, w, 0.7, c.c)
			for i, v := range x {
				e := float64(v) - float64(y[i])
				value, d := c.f(e)
				if e == 0 {
					d = 0
				}
				sum += float64(w[i]) * value
				scale += float64(w[i]) * value
				if want := 0.7 * float64(w[i]) * d; !(math.Abs(float64(dx[i])-want) <= 1e-6*(1+math.Abs(want))) {
					t.Fatalf("%v, %s: the gradient at %g is %g, want %g", l, name, e, dx[i], want)
				}
			}
			if got := float64(ClampedSum(x, y, w, c.c)); !(math.Abs(got-sum) <= 1e-6*scale) {
				t.Errorf("%v, %s: %g, want %g", l, name, got, sum)
			}
		}
		out := make([]float32, len(x))
		Logistic(out, x, u)
		for i, v := range x {
			p := 1 / (1 + math.Exp(-float64(v)))
			want := -float64(u[i])*math.Log(p) - (1-float64(u[i]))*math.Log(1-p)
			if !(math.Abs(float64(out[i])-want) <= 2e-6*(1+want)) {
				t.Fatalf("%v: logit %g against %g costs %g, want %g", l, v, u[i], out[i], want)
			}
		}
	})
}

// TestUpdateValues: one step of each optimiser by its formula, in float64.
func TestUpdateValues(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 6))
	const n = 75
	atEach(t, func(l Level) {
		of := func() []float32 {
			x := make([]float32, n)
			fill(x, r, false)
			return x
		}
		w, v, g := of(), of(), of()
		check := func(what string, got float32, want float64) {
			t.Helper()
			if !(math.Abs(float64(got)-want) <= 2e-6*(1+math.Abs(want))) {
				t.Fatalf("%v, %s: %g, want %g", l, what, got, want)
			}
		}
		for _, nesterov := range []bool{false, true} {
			w1, v1 := append([]float32(nil), w...), append([]float32(nil), v...)
			step := SGD
			if nesterov {
				step = SGDNesterov
			}
			step(w1, v1, g, 0.1, 0.9, 0.02)
			for i := range w {
				e := float64(g[i]) + 0.02*float64(w[i])
				m := 0.9*float64(v[i]) + e
				check("momentum", v1[i], m)
				if nesterov {
					m = e + 0.9*m
				}
				check("weight", w1[i], float64(w[i])-0.1*m)
			}
		}
		m, s := of(), of()
		for i := range s {
			s[i] *= s[i]
		}
		w1, m1, s1 := append([]float32(nil), w...), append([]float32(nil), m...), append([]float32(nil), s...)
		Adam(w1, m1, s1, g, 0.1, 0.99, 0.01, 1.5, 1e-3, 0.05)
		for i := range w {
			a := float64(m[i]) + 0.1*(float64(g[i])-float64(m[i]))
			b := 0.99*float64(s[i]) + 0.01*float64(g[i])*float64(g[i])
			check("Adam's mean", m1[i], a)
			check("Adam's square", s1[i], b)
			check("Adam's weight", w1[i], float64(w[i])-0.05*a/(1.5*math.Sqrt(b)+1e-3))
		}
	})
}
