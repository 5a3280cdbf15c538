package score

import (
	"cmp"
	"maps"
	"slices"
)

// Confusion says how often test samples of a class were said to be of which: of all classes, or where these are many of those that are confused most.
type Confusion struct {
	Classes []string `json:"classes"` // that are shown, in the order of the data's
	Counts  [][]int  `json:"counts"`  // for each class, what its samples were said to be; behind the last class, where not all are shown, how many to be of others
	Of      int      `json:"of"`      // classes that there are
}

// mostConfused is of how many classes all are shown.
const mostConfused = 12

// Confuse counts what samples of the classes of truth were said to be, both by the numbers of names.
func Confuse(names []string, truth []int32, said []int) *Confusion {
	counts, all := map[[2]int]int{}, make([]int, len(names)) // by class and what was said; samples of the class. Classes may be too many for a square
	for i, l := range truth {
		counts[[2]int{int(l), said[i]}]++
		all[l]++
	}
	shown := confused(counts, len(names))
	c := &Confusion{Of: len(names)}
	for _, k := range shown {
		row, rest := make([]int, 0, len(shown)+1), all[k]
		for _, l := range shown {
			n := counts[[2]int{k, l}]
			row, rest = append(row, n), rest-n
		}
		if len(shown) < len(names) {
			row = append(row, rest)
		}
		c.Classes, c.Counts = append(c.Classes, names[k]), append(c.Counts, row)
	}
	return c
}

// confused returns the numbers of all classes, or of many those of the pairs that are taken for each other most often, of equals the first, rising.
func confused(counts map[[2]int]int, classes int) (shown []int) {
	if classes <= mostConfused {
		for k := range classes {
			shown = append(shown, k)
		}
		return shown
	}
	both := map[[2]int]int{}
	for p, n := range counts {
		if p[0] != p[1] {
			both[[2]int{min(p[0], p[1]), max(p[0], p[1])}] += n
		}
	}
	pairs := slices.SortedFunc(maps.Keys(both), func(a, b [2]int) int {
		return cmp.Or(cmp.Compare(both[b], both[a]), cmp.Compare(a[1], b[1]), cmp.Compare(a[0], b[0]))
	})
	for _, p := range pairs {
		for _, k := range p {
			if len(shown) < mostConfused && !slices.Contains(shown, k) {
				shown = append(shown, k)
			}
		}
	}
	slices.Sort(shown)
	return shown
}

// Curve is how a value grows with what a classifier was given.
type Curve struct {
	Along  string       `json:"along"`        // what grows, for a person: labelled samples of each class
	Of     string       `json:"of,omitempty"` // what it is of, where the score's metric is of one of its points
	Points []CurvePoint `json:"points"`
}

// CurvePoint is the mean of several draws.
type CurvePoint struct {
	X        float64    `json:"x"`
	Value    float64    `json:"value"`
	Interval [2]float64 `json:"interval"` // 95 %, of the mean on other draws and on other test samples
	Std      float64    `json:"std"`      // of the draws
	Min      float64    `json:"min"`
	Max      float64    `json:"max"`
	Draws    []float64  `json:"draws"`
}
