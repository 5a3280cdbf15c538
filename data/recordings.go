package data

import (
	"regexp"
	"slices"
)

// RecordingGroup is the division of films by the recording that they were cut from.
const RecordingGroup = "recording"

// takeName is a name of UCF101's (Soomro, Zamir, Shah 2012): films of one group g are of one recording.
var takeName = regexp.MustCompile(`^(.*_g[0-9]+)_c[0-9]+(\.[^./]*)?$`)

// recordingsOf returns the recordings that films were cut from, by their paths; nil where not all paths say it.
func recordingsOf(paths []string) *folderLabels {
	l := &folderLabels{labels: make([]int, len(paths))}
	number := map[string]int{}
	for i, p := range paths {
		m := takeName.FindStringSubmatch(p)
		if m == nil {
			return nil
		}
		n, ok := number[m[1]]
		if !ok {
			n = len(l.classes)
			number[m[1]] = n
			l.classes = append(l.classes, m[1])
		}
		l.labels[i] = n
	}
	return l
}

// cutRecordings is cutOf for films, of which those of one recording stay together: as UCF101's own splits keep them, for they are nearly the same film.
func cutRecordings(paths []string, parts [2]float64, split Split) []int {
	return cutTogether(paths, recordingsOf(paths), parts, split)
}

// cutTogether is cutOf for files of which those of one class of a division stay together; one that is in no class stands for itself, and so do all where by is nil.
func cutTogether(paths []string, by *folderLabels, parts [2]float64, split Split) []int {
	if by == nil {
		return cutOf(paths, parts, split)
	}
	whole := slices.Clone(by.classes)
	of := slices.Clone(by.labels)
	for i, class := range of {
		if class < 0 {
			of[i] = len(whole)
			whole = append(whole, paths[i])
		}
	}
	kept := cutOf(whole, parts, split)
	var out []int
	for i, n := range of {
		if _, ok := slices.BinarySearch(kept, n); ok {
			out = append(out, i)
		}
	}
	return out
}
