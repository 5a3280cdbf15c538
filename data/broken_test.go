package data

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// TestBrokenFiles: files that are cut anywhere or have wrong bytes are refused in words, not by a panic that Decode turns into some.
func TestBrokenFiles(t *testing.T) {
	rng := tensor.NewRNG(5)
	o := DecodeOptions{Stretch: true, Truncated: true}
	for _, c := range caseTable(t) {
		b := readCase(t, c.file)
		if len(b) == 0 || len(b) > 3000 || c.option != "" {
			continue
		}
		try := func(what string, b []byte) {
			if head, err := readHeader(b); err == nil && head.h*head.w > 1<<16 {
				return
			}
			if _, err := o.Decode(b); err != nil && (strings.Contains(err.Error(), "runtime error") || strings.Contains(err.Error(), "interface conversion")) {
				t.Errorf("%s, %s: %v", c.file, what, err)
			}
		}
		for n := 0; n < len(b); n += 1 + len(b)/97 {
			try("cut", bytes.Clone(b[:n:n]))
		}
		for range 60 {
			wrong := bytes.Clone(b)
			for range 1 + rng.IntN(4) {
				wrong[rng.IntN(min(len(b), 300))] = byte(rng.IntN(256))
			}
			try("changed", wrong)
		}
	}
}

// TestBMPRefused: what a header says that cannot be.
func TestBMPRefused(t *testing.T) {
	b := readCase(t, "bmp_p4.bmp")
	for what, c := range map[string]struct {
		at   int
		v    uint32
		want string
	}{
		"a header of 13 bytes":    {14, 13, "header has 13 bytes"},
		"a header behind the end": {14, 124, "pixels from byte"},
		"3 bits":                  {28, 3, "a BMP of 3 bits and compression 0"},
		"JPEG inside":             {30, 4, "a BMP of 4 bits and compression 4"},
		"no width":                {18, 0, "a bmp of 0 by 9 pixels"},
		"a negative width":        {18, 0xffffffff, "a bmp of -1 by 9 pixels"},
		"pixels nowhere":          {10, 1 << 30, "pixels from byte 1073741824"},
		"pixels in the header":    {10, 13, "pixels from byte 13"},
		"too many rows":           {22, 10, "9 of 10 rows are there"},
	} {
		wrong := bytes.Clone(b)
		if what == "a header behind the end" {
			wrong = append(wrong, make([]byte, 60)...)
			binary.LittleEndian.PutUint32(wrong[10:], 1<<20)
		}
		binary.LittleEndian.PutUint32(wrong[c.at:], c.v)
		if _, err := Decode(wrong); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
	if im, err := Decode(readCase(t, "bmp_rle8.bmp")[:150]); err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
		t.Errorf("run lengths cut short: %v, %v", im, err)
	}
}

// TestPNMRefused: headers and values that cannot be.
func TestPNMRefused(t *testing.T) {
	for text, want := range map[string]string{"P5 3": "a PNM header: unexpected EOF", "P5 3 x 255\n": `'x' where a number is wanted`, "P5 3 3 0\n": "whose white is 0", "P5 3 3 65536\nabc": "whose white is 65536", "P5 3 3 255": "ends with its header",
		"P6 2 2 255\n123456789": "1 of 2 rows are there", "P4 9 2\nabc": "1 of 2 rows are there", "P2 2 1 9\n5": "value 1 of 2: unexpected EOF", "P3 1 1 9 1 2 z": "value 2 of 3: 'z'", "P5 0 3 255\nabc": "a pnm of 0 by 3 pixels",
		"P5 99999999999999999999 3 255\nabc": "by 3 pixels, at most"} {
		if im, err := Decode([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v, want %q", text, im, err, want)
		}
	}
	im, err := Decode([]byte("P1#x\n# more\r3\v2 10 1\f011"))
	if err != nil || im.H != 2 || im.W != 3 || !slices.Equal(im.Pix, []uint8{0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 255, 255, 0, 0, 0, 0, 0, 0}) {
		t.Errorf("bits without spaces: %v, %v", im, err)
	}
	if im, err = Decode([]byte("P2 2 1 9\n9 12")); err != nil || im.Pix[0] != 255 || im.Pix[3] != 255 {
		t.Errorf("a value above white: %v, %v", im, err)
	}
}

// TestTIFFRefused: a directory that cannot be, or what is not read, each in words.
func TestTIFFRefused(t *testing.T) {
	b := readCase(t, "tiff_l2.tif")
	for want, c := range map[string][2]uint16{ // a tag of the file, and its value
		"strips or tiles that says where":                 {tagRowsPerStrip, 1},
		"in blocks of 13 by 0":                            {tagRowsPerStrip, 0},
		"of photometric 4 (a mask)":                       {tagPhotometric, 4},
		"palette is missing":                              {tagPhotometric, tiffPalette},
		"of 1 samples a pixel":                            {tagPhotometric, tiffRGB},
		"of 17 samples a pixel":                           {tagSamples, 17},
		"of 33 bits a sample":                             {tagBits, 33},
		"of 0 bits a sample":                              {tagBits, 0},
		"of JPEG in its old way":                          {tagCompression, tiffOldJPEG},
		"of compression 34925 (LZMA)":                     {tagCompression, 34925},
		"more than a bit a pixel":                         {tagCompression, ccittGroup4},
		"with 1 samples of 2 bits":                        {tagCompression, tiffJPEG},
		"lies outside of the file":                        {tagStripOffsets, 60000},
		"strip or tile 0 lies outside":                    {tagStripCounts, 60000},
		"unexpected EOF":                                  {tagStripCounts, 20},
		"a tiff of 0 by 9 pixels":                         {tagWidth, 0},
		"a TIFF of CCITT run lengths (compression 2), wh": {tagCompression, ccittRuns},
	} {
		wrong := bytes.Clone(b)
		at := int(binary.LittleEndian.Uint32(b[4:]))
		for e := at + 2; e+12 <= len(b); e += 12 {
			if binary.LittleEndian.Uint16(b[e:]) == c[0] {
				binary.LittleEndian.PutUint16(wrong[e+8:], c[1])
			}
		}
		if im, err := Decode(wrong); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("tag %d of %d: %v, %v, want %q", c[0], c[1], im, err, want)
		}
	}
	for want, wrong := range map[string][]byte{
		"a camera's raw picture":   withTag(t, b, tagDNGVersion, 1, []byte{1, 4, 0, 0}),
		"of sample format 5":       withTag(t, b, tagSampleFormat, tiffShort, []byte{5, 0}),
		"2 bits a sample, floatin": withTag(t, b, tagSampleFormat, tiffShort, []byte{3, 0}),
		"2 bits a sample with a s": withTag(t, b, tagSampleFormat, tiffShort, []byte{2, 0}),
		"differences of kind 2":    withTag(t, b, tagPredictor, tiffShort, []byte{2, 0}),
		"directory outside":        []byte("II*\x00\xff\x00\x00\x00"),
		"a TIFF of [8 8 4 0] bits": withTag(t, withTag(t, readCase(t, "tiff_strips.tif"), tagSamples, tiffShort, []byte{4, 0}), tagBits, tiffShort, []byte{8, 0, 8, 0, 4, 0, 0, 0}),
	} {
		if im, err := Decode(wrong); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, %v, want %q", im, err, want)
		}
	}
	plain, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	for what, same := range map[string][]byte{"an unknown type": withTag(t, b, 60000, 1, []byte{1}), "an undefined format": withTag(t, b, tagSampleFormat, tiffShort, []byte{4, 0})} {
		if got, err := Decode(same); err != nil || !bytes.Equal(got.Pix, plain.Pix) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
