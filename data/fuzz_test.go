package data

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/internal/spec"
)

// The targets of pictures keep to small ones: what a header may claim is FuzzDecode's to try, and large pictures only take time.
const (
	fuzzBytes  = 1 << 12
	fuzzPixels = 1 << 11
)

// decoded is what every kind of picture is held to: the size is the header's, memory is in proportion to it, a second decoding gives the same,
// an error is a line, and no decoder trips.
func decoded(t testing.TB, b []byte) {
	t.Helper()
	head, err := readHeader(b)
	if fuzzing.OneLine(t, err) || head.h*head.w > fuzzPixels {
		return
	}
	most := 1<<21 + 64*(len(b)+head.h*head.w)
	if head.format == "tiff" {
		most += 40 << 20 // tiles of 1024 by 1024 at most, and their pieces
	}
	var im *Image
	fuzzing.Memory(t, most, func() { im, err = Decode(b) })
	again, failed := DecodeFrame(b, func(h, w int) Frame { return Frame{0, 0, h, w, h, w} })
	if fuzzing.OneLine(t, err) {
		if strings.Contains(err.Error(), "runtime error") {
			t.Errorf("a decoder trips: %v", err)
		}
		if failed == nil || failed.Error() != err.Error() {
			t.Errorf("the first time %v, the second time %v", err, failed)
		}
		return
	}
	h, w := head.h, head.w
	if orientation(b, head) > 4 {
		h, w = w, h
	}
	if im.H != h || im.W != w || len(im.Pix) != h*w*3 {
		t.Errorf("%dx%d pixels, %d values; the header says %dx%d", im.W, im.H, len(im.Pix), w, h)
	}
	if failed != nil || !bytes.Equal(again.Pix, im.Pix) {
		t.Errorf("a frame of everything differs: %v", failed)
	}
	other := DecodeOptions{Stretch: true, Truncated: true}
	if more, err := other.Decode(b); err != nil || more.H != im.H || more.W != im.W || len(more.Pix) != len(im.Pix) {
		t.Errorf("what is read as it is, is not when levels are stretched and cuts allowed: %v", err)
	}
}

// seeds returns the small files of testdata with an ending, and what the encoder of that kind writes.
func seeds(f *testing.F, ending, kind string) [][]byte {
	f.Helper()
	var out [][]byte
	for _, dir := range []string{"testdata", "testdata/cases"} {
		names, err := filepath.Glob(filepath.Join(dir, "*"+ending))
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			if len(b) <= fuzzBytes {
				out = append(out, b)
			}
		}
	}
	if kind != "" {
		out = append(out, encoded(f, kind, 6, 5), encoded(f, kind, 1, 1))
	}
	if len(out) == 0 {
		f.Fatalf("there is no seed %s", ending)
	}
	return out
}

// jpegSeeds are JPEGs of every subsampling, whether progressive or not.
func jpegSeeds(f *testing.F) [][]byte {
	out := seeds(f, ".jpg", "jpg")
	var more map[string]struct{ JPEG []byte }
	golden.Load(f, "testdata/jpegs.json", &more)
	for _, j := range more {
		out = append(out, j.JPEG)
	}
	return out
}

func FuzzDecode(f *testing.F) {
	all := [][]byte{hugePNG(), []byte("\x00\x00\x00\x1cftypavif\x00\x00")}
	for _, k := range []string{"png", "jpg", "gif", "bmp", "tiff"} {
		all = append(all, encoded(f, k, 6, 5))
	}
	fuzzing.Run(f, all, func(t testing.TB, b []byte) {
		if len(b) <= fuzzBytes {
			decoded(t, b)
		}
	})
}

// framed returns the JPEG with another process in its frame header, nil where there is none.
func framed(b []byte, process byte) []byte {
	b = bytes.Clone(b)
	for i := 2; i+4 <= len(b) && b[i] == 0xff; {
		m := b[i+1]
		if m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc {
			b[i+1] = 0xc0 + process
			return b
		}
		if m == 0xff {
			i++
			continue
		}
		i += 2 + int(binary.BigEndian.Uint16(b[i+2:]))
	}
	return nil
}

