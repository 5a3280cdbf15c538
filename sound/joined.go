package sound

import (
	"io"
	"sort"
)

// joined is a stream whose bytes lie in parts of a file, as one file.
type joined struct {
	file
	part []part
}

// part is a run of a stream's bytes.
type part struct {
	at     int64 // in the file
	before int64 // bytes of the stream before it
	n      int64
}

// add appends a part.
func (j *joined) add(at, n int64) {
	if n > 0 {
		j.part = append(j.part, part{at, j.size(), n})
	}
}

// size is how many bytes there are.
func (j *joined) size() int64 {
	if len(j.part) == 0 {
		return 0
	}
	last := j.part[len(j.part)-1]
	return last.before + last.n
}

// ReadAt reads bytes of the stream, from one part or several.
func (j *joined) ReadAt(b []byte, at int64) (n int, err error) {
	k := sort.Search(len(j.part), func(k int) bool { return j.part[k].before+j.part[k].n > at })
	for n < len(b) {
		if k == len(j.part) {
			return n, io.EOF
		}
		p := j.part[k]
		in := at + int64(n) - p.before
		m, err := j.file.ReadAt(b[n:n+int(min(int64(len(b)-n), p.n-in))], p.at+in)
		n += m
		if err != nil && !(err == io.EOF && in+int64(m) == p.n) {
			return n, err
		}
		k++
	}
	return n, nil
}
