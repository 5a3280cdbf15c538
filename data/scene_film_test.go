package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// filmSum is a checksum of a frame and of all that is known about it.
func filmSum(t testing.TB, s *SceneFilms, i, frame int) string {
	t.Helper()
	ims, err := ClipOf(s.Dataset().Clips, i, []int{frame})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := s.Frame(i, frame)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	h.Write(ims[0].Pix)
	fmt.Fprintln(h, boxPlaces(tr.Boxes), tr.KeyPoints, tr.Factors)
	binary.Write(h, binary.LittleEndian, tr.Mask.Data)
	if tr.Flow != nil {
		binary.Write(h, binary.LittleEndian, tr.Flow.Data)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// goldenFilms are the sums of frames of the first film of each action, and of a larger one, printed as goldenScenes are: a change of the drawing shows here
// and must change the version in Fingerprint. They are the same on every architecture.
var goldenFilms = [10]string{
	"b1adcb607471265b", "7b1f5c969f52217f", "616a49aac921f1bd", "b78c9c3f8aff8d92", "15b60494b97abf6d",
	"38f149bd0c0d6bf7", "574629c190f1cd6d", "ef385b195f624e0f", "d753e6bc374d33e8", "b5ec6edc37c74c19",
}

func TestSceneFilmsGolden(t *testing.T) {
	for c, want := range goldenFilms {
		s, i, frames, name := NewSceneFilms(1000, 24, 24, 12, 3, Test), 0, []int{0, 7, 15, 23}, "large"
		if c < len(filmActions) {
			i, name = filmOf(s, c, 0), filmActions[c]
		} else {
			s, i, frames = NewSceneFilms(1000, 80, 100, 25, 2, Train), 4, []int{99}
		}
		h := sha256.New()
		for _, frame := range frames {
			fmt.Fprintln(h, filmSum(t, s, i, frame))
		}
		if got := hex.EncodeToString(h.Sum(nil))[:16]; got != want {
			t.Errorf("%s: film %d has the sum %s, want %s", name, i, got, want)
		}
	}
}

// filmOf returns the first film of an action from number i on.
func filmOf(s *SceneFilms, action, i int) int {
	for s.Label(i) != action {
		i++
	}
	return i
}

// TestSceneFilmsPure: what is drawn depends on seed, split, number and time alone, in any order, from any goroutine, kept or not.
func TestSceneFilmsPure(t *testing.T) {
	a := NewSceneFilms(40, 20, 8, 12, 1, Train)
	want := map[[2]int]string{}
	for i := range 24 {
		for _, frame := range []int{0, 5} {
			want[[2]int{i, frame}] = filmSum(t, a, i, frame)
		}
	}
	b := NewSceneFilms(90, 20, 8, 12, 1, Train)
	b.films.most, b.places.most, b.stages.most = 2, 2, 2
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for k, sum := range want { // in an order of Go's choice
				if got := filmSum(t, b, k[0], k[1]); got != sum {
					t.Errorf("film %d, frame %d is another one when it is drawn again", k[0], k[1])
				}
			}
		})
	}
	wg.Wait()
	if n := len(b.films.of); n > 2 {
		t.Errorf("%d films are kept, of at most 2", n)
	}
	sums, names := map[string]bool{}, map[string]bool{}
	for _, s := range []*SceneFilms{a, NewSceneFilms(40, 20, 8, 12, 2, Train), NewSceneFilms(40, 20, 8, 12, 1, Test)} {
		for i := range 24 {
			sums[filmSum(t, s, i, 3)] = true
		}
	}
	if len(sums) != 72 {
		t.Errorf("%d different frames in three sources of 24 films", len(sums))
	}
	for _, s := range []*SceneFilms{a, NewSceneFilms(41, 20, 8, 12, 1, Train), NewSceneFilms(40, 21, 8, 12, 1, Train), NewSceneFilms(40, 20, 9, 12, 1, Train), NewSceneFilms(40, 20, 8, 12.5, 1, Train), NewSceneFilms(40, 20, 8, 12, 1, Test)} {
		names[s.Fingerprint()] = true
		back, err := Open(s.Name(), Train)
		if err != nil || back.Fingerprint != s.Fingerprint() || back.Len() != s.N {
			t.Errorf("%s opens as another source: %v", s.Name(), err)
		}
	}
	if len(names) != 6 {
		t.Errorf("%d fingerprints of six sources", len(names))
	}
	for spec, want := range map[string]string{"scenes:?frames=1": "frames=1", "scenes:?frames=8&rate=0.5": "rate=0.5", "scenes:?frames=8&objects=2": "objects", "scenes:?rate=8": "rate"} {
		if _, err := Open(spec, Train); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", spec, err, want)
		}
	}
	for _, frame := range []int{-1, 8} {
		_, err := ClipOf(a.Dataset().Clips, 0, []int{frame})
		if _, e := a.Frame(0, frame); err == nil || e == nil || a.Group("action", 0, frame) != -1 {
			t.Errorf("there is a frame %d", frame)
		}
	}
}

