package eval

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// rowsInput shows the rows of an array, [N S S 3], as the samples.
type rowsInput struct{ x *tensor.Tensor }

func (r rowsInput) Settings(data.Inputs) map[string]any { return nil }
func (r rowsInput) Over(data.Inputs) (Seen, error) {
	return Seen{r.x.Shape[1:], func(dst []float32, i int) error { copy(dst, r.x.Rows(i, i+1).Data); return nil }}, nil
}

// begun fills a network with the numbers of testdata/finetune.py.
func begun(net layers.Stateful) {
	for _, p := range layers.State(net) {
		if strings.HasSuffix(p.Name, "num_batches_tracked") {
			p.Value.Fill(0)
			continue
		}
		to := checkpoint.ToTorch(p.Value, p.Layout)
		scale, add := 0.1, float32(0)
		if len(to.Shape) > 1 {
			scale = math.Sqrt(6 / float64(to.Len()/to.Dim(0)))
		} else if strings.HasSuffix(p.Name, "running_var") || strings.Contains(p.Name, ".bn") && strings.HasSuffix(p.Name, "weight") {
			scale, add = 0.2, 1
		}
		golden.Fill(to.Data, p.Name, scale)
		for i := range to.Data {
			to.Data[i] += add
		}
		copy(p.Value.Data, checkpoint.FromTorch(to, p.Layout).Data)
	}
	tensor.Changed()
}

// TestFineTunePyTorch: with the same weights and batches the losses, and at the end the outputs, are those of PyTorch with a rate for each stage, frozen stages, smoothed
// labels; testdata/finetune.py.
func TestFineTunePyTorch(t *testing.T) {
	var want struct {
		Cases []struct {
			Optimizer         string
			Layerwise, Smooth float32
			Frozen            int
			Losses, Outputs   []float64
		}
	}
	golden.Load(t, "testdata/finetune.json", &want)
	x := tensor.New(8, 16, 16, 3)
	golden.Fill(x.Data, "pictures", 1)
	d := &data.Dataset{Inputs: data.Inputs{Images: &album{n: 8, side: 16}}}
	labels := func(index []int) (out []int32) {
		for _, i := range index {
			out = append(out, int32(i%4))
		}
		return out
	}
	for _, c := range want.Cases {
		trunk := layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{})
		net := &layers.Net{Trunk: trunk, Head: layers.PoolHead(tensor.NewRNG(1), trunk, 4)}
		begun(net)
		e := &TrunkEncoder{Label: "mine", Trunk: trunk, Input: rowsInput{x}}
		u := Tuning{Epochs: len(c.Losses), BatchSize: 8, Optimizer: c.Optimizer, Layerwise: c.Layerwise, Augment: "none", Smooth: c.Smooth}
		if c.Frozen > 0 {
			u.Freeze = fmt.Sprint("conv", c.Frozen)
		}
		les, err := u.Learn(ctx, e, net, d, nil, 1, Options{}, Goal{
			Loss: func(y *autograd.Var, index []int, _ []bool) *autograd.Var {
				return autograd.CrossEntropySmooth(y, labels(index), c.Smooth, autograd.LossOptions{})
			},
			Right: func(y *tensor.Tensor, index []int) int { return tensor.CountRight(y, labels(index)) }})
		if err != nil || les.Updates != len(c.Losses) || les.Planned != les.Updates {
			t.Fatalf("%+v: %+v, %v", u, les, err)
		}
		most := 0.0
		for i, p := range les.Course {
			most = max(most, math.Abs(p.Loss-c.Losses[i]))
		}
		got, _, err := u.Outputs(ctx, e, net, d.Inputs, Options{})
		if err != nil {
			t.Fatal(err)
		}
		apart := 0.0
		for i, v := range got.Data {
			apart = max(apart, math.Abs(float64(v)-c.Outputs[i]))
		}
		t.Logf("%s, layerwise %g, %d frozen: losses at most %.2g apart, outputs %.2g", c.Optimizer, c.Layerwise, c.Frozen, most, apart)
		if !(most < 1e-5 && apart < 1e-4) {
			t.Errorf("%s, layerwise %g, %d frozen: losses are up to %g from PyTorch's, outputs %g", c.Optimizer, c.Layerwise, c.Frozen, most, apart)
		}
	}
}

