package checkpoint

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// TestWrittenBytes: a file is the format's, byte by byte: a length, a header of sorted names filled up to eight bytes, the values in
// the order of the tensors.
func TestWrittenBytes(t *testing.T) {
	f := &File{Tensors: []Named{{Name: "b", Value: tensor.From([]float32{1}, 1)}, {Name: "a", Value: tensor.From([]float32{-2, 0.5}, 2, 1)}}}
	header := `{"a":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`
	values := []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f}
	for _, meta := range []map[string]string{nil, {}, {"k": "v"}, {"key": "value"}} {
		f.Metadata = meta
		h := header
		if len(meta) > 0 {
			text := strings.ReplaceAll(strings.TrimPrefix(fmt.Sprintf("%q", meta), "map["), `]`, ``)
			h = `{"__metadata__":{` + text + `},` + header[1:]
		}
		h += strings.Repeat(" ", (8-len(h)%8)%8)
		want := append(raw(h, 0), values...)
		var b bytes.Buffer
		if err := Write(&b, f); err != nil || !bytes.Equal(b.Bytes(), want) {
			t.Errorf("%v: %v, written\n%q, want\n%q", meta, err, b.Bytes(), want)
		}
	}
	for name, twice := range map[string]string{"a": "a", "__metadata__": "x"} {
		f := &File{Tensors: []Named{{Name: twice, Value: tensor.New(1)}, {Name: name, Value: tensor.New(1)}}}
		if err := Write(io.Discard, f); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", name)) {
			t.Errorf("a second %s: %v", name, err)
		}
	}
}

// TestLong: tensors longer than what is written or read at once come back whole, and what stops the writing is told.
func TestLong(t *testing.T) {
	f := &File{Metadata: map[string]string{}}
	for i, n := range []int{1023, 1024, 1025, 5000, 1<<18 - 1, 1 << 18, 1<<18 + 7} {
		x := tensor.New(n)
		for k := range x.Data {
			x.Data[k] = float32(k + i)
		}
		f.Tensors = append(f.Tensors, Named{Name: fmt.Sprint("t", i), Value: x})
	}
	var b bytes.Buffer
	if err := Write(&b, f); err != nil {
		t.Fatal(err)
	}
	g, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range f.Tensors {
		got := g.Tensors[i]
		if got.Name != want.Name || !tensor.SameShape(got.Value.Shape, want.Value.Shape) {
			t.Fatalf("%s %v came back as %s %v", want.Name, want.Value.Shape, got.Name, got.Value.Shape)
		}
		for k, v := range want.Value.Data {
			if got.Value.Data[k] != v {
				t.Fatalf("%s at %d: %g, want %g", want.Name, k, got.Value.Data[k], v)
			}
		}
	}
	full := errors.New("full")
	for _, room := range []int{0, 100, 1 << 20, 3<<20 - 1} {
		if err := Write(&short{room, full}, f); !errors.Is(err, full) {
			t.Errorf("with room for %d bytes: %v", room, err)
		}
	}
}

// short takes a number of bytes and then fails.
type short struct {
	room int
	err  error
}

func (s *short) Write(b []byte) (int, error) {
	if len(b) > s.room {
		return 0, s.err
	}
	s.room -= len(b)
	return len(b), nil
}

