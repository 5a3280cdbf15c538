package data

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/spec"
)

// patterned is a picture with something everywhere.
func patterned(h, w int) *Image {
	im := NewImage(h, w)
	for p := range h * w {
		y, x := p/w, p%w
		im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2] = uint8(40+x*9+y*5), uint8(200-x*4+y*y), uint8(90+(x*y)%120)
	}
	return im
}

// TestInjectFormulas: each trace against its formula, in float64 and pixel by pixel; what it is given stays as it is.
func TestInjectFormulas(t *testing.T) {
	at := func(im *Image, y, x float64, c int) float64 { // bilinear, the border goes on
		y, x = min(max(y, 0), float64(im.H-1)), min(max(x, 0), float64(im.W-1))
		y0, x0 := int(y), int(x)
		y1, x1 := min(y0+1, im.H-1), min(x0+1, im.W-1)
		pix := func(y, x int) float64 { return float64(im.Pix[(y*im.W+x)*3+c]) }
		b, a := y-float64(y0), x-float64(x0)
		return (1-b)*((1-a)*pix(y0, x0)+a*pix(y0, x1)) + b*((1-a)*pix(y1, x0)+a*pix(y1, x1))
	}
	letter := []string{"TTTTT", "TTTTT", "..T..", "..T..", "..T.."}
	for _, c := range []struct {
		name string
		by   float64
		want func(im *Image, y, x, c int) float64
	}{
		{"aberration", 8, func(im *Image, y, x, c int) float64 {
			scale := []float64{1.08, 1, 0.92}[c]
			cy, cx := float64(im.H-1)/2, float64(im.W-1)/2
			return at(im, cy+(float64(y)-cy)/scale, cx+(float64(x)-cx)/scale, c)
		}},
		{"vignette", 0.7, func(im *Image, y, x, c int) float64 {
			cy, cx := float64(im.H-1)/2, float64(im.W-1)/2
			r := math.Hypot(float64(y)-cy, float64(x)-cx) / max(math.Hypot(cy, cx), 1)
			return at(im, float64(y), float64(x), c) * (1 - 0.7*r*r)
		}},
		{"border", 10, func(im *Image, y, x, c int) float64 {
			n := max(1, int(math.Floor(0.1*float64(min(im.H, im.W))+0.5)))
			if min(y, x, im.H-1-y, im.W-1-x) < n {
				return 0
			}
			return at(im, float64(y), float64(x), c)
		}},
		{"watermark", 0.4, func(im *Image, y, x, c int) float64 {
			v := at(im, float64(y), float64(x), c)
			cell := max(1, min(im.H, im.W)/25)
			row, col := 5-int(math.Ceil(float64(im.H-y)/float64(cell)))+1, 5-int(math.Ceil(float64(im.W-x)/float64(cell)))+1
			if row >= 0 && row < 5 && col >= 0 && col < 5 && letter[row][col] == 'T' {
				return v + 0.4*(255-v)
			}
			return v
		}},
	} {
		for _, size := range [][2]int{{21, 30}, {32, 32}, {1, 1}, {3, 7}, {60, 51}} {
			im := patterned(size[0], size[1])
			before := append([]uint8(nil), im.Pix...)
			got, err := injectorNamed(t, c.name).put(im, c.by)
			if err != nil || got.H != im.H || got.W != im.W {
				t.Fatalf("%s of %v: %v, %v", c.name, size, got, err)
			}
			if !bytes.Equal(im.Pix, before) {
				t.Fatalf("%s of %v changes the picture that it was given", c.name, size)
			}
			changed := 0
			for p, v := range got.Pix {
				y, x := p/3/im.W, p/3%im.W
				if want := c.want(im, y, x, p%3); math.Abs(float64(v)-want) > 0.5+1e-3 {
					t.Fatalf("%s of %v: %d at row %d, column %d, channel %d, want %g", c.name, size, v, y, x, p%3, want)
				}
				if v != im.Pix[p] {
					changed++
				}
			}
			if size[0] > 1 && (changed == 0 || c.name != "aberration" && c.name != "vignette" && changed == len(got.Pix)) {
				t.Errorf("%s of %v changes %d of %d values", c.name, size, changed, len(got.Pix))
			}
			still, err := injectorNamed(t, c.name).put(im, 0)
			if err != nil || !bytes.Equal(still.Pix, im.Pix) {
				t.Errorf("%s of strength 0 changes a picture of %v", c.name, size)
			}
		}
	}
}

