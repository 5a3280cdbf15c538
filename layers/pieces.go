package layers

import "github.com/tessera-go/tessera/autograd"

// InPieces returns m, rows of whose input pass it at most n at once while it trains; 0 means all. Nothing that happens inside stays: going back, each piece
// passes once more (Gao, Zhang, Han, Callan, "Scaling deep contrastive learning batch size under memory limited setup", RepL4NLP 2021, arXiv 2101.06983,
// section 3). A loss of all rows together, which accumulated batches do not have, so costs the memory of a piece and one more forward pass, and its
// gradients are the whole batch's. Only batch statistics are each piece's own, as on that many machines; a piece of a single row is put to the one before.
// m must treat rows apart but for that, and answer with as many.
func InPieces(m Module, n int) Module {
	if n <= 0 {
		return m
	}
	return pieces{m, n}
}

type pieces struct {
	Module
	n int
}

// Forward cuts x [N ...] into pieces.
func (p pieces) Forward(x *autograd.Var) *autograd.Var {
	rows := x.Shape()[0]
	tape := x.Tape()
	if all := tape.StandsFor(rows); all > rows && all > p.n {
		return p.measured(x, all)
	}
	if rows <= p.n || !tape.Records() {
		return p.Module.Forward(x)
	}
	var out []*autograd.Var
	for at := 0; at < rows; {
		n := min(p.n, rows-at)
		if rows-at-n == 1 {
			n++
		}
		out = append(out, autograd.Checkpoint(autograd.Slice(x, 0, at, n, 1), p.Module.Forward))
		at += n
	}
	return autograd.Concat(0, out...)
}

// measured shows a measuring tape the pieces of the rows that x stands for: as many, of fewer rows.
func (p pieces) measured(x *autograd.Var, all int) *autograd.Var {
	tape, n := x.Tape(), x.Shape()[0]
	some := func(from, n, of int) []int32 {
		index := make([]int32, n)
		for i := range index {
			index[i] = int32((from + i) % of)
		}
		return index
	}
	var out []*autograd.Var
	for at, rows := 0, tape.Piece(p.n); at < all; at += p.n {
		out = append(out, autograd.Checkpoint(autograd.Gather(x, some(at, rows, n)), p.Module.Forward))
	}
	y := autograd.Concat(0, out...)
	return autograd.Gather(y, some(0, n, y.Shape()[0]))
}
