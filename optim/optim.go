package optim

import (
	"fmt"
	"math"
	"slices"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// Optimizer changes parameters by their gradients.
type Optimizer interface {
	// Step makes one update with learning rate lr. A parameter without a gradient is left alone: no weight decay, and no count
	// of a step, so that heads may take turns.
	Step(g *autograd.Gradients, lr float32)
	// Decay sets the weight decay from the next step on, where a schedule moves it.
	Decay(wd float32)
	// State returns the tensors that a resumed run needs, named after the parameters. It is the same list on each call.
	State() []layers.Param
}

// rule is an optimiser: what it keeps for each parameter, and how it changes one.
type rule struct {
	params   []layers.Param
	slots    []string
	state    [][]*tensor.Tensor // [param][slot]
	decay    float32
	decayAll bool           // weight decay also for biases and norms
	steps    *tensor.Tensor // how many steps each parameter made
	// update changes w; s are its slots, lr and wd this parameter's, t its step from 1 on. lo and hi cut w for workers
	// where the rule works element by element.
	update func(w, g []float32, s [][]float32, lr, wd float32, t int)
	whole  bool // the rule needs all of a parameter at once (a norm)
}

func newRule(params []layers.Param, decay float32, decayAll bool, slots ...string) *rule {
	r := &rule{params: params, slots: slots, decay: decay, decayAll: decayAll, steps: tensor.New(len(params))}
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
	const piece = 1 << 15
	for i, p := range r.params {
		d := g.Of(p.Value)
		if d == nil {
			continue
		}
		r.steps.Data[i]++
		t := int(r.steps.Data[i])
		wd := r.decay
		if p.Kind == layers.Vector && !r.decayAll {
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
	tensor.Changed()
}

// Decay sets the weight decay.
func (r *rule) Decay(wd float32) { r.decay = wd }

// State returns the slots and the numbers of steps.
func (r *rule) State() []layers.Param {
	out := []layers.Param{{Name: "steps", Value: r.steps, Kind: layers.Buffer}}
	for i, p := range r.params {
		for j, s := range r.slots {
			out = append(out, layers.Param{Name: p.Name + "/" + s, Value: r.state[i][j], Kind: layers.Buffer, Layout: p.Layout})
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

// AdamOptions of NewAdam, NewAdamW and NewLAMB; zeros mean 0.9, 0.999 and 1e-8, and what is below 0 is none: 0.
type AdamOptions struct {
	Beta1, Beta2, Eps float32
	WeightDecay       float32
	DecayAll          bool
}

func (o AdamOptions) fill() AdamOptions {
	o.Beta1, o.Beta2, o.Eps = or(o.Beta1, 0.9), or(o.Beta2, 0.999), or(o.Eps, 1e-8)
	return o
}

// or returns v, the usual value where it is 0, and 0 where it is below.
func or(v, usual float32) float32 {
	if v == 0 {
		return usual
	}
	return max(v, 0)
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

// RMSpropOptions of NewRMSprop; zeros mean alpha 0.99 and eps 1e-8, and what is below 0 is none: 0.
type RMSpropOptions struct {
	Alpha, Eps, Momentum float32
	WeightDecay          float32
	DecayAll             bool
}

// NewRMSprop returns RMSprop (Tieleman and Hinton 2012), PyTorch's form: v = α·v + (1-α)·g²; b = momentum·b + g/(√v + ε);
// w -= lr·b.
func NewRMSprop(params []layers.Param, o RMSpropOptions) Optimizer {
	o.Alpha, o.Eps = or(o.Alpha, 0.99), or(o.Eps, 1e-8)
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
	AdaptAll    bool // also scale what has no weight decay
}

// NewLARS returns LARS (You, Gitman, Ginsburg 2017, algorithm 1): a weight's rate is multiplied by
// trust·‖w‖/(‖g‖ + wd·‖w‖). What has no weight decay, biases and norms, and with a WeightDecay of 0 everything, takes plain momentum, as
// in the published recipes (SimCLR, BYOL, timm); AdaptAll scales it too, as apex's LARC scales all that it is given.
func NewLARS(params []layers.Param, o LARSOptions) Optimizer {
	if o.Trust == 0 {
		o.Trust = 0.001
	}
	r := newRule(params, o.WeightDecay, false, "momentum")
	r.whole = true
	r.update = func(w, g []float32, s [][]float32, lr, wd float32, _ int) {
		local := float32(1)
		if wd != 0 || o.AdaptAll {
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

func norm(x []float32) float32 { return float32(math.Sqrt(tensor.SumSquares(tensor.From(x, len(x))))) }

// Names are the optimisers that New knows, each with its options.
var names = []struct {
	name    string
	options []spec.Option
}{
	{"sgd", nil}, {"nesterov", nil}, {"adam", adamOptions}, {"adamw", adamOptions},
	{"rmsprop", []spec.Option{{Name: "alpha", Default: "0.99", About: "how much of the mean square stays"}, eps}},
	{"adagrad", nil}, {"lars", []spec.Option{{Name: "trust", Default: "0.001", About: "the local rate's factor"}, {Name: "adapt", Default: "decayed", About: "all: also scale the rate of what has no weight decay"}}}, {"lamb", adamOptions},
}

var (
	eps         = spec.Option{Name: "eps", Default: "1e-8", About: "added to the root"}
	adamOptions = []spec.Option{{Name: "beta1", Default: "0.9", About: "how much of the mean stays"}, {Name: "beta2", Default: "0.999", About: "how much of the mean square stays"}, eps}
	decayAll    = spec.Option{Name: "decay", Default: "weights", About: "all: biases and norms decay too"}
)

// Names returns the names that New knows.
func Names() []string {
	var out []string
	for _, n := range names {
		out = append(out, n.name)
	}
	return out
}

// TakesMomentum reports whether the optimiser that a specification names has a momentum; those that adapt have their own betas.
func TakesMomentum(of string) bool {
	s, err := spec.Parse(of)
	return err == nil && slices.Contains([]string{"sgd", "nesterov", "rmsprop", "lars"}, s.Kind)
}

// New returns the optimiser that a specification names, such as nesterov or adam?beta1=0.5: sgd, nesterov, adam, adamw, rmsprop,
// adagrad, lars, lamb. Every one but lars has decay=all.
func New(of string, params []layers.Param, momentum, decay float32) (Optimizer, error) {
	s, err := spec.Parse(of)
	if err != nil {
		return nil, fmt.Errorf("optimiser %w", err)
	}
	for _, n := range names {
		if n.name == s.Kind {
			o := append([]spec.Option(nil), n.options...)
			if n.name != "lars" {
				o = append(o, decayAll)
			}
			v := s.Values("optimiser "+n.name, o)
			r := build(n.name, v, params, momentum, decay)
			return r, v.Err()
		}
	}
	return nil, fmt.Errorf("there is no optimiser %q; there are %s", s.Kind, spec.Or(Names()))
}

func build(name string, v *spec.Values, params []layers.Param, momentum, decay float32) Optimizer {
	number := func(name string, low, high float64) float32 {
		x := float32(v.Float(name, low, high))
		if x == 0 { // said, not left out: none
			return -1
		}
		return x
	}
	below1 := float64(math.Nextafter32(1, 0)) // what stays of a mean: with 1 it would never move
	all := name != "lars" && v.One("decay", "weights", "all") == "all"
	adam := func() AdamOptions {
		return AdamOptions{number("beta1", 0, below1), number("beta2", 0, below1), number("eps", 0, 1), decay, all}
	}
	switch name {
	case "sgd", "nesterov":
		return NewSGD(params, SGDOptions{Momentum: momentum, WeightDecay: decay, Nesterov: name == "nesterov", DecayAll: all})
	case "adam":
		return NewAdam(params, adam())
	case "adamw":
		return NewAdamW(params, adam())
	case "rmsprop":
		return NewRMSprop(params, RMSpropOptions{Alpha: number("alpha", 0, below1), Eps: number("eps", 0, 1), Momentum: momentum, WeightDecay: decay, DecayAll: all})
	case "adagrad":
		return NewAdagrad(params, Options{WeightDecay: decay, DecayAll: all})
	case "lars":
		return NewLARS(params, LARSOptions{Momentum: momentum, Trust: number("trust", 1e-6, 10), WeightDecay: decay, AdaptAll: v.One("adapt", "decayed", "all") == "all"})
	}
	return NewLAMB(params, adam())
}

// ClipNorm scales g so that its norm is at most limit, and returns the norm before (Pascanu, Mikolov, Bengio 2013).
func ClipNorm(g *autograd.Gradients, limit float64) float64 {
	n := g.Norm()
	if n > limit {
		g.Scale(float32(limit / n))
	}
	return n
}

// ClipEach scales each parameter's gradient by itself so that its norm is at most limit, as DINO's program does (Caron et al. 2021): one large tensor
// does not silence the others.
func ClipEach(g *autograd.Gradients, limit float64) {
	for _, p := range g.Params() {
		d := g.Of(p)
		if n := math.Sqrt(tensor.SumSquares(d)); n > limit {
			tensor.Scale(d, float32(limit/n), d)
		}
	}
}

// EMA moves the weights of a teacher towards a student's (Polyak and Juditsky 1992; Tarvainen and Valpola 2017, equation 1):
// teacher = decay·teacher + (1-decay)·student, computed as teacher + (1-decay)·(student - teacher), which stays where the two are equal and
// has no factor but 1-decay, in float64: of 0.999 in float32 neither 1-decay nor the mean in the long run is good to five digits. Running
// statistics are left to the teacher's own forward passes, as the published
// momentum encoders do.
type EMA struct{ teacher, student []layers.Param }

// NewEMA pairs the weights of a teacher with a student's by name, and copies all of the student's state to the teacher.
func NewEMA(teacher, student layers.Stateful) (*EMA, error) {
	if err := layers.CopyState(teacher, student); err != nil {
		return nil, err
	}
	e := &EMA{}
	of := map[string]layers.Param{}
	for _, p := range layers.State(student) {
		of[p.Name] = p
	}
	for _, p := range layers.State(teacher) {
		if p.Kind != layers.Buffer {
			e.teacher, e.student = append(e.teacher, p), append(e.student, of[p.Name])
		}
	}
	return e, nil
}

// Update moves the teacher.
func (e *EMA) Update(decay float64) {
	move := float32(1 - decay)
	for i, p := range e.teacher {
		t, s := p.Value.Data, e.student[i].Value.Data
		parallel.Chunks(len(t), 1<<15, func(lo, hi int) {
			var way [1024]float32
			for ; lo < hi; lo += len(way) {
				end := min(hi, lo+len(way))
				d := way[:end-lo]
				simd.Sub(d, s[lo:end], t[lo:end])
				simd.Axpy(t[lo:end], move, d)
			}
		})
	}
	tensor.Changed()
}
