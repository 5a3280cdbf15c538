package autograd

import (
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// side is one of several goroutines that are the parts of a batch.
type side struct {
	*sides
	i int
}

type sides struct {
	waits         bool
	mu            sync.Mutex
	turn          *sync.Cond
	at            []any
	last          []any // what the last meeting had
	come, meeting int
	within        [8]bool // a part is doing something while it waits
}

func (s *side) meet(x any) []any {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at[s.i] = x
	meeting := s.meeting
	if s.come++; s.come == len(s.at) {
		s.come, s.meeting, s.last = 0, meeting+1, append([]any(nil), s.at...)
		s.turn.Broadcast()
	}
	for s.meeting == meeting {
		s.turn.Wait()
	}
	return s.last
}

func (s *side) Part() (i, of int) { return s.i, len(s.at) }
func (s *side) Leads() bool       { return s.i == 0 }
func (s *side) Waits() bool       { return s.waits }

func (s *side) Join(sums []float64, meanwhile func()) {
	if meanwhile != nil {
		s.within[s.i] = true
		meanwhile()
		s.within[s.i] = false
	}
	all := s.meet(append([]float64(nil), sums...))
	clear(sums)
	for _, x := range all {
		for j, v := range x.([]float64) {
			sums[j] += v
		}
	}
	s.meet(nil)
}

func (s *side) Gather(x []float32) (out []float32) {
	for _, x := range s.meet(append([]float32(nil), x...)) {
		out = append(out, x.([]float32)...)
	}
	s.meet(nil)
	return out
}

func (s *side) Spread(x []float32) []float32 {
	n := len(x) / len(s.at)
	out := make([]float32, n)
	for _, x := range s.meet(append([]float32(nil), x...)) {
		for j, v := range x.([]float32)[s.i*n:][:n] {
			out[j] += v
		}
	}
	s.meet(nil)
	return out
}

// TestParts: the mean of what parts of a batch lose, and its gradients, are those of the batch in one piece, of all that looks at a whole batch: batch norm, which also
// moves its statistics once, and losses among all rows, in blocks where they are many.
func TestParts(t *testing.T) {
	const of, d = 4, 6
	rng := tensor.NewRNG(1)
	for what, x := range map[string]struct {
		rows int // of a part
		loss func(x, w *Var, s BatchNormState, tape *Tape) *Var
	}{
		"BatchNorm": {5, func(x, w *Var, s BatchNormState, _ *Tape) *Var {
			y := BatchNorm(Linear(x, w, nil), nil, nil, s, BatchNormOptions{ReLU: true})
			return Mean(Mul(y, Mul(y, y)))
		}},
		"BatchNorm in a Checkpoint": {5, func(x, w *Var, s BatchNormState, _ *Tape) *Var {
			return Checkpoint(Linear(x, w, nil), func(x *Var) *Var {
				y := BatchNorm(x, nil, nil, s, BatchNormOptions{})
				return Mean(Mul(y, Mul(y, y)))
			})
		}},
		"NTXent":           {6, func(x, w *Var, _ BatchNormState, _ *Tape) *Var { return NTXent(Linear(x, w, nil), 0.3) }},
		"NTXent in blocks": {300, func(x, w *Var, _ BatchNormState, _ *Tape) *Var { return NTXent(Linear(x, w, nil), 0.3) }},
		"L2 of some": {5, func(x, w *Var, _ BatchNormState, _ *Tape) *Var {
			weight := tensor.New(x.Shape()[0], 1)
			for i := range weight.Data {
				weight.Data[i] = max(0, x.Value.Data[i*d])
			}
			return L2(Linear(x, w, nil), tensor.New(x.Shape()...), LossOptions{Weight: weight})
		}},
		"CrossEntropy of some": {5, func(x, w *Var, _ BatchNormState, _ *Tape) *Var {
			labels := make([]int32, x.Shape()[0])
			for i := range labels {
				labels[i] = max(-1, min(d-1, int32(x.Value.Data[i*d])))
			}
			return CrossEntropy(Linear(x, w, nil), labels)
		}},
		"a mean over what counts": {5, func(x, w *Var, _ BatchNormState, tape *Tape) *Var {
			weight, count := tensor.New(x.Shape()...), 0
			for i, v := range x.Value.Data {
				if v > 0 {
					weight.Data[i] = 3
					count++
				}
			}
			y := Linear(x, w, nil)
			return Scale(Sum(Mul(Mul(y, y), Const(weight))), float32(1/tape.MeanOverParts(float64(count))))
		}},
		"rows of one's own against all": {5, func(x, w *Var, _ BatchNormState, tape *Tape) *Var {
			y := Linear(x, w, nil)
			n := x.Shape()[0]
			all := Together(y)
			next := make([]int32, n)
			for i := range next {
				next[i] = int32((tape.FirstRow(n) + i + 1) % tape.AllRows(n))
			}
			return Mean(Mul(y, Gather(all, next)))
		}},
		"Together": {5, func(x, w *Var, _ BatchNormState, _ *Tape) *Var {
			y := Together(Linear(x, w, nil))
			return Mean(Mul(Sub(y, MeanAxis(y, 0)), Sub(y, Scale(MeanAxis(y, 0), 2))))
		}},
	} {
		w := rng.FillNormal(tensor.New(d, d), 0, 1)
		all := rng.FillNormal(tensor.New(of*x.rows, d), 1, 2)
		run := func(in *tensor.Tensor, p Parts, s BatchNormState) (float64, *tensor.Tensor) {
			tape := NewTape(nil)
			tape.Parts = p
			loss := x.loss(tape.Input(in), tape.Param(w), s, tape)
			v := float64(loss.Scalar())
			return v, tape.Backward(loss).Of(w).Clone()
		}
		stats := func() BatchNormState {
			return BatchNormState{Mean: tensor.New(d), Var: tensor.New(d).Fill(1), Momentum: 0.1, Eps: 1e-5}
		}
		rows := all // of NTXent first views stand before second ones in each part
		if x.rows%2 == 0 {
			rows = tensor.New(all.Shape...)
			half := x.rows / 2
			for p := range of {
				copy(rows.Rows(p*half, (p+1)*half).Data, all.Rows(p*x.rows, p*x.rows+half).Data)
				copy(rows.Rows(of*half+p*half, of*half+(p+1)*half).Data, all.Rows(p*x.rows+half, (p+1)*x.rows).Data)
			}
		}
		wholeStats, partStats := stats(), stats()
		whole, grad := run(rows, nil, wholeStats)
		meeting := &sides{at: make([]any, of)}
		meeting.turn = sync.NewCond(&meeting.mu)
		var wait sync.WaitGroup
		losses, grads := make([]float64, of), make([]*tensor.Tensor, of)
		for p := range of {
			wait.Go(func() {
				losses[p], grads[p] = run(all.Rows(p*x.rows, (p+1)*x.rows), &side{meeting, p}, partStats)
			})
		}
		wait.Wait()
		sum, mean := 0.0, tensor.New(d, d)
		for p := range of {
			sum += losses[p] / of
			tensor.AddScaled(mean, 1./of, grads[p])
		}
		close := func(name string, got, want, size float64) {
			t.Helper()
			if !(math.Abs(got-want) <= 2e-5*size) {
				t.Errorf("%s: %s is %g of parts, %g of the whole", what, name, got, want)
			}
		}
		close("the loss", sum, whole, math.Abs(whole))
		size := math.Sqrt(tensor.SumSquares(grad))
		for i, v := range grad.Data {
			close("a gradient", float64(mean.Data[i]), float64(v), size)
		}
		for i := range d {
			close("a running mean", float64(partStats.Mean.Data[i]), float64(wholeStats.Mean.Data[i]), 1)
			close("a running variance", float64(partStats.Var.Data[i]), float64(wholeStats.Var.Data[i]), 1)
		}
	}
}

// TestLater: what can wait is done while a part waits for others, where there are any to wait for, and gradients have the same bits: also where what comes next meets nobody,
// in a Checkpoint, of values that are made again, of a weight that is used twice.
func TestLater(t *testing.T) {
	rng := tensor.NewRNG(1)
	random := func(shape ...int) *tensor.Tensor {
		x := tensor.New(shape...)
		for i := range x.Data {
			x.Data[i] = rng.Normal()
		}
		return x
	}
	x := [2]*tensor.Tensor{random(3, 8, 8, 2), random(3, 8, 8, 2)}
	names := []string{"first", "second", "twice", "last", "of a weight that is made", "of a weight that is normalised, too"}
	w := []*tensor.Tensor{random(3, 3, 2, 4), random(3, 3, 4, 4), random(3, 3, 4, 4), random(4, 1), random(4, 4), random(4, 4)}
	same := tensor.Conv{H: tensor.Axis{Low: 1, High: 1}, W: tensor.Axis{Low: 1, High: 1}}
	norm := func(x *Var, add *Var) *Var {
		s := BatchNormState{Mean: tensor.New(4), Var: tensor.New(4).Fill(1), Momentum: 0.1, Eps: 1e-5}
		return BatchNorm(x, nil, nil, s, BatchNormOptions{ReLU: true, Add: add})
	}
	run := func(waits bool, level Recompute) (out [2][]*tensor.Tensor, during [2]map[string]bool) {
		both := &sides{waits: waits, at: make([]any, 2)}
		both.turn = sync.NewCond(&both.mu)
		var all sync.WaitGroup
		for i := range 2 {
			all.Go(func() {
				tape := NewTape(nil)
				tape.Recompute, tape.Parts = level, &side{both, i}
				during[i] = map[string]bool{}
				tape.OnGradient = func(p, _ *tensor.Tensor) {
					for k := range w {
						if p == w[k] {
							during[i][names[k]] = both.within[i]
						}
					}
				}
				h := norm(Conv2D(tape.Input(x[i]), tape.Param(w[0]), nil, same), nil)
				k := norm(Conv2D(h, tape.Param(w[1]), nil, same), h)
				k = norm(Conv2D(k, tape.Param(w[2]), nil, same), nil)
				k = Checkpoint(k, func(k *Var) *Var { return norm(Conv2D(k, k.Param(w[2]), nil, same), k) })
				pooled := GlobalAvgPool(ReLU(k))
				y := Linear(pooled, tape.Param(w[3]), nil)
				z := Linear(pooled, norm(Scale(tape.Param(w[4]), 2), nil), nil)
				v := Linear(norm(tape.Param(w[5]), nil), tape.Param(w[5]), nil)
				g := tape.Backward(Add(Mean(Mul(y, y)), Add(Mean(Mul(z, z)), Mean(Mul(v, v)))))
				for _, p := range w {
					out[i] = append(out[i], g.Of(p).Clone())
				}
			})
		}
		all.Wait()
		return out, during
	}
	for _, level := range []Recompute{RecomputeNothing, RecomputeBlocks} {
		want, never := run(false, level)
		got, during := run(true, level)
		for i := range 2 {
			for k, name := range names {
				if !slices.Equal(got[i][k].Data, want[i][k].Data) {
					t.Errorf("level %v, part %d: another gradient of %s", level, i, name)
				}
				if inside := name == "second" || name == "twice"; during[i][name] != inside || never[i][name] {
					t.Errorf("level %v, part %d: the gradient of %s is made while others are waited for: %v, where there are none: %v", level, i, name, during[i][name], never[i][name])
				}
			}
		}
	}
}
