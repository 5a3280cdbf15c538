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
	"github.com/tessera-go/tessera/internal/spec"
)

// tinySide is the side of Tiny ImageNet's pictures.
const tinySide = 64

// maxTinyBytes is how large a file of boxes, or of words, may be.
const maxTinyBytes = 64 << 20

// OpenTinyImageNet opens pictures of 64 by 64 with a class and the box of one object each, as Tiny ImageNet (Stanford CS231n) lays them out: train/WNID/images beside
// train/WNID/WNID_boxes.txt, of which a line is a name and the box's first and last pixels; val/images beside val/val_annotations.txt, of which a line has the class behind the name;
// words.txt, which says what a WNID means. Pictures may lie in WNID itself, boxes in boxes.txt there, and val may be laid out as train is. A picture whose box is not known is left out.
func OpenTinyImageNet(dir string, split Split) (*Dataset, error) {
	if err := missingDir(dir, "tinyimagenet: wants a folder with train and val"); err != nil {
		return nil, err
	}
	train, err := os.ReadDir(filepath.Join(dir, "train"))
	if err != nil {
		return nil, fmt.Errorf("tinyimagenet: wants a folder with train and val: %w", err)
	}
	r := &tinyReader{boxed: &boxed{root: dir}, number: map[string]int{}, labels: &folderLabels{}}
	for _, e := range train {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			r.number[e.Name()] = len(r.ids)
			r.ids = append(r.ids, e.Name())
		}
	}
	if len(r.ids) == 0 || len(r.ids) > maxBoxClasses {
		return nil, fmt.Errorf("%s has %d folders of classes, want 1 to %d", filepath.Join(dir, "train"), len(r.ids), maxBoxClasses)
	}
	part := "train"
	if split == Test {
		part = "val"
	}
	if list := filepath.Join(dir, part, "val_annotations.txt"); part == "val" && files.Regular(list) {
		err = r.read(list, firstDir(filepath.Join(dir, part, "images"), filepath.Join(dir, part)), "")
	} else {
		for _, id := range r.ids {
			at := filepath.Join(dir, part, id)
			list := filepath.Join(at, id+"_boxes.txt")
			if !files.Regular(list) {
				list = filepath.Join(at, "boxes.txt")
			}
			if err = r.read(list, firstDir(filepath.Join(at, "images"), at), id); err != nil {
				break
			}
		}
	}
	if err == nil && len(r.list) == 0 {
		err = fmt.Errorf("%s: no picture of %s has a box: %s", dir, part, strings.Join(r.notes(dir), "; "))
	}
	if err != nil {
		return nil, err
	}
	if r.classes, err = tinyNames(filepath.Join(dir, "words.txt"), r.ids); err != nil {
		return nil, err
	}
	r.labels.classes = r.classes
	d := r.dataset(spec.Spec{Kind: "tinyimagenet", Path: dir}.With("split", string(split)), &r.faults)
	d.Truth.Labels = r.labels
	return d, nil
}

// tinyReader gathers pictures and their boxes.
type tinyReader struct {
	*boxed
	faults
	ids    []string // of the classes
	number map[string]int
	labels *folderLabels
}

// read takes the pictures of a folder whose boxes a file has; of the class id, or where that is empty of those that the lines have.
func (r *tinyReader) read(list, pictures, id string) error {
	if pictures == "" {
		r.add("classes have no folder of pictures", id)
		return nil
	}
	text, err := files.Read(list, maxTinyBytes)
	if errors.Is(err, os.ErrNotExist) {
		r.add("classes have no file of boxes and are left out", list)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", list, err)
	}
	there, err := picturesIn(pictures, &r.faults)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(r.root, pictures)
	if err != nil {
		return err
	}
	for _, l := range parseTinyBoxes(text, filepath.Base(list), &r.faults) {
		stem := strings.TrimSuffix(l.file, filepath.Ext(l.file))
		if l.class == "" {
			l.class = id
		}
		n, known := r.number[l.class]
		switch {
		case id != "" && l.class != id:
			r.add("lines are of another class than their folder's and are left out", l.file)
		case !known:
			r.add("lines are of classes that are not in train and are left out", l.file+" "+l.class)
		case there[stem] != l.file:
			r.add("boxes are of pictures that are not there, or that had one before, and are left out", l.file)
		default:
			delete(there, stem)
			l.box.Class = n
			r.list = append(r.list, boxedPicture{filepath.ToSlash(filepath.Join(rel, l.file)), tinySide, tinySide, []Box{l.box}})
			r.labels.labels = append(r.labels.labels, n)
		}
	}
	for _, file := range there {
		r.add("pictures have no box and are left out", file)
	}
	return nil
}

// tinyLine is a line of a file of boxes.
type tinyLine struct {
	file, class string // the class may be empty
	box         Box
}

// parseTinyBoxes reads lines of a name, perhaps a class, and four numbers: the first and last columns and rows, from 0 on. Others are left out, and told.
func parseTinyBoxes(text []byte, where string, t *faults) (out []tinyLine) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		f := strings.Fields(lines.Text())
		if len(f) == 0 {
			continue
		}
		at := fmt.Sprintf("%s, line %d", where, n)
		l, ok := tinyLine{}, len(f) == 5 || len(f) == 6
		if ok {
			l.file = f[0]
			if len(f) == 6 {
				l.class = f[1]
			}
			var v [4]float32
			for k, s := range f[len(f)-4:] {
				x, err := strconv.ParseFloat(s, 32)
				v[k], ok = float32(x), ok && err == nil
			}
			l.box = Box{X0: v[0], Y0: v[1], X1: v[2] + 1, Y1: v[3] + 1}
		}
		if !ok || fileName(l.file) != nil {
			t.add("lines are no name, class and box, and are left out", at)
			continue
		}
		if l.box.fit(tinySide, tinySide, 1, t, at) {
			out = append(out, l)
		}
	}
	if err := lines.Err(); err != nil {
		t.add("files of boxes could not be read to their end", fmt.Sprintf("%s: %v", where, err))
	}
	return out
}

// tinyNames returns what the classes are called: the first word for each, or its WNID where there is none, or another class has it too.
func tinyNames(path string, ids []string) ([]string, error) {
	text, err := files.Read(path, maxTinyBytes)
	if errors.Is(err, os.ErrNotExist) {
		return ids, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	words, uses := map[string]string{}, map[string]int{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		id, rest, _ := strings.Cut(lines.Text(), "\t")
		word, _, _ := strings.Cut(rest, ",")
		words[id] = strings.TrimSpace(word)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, id := range ids {
		uses[words[id]]++
	}
	out := slices.Clone(ids)
	for k, id := range ids {
		if w := words[id]; w != "" && uses[w] == 1 && !slices.Contains(ids, w) {
			out[k] = w
		}
	}
	return out, nil
}
