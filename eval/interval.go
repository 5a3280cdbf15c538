package eval

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/tensor"
	"gonum.org/v1/gonum/stat/distuv"
)

// resamples is how many times Interval draws anew.
const resamples = 2000

// tally is what some samples have in common that are not independent of each other, such as the frames of a film: the sum of their values, and of
// how many.
type tally struct{ sum, n float64 }

// interval returns the middle 95 % of the means of tallies drawn anew, as many and each as often as it comes (Efron 1979; the percentile
// interval of Efron and Tibshirani 1993, section 13.3). The tallies are drawn whole: values that depend on each other say no more than one. Of fewer than
// two tallies nothing can be said, and ok is false.
func interval(all []tally, seed uint64) (low, high float64, ok bool) {
	if len(all) < 2 {
		return 0, 0, false
	}
	rng := tensor.NewRNG(seed).Derive(stream.Bootstrap)
	means := make([]float64, 0, resamples)
	for range resamples {
		var t tally
		for range all {
			c := all[rng.IntN(len(all))]
			t.sum, t.n = t.sum+c.sum, t.n+c.n
		}
		if t.n > 0 {
			means = append(means, t.sum/t.n)
		}
	}
	if len(means) == 0 {
		return 0, 0, false
	}
	low, high = middle(means)
	return low, high, true
}

// middle returns between which values the middle 95 % lie. It sorts them.
func middle(all []float64) (low, high float64) {
	slices.Sort(all)
	at := func(q float64) float64 { return all[int(math.Round(q*float64(len(all)-1)))] }
	return at(0.025), at(0.975)
}

// dependent are the divisions whose samples depend on each other, the widest first.
var dependent = []string{data.RecordingGroup, data.FilmGroup, pictureGroup}

// clusters numbers what the rows of a sample depend on each other by: the recording that they are of, the film, or of patches the picture, where that is known, else
// each row is alone.
func (s Sample) clusters() (of []int, count int, what string) {
	for _, name := range dependent {
		if group := s.Truth.Groups[name]; group != nil {
			of, count = s.clustersBy(group)
			return of, count, name + "s"
		}
	}
	of = make([]int, len(s.Index))
	for row := range of {
		of[row] = row
	}
	return of, len(of), "samples"
}

// clustersBy numbers the classes of a division that the rows are of.
func (s Sample) clustersBy(division data.Labels) (of []int, count int) {
	of = make([]int, len(s.Index))
	number := map[int]int{}
	for row, i := range s.Index {
		c := division.Label(i)
		if _, ok := number[c]; !ok {
			number[c] = len(number)
		}
		of[row] = number[c]
	}
	return of, len(number)
}

// spread returns the 95 % interval of the mean of values: sum[row] over n[row] things, drawn anew by clusters; nil where there are too few.
func spread(of Sample, sum, n []float64) (in *[2]float64, over string) {
	cluster, count, what := of.clusters()
	return spreadOver(cluster, count, what, sum, n)
}

// ones are as many ones.
func ones(n int) []float64 { return slices.Repeat([]float64{1}, n) }

// wilson returns the 95 % interval of a proportion that was seen in n independent things (Wilson 1927). Unlike that of things drawn anew it has a width where all are right.
func wilson(p, n float64) (low, high float64) {
	z := normal95 * normal95 / n
	half := math.Sqrt(z * (p*(1-p) + z/4))
	return max(0, (p+z/2-half)/(1+z)), min(1, (p+z/2+half)/(1+z))
}