// fuzzJPEG tries JPEGs of a process; those without an end mark go another way.
func fuzzJPEG(f *testing.F, process byte) {
	var all [][]byte
	for _, b := range jpegSeeds(f) {
		if h, ok := readJPEGHeader(b); ok && h.Process == process {
			all = append(all, b, bytes.ReplaceAll(b, []byte{0xff, markEnd}, nil))
		}
	}
	fuzzing.Run(f, all, func(t testing.TB, b []byte) {
		if len(b) > fuzzBytes || len(b) < 4 {
			return
		}
		if b = framed(b, process); b != nil {
			b[0], b[1] = 0xff, 0xd8
			decoded(t, b)
		}
	})
}

func FuzzJPEG(f *testing.F)            { fuzzJPEG(f, 0) }
func FuzzJPEGProgressive(f *testing.F) { fuzzJPEG(f, 2) }

// FuzzJPEGHeader: what stands behind the first scan changes nothing of the header, and an orientation is one.
func FuzzJPEGHeader(f *testing.F) {
	fuzzing.Run(f, jpegSeeds(f), func(t testing.TB, b []byte) {
		h, ok := readJPEGHeader(b)
		if o := h.Orientation(); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
		if h.Scan < 0 || h.Scan > len(b) || h.H < 0 || h.H > 65535 || h.W < 0 || h.W > 65535 {
			t.Errorf("%+v of %d bytes", h, len(b))
		}
		if more, still := readJPEGHeader(append(bytes.Clone(b), 0xff, 0xc0, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0)); h.Scan > 0 && (more != h || still != ok) {
			t.Errorf("%+v becomes %+v by what stands behind it", h, more)
		}
		if h.Process == 2 && h.Scan > 0 {
			allScans(b, h)
		}
	})
}

// pngOf writes a PNG of a header, chunks as they are but for their sums, and rows.
func pngOf(head, chunks, rows []byte) []byte {
	out := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(name string, data []byte) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(data)))
		at := len(out)
		out = append(append(out, name...), data...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[at:]))
	}
	chunk("IHDR", head)
	for len(chunks) >= 8 {
		n := min(int(binary.BigEndian.Uint32(chunks)), len(chunks)-8)
		chunk(string(chunks[4:8]), chunks[8:8+n])
		chunks = chunks[min(len(chunks), 12+n):]
	}
	if rows != nil {
		chunk("IDAT", stored(rows))
	}
	chunk("IEND", nil)
	return out
}

// stored is a zlib stream of one block as it is (RFC 1950, RFC 1951 section 3.2.4).
func stored(b []byte) []byte {
	n := uint16(len(b))
	out := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16([]byte{0x78, 1, 1}, n), ^n)
	return binary.BigEndian.AppendUint32(append(out, b...), adler32.Checksum(b))
}

