package data

import (
	"math"
	"slices"
	"testing"
)

// headGap returns how far a mallet's head, which is the first part of a thing, is from an instrument, in metres; negative inside.
func headGap(l *layout, f *soundFilm, object, mallet int) float64 {
	head := &l.parts[l.things[f.still()+mallet].first]
	best := math.Inf(1)
	for i := l.things[f.still()+object].first; i < l.things[f.still()+object].last; i++ {
		p := &l.parts[i]
		for k := range 600 { // directions all over the ball
			y := 1 - 2*(float64(k)+0.5)/600
			r, a := math.Sqrt(1-y*y), 2.399963*float64(k)
			d := vec{r * math.Cos(a), y, r * math.Sin(a)}
			if t := p.enter(p.inv.of(head.at.sub(p.at)), p.inv.of(d)); t > 0 {
				best = math.Min(best, t)
			}
		}
	}
	return (best - head.axes.y.length()) / f.ground.y.length()
}

// TestSceneSoundsStrike: a mallet touches what it strikes at the moment that is heard and never else; one that is not heard stays away.
func TestSceneSoundsStrike(t *testing.T) {
	s := NewSceneSounds(70, 16, 24, 12, 16000, 4, Train)
	var struck [8]int
	away := 0
	for i := range s.N {
		f := s.film(i)
		for k, p := range f.players {
			gap := func(t float64) float64 { return headGap(f.layoutAt(t), f, k, p.others) }
			switch {
			case !p.mallet:
			case p.way == plays:
				for n, hit := range p.playing.strikes[:2] {
					if g := gap(hit.t); math.Abs(g) > 0.002 {
						t.Errorf("film %d: the mallet is %.1f mm from the %s at strike %d", i, 1000*g, soundClasses[p.class], n)
					}
					for _, d := range []float64{-0.15, -0.04, -0.015, 0.015, 0.04, 0.15} {
						if g := gap(hit.t + d); g < 0.15*math.Abs(d) {
							t.Errorf("film %d: the mallet is %.1f mm from the %s %.0f ms from strike %d", i, 1000*g, soundClasses[p.class], 1000*d, n)
						}
					}
				}
				struck[p.class]++
			default:
				for u := 0.0; u < 2; u += 0.1 {
					if g := gap(u); g < 0.05 {
						t.Errorf("film %d: a mallet that is not heard is %.0f mm from the %s", i, 1000*g, soundClasses[p.class])
					}
				}
				away++
			}
		}
	}
	if slices.Min(struck[:5]) < 2 || away < 30 {
		t.Errorf("%v were struck, %d not", struck, away)
	}
}

// TestSceneSoundsOnset: a sound begins with the value after the moment of the first strike, and no sooner than that what is heard rises above the noise.
func TestSceneSoundsOnset(t *testing.T) {
	for _, hz := range []int{8000, 16000, 44100} {
		s := NewSceneSounds(60, 16, 36, 12, hz, 4, Train)
		checked := 0
		for i := range s.N {
			f := s.film(i)
			if len(f.playing.strikes) == 0 {
				continue
			}
			at := f.playing.strikes[0].t * float64(hz)
			dry := f.voice.play(&f.playing, s.values(), float64(hz), f.hiss)
			if first := slices.IndexFunc(dry, func(v float64) bool { return v != 0 }); float64(first) <= at || float64(first) > at+1 {
				t.Errorf("%d Hz, film %d: the sound of the %s begins at value %d, it is struck at %.2f", hz, i, soundClasses[f.class], first, at)
			}
			if i >= 30 || at < float64(hz)/20 {
				continue
			}
			x := soundIn(t, s, i, 0, s.values())
			most := 0.0
			for _, v := range x[:int(at)] {
				most = math.Max(most, math.Abs(float64(v)))
			}
			heard := slices.IndexFunc(x, func(v float32) bool { return math.Abs(float64(v)) > 1.5*most })
			if ms := 1000 * (float64(heard) - at) / float64(hz); ms < 0 || ms > 6 {
				t.Errorf("%d Hz, film %d: the %s is heard %.1f ms after it is struck", hz, i, soundClasses[f.class], ms)
			}
			checked++
		}
		if checked < 10 {
			t.Errorf("only %d films", checked)
		}
	}
}

