package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tessera-go/tessera/tensor"
)

func sample() *File {
	r := tensor.NewRNG(1)
	return &File{Metadata: map[string]string{"a": "b"}, Tensors: []Named{
		{"conv.weight", r.FillNormal(tensor.New(3, 2, 4, 5), 0, 1)}, {"fc.weight", r.FillNormal(tensor.New(4, 3), 0, 1)},
		{"bias", tensor.From([]float32{float32(math.Inf(1)), 0, -1}, 3)}, {"empty", tensor.New(0, 3)},
	}}
}

func TestRoundTrip(t *testing.T) {
	var b bytes.Buffer
	f := sample()
	if err := Write(&b, f); err != nil {
		t.Fatal(err)
	}
	g, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	byName := cmpopts.SortSlices(func(a, b Named) bool { return a.Name < b.Name })
	if d := cmp.Diff(f, g, byName, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("what came back differs (-want +got):\n%s", d)
	}
}

func TestTorchLayout(t *testing.T) {
	for _, x := range sample().Tensors {
		y := FromTorch(ToTorch(x.Value))
		if !tensor.SameShape(y.Shape, x.Value.Shape) || fmt.Sprint(y.Data) != fmt.Sprint(x.Value.Data) {
			t.Errorf("%s: there and back is %v", x.Name, y)
		}
	}
	w := tensor.New(3, 2, 4, 5)
	w.Set(7, 1, 0, 2, 3)
	if o := ToTorch(w); fmt.Sprint(o.Shape) != "[5 4 3 2]" || o.At(3, 2, 1, 0) != 7 {
		t.Errorf("a convolution's weight in PyTorch's layout: %v", o.Shape)
	}
}

func raw(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

// TestLies: a file that claims what is not there is refused in a sentence, without taking memory for it.
func TestLies(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"empty":          {nil, "too few"},
		"huge header":    {binary.LittleEndian.AppendUint64(nil, 1<<60), "claims 1152921504606846976 bytes"},
		"not json":       {raw("hello   ", 0), "header"},
		"beyond the end": {raw(`{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`, 8), "claims bytes 0 to 16 of 8"},
		"wrong size":     {raw(`{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,8]}}`, 8), "claims bytes"},
		"negative":       {raw(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}`, 8), "shape"},
		"overflow":       {raw(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}`, 8), "shape"},
		"overlap":        {raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12), "overlaps"},
		"type":           {raw(`{"a":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}}`, 8), "type"},
	} {
		_, err := Read(bytes.NewReader(c.b), int64(len(c.b)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want something with %q", name, err, c.want)
		}
	}
}

// TestAtomic: a write that fails half-way leaves the file as it was, and nothing beside it.
func TestAtomic(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.safetensors")
	if err := Save(path, sample()); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	full := errors.New("no space left on device")
	err := Atomic(path, func(w io.Writer) error {
		w.Write([]byte("half"))
		return full
	})
	if !errors.Is(err, full) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
	after, _ := os.ReadFile(path)
	left, _ := os.ReadDir(dir)
	if !bytes.Equal(before, after) || len(left) != 1 {
		t.Errorf("the file changed, or %d files are left", len(left))
	}
}

func TestHalf(t *testing.T) {
	for h, want := range map[uint16]float32{0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0001: 0x1p-24, 0x0400: 0x1p-14, 0x8000: 0} {
		if got := half(h); got != want {
			t.Errorf("half(%04x) = %g, want %g", h, got, want)
		}
	}
}

func TestRestore(t *testing.T) {
	f := sample()
	f.MarkLayout(ChannelsLast)
	w := tensor.New(3, 2, 4, 5)
	if err := f.Restore([]Named{{"weight", w}}, "conv."); err != nil || w.Data[5] != f.Tensors[0].Value.Data[5] {
		t.Errorf("restore: %v", err)
	}
	if err := f.Restore([]Named{{"nope", w}}, ""); err == nil || !strings.Contains(err.Error(), "conv.weight") {
		t.Errorf("a missing tensor should name what there is: %v", err)
	}
	if err := f.Restore([]Named{{"bias", w}}, ""); err == nil {
		t.Error("another shape must be an error")
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	Write(&b, sample())
	f.Add(b.Bytes())
	f.Add(raw(`{"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}`, 8))
	f.Fuzz(func(t *testing.T, b []byte) { Read(bytes.NewReader(b), int64(len(b))) })
}
