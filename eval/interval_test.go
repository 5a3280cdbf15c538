package eval

import (
	"math"
	"testing"

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
		got, same := Redrawn(s, mean)
		if len(got) != 3 || got[1] != nil || same != over || math.Abs(got[0][0]-want[0]) > 0.1*(want[1]-want[0]) || math.Abs(got[2][1]-want[1]) > 0.1*(want[1]-want[0]) {
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
	if got, over := Redrawn(one, mean); got != nil || over != "" {
		t.Errorf("of one film: %v over %s", got, over)
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
