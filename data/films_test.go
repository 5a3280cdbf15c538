package data

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tessera-go/tessera/film"
	"github.com/tessera-go/tessera/internal/fuzzing"
	"github.com/tessera-go/tessera/tensor"
)

// greyFilms are films whose frame t of film i is one grey level, 10·i + t, of a size that depends on the film. It counts what is decoded.
type greyFilms struct {
	lengths []int
	pieces  int // frames of a piece; 0 for none

	mu    *sync.Mutex
	asked *[][]int
}

func newGreyFilms(pieces int, lengths ...int) greyFilms {
	return greyFilms{lengths, pieces, &sync.Mutex{}, &[][]int{}}
}

func (c greyFilms) Len() int              { return len(c.lengths) }
func (c greyFilms) Describe(i int) string { return fmt.Sprint("film ", i) }
func (c greyFilms) Times(i int) ([]float64, error) {
	if c.lengths[i] < 0 {
		return nil, fmt.Errorf("film %d is broken", i)
	}
	out := make([]float64, c.lengths[i])
	for t := range out {
		out[t] = float64(t) / 10
	}
	return out, nil
}

func (c greyFilms) Clip(i int, frames []int, each func(k int, im *Image) error) error {
	c.mu.Lock()
	*c.asked = append(*c.asked, slices.Clone(frames))
	c.mu.Unlock()
	for k, t := range frames {
		if t < 0 || t >= c.lengths[i] || k > 0 && t <= frames[k-1] {
			return fmt.Errorf("film %d is asked for frames %v", i, frames)
		}
		im := NewImage(6+i, 8+i)
		for p := range im.Pix {
			im.Pix[p] = uint8(10*i + t)
		}
		if err := each(k, im); err != nil {
			return err
		}
	}
	return nil
}

type piecedFilms struct{ greyFilms }

func (c piecedFilms) piece(_, t int) (from, to int) {
	return t / c.pieces * c.pieces, t/c.pieces*c.pieces + c.pieces
}

func levels1(ims []*Image) (out []int) {
	for _, im := range ims {
		out = append(out, int(im.Pix[0]))
	}
	return out
}

// TestClipOf: frames come in the order asked for, each decoded once.
func TestClipOf(t *testing.T) {
	c := newGreyFilms(0, 9)
	ims, err := ClipOf(c, 0, []int{5, 2, 5, 8})
	if err != nil || fmt.Sprint(levels1(ims)) != "[5 2 5 8]" || fmt.Sprint(*c.asked) != "[[2 5 8]]" {
		t.Errorf("%v, %v, decoded %v", levels1(ims), err, *c.asked)
	}
	if _, err := ClipOf(c, 0, []int{9}); err == nil {
		t.Error("a frame behind the last came")
	}
}

// TestFilms: views of frames are those of the decoded pictures, kept once they were made while there is room, and pieces are decoded whole.
func TestFilms(t *testing.T) {
	const side = 4
	c := newGreyFilms(0, 9, 30)
	f := NewFilms(c, PlainView(side), HalfNorm, 3*side*side*3) // room for three frames
	for range 2 {
		ims, err := f.Still(1, []int{3, 1, 3})
		if err != nil || fmt.Sprint(levels1(ims)) != "[13 11 13]" || ims[0].H != side || ims[0].W != side {
			t.Fatalf("%v, %v", levels1(ims), err)
		}
	}
	f.Still(1, []int{1, 2})
	f.Still(1, []int{1, 2, 4})
	f.Still(1, []int{4})
	if got := fmt.Sprint(*c.asked); got != "[[1 3] [2] [4] [4]]" {
		t.Errorf("decoded %s, want each frame once while there is room", got)
	}
	p := piecedFilms{newGreyFilms(8, 30)}
	f = NewFilms(p, PlainView(side), HalfNorm, 1<<20)
	f.Still(0, []int{9, 27})
	f.Still(0, []int{8, 15, 29})
	if got := fmt.Sprint(*p.asked); got != "[[8 9 10 11 12 13 14 15 24 25 26 27 28 29]]" {
		t.Errorf("decoded %s, want two pieces", got)
	}
	for _, bad := range [][]int{{-1}, {30}} {
		if _, err := f.Still(0, bad); err == nil || !strings.Contains(err.Error(), "film 0 has 30 frames") {
			t.Errorf("frame %v: %v", bad, err)
		}
	}
	dst := make([]float32, 2*side*side*3)
	if err := f.Fill(dst, 0, []int{20, 10}, nil); err != nil || dst[0] != (20.0/255-0.5)/0.25 || dst[side*side*3] != (10.0/255-0.5)/0.25 {
		t.Errorf("filled %v, %v", dst[0], err)
	}
	if n, err := f.AtLeast(0, 30); n != 30 || err != nil {
		t.Error(n, err)
	}
	if _, err := f.AtLeast(0, 31); err == nil || err.Error() != "film 0 has 30 frames, too few for a clip of 31" {
		t.Error(err)
	}
	broken := NewFilms(newGreyFilms(0, -1), PlainView(side), HalfNorm, 0)
	if _, err := broken.AtLeast(0, 1); err == nil {
		t.Error("a broken film has frames")
	}
	defer func() {
		if _, ok := recover().(*tensor.ShapeError); !ok {
			t.Error("a place of another size is filled")
		}
	}()
	f.Fill(make([]float32, 5), 0, []int{1}, nil)
}

