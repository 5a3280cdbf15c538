package eval

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// npy writes rows 100·r + column + base, and their names if there are any.
func npy(t *testing.T, dir, name string, base float32, names []string, shape ...int) string {
	t.Helper()
	x := tensor.New(shape...)
	d := x.Len() / x.Dim(0)
	for i := range x.Data {
		x.Data[i] = base + float32(100*(i/d)+i%d)
	}
	path := filepath.Join(dir, name+".npy")
	if err := checkpoint.SaveNPY(path, x); err != nil {
		t.Fatal(err)
	}
	if names != nil {
		if err := os.WriteFile(filepath.Join(dir, name+".txt"), []byte(strings.Join(names, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func wantError(t *testing.T, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("want an error with %q, got %v", words, err)
	}
}

// TestArray: rows belong to the samples that they are named after, in any order, or by number in a set of as many.
func TestArray(t *testing.T) {
	dir := t.TempDir()
	in := data.Inputs{Images: &album{n: 3, side: 4}}
	named := npy(t, dir, "named", 0, []string{"page 2", "elsewhere", "page 0", "page 1"}, 4, 2, 2)
	a, err := LoadArray(named)
	if err != nil {
		t.Fatal(err)
	}
	f, err := a.Encode(ctx, in, Options{})
	if err != nil || fmt.Sprint(f[0].Pooled.Data) != "[200 201 202 203 300 301 302 303 0 1 2 3]" || fmt.Sprint(f[0].Index, f[0].Pooled.Shape, f[0].Depth) != "[0 1 2] [3 4] 1" || f[0].Grid != f[0].Pooled {
		t.Errorf("%+v, %v", f, err)
	}
	if a.Name() != "named.npy" || strings.Join(a.Depths(), "") != "array" || fmt.Sprint(a.Settings(data.Inputs{})["files"]) != "["+named+"]" {
		t.Errorf("%s, %v, %v", a.Name(), a.Depths(), a.Settings(data.Inputs{}))
	}
	_, err = a.Encode(ctx, data.Inputs{Images: &album{n: 5, side: 4}}, Options{})
	wantError(t, err, "names no row after page 3")

	train, test := npy(t, dir, "train", 0, nil, 3, 4), npy(t, dir, "test", 1000, nil, 2, 4)
	a, err = LoadArray(train, test)
	if err != nil {
		t.Fatal(err)
	}
	for n, first := range map[int]float32{3: 0, 2: 1000} {
		f, err := a.Encode(ctx, data.Inputs{Images: &album{n: n, side: 4}}, Options{})
		if err != nil || f[0].Pooled.Dim(0) != n || f[0].Pooled.Data[0] != first {
			t.Errorf("%d samples: %v, %v", n, f, err)
		}
	}
	_, err = a.Encode(ctx, data.Inputs{Images: &album{n: 4, side: 4}}, Options{})
	wantError(t, err, "there are 4 samples, and no file of as many rows")

	_, err = LoadArray(train, npy(t, dir, "again", 0, nil, 3, 4))
	wantError(t, err, "3 rows each and name none")
	_, err = LoadArray(train, npy(t, dir, "wide", 0, nil, 2, 5))
	wantError(t, err, "have 4 values")
	_, err = LoadArray(npy(t, dir, "few", 0, []string{"page 0"}, 2, 4))
	wantError(t, err, "names 1 rows")
	_, err = LoadArray(npy(t, dir, "nothing", 0, nil, 1, 0))
	wantError(t, err, "wanted are rows")
	_, err = LoadArray(filepath.Join(dir, "missing.npy"))
	wantError(t, err, "missing.npy")
	_, err = LoadArray()
	wantError(t, err, "no file of features")
}

// TestArrayAlone: an array and labels are enough to judge by.
func TestArrayAlone(t *testing.T) {
	dir := t.TempDir()
	a, err := LoadArray(npy(t, dir, "train", 0, nil, 4, 3), npy(t, dir, "test", 0, []string{"one", "two"}, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	classes := func(path string) (*RowLabels, error) {
		t, err := ReadLabels(path)
		if err != nil {
			return nil, err
		}
		return Classes(t.Labels), nil
	}
	l, err := classes(write("labels.txt", "dog\r\ncat\r\ndog\r\neel"))
	if err != nil || fmt.Sprint(l.Classes(), l.Label(0), l.Label(1), l.Label(2), l.Label(3)) != "[cat dog eel] 1 0 1 2" {
		t.Fatalf("%v, %v", l, err)
	}
	m, err := classes(write("test-labels.txt", "dog\ncat\n"))
	if err != nil {
		t.Fatal(err)
	}
	train, test := a.Files[0].Dataset(l), a.Files[1].Dataset(m)
	if train.Len() != 4 || train.Describe(2) != "row 2 of "+a.Files[0].Path || test.Describe(1) != "two" || train.Fingerprint == test.Fingerprint || len(train.Fingerprint) != 16 {
		t.Errorf("%s, %s, %s", train.Describe(2), test.Describe(1), train.Fingerprint)
	}
	if r, err := test.Texts.Open(0); err != nil {
		t.Error(err)
	} else if s, err := io.ReadAll(r); err != nil || string(s) != "one" {
		t.Errorf("text %q, %v", s, err)
	}
	changed := Rows{a.Files[0].Path, a.Files[0].X.Clone(), nil}
	changed.X.Data[11]++
	if changed.Dataset(l).Fingerprint == train.Fingerprint {
		t.Error("another array has the same fingerprint")
	}
	s, err := Judge(ctx, []Encoder{a}, train, test, []Protocol{KNN{K: 1}}, Options{})
	if err != nil || len(s) != 1 || s[0].Value != 1 || s[0].Trivial != 0.5 || s[0].Features != "train.npy" || s[0].Settings["data"] != a.Files[0].Path {
		t.Errorf("%+v, %v", s, err)
	}
	l, err = classes(npy(t, dir, "numbers", 7, nil, 2, 1))
	if err != nil || fmt.Sprint(l.Classes(), l.Label(0), l.Label(1)) != "[107 7] 1 0" {
		t.Errorf("%v, %v", l, err)
	}
	_, err = ReadLabels(npy(t, dir, "halves", 0.5, nil, 2, 1))
	wantError(t, err, "0.5 is no class")
	for _, name := range []string{"none.txt", "none.npy"} {
		if _, err := ReadLabels(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s: a file that is not there", name)
		}
	}
}

// TestSaveArray: names come back whatever they contain, one line each, and never over the features.
func TestSaveArray(t *testing.T) {
	dir := t.TempDir()
	names := []string{"a/b c.jpg", "line\nbreak.png", `"quoted".png`, "\tTab", "한국어.jpg", `back\slash`, ""}
	x := tensor.New(len(names), 2)
	x.Data[5] = 3
	path := filepath.Join(dir, "f.npy")
	list, err := SaveArray(path, x, names)
	if err != nil || list != filepath.Join(dir, "f.txt") {
		t.Fatal(list, err)
	}
	if b, err := os.ReadFile(list); err != nil || bytes.Count(b, []byte("\n")) != len(names) {
		t.Errorf("%q has other than %d lines, %v", b, len(names), err)
	}
	a, err := LoadArray(path)
	if err != nil || !slices.Equal(a.Files[0].Names, names) || a.Files[0].X.Data[5] != 3 {
		t.Errorf("read again: %+v, %v", a, err)
	}
	if _, err := SaveArray(filepath.Join(dir, "f.txt"), x, names); err == nil || !strings.Contains(err.Error(), ".npy") {
		t.Errorf("features over their names: %v", err)
	}
	if _, err := SaveArray(path, x, names[1:]); err == nil {
		t.Error("a row without a name")
	}
	if err := os.WriteFile(list, []byte(strings.Repeat("\"x\n", len(names))), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadArray(path); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("half a quotation: %v", err)
	}
}
