package eval

// sides say of samples on which side of each class's hyperplane they lie.
type sides struct {
	classes int
	of      []int8 // [N K]: 1 of the class, -1 of others, 0 where nobody says
	apart   bool   // each sample is of one class, and one only
}

// sidesOf returns the sides of samples that are of one class each.
func sidesOf(labels []int32, classes int) *sides {
	s := &sides{classes: classes, of: make([]int8, len(labels)*classes), apart: true}
	for i, l := range labels {
		for k := range classes {
			s.of[i*classes+k] = -1
		}
		s.of[i*classes+int(l)] = 1
	}
	return s
}

// separations are what hyperplanes are to tell apart: for each class some rows, on two sides, and what it costs to have them on the wrong one.
type separations struct {
	rows     []int
	sides    *sides
	size     []int     // of each class's rows within
	up, down []float64 // what a row within a class costs, and one without
	solve    []bool    // of a class that has rows, and of two that are apart of the second alone, whose hyperplane is both's
	mirrored bool      // the first class's hyperplane is the second's, turned round
}

// separations returns what is to be solved for rows at a cost for each class.
func (o SVM) separations(rows []int, of *sides, costs []float64) *separations {
	q := &separations{rows: rows, sides: of, size: make([]int, of.classes), up: make([]float64, of.classes), down: make([]float64, of.classes), solve: make([]bool, of.classes)}
	for _, i := range rows {
		for k, side := range of.of[i*of.classes : (i+1)*of.classes] {
			if side > 0 {
				q.size[k]++
			}
		}
	}
	weight := func(k int) float64 {
		switch {
		case o.Balanced && q.size[k] > 0:
			return float64(len(rows)) / (float64(of.classes) * float64(q.size[k]))
		case o.Own > 0:
			return o.Own
		}
		return 1
	}
	both := of.apart && of.classes == 2 && (o.Balanced || weight(0) == 1)
	q.mirrored = both && q.size[0] > 0 && q.size[1] > 0
	for k := range of.classes {
		q.solve[k] = q.size[k] > 0 && !(k == 0 && q.mirrored)
		if q.up[k], q.down[k] = costs[k]*weight(k), costs[k]; both {
			q.down[k] = costs[k] * weight(1-k)
		}
	}
	return q
}

// column returns the sides of the rows of a class's hyperplane.
func (q *separations) column(k int) []int8 {
	out := make([]int8, len(q.rows))
	for r, i := range q.rows {
		out[r] = q.sides.of[i*q.sides.classes+k]
	}
	return out
}
