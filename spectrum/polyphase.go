package spectrum

import (
	"math"
	"sync"

	"github.com/tessera-go/tessera/internal/parallel"
)

// stage is one change of rate by up/down: for each of the places that an output can have between two inputs a filter of its own.
//
// Outputs in a period of up (or a multiple of it) that follows another are made by the same filters from inputs that lie a fixed
// distance on. So the filters of sixteen neighbouring outputs are the columns of a matrix, the inputs of all periods the
// overlapping rows of another, and resampling is a product of matrices, which filters.multiply does.
type stage struct {
	up, down  int
	cut, beta float64 // the filter's middle, in cycles an input, and its window
	half      float64 // inputs on each side of an output that it reaches
	period    int     // outputs, a multiple of up
	stride    int     // inputs that belong to them
	work      float64 // products for each of the resampler's inputs
	groups    []filters
	scratch   sync.Pool // *[]float32
}

// newStage plans a change by up/down, passing what lies below pass, stopping what lies above stop, in cycles an input, by so many
// dB. rate is that of its input, of the resampler's input as the unit.
func newStage(up, down int, pass, stop, rate, attenuation float64) *stage {
	d := divisor(up, down)
	up, down = up/d, down/d
	times := 1
	for !fits(up * times) {
		times++
	}
	s := &stage{up: up, down: down, cut: (pass + stop) / 2, beta: kaiserBeta(attenuation), period: up * times, stride: down * times}
	s.half = (attenuation - 7.95) / (2.285 * 2 * math.Pi * (stop - pass)) / 2 // Kaiser's rule for the length
	taps := 2*s.half + 1 + float64((group-1)*down)/float64(up)
	outputs := rate * float64(up) / float64(down) * float64((s.period+group-1)/group*group) / float64(s.period)
	s.work = taps * outputs
	s.scratch.New = func() any { return new([]float32) }
	return s
}

// fits tells whether periods of n outputs fill groups but for a twentieth, and the last one more than half: a narrower panel is
// packed in another way.
func fits(n int) bool {
	rest := n % group
	return rest == 0 || rest > group/2 && 20*(group-rest) <= n
}

// windowSteps is how finely Kaiser's window is tabulated: linear between, it is off by 2e-8 at most, less than float32 rounds.
const windowSteps = 1 << 13

// design makes the filters.
func (s *stage) design() {
	reach := int(math.Ceil(s.half))
	window := make([]float64, windowSteps+1)
	for i := range window {
		u := float64(i) / windowSteps
		window[i] = bessel0(s.beta * math.Sqrt(1-u*u))
	}
	for p := 0; p < s.period; p += group {
		f := filters{columns: min(group, s.period-p)}
		f.first = p*s.down/s.up - reach + 1
		f.k = (p+f.columns-1)*s.down/s.up + reach - f.first + 1
		f.w = make([]float32, f.k*group)
		for c := range f.columns {
			s.filter(f, window, p+c, c)
		}
		s.groups = append(s.groups, f)
	}
}

// filter makes the filter of output p of a period, a group's column c: a sinc under the window, scaled so that a constant stays what it is.
func (s *stage) filter(f filters, window []float64, p, c int) {
	taps, sum := make([]float64, f.k), 0.0
	for i := range taps {
		t := float64((f.first+i)*s.up-p*s.down) / float64(s.up)
		if u := math.Abs(t) / s.half * windowSteps; u < windowSteps {
			k := int(u)
			taps[i] = sinc(2*s.cut*t) * (window[k] + (u-float64(k))*(window[k+1]-window[k]))
		}
		sum += taps[i]
	}
	for i, v := range taps {
		f.w[i*group+c] = float32(v / sum)
	}
}

// place returns the period and the group of output i, which may be below 0.
func (s *stage) place(i int) (period, g int) {
	period = i / s.period
	if i < period*s.period {
		period--
	}
	return period, (i - period*s.period) / group
}

// support returns the inputs that the outputs from lo to before hi are made of.
func (s *stage) support(lo, hi int) (first, end int) {
	period, g := s.place(lo)
	first = period*s.stride + s.groups[g].first
	period, g = s.place(hi - 1)
	return first, period*s.stride + s.groups[g].first + s.groups[g].k
}

// outputsAtOnce is how many outputs, about, a worker makes at once.
const outputsAtOnce = 4096

// outputs sets dst to the outputs from lo on; x holds the inputs from at on, all others are 0.
func (s *stage) outputs(dst []float32, lo int, x []float32, at int) {
	from, _ := s.place(lo)
	to, _ := s.place(lo + len(dst) - 1)
	parallel.Chunks(to+1-from, max(1, outputsAtOnce/s.period), func(a, b int) { s.periods(dst, lo, x, at, from+a, from+b) })
}

// periods makes what dst has of some periods of outputs.
func (s *stage) periods(dst []float32, lo int, x []float32, at, from, to int) {
	last := s.groups[len(s.groups)-1]
	inFirst, inEnd := from*s.stride+s.groups[0].first, (to-1)*s.stride+last.first+last.k
	outFirst, outEnd := from*s.period, to*s.period
	if inFirst >= at && inEnd <= at+len(x) && outFirst >= lo && outEnd <= lo+len(dst) {
		s.product(dst[outFirst-lo:outEnd-lo], x[inFirst-at:inEnd-at], to-from)
		return
	}
	// at an end: zeros beyond the recording, and a place for outputs that nobody wants
	p := s.scratch.Get().(*[]float32)
	n := inEnd - inFirst
	if len(*p) < n+outEnd-outFirst {
		*p = make([]float32, n+outEnd-outFirst)
	}
	in, out := (*p)[:n], (*p)[n:n+outEnd-outFirst]
	clear(in)
	if a, b := max(inFirst, at), min(inEnd, at+len(x)); a < b {
		copy(in[a-inFirst:], x[a-at:b-at])
	}
	s.product(out, in, to-from)
	a, b := max(outFirst, lo), min(outEnd, lo+len(dst))
	copy(dst[a-lo:b-lo], out[a-outFirst:])
	s.scratch.Put(p)
}

// product makes rows whole periods; x begins where the first group's inputs do.
func (s *stage) product(dst, x []float32, rows int) {
	for g := range s.groups {
		f := &s.groups[g]
		f.multiply(dst[g*group:], s.period, x[f.first-s.groups[0].first:], s.stride, rows)
	}
}