// TestFilmsDrawAlike: what a view draws is the same for all frames of a clip, and another for the next.
func TestFilmsDrawAlike(t *testing.T) {
	d, err := Open("scenes:?frames=6&n=3&side=24", Train)
	if err != nil {
		t.Fatal(err)
	}
	draws := 0
	v := View{Side: 24, Random: func(im *Image, rng *tensor.RNG) *Image {
		draws++
		top := rng.IntN(8)
		return Crop(im, top, rng.IntN(8), 16, 16)
	}}
	f := NewFilms(d.Clips, v, HalfNorm, 1<<20)
	plain, err := f.Still(0, []int{2, 2, 4})
	if err != nil {
		t.Fatal(err)
	}
	a, err := f.Images(0, []int{2, 2, 4}, tensor.NewRNG(5))
	if err != nil || draws != 3 {
		t.Fatal(err, draws)
	}
	found := 0
	for top := range 8 {
		for left := range 8 {
			if slices.Equal(Crop(plain[0], top, left, 16, 16).Pix, a[0].Pix) && slices.Equal(Crop(plain[2], top, left, 16, 16).Pix, a[2].Pix) {
				found++
			}
		}
	}
	if found != 1 || !slices.Equal(a[0].Pix, a[1].Pix) {
		t.Errorf("the frames of a clip are not cut at one place: %d", found)
	}
	b, _ := f.Images(0, []int{2}, tensor.NewRNG(6))
	if slices.Equal(a[0].Pix, b[0].Pix) {
		t.Error("another clip is cut at the same place")
	}
}

// TestSpread: numbers are even, in the middle where they may not lie further apart, and repeat in short films.
func TestSpread(t *testing.T) {
	for _, c := range []struct {
		frames, n, most int
		want            string
	}{{8, 8, 0, "[0 1 2 3 4 5 6 7]"}, {80, 4, 0, "[10 30 50 70]"}, {80, 4, 2, "[37 39 41 43]"}, {3, 6, 0, "[0 0 1 1 2 2]"}, {1, 3, 0, "[0 0 0]"}, {24, 2, 100, "[6 18]"}, {7, 3, 1, "[2 3 4]"}} {
		if got := fmt.Sprint(Spread(c.frames, c.n, c.most)); got != c.want {
			t.Errorf("%d of %d, at most %d apart: %s, want %s", c.n, c.frames, c.most, got, c.want)
		}
	}
}

// TestWithin: frames from one on, for as long as asked, evenly; where there are fewer some come more than once.
func TestWithin(t *testing.T) {
	ten := make([]float64, 20)
	for k := range ten {
		ten[k] = float64(k) / 10
	}
	for _, c := range []struct {
		times   []float64
		first   int
		seconds float64
		n       int
		want    string
	}{{ten, 0, 0.5, 5, "[0 1 2 3 4]"}, {ten, 7, 0.3, 3, "[7 8 9]"}, {ten, 2, 1, 2, "[4 9]"}, {ten, 17, 1, 3, "[17 18 19]"}, {ten, 3, 0.05, 2, "[3 3]"}, {ten, 3, 0.2, 4, "[3 3 4 4]"},
		{[]float64{0, 0.1, 0.9, 1, 1.4}, 1, 0.9, 3, "[1 2 2]"}, {[]float64{5}, 0, 1, 1, "[0]"}} {
		if got := fmt.Sprint(Within(c.times, c.first, c.seconds, c.n)); got != c.want {
			t.Errorf("%d frames of %v from %d on, %g s: %s, want %s", c.n, c.times, c.first, c.seconds, got, c.want)
		}
	}
}

