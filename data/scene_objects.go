package data

import "math"

// The classes, neighbours side by side. Five have a hue of their own (in turns, negative for any), and none of them is told
// from its nearest neighbour by it: trees are as green as pines.
var sceneClasses = []string{"tree", "pine", "flower", "mushroom", "lamp", "cup", "bucket", "bottle", "car", "truck", "bus",
	"cat", "dog", "bird", "plane", "person", "house", "church", "chair", "boat"}

var sceneHue = []float64{0.31, 0.31, 0.93, 0.02, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, 0.6}

// sceneBuilders stand in the order of sceneClasses.
var sceneBuilders = []func(*model, draws){tree, pine, flower, mushroom, lamp, cup, bucket, bottle, car, truck, bus,
	cat, dog, bird, plane, person, house, church, chair, boat}

// The tones of an object's colours. The first carries its texture.
const (
	toneMain uint8 = iota
	toneSecond
	toneDark
	toneGlass
	toneLeaf
	toneWood
	tones
)

// model is an object in coordinates of its own: it stands on y = 0 and looks along x, or at the viewer, z, if it has a face.
type model struct {
	parts  []part
	joints []joint
	flies  float64 // how far above the ground, of its height
	turns  float64 // how far it may turn about the vertical from how it was made, radians
}

// joint is a named place inside a part, about r below its surface.
type joint struct {
	name string
	at   vec
	r    float64
}

func (m *model) put(p part) *part {
	m.parts = append(m.parts, p)
	return &m.parts[len(m.parts)-1]
}

// ball is an ellipsoid.
func (m *model) ball(tone uint8, at vec, rx, ry, rz float64) *part {
	return m.put(part{shape: ball, tone: tone, end: tone, at: at, axes: mat{vec{x: rx}, vec{y: ry}, vec{z: rz}}})
}

// box has its lower face's middle at foot; its upper face is kx and kz times as large.
func (m *model) box(tone uint8, foot vec, hx, height, hz, kx, kz float64) *part {
	h := float64(height * 0.5)
	foot.y += h
	return m.put(part{shape: block, tone: tone, end: tone, kx: kx, kz: kz, at: foot, axes: mat{vec{x: hx}, vec{y: h}, vec{z: hz}}})
}

// tube is a cone's piece from a to b, of radius ra > 0 at a and rb at b.
func (m *model) tube(tone uint8, a, b vec, ra, rb float64) *part {
	return m.put(part{shape: frustum, tone: tone, end: tone, kx: rb / ra, at: a.mix(b, 0.5), axes: along(b.sub(a).by(0.5), ra, ra)})
}

// limb is a rounded rod from a to b.
func (m *model) limb(tone uint8, a, b vec, r float64) *part {
	half := b.sub(a).by(0.5)
	return m.put(part{shape: capsule, tone: tone, end: tone, kx: half.length() / r, at: a.mix(b, 0.5), axes: along(half.unit().by(r), r, r)})
}

// bow is a chain of limbs.
func (m *model) bow(tone uint8, r float64, points ...vec) {
	for i := range points[1:] {
		m.limb(tone, points[i], points[i+1], r)
	}
}

// along returns axes whose y is v, the others of length rx and rz.
func along(v vec, rx, rz float64) mat {
	x := v.cross(vec{z: 1})
	if x.dot(x) < float64(1e-6*v.dot(v)) {
		x = v.cross(vec{x: 1})
	}
	x = x.unit()
	return mat{x.by(rx), v, x.cross(v.unit()).by(rz)}
}

func (m *model) joint(name string, at vec, r float64) {
	m.joints = append(m.joints, joint{name, at, r})
}

// ring returns a point on an ellipse about the z axis.
func ring(at vec, rx, ry, angle float64) vec {
	s, c := sincos(angle)
	return at.add(vec{float64(rx * c), float64(ry * s), 0})
}

