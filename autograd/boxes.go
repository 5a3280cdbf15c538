package autograd

import (
	"math"

	"github.com/tessera-go/tessera/tensor"
)

// RoIAlign returns the means of features over the cells of boxes (He et al. 2017, section 3): what torchvision's roi_align with aligned=True does.
//
//	x [N H W C]   rois [R 5]: picture, x0, y0, x1, y1 in pixels   ->   [R OH OW C]
//
// No gradient flows to the boxes.
func RoIAlign(x *Var, rois *tensor.Tensor, g tensor.RoI) *Var {
	y := result(shaped("RoIAlign", []*Var{x}, func() []int { return tensor.RoIShape(x.Shape(), rois.Shape, g) }), x)
	tensor.RoIAlign(y.Value, x.Value, rois, g)
	return y.rule("RoIAlign", func(dy *tensor.Tensor, gr Grads) {
		if dx := gr.Of(x); dx != nil {
			tensor.AddRoIAlignGrad(dx, dy, rois, g)
		}
	}, x).reads()
}

// Focal returns the mean of -a·(1 - p)^γ·log p (Lin et al. 2017, equation 5), where p = σ(x) and a = alpha where the target is 1, p = 1 - σ(x) and a = 1 - alpha where
// it is 0; a negative alpha means a = 1. It is torchvision's sigmoid_focal_loss of such targets; any other is refused.
//
//	x [... C]   target [... C] of zeros and ones   ->   one value
func Focal(x *Var, target *tensor.Tensor, alpha, gamma float32, o LossOptions) *Var {
	sameShape("Focal", x, target)
	weighs("Focal", x, o.Weight, true)
	if alpha > 1 || gamma < 0 {
		badShape("Focal", x, "alpha %g, gamma %g: want at most 1, and at least 0", alpha, gamma)
	}
	sum, weight := tensor.FocalSum(x.Value, target, o.Weight, alpha, gamma)
	y, scale := o.of(x, sum, weight)
	return y.rule("Focal", func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			tensor.AddFocalGrad(dx, x.Value, target, o.Weight, alpha, gamma, float32(float64(dy.Data[0])*scale))
		}
	}, x)
}

// giouEps keeps the quotients of GIoU finite, as torchvision's.
const giouEps = 1e-7

// GIoU returns the mean of 1 - GIoU of boxes and targets (Rezatofighi et al. 2019, algorithm 1): torchvision's generalized_box_iou_loss.
//
//	x [N 4]   target [N 4]: x0, y0, x1, y1   ->   one value
//
// A weight is [N 1].
func GIoU(x *Var, target *tensor.Tensor, o LossOptions) *Var {
	sameShape("GIoU", x, target)
	weighs("GIoU", x, o.Weight, false)
	if s := x.Shape(); len(s) != 2 || s[1] != 4 {
		badShape("GIoU", x, "boxes %v: want [N 4]", s)
	}
	of := func(i int) float64 {
		if o.Weight == nil {
			return 1
		}
		return float64(o.Weight.Data[i])
	}
	sum, weight := 0.0, 0.0
	for i := range x.Shape()[0] {
		l, _ := giou(x.Value.Data[i*4:], target.Data[i*4:])
		sum, weight = sum+of(i)*l, weight+of(i)
	}
	y, scale := o.of(x, sum, weight)
	return y.rule("GIoU", func(dy *tensor.Tensor, g Grads) {
		if dx := g.Of(x); dx != nil {
			for i := range x.Shape()[0] {
				_, d := giou(x.Value.Data[i*4:], target.Data[i*4:])
				for k := range d {
					dx.Data[i*4+k] += float32(d[k] * float64(dy.Data[0]) * scale * of(i))
				}
			}
		}
	}, x)
}

// giou returns 1 - GIoU of a box and a target, and its derivatives in the box's sides. Areas are signed in the box's own sides, as torchvision's are.
func giou(x, t []float32) (loss float64, d [4]float64) {
	var a, b [4]float64
	for k := range a {
		a[k], b[k] = float64(x[k]), float64(t[k])
	}
	wide, high := a[2]-a[0], a[3]-a[1]
	iw, ih := math.Min(a[2], b[2])-math.Max(a[0], b[0]), math.Min(a[3], b[3])-math.Max(a[1], b[1])
	inter, touch := 0.0, iw > 0 && ih > 0
	if touch {
		inter = iw * ih
	}
	union := wide*high + (b[2]-b[0])*(b[3]-b[1]) - inter
	cw, ch := math.Max(a[2], b[2])-math.Min(a[0], b[0]), math.Max(a[3], b[3])-math.Min(a[1], b[1])
	hull := cw * ch
	loss = 1 - inter/(union+giouEps) + (hull-union)/(hull+giouEps)
	byInter, byUnion := -1/(union+giouEps), inter/((union+giouEps)*(union+giouEps))-1/(hull+giouEps)
	byHull := (union + giouEps) / ((hull + giouEps) * (hull + giouEps))
	for k := range d {
		sign, along, other := -1.0, high, ih
		hullOther := ch
		outer, inner := a[k] < b[k], a[k] > b[k]
		if k%2 == 1 {
			along, other, hullOther = wide, iw, cw
		}
		if k >= 2 {
			sign = 1
			outer, inner = inner, outer
		}
		dInter := 0.0
		if touch && inner {
			dInter = sign * other
		}
		dHull := 0.0
		if outer {
			dHull = sign * hullOther
		}
		d[k] = byInter*dInter + byUnion*(sign*along-dInter) + byHull*dHull
	}
	return loss, d
}
