package layers

import (
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// TestSobel: the two maps are Sobel's of the channels' mean, with zeros around; a trunk behind them has the names, weights of two channels and stages that it has
// without, sees no colours, and stays so again.
func TestSobel(t *testing.T) {
	x := tensor.New(2, 5, 4, 3)
	golden.Fill(x.Data, "x", 1)
	y := newSobel(3).Forward(autograd.Const(x)).Value
	grey := func(n, i, j int) (g float64) {
		if i < 0 || j < 0 || i >= 5 || j >= 4 {
			return 0
		}
		for c := range 3 {
			g += float64(x.At(n, i, j, c)) / 3
		}
		return g
	}
	for n := range 2 {
		for i := range 5 {
			for j := range 4 {
				across := grey(n, i-1, j-1) + 2*grey(n, i, j-1) + grey(n, i+1, j-1) - grey(n, i-1, j+1) - 2*grey(n, i, j+1) - grey(n, i+1, j+1)
				down := grey(n, i-1, j-1) + 2*grey(n, i-1, j) + grey(n, i-1, j+1) - grey(n, i+1, j-1) - 2*grey(n, i+1, j) - grey(n, i+1, j+1)
				if math.Abs(float64(y.At(n, i, j, 0))-across) > 1e-6 || math.Abs(float64(y.At(n, i, j, 1))-down) > 1e-6 {
					t.Fatalf("at %d %d %d: %g, %g; want %g, %g", n, i, j, y.At(n, i, j, 0), y.At(n, i, j, 1), across, down)
				}
			}
		}
	}
	trunk, err := NewTrunk("convnet?sobel=yes", tensor.NewRNG(1), 3)
	if err != nil {
		t.Fatal(err)
	}
	plain := State(ConvNet(tensor.NewRNG(1), 2, 32, TrunkOptions{}))
	for i, p := range State(trunk.Again(tensor.NewRNG(1))) {
		if plain[i].Name != p.Name || !tensor.SameShape(plain[i].Value.Shape, p.Value.Shape) {
			t.Errorf("%s %v stands for %s %v", p.Name, p.Value.Shape, plain[i].Name, plain[i].Value.Shape)
		}
	}
	turned := x.Clone() // other colours, the same grey
	for i := range turned.Len() / 3 {
		p := turned.Data[3*i:][:3]
		p[0], p[1], p[2] = p[1], p[2], p[0]
	}
	a, b := trunk.Forward(autograd.Const(x)).Value, trunk.Forward(autograd.Const(turned)).Value
	for i := range a.Data {
		if math.Abs(float64(a.Data[i]-b.Data[i])) > 1e-5 {
			t.Fatalf("a picture of other colours has other features: %g, %g", a.Data[i], b.Data[i])
		}
	}
	if _, err := NewTrunk("c3d?sobel=yes", tensor.NewRNG(1), 3); err == nil || !strings.Contains(err.Error(), "trunk c3d is for clips") {
		t.Errorf("of clips: %v", err)
	}
}
