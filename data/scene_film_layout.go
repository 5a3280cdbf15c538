package data

import (
	"math"

	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/tensor"
)

// filmPlaces is how many backgrounds films have between them.
const filmPlaces = 32

// newPlace composes background k of a seed: ground, walls, light, furniture, and a camera that looks at it.
func newPlace(seed uint64, k int) *layout {
	r := draws{tensor.NewRNG(seed).Derive(stream.Places, uint64(k))}
	l := &layout{dist: 5}
	l.focal = r.u(1.5, 2.6)
	pitch, roll := r.u(0.03, 0.28), r.u(-0.05, 0.05)
	l.level = turnZ(roll).times(turnX(pitch))
	l.fit = l.dist / l.focal
	l.foot, l.size = vec{0, float64(l.fit * r.u(-0.34, -0.26)), -l.dist}, l.fit
	l.lights(draws{r.Derive(1)})
	l.light.y = math.Abs(l.light.y) // from above: feet have their shadow where they stand
	for i := uint64(0); ; i++ {     // one with a ground
		if l.back = newBackdrop(draws{r.Derive(2, i)}, l.level, l.foot, float64(1.5*l.fit)); l.back.kind != poster {
			break
		}
	}
	q := draws{r.Derive(3)}
	furniture := []func(*model, draws){tree, pine, flower, mushroom, lamp, bucket, car, house, church, chair, prop, prop, prop}
	for range 1 + q.IntN(4) {
		m := &model{}
		furniture[q.IntN(len(furniture))](m, q)
		size, x, behind := float64(l.fit*q.u(0.1, 0.28)), q.u(0, 1), float64(l.fit*q.u(0.45, 0.9))
		l.stand(q, m, -1, l.level.times(turnY(q.u(0, 6.2832))).by(size), l.spot(x, behind), q.u(0, 1))
	}
	l.factors = nil
	return l
}

// filmCamera is how a camera moves: about itself alone.
type filmCamera struct {
	kind          int
	yaw, pitch    float64    // radians a second
	half          float64    // when it looks straight ahead
	shake, pulses [3]float64 // radians; radians a second
	phases        [3]float64
}

// The kinds of camera.
const (
	cameraStill = iota
	cameraPans
	cameraShakes
)

func newFilmCamera(r draws, length float64) filmCamera {
	c := filmCamera{half: float64(0.5 * length)}
	switch u := r.u(0, 1); {
	case u < 0.5:
	case u < 0.75:
		c.kind = cameraPans
		most := math.Min(0.07, 0.12/length) // out of the middle at most 0.06 or so
		c.yaw, c.pitch = float64(r.sign()*r.u(0.4, 1)*most), float64(r.u(-0.2, 0.2)*most)
	default:
		c.kind = cameraShakes
		for i := range c.shake {
			c.shake[i], c.pulses[i], c.phases[i] = r.u(0.002, 0.009), r.u(5, 16), r.u(0, 6.2832)
		}
	}
	return c
}

// at returns how the camera is turned: its coordinates to those of the place.
func (c *filmCamera) at(t float64) mat {
	s := t - c.half
	var w [3]float64
	for i := range w {
		a, _ := sincos(c.phases[i] + float64(c.pulses[i]*t))
		w[i] = float64(c.shake[i] * a)
	}
	return turnY(float64(c.yaw*s) + w[0]).times(turnX(float64(c.pitch*s) + w[1])).times(turnZ(w[2]))
}

// filmLayout is what happens before a background: a pure function of its stream, whatever the side.
type filmLayout struct {
	action, place int
	back          *layout // the place
	camera        filmCamera
	body          *body
	motion        motion
	gear          []gear // the action's, then what moves on its own
	ground        mat    // from metres on the action's ground to the place
	foot          vec
	dress         thing
	skins         []thing // of the gear
	exposure
	facing  float64
	factors []Factor
}

