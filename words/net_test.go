package words

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/tensor"
)

// variants are the ways to learn, small.
func variants(dim int) (out []Options) {
	for _, o := range []Options{{Loss: Negative, Negatives: 3}, {Loss: Tree}, {Loss: Full}} {
		for _, o.SkipGram = range []bool{false, true} {
			for _, o.MaxN = range []int{0, 3} {
				if o.MaxN > 0 {
					o.MinN, o.Buckets = 2, 150
				}
				o.Dim, o.Window = dim, 2
				out = append(out, o)
			}
		}
	}
	return out
}

func (o Options) name() string {
	return fmt.Sprintf("%s,skipgram=%v,parts=%v,dim=%d,window=%d,sample=%g", o.Loss, o.SkipGram, o.MaxN > 0, o.Dim, o.Window, o.Sample)
}

// randomise sets the columns that are used to numbers around 0.
func (n *Net) randomise(r *rand.Rand, deviation float64) {
	for _, table := range [][]float32{n.In, n.Out} {
		for i := range table {
			if i%n.Stride < n.Dim {
				table[i] = float32(r.NormFloat64() * deviation)
			}
		}
	}
}

// dozen returns a vocabulary of twelve words with parts.
func dozen() *Vocabulary {
	v := ofCounts(90, 70, 50, 40, 40, 30, 20, 12, 9, 7, 6, 5)
	v.Words = []string{"the", "of", "a", "sea", "ship", "sail", "wave", "wind", "ware", "see", "über", "日本"}
	v.build()
	return v
}

// lettered gives a vocabulary words that share few parts.
func lettered(v *Vocabulary) *Vocabulary {
	r := rand.New(rand.NewPCG(6, 6))
	for i := range v.Words {
		v.Words[i] = ""
		for range 4 {
			v.Words[i] += string(rune('a' + r.IntN(20)))
		}
	}
	v.build()
	return v
}

// one returns unit i of some alone.
func (u *units) one(i int) *units {
	a, b := ends(u.inEnd, i, i+1)
	c, d := u.targets(i, i+1)
	o := &units{in: u.in[a:b], inEnd: []int32{b - a}, out: u.out[c:d], outEnd: []int32{d - c}}
	if u.want != nil {
		o.want = u.want[c:d]
	}
	return o
}

// gradients returns the loss of a unit and what autograd finds its gradients to be. Those of In are not of the mean of the inputs but of each as if
// it were alone: the C tool adds the mean's gradient to each of m inputs, which is m times its own.
func (n *Net) gradients(tape *autograd.Tape, u *units) (loss float64, in, out []float32) {
	table := func(x []float32) *tensor.Tensor { return tensor.From(slices.Clone(x), len(x)/n.Stride, n.Stride) }
	given, predicts := table(n.In), table(n.Out)
	tape.Reset()
	x, w := tape.Param(given), tape.Param(predicts)
	h := autograd.Reshape(autograd.MeanAxis(autograd.Gather(x, u.in), 0), 1, n.Stride)
	var l *autograd.Var
	if n.Loss == Full {
		l = autograd.CrossEntropy(autograd.MatMulNT(h, w), u.out)
	} else {
		l = autograd.BCEWithLogits(autograd.MatMulNT(h, autograd.Gather(w, u.out)), tensor.From(slices.Clone(u.want), 1, len(u.want)),
			autograd.LossOptions{Sum: true})
	}
	g := tape.Backward(l)
	in, out = slices.Clone(g.Of(given).Data), slices.Clone(g.Of(predicts).Data)
	for i := range in {
		in[i] *= float32(len(u.in))
	}
	return float64(l.Value.Data[0]), in, out
}