// pngParts takes a PNG apart for pngOf.
func pngParts(t testing.TB, b []byte) (head, chunks, rows []byte) {
	var z []byte
	for i := 8; i+12 <= len(b); {
		n := int(binary.BigEndian.Uint32(b[i:]))
		data := b[i+8 : i+8+n]
		switch string(b[i+4 : i+8]) {
		case "IHDR":
			head = data
		case "IDAT":
			z = append(z, data...)
		case "IEND":
		default:
			chunks = append(chunks, b[i:i+12+n]...)
		}
		i += 12 + n
	}
	r, err := zlib.NewReader(bytes.NewReader(z))
	if err == nil {
		rows, err = io.ReadAll(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return head, chunks, rows
}

// FuzzPNG puts sums and compression around what it tries, which a changed byte would break.
func FuzzPNG(f *testing.F) {
	var all [][]byte
	for _, b := range seeds(f, ".png", "png") {
		if head, chunks, rows := pngParts(f, b); len(chunks)+len(rows) <= fuzzPixels {
			all = append(all, slices.Concat(head, binary.BigEndian.AppendUint16(nil, uint16(len(chunks))), chunks, rows))
		}
	}
	fuzzing.Run(f, all, func(t testing.TB, b []byte) {
		if len(b) < 15 || len(b) > fuzzBytes {
			return
		}
		head, n, rest := b[:13], int(binary.BigEndian.Uint16(b[13:])), b[15:]
		n = min(n, len(rest))
		decoded(t, pngOf(head, rest[:n], rest[n:]))
	})
}

// fuzzBegun tries what begins as files of a kind do.
func fuzzBegun(f *testing.F, ending, kind string, begin ...string) {
	fuzzing.Run(f, seeds(f, ending, kind), func(t testing.TB, b []byte) {
		if len(b) > fuzzBytes || len(b) < len(begin[0]) {
			return
		}
		if !slices.ContainsFunc(begin, func(s string) bool { return strings.HasPrefix(string(b), s) }) {
			b = slices.Concat([]byte(begin[0]), b[len(begin[0]):])
		}
		decoded(t, b)
	})
}

func FuzzGIF(f *testing.F)  { fuzzBegun(f, ".gif", "gif", "GIF89a", "GIF87a") }
func FuzzBMP(f *testing.F)  { fuzzBegun(f, ".bmp", "bmp", "BM") }
func FuzzTIFF(f *testing.F) { fuzzBegun(f, ".tif", "tiff", "II*\x00", "MM\x00*") }
func FuzzPNM(f *testing.F)  { fuzzBegun(f, ".p[bgp]m", "", "P6", "P1", "P2", "P3", "P4", "P5") }

// riffOf returns a WebP of chunks in a whole that claims 1 GiB: what a chunk claims is then the chunk's to tell.
func riffOf(chunks []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte("RIFF"), 1<<30)
	return slices.Concat(b, []byte("WEBP"), chunks)
}

// TestWebPMemory: what a WebP claims to hold costs no memory; one that is cut says how much is there.
func TestWebPMemory(t *testing.T) {
	for _, name := range []string{"odd.webp", "alpha.webp", "bw.webp"} {
		b, err := os.ReadFile(filepath.Join("testdata", "cases", name))
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(b, []byte("VP8 "))
		if at < 0 {
			at = bytes.Index(b, []byte("VP8L"))
		}
		for _, n := range []int{len(b) - 1, at + 8 + 12} {
			want := fmt.Sprintf("cut short: %d of %d bytes", n-at-8, binary.LittleEndian.Uint32(b[at+4:]))
			if _, err := Decode(b[:n]); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s, cut to %d bytes: %v, want %q", name, n, err, want)
			}
		}
		binary.LittleEndian.PutUint32(b[4:], 1<<30)
		binary.LittleEndian.PutUint32(b[at+4:], 1<<29)
		fuzzing.Memory(t, 1<<20, func() {
			if _, err := Decode(b); !fuzzing.OneLine(t, err) {
				t.Errorf("%s is read to a length of 512 MiB", name)
			}
		})
	}
}

// TestTIFFMemory: how far a TIFF claims to reach costs no memory.
func TestTIFFMemory(t *testing.T) {
	b := encoded(t, "tiff", 4, 4)
	binary.LittleEndian.PutUint32(b[4:], 1<<31)
	fuzzing.Memory(t, 1<<20, func() {
		if _, err := Decode(b); !fuzzing.OneLine(t, err) {
			t.Error("a directory behind the end is read")
		}
	})
}

func FuzzWebP(f *testing.F) {
	var all [][]byte
	for _, b := range seeds(f, ".webp", "") {
		all = append(all, b[12:])
	}
	fuzzing.Run(f, all, func(t testing.TB, chunks []byte) {
		if len(chunks) <= fuzzBytes {
			decoded(t, riffOf(chunks))
		}
	})
}

