package data

import "math"

// shape is a solid in its own coordinates, about [-1, 1] on each axis.
type shape uint8

const (
	ball    shape = iota // the unit sphere
	frustum              // about the y axis: radius 1 at y = -1, kx at y = 1; flat ends
	block                // |x| <= 1 and |z| <= 1 at y = -1, narrowing to kx and kz at y = 1: box, roof, pyramid, hull
	capsule              // all within 1 of the segment from y = -kx to y = kx
)

// part is a solid of an object: p = at + axes·q for q in the shape's own coordinates.
type part struct {
	shape  shape
	tone   uint8 // the object's colour: toneMain and so on
	end    uint8 // of a frustum: the tone of its end at y = 1
	kx, kz float64
	axes   mat
	at     vec
	object int // number of the object it belongs to

	inv mat // axes⁻¹, set by place
	eye vec // the camera, in the shape's coordinates
}

// place moves a part to the camera's coordinates: p becomes to + m·p.
func (p *part) place(m mat, to vec) {
	p.axes, p.at = m.times(p.axes), to.add(m.of(p.at))
	p.inv = p.axes.inverse()
	p.eye = p.inv.of(p.at.by(-1))
}

// bounds returns half the sides of the box about the part, which is centred on p.at.
func (p *part) bounds() vec {
	half := func(x, y, z float64) float64 {
		x, y, z = math.Abs(x), math.Abs(y), math.Abs(z)
		switch p.shape {
		case ball:
			return vec{x, y, z}.length()
		case frustum:
			return float64(math.Sqrt(float64(x*x)+float64(z*z))*math.Max(1, p.kx)) + y
		case capsule:
			return vec{x, y, z}.length() + float64(y*p.kx)
		}
		return float64(x*math.Max(1, p.kx)) + y + float64(z*math.Max(1, p.kz))
	}
	a := &p.axes
	return vec{half(a.x.x, a.y.x, a.z.x), half(a.x.y, a.y.y, a.z.y), half(a.x.z, a.y.z, a.z.z)}
}

// enter returns t at which the ray o + t·d, in the shape's coordinates, enters the solid, and +Inf where it misses. t is
// negative when o lies inside or behind.
func (p *part) enter(o, d vec) float64 {
	switch p.shape {
	case ball:
		return enterBall(o, d)
	case frustum:
		t, _ := p.enterFrustum(o, d)
		return t
	case block:
		t, _ := p.enterBlock(o, d)
		return t
	}
	return p.enterCapsule(o, d)
}

// root returns the smaller solution of a·t² + 2b·t + c = 0.
func root(a, b, c float64) float64 {
	q := float64(b*b) - float64(a*c)
	if q < 0 {
		return math.Inf(1)
	}
	return (-b - math.Sqrt(q)) / a
}

func enterBall(o, d vec) float64 { return root(d.dot(d), o.dot(d), o.dot(o)-1) }

func (p *part) enterCapsule(o, d vec) float64 {
	a := float64(d.x*d.x) + float64(d.z*d.z)
	if a == 0 { // along the axis: into the nearer cap
		near := p.kx
		if d.y < 0 {
			near = -near
		}
		return enterBall(vec{o.x, o.y + near, o.z}, d)
	}
	t := root(a, float64(o.x*d.x)+float64(o.z*d.z), float64(o.x*o.x)+float64(o.z*o.z)-1)
	if y := o.y + float64(t*d.y); math.Abs(y) <= p.kx || math.IsInf(t, 1) {
		return t
	} else if y > p.kx {
		return enterBall(vec{o.x, o.y - p.kx, o.z}, d)
	}
	return enterBall(vec{o.x, o.y + p.kx, o.z}, d)
}

// enterFrustum also says through what: 0 the mantle, 1 the end at y = 1, -1 the other.
func (p *part) enterFrustum(o, d vec) (float64, int) {
	// x² + z² = (m + n·y)²
	m, n := float64(0.5*(1+p.kx)), float64(0.5*(p.kx-1))
	r, dr := m+float64(n*o.y), float64(n*d.y)
	a := float64(d.x*d.x) + float64(d.z*d.z) - float64(dr*dr)
	b := float64(o.x*d.x) + float64(o.z*d.z) - float64(r*dr)
	c := float64(o.x*o.x) + float64(o.z*o.z) - float64(r*r)
	best, through := math.Inf(1), 0
	if q := float64(b*b) - float64(a*c); q >= 0 {
		q = math.Sqrt(q)
		for _, t := range [2]float64{(-b - q) / a, (-b + q) / a} {
			if y := o.y + float64(t*d.y); y >= -1 && y <= 1 && t < best {
				best = t
			}
		}
	}
	for _, end := range [2]float64{-1, 1} {
		t := (end - o.y) / d.y
		x, z, k := o.x+float64(t*d.x), o.z+float64(t*d.z), m+float64(n*end)
		if t < best && float64(x*x)+float64(z*z) <= float64(k*k) {
			best, through = t, int(end)
		}
	}
	return best, through
}

// enterBlock also says through which face: the upper, the lower, then those towards x, -x, z and -z.
func (p *part) enterBlock(o, d vec) (float64, int) {
	// the half spaces ±y <= 1, ±x + sx·y <= 1 - sx, ±z + sz·y <= 1 - sz: how far o lies outside of each, and d's way out
	sx, sz := float64(0.5*(1-p.kx)), float64(0.5*(1-p.kz))
	ox, dx := float64(sx*o.y)-(1-sx), float64(sx*d.y)
	oz, dz := float64(sz*o.y)-(1-sz), float64(sz*d.y)
	above := [6]float64{o.y - 1, -o.y - 1, ox + o.x, ox - o.x, oz + o.z, oz - o.z}
	ways := [6]float64{d.y, -d.y, dx + d.x, dx - d.x, dz + d.z, dz - d.z}
	in, out, face := math.Inf(-1), math.Inf(1), 0
	for i, way := range ways {
		switch t := -above[i] / way; {
		case way < 0:
			if t > in {
				in, face = t, i
			}
		case way > 0:
			if t < out {
				out = t
			}
		case above[i] > 0:
			return math.Inf(1), 0
		}
		if in > out {
			return math.Inf(1), 0
		}
	}
	return in, face
}

// faceNormal is the normal of a block's face, not of unit length.
func (p *part) faceNormal(face int) vec {
	sx, sz := float64(0.5*(1-p.kx)), float64(0.5*(1-p.kz))
	return [6]vec{{y: 1}, {y: -1}, {1, sx, 0}, {-1, sx, 0}, {0, sz, 1}, {0, sz, -1}}[face]
}

// surface returns the unit normal, in the camera's coordinates, where the ray from the eye along d enters at t, and the tone there.
func (p *part) surface(d vec, t float64) (vec, uint8) {
	l := p.inv.of(d)
	q := p.eye.add(l.by(t))
	n, tone := q, p.tone
	switch p.shape {
	case capsule:
		n.y -= clamp(q.y, -p.kx, p.kx)
	case frustum:
		switch _, through := p.enterFrustum(p.eye, l); through {
		case 0:
			k := float64(0.5 * (p.kx - 1))
			n = vec{q.x, -float64(k * math.Sqrt(float64(q.x*q.x)+float64(q.z*q.z))), q.z}
		case 1:
			n, tone = vec{0, 1, 0}, p.end
		default:
			n = vec{0, -1, 0}
		}
	case block:
		_, face := p.enterBlock(p.eye, l)
		n = p.faceNormal(face)
	}
	return p.inv.transpose().of(n).unit(), tone
}
