package data

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/spectrum"
	"github.com/tessera-go/tessera/tensor"
)

// Hearing is how a network hears a recording: a window of it, resampled, as a logarithmic spectrogram [T F 1], frames of time, then
// frequencies, the lowest first, with one mean and one deviation taken out.
type Hearing struct {
	Linear  bool    // the frequencies of the Fourier transform; else mel bands
	Rate    int     // Hz that recordings are resampled to
	Seconds float64 // of a window
	Bands   int     // mel bands; 0 where Linear
	Length  float64 // of a frame, in milliseconds
	Hop     float64 // from a frame to the next, in milliseconds
	Mean    float32 // of the logarithm of power
	Std     float32 // its deviation; 0: not measured yet
}

// quietest is the power below which nothing is told apart: silence is log(quietest).
const quietest = 1e-5

// HearingNames returns the kinds of spectrogram that ParseHearing knows: power in mel bands (librosa's), or at the frequencies of the transform, as L3-Net and
// AVE-Net see it with linear?rate=48000&window=10&hop=5.
func HearingNames() []string { return []string{"mel", "linear"} }

var hearingOptions = []spec.Option{
	{Name: "rate", Default: "16000", About: "Hz that recordings are resampled to"},
	{Name: "seconds", Default: "1", About: "of a window"},
	{Name: "bands", Default: "64", About: "mel bands"},
	{Name: "window", Default: "25", About: "of a frame, in milliseconds"},
	{Name: "hop", Default: "10", About: "from a frame to the next, in milliseconds"},
	{Name: "mean", Default: "0", About: "of the logarithm; the data's own is measured where std is not given"},
	{Name: "std", Default: "0", About: "its deviation"},
}

// ParseHearing reads a specification such as mel, mel?seconds=2&bands=40 or linear?rate=48000&window=10&hop=5.
func ParseHearing(of string) (Hearing, error) {
	s, err := spec.Parse(of)
	if err != nil {
		return Hearing{}, err
	}
	v := s.Values("sound "+s.Kind, hearingOptions)
	h := Hearing{Linear: s.Kind == "linear", Rate: v.Int("rate", 1000, 384000), Seconds: v.Float("seconds", 0.02, 60), Bands: v.Int("bands", 1, 512),
		Length: v.Float("window", 0.5, 1000), Hop: v.Float("hop", 0.25, 1000), Mean: float32(v.Float("mean", -100, 100)), Std: float32(v.Float("std", 0, 100))}
	switch {
	case s.Kind != "mel" && s.Kind != "linear":
		return Hearing{}, fmt.Errorf("there is no spectrogram %q; there are mel and linear", s.Kind)
	case s.Path != "":
		v.Fail("it takes no path; options stand after '?'")
	case h.Linear && v.Given("bands"):
		v.Fail("option bands: it is of mel")
	}
	if h.Linear {
		h.Bands = 0
	}
	if v.Err() != nil {
		return Hearing{}, v.Err()
	}
	_, err = newEar(h)
	return h, err
}

