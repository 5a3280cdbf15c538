package eval

import (
	"math"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// TestOKSPycocotools: what pycocotools says of made-up people, with guesses of which some are surer, and all alike; testdata/oks.py.
func TestOKSPycocotools(t *testing.T) {
	var g struct {
		Names  []string
		People []struct {
			H, W      int
			At, Guess [][2]float32
			Known     []bool
			Sure      float64
		}
		Ranked, Alike []float64
		N             int
	}
	golden.Load(t, "testdata/oks.json", &g)
	var all joints
	sure := make([]float64, len(g.People))
	for i, p := range g.People {
		var points []data.KeyPoint
		for j, name := range g.Names {
			if p.Known[j] {
				points = append(points, data.KeyPoint{Name: name, X: p.At[j][0], Y: p.At[j][1]})
			}
		}
		sure[i] = p.Sure
		all.points, all.sizes = append(all.points, points), append(all.sizes, [2]int{p.H, p.W})
	}
	s := Sample{Features{Index: numbers(len(g.People))}, data.Truth{KeyPoints: all, Sizes: all}}
	truth, err := s.Pose(nil)
	if err != nil {
		t.Fatal(err)
	}
	guess := tensor.New(len(g.People), 2*len(g.Names))
	for row, p := range g.People {
		side := float32(min(p.H, p.W))
		for j, name := range truth.Names {
			for k := range g.Names {
				if plainName(g.Names[k]) == name {
					at := (row*len(g.Names) + j) * 2
					guess.Data[at], guess.Data[at+1] = (p.Guess[k][0]-float32(p.W)/2)/side, (p.Guess[k][1]-float32(p.H)/2)/side
				}
			}
		}
	}
	for _, c := range []struct {
		sure []float64
		want []float64
	}{{sure, g.Ranked}, {nil, g.Alike}} {
		scores, err := KeyPoints{}.Judged(ctx, s, truth, Guess{At: guess, Sure: c.sure, Trivial: make([]float32, 2*len(g.Names)), Predictor: "middle"}, Score{Train: 3}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := scores[len(scores)-1]
		for k, v := range []float64{got.Value, got.Parts[0].Value, got.Parts[1].Value} {
			if math.Abs(v-c.want[k]) > 1e-6 {
				t.Errorf("ranked %v: number %d is %.9f, want %.9f", c.sure != nil, k, v, c.want[k])
			}
		}
		if in := got.Interval; got.Metric.Name != "OKS AP" || got.Test != g.N || got.Train != 3 || in == nil || in[0] >= got.Value || in[1] <= got.Value || got.Settings["ranked"] != (c.sure != nil) {
			t.Errorf("%+v", got)
		}
	}
}