func tree(m *model, r draws) {
	h, w := r.u(0.5, 0.9), r.u(0.4, 0.6)
	m.tube(toneWood, vec{}, vec{y: h}, r.u(0.1, 0.16), 0.08)
	m.ball(toneMain, vec{y: h + 0.35}, w, r.u(0.4, 0.55), w)
	for range 3 + r.IntN(3) {
		s, c := sincos(r.u(0, 6.28))
		b := r.u(0.22, 0.36)
		m.ball(toneMain, vec{float64(w * 0.75 * c), h + r.u(0.2, 0.75), float64(w * 0.75 * s)}, b, b, b)
	}
	m.turns = math.Pi
}

func pine(m *model, r draws) {
	h, w := r.u(0.2, 0.45), r.u(0.42, 0.6)
	m.tube(toneWood, vec{}, vec{y: h + 0.2}, r.u(0.08, 0.13), 0.08)
	n := 2 + r.IntN(3)
	for i := range n {
		k := float64(i) / float64(n)
		low := h + float64(k*1.2)
		m.tube(toneMain, vec{y: low}, vec{y: low + r.u(0.65, 0.85)}, float64(w*(1-float64(k*0.6))), 0.01)
	}
	m.turns = math.Pi
}

func flower(m *model, r draws) {
	lean := r.u(-0.2, 0.2)
	head := vec{lean, r.u(1.0, 1.3), 0}
	m.bow(toneLeaf, 0.045, vec{}, vec{float64(lean * 0.3), 0.5, 0}, head)
	for _, side := range []float64{-1, 1} {
		p := m.ball(toneLeaf, vec{float64(side * 0.24), r.u(0.3, 0.55), 0}, 0.25, 0.08, 0.1)
		p.axes = turnZ(float64(side * 0.5)).times(p.axes)
	}
	n, big := 5+r.IntN(4), r.u(0.2, 0.28)
	nod := turnX(r.u(-0.5, 0.2))
	for i := range n {
		a := float64(6.2831853*float64(i)) / float64(n)
		p := m.ball(toneMain, head.add(nod.of(ring(vec{}, 0.3, 0.3, a))), big, 0.13, 0.05)
		p.axes = nod.times(turnZ(a)).times(p.axes)
	}
	m.ball(toneSecond, head.add(nod.of(vec{z: 0.05})), 0.16, 0.16, 0.09)
	m.turns = 0.9
}

func mushroom(m *model, r draws) {
	h, w, high := r.u(0.5, 0.9), r.u(0.5, 0.75), r.u(0.3, 0.55)
	m.tube(toneSecond, vec{}, vec{y: h + 0.1}, r.u(0.15, 0.22), 0.13)
	m.tube(toneSecond, vec{y: h - 0.04}, vec{y: h + 0.02}, float64(w*0.9), w)
	// a dome: two cones' pieces and a flat ball
	m.tube(toneMain, vec{y: h}, vec{y: h + float64(high*0.5)}, w, float64(w*0.86))
	m.ball(toneMain, vec{y: h + float64(high*0.45)}, float64(w*0.87), float64(high*0.6), float64(w*0.87))
	for range r.IntN(7) {
		s, c := sincos(r.u(0, 6.28))
		k := r.u(0.3, 0.75)
		top := h + float64(high*0.45) + float64(high*0.6*math.Sqrt(1-float64(k*k)))
		m.ball(toneSecond, vec{float64(w * 0.87 * k * c), top, float64(w * 0.87 * k * s)}, 0.1, 0.05, 0.1)
	}
	m.turns = math.Pi
}

func lamp(m *model, r draws) {
	h, w := r.u(0.7, 1.1), r.u(0.4, 0.6)
	m.tube(toneSecond, vec{}, vec{y: r.u(0.08, 0.16)}, r.u(0.25, 0.42), 0.22)
	m.tube(toneSecond, vec{}, vec{y: h + 0.1}, r.u(0.05, 0.1), 0.05)
	if r.Bool(0.4) {
		m.ball(toneSecond, vec{y: float64(h * 0.4)}, 0.17, 0.2, 0.17)
	}
	m.tube(toneMain, vec{y: h}, vec{y: h + r.u(0.4, 0.6)}, w, float64(w*r.u(0.35, 0.7))).end = toneDark
	m.turns = math.Pi
}

