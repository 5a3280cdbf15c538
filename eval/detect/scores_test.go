package detect

import (
	"context"
	"math"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/metric"
)

// inFilms are films of so many pictures each.
type inFilms int

func (inFilms) Classes() []string { return nil }
func (n inFilms) Label(i int) int { return i / int(n) }

// TestInterval: hundreds of pictures full of boxes have an interval too, and pictures that are the same film's say no more than one.
func TestInterval(t *testing.T) {
	const pictures, film = 600, 10
	j := judged{classes: 2}
	index := make([]int, pictures)
	for i := range pictures {
		index[i] = i
		at := [4]float64{10, 10, 30, 30}
		j.there = append(j.there, metric.Object{Image: i, Class: i / film % 2, Box: at})
		if i/film%3 > 0 { // whole films in which nothing is found
			j.found = append(j.found, metric.Detection{Image: i, Class: i / film % 2, Score: 0.5 + float64(i*37%100)/250, Box: at})
		}
		for k := range 99 {
			j.found = append(j.found, metric.Detection{Image: i, Class: k % 2, Score: float64((i*31+k*17)%1000) / 2500, Box: [4]float64{40, 40, 50, 50}})
		}
	}
	for _, of := range []struct {
		value float64
		drawn func(times []int) float64
	}{
		{metric.VOC(j.found, j.there, j.classes, metric.VOCOptions{}).MeanArea, metric.JudgeVOC(j.found, j.there, j.classes, metric.VOCOptions{}).MeanArea},
		{metric.COCO(j.found, j.there, j.classes).AP, metric.JudgeCOCO(j.found, j.there, j.classes).AP},
	} {
		ask := func(truth data.Truth, index []int) eval.Score {
			s := eval.Score{Value: of.value, Found: map[string]any{}}
			if err := within(context.Background(), &s, eval.Sample{Features: eval.Features{Index: index}, Truth: truth}, eval.Options{}, of.drawn); err != nil {
				t.Fatal(err)
			}
			return s
		}
		width := func(truth data.Truth, said string) float64 {
			s := ask(truth, index)
			if in := s.Interval; in == nil || s.Found["interval_over"] != said || !(in[0] < of.value && of.value < in[1]) {
				t.Fatalf("%.3f in %v over %q, want %q", of.value, in, s.Found["interval_over"], said)
			}
			return s.Interval[1] - s.Interval[0]
		}
		alone, films := width(data.Truth{}, "600 samples"), width(data.Truth{Groups: map[string]data.Labels{data.FilmGroup: inFilms(film)}}, "60 films")
		if r := films / alone; math.Abs(r-math.Sqrt(film)) > 1 {
			t.Errorf("the interval over films is %.2f times that over pictures, want about %.2f: the pictures of a film are alike", r, math.Sqrt(film))
		}
		if s := ask(data.Truth{}, make([]int, 1)); s.Interval != nil || len(s.Found) > 0 {
			t.Errorf("one picture: %+v", s)
		}
		if v := of.drawn(nil); math.Abs(v-of.value) > 1e-12 {
			t.Errorf("each picture once is %g, want %g", v, of.value)
		}
	}
}
