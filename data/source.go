package data

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"strings"

	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/tensor"
)

// Image is an 8-bit RGB picture, [H W 3].
type Image struct {
	H, W int
	Pix  []uint8
}

// NewImage returns a black picture.
func NewImage(h, w int) *Image { return &Image{h, w, make([]uint8, h*w*3)} }

// RGBA returns the picture as the standard library's, opaque.
func (im *Image) RGBA() *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, im.W, im.H))
	for p := range im.H * im.W {
		copy(out.Pix[4*p:], im.Pix[3*p:3*p+3])
		out.Pix[4*p+3] = 255
	}
	return out
}

// Samples are numbered things. Whatever implements this and what builds on it must serve several goroutines at once.
type Samples interface {
	Len() int
	// Describe names sample i for a person: its file, or its place in one.
	Describe(i int) string
}

// Images are pictures.
type Images interface {
	Samples
	// Image returns sample i, of any size. An error concerns that sample alone.
	Image(i int) (*Image, error)
}

// Clips are films, of which frames are decoded on demand.
type Clips interface {
	Samples
	// Times returns the time of every frame of sample i, in seconds, rising.
	Times(i int) ([]float64, error)
	// Clip hands frames of sample i to each, by number, rising, one after the other: frames[k] with its k. The picture is used again when each
	// returns, and must not be changed.
	Clip(i int, frames []int, each func(k int, im *Image) error) error
}

// Sounds are recordings, of which windows are decoded on demand.
type Sounds interface {
	Samples
	// Length returns how many values a channel of sample i has, and how many make a second.
	Length(i int) (n int, rate float64, err error)
	// Sound returns n values from value from on, in [-1, 1], one channel.
	Sound(i, from, n int) ([]float32, error)
}

// Texts are documents in UTF-8, read as streams.
type Texts interface {
	Samples
	// Open returns sample i from its beginning, unpacked. Reading takes the same memory however long it is. Whoever opens it closes it.
	Open(i int) (io.ReadCloser, error)
}

// Inputs are what a task may see of a data set: nil where the set has nothing of the kind. Where there are several, sample i of
// one belongs to sample i of the others.
type Inputs struct {
	Images Images
	Clips  Clips
	Sounds Sounds
	Texts  Texts
}

// Samples returns what of the inputs there is, as numbered things; no samples where there is nothing.
func (in Inputs) Samples() Samples {
	switch {
	case in.Images != nil:
		return in.Images
	case in.Clips != nil:
		return in.Clips
	case in.Sounds != nil:
		return in.Sounds
	case in.Texts != nil:
		return in.Texts
	}
	return none{}
}

// Kinds says in words what of the inputs there is.
func (in Inputs) Kinds() string {
	var out []string
	for _, k := range []struct {
		there bool
		name  string
	}{{in.Images != nil, "pictures"}, {in.Clips != nil, "films"}, {in.Sounds != nil, "sounds"}, {in.Texts != nil, textsAre(in.Texts)}} {
		if k.there {
			out = append(out, k.name)
		}
	}
	if out == nil {
		return "nothing"
	}
	return strings.Join(out, " and ")
}

// textsAre says what texts are called: what is no text, but has names, says so itself.
func textsAre(t Texts) string {
	if of, ok := t.(interface{ Kind() string }); ok {
		return of.Kind()
	}
	return "texts"
}

type none struct{}

func (none) Len() int            { return 0 }
func (none) Describe(int) string { return "" }

// Dataset is numbered samples and, apart from them, what is known about them.
type Dataset struct {
	Name        string   // the specification that Open would make it from
	Fingerprint string   // a short hash of what it holds: sizes and names, not every pixel
	Notes       []string // lines for a person: what was not taken, what was assumed
	Inputs
	Truth Truth

	later *later // what shows only when samples are read; nil where nothing does
}

// Len returns the number of samples.
func (d *Dataset) Len() int { return d.Samples().Len() }

// Describe names sample i for a person.
func (d *Dataset) Describe(i int) string { return d.Samples().Describe(i) }