// lossOf returns the loss of a unit in float64.
func (n *Net) lossOf(u *units, in, out []float64) (loss float64) {
	h := make([]float64, n.Dim)
	for _, r := range u.in {
		for j := range h {
			h[j] += in[int(r)*n.Stride+j] / float64(len(u.in))
		}
	}
	dot := func(row int32) (x float64) {
		for j, v := range h {
			x += v * out[int(row)*n.Stride+j]
		}
		return x
	}
	if n.Loss == Full {
		var sum float64
		for w := range n.Vocabulary.Words {
			sum += math.Exp(dot(int32(w)))
		}
		return math.Log(sum) - dot(u.out[0])
	}
	for i, row := range u.out {
		x := dot(row)
		if u.want[i] == 0 {
			x = -x
		}
		loss += softplus(-x)
	}
	return loss
}

// softplus returns ln(1 + exp(x)).
func softplus(x float64) float64 { return math.Max(0, x) + math.Log1p(math.Exp(-math.Abs(x))) }

func doubles(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// someSentences returns n sentences of 2 to 5 of the dozen words.
func someSentences(r *rand.Rand, n int) (text [][]int32) {
	for range n {
		s := make([]int32, 2+r.IntN(4))
		for i := range s {
			s[i] = int32(r.IntN(12))
		}
		text = append(text, s)
	}
	return text
}

// repeats tells whether a row comes twice.
func repeats(rows []int32) bool {
	s := slices.Sorted(slices.Values(rows))
	return len(slices.Compact(s)) < len(rows)
}

// TestGradients: what a unit changes is the gradient that autograd finds, in every column, of vectors that are all random. A row that a unit
// predicts with twice has its second change from vectors that the first one changed: of those units the rate is small, and the bound wide.
func TestGradients(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, dim := range []int{20, 100} {
		for _, o := range variants(dim) {
			t.Run(o.name(), func(t *testing.T) {
				n, tape := NewNet(dozen(), o, 1), autograd.NewTape(nil)
				exact := 0
				for k, text := range someSentences(r, 7) {
					n.randomise(r, 0.25)
					var all units
					for i := range text {
						n.add(&all, text, i, at(3, uint64(k*10+i)))
					}
					if all.n() < len(text) {
						t.Fatalf("%d words make %d units", len(text), all.n())
					}
					for i := range all.n() {
						u := all.one(i)
						rate, bound := float32(1), 3e-6
						if repeats(u.out) {
							rate, bound = 1.0/1024, 3e-3
						} else {
							exact++
						}
						n.changes(t, tape, u, rate, bound, func() Learning { return n.learn(u, &scratch{}, nil, 0, n.Stride, rate) })
					}
				}
				if exact < 10 {
					t.Errorf("only %d units have no row twice", exact)
				}
			})
		}
	}
}

// changes checks what learn changes by a unit, and its loss, and puts the vectors back.
func (n *Net) changes(t *testing.T, tape *autograd.Tape, u *units, rate float32, bound float64, learn func() Learning) {
	t.Helper()
	in, out := slices.Clone(n.In), slices.Clone(n.Out)
	loss, dIn, dOut := n.gradients(tape, u)
	n.slopes(t, u, in, out, dIn, dOut)
	l := learn()
	if l.Units != 1 || !(math.Abs(l.Loss-loss) < 1e-5) {
		t.Errorf("%+v: loss %g of %d units, want %g of 1", u, l.Loss, l.Units, loss)
	}
	for _, c := range []struct {
		name             string
		was, is, d       []float32
		rows, dim, apart int
	}{{"In", in, n.In, dIn, len(in) / n.Stride, n.Dim, n.Stride}, {"Out", out, n.Out, dOut, len(out) / n.Stride, n.Dim, n.Stride}} {
		var largest float64
		for i, d := range c.d {
			got := float64(c.was[i]-c.is[i]) / float64(rate)
			if !(math.Abs(got-float64(d)) <= bound) {
				t.Fatalf("%+v: %s[%d, %d] has the gradient %g, want %g", u, c.name, i/c.apart, i%c.apart, got, d)
			}
			if i%c.apart >= c.dim && c.is[i] != 0 {
				t.Fatalf("%+v: what pads %s is %g", u, c.name, c.is[i])
			}
			largest = math.Max(largest, math.Abs(float64(d)))
		}
		if largest < 20*bound {
			t.Fatalf("%+v: the largest gradient of %s is %g: nothing is tested", u, c.name, largest)
		}
	}
	copy(n.In, in)
	copy(n.Out, out)
}

// slopes checks gradients against differences of the loss in a random direction.
func (n *Net) slopes(t *testing.T, u *units, in, out, dIn, dOut []float32) {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 7))
	const h = 1e-4
	var want float64
	x := [2][2][]float64{{doubles(in), doubles(out)}, {doubles(in), doubles(out)}}
	for k, d := range [][]float32{dIn, dOut} {
		for i, g := range d {
			if i%n.Stride < n.Dim {
				way := r.NormFloat64()
				x[0][k][i] -= h * way
				x[1][k][i] += h * way
				if k == 0 {
					way /= float64(len(u.in))
				}
				want += way * float64(g)
			}
		}
	}
	got := (n.lossOf(u, x[1][0], x[1][1]) - n.lossOf(u, x[0][0], x[0][1])) / (2 * h)
	if !(math.Abs(got-want) < 1e-5*(1+math.Abs(want))) {
		t.Fatalf("%+v: the loss rises by %g in some direction, the gradients say %g", u, got, want)
	}
}

