package kmeans

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

// blobs are the points of testdata/kmeans.py.
func blobs(n, d, k int, off float32) *tensor.Tensor {
	x, centres := tensor.New(n, d), tensor.New(k, d)
	golden.Fill(x.Data, "points", 1)
	golden.Fill(centres.Data, "centres", 0.8)
	for i := range n {
		for j := range d {
			x.Data[i*d+j] = centres.Data[i%k*d+j] + x.Data[i*d+j] + off
		}
	}
	return x
}

// TestScikitLearn: from the same centres the clusters are those of scikit-learn, and from its own no worse than its; testdata/kmeans.py.
func TestScikitLearn(t *testing.T) {
	var rows []struct {
		N, D, K       int
		Off           float32
		Of            []int
		Centres       []float64
		Inertia, Best float64
	}
	golden.Load(t, "testdata/kmeans.json", &rows)
	for _, r := range rows {
		x := blobs(r.N, r.D, r.K, r.Off)
		kept := x.Clone()
		c := Lloyd(x, x.Rows(0, r.K), 300)
		if !slices.Equal(c.Of, r.Of) || !(math.Abs(c.Inertia-r.Inertia) <= 1e-5*r.Inertia) {
			t.Errorf("%d points of %d: inertia %.6f after %d rounds, scikit-learn's %.6f", r.N, r.D, c.Inertia, c.Rounds, r.Inertia)
		}
		for i, v := range r.Centres {
			if got := float64(c.Centres.Data[i]); !(math.Abs(got-v) <= 2e-6*(1+math.Abs(v))) {
				t.Fatalf("%d points of %d: centre %d is %.7f, scikit-learn's %.7f", r.N, r.D, i, got, v)
			}
		}
		best, all := Fit(x, r.K, Options{}, tensor.NewRNG(1))
		if !(best.Inertia <= 1.001*r.Best) || len(all) != 10 {
			t.Errorf("%d points of %d: inertia %.6f of %d restarts, scikit-learn's %.6f", r.N, r.D, best.Inertia, len(all), r.Best)
		}
		for _, c := range all {
			if c.Inertia < best.Inertia {
				t.Errorf("the best inertia is not %g but %g", best.Inertia, c.Inertia)
			}
		}
		if !slices.Equal(x.Data, kept.Data) {
			t.Error("the points were changed")
		}
	}
	if len(rows) != 3 {
		t.Errorf("%d sets of points were compared", len(rows))
	}
}

// TestThreads: the same bits with any number of threads.
func TestThreads(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	x := blobs(1200, 130, 9, 3)
	var want *Clusters
	for _, n := range []int{1, 2, 3, 8} {
		parallel.SetWorkers(n)
		got, _ := Fit(x, 9, Options{Restarts: 2}, tensor.NewRNG(4))
		if want == nil {
			want = got
		}
		if !slices.Equal(got.Centres.Data, want.Centres.Data) || !slices.Equal(got.Of, want.Of) || got.Inertia != want.Inertia {
			t.Errorf("%d threads give other clusters", n)
		}
	}
	other, _ := Fit(x, 9, Options{Restarts: 1}, tensor.NewRNG(5))
	if slices.Equal(other.Centres.Data, want.Centres.Data) {
		t.Error("another seed begins with the same centres")
	}
}

// TestEmpty: a centre that nothing is nearest to takes the farthest point; where points are equal, clusters stay empty rather than that something breaks.
func TestEmpty(t *testing.T) {
	x := &tensor.Tensor{Shape: []int{5, 1}, Data: []float32{0, 1, 2, 3, 100}}
	c := Lloyd(x, &tensor.Tensor{Shape: []int{2, 1}, Data: []float32{-1000, 1}}, 10)
	if !slices.Equal(c.Of, []int{1, 1, 1, 1, 0}) || !slices.Equal(c.Centres.Data, []float32{100, 1.5}) || c.Inertia != 5 {
		t.Errorf("%v around %v, inertia %g", c.Of, c.Centres.Data, c.Inertia)
	}
	for _, d := range []int{1, 20} {
		x := tensor.New(4, d)
		best, _ := Fit(x, 3, Options{}, tensor.NewRNG(1))
		if best.Inertia != 0 || len(best.Of) != 4 {
			t.Errorf("equal points: %+v", best)
		}
	}
	few := &tensor.Tensor{Shape: []int{2, 1}, Data: []float32{1, 2}}
	c = Lloyd(few, Farthest(few, 4, 1), 10)
	if c.Inertia != 0 || !slices.Equal(c.Centres.Data, []float32{2, 1, 1, 1}) && !slices.Equal(c.Centres.Data, []float32{2, 1, 2, 2}) {
		t.Errorf("more centres than points: %v, inertia %g", c.Centres.Data, c.Inertia)
	}
}

