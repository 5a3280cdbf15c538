package spectrum

import (
	"fmt"
	"math"

	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// MaskOptions say how SpecAugment masks a spectrogram. LibriSpeech's policy LD is FrequencyMasks 2, FrequencyWidth 27, TimeMasks 2,
// TimeWidth 100 of 80 mel bands (Park et al., table 1).
type MaskOptions struct {
	FrequencyMasks, FrequencyWidth int     // masks, and the most frequencies of one, the paper's F
	TimeMasks, TimeWidth           int     // masks, and the most frames of one, the paper's T
	Most                           float32 // the largest part of all frames that one mask may cover, the paper's p; 0 means 1
	Value                          float32 // what masked places become: 0 is the mean of normalised spectrograms
}

// SpecAugment masks whole frequencies and whole frames of x [T F] in place (Park et al., "SpecAugment", Interspeech 2019, section 2;
// without its time warp). Each mask's width is drawn from 0 to the most there may be, both included, then its place.
func SpecAugment(x *tensor.Tensor, o MaskOptions, rng *tensor.RNG) {
	const op = "SpecAugment"
	if len(x.Shape) != 2 {
		fail(op, "the spectrogram has shape %v, want [T F]", x.Shape)
	}
	if o.FrequencyMasks < 0 || o.FrequencyWidth < 0 || o.TimeMasks < 0 || o.TimeWidth < 0 || !(o.Most >= 0 && o.Most <= 1) {
		fail(op, "options %+v, want none below 0 and Most at most 1", o)
	}
	if o.Most == 0 {
		o.Most = 1
	}
	frames, bins := x.Shape[0], x.Shape[1]
	for range o.FrequencyMasks {
		lo, hi := mask(bins, o.FrequencyWidth, rng)
		for t := range frames {
			set(x.Data[t*bins+lo:t*bins+hi], o.Value)
		}
	}
	for range o.TimeMasks {
		lo, hi := mask(frames, min(o.TimeWidth, int(float64(o.Most)*float64(frames))), rng)
		set(x.Data[lo*bins:hi*bins], o.Value)
	}
}

// mask draws a part of n places, at most most of them.
func mask(n, most int, rng *tensor.RNG) (lo, hi int) {
	width := rng.IntN(min(n, most) + 1)
	lo = rng.IntN(n - width + 1)
	return lo, lo + width
}

func set(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

// Gain makes x louder by a number of dB drawn between lo and hi, which it returns. L3-Net's change of volume by up to a tenth is about
// -0.9 to 0.8 dB.
func Gain(x []float32, lo, hi float32, rng *tensor.RNG) float32 {
	if !(lo <= hi) {
		fail("Gain", "%g to %g dB, want the lower first", lo, hi)
	}
	g := rng.Uniform(lo, hi)
	simd.Scale(x, float32(math.Pow(10, float64(g)/20)), x)
	return g
}

// Noise adds white noise to x so that x is snr dB louder than it. Silence has no noise to it: then nothing is added, and false returned.
func Noise(x []float32, snr float32, rng *tensor.RNG) bool {
	p := power(x)
	if p == 0 {
		return false
	}
	a := float32(math.Sqrt(p) * math.Pow(10, -float64(snr)/20))
	for i := range x {
		x[i] += float32(a * rng.Normal())
	}
	return true
}

// Mix adds another recording, of len(x) samples at least, to x, as loud that x is snr dB louder than it. It returns false and adds nothing
// where one of them is silent.
func Mix(x, other []float32, snr float32) bool {
	if len(other) < len(x) {
		fail("Mix", "the other recording has %d samples, want at least %d", len(other), len(x))
	}
	other = other[:len(x)]
	p, q := power(x), power(other)
	if p == 0 || q == 0 {
		return false
	}
	simd.Axpy(x, float32(math.Sqrt(p/q)*math.Pow(10, -float64(snr)/20)), other)
	return true
}

// power returns the mean square of x.
func power(x []float32) float64 {
	if len(x) == 0 {
		return 0
	}
	return float64(simd.SumSquares(x)) / float64(len(x))
}

// Shift sets dst to x, as long, by samples later, or earlier where by is below 0. What leaves at one end comes in at the other where
// around is set, else zeros do. dst and x must not overlap.
func Shift(dst, x []float32, by int, around bool) {
	wantLen("Shift", "the result", len(dst), len(x))
	n := len(x)
	if n == 0 {
		return
	}
	if !around {
		clear(dst)
		if by >= 0 && by < n {
			copy(dst[by:], x)
		} else if by < 0 && -by < n {
			copy(dst, x[-by:])
		}
		return
	}
	by = (by%n + n) % n
	copy(dst[by:], x[:n-by])
	copy(dst, x[n-by:])
}

// Speeds changes how fast recordings play, and with it their pitch, by resampling (Ko et al., "Audio augmentation for speech
// recognition", Interspeech 2015, with 0.9, 1 and 1.1). It serves several goroutines.
type Speeds struct{ ways []*Resampler }

// speedTerm bounds the fractions of Speeds: the factor is off by less than a thousandth of a semitone.
const speedTerm = 256

// NewSpeeds plans some factors: 2 plays twice as fast, an octave higher. A change of pitch by s semitones is the factor 2^(s/12).
func NewSpeeds(o ResampleOptions, factors ...float64) (*Speeds, error) {
	s := &Speeds{}
	for _, f := range factors {
		if !(f >= 0.1 && f <= 10) {
			return nil, fmt.Errorf("spectrum: a speed of %g, want 0.1 to 10", f)
		}
		up, down := Fraction(1/f, speedTerm)
		r, err := NewFractionResampler(up, down, o)
		if err != nil {
			return nil, err
		}
		s.ways = append(s.ways, r)
	}
	if len(s.ways) == 0 {
		return nil, fmt.Errorf("spectrum: no speeds, want at least one")
	}
	return s, nil
}

// Draw returns what plays recordings at a speed drawn from those there are.
func (s *Speeds) Draw(rng *tensor.RNG) *Resampler { return s.ways[rng.IntN(len(s.ways))] }

// Change returns x at a speed drawn from those there are; a recording at speed f has about len(x)/f samples.
func (s *Speeds) Change(x []float32, rng *tensor.RNG) []float32 {
	r := s.Draw(rng)
	y := make([]float32, r.Len(len(x)))
	r.Resample(y, x)
	return y
}
