package data

import (
	"math"
	"strconv"
)

// yoloLong counts lines that have more numbers than a box: outlines, or, where a YAML lacks what it should say, boxes and key points.
type yoloLong struct {
	n       int
	numbers int    // of each line; -1 where they differ
	posed   [2]int // how many can be a box and key points within it, of two numbers and of three
}

// add counts a line.
func (l *yoloLong) add(fields []string) {
	one := yoloLong{n: 1, numbers: len(fields) - 1}
	v := make([]float64, len(fields)-1)
	for i, text := range fields[1:] {
		var err error
		if v[i], err = strconv.ParseFloat(text, 64); err != nil {
			return // such a line is nothing
		}
	}
	for k := range one.posed {
		if posed(v, k+2) {
			one.posed[k] = 1
		}
	}
	l.all(one)
}

// all adds those that another counted.
func (l *yoloLong) all(of yoloLong) {
	switch {
	case of.n == 0:
		return
	case l.n == 0:
		l.numbers = of.numbers
	case l.numbers != of.numbers:
		l.numbers = -1
	}
	l.n += of.n
	for k := range l.posed {
		l.posed[k] += of.posed[k]
	}
}

// pose returns how many key points of how many numbers all lines may have; 0 where some cannot.
func (l *yoloLong) pose() (points, per int) {
	for k, n := range l.posed {
		if l.n > 0 && l.numbers > 0 && n == l.n {
			return (l.numbers - 4) / (k + 2), k + 2
		}
	}
	return 0, 0
}

// posed tells whether numbers can be a box within its picture and key points in it, of per numbers each: a point that is not known is 0, 0, and the third number says whether it is
// seen.
func posed(v []float64, per int) bool {
	const slack = 0.01
	x, y, w, h := v[0], v[1], v[2]/2, v[3]/2
	rest := v[4:]
	if len(rest)%per != 0 || !(x-w >= -slack && x+w <= 1+slack && y-h >= -slack && y+h <= 1+slack) {
		return false
	}
	for ; len(rest) > 0; rest = rest[per:] {
		if per == 3 && rest[2] != 0 && rest[2] != 1 && rest[2] != 2 {
			return false
		}
		unknown := rest[0] == 0 && rest[1] == 0
		if !unknown && !(math.Abs(rest[0]-x) <= w+slack && math.Abs(rest[1]-y) <= h+slack) {
			return false
		}
	}
	return true
}
