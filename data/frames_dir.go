package data

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	slash "path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/tensor"
)

// FilmOptions of OpenFrames and OpenVideo.
type FilmOptions struct {
	Split Split      // of a cut
	Cut   [2]float64 // parts of all films that make a training and a test split; zeros for no cut
	Rate  float64    // of OpenFrames: frames a second; 0 means 25
}

var framesDirOptions = append([]spec.Option{
	{Name: "rate", Default: "25", About: "frames a second"},
	{Name: "cut", About: "such as 0.8/0.2: parts of the films for training and testing"},
}, framesOptions...)

// framesDir are films whose frames are numbered pictures of a folder.
type framesDir struct {
	dir   string
	films []numbered
	rate  float64
}

// numbered is a film as pictures.
type numbered struct {
	name  string   // relative to the root
	files []string // relative, in the order of their numbers
	size  int64    // bytes of all
	masks string   // the folder of masks, relative; empty where there is none
	boxes [][4]float32
}

// OpenFrames opens the films of a tree whose frames are numbered pictures: each folder that holds pictures is a film, in the order of the numbers in
// their names. Where the folders of films lie in folders of their own, those of the first level are the labels.
//
// A folder img beside a folder mask, as data for tracking often has, is the film of the folder that both lie in, and so is a folder below JPEGImages
// with its like below Annotations (DAVIS): the masks are what is known about its frames, 0 for the ground. Lines x,y,w,h in a file groundtruth_rect.txt (OTB,
// whose first pixel is 1) or rect_from_mask.txt beside img are boxes, one a frame.
func OpenFrames(dir string, o FilmOptions) (*Dataset, error) {
	if err := missingDir(dir, "frames: wants a folder of folders of numbered pictures"); err != nil {
		return nil, err
	}
	if o.Rate == 0 {
		o.Rate = 25
	}
	f := &framesDir{dir: dir, rate: o.Rate}
	d := &Dataset{}
	of := map[string]*numbered{}
	var order []string
	s := scan{root: dir, wanted: imageEndings, left: map[string]int{}, take: func(rel string, size int64) {
		in := slash.Dir(rel)
		if of[in] == nil {
			of[in] = &numbered{name: in}
			order = append(order, in)
		}
		of[in].files, of[in].size = append(of[in].files, rel), of[in].size+size
	}}
	if err := s.walk("", nil); err != nil {
		return nil, err
	}
	d.Notes = append(d.Notes, s.notes()...)
	var single []string
	for _, in := range order {
		n := of[in]
		switch masksOf := maskFolder(in); {
		case isMasks(in, of):
			continue
		case len(n.files) < 2:
			single = append(single, in)
			continue
		case masksOf != "" && of[masksOf] != nil:
			n.masks = masksOf
		}
		if slash.Base(in) == "img" && slash.Dir(in) != "." {
			n.name = slash.Dir(in)
		}
		slices.SortFunc(n.files, byNumber)
		var err error
		if n.boxes, err = f.rectangles(in, len(n.files)); err != nil {
			return nil, err
		}
		f.films = append(f.films, *n)
	}
	if len(single) > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("%s: %d folders with one picture are no films: %s", dir, len(single), spec.Few(single, mostNamed)))
	}
	if len(f.films) == 0 {
		return nil, fmt.Errorf("%s holds no films: want folders of at least two numbered pictures (%s) (%s)", dir, endingsText, s.summary())
	}
	return f.finish(d, o)
}

// finish names the data set and gives it its labels and its part.
func (f *framesDir) finish(d *Dataset, o FilmOptions) (*Dataset, error) {
	var names, sizes []string
	for _, n := range f.films {
		names = append(names, n.name)
		sizes = append(sizes, fmt.Sprint(n.name, len(n.files), n.size))
	}
	s := spec.Spec{Kind: "frames", Path: f.dir}
	if f.rate != 25 {
		s = s.With("rate", fmt.Sprint(f.rate))
	}
	d.Name, d.Fingerprint = s.String(), fingerprint("frames of folders", append(sizes, fmt.Sprint(f.rate))...)
	d.Inputs, d.Truth.Frames = Inputs{Clips: f}, framesDirTruth{f}
	return filmParts(d, s, names, o)
}

// filmParts gives films whose paths are known their labels, and keeps those of a split.
func filmParts(d *Dataset, s spec.Spec, names []string, o FilmOptions) (*Dataset, error) {
	labels, stray := firstLevel(names)
	if labels == nil && stray != "" {
		d.Notes = append(d.Notes, fmt.Sprintf("%s lies beside the folders, so their names are no labels", stray))
	}
	if labels != nil {
		d.Truth.Labels = labels
	}
	if r := recordingsOf(names); r != nil {
		d.Truth.Groups = map[string]Labels{RecordingGroup: r}
	}
	if o.Cut == [2]float64{} {
		return d, nil
	}
	kept := cutRecordings(names, o.Cut, o.Split)
	if len(kept) == 0 {
		return nil, fmt.Errorf("%s: the part %s of cut=%g/%g is empty", s.Path, o.Split, o.Cut[0], o.Cut[1])
	}
	name := s.With("cut", fmt.Sprintf("%g/%g", o.Cut[0], o.Cut[1])).With("split", string(o.Split)).String()
	d = d.Subset(kept, "split="+string(o.Split))
	d.Name = name
	return d, nil
}

