package pretext

import (
	"math"
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

// sixPictures are grey pictures, each with a square at another place, and a class.
type sixPictures struct{}

func (sixPictures) Len() int            { return 6 }
func (sixPictures) Describe(int) string { return "a square" }
func (sixPictures) Classes() []string   { return []string{"even", "odd"} }
func (sixPictures) Label(i int) int     { return []int{0, 1, -1, 1, 1, 1}[i] }
func (sixPictures) Image(i int) (*data.Image, error) {
	im := &data.Image{H: 24, W: 24, Pix: make([]uint8, 24*24*3)}
	for p := range im.Pix {
		im.Pix[p] = 40
		if y, x := p/72, p/3%24; y/8 == i/3 && x/8 == i%3 {
			im.Pix[p] = 200
		}
	}
	return im, nil
}

// fivePictures are all of them but one.
type fivePictures struct{ sixPictures }

func (fivePictures) Len() int { return 5 }

// ofSix returns a learner of six pictures of 20 pixels on a small trunk.
func ofSix(t *testing.T, of string) train.Learner {
	t.Helper()
	task, err := New(of)
	if err != nil {
		t.Fatal(err)
	}
	rng := tensor.NewRNG(1)
	l, err := task.Learner(Setup{Trunk: layers.ConvNet(rng, 3, 2, layers.TrunkOptions{}), Side: 20, Norm: data.HalfNorm, RNG: rng.Derive(2), CacheBytes: 1 << 20,
		Inputs: data.Inputs{Images: sixPictures{}}, Labels: sixPictures{}})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestBanksPyTorch: from the same weights, views and memory loss, every gradient, and what is remembered then are PyTorch's; testdata/banks.py.
func TestBanksPyTorch(t *testing.T) {
	var all map[string]reference
	golden.Load(t, "testdata/banks.json", &all)
	drawn := []int32{1, 5, 3}
	b := &pairs{X: [2]*tensor.Tensor{tensor.New(4, 20, 20, 3), tensor.New(4, 20, 20, 3)}, Of: []int32{4, 0, 5, 2}}
	golden.Fill(b.X[0].Data, "view 0", 1.7)
	golden.Fill(b.X[1].Data, "view 1", 1.7)
	tiles := tensor.New(16, 8, 8, 3)
	golden.Fill(tiles.Data, "tiles", 1.7)
	seen := 0
	for name, of := range map[string]string{"npid nce": "npid?negatives=3", "npid softmax": "npid?negatives=3&loss=softmax", "npid all": "npid?negatives=0",
		"pirl jigsaw": "pirl?negatives=3&share=0.3", "pirl rotation": "pirl?negatives=3&share=0.3&transform=rotation&loss=softmax", "supcon": "supcon?hidden=6"} {
		t.Run(name, func(t *testing.T) {
			seen++
			want, sep := all[name], "&"
			if name == "npid" {
				sep = "?"
			}
			l := ofSix(t, of+sep+"out=5&temperature=0.2")
			goldenWeights(l)
			step := newTracedStep()
			x := func(v int) *autograd.Var { return step.tape.Input(b.X[v]) }
			var loss *autograd.Var
			var memory *bank
			var said *autograd.Var
			switch l := l.(type) {
			case *npid:
				fillBank(l.bank)
				said, memory = autograd.L2Normalize(l.net.Forward(x(0))), l.bank
				if strings.HasSuffix(name, "all") {
					drawn = nil
				}
				loss = l.find(step, said, b.Of, drawn)
				drawn = []int32{1, 5, 3}
			case *pirl:
				fillBank(l.bank)
				said, memory = l.see(x(0)), l.bank
				second := step.tape.Input(tiles)
				if name == "pirl rotation" {
					second = x(1)
				} else if l.shown.side != 8 || l.shown.grid != 2 {
					t.Fatalf("%d by %d tiles of %d pixels", l.shown.grid, l.shown.grid, l.shown.side)
				}
				loss = l.find(step, [2]*autograd.Var{said, l.solve(second)}, b.Of, drawn)
			case *supcon:
				said = x(0)
				loss = l.find(step, [2]*autograd.Var{l.Forward(x(0)), l.Forward(x(1))}, b.Of)
			}
			value, answers := float64(loss.Scalar()), said.Value.Clone()
			grads := step.tape.Backward(loss)
			if memory != nil {
				memory.move(b.Of, answers.Data, 0.5)
				want.near(t, "bank", memory.rows.Data)
			}
			want.all(t, value, grads, l)
		})
	}
	if seen != len(all) {
		t.Errorf("%d of %d references", seen, len(all))
	}
}

func fillBank(b *bank) {
	golden.Fill(b.rows.Data, "bank", 1)
	for i := range 6 {
		unitLength(b.rows.Rows(i, i+1).Data)
	}
}

// TestBanksOfOthers: a bank belongs to the pictures that it was made for; others can be looked at. Without pictures there is none.
func TestBanksOfOthers(t *testing.T) {
	five := data.Inputs{Images: fivePictures{}}
	for _, of := range []string{"npid", "pirl"} {
		l := ofSix(t, of)
		if _, err := l.Feed(five, true, data.LoaderOptions{BatchSize: 2}); err == nil || err.Error() != "task "+of+" remembers 6 pictures; the data has 5" {
			t.Errorf("%s of other pictures: %v", of, err)
		}
		if _, err := l.Feed(five, false, data.LoaderOptions{BatchSize: 2}); err != nil {
			t.Errorf("%s of other pictures, to look at: %v", of, err)
		}
		task, err := New(of)
		if err != nil {
			t.Fatal(err)
		}
		s := Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 2, layers.TrunkOptions{}), Side: 20, RNG: tensor.NewRNG(1)}
		if _, err := task.Learner(s); err == nil || !strings.Contains(err.Error(), "remembers pictures that it learns from, at least 2") {
			t.Errorf("%s without pictures: %v", of, err)
		}
		s.Kept = func(name string) *tensor.Tensor {
			for _, p := range layers.State(l) {
				if p.Name == name {
					return p.Value
				}
			}
			return nil
		}
		loaded, err := task.Learner(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range layers.State(loaded) {
			if p.Name == "bank" && !slices.Equal(p.Value.Shape, []int{6, 128}) {
				t.Errorf("%s that was loaded remembers %v", of, p.Value.Shape)
			}
		}
	}
}

// TestEstimatedAtLeastTemperature: the sharpest cosines that the options allow give a number, and its gradient.
func TestEstimatedAtLeastTemperature(t *testing.T) {
	b := &bank{unitNormal(tensor.NewRNG(1), 6, 8)}
	of := []int32{4, 0, 5, 2}
	tape := autograd.NewTape(tensor.NewRNG(1))
	z := tape.Param(b.of(of).Clone())
	loss := estimated(b.recall(z, of, []int32{1, 5, 3}, leastTemperature))
	if v := float64(loss.Scalar()); !(v >= 0 && v < 1e6) {
		t.Errorf("the loss of answers that are as remembered is %v", v)
	}
	for _, g := range tape.Backward(loss).Of(z.Value).Data {
		if !(math.Abs(float64(g)) < 1e6) {
			t.Fatalf("a gradient of %v", g)
		}
	}
}

// TestSmallViewsAreBlurred: about half of the small views are, where views are, and none where they are not.
func TestSmallViewsAreBlurred(t *testing.T) {
	noise := &data.Image{H: 96, W: 96, Pix: make([]uint8, 96*96*3)}
	rng := tensor.NewRNG(3)
	for i := range noise.Pix {
		noise.Pix[i] = uint8(rng.IntN(256))
	}
	smooth := func(of string) (n int) {
		task, err := New(of)
		if err != nil {
			t.Fatal(err)
		}
		trunk, err := layers.NewTrunk("convnet", tensor.NewRNG(1), 3)
		if err != nil {
			t.Fatal(err)
		}
		made, err := task.Learner(Setup{Trunk: trunk, Side: 96, RNG: tensor.NewRNG(1)})
		if err != nil {
			t.Fatal(err)
		}
		var small smallViews
		switch l := made.(type) {
		case *swav:
			small = l.small
		case *dino:
			small = l.small
		}
		for k := range 100 {
			im := small.make(noise, tensor.NewRNG(uint64(k)))
			steps := 0.0
			for p := 3; p < len(im.Pix); p += 3 {
				steps += math.Abs(float64(im.Pix[p]) - float64(im.Pix[p-3]))
			}
			if steps/float64(len(im.Pix)/3) < 12 {
				n++
			}
		}
		return n
	}
	for _, of := range []string{"swav?crops=2", "dino?crops=2"} { // some blurs are too weak to count
		if yes, no := smooth(of+"&blur=yes"), smooth(of+"&blur=no"); yes-no < 15 || yes-no > 60 {
			t.Errorf("%s: %d of 100 small views are smooth with blur, %d without", of, yes, no)
		}
	}
}

// TestOptionsNobodyReads: options that would do nothing are refused.
func TestOptionsNobodyReads(t *testing.T) {
	for _, of := range []string{"swav?crop=0.3", "dino?crop-area=0.1", "dino?first=0.01", "npid?negatives=0&loss=nce", "pirl?transform=rotation&part=0.5"} {
		if _, err := New(of); err == nil {
			t.Errorf("%s is taken", of)
		}
	}
	for _, of := range []string{"swav?crops=2&crop=0.3", "dino?first=0.01&warmup=0.1", "npid?loss=nce", "pirl?part=0.5"} {
		if _, err := New(of); err != nil {
			t.Error(err)
		}
	}
}

// TestTilesOfViews: PIRL's second view is all cells of a part of a picture in random order, and turned where it is turned.
func TestTilesOfViews(t *testing.T) {
	of := func(task string) *pirl { return ofSix(t, task).(*pirl) }
	ramp := &data.Image{H: 18, W: 18, Pix: make([]uint8, 18*18*3)}
	for p := range ramp.Pix {
		ramp.Pix[p] = uint8(p / 3 % 18 * 4)
		if p/54 >= 9 {
			ramp.Pix[p] += 120
		}
	}
	l := of("pirl")
	side := l.shown.side
	dst := make([]float32, 4*side*side*3)
	orders := map[[4]int]bool{}
	for k := range 40 {
		l.shown.lay(dst, ramp, tensor.NewRNG(uint64(k)))
		var order [4]int
		seen := map[int]bool{}
		for i := range order { // the first pixel of a tile says from which cell it is
			v := int(math.Round((float64(dst[i*side*side*3])*0.5 + 0.5) * 255))
			order[i] = v / 120 * 2
			if v%120/4 >= 9 {
				order[i]++
			}
			seen[order[i]] = true
		}
		if len(seen) != 4 {
			t.Fatalf("tiles are of cells %v", order)
		}
		orders[order] = true
	}
	if len(orders) < 12 {
		t.Errorf("%d orders in 40 draws", len(orders))
	}
	l = of("pirl?transform=rotation")
	dst = make([]float32, 20*20*3)
	small := &data.Image{H: 20, W: 20, Pix: make([]uint8, 20*20*3)}
	small.Pix[0], small.Pix[1], small.Pix[2] = 255, 255, 255
	corners := map[int]int{}
	for k := range 40 {
		l.shown.lay(dst, small, tensor.NewRNG(uint64(k)))
		for _, c := range []int{0, 19, 19 * 20, 399} {
			if dst[c*3] > 0.9 {
				corners[c]++
			}
		}
	}
	if len(corners) != 4 {
		t.Errorf("the corner is turned to %v", corners)
	}
}

// TestSupConLabels: without labels there is nothing to learn; what is looked at needs none.
func TestSupConLabels(t *testing.T) {
	task, err := New("supcon")
	if err != nil {
		t.Fatal(err)
	}
	s := Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 2, layers.TrunkOptions{}), Side: 20, RNG: tensor.NewRNG(1), Inputs: data.Inputs{Images: sixPictures{}}}
	if _, err := task.Learner(s); err == nil || err.Error() != "task supcon learns from labels, and the data has none" {
		t.Errorf("without labels: %v", err)
	}
	l := ofSix(t, "supcon?hidden=6&out=2").(*supcon)
	step, tape := newTracedStep(), autograd.NewInference()
	unit := func(angles ...float64) *autograd.Var {
		var x []float32
		for _, a := range angles {
			x = append(x, float32(math.Cos(a)), float32(math.Sin(a)))
		}
		return tape.Input(tensor.From(x, len(angles), 2))
	}
	// pictures 1 and 3 are odd, 0 even and alone, 2 has no class: views of 1 find 3, those of 3 are nearer to 0
	l.find(step, [2]*autograd.Var{unit(2, 0, 3, 1.2), unit(2.1, 0.1, 3.1, 1.3)}, []int32{0, 1, 2, 3})
	if math.Abs(step.values["same_class"]-0.5) > 1e-9 || math.Abs(step.values["guessed_class"]-2.0/6) > 1e-9 {
		t.Errorf("told %v", step.values)
	}
}
