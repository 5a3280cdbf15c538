package data

import "math"

// instrument is something that is heard, in metres: it stands on y = 0 and shows its face to the viewer, z.
type instrument struct {
	model
	gives  int     // its first part that gives way when it is struck, or that moves of itself; those before it stand still
	pivot  vec     // about which they turn
	touch  vec     // where it is struck
	normal vec     // there, outwards, of unit length
	stick  vec     // from the mallet's head to its grip: of unit length, nearly across the normal
	side   float64 // from where it is struck, -1 or 1: from the left or the right
	high   float64
	hue    float64 // of its main colour
	sat    [2]float64
	skin   int  // kind of its material, negative for any
	falls  bool // it may be let fall instead
}

// soundBuilders stand in the order of soundClasses. Sizes are as of voices.
var soundBuilders = []func(m *instrument, r draws, size float64){drumBody, bellBody, blockBody, cymbalBody, glassBody, guitarBody, maracaBody, ballBody}

// instrumentOf builds one of a class.
func instrumentOf(class int, r draws, size, side float64) *instrument {
	m := &instrument{gives: math.MaxInt32, side: side, hue: -1, sat: [2]float64{0.4, 1}, skin: -1}
	soundBuilders[class](m, r, size)
	return m
}

// disc is a flat cylinder about y.
func (m *model) disc(tone uint8, foot vec, radius, height float64) *part {
	return m.tube(tone, foot, foot.add(vec{y: height}), radius, radius)
}

func drumBody(m *instrument, r draws, size float64) {
	w, h := float64(size*r.u(0.2, 0.24)), float64(size*r.u(0.22, 0.34))
	m.disc(toneMain, vec{}, w, h).end = toneLeaf
	for _, y := range [2]float64{0.01, h - 0.035} {
		m.disc(toneSecond, vec{y: y}, float64(w*1.05), 0.03).end = toneLeaf
	}
	m.disc(toneLeaf, vec{y: h}, float64(w*0.97), 0.006)
	m.high = h + 0.006
	n := 5 + r.IntN(3)
	for k := range n { // the lacing
		s, c := sincos(float64(6.2831853*float64(k)) / float64(n))
		s2, c2 := sincos(float64(6.2831853*(float64(k)+0.5)) / float64(n))
		low, high := vec{float64(1.02 * w * c), 0.03, float64(1.02 * w * s)}, vec{float64(1.02 * w * c2), h - 0.03, float64(1.02 * w * s2)}
		m.limb(toneDark, low, high, 0.008)
	}
	m.touch, m.normal = vec{float64(w * r.u(-0.3, 0.3)), m.high, float64(w * r.u(0, 0.3))}, vec{y: 1}
	m.stick = vec{x: m.side, y: 0.5, z: 0.25}.unit()
	m.falls = true
}

func bellBody(m *instrument, r draws, size float64) {
	w, high := float64(size*r.u(0.15, 0.17)), float64(size*r.u(0.3, 0.36))
	top := high + 0.2
	back := -w - 0.07
	m.box(toneWood, vec{z: back}, float64(1.2*w), 0.03, 0.08, 1, 1)
	m.limb(toneWood, vec{z: back}, vec{y: top, z: back}, 0.022)
	m.limb(toneWood, vec{y: top, z: back}, vec{y: top}, 0.022)
	m.gives, m.pivot = len(m.parts), vec{y: top}
	low := 0.09
	m.limb(toneDark, vec{y: low + high}, vec{y: top}, 0.012)
	m.disc(toneMain, vec{y: low}, w, 0.04)
	m.tube(toneMain, vec{y: low + 0.04}, vec{y: low + float64(0.4*high)}, w, float64(0.72*w))
	m.tube(toneMain, vec{y: low + float64(0.4*high)}, vec{y: low + float64(0.85*high)}, float64(0.72*w), float64(0.52*w))
	m.ball(toneMain, vec{y: low + float64(0.85*high)}, float64(0.52*w), float64(0.16*high), float64(0.52*w))
	m.ball(toneDark, vec{y: low - 0.01}, 0.03, 0.035, 0.03)
	side := m.side
	m.touch, m.normal, m.stick = vec{float64(side * w), low + 0.02, 0}, vec{x: side}, vec{x: float64(0.45 * side), y: 0.9, z: 0.3}.unit()
	m.high, m.hue, m.sat = top, r.u(0.09, 0.14), [2]float64{0.35, 0.85}
}

