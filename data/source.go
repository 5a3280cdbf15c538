package data

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/tensor"
)

// Image is an 8-bit RGB picture, [H W 3].
type Image struct {
	H, W int
	Pix  []uint8
}

// NewImage returns a black picture.
func NewImage(h, w int) *Image { return &Image{h, w, make([]uint8, h*w*3)} }

// Source hands out samples by number. It must serve several goroutines at once.
type Source interface {
	// Name is the specification that Open would make it from.
	Name() string
	Len() int
	// Image returns sample i. An error concerns that sample alone.
	Image(i int) (*Image, error)
	// Label returns the class of sample i, or -1 where there is none. A pretext task never asks.
	Label(i int) int
	// Classes returns the names of the classes; none where there are no labels.
	Classes() []string
	// Describe names sample i for a person: its file, or its place in one.
	Describe(i int) string
	// Fingerprint is a short hash of what the source holds (sizes and names, not every pixel).
	Fingerprint() string
}

// Split is a part of a data set.
type Split string

// The splits.
const (
	Train Split = "train"
	Test  Split = "test"
)

// Spec is a parsed data specification: kind:path?option=value&option=value.
type Spec struct {
	Kind, Path string
	Options    url.Values
	used       map[string]bool
}

// Kinds lists the kinds of Open with a line about each.
var Kinds = [][2]string{
	{"scenes", "procedural pictures with exact ground truth; options n (10000), side (32), seed (1)"},
	{"cifar10:DIR", "CIFAR-10 in its binary format: data_batch_1.bin to data_batch_5.bin, test_batch.bin"},
	{"idx:DIR", "MNIST, Fashion-MNIST and the like: *-images-idx3-ubyte, *-labels-idx1-ubyte, also .gz"},
	{"folder:DIR", "images in any tree; labels are the first folder level, or none; options labels=no"},
}

// ParseSpec parses kind:path?option=value.
func ParseSpec(s string) (*Spec, error) {
	body, query, _ := strings.Cut(s, "?")
	kind, path, _ := strings.Cut(body, ":")
	q, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("data %q: the options after '?' do not parse: %v", s, err)
	}
	return &Spec{kind, path, q, map[string]bool{}}, nil
}

// Get returns an option, or a default.
func (s *Spec) Get(name, otherwise string) string {
	s.used[name] = true
	if s.Options.Has(name) {
		return s.Options.Get(name)
	}
	return otherwise
}

// Int returns an option as an integer of at least low.
func (s *Spec) Int(name string, otherwise, low int) (int, error) {
	v := s.Get(name, strconv.Itoa(otherwise))
	n, err := strconv.Atoi(v)
	if err != nil || n < low {
		return 0, fmt.Errorf("data option %s=%s: want a whole number of at least %d", name, v, low)
	}
	return n, nil
}

// unread returns an error that names the options nobody asked for.
func (s *Spec) unread() error {
	for name := range s.Options {
		if !s.used[name] {
			known := []string{}
			for k := range s.used {
				known = append(known, k)
			}
			return fmt.Errorf("data kind %s has no option %q; it has %s", s.Kind, name, strings.Join(sorted(known), ", "))
		}
	}
	return nil
}

// Open makes a source from a specification; split chooses where the kind has splits of its own (an option split= wins).
// Options of every kind: split=train|test, n=N (the first N in a seeded order; for scenes how many there are).
func Open(spec string, split Split) (Source, error) {
	s, err := ParseSpec(spec)
	if err != nil {
		return nil, err
	}
	split = Split(s.Get("split", string(split)))
	if split != Train && split != Test {
		return nil, fmt.Errorf("data %q: split %q, want train or test", spec, split)
	}
	var src Source
	switch s.Kind {
	case "scenes":
		src, err = openScenes(s, split)
	case "cifar10":
		src, err = OpenCIFAR10(s.Path, split)
	case "idx":
		src, err = OpenIDX(s.Path, split)
	case "folder":
		src, err = OpenFolder(s.Path, FolderOptions{NoLabels: s.Get("labels", "yes") == "no"})
	default:
		var names []string
		for _, k := range Kinds {
			names = append(names, k[0])
		}
		return nil, fmt.Errorf("data %q: there is no kind %q; there are %s", spec, s.Kind, strings.Join(names, ", "))
	}
	if err != nil {
		return nil, err
	}
	if s.Kind != "scenes" {
		n, err := s.Int("n", src.Len(), 1)
		if err != nil {
			return nil, err
		}
		if n < src.Len() {
			src = Subset(src, tensor.NewRNG(1).Perm(src.Len())[:n], fmt.Sprintf("n=%d", n))
		}
	}
	if err := s.unread(); err != nil {
		return nil, err
	}
	if src.Len() == 0 {
		return nil, fmt.Errorf("data %q holds no samples", spec)
	}
	return src, nil
}

// subset is some samples of another source.
type subset struct {
	Source
	index []int
	what  string
}

// Subset returns the samples of src with these numbers, in this order; what describes the choice.
func Subset(src Source, index []int, what string) Source { return &subset{src, index, what} }

func (s *subset) Name() string {
	if strings.Contains(s.Source.Name(), "?") {
		return s.Source.Name() + "&" + s.what
	}
	return s.Source.Name() + "?" + s.what
}
func (s *subset) Len() int                    { return len(s.index) }
func (s *subset) Image(i int) (*Image, error) { return s.Source.Image(s.index[i]) }
func (s *subset) ImageFrame(i int, choose func(h, w int) Frame) (*Image, error) {
	return ImageFrame(s.Source, s.index[i], choose)
}
func (s *subset) Label(i int) int       { return s.Source.Label(s.index[i]) }
func (s *subset) Describe(i int) string { return s.Source.Describe(s.index[i]) }
func (s *subset) Fingerprint() string {
	return fingerprint(s.Source.Fingerprint(), s.what, fmt.Sprint(len(s.index)))
}

func fingerprint(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		io.WriteString(h, p)
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
