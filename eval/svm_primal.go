package eval

import (
	"context"
	"math"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

// What the primal problem is solved to: a gradient this small beside w leaves w as near to the solution, for the objective is as convex as ½‖w‖². A step this
// small beside w is what float32 makes of the gradient there.
const primalGradient, primalStep = 2e-5, 1e-6

// primalInner is how small a part of the gradient a step may leave of it, as its model sees it; primalMost how many products a step may take for that.
const primalInner, primalMost = 0.1, 200

// primal solves the primal problems of all classes side by side by Newton's method with conjugate gradients (Keerthi and DeCoste, "A modified finite Newton
// method for fast solution of large scale linear SVMs", JMLR 2005, with its exact line search): a product of the samples with many vectors costs hardly more than
// with one.
func (s *svmSamples) primal(ctx context.Context, q *separations, o SVM) *hyperplanes {
	x := s.x
	if len(q.rows) < x.Dim(0) {
		x = gathered(x, q.rows)
	}
	d, classes := x.Dim(1), q.sides.classes
	h := &hyperplanes{w: tensor.New(d, classes), b: tensor.New(classes)}
	epochs, converged := make([]int, classes), make([]bool, classes)
	var all []*plane
	for k := range classes {
		if converged[k] = !q.solve[k]; q.solve[k] {
			all = append(all, &plane{side: q.column(k), up: q.up[k], down: q.down[k], class: k, w: make([]float64, d+1), step: make([]float64, d+1), left: make([]float64, d+1), along: make([]float64, d+1)})
		}
	}
	p := planes{x: x}
	for active := all; len(active) > 0 && ctx.Err() == nil; {
		p.slopes(active)
		still := active[:0:0]
		for _, a := range active {
			if a.moved <= primalStep*norm(a.w) && epochs[a.class] > 0 || norm(a.left) <= primalGradient*norm(a.w) {
				converged[a.class] = true
			} else if epochs[a.class] < o.Epochs {
				epochs[a.class]++
				still = append(still, a)
			}
		}
		active = still
		if len(active) > 0 {
			p.direct(active)
			p.walk(active)
		}
	}
	for _, a := range all {
		for j := range d {
			h.w.Data[j*classes+a.class] = float32(a.w[j])
		}
		h.b.Data[a.class] = float32(a.w[d])
	}
	h.count(epochs, converged)
	return h
}

// plane is one class's hyperplane on its way. Vectors have the bias at their end.
type plane struct {
	class int
	side  []int8 // [N]
	// what a sample within costs, and one without
	up, down float64
	w        []float64
	left     []float64 // the gradient's other side, then what a step leaves of it
	step     []float64
	along    []float64 // the conjugate gradient's direction
	value    []float32 // [N] ⟨w, xᵢ⟩ + b
	curve    []float32 // [N] twice the cost of a sample that is within its margin, else 0
	moved    float64   // how far the last step went
	rest     float64   // ‖left‖²
}

func (a *plane) cost(side int8) float64 {
	if side > 0 {
		return a.up
	}
	return a.down
}

// planes multiplies samples with the vectors of several classes at once.
type planes struct{ x *tensor.Tensor }

// values returns ⟨v, xᵢ⟩ + the bias of each class's vector, [K N].
func (p planes) values(active []*plane, of func(a *plane) []float64) *tensor.Tensor {
	d := p.x.Dim(1)
	v := tensor.New(len(active), d)
	for r, a := range active {
		for j, w := range of(a)[:d] {
			v.Data[r*d+j] = float32(w)
		}
	}
	y, turned := tensor.New(p.x.Dim(0), len(active)), tensor.New(len(active), p.x.Dim(0))
	tensor.MatMulNT(y, p.x, v, false, tensor.Float32)
	tensor.Permute(turned, y, 1, 0)
	parallel.For(len(active), func(r int) {
		b := float32(of(active[r])[d])
		row := turned.Data[r*p.x.Dim(0) : (r+1)*p.x.Dim(0)]
		for i := range row {
			row[i] += b
		}
	})
	return turned
}

// sums adds Σᵢ uᵢ·(xᵢ, 1) of each class's u [K N] to what use is handed.
func (p planes) sums(active []*plane, u *tensor.Tensor, use func(a *plane, sum []float32, bias float64)) {
	n, d := p.x.Dim(0), p.x.Dim(1)
	y, s := tensor.New(n, len(active)), tensor.New(len(active), d)
	tensor.Permute(y, u, 1, 0)
	tensor.MatMulTN(s, y, p.x, false, tensor.Float32)
	parallel.For(len(active), func(r int) {
		bias := 0.0
		for _, v := range u.Data[r*n : (r+1)*n] {
			bias += float64(v)
		}
		use(active[r], s.Data[r*d:(r+1)*d], bias)
	})
}

// slopes sets left to the gradient's other side at w, and curve to the second derivatives.
func (p planes) slopes(active []*plane) {
	n := p.x.Dim(0)
	values := p.values(active, func(a *plane) []float64 { return a.w })
	u := tensor.New(len(active), n)
	parallel.For(len(active), func(r int) {
		a := active[r]
		a.value, a.curve = values.Data[r*n:(r+1)*n], make([]float32, n)
		for i, side := range a.side {
			if short := 1 - float64(side)*float64(a.value[i]); short > 0 && side != 0 {
				cost := a.cost(side)
				u.Data[r*n+i], a.curve[i] = float32(2*cost*short*float64(side)), float32(2*cost)
			}
		}
	})
	p.sums(active, u, func(a *plane, sum []float32, bias float64) {
		d := len(sum)
		for j, v := range sum {
			a.left[j] = float64(v) - a.w[j]
		}
		a.left[d] = bias - a.w[d]
	})
}

// direct sets the steps to those of Newton's method, by conjugate gradients, nearly.
func (p planes) direct(active []*plane) {
	n := p.x.Dim(0)
	for _, a := range active {
		clear(a.step)
		copy(a.along, a.left)
		a.rest = square(a.left)
	}
	enough := make(map[*plane]float64, len(active))
	for _, a := range active {
		enough[a] = primalInner * primalInner * a.rest
	}
	for range primalMost {
		still := active[:0:0]
		for _, a := range active {
			if a.rest > enough[a] {
				still = append(still, a)
			}
		}
		if active = still; len(active) == 0 {
			return
		}
		u := p.values(active, func(a *plane) []float64 { return a.along })
		parallel.For(len(active), func(r int) {
			for i, c := range active[r].curve {
				u.Data[r*n+i] *= c
			}
		})
		p.sums(active, u, func(a *plane, sum []float32, bias float64) {
			d, bent := len(sum), 0.0 // the direction's curvature
			at := func(j int) float64 {
				if j == d {
					return bias + a.along[d]
				}
				return float64(sum[j]) + a.along[j]
			}
			for j, v := range a.along {
				bent += v * at(j)
			}
			t, before := a.rest/bent, a.rest
			for j, v := range a.along {
				a.step[j] += t * v
				a.left[j] -= t * at(j)
			}
			a.rest = square(a.left)
			for j := range a.along {
				a.along[j] = a.left[j] + a.rest/before*a.along[j]
			}
		})
	}
}

// walk takes the steps, each as far as the objective falls along it.
func (p planes) walk(active []*plane) {
	n := p.x.Dim(0)
	along := p.values(active, func(a *plane) []float64 { return a.step })
	parallel.For(len(active), func(r int) {
		a := active[r]
		t := a.far(along.Data[r*n : (r+1)*n])
		for j, v := range a.step {
			a.w[j] += t * v
		}
		a.moved = math.Abs(t) * norm(a.step)
	})
}

// far returns how many steps lead to the least value of the objective along the step, by Newton's method on its derivative, which is of straight pieces and grows.
func (a *plane) far(along []float32) float64 {
	drift, bend := 0.0, square(a.step)
	for j, v := range a.step {
		drift += v * a.w[j]
	}
	t, low, high := 1.0, 0.0, math.Inf(1)
	for range 30 {
		slope, curve := drift+t*bend, bend
		for i, side := range a.side {
			s, v := float64(side), float64(along[i])
			if short := 1 - s*(float64(a.value[i])+t*v); short > 0 && side != 0 {
				cost := 2 * a.cost(side) * v
				slope -= cost * s * short
				curve += cost * v
			}
		}
		if slope > 0 {
			high = t
		} else {
			low = t
		}
		next := t - slope/curve
		if !(next > low && next < high) {
			if next = (low + high) / 2; math.IsInf(high, 1) {
				next = 2 * t
			}
		}
		if math.Abs(next-t) <= 1e-9*t {
			return next
		}
		t = next
	}
	return t
}

func square(x []float64) (sum float64) {
	for _, v := range x {
		sum += v * v
	}
	return sum
}

func norm(x []float64) float64 { return math.Sqrt(square(x)) }
