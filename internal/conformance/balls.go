package conformance

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/tensor"
)

// balls are films of a ball that is let go somewhere and falls faster and faster: what moves, in one order and one way only, is learned within seconds. Films of
// scenes take longer, and of their nine actions most look alike both ways: docs/results.md has what tasks of films make of them.
type balls struct {
	n    int
	seed uint64
}

func (b balls) Len() int                     { return b.n }
func (b balls) Describe(int) string          { return "a ball" }
func (b balls) Times(int) ([]float64, error) { return make([]float64, 24), nil }

// at returns how far from the left the ball of film i is let go, and what the rest of the film is drawn by.
func (b balls) at(i int) (int, *tensor.RNG) {
	rng := tensor.NewRNG(b.seed).Derive(uint64(i))
	return rng.IntN(25), rng
}

func (b balls) Clip(i int, frames []int, each func(k int, im *data.Image) error) error {
	at, rng := b.at(i)
	ball, back, speed := uint8(160+rng.IntN(90)), uint8(rng.IntN(100)), 0.07+0.06*float64(rng.Float32())
	for k, t := range frames {
		im := data.NewImage(32, 32)
		top := int(speed * float64(t*t))
		for p := range 32 * 32 {
			v := back
			if y, x := p/32, p%32; y >= top && y < top+7 && x >= at && x < at+7 {
				v = ball
			}
			im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2] = v, v, v
		}
		if err := each(k, im); err != nil {
			return err
		}
	}
	return nil
}

var ballsMade sync.Mutex

// ballFilms returns a folder of n such films, as data.Open takes it; they are written once.
func ballFilms(t *testing.T, name string, n int, seed uint64) string {
	t.Helper()
	ballsMade.Lock()
	defer ballsMade.Unlock()
	dir := filepath.Join(folder, "balls", name)
	if _, err := os.Stat(dir); err == nil {
		return "video:" + dir
	}
	b, of := balls{n, seed}, map[string][]int{}
	for i := range n { // the side on which a ball falls is its class
		side := "left"
		if at, _ := b.at(i); at > 12 {
			side = "right"
		}
		of[side] = append(of[side], i)
	}
	for side, index := range of {
		if _, err := recipe.SaveFilms(data.Inputs{Clips: b}, index, filepath.Join(dir, side), ".avi"); err != nil {
			t.Fatal(err)
		}
	}
	return "video:" + dir
}
