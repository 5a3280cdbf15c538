package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tessera-go/tessera/internal/fuzzing"
	"github.com/tessera-go/tessera/tensor"
)

func sample() *File {
	r := tensor.NewRNG(1)
	return &File{Metadata: map[string]string{"a": "b"}, Tensors: []Named{
		{Name: "conv.weight", Value: r.FillNormal(tensor.New(3, 2, 4, 5), 0, 1)}, {Name: "fc.weight", Value: r.FillNormal(tensor.New(4, 3), 0, 1)},
		{Name: "bias", Value: tensor.From([]float32{float32(math.Inf(1)), 0, -1}, 3)}, {Name: "empty", Value: tensor.New(0, 3)},
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

// TestTorchLayout: element by element, PyTorch's tensor is ours with the last two axes first; a plain tensor is itself whatever
// its rank.
func TestTorchLayout(t *testing.T) {
	for _, shape := range [][]int{{3}, {4, 3}, {5, 4, 3}, {3, 2, 4, 5}, {2, 3, 2, 4, 5}, {0, 3}, {}} {
		x := tensor.NewRNG(1).FillNormal(tensor.New(shape...), 0, 1)
		if ToTorch(x, tensor.Plain) != x || FromTorch(x, tensor.Plain) != x {
			t.Errorf("%v: a plain tensor changed", shape)
		}
		y := ToTorch(x, tensor.Kernel)
		back := FromTorch(y, tensor.Kernel)
		if !tensor.SameShape(back.Shape, shape) || fmt.Sprint(back.Data) != fmt.Sprint(x.Data) {
			t.Errorf("%v: there and back is %v", shape, back)
		}
		n := len(shape)
		if n < 2 {
			continue
		}
		at := make([]int, n)
		for k, v := range x.Data {
			for i, rest := n-1, k; i >= 0; i-- {
				at[i], rest = rest%shape[i], rest/shape[i]
			}
			if got := y.At(append([]int{at[n-1], at[n-2]}, at[:n-2]...)...); got != v {
				t.Fatalf("%v at %v: %g, in PyTorch's layout %g", shape, at, v, got)
			}
		}
	}
}

// TestTorchFile: what TorchFile writes Restore reads, both by the model's layouts: a table of the shape of a linear weight stays.
func TestTorchFile(t *testing.T) {
	r := tensor.NewRNG(1)
	net := []Named{{"conv", r.FillNormal(tensor.New(3, 2, 4, 5), 0, 1), tensor.Kernel}, {"fc", r.FillNormal(tensor.New(3, 3), 0, 1), tensor.Kernel},
		{"table", r.FillNormal(tensor.New(3, 3), 0, 1), tensor.Plain}, {"queue", r.FillNormal(tensor.New(2, 2, 2, 2), 0, 1), tensor.Plain}}
	f := TorchFile(net)
	if w := f.Get("fc"); w.At(0, 1) != net[1].Value.At(1, 0) {
		t.Error("a linear weight was not transposed")
	}
	if w := f.Get("table"); w.At(0, 1) != net[2].Value.At(0, 1) {
		t.Error("a table was transposed")
	}
	var got []Named
	for _, x := range net {
		got = append(got, Named{x.Name, tensor.New(x.Value.Shape...), x.Layout})
	}
	if err := f.Restore(got, ""); err != nil {
		t.Fatal(err)
	}
	f.MarkLayout(ChannelsLast) // now it claims to be ours
	same := tensor.New(3, 3)
	if err := f.Restore([]Named{{"fc", same, tensor.Kernel}}, ""); err != nil {
		t.Fatal(err)
	}
	if same.At(0, 1) != f.Get("fc").At(0, 1) {
		t.Error("a kernel of our own layout was turned")
	}
	if d := cmp.Diff(net, got); d != "" {
		t.Errorf("what came back differs (-want +got):\n%s", d)
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
		"twice":          {raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}`, 16), `it names "a" twice`},
		"twice, escaped": {raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"\u0061":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}`, 16), `it names "a" twice`},
		"two texts":      {raw(`{"__metadata__":{},"__metadata__":{}}`, 0), `it names "__metadata__" twice`},
		"nothing":        {raw(`null`, 0), "no JSON object"},
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
		if got := tensor.Float16(h); got != want {
			t.Errorf("Float16(%04x) = %g, want %g", h, got, want)
		}
	}
}

func TestRestore(t *testing.T) {
	f := sample()
	f.MarkLayout(ChannelsLast)
	w := tensor.New(3, 2, 4, 5)
	if err := f.Restore([]Named{{Name: "weight", Value: w}}, "conv."); err != nil || w.Data[5] != f.Tensors[0].Value.Data[5] {
		t.Errorf("restore: %v", err)
	}
	if err := f.Restore([]Named{{Name: "nope", Value: w}}, ""); err == nil || !strings.Contains(err.Error(), "conv.weight") {
		t.Errorf("a missing tensor should name what there is: %v", err)
	}
	if err := f.Restore([]Named{{Name: "bias", Value: w}}, ""); err == nil {
		t.Error("another shape must be an error")
	}
}

// TestRestoreAll: a tensor that the model does not have is named, if it begins with the prefix.
func TestRestoreAll(t *testing.T) {
	f := sample()
	f.MarkLayout(ChannelsLast)
	w, v := tensor.New(3, 2, 4, 5), tensor.New(1)
	f.Tensors = append(f.Tensors, Named{Name: "conv.extra", Value: v})
	if err := f.RestoreAll([]Named{{Name: "weight", Value: w}}, "conv."); err == nil || !strings.Contains(err.Error(), "conv.extra") || w.Data[5] != 0 {
		t.Errorf("a tensor too many: %v", err)
	}
	if err := f.RestoreAll([]Named{{Name: "weight", Value: w}, {Name: "extra", Value: v}}, "conv."); err != nil || w.Data[5] != f.Tensors[0].Value.Data[5] {
		t.Errorf("restore: %v", err)
	}
}

// FuzzRead: memory grows with the file, whatever its header claims; what is read is written, and read back to the bit.
func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := Write(&b, sample()); err != nil {
		f.Fatal(err)
	}
	seeds := [][]byte{b.Bytes()}
	for _, dtype := range slices.Sorted(maps.Keys(widths)) {
		seeds = append(seeds, raw(fmt.Sprintf(`{"a":{"dtype":"%s","shape":[2],"data_offsets":[0,%d]},"__metadata__":{"k":"v"}}`, dtype, 2*widths[dtype]), 16))
	}
	seeds = append(seeds, raw(`{"b":{"dtype":"U8","shape":[2,1],"data_offsets":[3,5]},"a":{"dtype":"I8","shape":[0,4],"data_offsets":[0,0]}}`, 5))
	fuzzing.Run(f, seeds, func(t testing.TB, b []byte) {
		var got *File
		var err error
		fuzzing.Memory(t, 1<<20+256*len(b), func() { got, err = Read(bytes.NewReader(b), int64(len(b))) })
		if fuzzing.OneLine(t, err) {
			return
		}
		var again bytes.Buffer
		if err := Write(&again, got); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		back, err := Read(bytes.NewReader(again.Bytes()), int64(again.Len()))
		if err != nil || !maps.Equal(got.Metadata, back.Metadata) || len(got.Tensors) != len(back.Tensors) {
			t.Fatalf("%d tensors and %q come back as %+v, %v", len(got.Tensors), got.Metadata, back, err)
		}
		for _, x := range got.Tensors {
			y := back.Get(x.Name)
			if y == nil || !tensor.SameShape(x.Value.Shape, y.Shape) {
				t.Fatalf("%q %v comes back as %v", x.Name, x.Value.Shape, y)
			}
			for i, v := range x.Value.Data {
				if math.Float32bits(v) != math.Float32bits(y.Data[i]) {
					t.Fatalf("%q: value %d, %x comes back as %x", x.Name, i, math.Float32bits(v), math.Float32bits(y.Data[i]))
				}
			}
		}
	})
}
