package data

import (
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/tessera-go/tessera/tensor"
)

// Scenes is a procedural source: one object of ten classes, upright but for a small tilt, before a background that
// correlates with nothing, among distractors. Half of the classes have a colour of their own, the others take any. A figure
// stands and walks, joints known. What is drawn depends on the seed, the split and the sample's number alone.
type Scenes struct {
	N, Side int
	Seed    uint64
	Split   Split

	once  []sync.Once
	cache []*Scene
}

// Scene is a picture with its ground truth. Coordinates are pixels.
type Scene struct {
	Image  *Image
	Class  int
	Box    [4]float32   // x0, y0, x1, y1 of the object's visible pixels
	Joints [][2]float32 // of a person: head, neck, hip, hands, elbows, knees, feet; empty for others
	Mask   []bool       // [H W], the object's pixels
}

var sceneClasses = strings.Fields("tree house person car boat flower mushroom rocket cup bird")

// sceneHue is the hue of classes that have one, in turns; -1 for any.
var sceneHue = []float64{0.33, -1, -1, 0.0, 0.6, -1, 0.03, -1, -1, 0.13}

// NewScenes returns n scenes of side by side pixels.
func NewScenes(n, side int, seed uint64, split Split) *Scenes {
	return &Scenes{N: n, Side: side, Seed: seed, Split: split, once: make([]sync.Once, n), cache: make([]*Scene, n)}
}

// Name returns the specification.
func (s *Scenes) Name() string {
	return fmt.Sprintf("scenes:?n=%d&side=%d&seed=%d&split=%s", s.N, s.Side, s.Seed, s.Split)
}

// Len returns the number of scenes.
func (s *Scenes) Len() int { return s.N }

// Classes returns the object names.
func (s *Scenes) Classes() []string { return sceneClasses }

// Describe names a scene.
func (s *Scenes) Describe(i int) string { return fmt.Sprintf("scene %d (%s)", i, s.Split) }

// Fingerprint hashes the parameters.
func (s *Scenes) Fingerprint() string { return fingerprint("scenes 1", s.Name()) }

func (s *Scenes) rng(i int) *tensor.RNG {
	split := uint64(0)
	if s.Split == Test {
		split = 1
	}
	return tensor.NewRNG(s.Seed).Derive(0x5ce4e5, split, uint64(i))
}

// Label returns the object's class.
func (s *Scenes) Label(i int) int { return s.rng(i).IntN(len(sceneClasses)) }

// Image returns the picture of scene i.
func (s *Scenes) Image(i int) (*Image, error) { return s.Scene(i).Image, nil }

// Scene returns scene i with its ground truth; it is drawn once and kept.
func (s *Scenes) Scene(i int) *Scene {
	s.once[i].Do(func() { s.cache[i] = drawScene(s.rng(i), s.Side) })
	return s.cache[i]
}

// part is a filled shape in the object's coordinates, x right and y down in about [-1, 1].
type part struct {
	kind  byte // e ellipse, r rectangle, t triangle, c capsule
	a     [6]float64
	shade int // 0 main colour, 1 second, 2 dark
}

func ellipse(s int, cx, cy, rx, ry float64) part { return part{'e', [6]float64{cx, cy, rx, ry}, s} }
func rect(s int, x0, y0, x1, y1 float64) part    { return part{'r', [6]float64{x0, y0, x1, y1}, s} }
func triangle(s int, x0, y0, x1, y1, x2, y2 float64) part {
	return part{'t', [6]float64{x0, y0, x1, y1, x2, y2}, s}
}
func capsule(s int, x0, y0, x1, y1, r float64) part {
	return part{'c', [6]float64{x0, y0, x1, y1, r}, s}
}

