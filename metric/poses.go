package metric

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// COCOSigmas are how far people who marked COCO's seventeen key points differed, in parts of the root of a person's area
// (cocodataset.org, "Keypoint evaluation"): nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles.
var COCOSigmas = []float64{
	0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089,
}

// Pose is a figure that was found: a place for each of its key points.
type Pose struct {
	Image  int
	Score  float64
	Points [][2]float64 // x, y in pixels
}

// Figure is a figure that is there.
type Figure struct {
	Image  int
	Points [][2]float64 // x, y in pixels
	Marked []bool       // which of them are known; where none is, the figure is neither to be found nor wrong when found
	Box    [4]float64   // x0, y0, x1, y1
	Area   float64      // of its mask, in square pixels; 0 means the box's
	Crowd  bool         // as Object's
}

// area is the figure's.
func (f Figure) area() float64 {
	if f.Area == 0 {
		return area(f.Box, 0)
	}
	return f.Area
}

// OKS returns the object key point similarity of a pose and a figure, in [0, 1]: the mean over the marked points of exp(-d²/(2·area·(2·sigma)²)), d
// the distance in pixels. Where none is marked, d is the distance to the figure's box made three times as large, of all points.
func OKS(p Pose, f Figure, sigmas []float64) float64 {
	any := slices.Contains(f.Marked, true)
	w, h := f.Box[2]-f.Box[0], f.Box[3]-f.Box[1]
	sum, n := 0.0, 0
	for i, at := range p.Points {
		if any && !f.Marked[i] {
			continue
		}
		dx, dy := at[0]-f.Points[i][0], at[1]-f.Points[i][1]
		if !any {
			dx = max(0, f.Box[0]-w-at[0]) + max(0, at[0]-f.Box[2]-w)
			dy = max(0, f.Box[1]-h-at[1]) + max(0, at[1]-f.Box[3]-h)
		}
		v := 2 * sigmas[i]
		sum += math.Exp(-(dx*dx + dy*dy) / (v * v) / (f.area() + 0x1p-52) / 2)
		n++
	}
	return sum / float64(n)
}

// PoseScores are COCO's ten numbers of key points, each in [0, 1], or NaN where no figure is to be found.
type PoseScores struct {
	AP                float64 // average precision, mean over similarities of 0.50, 0.55, ..., 0.95
	AP50, AP75        float64 // at similarities of 0.5 and 0.75
	APMedium, APLarge float64 // of figures of 32*32 to 96*96 pixels, and above
	AR, AR50, AR75    float64 // the largest recall with 20 poses a picture
	ARMedium, ARLarge float64
}

// Poses returns COCO's scores of poses, as pycocotools' COCOeval computes them of key points: as COCO does with boxes, but with OKS for
// their overlap. It panics where a pose, a figure and sigmas have different numbers of points, or a number is not finite.
func Poses(d []Pose, o []Figure, sigmas []float64) PoseScores {
	return JudgePoses(d, o, sigmas).Scores()
}

// PosesJudged is what Poses tells right from wrong.
type PosesJudged struct{ of *COCOJudged }

// AP is COCOJudged's.
func (j *PosesJudged) AP(times []int) float64 { return j.of.AP(times) }

// Scores are those of Poses.
func (j *PosesJudged) Scores() PoseScores {
	one := j.of.pictures
	all, medium, large := cocoCurves(one, 0, math.Inf(1), 20), cocoCurves(one, 32*32, 96*96, 20), cocoCurves(one, 96*96, math.Inf(1), 20)
	return PoseScores{
		AP: all.precision(-1), AP50: all.precision(0), AP75: all.precision(5),
		APMedium: medium.precision(-1), APLarge: large.precision(-1),
		AR: all.recall(0, -1), AR50: all.recall(0, 0), AR75: all.recall(0, 5),
		ARMedium: medium.recall(0, -1), ARLarge: large.recall(0, -1),
	}
}

// JudgePoses judges poses as Poses does. It panics where Poses does.
func JudgePoses(d []Pose, o []Figure, sigmas []float64) *PosesJudged {
	return &PosesJudged{judgeCOCO(cocoPoses(d, o, sigmas), 20)}
}

// cocoPoses returns what is there and was found, picture by picture, of one class.
func cocoPoses(d []Pose, o []Figure, sigmas []float64) [][]*cocoPicture {
	checkPoses(d, o, sigmas)
	places := map[int]*cocoPicture{}
	there, found := map[int][]Figure{}, map[int][]Pose{}
	at := func(image int) *cocoPicture {
		if places[image] == nil {
			places[image] = &cocoPicture{image: image}
		}
		return places[image]
	}
	for _, f := range o {
		p := at(f.Image)
		there[f.Image] = append(there[f.Image], f)
		p.objects = append(p.objects, cocoObject{area: f.area(), ignore: f.Crowd || !slices.Contains(f.Marked, true), crowd: f.Crowd})
	}
	for _, p := range d {
		at(p.Image)
		found[p.Image] = append(found[p.Image], p)
	}
	var pictures []*cocoPicture
	for image, p := range places {
		f := found[image]
		slices.SortStableFunc(f, func(a, b Pose) int { return cmp.Compare(b.Score, a.Score) })
		for _, pose := range f[:min(len(f), 20)] {
			like := make([]float64, len(p.objects))
			for j, f := range there[image] {
				like[j] = OKS(pose, f, sigmas)
			}
			p.found = append(p.found, cocoFound{score: pose.Score, area: extent(pose.Points), like: like})
		}
		pictures = append(pictures, p)
	}
	return [][]*cocoPicture{pictures}
}

// extent is the area of the box around points.
func extent(points [][2]float64) float64 {
	b := [4]float64{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for _, p := range points {
		b = [4]float64{min(b[0], p[0]), min(b[1], p[1]), max(b[2], p[0]), max(b[3], p[1])}
	}
	return area(b, 0)
}

// checkPoses panics with what is wrong with poses or figures.
func checkPoses(d []Pose, o []Figure, sigmas []float64) {
	bad := func(points [][2]float64, more ...float64) bool {
		for _, p := range points {
			more = append(more, p[0], p[1])
		}
		return len(points) != len(sigmas) || !finite(more...)
	}
	for i, p := range d {
		if bad(p.Points, p.Score) {
			panic(fmt.Sprintf("metric.Poses: pose %d is %+v, want %d points and finite numbers", i, p, len(sigmas)))
		}
	}
	for i, f := range o {
		if bad(f.Points, f.Area, f.Box[0], f.Box[1], f.Box[2], f.Box[3]) || len(f.Marked) != len(sigmas) {
			panic(fmt.Sprintf("metric.Poses: figure %d is %+v, want %d points and finite numbers", i, f, len(sigmas)))
		}
	}
}
