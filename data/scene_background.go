package data

import "math"

// material is a pattern of two colours in space, cut through by surfaces: no seams, and nothing of a shape in it.
type material struct {
	kind   uint8
	a, b   vec     // colours
	freq   float64 // features a unit
	dir    vec     // of stripes; unit
	amount float64 // how far b shows, 0 to 1
	seed   uint32
}

// The kinds of material.
const (
	marble  uint8 = iota // noise of two scales
	speckle              // noise, cut hard
	stripes
	checks
	dots
	bricks
	materials
)

// newMaterial draws a pattern between two colours.
func newMaterial(r draws, a, b vec, freq, amount float64) material {
	s, c := sincos(r.u(0, 6.2832))
	tip := r.u(-0.7, 0.7)
	return material{kind: uint8(r.IntN(int(materials))), a: a, b: b, freq: freq, dir: vec{c, s, tip}.unit(), amount: amount, seed: r.Uint32()}
}

// at returns the colour at p where a pixel is so wide, in the same units: what is finer than the pixel fades to the mean.
func (m *material) at(p vec, wide float64) vec {
	p = p.by(m.freq)
	wide = float64(wide * m.freq)
	w := 0.5
	if keep := clamp(1.6-float64(2*wide), 0, 1); keep > 0 {
		w = 0.5 + float64(float64(keep)*(m.weight(p, math.Max(wide, 0.08))-0.5))
	}
	return m.a.mix(m.b, float64(m.amount*w))
}

// edge is 0 below 0 and 1 above, soft over a width.
func edge(x, wide float64) float64 { return clamp(0.5+x/wide, 0, 1) }

func (m *material) weight(p vec, wide float64) float64 {
	switch m.kind {
	case marble:
		return float64(0.65*noise(p, m.seed)) + float64(0.35*noise(p.by(2.7), m.seed+1))
	case speckle:
		return edge(noise(p.by(1.5), m.seed)-0.5, math.Max(wide, 0.15))
	case stripes:
		x := p.dot(m.dir) + float64(0.4*noise(p.by(0.5), m.seed))
		return edge(0.25-math.Abs(x-math.Floor(x)-0.5), wide)
	case checks:
		s := float64(tri(p.x) * tri(p.y) * tri(p.z+0.25))
		return edge(s, float64(2*wide))
	case dots:
		q := vec{p.x - math.Floor(p.x) - 0.5, p.y - math.Floor(p.y) - 0.5, p.z - math.Floor(p.z+0.5)}
		return edge(0.36-q.length(), wide)
	}
	// bricks: mortar between courses
	row := math.Floor(p.y)
	x := float64(p.x*0.5) + float64(0.5*(row-float64(2*math.Floor(float64(row*0.5)))))
	gap := math.Min(0.5-math.Abs(p.y-row-0.5), float64(2*(0.5-math.Abs(x-math.Floor(x)-0.5))))
	shade := hashUnit(int32(math.Floor(x)), int32(row), 0, m.seed)
	return float64(edge(gap-0.08, wide) * (0.55 + float64(0.45*shade)))
}

// tri is a wave of period 2 between -1 and 1 in straight lines, with the sign of the sine.
func tri(x float64) float64 {
	x = float64(0.5 * (x - 0.5))
	return float64(4*math.Abs(x-math.Floor(x)-0.5)) - 1
}

// wall is a plane of the background, n·p = h; u and v are its axes, dirt a second scale.
type wall struct {
	n, u, v vec
	h       float64
	skin    material
	dirt    material
	ground  bool
}

// The far end of depth: the sky.
const skyDepth = 100.0

// backdrop is what stands behind everything.
type backdrop struct {
	kind   int
	walls  []wall
	sky    material
	skyLow vec // the sky's second colour, towards skyDir
	skyDir vec
}

// The kinds of backdrop.
const (
	outdoors = iota // ground and sky
	indoors         // floor and wall
	corner          // floor and two walls
	poster          // one surface, turned any way: no ground
)