func cup(m *model, r draws) {
	w, h := r.u(0.4, 0.52), r.u(0.75, 1)
	m.tube(toneMain, vec{}, vec{y: h}, float64(w*r.u(0.7, 0.95)), w).end = toneDark
	if r.Bool(0.5) {
		m.tube(toneSecond, vec{y: float64(h * 0.45)}, vec{y: float64(h * 0.6)}, float64(w*1.01), float64(w*1.02))
	}
	middle, reach := vec{float64(w * 0.9), float64(h * 0.52), 0}, r.u(0.28, 0.4)
	var p []vec
	for _, a := range []float64{-1.5, -0.75, 0, 0.75, 1.5} {
		p = append(p, ring(middle, reach, float64(h*0.3), a))
	}
	m.bow(toneMain, r.u(0.06, 0.09), p...)
	m.turns = 1
}

func bucket(m *model, r draws) {
	w, h := r.u(0.45, 0.56), r.u(0.7, 0.95)
	m.tube(toneMain, vec{}, vec{y: h}, float64(w*r.u(0.62, 0.78)), w).end = toneDark
	m.tube(toneSecond, vec{y: h - 0.09}, vec{y: h - 0.01}, float64(w*1.04), float64(w*1.05)).end = toneDark
	rise := turnX(r.u(-0.7, 0.7))
	var p []vec
	for _, a := range []float64{0, 0.6, 1.2, 1.57, 1.94, 2.54, 3.1416} {
		p = append(p, vec{y: h - 0.03}.add(rise.of(ring(vec{}, float64(w*1.03), r.u(0.5, 0.55), a))))
	}
	m.bow(toneSecond, 0.04, p...)
	m.turns = 0.9
}

func bottle(m *model, r draws) {
	w, h := r.u(0.22, 0.32), r.u(0.7, 0.95)
	neck := float64(w * r.u(0.3, 0.45))
	m.tube(toneMain, vec{}, vec{y: h}, w, w)
	m.tube(toneMain, vec{y: h}, vec{y: h + 0.25}, w, neck)
	m.tube(toneMain, vec{y: h + 0.25}, vec{y: h + 0.5}, neck, neck)
	m.tube(toneDark, vec{y: h + 0.48}, vec{y: h + 0.58}, float64(neck*1.25), float64(neck*1.25))
	if r.Bool(0.7) {
		m.tube(toneSecond, vec{y: float64(h * 0.3)}, vec{y: float64(h * 0.8)}, float64(w*1.02), float64(w*1.02))
	}
	m.turns = math.Pi
}

// wheels are pairs at each x.
func (m *model) wheels(radius, half float64, xs ...float64) {
	for _, x := range xs {
		for _, z := range []float64{-half, half} {
			m.tube(toneDark, vec{x, radius, z - 0.07}, vec{x, radius, z + 0.07}, radius, radius)
			m.tube(toneSecond, vec{x, radius, z - 0.08}, vec{x, radius, z + 0.08}, float64(radius*0.45), float64(radius*0.45))
		}
	}
}

