package pretext

import (
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

func tupleTask(t *testing.T, films *data.Films, task ShuffleAndLearn) *tupleMaker {
	t.Helper()
	task = task.filled()
	return &tupleMaker{task, films, newMotion(films, task.Motion)}
}

func steady(int) int { return 1 }

// TestTupleOrder: five frames rise or fall, the three that are in order lie within Max frames, the two others at least Min outside, and half of the films are
// seen backwards; in short films all shrinks, down to five frames.
func TestTupleOrder(t *testing.T) {
	for _, c := range []struct{ frames, max, min, most, least int }{
		{200, 60, 15, 60, 15}, {120, 20, 5, 20, 5}, {91, 60, 15, 60, 15}, {24, 60, 15, 15, 3}, {7, 60, 15, 4, 1}, {5, 60, 15, 2, 1}, {7, 2, 2, 2, 2}, {6, 2, 2, 2, 1},
	} {
		m := tupleTask(t, filmViews(slides{1, c.frames, steady}), ShuffleAndLearn{Max: c.max, Min: c.min, Motion: "none", Differ: -1})
		rng := tensor.NewRNG(3)
		backwards, widest := 0, 0
		const draws = 400
		for range draws {
			f, err := m.draw(0, rng)
			if err != nil {
				t.Fatal(err)
			}
			if f[frameA] > f[frameE] {
				backwards++
				for k := range tupleFrames / 2 {
					f[k], f[tupleFrames-1-k] = f[tupleFrames-1-k], f[k]
				}
			}
			widest = max(widest, f[frameD]-f[frameB])
			if f[frameA] < 0 || f[frameE] >= c.frames || f[frameB]-f[frameA] < c.least || f[frameE]-f[frameD] < c.least || f[frameD]-f[frameB] > c.most ||
				f[frameC] <= f[frameB] || f[frameC] >= f[frameD] {
				t.Fatalf("%d frames: %v, want at most %d from b to d and at least %d outside", c.frames, f, c.most, c.least)
			}
		}
		if backwards < draws*4/10 || backwards > draws*6/10 {
			t.Errorf("%d frames: %d of %d backwards", c.frames, backwards, draws)
		}
		if widest != c.most {
			t.Errorf("%d frames: b and d are never further apart than %d, want up to %d", c.frames, widest, c.most)
		}
	}
	m := tupleTask(t, filmViews(slides{1, 4, steady}), ShuffleAndLearn{})
	if _, err := m.draw(0, tensor.NewRNG(1)); err == nil || !strings.Contains(err.Error(), "slide 0 has 4 frames, too few for a clip of 5") {
		t.Errorf("a film of four frames: %v", err)
	}
}

// TestTupleDiffers: where it can be, the middle frame looks otherwise than those that are out of order.
func TestTupleDiffers(t *testing.T) {
	films := filmViews(slides{1, 60, func(t int) int { // moves now and then
		if t%20 == 10 {
			return 6
		}
		return 0
	}})
	alike := func(differ float64) int {
		m := tupleTask(t, films, ShuffleAndLearn{Max: 12, Min: 4, Motion: "none", Differ: differ})
		rng := tensor.NewRNG(4)
		n := 0
		for range 300 {
			f, err := m.draw(0, rng)
			if err != nil {
				t.Fatal(err)
			}
			ims, _ := films.Still(0, []int{f[frameA], f[frameC], f[frameE]})
			if squares(ims[0], ims[1]) == 0 || squares(ims[1], ims[2]) == 0 {
				n++
			}
		}
		return n
	}
	with, without := alike(0.01), alike(-1)
	if with*2 > without {
		t.Errorf("%d of 300 tuples look alike, %d where it is not asked", with, without)
	}
}

// TestTupleBatch: frame k of sample i is row k·N + i, and tuples have b and d outside.
func TestTupleBatch(t *testing.T) {
	films := filmViews(slides{3, 40, func(t int) int { return t % 2 }})
	m := tupleTask(t, films, ShuffleAndLearn{Max: 8, Min: 4})
	b := m.New(2)
	for row, i := range []int{2, 1} {
		if err := m.Fill(b, row, i, tensor.NewRNG(uint64(9+i))); err != nil {
			t.Fatal(err)
		}
	}
	size := 24 * 24 * 3
	want := make([]float32, size)
	for row, i := range []int{2, 1} {
		for k := range tupleFrames {
			at := k*2 + row
			films.Fill(want, i, []int{int(b.T[at])}, nil)
			for p, v := range want {
				if b.X.Data[at*size+p] != v {
					t.Fatalf("row %d is not frame %d of film %d", at, b.T[at], i)
				}
			}
		}
	}
}

// tupleStep keeps what a step tells and what its losses are.
type tupleStep struct {
	train.Step
	values map[string]float64
}

func (s tupleStep) Metric(name string, sum, count float64) { s.values[name] = sum / count }
func (s tupleStep) Minimise(name string, loss func(*autograd.Tape) *autograd.Var, _ ...string) {
	s.values[name] = float64(loss(autograd.NewTape(tensor.NewRNG(1))).Scalar())
}

// TestTupleMetrics: in order and out of order count half each, whatever their number; middle is the best of three.
func TestTupleMetrics(t *testing.T) {
	l := &shuffleAndLearn{task: ShuffleAndLearn{}.filled()}
	// rows c, c, a, a, e, e of two samples: in order is the second logit
	logits := tensor.From([]float32{0, 2, 0, -1 /* a */, 0, 1, 0, -3 /* e */, 0, -1, 0, -2}, 6, 2)
	s := tupleStep{values: map[string]float64{}}
	l.tell(s, logits, 2)
	// sample 0: c right, a wrong, e right: 0.75, and c is the best; sample 1: c wrong, a and e right: 0.5, c is the best
	if s.values["accuracy"] != (0.75+0.5)/2 || s.values["middle"] != 1 {
		t.Errorf("told %v", s.values)
	}
}

// TestTupleWeights: out of order weighs Negatives of the loss, however many tuples there are of either kind.
func TestTupleWeights(t *testing.T) {
	films := slides{4, 40, steady}
	for _, negatives := range []float64{0.25, 0.75} {
		rng := tensor.NewRNG(1)
		trunk := layers.ConvNet(rng, 3, 4, layers.TrunkOptions{})
		task, err := ShuffleAndLearn{Negatives: negatives, Hidden: -1, Embed: -1}.Learner(Setup{Trunk: trunk, Side: 24, Norm: data.HalfNorm, Plain: data.PlainView(24), RNG: rng, CacheBytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		l := task.(*shuffleAndLearn)
		fc := l.head[len(l.head)-1].Module.(*layers.Linear)
		clear(fc.W.Data)
		fc.B.Data[0], fc.B.Data[1] = 0, 1 // every tuple is in order, by one
		m, err := l.maker(data.Inputs{Clips: films}, false)
		if err != nil {
			t.Fatal(err)
		}
		b, err := draw(m, []int{0, 1, 2, 3})
		if err != nil {
			t.Fatal(err)
		}
		s := tupleStep{values: map[string]float64{}}
		l.step(s, b)
		inOrder, out := math.Log(1+math.Exp(-1)), math.Log(1+math.E)
		if want := (1-negatives)*inOrder + negatives*out; math.Abs(s.values["loss"]-want) > 1e-6 {
			t.Errorf("negatives %g: loss %g, want %g", negatives, s.values["loss"], want)
		}
	}
}