// TestSceneFilmsOpen: films are films: no pictures, labels are actions, times rise, and a training and a test split are there.
func TestSceneFilmsOpen(t *testing.T) {
	for split, n := range map[Split]int{Train: 2000, Test: 400} {
		d, err := Open("scenes:?frames=24&side=16", split)
		if err != nil {
			t.Fatal(err)
		}
		if d.Len() != n || d.Images != nil || d.Clips == nil || d.Truth.Boxes != nil || d.Truth.Frames == nil || len(d.Truth.Classes()) != len(filmActions) {
			t.Errorf("%s: %d samples, %s", split, d.Len(), d.Kinds())
		}
		times, err := d.Clips.Times(3)
		if err != nil || len(times) != 24 || times[0] != 0 || times[12] != 1 {
			t.Errorf("times %v, %v", times, err)
		}
		ims, err := ClipOf(d.Clips, 3, []int{5, 2, 5})
		if err != nil || len(ims) != 3 || string(ims[0].Pix) != string(ims[2].Pix) || string(ims[0].Pix) == string(ims[1].Pix) {
			t.Errorf("frames 5, 2 and 5 of a film: %v", err)
		}
		if !strings.Contains(d.Describe(3), "film 3") || !strings.Contains(d.Describe(3), string(split)) {
			t.Error(d.Describe(3))
		}
	}
}

// TestSceneFilmsSides: a film is the same at every side.
func TestSceneFilmsSides(t *testing.T) {
	small, large := NewSceneFilms(100, 16, 12, 12, 3, Train), NewSceneFilms(100, 128, 12, 12, 3, Train)
	for i := range 27 {
		a, _ := ClipOf(small.Dataset().Clips, i, []int{i % 12})
		b, _ := ClipOf(large.Dataset().Clips, i, []int{i % 12})
		sum := 0.0
		for o := range 16 * 16 {
			for c := range 3 {
				mean := 0.0
				for j := range 64 {
					mean += float64(b[0].Pix[((o/16*8+j/8)*128+o%16*8+j%8)*3+c])
				}
				sum += math.Abs(mean/64 - float64(a[0].Pix[o*3+c]))
			}
		}
		if mean := sum / (16 * 16 * 3); mean > 12 {
			t.Errorf("film %d: at side 128 it differs from side 16 by %.1f levels", i, mean)
		}
		p, _ := small.Frame(i, i%12)
		q, _ := large.Frame(i, i%12)
		if fmt.Sprint(p.Factors) != fmt.Sprint(q.Factors) {
			t.Errorf("film %d: its factors depend on the side", i)
		}
		for k := range p.KeyPoints {
			if math.Abs(float64(8*p.KeyPoints[k].X-q.KeyPoints[k].X)) > 0.01 || math.Abs(float64(8*p.KeyPoints[k].Y-q.KeyPoints[k].Y)) > 0.01 {
				t.Errorf("film %d: key point %v at side 16, %v at 128", i, p.KeyPoints[k], q.KeyPoints[k])
			}
		}
	}
}

