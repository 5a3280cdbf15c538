package metric

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
)

// gains and scoresOf are the numbers of testdata/sklearn.py.
func gains(n int, kind string) []float32 {
	g := make([]float32, n)
	golden.Fill(g, "relevance", 1)
	for i, u := range g {
		switch {
		case kind == "graded":
			g[i] = float32(max(0, math.Floor(float64(u)*4)))
		case u > 0.4:
			g[i] = 1
		default:
			g[i] = 0
		}
	}
	return g
}

func scoresOf(n, steps int) []float32 {
	s := make([]float32, n)
	golden.Fill(s, "score", 1)
	for i, v := range s {
		if steps > 0 {
			s[i] = float32(math.Floor(float64(v)*float64(steps)) / float64(steps))
		}
	}
	return s
}

// TestRankScikitLearn: rankings and curves are those of scikit-learn; testdata/sklearn.py.
func TestRankScikitLearn(t *testing.T) {
	var of struct {
		Ranks []struct {
			N, Steps, K  int
			Kind         string
			NDCG, Chance float64
		}
		AUCs []struct {
			N, Steps int
			Kind     string
			AUC      float64
		}
	}
	golden.Load(t, "testdata/sklearn.json", &of)
	without := 0
	for _, r := range of.Ranks {
		g, s := gains(r.N, r.Kind), scoresOf(r.N, r.Steps)
		got, ok := NDCG(g, s, r.K)
		chance, also := ChanceNDCG(g, r.K)
		if some := slices.Max(g) > 0; ok != some || also != some {
			t.Errorf("%+v: something is relevant: %v, told %v, %v", r, some, ok, also)
		} else if !some {
			without++
		}
		if !(math.Abs(got-r.NDCG) <= 1e-12) || !(math.Abs(chance-r.Chance) <= 1e-12) {
			t.Errorf("%+v: %.15f, by chance %.15f", r, got, chance)
		}
	}
	for _, r := range of.AUCs {
		var positive []bool
		for _, g := range gains(r.N, r.Kind) {
			positive = append(positive, g > 0)
		}
		if got, ok := AUC(positive, scoresOf(r.N, r.Steps)); !ok || !(math.Abs(got-r.AUC) <= 1e-12) {
			t.Errorf("%+v: %.15f, %v", r, got, ok)
		}
	}
	if len(of.Ranks) != 64 || len(of.AUCs) != 12 || without == 0 {
		t.Errorf("%d rankings, %d curves, %d without anything relevant were compared", len(of.Ranks), len(of.AUCs), without)
	}
}

// TestNDCGByHand: three ranks with gains 3, 0 and 2, of which the best order is 3, 2, 0.
func TestNDCGByHand(t *testing.T) {
	got, _ := NDCG([]float32{0, 2, 3}, []float32{0.5, 0.1, 0.9}, 3)
	if want := (3 + 2.0/2) / (3 + 2/math.Log2(3)); math.Abs(got-want) > 1e-15 {
		t.Errorf("%g, want %g", got, want)
	}
	if got, _ := NDCG([]float32{0, 1, 1, 0}, []float32{0, 3, 2, 1}, 2); got != 1 {
		t.Errorf("what is relevant comes first: %g", got)
	}
	if got, ok := NDCG([]float32{0, 1, 1, 0}, []float32{3, 0, 1, 2}, 2); got != 0 || !ok {
		t.Errorf("what is relevant comes behind: %g, %v", got, ok)
	}
	for _, k := range []int{0, 1, 3} {
		if got, ok := NDCG(nil, nil, k); got != 0 || ok {
			t.Errorf("of nothing: %g, %v", got, ok)
		}
	}
}

