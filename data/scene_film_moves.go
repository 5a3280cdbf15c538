package data

import "math"

// The actions. All obey gravity, the same for each: what is in the air falls along a parabola, what hangs is a pendulum, what
// topples turns about its feet.
var filmActions = []string{"walk", "run", "jump", "swing", "fall", "wave", "squat", "kick", "throw"}

// filmMoves stand in the order of filmActions.
var filmMoves = []func(*body, draws, float64) motion{walking, running, jumping, swinging, falling, waving, squatting, kicking, throwing}

const (
	gravity = 9.81 // m/s²
	tick    = 1.0 / 240
)

// moment is a body at a time: on its ground x is where the action goes, y up, z to its right, in metres.
type moment struct {
	angles  jointAngles
	pelvis  vec
	heading float64 // turn about the vertical, radians
	phase   float64 // how far the action has gone, or a round of it: [0, 1)
}

func (m *moment) posture(b *body) posture { return b.bent(&m.angles, m.pelvis, turnY(m.heading)) }

// motion is an action of a length drawn for one body.
type motion struct {
	at      func(t float64) moment
	gear    []gear // what it is done with
	factors []Factor
}

// gear is a solid beside the figure, in metres on the ground.
type gear struct {
	model
	at func(t float64) (mat, vec)
}

// ease is the idle posture: nobody stands quite still.
func ease(r draws) func(t float64) jointAngles {
	var a jointAngles
	phase, speed, much := r.u(0, 6.2832), r.u(1.5, 3), r.u(0.01, 0.04)
	for k := range 2 {
		a[aOut+k], a[aArm+k], a[aElbow+k], a[aKnee+k], a[aApart+k] = r.u(0.08, 0.3), r.u(-0.15, 0.15), r.u(0.1, 0.5), 0.06, r.u(0.02, 0.12)
		a[aLeg+k] = 0.03
	}
	return func(t float64) jointAngles {
		s, c := sincos(phase + float64(speed*t))
		b := a
		b[aBend] += float64(much * s)
		b[aLean] += float64(0.5 * much * c)
		b[aNod] += float64(much * c)
		return b
	}
}

// stand places a body on the ground with its pelvis at (x, z).
func (b *body) stand(a jointAngles, x, z, heading float64) vec {
	p := b.bent(&a, vec{}, turnY(heading))
	return vec{x, -p.lowest(b), z}
}

// path is a walk around an arc whose middle lies in the middle of the film.
type path struct {
	speed, curve, half float64 // m/s, 1/m, half the film's seconds
}

func (p path) at(t float64) (x, z, heading float64) {
	heading = float64(p.curve * p.speed * (t - p.half))
	s, c := sincos(heading)
	_, most := sincos(math.Min(math.Abs(float64(p.curve*p.speed*p.half)), math.Pi))
	return s / p.curve, float64(0.5*(1-most))/p.curve - (1-c)/p.curve, heading
}

// stride is one of walk and run.
func stride(b *body, r draws, length float64, run bool) motion {
	rate, reach, bent, late, lift, lean, elbow := r.u(0.75, 1.15), r.u(0.36, 0.52), 0.1, 0.5, r.u(0.8, 1.1), r.u(0, 0.08), r.u(0.1, 0.5)
	curve := r.u(0.05, 0.5)
	if run {
		rate, reach, bent, late, lift, lean, elbow = r.u(1.25, 1.6), r.u(0.62, 0.85), 0.3, 0.75, r.u(1.4, 1.8), r.u(0.12, 0.25), r.u(1.3, 1.8)
		curve = r.u(0.7, 1.1)
	}
	start, swing := r.u(0, 1), float64(reach*r.u(0.6, 1))
	long := b.pivot[boneThigh].y
	s, _ := sincos(reach)
	p := path{float64(3.4 * rate * long * s), float64(curve * r.sign()), float64(0.5 * length)}
	if run {
		p.speed = math.Min(p.speed, 2.6)
	} else if float64(p.speed*p.half) > 1.6 { // too far to go straight
		p.curve = float64(p.curve / curve * (0.6 + float64(0.8*curve)))
	}
	rest := ease(r)
	tilt := clamp(float64(p.speed*p.speed*p.curve)/gravity, -0.35, 0.35)
	at := func(t float64) moment {
		a := rest(t)
		turn := start + float64(rate*t)
		turn -= math.Floor(turn)
		for k := range 2 {
			phase := float64(6.283185307179586 * (turn + float64(0.5*float64(k))))
			s, _ := sincos(phase)
			_, c := sincos(phase + late)
			c = math.Max(0, c)
			a[aLeg+k] = float64(reach*s) + float64(0.6*lean)
			a[aKnee+k] = bent + float64(lift*c*c)
			a[aAnkle+k] = float64(0.7 * (a[aKnee+k] - a[aLeg+k]))
			a[aArm+k] = float64(-swing * s)
			a[aElbow+k] = elbow - float64(0.25*s)
			a[aApart+k], a[aOut+k] = 0.01, 0.12
		}
		a[aTilt], a[aLean] = lean, -tilt
		x, z, heading := p.at(t)
		m := moment{angles: a, heading: heading, phase: turn}
		m.pelvis = b.stand(a, x, z, heading)
		if run { // a flight in each half round
			u := float64(2*turn) - math.Floor(float64(2*turn))
			if u = float64((u - 0.25) / 0.5); u > 0 && u < 1 {
				seconds := 0.25 / rate
				m.pelvis.y += float64(0.5 * gravity * seconds * seconds * u * (1 - u))
			}
		}
		return m
	}
	return motion{at: at, factors: []Factor{{"speed", p.speed}, {"strides a second", rate}}}
}

