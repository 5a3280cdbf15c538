package metric

import (
	"cmp"
	"math"
	"slices"
)

// COCOScores are COCO's twelve numbers (cocodataset.org, "Detection evaluation"), means over the classes that have objects, each in
// [0, 1], or NaN where no class has one.
type COCOScores struct {
	AP                         float64   // average precision, mean over overlaps of 0.50, 0.55, ..., 0.95
	AP50, AP75                 float64   // at overlaps of 0.5 and 0.75
	APSmall, APMedium, APLarge float64   // of objects of up to 32*32 pixels, up to 96*96, above
	AR1, AR10, AR100           float64   // the largest recall with so many detections a picture and class, mean over overlaps
	ARSmall, ARMedium, ARLarge float64   // with 100 detections, by size
	Class                      []float64 // AP of each class
}

// COCO returns COCO's scores of boxes, as pycocotools' COCOeval computes them: a picture's detections of a class, at most 100, the
// surest first, each take the object left that they overlap most. Pictures follow each other by number; equal scores of one picture keep their order in
// d. It panics as VOC does.
func COCO(d []Detection, o []Object, classes int) COCOScores {
	return JudgeCOCO(d, o, classes).Scores()
}

// Scores are COCO's.
func (j *COCOJudged) Scores() COCOScores {
	all := cocoCurves(j.pictures, 0, math.Inf(1), 1, 10, 100)
	small, medium, large := cocoCurves(j.pictures, 0, 32*32, 100), cocoCurves(j.pictures, 32*32, 96*96, 100), cocoCurves(j.pictures, 96*96, math.Inf(1), 100)
	return COCOScores{
		AP: all.precision(-1), AP50: all.precision(0), AP75: all.precision(5),
		APSmall: small.precision(-1), APMedium: medium.precision(-1), APLarge: large.precision(-1),
		AR1: all.recall(0, -1), AR10: all.recall(1, -1), AR100: all.recall(2, -1),
		ARSmall: small.recall(0, -1), ARMedium: medium.recall(0, -1), ARLarge: large.recall(0, -1),
		Class: all.classes(),
	}
}

// cocoBoxes returns what is there and was found of each class, picture by picture.
func cocoBoxes(d []Detection, o []Object, classes int) [][]*cocoPicture {
	checkBoxes("metric.COCO", d, o, classes)
	type place struct{ class, image int }
	places := map[place]*cocoPicture{}
	at := func(class, image int) *cocoPicture {
		p := places[place{class, image}]
		if p == nil {
			p = &cocoPicture{image: image}
			places[place{class, image}] = p
		}
		return p
	}
	there := map[*cocoPicture][]Object{}
	for _, g := range o {
		p := at(g.Class, g.Image)
		size := g.Area
		if size == 0 {
			size = area(g.Box, 0)
		}
		there[p] = append(there[p], g)
		p.objects = append(p.objects, cocoObject{area: size, ignore: g.Ignore || g.Crowd, crowd: g.Crowd})
	}
	found := map[*cocoPicture][]Detection{}
	for _, b := range d {
		p := at(b.Class, b.Image)
		found[p] = append(found[p], b)
	}
	byClass := make([][]*cocoPicture, classes)
	for k, p := range places {
		b := found[p]
		slices.SortStableFunc(b, func(a, b Detection) int { return cmp.Compare(b.Score, a.Score) })
		for _, b := range b[:min(len(b), 100)] {
			like := make([]float64, len(p.objects))
			for j, g := range there[p] {
				like[j] = overlap(b.Box, g.Box, 0, g.Crowd)
			}
			p.found = append(p.found, cocoFound{score: b.Score, area: area(b.Box, 0), like: like})
		}
		byClass[k.class] = append(byClass[k.class], p)
	}
	return byClass
}

// COCOJudged is what COCO tells right from wrong. That does not change when pictures are drawn anew, so the precision on drawn ones takes no overlaps.
type COCOJudged struct {
	pictures [][]*cocoPicture // of each class
	classes  []cocoJudged
}

// cocoJudged is of a class.
type cocoJudged struct {
	wanted []int // the picture of each object that is to be found
	found  [len(cocoThresholds)][]verdict
}

// JudgeCOCO judges detections as COCO does. It panics where COCO does.
func JudgeCOCO(d []Detection, o []Object, classes int) *COCOJudged {
	return judgeCOCO(cocoBoxes(d, o, classes), 100)
}

