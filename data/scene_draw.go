package data

import "math"

// canvas is the buffers of one picture: n by n samples, sub by sub a pixel.
type canvas struct {
	*layout
	side, sub, n int
	depth        []float64 // [n n] of the nearest part
	part         []int16   // [n n] its number + 1, 0 for the background
	cell, pixel  float64   // widths of a sample and of a pixel at depth 1
	toLight      []vec     // the light's direction in each part's coordinates
	reach        []float64 // radius of a sphere about each part
}

// draw draws a layout. The scene is the same at every side.
func (l *layout) draw(side int) *Scene {
	c := l.newCanvas(side)
	sub := c.sub
	for i := range c.depth {
		c.depth[i] = math.Inf(1)
	}
	s := &Scene{Image: NewImage(side, side), Instances: make([]uint8, side*side), Depth: make([]float32, side*side), Normals: make([]float32, side*side*3), Factors: l.factors}
	for k := range l.things {
		full := [4]int{math.MaxInt32, math.MaxInt32, math.MinInt32, math.MinInt32}
		for i := l.things[k].first; i < l.things[k].last; i++ {
			c.raster(i, &full)
		}
		o := Object{Class: l.things[k].class}
		if full[0] <= full[2] {
			o.Full = [4]float32{floorDiv(full[0], sub), floorDiv(full[1], sub), floorDiv(full[2], sub) + 1, floorDiv(full[3], sub) + 1}
		}
		s.Objects = append(s.Objects, o)
	}
	for y := range side {
		for x := range side {
			c.resolve(s, x, y)
		}
	}
	c.truth(s)
	return s
}

// newCanvas returns the buffers for a picture of a layout.
func (l *layout) newCanvas(side int) *canvas {
	sub := 2
	if side <= 64 {
		sub = 3
	}
	n := side * sub
	c := &canvas{layout: l, side: side, sub: sub, n: n, depth: make([]float64, n*n), part: make([]int16, n*n)}
	c.cell, c.pixel = 1/float64(float64(n)*l.focal), 1/float64(float64(side)*l.focal)
	for i := range l.parts {
		c.toLight = append(c.toLight, l.parts[i].inv.of(l.light))
		c.reach = append(c.reach, l.parts[i].bounds().length())
	}
	return c
}

func floorDiv(a, b int) float32 { return float32(math.Floor(float64(a) / float64(b))) }

// ray returns the direction through a place of the picture, in samples; t along it is the depth.
func (c *canvas) ray(x, y float64) vec {
	half := float64(0.5 * float64(c.n))
	return vec{float64((x - half) * c.cell), float64((half - y) * c.cell), -1}
}

// place is ray's inverse for a point, in samples.
func (c *canvas) place(p vec) (x, y float64) {
	half := float64(0.5 * float64(c.n))
	k := 1 / float64(-p.z*c.cell)
	return half + float64(p.x*k), half - float64(p.y*k)
}

// raster meets part i with every sample near it, also outside of the picture, where only full, the extent of what is hit, grows.
func (c *canvas) raster(i int, full *[4]int) {
	p := &c.parts[i]
	h := p.bounds()
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, sx := range [2]float64{-1, 1} {
		for _, sz := range [2]float64{-1, 1} {
			x, y := c.place(vec{p.at.x + float64(sx*h.x), p.at.y + float64(sx*h.y), math.Min(p.at.z+float64(sz*h.z), -0.5)})
			x0, x1, y0, y1 = math.Min(x0, x), math.Max(x1, x), math.Min(y0, y), math.Max(y1, y)
		}
	}
	n := float64(c.n)
	left, right := int(clamp(math.Floor(x0), -n, float64(2*n))), int(clamp(math.Floor(x1)+1, -n, float64(2*n)))
	for y := int(clamp(math.Floor(y0), -n, float64(2*n))); y < int(clamp(math.Floor(y1)+1, -n, float64(2*n))); y++ {
		row := c.ray(0, float64(y)+0.5)
		base := p.inv.y.by(row.y).sub(p.inv.z)
		for x := left; x < right; x++ {
			t := p.enter(p.eye, base.add(p.inv.x.by(c.ray(float64(x)+0.5, 0).x)))
			if !(t > 0 && t < skyDepth) {
				continue
			}
			full[0], full[1], full[2], full[3] = min(full[0], x), min(full[1], y), max(full[2], x), max(full[3], y)
			if uint(x) < uint(c.n) && uint(y) < uint(c.n) && t < c.depth[y*c.n+x] {
				c.depth[y*c.n+x], c.part[y*c.n+x] = t, int16(i+1)
			}
		}
	}
}

