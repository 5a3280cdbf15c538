package words

import (
	"fmt"
	"math"

	"github.com/tessera-go/tessera/internal/hugepage"
	"github.com/tessera-go/tessera/simd"
)

// Loss is what a word is predicted with.
type Loss string

// The losses.
const (
	Negative Loss = "negative" // logistic, against words drawn by unigram^0.75 (Mikolov et al. 2013b, equation 4)
	Tree     Loss = "tree"     // hierarchical softmax over a Huffman tree (equation 3 there)
	Full     Loss = "full"     // the softmax over all words (equation 2 there), for small vocabularies
)

// Options of a Net. The usual ones are the C tool's.
type Options struct {
	SkipGram  bool // predict each word of the window from the word in its middle; otherwise the middle from the mean of the window
	Loss      Loss
	Dim       int     // values of a vector
	Window    int     // words to either side, at most: how many is drawn from 1 to this
	Negatives int     // words drawn against each one
	Sample    float64 // frequency above which words are left out at random; 0 for none
	// MinN and MaxN are how many characters the parts of words have that have vectors of their own, hashed to Buckets rows; MaxN 0 is for none.
	MinN, MaxN, Buckets int
	// Free lets workers change vectors without waiting for one another (Recht et al. 2011), as the C tool does: each run gives other bits.
	Free bool
}

// Net are vectors while they are learned. Rows of In and Out are Stride floats apart, of which the first Dim are used and the others 0: a row
// begins a cache line.
type Net struct {
	Options
	Vocabulary *Vocabulary
	In         []float32 // [V + Buckets, Stride]: of words as they are given, then of their parts
	Out        []float32 // [V, Stride], with a tree [max(1, V - 1), Stride]: what words, or the tree's nodes, are predicted with
	Stride     int

	seed  uint64
	keep  []uint32 // of 2³² places of a word, how many are read
	noise *alias
	tree  *tree
	all   []int32
	parts *parts
	crew  crew
}

// NewNet returns vectors before learning: those of words uniform in ±1/(2·Dim), what predicts zero, as in the C tool. What is drawn belongs to the
// seed.
func NewNet(v *Vocabulary, o Options, seed uint64) *Net {
	n := &Net{Options: o, Vocabulary: v, Stride: Stride(o.Dim), seed: seed}
	words := len(v.Words)
	rows, predicted := words, words
	if o.MaxN > 0 {
		n.parts = newParts(v, o)
		rows += o.Buckets
	}
	if o.Loss == Tree {
		predicted = max(1, words-1)
	}
	n.In, n.Out = make([]float32, rows*n.Stride), make([]float32, predicted*n.Stride)
	hugepage.Advise(n.In)
	hugepage.Advise(n.Out)
	for i := range rows {
		d := at(^seed, uint64(i)) // the places of words are streams of seed
		for j := range o.Dim {
			n.In[i*n.Stride+j] = (float32(d.next()>>40)/(1<<24) - 0.5) / float32(o.Dim)
		}
	}
	n.keep = thresholds(v, o.Sample)
	switch o.Loss {
	case Negative:
		n.noise = newAlias(noise(v))
	case Tree:
		n.tree = newTree(v.Counts)
	case Full:
		n.all = make([]int32, words)
		for i := range n.all {
			n.all[i] = int32(i)
		}
	default:
		panic(fmt.Sprintf("words: there is no loss %q", o.Loss))
	}
	return n
}

// Stride returns how many floats apart rows of so many values are.
func Stride(dim int) int { return (dim + simd.WordLanes - 1) / simd.WordLanes * simd.WordLanes }

// keepAll is a word of which every place is read.
const keepAll = math.MaxUint32

// kept returns the part of a word's places that are read, (√(f/t) + 1)·t/f of a frequency f above the threshold t, as the C tool has it (the paper's
// equation 5 is another).
func kept(count, total int64, sample float64) float64 {
	if sample <= 0 {
		return 1
	}
	t := sample * float64(total) / float64(count)
	return math.Min(1, math.Sqrt(t)+t)
}

func thresholds(v *Vocabulary, sample float64) []uint32 {
	out, total := make([]uint32, len(v.Counts)), v.Kept()
	for i, c := range v.Counts {
		out[i] = keepAll
		if p := kept(c, total, sample); p < 1 {
			out[i] = uint32(p * (1 << 32))
		}
	}
	return out
}

// noise returns the weights that negative words are drawn with: unigram^0.75.
func noise(v *Vocabulary) []float64 {
	out := make([]float64, len(v.Counts))
	for i, c := range v.Counts {
		out[i] = math.Pow(float64(c), 0.75)
	}
	return out
}