func car(m *model, r draws) {
	long, half, back := r.u(0.9, 1.05), 0.42, r.u(-0.25, 0.05)
	m.box(toneMain, vec{y: 0.16}, long, r.u(0.3, 0.38), half, 0.96, 0.95)
	cabin, high := r.u(0.48, 0.6), r.u(0.3, 0.4)
	m.box(toneMain, vec{back, 0.46, 0}, cabin, high, float64(half*0.92), r.u(0.55, 0.75), 0.85)
	m.box(toneGlass, vec{back, 0.5, 0}, float64(cabin*0.78), float64(high*0.7), float64(half*0.94), 0.7, 0.9)
	m.box(toneGlass, vec{back, 0.5, 0}, cabin, float64(high*0.7), float64(half*0.8), 0.72, 0.9)
	m.box(toneMain, vec{back, 0.46, 0}, 0.04, float64(high*0.9), float64(half*0.96), 1, 0.88)
	m.wheels(r.u(0.18, 0.23), float64(half*0.9), -0.58, 0.58)
	m.turns = 0.75
}

func truck(m *model, r draws) {
	half, high, load := 0.42, r.u(0.75, 1.05), r.u(0.6, 0.72)
	m.box(toneDark, vec{y: 0.2}, 1.0, 0.1, float64(half*0.8), 1, 1)
	m.box(toneSecond, vec{0.75, 0.24, 0}, 0.27, r.u(0.6, 0.7), float64(half*0.92), 0.8, 0.95)
	m.box(toneGlass, vec{0.77, 0.5, 0}, 0.22, 0.24, float64(half*0.95), 0.85, 0.96)
	m.box(toneMain, vec{0.42 - load, 0.28, 0}, load, high, half, 1, 1)
	m.wheels(0.2, float64(half*0.85), -0.75, -0.3, 0.7)
	m.turns = 0.75
}

func bus(m *model, r draws) {
	half, high, n := 0.36, r.u(0.72, 0.88), 4+r.IntN(3)
	m.box(toneMain, vec{y: 0.16}, 1.08, high, half, 0.98, 0.96)
	step := 1.9 / float64(n)
	for i := range n {
		x := -0.95 + float64(step*(float64(i)+0.5))
		m.box(toneGlass, vec{x, 0.16 + float64(high*0.48), 0}, float64(step*0.38), float64(high*0.34), float64(half*1.01), 1, 0.97)
	}
	m.box(toneGlass, vec{0.55, 0.16 + float64(high*0.45), 0}, 0.535, float64(high*0.4), float64(half*0.85), 0.985, 0.97)
	m.box(toneSecond, vec{y: 0.16 + float64(high*0.22)}, 1.085, float64(high*0.1), float64(half*1.01), 1, 1)
	m.wheels(0.17, float64(half*0.92), -0.68, 0.68)
	m.turns = 0.75
}

// legs of an animal whose body lies along x at height h: named paws and knees.
func (m *model) legs(r draws, h, front, back, half, thick float64) {
	for _, l := range []struct {
		name string
		x, z float64
	}{{"left fore", front, -half}, {"right fore", front, half}, {"left hind", back, -half}, {"right hind", back, half}} {
		step := r.u(-0.2, 0.2)
		hip := vec{l.x, h, l.z}
		knee := vec{l.x + float64(step*0.4), float64(h * 0.5), l.z}
		paw := vec{l.x + step, thick, l.z}
		m.bow(toneMain, thick, hip, knee, paw)
		m.joint(l.name+" knee", knee, thick)
		m.joint(l.name+" paw", paw, thick)
	}
}

func cat(m *model, r draws) {
	h, tail := r.u(0.42, 0.52), r.u(-0.2, 0.3)
	m.limb(toneMain, vec{-0.4, h + 0.04, 0}, vec{0.4, h + 0.06, 0}, r.u(0.19, 0.24))
	m.legs(r, h, 0.42, -0.42, 0.11, 0.065)
	head := vec{0.68, h + r.u(0.25, 0.38), r.u(-0.1, 0.1)}
	m.limb(toneMain, vec{0.4, h + 0.1, 0}, head, 0.14)
	m.ball(toneMain, head, 0.23, 0.22, 0.24)
	m.ball(toneSecond, head.add(vec{0.19, -0.07, 0}), 0.09, 0.08, 0.11)
	for _, z := range []float64{-0.13, 0.13} {
		m.tube(toneMain, head.add(vec{-0.02, 0.13, z}), head.add(vec{-0.03, 0.4, float64(z * 1.25)}), 0.11, 0.01)
		m.ball(toneDark, head.add(vec{0.19, 0.05, float64(z * 0.8)}), 0.04, 0.05, 0.04)
	}
	base, bend, tip := vec{-0.56, h + 0.12, 0}, vec{-0.85, h + 0.3 + float64(tail*0.5), tail}, vec{-0.78 - float64(tail*0.5), h + 0.72, tail}
	m.bow(toneMain, 0.055, base, bend, tip)
	m.animal(head, vec{0.4, h + 0.1, 0}, head.add(vec{0.27, -0.07, 0}), base, tip, 0.14)
}