// TestSceneSoundsTurns: in the frame in which a strike is heard the mallet that is seen turns back: it moved towards the instrument and moves away from it.
func TestSceneSoundsTurns(t *testing.T) {
	const rate = 120
	s := NewSceneSounds(300, 64, 150, rate, 16000, 6, Train)
	turns, seen := 0, 0
	for i := range s.N {
		f := s.film(i)
		if f.sounding < 0 || !f.players[f.sounding].mallet {
			continue
		}
		p := f.players[f.sounding]
		flow := func(frame int) (u, v float64) {
			tr, err := s.Frame(i, frame)
			if err != nil {
				t.Fatal(err)
			}
			for o, k := range tr.Mask.Data {
				if int(k) == p.others+1 {
					u, v = u+float64(tr.Flow.Data[2*o]), v+float64(tr.Flow.Data[2*o+1])
				}
			}
			return u, v
		}
		at := int(p.playing.strikes[0].t * rate)
		u0, v0 := flow(at - 2)
		u1, v1 := flow(at + 1)
		if math.Hypot(u0, v0) < 0.5 || math.Hypot(u1, v1) < 0.5 { // hidden
			continue
		}
		if seen++; (u0*u1+v0*v1)/math.Hypot(u0, v0)/math.Hypot(u1, v1) < -0.7 {
			turns++
		}
		if seen == 40 {
			break
		}
	}
	if seen < 40 || turns < seen*9/10 {
		t.Errorf("of %d mallets %d turn back where they are heard", seen, turns)
	}
}

// TestSceneSoundsFall: what is dropped falls by g, meets what it stands on at the moments that are heard, and the faster the louder.
func TestSceneSoundsFall(t *testing.T) {
	s := NewSceneSounds(400, 16, 36, 12, 16000, 4, Train)
	falls := 0
	for i := range s.N {
		f := s.film(i)
		if f.sounding < 0 || !f.players[f.sounding].body.falls || f.players[f.sounding].mallet {
			continue
		}
		p := f.players[f.sounding]
		high := func(t float64) float64 {
			_, at := p.actors[0].at(t, 0)
			return at.y
		}
		falls++
		for n, hit := range p.playing.strikes {
			if hit.t > 3 {
				break
			}
			const d = 1e-4
			if h := high(hit.t); math.Abs(h) > 1e-9 {
				t.Fatalf("film %d: %g m above the ground at impact %d", i, h, n)
			}
			if n > 0 && hit.speed > p.playing.strikes[n-1].speed && hit.speed != 1 {
				t.Errorf("film %d: impact %d is faster than the one before", i, n)
			}
			for _, u := range []float64{0.01, 0.02} { // in the air before and after
				for _, at := range []float64{hit.t - u, hit.t + u} {
					if h := high(at); h <= 0 {
						continue
					} else if a := (high(at+d) + high(at-d) - 2*h) / (d * d); n+1 < len(p.playing.strikes) && math.Abs(a+gravity) > 0.01 && h > 0.02 {
						t.Errorf("film %d: falls by %.3f m/s² at %.3f s", i, a, at)
					}
				}
			}
			if v, most := (high(hit.t-d)-high(hit.t))/d, p.playing.strikes[n].speed; n > 0 && math.Abs(v/most/((high(p.playing.strikes[0].t-d))/d/p.playing.strikes[0].speed)-1) > 0.01 {
				t.Errorf("film %d: impact %d at %.2f m/s is heard as %.2f of the first", i, n, v, most)
			}
		}
	}
	if falls < 10 {
		t.Errorf("only %d fall", falls)
	}
}