// TestSceneFilmsTruth: boxes hold the mask and no more, key points that are visible lie on it, groups and labels agree with the factors.
func TestSceneFilmsTruth(t *testing.T) {
	const side = 64
	s := NewSceneFilms(300, side, 12, 12, 5, Train)
	groups := s.Groups()
	visible, all, seen := 0, 0, 0
	for i := range 120 {
		slots := -1
		for _, frame := range []int{0, 6, 11} {
			tr, err := s.Frame(i, frame)
			if err != nil {
				t.Fatal(err)
			}
			if slots >= 0 && len(tr.Boxes) != slots {
				t.Errorf("film %d: %d boxes, then %d", i, slots, len(tr.Boxes))
			}
			slots = len(tr.Boxes)
			for k, b := range tr.Boxes {
				want := Box{X0: side, Y0: side, Class: b.Class}
				for p, v := range tr.Mask.Data {
					if int(v) == k+1 {
						x, y := float32(p%side), float32(p/side)
						want.X0, want.Y0, want.X1, want.Y1 = min(want.X0, x), min(want.Y0, y), max(want.X1, x+1), max(want.Y1, y+1)
					}
				}
				if want.X1 == 0 {
					want = Box{Class: b.Class}
				}
				if b != want || (k == 0) != (b.Class == s.Label(i)) || k > 0 && b.Class != -1 {
					t.Errorf("film %d, frame %d: box %d is %v, its pixels' %v", i, frame, k, b, want)
				}
			}
			if tr.Boxes[0].X1 > 0 {
				seen++
			}
			names := map[string]bool{}
			for _, q := range tr.KeyPoints {
				names[q.Name] = true
				if all++; !q.Visible {
					continue
				}
				visible++
				near := false
				for d := range 9 {
					x, y := int(q.X)+d%3-1, int(q.Y)+d/3-1
					near = near || x >= 0 && x < side && y >= 0 && y < side && tr.Mask.Data[y*side+x] == 1
				}
				if !near {
					t.Errorf("film %d, frame %d: the %s is visible off its mask", i, frame, q.Name)
				}
			}
			if len(names) != 15 {
				t.Errorf("%d key points", len(names))
			}
			f := map[string]float64{}
			for _, v := range tr.Factors {
				f[v.Name] = v.Value
			}
			if len(f) != len(tr.Factors) || int(f["action"]) != s.Label(i) || int(f["action"]) != s.Group("action", i, frame) || int(f["background"]) != s.Group("background", i, frame) {
				t.Errorf("film %d: factors %v", i, f)
			}
			for name, classes := range groups {
				if g := s.Group(name, i, frame); g < 0 || g >= len(classes) {
					t.Errorf("film %d: group %d of %s", i, g, name)
				}
			}
			if want := fmt.Sprintf("%s %d/4", filmActions[s.Label(i)], int(4*f["phase"])+1); groups["phase"][s.Group("phase", i, frame)] != want {
				t.Errorf("film %d: phase %s, want %s", i, groups["phase"][s.Group("phase", i, frame)], want)
			}
			if (tr.Flow == nil) != (frame == 11) {
				t.Errorf("flow of frame %d of 12", frame)
			}
		}
	}
	if visible < all*6/10 || visible > all*95/100 {
		t.Errorf("%d of %d key points are visible", visible, all)
	}
	if seen < 350 {
		t.Errorf("the figure is seen in %d of 360 frames", seen)
	}
}

