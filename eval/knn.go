package eval

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/tessera-go/tessera/index"
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
	Make: func(v *spec.Values) Protocol {
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

// Neighbour is a training sample near a test sample: its row of the training set, and the cosine.
type Neighbour = index.Hit

// Neighbours returns, for every row of test, the k rows of train of the largest cosine, nearest first; equals by row.
func Neighbours(train, test *tensor.Tensor, k int) [][]Neighbour {
	return index.New(train, index.Cosine).Search(test, k, nil)
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
	said := make([]int, len(c.test))
	for i, near := range Neighbours(train.Pooled, test.Pooled, p.K) {
		if err := ctx.Err(); err != nil {
			return Score{}, err
		}
		votes := make([]float64, c.count)
		for _, n := range near {
			// the largest cosine is 1: taking it off keeps the powers finite at any temperature
			votes[c.train[n.At]] += math.Exp((float64(n.Similarity) - 1) / p.Temperature)
		}
		for j, v := range votes {
			if v > votes[said[i]] {
				said[i] = j
			}
		}
	}
	s := c.score(p.Name(), train.Pooled, train.Truth.Classes(), test, said, began)
	s.Settings = map[string]any{"k": p.K, "temperature": p.Temperature, "similarity": "cosine"}
	return s, nil
}
