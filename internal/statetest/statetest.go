// Package statetest compares the whole state of learners, bit by bit.
package statetest

import (
	"math"
	"testing"

	"github.com/tessera-go/tessera/layers"
)

// Same fails the test, and names the first tensor that is not the same to the bit, where the states of a and b differ. States without a
// tensor are a mistake of the test.
func Same(t testing.TB, what string, a, b layers.Stateful) {
	t.Helper()
	x, y := layers.State(a), layers.State(b)
	if len(x) != len(y) || len(x) == 0 {
		t.Fatalf("%s: %d and %d tensors", what, len(x), len(y))
	}
	for i := range x {
		if x[i].Name != y[i].Name || len(x[i].Value.Data) != len(y[i].Value.Data) {
			t.Errorf("%s: %s with %d values and %s with %d", what, x[i].Name, len(x[i].Value.Data), y[i].Name, len(y[i].Value.Data))
			return
		}
		for j, v := range x[i].Value.Data {
			if w := y[i].Value.Data[j]; math.Float32bits(v) != math.Float32bits(w) {
				t.Errorf("%s: %s differs at %d: %g and %g", what, x[i].Name, j, v, w)
				return
			}
		}
	}
}
