package data

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// TestMixTimm: with what timm drew, rows are mixed to its values, and the loss of both labels is that of its soft ones, to the gradient: testdata/mix.json, made by mix.py. What
// it mixes, the first with the last, are neighbours here.
func TestMixTimm(t *testing.T) {
	var cases []struct {
		Way                  string
		Drawn                []float64
		X, Targets, Gradient []float64
		Loss                 float64
	}
	golden.Load(t, "testdata/mix.json", &cases)
	order := []int{0, 5, 1, 4, 2, 3} // of timm's rows
	rows := func(x []float64, of []int) (y []float64) {
		for _, row := range of {
			y = append(y, x[row*len(x)/6:(row+1)*len(x)/6]...)
		}
		return y
	}
	filled := func(name string, scale float64, shape ...int) *tensor.Tensor {
		x, y := tensor.New(shape...), tensor.New(shape...)
		golden.Fill(x.Data, name, scale)
		for to, from := range order {
			tensor.Copy(y.Rows(to, to+1), x.Rows(from, from+1))
		}
		return y
	}
	labels := []int32{0, 0, 3, 2, 1, 1}
	near := func(what string, got []float32, want []float64) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("%s: %d values, timm's %d", what, len(got), len(want))
		}
		for i, v := range got {
			if !(math.Abs(float64(v)-want[i]) <= 1e-6) {
				t.Fatalf("%s: value %d is %g, timm's %g", what, i, v, want[i])
			}
		}
	}
	ways := map[string]int{}
	for _, c := range cases {
		x := filled("x", 1, 6, 7, 5, 3)
		own := c.Drawn[0]
		if c.Way == "mixup" {
			mixUp(x, own)
		} else {
			own = cutMix(x, own, int(c.Drawn[1]), int(c.Drawn[2]))
		}
		ways[c.Way]++
		near(c.Way, x.Data, rows(c.X, order))
		tape := autograd.NewTape(nil)
		logits := filled("logits", 2, 6, 4)
		y := tape.Param(logits)
		of := func(labels []int32, part float64) *autograd.Var {
			return autograd.Scale(autograd.CrossEntropySmooth(y, labels, 0.1, autograd.LossOptions{}), float32(part))
		}
		loss := autograd.Add(of(labels, own), of(Partners(labels), 1-own))
		near(c.Way+"'s loss", []float32{loss.Scalar()}, []float64{c.Loss})
		near(c.Way+"'s gradient", tape.Backward(loss).Of(logits).Data, rows(c.Gradient, order))
	}
	if ways["mixup"] != 2 || ways["cutmix"] != 6 {
		t.Errorf("the reference has %v", ways)
	}
}

// TestMixDraws: parts are of Beta(α, α), a last row without a neighbour stays, parts of a batch are mixed as the whole is, both ways take turns, frames of a film are cut alike; the same stream draws the same.
func TestMixDraws(t *testing.T) {
	const n = 4000
	for _, alpha := range []float64{0.2, 1, 8} {
		rng := tensor.NewRNG(3)
		sum, squares := 0.0, 0.0
		for range n {
			x := tensor.From([]float32{1, 0, 5}, 3, 1, 1, 1)
			own := Mix{Mixup: alpha}.Batch(x, rng)
			if x.Data[2] != 5 || !(math.Abs(float64(x.Data[0])-own) < 1e-6) || !(math.Abs(float64(x.Data[1])-(1-own)) < 1e-6) {
				t.Fatalf("part %g of rows 1, 0, 5: %v", own, x.Data)
			}
			sum += own
			squares += own * own
		}
		mean, want := sum/n, 1/(4*(2*alpha+1))
		if variance := squares/n - mean*mean; !(math.Abs(mean-0.5) < 0.02) || !(math.Abs(variance/want-1) < 0.06) {
			t.Errorf("Beta(%g): mean %g, variance %g, want 0.5 and %g", alpha, mean, variance, want)
		}
	}
	cut := 0
	rng, again := tensor.NewRNG(4), tensor.NewRNG(4)
	for range 400 {
		x := tensor.New(2, 3, 8, 8, 1) // two films of three frames, of 0 and 1
		x.Rows(1, 2).Fill(1)
		y := x.Clone()
		own := Mix{Mixup: 0.8, CutMix: 1}.Batch(x, rng)
		if Mix.Batch(Mix{Mixup: 0.8, CutMix: 1}, y, again) != own || !slices.Equal(x.Data, y.Data) {
			t.Fatal("the same stream mixes otherwise")
		}
		if !slices.Equal(x.Data[:64], x.Data[64:128]) || !slices.Equal(x.Data[:64], x.Data[128:192]) {
			t.Fatal("frames of a film are mixed differently")
		}
		here := float32(0)
		whole := true
		for _, v := range x.Data[:64] {
			here += v
			whole = whole && (v == 0 || v == 1)
		}
		if !(math.Abs(float64(here)/64-(1-own)) < 1e-5) {
			t.Fatalf("%g of a row is the other's, %g is said", here/64, 1-own)
		}
		if whole {
			cut++
		}
	}
	if cut < 160 || cut > 240 {
		t.Errorf("%d of 400 batches are cut", cut)
	}
	for _, m := range []Mix{{Mixup: 1}, {CutMix: 1}} {
		all, part := tensor.New(8, 4, 4, 2), tensor.New(8, 4, 4, 2)
		golden.Fill(all.Data, "parts", 1)
		copy(part.Data, all.Data)
		own := m.Batch(all, tensor.NewRNG(9))
		for at := 0; at < 8; at += 4 {
			if m.Batch(part.Rows(at, at+4), tensor.NewRNG(9)) != own {
				t.Error("parts of a batch draw otherwise")
			}
		}
		if own == 1 || !slices.Equal(part.Data, all.Data) {
			t.Errorf("%+v mixes parts of a batch otherwise than the whole", m)
		}
	}
	x := tensor.New(2, 1, 1, 1)
	if x.Data[1] = 3; (Mix{}).Batch(x, nil) != 1 || x.Data[0] != 0 {
		t.Error("nothing is to be mixed, and something is")
	}
	for range 50 {
		if own := (Mix{Mixup: 1e-9}).Batch(x, rng); !(own >= 0 && own <= 1) {
			t.Fatalf("next to no mixup has a part of %g", own)
		}
	}
	for _, m := range []Mix{{Mixup: -1}, {CutMix: 101}, {Mixup: math.NaN()}} {
		if err := m.Check(); err == nil || !strings.Contains(err.Error(), "want 0 for none, or at most 100") {
			t.Errorf("%+v: %v", m, err)
		}
	}
}