func walking(b *body, r draws, length float64) motion { return stride(b, r, length, false) }
func running(b *body, r draws, length float64) motion { return stride(b, r, length, true) }

// crouch bends hips and knees, 0 not at all, 1 deep, over feet that stay.
func (a jointAngles) crouch(s float64) jointAngles {
	a[aTilt] += float64(0.65 * s)
	for k := range 2 {
		a[aLeg+k] += float64(1.1*s) + float64(0.65*s)
		a[aKnee+k] += float64(2.2 * s)
	}
	return a.level()
}

// jumping crouches, leaves the ground, falls back along a parabola of the centre of mass and gives way; again and again.
func jumping(b *body, r draws, length float64) motion {
	high, far := r.u(0.16, 0.42), r.u(0, 0.9)
	up := math.Sqrt(float64(2 * gravity * high)) // m/s at the start
	air := 2 * up / gravity
	deep := r.u(0.45, 0.75)
	down, push, land, recover := r.u(0.3, 0.5), r.u(0.2, 0.28), 0.16, r.u(0.3, 0.5)
	round := down + push + air + land + recover + r.u(0, 0.3)
	far = math.Min(far, float64(1.5*round)/float64(air*length)) // a long film's jumper stays in the picture
	start, tuck := r.u(0, 1), r.u(0.3, 1.2)
	rest := ease(r)
	open := rest(0)
	for k := range 2 {
		open[aArm+k], open[aElbow+k] = r.u(1.5, 2.3), 0.3
	}
	open = open.level()
	ground := b.stand(open, 0, 0, 0)
	off := b.bent(&open, ground, turnY(0))
	mass := off.mass(b)
	at := func(t float64) moment {
		turn := start + float64(t/round)
		done := math.Floor(turn)
		u := float64((turn - done) * round)
		m := moment{phase: turn - done}
		x := float64(far * air * (done - float64(0.5*length)/round - start + 0.5))
		a := rest(0)
		switch {
		case u < down:
			w := smooth(u / down)
			a = a.crouch(float64(deep * w))
			for k := range 2 {
				a[aArm+k] = lerp(a[aArm+k], -0.6, w)
			}
		case u < down+push:
			w := (u - down) / push
			arms := smooth(w)
			a = a.crouch(float64(deep * (1 - float64(w*w))))
			for k := range 2 {
				a[aArm+k], a[aElbow+k] = lerp(-0.6, open[aArm+k], arms), lerp(a[aElbow+k], open[aElbow+k], arms)
			}
		case u < down+push+air:
			s := u - down - push
			w := s / air
			a = open
			for k := range 2 {
				k2 := float64(4 * tuck * w * (1 - w))
				a[aKnee+k] += k2
				a[aLeg+k] += float64(0.6 * k2)
			}
			p := b.bent(&a, vec{}, turnY(0))
			m.angles = a
			m.pelvis = mass.add(vec{x + float64(far*s), float64(up*s) - float64(0.5*gravity*s*s), 0}).sub(p.mass(b))
			return m
		default:
			x += float64(far * air)
			s := u - down - push - air
			w, deep := 1.0, float64(0.7*deep)
			arms := clamp(s/(land+recover), 0, 1)
			if s < land {
				w = s / land
				w = 1 - float64((1-w)*(1-w))
			} else {
				w = 1 - smooth(clamp((s-land)/recover, 0, 1))
			}
			a = a.crouch(float64(deep * w))
			for k := range 2 {
				a[aArm+k], a[aElbow+k] = lerp(open[aArm+k], a[aArm+k], smooth(arms)), lerp(open[aElbow+k], a[aElbow+k], smooth(arms))
			}
		}
		a = a.level()
		m.angles = a
		m.pelvis = b.stand(a, x, 0, 0)
		return m
	}
	return motion{at: at, factors: []Factor{{"jump height", high}, {"jump speed", far}}}
}

