package detect

import (
	"context"
	"math"

	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/metric"
)

// judged is what was found and what is there.
type judged struct {
	found   []metric.Detection
	there   []metric.Object
	classes int
}

func box64(b Box) [4]float64 {
	return [4]float64{float64(b[0]), float64(b[1]), float64(b[2]), float64(b[3])}
}

func box32(b [4]float64) Box {
	return Box{float32(b[0]), float32(b[1]), float32(b[2]), float32(b[3])}
}

// collect numbers pictures by their row.
func collect(found [][]Found, there [][]metric.Object, classes int) (j judged) {
	j.classes = classes
	for row := range found {
		for _, f := range found[row] {
			j.found = append(j.found, metric.Detection{Image: row, Class: f.Class, Score: float64(f.Sure), Box: box64(f.Box)})
		}
		for _, o := range there[row] {
			o.Image = row
			j.there = append(j.there, o)
		}
	}
	return j
}

// likeliest finds in each picture, for each class, the training pictures' mean box of it, as sure as it is common: what who does not look finds.
func likeliest(train *shown, sizes [][2]int, classes int) [][]Found {
	mean, n := make([][4]float64, classes), make([]float64, classes)
	for i, some := range train.there {
		h, w := float64(train.size[i][0]), float64(train.size[i][1])
		for _, o := range some {
			for k, v := range o.Box {
				mean[o.Class][k] += v / [2]float64{w, h}[k%2]
			}
			n[o.Class]++
		}
	}
	out := make([][]Found, len(sizes))
	for row, size := range sizes {
		for c := range classes {
			if n[c] == 0 {
				continue
			}
			var b Box
			for k := range b {
				b[k] = float32(mean[c][k] / n[c] * float64(size[1-k%2]))
			}
			out[row] = append(out[row], Found{Object{b, c}, float32(n[c] / (n[c] + float64(len(train.there))))})
		}
	}
	return out
}

// averagePrecision is a metric of detections.
func averagePrecision(name string, trivial float64) metric.Metric {
	return metric.Metric{Name: name, Unit: metric.Percent, Higher: true, Predictor: "mean box of each class", Trivial: trivial}
}

// scores are VOC's average precision at an overlap of a half, with that of each class, and COCO's, with those of small and large objects; of says which samples the rows are.
func (p Detect) scores(ctx context.Context, found [][]Found, index []int, train, test *shown, names []string, of eval.Sample, o eval.Options) ([]eval.Score, error) {
	there, sizes := make([][]metric.Object, len(index)), make([][2]int, len(index))
	for row, i := range index {
		there[row], sizes[row] = test.there[i], test.size[i]
	}
	j := collect(found, there, len(names))
	t := collect(likeliest(train, sizes, len(names)), there, len(names))
	ofVOC, ofCOCO := metric.JudgeVOC(j.found, j.there, j.classes, metric.VOCOptions{}), metric.JudgeCOCO(j.found, j.there, j.classes)
	voc, blind := ofVOC.Scores(), metric.VOC(t.found, t.there, t.classes, metric.VOCOptions{})
	coco, cocoBlind := ofCOCO.Scores(), metric.COCO(t.found, t.there, t.classes)
	count := make([]int, len(names))
	for _, o := range j.there {
		if !o.Ignore && !o.Crowd {
			count[o.Class]++
		}
	}
	about := func() map[string]any {
		return map[string]any{"boxes_found": len(j.found), "boxes_there": len(j.there), "classes": len(names)}
	}
	first := eval.Score{Protocol: p.Name(), Metric: averagePrecision("AP50", blind.MeanArea), Value: voc.MeanArea, Trivial: blind.MeanArea, Found: about()}
	for c, v := range voc.Area {
		if !math.IsNaN(v) {
			first.Parts = append(first.Parts, eval.Part{Name: names[c], Value: v, N: count[c]})
		}
	}
	second := eval.Score{Protocol: p.Name(), Metric: averagePrecision("AP", cocoBlind.AP), Value: coco.AP, Trivial: cocoBlind.AP, Found: about()}
	for _, part := range []struct {
		name        string
		value       float64
		least, most float64
	}{{"AP75", coco.AP75, 0, math.Inf(1)}, {"small", coco.APSmall, 0, 32 * 32}, {"medium", coco.APMedium, 32 * 32, 96 * 96}, {"large", coco.APLarge, 96 * 96, math.Inf(1)}} {
		n := 0
		for _, o := range j.there {
			v := o.Area
			if v == 0 {
				v = (o.Box[2] - o.Box[0]) * (o.Box[3] - o.Box[1])
			}
			if v >= part.least && v <= part.most && !o.Ignore && !o.Crowd {
				n++
			}
		}
		if n > 0 {
			second.Parts = append(second.Parts, eval.Part{Name: part.name, Value: part.value, N: n})
		}
	}
	if err := within(ctx, &first, of, o, ofVOC.MeanArea); err != nil {
		return nil, err
	}
	return []eval.Score{first, second}, within(ctx, &second, of, o, ofCOCO.AP)
}

// within adds to a score of an average precision where it would lie with 95 % certainty on other samples, by those drawn anew; nothing where there are too few.
func within(ctx context.Context, s *eval.Score, of eval.Sample, o eval.Options, drawn func(times []int) float64) error {
	in, over, err := eval.Redrawn(ctx, of, s.Metric.Name, o, func(times []int) []float64 { return []float64{drawn(times)} })
	if len(in) > 0 && in[0] != nil {
		s.Interval, s.Found["interval_over"] = eval.Basic(s.Value, in[0]), over
	}
	return err
}
