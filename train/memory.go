package train

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// A MemoryError says that a step does not fit a run's memory limit, and what would.
type MemoryError struct {
	Limit, Need int64 // bytes
	BatchSize   int   // the largest that fits; 0 if none does
}

func (e *MemoryError) Error() string {
	s := fmt.Sprintf("a step needs about %s even where all that can be is computed twice, and the limit is %s", Bytes(e.Need), Bytes(e.Limit))
	if e.BatchSize > 0 {
		return s + fmt.Sprintf("; a batch size of %d would fit", e.BatchSize)
	}
	return s + "; a smaller trunk or side, or a higher limit, would do"
}

// Bytes writes a number of bytes for a person: 1536 MiB is 1.5 GiB.
func Bytes(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", n>>10)
}

// ParseBytes reads a number of bytes such as 800MiB, 2GB or 1.5G; empty is 0.
func ParseBytes(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	digits := strings.TrimRight(s, "BbIiKkMmGgTt ")
	unit := map[string]float64{"": 1, "b": 1, "k": 1 << 10, "kb": 1e3, "kib": 1 << 10, "m": 1 << 20, "mb": 1e6, "mib": 1 << 20,
		"g": 1 << 30, "gb": 1e9, "gib": 1 << 30, "t": 1 << 40, "tb": 1e12, "tib": 1 << 40}[strings.ToLower(strings.TrimSpace(s[len(digits):]))]
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || unit == 0 || !(n > 0) || n*unit >= 1<<60 {
		return 0, fmt.Errorf("%q: want a size such as 800MiB or 2GiB", s)
	}
	return int64(n * unit), nil
}

// held returns how much memory the process has of the system now.
func held() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64() - s[2].Value.Uint64())
}

// measuring is a step that shows what its losses ask of memory, and changes nothing.
type measuring struct {
	run   *Run
	level autograd.Recompute
	shown autograd.Shown
	asked map[string]*autograd.StepMemory
	rng   *tensor.RNG
}

func (s *measuring) At() (update, of int)            { return s.run.step, s.run.steps }
func (s *measuring) Epoch() int                      { return 0 }
func (s *measuring) RNG() *tensor.RNG                { return s.rng }
func (s *measuring) Update(...string)                {}
func (s *measuring) After(func())                    {}
func (s *measuring) Last() bool                      { return true }
func (s *measuring) Metric(string, float64, float64) {}

func (s *measuring) Rows(x *tensor.Tensor) *tensor.Tensor {
	n := s.run.shards()
	return tensor.From(s.run.alikes().Gather(x.Data), append([]int{n * x.Dim(0)}, x.Shape[1:]...)...)
}

// alikes are so many shards that all are the one that is measured: what it asks for is what one among as many does.
type alikes struct {
	of    int
	waits bool // for other ranks, in which time a step does what it puts off: its memory goes another way
}

func (r *Run) alikes() alikes { return alikes{r.shards(), r.group().Size() > 1} }

func (n alikes) Part() (i, of int) { return 0, n.of }
func (n alikes) Leads() bool       { return true }
func (n alikes) Waits() bool       { return n.waits }

func (n alikes) Join(sums []float64, meanwhile func()) {
	if meanwhile != nil {
		meanwhile()
	}
	for i := range sums {
		sums[i] *= float64(n.of)
	}
}

func (n alikes) Gather(x []float32) []float32 { return slices.Repeat(x, n.of) }
func (n alikes) Spread(x []float32) []float32 { return x[:len(x)/n.of] }

// Own is of no tape: what it holds is the learner's, and is there already.
func (s *measuring) Own(string, func(rate float32) (sum, count float64)) {}

func (s *measuring) Minimise(name string, loss func(t *autograd.Tape) *autograd.Var, groups ...string) {
	t := autograd.NewMeasuring(s.level, s.shown)
	t.Mode = s.run.Config.Mode()
	if s.run.shards() > 1 {
		t.Parts = s.run.alikes()
	}
	s.run.train.want(t, "", s.run.train.named(groups))
	t.SetRNG(s.rng.Derive(stream.Tape))
	t.Backward(loss(t))
	s.asked[name] = t.Measured()
}

// measure runs a step of n samples, or a shard's, or one of each kind where losses take turns, at a level, on tapes of their own. Where nets are passed piece by piece a piece has so many rows.
func (r *Run) measure(level autograd.Recompute, n, piece int) (map[string]*autograd.StepMemory, error) {
	s := &measuring{run: r, level: level, shown: autograd.Shown{Samples: n, Batch: r.Config.BatchSize / r.shards(), Piece: piece}, asked: map[string]*autograd.StepMemory{}, rng: tensor.NewRNG(1)}
	feed, err := r.Learner.Feed(r.Data.Inputs, true, data.LoaderOptions{BatchSize: n, Seed: r.Config.Seed, Workers: 1, MaxBad: 1})
	if err != nil {
		return nil, err
	}
	turns := 0
	for step := range feed.Epoch(0, 0) {
		step(s)
		if turns++; turns >= feed.Turns {
			break
		}
	}
	if err := feed.Err(); err != nil {
		return nil, err
	}
	if turns == 0 {
		return nil, fmt.Errorf("a memory limit is met by measuring steps of up to %d samples, and the data has fewer: leave the limit out", fewSamples+2*samplesApart)
	}
	return s.asked, nil
}

