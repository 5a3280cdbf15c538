package data

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// named returns the last parts of the samples' names, sorted as they are numbered.
func named(d *Dataset) []string {
	var out []string
	for i := range d.Len() {
		out = append(out, filepath.Base(d.Describe(i)))
	}
	return out
}

// TestFolderSplits: a root of folders train and val is two splits, with the classes inside; with another folder beside them the three are
// classes; a split that is asked for where there is none is refused.
func TestFolderSplits(t *testing.T) {
	p := encoded(t, "png", 8, 8)
	dir := folderWith(t, map[string][]byte{"train/cat/a.png": p, "train/dog/b.png": p, "train/dog/c.png": p, "val/cat/d.png": p, "val/dog/e.png": p, "words.txt": nil, ".cache/x.png": p})
	for _, c := range []struct {
		of    string
		split Split
		want  string
	}{{"", Train, "a.png b.png c.png"}, {"", Test, "d.png e.png"}, {"?split=test", Train, "d.png e.png"}, {"?split=train", Test, "a.png b.png c.png"}} {
		d, err := Open("folder:"+dir+c.of, c.split)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(named(d), " "); got != c.want || strings.Join(d.Truth.Classes(), " ") != "cat dog" {
			t.Errorf("%s as %s: %s of %v, want %s", c.of, c.split, got, d.Truth.Classes(), c.want)
		}
		again, err := Open(d.Name, Train)
		if err != nil || strings.Join(named(again), " ") != c.want || again.Fingerprint != d.Fingerprint {
			t.Errorf("%s opens other samples, %v", d.Name, err)
		}
		if len(d.Notes) == 0 || !strings.Contains(d.Notes[0], "has the splits train and val") {
			t.Errorf("notes %q", d.Notes)
		}
	}
	if test, ok, err := TestSplit("folder:" + dir + "?n=2"); err != nil || !ok || test != "folder:"+dir+"?split=test" {
		t.Errorf("test split %q, %v, %v", test, ok, err)
	}
	if _, err := Open("folder:"+dir+"?cut=0.5/0.5", Train); err == nil || !strings.Contains(err.Error(), "of its own") {
		t.Errorf("splits are cut: %v", err)
	}
	if _, err := Open("folder:"+dir+"?split=val", Train); err == nil || !strings.Contains(err.Error(), "split=val") {
		t.Errorf("split=val: %v", err)
	}
	for _, more := range []string{"other/f.png", "beside.jpg"} {
		dir := folderWith(t, map[string][]byte{"train/a.png": p, "test/b.png": p, more: p})
		d, err := Open("folder:"+dir, Train)
		if err != nil || d.Len() != 3 {
			t.Errorf("with %s: %d samples, %v", more, d.Len(), err)
		}
		if _, ok, _ := TestSplit("folder:" + dir); ok {
			t.Errorf("with %s beside them train and test are splits", more)
		}
	}
	both := folderWith(t, map[string][]byte{"Train/a.png": p, "TEST/b.png": p, "validation/c.png": p})
	if d, err := Open("folder:"+both, Test); err != nil || strings.Join(named(d), " ") != "b.png" {
		t.Errorf("of test and validation the first is the test split: %v", err)
	}
	crowd := map[string][]byte{"train/a.png": p, "test/b.png": p}
	for i := range 61 { // with the two folders one less than is too many
		crowd[fmt.Sprintf("%d.txt", i)] = nil
	}
	if folderSplits(folderWith(t, crowd)) == nil {
		t.Error("61 texts beside them and train and test are no splits")
	}
	crowd["more.txt"] = nil
	if folderSplits(folderWith(t, crowd)) != nil {
		t.Error("a folder of 64 entries is looked through for splits")
	}
	if alone := folderWith(t, map[string][]byte{"train/a.png": p}); folderSplits(alone) != nil {
		t.Error("train alone is a split")
	}
}