func injectorNamed(t *testing.T, name string) injector {
	t.Helper()
	for _, k := range injectors {
		if k.name == name {
			return k
		}
	}
	t.Fatalf("there is no injector %s", name)
	return injector{}
}

// TestInjectJPEG: a grey picture comes back as blocks of 8 by 8 whose cosine coefficients are whole multiples of the table of ITU T.81, annex K,
// at the quality's scale; to within the rounding of two transforms in whole numbers.
func TestInjectJPEG(t *testing.T) {
	table := [64]float64{16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
		18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99}
	cosine := func(k, x int) float64 {
		norm := math.Sqrt(0.25)
		if k == 0 {
			norm = math.Sqrt(0.125)
		}
		return norm * math.Cos(float64(2*x+1)*float64(k)*math.Pi/16)
	}
	for quality, scale := range map[float64]float64{10: 5, 50: 1, 90: 0.2} {
		im := NewImage(16, 24)
		for p := range 16 * 24 {
			v := uint8(120 + 60*math.Sin(float64(p%24)/3) + 50*math.Cos(float64(p/24)/2.3+float64(p%24)/5))
			im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2] = v, v, v
		}
		got, err := compress(im, quality)
		if err != nil {
			t.Fatal(err)
		}
		off, worst := 0.0, 0.0
		for block := range 6 {
			y0, x0 := block/3*8, block%3*8
			var out [64]float64
			for k := range 64 {
				sum := 0.0
				for p := range 64 {
					sum += (float64(im.Pix[((y0+p/8)*24+x0+p%8)*3]) - 128) * cosine(k/8, p/8) * cosine(k%8, p%8)
				}
				step := min(max(math.Floor(table[k]*scale+0.5), 1), 255)
				sum = math.Round(sum/step) * step
				for p := range 64 {
					out[p] += sum * cosine(k/8, p/8) * cosine(k%8, p%8)
				}
			}
			for p, v := range out {
				at := ((y0+p/8)*24 + x0 + p%8) * 3
				worst = max(worst, math.Abs(min(max(v+128, 0), 255)-float64(got.Pix[at])))
				off += math.Abs(float64(im.Pix[at]) - float64(got.Pix[at]))
			}
		}
		if worst > 2 || off < 64 {
			t.Errorf("quality %g: off the formula by up to %g, off the picture by %g in all", quality, worst, off)
		}
	}
	if _, err := compress(NewImage(1, 70000), 50); err == nil {
		t.Error("a picture that no JPEG holds is written as one")
	}
}

