package eval

import (
	"fmt"
	"image/color"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// TestPlane: three places in a row, of which one can be seen: it has its picture with the frame of its class, the others are dots; and two groups that lie apart in the features lie apart
// on both planes.
func TestPlane(t *testing.T) {
	s := sampleOf(rows(2, 0, 0, 1, 1, 2, 2), []string{"one", "two"}, []int{0, 1, 1})
	p := &Planes{Rows: []int{0, 1, 2}}
	green := &data.Image{H: 1, W: 1, Pix: []uint8{0, 255, 0}}
	im := p.Draw(rows(2, 0, 0, 5, 0, 10, 4), s, func(i int) *data.Image {
		if i == s.Index[1] {
			return green
		}
		return nil
	})
	middle := 1 + planeThumb/2 + (planeSide-planeThumb-2)/2
	bottom := planeSide - 1 - planeThumb/2
	for _, c := range []struct {
		x, y int
		want color.Color
	}{{middle, bottom, color.RGBA{0, 255, 0, 255}}, {middle - planeThumb/2, bottom, classColour(1)}, {1 + planeThumb/2, bottom, classColour(0)}, {1 + planeThumb/2 + planeDot, bottom, color.White},
		{planeSide - 1 - planeThumb/2, 1 + planeThumb/2, classColour(1)}, {6, planeSide + 6, classColour(0)}} {
		r, g, b, _ := im.At(c.x, c.y).RGBA()
		wr, wg, wb, _ := c.want.RGBA()
		if r != wr || g != wg || b != wb {
			t.Errorf("at %d, %d: %v, want %v", c.x, c.y, im.At(c.x, c.y), c.want)
		}
	}
	seen := map[string]bool{}
	for k := range 12 {
		seen[fmt.Sprint(classColour(k))] = true
	}
	if len(seen) != 12 {
		t.Errorf("%d colours of 12 classes", len(seen))
	}

	rng := tensor.NewRNG(3)
	x, labels := tensor.New(60, 8), make([]int, 60)
	for i := range x.Data {
		labels[i/8] = i / 8 % 2
		x.Data[i] = rng.Normal()*0.1 + float32((i/8+i)%2)
	}
	s = sampleOf(x, []string{"one", "two"}, labels)
	got, err := OnPlane(ctx, s, 1)
	if err != nil || len(got.Rows) != 60 {
		t.Fatalf("%v, %v", got, err)
	}
	for name, places := range map[string]*tensor.Tensor{"principal components": got.PCA, "UMAP": got.UMAP} {
		wrong := 0
		for i := range 60 {
			best, at := float32(1e9), 0
			for j := range 60 {
				dx, dy := places.Data[2*i]-places.Data[2*j], places.Data[2*i+1]-places.Data[2*j+1]
				if d := dx*dx + dy*dy; j != i && d < best {
					best, at = d, j
				}
			}
			if labels[at] != labels[i] {
				wrong++
			}
		}
		if wrong > 0 {
			t.Errorf("%s: %d of 60 lie next to one of the other group", name, wrong)
		}
	}
	if _, err := OnPlane(ctx, sampleOf(rows(2, 0, 0, 1, 1), []string{"one"}, []int{0, 0}), 1); err == nil {
		t.Error("two samples have a map")
	}
}
