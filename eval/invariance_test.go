package eval

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// TestInvariance: the parts are the distances between pictures and their changed selves over those between all pairs, by their definition; the score is their mean.
func TestInvariance(t *testing.T) {
	d := data.NewScenes(12, 16, 1, data.Test).Dataset()
	e := &TrunkEncoder{Label: "random", Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 8, layers.TrunkOptions{}), Input: Views{Side: 16, Norm: data.HalfNorm}}
	got, err := Judge(ctx, []Encoder{e}, d, d, []Protocol{Invariance{Changes: []string{"background", "grey", "mirrored"}}}, Options{})
	if err != nil || len(got) != len(e.Depths()) {
		t.Fatal(got, err)
	}
	features := func(in data.Images, stage int) *tensor.Tensor {
		f, err := e.Encode(ctx, data.Inputs{Images: in}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return f[stage].Pooled
	}
	cos := func(a, b []float32) float64 {
		var ab, aa, bb float64
		for j := range a {
			ab, aa, bb = ab+float64(a[j])*float64(b[j]), aa+float64(a[j])*float64(a[j]), bb+float64(b[j])*float64(b[j])
		}
		return ab / math.Sqrt(aa*bb)
	}
	for stage, s := range got {
		x := features(d.Images, stage)
		row := func(x *tensor.Tensor, i int) []float32 { return x.Rows(i, i+1).Data }
		apart := 0.0
		for i := range 12 {
			for j := range 12 {
				if i != j {
					apart += (1 - cos(row(x, i), row(x, j))) / (12 * 11)
				}
			}
		}
		mean := 0.0
		for k, in := range []data.Images{d.Truth.Varied.Variant("background"), changedImages{d.Images, PictureChanges[0]}, changedImages{d.Images, PictureChanges[2]}} {
			y, part := features(in, stage), 0.0
			for i := range 12 {
				part += (1 - cos(row(x, i), row(y, i))) / apart / 12
			}
			p := s.Parts[k]
			if p.Name != []string{"background", "grey", "mirrored"}[k] || p.N != 12 || math.Abs(p.Value-part) > 1e-3*max(1, part) {
				t.Errorf("%s: %+v, want %g", s.Stage, p, part)
			}
			mean += part / 3
		}
		if math.Abs(s.Value-mean) > 1e-3 || s.Trivial != 1 || s.Interval == nil || !(s.Interval[0] <= s.Value && s.Value <= s.Interval[1]) || s.Test != 12 || s.Depth != stage+1 || s.Stage != e.Depths()[stage] {
			t.Errorf("%+v, want %g", s, mean)
		}
	}
	some, err := Judge(ctx, []Encoder{e}, d, d, []Protocol{Invariance{Samples: 5}}, Options{})
	if err != nil || some[0].Test != 5 || len(some[0].Parts) != len(PictureChanges)+5 {
		t.Errorf("%+v, %v", some, err)
	}
}

// TestPictureChanges: what each change does to a picture of 8 by 16.
func TestPictureChanges(t *testing.T) {
	im := data.NewImage(8, 16)
	for i := range im.Pix {
		im.Pix[i] = uint8(i)
	}
	at := func(im *data.Image, y, x int) string { return fmt.Sprint(im.Pix[(y*im.W+x)*3:][:3]) }
	of := map[string]*data.Image{}
	for _, c := range PictureChanges {
		of[c.Name] = c.Of(im)
		if at(im, 0, 1) != "[3 4 5]" {
			t.Fatalf("%s changes its picture", c.Name)
		}
	}
	for _, c := range []struct {
		name       string
		h, w, y, x int
		want       string
	}{
		{"hue", 8, 16, 0, 1, "[5 3 4]"}, {"grey", 8, 16, 0, 1, "[4 4 4]"}, {"mirrored", 8, 16, 0, 0, at(im, 0, 15)}, {"mirrored", 8, 16, 7, 15, at(im, 7, 0)},
		{"rotated", 16, 8, 0, 0, at(im, 0, 15)}, {"rotated", 16, 8, 15, 7, at(im, 7, 0)}, {"crop", 6, 12, 0, 0, at(im, 1, 2)}, {"crop", 6, 12, 5, 11, at(im, 6, 13)},
		{"shifted", 8, 16, 3, 4, at(im, 2, 3)}, {"shifted", 8, 16, 0, 0, at(im, 0, 0)}, {"shifted", 8, 16, 0, 5, at(im, 0, 4)},
		{"blurred", 8, 16, 1, 1, at(im, 1, 1)},
	} {
		if got := of[c.name]; got == nil || got.H != c.h || got.W != c.w || at(got, c.y, c.x) != c.want {
			t.Errorf("%s at %d, %d: %v, want %s", c.name, c.y, c.x, at(got, c.y, c.x), c.want)
		}
	}
	flat := data.NewImage(5, 5)
	flat.Pix[(2*5+2)*3] = 90
	if got := blurred(flat); got.Pix[(1*5+1)*3] != 10 || got.Pix[(2*5+3)*3] != 10 || got.Pix[0] != 0 || got.Pix[1] != 0 {
		t.Errorf("a point becomes %v", got.Pix)
	}
}

// TestInvarianceRefuses: what cannot be changed is said.
func TestInvarianceRefuses(t *testing.T) {
	d, _ := albumSet("a", 3, 8)
	if err := Check([]Protocol{Invariance{}}, d, d); err != nil {
		t.Error(err)
	}
	for want, p := range map[string]Invariance{"there are grey, hue, mirrored, rotated, crop, shifted or blurred": {Changes: []string{"pose"}}} {
		if err := Check([]Protocol{p}, d, d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	one, _ := albumSet("one", 1, 8)
	if err := Check([]Protocol{Invariance{}}, one, one); err == nil || !strings.Contains(err.Error(), "takes two") {
		t.Error(err)
	}
	if err := Check([]Protocol{Invariance{}}, d, &data.Dataset{Name: "none"}); err == nil || !strings.Contains(err.Error(), "no pictures") {
		t.Error(err)
	}
	if p, err := NewProtocol("invariance?changes=grey,pose&n=9&seed=4"); err != nil || fmt.Sprintf("%+v", p) != "{Changes:[grey pose] Samples:9 Seed:4}" {
		t.Errorf("%+v, %v", p, err)
	}
}
