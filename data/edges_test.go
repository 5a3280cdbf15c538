package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"os"
	"strings"
	"testing"
)

// The tests of this file try the decoders' parts at the ends of what they are given, where Decode would make a panic an error.

// exactly is b with no room behind it.
func exactly(b []byte) []byte { return append(make([]byte, 0, len(b)), b...)[:len(b):len(b)] }

// TestTIFFEnds: a directory that ends with the file is read, one that is a byte longer is refused, and no cut reads past the end.
func TestTIFFEnds(t *testing.T) {
	order := binary.LittleEndian
	for _, big := range []bool{false, true} {
		file := append([]byte("II*\x00"), order.AppendUint32(nil, 8)...)
		if big {
			file = append([]byte("II+\x00\x08\x00\x00\x00"), order.AppendUint64(nil, 16)...)
		}
		if big {
			file = order.AppendUint64(file, 2)
		} else {
			file = order.AppendUint16(file, 2)
		}
		for _, tag := range []uint16{tagWidth, tagHeight} {
			file = order.AppendUint16(order.AppendUint16(file, tag), tiffShort)
			if big {
				file = order.AppendUint64(order.AppendUint64(file, 1), uint64(tag))
			} else {
				file = order.AppendUint32(order.AppendUint32(file, 1), uint32(tag))
			}
		}
		read := func(b []byte) (*tiffPicture, error) {
			p := &tiffPicture{b: exactly(b), order: order, tags: map[uint16]tiffField{}}
			return p, p.directory(big)
		}
		if p, err := read(file); err != nil || len(p.tags) != 2 || p.number(tagHeight, 0) != tagHeight {
			t.Errorf("big %v: %v, %v", big, p.tags, err)
		}
		for n := 8; n < len(file); n++ {
			if _, err := read(file[:n]); err == nil {
				t.Errorf("big %v: a directory is read of %d bytes of %d", big, n, len(file))
			}
		}
		for off := len(file) - 9; off < len(file)+3; off++ { // begins near the end
			wrong := bytes.Clone(file)
			order.PutUint32(wrong[4:], uint32(off))
			if big {
				order.PutUint32(wrong[4:], 8)
				order.PutUint64(wrong[8:], uint64(off))
			}
			read(wrong)
		}
		for _, v := range []struct {
			count, off int
			there      bool
		}{{10, len(file) - 10, true}, {10, len(file) - 9, false}, {len(file), 0, true}, {len(file) + 1, 0, false}, {9, len(file), false}, {9, len(file) + 1, false}} {
			far := bytes.Clone(file)
			e := far[len(far)-(4+2*map[bool]int{false: 4, true: 8}[big]):]
			order.PutUint16(e[2:], 1) // bytes
			if big {
				order.PutUint64(e[4:], uint64(v.count))
				order.PutUint64(e[12:], uint64(v.off))
			} else {
				order.PutUint32(e[4:], uint32(v.count))
				order.PutUint32(e[8:], uint32(v.off))
			}
			p, err := read(far)
			if f, there := p.tags[tagHeight]; err != nil || there != v.there || there && len(f.data) != v.count {
				t.Errorf("big %v, %d bytes at %d of %d: %v, %v", big, v.count, v.off, len(file), there, err)
			}
		}
	}
	for _, name := range []string{"tiff_l2.tif", "tiff_bigtiff.tif", "tiff_rgb16_big.tif", "g3.tif"} {
		b := readCase(t, name)
		for n := 8; n < len(b); n++ {
			if p, err := parseTIFF(exactly(b[:n])); err == nil && p.blocksFit() == nil {
				for i := range p.planes() * p.across() * p.down() {
					p.block(i, p.blockH, make([]byte, p.blockH*p.rowBytes()))
				}
			}
		}
	}
}

