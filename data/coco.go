package data

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tessera-go/tessera/internal/files"
	"github.com/tessera-go/tessera/internal/spec"
)

// COCOOptions of OpenCOCO.
type COCOOptions struct {
	Split  Split
	Images string     // where the pictures lie; empty: where COCO and tools that write its JSON put them
	Cut    [2]float64 // parts for training and testing, where there is one file; zeros for no cut
}

var cocoOptions = append([]spec.Option{
	{Name: "images", About: "the folder of the pictures, where it is neither beside the file nor called images, train or val there"},
}, boxOptions...)

// maxCOCOBytes is how long a file may be; it is read as a stream.
const maxCOCOBytes = 16 << 30

// OpenCOCO opens pictures with boxes as COCO has them (Lin et al., "Microsoft COCO: common objects in context", 2014). The path is
//
//	a JSON     of images, annotations and categories
//	a folder   that has annotations/instances_train*.json and instances_val*.json, or train/_annotations.coco.json and one in test, val or valid
//
// Classes are the categories, in the order of their numbers. Crowds are marked, and areas are the annotations'. A picture without annotation is one in
// which nothing is to be found.
func OpenCOCO(path string, o COCOOptions) (*Dataset, error) {
	if o.Split == "" {
		o.Split = Train
	}
	file, splits, err := instancesFile(path, o.Split)
	if err != nil {
		return nil, err
	}
	if splits && o.Cut != [2]float64{} {
		return nil, fmt.Errorf("%s has splits of its own; there is nothing to cut", path)
	}
	var t faults
	if file != path {
		t.also = passedOver(file)
	}
	b, err := readInstances(file, &t)
	if err != nil {
		return nil, err
	}
	if err := b.findImages(file, path, o.Images); err != nil {
		return nil, err
	}
	b.leaveOutMissing(&t)
	s := spec.Spec{Kind: "coco", Path: path}
	if o.Images != "" {
		s = s.With("images", o.Images)
	}
	if o.Cut != [2]float64{} {
		s = s.With("cut", fmt.Sprintf("%g/%g", o.Cut[0], o.Cut[1]))
		b.cutTo(o.Cut, o.Split)
	}
	if cocoSplits(s) {
		s = s.With("split", string(o.Split))
	}
	if len(b.list) == 0 {
		return nil, fmt.Errorf("%s: none of its pictures can be used; they were looked for in %s: %s", file, b.root, strings.Join(t.notes(file), "; "))
	}
	return b.dataset(s, &t), nil
}

func openCOCO(path string, v *spec.Values, split Split) (*Dataset, error) {
	o := COCOOptions{Split: split}
	if v.Given("images") {
		o.Images = v.Text("images")
	}
	if v.Given("cut") {
		o.Cut = parseCut(v)
	}
	if v.Err() != nil {
		return nil, v.Err()
	}
	return OpenCOCO(path, o)
}

// instancesFiles returns the files of boxes below a folder.
func instancesFiles(dir string) map[Split]string {
	out := cocoFiles(dir, "instances")
	for split, names := range map[Split][]string{Train: {"train"}, Test: testFolders} {
		for _, name := range names {
			at := filepath.Join(dir, name, "_annotations.coco.json")
			if _, err := os.Stat(at); err == nil && out[split] == "" {
				out[split] = at
			}
		}
	}
	return out
}

// cocoSplits tells whether what is named has splits.
func cocoSplits(s spec.Spec) bool { return s.Has("cut") || len(instancesFiles(s.Path)) == 2 }

// instancesFile returns the file of a split of what a path names, and whether there are splits.
func instancesFile(path string, split Split) (file string, splits bool, err error) {
	st, err := os.Stat(path)
	if err != nil {
		return "", false, fmt.Errorf("coco: wants a JSON of COCO's, or a folder with annotations/instances_train*.json: %w", err)
	}
	if !st.IsDir() {
		return path, false, nil
	}
	found := instancesFiles(path)
	if len(found) == 0 {
		return "", false, fmt.Errorf("%s has neither annotations/instances_train*.json or instances_val*.json nor train/_annotations.coco.json", path)
	}
	if len(found) == 1 {
		for _, file := range found {
			return file, false, nil
		}
	}
	return found[split], true, nil
}

