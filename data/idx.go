package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxIDX is the largest IDX file that is read, 2 GiB.
const maxIDX = 2 << 30

type idx struct {
	dir     string
	split   Split
	h, w    int
	pixels  []byte
	labels  []byte
	classes []string
}

// OpenIDX reads images and labels in the IDX format of MNIST (LeCun, Cortes, Burges 1998), gzipped or not: train-* for the
// training split, t10k-* or test-* for the other. Grey becomes RGB.
func OpenIDX(dir string, split Split) (*Dataset, error) {
	if err := missingDir(dir, "IDX wants the folder with train-images-idx3-ubyte and its like"); err != nil {
		return nil, err
	}
	prefixes := []string{"t10k", "test"}
	if split == Train {
		prefixes = []string{"train"}
	}
	images, path, err := readIDX(dir, prefixes, "images", "idx3-ubyte")
	if err != nil {
		return nil, err
	}
	dims, pixels, err := parseIDX(images)
	if err != nil || len(dims) != 3 {
		return nil, idxError(path, err, dims, "[count height width]")
	}
	x := &idx{dir: dir, split: split, h: dims[1], w: dims[2], pixels: pixels}
	if x.h == 0 || x.w == 0 || x.h > 4096 || x.w > 4096 {
		return nil, fmt.Errorf("%s: images of %d by %d", path, x.h, x.w)
	}
	labels, path, err := readIDX(dir, prefixes, "labels", "idx1-ubyte")
	if err != nil {
		return nil, err
	}
	ld, lb, err := parseIDX(labels)
	if err != nil || len(ld) != 1 {
		return nil, idxError(path, err, ld, "[count]")
	}
	if ld[0] != dims[0] {
		return nil, fmt.Errorf("%s has %d labels for %d images", path, ld[0], dims[0])
	}
	x.labels = lb
	most := 0
	for _, l := range lb {
		most = max(most, int(l))
	}
	for i := range most + 1 {
		x.classes = append(x.classes, fmt.Sprint(i))
	}
	return &Dataset{Name: fmt.Sprintf("idx:%s?split=%s", dir, split), Fingerprint: fingerprint("idx", x.pixels, x.labels),
		Inputs: Inputs{Images: x}, Truth: Truth{Labels: idxLabels{x}}}, nil
}

func idxError(path string, err error, dims []int, want string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return fmt.Errorf("%s has sides %v, want %s", path, dims, want)
}

func readIDX(dir string, prefixes []string, what, kind string) ([]byte, string, error) {
	for _, p := range prefixes {
		for _, name := range []string{p + "-" + what + "-" + kind, p + "-" + what + "." + kind, p + "-" + what + "-" + kind + ".gz"} {
			path := filepath.Join(dir, name)
			f, err := os.Open(path)
			if err != nil {
				continue
			}
			defer f.Close()
			var r io.Reader = f
			if filepath.Ext(path) == ".gz" {
				if r, err = gzip.NewReader(f); err != nil {
					return nil, path, fmt.Errorf("%s: %w", path, err)
				}
			}
			b, err := readMost(r, maxIDX)
			if err != nil {
				return nil, path, fmt.Errorf("%s: %w", path, err)
			}
			return b, path, nil
		}
	}
	return nil, "", fmt.Errorf("%s has no %s-%s-%s, gzipped or not", dir, prefixes[0], what, kind)
}

// readMost reads everything, and refuses more than so many bytes.
func readMost(r io.Reader, most int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("more than %d bytes", most)
	}
	return b, err
}

// parseIDX returns the sides and the bytes of an IDX file of unsigned bytes.
func parseIDX(b []byte) (dims []int, body []byte, err error) {
	if len(b) < 4 || b[0] != 0 || b[1] != 0 || b[2] != 8 || b[3] == 0 || b[3] > 4 {
		return nil, nil, fmt.Errorf("not an IDX file of unsigned bytes: it begins with % x", b[:min(4, len(b))])
	}
	n := int(b[3])
	if len(b) < 4+4*n {
		return nil, nil, fmt.Errorf("IDX header cut short")
	}
	size := 1
	for i := range n {
		d := int(binary.BigEndian.Uint32(b[4+4*i:]))
		if d > 0 && size > maxIDX/d {
			return nil, nil, fmt.Errorf("the IDX header claims more than %d bytes, the file has %d", maxIDX, len(b))
		}
		size *= d
		dims = append(dims, d)
	}
	body = b[4+4*n:]
	if len(body) != size {
		return nil, nil, fmt.Errorf("the IDX header claims %v = %d bytes, the file has %d", dims, size, len(body))
	}
	return dims, bytes.Clone(body), nil
}

func (x *idx) Len() int { return len(x.labels) }
func (x *idx) Describe(i int) string {
	return fmt.Sprintf("image %d of %s's %s split", i, x.dir, x.split)
}

func (x *idx) Image(i int) (*Image, error) {
	im := NewImage(x.h, x.w)
	for p, v := range x.pixels[i*x.h*x.w:][:x.h*x.w] {
		im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2] = v, v, v
	}
	return im, nil
}

type idxLabels struct{ x *idx }

func (l idxLabels) Classes() []string { return l.x.classes }
func (l idxLabels) Label(i int) int   { return int(l.x.labels[i]) }