// TestTIFFBlocks: strips lie in the file up to its last byte and no further; what a block costs.
func TestTIFFBlocks(t *testing.T) {
	for _, c := range []struct {
		off, n int
		want   string
	}{{0, 10, ""}, {7, 3, ""}, {8, 3, "outside"}, {10, 0, "EOF"}, {11, 0, "outside"}, {-1, 3, "outside"}, {0, -1, "outside"}, {10, 1, "outside"}, {0, 2, "EOF"}} {
		p := &tiffPicture{b: exactly([]byte("0123456789")), offsets: []int{c.off}, counts: []int{c.n}, w: 3, h: 1, blockW: 3, blockH: 1, samples: 1, bits: 8, compression: tiffPlain}
		got, err := p.block(0, 1, make([]byte, 3))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) || err == nil && string(got) != "0123456789"[c.off:c.off+3] {
			t.Errorf("%d bytes at %d: %q, %v, want %q", c.n, c.off, got, err, c.want)
		}
	}
	p := &tiffPicture{blockW: 5, blockH: 7, samples: 3, bits: 16, compression: tiffPlain}
	if got := p.blockCost(); got != 7*30+5*3*8 {
		t.Errorf("a block costs %d", got)
	}
	if p.compression = tiffJPEG; p.blockCost() != 5*7*24 {
		t.Errorf("a block of JPEG costs %d", p.blockCost())
	}
	p = &tiffPicture{w: 10, h: 20, blockW: 10 + mostBeyond, blockH: 20 + mostBeyond, samples: 2, planar: true, offsets: make([]int, 2), counts: make([]int, 2)}
	if err := p.blocksFit(); err != nil {
		t.Error(err)
	}
	for what, change := range map[string]func(p *tiffPicture){"wide": func(p *tiffPicture) { p.blockW++ }, "high": func(p *tiffPicture) { p.blockH++ }, "few": func(p *tiffPicture) { p.offsets = p.offsets[:1] },
		"uncounted": func(p *tiffPicture) { p.counts = p.counts[:1] }, "none": func(p *tiffPicture) { p.blockW = 0 }} {
		q := *p
		if change(&q); q.blocksFit() == nil {
			t.Errorf("blocks that are %s fit", what)
		}
	}
	q := &tiffPicture{w: 1000, h: MaxPixels / 1000, blockW: 1000, blockH: 0}
	if q.blocksFit() == nil {
		t.Error("of a picture as large as may be the blocks are not looked at")
	}
}

