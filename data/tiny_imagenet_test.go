package data

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
)

// tinyTrees makes the layout as it is handed out, and one whose pictures lie in the folders of their classes.
func tinyTrees(t *testing.T) (whole, short string) {
	whole, short = t.TempDir(), t.TempDir()
	for _, dir := range []string{whole, short} {
		write(t, filepath.Join(dir, "words.txt"), "n02\tdog, hound\nn01\tcat\nn03\tcat\nn04\tdog\n")
	}
	for _, id := range []string{"n01", "n02", "n03"} {
		for k := range 2 {
			name := fmt.Sprintf("%s_%d.png", id, k)
			numberedPicture(t, filepath.Join(whole, "train", id, "images", name), 64, 64)
			numberedPicture(t, filepath.Join(short, "train", id, name), 64, 64)
		}
		numberedPicture(t, filepath.Join(short, "val", id, "val_"+id+".png"), 64, 64)
		numberedPicture(t, filepath.Join(whole, "val", "images", "val_"+id+".png"), 64, 64)
		write(t, filepath.Join(whole, "train", id, id+"_boxes.txt"), id+"_0.png\t0\t0\t63\t63\n"+id+"_1.png\t10\t20\t29\t59\n")
		write(t, filepath.Join(short, "train", id, "boxes.txt"), id+"_0.png\t0\t0\t63\t63\n"+id+"_1.png\t10\t20\t29\t59\n")
		write(t, filepath.Join(short, "val", id, "boxes.txt"), "val_"+id+".png "+id+" 5 6 7 8\r\n")
	}
	write(t, filepath.Join(whole, "val", "val_annotations.txt"), "val_n03.png\tn03\t5\t6\t7\t8\nval_n01.png\tn01\t5\t6\t7\t8\nval_n02.png\tn02\t5\t6\t7\t8\n")
	return whole, short
}

// TestTinyImageNet: both layouts have the same classes, boxes and splits.
func TestTinyImageNet(t *testing.T) {
	whole, short := tinyTrees(t)
	for _, dir := range []string{whole, short} {
		d, boxes := mustOpen(t, "tinyimagenet:"+dir, Train)
		if d.Len() != 6 || fmt.Sprint(d.Truth.Classes()) != "[n01 dog n03]" || !slices.Equal(d.Truth.BoxClasses(), d.Truth.Classes()) || len(d.Notes) != 0 || d.Name != "tinyimagenet:"+dir+"?split=train" {
			t.Fatalf("%s: %d pictures of %v, %v", d.Name, d.Len(), d.Truth.Classes(), d.Notes)
		}
		for i := range d.Len() {
			want := Box{X0: 0, Y0: 0, X1: 64, Y1: 64, Class: i / 2}
			if strings.HasSuffix(d.Describe(i), "_1.png") {
				want = Box{X0: 10, Y0: 20, X1: 30, Y1: 60, Class: i / 2}
			}
			if len(boxes[i]) != 1 || boxes[i][0] != want || d.Truth.Label(i) != i/2 {
				t.Errorf("%s: %+v, class %d, want %+v", d.Describe(i), boxes[i], d.Truth.Label(i), want)
			}
			if _, err := d.Images.Image(i); err != nil {
				t.Error(err)
			}
		}
		test, ok, err := TestSplit("tinyimagenet:" + dir)
		if err != nil || !ok {
			t.Fatal(test, err)
		}
		v, boxes := mustOpen(t, test, Train)
		for i := range v.Len() {
			if !strings.Contains(v.Describe(i), fmt.Sprint("val_n0", v.Truth.Label(i)+1)) || boxes[i][0] != (Box{X0: 5, Y0: 6, X1: 8, Y1: 9, Class: v.Truth.Label(i)}) {
				t.Errorf("%s: %+v", v.Describe(i), boxes[i])
			}
		}
		if v.Len() != 3 || fmt.Sprint(v.Truth.Classes()) != fmt.Sprint(d.Truth.Classes()) {
			t.Errorf("%d pictures to test on, of %v", v.Len(), v.Truth.Classes())
		}
	}
}

// TestTinyImageNetBroken: what is wrong is counted, and the rest is there.
func TestTinyImageNetBroken(t *testing.T) {
	dir, _ := tinyTrees(t)
	write(t, filepath.Join(dir, "train", "n01", "n01_boxes.txt"), "n01_0.png\t0\t0\t63\t63\nn01_0.png\t0\t0\t63\t63\nnone.png\t0\t0\t1\t1\nn01_1.png\t9\t0\t3\t3\nn01_1.png\tx\t0\t3\t3\n../n01_1.png\t0\t0\t3\t3\nn01_1.png n02 0 0 3 3\n")
	if err := os.Remove(filepath.Join(dir, "train", "n02", "n02_boxes.txt")); err != nil {
		t.Fatal(err)
	}
	d, _ := mustOpen(t, "tinyimagenet:"+dir, Train)
	notes := strings.Join(d.Notes, "\n")
	for _, want := range []string{"2 boxes are of pictures that are not there, or that had one before", "1 boxes have no area", "2 lines are no name, class and box", "1 lines are of another class", "1 pictures have no box and are left out",
		"1 classes have no file of boxes"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q: %s", want, notes)
		}
	}
	if d.Len() != 3 || len(d.Truth.Classes()) != 3 {
		t.Errorf("%d pictures of %v", d.Len(), d.Truth.Classes())
	}
	for of, want := range map[string]string{t.TempDir(): "wants a folder with train and val", filepath.Join(dir, "words.txt"): "is a file"} {
		if _, err := Open("tinyimagenet:"+of, Train); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", of, err, want)
		}
	}
}

func FuzzTinyImageNet(f *testing.F) {
	fuzzing.Run(f, [][]byte{[]byte("a.JPEG\t0\t0\t63\t63\n"), []byte("val_0.JPEG\tn01\t5\t1e9\t7\t8\r\n\nb 1 2 nan 4\n")}, func(t testing.TB, b []byte) {
		var of faults
		for _, l := range parseTinyBoxes(b, "boxes.txt", &of) {
			if fileName(l.file) != nil {
				t.Fatalf("%q is no name of a file", l.file)
			}
			heldInside(t, []Box{l.box}, tinySide, tinySide, 1)
		}
		for _, note := range of.notes("a") {
			fuzzing.OneLine(t, fmt.Errorf("%s", note))
		}
	})
}