// TestFramesOf: frames as pictures, with what is known about them; broken films are left out and named.
func TestFramesOf(t *testing.T) {
	d, err := Open("scenes:?frames=6&n=4&side=16&as=frames&each=3", Train)
	if err != nil {
		t.Fatal(err)
	}
	films, err := Open("scenes:?frames=6&n=4&side=16", Train)
	if err != nil {
		t.Fatal(err)
	}
	if d.Len() != 8 || d.Clips != nil || d.Describe(3) != "film 1 (train), frame 4" {
		t.Fatalf("%d frames, %s", d.Len(), d.Describe(3))
	}
	again, err := Open(d.Name, Test)
	if err != nil || again.Name != d.Name || again.Fingerprint != d.Fingerprint {
		t.Errorf("its name %s opens %v, %v", d.Name, again, err)
	}
	im, err := d.Images.Image(3)
	want, _ := ClipOf(films.Clips, 1, []int{4})
	if err != nil || !slices.Equal(im.Pix, want[0].Pix) {
		t.Error("frame 4 of film 1 is another picture")
	}
	known, _ := films.Truth.Frames.Frame(1, 4)
	joints, err := d.Truth.KeyPoints.KeyPoints(3)
	if err != nil || fmt.Sprint(joints) != fmt.Sprint(known.KeyPoints) || len(joints) == 0 {
		t.Errorf("joints %v, %v", joints, err)
	}
	mask, err := d.Truth.Masks.Mask(3)
	if err != nil || !slices.Equal(mask.Data, known.Mask.Data) {
		t.Error("another mask", err)
	}
	if d.Truth.Label(3) != films.Truth.Label(1) || d.Truth.Groups["film"].Label(3) != 1 || d.Truth.Groups["pose"].Label(3) != films.Truth.Frames.Group("pose", 1, 4) {
		t.Error("another label")
	}
	posed, err := Open("scenes:?frames=6&n=4&side=16&as=frames&each=3&labels=pose", Train)
	if err != nil || posed.Truth.Label(3) != d.Truth.Groups["pose"].Label(3) || posed.Fingerprint == d.Fingerprint {
		t.Error("labels=pose", err)
	}
	if none, err := Open("scenes:?frames=6&n=4&side=16&as=frames&labels=no", Train); err != nil || none.Truth.Labels != nil || none.Len() != 24 {
		t.Error("labels=no", err)
	}
	for of, want := range map[string]string{
		"scenes:?n=4&as=frames":                       "takes the frames of films; there are pictures",
		"scenes:?n=4&frames=4&as=frames&labels=mood":  "frames are divided by",
		"scenes:?n=4&frames=4&each=2":                 "option each goes with as=frames",
		"scenes:?n=4&frames=4&as=pictures":            "frames",
		"scenes:?n=4&frames=4&as=frames&each=nothing": "each",
	} {
		if _, err := Open(of, Train); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", of, err, want)
		}
	}
	some := &Dataset{Name: "some:", Inputs: Inputs{Clips: newGreyFilms(0, 4, -1, 5)}}
	frames, err := some.FramesOf(FrameOptions{})
	if err != nil || frames.Len() != 9 || len(frames.Notes) != 2 || !strings.Contains(frames.Notes[1], "1 of 3 films") {
		t.Errorf("%v, %v", frames, err)
	}
	none := &Dataset{Name: "none:", Inputs: Inputs{Clips: newGreyFilms(0, -1, -1)}}
	if _, err := none.FramesOf(FrameOptions{}); err == nil || !strings.Contains(err.Error(), "none of 2 films can be read; the first: film 0 is broken") {
		t.Error(err)
	}
}

// TestApart: frames of a film stay on one side.
func TestApart(t *testing.T) {
	d, err := Open("scenes:?frames=5&n=8&side=8&as=frames", Train)
	if err != nil {
		t.Fatal(err)
	}
	order := tensor.NewRNG(2).Perm(d.Len())
	first, others, by := d.Apart(order, 7)
	if len(first) != 10 || len(others) != 30 || by != FilmGroup {
		t.Fatalf("%d and %d frames", len(first), len(others))
	}
	in := map[int]bool{}
	for _, i := range first {
		in[d.Truth.Groups["film"].Label(i)] = true
	}
	for _, i := range others {
		if in[d.Truth.Groups["film"].Label(i)] {
			t.Fatal("a film is on both sides")
		}
	}
	pictures, _ := Open("scenes:?n=8&side=8", Train)
	if a, b, by := pictures.Apart([]int{3, 1, 2}, 2); by != "" || fmt.Sprint(a, b) != "[3 1] [2]" {
		t.Error(a, b)
	}
}

