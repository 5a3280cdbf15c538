package recipe

import (
	"testing"

	"github.com/tessera-go/tessera/internal/statetest"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// TestLargeBatch: a batch whose loss comes in blocks, of more than 1024 views, trains, and in pieces of the trunk too: every weight moves, under an
// ample limit of memory to the same bits.
func TestLargeBatch(t *testing.T) {
	for _, task := range []string{"simclr?hidden=8&out=4", "simclr?hidden=8&out=4&pieces=200", "supcon?hidden=8&out=4"} {
		c := quickConfig("scenes:?n=520&side=16")
		c.Task, c.Augment, c.BatchSize, c.MaxSteps, c.MonitorEvery = task, "none", 520, 1, -1
		before, err := New(c, Options{})
		if err != nil {
			t.Fatal(err)
		}
		after := trained(t, c, "", Options{})
		statetest.Same(t, task+" with an ample limit", trained(t, c, "", Options{MemoryLimit: 64 << 30}).Learner, after.Learner)
		was := layers.State(before.Learner)
		for i, p := range layers.State(after.Learner) {
			if p.Kind.Trained() && tensor.SumSquares(p.Value) == tensor.SumSquares(was[i].Value) {
				t.Errorf("%s: %s has not moved", task, p.Name)
			}
		}
	}
}
