package metric

import (
	"math"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
)

// parts are the divisions of testdata/sklearn.py.
func parts(n int, name string, count int) []int {
	u := make([]float32, n)
	golden.Fill(u, name, 1)
	out := make([]int, n)
	for i, v := range u {
		out[i] = int((float64(v) + 1) / 2 * float64(count))
	}
	return out
}

// TestAgreementScikitLearn: how divisions agree is what scikit-learn says; testdata/sklearn.py.
func TestAgreementScikitLearn(t *testing.T) {
	var of struct {
		Divisions []struct {
			N, A, B                                int
			Same, MI, NMI, Rand, Expected, Matched float64
		}
	}
	golden.Load(t, "testdata/sklearn.json", &of)
	for _, d := range of.Divisions {
		a, b := parts(d.N, "a", d.A), parts(d.N, "b", d.B)
		u := make([]float32, d.N)
		golden.Fill(u, "same", 1)
		for i, v := range u {
			if (float64(v)+1)/2 < d.Same {
				b[i] = a[i]
			}
		}
		for _, g := range []*Agreement{Agree(a, b), Agree(b, a)} {
			for what, c := range map[string][2]float64{"mutual information": {g.MutualInformation(), d.MI}, "NMI": {g.NMI(), d.NMI},
				"adjusted Rand": {g.AdjustedRand(), d.Rand}, "expected": {g.expected(), d.Expected}, "matched": {g.Matched(), d.Matched}} {
				if !(math.Abs(c[0]-c[1]) <= 1e-10) {
					t.Errorf("%d things in %d and %d parts: %s %.12f, scikit-learn's %.12f", d.N, d.A, d.B, what, c[0], c[1])
				}
			}
		}
	}
	if len(of.Divisions) != 7 {
		t.Errorf("%d divisions were compared", len(of.Divisions))
	}
}

// TestAgreementByHand: what parts are called does not matter, halves of halves say half.
func TestAgreementByHand(t *testing.T) {
	g := Agree([]int{0, 0, 1, 1}, []int{-7, -7, 3, 3})
	if g.NMI() != 1 || g.AdjustedRand() != 1 || math.Abs(g.MutualInformation()-math.Ln2) > 1e-15 {
		t.Errorf("the same division: %g, %g, %g", g.NMI(), g.AdjustedRand(), g.MutualInformation())
	}
	g = Agree([]int{0, 0, 1, 1}, []int{0, 1, 0, 1})
	if g.NMI() != 0 || math.Abs(g.AdjustedRand()+0.5) > 1e-15 {
		t.Errorf("independent divisions: %g, %g", g.NMI(), g.AdjustedRand())
	}
	if s := Agree([]int{0, 1, 2, 2}, []int{5, 5, 5, 6}).Largest(); s != 0.75 {
		t.Errorf("the largest part has %g, want 3 of 4", s)
	}
	g = Agree([]int{0, 0, 1, 1}, []int{0, 1, 2, 3})
	if want := 2.0 / 3; math.Abs(g.NMI()-want) > 1e-15 { // log 2 over the mean of log 2 and log 4
		t.Errorf("halves of halves: %g, want %g", g.NMI(), want)
	}
	if g = Agree([]int{5, 5}, []int{1, 1}); g.NMI() != 1 || g.AdjustedRand() != 1 || g.ChanceNMI() != 1 {
		t.Errorf("a single part each: %g, %g, %g", g.NMI(), g.AdjustedRand(), g.ChanceNMI())
	}
	// four things dealt to two pairs: with probability 1/3 the same pairs, else independent
	if g = Agree([]int{0, 0, 1, 1}, []int{0, 1, 0, 1}); math.Abs(g.ChanceNMI()-1.0/3) > 1e-14 {
		t.Errorf("by chance %g, want 1/3", g.ChanceNMI())
	}
	mustPanic(t, "divisions of 1 and of 2 things", func() { Agree([]int{1}, []int{1, 2}) })
	mustPanic(t, "1 at least", func() { Agree(nil, nil) })
}

// TestChanceNMI: it is the mean of things dealt anew.
func TestChanceNMI(t *testing.T) {
	const n, deals = 60, 3000
	a := parts(n, "a", 5)
	b := parts(n, "b", 9)
	want := Agree(a, b).ChanceNMI()
	u := make([]float32, n*deals)
	golden.Fill(u, "deals", 1)
	sum := 0.0
	for k := range deals {
		for i := n - 1; i > 0; i-- {
			j := int((float64(u[k*n+i]) + 1) / 2 * float64(i+1))
			b[i], b[j] = b[j], b[i]
		}
		sum += Agree(a, b).NMI()
	}
	if math.Abs(sum/deals-want) > 0.004 {
		t.Errorf("dealt anew %g, the formula says %g", sum/deals, want)
	}
}
