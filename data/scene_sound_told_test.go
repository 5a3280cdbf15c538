package data

import (
	"fmt"
	"math"
	"math/cmplx"
	"slices"
	"testing"
)

// fourier writes the discrete Fourier transform of every so many-th of x, as many as out has, a power of two of at most 512.
func fourier(out, x []complex128, every int) {
	n := len(out)
	if n == 1 {
		out[0] = x[0]
		return
	}
	fourier(out[:n/2], x, 2*every)
	fourier(out[n/2:], x[every:], 2*every)
	for i := range n / 2 {
		a, b := out[i], turns512[i*512/n]*out[i+n/2]
		out[i], out[i+n/2] = a+b, a-b
	}
}

var turns512 = func() (w [256]complex128) {
	for i := range w {
		w[i] = cmplx.Rect(1, -2*math.Pi*float64(i)/512)
	}
	return w
}()

// powers returns the mean power of pieces of 512 values at each of 256 frequencies.
func powers[T float32 | float64](x []T) []float64 {
	out := make([]float64, 256)
	piece, parts := make([]complex128, 512), make([]complex128, 512)
	for from := 0; from+512 <= len(x); from += 256 {
		for i := range piece {
			piece[i] = complex(float64(x[from+i])*(0.5-0.5*real(turns512[i%256])*[2]float64{1, -1}[i/256]), 0)
		}
		fourier(parts, piece, 1)
		for k, v := range parts[:256] {
			out[k] += real(v)*real(v) + imag(v)*imag(v)
		}
	}
	return out
}

// bands is the logarithm of a sound's power in 24 bands of the same width by their ratio, without their mean: loudness is not in it.
func bands(x []float32) []float64 {
	p := powers(x)
	out, mean := make([]float64, 24), 0.0
	for b := range out {
		from := int(math.Pow(256, float64(b)/24) * 1)
		to := max(from+1, int(math.Pow(256, float64(b+1)/24)))
		sum := 0.0
		for _, v := range p[from:min(to, 256)] {
			sum += v / float64(to-from)
		}
		out[b] = math.Log(sum + 1e-9)
		mean += out[b] / 24
	}
	for b := range out {
		out[b] -= mean
	}
	return out
}

// nearest returns in which part of the later samples the nearest of the first, so many, is of the same class.
func nearest(x [][]float64, class []int, first int) float64 {
	right := 0
	for i := first; i < len(x); i++ {
		best, near := 0, math.Inf(1)
		for j := range first {
			d := 0.0
			for k, v := range x[i] {
				d += (v - x[j][k]) * (v - x[j][k])
			}
			if d < near {
				best, near = j, d
			}
		}
		if class[i] == class[best] {
			right++
		}
	}
	return float64(right) / float64(len(x)-first)
}

// scaled divides each column by its spread.
func scaled(x [][]float64) [][]float64 {
	for k := range x[0] {
		sum, square := 0.0, 0.0
		for _, r := range x {
			sum, square = sum+r[k], square+r[k]*r[k]
		}
		mean := sum / float64(len(x))
		spread := math.Sqrt(square/float64(len(x)) - mean*mean)
		for _, r := range x {
			r[k] = (r[k] - mean) / spread
		}
	}
	return x
}

func correlation(a, b []float64) float64 {
	x := make([][]float64, len(a))
	for i := range x {
		x[i] = []float64{a[i], b[i]}
	}
	sum := 0.0
	for _, r := range scaled(x) {
		sum += r[0] * r[1] / float64(len(x))
	}
	return sum
}

func rms(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(len(x)))
}

