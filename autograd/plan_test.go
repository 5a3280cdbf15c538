package autograd

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// spans lists a chunk's free spans.
func spans(c *chunk) string { return fmt.Sprint(c.free) }

// TestFreeSpans: memory is cut from the smallest span that has it, in whole cache lines, and what is given back joins its neighbours.
func TestFreeSpans(t *testing.T) {
	m := newMemory()
	get := func(n, off int) *tensor.Tensor {
		t.Helper()
		x := m.get([]int{n})
		if p := m.where[x]; p.off != off || p.c != m.chunks[0] || p.n != (n+15)/16*16 || &x.Data[0] != &p.c.data[off] || len(x.Data) != n || cap(x.Data) != n {
			t.Fatalf("%d floats lie at %d, %d of them, want %d", n, p.off, p.n, off)
		}
		return x
	}
	a, _, b, s, c := get(160, 0), get(1, 160), get(50, 176), get(16, 240), get(17, 256)
	free := func(want ...span) {
		t.Helper()
		rest := span{288, 1<<20 - 288}
		if got := spans(m.chunks[0]); got != fmt.Sprint(append(want, rest)) {
			t.Fatalf("free are %s, want %v and %v", got, want, rest)
		}
	}
	use := func(now, peak int) {
		t.Helper()
		if m.inUse != now || m.peak != peak || m.held != 1<<20 {
			t.Fatalf("%d in use, at most %d, of %d; want %d and %d", m.inUse, m.peak, m.held, now, peak)
		}
	}
	use(288, 288)
	m.put(a)
	m.put(b)
	m.put(b) // nothing happens
	free(span{0, 160}, span{176, 64})
	use(64, 288)
	b = get(64, 176) // exactly
	free(span{0, 160})
	a = get(48, 0) // the smaller of two
	free(span{48, 112})
	m.put(a) // before a free one
	free(span{0, 160})
	m.put(b)
	m.put(s) // behind one
	free(span{0, 160}, span{176, 80})
	s = get(16, 176)
	free(span{0, 160}, span{192, 64})
	m.put(s) // before one, not behind
	free(span{0, 160}, span{176, 80})
	m.put(c) // between two
	if got := spans(m.chunks[0]); got != fmt.Sprint([]span{{0, 160}, {176, 1<<20 - 176}}) {
		t.Fatalf("free are %s", got)
	}
	use(16, 288)
	e := m.get([]int{3, 0})
	if m.put(e); len(e.Data) != 0 || e.Data == nil || !tensor.SameShape(e.Shape, []int{3, 0}) {
		t.Errorf("an empty tensor is %v", e)
	}
	use(16, 288)
	for i, want := range []int{1 << 20, 2 << 20, 4<<20 + 16} { // each at least what is held already
		if m.get([]int{want - 15*(i/2)}); len(m.chunks) != i+2 || len(m.chunks[i+1].data) != want {
			t.Errorf("chunk %d has %d floats, want %d", i+1, len(m.chunks[i+1].data), want)
		}
	}
	whole := newMemory()
	whole.put(whole.get([]int{1 << 20}))
	if got := spans(whole.chunks[0]); got != fmt.Sprint([]span{{0, 1 << 20}}) {
		t.Errorf("of a whole chunk that comes back %s is free", got)
	}
}

// TestPlanIsFollowed: the first step is planned; a step that departs uses chunks, which the next that does not lets go; two in a row
// that depart make a new plan.
func TestPlanIsFollowed(t *testing.T) {
	m := newMemory()
	m.reset()
	if m.plan != nil {
		t.Fatal("an empty step is a plan")
	}
	arena, chunks := 0, 0 // of the last step's tensors
	step := func(ns ...int) *plan {
		arena, chunks = 0, 0
		var xs []*tensor.Tensor
		for _, n := range ns {
			if n < 0 {
				m.put(xs[-n-1])
				continue
			}
			x := m.get([]int{n})
			if xs = append(xs, x); m.where[x].c == nil {
				arena++
			} else {
				chunks++
			}
		}
		m.reset()
		return m.plan
	}
	check := func(what string, inArena, inChunks, held, left int) {
		t.Helper()
		if arena != inArena || chunks != inChunks || m.held != held || len(m.chunks) != left || m.inUse != 0 {
			t.Errorf("%s: %d in the arena, %d in chunks, %d held, %d chunks, %d in use", what, arena, chunks, m.held, len(m.chunks), m.inUse)
		}
	}
	first := step(32, 16, -1, 32)
	check("the first", 0, 3, 48, 0)
	same := func(what string, p *plan) {
		t.Helper()
		if p != first {
			t.Errorf("%s: another plan", what)
		}
	}
	same("again", step(32, 16, -1, 32))
	check("again", 3, 0, 48, 0)
	same("shorter", step(32, 16))
	check("shorter", 2, 0, 48, 0)
	same("longer", step(32, 16, -1, 32, 16))
	check("longer", 3, 1, 48+1<<20, 1)
	same("again", step(32, 16, -1, 32))
	check("again", 3, 0, 48, 0)
	same("other lengths", step(32, 17, -1, 32))
	check("other lengths", 1, 2, 48+1<<20, 1)
	same("and again the plan's", step(32, 16, -1, 32))
	same("one departs", step(16, -1))
	check("one departs", 0, 1, 48+1<<20, 1)
	if step(16, 16, -1) == first {
		t.Error("two that depart make no new plan")
	}
	check("two depart", 0, 2, 32, 0)
	step(16, 16, -1)
	check("the new plan", 2, 0, 32, 0)
}

