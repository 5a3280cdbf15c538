package data

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/tensor"
)

// located is a picture of which no two pixels are alike: the first value says the row, the second the column.
func located(h, w int) *Image {
	im := NewImage(h, w)
	for p := range h * w {
		im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2] = uint8(1+p/w), uint8(1+p%w), 255
	}
	return im
}

// TestCrop: every pixel is the picture's or, outside of it, black, wherever the crop lies.
func TestCrop(t *testing.T) {
	im := located(5, 7)
	for top := -4; top <= 6; top++ {
		for left := -4; left <= 8; left++ {
			got := Crop(im, top, left, 3, 4)
			for p := range 3 * 4 {
				y, x := top+p/4, left+p%4
				want := [3]uint8{}
				if y >= 0 && y < 5 && x >= 0 && x < 7 {
					want = [3]uint8{uint8(1 + y), uint8(1 + x), 255}
				}
				if [3]uint8(got.Pix[3*p:]) != want {
					t.Fatalf("from (%d, %d): pixel %d is %v, want %v", top, left, p, got.Pix[3*p:3*p+3], want)
				}
			}
		}
	}
}

// TestRandomCrop: every shift that the border allows comes up, and no other.
func TestRandomCrop(t *testing.T) {
	im := located(6, 8)
	rng := tensor.NewRNG(2)
	seen := map[string]bool{}
	for range 2000 {
		seen[string(RandomCrop(5, 2)(im, rng).Pix)] = true
	}
	for top := -2; top <= 3; top++ {
		for left := -2; left <= 5; left++ {
			if !seen[string(Crop(im, top, left, 5, 5).Pix)] {
				t.Errorf("no crop begins at (%d, %d)", top, left)
			}
		}
	}
	if len(seen) != 6*8 {
		t.Errorf("%d different crops, want 48", len(seen))
	}
	if got := RandomCrop(9, 0)(im, rng); !bytes.Equal(got.Pix, Crop(im, 0, 0, 9, 9).Pix) {
		t.Error("a crop larger than the picture begins elsewhere than at its corner")
	}
}

// TestTenCrop: corners and middle of the picture, then of its mirror image.
func TestTenCrop(t *testing.T) {
	im := located(6, 9)
	for k, got := range TenCrop(im, 4) {
		of := im
		if k >= 5 {
			of = FlipH(im)
		}
		at := [][2]int{{0, 0}, {0, 5}, {2, 0}, {2, 5}, {1, 2}}[k%5] // 2.5 pixels to the left round to 2
		if !bytes.Equal(got.Pix, Crop(of, at[0], at[1], 4, 4).Pix) {
			t.Errorf("crop %d is not at %v", k, at)
		}
	}
}

// TestShortSide: the shorter side gets the size, the other keeps the proportions; of a long line the middle is seen.
func TestShortSide(t *testing.T) {
	for size, want := range map[[2]int]Frame{{40, 20}: {0, 0, 40, 20, 24, 12}, {20, 50}: {0, 0, 20, 50, 12, 30}, {9, 9}: {0, 0, 9, 9, 12, 12}, {1, 100}: {0, 42, 1, 16, 12, 192}} {
		if f := ShortSide(12)(size[0], size[1], nil); f != want {
			t.Errorf("%v: %+v, want %+v", size, f, want)
		}
	}
	if v, err := NewView("resized-crop", 14); err != nil || v.Frame(40, 20, nil) != (Frame{0, 0, 40, 20, 32, 16}) {
		t.Errorf("resized-crop keeps another size than eight sevenths: %v", err)
	}
}

