package autograd

import (
	"math"

	"github.com/tessera-go/tessera/tensor"
)

// BatchNormState is what a batch normalisation remembers beside its parameters, [C] each.
type BatchNormState struct {
	Mean, Var *tensor.Tensor // running statistics; Var is the unbiased variance, as in PyTorch
	Momentum  float32        // weight of the new batch
	Eps       float32
}

// BatchNormOptions says what happens in the same pass over memory.
type BatchNormOptions struct {
	ReLU bool // ReLU of the result
	Add  *Var // is added to the result, before ReLU
}

// BatchNorm normalises every channel (Ioffe and Szegedy 2015), adds, and applies ReLU, in one pass.
//
//	x [... C]   gamma, beta [C], or nil   ->   y = relu?((x - mean)/√(var + eps)·gamma + beta + add)
//
// While the tape trains, mean and var are the batch's (of all its parts, see Tape.Parts) and the running ones move towards them; otherwise they are the
// running ones. Gradient: see tensor.BatchNormGrad.
func BatchNorm(x, gamma, beta *Var, s BatchNormState, o BatchNormOptions) *Var {
	checkBatchNorm(x, gamma, beta, s, o)
	c := x.Value.Dim(-1)
	training := x.tape != nil && x.tape.Training
	stats := result([]int{4, c}, x).Value // mean, 1/std, scale, shift
	mean, inv := stats.Data[:c], stats.Data[c:2*c]
	if training {
		rows := x.Value.Len() / max(c, 1)
		if rows > 0 { // of no samples there is nothing to know
			tensor.BatchStats(mean, inv, x.Value)
		}
		rows = x.tape.joinStats(mean, inv, rows)
		if rows == 1 {
			badShape("BatchNorm", x, "training on %v: a channel needs more than one value, of a larger batch", x.Shape())
		}
		if rows > 0 && x.tape.Moves() {
			m := s.Momentum
			unbias := float32(rows) / float32(rows-1)
			for j := range c {
				s.Mean.Data[j] += float32(m * (mean[j] - s.Mean.Data[j]))
				s.Var.Data[j] += float32(m * (float32(inv[j]*unbias) - s.Var.Data[j]))
			}
		}
	} else {
		copy(mean, s.Mean.Data)
		copy(inv, s.Var.Data)
	}
	foldStats(stats, gamma, beta, s.Eps)
	y := result(x.Shape(), x)
	forward := func(v *tensor.Tensor) {
		tensor.Affine(v, x.Value, o.Add.value(), stats.Data[2*c:3*c], stats.Data[3*c:], o.ReLU)
	}
	forward(y.Value)
	var mask *Var
	if o.ReLU {
		mask = y
	}
	return y.rule("BatchNorm", func(dy *tensor.Tensor, g Grads) {
		if d, add := g.Into(o.Add); d != nil {
			switch {
			case o.ReLU:
				tensor.ReLUGrad(d, dy, y.Value, add)
			case add:
				tensor.AddScaled(d, 1, dy)
			default:
				tensor.Copy(d, dy)
			}
		}
		var gv []float32
		if gamma != nil {
			gv = gamma.Value.Data
		}
		dx, add := g.Into(x)
		var join func([]float64)
		if training && x.tape.Parts != nil {
			join = func(sums []float64) {
				var meanwhile func()
				if len(x.tape.later) > 0 {
					meanwhile = x.tape.catchUp
				}
				x.tape.Parts.Join(sums, meanwhile)
			}
		}
		tensor.BatchNormGradOf(dx, add, data(g.Of(gamma)), data(g.Of(beta)), dy, x.Value, mask.value(), mean, inv, gv, !training, join)
	}, x, gamma, beta, o.Add).reads(x, mask).again(RecomputeNorms, forward).meets(training && x.tape.Parts != nil && x.node > 0) // of a Param it makes the gradient itself
}

// joinStats makes mean and variance of rows rows those of the whole batch, where the tape has a part of one, and returns how many rows that has.
func (t *Tape) joinStats(mean, variance []float32, rows int) int {
	if t.Parts == nil {
		return rows
	}
	c, n := len(mean), float64(rows)
	sums := make([]float64, 1+2*c)
	sums[0] = n
	for j := range c {
		if m := float64(mean[j]); rows > 0 {
			sums[1+j], sums[1+c+j] = n*m, n*(float64(variance[j])+float64(m*m))
		}
	}
	if t.Parts.Join(sums, nil); sums[0] == 0 {
		return 0
	}
	for j := range c {
		m := sums[1+j] / sums[0]
		mean[j], variance[j] = float32(m), float32(math.Max(0, sums[1+c+j]/sums[0]-float64(m*m)))
	}
	return int(sums[0])
}

