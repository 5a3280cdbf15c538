package pretext

import (
	"fmt"
	"math"
	"sync"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/flow"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// What tasks of films share: the views of frames, and where in a film something moves.

// Films returns the views of films' frames, Side by Side, normalised, or says that the task needs films. What the view draws it draws once for
// all frames of a clip.
func (s Setup) Films(task string, in data.Inputs, augment bool) (*data.Films, error) {
	if in.Clips == nil {
		why := ""
		if in.Images != nil {
			why = " (of scenes they are films with the option frames=24)"
		}
		return nil, fmt.Errorf("task %s learns from films; the data has %s%s", task, in.Kinds(), why)
	}
	v := s.Plain
	if augment {
		v = s.Augment
	}
	return data.NewFilms(in.Clips, v, s.Norm, s.CacheBytes), nil
}

// motions are how it is measured how much moves between two frames.
var motions = []string{"flow", "difference", "none"}

var motionOption = spec.Option{Name: "motion", Default: "flow", About: "where clips are drawn: in proportion to the length of optical flow, to the difference of frames, or anywhere (none)"}

// motion knows where in films something moves, so that clips are drawn where there is something to see (Misra et al. 2016, section 3.1).
type motion struct {
	films *data.Films
	by    string // one of motions
	of    []movedFilm
}

// movedFilm is how much moves in a film before each of its frames, all told.
type movedFilm struct {
	mu   sync.Mutex
	upTo []float64 // [frames], sums of what moves from each frame to the next; nil before it was measured
}

func newMotion(films *data.Films, by string) *motion {
	return &motion{films: films, by: by, of: make([]movedFilm, films.Len())}
}

// mostMeasured is how many pairs of neighbouring frames of a film are looked at: of a longer one as many, evenly spread.
const mostMeasured = 64

// evenly is what is added to every frame's motion, a part of the mean: where nothing moves clips are drawn evenly, and from no place never.
const evenly = 0.1

// sums returns the running sums of film i, of n frames.
func (m *motion) sums(i, n int) ([]float64, error) {
	k := &m.of[i]
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.upTo != nil {
		return k.upTo, nil
	}
	speed := make([]float64, n)
	if m.by != "none" {
		if err := m.measure(i, speed[:n-1]); err != nil {
			return nil, err
		}
	}
	mean := 0.0
	for _, v := range speed {
		mean += v / float64(n)
	}
	upTo, sum := make([]float64, n), 0.0
	for t, v := range speed {
		upTo[t] = sum
		sum += v + evenly*mean + 1e-9
	}
	k.upTo = upTo
	return upTo, nil
}

// flowSide is the side of the pictures of which flow is measured, at most: what moves is to be told, not where exactly it goes.
const flowSide = 64

// measure sets how much moves from each frame to the next.
func (m *motion) measure(i int, speed []float64) error {
	step := max(1, (len(speed)+mostMeasured-1)/mostMeasured)
	e := flow.NewEstimator(flow.FarnebackOptions{})
	for t := 0; t < len(speed); t += step {
		ims, err := m.films.Still(i, []int{t, t + 1})
		if err != nil {
			return err
		}
		v := math.Sqrt(squares(ims[0], ims[1]))
		if m.by == motions[0] {
			a, b := grey(ims[0]), grey(ims[1])
			f := tensor.New(a.Dim(0), a.Dim(1), 2)
			e.Flow(f, a, b)
			v = flow.Magnitude(f)
		}
		for k := t; k < min(t+step, len(speed)); k++ {
			speed[k] = v
		}
	}
	return nil
}

// grey returns the luma of a picture, [H W], 0 to 255, no larger than flow is measured of.
func grey(im *data.Image) *tensor.Tensor {
	if max(im.H, im.W) > flowSide {
		f := data.Frame{H: im.H, W: im.W, OutH: max(1, im.H*flowSide/max(im.H, im.W)), OutW: max(1, im.W*flowSide/max(im.H, im.W))}
		im = f.Of(im)
	}
	return luma(im)
}

// luma returns that of a picture, [H W], 0 to 255.
func luma(im *data.Image) *tensor.Tensor {
	x := tensor.New(im.H, im.W)
	for p := range x.Data {
		x.Data[p] = float32(simd.Luma(im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2]))
	}
	return x
}

// squares returns the mean of the squared differences of two pictures' values, in parts of white.
func squares(a, b *data.Image) float64 {
	sum := 0
	for p, v := range a.Pix {
		d := int(v) - int(b.Pix[p])
		sum += d * d
	}
	return float64(sum) / float64(max(len(a.Pix), 1)) / (255 * 255)
}

// window draws where a window of span frames begins in film i, of n frames: between low and high, in proportion to what moves in it.
func (m *motion) window(i, n, span, low, high int, rng *tensor.RNG) (int, error) {
	upTo, err := m.sums(i, n)
	if err != nil {
		return 0, err
	}
	in := func(first int) float64 { return upTo[min(first+span-1, n-1)] - upTo[first] }
	total := 0.0
	for first := low; first <= high; first++ {
		total += in(first)
	}
	at := float64(rng.Float32()) * total
	for first := low; first < high; first++ {
		if at -= in(first); at < 0 {
			return first, nil
		}
	}
	return high, nil
}

// drawBetween draws a whole number from low to high; low where there is none between them.
func drawBetween(rng *tensor.RNG, low, high int) int { return low + rng.IntN(max(high-low+1, 1)) }
