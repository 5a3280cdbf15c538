package track

import (
	"math"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
)

// blob is davis.py's.
func blob(h, w, seed int) []bool {
	out := make([]bool, h*w)
	for y := range h {
		for x := range w {
			out[y*w+x] = seed >= 0 && (x*x*(seed+1)+3*y*y+7*seed*x+5*x*y)/(16*(h+w))%5 == seed%5
		}
	}
	return out
}

// TestDAVIS: J and F are those of DAVIS's toolkit.
func TestDAVIS(t *testing.T) {
	var cases []struct {
		H, W, A, B int
		J, F       float64
	}
	golden.Load(t, "testdata/davis.json", &cases)
	if len(cases) < 30 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		a, b := blob(c.H, c.W, c.A), blob(c.H, c.W, c.B)
		if j := Region(a, b); math.Abs(j-c.J) > 1e-12 {
			t.Errorf("%+v: J %g", c, j)
		}
		if f := Boundary(a, b, c.H, c.W); math.Abs(f-c.F) > 1e-12 {
			t.Errorf("%+v: F %g", c, f)
		}
	}
}

// TestSuccess: of overlaps 0, 0.5 and 1 the curve falls where OTB's does: more than the threshold, not equal to it.
func TestSuccess(t *testing.T) {
	curve, area := Success([]float64{0, 0.5, 1, 1})
	for k, want := range map[int]float64{0: 0.75, 9: 0.75, 10: 0.5, 19: 0.5, 20: 0} {
		if curve[k] != want {
			t.Errorf("at %d: %g, want %g", k, curve[k], want)
		}
	}
	if want := (10*0.75 + 10*0.5) / 21; math.Abs(area-want) > 1e-12 {
		t.Errorf("area %g, want %g", area, want)
	}
	if c, a := Success(nil); c != nil || a != 0 {
		t.Error("of no frames there is a curve")
	}
	if o := Overlap(Box{0, 0, 4, 2}, Box{2, 0, 6, 2}); math.Abs(o-1.0/3) > 1e-12 {
		t.Errorf("overlap %g", o)
	}
	if o := Overlap(Box{}, Box{}); o != 0 {
		t.Errorf("overlap of nothing %g", o)
	}
}
