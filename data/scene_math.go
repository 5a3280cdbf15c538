package data

import (
	"math"

	"github.com/tessera-go/tessera/tensor"
)

// A scene is the same bits on every machine: no function of package math but the exactly rounded ones (Sqrt, Floor, Abs),
// and every product stands in a conversion, which forbids fusing it with a sum. TestScenesNeverFuse reads the files.

// vec is a point or a direction: x right, y up, z towards the viewer.
type vec struct{ x, y, z float64 }

func (a vec) add(b vec) vec { return vec{a.x + b.x, a.y + b.y, a.z + b.z} }
func (a vec) sub(b vec) vec { return vec{a.x - b.x, a.y - b.y, a.z - b.z} }
func (a vec) by(k float64) vec {
	return vec{float64(a.x * k), float64(a.y * k), float64(a.z * k)}
}
func (a vec) dot(b vec) float64 {
	return float64(a.x*b.x) + float64(a.y*b.y) + float64(a.z*b.z)
}
func (a vec) cross(b vec) vec {
	return vec{float64(a.y*b.z) - float64(a.z*b.y), float64(a.z*b.x) - float64(a.x*b.z), float64(a.x*b.y) - float64(a.y*b.x)}
}
func (a vec) length() float64 { return math.Sqrt(a.dot(a)) }
func (a vec) unit() vec       { return a.by(1 / a.length()) }
func (a vec) mix(b vec, t float64) vec {
	return a.add(b.sub(a).by(t))
}

// mat is a linear map by its columns.
type mat struct{ x, y, z vec }

func (m mat) of(v vec) vec     { return m.x.by(v.x).add(m.y.by(v.y)).add(m.z.by(v.z)) }
func (m mat) times(n mat) mat  { return mat{m.of(n.x), m.of(n.y), m.of(n.z)} }
func (m mat) by(k float64) mat { return mat{m.x.by(k), m.y.by(k), m.z.by(k)} }
func (m mat) transpose() mat {
	return mat{vec{m.x.x, m.y.x, m.z.x}, vec{m.x.y, m.y.y, m.z.y}, vec{m.x.z, m.y.z, m.z.z}}
}

// inverse returns m⁻¹: the rows are cross products of the columns over the determinant.
func (m mat) inverse() mat {
	k := 1 / m.x.dot(m.y.cross(m.z))
	return mat{m.y.cross(m.z).by(k), m.z.cross(m.x).by(k), m.x.cross(m.y).by(k)}.transpose()
}

// Turns about the axes by an angle in radians, counterclockwise when the axis points at the viewer.
func turnX(a float64) mat {
	s, c := sincos(a)
	return mat{vec{1, 0, 0}, vec{0, c, s}, vec{0, -s, c}}
}
func turnY(a float64) mat {
	s, c := sincos(a)
	return mat{vec{c, 0, -s}, vec{0, 1, 0}, vec{s, 0, c}}
}
func turnZ(a float64) mat {
	s, c := sincos(a)
	return mat{vec{c, s, 0}, vec{-s, c, 0}, vec{0, 0, 1}}
}

// sincos is within 1e-10 of the sine and cosine for |a| < 100: Taylor's series about the nearest quarter turn.
func sincos(a float64) (sin, cos float64) {
	k := math.Floor(float64(a*(2/math.Pi)) + 0.5)
	x := a - float64(k*(math.Pi/2))
	z := float64(x * x)
	s, c := 1.0, 1.0
	for n := 12.0; n >= 2; n -= 2 {
		s = 1 - float64(float64(z*s)/float64(n*(n+1)))
		c = 1 - float64(float64(z*c)/float64(n*(n-1)))
	}
	s = float64(s * x)
	switch int(k) & 3 {
	case 1:
		return c, -s
	case 2:
		return -s, -c
	case 3:
		return -c, s
	}
	return s, c
}

func clamp(x, lo, hi float64) float64 { return math.Max(lo, math.Min(hi, x)) }

func lerp(a, b, t float64) float64 { return a + float64((b-a)*t) }

// draws hands out a scene's random numbers in order.
type draws struct{ *tensor.RNG }

func (r draws) u(lo, hi float64) float64 { return lerp(lo, hi, float64(r.Float32())) }

// sign is -1 or 1.
func (r draws) sign() float64 {
	if r.Bool(0.5) {
		return -1
	}
	return 1
}

// hash3 mixes a lattice point and a seed into 32 bits.
func hash3(x, y, z int32, seed uint32) uint32 {
	h := uint32(x)*0x8da6b343 ^ uint32(y)*0xd8163841 ^ uint32(z)*0xcb1ab31f ^ seed
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 12
	h *= 0x297a2d39
	return h ^ h>>15
}

func hashUnit(x, y, z int32, seed uint32) float64 {
	return float64(float64(hash3(x, y, z, seed)>>8) * 0x1p-24)
}

// noise is value noise in [0, 1) with features of about one unit.
func noise(p vec, seed uint32) float64 {
	fx, fy, fz := math.Floor(p.x), math.Floor(p.y), math.Floor(p.z)
	x, y, z := int32(fx), int32(fy), int32(fz)
	u, v, w := smooth(p.x-fx), smooth(p.y-fy), smooth(p.z-fz)
	plane := func(z int32) float64 {
		return lerp(lerp(hashUnit(x, y, z, seed), hashUnit(x+1, y, z, seed), u), lerp(hashUnit(x, y+1, z, seed), hashUnit(x+1, y+1, z, seed), u), v)
	}
	if w == 0 {
		return plane(z)
	}
	return lerp(plane(z), plane(z+1), w)
}

func smooth(t float64) float64 { return float64(float64(t*t) * (3 - float64(2*t))) }

// hsv returns a colour as red, green, blue; the hue counts in turns.
func hsv(h, s, v float64) vec {
	h -= math.Floor(h)
	f := func(n float64) float64 {
		k := n + float64(h*6)
		if k >= 6 {
			k -= 6
		}
		return v - float64(float64(v*s)*clamp(math.Min(k, 4-k), 0, 1))
	}
	return vec{f(5), f(3), f(1)}
}
