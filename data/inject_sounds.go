package data

import (
	"math"
	"sort"
)

// injectedSounds are sounds with traces. A value's trace depends on its number alone, so that a window is the slice of the whole.
type injectedSounds struct {
	Sounds
	clips Clips // the films they belong to; nil for none
	list  []injection
}

// soundWindow is where values lie in a sound: the first is value from of the recording.
type soundWindow struct {
	from   int
	rate   float64
	film   bool      // the sound is of a film
	frames []float64 // the seconds at which the film's frames begin
}

func (s *injectedSounds) Sound(i, from, n int) ([]float32, error) {
	x, err := s.Sounds.Sound(i, from, n)
	if err != nil {
		return nil, err
	}
	w := soundWindow{from: from, film: s.clips != nil}
	if _, w.rate, err = s.Length(i); err != nil {
		return nil, err
	}
	if w.film {
		if w.frames, err = s.clips.Times(i); err != nil {
			return nil, err
		}
	}
	x = append([]float32(nil), x...) // the source's may be its own
	for _, j := range s.list {
		j.hear(w, x, j.by)
	}
	return x, nil
}

// Hash is of the sample without traces: the same sound with others is the same sample.
func (s *injectedSounds) Hash(i int) (Hash, error) { return ContentHash(s.Sounds, i) }

func (s *injectedSounds) size(i int) int64 {
	if of, ok := s.Sounds.(measured); ok {
		return of.size(i)
	}
	return -1
}

func (s *injectedSounds) Facts(i int) (SoundFacts, error) { return FactsOf(s.Sounds, i) }

const (
	stumbles  = 0.005 // seconds until a sound is as loud again as it was
	usualRate = 25    // frames a second of recordings alone
)

// stumble makes sound quieter where a frame begins: t seconds later, up to 5 ms, it is multiplied by 1 - by·(1 - t/0.005). So it is as loud as the sound, silence
// stays silent, and the step is heard at all frequencies. It stands for whatever coding a frame's sound by itself does at its edge, and is no codec's own.
func stumble(w soundWindow, x []float32, by float64) {
	next := 0 // frame of the film that begins after the value
	if w.film {
		at := float64(w.from) / w.rate
		next = sort.Search(len(w.frames), func(k int) bool { return w.frames[k] > at })
	}
	for k := range x {
		t := float64(w.from+k) / w.rate
		if !w.film {
			t = max(0, t-math.Floor(t*usualRate)/usualRate)
		} else {
			for next < len(w.frames) && w.frames[next] <= t {
				next++
			}
			if next == 0 {
				continue
			}
			t -= w.frames[next-1]
		}
		if t < stumbles {
			x[k] = float32(float64(x[k]) * (1 - float64(by*(1-t/stumbles))))
		}
	}
}
