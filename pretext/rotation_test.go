package pretext

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
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
		if turn(a, x, s, 1, d); math.Abs(float64(a[s/2*s+s/2]-x[s/2*s+s/2])) > 1e-4 {
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