// bilinear reads a picture at a place in pixels, whose middles lie at halves.
func bilinear(im *Image, x, y float64, c int) float64 {
	x, y = clamp(x-0.5, 0, float64(im.W)-1.001), clamp(y-0.5, 0, float64(im.H)-1.001)
	i, j := int(x), int(y)
	at := func(i, j int) float64 { return float64(im.Pix[(j*im.W+i)*3+c]) }
	return lerp(lerp(at(i, j), at(i+1, j), x-float64(i)), lerp(at(i, j+1), at(i+1, j+1), x-float64(i)), y-float64(j))
}

// TestSceneFilmsFlow: the next frame, read where the flow says, looks like this one: on the figure and on what it holds, and where the camera turns.
func TestSceneFilmsFlow(t *testing.T) {
	const side = 128
	s := NewSceneFilms(300, side, 12, 24, 7, Train)
	var warped, still, moved [2]float64 // of the background and of things
	var n [2]float64
	for i := range 60 {
		frame := i % 11
		s.film(i).grain = 0 // noise does not move along
		ims, err := ClipOf(s.Dataset().Clips, i, []int{frame, frame + 1})
		if err != nil {
			t.Fatal(err)
		}
		tr, _ := s.Frame(i, frame)
		next, _ := s.Frame(i, frame+1)
		turned := s.film(i).camera.kind != cameraStill
		instances := make([]uint8, side*side)
		for p, v := range next.Mask.Data {
			instances[p] = uint8(v)
		}
		for p, v := range tr.Mask.Data {
			kind := min(int(v), 1)
			u, w := float64(tr.Flow.Data[2*p]), float64(tr.Flow.Data[2*p+1])
			x, y := float64(p%side)+0.5+u, float64(p/side)+0.5+w
			if kind == 0 && !turned {
				if u != 0 || w != 0 {
					t.Fatalf("film %d: the background moves before a camera that stands", i)
				}
				continue
			}
			if math.Hypot(u, w) < 0.7 || x < 2 || y < 2 || x > side-2 || y > side-2 {
				continue
			}
			if q := int(y)*side + int(x); instances[q] != uint8(v) || !inner(instances, side, q) {
				continue // hidden, or at an edge
			}
			n[kind]++
			moved[kind] += math.Hypot(u, w)
			for c := range 3 {
				here := float64(ims[0].Pix[p*3+c])
				warped[kind] += math.Abs(bilinear(ims[1], x, y, c) - here)
				still[kind] += math.Abs(float64(ims[1].Pix[p*3+c]) - here)
			}
		}
	}
	for kind, name := range []string{"background", "things"} {
		w, st := warped[kind]/n[kind]/3, still[kind]/n[kind]/3
		t.Logf("%s: %.0f pixels that move by %.2f: %.2f levels from the frame by the flow, %.2f without it", name, n[kind], moved[kind]/n[kind], w, st)
		if n[kind] < 3000 || w > 0.5*st {
			t.Errorf("%s: by the flow the next frame differs by %.2f levels, without it by %.2f, of %.0f pixels", name, w, st, n[kind])
		}
	}
}

// TestSceneFilmsFlowMeets: what the flow moves lies under the same part's same place in the next frame, to a thousandth of a pixel.
func TestSceneFilmsFlowMeets(t *testing.T) {
	const side = 64
	s := NewSceneFilms(300, side, 12, 12, 9, Train)
	checked := 0
	for i := range 40 {
		f := s.film(i)
		c, _ := f.frameCanvas(s.time(4), side, nil)
		next := f.layoutAt(s.time(5))
		n := next.newCanvas(side)
		tr := f.truth(c, next, s.time(4))
		for o := range side * side {
			middle := int(c.part[(o/side*c.sub+1)*c.n+o%side*c.sub+1]) - 1
			if middle < 0 {
				continue
			}
			var groups [9]group
			if c.gather(&groups, o%side, o/side) > 1 {
				continue
			}
			d := c.centre(o%side, o/side)
			p, q := &c.parts[middle], &next.parts[middle]
			local := p.eye.add(p.inv.of(d).by(p.enter(p.eye, p.inv.of(d))))
			x := (float64(o%side) + 0.5 + float64(tr.Flow.Data[2*o])) * float64(c.sub)
			y := (float64(o/side) + 0.5 + float64(tr.Flow.Data[2*o+1])) * float64(c.sub)
			e := n.ray(x, y).unit()
			at := q.at.add(q.axes.of(local))
			if off := at.sub(e.by(at.dot(e))).length() / (n.pixel * -at.z); off > 1e-3 {
				t.Fatalf("film %d, pixel %d: the flow misses by %g pixels", i, o, off)
			}
			checked++
		}
	}
	if checked < 5000 {
		t.Errorf("only %d pixels", checked)
	}
}