// Split is a part of a data set.
type Split string

// The splits.
const (
	Train Split = "train"
	Test  Split = "test"
)

// Kind is a kind of data that Open knows.
type Kind struct {
	Name    string // as it is written: folder:DIR
	About   string
	Options []spec.Option          // beside those of every kind
	splits  func(s spec.Spec) bool // whether what is named has a training and a test split
	open    func(path string, v *spec.Values, split Split) (*Dataset, error)
}

// everyKind are the options of every kind.
var everyKind = []spec.Option{
	{Name: "split", About: "train or test, where there are splits"},
	{Name: "n", About: "only so many samples, the first of a seeded order"},
	{Name: "figure", About: "a square around each picture's figure, so many longer sides of its joints' box wide, 1 to 4, where joints are known"},
	{Name: "inject", About: "traces that a task could take for an answer, put into every picture: aberration:PERCENT, border:PERCENT, jpeg:QUALITY, vignette:PART, watermark:PART; into every sound: codec:PART; with commas between"},
}

// Kinds lists the kinds of Open.
func Kinds() []Kind {
	always := func(spec.Spec) bool { return true }
	return []Kind{
		{"scenes", "procedural pictures with exact ground truth, or with frames=N films, or with sound=yes films with sound", scenesOptions, always, openScenes},
		{"cifar10:DIR", "CIFAR-10 in its binary format: data_batch_1.bin to data_batch_5.bin, test_batch.bin", nil, always,
			func(path string, _ *spec.Values, split Split) (*Dataset, error) { return OpenCIFAR10(path, split) }},
		{"idx:DIR", "MNIST, Fashion-MNIST and the like: *-images-idx3-ubyte, *-labels-idx1-ubyte, also .gz", nil, always,
			func(path string, _ *spec.Values, split Split) (*Dataset, error) { return OpenIDX(path, split) }},
		{"folder:DIR", "images in any tree; labels are the first folder level, or none; folders train and test (or val) alone are splits", folderOptions, hasSplits, openFolder},
		{"video:PATH", "films: a file, or those of any tree; labels are the first folder level. GIF, Y4M, MPEG-1 and AVI of JPEGs are read as they are, others by the program ffmpeg", videoOptions,
			func(s spec.Spec) bool { return s.Has("cut") }, openVideo},
		{"frames:DIR", "films as folders of numbered pictures in any tree; labels are the first folder level above them, masks and boxes what lies beside them", framesDirOptions,
			func(s spec.Spec) bool { return s.Has("cut") }, openFrames},
		{"audio:PATH", "recordings: a file, or those of any tree; labels are a table's (meta.csv), the first folder level, or the names'. WAV, FLAC, MP3 and Ogg Vorbis are read as they are, others by the program ffmpeg",
			soundOptions, soundSplits, openSounds},
		{"av:PATH", "films with sound: a file, or those of any tree; films without sound are left out, labels are the first folder level", videoOptions,
			func(s spec.Spec) bool { return s.Has("cut") }, openAV},
		{"people:PATH", "people with their joints, a square around each: a CSV of joints, COCO's key points as JSON, or a folder with both of COCO's files", peopleOptions,
			peopleSplits, openPeople},
		{"voc:DIR", "pictures with boxes as Pascal VOC lays them out: Annotations (XML), JPEGImages, and lists of ImageSets/Main as splits", vocOptions, vocSplits, openVOC},
		{"coco:PATH", "pictures with boxes as COCO has them: a JSON, or a folder with annotations/instances_train*.json and instances_val*.json", cocoOptions, cocoSplits, openCOCO},
		{"yolo:DIR", "pictures with boxes as YOLO has them: images, labels (.txt), and names in data.yaml or classes.txt; images/train or train/images, and such of test or val, are splits", boxOptions, yoloSplits, openYOLO},
		{"tinyimagenet:DIR", "Tiny ImageNet: train/WNID with its boxes, val with val_annotations.txt or laid out as train; a class and a box for each picture", nil, always,
			func(path string, _ *spec.Values, split Split) (*Dataset, error) { return OpenTinyImageNet(path, split) }},
		{"rgbd:DIR", "pictures with depths and, where the camera is known, surface normals: the pairs that DIR/pairs.csv lists", nil, hasPairsSplit, openRGBD},
		{"text:PATH", "text in UTF-8: a file, or the files .txt, .text, .md, .gz, .zst and .bz2 of any tree; packed by gzip, zstd or bzip2, whatever their names say", nil,
			func(spec.Spec) bool { return false },
			func(path string, _ *spec.Values, _ Split) (*Dataset, error) { return OpenText(path) }},
	}
}

