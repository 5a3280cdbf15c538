package pretext

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// flat is one picture of grey values, [S S].
type flat [][]uint8

func (f flat) Len() int            { return len(f) }
func (f flat) Describe(int) string { return "a picture made here" }
func (f flat) Image(i int) (*data.Image, error) {
	s := int(math.Sqrt(float64(len(f[i]))))
	im := data.NewImage(s, s)
	for p, v := range f[i] {
		im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2] = v, v, v
	}
	return im, nil
}

// plain is a norm that leaves values of 0 to 255 as they are.
var plain = data.Norm{Std: [3]float32{1.0 / 255, 1.0 / 255, 1.0 / 255}}

// views makes a batch of all the pictures and returns red alone.
func views(t *testing.T, r Rotation, f flat) (red [][]float32, labels []int32) {
	t.Helper()
	s := int(math.Sqrt(float64(len(f[0]))))
	trunk := layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{})
	l, err := r.Learner(Setup{Trunk: trunk, Side: s, Plain: data.PlainView(s), Norm: plain, RNG: tensor.NewRNG(2)})
	if err != nil {
		t.Fatal(err)
	}
	m, err := l.(*rotation).maker(data.Inputs{Images: f}, false)
	if err != nil {
		t.Fatal(err)
	}
	b := m.New(len(f))
	for i := range f {
		if err := m.Fill(b, i, i, tensor.NewRNG(3)); err != nil {
			t.Fatal(err)
		}
	}
	for row := range b.Labels {
		var v []float32
		for p := range s * s {
			v = append(v, float32(math.Round(float64(b.X.Data[(row*s*s+p)*3]))))
		}
		red = append(red, v)
	}
	return red, b.Labels
}

// TestQuarterTurns: the views are exact moves of pixels, in the direction and order that the labels say.
func TestQuarterTurns(t *testing.T) {
	red, labels := views(t, Rotation{}, flat{{1, 2, 3, 4}, {5, 6, 7, 8}})
	// counter-clockwise: the right column becomes the top row
	want := "[[1 2 3 4] [5 6 7 8] [2 4 1 3] [6 8 5 7] [4 3 2 1] [8 7 6 5] [3 1 4 2] [7 5 8 6]]"
	if fmt.Sprint(red) != want || fmt.Sprint(labels) != "[0 0 1 1 2 2 3 3]" {
		t.Errorf("views %v labels %v, want %s", red, labels, want)
	}
	if red, labels := views(t, Rotation{[]int{90, 270}}, flat{{1, 2, 3, 4}}); fmt.Sprint(red, labels) != "[[2 4 1 3] [3 1 4 2]] [0 1]" {
		t.Errorf("two angles: %v, %v", red, labels)
	}
	// four quarter turns are none, at odd and even sides, for any number of channels
	for _, s := range []int{7, 8, 33} {
		for _, c := range []int{1, 3, 4} {
			x := tensor.NewRNG(1).FillNormal(tensor.New(s, s, c), 0, 1).Data
			cur := append([]float32(nil), x...)
			for k := range 4 {
				next, direct := make([]float32, len(x)), make([]float32, len(x))
				turn(next, cur, s, c, 90)
				turn(direct, x, s, c, (90*(k+1))%360)
				for i, v := range next { // counter-clockwise: row y was column s-1-y
					if y, x0 := i/c/s, i/c%s; v != cur[(x0*s+s-1-y)*c+i%c] {
						t.Fatalf("side %d, %d channels: value %d is not one of the picture's", s, c, i)
					}
				}
				if fmt.Sprint(next) != fmt.Sprint(direct) {
					t.Fatalf("side %d, %d channels: %d quarter turns differ from a turn by %d degrees", s, c, k+1, 90*(k+1)%360)
				}
				cur = next
			}
			if fmt.Sprint(cur) != fmt.Sprint(x) {
				t.Errorf("side %d, %d channels: four quarter turns change a picture", s, c)
			}
		}
	}
}

// TestEighths: a turn by 45 degrees twice is close to a quarter turn away from the border, on a smooth picture; border pixels come
// from the mirrored picture, so that no corner is black.
func TestEighths(t *testing.T) {
	const s = 33
	x := make([]float32, s*s)
	for i := range x {
		x[i] = float32(2 + math.Sin(float64(i/s)/5) + math.Cos(float64(i%s)/4))
	}
	a, b, want := make([]float32, s*s), make([]float32, s*s), make([]float32, s*s)
	turn(a, x, s, 1, 45)
	turn(b, a, s, 1, 45)
	turn(want, x, s, 1, 90)
	for y := s/2 - 5; y <= s/2+5; y++ {
		for c := s/2 - 5; c <= s/2+5; c++ {
			if d := math.Abs(float64(b[y*s+c] - want[y*s+c])); d > 0.05 {
				t.Fatalf("at (%d, %d): %g, want %g", y, c, b[y*s+c], want[y*s+c])
			}
		}
	}
	lo, hi := x[0], x[0]
	for _, v := range x {
		lo, hi = min(lo, v), max(hi, v)
	}
	for i, v := range a {
		if v < lo || v > hi {
			t.Fatalf("pixel %d is %g, outside the picture's [%g, %g]", i, v, lo, hi)
		}
	}
	for _, d := range []int{45, 135, 225, 315} { // the middle stays where it is
		if turn(a, x, s, 1, d); !(math.Abs(float64(a[s/2*s+s/2]-x[s/2*s+s/2])) <= 1e-4) {
			t.Errorf("a turn by %d degrees moves the middle", d)
		}
	}
	turn(a, x, s, 1, 45)
	turn(b, a, s, 1, 315)
	for y := s/2 - 5; y <= s/2+5; y++ {
		if d := math.Abs(float64(b[y*s+s/2] - x[y*s+s/2])); d > 0.05 {
			t.Fatalf("there and back at row %d: %g, want %g", y, b[y*s+s/2], x[y*s+s/2])
		}
	}
}