// TestSceneFilmsBalance: nothing sinks into the ground or leaps, in any action; what stands on the ground touches it.
func TestSceneFilmsBalance(t *testing.T) {
	s := NewSceneFilms(400, 16, 36, 12, 2, Train)
	const dt = 1.0 / 240
	for i := range 90 {
		f := s.film(i)
		name := filmActions[f.action]
		var last posture
		low, fast, high := math.Inf(1), 0.0, math.Inf(-1)
		for k := range int(3 / dt) {
			m := f.motion.at(float64(k) * dt)
			p := m.posture(f.body)
			h := p.lowest(f.body)
			low, high = math.Min(low, h), math.Max(high, h)
			for b := range bones {
				v := p.of(f.body, b, f.body.tip[b])
				if k > 0 {
					fast = math.Max(fast, v.sub(last.of(f.body, b, f.body.tip[b])).length()/dt)
				}
			}
			if last = p; m.phase < 0 || m.phase >= 1 {
				t.Fatalf("%s: phase %g", name, m.phase)
			}
		}
		if low < -1e-9 || fast > 17 {
			t.Errorf("film %d: %s comes to %.3f m under the ground, moves at up to %.1f m/s", i, name, -low, fast)
		}
		if air := name == "run" || name == "jump" || name == "swing"; !air && high > 1e-9 {
			t.Errorf("film %d: %s hovers by %.3f m", i, name, high)
		}
	}
}

// TestSceneFilmsGravity: a jumper's centre of mass and a ball in the air fall by g and keep their speed along the ground.
func TestSceneFilmsGravity(t *testing.T) {
	s := NewSceneFilms(400, 16, 36, 12, 4, Train)
	const dt = 1.0 / 480
	check := func(i int, what string, at func(t float64) (vec, bool)) {
		n := 0
		for k := range int(3 / dt) {
			u := float64(k) * dt
			a, flies0 := at(u)
			b, flies1 := at(u + dt)
			c, flies2 := at(u + 2*dt)
			if !flies0 || !flies1 || !flies2 {
				continue
			}
			n++
			if d := a.add(c).sub(b.by(2)).by(1 / (dt * dt)).add(vec{y: gravity}); d.length() > 1e-6 {
				t.Fatalf("film %d: the %s is off free fall by %v m/s²", i, what, d)
			}
		}
		if n < 50 {
			t.Errorf("film %d: the %s flies for %d moments", i, what, n)
		}
	}
	for _, from := range []int{0, 50, 100, 150} {
		i := filmOf(s, 2, from)
		f := s.film(i)
		check(i, "jumper", func(t float64) (vec, bool) {
			m := f.motion.at(t)
			p := m.posture(f.body)
			return p.mass(f.body), p.lowest(f.body) > 1e-3
		})
		for _, action := range []int{7, 8} {
			i := filmOf(s, action, from)
			ball, begin := s.film(i).gear[0], s.film(i).motion.factors[0].Value
			check(i, "ball", func(t float64) (vec, bool) {
				_, p := ball.at(t)
				return p, t > begin && p.y > ball.parts[0].axes.y.y+0.05
			})
		}
	}
}

