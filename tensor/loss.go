package tensor

import (
	"math"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// PointLoss is a loss of one prediction and one target, f(x - t).
type PointLoss struct {
	clamp  simd.Clamp
	factor float32 // of the derivative
	logits bool    // binary cross-entropy, of which clamp knows nothing
}

// The losses of element by element: |x - t|, (x - t)², and the binary cross-entropy of the logit x with t in [0, 1],
// -t·log σ(x) - (1-t)·log(1 - σ(x)).
var (
	L1Loss            = PointLoss{clamp: simd.Clamp{Lo: 1, Hi: 1}, factor: 1}
	L2Loss            = PointLoss{clamp: simd.Clamp{Hi: math.MaxFloat32}, factor: 2}
	BCEWithLogitsLoss = PointLoss{logits: true}
)

// HuberLoss is e²/2 where |e| = |x - t| <= delta, delta·(|e| - delta/2) elsewhere.
func HuberLoss(delta float32) PointLoss {
	if !(delta > 0) {
		fail("Huber", "delta %g, want a positive one", delta)
	}
	return PointLoss{clamp: simd.Clamp{Hi: delta, Half: 0.5}, factor: 1}
}

// lossBlock is how many elements a loss kernel takes at a time: its operands stay in the first-level cache.
const lossBlock = 2048

var ones = func() (o [lossBlock]float32) {
	for i := range o {
		o[i] = 1
	}
	return o
}()

// Sum returns Σ w·f(x - t) in float64, and the sum of the weights over all elements. w is nil for ones, of x's shape, or of
// x's shape with 1 as its last side, a weight for all channels of a pixel. A weight of 0 does not hide a NaN. The pieces of the
// sum depend on the shape alone.
func (l PointLoss) Sum(x, t, w *Tensor) (sum, weight float64) {
	every := lossWeights("PointLoss", x, t, w)
	sums := make([][2]float64, (len(x.Data)+chunk-1)/chunk)
	l.blocks(x, w, every, func(lo, hi int, w, tmp []float32) {
		xs, ts, s := x.Data[lo:hi], t.Data[lo:hi], &sums[lo/chunk]
		switch {
		case !l.logits:
			s[0] += float64(simd.ClampedSum(xs, ts, w, l.clamp))
		case every == 0:
			simd.Logistic(tmp, xs, ts)
			s[0] += float64(simd.Sum(tmp))
		default:
			simd.Logistic(tmp, xs, ts)
			s[0] += float64(simd.Dot(tmp, w))
		}
		if every != 0 {
			s[1] += float64(simd.Sum(w))
		}
	})
	for _, s := range sums {
		sum += s[0]
		weight += s[1]
	}
	if every == 0 {
		weight = float64(len(x.Data))
	}
	return sum, weight
}

// Grad sets dx to scale·w·f'(x - t), or with add adds it.
func (l PointLoss) Grad(dx, x, t, w *Tensor, scale float32, add bool) {
	every := lossWeights("PointLoss", x, t, w)
	sameShapes("PointLoss", dx, x)
	l.blocks(x, w, every, func(lo, hi int, w, tmp []float32) {
		xs, ts, d := x.Data[lo:hi], t.Data[lo:hi], dx.Data[lo:hi]
		switch {
		case l.logits:
			simd.Sigmoid(tmp, xs)
			simd.Sub(tmp, tmp, ts)
			if every != 0 {
				simd.Mul(tmp, tmp, w)
			}
			if add {
				simd.Axpy(d, scale, tmp)
			} else {
				simd.Scale(d, scale, tmp)
			}
		case add:
			simd.ClampedGrad(tmp, xs, ts, w, scale*l.factor, l.clamp)
			simd.Add(d, d, tmp)
		default:
			simd.ClampedGrad(d, xs, ts, w, scale*l.factor, l.clamp)
		}
	})
}

// blocks calls f on blocks of x's elements with their weights and room for as many temporary values; chunks run on all workers,
// the blocks of a chunk in order.
func (l PointLoss) blocks(x, w *Tensor, every int, f func(lo, hi int, w, tmp []float32)) {
	parallel.Chunks(len(x.Data), chunk, func(from, to int) {
		room := borrow(2 * lossBlock)
		defer giveBack(room)
		for lo := from; lo < to; lo += lossBlock {
			hi := min(to, lo+lossBlock)
			ws := ones[:hi-lo]
			switch {
			case every == 1:
				ws = w.Data[lo:hi]
			case every > 1:
				ws = room[lossBlock:][:hi-lo]
				spread(ws, w.Data, lo, every)
			}
			f(lo, hi, ws, room[:hi-lo])
		}
	})
}

// spread sets dst[i] to w[(lo+i)/every].
func spread(dst, w []float32, lo, every int) {
	left := every - lo%every // of this pixel
	for _, v := range w[lo/every:] {
		n := min(left, len(dst))
		if n == 0 {
			return
		}
		if pixel := dst[:n]; n >= 2*few && n <= lossBlock {
			simd.Scale(pixel, v, ones[:n])
		} else {
			for j := range pixel {
				pixel[j] = v
			}
		}
		dst, left = dst[n:], every
	}
}

// lossWeights checks the operands of a loss and returns how many elements share a weight, 0 for no weights.
func lossWeights(op string, x, t, w *Tensor) (every int) {
	sameShapes(op, x, t)
	switch {
	case w == nil:
		return 0
	case SameShape(w.Shape, x.Shape):
		return 1
	}
	pixelWeights(op, x, w)
	return x.Dim(-1)
}

// pixelWeights checks that w has a weight for each row of x [... C]: x's shape with 1 as its last side.
func pixelWeights(op string, x, w *Tensor) {
	n := len(x.Shape) - 1
	if n < 0 || len(w.Shape) != n+1 || !SameShape(w.Shape[:n], x.Shape[:n]) || w.Shape[n] != 1 {
		fail(op, "weight %v of predictions %v: want their shape, or 1 as its last side", w.Shape, x.Shape)
	}
}

// rowSums calls f for pieces of x's rows, whose results are added in order.
func rowSums(x *Tensor, f func(lo, hi int) (sum, weight float64)) (sum, weight float64) {
	rows, c := rows2(x)
	step := max(1, chunk/max(c, 1)/4)
	sums := make([][2]float64, (rows+step-1)/step)
	parallel.Chunks(rows, step, func(lo, hi int) { sums[lo/step][0], sums[lo/step][1] = f(lo, hi) })
	for _, s := range sums {
		sum += s[0]
		weight += s[1]
	}
	return sum, weight
}

// CrossEntropySum returns Σ w·(log Σ exp(x) - Σ q·x) over the rows of x [... C], q being 1-smoothing at the row's label plus smoothing/C
// everywhere, and the sum of the weights: of rows with a label, -1 has none. stats are x's SoftmaxStats; w is nil for ones or x's shape
// with 1 as its last side.
func CrossEntropySum(x *Tensor, stats []float32, labels []int32, smoothing float32, w *Tensor) (sum, weight float64) {
	_, c := rows2(x)
	if w != nil {
		pixelWeights("CrossEntropy", x, w)
	}
	s := float64(smoothing)
	return rowSums(x, func(lo, hi int) (sum, weight float64) {
		for r := lo; r < hi; r++ {
			if labels[r] < 0 {
				continue
			}
			row, m := x.Data[r*c:(r+1)*c], float64(stats[2*r])
			v := math.Log(float64(stats[2*r+1])) + (m-float64(row[labels[r]]))*(1-s)
			if s != 0 {
				v += s * (m - sumOf(row)/float64(c))
			}
			k := 1.0
			if w != nil {
				k = float64(w.Data[r])
			}
			sum += float64(k * v)
			weight += k
		}
		return sum, weight
	})
}

// CrossEntropyGrad sets dx to scale·w·(softmax(x) - q), or adds it; see CrossEntropySum. Rows labelled -1 get nothing.
func CrossEntropyGrad(dx, x *Tensor, stats []float32, labels []int32, smoothing float32, w *Tensor, scale float32, add bool) {
	sameShapes("CrossEntropy", dx, x)
	rows, c := rows2(x)
	rest := smoothing / float32(c)
	parallel.Chunks(rows, max(1, chunk/max(c, 1)/4), func(lo, hi int) {
		p := borrow(c)
		for r := lo; r < hi; r++ {
			d := dx.Data[r*c : (r+1)*c]
			if labels[r] < 0 {
				if !add {
					clear(d)
				}
				continue
			}
			k := scale
			if w != nil {
				k *= w.Data[r]
			}
			simd.ExpSub(p, stats[2*r], x.Data[r*c:(r+1)*c])
			// the label's own: what is nearly 1 less 1, before anything else is added
			at := k * (p[labels[r]]/stats[2*r+1] - (rest + (1 - smoothing)))
			was := d[labels[r]]
			if rest == 0 {
				if add {
					simd.Axpy(d, k/stats[2*r+1], p)
				} else {
					simd.Scale(d, k/stats[2*r+1], p)
				}
			} else {
				simd.Scale(p, 1/stats[2*r+1], p)
				for j := range p {
					p[j] -= rest
				}
				if add {
					simd.Axpy(d, k, p)
				} else {
					simd.Scale(d, k, p)
				}
			}
			if !add {
				was = 0
			}
			d[labels[r]] = was + at
		}
		giveBack(p)
	})
}

// SoftCrossEntropySum returns Σ w·Σ t·(log Σ exp(x) - x) over the rows of x [... C] and the sum of the weights; stats are x's SoftmaxStats, w
// as in CrossEntropySum.
func SoftCrossEntropySum(x *Tensor, stats []float32, t, w *Tensor) (sum, weight float64) {
	sameShapes("CrossEntropySoft", x, t)
	if w != nil {
		pixelWeights("CrossEntropySoft", x, w)
	}
	_, c := rows2(x)
	return rowSums(x, func(lo, hi int) (sum, weight float64) {
		one := borrow(c)
		defer giveBack(one)
		for i := range one {
			one[i] = 1
		}
		for r := lo; r < hi; r++ {
			q := t.Data[r*c : (r+1)*c]
			v := math.Log(float64(stats[2*r+1]))*sumOf(q) - float64(simd.DotAbout(q, one, x.Data[r*c:], stats[2*r]))
			k := 1.0
			if w != nil {
				k = float64(w.Data[r])
			}
			sum += float64(k * v)
			weight += k
		}
		return sum, weight
	})
}

// softmaxOf sets p to scale times the softmax of a row, by its SoftmaxStats.
func softmaxOf(p, stats, row []float32, scale float32) {
	simd.ExpSub(p, stats[0], row)
	simd.Scale(p, scale/stats[1], p)
}

// SoftCrossEntropyGrad sets dx to scale·w·(softmax(x)·Σt - t), or adds it; see SoftCrossEntropySum.
func SoftCrossEntropyGrad(dx, x *Tensor, stats []float32, t, w *Tensor, scale float32, add bool) {
	sameShapes("CrossEntropySoft", dx, x, t)
	rows, c := rows2(x)
	parallel.Chunks(rows, max(1, chunk/max(c, 1)/4), func(lo, hi int) {
		p := borrow(c)
		for r := lo; r < hi; r++ {
			k := scale
			if w != nil {
				k *= w.Data[r]
			}
			d, row, q := dx.Data[r*c:(r+1)*c], x.Data[r*c:(r+1)*c], t.Data[r*c:(r+1)*c]
			softmaxOf(p, stats[2*r:], row, simd.Sum(q))
			simd.Sub(p, p, q)
			if add {
				simd.Axpy(d, k, p)
			} else {
				simd.Scale(d, k, p)
			}
		}
		giveBack(p)
	})
}

// SparseCrossEntropySum is SoftCrossEntropySum of targets that are 0 but for k classes in each row: target j of row r, t[r·k+j], is of
// class classes[r·k+j]. A class that stands twice in a row has the sum of its targets.
func SparseCrossEntropySum(x *Tensor, stats []float32, classes []int32, t []float32, w *Tensor) (sum, weight float64) {
	k := sparseTargets(x, classes, t, w)
	_, c := rows2(x)
	return rowSums(x, func(lo, hi int) (sum, weight float64) {
		for r := lo; r < hi; r++ {
			row, m, log := x.Data[r*c:(r+1)*c], float64(stats[2*r]), math.Log(float64(stats[2*r+1]))
			v := 0.0
			for j, q := range t[r*k : (r+1)*k] {
				v += float64(q) * (log + m - float64(row[classes[r*k+j]]))
			}
			u := 1.0
			if w != nil {
				u = float64(w.Data[r])
			}
			sum += float64(u * v)
			weight += u
		}
		return sum, weight
	})
}

// SparseCrossEntropyGrad sets dx to scale·w·(softmax(x)·Σt - t), or adds it; see SparseCrossEntropySum.
func SparseCrossEntropyGrad(dx, x *Tensor, stats []float32, classes []int32, t []float32, w *Tensor, scale float32, add bool) {
	sameShapes("CrossEntropySparse", dx, x)
	k := sparseTargets(x, classes, t, w)
	rows, c := rows2(x)
	parallel.Chunks(rows, max(1, chunk/max(c, 1)/4), func(lo, hi int) {
		p := borrow(c)
		for r := lo; r < hi; r++ {
			u, total := scale, float32(0)
			if w != nil {
				u *= w.Data[r]
			}
			for _, q := range t[r*k : (r+1)*k] {
				total += q
			}
			softmaxOf(p, stats[2*r:], x.Data[r*c:(r+1)*c], total)
			for j, q := range t[r*k : (r+1)*k] {
				p[classes[r*k+j]] -= q
			}
			if d := dx.Data[r*c : (r+1)*c]; add {
				simd.Axpy(d, u, p)
			} else {
				simd.Scale(d, u, p)
			}
		}
		giveBack(p)
	})
}

// sparseTargets checks targets and returns how many a row has.
func sparseTargets(x *Tensor, classes []int32, t []float32, w *Tensor) int {
	rows, _ := rows2(x)
	if len(classes) != len(t) || rows == 0 && len(t) > 0 || len(t)%max(rows, 1) != 0 {
		fail("CrossEntropySparse", "%d classes and %d targets for %d rows of %v", len(classes), len(t), rows, x.Shape)
	}
	if w != nil {
		pixelWeights("CrossEntropySparse", x, w)
	}
	return len(t) / max(rows, 1)
}

// focal returns the focal loss of a logit with a target of 0 or 1, and its derivative; see autograd.Focal.
func focal(x, t, alpha, gamma float64) (loss, d float64) {
	a := 1 - alpha
	if t == 1 { // σ(-x) = 1 - σ(x): a target of 0 is one of 1 of the other sign
		a, x = alpha, -x
	}
	if alpha < 0 {
		a = 1
	}
	// q = 1 - p = σ(x), log p = -softplus(x)
	q := 1 / (1 + math.Exp(-x))
	soft := math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
	m := q * q
	if gamma != 2 {
		m = math.Pow(q, gamma)
	}
	loss, d = a*m*soft, a*m*(gamma*(1-q)*soft+q)
	if t == 1 {
		d = -d
	}
	return loss, d
}

// FocalSum returns Σ w·focal loss in float64, and the sum of the weights; see autograd.Focal. w is as PointLoss.Sum's. It panics where a target is neither 0 nor 1.
func FocalSum(x, t, w *Tensor, alpha, gamma float32) (sum, weight float64) {
	every := lossWeights("Focal", x, t, w)
	sums := make([][2]float64, (len(x.Data)+chunk-1)/chunk)
	parallel.Chunks(len(x.Data), chunk, func(lo, hi int) {
		s := &sums[lo/chunk]
		for i := lo; i < hi; i++ {
			if t.Data[i] != 0 && t.Data[i] != 1 {
				fail("Focal", "target %d of %v is %g, want 0 or 1", i, t.Shape, t.Data[i])
			}
			l, _ := focal(float64(x.Data[i]), float64(t.Data[i]), float64(alpha), float64(gamma))
			if every > 0 {
				l *= float64(w.Data[i/every])
				s[1] += float64(w.Data[i/every])
			}
			s[0] += l
		}
	})
	for _, s := range sums {
		sum, weight = sum+s[0], weight+s[1]
	}
	if every == 0 {
		weight = float64(len(x.Data))
	}
	return sum, weight
}

// AddFocalGrad adds the gradient of a focal loss times s to dx.
func AddFocalGrad(dx, x, t, w *Tensor, alpha, gamma, s float32) {
	every := lossWeights("Focal", x, t, w)
	parallel.Chunks(len(x.Data), chunk, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			_, d := focal(float64(x.Data[i]), float64(t.Data[i]), float64(alpha), float64(gamma))
			if every > 0 {
				d *= float64(w.Data[i/every])
			}
			dx.Data[i] += float32(d) * s
		}
	})
}
