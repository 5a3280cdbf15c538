package words

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tessera-go/tessera/internal/golden"
)

// peers is testdata/peers.json, which testdata/peers.py makes with gensim and the C tool.
type peers struct {
	Trees []struct {
		Name   string
		Counts []int64
		Codes  []string
		Nodes  [][]int32
		Cost   int64
	}
	Vocabularies []struct {
		Sample      float64
		Counts      []int64
		Keep, Noise []uint32
	}
	Hashes []struct {
		Text string
		Hash uint32
	}
	Parts []struct {
		Word              string
		Min, Max, Buckets int
		Rows              []int32
	}
}

func loadPeers(t *testing.T) (p peers) {
	t.Helper()
	golden.Load(t, "testdata/peers.json", &p)
	return p
}

// ofCounts returns a vocabulary of words w0, w1, ... that came so often.
func ofCounts(counts ...int64) *Vocabulary {
	v := &Vocabulary{Counts: counts}
	for i, c := range counts {
		v.Words = append(v.Words, fmt.Sprintf("w%d", i))
		v.Total += c
	}
	v.build()
	return v
}

// TestTree: paths are those of the C tool, of equal counts too, no code begins another one, and their length is what Python's heapq finds.
func TestTree(t *testing.T) {
	p := loadPeers(t)
	if len(p.Trees) == 0 {
		t.Fatal("no trees")
	}
	for _, g := range p.Trees {
		tr := newTree(g.Counts)
		var cost int64
		var codes []string
		for i, c := range g.Counts {
			var code strings.Builder
			for _, w := range tr.wants(int32(i)) {
				fmt.Fprint(&code, 1-w)
			}
			if code.String() != g.Codes[i] {
				t.Errorf("%s: code %d is %s, want %s", g.Name, i, code.String(), g.Codes[i])
			}
			if path := tr.path(int32(i)); !slices.Equal(path, g.Nodes[i]) {
				t.Errorf("%s: path %d is %v, want %v", g.Name, i, path, g.Nodes[i])
			}
			cost += c * int64(code.Len())
			codes = append(codes, code.String())
		}
		if cost != g.Cost {
			t.Errorf("%s: codes have %d bits, the best %d", g.Name, cost, g.Cost)
		}
		slices.Sort(codes)
		for i := 1; i < len(codes); i++ {
			if strings.HasPrefix(codes[i], codes[i-1]) {
				t.Errorf("%s: code %s begins %s", g.Name, codes[i-1], codes[i])
			}
		}
	}
	if one := newTree([]int64{7}); len(one.path(0)) != 0 || len(one.wants(0)) != 0 {
		t.Errorf("the only word has a path: %+v", one)
	}
}

// TestKeep: as many places of a word are read as gensim reads. It has 2³² - 1 for its places, and for all of them.
func TestKeep(t *testing.T) {
	sampled := 0
	for _, g := range loadPeers(t).Vocabularies {
		for i, k := range thresholds(ofCounts(g.Counts...), g.Sample) {
			if d := int64(k) - int64(g.Keep[i]); d < -1 || d > 1 {
				t.Errorf("sample %g, count %d: %d of 2³² are read, want %d", g.Sample, g.Counts[i], k, g.Keep[i])
			}
			if k != keepAll {
				sampled++
			}
		}
	}
	if sampled < 100 {
		t.Errorf("only %d words are not always read", sampled)
	}
}

// odds returns how often numbers are drawn, by the slots of the table.
func (a *alias) odds() []float64 {
	p := make([]float64, len(a.own))
	for i, own := range a.own {
		part := (float64(own) + 1) / (1 << 32) / float64(len(p))
		p[i] += part
		p[a.other[i]] += 1/float64(len(p)) - part
	}
	return p
}

// TestNoise: negative words have gensim's frequencies.
func TestNoise(t *testing.T) {
	for _, g := range loadPeers(t).Vocabularies {
		p := newAlias(noise(ofCounts(g.Counts...))).odds()
		last := uint32(0)
		for i, c := range g.Noise {
			if want := float64(c-last) / (1<<31 - 1); math.Abs(p[i]-want) > 2e-9 {
				t.Errorf("count %d is drawn with %.10f, want %.10f", g.Counts[i], p[i], want)
			}
			last = c
		}
	}
}