// TestTIFFOddities: bits that are stored backwards and a strip without its length are read as they are meant.
func TestTIFFOddities(t *testing.T) {
	b := readCase(t, "tiff_l2.tif")
	want, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	p, err := parseTIFF(b)
	if err != nil || len(p.offsets) != 1 {
		t.Fatal(err)
	}
	turned := bytes.Clone(b)
	for i := range p.counts[0] {
		turned[p.offsets[0]+i] = bits.Reverse8(turned[p.offsets[0]+i])
	}
	uncounted := bytes.Clone(b)
	for e := int(binary.LittleEndian.Uint32(b[4:])) + 2; e+12 <= len(b); e += 12 {
		if binary.LittleEndian.Uint16(b[e:]) == tagStripCounts {
			binary.LittleEndian.PutUint16(uncounted[e:], 60000)
			break
		}
	}
	for what, b := range map[string][]byte{"backwards": withTag(t, turned, tagFillOrder, tiffShort, []byte{2, 0}), "without a length": uncounted} {
		if got, err := Decode(b); err != nil || !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if p, err = parseTIFF(uncounted); err != nil || len(p.counts) != 1 || p.counts[0] != len(b)-p.offsets[0] {
		t.Errorf("without a length it is %v, %v", p.counts, err)
	}
}

// TestUnpackBits: runs and copies of all lengths, just whole and cut (TIFF 6.0, section 9).
func TestUnpackBits(t *testing.T) {
	long := strings.Repeat("x", 128)
	for _, c := range []struct{ src, want string }{{"\x00a", "a"}, {"\x02abc", "abc"}, {"\x80\x00a", "a"}, {"\xffz", "zz"}, {"\xfez\x01ab", "zzzab"}, {"\x81x", long}, {"\x7f" + long, long}, {"\x01ab\x00c", "abc"}} {
		got := make([]byte, len(c.want))
		if err := unpackBits(got, exactly([]byte(c.src))); err != nil || string(got) != c.want {
			t.Errorf("%q: %q, %v", c.src, got, err)
		}
		for n := range c.src {
			if err := unpackBits(make([]byte, len(c.want)), exactly([]byte(c.src[:n]))); err == nil {
				t.Errorf("%q cut to %d bytes is whole", c.src, n)
			}
		}
	}
	for _, src := range []string{"\x03abcd", "\xfdz"} { // longer than the row
		if got := make([]byte, 2); unpackBits(got, []byte(src)) != nil || got[1] != src[min(2, len(src)-1)] {
			t.Errorf("%q: %q", src, got)
		}
	}
}

// TestDifferences: what a predictor takes apart comes back, of every width of values, all bytes of them.
func TestDifferences(t *testing.T) {
	const w, samples, rows = 5, 2, 3
	for _, c := range []struct{ kind, bits int }{{2, 8}, {2, 16}, {2, 32}, {3, 32}} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			p := &tiffPicture{order: order, w: w, h: rows, blockW: w, blockH: rows, samples: samples, bits: c.bits, compression: tiffLZW,
				tags: map[uint16]tiffField{tagPredictor: {1, []byte{byte(c.kind)}}}}
			wide := c.bits / 8
			want := make([]byte, rows*p.rowBytes())
			for i := range want {
				want[i] = byte(i*i*7 + i*31 + 200)
			}
			if c.kind == 3 {
				for i := range len(want) / 4 {
					order.PutUint32(want[4*i:], math.Float32bits(float32(math.Sin(float64(i)))))
				}
			}
			got := bytes.Clone(want)
			for r := range rows {
				row := got[r*p.rowBytes():][:p.rowBytes()]
				if c.kind == 3 {
					plane := bytes.Clone(row)
					for i := range len(row) / 4 {
						for k, b := range binary.BigEndian.AppendUint32(nil, order.Uint32(row[4*i:])) {
							plane[k*len(row)/4+i] = b
						}
					}
					for i := len(row) - 1; i >= samples; i-- {
						plane[i] -= plane[i-samples]
					}
					copy(row, plane)
					continue
				}
				for i := len(row)/wide - 1; i >= samples; i-- {
					a, b := row[i*wide:][:wide], row[(i-samples)*wide:][:wide]
					switch wide {
					case 1:
						a[0] -= b[0]
					case 2:
						order.PutUint16(a, order.Uint16(a)-order.Uint16(b))
					case 4:
						order.PutUint32(a, order.Uint32(a)-order.Uint32(b))
					}
				}
			}
			if p.undoDifferences(got); !bytes.Equal(got, want) {
				t.Errorf("kind %d, %d bits, %v:\n%v, want\n%v", c.kind, c.bits, order, got, want)
			}
		}
	}
}

// TestRefillCodes: what is written with the tables of ownTables is read back with them, every symbol that there is.
func TestRefillCodes(t *testing.T) {
	r := &refill{}
	r.ownTables()
	var tables refill
	eachSegment(append([]byte{0xff, 0xd8}, r.out...), 2, func(_ int, marker byte, seg []byte) {
		if err := tables.tables(seg); err != nil || marker != markTables {
			t.Error(marker, err)
		}
	})
	r.out = nil
	for s := range 256 {
		if s < 16 {
			r.writeDC(byte(s), uint32(s)&(1<<s-1))
		}
		r.writeAC(byte(s), uint32(s)&(1<<(s&15)-1))
	}
	r.write(1<<7-1, 7)
	in := bitsIn{b: append(r.out, 0xff, markEnd)}
	for s := range 256 {
		if s < 16 {
			if got, v := in.symbol(tables.dc[0]), in.read(s); int(got) != s || v != uint32(s)&(1<<s-1) {
				t.Errorf("DC's symbol %d is read as %d with %d", s, got, v)
			}
		}
		if got, v := in.symbol(tables.ac[0]), in.read(s&15); int(got) != s || v != uint32(s)&(1<<(s&15)-1) {
			t.Errorf("AC's symbol %d is read as %d with %d", s, got, v)
		}
	}
	if in.ended {
		t.Error("it ends before its last symbol")
	}
}

