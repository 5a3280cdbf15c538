package autograd

import (
	"github.com/tessera-go/tessera/internal/names"
	"github.com/tessera-go/tessera/tensor"
)

// Recompute says which values a tape may let go after their last use in the forward pass and compute a second time when
// Backward wants them (Chen, Xu, Zhang, Guestrin 2016, "Training deep nets with sublinear memory cost"). The gradients have
// the same bits either way: a kernel gives the same result twice.
type Recompute int

// The levels, each with what the one before lets go.
const (
	RecomputeNothing Recompute = iota
	RecomputeNorms             // outputs of normalisations inside a block: a pass over memory each
	RecomputeBlocks            // everything inside a block but its output: about one more forward pass
)

var recomputes = names.Of("level of recomputation", "nothing", "normalisations", "blocks")

// RecomputeNames returns the names of the levels.
func RecomputeNames() []string { return recomputes.All() }

// String returns what is computed a second time, the name that UnmarshalText reads.
func (r Recompute) String() string { return recomputes.String(int(r)) }

// MarshalText returns the name.
func (r Recompute) MarshalText() ([]byte, error) { return recomputes.Marshal(int(r)) }

// UnmarshalText sets r to the level of that name; the error says which there are.
func (r *Recompute) UnmarshalText(text []byte) error {
	i, err := recomputes.Unmarshal(text)
	if err == nil {
		*r = Recompute(i)
	}
	return err
}

// again records how y's value is made a second time from those of its inputs, and from which level on that is worth its
// memory. It returns y.
func (y *Var) again(level Recompute, again func(y *tensor.Tensor)) *Var {
	if y.node > 0 {
		n := &y.tape.nodes[y.node-1]
		n.again, n.level = again, level
	}
	return y
}

// meets records that y's rule joins with other parts, and does meanwhile what the rules before it put off (Grads.Later). It returns y.
func (y *Var) meets(yes bool) *Var {
	if y.node > 0 {
		y.tape.nodes[y.node-1].meets = yes
	}
	return y
}

// reads records that y's rule reads the values of these only, not of all inputs and of y. It returns y.
func (y *Var) reads(vs ...*Var) *Var {
	if y.node > 0 {
		n := &y.tape.nodes[y.node-1]
		n.reads, n.readsSet = nil, true
		for _, v := range vs {
			if v != nil {
				n.reads = append(n.reads, v)
			}
		}
	}
	return y
}

// Recomputes returns the tape's Recompute; of no tape, nothing.
func (t *Tape) Recomputes() Recompute {
	if t == nil {
		return RecomputeNothing
	}
	return t.Recompute
}

// Drop tells the tape that the forward pass will not read these values any more. While it records, those that its Recompute
// allows lose their memory until Backward needs them; values that their operation cannot make again stay. On a tape for
// inference all lose it. What is kept or has views stays in any case; reading a dropped value before Backward is a mistake that
// panics.
func (t *Tape) Drop(vs ...*Var) {
	if t == nil {
		return
	}
	for _, v := range vs {
		if v == nil || v.tape != t || !v.owned || v.keep || v.viewed {
			continue
		}
		if t.record || v.node > 0 {
			if v.node == 0 {
				continue
			}
			if n := &t.nodes[v.node-1]; n.again == nil || n.level > t.Recompute {
				continue
			}
		}
		t.mem.put(v.Value) // the shape stays
	}
}

// need makes a dropped value again.
func (t *Tape) need(v *Var) {
	if v.Value == nil || v.Value.Data != nil || v.node == 0 || v.tape != t {
		return
	}
	n := &t.nodes[v.node-1]
	if n.again == nil { // an empty tensor
		return
	}
	for _, in := range n.ins {
		t.need(in)
	}
	y := t.mem.get(v.Value.Shape)
	old := t.recompute
	t.recompute = true
	n.again(y)
	t.recompute = old
	v.Value = y
}
