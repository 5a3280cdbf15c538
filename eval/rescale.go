package eval

import (
	"fmt"
	"math"
	"strings"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// What the data is asked with: batches that scales are estimated on, and passes that the running statistics of norms are made anew with.
const rescaleBatches, rescalePasses = 10, 50

// normed is a convolution and the batch norm behind it.
type normed struct {
	name                   string
	w                      *tensor.Tensor // [... I O]
	gamma, beta, mean, dev *tensor.Tensor // [O] each; dev is the running variance
}

// normedOf returns a trunk's convolutions, each with the batch norm behind it.
func normedOf(t *layers.Trunk) ([]normed, error) {
	var out []normed
	state := layers.State(t)
	for i := 0; i < len(state); i++ {
		p := state[i]
		stem := strings.TrimSuffix(p.Name, ".weight")
		if p.Kind != layers.Weight || i+4 >= len(state) || state[i+1].Kind != layers.Vector || !strings.HasSuffix(state[i+3].Name, ".running_mean") {
			return nil, fmt.Errorf("rescale=yes is of trunks with a batch norm behind each convolution; behind %s of %s there is none", stem, t.Name)
		}
		out = append(out, normed{stem, p.Value, state[i+1].Value, state[i+2].Value, state[i+3].Value, state[i+4].Value})
		i += 5 // the last is how many batches the statistics have seen
	}
	return out, nil
}

// rescale gives weights that were learned elsewhere the scales of a network that begins, after Krähenbühl, Doersch, Donahue, Darrell, "Data-dependent
// initializations of convolutional neural networks", ICLR 2016. Directions of filters stay; what changes is how large they are and how fast they learn.
//
// Within a layer (algorithm 1) each output channel gets mean 0 and variance 1 over the data, before the nonlinearity. Where a batch norm stands behind a convolution that
// is a norm of scale 1 and shift 0; in the head, weights are divided by the deviation and the bias takes the mean away.
//
// Between layers (algorithm 2) all weights are to change at one rate: with a random cost ℓ, the sum of the outputs each times a number from N(0, 1),
// C² = E[(∂ℓ/∂w)²] / E[w²] is to be the same for each layer. The paper scales a layer by r and the one above by 1/r until it is. Behind a convolution the
// batch norm undoes r by itself: the outputs stay, C falls by r², and one step is enough: r = √(C/C of the head), which keeps its scale and so that of the
// outputs. With the rates of adam and adamw, which do not go with gradients' sizes, it means less than with sgd.
func rescale(n *layers.Net, l *data.Loader[shown], seed uint64) error {
	convs, err := normedOf(n.Trunk)
	if err != nil {
		return err
	}
	head := layers.State(n.Head)
	if len(head) != 2 || head[0].Kind != layers.Weight || len(head[0].Value.Shape) != 2 {
		return fmt.Errorf("rescale=yes is of heads of one linear layer with a bias")
	}
	for _, c := range convs {
		c.gamma.Fill(1)
		c.beta.Fill(0)
	}
	rng := tensor.NewRNG(seed).Derive(stream.Rescale)
	tape := autograd.NewTape(rng)
	if err := withinHead(n, head[0].Value, head[1].Value, l, tape); err != nil {
		return err
	}
	squares := map[*tensor.Tensor]float64{}
	weights := []*tensor.Tensor{head[0].Value}
	for _, c := range convs {
		weights = append(weights, c.w)
	}
	err = someBatches(l, rescaleBatches, func(b *shown) {
		y := n.Forward(tape.Input(b.x))
		dy := tensor.New(y.Shape()...)
		for i := range dy.Data {
			dy.Data[i] = rng.Normal()
		}
		g := tape.BackwardFrom(y, dy)
		for _, w := range weights {
			squares[w] += tensor.SumSquares(g.Of(w))
		}
		tape.Reset()
	})
	if err != nil {
		return err
	}
	rate := func(w *tensor.Tensor) float64 { return math.Sqrt(squares[w] / tensor.SumSquares(w)) }
	for _, c := range convs {
		r := float32(math.Sqrt(rate(c.w) / rate(weights[0])))
		if !(r > 0) || math.IsInf(float64(r), 0) {
			return fmt.Errorf("rescale=yes: the gradient of %s is %g times its weights, the head's %g: there is no scale between", c.name, rate(c.w), rate(weights[0]))
		}
		tensor.Scale(c.w, r, c.w)
		c.mean.Fill(0)
		c.dev.Fill(1)
	}
	tensor.Changed()
	return someBatches(l, rescalePasses, func(b *shown) {
		tape.NoGrad(func() { n.Forward(tape.Input(b.x)) })
		tape.Reset()
	})
}

// withinHead gives each output of the head mean 0 and variance 1.
func withinHead(n *layers.Net, w, b *tensor.Tensor, l *data.Loader[shown], tape *autograd.Tape) error {
	outs := w.Dim(1)
	sum, squares, count := make([]float64, outs), make([]float64, outs), 0.0
	err := someBatches(l, rescaleBatches, func(s *shown) {
		tape.NoGrad(func() {
			for i, v := range n.Forward(tape.Input(s.x)).Value.Data {
				sum[i%outs] += float64(v)
				squares[i%outs] += float64(v) * float64(v)
			}
		})
		count += float64(s.x.Dim(0))
		tape.Reset()
	})
	if err != nil {
		return err
	}
	for j := range outs {
		mean := sum[j] / count
		dev := math.Sqrt(max(0, squares[j]/count-mean*mean))
		if dev < 1e-6 {
			return fmt.Errorf("rescale=yes: output %d of the head is the same for all samples", j)
		}
		for i := j; i < len(w.Data); i += outs {
			w.Data[i] = float32(float64(w.Data[i]) / dev)
		}
		b.Data[j] = float32((float64(b.Data[j]) - mean) / dev)
	}
	tensor.Changed()
	return nil
}

// someBatches calls f with so many batches, of several epochs where one has not enough.
func someBatches(l *data.Loader[shown], n int, f func(b *shown)) error {
	for epoch := 0; n > 0; epoch++ {
		for b := range l.Epoch(epoch, 0) {
			if f(b); n == 1 {
				return nil
			}
			n--
		}
		if err := l.Err(); err != nil {
			return err
		}
	}
	return nil
}