// TestSceneSoundsClasses: a second of sound tells its class by its spectrum, hardly by how loud it is or by the pixels that it goes with; and neither its
// loudness nor the noise under it tell what the film looks like.
func TestSceneSoundsClasses(t *testing.T) {
	const first, all = 280, 400
	s := NewSceneSounds(all, 16, 36, 12, 16000, 2, Train)
	class := make([]int, all)
	var spectra, loud, quiet, pixels, motions [][]float64
	var level, floor, bright, motion []float64
	for i := range all {
		class[i] = s.Label(i)
		x := soundIn(t, s, i, 16000, 16000)
		spectra = append(spectra, bands(x))
		least := math.Inf(1)
		for k := range 40 {
			least = math.Min(least, rms(x[400*k:400*(k+1)]))
		}
		level, floor = append(level, math.Log(rms(x))), append(floor, math.Log(least))
		loud, quiet = append(loud, []float64{level[i]}), append(quiet, []float64{level[i], floor[i]})
		ims, err := ClipOf(s.Dataset().Clips, i, []int{18, 19})
		if err != nil {
			t.Fatal(err)
		}
		p, mean, moved := make([]float64, len(ims[0].Pix)), 0.0, 0.0
		for k, v := range ims[0].Pix {
			p[k] = float64(v)
			mean += p[k] / float64(len(p))
			moved += math.Abs(p[k]-float64(ims[1].Pix[k])) / float64(len(p))
		}
		pixels, bright, motion = append(pixels, p), append(bright, mean), append(motion, moved)
		motions = append(motions, []float64{moved})
	}
	for _, c := range []struct {
		by        string
		x         [][]float64
		low, high float64
	}{{"its spectrum", spectra, 0.9, 1}, {"its loudness", loud, 0, 0.2}, {"its loudness and the least of it", scaled(quiet), 0, 0.27}, {"the pixels of a frame", pixels, 0, 0.25},
		{"how much moves", motions, 0, 0.2}} {
		right := nearest(c.x, class, first)
		t.Logf("the class is told by %s in %.3f, by chance in 0.125", c.by, right)
		if right < c.low || right > c.high {
			t.Errorf("the class is told by %s in %.3f, want %.2f to %.2f", c.by, right, c.low, c.high)
		}
	}
	for _, c := range []struct {
		of   string
		a, b []float64
	}{{"loudness and brightness", level, bright}, {"loudness and motion", level, motion}, {"noise and brightness", floor, bright}, {"noise and motion", floor, motion}} {
		r := correlation(c.a, c.b)
		t.Logf("%s are correlated by %.3f", c.of, r)
		if math.Abs(r) > 3/math.Sqrt(all) {
			t.Errorf("%s are correlated by %.3f", c.of, r)
		}
	}
}

// TestSceneSoundsLoudness: the mean square of a film's sound is that drawn, whatever sounds, and nothing is cut off.
func TestSceneSoundsLoudness(t *testing.T) {
	s := NewSceneSounds(100, 16, 36, 12, 16000, 9, Train)
	most := float32(0)
	for i := range s.N {
		f := s.film(i)
		x := soundIn(t, s, i, 0, s.values())
		for _, v := range x {
			most = max(most, v, -v)
		}
		noise := math.Pow(10, -f.ambience.below/10)
		want := f.loud + 10*math.Log10(1+noise)
		if got := 20 * math.Log10(rms(x)); math.Abs(got-want) > 0.2 {
			t.Errorf("film %d (%s): %.2f dB, want %.2f", i, soundClasses[f.class], got, want)
		}
		dry := f.voice.play(&f.playing, s.values(), 16000, f.hiss)
		scale, rest := decibels(f.loud)/math.Sqrt(power(dry)), 0.0
		for k, v := range dry {
			rest += (float64(x[k]) - scale*v) * (float64(x[k]) - scale*v) / float64(len(dry))
		}
		if got := 10*math.Log10(rest) - f.loud; math.Abs(got+f.ambience.below) > 0.1 {
			t.Errorf("film %d: the noise is %.2f dB below, want %.2f", i, -got, f.ambience.below)
		}
	}
	if most >= 0.98 || most < 0.4 {
		t.Errorf("the largest value is %g", most)
	}
}

