package data

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/tensor"
)

// SceneFilms is a procedural source of films: a person does one of several actions before one of 32 backgrounds that tells nothing of it,
// in clothes, of a build, seen from a side and lit as drawn. What moves obeys gravity. What is drawn depends on the seed, the split, the
// sample's number, and the time alone; the side says only how finely. Frames are drawn when they are asked for.
type SceneFilms struct {
	N, Side int
	Frames  int
	Rate    float64 // frames a second
	Seed    uint64
	Split   Split

	mu     sync.Mutex
	films  kept[int, *filmLayout]
	places kept[int, *layout]
	stages kept[int, *stage]
}

// NewSceneFilms returns n films of so many frames, of side by side pixels.
func NewSceneFilms(n, side, frames int, rate float64, seed uint64, split Split) *SceneFilms {
	s := &SceneFilms{N: n, Side: side, Frames: frames, Rate: rate, Seed: seed, Split: split}
	s.films.most, s.places.most = 16, filmPlaces
	s.stages.most = max(2, min(filmPlaces, (64<<20)/(side*side*100)))
	return s
}

// Name returns the specification.
func (s *SceneFilms) Name() string {
	return fmt.Sprintf("scenes:?frames=%d&n=%d&rate=%g&side=%d&seed=%d&split=%s", s.Frames, s.N, s.Rate, s.Side, s.Seed, s.Split)
}

// Len returns the number of films.
func (s *SceneFilms) Len() int { return s.N }

// Classes returns the names of the actions.
func (s *SceneFilms) Classes() []string { return filmActions }

// Describe names a film.
func (s *SceneFilms) Describe(i int) string { return fmt.Sprintf("film %d (%s)", i, s.Split) }

// Fingerprint hashes the parameters and the version of the drawing.
func (s *SceneFilms) Fingerprint() string { return fingerprint("scene films 1", s.Name()) }

func (s *SceneFilms) draws(i int) draws {
	split := uint64(0)
	if s.Split == Test {
		split = 1
	}
	return draws{tensor.NewRNG(s.Seed).Derive(stream.Films, split, uint64(i))}
}

// Label returns the action, without composing the film.
func (s *SceneFilms) Label(i int) int { return s.draws(i).IntN(len(filmActions)) }

func (s *SceneFilms) film(i int) *filmLayout {
	return s.films.get(&s.mu, i, func() *filmLayout {
		return newFilm(s.draws(i), float64(s.Frames)/s.Rate, func(k int) *layout {
			return s.places.get(&s.mu, k, func() *layout { return newPlace(s.Seed, k) })
		})
	})
}

// stage returns what a film's frames have in common; nil where the camera moves.
func (s *SceneFilms) stage(f *filmLayout) *stage {
	if f.camera.kind != cameraStill {
		return nil
	}
	return s.stages.get(&s.mu, f.place, func() *stage { return newStage(f.back, f.still(), s.Side) })
}

// time of a frame, in seconds.
func (s *SceneFilms) time(frame int) float64 { return float64(frame) / s.Rate }

// check says what is wrong with a frame's number.
func (s *SceneFilms) check(i, frame int) error {
	if frame < 0 || frame >= s.Frames {
		return fmt.Errorf("%s has frames 0 to %d, not %d", s.Describe(i), s.Frames-1, frame)
	}
	return nil
}

// Times returns the time of every frame.
func (s *SceneFilms) Times(int) ([]float64, error) {
	out := make([]float64, s.Frames)
	for t := range out {
		out[t] = s.time(t)
	}
	return out, nil
}

