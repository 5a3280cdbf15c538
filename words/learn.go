package words

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

const (
	// block is how many units are predicted before the vectors change: what workers wait for one another for. It decides the bits.
	block = 16
	// stretch is how many words' units are made at once.
	stretch = 512
	// sentence is how many words of a line are a sentence, at most, as in the C tool (MAX_SENTENCE_LENGTH).
	sentence = 1000
	// sampled is of how many blocks the loss of one is computed: it takes logarithms, and a mean does not need them all.
	sampled = 16
)

// Learning is what a stretch of text was like.
type Learning struct {
	Loss  float64 // sum over the units that were looked at
	Units int     // how many those are
}

// crew are the workers' buffers, which steps share.
type crew struct {
	text   []int32
	places []uint32 // of each word of text: which word it was of what was read
	units  []units
	own    []scratch
	dots   [2][]float32 // by turn: of each leaf its part of the dot products
	room   int          // dot products of a leaf, at most
	came   []atomic.Int64
	turn   int64
	pace   pace
}

// scratch is a worker's own.
type scratch struct {
	h, e, x, p, g, want []float32
}

// thin sets the crew's text to words of a text that are read: frequent ones are left out at random, and sentences end after 1000 words.
func (n *Net) thin(text []int32, first uint64) {
	c := &n.crew
	c.text, c.places = c.text[:0], c.places[:0]
	length, place := 0, -1
	for _, w := range text {
		if w >= 0 {
			place++
			if k := n.keep[w]; k != keepAll {
				if d := at(n.seed, 2*(first+uint64(place))); uint32(d.next()>>32) >= k {
					continue
				}
			}
			if length++; length <= sentence {
				c.text, c.places = append(c.text, w), append(c.places, uint32(place))
				continue
			}
			c.text, c.places = append(c.text, -1, w), append(c.places, 0, uint32(place))
			length = 1
			continue
		}
		if length > 0 {
			c.text, c.places = append(c.text, -1), append(c.places, 0)
		}
		length = 0
	}
}

// make makes the units of a stretch of the crew's text.
func (n *Net) make(u *units, s int, first uint64) {
	c := &n.crew
	u.reset()
	for i := s * stretch; i < min(len(c.text), (s+1)*stretch); i++ {
		if c.text[i] >= 0 {
			n.add(u, c.text, i, at(n.seed, 2*(first+uint64(c.places[i]))+1))
		}
	}
}

// Learn changes the vectors by a text, words' numbers with -1 where a sentence ends, whose first is number first of all that a run reads; what is
// drawn belongs to a word's number. A rate of 0 changes nothing. Unless the options are Free, the bits are the same with any number of workers.
func (n *Net) Learn(text []int32, first uint64, rate float32) Learning {
	n.thin(text, first)
	c := &n.crew
	stretches := (len(c.text) + stretch - 1) / stretch
	for len(c.units) < stretches {
		c.units = append(c.units, units{})
	}
	workers := parallel.Workers()
	if n.Free {
		workers = min(workers, max(stretches, 1))
	} else {
		workers = min(workers, (n.Stride+simd.WordsLeaf-1)/simd.WordsLeaf)
		if workers > 1 {
			var done func(units int)
			workers, done = c.pace.choose(workers)
			defer func() { done(len(c.text)) }()
		}
	}
	for len(c.own) < workers {
		c.own = append(c.own, scratch{})
	}
	if workers == 1 || n.Free {
		return n.alone(workers, stretches, first, rate)
	}
	parallel.For(stretches, func(s int) { n.make(&c.units[s], s, first) })
	return n.together(workers, stretches, rate)
}

// alone lets each worker make and learn stretches by itself, all columns of the vectors.
func (n *Net) alone(workers, stretches int, first uint64, rate float32) (sum Learning) {
	c := &n.crew
	var next atomic.Int64
	each := make([]Learning, workers)
	run := func(w int) {
		for {
			s := int(next.Add(1)) - 1
			if s >= stretches {
				return
			}
			n.make(&c.units[w], s, first)
			part := n.learn(&c.units[w], &c.own[w], nil, 0, n.Stride, rate)
			each[w].Loss += part.Loss
			each[w].Units += part.Units
		}
	}
	var wg sync.WaitGroup
	for w := 1; w < workers; w++ {
		wg.Go(func() { run(w) })
	}
	run(0)
	wg.Wait()
	for _, l := range each {
		sum.Loss += l.Loss
		sum.Units += l.Units
	}
	return sum
}

