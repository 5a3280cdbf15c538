package conformance

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
)

// hertz counts how often a sound rises through zero in a second.
func hertz(v []float32, rate float64) float64 {
	n := 0
	for i := 1; i < len(v); i++ {
		if v[i-1] < 0 && v[i] >= 0 {
			n++
		}
	}
	return float64(n) * rate / float64(len(v))
}

func loudness(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum / float64(len(v)))
}

// TestTones: of the sounds that tasks are tried on the class is the height, and what comes first is louder.
func TestTones(t *testing.T) {
	for name, s := range map[string]tones{"tried": {16, toneRate, 1}, "other": {8, 11025, 2}} {
		d := opened(t, toneSounds(t, name, s))
		if d.Len() != s.n || d.Kinds() != "sounds" || len(d.Truth.Classes()) != 4 || len(d.Notes) != 0 {
			t.Fatal(d.Len(), d.Kinds(), d.Truth.Classes(), d.Notes)
		}
		for i := range d.Len() {
			n, rate, err := d.Sounds.Length(i)
			if err != nil || n != s.rate || rate != float64(s.rate) {
				t.Fatal(n, rate, err)
			}
			v, err := d.Sounds.Sound(i, 0, n)
			if err != nil {
				t.Fatal(err)
			}
			class := slices.Index(toneClasses, d.Truth.Classes()[d.Truth.Label(i)])
			if hz, low := hertz(v[:n/8], rate), 220*math.Pow(2, float64(class)); !(hz > 0.85*low && hz < 1.45*low) {
				t.Errorf("%s has %g Hz", d.Describe(i), hz)
			}
			if a, b := loudness(v[:n/4]), loudness(v[3*n/4:]); !(a > 1.5*b && b > 0.001) {
				t.Errorf("%s is as loud as %g, and at its end %g", d.Describe(i), a, b)
			}
		}
	}
}

// TestBounces: the ball of a film with sound is heard when it is on the floor, and high where it is bright.
func TestBounces(t *testing.T) {
	b := bounces{12, 16, 3}
	d := opened(t, bounceFilms(t, "tried", b))
	if d.Len() != b.n || d.Kinds() != "films and sounds" || strings.Join(d.Truth.Classes(), " ") != "bright dark" {
		t.Fatal(d.Len(), d.Kinds(), d.Truth.Classes())
	}
	hits := 0
	for i := range d.Len() {
		n, rate, err := d.Sounds.Length(i)
		if err != nil || math.Abs(float64(n)/rate-2) > 0.01 {
			t.Fatal(n, rate, err)
		}
		var lowest [bounceFrames]int // the row of the middle of what is bright
		lights := 0.0
		all := make([]int, bounceFrames)
		for k := range all {
			all[k] = k
		}
		if err := d.Clips.Clip(i, all, func(k int, im *data.Image) error {
			for p := range im.H * im.W {
				if v := im.Pix[3*p]; v > 70 {
					lowest[k] = max(lowest[k], p/im.W)
					lights = max(lights, float64(v))
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		bright := d.Truth.Classes()[d.Truth.Label(i)] == "bright"
		if bright != (lights > 170) {
			t.Errorf("%s is as bright as %g", d.Describe(i), lights)
		}
		for k := 1; k < bounceFrames-1; k++ {
			at := k * toneRate / bounceRate
			v, err := d.Sounds.Sound(i, at, 400)
			if err != nil {
				t.Fatal(err)
			}
			before, _ := d.Sounds.Sound(i, at-100, 100)
			onFloor := lowest[k] == 15 && lowest[k-1] < 15
			if heard := loudness(v) > 3*loudness(before)+0.02; heard != onFloor {
				t.Errorf("%s, frame %d: on the floor %v, heard %v", d.Describe(i), k, onFloor, heard)
			}
			if onFloor {
				hits++
				if hz := hertz(v, toneRate); bright != (hz > 850) {
					t.Errorf("%s has %g Hz", d.Describe(i), hz)
				}
			}
		}
	}
	if hits < 12 {
		t.Errorf("%d hits were looked at", hits)
	}
}
