package data

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"

	"github.com/tessera-go/tessera/internal/fuzzing"
)

func openText(t testing.TB, of string) *Dataset {
	t.Helper()
	d, err := Open(of, Train)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func readText(d *Dataset, i int) (string, error) {
	r, err := d.Texts.Open(i)
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	return string(b), err
}

// TestTextGolden: text that other programs packed (testdata/text/text.sh) is read, whole streams and several of them, with a byte order mark and without.
func TestTextGolden(t *testing.T) {
	want, err := os.ReadFile("testdata/text/plain.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plain.txt", "whole.gz", "two.txt.gz", "whole.bz2", "two.bz2", "whole.zst", "two.zst", "mark.txt", "mark.gz"} {
		path := filepath.Join("testdata", "text", name)
		d := openText(t, "text:"+path)
		got, err := readText(d, 0)
		if err != nil || got != string(want) || d.Len() != 1 || d.Describe(0) != path || d.Name != "text:"+path {
			t.Errorf("%s: %q, %v; %+v", name, got, err, d)
		}
		renamed := filepath.Join(t.TempDir(), "any.thing")
		b, _ := os.ReadFile(path)
		os.WriteFile(renamed, b, 0o644)
		if got, err := readText(openText(t, "text:"+renamed), 0); err != nil || got != string(want) {
			t.Errorf("%s under another name: %q, %v", name, got, err)
		}
	}
	for name, want := range map[string]string{"utf16.txt": "utf16.txt is UTF-16, by its first bytes ff fe; want UTF-8, which iconv -f UTF-16 -t UTF-8 makes of it",
		"utf16le.txt": "utf16le.txt is no text: byte 1 of it is zero; it may be UTF-16; want text in UTF-8, as it is or packed by gzip, zstd or bzip2"} {
		if _, err := Open("text:testdata/text/"+name, Train); err == nil || err.Error() != filepath.Join("testdata", "text", want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func zstandard(t testing.TB, b []byte, o ...zstd.EOption) []byte {
	w, err := zstd.NewWriter(nil, o...)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(b, nil)
}

// TestTextFolder: the texts of a tree in the order of their paths, what is not taken is said, and every option works or is refused.
func TestTextFolder(t *testing.T) {
	dir := folderWith(t, map[string][]byte{"b.txt": []byte("second"), "a/z.TXT": []byte("\xef\xbb\xbffirst"), "c/d/e.md": gzipped([]byte("third")), "f.zst": zstandard(t, []byte("fourth")), "g.bz2": []byte("no bzip2 but text"),
		"h.text": nil, "i.jpg": []byte("left"), "j.csv": []byte("left"), "k": []byte("left"), ".hidden.txt": []byte("left")})
	d := openText(t, "text:"+dir)
	var got []string
	for i := range d.Len() {
		text, err := readText(d, i)
		if err != nil {
			t.Error(err)
		}
		got = append(got, strings.TrimPrefix(d.Describe(i), dir+string(filepath.Separator))+"="+text)
	}
	want := filepath.FromSlash("a/z.TXT=first b.txt=second c/d/e.md=third f.zst=fourth g.bz2=no bzip2 but text h.text=")
	if strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", got, want)
	}
	notes := fmt.Sprintf("[%s: 4 ignored: 1 without an ending, 1 .csv, 1 .jpg, 1 hidden %s: 6 files, %d bytes, 1 packed by gzip, 1 packed by zstd, 1 without any text]", dir, dir, 6+8+17+len(gzipped([]byte("third")))+len(zstandard(t, []byte("fourth"))))
	if fmt.Sprint(d.Notes) != notes {
		t.Errorf("notes %v\nwant %s", d.Notes, notes)
	}
	if d.Kinds() != "texts" || !reflect.DeepEqual(d.Truth, Truth{}) || len(d.Fingerprint) != 16 {
		t.Errorf("%+v", d)
	}
	two := openText(t, "text:"+dir+"?n=2")
	if two.Len() != 2 || two.Name != "text:"+dir+"?n=2" || two.Fingerprint == d.Fingerprint {
		t.Errorf("%+v", two)
	}
	if text, err := readText(two, 1); err != nil || !strings.Contains(want, "="+text) {
		t.Errorf("%q, %v", text, err)
	}
	if n := InBoth(d, two); n != 2 {
		t.Errorf("%d of two are in both", n)
	}
	if test, ok, err := TestSplit("text:" + dir); ok || err != nil {
		t.Errorf("a test split %s, %v", test, err)
	}
	for option, want := range map[string]string{"inject=jpeg:30": "the option inject=jpeg:30 puts a trace into pictures; there are texts", "split=test": `there is no option "split"`, "labels=no": `there is no option "labels"`, "n=0": "n=0"} {
		if _, err := Open("text:"+dir+"?"+option, Train); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", option, err)
		}
	}
}

// TestTextInBoth: the same text is found whatever it is packed by, and texts of other lengths are not read for it.
func TestTextInBoth(t *testing.T) {
	train := openText(t, "text:"+folderWith(t, map[string][]byte{"1.txt": []byte("one"), "2.txt": []byte("two"), "3.txt": []byte("three")}))
	test := openText(t, "text:"+folderWith(t, map[string][]byte{"a.gz": gzipped([]byte("three")), "b.txt": []byte("\xef\xbb\xbfone"), "c.txt": []byte("six")}))
	if n := InBoth(train, test); n != 2 {
		t.Errorf("%d in both, want 2", n)
	}
	plain := openText(t, "text:"+folderWith(t, map[string][]byte{"b.txt": []byte("\xef\xbb\xbfone"), "c.txt": []byte("six")}))
	if n := InBoth(train, plain); n != 1 {
		t.Errorf("%d in both, want 1", n)
	}
	os.Remove(train.Describe(0))
	if n := InBoth(train, plain); n != 0 {
		t.Errorf("%d in both of a file that is gone", n)
	}
}

// TestTextFingerprint: names, sizes and beginnings tell data sets apart, where they lie does not.
func TestTextFingerprint(t *testing.T) {
	long := bytes.Repeat([]byte("word "), 30000)
	base := map[string][]byte{"a.txt": long, "b.txt": []byte("x")}
	fingerprint := func(files map[string][]byte) string { return openText(t, "text:"+folderWith(t, files)).Fingerprint }
	same := fingerprint(base)
	if fingerprint(base) != same {
		t.Error("another place, another fingerprint")
	}
	seen := map[string]bool{same: true}
	for _, other := range []map[string][]byte{{"a.txt": long, "c.txt": []byte("x")}, {"a.txt": long, "b.txt": []byte("y")}, {"a.txt": append([]byte("x"), long[1:]...), "b.txt": []byte("x")}, {"a.txt": long[1:], "b.txt": []byte("x")}, {"a.txt": long}} {
		if f := fingerprint(other); seen[f] {
			t.Errorf("fingerprint %s comes twice", f)
		} else {
			seen[f] = true
		}
	}
}

// TestTextRefused: what is no text is refused with its name, what it is and what would fit.
func TestTextRefused(t *testing.T) {
	dir := t.TempDir()
	const want = "; want text in UTF-8, as it is or packed by gzip, zstd or bzip2"
	for content, why := range map[string]string{
		"\x89PNG\r\n\x1a\n": "is a PNG picture" + want, "\xff\xd8\xff\xe0": "is a JPEG picture" + want, "GIF89a\x01\x00": "is a GIF picture" + want, "PK\x03\x04": "is a zip archive (or a document that is one)" + want,
		"RIFF\x00\x00\x00\x00WEBP": "is a RIFF file (a WebP picture, a sound or a film)" + want, "%PDF-1.7\n": "is a PDF document" + want, "\xfd7zXZ\x00": "is packed by xz" + want, "II*\x00": "is a TIFF picture" + want,
		"ab\x00c and more": "is no text: byte 2 of it is zero" + want, "\xfe\xff\x00a": "is UTF-16, by its first bytes fe ff; want UTF-8, which iconv -f UTF-16 -t UTF-8 makes of it", "\xff\xfe\x00\x00": "is UTF-32, by its first bytes ff fe 00 00; want UTF-8, which iconv -f UTF-32 -t UTF-8 makes of it",
		string(gzipped(gzipped([]byte("x")))): "is packed twice, the second time by gzip" + want, string(gzipped([]byte("PK\x03\x04"))): "is a zip archive (or a document that is one)" + want,
		string(gzipped(make([]byte, 100000))): "is no text: byte 0 of it is zero; it may be UTF-16" + want, strings.Repeat("x", textHead-1) + "\x00": "is no text: byte 65535 of it is zero" + want,
		"\x1f\x8b\x08\x00": "is cut short: the file ends at byte 4, its gzip stream does not; 0 bytes of text could be unpacked", "\x28\xb5\x2f\xfd": "is cut short: the file ends at byte 4, its zstd stream does not; 0 bytes of text could be unpacked",
		string(gzipped([]byte("text"))) + "and more":                   ": behind its gzip stream, near byte 28, is something that is none",
		string(gzipped([]byte("text"))) + "\n":                         ": behind its gzip stream, near byte 28, is something that is none",
		string(gzipped([]byte("text"))) + "\x1f":                       "is cut short: the file ends at byte 29, its gzip stream does not; 4 bytes of text could be unpacked",
		string(zstandard(t, []byte("text"))) + "and more":              ": behind its zstd stream, near byte 21, is something that is none",
		"\x28\xb5\x2f\xfd\x00\x90" + strings.Repeat("\x00", 10):        ": unpacking it would take a window of more than 128 MiB; pack it without zstd's --long",
		"BZh91AY&SY" + strings.Repeat("\x00", 40):                      ": broken bzip2 near byte 20: bzip2 data invalid: no symbols in input",
		"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff\xff\xff\xff\xff": ": broken gzip near byte 11: flate: corrupt input before offset 1",
	} {
		path := filepath.Join(dir, "file.txt")
		os.WriteFile(path, []byte(content), 0o644)
		sep := " "
		if strings.HasPrefix(why, ":") {
			sep = ""
		}
		if _, err := Open("text:"+path, Train); err == nil || !strings.HasPrefix(err.Error(), path+sep+why) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.20q: %v, want %s", content, err, why)
		}
	}
	for _, content := range []string{"RIFF is a word", "BZh9 is one", "PK is one", "BM", "\x7fE", "II*", "", "\xff", "a\xffb", strings.Repeat("x", textHead) + "\x00"} {
		path := filepath.Join(dir, "file.txt")
		os.WriteFile(path, []byte(content), 0o644)
		if got, err := readText(openText(t, "text:"+path), 0); err != nil || got != content {
			t.Errorf("%.20q: %.20q, %v", content, got, err)
		}
	}
	path := filepath.Join(dir, "window")
	os.WriteFile(path, []byte("\x28\xb5\x2f\xfd\x00\x88\x21\x00\x00text"), 0o644) // 128 MiB
	if got, err := readText(openText(t, "text:"+path), 0); err != nil || got != "text" {
		t.Errorf("the largest window: %q, %v", got, err)
	}
	empty, pictures := t.TempDir(), folderWith(t, map[string][]byte{"a.jpg": nil})
	for of, want := range map[string]string{"text:": "no file or folder given after the colon; text: wants a file of text, or a folder of them", "text:-": "text:- cannot be: text is read more than once; text: wants a file of text, or a folder of them",
		"text:" + dir + "/none": dir + "/none: no such file or folder; text: wants a file of text, or a folder of them", "text:" + empty: empty + " holds no text (it is empty); wanted are .txt, .text, .md, .gz, .zst or .bz2 in any depth",
		"text:" + pictures: pictures + " holds no text (1 ignored: 1 .jpg); wanted are .txt, .text, .md, .gz, .zst or .bz2 in any depth"} {
		if _, err := Open(of, Train); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", of, err, want)
		}
	}
	several := folderWith(t, map[string][]byte{"a.txt": []byte("x"), "b.txt": {0}, "c.txt": {0}, "d.txt": {0}})
	if _, err := Open("text:"+several, Train); err == nil || !strings.HasPrefix(err.Error(), filepath.Join(several, "b.txt")) || !strings.HasSuffix(err.Error(), " (and 2 more of 4 files cannot be taken)") {
		t.Errorf("%v", err)
	}
}

