package pretext

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// exemplarGolden is what testdata/exemplar.py makes.
type exemplarGolden struct {
	Views []struct {
		Place    [3]int32
		Side     int
		Move     [4]float64
		Contrast [3]float32
		Bend     [4]float32
		X        []float64
	}
	Mean   [3]float64
	Axes   [3][3]float64
	Curves map[string]struct{ Loss, Spread []float64 }
}

// newExemplar returns the learner of a specification for some pictures.
func newExemplar(t *testing.T, of string, side int, images data.Images) *exemplar {
	t.Helper()
	task, err := New(of)
	if err != nil {
		t.Fatal(err)
	}
	l, err := task.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 8, layers.TrunkOptions{}), Side: side, Norm: data.HalfNorm, RNG: tensor.NewRNG(2),
		Inputs: data.Inputs{Images: images}, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return l.(*exemplar)
}

// TestExemplarViews: patches moved, enlarged, turned and coloured as SciPy and colorsys do it, to what float32 leaves of it.
func TestExemplarViews(t *testing.T) {
	var want exemplarGolden
	golden.Load(t, "testdata/exemplar.json", &want)
	images := drawnImages{[][2]int{{23, 17}, {0, 0}, {23, 17}}, speckled}
	im, _ := images.Image(0)
	axes, err := principalColours(images)
	if err != nil {
		t.Fatal(err)
	}
	for k := range 3 {
		dot := 0.0
		for c := range 3 {
			dot += float64(axes.axes[k][c]) * want.Axes[k][c]
		}
		if math.Abs(math.Abs(dot)-1) > 1e-6 || math.Abs(float64(axes.mean[k])-want.Mean[k]) > 1e-6 {
			t.Errorf("axis %d is %v, NumPy's %v; mean %g, NumPy's %g", k, axes.axes[k], want.Axes[k], axes.mean[k], want.Mean[k])
		}
	}
	for i, c := range want.Views {
		v := viewChange{dy: float32(c.Move[0]), dx: float32(c.Move[1]), scale: float32(c.Move[2]), angle: float32(c.Move[3] * math.Pi / 180),
			contrast: c.Contrast, power: c.Bend[0], factor: c.Bend[1], offset: c.Bend[2], turns: c.Bend[3]}
		got := make([]float32, c.Side*c.Side*3)
		v.cut(got, c.Side, im, place{c.Place[0], c.Place[1], c.Place[2]})
		v.colour(got, &axes)
		worst := 0.0
		for k, x := range got {
			worst = max(worst, math.Abs(float64(x)-c.X[k]))
		}
		if !(worst < 1e-5) {
			t.Errorf("view %d is off by %g", i, worst)
		}
	}
	corner := func(y, x int) [3]uint8 {
		if y < 4 && x < 4 {
			return [3]uint8{}
		}
		return [3]uint8{200, 100, 50}
	}
	axes, err = principalColours(drawnImages{[][2]int{{4, 4}, {8, 16}}, corner}) // black, and seven eighths coloured: each counts the same
	for c, v := range [3]float64{200, 100, 50} {
		if want := v * 7 / 16 / 255; err != nil || math.Abs(float64(axes.mean[c])-want) > 1e-6 {
			t.Errorf("the mean of two pictures is %v in channel %d, want %g: %v", axes.mean[c], c, want, err)
		}
	}
	if _, err := principalColours(drawnImages{[][2]int{{0, 0}}, speckled}); err == nil || !strings.Contains(err.Error(), "none of 1 pictures could be read") {
		t.Errorf("broken pictures: %v", err)
	}
}

