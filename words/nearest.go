package words

import (
	"fmt"
	"slices"
	"strings"

	"github.com/viterin/vek/vek32"

	flat "github.com/tessera-go/tessera/index" // index is where words are found here
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

// Space are vectors that are compared by the cosines between them. It keeps two numbers a vector beside them, not a copy.
type Space struct {
	*Vectors
	scale []float32  // 1/|x| of each; 0 for a vector of zeros, whose cosine with anything is 0
	flat  *flat.Flat // nil of no words
}

// nearBlock is how many vectors are compared as one piece of work.
const nearBlock = 4096

// NewSpace measures vectors, which must not change after it.
func NewSpace(v *Vectors) *Space {
	s := &Space{Vectors: v, scale: make([]float32, len(v.Words))}
	if len(v.Words) > 0 {
		s.flat = flat.New(tensor.From(v.Data, len(v.Words), v.Dim), flat.Cosine)
	}
	parallel.Chunks(len(v.Words), nearBlock, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s.scale[i] = inverse(vek32.Norm(v.Vector(i)))
		}
	})
	return s
}

func inverse(norm float32) float32 {
	if norm == 0 {
		return 0
	}
	return 1 / norm
}

// Cosine returns the cosine between the vectors of words i and j.
func (s *Space) Cosine(i, j int) float32 {
	return vek32.Dot(s.Vector(i), s.Vector(j)) * s.scale[i] * s.scale[j]
}

// Near is a word near a vector.
type Near struct {
	Word   string
	Index  int
	Cosine float32
}

// Nearest returns the k words whose vectors have the largest cosines with a vector [Dim], the largest first, of equals those that stand first, without some of them.
func (s *Space) Nearest(query []float32, k int, without ...int) []Near {
	if len(query) != s.Dim {
		panic(fmt.Sprintf("words.Nearest: a query of %d values, the vectors have %d", len(query), s.Dim))
	}
	if k <= 0 || len(s.Words) == 0 {
		return nil
	}
	var all []Near
	for _, h := range s.flat.Search(tensor.From(query, 1, s.Dim), k, func(_, at int) bool { return slices.Contains(without, at) })[0] {
		all = append(all, Near{s.Words[h.At], h.At, h.Similarity})
	}
	return all
}

// Query is a sum of words.
type Query struct {
	Vector []float32 // of length 1
	Words  []int     // what it was made of, which is no answer to it
}

// Query returns what an expression such as "king - man + woman" means: the sum of the words' vectors, each of length 1, with their signs, as
// gensim's most_similar has it. Signs stand alone or right before a word; a word without one is added. The error for a word without a vector is
// an *UnknownWordError.
func (s *Space) Query(expression string) (*Query, error) {
	parts := strings.Fields(strings.ReplaceAll(expression, "\u2212", "-"))
	if len(parts) == 0 {
		return nil, fmt.Errorf("no words are given; wanted are words such as: king - man + woman")
	}
	q := &Query{Vector: make([]float32, s.Dim)}
	sign := float32(1)
	for i, p := range parts {
		if (p == "+" || p == "-") && i+1 < len(parts) {
			if i > 0 && (parts[i-1] == "+" || parts[i-1] == "-") {
				return nil, fmt.Errorf("%q has two signs one after the other", expression)
			}
			if sign = 1; p == "-" {
				sign = -1
			}
			continue
		}
		id, ok := s.Index(p)
		if !ok && len(p) > 1 && (p[0] == '+' || p[0] == '-') {
			if id, ok = s.Index(p[1:]); ok && p[0] == '-' {
				sign = -sign
			}
		}
		if !ok && s.Compose != nil {
			if x := s.Compose(p); x != nil {
				scale := inverse(vek32.Norm(x))
				for j, x := range x {
					q.Vector[j] += sign * (x * scale)
				}
				sign = 1
				continue
			}
		}
		if !ok {
			return nil, s.unknown(p)
		}
		for j, x := range s.Vector(id) {
			q.Vector[j] += sign * (x * s.scale[id])
		}
		q.Words = append(q.Words, id)
		sign = 1
	}
	norm := vek32.Norm(q.Vector)
	if norm < 1e-6 {
		return nil, fmt.Errorf("%q is zero: its words cancel out, and nothing is near to that", expression)
	}
	vek32.DivNumber_Inplace(q.Vector, norm)
	return q, nil
}
