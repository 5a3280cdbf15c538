package data

import "math"

// The ways in which an instrument is on the screen.
const (
	stays    = iota // nothing moves
	plays           // it is heard
	pretends        // something moves that would not be heard
)

// actor is a thing of a film with sound: parts that move, each as a solid.
type actor struct {
	skin  thing
	parts []part
	at    func(t float64, i int) (mat, vec) // from where part i was made to where it is, in metres
}

// player is an instrument, what plays it and what holds it, in metres about its own place.
type player struct {
	class, way  int
	mallet      bool // it is struck by one
	others      int  // number of the first of what plays and holds it among a film's actors
	size, pitch float64
	body        *instrument
	voice       voice
	playing     playing
	actors      []actor // the instrument first
	high        float64 // of all that it needs above its place
}

// newPlayer makes one of a class, played from a side. Its size, and with it its pitch, does not depend on what it does.
func newPlayer(r draws, class, way int, side, length float64) *player {
	own := func(purpose uint64) draws { return draws{r.Derive(purpose)} }
	p := &player{class: class, way: way, size: r.u(0.75, 1.3)}
	p.body = instrumentOf(class, own(1), p.size, side)
	p.voice, p.pitch = soundVoices[class](own(2), p.size)
	p.actors = []actor{{skin: p.body.clad(own(3), class), parts: p.body.parts, at: func(float64, int) (mat, vec) { return turnY(0), vec{} }}}
	p.high = p.body.high + 0.15
	r = own(4)
	falls := p.body.falls && r.Bool(0.3)
	switch {
	case class == classBall:
		p.rolls(r, way)
	case class == classMaraca:
		p.shakes(r, way)
	case class == classGuitar:
		p.plucked(r, way, length)
	case falls:
		p.dropped(r, way, length)
	default:
		p.struck(r, way, length)
	}
	return p
}

// beats returns the moments at which something is struck, and how fast.
func beats(r draws, length float64) (out []strike) {
	period := r.u(0.45, 0.85)
	for t := r.u(0.1, 0.5); t < length+2; t += float64(period * r.u(0.85, 1.15)) {
		out = append(out, strike{t, r.u(0.5, 1)})
	}
	return out
}

// around returns the number of strikes until a time.
func around(s []strike, t float64) (n int) {
	for n < len(s) && s[n].t <= t {
		n++
	}
	return n
}

// raised is how far a mallet is from where it strikes: it rebounds, waits, and comes down faster and faster, the farther the harder it is to strike. It is 0
// at the strikes alone, and changes there by 2·speed/d a second, with d seconds of coming down.
func raised(s []strike, t float64) float64 {
	n := around(s, t)
	if n == len(s) {
		return 1
	}
	next, gap := s[n], 0.8
	if n > 0 {
		gap = next.t - s[n-1].t
	}
	high := 0.4 + float64(0.6*next.speed)
	if left := (next.t - t) / float64(0.35*gap); left < 1 {
		return float64(high * left * (2 - left))
	}
	if n > 0 {
		if gone := (t - s[n-1].t) / float64(0.45*gap); gone < 1 {
			return float64(high * gone * (2 - gone))
		}
	}
	return high
}

// bent is how far something has given way, as a part of the most: it swings and comes to rest before the next strike.
func bent(s []strike, t, swings float64) float64 {
	n := around(s, t)
	if n == 0 || n == len(s) {
		return 0
	}
	u := (t - s[n-1].t) / (s[n].t - s[n-1].t)
	sin, _ := sincos(float64(6.283185307179586 * swings * u))
	return float64(s[n-1].speed * (1 - u) * (1 - u) * sin)
}

// about is a turn about an axis of unit length by an angle (Rodrigues' formula).
func about(axis vec, angle float64) mat {
	s, c := sincos(angle)
	turn := func(v vec) vec {
		return v.by(c).add(axis.cross(v).by(s)).add(axis.by(float64(axis.dot(v) * (1 - c))))
	}
	return mat{turn(vec{x: 1}), turn(vec{y: 1}), turn(vec{z: 1})}
}

// turnedAt is a turn about a point, as a map of points.
func turnedAt(turn mat, at vec) (mat, vec) { return turn, at.sub(turn.of(at)) }