// TestFolderCut: the parts are disjoint and as large as asked for, labels stay with their files, and a new file moves at most one other.
func TestFolderCut(t *testing.T) {
	p := encoded(t, "png", 8, 8)
	files := map[string][]byte{}
	for i := range 50 {
		files[fmt.Sprintf("%s/%02d.png", []string{"odd", "even"}[i%2], i)] = p
	}
	dir := folderWith(t, files)
	open := func(cut string, split Split) *Dataset {
		d, err := Open("folder:"+dir+"?cut="+cut, split)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	a, b := open("0.8/0.2", Train), open("0.8/0.2", Test)
	if a.Len() != 40 || b.Len() != 10 || a.Fingerprint == b.Fingerprint || !strings.HasSuffix(b.Name, "?cut=0.8/0.2&split=test") {
		t.Errorf("%s has %d samples, %s %d", a.Name, a.Len(), b.Name, b.Len())
	}
	both := append(named(a), named(b)...)
	slices.Sort(both)
	if n := len(slices.Compact(both)); n != 50 {
		t.Errorf("the parts have %d files of 50", n)
	}
	for _, d := range []*Dataset{a, b} {
		if strings.Join(d.Truth.Classes(), " ") != "even odd" {
			t.Errorf("classes %v", d.Truth.Classes())
		}
		for i, name := range named(d) {
			var number int
			fmt.Sscanf(name, "%d.png", &number)
			if want := 1 - number%2; d.Truth.Label(i) != want { // number 0 is in the first folder, odd
				t.Errorf("%s has label %d, want %d", d.Describe(i), d.Truth.Label(i), want)
			}
		}
	}
	if n := open("0.5/0.1", Train).Len(); n != 25 {
		t.Errorf("half of 50 is %d", n)
	}
	if n := open("0.5/0.1", Test).Len(); n != 5 {
		t.Errorf("a tenth of 50 is %d", n)
	}
	if err := os.WriteFile(filepath.Join(dir, "odd", "new.png"), p, 0o644); err != nil {
		t.Fatal(err)
	}
	moved := 0
	for _, name := range named(open("0.8/0.2", Test)) {
		if name != "new.png" && !slices.Contains(named(b), name) {
			moved++
		}
	}
	if moved > 1 {
		t.Errorf("a new file moved %d others", moved)
	}
	for _, cut := range []string{"0.8", "0.8/0.3", "0/1", "1/0", "-0.5/0.5", "a/b", "NaN/0.5", "0.001/0.002"} {
		if _, err := Open("folder:"+dir+"?cut="+cut, Train); err == nil || !strings.Contains(err.Error(), "cut=") {
			t.Errorf("cut=%s: %v", cut, err)
		}
	}
}

// TestFolderLeft: links are followed, but not in a circle; what is no file is not opened; what is left out is counted by its ending.
func TestFolderLeft(t *testing.T) {
	p := encoded(t, "png", 8, 8)
	dir := folderWith(t, map[string][]byte{"a/1.png": p, "a/2.JFIF": encoded(t, "jpg", 8, 8), "a/x.heic": p, "b/y.HEIC": p, "b/z.avif": p, "b/3.png": p, "b/README": nil, "b/.hidden.png": p})
	other := folderWith(t, map[string][]byte{"deep/4.png": p, "5.png": p})
	for from, to := range map[string]string{"c": filepath.Join(other, "deep"), "b/six.png": filepath.Join(other, "5.png"), "b/loop": dir, "b/gone.png": filepath.Join(other, "none.png"), "a/again": filepath.Join(dir, "c")} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Skip("no links here: ", err)
		}
	}
	pipe := makePipe(t, filepath.Join(dir, "b", "pipe.png"))
	d, err := Open("folder:"+dir, Train)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(named(d), " "), "1.png 2.JFIF 4.png 3.png six.png 4.png"; got != want || strings.Join(d.Truth.Classes(), " ") != "a b c" {
		t.Errorf("%s of %v, want %s", got, d.Truth.Classes(), want)
	}
	for i := range d.Len() {
		if _, err := d.Images.Image(i); err != nil {
			t.Error(err)
		}
	}
	notes := strings.Join(d.Notes, "\n")
	for _, want := range []string{"5 ignored: 2 .heic, 1 without an ending, 1 .avif, 1 hidden", `1 cannot be read: "b/gone.png" (no such file or directory)`, "1 link back to a folder that they lie in, not followed: b/loop"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes %q lack %q", notes, want)
		}
	}
	if pipe && !strings.Contains(notes, "1 neither file nor folder, not opened: b/pipe.png") {
		t.Errorf("notes %q say nothing of the pipe", notes)
	}
	empty := folderWith(t, map[string][]byte{"a.txt": nil, "b.txt": nil})
	if _, err := Open("folder:"+empty, Train); err == nil || !strings.Contains(err.Error(), "2 ignored: 2 .txt") || !strings.Contains(err.Error(), ".webp") {
		t.Errorf("a folder without images: %v", err)
	}
	stray := folderWith(t, map[string][]byte{"a/1.png": p, "b/2.png": p, "lost.png": p})
	if d, err := Open("folder:"+stray, Train); err != nil || d.Truth.Labels != nil || !strings.Contains(strings.Join(d.Notes, "\n"), "lost.png lies beside the folders") {
		t.Errorf("a stray picture: %v, %v", d.Notes, err)
	}
	flat := folderWith(t, map[string][]byte{"1.png": p, "2.png": p})
	if d, err := Open("folder:"+flat, Train); err != nil || len(d.Notes) != 0 {
		t.Errorf("a flat folder: %v, %v", d.Notes, err)
	}
}

