package train

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/tensor"
)

// means are sums of named values and how many things each was summed over.
type means map[string]*[2]float64

func (m means) add(name string, sum, count float64) {
	v := m[name]
	if v == nil {
		v = new([2]float64)
		m[name] = v
	}
	v[0] += sum
	v[1] += count
}

func (m means) values() map[string]float64 {
	out := map[string]float64{}
	for name, v := range m {
		if v[1] > 0 {
			out[name] = v[0] / v[1]
		}
	}
	return out
}

// Inference returns a tape for inference that computes in a mode.
func Inference(m tensor.Mode) *autograd.Tape {
	t := autograd.NewInference()
	t.Mode = m
	return t
}

// looking is a step that changes nothing: networks run as in inference, and what happens after an update does not happen.
type looking struct {
	tapes      map[string]*autograd.Tape
	mode       tensor.Mode
	rng        *tensor.RNG
	update, of int
	means      means
	weight     float64 // of a loss: how many samples the step has
}

func (s *looking) At() (update, of int) { return s.update, s.of }
func (s *looking) Epoch() int           { return 0 }
func (s *looking) RNG() *tensor.RNG     { return s.rng }

func (s *looking) Minimise(name string, loss func(t *autograd.Tape) *autograd.Var, _ ...string) {
	t := s.tapes[name]
	if t == nil {
		t = Inference(s.mode)
		s.tapes[name] = t
	}
	t.SetRNG(s.rng.Derive(stream.Tape))
	s.means.add(name, float64(loss(t).Scalar())*s.weight, s.weight)
	t.Reset()
}

func (s *looking) Own(name string, update func(rate float32) (sum, count float64)) {
	sum, count := update(0)
	s.means.add(name, sum, count)
}

func (s *looking) Update(...string)                     {}
func (s *looking) After(func())                         {}
func (s *looking) Rows(x *tensor.Tensor) *tensor.Tensor { return x }
func (s *looking) Last() bool                           { return true }
func (s *looking) Metric(name string, sum, count float64) {
	s.means.add(name, sum, count)
}

// Look runs an epoch's steps of a feed without changing anything and returns the mean of every loss and metric. seed is of what the
// steps draw; update and of are what Step.At says.
func Look(feed *Feed, mode tensor.Mode, seed uint64, update, of int) (map[string]float64, error) {
	s := &looking{tapes: map[string]*autograd.Tape{}, mode: mode, update: update, of: of, means: means{}}
	k := 0
	for step := range feed.Epoch(0, 0) {
		s.rng = tensor.NewRNG(seed).Derive(stream.Look, uint64(k))
		s.weight = float64(max(1, min(feed.Samples, feed.Total-k*feed.Samples)))
		step(s)
		k++
	}
	if err := feed.Err(); err != nil {
		return nil, fmt.Errorf("looking at held-out samples: %w", err)
	}
	return s.means.values(), nil
}
