package detect

import (
	"cmp"
	"slices"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// rpn proposes boxes in which anything may be (Ren et al. 2015, section 3.1): at each position of a map, for each anchor, how likely it shows an object, and how that lies to it.
type rpn struct {
	conv, class, box *layers.Conv2D
	anchors          []Box // of all maps
	count            []int // of each map
}

// Numbers of torchvision's, but for those of a few hundred boxes, which there are a thousand and more: pictures here are smaller.
const (
	rpnLow, rpnHigh = 0.3, 0.7 // overlaps below which an anchor shows ground, and from which on an object
	rpnShown        = 256      // anchors of a picture that are learned from,
	rpnObjects      = 0.5      // of which so many show objects at most
	rpnBefore       = 500      // the likeliest of each map,
	rpnAfter        = 200      // and those of a picture that are left
	rpnOverlap      = 0.7      // of proposals, at most
	bend            = 1.0 / 9  // where the loss of places turns from square to straight
)

var rpnCoding = coding{1, 1, 1, 1}

func newRPN(rng *tensor.RNG, in, channels int, sides []int, stride func(l int) float32, sizes []float32) *rpn {
	r := &rpn{conv: layers.NewConv2D(rng, in, channels, 3, layers.ConvOptions{Pad: 1}), class: small(rng, channels, len(sizes)*len(proportions), 1),
		box: small(rng, channels, 4*len(sizes)*len(proportions), 1)}
	for l, n := range sides {
		scaled := make([]float32, len(sizes))
		for i, s := range sizes {
			scaled[i] = s * stride(l)
		}
		some := anchorsOf(n, stride(l), scaled, proportions)
		r.anchors, r.count = append(r.anchors, some...), append(r.count, len(some))
	}
	return r
}

func (r *rpn) Visit(prefix string, f func(layers.Param)) {
	r.conv.Visit(under(prefix, "conv"), f)
	r.class.Visit(under(prefix, "class"), f)
	r.box.Visit(under(prefix, "box"), f)
}

// answers returns of all anchors the logits that they show an object, [N A], and how it lies to them, [N A 4].
func (r *rpn) answers(maps []*autograd.Var) (class, box *autograd.Var) {
	var classes, boxes []*autograd.Var
	for l, m := range maps {
		y := autograd.ReLU(r.conv.Forward(m))
		n := m.Shape()[0]
		classes = append(classes, autograd.Reshape(r.class.Forward(y), n, r.count[l]))
		boxes = append(boxes, autograd.Reshape(r.box.Forward(y), n, r.count[l], 4))
	}
	return autograd.Concat(1, classes...), autograd.Concat(1, boxes...)
}

// propose returns boxes of picture i, of square pictures of side pixels, the likeliest first.
func (r *rpn) propose(class, box *tensor.Tensor, i int, side float32) []Box {
	var boxes []Box
	var scores []float32
	var level []int
	from := i * len(r.anchors)
	at := 0
	for l, n := range r.count {
		order := make([]int, n)
		for k := range order {
			order[k] = at + k
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(class.Data[from+b], class.Data[from+a]) })
		for _, k := range order[:min(n, rpnBefore)] {
			b := rpnCoding.decode(box.Data[(from+k)*4:][:4], r.anchors[k]).within(side, side)
			if b[2]-b[0] >= 1 && b[3]-b[1] >= 1 {
				boxes, scores, level = append(boxes, b), append(scores, class.Data[from+k]), append(level, l)
			}
		}
		at += n
	}
	var out []Box
	for _, k := range nmsByClass(boxes, scores, level, rpnOverlap) {
		if len(out) == rpnAfter {
			break
		}
		out = append(out, boxes[k])
	}
	return out
}

// loss is that of the anchors of some pictures.
func (r *rpn) loss(class, box *autograd.Var, objects [][]Object, rng *tensor.RNG) *autograd.Var {
	var rows []int32
	var labels, target []float32
	var held []int32 // those of rows that show objects
	for i, some := range objects {
		which := match(r.anchors, some, rpnLow, rpnHigh, true)
		for _, k := range sample(which, rpnShown, rpnObjects, rng) {
			rows = append(rows, int32(i*len(r.anchors)+k))
			if which[k] == ground {
				labels = append(labels, 0)
				continue
			}
			labels = append(labels, 1)
			held = append(held, rows[len(rows)-1])
			d := rpnCoding.encode(some[which[k]].Box, r.anchors[k])
			target = append(target, d[:]...)
		}
	}
	n := len(objects) * len(r.anchors)
	return rpnLoss(autograd.Gather(autograd.Reshape(class, n, 1), rows), labels, autograd.Reshape(box, n, 4), held, target)
}

// rpnLoss is the mean cross-entropy of anchors that show an object or ground, and a smoothed distance of those that show one to where it lies, over as many anchors: torchvision's
// RegionProposalNetwork.compute_loss.
//
//	class [M 1] logits   labels [M] 0 or 1   box [A 4]   held: rows of box   target [len(held) 4]
func rpnLoss(class *autograd.Var, labels []float32, box *autograd.Var, held []int32, target []float32) *autograd.Var {
	loss := autograd.BCEWithLogits(class, tensor.From(labels, len(labels), 1), autograd.LossOptions{})
	if len(held) == 0 {
		return loss
	}
	far := autograd.Huber(autograd.Gather(box, held), tensor.From(target, len(held), 4), bend, autograd.LossOptions{Sum: true})
	return autograd.Add(loss, autograd.Scale(far, 1/(bend*float32(len(labels)))))
}

// sample returns at most n boxes by what match says of them, at most a part of them with objects, the rest ground, each drawn at random; in their order.
func sample(which []int, n int, part float64, rng *tensor.RNG) (out []int) {
	var with, without []int
	for k, w := range which {
		switch {
		case w >= 0:
			with = append(with, k)
		case w == ground:
			without = append(without, k)
		}
	}
	draw := func(from []int, most int) {
		if len(from) <= most {
			out = append(out, from...)
			return
		}
		for _, k := range rng.Perm(len(from))[:most] {
			out = append(out, from[k])
		}
	}
	draw(with, int(float64(n)*part))
	draw(without, n-len(out))
	slices.Sort(out)
	return out
}