// TestGradientsOfText: Learn changes the vectors by the gradients of a sentence's units, all of them from the vectors before where they are few.
func TestGradientsOfText(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for _, o := range variants(20) {
		o.Window = 1
		n, tape := NewNet(dozen(), o, 4), autograd.NewTape(nil)
		for k, text := range someSentences(r, 6) {
			n.randomise(r, 0.25)
			in, out := slices.Clone(n.In), slices.Clone(n.Out)
			first := uint64(10 * k)
			var all units
			for i := range text {
				n.add(&all, text, i, at(n.seed, 2*(first+uint64(i))+1))
			}
			var loss float64
			dIn, dOut := make([]float64, len(in)), make([]float64, len(out))
			for i := range all.n() {
				l, a, b := n.gradients(tape, all.one(i))
				loss += l
				for j := range a {
					dIn[j] += float64(a[j])
				}
				for j := range b {
					dOut[j] += float64(b[j])
				}
			}
			const rate = 1.0 / 512
			l := n.Learn(text, first, rate)
			if l.Units != all.n() || !(math.Abs(l.Loss-loss) < 1e-5*loss) {
				t.Errorf("%s: loss %g of %d units, want %g of %d", o.name(), l.Loss, l.Units, loss, all.n())
			}
			for j, d := range dIn {
				if got := float64(in[j]-n.In[j]) / rate; !(math.Abs(got-d) < 0.02) {
					t.Fatalf("%s: In[%d] has the gradient %g, want %g", o.name(), j, got, d)
				}
			}
			for j, d := range dOut {
				if got := float64(out[j]-n.Out[j]) / rate; !(math.Abs(got-d) < 0.02) {
					t.Fatalf("%s: Out[%d] has the gradient %g, want %g", o.name(), j, got, d)
				}
			}
		}
	}
}

// TestClipping: beyond ±6 a negative sample is as good as certain, and a node of a tree is passed over, as the C tool's table of σ has it.
func TestClipping(t *testing.T) {
	for _, loss := range []Loss{Negative, Tree} {
		for _, x := range []float32{-5000, -50, -7, -6.1, -5.9, -1, 0, 1, 5.9, 6.1, 7, 50, 5000} {
			for _, want := range []float32{0, 1} {
				o := Options{Loss: loss, Dim: 20, Window: 2, Negatives: 1}
				n := NewNet(dozen(), o, 1)
				clear(n.In)
				n.In[3*n.Stride] = 1 // h is [1 0 0 ...]: the dot product is the first value of the row of Out
				n.Out[4*n.Stride], n.Out[4*n.Stride+1] = x, 0.5
				g := want - float32(1/(1+math.Exp(-float64(x))))
				switch {
				case loss == Tree && (x > 6 || x < -6):
					g = 0
				case x > 6:
					g = want - 1
				case x < -6:
					g = want
				}
				u := &units{in: []int32{3}, inEnd: []int32{1}, out: []int32{4}, outEnd: []int32{1}, want: []float32{want}}
				l := n.learn(u, &scratch{}, nil, 0, n.Stride, 0.5)
				for _, c := range []struct {
					name      string
					got, want float32
				}{
					{"Out's first value", n.Out[4*n.Stride], x + g/2}, {"Out's second value", n.Out[4*n.Stride+1], 0.5},
					{"In's first value", n.In[3*n.Stride], 1 + g/2*x}, {"In's second value", n.In[3*n.Stride+1], g / 2 * 0.5},
				} {
					if !(math.Abs(float64(c.got-c.want)) <= 4e-6*(1+math.Abs(float64(c.want)))) {
						t.Errorf("%s, x = %g, want %g: %s is %g, want %g", loss, x, want, c.name, c.got, c.want)
					}
				}
				sign := float64(2*want - 1)
				if want := softplus(-sign * float64(x)); !(math.Abs(l.Loss-want) <= 1e-6*(1+want)) {
					t.Errorf("%s, x = %g: loss %g, want %g", loss, x, l.Loss, want)
				}
			}
		}
	}
}

