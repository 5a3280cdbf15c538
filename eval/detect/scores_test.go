package detect

import (
	"math"
	"strings"
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
	value := metric.VOC(j.found, j.there, j.classes, metric.VOCOptions{}).MeanArea
	width := func(truth data.Truth, said string) float64 {
		in, over := j.interval(value, eval.Sample{Features: eval.Features{Index: index}, Truth: truth})
		if in == nil || over != said || !(in[0] < value && value < in[1]) {
			t.Fatalf("%.3f in %v over %q, want %q", value, in, over, said)
		}
		return in[1] - in[0]
	}
	alone, films := width(data.Truth{}, "600 samples"), width(data.Truth{Groups: map[string]data.Labels{data.FilmGroup: inFilms(film)}}, "60 films")
	if r := films / alone; math.Abs(r-math.Sqrt(film)) > 1 {
		t.Errorf("the interval over films is %.2f times that over pictures, want about %.2f: the pictures of a film are alike", r, math.Sqrt(film))
	}
	if in, over := j.interval(value, eval.Sample{Features: eval.Features{Index: make([]int, 1)}}); in != nil || strings.Contains(over, "1") {
		t.Errorf("one picture: %v over %q", in, over)
	}
}