// Clip draws frames of film i.
func (s *SceneFilms) Clip(i int, frames []int, each func(k int, im *Image) error) error {
	f := s.film(i)
	for k, t := range frames {
		err := s.check(i, t)
		if err == nil {
			c, stage := f.frameCanvas(s.time(t), s.Side, s.stage(f))
			err = each(k, f.draw(c, stage, t))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Frame returns what is known about a frame.
func (s *SceneFilms) Frame(i, t int) (FrameTruth, error) {
	if err := s.check(i, t); err != nil {
		return FrameTruth{}, err
	}
	f := s.film(i)
	c, _ := f.frameCanvas(s.time(t), s.Side, s.stage(f))
	var next *layout
	if t+1 < s.Frames {
		next = f.layoutAt(s.time(t + 1))
	}
	return f.truth(c, next, s.time(t)), nil
}

// Groups are the divisions of frames: the action; the phase, a quarter of an action's round; the pose, what the body's joints are like whatever
// the action; and the background.
func (s *SceneFilms) Groups() map[string][]string {
	phases := make([]string, 0, 4*len(filmActions))
	for _, a := range filmActions {
		for q := range 4 {
			phases = append(phases, fmt.Sprintf("%s %d/4", a, q+1))
		}
	}
	return map[string][]string{"action": filmActions, "phase": phases, "pose": filmPoses, "background": placeNames()}
}

// placeNames are the classes of the backgrounds.
func placeNames() []string {
	out := make([]string, filmPlaces)
	for k := range out {
		out[k] = fmt.Sprintf("place %d", k)
	}
	return out
}

// Group returns the class of frame t of film i in a division.
func (s *SceneFilms) Group(name string, i, t int) int {
	if s.check(i, t) != nil {
		return -1
	}
	switch name {
	case "action":
		return s.Label(i)
	case "background":
		r := s.draws(i)
		r.IntN(len(filmActions))
		return r.IntN(filmPlaces)
	case "phase":
		f := s.film(i)
		return 4*f.action + min(int(float64(4*f.motion.at(s.time(t)).phase)), 3)
	case "pose":
		f := s.film(i)
		m := f.motion.at(s.time(t))
		p := m.posture(f.body)
		return p.class(f.body)
	}
	return -1
}

// Dataset returns the films with what is known about them.
func (s *SceneFilms) Dataset() *Dataset {
	return &Dataset{Name: s.Name(), Fingerprint: s.Fingerprint(), Inputs: Inputs{Clips: sceneClips{s}}, Truth: Truth{Labels: filmTruth{s}, Frames: filmTruth{s}, Sizes: filmTruth{s}}}
}

// sceneClips are the films alone.
type sceneClips struct{ s *SceneFilms }

func (c sceneClips) Len() int                       { return c.s.Len() }
func (c sceneClips) Describe(i int) string          { return c.s.Describe(i) }
func (c sceneClips) Times(i int) ([]float64, error) { return c.s.Times(i) }
func (c sceneClips) Clip(i int, frames []int, each func(k int, im *Image) error) error {
	return c.s.Clip(i, frames, each)
}

// Hash of a film is of what it is drawn from.
func (c sceneClips) Hash(i int) (Hash, error) {
	return sha256.Sum256(fmt.Appendf(nil, "scene film %d %d %g %d %s %d", c.s.Side, c.s.Frames, c.s.Rate, c.s.Seed, c.s.Split, i)), nil
}

// filmTruth is what is known about them.
type filmTruth struct{ s *SceneFilms }

func (f filmTruth) Classes() []string                  { return f.s.Classes() }
func (f filmTruth) Label(i int) int                    { return f.s.Label(i) }
func (f filmTruth) Frame(i, t int) (FrameTruth, error) { return f.s.Frame(i, t) }
func (f filmTruth) Size(int) (h, w int, err error)     { return f.s.Side, f.s.Side, nil }
func (f filmTruth) Groups() map[string][]string        { return f.s.Groups() }
func (f filmTruth) Group(name string, i, t int) int    { return f.s.Group(name, i, t) }

// kept are the last values that were asked for. A value is made once, by whoever asks first, while others wait for it alone.
type kept[K comparable, V any] struct {
	most  int
	clock int
	of    map[K]*keptValue[V]
}

type keptValue[V any] struct {
	once sync.Once
	used int
	v    V
}

func (k *kept[K, V]) get(mu *sync.Mutex, key K, make func() V) V {
	mu.Lock()
	e := k.of[key]
	if e == nil {
		if k.of == nil {
			k.of = map[K]*keptValue[V]{}
		}
		if len(k.of) >= max(k.most, 1) { // the one that was asked for longest ago goes
			oldest, when := key, k.clock+1
			for q, o := range k.of {
				if o.used < when {
					oldest, when = q, o.used
				}
			}
			delete(k.of, oldest)
		}
		e = &keptValue[V]{}
		k.of[key] = e
	}
	k.clock++
	e.used = k.clock
	mu.Unlock()
	e.once.Do(func() { e.v = make() })
	return e.v
}
