package words

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// LoadOptions choose what Load reads.
type LoadOptions struct {
	Limit int // the first vectors only, which are those of the most frequent words as files are usually sorted; 0 means all
}

// Load reads vectors. What a file is shows in its content:
//
//   - word2vec's text (the numbers of vectors and of values in the first line), or GloVe's (no such line);
//   - word2vec's binary form, with or without a newline after each vector, as the C tool and gensim write it;
//   - either of them compressed by gzip or zstd;
//   - X.npy [V D] of float16, float32 or float64, with its words beside it in X.vocab.txt: one a line, or word, space, count;
//   - X.safetensors with a tensor "vectors" [V D], with its words likewise.
//
// Memory is taken once, for the vectors, as they come; a .npy of float32 is mapped where the system can, and must not be cut while it is in
// use. Of a word that comes twice the first vector is kept, a word that is no UTF-8 is mended; Notes tell.
func Load(path string, o LoadOptions) (*Vectors, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if st.IsDir() {
		return nil, fmt.Errorf("%s is a folder, wanted is a file of vectors", path)
	}
	in := &input{path: path, r: f, size: st.Size(), file: f}
	v, err := in.load(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

// input is a file that is read, more than once where need be.
type input struct {
	path   string
	r      io.ReaderAt
	size   int64
	file   *os.File // for mapping; nil where r is none
	packed string   // gzip, zstd, or "" where it is not compressed
}

// open returns the content from its beginning.
func (in *input) open() (io.ReadCloser, error) {
	r := io.NewSectionReader(in.r, 0, in.size)
	switch in.packed {
	case "gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, in.readError(err)
		}
		return z, nil
	case "zstd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, in.readError(err)
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(r), nil
}

// readError says what went wrong below the format.
func (in *input) readError(err error) error {
	switch {
	case in.packed == "":
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("what %s compressed is cut short", in.packed)
	}
	return fmt.Errorf("what %s compressed is damaged (%w)", in.packed, err)
}

// sample is how much of a file tells what it is.
const sample = 1 << 16

func (in *input) head() ([]byte, error) {
	r, err := in.open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b := make([]byte, sample)
	n, err := io.ReadFull(r, b)
	if err != nil && err != io.EOF && (err != io.ErrUnexpectedEOF || in.packed != "" && n == 0) {
		return nil, in.readError(err)
	}
	return b[:n], nil
}

func (in *input) load(o LoadOptions) (*Vectors, error) {
	if o.Limit < 0 {
		return nil, fmt.Errorf("a limit of %d vectors; wanted is a number from 1 on, or 0 for all", o.Limit)
	}
	if in.size == 0 {
		return nil, errors.New("the file is empty")
	}
	b, err := in.head()
	if err != nil {
		return nil, err
	}
	for _, p := range []struct{ name, begin string }{{"gzip", "\x1f\x8b"}, {"zstd", "\x28\xb5\x2f\xfd"}} {
		if bytes.HasPrefix(b, []byte(p.begin)) {
			in.packed = p.name
			if b, err = in.head(); err != nil {
				return nil, err
			}
			break
		}
	}
	array, tensors := bytes.HasPrefix(b, []byte("\x93NUMPY")), isTensors(b)
	switch {
	case len(b) == 0:
		return nil, fmt.Errorf("there is nothing in what %s compressed", in.packed)
	case (array || tensors) && in.packed != "":
		return nil, fmt.Errorf("an array that %s compressed; unpack it first", in.packed)
	case array:
		return in.loadNPY(o)
	case tensors:
		return in.loadTensors(o)
	}
	if what := otherKind(b); what != "" {
		return nil, fmt.Errorf("%s, no file of vectors", what)
	}
	words, dim, rest, err := header(b)
	switch {
	case err != nil:
		return nil, err
	case dim == 0:
		return in.loadText(o, 0, 0)
	case isText(rest, dim, len(b) < sample):
		return in.loadText(o, words, dim)
	}
	return in.loadBinary(o, words, dim, len(b)-len(rest))
}

// header reads the first line: the numbers of vectors and values, and what comes after the line, or zeros where the line is a vector. It is an error
// where it is neither.
func header(b []byte) (words, dim int, rest []byte, err error) {
	line, rest, whole := bytes.Cut(b, []byte("\n"))
	line = bytes.TrimPrefix(line, []byte("\ufeff"))
	f := fields(bytes.TrimSuffix(line, []byte("\r")))
	if whole && len(f) == 2 && number(f[0]) && number(f[1]) {
		v, err := strconv.ParseInt(string(f[0]), 10, 64)
		d, err2 := strconv.ParseInt(string(f[1]), 10, 64)
		switch {
		case err != nil || err2 != nil || v > maxWords || d > maxDim:
			return 0, 0, nil, fmt.Errorf("the first line announces %.30s vectors of %.30s values; at most %d of %d can be", f[0], f[1], maxWords, maxDim)
		case v == 0 || d == 0:
			return 0, 0, nil, fmt.Errorf("the first line announces %d vectors of %d values: there is nothing to read", v, d)
		}
		return int(v), int(d), rest, nil
	}
	text := !bytes.ContainsRune(b, 0)
	if text && len(f) > 1 {
		end := f[len(f)-1]
		if !whole && len(b) == sample {
			end = f[len(f)-2] // the last may be cut
		}
		if _, err := strconv.ParseFloat(string(end), 32); err == nil || errors.Is(err, strconv.ErrRange) {
			return 0, 0, b, nil
		}
	}
	if !text {
		return 0, 0, nil, errors.New("a binary file of no known kind; word2vec's begins with a line of the numbers of vectors and of values")
	}
	return 0, 0, nil, fmt.Errorf("line 1, %.60q, is no vector; wanted are a word and its numbers, or in the first line the numbers of vectors and of values", bytes.ToValidUTF8(line, []byte("?")))
}

// number tells whether a field is a whole number, with a sign or without.
func number(f []byte) bool {
	for _, c := range f {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(f) > 0
}

// isText tells whether vectors of dim values are text, by what comes after the first line, whole or the beginning of it: lines are vectors, or nothing is
// there but text.
func isText(b []byte, dim int, whole bool) bool {
	x := make([]float32, dim)
	lines := 0
	for rest := b; lines < 4; lines++ {
		line, more, ok := bytes.Cut(rest, []byte("\n"))
		if !ok && !whole {
			break
		}
		if _, err := parseLine(line, x); err != nil {
			lines = 0
			break
		}
		if rest = more; len(rest) == 0 {
			lines++
			break
		}
	}
	if lines > 0 {
		return true
	}
	for cut := 1; cut < utf8.UTFMax && !whole && !utf8.Valid(b); cut++ {
		b = b[:len(b)-1] // half of a character
	}
	return utf8.Valid(b) && !bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f })
}

func isTensors(b []byte) bool {
	return len(b) > 9 && binary.LittleEndian.Uint64(b) < 1<<32 && b[8] == '{' && bytes.IndexByte(b[:8], 0) >= 0
}

// kinds are files that are known by how they begin, and have no vectors, or not as they are.
var kinds = []struct{ begin, what string }{
	{"\x89PNG", "a PNG picture"},
	{"\xff\xd8\xff", "a JPEG picture"},
	{"GIF8", "a GIF picture"},
	{"RIFF", "a RIFF file, such as WebP or WAV"},
	{"BM", "a BMP picture"},
	{"II*\x00", "a TIFF picture"},
	{"MM\x00*", "a TIFF picture"},
	{"%PDF", "a PDF document"},
	{"PK\x03\x04", "a zip archive (unpack it)"},
	{"BZh", "compressed by bzip2 (unpack it)"},
	{"\xfd7zXZ\x00", "compressed by xz (unpack it)"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive (unpack it)"},
	{"\xba\x16\x4f\x2f", "a model of fastText's (its .vec beside it has the vectors)"},
	{"\x89HDF\r\n\x1a\n", "an HDF5 file"},
	{"SQLite format 3\x00", "an SQLite database"},
	{"\x7fELF", "a program"},
	{"\xff\xfe", "text in UTF-16 (save it as UTF-8)"},
	{"version https://git-lfs", "a Git LFS pointer (git lfs pull fetches the file)"},
}

// otherKind says what a file is that is no file of vectors, "" where it is not known.
func otherKind(b []byte) string {
	for _, k := range kinds {
		// two letters are a picture only where no text follows
		if bytes.HasPrefix(b, []byte(k.begin)) && (len(k.begin) > 3 || bytes.IndexByte(b, 0) >= 0 || !utf8.Valid(b[:min(len(b), 16)])) {
			return k.what
		}
	}
	if len(b) > 1 && b[0] == 0x80 && b[1] >= 2 && b[1] <= 5 {
		return "a pickle of Python's, such as gensim's own form (its save_word2vec_format writes one that is read)"
	}
	if len(b) > 262 && string(b[257:262]) == "ustar" {
		return "a tar archive (unpack it)"
	}
	text := strings.ToLower(strings.TrimLeft(string(b[:min(len(b), 512)]), "\ufeff \t\r\n"))
	if strings.HasPrefix(text, "<!doctype") || strings.HasPrefix(text, "<html") || strings.HasPrefix(text, "<?xml") {
		return "a page of the web"
	}
	return ""
}

// announced checks what a header says against the size of the file, before memory is taken; least is what a vector takes at least. It returns
// how many are to be read, and whether the size was known.
func (in *input) announced(o LoadOptions, words, dim, least int) (want int, known bool, err error) {
	want = words
	if o.Limit > 0 {
		want = min(want, o.Limit)
	}
	if in.packed != "" {
		return want, false, nil
	}
	if need := int64(words) * int64(least); need > in.size {
		return 0, true, fmt.Errorf("it announces %d vectors of %d values, which take %d bytes at least; it has %d", words, dim, need, in.size)
	}
	return want, true, nil
}
