package autograd

import (
	"runtime/debug"
	"slices"

	"github.com/tessera-go/tessera/tensor"
)

// memory hands out tensors and takes them back. A step in steady state asks for the same lengths in the same order, so the
// first step is traced and planned: from then on every tensor has its offset in one arena, and a step holds hardly more than
// the most that it uses at once. What departs from the plan is cut from chunks, best fit, neighbours joined again; a chunk that
// a whole step did not touch is let go.
type memory struct {
	chunks []*chunk
	where  map[*tensor.Tensor]place // of the tensors that are out
	spare  []*tensor.Tensor         // headers for the next step
	given  []*tensor.Tensor         // headers of this one
	held   int                      // floats in chunks and in the arena
	inUse  int
	peak   int

	trace    trace
	plan     *plan
	arena    []float32
	departed bool // from the plan, in this step
	misses   int  // steps in a row that departed
}

// place is where a tensor's memory lies: n floats at off of a chunk.
type place struct {
	c      *chunk // nil: the arena
	off, n int
	id     int // its number in the step
}

type chunk struct {
	data    []float32
	free    []span // by offset, never touching
	touched bool
}

type span struct{ off, n int }

const (
	chunkFloats = 1 << 20 // the smallest chunk: 4 MiB, two huge pages
	lineFloats  = 16      // tensors begin at cache lines
)

func newMemory() *memory { return &memory{where: map[*tensor.Tensor]place{}} }

func (m *memory) get(shape []int) *tensor.Tensor {
	size := tensor.Size(shape)
	var t *tensor.Tensor
	if k := len(m.spare); k > 0 {
		t = m.spare[k-1]
		m.spare = m.spare[:k-1]
	} else {
		t = &tensor.Tensor{}
	}
	m.given = append(m.given, t)
	t.Shape = append(t.Shape[:0], shape...)
	if size == 0 {
		t.Data = []float32{}
		return t
	}
	id := m.trace.get(size)
	n := lines(size)
	var p place
	if m.follow() {
		p = place{off: m.plan.offset[id], n: n, id: id}
		t.Data = m.arena[p.off : p.off+size : p.off+size]
	} else {
		p = m.take(n)
		p.id = id
		t.Data = p.c.data[p.off : p.off+size : p.off+size]
	}
	m.where[t] = p
	m.inUse += p.n
	m.peak = max(m.peak, m.inUse)
	return t
}

// lines rounds up to whole cache lines.
func lines(n int) int { return (n + lineFloats - 1) &^ (lineFloats - 1) }

// take cuts n floats from the smallest span that has them, or from a new chunk.
func (m *memory) take(n int) place {
	var from *chunk
	at, size := 0, 0
	for _, c := range m.chunks {
		for i, s := range c.free {
			if s.n >= n && (from == nil || s.n < size) {
				from, at, size = c, i, s.n
			}
		}
	}
	if from == nil {
		size = max(n, chunkFloats, m.held)
		from, at = &chunk{data: tensor.New(size).Data, free: []span{{0, size}}}, 0
		m.chunks = append(m.chunks, from)
		m.held += size
	}
	from.touched = true
	s := &from.free[at]
	p := place{c: from, off: s.off, n: n}
	if s.off, s.n = s.off+n, s.n-n; s.n == 0 {
		from.free = slices.Delete(from.free, at, at+1)
	}
	return p
}

// put takes back a tensor's memory before the step's end; its shape can still be read.
func (m *memory) put(t *tensor.Tensor) {
	p, ok := m.where[t]
	if !ok {
		return // empty, or put back already
	}
	delete(m.where, t)
	t.Data = nil
	m.inUse -= p.n
	m.trace.put(p.id)
	m.follow()
	if p.c == nil {
		return
	}
	free := p.c.free
	i, _ := slices.BinarySearchFunc(free, p.off, func(s span, off int) int { return s.off - off })
	before := i > 0 && free[i-1].off+free[i-1].n == p.off
	after := i < len(free) && p.off+p.n == free[i].off
	switch {
	case before && after:
		free[i-1].n += p.n + free[i].n
		free = slices.Delete(free, i, i+1)
	case before:
		free[i-1].n += p.n
	case after:
		free[i] = span{p.off, p.n + free[i].n}
	default:
		free = slices.Insert(free, i, span{p.off, p.n})
	}
	p.c.free = free
}

