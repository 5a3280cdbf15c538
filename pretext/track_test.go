package pretext

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/flow"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// trackGolden is what track.py computed.
type trackGolden struct {
	Loss              float64
	Asked             int
	Ends, Probs, Grad []float64
}

// agrees fails where values differ from PyTorch's by more than a part of the largest.
func agrees(t *testing.T, what string, got []float32, want []float64, part float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	most, off := 0.0, 0.0
	for i, v := range want {
		most, off = max(most, math.Abs(v)), max(off, math.Abs(v-float64(got[i])))
	}
	if off > part*most || most == 0 {
		t.Errorf("%s is off by %.3g of %.3g", what, off, most)
	}
}

// TestTrackGolden: each method's loss and its gradient are PyTorch's.
func TestTrackGolden(t *testing.T) {
	var want map[string]trackGolden
	golden.Load(t, "testdata/track.json", &want)
	tape := autograd.NewTape(tensor.NewRNG(1))
	filled := func(name string, scale float64, shape ...int) *tensor.Tensor {
		x := tensor.New(shape...)
		golden.Fill(x.Data, name, scale)
		return x
	}
	check := func(name string, x *tensor.Tensor, part float64, loss func(x *autograd.Var) *autograd.Var) {
		t.Helper()
		v := tape.Param(x)
		y := loss(v)
		if got := float64(y.Scalar()); math.Abs(got-want[name].Loss) > part*want[name].Loss {
			t.Errorf("%s: loss %.8g, want %.8g", name, got, want[name].Loss)
		}
		agrees(t, name+"'s gradient", tape.Backward(y).Of(x).Data, want[name].Grad, part)
		tape.Reset()
	}
	walks := func(name string, n, frames, nodes, d int, temperature float32, dropped bool) {
		x := filled(fmt.Sprintf("walk%d%d", n, frames), 1, frames, n, nodes, d)
		check(name, x, 2e-5, func(v *autograd.Var) *autograd.Var {
			z := autograd.L2Normalize(v)
			var fs []*autograd.Var
			for k := range frames {
				fs = append(fs, autograd.Reshape(autograd.Slice(z, 0, k, 1, 1), n, nodes, d))
			}
			draw := -1
			loss, ends := walkLoss(fs, temperature, func() *tensor.Tensor {
				draw++
				if !dropped {
					return nil
				}
				m := tensor.New(n, nodes, nodes)
				for i := range m.Data {
					if (i*7+draw)%11 == 0 {
						m.Data[i] = -1e20
					}
				}
				return m
			})
			agrees(t, name+"'s ends", ends.Value.Data, want[name].Ends, 1e-5)
			return loss
		})
	}
	walks("walk", 2, 4, 5, 6, 0.5, false)
	walks("dropped", 3, 3, 4, 8, 0.05, true)
	const cells = 9
	classes := make([]int32, 2*3*cells)
	for i := range classes {
		classes[i] = int32((i*i + 3*(i/cells)) % 6)
	}
	check("colour", filled("colour", 1.5, 2, 3*cells, 5), 1e-5, func(v *autograd.Var) *autograd.Var {
		loss, p, asked := pointLoss(v, classes, 3, 6)
		agrees(t, "colour's probabilities", p.Value.Data, want["colour"].Probs, 1e-5)
		if n := len(asked) - countOf(asked, -1); n != want["colour"].Asked {
			t.Errorf("%d cells count, want %d", n, want["colour"].Asked)
		}
		return loss
	})
	check("triplet", filled("triplet", 1, 10, 7), 1e-5, func(v *autograd.Var) *autograd.Var {
		var others []int32
		for i := range 5 {
			for k := 1; k <= 3; k++ {
				others = append(others, int32((i+k)%5))
			}
		}
		z := autograd.L2Normalize(v)
		return followLoss(z, autograd.Slice(z, 0, 5, 5, 1), others, 0.5)
	})
}

