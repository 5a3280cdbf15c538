package train

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// moving is a learner that moves a tensor of its own by the rate, beside one that gradients move.
type moving struct {
	*script
	mine  *tensor.Tensor
	loss  float64
	rates []float32
}

func newMoving() *moving {
	l := &moving{script: newScript("w"), mine: tensor.New(1), loss: 2}
	l.groups = []Group{{Name: "taught", Params: []layers.Param{{Name: "w", Value: l.values["w"].Value}}}, {Name: "mine", Params: []layers.Param{{Name: "mine", Value: l.mine}}, Own: true}}
	l.metrics = []metric.Metric{metric.Loss(), {Name: "own_loss"}}
	return l
}

func (l *moving) Visit(prefix string, f func(layers.Param)) {
	l.script.Visit(prefix, f)
	f(layers.Param{Name: prefix + "mine", Value: l.mine, Kind: layers.Weight})
}

func (l *moving) Feed(_ data.Inputs, _ bool, o data.LoaderOptions) (*Feed, error) {
	return NewFeed(8, ticker{}, o, func(s Step, _ *tick) {
		s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return l.of(t, "w") })
		s.Own("own_loss", func(rate float32) (sum, count float64) {
			l.rates = append(l.rates, rate)
			l.mine.Data[0] += rate
			return 3 * l.loss, 3
		})
	}), nil
}

func movingRun(l *moving, steps int) *Run {
	r := plainRun(l.script, steps)
	r.Learner = l
	return r
}

// TestOwn: what a learner changes itself is told the run's rate, changes beside what gradients change, and is told as a mean; in a look and while
// memory is measured nothing changes. It has no optimiser, and no gradient is looked for.
func TestOwn(t *testing.T) {
	l := newMoving()
	r := movingRun(l, 3)
	r.Config.LR, r.Config.Schedule, r.Config.LogEvery = 0.5, "linear?to=0.25", 1
	r.MemoryLimit = 1 << 40
	r.Dir = filepath.Join(t.TempDir(), "run")
	var told []float64
	r.Progress = func(p Progress) { told = append(told, p.Values["own_loss"]) }
	if _, err := r.Start(context.Background(), false); err != nil {
		t.Fatal(err)
	}
	for k, want := range []float32{0.5, 0.5 * 2 / 3, 0.5 / 3} {
		if !(math.Abs(float64(l.rates[k]-want)) < 1e-7) {
			t.Errorf("step %d has the rate %g, want %g", k, l.rates[k], want)
		}
	}
	if len(l.rates) != 3 || len(told) != 3 || told[0] != 2 || !(math.Abs(float64(l.mine.Data[0])-1) < 1e-6) {
		t.Errorf("rates %v, losses %v, moved to %g", l.rates, told, l.mine.Data[0])
	}
	all, err := Checkpoints(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := checkpoint.Load(all[len(all)-1])
	if err != nil {
		t.Fatal(err)
	}
	if f.Get("model.mine") == nil {
		t.Error("the checkpoint lacks what the learner changes itself")
	}
	for _, n := range f.Tensors {
		if strings.HasPrefix(n.Name, "optim.mine") {
			t.Errorf("there is an optimiser's %s", n.Name)
		}
	}
	feed, err := l.Feed(data.Inputs{}, false, data.LoaderOptions{BatchSize: 2})
	if err != nil {
		t.Fatal(err)
	}
	was := l.mine.Data[0]
	v, err := Look(feed, r.Config.Mode(), 1, 0, 1)
	if err != nil || v["own_loss"] != 2 || l.mine.Data[0] != was || l.rates[3] != 0 {
		t.Errorf("a look: %v, %v; %g is %g, the rate was %g", v, err, was, l.mine.Data[0], l.rates[3])
	}
}

// TestOwnRefused: what has no gradients cannot be accumulated or summed over shards, and a loss of its own may not run away.
func TestOwnRefused(t *testing.T) {
	l := newMoving()
	r := movingRun(l, 3)
	r.Config.Accumulate = 2
	if _, err := r.Start(context.Background(), false); err == nil || !strings.Contains(err.Error(), `the group "mine" without gradients: --accumulate 2`) {
		t.Errorf("accumulated: %v", err)
	}
	r = movingRun(l, 3)
	r.Config.Shards, r.Config.BatchSize = 2, 2
	if _, err := r.Start(context.Background(), false); err == nil || !strings.Contains(err.Error(), `the group "mine" without gradients: shards`) {
		t.Errorf("in shards: %v", err)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), 1e9} {
		l := newMoving()
		r := movingRun(l, 3)
		r.Progress = func(p Progress) { l.loss = bad }
		var e *DivergedError
		if _, err := r.Start(context.Background(), false); !errors.As(err, &e) || e.What != "own_loss" || e.Step != 2 || strings.Contains(err.Error(), "--clip-norm") || !strings.Contains(err.Error(), "a lower --lr or") {
			t.Errorf("a loss of %g: %v", bad, err)
		}
	}
}