// TestSceneFilmsPendulum: who swings takes a pendulum's time for it, 2π·sqrt(l/g)·(1 + θ²/16 + 11θ⁴/3072), swings less each time, and never hovers free of the bar.
func TestSceneFilmsPendulum(t *testing.T) {
	s := NewSceneFilms(400, 16, 120, 12, 6, Train)
	for _, from := range []int{0, 40, 80, 120} {
		f := s.film(filmOf(s, 3, from))
		reach, bar := f.motion.factors[0].Value, f.gear[0].parts[0].at
		var crossings, peaks []float64
		last, most := 0.0, 0.0
		for k := range 10 * 480 {
			u := float64(k) / 480
			m := f.motion.at(u)
			p := m.posture(f.body)
			if grip := p.hand(f.body, 0).mix(p.hand(f.body, 1), 0.5); grip.sub(bar).length() > 1e-9 {
				t.Fatalf("the hands are %g m from the bar", grip.sub(bar).length())
			}
			angle := -m.angles[aTilt]
			if most = math.Max(most, math.Abs(angle)); angle*last < 0 {
				crossings = append(crossings, u-angle/(angle-last)/480)
				peaks, most = append(peaks, most), 0
			}
			last = angle
		}
		for k := 2; k+1 < len(crossings); k++ {
			th := 0.5 * (peaks[k] + peaks[k+1])
			want := math.Pi * math.Sqrt(reach/gravity) * (1 + th*th/16 + 11*math.Pow(th, 4)/3072)
			if got := crossings[k+1] - crossings[k]; math.Abs(got-want) > 0.015*want {
				t.Errorf("half a swing of %.2f rad takes %.3f s, want %.3f", th, got, want)
			}
			if peaks[k+1] >= peaks[k] {
				t.Errorf("a swing of %.3f rad after one of %.3f", peaks[k+1], peaks[k])
			}
		}
		if len(crossings) < 6 || reach < 0.9 || reach > 1.8 {
			t.Errorf("%d crossings, a pendulum of %.2f m", len(crossings), reach)
		}
	}
}

// TestSceneFilmsFall: a fall gains speed as a rod that topples, and what lies stays down.
func TestSceneFilmsFall(t *testing.T) {
	s := NewSceneFilms(900, 16, 60, 12, 6, Train)
	ways := map[float64]bool{}
	for i := 0; len(ways) < 4; i++ {
		if i = filmOf(s, 4, i); i > 800 {
			t.Fatalf("falls to %v alone", ways)
		}
		f := s.film(i)
		begin := f.motion.factors[1].Value
		ways[f.motion.factors[0].Value] = true
		tilt := func(u float64) float64 {
			m := f.motion.at(u)
			return m.phase * 1.5
		}
		const dt = 1.0 / 60
		for u := begin + dt; tilt(u+dt) < 1.3; u += dt {
			a, b, c := tilt(u-dt/2), tilt(u), tilt(u+dt/2)
			if got, want := 4*(a+c-2*b)/(dt*dt), 1.5*gravity/f.body.height*math.Sin(b); math.Abs(got-want) > 0.1*want+0.2 {
				t.Fatalf("film %d: at %.2f rad the fall accelerates by %.2f rad/s², want %.2f", i, b, got, want)
			}
		}
		p := f.motion.at(4.9)
		q := p.posture(f.body)
		if head := q.of(f.body, boneHead, f.body.tip[boneHead]); head.y > 0.35*f.body.height || q.class(f.body) != len(filmPoses)-1 {
			t.Errorf("film %d: the head is %.2f m high after the fall, the pose %s", i, head.y, filmPoses[q.class(f.body)])
		}
	}
}