// TestTextCutShort: a packed text that is cut anywhere opens where its beginning is there, and then says where it ends; what came before is the text's beginning.
func TestTextCutShort(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 300000)
	for i := range text {
		text[i] = "etaoin shrdlu"[r.IntN(13)]
	}
	bz, err := os.ReadFile("testdata/text/whole.bz2")
	if err != nil {
		t.Fatal(err)
	}
	plain, _ := os.ReadFile("testdata/text/plain.txt")
	path := filepath.Join(t.TempDir(), "x")
	for _, c := range []struct {
		packing      string
		packed, text []byte
	}{{"gzip", gzipped(text), text}, {"zstd", zstandard(t, text), text}, {"bzip2", bz, plain}} {
		early, late := 0, 0
		for n := 10; n < len(c.packed); n += 1 + len(c.packed)/100 {
			os.WriteFile(path, c.packed[:n], 0o644)
			var got string
			d, err := Open("text:"+path, Train)
			if err == nil {
				got, err = readText(d, 0)
				late++
			} else {
				early++
			}
			want := fmt.Sprintf("%s is cut short: the file ends at byte %d, its %s stream does not; ", path, n, c.packing)
			if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasPrefix(string(c.text), got) || d != nil && !strings.HasSuffix(err.Error(), fmt.Sprintf("; %d bytes of text could be unpacked", len(got))) {
				t.Fatalf("%s cut to %d of %d bytes: %d bytes of text, %v", c.packing, n, len(c.packed), len(got), err)
			}
		}
		if early == 0 || late == 0 && c.packing != "bzip2" {
			t.Errorf("%s: %d cuts before 64 KiB of text, %d behind", c.packing, early, late)
		}
	}
}

