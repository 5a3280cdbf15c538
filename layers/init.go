package layers

import (
	"fmt"
	"math"
	"strings"

	"github.com/tessera-go/tessera/tensor"
)

// fans returns how many inputs an output sees, and how many outputs an input feeds, of a weight [I O], [KH KW I O] or [KT KH KW I O].
func fans(w *tensor.Tensor) (in, out int) {
	n := len(w.Shape)
	k := tensor.Size(w.Shape[:n-2])
	return k * w.Shape[n-2], k * w.Shape[n-1]
}

// KaimingNormal fills w with N(0, 2/fanOut) (He et al. 2015, equation 14), the residual networks' initialisation; for a
// convolution without groups fanOut is k²·out.
func KaimingNormal(rng *tensor.RNG, w *tensor.Tensor) {
	_, out := fans(w)
	rng.FillNormal(w, 0, float32(math.Sqrt(2/float64(out))))
}

// KaimingNormalFanIn fills w with N(0, 2/fanIn) (He et al. 2015, equation 10).
func KaimingNormalFanIn(rng *tensor.RNG, w *tensor.Tensor) {
	in, _ := fans(w)
	rng.FillNormal(w, 0, float32(math.Sqrt(2/float64(in))))
}

// KaimingUniform fills w uniformly in ±1/√fanIn: what PyTorch's layers do (kaiming_uniform with a = √5).
func KaimingUniform(rng *tensor.RNG, w *tensor.Tensor) {
	in, _ := fans(w)
	FanInUniform(rng, w, in)
}

// FanInUniform fills t uniformly in ±1/√fanIn.
func FanInUniform(rng *tensor.RNG, t *tensor.Tensor, fanIn int) {
	b := float32(1 / math.Sqrt(float64(max(fanIn, 1))))
	rng.FillUniform(t, -b, b)
}

// XavierUniform fills w uniformly in ±√(6/(fanIn+fanOut)) (Glorot and Bengio 2010, equation 16).
func XavierUniform(rng *tensor.RNG, w *tensor.Tensor) {
	in, out := fans(w)
	b := float32(math.Sqrt(6 / float64(in+out)))
	rng.FillUniform(w, -b, b)
}

// XavierLinear returns a linear layer with weights by XavierUniform and biases of 0.
func XavierLinear(rng *tensor.RNG, in, out int) *Linear {
	l := &Linear{tensor.New(in, out), tensor.New(out)}
	XavierUniform(rng, l.W)
	return l
}

// XavierNormal fills w with N(0, 2/(fanIn+fanOut)) (Glorot and Bengio 2010, equation 12).
func XavierNormal(rng *tensor.RNG, w *tensor.Tensor) {
	in, out := fans(w)
	rng.FillNormal(w, 0, float32(math.Sqrt(2/float64(in+out))))
}

// TruncatedNormal fills w with N(0, std²), values beyond two deviations drawn again.
func TruncatedNormal(rng *tensor.RNG, w *tensor.Tensor, std float32) {
	for i := range w.Data {
		v := rng.Normal()
		for v < -2 || v > 2 {
			v = rng.Normal()
		}
		w.Data[i] = v * std
	}
}

// Init is how a trunk's convolutions begin. Biases begin at zero unless it is InitUniform.
type Init int

const (
	InitOwn     Init = iota // the trunk's own, which its constructor names
	InitUniform             // uniform in ±1/√fanIn, which is PyTorch's default: KaimingUniform
	InitFanOut              // normal, He et al. 2015 for the backward pass: KaimingNormal
	InitFanIn               // normal, He et al. 2015 for the forward pass: KaimingNormalFanIn
)

var initNames = []string{"own", "uniform", "fan-out", "fan-in"}

// String returns own, uniform, fan-out or fan-in.
func (i Init) String() string { return initNames[i] }

// MarshalText returns the name.
func (i Init) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads a name; an unknown one is an error that says which there are.
func (i *Init) UnmarshalText(b []byte) error { return choose(i, initNames, b) }

// fill fills a convolution's weight, and its bias if it has one.
func (i Init) fill(rng *tensor.RNG, c convolution) {
	w, b, _ := c.parts()
	switch i {
	case InitFanOut:
		KaimingNormal(rng, w)
	case InitFanIn:
		KaimingNormalFanIn(rng, w)
	default:
		return // NewConv2D or NewConv3D has done it
	}
	if b != nil {
		b.Fill(0)
	}
}

// HeadInit is how a linear head begins.
type HeadInit int

const (
	HeadUniform   HeadInit = iota // weight and bias uniform in ±1/√fanIn, PyTorch's default and NewLinear's
	HeadTruncated                 // weight truncated normal of deviation 0.01, bias zero: every class begins as likely as the others
)

var headInitNames = []string{"uniform", "truncated"}

// String returns uniform or truncated.
func (h HeadInit) String() string { return headInitNames[h] }

// MarshalText returns the name.
func (h HeadInit) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads a name; an unknown one is an error that says which there are.
func (h *HeadInit) UnmarshalText(b []byte) error { return choose(h, headInitNames, b) }

// Fill fills a linear layer's weight, and its bias if it has one.
func (h HeadInit) Fill(rng *tensor.RNG, l *Linear) {
	if h == HeadTruncated {
		TruncatedNormal(rng, l.W, 0.01)
		if l.B != nil {
			l.B.Fill(0)
		}
		return
	}
	in, _ := fans(l.W)
	KaimingUniform(rng, l.W)
	if l.B != nil {
		FanInUniform(rng, l.B, in)
	}
}

// choose sets v to the place of a name among names.
func choose[T ~int](v *T, names []string, name []byte) error {
	for k, n := range names {
		if n == string(name) {
			*v = T(k)
			return nil
		}
	}
	return fmt.Errorf("there is no %q; there are %s", name, strings.Join(names, ", "))
}
