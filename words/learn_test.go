package words

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tessera-go/tessera/internal/parallel"
)

// plain is the loop of Learn in float64, for one worker and without kernels. Its units come from thin and add, stretch by stretch. Of each block of
// units all are predicted from the vectors before; then the vectors change, unit by unit, target by target: what a target adds to the inputs is its
// row as the block's earlier targets left it. With a block of one unit it would be the C tool's loop, where each unit sees all changes before it. A
// worker that waits for others after every unit mostly waits, so a block has sixteen.
type plain64 struct {
	*Net
	in, out []float64
}

func (n *Net) plain() *plain64 { return &plain64{n, doubles(n.In), doubles(n.Out)} }

func (p *plain64) learn(text []int32, first uint64, rate float64) (sum Learning) {
	p.thin(text, first)
	text, places := slices.Clone(p.crew.text), slices.Clone(p.crew.places)
	for from := 0; from < len(text); from += stretch {
		var u units
		for i := from; i < min(len(text), from+stretch); i++ {
			if text[i] >= 0 {
				p.add(&u, text, i, at(p.seed, 2*(first+uint64(places[i]))+1))
			}
		}
		for i := 0; i < u.n(); i += block {
			var few []*units
			for k := i; k < min(u.n(), i+block); k++ {
				few = append(few, u.one(k))
			}
			l := p.block(few, rate)
			if i/block%sampled == 0 {
				sum.Loss += l
				sum.Units += len(few)
			}
		}
	}
	return sum
}

// block learns some units and returns their loss.
func (p *plain64) block(few []*units, rate float64) (loss float64) {
	hs, slopes := make([][]float64, len(few)), make([][]float64, len(few))
	for k, u := range few {
		loss += p.lossOf(u, p.in, p.out)
		h := make([]float64, p.Dim)
		for _, r := range u.in {
			for j := range h {
				h[j] += p.in[int(r)*p.Stride+j] / float64(len(u.in))
			}
		}
		hs[k] = h
		if p.Loss == Full {
			few[k] = &units{in: u.in, out: p.all, want: make([]float32, len(p.all))}
			few[k].want[u.out[0]] = 1
		}
		slopes[k] = p.slopes64(few[k], h, rate)
	}
	for k, u := range few {
		e := make([]float64, p.Dim)
		for i, r := range u.out {
			row := p.out[int(r)*p.Stride:][:p.Dim]
			for j := range e {
				e[j] += slopes[k][i] * row[j]
				row[j] += slopes[k][i] * hs[k][j]
			}
		}
		for _, r := range u.in {
			for j := range e {
				p.in[int(r)*p.Stride+j] += e[j]
			}
		}
	}
	return loss
}

// slopes64 returns rate·(want - prediction) of each target.
func (p *plain64) slopes64(u *units, h []float64, rate float64) []float64 {
	g := make([]float64, len(u.out))
	var sum float64
	for i, r := range u.out {
		for j, v := range h {
			g[i] += v * p.out[int(r)*p.Stride+j]
		}
		sum += math.Exp(g[i])
	}
	for i, x := range g {
		is := 1 / (1 + math.Exp(-x))
		switch {
		case p.Loss == Full:
			is = math.Exp(x) / sum
		case p.Loss == Tree && math.Abs(x) >= 6:
			is = float64(u.want[i])
		case x > 6:
			is = 1
		case x < -6:
			is = 0
		}
		g[i] = rate * (float64(u.want[i]) - is)
	}
	return g
}

// gentle is a rate at which small vocabularies do not diverge. All inputs of a unit get its whole error, so that words, and parts even more, that come
// often in a window or a block move by many times the rate.
func (o Options) gentle() float32 {
	if o.MaxN > 0 {
		return 0.01
	}
	return 0.04
}

// farthest returns the largest distance of values, as a part of the largest value where that is above 1.
func farthest(got []float32, want []float64) (d float64) {
	largest := 1.0
	for i, x := range got {
		if e := math.Abs(float64(x) - want[i]); !(e <= d) {
			d = e
		}
		largest = math.Max(largest, math.Abs(want[i]))
	}
	return d / largest
}