// TestSceneSoundsMove: a plectrum crosses the strings when they are heard and goes on to the other side, or passes beside them; a maraca is heard by the force that
// its motion takes, a ball by its speed, which is that of a solid ball in a parabola (2π·sqrt(7/(10·b·g)) a round in y = b·x²).
func TestSceneSoundsMove(t *testing.T) {
	const d = 1e-3
	for k := range 30 {
		r := NewSceneSounds(1, 16, 2, 12, 8000, 3, Train).draws(k)
		for _, way := range []int{plays, pretends, stays} {
			p := newPlayer(r, classGuitar, way, 1, 3)
			x := func(t float64) float64 {
				_, at := p.actors[1].at(t, 0)
				return at.x
			}
			for _, hit := range p.playing.strikes {
				if hit.t < 3 && (math.Abs(x(hit.t)) > 1e-9 || x(hit.t-d)*x(hit.t+d) >= 0) {
					t.Errorf("the plectrum is at %g, %g and %g m when the string is heard", x(hit.t-d), x(hit.t), x(hit.t+d))
				}
			}
			for u := 0.0; u < 3 && way != plays; u += 0.05 {
				if math.Abs(x(u)) < 0.05 || way == stays && x(u) != x(0) {
					t.Errorf("a plectrum that is not heard is %g m from the strings", x(u))
				}
			}
		}
		maraca, ball := newPlayer(r, classMaraca, plays, 1, 3), newPlayer(r, classBall, plays, 1, 3)
		var force, shaken, speed, rolled []float64
		for u := 0.1; u < 3; u += 0.01 {
			_, a := maraca.actors[0].at(u-d, 0)
			_, b := maraca.actors[0].at(u, 0)
			_, c := maraca.actors[0].at(u+d, 0)
			force, shaken = append(force, math.Abs(a.y+c.y-2*b.y)), append(shaken, math.Sqrt(maraca.playing.effort(u)))
			rest := ball.body.pivot
			turn, a := ball.actors[0].at(u-d, ball.body.gives)
			a = a.add(turn.of(rest))
			turn, c = ball.actors[0].at(u+d, ball.body.gives)
			c = c.add(turn.of(rest))
			speed, rolled = append(speed, math.Abs(c.x-a.x)/(2*d)), append(rolled, ball.playing.effort(u))
			if b := a.mix(c, 0.5).sub(rest); math.Abs(b.y-troughBend*b.x*b.x) > 1e-4 {
				t.Fatalf("a ball is %g m off its trough", b.y-troughBend*b.x*b.x)
			}
		}
		if q, r := correlation(force, shaken), correlation(speed, rolled); q < 0.9 || r < 0.9 {
			t.Errorf("force and sound of a maraca are correlated by %.3f, speed and sound of a ball by %.3f", q, r)
		}
		reach := 0.0
		for u := 0.0; u < 2; u += 0.001 {
			turn, at := ball.actors[0].at(u, ball.body.gives)
			reach = math.Max(reach, math.Abs(at.add(turn.of(ball.body.pivot)).x))
		}
		if got, want := slices.Max(speed), reach/math.Sqrt(7/(10*troughBend*gravity)); math.Abs(got/want-1) > 0.01 {
			t.Errorf("a ball that rolls %.3f m to each side has %.3f m/s in the middle, want %.3f", reach, got, want)
		}
		for _, class := range []int{classMaraca, classBall} { // what is not heard moves slowly, or not at all
			slow, still := newPlayer(r, class, pretends, 1, 3), newPlayer(r, class, stays, 1, 3)
			if slow.playing.effort != nil || still.playing.effort != nil {
				t.Errorf("a %s that is not played is heard", soundClasses[class])
			}
			for i := range slow.body.parts {
				turn, at := still.actors[0].at(0, i)
				if again, to := still.actors[0].at(1.3, i); again != turn || to != at {
					t.Errorf("a %s that is not played moves", soundClasses[class])
				}
			}
		}
	}
}
