package recipe

import (
	"context"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/statetest"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// TestSwAVQueueBegins: nothing is remembered before the epoch that is named, which a run that ends before is told; a run that is stopped before it, in it or after it,
// and resumed, ends with the same bits.
func TestSwAVQueueBegins(t *testing.T) {
	config := func(steps int) train.Config {
		c := quickConfig("scenes:?n=24&side=16")
		c.Task, c.Augment, c.BatchSize, c.Epochs, c.MaxSteps, c.CheckpointEvery, c.MonitorEvery = "swav?hidden=8&out=4&prototypes=6&queue=10&queue-from=1", "none", 8, 3, steps, 1, -1
		return c
	}
	remembered := func(r *Recipe) (sum float64) {
		for _, p := range layers.State(r.Learner) {
			if strings.Contains(p.Name, "queue") && strings.HasSuffix(p.Name, "rows") {
				sum += tensor.SumSquares(p.Value)
			}
		}
		return sum
	}
	said := ""
	say := Options{Say: func(s string) { said += s }}
	if r := trained(t, config(3), "", say); remembered(r) != 0 || !strings.Contains(said, "queue: begins after 1 epochs of 3 updates, which is all of this run of 3") {
		t.Errorf("after one epoch %g is remembered; said %q", remembered(r), said)
	}
	said = ""
	whole := trained(t, config(0), "", say)
	if n := remembered(whole); n < 19.9 || n > 20.1 || strings.Contains(said, "queue: begins") {
		t.Errorf("two queues of ten projections of length 1 have %g; said %q", n, said)
	}
	said = ""
	c := config(0) // SwAV passes its pictures three times in an epoch of the run, whose epochs count
	c.Task, c.Epochs = "multi?tasks=swav,rotation&schedule=weighted&weights=3,1&swav.hidden=8&swav.out=4&swav.prototypes=6&swav.queue=10&swav.queue-from=2", 1
	if r := trained(t, c, "", say); remembered(r) != 0 || !strings.Contains(said, "swav.queue: begins after 2 epochs of 12 updates, which is all of this run of 12") {
		t.Errorf("beside rotation %g is remembered after one epoch of two; said %q", remembered(r), said)
	}
	for _, stop := range []int{2, 3, 4, 8} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		r, err := New(config(0), Options{Progress: func(p train.Progress) {
			if p.Step == stop {
				cancel()
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Train(ctx, dir, false); err == nil {
			t.Fatal("it was not stopped")
		}
		if r, err = New(config(0), Options{}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Train(context.Background(), dir, true); err != nil {
			t.Fatal(err)
		}
		statetest.Same(t, "stopped", r.Learner, whole.Learner)
	}
}
