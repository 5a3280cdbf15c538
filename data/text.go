package data

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
)

// textEndings are the endings of files that a folder of text takes; what a file holds is decided by its content.
var textEndings = map[string]bool{".txt": true, ".text": true, ".md": true, ".gz": true, ".zst": true, ".bz2": true}

const (
	textHead   = 64 << 10  // bytes of a file, and of its text, that are looked at before it is taken for text
	zstdWindow = 128 << 20 // what is remembered at most while unpacking; zstd asks for more only when told --long
)

// texts are files.
type texts struct {
	dir    string
	files  []string // relative, sorted
	stored []int64  // bytes of each
	looked []lookedAt
}

// lookedAt is what the beginning of a file told.
type lookedAt struct {
	packing string // gzip, zstd or bzip2; nothing for text as it is
	bom     bool
	empty   bool
	hash    [sha256.Size]byte // of the first bytes, as they are stored
}

// OpenText opens a file of text in UTF-8, or all those of a tree, in any depth, sorted by path; links are followed. A file may be packed by
// gzip, zstd or bzip2. The beginning of each is looked at: what is no text is refused. Notes of the data set say what was not taken.
func OpenText(path string) (*Dataset, error) {
	const want = "text: wants a file of text, or a folder of them"
	switch path {
	case "":
		return nil, errors.New("no file or folder given after the colon; " + want)
	case "-":
		return nil, errors.New("text:- cannot be: text is read more than once; " + want)
	}
	st, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s: no such file or folder; %s", path, want)
	}
	d, t := &Dataset{Name: spec.Spec{Kind: "text", Path: path}.String()}, &texts{dir: path}
	take := func(rel string, size int64) { t.files, t.stored = append(t.files, rel), append(t.stored, size) }
	switch {
	case st.IsDir():
		s := scan{root: path, wanted: textEndings, take: take, left: map[string]int{}}
		if err := s.walk("", nil); err != nil {
			return nil, err
		}
		if d.Notes = s.notes(); len(t.files) == 0 {
			return nil, fmt.Errorf("%s holds no text (%s); wanted are .txt, .text, .md, .gz, .zst or .bz2 in any depth", path, s.summary())
		}
	case st.Mode().IsRegular():
		t.dir = filepath.Dir(path)
		take(filepath.Base(path), st.Size())
	default:
		return nil, fmt.Errorf("%s is neither a file nor a folder; text is read more than once; %s", path, want)
	}
	if err := t.look(); err != nil {
		return nil, err
	}
	d.Notes, d.Fingerprint, d.Inputs = append(d.Notes, t.note(path)), t.fingerprint(), Inputs{Texts: t}
	return d, nil
}

// look looks at the beginning of each file.
func (t *texts) look() error {
	t.looked = make([]lookedAt, len(t.files))
	errs := make([]error, len(t.files))
	parallel.For(len(t.files), func(i int) {
		r, err := t.open(i)
		if errs[i] = err; err == nil {
			t.looked[i] = r.lookedAt
			r.Close()
		}
	})
	var first error
	n := 0
	for _, err := range errs {
		if err != nil {
			if n++; n == 1 {
				first = err
			}
		}
	}
	if n > 1 {
		return fmt.Errorf("%w (and %d more of %d files cannot be taken)", first, n-1, len(t.files))
	}
	return first
}