// putAll takes back what of these tensors is still out.
func (m *memory) putAll(ts []*tensor.Tensor) {
	for _, t := range ts {
		m.put(t)
	}
}

// follow tells whether the step so far is the planned one.
func (m *memory) follow() bool {
	k := len(m.trace.events)
	if m.plan == nil || m.departed || k > len(m.plan.events) || m.trace.events[k-1] != m.plan.events[k-1] {
		m.departed = true
	}
	return !m.departed
}

func (m *memory) reset() {
	again := m.plan == nil && len(m.trace.events) > 0
	if m.departed && m.plan != nil {
		m.misses++
		again = m.misses > 1 // a last, smaller batch is no new plan
	} else {
		m.misses = 0
	}
	var next *plan
	if again {
		next = m.trace.plan()
	}
	m.putAll(m.given)
	m.spare = append(m.spare, m.given...)
	m.given = m.given[:0]
	m.chunks = slices.DeleteFunc(m.chunks, func(c *chunk) bool {
		if !c.touched || again {
			m.held -= len(c.data)
			return true
		}
		c.touched = false
		return false
	})
	m.trace.events, m.trace.count = m.trace.events[:0], 0
	m.departed = false
	if again {
		m.use(next)
	}
}

// use makes p the plan of the steps to come. What was held before goes back to the system first, where it is much: the first
// step's chunks and the arena together would be the most that the process ever holds.
func (m *memory) use(p *plan) {
	m.held -= len(m.arena)
	m.arena = nil
	m.plan, m.misses = p, 0
	if p.size > 16<<20 {
		debug.FreeOSMemory()
	}
	m.arena = tensor.New(p.size).Data
	m.held += p.size
}

// trace is what a step asks of its memory, in order: a length that is taken, or ^id of the tensor given back.
type trace struct {
	events []int
	count  int // tensors so far
}

func (t *trace) get(n int) (id int) {
	t.events = append(t.events, n)
	t.count++
	return t.count - 1
}

func (t *trace) put(id int) { t.events = append(t.events, ^id) }

// plan is a trace with a place for every tensor.
type plan struct {
	events []int
	offset []int
	size   int // of the arena, in floats
}

// plan places the tensors of a step: the largest first, each at the lowest offset where it meets none that lives at the same
// time (Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural Net Inference", greedy by size).
func (t *trace) plan() *plan {
	type life struct{ id, n, from, to int }
	lives := make([]life, 0, t.count)
	for at, e := range t.events {
		if e >= 0 {
			lives = append(lives, life{len(lives), lines(e), at, len(t.events)})
		} else {
			lives[^e].to = at
		}
	}
	p := &plan{events: slices.Clone(t.events), offset: make([]int, len(lives))}
	slices.SortStableFunc(lives, func(a, b life) int { return b.n - a.n })
	const stretch = 64                                                             // events
	during, met := make([][]int, len(t.events)/stretch+1), make([]int, len(lives)) // who lives in each stretch of the step: most live shortly
	var meets []life
	for i, l := range lives {
		meets = meets[:0]
		for k := l.from / stretch; k <= (l.to-1)/stretch; k++ {
			for _, j := range during[k] {
				if o := lives[j]; met[j] != i && o.from < l.to && l.from < o.to {
					met[j] = i
					meets = append(meets, o)
				}
			}
			during[k] = append(during[k], i)
		}
		slices.SortFunc(meets, func(a, b life) int { return p.offset[a.id] - p.offset[b.id] })
		best, room, end := -1, 0, 0
		for _, o := range meets { // the smallest gap that is large enough
			if gap := p.offset[o.id] - end; gap >= l.n && (best < 0 || gap < room) {
				best, room = end, gap
			}
			end = max(end, p.offset[o.id]+o.n)
		}
		if best < 0 {
			best = end
		}
		p.offset[l.id] = best
		p.size = max(p.size, best+l.n)
	}
	return p
}