// TestAdd: which words are given, which is predicted, and that a sentence's end bounds the window.
func TestAdd(t *testing.T) {
	text := []int32{9, 8, -1, 1, 2, 3, 4, 5, -1, 7, -1, 6, 6}
	for _, skipgram := range []bool{false, true} {
		n := NewNet(dozen(), Options{SkipGram: skipgram, Loss: Full, Dim: 4, Window: 3}, 1)
		for i, word := range text {
			if word < 0 {
				continue
			}
			seen := map[int]bool{}
			for k := range uint64(60) {
				d := at(1, k)
				e := d
				window := 3 - int(e.below(3))
				seen[window] = true
				var context []int32
				for j := max(0, i-window); j <= min(len(text)-1, i+window); j++ {
					if j != i && !slices.Contains(text[min(i, j):max(i, j)+1], -1) {
						context = append(context, text[j])
					}
				}
				var u units
				n.add(&u, text, i, d)
				want := &units{}
				switch {
				case len(context) == 0:
				case skipgram:
					for j, c := range context {
						want.in, want.inEnd = append(want.in, c), append(want.inEnd, int32(j+1))
						want.out, want.outEnd = append(want.out, word), append(want.outEnd, int32(j+1))
					}
				default:
					want.in, want.inEnd, want.out, want.outEnd = context, []int32{int32(len(context))}, []int32{word}, []int32{1}
				}
				if !slices.Equal(u.in, want.in) || !slices.Equal(u.inEnd, want.inEnd) || !slices.Equal(u.out, want.out) || !slices.Equal(u.outEnd, want.outEnd) {
					t.Fatalf("skip-gram %v, word %d of window %d: %+v, want %+v", skipgram, i, window, u, want)
				}
			}
			if len(seen) != 3 {
				t.Errorf("windows %v", seen)
			}
		}
	}
}

// TestAddTargets: of the word come first 1 and then Negatives words with 0, less those that are the word; of a tree its path.
func TestAddTargets(t *testing.T) {
	v := dozen()
	text := []int32{0, 5}
	drawn, own := make([]int, 12), 0
	n := NewNet(v, Options{Loss: Negative, Dim: 4, Window: 1, Negatives: 7}, 1)
	const times = 30000
	for k := range uint64(times) {
		var u units
		n.add(&u, text, 0, at(2, k))
		if u.n() != 1 || u.out[0] != 0 || u.want[0] != 1 || len(u.out) > 8 || len(u.want) != len(u.out) {
			t.Fatalf("%+v", u)
		}
		own += 8 - len(u.out)
		for i, w := range u.out[1:] {
			if w == 0 || u.want[i+1] != 0 {
				t.Fatalf("%+v", u)
			}
			drawn[w]++
		}
	}
	drawn[0] = own
	weight, want := noise(v), make([]float64, 12)
	var sum float64
	for _, w := range weight {
		sum += w
	}
	for i, w := range weight {
		want[i] = 7 * times * w / sum
	}
	if z := chi(drawn, want); !(math.Abs(z) < 4) {
		t.Errorf("negative words come %v times, want %.0f", drawn, want)
	}
	n = NewNet(v, Options{Loss: Tree, Dim: 4, Window: 1}, 1)
	for w := range int32(12) {
		var u units
		n.add(&u, []int32{3, w}, 1, at(2, 1))
		if u.n() != 1 || !slices.Equal(u.out, n.tree.path(w)) || !slices.Equal(u.want, n.tree.wants(w)) || len(u.out) == 0 {
			t.Errorf("word %d: %+v", w, u)
		}
	}
}

