package data

import "math"

// thing is an object of a scene, or a prop with class -1, in the camera's coordinates.
type thing struct {
	class       int
	first, last int // its parts, [first, last)
	joints      []joint
	hues        [tones]vec
	skin        material
	gloss       float64
	inv         mat // the camera's coordinates to its own
	at          vec
	middle      vec // of a sphere about it
	radius      float64
	rest        []part // of a body that moves: its parts in its own coordinates, where their texture is; nil of others
}

// layout is a scene before it is drawn: a pure function of its stream, whatever the side.
type layout struct {
	focal     float64 // in sides of the picture
	things    []thing // the object first
	parts     []part
	back      backdrop
	light     vec // towards it
	ambient   float64
	diffuse   float64
	cast      vec     // the light's colour
	grain     float64 // of the sensor
	seed      uint32
	factors   []Factor
	level     mat     // the horizontal world in the camera's coordinates
	foot      vec     // below the object, on the ground
	size      float64 // the object's larger extent across the view
	dist, fit float64 // the object's depth; the picture's side there
	turned    bool    // the camera looks elsewhere than at the backdrop's making
	camera    mat     // where to: the camera's coordinates to the backdrop's; an orthogonal map
	vary      string  // what is drawn anew
}

func (l *layout) note(name string, v float64) { l.factors = append(l.factors, Factor{name, v}) }

// newLayout composes a scene. The class is drawn first, so that Label can draw it alone; what stands around the object has
// streams of its own, so that nothing of it depends on the class.
func newLayout(r draws, objects int) *layout { return newVaried(r, objects, "") }

// newVaried composes the scene with one of sceneVariants drawn anew, or none.
func newVaried(r draws, objects int, vary string) *layout {
	l := &layout{dist: 5, vary: vary}
	stream := func(purpose uint64) draws {
		if what := map[uint64]string{1: variantLight, 2: variantBackground, 3: variantClutter}[purpose]; what != "" && what == vary {
			return draws{r.Derive(purpose, again)}
		}
		return draws{r.Derive(purpose)}
	}
	class := r.IntN(len(sceneClasses))
	l.focal = r.u(1.5, 3)
	pitch, roll := r.u(0.05, 0.38), r.u(-0.12, 0.12)
	l.level = turnZ(roll).times(turnX(pitch))
	l.fit = l.dist / l.focal
	l.lights(stream(1))
	l.subject(r, class, objects)
	l.back = newBackdrop(stream(2), l.level, l.foot, l.fit)
	for k := 1; k < objects; k++ {
		l.companion(stream(16 + uint64(k)))
	}
	l.props(stream(3))
	l.grain, l.seed = r.u(0.003, 0.015), r.Uint32()
	l.note("focal length", l.focal)
	l.note("elevation", pitch)
	l.note("roll", roll)
	l.note("backdrop", float64(l.back.kind))
	l.note("things", float64(len(l.things)))
	l.note("grain", l.grain)
	return l
}

// lights come from any side, also from below: shading does not say where up is.
func (l *layout) lights(r draws) {
	azimuth, front := r.u(0, 6.2832), r.u(0.3, 0.8)
	s, c := sincos(azimuth)
	side := math.Sqrt(1 - float64(front*front))
	l.light = vec{float64(side * c), float64(side * s), front}
	l.ambient, l.diffuse = r.u(0.45, 0.75), r.u(0.45, 0.8)
	hue, strength := r.u(0, 1), r.u(0, 0.2)
	l.cast = hsv(hue, strength, 1)
	l.note("light azimuth", azimuth)
	l.note("light x", l.light.x)
	l.note("light y", -l.light.y)
	l.note("light z", -l.light.z)
	l.note("ambient", l.ambient)
	l.note("diffuse", l.diffuse)
	l.note("cast hue", hue)
	l.note("cast strength", strength)
}

