package metric

import (
	"fmt"
	"slices"
)

// Precision is how good an order is in which the positives should come first, in [0, 1].
type Precision struct {
	Average float64 // the mean of the precisions at which recall grows: scikit-learn's average_precision_score
	Area    float64 // AreaPrecision of the curve, VOC's from 2010 on
	Eleven  float64 // ElevenPrecision of it, VOC's until 2007
}

// Ranking is an order of items, some of which are positives, by their scores, the largest first. Items of equal scores have one rank: there is one point
// of the curve for each score that there is.
type Ranking struct {
	positive  []bool
	order     []int // items
	ends      []int // of equal scores in order, one past the last
	positives int
}

// NewRanking orders items. It panics where lengths differ or a score is NaN.
func NewRanking(positive []bool, score []float32) *Ranking {
	if len(positive) != len(score) {
		panic(fmt.Sprintf("metric.NewRanking: %d answers, %d scores", len(positive), len(score)))
	}
	r := &Ranking{positive: positive, order: make([]int, len(score))}
	for i, s := range score {
		if s != s {
			panic(fmt.Sprintf("metric.NewRanking: score %d is NaN", i))
		}
		r.order[i] = i
		if positive[i] {
			r.positives++
		}
	}
	slices.SortStableFunc(r.order, func(a, b int) int { return descending(score[a], score[b]) })
	for i := range r.order {
		if i+1 == len(r.order) || score[r.order[i]] != score[r.order[i+1]] {
			r.ends = append(r.ends, i+1)
		}
	}
	return r
}

// Positives returns how many items are.
func (r *Ranking) Positives() int { return r.positives }

// Precision returns the precision of the order with every item there so many times, from 0 on; nil means once. ok is false where no positive is there.
func (r *Ranking) Precision(times []int) (p Precision, ok bool) {
	all, first := &Retrieved{groups: make([]group, 0, len(r.ends))}, 0
	for _, end := range r.ends {
		var g group
		for _, i := range r.order[first:end] {
			n := 1
			if times != nil {
				n = times[i]
			}
			if g.items += n; r.positive[i] {
				g.relevant += n
			}
		}
		if first = end; g.items > 0 {
			all.groups = append(all.groups, g)
			all.relevant += g.relevant
		}
	}
	if all.relevant == 0 {
		return p, false
	}
	p.Average = all.AveragePrecision()
	recall, precision := make([]float64, 0, len(all.groups)), make([]float64, 0, len(all.groups))
	all.points(func(_, found, seen int) {
		recall, precision = append(recall, float64(found)/float64(all.relevant)), append(precision, float64(found)/float64(seen))
	})
	p.Area, p.Eleven = AreaPrecision(recall, precision), ElevenPrecision(recall, precision)
	return p, true
}
