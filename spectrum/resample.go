package spectrum

import (
	"fmt"
	"math"
	"sync"
)

// ResampleOptions say how good a resampler's filter is; docs/spectra.md has what comes of it.
type ResampleOptions struct {
	Pass        float64 // where the pass band ends, in parts of the lower rate's half, 0 < Pass < 1; 0 means 0.913. The stop band begins at 1
	Attenuation float64 // of the stop band in dB, 20 to 140; 0 means 120
}

// Resampler changes the rate of a recording by up/down: the recording's band-limited interpolation at new places, under Kaiser's window
// (Crochiere and Rabiner, "Multirate Digital Signal Processing", 1983, chapters 4 and 5). It has no delay: output i stands for the
// time of input i·down/up. It serves several goroutines.
//
// A change by a factor of two or more goes in two stages where that is less work: one by a whole number, with a short filter that
// need not be steep, at the higher rate, and the steep one between that rate and the lower.
type Resampler struct {
	up, down int
	exact    bool
	stages   []*stage // none, one or two
	scratch  sync.Pool
}

const (
	// MostTerm is the largest number of a resampler's fraction: filters are kept for each of up places.
	MostTerm = 4096

	maxRate   = 1 << 30
	maxFactor = 256 // between two rates; filters are as long as the factor

	// piece is how many outputs are made before the next are begun, so that what lies between two stages stays in the cache.
	piece = 1 << 16
)

// NewResampler plans the way from one rate to another, in Hz. The fraction to/from is exact where its terms, reduced, are at most
// MostTerm, as for all usual rates (44100 to 16000 is 160/441); else it is the nearest with such terms, off by less than 1e-6 as a
// rule, but by up to 1/(2·MostTerm) next to a small fraction (15999 to 16000 becomes 1/1).
func NewResampler(from, to int, o ResampleOptions) (*Resampler, error) {
	if from < 1 || to < 1 || from > maxRate || to > maxRate {
		return nil, fmt.Errorf("spectrum: resampling from %d to %d Hz, want rates of 1 to %d", from, to, maxRate)
	}
	if from/maxFactor > to || to/maxFactor > from {
		return nil, fmt.Errorf("spectrum: resampling from %d to %d Hz, want rates within a factor of %d", from, to, maxFactor)
	}
	up, down := Fraction(float64(to)/float64(from), MostTerm)
	r, err := NewFractionResampler(up, down, o)
	if err == nil {
		r.exact = int64(up)*int64(from) == int64(down)*int64(to)
	}
	return r, err
}

// NewFractionResampler plans a change of rate by up/down, both 1 to MostTerm.
func NewFractionResampler(up, down int, o ResampleOptions) (*Resampler, error) {
	if o.Pass == 0 {
		o.Pass = 0.913
	}
	if o.Attenuation == 0 {
		o.Attenuation = 120
	}
	switch {
	case up < 1 || down < 1 || up > MostTerm || down > MostTerm:
		return nil, fmt.Errorf("spectrum: a change of rate by %d/%d, want terms of 1 to %d", up, down, MostTerm)
	case up/maxFactor > down || down/maxFactor > up:
		return nil, fmt.Errorf("spectrum: a change of rate by %d/%d, want a factor of at most %d", up, down, maxFactor)
	case !(o.Pass > 0 && o.Pass <= 0.99):
		return nil, fmt.Errorf("spectrum: a pass band up to %g of half the rate, want 0 to 0.99", o.Pass)
	case !(o.Attenuation >= 20 && o.Attenuation <= 140):
		return nil, fmt.Errorf("spectrum: a stop band of %g dB, want 20 to 140", o.Attenuation)
	}
	d := divisor(up, down)
	r := &Resampler{up: up / d, down: down / d, exact: true}
	r.stages = plan(r.up, r.down, o)
	r.scratch.New = func() any { return new([]float32) }
	return r, nil
}

// plan returns the stages that take the least work; none where the rate stays.
func plan(up, down int, o ResampleOptions) []*stage {
	if up == down {
		return nil
	}
	ratio := float64(up) / float64(down)
	lower := min(1, ratio) / 2 // half of the lower rate, in cycles an input
	best := []*stage{newStage(up, down, o.Pass*lower, lower, 1, o.Attenuation)}
	try := func(stages ...*stage) {
		work := func(s []*stage) (sum float64) {
			for _, t := range s {
				sum += t.work
			}
			return sum
		}
		if work(stages) < work(best) {
			best = stages
		}
	}
	for d := 2; d <= 16; d++ {
		mid := float64(d)
		if down >= 2*up && down > d*up && up*d/divisor(up*d, down) <= MostTerm { // first down by d; frequencies that come to lie above lower go later
			try(newStage(1, d, o.Pass*lower, 1/mid-lower, 1, o.Attenuation),
				newStage(up*d, down, o.Pass*lower*mid, lower*mid, 1/mid, o.Attenuation))
		}
		if up >= 2*down && up > d*down && down*d/divisor(up, down*d) <= MostTerm { // first up by d
			try(newStage(d, 1, o.Pass/2, 0.5, 1, o.Attenuation), newStage(up, down*d, o.Pass/2/mid, 1-0.5/mid, mid, o.Attenuation))
		}
	}
	for _, t := range best {
		t.design()
	}
	return best
}