// subject puts the scene's object in its place.
func (l *layout) subject(r draws, class, objects int) {
	m := &model{}
	sceneBuilders[class](m, r)
	yaw, tilt, mirror := float64(m.turns*r.u(-0.6, 0.6)), r.u(-0.1, 0.1), r.sign()
	if l.vary == variantPose {
		p := draws{r.Derive(again, 1)}
		yaw, tilt, mirror = float64(m.turns*p.u(-0.6, 0.6)), p.u(-0.1, 0.1), -mirror
	}
	turn := l.level.times(turnZ(tilt)).times(turnY(yaw))
	turn.x = turn.x.by(mirror)
	size := r.u(0.66, 1)
	if objects > 1 { // room for the others
		size = float64(size * 0.55)
	}
	low, high := m.extent(turn)
	wide := high.sub(low)
	scale := float64(size*l.fit) / math.Max(wide.x, wide.y)
	w, h := float64(wide.x*scale)/l.fit, float64(wide.y*scale)/l.fit
	margin := float64(0.5 * (1 - w))
	cx := 0.5 + r.u(-margin-0.04, margin+0.04)
	margin = float64(0.5 * (1 - h))
	cy := 0.5 + r.u(-margin-0.04, margin+0.04)
	to := vec{float64((cx - 0.5) * l.fit), float64((0.5 - cy) * l.fit), -l.dist}.sub(low.mix(high, 0.5).by(scale))
	l.size = float64(math.Max(wide.x, wide.y) * scale)
	hue := sceneHue[class]
	if hue < 0 {
		hue = r.u(0, 1)
	} else {
		hue += r.u(-0.05, 0.05)
	}
	if l.vary == variantColour {
		hue = draws{r.Derive(again, 2)}.u(0, 1)
	}
	l.stand(r, m, class, turn.by(scale), to, hue)
	l.foot = to.sub(l.level.of(vec{y: float64(m.flies * l.size)}))
	l.note("x", cx)
	l.note("y", cy)
	l.note("size", size)
	l.note("yaw", yaw)
	l.note("tilt", tilt)
	l.note("mirrored", float64((1-mirror)*0.5))
	l.note("hue", hue-math.Floor(hue))
	l.note("height above ground", m.flies)
}

// extent returns the corners of the box about the turned model.
func (m *model) extent(turn mat) (low, high vec) {
	low = vec{math.Inf(1), math.Inf(1), math.Inf(1)}
	high = low.by(-1)
	for _, p := range m.parts {
		p.axes, p.at = turn.times(p.axes), turn.of(p.at)
		h := p.bounds()
		a, b := p.at.sub(h), p.at.add(h)
		low = vec{math.Min(low.x, a.x), math.Min(low.y, a.y), math.Min(low.z, a.z)}
		high = vec{math.Max(high.x, b.x), math.Max(high.y, b.y), math.Max(high.z, b.z)}
	}
	return low, high
}

// stand adds a model to the scene, coloured and textured.
func (l *layout) stand(r draws, m *model, class int, axes mat, to vec, hue float64) {
	t := thing{class: class, first: len(l.parts), inv: axes.inverse(), at: to, gloss: r.u(0, 0.5)}
	main := hsv(hue, r.u(0.55, 1), r.u(0.5, 1))
	t.hues = [tones]vec{main, hsv(r.u(0, 1), r.u(0.1, 0.9), r.u(0.4, 1)), hsv(r.u(0, 1), r.u(0, 0.5), r.u(0.08, 0.35)),
		hsv(r.u(0.4, 0.75), r.u(0, 0.5), r.u(0.1, 0.5)), hsv(r.u(0.25, 0.4), r.u(0.5, 0.9), r.u(0.3, 0.7)), hsv(r.u(0.03, 0.11), r.u(0.3, 0.7), r.u(0.25, 0.6))}
	t.skin = newMaterial(r, main, main.mix(hsv(hue+r.u(-0.08, 0.08), r.u(0, 1), r.u(0, 1)), 0.8), r.u(2.5, 8), r.u(0, 0.5))
	low, high := m.extent(axes)
	t.middle, t.radius = to.add(low.mix(high, 0.5)), float64(high.sub(low).length()*0.5)
	mirrored := axes.x.cross(axes.y).dot(axes.z) < 0
	for _, j := range m.joints {
		if mirrored {
			j.name = otherSide(j.name)
		}
		t.joints = append(t.joints, joint{j.name, to.add(axes.of(j.at)), float64(j.r * axes.y.length())})
	}
	for _, p := range m.parts {
		p.place(axes, to)
		p.object = len(l.things)
		l.parts = append(l.parts, p)
	}
	t.last = len(l.parts)
	l.things = append(l.things, t)
}