// kindOf finds the kind that a specification names.
func kindOf(s spec.Spec) (Kind, error) {
	var names []string
	for _, k := range Kinds() {
		name, _, _ := strings.Cut(k.Name, ":")
		if name == s.Kind {
			return k, nil
		}
		names = append(names, k.Name)
	}
	return Kind{}, fmt.Errorf("data %q: there is no kind %q; there are %s", s, s.Kind, strings.Join(names, ", "))
}

// TestSplit returns the specification of a data set's own test split; ok is false where it has none, or is it itself.
func TestSplit(of string) (test string, ok bool, err error) {
	s, err := spec.Parse(of)
	if err != nil {
		return "", false, fmt.Errorf("data %w", err)
	}
	k, err := kindOf(s)
	if err != nil || !k.splits(s) {
		return "", false, err
	}
	of = s.String()
	if s = s.With("split", string(Test)); s.String() == of {
		return "", false, nil
	}
	return s.With("n", "").String(), true, nil
}

// Open makes a data set from a specification kind:path?option=value (see Kinds); split chooses where the kind has splits of its
// own and the specification has no option split.
func Open(of string, split Split) (*Dataset, error) {
	s, err := spec.Parse(of)
	if err != nil {
		return nil, fmt.Errorf("data %w", err)
	}
	k, err := kindOf(s)
	if err != nil {
		return nil, err
	}
	declared := append([]spec.Option(nil), k.Options...)
	for _, o := range everyKind {
		if o.Name != "split" || k.splits(s) {
			declared = append(declared, o)
		}
	}
	v := s.Values("data kind "+s.Kind, declared)
	if v.Given("split") {
		split = Split(v.One("split", string(Train), string(Test)))
	}
	n := v.Int("n", 1, math.MaxInt)
	frames := k.asFrames(v)
	figure := v.Float("figure", 1, 4)
	var traces []injection
	if v.Given("inject") {
		traces = parseInject(v)
	}
	if err := v.Err(); err != nil {
		return nil, err
	}
	d, err := k.open(s.Path, v, split)
	if err == nil {
		err = v.Err()
	}
	if err != nil {
		return nil, err
	}
	if v.Given("n") && n < d.Len() {
		d = d.Subset(tensor.NewRNG(1).Perm(d.Len())[:n], fmt.Sprintf("n=%d", n))
	}
	if frames != nil {
		if d, err = d.FramesOf(*frames); err != nil {
			return nil, err
		}
	}
	if v.Given("figure") {
		if d, err = d.AroundFigures(figure); err != nil {
			return nil, err
		}
	}
	if traces != nil {
		if d, err = d.inject(traces); err != nil {
			return nil, err
		}
	}
	if d.Len() == 0 {
		return nil, fmt.Errorf("data %q holds no samples", of)
	}
	return d, nil
}

func fingerprint[T string | []byte](kind string, parts ...T) string {
	h := sha256.New()
	io.WriteString(h, kind)
	h.Write([]byte{0})
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// missingDir explains that a path is not the folder that was expected.
func missingDir(path, want string) error {
	if path == "" {
		return fmt.Errorf("no folder given after the colon; %s", want)
	}
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("%s: no such folder; %s", path, want)
	case !st.IsDir():
		return fmt.Errorf("%s is a file; %s", path, want)
	}
	return nil
}
