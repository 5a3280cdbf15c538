package layers

import (
	"fmt"
	"strconv"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/tensor"
)

// Stateful has named tensors that outlive a step: everything that learns or remembers. Checkpoints, averages, copies, freezing and
// export work on it.
type Stateful interface {
	// Visit calls f for each tensor, its name after prefix, always in the same order.
	Visit(prefix string, f func(p Param))
}

// Module is a part of a network: a function of one Var, with named tensors.
type Module interface {
	Forward(x *autograd.Var) *autograd.Var
	Stateful
}

// Kind says what a tensor is for.
type Kind int

const (
	Weight  Kind = iota // trained, with weight decay
	Vector              // trained, without: biases, scales and shifts
	Buffer              // moved by the forward pass while it trains: running statistics
	Memory              // never trained, changed between steps or not at all: queues, centres, teachers, frozen weights
	Setting             // never trained: what options and data decided, or what is remembered of each sample. A run that begins with old weights has its own
)

// Trained tells whether an optimiser changes tensors of the kind.
func (k Kind) Trained() bool { return k == Weight || k == Vector }

// Param is a named tensor of a module.
type Param struct {
	Name   string
	Value  *tensor.Tensor
	Kind   Kind
	Layout tensor.Layout // what its axes mean in other frameworks' files
}

// Params returns the trained tensors.
func Params(ms ...Stateful) []Param {
	var out []Param
	for _, p := range State(ms...) {
		if p.Kind.Trained() {
			out = append(out, p)
		}
	}
	return out
}

// State returns all tensors, buffers and memory too: what a checkpoint stores.
func State(ms ...Stateful) []Param {
	var out []Param
	for _, m := range ms {
		m.Visit("", func(p Param) { out = append(out, p) })
	}
	return out
}

// Size returns the number of trained values.
func Size(m Stateful) int {
	n := 0
	for _, p := range Params(m) {
		n += p.Value.Len()
	}
	return n
}

// CopyState copies every tensor of src to the one of the same name in dst. It reports the first that is missing or has
// another shape.
func CopyState(dst, src Stateful) error {
	have := map[string]*tensor.Tensor{}
	for _, p := range State(src) {
		have[p.Name] = p.Value
	}
	for _, p := range State(dst) {
		s := have[p.Name]
		if s == nil || !tensor.SameShape(s.Shape, p.Value.Shape) {
			return fmt.Errorf("layers: %s %v has no counterpart of that shape", p.Name, p.Value.Shape)
		}
		copy(p.Value.Data, s.Data)
	}
	tensor.Changed()
	return nil
}

// Parts are named things with state, one below the other: the state tree of something that learns.
type Parts []Part

// Part is a named thing with state.
type Part struct {
	Name string
	Stateful
}

// Visit visits the parts.
func (ps Parts) Visit(prefix string, f func(Param)) {
	for _, p := range ps {
		p.Stateful.Visit(join(prefix, p.Name), f)
	}
}

// Value is a single tensor as a thing with state: a queue, a centre, a counter.
type Value Param

// Visit names the tensor.
func (v Value) Visit(prefix string, f func(Param)) {
	v.Name = join(prefix, v.Name)
	f(Param(v))
}

// Frozen is state whose weights are not trained: a teacher that an average moves, or weights that stay. Its running statistics
// still move where its forward pass trains.
type Frozen struct{ Stateful }

// Visit visits the tensors, the trained ones as Memory.
func (z Frozen) Visit(prefix string, f func(Param)) {
	z.Stateful.Visit(prefix, func(p Param) {
		if p.Kind.Trained() {
			p.Kind = Memory
		}
		f(p)
	})
}

// join puts a child's name behind a prefix.
func join(prefix, name string) string {
	switch "" {
	case prefix:
		return name
	case name:
		return prefix
	}
	return prefix + "." + name
}

// enter calls m on x with its name on the tape, for errors and graphs.
func enter(name string, m Module, x *autograd.Var) *autograd.Var {
	leave := x.Tape().Enter(name)
	defer leave()
	return m.Forward(x)
}

// Func is a module without tensors.
type Func func(x *autograd.Var) *autograd.Var

// Forward calls the function.
func (f Func) Forward(x *autograd.Var) *autograd.Var { return f(x) }

// Visit does nothing.
func (f Func) Visit(string, func(Param)) {}

// Modules without tensors.
var (
	ReLU          Module = Func(autograd.ReLU)
	GELU          Module = Func(autograd.GELU)
	Tanh          Module = Func(autograd.Tanh)
	Sigmoid       Module = Func(autograd.Sigmoid)
	Flatten       Module = Func(autograd.Flatten)
	GlobalAvgPool Module = Func(autograd.GlobalAvgPool)
	Pool          Module = Func(Pooled)
)

// Dropout drops with probability p while training.
func Dropout(p float32) Module {
	return Func(func(x *autograd.Var) *autograd.Var { return autograd.Dropout(x, p) })
}