// group is the samples of a pixel that show one part.
type group struct {
	part  int
	count int
	x, y  int // sums over samples
	t     float64
}

// resolve makes pixel (x, y): each part in it is shaded once and counts by its samples. Truth is that of the thing with most.
func (c *canvas) resolve(s *Scene, x, y int) {
	var groups [9]group
	used := c.gather(&groups, x, y)
	o := y*c.side + x
	winner := c.winner(groups[:used])
	most := 0
	var sum vec
	for k := range groups[:used] {
		g := &groups[k]
		colour, normal, t := c.shade(g)
		sum = sum.add(colour.by(float64(g.count)))
		if g.count > most && c.thingOf(g.part) == winner {
			most = g.count
			s.Instances[o], s.Depth[o] = uint8(winner), float32(t)
			s.Normals[o*3], s.Normals[o*3+1], s.Normals[o*3+2] = float32(normal.x), float32(-normal.y), float32(-normal.z)
		}
	}
	sum = sum.by(1 / float64(c.sub*c.sub))
	for k, v := range [3]float64{sum.x, sum.y, sum.z} {
		px, py, pz := int32(x), int32(y), int32(2*k)
		v += float64(2 * c.grain * (hashUnit(px, py, pz, c.seed) + hashUnit(px, py, pz+1, c.seed) - 1))
		s.Image.Pix[o*3+k] = round8(float32(v * 255))
	}
}

// gather sorts the samples of pixel (x, y) by what they show and returns how many groups there are.
func (c *canvas) gather(groups *[9]group, x, y int) (used int) {
	for j := range c.sub {
		for i := range c.sub {
			sx, sy := x*c.sub+i, y*c.sub+j
			part := int(c.part[sy*c.n+sx]) - 1
			k := 0
			for k < used && groups[k].part != part {
				k++
			}
			if k == used {
				groups[k] = group{part: part}
				used++
			}
			g := &groups[k]
			g.count, g.x, g.y, g.t = g.count+1, g.x+sx, g.y+sy, g.t+c.depth[sy*c.n+sx]
		}
	}
	return used
}

// thingOf returns the number of a part's thing + 1, 0 for the background.
func (c *canvas) thingOf(part int) int {
	if part < 0 {
		return 0
	}
	return c.parts[part].object + 1
}

// winner returns the thing with most samples, the background winning ties.
func (c *canvas) winner(groups []group) int {
	best, most := 0, 0
	for i := range groups {
		thing, n := c.thingOf(groups[i].part), 0
		for j := range groups {
			if c.thingOf(groups[j].part) == thing {
				n += groups[j].count
			}
		}
		if n > most || n == most && thing < best {
			best, most = thing, n
		}
	}
	return best
}

// shade returns the colour, the unit normal and the depth of a group.
func (c *canvas) shade(g *group) (colour, normal vec, t float64) {
	k := 1 / float64(g.count)
	d := c.ray(float64(float64(g.x)*k)+0.5, float64(float64(g.y)*k)+0.5)
	if g.part < 0 {
		return c.shadeBackground(d)
	}
	t = float64(g.t * k)
	p := &c.parts[g.part]
	normal, tone := p.surface(d, t)
	at := d.by(t)
	thing := &c.things[p.object]
	if colour = thing.hues[tone]; tone == toneMain {
		q := thing.inv.of(at.sub(thing.at))
		if thing.rest != nil { // its texture moves with it
			rest := &thing.rest[g.part-thing.first]
			q = rest.at.add(rest.axes.of(p.inv.of(at.sub(p.at))))
		}
		colour = thing.skin.at(q, float64(float64(c.pixel*t)*thing.inv.y.length()))
	}
	facing := normal.dot(c.light)
	lit := 0.0
	if facing > 0 && !c.shadowed(at, g.part) {
		lit = float64(c.diffuse * facing)
		// Phong's highlight
		up := float64(2*facing*normal.z) - c.light.z
		if up > 0 && thing.gloss > 0.2 {
			up = float64(up * up)
			up = float64(up * up)
			colour = colour.add(vec{1, 1, 1}.by(float64(thing.gloss * up * up)))
		}
	}
	return c.lit(colour, c.ambient+lit), normal, t
}