func judgeCOCO(byClass [][]*cocoPicture, limit int) *COCOJudged {
	j := &COCOJudged{byClass, make([]cocoJudged, len(byClass))}
	for k, pictures := range byClass {
		c := judgeClass(pictures, 0, math.Inf(1))
		j.classes[k].wanted = c.wanted
		for t := range cocoThresholds {
			j.classes[k].found[t] = c.verdicts(t, limit)
		}
	}
	return j
}

// AP returns COCOScores.AP, of PosesJudged PoseScores.AP, with each picture there so many times, from 0 on, by its number, which must be a place in times; nil means once.
// NaN where no class has an object.
func (j *COCOJudged) AP(times []int) float64 {
	sum, n := 0.0, 0
	var scratch cocoScratch
	for _, c := range j.classes {
		wanted := len(c.wanted)
		if times != nil {
			wanted = 0
			for _, image := range c.wanted {
				wanted += times[image]
			}
		}
		if wanted == 0 {
			continue
		}
		n++
		for _, found := range c.found {
			_, precision := cocoAverage(found, wanted, times, &scratch)
			sum += precision / float64(len(cocoThresholds))
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}

// cocoPicture is what is there and was found of one class in one picture. Likeness is the overlap of boxes, or of key points.
type cocoPicture struct {
	image   int
	objects []cocoObject
	found   []cocoFound // the surest first
}

type cocoObject struct {
	area          float64
	ignore, crowd bool
}

type cocoFound struct {
	score, area float64
	like        []float64 // to each of the objects
}

// cocoThresholds are the overlaps from which on something is found, 0.50 to 0.95, as numpy's linspace rounds them.
var cocoThresholds = func() (t [10]float64) {
	first, last := 0.5, 0.95 // variables: constants would be exact, and 0.9 another number
	step := (last - first) / float64(len(t)-1)
	for i := range t {
		t[i] = first + float64(float64(i)*step)
	}
	return t
}()

// cocoVerdict is whether something found is right, wrong, or neither, at each threshold.
type cocoVerdict struct {
	score float64
	image int
	rank  int // in its picture
	is    [len(cocoThresholds)]int8
}

const (
	cocoWrong int8 = iota
	cocoRight
	cocoNeither
)

// match judges what was found in a picture, of objects of areas in [least, most], and counts those to be found.
func (p *cocoPicture) match(least, most float64) (verdicts []cocoVerdict, wanted int) {
	outside := func(area float64) bool { return area < least || area > most }
	var order []int // those that count, then those to ignore
	ignored := make([]bool, len(p.objects))
	for i, g := range p.objects {
		if ignored[i] = g.ignore || outside(g.area); !ignored[i] {
			order = append(order, i)
		}
	}
	wanted = len(order)
	for i := range p.objects {
		if ignored[i] {
			order = append(order, i)
		}
	}
	verdicts = make([]cocoVerdict, len(p.found))
	taken := make([]bool, len(p.objects))
	for t, threshold := range cocoThresholds {
		clear(taken)
		for r, f := range p.found {
			best, which := threshold, -1
			for _, i := range order {
				if taken[i] && !p.objects[i].crowd {
					continue
				}
				if which >= 0 && !ignored[which] && ignored[i] {
					break // none to ignore takes it from one that counts
				}
				if f.like[i] >= best {
					best, which = f.like[i], i
				}
			}
			v := &verdicts[r]
			v.score, v.image, v.rank = f.score, p.image, r
			switch {
			case which < 0 && outside(f.area) || which >= 0 && ignored[which]:
				v.is[t] = cocoNeither
			case which >= 0:
				v.is[t] = cocoRight
			}
			if which >= 0 {
				taken[which] = true
			}
		}
	}
	return verdicts, wanted
}

// cocoClass is what is to be found of a class, and whether what was found is right.
type cocoClass struct {
	wanted []int         // the picture of each object that is to be found
	found  []cocoVerdict // the surest first
}

// judgeClass judges what was found of a class, of objects of areas in [least, most].
func judgeClass(pictures []*cocoPicture, least, most float64) (c cocoClass) {
	slices.SortFunc(pictures, func(a, b *cocoPicture) int { return cmp.Compare(a.image, b.image) })
	for _, p := range pictures {
		v, n := p.match(least, most)
		c.found = append(c.found, v...)
		for range n {
			c.wanted = append(c.wanted, p.image)
		}
	}
	slices.SortStableFunc(c.found, func(a, b cocoVerdict) int { return cmp.Compare(b.score, a.score) })
	return c
}

// verdicts are whether the first detections of each picture are right at a threshold, the surest first, up to the last right one: those after it change no precision that
// is looked at.
func (c *cocoClass) verdicts(t, limit int) (out []verdict) {
	last := 0
	for i := range c.found {
		v := &c.found[i]
		if v.rank >= limit || v.is[t] == cocoNeither {
			continue
		}
		out = append(out, verdict{v.image, v.is[t] == cocoRight})
		if v.is[t] == cocoRight {
			last = len(out)
		}
	}
	return out[:last]
}

// cocoCurve is what one class has at each threshold.
type cocoCurve struct {
	none      bool // nothing is to be found
	precision [len(cocoThresholds)]float64
	recall    [][len(cocoThresholds)]float64 // for each limit of detections
}

type cocoSet []cocoCurve

// cocoCurves judges each class; limits are detections a picture, ascending, the last is the one that precision has.
func cocoCurves(byClass [][]*cocoPicture, least, most float64, limits ...int) (set cocoSet) {
	for _, pictures := range byClass {
		c := judgeClass(pictures, least, most)
		curve := cocoCurve{none: len(c.wanted) == 0}
		for _, limit := range limits {
			var recall [len(cocoThresholds)]float64
			for t := range cocoThresholds {
				recall[t], curve.precision[t] = cocoAverage(c.verdicts(t, limit), len(c.wanted), nil, new(cocoScratch))
			}
			curve.recall = append(curve.recall, recall)
		}
		set = append(set, curve)
	}
	return set
}

// cocoScratch is what cocoAverage uses again.
type cocoScratch struct{ recall, precision []float64 }

// cocoAverage returns the largest recall of what was found of so many objects, and the mean precision at recalls of 0, 0.01, ..., 1; each picture is there so many times, nil
// means once. Precision is only looked at where something right was found: between two such places recall is the same, and precision falls.
func cocoAverage(found []verdict, wanted int, times []int, s *cocoScratch) (most, mean float64) {
	recall, precision := s.recall[:0], s.precision[:0]
	right, said, n := 0, 0, 1
	for _, v := range found {
		if times != nil {
			n = times[v.image]
		}
		if said += n; v.right && n > 0 {
			right += n
			recall = append(recall, float64(right)/float64(wanted))
			precision = append(precision, float64(right)/(float64(said)+0x1p-52))
		}
	}
	s.recall, s.precision = recall, precision
	if len(recall) == 0 {
		return 0, 0
	}
	for i := len(precision) - 1; i > 0; i-- {
		precision[i-1] = max(precision[i-1], precision[i])
	}
	at := 0
	for r := range 101 {
		want := float64(r) * 0.01
		if r == 100 {
			want = 1
		}
		for at < len(recall) && recall[at] < want {
			at++
		}
		if at == len(recall) {
			break
		}
		mean += precision[at] / 101
	}
	return recall[len(recall)-1], mean
}

// over is the mean of a value over the classes that have something to be found.
func (s cocoSet) over(value func(c cocoCurve) float64) float64 {
	x := make([]float64, len(s))
	for i, c := range s {
		x[i] = math.NaN()
		if !c.none {
			x[i] = value(c)
		}
	}
	return meanKnown(x)
}

// precision is the average precision at a threshold, or over all for -1.
func (s cocoSet) precision(t int) float64 {
	return s.over(func(c cocoCurve) float64 {
		if t < 0 {
			return meanKnown(c.precision[:])
		}
		return c.precision[t]
	})
}

// recall is the largest recall at a limit of detections and a threshold, or the mean over all for -1.
func (s cocoSet) recall(limit, t int) float64 {
	return s.over(func(c cocoCurve) float64 {
		if t < 0 {
			return meanKnown(c.recall[limit][:])
		}
		return c.recall[limit][t]
	})
}

// classes is the average precision of each class.
func (s cocoSet) classes() []float64 {
	x := make([]float64, len(s))
	for i := range s {
		x[i] = s[i : i+1].precision(-1)
	}
	return x
}