// FuzzEXIF: a block says the same in whatever file it stands, and what it says is in it.
func FuzzEXIF(f *testing.F) {
	all := seeds(f, ".tif", "tiff")
	for _, tags := range [][][2]uint16{nil, {{0x112, 6}}, {{0x10f, 3}, {0x112, 8}}, {{0x112, 9}}} {
		all = append(all, exif(binary.LittleEndian, "II", tags...)[6:], exif(binary.BigEndian, "MM", tags...)[6:])
	}
	fuzzing.Run(f, all, func(t testing.TB, b []byte) {
		if len(b) > 60000 {
			return
		}
		o := exifOrientation(b)
		if o < 0 || o > 8 {
			t.Fatalf("orientation %d", o)
		}
		want := max(o, 1)
		h, _ := readJPEGHeader(slices.Concat([]byte{0xff, 0xd8}, segment(0xe1, slices.Concat(exifName, b)...)))
		if got := h.Orientation(); got != want {
			t.Errorf("in a JPEG %d, want %d", got, want)
		}
		if got := orientation(riffOf(riffChunk("EXIF", b)), header{format: "webp"}); got != want && !bytes.HasPrefix(b, exifName) {
			t.Errorf("in a WebP %d, want %d", got, want)
		}
		if got := orientation(pngOf(nil, pngChunkOf("eXIf", b), nil), header{format: "png"}); got != want {
			t.Errorf("in a PNG %d, want %d", got, want)
		}
	})
}

func riffChunk(name string, data []byte) []byte {
	b := append(binary.LittleEndian.AppendUint32([]byte(name), uint32(len(data))), data...)
	return append(b, make([]byte, len(data)%2)...)
}

func pngChunkOf(name string, data []byte) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), name...)
	return append(append(b, data...), 0, 0, 0, 0)
}