// TestSceneSoundsPitch: what is larger sounds lower, as it is heard, and the pitch is that which the factors say.
func TestSceneSoundsPitch(t *testing.T) {
	for class, name := range soundClasses {
		var size, centre, pitch []float64
		for k := range 30 {
			r := NewSceneSounds(1, 16, 2, 12, 16000, 1, Train).draws(100*class + k)
			p := newPlayer(r, class, plays, 1, 2)
			x := p.voice.play(&p.playing, 32000, 16000, 1)
			sum, at := 0.0, 0.0
			for f, v := range powers(x) {
				sum, at = sum+v, at+v*math.Log(float64(f)+0.5)
			}
			size, centre, pitch = append(size, math.Log(p.size)), append(centre, at/sum), append(pitch, math.Log(p.pitch))
		}
		r, q := correlation(size, centre), correlation(size, pitch)
		t.Logf("%s: size and the middle of the spectrum are correlated by %.2f, size and pitch by %.2f", name, r, q)
		if r > -0.7 || q > -0.95 {
			t.Errorf("%s: size and the middle of the spectrum are correlated by %.2f, size and pitch by %.2f", name, r, q)
		}
	}
}

// TestSceneSoundsTruth: boxes hold the mask and no more, instruments are of different classes, the one that is heard is the label's and is seen, and it
// sounds in the frames in which there is sound.
func TestSceneSoundsTruth(t *testing.T) {
	const side, rate, hz = 64, 12, 16000
	s := NewSceneSounds(300, side, 24, rate, hz, 5, Train)
	groups := s.Groups()
	seen, on, frames, silent := 0, 0, 0, 0
	for i := range 120 {
		slots, f := -1, s.film(i)
		label, off := s.Label(i), s.Group("offscreen", i, 0) == 1
		for _, frame := range []int{0, 6, 13, 23} {
			tr, err := s.Frame(i, frame)
			if err != nil {
				t.Fatal(err)
			}
			if slots >= 0 && len(tr.Boxes) != slots || len(tr.Sounding) != len(tr.Boxes) {
				t.Errorf("film %d: %d boxes, then %d; %d may sound", i, slots, len(tr.Boxes), len(tr.Sounding))
			}
			slots = len(tr.Boxes)
			classes := map[int]bool{}
			for k, b := range tr.Boxes {
				want := Box{X0: side, Y0: side, Class: b.Class}
				for p, v := range tr.Mask.Data {
					if int(v) == k+1 {
						x, y := float32(p%side), float32(p/side)
						want.X0, want.Y0, want.X1, want.Y1 = min(want.X0, x), min(want.Y0, y), max(want.X1, x+1), max(want.Y1, y+1)
					}
				}
				if want.X1 == 0 {
					want = Box{Class: b.Class}
				}
				if b != want || (k < len(f.players)) != (b.Class >= 0) || b.Class >= 0 && classes[b.Class] {
					t.Errorf("film %d, frame %d: box %d is %v, its pixels' %v", i, frame, k, b, want)
				}
				classes[b.Class] = true
				if tr.Sounding[k] && b.Class != label {
					t.Errorf("film %d: %s sounds, the label is %s", i, soundClasses[b.Class], soundClasses[label])
				}
				if b.Class == label {
					if on++; b.X1 > b.X0 {
						seen++
					}
				}
			}
			if classes[label] == off || len(f.players) < 2 || len(f.players) > 4 {
				t.Errorf("film %d: the classes are %v, the label %d, off the screen %v", i, classes, label, off)
			}
			x := soundIn(t, s, i, frame*hz/rate, hz/rate)
			sounds := slices.Contains(tr.Sounding, true)
			if !off {
				if frames++; !sounds {
					silent++
				}
			}
			if loud := 20*math.Log10(rms(x)) - f.loud; sounds && loud < -32 || !sounds && !off && loud > -14 {
				t.Errorf("film %d (%s), frame %d: sounding %v at %.1f dB", i, soundClasses[label], frame, sounds, loud)
			}
			facts := map[string]float64{}
			for _, v := range tr.Factors {
				facts[v.Name] = v.Value
			}
			if len(facts) != len(tr.Factors) || int(facts["class"]) != label || int(facts["background"]) != s.Group("background", i, frame) {
				t.Errorf("film %d: factors %v", i, facts)
			}
			for name, classes := range groups {
				if g := s.Group(name, i, frame); g < 0 || g >= len(classes) {
					t.Errorf("film %d: group %d of %s", i, g, name)
				}
			}
			if (tr.Flow == nil) != (frame == 23) {
				t.Errorf("flow of frame %d of 24", frame)
			}
		}
	}
	if s.Group("other", 0, 0) != -1 {
		t.Error("there is another group")
	}
	if seen < on*98/100 || silent < frames/20 || silent > frames/2 {
		t.Errorf("what is heard is seen in %d of %d frames; %d of %d are silent", seen, on, silent, frames)
	}
}

