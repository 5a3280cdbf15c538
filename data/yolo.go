package data

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/internal/files"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"go.yaml.in/yaml/v4"
)

// YOLOOptions of OpenYOLO.
type YOLOOptions struct {
	Split Split
	Cut   [2]float64 // parts for training and testing, where there are no splits; zeros for no cut
}

// What files of boxes may hold.
const (
	maxYOLOBytes = 16 << 20
	maxYAMLBytes = 4 << 20
)

// OpenYOLO opens pictures with boxes as YOLO has them (Redmon's Darknet; Ultralytics): beside images/NAME.jpg labels/NAME.txt, of which a line is a class, and a
// box's middle, width and height in parts of the picture's sides, or the corners of an outline; where data.yaml has kpt_shape, key points behind the box, which are not read. Folders images/train and labels/train, or
// train/images and train/labels, and such of test, val or valid are splits. The names of the classes are those of data.yaml, another .yaml that has names,
// classes.txt or obj.names there or among the labels; where there are none, their numbers. A picture without labels, or with an empty file of
// them, is one in which nothing is to be found.
func OpenYOLO(dir string, o YOLOOptions) (*Dataset, error) {
	if err := missingDir(dir, "yolo: wants a folder with images and labels"); err != nil {
		return nil, err
	}
	if o.Split == "" {
		o.Split = Train
	}
	s := spec.Spec{Kind: "yolo", Path: dir}
	at := [2]string{firstDir(filepath.Join(dir, "images"), dir), firstDir(filepath.Join(dir, "labels"), dir)}
	found := yoloDirs(dir)
	for _, of := range found {
		at = of
	}
	if len(found) == 2 {
		at = found[o.Split]
	}
	if o.Cut != [2]float64{} {
		if len(found) == 2 {
			return nil, fmt.Errorf("%s has splits of its own; there is nothing to cut", dir)
		}
		s = s.With("cut", fmt.Sprintf("%g/%g", o.Cut[0], o.Cut[1]))
	}
	if yoloSplits(s) {
		s = s.With("split", string(o.Split))
	}
	var t faults
	names, points, err := yoloAbout(dir, at[1])
	if err != nil {
		return nil, err
	}
	if points > 0 {
		t.also = append(t.also, dir+" has key points (kpt_shape in its YAML): they are not read, only the boxes")
	}
	b, err := readYOLO(at[0], at[1], points, &t)
	if err != nil {
		return nil, err
	}
	if o.Cut != [2]float64{} {
		b.cutTo(o.Cut, o.Split)
	}
	b.nameYOLO(dir, names, &t)
	if len(b.list) == 0 {
		return nil, fmt.Errorf("%s: the part %s is empty: %s", dir, o.Split, strings.Join(t.notes(dir), "; "))
	}
	return b.dataset(s, &t), nil
}

func openYOLO(path string, v *spec.Values, split Split) (*Dataset, error) {
	o := YOLOOptions{Split: split}
	if v.Given("cut") {
		o.Cut = parseCut(v)
	}
	if v.Err() != nil {
		return nil, v.Err()
	}
	return OpenYOLO(path, o)
}

// yoloDirs returns the folders of images and labels of the splits, where there are both.
func yoloDirs(dir string) map[Split][2]string {
	out := map[Split][2]string{}
	for split, names := range map[Split][]string{Train: {"train", "train2017"}, Test: append(slices.Clone(testFolders), "val2017")} {
		for _, name := range names {
			for _, at := range [][2]string{{filepath.Join("images", name), filepath.Join("labels", name)}, {filepath.Join(name, "images"), filepath.Join(name, "labels")}} {
				images, labels := filepath.Join(dir, at[0]), filepath.Join(dir, at[1])
				if out[split] == [2]string{} && firstDir(images) != "" && firstDir(labels) != "" {
					out[split] = [2]string{images, labels}
				}
			}
		}
	}
	return out
}

// yoloSplits tells whether what is named has splits.
func yoloSplits(s spec.Spec) bool { return s.Has("cut") || len(yoloDirs(s.Path)) == 2 }