// TestLearnPlain: after thousands of words the vectors and the loss are those of a plain loop. Rows have four leaves.
func TestLearnPlain(t *testing.T) {
	v, text := zipfian(60, 4500)
	lettered(v)
	for _, o := range variants(100) {
		o.Window, o.Sample = 3, 0.02
		n := NewNet(v, o, 2)
		start := doubles(n.In)
		p := n.plain()
		var got, want Learning
		for k := range 3 {
			part, first, rate := text[k*len(text)/3:(k+1)*len(text)/3], uint64(k*1500), o.gentle()*(1-float32(k)/4)
			g := n.Learn(part, first, rate)
			w := p.learn(part, first, float64(rate))
			got, want = Learning{got.Loss + g.Loss, got.Units + g.Units}, Learning{want.Loss + w.Loss, want.Units + w.Units}
		}
		if got.Units != want.Units || got.Units < 100 || !(math.Abs(got.Loss-want.Loss) < 1e-5*want.Loss) {
			t.Errorf("%s: loss %.8g of %d units, want %.8g of %d", o.name(), got.Loss, got.Units, want.Loss, want.Units)
		}
		if in, out := farthest(n.In, p.in), farthest(n.Out, p.out); !(in < 1e-5 && out < 1e-5) {
			t.Errorf("%s: values of In are off by up to %.2g, of Out by %.2g", o.name(), in, out)
		}
		if d := farthest(n.In, start); d < 0.005 {
			t.Errorf("%s: In changes by %.2g: nothing is tested", o.name(), d)
		}
	}
}

// lively sets the clock aside: with as many workers as there can be the next steps are learned.
func (n *Net) lively() { n.crew.pace = pace{steps: 4, took: [2]float64{1e9, 1e-9}} }

// learned returns the vectors and the loss of a text learned by so many workers, in steps of some words.
func learned(t *testing.T, v *Vocabulary, o Options, text []int32, workers int) (in, out []float32, sum Learning) {
	t.Helper()
	defer parallel.SetWorkers(parallel.Workers())
	parallel.SetWorkers(workers)
	n := NewNet(v, o, 3)
	const steps = 3
	for k := range uint64(steps) {
		n.lively()
		l := n.Learn(text[int(k)*len(text)/steps:int(k+1)*len(text)/steps], k<<20, 0.01)
		sum.Loss += l.Loss
		sum.Units += l.Units
	}
	if want := min(workers, (n.Stride+31)/32); !o.Free && want > 1 && len(n.crew.came) != want*line {
		t.Fatalf("%s: %d workers did not learn together: %d counters", o.name(), want, len(n.crew.came))
	}
	return n.In, n.Out, sum
}

// sameBits fails where values differ.
func sameBits(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: value %d is %g, want %g", name, i, got[i], want[i])
		}
	}
}

// TestLearnWorkers: the bits are the same with any number of workers, for every variant and width.
func TestLearnWorkers(t *testing.T) {
	v, text := zipfian(40, 450)
	for _, dim := range []int{1, 16, 33, 100, 300} {
		for _, o := range variants(dim) {
			o.Window, o.Sample = 3, 0.05
			in, out, l := learned(t, v, o, text, 1)
			for _, workers := range []int{2, 3, 4, 8} {
				if workers > (Stride(dim)+31)/32+1 {
					continue // no more workers than leaves
				}
				in2, out2, l2 := learned(t, v, o, text, workers)
				name := fmt.Sprintf("%s, %d workers", o.name(), workers)
				sameBits(t, name+", In", in2, in)
				sameBits(t, name+", Out", out2, out)
				if l2 != l {
					t.Errorf("%s: loss %+v, want %+v", name, l2, l)
				}
			}
		}
	}
}