// animal names the joints that cats and dogs share; thick is the neck's radius.
func (m *model) animal(head, neck, nose, base, tip vec, thick float64) {
	m.joint("head", head, 0.24)
	m.joint("neck", neck, thick+0.1)
	m.joint("nose", nose, 0.06)
	m.joint("tail base", base, 0.2)
	m.joint("tail tip", tip, 0.06)
	m.turns = 0.8
}

func dog(m *model, r draws) {
	h := r.u(0.52, 0.66)
	m.limb(toneMain, vec{-0.42, h + 0.02, 0}, vec{0.38, h + 0.06, 0}, r.u(0.19, 0.24))
	m.legs(r, h, 0.4, -0.42, 0.12, 0.075)
	head := vec{0.6, h + r.u(0.38, 0.5), r.u(-0.08, 0.08)}
	m.limb(toneMain, vec{0.36, h + 0.08, 0}, head, 0.16)
	m.ball(toneMain, head, 0.22, 0.2, 0.2)
	nose := head.add(vec{r.u(0.38, 0.5), -0.08, 0})
	m.limb(toneSecond, head.add(vec{0.12, -0.05, 0}), nose, 0.1)
	m.ball(toneDark, nose.add(vec{0.09, 0.04, 0}), 0.05, 0.05, 0.05)
	for _, z := range []float64{-0.2, 0.2} { // ears that hang
		p := m.ball(toneSecond, head.add(vec{-0.08, -0.1, z}), 0.11, 0.26, 0.05)
		p.axes = turnX(float64(z * 0.8)).times(p.axes)
	}
	base := vec{-0.55, h + 0.12, 0}
	tip := base.add(vec{-r.u(0.2, 0.4), r.u(0, 0.3), r.u(-0.15, 0.15)})
	m.limb(toneMain, base, tip, 0.06)
	m.animal(head, vec{0.36, h + 0.08, 0}, nose, base, tip, 0.16)
}

func bird(m *model, r draws) {
	flying := r.Bool(0.5)
	pitch := turnZ(r.u(0.05, 0.45))
	h := 0.62
	at := func(x, y, z float64) vec { return vec{y: h}.add(pitch.of(vec{x, y, z})) }
	p := m.ball(toneMain, at(0, 0, 0), 0.5, 0.28, 0.28)
	p.axes = pitch.times(p.axes)
	head := at(0.48, 0.24, 0)
	m.ball(toneMain, head, 0.2, 0.2, 0.19)
	beak := head.add(vec{0.42, -0.04, 0})
	m.tube(toneSecond, head.add(vec{0.12, 0, 0}), beak, 0.09, 0.01)
	tail := at(-0.9, r.u(-0.05, 0.1), 0)
	m.limb(toneMain, at(-0.35, 0, 0), tail, 0.08).axes.z = vec{z: 0.22}
	for _, z := range []float64{-1, 1} {
		m.ball(toneDark, head.add(vec{0.12, 0.06, float64(z * 0.13)}), 0.04, 0.04, 0.04)
		tip := at(-0.45, 0, float64(z*0.27))
		if flying {
			tip = at(-0.15, r.u(0.1, 0.7), float64(z*0.95))
		}
		m.wing(at(0.12, 0.08, float64(z*0.2)), tip, pitch)
		m.joint(side(z)+" wing tip", tip, 0.08)
		if foot := (vec{0.05, 0.02, float64(z * 0.1)}); !flying {
			m.limb(toneSecond, at(-0.05, -0.2, float64(z*0.1)), foot, 0.035)
			m.limb(toneSecond, foot, foot.add(vec{0.14, 0, 0}), 0.03)
			m.joint(side(z)+" foot", foot, 0.05)
		}
	}
	m.joint("head", head, 0.2)
	m.joint("beak", beak.sub(vec{0.08, 0, 0}), 0.06)
	m.joint("tail", tail, 0.12)
	if m.turns = 0.8; flying {
		m.flies = r.u(0.1, 0.6)
	}
}