// struck has a mallet beside it, which strikes, or stops short of it, or waits.
func (p *player) struck(r draws, way int, length float64) {
	b := p.body
	head, long := r.u(0.03, 0.045), r.u(0.3, 0.4)
	at := b.touch.add(b.normal.by(head))
	grip := at.add(b.stick.by(long))
	axis := b.normal.cross(b.stick).unit()
	s, least, most := beats(r, length), 0.0, r.u(0.55, 0.75)
	angle := func(t float64) float64 { return least + float64(most*raised(s, t)) }
	switch way {
	case plays:
		p.playing.strikes = s
		p.gives(s)
	case pretends:
		least = r.u(0.3, 0.4)
	case stays:
		wait := r.u(0.4, 0.8)
		angle = func(float64) float64 { return wait }
	}
	m := &model{}
	m.ball(toneMain, at, head, head, head)
	m.limb(toneWood, at, grip, 0.013)
	p.with(r, m, func(t float64, _ int) (mat, vec) { return turnedAt(about(axis, angle(t)), grip) })
	p.high, p.mallet = math.Max(p.high, grip.y+0.1), true
}

// gives lets what can give way do so when it is struck.
func (p *player) gives(s []strike) {
	b := p.body
	arm := b.touch.sub(b.pivot)
	axis := b.normal.cross(arm) // the mallet pushes against the normal
	if b.gives == math.MaxInt32 || axis.length() < 1e-3 {
		return
	}
	axis = axis.unit()
	p.actors[0].at = func(t float64, i int) (mat, vec) {
		if i < b.gives {
			return turnY(0), vec{}
		}
		return turnedAt(about(axis, float64(0.22*bent(s, t, 1))), b.pivot)
	}
}

// with adds a thing that is no instrument.
func (p *player) with(r draws, m *model, at func(t float64, i int) (mat, vec)) {
	a := actor{skin: gearSkin(r, 1), parts: m.parts, at: at}
	a.skin.skin.freq = r.u(4, 10)
	a.skin.hues[toneWood] = hsv(r.u(0.04, 0.12), r.u(0.2, 0.6), r.u(0.2, 0.9))
	a.skin.class, a.skin.rest = -1, m.parts
	p.actors = append(p.actors, a)
}

// cord adds a cord that reaches down from above to a place that moves.
func (p *player) cord(r draws, to vec, at func(t float64, i int) (mat, vec)) {
	m := &model{}
	m.limb(toneDark, to, to.add(vec{y: 4}), 0.008)
	p.with(r, m, at)
}

// plucked has a plectrum that crosses the strings to and fro, or passes beside them.
func (p *player) plucked(r draws, way int, length float64) {
	b := p.body
	s, far, off := beats(r, length), float64(p.size*r.u(0.08, 0.12)), 0.0
	x := func(t float64) float64 {
		sign := 1.0
		if around(s, t)%2 == 1 {
			sign = -1
		}
		return float64(sign * far * raised(s, t))
	}
	switch way {
	case plays:
		p.playing.strikes = s
		p.actors[0].at = func(t float64, i int) (mat, vec) {
			if i < b.gives {
				return turnY(0), vec{}
			}
			return turnY(0), vec{x: float64(0.016 * bent(s, t, 6))}
		}
	case pretends:
		off = float64(p.size * b.side * r.u(0.2, 0.24))
	case stays:
		wait := far
		x = func(float64) float64 { return wait }
	}
	m := &model{}
	tip := b.touch.add(vec{z: 0.03})
	m.ball(toneMain, tip, 0.03, 0.04, 0.03)
	m.limb(toneWood, tip, tip.add(b.stick.by(r.u(0.25, 0.35))), 0.016)
	p.with(r, m, func(t float64, _ int) (mat, vec) { return turnY(0), vec{x: off + x(t)} })
}

// shakes goes up and down so fast that what is in it flies, or slowly.
func (p *player) shakes(r draws, way int) {
	rate, much, phase, lean := r.u(1.7, 2.5), r.u(0.05, 0.08), r.u(0, 1), float64(r.sign()*r.u(0.15, 0.5))
	if way == pretends {
		rate, much = r.u(0.3, 0.5), r.u(0.08, 0.12)
	}
	if way == stays {
		much = 0
	}
	wave := func(t float64) (s, c float64) {
		u := phase + float64(rate*t)
		return sincos(float64(6.283185307179586 * (u - math.Floor(u))))
	}
	high := r.u(0.08, 0.2)
	p.actors[0].at = func(t float64, _ int) (mat, vec) {
		s, _ := wave(t)
		return turnZ(lean + float64(4*much*s)), vec{y: high + much + float64(much*s)}
	}
	if way == plays {
		p.playing.effort = func(t float64) float64 { // by the square of the force
			s, _ := wave(t)
			s = float64(s * s)
			return float64(s * s)
		}
	}
	p.high = p.body.high + high + float64(2*much)
}

