package data

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
	"gonum.org/v1/gonum/stat/distuv"
)

// Mix is how neighbouring samples of a batch are mixed in pairs, and their labels with them, as timm mixes the first with the last (its Mixup, mode batch): mixup adds
// two pictures up (Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018), CutMix lays a part of one over the other (Yun et al., ICCV 2019). Both are α of the
// Beta(α, α) that parts are drawn from, 0 for none, at most MostMix; with both a batch is mixed either way, half of the time each.
type Mix struct{ Mixup, CutMix float64 }

// MostMix is the largest α: nearly always halves.
const MostMix = 100

// On tells whether anything is mixed.
func (m Mix) On() bool { return m.Mixup > 0 || m.CutMix > 0 }

// Check says what cannot be.
func (m Mix) Check() error {
	if !(m.Mixup >= 0 && m.Mixup <= MostMix && m.CutMix >= 0 && m.CutMix <= MostMix) {
		return fmt.Errorf("mixup of %g and CutMix of %g: want 0 for none, or at most %d each", m.Mixup, m.CutMix, MostMix)
	}
	return nil
}

// Batch mixes row 2i of x [N ... H W C] with row 2i+1, in place, all rows alike, and returns which part of a mixed row is its own; of its label too: the loss is
// own·loss(own label) + (1-own)·loss(the other's). Without anything to be mixed it is 1. A last row without a neighbour stays. Parts of a batch of an even number of rows
// each, mixed by themselves with the same draw, are mixed as the whole is.
func (m Mix) Batch(x *tensor.Tensor, rng *tensor.RNG) (own float64) {
	if !m.On() {
		return 1
	}
	cut, alpha := m.CutMix > 0, m.CutMix
	if m.Mixup > 0 && (!cut || rng.Bool(0.5)) {
		cut, alpha = false, m.Mixup
	}
	own = distuv.Beta{Alpha: alpha, Beta: alpha, Src: rand.Source(rng)}.Rand()
	if math.IsNaN(own) { // of an α next to 0 both of its gammas were 0
		own = 1
	}
	if !cut {
		mixUp(x, own)
		return own
	}
	h, w := x.Dim(-3), x.Dim(-2)
	return cutMix(x, own, rng.IntN(h), rng.IntN(w))
}

// Partners returns labels of the rows that rows are mixed with.
func Partners[T any](labels []T) []T {
	out := slices.Clone(labels)
	for i := 1; i < len(out); i += 2 {
		out[i-1], out[i] = out[i], out[i-1]
	}
	return out
}

// mixUp makes rows sums, of which such a part is their own.
func mixUp(x *tensor.Tensor, own float64) {
	n := x.Dim(0)
	size := x.Len() / n
	mine, other := float32(own), float32(1-own)
	parallel.For(n/2, func(i int) {
		a, b := x.Data[2*i*size:(2*i+1)*size], x.Data[(2*i+1)*size:(2*i+2)*size]
		for k, v := range a {
			a[k] = float32(mine*v) + float32(other*b[k])
			b[k] = float32(mine*b[k]) + float32(other*v)
		}
	})
}

// cutMix lays the same box of rows over each other, around row cy and column cx, cut at the edges, of what would be 1-own of the area, and returns which part of a
// row is its own then.
func cutMix(x *tensor.Tensor, own float64, cy, cx int) float64 {
	n, h, w, c := x.Dim(0), x.Dim(-3), x.Dim(-2), x.Dim(-1)
	side := math.Sqrt(1 - own)
	tall, wide := int(float64(h)*side), int(float64(w)*side)
	top, bottom, left, right := max(cy-tall/2, 0), min(cy+(tall+1)/2, h), max(cx-wide/2, 0), min(cx+(wide+1)/2, w)
	size := x.Len() / n
	frames := size / (h * w * c)
	parallel.For(n/2, func(i int) {
		a, b := x.Data[2*i*size:(2*i+1)*size], x.Data[(2*i+1)*size:(2*i+2)*size]
		for f := range frames {
			for y := top; y < bottom; y++ {
				lo, hi := ((f*h+y)*w+left)*c, ((f*h+y)*w+right)*c
				for k := lo; k < hi; k++ {
					a[k], b[k] = b[k], a[k]
				}
			}
		}
	})
	return 1 - float64((bottom-top)*(right-left))/float64(h*w)
}