// together lets each worker learn its own columns of the vectors: of every block they meet once, to add up their parts of the dot products.
func (n *Net) together(workers, stretches int, rate float32) (sum Learning) {
	c := &n.crew
	room := 0
	for s := range stretches {
		u := &c.units[s]
		for from := 0; from < u.n(); from += block {
			room = max(room, n.dots(u, from, min(u.n(), from+block)))
		}
	}
	leaves := (n.Stride + simd.WordsLeaf - 1) / simd.WordsLeaf
	if c.room = max(c.room, pad(room)); len(c.dots[0]) < leaves*c.room {
		c.dots = [2][]float32{make([]float32, leaves*c.room), make([]float32, leaves*c.room)}
	}
	if len(c.came) < workers*line {
		c.came = make([]atomic.Int64, workers*line)
	}
	turn := c.turn
	blocks := int64(0)
	run := func(w int) (sum Learning) {
		t := &team{crew: c, w: w, workers: workers, turn: turn}
		lo, hi := w*leaves/workers*simd.WordsLeaf, min(n.Stride, (w+1)*leaves/workers*simd.WordsLeaf)
		for s := range stretches {
			part := n.learn(&c.units[s], &c.own[w], t, lo, hi, rate)
			sum.Loss += part.Loss
			sum.Units += part.Units
		}
		if w == 0 {
			blocks = t.turn - turn
		}
		return sum
	}
	for w := range c.came {
		c.came[w].Store(turn)
	}
	var wg sync.WaitGroup
	for w := 1; w < workers; w++ {
		wg.Go(func() { run(w) })
	}
	sum = run(0)
	wg.Wait()
	c.turn += blocks
	return sum
}

// line is how many counters lie between two workers', so that each has a cache line of its own.
const line = 8

// team is what a worker knows of the others.
type team struct {
	*crew
	w, workers int
	turn       int64
}

// meet waits until all workers have come.
func (t *team) meet() {
	t.came[t.w*line].Store(t.turn)
	for o := range t.workers {
		for k := 0; t.came[o*line].Load() < t.turn; k++ {
			if k > 4000 { // somebody's core is taken
				runtime.Gosched()
			}
		}
	}
}

// pad returns a number of dot products that fills cache lines.
func pad(n int) int { return (n + simd.WordLanes - 1) / simd.WordLanes * simd.WordLanes }

// dots returns how many dot products units have.
func (n *Net) dots(u *units, from, to int) int {
	if n.Loss == Full {
		return (to - from) * len(n.all)
	}
	a, b := u.targets(from, to)
	return int(b - a)
}

// learn changes columns lo to hi of the vectors by units; the loss is the first worker's.
func (n *Net) learn(u *units, s *scratch, t *team, lo, hi int, rate float32) (sum Learning) {
	cols := hi - lo
	s.h, s.e = grown(s.h, block*cols), grown(s.e, cols)
	leaves := (n.Stride + simd.WordsLeaf - 1) / simd.WordsLeaf
	for from := 0; from < u.n(); from += block {
		to := min(u.n(), from+block)
		k := n.dots(u, from, to)
		kp := pad(k)
		var parts []float32
		apart := kp
		if t == nil {
			s.g = grown(s.g, leaves*kp)
			parts = s.g
		} else {
			t.turn++
			apart, parts = t.room, t.dots[t.turn%2]
		}
		mine := parts[lo/simd.WordsLeaf*apart:]
		n.forward(u, s, mine, lo, cols, from, to, apart)
		if t != nil {
			t.meet()
		}
		s.x, s.p = grown(s.x, kp), grown(s.p, kp)
		x := s.x[:kp]
		clear(x[k:])
		copy(x[:k], parts[:k])
		for l := 1; l < leaves; l++ {
			simd.Add(x[:k], x[:k], parts[l*apart:][:k])
		}
		looked := (t == nil || t.w == 0) && from/block%sampled == 0
		g := n.slope(u, s, x, from, to, rate, looked, &sum)
		if rate != 0 {
			n.backward(u, s, g, lo, cols, from, to)
		}
	}
	return sum
}