// findImages finds the folder of the pictures of a file: that in which one of the first is.
func (b *boxed) findImages(file, path, images string) error {
	dir := filepath.Dir(file)
	of := strings.TrimSuffix(filepath.Base(file), ".json")
	of = of[strings.LastIndex(of, "_")+1:] // instances_train2017
	up := filepath.Dir(dir)
	all := []string{dir, filepath.Join(dir, "images"), filepath.Join(up, of), filepath.Join(up, "images", of), filepath.Join(up, "images"), filepath.Join(dir, of), filepath.Join(up, "data")}
	if images != "" {
		all = []string{images}
	}
	for _, dir := range all {
		for _, p := range b.list[:min(len(b.list), 16)] {
			if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(p.file))); err == nil {
				b.root = dir
				return nil
			}
		}
	}
	b.root = all[0]
	return missingDir(b.root, "coco: wants the folder of the pictures in the option images")
}

// leaveOutMissing leaves out the pictures that are not there.
func (b *boxed) leaveOutMissing(t *faults) {
	kept := b.list[:0]
	for _, p := range b.list {
		if !files.Regular(filepath.Join(b.root, filepath.FromSlash(p.file))) {
			t.add("pictures with annotations are not there and are left out", p.file)
			continue
		}
		kept = append(kept, p)
	}
	b.list = kept
}

