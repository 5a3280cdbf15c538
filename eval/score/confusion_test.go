package score

import (
	"fmt"
	"testing"
)

// TestConfuse: few classes are all shown; of many those that are taken for each other most, with what was said to be of others behind.
func TestConfuse(t *testing.T) {
	got := Confuse([]string{"a", "b", "c"}, []int32{0, 0, 1, 2, 2, 2}, []int{0, 1, 1, 0, 2, 2})
	if fmt.Sprint(*got) != "{[a b c] [[1 1 0] [0 1 0] [1 0 2]] 3}" {
		t.Errorf("%v", *got)
	}
	var names []string
	var truth []int32
	var said []int
	for k := range 40 {
		names = append(names, fmt.Sprint(k))
		for n := range 10 {
			truth, said = append(truth, int32(k)), append(said, k)
			if k%3 == 0 && n < k/3 { // 39 is said to be 38 in ten of ten, 36 to be 35, ...
				said[len(said)-1] = max(0, k-1)
			}
		}
	}
	got = Confuse(names, truth, said)
	if fmt.Sprint(got.Classes) != "[23 24 26 27 29 30 32 33 35 36 38 39]" || got.Of != 40 || len(got.Counts[0]) != 13 {
		t.Errorf("%v", *got)
	}
	if row := got.Counts[11]; row[10] != 10 || row[11] != 0 || row[12] != 0 {
		t.Errorf("39 was said to be %v", row)
	}
	said[39*10] = 3
	if row := Confuse(names, truth, said).Counts[11]; row[12] != 1 {
		t.Errorf("one is of none that are shown: %v", row)
	}
	if got = Confuse(names, truth[:5], []int{0, 0, 0, 0, 0}); len(got.Classes) != 0 || got.Of != 40 {
		t.Errorf("nothing is confused: %v", *got)
	}
}