func TestOptions(t *testing.T) {
	for of, angles := range map[string]string{"rotation": "[0 90 180 270]", "rotation?set=4": "[0 90 180 270]", "rotation?set=8": "[0 45 90 135 180 225 270 315]", "rotation?set=0,180": "[0 180]", "rotation?set=90,270": "[90 270]"} {
		task, err := New(of)
		if err != nil {
			t.Errorf("%s: %v", of, err)
			continue
		}
		r := task.(Rotation)
		if fmt.Sprint(r.degrees()) != angles {
			t.Errorf("%s turns by %v", of, r.degrees())
		}
		l, err := task.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), RNG: tensor.NewRNG(1)})
		if err != nil {
			t.Fatal(err)
		}
		if m := l.Metrics(); len(m) != 2 || m[0].Name != "loss" || m[1].Trivial != 1/float64(len(r.degrees())) {
			t.Errorf("%s: metrics %+v", of, m)
		}
	}
	for of, want := range map[string]string{"jigsaw3": "there are ", "rotation?set=3": "set=3", "rotation?angle=4": `no option "angle"`, "rotation:x": "takes no path", "rotation?%zz": "do not parse"} {
		if _, err := New(of); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", of, err, want)
		}
	}
	l, _ := Rotation{}.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), RNG: tensor.NewRNG(1)})
	if _, err := l.Feed(data.Inputs{}, true, data.LoaderOptions{BatchSize: 1}); err == nil || !strings.Contains(err.Error(), "learns from pictures; the data has nothing") {
		t.Errorf("without pictures: %v", err)
	}
	if _, err := l.Draw(data.Inputs{}, nil); err == nil {
		t.Error("a picture of nothing")
	}
}

// TestTurnAny: against a picture that is laid mirrored around itself eight times and then turned, so that nothing is left of a border.
func TestTurnAny(t *testing.T) {
	const c = 2
	for _, s := range []int{5, 8} {
		x := tensor.NewRNG(4).FillNormal(tensor.New(s, s, c), 0, 1).Data
		at := func(y, x0, k int) float64 { // of rows and columns from -s to 2·s
			fold := func(i int) int { return []int{s - 1 - (i+s)%s, (i + s) % s}[(i+s)/s%2] }
			return float64(x[(fold(y)*s+fold(x0))*c+k])
		}
		got := make([]float32, len(x))
		for _, degrees := range []int{20, 45, 135, 225, 315} {
			turn(got, x, s, c, degrees)
			a := float64(degrees) * math.Pi / 180
			for i := range s * s {
				// the place that comes to (dy, dx) from the middle, y upwards, is the one at an angle smaller by a
				dy, dx := float64(s-1)/2-float64(i/s), float64(i%s)-float64(s-1)/2
				angle, r := math.Atan2(dy, dx)-a, math.Hypot(dy, dx)
				py, px := float64(s-1)/2-r*math.Sin(angle), float64(s-1)/2+r*math.Cos(angle)
				for k := range c {
					want := 0.0
					for y := -s; y < 2*s; y++ {
						for x := -s; x < 2*s; x++ { // each pixel weighs by how near it is
							want += max(0, 1-math.Abs(py-float64(y))) * max(0, 1-math.Abs(px-float64(x))) * at(y, x, k)
						}
					}
					if !(math.Abs(float64(got[i*c+k])-want) <= 1e-5) {
						t.Fatalf("side %d, %d degrees, pixel %d, %d: %g, want %g", s, degrees, i/s, i%s, got[i*c+k], want)
					}
				}
			}
		}
	}
}

