package pretext

import (
	"fmt"
	"math"
	"slices"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// codes are what colours are drawn from in the losses vae and mdn (Deshpande, Lu, Yeh, Chong, Forsyth, "Learning diverse image
// colorization", CVPR 2017): a picture's colours are one point of a low-dimensional space, and its neighbours there are other colourings,
// whole ones: places of a picture agree with each other, which they do not where each place draws for itself.
//
// A variational autoencoder: an encoder sees the true colours and says mean and log-variance of a code, the decoder sees the trunk's features
// of the grey picture, with the code at every place, and says the colours. Its loss: half the squared error as of l2, rare colours
// rebalanced, and a thousandth of half the squared error of the differences between neighbours, where all colours count the same, and the divergence of the code from a standard normal
// (equations 1 to 5), which comes in over the first half of a run up to 0.01. The paper's projections on principal components are left out.
// Asked for several answers, vae decodes codes drawn from the standard normal.
//
// mdn draws them from what the grey picture makes likely: a mixture of 8 Gaussians of deviation 0.1, told by a small net on the pooled
// features; its loss is the one of the nearest Gaussian to the encoder's code alone (equation 8). It learns beside the autoencoder and
// changes nothing of it. Answers are the means, the likeliest first; when there are no more, they come again with noise.
//
// Metrics: error_best is the error of the best of 4 answers for a picture. Several tries flatter, so it is seen against error_others: the
// best of the colours of 4 other pictures of the batch. diversity is the deviation of the answers from each other, root of the mean over
// places. The others, such as error, are of the first answer.
type codes struct {
	size    int               // of a code
	encoder layers.Sequential // [N O O 2] -> [N 2·size], mean and log-variance
	mixture layers.Sequential // [N h w C] -> [N parts + parts·size], logits and means; nil for vae
}

const (
	mixtureParts    = 8
	mixtureStd      = 0.1
	mixtureHidden   = 256
	divergenceScale = 0.01 // of the divergence, at its full weight
	gradientScale   = 1e-3 // of the error of differences
	answersTold     = 4    // how many error_best has
)

// newCodes returns encoder and mixture for colours of side by side places and features of so many channels.
func newCodes(rng *tensor.RNG, loss string, size, width, side, channels int) *codes {
	k := &codes{size: size}
	in, out := 2, max(8, width/4)
	for side > 4 {
		side = (side + 1) / 2
		k.encoder = named(k.encoder, fmt.Sprint("down", side), layers.NewConv2D(rng, in, out, 3, layers.ConvOptions{Stride: 2, Pad: 1, NoBias: true}), layers.NewBatchNormReLU(out))
		in, out = out, min(2*out, width)
	}
	k.encoder = append(k.encoder, layers.Child{Name: "flatten", Module: layers.Flatten})
	k.encoder = append(k.encoder, plainNorm("hidden", rng, side*side*in, width)...)
	k.encoder = append(k.encoder, layers.Child{Name: "code", Module: layers.NewLinear(rng, width, 2*size, layers.LinearOptions{})})
	if loss == "mdn" {
		k.mixture = append(layers.Sequential{{Name: "pool", Module: layers.Pool}}, plainNorm("hidden", rng, channels, mixtureHidden)...)
		k.mixture = append(k.mixture, layers.Child{Name: "fc", Module: layers.NewLinear(rng, mixtureHidden, mixtureParts*(1+size), layers.LinearOptions{})})
	}
	return k
}

// Visit names encoder and mixture.
func (k *codes) Visit(prefix string, f func(layers.Param)) {
	layers.Parts{{Name: "encoder", Stateful: k.encoder}}.Visit(prefix, f)
	if k.mixture != nil {
		layers.Parts{{Name: "mixture", Stateful: k.mixture}}.Visit(prefix, f)
	}
}

func (k *codes) metrics() []metric.Metric {
	ms := []metric.Metric{metric.Loss(), {Name: "error_best", Unit: "ab", Predictor: "others", Versus: "error_others"}, {Name: "error_others", Unit: "ab"},
		{Name: "diversity", Unit: "ab", Higher: true}, {Name: "divergence", Unit: "nats"}}
	if k.mixture != nil {
		ms = append(ms, metric.Metric{Name: "loss_mixture"})
	}
	return ms
}

// decode says colours over abScale, [N H W 2], from features [N h w C] and codes [N size].
func (c *colourise) decode(features, code *autograd.Var) *autograd.Var {
	s := features.Shape()
	n, size := s[0], c.codes.size
	everywhere := autograd.Broadcast(autograd.Reshape(code, n, 1, 1, size), n, s[1], s[2], size)
	return within("head", c.Head, autograd.Concat(3, features, everywhere))
}

// codeStep is a step of vae and mdn.
func (c *colourise) codeStep(s train.Step, b *colourless, pixels int) {
	k, n := c.codes, len(b.Colour)
	want := tensor.New(b.AB.Shape...)
	tensor.Scale(want, 1.0/abScale, b.AB)
	coloured, mask := 0, tensor.New(n, 1)
	for row, colour := range b.Colour {
		if colour {
			mask.Data[row] = 1
			coloured++
		}
	}
	update, of := s.At()
	rise := divergenceScale * float32(min(1, 2*float64(update)/float64(max(1, of))))
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		features := within("trunk", c.Trunk, t.Input(b.X))
		code := within("encoder", k.encoder, t.Input(want))
		mean, log := autograd.Slice(code, 1, 0, k.size, 1), autograd.Slice(code, 1, k.size, k.size, 1)
		noise := s.RNG().FillNormal(tensor.New(t.AllRows(n), k.size), 0, 1)
		own := noise.Rows(t.FirstRow(n), t.FirstRow(n)+n)
		drawn := autograd.Add(mean, autograd.Mul(autograd.Exp(autograd.Scale(log, 0.5)), autograd.Const(own)))
		y := c.decode(features, drawn)
		if k.mixture != nil {
			k.learnMixture(s, features.Value, mean.Value, mask, coloured)
		}
		c.tellCodes(s, b, features.Value, t)
		pictures := meanCount(t, coloured)
		// ½(μ² + σ² - log σ² - 1), summed over a code, the mean over pictures with colour
		each := autograd.AddScalar(autograd.Sub(autograd.Add(autograd.Mul(mean, mean), autograd.Exp(log)), log), -1)
		divergence := autograd.Scale(autograd.Sum(autograd.Mul(each, autograd.Const(mask))), 0.5/pictures)
		s.Metric("divergence", float64(divergence.Scalar())*float64(pictures), float64(coloured))
		per := 1 / meanCount(t, pixels)
		loss := autograd.Scale(autograd.L2(y, want, autograd.LossOptions{Weight: b.Weight, Sum: true}), per/2)
		loss = autograd.Add(loss, autograd.Scale(divergence, rise))
		for axis := 1; axis <= 2 && c.out > 1; axis++ {
			loss = autograd.Add(loss, autograd.Scale(differences(y, want, mask, axis), gradientScale*per/2))
		}
		return loss
	})
}