// corners are pictures of noise with a bright dot in one of four corners, the class; noise tells pictures apart.
type corners struct {
	n     int
	other map[int]bool // pictures of other noise, without a dot
	seed  uint64       // of the noise
}

func (d corners) Len() int              { return d.n }
func (d corners) Describe(i int) string { return fmt.Sprint("dot ", i) }
func (d corners) Classes() []string     { return []string{"nw", "ne", "sw", "se"} }
func (d corners) Label(i int) int       { return i % 4 }
func (d corners) Image(i int) (*data.Image, error) {
	im := data.NewImage(16, 16)
	rng := tensor.NewRNG(d.seed).Derive(uint64(i))
	if d.other[i] {
		rng = tensor.NewRNG(1000)
	}
	for k := range im.Pix {
		im.Pix[k] = uint8(rng.IntN(200))
	}
	if l := d.Label(i); !d.other[i] {
		for y := range 3 {
			for x := range 3 {
				for k := range 3 {
					im.Pix[((y+2+l/2*9)*16+x+2+l%2*9)*3+k] = 255
				}
			}
		}
	}
	return im, nil
}

func (d corners) set(name string) *data.Dataset {
	return &data.Dataset{Name: name, Fingerprint: name, Inputs: data.Inputs{Images: d}, Truth: data.Truth{Labels: d}}
}

func dotEncoder(t *testing.T, seed uint64) *TrunkEncoder {
	t.Helper()
	trunk, err := layers.NewTrunk("convnet", tensor.NewRNG(seed), 3)
	if err != nil {
		t.Fatal(err)
	}
	return &TrunkEncoder{Label: "mine", Trunk: trunk, Input: Views{Side: 16, Norm: data.HalfNorm}}
}

// values are all tensors of a state.
func values(s layers.Stateful) map[string][]float32 {
	out := map[string][]float32{}
	for _, p := range layers.State(s) {
		out[p.Name] = slices.Clone(p.Value.Data)
	}
	return out
}

// TestHeldOut: what is held out is of every class and teaches nothing: with other pictures in its place every update is the same.
func TestHeldOut(t *testing.T) {
	u := Tuning{Epochs: 3, BatchSize: 16, Augment: "none", Hold: 0.2}
	first, err := u.learnClasses(ctx, dotEncoder(t, 1), corners{n: 80}.set("dots"), nil, 3, Options{})
	if err != nil {
		t.Fatal(err)
	}
	les := first.Lesson
	if len(les.Held) != 16 || len(les.Learned) != 64 {
		t.Fatalf("%d held out, %d learned from", len(les.Held), len(les.Learned))
	}
	of, held := [4]int{}, map[int]bool{}
	for _, i := range les.Held {
		of[i%4]++
		held[i] = true
	}
	for _, i := range les.Learned {
		if held[i] {
			t.Errorf("sample %d is held out and learned from", i)
		}
	}
	if of != [4]int{4, 4, 4, 4} {
		t.Errorf("of the classes %v are held out", of)
	}
	second, err := u.learnClasses(ctx, dotEncoder(t, 1), corners{n: 80, other: held}.set("dots"), nil, 3, Options{})
	if err != nil || !reflect.DeepEqual(second.Lesson.Held, les.Held) {
		t.Fatal(err)
	}
	for i, p := range second.Lesson.Course {
		if q := les.Course[i]; p.Loss != q.Loss || p.HeldLoss == q.HeldLoss {
			t.Errorf("epoch %d: loss %v and %v, held out %v and %v", i+1, q.Loss, p.Loss, q.HeldLoss, p.HeldLoss)
		}
	}
	// pictures of one film stay together
	d := corners{n: 80}.set("films")
	d.Truth.Groups = map[string]data.Labels{data.FilmGroup: labelled{strings.Fields("a b c d e f g h"), make([]int, 80)}}
	for i := range 80 {
		d.Truth.Groups[data.FilmGroup].(labelled).labels[i] = i / 10
	}
	learn, out, err := holdOut(d, les.Learned, 0.25, 1, nil)
	if err != nil || len(learn)+len(out) != 64 {
		t.Fatal(err)
	}
	for _, i := range learn {
		if slices.ContainsFunc(out, func(k int) bool { return k/10 == i/10 }) {
			t.Errorf("film %d is learned from and held out", i/10)
		}
	}
}

