package data

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/internal/files"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
)

// VOCOptions of OpenVOC.
type VOCOptions struct {
	Split       Split
	Train, Test string     // lists of ImageSets/Main; empty: trainval beside test, else train; test, else val
	Cut         [2]float64 // parts for training and testing, where there are no lists; zeros for no cut
	Segments    bool       // only pictures with a class for each pixel (SegmentationClass), and the lists of ImageSets/Segmentation
}

var vocOptions = append([]spec.Option{
	{Name: "train", About: "the list of ImageSets/Main to train on, where it is neither trainval (beside a list test) nor train"},
	{Name: "test", About: "the list of ImageSets/Main to test on, where it is neither test nor val"},
	{Name: "segments", Default: "no", About: "yes: only pictures with a class for each pixel (SegmentationClass), and the lists of ImageSets/Segmentation"},
}, boxOptions...)

// vocNames are the classes of Pascal VOC.
var vocNames = []string{"aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog", "horse", "motorbike", "person",
	"pottedplant", "sheep", "sofa", "train", "tvmonitor"}

// What a file of annotations may hold.
const (
	maxVOCBytes = 16 << 20
	maxVOCList  = 256 << 20
)

// OpenVOC opens pictures with boxes as Pascal VOC lays them out (Everingham et al. 2010), and tools that write its XML: Annotations/ID.xml,
// JPEGImages/ID.jpg (or images, or all in one folder), and lists of IDs in ImageSets/Main, which are the splits. VOC counts pixels from 1 and names
// the last one; boxes here begin one earlier, so that their sides are differences. Classes are VOC's twenty where all names are of them, else
// the names in their order. Classes of pixels are those of SegmentationClass. A picture without annotation is not known to be empty, and is left out; one whose annotation has no object is kept.
func OpenVOC(dir string, o VOCOptions) (*Dataset, error) {
	if err := missingDir(dir, "voc: wants a folder with Annotations and JPEGImages"); err != nil {
		return nil, err
	}
	if o.Split == "" {
		o.Split = Train
	}
	notes, pictures := vocDirs(dir)
	s := spec.Spec{Kind: "voc", Path: dir}
	for _, x := range [][2]string{{"train", o.Train}, {"test", o.Test}} {
		if x[1] != "" {
			s = s.With(x[0], x[1])
		}
	}
	if o.Segments {
		s = s.With("segments", "yes")
	}
	var t faults
	ids, err := vocIDs(dir, notes, o, s, &t)
	if err != nil {
		return nil, err
	}
	if o.Cut != [2]float64{} {
		s = s.With("cut", fmt.Sprintf("%g/%g", o.Cut[0], o.Cut[1]))
	}
	if vocSplits(s) {
		s = s.With("split", string(o.Split))
	}
	b, err := readVOC(notes, pictures, ids, &t)
	if err == nil && o.Cut != [2]float64{} {
		b.cutTo(o.Cut, o.Split)
	}
	var segments *vocSegments
	if err == nil && o.Segments {
		segments = b.withSegments(filepath.Join(dir, "SegmentationClass"), &t)
	}
	if err == nil && len(b.list) == 0 {
		err = fmt.Errorf("%s: none of %d annotations can be used: %s", dir, len(ids), strings.Join(t.notes(dir), "; "))
	}
	if err != nil {
		return nil, err
	}
	d := b.dataset(s, &t)
	if segments != nil {
		d.Truth.Segments = segments
	}
	return d, nil
}

func openVOC(path string, v *spec.Values, split Split) (*Dataset, error) {
	o := VOCOptions{Split: split, Segments: v.Bool("segments")}
	if v.Given("train") {
		o.Train = v.Text("train")
	}
	if v.Given("test") {
		o.Test = v.Text("test")
	}
	if v.Given("cut") {
		o.Cut = parseCut(v)
	}
	if v.Err() != nil {
		return nil, v.Err()
	}
	return OpenVOC(path, o)
}

// vocDirs returns the folders of the annotations and the pictures.
func vocDirs(dir string) (notes, pictures string) {
	notes = firstDir(filepath.Join(dir, "Annotations"), filepath.Join(dir, "annotations"), dir)
	return notes, firstDir(filepath.Join(dir, "JPEGImages"), filepath.Join(dir, "images"), dir)
}

