package data

import "math"

// soundFilm is what happens in a film with sound: a pure function of its stream, whatever the side and the rates.
type soundFilm struct {
	told
	back   *layout
	ground mat // from metres on the ground to the place
	foot   vec
	exposure
	actors   []actor // the instruments, then what plays and what holds them
	players  []*player
	sounding int // number of the instrument that sounds, -1 where none on the screen does
	voice    voice
	playing  playing
	ambience ambience
	loud     float64 // dB of full scale
	hiss     uint32
	factors  []Factor
}

// told is what groups tell of a film.
type told struct {
	class, place int
	off          bool // what sounds is not on the screen
}

// newTold draws it; it comes first, so that it can be drawn alone.
func newTold(r draws) told {
	return told{r.IntN(len(soundClasses)), r.IntN(filmPlaces), r.Bool(0.1)}
}

// newSoundFilm composes a film of some seconds with so many objects, 0 for two to four.
func newSoundFilm(r draws, length float64, objects int, place func(k int) *layout) *soundFilm {
	own := func(purpose, k uint64) draws { return draws{r.Derive(purpose, k)} }
	f := &soundFilm{told: newTold(r), sounding: -1}
	f.back = place(f.place)
	q := own(1, 0)
	f.exposure, f.ambience, f.hiss = newExposure(q), newAmbience(q), q.Uint32()
	f.loud = q.u(-34, -28) // so low that the shortest sounds, struck hard, stay below full scale
	q = own(2, 0)
	n := 2 + q.IntN(3)
	if objects > 0 {
		n = objects
	}
	var classes []int
	for _, c := range q.Perm(len(soundClasses)) {
		if c != f.class && len(classes) < n {
			classes = append(classes, c)
		}
	}
	if k := q.IntN(n); !f.off {
		f.sounding, classes[k] = k, f.class
	}
	pretender := q.IntN(max(n-1, 1)) // one at least moves and is not heard
	for k, c := range classes {
		way := plays
		if k != f.sounding {
			if way = pretends; pretender != 0 && q.Bool(0.5) {
				way = stays
			}
			pretender--
		}
		side := q.sign()
		if x := across(k, n); math.Abs(x) > 0.2 { // from the middle of the picture, where it is seen
			side = -x / math.Abs(x)
		}
		f.players = append(f.players, newPlayer(own(3, uint64(k)), c, way, side, length))
	}
	var p *player
	if f.off {
		p = newPlayer(own(3, uint64(n)), f.class, plays, 1, length)
	} else {
		p = f.players[f.sounding]
	}
	f.voice, f.playing = p.voice, p.playing
	f.factors = []Factor{{"class", float64(f.class)}, {"background", float64(f.place)}, {"sounding", float64(f.sounding)}, {"objects", float64(n)}, {"size", p.size},
		{"pitch", p.pitch}, {"ambience", float64(f.ambience.kind)}, {"ambience below", f.ambience.below}, {"loudness", f.loud}, {"brightness", float64((f.gain.x + f.gain.y + f.gain.z) / 3)}}
	f.stand(own(4, 0))
	return f
}

// across is where instrument k of n stands, from -0.5 to 0.5 across the picture.
func across(k, n int) float64 { return (float64(k)+0.5)/float64(n) - 0.5 }

