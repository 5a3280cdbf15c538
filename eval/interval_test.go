package eval

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tessera-go/tessera/tensor"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
)

// TestRedrawn: of means it gives spread's intervals, as nearly as draws allow; films are drawn whole, and of one film there is none.
func TestRedrawn(t *testing.T) {
	const n = 120
	v, ones := make([]float32, n), make([]float64, n)
	golden.Fill(v, "redrawn", 1)
	sum := make([]float64, n)
	for i := range v {
		sum[i], ones[i] = float64(v[i])+float64(i/10%3), 1
	}
	mean := func(times []int) []float64 {
		s, k := 0.0, 0.0
		for i, n := range times {
			s, k = s+float64(n)*sum[i], k+float64(n)
		}
		return []float64{s / k, math.NaN(), s / k}
	}
	alone := Sample{Features: Features{Index: numbers(n)}}
	films := alone
	of := ofFilms{}
	for i := range n {
		of.film = append(of.film, i/10)
	}
	films.Truth.Groups = map[string]data.Labels{data.FilmGroup: of}
	var wide [2]float64
	for k, s := range []Sample{alone, films} {
		want, over := spread(s, sum, ones)
		got, same, err := Redrawn(ctx, s, "mean", Options{}, mean)
		if err != nil || len(got) != 3 || got[1] != nil || same != over || math.Abs(got[0][0]-want[0]) > 0.1*(want[1]-want[0]) || math.Abs(got[2][1]-want[1]) > 0.1*(want[1]-want[0]) {
			t.Errorf("%v over %s, want %v over %s", got, same, want, over)
			continue
		}
		wide[k] = got[0][1] - got[0][0]
	}
	if wide[1] < 1.5*wide[0] {
		t.Errorf("films that differ as wholes: %g, each frame alone %g", wide[1], wide[0])
	}
	one := films
	one.Index = one.Index[:10]
	if got, over, _ := Redrawn(ctx, one, "mean", Options{}, mean); got != nil || over != "" {
		t.Errorf("of one film: %v over %s", got, over)
	}
	stopped, stop := context.WithCancel(ctx)
	drawn, told := 0, 0
	slow := func(times []int) []float64 {
		if drawn++; drawn == 3 {
			stop()
		}
		time.Sleep(600 * time.Millisecond)
		return mean(times)
	}
	o := Options{Progress: func(done, total int, what string) {
		if told++; done != 3 || total != resamples || what != "interval of mean, bootstrap" {
			t.Errorf("told of %d of %d: %s", done, total, what)
		}
	}}
	if got, _, err := Redrawn(stopped, alone, "mean", o, slow); got != nil || !errors.Is(err, context.Canceled) || drawn != 3 || told != 1 {
		t.Errorf("stopped in draw 3 and told of what takes longer than a second: %v, %v, %d draws, told %d times", got, err, drawn, told)
	}
}

// ofFilms are the films of samples.
type ofFilms struct{ film []int }

func (f ofFilms) Classes() []string { return make([]string, 12) }
func (f ofFilms) Label(i int) int   { return f.film[i] }

// TestIntervalOfRight: neighbours and probes say how sure they are, over pictures or what these are of.
func TestIntervalOfRight(t *testing.T) {
	rng := tensor.NewRNG(2)
	x, y, labels, asked := tensor.New(80, 4), tensor.New(60, 4), make([]int, 80), make([]int, 60)
	for i := range x.Data {
		labels[i/4] = i / 4 % 2
		x.Data[i] = rng.Normal() + float32((i/4+i)%2)
	}
	for i := range y.Data {
		asked[i/4] = i / 4 % 2
		y.Data[i] = rng.Normal() + float32((i/4+i)%2)
	}
	train, test := sampleOf(x, []string{"a", "b"}, labels), sampleOf(y, []string{"a", "b"}, asked)
	for _, p := range []Judger{KNN{K: 5}, Probe{}} {
		s, err := p.Judge(ctx, train, test)
		if err != nil || s.Interval == nil || !(s.Interval[0] < s.Value && s.Value < s.Interval[1]) || s.Found["interval_over"] != "60 samples" {
			t.Errorf("%s: %g in %v over %v, %v", p.Name(), s.Value, s.Interval, s.Found["interval_over"], err)
		}
	}
}

// TestWilson: scipy's binomtest(k, n).proportion_ci(0.95, "wilson"), whatever the order; what depends on each other is worth less, films that agree as many as they are.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{0, 7, 0, 0.35433043506668743}, {7, 7, 0.6456695649333126, 1}, {3, 4, 0.30064184258240184, 0.9544127391902995}, {57, 120, 0.3878209113791835, 0.5637300469417517}, {1, 300, 0.0005886577218511581, 0.018636693694531237}} {
		hits := make([]float64, c.n)
		for i := range c.k {
			hits[i*c.n/max(c.k, 1)] = 1
		}
		in, over := proportion(seq(c.n), c.n, "samples", hits, ones(c.n))
		if in == nil || math.Abs(in[0]-c.low)+math.Abs(in[1]-c.high) > 1e-6 || !strings.HasSuffix(over, " samples") {
			t.Errorf("%d of %d: %v over %s, want %g to %g", c.k, c.n, in, over, c.low, c.high)
		}
	}
	films, halves, wholes := make([]int, 60), make([]float64, 60), make([]float64, 60)
	for i := range films {
		films[i], halves[i], wholes[i] = i/10, float64(i%2), float64(i/10%2)
	}
	for _, c := range []struct {
		hits  []float64
		worth float64
	}{{halves, 34.88064953839148}, {wholes, 2.906720794865957}, {ones(60), 6}} { // 60 and 5 times (z/t)² of scipy 1.17's quantiles, with 5 degrees of freedom
		in, over := proportion(films, 6, "films", c.hits, ones(60))
		p := 0.0
		for _, h := range c.hits {
			p += h / 60
		}
		if low, high := wilson(p, c.worth); in == nil || math.Abs(in[0]-low)+math.Abs(in[1]-high) > 1e-9 || over != "6 films" {
			t.Errorf("%v over %s, want those of %g samples", in, over, c.worth)
		}
	}
	two, all := make([]int, 200), ones(200) // one mistake in two films of 100: as little is known of other films as of these
	for i := range two {
		two[i] = i / 100
	}
	all[150] = 0
	if in, _ := proportion(two, 2, "films", all, ones(200)); in == nil || math.Abs(in[0]-0.5466008137)+math.Abs(in[1]-0.9999695582) > 1e-6 {
		t.Errorf("one mistake in two films: %v", in)
	}
	halves[3] = 0.5
	if in, _ := proportion(films, 6, "films", halves, ones(60)); *in != *first(spreadOver(films, 6, "films", halves, ones(60))) {
		t.Errorf("values between: %v", in)
	}
	if in, _ := proportion(films[:10], 1, "films", ones(10), ones(10)); in != nil {
		t.Errorf("one film: %v", in)
	}
}

func first(in *[2]float64, _ string) *[2]float64 { return in }
