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

// ReadNPY reads a .npy stream of versions 1 to 3, C order, of f4, f8, i4, i8, u1 or b1, as float32. Memory grows with
// what is there, not with what the header claims.
func ReadNPY(r io.Reader) (*Tensor, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || string(head[:6]) != "\x93NUMPY" {
		return nil, errors.New("not a .npy file: it does not begin with \\x93NUMPY")
	}
	n := 0
	switch head[6] {
	case 1:
		var l uint16
		if err := binary.Read(r, binary.LittleEndian, &l); err != nil {
			return nil, errors.New(".npy header cut short")
		}
		n = int(l)
	case 2, 3:
		var l uint32
		if err := binary.Read(r, binary.LittleEndian, &l); err != nil {
			return nil, errors.New(".npy header cut short")
		}
		if l > 1<<20 {
			return nil, fmt.Errorf(".npy header of %d bytes, at most 1 MiB", l)
		}
		n = int(l)
	default:
		return nil, fmt.Errorf(".npy version %d, known are 1 to 3", head[6])
	}
	buf := make([]byte, n)
	if _, err := io.ReadFull(r, buf); err != nil {
		return nil, errors.New(".npy header cut short")
	}
	h := string(buf)
	d, o, s := npyDescr.FindStringSubmatch(h), npyOrder.FindStringSubmatch(h), npyShape.FindStringSubmatch(h)
	if d == nil || o == nil || s == nil {
		return nil, fmt.Errorf(".npy header %.80q lacks descr, fortran_order or shape", h)
	}
	if o[1] == "True" {
		return nil, errors.New(".npy in Fortran order; save np.ascontiguousarray(x)")
	}
	width := map[string]int{"f4": 4, "f8": 8, "i4": 4, "i8": 8, "u1": 1, "b1": 1}[d[2]]
	if width == 0 || d[1] == ">" {
		return nil, fmt.Errorf(".npy of type %s%s, known are little-endian f4, f8, i4, i8, u1 and b1", d[1], d[2])
	}
	s[1] = strings.Join(strings.Fields(s[1]), " ") // in one line, for errors
	shape := []int{}
	total := 1
	for _, f := range strings.FieldsFunc(s[1], func(r rune) bool { return r == ',' || r == ' ' }) {
		v, err := strconv.Atoi(f)
		if err != nil || v < 0 || v > maxNPY || total > 0 && v > maxNPY/total {
			return nil, fmt.Errorf(".npy shape (%s) is too large", s[1])
		}
		shape = append(shape, v)
		total *= v
	}
	data := make([]float32, 0, min(total, 1<<16))
	br := bufio.NewReaderSize(r, 1<<16)
	var e [8]byte
	for range total {
		if _, err := io.ReadFull(br, e[:width]); err != nil {
			return nil, fmt.Errorf(".npy shape (%s) wants %d values, the file ends after %d", s[1], total, len(data))
		}
		var v float32
		switch d[2] {
		case "f4":
			v = math.Float32frombits(binary.LittleEndian.Uint32(e[:]))
		case "f8":
			v = float32(math.Float64frombits(binary.LittleEndian.Uint64(e[:])))
		case "i4":
			v = float32(int32(binary.LittleEndian.Uint32(e[:])))
		case "i8":
			v = float32(int64(binary.LittleEndian.Uint64(e[:])))
		default:
			v = float32(e[0])
		}
		data = append(data, v)
	}
	return &Tensor{shape, data}, nil
}
