package data

import (
	"math"

	"github.com/tessera-go/tessera/tensor"
)

// stage is what a camera sees of a place alone: the same for all frames of films before it in which the camera stands still.
type stage struct {
	depth  []float64 // [n n], as canvas has it
	part   []int16
	colour []vec     // [side side], without gain and grain
	at     []float64 // [side side], depth of what was shaded; 0 where a pixel shows several parts
}

// newStage draws the first things of a layout, which belong to the place.
func newStage(l *layout, things, side int) *stage {
	empty := *l
	empty.things = l.things[:things]
	empty.parts = l.parts[:0]
	if things > 0 {
		empty.parts = l.parts[:l.things[things-1].last]
	}
	c := empty.newCanvas(side)
	for i := range c.depth {
		c.depth[i] = math.Inf(1)
	}
	var full [4]int
	for i := range c.parts {
		c.raster(i, &full)
	}
	s := &stage{depth: c.depth, part: c.part, colour: make([]vec, side*side), at: make([]float64, side*side)}
	var groups [9]group
	for o := range s.colour {
		used := c.gather(&groups, o%side, o/side)
		colour, _, t := c.blend(groups[:used], -1)
		if s.colour[o] = colour; used == 1 {
			s.at[o] = t
		}
	}
	return s
}

// blend returns the mean colour of the groups of a pixel; and of the largest one that shows the winner (a thing's number + 1, negative for any) its
// number and its depth.
func (c *canvas) blend(groups []group, winner int) (sum vec, main int, depth float64) {
	most := 0
	for k := range groups {
		g := &groups[k]
		colour, _, t := c.shade(g)
		sum = sum.add(colour.by(float64(g.count)))
		if g.count > most && (winner < 0 || c.thingOf(g.part) == winner) {
			most, main, depth = g.count, k, t
		}
	}
	return sum.by(1 / float64(c.sub*c.sub)), main, depth
}

// frameCanvas returns the buffers of the frame at a time, with everything rastered, and the stage: s, or where that is nil one drawn for this frame.
func (f *filmLayout) frameCanvas(t float64, side int, s *stage) (*canvas, *stage) {
	return f.layoutAt(t).frameCanvas(f.still(), side, s)
}

// frameCanvas does so for a layout whose first things, so many, belong to its place.
func (l *layout) frameCanvas(still, side int, s *stage) (*canvas, *stage) {
	if s == nil {
		s = newStage(l, still, side)
	}
	c := l.newCanvas(side)
	copy(c.depth, s.depth)
	copy(c.part, s.part)
	first := 0
	if still > 0 {
		first = l.things[still-1].last
	}
	var full [4]int
	for i := first; i < len(l.parts); i++ {
		c.raster(i, &full)
	}
	return c, s
}

// draw returns the picture of frame number of a film.
func (f *filmLayout) draw(c *canvas, s *stage, number int) *Image {
	return f.exposure.draw(c, s, f.still(), number)
}

// exposure is what a camera makes of light.
type exposure struct {
	gain  vec
	grain float64
	seed  uint32
}

func newExposure(r draws) exposure {
	gain := vec{r.u(0.94, 1.06), r.u(0.94, 1.06), r.u(0.94, 1.06)}.by(r.u(0.8, 1.15))
	return exposure{gain, r.u(0.003, 0.015), r.Uint32()}
}

// draw returns the picture of frame number of a film, of whose things the first, so many, belong to its place.
func (e *exposure) draw(c *canvas, s *stage, still, number int) *Image {
	im := NewImage(c.side, c.side)
	moving := c.things[still:]
	first := int16(moving[0].first)
	seed := hash3(int32(number), 0, 0, e.seed)
	var groups [9]group
	for y := range c.side {
		for x := range c.side {
			o := y*c.side + x
			used := c.gather(&groups, x, y)
			colour := s.colour[o]
			if g := &groups[0]; used > 1 || g.part >= int(first) || s.at[o] == 0 || c.shadowedBy(moving, c.centre(x, y).by(s.at[o]), g.part) {
				colour, _, _ = c.blend(groups[:used], -1)
			}
			gain := vec{float64(colour.x * e.gain.x), float64(colour.y * e.gain.y), float64(colour.z * e.gain.z)}
			for k, v := range [3]float64{gain.x, gain.y, gain.z} {
				px, py, pz := int32(x), int32(y), int32(2*k)
				v += float64(2 * e.grain * (hashUnit(px, py, pz, seed) + hashUnit(px, py, pz+1, seed) - 1))
				im.Pix[o*3+k] = round8(float32(v * 255))
			}
		}
	}
	return im
}

