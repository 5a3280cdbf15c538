package eval

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/index"
	"github.com/tessera-go/tessera/internal/fuzzing"
	"github.com/tessera-go/tessera/tensor"
)

func celled() (*tensor.Tensor, *index.Division) {
	x := tensor.NewRNG(1).FillNormal(tensor.New(60, 5), 0, 1)
	x.Data[0] = float32(math.NaN())
	return x, index.Divide(x, index.Cosine, index.DivideOptions{Cells: 7})
}

// TestCells: cells are read as they were written; of other rows they are stale; what does not fit is refused.
func TestCells(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.npy")
	x, d := celled()
	if got, stale, err := LoadCells(path, x); got != nil || stale || err != nil {
		t.Fatal(got, stale, err)
	}
	if err := SaveCells(path, x, d); err != nil {
		t.Fatal(err)
	}
	got, stale, err := LoadCells(path, x)
	if stale || err != nil || !slices.Equal(got.Of, d.Of) || !slices.Equal(got.Found, d.Found) || got.Asked != d.Asked || !slices.Equal(got.Centres.Data, d.Centres.Data) || d.Of[0] != -1 || d.Asked == 0 {
		t.Fatalf("%+v, want %+v: %v, %v", got, d, stale, err)
	}
	other := x.Clone()
	other.Data[7]++
	if got, stale, err := LoadCells(path, other); got != nil || !stale || err != nil {
		t.Error(got, stale, err)
	}
	for want, change := range map[string]func(f *checkpoint.File){
		"is no file of cells":        func(f *checkpoint.File) { f.Metadata = nil },
		"version \"2\"":              func(f *checkpoint.File) { f.Metadata[cellsVersion] = "2" },
		"want centres [K D]":         func(f *checkpoint.File) { f.Tensors = f.Tensors[1:] },
		"are not of rows":            func(f *checkpoint.File) { f.Get("cells").Shape[0], f.Get("cells").Data = 3, f.Get("cells").Data[:3] },
		"is not finite":              func(f *checkpoint.File) { f.Get("centres").Data[2] = float32(math.Inf(1)) },
		"row 4 is in cell 7 of 7":    func(f *checkpoint.File) { f.Get("cells").Data[4] = 7 },
		"row 4 is in cell NaN of 7":  func(f *checkpoint.File) { f.Get("cells").Data[4] = float32(math.NaN()) },
		"asked is \"x\"":             func(f *checkpoint.File) { f.Metadata[cellsAsked] = "x" },
		"found in 2 cells is -1, in": func(f *checkpoint.File) { f.Get("found").Data[1] = -1 },
	} {
		f, err := checkpoint.Load(CellsOf(path))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := os.ReadFile(CellsOf(path))
		change(f)
		if err := checkpoint.Save(CellsOf(path), f); err != nil {
			t.Fatal(err)
		}
		if _, _, err := LoadCells(path, x); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "f.cells.safetensors") {
			t.Errorf("%v, want %q", err, want)
		}
		if err := os.WriteFile(CellsOf(path), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzCells: what is accepted can be searched, and is written as it was read.
func FuzzCells(f *testing.F) {
	x, d := celled()
	path := filepath.Join(f.TempDir(), "f.npy")
	if err := SaveCells(path, x, d); err != nil {
		f.Fatal(err)
	}
	seed, err := os.ReadFile(CellsOf(path))
	if err != nil {
		f.Fatal(err)
	}
	fuzzing.Run(f, [][]byte{seed}, func(t testing.TB, b []byte) {
		file, err := checkpoint.Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		d, err := cellsIn(file, x)
		if fuzzing.OneLine(t, err) {
			return
		}
		for _, hits := range index.NewIVF(x, index.Cosine, d).Search(x.Rows(1, 4), 3, d.Probe(0.9), nil) {
			if len(hits) > 3 {
				t.Fatal(hits)
			}
		}
		again := filepath.Join(t.TempDir(), "g.npy")
		if err := SaveCells(again, x, d); err != nil {
			t.Fatal(err)
		}
		if got, stale, err := LoadCells(again, x); stale || err != nil || !slices.Equal(got.Of, d.Of) {
			t.Fatal(stale, err)
		}
	})
}
