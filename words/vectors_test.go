package words

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/internal/fuzzing"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// reference is what testdata/vectors.py knows.
type reference struct {
	Words     []string
	Vectors   [][]float32
	Analogies map[string][]struct {
		Name           string
		Correct, Asked int
	}
	Similarity map[string]struct{ Pearson, Spearman, Unknown float64 }
	Near       map[string][][2]any
	Ranks      struct {
		X, Y              []float64
		Spearman, Pearson float64
		Average           []float64
	}
}

func readReference(t testing.TB) (r reference) {
	golden.Load(t, "testdata/vectors.json", &r)
	return r
}

func load(t testing.TB, path string) *Vectors {
	t.Helper()
	v, err := Load(path, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// same fails where vectors differ by more than near.
func same(t *testing.T, what string, got *Vectors, words []string, rows [][]float32, near float64) {
	t.Helper()
	if !slices.Equal(got.Words, words) || len(got.Data) != len(words)*got.Dim || got.Dim != len(rows[0]) {
		t.Fatalf("%s: %d values of %q, want %q", what, len(got.Data), got.Words, words)
	}
	for i, row := range rows[:len(words)] {
		if k, ok := got.Index(words[i]); !ok || k != i {
			t.Fatalf("%s: %q is word %d, %v, want %d", what, words[i], k, ok, i)
		}
		for j, x := range row {
			if y := got.Vector(i)[j]; math.Abs(float64(x-y)) > near*max(1, math.Abs(float64(x))) {
				t.Fatalf("%s: %q has %g at %d, want %g", what, words[i], y, j, x)
			}
		}
	}
	if k, ok := got.Index("no such word"); ok {
		t.Errorf("%s: a word that is not there is number %d", what, k)
	}
}

// TestLoad: what gensim, NumPy and the C tool's format hold is read, whole or its beginning.
func TestLoad(t *testing.T) {
	r := readReference(t)
	near := map[string]float64{"c.txt": 5e-7, "f2.npy": 1.0 / 2048}
	for _, name := range []string{"gensim.txt", "gensim.bin", "glove.txt", "gensim.txt.gz", "c.bin", "c.txt", "f2.npy", "f4.npy", "f8.npy"} {
		v := load(t, "testdata/"+name)
		same(t, name, v, r.Words, r.Vectors, near[name])
		if len(v.Notes) > 0 {
			t.Errorf("%s: %q", name, v.Notes)
		}
		if name == "f4.npy" {
			if len(v.Counts) != len(r.Words) || v.Counts[0] != 1000 || v.Counts[len(r.Words)-1] != int64(1001-len(r.Words)) {
				t.Errorf("counts %v", v.Counts)
			}
			v.Vector(0)[0] = 5 // what is mapped may be written to, and the file stays
		} else if v.Counts != nil {
			t.Errorf("%s: counts %v from nowhere", name, v.Counts)
		}
		if err := v.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		v, err := Load("testdata/"+name, LoadOptions{Limit: 7})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		same(t, name, v, r.Words[:7], r.Vectors, near[name])
		if v, err = Load("testdata/"+name, LoadOptions{Limit: 1000}); err != nil || len(v.Words) != len(r.Words) {
			t.Errorf("%s with a limit that it does not reach: %v", name, err)
		}
	}
	if _, ok := new(Vectors).Index("x"); ok {
		t.Error("there are words where there are none")
	}
}

// TestSave: every form comes back to the bit, and gensim's forms are written as gensim and the C tool write them.
func TestSave(t *testing.T) {
	dir := t.TempDir()
	r := readReference(t)
	v := load(t, "testdata/f4.npy")
	for _, name := range []string{"v.txt", "v.VEC", "v.bin", "v.txt.gz", "v.vec.zst", "v.bin.gz", "v.bin.zst", "a.npy", "b.safetensors"} {
		path := filepath.Join(dir, name)
		if err := Save(path, v); err != nil {
			t.Fatal(err)
		}
		got := load(t, path)
		same(t, name, got, r.Words, r.Vectors, 0)
		if counts := strings.Contains("a.npy b.safetensors", name); counts != slices.Equal(got.Counts, v.Counts) {
			t.Errorf("%s: counts %v", name, got.Counts)
		}
	}
	for name, want := range map[string]string{"v.bin": "testdata/c.bin", "a.npy": "testdata/f4.npy", "a.vocab.txt": "testdata/f4.vocab.txt"} {
		got, _ := os.ReadFile(filepath.Join(dir, name))
		if b, err := os.ReadFile(want); err != nil || name != "a.npy" && !bytes.Equal(got, b) || len(got) < len(b) {
			t.Errorf("%s is not %s: %v", name, want, err)
		}
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".*"))
	if len(left) > 0 {
		t.Errorf("left over: %q", left)
	}

	spaced := NewVectors([]string{"new york", "x\u00a0y"}, 1, []float32{1, 2})
	for name, want := range map[string]string{"s.txt": `word 1, "new york", has a ' '`, "s.bin": ".safetensors can hold it", "s.doc": "ending", "s.npy.gz": "ending"} {
		if err := Save(filepath.Join(dir, name), spaced); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if err := Save(filepath.Join(dir, "s.npy"), spaced); err != nil {
		t.Error(err)
	}
	same(t, "s.npy", load(t, filepath.Join(dir, "s.npy")), spaced.Words, [][]float32{{1}, {2}}, 0)
	for want, v := range map[string]*Vectors{
		"no vectors": NewVectors(nil, 1, nil), "is empty": NewVectors([]string{"a", ""}, 1, []float32{1, 2}), "no UTF-8": NewVectors([]string{"\xff"}, 1, []float32{1}),
		"vector of \"b\": value 2 is NaN": NewVectors([]string{"a", "b"}, 2, []float32{1, 2, 3, float32(math.NaN())}),
		"read as a word and its count":    NewVectors([]string{"route 66"}, 1, []float32{1}), `has a '\n'`: NewVectors([]string{"a\nb"}, 1, []float32{1}),
	} {
		if err := Save(filepath.Join(dir, "bad.npy"), v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := Save(filepath.Join(dir, "long.bin"), NewVectors([]string{strings.Repeat("x", maxLetter+1)}, 1, []float32{1})); err == nil || !strings.Contains(err.Error(), "1001 bytes") {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "bad.npy")); err == nil {
		t.Error("bad vectors are written")
	}
	defer func() {
		if e := recover(); e == nil || !strings.Contains(fmt.Sprint(e), "want 4 numbers") {
			t.Error(e)
		}
	}()
	NewVectors([]string{"a", "b"}, 2, []float32{1})
}

// floats are values as a binary file has them.
func floats(x ...float32) string {
	var b []byte
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return string(b)
}

func zipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

// TestLoadMended: words that come again, that are no UTF-8 or have spaces are noted; line ends of other systems, a byte order mark and empty lines do
// not disturb.
func TestLoadMended(t *testing.T) {
	for name, c := range map[string]struct{ text, words, notes string }{
		"twice":      {"4 1\na 1\nb 2\na 3\nc 4\n", "a b c", `["1 word comes again, its first vector is kept: \"a\""]`},
		"invalid":    {"2 2\na\xff 1 2\nb 2 3\n", "a\ufffd b", `["1 word is no UTF-8, what is wrong in it is replaced by U+FFFD: \"a�\""]`},
		"binary":     {"4 1\na " + floats(1) + "b\xc3 " + floats(2) + "a " + floats(3) + "c " + floats(4), "a b\ufffd c", `["1 word comes again, its first vector is kept: \"a\"" "1 word is no UTF-8, what is wrong in it is replaced by U+FFFD: \"b�\""]`},
		"spaces":     {"a b c 1 0.5\r\nd\t2 1\n", "a b c|d", `["1 word has a space: \"a b c\""]`},
		"mark":       {"\ufeffa 1 2\n\n   \nb 3 4", "a b", "[]"},
		"both":       {"\ufeff2 2\r\na 1 2\r\nb 3 4\r\n\r\n", "a b", "[]"},
		"numbers":    {"7 1.5 2\n8 2 3\nnan 1 1\ninf 0x1p-2 1e3\n", "7 8 nan inf", "[]"},
		"non-breaks": {"\u00a0 1 2\n\u2028x 3 4\n", "\u00a0|\u2028x", "[]"},
		"many":       {"a 1 2\na 1 2\na 1 2\na 1 2\na 1 2\na 1 2\na 1 2\n", "a", `["6 words come again, their first vectors are kept: \"a\", \"a\", \"a\", \"a\", \"a\", ..."]`},
		"gzip":       {zipped("4 1\na 1\nb 2\na 3\nc 4\n"), "a b c", `["1 word comes again, its first vector is kept: \"a\""]`},
		"newlines":   {"2 1\n\na " + floats(1) + "\n\nb " + floats(-0.5) + "\n", "a b", "[]"},
		"large":      {"1 1\na 3e38\n", "a", "[]"},
	} {
		v, err := loadBytes([]byte(c.text), LoadOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sep := " "
		if strings.Contains(c.words, "|") {
			sep = "|"
		}
		if got := strings.Join(v.Words, sep); got != c.words || fmt.Sprintf("%q", v.Notes) != c.notes {
			t.Errorf("%s: %q, %q", name, got, v.Notes)
		}
		if i, ok := v.Index("c"); ok && v.Vector(i)[0] != 4 {
			t.Errorf("%s: the vector of c is %v", name, v.Vector(i))
		}
	}
}

func loadBytes(b []byte, o LoadOptions) (*Vectors, error) {
	return (&input{path: "testdata/none.npy", r: bytes.NewReader(b), size: int64(len(b))}).load(o)
}

// TestLoadRefused: what is wrong with a file is said in a line, before memory is taken.
func TestLoadRefused(t *testing.T) {
	long := strings.Repeat("x", 3000)
	for _, c := range []struct{ text, want string }{
		{"", "the file is empty"},
		{"3 2\na 1 2\nb 3 4\n", "announces 3 vectors of 2 values, which take 18 bytes at least; it has 16"},
		{"3 2\na 1.25 2\nb 3 4\n", "line 1 announces 3 vectors, the file ends after 2"},
		{"1 2\na 1 2\n\nb 3 4\n", "line 1 announces 1 vectors, line 4 is one more"},
		{"99999999999999999999 300\na 1", "announces 99999999999999999999 vectors"},
		{"1000000000000 300\na 1", "announces 1000000000000 vectors"},
		{"2000000000 300\na 1", "announces 2000000000 vectors of 300 values, which take 1204000000000 bytes"},
		{"10 70000\na 1", "at most 2147483646 of 65536"},
		{"0 5\n", "nothing to read"},
		{"5 0\n", "nothing to read"},
		{"2 2\na 1 2\nb 3\n", "line 3: 1 numbers; wanted are a word and 2"},
		{"2 2\na 1 2\nb 3 4 5\n", "line 3: 3 numbers or more; wanted are a word and 2"},
		{"2 2\na 1 2\nb 3 x\n", `line 3: "x" is where number 2 of 2 should be`},
		{"2 2\na 1 2\nb 3 nan\n", `line 3: the vector of "b": value 2 is NaN`},
		{"2 2\na 1 2\nb 1e39 4\n", `line 3: the vector of "b": value 1 is +Inf`},
		{"a 1 2\nb 3\n", "line 2: 1 numbers"},
		{"a 1 2 3 4 5 6 7 8 9\nb\nc\nd\ne\nf\ng\nh\n", "line 2: 0 numbers"},
		{"2 2\na 1 2\n 3 4\n", "line 3: there is no word before the numbers"},
		{"once upon a time\nthere was", `line 1, "once upon a time", is no vector`},
		{"\x00\x01\x02", "a binary file of no known kind"},
		{"\x89PNG\r\n\x1a\n\x00\x00", "a PNG picture, no file of vectors"},
		{"PK\x03\x04\x14\x00", "a zip archive (unpack it)"},
		{"\x80\x04\x95", "save_word2vec_format"},
		{"\xba\x16\x4f\x2f\x0c\x00", "fastText"},
		{"<!DOCTYPE html>\n<html>", "a page of the web"},
		{"3 2\na " + floats(1, 2) + "\nb " + floats(3, 4), "announces 3 vectors of 2 values, which take 30 bytes at least"},
		{"3 2\na" + long[:20] + " " + floats(1, 2) + "\nb " + floats(3, 4), "the file ends in vector 3"},
		{"2 2\na " + floats(1, 2) + "\nbbbbbb " + floats(3), "the file ends in vector 2"},
		{"1 2\na " + floats(1, 2) + "\nb " + floats(3, 4), "byte 14, behind the last, is one too many"},
		{"2 1\na " + floats(1, 2) + "b " + floats(3, 4), "byte 10: a word should begin here and does not"},
		{"2 2\na " + floats(1, 2) + strings.Repeat("z", 1500) + " " + floats(1, 2), "byte 14: a word should begin here"},
		{"2 2\na " + floats(1, 2) + "b " + floats(3, float32(math.Inf(-1))), `vector 2: the vector of "b": value 2 is -Inf`},
		{"2 2\na " + floats(1, 2) + " " + floats(3, 1) + "  ", "vector 2: there is no word"},
		{zipped("3 2\na 1.25 2\nb 3 4\n"), "the file ends after 2"},
		{zipped("2000000000 300\na 1 "), "line 2: 1 numbers"},
		{zipped(""), "nothing in what gzip compressed"},
		{zipped("\x93NUMPY\x01\x00"), "unpack it first"},
		{zipped("a 1 2\n" + strings.Repeat("b 3 4\n", 9000))[:60], "what gzip compressed is cut short"},
		{"\x1f\x8bxxxxxxxxxxxxxxxx", "what gzip compressed is damaged"},
		{"\x28\xb5\x2f\xfdxxxx", "what zstd compressed is damaged"},
		{"a 1\n" + strings.Repeat("x", maxLine+1), "line 2 is longer than 4194304 bytes"},
	} {
		v, err := loadBytes([]byte(c.text), LoadOptions{})
		if !fuzzing.OneLine(t, err) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%.40q: %v, %v, want %q", c.text, v, err, c.want)
		}
	}
	if _, err := loadBytes([]byte("a 1\n"), LoadOptions{Limit: -1}); err == nil {
		t.Error("a limit of -1 is taken")
	}
	for path, want := range map[string]string{"testdata": "is a folder", "testdata/none.txt": "none.txt"} {
		if _, err := Load(path, LoadOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestLoadArrays: arrays whose words or shape do not fit.
func TestLoadArrays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.npy")
	words := filepath.Join(dir, "x.vocab.txt")
	try := func(want string) {
		t.Helper()
		for _, path := range []string{path, filepath.Join(dir, "x.safetensors")} {
			if _, err := Load(path, LoadOptions{}); !fuzzing.OneLine(t, err) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", path, err, want)
			}
		}
	}
	put := func(x *tensor.Tensor) {
		if err := checkpoint.SaveNPY(path, x); err != nil {
			t.Fatal(err)
		}
		if err := checkpoint.Save(filepath.Join(dir, "x.safetensors"), &checkpoint.File{Tensors: []checkpoint.Named{{Name: "vectors", Value: x}}}); err != nil {
			t.Fatal(err)
		}
	}
	put(tensor.New(3, 2))
	try("beside it should be x.vocab.txt, one word a line")
	os.WriteFile(words, []byte("a\nb\n"), 0o644)
	try("x.vocab.txt: it has 2 words for 3 vectors")
	os.WriteFile(words, []byte("a\n\nb\n"), 0o644)
	try("x.vocab.txt: line 2 is empty")
	x := tensor.New(3, 2)
	x.Data[5] = float32(math.NaN())
	put(x)
	os.WriteFile(words, []byte("a\nb\nc d\n"), 0o644)
	try(`row 3: the vector of "c d": value 2 is NaN`)
	put(tensor.New(6))
	try("shape [6]; wanted are vectors, [V D]")
	put(tensor.New(0, 6))
	try("shape [0 6]; wanted are vectors, [V D]")

	x = tensor.New(3, 2)
	copy(x.Data, []float32{1, 2, 3, 4, 5, 6})
	put(x)
	os.WriteFile(words, []byte("a 5\na 3\nb c 1\n"), 0o644)
	for _, path := range []string{path, filepath.Join(dir, "x.safetensors")} {
		v := load(t, path)
		same(t, path, v, []string{"a", "b c"}, [][]float32{{1, 2}, {5, 6}}, 0)
		if fmt.Sprint(v.Counts, v.Notes) != `[5 1] [1 word comes again, its first vector is kept: "a"]` {
			t.Errorf("%s: %v %q", path, v.Counts, v.Notes)
		}
	}
	b, _ := os.ReadFile(path)
	os.WriteFile(path, b[:len(b)-1], 0o644)
	if _, err := Load(path, LoadOptions{}); err == nil || !strings.Contains(err.Error(), "takes 152 bytes, the file has 151") {
		t.Error(err)
	}
	os.WriteFile(path, bytes.Replace(b, []byte("<f4"), []byte("<i4"), 1), 0o644)
	if _, err := Load(path, LoadOptions{}); err == nil || !strings.Contains(err.Error(), "type i4") {
		t.Error(err)
	}
	checkpoint.Save(filepath.Join(dir, "x.safetensors"), &checkpoint.File{Tensors: []checkpoint.Named{{Name: "conv", Value: x}}})
	if _, err := Load(filepath.Join(dir, "x.safetensors"), LoadOptions{}); err == nil || !strings.Contains(err.Error(), `it has the tensors ["conv"]; wanted is "vectors"`) {
		t.Error(err)
	}
}

// TestBuilderRoom: a file whose size is not known takes no more than a sixteenth beside the vectors, and one that claims too much only what it has.
func TestBuilderRoom(t *testing.T) {
	const want, dim = 100000, 10
	b := newBuilder(dim, want, false)
	total, last := 0, 0
	for i := range want {
		x := b.room(1)
		if c := cap(b.v.Data); c != last {
			total, last = total+c, c
		}
		x[0] = float32(i)
		if err := b.keep(fmt.Appendf(nil, "w%d", i), x); err != nil {
			t.Fatal(err)
		}
		if cap(b.v.Data) > max(16384, 16*(i+1)*dim) {
			t.Fatalf("room for %d values after %d", cap(b.v.Data), (i+1)*dim)
		}
	}
	if total > want*dim*17/16+1<<15 {
		t.Errorf("%d values were taken for %d", total, want*dim)
	}
	for i := range want {
		if b.v.Vector(i)[0] != float32(i) {
			t.Fatalf("vector %d is %v", i, b.v.Vector(i))
		}
	}
}

// vectorsHold is what whatever is read is held to: shapes fit, words are found, values are finite, and what is saved comes back.
func vectorsHold(t testing.TB, b []byte) {
	for _, limit := range []int{0, 2} {
		var v *Vectors
		var err error
		fuzzing.Memory(t, 4<<20+256*len(b), func() { v, err = loadBytes(b, LoadOptions{Limit: limit}) })
		if fuzzing.OneLine(t, err) {
			continue
		}
		if len(v.Words) == 0 || len(v.Data) != len(v.Words)*v.Dim || limit > 0 && len(v.Words) > limit {
			t.Fatalf("%d words, %d values of %d", len(v.Words), len(v.Data), v.Dim)
		}
		for i, w := range v.Words {
			if k, ok := v.Index(w); !ok || k != i {
				t.Fatalf("%q is word %d, want %d", w, k, i)
			}
		}
		for _, form := range []struct {
			apart string
			short bool
			write func(io.Writer, *Vectors) error
			read  func(in *input, words, dim, skip int) (*Vectors, error)
		}{
			{" \t\n\r", false, writeText, func(in *input, words, dim, _ int) (*Vectors, error) { return in.loadText(LoadOptions{}, words, dim) }},
			{" \n\x00", true, writeBinary, func(in *input, words, dim, skip int) (*Vectors, error) {
				return in.loadBinary(LoadOptions{}, words, dim, skip)
			}},
		} {
			if fuzzing.OneLine(t, v.check(form.apart, false, form.short)) {
				continue
			}
			var out bytes.Buffer
			if err := form.write(&out, v); err != nil {
				t.Fatal(err)
			}
			again, err := form.read(&input{r: bytes.NewReader(out.Bytes()), size: int64(out.Len())}, len(v.Words), v.Dim, bytes.IndexByte(out.Bytes(), '\n')+1)
			if err != nil {
				t.Fatalf("what is written is not read: %v", err)
			}
			if !slices.Equal(again.Words, v.Words) || floats(again.Data...) != floats(v.Data...) {
				t.Fatalf("%q comes back as %q", v.Words, again.Words)
			}
		}
	}
}

func seedFiles(f *testing.F, names ...string) (out [][]byte) {
	for _, name := range names {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		if out = append(out, b); len(b) > 1000 {
			out = append(out, b[:1000])
		}
	}
	return out
}

// FuzzVectorsText: text with a first line of numbers and without.
func FuzzVectorsText(f *testing.F) {
	seeds := append(seedFiles(f, "gensim.txt", "glove.txt", "c.txt"), []byte("3 2\na 1 2\nb 3e-5 4\nc nan 1\n"), []byte("a b 1 2\r\n\r\n\ufeffb\t3 4"), []byte("2000000000 65536\na 1"), []byte("4 1\na 1\na 2\n\xff 3\nb 4\n"))
	fuzzing.Run(f, seeds, vectorsHold)
}

// FuzzVectorsBinary: word2vec's binary form.
func FuzzVectorsBinary(f *testing.F) {
	seeds := append(seedFiles(f, "gensim.bin", "c.bin"), []byte("3 2\na "+floats(1, 2)+"\nb "+floats(3, 4)+"\na "+floats(5, 6)+"\n"), []byte("2000000000 65536\n\x00 "+floats(1)), []byte("1 1\n\xff "+floats(float32(math.NaN()))))
	fuzzing.Run(f, seeds, vectorsHold)
}

// FuzzVocabulary: the words of an array. (Arrays themselves are tensor's FuzzReadNPY and checkpoint's.)
func FuzzWordList(f *testing.F) {
	seeds := append(seedFiles(f, "f2.vocab.txt", "f4.vocab.txt"), []byte("a 1\nb c\n"), []byte("a 99999999999999999999\n"))
	fuzzing.Run(f, seeds, func(t testing.TB, b []byte) {
		rows := bytes.Count(b, []byte("\n"))
		fuzzing.Memory(t, 2<<20+128*len(b), func() {
			words, counts, err := readVocabulary(bytes.NewReader(b), rows, 0)
			if !fuzzing.OneLine(t, err) && (len(words) != rows || counts != nil && len(counts) != rows) {
				t.Errorf("%d words, %d counts of %d rows", len(words), len(counts), rows)
			}
		})
	})
}