// TestPlanIsGreedy compares plans of random steps with one made cell by cell: the largest first, each in the smallest gap between
// those that live while it does, the lowest of equals, else behind all of them.
func TestPlanIsGreedy(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for trial := range 300 {
		var tr trace
		var out []int
		for range 1 + r.IntN(60) {
			if len(out) > 0 && r.IntN(5) < 2 {
				k := r.IntN(len(out))
				tr.put(out[k])
				out = slices.Delete(out, k, k+1)
			} else {
				out = append(out, tr.get(1+r.IntN(5*16)))
			}
		}
		got := tr.plan()
		if off, size := greedy(tr.events); !slices.Equal(got.offset, off) || got.size != size || !slices.Equal(got.events, tr.events) {
			t.Fatalf("trial %d, %v: offsets %v and %d floats, want %v and %d", trial, tr.events, got.offset, got.size, off, size)
		}
	}
}

// greedy plans in cells of a cache line.
func greedy(events []int) (offset []int, size int) {
	var n, from, to []int
	for at, e := range events {
		if e >= 0 {
			n, from, to = append(n, (e+15)/16), append(from, at), append(to, len(events))
		} else {
			to[-e-1] = at
		}
	}
	offset = make([]int, len(n))
	var placed []int
	for cells := 5; cells > 0; cells-- {
		for id := range n {
			if n[id] != cells {
				continue
			}
			taken := make([]bool, 16*len(events)+64)
			last := 0
			for _, o := range placed {
				if !(to[o] <= from[id] || to[id] <= from[o]) {
					for c := offset[o] / 16; c < offset[o]/16+n[o]; c++ {
						taken[c] = true
						last = max(last, c+1)
					}
				}
			}
			best, room := last, 1<<30
			for c := 0; c < last; {
				end := c
				for !taken[end] {
					end++
				}
				if end-c >= cells && end-c < room {
					best, room = c, end-c
				}
				c = end + 1
			}
			offset[id] = 16 * best
			size = max(size, 16*(best+cells))
			placed = append(placed, id)
		}
	}
	return offset, size
}

// TestStepMemory: what a step of another batch asks for follows from three, each length by itself, linear or quadratic; steps that are not the same in kind, or
// lengths that are not so in whole numbers, say nothing.
func TestStepMemory(t *testing.T) {
	of := func(events ...int) *StepMemory { return &StepMemory{trace: trace{events: events}} }
	two, four, six := of(25, 8, ^0, 4, ^2), of(45, 8, ^0, 16, ^2), of(65, 8, ^0, 36, ^2)
	at, ok := MemoryAt(7, 2, 2, [3]*StepMemory{two, four, six}, nil)
	if !ok || !slices.Equal(at.trace.events, []int{75, 8, ^0, 49, ^2}) || at.trace.count != 3 || at.Peak != 4*(80+16) {
		t.Errorf("%v, %v", at, ok)
	}
	if at, ok := MemoryAt(1, 2, 2, [3]*StepMemory{two, four, six}, nil); !ok || !slices.Equal(at.trace.events, []int{15, 8, ^0, 1, ^2}) {
		t.Errorf("of fewer: %v, %v", at, ok)
	}
	if at, ok := MemoryAt(1, 1, 1, [3]*StepMemory{of(16, ^0, 33, 16), of(32, ^0, 66, 32), of(48, ^0, 99, 48)}, nil); !ok || at.Peak != 4*(48+16) {
		t.Errorf("the most is at the end: %v, %v", at, ok)
	}
	if at, ok := MemoryAt(2, 1, 1, [3]*StepMemory{of(0, 4), of(0, 8), of(0, 12)}, nil); !ok || at.Peak != 64 {
		t.Errorf("an empty tensor: %v, %v", at, ok)
	}
	for name, o := range map[string]*StepMemory{"not in whole numbers": of(66, 8, ^0, 36, ^2), "shorter": of(65, 8, ^0, 36), "another goes": of(65, 8, ^1, 36, ^2),
		"another kind": of(65, 8, 9, 36, ^2), "none left": of(0, 8, ^0, 36, ^2)} {
		if at, ok := MemoryAt(13, 2, 2, [3]*StepMemory{two, four, o}, nil); ok {
			t.Errorf("%s: it follows: %v", name, at)
		}
		if _, ok := MemoryAt(13, 2, 2, [3]*StepMemory{o, four, six}, nil); ok && name != "none left" {
			t.Errorf("%s first: it follows", name)
		}
	}
	if _, ok := MemoryAt(7, 2, 0, [3]*StepMemory{two, two, two}, nil); ok {
		t.Error("of one batch: it follows")
	}
}