// TestTypes reads every type of the format, in the bytes that each has for 1, -2 and larger.
func TestTypes(t *testing.T) {
	for _, c := range []struct {
		dtype string
		data  []byte
		want  []float32
	}{
		{"F64", []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0}, []float32{1, -2}},
		{"F32", []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}, []float32{1, -2}},
		{"F16", []byte{0, 0x3c, 0, 0xc0, 0, 0x7c}, []float32{1, -2, float32(math.Inf(1))}},
		{"BF16", []byte{0x80, 0x3f, 0, 0xc0, 0x81, 0x3f}, []float32{1, -2, 1.0078125}},
		{"I64", []byte{1, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, []float32{1, -2}},
		{"I32", []byte{1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0, 0, 1, 0}, []float32{1, -2, 65536}},
		{"I16", []byte{1, 0, 0xfe, 0xff, 0, 1}, []float32{1, -2, 256}},
		{"I8", []byte{1, 0xfe, 127}, []float32{1, -2, 127}},
		{"U8", []byte{1, 0xfe, 127}, []float32{1, 254, 127}},
		{"BOOL", []byte{1, 0}, []float32{1, 0}},
	} {
		h := fmt.Sprintf(`{"x":{"dtype":"%s","shape":[%d],"data_offsets":[0,%d]}}`, c.dtype, len(c.want), len(c.data))
		b := append(raw(h, 0), c.data...)
		f, err := Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Errorf("%s: %v", c.dtype, err)
			continue
		}
		if got := f.Get("x"); fmt.Sprint(got.Data) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", c.dtype, got.Data, c.want)
		}
		if f.Get("y") != nil {
			t.Errorf("%s: there is a tensor y", c.dtype)
		}
	}
	inf := float32(math.Inf(1))
	for h, want := range map[uint16]float32{0x7c00: inf, 0xfc00: -inf, 0x3555: 0x1.554p-2, 0x03ff: 0x3ffp-24, 0x8001: -0x1p-24, 0x83ff: -0x3ffp-24, 0xbc01: -0x1.004p0} {
		if got := tensor.Float16(h); got != want {
			t.Errorf("Float16(%04x) = %g, want %g", h, got, want)
		}
	}
	if got := tensor.Float16(0x7e00); got == got {
		t.Errorf("Float16's NaN is %g", got)
	}
	if got := tensor.Float16(0x8000); !math.Signbit(float64(got)) {
		t.Error("Float16's -0 has lost its sign")
	}
}

// hasty gives the end of what it reads from together with the last bytes, as an io.ReaderAt may.
type hasty []byte

func (h hasty) ReadAt(b []byte, at int64) (int, error) {
	n := copy(b, h[min(at, int64(len(h))):])
	if at+int64(n) == int64(len(h)) {
		return n, io.EOF
	}
	return n, nil
}