// note says how much there is.
func (t *texts) note(path string) string {
	var bytes int64
	packed, empty := map[string]int{}, 0
	for i, l := range t.looked {
		bytes += t.stored[i]
		packed[l.packing]++
		if l.empty {
			empty++
		}
	}
	out := fmt.Sprintf("%s: %s, %d bytes", path, plural(len(t.files), "file"), bytes)
	for _, p := range []string{"gzip", "zstd", "bzip2"} {
		if packed[p] > 0 {
			out += fmt.Sprintf(", %d packed by %s", packed[p], p)
		}
	}
	if empty > 0 {
		out += fmt.Sprintf(", %d without any text", empty)
	}
	return out
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (t *texts) fingerprint() string {
	var parts []string
	for i, name := range t.files {
		parts = append(parts, fmt.Sprint(name, " ", t.stored[i], " ", hex.EncodeToString(t.looked[i].hash[:])))
	}
	return fingerprint("text", parts...)
}

func (t *texts) Len() int { return len(t.files) }
func (t *texts) Describe(i int) string {
	return filepath.Join(t.dir, filepath.FromSlash(t.files[i]))
}
func (t *texts) Open(i int) (io.ReadCloser, error) { return t.open(i) }

func (t *texts) open(i int) (*textReader, error) {
	path := t.Describe(i)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := unpack(path, f)
	if err != nil {
		f.Close()
		return nil, err
	}
	r.closers = append(r.closers, func() { f.Close() })
	return r, nil
}

// size is the text's, where it is known without unpacking it.
func (t *texts) size(i int) int64 {
	switch l := t.looked[i]; {
	case l.packing != "":
		return -1
	case l.bom:
		return t.stored[i] - int64(len(byteOrderMark))
	}
	return t.stored[i]
}

// textReader reads the text of a file.
type textReader struct {
	lookedAt
	path    string
	in      *tally
	text    *bufio.Reader // unpacked
	out     int64         // bytes of it that were read
	closers []func()
}

// tally counts the bytes that an unpacker took.
type tally struct {
	*bufio.Reader
	n int64
}

func (c *tally) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *tally) ReadByte() (byte, error) {
	b, err := c.Reader.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

func (t *textReader) Read(p []byte) (int, error) {
	n, err := t.text.Read(p)
	t.out += int64(n)
	if err != nil && err != io.EOF {
		err = t.explain(err, t.out)
	}
	return n, err
}

func (t *textReader) Close() error {
	for _, f := range t.closers {
		f()
	}
	t.closers = nil
	return nil
}

// explain says what is wrong with a file of which so many bytes could be unpacked.
func (t *textReader) explain(err error, out int64) error {
	switch {
	case t.packing == "":
		return fmt.Errorf("%s, byte %d: %w", t.path, t.in.n, err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s is cut short: the file ends at byte %d, its %s stream does not; %d bytes of text could be unpacked", t.path, t.in.n, t.packing, out)
	case errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return fmt.Errorf("%s: unpacking it would take a window of more than %d MiB; pack it without zstd's --long", t.path, zstdWindow>>20)
	case err == errBehind || out > 0 && errors.Is(err, zstd.ErrMagicMismatch):
		return fmt.Errorf("%s: behind its %s stream, near byte %d, is something that is none", t.path, t.packing, t.in.n)
	}
	return fmt.Errorf("%s: broken %s near byte %d: %v", t.path, t.packing, t.in.n, err)
}

// errBehind is that of something behind a gzip stream that is none.
var errBehind = errors.New("no gzip")

// members reads gzip streams that stand one after the other. The standard library would take a few other bytes behind them for the beginning
// of one more that is cut short.
type members struct {
	in *tally
	z  *gzip.Reader
}

func (m *members) Read(p []byte) (int, error) {
	for {
		n, err := m.z.Read(p)
		if n > 0 && err == io.EOF {
			err = nil
		}
		if n > 0 || err != io.EOF {
			return n, err
		}
		head, err := m.in.Peek(3)
		switch {
		case len(head) == 0:
			return 0, err
		case packing(head) != "gzip" && !strings.HasPrefix("\x1f\x8b\x08", string(head)):
			return 0, errBehind
		}
		if err := m.z.Reset(m.in); err != nil {
			return 0, err
		}
		m.z.Multistream(false)
	}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// unpack looks at the beginning of a file, and returns a reader of its text.
func unpack(path string, stored io.Reader) (*textReader, error) {
	t := &textReader{path: path, in: &tally{Reader: bufio.NewReaderSize(stored, textHead)}}
	head, err := t.in.Peek(textHead)
	if err != nil && err != io.EOF {
		return nil, t.explain(err, 0)
	}
	t.hash, t.packing = sha256.Sum256(head), packing(head)
	var from io.Reader = t.in
	switch t.packing {
	case "gzip":
		var z *gzip.Reader
		if z, err = gzip.NewReader(t.in); err == nil {
			z.Multistream(false)
			from = &members{t.in, z}
		}
	case "bzip2":
		from, err = bzip2.NewReader(t.in), nil
	case "zstd":
		var z *zstd.Decoder
		if z, err = zstd.NewReader(t.in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow)); err == nil {
			from, t.closers = z, append(t.closers, z.Close)
		}
	default:
		err = nil
	}
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, t.explain(err, 0)
	}
	t.text = bufio.NewReaderSize(from, textHead)
	head, err = t.text.Peek(textHead)
	if err != nil && err != io.EOF {
		err = t.explain(err, int64(len(head)))
	} else {
		err = noText(path, head)
	}
	if err != nil {
		t.Close()
		return nil, err
	}
	t.empty = len(head) == 0
	if t.bom = bytes.HasPrefix(head, byteOrderMark); t.bom {
		t.text.Discard(len(byteOrderMark))
	}
	return t, nil
}

// packing says how the file is packed that begins so; nothing where it is not, in a way that is known.
func packing(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\x1f\x8b\x08")):
		return "gzip"
	case len(b) >= 4 && b[0]&0xf0 == 0x50 && string(b[1:4]) == "\x2a\x4d\x18", bytes.HasPrefix(b, []byte("\x28\xb5\x2f\xfd")): // a frame to skip comes first, or not
		return "zstd"
	case len(b) >= 10 && string(b[:3]) == "BZh" && b[3] >= '1' && b[3] <= '9' && (string(b[4:10]) == "1AY&SY" || string(b[4:10]) == "\x17rE8P\x90"): // a block, or none
		return "bzip2"
	}
	return ""
}

