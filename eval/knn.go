package eval

import (
	"math"
	"sort"
	"time"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

// KNNOptions of KNN.
type KNNOptions struct {
	K           int     // 0 means 20
	Temperature float64 // 0 means 0.07
}

// Neighbour is a training sample near a test sample.
type Neighbour struct {
	At         int     // row of the training set
	Similarity float32 // cosine
}

// Neighbours returns, for every row of test, the k rows of train of the largest cosine, nearest first; equals by row.
func Neighbours(train, test *tensor.Tensor, k int) [][]Neighbour {
	a, b := unit(train), unit(test)
	n, m := a.Dim(0), b.Dim(0)
	k = min(k, n)
	out := make([][]Neighbour, m)
	const block = 256
	sim := tensor.New(min(block, m), n)
	for lo := 0; lo < m; lo += block {
		hi := min(m, lo+block)
		s := sim.Rows(0, hi-lo)
		tensor.MatMulNT(s, b.Rows(lo, hi), a, false, tensor.Float32)
		parallel.For(hi-lo, func(i int) { out[lo+i] = largest(s.Data[i*n:(i+1)*n], k) })
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

// KNN is weighted nearest-neighbour classification (Wu, Xiong, Yu, Lin 2018, section 3.4): the k nearest by cosine vote for
// their class with weight exp(cosine/temperature). Equal votes go to the smaller class.
func KNN(train, test Set, o KNNOptions) (Score, error) {
	began := time.Now()
	if o.K == 0 {
		o.K = 20
	}
	if o.Temperature == 0 {
		o.Temperature = 0.07
	}
	c, err := classes(train, test)
	if err != nil {
		return Score{}, err
	}
	right := 0
	for i, near := range Neighbours(train.X, test.X, o.K) {
		votes := make([]float64, c)
		for _, n := range near {
			votes[train.Labels[n.At]] += math.Exp(float64(n.Similarity) / o.Temperature)
		}
		best := 0
		for j, v := range votes {
			if v > votes[best] {
				best = j
			}
		}
		if int32(best) == test.Labels[i] {
			right++
		}
	}
	return Score{Protocol: "knn", Accuracy: float64(right) / float64(test.X.Dim(0)), Chance: chance(test.Labels), Train: train.X.Dim(0), Test: test.X.Dim(0),
		Dim: train.X.Dim(1), Settings: map[string]any{"k": min(o.K, train.X.Dim(0)), "temperature": o.Temperature, "similarity": "cosine"},
		Seconds: time.Since(began).Seconds()}, nil
}
