package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// grey16 is a PNG of 16 bits whose values rise to top.
func grey16(top int) []byte {
	const side = 8
	b := blackPNG(side, side, 16, 0, 0)
	head := b[:33]
	var rows bytes.Buffer
	for i := range side * side {
		if i%side == 0 {
			rows.WriteByte(0)
		}
		rows.Write(binary.BigEndian.AppendUint16(nil, uint16(top*i/(side*side-1))))
	}
	return append(append(bytes.Clone(head), pngPart("IDAT", deflated(rows.Bytes()))...), pngPart("IEND", nil)...)
}

// TestFolderDeep: pictures of 12 bits in files of 16 are counted and said once, and stretched where that is asked for; those that use
// their bits are not said.
func TestFolderDeep(t *testing.T) {
	files := map[string][]byte{"a.png": grey16(4095), "b.png": grey16(2000), "c.png": grey16(65535), "d.png": encoded(t, "png", 8, 8), "e.tif": readCase(t, "tiff_l12_stretched.tif"),
		"f.tif": readCase(t, "tiff_f_unit.tif"), "g.pgm": readCase(t, "pnm_l12.pgm"), "h.tif": readCase(t, "tiff_rgb16_big.tif"), "i.tif": readCase(t, "tiff_bigtiff.tif"), "j.png": []byte("\x89PNG\r\n\x1a\n"), "k.tif": []byte("II*\x00\xff\xff\xff\x7f")}
	dir := folderWith(t, files)
	plain, err := Open("folder:"+dir, Train)
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(plain.Notes, "\n"); len(plain.Notes) != 1 || !strings.Contains(notes, ": 4 pictures with more than 8 bits a value are nearly black or cut off at white (largest values: 0.779 to 4095); folder:DIR?stretch=yes") {
		t.Errorf("notes %q", notes)
	}
	wide, err := Open("folder:"+dir+"?stretch=yes", Train)
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(wide.Notes, "\n"); len(wide.Notes) != 1 || !strings.Contains(notes, "7 of 11 pictures have more than 8 bits") {
		t.Errorf("stretched: notes %q", notes)
	}
	if wide.Name != "folder:"+dir+"?stretch=yes" || wide.Fingerprint == plain.Fingerprint {
		t.Errorf("%s has the fingerprint of %s", wide.Name, plain.Name)
	}
	for i, want := range []struct{ plain, wide uint8 }{{15, 255}, {7, 249}, {255, 255}} { // 2000 has 11 bits
		for of, level := range map[*Dataset]uint8{plain: want.plain, wide: want.wide} {
			im, err := of.Images.Image(i)
			if err != nil || im.Pix[len(im.Pix)-1] != level {
				t.Errorf("%s of %s: %v, %v, want %d at the end", of.Describe(i), of.Name, im, err, level)
			}
			framed, err := ImageFrame(of.Images, i, func(h, w int) Frame { return Frame{0, 0, h, w, h, w} })
			if err != nil || !bytes.Equal(framed.Pix, im.Pix) {
				t.Errorf("%s of %s: a frame differs, %v", of.Describe(i), of.Name, err)
			}
		}
	}
	many := map[string][]byte{}
	for i := range mostLooked + 1 {
		many[fmt.Sprintf("%02d.png", i)] = files["a.png"]
	}
	d, err := Open("folder:"+folderWith(t, many), Train)
	if err != nil || !strings.Contains(strings.Join(d.Notes, "\n"), fmt.Sprintf(": %d of %d pictures looked at, of %d, with more than 8 bits a value are nearly black or cut off at white (largest values: 4095);", mostLooked, mostLooked, mostLooked+1)) {
		t.Errorf("%v, %v", d.Notes, err)
	}
	if _, err := Open("folder:"+dir+"?stretch=maybe", Train); err == nil || !strings.Contains(err.Error(), "stretch=maybe") {
		t.Errorf("stretch=maybe: %v", err)
	}
}

