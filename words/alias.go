package words

import "math"

// alias draws numbers with given frequencies in constant time (Walker 1977; Vose 1991): half of a slot's draws are its own, the others its alias's.
type alias struct {
	own   []uint32 // how many of 2³² draws of a slot are its own
	other []int32
}

// newAlias draws i as often as weight[i] says; weights are at least 0 and not all 0.
func newAlias(weight []float64) *alias {
	n := len(weight)
	var sum float64
	for _, w := range weight {
		sum += w
	}
	a := &alias{make([]uint32, n), make([]int32, n)}
	part := make([]float64, n)
	var small, large []int32
	for i, w := range weight {
		if part[i] = w / sum * float64(n); part[i] < 1 {
			small = append(small, int32(i))
		} else {
			large = append(large, int32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		a.own[s], a.other[s] = uint32(math.Min(part[s]*(1<<32), math.MaxUint32)), l
		if part[l] -= 1 - part[s]; part[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, i := range append(small, large...) { // what is left is 1 but for rounding
		a.own[i], a.other[i] = math.MaxUint32, i
	}
	return a
}

// draw returns a number.
func (a *alias) draw(d *draws) int32 {
	r := d.next()
	i := int32(r >> 32 * uint64(len(a.own)) >> 32)
	if uint32(r) <= a.own[i] {
		return i
	}
	return a.other[i]
}
