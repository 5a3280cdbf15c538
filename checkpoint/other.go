package checkpoint

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"al.essio.dev/pkg/shellescape"
)

// A FormatError says what a file is that is no safetensors file, and what makes one of it.
type FormatError struct {
	Path string
	Is   string // a PyTorch file, ...
	Do   string // what helps
	Line string // a command that does it; "" for none
}

func (e *FormatError) Error() string {
	s := fmt.Sprintf("%s is not a safetensors file, but %s; %s", e.Path, e.Is, e.Do)
	if e.Line != "" {
		s += ":\n    " + e.Line
	}
	return s
}

// Lines of Python that make a safetensors file (of path to) of another. PyTorch's loader is told to read weights alone: a pickle may
// otherwise run what it likes.
const (
	fromTorch = `import torch; from safetensors.torch import save_file; d = torch.load(%s, map_location="cpu", weights_only=True); ` +
		`d = d.get("state_dict", d.get("model", d)); save_file({k: v.contiguous().clone() for k, v in d.items() if torch.is_tensor(v)}, %s)`
	fromNumpy = `import numpy; from safetensors.numpy import save_file; save_file(dict(numpy.load(%s)), %s)`
)

// otherFormat returns what a file is that did not parse, nil if it does not look like anything known.
func otherFormat(path string, r io.ReaderAt, size int64) error {
	head := make([]byte, min(size, 512))
	if readAt(r, head, 0) != nil {
		return nil
	}
	convert := func(line string) string {
		to := strings.TrimSuffix(path, filepath.Ext(path)) + ".safetensors"
		return "python3 -c " + shellescape.Quote(fmt.Sprintf(line, strconv.Quote(path), strconv.Quote(to)))
	}
	begins := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	text := strings.ToLower(strings.TrimLeft(string(head), "\ufeff \t\r\n"))
	is, do, run := "", "", ""
	switch {
	case size == 0:
		is, do = "empty", "copy or download it again"
	case begins("PK\x03\x04") && bytes.Contains(head, []byte("data.pkl")), len(head) > 1 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5:
		is, do = "a PyTorch file (a pickle, which may run code when it is read)", "where PyTorch is, this converts it"
		run = convert(fromTorch)
	case begins("PK\x03\x04") && bytes.Contains(head, []byte(".npy")):
		is, do, run = "NumPy's .npz", "this converts it", convert(fromNumpy)
	case begins("PK\x03\x04"):
		is, do = "a zip archive", "unpack it"
	case begins("\x1f\x8b"):
		is, do = "compressed by gzip", "unpack it with gunzip"
	case begins("\x93NUMPY"):
		is, do = "a NumPy array, one without a name", "weights need the names of their tensors"
	case begins("\x89HDF\r\n\x1a\n"):
		is, do = "an HDF5 file, as Keras writes them", "save its weights as safetensors where it was made"
	case begins("GGUF"):
		is, do = "a GGUF file of a language model", "Tessera has no such networks"
	case strings.HasPrefix(text, "version https://git-lfs"):
		is, do = "the pointer that Git LFS leaves in its place", "git lfs pull fetches the file itself"
	case strings.HasPrefix(text, "<!doctype html"), strings.HasPrefix(text, "<html"):
		is, do = "an HTML page, such as a server sends that wants a login or a confirmation", "download the file itself"
	default:
		return nil
	}
	return &FormatError{path, is, do, run}
}