// TestAliasOdds: the slots add up to any weights, however rounding leaves the last of them.
func TestAliasOdds(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 3000 {
		weight, sum := make([]float64, 1+r.IntN(30)), 0.0
		for i := range weight {
			weight[i] = float64(r.IntN(5)) * math.Pow(10, float64(r.IntN(4)))
			if i == 0 {
				weight[i]++
			}
			sum += weight[i]
		}
		for i, p := range newAlias(weight).odds() {
			if !(math.Abs(p-weight[i]/sum) < 1e-9) {
				t.Fatalf("%v: %d is drawn with %.10f, want %.10f", weight, i, p, weight[i]/sum)
			}
		}
	}
}

// chi returns how far counts are from what is expected, in standard deviations of χ² (Wilson, Hilferty 1931).
func chi(got []int, want []float64) float64 {
	var x, n float64
	for i, g := range got {
		d := float64(g) - want[i]
		x += d * d / want[i]
		n++
	}
	n--
	v := 2 / (9 * n)
	return (math.Cbrt(x/n) - 1 + v) / math.Sqrt(v)
}

// TestAlias: what is drawn comes as often as its weight says.
func TestAlias(t *testing.T) {
	const draw = 1 << 20
	zipf := noise(ofCounts(loadPeers(t).Vocabularies[0].Counts...))
	for name, weight := range map[string][]float64{"zipf": zipf, "equal": {1, 1, 1, 1, 1}, "one": {3}, "steep": {1, 1e-3, 1, 1e-2}, "rising": {1, 2, 3, 4, 5, 6, 7}} {
		a := newAlias(weight)
		got, want := make([]int, len(weight)), make([]float64, len(weight))
		d := at(5, 6)
		for range draw {
			got[a.draw(&d)]++
		}
		var sum float64
		for _, w := range weight {
			sum += w
		}
		for i, w := range weight {
			want[i] = w / sum * draw
		}
		if len(weight) == 1 {
			if got[0] != draw {
				t.Errorf("%s: %v", name, got)
			}
		} else if z := chi(got, want); !(math.Abs(z) < 4) {
			t.Errorf("%s: χ² is off by %.1f standard deviations: %v, want %v", name, z, got, want)
		}
	}
	never := newAlias([]float64{1, 0, 2})
	for d, k := at(1, 2), 0; k < draw; k++ {
		if never.draw(&d) == 1 {
			t.Fatal("a word of weight 0 is drawn")
		}
	}
}

// TestDraws: numbers that belong to neighbouring places, to both streams of a place, to neighbouring seeds and to each other in a row are uniform and
// have nothing to do with each other, in any of their bits.
func TestDraws(t *testing.T) {
	const n = 1 << 17
	pairs := map[string]func(i uint64) (a, b uint64){
		"place": func(i uint64) (uint64, uint64) {
			a, b := at(1, 2*i), at(1, 2*i+2)
			return a.next(), b.next()
		},
		"streams": func(i uint64) (uint64, uint64) {
			a, b := at(1, 2*i), at(1, 2*i+1)
			return a.next(), b.next()
		},
		"seed": func(i uint64) (uint64, uint64) {
			a, b := at(i, 3), at(i+1, 3)
			return a.next(), b.next()
		},
		"next": func(i uint64) (uint64, uint64) {
			a := at(1, i)
			return a.next(), a.next()
		},
		"shifted": func(i uint64) (uint64, uint64) {
			a, b := at(1, i), at(1, i+1)
			a.next()
			return a.next(), b.next()
		},
	}
	for name, pair := range pairs {
		var ones, agree [64]int
		var product, square float64
		var cells [64]int
		for i := range uint64(n) {
			a, b := pair(i)
			for k := range 64 {
				ones[k] += int(a >> k & 1)
				agree[k] += int((a ^ b) >> k & 1)
			}
			x, y := float64(a)/(1<<64)-0.5, float64(b)/(1<<64)-0.5
			product += x * y
			square += x * x
			cells[a>>61<<3|b>>61]++
		}
		for k := range 64 {
			for what, c := range map[string]int{"is set": ones[k], "differs": agree[k]} {
				if z := (float64(c) - n/2) / math.Sqrt(n/4); math.Abs(z) > 4.8 {
					t.Errorf("%s: bit %d %s %d times of %d: %.1f standard deviations", name, k, what, c, n, z)
				}
			}
		}
		if z := product / square * math.Sqrt(n); math.Abs(z) > 4 {
			t.Errorf("%s: correlation %.4f: %.1f standard deviations", name, product/square, z)
		}
		want := make([]float64, 64)
		for i := range want {
			want[i] = n / 64
		}
		if z := chi(cells[:], want); math.Abs(z) > 4 {
			t.Errorf("%s: χ² of eight by eight parts is off by %.1f standard deviations", name, z)
		}
	}
	for _, m := range []uint32{1, 2, 3, 5, 10} {
		got, want := make([]int, m), make([]float64, m)
		for i := range uint64(n) {
			d := at(9, i)
			got[d.below(m)]++
		}
		for i := range want {
			want[i] = n / float64(m)
		}
		if m > 1 && !(math.Abs(chi(got, want)) < 4) {
			t.Errorf("below %d: %v", m, got)
		}
	}
}

