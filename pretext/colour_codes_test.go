package pretext

import (
	"context"
	"math"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// TestCodesAreDiverse: where a picture may have one of two opposite colours whatever its lightness, the answers of vae and mdn are both of
// them, each over the whole picture, where those of squares are grey; the best of a few is near the truth.
func TestCodesAreDiverse(t *testing.T) {
	images := coloured{512, 16, func(i, _, _ int) (a, b float32) {
		if i%2 == 0 {
			return 24, -16
		}
		return -24, 16
	}}
	far := math.Hypot(24, 16)
	for _, loss := range []string{"vae", "mdn"} {
		c := newColourise(t, Colourise{Loss: loss, Code: 4, Width: 8}, 16, 4, images)
		cfg := train.Config{}
		colouriseAbout.Config(&cfg)
		cfg.Epochs, cfg.BatchSize, cfg.Side, cfg.LogEvery, cfg.MonitorEvery, cfg.CheckpointEvery, cfg.LR = 10, 16, 16, 1, -1, 1000, 3e-3
		dir := t.TempDir()
		r := train.Run{Dir: dir, Config: cfg, Learner: c, Data: &data.Dataset{Name: "two colours", Inputs: data.Inputs{Images: images}}}
		if _, err := r.Start(context.Background(), false); err != nil {
			t.Fatal(err)
		}
		got := curves(t, dir)
		for _, m := range c.Metrics() {
			if v, told := got[m.Name]; !told || math.IsNaN(v[len(v)-1]) {
				t.Errorf("%s: %s is declared and not told", loss, m.Name)
			}
		}
		last := func(name string) (m float64) {
			v := got[name]
			for _, x := range v[len(v)-16:] {
				m += x / 16
			}
			return m
		}
		t.Logf("%s: loss %.3f, error_best %.1f, others %.1f, grey %.1f, diversity %.1f, divergence %.1f", loss, last("loss"), last("error_best"), last("error_others"), last("error_grey"), last("diversity"), last("divergence"))
		if !(last("error_best") < far/2) || !(last("diversity") > far/2) {
			t.Errorf("%s: the best answer is %.1f off, answers differ by %.1f; grey is %.1f off", loss, last("error_best"), last("diversity"), far)
		}
		images.n = 8
		b := batchOf(t, c, images)
		features := c.Trunk.Forward(autograd.NewInference().Input(b.X)).Value
		n, ends, sides := 0, 0, map[bool]int{}
		for _, y := range c.answers(features, 8, tensor.NewRNG(4), nil) {
			for row := range 8 {
				along := 0.0 // the mean of the answer on the way from one colour, -1, to the other, 1
				for p := row * 32; p < (row+1)*32; p += 2 {
					along += (float64(y.Data[p])*24 - float64(y.Data[p+1])*16) / (far * far) / 16
				}
				n++
				if math.Abs(along) > 0.6 {
					ends++
				}
				sides[along > 0]++
			}
		}
		if ends < n*2/3 || sides[true] < n/8 || sides[false] < n/8 {
			t.Errorf("%s: of %d answers %d are one of the colours, %d to one side, %d to the other", loss, n, ends, sides[true], sides[false])
		}
		images.n = 512
	}
}

// TestCodesGradients: the autoencoder's loss reaches trunk, encoder and decoder, the mixture's the mixture alone.
func TestCodesGradients(t *testing.T) {
	images := coloured{4, 16, func(i, y, x int) (a, b float32) { return float32(i*10 - 20), float32(y) }}
	for _, loss := range []string{"vae", "mdn"} {
		c := newColourise(t, Colourise{Loss: loss, Code: 4}, 16, 4, images)
		s := newReached()
		c.step(s, batchOf(t, c, images))
		for _, part := range []layers.Stateful{c.Net, c.codes.encoder} {
			if n := s.among("loss", part); n[0] != n[1] || n[1] == 0 {
				t.Errorf("%s: the loss reaches %v", loss, n)
			}
		}
		if loss == "vae" {
			continue
		}
		if n := s.among("loss_mixture", c.codes.mixture); n[0] != n[1] || n[1] == 0 {
			t.Errorf("the mixture's loss reaches %v of it", n)
		}
		if n := s.among("loss", c.codes.mixture); n[0] != 0 {
			t.Errorf("the loss reaches %v of the mixture", n)
		}
		if n := s.among("loss_mixture", c.Net); n[0] != 0 {
			t.Errorf("the mixture's loss reaches %v of trunk and head", n)
		}
	}
}

// TestCodesLoss: the loss of vae and the mixture's by their formulas, in float64, from the nets' own outputs.
func TestCodesLoss(t *testing.T) {
	images := coloured{4, 16, func(i, y, x int) (a, b float32) {
		if i == 2 {
			return 0, 0
		}
		return float32(i*10 - 20), float32(y*2) - 16
	}}
	c := newColourise(t, Colourise{Loss: "mdn", Code: 4}, 16, 4, images)
	b := batchOf(t, c, images)
	s := newReached()
	s.values = map[string]float64{}
	losses := &lossStep{reached: s, losses: map[string]float64{}}
	c.step(losses, b)

	tape := autograd.NewTape(tensor.NewRNG(1))
	want := tensor.New(b.AB.Shape...)
	tensor.Scale(want, 1.0/abScale, b.AB)
	features := c.Trunk.Forward(tape.Input(b.X))
	code := c.codes.encoder.Forward(tape.Input(want)).Value
	rng := tensor.NewRNG(1)
	noise := rng.FillNormal(tensor.New(4, 4), 0, 1)
	z, mean := tensor.New(4, 4), tensor.New(4, 4)
	divergence := 0.0
	for row := range 4 {
		for i := range 4 {
			m, l := float64(code.Data[row*8+i]), float64(code.Data[row*8+4+i])
			mean.Data[row*4+i] = float32(m)
			z.Data[row*4+i] = float32(m + math.Exp(l/2)*float64(noise.Data[row*4+i]))
			if row != 2 {
				divergence += (m*m + math.Exp(l) - l - 1) / 2 / 3
			}
		}
	}
	y := c.decode(features, autograd.Const(z)).Value
	at := func(x *tensor.Tensor, row, r, q, k int) float64 { return float64(x.Data[((row*4+r)*4+q)*2+k]) }
	sum := 0.0
	for row := range 4 {
		for r := range 4 {
			for q := range 4 {
				for k := range 2 {
					d := func(r, q int) float64 { return at(y, row, r, q, k) - at(want, row, r, q, k) }
					if row == 2 {
						continue
					}
					sum += float64(b.Weight.Data[(row*4+r)*4+q]) * d(r, q) * d(r, q)
					if r > 0 {
						sum += 1e-3 * math.Pow(d(r, q)-d(r-1, q), 2)
					}
					if q > 0 {
						sum += 1e-3 * math.Pow(d(r, q)-d(r, q-1), 2)
					}
				}
			}
		}
	}
	// lossStep is half way through the run: the divergence counts in full
	if w := sum/2/48 + 0.01*divergence; math.Abs(losses.losses["loss"]/w-1) > 1e-4 {
		t.Errorf("the loss is %g, want %g", losses.losses["loss"], w)
	}
	out := c.codes.mixture.Forward(tape.Input(features.Value)).Value
	mixture := mixtureLoss(out, mean, 2)
	if math.Abs(losses.losses["loss_mixture"]/mixture-1) > 1e-4 {
		t.Errorf("the mixture's loss is %g, want %g", losses.losses["loss_mixture"], mixture)
	}
}

// mixtureLoss is the mixture's loss by its formula, for codes of four values; the picture of one row is grey.
func mixtureLoss(out, mean *tensor.Tensor, grey int) float64 {
	mixture := 0.0
	for row := range 4 {
		line := out.Data[row*8*5:][:40]
		most, near := math.Inf(1), 0
		for p := range 8 {
			d := 0.0
			for i := range 4 {
				d += math.Pow(float64(line[8+4*p+i]-mean.Data[4*row+i]), 2)
			}
			if d < most {
				most, near = d, p
			}
		}
		total := 0.0
		for p := range 8 {
			total += math.Exp(float64(line[p]))
		}
		if row != grey {
			mixture += (most/0.02 - math.Log(math.Exp(float64(line[near]))/total)) / 3
		}
	}
	return mixture
}

// lossStep writes down what each loss is, half way through a run.
type lossStep struct {
	*reached
	losses map[string]float64
}

func (s *lossStep) At() (int, int) { return 5, 10 }
func (s *lossStep) Minimise(name string, loss func(*autograd.Tape) *autograd.Var, groups ...string) {
	s.losses[name] = float64(loss(autograd.NewTape(tensor.NewRNG(1))).Scalar())
}