// TestFolderDeepLater: of more files than mostHeaders some headers are read when the folder is opened; what they do not show is said, once,
// when a picture is read that does.
func TestFolderDeepLater(t *testing.T) {
	const n = mostHeaders + 2
	files := map[string][]byte{}
	plain, dark, bright := encoded(t, "png", 8, 8), grey16(4095), grey16(65535)
	for i := range n {
		files[fmt.Sprintf("%04d.png", i)] = plain
	}
	opened := func(options string) *Dataset {
		t.Helper()
		d, err := Open("folder:"+folderWith(t, files)+options, Train)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	var beyond []int // the two that are not looked at
	all := make([]int, n)
	for i := range n {
		all[i] = i
	}
	for looked := drawnFrom(all, mostHeaders); len(all) > 0; all = all[1:] {
		if !slices.Contains(looked, all[0]) {
			beyond = append(beyond, all[0])
		}
	}
	if len(beyond) != n-mostHeaders {
		t.Fatalf("%d are not looked at, want %d", len(beyond), n-mostHeaders)
	}
	middle, last := beyond[0], beyond[1]
	first := 0
	for slices.Contains(beyond, first) {
		first++
	}
	files[fmt.Sprintf("%04d.png", middle)], files[fmt.Sprintf("%04d.png", last)] = bright, dark
	for options, want := range map[string]string{
		"":             fmt.Sprintf(": pictures with more than 8 bits a value are nearly black or cut off at white, the first that was read is %04d.png (largest value: 4095); folder:DIR?stretch=yes", last),
		"?stretch=yes": fmt.Sprintf(": pictures with more than 8 bits a value, the first that was read is %04d.png, are scaled by the bits that each uses (stretch=yes)", middle),
	} {
		for _, early := range []bool{true, false} {
			d := opened(options)
			if len(d.Notes) != 0 {
				t.Errorf("%q: notes %q", options, d.Notes)
			}
			var said []string
			listen := func() { d.Listen(func(note string) { said = append(said, note) }) }
			if early {
				listen()
			}
			for _, i := range []int{first, middle, last, last} {
				if _, err := d.Images.Image(i); err != nil {
					t.Fatal(err)
				}
				part := d.Subset([]int{i}, "one")
				if _, err := ImageFrame(part.Images, 0, func(h, w int) Frame { return Frame{0, 0, h, w, h, w} }); err != nil || part.later != d.later {
					t.Fatal(err)
				}
			}
			if !early {
				listen()
			}
			if listen(); len(said) != 1 || !strings.Contains(said[0], want) {
				t.Errorf("%q, listened to early: %v: said %q, want %q", options, early, said, want)
			}
		}
	}
	files[fmt.Sprintf("%04d.png", first)] = dark
	for options, want := range map[string]string{
		"":             fmt.Sprintf(": 1 of 1 pictures looked at, in a folder of %d, with more than 8 bits a value are nearly black", n),
		"?stretch=yes": fmt.Sprintf(": 1 of %d pictures looked at, in a folder of %d, have more than 8 bits a value", mostHeaders, n),
	} {
		d := opened(options)
		if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], want) || d.later != nil {
			t.Errorf("%q: notes %q, want %q", options, d.Notes, want)
		}
		d.Listen(func(string) { t.Error("it is said twice") })
		if _, err := d.Images.Image(last); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFolderCutShort: a JPEG that is cut short is refused with its name, what is there and the option that lets it in; with the option it
// is let in and said once.
func TestFolderCutShort(t *testing.T) {
	whole := readCase(t, "jpeg_444.jpg")
	files := map[string][]byte{"a.jpg": readCase(t, "jpg_trunc50.jpg"), "b.jpg": whole, "c.jpg": whole[:len(whole)-2], "d.jpg": append(bytes.Clone(whole), make([]byte, 5000)...), "e.jpg": readCase(t, "jpeg_cut_header.jpg"),
		"f.JPG": readCase(t, "jpeg_cut_scan.jpg"), "g.jpg": []byte("no picture"), "h.png": encoded(t, "png", 8, 8)}
	dir := folderWith(t, files)
	d, err := Open("folder:"+dir, Train)
	if err != nil || len(d.Notes) != 0 {
		t.Fatalf("%v, %v", d.Notes, err)
	}
	if _, err := d.Images.Image(0); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "a.jpg")+": broken picture: cut short: 42 % of its rows are there (folder:DIR?truncated=accept lets it in)") {
		t.Errorf("%v", err)
	}
	in, err := Open("folder:"+dir+"?truncated=accept", Train)
	if err != nil {
		t.Fatal(err)
	}
	want := dir + ": 2 JPEGs are cut short and let in, what is missing grey: a.jpg (42 % of its rows are there), f.JPG (3 scans of it are complete)"
	if len(in.Notes) != 1 || in.Notes[0] != want || in.Fingerprint == d.Fingerprint || in.Name != "folder:"+dir+"?truncated=accept" {
		t.Errorf("%s: notes %q, want %q", in.Name, in.Notes, want)
	}
	for i, good := range []bool{true, true, true, true, false, true, false, true} {
		if im, err := in.Images.Image(i); (err == nil) != good {
			t.Errorf("%s: %v, %v", in.Describe(i), im, err)
		}
	}
	if _, err := Open("folder:"+dir+"?truncated=yes", Train); err == nil || !strings.Contains(err.Error(), "want refuse or accept") {
		t.Errorf("truncated=yes: %v", err)
	}
	again, err := Open("folder:"+dir+"?truncated=accept&labels=no&stretch=yes&cut=0.5/0.5", Test)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := Open(again.Name, Train); err != nil || second.Fingerprint != again.Fingerprint || !strings.Contains(again.Name, "cut=0.5/0.5&labels=no&split=test&stretch=yes&truncated=accept") {
		t.Errorf("%s opens another folder: %v", again.Name, err)
	}
}

