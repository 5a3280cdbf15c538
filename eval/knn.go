package eval

import (
	"context"
	"fmt"
	"math"
	"sort"
	"time"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/tensor"
)

// KNN is weighted nearest-neighbour classification (Wu, Xiong, Yu, Lin 2018, section 3.4): the k nearest training samples by cosine
// of the averaged features vote for their class with weight exp(cosine/temperature). Equal votes go to the smaller class.
type KNN struct {
	K           int     // 0 means 20
	Temperature float64 // 0 means 0.07
}

var knnKind = Kind{
	Name:  "knn",
	About: "weighted nearest neighbours by cosine, of averaged features",
	Options: []spec.Option{
		{Name: "k", Default: "20", About: "neighbours"},
		{Name: "temperature", Default: "0.07", About: "of their votes: the smaller, the more the nearest count"},
	},
	make: func(v *spec.Values) Protocol {
		return KNN{K: v.Int("k", fewestNeighbours, math.MaxInt32), Temperature: v.Float("temperature", coldest, hottest)}
	},
}

// What a KNN's options may be.
const (
	fewestNeighbours = 1
	coldest, hottest = 1e-3, 1e3
)

// Check says which option, k or temperature, cannot be what it is, and why. Zeros are none of the defaults here.
func (p KNN) Check() (option string, err error) {
	switch {
	case p.K < fewestNeighbours:
		return "k", fmt.Errorf("%d: want at least %d", p.K, fewestNeighbours)
	case !(p.Temperature >= coldest && p.Temperature <= hottest):
		return "temperature", fmt.Errorf("%g: want a number between %g and %g", p.Temperature, coldest, hottest)
	}
	return "", nil
}

// Name returns knn.
func (p KNN) Name() string { return "knn" }

// Neighbour is a training sample near a test sample.
type Neighbour struct {
	At         int     // row of the training set
	Similarity float32 // cosine
}

// Neighbours returns, for every row of test, the k rows of train of the largest cosine, nearest first; equals by row.
func Neighbours(train, test *tensor.Tensor, k int) [][]Neighbour { return nearest(train, test, k, nil) }

// nearest is Neighbours without the rows of train that skip says of a row of test; where fewer than k are left, these.
func nearest(train, test *tensor.Tensor, k int, skip func(query, row int) bool) [][]Neighbour {
	a, b := unit(train), unit(test)
	n, m := a.Dim(0), b.Dim(0)
	k = min(k, n)
	out := make([][]Neighbour, m)
	const block = 256
	const never = -2 // below any cosine
	sim := tensor.New(min(block, m), n)
	for lo := 0; lo < m; lo += block {
		hi := min(m, lo+block)
		s := sim.Rows(0, hi-lo)
		tensor.MatMulNT(s, b.Rows(lo, hi), a, false, tensor.Float32)
		parallel.For(hi-lo, func(i int) {
			row := s.Data[i*n : (i+1)*n]
			if skip != nil {
				for j := range row {
					if skip(lo+i, j) {
						row[j] = never
					}
				}
			}
			near := largest(row, k)
			for skip != nil && len(near) > 0 && near[len(near)-1].Similarity == never {
				near = near[:len(near)-1]
			}
			out[lo+i] = near
		})
	}
	return out
}

// largest returns the k largest entries, largest first, equals by index: a heap whose root is the smallest kept.
func largest(row []float32, k int) []Neighbour {
	h := make([]Neighbour, 0, k)
	below := func(a, b Neighbour) bool {
		return a.Similarity < b.Similarity || a.Similarity == b.Similarity && a.At > b.At
	}
	sift := func(i int) {
		for {
			c := 2*i + 1
			if c >= len(h) {
				return
			}
			if c+1 < len(h) && below(h[c+1], h[c]) {
				c++
			}
			if !below(h[c], h[i]) {
				return
			}
			h[i], h[c] = h[c], h[i]
			i = c
		}
	}
	for j, v := range row {
		e := Neighbour{j, v}
		if len(h) < k {
			h = append(h, e)
			if len(h) == k {
				for i := k/2 - 1; i >= 0; i-- {
					sift(i)
				}
			}
		} else if below(h[0], e) {
			h[0] = e
			sift(0)
		}
	}
	sort.Slice(h, func(i, j int) bool { return below(h[j], h[i]) })
	return h
}

// unit returns the rows divided by their lengths.
func unit(x *tensor.Tensor) *tensor.Tensor {
	y := tensor.New(x.Shape...)
	tensor.L2Normalize(y, x, make([]float32, max(1, x.Dim(0))), 1e-12)
	return y
}

// Judge classifies the test samples by their neighbours' votes.
func (p KNN) Judge(ctx context.Context, train, test Sample) (Score, error) {
	began := time.Now()
	if p.K == 0 {
		p.K = 20
	}
	if p.Temperature == 0 {
		p.Temperature = 0.07
	}
	if option, err := p.Check(); err != nil {
		return Score{}, fmt.Errorf("%s=%w", option, err)
	}
	c, err := classify(train, test, train.Pooled, test.Pooled)
	if err != nil {
		return Score{}, err
	}
	right := 0
	for i, near := range Neighbours(train.Pooled, test.Pooled, p.K) {
		if err := ctx.Err(); err != nil {
			return Score{}, err
		}
		votes := make([]float64, c.count)
		for _, n := range near {
			// the largest cosine is 1: taking it off keeps the powers finite at any temperature
			votes[c.train[n.At]] += math.Exp((float64(n.Similarity) - 1) / p.Temperature)
		}
		best := 0
		for j, v := range votes {
			if v > votes[best] {
				best = j
			}
		}
		if int32(best) == c.test[i] {
			right++
		}
	}
	s := c.score(p.Name(), train.Pooled, float64(right)/float64(len(c.test)), began)
	s.Settings = map[string]any{"k": p.K, "temperature": p.Temperature, "similarity": "cosine"}
	return s, nil
}