// TestRefillBroken: segments that are too short for what they say, and values that cannot be, are errors; what just fits is read.
func TestRefillBroken(t *testing.T) {
	frame := []byte{8, 0, 16, 0, 16, 3, 1, 0x41, 0, 2, 0x14, 0, 3, 0x11, 0}
	table := append([]byte{0x13, 1, 1}, append(make([]byte, 14), 7, 8)...)
	scan := []byte{3, 1, 0, 2, 0x33, 3, 0, 0, 63, 0}
	read := map[string]func(r *refill, seg []byte) error{
		"frame":  (*refill).frame,
		"tables": (*refill).tables,
		"scan": func(r *refill, seg []byte) error {
			r.comps, r.head = []jpegComponent{{id: 1, h: 1, v: 1}, {id: 2, h: 1, v: 1}, {id: 3, h: 1, v: 1}}, jpegHeader{H: 8, W: 8}
			h := &huffman{symbols: []byte{0}}
			h.counts[0] = 1
			r.dc, r.ac = [4]*huffman{h, nil, nil, h}, [4]*huffman{h, nil, nil, h}
			r.b = append(append([]byte{0xff, markScan, 0, 0}, seg...), 0, 0, 0, 0)
			_, err := r.scan(0, seg)
			return err
		},
	}
	for what, seg := range map[string][]byte{"frame": frame, "tables": table, "scan": scan} {
		if err := read[what](&refill{}, exactly(seg)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		for n := 1; n < len(seg); n++ {
			if err := read[what](&refill{}, exactly(seg[:n])); err == nil {
				t.Errorf("%s, cut to %d of %d bytes, is read", what, n, len(seg))
			}
		}
	}
	for _, c := range []struct {
		what  string
		at    int
		value byte
	}{{"frame", 5, 0}, {"frame", 5, 5}, {"frame", 7, 0x51}, {"frame", 7, 0x01}, {"frame", 10, 0x15}, {"frame", 10, 0x10}, {"tables", 0, 0x14}, {"tables", 0, 0x23}, {"scan", 0, 0}, {"scan", 0, 5}, {"scan", 1, 9}, {"scan", 3, 1}, {"scan", 2, 0x10}, {"scan", 2, 0x01}} {
		wrong := bytes.Clone(map[string][]byte{"frame": frame, "tables": table, "scan": scan}[c.what])
		if wrong[c.at] = c.value; read[c.what](&refill{}, append(wrong, make([]byte, 16)...)[:len(wrong):len(wrong)]) == nil {
			t.Errorf("%s with %#x at %d is read", c.what, c.value, c.at)
		}
	}
	r := &refill{}
	if err := r.tables(append(bytes.Clone(table), append([]byte{0x02}, table[1:]...)...)); err != nil || r.ac[3] == nil || r.dc[2] == nil || string(r.dc[2].symbols) != "\x07\x08" {
		t.Errorf("two tables in a segment: %v", err)
	}
}

// TestRefillUnits: how many units a scan has (ITU T.81, A.2), of sides that are multiples of a block's and of others.
func TestRefillUnits(t *testing.T) {
	two := []jpegComponent{{h: 2, v: 2}, {h: 1, v: 1}, {h: 1, v: 1}}
	for _, c := range []struct {
		w, h, of, wide, high, each int // of: a component, or -1 for all
	}{{32, 48, -1, 2, 3, 16}, {33, 47, -1, 3, 3, 16}, {32, 48, 0, 4, 6, 8}, {37, 27, 0, 5, 4, 8}, {32, 48, 1, 2, 3, 16}, {37, 27, 1, 3, 2, 16}, {16, 16, 1, 1, 1, 16}, {17, 18, 1, 2, 2, 16}, {1, 1, 0, 1, 1, 8}} {
		r := &refill{comps: two, head: jpegHeader{W: c.w, H: c.h}}
		parts := []scanPart{{c: &two[0]}, {c: &two[1]}, {c: &two[2]}}
		if c.of >= 0 {
			parts = parts[c.of : c.of+1]
		}
		if wide, high, each := r.units(parts); wide != c.wide || high != c.high || each != c.each {
			t.Errorf("%dx%d, component %d: %d by %d units of %d rows, want %d by %d of %d", c.w, c.h, c.of, wide, high, each, c.wide, c.high, c.each)
		}
	}
}

// TestRestartMarks: a mark may have fill bytes before it; what is none is left where it is.
func TestRestartMarks(t *testing.T) {
	for text, at := range map[string]int{"\xff\xd0x": 2, "\xff\xd7": 2, "\xff\xff\xff\xd3x": 4, "\xff\xd8": -1, "\xff\xcf": -1, "\xff\x00": -1, "x\xff\xd0": -1, "\xff": -1, "": -1, "\xff\xff": -1, "\xd0\xd0": -1} {
		r := bitsIn{b: exactly([]byte(text)), acc: 5, n: 3}
		if ok := r.restart(); ok != (at > 0) || ok && (r.at != at || r.n != 0 || r.acc != 0) {
			t.Errorf("%q: %v at %d, want %d", text, ok, r.at, at)
		}
	}
	b, err := os.ReadFile("testdata/cases/jpeg_scans_restarts.jpg")
	if err != nil {
		t.Fatal(err)
	}
	want, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	head, _ := readJPEGHeader(b)
	if !miscounted(b, head) {
		t.Fatal("its marks are not miscounted")
	}
	first := bytes.Index(b[head.Scan:], []byte{0xff, 0xd0}) + head.Scan
	filled := bytes.Join([][]byte{b[:first], {0xff, 0xff}, b[first:]}, nil)
	if got, err := Decode(filled); err != nil || !bytes.Equal(got.Pix, want.Pix) {
		t.Errorf("with fill bytes before a mark: %v", err)
	}
	gone := bytes.Join([][]byte{b[:first], b[first+2:]}, nil)
	if _, err := Decode(gone); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("end behind %d %%", 0)) {
		t.Errorf("without a mark: %v", err)
	}
	for name, wanted := range map[string]bool{"jpeg_scans.jpg": false, "jpeg_restarts.jpg": false, "jpeg_scans_order.jpg": true, "jpeg_progressive_restarts.jpg": true, "jpeg_progressive_restarts_444.jpg": false, "jpeg_l.jpg": false} {
		b := readCase(t, name)
		h, _ := readJPEGHeader(b)
		if got := miscounted(b, h); got != wanted {
			t.Errorf("%s is miscounted: %v", name, got)
		}
	}
}