// vocLists returns the files of the lists that are the splits; empty where there is none.
func vocLists(s spec.Spec) map[Split]string {
	dir, train, test := filepath.Join(s.Path, "ImageSets", "Main"), s.Get("train"), s.Get("test")
	if s.Get("segments") == "yes" {
		dir = filepath.Join(s.Path, "ImageSets", "Segmentation")
	}
	has := func(name string) bool {
		return files.Regular(filepath.Join(dir, name+".txt"))
	}
	if test == "" {
		switch {
		case has("test"):
			test = "test"
		case has("val"):
			test = "val"
		}
	}
	if train == "" {
		switch {
		case test == "test" && has("trainval"):
			train = "trainval"
		case has("train"):
			train = "train"
		}
	}
	out := map[Split]string{}
	for split, name := range map[Split]string{Train: train, Test: test} {
		if name != "" {
			out[split] = filepath.Join(dir, name+".txt")
		}
	}
	return out
}

// vocSplits tells whether what is named has splits.
func vocSplits(s spec.Spec) bool {
	return s.Has("cut") || len(vocLists(s)) == 2
}

// vocIDs returns the names of the annotations of a split: of its list, or where there are no lists all.
func vocIDs(dir, notes string, o VOCOptions, s spec.Spec, t *faults) ([]string, error) {
	if lists := vocLists(s); len(lists) == 2 {
		if o.Cut != [2]float64{} {
			return nil, fmt.Errorf("%s has the splits %s and %s of its own; there is nothing to cut", dir, filepath.Base(lists[Train]), filepath.Base(lists[Test]))
		}
		path := lists[o.Split]
		ids, err := readVOCList(path, t)
		if err == nil && len(ids) == 0 {
			err = fmt.Errorf("%s names no picture", path)
		}
		return ids, err
	}
	entries, err := os.ReadDir(notes)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		if stem, ok := strings.CutSuffix(e.Name(), ".xml"); ok && !strings.HasPrefix(stem, ".") {
			ids = append(ids, stem)
		}
	}
	if len(ids) == 0 {
		below, _ := filepath.Glob(filepath.Join(escapeGlob(dir), "*", "Annotations"))
		if len(below) > 0 {
			return nil, fmt.Errorf("%s holds no annotations (.xml); did you mean %s?", notes, filepath.Dir(below[0]))
		}
		return nil, fmt.Errorf("%s holds no annotations (.xml); voc: wants a folder with Annotations and JPEGImages", notes)
	}
	return ids, nil
}

// readVOCList reads a list of pictures: an ID a line, behind which a class's lists have a number.
func readVOCList(path string, t *faults) ([]string, error) {
	raw, err := files.Read(path, maxVOCList)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the list of a split: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("the list of a split: %s: %w", path, err)
	}
	ids, err := parseVOCList(bytes.NewReader(raw), t)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return ids, nil
}

func parseVOCList(r io.Reader, t *faults) (ids []string, err error) {
	seen := map[string]bool{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		id, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff")), " ")
		switch {
		case id == "":
			continue
		case seen[id]:
			t.add("pictures stand in their list again and are taken once", id)
			continue
		case len(ids) == maxBoxPictures:
			return nil, fmt.Errorf("more than %d pictures", maxBoxPictures)
		}
		if err := fileName(id); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		seen[id] = true
		ids = append(ids, id)
	}
	return ids, lines.Err()
}

// vocPicture is what a file of annotations says. Boxes have the numbers of names.
type vocPicture struct {
	file   string // as the annotation has it
	h, w   int
	boxes  []Box
	names  []string
	err    error
	faults faults
}

// readVOC reads annotations and finds their pictures.
func readVOC(notes, pictures string, ids []string, t *faults) (*boxed, error) {
	there, err := picturesIn(pictures, t)
	if err != nil {
		return nil, err
	}
	read := make([]vocPicture, len(ids))
	parallel.For(len(ids), func(i int) { read[i].open(notes, pictures, ids[i], there) })
	b := &boxed{root: pictures}
	names := map[string]int{}
	for i, p := range read {
		at := ids[i] + ".xml"
		switch {
		case errors.Is(p.err, os.ErrNotExist):
			t.add("pictures have no annotation and are left out: it is not known what is in them", ids[i])
		case errors.Is(p.err, errNoPicture):
			t.add("annotations are of pictures that are not there and are left out", at)
		case p.err != nil:
			t.add("annotations cannot be read, and their pictures are left out", fmt.Sprintf("%s: %v", at, p.err))
		default:
			b.list = append(b.list, boxedPicture{p.file, p.h, p.w, p.boxes})
		}
		t.all(p.faults)
		for _, n := range p.names {
			names[n] = 0
		}
	}
	if len(names) > maxBoxClasses {
		return nil, fmt.Errorf("%s: %d classes, at most %d are read", notes, len(names), maxBoxClasses)
	}
	b.classes = vocClasses(names)
	for c, n := range b.classes {
		names[n] = c
	}
	for _, p := range read { // the boxes are those of b's list
		for k := range p.boxes {
			p.boxes[k].Class = names[p.names[p.boxes[k].Class]]
		}
	}
	return b, nil
}