// TestEdges: what is just allowed is read: a file without tensors, empty tensors before and between others, the largest shapes; what
// is just beyond is refused.
func TestEdges(t *testing.T) {
	for name, c := range map[string]struct {
		header string
		data   int
		want   string // the tensors, or of the error
	}{
		"nothing":            {`{}`, 0, ""},
		"only text":          {`{"__metadata__":{"a":"b"}}`, 0, ""},
		"empty ones":         {`{"y":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[0,2],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[2,0],"data_offsets":[4,4]}}`, 4, "x[0 2] y[0] b[1] a[2 0]"},
		"a scalar":           {`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`, 4, "a[]"},
		"a gap":              {`{"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 5, "a[1] b[2]"},
		"a long empty one":   {`{"a":{"dtype":"F32","shape":[1099511627776,0],"data_offsets":[0,0]}}`, 0, "a[1099511627776 0]"},
		"longer":             {`{"a":{"dtype":"F32","shape":[0,1099511627777],"data_offsets":[0,0]}}`, 0, "has shape"},
		"as large as may be": {`{"a":{"dtype":"U8","shape":[1048576,1048576],"data_offsets":[0,8]}}`, 8, "claims bytes 0 to 8 of 8"},
		"larger":             {`{"a":{"dtype":"U8","shape":[1048576,1048577],"data_offsets":[0,8]}}`, 8, "has shape"},
		"before the data":    {`{"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}`, 8, "claims bytes -1 to 0"},
		"backwards":          {`{"a":{"dtype":"U8","shape":[0],"data_offsets":[4,3]}}`, 8, "claims bytes"},
		"text that is none":  {`{"__metadata__":3}`, 0, "metadata"},
		"no tensor":          {`{"a":3}`, 0, `tensor "a"`},
	} {
		b := raw(c.header, c.data)
		for _, r := range []io.ReaderAt{bytes.NewReader(b), hasty(b)} {
			f, err := Read(r, int64(len(b)))
			if err != nil {
				if !strings.Contains(err.Error(), c.want) || c.want == "" {
					t.Errorf("%s: %v, want %q", name, err, c.want)
				}
				continue
			}
			var got []string
			for _, x := range f.Tensors {
				got = append(got, fmt.Sprint(x.Name, x.Value.Shape))
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%s: %s, want %s", name, s, c.want)
			}
		}
	}
	for n, want := range map[int]string{maxHeader: "reading the header", maxHeader + 1: "claims 100000001 bytes", 5: "claims 5 bytes, the file has 12"} {
		b := binary.LittleEndian.AppendUint64(nil, uint64(n))
		size := int64(1 << 40)
		if n < maxHeader {
			size = 12
		}
		if _, err := Read(bytes.NewReader(b), size); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a header of %d: %v, want %q", n, err, want)
		}
	}
}

// TestLoadSum: the sum is of the whole file, gaps and what stands behind the tensors too, and what is loaded is what Load gives.
func TestLoadSum(t *testing.T) {
	long := tensor.New(1<<18 + 5)
	long.Data[1<<18] = 7
	var written bytes.Buffer
	if err := Write(&written, &File{Tensors: []Named{{Name: "long", Value: long}, {Name: "a", Value: tensor.From([]float32{3}, 1)}}}); err != nil {
		t.Fatal(err)
	}
	for what, b := range map[string][]byte{
		"nothing":                  raw(`{}`, 0),
		"gaps, and bytes behind":   raw(`{"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 9),
		"longer than is read once": written.Bytes(),
	} {
		for i := range b[len(b)-min(9, len(b)-10):] {
			b[len(b)-1-i] = byte(i)
		}
		path := filepath.Join(t.TempDir(), "a.safetensors")
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		want, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		got, sum, err := LoadSum(path)
		if err != nil || sum != fmt.Sprintf("%x", sha256.Sum256(b)) || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, sum %s", what, err, sum)
		}
		other := &hashed{r: bytes.NewReader(b), hash: sha256.New()}
		for _, r := range [][2]int{{8, 9}, {0, 9}, {0, 4}, {9, 10}} { // back, and back beyond
			if _, err := other.ReadAt(make([]byte, r[1]-r[0]), int64(r[0])); err != nil {
				t.Fatal(err)
			}
		}
		if err := other.until(int64(len(b))); err != nil || fmt.Sprintf("%x", other.hash.Sum(nil)) != sum {
			t.Errorf("%s: read back and forth it has another sum, %v", what, err)
		}
	}
	if _, _, err := LoadSum(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestCutShort: a file that ends before its values do is refused, whatever was said of its size.
func TestCutShort(t *testing.T) {
	b := raw(`{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`, 16)
	for _, r := range []io.ReaderAt{bytes.NewReader(b[:len(b)-1]), hasty(b[:len(b)-1])} {
		if _, err := Read(r, int64(len(b))); err == nil || !strings.Contains(err.Error(), `tensor "a"`) {
			t.Errorf("a file cut short: %v", err)
		}
	}
}

// TestRestoreNames: the batches that a norm has seen may be missing, a prefix is cut, a single value fits whatever its shape says,
// other shapes of the same size do not, and an error shows at most four of the names.
func TestRestoreNames(t *testing.T) {
	one := func(names ...string) *File {
		f := &File{}
		for i, n := range names {
			f.Tensors = append(f.Tensors, Named{Name: n, Value: tensor.New(1).Fill(float32(i + 1))})
		}
		return f
	}
	v := tensor.New(1).Fill(9)
	if err := one("x").Restore([]Named{{Name: "bn.num_batches_tracked", Value: v}}, ""); err != nil || v.Data[0] != 9 {
		t.Errorf("a count that is missing: %v, %g", err, v.Data[0])
	}
	if err := one("m.y", "m.x", "x").Restore([]Named{{Name: "x", Value: v}}, "m."); err != nil || v.Data[0] != 2 {
		t.Errorf("behind a prefix: %v, %g", err, v.Data[0])
	}
	for n, want := range map[int]string{0: "it has none", 1: "it has t0", 4: "it has t0, t1, t2, t3", 5: "it has t0, t1, t2, t3, and 1 more", 7: "it has t0, t1, t2, t3, and 3 more"} {
		var names []string
		for i := range n {
			names = append(names, fmt.Sprint("t", i))
		}
		if err := one(names...).Restore([]Named{{Name: "x", Value: v}}, "m."); err == nil || !strings.HasSuffix(err.Error(), want) || !strings.Contains(err.Error(), `"m.x"`) {
			t.Errorf("%d tensors: %v, want %q", n, err, want)
		}
	}
	scalar := &File{Tensors: []Named{{Name: "x", Value: tensor.New().Fill(3)}}}
	if err := scalar.Restore([]Named{{Name: "x", Value: v}}, ""); err != nil || v.Data[0] != 3 {
		t.Errorf("a single value: %v, %g", err, v.Data[0])
	}
	square := &File{Tensors: []Named{{Name: "x", Value: tensor.New(2, 3)}}}
	for _, shape := range [][]int{{6}, {3, 2}, {2, 3, 1}, {2, 2}} {
		if err := square.Restore([]Named{{Name: "x", Value: tensor.New(shape...)}}, ""); err == nil || !strings.Contains(err.Error(), "has shape [2 3]") {
			t.Errorf("%v takes [2 3]: %v", shape, err)
		}
	}
}

// TestMarkLayout: a file without the mark is PyTorch's; the mark stands beside what else the metadata says.
func TestMarkLayout(t *testing.T) {
	for _, f := range []*File{{}, {Metadata: map[string]string{"a": "b"}}} {
		n := len(f.Metadata)
		if f.Layout() != Torch {
			t.Errorf("%v has the layout %s", f.Metadata, f.Layout())
		}
		f.MarkLayout(ChannelsLast)
		if f.Layout() != ChannelsLast || len(f.Metadata) != n+1 || n > 0 && f.Metadata["a"] != "b" {
			t.Errorf("marked: %v", f.Metadata)
		}
		if f.MarkLayout(Torch); f.Layout() != Torch {
			t.Errorf("marked as PyTorch's: %v", f.Metadata)
		}
	}
}

// TestSaved: what is saved is read back from its path, readable by all, and the errors name the path.
func TestSaved(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.safetensors")
	if err := Save(path, sample()); err != nil {
		t.Fatal(err)
	}
	f, err := Load(path)
	if err != nil || len(f.Tensors) != 4 || f.Metadata["a"] != "b" {
		t.Errorf("loaded %v, %v", f, err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o644 && runtime.GOOS != "windows" {
		t.Errorf("its mode: %v, %v", st, err)
	}
	for _, bad := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "none", "x")} {
		if _, err := Load(bad); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("loading %s: %v", bad, err)
		}
	}
	if err := Save(filepath.Join(dir, "none", "x"), sample()); err == nil || !strings.Contains(err.Error(), filepath.Join("none", "x")) {
		t.Errorf("saving into no folder: %v", err)
	}
	if err := os.WriteFile(path, []byte("short"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "5 bytes") {
		t.Errorf("loading what is no file of the format: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Save(filepath.Join(dir, "folder"), sample()); err == nil {
		t.Error("a folder was replaced")
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("%d files are left, want 2", len(left))
	}
}

// TestNumPyFiles: .npy and .npz hold what NumPy's format says, the zip's members not compressed.
func TestNumPyFiles(t *testing.T) {
	dir := t.TempDir()
	x := tensor.From([]float32{1, -2, 0.5}, 3, 1)
	var want bytes.Buffer
	if err := tensor.WriteNPY(&want, x); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "x.npy")
	if err := SaveNPY(path, x); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("x.npy is %q, %v", got, err)
	}
	path = filepath.Join(dir, "x.npz")
	if err := SaveNPZ(path, []Named{{Name: "a", Value: x}, {Name: "b.c", Value: tensor.New(2)}}); err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if len(z.File) != 2 || z.File[0].Name != "a.npy" || z.File[1].Name != "b.c.npy" || z.File[0].Method != zip.Store {
		t.Fatalf("x.npz holds %v", z.File)
	}
	r, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("a.npy in x.npz is %q, %v", got, err)
	}
	if err := SaveNPZ(filepath.Join(dir, "none", "x"), nil); err == nil {
		t.Error("saved into no folder")
	}
}
