package spectrum

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// kept is a reference's result: its shape, its largest magnitude and every so manieth number.
type kept struct {
	Shape  []int
	Top    float64
	Values []float64
}

type bandsOf struct {
	Tool          string
	N, Hop, Bands int
	Rate          float64
	HTK, Unscaled bool
}

type spectra struct {
	Samples, Every int
	STFT           []struct {
		Tool           string
		N, Length, Hop int
		Edges          Edges
		Window         Window
		Re, Im         kept
	}
	Weights []struct {
		bandsOf
		Low, High float64
		W         kept
	}
	Mel []struct {
		bandsOf
		Y kept
	}
	DB []struct {
		Tool    string
		N, Hop  int
		Loudest bool
		Range   float32
		Y       kept
	}
	MFCC []struct {
		bandsOf
		Coefficients int
		Lifter       float64
		Y            kept
	}
}

// sound is spectra.py's recording: a falling tone in noise, the second half quieter by 40 dB.
func sound(n int) []float32 {
	x := make([]float32, n)
	golden.Fill(x, "sound", 0.1)
	for i := range x {
		f := float64(i)
		x[i] += float32(0.5 * float64(float32(math.Sin(2*math.Pi*(0.2*f-0.05*f*f/float64(n))))))
		if i >= n/2 {
			x[i] *= 0.01
		}
	}
	return x
}

// near fails unless got is want within rel of want's largest magnitude; it returns the error.
func (k kept) near(t *testing.T, what string, got *tensor.Tensor, every int, rel float64) float64 {
	t.Helper()
	if !slices.Equal(got.Shape, k.Shape) {
		t.Errorf("%s: shape %v, want %v", what, got.Shape, k.Shape)
		return 0
	}
	worst := 0.0
	for i, v := range k.Values {
		if d := math.Abs(float64(got.Data[i*every]) - v); d > worst || d != d {
			worst = d
		}
	}
	if !(worst <= rel*k.Top) {
		t.Errorf("%s: off by %.2g of the largest value", what, worst/k.Top)
	}
	return worst / k.Top
}

func load(t *testing.T) spectra {
	var g spectra
	golden.Load(t, "testdata/spectra.json", &g)
	return g
}