// TestRandomResized: areas, proportions and places take all of their ranges and no more; where no part fits it is the middle.
func TestRandomResized(t *testing.T) {
	const h, w = 120, 160
	rng := tensor.NewRNG(3)
	var area, ratio, top, left [2]float64
	for _, r := range []*[2]float64{&area, &ratio, &top, &left} {
		*r = [2]float64{math.Inf(1), math.Inf(-1)}
	}
	for range 3000 {
		f := RandomResized(24, 0.1, 0.5)(h, w, rng)
		if f.OutH != 24 || f.OutW != 24 || f.Top < 0 || f.Left < 0 || f.Top+f.H > h || f.Left+f.W > w {
			t.Fatalf("frame %+v", f)
		}
		for r, v := range map[*[2]float64]float64{&area: float64(f.H*f.W) / (h * w), &ratio: float64(f.W) / float64(f.H), &top: float64(f.Top) / float64(h-f.H), &left: float64(f.Left) / float64(w-f.W)} {
			r[0], r[1] = min(r[0], v), max(r[1], v)
		}
	}
	for what, c := range map[string]struct{ got, want [2]float64 }{"area": {area, [2]float64{0.1, 0.5}}, "ratio": {ratio, [2]float64{0.75, 4.0 / 3}}, "top": {top, [2]float64{0, 1}}, "left": {left, [2]float64{0, 1}}} {
		if !(math.Abs(c.got[0]-c.want[0]) <= 0.03) || !(math.Abs(c.got[1]-c.want[1]) <= 0.03) {
			t.Errorf("%s from %.3f to %.3f, want %v", what, c.got[0], c.got[1], c.want)
		}
	}
	seen := map[[2]int]bool{}
	for range 500 {
		f := RandomResized(8, 0.5, 1)(9, 9, rng)
		seen[[2]int{f.H, f.W}] = true
	}
	if !seen[[2]int{9, 7}] || !seen[[2]int{7, 9}] {
		t.Error("no part is as high or as wide as the picture")
	}
	for c, want := range map[[2]int]Frame{{10, 100}: {0, 43, 10, 13, 8, 8}, {100, 10}: {43, 0, 13, 10, 8, 8}, {99, 100}: {0, 0, 99, 100, 8, 8}} {
		if f := RandomResized(8, 1.7, 1.8)(c[0], c[1], rng); f != want { // more than there is
			t.Errorf("%v without a part that fits: %+v, want %+v", c, f, want)
		}
	}
	if f := RandomResized(8, 0.01, 0.02)(2, 2, rng); f != (Frame{0, 0, 2, 2, 8, 8}) {
		t.Errorf("a part of less than a pixel: %+v", f)
	}
}

// TestFrameOneSide: a frame of which one side alone is resized is resized, and what leaves a picture is named.
func TestFrameOneSide(t *testing.T) {
	im := toRGB(picture(50, 70))
	jpg := photo(t, 50, 70)
	whole, err := Decode(jpg)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []Frame{{11, 7, 31, 44, 31, 29}, {11, 7, 31, 44, 13, 44}, {0, 7, 50, 44, 50, 44}, {11, 0, 31, 70, 31, 70}} {
		var want *Image
		if c := Crop(im, f.Top, f.Left, f.H, f.W); f.OutH == f.H && f.OutW == f.W {
			want = c
		} else {
			want = resample(c.Pix, c.W*3, c.H, c.W, f.OutH, f.OutW)
		}
		into := &Image{}
		f.Into(into, im)
		if got := f.Of(im); got.H != f.OutH || got.W != f.OutW || !bytes.Equal(got.Pix, want.Pix) || !bytes.Equal(into.Pix, want.Pix) {
			t.Errorf("%+v: other pixels than the crop's, resized", f)
		}
		if got, err := DecodeFrame(jpg, func(int, int) Frame { return f }); err != nil || got.H != f.OutH || got.W != f.OutW || !bytes.Equal(got.Pix, f.Of(whole).Pix) {
			t.Errorf("%+v decoded: %v", f, err)
		}
	}
	for _, f := range []Frame{{40, 0, 11, 70, 5, 5}, {0, 60, 50, 11, 5, 5}, {-1, 0, 5, 5, 5, 5}, {0, -1, 5, 5, 5, 5}, {0, 0, 0, 5, 5, 5}, {0, 0, 5, 5, 5, 0}} {
		func() {
			defer func() {
				if e := fmt.Sprint(recover()); !strings.HasPrefix(e, "data: frame ") {
					t.Errorf("%+v: %s", f, e)
				}
			}()
			f.within(50, 70)
		}()
	}
	Frame{40, 59, 10, 11, 5, 5}.within(50, 70)
}