// TestCutAnywhere: of a JPEG that is cut anywhere, the rows that are said to be there are those of the whole picture, and what is far below is grey.
func TestCutAnywhere(t *testing.T) {
	for _, name := range []string{"jpeg_444.jpg", "jpeg_420.jpg", "jpeg_l.jpg", "jpeg_restarts.jpg", "jpeg_optimized.jpg"} {
		b := readCase(t, name)
		whole, err := Decode(b[:len(b)-2]) // by the decoder that the others get
		if err != nil {
			t.Fatal(err)
		}
		head, _ := readJPEGHeader(b)
		last := -1
		for n := head.Scan; n < len(b)-12; n += 3 {
			cut := restore(bytes.Clone(b[:n:n]), head, false)
			if cut.filled == nil {
				if n > head.Scan+150 {
					t.Errorf("%s, cut to %d of %d bytes: %s", name, n, len(b), cut.there)
				}
				continue
			}
			var rows int
			fmt.Sscanf(cut.there, "%d %%", &rows)
			if rows < last {
				t.Errorf("%s, cut to %d bytes: %s, but %d %% before", name, n, cut.there, last)
			}
			last = rows
			im, err := DecodeOptions{Truncated: true}.Decode(b[:n])
			if err != nil {
				t.Errorf("%s, cut to %d bytes: %v", name, n, err)
				continue
			}
			same := rows * im.H / 100 / 16 * 16 * im.W * 3
			if same = max(same-3*im.W, 0); !bytes.Equal(im.Pix[:same], whole.Pix[:same]) { // the last row's colours are interpolated
				t.Errorf("%s, cut to %d bytes: %s, and they are others", name, n, cut.there)
			}
			if end := im.Pix[len(im.Pix)-3:]; rows < 50 && (end[0] != 128 || end[1] != 128 || end[2] != 128) {
				t.Errorf("%s, cut to %d bytes: %v at the end, want grey", name, n, end)
			}
		}
		if last < 50 {
			t.Errorf("%s: at most %d %%", name, last)
		}
	}
}