// TestRotationDraws: a row a picture, a column an angle, each framed by whether the net is right, a bar for each angle below.
func TestRotationDraws(t *testing.T) {
	const s, zoom = 20, 4
	l, err := Rotation{}.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), Side: s, Plain: data.PlainView(s), Norm: data.HalfNorm, RNG: tensor.NewRNG(2), CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	r := l.(*rotation)
	for _, p := range layers.Params(r) {
		if p.Name == "head.fc.weight" {
			tensor.Scale(p.Value, 30, p.Value) // answers that are not all alike
		}
	}
	in := data.Inputs{Images: waves{5, s}}
	got, err := l.Draw(in, []int{4, 1, 2})
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.maker(in, false)
	if err != nil {
		t.Fatal(err)
	}
	b := m.New(3)
	for row, i := range []int{4, 1, 2} {
		if err := m.Fill(b, row, i, nil); err != nil {
			t.Fatal(err)
		}
	}
	probs := autograd.Softmax(r.Forward(autograd.NewInference().Input(b.X))).Value
	want := canvas.NewSheet(4*88+8, 3*112+8)
	right := 0
	for angle := range 4 {
		for row := range 3 {
			of, x, y := angle*3+row, 8+88*angle, 8+112*row
			said := 0
			for j := range 4 {
				if probs.At(of, j) > probs.At(of, said) {
					said = j
				}
			}
			if said == angle {
				right++
			}
			want.Frame(x-3, y-3, 86, 86, said == angle)
			want.Picture(x, y, zoom, data.HalfNorm.ToImage(b.X.Rows(of, of+1).Data, s, s).Pix, s, s)
			for j := range 4 {
				want.Bar(x+20*j, y+84, 18, 16, float64(probs.At(of, j)), j == angle)
			}
		}
	}
	page := got.(canvas.Sheet)
	if page.Rect != want.Rect {
		t.Fatalf("a page of %v, want %v", page.Rect, want.Rect)
	}
	if right == 0 || right == 12 {
		t.Fatalf("%d of 12 answers are right: nothing to tell apart", right)
	}
	for i, v := range want.Pix {
		if page.Pix[i] != v {
			t.Fatalf("at (%d, %d) the page is %d, want %d", i/4%want.Rect.Dx(), i/4/want.Rect.Dx(), page.Pix[i], v)
		}
	}
	large, err := Rotation{}.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), Side: 100, Plain: data.PlainView(100), Norm: data.HalfNorm, RNG: tensor.NewRNG(2), CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if p, err := large.Draw(in, []int{0}); err != nil || p.Bounds().Dx() != 4*108+8 || p.Bounds().Dy() != 132+8 {
		t.Errorf("large pictures: %v, %v", p.Bounds(), err)
	}
	if _, err := l.Draw(data.Inputs{Images: torn{waves{5, s}}}, []int{0, 1}); err == nil {
		t.Error("a picture that cannot be read was drawn")
	}
}

// TestRotationStep: the loss is the cross-entropy of the angles and falls, and what is right is counted.
func TestRotationStep(t *testing.T) {
	const s, n = 8, 6
	l, err := Rotation{}.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 8, layers.TrunkOptions{}), Side: s, Plain: data.PlainView(s), Norm: data.HalfNorm, RNG: tensor.NewRNG(2), CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	r := l.(*rotation)
	m, err := r.maker(data.Inputs{Images: waves{n, s}}, false)
	if err != nil {
		t.Fatal(err)
	}
	b := m.New(n)
	for i := range n {
		if err := m.Fill(b, i, i, nil); err != nil {
			t.Fatal(err)
		}
	}
	opt, err := optim.New("nesterov", layers.Params(r), 0.9, 0)
	if err != nil {
		t.Fatal(err)
	}
	step := &pairStep{autograd.NewTape(tensor.NewRNG(1)), opt, map[string]float64{}}
	for _, p := range layers.Params(r) {
		switch p.Name {
		case "head.fc.weight":
			p.Value.Fill(0)
		case "head.fc.bias":
			copy(p.Value.Data, []float32{0, 0, 1, 0})
		}
	}
	r.step(step, b)
	if want := math.Log(3+math.E) - 0.25; !(math.Abs(step.values["loss"]-want) <= 1e-5) || step.values["accuracy"] != 0.25 {
		t.Errorf("always the third angle: %v, want a loss of %g and a quarter right", step.values, want)
	}
	for range 30 {
		r.step(step, b)
	}
	if step.values["loss"] > 0.3 || step.values["accuracy"] < 0.95 {
		t.Errorf("after 30 steps on %d pictures: %v", n, step.values)
	}
}

// TestTaskViews: a task sees the setup's augmented view while training, the plain one otherwise.
func TestTaskViews(t *testing.T) {
	const s = 8
	black := func(im *data.Image, _ *tensor.RNG) *data.Image { return data.NewImage(im.H, im.W) }
	for _, of := range []string{"rotation", "context-encoder?adversary=no"} {
		task, err := New(of)
		if err != nil {
			t.Fatal(err)
		}
		l, err := task.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), Side: s, Plain: data.PlainView(s), Augment: data.View{Side: s, Random: black}, Norm: plain,
			RNG: tensor.NewRNG(2), CacheBytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		in := data.Inputs{Images: waves{3, s}}
		for _, augment := range []bool{false, true} {
			var x *tensor.Tensor
			switch l := l.(type) {
			case *rotation:
				m, _ := l.maker(in, augment)
				b := m.New(1)
				m.Fill(b, 0, 1, tensor.NewRNG(1))
				x = b.X
			case *contextEncoder:
				m, _ := l.maker(in, augment)
				b := m.New(1)
				m.Fill(b, 0, 1, tensor.NewRNG(1))
				x = b.X
			}
			if lit := tensor.SumSquares(x) > 0; lit == augment {
				t.Errorf("%s, augment %v: another view", of, augment)
			}
		}
	}
}