// readYOLO reads the boxes of a folder of pictures, behind which lines may have so many numbers of key points.
func readYOLO(images, labels string, points int, t *faults) (*boxed, error) {
	there, err := picturesIn(images, t)
	if err != nil {
		return nil, err
	}
	if len(there) == 0 {
		return nil, fmt.Errorf("%s holds no images; wanted are %s, and files of boxes (.txt) in %s", images, endingsText, labels)
	}
	entries, err := os.ReadDir(labels)
	if err != nil {
		return nil, err
	}
	has := 0
	for _, e := range entries {
		if stem, ok := strings.CutSuffix(e.Name(), ".txt"); !ok || yoloLists[e.Name()] {
			continue
		} else if there[stem] == "" {
			t.add("files of boxes are of pictures that are not there and are left out", e.Name())
		} else {
			has++
		}
	}
	if has == 0 {
		return nil, fmt.Errorf("%s holds no file of boxes (.txt) of a picture in %s", labels, images)
	}
	var stems []string
	for stem := range there {
		stems = append(stems, stem)
	}
	slices.Sort(stems)
	b := &boxed{root: images, parts: true}
	list, wrong, long, errs := make([]boxedPicture, len(stems)), make([]faults, len(stems)), make([]yoloLong, len(stems)), make([]error, len(stems))
	parallel.For(len(stems), func(i int) {
		list[i].file = there[stems[i]]
		raw, err := files.Read(filepath.Join(labels, stems[i]+".txt"), maxYOLOBytes)
		switch {
		case errors.Is(err, os.ErrNotExist):
			wrong[i].add("pictures have no file of boxes", list[i].file)
		case err != nil:
			errs[i] = err
		default:
			list[i].boxes = parseYOLO(raw, stems[i]+".txt", points, &wrong[i], &long[i])
		}
	})
	var lines yoloLong
	for i := range list {
		lines.all(long[i])
		if errs[i] != nil {
			t.add("files of boxes cannot be read, and their pictures are left out", fmt.Sprintf("%s.txt: %v", stems[i], errs[i]))
			continue
		}
		t.all(wrong[i])
		b.list = append(b.list, list[i])
	}
	if k, per := lines.pose(); k > 0 {
		t.also = append(t.also, fmt.Sprintf("%s: all %d lines of more than a box may be a box and %d key points of %d numbers each, and no YAML says so: they are not read as such; if they are, write kpt_shape: [%d, %d]",
			labels, lines.n, k, per, k, per))
	}
	return b, nil
}

// yoloLists are texts among the labels that are no boxes.
var yoloLists = map[string]bool{"classes.txt": true, "train.txt": true, "val.txt": true, "test.txt": true}

// parseYOLO reads a picture's boxes, in parts of its sides; a line that has none is counted. Where points is not 0, lines have so many numbers of key points
// behind the box, and none is an outline; else long counts those that have more than a box.
func parseYOLO(raw []byte, file string, points int, t *faults, long *yoloLong) (boxes []Box) {
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	lines.Buffer(nil, maxYOLOBytes+1)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		where := fmt.Sprintf("%s, line %d", file, n)
		if points == 0 && len(fields) > 6 {
			long.add(fields)
		}
		if points > 0 && len(fields) == 5+points {
			fields = fields[:5]
		}
		x, ok := yoloBox(fields)
		switch {
		case points > 0 && (!ok || len(fields) > 6):
			t.add(fmt.Sprintf("lines are neither a class and four numbers nor those and %d of key points (kpt_shape), and are left out", points), where)
			continue
		case !ok:
			t.add("lines are neither a class and four numbers nor a class and an outline, and are left out", where)
			continue
		}
		const slack = 0.005 // of a side: boxes are rounded to some digits
		if x.fit(1, 1, slack, t, where) {
			boxes = append(boxes, x)
		}
	}
	return boxes
}

// yoloBox returns the box of a line.
func yoloBox(fields []string) (x Box, ok bool) {
	class, err := strconv.Atoi(fields[0])
	if err != nil || class < 0 || class >= maxBoxClasses || len(fields) < 5 || len(fields) > 6 && len(fields)%2 == 0 {
		return x, false
	}
	v := make([]float32, len(fields)-1)
	for i, text := range fields[1:] {
		f, err := strconv.ParseFloat(text, 32)
		if err != nil || f != f {
			return x, false
		}
		v[i] = float32(f)
	}
	x.Class = class
	if len(v) < 6 { // the fifth is how sure whoever found the box was
		x.X0, x.Y0, x.X1, x.Y1 = v[0]-v[2]/2, v[1]-v[3]/2, v[0]+v[2]/2, v[1]+v[3]/2
		return x, true
	}
	x.X0, x.Y0, x.X1, x.Y1 = v[0], v[1], v[0], v[1]
	for i := 0; i < len(v); i += 2 {
		x.X0, x.Y0, x.X1, x.Y1 = min(x.X0, v[i]), min(x.Y0, v[i+1]), max(x.X1, v[i]), max(x.Y1, v[i+1])
	}
	return x, true
}

