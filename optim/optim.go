package optim

import (
	"fmt"
	"math"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// Optimizer changes parameters by their gradients.
type Optimizer interface {
	// Step makes one update with learning rate lr. A parameter without a gradient is left alone, without weight decay
	// too; Unreached finds them.
	Step(g *autograd.Gradients, lr float32)
	// State returns the tensors that a resumed run needs, named after the parameters. It is the same list on each call.
	State() []layers.Param
}

// rule is an optimiser: what it keeps for each parameter, and how it changes one.
type rule struct {
	params  []layers.Param
	slots   []string
	state   [][]*tensor.Tensor // [param][slot]
	decay   float32
	noDecay bool           // weight decay also for biases and norms
	steps   *tensor.Tensor // how many steps were made, one value
	// update changes w; s are its slots, lr and wd this parameter's, t the step from 1 on. lo and hi cut w for workers
	// where the rule works element by element.
	update func(w, g []float32, s [][]float32, lr, wd float32, t int)
	whole  bool // the rule needs all of a parameter at once (a norm)
}

func newRule(params []layers.Param, decay float32, decayAll bool, slots ...string) *rule {
	r := &rule{params: params, slots: slots, decay: decay, noDecay: decayAll, steps: tensor.New(1)}
	for _, p := range params {
		var s []*tensor.Tensor
		for range slots {
			s = append(s, tensor.New(p.Value.Shape...))
		}
		r.state = append(r.state, s)
	}
	return r
}

// Step makes one update.
func (r *rule) Step(g *autograd.Gradients, lr float32) {
	r.steps.Data[0]++
	t := int(r.steps.Data[0])
	const piece = 1 << 15
	for i, p := range r.params {
		d := g.Of(p.Value)
		if d == nil {
			continue
		}
		wd := r.decay
		if p.Kind == layers.Vector && !r.noDecay {
			wd = 0
		}
		size := piece
		if r.whole {
			size = p.Value.Len()
		}
		parallel.Chunks(p.Value.Len(), size, func(lo, hi int) {
			var s [4][]float32
			for j, x := range r.state[i] {
				s[j] = x.Data[lo:hi]
			}
			r.update(p.Value.Data[lo:hi], d.Data[lo:hi], s[:len(r.slots)], lr, wd, t)
		})
	}
}

// State returns the slots and the number of steps.
func (r *rule) State() []layers.Param {
	out := []layers.Param{{Name: "steps", Value: r.steps, Kind: layers.Buffer}}
	for i, p := range r.params {
		for j, s := range r.slots {
			out = append(out, layers.Param{Name: p.Name + "/" + s, Value: r.state[i][j], Kind: layers.Buffer, Layout: p.Layout})
		}
	}
	return out
}

// Unreached returns the names of the parameters that g has no gradient for.
func Unreached(params []layers.Param, g *autograd.Gradients) []string {
	var out []string
	for _, p := range params {
		if g.Of(p.Value) == nil {
			out = append(out, p.Name)
		}
	}
	return out
}

// Options that all rules share. Weight decay leaves biases and norms alone unless DecayAll is set.
type Options struct {
	WeightDecay float32
	DecayAll    bool
}

// SGDOptions of NewSGD.
type SGDOptions struct {
	Momentum    float32
	Nesterov    bool
	WeightDecay float32
	DecayAll    bool
}

// NewSGD returns stochastic gradient descent with momentum, PyTorch's form: v = momentum·v + g + wd·w; w -= lr·v, or with
// Nesterov w -= lr·(g + wd·w + momentum·v).
func NewSGD(params []layers.Param, o SGDOptions) Optimizer {
	r := newRule(params, o.WeightDecay, o.DecayAll, "momentum")
	r.update = func(w, g []float32, s [][]float32, lr, wd float32, _ int) {
		if o.Nesterov {
			simd.SGDNesterov(w, s[0], g, lr, o.Momentum, wd)
		} else {
			simd.SGD(w, s[0], g, lr, o.Momentum, wd)
		}
	}
	return r
}

// AdamOptions of NewAdam, NewAdamW and NewLAMB; zeros mean 0.9, 0.999 and 1e-8.
type AdamOptions struct {
	Beta1, Beta2, Eps float32
	WeightDecay       float32
	DecayAll          bool
}

func (o AdamOptions) fill() AdamOptions {
	if o.Beta1 == 0 {
		o.Beta1 = 0.9
	}
	if o.Beta2 == 0 {
		o.Beta2 = 0.999
	}
	if o.Eps == 0 {
		o.Eps = 1e-8
	}
	return o
}

// corrections returns 1/√(1-β2ᵗ) and 1/(1-β1ᵗ).
func (o AdamOptions) corrections(t int) (rs, step float32) {
	return float32(1 / math.Sqrt(1-math.Pow(float64(o.Beta2), float64(t)))), float32(1 / (1 - math.Pow(float64(o.Beta1), float64(t))))
}

// NewAdam returns Adam (Kingma and Ba 2015) with weight decay as part of the gradient.
func NewAdam(params []layers.Param, o AdamOptions) Optimizer {
	o = o.fill()
	r := newRule(params, o.WeightDecay, o.DecayAll, "m", "v")
	r.update = func(w, g []float32, s [][]float32, lr, wd float32, t int) {
		rs, step := o.corrections(t)
		if wd != 0 {
			e := append([]float32(nil), g...)
			simd.Axpy(e, wd, w)
			g = e
		}
		simd.Adam(w, s[0], s[1], g, 1-o.Beta1, o.Beta2, 1-o.Beta2, rs, o.Eps, lr*step)
	}
	return r
}

// NewAdamW returns Adam with decoupled weight decay (Loshchilov and Hutter 2019): w is first multiplied by 1 - lr·wd.
func NewAdamW(params []layers.Param, o AdamOptions) Optimizer {
	o = o.fill()
	r := newRule(params, o.WeightDecay, o.DecayAll, "m", "v")
	r.update = func(w, g []float32, s [][]float32, lr, wd float32, t int) {
		rs, step := o.corrections(t)
		if wd != 0 {
			simd.Scale(w, 1-lr*wd, w)
		}
		simd.Adam(w, s[0], s[1], g, 1-o.Beta1, o.Beta2, 1-o.Beta2, rs, o.Eps, lr*step)
	}
	return r
}

// RMSpropOptions of NewRMSprop; zeros mean alpha 0.99 and eps 1e-8.
type RMSpropOptions struct {
	Alpha, Eps, Momentum float32
	WeightDecay          float32
	DecayAll             bool
}

// NewRMSprop returns RMSprop (Tieleman and Hinton 2012), PyTorch's form: v = α·v + (1-α)·g²; b = momentum·b + g/(√v + ε);
// w -= lr·b.
func NewRMSprop(params []layers.Param, o RMSpropOptions) Optimizer {
	if o.Alpha == 0 {
		o.Alpha = 0.99
	}
	if o.Eps == 0 {
		o.Eps = 1e-8
	}
	r := newRule(params, o.WeightDecay, o.DecayAll, "v", "momentum")
	r.update = func(w, g []float32, s [][]float32, lr, wd float32, _ int) {
		v, b := s[0], s[1]
		for i := range w {
			e := g[i] + float32(wd*w[i])
			v[i] = float32(o.Alpha*v[i]) + float32((1-o.Alpha)*float32(e*e))
			b[i] = float32(o.Momentum*b[i]) + e/(float32(math.Sqrt(float64(v[i])))+o.Eps)
			w[i] -= float32(lr * b[i])
		}
	}
	return r
}

// NewAdagrad returns Adagrad (Duchi, Hazan, Singer 2011): v += g²; w -= lr·g/(√v + 1e-10).
func NewAdagrad(params []layers.Param, o Options) Optimizer {
	r := newRule(params, o.WeightDecay, o.DecayAll, "v")
	r.update = func(w, g []float32, s [][]float32, lr, wd float32, _ int) {
		v := s[0]
		for i := range w {
			e := g[i] + float32(wd*w[i])
			v[i] += float32(e * e)
			w[i] -= float32(lr*e) / (float32(math.Sqrt(float64(v[i]))) + 1e-10)
		}
	}
	return r
}

// LARSOptions of NewLARS; a zero Trust means 0.001.
type LARSOptions struct {
	Momentum    float32
	Trust       float32
	WeightDecay float32
}

// NewLARS returns LARS (You, Gitman, Ginsburg 2017, algorithm 1): a weight's rate is multiplied by
// trust·‖w‖/(‖g‖ + wd·‖w‖). Biases and norms take plain momentum without decay.
func NewLARS(params []layers.Param, o LARSOptions) Optimizer {
	if o.Trust == 0 {
		o.Trust = 0.001
	}
	r := newRule(params, o.WeightDecay, false, "momentum")
	r.whole = true
	r.update = func(w, g []float32, s [][]float32, lr, wd float32, _ int) {
		local := float32(1)
		if wd != 0 {
			wn, gn := norm(w), norm(g)
			if wn > 0 && gn > 0 {
				local = o.Trust * wn / (gn + wd*wn)
			}
		}
		for i := range w {
			s[0][i] = float32(o.Momentum*s[0][i]) + float32(lr*local*(g[i]+float32(wd*w[i])))
			w[i] -= s[0][i]
		}
	}
	return r
}

// NewLAMB returns LAMB (You et al. 2020, algorithm 2): Adam's direction plus wd·w, scaled to ‖w‖.
func NewLAMB(params []layers.Param, o AdamOptions) Optimizer {
	o = o.fill()
	r := newRule(params, o.WeightDecay, o.DecayAll, "m", "v")
	r.whole = true
	r.update = func(w, g []float32, s [][]float32, lr, wd float32, t int) {
		rs, step := o.corrections(t)
		d := make([]float32, len(w))
		simd.Adam(d, s[0], s[1], g, 1-o.Beta1, o.Beta2, 1-o.Beta2, rs, o.Eps, -step)
		simd.Axpy(d, wd, w)
		ratio := float32(1)
		if wn, dn := norm(w), norm(d); wn > 0 && dn > 0 {
			ratio = wn / dn
		}
		simd.Axpy(w, -lr*ratio, d)
	}
	return r
}

func norm(x []float32) float32 { return float32(math.Sqrt(float64(simd.SumSquares(x)))) }

// New returns the optimiser of that name with its usual settings: sgd, nesterov, adam, adamw, rmsprop, adagrad, lars, lamb.
func New(name string, params []layers.Param, momentum, decay float32) (Optimizer, error) {
	switch name {
	case "sgd":
		return NewSGD(params, SGDOptions{Momentum: momentum, WeightDecay: decay}), nil
	case "nesterov":
		return NewSGD(params, SGDOptions{Momentum: momentum, WeightDecay: decay, Nesterov: true}), nil
	case "adam":
		return NewAdam(params, AdamOptions{WeightDecay: decay}), nil
	case "adamw":
		return NewAdamW(params, AdamOptions{WeightDecay: decay}), nil
	case "rmsprop":
		return NewRMSprop(params, RMSpropOptions{Momentum: momentum, WeightDecay: decay}), nil
	case "adagrad":
		return NewAdagrad(params, Options{WeightDecay: decay}), nil
	case "lars":
		return NewLARS(params, LARSOptions{Momentum: momentum, WeightDecay: decay}), nil
	case "lamb":
		return NewLAMB(params, AdamOptions{WeightDecay: decay}), nil
	}
	return nil, fmt.Errorf("there is no optimiser %q; there are sgd, nesterov, adam, adamw, rmsprop, adagrad, lars and lamb", name)
}

// ClipNorm scales g so that its norm is at most limit, and returns the norm before (Pascanu, Mikolov, Bengio 2013).
func ClipNorm(g *autograd.Gradients, limit float64) float64 {
	n := g.Norm()
	if n > limit {
		g.Scale(float32(limit / n))
	}
	return n
}

// EMA is the moving average of a module's state (Polyak and Juditsky 1992): avg = decay·avg + (1-decay)·value.
type EMA struct {
	Decay float32
	avg   []layers.Param
	src   []layers.Param
}

// NewEMA starts an average at the present values.
func NewEMA(state []layers.Param, decay float32) *EMA {
	e := &EMA{Decay: decay, src: state}
	for _, p := range state {
		e.avg = append(e.avg, layers.Param{Name: p.Name, Value: p.Value.Clone(), Kind: p.Kind, Layout: p.Layout})
	}
	return e
}

// Update moves the average.
func (e *EMA) Update() {
	for i, p := range e.src {
		a := e.avg[i].Value
		tensor.Scale(a, e.Decay, a)
		tensor.AddScaled(a, 1-e.Decay, p.Value)
	}
}

// State returns the averages, named as the values.
func (e *EMA) State() []layers.Param { return e.avg }
