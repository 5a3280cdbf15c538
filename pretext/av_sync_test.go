package pretext

import (
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// reference are values of PyTorch, by their names: each within four times what float32 and a change of 1e-7 in the weights make there, and half of the ninth digit that is written.
type reference map[string]struct {
	Want   []float64
	Spread float64
}

// near compares values with those of a name, and crosses it off.
func (r reference) near(t *testing.T, name string, got []float32) {
	t.Helper()
	w := r[name]
	delete(r, name)
	if len(got) != len(w.Want) || len(got) == 0 {
		t.Fatalf("%s has %d values, want %d", name, len(got), len(w.Want))
	}
	for i, v := range w.Want {
		if d := math.Abs(float64(got[i]) - v); !(d <= 4*w.Spread+1e-8*math.Abs(v)) {
			t.Errorf("%s[%d] is %.9g, PyTorch's %.9g, off by %.2g where %.2g is rounding", name, i, got[i], v, d, w.Spread)
			return
		}
	}
}

// all compares a step's loss and all gradients, and says what else PyTorch has.
func (r reference) all(t *testing.T, loss float64, grads *autograd.Gradients, l train.Learner) {
	t.Helper()
	r.near(t, "loss", []float32{float32(loss)})
	for _, p := range layers.Params(l) {
		r.near(t, p.Name, grads.Of(p.Value).Data)
	}
	for name := range r {
		t.Errorf("PyTorch's %s was not looked at", name)
	}
}

// goldenEars gives a learner's setup trunks that see with 2 channels and hear with 3.
func goldenEars(t *testing.T) (s Setup, ear *layers.Trunk) {
	s = audioSetup(t, halfSecond)
	s.Trunk = layers.ConvNet(tensor.NewRNG(1), 3, 2, layers.TrunkOptions{})
	return s, layers.ConvNet(tensor.NewRNG(1), 1, 3, layers.TrunkOptions{})
}

// smallSync returns a learner on trunks of few channels.
func smallSync(t *testing.T, task AVSync, s Setup, ear *layers.Trunk) *avSync {
	t.Helper()
	task.Ear = "convnet"
	made, err := task.Learner(s)
	if err != nil {
		t.Fatal(err)
	}
	l := made.(*avSync)
	l.ear = ear
	l.hear = append(l.hear[:2:2], twoLayers(s.RNG, l.task.Moments*ear.Channels(), l.task.Embed)...)
	return l
}

func smallEar() *layers.Trunk {
	return layers.ConvNet(tensor.NewRNG(3), 1, 4, layers.TrunkOptions{})
}

// TestAVSyncPyTorch: from the same weights, clips and spectrograms distances, loss and every gradient are PyTorch's; testdata/av_pairs.py.
func TestAVSyncPyTorch(t *testing.T) {
	var all map[string]reference
	golden.Load(t, "testdata/av_sync.json", &all)
	for _, loss := range syncLosses {
		s, ear := goldenEars(t)
		l := smallSync(t, AVSync{Loss: loss, Margin: 1.5, Easy: 0.25, Frames: 3, Moments: 2, Pool: 2, Embed: 5}, s, ear)
		goldenWeights(l)
		b := &synced{tensor.New(12, 20, 20, 3), tensor.New(8, 14, 10, 1), make([]float32, 8)}
		golden.Fill(b.X.Data, "frames", 1.7)
		golden.Fill(b.Y.Data, "sounds", 1.7)
		step := &syncStep{tracedStep: newTracedStep(), of: 1}
		l.step(step, b)
		tape := autograd.NewTape(tensor.NewRNG(1))
		own, shifted, another := l.compared(l.Pictures(tape.Input(b.X)), l.Sounds(tape.Input(b.Y)))
		all[loss].near(t, "distances", slices.Concat(own.Value.Data, shifted.Value.Data, another.Value.Data))
		all[loss].all(t, step.values["loss"], step.grads, l)
	}
}

// syncStep is a step at an update of so many.
type syncStep struct {
	*tracedStep
	at, of int
}

func (s *syncStep) At() (update, of int) { return s.at, s.of }

// TestAVSyncApart: every two windows that begin with frames, end with the sound and are far enough apart are drawn, equally often either way round; of a film that is too short
// a sentence says so.
func TestAVSyncApart(t *testing.T) {
	l := smallSync(t, AVSync{Shift: 0.4, Frames: 2, Embed: 4}, audioSetup(t, halfSecond), smallEar())
	late := rolled(10, 2)
	late.values = 4 * 1300
	uneven := murmurs{times: []float64{0, 0.1, 0.9, 1.0, 1.45, 2.3}, rate: 4000, values: 4 * 2400}
	for name, s := range map[string]murmurs{"10 a second": rolled(10, 1.5), "just two": rolled(10, 0.9), "2 a second": rolled(2, 4), "sound ends early": late, "uneven": uneven} {
		want := map[[2]int]bool{}
		lasts := float64(s.values) / s.rate
		for a, x := range s.times {
			for b, y := range s.times {
				if x+0.5 <= lasts+1e-9 && y+0.5 <= lasts+1e-9 && math.Abs(x-y) >= 0.4-1e-9 {
					want[[2]int{a, b}] = true
				}
			}
		}
		for _, augment := range []bool{true, false} {
			m, err := l.maker(s.inputs(), augment)
			if err != nil {
				t.Fatal(err)
			}
			rng, got := tensor.NewRNG(1), map[[2]int]int{}
			const each = 400
			for range each * len(want) {
				own, other, err := m.apart(0, s.times, rng)
				if err != nil {
					t.Fatal(err)
				}
				got[[2]int{own, other}]++
			}
			for pair, n := range got {
				if !want[pair] || math.Abs(float64(n-each)) > 6*math.Sqrt(each) {
					t.Errorf("%s: frames %v were drawn %d times, want %d", name, pair, n, each)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%s: %d pairs were drawn, there are %d", name, len(got), len(want))
			}
		}
	}
	m, err := l.maker(rolled(10, 0.8).inputs(), true)
	if err != nil {
		t.Fatal(err)
	}
	want := "murmur 0 has 0.8 s of sound and 8 frames: no two windows of 0.5 s that begin with frames lie 0.4 s apart; shorter windows (--sound) or a smaller option shift may fit"
	if _, _, err := m.apart(0, rolled(10, 0.8).times, tensor.NewRNG(1)); err == nil || err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
}

// TestAVSyncBatch: a row has frames of the film in order, from where the window in time begins to where it ends, and the spectrograms of both windows.
func TestAVSyncBatch(t *testing.T) {
	s := rolled(10, 3)
	l := smallSync(t, AVSync{Frames: 3, Embed: 4}, audioSetup(t, halfSecond), smallEar())
	m, err := l.maker(s.inputs(), false)
	if err != nil {
		t.Fatal(err)
	}
	b := m.New(4)
	if got := fmt.Sprint(b.X.Shape, b.Y.Shape); got != "[12 16 16 3] [8 30 16 1]" {
		t.Fatalf("shapes %s", got)
	}
	for row := range 4 {
		i := (row + 2) % 5
		if err := m.Fill(b, row, i, tensor.NewRNG(uint64(row))); err != nil {
			t.Fatal(err)
		}
		first := float32(math.Round(float64(b.From[2*row]) * 10))
		for k := range 3 { // five frames: the first, the middle and the last
			if x := rounded(b.X.Rows(3*row+k, 3*row+k+1).Data); x[0] != first+float32(2*k) || x[1] != float32(i) {
				t.Errorf("row %d, frame %d is %g of film %g, want %g of %d", row, k, x[0], x[1], first+float32(2*k), i)
			}
		}
		if d := math.Abs(float64(b.From[2*row] - b.From[2*row+1])); d < 0.5-1e-6 {
			t.Errorf("row %d: windows from %g and %g on", row, b.From[2*row], b.From[2*row+1])
		}
		for k := 2 * row; k < 2*row+2; k++ {
			want := make([]float32, 30*16)
			if err := m.sounds.Fill(want, i, math.Round(float64(b.From[k])*10)/10); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(b.Y.Rows(k, k+1).Data, want) {
				t.Errorf("row %d has another window than that from %g on", k, b.From[k])
			}
		}
	}
}

// TestAVSyncTells: equal distances are half right; the threshold is half of the margin, or where the logit is 0; at first all negatives are of other films where that is asked
// for; a film alone is compared with its own other window.
func TestAVSyncTells(t *testing.T) {
	l := smallSync(t, AVSync{Margin: 1, Frames: 2, Embed: 4, Easy: 0.25, Curriculum: 0.5}, audioSetup(t, halfSecond), smallEar())
	step := newTracedStep()
	l.tell(step, []float32{0.1, 0.6, 0.4, 0.5}, []float32{0.2, 0.6, 0.3, 0.7}, autograd.Const(tensor.From([]float32{1, 0, 1, 0}, 4, 1)))
	if got := fmt.Sprint(step.values); got != "map[accuracy:0.5 in_time:0.625 of_film:0.5]" {
		t.Errorf("told %s", got)
	}
	for at, want := range map[int]float64{0: 1, 4: 1, 5: 0.25, 9: 0.25} {
		if got := l.easy(at, 10); got != want {
			t.Errorf("update %d of 10: %g of the negatives are of other films, want %g", at, got, want)
		}
	}
	m, err := l.maker(rolled(10, 3).inputs(), false)
	if err != nil {
		t.Fatal(err)
	}
	b, err := draw(m, []int{1})
	if err != nil {
		t.Fatal(err)
	}
	one := &syncStep{tracedStep: &tracedStep{tape: autograd.NewInference(), still: true, values: map[string]float64{}}, of: 10}
	l.step(one, b)
	own, shifted, another := l.compared(l.Pictures(autograd.NewInference().Input(b.X)), l.Sounds(autograd.NewInference().Input(b.Y)))
	d, e := float64(own.Value.Data[0]), max(0, 1-float64(shifted.Value.Data[0]))
	if want := (d*d + e*e) / 2; another != nil || math.Abs(one.values["loss"]-want) > 1e-6 {
		t.Errorf("of one film the loss is %g, want %g", one.values["loss"], want)
	}
	bce := smallSync(t, AVSync{Loss: "bce", Frames: 2, Embed: 4}, audioSetup(t, halfSecond), smallEar())
	if !bce.says(0.99) || bce.says(1.01) {
		t.Error("a scale of -3 and a shift of 3 say yes below 1")
	}
}

// TestAVSyncRefusals: what cannot be learned is said in a sentence.
func TestAVSyncRefusals(t *testing.T) {
	for of, want := range map[string]string{
		"av-sync?shift=0":             "shift",
		"av-sync?easy=1.5":            "easy",
		"av-sync?loss=triplet":        "loss",
		"av-sync?loss=bce&margin=0.5": "option margin: it is of loss=contrastive",
	} {
		if _, err := New(of); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", of, err)
		}
	}
	for want, task := range map[string]AVSync{
		"there are contrastive and bce": {Loss: "triplet"},
		"Easy and Curriculum":           {Easy: 2},
		"task av-sync, option ear":      {Ear: "no-such-net"},
	} {
		if _, err := task.Learner(audioSetup(t, halfSecond)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want it to say %q", task, err, want)
		}
	}
	l := smallSync(t, AVSync{Frames: 2, Embed: 4}, audioSetup(t, halfSecond), smallEar())
	if _, err := l.Feed(data.Inputs{Clips: rolled(10, 3)}, true, data.LoaderOptions{BatchSize: 2}); err == nil || !strings.Contains(err.Error(), "task av-sync learns from films with sound; the data has films") {
		t.Errorf("%v", err)
	}
	if _, err := l.Feed(rolled(10, 3).inputs(), true, data.LoaderOptions{BatchSize: 1}); err == nil || !strings.Contains(err.Error(), "batches of 2 and more") {
		t.Errorf("batches of one: %v", err)
	}
}

// TestAVSyncDraw: a block a film, of each loss, of trunks of pictures and of clips.
func TestAVSyncDraw(t *testing.T) {
	d, err := data.Open("scenes:?sound=yes&n=8&side=32&frames=24&hz=8000", data.Train)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"contrastive", "convnet"}, {"bce", "r3d18"}} {
		l := smallSync(t, AVSync{Loss: c[0], Embed: 16}, pairSetup(t, c[1]), smallEar())
		im, err := l.Draw(d.Inputs, []int{0, 3})
		if err != nil {
			t.Fatal(err)
		}
		if got := im.Bounds().Dx() / filmCell; got != 6 {
			t.Errorf("%v: %d frames a row, want 6", c, got)
		}
		save(t, im, "av_sync_"+c[0])
	}
}

// pairSetup is a setup of 32 pixels with a trunk of that name.
func pairSetup(t *testing.T, trunk string) Setup {
	t.Helper()
	s := audioSetup(t, "mel?rate=8000&seconds=0.5&bands=40&mean=-5&std=3")
	s.Side, s.Plain, s.Augment, s.Norm = 32, data.PlainView(32), data.PlainView(32), data.HalfNorm
	if trunk != "convnet" {
		var err error
		if s.Trunk, err = layers.NewTrunk(trunk, tensor.NewRNG(1), 3); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// save writes a drawing to look at, where TESSERA_PICTURES says so.
func save(t *testing.T, im image.Image, name string) {
	t.Helper()
	dir := os.Getenv("TESSERA_PICTURES")
	if dir == "" {
		return
	}
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, im); err != nil {
		t.Fatal(err)
	}
}
