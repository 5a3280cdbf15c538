package data

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/tessera-go/tessera/internal/parallel"
)

// Hash is of a sample's content: equal for the same picture under two names or in two data sets of a kind.
type Hash = [sha256.Size]byte

// Hashed are samples that know their content's hash without making the sample: of a file's bytes, or of a record.
type Hashed interface {
	Hash(i int) (Hash, error)
}

// ContentHash returns the hash of sample i's content: its own, where the source is Hashed, else of its pixels or its text.
func ContentHash(s Samples, i int) (Hash, error) {
	switch s := s.(type) {
	case Hashed:
		return s.Hash(i)
	case Images:
		im, err := s.Image(i)
		if err != nil {
			return Hash{}, err
		}
		size := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(im.H)), uint64(im.W))
		return sha256.Sum256(append(size, im.Pix...)), nil
	case Texts:
		text, err := s.Text(i)
		return sha256.Sum256([]byte(text)), err
	}
	return Hash{}, fmt.Errorf("%s has no hash", s.Describe(i))
}

// InBoth returns how many samples of test have the content of a sample of train, by ContentHash. Samples that cannot be read are passed
// over: whoever reads them says so.
func InBoth(train, test *Dataset) int {
	hashes := func(s Samples) []*Hash {
		out := make([]*Hash, s.Len())
		parallel.For(len(out), func(i int) {
			if h, err := ContentHash(s, i); err == nil {
				out[i] = &h
			}
		})
		return out
	}
	seen := map[Hash]bool{}
	for _, h := range hashes(train.Samples()) {
		if h != nil {
			seen[*h] = true
		}
	}
	n := 0
	for _, h := range hashes(test.Samples()) {
		if h != nil && seen[*h] {
			n++
		}
	}
	return n
}

func (s *subImages) Hash(i int) (Hash, error) { return ContentHash(s.all, s.index[i]) }
func (s *subTexts) Hash(i int) (Hash, error)  { return ContentHash(s.all, s.index[i]) }

func (c *cifar) Hash(i int) (Hash, error) {
	return sha256.Sum256(c.records[i*cifarRecord+1 : (i+1)*cifarRecord]), nil
}

func (x *idx) Hash(i int) (Hash, error) {
	return sha256.Sum256(x.pixels[i*x.h*x.w : (i+1)*x.h*x.w]), nil
}

// Hash of a scene is of what it is drawn from.
func (p scenePictures) Hash(i int) (Hash, error) {
	return sha256.Sum256(fmt.Appendf(nil, "scene %d %d %d %s %d", p.s.Side, p.s.Objects, p.s.Seed, p.s.Split, i)), nil
}