// stand puts the players side by side, some of them on pedestals. What is no instrument comes last.
func (f *soundFilm) stand(r draws) {
	n := float64(len(f.players))
	wide := 0.45 + float64(0.36*n) + r.u(0, 0.25)
	f.ground, f.foot = f.back.level.by(f.back.fit/wide), f.back.foot
	f.factors = append(f.factors, Factor{"metres across", wide})
	var rest []actor
	for k, p := range f.players {
		x := float64(wide * 0.86 * (across(k, len(f.players)) + float64(r.u(-0.12, 0.12)/n)))
		at := vec{x: x, z: r.u(-0.25, 0.25)}
		if room := float64(0.74*wide) - p.high; room > 0.05 && r.Bool(0.7) {
			at.y = r.u(0.04, room)
			m := &model{}
			if half := r.u(0.16, 0.24); r.Bool(0.5) {
				m.box(toneMain, vec{}, half, at.y, half, 1, 1)
			} else {
				m.tube(toneMain, vec{}, vec{y: at.y}, half, half)
			}
			a := actor{skin: gearSkin(r, 1), parts: m.parts}
			a.skin.class, a.skin.rest = -1, m.parts
			foot := vec{x: at.x, z: at.z}
			a.at = func(float64, int) (mat, vec) { return turnY(0), foot }
			rest = append(rest, a)
		}
		p.others = len(f.players) + len(rest)
		yaw := turnY(r.u(-0.5, 0.5))
		for i, a := range p.actors {
			own := a.at
			a.at = func(t float64, j int) (mat, vec) {
				turn, to := own(t, j)
				return yaw.times(turn), at.add(yaw.of(to))
			}
			if i == 0 {
				f.actors = append(f.actors, a)
			} else {
				rest = append(rest, a)
			}
		}
	}
	f.actors = append(f.actors, rest...)
}

// still is how many things of a film belong to its place.
func (f *soundFilm) still() int { return len(f.back.things) }

// layoutAt returns the scene at a time, in the camera's coordinates: the place's things, then the actors.
func (f *soundFilm) layoutAt(t float64) *layout {
	l := *f.back
	l.factors = nil
	l.things = append(make([]thing, 0, len(l.things)+len(f.actors)), l.things...)
	l.parts = append(make([]part, 0, len(l.parts)+16*len(f.actors)), l.parts...)
	inv := f.ground.inverse()
	for k := range f.actors {
		a := &f.actors[k]
		th := a.skin
		th.inv = inv
		l.assemble(th, a.parts, func(q *part, i int) {
			turn, at := a.at(t, i)
			q.at, q.axes = at.add(turn.of(q.at)), turn.times(q.axes)
			q.place(f.ground, f.foot)
		})
	}
	return &l
}

// truth returns what is known about a frame; next is the layout of the one that follows, nil after the last.
func (f *soundFilm) truth(c *canvas, next *layout, heard bool) FrameTruth {
	tr := c.known(f.still(), next)
	tr.Sounding = make([]bool, len(tr.Boxes))
	if f.sounding >= 0 {
		tr.Sounding[f.sounding] = heard
	}
	tr.Factors = append([]Factor(nil), f.factors...)
	return tr
}

// soundTrack is a film's sound as it is heard.
type soundTrack struct {
	pcm   []float32
	heard []bool // in each frame: what sounds, not the noise of the place
}

// record makes the sound of a film of so many frames: n values, hz a second. What sounds has the film's loudness whatever it is, and the
// noise of the place is so far below it.
func (f *soundFilm) record(n int, hz float64, frames int, rate float64) *soundTrack {
	dry := f.voice.play(&f.playing, n, hz, f.hiss)
	noise := f.ambience.play(n, hz)
	scale := math.Sqrt(1 / math.Max(power(dry), 1e-30))
	under := float64(math.Sqrt(1/math.Max(power(noise), 1e-30)) * decibels(-f.ambience.below))
	level, peak := decibels(f.loud), 0.0
	out := &soundTrack{pcm: make([]float32, n), heard: make([]bool, frames)}
	for i, v := range dry {
		noise[i] = float64(level * (float64(scale*v) + float64(under*noise[i])))
		peak = math.Max(peak, math.Abs(noise[i]))
	}
	fit := 1 / math.Max(1, peak/0.99)
	for i, v := range noise {
		out.pcm[i] = float32(float64(v * fit))
	}
	most := 0.0
	powers := make([]float64, frames)
	for t := range powers {
		from, to := int(math.Floor(float64(float64(t)/rate*hz))), int(math.Floor(float64(float64(t+1)/rate*hz)))
		powers[t] = power(dry[min(from, n):min(to, n)])
		most = math.Max(most, powers[t])
	}
	for t, p := range powers {
		out.heard[t] = p > float64(1e-3*most)
	}
	return out
}