// TestWindow: how many words to either side are given is uniform from 1 to the window.
func TestWindow(t *testing.T) {
	text := make([]int32, 41)
	for _, window := range []int{1, 2, 5, 20} {
		n := NewNet(dozen(), Options{Loss: Full, Dim: 4, Window: window}, 1)
		got, want := make([]int, window), make([]float64, window)
		for k := range uint64(20000) {
			var u units
			n.add(&u, text, 20, at(n.seed, 2*k+1))
			if len(u.in)%2 != 0 || len(u.in) < 2 || len(u.in) > 2*window {
				t.Fatalf("window %d: %d words", window, len(u.in))
			}
			got[len(u.in)/2-1]++
		}
		for i := range want {
			want[i] = 20000 / float64(window)
		}
		if window > 1 && !(math.Abs(chi(got, want)) < 4) {
			t.Errorf("window %d: %v", window, got)
		}
	}
}

// TestThin: frequent words are read as often as kept says, whatever was drawn belongs to a word's number, and windows reach across what is left out.
func TestThin(t *testing.T) {
	v, text := zipfian(50, 60000)
	const sample = 1e-3
	n := NewNet(v, Options{Loss: Full, Dim: 4, Window: 2, Sample: sample}, 1)
	n.thin(text, 77)
	was, is := make([]float64, 50), make([]float64, 50)
	var words []int32
	for _, w := range text {
		if w >= 0 {
			words = append(words, w)
			was[w]++
		}
	}
	last := -1
	for i, w := range n.crew.text {
		if w < 0 {
			continue
		}
		place := int(n.crew.places[i])
		if place <= last || words[place] != w {
			t.Fatalf("word %d of what is read is %d, of number %d, which is %d", i, w, place, words[place])
		}
		last = place
		is[w]++
	}
	total := v.Kept()
	for w := range was {
		f := float64(v.Counts[w]) / float64(total)
		p := math.Min(1, (math.Sqrt(f/sample)+1)*sample/f)
		if z := (is[w] - was[w]*p) / math.Sqrt(was[w]*p*(1-p)+1e-9); math.Abs(z) > 4.5 {
			t.Errorf("word %d: %g of %g are read, want %.1f%%", w, is[w], was[w], 100*p)
		}
	}
	if is[0] > was[0]/4 || is[49] > was[49]-10 {
		t.Errorf("too little is left out to tell: %g of %g", is[0], was[0])
	}
}

// TestThinSentences: a sentence ends where a line does and after 1000 words that are read; none is empty.
func TestThinSentences(t *testing.T) {
	n := NewNet(dozen(), Options{Loss: Full, Dim: 4, Window: 2}, 1)
	var long []int32
	for i := range 2500 {
		long = append(long, int32(i%12))
	}
	lengths := func(text []int32) (out []int) {
		n.thin(text, 0)
		k := 0
		for i, w := range n.crew.text {
			if w >= 0 {
				k++
			}
			if w < 0 || i == len(n.crew.text)-1 {
				out = append(out, k)
				k = 0
			}
		}
		return out
	}
	for _, c := range []struct {
		text []int32
		want []int
	}{
		{nil, nil}, {[]int32{-1, -1}, nil}, {[]int32{3}, []int{1}}, {[]int32{-1, 3, -1, -1, 4, 5, -1}, []int{1, 2}}, {[]int32{1, -1, 2, 3}, []int{1, 2}},
		{long, []int{1000, 1000, 500}}, {long[:1000], []int{1000}}, {long[:1001], []int{1000, 1}},
		{slices.Concat(long[:1000], []int32{-1}, long[:5]), []int{1000, 5}}, {slices.Concat(long[:1999], []int32{-1}, long[:1000]), []int{1000, 999, 1000}},
	} {
		if got := lengths(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%d words and ends are sentences of %v words, want %v", len(c.text), got, c.want)
		}
	}
	n.keep[7] = 0 // never read
	if got := lengths(slices.Concat(long, []int32{-1, 7, 7, -1, 7, 3, 7})); !slices.Equal(got, []int{1000, 1000, 292, 1}) {
		t.Errorf("without a word: sentences of %v", got)
	}
}