// TestInBoth: what is the same picture under another name counts, what only looks like it in name does not.
func TestInBoth(t *testing.T) {
	p, q := encoded(t, "png", 8, 8), encoded(t, "png", 9, 9)
	open := func(files map[string][]byte) *Dataset {
		d, err := Open("folder:"+folderWith(t, files), Train)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	train := open(map[string][]byte{"a.png": p, "b.png": encoded(t, "png", 10, 10)})
	test := open(map[string][]byte{"a.png": q, "c.png": p, "d.png": p})
	if n := InBoth(train, test); n != 2 {
		t.Errorf("%d in both, want 2", n)
	}
	if n := InBoth(train.Subset([]int{1}, "part=1"), test); n != 0 {
		t.Errorf("%d in both of another picture", n)
	}
	if n := InBoth(train.Subset([]int{0}, "part=0"), test.Subset([]int{0, 2}, "part=02")); n != 1 {
		t.Errorf("%d in both of two parts, want 1", n)
	}
	if os.Remove(train.Describe(0)); InBoth(train, test) != 0 {
		t.Error("a picture that is gone is in both")
	}
	for _, of := range []string{"scenes:?n=9&side=16", "scenes:?n=5&side=16&seed=2"} {
		a, err := Open("scenes:?n=6&side=16", Train)
		if err != nil {
			t.Fatal(err)
		}
		for split, want := range map[Split]int{Train: map[string]int{"scenes:?n=9&side=16": 6}[of], Test: 0} {
			b, err := Open(of, split)
			if err != nil {
				t.Fatal(err)
			}
			if n := InBoth(a, b); n != want {
				t.Errorf("%s as %s: %d in both, want %d", of, split, n, want)
			}
		}
	}
	one, err := ContentHash(onePixel{{1, 2, 3}, {1, 2, 4}, {1, 2, 3}}, 0)
	two, _ := ContentHash(onePixel{{1, 2, 3}, {1, 2, 4}, {1, 2, 3}}, 1)
	three, _ := ContentHash(onePixel{{1, 2, 3}, {1, 2, 4}, {1, 2, 3}}, 2)
	if err != nil || one == two || one != three {
		t.Errorf("hashes of pixels: %v", err)
	}
}

// onePixel are pictures of one pixel.
type onePixel [][3]uint8

func (d onePixel) Len() int                    { return len(d) }
func (d onePixel) Describe(i int) string       { return fmt.Sprint("pixel ", i) }
func (d onePixel) Image(i int) (*Image, error) { return &Image{1, 1, d[i][:]}, nil }

// TestScanNotes: three of a kind are named, of more how many; endings stand by their count, then by name; a root that cannot be read is an error.
func TestScanNotes(t *testing.T) {
	s := scan{root: "R", left: map[string]int{".b": 2, ".a": 2, ".c": 5, "": 1}, hidden: 3, odd: []string{"o1", "o2", "o3"}, broken: []string{"b1", "b2", "b3", "b4", "b5"}}
	want := "R: 13 ignored: 5 .c, 2 .a, 2 .b, 1 without an ending, 3 hidden\nR: 5 cannot be read: b1, b2, b3 and 2 more\nR: 3 neither file nor folder, not opened: o1, o2, o3"
	if got := strings.Join(s.notes(), "\n"); got != want {
		t.Errorf("notes\n%s\nwant\n%s", got, want)
	}
	for _, c := range []struct {
		s    scan
		want string
	}{{scan{root: "R", hidden: 1}, "R: 1 ignored: 1 hidden"}, {scan{root: "R", left: map[string]int{".x": 1}}, "R: 1 ignored: 1 .x"}, {scan{root: "R"}, ""}} {
		if got := strings.Join(c.s.notes(), "\n"); got != c.want {
			t.Errorf("notes %q, want %q", got, c.want)
		}
	}
	if got := (&scan{}).summary(); got != "it is empty" {
		t.Errorf("of nothing: %q", got)
	}
	gone := scan{root: filepath.Join(t.TempDir(), "none"), left: map[string]int{}}
	if err := gone.walk("", nil); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("a root that is not there: %v", err)
	}
}
