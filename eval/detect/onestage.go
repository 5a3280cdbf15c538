package detect

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// oneStage is FCOS (Tian et al. 2019): at each position of each map it says which class lies there, how far the sides of its box are, and how near its middle is. Towers, one
// for classes and one for boxes, are shared by the maps. As in the authors' later version, only positions near an object's middle are to find it, and boxes learn
// by generalised overlap; distances are exponentials times the map's stride.
type oneStage struct {
	pyramid             *pyramid
	classes             int
	tower, sides        layers.Sequential
	class, box, central *layers.Conv2D
}

const (
	headGroups = 8   // of the towers' group norms
	nearMiddle = 1.5 // strides from an object's middle within which a position is to find it
	focalAlpha = 0.25
	focalGamma = 2
	prior      = 0.01 // of a class at a position, at first (Lin et al. 2017, "Focal loss", section 4.1)
)

// newTower is so many 3x3 convolutions, each with group norm and ReLU.
func newTower(rng *tensor.RNG, convs, channels int) (s layers.Sequential) {
	for i := range convs {
		conv := layers.NewConv2D(rng, channels, channels, 3, layers.ConvOptions{Pad: 1, NoBias: true})
		s = append(s, layers.Child{Name: fmt.Sprint("conv", i), Module: conv}, layers.Child{Name: fmt.Sprint("norm", i), Module: layers.NewGroupNorm(headGroups, channels)},
			layers.Child{Module: layers.ReLU})
	}
	return s
}

// small returns a convolution of small weights and no bias at first.
func small(rng *tensor.RNG, in, out, k int) *layers.Conv2D {
	c := layers.NewConv2D(rng, in, out, k, layers.ConvOptions{Pad: k / 2})
	rng.FillNormal(c.W, 0, 0.01)
	c.B.Fill(0)
	return c
}

func newOneStage(rng *tensor.RNG, p *pyramid, classes, channels, convs int) *oneStage {
	d := &oneStage{pyramid: p, classes: classes, tower: newTower(rng, convs, channels), sides: newTower(rng, convs, channels),
		class: small(rng, channels, classes, 3), box: small(rng, channels, 4, 3), central: small(rng, channels, 1, 3)}
	d.class.B.Fill(float32(-math.Log((1 - prior) / prior)))
	return d
}

func (d *oneStage) Visit(prefix string, f func(layers.Param)) {
	d.pyramid.Visit(under(prefix, "pyramid"), f)
	for _, part := range []struct {
		name string
		m    layers.Stateful
	}{{"tower", d.tower}, {"sides", d.sides}, {"class", d.class}, {"box", d.box}, {"central", d.central}} {
		part.m.Visit(under(prefix, part.name), f)
	}
}

func (d *oneStage) uses() []string { return d.pyramid.uses() }

// answers returns what is said at all positions of all maps: [N P K+4+1], logits of classes, logarithms of distances, logit of the middle.
func (d *oneStage) answers(x *autograd.Var) *autograd.Var {
	var all []*autograd.Var
	for _, m := range d.pyramid.Maps(x) {
		c, b := d.tower.Forward(m), d.sides.Forward(m)
		y := autograd.Concat(3, d.class.Forward(c), d.box.Forward(b), d.central.Forward(b))
		s := y.Shape()
		all = append(all, autograd.Reshape(y, s[0], s[1]*s[2], s[3]))
	}
	return autograd.Concat(1, all...)
}

// position is a place of a map, in pixels, and which distances to a box's sides it is for.
type position struct{ x, y, stride, least, most float32 }

// positions are those of all maps, in the order of the answers. The map of stride s is for boxes whose farthest side is 4s to 8s away, the first also for
// smaller ones, the last for larger ones.
func (d *oneStage) positions() (out []position) {
	p := d.pyramid
	for l, n := range p.sides {
		s := p.stride(l)
		least, most := float32(0), 8*s
		if l > 0 {
			least = 8 * p.stride(l-1)
		}
		if l == len(p.sides)-1 {
			most = float32(math.Inf(1))
		}
		for y := range n {
			for x := range n {
				out = append(out, position{(float32(x) + 0.5) * s, (float32(y) + 0.5) * s, s, least, most})
			}
		}
	}
	return out
}

// assigned returns for each position the object that it is to find, or ground: the smallest of those in which it lies, near the middle, and whose farthest side is as far as the
// position's map is for.
func assigned(at []position, objects []Object) []int {
	out := make([]int, len(at))
	for i, p := range at {
		out[i] = ground
		least := float32(math.Inf(1))
		for k, o := range objects {
			l, t, r, b := p.x-o.Box[0], p.y-o.Box[1], o.Box[2]-p.x, o.Box[3]-p.y
			mx, my := (o.Box[0]+o.Box[2])/2, (o.Box[1]+o.Box[3])/2
			far := max(l, t, r, b)
			off := max(p.x-mx, mx-p.x, p.y-my, my-p.y)
			if min(l, t, r, b) > 0 && off < nearMiddle*p.stride && far > p.least && far <= p.most && o.area() < least {
				out[i], least = k, o.area()
			}
		}
	}
	return out
}