// newFilm composes a film of some seconds. The action is drawn first and the place second, so that Label and Group can draw them alone;
// what does not belong to the action has streams of its own.
func newFilm(r draws, length float64, place func(k int) *layout) *filmLayout {
	own := func(purpose uint64) draws { return draws{r.Derive(purpose)} }
	f := &filmLayout{action: r.IntN(len(filmActions)), place: r.IntN(filmPlaces)}
	f.back = place(f.place)
	q := own(1)
	f.camera = newFilmCamera(q, length)
	f.exposure = newExposure(q)
	q = own(2)
	f.body = newBody(q)
	f.clothe(q)
	q = own(3)
	wide := q.u(3.4, 4.7) // metres across the picture
	f.facing = q.u(-1, 1)
	if q.Bool(0.5) {
		f.facing += math.Pi
	}
	metre := f.back.fit / wide
	f.ground = f.back.level.times(turnY(f.facing)).by(metre)
	f.foot = f.back.foot.add(f.back.level.of(vec{float64(q.u(-0.1, 0.1) * f.back.fit), 0, float64(q.u(-0.1, 0.12) * f.back.fit)}))
	f.motion = filmMoves[f.action](f.body, own(4), length)
	f.gear = f.motion.gear
	other := 0
	q = own(5)
	if q.Bool(0.4) {
		other = 1 + q.IntN(3)
		f.gear = append(f.gear, distractors[other-1](q, length)...)
	}
	for range f.gear {
		f.skins = append(f.skins, gearSkin(q, metre))
	}
	f.factors = append([]Factor{{"action", float64(f.action)}, {"background", float64(f.place)}, {"camera", float64(f.camera.kind)}, {"facing", f.facing},
		{"height", f.body.height}, {"metres across", wide}, {"distractor", float64(other)}, {"brightness", float64((f.gain.x + f.gain.y + f.gain.z) / 3)}}, f.motion.factors...)
	return f
}

// clothe colours a body.
func (f *filmLayout) clothe(r draws) {
	t := &f.dress
	shirt := hsv(r.u(0, 1), r.u(0.3, 1), r.u(0.35, 1))
	t.hues = [tones]vec{toneShirt: shirt, toneSkin: hsv(r.u(0.03, 0.1), r.u(0.25, 0.65), r.u(0.35, 1)), toneHair: hsv(r.u(0.03, 0.12), r.u(0.1, 0.8), r.u(0.05, 0.7)),
		toneTrousers: hsv(r.u(0, 1), r.u(0, 0.9), r.u(0.1, 0.9)), toneShoes: hsv(r.u(0, 1), r.u(0, 0.8), r.u(0.05, 0.9))}
	t.skin = newMaterial(r, shirt, hsv(r.u(0, 1), r.u(0, 1), r.u(0.1, 1)), r.u(3, 9), r.u(0, 0.8))
	t.gloss, t.rest = r.u(0, 0.3), f.body.parts
}

// gearSkin colours a thing beside the figure.
func gearSkin(r draws, metre float64) thing {
	a := hsv(r.u(0, 1), r.u(0.3, 1), r.u(0.3, 1))
	t := thing{gloss: r.u(0, 0.4)}
	t.hues = [tones]vec{a, hsv(r.u(0, 1), r.u(0.1, 0.9), r.u(0.2, 1)), hsv(r.u(0, 1), r.u(0, 0.5), r.u(0.08, 0.35))}
	t.skin = newMaterial(r, a, hsv(r.u(0, 1), r.u(0, 1), r.u(0.1, 1)), r.u(4, 10), r.u(0.2, 0.9))
	return t
}

// distractors move on their own, whatever the action: a ball that bounces along, a pendulum, a box that slides to a halt.
var distractors = []func(r draws, length float64) []gear{
	func(r draws, length float64) []gear {
		size, way := r.u(0.1, 0.18), r.sign()
		f := fly(0, vec{float64(-way * r.u(0.5, 2)), r.u(0.5, 1.8), beside(r)}, vec{float64(way * r.u(0.3, 2)), r.u(-1, 2), 0}, size, r.u(0.5, 0.85))
		return []gear{ballGear(size, func(t float64) vec { return alongWay(f, t) })}
	},
	func(r draws, length float64) []gear {
		reach, x, z := r.u(1.2, 2.4), float64(r.sign()*r.u(0.3, 1.5)), beside(r)
		angle, _ := integrate(float64(r.sign()*r.u(0.3, 0.8)), 0, length, func(a, s float64) float64 {
			sin, _ := sincos(a)
			return -float64(gravity/reach*sin) - float64(0.2*s)
		}, nil)
		high := reach + r.u(0.3, 0.8)
		g := gear{at: func(t float64) (mat, vec) { return turnZ(sample(angle, t)), vec{x, high, z} }}
		g.limb(toneSecond, vec{}, vec{y: -reach}, 0.025)
		g.ball(toneMain, vec{y: -reach}, 0.14, 0.14, 0.14)
		return []gear{g, stand(r, high, vec{x: x, z: z})}
	},
	func(r draws, length float64) []gear {
		way, z, speed := r.sign(), beside(r), r.u(0.5, 2)
		from, slow := float64(-way*r.u(0.5, 1.8)), r.u(0.2, 0.9)
		g := gear{at: func(t float64) (mat, vec) {
			s := math.Min(t, speed/slow)
			return turnY(0), vec{from + float64(way*(float64(speed*s)-float64(0.5*slow*s*s))), 0, z}
		}}
		g.box(toneMain, vec{}, r.u(0.12, 0.3), r.u(0.15, 0.5), r.u(0.12, 0.25), r.u(0.5, 1), r.u(0.5, 1))
		return []gear{g}
	},
}

