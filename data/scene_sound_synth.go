package data

import "math"

// Sounds are made by modal synthesis: a solid that is struck rings with its modes, each a damped sine (van den Doel and Pai, "The Sounds of Physical
// Shapes", 1998), and what rubs or rattles drives some of them by noise. As with pictures, no product is fused and no function of package
// math is used that may differ from machine to machine.

// mode is a damped resonance.
type mode struct {
	freq float64 // Hz
	amp  float64
	fade float64 // seconds until it is 60 dB weaker
}

// voice is what something sounds like.
type voice struct {
	modes   []mode  // rung by strikes
	contact float64 // seconds that a strike lasts: short is bright
	hiss    []mode  // driven by noise for as long as it rubs, and after a strike
	after   float64 // seconds until the noise of a strike is 60 dB weaker; 0 for none
}

// strike is a moment at which something is struck.
type strike struct {
	t     float64 // seconds
	speed float64 // part of the largest
}

// playing is what is done to something.
type playing struct {
	strikes []strike                // rising
	effort  func(t float64) float64 // how hard it rubs, 0 to 1; nil for not at all
}

// exponential is e^x, within 1e-14 of it for |x| < 64: Taylor's series for a 1/2^k of x, squared k times.
func exponential(x float64) float64 {
	squares := 0
	for math.Abs(x) > 0.0625 {
		x, squares = float64(x*0.5), squares+1
	}
	y := 1.0
	for n := 9.0; n >= 1; n-- {
		y = 1 + float64(x*y)/n
	}
	for range squares {
		y = float64(y * y)
	}
	return y
}

// decibels returns the ratio of amplitudes.
func decibels(db float64) float64 { return exponential(float64(db * 0.11512925464970229)) }

// fading returns by how much a second of values, so many, loses each for 60 dB in some seconds.
func fading(seconds, hz float64) float64 {
	return exponential(-6.907755278982137 / float64(seconds*hz))
}

// quiet is the block of values in which a mode that has faded and is not driven is left out.
const quiet = 64

// driven says of each block of quiet values whether there is something in it.
func driven(x []float64) []bool {
	out := make([]bool, (len(x)+quiet-1)/quiet)
	for i, v := range x {
		if v != 0 {
			out[i/quiet] = true
		}
	}
	return out
}

// ring adds to y what a mode answers to x: y[n] = x[n] + 2r·cos θ·y[n-1] - r²·y[n-2], scaled to the amplitude of its sine. A mode that the rate
// cannot hold is left out.
func (m *mode) ring(y, x []float64, on []bool, hz float64) {
	if m.freq > float64(0.45*hz) {
		return
	}
	r := fading(m.fade, hz)
	s, c := sincos(float64(6.283185307179586*m.freq) / hz)
	gain, a, b := float64(m.amp*s), float64(2*r*c), float64(r*r)
	y1, y2 := 0.0, 0.0
	for k := range on {
		if !on[k] && math.Abs(y1) < 1e-9 && math.Abs(y2) < 1e-9 {
			y1, y2 = 0, 0
			continue
		}
		end := min((k+1)*quiet, len(x))
		for n := k * quiet; n < end; n++ {
			v := float64(gain*x[n]) + float64(a*y1) - float64(b*y2)
			y1, y2 = v, y1
			y[n] += v
		}
	}
}

// push returns the force of strikes, a raised cosine each, of the speed's area and at least two values wide: it begins at the first value after the moment itself.
func (p *playing) push(contact float64, n int, hz float64) []float64 {
	x := make([]float64, n)
	contact = math.Max(contact, 2/hz)
	peak := 2 / float64(contact*hz)
	for _, s := range p.strikes {
		for i := max(0, int(math.Floor(float64(s.t*hz)))+1); i < n; i++ {
			u := (float64(i)/hz - s.t) / contact
			if u >= 1 {
				break
			}
			_, c := sincos(float64(6.283185307179586 * u))
			x[i] += float64(s.speed * peak * 0.5 * (1 - c))
		}
	}
	return x
}

// rub returns noise as strong as what is rubbed or was struck just now.
func (p *playing) rub(after float64, n int, hz float64, seed uint32) []float64 {
	x := make([]float64, n)
	level, r, next := 0.0, 0.0, 0
	if after > 0 {
		r = fading(after, hz)
	}
	for i := range x {
		t := float64(i) / hz
		for level = float64(level * r); next < len(p.strikes) && p.strikes[next].t < t; next++ {
			if after > 0 {
				level += p.strikes[next].speed
			}
		}
		strong := level
		if strong < 1e-6 {
			strong, level = 0, 0
		}
		if p.effort != nil {
			strong += p.effort(t)
		}
		if strong > 0 {
			x[i] = float64(strong * white(i, seed))
		}
	}
	return x
}

// white is value i of a noise of variance 1, without correlation: a sum of two uniform numbers.
func white(i int, seed uint32) float64 {
	return float64(2.449489742783178 * (hashUnit(int32(i), 1, 7, seed) + hashUnit(int32(i), 2, 7, seed) - 1))
}

// play returns n values of the sound, at hz a second.
func (v *voice) play(p *playing, n int, hz float64, seed uint32) []float64 {
	y := make([]float64, n)
	x := p.push(v.contact, n, hz)
	on := driven(x)
	for i := range v.modes {
		v.modes[i].ring(y, x, on, hz)
	}
	if len(v.hiss) == 0 {
		return y
	}
	x = p.rub(v.after, n, hz, seed)
	on = driven(x)
	for i := range v.hiss {
		m := v.hiss[i]
		m.amp = m.amp / math.Sqrt(float64(m.fade*hz)) // noise adds up in a mode for as long as it rings
		m.ring(y, x, on, hz)
	}
	return y
}

// The kinds of noise that a place has.
const (
	noiseWhite = iota
	noisePink  // as strong in each octave
	noiseHum   // of the mains, with some white noise
	noises
)

// ambience is the noise of a place, which belongs to nothing in it.
type ambience struct {
	kind  int
	below float64 // dB below what sounds
	hum   float64 // Hz
	seed  uint32
}

func newAmbience(r draws) ambience {
	return ambience{r.IntN(noises), r.u(20, 40), [2]float64{50, 60}[r.IntN(2)], r.Uint32()}
}

// play returns the noise, of any level.
func (a *ambience) play(n int, hz float64) []float64 {
	y := make([]float64, n)
	switch a.kind {
	case noiseWhite:
		for i := range y {
			y[i] = white(i, a.seed)
		}
	case noisePink: // low passes an octave and a half apart, each of the same power
		for c := uint32(0); c < 7; c++ {
			corner := float64(20 * [7]float64{1, 2.83, 8, 22.6, 64, 181, 362}[c])
			k := 1 - exponential(-float64(6.283185307179586*corner)/hz)
			gain, low := math.Sqrt((2-k)/k), 0.0
			for i := range y {
				low += float64(k * (white(i, a.seed+c) - low))
				y[i] += float64(gain * low)
			}
		}
	default:
		x := make([]float64, n)
		for i := range y {
			y[i] = float64(0.05 * white(i, a.seed))
		}
		if n > 0 {
			x[0] = 1
		}
		on := driven(x)
		for k := range on {
			on[k] = true
		}
		for k := 1.0; k <= 7; k++ {
			m := mode{float64(a.hum * k), 1 / float64(k*(0.5+hashUnit(int32(k), 0, 0, a.seed))), 1e9}
			m.ring(y, x, on, hz)
		}
	}
	return y
}

// power is the mean of squares.
func power(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v * v)
	}
	return sum / math.Max(float64(len(x)), 1)
}