// TestTextBomb: a small file of much text is read as a stream, however much it is.
func TestTextBomb(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	for range 64 {
		w.Write(bytes.Repeat([]byte("boom "), 1<<20/5))
	}
	w.Close()
	fuzzing.Memory(t, 1<<20, func() {
		r, err := unpack("bomb", bytes.NewReader(packed.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if n, err := io.Copy(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}); err != nil || n != 64*(1<<20/5*5) {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
}

// TestTextErrors: what the disk says, and files that go.
func TestTextErrors(t *testing.T) {
	bad := errors.New("torn")
	if _, err := unpack("x", iotest.ErrReader(bad)); !errors.Is(err, bad) || err.Error() != "x, byte 0: torn" {
		t.Errorf("%v", err)
	}
	r, err := unpack("x", io.MultiReader(strings.NewReader(strings.Repeat("y", textHead)), iotest.ErrReader(bad)))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); len(b) != textHead || !errors.Is(err, bad) || err.Error() != "x, byte 65536: torn" {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	dir := folderWith(t, map[string][]byte{"a.txt": []byte("x")})
	d := openText(t, "text:"+dir)
	os.Remove(filepath.Join(dir, "a.txt"))
	if _, err := d.Texts.Open(0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if _, err := ContentHash(d.Samples(), 0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// FuzzText: bytes are a text, or packed text, or refused in a line; the text is the same however its bytes come, and what is not packed is itself.
func FuzzText(f *testing.F) {
	all := [][]byte{[]byte("plain"), []byte("\xef\xbb\xbfmark"), gzipped([]byte("text text")), zstandard(f, []byte("text text")), append(gzipped([]byte("a")), gzipped([]byte("b"))...)}
	names, err := filepath.Glob("testdata/text/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, b)
	}
	fuzzing.Run(f, all, func(t testing.TB, b []byte) {
		if len(b) > 1<<14 {
			return
		}
		read := func(from io.Reader) (text []byte, err error) {
			r, err := unpack("x", from)
			if err != nil {
				return nil, err
			}
			defer r.Close()
			return io.ReadAll(io.LimitReader(r, 1<<18))
		}
		var text []byte
		var err error
		fuzzing.Memory(t, 2*zstdWindow+16<<20, func() { text, err = read(bytes.NewReader(b)) })
		again, failed := read(iotest.DataErrReader(iotest.HalfReader(bytes.NewReader(b))))
		if fuzzing.OneLine(t, err) != (failed != nil) || !bytes.Equal(text, again) {
			t.Fatalf("%q, %v and %q, %v", text, err, again, failed)
		}
		if err == nil && packing(b) == "" && !bytes.Equal(text, bytes.TrimPrefix(b, byteOrderMark)) {
			t.Errorf("%q is read from %q", text, b)
		}
	})
}