// otherSide swaps left and right in a joint's name: a mirrored figure's left hand is its right.
func otherSide(name string) string {
	switch {
	case len(name) > 5 && name[:5] == "left ":
		return "right " + name[5:]
	case len(name) > 6 && name[:6] == "right ":
		return "left " + name[6:]
	}
	return name
}

// spot returns a place on the ground that is seen at about x across the picture, so far behind the object's foot.
func (l *layout) spot(x, behind float64) vec {
	p := l.foot.add(l.level.of(vec{z: -behind}))
	p.x = float64(float64((x-0.5)/l.focal) * -p.z)
	// back to the ground
	n := l.level.y
	p.y -= n.dot(p.sub(l.foot)) / n.y
	return p
}

// companion adds another object of any class beside the first.
func (l *layout) companion(r draws) {
	m := &model{}
	class := r.IntN(len(sceneClasses))
	sceneBuilders[class](m, r)
	turn := l.level.times(turnY(r.u(-m.turns, m.turns)))
	turn.x = turn.x.by(r.sign())
	low, high := m.extent(turn)
	wide := high.sub(low)
	scale := float64(l.size*r.u(0.6, 1.2)) / math.Max(wide.x, wide.y)
	var to vec
	for range 12 { // until it stands free of the others
		to = l.spot(r.u(0.05, 0.95), float64(l.size*r.u(-0.6, 1.5))).add(l.level.of(vec{y: float64(m.flies * l.size)}))
		if l.free(to.add(low.mix(high, 0.5).by(scale)), float64(wide.length()*scale*0.5)) {
			break
		}
	}
	hue := sceneHue[class]
	if hue < 0 {
		hue = r.u(0, 1)
	}
	l.stand(r, m, class, turn.by(scale), to, hue)
}

// free says that a sphere does not reach far into those about the things so far.
func (l *layout) free(middle vec, radius float64) bool {
	for i := range l.things {
		t := &l.things[i]
		if d := t.middle.sub(middle).length(); d < float64(0.75*(t.radius+radius)) {
			return false
		}
	}
	return true
}

// props are clutter: solids that belong to no class, behind the object, beside it, and now and then before a part of it.
func (l *layout) props(r draws) {
	behind, front := r.IntN(4), r.IntN(2)
	for i := range behind + front {
		m := &model{}
		size := float64(l.fit * r.u(0.06, 0.17))
		x, deep := r.u(0, 1), r.u(0.1, 0.5)
		if i >= behind { // near an edge of the object
			t := &l.things[0]
			centre := 0.5 + float64(l.focal*t.middle.x)/-t.middle.z
			x = centre + float64(r.sign()*r.u(0.18, 0.5)*l.size)/l.fit
			deep = -r.u(0.25, 0.6)
		}
		prop(m, r)
		to := l.spot(x, float64(deep*l.size))
		if l.back.kind == poster || r.Bool(0.15) { // in the air
			to.y = float64((r.u(0, 1) - 0.5) * l.fit)
		}
		axes := l.level.times(turnY(r.u(0, 6.2832)))
		if l.back.kind == poster {
			axes = turnZ(r.u(0, 6.2832)).times(axes)
		}
		l.stand(r, m, -1, axes.by(size), to, r.u(0, 1))
	}
	l.note("occluders", float64(front))
}

// prop is a solid, or two.
func prop(m *model, r draws) {
	for range 1 + r.IntN(2) {
		tone := uint8(r.IntN(3))
		at := vec{r.u(-0.4, 0.4), 0, r.u(-0.4, 0.4)}
		a, b := r.u(0.25, 0.6), r.u(0.3, 1.4)
		switch r.IntN(5) {
		case 0:
			m.box(tone, at, a, b, r.u(0.25, 0.6), 1, 1)
		case 1:
			m.ball(tone, at.add(vec{y: a}), a, a, a)
		case 2:
			m.tube(tone, at, at.add(vec{y: b}), a, float64(a*r.u(0.05, 1.2))).end = uint8(r.IntN(3))
		case 3:
			m.tube(tone, at, at.add(vec{r.u(-0.3, 0.3), float64(b * 2), 0}), 0.12, 0.12)
		case 4:
			m.box(tone, at, a, b, a, r.u(0, 1.3), r.u(0, 1.3))
		}
	}
}