// edges are texts of words of a vocabulary of two.
var edges = func() map[string][]int32 {
	long := make([]int32, 2300)
	for i := range long {
		long[i] = int32(i / 3 % 2)
	}
	var alone []int32
	for i := range 700 {
		alone = append(alone, int32(i%2), -1)
	}
	return map[string][]int32{
		"nothing": nil, "ends of lines": {-1, -1}, "a word": {1}, "a line of a word": {0, -1}, "two words": {0, 1}, "the same twice": {1, 1, -1},
		"lines of a word": alone, "a long line": long, "one more than a sentence": long[:1001], "a stretch": long[:512], "one more than a stretch": long[:513],
	}
}()

// TestLearnEdges: texts without units change nothing, all others the same whoever learns them, and as the plain loop does.
func TestLearnEdges(t *testing.T) {
	v := ofCounts(7, 5)
	v.Words = []string{"one", "zwei"}
	v.build()
	units := map[string]bool{}
	for name, text := range edges {
		for _, c := range [][2]int{{1, 5}, {40, 1}} {
			for _, o := range variants(c[0]) {
				o.Window = c[1]
				in, out, l := learned(t, v, o, text, 1)
				in2, out2, l2 := learned(t, v, o, text, 2)
				at := name + ": " + o.name()
				sameBits(t, at+", In", in2, in)
				sameBits(t, at+", Out", out2, out)
				if l2 != l {
					t.Errorf("%s: loss %+v, want %+v", at, l2, l)
				}
				p := NewNet(v, o, 3).plain()
				start := slices.Clone(p.In)
				for k := range uint64(3) {
					p.learn(text[int(k)*len(text)/3:int(k+1)*len(text)/3], k<<20, 0.01)
				}
				if !(farthest(in, p.in) < 1e-4) || !(farthest(out, p.out) < 1e-4) {
					t.Errorf("%s: off by %.2g", at, farthest(in, p.in))
				}
				if l.Units == 0 {
					sameBits(t, at+", nothing learned", in, start)
				}
				units[name] = units[name] || l.Units > 0
			}
		}
	}
	for _, name := range []string{"nothing", "ends of lines", "a word", "a line of a word", "lines of a word"} {
		if units[name] {
			t.Errorf("%s has units", name)
		}
	}
	if !units["a long line"] || !units["a stretch"] {
		t.Errorf("what has units: %v", units)
	}
}

// TestLearnOneWord: a vocabulary of one word learns without failing.
func TestLearnOneWord(t *testing.T) {
	for _, o := range variants(20) {
		n := NewNet(ofCounts(9), o, 1)
		for range 20 {
			n.Learn(make([]int32, 100), 0, 0.05)
		}
		for _, x := range slices.Concat(n.In, n.Out) {
			if math.IsNaN(float64(x)) || math.Abs(float64(x)) > 10 {
				t.Fatalf("%s: %g", o.name(), x)
			}
		}
	}
}

// TestLearnMoves: one net learned by now one, now many workers, as the clock decides, has the bits of one.
func TestLearnMoves(t *testing.T) {
	v, text := zipfian(40, 1500)
	defer parallel.SetWorkers(parallel.Workers())
	for _, o := range variants(100) {
		one, many := NewNet(v, o, 1), NewNet(v, o, 1)
		for k := range 10 {
			part := text[k*150 : (k+1)*150]
			parallel.SetWorkers(1)
			a := one.Learn(part, uint64(k*150), 0.05)
			parallel.SetWorkers([]int{4, 1, 2, 3, 8}[k%5])
			if k%3 > 0 {
				many.lively()
			}
			if b := many.Learn(part, uint64(k*150), 0.05); a != b {
				t.Errorf("%s: loss %+v, want %+v", o.name(), b, a)
			}
		}
		sameBits(t, o.name()+", In", many.In, one.In)
		sameBits(t, o.name()+", Out", many.Out, one.Out)
	}
}

