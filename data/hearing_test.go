package data

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/spectrum"
	"github.com/tessera-go/tessera/tensor"
)

// takes are recordings of as many values as said, at one rate; one of -1 is broken.
type takes struct {
	rate    float64
	lengths []int
	asked   *[][2]int // what was read of them, from and how many; may be nil
}

var errTake = errors.New("a broken take")

func (s takes) Len() int              { return len(s.lengths) }
func (s takes) Describe(i int) string { return fmt.Sprint("take ", i) }
func (s takes) Length(i int) (int, float64, error) {
	if s.lengths[i] < 0 {
		return 0, 0, errTake
	}
	return s.lengths[i], s.rate, nil
}

func (s takes) Sound(i, from, n int) ([]float32, error) {
	if from < 0 || n < 0 || from+n > s.lengths[i] {
		return nil, fmt.Errorf("take %d: %d values from %d of %d", i, n, from, s.lengths[i])
	}
	if s.asked != nil {
		*s.asked = append(*s.asked, [2]int{from, n})
	}
	x := make([]float32, s.lengths[i])
	golden.Fill(x, s.Describe(i), 0.5)
	return x[from : from+n], nil
}

func hearing(t *testing.T, of string) Hearing {
	t.Helper()
	h, err := ParseHearing(of)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func windows(t *testing.T, s Sounds, of string, limit int64) *Windows {
	t.Helper()
	w, err := NewWindows(s, hearing(t, of), limit)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestParseHearing: what is read is written again, its options by name, without what goes without saying.
func TestParseHearing(t *testing.T) {
	for of, want := range map[string]string{
		"mel":                               "mel",
		"mel?rate=16000&bands=64":           "mel",
		"mel?seconds=2.5&bands=40&hop=20":   "mel?bands=40&hop=20&seconds=2.5",
		"linear":                            "linear",
		"linear?rate=48000&window=10&hop=5": "linear?hop=5&rate=48000&window=10",
		"mel?mean=-3.25&std=1.1":            "mel?mean=-3.25&std=1.1",
		"mel?rate=22050&window=46.4399&hop=11.609977": "mel?hop=11.609977&rate=22050&window=46.4399",
	} {
		h := hearing(t, of)
		if got := h.String(); got != want {
			t.Errorf("%s is written %s, want %s", of, got, want)
		}
		if again := hearing(t, h.String()); again != h {
			t.Errorf("%s is read again as %+v, want %+v", h, again, h)
		}
	}
	want := Hearing{Rate: 8000, Seconds: 0.5, Bands: 32, Length: 32, Hop: 16, Mean: -1.5, Std: 2}
	if h := hearing(t, "mel?rate=8000&seconds=0.5&bands=32&window=32&hop=16&mean=-1.5&std=2"); h != want {
		t.Errorf("read %+v, want %+v", h, want)
	}
	if names := HearingNames(); !slices.Equal(names, []string{"mel", "linear"}) {
		t.Errorf("kinds %v", names)
	}
}

// TestHearingRefusals: each mistake has a sentence of its own.
func TestHearingRefusals(t *testing.T) {
	for of, want := range map[string]string{
		"cepstra":                   `there is no spectrogram "cepstra"; there are mel and linear`,
		"mel:a":                     "it takes no path",
		"linear?bands=40":           "option bands: it is of mel",
		"mel?colour=3":              "colour",
		"mel?rate=999":              "rate",
		"mel?rate=NaN":              "rate",
		"mel?seconds=0":             "seconds",
		"mel?seconds=nan":           "seconds",
		"mel?window=ten":            "window",
		"mel?hop=0":                 "hop",
		"mel?std=-1":                "std",
		"mel?bands=0":               "bands",
		"mel?seconds=0.02":          "a frame of 25 ms does not fit into a window of 0.02 s",
		"mel?rate=1000&window=1":    "frames of 1 samples, 10 from one to the next, want 2 and 1 at least",
		"mel?rate=1000&hop=0.25":    "frames of 25 samples, 0 from one to the next, want 2 and 1 at least",
		"mel?bands=512&window=2":    "512",
		"linear?rate=1000&window=1": "frames of 1 samples",
	} {
		if _, err := ParseHearing(of); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want it to say %q", of, err, want)
		}
	}
	if _, err := (Hearing{}).Shape(); err == nil {
		t.Error("a hearing of nothing has a shape")
	}
	if _, err := NewWindows(takes{16000, []int{9}, nil}, Hearing{}, 0); err == nil {
		t.Error("a hearing of nothing hears")
	}
}

// TestHearingShape: frames lie whole in a window, and a linear spectrogram has the frequencies of the next power of two, as L3-Net's has.
func TestHearingShape(t *testing.T) {
	for of, want := range map[string][3]int{
		"mel":                               {98, 64, 1}, // 1 + (16000 - 400)/160
		"mel?seconds=2&bands=40&hop=20":     {99, 40, 1},
		"linear?rate=48000&window=10&hop=5": {199, 257, 1},
		"linear?rate=8000&window=16&hop=16": {62, 65, 1},
		"mel?seconds=0.025":                 {1, 64, 1},
	} {
		h := hearing(t, of)
		shape, err := h.Shape()
		if err != nil || fmt.Sprint(shape) != fmt.Sprint(want) {
			t.Errorf("%s: %v, %v, want %v", of, shape, err, want)
		}
		w := windows(t, takes{16000, []int{9}, nil}, of, 0)
		if fmt.Sprint(w.Shape()) != fmt.Sprint(want) || w.Hearing() != h || w.Samples() != int(math.Round(h.Seconds*float64(h.Rate))) {
			t.Errorf("%s: windows of %v, %d values", of, w.Shape(), w.Samples())
		}
	}
}

// TestWindows: a window is the same to the bit whether its recording is kept or read again, is that part of the whole recording resampled, and is silent
// outside, for rates that are the ear's own, higher, lower and no whole fraction of it.
func TestWindows(t *testing.T) {
	for _, rate := range []float64{16000, 44100, 8000, 22050, 11025.5, 192000} {
		n := int(rate * 3.3)
		var asked [][2]int
		s := takes{rate, []int{n, int(rate * 31)}, &asked}
		kept, again := windows(t, s, "mel", 1<<30), windows(t, s, "mel", 0)
		up, down := spectrum.Fraction(16000/rate, spectrum.MostTerm)
		r, err := spectrum.NewFractionResampler(up, down, spectrum.ResampleOptions{})
		if err != nil {
			t.Fatal(err)
		}
		whole := make([]float32, r.Len(n))
		x, _ := s.Sound(0, 0, n)
		r.Resample(whole, x)
		a, b := make([]float32, 16000), make([]float32, 16000)
		for _, at := range []float64{0, 0.4321, 1.5, 2.29, 3.2999, -0.5, 2.9, -1, 3.4, -7, 100} {
			for k := range a {
				a[k], b[k] = 9, 9
			}
			if err := errors.Join(kept.Wave(a, 0, at), again.Wave(b, 0, at)); err != nil {
				t.Fatal(err)
			}
			for k := range a {
				want, p := float32(0), int(math.Round(at*16000))+k
				if p >= 0 && p < len(whole) {
					want = whole[p]
				}
				if a[k] != want || b[k] != want {
					t.Fatalf("rate %g, from %g s: value %d is %g kept and %g read again, want %g", rate, at, k, a[k], b[k], want)
				}
			}
		}
		// what is too long to be kept is read in windows, and what fits nowhere too
		for i, w := range []*Windows{again, kept} {
			asked = nil
			if err := errors.Join(w.Wave(a, i, 1), w.Wave(a, i, 1)); err != nil {
				t.Fatal(err)
			}
			if len(asked) != 2 || asked[0] != asked[1] || float64(asked[0][1]) > 1.2*rate {
				t.Errorf("rate %g, recording %d: read %v", rate, i, asked)
			}
		}
		asked = nil
		if err := kept.Wave(a, 0, 2); err != nil || asked != nil {
			t.Errorf("rate %g: a kept recording is read again: %v, %v", rate, asked, err)
		}
	}
}

// TestWindowsLimit: as many recordings are kept as the limit has room for.
func TestWindowsLimit(t *testing.T) {
	var asked [][2]int
	w := windows(t, takes{16000, []int{1000, 1000, 500}, &asked}, "mel", 4*1600)
	x := make([]float32, 16000)
	for range 2 {
		for i := range 3 {
			if err := w.Wave(x, i, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	if fmt.Sprint(asked) != "[[0 1000] [0 1000] [0 500] [0 1000]]" {
		t.Errorf("read %v, want all once, and that which is not kept twice", asked)
	}
}

// TestWindowsSpread: windows are spread from the beginning to the end, one is the middle, and in what is shorter than a window all begin at 0.
func TestWindowsSpread(t *testing.T) {
	w := windows(t, takes{8000, []int{8000 * 5, 4000, 0, -1}, nil}, "mel", 0)
	for _, c := range []struct {
		i, k int
		want string
	}{{0, 1, "[2]"}, {0, 2, "[0 4]"}, {0, 5, "[0 1 2 3 4]"}, {1, 1, "[0]"}, {1, 3, "[0 0 0]"}} {
		if got, err := w.Spread(c.i, c.k); err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("take %d, %d windows: %v, %v, want %s", c.i, c.k, got, err, c.want)
		}
	}
	s, err := w.Seconds(1)
	room, err2 := w.Room(0)
	if err != nil || err2 != nil || s != 0.5 || room != 4 {
		t.Errorf("%g s, %v; room %g s, %v", s, err, room, err2)
	}
	x := make([]float32, 98*64)
	for i, want := range map[int]string{2: "take 2 holds no sound", 3: errTake.Error()} {
		_, err := w.Seconds(i)
		_, err2 := w.Room(i)
		_, err3 := w.Spread(i, 3)
		for _, err := range []error{err, err2, err3, w.Fill(x, i, 0)} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want it to say %q", err, want)
			}
		}
	}
	w = windows(t, takes{0, []int{10}, nil}, "mel", 0)
	if _, err := w.Seconds(0); err == nil {
		t.Error("a recording without a rate is of a length")
	}
	if err := w.Fill(x, 0, 0); err == nil || !strings.Contains(err.Error(), "take 0 holds no sound") {
		t.Errorf("a recording without a rate: %v", err)
	}
}

// TestSpectrogram: what is heard is the logarithm of spectrum's power, normalised; silence is the logarithm of what cannot be told apart from it.
func TestSpectrogram(t *testing.T) {
	for _, of := range []string{"mel", "linear?rate=48000&window=10&hop=5", "mel?mean=-4.5&std=2.25", "linear?mean=1&std=0.5"} {
		h := hearing(t, of)
		s := takes{float64(h.Rate), []int{2 * h.Rate}, nil}
		w := windows(t, s, of, 0)
		shape := w.Shape()
		n := 512
		stft := spectrum.NewSTFT(n, spectrum.STFTOptions{Length: h.Rate * int(h.Length) / 1000, Hop: h.Rate * int(h.Hop) / 1000, Edges: spectrum.WholeWindows})
		want := tensor.New(shape[0], shape[1])
		x, _ := s.Sound(0, h.Rate/2, h.Rate)
		if h.Linear {
			stft.Power(want, x)
		} else {
			mel, err := spectrum.NewMel(h.Bands, n, float64(h.Rate), spectrum.MelOptions{})
			if err != nil {
				t.Fatal(err)
			}
			mel.Spectrogram(want, stft, x)
		}
		spectrum.Log(want, want, 1e-5)
		if h.Std > 0 {
			for k, v := range want.Data {
				want.Data[k] = (v - h.Mean) / h.Std
			}
		}
		got := make([]float32, want.Len())
		if err := w.Fill(got, 0, 0.5); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want.Data) {
			t.Errorf("%s: not the spectrogram", of)
		}
		if err := w.Fill(got, 0, 2); err != nil { // behind the end
			t.Fatal(err)
		}
		quiet := math.Log(1e-5)
		if h.Std > 0 {
			quiet = (quiet - float64(h.Mean)) / float64(h.Std)
		}
		for _, v := range got {
			if math.Abs(float64(v)-quiet) > 1e-5*math.Abs(quiet) {
				t.Fatalf("%s: silence is %g, want %g", of, v, quiet)
			}
		}
	}
}