// differences is the summed squared error of the differences between neighbours along an axis, of pictures with colour.
func differences(y *autograd.Var, want, mask *tensor.Tensor, axis int) *autograd.Var {
	along := func(x *autograd.Var) *autograd.Var {
		n := x.Shape()[axis] - 1
		return autograd.Sub(autograd.Slice(x, axis, 1, n, 1), autograd.Slice(x, axis, 0, n, 1))
	}
	dy := along(y)
	s := dy.Shape()
	weight := tensor.New(s[0], s[1], s[2], 1)
	for i := range weight.Data {
		weight.Data[i] = mask.Data[i/(s[1]*s[2])]
	}
	return autograd.L2(dy, along(autograd.Const(want)).Value, autograd.LossOptions{Weight: weight, Sum: true})
}

// learnMixture has the mixture say the encoder's codes [N size] from features that it does not change.
func (k *codes) learnMixture(s train.Step, features, code, mask *tensor.Tensor, coloured int) {
	s.Minimise("loss_mixture", func(t *autograd.Tape) *autograd.Var {
		out := within("mixture", k.mixture, t.Input(features))
		n := out.Shape()[0]
		logits, means := autograd.Slice(out, 1, 0, mixtureParts, 1), autograd.Slice(out, 1, mixtureParts, mixtureParts*k.size, 1)
		nearest, rows := make([]int32, n), make([]int32, n)
		for row := range n {
			best, z := math.Inf(1), code.Data[row*k.size:][:k.size]
			for p := range mixtureParts {
				d := 0.0
				for i, v := range means.Value.Data[(row*mixtureParts+p)*k.size:][:k.size] {
					d += float64(v-z[i]) * float64(v-z[i])
				}
				if d < best {
					best, nearest[row] = d, int32(p)
				}
			}
			rows[row] = int32(row*mixtureParts) + nearest[row]
			if mask.Data[row] == 0 {
				nearest[row] = -1
			}
		}
		chosen := autograd.Gather(autograd.Reshape(means, n*mixtureParts, k.size), rows)
		squares := autograd.L2(chosen, code, autograd.LossOptions{Weight: mask, Sum: true})
		return autograd.Add(autograd.Scale(squares, 1/(2*mixtureStd*mixtureStd*meanCount(t, coloured))), autograd.CrossEntropy(logits, nearest))
	})
}