// TestMeasuredTables: what small steps ask for tells what a batch does whose every view is compared with every other, in one table, in blocks, and with
// recomputation; of more than 1024 views the blocks are not seen in a small step that stands for itself.
func TestMeasuredTables(t *testing.T) {
	w := tensor.New(6, 24)
	golden.Fill(w.Data, "w", 1)
	step := func(level Recompute, samples, batch int) *StepMemory {
		x := tensor.New(2*samples, 6)
		golden.Fill(x.Data, "x", 1)
		tape := NewMeasuring(level, Shown{Samples: samples, Batch: batch})
		tape.Backward(NTXent(Linear(tape.Input(x), tape.Param(w), nil), 0.5))
		return tape.Measured()
	}
	for _, n := range []int{3, 40, 512, 513, 700} {
		for _, level := range []Recompute{RecomputeNothing, RecomputeBlocks} {
			whole := step(level, n, n)
			at, ok := MemoryAt(n, 2, 2, [3]*StepMemory{step(level, 2, n), step(level, 4, n), step(level, 6, n)}, nil)
			if !ok || !slices.Equal(at.trace.events, whole.trace.events) || at.Peak != whole.Peak {
				t.Errorf("%d pairs, computed twice %v: %v, measured %d bytes", n, level, at, whole.Peak)
			}
		}
	}
}

// TestMeasured: what three measured batches say of a fourth is what it asks for, and a tape that expects it takes no more.
func TestMeasured(t *testing.T) {
	w, u := tensor.New(16, 24).Fill(0.1), tensor.New(24, 3).Fill(0.1)
	s := BatchNormState{Mean: tensor.New(24), Var: tensor.New(24), Momentum: 1, Eps: 1}
	step := func(tape *Tape, n int) *StepMemory {
		x := ReLU(BatchNorm(Linear(tape.Input(tensor.New(n, 16).Fill(1)), tape.Param(w), nil), nil, nil, s, BatchNormOptions{}))
		tape.Backward(CrossEntropy(Linear(x, tape.Param(u), nil), make([]int32, n)))
		return tape.Measured()
	}
	of := func(n int) *StepMemory { return step(NewMeasuring(RecomputeNorms, Shown{Samples: n, Batch: 7}), n) }
	seven := of(7)
	at, ok := MemoryAt(7, 2, 2, [3]*StepMemory{of(2), of(4), of(6)}, nil)
	if !ok || !slices.Equal(at.trace.events, seven.trace.events) || at.Peak != seven.Peak || at.Peak == 0 {
		t.Fatalf("of 7: %d bytes, measured %d", at.Peak, seven.Peak)
	}
	if s.Mean.Data[0] != 0 {
		t.Error("measuring moved the running statistics")
	}
	tape := NewTape(nil)
	tape.Expect(at)
	for range 3 {
		step(tape, 7)
		tape.Reset()
		if held, peak := tape.Bytes(); held != 4*tape.mem.plan.size || peak != at.Peak || len(tape.mem.chunks) != 0 {
			t.Fatalf("%d bytes are held for a plan of %d, at most %d, want %d", held, 4*tape.mem.plan.size, peak, at.Peak)
		}
	}
	if m := NewMeasuring(RecomputeBlocks, Shown{}); m.Recomputes() != RecomputeBlocks || !m.Recomputing() {
		t.Error("a measuring tape's level is lost, or statistics would move")
	}
}
