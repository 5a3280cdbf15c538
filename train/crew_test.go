package train

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/cluster"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/tensor"
)

// ranks runs learners that make makes on as many goroutines, and returns them and how each ended; settings change the configuration.
func ranks(n, shards, accumulate, steps int, make func(rank int) *script, settings ...func(c *Config)) ([]*script, []error) {
	out, errs := []*script{}, []error{}
	var all sync.WaitGroup
	for rank, g := range cluster.Loopback(n) {
		l := make(rank)
		l.n = 4 * shards
		out, errs = append(out, l), append(errs, nil)
		all.Go(func() {
			r := plainRun(l, steps)
			r.Config.Shards, r.Config.BatchSize, r.Config.Accumulate, r.Cluster = shards, shards, accumulate, g
			for _, f := range settings {
				f(&r.Config)
			}
			_, err := r.Start(context.Background(), false)
			if errs[rank] = err; err != nil {
				g.Abort()
			}
		})
	}
	all.Wait()
	return out, errs
}

// own is the stream of a shard, which is not that of the others.
func own(s Step) *tensor.RNG { return s.(*shard).rng }

// drawnSlope is a loss of which each shard has a slope of its own.
func drawnSlope(l *script, s Step, t *autograd.Tape, name string) *autograd.Var {
	return autograd.Sum(autograd.Scale(l.of(t, name), own(s).Float32()))
}

// TestShardsOfASet: the gradient is the mean over shards, and over accumulated batches; of losses that are nested, and in groups updated one before the other. The
// number of ranks is not to be seen.
func TestShardsOfASet(t *testing.T) {
	learner := func(int) *script {
		l := newScript("a", "b")
		l.step = func(s Step) {
			s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
				s.Minimise("second", func(t *autograd.Tape) *autograd.Var { return drawnSlope(l, s, t, "b") }, "b")
				s.Metric("third", float64(own(s).Float32()), 1)
				return drawnSlope(l, s, t, "a")
			}, "a")
			s.Update("a")
			if s.Last() {
				s.After(func() { tensor.Scale(l.values["b"].Value, 1.5, l.values["b"].Value) })
			}
		}
		return l
	}
	for _, accumulate := range []int{1, 2} {
		one, errs := ranks(1, 8, accumulate, 2, learner)
		if errs[0] != nil {
			t.Fatal(errs[0])
		}
		if a := one[0].at("a"); a > 0.97 || a < 0.83 { // two steps of 0.1 by slopes from 0 to 1
			t.Errorf("a is %g", a)
		}
		if b := one[0].at("b"); b > 1.5*1.5 || b < 0.8*1.5*1.5 {
			t.Errorf("b is %g: what is done after a step is done once", b)
		}
		for _, n := range []int{2, 4, 8} {
			all, errs := ranks(n, 8, accumulate, 2, learner)
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			for _, l := range all {
				if l.at("a") != one[0].at("a") || l.at("b") != one[0].at("b") {
					t.Errorf("%d ranks: %g and %g, one %g and %g", n, l.at("a"), l.at("b"), one[0].at("a"), one[0].at("b"))
				}
			}
		}
	}
}

// TestShardsOfTwoLosses: two losses that one update follows have sums of their own; one is not reached in each shard, one only in the first of two batches.
func TestShardsOfTwoLosses(t *testing.T) {
	learner := func(int) *script {
		l := newScript("a", "b", "c")
		l.step = func(s Step) {
			s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return drawnSlope(l, s, t, "a") })
			s.Minimise("second", func(t *autograd.Tape) *autograd.Var {
				if v := own(s).Float32(); v < 0.5 {
					return autograd.Scale(drawnSlope(l, s, t, "b"), -3)
				}
				return autograd.Add(drawnSlope(l, s, t, "a"), drawnSlope(l, s, t, "b"))
			}, "a", "b")
			if !s.Last() {
				s.Minimise("third", func(t *autograd.Tape) *autograd.Var { return drawnSlope(l, s, t, "c") }, "c")
			}
		}
		return l
	}
	for _, accumulate := range []int{1, 2} {
		var want []*script
		for _, n := range []int{1, 2, 4} {
			all, errs := ranks(n, 4, accumulate, 3, learner)
			if err := errors.Join(errs...); err != nil && accumulate > 1 {
				t.Fatal(err)
			}
			if want == nil {
				want = all
				if a, b, c := all[0].at("a"), all[0].at("b"), all[0].at("c"); a == b || a == 1 || b == 1 || (c == 1) == (accumulate > 1) {
					t.Errorf("%d batches: %g, %g, %g", accumulate, a, b, c)
				}
			}
			for _, l := range all {
				for _, name := range []string{"a", "b", "c"} {
					if l.at(name) != want[0].at(name) {
						t.Errorf("%d ranks, %d batches: %s is %g, of one rank %g", n, accumulate, name, l.at(name), want[0].at(name))
					}
				}
			}
		}
	}
}