// sinc returns sin(πx)/(πx).
func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiserBeta returns the window's shape for a stop band of a dB (Kaiser 1974).
func kaiserBeta(a float64) float64 {
	switch {
	case a > 50:
		return 0.1102 * (a - 8.7)
	case a > 21:
		return 0.5842*math.Pow(a-21, 0.4) + 0.07886*(a-21)
	}
	return 0
}

// bessel0 returns the modified Bessel function I₀, by its series.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-17; k++ {
		term *= x / (2 * k) * (x / (2 * k))
		sum += term
	}
	return sum
}

func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Fraction returns the fraction nearest to x > 0 with terms of at most most, reduced; of equally near ones the simpler.
func Fraction(x float64, most int) (up, down int) {
	if !(x > 0) || math.IsInf(x, 1) || most < 1 {
		fail("Fraction", "%g with terms of at most %d, want both above 0", x, most)
	}
	best := math.Inf(1)
	try := func(p, q int) {
		if p < 1 || q < 1 || p > most || q > most {
			return
		}
		if d := math.Abs(float64(p)/float64(q) - x); d < best {
			best, up, down = d, p, q
		}
	}
	try(1, most)
	try(most, 1)
	// walk down the tree of Stern and Brocot between p0/q0 < x < p1/q1, many steps of one side at once
	p0, q0, p1, q1 := 0, 1, 1, 0
	for {
		try(p0+p1, q0+q1)
		if p0+p1 > most || q0+q1 > most || best == 0 {
			return up, down
		}
		if float64(p0+p1) <= x*float64(q0+q1) {
			k := steps(float64(p1)-x*float64(q1), x*float64(q0)-float64(p0), most, p0, p1, q0, q1)
			p0, q0 = p0+k*p1, q0+k*q1
			try(p0, q0)
		} else {
			k := steps(x*float64(q0)-float64(p0), float64(p1)-x*float64(q1), most, p1, p0, q1, q0)
			p1, q1 = p1+k*p0, q1+k*q0
			try(p1, q1)
		}
	}
}

// steps returns how often the other side's terms can be added: at least once, not past x, nor above most.
func steps(gain, gap float64, most, p, dp, q, dq int) int {
	k := 1
	if gain > 0 {
		k = max(1, int(min(gap/gain, float64(most))))
	}
	if dp > 0 {
		k = min(k, max(1, (most-p)/dp))
	}
	if dq > 0 {
		k = min(k, max(1, (most-q)/dq))
	}
	return k
}

// Ratio returns the change of rate up/down, reduced, and whether it is exactly what was asked for.
func (r *Resampler) Ratio() (up, down int, exact bool) { return r.up, r.down, r.exact }

// Len returns how many outputs n inputs give: those whose time lies within the recording, n·up/down rounded up.
func (r *Resampler) Len(n int) int { return (n*r.up + r.down - 1) / r.down }

// Support returns which inputs, from first to before end, the outputs from lo to before hi are made of: first may be below 0, end
// behind the recording, where zeros stand. It is a few more than the filters reach, as outputs are made sixteen at once.
func (r *Resampler) Support(lo, hi int) (first, end int) {
	if hi <= lo {
		return 0, 0
	}
	for i := len(r.stages) - 1; i >= 0; i-- {
		lo, hi = r.stages[i].support(lo, hi)
	}
	return lo, hi
}

// Resample sets dst, Len(len(x)) numbers, to x at the new rate.
func (r *Resampler) Resample(dst, x []float32) {
	wantLen("Resampler.Resample", "the result", len(dst), r.Len(len(x)))
	r.Window(dst, 0, x, 0, len(x))
}

// Window sets dst to the outputs from lo on of a recording of n inputs, of which x holds those from at on: to the bit what Resample
// gives there. It panics unless x holds all of Support that lie in the recording.
func (r *Resampler) Window(dst []float32, lo int, x []float32, at, n int) {
	const op = "Resampler.Window"
	hi := lo + len(dst)
	if lo < 0 || hi > r.Len(n) {
		fail(op, "outputs %d to %d of a recording that gives %d", lo, hi, r.Len(n))
	}
	if lo == hi {
		return
	}
	first, end := r.Support(lo, hi)
	first, end = max(first, 0), min(end, n)
	if at < 0 || at+len(x) > n || first < end && (at > first || at+len(x) < end) {
		fail(op, "outputs %d to %d need inputs %d to %d of %d, given are %d to %d", lo, hi, first, end, n, at, at+len(x))
	}
	switch len(r.stages) {
	case 0:
		copy(dst, x[lo-at:])
		return
	case 1:
		r.stages[0].outputs(dst, lo, x, at)
		return
	}
	p := r.scratch.Get().(*[]float32)
	for len(dst) > 0 {
		k := min(len(dst), piece)
		from, to := r.stages[1].support(lo, lo+k)
		if len(*p) < to-from {
			*p = make([]float32, to-from)
		}
		mid := (*p)[:to-from]
		r.stages[0].outputs(mid, from, x, at)
		r.stages[1].outputs(dst[:k], lo, mid, from)
		dst, lo = dst[k:], lo+k
	}
	r.scratch.Put(p)
}