func blockBody(m *instrument, r draws, size float64) {
	w, h, deep := float64(size*r.u(0.22, 0.27)), float64(size*r.u(0.13, 0.17)), float64(size*r.u(0.09, 0.12))
	for _, x := range [2]float64{-0.65, 0.65} {
		m.box(toneDark, vec{x: float64(x * w)}, float64(0.12*w), 0.04, float64(0.9*deep), 1, 1)
	}
	m.box(toneMain, vec{y: 0.035}, w, h, deep, 1, 1)
	m.box(toneDark, vec{y: 0.035 + float64(0.55*h), z: deep - 0.03}, float64(0.82*w), float64(0.16*h), 0.034, 1, 1)
	m.high = 0.035 + h
	m.touch, m.normal = vec{float64(w * r.u(-0.4, 0.4)), m.high, float64(deep * r.u(0, 0.5))}, vec{y: 1}
	m.stick = vec{x: m.side, y: 0.5, z: 0.25}.unit()
	m.hue, m.sat, m.skin, m.falls = r.u(0.03, 0.1), [2]float64{0.4, 0.8}, int(stripes), true
}

func cymbalBody(m *instrument, r draws, size float64) {
	w, h := float64(size*r.u(0.24, 0.28)), r.u(0.36, 0.5)
	for k := range 3 {
		s, c := sincos(1.5707963 + float64(2.0943951*float64(k)))
		m.limb(toneDark, vec{y: 0.2}, vec{float64(0.2 * c), 0.015, float64(0.2 * s)}, 0.014)
	}
	m.limb(toneDark, vec{y: 0.15}, vec{y: h + 0.09}, 0.014)
	m.gives, m.pivot = len(m.parts), vec{y: h + 0.05}
	slope := 0.05
	m.tube(toneMain, vec{y: h}, vec{y: h + slope}, w, float64(0.3*w))
	m.disc(toneMain, vec{y: h - 0.006}, w, 0.008)
	m.ball(toneMain, vec{y: h + float64(0.8*slope)}, float64(0.3*w), 0.05, float64(0.3*w))
	side, at := m.side, 0.75 // of the radius
	rise := slope / float64(0.7*w)
	m.touch = vec{float64(side * at * w), h + float64(rise*(1-at)*w), 0}
	m.normal = vec{x: float64(side * rise), y: 1}.unit()
	m.stick = vec{x: side, y: 0.55, z: 0.3}.unit()
	m.high, m.hue, m.sat = h+0.1, r.u(0.1, 0.16), [2]float64{0.3, 0.8}
}

func glassBody(m *instrument, r draws, size float64) {
	w, stem, bowl := float64(size*r.u(0.1, 0.13)), float64(size*r.u(0.14, 0.2)), float64(size*r.u(0.2, 0.26))
	m.tube(toneMain, vec{}, vec{y: 0.02}, float64(0.85*w), float64(0.3*w))
	m.limb(toneMain, vec{y: 0.01}, vec{y: stem}, 0.014)
	m.tube(toneMain, vec{y: stem}, vec{y: stem + float64(0.35*bowl)}, float64(0.2*w), w)
	rim := stem + bowl
	m.tube(toneMain, vec{y: stem + float64(0.35*bowl)}, vec{y: rim - 0.03}, w, float64(0.86*w))
	m.tube(toneSecond, vec{y: stem + float64(0.4*bowl)}, vec{y: stem + float64(0.6*bowl)}, float64(1.01*w), float64(0.97*w)) // what is in it
	m.disc(toneMain, vec{y: rim - 0.03}, float64(0.86*w), 0.03).end = toneGlass
	side := m.side
	m.touch, m.normal = vec{float64(side * 0.86 * w), rim - 0.015, 0}, vec{x: side}
	m.stick = vec{x: float64(0.5 * side), y: 0.85, z: 0.3}.unit()
	m.high, m.hue, m.sat = rim, r.u(0, 1), [2]float64{0.03, 0.25}
}