// FuzzXMP: a packet says the same in whatever file it stands, behind whatever else.
func FuzzXMP(f *testing.F) {
	all := [][]byte{[]byte("<tiff:Orientation> 6 </tiff:Orientation>")}
	for o := range 10 {
		all = append(all, xmpPacket(o))
	}
	fuzzing.Run(f, all, func(t testing.TB, b []byte) {
		if len(b) > 60000 {
			return
		}
		want := xmpOrientation(b)
		if want < 1 || want > 8 {
			t.Fatalf("orientation %d", want)
		}
		h, _ := readJPEGHeader(slices.Concat([]byte{0xff, 0xd8}, segment(0xe1, slices.Concat(xmpName, b)...)))
		if got := h.Orientation(); got != want {
			t.Errorf("in a JPEG %d, want %d", got, want)
		}
		if got := orientation(riffOf(riffChunk("XMP ", b)), header{format: "webp"}); got != want {
			t.Errorf("in a WebP %d, want %d", got, want)
		}
		if got := orientation(pngOf(nil, pngChunkOf("iTXt", slices.Concat([]byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"), b)), nil), header{format: "png"}); got != want {
			t.Errorf("in a PNG %d, want %d", got, want)
		}
	})
}

// FuzzIDX: what is read is as long as its sides say, and written again it is the file.
func FuzzIDX(f *testing.F) {
	var all [][]byte
	for _, dims := range [][]int{{2, 3, 3}, {0}, {7}, {1, 2, 3, 4}, {60000, 4096, 4096}} {
		b := idxFile(dims...)
		all = append(all, b[:min(len(b), 64)])
	}
	fuzzing.Run(f, all, func(t testing.TB, b []byte) {
		var dims []int
		var body []byte
		var err error
		fuzzing.Memory(t, 1<<18+2*len(b), func() { dims, body, err = parseIDX(b) })
		if fuzzing.OneLine(t, err) {
			return
		}
		if again := append(idxFile(dims...)[:4+4*len(dims)], body...); !bytes.Equal(again, b) {
			t.Errorf("% x comes back as % x", b, again)
		}
	})
}

// FuzzCIFAR: whole records of known labels are taken, and nothing else; pixels and labels are where they were put.
func FuzzCIFAR(f *testing.F) {
	all := [][]byte{{0, 0, 1, 0, 3, 9}, {0, 0, 0, 12, 10}, {5, 0, 0, 0, 0}, {0, 0, 0, 0}}
	fuzzing.Run(f, all, func(t testing.TB, in []byte) { // how many bytes more, which value of the pictures, labels
		if len(in) < 4 {
			return
		}
		extra, at := binary.LittleEndian.Uint16(in)%cifarRecord, binary.LittleEndian.Uint16(in[2:])%3072
		labels := in[4:min(len(in), 12)]
		b := make([]byte, len(labels)*cifarRecord+int(extra))
		for i, l := range labels {
			b[i*cifarRecord], b[i*cifarRecord+1+int(at)] = l, byte(i+1)
		}
		err := checkCIFAR(b)
		if want := len(labels) > 0 && extra == 0 && slices.Max(labels) <= 9; (err == nil) != want {
			t.Fatalf("labels %v, %d bytes more: %v", labels, extra, err)
		}
		if fuzzing.OneLine(t, err) {
			return
		}
		c := &cifar{records: b}
		for i, l := range labels {
			im, err := c.Image(i)
			if err != nil || (cifarLabels{c}).Label(i) != int(l) || int(im.Pix[int(at)%1024*3+int(at)/1024]) != i+1 {
				t.Fatalf("record %d of label %d: %v", i, l, err)
			}
		}
	})
}

// FuzzNorm: a norm that is read is numbers with deviations above 0, and its name is read as itself.
func FuzzNorm(f *testing.F) {
	all := words("half", "imagenet", "cifar10", "0.49,0.48,0.45/0.25,0.24,0.26", "1,2,3/4,5,0", "1,2,3/4,5,1e-50", "NaN,0,0/1,1,1")
	fuzzing.Run(f, all, func(t testing.TB, b []byte) {
		s := string(b)
		n, err := ParseNorm(s)
		if fuzzing.OneLine(t, err) {
			return
		}
		for c := range 3 {
			if !(n.Mean[c]-n.Mean[c] == 0) || !(n.Std[c] > 0) || !(n.Std[c]-n.Std[c] == 0) {
				t.Errorf("%q is %v", s, n)
			}
		}
		if again, err := ParseNorm(n.String()); err != nil || again != n {
			t.Errorf("%q is %v, which is read as %v, %v", s, n, again, err)
		}
	})
}

// FuzzOpen: an argument --data opens or is refused in a line; what opened opens again by its name, to the same samples. Every path is that of
// three pictures, a text and two recordings: the argument must not choose what of the disk is looked at.
func FuzzOpen(f *testing.F) {
	dir := f.TempDir()
	for i, name := range []string{"a/1.png", "b/2.png", "b/3.png"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(path, encoded(f, "png", 1, i+1), 0o644); err != nil {
			f.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "b", "4.txt"), []byte("four"), 0o644); err != nil {
		f.Fatal(err)
	}
	writeWAV(f, filepath.Join(dir, "a", "5.wav"), 8000, 1, 0.5)
	writeWAV(f, filepath.Join(dir, "b", "6.wav"), 8000, 1, 0.25, 0.5)
	all := words("text:x", "text:x?n=2", "audio:x", "audio:x?cut=0.5/0.5&together=no&labels=no", "folder:x", "folder:x?labels=no", "folder:x?cut=0.5/0.5&split=test", "folder:x?n=2", "scenes?n=3&side=16&objects=2&seed=7&split=test", "cifar10:x", "idx:", "zip:x", "scenes?n=9999999999", "a?%zz", "folder:x?cut=0.34/0.33")
	fuzzing.Run(f, all, func(t testing.TB, b []byte) {
		text := string(b)
		s, err := spec.Parse(text)
		if fuzzing.OneLine(t, err) {
			return
		}
		if s.Kind != "scenes" {
			s.Path = dir
		}
		if s.Kind == "audio" {
			s = s.With("table", "")
		}
		var d *Dataset
		fuzzing.Memory(t, 1<<20+64*len(text), func() { d, err = Open(s.String(), Train) })
		_, _, failed := TestSplit(s.String())
		fuzzing.OneLine(t, failed)
		if fuzzing.OneLine(t, err) {
			return
		}
		if d.Len() < 1 || d.Fingerprint == "" || d.Describe(d.Len()-1) == "" {
			t.Errorf("%q opens to %+v", text, d)
		}
		again, err := Open(d.Name, Train)
		if err != nil || fmt.Sprint(again.Len(), again.Fingerprint, again.Name) != fmt.Sprint(d.Len(), d.Fingerprint, d.Name) {
			t.Errorf("%q opens to %q, and that to %+v, %v", text, d.Name, again, err)
		}
	})
}

func words(all ...string) (out [][]byte) {
	for _, s := range all {
		out = append(out, []byte(s))
	}
	return out
}
