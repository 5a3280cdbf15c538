package metric

import (
	"fmt"
	"math"
	"slices"
)

// Retrieved is how a query's items were ranked, some of which are relevant. Items of equal scores have no order: each measure has the mean over all of theirs, but
// the average precision, which sees equal scores as one rank (as scikit-learn's average_precision_score).
type Retrieved struct {
	groups          []group // of equal scores, the largest first
	items, relevant int
}

// group are items of one score.
type group struct{ items, relevant int }

// Retrieve ranks items by score, the largest first. It panics where lengths differ or a score is NaN.
func Retrieve(relevant []bool, score []float32) *Retrieved {
	if len(relevant) != len(score) {
		panic(fmt.Sprintf("metric.Retrieve: %d answers, %d scores", len(relevant), len(score)))
	}
	keys := make([]uint64, len(score)) // the score, the larger the smaller, and whether the item is relevant: numbers sort fast
	for i, s := range score {
		if s != s {
			panic(fmt.Sprintf("metric.Retrieve: the score of item %d is NaN", i))
		}
		b := math.Float32bits(s + 0) // -0 is 0
		if b>>31 == 0 {
			b = ^b &^ (1 << 31)
		}
		if keys[i] = uint64(b) << 1; relevant[i] {
			keys[i]++
		}
	}
	slices.Sort(keys)
	r := &Retrieved{items: len(score)}
	for i, k := range keys {
		if i == 0 || k>>1 != keys[i-1]>>1 {
			r.groups = append(r.groups, group{})
		}
		g := &r.groups[len(r.groups)-1]
		g.items++
		g.relevant += int(k & 1)
		r.relevant += int(k & 1)
	}
	return r
}

// Relevant returns how many items are.
func (r *Retrieved) Relevant() int { return r.relevant }

// AveragePrecision returns the mean over the relevant items of the share of relevant ones among all that are ranked no lower, in (0, 1]; 0 where nothing is
// relevant.
func (r *Retrieved) AveragePrecision() (ap float64) {
	r.points(func(more, found, seen int) { ap += float64(more) * float64(found) / float64(seen) })
	return ap / float64(max(1, r.relevant))
}

// points hands each rank of the curve to at: how many relevant items it has, and how many relevant ones and items are ranked no lower.
func (r *Retrieved) points(at func(more, found, seen int)) {
	found, seen := 0, 0
	for _, g := range r.groups {
		found, seen = found+g.relevant, seen+g.items
		at(g.relevant, found, seen)
	}
}

// Hit returns whether one of the first k is relevant, 0 or 1, or between where equal scores leave it open: recall at k as metric learning has it (Jégou, Douze,
// Schmid, "Product quantization for nearest neighbor search", 2011, section V.B).
func (r *Retrieved) Hit(k int) float64 {
	for _, g := range r.groups {
		if k <= 0 {
			return 0
		}
		if g.relevant > 0 {
			return 1 - none(g.items, g.relevant, k)
		}
		k -= g.items
	}
	return 0
}

// RPrecision returns the share of relevant items among the first R, of which there are R.
func (r *Retrieved) RPrecision() float64 {
	left, found := r.relevant, 0.0
	for _, g := range r.groups {
		n := min(left, g.items)
		found += float64(n) * float64(g.relevant) / float64(g.items)
		if left -= n; left == 0 {
			break
		}
	}
	return found / float64(max(1, r.relevant))
}

// none is the chance that of k drawn from n, none is one of r.
func none(n, r, k int) float64 {
	p := 1.0
	for i := range min(k, n) {
		p *= float64(max(0, n-r-i)) / float64(n-i)
	}
	return p
}

// Chance returns what a random order has in the mean: of AveragePrecision (Bestgen, "Exact expected average precision of the random baseline for system
// evaluation", 2015), and of Hit for k. RPrecision has Share.
func (r *Retrieved) Chance(k int) (ap, hit float64) {
	if r.relevant == 0 {
		return 0, 0
	}
	n, h := float64(r.items), harmonic(r.items)
	ap = h / n
	if r.items > 1 {
		ap += float64(r.relevant-1) / (n - 1) * (n - h) / n
	}
	return ap, 1 - none(r.items, r.relevant, k)
}

// harmonic returns 1 + 1/2 + ... + 1/n, of a large n by Euler and Maclaurin's expansion, whose next term is below rounding: every query asks for it.
func harmonic(n int) (h float64) {
	if n > 200 {
		x := float64(n)
		const euler = 0.57721566490153286
		return math.Log(x) + euler + 1/(2*x) - 1/(12*x*x) + 1/(120*x*x*x*x)
	}
	for i := n; i > 0; i-- {
		h += 1 / float64(i)
	}
	return h
}

// Share returns the share of relevant items.
func (r *Retrieved) Share() float64 { return float64(r.relevant) / float64(max(1, r.items)) }
