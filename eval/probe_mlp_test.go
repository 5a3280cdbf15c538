package eval

import (
	"fmt"
	"math"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// TestMLPTorch: from the same weights it learns as PyTorch's, batch norm and the rate's steps included; testdata/mlp.py.
func TestMLPTorch(t *testing.T) {
	var want struct{ Losses, Answers []float64 }
	golden.Load(t, "testdata/mlp.json", &want)
	train, test := blobs(100, "train"), blobs(40, "test")
	mean, inv := standardisation(train.Grid)
	x, y := standardise(train.Grid, mean, inv), standardise(test.Grid, mean, inv)
	labels := make([]int32, 100)
	for i := range labels {
		labels[i] = int32(i % 5)
	}
	begin := func() layers.Sequential {
		net := newMLP(tensor.NewRNG(1), 12, 5)
		for _, c := range net {
			if l, ok := c.Module.(*layers.Linear); ok {
				golden.Fill(l.W.Data, c.Name, math.Sqrt(6/float64(l.W.Dim(1))))
			}
		}
		return net
	}
	p := Probe{Head: "mlp", Epochs: 20}.defaults()
	net := begin()
	if first := float64(autograd.CrossEntropy(net.Forward(autograd.NewTape(nil).Input(x)), labels).Scalar()); math.Abs(first-want.Losses[0]) > 1e-5*want.Losses[0] {
		t.Errorf("it begins with a loss of %g, PyTorch's with %g", first, want.Losses[0])
	}
	net = begin() // the first look moved the running statistics
	if err := p.trainMLP(ctx, net, x, labels, p.Decays[0]); err != nil {
		t.Fatal(err)
	}
	// rows come in another order than PyTorch's: a mean over the batch does not see it
	got := net.Forward(autograd.NewInference().Input(y)).Value
	for i, w := range want.Answers {
		if !(math.Abs(float64(got.Data[i])-w) <= 1e-3*(1+math.Abs(w))) {
			t.Fatalf("answer %d is %g, PyTorch's %g", i, got.Data[i], w)
		}
	}
}

// TestMLP: it tells apart what no hyperplane does, says how it learned, chooses a decay where there are several, and refuses options of another solver.
func TestMLP(t *testing.T) {
	ring := func(n int, seed uint64) Sample {
		rng, x, labels := tensor.NewRNG(seed), tensor.New(n, 2), make([]int, n)
		for i := range n {
			a, r := 2*math.Pi*float64(rng.Float32()), 1.0
			if labels[i] = i % 2; i%2 == 1 {
				r = 2.5
			}
			x.Data[2*i], x.Data[2*i+1] = float32(r*math.Cos(a)), float32(r*math.Sin(a))
		}
		return sampleOf(x, []string{"in", "out"}, labels)
	}
	train, test := ring(400, 1), ring(200, 2)
	flat, err := Probe{}.Judge(ctx, train, test)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Probe{Head: "mlp", Epochs: 10}.Judge(ctx, train, test)
	if err != nil || s.Value < 0.95 || flat.Value > 0.7 {
		t.Errorf("%g, linear %g, %v", s.Value, flat.Value, err)
	}
	for name, want := range map[string]any{"head": "mlp", "hidden": 40, "epochs": 10, "schedule": "steps at 35, 70, 85 %", "batch_size": 128, "solver": "sgd"} {
		if s.Settings[name] != want {
			t.Errorf("%s is %v, want %v", name, s.Settings[name], want)
		}
	}
	if s.Found["weight_decay"] != 5e-4 || s.Confusion == nil || s.Confusion.Counts[0][0]+s.Confusion.Counts[1][1] != int(math.Round(200*s.Value)) {
		t.Errorf("%v, %v", s.Found, s.Confusion)
	}
	if s, err = (Probe{Head: "mlp", Epochs: 5, Decays: []float64{1e4, 1e-4}}).Judge(ctx, train, test); err != nil || s.Found["weight_decay"] != 1e-4 {
		t.Errorf("it chose %v, %v", s.Found, err)
	}
	p, err := NewProtocol("probe?head=mlp")
	if err != nil || fmt.Sprintf("%+v", p.(Probe).defaults()) != fmt.Sprintf("%+v", Probe{Head: "mlp", LR: 0.1}.defaults()) {
		t.Errorf("%+v, %v", p, err)
	}
	for of, want := range map[string]string{"probe?head=mlp&solver=lbfgs": "an mlp is fitted by sgd", "probe?head=mlp&iterations=5": "an mlp is fitted by sgd, in epochs", "probe?head=deep": "head=deep, want linear or mlp"} {
		_, err := NewProtocol(of)
		wantError(t, err, want)
	}
	one := sampleOf(rows(1, 3), []string{"a"}, []int{0})
	_, err = Probe{Head: "mlp"}.Judge(ctx, one, one)
	wantError(t, err, "there is 1 sample to learn from, want at least 2")
	_, err = Probe{Head: "mlp", LR: 1e30}.Judge(ctx, train, test)
	wantError(t, err, "a smaller lr may help")
}