// TestApartBy: the first of the divisions that stay whole in a cut stays whole here too; samples without a class in it are parted one by one.
func TestApartBy(t *testing.T) {
	labels := []int{0, 1, -1, 0, -1, 1, 2, 0}
	of := func(names ...string) *Dataset {
		d := &Dataset{Truth: Truth{Groups: map[string]Labels{"take": &folderLabels{labels: make([]int, 8)}}}}
		for k, name := range names {
			l := &folderLabels{labels: labels}
			if k > 0 {
				l = &folderLabels{labels: make([]int, 8)}
			}
			d.Truth.Groups[name] = l
		}
		return d
	}
	for _, names := range [][]string{{"Speaker", FilmGroup, "fold"}, {RecordingGroup, FilmGroup}, {FilmGroup, "src_file"}, {"fold"}} {
		first, others, by := of(names...).Apart([]int{2, 3, 4, 5, 6, 7, 0, 1}, 2)
		if by != names[0] || fmt.Sprint(first, others) != "[2 3 7 0] [4 5 6 1]" {
			t.Error(names, by, first, others)
		}
	}
	if first, others, by := of().Apart([]int{1, 0}, 1); by != "" || fmt.Sprint(first, others) != "[1] [0]" {
		t.Error(first, others, by)
	}
}

// TestMeasureNormOfFilms: the norm of films is that of three frames of each.
func TestMeasureNormOfFilms(t *testing.T) {
	n, err := MeasureNorm(Inputs{Clips: newGreyFilms(0, 9, -1, 9)}, PlainView(4), 10)
	mean := float32(1+4+7+21+24+27) / 6 / 255
	if err != nil || max(n.Mean[0]-mean, mean-n.Mean[0]) > 1e-4 {
		t.Errorf("%v, %v, want %g", n, err, mean)
	}
	if _, err := MeasureNorm(Inputs{Clips: newGreyFilms(0, -1)}, PlainView(4), 10); err == nil || !strings.Contains(err.Error(), "none of 1 films") {
		t.Error(err)
	}
}

