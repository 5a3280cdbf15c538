package train

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/cluster"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// Progress of a run.
type Progress struct {
	Step, Steps, Epoch, Epochs int
	Metrics                    []metric.Metric    // what the values mean
	Values                     map[string]float64 // of the learner, smoothed
	SamplesPerSecond, GFLOPS   float64
	Unit                       string             // of what SamplesPerSecond counts, in the plural: samples, words
	Seen                       map[string]float64 // what the monitor saw after this step; nil where it did not look
}

// loop makes the steps.
func (r *Run) loop(ctx context.Context) error {
	r.level = r.Recompute
	if r.MemoryLimit > 0 && r.step < r.steps {
		if err := r.fitMemory(); err != nil {
			return err
		}
	}
	seed := tensor.NewRNG(r.Config.Seed)
	session := &session{run: r, began: time.Now(), smooth: smoother{}}
	r.before = time.Duration(r.info.Seconds * float64(time.Second))
	for r.step < r.steps {
		epoch := r.step / r.epoch
		if err := r.beginEpoch(ctx, epoch); err != nil {
			return err
		}
		began := time.Now()
		var ready []func(Step) // batches that are here, of those that are taken together
		for step := range r.feed.Epoch(epoch, r.step%r.epoch*r.batches()) {
			if r.halts(ctx) {
				break
			}
			s := r.train
			if ready = append(ready, step); s.crew != nil && len(ready) < len(s.crew.shards) {
				continue
			}
			if s.micro == 0 || s.Last() {
				s.begin(r.step)
				r.keepBuffers()
			}
			done, err := r.update(ctx, seed, ready)
			if err != nil {
				return err
			}
			if ready = ready[:0]; !done {
				continue
			}
			if err := session.made(epoch, time.Since(began)); err != nil {
				return err
			}
			if err := r.tooManyBad(); err != nil {
				return errors.Join(r.train.crew.meetAgain(), r.starved(err))
			}
			if r.step == r.steps || r.step%r.epoch == 0 {
				break
			}
			began = time.Now() // waiting for the next batch is part of its step; logs, monitor and checkpoints are not
		}
		if r.train.micro > 0 && !r.train.Last() { // interrupted between the batches of an update: they leave no trace
			r.restoreBuffers()
		}
		r.train.micro = 0
		if err := r.feed.Err(); err != nil {
			return r.starved(err)
		}
		if r.halts(ctx) {
			if err := r.train.crew.meetAgain(); err != nil {
				return err
			}
			if err := r.sameState(); err != nil {
				return err
			}
			if r.Dir != "" {
				if err := r.checkpoint(); err != nil {
					return err
				}
			}
			if r.Dir == "" {
				return keptNothing{}
			}
			return ErrInterrupted
		}
	}
	r.info.Finished = time.Now()
	if n := r.bad(); n > 0 && r.group().Rank() == 0 {
		r.Warn(fmt.Sprintf("%d of %d samples could not be read; others stood in for them", n, r.Data.Len()))
	}
	return nil
}

// update takes batches that are here, and tells whether they made the update whole; then it is made.
func (r *Run) update(ctx context.Context, seed *tensor.RNG, ready []func(Step)) (done bool, err error) {
	s := r.train
	if err := r.take(seed, ready); err != nil {
		return false, err
	}
	if s.err == nil && !s.Last() {
		return false, nil
	}
	if s.err == nil {
		s.end()
	}
	if s.err == nil && s.crew != nil {
		s.err = s.crew.tell(ctx)
	}
	if s.err != nil {
		return false, r.failed(s)
	}
	return true, nil
}

// bad returns how many samples could not be read, by all ranks.
func (r *Run) bad() int {
	if r.group().Size() > 1 {
		return r.train.crew.bad
	}
	return r.feed.Bad()
}

// tooManyBad says that ranks together have met more broken samples than are allowed. What one rank meets alone its feed says.
func (r *Run) tooManyBad() error {
	c := r.train.crew
	if r.group().Size() == 1 || !c.newBad {
		return nil
	}
	samples := map[string]bool{} // of all parts: one that two of them number alike counts once
	defer func() { c.bad = len(samples) }()
	for _, f := range r.feed.parts() {
		var mine []byte
		for _, i := range f.Broken() {
			mine = binary.LittleEndian.AppendUint64(mine, uint64(i))
		}
		all, err := cluster.Gather(r.group(), mine)
		if err != nil {
			return err
		}
		different := map[string]bool{} // in another epoch another rank has the sample
		for _, b := range all {
			for b := range slices.Chunk(b, 8) {
				different[string(b)], samples[string(b)] = true, true
			}
		}
		if err := data.CheckBad(len(different), f.Total, r.Config.MaxBad); err != nil {
			return &cluster.Everywhere{Err: err}
		}
	}
	return nil
}