// TestColorJitter: each operation alone takes all of its range, and one without strength does nothing.
func TestColorJitter(t *testing.T) {
	fill := func(pixels ...[3]uint8) *Image {
		im := NewImage(1, len(pixels))
		for i, p := range pixels {
			copy(im.Pix[3*i:], p[:])
		}
		return im
	}
	value := func(p []uint8) float64 { return float64(p[0]) }
	chroma := func(p []uint8) float64 { return float64(max(p[0], p[1], p[2]) - min(p[0], p[1], p[2])) }
	hue := func(p []uint8) float64 {
		r, g, b := float64(p[0]), float64(p[1]), float64(p[2])
		return math.Atan2(math.Sqrt(3)*(g-b), 2*r-g-b) / (2 * math.Pi)
	}
	for _, c := range []struct {
		what      string
		jitter    Transform
		picture   *Image
		measure   func(p []uint8) float64
		low, high float64
		off       float64
	}{
		{"brightness", ColorJitter(0.3, 0, 0, 0), fill([3]uint8{100, 100, 100}), value, 70, 130, 1},
		{"brightness beyond black", ColorJitter(1.5, 0, 0, 0), fill([3]uint8{100, 100, 100}), value, 0, 250, 3},
		{"contrast", ColorJitter(0, 0.3, 0, 0), fill([3]uint8{150, 150, 150}, [3]uint8{50, 50, 50}), value, 135, 165, 1},
		{"saturation", ColorJitter(0, 0, 0.3, 0), fill([3]uint8{150, 100, 100}), chroma, 35, 65, 1},
		{"hue", ColorJitter(0, 0, 0, 0.2), fill([3]uint8{200, 40, 40}), hue, -0.2, 0.2, 0.01},
		{"nothing", ColorJitter(0, 0, 0, 0), fill([3]uint8{200, 40, 40}), value, 200, 200, 0},
	} {
		rng := tensor.NewRNG(6)
		low, high := math.Inf(1), math.Inf(-1)
		for range 500 {
			v := c.measure(c.jitter(c.picture, rng).Pix)
			low, high = min(low, v), max(high, v)
		}
		if !(math.Abs(low-c.low) <= c.off) || !(math.Abs(high-c.high) <= c.off) {
			t.Errorf("%s: from %g to %g, want %g to %g", c.what, low, high, c.low, c.high)
		}
	}
	// the mean to which contrast draws is rounded: of 10.4 and 10.6
	for last, want := range map[uint8]uint8{12: 10, 13: 11} {
		im := fill([3]uint8{10, 10, 10}, [3]uint8{10, 10, 10}, [3]uint8{10, 10, 10}, [3]uint8{10, 10, 10}, [3]uint8{last, last, last})
		if adjustContrast(im, 0); im.Pix[0] != want {
			t.Errorf("without contrast a picture is %d, want %d", im.Pix[0], want)
		}
	}
}

