package autograd

import (
	"fmt"
	"math"
	"strings"

	"github.com/tessera-go/tessera/tensor"
)

// Var is a value in a computation. Value is valid until the tape's Backward has passed it (then it is nil, unless Keep
// was called) or Reset.
type Var struct {
	Value *tensor.Tensor

	summary *Var // see Summary

	tape   *Tape
	id     int  // index of the gradient on the tape; 0 where none is wanted
	node   int  // index+1 of the node that made it; 0 for leaves
	keep   bool // Backward leaves Value alone
	owned  bool // Value's memory is the tape's
	base   *Var // whose memory Value is a view of
	viewed bool // somebody is a view of it
}

// Const returns a Var without a tape: operations on it are inference.
func Const(t *tensor.Tensor) *Var { return &Var{Value: t} }

// Shape returns the value's shape.
func (v *Var) Shape() []int { return v.Value.Shape }

// Tape returns the tape that watches v, or nil.
func (v *Var) Tape() *Tape { return v.tape }

// Summary returns what stands for all of a map of features, one vector a sample, where what made the map set it: a class token. Operations
// do not pass it on. nil means that there is none.
func (v *Var) Summary() *Var { return v.summary }

// SetSummary sets what Summary returns, and returns v.
func (v *Var) SetSummary(s *Var) *Var {
	v.summary = s
	return v
}

// Keep makes Backward leave v's Value readable until Reset.
func (v *Var) Keep() *Var {
	for b := v; b != nil; b = b.base {
		if b.tape != nil {
			b.tape.need(b)
		}
		b.keep = true
	}
	return v
}

// Scalar returns the value of a Var of one element.
func (v *Var) Scalar() float32 {
	if len(v.Value.Data) != 1 {
		panic(&OpError{"Scalar", "", fmt.Sprintf("shape %v is not one value", v.Shape())})
	}
	return v.Value.Data[0]
}

// Detach returns v's value without its history: no gradient flows through it.
func (v *Var) Detach() *Var {
	v.Keep()
	return &Var{Value: v.Value, tape: v.tape, keep: true}
}

// OpError is what a mistake in a program panics with: the op, the place in the model, the shapes and what would fit.
type OpError struct{ Op, Place, Msg string }

func (e *OpError) Error() string {
	if e.Place != "" {
		return fmt.Sprintf("%s in %s: %s", e.Op, e.Place, e.Msg)
	}
	return e.Op + ": " + e.Msg
}

// Try calls f and returns as an error a panic about shapes or operations, for the border of a program.
func Try(f func()) (err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *tensor.ShapeError:
			err = e
		case *OpError:
			err = e
		default:
			panic(e)
		}
	}()
	f()
	return nil
}

// node is one recorded operation.
type node struct {
	name, place string
	out         *Var
	ins         []*Var
	rule        func(dy *tensor.Tensor, g Grads)
	reads       []*Var // whose values rule reads, if readsSet; otherwise ins and out
	readsSet    bool
	again       func(y *tensor.Tensor) // makes out's value a second time
	level       Recompute              // from which on it may be let go
	meets       bool                   // rule calls Parts.Join with what Grads.Later put off
}

// Parts are the parts of one batch, whose tapes go the same way side by side, in one process or in several. Calls of Join, Gather and Spread return once all parts have
// made the same call; sums are made in a fixed order, the same whatever processes share the parts.
type Parts interface {
	// Part returns which part the tape has, and how many there are.
	Part() (i, of int)
	// Leads tells whether the part is the one, of those of its process, that moves what all have in common: running statistics.
	Leads() bool
	// Waits tells whether some parts are in other processes, which are waited for.
	Waits() bool
	// Join adds up sums over all parts, in place. meanwhile, unless it is nil, is done once, while others are waited for.
	Join(sums []float64, meanwhile func())
	// Gather returns the x of all parts, one after the other. All are of one length; what is returned is not to be changed.
	Gather(x []float32) []float32
	// Spread adds up x, which has as many equal pieces as there are parts, and returns the piece that is this part's.
	Spread(x []float32) []float32
}

