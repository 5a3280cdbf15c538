package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/tensor"
)

// mostLooked is how many pictures of more than 8 bits a value are decoded to see which of them they use.
const mostLooked = 32

// mostHeaders is how many files' headers are read for the note on such pictures when a folder is opened: of more files as many, drawn:
// reading a header takes longer than listing a name.
const mostHeaders = 256

// mostNamed is how many files a note names.
const mostNamed = 3

// notes are lines for a person about how the folder's pictures are read: those that are nearly black because their values have more bits
// than they use, and those that are let in though they are cut short.
func (f *folder) notes() []string {
	var out []string
	deep, looked, all := f.those(isDeep, mostHeaders, ".png", ".tif", ".tiff", ".ppm", ".pgm", ".pnm")
	note := ""
	switch {
	case len(deep) == 0:
	case !f.decode.Stretch:
		note = f.faint(deep, looked < all)
	case looked < all:
		note = fmt.Sprintf("%s: %d of %d pictures looked at, in a folder of %d, have more than 8 bits a value; such are scaled by the bits that each uses (stretch=yes)", f.dir, len(deep), looked, f.Len())
	default:
		note = fmt.Sprintf("%s: %d of %d pictures have more than 8 bits a value and are scaled by the bits that each uses (stretch=yes)", f.dir, len(deep), f.Len())
	}
	if note != "" {
		out = append(out, note)
	} else if looked < all {
		f.later = &later{}
	}
	if f.decode.Truncated {
		out = append(out, f.cutShort()...)
	}
	return out
}

// later is a note that only reading samples can make, said once.
type later struct {
	mu   sync.Mutex
	say  func(note string)
	note string // what nobody listened to yet
	made bool
}

func (l *later) tell(note func() string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.made {
		return
	}
	l.made = true
	if l.note = note(); l.say != nil {
		l.say(l.note)
	}
}

// Listen has say told of what shows only when samples are read: of a large folder, of whose files only some are looked at when it is
// opened, that others have more than 8 bits a value. It is told once, from whatever goroutine reads.
func (d *Dataset) Listen(say func(note string)) {
	if d.later == nil {
		return
	}
	d.later.mu.Lock()
	defer d.later.mu.Unlock()
	if d.later.say == nil && d.later.made {
		say(d.later.note)
	}
	d.later.say = say
}

// seen makes the note that was not made when the folder was opened, of a picture that was read with its largest value.
func (f *folder) seen(i int, h header, top float64) {
	if f.later == nil || !h.deep || !f.decode.Stretch && !h.usual().faint(top) {
		return
	}
	f.later.tell(func() string {
		if f.decode.Stretch {
			return fmt.Sprintf("%s: pictures with more than 8 bits a value, the first that was read is %s, are scaled by the bits that each uses (stretch=yes)", f.dir, f.files[i])
		}
		return fmt.Sprintf("%s: pictures with more than 8 bits a value are nearly black or cut off at white, the first that was read is %s (largest value: %.4g); folder:DIR?stretch=yes scales each by the bits that it uses", f.dir, f.files[i], top)
	})
}

// those returns the files with one of the endings of which is says yes, of at most so many that it looks at, and how many there are.
func (f *folder) those(is func(path string) bool, most int, endings ...string) (found []int, looked, all int) {
	var of []int
	for i, name := range f.files {
		if slices.ContainsFunc(endings, func(e string) bool { return strings.EqualFold(filepath.Ext(name), e) }) {
			of = append(of, i)
		}
	}
	all = len(of)
	of = drawnFrom(of, most)
	yes := make([]bool, len(of))
	parallel.For(len(of), func(k int) { yes[k] = is(f.Describe(of[k])) })
	for k, i := range of {
		if yes[k] {
			found = append(found, i)
		}
	}
	return found, len(of), all
}

// drawnFrom returns at most so many of some numbers, in their order: drawn, for files may take turns, but always the same.
func drawnFrom(of []int, most int) []int {
	if len(of) <= most {
		return of
	}
	out := make([]int, most)
	for k, at := range tensor.NewRNG(1).Perm(len(of))[:most] {
		out[k] = of[at]
	}
	slices.Sort(out)
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

// faint looks at some of the pictures with more than 8 bits a value, and says how many are nearly black or cut off at the bright end;
// some tells whether there may be more than these.
func (f *folder) faint(deep []int, some bool) string {
	looked := drawnFrom(deep, mostLooked)
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
	switch {
	case some:
		of = fmt.Sprintf("of %d pictures looked at, in a folder of %d,", len(looked), f.Len())
	case len(looked) < len(deep):
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
	cut, _, _ := f.those(noEndMark, math.MaxInt, jpegs...)
	for _, i := range cut {
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