// hit returns the depth of the background along d and the wall, nil for the sky.
func (b *backdrop) hit(d vec) (float64, *wall) {
	best, found := skyDepth, (*wall)(nil)
	for i := range b.walls {
		w := &b.walls[i]
		if t := w.h / w.n.dot(d); t > 0 && t < best {
			best, found = t, w
		}
	}
	return best, found
}

// colour of the background where the ray d ends, before light. pixel is the width of a pixel at depth 1.
func (b *backdrop) colour(d vec, t float64, w *wall, pixel float64) vec {
	if w == nil {
		c := b.sky.at(vec{d.x, d.y, 0}, pixel)
		return c.mix(b.skyLow, clamp(0.5+float64(1.6*d.dot(b.skyDir)), 0, 1))
	}
	p := d.by(t)
	q := vec{p.dot(w.u), p.dot(w.v), 0}
	wide := float64(pixel*t) / math.Sqrt(math.Abs(w.n.dot(d.unit()))+0.01)
	c, e := w.skin.at(q, wide), w.dirt.at(q, wide)
	return vec{float64(c.x * e.x), float64(c.y * e.y), float64(c.z * e.z)}
}

// newWall returns a plane through a point with a pattern; size is about the width of what is seen of it.
func newWall(r draws, n, through vec, size float64, ground bool) wall {
	n = n.unit()
	u := n.cross(vec{0.31, 0.52, 0.8}).unit()
	a := hsv(r.u(0, 1), r.u(0, 0.4), r.u(0.2, 0.95))
	b := a.mix(hsv(r.u(0, 1), r.u(0, 0.5), r.u(0.15, 1)), 0.7)
	w := wall{n: n, u: u, v: n.cross(u), h: n.dot(through), ground: ground}
	turn := r.u(0, 6.2832)
	s, c := sincos(turn)
	w.u, w.v = w.u.by(c).add(w.v.by(s)), w.v.by(c).sub(w.u.by(s))
	w.skin = newMaterial(r, a, b, r.u(1.5, 9)/size, r.u(0.05, 0.65))
	w.dirt = material{kind: marble, a: vec{1.25, 1.25, 1.25}, b: vec{0.7, 0.7, 0.7}, freq: r.u(0.7, 3) / size, amount: r.u(0.2, 1), seed: r.Uint32()}
	return w
}

// newBackdrop draws a background about the foot of the object: level turns the horizontal world into the camera's, size
// is the width of the view there.
func newBackdrop(r draws, level mat, foot vec, size float64) backdrop {
	b := backdrop{kind: r.IntN(4)}
	far := float64(size * r.u(0.5, 1.6))
	behind := foot.add(level.of(vec{z: -far}))
	turn := r.u(-0.6, 0.6)
	switch b.kind {
	case poster:
		n := turnY(turn).of(turnX(r.u(-0.6, 0.6)).of(vec{z: 1}))
		b.walls = []wall{newWall(r, n, vec{z: foot.z - far}, size, false)}
	case indoors:
		b.walls = []wall{newWall(r, level.of(turnY(turn).of(vec{z: 1})), behind, size, false)}
	case corner:
		for _, a := range []float64{0.8, -0.8} {
			at := behind.add(level.of(vec{x: r.u(-0.4, 0.4)}.by(size)))
			b.walls = append(b.walls, newWall(r, level.of(turnY(a+float64(turn*0.5)).of(vec{z: 1})), at, size, false))
		}
	}
	if b.kind != poster {
		b.walls = append(b.walls, newWall(r, level.of(vec{y: 1}), foot, size, true))
	}
	a, c := hsv(r.u(0, 1), r.u(0, 0.4), r.u(0.25, 0.95)), hsv(r.u(0, 1), r.u(0, 0.4), r.u(0.25, 0.95))
	b.sky = material{kind: marble, a: a, b: c, freq: r.u(4, 16), amount: r.u(0, 1), seed: r.Uint32()}
	b.skyLow = hsv(r.u(0, 1), r.u(0, 0.6), r.u(0.2, 1))
	s, k := sincos(r.u(0, 6.2832))
	b.skyDir = vec{s, k, 0}
	return b
}