// rolls goes to and fro in a trough as the gravity has it, or hangs above it and swings.
func (p *player) rolls(r draws, way int) {
	b := p.body
	w, reach, phase := b.touch.x, r.u(0.2, 0.27), r.u(0, 1)
	rate := float64(math.Sqrt(float64(2*troughBend*gravity*5)/7) / 6.283185307179586) // of a solid ball in a parabola
	lift := 0.0
	if way == pretends {
		rate, reach, lift = r.u(0.4, 0.6), r.u(0.06, 0.1), r.u(0.12, 0.25)
	}
	if way == stays {
		reach, phase = 0, 0
	}
	wave := func(t float64) (s, c float64) {
		u := phase + float64(rate*t)
		return sincos(float64(6.283185307179586 * (u - math.Floor(u))))
	}
	at := func(t float64) vec {
		s, _ := wave(t)
		x := float64(reach * s)
		return vec{x, lift + float64(troughBend*x*x), 0}
	}
	p.actors[0].at = func(t float64, i int) (mat, vec) {
		if i < b.gives {
			return turnY(0), vec{}
		}
		d := at(t)
		angle := -d.x / w
		if way != plays {
			angle = 0
		}
		turn, to := turnedAt(turnZ(angle), b.pivot)
		return turn, to.add(d)
	}
	switch way {
	case plays:
		p.playing.effort = func(t float64) float64 { // by the speed, and once a turn
			s, c := wave(t)
			bump, _ := sincos(float64(reach * s / w))
			return float64(math.Abs(c) * (0.8 + float64(0.2*bump)))
		}
	case pretends:
		p.cord(r, b.pivot, func(t float64, _ int) (mat, vec) { return turnY(0), at(t) })
	}
	p.high += lift
}

// dropped falls from a cord that draws it up again, or is let down and drawn up without touching the ground.
func (p *player) dropped(r draws, way int, length float64) {
	high, bounce, now := r.u(0.35, 0.5), r.u(0.3, 0.45), 0.0
	y := func(float64) float64 { return now }
	switch way {
	case plays:
		var fall fall
		fall.begin(r, high, bounce, length)
		y, p.playing.strikes = fall.at, fall.strikes
	case pretends:
		rate, phase, low := r.u(0.35, 0.6), r.u(0, 1), r.u(0.1, 0.15)
		y = func(t float64) float64 {
			u := phase + float64(rate*t)
			s, _ := sincos(float64(6.283185307179586 * (u - math.Floor(u))))
			return low + float64((high-low)*(0.5+float64(0.5*s)))
		}
	}
	move := func(t float64, _ int) (mat, vec) { return turnY(0), vec{y: y(t)} }
	p.actors[0].at = move
	p.cord(r, vec{y: p.body.high}, move)
	p.high = p.body.high + high + 0.05
}

// fall is what falls, bounces and is drawn up, again and again.
type fall struct {
	pieces  []stretch // of its height alone
	strikes []strike
}

// begin makes falls from a height for some seconds.
func (f *fall) begin(r draws, high, bounce, length float64) {
	top := math.Sqrt(float64(2 * gravity * high)) // m/s at the ground
	for t := r.u(-0.1, 0.2) - 0.2; t < length+1; {
		f.pieces = append(f.pieces, stretch{t: t, p: vec{y: high}})
		t += 0.2
		f.pieces = append(f.pieces, stretch{t, vec{y: high}, vec{}, vec{y: -gravity}})
		t += top / gravity
		speed := top
		for ; speed > float64(0.06*top); t += 2 * speed / gravity {
			f.strikes = append(f.strikes, strike{t, speed / top})
			speed = float64(speed * bounce)
			f.pieces = append(f.pieces, stretch{t, vec{}, vec{y: speed}, vec{y: -gravity}})
		}
		f.pieces = append(f.pieces, stretch{t: t})
		t += r.u(0.05, 0.15)
		const half = 0.25 // seconds of speeding up, and of slowing down
		pull := high / (half * half)
		f.pieces = append(f.pieces, stretch{t, vec{}, vec{}, vec{y: pull}}, stretch{t + half, vec{y: float64(0.5 * high)}, vec{y: float64(half * pull)}, vec{y: -pull}})
		t += 2 * half
	}
	for len(f.strikes) > 0 && f.strikes[0].t < 0 {
		f.strikes = f.strikes[1:]
	}
}

func (f *fall) at(t float64) float64 { return alongWay(f.pieces, t).y }
