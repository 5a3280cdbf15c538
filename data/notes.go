package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
)

// mostLooked is how many pictures of more than 8 bits a value are decoded to see which of them they use.
const mostLooked = 32

// mostNamed is how many files a note names.
const mostNamed = 3

// notes are lines for a person about how the folder's pictures are read: those that are nearly black because their values have more bits
// than they use, and those that are let in though they are cut short.
func (f *folder) notes() []string {
	var out []string
	if deep := f.those(isDeep, ".png", ".tif", ".tiff", ".ppm", ".pgm", ".pnm"); len(deep) > 0 {
		if f.decode.Stretch {
			out = append(out, fmt.Sprintf("%s: %d of %d pictures have more than 8 bits a value and are scaled by the bits that each uses (stretch=yes)", f.dir, len(deep), f.Len()))
		} else if note := f.faint(deep); note != "" {
			out = append(out, note)
		}
	}
	if f.decode.Truncated {
		out = append(out, f.cutShort()...)
	}
	return out
}

// those returns the files with one of the endings of which is says yes.
func (f *folder) those(is func(path string) bool, endings ...string) []int {
	found := make([]bool, f.Len())
	parallel.For(f.Len(), func(i int) {
		for _, e := range endings {
			if strings.EqualFold(filepath.Ext(f.files[i]), e) {
				found[i] = is(f.Describe(i))
			}
		}
	})
	var out []int
	for i, yes := range found {
		if yes {
			out = append(out, i)
		}
	}
	return out
}

// isDeep tells from a file's header whether its values have more than 8 bits; what cannot be read is not.
func isDeep(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	b := make([]byte, 512)
	n, _ := io.ReadFull(file, b)
	switch b = b[:n]; {
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		_, deep := pngPixel(b)
		return deep
	case isPNM(b):
		p, err := parsePNM(b)
		return err == nil && p.deep()
	case isTIFF(b):
		return deepTIFF(file, b)
	}
	return false
}

// deepTIFF looks for the bits of a sample in the first directory, without reading the rest of the file.
func deepTIFF(r io.ReaderAt, head []byte) bool {
	var order binary.ByteOrder = binary.LittleEndian
	if head[0] == 'M' {
		order = binary.BigEndian
	}
	word, entries := 4, 2 // bytes of an offset, and of the number of entries
	number := func(b []byte) int64 { return int64(order.Uint32(b)) }
	if order.Uint16(head[2:]) == 43 && len(head) >= 16 { // BigTIFF
		word, entries = 8, 8
		number = func(b []byte) int64 { return int64(order.Uint64(b)) }
	}
	b := make([]byte, 20*64)
	n, _ := r.ReadAt(b, number(head[word:]))
	b = b[:n]
	size := 4 + 2*word
	for e := entries; e+size <= len(b); e += size {
		if tag := order.Uint16(b[e:]); tag < tagBits {
			continue
		} else if tag > tagBits { // they stand in order
			return false
		}
		value := b[e+size-word:][:word]
		if 2*number(b[e+4:]) > int64(word) {
			at := number(value)
			value = make([]byte, 2)
			if n, _ := r.ReadAt(value, at); n < 2 {
				return false
			}
		}
		return order.Uint16(value) > 8
	}
	return false
}

// faint looks at some of the pictures with more than 8 bits a value, and says how many are nearly black or cut off at the bright end.
func (f *folder) faint(deep []int) string {
	looked := deep
	if len(deep) > mostLooked {
		looked = make([]int, mostLooked)
		for k := range looked {
			looked[k] = deep[k*len(deep)/mostLooked]
		}
	}
	tops := make([]float64, len(looked))
	parallel.For(len(looked), func(k int) { tops[k] = f.faintTop(looked[k]) })
	count, low, high := 0, 0.0, 0.0
	for _, top := range tops {
		if top > 0 {
			if count++; count == 1 {
				low = top
			}
			low, high = min(low, top), max(high, top)
		}
	}
	if count == 0 {
		return ""
	}
	values := fmt.Sprintf("%.4g", high)
	if low < high {
		values = fmt.Sprintf("%.4g to %.4g", low, high)
	}
	of := "pictures"
	if len(looked) < len(deep) {
		of = fmt.Sprintf("of %d pictures looked at, of %d,", len(looked), len(deep))
	}
	return fmt.Sprintf("%s: %d %s with more than 8 bits a value are nearly black or cut off at white (largest values: %s); folder:DIR?stretch=yes scales each by the bits that it uses", f.dir, count, of, values)
}

// faintTop returns the largest value of a picture that is nearly black or cut off at the bright end; 0 for others, and what cannot be read.
func (f *folder) faintTop(i int) (top float64) {
	var none *Image
	var err error
	defer recoverBroken(&none, &err)
	b, err := os.ReadFile(f.Describe(i))
	if err != nil {
		return 0
	}
	head, err := readHeader(b)
	if err != nil || !head.deep {
		return 0
	}
	defer working.enter(head.cost)()
	if _, top, err = (DecodeOptions{}).decode(b, head); err != nil || !head.usual().faint(top) {
		return 0
	}
	return top
}

// usual is how the values of a picture of more than 8 bits become levels.
func (h header) usual() levels {
	switch {
	case h.tiff != nil:
		return h.tiff.usual()
	case h.pnm != nil:
		return h.pnm.usual()
	}
	return highByte(16)
}

// cutShort says which JPEGs are let in though they are cut short.
func (f *folder) cutShort() []string {
	jpegs := []string{".jpg", ".jpeg", ".jpe", ".jfif"}
	var names []string
	for _, i := range f.those(noEndMark, jpegs...) {
		b, err := os.ReadFile(f.Describe(i))
		if err != nil {
			continue
		}
		if there := partThere(b); there != "" {
			names = append(names, fmt.Sprintf("%s (%s)", f.files[i], there))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s: %d JPEGs are cut short and let in, what is missing grey: %s", f.dir, len(names), spec.Few(names, mostNamed))}
}

// noEndMark tells whether a file has no JPEG's end mark in its last bytes.
func noEndMark(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	st, err := file.Stat()
	if err != nil {
		return false
	}
	b := make([]byte, min(st.Size(), 4096))
	if _, err := file.ReadAt(b, st.Size()-int64(len(b))); err != nil {
		return false
	}
	return !bytes.Contains(b, []byte{0xff, markEnd})
}

// partThere says which part of a JPEG that is cut short is there; nothing of another, or of one that is refused all the same.
func partThere(b []byte) (there string) {
	var none *Image
	var err error
	defer recoverBroken(&none, &err)
	head, err := readHeader(b)
	if err != nil || head.format != "jpeg" || ended(b, head.jpeg) {
		return ""
	}
	defer working.enter(head.cost)()
	if p, cut := endless(b, head.jpeg); p == nil && cut.filled != nil {
		return cut.there
	}
	return ""
}