// TestParts: hashes and rows are fastText's, as gensim has them, of words of any script. Its n-grams come in the same order.
func TestParts(t *testing.T) {
	p := loadPeers(t)
	for _, g := range p.Hashes {
		if h := fnv(g.Text); h != g.Hash {
			t.Errorf("hash of %q is %d, want %d", g.Text, h, g.Hash)
		}
	}
	for _, g := range p.Parts {
		const words = 1000
		o := &parts{words: words, minN: g.Min, maxN: g.Max, buckets: g.Buckets}
		got := o.rows(g.Word, nil)
		for i := range got {
			got[i] -= words
		}
		if !slices.Equal(got, g.Rows) {
			t.Errorf("%q, %d to %d characters, %d buckets: %v, want %v", g.Word, g.Min, g.Max, g.Buckets, got, g.Rows)
		}
	}
	if len(p.Hashes) < 10 || len(p.Parts) < 50 {
		t.Error("the golden file is short")
	}
}

// plainParts are the n-grams of a word, by characters.
func plainParts(word string, least, most int) map[string]int {
	out := map[string]int{}
	c := []rune("<" + word + ">")
	for i := range c {
		for n := least; n <= most && i+n <= len(c); n++ {
			if s := string(c[i : i+n]); s != "<" && s != ">" {
				out[s]++
			}
		}
	}
	return out
}

// TestPartsOf: of each word of a vocabulary, its own row comes first, then one for each n-gram.
func TestPartsOf(t *testing.T) {
	v := ofCounts(9, 8, 7, 6, 5)
	v.Words = []string{"where", "日本", "a", "überall", "к"}
	v.build()
	const buckets = 1 << 20
	p := newParts(v, Options{MinN: 2, MaxN: 4, Buckets: buckets})
	for i, w := range v.Words {
		rows := p.of(int32(i))
		if rows[0] != int32(i) {
			t.Errorf("%s: the first row is %d", w, rows[0])
		}
		want := 0
		for s, times := range plainParts(w, 2, 4) {
			want += times
			row, n := int32(len(v.Words)+int(fnv(s)%buckets)), 0
			for _, r := range rows[1:] {
				if r == row {
					n++
				}
			}
			if n != times {
				t.Errorf("%s: the row of %s comes %d times, want %d", w, s, n, times)
			}
		}
		if len(rows)-1 != want {
			t.Errorf("%s: %d parts, want %d", w, len(rows)-1, want)
		}
		if !utf8.ValidString(w) {
			t.Error("the test's word is no UTF-8")
		}
	}
}