// newMel is for bands that fit.
func newMel(t testing.TB, bands, n int, rate float64, o MelOptions) *Mel {
	t.Helper()
	m, err := NewMel(bands, n, rate, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestSTFT: complex spectrograms by torch, librosa and scipy; magnitude and power follow from ours.
func TestSTFT(t *testing.T) {
	g := load(t)
	x := sound(g.Samples)
	for _, c := range g.STFT {
		s := NewSTFT(c.N, STFTOptions{Window: c.Window, Length: c.Length, Hop: c.Hop, Edges: c.Edges})
		re, im := tensor.New(s.Shape(len(x))...), tensor.New(s.Shape(len(x))...)
		s.Complex(re, im, x)
		a := c.Re.near(t, c.Tool+" real", re, g.Every, 2e-6)
		b := c.Im.near(t, c.Tool+" imaginary", im, g.Every, 2e-6)
		t.Logf("%s n %d window %d %v hop %d %v: %v, off by %.1g and %.1g", c.Tool, c.N, c.Length, c.Window, c.Hop, c.Edges, re.Shape, a, b)
		mag, pow := tensor.New(re.Shape...), tensor.New(re.Shape...)
		s.Magnitude(mag, x)
		s.Power(pow, x)
		for i := range re.Data {
			p := float64(re.Data[i])*float64(re.Data[i]) + float64(im.Data[i])*float64(im.Data[i])
			if math.Abs(float64(pow.Data[i])-p) > 1e-6*p || math.Abs(float64(mag.Data[i])-math.Sqrt(p)) > 1e-6*math.Sqrt(p) {
				t.Fatalf("%d: of %g%+gi the power is %g, the magnitude %g", i, re.Data[i], im.Data[i], pow.Data[i], mag.Data[i])
			}
		}
	}
}

// TestMelWeights: the triangles of librosa and torchaudio (which computes them in float32), and what they add up to.
func TestMelWeights(t *testing.T) {
	g := load(t)
	for _, c := range g.Weights {
		m := newMel(t, c.Bands, c.N, c.Rate, MelOptions{Low: c.Low, High: c.High, HTK: c.HTK, Unscaled: c.Unscaled})
		tolerance := 1e-6
		if c.Tool == "torchaudio" {
			tolerance = 1e-4
		}
		e := c.W.near(t, c.Tool+" weights", m.Matrix(), g.Every, tolerance)
		t.Logf("%s %d bands of %d at %g: off by %.1g", c.Tool, c.Bands, c.N, c.Rate, e)
	}
	// between the first and the last centre, triangles of height 1 add up to 1 at every frequency
	m := newMel(t, 64, 2048, 48000, MelOptions{Unscaled: true})
	w := m.Matrix()
	for k := range m.bins {
		if f := float64(k) * 48000 / 2048; f < m.Centre(0) || f > m.Centre(63) {
			continue
		}
		s := 0.0
		for _, v := range w.Data[k*64 : (k+1)*64] {
			s += float64(v)
		}
		if math.Abs(s-1) > 1e-6 {
			t.Errorf("frequency %d: the weights add up to %g", k, s)
		}
	}
	// with Slaney's norm every band has an area of about 1
	m = newMel(t, 20, 4096, 16000, MelOptions{})
	for b, tri := range m.bands {
		s := 0.0
		for _, v := range tri.weight {
			s += float64(v) * 16000 / 4096
		}
		if math.Abs(s-1) > 2e-3 {
			t.Errorf("band %d has an area of %g", b, s)
		}
	}
}

// TestMel: power in bands by librosa and torchaudio, at once and over a spectrogram.
func TestMel(t *testing.T) {
	g := load(t)
	x := sound(g.Samples)
	for _, c := range g.Mel {
		s := NewSTFT(c.N, STFTOptions{Hop: c.Hop})
		m := newMel(t, c.Bands, c.N, c.Rate, MelOptions{HTK: c.HTK, Unscaled: c.Unscaled})
		y := tensor.New(s.Frames(len(x)), c.Bands)
		m.Spectrogram(y, s, x)
		e := c.Y.near(t, c.Tool, y, g.Every, 1e-5)
		t.Logf("%s: %v, off by %.1g", c.Tool, y.Shape, e)
		p := tensor.New(s.Shape(len(x))...)
		s.Power(p, x)
		z := tensor.New(y.Shape...)
		m.Sum(z, p)
		if !slices.Equal(y.Data, z.Data) {
			t.Errorf("%s: bands of a spectrogram differ from those at once", c.Tool)
		}
	}
}

func TestPowerToDB(t *testing.T) {
	g := load(t)
	x := sound(g.Samples)
	for _, c := range g.DB {
		s := NewSTFT(c.N, STFTOptions{Hop: c.Hop, Edges: Zeros})
		p := tensor.New(s.Shape(len(x))...)
		s.Power(p, x)
		PowerToDB(p, p, DecibelOptions{Loudest: c.Loudest, Range: c.Range})
		e := c.Y.near(t, c.Tool, p, g.Every, 1e-4)
		t.Logf("loudest %v, range %g: off by %.1g", c.Loudest, c.Range, e)
	}
}

func TestMFCC(t *testing.T) {
	g := load(t)
	x := sound(g.Samples)
	for _, c := range g.MFCC {
		s := NewSTFT(c.N, STFTOptions{Hop: c.Hop})
		m := newMel(t, c.Bands, c.N, c.Rate, MelOptions{HTK: c.HTK, Unscaled: c.Unscaled})
		y := tensor.New(s.Frames(len(x)), c.Bands)
		m.Spectrogram(y, s, x)
		PowerToDB(y, y, DecibelOptions{Range: 80})
		z := tensor.New(y.Shape[0], c.Coefficients)
		NewCepstrum(c.Bands, c.Coefficients, c.Lifter).Apply(z, y)
		e := c.Y.near(t, c.Tool, z, g.Every, 1e-5)
		t.Logf("%s lifter %g: %v, off by %.1g", c.Tool, c.Lifter, z.Shape, e)
	}
}

// TestDCT: the whole matrix is orthonormal.
func TestDCT(t *testing.T) {
	const n = 24
	w := DCT(n, n)
	for a := range n {
		for b := range n {
			s := 0.0
			for i := range n {
				s += float64(w.Data[i*n+a]) * float64(w.Data[i*n+b])
			}
			want := 0.0
			if a == b {
				want = 1
			}
			if math.Abs(s-want) > 1e-6 {
				t.Errorf("columns %d and %d: product %g", a, b, s)
			}
		}
	}
}

// TestL3: one second at 48 kHz gives the 199 frames of 257 frequencies of the paper; a tone stands where it belongs.
func TestL3(t *testing.T) {
	s := L3()
	x := make([]float32, 48000)
	for i := range x {
		x[i] = float32(0.5 * math.Sin(2*math.Pi*6000*float64(i)/48000))
	}
	if got := s.Shape(len(x)); !slices.Equal(got, []int{199, 257}) {
		t.Fatalf("shape %v", got)
	}
	y := tensor.New(199, 257)
	s.Magnitude(y, x)
	for f := range 199 {
		row := y.Data[f*257 : (f+1)*257]
		if at := slices.Index(row, slices.Max(row)); at != 64 { // 6000 Hz of 48000/512 a step
			t.Fatalf("frame %d is loudest at %d, want 64", f, at)
		}
		if v := row[64]; math.Abs(float64(v)-0.5*480/4) > 0.1 { // amplitude times half the sum of the window
			t.Fatalf("frame %d: %g, want 60", f, v)
		}
	}
	Log(y, y, 1e-5)
	for i, v := range y.Data {
		if v < float32(math.Log(1e-5))-1e-5 || v > 5 {
			t.Fatalf("value %d: the logarithm is %g", i, v)
		}
	}
}

// TestSilence: silence is the floor's logarithm, never infinite.
func TestSilence(t *testing.T) {
	s := NewSTFT(256, STFTOptions{})
	m := newMel(t, 20, 256, 16000, MelOptions{})
	x := make([]float32, 1000)
	y := tensor.New(s.Frames(len(x)), 20)
	m.Spectrogram(y, s, x)
	z := tensor.New(y.Shape...)
	Log(z, y, 1e-6)
	PowerToDB(y, y, DecibelOptions{Range: 80, Loudest: true})
	for i := range y.Data {
		if math.Abs(float64(z.Data[i])-math.Log(1e-6)) > 1e-5 || y.Data[i] != 0 {
			t.Fatalf("silence: logarithm %g, %g dB below itself", z.Data[i], y.Data[i])
		}
	}
}

// TestShort: one sample, and recordings shorter than a frame, which are mirrored again and again.
func TestShort(t *testing.T) {
	for n := 1; n < 70; n++ {
		x := sound(n)
		for _, e := range []Edges{Reflect, Zeros} {
			s := NewSTFT(64, STFTOptions{Hop: 16, Edges: e})
			long := make([]float32, n+64)
			for i := range long {
				j := i - 32
				for e == Reflect && n > 1 && (j < 0 || j >= n) {
					if j < 0 {
						j = -j
					} else {
						j = 2*(n-1) - j
					}
				}
				switch {
				case e == Reflect && n == 1:
					long[i] = x[0]
				case j >= 0 && j < n:
					long[i] = x[j]
				}
			}
			y := tensor.New(s.Shape(n)...)
			s.Power(y, x)
			w := NewSTFT(64, STFTOptions{Hop: 16, Edges: WholeFrames})
			z := tensor.New(w.Shape(len(long))...)
			w.Power(z, long)
			if !slices.Equal(y.Data, z.Data) {
				t.Fatalf("%d samples, %v: differs from the spectrogram of the recording filled by hand", n, e)
			}
		}
	}
}

// TestNaN: a sample that is no number spoils its frames and no others, and Check names it.
func TestNaN(t *testing.T) {
	x := sound(2000)
	s := NewSTFT(128, STFTOptions{Hop: 64, Edges: WholeFrames})
	clean := tensor.New(s.Shape(len(x))...)
	s.Magnitude(clean, x)
	if err := Check(x); err != nil {
		t.Error(err)
	}
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(-1))} {
		x[1000] = bad
		err := Check(x)
		if want := map[bool]string{true: "sample 1000 of 2000 is NaN", false: "sample 1000 of 2000 is -Inf"}[bad != bad]; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
		y := tensor.New(clean.Shape...)
		s.Magnitude(y, x)
		m := newMel(t, 10, 128, 16000, MelOptions{})
		bands := tensor.New(y.Shape[0], 10)
		m.Sum(bands, y)
		Log(bands, bands, 1e-6)
		for f := range y.Shape[0] {
			row := y.Data[f*65 : (f+1)*65]
			if hit := 64*f <= 1000 && 1000 < 64*f+128; hit {
				for _, b := range bands.Data[f*10 : (f+1)*10] {
					if b == b {
						t.Errorf("frame %d with %g has the band %g, want NaN", f, bad, b)
					}
				}
			} else if !slices.Equal(row, clean.Data[f*65:(f+1)*65]) {
				t.Errorf("frame %d without %g differs", f, bad)
			}
		}
	}
}

