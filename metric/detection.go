package metric

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Detection is a box that was found.
type Detection struct {
	Image int // which picture, any number
	Class int // from 0 on
	Score float64
	Box   [4]float64 // x0, y0, x1, y1 in pixels; its area is (x1-x0)*(y1-y0)
}

// Object is a box that is there.
type Object struct {
	Image  int
	Class  int
	Box    [4]float64 // x0, y0, x1, y1 in pixels
	Ignore bool       // neither to be found nor wrong when found: in VOC (its difficult) any number of times, in COCO once
	Crowd  bool       // many at once, in COCO: neither to be found nor wrong when found, any number of times
	Area   float64    // of its mask, in square pixels, by which COCO tells small from large; 0 means the box's
}

// IoU returns the intersection over the union of two boxes, x0 y0 x1 y1; 0 where either is empty.
func IoU(a, b [4]float64) float64 { return overlap(a, b, 0, false) }

// overlap is IoU of boxes of sides x1-x0+more. Where b is a crowd, the part of a that lies in it is returned.
func overlap(a, b [4]float64, more float64, crowd bool) float64 {
	w := min(a[2], b[2]) - max(a[0], b[0]) + more
	h := min(a[3], b[3]) - max(a[1], b[1]) + more
	if !(w > 0 && h > 0) {
		return 0
	}
	both, of := w*h, area(a, more)
	if !crowd {
		of += area(b, more) - both
	}
	return both / of
}

func area(b [4]float64, more float64) float64 { return (b[2] - b[0] + more) * (b[3] - b[1] + more) }

// VOCOptions say how Pascal VOC's average precision is taken.
type VOCOptions struct {
	IoU     float64 // the least that counts as found; 0 means 0.5
	PlusOne bool    // sides are x1-x0+1: boxes name their last pixel, as in VOC's files, and overlap as in its development kit
}

// VOCScores are average precisions in [0, 1].
type VOCScores struct {
	Area       []float64 // of each class: the area under the curve, of VOC from 2010 on; NaN where a class has no object to be found
	Eleven     []float64 // of each class: the mean at eleven recalls, until VOC 2007; NaN as above
	MeanArea   float64   // over the classes that have objects; NaN where none has
	MeanEleven float64
}

// VOC returns the average precision of each class and their mean (Everingham et al., "The Pascal visual object classes challenge", 2010, section
// 4.2, and its development kit's VOCevaldet.m): a class's detections, the surest first, each take the object of their picture that they
// overlap most; the first at an object is right where the overlap reaches opt.IoU, any other wrong. Equal scores keep their order in d. It panics where
// a class is not in [0, classes) or a number is not finite.
func VOC(d []Detection, o []Object, classes int, opt VOCOptions) VOCScores {
	return JudgeVOC(d, o, classes, opt).Scores()
}

// Scores are VOC's.
func (j *VOCJudged) Scores() VOCScores {
	s := VOCScores{Area: make([]float64, len(j.classes)), Eleven: make([]float64, len(j.classes))}
	for c := range j.classes {
		recall, precision, ok := j.classes[c].curve(nil)
		if !ok {
			s.Area[c], s.Eleven[c] = math.NaN(), math.NaN()
			continue
		}
		s.Area[c], s.Eleven[c] = AreaPrecision(recall, precision), ElevenPrecision(recall, precision)
	}
	s.MeanArea, s.MeanEleven = meanKnown(s.Area), meanKnown(s.Eleven)
	return s
}

// VOCJudged are detections of which VOC has told the right ones from the wrong ones. That does not change when pictures are drawn anew, so the precision
// on drawn ones takes no overlaps.
type VOCJudged struct{ classes []vocClass }

// vocClass is what VOC says of a class.
type vocClass struct {
	objects []int     // the picture of each object that is to be found
	found   []verdict // the surest first
}

// verdict is what VOC says of a detection.
type verdict struct {
	image int
	right bool
}

