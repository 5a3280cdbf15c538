package data

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"

	"github.com/tessera-go/tessera/film"
	"github.com/tessera-go/tessera/internal/spec"
)

var videoOptions = append([]spec.Option{
	{Name: "cut", About: "such as 0.8/0.2: parts of the films for training and testing; a film stays in its part while others come and go"},
}, framesOptions...)

// videoEndings are the endings of files that a folder of films takes; what a file holds is decided by its content.
func videoEndings() map[string]bool {
	out := map[string]bool{}
	for _, e := range film.Endings() {
		out[e] = true
	}
	return out
}

const (
	mostOpen  = 32 // films that are open at once
	filmPiece = 48 // frames that are decoded together, where frames stand on those before them
)

// videos are films in files. A film is opened when something of it is asked for, and closed when others are.
type videos struct {
	dir   string
	files []string // relative, sorted
	sizes []int64

	mu    sync.Mutex
	open  map[int]*openFilm
	clock int
	times []filmTimes
}

// filmTimes are the times of a film's frames, or why there are none.
type filmTimes struct {
	known bool
	times []float64
	err   error
}

// openFilm is a film that is open, and by how many it is read.
type openFilm struct {
	once sync.Once
	film *film.Film
	err  error
	used int // by how many, now
	last int // when
}

// OpenVideo opens the films in a tree, in any depth, sorted by path; a single film may be named too. The folders of the first level are the classes,
// unless there are films beside them or only one folder. Files are looked into when their frames are asked for.
func OpenVideo(path string, o FilmOptions) (*Dataset, error) {
	d := &Dataset{}
	v := &videos{dir: path, open: map[int]*openFilm{}}
	st, err := os.Stat(path)
	if err == nil && st.Mode().IsRegular() {
		v.dir, v.files, v.sizes = filepath.Dir(path), []string{filepath.Base(path)}, []int64{st.Size()}
	} else {
		if err := missingDir(path, "video: wants a film or a folder of films"); err != nil {
			return nil, err
		}
		s := scan{root: path, wanted: videoEndings(), left: map[string]int{}, take: func(rel string, size int64) {
			v.files, v.sizes = append(v.files, rel), append(v.sizes, size)
		}}
		if err := s.walk("", nil); err != nil {
			return nil, err
		}
		d.Notes = append(d.Notes, s.notes()...)
		if len(v.files) == 0 {
			return nil, fmt.Errorf("%s holds no films (%s); wanted are %s in any depth, or frames:DIR for folders of numbered pictures", path, s.summary(), strings.Join(film.Endings(), ", "))
		}
	}
	v.times = make([]filmTimes, len(v.files))
	var parts []string
	for i, f := range v.files {
		parts = append(parts, fmt.Sprint(f, v.sizes[i]))
	}
	s := spec.Spec{Kind: "video", Path: path}
	d.Name, d.Fingerprint, d.Inputs = s.String(), fingerprint("video", parts...), Inputs{Clips: v}
	return filmParts(d, s, v.files, o)
}

func openVideo(path string, v *spec.Values, split Split) (*Dataset, error) {
	o := FilmOptions{Split: split}
	if v.Given("cut") {
		o.Cut = parseCut(v)
	}
	if v.Err() != nil {
		return nil, v.Err()
	}
	return OpenVideo(path, o)
}

func (v *videos) Len() int              { return len(v.files) }
func (v *videos) Describe(i int) string { return filepath.Join(v.dir, filepath.FromSlash(v.files[i])) }

// use hands film i to f, opening it where it is not open.
func (v *videos) use(i int, f func(f *film.Film) error) error {
	v.mu.Lock()
	o := v.open[i]
	if o == nil {
		o = &openFilm{}
		v.open[i] = o
		v.makeRoom()
	}
	o.used++
	v.clock++
	o.last = v.clock
	v.mu.Unlock()
	o.once.Do(func() {
		if o.film, o.err = film.Open(v.Describe(i), film.Options{}); o.err != nil {
			o.err = fmt.Errorf("%s: %w", filepath.Dir(v.Describe(i)), o.err)
		}
	})
	err := o.err
	if err == nil {
		if err = f(o.film); err != nil {
			err = fmt.Errorf("%s: %w", v.Describe(i), err)
		}
	}
	v.mu.Lock()
	o.used--
	v.mu.Unlock()
	return err
}

// makeRoom closes the film that nobody uses for longest, where too many are open.
func (v *videos) makeRoom() {
	var idle []int
	for i, o := range v.open {
		if o.used == 0 && o.last > 0 {
			idle = append(idle, i)
		}
	}
	if len(v.open) <= mostOpen || len(idle) == 0 {
		return
	}
	sort.Slice(idle, func(a, b int) bool { return v.open[idle[a]].last < v.open[idle[b]].last })
	if o := v.open[idle[0]]; o.film != nil {
		o.film.Close()
	}
	delete(v.open, idle[0])
}

func (v *videos) Times(i int) ([]float64, error) {
	v.mu.Lock()
	t := v.times[i]
	v.mu.Unlock()
	if t.known {
		return t.times, t.err
	}
	t.known = true
	t.err = v.use(i, func(f *film.Film) error { t.times = f.Times(); return nil })
	v.mu.Lock()
	v.times[i] = t
	v.mu.Unlock()
	return t.times, t.err
}

func (v *videos) Clip(i int, frames []int, each func(k int, im *Image) error) error {
	return v.use(i, func(f *film.Film) error {
		return f.Frames(frames, func(k int, p *film.Picture) error { return each(k, &Image{p.H, p.W, p.Pix}) })
	})
}

// piece is a part of the film of a fixed length.
func (v *videos) piece(_, t int) (from, to int) {
	from = t / filmPiece * filmPiece
	return from, from + filmPiece
}

func (v *videos) size(i int) int64 { return v.sizes[i] }

// Hash is of the file's bytes.
func (v *videos) Hash(i int) (Hash, error) {
	f, err := os.Open(v.Describe(i))
	if err != nil {
		return Hash{}, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return Hash(h.Sum(nil)), err
}