// centre returns the ray through the middle of a pixel.
func (c *canvas) centre(x, y int) vec {
	half := float64(0.5 * float64(c.sub))
	return c.ray(float64(x*c.sub)+half, float64(y*c.sub)+half)
}

// truth returns what is known about a frame; next is the layout of the one that follows, nil after the last.
func (f *filmLayout) truth(c *canvas, next *layout, t float64) FrameTruth {
	tr := c.known(f.still(), next)
	tr.KeyPoints = c.keyPoints(f.still())
	turn := f.camera.at(t)
	tr.Factors = append(append([]Factor(nil), f.factors...), Factor{"camera x", -turn.z.x}, Factor{"camera y", turn.z.y}, Factor{"phase", f.motion.at(t).phase})
	return tr
}

// known returns boxes, mask and flow of the things from the first that does not belong to the place on.
func (c *canvas) known(first int, next *layout) FrameTruth {
	tr := FrameTruth{Mask: tensor.New(c.side, c.side)}
	if next != nil {
		tr.Flow = tensor.New(c.side, c.side, 2)
	}
	for k := range c.things[first:] {
		tr.Boxes = append(tr.Boxes, Box{X0: float32(c.side), Y0: float32(c.side), Class: c.things[first+k].class})
	}
	var groups [9]group
	for o := range tr.Mask.Data {
		used := c.gather(&groups, o%c.side, o/c.side)
		winner := c.winner(groups[:used])
		if k := winner - 1 - first; k >= 0 {
			tr.Mask.Data[o] = float32(k + 1)
			x, y, b := float32(o%c.side), float32(o/c.side), &tr.Boxes[k]
			b.X0, b.Y0, b.X1, b.Y1 = min(b.X0, x), min(b.Y0, y), max(b.X1, x+1), max(b.Y1, y+1)
		}
		if next == nil || winner <= first && !c.turned {
			continue
		}
		best := -1
		for i := range groups[:used] {
			if c.thingOf(groups[i].part) == winner && (best < 0 || groups[i].count > groups[best].count) {
				best = i
			}
		}
		u, v := c.flow(&groups[best], next)
		move := tr.Flow.Data[o+o:]
		move[0], move[1] = float32(u), float32(v)
	}
	for k := range tr.Boxes {
		if tr.Boxes[k].X1 == 0 {
			tr.Boxes[k] = Box{Class: tr.Boxes[k].Class}
		}
	}
	return tr
}

// flow returns by how many pixels the middle of a group moves until the next frame: with the part that it lies on, or with the place.
func (c *canvas) flow(g *group, next *layout) (u, v float64) {
	k := 1 / float64(g.count)
	x, y := float64(float64(g.x)*k)+0.5, float64(float64(g.y)*k)+0.5
	d := c.ray(x, y)
	var to vec
	if g.part < 0 { // how far away does not matter: the camera only turns
		to = next.camera.transpose().of(c.camera.of(d))
	} else {
		p, q := &c.parts[g.part], &next.parts[g.part]
		t := p.enter(p.eye, p.inv.of(d))
		if !(t > 0 && t < skyDepth) { // the middle lies between the samples that meet it
			t = float64(g.t * k)
		}
		to = q.at.add(q.axes.of(p.inv.of(d.by(t).sub(p.at))))
	}
	nx, ny := c.place(to)
	return (nx - x) / float64(c.sub), (ny - y) / float64(c.sub)
}