// Tape records a step.
type Tape struct {
	Training bool // batch norm uses the batch's statistics, dropout drops
	// Mode is the Precision and the Algorithm of products; a convolution that names its own keeps it. An operation's backward
	// pass has that of its forward pass.
	tensor.Mode

	// Recompute says what may be computed twice to save memory.
	Recompute Recompute

	// OnConv, if set, is called for every convolution with its place in the model and its shapes, those of Conv1D as images of
	// one row: for tools that explain a network.
	OnConv func(place string, x, w, y []int, g tensor.Conv)

	// OnGradient, if set, is called by Backward for every Param as soon as its gradient is whole, while the pass goes on: the place
	// where gradients are summed over processes. It must not keep p or d beyond Reset.
	OnGradient func(p, d *tensor.Tensor)

	// Parts, if set, says that the tape has one of several parts of a batch: what looks at a whole batch, as batch norm does, asks it.
	Parts Parts

	rng       *tensor.RNG
	draws     uint64 // how many random streams were handed out in this step
	record    bool
	recompute bool             // inside the second run of Checkpoint
	shown     Shown            // to a measuring tape
	piece     int              // rows of a piece, as the step on a measuring tape will have them
	within    bool             // inside a Checkpoint
	views     []*tensor.Tensor // made within
	nodes     []node
	later     []later // of Backward: what waits for the next rule that meets other parts
	nextID    int
	params    map[*tensor.Tensor]*Var
	wanted    map[*tensor.Tensor]bool // whose gradients are wanted; nil: of every Param
	order     []*Var                  // params in order of first use
	place     []string
	mem       *memory
	grads     []*tensor.Tensor
	flop      float64
	packed    *tensor.PackedSet // of a tape for inference: weights in the form that kernels read
	changes   int64             // tensor.Changes when they were packed
	fresh     bool              // nobody has asked for packed weights since Reset
}

// NewTape returns a tape for training. rng feeds dropout; nil is the stream of seed 0.
func NewTape(rng *tensor.RNG) *Tape {
	if rng == nil {
		rng = tensor.NewRNG(0)
	}
	return &Tape{Training: true, record: true, rng: rng, nextID: 1, params: map[*tensor.Tensor]*Var{}, mem: newMemory()}
}

// NewInference returns a tape that records nothing and reuses its memory from one Reset to the next. It also keeps the weights
// that convolutions and linear layers have packed or transformed, for each Precision, until tensor.Changed is called, as optimisers
// and whatever loads weights do: from the next pass on, the first since NewInference or Reset, they are packed anew. While a pass
// is under way weights must not change.
func NewInference() *Tape {
	t := NewTape(nil)
	t.Training, t.record = false, false
	t.packed, t.changes, t.fresh = &tensor.PackedSet{}, tensor.Changes(), true
	return t
}

// mode returns the tape's Mode; of no tape, the zero value.
func (t *Tape) mode() tensor.Mode {
	if t == nil {
		return tensor.Mode{}
	}
	return t.Mode
}

func (t *Tape) saw(x, w, y *Var, g tensor.Conv) {
	if t != nil && t.OnConv != nil {
		t.OnConv(strings.Join(t.place, "."), image(x.Value).Shape, kernel(w.Value).Shape, image(y.Value).Shape, g)
	}
}

// Frozen tells whether the tape is one for inference, whose weights do not change.
func (t *Tape) Frozen() bool { return t != nil && t.packed != nil }

// keep returns where the packed form of w is kept, or nil.
func (t *Tape) keep(w *tensor.Tensor) *tensor.Packed {
	if !t.Frozen() {
		return nil
	}
	if t.fresh {
		t.fresh = false
		if now := tensor.Changes(); t.changes != now {
			t.packed, t.changes = &tensor.PackedSet{}, now
		}
	}
	return t.packed.Of(w)
}

