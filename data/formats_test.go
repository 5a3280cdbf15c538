package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// TestCIFARRecords: records follow one another through five files, each a label and three planes.
func TestCIFARRecords(t *testing.T) {
	dir := t.TempDir()
	for f := 1; f <= 5; f++ {
		b := make([]byte, 2*cifarRecord)
		for r := range 2 {
			rec := b[r*cifarRecord:][:cifarRecord]
			rec[0] = byte(2*(f-1) + r)
			for i := range rec[1:] {
				rec[1+i] = byte(int(rec[0])*10 + i%7 + i/1024*3)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("data_batch_%d.bin", f)), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d, err := Open("cifar10:"+dir, Train)
	if err != nil || d.Len() != 10 {
		t.Fatalf("%v, %v", d, err)
	}
	for i := range 10 {
		if d.Truth.Label(i) != i {
			t.Errorf("record %d has label %d", i, d.Truth.Label(i))
		}
		im, err := d.Images.Image(i)
		if err != nil || im.H != 32 || im.W != 32 {
			t.Fatalf("%v, %v", im, err)
		}
		for k, v := range im.Pix {
			if at := k%3*1024 + k/3; v != byte(i*10+at%7+at/1024*3) {
				t.Fatalf("record %d, value %d is %d", i, k, v)
			}
		}
	}
	rec := make([]byte, 3*cifarRecord)
	rec[2*cifarRecord] = 10
	if err := checkCIFAR(rec); err == nil || !strings.Contains(err.Error(), "record 2 has label 10") {
		t.Errorf("label 10: %v", err)
	}
}

// TestIDXFiles: images one after the other, plain or gzipped, under each of the names; what does not fit is named.
func TestIDXFiles(t *testing.T) {
	images := idxFile(3, 4, 5)
	for i := range 60 {
		images[16+i] = byte(i)
	}
	labels := append(idxFile(3)[:8], 2, 0, 3)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(images)
	z.Close()
	write := func(files map[string][]byte) string { return folderWith(t, files) }
	for _, dir := range []string{
		write(map[string][]byte{"train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": labels}),
		write(map[string][]byte{"train-images.idx3-ubyte": images, "train-labels.idx1-ubyte": labels}),
		write(map[string][]byte{"train-images-idx3-ubyte.gz": zipped.Bytes(), "train-labels-idx1-ubyte": labels}),
	} {
		d, err := Open("idx:"+dir, Train)
		if err != nil || d.Len() != 3 || fmt.Sprint(d.Truth.Classes()) != "[0 1 2 3]" || d.Truth.Label(2) != 3 {
			t.Fatalf("%v, %v", d, err)
		}
		for i := range 3 {
			im, _ := d.Images.Image(i)
			for p := range 20 {
				if im.H != 4 || im.W != 5 || im.Pix[3*p] != byte(20*i+p) || im.Pix[3*p+1] != im.Pix[3*p] || im.Pix[3*p+2] != im.Pix[3*p] {
					t.Fatalf("image %d, pixel %d is %v", i, p, im.Pix[3*p:3*p+3])
				}
			}
		}
	}
	large := write(map[string][]byte{"train-images-idx3-ubyte": idxFile(1, 4096, 1), "train-labels-idx1-ubyte": append(idxFile(1)[:8], 0)})
	if d, err := Open("idx:"+large, Train); err != nil || d.Len() != 1 {
		t.Errorf("an image of 4096 rows: %v", err)
	}
	wide := write(map[string][]byte{"train-images-idx3-ubyte": idxFile(1, 1, 4096), "train-labels-idx1-ubyte": append(idxFile(1)[:8], 0)})
	if d, err := Open("idx:"+wide, Train); err != nil || d.Len() != 1 {
		t.Errorf("an image of 4096 columns: %v", err)
	}
	for want, files := range map[string]map[string][]byte{
		"images of 4097 by 1":            {"train-images-idx3-ubyte": idxFile(1, 4097, 1), "train-labels-idx1-ubyte": labels},
		"images of 1 by 4097":            {"train-images-idx3-ubyte": idxFile(1, 1, 4097), "train-labels-idx1-ubyte": labels},
		"sides [3 4], want [count heigh": {"train-images-idx3-ubyte": idxFile(3, 4), "train-labels-idx1-ubyte": labels},
		"idx3-ubyte: not an IDX file":    {"train-images-idx3-ubyte": []byte("hello there"), "train-labels-idx1-ubyte": labels},
		"has 3 labels for 2 images":      {"train-images-idx3-ubyte": idxFile(2, 4, 5), "train-labels-idx1-ubyte": labels},
		"ubyte.gz: gzip":                 {"train-images-idx3-ubyte.gz": []byte("this is not zipped"), "train-labels-idx1-ubyte": labels},
	} {
		if _, err := Open("idx:"+write(files), Train); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for want, b := range map[string][]byte{
		"header cut short":          {0, 0, 8, 1},
		"claims more than":          idxFile(maxIDX, 2)[:12],
		"claims [2147483648] = 214": idxFile(maxIDX)[:8],
		"begins with 00 00 08 05":   idxFile(1, 1, 1, 1, 1),
	} {
		if _, _, err := parseIDX(b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("% x: %v, want %q", b[:4], err, want)
		}
	}
	for _, dims := range [][]int{{0}, {2, 0, 3}, {2, 1, 3, 2}} {
		if got, _, err := parseIDX(idxFile(dims...)); err != nil || fmt.Sprint(got) != fmt.Sprint(dims) {
			t.Errorf("%v is read as %v, %v", dims, got, err)
		}
	}
}

// segment is a JPEG segment.
func segment(marker byte, body ...byte) []byte {
	return append([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
}

// exif is a segment whose TIFF block has tags, each a short with a value.
func exif(order binary.AppendByteOrder, mark string, tags ...[2]uint16) []byte {
	b := append([]byte("Exif\x00\x00"), mark...)
	b = order.AppendUint32(order.AppendUint16(b, 42), 8)
	b = order.AppendUint16(b, uint16(len(tags)))
	for _, tag := range tags {
		b = order.AppendUint16(order.AppendUint16(order.AppendUint32(order.AppendUint16(order.AppendUint16(b, tag[0]), 3), 1), tag[1]), 0)
	}
	return b
}

// xmpPacket says an orientation.
func xmpPacket(o int) []byte {
	return fmt.Appendf(nil, `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>`, o)
}

// TestJPEGHeader: what the segments say, wherever the file is cut.
func TestJPEGHeader(t *testing.T) {
	join := func(parts ...[]byte) []byte { return bytes.Join(append([][]byte{{0xff, 0xd8}}, parts...), nil) }
	frame := func(process byte) []byte {
		return segment(0xc0+process, 8, 0, 20, 1, 44, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1)
	}
	little, big := binary.LittleEndian, binary.BigEndian
	type said struct {
		h, w, components int
		process          byte
		orientation      int
	}
	for what, c := range map[string]struct {
		b    []byte
		want said
		ok   bool
	}{
		"baseline":              {join(frame(0), segment(0xda)), said{20, 300, 3, 0, 1}, true},
		"progressive":           {join(frame(2), segment(0xda)), said{20, 300, 3, 2, 1}, true},
		"the last process":      {join(frame(15), segment(0xda)), said{20, 300, 3, 15, 1}, true},
		"tables are no frames":  {join(frame(4), frame(8), frame(12), frame(1), segment(0xda)), said{20, 300, 3, 1, 1}, true},
		"two frames":            {join(frame(0), frame(0)), said{20, 300, 3, 0, 1}, false},
		"a short frame":         {join(segment(0xc0, 8, 0, 20, 1, 44, 1)), said{20, 300, 1, 0, 1}, true},
		"too short a frame":     {join(segment(0xc0, 8, 0, 20, 1, 44)), said{orientation: 1}, false},
		"fill bytes":            {join([]byte{0xff, 0xff, 0xff}, frame(0)), said{20, 300, 3, 0, 1}, true},
		"an empty comment":      {join(segment(0xfe), frame(0)), said{20, 300, 3, 0, 1}, true},
		"no length":             {join([]byte{0xff, 0xfe, 0, 1}, frame(0)), said{orientation: 1}, false},
		"after the scan":        {join(frame(0), segment(0xda), frame(0)), said{20, 300, 3, 0, 1}, true},
		"turned":                {join(segment(0xe1, exif(little, "II", [2]uint16{0x10f, 3}, [2]uint16{0x112, 8})...), frame(0)), said{20, 300, 3, 0, 8}, true},
		"turned, big end first": {join(segment(0xe1, exif(big, "MM", [2]uint16{0x10f, 3}, [2]uint16{0x110, 2}, [2]uint16{0x112, 6})...), frame(0)), said{20, 300, 3, 0, 6}, true},
		"turned otherwise":      {join(segment(0xe1, exif(little, "II", [2]uint16{0x112, 9})...), frame(0)), said{20, 300, 3, 0, 1}, true},
		"turned by XMP":         {join(segment(0xe1, append([]byte("http://ns.adobe.com/xap/1.0/\x00"), xmpPacket(5)...)...), frame(0)), said{20, 300, 3, 0, 5}, true},
		"turned by both":        {join(segment(0xe1, append([]byte("http://ns.adobe.com/xap/1.0/\x00"), xmpPacket(5)...)...), segment(0xe1, exif(little, "II", [2]uint16{0x112, 8})...), frame(0)), said{20, 300, 3, 0, 8}, true},
		"turned by nothing":     {join(segment(0xe1, exif(little, "II", [2]uint16{0x112, 0})...), frame(0)), said{20, 300, 3, 0, 1}, true},
		"no JPEG":               {[]byte("\x89PNG\r\n"), said{orientation: 1}, false},
	} {
		h, ok := readJPEGHeader(c.b)
		if got := (said{h.H, h.W, h.Components, h.Process, h.Orientation()}); got != c.want || ok != c.ok {
			t.Errorf("%s: %+v, %v; want %+v, %v", what, got, ok, c.want, c.ok)
		}
		for n := range c.b { // cut anywhere it is no panic, and no other size
			if h, ok := readJPEGHeader(bytes.Clone(c.b[:n:n])); ok && (h.H != 20 || h.W != 300) {
				t.Errorf("%s, cut to %d bytes: %+v", what, n, h)
			}
		}
	}
	tiff := exif(little, "II", [2]uint16{0x10f, 3}, [2]uint16{0x112, 8})[6:]
	for n := 8; n <= len(tiff); n++ {
		want := 0
		if n == len(tiff) {
			want = 8
		}
		if got := exifOrientation(bytes.Clone(tiff[:n:n])); got != want {
			t.Errorf("%d of %d bytes: orientation %d, want %d", n, len(tiff), got, want)
		}
	}
	for at := range 40 { // a directory anywhere, also behind the end
		little.PutUint32(tiff[4:], uint32(at))
		exifOrientation(tiff)
	}
}

// TestSubImages: planes that do not begin at (0, 0), and those of a quarter of the width, are read as the standard library does.
func TestSubImages(t *testing.T) {
	rng := tensor.NewRNG(7)
	for _, ratio := range []image.YCbCrSubsampleRatio{image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410} {
		p := image.NewYCbCr(image.Rect(0, 0, 13, 9), ratio)
		for _, plane := range [][]uint8{p.Y, p.Cb, p.Cr} {
			for i := range plane {
				plane[i] = uint8(rng.IntN(256))
			}
		}
		pictures := []image.Image{p.SubImage(image.Rect(3, 2, 11, 8))}
		if ratio == image.YCbCrSubsampleRatio411 || ratio == image.YCbCrSubsampleRatio410 { // the chroma of others is interpolated
			pictures = append(pictures, p)
		}
		for _, p := range pictures {
			got, r := toRGB(p), p.Bounds()
			if got.H != r.Dy() || got.W != r.Dx() {
				t.Fatalf("%v: %d by %d", ratio, got.H, got.W)
			}
			for i := range got.H * got.W {
				c := color.NRGBAModel.Convert(p.At(r.Min.X+i%got.W, r.Min.Y+i/got.W)).(color.NRGBA)
				for k, v := range []uint8{c.R, c.G, c.B} {
					if d := int(got.Pix[3*i+k]) - int(v); d < -1 || d > 1 {
						t.Fatalf("%v from %v: pixel %d is %v, want %v", ratio, r.Min, i, got.Pix[3*i:3*i+3], c)
					}
				}
			}
		}
	}
}

// TestLargestPicture: as many pixels as are allowed, and not a row more; the error says how many.
func TestLargestPicture(t *testing.T) {
	const w = 10000
	jpg := func(h int) []byte {
		return append([]byte{0xff, 0xd8}, segment(0xc0, 8, byte(h>>8), byte(h), w>>8, w&255, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1)...)
	}
	if h, err := readHeader(jpg(MaxPixels / w)); err != nil || h.h*h.w != MaxPixels {
		t.Errorf("%d pixels: %v", h.h*h.w, err)
	}
	if _, err := readHeader(jpg(MaxPixels/w + 1)); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("at most %d megapixels", MaxPixels/1_000_000)) {
		t.Errorf("a row more: %v", err)
	}
}

// TestOpenSome: n takes so many samples of a seeded order, and all where there are no more.
func TestOpenSome(t *testing.T) {
	files := map[string][]byte{"notes.txt": nil}
	if _, err := Open("folder:"+folderWith(t, files), Train); err == nil || !strings.Contains(err.Error(), "(1 ignored: 1 .txt)") {
		t.Errorf("no pictures: %v", err)
	}
	for i := range 6 {
		files[fmt.Sprintf("%d.png", i)] = encoded(t, "png", 4, 4)
	}
	dir := folderWith(t, files)
	for n, name := range map[int]string{4: "?n=4", 6: "", 7: ""} {
		d, err := Open(fmt.Sprintf("folder:%s?n=%d", dir, n), Train)
		if err != nil || d.Len() != min(n, 6) || d.Name != "folder:"+dir+name {
			t.Errorf("n=%d: %v, %v", n, d, err)
		}
		seen := map[string]bool{}
		for i := range d.Len() {
			seen[d.Describe(i)] = true
		}
		if len(seen) != min(n, 6) {
			t.Errorf("n=%d: %v", n, seen)
		}
	}
}
