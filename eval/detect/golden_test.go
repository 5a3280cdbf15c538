package detect

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// lossGolden is a loss with what went in and its gradients.
type lossGolden struct {
	Y            float64
	DClass, DBox []float64
	Labels       []float64
}

// detectGolden is what testdata/detect.py makes.
type detectGolden struct {
	NMS              map[string][]int
	Encoded, Decoded []float64
	Matched0         []int
	Matched1         []int
	MatchedHalf      []int      `json:"matched_half"`
	BoxLoss          lossGolden `json:"box_loss"`
	RPNLoss          lossGolden `json:"rpn_loss"`
}

func load(t *testing.T) (g detectGolden) {
	golden.Load(t, "testdata/detect.json", &g)
	return g
}

func filled(n int, name string, scale float64) []float32 {
	x := make([]float32, n)
	golden.Fill(x, name, scale)
	return x
}

// makeBoxes is testdata/detect.py's.
func makeBoxes(n int, name string) []Box {
	v, out := filled(n*4, name, 1), make([]Box, n)
	for i := range out {
		x, y, w, h := (v[i*4]+1)*40, (v[i*4+1]+1)*40, (v[i*4+2]+1)*16+4, (v[i*4+3]+1)*16+4
		out[i] = Box{x, y, x + w, y + h}
	}
	return out
}

func near(t *testing.T, what string, got []float32, want []float64, eps float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i, w := range want {
		if !(math.Abs(float64(got[i])-w) <= eps*max(1, math.Abs(w))) {
			t.Fatalf("%s: value %d is %g, want %g", what, i, got[i], w)
		}
	}
}

func TestNMS(t *testing.T) {
	g := load(t)
	boxes, scores := makeBoxes(200, "boxes"), filled(200, "scores", 1)
	for i := 50; i < 60; i++ {
		scores[i] = scores[0]
	}
	if len(g.NMS) != 3 {
		t.Fatal(len(g.NMS), "cases")
	}
	for most, want := range g.NMS {
		v, err := strconv.ParseFloat(most, 32)
		if err != nil {
			t.Fatal(err)
		}
		if got := NMS(boxes, scores, float32(v)); !slices.Equal(got, want) {
			t.Errorf("at %s: %v, want %v", most, got, want)
		}
	}
	if got := NMS(nil, nil, 0.5); len(got) != 0 {
		t.Error(got)
	}
	kept := nmsByClass(boxes[:2], []float32{1, 2}, []int{0, 1}, 0)
	if !slices.Equal(kept, []int{1, 0}) {
		t.Errorf("boxes of two classes: %v are left", kept)
	}
}

func TestCoding(t *testing.T) {
	g := load(t)
	anchors, objects, deltas := makeBoxes(40, "anchors"), makeBoxes(40, "objects"), filled(160, "deltas", 30)
	var coded, back, again []float32
	for i, a := range anchors {
		c := roiCoding.encode(objects[i], a)
		coded = append(coded, c[:]...)
		b := roiCoding.decode(deltas[i*4:], a)
		back = append(back, b[:]...)
		b = roiCoding.decode(c[:], a)
		again = append(again, b[:]...)
	}
	near(t, "encoded", coded, g.Encoded, 2e-5)
	near(t, "decoded", back, g.Decoded, 2e-5)
	var same []float64
	for _, o := range objects {
		for _, v := range o {
			same = append(same, float64(v))
		}
	}
	near(t, "decoded again", again, same, 1e-5)
}

func TestMatch(t *testing.T) {
	g := load(t)
	anchors := makeBoxes(300, "boxes300")
	var objects []Object
	for i, b := range makeBoxes(7, "seven") {
		objects = append(objects, Object{b, i})
	}
	for what, c := range map[string]struct {
		got, want []int
	}{
		"with gaps":     {match(anchors, objects, 0.3, 0.7, false), g.Matched0},
		"with the best": {match(anchors, objects, 0.3, 0.7, true), g.Matched1},
		"at a half":     {match(anchors, objects, 0.5, 0.5, false), g.MatchedHalf},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", what, c.got, c.want)
		}
	}
	if slices.Equal(g.Matched0, g.Matched1) {
		t.Error("the cases do not tell apart")
	}
	for _, w := range match(anchors[:3], nil, 0.3, 0.7, true) {
		if w != ground {
			t.Error("without objects all is ground")
		}
	}
}

// TestTwoStageLosses: values and gradients are torchvision's.
func TestTwoStageLosses(t *testing.T) {
	g := load(t)
	tape := autograd.NewTape(nil)
	class, box := tensor.From(filled(180, "logits", 3), 30, 6), tensor.From(filled(720, "regression", 1)[:600], 30, 20)
	// torchvision has a box for the ground, the first of each row; here there is none
	all := filled(720, "regression", 1)
	var dbox []float64
	for r := range 30 {
		copy(box.Data[r*20:(r+1)*20], all[r*24+4:(r+1)*24])
		dbox = append(dbox, g.BoxLoss.DBox[r*24+4:(r+1)*24]...)
	}
	labels, targets, flat := make([]int32, 30), make([][4]float32, 30), filled(120, "targets", 1)
	for r := range labels {
		labels[r] = int32(g.BoxLoss.Labels[r])
		copy(targets[r][:], flat[r*4:])
	}
	y := boxLoss(tape.Param(class), tape.Param(box), labels, targets)
	near(t, "box loss", y.Value.Data, []float64{g.BoxLoss.Y}, 1e-6)
	d := tape.Backward(y)
	near(t, "its gradient of classes", d.Of(class).Data, g.BoxLoss.DClass, 1e-6)
	near(t, "its gradient of boxes", d.Of(box).Data, dbox, 1e-6)

	tape = autograd.NewTape(nil)
	class, box = tensor.From(filled(50, "objectness", 3), 50, 1), tensor.From(filled(200, "rpn regression", 1), 50, 4)
	flat = filled(200, "rpn targets", 1)
	var rows, held []int32
	var is, target []float32
	for i, l := range g.RPNLoss.Labels {
		if l >= 0 {
			rows, is = append(rows, int32(i)), append(is, float32(l))
		}
		if l > 0 {
			held, target = append(held, int32(i)), append(target, flat[i*4:i*4+4]...)
		}
	}
	y = rpnLoss(autograd.Gather(tape.Param(class), rows), is, tape.Param(box), held, target)
	near(t, "proposals' loss", y.Value.Data, []float64{g.RPNLoss.Y}, 1e-6)
	d = tape.Backward(y)
	near(t, "its gradient of classes", d.Of(class).Data, g.RPNLoss.DClass, 1e-6)
	near(t, "its gradient of boxes", d.Of(box).Data, g.RPNLoss.DBox, 1e-6)
}

func BenchmarkNMS(b *testing.B) {
	rng := tensor.NewRNG(1)
	boxes, scores := make([]Box, 2000), make([]float32, 2000)
	for i := range boxes {
		x, y := rng.Uniform(0, 400), rng.Uniform(0, 400)
		boxes[i], scores[i] = Box{x, y, x + 20 + rng.Uniform(0, 80), y + 20 + rng.Uniform(0, 80)}, rng.Uniform(0, 1)
	}
	for _, most := range []float32{0.5, 0.7} {
		b.Run(fmt.Sprintf("2000_at_%g", most), func(b *testing.B) {
			for range b.N {
				NMS(boxes, scores, most)
			}
		})
	}
}