// TestEveryPointAlone: as many clusters as points leave nothing.
func TestEveryPointAlone(t *testing.T) {
	for _, d := range []int{2, 33} {
		x := blobs(20, d, 4, 0)
		best, _ := Fit(x, 20, Options{Restarts: 1}, tensor.NewRNG(2))
		sorted := slices.Clone(best.Of)
		slices.Sort(sorted)
		if best.Inertia > 1e-9 || len(slices.Compact(sorted)) != 20 {
			t.Errorf("%d dimensions: inertia %g, %v", d, best.Inertia, best.Of)
		}
	}
	one, _ := Fit(blobs(20, 3, 4, 0), 1, Options{Restarts: 1}, tensor.NewRNG(2))
	if one.Rounds != 1 && one.Rounds != 2 || slices.Max(one.Of) != 0 {
		t.Errorf("one cluster: %+v", one)
	}
}

// TestStop: Fit ends soon after it is told to, while it draws centres and in its rounds.
func TestStop(t *testing.T) {
	x := blobs(500, 8, 4, 1)
	for _, at := range []int{0, 7, 101} {
		asked := 0
		Fit(x, 100, Options{Restarts: 1, Stop: func() bool { asked++; return asked > at }}, tensor.NewRNG(1))
		if asked < at || asked > at+3 { // once each by the draws, the rounds and the restarts
			t.Errorf("asked %d times, told to stop at %d", asked, at+1)
		}
	}
}

// TestRounds: no more rounds than allowed.
func TestRounds(t *testing.T) {
	x := blobs(300, 2, 5, 0)
	for rounds := range 3 {
		if c := Lloyd(x, x.Rows(0, 5), rounds); c.Rounds != rounds {
			t.Errorf("%d rounds, allowed were %d", c.Rounds, rounds)
		}
	}
	if c := Lloyd(x, x.Rows(0, 5), 0); !slices.Equal(c.Centres.Data, x.Data[:10]) {
		t.Error("without a round centres have moved")
	}
}

// TestPick: places are drawn as their weights say, and none of weight 0.
func TestPick(t *testing.T) {
	rng := tensor.NewRNG(3)
	count := make([]int, 4)
	const draws = 20000
	for range draws {
		count[pick([]float32{1, 0, 3, 0}, rng)]++
	}
	if part := float64(count[2]) / draws; count[1]+count[3] > 0 || math.Abs(part-0.75) > 0.01 {
		t.Errorf("drawn %v times", count)
	}
	count = make([]int, 2)
	for range draws {
		count[pick([]float32{0, 0}, rng)]++
	}
	if part := float64(count[0]) / draws; math.Abs(part-0.5) > 0.02 {
		t.Errorf("without weights drawn %v times", count)
	}
}

func TestPanics(t *testing.T) {
	x := tensor.New(3, 2)
	for words, f := range map[string]func(){
		"4 clusters of points [3 2]": func() { Fit(x, 4, Options{}, tensor.NewRNG(1)) },
		"0 clusters of points [3 2]": func() { Fit(x, 0, Options{}, tensor.NewRNG(1)) },
		"centres [1 3] of points":    func() { Lloyd(x, tensor.New(1, 3), 1) },
		"centres [0 2] of points":    func() { Lloyd(x, tensor.New(0, 2), 1) },
	} {
		func() {
			defer func() {
				if e := recover(); e == nil || !strings.Contains(e.(string), words) {
					t.Errorf("panic %v, want one that says %q", e, words)
				}
			}()
			f()
		}()
	}
}

func BenchmarkFit(b *testing.B) {
	x := blobs(5000, 512, 50, 0)
	for b.Loop() {
		Fit(x, 50, Options{Restarts: 1}, tensor.NewRNG(1))
	}
}

// TestFarthest: each centre is the point farthest from those before it, the first of equals.
func TestFarthest(t *testing.T) {
	x := &tensor.Tensor{Shape: []int{5, 1}, Data: []float32{0, 1, 2, 10, 5}}
	if got := Farthest(x, 4, 1).Data; !slices.Equal(got, []float32{1, 10, 5, 0}) {
		t.Errorf("%v", got)
	}
}