// readInstances reads a file of boxes.
func readInstances(path string, t *faults) (*boxed, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > maxCOCOBytes { // before it is opened: a pipe would wait for whoever writes
		return nil, fmt.Errorf("%s is no file of at most %d GiB", path, int64(maxCOCOBytes)>>30)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := parseInstances(bufio.NewReaderSize(io.LimitReader(f, maxCOCOBytes), 1<<20), t)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// instances are what a file of COCO's says.
type instances struct {
	images      []cocoImage
	annotations []cocoAnnotation
	categories  []cocoCategory
}

type cocoImage struct {
	ID   int64   `json:"id"`
	File string  `json:"file_name"`
	H    float64 `json:"height"`
	W    float64 `json:"width"`
}

type cocoCategory struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// cocoAnnotation leaves out the outlines, which are most of a file.
type cocoAnnotation struct {
	ID       int64     `json:"id"`
	Image    int64     `json:"image_id"`
	Category int64     `json:"category_id"`
	Box      []float64 `json:"bbox"`
	Crowd    int       `json:"iscrowd"`
	Area     float64   `json:"area"`
}

// parseInstances reads COCO's JSON as a stream: of what is not needed nothing is kept.
func parseInstances(r io.Reader, t *faults) (*boxed, error) {
	var in instances
	if err := in.read(json.NewDecoder(r)); err != nil {
		return nil, fmt.Errorf("no annotations of COCO's: %s", spec.Line(err.Error()))
	}
	if len(in.categories) == 0 {
		return nil, errors.New("it has no categories, so that its boxes have no classes")
	}
	b := &boxed{}
	class, err := b.cocoClasses(in.categories, t)
	if err != nil {
		return nil, err
	}
	at := make(map[int64]int, len(in.images))
	for k, im := range in.images {
		if err := fileName(im.File); err != nil || im.File == "" {
			return nil, fmt.Errorf("image %d: %q is no file of the folder", k+1, spec.Line(im.File))
		}
		if old, ok := at[im.ID]; ok {
			return nil, fmt.Errorf("the images %s and %s both have the number %d: it is not known whose boxes are whose", spec.Line(b.list[old].file), spec.Line(im.File), im.ID)
		}
		at[im.ID] = len(b.list)
		p := boxedPicture{file: im.File}
		if im.H >= 1 && im.W >= 1 && im.H <= maxPlace && im.W <= maxPlace {
			p.h, p.w = int(im.H), int(im.W)
		} else {
			t.add("images have no height and width: their boxes are not cut at the edges", im.File)
		}
		b.list = append(b.list, p)
	}
	b.annotate(in.annotations, at, class, t)
	return b, nil
}

// annotate gives the pictures their boxes.
func (b *boxed) annotate(annotations []cocoAnnotation, at map[int64]int, class map[int64]int, t *faults) {
	seen := make(map[int64]int, len(annotations))
	for k, a := range annotations {
		where := fmt.Sprintf("annotation %d", k+1)
		i, there := at[a.Image]
		c, known := class[a.Category]
		if old, again := seen[a.ID]; again && a.ID != 0 {
			o := annotations[old]
			if o.Image == a.Image && o.Category == a.Category && slices.Equal(o.Box, a.Box) {
				t.add("annotations stand there again and are taken once", where)
				continue
			}
			t.add("annotations have the number of another and are kept all the same", where)
		}
		seen[a.ID] = k
		switch {
		case !there:
			t.add("annotations are of images that are not listed and are left out", fmt.Sprintf("%s, of image %d", where, a.Image))
		case !known:
			t.add("annotations are of no category that is listed and are left out", fmt.Sprintf("%s, of category %d", where, a.Category))
		case len(a.Box) != 4:
			t.add("annotations have no box of four numbers and are left out", where)
		default:
			p := &b.list[i]
			x := Box{X0: float32(a.Box[0]), Y0: float32(a.Box[1]), X1: float32(a.Box[0] + a.Box[2]), Y1: float32(a.Box[1] + a.Box[3]), Class: c, Crowd: a.Crowd != 0, Area: float32(a.Area)}
			h, w := float32(p.h), float32(p.w)
			if p.h == 0 {
				h, w = maxPlace, maxPlace
			}
			if x.fit(h, w, 1, t, where) {
				p.boxes = append(p.boxes, x)
			}
		}
	}
}

// cocoClasses returns the class of each category, in the order of their numbers; those of one name are one.
func (b *boxed) cocoClasses(categories []cocoCategory, t *faults) (map[int64]int, error) {
	slices.SortStableFunc(categories, func(a, b cocoCategory) int { return cmp.Compare(a.ID, b.ID) })
	class, named := map[int64]int{}, map[string]int{}
	for k, c := range categories {
		name := spec.Line(strings.TrimSpace(c.Name))
		switch {
		case name == "":
			return nil, fmt.Errorf("the category %d has no name", c.ID)
		case k > 0 && categories[k-1].ID == c.ID:
			return nil, fmt.Errorf("the categories %s and %s both have the number %d", spec.Line(categories[k-1].Name), name, c.ID)
		}
		if _, ok := named[name]; ok {
			t.add("categories have the name of another and are one class with it", name)
		} else {
			named[name] = len(b.classes)
			b.classes = append(b.classes, name)
		}
		class[c.ID] = named[name]
	}
	if len(b.classes) > maxBoxClasses {
		return nil, fmt.Errorf("%d categories, at most %d are read", len(b.classes), maxBoxClasses)
	}
	return class, nil
}

// read reads the three lists, in whatever order they come, and passes over all else.
func (in *instances) read(d *json.Decoder) error {
	if err := expect(d, '{'); err != nil {
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		switch key {
		case "images":
			err = listOf(d, &in.images, maxBoxPictures)
		case "annotations":
			err = listOf(d, &in.annotations, maxBoxes)
		case "categories":
			err = listOf(d, &in.categories, 16*maxBoxClasses)
		default:
			err = passOver(d)
		}
		if err != nil {
			return fmt.Errorf("%v: %w", key, err)
		}
	}
	return expect(d, '}')
}

// expect reads a mark.
func expect(d *json.Decoder, mark json.Delim) error {
	tok, err := d.Token()
	if err == nil && tok != mark {
		err = fmt.Errorf("%v where %v is wanted", tok, mark)
	}
	return err
}

// listOf reads a list, an element after the other.
func listOf[T any](d *json.Decoder, to *[]T, most int) error {
	if err := expect(d, '['); err != nil {
		return err
	}
	for d.More() {
		var v T
		if err := d.Decode(&v); err != nil {
			return fmt.Errorf("element %d: %w", len(*to)+1, err)
		}
		if len(*to) == most {
			return fmt.Errorf("more than %d elements", most)
		}
		*to = append(*to, v)
	}
	return expect(d, ']')
}

// passOver reads a value, of which nothing is kept.
func passOver(d *json.Decoder) error {
	for deep := 0; ; {
		tok, err := d.Token()
		if err != nil {
			return err
		}
		switch tok {
		case json.Delim('{'), json.Delim('['):
			deep++
		case json.Delim('}'), json.Delim(']'):
			deep--
		}
		if deep == 0 {
			return nil
		}
	}
}