// TestRandomErasing: a full rectangle of 2 to 33 % of the area and proportions from 0.3 to 3.3, anywhere, as often as is said.
func TestRandomErasing(t *testing.T) {
	const h, w = 60, 80
	im := located(h, w)
	rng := tensor.NewRNG(5)
	erased := 0
	var area, ratio, top, left [2]float64
	for _, r := range []*[2]float64{&area, &ratio, &top, &left} {
		*r = [2]float64{math.Inf(1), math.Inf(-1)}
	}
	for range 3000 {
		got := RandomErasing(0.6)(im, rng)
		n, y0, x0, y1, x1 := 0, h, w, -1, -1
		for p := range h * w {
			switch [3]uint8(got.Pix[3*p:]) {
			case [3]uint8{}:
				n++
				y0, x0, y1, x1 = min(y0, p/w), min(x0, p%w), max(y1, p/w), max(x1, p%w)
			case [3]uint8(im.Pix[3*p:]):
			default:
				t.Fatalf("pixel %d becomes %v", p, got.Pix[3*p:3*p+3])
			}
		}
		if n == 0 {
			continue
		}
		erased++
		eh, ew := y1-y0+1, x1-x0+1
		if n != eh*ew || eh == h || ew == w {
			t.Fatalf("%d pixels within %d by %d are erased", n, eh, ew)
		}
		for r, v := range map[*[2]float64]float64{&area: float64(n) / (h * w), &ratio: float64(eh) / float64(ew), &top: float64(y0) / float64(h-eh), &left: float64(x0) / float64(w-ew)} {
			r[0], r[1] = min(r[0], v), max(r[1], v)
		}
	}
	if erased < 1700 || erased > 1900 {
		t.Errorf("%d of 3000 pictures have something erased, want 0.6", erased)
	}
	for what, c := range map[string]struct {
		got, want [2]float64
		off       float64
	}{"area": {area, [2]float64{0.02, 0.33}, 0.015}, "ratio": {ratio, [2]float64{0.3, 3.3}, 0.3}, "top": {top, [2]float64{0, 1}, 0}, "left": {left, [2]float64{0, 1}, 0}} {
		if !(math.Abs(c.got[0]-c.want[0]) <= c.off) || !(math.Abs(c.got[1]-c.want[1]) <= c.off) {
			t.Errorf("%s from %.3f to %.3f, want %v", what, c.got[0], c.got[1], c.want)
		}
	}
	for _, size := range [][2]int{{1, 9}, {9, 1}} { // no rectangle is lower, or narrower
		if im := located(size[0], size[1]); RandomErasing(1)(im, rng) != im {
			t.Errorf("%v: something is erased", size)
		}
	}
	for range 200 { // of two rows one at most
		got := RandomErasing(1)(located(2, 40), rng)
		for x := range 40 {
			if got.Pix[3*x] == 0 && got.Pix[3*(40+x)] == 0 {
				t.Fatal("all rows are erased")
			}
		}
	}
}

// TestBlurSizes: a kernel of one pixel leaves a picture as it is, one of an even number is refused.
func TestBlurSizes(t *testing.T) {
	im := located(4, 5)
	if got := GaussianBlur(1, 1, 1)(im, tensor.NewRNG(1)); !bytes.Equal(got.Pix, im.Pix) {
		t.Error("a kernel of one pixel blurs")
	}
	for _, size := range []int{0, 4, -1} {
		func() {
			defer func() {
				if !strings.Contains(fmt.Sprint(recover()), "odd") {
					t.Errorf("a kernel of %d pixels passes", size)
				}
			}()
			GaussianBlur(size, 1, 1)
		}()
	}
}

// gated is a maker whose rows are filled when the consumer says so.
type gated struct {
	drawing
	open, filled chan struct{}
}

func (g gated) Fill(b *drawn, row, i int, rng *tensor.RNG) error {
	<-g.open
	defer func() { g.filled <- struct{}{} }()
	return g.drawing.Fill(b, row, i, rng)
}

// TestLoaderLends: two batches are filled while the consumer has one, and none of them in its memory.
func TestLoaderLends(t *testing.T) {
	const n, size = 64, 8
	g := gated{newDrawing(), make(chan struct{}, 2*n), make(chan struct{}, 2*n)}
	l := NewLoader(n, g, LoaderOptions{BatchSize: size, Seed: 2, Workers: 1})
	if l.Options().Workers != 1 {
		t.Fatalf("%d workers, want one", l.Options().Workers)
	}
	order, filled, opened, k := l.Order(0), 0, 0, 0
	until := func(rows int) { // lets so many rows be filled
		for ; opened < rows; opened++ {
			g.open <- struct{}{}
		}
	}
	until(size)
	for b := range l.Epoch(0, 0) {
		// a row of the batch after the next: its memory is taken only now
		rows := min((k+2)*size+1, n)
		until(rows)
		for ; filled < rows; filled++ {
			<-g.filled
		}
		for row, i := range b.sample {
			if i != order[k*size+row] {
				until(n) // nobody waits any more
				t.Fatalf("batch %d, row %d: sample %d, want %d: it was filled again while the consumer has it", k, row, i, order[k*size+row])
			}
		}
		k++
	}
	if k != n/size || *g.made != l.Ahead()+1 {
		t.Errorf("%d batches in the memory of %d", k, *g.made)
	}
}