// forward makes the means of a block's inputs in columns from lo on, and its dot products in them.
func (n *Net) forward(u *units, s *scratch, dots []float32, lo, cols, from, to, apart int) {
	in, out := n.In[lo:], n.Out[lo:]
	if n.Loss != Full {
		simd.WordsForward(s.h, dots, in, out, u.rows(), from, to, n.Stride, cols, apart)
		return
	}
	for i := from; i < to; i++ {
		h, rows := s.h[(i-from)*cols:][:cols], u.inputs(i)
		simd.WordsMean(h, in, rows, n.Stride, cols, 1/float32(len(rows)))
		simd.WordsDot(dots[(i-from)*len(n.all):], h, out, n.all, n.Stride, cols, apart)
	}
}

// backward changes columns from lo on by a block's slopes g.
func (n *Net) backward(u *units, s *scratch, g []float32, lo, cols, from, to int) {
	in, out := n.In[lo:], n.Out[lo:]
	if n.Loss != Full {
		simd.WordsBackward(in, out, s.h, g, s.e, u.rows(), from, to, n.Stride, cols)
		return
	}
	for i := from; i < to; i++ {
		simd.WordsUpdate(s.e, s.h[(i-from)*cols:][:cols], out, n.all, g[(i-from)*len(n.all):][:len(n.all)], n.Stride, cols)
		simd.WordsAdd(in, u.inputs(i), s.e, n.Stride, cols)
	}
}

// slope returns what the rows of Out are to change by, as parts of h: rate times the slope of the loss by the dot products x. The loss is added to sum
// where it is looked at.
func (n *Net) slope(u *units, s *scratch, x []float32, from, to int, rate float32, looked bool, sum *Learning) []float32 {
	p := s.p[:len(x)]
	if looked {
		sum.Units += to - from
	}
	if n.Loss == Full {
		v := len(n.all)
		for i := from; i < to; i++ {
			row, word := p[(i-from)*v:][:v], u.out[i]
			simd.Softmax(row, x[(i-from)*v:][:v])
			if looked {
				sum.Loss -= math.Log(math.Max(float64(row[word]), math.SmallestNonzeroFloat32))
			}
			simd.Scale(row, -rate, row)
			row[word] += rate
		}
		return p
	}
	a, b := u.targets(from, to)
	s.want = grown(s.want, len(x))
	want := s.want[:len(x)]
	copy(want, u.want[a:b])
	simd.Sigmoid(p, x)
	if looked {
		for i, w := range want[:b-a] {
			y := float64(x[i])
			if w == 0 {
				y = -y
			}
			sum.Loss += math.Max(0, -y) + math.Log1p(math.Exp(-math.Abs(y)))
		}
	}
	simd.WordsSlope(p, x, p, want, rate, n.Loss == Tree)
	return p
}

func grown(b []float32, n int) []float32 {
	if cap(b) < n {
		return make([]float32, n+n/4)
	}
	return b[:n]
}

// pace finds out by the clock whether many workers are faster than one: where the machine's cores are taken, or share what they compute with, waiting
// for one another costs more than it brings. The bits are the same.
type pace struct {
	steps int
	took  [2]float64 // seconds a word, of one worker and of many
}

// choose returns how many workers take the next step, and what is told when it is done.
func (p *pace) choose(many int) (workers int, done func(words int)) {
	const trial = 40 // every so many steps the slower way is tried again
	which := 1
	switch k := p.steps % trial; {
	case p.steps < 4:
		which = p.steps % 2
	case k == trial-1:
		which = 0
		if p.took[0] < p.took[1] {
			which = 1
		}
	case p.took[0] < p.took[1]:
		which = 0
	}
	p.steps++
	workers = many
	if which == 0 {
		workers = 1
	}
	began := time.Now()
	return workers, func(words int) {
		if words == 0 {
			return
		}
		s := time.Since(began).Seconds() / float64(words)
		if p.took[which] == 0 {
			p.took[which] = s
		}
		p.took[which] += 0.3 * (s - p.took[which])
	}
}
