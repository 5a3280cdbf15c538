package tensor

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// maxNPY is the largest number of elements that ReadNPY accepts: 4 Gi, 16 GiB of float32.
const maxNPY = 1 << 32

// WriteNPY writes t in NumPy's .npy format, version 1.0, little-endian float32, C order.
func WriteNPY(w io.Writer, t *Tensor) error {
	sides := make([]string, len(t.Shape))
	for i, s := range t.Shape {
		sides[i] = strconv.Itoa(s)
	}
	shape := strings.Join(sides, ", ")
	if len(sides) == 1 {
		shape += ","
	}
	h := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", shape)
	h += strings.Repeat(" ", 63-(10+len(h))%64) + "\n"
	b := bufio.NewWriterSize(w, 1<<16)
	b.WriteString("\x93NUMPY\x01\x00")
	binary.Write(b, binary.LittleEndian, uint16(len(h)))
	b.WriteString(h)
	var buf [4]byte
	for _, v := range t.Data {
		binary.LittleEndian.PutUint32(buf[:], math.Float32bits(v))
		b.Write(buf[:])
	}
	return b.Flush()
}

// LoadNPY reads a .npy file.
func LoadNPY(path string) (*Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := ReadNPY(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return t, nil
}

var (
	npyDescr = regexp.MustCompile(`'descr':\s*'([<>|=]?)([a-z]\d+)'`)
	npyOrder = regexp.MustCompile(`'fortran_order':\s*(True|False)`)
	npyShape = regexp.MustCompile(`'shape':\s*\(([\d,\s]*)\)`)
)

// NPYHead is what the header of a .npy file says.
type NPYHead struct {
	Type  string // f2, f4, f8, i4, i8, u1 or b1, little-endian
	Shape []int
	Bytes int64 // where the values begin

	sides string // Shape as the file has it, for errors
}

var npyWidths = map[string]int{"f2": 2, "f4": 4, "f8": 8, "i4": 4, "i8": 8, "u1": 1, "b1": 1}

// Width returns the bytes of a value.
func (h NPYHead) Width() int { return npyWidths[h.Type] }

// ReadNPYHead reads the header of a .npy stream of versions 1 to 3, C order; the values come next.
func ReadNPYHead(r io.Reader) (NPYHead, error) {
	var none NPYHead
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || string(head[:6]) != "\x93NUMPY" {
		return none, errors.New("not a .npy file: it does not begin with \\x93NUMPY")
	}
	n, at := 0, int64(len(head))
	switch head[6] {
	case 1:
		var l uint16
		if err := binary.Read(r, binary.LittleEndian, &l); err != nil {
			return none, errors.New(".npy header cut short")
		}
		n, at = int(l), at+2
	case 2, 3:
		var l uint32
		if err := binary.Read(r, binary.LittleEndian, &l); err != nil {
			return none, errors.New(".npy header cut short")
		}
		if l > 1<<20 {
			return none, fmt.Errorf(".npy header of %d bytes, at most 1 MiB", l)
		}
		n, at = int(l), at+4
	default:
		return none, fmt.Errorf(".npy version %d, known are 1 to 3", head[6])
	}
	buf := make([]byte, n)
	if _, err := io.ReadFull(r, buf); err != nil {
		return none, errors.New(".npy header cut short")
	}
	h := string(buf)
	d, o, s := npyDescr.FindStringSubmatch(h), npyOrder.FindStringSubmatch(h), npyShape.FindStringSubmatch(h)
	if d == nil || o == nil || s == nil {
		return none, fmt.Errorf(".npy header %.80q lacks descr, fortran_order or shape", h)
	}
	if o[1] == "True" {
		return none, errors.New(".npy in Fortran order; save np.ascontiguousarray(x)")
	}
	if npyWidths[d[2]] == 0 || d[1] == ">" {
		return none, fmt.Errorf(".npy of type %s%s, known are little-endian f2, f4, f8, i4, i8, u1 and b1", d[1], d[2])
	}
	out := NPYHead{Type: d[2], Shape: []int{}, Bytes: at + int64(n), sides: strings.Join(strings.Fields(s[1]), " ")} // in one line, for errors
	total := 1
	for _, f := range strings.FieldsFunc(out.sides, func(r rune) bool { return r == ',' || r == ' ' }) {
		v, err := strconv.Atoi(f)
		if err != nil || v < 0 || v > maxNPY || total > 0 && v > maxNPY/total {
			return none, fmt.Errorf(".npy shape (%s) is too large", out.sides)
		}
		out.Shape = append(out.Shape, v)
		total *= v
	}
	return out, nil
}

// ReadValues fills dst with the next values of a stream, as float32, and returns how many there were.
func (h NPYHead) ReadValues(r io.Reader, dst []float32) (int, error) {
	w, le := h.Width(), binary.LittleEndian
	buf := make([]byte, min(len(dst)*w, 1<<16))
	for done := 0; done < len(dst); {
		b := buf[:min(len(buf)/w, len(dst)-done)*w]
		got, err := io.ReadFull(r, b)
		n := got / w
		for i := range n {
			v := &dst[done+i]
			switch h.Type {
			case "f2":
				*v = Float16(le.Uint16(b[2*i:]))
			case "f4":
				*v = math.Float32frombits(le.Uint32(b[4*i:]))
			case "f8":
				*v = float32(math.Float64frombits(le.Uint64(b[8*i:])))
			case "i4":
				*v = float32(int32(le.Uint32(b[4*i:])))
			case "i8":
				*v = float32(int64(le.Uint64(b[8*i:])))
			default:
				*v = float32(b[i])
			}
		}
		if done += n; err != nil {
			return done, fmt.Errorf(".npy shape (%s) wants %d values, the file ends after %d", h.sides, Size(h.Shape), done)
		}
	}
	return len(dst), nil
}

// Float16 returns the value of an IEEE 754 binary16.
func Float16(h uint16) float32 {
	sign, e, m := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch {
	case e == 31:
		return math.Float32frombits(sign | 0x7f800000 | m<<13)
	case e > 0:
		return math.Float32frombits(sign | (e+112)<<23 | m<<13)
	}
	f := float32(m) * 0x1p-24
	if sign != 0 {
		return -f
	}
	return f
}

// ReadNPY reads a .npy stream of versions 1 to 3, C order, of f2, f4, f8, i4, i8, u1 or b1, as float32. Memory grows with
// what is there, not with what the header claims.
func ReadNPY(r io.Reader) (*Tensor, error) {
	h, err := ReadNPYHead(r)
	if err != nil {
		return nil, err
	}
	const block = 1 << 14
	var data []float32
	for total := Size(h.Shape); len(data) < total; {
		at, n := len(data), min(block, total-len(data))
		data = append(data, make([]float32, n)...)
		if n, err = h.ReadValues(r, data[at:]); err != nil {
			return nil, fmt.Errorf(".npy shape (%s) wants %d values, the file ends after %d", h.sides, total, at+n)
		}
	}
	return &Tensor{h.Shape, data}, nil
}