// Input returns x as a Var that needs no gradient.
func (t *Tape) Input(x *tensor.Tensor) *Var { return &Var{Value: x, tape: t} }

// Want says whose gradients the tape's steps want from now on: of these, the other Params are constants, so that a discriminator
// is passed through but not trained. nil means all. It survives Reset.
func (t *Tape) Want(params []*tensor.Tensor) {
	t.wanted = nil
	if params != nil {
		t.wanted = make(map[*tensor.Tensor]bool, len(params))
	}
	for _, p := range params {
		t.wanted[p] = true
	}
}

// Param returns the Var of a tensor that lives outside the tape and, unless Want leaves it out, wants a gradient; the same tensor
// gives the same Var until Reset. Inside NoGrad it is a constant, outside it wants its gradient, whichever came first.
func (t *Tape) Param(x *tensor.Tensor) *Var {
	wants := t.record && (t.wanted == nil || t.wanted[x])
	if v := t.params[x]; v != nil && (v.id != 0 || !wants) {
		return v
	}
	v := &Var{Value: x, tape: t, keep: true}
	if wants {
		v.id = t.newID()
	}
	t.params[x] = v
	t.order = append(t.order, v)
	return v
}

// Param returns the Var of an outside tensor on x's tape, or a constant where x has none.
func (v *Var) Param(x *tensor.Tensor) *Var {
	if v.tape == nil {
		return Const(x)
	}
	return v.tape.Param(x)
}

func (t *Tape) newID() int {
	t.nextID++
	return t.nextID - 1
}

// RNG returns a stream of its own for the next random operation of the step.
func (t *Tape) RNG() *tensor.RNG {
	t.draws++
	return t.rng.Derive(t.draws)
}

// SetRNG sets where this step's randomness comes from.
func (t *Tape) SetRNG(rng *tensor.RNG) { t.rng, t.draws = rng, 0 }

// Recomputing tells whether this is the second run of a Checkpoint: what has side effects (running statistics) must not
// do them again.
func (t *Tape) Recomputing() bool { return t != nil && t.recompute }

// Moves tells whether a forward pass moves running statistics: while it trains, once for a batch.
func (t *Tape) Moves() bool {
	return t != nil && t.Training && !t.recompute && (t.Parts == nil || t.Parts.Leads())
}

// NoGrad calls f without recording.
func (t *Tape) NoGrad(f func()) {
	old := t.record
	t.record = false
	defer func() { t.record = old }()
	f()
}

// Records tells whether operations are recorded now: not inside NoGrad, not on a tape for inference, not without a tape.
func (t *Tape) Records() bool { return t != nil && t.record }

// Enter names the place in the model for errors and graphs, until leave is called.
func (t *Tape) Enter(name string) (leave func()) {
	if t == nil || name == "" {
		return func() {}
	}
	t.place = append(t.place, name)
	return func() { t.place = t.place[:len(t.place)-1] }
}

func (t *Tape) where() string { return strings.Join(t.place, ".") }

// Reset forgets the step; its memory is used again. Values and gradients of the step must not be read any more.
func (t *Tape) Reset() {
	t.nodes, t.later = t.nodes[:0], t.later[:0]
	clear(t.params)
	t.order = t.order[:0]
	t.nextID, t.draws = 1, 0
	t.place = t.place[:0]
	t.grads = t.grads[:0]
	t.mem.reset()
	t.fresh = true
}

// count adds the operations of a product of so many fused multiply-adds: forward, and once more for each gradient that
// will be wanted.
func (t *Tape) count(fma int, x, w *Var) {
	if t == nil {
		return
	}
	n := 1.0
	if t.record && x.id != 0 {
		n++
	}
	if t.record && w.id != 0 {
		n++
	}
	t.flop += n * 2 * float64(fma)
}

// TakeFlop returns how many floating-point operations the matrix products and convolutions since the last call took, both
// ways, and starts again from zero. Other operations are not counted.
func (t *Tape) TakeFlop() float64 {
	f := t.flop
	t.flop = 0
	return f
}