func guitarBody(m *instrument, r draws, size float64) {
	k := float64(size * 0.85)
	at := func(x, y, z float64) vec { return vec{float64(x * k), float64(y * k), float64(z * k)} }
	lower, upper := r.u(0.17, 0.2), r.u(0.13, 0.15)
	slice := func(tone uint8, x, y, z0, z1, radius float64) {
		m.tube(tone, at(x, y, z0), at(x, y, z1), float64(radius*k), float64(radius*k))
	}
	slice(toneMain, 0, 0.2, -0.05, 0.05, lower)
	slice(toneMain, 0, 0.42, -0.05, 0.05, upper)
	m.box(toneMain, at(0, 0.22, 0), float64(0.11*k), float64(0.2*k), float64(0.05*k), 1, 1)
	slice(toneDark, 0, 0.36, 0.04, 0.053, 0.055)
	m.box(toneDark, at(0, 0.13, 0.045), float64(0.07*k), float64(0.025*k), float64(0.015*k), 1, 1)
	m.box(toneWood, at(0, 0.5, 0.035), float64(0.026*k), float64(0.4*k), float64(0.018*k), 0.85, 1)
	m.box(toneDark, at(0, 0.88, 0.03), float64(0.045*k), float64(0.12*k), float64(0.015*k), 1.2, 1)
	m.box(toneDark, at(0, -0.005, -0.02), float64(0.1*k), float64(0.03*k), float64(0.09*k), 1, 1) // its stand
	m.gives = len(m.parts)
	for s := range 4 {
		x := float64(0.011 * (float64(s) - 1.5))
		m.limb(toneLeaf, at(x, 0.14, 0.066), at(x, 0.95, 0.066), 0.0035)
	}
	m.touch, m.normal, m.stick = at(0, r.u(0.24, 0.3), 0.07), vec{z: 1}, vec{x: float64(0.9 * m.side), y: -0.35, z: 0.3}.unit()
	m.high, m.hue, m.sat = k, [3]float64{0.06, 0.02, 0.6}[r.IntN(3)]+r.u(-0.02, 0.03), [2]float64{0.4, 0.9}
}

func maracaBody(m *instrument, r draws, size float64) {
	w := float64(size * r.u(0.12, 0.14))
	h := float64(size * r.u(0.24, 0.3))
	m.limb(toneWood, vec{}, vec{y: h}, 0.024)
	m.ball(toneMain, vec{y: h + float64(0.9*w)}, w, float64(1.2*w), w)
	m.disc(toneSecond, vec{y: h + float64(0.8*w)}, float64(1.01*w), float64(0.22*w))
	m.gives = 0
	m.high = h + float64(2.1*w)
}

// troughBend is how a ball's trough bends: y = troughBend·x².
const troughBend = 1.1

func ballBody(m *instrument, r draws, size float64) {
	w, reach := float64(size*r.u(0.085, 0.1)), 0.27
	const pieces = 8
	for k := range pieces {
		x0, x1 := float64(1.3*reach*(float64(k)*2/pieces-1)), float64(1.3*reach*(float64(k+1)*2/pieces-1))
		a, b := vec{x0, 0.05 + float64(troughBend*x0*x0), 0}, vec{x1, 0.05 + float64(troughBend*x1*x1), 0}
		p := m.box(toneWood, vec{}, float64(0.52*b.sub(a).length()), 0.03, 0.11, 1, 1)
		along := b.sub(a).unit()
		up := vec{-along.y, along.x, 0}
		p.axes = mat{along.by(p.axes.x.x), up.by(0.015), p.axes.z}
		p.at = a.mix(b, 0.5).sub(up.by(0.015))
	}
	end := float64(1.1 * reach)
	for _, x := range [2]float64{-end, end} {
		m.box(toneDark, vec{x: x}, 0.025, 0.03+float64(troughBend*end*end), 0.09, 1, 1)
	}
	m.gives, m.pivot = len(m.parts), vec{y: 0.05 + w}
	m.ball(toneMain, m.pivot, w, w, w)
	m.touch = vec{x: w} // the ball's radius
	m.high = 0.05 + float64(2*w)
}

// clad colours an instrument.
func (m *instrument) clad(r draws, class int) thing {
	hue := m.hue
	if hue < 0 {
		hue = r.u(0, 1)
	}
	main := hsv(hue, r.u(m.sat[0], m.sat[1]), r.u(0.55, 1))
	t := thing{class: class, gloss: r.u(0.1, 0.6)}
	t.hues = [tones]vec{main, hsv(r.u(0, 1), r.u(0.2, 0.9), r.u(0.4, 1)), hsv(r.u(0, 1), r.u(0, 0.4), r.u(0.06, 0.25)),
		hsv(r.u(0, 1), r.u(0, 0.3), r.u(0.2, 0.45)), hsv(r.u(0.08, 0.16), r.u(0.02, 0.2), r.u(0.85, 1)), hsv(r.u(0.04, 0.1), r.u(0.3, 0.7), r.u(0.3, 0.65))}
	other := main.mix(hsv(hue+r.u(-0.05, 0.05), r.u(0, 0.8), r.u(0.2, 0.9)), 0.8)
	freq, much := r.u(6, 14), r.u(0, 0.45)
	if class == classBall || class == classMaraca { // how they turn is seen
		other, much = hsv(r.u(0, 1), r.u(0, 1), r.u(0.2, 1)), r.u(0.6, 1)
	}
	t.skin = newMaterial(r, main, other, freq, much)
	if m.skin >= 0 {
		t.skin.kind = uint8(m.skin)
	}
	t.rest = m.parts
	return t
}

// The classes that are played in ways of their own.
const (
	classGuitar = 5 + iota
	classMaraca
	classBall
)
