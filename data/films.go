package data

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tessera-go/tessera/tensor"
)

// ClipOf returns frames of sample i by number, in the order asked for; a number may come more than once.
func ClipOf(clips Clips, i int, frames []int) ([]*Image, error) {
	rising := slices.Compact(slices.Sorted(slices.Values(frames)))
	got := map[int]*Image{}
	if err := clips.Clip(i, rising, func(k int, im *Image) error { got[rising[k]] = im.clone(); return nil }); err != nil {
		return nil, err
	}
	out := make([]*Image, len(frames))
	for k, t := range frames {
		if out[k] = got[t]; out[k] == nil {
			return nil, fmt.Errorf("%s: frame %d did not come", clips.Describe(i), t)
		}
	}
	return out, nil
}

// pieced are films of which a frame costs as much as the whole piece of the film that it lies in, since frames stand on those before them.
type pieced interface {
	// piece returns the numbers [from, to) of the frames that are best decoded together with frame t.
	piece(i, t int) (from, to int)
}

// pieceOf returns the frames that are best decoded together with frame t: itself, where others cost more.
func pieceOf(clips Clips, i, t int) (from, to int) {
	if p, ok := clips.(pieced); ok {
		return p.piece(i, t)
	}
	return t, t + 1
}

// Films are views of the frames of films, normalised: [H W 3] each. What a view draws it draws once for all frames of a clip, so that what moves
// in a clip moved in the film. Decoded and prepared frames are kept up to a number of bytes; what does not fit is decoded again each time, to
// the same result.
type Films struct {
	Clips
	View
	Norm Norm

	left  atomic.Int64
	films []keptFilm
}

// keptFilm is what is kept of a film.
type keptFilm struct {
	mu     sync.Mutex
	times  []float64
	frames map[int]*Image
}

// NewFilms returns views of films, of which the part that is the same each time is kept up to limit bytes.
func NewFilms(clips Clips, v View, norm Norm, limit int64) *Films {
	f := &Films{Clips: clips, View: v, Norm: norm, films: make([]keptFilm, clips.Len())}
	f.left.Store(limit)
	return f
}

// Times returns the time of every frame of film i, in seconds, rising. It must not be changed.
func (f *Films) Times(i int) ([]float64, error) {
	k := &f.films[i]
	k.mu.Lock()
	defer k.mu.Unlock()
	return f.timesOf(i)
}

func (f *Films) timesOf(i int) ([]float64, error) {
	k := &f.films[i]
	if k.times == nil {
		times, err := f.Clips.Times(i)
		if err != nil {
			return nil, err
		}
		k.times = times
	}
	return k.times, nil
}

// AtLeast returns how many frames film i has, or says that it is too short to have n.
func (f *Films) AtLeast(i, n int) (int, error) {
	times, err := f.Times(i)
	if err == nil && len(times) < n {
		err = fmt.Errorf("%s has %d frames, too few for a clip of %d", f.Describe(i), len(times), n)
	}
	return len(times), err
}

// Images returns the views of some frames of film i, in any order, before they are normalised. They must not be changed.
func (f *Films) Images(i int, frames []int, rng *tensor.RNG) ([]*Image, error) {
	out, err := f.fixed(i, frames)
	if err != nil || f.View.Random == nil {
		return out, err
	}
	seed := rng.Uint64() // each frame is drawn for with the same numbers
	for k, im := range out {
		out[k] = f.View.Random(im, tensor.NewRNG(seed))
	}
	return out, nil
}

// Still returns the views of some frames of film i without what is drawn. They must not be changed.
func (f *Films) Still(i int, frames []int) ([]*Image, error) { return f.fixed(i, frames) }

// fixed returns the part of the frames' views that is the same each time.
func (f *Films) fixed(i int, frames []int) ([]*Image, error) {
	k := &f.films[i]
	k.mu.Lock()
	defer k.mu.Unlock()
	out := make([]*Image, len(frames))
	missing := false
	for n, t := range frames {
		out[n] = k.frames[t]
		missing = missing || out[n] == nil
	}
	if !missing {
		return out, nil
	}
	times, err := f.timesOf(i)
	if err != nil {
		return nil, err
	}
	wanted := map[int]bool{}
	for n, t := range frames {
		switch {
		case t < 0 || t >= len(times):
			return nil, fmt.Errorf("%s has %d frames; there is no frame %d", f.Describe(i), len(times), t)
		case out[n] == nil:
			from, to := pieceOf(f.Clips, i, t)
			for ; from < min(to, len(times)); from++ {
				wanted[from] = k.frames[from] == nil
			}
		}
	}
	return out, f.decode(i, frames, out, wanted)
}

// decode decodes the frames that are wanted, keeps those for which there is room, and hands out those that were asked for.
func (f *Films) decode(i int, frames []int, out []*Image, wanted map[int]bool) error {
	k := &f.films[i]
	var rising []int
	for t, is := range wanted {
		if is {
			rising = append(rising, t)
		}
	}
	slices.Sort(rising)
	return f.Clips.Clip(i, rising, func(n int, im *Image) error {
		t := rising[n]
		asked, room := slices.Contains(frames, t), f.left.Load() > 0
		if !asked && !room {
			return nil
		}
		if view := f.View.prepared(im); &view.Pix[0] != &im.Pix[0] {
			im = view
		} else { // the decoder's memory, which is used again
			im = view.clone()
		}
		for n := range frames {
			if frames[n] == t {
				out[n] = im
			}
		}
		if size := int64(len(im.Pix)); f.left.Add(-size) < 0 {
			f.left.Add(size)
			return nil
		}
		if k.frames == nil {
			k.frames = map[int]*Image{}
		}
		k.frames[t] = im
		return nil
	})
}

// Fill writes the views of frames of film i to dst, [T H W 3], normalised. It panics with a tensor.ShapeError where the views have another size.
func (f *Films) Fill(dst []float32, i int, frames []int, rng *tensor.RNG) error {
	ims, err := f.Images(i, frames, rng)
	if err != nil {
		return err
	}
	for k, im := range ims {
		size := len(dst) / len(frames)
		if len(im.Pix) != size {
			panic(&tensor.ShapeError{Op: "Films", Msg: fmt.Sprintf("the view of %s is %dx%d, %d values for a place of %d; a Resize or a crop makes views the same size",
				f.Describe(i), im.W, im.H, len(im.Pix), size)})
		}
		f.Norm.Normalize(dst[k*size:(k+1)*size], im)
	}
	return nil
}

// Spread returns n numbers of frames of a film of so many, evenly spread over all of it, or over its middle where that would set them further
// apart than most; 0 for no limit. A film of fewer frames shows some of them more than once.
func Spread(frames, n, most int) []int {
	span := frames
	if most > 0 {
		span = min(span, n*most)
	}
	first := (frames - span) / 2
	out := make([]int, n)
	for k := range out {
		out[k] = first + min((2*k+1)*span/(2*n), frames-1)
	}
	return out
}

// Within returns n numbers of frames of a film, evenly spread over those that are seen from frame first on for so many seconds; of fewer some more than once. times are
// those of the film's frames, in seconds, rising.
func Within(times []float64, first int, seconds float64, n int) []int {
	end := first + 1
	for end < len(times) && times[end] < times[first]+seconds-1e-6 {
		end++
	}
	out := Spread(end-first, n, 0)
	for k := range out {
		out[k] += first
	}
	return out
}
