package checkpoint

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

func zipOf(t *testing.T, names ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, n := range names {
		if _, err := z.Create(n); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestOtherFormats: what people take for a safetensors file is named as what it is, with what helps; what is nothing known keeps the
// reader's own message, and a whole file is never taken for another.
func TestOtherFormats(t *testing.T) {
	dir := t.TempDir()
	load := func(name, content string) error {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		return err
	}
	for _, c := range []struct{ name, content, is, do string }{
		{"a.pth", zipOf(t, "a/data.pkl", "a/data/0"), "a PyTorch file", `torch.load("` + dir + `/a.pth", map_location="cpu", weights_only=True)`},
		{"old.pt", "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "a PyTorch file", dir + `/old.safetensors")'`},
		{"it's.pth", "\x80\x04\x95" + strings.Repeat("\xff", 20), "a PyTorch file", `'"'"'`},
		{"a.npz", zipOf(t, "conv1.weight.npy"), "NumPy's .npz", "numpy.load("},
		{"a.zip", zipOf(t, "weights/a.bin"), "a zip archive", "unpack it"},
		{"a.gz", "\x1f\x8b\x08\x00" + strings.Repeat("\xff", 20), "compressed by gzip", "gunzip"},
		{"a.npy", "\x93NUMPY\x01\x00" + strings.Repeat("\xff", 20), "a NumPy array", "names"},
		{"a.h5", "\x89HDF\r\n\x1a\n" + strings.Repeat("\xff", 20), "an HDF5 file", "save its weights"},
		{"a.gguf", "GGUF\x03\x00\x00\x00" + strings.Repeat("\xff", 20), "GGUF", "no such networks"},
		{"lfs.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 45039627\n", "pointer that Git LFS", "git lfs pull"},
		{"login.safetensors", "\ufeff\n<!DOCTYPE html>\n<html><head>", "an HTML page", "download the file itself"},
		{"login2.safetensors", "<HTML><head></head></HTML>", "an HTML page", "download"},
		{"empty.safetensors", "", "empty", "again"},
	} {
		err := load(c.name, c.content)
		var e *FormatError
		if !errors.As(err, &e) || !strings.Contains(e.Is, c.is) || !strings.Contains(e.Do+" "+e.Line, c.do) || !strings.HasPrefix(err.Error(), filepath.Join(dir, c.name)+" is not a safetensors file, but ") ||
			strings.Count(err.Error(), "\n") != strings.Count(err.Error(), ":\n    python3 -c ") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, content := range []string{"\x80", "P", "some text that is no page", "\x80\x01" + strings.Repeat("\xff", 20)} {
		var e *FormatError
		if err := load("none", content); err == nil || errors.As(err, &e) {
			t.Errorf("%q: %v", content, err)
		}
	}
	// a header whose length happens to begin a file like another's magic
	var b bytes.Buffer
	f := &File{Tensors: []Named{{Name: "x", Value: tensor.New(3)}}, Metadata: map[string]string{"pad": ""}}
	for {
		b.Reset()
		if err := Write(&b, f); err != nil {
			t.Fatal(err)
		}
		if b.Bytes()[0] == 0x80 && b.Bytes()[1] == 2 {
			break
		}
		f.Metadata["pad"] += "."
	}
	if err := load("whole.safetensors", b.String()); err != nil {
		t.Errorf("a whole file: %v", err)
	}
}