// TestNDCGTies: where scores are equal the order of the items does not matter; it is the mean of all orders.
func TestNDCGTies(t *testing.T) {
	g, s := []float32{2, 0, 1, 0}, []float32{1, 1, 1, 0}
	sum, n := 0.0, 0.0
	for _, p := range [][3]float32{{1, 2, 3}, {1, 3, 2}, {2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {3, 2, 1}} {
		v, _ := NDCG(g, []float32{p[0], p[1], p[2], 0}, 2)
		sum, n = sum+v, n+1
	}
	got, _ := NDCG(g, s, 2)
	if math.Abs(got-sum/n) > 1e-15 {
		t.Errorf("%g, the mean of all orders is %g", got, sum/n)
	}
	turned, _ := NDCG([]float32{0, 1, 0, 2}, []float32{0, 1, 1, 1}, 2)
	if turned != got {
		t.Errorf("in another order %g, not %g", turned, got)
	}
}

// TestChanceNDCG: it is what random orders reach in the mean.
func TestChanceNDCG(t *testing.T) {
	g := gains(40, "graded")
	const orders = 4000
	sum := 0.0
	s := make([]float32, orders*40)
	golden.Fill(s, "orders", 1)
	for k := range orders {
		v, _ := NDCG(g, s[k*40:(k+1)*40], 5)
		sum += v
	}
	want, _ := ChanceNDCG(g, 5)
	if math.Abs(sum/orders-want) > 0.01 {
		t.Errorf("random orders reach %g, the formula says %g", sum/orders, want)
	}
}

func TestAUCByHand(t *testing.T) {
	for _, c := range []struct {
		positive []bool
		score    []float32
		want     float64
		ok       bool
	}{
		{[]bool{true, false}, []float32{2, 1}, 1, true},
		{[]bool{true, false}, []float32{1, 2}, 0, true},
		{[]bool{true, false}, []float32{1, 1}, 0.5, true},
		{[]bool{true, true, false, false}, []float32{3, 1, 2, 0}, 0.75, true},
		{[]bool{true, true}, []float32{3, 1}, 0, false},
		{[]bool{false}, []float32{3}, 0, false},
		{nil, nil, 0, false},
	} {
		if got, ok := AUC(c.positive, c.score); got != c.want || ok != c.ok {
			t.Errorf("%v %v: %g, %v, want %g, %v", c.positive, c.score, got, ok, c.want, c.ok)
		}
	}
}

// mustPanic runs f and wants a panic that says words.
func mustPanic(t *testing.T, words string, f func()) {
	t.Helper()
	defer func() {
		if e := recover(); e == nil || !strings.Contains(e.(string), words) {
			t.Errorf("panic %v, want one that says %q", e, words)
		}
	}()
	f()
}

func TestRankPanics(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	mustPanic(t, "relevance of 2 items, scores of 1", func() { NDCG([]float32{1, 0}, []float32{1}, 1) })
	mustPanic(t, "relevance of item 1 is -1", func() { NDCG([]float32{1, -1}, []float32{1, 2}, 1) })
	mustPanic(t, "relevance of item 0 is NaN", func() { ChanceNDCG([]float32{nan, 1}, 1) })
	mustPanic(t, "relevance of item 1 is +Inf", func() { ChanceNDCG([]float32{1, inf}, 1) })
	mustPanic(t, "score of item 1 is NaN", func() { NDCG([]float32{1, 1}, []float32{1, nan}, 1) })
	mustPanic(t, "1 answers, 2 scores", func() { AUC([]bool{true}, []float32{1, 2}) })
	mustPanic(t, "score 0 is NaN", func() { AUC([]bool{true}, []float32{nan}) })
}

// TestKth: the k-th largest is where sorting puts it.
func TestKth(t *testing.T) {
	for _, n := range []int{1, 2, 3, 8, 50} {
		for _, steps := range []int{0, 3} {
			x := scoresOf(n, steps)
			sorted := slices.Clone(x)
			slices.SortFunc(sorted, descending)
			for k := 1; k <= n; k++ {
				if got := kth(x, k); got != sorted[k-1] {
					t.Errorf("number %d of %d is %g, want %g", k, n, got, sorted[k-1])
				}
			}
		}
	}
}

// TestRanks: scipy.stats.rankdata([3, 1, 3, 2, 3, -1]).
func TestRanks(t *testing.T) {
	if got := Ranks([]float64{3, 1, 3, 2, 3, -1}); !slices.Equal(got, []float64{5, 2, 5, 3, 5, 1}) {
		t.Error(got)
	}
	if got := Ranks(nil); len(got) != 0 {
		t.Error(got)
	}
}
