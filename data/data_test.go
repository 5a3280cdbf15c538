package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

func picture(h, w int) *image.RGBA {
	im := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			im.SetRGBA(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x + y) * 127 / (h + w)), 255})
		}
	}
	return im
}

// paletted is the picture in the 256 colours of a palette, which a GIF keeps exactly.
func paletted(h, w int) *image.Paletted {
	p := image.NewPaletted(image.Rect(0, 0, w, h), palette.Plan9)
	draw.Draw(p, p.Bounds(), picture(h, w), image.Point{}, draw.Src)
	return p
}

func encoded(t testing.TB, kind string, h, w int) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch kind {
	case "png":
		err = png.Encode(&b, picture(h, w))
	case "jpg":
		err = jpeg.Encode(&b, picture(h, w), &jpeg.Options{Quality: 95})
	case "gif":
		err = gif.Encode(&b, paletted(h, w), nil)
	case "bmp":
		err = bmp.Encode(&b, picture(h, w))
	case "tiff":
		err = tiff.Encode(&b, picture(h, w), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDecode(t *testing.T) {
	for kind, tol := range map[string]int{"png": 0, "bmp": 0, "tiff": 0, "jpg": 12, "gif": 0} {
		im, err := Decode(encoded(t, kind, 20, 30))
		if err != nil || im.H != 20 || im.W != 30 {
			t.Errorf("%s: %v, %v", kind, im, err)
			continue
		}
		want := toRGB(picture(20, 30))
		if kind == "gif" {
			want = toRGB(paletted(20, 30))
		}
		for i := range im.Pix {
			if d := int(im.Pix[i]) - int(want.Pix[i]); d > tol || d < -tol {
				t.Errorf("%s: value %d is %d, want %d", kind, i, im.Pix[i], want.Pix[i])
				break
			}
		}
	}
}

// TestDecodePillow: progressive, CMYK and grey JPEG, WebP and a turned picture, against Pillow; testdata/pictures.py.
func TestDecodePillow(t *testing.T) {
	var want map[string]struct {
		H, W int
		Mean [3]float64 // of all pixels
		Spot [3]int     // at (3, 2)
	}
	golden.Load(t, "testdata/pictures.json", &want)
	for name, w := range want {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		im, err := Decode(b)
		if err != nil || im.H != w.H || im.W != w.W {
			t.Errorf("%s: %v; want %dx%d", name, err, w.W, w.H)
			continue
		}
		var mean [3]float64
		for i, v := range im.Pix {
			mean[i%3] += float64(v) / float64(im.H*im.W)
		}
		for c := range 3 {
			if !(math.Abs(mean[c]-w.Mean[c]) <= 1.5) {
				t.Errorf("%s: mean %v, Pillow %v", name, mean, w.Mean)
				break
			}
			if d := int(im.Pix[(3*im.W+2)*3+c]) - w.Spot[c]; d > 8 || d < -8 {
				t.Errorf("%s: pixel (3, 2) %v, Pillow %v", name, im.Pix[(3*im.W+2)*3:][:3], w.Spot)
				break
			}
		}
	}
	if len(want) < 5 {
		t.Error("references are missing")
	}
}

// hugePNG claims 60000 by 60000 pixels.
func hugePNG() []byte {
	ihdr := append([]byte("IHDR"), 0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60, 8, 2, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	b = append(b, ihdr...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(ihdr))
}

func TestBadPictures(t *testing.T) {
	j := encoded(t, "jpg", 40, 40)
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"short jpeg": {j[:len(j)/2], "broken picture"}, "huge png": {hugePNG(), "60000 by 60000"}, "text": {[]byte("hello"), "not a JPEG"}, "empty": {nil, "an empty file"},
	} {
		if _, err := Decode(c.b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestTwoFrames: a JPEG with two frame headers is refused before a decoder chooses one.
func TestTwoFrames(t *testing.T) {
	j := encoded(t, "jpg", 8, 8)
	at := bytes.Index(j, []byte{0xff, 0xc0})
	n := 2 + int(binary.BigEndian.Uint16(j[at+2:]))
	second := bytes.Clone(j[at : at+n])
	binary.BigEndian.PutUint16(second[5:], 60000)
	b := append(append(bytes.Clone(j[:at]), second...), j[at:]...)
	if _, err := Decode(b); err == nil || !strings.Contains(err.Error(), "or with two") {
		t.Errorf("two frame headers: %v", err)
	}
}

func idxFile(dims ...int) []byte {
	b := []byte{0, 0, 8, byte(len(dims))}
	n := 1
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, uint32(d))
		n *= d
	}
	return append(b, make([]byte, min(n, 1<<20))...)
}

func TestIDX(t *testing.T) {
	dir := t.TempDir()
	im := idxFile(3, 4, 5)
	im[16] = 77
	os.WriteFile(filepath.Join(dir, "train-images-idx3-ubyte"), im, 0o644)
	os.WriteFile(filepath.Join(dir, "train-labels-idx1-ubyte"), append(idxFile(0)[:4], 0, 0, 0, 3, 2, 0, 1), 0o644)
	src, err := Open("idx:"+dir, Train)
	if err != nil || src.Len() != 3 || src.Truth.Label(0) != 2 {
		t.Fatalf("%v, %v", src, err)
	}
	p, err := src.Images.Image(0)
	if err != nil || p.H != 4 || p.W != 5 || p.Pix[2] != 77 {
		t.Errorf("%v, %v", p, err)
	}
	if _, err := Open("idx:"+dir, Test); err == nil || !strings.Contains(err.Error(), "t10k-images") {
		t.Errorf("a missing split: %v", err)
	}
	for name, b := range map[string][]byte{"claims": idxFile(60000, 4096, 4096), "short": im[:20], "no idx": []byte("hello there"), "header": {0, 0, 8, 3, 0}} {
		if _, _, err := parseIDX(b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestReadMost: as many bytes as are allowed are read, and not one more; what breaks on the way is told.
func TestReadMost(t *testing.T) {
	broken := errors.New("broken")
	for text, want := range map[string]string{"": "", "123": "", "1234": "", "12345": "more than 4 bytes"} {
		b, err := readMost(strings.NewReader(text), 4)
		if want == "" && (err != nil || string(b) != text) || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%q: %q, %v", text, b, err)
		}
	}
	for _, text := range []string{"12", "12345"} {
		if _, err := readMost(io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), 6); !errors.Is(err, broken) {
			t.Errorf("%q, then an error: %v", text, err)
		}
	}
}

func TestCIFAR(t *testing.T) {
	dir := t.TempDir()
	rec := make([]byte, 2*cifarRecord)
	rec[0], rec[1], rec[1+1024] = 7, 10, 20
	os.WriteFile(filepath.Join(dir, "test_batch.bin"), rec, 0o644)
	src, err := Open("cifar10:"+dir, Test)
	if err != nil || src.Len() != 2 || src.Truth.Classes()[src.Truth.Label(0)] != "horse" {
		t.Fatalf("%v, %v", src, err)
	}
	if im, _ := src.Images.Image(0); im.Pix[0] != 10 || im.Pix[1] != 20 {
		t.Errorf("first pixel %v", im.Pix[:3])
	}
	os.WriteFile(filepath.Join(dir, "test_batch.bin"), rec[:4000], 0o644)
	for spec, want := range map[string]string{"cifar10:" + dir: "4000 bytes are not a whole number", "cifar10:/no/such": "no such folder", "cifar10:": "no folder given"} {
		if _, err := Open(spec, Test); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", spec, err, want)
		}
	}
	if _, err := Open("cifar10:"+dir, Train); err == nil || !strings.Contains(err.Error(), "data_batch_1.bin") {
		t.Errorf("missing batches: %v", err)
	}
	rec[0] = 99
	if checkCIFAR(rec) == nil {
		t.Error("label 99 passes")
	}
}

func folderWith(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range files {
		path := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(path), 0o755)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFolder(t *testing.T) {
	p := encoded(t, "png", 8, 8)
	dir := folderWith(t, map[string][]byte{"cat/a.png": p, "cat/deep/b.JPG": encoded(t, "jpg", 8, 8), "dog/c.png": p, "dog/notes.txt": nil, ".hidden/d.png": p})
	src, err := Open("folder:"+dir, Train)
	if err != nil || src.Len() != 3 || fmt.Sprint(src.Truth.Classes()) != "[cat dog]" || src.Truth.Label(2) != 1 {
		t.Fatalf("%v, %v", src, err)
	}
	if src, err = Open("folder:"+dir+"?labels=no", Train); err != nil || len(src.Truth.Classes()) != 0 || src.Truth.Label(0) != -1 {
		t.Errorf("without labels: %v, %v", src, err)
	}
	flat, err := Open("folder:"+filepath.Join(dir, "cat"), Train)
	if err != nil || flat.Truth.Label(0) != -1 {
		t.Errorf("a flat folder has no labels: %v, %v", flat, err)
	}
	for spec, want := range map[string]string{"folder:" + t.TempDir(): "holds no images", "folder:" + dir + "?color=1": `no option "color"`, "zip:x": `no kind "zip"`,
		"folder:" + filepath.Join(dir, "dog/notes.txt"): "is a file", "folder:" + dir + "?n=x": "n=x", "scenes?side=4": "side=4", "scenes?split=dev": "dev",
		"folder:" + dir + "?split=test": `no option "split"`, "folder:" + dir + "?labels=No": "labels=No", "scenes?n=3&n=4": "2 times", "scenes?n=0": "n=0", "cifar10:?%zz": "do not parse"} {
		if _, err := Open(spec, Train); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", spec, err, want)
		}
	}
}

// TestPillow compares resizing and colour operations with Pillow and torchvision: testdata/augment.json, augment.py.
func TestPillow(t *testing.T) {
	var want map[string]struct {
		H, W int
		Pix  []uint8
	}
	golden.Load(t, "testdata/augment.json", &want)
	f := make([]float32, 17*23*3)
	golden.Fill(f, "picture", 1)
	im := NewImage(17, 23)
	for i, v := range f {
		im.Pix[i] = uint8((v + 1) * 127.5)
	}
	jitter := func(b, c, s, h float32) *Image {
		out := &Image{im.H, im.W, append([]uint8(nil), im.Pix...)}
		switch {
		case b != 0:
			simd.Blend(out.Pix, b, 0)
		case c != 0:
			adjustContrast(out, c)
		case s != 0:
			simd.BlendGrey(out.Pix, s)
		case h != 0:
			simd.ShiftHue(out.Pix, 6*h)
		}
		return out
	}
	// Hue is torchvision's of tensors (hue_tensor), in floating point. Pillow's 8-bit HSV moves a value by up to 6 for truncating the hue to 1/255 of a turn (a sixth of a turn is the
	// whole range), 3 for truncating the turn (25/255 for 0.1) and 1 each for saturation, value and the result.
	for name, c := range map[string]struct {
		got *Image
		tol int
	}{
		"down": {ResizeTo(im, 9, 10), 1}, "up": {ResizeTo(im, 40, 31), 1}, "short": {Resize(12)(im, nil), 1}, "brightness": {jitter(1.3, 0, 0, 0), 1},
		"contrast": {jitter(0, 0.6, 0, 0), 1}, "saturation": {jitter(0, 0, 1.4, 0), 1}, "hue": {jitter(0, 0, 0, 0.1), 12}, "hue_tensor": {jitter(0, 0, 0, 0.1), 1}, "grey": {RandomGrayscale(1)(im, tensor.NewRNG(1)), 0},
		"solarize": {Solarize(128, 1)(im, tensor.NewRNG(1)), 0}, "center": {CenterCrop(12)(im, nil), 0},
	} {
		w, ok := want[name]
		if !ok || c.got.H != w.H || c.got.W != w.W {
			t.Errorf("%s: %dx%d, want %dx%d", name, c.got.W, c.got.H, w.W, w.H)
			continue
		}
		off := 0
		for i, v := range c.got.Pix {
			if d := int(v) - int(w.Pix[i]); d > c.tol || d < -c.tol {
				off++
			}
		}
		if off > 0 {
			t.Errorf("%s: %d of %d values differ by more than %d", name, off, len(w.Pix), c.tol)
		}
	}
}

func TestAugmentations(t *testing.T) {
	im := toRGB(picture(40, 50))
	all := Compose(RandomResizedCrop(24, 0.2, 1), RandomHorizontalFlip(0.5), ColorJitter(0.4, 0.4, 0.4, 0.1), RandomGrayscale(0.2), GaussianBlur(3, 0.1, 2), Solarize(128, 0.2), RandomErasing(0.5))
	before := append([]uint8(nil), im.Pix...)
	a, b, c := all(im, tensor.NewRNG(1)), all(im, tensor.NewRNG(1)), all(im, tensor.NewRNG(2))
	if a.H != 24 || a.W != 24 || !bytes.Equal(a.Pix, b.Pix) || bytes.Equal(a.Pix, c.Pix) {
		t.Error("the same stream must give the same picture, another another")
	}
	if !bytes.Equal(before, im.Pix) {
		t.Error("a transform changed its argument")
	}
	for k := range 5 {
		if !bytes.Equal(Rotate90(Rotate90(im, k), 4-k%4).Pix, im.Pix) {
			t.Errorf("%d quarter turns and back differ", k)
		}
	}
	if ten := TenCrop(im, 20); len(ten) != 10 || ten[0].H != 20 || !bytes.Equal(FlipH(ten[9]).Pix, Crop(im, 10, 15, 20, 20).Pix) {
		t.Error("the ten crops are wrong")
	}
	x := make([]float32, len(im.Pix))
	ImageNetNorm.Normalize(x, im)
	if back := ImageNetNorm.ToImage(x, im.H, im.W); !bytes.Equal(back.Pix, im.Pix) {
		t.Error("normalising and back differs")
	}
}
