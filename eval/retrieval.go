package eval

import (
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"time"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// Retrieval says how well features of one kind find others, of the same kind or another: a gallery is ranked by how near it is to a query, and the ranking is
// judged by nDCG at K with what is relevant known from classes ("Objects that Sound": Arandjelović and Zisserman, ECCV 2018, section 3.3 and table 1).
type Retrieval struct {
	K         int  // ranks that count; 0 means 30
	Euclidean bool // near by distance, else by cosine; of features of unit length both rank alike
	// Relevance [C C] is how relevant an item of class j is to a query of class i, from 0 on; nil means 1 of the same class, else 0. Classes are numbered as in Names,
	// which is needed then.
	Relevance *tensor.Tensor
	Names     []string
	// Apart is a division of the samples: what is of the query's own part of it, such as its film, is no find. Empty means none. A query never finds
	// itself within its own kind.
	Apart string
}

// Ranked is what became of each query.
type Ranked struct {
	NDCG   []float64 // 0 where Judged is false
	Chance []float64 // what a random order of the gallery has in the mean
	Judged []bool    // false where nothing in the gallery is relevant to the query
}

// filled is the retrieval with what its zeros mean.
func (r Retrieval) filled() Retrieval {
	if r.K == 0 {
		r.K = 30
	}
	return r
}

// Name is what its scores measure: nDCG@30.
func (r Retrieval) Name() string { return fmt.Sprintf("nDCG@%d", r.filled().K) }

// Rank ranks a gallery [M D] for each of some queries [N D] and judges the rankings. relevance says from 0 on how relevant an item is to a query, and skip which
// items are not in a query's gallery, nil for none; both are called by several goroutines at once. Items equally near share their ranks (metric.NDCG). It
// returns an error where features are of different sizes or not finite.
func (r Retrieval) Rank(queries, gallery *tensor.Tensor, relevance func(query, item int) float32, skip func(query, item int) bool) (*Ranked, error) {
	r = r.filled()
	if err := sameSpace(queries, gallery); err != nil {
		return nil, err
	}
	n, m := queries.Dim(0), gallery.Dim(0)
	a, b, lengths := r.near(queries, gallery)
	out := &Ranked{make([]float64, n), make([]float64, n), make([]bool, n)}
	const block = 256
	sim := tensor.New(min(block, n), m)
	for lo := 0; lo < n; lo += block {
		hi := min(n, lo+block)
		s := sim.Rows(0, hi-lo)
		tensor.MatMulNT(s, a.Rows(lo, hi), b, false, tensor.Float32)
		parallel.For(hi-lo, func(i int) {
			q := lo + i
			var gains, near []float32
			for j, v := range s.Data[i*m : (i+1)*m] {
				if skip != nil && skip(q, j) {
					continue
				}
				if lengths != nil {
					v -= lengths[j]
				}
				gains, near = append(gains, relevance(q, j)), append(near, v)
			}
			if out.NDCG[q], out.Judged[q] = metric.NDCG(gains, near, r.K); out.Judged[q] {
				out.Chance[q], _ = metric.ChanceNDCG(gains, r.K)
			}
		})
	}
	return out, nil
}

// near returns features whose products are larger the nearer they are, once half of lengths, if any, is taken off: of distances half of the squared one with its
// sign turned round, but for the query's own length.
func (r Retrieval) near(queries, gallery *tensor.Tensor) (a, b *tensor.Tensor, lengths []float32) {
	if !r.Euclidean {
		return unit(queries), unit(gallery), nil
	}
	// seen from the gallery's mean, which distances do not know of, products keep their digits
	d := gallery.Dim(1)
	mean, lengths := make([]float32, d), make([]float32, gallery.Dim(0))
	tensor.BatchStats(mean, make([]float32, d), gallery)
	a, b = queries.Clone(), gallery.Clone()
	for _, x := range []*tensor.Tensor{a, b} {
		for i := range x.Dim(0) {
			simd.Axpy(x.Data[i*d:(i+1)*d], -1, mean)
		}
	}
	for j := range lengths {
		lengths[j] = simd.SumSquares(b.Data[j*d:(j+1)*d]) / 2
	}
	return a, b, lengths
}

// sameSpace refuses features that are of different sizes, none, or not finite.
func sameSpace(x, y *tensor.Tensor) error {
	if x == nil || y == nil || x.Dim(0) == 0 || y.Dim(0) == 0 {
		return fmt.Errorf("there are no features to compare")
	}
	if x.Dim(1) != y.Dim(1) {
		return fmt.Errorf("features of %d and of %d values cannot be compared; both kinds must be embedded in one space, as CCA does", x.Dim(1), y.Dim(1))
	}
	for _, t := range []*tensor.Tensor{x, y} {
		for i, v := range t.Data {
			if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
				return fmt.Errorf("features are not finite: sample %d has %g", i/t.Dim(1), v)
			}
		}
	}
	return nil
}