// integrate returns angle and speed at every tick of a swing or a topple.
func integrate(angle, speed, length float64, force func(angle, speed float64) float64, meet func(angle, speed float64) (float64, float64)) (angles, speeds []float64) {
	for t := 0.0; t < length+float64(4*tick); t += tick {
		angles, speeds = append(angles, angle), append(speeds, speed)
		// the midpoint rule
		a, s := angle+float64(0.5*tick*speed), speed+float64(0.5*tick*force(angle, speed))
		angle, speed = angle+float64(tick*s), speed+float64(tick*force(a, s))
		if meet == nil {
			continue
		}
		if angle, speed = meet(angle, speed); speed == 0 { // and stays
			return append(angles, angle, angle), append(speeds, 0, 0)
		}
	}
	return angles, speeds
}

// sample reads a table of ticks at a time.
func sample(x []float64, t float64) float64 {
	u := clamp(t/tick, 0, float64(len(x)-1))
	i := min(int(u), len(x)-2)
	return lerp(x[i], x[i+1], u-float64(i))
}

// swinging hangs from a bar: a pendulum with a body's moment of inertia that loses its swing.
func swinging(b *body, r draws, length float64) motion {
	var hang jointAngles
	for k := range 2 {
		hang[aArm+k], hang[aAnkle+k], hang[aKnee+k], hang[aLeg+k] = math.Pi, -0.5, 0.15, r.u(0, 0.2)
	}
	p := b.bent(&hang, vec{}, turnY(0))
	grip := p.hand(b, 0).mix(p.hand(b, 1), 0.5)
	inertia, arm := 0.0, 0.0
	for i, m := range boneMass {
		d := grip.sub(p.of(b, i, b.pivot[i].mix(b.tip[i], 0.5)))
		inertia += float64(m * d.dot(d))
		arm += float64(m * d.y)
	}
	reach := inertia / arm // of the simple pendulum that swings alike
	damp := r.u(0.1, 0.35)
	force := func(a, s float64) float64 {
		sin, _ := sincos(a)
		return -float64(gravity/reach*sin) - float64(damp*s)
	}
	first := r.u(0, 2.5) // where in the swing the film begins
	angle, speed := integrate(float64(r.u(0.6, 1.15)*r.sign()), 0, length+first, force, nil)
	bar := vec{y: grip.y - p.lowest(b) + r.u(0.12, 0.3)}
	pulse := math.Sqrt(gravity / reach)
	at := func(t float64) moment {
		th, w := sample(angle, t+first), sample(speed, t+first)/pulse
		a := hang
		a[aTilt] = -th
		for k := range 2 {
			a[aLeg+k] -= float64(0.3 * w)
			a[aKnee+k] += float64(0.25 * math.Max(0, w))
		}
		p := b.bent(&a, vec{}, turnY(0))
		m := moment{angles: a, pelvis: bar.sub(p.hand(b, 0).mix(p.hand(b, 1), 0.5))}
		switch { // a round: right of the middle and rising, falling, left and falling on, rising
		case th > 0 && w >= 0:
		case th > 0:
			m.phase = 0.25
		case w < 0:
			m.phase = 0.5
		default:
			m.phase = 0.75
		}
		return m
	}
	return motion{at: at, gear: []gear{stand(r, bar.y, vec{})}, factors: []Factor{{"pendulum", reach}, {"damping", damp}}}
}