// Bytes returns how much memory the tape holds, used or kept for the next step, and the most that was in use at once.
func (t *Tape) Bytes() (held, peak int) { return t.mem.held * 4, t.mem.peak * 4 }

// New returns a tensor in the tape's memory, content undefined, until Reset; without a tape, one of its own.
func (t *Tape) New(shape ...int) *tensor.Tensor {
	if t == nil {
		return tensor.New(shape...)
	}
	return t.mem.get(shape)
}

// tapeOf returns the first tape among vs.
func tapeOf(vs []*Var) *Tape {
	for _, v := range vs {
		if v != nil && v.tape != nil {
			return v.tape
		}
	}
	return nil
}

// result returns a Var of that shape, undefined content, on the tape of its inputs.
func result(shape []int, ins ...*Var) *Var {
	t := tapeOf(ins)
	for _, v := range ins {
		v.present()
	}
	if t == nil {
		return &Var{Value: tensor.New(shape...)}
	}
	return &Var{Value: t.mem.get(shape), tape: t, owned: true}
}

// present panics if v was dropped.
func (v *Var) present() {
	if v != nil && v.Value != nil && v.Value.Data == nil && tensor.Size(v.Value.Shape) > 0 {
		panic(&OpError{"Drop", v.tape.where(), fmt.Sprintf("a value of shape %v is read after the tape was told that nobody would; Keep it", v.Shape())})
	}
}

// view returns a Var over memory of another.
func view(value *tensor.Tensor, x *Var) *Var {
	x.present()
	x.viewed = true
	if x.tape != nil && x.tape.within {
		x.tape.views = append(x.tape.views, value)
	}
	return &Var{Value: value, tape: x.tape, base: x}
}

// rule records how y's gradient is passed on, if a tape watches and one of ins wants a gradient; it returns y.
func (y *Var) rule(name string, rule func(dy *tensor.Tensor, g Grads), ins ...*Var) *Var {
	t := y.tape
	if t == nil {
		return y
	}
	needs := false
	kept := make([]*Var, 0, len(ins))
	for _, v := range ins {
		if v != nil {
			needs = needs || v.id != 0
			kept = append(kept, v)
		}
	}
	if !t.record || !needs {
		return y
	}
	y.id = t.newID()
	t.nodes = append(t.nodes, node{name: name, place: t.where(), out: y, ins: kept, rule: rule})
	y.node = len(t.nodes)
	return y
}

// shaped calls a shape rule and adds the op and the place in the model to its complaint.
func shaped(name string, ins []*Var, rule func() []int) []int {
	defer func() {
		if e := recover(); e != nil {
			if s, ok := e.(*tensor.ShapeError); ok {
				place := ""
				if t := tapeOf(ins); t != nil {
					place = t.where()
				}
				panic(&OpError{"autograd." + name, place, s.Msg})
			}
			panic(e)
		}
	}()
	return rule()
}

// Grads hands out the gradients that a rule adds to.
type Grads struct{ t *Tape }

// Of returns the sum being built for v's gradient, zero at first, or nil where none is wanted.
func (g Grads) Of(v *Var) *tensor.Tensor {
	d, add := g.Into(v)
	if d != nil && !add {
		tensor.Zero(d)
	}
	return d
}

// Into is Of for rules that can write as well as add: where add is false nothing is there yet, the content is undefined
// and the rule must set all of it. It saves the pass that zeroes and the reading of zeros.
func (g Grads) Into(v *Var) (d *tensor.Tensor, add bool) {
	if v == nil || v.id == 0 || v.tape != g.t {
		return nil, false
	}
	at := g.t.slot(v.id)
	if *at != nil {
		return *at, true
	}
	*at = g.t.mem.get(v.Value.Shape)
	return *at, false
}

