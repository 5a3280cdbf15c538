package eval

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// Array are features that somebody else made: rows of numbers in files. A row belongs to the sample that it is named after, or,
// where rows have no names, to the sample of the same number in a set of as many samples.
type Array struct {
	Label string
	Files []Rows
}

// Rows are the features in one file.
type Rows struct {
	Path  string
	X     *tensor.Tensor // [N D]
	Names []string       // [N], or none
}

// LoadArray reads features from files: .csv and .parquet as SaveFeatures writes them, or else .npy of any number of axes, the first of which counts samples; one file for all
// samples, or one for training and one for testing. Numbers that are not finite are an error. Beside FILE.npy, FILE.txt, where it is there, names the sample of each row in a line, as
// `tessera embed` writes it and Describe says it.
func LoadArray(paths ...string) (*Array, error) {
	a := &Array{}
	bare := map[int]string{}
	for _, path := range paths {
		r, err := readRows(path)
		if err != nil {
			return nil, err
		}
		if len(a.Files) > 0 && a.Files[0].X.Dim(1) != r.X.Dim(1) {
			return nil, fmt.Errorf("the rows of %s have %d values, those of %s %d", paths[0], a.Files[0].X.Dim(1), path, r.X.Dim(1))
		}
		if r.Names == nil {
			if other, taken := bare[r.X.Dim(0)]; taken {
				return nil, fmt.Errorf("%s and %s have %d rows each and name none, so nobody can tell whose they are; name them in .txt files", other, path, r.X.Dim(0))
			}
			bare[r.X.Dim(0)] = path
		}
		a.Files = append(a.Files, r)
	}
	if len(a.Files) == 0 {
		return nil, fmt.Errorf("no file of features is given")
	}
	a.Label = filepath.Base(paths[0])
	return a, nil
}

// SaveArray writes features [N D] to path, a .npy file, and the name of each row to the .txt file beside it, which LoadArray reads
// again; it returns that file's path.
func SaveArray(path string, x *tensor.Tensor, names []string) (list string, err error) {
	list = namesOf(path)
	switch {
	case len(names) != x.Dim(0):
		return list, fmt.Errorf("%d names of %d rows", len(names), x.Dim(0))
	case list == path:
		return list, fmt.Errorf("%s is where the names of the rows go; features want another ending, .npy", path)
	}
	if err := checkpoint.SaveNPY(path, x); err != nil {
		return list, err
	}
	return list, checkpoint.Atomic(list, func(w io.Writer) error {
		for _, name := range names {
			if _, err := io.WriteString(w, oneLine(name)+"\n"); err != nil {
				return err
			}
		}
		return nil
	})
}

// oneLine returns a name as a line of a list: quoted as a Go string where it has a line break or another control character, or begins with
// a quotation mark.
func oneLine(name string) string {
	if strings.HasPrefix(name, `"`) || strings.ContainsFunc(name, unicode.IsControl) {
		return strconv.Quote(name)
	}
	return name
}

// namesOf returns the file that names the rows of an array.
func namesOf(path string) string { return strings.TrimSuffix(path, filepath.Ext(path)) + ".txt" }

// readLines returns the lines of a text file.
func readLines(path string) ([]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines, err := parseLines(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return lines, nil
}

func parseLines(b []byte) (lines []string, err error) {
	text := strings.TrimSuffix(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n")
	lines = strings.Split(text, "\n")
	for i, l := range lines {
		if !strings.HasPrefix(l, `"`) {
			continue
		}
		if lines[i], err = strconv.Unquote(l); err != nil {
			return nil, fmt.Errorf("line %d begins with a quotation mark and is no quoted name", i+1)
		}
	}
	return lines, nil
}

// Name returns the label.
func (a *Array) Name() string { return a.Label }

// Depths returns the one depth, array.
func (a *Array) Depths() []string { return []string{"array"} }

// Settings are the files.
func (a *Array) Settings(data.Inputs) map[string]any {
	var paths []string
	for _, f := range a.Files {
		paths = append(paths, f.Path)
	}
	return map[string]any{"files": paths}
}

// Encode looks up the samples' rows. It is an error where a sample has none.
func (a *Array) Encode(ctx context.Context, in data.Inputs, o Options) ([]Features, error) {
	samples := in.Samples()
	n := samples.Len()
	named := map[string][]float32{}
	var has []string
	for _, f := range a.Files {
		d := f.X.Dim(1)
		if f.Names == nil && f.X.Dim(0) == n {
			return []Features{arrayFeatures(f.X)}, ctx.Err()
		}
		has = append(has, fmt.Sprintf("%s %d", f.Path, f.X.Dim(0)))
		for i, name := range f.Names {
			row := f.X.Data[i*d : (i+1)*d]
			if other, twice := named[name]; twice && !slices.Equal(other, row) {
				return nil, fmt.Errorf("two files name a row %q, with other values: %s", name, strings.Join(has, ", "))
			}
			named[name] = row
		}
	}
	if len(named) == 0 {
		sort.Strings(has)
		return nil, fmt.Errorf("there are %d samples, and no file of as many rows: %s", n, strings.Join(has, ", "))
	}
	x := tensor.New(n, a.Files[0].X.Dim(1))
	for i := range n {
		row, ok := named[samples.Describe(i)]
		if !ok {
			return nil, fmt.Errorf("%s names no row after %s", a.Label, samples.Describe(i))
		}
		copy(x.Data[i*x.Dim(1):], row)
	}
	return []Features{arrayFeatures(x)}, ctx.Err()
}

func arrayFeatures(x *tensor.Tensor) Features {
	f := Features{Name: "array", Depth: 1, Pooled: x, Grid: x, Index: make([]int, x.Dim(0))}
	for i := range f.Index {
		f.Index[i] = i
	}
	return f
}

// Dataset returns the rows as samples, for judging an array without the data that it was made from: a sample is its row's name, and
// its truth are labels, which may be nil.
func (r Rows) Dataset(labels data.Labels) *data.Dataset {
	h := sha256.New()
	fmt.Fprintln(h, r.X.Shape, r.Names)
	var b [4]byte
	for _, v := range r.X.Data {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
		h.Write(b[:])
	}
	return &data.Dataset{Name: r.Path, Fingerprint: hex.EncodeToString(h.Sum(nil))[:16], Inputs: data.Inputs{Texts: rowNames{r}}, Truth: data.Truth{Labels: labels}}
}

// rowNames are rows as samples.
type rowNames struct{ r Rows }

// Kind is what data.Inputs.Kinds calls them.
func (n rowNames) Kind() string { return "rows of features" }

func (n rowNames) Len() int { return n.r.X.Dim(0) }
func (n rowNames) Open(i int) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(n.Describe(i))), nil
}
func (n rowNames) Describe(i int) string { return n.r.name(i) }

// Hash is of a row's values: the same features in training and test are told of.
func (n rowNames) Hash(i int) (data.Hash, error) {
	h := sha256.New()
	d := n.r.X.Dim(1)
	err := binary.Write(h, binary.LittleEndian, n.r.X.Data[i*d:(i+1)*d])
	return data.Hash(h.Sum(nil)), err
}