// TestDeepTIFF: the bits of a sample are found in a file's first directory, of either kind, and in nothing that is shorter than it says.
func TestDeepTIFF(t *testing.T) {
	order := binary.LittleEndian
	file := func(big bool, width, bits uint16) []byte {
		b := append([]byte("II*\x00"), order.AppendUint32(nil, 8)...)
		if big {
			b = order.AppendUint64(append(append([]byte("II+\x00\x08\x00\x00\x00"), order.AppendUint64(nil, 16)...), order.AppendUint64(nil, 2)...), 0)[:24]
		} else {
			b = order.AppendUint16(b, 2)
		}
		for _, e := range [][2]uint16{{tagWidth, width}, {tagBits, bits}} {
			b = order.AppendUint16(order.AppendUint16(b, e[0]), tiffShort)
			if big {
				b = order.AppendUint64(order.AppendUint64(b, 1), uint64(e[1]))
			} else {
				b = order.AppendUint32(order.AppendUint32(b, 1), uint32(e[1]))
			}
		}
		return b
	}
	for _, big := range []bool{false, true} {
		for _, c := range []struct{ width, bits uint16 }{{300, 8}, {5, 8}, {5, 9}, {5, 16}, {300, 16}, {16, 1}} {
			b := file(big, c.width, c.bits)
			if got := deepTIFF(bytes.NewReader(b), b); got != (c.bits > 8) {
				t.Errorf("big %v, %d pixels wide, of %d bits: %v", big, c.width, c.bits, got)
			}
			for n := 8; n < len(b); n++ {
				deepTIFF(bytes.NewReader(b[:n]), exactly(b[:n]))
			}
		}
	}
	small, err := Open("folder:"+folderWith(t, map[string][]byte{"a.png": grey16(2000), "b.png": grey16(4095)}), Train)
	if err != nil || len(small.Notes) != 1 || !strings.Contains(small.Notes[0], "2 pictures with more than 8 bits a value are nearly black or cut off at white (largest values: 2000 to 4095)") {
		t.Errorf("%v, %v", small.Notes, err)
	}
	if plain, err := Open("folder:"+folderWith(t, map[string][]byte{"a.png": encoded(t, "png", 8, 8)}), Train); err != nil || plain.later != nil {
		t.Errorf("all was looked at, and something is to be said later: %v", err)
	}
	tif := encoded(t, "tiff", 8, 5)
	plain, err := Decode(tif)
	if err != nil {
		t.Fatal(err)
	}
	for o := range uint16(11) {
		want := plain
		if o >= 2 && o <= 8 {
			want = orient(plain, int(o))
		}
		if got, err := Decode(withOrientation(t, tif, o)); err != nil || got.W != want.W || !bytes.Equal(got.Pix, want.Pix) {
			t.Errorf("a TIFF of orientation %d: %v", o, err)
		}
	}
}