// Between ranks the gallery's samples for each of the queries' by their classes, which are matched by name; same says that both are the same samples in the
// same order, seen as the same kind, so that a query's own row is left out. The score is named after the direction, such as image to sound.
func (r Retrieval) Between(direction string, queries, gallery Sample, same bool) (Score, error) {
	began := time.Now()
	r = r.filled()
	number := map[string]int{}
	for _, name := range r.Names {
		number[name] = len(number)
	}
	if err := r.checkRelevance(len(number)); err != nil {
		return Score{}, fmt.Errorf("%s: %w", direction, err)
	}
	asked, found := queries.numbered(queries.Truth.Labels, number), gallery.numbered(gallery.Truth.Labels, number)
	if slices.Max(append([]int{-1}, asked...)) < 0 || slices.Max(append([]int{-1}, found...)) < 0 {
		return Score{}, fmt.Errorf("%s: what is relevant is known from labels, which the samples do not have", direction)
	}
	if r.Relevance != nil && len(number) > len(r.Names) {
		return Score{}, fmt.Errorf("%s: the samples have %d classes that the relevance does not know", direction, len(number)-len(r.Names))
	}
	relevance := func(q, i int) float32 {
		switch a, b := asked[q], found[i]; {
		case a < 0 || b < 0:
			return 0
		case r.Relevance != nil:
			return r.Relevance.At(a, b)
		case a == b:
			return 1
		}
		return 0
	}
	skip, err := r.skipping(direction, queries, gallery, same)
	if err != nil {
		return Score{}, err
	}
	ranked, err := r.Rank(queries.Pooled, gallery.Pooled, relevance, skip)
	if err != nil {
		return Score{}, fmt.Errorf("%s: %w", direction, err)
	}
	s := Score{Protocol: "retrieval", Train: len(gallery.Index), Dim: gallery.Pooled.Dim(1), Settings: r.settings(), Found: map[string]any{}}
	n := make([]float64, len(ranked.NDCG))
	for q, ok := range ranked.Judged {
		if ok {
			n[q] = 1
			s.Test++
			s.Value, s.Trivial = s.Value+ranked.NDCG[q], s.Trivial+ranked.Chance[q]
		}
	}
	if s.Test == 0 {
		return Score{}, fmt.Errorf("%s: nothing in the gallery is relevant to any of the %d queries", direction, len(n))
	}
	s.Value, s.Trivial = s.Value/float64(s.Test), s.Trivial/float64(s.Test)
	s.Metric = metric.Metric{Name: r.Name() + " " + direction, Higher: true, Predictor: "random order", Trivial: s.Trivial}
	if without := len(n) - s.Test; without > 0 {
		s.Found["queries_without_finds"] = without
	}
	if in, over := spread(queries, ranked.NDCG, n); in != nil {
		s.Interval, s.Found["interval_over"] = in, over
	}
	s.Seconds = time.Since(began).Seconds()
	return s, nil
}

// checkRelevance refuses a table that is not one of so many classes.
func (r Retrieval) checkRelevance(classes int) error {
	if r.Relevance == nil {
		return nil
	}
	if len(r.Relevance.Shape) != 2 || r.Relevance.Dim(0) != classes || r.Relevance.Dim(1) != classes {
		return fmt.Errorf("the relevance of %d classes is %v, want [%d %d]", classes, r.Relevance.Shape, classes, classes)
	}
	for i, v := range r.Relevance.Data {
		if !(v >= 0 && v <= math.MaxFloat32) {
			return fmt.Errorf("the relevance of %s to %s is %g, want a number from 0 on", r.Names[i%classes], r.Names[i/classes], v)
		}
	}
	return nil
}

// skipping says which items are not in a query's gallery.
func (r Retrieval) skipping(direction string, queries, gallery Sample, same bool) (func(query, item int) bool, error) {
	if same && len(queries.Index) != len(gallery.Index) {
		return nil, fmt.Errorf("%s: %d queries and %d items are not the same samples", direction, len(queries.Index), len(gallery.Index))
	}
	if r.Apart == "" {
		return func(q, i int) bool { return same && q == i }, nil
	}
	a, b := division(queries.Truth, r.Apart), division(gallery.Truth, r.Apart)
	if a == nil || b == nil {
		return nil, fmt.Errorf("%s: %w", direction, notDivided(queries.Truth, r.Apart))
	}
	number := map[string]int{}
	own, theirs := queries.numbered(a, number), gallery.numbered(b, number)
	return func(q, i int) bool { return same && q == i || own[q] >= 0 && own[q] == theirs[i] }, nil
}

// settings are what a score must say.
func (r Retrieval) settings() map[string]any {
	out := map[string]any{"k": r.K, "near": "cosine", "relevance": "same class", "apart": r.Apart}
	if r.Euclidean {
		out["near"] = "euclidean"
	}
	if r.Relevance != nil {
		out["relevance"] = fmt.Sprintf("by classes, %08x", crc32.ChecksumIEEE(fmt.Append(nil, r.Names, r.Relevance.Data)))
	}
	if r.Apart == "" {
		out["apart"] = "no"
	}
	return out
}

// Kinds are the kinds of features that Directions compares.
var Kinds = [2]string{"image", "sound"}

// Directions judges images by images, images by sounds, sounds by images and sounds by sounds, in this order: im-im, im-aud, aud-im and aud-aud of table 1 there. Row i of both
// is of the same film, or image with its sound.
func (r Retrieval) Directions(images, sounds Sample) ([]Score, error) {
	var out []Score
	of := [2]Sample{images, sounds}
	for a, queries := range of {
		for b, gallery := range of {
			s, err := r.Between(Kinds[a]+" to "+Kinds[b], queries, gallery, a == b)
			if err != nil {
				return nil, err
			}
			out = append(out, s)
		}
	}
	return out, nil
}