func (p *part) holds(x, y float64) bool {
	a := &p.a
	switch p.kind {
	case 'e':
		u, v := (x-a[0])/a[2], (y-a[1])/a[3]
		return u*u+v*v <= 1
	case 'r':
		return x >= a[0] && x <= a[2] && y >= a[1] && y <= a[3]
	case 't':
		side := func(i, j int) bool { return (x-a[2*j])*(a[2*i+1]-a[2*j+1])-(a[2*i]-a[2*j])*(y-a[2*j+1]) < 0 }
		b := side(0, 1)
		return b == side(1, 2) && b == side(2, 0)
	}
	dx, dy := a[2]-a[0], a[3]-a[1]
	t := math.Max(0, math.Min(1, ((x-a[0])*dx+(y-a[1])*dy)/(dx*dx+dy*dy+1e-12)))
	u, v := x-a[0]-t*dx, y-a[1]-t*dy
	return u*u+v*v <= a[4]*a[4]
}

// object returns the parts of a class, varied, and the joints of a person.
func object(class int, r *tensor.RNG) (parts []part, joints [][2]float64) {
	u := func(lo, hi float64) float64 { return lo + (hi-lo)*float64(r.Float32()) }
	switch sceneClasses[class] {
	case "tree":
		w := u(0.45, 0.7)
		parts = []part{rect(2, -0.1, 0.2, 0.1, 0.95), triangle(0, -w, 0.35, w, 0.35, 0, -0.5), triangle(0, -w*0.8, -0.1, w*0.8, -0.1, 0, u(-0.95, -0.8))}
	case "house":
		w := u(0.55, 0.75)
		parts = []part{rect(0, -w, -0.1, w, 0.85), triangle(1, -w-0.15, -0.1, w+0.15, -0.1, u(-0.2, 0.2), u(-0.9, -0.65)),
			rect(2, -0.15, 0.35, 0.15, 0.85), rect(1, -w+0.12, 0.1, -w+0.35, 0.35), rect(2, w*0.5, -0.75, w*0.5+0.15, -0.3)}
	case "person":
		step, swing, bend := u(-0.4, 0.4), u(-0.5, 0.5), u(0, 0.15)
		joints = [][2]float64{{0, -0.75}, {0, -0.5}, {0, 0.1}, {-swing, 0.05}, {swing, 0.05}, {-swing * 0.6, -0.25}, {swing * 0.6, -0.25},
			{-step*0.6 + bend, 0.5}, {step*0.6 + bend, 0.5}, {-step, 0.93}, {step, 0.93}}
		limb := func(a, b int, w float64, s int) part {
			return capsule(s, joints[a][0], joints[a][1], joints[b][0], joints[b][1], w)
		}
		parts = []part{limb(2, 7, 0.1, 2), limb(7, 9, 0.09, 2), limb(2, 8, 0.1, 2), limb(8, 10, 0.09, 2), limb(1, 5, 0.08, 1), limb(5, 3, 0.07, 1),
			capsule(0, 0, -0.4, 0, 0.05, 0.2), limb(1, 6, 0.08, 1), limb(6, 4, 0.07, 1), ellipse(1, 0, -0.75, 0.17, 0.2)}
	case "car":
		f := u(-0.15, 0.15)
		parts = []part{rect(0, -0.95, 0.0, 0.95, 0.45), capsule(0, -0.4+f, -0.15, 0.35+f, -0.15, u(0.25, 0.32)), rect(1, -0.35+f, -0.3, -0.05+f, 0), rect(1, 0.05+f, -0.3, 0.3+f, 0),
			ellipse(2, -0.55, 0.5, 0.22, 0.22), ellipse(2, 0.55, 0.5, 0.22, 0.22)}
	case "boat":
		parts = []part{triangle(0, -0.95, 0.35, 0.95, 0.35, -0.5, 0.85), triangle(0, 0.95, 0.35, 0.5, 0.85, -0.5, 0.85), rect(2, -0.05, -0.9, 0.05, 0.35),
			triangle(1, 0.1, u(-0.95, -0.75), 0.1, 0.25, u(0.55, 0.85), 0.25)}
	case "flower":
		parts = []part{capsule(2, 0, -0.2, u(-0.15, 0.15), 0.95, 0.06), ellipse(2, 0.2, 0.55, 0.22, 0.09)}
		n := 5 + r.IntN(3)
		for i := range n {
			a := 2 * math.Pi * float64(i) / float64(n)
			parts = append(parts, ellipse(0, 0.33*math.Cos(a), -0.4+0.33*math.Sin(a), 0.2, 0.2))
		}
		parts = append(parts, ellipse(1, 0, -0.4, 0.2, 0.2))
	case "mushroom":
		w := u(0.6, 0.85)
		parts = []part{rect(1, -0.18, -0.1, 0.18, 0.9), ellipse(0, 0, -0.2, w, 0.6), rect(1, -w*0.9, 0.12, w*0.9, 0.2), ellipse(1, -0.3, -0.4, 0.12, 0.1), ellipse(1, 0.25, -0.3, 0.14, 0.11)}
	case "rocket":
		w := u(0.2, 0.3)
		parts = []part{triangle(1, -0.6, 0.75, -w, 0.1, -w, 0.75), triangle(1, 0.6, 0.75, w, 0.1, w, 0.75), rect(0, -w, -0.45, w, 0.7), triangle(1, -w, -0.45, w, -0.45, 0, -0.95),
			ellipse(2, 0, -0.2, 0.13, 0.13), triangle(1, -w*0.7, 0.7, w*0.7, 0.7, 0, u(0.85, 1))}
	case "cup":
		w := u(0.4, 0.6)
		parts = []part{ellipse(0, w+0.1, 0.1, 0.3, 0.35), ellipse(3, w+0.1, 0.1, 0.17, 0.2), rect(0, -w, -0.5, w, 0.75), ellipse(0, 0, 0.75, w, 0.15), ellipse(2, 0, -0.5, w, 0.16)}
	case "bird":
		parts = []part{capsule(2, -0.1, 0.4, -0.1, 0.9, 0.05), capsule(2, 0.15, 0.4, 0.15, 0.9, 0.05), ellipse(0, 0, 0.1, 0.6, 0.42), ellipse(0, 0.5, -0.4, 0.28, 0.26),
			triangle(1, 0.72, -0.5, 0.72, -0.3, 1, -0.38), triangle(0, -0.5, 0, -0.5, 0.3, -1, u(-0.3, 0)), ellipse(2, 0.58, -0.47, 0.06, 0.06), ellipse(1, -0.1, u(-0.05, 0.2), 0.35, 0.18)}
	}
	if r.Bool(0.5) { // mirrored
		for i := range parts {
			p := &parts[i]
			switch p.kind {
			case 'e':
				p.a[0] = -p.a[0]
			case 'r':
				p.a[0], p.a[2] = -p.a[2], -p.a[0]
			case 't':
				p.a[0], p.a[2], p.a[4] = -p.a[0], -p.a[2], -p.a[4]
			case 'c':
				p.a[0], p.a[2] = -p.a[0], -p.a[2]
			}
		}
		for i := range joints {
			joints[i][0] = -joints[i][0]
		}
	}
	return parts, joints
}