// TestWorkers: the same bits with any number of workers.
func TestWorkers(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	x := sound(20000)
	s := NewSTFT(600, STFTOptions{Hop: 100})
	m := newMel(t, 40, 600, 16000, MelOptions{})
	var want []float32
	for _, w := range []int{1, 2, 3, 8} {
		parallel.SetWorkers(w)
		y := tensor.New(s.Frames(len(x)), 40)
		m.Spectrogram(y, s, x)
		LogPlus(y, y, 1e-6)
		if want == nil {
			want = y.Data
		}
		if !slices.Equal(y.Data, want) {
			t.Errorf("%d workers give other bits", w)
		}
	}
}

func TestMelErrors(t *testing.T) {
	for want, f := range map[string]func() (*Mel, error){
		"0 mel bands of a transform of 512 samples": func() (*Mel, error) { return NewMel(0, 512, 16000, MelOptions{}) },
		"at NaN Hz":                                     func() (*Mel, error) { return NewMel(10, 512, math.NaN(), MelOptions{}) },
		"want 0 <= low < high <= 8000":                  func() (*Mel, error) { return NewMel(10, 512, 16000, MelOptions{High: 9000}) },
		"mel bands from 5000 to 4000 Hz":                func() (*Mel, error) { return NewMel(10, 512, 16000, MelOptions{Low: 5000, High: 4000}) },
		"mel band 1 of 128, 0.0 to 63.3 Hz, holds none": func() (*Mel, error) { return NewMel(128, 512, 48000, MelOptions{}) },
	} {
		if m, err := f(); err == nil || m != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}

func TestSTFTErrors(t *testing.T) {
	x := make([]float32, 100)
	s := NewSTFT(64, STFTOptions{})
	for want, f := range map[string]func(){
		"spectrum.NewSTFT: transforms of 0 samples, want at least 1":                               func() { NewSTFT(0, STFTOptions{Length: 1}) },
		"spectrum.NewSTFT: a window of 65 samples in a frame of 64, want 1 to 64":                  func() { NewSTFT(64, STFTOptions{Length: 65}) },
		"spectrum.NewSTFT: a hop of -1 samples, want at least 1":                                   func() { NewSTFT(64, STFTOptions{Hop: -1}) },
		"spectrum.NewSTFT: edges edges(4), want one of [reflect zeros whole-frames whole-windows]": func() { NewSTFT(64, STFTOptions{Edges: 4}) },
		"spectrum.STFT.Power: the spectrogram has shape [7 32], want [7 33]":                       func() { s.Power(tensor.New(7, 32), x) },
		"spectrum.STFT.Power: the recording has 0 samples, want at least 1 for a frame":            func() { s.Power(tensor.New(1, 33), nil) },
		"spectrum.STFT.Magnitude: the recording has 100 samples, want at least 480 for a frame":    func() { L3().Magnitude(tensor.New(1, 257), x) },
		"spectrum.Mel.Spectrogram: the transform has 33 frequencies, the bands are laid over 65":   func() { newMel(t, 4, 128, 16000, MelOptions{}).Spectrogram(tensor.New(7, 4), s, x) },
		"spectrum.Log: floor 0, want a number above 0":                                             func() { Log(tensor.New(2), tensor.New(2), 0) },
		"spectrum.LogPlus: offset -1, want a number above 0":                                       func() { LogPlus(tensor.New(2), tensor.New(2), -1) },
		"spectrum.DCT: 5 coefficients of 4 values, want 1 to 4":                                    func() { DCT(4, 5) },
		"spectrum.Cepstrum.Apply: the bands have shape [3 5], want [T 4]":                          func() { NewCepstrum(4, 2, 0).Apply(tensor.New(3, 2), tensor.New(3, 5)) },
	} {
		wantPanic(t, want, f)
	}
}

// FuzzSTFT: any frame, hop and length gives the frames that it says, all written.
func FuzzSTFT(f *testing.F) {
	f.Add(uint16(512), uint16(480), uint16(240), uint16(5000), uint8(3))
	f.Add(uint16(1), uint16(1), uint16(1), uint16(1), uint8(0))
	f.Add(uint16(255), uint16(3), uint16(700), uint16(2), uint8(1))
	f.Fuzz(func(t *testing.T, n, length, hop, samples uint16, e uint8) {
		n, e = n%700+1, e%4
		s := NewSTFT(int(n), STFTOptions{Length: int(length%n) + 1, Hop: int(hop%900) + 1, Edges: Edges(e)})
		x := sound(int(samples % 8000))
		if s.Frames(len(x)) == 0 {
			return
		}
		y := tensor.New(s.Shape(len(x))...)
		for i := range y.Data {
			y.Data[i] = -1
		}
		s.Power(y, x)
		for i, v := range y.Data {
			if !(v >= 0) {
				t.Fatalf("%d samples, frames of %d: value %d is %g", len(x), n, i, v)
			}
		}
	})
}

// TestSteady: a plan in use takes its memory from what it has, whatever the recording's length.
func TestSteady(t *testing.T) {
	x := sound(100000)
	s := NewSTFT(512, STFTOptions{Hop: 160})
	m := newMel(t, 40, 512, 16000, MelOptions{})
	r := newResampler(t, 48000, 16000, ResampleOptions{})
	p, b, y := tensor.New(s.Shape(len(x))...), tensor.New(s.Frames(len(x)), 40), make([]float32, r.Len(len(x)))
	for name, f := range map[string]func(){
		"STFT.Power": func() { s.Power(p, x) }, "Mel.Spectrogram": func() { m.Spectrogram(b, s, x) }, "Resampler.Resample": func() { r.Resample(y, x) }, "Log": func() { Log(b, b, 1e-6) },
	} {
		if n := testing.AllocsPerRun(10, f); n > 20 && simd.Active() != simd.Go {
			t.Errorf("%s allocates %g times a call", name, n)
		}
	}
}
