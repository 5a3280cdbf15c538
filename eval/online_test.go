package eval

import (
	"slices"
	"testing"
)

// TestOnlineProbe: looks go on from each other and come near what a probe reaches; from the same weights a look gives the same bits; what it cannot learn from it says.
func TestOnlineProbe(t *testing.T) {
	train, test := blobs(300, "train"), blobs(120, "test")
	full, err := Probe{}.Judge(ctx, train, test)
	if err != nil {
		t.Fatal(err)
	}
	p := NewOnlineProbe(12, 5, 1)
	var right []float64
	for at := range 5 {
		q := NewOnlineProbe(12, 5, 1) // as that of a run that is resumed: the weights are all that it is
		copy(q.W.Data, p.W.Data)
		copy(q.B.Data, p.B.Data)
		a, err := p.Look(train, test, at)
		b, again := q.Look(train, test, at)
		if err != nil || again != nil || a != b || !slices.Equal(p.W.Data, q.W.Data) {
			t.Fatalf("look %d: %g and %g from the same weights, %v, %v", at, a, b, err, again)
		}
		right = append(right, a)
	}
	if right[len(right)-1] < full.Value-0.03 {
		t.Errorf("looks reach %v, the probe %g", right, full.Value)
	}
	_, err = NewOnlineProbe(11, 5, 1).Look(train, test, 0)
	wantError(t, err, "the features have 12 values, of 5 classes; the online probe is of 11 and 5")
}
