package dense

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/tensor"
)

// HeatMaps predicts where joints are by a heat map of each (Tompson et al. 2014). The target is a Gaussian around the joint, and the loss a cross-entropy over
// the map's positions, as Mask R-CNN's key points (He et al. 2017, section 5), of the joints that are known: with it a head that says nothing has no reason to
// say zero everywhere. A joint is predicted at the likeliest position, moved to the mean of the probabilities around it. What is measured is that of
// eval.KeyPoints.
type HeatMaps struct {
	Size  string  // as eval.KeyPoints'
	Sigma float64 // standard deviation of a target, in sides of what is seen; 0 means 1/32
	Learning
}

const usualSigma = 1.0 / 32

// keyPointsKind is eval's with another head, so that places of joints are one protocol.
var keyPointsKind = func() eval.Kind {
	k := eval.KeyPointsKind
	linear := k.Make
	k.About += "; head=heatmap by heat maps"
	k.Options = append(slices.Clone(k.Options),
		spec.Option{Name: "head", Default: "linear", About: "linear: to the coordinates; heatmap: a heat map of each joint on every stage's map, linear; dilated: the same behind two 3x3 convolutions of dilation 2"},
		spec.Option{Name: "sigma", Default: "0.03125", About: "with heat maps: deviation of a target, in sides of what is seen"},
		spec.Option{Name: "updates", Default: "600", About: "with heat maps: of AdamW, rounded up to whole epochs; lr is 0.01, with tune 0.001"})
	k.Make = func(v *spec.Values) eval.Protocol {
		head := v.One("head", "linear", "heatmap", "dilated")
		for name, linear := range map[string]bool{"decays": true, "iterations": true, "epochs": true, "sigma": false, "updates": false} {
			if v.Given(name) && linear != (head == "linear") {
				v.Fail("option %s does not go with head=%s", name, head)
			}
		}
		if head == "linear" {
			return linear(v)
		}
		p := HeatMaps{Sigma: v.Float("sigma", 0.005, 0.25), Learning: newLearning(v)}
		p.Dilated = head == "dilated"
		if v.Given("size") {
			p.Size = v.One("size", "torso", "box")
		}
		return p
	}
	return k
}()

// Name returns keypoints.
func (p HeatMaps) Name() string { return eval.KeyPointsKind.Name }

// Needs says what samples lack.
func (p HeatMaps) Needs(train, test *data.Dataset) error { return eval.KeyPoints{}.Needs(train, test) }

// Tune lets heads learn heat maps, and judges the places of joints on the test samples.
func (p HeatMaps) Tune(ctx context.Context, e *eval.TrunkEncoder, train, test *data.Dataset, o eval.Options) ([]eval.Score, error) {
	began := time.Now()
	if p.Learning = p.filled(); p.Sigma == 0 {
		p.Sigma = usualSigma
	}
	all := eval.Sample{Truth: train.Truth}
	for i := range train.Len() {
		all.Index = append(all.Index, i)
	}
	want, err := all.Pose(nil)
	if err != nil {
		return nil, err
	}
	index, err := withJoints(want, train, o)
	if err != nil {
		return nil, err
	}
	h, err := p.newHeads(e, train.Inputs, len(want.Names), o)
	if err != nil {
		return nil, err
	}
	h.prior = p.prior(want, h.fine)
	draws := uint64(0)
	updates, err := h.fit(ctx, train.Inputs.Subset(index), o, func(x *tensor.Tensor, rows []int, mirrored []bool) func(y *autograd.Var) *autograd.Var {
		of := make([]int, len(rows))
		for row, k := range rows {
			of[row] = index[k]
		}
		rng := tensor.NewRNG(p.Seed).Derive(stream.Head, stream.Sample, draws)
		draws++
		target, known := p.varied(x, want, of, mirrored, h.fine, rng)
		return func(y *autograd.Var) *autograd.Var {
			s := y.Shape()
			y = autograd.Reshape(autograd.Permute(y, 0, 3, 1, 2), s[0], s[3], s[1]*s[2])
			return autograd.CrossEntropySoft(y, target, autograd.LossOptions{Weight: known})
		}
	})
	if err != nil {
		return nil, err
	}
	got, sure, held, err := p.places(ctx, h, test, o)
	if err != nil {
		return nil, err
	}
	truth, err := held.Pose(want.Names)
	if err != nil {
		return nil, err
	}
	blind := make([]float32, 2*len(want.Names))
	likeliest(blind, h.prior.Data, h.fine, p.Sigma)
	var each [][]eval.Score
	for k := range h.all {
		like := h.like(k, len(index), updates)
		like.Settings = p.settings()
		like.Settings["augment"] = "mirror, turned up to 40 degrees, 1/1.25 to 1.25 times as large, shifted up to an eighth"
		like.Settings["sigma"], like.Seconds = p.Sigma, time.Since(began).Seconds()
		if like.Settings["head"] = "heatmap"; p.Dilated {
			like.Settings["head"] = "heatmap, dilated"
		}
		some, err := eval.KeyPoints{Size: p.Size}.Judged(ctx, held, truth, eval.Guess{At: got[k], Sure: sure[k], Trivial: blind, Predictor: "likeliest place"}, like, o)
		if err != nil {
			return nil, err
		}
		each = append(each, some)
	}
	var out []eval.Score // measure by measure
	best := 0
	for m := range each[0] {
		for k := range each {
			out = append(out, each[k][m])
			if m == 0 && each[k][m].Value > each[best][m].Value {
				best = k
			}
		}
	}
	return out, drawJoints(h, best, test, held, truth, got[best], o)
}

