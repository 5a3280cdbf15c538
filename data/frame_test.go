package data

import (
	"bytes"
	"image"
	"image/jpeg"
	"os"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// difference returns the largest and the mean absolute difference.
func difference(a, b []uint8) (largest int, mean float64) {
	for i := range a {
		d := max(int(a[i]), int(b[i])) - min(int(a[i]), int(b[i]))
		largest = max(largest, d)
		mean += float64(d) / float64(len(a))
	}
	return largest, mean
}

// TestJPEGPillow decodes every subsampling at awkward sizes to Pillow's pixels, but for the rounding of the inverse cosine
// transform, at every level to the same bits; testdata/jpegs.py.
func TestJPEGPillow(t *testing.T) {
	var want map[string]struct {
		H, W      int
		JPEG, RGB []byte
	}
	golden.Load(t, "testdata/jpegs.json", &want)
	if len(want) < 36 {
		t.Fatalf("%d references, want at least 36", len(want))
	}
	for name, w := range want {
		var first *Image
		for _, l := range simd.Levels() {
			restore, err := simd.Use(l)
			if err != nil {
				t.Fatal(err)
			}
			im, err := Decode(w.JPEG)
			restore()
			if err != nil || im.H != w.H || im.W != w.W {
				t.Errorf("%s: %v", name, err)
				break
			}
			if first == nil {
				first = im
			}
			if !bytes.Equal(im.Pix, first.Pix) {
				t.Errorf("%s: %v differs from %v", name, l, simd.Levels()[0])
			}
		}
		if first == nil {
			continue
		}
		if most, mean := difference(first.Pix, w.RGB); most > 4 || mean > 0.2 {
			t.Errorf("%s: up to %d from Pillow, %.3f on average", name, most, mean)
		}
	}
}

// photo is a smooth picture as a JPEG.
func photo(t *testing.T, h, w int) []byte {
	t.Helper()
	p := picture(h, w)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestDecodeFrame: a frame decoded is the frame of the picture decoded, to the bit.
func TestDecodeFrame(t *testing.T) {
	rng := tensor.NewRNG(7)
	for _, size := range [][2]int{{1, 1}, {5, 3}, {40, 60}, {61, 47}, {333, 500}} {
		b := photo(t, size[0], size[1])
		whole, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		for k := range 30 {
			out := 8 + rng.IntN(60)
			f := RandomResized(out, 0.05, 1)(size[0], size[1], rng)
			if k%3 == 0 {
				f.OutH, f.OutW = f.H, f.W
			}
			got, err := DecodeFrame(b, func(h, w int) Frame { return f })
			if err != nil || got.H != f.OutH || got.W != f.OutW || !bytes.Equal(got.Pix, f.Of(whole).Pix) {
				t.Fatalf("%v of %v: %v", f, size, err)
			}
		}
	}
	turned := Frame{0, 0, 24, 16, 12, 8} // of the picture as it is seen
	b, err := os.ReadFile("testdata/turned.jpg")
	if err != nil {
		t.Fatal(err)
	}
	whole, _ := Decode(b)
	got, err := DecodeFrame(b, func(h, w int) Frame { return turned })
	if err != nil || !bytes.Equal(got.Pix, turned.Of(whole).Pix) {
		t.Errorf("turned picture: %v", err)
	}
	if _, err := DecodeFrame([]byte("nothing"), nil); err == nil {
		t.Error("no error for no picture")
	}
}

// TestFrameOf: a frame of a picture is its crop, resized.
func TestFrameOf(t *testing.T) {
	im := toRGB(picture(50, 70))
	f := Frame{11, 7, 31, 44, 13, 29}
	if !bytes.Equal(f.Of(im).Pix, ResizeTo(Crop(im, 11, 7, 31, 44), 13, 29).Pix) {
		t.Error("a frame is not the crop, resized")
	}
	defer func() {
		if recover() == nil {
			t.Error("a frame outside the picture is taken")
		}
	}()
	Frame{40, 0, 20, 70, 5, 5}.Of(im)
}

// TestUpsampleTransposed: chroma of half the height is chroma of half the width, seen lying down; Pillow writes none to compare.
func TestUpsampleTransposed(t *testing.T) {
	const h, w = 23, 18
	lying := image.NewYCbCr(image.Rect(0, 0, h, w), image.YCbCrSubsampleRatio422)
	up := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio440)
	rng := tensor.NewRNG(2)
	for y := range h {
		for x := range w {
			v := uint8(rng.IntN(256))
			up.Y[y*up.YStride+x], lying.Y[x*lying.YStride+y] = v, v
			if y%2 == 0 {
				u, v := uint8(rng.IntN(256)), uint8(rng.IntN(256))
				up.Cb[y/2*up.CStride+x], lying.Cb[x*lying.CStride+y/2] = u, u
				up.Cr[y/2*up.CStride+x], lying.Cr[x*lying.CStride+y/2] = v, v
			}
		}
	}
	a, b := toRGB(up), toRGB(lying)
	for y := range h {
		for x := range w {
			for c := range 3 {
				if p, q := a.Pix[(y*w+x)*3+c], b.Pix[(x*h+y)*3+c]; p != q {
					t.Fatalf("(%d, %d) channel %d: %d and %d", x, y, c, p, q)
				}
			}
		}
	}
}

// TestFrameInto: Into gives the bits of Of, whatever the memory held before, and takes no new memory where there is enough.
func TestFrameInto(t *testing.T) {
	im := NewImage(11, 17)
	for i := range im.Pix {
		im.Pix[i] = uint8(i * 37)
	}
	dst := &Image{}
	for _, f := range []Frame{{0, 0, 11, 17, 11, 17}, {2, 3, 5, 7, 5, 7}, {2, 3, 8, 9, 4, 5}, {1, 4, 5, 6, 9, 13}, {10, 16, 1, 1, 1, 1}} {
		want := f.Of(im)
		f.Into(dst, im)
		if dst.H != f.OutH || dst.W != f.OutW || !bytes.Equal(dst.Pix, want.Pix) {
			t.Errorf("%+v: Into differs from Of", f)
		}
		if f.OutH == f.H && &dst.Pix[0] == &im.Pix[0] {
			t.Errorf("%+v: shares memory with the picture", f)
		}
	}
	if n := testing.AllocsPerRun(10, func() { Frame{2, 3, 5, 7, 5, 7}.Into(dst, im) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
