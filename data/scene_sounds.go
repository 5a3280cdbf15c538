package data

import (
	"crypto/sha256"
	"fmt"
	"math"
	"sync"

	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/tensor"
)

// SceneSounds is a procedural source of films with sound: some instruments of different classes, of which one is heard when it is seen to be
// struck, plucked, shaken, dropped or rolled; others move without a sound. In a tenth of the films what is heard is not on the screen. Before
// one of 32 backgrounds, and with a noise, that tell nothing of it. What is drawn and heard depends on the seed, the split, the sample's number
// and the time alone. Frames are drawn when they are asked for; a film's sound is made whole, and the last few are kept.
type SceneSounds struct {
	N, Side int
	Frames  int
	Rate    float64 // frames a second
	Hz      int     // values of sound a second
	Seed    uint64
	Split   Split
	Objects int // on the screen, 1 to 4; 0 means two to four, as drawn

	mu     sync.Mutex
	films  kept[int, *soundFilm]
	places kept[int, *layout]
	stages kept[int, *stage]
	tracks kept[int, *soundTrack]
}

// NewSceneSounds returns n films of so many frames, of side by side pixels, with hz values of sound a second.
func NewSceneSounds(n, side, frames int, rate float64, hz int, seed uint64, split Split) *SceneSounds {
	s := &SceneSounds{N: n, Side: side, Frames: frames, Rate: rate, Hz: hz, Seed: seed, Split: split}
	s.films.most, s.places.most = 16, filmPlaces
	s.stages.most = max(2, min(filmPlaces, (64<<20)/(side*side*100)))
	s.tracks.most = max(2, min(64, (32<<20)/(4*s.values())))
	return s
}

// Name returns the specification.
func (s *SceneSounds) Name() string {
	name := fmt.Sprintf("scenes:?frames=%d&hz=%d&n=%d&rate=%g&side=%d&seed=%d&sound=yes&split=%s", s.Frames, s.Hz, s.N, s.Rate, s.Side, s.Seed, s.Split)
	if s.Objects > 0 {
		name += fmt.Sprintf("&objects=%d", s.Objects)
	}
	return name
}

// Len returns the number of films.
func (s *SceneSounds) Len() int { return s.N }

// Classes returns the names of what is heard.
func (s *SceneSounds) Classes() []string { return soundClasses }

// Describe names a film.
func (s *SceneSounds) Describe(i int) string { return fmt.Sprintf("film %d (%s)", i, s.Split) }

// Fingerprint hashes the parameters and the version of drawing and sound.
func (s *SceneSounds) Fingerprint() string { return fingerprint("scene sounds 1", s.Name()) }

func (s *SceneSounds) draws(i int) draws {
	split := uint64(0)
	if s.Split == Test {
		split = 1
	}
	return draws{tensor.NewRNG(s.Seed).Derive(stream.Sounds, split, uint64(i))}
}

// Label returns the class of what is heard, without composing the film.
func (s *SceneSounds) Label(i int) int { return newTold(s.draws(i)).class }

func (s *SceneSounds) film(i int) *soundFilm {
	return s.films.get(&s.mu, i, func() *soundFilm {
		return newSoundFilm(s.draws(i), float64(s.Frames)/s.Rate, s.Objects, func(k int) *layout {
			return s.places.get(&s.mu, k, func() *layout { return newPlace(s.Seed, k) })
		})
	})
}

func (s *SceneSounds) track(i int) *soundTrack {
	return s.tracks.get(&s.mu, i, func() *soundTrack { return s.film(i).record(s.values(), float64(s.Hz), s.Frames, s.Rate) })
}

// canvas returns the buffers of a frame with everything in them, and what the film's frames have in common.
func (s *SceneSounds) canvas(i, frame int) (*soundFilm, *canvas, *stage) {
	f := s.film(i)
	shared := s.stages.get(&s.mu, f.place, func() *stage { return newStage(f.back, f.still(), s.Side) })
	c, st := f.layoutAt(s.time(frame)).frameCanvas(f.still(), s.Side, shared)
	return f, c, st
}

// values is how many a film's sound has: it lasts as long as the frames are shown.
func (s *SceneSounds) values() int {
	return int(math.Floor(float64(float64(s.Frames)/s.Rate*float64(s.Hz)) + 0.5))
}

// time of a frame, in seconds.
func (s *SceneSounds) time(frame int) float64 { return float64(frame) / s.Rate }

// check says what is wrong with a frame's number.
func (s *SceneSounds) check(i, frame int) error {
	if frame < 0 || frame >= s.Frames {
		return fmt.Errorf("%s has frames 0 to %d, not %d", s.Describe(i), s.Frames-1, frame)
	}
	return nil
}

// Times returns the time of every frame.
func (s *SceneSounds) Times(int) ([]float64, error) {
	out := make([]float64, s.Frames)
	for t := range out {
		out[t] = s.time(t)
	}
	return out, nil
}

