package data

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/internal/files"
	"github.com/tessera-go/tessera/internal/spec"
)

// FolderOptions of OpenFolder.
type FolderOptions struct {
	NoLabels bool       // ignore the folders' names
	Split    Split      // of a folder that has splits; the training split where it is empty
	Cut      [2]float64 // parts of all images that make a training and a test split; zeros for no cut
	Decode   DecodeOptions
}

var folderOptions = []spec.Option{
	{Name: "labels", Default: "yes", About: "no: ignore the folders' names"},
	{Name: "cut", About: "such as 0.8/0.2: parts for training and testing, of a folder that has no folders train and test; a file stays in its part while others come and go"},
	{Name: "stretch", Default: "no", About: "yes: scale pictures of more than 8 bits a value by the bits that each uses, such as a microscope's 12 bits in a file of 16"},
	{Name: "truncated", Default: "refuse", About: "accept: let in JPEGs that are cut short; what is missing is grey"},
}

type folder struct {
	dir    string
	files  []string // relative, sorted
	sizes  []int64
	decode DecodeOptions
	later  *later // nil where all was said when it was opened
}

// folderLabels are the folders of the first level.
type folderLabels struct {
	labels  []int
	classes []string
}

func (l *folderLabels) Label(i int) int   { return l.labels[i] }
func (l *folderLabels) Classes() []string { return l.classes }

// testFolders are the names of a folder's test split, in the order in which they are looked for.
var testFolders = []string{"test", "val", "valid", "validation"}

// mostBeside is how many entries a root has that is no root of splits.
const mostBeside = 64

// folderSplits returns the folders of a root that has nothing else than folders train and at least one of testFolders; nil for others.
func folderSplits(dir string) map[Split]string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	entries, err := f.ReadDir(mostBeside)
	if err != nil || len(entries) == mostBeside { // a folder of a million pictures is not listed for this
		return nil
	}
	found := map[string]string{}
	for _, e := range entries {
		name := e.Name()
		st, err := os.Stat(filepath.Join(dir, name))
		switch {
		case strings.HasPrefix(name, ".") || err == nil && !st.IsDir() && !imageEndings[strings.ToLower(filepath.Ext(name))]:
			continue // a list of words beside them is no picture
		case err != nil || !st.IsDir():
			return nil
		}
		found[strings.ToLower(name)] = name
	}
	train, test := found["train"], ""
	known := 1
	for _, name := range testFolders {
		if found[name] != "" {
			known++
			if test == "" {
				test = found[name]
			}
		}
	}
	if train == "" || test == "" || known != len(found) {
		return nil
	}
	return map[Split]string{Train: train, Test: test}
}

// openFolder opens what a specification names.
func openFolder(path string, v *spec.Values, split Split) (*Dataset, error) {
	o := FolderOptions{NoLabels: !v.Bool("labels"), Split: split}
	o.Decode = DecodeOptions{Stretch: v.One("stretch", "no", "yes") == "yes", Truncated: v.One("truncated", "refuse", "accept") == "accept"}
	if v.Given("cut") {
		o.Cut = parseCut(v)
	}
	if v.Err() != nil {
		return nil, v.Err()
	}
	return OpenFolder(path, o)
}

// parseCut reads the option cut.
func parseCut(v *spec.Values) (cut [2]float64) {
	text := v.Text("cut")
	a, b, ok := strings.Cut(text, "/")
	var errs [2]error
	cut[0], errs[0] = strconv.ParseFloat(a, 64)
	cut[1], errs[1] = strconv.ParseFloat(b, 64)
	if !ok || errs[0] != nil || errs[1] != nil || !(cut[0] > 0) || !(cut[1] > 0) || !(cut[0]+cut[1] <= 1+1e-9) {
		v.Fail("option cut=%s, want two parts such as 0.8/0.2, above 0 and together at most 1", text)
	}
	return cut
}

// hasSplits tells whether a specification's folder has splits: folders of its own, or a cut.
func hasSplits(s spec.Spec) bool { return s.Has("cut") || folderSplits(s.Path) != nil }

// OpenFolder lists the images in a tree, in any depth, sorted by path; links are followed. The folders of the first level are the
// classes, unless there are images beside them or only one folder; then there are no labels. A root that holds nothing but folders
// train and test (or val, valid, validation) has two splits. Notes of the data set say what was not taken, and why.
func OpenFolder(dir string, o FolderOptions) (*Dataset, error) {
	if err := missingDir(dir, "folder: wants a folder of images"); err != nil {
		return nil, err
	}
	if o.Split == "" {
		o.Split = Train
	}
	d, name := &Dataset{}, o.spec(dir)
	splits := folderSplits(dir)
	if splits != nil {
		if o.Cut != [2]float64{} {
			return nil, fmt.Errorf("%s has the splits %s and %s of its own; there is nothing to cut", dir, splits[Train], splits[Test])
		}
		name = name.With("split", string(o.Split))
		d.Notes = append(d.Notes, fmt.Sprintf("%s has the splits %s and %s: this is %s", dir, splits[Train], splits[Test], splits[o.Split]))
		dir = filepath.Join(dir, splits[o.Split])
	}
	f := &folder{dir: dir, decode: o.Decode}
	s := scan{root: dir, wanted: imageEndings, left: map[string]int{}, take: func(rel string, size int64) {
		f.files, f.sizes = append(f.files, rel), append(f.sizes, size)
	}}
	if err := s.walk("", nil); err != nil {
		return nil, err
	}
	d.Notes = append(d.Notes, s.notes()...)
	if len(f.files) == 0 {
		return nil, fmt.Errorf("%s holds no images (%s); wanted are %s in any depth", dir, s.summary(), endingsText)
	}
	labels, stray := firstLevel(f.files)
	if labels == nil && stray != "" && !o.NoLabels {
		d.Notes = append(d.Notes, fmt.Sprintf("%s lies beside the folders, so their names are no labels", stray))
	}
	if o.Cut != [2]float64{} {
		name = name.With("cut", fmt.Sprintf("%g/%g", o.Cut[0], o.Cut[1])).With("split", string(o.Split))
		labels = f.cut(o.Cut, o.Split, labels)
		if len(f.files) == 0 {
			return nil, fmt.Errorf("%s: the part %s of cut=%g/%g is empty", dir, o.Split, o.Cut[0], o.Cut[1])
		}
	}
	d.Notes = append(d.Notes, f.notes()...)
	d.later = f.later
	d.Name, d.Fingerprint, d.Inputs = name.String(), f.fingerprint(), Inputs{Images: f}
	if labels != nil && !o.NoLabels {
		d.Truth.Labels = labels
	}
	return d, nil
}