// TestSceneFilmsKept: a pixel that is kept with a place is what it would be if it were drawn.
func TestSceneFilmsKept(t *testing.T) {
	s := NewSceneFilms(100, 48, 12, 12, 8, Train)
	shadows := 0
	for i := range 40 {
		f := s.film(i)
		c, kept := f.frameCanvas(s.time(5), s.Side, s.stage(f))
		_, none := f.frameCanvas(s.time(5), s.Side, nil)
		for o := range kept.at {
			if kept.colour[o] != none.colour[o] && f.camera.kind == cameraStill {
				t.Fatalf("film %d: pixel %d of its place differs from that of another film", i, o)
			}
		}
		all := *kept
		all.at = make([]float64, len(kept.at))
		all.colour = make([]vec, len(kept.colour))
		if string(f.draw(c, kept, 5).Pix) != string(f.draw(c, &all, 5).Pix) {
			t.Errorf("film %d: what is kept differs from what is drawn", i)
		}
		moving := c.things[f.still():]
		for o, d := range kept.at {
			if d > 0 && int(c.part[(o/48*c.sub+1)*c.n+o%48*c.sub+1]) <= moving[0].first && c.shadowedBy(moving, c.centre(o%48, o/48).by(d), -1) {
				shadows++
			}
		}
	}
	if shadows < 500 {
		t.Errorf("%d pixels in shadows of what moves", shadows)
	}
}

