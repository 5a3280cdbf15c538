package pretext

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// TestQuarterTurns: the views are exact moves of pixels, in the direction and order that the labels say.
func TestQuarterTurns(t *testing.T) {
	x := tensor.From([]float32{1, 2, 3, 4}, 1, 2, 2, 1)
	views, labels := Rotation{}.Make(x)
	want := "[1 2 3 4 2 4 1 3 4 3 2 1 3 1 4 2]" // counter-clockwise: the right column becomes the top row
	if fmt.Sprint(views.Data) != want || fmt.Sprint(labels) != "[0 1 2 3]" {
		t.Errorf("views %v labels %v, want %s", views.Data, labels, want)
	}
	big := tensor.NewRNG(1).FillNormal(tensor.New(3, 7, 7, 3), 0, 1)
	v, l := Rotation{}.Make(big)
	size := 7 * 7 * 3
	for i := range 3 { // four quarter turns are none; and the same as data.Rotate90's moves
		cur := append([]float32(nil), big.Data[i*size:(i+1)*size]...)
		for k := range 4 {
			row := k*3 + i
			if l[row] != int32(k) {
				t.Fatalf("row %d has label %d", row, l[row])
			}
			for j := range cur {
				if v.Data[row*size+j] != cur[j] {
					t.Fatalf("image %d turned %d times differs at %d", i, k, j)
				}
			}
			next := make([]float32, size)
			turn(next, cur, 7, 3, 90)
			cur = next
		}
	}
}

// TestEighths: a turn by 45 degrees twice is close to a quarter turn away from the border, on a smooth picture.
func TestEighths(t *testing.T) {
	const s = 33
	x := make([]float32, s*s)
	for i := range x {
		x[i] = float32(math.Sin(float64(i/s)/5) + math.Cos(float64(i%s)/4))
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
}

func TestOptions(t *testing.T) {
	for spec, chance := range map[string]float64{"rotation": 0.25, "rotation?set=8": 0.125, "rotation?set=0,180": 0.5, "rotation?set=90,270": 0.5} {
		task, err := New(spec)
		if err != nil || task.Chance() != chance {
			t.Errorf("%s: %v, %v", spec, task, err)
			continue
		}
		if again, err := New(task.Name()); err != nil || again.Name() != task.Name() {
			t.Errorf("%s's name %q does not make it again: %v", spec, task.Name(), err)
		}
	}
	for spec, want := range map[string]string{"jigsaw": "there is rotation", "rotation?set=3": "set=3", "rotation?angle=4": `no option "angle"`} {
		if _, err := New(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", spec, err, want)
		}
	}
	if err := autograd.Try(func() { Rotation{}.Make(tensor.New(1, 4, 6, 3)) }); err == nil {
		t.Error("an oblong image must complain")
	}
}

// TestLearns: a small net learns the rotation of 64 scenes by heart in a few seconds: the loss falls below 0.5, from 1.39.
func TestLearns(t *testing.T) {
	src := data.NewScenes(64, 16, 3, data.Train)
	l := data.NewLoader(src, data.LoaderOptions{BatchSize: 32, Norm: data.HalfNorm, Seed: 1})
	rng := tensor.NewRNG(1)
	trunk := layers.ConvNet(rng, 3, 16, layers.TrunkOptions{})
	task := Rotation{}
	net := &layers.Net{Trunk: trunk, Head: task.Head(rng, trunk, 16)}
	opt := optim.NewSGD(layers.Params(net), optim.SGDOptions{Momentum: 0.9, Nesterov: true})
	tape := autograd.NewTape(rng)
	first, last, acc := 0.0, 0.0, 0.0
	for e := range 40 {
		for b := range l.Epoch(e, 0) {
			o := task.Step(tape, net, b.X, rng)
			last, acc = float64(o.Loss.Scalar()), float64(o.Correct)/float64(o.Total)
			if first == 0 {
				first = last
			}
			opt.Step(tape.Backward(o.Loss), 0.05)
			tape.Reset()
		}
	}
	t.Logf("loss %.3f -> %.3f, accuracy %.2f", first, last, acc)
	if !(last < 0.5) || !(acc > 0.8) {
		t.Errorf("after 80 steps the loss is %.3f and the accuracy %.2f", last, acc)
	}
	for b := range l.Epoch(0, 0) {
		if p := task.Draw(net, b.X, data.HalfNorm); p.Bounds().Empty() {
			t.Error("the picture is empty")
		}
	}
}