// TestReplacementStream: what stands in for a broken sample, and what its view draws, come from streams of their own.
func TestReplacementStream(t *testing.T) {
	const seed, epoch = 5, 1
	broken := map[int]bool{7: true, 20: true, 21: true}
	l := NewLoader(24, newDrawing(7, 20, 21), LoaderOptions{BatchSize: 8, Seed: seed, MaxBad: 1})
	samples, values := rows(l, epoch, 0)
	own, stood := 0, 0
	for k, i := range l.Order(epoch) {
		rng := tensor.NewRNG(seed).Derive(stream.Sample, epoch, uint64(i))
		if !broken[i] {
			own++
			if samples[k] != i || values[k] != rng.Uint32() {
				t.Errorf("sample %d draws from another stream", i)
			}
			continue
		}
		stood++
		draw, attempt, j := tensor.NewRNG(seed).Derive(stream.Replace, epoch, uint64(i)), uint64(0), i
		for broken[j] {
			j, attempt = draw.IntN(24), attempt+1
		}
		if want := rng.Derive(attempt).Uint32(); samples[k] != j || values[k] != want {
			t.Errorf("for broken sample %d stands %d with %d, want %d with %d", i, samples[k], values[k], j, want)
		}
	}
	if own != 21 || stood != 3 {
		t.Errorf("%d and %d samples", own, stood)
	}
	few := NewLoader(50, newDrawing(1, 2, 3), LoaderOptions{BatchSize: 5, MaxBad: 0.04})
	if rows(few, 0, 0); few.Err() == nil || !strings.Contains(few.Err().Error(), "3 of 50, more than the 4 % that max-bad allows") {
		t.Errorf("too many: %v", few.Err())
	}
}

// TestTorchvisionCrops compares the middle and the ten crops of every small picture with torchvision's, which rounds half a pixel to even
// and pads where the crop is larger: testdata/crops.json, crops.py.
func TestTorchvisionCrops(t *testing.T) {
	var want struct{ Center, Ten map[string]uint32 }
	golden.Load(t, "testdata/crops.json", &want)
	if len(want.Center) != 9*9*11 || len(want.Ten) != 285 {
		t.Fatalf("%d and %d references", len(want.Center), len(want.Ten))
	}
	for name, sum := range want.Center {
		var h, w, size int
		fmt.Sscan(name, &h, &w, &size)
		im := NewImage(h, w)
		for i := range h * w {
			y, x := i/w+1, i%w+1
			im.Pix[3*i], im.Pix[3*i+1], im.Pix[3*i+2] = uint8(16*y+x), uint8(y), uint8(x)
		}
		if got := CenterCrop(size)(im, nil); crc32.ChecksumIEEE(got.Pix) != sum {
			t.Errorf("the middle of %s (height, width, crop) is not torchvision's: %v", name, got.Pix)
		}
		sum, fits := want.Ten[name]
		if !fits {
			func() {
				defer func() {
					if said, _ := recover().(string); !strings.Contains(said, "do not fit a picture of") {
						t.Errorf("ten crops of %s: %q", name, said)
					}
				}()
				TenCrop(im, size)
			}()
			continue
		}
		var ten []byte
		for _, c := range TenCrop(im, size) {
			ten = append(ten, c.Pix...)
		}
		if crc32.ChecksumIEEE(ten) != sum {
			t.Errorf("the ten crops of %s are not torchvision's", name)
		}
	}
}
