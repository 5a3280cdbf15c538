package data

import (
	"fmt"
	"math"
	"os"
	"sync"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/sound"
)

// OpenAV opens the films with sound of a tree as OpenVideo does: clips, and sounds of the same numbers. Films without a stream of sound are left out, and a note counts them: each
// file's headers are looked at when the set is opened, a few files at a time (sound.In), and what they say is remembered while the program runs. A film of which even
// that fails stays, and is an error of that sample when it is read.
//
// Value k of a film's sound is heard k/rate seconds after its first frame: where the sound begins later there is silence before it, and what is heard before the
// first frame is left out. Sound and picture may end at different times.
func OpenAV(path string, o FilmOptions) (*Dataset, error) {
	v, notes, err := newVideos(path, "av")
	if err != nil {
		return nil, err
	}
	there := make([]bool, len(v.files))
	parallel.For(len(there), func(i int) { there[i] = hasSound(v.Describe(i)) })
	var files, silent []string
	var sizes []int64
	for i, is := range there {
		if is {
			files, sizes = append(files, v.files[i]), append(sizes, v.sizes[i])
		} else {
			silent = append(silent, v.files[i])
		}
	}
	switch {
	case len(files) == 0 && len(silent) == 1:
		return nil, fmt.Errorf("%s has no sound; video:PATH takes films without", v.Describe(0))
	case len(files) == 0:
		return nil, fmt.Errorf("%s: none of %d films has sound; video:PATH takes films without", path, len(silent))
	case len(silent) > 0:
		notes = append(notes, fmt.Sprintf("%s: %d of %d films have no sound and are left out: %s", path, len(silent), len(there), spec.Few(silent, mostNamed)))
	}
	v.files, v.sizes, v.times = files, sizes, make([]filmTimes, len(files))
	s := spec.Spec{Kind: "av", Path: path}
	of := newSoundFiles(v.dir, files, sizes)
	d := &Dataset{Name: s.String(), Fingerprint: fingerprint("av", v.parts()...), Notes: notes, Inputs: Inputs{Clips: v, Sounds: &filmSounds{of}}, later: &of.quiet.later}
	return filmParts(d, s, files, o)
}

func openAV(path string, v *spec.Values, split Split) (*Dataset, error) {
	o := filmOptions(v, split)
	if v.Err() != nil {
		return nil, v.Err()
	}
	return OpenAV(path, o)
}

// withSound remembers which files have sound; it is emptied where it would grow without end.
var withSound struct {
	sync.Mutex
	has map[filmStat]bool
}

// filmStat is a file as it was when it was looked at.
type filmStat struct {
	path string
	size int64
	when int64
}

const mostWithSound = 1 << 18

// hasSound tells whether a film has sound; so has one of which that cannot be told, since whoever reads it says why.
func hasSound(path string) bool {
	var key filmStat
	if st, err := os.Stat(path); err == nil {
		key = filmStat{path, st.Size(), st.ModTime().UnixNano()}
	}
	withSound.Lock()
	has, known := withSound.has[key]
	withSound.Unlock()
	if known {
		return has
	}
	has, err := sound.In(path, sound.Options{})
	if err != nil {
		return true
	}
	withSound.Lock()
	defer withSound.Unlock()
	if withSound.has == nil || len(withSound.has) >= mostWithSound {
		withSound.has = map[filmStat]bool{}
	}
	withSound.has[key] = has
	return has
}

// filmSounds are the sound of films on the films' clock.
type filmSounds struct{ files *soundFiles }

// longestDelay is how many seconds the sound of a film may begin after its pictures, or before them.
const longestDelay = 24 * 3600

func (s *filmSounds) Len() int                   { return s.files.Len() }
func (s *filmSounds) Describe(i int) string      { return s.files.Describe(i) }
func (s *filmSounds) size(i int) int64           { return s.files.size(i) }
func (s *filmSounds) Hash(i int) (Hash, error)   { return s.files.Hash(i) }
func (s *filmSounds) before(k keptFacts) (n int) { return int(math.Round(k.delay * k.Rate)) }

// Facts returns what the sound of film i is, with its length on the film's clock.
func (s *filmSounds) Facts(i int) (SoundFacts, error) {
	k := s.files.fact(i)
	switch {
	case k.err != nil:
		return SoundFacts{}, k.err
	case !(math.Abs(k.delay) <= longestDelay):
		return SoundFacts{}, fmt.Errorf("%s: its sound begins %.6g s after its first frame, more than a day", s.Describe(i), k.delay)
	}
	f := k.SoundFacts
	if f.Length += s.before(k); f.Length < 1 {
		return SoundFacts{}, fmt.Errorf("%s: its sound ends before its first frame is shown", s.Describe(i))
	}
	return f, nil
}

func (s *filmSounds) Length(i int) (int, float64, error) {
	f, err := s.Facts(i)
	return f.Length, f.Rate, err
}

func (s *filmSounds) Sound(i, from, n int) ([]float32, error) {
	f, err := s.Facts(i)
	if err == nil {
		err = inSound(s, i, from, n, f.Length)
	}
	if err != nil {
		return nil, err
	}
	first := s.before(s.files.fact(i)) // value of the film's clock at which the file's first one is
	silence := min(n, max(0, first-from))
	v, err := s.files.Sound(i, max(0, from-first), n-silence)
	if err != nil || silence == 0 {
		return v, err
	}
	return append(make([]float32, silence, n), v...), nil
}
