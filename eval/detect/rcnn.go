package detect

import (
	"fmt"
	"math"
	"slices"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// twoStage is Faster R-CNN (Ren et al. 2015): boxes are proposed, and a second head looks at what lies in each, cut out by RoIAlign. On a pyramid (Lin et al. 2017, section 4)
// the head is two linear layers; without one (C4, He et al. 2016) boxes are proposed and cut out of the stage before the last, and the last stage looks at them.
type twoStage struct {
	trunk      *trunk
	side       int
	classes    int
	pyramid    *pyramid // nil of C4
	mapSide    int      // of C4: of the stage before the last
	rpn        *rpn
	fc         []*layers.Linear // of a pyramid
	class, box *layers.Linear
}

const (
	roiLow     = 0.5  // the overlap with an object from which on a proposal shows it
	roiShown   = 64   // proposals of a picture that are learned from,
	roiObjects = 0.25 // of which so many show objects at most
	roiOverlap = 0.5  // of boxes of one class, at most
	roiCells   = 7    // along a side of what is cut out of a pyramid; of C4 twice as many
	roiPoints  = 2    // along a side of a cell
	wholeSide  = 224  // pixels of an object that is looked at in the map of stride 16 (Lin et al. 2017, equation 1)
)

var roiCoding = coding{10, 10, 5, 5}

func newTwoStage(rng *tensor.RNG, on *trunk, side, classes int, p Detect) (detector, error) {
	d := &twoStage{trunk: on, side: side, classes: classes}
	in := on.Channels()
	if p.Neck == "c4" {
		maps, err := sides(on.Trunk, side)
		if err != nil {
			return nil, err
		}
		if len(maps) < 2 {
			return nil, fmt.Errorf("neck=c4 looks at boxes by the last stage of a trunk; %s has only one", on.Name)
		}
		d.mapSide = maps[len(maps)-2]
		stride := float32(side) / float32(d.mapSide)
		d.rpn = newRPN(rng, on.Stages[len(maps)-2].Channels, p.Channels, []int{d.mapSide}, func(int) float32 { return stride }, []float32{2, 4, 8})
	} else {
		var err error
		if d.pyramid, err = newPyramid(rng, on, side, p.Channels); err != nil {
			return nil, err
		}
		d.rpn = newRPN(rng, p.Channels, p.Channels, d.pyramid.sides, d.pyramid.stride, []float32{4, 4 * math.Sqrt2})
		in = 4 * p.Channels
		d.fc = []*layers.Linear{layers.NewLinear(rng, roiCells*roiCells*p.Channels, in, layers.LinearOptions{}), layers.NewLinear(rng, in, in, layers.LinearOptions{})}
	}
	d.class, d.box = layers.NewLinear(rng, in, classes+1, layers.LinearOptions{}), layers.NewLinear(rng, in, 4*classes, layers.LinearOptions{})
	rng.FillNormal(d.class.W, 0, 0.01)
	rng.FillNormal(d.box.W, 0, 0.001)
	return d, nil
}

func (d *twoStage) Visit(prefix string, f func(layers.Param)) {
	if d.pyramid != nil {
		d.pyramid.Visit(under(prefix, "pyramid"), f)
	} else {
		d.trunk.Visit(under(prefix, "trunk"), f)
	}
	d.rpn.Visit(under(prefix, "rpn"), f)
	for i, l := range d.fc {
		l.Visit(under(prefix, fmt.Sprint("fc", i)), f)
	}
	d.class.Visit(under(prefix, "class"), f)
	d.box.Visit(under(prefix, "box"), f)
}

func (d *twoStage) uses() []string {
	if d.pyramid != nil {
		return d.pyramid.uses()
	}
	n := len(d.trunk.Stages)
	return []string{d.trunk.Stages[n-2].Name, d.trunk.Stages[n-1].Name}
}

// maps returns what boxes are cut out of.
func (d *twoStage) maps(x *autograd.Var) []*autograd.Var {
	if d.pyramid != nil {
		return d.pyramid.Maps(x)
	}
	d.trunk.run(x, func() { x = d.trunk.Through(0, len(d.trunk.Stages)-1, x) })
	return []*autograd.Var{x}
}

// region is a box of a picture.
type region struct {
	picture int
	box     Box
}

// look returns logits of the classes, ground first, [R K+1], and for each class how its box lies to the region, [R 4K]; the regions come in another order, which it returns: row
// r is of regions[order[r]].
func (d *twoStage) look(maps []*autograd.Var, regions []region) (class, box *autograd.Var, order []int) {
	var cut []*autograd.Var
	cells := roiCells
	if d.pyramid == nil {
		cells *= 2
	}
	for l, m := range maps {
		var rois []float32
		for k, r := range regions {
			if d.level(r.box) == l {
				order = append(order, k)
				rois = append(rois, float32(r.picture), r.box[0], r.box[1], r.box[2], r.box[3])
			}
		}
		if len(rois) > 0 {
			g := tensor.RoI{OH: cells, OW: cells, Scale: float32(m.Shape()[1]) / float32(d.side), Sampling: roiPoints}
			cut = append(cut, autograd.RoIAlign(m, tensor.From(rois, len(rois)/5, 5), g))
		}
	}
	y := autograd.Concat(0, cut...)
	if d.pyramid == nil {
		d.trunk.run(y, func() { y = d.trunk.Through(len(d.trunk.Stages)-1, len(d.trunk.Stages), y) })
		y = layers.Pooled(y)
	} else {
		y = autograd.Flatten(y)
		for _, l := range d.fc {
			y = autograd.ReLU(l.Forward(y))
		}
	}
	return d.class.Forward(y), d.box.Forward(y), order
}

// level is which map a box is cut out of: of the pyramid's own, not the one more.
func (d *twoStage) level(b Box) int {
	if d.pyramid == nil {
		return 0
	}
	stride := 16 * math.Exp2(math.Floor(math.Log2(math.Sqrt(float64(b.area()))/wholeSide+1e-6)))
	for l := range d.pyramid.at {
		if float64(d.pyramid.stride(l)) >= stride*math.Sqrt(0.5) {
			return l
		}
	}
	return len(d.pyramid.at) - 1
}

// Loss is that of proposals and of what is said about them.
func (d *twoStage) Loss(x *autograd.Var, objects [][]Object) *autograd.Var {
	maps := d.maps(x)
	class, box := d.rpn.answers(maps)
	rng := x.Tape().RNG()
	loss := d.rpn.loss(class, box, objects, rng)
	var regions []region
	var labels []int32
	var targets [][4]float32
	for i, some := range objects {
		boxes := d.rpn.propose(class.Value, box.Value, i, float32(d.side))
		for _, o := range some {
			boxes = append(boxes, o.Box)
		}
		which := match(boxes, some, roiLow, roiLow, false)
		for _, k := range sample(which, roiShown, roiObjects, rng) {
			regions = append(regions, region{i, boxes[k]})
			label, target := int32(0), [4]float32{}
			if w := which[k]; w >= 0 {
				label, target = int32(some[w].Class+1), roiCoding.encode(some[w].Box, boxes[k])
			}
			labels, targets = append(labels, label), append(targets, target)
		}
	}
	if len(regions) == 0 {
		return loss
	}
	c, b, order := d.look(maps, regions)
	l, t := make([]int32, len(order)), make([][4]float32, len(order))
	for row, k := range order {
		l[row], t[row] = labels[k], targets[k]
	}
	return autograd.Add(loss, boxLoss(c, b, l, t))
}

// boxLoss is the mean cross-entropy of classes, ground is 0, and a smoothed distance of the boxes of those that show an object, over all: torchvision's fastrcnn_loss, but that
// ground has no box.
//
//	class [R K+1]   box [R 4K]   ->   one value
func boxLoss(class, box *autograd.Var, labels []int32, targets [][4]float32) *autograd.Var {
	loss := autograd.CrossEntropy(class, labels)
	classes := class.Shape()[1] - 1
	var rows []int32
	var want []float32
	for r, l := range labels {
		if l > 0 {
			rows = append(rows, int32(r*classes)+l-1)
			want = append(want, targets[r][:]...)
		}
	}
	if len(rows) == 0 {
		return loss
	}
	some := autograd.Gather(autograd.Reshape(box, len(labels)*classes, 4), rows)
	far := autograd.Huber(some, tensor.From(want, len(rows), 4), bend, autograd.LossOptions{Sum: true})
	return autograd.Add(loss, autograd.Scale(far, 1/(bend*float32(len(labels)))))
}

// mostRegions is how many regions are looked at at once where nothing learns: C4 runs a stage of the trunk on each, which for a large one takes gigabytes for all of a batch.
const mostRegions = 64

// aside returns an inference tape that computes as another, for values that are not needed for long.
func aside(of *autograd.Tape) *autograd.Tape {
	t := autograd.NewInference()
	if of != nil {
		t.Mode = of.Mode
	}
	return t
}

// Find returns what is in pictures, the surest first.
func (d *twoStage) Find(x *autograd.Var) [][]Found {
	maps := d.maps(x)
	class, box := d.rpn.answers(maps)
	n := x.Shape()[0]
	out := make([][]Found, n)
	var regions []region
	for i := range n {
		for _, b := range d.rpn.propose(class.Value, box.Value, i, float32(d.side)) {
			regions = append(regions, region{i, b})
		}
	}
	pieces := aside(x.Tape())
	for some := range slices.Chunk(regions, mostRegions) {
		var from []*autograd.Var
		for _, m := range maps {
			from = append(from, pieces.Input(m.Value))
		}
		c, b, order := d.look(from, some)
		likely := autograd.Softmax(c).Value
		for row, k := range order {
			r := some[k]
			for class := range d.classes {
				if sure := likely.Data[row*(d.classes+1)+class+1]; sure > leastSure {
					at := roiCoding.decode(b.Value.Data[(row*d.classes+class)*4:][:4], r.box)
					out[r.picture] = append(out[r.picture], Found{Object{at, class}, sure})
				}
			}
		}
		pieces.Reset()
	}
	for i := range out {
		out[i] = surest(out[i], roiOverlap, float32(d.side))
	}
	return out
}
