package eval

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/tessera-go/tessera/tensor"
)

// TestSaveFeatures: what is written comes back to the bit, with the names, whatever they contain.
func TestSaveFeatures(t *testing.T) {
	dir := t.TempDir()
	names := []string{"a.png", "two\nlines.png", `"quoted", and more`, "\uace0\uc591\uc774.jpg", "", "not UTF-8 \xff.png"}
	x := tensor.New(len(names), 5)
	tensor.NewRNG(1).FillNormal(x, 0, 1e3)
	copy(x.Data, []float32{0, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, math.MaxFloat32, 0.1})
	equal := func(what string, i int, name, want string, row []float32) {
		t.Helper()
		if name != want || len(row) != 5 {
			t.Errorf("%s, row %d: %q with %d values, want %q with 5", what, i, name, len(row), want)
			return
		}
		for j, v := range row {
			if math.Float32bits(v) != math.Float32bits(x.Data[5*i+j]) {
				t.Errorf("%s, row %d: %g, want %g", what, i, v, x.Data[5*i+j])
			}
		}
	}

	path := filepath.Join(dir, "f.CSV")
	if list, err := SaveFeatures(path, x, names); err != nil || list != path {
		t.Fatal(list, err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(f).ReadAll()
	if f.Close(); err != nil || len(lines) != len(names)+1 || fmt.Sprint(lines[0]) != "[name f0 f1 f2 f3 f4]" {
		t.Fatal(err, len(lines), lines[0])
	}
	for i, l := range lines[1:] {
		var row []float32
		for _, text := range l[1:] {
			v, err := strconv.ParseFloat(text, 32)
			if err != nil {
				t.Fatal(err)
			}
			row = append(row, float32(v))
		}
		equal("csv", i, l[0], names[i], row)
	}

	path = filepath.Join(dir, "f.parquet")
	if list, err := SaveFeatures(path, x, names); err != nil || list != path {
		t.Fatal(list, err)
	}
	rows, err := parquet.ReadFile[parquetRow](path)
	if err != nil || len(rows) != len(names) {
		t.Fatal(err, len(rows))
	}
	for i, r := range rows {
		want := names[i]
		if i == len(names)-1 || strings.HasPrefix(want, `"`) {
			want = strconv.Quote(want)
		}
		equal("parquet", i, r.Name, want, r.Features)
	}

	path = filepath.Join(dir, "f.npy")
	if list, err := SaveFeatures(path, x, names); err != nil || list != filepath.Join(dir, "f.txt") {
		t.Fatal(list, err)
	}
	for _, name := range []string{"f.txt", "f", "f.npz"} {
		if _, err := SaveFeatures(filepath.Join(dir, name), x, names); err == nil || !strings.Contains(err.Error(), ".npy, .csv, .parquet") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, ending := range FeatureFormats {
		if _, err := SaveFeatures(filepath.Join(dir, "short"+ending), x, names[1:]); err == nil || !strings.Contains(err.Error(), "5 names of 6 rows") {
			t.Errorf("%s: %v", ending, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "short"+ending)); err == nil {
			t.Errorf("short%s is written", ending)
		}
	}
}