// TestSceneSoundsBalance: classes, places and off-screen sounds come as often as they should and independently (chi-square), and what does not belong to what
// is heard does not depend on it.
func TestSceneSoundsBalance(t *testing.T) {
	const n = 20000
	s := NewSceneSounds(n, 16, 24, 12, 8000, 1, Train)
	var class [8]float64
	table := map[[2]int]float64{}
	off := 0.0
	for i := range n {
		a, p := s.Label(i), s.Group("background", i, 3)
		class[a]++
		table[[2]int{a, p}]++
		off += float64(s.Group("offscreen", i, 0))
	}
	chi := 0.0
	for a := range class {
		if math.Abs(class[a]-n/8.0) > 4*math.Sqrt(n/8.0) {
			t.Errorf("%s: %.0f of %d", soundClasses[a], class[a], n)
		}
		for p := range filmPlaces {
			want := n / 8.0 / filmPlaces
			chi += (table[[2]int{a, p}] - want) * (table[[2]int{a, p}] - want) / want
		}
	}
	if free := 8.0*filmPlaces - 1; math.Abs(chi-free) > 4*math.Sqrt(2*free) || math.Abs(off-n/10.0) > 4*math.Sqrt(n/10.0) {
		t.Errorf("chi-square of class and place is %.1f with %.0f degrees of freedom; %.0f of %d are off the screen", chi, free, off, n)
	}
	var place [3][4]float64 // of what sounds among two, three and four
	sums, squares, count := map[string]*[8]float64{}, map[string]float64{}, [8]float64{}
	for i := range 1600 {
		f := s.film(i)
		if f.sounding >= 0 {
			place[len(f.players)-2][f.sounding]++
		}
		moves := 0
		for k, p := range f.players {
			if k != f.sounding && p.way == pretends {
				moves++
			}
		}
		if moves == 0 {
			t.Errorf("film %d: nothing moves that is not heard", i)
		}
		count[f.class]++
		for _, v := range f.factors {
			if v.Name == "class" || v.Name == "pitch" || v.Name == "sounding" || v.Name == "background" {
				continue
			}
			if sums[v.Name] == nil {
				sums[v.Name] = &[8]float64{}
			}
			sums[v.Name][f.class] += v.Value
			squares[v.Name] += v.Value * v.Value
		}
	}
	for k, row := range place {
		for _, v := range row[:k+2] {
			if v < 0.75*480/float64(k+2) || v > 1.25*480/float64(k+2) {
				t.Errorf("of %d instruments they sound so often: %v", k+2, row)
				break
			}
		}
	}
	for name, of := range sums {
		mean := 0.0
		for _, v := range of {
			mean += v / 1600
		}
		spread := math.Sqrt(squares[name]/1600 - mean*mean)
		for c, v := range of {
			if math.Abs(v/count[c]-mean) > 4*spread/math.Sqrt(count[c]) {
				t.Errorf("%s of %s is %.3f, of all %.3f", name, soundClasses[c], v/count[c], mean)
			}
		}
	}
}

