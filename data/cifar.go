package data

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// cifarRecord is a label byte and 32x32 planes of red, green and blue.
const cifarRecord = 1 + 3*32*32

var cifarClasses = strings.Fields("airplane automobile bird cat deer dog frog horse ship truck")

type cifar struct {
	dir     string
	split   Split
	records []byte
}

// OpenCIFAR10 reads CIFAR-10 (Krizhevsky 2009) in its binary format from a folder that holds data_batch_1.bin to
// data_batch_5.bin and test_batch.bin.
func OpenCIFAR10(dir string, split Split) (*Dataset, error) {
	if err := missingDir(dir, "CIFAR-10 wants the folder with data_batch_1.bin and test_batch.bin"); err != nil {
		return nil, err
	}
	files := []string{"test_batch.bin"}
	if split == Train {
		files = files[:0]
		for i := 1; i <= 5; i++ {
			files = append(files, fmt.Sprintf("data_batch_%d.bin", i))
		}
	}
	c := &cifar{dir: dir, split: split}
	for _, f := range files {
		path := filepath.Join(dir, f)
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("%s: no such file; CIFAR-10's binary version has %s", path, strings.Join(files, ", "))
		}
		if err := checkCIFAR(b); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if c.records == nil {
			c.records = make([]byte, 0, len(files)*len(b)) // the files are alike
		}
		c.records = append(c.records, b...)
	}
	return &Dataset{Name: fmt.Sprintf("cifar10:%s?split=%s", dir, split), Fingerprint: fingerprint("cifar10", c.records),
		Inputs: Inputs{Images: c}, Truth: Truth{Labels: cifarLabels{c}}}, nil
}

func checkCIFAR(b []byte) error {
	if len(b) == 0 || len(b)%cifarRecord != 0 {
		return fmt.Errorf("%d bytes are not a whole number of records of %d bytes; the file is cut short or not CIFAR-10's binary version", len(b), cifarRecord)
	}
	for i := 0; i < len(b); i += cifarRecord {
		if b[i] > 9 {
			return fmt.Errorf("record %d has label %d, want 0 to 9", i/cifarRecord, b[i])
		}
	}
	return nil
}

func (c *cifar) Len() int { return len(c.records) / cifarRecord }
func (c *cifar) Describe(i int) string {
	return fmt.Sprintf("record %d of %s's %s split", i, c.dir, c.split)
}

func (c *cifar) Image(i int) (*Image, error) {
	r := c.records[i*cifarRecord+1:][:3*1024]
	im := NewImage(32, 32)
	for p := range 1024 {
		im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2] = r[p], r[1024+p], r[2048+p]
	}
	return im, nil
}

type cifarLabels struct{ c *cifar }

func (l cifarLabels) Classes() []string { return cifarClasses }
func (l cifarLabels) Label(i int) int   { return int(l.c.records[i*cifarRecord]) }