// draws returns, for each of so many answers, a code for each picture whose features are given, [N size]: of the batch that t has a part of, if it has one, the part's.
func (k *codes) draws(features *tensor.Tensor, answers int, rng *tensor.RNG, t *autograd.Tape) []*tensor.Tensor {
	n := features.Shape[0]
	out := make([]*tensor.Tensor, answers)
	for i := range out {
		out[i] = rng.FillNormal(tensor.New(t.AllRows(n), k.size), 0, 1).Rows(t.FirstRow(n), t.FirstRow(n)+n)
	}
	if k.mixture == nil {
		return out
	}
	said := k.mixture.Forward(autograd.NewInference().Input(features)).Value
	for row := range n {
		line := said.Data[row*mixtureParts*(1+k.size):][:mixtureParts*(1+k.size)]
		order := make([]int, mixtureParts)
		for p := range order {
			order[p] = p
		}
		slices.SortStableFunc(order, func(p, q int) int {
			switch {
			case line[p] > line[q]:
				return -1
			case line[p] < line[q]:
				return 1
			}
			return 0
		})
		for i, z := range out {
			noise := z.Data[row*k.size:][:k.size]
			scale := float32(mixtureStd)
			if i < mixtureParts {
				scale = 0
			}
			simd.Scale(noise, scale, noise)
			simd.Add(noise, noise, line[mixtureParts+order[i%mixtureParts]*k.size:][:k.size])
		}
	}
	return out
}

// answers returns so many colourings of the pictures whose features are given, [N H W 2] each; t may be nil, see draws.
func (c *colourise) answers(features *tensor.Tensor, n int, rng *tensor.RNG, t *autograd.Tape) []*tensor.Tensor {
	out := make([]*tensor.Tensor, n)
	tape := autograd.NewInference()
	for i, z := range c.codes.draws(features, n, rng, t) {
		y := c.decode(tape.Input(features), tape.Input(z)).Value
		out[i] = tensor.New(y.Shape...)
		tensor.Scale(out[i], abScale, y)
		tape.Reset()
	}
	return out
}

// tellCodes tells how good the answers of a batch are.
func (c *colourise) tellCodes(s train.Step, b *colourless, features *tensor.Tensor, t *autograd.Tape) {
	said := c.answers(features, answersTold, s.RNG(), t)
	copy(b.answer, said[0].Data)
	c.tell(s, b)
	each, n := c.out*c.out*2, len(b.Colour)
	var best, others, diversity, count, compared float64
	for row, colour := range b.Colour {
		if !colour {
			continue
		}
		truth, low, other := b.AB.Data[row*each:][:each], math.Inf(1), math.Inf(1)
		for _, y := range said {
			low = min(low, rootMeanSquare(y.Data[row*each:][:each], truth))
		}
		for i, tries := 1, 0; i < n && tries < answersTold; i++ {
			if o := (row + i) % n; b.Colour[o] {
				other = min(other, rootMeanSquare(b.AB.Data[o*each:][:each], truth))
				tries++
			}
		}
		best, count = best+low, count+1
		diversity += spread(said, row*each, each)
		if !math.IsInf(other, 1) {
			others, compared = others+other, compared+1
		}
	}
	s.Metric("error_best", best, count)
	s.Metric("diversity", diversity, count)
	s.Metric("error_others", others, compared)
}

// spread is the root of the mean variance of answers, over a picture's values from a place on.
func spread(said []*tensor.Tensor, from, n int) float64 {
	sum := 0.0
	for i := from; i < from+n; i++ {
		mean, squares := 0.0, 0.0
		for _, y := range said {
			mean += float64(y.Data[i]) / float64(len(said))
		}
		for _, y := range said {
			d := float64(y.Data[i]) - mean
			squares += float64(d * d)
		}
		sum += squares / float64(len(said))
	}
	return math.Sqrt(2 * sum / float64(n))
}