// TestInjectOpen: the option is of every kind of pictures: it stands in name and fingerprint, its order counts, the test split has it too, and a frame
// is the whole's.
func TestInjectOpen(t *testing.T) {
	dir := t.TempDir()
	for k := range 3 {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, patterned(200+k, 300).RGBA(), nil); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(k, ".jpg")), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	open := func(of string) *Dataset {
		t.Helper()
		d, err := Open(of, Train)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	const traces = "aberration:2,vignette:0.5,border:3,watermark:0.5,jpeg:20"
	plain, d := open("folder:"+dir), open("folder:"+dir+"?inject="+traces)
	if d.Name != plain.Name+"?inject="+traces || d.Fingerprint == plain.Fingerprint || fmt.Sprint(d.Notes) != fmt.Sprintf("[put into every picture: %s]", strings.ReplaceAll(traces, ",", ", ")) {
		t.Errorf("name %s, fingerprint %s, notes %v", d.Name, d.Fingerprint, d.Notes)
	}
	if again := open(d.Name); again.Name != d.Name || again.Fingerprint != d.Fingerprint {
		t.Errorf("opened by its name: %s, %s", again.Name, again.Fingerprint)
	}
	if other := open("folder:" + dir + "?inject=vignette:0.5,aberration:2,border:3,watermark:0.5,jpeg:20"); other.Fingerprint == d.Fingerprint {
		t.Error("another order has the same fingerprint")
	}
	for i := range 3 {
		want, err := plain.Images.Image(i)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range strings.Split(traces, ",") {
			name, by, _ := strings.Cut(item, ":")
			var x float64
			fmt.Sscan(by, &x)
			if want, err = injectorNamed(t, name).put(want, x); err != nil {
				t.Fatal(err)
			}
		}
		got, err := d.Images.Image(i)
		if err != nil || !bytes.Equal(got.Pix, want.Pix) {
			t.Fatalf("picture %d is not what the traces make of it, one after the other: %v", i, err)
		}
		for _, f := range []Frame{{10, 20, 100, 120, 50, 60}, {0, 0, 200, 300, 32, 48}, {90, 140, 8, 8, 8, 8}} {
			cut, err := ImageFrame(d.Images, i, func(h, w int) Frame {
				if h != 200+i || w != 300 {
					t.Errorf("a frame is chosen of %dx%d", w, h)
				}
				return f
			})
			if whole := f.Of(want); err != nil || !bytes.Equal(cut.Pix, whole.Pix) {
				t.Errorf("frame %+v of picture %d differs from the whole's: %v", f, i, err)
			}
		}
	}
	if n := InBoth(d, plain); n != 3 {
		t.Errorf("%d of 3 pictures are known with traces", n)
	}
	scenes := open("scenes:?n=9&side=16&inject=border:10")
	if scenes.Truth.Labels == nil || scenes.Truth.Depths == nil || scenes.Len() != 9 {
		t.Error("scenes lose their truth")
	}
	if some := open("scenes:?n=4&side=16&inject=border:10&seed=3"); some.Len() != 4 || !strings.Contains(some.Name, "&inject=border:10") {
		t.Errorf("four scenes: %d, %s", some.Len(), some.Name)
	}
	if test, ok, err := TestSplit("scenes:?n=9&side=16&inject=border:10"); err != nil || !ok || open(test).Fingerprint == open(strings.Replace(test, "border%3A10", "border:11", 1)).Fingerprint {
		t.Errorf("the test split is %s, %v, %v", test, ok, err)
	}
}

// broken is a picture that cannot be read.
type brokenPicture struct{ every }

func (brokenPicture) Image(int) (*Image, error) { return nil, errors.New("broken") }

func TestInjectRefuses(t *testing.T) {
	for of, want := range map[string]string{
		"inject=":                       `there is no ""; there are aberration, border, codec, jpeg, vignette or watermark`,
		"inject=haze:1":                 `there is no "haze"`,
		"inject=jpeg":                   "want a whole number between 1 and 100 behind the colon",
		"inject=jpeg:0":                 "want a whole number between 1 and 100",
		"inject=jpeg:20.5":              "want a whole number between 1 and 100",
		"inject=vignette:1.5":           "inject=vignette:1.5: want a number between 0 and 1",
		"inject=border:NaN":             "want a number between 0 and 50",
		"inject=aberration:2,":          `there is no ""`,
		"inject=aberration:2&inject=x:": "given 2 times",
	} {
		if _, err := Open("scenes:?n=3&side=8&"+of, Train); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", of, err, want)
		}
	}
	for _, of := range []string{"jpeg:1", "jpeg:100", "vignette:0", "vignette:1", "border:50"} {
		if _, err := Open("scenes:?n=3&side=8&inject="+of, Train); err != nil {
			t.Errorf("the ends of a range: %v", err)
		}
	}
	list := parseInject(spec.Spec{}.With("inject", "vignette:0.5").Values("data", everyKind))
	d := everything(3)
	d.Images = nil
	if _, err := d.inject(list); err == nil || !strings.Contains(err.Error(), "inject=vignette:0.5 puts a trace into pictures; there are films and sounds and texts") {
		t.Errorf("data without pictures: %v", err)
	}
	d.Images = brokenPicture{every{3}}
	got, err := d.inject(list)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := got.Images.Image(1); err == nil || err.Error() != "broken" {
		t.Errorf("a broken picture: %v", err)
	}
	names := Injectors()
	for k, j := range injectors {
		if names[k] != [2]string{j.name, j.about} || k > 0 && j.name < injectors[k-1].name {
			t.Errorf("injector %d is told as %v", k, names[k])
		}
	}
}