// parts returns the feeds of which each has samples of its own.
func (f *Feed) parts() []*Feed {
	if f.Parts == nil {
		return []*Feed{f}
	}
	return f.Parts
}

// met returns how many broken samples this rank's feeds have met, each counted by itself.
func (f *Feed) met() (n int) {
	for _, p := range f.parts() {
		n += p.Bad()
	}
	return n
}

// halts tells whether the run is to end before its time: among ranks when one was told so before the last update was made.
func (r *Run) halts(ctx context.Context) bool {
	if r.group().Size() > 1 {
		return r.train.crew.halt
	}
	return ctx.Err() != nil
}

// beginEpoch does what the learner wants done before an epoch's first update.
func (r *Run) beginEpoch(ctx context.Context, epoch int) error {
	if r.group().Size() > 1 { // ranks begin an epoch together, whoever was told to end
		ctx = context.WithoutCancel(ctx)
	}
	if r.feed.Begin == nil || r.step%r.epoch != 0 || ctx.Err() != nil {
		return nil
	}
	anew, err := r.feed.Begin(ctx, epoch)
	if err != nil && ctx.Err() != nil { // nothing has changed, and the steps' loop stops at once
		return nil
	}
	if err != nil {
		return r.starved(err)
	}
	if len(anew) > 0 {
		r.train.forget(anew)
	}
	return nil
}

// starved ends a run whose data can no longer be read. What it learned stays.
func (r *Run) starved(err error) error {
	if r.Dir == "" || r.step == 0 {
		return err
	}
	if e := r.checkpoint(); e != nil {
		return errors.Join(err, e)
	}
	if errors.Is(err, data.ErrTooManyBad) {
		return fmt.Errorf("%w; pretrain --resume %s with a higher --max-bad goes on from step %d", err, r.Dir, r.step)
	}
	return fmt.Errorf("%w; pretrain --resume %s goes on from step %d", err, r.Dir, r.step)
}

// keepBuffers keeps the running statistics as they are before a step.
func (r *Run) keepBuffers() {
	for i, t := range r.bufs {
		r.saved[i] = append(r.saved[i][:0], t.Data...)
	}
}

// restoreBuffers takes them back to there.
func (r *Run) restoreBuffers() {
	for i, t := range r.bufs {
		copy(t.Data, r.saved[i])
	}
}

// failed ends a run whose step cannot be made. Where nothing but running statistics has moved they go back to before the step, and a
// checkpoint is written; otherwise the last one stands.
func (r *Run) failed(s *training) error {
	var e *DivergedError
	if !errors.As(s.err, &e) || r.Dir == "" || s.moved {
		return s.err
	}
	r.restoreBuffers()
	if err := r.checkpoint(); err != nil {
		return errors.Join(e, err)
	}
	e.CheckpointPath = checkpointPath(r.Dir, r.step)
	return e
}

// session is what happens between a run's start or resume and its end.
type session struct {
	run    *Run
	began  time.Time
	steps  int
	smooth smoother
	recent map[string]float64 // the last value of each name that was told since the last line of the log
	warned bool
}

// made tells everybody that a step was made: log, monitor, progress, checkpoint.
func (s *session) made(epoch int, took time.Duration) error {
	r, t := s.run, s.run.train
	if s.steps == 0 {
		r.info.FirstStep = time.Since(processStart).Seconds()
	}
	r.step++
	s.steps++
	if err := s.checkReached(); err != nil {
		return err
	}
	dt := took.Seconds()
	rate, gflops := float64(r.samples())/dt, t.flop/dt/1e9
	values := t.means.values()
	s.smooth.add(values, rate, gflops)
	if s.recent == nil {
		s.recent = map[string]float64{}
	}
	maps.Copy(s.recent, values)
	peak := 0
	for _, o := range t.objectives {
		peak += o.peak()
	}
	r.info.PeakMemory = max(r.info.PeakMemory, peak)
	keep := r.step%r.every(r.Config.CheckpointEvery) == 0 || r.step == r.steps
	at := r.every(r.Config.MonitorEvery)
	looks := at > 0 && (r.step%at == 0 || r.step == r.steps)
	if keep || looks || r.step%max(r.Config.LocalSteps, 1) == 0 {
		if err := t.crew.meetAgain(); err != nil {
			return err
		}
	}
	var seen map[string]float64
	if looks && r.Monitor != nil {
		seen = r.Monitor(r.step, r.steps)
	}
	if r.Progress != nil {
		r.Progress(Progress{r.step, r.steps, epoch, r.Config.Epochs, r.info.Metrics, s.smooth.values, s.smooth.rate, s.smooth.gflops, r.feed.unit(), seen})
	}
	if r.step%max(r.Config.LogEvery, 1) == 0 || r.step == r.steps || seen != nil {
		values = s.recent // of heads that take turns, and of what is told now and then, the last value
		values["lr"], values[r.feed.unit()+"_per_s"] = float64(t.lr), rate
		if !t.own() {
			values["grad_norm"], values["gflops"] = math.Sqrt(t.norm), gflops
			if r.Config.DecaySchedule != "" {
				values["weight_decay"] = float64(r.decay(t.update))
			}
		}
		maps.Copy(values, seen)
		if err := r.log(values); err != nil {
			return err
		}
		s.recent = nil
	}
	r.info.Seconds = (r.before + time.Since(s.began)).Seconds()
	if keep || s.steps == 1 && r.Config.LocalSteps <= 1 {
		if err := r.sameState(); err != nil {
			return err
		}
	}
	if r.Dir != "" && keep {
		return r.checkpoint()
	}
	return nil
}