// JudgeVOC judges detections as VOC does. It panics where VOC does.
func JudgeVOC(d []Detection, o []Object, classes int, opt VOCOptions) *VOCJudged {
	checkBoxes("metric.VOC", d, o, classes)
	least, more := opt.IoU, 0.0
	if least == 0 {
		least = 0.5
	}
	if opt.PlusOne {
		more = 1
	}
	j := &VOCJudged{make([]vocClass, classes)}
	for c := range classes {
		of := &j.classes[c]
		there := map[int][]int{} // objects of the class in each picture
		for i := range o {
			if o[i].Class != c {
				continue
			}
			there[o[i].Image] = append(there[o[i].Image], i)
			if !o[i].Ignore && !o[i].Crowd {
				of.objects = append(of.objects, o[i].Image)
			}
		}
		if len(of.objects) == 0 {
			continue
		}
		taken := map[int]bool{}
		for _, at := range surest(d, c) {
			best, which := 0.0, -1
			for _, i := range there[at.Image] {
				if v := overlap(at.Box, o[i].Box, more, false); v > best {
					best, which = v, i
				}
			}
			switch {
			case which < 0 || best < least || taken[which]:
				of.found = append(of.found, verdict{at.Image, false})
			case !o[which].Ignore && !o[which].Crowd:
				taken[which] = true
				of.found = append(of.found, verdict{at.Image, true})
			}
		}
	}
	return j
}

// MeanArea returns VOCScores.MeanArea with each picture there so many times, from 0 on, by its number, which must be a place in times; nil means once. NaN
// where no class has an object.
func (j *VOCJudged) MeanArea(times []int) float64 {
	sum, n := 0.0, 0
	for c := range j.classes {
		if recall, precision, ok := j.classes[c].curve(times); ok {
			sum += AreaPrecision(recall, precision)
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}

// curve returns recall and precision at each detection that is right: between two of them recall is the same, and precision falls. ok is false where no object
// is there.
func (c *vocClass) curve(times []int) (recall, precision []float64, ok bool) {
	all := len(c.objects)
	if times != nil {
		all = 0
		for _, image := range c.objects {
			all += times[image]
		}
	}
	if all == 0 {
		return nil, nil, false
	}
	right, said, n := 0, 0, 1
	for _, v := range c.found {
		if times != nil {
			n = times[v.image]
		}
		if said += n; v.right && n > 0 {
			right += n
			recall, precision = append(recall, float64(right)/float64(all)), append(precision, float64(right)/float64(said))
		}
	}
	return recall, precision, true
}

// surest are the detections of a class, the surest first.
func surest(d []Detection, class int) (of []Detection) {
	for _, at := range d {
		if at.Class == class {
			of = append(of, at)
		}
	}
	slices.SortStableFunc(of, func(a, b Detection) int { return cmp.Compare(b.Score, a.Score) })
	return of
}

// AreaPrecision returns the area under a curve of precisions over recalls, which ascend, after each precision is raised to the
// largest at its recall or a higher one (VOC 2010's VOCap.m).
func AreaPrecision(recall, precision []float64) (sum float64) {
	best := 0.0
	for i := len(recall) - 1; i >= 0; i-- {
		best = max(best, precision[i])
		from := 0.0
		if i > 0 {
			from = recall[i-1]
		}
		sum += (recall[i] - from) * best
	}
	return sum
}

// ElevenPrecision returns the mean of the largest precision at recalls of at least 0, 0.1, ..., 1 (VOC 2007; Everingham et al. 2010, equations 1 and 2).
func ElevenPrecision(recall, precision []float64) (mean float64) {
	for t := range 11 {
		best := 0.0
		for i, r := range recall {
			if r >= float64(t)/10 {
				best = max(best, precision[i])
			}
		}
		mean += best / 11
	}
	return mean
}

// meanKnown is the mean of what is not NaN.
func meanKnown(x []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range x {
		if !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}

// checkBoxes panics with what is wrong with detections or objects.
func checkBoxes(op string, d []Detection, o []Object, classes int) {
	for i, at := range d {
		if at.Class < 0 || at.Class >= classes || !finite(at.Score, at.Box[0], at.Box[1], at.Box[2], at.Box[3]) {
			panic(fmt.Sprintf("%s: detection %d is %+v, want a class of %d and finite numbers", op, i, at, classes))
		}
	}
	for i, at := range o {
		if at.Class < 0 || at.Class >= classes || !finite(at.Area, at.Box[0], at.Box[1], at.Box[2], at.Box[3]) {
			panic(fmt.Sprintf("%s: object %d is %+v, want a class of %d and finite numbers", op, i, at, classes))
		}
	}
}

// finite tells whether all numbers are.
func finite(x ...float64) bool {
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
