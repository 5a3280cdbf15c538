package checkpoint

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/internal/files"
	"github.com/tessera-go/tessera/tensor"
)

// Named is a tensor with its name in a file.
type Named struct {
	Name   string
	Value  *tensor.Tensor
	Layout tensor.Layout // of the model's tensors, for Restore and TorchFile; what is read from a file has none
}

// File is what a safetensors file holds: tensors in order, and text.
type File struct {
	Tensors  []Named
	Metadata map[string]string
}

// Get returns the tensor of that name, or nil.
func (f *File) Get(name string) *tensor.Tensor {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t.Value
		}
	}
	return nil
}

// maxHeader is the format's own limit on the JSON header, 100 MB.
const maxHeader = 100_000_000

type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// Write writes tensors as float32 in the safetensors format.
func Write(w io.Writer, f *File) error {
	header := map[string]any{}
	if len(f.Metadata) > 0 {
		header["__metadata__"] = f.Metadata
	}
	at := int64(0)
	for _, t := range f.Tensors {
		if _, twice := header[t.Name]; twice || t.Name == "__metadata__" {
			return fmt.Errorf("two tensors are named %q", t.Name)
		}
		shape := make([]int64, len(t.Value.Shape))
		for i, s := range t.Value.Shape {
			shape[i] = int64(s)
		}
		size := int64(4 * t.Value.Len())
		header[t.Name] = entry{"F32", shape, [2]int64{at, at + size}}
		at += size
	}
	h, err := json.Marshal(header) // sorts the names: the same tensors give the same bytes
	if err != nil {
		return err
	}
	for len(h)%8 != 0 {
		h = append(h, ' ')
	}
	b := bufio.NewWriterSize(w, 1<<20)
	binary.Write(b, binary.LittleEndian, uint64(len(h)))
	b.Write(h)
	var buf [4096]byte
	for _, t := range f.Tensors {
		for d := t.Value.Data; len(d) > 0; {
			n := min(len(d), len(buf)/4)
			for i, v := range d[:n] {
				binary.LittleEndian.PutUint32(buf[4*i:], math.Float32bits(v))
			}
			if _, err := b.Write(buf[:4*n]); err != nil {
				return err
			}
			d = d[n:]
		}
	}
	return b.Flush()
}

// Save writes a safetensors file atomically.
func Save(path string, f *File) error {
	return Atomic(path, func(w io.Writer) error { return Write(w, f) })
}

