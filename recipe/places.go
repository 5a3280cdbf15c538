package recipe

import (
	"fmt"
	"slices"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// places gathers a gallery of where it is thought to sound in some films. A nil one gathers nothing.
type places struct {
	d     *data.Dataset
	films *data.Films
	clips *clips
	rows  [][]figure
	n     int
}

// How many films the gallery has, and how many stand in a row.
const mostPlaces, placesRow = 12, 2

func newPlaces(d *data.Dataset, films *data.Films, h data.Hearing) (*places, error) {
	c, err := newClips(d.Sounds, h, mostPlaces)
	return &places{d: d, films: films, clips: c}, err
}

// add shows the first films that it is told of: the frame with what sounds in a box, the same under its heat with the likeliest place, and what is heard.
func (g *places) add(i int, s soundingIn, heat *tensor.Tensor) error {
	if g == nil || g.n == mostPlaces {
		return nil
	}
	ims, err := g.films.Still(i, []int{s.frame})
	if err != nil {
		return err
	}
	p, wave, err := g.clips.at(i, s.at)
	if err != nil {
		return err
	}
	best := hottest(heat, s.frame, 0, s.height, s.width)
	plain := enlarged(ims[0])
	lit := heated(plain, heat)
	for _, im := range []*data.Image{plain, lit} {
		scale := float64(im.H) / float64(s.height)
		for _, b := range s.boxes {
			outline(im, scale*float64(b.X0), scale*float64(b.Y0), scale*float64(b.X1), scale*float64(b.Y1), [3]uint8{255, 220, 0})
		}
	}
	mark(lit, best.X*float64(lit.W)/float64(s.width), best.Y*float64(lit.H)/float64(s.height))
	where := "not in the box"
	if slices.ContainsFunc(s.boxes, func(b data.Box) bool { // the cross: of several likeliest places the first
		return best.X >= float64(b.X0) && best.X <= float64(b.X1) && best.Y >= float64(b.Y0) && best.Y <= float64(b.Y1)
	}) {
		where = "in the box"
	}
	if g.n%placesRow == 0 {
		g.rows = append(g.rows, nil)
	}
	row := &g.rows[len(g.rows)-1]
	*row = append(*row, figure{fmt.Sprintf("%s: the likeliest place is %s, %.0f %%", caption(g.d, i), where, 100*best.Sure), []*data.Image{plain, lit}, p, wave})
	g.n++
	return nil
}

// save keeps the gallery in the folder of the run.
func (g *places) save(dir string) error {
	if g == nil {
		return nil
	}
	about := fmt.Sprintf("The middle frames of films, what sounds in a yellow box; the same under its heat, the likelier the brighter, a cross where it is thought to sound the most; and what is heard, "+
		"of %s.", g.clips.said())
	return gallery{title: "Where it sounds", about: about, rate: g.clips.rate(), rows: g.rows}.save(dir, Localisation{}.Name())
}

// enlarged returns a picture at least as high as figures are.
func enlarged(im *data.Image) *data.Image { return zoomed(im, max(1, (figureHigh+im.H-1)/im.H)) }

// zoomed returns a picture of which each pixel is so many wide and high.
func zoomed(im *data.Image, zoom int) *data.Image {
	out := data.NewImage(im.H*zoom, im.W*zoom)
	for y := range out.H {
		for x := range out.W {
			copy(out.Pix[3*(y*out.W+x):], im.Pix[3*(y/zoom*im.W+x/zoom):][:3])
		}
	}
	return out
}

// outline draws the sides of a box, within it.
func outline(im *data.Image, x0, y0, x1, y1 float64, c [3]uint8) {
	l, t, r, b := int(x0), int(y0), int(x1+0.5)-1, int(y1+0.5)-1
	for y := max(t, 0); y <= min(b, im.H-1); y++ {
		for x := max(l, 0); x <= min(r, im.W-1); x++ {
			if y < t+2 || y > b-2 || x < l+2 || x > r-2 {
				copy(im.Pix[3*(y*im.W+x):], c[:])
			}
		}
	}
}

// mark draws a white cross with a dark edge.
func mark(im *data.Image, x, y float64) {
	cx, cy := int(x), int(y)
	long := max(3, min(im.H, im.W)/24)
	for _, arm := range []struct {
		wide int
		c    uint8
	}{{2, 20}, {0, 255}} {
		for dy := -long; dy <= long; dy++ {
			for dx := -long; dx <= long; dx++ {
				px, py := cx+dx, cy+dy
				if min(max(dx, -dx), max(dy, -dy)) > arm.wide || px < 0 || py < 0 || px >= im.W || py >= im.H {
					continue
				}
				at := im.Pix[3*(py*im.W+px):][:3]
				at[0], at[1], at[2] = arm.c, arm.c, arm.c
			}
		}
	}
}