// TestCutScans: a progressive JPEG that is cut in a scan or in the tables before it is coarse, not another picture, and it is never a panic.
func TestCutScans(t *testing.T) {
	b := readCase(t, "jpeg_progressive.jpg")
	whole, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	head, _ := readJPEGHeader(b)
	seen := map[string]bool{}
	for n := head.Scan + 14; n < len(b)-12; n++ {
		_, err := Decode(bytes.Clone(b[:n:n]))
		if err == nil || !strings.Contains(err.Error(), "cut short: ") {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(b), err)
		}
		_, said, _ := strings.Cut(err.Error(), "cut short: ")
		seen[strings.TrimSuffix(said, " (folder:DIR?truncated=accept lets it in)")] = true
		im, err := DecodeOptions{Truncated: true}.Decode(bytes.Clone(b[:n:n]))
		if (err == nil) == strings.Contains(said, "not one") || err == nil && (im.H != whole.H || im.W != whole.W) {
			t.Errorf("cut to %d bytes: %v; without the option %s", n, err, said)
		}
		if err != nil {
			continue
		}
		off := 0.0
		for i, v := range im.Pix {
			off += math.Abs(float64(v) - float64(whole.Pix[i]))
		}
		if off /= float64(len(im.Pix)); !(off < 30) {
			t.Errorf("cut to %d bytes it differs by %.0f levels in the mean", n, off)
		}
	}
	if len(seen) != 10 || !seen["not one of its scans is complete"] || !seen["1 scan of it is complete"] || !seen["9 scans of it are complete"] {
		t.Errorf("said %v", seen)
	}
}

// TestLevels: how values become levels at the edges.
func TestLevels(t *testing.T) {
	for _, c := range []struct {
		s    levels
		v    float64
		want uint8
	}{{clipped, -3, 0}, {clipped, 255.9, 255}, {clipped, 1e30, 255}, {clipped, math.NaN(), 0}, {clipped, math.Inf(1), 255}, {clipped, 254.9, 254}, {highByte(16), 65535, 255}, {highByte(16), 255, 0}, {highByte(12), 4095, 255},
		{highByte(12), 31, 1}, {stretched(4095), 4095, 255}, {stretched(3000), 3000, 187}, {stretched(4096), 4096, 128}, {stretched(1), 0.5, 128}, {stretched(0), 0, 0}, {stretched(255), 200, 200}, {stretched(256), 256, 128},
		{stretched(math.Inf(1)), 5, 0}, {stretched(250.5), 250.5, 250}} {
		if got := c.s.of(c.v); got != c.want {
			t.Errorf("%+v of %g is %d, want %d", c.s, c.v, got, c.want)
		}
	}
	for _, c := range []struct {
		s    levels
		top  float64
		want bool
	}{{highByte(16), 4095, true}, {highByte(16), 16383, true}, {highByte(16), 16384, false}, {highByte(16), 65535, false}, {clipped, 1, true}, {clipped, 64, false}, {clipped, 255, false}, {clipped, 256, true}} {
		if got := c.s.faint(c.top); got != c.want {
			t.Errorf("%+v with %g at most is faint: %v", c.s, c.top, got)
		}
	}
}

// TestNoteFiles: files that go while they are looked at, and broken ones, are passed over.
func TestNoteFiles(t *testing.T) {
	dir := folderWith(t, map[string][]byte{"a.png": grey16(9)[:60], "b.jpg": {0xff, 0xd8}, "c.tif": []byte("II*\x00\x08\x00\x00\x00\x01\x00\x02\x01\x03\x00\x03\x00\x00\x00\xff\xff\xff\x00")})
	f := &folder{dir: dir, files: []string{"a.png", "b.jpg", "gone.png", "gone.jpg", "c.tif"}, sizes: make([]int64, 5), decode: DecodeOptions{Truncated: true}}
	if notes := f.notes(); len(notes) != 0 {
		t.Errorf("notes %q", notes)
	}
	if err := os.Remove(filepath.Join(dir, "a.png")); err != nil {
		t.Fatal(err)
	}
	if top := f.faintTop(0); top != 0 {
		t.Errorf("a file that is gone has the largest value %g", top)
	}
}
