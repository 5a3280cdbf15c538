package spectrum

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/internal/parallel"
)

func newResampler(t testing.TB, from, to int, o ResampleOptions) *Resampler {
	t.Helper()
	r, err := NewResampler(from, to, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func resampled(r *Resampler, x []float32) []float32 {
	y := make([]float32, r.Len(len(x)))
	r.Resample(y, x)
	return y
}

// tone returns n samples of a sine of f cycles a sample.
func tone(n int, f float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(math.Sin(2 * math.Pi * f * float64(i)))
	}
	return x
}

// response resamples a tone of hz and returns, in dB, its gain and how loud all else is that came out of it; a tone that the
// lower rate cannot hold has no gain, all that comes out is what else there is.
func response(r *Resampler, from, to int, hz float64) (gain, rest float64) {
	y := resampled(r, tone(max(from/4, 6000), hz/float64(from)))
	y = y[len(y)/4 : len(y)*3/4] // away from the ends
	// least squares by a sine and a cosine
	f := 2 * math.Pi * hz / float64(to)
	var ss, sc, cc, sy, cy, yy float64
	for i, v := range y {
		s, c := math.Sincos(f * float64(i))
		ss, sc, cc, sy, cy, yy = ss+s*s, sc+s*c, cc+c*c, sy+s*float64(v), cy+c*float64(v), yy+float64(v)*float64(v)
	}
	db := func(power float64) float64 { return 10 * math.Log10(max(power, 1e-30)) }
	n := float64(len(y)) / 2
	if hz >= float64(min(from, to))/2 {
		return math.Inf(-1), db(yy / n)
	}
	d := ss*cc - sc*sc
	a, b := (sy*cc-cy*sc)/d, (cy*ss-sy*sc)/d
	rest = 0
	for i, v := range y {
		s, c := math.Sincos(f * float64(i))
		e := float64(v) - a*s - b*c
		rest += e * e
	}
	return db(a*a + b*b), db(rest / n)
}

var pairs = [][2]int{{48000, 16000}, {44100, 16000}, {16000, 48000}, {44100, 48000}, {48000, 44100}, {8000, 48000}, {192000, 16000}, {22050, 16000}, {16000, 11025}}

// TestResampleBands measures pass band and alias: tones up to 0.913 of half the lower rate keep their loudness, what else comes out,
// and what comes out of tones above, is 115 dB below.
func TestResampleBands(t *testing.T) {
	for _, p := range pairs {
		from, to := p[0], p[1]
		r := newResampler(t, from, to, ResampleOptions{})
		half := float64(min(from, to)) / 2
		ripple, noise, alias := 0.0, math.Inf(-1), math.Inf(-1)
		for _, part := range []float64{0.01, 0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.87, 0.9, 0.912} {
			gain, rest := response(r, from, to, part*half)
			ripple, noise = max(ripple, math.Abs(gain)), max(noise, rest)
		}
		for _, part := range []float64{1.001, 1.01, 1.03, 1.1, 1.3, 1.6, 1.9, 2.05, 2.4, 2.9, 3.5, 5.2, 9.7, 11.3} {
			if hz := part * half; hz < float64(from)/2 {
				_, rest := response(r, from, to, hz)
				alias = max(alias, rest)
			}
		}
		up, down, _ := r.Ratio()
		t.Logf("%d to %d Hz (%d/%d, %d stages, %.0f products an output): ripple %.1g dB, images and noise %.0f dB, alias %.0f dB",
			from, to, up, down, len(r.stages), works(r)*float64(down)/float64(up), ripple, noise, alias)
		if ripple > 1e-4 || noise > -115 || alias > -115 {
			t.Errorf("%d to %d Hz: ripple %g dB, images and noise %g dB, alias %g dB", from, to, ripple, noise, alias)
		}
	}
}

func works(r *Resampler) (sum float64) {
	for _, s := range r.stages {
		sum += s.work
	}
	return sum
}

// TestResampleTime: an impulse comes out where it was, and a slow tone at the times of the outputs.
func TestResampleTime(t *testing.T) {
	for _, p := range pairs {
		from, to := p[0], p[1]
		r := newResampler(t, from, to, ResampleOptions{})
		up, down, exact := r.Ratio()
		if !exact {
			t.Errorf("%d to %d is not exact", from, to)
		}
		x := make([]float32, 200*down)
		x[100*down] = 1
		y := resampled(r, x)
		if at := slices.Index(y, slices.Max(y)); at != 100*up {
			t.Errorf("%d to %d: the impulse at %d comes out at %d, want %d", from, to, 100*down, at, 100*up)
		}
		for i := 1; i < 50*up; i++ {
			if a, b := y[100*up-i], y[100*up+i]; math.Abs(float64(a-b)) > 1e-7 {
				t.Fatalf("%d to %d: the impulse is not even: %g and %g", from, to, a, b)
			}
		}
		hz := float64(min(from, to)) / 20
		y = resampled(r, tone(from/2, hz/float64(from)))
		for i := len(y) / 4; i < len(y)*3/4; i++ {
			if want := math.Sin(2 * math.Pi * hz * float64(i) / float64(to)); math.Abs(float64(y[i])-want) > 2e-6 {
				t.Fatalf("%d to %d: output %d is %g, want %g", from, to, i, y[i], want)
			}
		}
	}
}

// TestResampleConstant: a constant stays what it is; a rate that stays is a copy.
func TestResampleConstant(t *testing.T) {
	for _, p := range pairs {
		x := slices.Repeat([]float32{0.25}, p[0]/2)
		y := resampled(newResampler(t, p[0], p[1], ResampleOptions{}), x)
		for _, v := range y[len(y)/4 : len(y)*3/4] {
			if math.Abs(float64(v)-0.25) > 3e-7 {
				t.Fatalf("%d to %d: the constant 0.25 becomes %g", p[0], p[1], v)
			}
		}
	}
	x := sound(1000)
	if y := resampled(newResampler(t, 44100, 44100, ResampleOptions{}), x); !slices.Equal(x, y) {
		t.Error("the same rate changes the samples")
	}
	if y := resampled(newResampler(t, 44100, 16000, ResampleOptions{}), []float32{1}); len(y) != 1 {
		t.Errorf("one sample becomes %d", len(y))
	}
	if y := resampled(newResampler(t, 44100, 16000, ResampleOptions{}), nil); len(y) != 0 {
		t.Errorf("no samples become %d", len(y))
	}
}

// TestResampleWindow: any window, given no more than its support, is to the bit the slice of the whole.
func TestResampleWindow(t *testing.T) {
	for _, p := range pairs {
		r := newResampler(t, p[0], p[1], ResampleOptions{})
		x := make([]float32, 30011)
		golden.Fill(x, "window", 1)
		want := resampled(r, x)
		for k, n := range []int{1, 2, 15, 16, 17, 333, 1000, 4097, len(want)} {
			for _, part := range []float64{0, 0.001, 0.37, 0.5, 0.93, 1} {
				n := min(n, len(want))
				lo := int(part * float64(len(want)-n))
				first, end := r.Support(lo, lo+n)
				first, end = max(first, 0), min(end, len(x))
				got := make([]float32, n)
				r.Window(got, lo, slices.Clone(x[first:end]), first, len(x))
				if !slices.Equal(got, want[lo:lo+n]) {
					t.Fatalf("%d to %d, window %d: outputs %d to %d differ from the whole's", p[0], p[1], k, lo, lo+n)
				}
			}
		}
	}
}

// TestResampleLong: more outputs than are made in one piece, and any number of workers, give the bits of windows.
func TestResampleLong(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	x := sound(3*piece + 12345)
	r := newResampler(t, 44100, 16000, ResampleOptions{})
	x = slices.Concat(x, x)
	parallel.SetWorkers(1)
	want := resampled(r, x)
	parallel.SetWorkers(3)
	if !slices.Equal(resampled(r, x), want) {
		t.Error("three workers give other bits")
	}
	for lo := 0; lo < len(want); lo += 17001 {
		got := make([]float32, min(17001, len(want)-lo))
		if r.Window(got, lo, x, 0, len(x)); !slices.Equal(got, want[lo:lo+len(got)]) {
			t.Fatalf("outputs from %d differ", lo)
		}
	}
}

// TestResampleNaN: a sample that is no number reaches the outputs that its filters touch and no others.
func TestResampleNaN(t *testing.T) {
	x := sound(8000)
	r := newResampler(t, 44100, 16000, ResampleOptions{})
	clean := resampled(r, x)
	x[4000] = float32(math.NaN())
	y := resampled(r, x)
	spoilt := 0
	for i, v := range y {
		first, end := r.Support(i, i+1)
		if v != v {
			spoilt++
			if 4000 < first || end <= 4000 {
				t.Fatalf("output %d, made of inputs %d to %d, is NaN", i, first, end)
			}
		} else if v != clean[i] {
			t.Fatalf("output %d differs", i)
		}
	}
	if spoilt == 0 || y[4000*160/441] == y[4000*160/441] {
		t.Errorf("%d outputs are NaN", spoilt)
	}
}

// TestResampleSoxr: of tones that any rate of the two holds, the same numbers as soxr's best quality, and nearer to the tones than it
// (soxr is off by 4e-5 where the fraction is 160/441, by 1e-5 at 160/147).
func TestResampleSoxr(t *testing.T) {
	var g struct {
		Samples, Every int
		Cases          []struct {
			From, To int
			Y        kept
		}
	}
	golden.Load(t, "testdata/resample.json", &g)
	// four tones below 0.8 of half the lower rate that begin and end softly, at a time in inputs
	truth := func(from, to int, time float64) (x float64) {
		soft, lower := math.Pow(math.Sin(math.Pi*time/float64(g.Samples)), 4), float64(min(from, to))/float64(from)
		for k := 1.0; k <= 4; k++ {
			x += soft * 0.2 * math.Sin(math.Pi*lower*0.19*k*time+k)
		}
		return x
	}
	for _, c := range g.Cases {
		x := make([]float32, g.Samples)
		for i := range x {
			x[i] = float32(truth(c.From, c.To, float64(i)))
		}
		y := resampled(newResampler(t, c.From, c.To, ResampleOptions{}), x)
		fromSoxr, fromTruth := 0.0, 0.0
		for i, v := range c.Y.Values {
			fromSoxr = max(fromSoxr, math.Abs(float64(y[i*g.Every])-v))
		}
		for i, v := range y {
			fromTruth = max(fromTruth, math.Abs(float64(v)-truth(c.From, c.To, float64(i)*float64(c.From)/float64(c.To))))
		}
		t.Logf("%d to %d: off by %.1g from soxr, %.1g from the tones themselves, of %.2g", c.From, c.To, fromSoxr, fromTruth, c.Y.Top)
		if fromSoxr > 1e-4*c.Y.Top || fromTruth > 2e-6*c.Y.Top || len(y)-c.Y.Shape[0] > 1 || len(y) < c.Y.Shape[0] {
			t.Errorf("%d to %d: %d outputs, soxr gives %d", c.From, c.To, len(y), c.Y.Shape[0])
		}
	}
}

// TestFraction: against all fractions.
func TestFraction(t *testing.T) {
	for _, most := range []int{1, 2, 7, 40} {
		for _, x := range []float64{1, 0.5, 1.0 / 3, 2.75, 0.3628117913832, math.Pi, math.E / 10, 39.4, 0.0251, 100, 0.001, 0.99, 1.0249, math.Sqrt2} {
			best := math.Inf(1)
			for p := 1; p <= most; p++ {
				for q := 1; q <= most; q++ {
					best = min(best, math.Abs(float64(p)/float64(q)-x))
				}
			}
			up, down := Fraction(x, most)
			if got := math.Abs(float64(up)/float64(down) - x); got > best || up < 1 || down < 1 || up > most || down > most || divisor(up, down) != 1 {
				t.Errorf("%g with terms to %d: %d/%d is off by %g, the nearest by %g", x, most, up, down, got, best)
			}
		}
	}
	for want, x := range map[[2]int]float64{{160, 441}: 16000. / 44100, {1, 3}: 16000. / 48000, {640, 147}: 48000. / 11025, {320, 441}: 16000. / 22050, {2, 3}: 2. / 3} {
		if up, down := Fraction(x, MostTerm); up != want[0] || down != want[1] {
			t.Errorf("%g is %d/%d, want %d/%d", x, up, down, want[0], want[1])
		}
	}
}

// TestResampleUnusual: rates without a small fraction are met nearly, and say so.
func TestResampleUnusual(t *testing.T) {
	for _, p := range [][2]int{{44101, 48000}, {48000, 44101}, {9999, 10000}, {7919, 48611}, {48611, 7919}} {
		r := newResampler(t, p[0], p[1], ResampleOptions{Attenuation: 80})
		up, down, exact := r.Ratio()
		want := float64(p[1]) / float64(p[0])
		if off := math.Abs(float64(up)/float64(down)/want - 1); exact || off > 1.3e-4 {
			t.Errorf("%d to %d: %d/%d, exact %v, off by %.2g", p[0], p[1], up, down, exact, off)
		}
		if y := resampled(r, sound(3000)); Check(y) != nil {
			t.Error(Check(y))
		}
	}
}

func TestResampleErrors(t *testing.T) {
	for want, f := range map[string]func() (*Resampler, error){
		"from 0 to 16000 Hz, want rates of 1 to 1073741824":      func() (*Resampler, error) { return NewResampler(0, 16000, ResampleOptions{}) },
		"from 16000 to 60 Hz, want rates within a factor of 256": func() (*Resampler, error) { return NewResampler(16000, 60, ResampleOptions{}) },
		"by 2000/3, want a factor of at most 256":                func() (*Resampler, error) { return NewFractionResampler(2000, 3, ResampleOptions{}) },
		"change of rate by 5000/1, want terms of 1 to 4096":      func() (*Resampler, error) { return NewFractionResampler(5000, 1, ResampleOptions{}) },
		"a pass band up to 1.2 of half the rate, want 0 to 0.99": func() (*Resampler, error) {
			return NewResampler(48000, 16000, ResampleOptions{Pass: 1.2})
		},
		"a stop band of 200 dB, want 20 to 140": func() (*Resampler, error) { return NewResampler(48000, 16000, ResampleOptions{Attenuation: 200}) },
	} {
		if _, err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
	r := newResampler(t, 48000, 16000, ResampleOptions{})
	first, end := r.Support(100, 200)
	wantPanic(t, "spectrum.Resampler.Resample: the result has 3 numbers, want 34", func() { r.Resample(make([]float32, 3), make([]float32, 100)) })
	wantPanic(t, "spectrum.Resampler.Window: outputs 300 to 400 of a recording that gives 334", func() { r.Window(make([]float32, 100), 300, make([]float32, 1000), 0, 1000) })
	wantPanic(t, fmt.Sprintf("spectrum.Resampler.Window: outputs 100 to 200 need inputs %d to %d of 30000, given are 500 to 700", max(first, 0), end), func() {
		r.Window(make([]float32, 100), 100, make([]float32, 200), 500, 30000)
	})
}

// FuzzResampler: any two rates have a resampler or a reason; its outputs are finite, and a window's are those of the whole.
func FuzzResampler(f *testing.F) {
	f.Add(uint32(44100), uint32(16000), uint16(3000), uint16(100), uint16(50))
	f.Add(uint32(8000), uint32(192000), uint16(10), uint16(0), uint16(1))
	f.Add(uint32(1), uint32(255), uint16(1), uint16(7), uint16(9))
	f.Fuzz(func(t *testing.T, from, to uint32, samples, lo, n uint16) {
		r, err := NewResampler(int(from%400000), int(to%400000), ResampleOptions{Attenuation: 60, Pass: 0.8})
		if err != nil {
			return
		}
		x := sound(int(samples % 3000))
		y := resampled(r, x)
		if err := Check(y); err != nil {
			t.Fatal(err)
		}
		if len(y) == 0 {
			return
		}
		a := int(lo) % len(y)
		z := make([]float32, min(int(n)%5000, len(y)-a))
		first, end := r.Support(a, a+len(z))
		first, end = min(max(first, 0), len(x)), max(min(end, len(x)), 0)
		r.Window(z, a, slices.Clone(x[first:max(first, end)]), first, len(x))
		if !slices.Equal(z, y[a:a+len(z)]) {
			t.Fatalf("%d to %d: outputs %d to %d of %d differ from the whole's", from, to, a, a+len(z), len(y))
		}
	})
}
