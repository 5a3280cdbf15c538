package eval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// filmed are six frames of three films on a circle, in degrees, with their poses and backgrounds.
func filmed() Sample {
	angles := []float64{0, 2, 10, 14, 90, 100}
	x := tensor.New(len(angles), 2)
	for i, a := range angles {
		s, c := math.Sincos(a * math.Pi / 180)
		x.Data[2*i], x.Data[2*i+1] = float32(3*c), float32(3*s) // cosine does not mind the length
	}
	s := sampleOf(x, []string{"walk", "run"}, []int{0, 0, 1, 1, 0, 0})
	s.Truth.Groups = map[string]data.Labels{
		"film":       labelled{[]string{"f0", "f1", "f2"}, []int{0, 0, 1, 1, 2, 2}},
		"pose":       labelled{[]string{"up", "down"}, []int{0, 1, 1, 0, 0, 1}},
		"background": labelled{[]string{"wood", "sea"}, []int{0, 0, 0, 0, 1, -1}},
	}
	return s
}

// TestPurity by hand. Without frames of the own film the two nearest are:
//
//	0 (0°, up):    2 down, 3 up        1 (2°, down):   2 down, 3 up
//	2 (10°, down): 1 down, 0 up        3 (14°, up):    1 down, 0 up
//	4 (90°, up):   3 up,   2 down      5 (100°, down): 3 up, 2 down
func TestPurity(t *testing.T) {
	s := filmed()
	for _, c := range []struct {
		p      Purity
		value  float64
		chance float64
		n      int
	}{
		{Purity{By: []string{"pose"}, K: 2}, 0.5, 0.5, 6},
		{Purity{By: []string{"pose"}, K: 1}, (0 + 1 + 1 + 0 + 1 + 0) / 6.0, 0.5, 6},
		// all of 0 to 3 have the two others of the wood; 4 has no other of the sea; 5 is of none
		{Purity{By: []string{"background"}, K: 2}, 4.0 / 5, (4 * 0.5) / 5, 5},
		// more neighbours than there are: all four that may be
		{Purity{By: []string{"background"}, K: 50}, (4 * 0.5) / 5, (4 * 0.5) / 5, 5},
		// only itself is left out: each has its film's other frame nearest
		{Purity{By: []string{"film"}, K: 1, Apart: "no"}, 1, 0.2, 6},
		{Purity{By: []string{LabelDivision}, K: 1}, 0, 0.25 * (2*2 + 2*0 + 2*2) / 6, 6},
	} {
		got, err := c.p.Scores(ctx, Sample{}, s)
		if err != nil || len(got) != 1 || math.Abs(got[0].Value-c.value) > 1e-12 || math.Abs(got[0].Trivial-c.chance) > 1e-12 || got[0].Test != c.n || got[0].Train != 6 || got[0].Dim != 2 {
			t.Errorf("%+v: %+v, %v; want %g, chance %g, of %d", c.p, got, err, c.value, c.chance, c.n)
		}
	}
	all, err := Purity{}.Scores(ctx, Sample{}, s)
	var by []string
	for _, s := range all {
		by = append(by, s.Metric.Name+" of "+fmt.Sprint(s.Settings["k"], s.Settings["apart"], s.Settings["among"]))
	}
	if err != nil || fmt.Sprint(by) != "[same background of 5filmtest same pose of 5filmtest]" {
		t.Errorf("%v, %v", by, err)
	}
	if all[0].Made() == all[1].Made() {
		t.Error("scores by other divisions stand side by side")
	}
	if one, err := (Purity{}).Judge(ctx, Sample{}, s); err != nil || one.Value != all[0].Value {
		t.Errorf("%+v, %v", one, err)
	}
}

// TestPurityAmongTrain: neighbours of the training samples, whose classes have other numbers; a film of the same name is left out.
func TestPurityAmongTrain(t *testing.T) {
	train, test := filmed(), filmed()
	train.Truth.Groups["film"] = labelled{[]string{"other", "f0", "g"}, []int{0, 0, 1, 1, 2, 2}}
	train.Truth.Groups["pose"] = labelled{[]string{"down", "up"}, []int{1, 0, 0, 1, 1, 0}}
	got, err := Purity{By: []string{"pose"}, K: 1, Among: "train"}.Scores(ctx, train, test)
	// 0: itself up; 1: itself; 2: itself; 3: itself; 4, 5: themselves. Of film f0, 0 and 1, frames 2 and 3 are left out, which changes no nearest
	if err != nil || got[0].Value != 1 || math.Abs(got[0].Trivial-0.5) > 1e-12 {
		t.Errorf("%+v, %v", got, err)
	}
	train.Truth.Groups["film"] = labelled{[]string{"f0", "f1", "f2"}, []int{0, 0, 1, 1, 2, 2}}
	again, err := Purity{By: []string{"pose"}, K: 1, Among: "train"}.Scores(ctx, train, test)
	within, _ := Purity{By: []string{"pose"}, K: 1}.Scores(ctx, train, test)
	if err != nil || again[0].Value != within[0].Value {
		t.Errorf("the same films: %+v, %v; within %+v", again, err, within)
	}
}