// TestVectors: a word's vector is its row, with parts the mean of its row and theirs; one that the vocabulary lacks has the mean of its parts.
func TestVectors(t *testing.T) {
	v := ofCounts(9, 8, 7)
	v.Words = []string{"where", "日本", "a"}
	v.build()
	mean := func(n *Net, rows []int32) []float64 {
		out := make([]float64, n.Dim)
		for _, r := range rows {
			for j := range out {
				out[j] += float64(n.In[int(r)*n.Stride+j]) / float64(len(rows))
			}
		}
		return out
	}
	near := func(name string, got []float32, want []float64) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("%s: %d values, want %d", name, len(got), len(want))
		}
		for j := range want {
			if !(math.Abs(float64(got[j])-want[j]) < 1e-7) {
				t.Errorf("%s: value %d is %g, want %g", name, j, got[j], want[j])
			}
		}
	}
	n := NewNet(v, Options{Loss: Negative, Dim: 20, Window: 2, Negatives: 1}, 3)
	for i := range v.Words {
		near(v.Words[i], n.Vectors(len(n.Vocabulary.Words))[i*20:(i+1)*20], mean(n, []int32{int32(i)}))
	}
	if n.Vector("where") != nil {
		t.Error("a net without parts has a vector of a word")
	}
	n = NewNet(v, Options{Loss: Negative, Dim: 20, Window: 2, Negatives: 1, MinN: 3, MaxN: 5, Buckets: 50}, 3)
	for i := range v.Words {
		near(v.Words[i], n.Vectors(len(n.Vocabulary.Words))[i*20:(i+1)*20], mean(n, n.parts.of(int32(i))))
	}
	var rows []int32
	for s, times := range plainParts("wherever", 3, 5) {
		for range times {
			rows = append(rows, int32(3+int(fnv(s)%50)))
		}
	}
	near("wherever", n.Vector("wherever"), mean(n, rows))
	if got := n.Vector(""); got != nil {
		t.Errorf("a word without parts has the vector %v", got)
	}
}

// TestStride: rows are as many cache lines of 16 floats as their values need.
func TestStride(t *testing.T) {
	for dim := 1; dim < 70; dim++ {
		want := 16
		for want < dim {
			want += 16
		}
		if got := Stride(dim); got != want {
			t.Errorf("%d values take %d, want %d", dim, got, want)
		}
	}
}

// TestNewNet: the vectors before learning are uniform in ±1/(2·Dim), what predicts is zero, what pads rows is zero, and a seed gives the same again.
func TestNewNet(t *testing.T) {
	v, _ := zipfian(4000, 100)
	for _, o := range []Options{{Loss: Negative}, {Loss: Tree}, {Loss: Full}, {Loss: Negative, MinN: 3, MaxN: 4, Buckets: 100}} {
		o.Dim, o.Window = 20, 5
		n := NewNet(v, o, 1)
		rows, out := len(v.Words)+o.Buckets, len(v.Words)
		if o.Loss == Tree {
			out--
		}
		if n.Stride != 32 || len(n.In) != rows*n.Stride || len(n.Out) != out*n.Stride {
			t.Fatalf("%+v: stride %d, %d and %d values", o, n.Stride, len(n.In), len(n.Out))
		}
		var cells [10]int
		want := make([]float64, len(cells))
		for i, x := range n.In {
			if i%n.Stride >= o.Dim {
				if x != 0 {
					t.Fatalf("%+v: what pads row %d is %g", o, i/n.Stride, x)
				}
				continue
			}
			u := float64(x)*float64(o.Dim) + 0.5
			if u < 0 || u >= 1 {
				t.Fatalf("%+v: value %d is %g", o, i, x)
			}
			cells[int(u*float64(len(cells)))]++
		}
		for i := range want {
			want[i] = float64(rows*o.Dim) / float64(len(want))
		}
		if z := chi(cells[:], want); !(math.Abs(z) < 4) {
			t.Errorf("%+v: not uniform: %v", o, cells)
		}
		if slices.ContainsFunc(n.Out, func(x float32) bool { return x != 0 }) {
			t.Errorf("%+v: what predicts is not zero", o)
		}
		if !slices.Equal(NewNet(v, o, 1).In, n.In) || slices.Equal(NewNet(v, o, 2).In, n.In) {
			t.Errorf("%+v: the vectors do not belong to the seed", o)
		}
	}
}
