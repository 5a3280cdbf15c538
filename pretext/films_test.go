package pretext

import (
	"fmt"
	"math"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// slides are films in which a bright square moves to the right by speed(t) pixels from frame t to the next, and stands where that is 0.
type slides struct {
	n, frames int
	speed     func(t int) int
}

func (s slides) Len() int              { return s.n }
func (s slides) Describe(i int) string { return fmt.Sprint("slide ", i) }
func (s slides) Times(int) ([]float64, error) {
	out := make([]float64, s.frames)
	for t := range out {
		out[t] = float64(t)
	}
	return out, nil
}

func (s slides) Clip(i int, frames []int, each func(k int, im *data.Image) error) error {
	for k, t := range frames {
		im, at := data.NewImage(24, 24), 2
		for u := range t {
			at += s.speed(u)
		}
		for y := 8; y < 14; y++ {
			for x := at; x < min(at+6, 24); x++ {
				for c := range 3 {
					im.Pix[(y*24+x)*3+c] = uint8(150 + 10*(x-at) + 5*(y-8) + i)
				}
			}
		}
		if err := each(k, im); err != nil {
			return err
		}
	}
	return nil
}

func filmViews(c data.Clips) *data.Films {
	return data.NewFilms(c, data.PlainView(24), data.HalfNorm, 1<<24)
}

// TestMotion: windows are drawn where something moves, in proportion to how much, by flow as by differences, and evenly where it is not asked.
func TestMotion(t *testing.T) {
	films := filmViews(slides{1, 30, func(t int) int {
		if t >= 18 && t < 24 {
			return 2
		}
		return 0
	}})
	for _, by := range motions {
		m := newMotion(films, by)
		rng := tensor.NewRNG(1)
		moving := 0
		const draws = 2000
		for range draws {
			first, err := m.window(0, 30, 5, 3, 22, rng)
			if err != nil {
				t.Fatal(err)
			}
			if first < 3 || first > 22 {
				t.Fatalf("%s: a window begins at %d", by, first)
			}
			if first+4 > 18 && first < 24 {
				moving++
			}
		}
		// 8 of the 20 places see some of what moves
		if part := float64(moving) / draws; by == "none" && math.Abs(part-0.4) > 0.04 || by != "none" && part < 0.85 {
			t.Errorf("%s: %.2f of the windows see what moves", by, part)
		}
	}
	still := newMotion(filmViews(slides{1, 12, func(int) int { return 0 }}), "flow")
	seen := map[int]int{}
	rng := tensor.NewRNG(2)
	for range 1000 {
		first, _ := still.window(0, 12, 3, 0, 9, rng)
		seen[first]++
	}
	for first := range 10 {
		if seen[first] < 60 || seen[first] > 140 {
			t.Errorf("where nothing moves a window begins at %d in %d of 1000 draws", first, seen[first])
		}
	}
}

// TestMotionOfLongFilms: of long films some frames are looked at, which stand for those around them.
func TestMotionOfLongFilms(t *testing.T) {
	const frames = 4*mostMeasured + 1
	films := filmViews(slides{1, frames, func(t int) int { return t / (frames - 2) }})
	m := newMotion(films, "difference")
	if _, err := m.window(0, frames, 2, 0, frames-2, tensor.NewRNG(1)); err != nil {
		t.Fatal(err)
	}
	if n := len(m.of[0].upTo); n != frames {
		t.Errorf("motion of %d frames, want %d", n, frames)
	}
	ims, _ := films.Still(0, []int{0, 1})
	if squares(ims[0], ims[0]) != 0 {
		t.Error("a picture differs from itself")
	}
	one := data.NewImage(2, 2)
	one.Pix[3] = 255
	if got := squares(one, data.NewImage(2, 2)); math.Abs(got-1.0/12) > 1e-12 {
		t.Errorf("one of twelve values is white: %g", got)
	}
}