// withJoints returns the training samples of which a joint is known and seen; what is left out is said.
func withJoints(want *eval.Posed, train *data.Dataset, o eval.Options) (index []int, err error) {
	for i := range train.Len() {
		if slices.Max(want.Known.Rows(i, i+1).Data) > 0 {
			index = append(index, i)
		}
	}
	if len(index) == 0 {
		return nil, fmt.Errorf("no joint of the training samples is known and seen")
	}
	if n := train.Len() - len(index); n > 0 && o.Say != nil {
		o.Say(fmt.Sprintf("%s: of %d of %d training samples no joint is known and seen; these are left out", train.Name, n, train.Len()))
	}
	return index, nil
}

// varied warps pictures x [N S S 3] of the samples, some of which are mirrored, and returns what maps are to show, [N joints side·side], left and right exchanged where they
// are mirrored, and of which joints, [N joints 1]: one that is warped out of what is seen is not known.
func (p HeatMaps) varied(x *tensor.Tensor, want *eval.Posed, samples []int, mirrored []bool, side int, rng *tensor.RNG) (target, known *tensor.Tensor) {
	how := make([]warp, len(samples))
	for row := range how {
		how[row] = newWarp(rng)
	}
	warped(x, how)
	joints, twin := len(want.Names), want.Mirrored()
	target, known = tensor.New(len(samples), joints, side*side), tensor.New(len(samples), joints, 1)
	for row, i := range samples {
		for j := range joints {
			from, to := (i*joints+j)*2, row*joints+j
			x, y := float64(want.At.Data[from]), float64(want.At.Data[from+1])
			if mirrored[row] {
				x, to = -x, row*joints+twin[j]
			}
			x, y = how[row].to(x, y)
			if want.Known.Data[from] > 0 && math.Abs(x) <= 0.5 && math.Abs(y) <= 0.5 {
				known.Data[to] = 1
				gaussian(target.Data[to*side*side:(to+1)*side*side], side, x, y, p.Sigma)
			}
		}
	}
	return target, known
}

// prior returns the logarithm of the mean target of each joint, [1 side side joints], of the training samples and of their mirrors.
func (p HeatMaps) prior(want *eval.Posed, side int) *tensor.Tensor {
	joints, twin := len(want.Names), want.Mirrored()
	sum, n := make([]float64, side*side*joints), make([]float64, joints)
	one := make([]float32, side*side)
	for i := range want.At.Dim(0) {
		for j := range joints {
			from := (i*joints + j) * 2
			if want.Known.Data[from] == 0 {
				continue
			}
			x, y := float64(want.At.Data[from]), float64(want.At.Data[from+1])
			for _, at := range []struct {
				j int
				x float64
			}{{j, x}, {twin[j], -x}} {
				gaussian(one, side, at.x, y, p.Sigma)
				n[at.j]++
				for k, v := range one {
					sum[k*joints+at.j] += float64(v)
				}
			}
		}
	}
	out := tensor.New(1, side, side, joints)
	for k := range out.Data {
		j := k % joints
		out.Data[k] = float32(math.Log((sum[k] + doubt/float64(side*side)) / (n[j] + doubt)))
	}
	return out
}

