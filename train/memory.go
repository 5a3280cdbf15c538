package train

import (
	"fmt"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"strings"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
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

// held returns how much memory the process has of the system now.
func held() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64() - s[2].Value.Uint64())
}

// fitMemory chooses the least recomputation with which a step fits r.MemoryLimit, and lays out the tape's memory for it. Every
// length in a step is linear in its batch: two small batches of the first batch's shape are measured at each level.
func (r *Run) fitMemory(tape *autograd.Tape, first *data.Batch) error {
	picture := first.X.Len() / first.X.Dim(0)
	measure := func(level autograd.Recompute, n int) *autograd.StepMemory {
		b := &data.Batch{X: tensor.New(append([]int{n}, first.X.Shape[1:]...)...), Labels: make([]int32, n), Index: make([]int, n)}
		for i := range n { // labels and pictures in the data's range
			k := i % len(first.Index)
			b.Labels[i], b.Index[i] = first.Labels[k], first.Index[k]
			copy(b.X.Data[i*picture:][:picture], first.X.Data[k*picture:])
		}
		return autograd.MeasureStep(level, func(t *autograd.Tape) *autograd.Var {
			loss, _, _ := r.Objective.Loss(t, b, tensor.NewRNG(1))
			return loss
		})
	}
	batch := r.Config.BatchSize
	state := int64(layers.Size(r.Net)) * 4 // of the optimiser
	if o := strings.ToLower(r.Config.Optimizer); strings.HasPrefix(o, "adam") || o == "lamb" {
		state *= 2
	}
	beside := r.Reserved + state + int64((r.Loader.Ahead()+1)*batch*picture)*4
	best := &MemoryError{Limit: r.MemoryLimit, Need: math.MaxInt64}
	for _, level := range []autograd.Recompute{autograd.RecomputeNothing, autograd.RecomputeNorms, autograd.RecomputeBlocks} {
		const few, more = 2, 4
		small, large := measure(level, few), measure(level, more)
		step, ok := small.At(few, large, more, batch)
		if !ok { // not the same at every batch size: the peak is as good as linear
			step = &autograd.StepMemory{Peak: small.Peak + (large.Peak-small.Peak)/(more-few)*(batch-few)}
		}
		debug.FreeOSMemory()
		need := held() + beside + int64(step.Peak)
		need += need / 20 // garbage, and what kernels need for larger tensors
		if need <= r.MemoryLimit {
			if ok {
				tape.Expect(step)
			}
			tape.Recompute = level
			r.info.Recompute = level.String()
			r.Warn(fmt.Sprintf("memory limit %s: about %s are needed; computed twice: %s", Bytes(r.MemoryLimit), Bytes(need), level))
			return nil
		}
		if need < best.Need {
			best.Need = need
			each := max(int64(large.Peak-small.Peak)/(more-few)+int64((r.Loader.Ahead()+1)*picture)*4, 1)
			best.BatchSize = max(0, batch-int((need-r.MemoryLimit+each-1)/each))
		}
	}
	if best.BatchSize < 2 {
		best.BatchSize = 0
	}
	return best
}