// MaxPool takes the largest of every window.
func MaxPool(w tensor.Window) Module {
	return Func(func(x *autograd.Var) *autograd.Var { return autograd.MaxPool(x, w) })
}

// AvgPool takes the mean of every window.
func AvgPool(w tensor.Window) Module {
	return Func(func(x *autograd.Var) *autograd.Var { return autograd.AvgPool(x, w) })
}

// AdaptiveAvgPool takes h by w means.
func AdaptiveAvgPool(h, w int) Module {
	return Func(func(x *autograd.Var) *autograd.Var { return autograd.AdaptiveAvgPool(x, h, w) })
}

// FlattenCHW is Flatten in the order of a channels-first framework, [N H W C] -> [N C·H·W], so that the linear layer
// behind it has the same weights there.
var FlattenCHW Module = Func(func(x *autograd.Var) *autograd.Var { return autograd.Flatten(autograd.Permute(x, 0, 3, 1, 2)) })

// Child is a named part.
type Child struct {
	Name string
	Module
}

// Sequential runs its children one after the other.
type Sequential []Child

// Seq returns modules in sequence, named 0, 1, 2, ...
func Seq(ms ...Module) Sequential {
	s := make(Sequential, len(ms))
	for i, m := range ms {
		s[i] = Child{strconv.Itoa(i), m}
	}
	return s
}

// Forward runs the children; on a tape for inference a convolution and the batch norm behind it run as one, and nothing between
// children stays; inside NoGrad nothing stays either. While training the tape may let go what convolutions and batch norms inside
// the sequence gave, once the next child has read it; what every second batch norm, pools and other modules gave stays where
// convolutions go, and bounds what is computed again at once.
func (s Sequential) Forward(x *autograd.Var) *autograd.Var {
	tape := x.Tape()
	norms := 0
	for i := 0; i < len(s); i++ {
		var y *autograd.Var
		inner := i > 0 // x is a child's
		fused := false
		if conv, ok := s[i].Module.(convolution); ok && i+1 < len(s) && tape.Frozen() {
			norm, ok := s[i+1].Module.(*BatchNorm)
			if _, b, _ := conv.parts(); ok && b == nil {
				y, fused = norm.after(s[i].Name, conv, x, nil), true
			}
		}
		if !fused {
			y = enter(s[i].Name, s[i].Module, x)
		}
		if inner && y != x {
			drop := !tape.Records()
			switch s[i-1].Module.(type) {
			case convolution:
				drop = true
			case *BatchNorm:
				norms++
				drop = drop || norms%2 == 1 || tape.Recomputes() < autograd.RecomputeBlocks
			}
			if drop {
				tape.Drop(x)
			}
		}
		if x = y; fused {
			i++
		}
	}
	return x
}

// Visit visits the children.
func (s Sequential) Visit(prefix string, f func(Param)) {
	for _, c := range s {
		c.Module.Visit(join(prefix, c.Name), f)
	}
}

// Params returns the trained tensors.
func (s Sequential) Params() []Param { return Params(s) }

// Linear is y = x·W + b, W [I O].
type Linear struct {
	W, B *tensor.Tensor // B is nil without a bias
}

// LinearOptions of NewLinear.
type LinearOptions struct {
	NoBias bool
}

// NewLinear returns a linear layer initialised as PyTorch's: uniform in ±1/√in.
func NewLinear(rng *tensor.RNG, in, out int, o LinearOptions) *Linear {
	l := &Linear{W: tensor.New(in, out)}
	KaimingUniform(rng, l.W)
	if !o.NoBias {
		l.B = tensor.New(out)
		FanInUniform(rng, l.B, in)
	}
	return l
}

// Forward returns x·W + b.
func (l *Linear) Forward(x *autograd.Var) *autograd.Var {
	return autograd.Linear(x, x.Param(l.W), param(x, l.B))
}

// Visit names weight and bias.
func (l *Linear) Visit(prefix string, f func(Param)) {
	f(Param{Name: join(prefix, "weight"), Value: l.W, Kind: Weight, Layout: tensor.Kernel})
	if l.B != nil {
		f(Param{Name: join(prefix, "bias"), Value: l.B, Kind: Vector})
	}
}

func param(x *autograd.Var, t *tensor.Tensor) *autograd.Var {
	if t == nil {
		return nil
	}
	return x.Param(t)
}

// BatchNorm normalises channels; with ReLU set the ReLU behind it runs in the same pass.
type BatchNorm struct {
	Gamma, Beta *tensor.Tensor // nil without scale and shift
	State       autograd.BatchNormState
	ReLU        bool
	seen        *tensor.Tensor // how many batches the statistics have seen, PyTorch's num_batches_tracked
}