// numberedTree writes folders of pictures.
func numberedTree(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for k, f := range files {
		at := filepath.Join(dir, f)
		os.MkdirAll(filepath.Dir(at), 0o755)
		body := fmt.Sprintf("P5\n4 3\n255\n%s", strings.Repeat(string(rune(1+k)), 12))
		if strings.HasSuffix(f, ".txt") {
			body = strings.Repeat("2,3,4,5\n", 3)
		}
		if err := os.WriteFile(at, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestOpenFrames: folders are films, their pictures come by number; masks and boxes are no films but known about them.
func TestOpenFrames(t *testing.T) {
	dir := numberedTree(t, "run/a/f2.pgm", "run/a/f10.pgm", "run/a/f1.pgm", "run/one/f1.pgm", "jump/b/img/0001.pgm", "jump/b/img/0002.pgm", "jump/b/img/0003.pgm",
		"jump/b/mask/0001.pgm", "jump/b/mask/0002.pgm", "jump/b/groundtruth_rect.txt")
	d, err := Open("frames:"+dir, Train)
	if err != nil {
		t.Fatal(err)
	}
	if d.Len() != 2 || fmt.Sprint(d.Truth.Classes()) != "[jump run]" || d.Truth.Label(1) != 1 || !strings.HasSuffix(d.Describe(0), filepath.Join("jump", "b")) {
		t.Fatalf("%d films, %v, %s", d.Len(), d.Truth.Classes(), d.Describe(0))
	}
	if notes := strings.Join(d.Notes, "\n"); !strings.Contains(notes, "1 folders with one picture are no films: run/one") {
		t.Errorf("notes %s", notes)
	}
	ims, err := ClipOf(d.Clips, 1, []int{0, 1, 2})
	if err != nil || fmt.Sprint(levels1(ims)) != "[3 1 2]" {
		t.Errorf("frames %v, %v, want f1 f2 f10", levels1(ims), err)
	}
	if times, err := d.Clips.Times(1); err != nil || fmt.Sprint(times) != "[0 0.04 0.08]" {
		t.Error(times, err)
	}
	known, err := d.Truth.Frames.Frame(0, 1)
	if err != nil || fmt.Sprint(known.Boxes) != "[{1 2 5 7 -1 false false 0}]" {
		t.Errorf("boxes %v, %v", known.Boxes, err)
	}
	if _, err := d.Truth.Frames.Frame(0, 3); err == nil {
		t.Error("a frame behind the last is known")
	}
	slow, err := Open("frames:"+dir+"?rate=10&cut=0.5/0.5&split=test", Train)
	if err != nil || slow.Len() != 1 {
		t.Fatal(err)
	}
	if times, _ := slow.Clips.Times(0); times[1] != 0.1 {
		t.Error(times)
	}
	os.WriteFile(filepath.Join(dir, "jump/b/groundtruth_rect.txt"), []byte("1,2,3,4\n1,2,3\n"), 0o644)
	if _, err := Open("frames:"+dir, Train); err == nil || !strings.Contains(err.Error(), "line 2 has 3 numbers") {
		t.Error(err)
	}
	os.WriteFile(filepath.Join(dir, "run/a/f2.pgm"), []byte("P5\n5 3\n255\n"+strings.Repeat("x", 15)), 0o644)
	os.Remove(filepath.Join(dir, "jump/b/groundtruth_rect.txt"))
	d, err = Open("frames:"+dir, Train)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ClipOf(d.Clips, 1, []int{0, 1}); err == nil || !strings.Contains(err.Error(), "one size") {
		t.Error(err)
	}
	for path, want := range map[string]string{"": "no folder given", filepath.Join(dir, "none"): "no such folder", filepath.Join(dir, "run", "one"): "holds no films"} {
		if _, err := Open("frames:"+path, Train); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", path, err, want)
		}
	}
}

// TestByNumber: numbers in names count as numbers.
func TestByNumber(t *testing.T) {
	got := []string{"a10", "a2", "a02", "b1", "a", "a1.png", "a1b2", "a01b1"}
	slices.SortFunc(got, byNumber)
	if want := "a a1.png a01b1 a1b2 a02 a2 a10 b1"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
}

// TestRectangles: lines of four numbers, and what else there may be.
func TestRectangles(t *testing.T) {
	boxes, err := parseRectangles(strings.NewReader("1,1,10,20\n 5\t6 7;8 \n\n"), 2)
	if err != nil || fmt.Sprint(boxes) != "[[0 0 10 20] [4 5 11 13]]" {
		t.Error(boxes, err)
	}
	for text, want := range map[string]string{"1,2,x,4\n": "line 1", "1,2,3,4,5\n": "line 1", "1,2,3,4\n": "it has 1 lines, the film has 2", "1,2,3,NaN\n1,2,3,4": "line 1",
		"1,2,3,4\n1,2,3,4\n1,2,3,4": "more lines"} {
		if _, err := parseRectangles(strings.NewReader(text), 2); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// FuzzRectangles: as many boxes as the film has frames, of numbers, or an error.
func FuzzRectangles(f *testing.F) {
	all := [][]byte{[]byte("1,1,10,20\n5\t6 7;8\n"), []byte("1.5,2e3,-4,5\n1,2,3,4"), []byte("1,2,3\n")}
	fuzzing.Run(f, all, func(t testing.TB, b []byte) {
		boxes, err := parseRectangles(bytes.NewReader(b), 2)
		if err == nil && len(boxes) != 2 {
			t.Errorf("%d boxes of two frames", len(boxes))
		}
		for _, box := range boxes {
			for _, v := range box {
				if v != v && err == nil {
					t.Errorf("a box is %v", box)
				}
			}
		}
	})
}

// FuzzMask: a mask has few objects, counted by whole numbers.
func FuzzMask(f *testing.F) {
	palette := image.NewPaletted(image.Rect(0, 0, 5, 4), color.Palette{color.Black, color.White, color.RGBA{200, 0, 0, 255}})
	palette.SetColorIndex(2, 1, 2)
	var b bytes.Buffer
	if err := png.Encode(&b, palette); err != nil {
		f.Fatal(err)
	}
	fuzzing.Run(f, [][]byte{b.Bytes(), encoded(f, "png", 6, 5), encoded(f, "gif", 6, 5)}, func(t testing.TB, b []byte) {
		if len(b) > fuzzBytes {
			return
		}
		x, err := decodeMask(b)
		if err != nil {
			return
		}
		for _, v := range x.Data {
			if v < 0 || v > 255 || v != float32(int(v)) {
				t.Fatalf("object %g", v)
			}
		}
	})
}

// TestMask: a palette's numbers are the objects; of greys and colours each is one, the darker first, and black is the ground.
func TestMask(t *testing.T) {
	palette := image.NewPaletted(image.Rect(0, 0, 3, 2), color.Palette{color.Black, color.White, color.RGBA{200, 0, 0, 255}})
	palette.SetColorIndex(1, 0, 2)
	palette.SetColorIndex(2, 1, 1)
	var b bytes.Buffer
	png.Encode(&b, palette)
	x, err := decodeMask(b.Bytes())
	if err != nil || fmt.Sprint(x.Data, x.Shape) != "[0 2 0 0 0 1] [2 3]" {
		t.Errorf("of a palette %v, %v", x, err)
	}
	x, err = decodeMask([]byte("P6\n3 1\n255\n\xff\xff\xff\x00\x00\x00\x10\x20\x00"))
	if err != nil || fmt.Sprint(x.Data) != "[2 0 1]" {
		t.Errorf("of colours %v, %v", x, err)
	}
	many := []byte("P5\n300 1\n255\n")
	for i := range 300 {
		many = append(many, byte(i))
	}
	if _, err := decodeMask(many); err == nil || !strings.Contains(err.Error(), "more than 254 colours") {
		t.Error(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "torn.png")
	os.WriteFile(path, []byte("torn"), 0o644)
	if _, err := ReadMask(path); err == nil || !strings.Contains(err.Error(), "torn.png: ") {
		t.Error(err)
	}
}

var errStop = errors.New("stop")

// TestVideo: films in files are opened when they are asked for; what is no film is said of that film alone, and few are open at once.
func TestVideo(t *testing.T) {
	dir := t.TempDir()
	for k := range mostOpen + 3 {
		if err := writeGIF(filepath.Join(dir, fmt.Sprintf("f%03d.gif", k)), 3, uint8(k)); err != nil {
			t.Fatal(err)
		}
	}
	os.WriteFile(filepath.Join(dir, "z.gif"), []byte("GIF89a broken"), 0o644)
	os.WriteFile(filepath.Join(dir, "read.me"), []byte("no film"), 0o644)
	d, err := Open("video:"+dir, Train)
	if err != nil || d.Len() != mostOpen+4 || len(d.Notes) != 1 {
		t.Fatal(err, d.Len(), d.Notes)
	}
	v := d.Clips.(*videos)
	for i := range d.Len() - 1 {
		ims, err := ClipOf(d.Clips, i, []int{2, 0})
		if err != nil || len(ims) != 2 || ims[0].H != 6 {
			t.Fatalf("film %d: %v", i, err)
		}
		if len(v.open.files) > mostOpen {
			t.Fatalf("%d films are open", len(v.open.files))
		}
	}
	if _, err := d.Clips.Times(d.Len() - 1); err == nil || !strings.Contains(err.Error(), "z.gif") {
		t.Error(err)
	}
	if err := d.Clips.Clip(0, []int{0, 1}, func(int, *Image) error { return errStop }); !errors.Is(err, errStop) {
		t.Error(err)
	}
	one, err := Open("video:"+filepath.Join(dir, "f001.gif"), Train)
	if err != nil || one.Len() != 1 {
		t.Fatal(err)
	}
	if a, b := must(ContentHash(one.Clips, 0)), must(ContentHash(d.Clips, 1)); a != b || a == must(ContentHash(d.Clips, 2)) {
		t.Error("the hash of a film is of its place")
	}
	if n := InBoth(d, one); n != 1 {
		t.Errorf("%d of one film is in both", n)
	}
	for path, want := range map[string]string{"": "no folder given", filepath.Join(dir, "none"): "no such folder"} {
		if _, err := Open("video:"+path, Train); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", path, err, want)
		}
	}
	empty := t.TempDir()
	os.WriteFile(filepath.Join(empty, "a.txt"), nil, 0o644)
	if _, err := Open("video:"+empty, Train); err == nil || !strings.Contains(err.Error(), "holds no films (1 ignored: 1 .txt)") {
		t.Error(err)
	}
}

func must(h Hash, err error) Hash {
	if err != nil {
		panic(err)
	}
	return h
}

// writeGIF writes a film of n frames, each of one colour.
func writeGIF(path string, n int, first uint8) error {
	w, err := film.Create(path, 6, 8, 10)
	if err != nil {
		return err
	}
	for k := range n {
		p := film.NewPicture(6, 8)
		for i := range p.Pix {
			p.Pix[i] = first + uint8(40*k)
		}
		if err := w.Write(p); err != nil {
			return err
		}
	}
	return w.Close()
}
