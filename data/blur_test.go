package data

import (
	"fmt"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// TestGaussianBlurAgainstTorchvision: to within a level of rounding, and nearly always the same.
func TestGaussianBlurAgainstTorchvision(t *testing.T) {
	var cases []struct {
		H, W, Size int
		Sigma      float32
		Want       []int
	}
	golden.Load(t, "testdata/blur.json", &cases)
	for _, c := range cases {
		im := NewImage(c.H, c.W)
		v := make([]float32, len(im.Pix))
		golden.Fill(v, fmt.Sprintf("blur %d %d", c.H, c.W), 1)
		for i := range v {
			im.Pix[i] = uint8(v[i]*127.5 + 127.5)
		}
		before := string(im.Pix)
		got := GaussianBlur(c.Size, c.Sigma, c.Sigma)(im, tensor.NewRNG(1))
		other := 0
		for i, want := range c.Want {
			switch d := int(got.Pix[i]) - want; {
			case d == 0:
			case d == 1 || d == -1:
				other++
			default:
				t.Fatalf("%dx%d, kernel of %d, sigma %g: value %d is %d, torchvision %d", c.W, c.H, c.Size, c.Sigma, i, got.Pix[i], want)
			}
		}
		if len(got.Pix) != len(c.Want) || other > len(c.Want)/50 {
			t.Errorf("%dx%d, kernel of %d, sigma %g: %d of %d values are a level off", c.W, c.H, c.Size, c.Sigma, other, len(c.Want))
		}
		if string(im.Pix) != before {
			t.Error("the argument was changed")
		}
	}
}

// TestRandomApply: as often as it says, and with the picture as it is otherwise.
func TestRandomApply(t *testing.T) {
	black, white := NewImage(1, 1), NewImage(1, 1)
	white.Pix[0] = 255
	invert := func(*Image, *tensor.RNG) *Image { return white }
	for _, p := range []float32{0, 0.3, 1} {
		n, rng := 0, tensor.NewRNG(1)
		for range 1000 {
			if RandomApply(p, invert)(black, rng) == white {
				n++
			}
		}
		if n < int(1000*p)-50 || n > int(1000*p)+50 || p == 0 && n > 0 || p == 1 && n < 1000 {
			t.Errorf("applied %d times of 1000, want a share of %g", n, p)
		}
	}
}