// gaussian sets a map of side by side positions to a Gaussian around a place, in sides from the middle, whose values sum to 1.
func gaussian(to []float32, side int, x, y, sigma float64) {
	of := func(at float64) []float64 {
		out := make([]float64, side)
		for k := range out {
			d := (float64(k)+0.5)/float64(side) - 0.5 - at
			out[k] = math.Exp(-d * d / (2 * sigma * sigma))
		}
		return out
	}
	gx, gy := of(x), of(y)
	sx, sy := 0.0, 0.0
	for k := range side {
		sx, sy = sx+gx[k], sy+gy[k]
	}
	for r := range side {
		for c := range side {
			to[r*side+c] = float32(gy[r] * gx[c] / (sx * sy))
		}
	}
}

// places returns where each head says that the test samples' joints are, [N 2J] in sides from the middle, how sure it is of each sample, and of which samples.
func (p HeatMaps) places(ctx context.Context, h *heads, test *data.Dataset, o eval.Options) ([]*tensor.Tensor, [][]float64, eval.Sample, error) {
	held := eval.Sample{Truth: test.Truth}
	all, sure := make([][]float32, len(h.all)), make([][]float64, len(h.all))
	joints := 0
	prior := h.priorAt(h.fine)
	err := h.each(ctx, test.Inputs, o, func(index []int, y []*tensor.Tensor) error {
		held.Index = append(held.Index, index...)
		for k := range y {
			joints = y[k].Dim(3)
			some, of := make([]float32, len(index)*joints*2), make([]float64, len(index))
			parallel.For(len(index), func(row int) {
				of[row] = likeliest(some[row*joints*2:(row+1)*joints*2], at(y[k], row, prior).Data, h.fine, p.Sigma)
			})
			all[k], sure[k] = append(all[k], some...), append(sure[k], of...)
		}
		return nil
	})
	if err == nil && len(held.Index) == 0 {
		err = fmt.Errorf("none of the %d test samples could be read", test.Len())
	}
	var out []*tensor.Tensor
	for k := range all {
		if err == nil {
			out = append(out, tensor.From(all[k], len(held.Index), 2*joints))
		}
	}
	return out, sure, held, err
}

// likeliest sets to, x y of each joint in sides from the middle, to where the maps y [side side joints] are largest, moved to the mean of the exponentials
// within two deviations of a target: finer than a map's positions. It returns the mean over the joints of the probability there.
func likeliest(to, y []float32, side int, sigma float64) (sure float64) {
	joints := len(to) / 2
	reach := max(1, int(math.Round(2*sigma*float64(side))))
	for j := range joints {
		best, r, c := float32(math.Inf(-1)), 0, 0
		for p := range side * side {
			if v := y[p*joints+j]; v > best {
				best, r, c = v, p/side, p%side
			}
		}
		sum, sx, sy := 0.0, 0.0, 0.0
		for a := max(0, r-reach); a <= min(side-1, r+reach); a++ {
			for b := max(0, c-reach); b <= min(side-1, c+reach); b++ {
				w := math.Exp(float64(y[(a*side+b)*joints+j] - best))
				sum, sx, sy = sum+w, sx+w*(float64(b)+0.5), sy+w*(float64(a)+0.5)
			}
		}
		all := 0.0
		for p := range side * side {
			all += math.Exp(float64(y[p*joints+j] - best))
		}
		sure += sum / all / float64(joints)
		to[2*j], to[2*j+1] = float32(sx/sum/float64(side)-0.5), float32(sy/sum/float64(side)-0.5)
	}
	return sure
}
