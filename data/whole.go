package data

import (
	"maps"
	"slices"
	"strings"
)

// wholeGroups are the divisions whose classes stay whole where samples are parted, in the order in which they are looked for, in lower case: samples of one class
// of theirs are so like each other that one tells of the other.
var wholeGroups = []string{SpeakerGroup, RecordingGroup, FilmGroup, "src_file", "fsid", "source", "group", "fold"}

// wholeGroup returns the name of the first of these divisions that there is, "" for none.
func wholeGroup[L any](groups map[string]L) string {
	names := slices.Sorted(maps.Keys(groups))
	for _, want := range wholeGroups {
		for _, name := range names {
			if strings.EqualFold(name, want) {
				return name
			}
		}
	}
	return ""
}

// Apart parts the numbers of samples, in an order, in two: at least n, which come first, and the others. What is of one speaker, one recording or one film stays together,
// or of one class of the first other division of those that stay whole in a cut; by is its name, "" where samples are parted one by one. One without a class in it stands for itself.
func (d *Dataset) Apart(order []int, n int) (first, others []int, by string) {
	if by = wholeGroup(d.Truth.Groups); by == "" {
		return order[:n], order[n:], ""
	}
	of := func(i int) int {
		if class := d.Truth.Groups[by].Label(i); class >= 0 {
			return class
		}
		return -1 - i
	}
	size, chosen, total := map[int]int{}, map[int]bool{}, 0
	for _, i := range order {
		size[of(i)]++
	}
	for _, i := range order {
		if class := of(i); !chosen[class] && total < n {
			chosen[class], total = true, total+size[class]
		}
	}
	for _, i := range order {
		if chosen[of(i)] {
			first = append(first, i)
		} else {
			others = append(others, i)
		}
	}
	return first, others, by
}