func countOf(all []int32, v int32) (n int) {
	for _, x := range all {
		if x == v {
			n++
		}
	}
	return n
}

// TestFollow: a textured square that moves over a textured ground is found and followed to its place in every frame.
func TestFollow(t *testing.T) {
	const side, patch = 48, 16
	ground, square := data.NewImage(side, side), data.NewImage(patch, patch)
	rng := tensor.NewRNG(4)
	for _, im := range []*data.Image{ground, square} {
		for y := range im.H {
			for x := range im.W {
				v := uint8(100 + 40*math.Sin(float64(x)/2+float64(y)/5) + 30*math.Cos(float64(y)/3*float64(im.W)/20) + float64(rng.IntN(20)))
				for c := range 3 {
					im.Pix[(y*im.W+x)*3+c] = v
				}
			}
		}
	}
	var frames []*data.Image
	var want [][2]int
	for k := range 8 {
		im := data.NewImage(side, side)
		copy(im.Pix, ground.Pix)
		top, left := 4+2*k, 28-3*k
		for y := range patch {
			copy(im.Pix[((top+y)*side+left)*3:][:patch*3], square.Pix[y*patch*3:])
		}
		frames, want = append(frames, im), append(want, [2]int{top, left})
	}
	got := follow(flow.NewEstimator(flow.FarnebackOptions{}), frames, patch)
	if len(got) != len(frames) {
		t.Fatalf("lost in frame %d", len(got))
	}
	for k, p := range got {
		if math.Abs(float64(int(p.Top)-want[k][0])) > 4 || math.Abs(float64(int(p.Left)-want[k][1])) > 4 {
			t.Errorf("in frame %d it is at %d, %d, want %v", k, p.Top, p.Left, want[k])
		}
	}
}

// TestKMeans: colours of four clouds become their means, whatever their order.
func TestKMeans(t *testing.T) {
	rng := tensor.NewRNG(2)
	middles := [][2]float32{{0, 0}, {60, 10}, {-40, 50}, {5, -70}}
	var points []float32
	for k := range 400 {
		m := middles[k%4]
		points = append(points, m[0]+8*(rng.Float32()-0.5), m[1]+8*(rng.Float32()-0.5))
	}
	centres := make([]float32, 8)
	kMeans(centres, points, 30)
	for _, m := range middles {
		c := nearestCentre(centres, m[:])
		if d := squareDistance(centres[2*c:], m[:]); d > 1 {
			t.Errorf("the nearest centre to %v is %v", m, centres[2*c:2*c+2])
		}
	}
}

// TestNegatives: no patch is its own negative, none comes twice, and hard ones are the most alike.
func TestNegatives(t *testing.T) {
	table := tensor.New(6, 6)
	golden.Fill(table.Data, "negatives", 1)
	for _, hard := range []bool{true, false} {
		got := negatives(table, 0, 3, hard, tensor.NewRNG(1))
		if part := negatives(table.Rows(2, 4), 2, 3, hard, tensor.NewRNG(1)); !slices.Equal(part, got[6:12]) {
			t.Errorf("those of two films in a shard are %v, of the batch %v", part, got[6:12])
		}
		for i := range 6 {
			row := got[3*i : 3*i+3]
			if slices.Contains(row, int32(i)) || row[0] == row[1] || row[1] == row[2] || row[0] == row[2] {
				t.Errorf("negatives of %d: %v", i, row)
			}
			for j := range int32(6) {
				if hard && j != int32(i) && !slices.Contains(row, j) && table.At(i, int(j)) > table.At(i, int(row[2])) {
					t.Errorf("%d is harder for %d than %v", j, i, row)
				}
			}
		}
	}
	if got := negatives(tensor.New(1, 1), 0, 3, false, tensor.NewRNG(1)); len(got) != 0 {
		t.Errorf("of one patch there are negatives: %v", got)
	}
}