// beside returns how many bytes a run holds beside its parameters and its tapes: the optimisers' state, the sums of accumulated batches,
// and what is reserved.
func (r *Run) beside() int64 {
	params := int64(layers.Size(r.Learner)) * 4
	n := params
	if o := strings.ToLower(r.Config.Optimizer); strings.HasPrefix(o, "adam") || strings.HasPrefix(o, "lamb") {
		n += params
	}
	if r.accumulate() > 1 {
		n += params * int64(max(r.share().Count, 1))
	}
	return n + r.Reserved
}

// sized is what the losses of small steps ask of memory, as a step of another size does.
type sized struct {
	expect map[string]*autograd.StepMemory // by loss, where every batch asks for the same but for lengths
	peak   int64                           // of all losses
	each   int64                           // bytes that a sample adds, in the mean of those beyond the first few
}

// Samples of the steps that are measured: few, and twice so many more.
const (
	fewSamples   = 2
	samplesApart = 2
)

// forBatch returns what a step of batch samples asks for, from three small ones, and, where there are pieces, from the first one with larger ones.
func forBatch(small [3]map[string]*autograd.StepMemory, larger map[string]*autograd.StepMemory, batch int) sized {
	s := sized{expect: map[string]*autograd.StepMemory{}}
	for name, a := range small[0] {
		b, c := small[1][name], small[2][name]
		if b == nil || c == nil {
			continue
		}
		at, ok := autograd.MemoryAt(batch, fewSamples, samplesApart, [3]*autograd.StepMemory{a, b, c}, larger[name])
		each := (c.Peak - b.Peak) / samplesApart
		if ok {
			if at.Piece == 0 {
				s.expect[name] = at
			}
			if batch > fewSamples { // of a few samples in pieces as large as the batch's; above what a quadratic's samples add further down
				if first, _ := autograd.MemoryAt(fewSamples, fewSamples, samplesApart, [3]*autograd.StepMemory{a, b, c}, larger[name]); first != nil {
					each = (at.Peak - first.Peak) / (batch - fewSamples)
				}
			}
		} else { // not the same at every batch size: the peak is as good as linear
			at = &autograd.StepMemory{Peak: b.Peak + each*(batch-fewSamples-samplesApart)}
		}
		s.peak += int64(at.Peak)
		s.each += int64(each)
	}
	return s
}

// largest returns the batch size that takes need bytes down to limit, of samples that take each; 0 if none of at least 2 does.
func largest(batch int, need, limit, each int64) int {
	n := batch - int((need-limit+each-1)/each)
	if n < 2 {
		return 0
	}
	return n
}

// fitMemory chooses the least recomputation with which a step fits r.MemoryLimit, and what the tapes' memory will be laid out for.
// Every length in a step is linear in its batch, or quadratic: three small batches are measured at each level.
func (r *Run) fitMemory() error {
	batch, beside, here := r.Config.BatchSize/r.shards(), r.beside(), int64(1)
	if c := r.train.crew; c != nil {
		here = int64(len(c.shards))
	}
	best := &MemoryError{Limit: r.MemoryLimit, Need: math.MaxInt64}
	for _, level := range []autograd.Recompute{autograd.RecomputeNothing, autograd.RecomputeNorms, autograd.RecomputeBlocks} {
		if level < r.Recompute {
			continue
		}
		var small [3]map[string]*autograd.StepMemory
		for k := range small {
			var err error
			if small[k], err = r.measure(level, fewSamples+k*samplesApart, fewSamples); err != nil {
				return err
			}
		}
		var larger map[string]*autograd.StepMemory
		for _, m := range small[0] {
			if m.Piece > 0 && larger == nil {
				var err error
				if larger, err = r.measure(level, fewSamples, fewSamples+samplesApart); err != nil {
					return err
				}
			}
		}
		step := forBatch(small, larger, batch)
		views := r.batchBytes() * int64(r.feed.Ahead+1)
		debug.FreeOSMemory()
		need := held() + beside + here*step.peak + views
		need += need / 20 // garbage, and what kernels need for larger tensors
		if need <= r.MemoryLimit {
			r.expect, r.level = step.expect, level
			r.info.Recompute = level.String()
			r.Warn(fmt.Sprintf("memory limit %s: about %s are needed; computed twice: %s", Bytes(r.MemoryLimit), Bytes(need), level))
			return nil
		}
		if need < best.Need {
			best.Need = need
			best.BatchSize = r.shards() * largest(batch, need, r.MemoryLimit, max(here*step.each+views/int64(batch), 1))
		}
	}
	return best
}

// batchBytes returns how large a batch of views is.
func (r *Run) batchBytes() int64 { return int64(r.Config.BatchSize/r.shards()) * r.feed.Bytes() }

// allocated returns how many bytes f takes from the heap, where nobody else takes any.
func allocated(f func()) int64 {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	before := s.TotalAlloc
	f()
	runtime.ReadMemStats(&s)
	return int64(s.TotalAlloc - before)
}