// TestShardsDraw: what a step draws is the same in all shards, on all ranks, and that of the batch in one piece; of accumulated batches each draws anew.
func TestShardsDraw(t *testing.T) {
	draw := func(processes, shards int) (all []float64) {
		var mu sync.Mutex
		ls, errs := ranks(processes, shards, 2, 2, func(int) *script {
			l := newScript("a")
			l.step = func(s Step) {
				mu.Lock()
				all = append(all, float64(s.RNG().Float32()))
				mu.Unlock()
				s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(l.of(t, "a")) })
			}
			return l
		})
		if err := errors.Join(errs...); err != nil || len(ls) != processes {
			t.Fatal(err)
		}
		slices.Sort(all)
		return all
	}
	one := draw(1, 1)
	if len(one) != 4 || len(slices.Compact(slices.Clone(one))) != 4 {
		t.Fatalf("two updates of two batches draw %v", one)
	}
	for _, n := range []int{1, 2} {
		got := draw(n, 4)
		want := slices.Concat(one, one, one, one)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%d ranks: shards draw %v, the batch %v", n, got, one)
		}
	}
}

// TestLocalSteps: each rank goes by its own shards for so many steps, and what all keep is then the mean; a rank that diverges ends all.
func TestLocalSteps(t *testing.T) {
	const each, steps, rate = 3, 6, 0.1
	slope := func(update, shard int) float64 {
		return float64(tensor.NewRNG(0).Derive(stream.Step, uint64(update), uint64(shard)).Float32())
	}
	learner := func(int) *script {
		l := newScript("a")
		l.step = func(s Step) {
			k := own(s).Float32() / 2
			s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
				a := l.of(t, "a")
				return autograd.Sum(autograd.Scale(autograd.Mul(a, a), k))
			})
		}
		return l
	}
	local := func(c *Config) { c.LocalSteps, c.CheckpointEvery = each, steps }
	want := 1.0
	for first := 0; first < steps; first += each {
		mean := 0.0
		for rank := range 2 {
			a := want
			for update := first; update < first+each; update++ {
				a -= rate * a * (slope(update, 2*rank) + slope(update, 2*rank+1)) / 2
			}
			mean += a / 2
		}
		want = mean
	}
	all, errs := ranks(2, 4, 1, steps, learner, local)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	together, _ := ranks(2, 4, 1, steps, learner)
	for rank, l := range all {
		if a := float64(l.at("a")); math.Abs(a-want) > 1e-6 || math.Abs(a-float64(together[0].at("a"))) < 1e-5 {
			t.Errorf("rank %d: %g, want %g, not the %g of steps together", rank, a, want, together[0].at("a"))
		}
	}
	_, errs = ranks(2, 4, 1, steps, func(rank int) *script {
		l := learner(rank)
		step := l.step
		l.step = func(s Step) {
			if update, _ := s.At(); update == 1 && rank == 1 {
				l.values["a"].Value.Fill(float32(math.Inf(1)))
			}
			step(s)
		}
		return l
	}, local)
	for rank, err := range errs {
		var e *DivergedError
		if !errors.As(err, &e) {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

// TestWire: gradients that are rounded on their way are nearly those that are not, and the same on all ranks.
func TestWire(t *testing.T) {
	learner := func(int) *script {
		l := newScript("a")
		l.step = func(s Step) {
			s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return drawnSlope(l, s, t, "a") })
		}
		return l
	}
	exact, _ := ranks(2, 4, 1, 5, learner)
	all, errs := ranks(2, 4, 1, 5, learner, func(c *Config) { c.Wire = tensor.BFloat16 })
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	off := math.Abs(float64(all[0].at("a") - exact[0].at("a")))
	if off == 0 || off > 0.002 || all[0].at("a") != all[1].at("a") {
		t.Errorf("%g and %g, not rounded %g", all[0].at("a"), all[1].at("a"), exact[0].at("a"))
	}
}

