package pretext

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// cropsLearner returns a task's learner on a trunk, of pictures of a side.
func cropsLearner(of, trunk string, side int, in data.Inputs, say func(string)) (train.Learner, error) {
	task, err := New(of)
	if err != nil {
		return nil, err
	}
	rng := tensor.NewRNG(1)
	tr, err := layers.NewTrunk(trunk, rng.Derive(1), 3)
	if err != nil {
		return nil, err
	}
	s := Setup{Trunk: tr, Side: side, Norm: data.HalfNorm, RNG: rng.Derive(2), CacheBytes: 1 << 20, Inputs: in, Say: say}
	if s.Augment, err = data.NewView("resized-crop", side); err != nil {
		return nil, err
	}
	s.Plain = data.PlainView(side)
	return task.Learner(s)
}

// TestCrops: small views are of the side that was asked for, or the next whole patches, each drawn by itself, of less of a picture; the two
// views are drawn as they are without any.
func TestCrops(t *testing.T) {
	in := data.NewScenes(6, 32, 1, data.Train).Dataset().Inputs
	batch := func(of, trunk string) *pairs {
		l, err := cropsLearner(of, trunk, 32, in, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, shared := viewsStep(t, l)
		m, err := shared.maker(in)
		if err != nil {
			t.Fatal(err)
		}
		b, err := draw(m, []int{3, 4})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, c := range []struct {
		of, trunk string
		side      int
	}{{"swav?crops=3", "convnet", 16}, {"swav?crops=3&crop=0.43", "convnet", 14}, {"dino?crops=3&crop=0.4", "vit-tiny?patch=4", 16}, {"dino?crops=3&crop=0.01&crop-area=0.4", "convnet", 1}} {
		b, none := batch(c.of, c.trunk), batch(c.of[:4], c.trunk)
		if got := b.Small.Shape; got[0] != 6 || got[1] != c.side || got[2] != c.side || got[3] != 3 {
			t.Errorf("%s on %s: small views %v, want [6 %d %d 3]", c.of, c.trunk, got, c.side, c.side)
		}
		if none.Small != nil {
			t.Error("small views where there are to be none")
		}
		for v := range b.X {
			for i, x := range b.X[v].Data {
				if x != none.X[v].Data[i] {
					t.Fatalf("%s: view %d is another with small ones beside it", c.of, v)
				}
			}
		}
		for a := range 6 {
			for z := range a {
				if sameValues(b.Small.Rows(a, a+1), b.Small.Rows(z, z+1)) && c.side > 1 {
					t.Errorf("%s: small views %d and %d are the same", c.of, a, z)
				}
			}
		}
	}
}

func sameValues(a, b *tensor.Tensor) bool {
	for i, v := range a.Data {
		if v != b.Data[i] {
			return false
		}
	}
	return true
}

// TestCropsLimits: what cannot be is one sentence that says what would fit.
func TestCropsLimits(t *testing.T) {
	in := data.NewScenes(20, 32, 1, data.Train).Dataset().Inputs
	for _, c := range [][3]string{
		{"swav?crops=2&crop=1.5", "convnet", "option crop=1.5: want a number between 0.01 and 1"},
		{"swav?crops=2&crop-area=0.3", "convnet", "from crop-area=0.3 to area=0.08 of a picture: want crop-area not above area"},
		{"dino?crops=2&crop=0.5", "alexnet", "its small views (crop=0.5 of 32 pixels): trunk alexnet takes no patch of 16 pixels"},
		{"dino?crops=2&crop=1", "vit-tiny?patch=16&stride=7", "small views of 35 pixels, the smallest that trunk"},
		{"swav?crops=-1", "convnet", "option crops=-1"},
		{"swav?prototypes=1", "convnet", "option prototypes=1"},
		{"swav?epsilon=0.01", "convnet", "option epsilon=0.01: want a number between 0.03 and"},
		{"swav?temperature=0", "convnet", "option temperature=0"},
		{"dino?teacher=0", "convnet", "option teacher=0"},
		{"dino?decay=0.9&last=0.8", "convnet", "want it not to fall"},
		{"deepcluster?clusters=1", "convnet", "one cluster of all pictures says nothing"},
		{"deepcluster?clusters=21", "convnet", "20 pictures cannot be divided into 21 clusters"},
	} {
		if _, err := cropsLearner(c[0], c[1], 32, in, nil); err == nil || !strings.Contains(err.Error(), c[2]) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s on %s: %v, want %q", c[0], c[1], err, c[2])
		}
	}
	rng := tensor.NewRNG(1)
	trunk, err := layers.NewTrunk("convnet", rng, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, zero := range []Task{SwAV{}, DINO{}, DeepCluster{}} {
		if _, err := zero.Learner(Setup{Trunk: trunk, Side: 8, RNG: rng}); err == nil || !strings.Contains(err.Error(), "has them") {
			t.Errorf("%T: %v", zero, err)
		}
	}
	said := ""
	if _, err := cropsLearner("swav", "convnet", 32, in, func(s string) { said = s }); err != nil || !strings.Contains(said, "512 prototypes are more than the 20 pictures") {
		t.Errorf("more prototypes than pictures: %v, said %q", err, said)
	}
}

// TestSinkhorn: rows sum to 1, and after many rounds columns are equal; the first rounds are the formula's, in float64; what is the same for all pictures of a
// prototype makes no difference; a single prototype that all are nearest to is dealt out to all the same.
func TestSinkhorn(t *testing.T) {
	const n, k = 12, 5
	rng := tensor.NewRNG(3)
	scores := rng.FillUniform(tensor.New(n, k), -1, 1)
	for i := range n {
		scores.Data[i*k+2] += 0.8
	}
	want := make([]float64, n*k)
	for i, v := range scores.Data {
		want[i] = math.Exp(float64(v) / 0.05)
	}
	for range 3 {
		for j := range k {
			sum := 0.0
			for i := range n {
				sum += want[i*k+j]
			}
			for i := range n {
				want[i*k+j] /= sum
			}
		}
		for i := range n {
			sum := 0.0
			for j := range k {
				sum += want[i*k+j]
			}
			for j := range k {
				want[i*k+j] /= sum
			}
		}
	}
	for i, v := range sinkhorn(scores, 0.05, 3).Data {
		if math.Abs(float64(v)-want[i]) > 1e-5 {
			t.Errorf("code %d: %g, want %g", i, v, want[i])
		}
	}
	many := sinkhorn(scores, 0.5, 100)
	for j := range k {
		sum := 0.0
		for i := range n {
			sum += float64(many.Data[i*k+j])
		}
		if math.Abs(sum-float64(n)/k) > 1e-3 {
			t.Errorf("prototype %d has %g of %d pictures", j, sum, n)
		}
	}
	alike := tensor.New(n, k) // collapsed: every picture says the same, and loudly
	for i := range n {
		alike.Data[i*k], alike.Data[i*k+1] = 1, -1
	}
	for i, v := range sinkhorn(alike, leastEpsilon, 3).Data {
		if math.Abs(float64(v)-1.0/k) > 1e-5 {
			t.Errorf("collapsed: code %d is %g", i, v)
		}
	}
}

// runCrops trains a learner on scenes for some steps and returns what its last step told.
func runCrops(t *testing.T, l train.Learner, n, batch, steps int, warn func(string)) map[string]float64 {
	t.Helper()
	var last map[string]float64
	c := train.Config{Task: "crops", Optimizer: "sgd", LR: 0.05, Momentum: 0.9, Schedule: "constant", Epochs: 100, MaxSteps: steps, BatchSize: batch, LogEvery: 1, MonitorEvery: -1, Seed: 1}
	r := &train.Run{Config: c, Learner: l, Data: data.NewScenes(n, 32, 1, data.Train).Dataset(), Warn: warn, Progress: func(p train.Progress) { last = p.Values }}
	if _, err := r.Start(context.Background(), false); err != nil {
		t.Fatal(err)
	}
	return last
}

// TestPrototypesRest: prototypes stay as they are for as many epochs as is said, and move then; a run that is over by then says so.
func TestPrototypesRest(t *testing.T) {
	for _, task := range []string{"swav?hidden=16&out=8&prototypes=6&freeze=1.5", "dino?hidden=16&neck=8&prototypes=6&freeze=1.5"} {
		for _, c := range []struct {
			steps int
			moved bool
		}{{6, false}, {7, true}} { // four updates an epoch
			l, err := cropsLearner(task, "convnet", 32, data.Inputs{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			var weight layers.Param
			for _, p := range layers.State(l) {
				if strings.HasPrefix(p.Name, "prototypes.") {
					weight = p
				}
			}
			before := weight.Value.Clone()
			warned := ""
			runCrops(t, l, 16, 4, c.steps, func(s string) { warned = s })
			most := float32(0)
			for i, v := range weight.Value.Data {
				most = max(most, max(v-before.Data[i], before.Data[i]-v))
			}
			if c.moved != (most > 1e-5) {
				t.Errorf("%s: after %d updates prototypes have moved by %g", task, c.steps, most)
			}
			if c.moved == strings.Contains(warned, "prototypes: left as it is for 1.5 epochs of 4 updates, which is all of this run of 6") {
				t.Errorf("%s: after %d updates said %q", task, c.steps, warned)
			}
		}
	}
}

// TestSwAVQueue: the queue takes part when it is full, not before.
func TestSwAVQueue(t *testing.T) {
	l, err := cropsLearner("swav?hidden=16&out=8&prototypes=6&queue=6", "convnet", 32, data.Inputs{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := l.(*swav)
	scores := tensor.NewRNG(5).FillUniform(tensor.New(4, 6), -1, 1)
	alone := sinkhorn(scores, w.task.Epsilon, w.task.Rounds)
	rows := tensor.NewRNG(6).FillUniform(tensor.New(6, 8), -1, 1)
	unitise(rows)
	copy(w.queues[0].rows.Data, rows.Rows(0, 5).Data)
	if !sameValues(w.codes(0, scores), alone) {
		t.Error("a queue that is not full takes part")
	}
	copy(w.queues[0].rows.Data, rows.Data)
	if sameValues(w.codes(0, scores), alone) || !sameValues(w.codes(1, scores), alone) {
		t.Error("a full queue does not take part, or takes part of the other view")
	}
}

// TestDINOCollapse: what a teacher says of all pictures alike, and always of one prototype, can be told apart from what it should say.
func TestDINOCollapse(t *testing.T) {
	told := map[string][]float64{}
	s := listener{nothing{}, told}
	one := tensor.New(4, 8)
	for i := range 4 {
		one.Data[i*8+3] = 1
	}
	even := tensor.New(4, 8).Fill(1.0 / 8)
	tellUse(s, [2]*tensor.Tensor{one, one})
	tellUse(s, [2]*tensor.Tensor{even, even})
	if p := told["prototypes"]; p[0] != 1 {
		t.Errorf("one prototype for all: %v in use", p)
	}
	if p := told["perplexity"]; math.Abs(p[0]-1) > 1e-9 || math.Abs(p[2]-8) > 1e-5 {
		t.Errorf("perplexities %v, want 1 and 8", p)
	}
	agree(s, one, one)
	if a := told["agreement"]; a[0] != 0 || a[1] != 1 {
		t.Errorf("collapsed: agreement %v", a)
	}
	other := one.Clone()
	other.Data[3], other.Data[5] = 0, 1
	agree(s, one, other) // of four targets, three are the most frequent one: one is left, and was not said
	agree(s, other, other)
	if a := told["agreement"]; a[2] != 0 || a[3] != 1 || a[4] != 1 || a[5] != 1 {
		t.Errorf("agreement %v", a)
	}
	d := DINO{Teacher: 0.04, First: 0.07, Warmup: 0.5}
	for k, want := range map[int]float64{0: 0.07, 25: 0.055, 50: 0.04, 99: 0.04} {
		if got := d.temperature(k, 100); math.Abs(got-want) > 1e-12 {
			t.Errorf("temperature at %d of 100: %g, want %g", k, got, want)
		}
	}
}

// nothing is a step that does nothing.
type nothing struct{ train.Step }

func (nothing) Metric(string, float64, float64)                                  {}
func (nothing) Minimise(string, func(t *autograd.Tape) *autograd.Var, ...string) {}