// vocClasses are the classes of some names.
func vocClasses(names map[string]int) []string {
	var out []string
	all := true
	for n := range names {
		out = append(out, n)
		all = all && slices.Contains(vocNames, n)
	}
	if all {
		return vocNames
	}
	slices.Sort(out)
	return out
}

var errNoPicture = errors.New("there is no such picture")

// open reads an annotation.
func (p *vocPicture) open(notes, pictures, id string, there map[string]string) {
	raw, err := files.Read(filepath.Join(notes, filepath.FromSlash(id)+".xml"), maxVOCBytes)
	if err == nil {
		err = p.parse(raw, id)
	}
	if p.err = err; err != nil {
		return
	}
	stem := strings.TrimSuffix(filepath.Base(p.file), filepath.Ext(p.file))
	if p.file = there[id]; p.file == "" {
		p.file = there[stem]
	}
	if p.file == "" {
		p.err = errNoPicture
		return
	}
	if p.h == 0 {
		raw, err := readPicture(filepath.Join(pictures, p.file))
		if err == nil {
			p.h, p.w, err = sizeOf(raw)
		}
		if err != nil {
			p.err = fmt.Errorf("it has no size, and %s: %w", p.file, err)
			return
		}
	}
	kept := p.boxes[:0]
	for _, b := range p.boxes {
		if b.fit(float32(p.h), float32(p.w), 1, &p.faults, id+".xml") {
			kept = append(kept, b)
		}
	}
	p.boxes = kept
}

// parse reads the XML of an annotation. A box that cannot be read is counted.
func (p *vocPicture) parse(raw []byte, id string) error {
	var in struct {
		XMLName xml.Name `xml:"annotation"`
		File    string   `xml:"filename"`
		Width   string   `xml:"size>width"`
		Height  string   `xml:"size>height"`
		Objects []struct {
			Name      string `xml:"name"`
			Difficult string `xml:"difficult"`
			Box       struct {
				X0 string `xml:"xmin"`
				Y0 string `xml:"ymin"`
				X1 string `xml:"xmax"`
				Y1 string `xml:"ymax"`
			} `xml:"bndbox"`
		} `xml:"object"`
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return errors.New("it is empty")
	}
	if err := xml.Unmarshal(raw, &in); err != nil {
		return fmt.Errorf("no annotation of VOC's: %s", spec.Line(err.Error()))
	}
	p.file = strings.TrimSpace(in.File)
	side := func(text string) int {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 || n > maxPlace {
			return 0
		}
		return n
	}
	if p.h, p.w = side(in.Height), side(in.Width); p.h == 0 || p.w == 0 {
		p.h, p.w = 0, 0
	}
	index := map[string]int{}
	for k, o := range in.Objects {
		where := fmt.Sprintf("%s.xml, object %d", id, k+1)
		name := spec.Line(strings.TrimSpace(o.Name))
		var v [4]float32
		bad := false
		for i, text := range []string{o.Box.X0, o.Box.Y0, o.Box.X1, o.Box.Y1} {
			x, err := strconv.ParseFloat(strings.TrimSpace(text), 32)
			bad = bad || err != nil
			v[i] = float32(x)
		}
		switch {
		case name == "":
			p.faults.add("objects have no name and are left out", where)
			continue
		case bad:
			p.faults.add("objects have no box of four numbers and are left out", where)
			continue
		}
		c, ok := index[name]
		if !ok {
			c = len(p.names)
			index[name] = c
			p.names = append(p.names, name)
		}
		difficult := strings.TrimSpace(o.Difficult)
		p.boxes = append(p.boxes, Box{X0: v[0] - 1, Y0: v[1] - 1, X1: v[2], Y1: v[3], Class: c, Difficult: difficult == "1" || strings.EqualFold(difficult, "true")})
	}
	return nil
}