// TestRanksAtOtherPlaces: ranks of one shard each that go different ways end with one sentence.
func TestRanksAtOtherPlaces(t *testing.T) {
	_, errs := ranks(2, 2, 1, 50, func(int) *script {
		l := newScript("a")
		l.step = func(s Step) {
			s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
				sum := autograd.Sum(l.of(t, "a"))
				if own(s).Float32() < 0.5 {
					t.Parts.Join([]float64{1})
				}
				return sum
			})
		}
		return l
	})
	for rank, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "is at another place of a step than rank") {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

// TestShardsRows: what is remembered of a batch is of all shards, in order.
func TestShardsRows(t *testing.T) {
	for _, n := range []int{1, 2, 4} {
		all, errs := ranks(n, 4, 1, 1, func(int) *script {
			l := newScript("a", "M")
			l.step = func(s Step) {
				s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(l.of(t, "a")) })
				rows := s.Rows(tensor.From([]float32{own(s).Float32()}, 1, 1))
				s.After(func() {
					for i, v := range rows.Data {
						l.values["M"].Value.Data[0] += float32(i+1) * v
					}
				})
			}
			return l
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		want := float32(1)
		for i := range uint64(4) {
			want += float32(i+1) * tensor.NewRNG(0).Derive(stream.Step, 0, i).Float32()
		}
		for _, l := range all {
			if l.at("M") != want {
				t.Errorf("%d ranks remember %g, want %g", n, l.at("M"), want)
			}
		}
	}
}

// TestShardsFail: what one shard of one rank meets ends all ranks: with the same error, or with one sentence.
func TestShardsFail(t *testing.T) {
	sum := func(l *script, s Step) {
		s.Minimise("loss", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(l.of(t, "a")) })
	}
	for _, x := range []struct {
		what string
		step func(rank int, l *script, s Step)
		want string
	}{
		{"a loss that is no number", func(rank int, l *script, s Step) {
			s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
				k := float32(1)
				if rank == 1 {
					k = float32(math.NaN())
				}
				return autograd.Sum(autograd.Scale(l.of(t, "a"), k))
			})
		}, "step 1: the loss is not finite"},
		{"memory that is not shared", func(_ int, l *script, s Step) {
			sum(l, s)
			v := own(s).Float32()
			s.After(func() { l.values["M"].Value.Data[0] = v })
		}, "after step 1, model.M is not on rank 1 (goroutine 1) what it is on rank 0"},
		{"a group of its own", func(_ int, l *script, s Step) {}, "without gradients: shards of a batch have nothing to add up"},
	} {
		_, errs := ranks(2, 4, 1, 3, func(rank int) *script {
			l := newScript("a", "M")
			if strings.HasPrefix(x.what, "a group") {
				l.groups[0].Own = true
			}
			l.step = func(s Step) { x.step(rank, l, s) }
			return l
		})
		for rank, err := range errs {
			if err == nil || !strings.Contains(err.Error(), x.want) {
				t.Errorf("%s, rank %d: %v", x.what, rank, err)
			}
		}
	}
	hooked := plainRun(newScript("a"), 1)
	hooked.Config.Shards, hooked.Config.BatchSize, hooked.Reduced = 2, 2, func() error { return nil }
	if _, err := hooked.Start(context.Background(), false); err == nil || !strings.Contains(err.Error(), "Reduced would not be called") {
		t.Errorf("a hook that nobody calls: %v", err)
	}
	l := newScript("a")
	l.n = 8
	l.step = func(s Step) {
		if own(s).Float32() < 0.5 {
			sum(l, s)
		} else {
			s.Rows(tensor.New(1, 1))
		}
	}
	r := plainRun(l, 50)
	r.Config.Shards, r.Config.BatchSize = 4, 4
	if err := autograd.Try(func() { r.Start(context.Background(), false) }); err == nil || !strings.Contains(err.Error(), "shards of one batch go different ways") {
		t.Errorf("different ways: %v", err)
	}
}