// falling stands, then topples about its feet as a rod does, and stays down.
func falling(b *body, r draws, length float64) motion {
	begin, way := float64(length*r.u(0, 0.4)), r.IntN(4)
	meet := func(a, s float64) (float64, float64) {
		if a < 1.5 || s < 0 {
			return a, s
		}
		if s = -float64(0.12 * s); s > -0.2 {
			s = 0
		}
		return 1.5, s
	}
	force := func(a, s float64) float64 {
		sin, _ := sincos(a)
		return float64(1.5 * gravity / b.height * sin)
	}
	angle, _ := integrate(r.u(0.05, 0.1), r.u(0.1, 0.5), math.Max(0, length-begin), force, meet)
	rest := ease(r)
	tilt, lean := [4]float64{1, -1, 0, 0}[way], [4]float64{0, 0, 1, -1}[way]
	give, arms, out := float64(r.u(0.2, 0.6)*[4]float64{0.2, 1, 1, 1}[way]), r.u(0.6, 1.6), r.u(0.3, 1)
	downArm, downOut := [4]float64{2.7, -0.1, 1.3, 1.3}[way], [4]float64{0.35, 0.7, 0.1, 0.1}[way] // where the arms come to lie
	at := func(t float64) moment {
		th := float64(angle[0] * smooth(clamp(t/math.Max(begin, 0.01), 0, 1)))
		if t > begin {
			th = sample(angle, t-begin)
		}
		a := rest(math.Min(t, begin))
		w := smooth(clamp(float64(th*0.9), 0, 1))
		loose := smooth(clamp(float64(th*1.3)-0.95, 0, 1))
		for k := range 2 {
			a[aKnee+k] += float64(give * w * (1 - float64(0.4*loose)))
			a[aLeg+k] += float64(0.5 * give * w)
			a[aArm+k] = lerp(a[aArm+k]+float64(arms*w), downArm, loose)
			a[aOut+k] = lerp(a[aOut+k]+float64(out*w), downOut, loose)
		}
		feet := b.bent(&a, vec{}, turnY(0))
		foot := feet.at[boneFoot].mix(feet.at[boneFoot+1], 0.5)
		a = a.level()
		a[aTilt] += float64(tilt * th)
		a[aLean] += float64(lean * th)
		p := b.bent(&a, vec{}, turnY(0))
		now := p.at[boneFoot].mix(p.at[boneFoot+1], 0.5)
		m := moment{angles: a, pelvis: vec{foot.x - now.x, -p.lowest(b), foot.z - now.z}}
		m.pelvis = m.pelvis.sub(vec{float64(0.4 * tilt * b.height), 0, float64(0.4 * lean * b.height)})
		m.phase = clamp(th/1.5, 0, 0.999)
		return m
	}
	return motion{at: at, factors: []Factor{{"falls to", float64(way)}, {"falls at", begin}}}
}

// waving raises an arm, or both, and lets the forearm go to and fro, askew to the body so that it shows from any side.
func waving(b *body, r draws, length float64) motion {
	rate, start, much := r.u(0.8, 1.8), r.u(0, 1), r.u(0.5, 0.7)
	arm, both := r.IntN(2), r.Bool(0.25)
	rest := ease(r)
	out, fore := r.u(2, 2.4), r.u(0.3, 0.7)
	at := func(t float64) moment {
		a := rest(t)
		turn := start + float64(rate*t)
		turn -= math.Floor(turn)
		s, _ := sincos(float64(6.283185307179586 * turn))
		for k := range 2 {
			if k != arm && !both {
				continue
			}
			a[aOut+k], a[aArm+k] = out+float64(0.2*s), fore
			a[aWave+k] = 0.3 + float64(much*s)
			a[aElbow+k] = 0.5 - float64(much*s)
		}
		a = a.level()
		return moment{angles: a, pelvis: b.stand(a, 0, 0, 0), phase: turn}
	}
	return motion{at: at, factors: []Factor{{"waves a second", rate}}}
}