// TestLearnPieces: what is drawn belongs to a word's number, so that lines learned in pieces have the units of all of them at once; where a piece
// ends with a stretch, the bits are the same too.
func TestLearnPieces(t *testing.T) {
	v, text := zipfian(40, 15*256)
	var lines []int32 // of 15 words and an end: 32 of them are a stretch
	words := 0
	for _, w := range text {
		if w < 0 {
			continue
		}
		if lines = append(lines, w); words%15 == 14 {
			lines = append(lines, -1)
		}
		words++
	}
	cuts := [][2]int{{0, 0}} // in lines, and the number of the word there
	for _, l := range []int{1, 31, 32, 64, 200, 256} {
		cuts = append(cuts, [2]int{16 * l, 15 * l})
	}
	for _, o := range variants(20) {
		o.Sample = 0.02
		n := NewNet(v, o, 6)
		made := func(from, to [2]int) (u units) {
			n.thin(lines[from[0]:to[0]], uint64(from[1]))
			for s := range (len(n.crew.text) + stretch - 1) / stretch {
				var part units
				n.make(&part, s, uint64(from[1]))
				for i := range part.n() {
					p := part.one(i)
					u.in, u.out, u.want = append(u.in, p.in...), append(u.out, p.out...), append(u.want, p.want...)
					u.inEnd, u.outEnd = append(u.inEnd, int32(len(u.in))), append(u.outEnd, int32(len(u.out)))
				}
			}
			return u
		}
		all := made(cuts[0], cuts[len(cuts)-1])
		a := 0
		for i := range cuts[1:] {
			u := made(cuts[i], cuts[i+1])
			for k := range u.n() {
				if got, want := u.one(k), all.one(a+k); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Fatalf("%s: unit %d of the piece at %d is %+v, want %+v", o.name(), k, cuts[i], got, want)
				}
			}
			a += u.n()
		}
		if a != all.n() || a < 500 {
			t.Errorf("%s: %d units in pieces, %d at once", o.name(), a, all.n())
		}
		o.Sample = 0
		whole, pieces := NewNet(v, o, 6), NewNet(v, o, 6)
		want := whole.Learn(lines, 0, 0.05)
		var got Learning
		for from := 0; from < len(lines); {
			to := min(len(lines), from+[]int{512, 1024}[from/512%2])
			l := pieces.Learn(lines[from:to], uint64(from/16*15), 0.05)
			got = Learning{got.Loss + l.Loss, got.Units + l.Units}
			from = to
		}
		sameBits(t, o.name()+", In", pieces.In, whole.In)
		sameBits(t, o.name()+", Out", pieces.Out, whole.Out)
		if got.Units != want.Units || !(math.Abs(got.Loss-want.Loss) < 1e-9*want.Loss) {
			t.Errorf("%s: loss %+v, want %+v", o.name(), got, want)
		}
	}
}

// TestLearnRate: a rate of 0 measures and changes nothing.
func TestLearnRate(t *testing.T) {
	v, text := zipfian(40, 1000)
	for _, o := range variants(40) {
		n := NewNet(v, o, 1)
		n.randomise(rand.New(rand.NewPCG(5, 5)), 0.2)
		in, out := slices.Clone(n.In), slices.Clone(n.Out)
		l := n.Learn(text, 0, 0)
		sameBits(t, o.name()+", In", n.In, in)
		sameBits(t, o.name()+", Out", n.Out, out)
		if want := n.plain().learn(text, 0, 0); l.Units != want.Units || l.Units == 0 || !(math.Abs(l.Loss-want.Loss) < 1e-5*want.Loss) {
			t.Errorf("%s: loss %+v, want %+v", o.name(), l, want)
		}
	}
}

// structured is a text of lines of words that belong together: of each line, the words of one group of four.
func structured(groups, lines int) (*Vocabulary, []int32) {
	r := rand.New(rand.NewPCG(8, 8))
	var text []int32
	for range lines {
		g := r.IntN(groups)
		for range 8 {
			text = append(text, int32(4*g+r.IntN(4)))
		}
		text = append(text, -1)
	}
	return lettered(ranked(text, 4*groups)), text
}

