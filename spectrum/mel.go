package spectrum

import (
	"fmt"
	"math"
	"sync"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// MelOptions are the ways to lay bands over frequencies. The zero value's are librosa's; torchaudio's are HTK and Unscaled.
type MelOptions struct {
	Low, High float64 // Hz; High 0 means half the rate
	HTK       bool    // mel = 2595·log10(1 + f/700), else Slaney's: linear to 1000 Hz, logarithmic above
	Unscaled  bool    // triangles of height 1, else of area 1 (Slaney's norm: 2 divided by the band's width in Hz)
}

// Mel sums frequencies in triangular bands, evenly spaced in mel, each of which reaches from its lower neighbour's centre to its
// upper one's (Davis and Mermelstein 1980; Slaney, "Auditory Toolbox", 1998). It serves several goroutines. A frequency that is NaN or
// infinite spoils bands of its frame beyond those that it lies in.
type Mel struct {
	bins    int
	bands   []band
	groups  []filters // of sixteen bands each, the last filled with bands of no weight
	scratch sync.Pool // *bandRows
}

// bandRows is what one worker needs: powers [framesAtOnce F] and bands [framesAtOnce, groups of sixteen].
type bandRows struct{ power, bands []float32 }

// band is one triangle: the weights of the bins from first on.
type band struct {
	first  int
	weight []float32
	centre float64
}

// NewMel lays bands over the frequencies of a transform of n samples at a rate in Hz. The error says what does not fit; a band
// so narrow that no frequency falls into it would be silent for ever, and is an error too.
func NewMel(bands, n int, rate float64, o MelOptions) (*Mel, error) {
	if o.High == 0 {
		o.High = rate / 2
	}
	switch {
	case bands < 1 || n < 1 || !(rate > 0) || math.IsInf(rate, 1):
		return nil, fmt.Errorf("spectrum: %d mel bands of a transform of %d samples at %g Hz, want each above 0", bands, n, rate)
	case !(o.Low >= 0 && o.Low < o.High && o.High <= rate/2):
		return nil, fmt.Errorf("spectrum: mel bands from %g to %g Hz at a rate of %g, want 0 <= low < high <= %g", o.Low, o.High, rate, rate/2)
	}
	lo, hi := o.mel(o.Low), o.mel(o.High)
	edge := make([]float64, bands+2)
	for i := range edge {
		edge[i] = o.hertz(lo + (hi-lo)*float64(i)/float64(bands+1))
	}
	m := &Mel{bins: n/2 + 1, bands: make([]band, bands)}
	for b := range m.bands {
		left, centre, right := edge[b], edge[b+1], edge[b+2]
		height := 1.0
		if !o.Unscaled {
			height = 2 / (right - left)
		}
		tri := band{centre: centre}
		for k := range m.bins {
			f := float64(k) * rate / float64(n)
			w := min((f-left)/(centre-left), (right-f)/(right-centre))
			if w <= 0 {
				continue
			}
			if tri.weight == nil {
				tri.first = k
			}
			tri.weight = append(tri.weight, float32(w*height))
		}
		if tri.weight == nil {
			return nil, fmt.Errorf("spectrum: mel band %d of %d, %.1f to %.1f Hz, holds none of the frequencies of a transform of %d samples at %g Hz, "+
				"want fewer bands, a longer transform or a higher lowest frequency", b+1, bands, left, right, n, rate)
		}
		m.bands[b] = tri
	}
	m.arrange()
	return m, nil
}

// arrange lays the weights of sixteen bands side by side.
func (m *Mel) arrange() {
	for b := 0; b < len(m.bands); b += group {
		bands := m.bands[b:min(b+group, len(m.bands))]
		f := filters{first: bands[0].first, columns: group}
		for _, tri := range bands {
			f.k = max(f.k, tri.first+len(tri.weight)-f.first)
		}
		f.w = make([]float32, f.k*group)
		for c, tri := range bands {
			for i, v := range tri.weight {
				f.w[(tri.first-f.first+i)*group+c] = v
			}
		}
		m.groups = append(m.groups, f)
	}
	m.scratch.New = func() any {
		return &bandRows{make([]float32, framesAtOnce*m.bins), make([]float32, framesAtOnce*group*len(m.groups))}
	}
}

// Slaney's scale: 200/3 Hz a mel up to 1000 Hz, then 27 mel for each factor of 6.4.
const (
	slaneyStep  = 200. / 3
	slaneyKnee  = 1000.
	slaneyBelow = slaneyKnee / slaneyStep
)

var slaneyLog = math.Log(6.4) / 27

// mel returns the mel of f Hz.
func (o MelOptions) mel(f float64) float64 {
	switch {
	case o.HTK:
		return 2595 * math.Log10(1+f/700)
	case f < slaneyKnee:
		return f / slaneyStep
	}
	return slaneyBelow + math.Log(f/slaneyKnee)/slaneyLog
}

// hertz undoes mel.
func (o MelOptions) hertz(m float64) float64 {
	switch {
	case o.HTK:
		return 700 * (math.Pow(10, m/2595) - 1)
	case m < slaneyBelow:
		return m * slaneyStep
	}
	return slaneyKnee * math.Exp(slaneyLog*(m-slaneyBelow))
}

// Bands returns the number of bands.
func (m *Mel) Bands() int { return len(m.bands) }

// Centre returns the frequency in Hz of the middle of band b.
func (m *Mel) Centre(b int) float64 { return m.bands[b].centre }

// Matrix returns the weights [F Bands].
func (m *Mel) Matrix() *tensor.Tensor {
	w := tensor.New(m.bins, len(m.bands))
	for b, tri := range m.bands {
		for i, v := range tri.weight {
			w.Data[(tri.first+i)*len(m.bands)+b] = v
		}
	}
	return w
}

// Sum sets dst [T Bands] to the bands of a spectrogram x [T F].
func (m *Mel) Sum(dst, x *tensor.Tensor) {
	const op = "Mel.Sum"
	if len(x.Shape) != 2 || x.Shape[1] != m.bins {
		fail(op, "the spectrogram has shape %v, want [T %d]", x.Shape, m.bins)
	}
	wantShape(op, "the result", dst.Shape, x.Shape[0], len(m.bands))
	parallel.Chunks(x.Shape[0], framesAtOnce, func(lo, hi int) {
		w := m.scratch.Get().(*bandRows)
		m.rows(dst.Data, w.bands, x.Data[lo*m.bins:], lo, hi)
		m.scratch.Put(w)
	})
}

// rows sets dst's rows from lo to before hi to the bands of x's first ones; scratch is for whole groups.
func (m *Mel) rows(dst, scratch, x []float32, lo, hi int) {
	n, apart := len(m.bands), group*len(m.groups)
	for g := range m.groups {
		f := &m.groups[g]
		f.multiply(scratch[g*group:], apart, x[f.first:], m.bins, hi-lo)
	}
	for t := lo; t < hi; t++ {
		copy(dst[t*n:(t+1)*n], scratch[(t-lo)*apart:])
	}
}

// Spectrogram sets dst [T Bands] to the bands of the power spectrogram of x, some frames at a time, so that no whole power spectrogram
// is kept.
func (m *Mel) Spectrogram(dst *tensor.Tensor, s *STFT, x []float32) {
	const op = "Mel.Spectrogram"
	if s.Bins() != m.bins {
		fail(op, "the transform has %d frequencies, the bands are laid over %d", s.Bins(), m.bins)
	}
	s.want(op, dst, x, len(m.bands))
	parallel.Chunks(s.Frames(len(x)), framesAtOnce, func(lo, hi int) {
		w := m.scratch.Get().(*bandRows)
		s.frames(x, lo, hi, func(t int, re, im []float32) { simd.Power(w.power[(t-lo)*m.bins:][:m.bins], re, im) })
		m.rows(dst.Data, w.bands, w.power, lo, hi)
		m.scratch.Put(w)
	})
}