// side names the half of a body that looks along x: its left is at negative z.
func side(z float64) string {
	if z < 0 {
		return "left"
	}
	return "right"
}

// wing is a flat ball from a shoulder to a tip.
func (m *model) wing(shoulder, tip vec, pitch mat) {
	half := tip.sub(shoulder).by(0.5)
	p := m.ball(toneSecond, shoulder.mix(tip, 0.5), 1, 1, 1)
	chord := pitch.of(vec{x: 1})
	chord = chord.sub(half.by(chord.dot(half) / half.dot(half)))
	if chord.length() < 0.3 { // folded along the body
		chord = pitch.of(vec{y: 1})
	}
	chord = chord.unit().by(0.24)
	p.axes = mat{chord, half, chord.cross(half).unit().by(0.05)}
}

func plane(m *model, r draws) {
	pitch := r.u(-0.1, 0.3)
	body := r.u(0.14, 0.2)
	m.limb(toneMain, vec{-0.85, 0.5, 0}, vec{0.7, 0.5, 0}, body)
	m.ball(toneGlass, vec{0.6, 0.5 + float64(body*0.6), 0}, 0.2, float64(body*0.6), float64(body*0.8))
	m.tube(toneMain, vec{-0.8, 0.5, 0}, vec{-1.1, 0.58, 0}, body, 0.03)
	sweep, span := r.u(0.1, 0.4), r.u(0.75, 1)
	for _, z := range []float64{-1, 1} {
		p := m.box(toneSecond, vec{}, 1, 2, 1, 0.45, 0.6)
		p.at, p.axes = vec{0.05 - float64(sweep*0.5), 0.47, float64(z * span * 0.5)}, mat{vec{x: 0.24}, vec{-float64(sweep * 0.5), 0.04, float64(z * span * 0.5)}, vec{y: 0.035}}
		p = m.box(toneSecond, vec{}, 1, 2, 1, 0.5, 0.6)
		p.at, p.axes = vec{-0.98, 0.56, float64(z * 0.2)}, mat{vec{x: 0.13}, vec{-0.06, 0.01, float64(z * 0.2)}, vec{y: 0.025}}
		if r.Bool(0.6) {
			m.limb(toneDark, vec{-0.05, 0.38, float64(z * 0.4)}, vec{0.2, 0.38, float64(z * 0.4)}, 0.075)
		}
	}
	fin := m.box(toneSecond, vec{}, 1, 2, 1, 0.5, 0.8)
	fin.at, fin.axes = vec{-0.98, 0.78, 0}, mat{vec{x: 0.16}, vec{-0.1, 0.2, 0}, vec{z: 0.03}}
	nose := turnZ(pitch)
	for i := range m.parts {
		p := &m.parts[i]
		p.at, p.axes = nose.of(p.at.sub(vec{y: 0.5})).add(vec{y: 0.5}), nose.times(p.axes)
	}
	m.flies, m.turns = r.u(0.1, 0.7), 0.9
}