// TestBestWeights: after labels of noise, which are learned by heart, the weights are those of the best epoch on what was held out, not the last; with patience the epochs end.
func TestBestWeights(t *testing.T) {
	d := corners{n: 64}.set("noise")
	noise := labelled{names: []string{"a", "b", "c"}}
	for i := range 64 {
		noise.labels = append(noise.labels, i*7%11%3)
	}
	d.Truth.Labels = noise
	e := dotEncoder(t, 2)
	before := values(e.Trunk)
	u := Tuning{Epochs: 12, BatchSize: 8, Hold: 0.3}
	got, err := u.learnClasses(ctx, e, d, nil, 1, Options{})
	if err != nil {
		t.Fatal(err)
	}
	les := got.Lesson
	best := les.Course[les.Best-1]
	for i, p := range les.Course {
		if p.HeldRight > best.HeldRight || p.HeldRight == best.HeldRight && (p.HeldLoss < best.HeldLoss || p.HeldLoss == best.HeldLoss && i+1 < les.Best) {
			t.Errorf("epoch %d (%+v) is better than the best, %d (%+v)", i+1, p, les.Best, best)
		}
	}
	if les.Best == len(les.Course) {
		t.Errorf("the last epoch is the best: %+v; this test says nothing", les.Course)
	}
	y, _, err := got.Tuning.Outputs(ctx, e, got.Net, d.Inputs.Subset(les.Held), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var want []int32
	for _, i := range les.Held {
		want = append(want, int32(noise.labels[i]))
	}
	if right := tensor.CountRight(y, want); right != les.HeldRight || float64(right) != best.HeldRight*float64(len(want)) {
		t.Errorf("%d of the held-out samples are right, in the best epoch %d", right, les.HeldRight)
	}
	if loss := float64(autograd.CrossEntropy(autograd.Const(y), want).Scalar()); math.Abs(loss-best.HeldLoss) > 1e-6 {
		t.Errorf("their loss is %v, in the best epoch %v", loss, best.HeldLoss)
	}
	if !reflect.DeepEqual(values(e.Trunk), before) {
		t.Error("the encoder's own trunk has learned")
	}
	u.Patience = 1
	short, err := u.learnClasses(ctx, e, d, nil, 1, Options{})
	if err != nil || len(short.Lesson.Course) >= 12 || len(short.Lesson.Course) != short.Lesson.Best+1 {
		t.Errorf("with patience: %+v, %v", short.Lesson, err)
	}
}

// TestFrozen: frozen stages keep weights and statistics bit for bit, the others learn; a rate by stage of less moves what lies deeper less.
func TestFrozen(t *testing.T) {
	e := dotEncoder(t, 1)
	before := values(e.Trunk)
	got, err := Tuning{Epochs: 2, BatchSize: 16, Freeze: "conv2"}.learnClasses(ctx, e, corners{n: 48}.set("dots"), nil, 1, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range values(got.Net.Trunk) {
		frozen := strings.Contains(name, "1.") || strings.Contains(name, "2.")
		if same := slices.Equal(v, before[name]); same != frozen {
			t.Errorf("%s: same %v, want %v", name, same, frozen)
		}
	}
	moved := func(layerwise float32) (d float64) {
		got, err := Tuning{Epochs: 1, BatchSize: 16, Layerwise: layerwise}.learnClasses(ctx, e, corners{n: 48}.set("dots"), nil, 1, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values(got.Net.Trunk)["conv1.weight"] {
			d += math.Abs(float64(v - before["conv1.weight"][i]))
		}
		return d
	}
	if all, less := moved(1), moved(0.1); !(less < all/1000 && less > all/100000) {
		t.Errorf("conv1 moves by %g, with a rate of a ten-thousandth by %g", all, less)
	}
}

// TestFineTuneThreads: the same weights, bit for bit, whatever the number of threads, with views that are drawn.
func TestFineTuneThreads(t *testing.T) {
	defer tensor.SetThreads(tensor.Threads())
	var want map[string][]float32
	for _, n := range []int{1, 2, 5} {
		tensor.SetThreads(n)
		got, err := Tuning{Epochs: 2, BatchSize: 16, Augment: "color", Hold: 0.1, Rescale: true, Layerwise: 0.8}.learnClasses(ctx, dotEncoder(t, 1), corners{n: 48}.set("dots"), nil, 1, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if v := values(got.Net); want == nil {
			want = v
		} else if !reflect.DeepEqual(v, want) {
			t.Errorf("%d threads give other weights than one", n)
		}
	}
}

// TestFineTune: dots are learned, test samples are judged with an interval, and what learned is handed over and judged again to the same accuracy.
func TestFineTune(t *testing.T) {
	train, test := corners{n: 160}.set("train"), corners{n: 60, seed: 2}.set("test")
	e := dotEncoder(t, 1)
	var kept *Tuned
	s, err := Judge(ctx, []Encoder{e, Pixels{e.Input}}, train, test, []Protocol{FineTune{Tuning: Tuning{Epochs: 12, Augment: "none"}}}, Options{Learned: func(_ Encoder, l Learned) error { kept = l.Tuned; return nil }})
	if err != nil || len(s) != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	x := s[0]
	t.Logf("%.3f %v", x.Value, *x.Interval)
	if !(x.Value > 0.9) || x.Trivial != 0.25 || x.Stage != "tuned" || x.Protocol != "finetune" || x.Train != 144 || x.Test != 60 || x.Found["held_out"] != 16 || x.Settings["hold"] != 0.1 ||
		x.Settings["optimizer"] != "adamw" || x.Settings["lr"] != float32(1e-3) || x.Seconds <= 0 {
		t.Errorf("%+v", x)
	}
	again := *e
	again.Trunk, again.Head, again.Classes = kept.Net.Trunk, kept.Net.Head, kept.Classes
	y, err := Judge(ctx, []Encoder{&again}, train, test, []Protocol{FineTune{AsIs: true}}, Options{})
	if err != nil || y[0].Value != x.Value || !reflect.DeepEqual(y[0].Interval, x.Interval) || y[0].Settings["tune"] != false {
		t.Errorf("judged again: %+v, %v", y, err)
	}
	_, err = Judge(ctx, []Encoder{e}, train, test, []Protocol{FineTune{AsIs: true}}, Options{})
	wantError(t, err, "no head")
}

// TestFineTuneMixed: with mixed batches classes are learned otherwise, and still learned, the same twice, and a score says how; branches of a copy of the trunk are left out,
// of the trunk itself none.
func TestFineTuneMixed(t *testing.T) {
	e := dotEncoder(t, 1)
	d := corners{n: 64}.set("dots")
	courses := map[string][]Passed{}
	for name, m := range map[string]data.Mix{"plain": {}, "mixup": {Mixup: 0.8}, "cutmix": {CutMix: 1}, "both": {Mixup: 0.8, CutMix: 1}} {
		u := Tuning{Epochs: 12, BatchSize: 16, LR: 1e-2, Mix: m, Hold: 0.25, Augment: "none"}
		tuned, err := u.learnClasses(ctx, e, d, nil, 1, Options{})
		if err != nil {
			t.Fatal(err)
		}
		again, err := u.learnClasses(ctx, e, d, nil, 1, Options{})
		if err != nil || !slices.Equal(again.Lesson.Course, tuned.Lesson.Course) {
			t.Errorf("%s: learned again otherwise: %v", name, err)
		}
		courses[name] = tuned.Lesson.Course
		if last := tuned.Lesson.Course[11]; last.HeldRight < 0.9 {
			t.Errorf("%s: %.2f of held-out samples are right", name, last.HeldRight)
		}
		s := tuned.Tuning.Settings(1)
		if (s["mixup"] != nil) != (m.Mixup > 0) || (s["cutmix"] != nil) != (m.CutMix > 0) {
			t.Errorf("%s: settings %v", name, s)
		}
	}
	for name, c := range courses {
		if name != "plain" && !(c[11].Loss > 1.5*courses["plain"][11].Loss) { // answers that must be divided cost entropy
			t.Errorf("%s: a loss of %g, without it %g", name, c[11].Loss, courses["plain"][11].Loss)
		}
	}
	vit, err := layers.NewTrunk("vit-tiny?depth=2&patch=4&width=12&heads=2", tensor.NewRNG(2), 3)
	if err != nil {
		t.Fatal(err)
	}
	of := &TrunkEncoder{Label: "vit", Trunk: vit, Input: e.Input}
	var last []float64
	for _, drop := range []float32{0, 0.9, -1} {
		tuned, err := Tuning{Epochs: 2, Drop: drop}.learnClasses(ctx, of, d, nil, 1, Options{})
		if err != nil {
			t.Fatal(err)
		}
		last = append(last, tuned.Lesson.Course[1].Loss)
	}
	if last[0] == last[1] || last[0] != last[2] {
		t.Errorf("losses as pretrained, with branches left out, and with none: %v", last)
	}
}

// TestFineTuneMistakes says what is wrong, once.
func TestFineTuneMistakes(t *testing.T) {
	e := dotEncoder(t, 1)
	learn := func(u Tuning, d *data.Dataset, words string) {
		t.Helper()
		_, err := u.learnClasses(ctx, e, d, nil, 1, Options{})
		wantError(t, err, words)
	}
	d := corners{n: 8}.set("dots")
	learn(Tuning{Freeze: "conv9"}, d, "freeze=conv9: convnet has no such stage")
	learn(Tuning{LR: 1e30, Optimizer: "sgd", Epochs: 3}, d, "a smaller lr may help")
	learn(Tuning{Hold: 0.9}, corners{n: 2}.set("two"), "hold=0.9 of 2 samples leaves 0 held out")
	learn(Tuning{}, corners{n: 1}.set("one"), "1 samples to learn from")
	learn(Tuning{Augment: "jitter"}, d, "no augmentation")
	learn(Tuning{Drop: 0.1}, d, "drop=0.1: convnet has no branches")
	learn(Tuning{Mix: data.Mix{Mixup: -1}}, d, "mixup of -1 and CutMix of 0: want 0 for none")
	_, err := Tuning{Mix: data.Mix{CutMix: 1}}.Fit(ctx, e, nil, d.Inputs, 1, Options{}, nil)
	wantError(t, err, "mixup=0 and cutmix=1 are of classes")
	d.Truth.Labels = labelled{[]string{"a", "a"}, []int{0, 1, 0, 1, 0, 1, 0, 1}}
	learn(Tuning{}, d, `two classes are called "a"`)
	d.Truth.Labels = labelled{[]string{"a", "b"}, []int{0, 1, -1, 1, 0, 1, 0, 1}}
	learn(Tuning{}, d, "has no labels, or not for every sample")
	// a class of one sample is learned from, and that is said; whole films that are all of a class are not held out
	var said []string
	d = corners{n: 20}.set("dots")
	l := labelled{[]string{"a", "b", "alone"}, make([]int, 20)}
	for i := range 20 {
		l.labels[i] = i % 2
	}
	l.labels[7] = 2
	d.Truth.Labels = l
	_, held, err := holdOut(d, []int{0, 1, 2, 3, 4, 5, 6, 7}, 0.2, 1, func(s string) { said = append(said, s) })
	if err != nil || slices.Contains(held, 7) || len(said) != 1 || !strings.Contains(said[0], "1 of 3 classes have one training sample") || !strings.Contains(said[0], "alone") {
		t.Errorf("held out %v, said %q, %v", held, said, err)
	}
	d.Truth.Groups = map[string]data.Labels{data.FilmGroup: l}
	_, _, err = holdOut(d, []int{0, 1, 2, 3, 4, 5, 6, 7}, 0.3, 1, nil)
	wantError(t, err, "nothing is left to learn")
	for of, words := range map[string]string{"finetune?optimizer=lion": "adamw or sgd", "finetune?layerwise=2": "layerwise=2", "finetune?patience=1&hold=0": "goes with hold", "finetune?learn=no&lr=1": "nothing learns",
		"finetune?rescale=yes&freeze=conv1": "cannot be rescaled", "finetune?augment=spin": "mirror, crop-flip", "semi?labels=0": "labels=0", "semi?labels=0.1,0.1": "each once", "semi?hold=1": "hold=1", "finetune?mixup=-1": "mixup=-1", "finetune?cutmix=101": "cutmix=101", "finetune?drop=1": "drop=1", "finetune?learn=no&mixup=1": "nothing learns", "action?smooth=0.1": "tune=yes"} {
		_, err := NewProtocol(of)
		wantError(t, err, words)
	}
	one := corners{n: 4}.set("one class")
	one.Truth.Labels = labelled{[]string{"a"}, make([]int, 4)}
	for _, p := range []Protocol{FineTune{}, Semi{}} {
		wantError(t, Check([]Protocol{p}, one, one), "one class")
		wantError(t, Check([]Protocol{p}, &data.Dataset{Name: "bare"}, one), "has no labels")
	}
	// what moves what is to be found
	_, err = Tuning{Augment: "crop-flip"}.Learn(ctx, e, &layers.Net{Trunk: e.Trunk}, d, nil, 1, Options{}, Goal{})
	wantError(t, err, "would move what is to be found")
	_, err = Tuning{Hold: 0.5}.Fit(ctx, e, &layers.Net{Trunk: e.Trunk}, d.Inputs, 1, Options{}, nil)
	wantError(t, err, "holds nothing out")
}

// TestSemi: as many labels of each class, the same for every network, those of a smaller part among those of a larger one; more labels do better.
func TestSemi(t *testing.T) {
	train, test := corners{n: 200}.set("train"), corners{n: 60, seed: 2}.set("test")
	p := Semi{Labels: []float64{0.05, 0.4}, Samples: 2, Updates: 30, Tuning: Tuning{Epochs: 2, BatchSize: 16, Augment: "none"}}
	for draw := range 2 {
		of, few, err := p.draw(train, draw)
		if err != nil || few != nil || len(of[0]) != 12 || len(of[1]) != 80 {
			t.Fatalf("%v %v %v", of, few, err)
		}
		for _, some := range of {
			n := [4]int{}
			for _, i := range some {
				n[i%4]++
			}
			if n != [4]int{len(some) / 4, len(some) / 4, len(some) / 4, len(some) / 4} {
				t.Errorf("%v of the classes", n)
			}
		}
		for _, i := range of[0] {
			if !slices.Contains(of[1], i) {
				t.Errorf("sample %d is of the smaller part alone", i)
			}
		}
	}
	a, _, _ := p.draw(train, 0)
	if b, _, _ := p.draw(train, 1); reflect.DeepEqual(a, b) {
		t.Error("two draws are the same")
	}
	s, err := Judge(ctx, []Encoder{dotEncoder(t, 1)}, train, test, []Protocol{p}, Options{Last: true})
	if err != nil || len(s) != 4 {
		t.Fatalf("%d scores, %v", len(s), err)
	}
	keys := map[string]bool{}
	for i, x := range s {
		keys[x.Key()] = true
		t.Logf("%s %s %.3f %v", x.Title(), x.Stage, x.Value, *x.Interval)
		if x.Title() != []string{"semi tuned@5%", "semi probe@5%", "semi tuned@40%", "semi probe@40%"}[i] || x.Stage != []string{"tuned", "conv4", "tuned", "conv4"}[i] ||
			x.Train != []int{12, 12, 80, 80}[i] || len(x.Parts) != 2 || math.Abs(x.Value-(x.Parts[0].Value+x.Parts[1].Value)/2) > 1e-12 || x.Test != 60 {
			t.Errorf("%+v", x)
		}
	}
	if len(keys) != 4 {
		t.Errorf("%d keys of 4 scores", len(keys))
	}
	if !(s[2].Value > s[0].Value) {
		t.Errorf("with 5 %% of the labels %.3f, with 40 %% %.3f", s[0].Value, s[2].Value)
	}
	// a class with fewer samples than the others are given
	few := corners{n: 200}.set("few")
	l := labelled{[]string{"many", "few"}, make([]int, 200)}
	l.labels[3] = 1
	few.Truth.Labels = l
	if of, names, err := p.draw(few, 0); err != nil || len(of[0]) != 6 || len(of[1]) != 41 || !slices.Equal(names, []string{"few"}) {
		t.Errorf("%d and %d samples, few %v, %v", len(of[0]), len(of[1]), names, err)
	}
}

// TestSemiInterval: draws that agree say nothing of other test samples: these widen the interval too, one draw's as well. Of several, it is said whose updates are told.
func TestSemiInterval(t *testing.T) {
	test := sampleOf(tensor.New(4, 1), []string{"a"}, make([]int, 4))
	score := func(draws ...[]float64) Score {
		var m *measured
		for i, hits := range draws {
			m = m.add(Score{Settings: map[string]any{}, Found: map[string]any{"updates": 7 + i}}, test, hits, 2)
		}
		return m.mean(Semi{Samples: len(draws)}, 0.1)
	}
	low, high := wilson(0.5, 4) // of 2 right of 4
	for _, s := range []Score{score([]float64{1, 0, 1, 0}), score([]float64{1, 0, 1, 0}, []float64{0, 1, 1, 0}, []float64{1, 1, 0, 0})} {
		if s.Value != 0.5 || s.Interval == nil || math.Abs(s.Interval[0]-low) > 1e-12 || math.Abs(s.Interval[1]-high) > 1e-12 {
			t.Errorf("%+v, %v", s, s.Interval)
		}
	}
	s := score([]float64{1, 1, 1, 0}, []float64{1, 0, 0, 0})
	if in := *s.Interval; s.Value != 0.5 || in != [2]float64{0, 1} || math.Abs(s.Found["deviation"].(float64)-math.Sqrt(0.125)) > 1e-12 {
		t.Errorf("%+v, %v", s, in)
	}
	if one := score([]float64{1, 1, 1, 0}); s.Found["updates"] != 7 || s.Found["updates_of"] != "draw 1" || one.Found["updates"] != 7 || one.Found["updates_of"] != nil {
		t.Errorf("updates of two draws %v, of one %v", s.Found, one.Found)
	}
}

// TestRescale: each output has mean 0 and variance 1 over the data, filters keep their direction, and every layer's weights are moved by a random cost in proportion to their size.
func TestRescale(t *testing.T) {
	e := dotEncoder(t, 3)
	for _, p := range layers.State(e.Trunk) { // as a pretext task may leave them
		if p.Kind == layers.Vector {
			golden.Fill(p.Value.Data, p.Name, 3)
		}
	}
	net := &layers.Net{Trunk: e.Trunk, Head: layers.PoolHead(tensor.NewRNG(1), e.Trunk, 4)}
	before := values(net)
	n := 32
	var of []int
	for i := range n {
		of = append(of, i)
	}
	show, err := Tuning{Augment: "none"}.showing(e, corners{n: n}.set("dots").Inputs, of)
	if err != nil {
		t.Fatal(err)
	}
	l := data.NewLoader(n, show, data.LoaderOptions{BatchSize: n, Seed: 1})
	if err := rescale(net, l, 1); err != nil {
		t.Fatal(err)
	}
	tape := autograd.NewTape(nil)
	rates := map[string]float64{}
	rng := tensor.NewRNG(77)
	for b := range l.Epoch(0, 0) {
		for range 50 { // random costs
			tape.Reset()
			y := net.Forward(tape.Input(b.x))
			dy := tensor.New(y.Shape()...)
			for i := range dy.Data {
				dy.Data[i] = rng.Normal()
			}
			g := tape.BackwardFrom(y, dy)
			for _, p := range layers.Params(net) {
				if p.Kind == layers.Weight {
					rates[p.Name] += tensor.SumSquares(g.Of(p.Value)) / tensor.SumSquares(p.Value)
				}
			}
		}
		mean, dev := [4]float64{}, [4]float64{}
		tape.Reset()
		for i, v := range net.Forward(tape.Input(b.x)).Value.Data {
			mean[i%4] += float64(v) / float64(n)
			dev[i%4] += float64(v) * float64(v) / float64(n)
		}
		for j := range mean {
			if math.Abs(mean[j]) > 1e-4 || math.Abs(dev[j]-1) > 1e-3 {
				t.Errorf("output %d has mean %g and mean square %g", j, mean[j], dev[j])
			}
		}
	}
	var all []float64
	for name, r := range rates {
		t.Logf("%s %.3g", name, r)
		all = append(all, r)
	}
	if slices.Max(all)/slices.Min(all) > 1.5 {
		t.Errorf("the layers' weights change at rates %v", rates)
	}
	for name, v := range values(net) {
		if strings.HasSuffix(name, ".weight") && strings.Contains(name, "conv") {
			r := float64(v[0]) / float64(before[name][0])
			for i := range v {
				if math.Abs(float64(v[i])-r*float64(before[name][i])) > 1e-6*math.Abs(r) {
					t.Fatalf("%s has another direction at %d", name, i)
				}
			}
		}
	}
	bare := &layers.Trunk{Name: "bare", Stages: []layers.Stage{{Name: "conv1", Channels: 4, Parts: layers.Sequential{{Name: "conv1", Module: layers.NewConv2D(tensor.NewRNG(1), 3, 4, 3, layers.ConvOptions{})}}}}}
	wantError(t, rescale(&layers.Net{Trunk: bare, Head: net.Head}, l, 1), "batch norm behind each convolution")
}

// TestSemiCurves: the scores of the most labels have the curves of tuning and of each stage's probe, over all parts in their order.
func TestSemiCurves(t *testing.T) {
	p := Semi{Labels: []float64{0.1, 0.01}}
	var out []Score
	for k, n := range []int{100, 10} {
		for w, by := range []string{"tuned", "probe"} {
			v := 0.1*float64(k+1) + 0.5*float64(w)
			out = append(out, Score{Train: n, Value: v, Interval: &[2]float64{v - 0.1, v + 0.1}, Settings: map[string]any{"by": by}, Found: map[string]any{"deviation": 0.05}, Parts: []Part{{Value: v}, {Value: v + 0.01}}})
		}
	}
	p.curves(out)
	for w, by := range []string{"tuned", "probe"} {
		c := out[w].Curve
		if c == nil || c.Of != by || len(c.Points) != 2 || c.Points[0].X != 10 || c.Points[1].X != 100 || c.Points[1].Value != out[w].Value || c.Points[0].Interval != *out[2+w].Interval || len(c.Points[0].Draws) != 2 || c.Points[0].Std != 0.05 {
			t.Errorf("%s: %+v", by, c)
		}
		if out[2+w].Curve != nil {
			t.Errorf("%s: a part of the labels has the curve too", by)
		}
	}
}