// Later has f done, which makes the gradients of ps and nothing else, last in its rule: at once, or, where the rule that follows waits for the parts of other processes, in that
// time, if ps are Params, whose gradients no rule reads. What the rule was handed and its operation reads stays until then. ps may be nil.
func (g Grads) Later(f func(), ps ...*Var) {
	t := g.t
	off := t.Parts != nil && t.Parts.Waits()
	for _, p := range ps {
		off = off && (p == nil || p.node == 0)
	}
	if off {
		t.later = append(t.later, later{do: f})
		return
	}
	f()
}

// later is what is left of a node's backward pass.
type later struct {
	do    func()
	dy    *tensor.Tensor // goes back to the tape's memory then; nil if it is not the tape's
	whole []*Var
}

// catchUp does what was put off.
func (t *Tape) catchUp() {
	for _, l := range t.later {
		l.do()
		if l.dy != nil {
			t.mem.put(l.dy)
		}
		t.handOut(l.whole)
	}
	t.later = t.later[:0]
}

// handOut tells of gradients that are whole.
func (t *Tape) handOut(params []*Var) {
	for _, v := range params {
		if d := t.at(v.id); d != nil {
			t.OnGradient(v.Value, d)
		}
	}
}

// slot is where the gradient with index id stands, nil where there is none yet.
func (t *Tape) slot(id int) **tensor.Tensor {
	for len(t.grads) <= id {
		t.grads = append(t.grads, nil)
	}
	return &t.grads[id]
}

// Backward returns the gradients of a loss of one element with respect to every Param that it depends on. They live in
// the tape's memory until Reset.
func (t *Tape) Backward(loss *Var) *Gradients {
	if len(loss.Value.Data) != 1 {
		panic(&OpError{"Backward", "", fmt.Sprintf("the loss has shape %v, want one value; take a Mean or a Sum", loss.Shape())})
	}
	return t.BackwardFrom(loss, tensor.New(loss.Shape()...).Fill(1))
}

// BackwardFrom is Backward for any y: the gradients of Σ y·dy. It reads dy where it lies.
func (t *Tape) BackwardFrom(y *Var, dy *tensor.Tensor) *Gradients {
	if y.tape != t || y.id == 0 {
		panic(&OpError{"Backward", "", "the loss does not depend on any Param of this tape"})
	}
	if !tensor.SameShape(y.Shape(), dy.Shape) {
		panic(&OpError{"Backward", "", fmt.Sprintf("gradient %v of a value %v", dy.Shape, y.Shape())})
	}
	y.Keep()
	g := Grads{t}
	if y.node == 0 { // a Param's gradient is handed out
		d, _ := g.Into(y)
		tensor.Copy(d, dy)
	} else {
		*t.slot(y.id) = dy
	}
	whole := t.lastUses()
	for i := len(t.nodes) - 1; i >= 0; i-- {
		n := &t.nodes[i]
		if !n.meets {
			t.catchUp()
		}
		off := 0
		if d := t.at(n.out.id); d != nil {
			if n.readsSet {
				for _, v := range n.reads {
					t.need(v)
				}
			} else {
				for _, v := range n.ins {
					t.need(v)
				}
				t.need(n.out)
			}
			n.rule(d, g)
			if n.meets {
				t.catchUp()
			}
			if off = len(t.later); off > 0 {
				t.later[off-1].whole = whole[i]
			}
			switch {
			case d == dy:
			case off > 0:
				t.later[off-1].dy = d
			default:
				t.mem.put(d)
			}
			t.grads[n.out.id] = nil
		}
		n.rule = nil
		if v := n.out; !v.keep { // nothing before this node reads its output
			if v.owned && v.Value.Data != nil { // dropped and never needed
				t.mem.put(v.Value)
			}
			v.Value = nil
		}
		if off == 0 {
			t.handOut(whole[i])
		}
	}
	t.catchUp()
	out := &Gradients{of: make(map[*tensor.Tensor]*tensor.Tensor, len(t.order))}
	for _, v := range t.order {
		if d := t.at(v.id); d != nil {
			out.of[v.Value] = d
			out.order = append(out.order, v.Value)
		}
	}
	return out
}

