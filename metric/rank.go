package metric

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// NDCG returns the normalised discounted cumulative gain of a ranking at k (Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR
// techniques", 2002; gains and discounts as scikit-learn's ndcg_score has them): items are ranked by score, the largest first, rank r from 1 on
// counts relevance/log2(r+1), ranks behind k count nothing, and the sum is divided by what the best ranking has. It lies in [0, 1].
//
// relevance holds a gain for each item, from 0 on: 0 and 1, or grades. Items of equal scores have the mean gain of all their orders (McSherry and
// Najork, "Computing information retrieval performance measures efficiently in the presence of tied scores", 2008): what cannot tell items apart
// gains nothing from the order in which they happen to lie. k below 1, or above the number of items, means all. ok is false where nothing is relevant: such
// a query has no ranking. It panics where lengths differ, a relevance is below 0 or not
// finite, or a score is NaN.
func NDCG(relevance, score []float32, k int) (value float64, ok bool) {
	if len(relevance) != len(score) {
		panic(fmt.Sprintf("metric.NDCG: relevance of %d items, scores of %d", len(relevance), len(score)))
	}
	k = ranks(k, len(score))
	best := ideal(relevance, k)
	if best == 0 {
		return 0, false
	}
	for i, s := range score {
		if s != s {
			panic(fmt.Sprintf("metric.NDCG: the score of item %d is NaN", i))
		}
	}
	least := kth(score, k)
	var top []int // the items of the first k ranks, and all others of the last one's score
	for i, s := range score {
		if s >= least {
			top = append(top, i)
		}
	}
	slices.SortStableFunc(top, func(a, b int) int { return descending(score[a], score[b]) })
	for first := 0; first < len(top); {
		gain, discounts, r := 0.0, 0.0, first
		for ; r < len(top) && score[top[r]] == score[top[first]]; r++ {
			gain += float64(relevance[top[r]])
			if r < k {
				discounts += discount(r)
			}
		}
		value += gain / float64(r-first) * discounts
		first = r
	}
	return value / best, true
}

// ChanceNDCG returns the expected NDCG of a random order of the items, exactly: each rank has the mean gain. It is also that of equal scores. ok and the
// panics are NDCG's.
func ChanceNDCG(relevance []float32, k int) (value float64, ok bool) {
	k = ranks(k, len(relevance))
	best := ideal(relevance, k)
	if best == 0 {
		return 0, false
	}
	gain, discounts := 0.0, 0.0
	for _, g := range relevance {
		gain += float64(g)
	}
	for r := range k {
		discounts += discount(r)
	}
	return gain / float64(len(relevance)) * discounts / best, true
}

// ranks is how many ranks count.
func ranks(k, n int) int {
	if k < 1 {
		return n
	}
	return min(k, n)
}

// discount is what a gain at a rank, from 0 on, counts.
func discount(rank int) float64 { return 1 / math.Log2(float64(rank)+2) }

// ideal is the discounted gain of the best ranking.
func ideal(relevance []float32, k int) (sum float64) {
	if k == 0 {
		return 0
	}
	for i, g := range relevance {
		if !(g >= 0 && g <= math.MaxFloat32) {
			panic(fmt.Sprintf("metric.NDCG: the relevance of item %d is %g, want a number from 0 on", i, g))
		}
	}
	least := kth(relevance, k)
	var top []float32
	for _, g := range relevance {
		if g > least {
			top = append(top, g)
		}
	}
	slices.SortFunc(top, descending)
	for r := range k {
		g := least
		if r < len(top) {
			g = top[r]
		}
		sum += float64(g) * discount(r)
	}
	return sum
}

// descending orders the larger first.
func descending(a, b float32) int {
	switch {
	case a > b:
		return -1
	case a < b:
		return 1
	}
	return 0
}

// kth returns the k-th largest of x, k from 1 on: the root of a heap of the k largest.
func kth(x []float32, k int) float32 {
	h := slices.Clone(x[:k])
	sift := func(i int) {
		for {
			c := 2*i + 1
			if c+1 < k && h[c+1] < h[c] {
				c++
			}
			if c >= k || h[c] >= h[i] {
				return
			}
			h[i], h[c] = h[c], h[i]
			i = c
		}
	}
	for i := k/2 - 1; i >= 0; i-- {
		sift(i)
	}
	for _, v := range x[k:] {
		if v > h[0] {
			h[0] = v
			sift(0)
		}
	}
	return h[0]
}

// AUC returns the area under the receiver operating characteristic: how probably a positive's score is above a negative's, equal ones counting half (Hanley and
// McNeil 1982; the statistic of Mann and Whitney). 0.5 is chance. ok is false where there are no positives or no negatives. It panics where lengths
// differ or a score is NaN.
func AUC(positive []bool, score []float32) (value float64, ok bool) {
	if len(positive) != len(score) {
		panic(fmt.Sprintf("metric.AUC: %d answers, %d scores", len(positive), len(score)))
	}
	order := make([]int, len(score))
	for i, s := range score {
		if s != s {
			panic(fmt.Sprintf("metric.AUC: score %d is NaN", i))
		}
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return descending(score[b], score[a]) })
	below, pairs, positives := 0.0, 0.0, 0.0 // negatives so far; pairs in the right order; positives so far
	for first := 0; first < len(order); {
		same, others, r := 0.0, 0.0, first
		for ; r < len(order) && score[order[r]] == score[order[first]]; r++ {
			if positive[order[r]] {
				same++
			} else {
				others++
			}
		}
		pairs += same * (below + others/2)
		below, positives = below+others, positives+same
		first = r
	}
	if below == 0 || positives == 0 {
		return 0, false
	}
	return pairs / (below * positives), true
}

// Ranks returns the place of each value in rising order, from 1 on; equal values have the mean of their places. The correlation of two such lists is Spearman's.
func Ranks(v []float64) []float64 {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(v[a], v[b]) })
	out := make([]float64, len(v))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && v[order[to]] == v[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			out[i] = float64(from+1+to) / 2
		}
		from = to
	}
	return out
}