// centralness is how near a position is to the middle of a box, 0 to 1 (Tian et al. 2019, equation 3).
func centralness(p position, b Box) float32 {
	l, t, r, u := p.x-b[0], p.y-b[1], b[2]-p.x, b[3]-p.y
	return float32(math.Sqrt(float64(min(l, r) / max(l, r) * min(t, u) / max(t, u))))
}

// Loss is (focal loss of classes + loss of overlap + cross-entropy of the middle)/positions that are to find an object.
func (d *oneStage) Loss(x *autograd.Var, objects [][]Object) *autograd.Var {
	y := d.answers(x)
	at := d.positions()
	n, c := len(objects), d.classes
	flat := autograd.Reshape(y, n*len(at), c+5)
	want := tensor.New(n*len(at), c)
	var rows []int32
	var target, place, scale, middle []float32
	for i, some := range objects {
		for k, which := range assigned(at, some) {
			if which < 0 {
				continue
			}
			row, p, o := i*len(at)+k, at[k], some[which]
			want.Data[row*c+o.Class] = 1
			rows = append(rows, int32(row))
			target = append(target, o.Box[:]...)
			place = append(place, p.x, p.y, p.x, p.y)
			scale = append(scale, -p.stride, -p.stride, p.stride, p.stride)
			middle = append(middle, centralness(p, o.Box))
		}
	}
	sum := autograd.LossOptions{Sum: true}
	loss := autograd.Focal(autograd.Slice(flat, 1, 0, c, 1), want, focalAlpha, focalGamma, sum)
	if m := len(rows); m > 0 {
		some := autograd.Gather(flat, rows)
		box := autograd.Add(autograd.Mul(autograd.Exp(autograd.Slice(some, 1, c, 4, 1)), autograd.Const(tensor.From(scale, m, 4))), autograd.Const(tensor.From(place, m, 4)))
		loss = autograd.Add(loss, autograd.GIoU(box, tensor.From(target, m, 4), sum))
		loss = autograd.Add(loss, autograd.BCEWithLogits(autograd.Slice(some, 1, c+4, 1, 1), tensor.From(middle, m, 1), sum))
	}
	return autograd.Scale(loss, 1/float32(max(1, len(rows))))
}

// What a detector says at most of a picture, and from where on.
const (
	leastSure  = 0.05 // surer than that
	mostMap    = 1000 // the surest of a map
	mostFound  = 100  // in a picture
	oneOverlap = 0.6  // of boxes of one class, at most
)

// Find returns what is in pictures, the surest first. A box is as sure as the geometric mean of its class and its middle.
func (d *oneStage) Find(x *autograd.Var) [][]Found {
	y := d.answers(x).Value
	at, c := d.positions(), d.classes
	out := make([][]Found, y.Dim(0))
	for i := range out {
		var all []Found
		from := 0
		for _, side := range d.pyramid.sides {
			var some []Found
			for k := from; k < from+side*side; k++ {
				row := y.Data[(i*len(at)+k)*(c+5):][:c+5]
				middle := logistic(row[c+4])
				for class, v := range row[:c] {
					if v < -6 { // less sure than 0.05, whatever the middle is
						continue
					}
					if sure := float32(math.Sqrt(float64(logistic(v) * middle))); sure > leastSure {
						p := at[k]
						var b Box
						for s, sign := range [4]float32{-1, -1, 1, 1} {
							b[s] = [2]float32{p.x, p.y}[s%2] + sign*p.stride*float32(math.Exp(float64(row[c+s])))
						}
						some = append(some, Found{Object{b, class}, sure})
					}
				}
			}
			from += side * side
			slices.SortStableFunc(some, func(a, b Found) int { return cmp.Compare(b.Sure, a.Sure) })
			all = append(all, some[:min(len(some), mostMap)]...)
		}
		out[i] = surest(all, oneOverlap, float32(d.pyramid.side))
	}
	return out
}

func logistic(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

// Found is an object that was found, and how sure the detector is, 0 to 1.
type Found struct {
	Object
	Sure float32
}

// surest returns what is left of what was found in a square picture of side pixels: in the picture, the surest of boxes of one class that overlap by more than most, at most
// mostFound.
func surest(all []Found, most, side float32) (out []Found) {
	var boxes []Box
	var scores []float32
	var class []int
	for _, f := range all {
		if b := f.Box.within(side, side); !b.empty() {
			boxes, scores, class = append(boxes, b), append(scores, f.Sure), append(class, f.Class)
		}
	}
	for _, i := range nmsByClass(boxes, scores, class, most) {
		if len(out) == mostFound {
			break
		}
		out = append(out, Found{Object{boxes[i], class[i]}, scores[i]})
	}
	return out
}