// NewBatchNorm returns a batch normalisation of c channels: scale 1, shift 0, momentum 0.1, eps 1e-5.
func NewBatchNorm(c int) *BatchNorm {
	return &BatchNorm{Gamma: tensor.New(c).Fill(1), Beta: tensor.New(c), seen: tensor.New(1),
		State: autograd.BatchNormState{Mean: tensor.New(c), Var: tensor.New(c).Fill(1), Momentum: 0.1, Eps: 1e-5}}
}

// NewBatchNormReLU returns a batch normalisation of c channels with a ReLU behind it.
func NewBatchNormReLU(c int) *BatchNorm {
	b := NewBatchNorm(c)
	b.ReLU = true
	return b
}

// Forward normalises.
func (b *BatchNorm) Forward(x *autograd.Var) *autograd.Var { return b.ForwardAdd(x, nil) }

// ForwardAdd normalises, adds z unless it is nil, and applies ReLU where set.
func (b *BatchNorm) ForwardAdd(x, z *autograd.Var) *autograd.Var {
	if x.Tape().Moves() {
		b.seen.Data[0]++
	}
	return autograd.BatchNorm(x, param(x, b.Gamma), param(x, b.Beta), b.State, autograd.BatchNormOptions{ReLU: b.ReLU, Add: z})
}

// after returns b.ForwardAdd(conv.Forward(x), z) as one operation, for a tape for inference; name is the convolution's, which
// has no bias.
func (b *BatchNorm) after(name string, conv convolution, x, z *autograd.Var) *autograd.Var {
	leave := x.Tape().Enter(name)
	defer leave()
	w, _, g := conv.parts()
	return autograd.ConvBatchNorm(x, x.Param(w), g, param(x, b.Gamma), param(x, b.Beta), b.State,
		autograd.BatchNormOptions{ReLU: b.ReLU, Add: z})
}

// Visit names weight, bias and the statistics.
func (b *BatchNorm) Visit(prefix string, f func(Param)) {
	if b.Gamma != nil {
		f(Param{Name: join(prefix, "weight"), Value: b.Gamma, Kind: Vector})
		f(Param{Name: join(prefix, "bias"), Value: b.Beta, Kind: Vector})
	}
	f(Param{Name: join(prefix, "running_mean"), Value: b.State.Mean, Kind: Buffer})
	f(Param{Name: join(prefix, "running_var"), Value: b.State.Var, Kind: Buffer})
	f(Param{Name: join(prefix, "num_batches_tracked"), Value: b.seen, Kind: Buffer})
}

// GroupNorm normalises groups of channels of each sample.
type GroupNorm struct {
	Gamma, Beta *tensor.Tensor
	Groups      int
	Eps         float32
}

// NewGroupNorm returns a group normalisation of c channels.
func NewGroupNorm(groups, c int) *GroupNorm {
	return &GroupNorm{tensor.New(c).Fill(1), tensor.New(c), groups, 1e-5}
}

// Forward normalises.
func (g *GroupNorm) Forward(x *autograd.Var) *autograd.Var {
	return autograd.GroupNorm(x, x.Param(g.Gamma), x.Param(g.Beta), g.Groups, g.Eps)
}

// Visit names weight and bias.
func (g *GroupNorm) Visit(prefix string, f func(Param)) {
	f(Param{Name: join(prefix, "weight"), Value: g.Gamma, Kind: Vector})
	f(Param{Name: join(prefix, "bias"), Value: g.Beta, Kind: Vector})
}

// LayerNorm normalises the last axis.
type LayerNorm struct {
	Gamma, Beta *tensor.Tensor
	Eps         float32
}

// NewLayerNorm returns a layer normalisation of c values.
func NewLayerNorm(c int) *LayerNorm { return &LayerNorm{tensor.New(c).Fill(1), tensor.New(c), 1e-5} }

// Forward normalises.
func (l *LayerNorm) Forward(x *autograd.Var) *autograd.Var {
	return autograd.LayerNorm(x, x.Param(l.Gamma), x.Param(l.Beta), l.Eps)
}

// Visit names weight and bias.
func (l *LayerNorm) Visit(prefix string, f func(Param)) {
	f(Param{Name: join(prefix, "weight"), Value: l.Gamma, Kind: Vector})
	f(Param{Name: join(prefix, "bias"), Value: l.Beta, Kind: Vector})
}

// Embedding is a table of vectors, [V D].
type Embedding struct{ W *tensor.Tensor }

// NewEmbedding returns a table of n standard normal vectors.
func NewEmbedding(rng *tensor.RNG, n, d int) *Embedding {
	return &Embedding{rng.FillNormal(tensor.New(n, d), 0, 1)}
}

// Lookup returns the vectors of indices on t's tape: [N D].
func (e *Embedding) Lookup(t *autograd.Tape, index []int32) *autograd.Var {
	return autograd.Gather(t.Param(e.W), index)
}

// Visit names weight.
func (e *Embedding) Visit(prefix string, f func(Param)) {
	f(Param{Name: join(prefix, "weight"), Value: e.W, Kind: Weight})
}