// yoloAbout returns the classes' names, nil where there are none, and how many numbers of key points a line has behind its box.
func yoloAbout(dir, labels string) (names []string, points int, err error) {
	yamls, _ := filepath.Glob(filepath.Join(escapeGlob(dir), "*.y*ml"))
	all := append([]string{filepath.Join(dir, "data.yaml")}, yamls...)
	for _, at := range []string{dir, labels, filepath.Dir(labels)} {
		all = append(all, filepath.Join(at, "classes.txt"), filepath.Join(at, "obj.names"))
	}
	for _, file := range all {
		raw, err := files.Read(file, maxYAMLBytes)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		isYAML := strings.HasSuffix(file, "ml")
		if err == nil {
			names, err = parseYOLONames(raw, isYAML)
		}
		if err == nil && isYAML && points == 0 {
			points, err = parseKeyPointShape(raw)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", file, err)
		}
		if names != nil {
			break
		}
	}
	return names, points, nil
}

// parseKeyPointShape returns how many numbers the key points of a YAML have, of which kpt_shape is how many and the numbers of each; 0 where it has none.
func parseKeyPointShape(raw []byte) (int, error) {
	var in struct {
		Shape yaml.Node `yaml:"kpt_shape"`
	}
	if err := yaml.Unmarshal(raw, &in); err != nil {
		return 0, fmt.Errorf("no YAML: %s", spec.Line(err.Error()))
	}
	if in.Shape.IsZero() {
		return 0, nil
	}
	var shape []int
	if err := in.Shape.Decode(&shape); err != nil || len(shape) != 2 || shape[0] < 0 || shape[0] > maxJoints || shape[1] != 2 && shape[1] != 3 {
		return 0, fmt.Errorf("kpt_shape is not [K, 2] or [K, 3], of K key points, at most %d", maxJoints)
	}
	return shape[0] * shape[1], nil
}

// nameYOLO gives the classes their names, where there are some, and leaves out boxes of classes that have none.
func (b *boxed) nameYOLO(dir string, names []string, t *faults) {
	b.classes = names
	most := -1
	for i := range b.list {
		p := &b.list[i]
		for _, x := range p.boxes {
			most = max(most, x.Class)
		}
		if b.classes != nil {
			p.boxes = slices.DeleteFunc(p.boxes, func(x Box) bool {
				if x.Class >= len(b.classes) {
					t.add(fmt.Sprintf("boxes are of classes that have no name, of %d, and are left out", len(b.classes)), fmt.Sprintf("%s, class %d", p.file, x.Class))
				}
				return x.Class >= len(b.classes)
			})
		}
	}
	if b.classes == nil {
		for c := range most + 1 {
			b.classes = append(b.classes, strconv.Itoa(c))
		}
		t.also = append(t.also, dir+" has no names of classes (data.yaml, classes.txt): they are called by their numbers")
	}
}

// parseYOLONames reads the classes' names: a line each, or of a YAML its names, a list or by their numbers; nil where it has none.
func parseYOLONames(raw []byte, isYAML bool) (names []string, err error) {
	if !isYAML {
		for _, line := range strings.Split(strings.TrimSpace(strings.TrimPrefix(string(raw), "\ufeff")), "\n") {
			names = append(names, strings.TrimSpace(line))
		}
	} else {
		var in struct{ Names yaml.Node }
		if err := yaml.Unmarshal(raw, &in); err != nil {
			return nil, fmt.Errorf("no YAML: %s", spec.Line(err.Error()))
		}
		switch in.Names.Kind {
		case yaml.SequenceNode:
			err = in.Names.Decode(&names)
		case yaml.MappingNode:
			var numbered map[int]string
			if err = in.Names.Decode(&numbered); err == nil {
				names, err = inOrder(numbered)
			}
		default:
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("names: %s", spec.Line(err.Error()))
		}
	}
	seen := map[string]bool{}
	for i, n := range names {
		n = spec.Line(n)
		if n == "" || seen[n] {
			return nil, fmt.Errorf("classes are called %q, want names that are not empty, each once", spec.Few(names, 20))
		}
		seen[n], names[i] = true, n
	}
	if len(names) > maxBoxClasses {
		return nil, fmt.Errorf("%d classes, at most %d are read", len(names), maxBoxClasses)
	}
	return names, nil
}

// inOrder returns names by their numbers, of which none may lack.
func inOrder(numbered map[int]string) (names []string, err error) {
	for c := range len(numbered) {
		n, ok := numbered[c]
		if !ok {
			return nil, fmt.Errorf("%d names, but none of class %d", len(numbered), c)
		}
		names = append(names, n)
	}
	return names, nil
}