// TestWindowsThreads: the same bits whoever asks, in whatever order, with any number of threads.
func TestWindowsThreads(t *testing.T) {
	threads := tensor.Threads()
	defer tensor.SetThreads(threads)
	s := takes{44100, []int{60000, 100000, 30000, 44100 * 31}, nil}
	var first [][]float32
	for _, n := range []int{1, 3, 8} {
		tensor.SetThreads(n)
		w := windows(t, s, "mel?mean=-3&std=2", 1<<20)
		out := make([][]float32, 16)
		errs := make([]error, len(out))
		var wait sync.WaitGroup
		for k := range out {
			wait.Go(func() {
				out[k] = make([]float32, 98*64)
				errs[k] = w.Fill(out[k], k%4, float64(k/4)*0.2)
			})
		}
		wait.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = out
		}
		for k := range out {
			if !slices.Equal(out[k], first[k]) {
				t.Fatalf("%d threads: window %d differs", n, k)
			}
		}
	}
}

// TestMeasureHearing: mean and deviation are those of the middles, the same with any number of threads; broken recordings are passed over.
func TestMeasureHearing(t *testing.T) {
	threads := tensor.Threads()
	defer tensor.SetThreads(threads)
	s := takes{16000, []int{40000, -1, 20000, 0, 16000, 50000, 9000, 16000}, nil}
	h := hearing(t, "mel?mean=7&std=3") // what it was does not matter
	w := windows(t, s, "mel", 0)
	x := make([]float32, 98*64)
	sum, squares, count := 0.0, 0.0, 0.0
	for i, n := range s.lengths {
		if n <= 0 {
			continue
		}
		if err := w.Fill(x, i, max(0, float64(n)/16000-1)/2); err != nil {
			t.Fatal(err)
		}
		for _, v := range x {
			sum, squares, count = sum+float64(v), squares+float64(v)*float64(v), count+1
		}
	}
	mean := sum / count
	std := math.Sqrt(squares/count - mean*mean)
	for _, n := range []int{1, 2, 5} {
		tensor.SetThreads(n)
		got, err := MeasureHearing(s, h, 2000)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(float64(got.Mean)-mean) > 6e-4 || math.Abs(float64(got.Std)-std) > 6e-4 {
			t.Errorf("%d threads: %g and %g, want %g and %g", n, got.Mean, got.Std, mean, std)
		}
		if again := hearing(t, got.String()); again != got {
			t.Errorf("%v is read again as %v", got, again)
		}
	}
	// two of eight are 0 and 4
	got, err := MeasureHearing(s, h, 2)
	want, err2 := MeasureHearing(takes{16000, []int{40000, 0, 0, 0, 16000, 0, 0, 0}, nil}, h, 8)
	if err != nil || err2 != nil || got != want {
		t.Errorf("two of eight: %v, %v, want %v, %v", got, err, want, err2)
	}
	// silence everywhere has no deviation to divide by
	still, err := MeasureHearing(still{takes{16000, []int{16000}, nil}}, h, 1)
	if err != nil || still.Std != 0.01 {
		t.Errorf("silence: %v, %v", still, err)
	}
	for what, c := range map[string]struct {
		s    Sounds
		want string
	}{
		"empty":   {takes{16000, []int{0, 0}, nil}, "none of 2 sounds could be heard: take 1 holds no sound"},
		"broken":  {takes{16000, []int{-1}, nil}, "none of 1 sounds could be heard: a broken take"},
		"nothing": {takes{16000, nil, nil}, "there are no sounds to hear"},
	} {
		if _, err := MeasureHearing(c.s, h, 10); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
}

// still are recordings of silence.
type still struct{ takes }

func (s still) Sound(_, _, n int) ([]float32, error) { return make([]float32, n), nil }

// TestHertz: the frequencies of a linear spectrogram are the transform's, those of mel bands rise from below 100 Hz to below half the rate.
func TestHertz(t *testing.T) {
	of := func(s string) []float64 {
		t.Helper()
		h, err := ParseHearing(s)
		if err != nil {
			t.Fatal(err)
		}
		hz, err := h.Hertz()
		if err != nil {
			t.Fatal(err)
		}
		return hz
	}
	if hz := of("linear?rate=48000&window=10&hop=5"); len(hz) != 257 || hz[0] != 0 || hz[1] != 93.75 || hz[256] != 24000 {
		t.Errorf("%d frequencies: %v ...", len(hz), hz[:2])
	}
	hz := of("mel")
	for k := 1; k < len(hz); k++ {
		if hz[k] <= hz[k-1] {
			t.Errorf("band %d is at %g Hz, the one below at %g", k, hz[k], hz[k-1])
		}
	}
	if len(hz) != 64 || hz[0] > 100 || hz[63] < 7000 || hz[63] >= 8000 {
		t.Errorf("%d bands from %g to %g Hz", len(hz), hz[0], hz[len(hz)-1])
	}
}