func person(m *model, r draws) {
	step, swing, bend := r.u(-0.5, 0.5), r.u(-0.7, 0.7), r.u(0, 0.5)
	neck, hip := vec{0, 1.42, 0}, vec{0, 0.86, 0}
	head := vec{r.u(-0.04, 0.04), 1.66, 0.03}
	m.tube(toneMain, hip.add(vec{y: -0.06}), neck.add(vec{y: -0.02}), r.u(0.17, 0.21), 0.23).axes.z.z = 0.14
	m.limb(toneSecond, neck, head, 0.08)
	m.ball(toneSecond, head, 0.15, 0.19, 0.16)
	m.ball(toneDark, head.add(vec{0, 0.07, -0.04}), 0.16, 0.15, 0.15)
	m.joint("head", head, 0.2)
	m.joint("neck", neck, 0.16)
	m.joint("hip", hip, 0.22)
	for _, x := range []float64{-1, 1} { // it looks at the viewer: its right is at negative x
		name := side(-x)
		s, c := sincos(float64(x * step))
		hipSide := hip.add(vec{float64(x * 0.11), -0.02, 0})
		knee := hipSide.add(vec{0, -float64(0.42 * c), float64(0.42 * s)})
		s, c = sincos(float64(x*step) - r.u(0, float64(bend*0.8)))
		foot := knee.add(vec{0, -float64(0.42 * c), float64(0.42 * s)})
		m.bow(toneDark, 0.09, hipSide, knee, foot)
		m.limb(toneWood, foot, foot.add(vec{z: 0.14}), 0.075)
		shoulder := neck.add(vec{float64(x * 0.25), -0.06, 0})
		out := r.u(0.1, 0.5)
		s, c = sincos(float64(x * -swing))
		elbow := shoulder.add(vec{float64(x * 0.3 * out), -float64(0.3 * c), float64(0.3 * s)})
		s, c = sincos(float64(x*-swing) + r.u(0, 1.8))
		hand := elbow.add(vec{float64(x * 0.2 * out), -float64(0.3 * c), float64(0.3 * s)})
		m.limb(toneMain, shoulder, elbow, 0.08)
		m.limb(toneSecond, elbow, hand, 0.065)
		m.joint(name+" shoulder", shoulder, 0.1)
		m.joint(name+" elbow", elbow, 0.09)
		m.joint(name+" hand", hand, 0.07)
		m.joint(name+" knee", knee, 0.1)
		m.joint(name+" foot", foot, 0.1)
	}
	m.turns = 1.2
}

func house(m *model, r draws) {
	w, h, d := r.u(0.6, 0.8), r.u(0.55, 0.8), 0.5
	m.box(toneMain, vec{}, w, h, d, 1, 1)
	m.box(toneSecond, vec{y: h}, float64(w*1.15), r.u(0.4, 0.6), float64(d*1.15), r.u(0, 0.5), 0)
	x := r.u(-0.2, 0.2)
	m.box(toneDark, vec{x: x}, 0.11, float64(h*0.6), d+0.02, 1, 1)
	for _, s := range []float64{-1, 1} {
		m.box(toneGlass, vec{x + float64(s*w*0.55), float64(h * 0.4), 0}, 0.12, float64(h*0.32), d+0.02, 1, 1)
	}
	m.box(toneGlass, vec{y: float64(h * 0.4)}, w+0.02, float64(h*0.32), 0.13, 1, 1)
	if r.Bool(0.7) {
		m.box(toneDark, vec{float64(w * 0.5 * r.sign()), h + 0.1, -0.1}, 0.09, 0.55, 0.09, 1, 1)
	}
	m.turns = 0.8
}