func TestPurityMistakes(t *testing.T) {
	s := filmed()
	_, err := Purity{By: []string{"mood"}}.Scores(ctx, s, s)
	wantError(t, err, `not divided by "mood", but by background, film, pose or label`)
	_, err = Purity{Apart: "place"}.Scores(ctx, s, s)
	wantError(t, err, `"place"`)
	bare := sampleOf(rows(1, 1, 2), nil, nil)
	bare.Truth = data.Truth{}
	_, err = Purity{}.Scores(ctx, bare, bare)
	wantError(t, err, "neither labels nor other divisions")
	_, err = Purity{By: []string{"label"}}.Scores(ctx, bare, bare)
	wantError(t, err, "but by nothing")
	one := filmed()
	one.Truth.Groups["film"] = labelled{[]string{"f"}, make([]int, 6)}
	_, err = Purity{}.Scores(ctx, one, one)
	wantError(t, err, "its own film's frames")
	_, err = Purity{}.Scores(ctx, one, Sample{Truth: one.Truth})
	wantError(t, err, "no features")
	gone, stop := context.WithCancel(ctx)
	stop()
	if _, err := (Purity{}).Scores(gone, s, s); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if p, err := NewProtocol("purity?by=pose,background&k=3&among=train&apart=no"); err != nil || !reflect.DeepEqual(p, Purity{[]string{"pose", "background"}, 3, "no", "train"}) {
		t.Errorf("%+v, %v", p, err)
	}
	none := data.Dataset{Name: "bare"}
	wantError(t, Check([]Protocol{Purity{}}, &none, &none), "purity: bare: the data has neither")
	wantError(t, Check([]Protocol{KNN{}}, &none, &none), "bare has no labels")
}

// TestPurityOfNoise: neighbours of features that know nothing share as much as chance says, whatever the classes' sizes.
func TestPurityOfNoise(t *testing.T) {
	const n = 1200
	rng := tensor.NewRNG(3)
	x := tensor.New(n, 6)
	rng.FillNormal(x, 0, 1)
	labels, films := make([]int, n), make([]int, n)
	for i := range n {
		labels[i] = int(rng.Uniform(0, 1) * rng.Uniform(0, 1) * 8) // small classes and large ones
		films[i] = i / 6
	}
	s := sampleOf(x, []string{"0", "1", "2", "3", "4", "5", "6", "7"}, labels)
	names := make([]string, n/6)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	s.Truth.Groups = map[string]data.Labels{"film": labelled{names, films}}
	got, err := Purity{By: []string{"label"}}.Scores(ctx, s, s)
	if err != nil {
		t.Fatal(err)
	}
	if g := got[0]; !(math.Abs(g.Value-g.Trivial) < 0.02) || g.Interval == nil || !(g.Interval[0] < g.Trivial && g.Trivial < g.Interval[1]) || g.Found["interval_over"] != "200 films" {
		t.Errorf("%+v", g)
	}
}

// TestIntervalsCover: of many data sets whose mean is known, the interval of about 95 % holds it, where samples are alone and where those of a film say
// the same; an interval that takes the frames of a film for independent would hold it in about half.
func TestIntervalsCover(t *testing.T) {
	const sets, films, frames, mean = 400, 60, 8, 0.3
	rng := tensor.NewRNG(7)
	held, narrow := 0, 0
	for k := range sets {
		var whole, single []tally
		for range films {
			hit := 0.0
			if rng.Uniform(0, 1) < mean {
				hit = 1
			}
			whole = append(whole, tally{frames * hit, frames})
			for range frames {
				single = append(single, tally{hit, 1})
			}
		}
		low, high, ok := interval(whole, uint64(k))
		if ok && low <= mean && mean <= high {
			held++
		}
		if k < 100 {
			if low, high, _ := interval(single, uint64(k)); low <= mean && mean <= high {
				narrow++
			}
		}
	}
	if part := float64(held) / sets; !(part > 0.92 && part < 0.98) {
		t.Errorf("the intervals hold the mean in %.1f %%", 100*part)
	}
	if narrow > 75 {
		t.Errorf("intervals over frames hold the mean in %d of 100: the test could not tell films from frames", narrow)
	}
	if _, _, ok := interval([]tally{{1, 1}}, 0); ok {
		t.Error("an interval of one value")
	}
	if low, high, ok := interval([]tally{{0, 0}, {3, 6}}, 0); !ok || low != 0.5 || high != 0.5 {
		t.Errorf("a tally of nothing: %g %g", low, high)
	}
}

// TestNearestAmong: no frame of the query's film, samples by number.
func TestNearestAmong(t *testing.T) {
	s := filmed()
	keep := []int32{5, 3, 2, 0} // rows in another order, and some missing
	some := s
	some.Index, some.Pooled = nil, tensor.New(len(keep), 2)
	for _, r := range keep {
		some.Index = append(some.Index, int(r))
	}
	tensor.Gather(some.Pooled, s.Pooled, keep)
	n := NearestAmong("run", some, []int{0, 1, 5}, 2)
	var got [][]int
	for _, near := range n.Near {
		at := []int{}
		for _, x := range near {
			at = append(at, x.At)
		}
		got = append(got, at)
	}
	if n.Features != "run" || !slices.EqualFunc(got, [][]int{{2, 3}, {}, {3, 2}}, slices.Equal) {
		t.Errorf("%v", got)
	}
	if n := NearestAmong("run", some, []int{1}, 2); n.Near[0] != nil {
		t.Errorf("of a query without features: %v", n.Near)
	}
}
