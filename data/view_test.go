package data

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// counted are pictures of which the readings are counted.
type counted struct {
	Images
	read map[int]int
}

func (c counted) Image(i int) (*Image, error) {
	c.read[i]++
	return c.Images.Image(i)
}

// gradientImage is a picture of which every pixel tells where it is.
func gradientImage(h, w int) *Image {
	im := NewImage(h, w)
	for y := range h {
		for x := range w {
			im.Pix[(y*w+x)*3], im.Pix[(y*w+x)*3+1], im.Pix[(y*w+x)*3+2] = uint8(10*y+1), uint8(10*x+1), 200
		}
	}
	return im
}

type fixedImages []*Image

func (f fixedImages) Len() int                    { return len(f) }
func (f fixedImages) Describe(i int) string       { return fmt.Sprintf("picture %d", i) }
func (f fixedImages) Image(i int) (*Image, error) { return f[i], nil }

// TestPictures: what is kept is what is read, up to the limit, and no more is kept.
func TestPictures(t *testing.T) {
	scenes := NewScenes(5, 16, 1, Train).Dataset().Images
	src := counted{scenes, map[int]int{}}
	p := NewPictures(src, View{Prepare: CenterCrop(8)}, HalfNorm, 8*8*3*2)
	for range 3 {
		for i := range 5 {
			im, err := p.Image(i, nil)
			whole, _ := scenes.Image(i)
			if err != nil || !bytes.Equal(im.Pix, CenterCrop(8)(whole, nil).Pix) {
				t.Errorf("kept picture %d differs: %v", i, err)
			}
		}
	}
	once := 0
	for i := range 5 {
		switch src.read[i] {
		case 1:
			once++
		case 3:
		default:
			t.Errorf("picture %d was read %d times", i, src.read[i])
		}
	}
	if once != 2 {
		t.Errorf("%d pictures were kept, the limit is two", once)
	}
}

// TestNewView: each augmentation keeps the side, draws what it says, and none draws nothing.
func TestNewView(t *testing.T) {
	im := fixedImages{gradientImage(16, 16)}
	seen := func(name string, n int) map[string]int {
		v, err := NewView(name, 16)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]int{}
		for k := range n {
			p, err := v.Of(im, 0, tensor.NewRNG(uint64(k)))
			if err != nil || p.H != 16 || p.W != 16 {
				t.Fatalf("%s: %v, %v", name, p, err)
			}
			out[string(p.Pix)]++
		}
		return out
	}
	if len(seen("none", 20)) != 1 {
		t.Error("none draws something")
	}
	// a shift by up to two pixels either way, mirrored or not: 50 views
	if n := len(seen("crop-flip", 2000)); n != 50 {
		t.Errorf("crop-flip has %d views of 16 pixels, want 5·5·2", n)
	}
	for _, name := range []string{"resized-crop", "color", "randaugment"} {
		if n := len(seen(name, 40)); n < 35 {
			t.Errorf("%s has %d different views of 40", name, n)
		}
	}
	if _, err := NewView("blur", 16); err == nil || !strings.Contains(err.Error(), "crop-flip, resized-crop, color, randaugment or none") {
		t.Errorf("an unknown augmentation: %v", err)
	}
	// crop-flip at a known shift: black outside the picture, mirrored in half of the cases
	v, _ := NewView("crop-flip", 16)
	mirrored, borders := 0, 0
	for k := range 200 {
		p, _ := v.Of(im, 0, tensor.NewRNG(uint64(k)))
		mid := p.Pix[8*16*3:][:16*3]
		if mid[5*3+1] > mid[9*3+1] {
			mirrored++
		}
		if p.Pix[2] == 0 || p.Pix[len(p.Pix)-1] == 0 {
			borders++
		}
	}
	if mirrored < 70 || mirrored > 130 {
		t.Errorf("%d of 200 views are mirrored", mirrored)
	}
	if borders < 100 {
		t.Errorf("%d of 200 views have a border", borders)
	}
}

// TestRGBA: the standard library's picture has the same pixels.
func TestRGBA(t *testing.T) {
	p := gradientImage(3, 5).RGBA()
	if b := p.Bounds(); b.Dx() != 5 || b.Dy() != 3 {
		t.Fatalf("bounds %v", b)
	}
	if c := p.RGBAAt(4, 2); c.R != 21 || c.G != 41 || c.B != 200 || c.A != 255 {
		t.Errorf("last pixel %v", c)
	}
}

// TestNorms: names and numbers are read back; the data's own is what it says.
func TestNorms(t *testing.T) {
	for _, n := range []Norm{HalfNorm, ImageNetNorm, CIFAR10Norm, {[3]float32{0.1, 0.2, 0.3}, [3]float32{0.4, 0.5, 0.6}}} {
		if back, err := ParseNorm(n.String()); err != nil || back != n {
			t.Errorf("%v is read back as %v, %v", n, back, err)
		}
	}
	if CIFAR10Norm.String() != "cifar10" {
		t.Errorf("CIFAR-10's norm is called %s", CIFAR10Norm)
	}
	for _, bad := range []string{"", "halves", "1,2,3/4,5", "0.1,0.2,0.3/0,1,1", "0.1,0.2,0.3/1,-1,1", "0.1,0.2,0.3/1,1,NaN", "a,b,c/d,e,f"} {
		if _, err := ParseNorm(bad); err == nil {
			t.Errorf("norm %q passes", bad)
		}
	}
	ims := fixedImages{gradientImage(6, 9), gradientImage(4, 5), gradientImage(7, 3)}
	n, err := MeasureNorm(Inputs{Images: ims}, View{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	var sum, square [3]float64
	count := 0.0
	for _, im := range ims {
		for i, p := range im.Pix {
			sum[i%3] += float64(p) / 255
			square[i%3] += float64(p) / 255 * float64(p) / 255
		}
		count += float64(len(im.Pix) / 3)
	}
	for c := range 3 {
		mean := sum[c] / count
		std := math.Sqrt(square[c]/count - mean*mean)
		if !(math.Abs(float64(n.Mean[c])-mean) <= 6e-5) || c < 2 && !(math.Abs(float64(n.Std[c])-std) <= 6e-5) {
			t.Errorf("channel %d: mean %g, deviation %g; want %g, %g", c, n.Mean[c], n.Std[c], mean, std)
		}
	}
	if n.Std[2] != 1e-3 {
		t.Errorf("a channel that does not vary has deviation %g", n.Std[2])
	}
	if one, _ := MeasureNorm(Inputs{Images: ims}, View{}, 1); one == n {
		t.Error("the number of pictures is ignored")
	}
	broken, err := Open("folder:"+folderWith(t, map[string][]byte{"a.png": nil}), Train)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := MeasureNorm(broken.Inputs, View{}, 5); err == nil || !strings.Contains(err.Error(), "a.png") {
		t.Errorf("the norm of broken pictures: %v", err)
	}
}
