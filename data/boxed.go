package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/tessera-go/tessera/internal/spec"
)

// boxed are pictures with boxes around the objects in them.
type boxed struct {
	root    string
	list    []boxedPicture
	classes []string
	parts   bool // boxes are in parts of the picture's sides
	sizes   []atomic.Uint64
}

// boxedPicture is a picture with what is in it.
type boxedPicture struct {
	file  string // relative to the root
	h, w  int    // as its annotation has them; 0 where it has none
	boxes []Box
}

// What files of boxes may hold.
const (
	maxBoxPictures = 1 << 22
	maxBoxes       = 1 << 25
	maxBoxClasses  = 1 << 16
)

var boxOptions = []spec.Option{
	{Name: "cut", About: "such as 0.8/0.2: parts for training and testing, where there are no splits; a picture stays in its part while others come and go"},
}

// faults count what is wrong with a source, and names the first of each kind.
type faults struct {
	what  []string
	count map[string]int
	first map[string]string
	also  []string // what else is to be said
}

func (t *faults) add(what, where string) {
	if t.count == nil {
		t.count, t.first = map[string]int{}, map[string]string{}
	}
	if t.count[what] == 0 {
		t.what, t.first[what] = append(t.what, what), where
	}
	t.count[what]++
}

// all adds those that another counted.
func (t *faults) all(of faults) {
	for _, what := range of.what {
		t.add(what, of.first[what])
		t.count[what] += of.count[what] - 1
	}
}

// notes are lines for a person.
func (t *faults) notes(of string) (out []string) {
	for _, what := range t.what {
		out = append(out, fmt.Sprintf("%s: %d %s; the first: %s", of, t.count[what], what, spec.Line(t.first[what])))
	}
	return append(out, t.also...)
}

// What is wrong with boxes.
const (
	boxNowhere = "boxes are at no place in a picture and are left out"
	boxEmpty   = "boxes have no area and are left out"
	boxBeyond  = "boxes lie beyond their picture and are left out"
	boxCut     = "boxes reach beyond their picture and are cut there"
	noObjects  = "pictures have no box: in them is nothing to be found"
)

// fit cuts a box at the edges of a picture of h by w, and tells t of it where it reaches more than slack beyond; ok is false where nothing is left.
func (b *Box) fit(h, w, slack float32, t *faults, where string) (ok bool) {
	for _, v := range []float32{b.X0, b.Y0, b.X1, b.Y1} {
		if !(math.Abs(float64(v)) <= maxPlace) {
			t.add(boxNowhere, where)
			return false
		}
	}
	if b.X1 <= b.X0 || b.Y1 <= b.Y0 {
		t.add(boxEmpty, where)
		return false
	}
	beyond := max(-b.X0, -b.Y0, b.X1-w, b.Y1-h)
	b.X0, b.Y0, b.X1, b.Y1 = max(b.X0, 0), max(b.Y0, 0), min(b.X1, w), min(b.Y1, h)
	if b.X1 <= b.X0 || b.Y1 <= b.Y0 {
		t.add(boxBeyond, where)
		return false
	}
	if beyond > slack {
		t.add(boxCut, where)
	}
	if !(b.Area > 0 && b.Area <= maxPlace*maxPlace) {
		b.Area = 0
	}
	return true
}

// cutTo keeps the pictures of a split.
func (b *boxed) cutTo(parts [2]float64, split Split) {
	files := make([]string, len(b.list))
	for i, p := range b.list {
		files[i] = p.file
	}
	var kept []boxedPicture
	for _, i := range cutOf(files, parts, split) {
		kept = append(kept, b.list[i])
	}
	b.list = kept
}

// dataset returns the pictures as a data set, with what is to be said of them.
func (b *boxed) dataset(name spec.Spec, t *faults) *Dataset {
	for _, p := range b.list {
		if len(p.boxes) == 0 {
			t.add(noObjects, p.file)
		}
	}
	b.sizes = make([]atomic.Uint64, len(b.list))
	d := &Dataset{Name: name.String(), Fingerprint: b.fingerprint(), Inputs: Inputs{Images: b}, Notes: t.notes(b.root)}
	d.Truth = Truth{Boxes: boxedTruth{b}, Sizes: boxedTruth{b}}
	return d
}

