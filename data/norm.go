package data

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
)

// Norm is what Normalize subtracts and divides by, on values in [0, 1].
type Norm struct{ Mean, Std [3]float32 }

// Usual normalisations.
var (
	ImageNetNorm = Norm{[3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}}
	CIFAR10Norm  = Norm{[3]float32{0.4914, 0.4822, 0.4465}, [3]float32{0.2470, 0.2435, 0.2616}}
	HalfNorm     = Norm{[3]float32{0.5, 0.5, 0.5}, [3]float32{0.25, 0.25, 0.25}}
)

var norms = []struct {
	name string
	norm Norm
}{{"half", HalfNorm}, {"imagenet", ImageNetNorm}, {"cifar10", CIFAR10Norm}}

// NormNames returns the norms that have names.
func NormNames() []string {
	var out []string
	for _, n := range norms {
		out = append(out, n.name)
	}
	return out
}

// String returns the norm's name, or its six numbers as ParseNorm reads them.
func (n Norm) String() string {
	for _, k := range norms {
		if k.norm == n {
			return k.name
		}
	}
	return fmt.Sprintf("%g,%g,%g/%g,%g,%g", n.Mean[0], n.Mean[1], n.Mean[2], n.Std[0], n.Std[1], n.Std[2])
}

// ParseNorm reads half, imagenet, cifar10, or means and deviations of red, green and blue such as 0.49,0.48,0.45/0.25,0.24,0.26.
func ParseNorm(s string) (Norm, error) {
	for _, k := range norms {
		if k.name == s {
			return k.norm, nil
		}
	}
	var v [6]float32
	fields := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == '/' })
	bad := fmt.Errorf("norm %q: want half, imagenet, cifar10, or six numbers such as 0.49,0.48,0.45/0.25,0.24,0.26", s)
	if len(fields) != len(v) {
		return Norm{}, bad
	}
	for i, f := range fields {
		x, err := strconv.ParseFloat(f, 32)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) || i >= 3 && x <= 0 {
			return Norm{}, bad
		}
		v[i] = float32(x)
	}
	return Norm{[3]float32(v[:3]), [3]float32(v[3:])}, nil
}

// MeasureNorm returns mean and deviation of each channel over views of at most n of the pictures, or of frames of films, evenly spread, rounded to
// four decimals. Broken ones are passed over; an error says that none could be read.
func MeasureNorm(in Inputs, v View, n int) (Norm, error) {
	samples := in.Samples()
	n = min(n, samples.Len())
	sums := make([][6]float64, n) // of each sample: so that the order of adding is always the same
	counts := make([]float64, n)
	var last error
	errs := make([]error, n)
	parallel.For(n, func(k int) {
		ims, err := v.some(in, k*samples.Len()/n)
		if err != nil {
			errs[k] = err
			return
		}
		for _, im := range ims {
			for i, p := range im.Pix {
				x := float64(p) / 255
				sums[k][i%3] += x
				sums[k][3+i%3] += float64(x * x)
			}
			counts[k] += float64(len(im.Pix) / 3)
		}
	})
	var sum [6]float64
	count := 0.0
	for k := range n {
		if errs[k] != nil {
			last = errs[k]
		}
		for i := range sum {
			sum[i] += sums[k][i]
		}
		count += counts[k]
	}
	if count == 0 {
		return Norm{}, fmt.Errorf("none of %d %s could be read: %w", n, in.Kinds(), last)
	}
	round := func(x float64) float32 { return float32(math.Round(x*1e4) / 1e4) }
	var out Norm
	for c := range 3 {
		mean := sum[c] / count
		out.Mean[c] = round(mean)
		out.Std[c] = max(round(math.Sqrt(max(sum[3+c]/count-float64(mean*mean), 0))), 1e-3)
	}
	return out, nil
}

// some returns the part of the view that is the same each time, of a picture or of three frames of a film.
func (v View) some(in Inputs, i int) ([]*Image, error) {
	if in.Images != nil {
		im, err := v.fixed(in.Images, i)
		return []*Image{im}, err
	}
	times, err := in.Clips.Times(i)
	if err == nil && len(times) == 0 {
		err = fmt.Errorf("%s has no frames", in.Clips.Describe(i))
	}
	if err != nil {
		return nil, err
	}
	ims, err := ClipOf(in.Clips, i, Spread(len(times), 3, 0))
	for k := range ims {
		ims[k] = v.prepared(ims[k])
	}
	return ims, err
}

// Normalize writes a picture to dst [H W 3] as (value/255 - mean)/std.
func (n Norm) Normalize(dst []float32, im *Image) {
	simd.NormalizePixels(dst, im.Pix, &n.Mean, &n.Std)
}

// ToImage undoes Normalize for one picture of h by w.
func (n Norm) ToImage(x []float32, h, w int) *Image {
	im := NewImage(h, w)
	for i := range im.Pix {
		im.Pix[i] = round8((float32(x[i]*n.Std[i%3]) + n.Mean[i%3]) * 255)
	}
	return im
}