// maskFolder returns where the masks of a folder of frames would lie.
func maskFolder(in string) string {
	if slash.Base(in) == "img" {
		return slash.Join(slash.Dir(in), "mask")
	}
	if strings.Contains("/"+in+"/", "/JPEGImages/") {
		return strings.TrimPrefix(strings.TrimSuffix(strings.Replace("/"+in+"/", "/JPEGImages/", "/Annotations/", 1), "/"), "/")
	}
	return ""
}

// isMasks tells whether a folder holds the masks of another.
func isMasks(in string, of map[string]*numbered) bool {
	if slash.Base(in) == "mask" && of[slash.Join(slash.Dir(in), "img")] != nil {
		return true
	}
	images := strings.TrimPrefix(strings.TrimSuffix(strings.Replace("/"+in+"/", "/Annotations/", "/JPEGImages/", 1), "/"), "/")
	return images != in && of[images] != nil
}

// byNumber orders paths by the numbers in them: 2 before 10.
func byNumber(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		if isDigit(x[0]) && isDigit(y[0]) {
			m, n := digits(x), digits(y)
			p, q := strings.TrimLeft(x[:m], "0"), strings.TrimLeft(y[:n], "0")
			if len(p) != len(q) {
				return len(p) - len(q)
			}
			if c := strings.Compare(p, q); c != 0 {
				return c
			}
			x, y = x[m:], y[n:]
			continue
		}
		if x[0] != y[0] {
			return int(x[0]) - int(y[0])
		}
		x, y = x[1:], y[1:]
	}
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	return strings.Compare(a, b)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// rectangles reads the boxes beside a folder of frames, none where there is no file of them.
func (f *framesDir) rectangles(in string, frames int) ([][4]float32, error) {
	for _, name := range []string{"groundtruth_rect.txt", "rect_from_mask.txt"} {
		at := filepath.Join(f.dir, filepath.FromSlash(slash.Dir(in)), name)
		file, err := os.Open(at)
		if err != nil {
			continue
		}
		defer file.Close()
		boxes, err := parseRectangles(file, frames)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		return boxes, nil
	}
	return nil, nil
}

