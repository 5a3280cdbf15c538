package data

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/tessera-go/tessera/sound"
)

// soundsOpen are how many recordings are open at once.
const soundsOpen = 64

// soundFiles are recordings in files. One is opened when something of it is asked for, and closed when others are.
type soundFiles struct {
	dir   string
	files []string // relative, sorted
	sizes []int64
	open  openFiles[*sound.Recording]
	quiet silence

	mu    sync.Mutex
	facts []keptFacts
}

// keptFacts are what a recording is, or why it is none.
type keptFacts struct {
	known bool
	SoundFacts
	delay float64 // when value 0 of the file is heard, in seconds after a film's first frame
	err   error
}

// SoundFacts are what is known of a recording without decoding its values.
type SoundFacts struct {
	Format   string // "WAV (16 bits)"; empty of sounds that are in no file
	Channels int
	Rate     float64 // values of a channel a second
	Length   int     // values of a channel; of a film those from its first frame on
	Notes    []string
}

// newSoundFiles returns the sound in files, whose paths are relative to a folder.
func newSoundFiles(dir string, files []string, sizes []int64) *soundFiles {
	s := &soundFiles{dir: dir, files: files, sizes: sizes, facts: make([]keptFacts, len(files))}
	s.open.most, s.open.open = soundsOpen, func(i int) (*sound.Recording, error) {
		r, err := sound.Open(s.Describe(i), sound.Options{})
		return r, s.in(i, err)
	}
	return s
}

// in adds the folder to an error that names the file.
func (s *soundFiles) in(i int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", filepath.Dir(s.Describe(i)), err)
}

func (s *soundFiles) Len() int         { return len(s.files) }
func (s *soundFiles) size(i int) int64 { return s.sizes[i] }

func (s *soundFiles) Describe(i int) string {
	return filepath.Join(s.dir, filepath.FromSlash(s.files[i]))
}

// Hash is of the file's bytes.
func (s *soundFiles) Hash(i int) (Hash, error) { return hashFile(s.Describe(i)) }

// hashFile returns the hash of a file's bytes.
func hashFile(path string) (Hash, error) {
	f, err := os.Open(path)
	if err != nil {
		return Hash{}, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return Hash(h.Sum(nil)), err
}

// Facts returns what recording i is.
func (s *soundFiles) Facts(i int) (SoundFacts, error) {
	k := s.fact(i)
	return k.SoundFacts, k.err
}

// fact opens recording i, once.
func (s *soundFiles) fact(i int) keptFacts {
	s.mu.Lock()
	k := s.facts[i]
	s.mu.Unlock()
	if k.known {
		return k
	}
	k.known = true
	k.err = s.open.use(i, func(r *sound.Recording) error {
		if r.Len() > math.MaxInt {
			return fmt.Errorf("%s has %d values, more than can be counted here", s.Describe(i), r.Len())
		}
		k.SoundFacts = SoundFacts{Format: r.Format(), Channels: r.Channels(), Rate: r.Rate(), Length: int(r.Len()), Notes: r.Notes()}
		k.delay = r.Delay()
		return nil
	})
	s.mu.Lock()
	s.facts[i] = k
	s.mu.Unlock()
	return k
}

func (s *soundFiles) Length(i int) (int, float64, error) {
	k, err := s.Facts(i)
	return k.Length, k.Rate, err
}

func (s *soundFiles) Sound(i, from, n int) ([]float32, error) {
	length, _, err := s.Length(i)
	if err == nil {
		err = inSound(s, i, from, n, length)
	}
	if err != nil {
		return nil, err
	}
	v := make([]float32, n)
	err = s.open.use(i, func(r *sound.Recording) error { return s.in(i, r.Mono(v, int64(from))) })
	if err == nil {
		s.quiet.heard(v, s.Describe(i))
	}
	return v, err
}

// silence says, once, that nothing is heard in the windows that were read first: tasks learn from silence without a complaint.
type silence struct {
	later
	over  atomic.Bool // something was heard, or it was said
	count atomic.Int32
}

// mostSilent is in how many windows, one after the other, nothing is heard until it is said.
const mostSilent = 32

// heard takes a window of a recording.
func (s *silence) heard(v []float32, name string) {
	if s.over.Load() || len(v) == 0 {
		return
	}
	for _, x := range v {
		if x != 0 {
			s.over.Store(true)
			return
		}
	}
	if s.count.Add(1) == mostSilent {
		s.over.Store(true)
		s.tell(func() string {
			return fmt.Sprintf("nothing is heard in the %d windows that were read first, the last of %s: all of their values are 0", mostSilent, name)
		})
	}
}

// inSound refuses a window that is not all in a sound of so many values.
func inSound(s Samples, i, from, n, length int) error {
	if from < 0 || n < 0 || n > length-from {
		return fmt.Errorf("%s has %d values; there are no %d from value %d on", s.Describe(i), length, n, from)
	}
	return nil
}

// FactsOf returns what sample i is, as the file has it, or its length and rate alone where it is in no file.
func FactsOf(s Sounds, i int) (SoundFacts, error) {
	if of, ok := s.(interface {
		Facts(i int) (SoundFacts, error)
	}); ok {
		return of.Facts(i)
	}
	n, rate, err := s.Length(i)
	return SoundFacts{Channels: 1, Rate: rate, Length: n}, err
}

func (s *subSounds) Facts(i int) (SoundFacts, error) { return FactsOf(s.all, s.index[i]) }

// hashSound hashes a sound's rate and its values.
func hashSound(s Sounds, i int) (Hash, error) {
	n, rate, err := s.Length(i)
	if err != nil {
		return Hash{}, err
	}
	const part = 1 << 16
	h := sha256.New()
	b := binary.LittleEndian.AppendUint64(nil, math.Float64bits(rate))
	for from := 0; from < n; from += part {
		v, err := s.Sound(i, from, min(part, n-from))
		if err != nil {
			return Hash{}, err
		}
		for _, x := range v {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		h.Write(b)
		b = b[:0]
	}
	h.Write(b)
	return Hash(h.Sum(nil)), nil
}

func endingSet(endings []string) map[string]bool {
	out := map[string]bool{}
	for _, e := range endings {
		out[e] = true
	}
	return out
}
