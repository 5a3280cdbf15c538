package metric

import (
	"math"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
)

// TestMatchingSciPy: no matching is cheaper, equal costs or not, and each row and column is matched once; testdata/sklearn.py.
func TestMatchingSciPy(t *testing.T) {
	var of struct {
		Matchings []struct {
			Rows, Cols, Steps int
			Sum               float64
		}
	}
	golden.Load(t, "testdata/sklearn.json", &of)
	for _, m := range of.Matchings {
		x := make([]float32, m.Rows*m.Cols)
		golden.Fill(x, "cost", 1)
		cost := make([][]float64, m.Rows)
		for i := range cost {
			for _, v := range x[i*m.Cols : (i+1)*m.Cols] {
				c := float64(v)
				if m.Steps > 0 {
					c = float64(float32(math.Floor(c*float64(m.Steps)) / float64(m.Steps)))
				}
				cost[i] = append(cost[i], c)
			}
		}
		sum, used := 0.0, map[int]bool{}
		for i, j := range Matching(cost) {
			if j < 0 {
				continue
			}
			if used[j] {
				t.Errorf("%dx%d: column %d is matched twice", m.Rows, m.Cols, j)
			}
			used[j] = true
			sum += cost[i][j]
		}
		if len(used) != min(m.Rows, m.Cols) || math.Abs(sum-m.Sum) > 1e-9 {
			t.Errorf("%dx%d: %d are matched at %.12f, scipy has %.12f", m.Rows, m.Cols, len(used), sum, m.Sum)
		}
	}
	if len(of.Matchings) != 8 || Matching(nil) != nil {
		t.Errorf("%d were compared; of nothing %v", len(of.Matchings), Matching(nil))
	}
}