// spec is how a folder is named with its options, but for those that say which part of it.
func (o FolderOptions) spec(dir string) spec.Spec {
	s := spec.Spec{Kind: "folder", Path: dir}
	if o.NoLabels {
		s = s.With("labels", "no")
	}
	if o.Decode.Stretch {
		s = s.With("stretch", "yes")
	}
	if o.Decode.Truncated {
		s = s.With("truncated", "accept")
	}
	return s
}

// cut keeps the files of a split. It returns their labels.
func (f *folder) cut(parts [2]float64, split Split, labels *folderLabels) *folderLabels {
	kept := cutOf(f.files, parts, split)
	out := &folder{dir: f.dir, decode: f.decode}
	for _, i := range kept {
		out.files, out.sizes = append(out.files, f.files[i]), append(out.sizes, f.sizes[i])
	}
	*f = *out
	return labels.of(kept)
}

// cutOf returns the numbers of the paths of a split, rising: of those that come first, or behind them, in the order of their hashes.
func cutOf(files []string, parts [2]float64, split Split) []int {
	order := make([]int, len(files))
	hashes := make([][sha256.Size]byte, len(files))
	for i, p := range files {
		order[i], hashes[i] = i, sha256.Sum256([]byte(p))
	}
	slices.SortFunc(order, func(a, b int) int { return slices.Compare(hashes[a][:], hashes[b][:]) })
	n := float64(len(order))
	a, b := int(math.Round(n*parts[0])), int(math.Round(n*(parts[0]+parts[1])))
	kept := order[:a]
	if split == Test {
		kept = order[a:b]
	}
	kept = slices.Clone(kept)
	slices.Sort(kept)
	return kept
}

// of returns the labels of some files; nil stays nil.
func (l *folderLabels) of(kept []int) *folderLabels {
	if l == nil {
		return nil
	}
	out := &folderLabels{classes: l.classes}
	for _, i := range kept {
		out.labels = append(out.labels, l.labels[i])
	}
	return out
}

// firstLevel returns the folders of the first level of paths as labels; nil where there are files beside them, of which it names one, or fewer
// than two folders.
func firstLevel(files []string) (l *folderLabels, stray string) {
	index := map[string]int{}
	for _, p := range files {
		class, _, deep := strings.Cut(p, "/")
		if !deep {
			stray = p
			continue
		}
		index[class] = 0
	}
	if stray != "" && len(index) > 0 {
		return nil, stray
	}
	if len(index) < 2 {
		return nil, ""
	}
	l = &folderLabels{labels: make([]int, len(files))}
	for c := range index {
		l.classes = append(l.classes, c)
	}
	sort.Strings(l.classes)
	for i, c := range l.classes {
		index[c] = i
	}
	for i, p := range files {
		class, _, _ := strings.Cut(p, "/")
		l.labels[i] = index[class]
	}
	return l, ""
}

func (f *folder) Len() int              { return len(f.files) }
func (f *folder) Describe(i int) string { return filepath.Join(f.dir, filepath.FromSlash(f.files[i])) }

func (f *folder) fingerprint() string {
	var parts []string
	if f.decode != (DecodeOptions{}) {
		parts = append(parts, fmt.Sprintf("%+v", f.decode))
	}
	for i, p := range f.files {
		parts = append(parts, fmt.Sprint(p, f.sizes[i]))
	}
	return fingerprint("folder", parts...)
}

func (f *folder) Image(i int) (*Image, error) { return f.ImageFrame(i, nil) }

func (f *folder) ImageFrame(i int, choose func(h, w int) Frame) (*Image, error) {
	path := f.Describe(i)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	im, head, top, err := f.decode.read(b, choose)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.seen(i, head, top)
	return im, nil
}

// ReadImage returns the picture in a file, of any format that Decode reads.
func ReadImage(path string) (*Image, error) {
	b, err := readPicture(path)
	if err != nil {
		return nil, err
	}
	im, err := Decode(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return im, nil
}

// readPicture returns what a picture's file holds. A pipe or a device is not opened: nothing might ever come, or no end.
func readPicture(path string) ([]byte, error) {
	b, err := files.Read(path, maxPictureBytes)
	switch {
	case errors.Is(err, files.ErrNoFile):
		return nil, fmt.Errorf("%s is no file that holds a picture", path)
	case errors.Is(err, files.ErrTooLarge):
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, err
}

// maxPictureBytes is how large a picture's file may be: as much memory as decoding it may take.
const maxPictureBytes = 2 << 30

// size is the file's; of one that cannot be looked at 0.
func (f *folder) size(i int) int64 {
	st, err := os.Stat(f.Describe(i))
	if err != nil {
		return 0
	}
	return st.Size()
}

// Hash is of the file's bytes.
func (f *folder) Hash(i int) (Hash, error) {
	b, err := os.ReadFile(f.Describe(i))
	return sha256.Sum256(b), err
}
