package data

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/tessera-go/tessera/internal/parallel"
)

// Hash is of a sample's content: equal for the same picture under two names or in two data sets of a kind.
type Hash = [sha256.Size]byte

// Hashed are samples that know their content's hash without making the sample: of a file's bytes, or of a record.
type Hashed interface {
	Hash(i int) (Hash, error)
}

// ContentHash returns the hash of sample i's content: its own, where the source is Hashed, else of its pixels, its values or its text.
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
	case Sounds:
		return hashSound(s, i)
	case Texts:
		r, err := s.Open(i)
		if err != nil {
			return Hash{}, err
		}
		defer r.Close()
		h := sha256.New()
		_, err = io.Copy(h, r)
		return Hash(h.Sum(nil)), err
	}
	return Hash{}, fmt.Errorf("%s has no hash", s.Describe(i))
}

// measured are samples that know how long what their hash is of is, without reading it; -1 where they do not.
type measured interface {
	size(i int) int64
}

// InBoth returns how many samples of test have the content of a sample of train, by ContentHash; of files only those are read that have
// the length of one of the other side. Samples that cannot be read are passed over: whoever reads them says so.
func InBoth(train, test *Dataset) int {
	a, b := train.Samples(), test.Samples()
	inA, inB := sizes(a), sizes(b)
	seen := map[Hash]bool{}
	for _, h := range hashes(a, inB) {
		if h != nil {
			seen[*h] = true
		}
	}
	n := 0
	for _, h := range hashes(b, inA) {
		if h != nil && seen[*h] {
			n++
		}
	}
	return n
}

// sizes returns the lengths of samples' contents, nil where they are not known without reading.
func sizes(s Samples) map[int64]bool {
	of, ok := s.(measured)
	if !ok {
		return nil
	}
	all := make([]int64, s.Len())
	parallel.For(len(all), func(i int) { all[i] = of.size(i) })
	out := map[int64]bool{}
	for _, n := range all {
		if n < 0 {
			return nil
		}
		out[n] = true
	}
	return out
}

// hashes returns the hashes of the samples whose length is among those of the other side; of all where either side does not know.
func hashes(s Samples, other map[int64]bool) []*Hash {
	out := make([]*Hash, s.Len())
	of, ok := s.(measured)
	parallel.For(len(out), func(i int) {
		if ok && other != nil {
			if n := of.size(i); n >= 0 && !other[n] {
				return
			}
		}
		if h, err := ContentHash(s, i); err == nil {
			out[i] = &h
		}
	})
	return out
}

func (s *subImages) size(i int) int64 {
	if of, ok := s.all.(measured); ok {
		return of.size(s.index[i])
	}
	return -1
}

func (s *subImages) Hash(i int) (Hash, error) { return ContentHash(s.all, s.index[i]) }

func (s *subClips) size(i int) int64 {
	if of, ok := s.all.(measured); ok {
		return of.size(s.index[i])
	}
	return -1
}

func (s *subClips) Hash(i int) (Hash, error) { return ContentHash(s.all, s.index[i]) }

func (s *subSounds) size(i int) int64 {
	if of, ok := s.all.(measured); ok {
		return of.size(s.index[i])
	}
	return -1
}

func (s *subSounds) Hash(i int) (Hash, error) { return ContentHash(s.all, s.index[i]) }

func (s *subTexts) size(i int) int64 {
	if of, ok := s.all.(measured); ok {
		return of.size(s.index[i])
	}
	return -1
}

func (s *subTexts) Hash(i int) (Hash, error) { return ContentHash(s.all, s.index[i]) }

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