// Clip draws frames of film i.
func (s *SceneSounds) Clip(i int, frames []int, each func(k int, im *Image) error) error {
	for k, t := range frames {
		if err := s.check(i, t); err != nil {
			return err
		}
		f, c, stage := s.canvas(i, t)
		if err := each(k, f.draw(c, stage, f.still(), t)); err != nil {
			return err
		}
	}
	return nil
}

// Length returns how many values the sound of a film has, and how many make a second.
func (s *SceneSounds) Length(int) (n int, rate float64, err error) {
	return s.values(), float64(s.Hz), nil
}

// Sound returns n values of the sound of film i.
func (s *SceneSounds) Sound(i, from, n int) ([]float32, error) {
	if all := s.values(); from < 0 || n < 0 || n > all-from {
		return nil, fmt.Errorf("%s has %d values of sound, not %d from %d on", s.Describe(i), all, n, from)
	}
	return append([]float32(nil), s.track(i).pcm[from:from+n]...), nil
}

// Frame returns what is known about a frame. Boxes are of the instruments first, each of another class; those of class -1 are what plays and holds them.
// Where something on the screen is heard its class is the film's label, and Sounding says in which frames.
func (s *SceneSounds) Frame(i, t int) (FrameTruth, error) {
	if err := s.check(i, t); err != nil {
		return FrameTruth{}, err
	}
	f, c, _ := s.canvas(i, t)
	var next *layout
	if t+1 < s.Frames {
		next = f.layoutAt(s.time(t + 1))
	}
	return f.truth(c, next, s.track(i).heard[t]), nil
}

// soundWhere are the classes of the division that says where what is heard is.
var soundWhere = []string{"on the screen", "off the screen"}

// Groups are divisions of films, and so of their frames: what sounds, before which background, and whether it is off the screen.
func (s *SceneSounds) Groups() map[string][]string {
	return map[string][]string{"sounding": soundClasses, "background": placeNames(), "offscreen": soundWhere}
}

// Group returns the class of film i in a division, for each of its frames.
func (s *SceneSounds) Group(name string, i, t int) int {
	if s.check(i, t) != nil {
		return -1
	}
	told := newTold(s.draws(i))
	switch name {
	case "sounding":
		return told.class
	case "background":
		return told.place
	case "offscreen":
		if told.off {
			return 1
		}
		return 0
	}
	return -1
}

// Dataset returns the films with what is known about them.
func (s *SceneSounds) Dataset() *Dataset {
	t := soundTruth{s}
	groups := map[string]Labels{}
	for name, classes := range s.Groups() {
		groups[name] = &soundGroup{s, name, classes}
	}
	return &Dataset{Name: s.Name(), Fingerprint: s.Fingerprint(), Inputs: Inputs{Clips: soundClips{s}, Sounds: soundClips{s}},
		Truth: Truth{Labels: t, Frames: t, Sizes: t, Groups: groups}}
}

// soundClips are the films alone.
type soundClips struct{ s *SceneSounds }

func (c soundClips) Len() int                       { return c.s.Len() }
func (c soundClips) Describe(i int) string          { return c.s.Describe(i) }
func (c soundClips) Times(i int) ([]float64, error) { return c.s.Times(i) }
func (c soundClips) Clip(i int, frames []int, each func(k int, im *Image) error) error {
	return c.s.Clip(i, frames, each)
}
func (c soundClips) Length(i int) (n int, rate float64, err error) { return c.s.Length(i) }
func (c soundClips) Sound(i, from, n int) ([]float32, error)       { return c.s.Sound(i, from, n) }

// Hash of a film is of what it is drawn from.
func (c soundClips) Hash(i int) (Hash, error) {
	return sha256.Sum256(fmt.Appendf(nil, "scene sound %d %d %d %g %d %d %s %d", c.s.Objects, c.s.Side, c.s.Frames, c.s.Rate, c.s.Hz, c.s.Seed, c.s.Split, i)), nil
}

// soundTruth is what is known about them.
type soundTruth struct{ s *SceneSounds }

func (f soundTruth) Classes() []string                  { return f.s.Classes() }
func (f soundTruth) Label(i int) int                    { return f.s.Label(i) }
func (f soundTruth) Frame(i, t int) (FrameTruth, error) { return f.s.Frame(i, t) }
func (f soundTruth) Size(int) (h, w int, err error)     { return f.s.Side, f.s.Side, nil }
func (f soundTruth) Groups() map[string][]string        { return f.s.Groups() }
func (f soundTruth) Group(name string, i, t int) int    { return f.s.Group(name, i, t) }

// soundGroup is a division of films.
type soundGroup struct {
	s       *SceneSounds
	name    string
	classes []string
}

func (g *soundGroup) Classes() []string { return g.classes }
func (g *soundGroup) Label(i int) int   { return g.s.Group(g.name, i, 0) }