// samples returns how many the step that was just made had: an epoch's last may have fewer than the others.
func (r *Run) samples() int {
	n := r.feed.Samples * r.batches()
	return max(1, min(n, r.feed.Total-(r.step-1)%r.epoch*n))
}

// every returns a number of steps, of which 0 means an epoch.
func (r *Run) every(n int) int {
	if n == 0 {
		return r.epoch
	}
	return n
}

// checkReached complains about parameters that no gradient reaches: after the first step, or turn of all heads, in words, since a learner
// may begin with some later; after a whole epoch, or at the end, with an error.
func (s *session) checkReached() error {
	r := s.run
	if s.steps > r.epoch && s.warned {
		return nil
	}
	missing := r.train.unreached()
	if len(missing) == 0 {
		s.warned = true
		return nil
	}
	what := fmt.Sprintf("%d of %d parameters: %s", len(missing), countParams(r.Learner.Groups()), strings.Join(missing, ", "))
	if s.steps >= r.epoch || r.step == r.steps && s.steps == r.step {
		return fmt.Errorf("no gradient has reached %s", what)
	}
	if !s.warned && s.steps*r.batches() >= r.feed.Turns {
		r.Warn("no gradient reached in the first step " + what + "; if none does in an epoch, the run stops")
		s.warned = true
	}
	return nil
}

func countParams(groups []Group) int {
	n := 0
	for _, g := range groups {
		n += len(g.Params)
	}
	return n
}

// smoother averages over about the last 20 steps.
type smoother struct {
	n            int
	values       map[string]float64
	seen         map[string]int
	rate, gflops float64
}

func (s *smoother) add(values map[string]float64, rate, gflops float64) {
	if s.values == nil {
		s.values, s.seen = map[string]float64{}, map[string]int{}
	}
	for name, v := range values {
		s.seen[name]++
		s.values[name] += math.Max(1/float64(s.seen[name]), 0.05) * (v - s.values[name])
	}
	s.n++
	k := math.Max(1/float64(s.n), 0.05)
	s.rate += k * (rate - s.rate)
	s.gflops += k * (gflops - s.gflops)
}

func (r *Run) log(values map[string]float64) error {
	if r.met == nil {
		return nil
	}
	if err := r.ev.scalars(r.step, time.Now(), values); err != nil {
		return err
	}
	line := map[string]any{"step": r.step, "epoch": float64(r.step) / float64(r.epoch)}
	for k, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			line[k] = fmt.Sprint(v)
		} else {
			line[k] = v
		}
	}
	b, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = r.met.Write(append(b, '\n'))
	return err
}

func sortedKeys(m map[string]float64) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// take takes a batch, or the shards of one that are this rank's. That a network cannot be computed is a mistake in the program, but for batch norm in batches of one sample, which a person asked for: it finds a single
// value there, where features are pooled.
func (r *Run) take(seed *tensor.RNG, steps []func(Step)) error {
	take := func() {
		r.train.next(seed)
		steps[0](r.train)
	}
	if c := r.train.crew; c != nil {
		take = func() { c.run(seed, steps) }
	}
	if r.Config.BatchSize > 1 {
		take()
		return nil
	}
	err := autograd.Try(take)
	if err == nil {
		return nil
	}
	var op *autograd.OpError
	if errors.As(err, &op) && strings.HasSuffix(op.Op, "BatchNorm") {
		return fmt.Errorf("task %s does not learn from batches of 1: %w", r.Config.Task, err)
	}
	panic(err)
}