func checkBatchNorm(x, gamma, beta *Var, s BatchNormState, o BatchNormOptions) {
	c := x.Value.Dim(-1)
	if s.Mean.Len() != c || s.Var.Len() != c || gamma != nil && gamma.Value.Len() != c || beta != nil && beta.Value.Len() != c {
		badShape("BatchNorm", x, "input %v has %d channels, the statistics %v", x.Shape(), c, s.Mean.Shape)
	}
	if o.Add != nil && !tensor.SameShape(o.Add.Shape(), x.Shape()) {
		badShape("BatchNorm", x, "input %v and addend %v differ", x.Shape(), o.Add.Shape())
	}
}

// foldStats turns the rows mean and variance of stats [4 C] into mean, 1/std, scale and shift.
func foldStats(stats *tensor.Tensor, gamma, beta *Var, eps float32) {
	c := stats.Shape[1]
	mean, inv, scale, shift := stats.Data[:c], stats.Data[c:2*c], stats.Data[2*c:3*c], stats.Data[3*c:]
	for j := range c {
		inv[j] = float32(1 / math.Sqrt(float64(inv[j])+float64(eps)))
		scale[j], shift[j] = inv[j], 0
		if gamma != nil {
			scale[j] *= gamma.Value.Data[j]
		}
		if beta != nil {
			shift[j] = beta.Value.Data[j]
		}
		shift[j] -= float32(mean[j] * scale[j])
	}
}

func data(t *tensor.Tensor) []float32 {
	if t == nil {
		return nil
	}
	return t.Data
}

// GroupNorm normalises groups of channels of each sample over all positions (Wu and He 2018).
//
//	x [N ... C]   gamma, beta [C], or nil
func GroupNorm(x, gamma, beta *Var, groups int, eps float32) *Var {
	y := result(x.Shape(), x)
	n := x.Shape()[0]
	stats := result([]int{2, n * groups}, x).Value
	mean, inv := stats.Data[:n*groups], stats.Data[n*groups:]
	tensor.GroupNorm(y.Value, x.Value, groups, eps, data(gamma.value()), data(beta.value()), mean, inv)
	return y.rule("GroupNorm", func(dy *tensor.Tensor, g Grads) {
		tensor.AddGroupNormGrad(g.Of(x), data(g.Of(gamma)), data(g.Of(beta)), dy, x.Value, groups, data(gamma.value()), mean, inv)
	}, x, gamma, beta)
}

// LayerNorm normalises every row, the last axis (Ba, Kiros, Hinton 2016); see tensor.LayerNorm.
//
//	x [... C]   gamma, beta [C], or nil   ->   y = (x - mean)/√(var + eps)·gamma + beta
func LayerNorm(x, gamma, beta *Var, eps float32) *Var {
	c := x.Value.Dim(-1)
	if gamma != nil && gamma.Value.Len() != c || beta != nil && beta.Value.Len() != c {
		badShape("LayerNorm", x, "rows of %v, gamma %v, beta %v", x.Shape(), shapeOf(gamma.value()), shapeOf(beta.value()))
	}
	rows := tensor.Size(x.Shape()[:len(x.Shape())-1])
	y := result(x.Shape(), x)
	stats := result([]int{2, rows}, x).Value
	mean, inv := stats.Data[:rows], stats.Data[rows:]
	forward := func(v *tensor.Tensor) {
		tensor.LayerNorm(v, x.Value, eps, data(gamma.value()), data(beta.value()), mean, inv)
	}
	forward(y.Value)
	return y.rule("LayerNorm", func(dy *tensor.Tensor, g Grads) {
		dx, add := g.Into(x)
		tensor.LayerNormGrad(dx, add, data(g.Of(gamma)), data(g.Of(beta)), dy, x.Value, data(gamma.value()), mean, inv)
	}, x, gamma, beta).reads(x, gamma).again(RecomputeNorms, forward)
}

// LRN is AlexNet's local response normalisation over channels; see tensor.LRN.
func LRN(x *Var, size int, alpha, beta, k float32) *Var {
	y, s := result(x.Shape(), x), result(x.Shape(), x)
	tensor.LRN(y.Value, s.Value, x.Value, size, alpha, beta, k)
	return y.rule("LRN", func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			tensor.AddLRNGrad(dx, dy, x.Value, y.Value, s.Value, size, alpha, beta)
		}
	}, x)
}