// others are files that might be taken for text by their name.
var others = []struct{ begins, is string }{
	{"\x89PNG\r\n", "a PNG picture"}, {"\xff\xd8\xff", "a JPEG picture"}, {"GIF87a", "a GIF picture"}, {"GIF89a", "a GIF picture"}, {"II*\x00", "a TIFF picture"}, {"MM\x00*", "a TIFF picture"},
	{"RIFF", "a RIFF file (a WebP picture, a sound or a film)"}, {"PK\x03\x04", "a zip archive (or a document that is one)"}, {"%PDF-", "a PDF document"}, {"\xfd7zXZ\x00", "packed by xz"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive"}, {"\x04\x22\x4d\x18", "packed by lz4"}, {"\x1f\x9d", "packed by compress"}, {"\x93NUMPY", "an array of numbers"}, {"\x7fELF", "a program"},
	{"\xff\xfe\x00\x00", "UTF-32"}, {"\x00\x00\xfe\xff", "UTF-32"}, {"\xff\xfe", "UTF-16"}, {"\xfe\xff", "UTF-16"},
}

// noText says why what begins so is no text.
func noText(path string, head []byte) error {
	const want = "want text in UTF-8, as it is or packed by gzip, zstd or bzip2"
	if p := packing(head); p != "" {
		return fmt.Errorf("%s is packed twice, the second time by %s; %s", path, p, want)
	}
	for _, o := range others {
		switch {
		case !bytes.HasPrefix(head, []byte(o.begins)) || o.begins == "RIFF" && bytes.IndexByte(head, 0) < 0:
		case strings.HasPrefix(o.is, "UTF"):
			return fmt.Errorf("%s is %s, by its first bytes % x; want UTF-8, which iconv -f %s -t UTF-8 makes of it", path, o.is, o.begins, o.is)
		default:
			return fmt.Errorf("%s is %s; %s", path, o.is, want)
		}
	}
	if i := bytes.IndexByte(head, 0); i >= 0 {
		why := ""
		if n := bytes.Count(head, []byte{0}); n > len(head)/4 {
			why = "; it may be UTF-16"
		}
		return fmt.Errorf("%s is no text: byte %d of it is zero%s; %s", path, i, why, want)
	}
	return nil
}
