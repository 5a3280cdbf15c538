package pretext

import (
	"fmt"
	"math"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// bank remembers what was last said of each sample that is learned from (Wu, Xiong, Yu, Lin, "Unsupervised feature learning via non-parametric instance
// discrimination", CVPR 2018, arXiv 1805.01978, section 3.1): rows of unit length [samples D]; it begins with random ones.
type bank struct{ rows *tensor.Tensor }

// Recall is how a task finds a picture by what is remembered of all.
type Recall struct {
	Temperature float64 // that cosines are divided by, above 0
	Negatives   int     // remembered pictures that are drawn; of NPID, 0 means all
	Momentum    float64 // how much of what is remembered stays
	Loss        string  // nce or softmax
	Out         int     // values of an answer
	Views       Views
	Blur        string // auto: where the side is at least 64; yes; no
}

// recallOptions are its options, those of its views among them: papers differ in the temperature, in what they say of negatives, and in how often colours are jittered.
func recallOptions(temperature, negatives spec.Option, jitter string) []spec.Option {
	temperature.Name, negatives.Name, negatives.Default = "temperature", "negatives", "4096"
	return append([]spec.Option{temperature, negatives,
		{Name: "momentum", Default: "0.5", About: "how much of what is remembered stays"},
		{Name: "loss", Default: "nce", About: "which of two (nce), or which of all that were drawn (softmax)"},
		{Name: "out", Default: "128", About: "values of an answer"}}, viewOptionsOf("0.2", jitter, "no")...)
}

// recallOf reads them, at least so many negatives.
func recallOf(v Values, fewest int) Recall {
	r := Recall{Temperature: v.Float("temperature", leastTemperature, 100), Negatives: v.Int("negatives", fewest, 1<<20), Momentum: v.Float("momentum", 0, 0.9999),
		Loss: v.One("loss", "nce", "softmax"), Out: v.Int("out", 2, 1<<16)}
	r.Views, r.Blur = viewsOf(v)
	return r
}

// recallConfig is what such tasks' papers have, but for weight decay.
func recallConfig(decay float32) func(c *train.Config) {
	return func(c *train.Config) { c.Optimizer, c.LR, c.Momentum, c.WeightDecay = "sgd", 0.03, 0.9, decay }
}

// found returns the loss of finding the own of logits, as bank.recall has them, and tells how often it is found.
func (r Recall) found(s train.Step, logits *autograd.Var) *autograd.Var {
	own := make([]int32, logits.Shape()[0])
	s.Metric("accuracy", float64(tensor.CountRight(logits.Value, own)), float64(len(own)))
	if r.Loss == "nce" {
		return estimated(logits)
	}
	return autograd.CrossEntropy(logits, own)
}

// newBank returns the bank of a task, a Setting of this name in its state: of the samples of the setup's inputs, or as many as the run remembers
// that is loaded.
func (s Setup) newBank(task, name string, d int, samples interface{ Len() int }) (*bank, error) {
	n := 0
	switch kept := s.kept(name); {
	case samples != nil:
		n = samples.Len()
	case kept != nil && len(kept.Shape) == 2 && kept.Dim(1) == d:
		n = kept.Dim(0)
	}
	if n < 2 {
		return nil, fmt.Errorf("task %s remembers %s that it learns from, at least 2; the data has %s", task, Tell(task).Of, s.Inputs.Kinds())
	}
	return &bank{unitNormal(s.RNG, n, d)}, nil
}

// unitNormal returns random rows [N D] of unit length, evenly over all directions.
func unitNormal(rng *tensor.RNG, n, d int) *tensor.Tensor {
	x := rng.FillNormal(tensor.New(n, d), 0, 1)
	for i := range n {
		unitLength(x.Rows(i, i+1).Data)
	}
	return x
}

// Visit names the rows.
func (b *bank) Visit(prefix string, f func(layers.Param)) {
	layers.Value{Kind: layers.Setting, Value: b.rows}.Visit(prefix, f)
}

// fits says that the bank is of other samples than a data set has.
func (b *bank) fits(task string, n int) error {
	if n != b.rows.Dim(0) {
		return fmt.Errorf("task %s remembers %d %s; the data has %d", task, b.rows.Dim(0), Tell(task).Of, n)
	}
	return nil
}

// of returns the rows of some samples [N D].
func (b *bank) of(samples []int32) *tensor.Tensor {
	return autograd.Gather(autograd.Const(b.rows), samples).Value
}

// drawn draws that many samples, which may come twice.
func (b *bank) drawn(rng *tensor.RNG, n int) []int32 {
	out := make([]int32, n)
	for k := range out {
		out[k] = int32(rng.IntN(b.rows.Dim(0)))
	}
	return out
}

// apart is the logit of a sample that was drawn as another than itself, so that it counts for nothing.
const apart = -1e9

// recall returns logits [N 1+M]: the cosines over a temperature of z [N D], of unit length, with what is remembered of their own samples, first, and of
// those that were drawn, the same for all. Where a sample was drawn for itself it is apart.
func (b *bank) recall(z *autograd.Var, of, drawn []int32, temperature float64) *autograd.Var {
	n := len(of)
	self := tensor.New(n, 1+len(drawn))
	for i, sample := range of {
		for k, other := range drawn {
			if sample == other {
				self.Data[i*(1+len(drawn))+1+k] = apart
			}
		}
	}
	near := autograd.Reshape(autograd.SumAxis(autograd.Mul(z, autograd.Const(b.of(of))), 1), n, 1)
	logits := autograd.Scale(autograd.Concat(1, near, autograd.MatMulNT(z, autograd.Const(b.of(drawn)))), 1/float32(temperature))
	return autograd.Add(logits, autograd.Const(self))
}

// put registers that the rows of some samples move towards z [N D] after the step: momentum of them stays.
func (b *bank) put(s train.Step, of []int32, z *tensor.Tensor, momentum float64) {
	const split = 1 << 12 // so that numbers of samples are exact as float32
	numbers := tensor.New(len(of), 2)
	for i, sample := range of {
		numbers.Data[2*i], numbers.Data[2*i+1] = float32(sample/split), float32(sample%split)
	}
	all, said := make([]int32, 0, len(of)), append([]float32(nil), s.Rows(z).Data...)
	for n := s.Rows(numbers).Data; len(n) > 0; n = n[2:] {
		all = append(all, int32(n[0])*split+int32(n[1]))
	}
	s.After(func() {
		b.move(all, said, float32(momentum))
		tensor.Changed()
	})
}

// move moves the rows of some samples towards what was said of them [N D].
func (b *bank) move(of []int32, said []float32, momentum float32) {
	d := b.rows.Dim(1)
	for i, sample := range of {
		row := b.rows.Data[int(sample)*d:][:d]
		for k, v := range said[i*d : (i+1)*d] {
			row[k] = float32(momentum*row[k]) + float32((1-momentum)*v)
		}
		unitLength(row)
	}
}

// unitLength brings a vector to length 1; one of length 0 stays.
func unitLength(x []float32) {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	if sum == 0 {
		return
	}
	scale := 1 / math.Sqrt(sum)
	for k, v := range x {
		x[k] = float32(float64(v) * scale)
	}
}

// estimated is the loss of noise-contrastive estimation (Gutmann, Hyvärinen 2010, as in the paper of bank, section 3.2): whether a row is the sample's own
// or was drawn is said by h = P/(P + M/n), with P = exp(logit)/Z. It returns -log h of the own row and -log(1 - h) of each that was drawn (equation 7),
// summed, the mean over rows of logits [N 1+M] as bank.recall has them.
//
// Z is what each batch estimates (equation 8). The paper keeps what the first ones do, of a memory that is random yet. The fewer samples there are the
// sooner it is not: then P is wrong by factors of thousands, and all is pushed from all until nothing is left of it.
func estimated(logits *autograd.Var) *autograd.Var {
	n, m := logits.Shape()[0], logits.Shape()[1]-1
	most, sum := math.Inf(-1), 0.0
	for _, v := range logits.Value.Data {
		most = max(most, float64(v))
	}
	if t := logits.Tape(); t.AllRows(1) > 1 {
		for _, v := range t.Parts.Gather([]float32{float32(most)}) {
			most = max(most, float64(v))
		}
	}
	for _, v := range logits.Value.Data {
		sum += math.Exp(float64(v) - most)
	}
	own := tensor.New(n, m+1)
	for i := range n {
		own.Data[i*(m+1)] = 1
	}
	known := most + math.Log(logits.Tape().MeanOverParts(sum)/float64(logits.Value.Len())*float64(m)) // of Z·M/n
	return autograd.Scale(autograd.BCEWithLogits(autograd.AddScalar(logits, float32(-known)), own, autograd.LossOptions{Sum: true}), 1/float32(n))
}
