package eval

import (
	"slices"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// RowLabels are the classes of rows.
type RowLabels struct {
	Names  []string // of the classes
	Number []int    // [N] of each row's class
}

// Classes returns the names.
func (l *RowLabels) Classes() []string { return l.Names }

// Label returns the class of row i.
func (l *RowLabels) Label(i int) int { return l.Number[i] }

// together returns the samples of both, of whose truth only labels and groups that both have. Either may be of no rows.
func together(train, test Sample) (Sample, error) {
	if len(test.Index) == 0 {
		return train, nil
	}
	if len(train.Index) == 0 {
		return test, nil
	}
	out := Sample{Features: Features{Name: train.Name, Depth: train.Depth, GridSide: train.GridSide}}
	var err error
	if out.Pooled, err = stacked(train.Pooled, test.Pooled); err == nil {
		out.Grid, err = stacked(train.Grid, test.Grid)
	}
	if err != nil {
		return Sample{}, err
	}
	out.Index = make([]int, len(train.Index)+len(test.Index))
	for row := range out.Index {
		out.Index[row] = row
	}
	both := func(a, b data.Labels) data.Labels {
		l, number := &RowLabels{}, map[string]int{}
		for _, name := range append(slices.Clone(a.Classes()), b.Classes()...) {
			if _, known := number[name]; !known {
				number[name] = len(l.Names)
				l.Names = append(l.Names, name)
			}
		}
		l.Number = append(train.numbered(a, number), test.numbered(b, number)...)
		return l
	}
	if train.Truth.Labels != nil && test.Truth.Labels != nil {
		out.Truth.Labels = both(train.Truth.Labels, test.Truth.Labels)
	}
	for name, a := range train.Truth.Groups {
		if b := test.Truth.Groups[name]; b != nil {
			if out.Truth.Groups == nil {
				out.Truth.Groups = map[string]data.Labels{}
			}
			out.Truth.Groups[name] = both(a, b)
		}
	}
	return out, nil
}

// stacked returns the rows of x [N D] and those of y [M D] below them.
func stacked(x, y *tensor.Tensor) (*tensor.Tensor, error) {
	if err := sameWidth(x, y); err != nil {
		return nil, err
	}
	out := tensor.New(x.Dim(0)+y.Dim(0), x.Dim(1))
	copy(out.Data[copy(out.Data, x.Data):], y.Data)
	return out, nil
}