// TestSceneFilmsSheet draws a film of each action as rows of frames: go test -run Sheet -artifacts ./data.
func TestSceneFilmsSheet(t *testing.T) {
	const side, every = 48, 3
	s := NewSceneFilms(400, side, 24, 12, 1, Train)
	sheet := NewImage(side*len(filmActions), side*24/every)
	for c := range filmActions {
		i := filmOf(s, c, 100)
		seen := 0
		for k := range 24 / every {
			ims, err := ClipOf(s.Dataset().Clips, i, []int{k * every})
			if err != nil {
				t.Fatal(err)
			}
			for y := range side {
				copy(sheet.Pix[((c*side+y)*sheet.W+k*side)*3:], ims[0].Pix[y*side*3:(y+1)*side*3])
			}
			tr, _ := s.Frame(i, k*every)
			for _, v := range tr.Mask.Data {
				if v == 1 {
					seen++
				}
			}
		}
		if mean := float64(seen) * every / 24; mean < 40 || mean > 600 {
			t.Errorf("%s: the figure has %.0f pixels of a frame", filmActions[c], mean)
		}
	}
	f, err := os.Create(filepath.Join(t.ArtifactDir(), "films.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, sheet.RGBA()); err != nil {
		t.Fatal(err)
	}
}

// TestSceneFilmsGroups: actions come equally often, and with each place alike (chi-square); splits share places and no film.
func TestSceneFilmsGroups(t *testing.T) {
	const n = 20000
	s := NewSceneFilms(n, 16, 24, 12, 1, Train)
	table := map[[2]int]float64{}
	var actions [9]float64
	var places [filmPlaces]float64
	for i := range n {
		a, p := s.Group("action", i, 3), s.Group("background", i, 3)
		table[[2]int{a, p}]++
		actions[a]++
		places[p]++
	}
	chi := 0.0
	for a := range actions {
		if math.Abs(actions[a]-n/9.0) > 4*math.Sqrt(n/9.0) {
			t.Errorf("%s: %.0f of %d", filmActions[a], actions[a], n)
		}
		for p := range places {
			want := actions[a] * places[p] / n
			chi += (table[[2]int{a, p}] - want) * (table[[2]int{a, p}] - want) / want
		}
	}
	const free = 8 * (filmPlaces - 1)
	if math.Abs(chi-free) > 4*math.Sqrt(2*free) {
		t.Errorf("chi-square of action and place is %.1f with %d degrees of freedom", chi, free)
	}
	// what does not belong to the action does not depend on it
	var sums [9]map[string]float64
	var count [9]float64
	for i := range 1800 {
		f := s.film(i)
		if sums[f.action] == nil {
			sums[f.action] = map[string]float64{}
		}
		count[f.action]++
		for _, v := range f.factors[2:8] {
			sums[f.action][v.Name] += v.Value
		}
	}
	for a := range sums {
		for name, spread := range map[string]float64{"camera": 0.83, "height": 0.13, "metres across": 0.38, "brightness": 0.11, "distractor": 1.1, "facing": 1.68} {
			all := 0.0
			for b := range sums {
				all += sums[b][name] / 1800
			}
			if mean := sums[a][name] / count[a]; math.Abs(mean-all) > 4*spread/math.Sqrt(count[a]) {
				t.Errorf("%s of %s is %.3f, of all %.3f", name, filmActions[a], mean, all)
			}
		}
	}
	poses := map[int]int{}
	for i := range 900 {
		poses[s.Group("pose", i, i%24)]++
	}
	t.Logf("poses: %v", poses)
	for k, name := range filmPoses {
		if poses[k] < 9 || poses[k] > 400 {
			t.Errorf("%s: %d of 900 frames", name, poses[k])
		}
	}
}

// TestSceneFilmsHard: the nearest neighbour by raw pixels of a middle frame tells the background, and hardly the action or the pose.
func TestSceneFilmsHard(t *testing.T) {
	const train, test, side = 900, 300, 16
	s := NewSceneFilms(train+test, side, 24, 12, 1, Train)
	pix := make([][]uint8, s.N)
	for i := range pix {
		ims, _ := ClipOf(s.Dataset().Clips, i, []int{12})
		pix[i] = ims[0].Pix
	}
	names := []string{"action", "pose", "phase", "background"}
	var right, chance [4]float64
	for i := train; i < s.N; i++ {
		best, near := 0, math.MaxInt
		for j := range train {
			d := 0
			for k, v := range pix[i] {
				e := int(v) - int(pix[j][k])
				d += e * e
			}
			if d < near {
				best, near = j, d
			}
		}
		for k, name := range names {
			if s.Group(name, i, 12) == s.Group(name, best, 12) {
				right[k] += 1.0 / test
			}
			for j := range 50 { // any other film
				if s.Group(name, i, 12) == s.Group(name, (i*50+j)%train, 12) {
					chance[k] += 1.0 / test / 50
				}
			}
		}
	}
	t.Logf("%v by nearest neighbour: %.3f, by any film: %.3f", names, right, chance)
	for k := range 3 {
		if right[k] > chance[k]+0.15 {
			t.Errorf("%s is told by raw pixels in %.3f, by chance in %.3f", names[k], right[k], chance[k])
		}
	}
	if right[3] < 0.8 {
		t.Errorf("the background is told by raw pixels in %.3f", right[3])
	}
}

func BenchmarkSceneFilmsGroup(b *testing.B) {
	s := NewSceneFilms(1000, 64, 24, 12, 1, Train)
	for _, name := range []string{"action", "background", "phase", "pose"} {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				s.Group(name, i/24%1000, i%24)
			}
		})
	}
}

func BenchmarkSceneFilms(b *testing.B) {
	for _, side := range []int{32, 64, 128} {
		for kind, name := range []string{"still", "moving"} {
			b.Run(fmt.Sprintf("%d/%s", side, name), func(b *testing.B) {
				s := NewSceneFilms(1000, side, 24, 12, 1, Train)
				var films []int
				for i := 0; len(films) < 16; i++ {
					if (s.film(i).camera.kind == cameraStill) == (kind == 0) {
						films = append(films, i)
						ClipOf(s.Dataset().Clips, i, []int{0})
					}
				}
				for i := 0; b.Loop(); i++ {
					if _, err := ClipOf(s.Dataset().Clips, films[i%16], []int{i % 24}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// boxPlaces are boxes without what scenes do not say of them.
func boxPlaces(boxes []Box) any {
	type place struct {
		X0, Y0, X1, Y1 float32
		Class          int
	}
	var out []place
	for _, b := range boxes {
		out = append(out, place{b.X0, b.Y0, b.X1, b.Y1, b.Class})
	}
	return out
}