// stand is a bar on two posts, so high above a place on the ground.
func stand(r draws, high float64, foot vec) gear {
	g := gear{at: func(float64) (mat, vec) { return turnY(0), foot }}
	z := r.u(0.55, 0.75)
	g.limb(toneMain, vec{y: high, z: -z}, vec{y: high, z: z}, 0.03)
	for _, s := range [2]float64{-1, 1} {
		g.limb(toneSecond, vec{z: float64(s * z)}, vec{y: high, z: float64(s * z)}, 0.04)
	}
	return g
}

// beside is a distance to the side of the action.
func beside(r draws) float64 { return float64(r.sign() * r.u(1.2, 1.7)) }

// still is how many things of a film belong to its place.
func (f *filmLayout) still() int { return len(f.back.things) }

// layoutAt returns the scene at a time, in the camera's coordinates. The place's things come first, then the figure, then the gear.
func (f *filmLayout) layoutAt(t float64) *layout {
	l := *f.back
	l.factors = nil
	l.things = append(make([]thing, 0, len(l.things)+1+len(f.gear)), l.things...)
	l.parts = append(make([]part, 0, len(l.parts)+len(f.body.parts)+16), l.parts...)
	view := mat{vec{x: 1}, vec{y: 1}, vec{z: 1}}
	if f.camera.kind != cameraStill {
		l.turned, l.camera = true, f.camera.at(t)
		view = l.camera.transpose()
		l.light = view.of(l.light)
		for i := range l.parts {
			l.parts[i].place(view, vec{})
		}
		for i := range l.things {
			th := &l.things[i]
			th.middle, th.at, th.inv = view.of(th.middle), view.of(th.at), th.inv.times(l.camera)
		}
	}
	ground, foot := view.times(f.ground), view.of(f.foot)
	m := f.motion.at(t)
	p := m.posture(f.body)
	th := f.dress
	th.class = f.action
	th.inv = ground.inverse()
	scale := ground.y.length()
	for i, j := range f.body.joints {
		th.joints = append(th.joints, joint{j.name, foot.add(ground.of(p.of(f.body, f.body.jointOf[i], j.at))), float64(j.r * scale)})
	}
	l.assemble(th, f.body.parts, func(q *part, i int) {
		bone := f.body.bone[i]
		q.at, q.axes = p.of(f.body, bone, q.at), p.turn[bone].times(q.axes)
		q.place(ground, foot)
	})
	for k := range f.gear {
		g := &f.gear[k]
		turn, at := g.at(t)
		th := f.skins[k]
		th.class, th.inv, th.rest = -1, ground.inverse(), g.parts
		l.assemble(th, g.parts, func(q *part, _ int) {
			q.at, q.axes = at.add(turn.of(q.at)), turn.times(q.axes)
			q.place(ground, foot)
		})
	}
	return &l
}

// assemble adds a thing of parts, each of which is put into its place.
func (l *layout) assemble(th thing, parts []part, place func(q *part, i int)) {
	th.first = len(l.parts)
	low := vec{math.Inf(1), math.Inf(1), math.Inf(1)}
	high := low.by(-1)
	for i, q := range parts {
		place(&q, i)
		q.object = len(l.things)
		h := q.bounds()
		a, b := q.at.sub(h), q.at.add(h)
		low = vec{math.Min(low.x, a.x), math.Min(low.y, a.y), math.Min(low.z, a.z)}
		high = vec{math.Max(high.x, b.x), math.Max(high.y, b.y), math.Max(high.z, b.z)}
		l.parts = append(l.parts, q)
	}
	th.middle, th.radius, th.last = low.mix(high, 0.5), float64(high.sub(low).length()*0.5), len(l.parts)
	l.things = append(l.things, th)
}
