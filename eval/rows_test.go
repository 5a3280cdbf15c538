package eval

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
	"github.com/tessera-go/tessera/tensor"
)

// TestReadRows: what SaveFeatures writes is read back to the bit, with its names, in all formats.
func TestReadRows(t *testing.T) {
	x := &tensor.Tensor{Shape: []int{3, 2}, Data: []float32{0.1, -2.5e-8, 3, 1e20, 5, -6.25}}
	names := []string{"a,b.png", "two\nlines", `"quoted"`}
	for _, ending := range FeatureFormats {
		path := filepath.Join(t.TempDir(), "x"+ending)
		if _, err := SaveFeatures(path, x, names); err != nil {
			t.Fatal(err)
		}
		r, err := readRows(path)
		if err != nil || !slices.Equal(r.X.Shape, x.Shape) || !slices.Equal(r.X.Data, x.Data) || !slices.Equal(r.Names, names) {
			t.Errorf("%s: %v %q, %v", ending, r.X, r.Names, err)
		}
	}
}

// TestReadRowsRefuses: a sentence each.
func TestReadRowsRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, want string }{
		"none.csv":    {"", "there is no header"},
		"head.csv":    {"name,f0\n", "no rows below the header"},
		"word.csv":    {"name,f0\na,1\nb,x\n", `line 3, column "f0": "x" is no number`},
		"narrow.csv":  {"name\na\n", "rows of 0 values"},
		"label.csv":   {"name,f0,label\na,1,0\n", `the column "label" is no feature`},
		"index.csv":   {",f0\n0,1\n", "column 1 has no name"},
		"twice.csv":   {"name,f0\na,1\nb,2\na,3\n", `names two rows "a"`},
		"ragged.csv":  {"name,f0\na,1,2\n", "wrong number of fields"},
		"nan.csv":     {"name,f0\na,1\nb,NaN\n", "the features of b are not all finite"},
		"bare.csv":    {"f0,f1\n1,2\n3,Inf\n", "bare.csv are not all finite"},
		"bad.parquet": {"PAR1", "bad.parquet: "},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := readRows(path)
		wantError(t, err, c.want)
	}
	_, err := readRows(filepath.Join(dir, "gone.csv"))
	wantError(t, err, "gone.csv: no such file")
}

// TestReadLabels: columns in any order, by name or by order, and what does not fit.
func TestReadLabels(t *testing.T) {
	dir := t.TempDir()
	read := func(text string) (*LabelTable, error) {
		path := filepath.Join(dir, "l.csv")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return ReadLabels(path)
	}
	x := tensor.New(2, 1)
	l, err := read("\ufeffsplit,Label,name\nVal,cat,b\ntrain,\"dog, big\",a\ntest,eel,c\n")
	if err != nil {
		t.Fatal(err)
	}
	labels, splits, err := l.Of(Rows{"x.npy", x, []string{"a", "b"}})
	if err != nil || fmt.Sprint(labels, splits) != "[dog, big cat] [train test]" {
		t.Errorf("%q %q %v", labels, splits, err)
	}
	_, _, err = l.Of(Rows{"x.npy", x, nil})
	wantError(t, err, "3 labels, x.npy 2 rows")
	_, _, err = l.Of(Rows{"x.npy", x, []string{"z", "y"}})
	wantError(t, err, `no label of "z", a row of x.npy, and of 1 others`)
	if l, err = read("label\n1\n2\n"); err != nil {
		t.Fatal(err)
	}
	if labels, splits, err = l.Of(Rows{"x.npy", x, []string{"z", "y"}}); err != nil || fmt.Sprint(labels, splits) != "[1 2] []" {
		t.Errorf("by order: %q %q %v", labels, splits, err)
	}
	for text, want := range map[string]string{
		"":                               "no header",
		"name,class\na,1\n":              "has no column label",
		"label\n":                        "no rows below",
		"label,split\n1,train\n2,both\n": `line 3: the split "both" is neither train nor test`,
		"label\n\"1\n":                   "quote",
	} {
		_, err := read(text)
		wantError(t, err, want)
	}
	if l, err = read("name,label\na,1\na,2\n"); err != nil {
		t.Fatal(err)
	}
	_, _, err = l.Of(Rows{"x.npy", x, []string{"a", "b"}})
	wantError(t, err, `names "a" twice`)
}

// FuzzFeatures: features and labels of other programs, as CSV and as Parquet.
func FuzzFeatures(f *testing.F) {
	seed := func(ending string) []byte {
		path := filepath.Join(f.TempDir(), "x"+ending)
		if _, err := SaveFeatures(path, &tensor.Tensor{Shape: []int{2, 2}, Data: []float32{1, 2, 3, 4}}, []string{"a", "b"}); err != nil {
			f.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	seeds := [][]byte{append([]byte{0}, seed(".csv")...), append([]byte{1}, seed(".parquet")...), []byte("\x02name,label,split\na,1,train\nb,2,val\n")}
	fuzzing.Run(f, seeds, func(t testing.TB, b []byte) {
		if len(b) == 0 {
			return
		}
		kind, b := b[0]%3, b[1:]
		fuzzing.Memory(t, 32<<20+256*len(b), func() {
			var x *tensor.Tensor
			var names []string
			var err error
			switch kind {
			case 0:
				x, names, err = parseFeatures(bytes.NewReader(b))
			case 1:
				x, names, err = parseParquet(bytes.NewReader(b), int64(len(b)))
			default:
				l := LabelTable{}
				if fuzzing.OneLine(t, l.parse(b)) {
					return
				}
				if len(l.Labels) == 0 || l.Names != nil && len(l.Names) != len(l.Labels) || l.Splits != nil && len(l.Splits) != len(l.Labels) {
					t.Fatalf("%d labels, %d names, %d splits", len(l.Labels), len(l.Names), len(l.Splits))
				}
				return
			}
			if fuzzing.OneLine(t, err) {
				return
			}
			if x.Len() != x.Dim(0)*x.Dim(1) || names != nil && len(names) != x.Dim(0) || strings.Contains(fmt.Sprint(x.Shape), "-") {
				t.Fatalf("%v, %d names", x.Shape, len(names))
			}
		})
	})
}