// String returns the specification that ParseHearing reads.
func (h Hearing) String() string {
	s := spec.Spec{Kind: "mel"}
	if h.Linear {
		s.Kind = "linear"
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	values := map[string]string{"rate": strconv.Itoa(h.Rate), "seconds": number(h.Seconds), "bands": strconv.Itoa(h.Bands), "window": number(h.Length), "hop": number(h.Hop),
		"mean": strconv.FormatFloat(float64(h.Mean), 'g', -1, 32), "std": strconv.FormatFloat(float64(h.Std), 'g', -1, 32)}
	for _, o := range hearingOptions {
		if values[o.Name] != o.Default && !(h.Linear && o.Name == "bands") {
			s = s.With(o.Name, values[o.Name])
		}
	}
	return s.String()
}

// ear is a Hearing's plans.
type ear struct {
	Hearing
	samples int // of a window
	stft    *spectrum.STFT
	mel     *spectrum.Mel // nil where linear

	mu   sync.Mutex
	from map[float64]*spectrum.Resampler // by the recording's rate
}

func newEar(h Hearing) (*ear, error) {
	length, hop := int(math.Round(h.Length*float64(h.Rate)/1000)), int(math.Round(h.Hop*float64(h.Rate)/1000))
	e := &ear{Hearing: h, samples: int(math.Round(h.Seconds * float64(h.Rate))), from: map[float64]*spectrum.Resampler{}}
	switch {
	case length < 2 || hop < 1:
		return nil, fmt.Errorf("sound: frames of %d samples, %d from one to the next, want 2 and 1 at least: longer ones, or a higher rate", length, hop)
	case length > e.samples:
		return nil, fmt.Errorf("sound: a frame of %g ms does not fit into a window of %g s", h.Length, h.Seconds)
	}
	n := 1
	for n < length {
		n *= 2
	}
	e.stft = spectrum.NewSTFT(n, spectrum.STFTOptions{Length: length, Hop: hop, Edges: spectrum.WholeWindows})
	if !h.Linear {
		var err error
		if e.mel, err = spectrum.NewMel(h.Bands, n, float64(h.Rate), spectrum.MelOptions{}); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// shape returns [T F] of a window's spectrogram.
func (e *ear) shape() (t, f int) {
	if e.mel != nil {
		return e.stft.Frames(e.samples), e.mel.Bands()
	}
	return e.stft.Frames(e.samples), e.stft.Bins()
}

// Shape returns what a window looks like, [T F 1].
func (h Hearing) Shape() ([]int, error) {
	e, err := newEar(h)
	if err != nil {
		return nil, err
	}
	t, f := e.shape()
	return []int{t, f, 1}, nil
}

// Hertz returns the frequencies of a spectrogram, [F]: of mel bands their middles.
func (h Hearing) Hertz() ([]float64, error) {
	e, err := newEar(h)
	if err != nil {
		return nil, err
	}
	_, f := e.shape()
	out := make([]float64, f)
	for k := range out {
		if e.mel != nil {
			out[k] = e.mel.Centre(k)
		} else {
			out[k] = float64(k) * float64(h.Rate) / float64(2*(f-1))
		}
	}
	return out, nil
}

// resampler returns the way from a rate in Hz to the ear's own.
func (e *ear) resampler(rate float64) (*spectrum.Resampler, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.from[rate]
	if r == nil {
		up, down := spectrum.Fraction(float64(e.Rate)/rate, spectrum.MostTerm)
		var err error
		if r, err = spectrum.NewFractionResampler(up, down, spectrum.ResampleOptions{}); err != nil {
			return nil, err
		}
		e.from[rate] = r
	}
	return r, nil
}

// Windows are views of recordings: windows that begin at any time, resampled, and their spectrograms. Short recordings are kept resampled up to
// a number of bytes; what does not fit is read again each time, to the same result.
type Windows struct {
	Sounds
	ear  *ear
	left atomic.Int64
	kept []keptSound
}

// keptSound is what is kept of a recording.
type keptSound struct {
	mu sync.Mutex
	x  []float32 // resampled, from the beginning to the end; nil where it is not kept
}

// keptSeconds is how long a recording may be to be kept whole.
const keptSeconds = 30

// NewWindows returns views of recordings, of which short ones are kept up to limit bytes.
func NewWindows(s Sounds, h Hearing, limit int64) (*Windows, error) {
	e, err := newEar(h)
	if err != nil {
		return nil, err
	}
	w := &Windows{Sounds: s, ear: e, kept: make([]keptSound, s.Len())}
	w.left.Store(limit)
	return w, nil
}

// Hearing returns how it hears.
func (w *Windows) Hearing() Hearing { return w.ear.Hearing }

// Shape returns [T F 1] of a window.
func (w *Windows) Shape() []int {
	t, f := w.ear.shape()
	return []int{t, f, 1}
}

// Samples returns how many values a window has at the rate that is heard.
func (w *Windows) Samples() int { return w.ear.samples }

// Seconds returns how long recording i is; an error says that it holds no sound.
func (w *Windows) Seconds(i int) (float64, error) { return SecondsOf(w.Sounds, i) }

// SecondsOf returns how long sample i is; an error says that it holds no sound.
func SecondsOf(s Sounds, i int) (float64, error) {
	n, rate, err := s.Length(i)
	switch {
	case err != nil:
		return 0, err
	case n == 0 || !(rate > 0):
		return 0, fmt.Errorf("%s holds no sound", s.Describe(i))
	}
	return float64(n) / rate, nil
}

// Room returns the latest second at which a window of recording i can begin without reaching over its end; 0 of short ones.
func (w *Windows) Room(i int) (float64, error) {
	s, err := w.Seconds(i)
	return max(0, s-w.ear.Seconds), err
}

// Wave writes the window of recording i that begins at a second, Samples values, to dst; outside of the recording there is silence.
func (w *Windows) Wave(dst []float32, i int, at float64) error {
	from := int(math.Round(at * float64(w.ear.Rate)))
	clear(dst)
	if _, err := w.Seconds(i); err != nil {
		return err
	}
	n, rate, err := w.Length(i)
	if err != nil {
		return err
	}
	r, err := w.ear.resampler(rate)
	if err != nil {
		return err
	}
	lo, hi := max(0, from), min(from+len(dst), r.Len(n))
	if lo >= hi {
		return nil
	}
	k := &w.kept[i]
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.x == nil && float64(n) <= keptSeconds*rate && w.room(int64(4*r.Len(n))) {
		x, err := w.Sound(i, 0, n)
		if err != nil {
			return err
		}
		k.x = make([]float32, r.Len(n))
		r.Resample(k.x, x)
	}
	if k.x != nil {
		copy(dst[lo-from:], k.x[lo:hi])
		return nil
	}
	first, end := r.Support(lo, hi)
	first, end = max(first, 0), min(end, n)
	x, err := w.Sound(i, first, end-first)
	if err != nil {
		return err
	}
	r.Window(dst[lo-from:hi-from], lo, x, first, n)
	return nil
}

// room takes some of the bytes that recordings may be kept in, where there are as many.
func (w *Windows) room(bytes int64) bool {
	if w.left.Add(-bytes) >= 0 {
		return true
	}
	w.left.Add(bytes)
	return false
}

// Spectrogram writes what is heard of a window of Samples values to dst, [T F].
func (w *Windows) Spectrogram(dst []float32, wave []float32) {
	t, f := w.ear.shape()
	x := tensor.From(dst, t, f)
	if w.ear.mel != nil {
		w.ear.mel.Spectrogram(x, w.ear.stft, wave)
	} else {
		w.ear.stft.Power(x, wave)
	}
	spectrum.Log(x, x, quietest)
	std := w.ear.Std
	if std == 0 {
		return
	}
	for k, v := range dst {
		dst[k] = (v - w.ear.Mean) / std
	}
}

// Fill writes what is heard of recording i from a second on to dst, [T F].
func (w *Windows) Fill(dst []float32, i int, at float64) error {
	wave := make([]float32, w.Samples())
	if err := w.Wave(wave, i, at); err != nil {
		return err
	}
	w.Spectrogram(dst, wave)
	return nil
}

// Spread returns the seconds at which k windows of recording i begin, evenly spread from its beginning to its end; one is its middle.
func (w *Windows) Spread(i, k int) ([]float64, error) {
	room, err := w.Room(i)
	if err != nil {
		return nil, err
	}
	out := make([]float64, k)
	for j := range out {
		if k == 1 {
			out[j] = room / 2
		} else {
			out[j] = room * float64(j) / float64(k-1)
		}
	}
	return out, nil
}

// MeasureHearing returns a hearing with the mean and deviation of what is heard in the middles of at most n of the recordings, evenly spread, rounded to
// three decimals. Broken ones are passed over; an error says that none could be heard.
func MeasureHearing(s Sounds, h Hearing, n int) (Hearing, error) {
	h.Mean, h.Std = 0, 0
	if s.Len() == 0 {
		return h, errors.New("there are no sounds to hear")
	}
	w, err := NewWindows(s, h, 0)
	if err != nil {
		return h, err
	}
	n = min(n, s.Len())
	sums, errs := make([][3]float64, n), make([]error, n) // of each recording: so that the order of adding is always the same
	t, f := w.ear.shape()
	parallel.For(n, func(k int) {
		i := k * s.Len() / n
		x := make([]float32, t*f)
		at, err := w.Spread(i, 1)
		if err == nil {
			err = w.Fill(x, i, at[0])
		}
		if errs[k] = err; err != nil {
			return
		}
		for _, v := range x {
			sums[k][0]++
			sums[k][1] += float64(v)
			sums[k][2] += float64(float64(v) * float64(v))
		}
	})
	var sum [3]float64
	var last error
	for k := range n {
		if errs[k] != nil {
			last = errs[k]
		}
		for c := range sum {
			sum[c] += sums[k][c]
		}
	}
	if sum[0] == 0 {
		return h, fmt.Errorf("none of %d sounds could be heard: %w", n, last)
	}
	mean := sum[1] / sum[0]
	round := func(x float64) float32 { return float32(math.Round(x*1e3) / 1e3) }
	h.Mean, h.Std = round(mean), max(round(math.Sqrt(max(sum[2]/sum[0]-float64(mean*mean), 0))), 1e-2)
	return h, nil
}
