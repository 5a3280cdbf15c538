package eval

import (
	"context"
	"math"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// svmTolerance is how far the projected gradients of the dual problem may lie apart at its solution: LinearSVC's default.
const svmTolerance = 1e-4

// mostGram is of how many samples the inner products are kept at most: 256 MiB.
const mostGram = 8192

// svmSamples are samples that support vector machines are fitted to, all or some of them. Where they are few beside their values, the inner
// products are computed once, for all classes, costs and folds: a step of the solver then costs N in place of 2·D.
type svmSamples struct {
	x       *tensor.Tensor // [N D]
	squares []float64      // [N] ⟨xᵢ, xᵢ⟩ + 1
	gram    *tensor.Tensor // [N N] ⟨xᵢ, xⱼ⟩ + 1, or nil
}

func newSVMSamples(x *tensor.Tensor) *svmSamples {
	n, d := x.Dim(0), x.Dim(1)
	s := &svmSamples{x: x, squares: make([]float64, n)}
	for i := range n {
		s.squares[i] = float64(simd.SumSquares(x.Data[i*d:(i+1)*d])) + 1
	}
	if n < 2*d && n <= mostGram {
		s.gram = tensor.New(n, n)
		tensor.MatMulNT(s.gram, x, x, false, tensor.Float32)
		for i := range s.gram.Data {
			s.gram.Data[i]++
		}
	}
	return s
}

// hyperplanes tell classes from the rest: a sample is of the class whose x·w + b is largest, of equals the first.
type hyperplanes struct {
	w      *tensor.Tensor // [D K]
	b      *tensor.Tensor // [K]; -Inf of a class that none of the samples fitted to was of
	epochs int            // the most that a class took
	open   int            // classes that had not converged after as many as were allowed
}

// fit returns the hyperplanes of rows: for each class k the w and b that minimise
//
//	½(‖w‖² + b²) + Σᵢ Cᵢ·max(0, 1 - yᵢ(⟨w, xᵢ⟩ + b))²     yᵢ = 1 of class k, -1 of others
//
// which is LinearSVC's objective with its intercept_scaling of 1: the bias is the weight of a feature that is always 1, and is kept small as the
// others are. Cᵢ is the class's cost, of the class's own samples times SVM.Own, or where balanced times n/(K·nₖ); samples of which nobody says the side are left
// out. Two classes of which each sample is of one have one hyperplane, both of its sides. Where inner products are kept the dual problem is solved, else the primal.
func (s *svmSamples) fit(ctx context.Context, rows []int, of *sides, costs []float64, o SVM) (*hyperplanes, error) {
	q := o.separations(rows, of, costs)
	var h *hyperplanes
	if s.gram != nil {
		h = s.dual(ctx, q, o)
	} else {
		h = s.primal(ctx, q, o)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	classes := of.classes
	for k := range classes {
		if q.size[k] == 0 {
			h.b.Data[k] = float32(math.Inf(-1))
		}
	}
	if q.mirrored {
		for j := 0; j < len(h.w.Data); j += classes {
			h.w.Data[j] = -h.w.Data[j+1]
		}
		h.b.Data[0] = -h.b.Data[1]
	}
	return h, nil
}

// dual solves each class's dual problem.
func (s *svmSamples) dual(ctx context.Context, q *separations, o SVM) *hyperplanes {
	n, classes := s.x.Dim(0), q.sides.classes
	h := &hyperplanes{w: tensor.New(s.x.Dim(1), classes), b: tensor.New(classes)}
	coefficients := tensor.New(n, classes) // αᵢ·yᵢ
	epochs, converged := make([]int, classes), make([]bool, classes)
	parallel.For(classes, func(k int) {
		if converged[k] = true; !q.solve[k] || ctx.Err() != nil {
			return
		}
		p := separation{of: s}
		for r, side := range q.column(k) {
			cost := q.down[k]
			if side > 0 {
				cost = q.up[k]
			}
			if side != 0 {
				p.rows, p.side, p.soft = append(p.rows, q.rows[r]), append(p.side, float64(side)), append(p.soft, 0.5/cost)
			}
		}
		epochs[k], converged[k] = p.solve(ctx, o.Epochs, tensor.NewRNG(o.Seed).Derive(stream.SVMOrder, uint64(k)))
		sum := 0.0
		for r, i := range p.rows {
			coefficients.Data[i*classes+k] = float32(p.alpha[r] * p.side[r])
			sum += float64(coefficients.Data[i*classes+k])
		}
		h.b.Data[k] = float32(sum)
	})
	tensor.MatMulTN(h.w, s.x, coefficients, false, tensor.Float32)
	h.count(epochs, converged)
	return h
}

// count keeps how long the classes took.
func (h *hyperplanes) count(epochs []int, converged []bool) {
	for k, n := range epochs {
		if h.epochs = max(h.epochs, n); !converged[k] {
			h.open++
		}
	}
}

// separation is one hyperplane's dual problem, min ½αᵀ(Q + diag(soft))α - Σα over α >= 0, Qᵢⱼ = sideᵢ·sideⱼ·(⟨xᵢ, xⱼ⟩ + 1).
type separation struct {
	of    *svmSamples
	rows  []int
	side  []float64 // of the hyperplane, 1 or -1
	soft  []float64 // 1/(2·C)
	alpha []float64
	// what margins are read from, kept up to date: with inner products the values ⟨w, xᵢ⟩ + b of all samples, else w, and b
	state []float32
	bias  float32
}

// margin returns ⟨w, xᵢ⟩ + b.
func (p *separation) margin(i int) float64 {
	if p.of.gram != nil {
		return float64(p.state[i])
	}
	d := len(p.state)
	return float64(simd.Dot(p.state, p.of.x.Data[i*d:(i+1)*d]) + p.bias)
}

// row is what of sample i is added to the state.
func (p *separation) row(i int) []float32 {
	n := len(p.state)
	if p.of.gram != nil {
		return p.of.gram.Data[i*n : (i+1)*n]
	}
	return p.of.x.Data[i*n : (i+1)*n]
}

// add adds v·xᵢ to w, and v to b.
func (p *separation) add(i int, v float64) {
	simd.Axpy(p.state, float32(v), p.row(i))
	p.bias += float32(v)
}

// renew computes the state from alpha, without what rounding added on the way.
func (p *separation) renew() {
	sum, bias := make([]float64, len(p.state)), 0.0
	for r, i := range p.rows {
		if v := p.alpha[r] * p.side[r]; v != 0 {
			bias += v
			for j, x := range p.row(i) {
				sum[j] += float64(v * float64(x))
			}
		}
	}
	for j, v := range sum {
		p.state[j] = float32(v)
	}
	p.bias = float32(bias)
}

// solve sets alpha by coordinate descent with shrinking (Hsieh, Chang, Lin, Keerthi, Sundararajan, "A dual coordinate descent method for large-scale
// linear SVM", ICML 2008, algorithm 3), in at most so many epochs. Solved is what is solved for a state computed anew.
func (p *separation) solve(ctx context.Context, most int, rng *tensor.RNG) (epochs int, solved bool) {
	n := len(p.rows)
	p.alpha = make([]float64, n)
	if p.state = make([]float32, p.of.x.Dim(1)); p.of.gram != nil {
		p.state = make([]float32, p.of.gram.Dim(1))
	}
	order := make([]int, n)
	for r := range order {
		order[r] = r
	}
	active, anew, reach := n, true, math.Inf(1)
	for epochs < most && ctx.Err() == nil {
		for k := range active {
			j := k + rng.IntN(active-k)
			order[k], order[j] = order[j], order[k]
		}
		left, high, low := p.epoch(order[:active], reach)
		epochs++
		if high-low <= svmTolerance {
			if active == n && anew {
				return epochs, true
			}
			p.renew()
			active, anew, reach = n, true, math.Inf(1)
			continue
		}
		active, anew = left, false
		if reach = high; high <= 0 {
			reach = math.Inf(1)
		}
	}
	return epochs, false
}

// epoch takes one step in each of the coordinates, and moves those to the end that will stay 0 as it seems: at 0 with a gradient above reach. It returns
// how many are left before them, and the largest and smallest of the projected gradients.
func (p *separation) epoch(order []int, reach float64) (left int, high, low float64) {
	left, high, low = len(order), math.Inf(-1), math.Inf(1)
	for k := 0; k < left; k++ {
		r := order[k]
		i, a := p.rows[r], p.alpha[r]
		gradient := p.side[r]*p.margin(i) - 1 + a*p.soft[r]
		projected := gradient
		if a == 0 {
			if gradient > reach {
				left--
				order[k], order[left] = order[left], order[k]
				k--
				continue
			}
			projected = min(gradient, 0)
		}
		high, low = max(high, projected), min(low, projected)
		if math.Abs(projected) > 1e-12 {
			p.alpha[r] = max(a-gradient/(p.of.squares[i]+p.soft[r]), 0)
			p.add(i, (p.alpha[r]-a)*p.side[r])
		}
	}
	return left, high, low
}