// Trivial returns the loss of a prediction that knows how often words come and does not look at others: of each negative sample or node of the tree,
// and of the softmax, the best constant.
func (n *Net) Trivial() float64 {
	v, total := n.Vocabulary, n.Vocabulary.Kept()
	read := make([]float64, len(v.Counts)) // how often each word is predicted
	var sum float64
	for i, c := range v.Counts {
		read[i] = float64(c) * kept(c, total, n.Sample)
		sum += read[i]
	}
	var loss float64
	if n.Loss != Negative { // the words' entropy; a tree's nodes share it out
		for _, r := range read {
			if p := r / sum; p > 0 {
				loss -= p * math.Log(p)
			}
		}
		return loss
	}
	drawn := noise(v)
	var all float64
	for _, w := range drawn {
		all += w
	}
	for i, r := range read {
		p := r / sum
		q := float64(n.Negatives) * drawn[i] / all * (1 - p) // what is drawn and is the word itself does not count
		if q > 0 {
			loss += p*math.Log1p(q/p) + q*math.Log1p(p/q)
		}
	}
	return loss
}

// Vectors returns the vectors of the first count words, [count Dim]: of a word with parts, the mean of its own and theirs.
func (n *Net) Vectors(count int) []float32 {
	out := make([]float32, count*n.Dim)
	mean := make([]float32, n.Stride)
	for i := range count {
		row := n.In[i*n.Stride:]
		if n.parts != nil {
			rows := n.parts.of(int32(i))
			simd.WordsMean(mean, n.In, rows, n.Stride, n.Stride, 1/float32(len(rows)))
			row = mean
		}
		copy(out[i*n.Dim:(i+1)*n.Dim], row)
	}
	return out
}

// Vector returns a vector of a word that the vocabulary need not have, from its parts; nil without parts, or where it has none.
func (n *Net) Vector(word string) []float32 {
	if n.parts == nil {
		return nil
	}
	rows := n.parts.rows(word, nil)
	if len(rows) == 0 {
		return nil
	}
	mean := make([]float32, n.Stride)
	simd.WordsMean(mean, n.In, rows, n.Stride, n.Stride, 1/float32(len(rows)))
	return mean[:n.Dim]
}

// units are predictions: of each, some targets from the mean of some inputs.
type units struct {
	in, inEnd   []int32 // rows of In, and where each unit's end
	out, outEnd []int32 // rows of Out, likewise; of the full softmax, the word itself
	want        []float32
}

func (u *units) reset() {
	u.in, u.inEnd, u.out, u.outEnd, u.want = u.in[:0], u.inEnd[:0], u.out[:0], u.outEnd[:0], u.want[:0]
}

func (u *units) n() int { return len(u.inEnd) }

// rows returns the units as the kernels take them.
func (u *units) rows() simd.WordUnits {
	return simd.WordUnits{In: u.in, InEnd: u.inEnd, Out: u.out, OutEnd: u.outEnd}
}

// inputs returns the inputs of unit i.
func (u *units) inputs(i int) []int32 {
	a, b := ends(u.inEnd, i, i+1)
	return u.in[a:b]
}

// targets returns where the targets of units from to to stand.
func (u *units) targets(from, to int) (a, b int32) { return ends(u.outEnd, from, to) }

func ends(end []int32, from, to int) (a, b int32) {
	if from > 0 {
		a = end[from-1]
	}
	if to > from {
		return a, end[to-1]
	}
	return a, a
}

// add makes the units of the word at i of a text in which -1 stands between sentences.
func (n *Net) add(u *units, text []int32, i int, d draws) {
	window := n.Window - int(d.below(uint32(n.Window)))
	from, to := i, i+1
	for from > 0 && i-from < window && text[from-1] >= 0 {
		from--
	}
	for to < len(text) && to-i <= window && text[to] >= 0 {
		to++
	}
	if to-from < 2 {
		return
	}
	if !n.SkipGram {
		for j := from; j < to; j++ {
			if j != i {
				u.in = n.input(u.in, text[j])
			}
		}
		n.target(u, text[i], &d)
		return
	}
	for j := from; j < to; j++ {
		if j != i {
			u.in = n.input(u.in, text[j])
			n.target(u, text[i], &d)
		}
	}
}

// input adds the rows of a word that is given.
func (n *Net) input(in []int32, word int32) []int32 {
	if n.parts != nil {
		return append(in, n.parts.of(word)...)
	}
	return append(in, word)
}

// target ends a unit that predicts a word.
func (n *Net) target(u *units, word int32, d *draws) {
	switch n.Loss {
	case Tree:
		u.out = append(u.out, n.tree.path(word)...)
		u.want = append(u.want, n.tree.wants(word)...)
	case Full:
		u.out, u.want = append(u.out, word), append(u.want, 1)
	default:
		u.out, u.want = append(u.out, word), append(u.want, 1)
		for range n.Negatives {
			if w := n.noise.draw(d); w != word {
				u.out, u.want = append(u.out, w), append(u.want, 0)
			}
		}
	}
	u.inEnd, u.outEnd = append(u.inEnd, int32(len(u.in))), append(u.outEnd, int32(len(u.out)))
}