// Atomic writes path through a temporary file beside it: write, sync, rename, sync the folder. On an error path is as it
// was.
func Atomic(path string, write func(w io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			tmp.Close()
			os.Remove(tmp.Name())
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	if err = write(tmp); err != nil {
		return err
	}
	return files.Keep(tmp, path)
}

// Load reads a safetensors file: F32, F16, BF16, F64 and the integer types, as float32. Offsets, shapes and sizes are
// checked against the file's length before memory is taken. What is another known kind of file is a FormatError.
func Load(path string) (*File, error) { return load(path, Read) }

// LoadSum is Load in one pass with the file's SHA-256, in hexadecimal.
func LoadSum(path string) (f *File, sum string, err error) {
	f, err = load(path, func(r io.ReaderAt, size int64) (*File, error) {
		h := &hashed{r: r, hash: sha256.New()}
		f, err := Read(h, size)
		if err == nil {
			err = h.until(size)
		}
		sum = hex.EncodeToString(h.hash.Sum(nil))
		return f, err
	})
	return f, sum, err
}

func load(path string, read func(r io.ReaderAt, size int64) (*File, error)) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	out, err := read(f, st.Size())
	if err != nil {
		if e := otherFormat(path, f, st.Size()); e != nil {
			return nil, e
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// hashed is a source that is read from front to back, and hashed on the way with what lies between two reads.
type hashed struct {
	r    io.ReaderAt
	hash hash.Hash
	at   int64 // what stands before it is hashed
}

// until hashes what stands before a place.
func (h *hashed) until(end int64) error {
	n, err := io.Copy(h.hash, io.NewSectionReader(h.r, h.at, max(0, end-h.at)))
	h.at += n
	return err
}

func (h *hashed) ReadAt(b []byte, at int64) (int, error) {
	if err := h.until(at); err != nil {
		return 0, err
	}
	n, err := h.r.ReadAt(b, at)
	if before := int(h.at - at); before < n {
		h.hash.Write(b[before:n])
		h.at = at + int64(n)
	}
	return n, err
}

var widths = map[string]int64{"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}

// Read reads the safetensors format from a source of that many bytes; see Load.
func Read(r io.ReaderAt, size int64) (*File, error) {
	var head [8]byte
	if err := readAt(r, head[:], 0); err != nil {
		return nil, fmt.Errorf("%d bytes are too few for a safetensors file", size)
	}
	n := binary.LittleEndian.Uint64(head[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("not a safetensors file: its header claims %d bytes, the file has %d", n, size)
	}
	h := make([]byte, n)
	if err := readAt(r, h, 8); err != nil {
		return nil, fmt.Errorf("reading the header: %w", err)
	}
	raw, err := fields(h)
	if err != nil {
		return nil, fmt.Errorf("not a safetensors file: header: %w", err)
	}
	out := &File{Metadata: map[string]string{}}
	type at struct {
		name string
		e    entry
	}
	var list []at
	for name, m := range raw {
		if name == "__metadata__" {
			if err := json.Unmarshal(m, &out.Metadata); err != nil {
				return nil, fmt.Errorf("metadata: %w", err)
			}
			continue
		}
		var e entry
		if err := json.Unmarshal(m, &e); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		width := widths[e.DType]
		if width == 0 {
			return nil, fmt.Errorf("tensor %q has type %q; known are F32, F16, BF16, F64, I8 to I64, U8 and BOOL", name, e.DType)
		}
		count := int64(1)
		for _, s := range e.Shape {
			if s < 0 || s > 1<<40 || s > 0 && count > (1<<40)/s {
				return nil, fmt.Errorf("tensor %q has shape %v", name, e.Shape)
			}
			count *= s
		}
		if e.Offsets[0] < 0 || e.Offsets[1] < e.Offsets[0] || e.Offsets[1] > size-8-int64(n) || e.Offsets[1]-e.Offsets[0] != count*width {
			return nil, fmt.Errorf("tensor %q, %s %v, claims bytes %d to %d of %d", name, e.DType, e.Shape, e.Offsets[0], e.Offsets[1], size-8-int64(n))
		}
		list = append(list, at{name, e})
	}
	slices.SortFunc(list, func(a, b at) int { // an empty tensor stands before the one that begins where it does
		return cmp.Or(slices.Compare(a.e.Offsets[:], b.e.Offsets[:]), strings.Compare(a.name, b.name))
	})
	end := int64(0)
	for _, t := range list {
		if t.e.Offsets[0] < end {
			return nil, fmt.Errorf("tensor %q overlaps the one before it", t.name)
		}
		end = t.e.Offsets[1]
	}
	for _, t := range list {
		shape := make([]int, len(t.e.Shape))
		for i, s := range t.e.Shape {
			shape[i] = int(s)
		}
		x := tensor.New(shape...)
		if err := readValues(r, 8+int64(n)+t.e.Offsets[0], t.e.DType, x.Data); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.name, err)
		}
		out.Tensors = append(out.Tensors, Named{Name: t.name, Value: x})
	}
	return out, nil
}

// fields returns the fields of a JSON object, and refuses a name that stands in it twice: readers disagree about which one counts.
func fields(text []byte) (map[string]json.RawMessage, error) {
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(text, &whole); err != nil { // it checks the text to its end
		return nil, err
	}
	out := make(map[string]json.RawMessage, len(whole))
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.Join(errors.New("it is no JSON object"), err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
		key, _ := name.(string)
		if _, twice := out[key]; twice {
			return nil, fmt.Errorf("it names %s twice", strconv.Quote(key))
		}
		out[key] = v
	}
	return out, nil
}

// readAt reads all of b; an end that comes with the last bytes is none.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	if n, err := r.ReadAt(b, at); n < len(b) {
		return err
	}
	return nil
}

func readValues(r io.ReaderAt, at int64, dtype string, dst []float32) error {
	w := int(widths[dtype])
	buf := make([]byte, min(len(dst)*w, 1<<20))
	for len(dst) > 0 {
		n := min(len(dst), len(buf)/w)
		b := buf[:n*w]
		if err := readAt(r, b, at); err != nil {
			return err
		}
		le := binary.LittleEndian
		for i := range n {
			switch dtype {
			case "F32":
				dst[i] = math.Float32frombits(le.Uint32(b[4*i:]))
			case "F64":
				dst[i] = float32(math.Float64frombits(le.Uint64(b[8*i:])))
			case "BF16":
				dst[i] = math.Float32frombits(uint32(le.Uint16(b[2*i:])) << 16)
			case "F16":
				dst[i] = tensor.Float16(le.Uint16(b[2*i:]))
			case "I64":
				dst[i] = float32(int64(le.Uint64(b[8*i:])))
			case "I32":
				dst[i] = float32(int32(le.Uint32(b[4*i:])))
			case "I16":
				dst[i] = float32(int16(le.Uint16(b[2*i:])))
			case "I8":
				dst[i] = float32(int8(b[i]))
			default:
				dst[i] = float32(b[i])
			}
		}
		at += int64(len(b))
		dst = dst[n:]
	}
	return nil
}