// TestSceneSoundsSynthesis against closed forms: e^x; a struck mode is a damped sine, at each rate; noises have the spectra of their names.
func TestSceneSoundsSynthesis(t *testing.T) {
	for x := -60.0; x < 8; x += 0.37 {
		if got, want := exponential(x), math.Exp(x); math.Abs(got-want) > 1e-12*want {
			t.Errorf("e^%g = %g, want %g", x, got, want)
		}
	}
	for _, hz := range []float64{8000, 16000, 44100} {
		m := mode{440, 0.7, 0.3}
		x := make([]float64, 5000)
		x[100] = 1
		y := make([]float64, len(x))
		m.ring(y, x, driven(x), hz)
		for n := range y {
			want := 0.0
			if n >= 100 {
				s := float64(n-100) / hz
				want = 0.7 * math.Pow(10, -3*s/0.3) * math.Sin(2*math.Pi*440*(s+1/hz))
			}
			if math.Abs(y[n]-want) > 1e-6 {
				t.Fatalf("value %d at %g Hz is %g, want %g", n, hz, y[n], want)
			}
		}
		silent := mode{0.46 * hz, 1, 1}
		z := make([]float64, len(x))
		if silent.ring(z, x, driven(x), hz); slices.Max(z) != 0 {
			t.Errorf("a mode of %g Hz sounds at %g values a second", silent.freq, hz)
		}
		p := playing{strikes: []strike{{0.0203, 0.5}, {0.1, 1}}}
		sum := 0.0
		for _, v := range p.push(0.002, 5000, hz) {
			sum += v
		}
		if math.Abs(sum-1.5) > 0.01 {
			t.Errorf("two strikes push by %g at %g Hz, want 1.5", sum, hz)
		}
	}
	for kind, slope := range map[int]float64{noiseWhite: 0, noisePink: -3} {
		a := ambience{kind: kind, seed: 5}
		p := powers(a.play(1<<18, 16000))
		octave := func(from int) (sum float64) {
			for _, v := range p[from : 2*from] {
				sum += v / float64(from)
			}
			return 10 * math.Log10(sum)
		}
		for from := 4; from <= 32; from *= 2 {
			if got := octave(2*from) - octave(from); math.Abs(got-slope) > 1 {
				t.Errorf("noise %d falls by %.2f dB from %d Hz to the next octave, want %.0f", kind, got, from*16000/512, slope)
			}
		}
	}
	hum := ambience{kind: noiseHum, hum: 50, seed: 5}
	p := powers(hum.play(1<<16, 8000))
	if peak := slices.Index(p, slices.Max(p)); peak < 2 || peak > 5 {
		t.Errorf("the hum's strongest of 256 frequencies is number %d", peak)
	}
}

func BenchmarkSceneSounds(b *testing.B) {
	for _, side := range []int{32, 64, 128} {
		b.Run(fmt.Sprintf("frame/%d", side), func(b *testing.B) {
			s := NewSceneSounds(1000, side, 36, 12, 16000, 1, Train)
			for i := range 16 {
				ClipOf(s.Dataset().Clips, i, []int{0})
			}
			for i := 0; b.Loop(); i++ {
				if _, err := ClipOf(s.Dataset().Clips, i%16, []int{i % 36}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for _, hz := range []int{8000, 16000, 48000} {
		b.Run(fmt.Sprintf("second/%d", hz), func(b *testing.B) {
			s := NewSceneSounds(1000, 16, 36, 12, hz, 1, Train)
			for i := 0; b.Loop(); i++ {
				f := s.film(i % 16)
				f.record(hz, float64(hz), 12, 12)
			}
		})
	}
	b.Run("window", func(b *testing.B) {
		s := NewSceneSounds(1000, 16, 36, 12, 16000, 1, Train)
		for i := 0; b.Loop(); i++ {
			if _, err := s.Sound(i%16, 3000, 16000); err != nil {
				b.Fatal(err)
			}
		}
	})
}
