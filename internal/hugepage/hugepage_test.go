package hugepage

import "testing"

// TestAdvise: advice changes no content, whatever the size and the alignment.
func TestAdvise(t *testing.T) {
	b := make([]float32, 5<<20)
	for i := range b {
		b[i] = float32(i % 1000)
	}
	for _, part := range [][]float32{nil, b[:1], b[3:], b[:Least/4], b[7 : 7+Least/4]} {
		Advise(part)
	}
	for i, v := range b {
		if v != float32(i%1000) {
			t.Fatalf("element %d became %v", i, v)
		}
	}
}