// StepMemory is what a step asks of its tape's memory, and how much that is at once.
type StepMemory struct {
	Peak  int // bytes
	Piece int // rows of which a part of the batch passes a net at once, see Tape.Piece; 0 where all pass together
	trace trace
}

// Shown is what a measuring tape is shown: so many samples, and rows of each piece, that stand for a batch. Samples 0 stand for themselves.
type Shown struct{ Samples, Batch, Piece int }

// NewMeasuring returns a tape on which a step, forward and backward, can be run to see what it asks of memory, of few samples, to know what a batch asks for, see
// MemoryAt. Running statistics do not move, and nothing else of the model changes.
func NewMeasuring(level Recompute, of Shown) *Tape {
	t := NewTape(nil)
	t.Recompute, t.recompute = level, true
	t.shown = of
	return t
}

// StandsFor returns how many rows there will be where now there are so many: those of the batch, on a measuring tape.
func (t *Tape) StandsFor(rows int) int {
	if t == nil || t.shown.Samples == 0 {
		return rows
	}
	return rows * t.shown.Batch / t.shown.Samples
}

// Piece returns how many rows stand for a piece of n, on a measuring tape.
func (t *Tape) Piece(n int) int {
	t.piece = n
	return t.shown.Piece
}

// Measured returns what the step so far has asked of the tape's memory.
func (t *Tape) Measured() *StepMemory {
	_, peak := t.Bytes()
	return &StepMemory{peak, t.piece, t.mem.trace}
}

// MemoryAt returns what a batch of n asks for, given what three batches do, of few, few+apart and few+2·apart samples: every length is linear in the batch, or
// quadratic, as that of a table of all samples by all. Their pieces, if there are any, were of few rows each, and larger is the first step with pieces of few+apart: what is in
// a piece is linear in its rows; it is then as if all pieces were whole, which is not to the byte what the batch asks for. ok is false where the steps are not the same but for their lengths.
func MemoryAt(n, few, apart int, of [3]*StepMemory, larger *StepMemory) (at *StepMemory, ok bool) {
	events := of[0].trace.events
	if of[0].Piece == 0 {
		larger = of[0]
	}
	if len(of[1].trace.events) != len(events) || len(of[2].trace.events) != len(events) || larger == nil || len(larger.trace.events) != len(events) || apart <= 0 {
		return nil, false
	}
	at = &StepMemory{Piece: of[0].Piece}
	var size []int
	inUse := 0
	for i, a := range events {
		b, c := of[1].trace.events[i], of[2].trace.events[i]
		switch {
		case a >= 0 && b >= 0 && c >= 0:
			length, ok := through(a, b, c, apart, n-few)
			more := (larger.trace.events[i] - a) * (of[0].Piece - few)
			if length += more / apart; !ok || more%apart != 0 {
				return nil, false
			}
			k := at.trace.get(length)
			size = append(size, lines(length))
			inUse += size[k]
			at.Peak = max(at.Peak, inUse*4)
		case a == b && b == c:
			at.trace.put(^a)
			inUse -= size[^a]
		default:
			return nil, false
		}
	}
	return at, true
}

// through returns what the quadratic is at x that is a at 0, b at h and c at 2h (Newton's divided differences); ok is false where that is no length.
func through(a, b, c, h, x int) (y int, ok bool) {
	y = 2*h*h*a + 2*h*x*(b-a) + x*(x-h)*(c-2*b+a)
	return y / (2 * h * h), y >= 0 && y%(2*h*h) == 0
}

// Expect lays out the tape's memory for steps that ask for m, before the first one.
func (t *Tape) Expect(m *StepMemory) { t.mem.use(m.trace.plan()) }