// TestTIFFOfJPEGs: a JPEG in a TIFF lies in the file up to its last byte, and is as large as its strip.
func TestTIFFOfJPEGs(t *testing.T) {
	read := func(name string) *tiffPicture {
		p, err := parseTIFF(exactly(readCase(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	size := len(readCase(t, "tiff_jpeg_rgb.tif"))
	for _, c := range []struct {
		off, n int
		want   string
	}{{size, 4, "outside"}, {size - 3, 4, "outside"}, {size - 4, 4, "no JPEG"}, {size + 1, 4, "outside"}, {-1, 9, "outside"}, {0, 3, "outside"}, {0, 4, "no JPEG"}, {1, size, "outside"}} {
		p := read("tiff_jpeg_rgb.tif")
		p.offsets[1], p.counts[1] = c.off, c.n
		if err := p.jpegBlocks(NewImage(p.h, p.w)); err == nil || !strings.Contains(err.Error(), "strip or tile 1 ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d bytes at %d of %d: %v, want %q", c.n, c.off, size, err, c.want)
		}
	}
	for what, change := range map[string]func(p *tiffPicture){"narrower": func(p *tiffPicture) { p.blockW-- }, "lower": func(p *tiffPicture) { p.blockH -= 6 }, "of more samples": func(p *tiffPicture) { p.samples = 4 },
		"wider": func(p *tiffPicture) { p.blockW++; p.w++ }, "higher": func(p *tiffPicture) { p.h++ }} {
		p := read("tiff_jpeg_rgb.tif")
		if change(p); p.jpegBlocks(NewImage(p.h, p.w)) == nil {
			t.Errorf("strips that are %s than the JPEGs in them are read", what)
		}
	}
	b := readCase(t, "tiff_jpeg.tif") // its components are named R, G and B; of numbers the photometric interpretation alone says what they are
	numbered := bytes.Replace(bytes.Replace(b, []byte("\x03R\x11\x00G\x11\x00B\x11\x00"), []byte{3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0}, 1), []byte("\x03R\x00G\x00B\x00"), []byte{3, 1, 0, 2, 0, 3, 0}, 1)
	want, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Decode(numbered); err != nil || bytes.Equal(numbered, b) || !bytes.Equal(got.Pix, want.Pix) {
		t.Errorf("RGB of numbered components: %v", err)
	}
	p := &tiffPicture{order: binary.BigEndian, bits: 32, form: tiffUnsigned}
	row := make([]float64, 2)
	if p.values(row, []byte{0xff, 0, 0, 1, 0, 0, 1, 2}); row[0] != 0xff000001 || row[1] != 0x102 {
		t.Errorf("32 bits without a sign: %v", row)
	}
}

// TestCosts: what decoding is reckoned to take, from the header alone: of a pixel 3 bytes for the picture and 3 to turn it, and what its decoder holds.
func TestCosts(t *testing.T) {
	for name, perPixel := range map[string]float64{
		"jpeg_444.jpg": 2*3 + 4, "jpeg_420.jpg": 2*1.5 + 4, "jpeg_422.jpg": 2*2 + 4, "jpeg_l.jpg": 2 + 4, "jpeg_cmyk.jpg": 2*4 + 4, "jpeg_progressive.jpg": 5*1.5 + 4, "jpeg_progressive_l.jpg": 5 + 4,
		"png_rgb.png": 4, "png_p8.png": 1, "png_l.png": 4, "png_rgb16.png": 8, "png_l16.png": 8, "png_interlaced_rgb.png": 6, "png_interlaced_p.png": 1.5, "gif_16.gif": 4, "alpha.webp": 8, "bmp_rgb.bmp": 0, "pnm_l12.pgm": 0,
	} {
		h, err := readHeader(readCase(t, name))
		if err != nil || h.cost != int64(float64(h.h*h.w)*(perPixel+6)) {
			t.Errorf("%s: %dx%d cost %d, want %g bytes a pixel more than 6, %v", name, h.w, h.h, h.cost, perPixel, err)
		}
	}
	h, err := readHeader(readCase(t, "tiff_rgb_plain.tif"))
	if want := int64(13*9*(3+6)) + h.tiff.blockCost(); err != nil || h.cost != want || h.tiff.blockCost() != 9*39+13*3*8 {
		t.Errorf("a TIFF costs %d, want %d, %v", h.cost, want, err)
	}
	side := func(w, h int) []byte { return blackPNG(w, h, 16, 6, 1)[:33] }
	most := int(maxDecode / (12 + 6)) // pixels of 16 bits, interlaced
	for _, c := range []struct {
		w, h int
		want string
	}{{1 << 13, most >> 13, ""}, {1 << 13, most>>13 + 1, fmt.Sprintf("would take %.1f GB to decode, at most %.1f GB are given", 1.6, 1.6)}} {
		_, err := readHeader(side(c.w, c.h))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d by %d pixels: %v, want %q", c.w, c.h, err, c.want)
		}
	}
	for n := range 33 { // short of a header it is another sentence, and no panic
		if bytes, deep := pngPixel(exactly(side(9, 9)[:n])); (bytes > 0) != (n >= 29) || deep != (n >= 29) {
			t.Errorf("%d bytes of a PNG: %g, %v", n, bytes, deep)
		}
		if _, format := jpegOf(exactly([]byte("\xff\xd8\xff\xc0\x00\x00\x00\x00")[:min(n, 8)])); (format == "jpeg") != (n > 2) {
			t.Errorf("%d bytes of a JPEG are %q", n, format)
		}
	}
	for components, read := range []bool{false, true, false, true, true, false} {
		if err := (jpegHeader{frames: 1, Bits: 8, Components: components}).readable(); (err == nil) != read {
			t.Errorf("a JPEG of %d components: %v", components, err)
		}
	}
	if _, format := jpegOf([]byte("\xfe\xd8\xff\xc0")); format != "" {
		t.Error("what begins otherwise is a JPEG")
	}
}