// proportion is spread of values that are right or wrong, sum[row] being n[row] or 0: Wilson's interval of as many independent rows as these are worth, given what they depend on
// each other by (Korn and Graubard 1998: the variance of independent rows over theirs, and fewer where that is known from few clusters: by the square of the normal quantile over
// Student's; as many as there are clusters where all of these agree). Rows of which each is its own cluster are worth what they are. Of values between it is spread.
func proportion(cluster []int, count int, what string, sum, n []float64) (in *[2]float64, over string) {
	all := make([]tally, count)
	right, total, squares, rows := 0.0, 0.0, 0.0, 0
	for row, c := range cluster {
		if sum[row] != 0 && sum[row] != n[row] {
			return spreadOver(cluster, count, what, sum, n)
		}
		all[c].sum, all[c].n = all[c].sum+sum[row], all[c].n+n[row]
		right, total, squares = right+sum[row], total+n[row], squares+n[row]*n[row]
		if n[row] != 0 {
			rows++
		}
	}
	all = slices.DeleteFunc(all, func(t tally) bool { return t.n == 0 })
	if len(all) < 2 {
		return nil, ""
	}
	p, worth := right/total, float64(len(all))
	if right > 0 && right < total {
		variance := 0.0
		for _, t := range all {
			variance += (t.sum - p*t.n) * (t.sum - p*t.n)
		}
		worth = total * total / squares
		if m := float64(len(all)); len(all) < rows {
			student := normal95 / distuv.StudentsT{Sigma: 1, Nu: m - 1}.Quantile(0.975)
			worth = min(worth, p*(1-p)*total*total*(m-1)/(m*variance)) * student * student
		}
	}
	low, high := wilson(p, worth)
	return &[2]float64{low, high}, fmt.Sprintf("%d %s", len(all), what)
}

// over adds to a score of right answers, 1 or 0 of each test row, their interval, where there are enough.
func over(s *Score, test Sample, hits []float64) {
	of, count, what := test.clusters()
	if in, what := proportion(of, count, what, hits, ones(len(hits))); in != nil {
		if s.Found == nil {
			s.Found = map[string]any{}
		}
		s.Interval, s.Found["interval_over"] = in, what
	}
}

// spreadOver is spread by clusters that are given.
func spreadOver(cluster []int, count int, what string, sum, n []float64) (in *[2]float64, over string) {
	all := make([]tally, count)
	for row, c := range cluster {
		all[c].sum, all[c].n = all[c].sum+sum[row], all[c].n+n[row]
	}
	all = slices.DeleteFunc(all, func(t tally) bool { return t.n == 0 })
	low, high, ok := interval(all, 0)
	if !ok {
		return nil, ""
	}
	return &[2]float64{low, high}, fmt.Sprintf("%d %s", len(all), what)
}

// Redrawn returns the 95 % intervals of statistics of a sample's rows, drawn anew as spread draws them: of is handed how often each row comes, and returns
// always as many values. What is no number is left out; nil where there are too few rows, or no draw has a number. Of what takes longer than a second progress is told, as whose; it ends with ctx.
func Redrawn(ctx context.Context, s Sample, whose string, o Options, of func(times []int) []float64) (in []*[2]float64, over string, err error) {
	cluster, count, what := s.clusters()
	if count < 2 {
		return nil, "", nil
	}
	rng := tensor.NewRNG(0).Derive(stream.Bootstrap)
	var draws [][]float64 // of each statistic
	began := time.Now()
	drawn, times := make([]int, count), make([]int, len(cluster))
	for draw := range resamples {
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		if o.Progress != nil && time.Since(began) > time.Second {
			o.Progress(draw+1, resamples, "interval of "+whose+", bootstrap")
		}
		clear(drawn)
		for range count {
			drawn[rng.IntN(count)]++
		}
		for row, c := range cluster {
			times[row] = drawn[c]
		}
		for k, v := range of(times) {
			if k == len(draws) {
				draws = append(draws, nil)
			}
			if !math.IsNaN(v) {
				draws[k] = append(draws[k], v)
			}
		}
	}
	in = make([]*[2]float64, len(draws))
	for k, all := range draws {
		if len(all) > 0 {
			low, high := middle(all)
			in[k] = &[2]float64{low, high}
		}
	}
	return in, fmt.Sprintf("%d %s", count, what), nil
}