func hsv(h, s, v float64) [3]float64 {
	f := func(n float64) float64 {
		k := math.Mod(n+h*6+600, 6)
		return v - v*s*math.Max(0, math.Min(math.Min(k, 4-k), 1))
	}
	return [3]float64{f(5), f(3), f(1)}
}

// drawScene draws one scene: the class first, so that Label can draw it alone.
func drawScene(r *tensor.RNG, side int) *Scene {
	s := &Scene{Class: r.IntN(len(sceneClasses)), Image: NewImage(side, side), Mask: make([]bool, side*side)}
	u := func(lo, hi float64) float64 { return lo + (hi-lo)*float64(r.Float32()) }
	// background: two waves in any direction between two colours
	c0, c1 := hsv(u(0, 1), u(0, 0.6), u(0.2, 0.9)), hsv(u(0, 1), u(0, 0.6), u(0.2, 0.9))
	type wave struct{ fx, fy, phase, amp float64 }
	waves := make([]wave, 3)
	for i := range waves {
		a, f := u(0, 2*math.Pi), u(0.5, 9)
		waves[i] = wave{f * math.Cos(a), f * math.Sin(a), u(0, 2*math.Pi), u(0.2, 1)}
	}
	hue := sceneHue[s.Class]
	if hue < 0 {
		hue = u(0, 1)
	} else {
		hue += u(-0.06, 0.06)
	}
	main := hsv(hue, u(0.5, 1), u(0.5, 1))
	second := hsv(u(0, 1), u(0.2, 0.9), u(0.5, 1))
	dark := hsv(u(0, 1), u(0.2, 0.6), u(0.1, 0.35))
	parts, joints := object(s.Class, r)
	scale, tilt := u(0.28, 0.46), u(-0.2, 0.2)
	cx, cy := u(scale, 1-scale), u(scale, 1-scale)
	sin, cos := math.Sincos(tilt)
	stretch := u(0.85, 1.15)
	// distractors: blobs of any colour, some before the object
	type blob struct {
		p     part
		c     [3]float64
		front bool
	}
	var blobs []blob
	for range 2 + r.IntN(5) {
		b := blob{c: hsv(u(0, 1), u(0, 1), u(0.2, 1)), front: r.Bool(0.25)}
		switch x, y, z := u(0, 1), u(0, 1), u(0.03, 0.09); r.IntN(3) {
		case 0:
			b.p = ellipse(0, x, y, z, z)
		case 1:
			b.p = rect(0, x-z, y-z, x+z, y+z)
		default:
			b.p = triangle(0, x-z, y+z*u(-1, 1), x+z, y+z*u(-1, 1), x, y+2*z*u(-1, 1))
		}
		blobs = append(blobs, b)
	}
	light, lx, ly, noise := u(0.75, 1.15), u(-0.25, 0.25), u(-0.25, 0.25), u(0.01, 0.06)
	const sub = 2
	at := func(x, y float64) (c [3]float64, object bool) {
		w, total := 0.0, 0.0
		for _, v := range waves {
			w += v.amp * (0.5 + 0.5*math.Sin(v.fx*x*6+v.fy*y*6+v.phase))
			total += v.amp
		}
		w /= total
		for i := range c {
			c[i] = c0[i] + (c1[i]-c0[i])*w
		}
		for i := range blobs {
			if !blobs[i].front && blobs[i].p.holds(x, y) {
				c = blobs[i].c
			}
		}
		dx, dy := (x-cx)/scale, (y-cy)/scale
		ox, oy := (dx*cos+dy*sin)/stretch, -dx*sin+dy*cos
		if ox > -1.2 && ox < 1.2 && oy > -1.2 && oy < 1.2 {
			bg := c
			for i := range parts {
				if parts[i].holds(ox, oy) {
					object = true
					switch parts[i].shade {
					case 0:
						c = main
					case 1:
						c = second
					case 2:
						c = dark
					default:
						c, object = bg, false
					}
				}
			}
		}
		for i := range blobs {
			if blobs[i].front && blobs[i].p.holds(x, y) {
				c, object = blobs[i].c, false
			}
		}
		return c, object
	}
	s.Box = [4]float32{float32(side), float32(side), 0, 0}
	for y := range side {
		for x := range side {
			var sum [3]float64
			hit := 0
			for i := range sub * sub {
				px, py := (float64(x)+(float64(i%sub)+0.5)/sub)/float64(side), (float64(y)+(float64(i/sub)+0.5)/sub)/float64(side)
				c, o := at(px, py)
				for k := range sum {
					sum[k] += c[k]
				}
				if o {
					hit++
				}
			}
			if hit*2 >= sub*sub {
				s.Mask[y*side+x] = true
				s.Box[0], s.Box[1] = min(s.Box[0], float32(x)), min(s.Box[1], float32(y))
				s.Box[2], s.Box[3] = max(s.Box[2], float32(x+1)), max(s.Box[3], float32(y+1))
			}
			l := light + lx*(float64(x)/float64(side)-0.5)*2 + ly*(float64(y)/float64(side)-0.5)*2
			for k := range sum {
				v := sum[k]/(sub*sub)*l + noise*float64(r.Normal())
				s.Image.Pix[(y*side+x)*3+k] = round8(float32(v * 255))
			}
		}
	}
	for _, j := range joints {
		x, y := j[0]*stretch, j[1]
		s.Joints = append(s.Joints, [2]float32{float32((cx + scale*(x*cos-y*sin)) * float64(side)), float32((cy + scale*(x*sin+y*cos)) * float64(side))})
	}
	return s
}