func church(m *model, r draws) {
	h, d := r.u(0.45, 0.6), 0.36
	m.box(toneMain, vec{x: -0.1}, 0.65, h, d, 1, 1)
	m.box(toneSecond, vec{-0.1, h, 0}, 0.7, r.u(0.3, 0.42), float64(d*1.15), 1, 0)
	tall := r.u(0.95, 1.15)
	m.box(toneMain, vec{x: 0.6}, 0.24, tall, 0.26, 1, 1)
	spire := r.u(0.4, 0.65)
	m.box(toneSecond, vec{0.6, tall, 0}, 0.29, spire, 0.31, 0, 0)
	top := tall + spire
	m.limb(toneDark, vec{0.6, top - 0.05, 0}, vec{0.6, top + 0.2, 0}, 0.025)
	m.limb(toneDark, vec{0.52, top + 0.1, 0}, vec{0.68, top + 0.1, 0}, 0.025)
	m.box(toneDark, vec{x: 0.6}, 0.1, 0.32, 0.28, 1, 1)
	m.box(toneDark, vec{x: 0.6}, 0.26, 0.32, 0.1, 1, 1)
	for _, x := range []float64{-0.5, -0.15, 0.2} {
		m.box(toneGlass, vec{x, float64(h * 0.3), 0}, 0.07, float64(h*0.45), d+0.02, 1, 1)
	}
	m.ball(toneGlass, vec{0.6, tall - 0.2, 0}, 0.12, 0.12, 0.28)
	m.turns = 0.8
}

func chair(m *model, r draws) {
	seat, w, back := r.u(0.5, 0.65), r.u(0.36, 0.44), r.u(0.55, 0.8)
	m.box(toneMain, vec{y: seat}, w, r.u(0.08, 0.14), w, 1, 1)
	for _, x := range []float64{-1, 1} {
		for _, z := range []float64{-1, 1} {
			m.tube(toneSecond, vec{float64(x * w * 0.9), 0, float64(z * w * 0.9)}, vec{float64(x * w * 0.82), seat, float64(z * w * 0.82)}, 0.05, 0.06)
		}
		m.tube(toneSecond, vec{float64(-w * 0.88), seat, float64(x * w * 0.82)}, vec{float64(-w*0.88) - 0.12, seat + back, float64(x * w * 0.82)}, 0.055, 0.05)
	}
	if r.Bool(0.5) {
		p := m.box(toneMain, vec{float64(-w*0.88) - 0.06, seat + float64(back*0.35), 0}, 0.04, float64(back*0.65), float64(w*0.9), 1, 1)
		p.axes.y.x = -0.04
	} else {
		for _, k := range []float64{0.45, 0.9} {
			m.box(toneMain, vec{float64(-w*0.88) - float64(0.12*k), seat + float64(back*k) - 0.06, 0}, 0.04, 0.15, float64(w*0.85), 1, 1)
		}
	}
	m.turns = 1.2
}

func boat(m *model, r draws) {
	h := r.u(0.25, 0.36)
	m.box(toneMain, vec{}, 0.65, h, 0.22, 1.45, 1.5)
	m.box(toneSecond, vec{y: h - 0.02}, 0.96, 0.06, 0.34, 1, 1)
	mast := r.u(-0.1, 0.15)
	tall := r.u(1.0, 1.35)
	m.tube(toneWood, vec{mast, h, 0}, vec{mast, h + tall, 0}, 0.04, 0.03)
	sail := m.box(toneSecond, vec{}, 1, 2, 1, 0, 1)
	sail.at, sail.axes = vec{mast - 0.22, h + 0.12 + float64(tall*0.42), 0}, mat{vec{x: 0.34}, vec{0.17, float64(tall * 0.42), 0}, vec{z: 0.03}}
	if r.Bool(0.7) {
		jib := m.box(toneSecond, vec{}, 1, 2, 1, 0, 1)
		jib.at, jib.axes = vec{mast + 0.24, h + 0.1 + float64(tall*0.3), 0}, mat{vec{x: 0.24}, vec{-0.12, float64(tall * 0.3), 0}, vec{z: 0.03}}
	}
	if r.Bool(0.5) {
		m.box(toneDark, vec{-0.55, h + 0.04, 0}, 0.24, 0.22, 0.2, 0.9, 0.9)
	}
	m.turns = 0.8
}