// fingerprint is of the names, the sizes and the boxes.
func (b *boxed) fingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "boxes\x00%q%v", b.classes, b.parts)
	var row []byte
	for _, p := range b.list {
		row = fmt.Appendf(row[:0], "%q %d %d ", p.file, p.h, p.w)
		for _, x := range p.boxes {
			for _, v := range []float32{x.X0, x.Y0, x.X1, x.Y1, x.Area} {
				row = binary.LittleEndian.AppendUint32(row, math.Float32bits(v))
			}
			row = fmt.Append(row, x.Class, x.Difficult, x.Crowd)
		}
		h.Write(row)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func (b *boxed) Len() int { return len(b.list) }

func (b *boxed) Describe(i int) string {
	return filepath.Join(b.root, filepath.FromSlash(b.list[i].file))
}

func (b *boxed) Image(i int) (*Image, error) { return b.ImageFrame(i, nil) }

func (b *boxed) ImageFrame(i int, choose func(h, w int) Frame) (*Image, error) {
	raw, err := readPicture(b.Describe(i))
	if err != nil {
		return nil, err
	}
	h, w, err := sizeOf(raw)
	if err == nil {
		err = b.sized(i, h, w)
	}
	var im *Image
	if err == nil {
		im, _, _, err = DecodeOptions{}.read(raw, choose)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Describe(i), err)
	}
	return im, nil
}

// sized refuses a picture of another size than its annotation has: its boxes are somewhere else.
func (b *boxed) sized(i, h, w int) error {
	if p := b.list[i]; p.h > 0 && (p.h != h || p.w != w) {
		return fmt.Errorf("the picture has %dx%d pixels, its annotation %dx%d: it is not known where its boxes are", w, h, p.w, p.h)
	}
	return nil
}

// Hash is of the file's bytes.
func (b *boxed) Hash(i int) (Hash, error) {
	raw, err := readPicture(b.Describe(i))
	return sha256.Sum256(raw), err
}

// size is the file's; of one that cannot be looked at 0.
func (b *boxed) size(i int) int64 {
	st, err := os.Stat(b.Describe(i))
	if err != nil {
		return 0
	}
	return st.Size()
}

// sizeOf returns height and width of a picture as it is decoded, from its header.
func sizeOf(raw []byte) (h, w int, err error) {
	head, err := readHeader(raw)
	if err != nil {
		return 0, 0, err
	}
	if orientation(raw, head) > 4 { // it is laid on its side
		return head.w, head.h, nil
	}
	return head.h, head.w, nil
}

// boxedTruth is what the annotations say.
type boxedTruth struct{ b *boxed }

func (t boxedTruth) Classes() []string { return t.b.classes }

func (t boxedTruth) Size(i int) (h, w int, err error) {
	if p := t.b.list[i]; p.h > 0 {
		return p.h, p.w, nil
	}
	if known := t.b.sizes[i].Load(); known != 0 {
		return int(known >> 32), int(known & (1<<32 - 1)), nil
	}
	raw, err := readPicture(t.b.Describe(i))
	if err != nil {
		return 0, 0, err
	}
	if h, w, err = sizeOf(raw); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", t.b.Describe(i), err)
	}
	t.b.sizes[i].Store(uint64(h)<<32 | uint64(w))
	return h, w, nil
}

func (t boxedTruth) Boxes(i int) ([]Box, error) {
	out := append([]Box(nil), t.b.list[i].boxes...)
	if !t.b.parts || len(out) == 0 {
		return out, nil
	}
	h, w, err := t.Size(i)
	for k := range out {
		x := &out[k]
		x.X0, x.Y0, x.X1, x.Y1 = x.X0*float32(w), x.Y0*float32(h), x.X1*float32(w), x.Y1*float32(h)
	}
	return out, err
}

// BoxCounts returns how many boxes there are of each class, where that is known without a look at each picture, else nil.
func (d *Dataset) BoxCounts() []int {
	of, at := d.Truth.Boxes, func(i int) int { return i }
	for {
		s, ok := of.(*subBoxes)
		if !ok {
			break
		}
		above := at
		of, at = s.all, func(i int) int { return s.index[above(i)] }
	}
	t, ok := of.(boxedTruth)
	if !ok {
		return nil
	}
	n := make([]int, len(t.b.classes))
	for i := range d.Len() {
		for _, b := range t.b.list[at(i)].boxes {
			n[b.Class]++
		}
	}
	return n
}

// picturesIn lists the pictures of a folder by their names without ending.
func picturesIn(dir string, t *faults) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, e := range entries {
		if ending := filepath.Ext(e.Name()); imageEndings[strings.ToLower(ending)] {
			stem := strings.TrimSuffix(e.Name(), ending)
			if out[stem] != "" {
				t.add("pictures have the name of another but for its ending and are left out", e.Name())
				continue
			}
			out[stem] = e.Name()
		}
	}
	return out, nil
}

// firstDir returns the first of some folders that there is, or nothing.
func firstDir(dirs ...string) string {
	for _, d := range dirs {
		if st, err := os.Stat(d); err == nil && st.IsDir() {
			return d
		}
	}
	return ""
}
