package metric

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// Agreement compares two divisions of the same things, such as clusters and classes. What the numbers of the parts are does not matter.
type Agreement struct {
	n            int
	cells        []int // [parts of a, parts of b] things in both
	sizeA, sizeB []int
}

// Agree compares the parts a[i] and b[i] of things i. It panics where lengths differ or there is nothing.
func Agree(a, b []int) *Agreement {
	if len(a) != len(b) || len(a) == 0 {
		panic(fmt.Sprintf("metric.Agree: divisions of %d and of %d things, want the same number, 1 at least", len(a), len(b)))
	}
	x, p := numbered(a)
	y, q := numbered(b)
	t := &Agreement{len(a), make([]int, p*q), make([]int, p), make([]int, q)}
	for i := range x {
		t.cells[x[i]*q+y[i]]++
		t.sizeA[x[i]]++
		t.sizeB[y[i]]++
	}
	return t
}

// numbered numbers the parts from 0 on, in the order in which they come first.
func numbered(of []int) (part []int, count int) {
	part = make([]int, len(of))
	number := map[int]int{}
	for i, v := range of {
		n, ok := number[v]
		if !ok {
			n = len(number)
			number[v] = n
		}
		part[i] = n
	}
	return part, len(number)
}

// entropy is that of parts of these sizes, in nats.
func entropy(sizes []int, n int) (h float64) {
	for _, s := range sizes {
		if s > 0 {
			p := float64(s) / float64(n)
			h -= p * math.Log(p)
		}
	}
	return h
}

// MutualInformation returns what one division says of the other, in nats: Σ p(a,b)·log(p(a,b)/(p(a)·p(b))).
func (t *Agreement) MutualInformation() (mi float64) {
	q := len(t.sizeB)
	for c, n := range t.cells {
		if n > 0 {
			mi += float64(n) / float64(t.n) * math.Log(float64(n)*float64(t.n)/(float64(t.sizeA[c/q])*float64(t.sizeB[c%q])))
		}
	}
	return max(mi, 0)
}

// NMI returns the normalised mutual information: over the mean of both entropies (Strehl and Ghosh, "Cluster ensembles", 2002, section 3; arithmetic mean as
// scikit-learn). It lies in [0, 1]: 1 where the divisions are the same, also where both are a single part. Random parts have more than 0: see ChanceNMI.
func (t *Agreement) NMI() float64 { return t.normalised(t.MutualInformation()) }

func (t *Agreement) normalised(mi float64) float64 {
	h := (entropy(t.sizeA, t.n) + entropy(t.sizeB, t.n)) / 2
	if h == 0 { // a single part each
		return 1
	}
	return min(mi/h, 1)
}

// ChanceNMI returns the expected NMI where things are dealt at random to parts of the same sizes, exactly: entropies stay, and the mutual information's mean
// is that of hypergeometric cells (Vinh, Epps, Bailey, "Information theoretic measures for clusterings comparison", 2010, equation 24a).
func (t *Agreement) ChanceNMI() float64 { return t.normalised(t.expected()) }

// expected is the mean mutual information of random divisions into parts of the same sizes.
func (t *Agreement) expected() (mi float64) {
	logs := make([]float64, t.n+1) // of factorials
	for i := 2; i <= t.n; i++ {
		logs[i] = logs[i-1] + math.Log(float64(i))
	}
	count := func(sizes []int) map[int]int {
		out := map[int]int{}
		for _, s := range sizes {
			out[s]++
		}
		return out
	}
	countA, countB := count(t.sizeA), count(t.sizeB)
	for _, a := range slices.Sorted(maps.Keys(countA)) {
		for _, b := range slices.Sorted(maps.Keys(countB)) {
			of := 0.0
			for c := max(1, a+b-t.n); c <= min(a, b); c++ {
				p := math.Exp(logs[a] + logs[b] + logs[t.n-a] + logs[t.n-b] - logs[t.n] - logs[c] - logs[a-c] - logs[b-c] - logs[t.n-a-b+c])
				of += p * float64(c) / float64(t.n) * math.Log(float64(t.n)*float64(c)/(float64(a)*float64(b)))
			}
			mi += of * float64(countA[a]*countB[b])
		}
	}
	return max(mi, 0)
}

// AdjustedRand returns the adjusted Rand index (Hubert and Arabie, "Comparing partitions", 1985, equation 5): how many pairs of things both divisions
// keep together, 0 where parts of these sizes were dealt at random, 1 where they are the same.
func (t *Agreement) AdjustedRand() float64 {
	pairs := func(sizes []int) (sum float64) {
		for _, s := range sizes {
			sum += float64(s) * float64(s-1) / 2
		}
		return sum
	}
	both, a, b, all := pairs(t.cells), pairs(t.sizeA), pairs(t.sizeB), float64(t.n)*float64(t.n-1)/2
	if a == both && b == both { // the same division
		return 1
	}
	chance := a / all * b
	return (both - chance) / ((a+b)/2 - chance)
}
