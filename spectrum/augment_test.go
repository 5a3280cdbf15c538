package spectrum

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// TestSpecAugment: masks are whole frames and whole frequencies, no more and no wider than asked, everywhere in the end, the rest is
// untouched; the same seed masks the same.
func TestSpecAugment(t *testing.T) {
	const frames, bins = 60, 40
	o := MaskOptions{FrequencyMasks: 2, FrequencyWidth: 5, TimeMasks: 3, TimeWidth: 30, Most: 0.1, Value: -7}
	maskedFrame, maskedBin := make([]int, frames), make([]int, bins)
	rng := tensor.NewRNG(1)
	for range 2000 {
		x := tensor.New(frames, bins)
		for i := range x.Data {
			x.Data[i] = float32(i)
		}
		SpecAugment(x, o, rng)
		at := func(f, b int) bool { return x.Data[f*bins+b] == -7 }
		rows, cols := make([]bool, frames), make([]bool, bins)
		for f := range rows {
			rows[f] = !slices.ContainsFunc(x.Data[f*bins:(f+1)*bins], func(v float32) bool { return v != -7 })
		}
		for b := range cols {
			cols[b] = true
			for f := range frames {
				cols[b] = cols[b] && at(f, b)
			}
		}
		n, m := 0, 0
		for f, masked := range rows {
			if masked {
				maskedFrame[f]++
				n++
			}
		}
		for b, masked := range cols {
			if masked {
				maskedBin[b]++
				m++
			}
		}
		if n > 3*6 || m > 2*5 {
			t.Fatalf("%d frames and %d frequencies are masked", n, m)
		}
		for i, v := range x.Data {
			if masked := rows[i/bins] || cols[i%bins]; masked != (v == -7) || !masked && v != float32(i) {
				t.Fatalf("place %d is %g; its frame masked %v, its frequency %v", i, v, rows[i/bins], cols[i%bins])
			}
		}
	}
	if slices.Contains(maskedFrame, 0) || slices.Contains(maskedBin, 0) {
		t.Errorf("some place is never masked: %v, %v", maskedFrame, maskedBin)
	}
	a, b := tensor.New(frames, bins), tensor.New(frames, bins)
	SpecAugment(a, o, tensor.NewRNG(5))
	SpecAugment(b, o, tensor.NewRNG(5))
	if !slices.Equal(a.Data, b.Data) {
		t.Error("one seed gives two spectrograms")
	}
	SpecAugment(tensor.New(1, 1), MaskOptions{FrequencyMasks: 1, FrequencyWidth: 99, TimeMasks: 1, TimeWidth: 99}, rng) // wider than there is
	wantPanic(t, "spectrum.SpecAugment: the spectrogram has shape [3], want [T F]", func() { SpecAugment(tensor.New(3), o, rng) })
}

func decibels(x []float32) float64 { return 10 * math.Log10(power(x)) }

func TestGain(t *testing.T) {
	rng := tensor.NewRNG(2)
	lo, hi := float32(100), float32(-100)
	for range 500 {
		x := sound(200)
		before := decibels(x)
		g := Gain(x, -6, 3, rng)
		if math.Abs(decibels(x)-before-float64(g)) > 1e-4 {
			t.Fatalf("%g dB are %g", g, decibels(x)-before)
		}
		lo, hi = min(lo, g), max(hi, g)
	}
	if lo < -6 || lo > -5.9 || hi > 3 || hi < 2.9 {
		t.Errorf("gains from %g to %g", lo, hi)
	}
	wantPanic(t, "spectrum.Gain: 3 to -6 dB, want the lower first", func() { Gain(nil, 3, -6, rng) })
}

// TestNoise: what is added has the loudness asked for; silence stays silent.
func TestNoise(t *testing.T) {
	rng := tensor.NewRNG(3)
	for _, snr := range []float32{-5, 0, 20, 40} {
		x := tone(40000, 0.01)
		y := slices.Clone(x)
		if !Noise(y, snr, rng) {
			t.Error("no noise")
		}
		for i := range y {
			y[i] -= x[i]
		}
		if got := decibels(x) - decibels(y); math.Abs(got-float64(snr)) > 0.1 {
			t.Errorf("noise of %g dB is %g dB below", snr, got)
		}
		y = slices.Clone(x)
		other := sound(50000)
		if !Mix(y, other, snr) {
			t.Error("nothing mixed")
		}
		for i := range y {
			y[i] -= x[i]
		}
		if got := decibels(x) - decibels(y); math.Abs(got-float64(snr)) > 0.01 {
			t.Errorf("another recording at %g dB is %g dB below", snr, got)
		}
	}
	silence := make([]float32, 100)
	if Noise(silence, 0, rng) || Mix(silence, sound(100), 0) || Mix(sound(100), silence, 0) || Noise(nil, 0, rng) || power(silence) != 0 {
		t.Error("silence has noise")
	}
	wantPanic(t, "spectrum.Mix: the other recording has 99 samples, want at least 100", func() { Mix(silence, silence[:99], 0) })
}

func TestShift(t *testing.T) {
	x := []float32{1, 2, 3, 4}
	for _, c := range []struct {
		by     int
		around bool
		want   []float32
	}{
		{0, false, x}, {1, false, []float32{0, 1, 2, 3}}, {-1, false, []float32{2, 3, 4, 0}}, {4, false, []float32{0, 0, 0, 0}}, {-9, false, []float32{0, 0, 0, 0}},
		{0, true, x}, {1, true, []float32{4, 1, 2, 3}}, {-1, true, []float32{2, 3, 4, 1}}, {6, true, []float32{3, 4, 1, 2}}, {-7, true, []float32{4, 1, 2, 3}},
	} {
		got := []float32{9, 9, 9, 9}
		if Shift(got, x, c.by, c.around); !slices.Equal(got, c.want) {
			t.Errorf("by %d, around %v: %v, want %v", c.by, c.around, got, c.want)
		}
	}
	Shift(nil, nil, 3, true)
	wantPanic(t, "spectrum.Shift: the result has 1 numbers, want 2", func() { Shift(make([]float32, 1), make([]float32, 2), 0, false) })
}

// TestSpeeds: length and pitch follow the factor, and every factor comes.
func TestSpeeds(t *testing.T) {
	s, err := NewSpeeds(ResampleOptions{Attenuation: 80}, 0.9, 1, 1.1, math.Pow(2, 3.0/12))
	if err != nil {
		t.Fatal(err)
	}
	x := tone(9000, 0.02)
	seen := map[int]bool{}
	rng := tensor.NewRNG(4)
	for range 40 {
		y := s.Change(x, rng)
		seen[len(y)] = true
		turns := 0
		for i := 1; i < len(y); i++ {
			if y[i-1] < 0 && y[i] >= 0 {
				turns++
			}
		}
		if turns < 178 || turns > 181 { // 180 periods, however fast
			t.Errorf("%d samples have %d periods", len(y), turns)
		}
	}
	for _, f := range []float64{0.9, 1, 1.1, math.Pow(2, 3.0/12)} {
		n := int(math.Round(9000 / f))
		if !seen[n] && !seen[n+1] && !seen[n-1] {
			t.Errorf("no recording of about %d samples: %v", n, seen)
		}
	}
	if len(seen) != 4 {
		t.Errorf("lengths %v", seen)
	}
	for want, f := range map[string][]float64{"a speed of 20, want 0.1 to 10": {1, 20}, "no speeds, want at least one": nil} {
		if _, err := NewSpeeds(ResampleOptions{}, f...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}