func (c *canvas) shadeBackground(d vec) (colour, normal vec, t float64) {
	if c.turned { // the background stays where it is: the ray is turned to it, and what it says back
		e := c.camera.of(d)
		k := -1 / e.z
		e = e.by(k)
		t, w := c.back.hit(e)
		colour, normal = c.paint(e, t, w, c.camera.of(c.light), d.by(float64(t*k)))
		return colour, c.camera.transpose().of(normal), float64(t * k)
	}
	t, w := c.back.hit(d)
	colour, normal = c.paint(d, t, w, c.light, d.by(t))
	return colour, normal, t
}

// paint returns the colour and the unit normal of the background where the ray d ends at depth t on a wall; light is towards the light in d's
// coordinates, at the place in the camera's.
func (c *canvas) paint(d vec, t float64, w *wall, light, at vec) (colour, normal vec) {
	colour = c.back.colour(d, t, w, c.pixel)
	if w == nil {
		return c.lit(colour, c.ambient+float64(0.7*c.diffuse)), d.by(-1).unit()
	}
	normal = w.n
	if normal.dot(d) > 0 {
		normal = normal.by(-1)
	}
	facing := normal.dot(light)
	strength := c.ambient + float64(c.diffuse*(0.55+float64(0.35*facing)))
	if facing > 0.1 && c.shadowed(at, -1) {
		strength = float64(c.ambient * 0.9)
	}
	return c.lit(colour, strength), normal
}

func (c *canvas) lit(colour vec, light float64) vec {
	return vec{float64(float64(colour.x*light) * c.cast.x), float64(float64(colour.y*light) * c.cast.y), float64(float64(colour.z*light) * c.cast.z)}
}

// shadowed says whether something stands between p, which lies on a part, and the light.
func (c *canvas) shadowed(p vec, on int) bool { return c.shadowedBy(c.things, p, on) }

// shadowedBy says whether one of some things does.
func (c *canvas) shadowedBy(things []thing, p vec, on int) bool {
	for k := range things {
		t := &things[k]
		if c.misses(p, t.middle, t.radius) {
			continue
		}
		for i := t.first; i < t.last; i++ {
			q := &c.parts[i]
			if i == on || c.misses(p, q.at, c.reach[i]) {
				continue
			}
			if hit := q.enter(q.inv.of(p.sub(q.at)), c.toLight[i]); hit > 1e-3 && hit < skyDepth {
				return true
			}
		}
	}
	return false
}

// misses says that the ray from p to the light passes by a sphere.
func (c *canvas) misses(p, middle vec, radius float64) bool {
	to := middle.sub(p)
	along := to.dot(c.light)
	return along < -radius || to.dot(to)-float64(along*along) > float64(radius*radius)
}

// truth fills in what needs the whole picture: boxes, masks, key points.
func (c *canvas) truth(s *Scene) {
	for k := range s.Objects {
		s.Objects[k].Box = [4]float32{float32(c.side), float32(c.side), 0, 0}
	}
	s.Mask = make([]bool, c.side*c.side)
	for o, v := range s.Instances {
		if v == 0 {
			continue
		}
		x, y := float32(o%c.side), float32(o/c.side)
		b := &s.Objects[v-1].Box
		b[0], b[1], b[2], b[3] = min(b[0], x), min(b[1], y), max(b[2], x+1), max(b[3], y+1)
		s.Mask[o] = v == 1
	}
	for k := range s.Objects {
		o := &s.Objects[k]
		if o.Box[2] == 0 {
			o.Box = [4]float32{}
		}
		o.Points = c.keyPoints(k)
	}
	s.Class, s.Box, s.Full, s.Points = s.Objects[0].Class, s.Objects[0].Box, s.Objects[0].Full, s.Objects[0].Points
}

// keyPoints returns the joints of thing k as the picture shows them.
func (c *canvas) keyPoints(k int) (out []KeyPoint) {
	for _, j := range c.things[k].joints {
		x, y := c.place(j.at)
		q := KeyPoint{Name: j.name, X: float32(x / float64(c.sub)), Y: float32(y / float64(c.sub)), Depth: float32(-j.at.z)}
		if px, py := int(math.Floor(x)), int(math.Floor(y)); uint(px) < uint(c.n) && uint(py) < uint(c.n) {
			i := py*c.n + px
			q.Visible = c.thingOf(int(c.part[i])-1) == k+1 && c.depth[i] > -j.at.z-float64(1.5*j.r)
		}
		out = append(out, q)
	}
	return out
}