// TestTrivial: it is the least loss of one constant for each row of Out, found by the numbers of units drawn from a text in which no word says anything
// of another.
func TestTrivial(t *testing.T) {
	_, text := zipfian(30, 150000)
	v := ranked(text, 30)
	for _, loss := range []Loss{Negative, Tree, Full} {
		for _, skipgram := range []bool{false, true} {
			for _, sample := range []float64{0, 1e-3} {
				o := Options{SkipGram: skipgram, Loss: loss, Dim: 4, Window: 2, Negatives: 4, Sample: sample}
				n := NewNet(v, o, 5)
				n.thin(text, 0)
				var all units
				for i, w := range n.crew.text {
					if w >= 0 {
						n.add(&all, n.crew.text, i, at(n.seed, 2*uint64(n.crew.places[i])+1))
					}
				}
				got, want := n.Trivial(), constants(n, &all)
				if !(math.Abs(got-want) < 0.006*want) {
					t.Errorf("%s: %.4f, the best constants have %.4f", o.name(), got, want)
				}
			}
		}
	}
	for _, loss := range []Loss{Negative, Tree, Full} {
		if got := NewNet(ofCounts(3), Options{Loss: loss, Dim: 4, Window: 2, Negatives: 4}, 1).Trivial(); got != 0 {
			t.Errorf("%s: of the only word %g", loss, got)
		}
	}
}

// ranked numbers the words of a text anew, the most frequent first, and returns the vocabulary that it has.
func ranked(text []int32, words int) *Vocabulary {
	counts, order, rank := make([]int64, words), make([]int, words), make([]int32, words)
	for _, w := range text {
		if w >= 0 {
			counts[w]++
		}
	}
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(counts[b] - counts[a]) })
	for r, w := range order {
		rank[w] = int32(r)
	}
	for i, w := range text {
		if w >= 0 {
			text[i] = rank[w]
		}
	}
	slices.SortFunc(counts, func(a, b int64) int { return int(b - a) })
	return ofCounts(counts...)
}

// constants returns the mean loss of units with the best scores that do not look at what is given. The scores are found by Newton's steps.
func constants(n *Net, u *units) (loss float64) {
	rows := len(n.Out) / n.Stride
	yes, no := make([]float64, rows), make([]float64, rows)
	for i, row := range u.out {
		if u.want[i] == 1 {
			yes[row]++
		} else {
			no[row]++
		}
	}
	if n.Loss == Full { // softmax: gradient steps of the scores, each as long as its own curvature allows
		x := make([]float64, rows)
		p := make([]float64, rows)
		for range 300 {
			var sum float64
			for i := range x {
				p[i] = math.Exp(x[i])
				sum += p[i]
			}
			loss = 0
			for i := range x {
				p[i] /= sum
				f := yes[i] / float64(u.n())
				loss -= f * math.Log(p[i])
				x[i] += math.Max(-1, math.Min(1, (f-p[i])/(2*p[i])))
			}
		}
		return loss
	}
	for i := range yes {
		if yes[i]+no[i] == 0 {
			continue
		}
		x := 0.0
		for range 100 {
			p := 1 / (1 + math.Exp(-x))
			x += math.Max(-1, math.Min(1, (yes[i]*(1-p)-no[i]*p)/((yes[i]+no[i])*p*(1-p))))
		}
		loss += yes[i]*softplus(-x) + no[i]*softplus(x)
	}
	return loss / float64(u.n())
}