// squatting goes down faster than it comes up.
func squatting(b *body, r draws, length float64) motion {
	rate, start, deep := r.u(0.45, 0.85), r.u(0, 1), r.u(0.7, 1)
	rest := ease(r)
	reach := r.u(0.6, 1.6)
	at := func(t float64) moment {
		turn := start + float64(rate*t)
		turn -= math.Floor(turn)
		s := 0.0
		if turn < 0.35 {
			s = smooth(turn / 0.35)
		} else {
			s = 1 - smooth(clamp((turn-0.35)/0.55, 0, 1))
		}
		a := rest(t)
		for k := range 2 {
			a[aArm+k] += float64((reach + 0.65) * s)
		}
		a = a.crouch(float64(deep * s))
		return moment{angles: a, pelvis: b.stand(a, 0, 0, 0), phase: turn}
	}
	return motion{at: at, factors: []Factor{{"squats a second", rate}}}
}

// pose is a posture that a film comes through.
type pose struct {
	t float64
	a jointAngles
}

// through goes through postures at their times, smoothly (Catmull and Rom's spline).
func through(poses []pose, t float64) jointAngles {
	n := len(poses)
	switch {
	case t <= poses[0].t:
		return poses[0].a
	case t >= poses[n-1].t:
		return poses[n-1].a
	}
	i := 0
	for poses[i+1].t < t {
		i++
	}
	p, q := &poses[i], &poses[i+1]
	d := q.t - p.t
	u := (t - p.t) / d
	var out jointAngles
	for k := range out {
		m0, m1 := 0.0, 0.0
		if i > 0 {
			m0 = float64(d*(q.a[k]-poses[i-1].a[k])) / (q.t - poses[i-1].t)
		}
		if i+2 < n {
			m1 = float64(d*(poses[i+2].a[k]-p.a[k])) / (poses[i+2].t - p.t)
		}
		s := smooth(u)
		out[k] = lerp(p.a[k], q.a[k], s) + float64(u*(1-u)*(float64(m0*(1-u))-float64(m1*u)))
	}
	return out
}

// stretch is a piece of a ball's way: p + v·s + a·s²/2, s seconds after t.
type stretch struct {
	t       float64
	p, v, a vec
}

// fly lets a ball of radius r go at time t: it flies, bounces, rolls and rests.
func fly(t float64, p, v vec, r, bounce float64) []stretch {
	var way []stretch
	down := vec{y: -gravity}
	for range 12 {
		way = append(way, stretch{t, p, v, down})
		// back at height r
		s := (v.y + math.Sqrt(float64(v.y*v.y)+float64(2*gravity*math.Max(0, p.y-r)))) / gravity
		t += s
		p = vec{p.x + float64(v.x*s), r, p.z + float64(v.z*s)}
		v = vec{float64(v.x * 0.8), float64(bounce * (float64(gravity*s) - v.y)), float64(v.z * 0.8)}
		if v.y < 0.5 {
			break
		}
	}
	v.y = 0
	speed := v.length()
	if speed < 1e-3 {
		return append(way, stretch{t: t, p: p})
	}
	const slow = 0.6 // m/s², of what rolls
	brake := v.by(-slow / speed)
	s := speed / slow
	return append(way, stretch{t, p, v, brake}, stretch{t: t + s, p: p.add(v.by(float64(0.5 * s)))})
}

// alongWay returns where the ball is at a time.
func alongWay(way []stretch, t float64) vec {
	i := 0
	for i+1 < len(way) && way[i+1].t <= t {
		i++
	}
	w := &way[i]
	s := t - w.t
	return w.p.add(w.v.by(s)).add(w.a.by(float64(0.5 * s * s)))
}

// ballGear is a ball that is somewhere at each time; it turns as it goes.
func ballGear(r float64, at func(t float64) vec) gear {
	g := gear{at: func(t float64) (mat, vec) {
		p := at(t)
		return turnZ(clamp(-p.x/r, -50, 50)), p
	}}
	g.ball(toneMain, vec{}, r, r, r)
	return g
}

