package conformance

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/sound"
	"github.com/tessera-go/tessera/tensor"
)

// toneRate is how many values a second sounds of this room have.
const toneRate = 8000

// tones are sounds of a second: a tone of one of four heights, which is its class, that falls by a third and dies away, with an overtone and noise of its own. What is heard
// first is louder and higher: that the windows of a sound have an order is learned within seconds, and so is which windows are of one sound.
type tones struct {
	n    int
	rate int
	seed uint64
}

// toneClasses are the classes of tones, by their height.
var toneClasses = []string{"lowest", "low", "high", "highest"}

func (s tones) class(i int) int { return i % len(toneClasses) }

// values returns sound i.
func (s tones) values(i int) []float32 {
	rng := tensor.NewRNG(s.seed).Derive(uint64(i))
	hz := 220 * math.Pow(2, float64(s.class(i))+0.4*float64(rng.Float32())) // octaves, with gaps between
	over, noise, dies := 0.5*float64(rng.Float32()), 0.02*float64(rng.Float32()), 2+2*float64(rng.Float32())
	v := make([]float32, s.rate)
	phase := 2 * math.Pi * float64(rng.Float32())
	for k := range v {
		t := float64(k) / float64(s.rate)
		phase += 2 * math.Pi * hz * (1 - t/3) / float64(s.rate)
		v[k] = float32(0.5*math.Exp(-dies*t)*(math.Sin(phase)+over*math.Sin(2*phase))/(1+over) + noise*(2*float64(rng.Float32())-1))
	}
	return v
}

// soundsMade are the folders that were written.
var soundsMade sync.Mutex

// toneSounds returns a folder of such sounds, as data.Open takes it; they are written once.
func toneSounds(t *testing.T, name string, s tones) string {
	t.Helper()
	soundsMade.Lock()
	defer soundsMade.Unlock()
	dir := filepath.Join(folder, "tones", name)
	if _, err := os.Stat(dir); err == nil {
		return "audio:" + dir
	}
	for i := range s.n {
		path := filepath.Join(dir, toneClasses[s.class(i)], fmt.Sprintf("%05d.wav", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		w, err := sound.Create(path, float64(s.rate), 1, sound.Writing{})
		if err == nil {
			err = w.Write(s.values(i))
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return "audio:" + dir
}

// bounces are films with sound of two seconds: a ball that bounces, and is heard each time that it hits the floor. A bright ball sounds high and a dark one low: which sound
// belongs to which film, and when, is learned within seconds. Whether it is bright is the class.
type bounces struct {
	n    int
	side int
	seed uint64
}

// Of a film with sound.
const (
	bounceFrames = 24
	bounceRate   = 12 // frames a second
)

// bounce is a film: when the ball is on the floor, and what it is like.
type bounce struct {
	bright       float64 // from 0 to 1, with a gap in the middle
	at           int     // from the left, of 100
	back         uint8
	every, phase int // frames between two hits, and until the first one
}

func (b bounces) film(i int) bounce {
	rng := tensor.NewRNG(b.seed).Derive(uint64(i))
	f := bounce{bright: 0.4 * float64(rng.Float32()), at: rng.IntN(75), back: uint8(rng.IntN(40)), every: 7 + rng.IntN(4)}
	if i%2 == 1 {
		f.bright += 0.6
	}
	f.phase = rng.IntN(f.every)
	return f
}

// since returns how many frames ago the ball hit the floor, from 0 to every.
func (f bounce) since(frame float64) float64 {
	return math.Mod(frame-float64(f.phase)+float64(f.every), float64(f.every))
}

func (b bounces) Len() int              { return b.n }
func (b bounces) Describe(i int) string { return fmt.Sprintf("bouncing ball %d", i) }

func (b bounces) Times(int) ([]float64, error) {
	out := make([]float64, bounceFrames)
	for k := range out {
		out[k] = float64(k) / bounceRate
	}
	return out, nil
}

func (b bounces) Clip(i int, frames []int, each func(k int, im *data.Image) error) error {
	f := b.film(i)
	ball := max(2, b.side/4)
	for k, t := range frames {
		im := data.NewImage(b.side, b.side)
		u := f.since(float64(t)) / float64(f.every)
		top := int(float64(b.side-ball) * (1 - 4*u*(1-u)*0.9))
		left := (b.side - ball) * f.at / 75
		for p := range b.side * b.side {
			v := f.back
			if y, x := p/b.side, p%b.side; y >= top && y < top+ball && x >= left && x < left+ball {
				v = uint8(90 + 160*f.bright)
			}
			im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2] = v, v, v
		}
		if err := each(k, im); err != nil {
			return err
		}
	}
	return nil
}

func (b bounces) Length(int) (int, float64, error) {
	return bounceFrames * toneRate / bounceRate, toneRate, nil
}

func (b bounces) Sound(i, from, n int) ([]float32, error) {
	f := b.film(i)
	hz := 300 * math.Pow(2, 3*f.bright)
	v := make([]float32, n)
	for k := range v {
		s := f.since(float64(from+k)*bounceRate/toneRate) / bounceRate
		if float64(from+k)*bounceRate/toneRate < float64(f.phase) {
			continue // it has not hit the floor yet
		}
		v[k] = float32(0.6 * math.Exp(-s/0.08) * math.Sin(2*math.Pi*hz*s))
	}
	return v, nil
}

// bounceFilms returns a folder of such films, as data.Open takes it; they are written once.
func bounceFilms(t *testing.T, name string, b bounces) string {
	t.Helper()
	soundsMade.Lock()
	defer soundsMade.Unlock()
	dir := filepath.Join(folder, "bounces", name)
	if _, err := os.Stat(dir); err == nil {
		return "av:" + dir
	}
	for odd, class := range []string{"dark", "bright"} {
		var index []int
		for i := odd; i < b.n; i += 2 {
			index = append(index, i)
		}
		if _, err := recipe.SaveFilms(data.Inputs{Clips: b, Sounds: b}, index, filepath.Join(dir, class), ".avi"); err != nil {
			t.Fatal(err)
		}
	}
	return "av:" + dir
}

// brokenSounds are sounds of which one is none, and brokenAV films with sound of which one is none.
func brokenSounds(t *testing.T) string {
	dir := t.TempDir()
	s := tones{24, toneRate, 9}
	for i := range s.n {
		w, err := sound.Create(filepath.Join(dir, fmt.Sprintf("%05d.wav", i)), toneRate, 1, sound.Writing{})
		if err == nil {
			err = w.Write(s.values(i))
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return "audio:" + spoil(t, dir, "00005.wav")
}

func brokenAV(t *testing.T) string {
	dir := t.TempDir()
	b := bounces{24, 16, 9}
	index := make([]int, b.n)
	for i := range index {
		index[i] = i
	}
	if _, err := recipe.SaveFilms(data.Inputs{Clips: b, Sounds: b}, index, dir, ".avi"); err != nil {
		t.Fatal(err)
	}
	return "av:" + spoil(t, dir, "film-00005.avi")
}