// lastUses returns, for OnGradient, which Params no node before node i reads: behind it their gradients are whole.
func (t *Tape) lastUses() map[int][]*Var {
	if t.OnGradient == nil {
		return nil
	}
	first := map[*Var]int{}
	for i := len(t.nodes) - 1; i >= 0; i-- {
		for _, v := range t.nodes[i].ins {
			first[v] = i
		}
	}
	out := map[int][]*Var{}
	for _, v := range t.order {
		if i, used := first[v]; used && v.id != 0 {
			out[i] = append(out[i], v)
		}
	}
	return out
}

func (t *Tape) at(id int) *tensor.Tensor {
	if id < len(t.grads) {
		return t.grads[id]
	}
	return nil
}

// FirstBad returns the op and place of the first recorded value that holds a NaN or an Inf, if there is one. Call it
// before Backward.
func (t *Tape) FirstBad() (op, place string, found bool) {
	for _, n := range t.nodes {
		if n.out.Value == nil {
			continue
		}
		if s := tensor.SumSquares(n.out.Value); math.IsNaN(s) || math.IsInf(s, 0) {
			return n.name, n.place, true
		}
	}
	return "", "", false
}

// Gradients are sums for parameters. Adding two is gradient accumulation.
type Gradients struct {
	of    map[*tensor.Tensor]*tensor.Tensor
	order []*tensor.Tensor
	own   map[*tensor.Tensor]*tensor.Tensor // memory of Own, kept over Reset
}

// NewGradients returns no gradients, to add to.
func NewGradients() *Gradients {
	return &Gradients{of: map[*tensor.Tensor]*tensor.Tensor{}}
}

// Reset forgets all gradients; the memory of those that Own added is used again.
func (g *Gradients) Reset() {
	clear(g.of)
	g.order = g.order[:0]
}

// Join adds d to p's gradient. Where there is none d itself becomes it, and is added to later: it must live as long as g.
func (g *Gradients) Join(p, d *tensor.Tensor) {
	if have := g.of[p]; have != nil {
		tensor.AddScaled(have, 1, d)
		return
	}
	g.of[p] = d
	g.order = append(g.order, p)
}

// Own adds d to p's gradient, which has memory of its own, and returns the sum.
func (g *Gradients) Own(p, d *tensor.Tensor) *tensor.Tensor {
	switch m := g.own[p]; {
	case g.of[p] != nil:
		g.Join(p, d)
	case m != nil:
		copy(m.Data, d.Data)
		g.Join(p, m)
	default:
		if g.own == nil {
			g.own = map[*tensor.Tensor]*tensor.Tensor{}
		}
		g.own[p] = d.Clone()
		g.Join(p, g.own[p])
	}
	return g.of[p]
}

// Of returns the gradient of p, or nil if the loss does not depend on it.
func (g *Gradients) Of(p *tensor.Tensor) *tensor.Tensor { return g.of[p] }

// Params returns the parameters that have a gradient, in order of first use.
func (g *Gradients) Params() []*tensor.Tensor { return g.order }

// Clone returns a copy with memory of its own, which outlives the tape's Reset.
func (g *Gradients) Clone() *Gradients {
	c := NewGradients()
	c.Add(g)
	return c
}

// Add adds o's gradients to g's. g must own its memory (Clone).
func (g *Gradients) Add(o *Gradients) {
	for _, p := range o.order {
		g.Own(p, o.of[p])
	}
}

// Scale multiplies all gradients by s.
func (g *Gradients) Scale(s float32) {
	for _, p := range g.order {
		tensor.Scale(g.of[p], s, g.of[p])
	}
}

// Norm returns the square root of the sum of all squares, in float64.
func (g *Gradients) Norm() float64 {
	s := 0.0
	for _, p := range g.order {
		s += tensor.SumSquares(g.of[p])
	}
	return math.Sqrt(s)
}
