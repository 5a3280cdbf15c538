package eval

import (
	"sync"

	"github.com/tessera-go/tessera/data"
)

// keepTruth returns a data set whose joints are asked for once: a procedural picture is drawn anew for each question.
func keepTruth(d *data.Dataset) *data.Dataset {
	if d.Truth.KeyPoints == nil {
		return d
	}
	if _, kept := d.Truth.KeyPoints.(*keptJoints); kept {
		return d
	}
	out := *d
	out.Truth.KeyPoints = &keptJoints{of: d.Truth.KeyPoints, all: make([]keptJoint, d.Len())}
	return &out
}

// keptJoints are joints that were asked for.
type keptJoints struct {
	of  data.KeyPoints
	all []keptJoint
}

type keptJoint struct {
	once   sync.Once
	points []data.KeyPoint
	err    error
}

func (k *keptJoints) KeyPoints(i int) ([]data.KeyPoint, error) {
	one := &k.all[i]
	one.once.Do(func() { one.points, one.err = k.of.KeyPoints(i) })
	return one.points, one.err
}