// least is the loss of predictions that know the group, where a vocabulary of so many words has groups of four and they come equally often.
func (o Options) least(words int) float64 {
	if o.Loss != Negative {
		return math.Log(4)
	}
	p := 1.0 / 4
	q := float64(o.Negatives) / float64(words) * (1 - p)
	return 4 * (p*math.Log1p(q/p) + q*math.Log1p(p/q))
}

// TestLearns: every variant, also without waiting for other workers, comes to predict as well as one can who knows which group a line is of, and all its
// vectors change: own ones, those of parts, and those that predict. A variant that trains nothing fails here.
func TestLearns(t *testing.T) {
	const passes = 30
	v, text := structured(6, 400)
	defer parallel.SetWorkers(parallel.Workers())
	for _, o := range variants(16) {
		for _, o.Free = range []bool{false, true} {
			parallel.SetWorkers(1)
			if o.Free {
				parallel.SetWorkers(4)
			}
			n := NewNet(v, o, 4)
			in := slices.Clone(n.In)
			var last Learning
			for pass := range passes {
				last = n.Learn(text, uint64(pass)<<20, 0.03*(1-float32(pass)/passes))
			}
			name := fmt.Sprintf("%s,free=%v", o.name(), o.Free)
			if loss, least := last.Loss/float64(last.Units), o.least(len(v.Words)); !(math.Abs(loss/least-1) < 0.1 && loss < n.Trivial()/1.5) {
				t.Errorf("%s: loss %.4f, want %.4f; without looking it is %.4f", name, loss, least, n.Trivial())
			}
			moved(t, name+", In", n, n.In, in, func(row int) bool {
				return row < len(v.Words) || slices.Contains(n.parts.list, int32(row))
			})
			moved(t, name+", Out", n, n.Out, make([]float32, len(n.Out)), func(int) bool { return true })
		}
	}
}

// moved checks that the rows that are used have changed, and others not.
func moved(t *testing.T, name string, n *Net, is, was []float32, used func(row int) bool) {
	t.Helper()
	for row := range len(is) / n.Stride {
		var d float64
		for j := row * n.Stride; j < (row+1)*n.Stride; j++ {
			d += math.Abs(float64(is[j] - was[j]))
		}
		if u := used(row); u && !(d > 0.05 && d < 100) || !u && d != 0 {
			t.Errorf("%s: row %d, used %v, has moved by %g", name, row, u, d)
		}
	}
}

// TestPace: the faster way is taken, the other one tried from time to time, and one worker is no more than tried where many are faster.
func TestPace(t *testing.T) {
	var p pace
	tries := [2]int{}
	for range 4 {
		workers, _ := p.choose(5)
		tries[min(1, workers-1)]++
	}
	if tries != [2]int{2, 2} {
		t.Errorf("the first steps are by one worker %d times, by many %d times", tries[0], tries[1])
	}
	for k, took := range [][2]float64{{1, 2}, {2, 1}} {
		p := pace{steps: 40, took: took}
		tries := [2]int{}
		for range 80 {
			workers, done := p.choose(5)
			if workers != 1 && workers != 5 {
				t.Fatalf("%d workers", workers)
			}
			done(0)
			tries[min(1, workers-1)]++
		}
		if tries[1-k] != 2 {
			t.Errorf("%v seconds: one worker %d times, many %d times", took, tries[0], tries[1])
		}
		if p.took != took {
			t.Errorf("a step without words took %v", p.took)
		}
	}
	p = pace{steps: 40}
	_, done := p.choose(2)
	time.Sleep(5 * time.Millisecond)
	if done(1000); !(p.took[1] >= 5e-6 && p.took[1] < 5e-3) || p.took[0] != 0 {
		t.Errorf("a thousand words took %v seconds each", p.took)
	}
	p = pace{steps: 40, took: [2]float64{5000, 1000}}
	_, done = p.choose(2)
	if done(1000); !(math.Abs(p.took[1]-700) < 1) || p.took[0] != 5000 {
		t.Errorf("of a step in no time and one of 1000 s the mean is %v", p.took)
	}
}
