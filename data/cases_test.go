package data

import (
	"bytes"
	"encoding/binary"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// caseRow is a row of testdata/cases/table.tsv.
type caseRow struct{ file, format, mode, result, shown, option string }

func caseTable(t testing.TB) []caseRow {
	b, err := os.ReadFile("testdata/cases/table.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var out []caseRow
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 6 {
			t.Fatalf("table.tsv: %q", line)
		}
		out = append(out, caseRow{f[0], f[1], f[2], f[3], f[4], f[5]})
	}
	return out
}

func readCase(t testing.TB, name string) []byte {
	b, err := os.ReadFile(filepath.Join("testdata", "cases", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCases: every row of the table of formats and modes, against what Pillow makes of the file,
// ImageOps.exif_transpose(Image.open(f)).convert("RGB"), or against the sentence that it gets. No file beside the table is left untried.
func TestCases(t *testing.T) {
	tried := map[string]bool{"table.tsv": true}
	for _, c := range caseTable(t) {
		tried[c.file], tried[c.shown] = true, true
		o := DecodeOptions{Stretch: c.option == "stretch=yes", Truncated: c.option == "truncated=accept"}
		got, err := o.Decode(readCase(t, c.file))
		most, number := strconv.Atoi(c.result)
		if number != nil {
			if err == nil || !strings.Contains(err.Error(), c.result) {
				t.Errorf("%s: %v, want %q", c.file, err, c.result)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		want := standardPNG(t, readCase(t, c.shown))
		if got.H != want.H || got.W != want.W {
			t.Errorf("%s is %dx%d, want %dx%d", c.file, got.W, got.H, want.W, want.H)
			continue
		}
		worst, at := 0, 0
		for i, v := range want.Pix {
			if d := max(int(v), int(got.Pix[i])) - min(int(v), int(got.Pix[i])); d > worst {
				worst, at = d, i
			}
		}
		if worst > most {
			t.Errorf("%s differs by %d at (%d, %d): %d, want %d", c.file, worst, at/3%want.W, at/3/want.W, got.Pix[at], want.Pix[at])
		}
	}
	files, err := os.ReadDir("testdata/cases")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !tried[f.Name()] {
			t.Errorf("%s is in no row of the table", f.Name())
		}
	}
}

// standardPNG reads a PNG of 8 bits and no transparency by the standard library alone.
func standardPNG(t testing.TB, b []byte) *Image {
	p, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	r := p.Bounds()
	im := NewImage(r.Dy(), r.Dx())
	for i := range im.H * im.W {
		red, green, blue, _ := p.At(i%im.W, i/im.W).RGBA()
		im.Pix[3*i], im.Pix[3*i+1], im.Pix[3*i+2] = uint8(red>>8), uint8(green>>8), uint8(blue>>8)
	}
	return im
}

// TestOrientations: each kind of file that can say how it is to be turned is.
func TestOrientations(t *testing.T) {
	little := exif(binary.LittleEndian, "II", [2]uint16{0x112, 6})[6:]
	long := append([]byte("MM\x00\x2a\x00\x00\x00\x08"), 0, 1, 0x01, 0x12, 0, 4, 0, 0, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0)
	if o := exifOrientation(long); o != 6 {
		t.Errorf("a LONG of a big-endian block: %d", o)
	}
	riff := func(name string, data []byte) []byte {
		b := append(binary.LittleEndian.AppendUint32([]byte(name), uint32(len(data))), data...)
		return append(b, make([]byte, len(data)%2)...)
	}
	p := encoded(t, "png", 8, 5)
	after := func(head int, extra []byte) []byte { return slices.Concat(p[:head], extra, p[head:]) }
	w, err := os.ReadFile("testdata/lossless.webp")
	if err != nil {
		t.Fatal(err)
	}
	tif := encoded(t, "tiff", 8, 5)
	xmp := slices.Concat([]byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"), xmpPacket(6))
	for what, c := range map[string][2][]byte{
		"PNG, eXIf":            {p, after(33, pngPart("eXIf", little))},
		"PNG, XMP":             {p, after(33, pngPart("iTXt", xmp))},
		"PNG, EXIF before XMP": {p, after(33, slices.Concat(pngPart("iTXt", slices.Concat([]byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"), xmpPacket(3))), pngPart("eXIf", little)))},
		"WebP, EXIF":           {w, slices.Concat(w, riff("EXIF", little))},
		"WebP, EXIF's name":    {w, slices.Concat(w, riff("ICCP", []byte{1, 2, 3}), riff("EXIF", append([]byte("Exif\x00\x00"), little...)))},
		"WebP, XMP":            {w, slices.Concat(w, riff("XMP ", xmpPacket(6)))},
		"TIFF":                 {tif, withOrientation(t, tif, 6)},
		"TIFF, XMP":            {tif, withTag(t, tif, 700, 1, xmpPacket(6))},
		"TIFF, tag before XMP": {tif, withTag(t, withOrientation(t, tif, 6), 700, 1, xmpPacket(3))},
	} {
		plain, err := Decode(c[0])
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got, err := Decode(c[1])
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if want := orient(plain, 6); got.H != plain.W || !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("%s: %dx%d, want %dx%d turned", what, got.W, got.H, want.W, want.H)
		}
		head, err := readHeader(c[1])
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for n := range c[1] { // cut anywhere it is no panic, which Decode would hide, and no other orientation
			if o := orientation(bytes.Clone(c[1][:n:n]), head); o != 1 && o != 6 && o != 3 {
				t.Errorf("%s, cut to %d bytes: orientation %d", what, n, o)
			}
		}
	}
}

// withOrientation returns a little-endian TIFF file with the tag.
func withOrientation(t *testing.T, b []byte, o uint16) []byte {
	return withTag(t, b, tagOrientation, tiffShort, binary.LittleEndian.AppendUint16(nil, o))
}

// withTag returns a little-endian TIFF file with a tag added to its first directory, which is moved behind the file.
func withTag(t *testing.T, b []byte, tag, kind uint16, value []byte) []byte {
	order := binary.LittleEndian
	if string(b[:2]) != "II" {
		t.Fatal("not little-endian")
	}
	at := order.Uint32(b[4:])
	n := order.Uint16(b[at:])
	entries := b[at+2:][:12*int(n)]
	out := append(bytes.Clone(b), value...)
	entry := order.AppendUint16(order.AppendUint16(nil, tag), kind)
	entry = order.AppendUint32(entry, uint32(len(value)/map[uint16]int{1: 1, tiffShort: 2}[kind]))
	if len(value) <= 4 {
		entry = append(append(entry, value...), make([]byte, 4-len(value))...)
	} else {
		entry = order.AppendUint32(entry, uint32(len(b)))
	}
	order.PutUint32(out[4:], uint32(len(out)))
	out = order.AppendUint16(out, n+1)
	for i := range int(n) {
		if entry != nil && order.Uint16(entries[12*i:]) > tag {
			out, entry = append(out, entry...), nil
		}
		out = append(out, entries[12*i:12*i+12]...)
	}
	return append(append(out, entry...), 0, 0, 0, 0)
}

// TestCutJPEG: a JPEG of whatever process that is cut before its data end is refused; without its end mark alone it is read.
func TestCutJPEG(t *testing.T) {
	for name, step := range map[string]int{"turned.jpg": 97, "grey.jpg": 97, "progressive.jpg": 97, "cases/jpeg_scans.jpg": 0, "cases/jpeg_scans_restarts.jpg": 0, "cases/jpeg_scans_order.jpg": 0,
		"cases/jpeg_progressive_restarts_444.jpg": 0} { // 0: at every byte
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		want, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		end := bytes.LastIndex(b, []byte{0xff, markEnd})
		for _, n := range []int{end, end + 1} {
			if got, err := Decode(b[:n]); err != nil || got.H != want.H || got.W != want.W {
				t.Errorf("%s without its end mark: %v", name, err)
			}
		}
		if got, err := Decode(append(bytes.Clone(b), "more behind the end"...)); err != nil || !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("%s with bytes behind the end: %v", name, err)
		}
		h, _ := readJPEGHeader(b)
		for n := 0; n < end-8; n += max(1, end*step/(97*97)) {
			im, err := Decode(b[:n])
			if err == nil {
				t.Errorf("%s, cut to %d of %d bytes, is read as a picture of %dx%d", name, n, len(b), im.W, im.H)
			} else if n > h.Scan+20 && !strings.Contains(err.Error(), "cut short") && h.Process <= 1 {
				t.Errorf("%s, cut to %d of %d bytes: %v", name, n, len(b), err)
			}
			if im, err := (DecodeOptions{Truncated: true}).Decode(bytes.Clone(b[:n:n])); err == nil && (im.H != want.H || im.W != want.W) || err != nil && strings.Contains(err.Error(), "runtime error") {
				t.Errorf("%s, cut to %d of %d bytes and let in: %v", name, n, len(b), err)
			}
		}
	}
}

// TestThin: of a picture of extreme proportions the middle is enlarged, not the whole.
func TestThin(t *testing.T) {
	b, err := os.ReadFile("testdata/cases/thin_1x60000.png")
	if err != nil {
		t.Fatal(err)
	}
	before := allocated()
	im, err := DecodeFrame(b, func(h, w int) Frame { return ShortSide(224)(h, w, nil) })
	if err != nil || im.W != 224 || im.H != 16*224 {
		t.Fatalf("%v, %v", im, err)
	}
	if took := allocated() - before; took > 64<<20 {
		t.Errorf("%d MiB for a picture of 60,000 pixels", took>>20)
	}
	for _, c := range [][2]int{{60000, 1}, {1, 60000}, {17, 1}, {1, 17}, {32, 2}, {2, 31}} {
		f := ShortSide(10)(c[0], c[1], nil)
		if f.H > 16*f.W || f.W > 16*f.H || min(f.H, f.W) != min(c[0], c[1]) || min(f.OutH, f.OutW) != 10 || f.Top != (c[0]-f.H)/2 || f.Left != (c[1]-f.W)/2 || max(f.H, f.W) != min(max(c[0], c[1]), 16*min(c[0], c[1])) {
			t.Errorf("%v is framed as %+v", c, f)
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// TestRefused: kinds that are known and not read are named.
func TestRefused(t *testing.T) {
	for text, want := range map[string]string{"\x00\x00\x00\x1cftypavif\x00\x00": "AVIF", "\x00\x00\x00\x1cftypheic\x00\x00": "HEIC", "version https://git-lfs.github.com/spec/v1": "Git LFS", "": "an empty file", "<!doctype html>": "a web page", "nothing at all": "not a JPEG, PNG, GIF, BMP, TIFF, WebP or PNM"} {
		if _, err := Decode([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestHashes: a record's hash is of its pixels alone: the label beside them does not count, a changed pixel does.
func TestHashes(t *testing.T) {
	c := &cifar{records: make([]byte, 4*cifarRecord)}
	c.records[cifarRecord] = 7     // another label
	c.records[2*cifarRecord+1] = 1 // the first pixel
	c.records[4*cifarRecord-1] = 1 // the last one
	x := &idx{h: 2, w: 3, pixels: make([]byte, 4*6), labels: []byte{0, 9, 0, 0}}
	x.pixels[2*6], x.pixels[4*6-1] = 1, 1
	for _, s := range []Images{c, x} {
		var h []Hash
		for i := range 4 {
			v, err := ContentHash(s, i)
			if err != nil {
				t.Fatal(err)
			}
			h = append(h, v)
		}
		if h[0] != h[1] || h[0] == h[2] || h[0] == h[3] || h[2] == h[3] {
			t.Errorf("%T: %x", s, h)
		}
	}
}