// kicking swings a leg against a ball.
func kicking(b *body, r draws, length float64) motion {
	hit, leg := float64(math.Min(length, 3)*r.u(0.25, 0.6)), r.IntN(2)
	rest := ease(r)(0)
	rest = rest.level()
	back, touch, after := rest, rest, rest
	strong := r.u(0.8, 1.2)
	for k := range 2 {
		sign := 1.0
		if k == leg {
			sign = -1
		}
		back[aArm+k], touch[aArm+k], after[aArm+k] = float64(0.7*sign), float64(-0.5*sign), float64(-0.9*sign)
		touch[aKnee+k], after[aKnee+k] = 0.2, 0.15
		touch[aOut+k], after[aOut+k] = 0.5, 0.5
	}
	back[aLeg+leg], back[aKnee+leg], back[aTilt], back[aAnkle+leg] = float64(-0.7*strong), float64(1.4*strong), 0.12, -0.5
	touch[aLeg+leg], touch[aKnee+leg], touch[aAnkle+leg] = 0.45, 0.3, -0.3
	after[aLeg+leg], after[aKnee+leg], after[aTilt], after[aAnkle+leg] = float64(1.35*strong), 0.1, -0.25, -0.4
	poses := []pose{{hit - 0.7, rest}, {hit - 0.25, back}, {hit, touch}, {hit + 0.2, after}, {hit + 0.85, rest}}
	stay := 1 - leg
	at := func(t float64) moment {
		a := through(poses, t)
		a[aLeg+stay] = a[aTilt] + float64(0.5*a[aKnee+stay])
		a[aAnkle+stay] = a[aTilt] - a[aLeg+stay] + a[aKnee+stay]
		m := moment{angles: a}
		p := b.bent(&a, vec{}, turnY(0))
		m.pelvis = vec{-p.at[boneFoot+stay].x, -p.lowest(b), 0}
		m.phase = clamp(0.5+float64((t-hit)*0.6), 0, 0.999)
		return m
	}
	m := at(hit)
	p := m.posture(b)
	toe := p.of(b, boneFoot+leg, vec{float64(0.11 * b.height), 0, b.pivot[boneFoot+leg].z})
	size := r.u(0.12, 0.18)
	from := vec{toe.x + float64(0.8*size), size, toe.z}
	way := append([]stretch{{t: -1, p: from}}, fly(hit, from, vec{r.u(2.5, 5.5), r.u(1.2, 3.5), r.u(-0.6, 0.6)}, size, r.u(0.4, 0.7))...)
	ball := ballGear(size, func(t float64) vec { return alongWay(way, t) })
	return motion{at: at, gear: []gear{ball}, factors: []Factor{{"kicks at", hit}}}
}

// throwing lets a ball go, which falls along a parabola.
func throwing(b *body, r draws, length float64) motion {
	free, arm := float64(math.Min(length, 3)*r.u(0.25, 0.6)), r.IntN(2)
	rest := ease(r)(0)
	hold, back, let, after := rest, rest, rest, rest
	hold[aElbow+arm], hold[aArm+arm] = r.u(1, 1.6), 0.2
	back[aArm+arm], back[aElbow+arm], back[aOut+arm], back[aBend] = 3.5, 1.3, 0.3, -0.25
	let[aArm+arm], let[aElbow+arm], let[aBend] = 2.3, 0.25, 0.2
	after[aArm+arm], after[aElbow+arm], after[aBend] = 0.7, 0.3, 0.45
	back[aArm+1-arm], let[aArm+1-arm] = 1.3, 0.2
	step := r.u(0.2, 0.4)
	for _, p := range []*jointAngles{&back, &let, &after} {
		p[aLeg+1-arm], p[aLeg+arm] = step, -step
		p[aKnee+arm] = 0.3
	}
	hold, back, let, after = hold.level(), back.level(), let.level(), after.level()
	poses := []pose{{free - 0.75, hold}, {free - 0.25, back}, {free, let}, {free + 0.18, after}, {free + 0.8, rest.level()}}
	at := func(t float64) moment {
		a := through(poses, t)
		m := moment{angles: a, pelvis: b.stand(a, 0, 0, 0)}
		m.phase = clamp(0.5+float64((t-free)*0.6), 0, 0.999)
		return m
	}
	size := r.u(0.1, 0.16)
	held := func(t float64) vec {
		m := at(t)
		p := m.posture(b)
		hand := p.of(b, boneForearm+arm, b.tip[boneForearm+arm].add(vec{float64(0.5 * size), -float64(0.04*b.height) - float64(0.5*size), 0}))
		return vec{hand.x, math.Max(hand.y, size), hand.z}
	}
	way := fly(free, held(free), vec{r.u(2, 4.5), r.u(0.5, 3.2), r.u(-0.5, 0.5)}, size, r.u(0.4, 0.7))
	ball := ballGear(size, func(t float64) vec {
		if t < free {
			return held(t)
		}
		return alongWay(way, t)
	})
	return motion{at: at, gear: []gear{ball}, factors: []Factor{{"throws at", free}}}
}