// TestPrincipal: what is diagonal already is put in order; equal values give axes all the same.
func TestPrincipal(t *testing.T) {
	for _, c := range []struct{ a, want [3][3]float64 }{
		{[3][3]float64{{1, 0, 0}, {0, 3, 0}, {0, 0, 2}}, [3][3]float64{{0, 1, 0}, {0, 0, 1}, {1, 0, 0}}},
		{[3][3]float64{{2, 0, 0}, {0, 2, 0}, {0, 0, 2}}, [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
		{[3][3]float64{}, [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
		{[3][3]float64{{5, 4, 0}, {4, 5, 0}, {0, 0, 3}}, [3][3]float64{{math.Sqrt2 / 2, math.Sqrt2 / 2, 0}, {0, 0, 1}, {math.Sqrt2 / 2, -math.Sqrt2 / 2, 0}}},
	} {
		for k, axis := range principal(c.a) {
			dot := 0.0
			for i, v := range axis {
				dot += v * c.want[k][i]
			}
			if math.Abs(math.Abs(dot)-1) > 1e-12 {
				t.Errorf("axis %d of %v is %v, want %v", k, c.a, axis, c.want[k])
			}
		}
	}
}

// TestHSV: a colour comes back, at every hue and where there is none.
func TestHSV(t *testing.T) {
	for r := range 6 {
		for g := range 6 {
			for b := range 6 {
				in := [3]float32{float32(r) / 5, float32(g) / 5, float32(b) / 5}
				h, s, v := hsv(in)
				for _, turns := range []float32{-2, 0, 1} {
					for c, got := range fromHSV(h+turns, s, v) {
						if math.Abs(float64(got-in[c])) > 1e-5 {
							t.Errorf("%v comes back with %g in channel %d", in, got, c)
						}
					}
				}
			}
		}
	}
	if got := fromHSV(math.Nextafter32(0, -1), 1, 1); got[0] != 1 || got[2] != 0 {
		t.Errorf("a hue just below a turn: %v", got)
	}
}

// TestSteepPlace: a patch lies with probability in proportion to the mean square of the gradients in it.
func TestSteepPlace(t *testing.T) {
	const h, w, side = 9, 12, 4
	im := data.NewImage(h, w)
	for p := range h * w {
		y, x := p/w, p%w
		v := uint8(0)
		if x > 6 {
			v = uint8(x*y%5) * 20
		}
		im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2] = v, v, v
	}
	at := func(y, x int) float64 { return float64(im.Pix[(min(max(y, 0), h-1)*w+min(max(x, 0), w-1))*3]) }
	want, total := map[place]float64{}, 0.0
	for top := range h - side + 1 {
		for left := range w - side + 1 {
			sum := 0.0
			for p := range side * side {
				y, x := top+p/side, left+p%side
				dy, dx := at(y+1, x)-at(y-1, x), at(y, x+1)-at(y, x-1)
				sum += dy*dy + dx*dx
			}
			want[place{int32(top), int32(left), side}] = sum
			total += sum
		}
	}
	const draws = 40000
	got, rng := map[place]float64{}, tensor.NewRNG(3)
	for range draws {
		got[steepPlace(im, side, rng)]++
	}
	none := 0
	for p, sum := range want {
		q := sum / total
		if d := math.Abs(got[p]/draws - q); d > 4.5*math.Sqrt(q*(1-q)/draws) {
			t.Errorf("%v is drawn %g times, want %g", p, got[p], q*draws)
		}
		if sum == 0 {
			none++
		}
		delete(got, p)
	}
	if len(got) > 0 || none == 0 {
		t.Errorf("places out of the picture: %v; %d without a gradient", got, none)
	}
	flat, seen := data.NewImage(5, 6), map[place]int{}
	for range 2000 {
		seen[steepPlace(flat, 4, rng)]++
	}
	if len(seen) != 6 {
		t.Errorf("in a flat picture patches lie at %v", seen)
	}
	if p := steepPlace(im, 9, rng); p.Top != 0 || p.Left+9 > w {
		t.Errorf("a patch as high as the picture lies at %v", p)
	}
	large, far := data.NewImage(400, 300), 0
	for p := range 400 * 300 {
		large.Pix[3*p] = uint8(p % 251)
	}
	for range 200 {
		p := steepPlace(large, 50, rng)
		if p.Top < 0 || p.Left < 0 || p.Top+50 > 400 || p.Left+50 > 300 {
			t.Fatalf("a patch lies at %v", p)
		}
		if p.Top > 300 && p.Left > 200 {
			far++
		}
	}
	if far == 0 {
		t.Error("no patch lies in the far corner of a large picture")
	}
}

// TestViewChanges: everything is drawn within its range, up to its ends, factors as often above 1 as below.
func TestViewChanges(t *testing.T) {
	task, err := New("exemplar")
	if err != nil {
		t.Fatal(err)
	}
	c := task.(Exemplar).Changes
	if want := (ViewChanges{0.2, 1.4, 20, 2, 4, 1.4, 0.1, 0.1}); c != want {
		t.Fatalf("ranges %+v, want the paper's %+v", c, want)
	}
	rng := tensor.NewRNG(1)
	names := []string{"dy", "dx", "scale", "angle", "contrast 1", "contrast 2", "contrast 3", "power", "factor", "offset", "turns"}
	highs := []float64{0.2, 0.2, 1.4, 20 * math.Pi / 180, 2, 2, 2, 4, 1.4, 0.1, 0.1}
	factor := []bool{false, false, true, false, true, true, true, true, true, false, false}
	values := make([][]float64, len(names))
	for range 4000 {
		v := c.draw(rng)
		for k, x := range []float32{v.dy, v.dx, v.scale, v.angle, v.contrast[0], v.contrast[1], v.contrast[2], v.power, v.factor, v.offset, v.turns} {
			values[k] = append(values[k], float64(x))
		}
	}
	for k, xs := range values {
		slices.Sort(xs)
		low, middle := -highs[k], 0.0
		if factor[k] {
			low, middle = 1/highs[k], 1
		}
		span := highs[k] - low
		if xs[0] < low-1e-6 || xs[0] > low+span/50 || xs[3999] > highs[k]+1e-6 || xs[3999] < highs[k]-span/50 || math.Abs(xs[2000]-middle) > span/20 {
			t.Errorf("%s from %g to %g, half of them below %g; want %g to %g, %g", names[k], xs[0], xs[3999], xs[2000], low, highs[k], middle)
		}
	}
	for _, pair := range [][2]int{{0, 1}, {4, 5}, {5, 6}} {
		if values[pair[0]][7] == values[pair[1]][7] {
			t.Errorf("%s and %s are the same", names[pair[0]], names[pair[1]])
		}
	}
	if still := (ViewChanges{Scale: 1, Contrast: 1, Power: 1, Factor: 1}).draw(rng); still != unchanged {
		t.Errorf("no ranges: %+v", still)
	}
}

// shades are pictures of one grey each, i, but for their lower right quarter, which is chequered.
type shades struct{ n int }

func (s shades) Len() int              { return s.n }
func (s shades) Describe(i int) string { return fmt.Sprint("shade ", i) }
func (s shades) Image(i int) (*data.Image, error) {
	im := data.NewImage(40, 40)
	for p := range im.Pix {
		im.Pix[p] = uint8(10 * i)
		if y, x := p/3/40, p/3%40; y >= 20 && x >= 20 && (y+x)%2 == 0 {
			im.Pix[p]++
		}
	}
	return im, nil
}

// TestExemplarBatch: the views of a class are of its picture and its place, which stay; the classes are all pictures, some of them, or
// several of each; what is not trained on has no class, and is of its own picture.
func TestExemplarBatch(t *testing.T) {
	const still = "&translation=0&scale=1&rotation=0&contrast=1&power=1&factor=1&offset=0&hue=0"
	for _, c := range []struct {
		of      string
		classes int
		trains  bool
	}{{"exemplar?views=2", 9, true}, {"exemplar?views=3&classes=4", 4, true}, {"exemplar?views=2&classes=21", 21, true}, {"exemplar?views=2&classes=4", 9, false},
		{"exemplar?loss=triplet&views=2", 9, true}} {
		l := newExemplar(t, c.of+still, 20, shades{9})
		m, err := l.maker(data.Inputs{Images: shades{9}}, c.trains)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.places) != c.classes {
			t.Fatalf("%s: %d classes, want %d", c.of, len(m.places), c.classes)
		}
		n := c.classes
		b, again := m.New(n), m.New(n)
		if (b.Labels != nil) != (c.trains && l.head != nil) {
			t.Errorf("%s: labels %v", c.of, b.Labels)
		}
		shown := map[int]int{}
		for i := range n {
			if err := m.Fill(b, i, i, tensor.NewRNG(uint64(i))); err != nil {
				t.Fatal(err)
			}
			if err := m.Fill(again, i, i, tensor.NewRNG(uint64(i+100))); err != nil {
				t.Fatal(err)
			}
			picture := 0
			for v := range l.task.Views {
				x := b.X.Rows(v*n+i, v*n+i+1).Data
				mean := 0.0
				for _, p := range x {
					mean += (float64(p)*0.25 + 0.5) * 25.5 / float64(len(x))
				}
				picture = int(mean)
				if want := m.picture(i); picture != want {
					t.Errorf("%s: view %d of class %d is of picture %d, want %d", c.of, v, i, picture, want)
				}
				if b.Labels != nil && b.Labels[v*n+i] != int32(i) {
					t.Errorf("%s: view %d of class %d has label %d", c.of, v, i, b.Labels[v*n+i])
				}
			}
			shown[picture]++
			at := b.Patches[i]
			if at != again.Patches[i] || at.Side < 20 || at.Side > 36 || at.Top+at.Side > 40 || at.Left+at.Side > 40 || at.Top+at.Side <= 20 {
				t.Errorf("%s: patch %d lies at %v, then at %v", c.of, i, at, again.Patches[i])
			}
		}
		if want := min(9, c.classes); len(shown) != want {
			t.Errorf("%s: the classes are of pictures %v, want %d", c.of, shown, want)
		}
		if c.classes == 21 && b.Patches[0] == b.Patches[9] && b.Patches[1] == b.Patches[10] {
			t.Errorf("%s: two classes of a picture are one patch", c.of)
		}
	}
}

// TestExemplarKept: without a number every view is new; with one there are so many of a class, in training.
func TestExemplarKept(t *testing.T) {
	images := waves{3, 40}
	for _, c := range []struct {
		of     string
		trains bool
		want   int
	}{{"exemplar", true, 120}, {"exemplar?kept=5", true, 5}, {"exemplar?kept=5", false, 120}} {
		l := newExemplar(t, c.of, 8, images)
		m, err := l.maker(data.Inputs{Images: images}, c.trains)
		if err != nil {
			t.Fatal(err)
		}
		views := [2]map[string]bool{{}, {}}
		b, rng := m.New(2), tensor.NewRNG(1)
		for range 60 {
			for row := range 2 {
				if err := m.Fill(b, row, row+1, rng); err != nil {
					t.Fatal(err)
				}
				for v := range 2 {
					views[row][fmt.Sprint(b.X.Rows(v*2+row, v*2+row+1).Data)] = true
				}
			}
		}
		for row, seen := range views {
			if len(seen) != c.want {
				t.Errorf("%s: %d views of class %d, want %d", c.of, len(seen), row+1, c.want)
			}
			for v := range seen {
				if views[1-row][v] {
					t.Errorf("%s: two classes have the same view", c.of)
				}
			}
		}
	}
}

// TestSemiHard: against all distances, tried one by one.
func TestSemiHard(t *testing.T) {
	furthest := 0
	for _, c := range []struct{ n, views, dim int }{{1, 2, 4}, {2, 2, 3}, {2, 6, 2}, {5, 2, 6}, {4, 3, 2}, {3, 8, 5}} {
		rows := c.n * c.views
		unit := autograd.L2Normalize(autograd.Const(tensor.NewRNG(7).FillNormal(tensor.New(rows, c.dim), 0, 1))).Value
		d := func(i, j int) (sum float64) {
			for k := range c.dim {
				e := float64(unit.At(i, k)) - float64(unit.At(j, k))
				sum += e * e
			}
			return sum
		}
		a, p, other := semiHard(unit, c.n)
		if want := rows * (c.views - 1); c.n > 1 && len(a) != want || c.n == 1 && len(a) != 0 {
			t.Fatalf("%+v: %d pairs", c, len(a))
		}
		pairs := map[[2]int32]bool{}
		for k := range a {
			i, j := int(a[k]), int(p[k])
			if i == j || i%c.n != j%c.n || pairs[[2]int32{a[k], p[k]}] {
				t.Fatalf("%+v: a pair of %d and %d", c, i, j)
			}
			pairs[[2]int32{a[k], p[k]}] = true
			want, far := -1, -1
			for o := range rows {
				if o%c.n == i%c.n {
					continue
				}
				if d(i, o) > d(i, j) && (want < 0 || d(i, o) < d(i, want)) {
					want = o
				}
				if far < 0 || d(i, o) > d(i, far) {
					far = o
				}
			}
			if want < 0 {
				want = far
				furthest++
			}
			if int(other[k]) != want {
				t.Errorf("%+v: %d and %d are told from %d, want %d", c, i, j, other[k], want)
			}
		}
	}
	if furthest == 0 {
		t.Error("in no case were all others nearer")
	}
}

// TestExemplarPyTorch: from the same weights and views the losses fall as PyTorch's do; testdata/exemplar.py. That is within four times what
// float32 and a change of 1e-7 in the first weights make there.
func TestExemplarPyTorch(t *testing.T) {
	var want exemplarGolden
	golden.Load(t, "testdata/exemplar.json", &want)
	for loss, of := range map[string]string{"softmax": "exemplar?hidden=24&classes=11", "triplet": "exemplar?loss=triplet&hidden=24&views=3"} {
		l := newExemplar(t, of, 10, waves{11, 16})
		goldenWeights(l)
		m, err := l.maker(data.Inputs{Images: waves{11, 16}}, true)
		if err != nil {
			t.Fatal(err)
		}
		b := m.New(4)
		opt, err := optim.New("nesterov", layers.Params(l), 0.9, 0)
		if err != nil {
			t.Fatal(err)
		}
		s := &pairStep{autograd.NewTape(tensor.NewRNG(1)), opt, map[string]float64{}}
		most := 0.0
		for k, v := range want.Curves[loss].Loss {
			golden.Fill(b.X.Data, fmt.Sprint("views", k%4), 1.7)
			for i := range b.Labels {
				b.Labels[i] = int32((k%4*5 + i%4*3) % 11)
			}
			l.step(s, b)
			most = max(most, want.Curves[loss].Spread[k])
			if d := math.Abs(s.values["loss"] - v); !(d <= 4*most) {
				t.Errorf("%s, step %d: loss %.9f, PyTorch's %.9f, off by %.2g where %.2g is rounding", loss, k, s.values["loss"], v, d, most)
			}
		}
		for _, m := range l.Metrics() {
			if _, told := s.values[m.Name]; !told {
				t.Errorf("%s: %s is not told", loss, m.Name)
			}
		}
	}
}

// sums is a step that adds up what is told, and keeps the losses.
type sums struct {
	pairStep
	told   map[string][2]float64
	losses map[string]float64
}

func (s *sums) Metric(name string, sum, count float64) {
	v := s.told[name]
	s.told[name] = [2]float64{v[0] + sum, v[1] + count}
}

func (s *sums) Minimise(name string, loss func(*autograd.Tape) *autograd.Var, _ ...string) {
	s.losses[name] = float64(loss(autograd.NewInference()).Scalar())
}

// TestExemplarMatch: what is told of a batch without classes, against the cosines of what the net sees, one by one.
func TestExemplarMatch(t *testing.T) {
	images := waves{7, 24}
	l := newExemplar(t, "exemplar?views=3&hidden=6", 10, images)
	m, err := l.maker(data.Inputs{Images: images}, false)
	if err != nil {
		t.Fatal(err)
	}
	const n = 7
	b := m.New(n)
	for i := range n {
		if err := m.Fill(b, i, i, tensor.NewRNG(uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
	s := &sums{told: map[string][2]float64{}, losses: map[string]float64{}}
	l.step(s, b)
	z := l.see(autograd.NewInference().Input(b.X)).Value
	cosine := func(i, j int) float64 {
		var ab, aa, bb float64
		for k := range z.Dim(1) {
			x, y := float64(z.At(i, k)), float64(z.At(j, k))
			ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
		}
		return ab / math.Sqrt(aa*bb)
	}
	right, byColour, loss := 0.0, 0.0, 0.0
	for view := range 2 {
		for i := range n {
			sum, best, own := 0.0, true, cosine(view*n+i, (1-view)*n+i)
			near := true
			colour := func(v, i int) (out [3]float64) {
				x := b.X.Rows(v*n+i, v*n+i+1).Data
				for k, p := range x {
					out[k%3] += float64(p) / float64(len(x)/3)
				}
				return out
			}
			apart := func(j int) (d float64) {
				p, q := colour(view, i), colour(1-view, j)
				for c := range p {
					d += (p[c] - q[c]) * (p[c] - q[c])
				}
				return d
			}
			for j := range n {
				c := cosine(view*n+i, (1-view)*n+j)
				sum += math.Exp(10 * c)
				best = best && (j == i || c < own)
				near = near && (j == i || apart(j) > apart(i))
			}
			loss -= (10*own - math.Log(sum)) / (2 * n)
			if best {
				right++
			}
			if near {
				byColour++
			}
		}
	}
	if s.told["match"] != [2]float64{right, 2 * n} || s.told["chance"] != [2]float64{2, 2 * n} || s.told["match_by_colour"] != [2]float64{byColour, 2 * n} ||
		right == 2*n {
		t.Errorf("told %v, want %g matches of %d, %g by colour", s.told, right, 2*n, byColour)
	}
	if got, ok := s.losses["loss_match"]; len(s.losses) != 1 || !ok || math.Abs(got-loss) > 1e-4 {
		t.Errorf("losses %v, want loss_match %g", s.losses, loss)
	}
	only := map[string]bool{}
	for _, m := range l.Metrics() {
		only[m.Name] = m.OnlyTrained
	}
	if fmt.Sprint(only) != "map[accuracy:true chance:false loss:true loss_match:false match:false match_by_colour:false]" {
		t.Errorf("told of training samples alone: %v", only)
	}
}

func TestExemplarOptions(t *testing.T) {
	got, err := New("exemplar?loss=softmax&classes=30&views=4&kept=150&hidden=0&dropout=0.5&least=0.3&most=0.4" +
		"&translation=0.1&scale=1.2&rotation=10&contrast=1&power=2&factor=1.1&offset=0&hue=0.2")
	want := Exemplar{"softmax", 30, 4, 150, 0, 0.5, 0.5, 0.3, 0.4, ViewChanges{0.1, 1.2, 10, 1, 2, 1.1, 0, 0.2}}
	if err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	for of, want := range map[string]string{"exemplar?loss=hinge": "softmax or triplet", "exemplar?views=1": "views",
		"exemplar?least=0.6&most=0.5": "want least not above most", "exemplar?loss=triplet&dropout=0.5": "stands before the classes", "exemplar?margin=0.2": "margin is of loss=triplet", "exemplar?scale=0.5": "scale", "exemplar?hue=0.6": "hue"} {
		if _, err := New(of); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", of, err, want)
		}
	}
	images := data.Inputs{Images: waves{5, 20}}
	trunk, err := layers.NewTrunk("alexnet", tensor.NewRNG(1), 3)
	if err != nil {
		t.Fatal(err)
	}
	small := layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{})
	task, _ := New("exemplar")
	for want, s := range map[string]Setup{"learns from pictures": {Trunk: small, Side: 16},
		"takes no patch of 16 pixels": {Trunk: trunk, Side: 16, Inputs: images},
		"none of 1 pictures":          {Trunk: small, Side: 16, Inputs: data.Inputs{Images: drawnImages{[][2]int{{0, 0}}, speckled}}}} {
		s.RNG = tensor.NewRNG(1)
		if _, err := task.Learner(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	_, err = (Exemplar{}).Learner(Setup{Trunk: small, Side: 16, Inputs: images, RNG: tensor.NewRNG(1)})
	if err == nil || !strings.Contains(err.Error(), `pretext.New("exemplar")`) {
		t.Errorf("the zero value: %v", err)
	}
	l := newExemplar(t, "exemplar", 16, waves{5, 20})
	_, err = l.Feed(data.Inputs{Images: waves{6, 20}}, true, data.LoaderOptions{BatchSize: 2})
	if err == nil || !strings.Contains(err.Error(), "patches of 5 pictures; these are 6") {
		t.Errorf("other pictures to train on: %v", err)
	}
	if _, err := l.Feed(images, true, data.LoaderOptions{BatchSize: 1}); err == nil || !strings.Contains(err.Error(), "batches of 2") {
		t.Errorf("a batch of one: %v", err)
	}
	if f, err := l.Feed(data.Inputs{Images: waves{6, 20}}, false, data.LoaderOptions{BatchSize: 1, KeepLast: true}); err != nil || f.Total != 6 {
		t.Errorf("other pictures to look at: %v", err)
	}
	if n := newExemplar(t, "exemplar?hidden=3&power=1&contrast=1", 8, shades{mostClasses + 5}).head[0].Module.(*layers.Linear).W.Dim(1); n != mostClasses {
		t.Errorf("%d classes, want %d", n, mostClasses)
	}
	if n := newExemplar(t, "exemplar?loss=triplet&contrast=1", 8, shades{mostClasses + 5}).task.Classes; n != mostClasses+5 {
		t.Errorf("%d patches for triplets, want %d", n, mostClasses+5)
	}
}

// TestExemplarDraw: the second view's frame is green where no other patch's is as near; the nearest of the others follow.
func TestExemplarDraw(t *testing.T) {
	const side, label = 112, canvas.TextHeight + 4
	images := data.NewScenes(40, 32, 1, data.Test)
	l := newExemplar(t, "exemplar?power=1.2&contrast=1.1&factor=1&offset=0.05&hue=0.02&rotation=5&translation=0.1&scale=1.1", 16, images)
	index := []int{3, 30, 7, 21, 12, 0}
	got, err := l.Draw(data.Inputs{Images: images}, index)
	if err != nil {
		t.Fatal(err)
	}
	m, err := l.maker(data.Inputs{Images: images}, false)
	if err != nil {
		t.Fatal(err)
	}
	b, err := gallery(m, index, len(m.places))
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Patches) != 40 {
		t.Fatalf("%d patches", len(b.Patches))
	}
	unit := autograd.L2Normalize(l.see(autograd.NewInference().Input(b.X))).Value
	g := canvas.Grid{Cols: 6, CellW: side, CellH: side + 14 + label, Gap: 10, Head: label}
	right := 0
	for row := range index {
		first, own := true, 0.0
		dot := func(j int) (sum float64) {
			for k := range unit.Dim(1) {
				sum += float64(unit.At(row, k)) * float64(unit.At(40+j, k))
			}
			return sum
		}
		own = dot(row)
		for j := range 40 {
			first = first && (j == row || dot(j) < own)
		}
		want := canvas.NewSheet(9, 9)
		want.Frame(0, 0, 9, 9, first)
		x, y := g.At(row*6 + 2)
		if got.At(x-2, y+label-2) != want.At(1, 1) {
			t.Errorf("row %d: the frame is %v, want %v", row, got.At(x-2, y+label-2), want.At(1, 1))
		}
		if first {
			right++
		}
	}
	if right == 0 || right == len(index) {
		t.Errorf("%d of %d are found", right, len(index))
	}
	if _, err := l.Draw(data.Inputs{Images: drawnImages{[][2]int{{0, 0}}, speckled}}, []int{0}); err == nil {
		t.Error("a broken picture is drawn")
	}
	some := drawnImages{[][2]int{{20, 20}, {0, 0}, {30, 20}}, speckled}
	if _, err := l.Draw(data.Inputs{Images: some}, []int{2}); err != nil {
		t.Errorf("beside a broken picture: %v", err)
	}
}

// BenchmarkExemplarView: a view of 32 pixels of a picture of 64, and of 224 of one of 448.
func BenchmarkExemplarView(b *testing.B) {
	for _, side := range []int{32, 224} {
		b.Run(fmt.Sprint(side), func(b *testing.B) {
			images := waves{2, 2 * side}
			task, err := New("exemplar")
			if err != nil {
				b.Fatal(err)
			}
			l, err := task.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 1, layers.TrunkOptions{}), Side: side, Norm: data.HalfNorm, RNG: tensor.NewRNG(2),
				Inputs: data.Inputs{Images: images}, CacheBytes: 1 << 24})
			if err != nil {
				b.Fatal(err)
			}
			m, err := l.(*exemplar).maker(data.Inputs{Images: images}, true)
			if err != nil {
				b.Fatal(err)
			}
			batch, rng := m.New(1), tensor.NewRNG(1)
			b.ResetTimer()
			for range b.N {
				if err := m.Fill(batch, 0, 0, rng); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(2*b.N), "µs/view")
		})
	}
}
