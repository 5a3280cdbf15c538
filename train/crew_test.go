package train

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/cluster"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/tensor"
)

// ranks runs learners that make makes on as many goroutines, and returns them and how each ended; settings change the configuration.
func ranks(n, shards, accumulate, steps int, make func(rank int) *script, settings ...func(c *Config)) ([]*script, []error) {
	return ranksOf(cluster.Loopback(n), shards, accumulate, steps, make, settings...)
}

func ranksOf(groups []cluster.Group, shards, accumulate, steps int, make func(rank int) *script, settings ...func(c *Config)) ([]*script, []error) {
	out, errs := []*script{}, []error{}
	var all sync.WaitGroup
	for rank, g := range groups {
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

// telling is a group that tells how many values each sum of gradients sends, and has them fail where it is to.
type telling struct {
	cluster.Group
	sums chan int
	fail error
}

func (g telling) Beside() (cluster.Group, error) {
	beside, err := g.Group.Beside()
	return tellingBeside{beside, g.sums, g.fail}, err
}

type tellingBeside struct {
	cluster.Group
	sums chan int
	fail error
}

func (g tellingBeside) AllToAll(dst, src []byte) error {
	g.sums <- len(src) / 4
	return errors.Join(g.Group.AllToAll(dst, src), g.fail)
}

// TestSumsOnTheWay: a loss's gradients go to the other ranks before another loss of the step is computed, those of several batches with the last one; what the last one does
// not reach goes before the update. Each goes once, and what is applied is their sum; where one fails nothing is.
func TestSumsOnTheWay(t *testing.T) {
	for _, batches := range []int{1, 2} {
		for _, fail := range []error{nil, errors.New("a node is gone")} {
			groups := cluster.Loopback(2)
			sums := make([]chan int, 2)
			for rank, g := range groups {
				sums[rank] = make(chan int, 10)
				groups[rank] = telling{g, sums[rank], fail}
			}
			all, errs := ranksOf(groups, 2, batches, 1, func(rank int) *script {
				l := newScript("a", "b")
				for _, v := range l.values {
					v.Value.Shape, v.Value.Data = []int{3}, []float32{1, 1, 1} // on two ranks sent as four
				}
				k := float32(0)
				l.step = func(s Step) {
					k++
					g := k * float32(1+rank) // the mean over ranks is 1.5 times rank 0's
					s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
						return autograd.Sum(autograd.Mul(autograd.Scale(l.of(t, "b"), g), l.of(t, "a")))
					})
					if !s.Last() && len(sums[rank]) > 0 {
						t.Error("sums go before the update's last batch")
					}
					if s.Last() {
						select {
						case n := <-sums[rank]:
							if n != 6 {
								t.Errorf("%d values went first, want those of a and b", n)
							}
						case <-time.After(20 * time.Second):
							t.Error("nothing has gone when the next loss is computed")
						}
					}
					if k == 1 { // only the first batch reaches a with this loss
						s.Minimise("second", func(t *autograd.Tape) *autograd.Var { return autograd.Sum(autograd.Scale(l.of(t, "a"), g)) }, "a")
					}
				}
				return l
			})
			for rank, l := range all {
				if fail != nil {
					if err := errs[rank]; !errors.Is(err, fail) || l.at("a") != 1 || l.at("b") != 1 {
						t.Errorf("a failed sum: %v, a is %g, b is %g", err, l.at("a"), l.at("b"))
					}
					continue
				}
				if errs[rank] != nil || len(sums[rank]) != 1 {
					t.Errorf("%d batches, rank %d: %v; %d sums beside that of a and b, want one", batches, rank, errs[rank], len(sums[rank]))
				}
				slope := map[int]float64{1: 1, 2: 1.5}[batches] // the mean over batches on rank 0
				near(t, "b", l.at("b"), 1-0.1*1.5*slope)
				near(t, "a", l.at("a"), 1-0.1*1.5*(slope+1/float64(batches)))
			}
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
					t.Parts.Join([]float64{1}, nil)
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

// unshared makes its batches in a way of its own.
type unshared struct{ *script }

func (l unshared) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*Feed, error) {
	f, err := l.script.Feed(in, augment, o)
	f.Shares = false
	return f, err
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
		}, "step 1: the loss is not finite; it first appears in Scale"},
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
	alone := plainRun(newScript("a"), 1)
	alone.Learner = unshared{newScript("a")}
	alone.Config.Shards, alone.Config.BatchSize = 2, 2
	if _, err := alone.Start(context.Background(), false); err == nil || !strings.Contains(err.Error(), "in a way of its own, which cannot be cut into 2 shards") {
		t.Errorf("a feed that does not share: %v", err)
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
