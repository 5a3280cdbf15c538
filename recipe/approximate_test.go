package recipe

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/tensor"
)

// TestApproximate: a search in all cells has the exact answers, one in some says what that is worth; cells are made once and kept, and made anew of other rows or in another
// number, not of a number that does not fit; duplicates are found in them.
func TestApproximate(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "rows.npy")
	x := tensor.NewRNG(1).FillNormal(tensor.New(400, 12), 0, 1)
	copy(x.Rows(7, 8).Data, x.Rows(300, 301).Data)
	var names []string
	for i := range 400 {
		names = append(names, fmt.Sprint("row ", i))
	}
	if _, err := eval.SaveFeatures(path, x, names); err != nil {
		t.Fatal(err)
	}
	m, err := Random("convnet", 1)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	open := func(approximate string) *Index {
		t.Helper()
		said = nil
		x, err := m.OpenIndex(ctx, Searching{Index: path, Approximate: approximate, Say: func(s string) { said = append(said, s) }})
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	ask := []string{"row 300", "row 8", "row 77"}
	want, err := open("").Search(ctx, ask, 5)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		of, says, worth string
		exact           bool
	}{
		{"ivf?probe=1000", "400 rows in 20 cells", "20 of 20 cells are looked into, which is all: the answers are exact", true},
		{"ivf?recall=0.5", "", "of 20 cells are looked into, which have", false},
		{"ivf?cells=30&recall=1", "400 rows in 30 cells", "of 30 cells", false},
		{"ivf", "", "of 30 cells", false},
		{"ivf?cells=1000", "400 rows in 360 cells", "of 360 cells", false},
		{"ivf?cells=2000", "", "of 360 cells", false},
	} {
		x := open(c.of)
		got, err := x.Search(ctx, ask, 5)
		if err != nil || got[0].Near[0].Name != "row 7" || c.exact && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v, want %v", c.of, got, err, want)
		}
		if all := strings.Join(said, "\n"); !strings.Contains(all, c.says) || c.says == "" && strings.Contains(all, "rows in") {
			t.Errorf("%s says %s", c.of, all)
		}
		if s := x.Approximation.String(); !strings.Contains(s, c.worth) {
			t.Errorf("%s is %s", c.of, s)
		}
	}
	exact := open("")
	groups, pairs, err := exact.Duplicates(0.9)
	if err != nil || exact.Approximation != nil {
		t.Fatal(err)
	}
	some := open("ivf?probe=40")
	near, found, err := some.Duplicates(0.9)
	if err != nil || found != pairs || !reflect.DeepEqual(near, groups) || some.Approximation.Pairs != pairs || some.Approximation.PairsFound != pairs {
		t.Errorf("%d pairs of %d in all cells, told %+v, %v", found, pairs, some.Approximation, err)
	}
	x.Data[0] = 3
	if _, err := eval.SaveFeatures(path, x, names); err != nil {
		t.Fatal(err)
	}
	if _, err := open("ivf").Search(ctx, ask, 5); err != nil || !strings.Contains(strings.Join(said, "\n"), "rows in 20 cells, for what was there was of other rows") {
		t.Error(said, err)
	}
	if err := os.WriteFile(eval.CellsOf(path), []byte("nothing"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := open("ivf").Search(ctx, ask, 5); err == nil || !strings.Contains(err.Error(), "rows.cells.safetensors") {
		t.Error(err)
	}
	for of, want := range map[string]string{
		"hnsw":                   "want ivf?option=value",
		"ivf:x":                  "want ivf?option=value",
		"ivf?cells=0":            "cells=0",
		"ivf?recall=2":           "recall=2",
		"ivf?nprobe=3":           "no option \"nprobe\"; options: cells, probe, recall",
		"ivf?probe=3&recall=0.9": "want one of them",
	} {
		if _, err := m.OpenIndex(ctx, Searching{Index: path, Approximate: of}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--approximate") {
			t.Errorf("%s: %v", of, err)
		}
	}
}

// TestIndexKept: an index is built by its first search; where cells cannot be kept, that is said once, and the search goes on.
func TestIndexKept(t *testing.T) {
	ctx, dir := context.Background(), filepath.Join(t.TempDir(), "gone")
	path := filepath.Join(dir, "rows.npy")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range 50 {
		names = append(names, fmt.Sprint("row ", i))
	}
	if _, err := eval.SaveFeatures(path, tensor.NewRNG(1).FillNormal(tensor.New(50, 4), 0, 1), names); err != nil {
		t.Fatal(err)
	}
	m, err := Random("convnet", 1)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	var of []*Index
	for _, approximate := range []string{"", "ivf"} {
		x, err := m.OpenIndex(ctx, Searching{Index: path, Approximate: approximate, Say: func(s string) { said = append(said, s) }})
		if err != nil {
			t.Fatal(err)
		}
		of = append(of, x)
	}
	if err := os.RemoveAll(dir); err != nil { // nothing can be written to it
		t.Fatal(err)
	}
	said = nil
	for i, x := range of {
		var first Index
		for k := range 2 {
			got, err := x.Search(ctx, []string{"row 3"}, 2)
			if err != nil || len(got[0].Near) != 2 {
				t.Fatalf("%v, %v", got, err)
			}
			if k == 0 {
				first = *x
			} else if (x.flat == nil) == (x.ivf == nil) || x.flat != first.flat || x.ivf != first.ivf {
				t.Errorf("index %d is built again", i)
			}
		}
	}
	if len(said) != 1 || !strings.Contains(said[0], "50 rows in 7 cells; they are not kept, and the next search divides again: writing ") {
		t.Errorf("said %q", said)
	}
}