// parseRectangles reads lines of x, y, width and height, whose first pixel is 1, as corners whose first pixel is 0.
func parseRectangles(r io.Reader, frames int) ([][4]float32, error) {
	var out [][4]float32
	lines := bufio.NewScanner(io.LimitReader(r, int64(frames)*200+1<<16))
	for lines.Scan() {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		fields := strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' || c == ';' })
		var v [4]float32
		for k, field := range fields {
			x, err := strconv.ParseFloat(field, 32)
			if err != nil || k >= len(v) || x-x != 0 {
				return nil, fmt.Errorf("line %d is %s, want four numbers: x, y, width, height", len(out)+1, spec.Line(strconv.Quote(text)))
			}
			v[k] = float32(x)
		}
		if len(fields) != len(v) {
			return nil, fmt.Errorf("line %d has %d numbers, want x, y, width, height", len(out)+1, len(fields))
		}
		if len(out) == frames {
			return nil, fmt.Errorf("it has more lines than the film has frames, %d", frames)
		}
		out = append(out, [4]float32{v[0] - 1, v[1] - 1, v[0] - 1 + v[2], v[1] - 1 + v[3]})
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(out) != frames {
		return nil, fmt.Errorf("it has %d lines, the film has %d frames", len(out), frames)
	}
	return out, nil
}

func (f *framesDir) Len() int { return len(f.films) }
func (f *framesDir) Describe(i int) string {
	return filepath.Join(f.dir, filepath.FromSlash(f.films[i].name))
}

func (f *framesDir) Times(i int) ([]float64, error) {
	out := make([]float64, len(f.films[i].files))
	for t := range out {
		out[t] = float64(t) / f.rate
	}
	return out, nil
}

func (f *framesDir) Clip(i int, frames []int, each func(k int, im *Image) error) error {
	n := f.films[i]
	h, w := 0, 0
	for k, t := range frames {
		if t < 0 || t >= len(n.files) {
			return fmt.Errorf("%s has %d frames; there is no frame %d", f.Describe(i), len(n.files), t)
		}
		at := filepath.Join(f.dir, filepath.FromSlash(n.files[t]))
		im, err := ReadImage(at)
		if err != nil {
			return err
		}
		if k == 0 {
			h, w = im.H, im.W
		}
		if im.H != h || im.W != w {
			return fmt.Errorf("%s is %dx%d, frames before it are %dx%d; the frames of a film have one size", at, im.W, im.H, w, h)
		}
		if err := each(k, im); err != nil {
			return err
		}
	}
	return nil
}

// Hash is of the files' names, the film's size and its first frame.
func (f *framesDir) Hash(i int) (Hash, error) {
	n := f.films[i]
	b, err := readPicture(filepath.Join(f.dir, filepath.FromSlash(n.files[0])))
	return sha256.Sum256(fmt.Append(b, len(n.files), n.size)), err
}

// framesDirTruth is what lies beside the frames.
type framesDirTruth struct{ f *framesDir }

func (t framesDirTruth) Groups() map[string][]string { return nil }
func (t framesDirTruth) Group(string, int, int) int  { return -1 }

func (t framesDirTruth) Frame(i, k int) (FrameTruth, error) {
	n := t.f.films[i]
	var out FrameTruth
	if k < 0 || k >= len(n.files) {
		return out, fmt.Errorf("%s has %d frames; there is no frame %d", t.f.Describe(i), len(n.files), k)
	}
	if n.boxes != nil {
		b := n.boxes[k]
		out.Boxes = []Box{{X0: b[0], Y0: b[1], X1: b[2], Y1: b[3], Class: -1}}
	}
	if n.masks == "" {
		return out, nil
	}
	base := slash.Base(n.files[k])
	at := filepath.Join(t.f.dir, filepath.FromSlash(n.masks), strings.TrimSuffix(base, slash.Ext(base))+".png")
	if _, err := os.Stat(at); err != nil { // not every frame need have one
		return out, nil
	}
	mask, err := ReadMask(at)
	out.Mask = mask
	return out, err
}

// ReadMask reads a picture of objects, [H W]: of one with a palette the colours' numbers (DAVIS 2017), else 0 for black and the number of each other
// grey or colour, in the order of their brightness, from 1 on.
func ReadMask(path string) (*tensor.Tensor, error) {
	b, err := readPicture(path)
	if err != nil {
		return nil, err
	}
	x, err := decodeMask(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return x, nil
}

func decodeMask(b []byte) (*tensor.Tensor, error) {
	if indexed := paletteMask(b); indexed != nil {
		return indexed, nil
	}
	im, err := Decode(b)
	if err != nil {
		return nil, err
	}
	var seen [1 << 24 / 64]uint64
	var colours []int
	key := func(p int) int { return int(im.Pix[3*p])<<16 | int(im.Pix[3*p+1])<<8 | int(im.Pix[3*p+2]) }
	for p := range im.H * im.W {
		if c := key(p); c != 0 && seen[c/64]>>(c%64)&1 == 0 {
			seen[c/64] |= 1 << (c % 64)
			if colours = append(colours, c); len(colours) > maxObjects {
				return nil, fmt.Errorf("more than %d colours; want a mask: 0 for the ground, and a colour for each object", maxObjects)
			}
		}
	}
	slices.SortFunc(colours, func(a, b int) int {
		bright := func(c int) int { return c>>16 + c>>8&255 + c&255 }
		if d := bright(a) - bright(b); d != 0 {
			return d
		}
		return a - b
	})
	x := tensor.New(im.H, im.W)
	for p := range x.Data {
		if c := key(p); c != 0 {
			x.Data[p] = float32(1 + slices.Index(colours, c))
		}
	}
	return x, nil
}

// maxObjects is how many objects a mask may have.
const maxObjects = 254

// paletteMask returns the numbers of a PNG with a palette, nil for other files.
func paletteMask(b []byte) *tensor.Tensor {
	head, err := png.DecodeConfig(bytes.NewReader(b))
	if _, ok := head.ColorModel.(color.Palette); err != nil || !ok || head.Width*head.Height > MaxPixels {
		return nil
	}
	p, err := png.Decode(bytes.NewReader(b))
	of, ok := p.(*image.Paletted)
	if err != nil || !ok {
		return nil
	}
	x := tensor.New(head.Height, head.Width)
	for y := range head.Height {
		for i, v := range of.Pix[y*of.Stride:][:head.Width] {
			x.Data[y*head.Width+i] = float32(v)
		}
	}
	return x
}

func openFrames(path string, v *spec.Values, split Split) (*Dataset, error) {
	o := FilmOptions{Split: split, Rate: v.Float("rate", 1e-3, 1e6)}
	if v.Given("cut") {
		o.Cut = parseCut(v)
	}
	if v.Err() != nil {
		return nil, v.Err()
	}
	return OpenFrames(path, o)
}
