package train

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"slices"
	"strings"
	"unsafe"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/cluster"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// crew are the shards of a batch that this rank has, of all that there are. A shard is a batch of its own to its learner's step, on a tape of its own; where it needs
// all of the whole batch (a statistic of batch norm, a loss's value, an update) it meets the others. Those of one rank take turns, each until it
// meets, and compute with all threads; ranks meet in the group. What is summed is summed in the order of cluster.Tree over all shards, so that the bits do not depend on how
// many ranks share them.
type crew struct {
	t      *training
	group  cluster.Group
	shards []*shard
	of     int  // shards of a batch, on all ranks
	halt   bool // a rank was told to end
	bad    int  // different samples that ranks could not read, and how many each could not, in sum, and whether that is news
	met    int
	newBad bool

	background *cluster.Background // sums over ranks; nil for one
	local      bool                // updates are of this rank's shards alone (Lin, Stich, Patel, Jaggi 2020, "Don't Use Large Mini-Batches, Use Local SGD")
	apart      bool                // one was made since ranks were last averaged
}

// shard is a step of a shard.
type shard struct {
	*crew
	at        int         // of the shards of this rank
	rng       *tensor.RNG // of what its tapes draw
	whole     *tensor.RNG // of what the step draws, in all shards alike
	means     means
	value     float64   // of the loss at hand
	sums      []float64 // that are joined
	meanwhile func()    // done while others are waited for; may be nil
	rows      []float32 // that are gathered, or spread
	yield     func(struct{}) bool
	place     string // where it waits for the others
	together  func() // what is done once they are there
}

// part is what a shard has of an objective.
type part struct {
	tape  *autograd.Tape
	wants string
	sums  *autograd.Gradients
	turn  [2]int
	busy  bool
}

// shards returns into how many shards a batch is cut.
func (r *Run) shards() int { return max(r.Config.Shards, 1) }

// batches returns of how many batches, each with a loss of its own, an update has the mean gradient.
func (r *Run) batches() int { return r.accumulate() * r.shards() }

// summed returns how many of them are in the sum that an update divides.
func (r *Run) summed() int {
	if c := r.train.crew; c != nil && c.local {
		return r.accumulate() * len(c.shards)
	}
	return r.batches()
}

// group returns the ranks.
func (r *Run) group() cluster.Group {
	if r.Cluster == nil {
		return cluster.One{}
	}
	return r.Cluster
}

// share returns which batches are this rank's.
func (r *Run) share() (s data.Share) {
	if g := r.group(); r.shards() > 1 {
		s.Of, s.Count = r.shards(), r.shards()/g.Size()
		s.First = g.Rank() * s.Count
	}
	return s
}

// CheckShards says why a batch of so many samples cannot be cut into shards for so many ranks.
func CheckShards(shards, batch, ranks int) error {
	switch n := max(shards, 1); {
	case shards < 0 || !cluster.IsPowerOfTwo(n):
		return fmt.Errorf("%d: want 1, 2, 4, 8 or another power of two, so that sums of halves are sums of the whole", shards)
	case batch%n != 0:
		return fmt.Errorf("%d: a batch of %d samples does not divide into as many", n, batch)
	case n%ranks != 0:
		return fmt.Errorf("%d: %d ranks cannot have equally many", n, ranks)
	}
	return nil
}

// newCrew returns the crew of a run whose batches are cut; nil where they are not.
func newCrew(t *training) *crew {
	r := t.run
	if r.shards() == 1 {
		return nil
	}
	share := r.share()
	c := &crew{t: t, group: r.group(), of: share.Of}
	for i := range share.Count {
		c.shards = append(c.shards, &shard{crew: c, at: i, means: means{}})
	}
	return c
}

// connect prepares sums over ranks: all ranks call it.
func (c *crew) connect() (err error) {
	if c == nil || c.group.Size() == 1 {
		return nil
	}
	if c.local = c.t.run.Config.LocalSteps > 1; !c.local {
		c.background, err = cluster.NewBackground(c.group, c.t.run.Config.Wire == tensor.BFloat16)
	}
	return err
}

// close ends what connect began. Nothing waits for a sum that other ranks may never make.
func (c *crew) close() {
	if c != nil && c.background != nil {
		c.background.Close()
	}
}

// equip gives an objective a tape for each shard.
func (c *crew) equip(o *objective) {
	for _, s := range c.shards {
		p := &part{tape: c.t.run.tape(o.name), sums: autograd.NewGradients(), turn: [2]int{-1, 0}}
		p.tape.Parts = s
		p.tape.OnGradient = func(w, d *tensor.Tensor) { c.whole(o, p, w, d) }
		o.parts = append(o.parts, p)
	}
}

// clear forgets an update's gradients.
func (c *crew) clear(o *objective) {
	o.sums = nil
	for _, p := range o.parts {
		p.sums.Reset()
		p.tape.Reset()
	}
	clear(o.done)
	clear(o.asked)
	o.flowing = false
}

// errLeft ends a shard's step that the others do not wait for any more.
var errLeft = errors.New("left")

// run takes the steps of this rank's shards.
func (c *crew) run(seed *tensor.RNG, steps []func(Step)) {
	t := c.t
	first, batch := t.run.shards()*t.micro+t.run.share().First, uint64(t.micro)
	t.micro++
	next := make([]func() (struct{}, bool), len(steps))
	for i, s := range c.shards {
		s.rng = seed.Derive(stream.Step, uint64(t.update), uint64(first+i))
		s.whole = seed.Derive(stream.Step, uint64(t.update), batch)
		var stop func()
		next[i], stop = iter.Pull(func(yield func(struct{}) bool) {
			defer func() {
				if e := recover(); e != nil && e != errLeft {
					panic(e)
				}
			}()
			s.yield = yield
			steps[i](s)
		})
		defer stop()
	}
	for t.err == nil {
		waiting := 0
		for i, s := range c.shards {
			if _, more := next[i](); more {
				waiting++
			} else {
				s.place = ""
			}
		}
		for _, s := range c.shards[1:] {
			if s.place != c.shards[0].place {
				panic(&autograd.OpError{Op: "train.Step", Msg: fmt.Sprintf("shards of one batch go different ways: one is at %q, another at %q", c.shards[0].place, s.place)})
			}
		}
		if waiting == 0 {
			return
		}
		c.shards[0].together()
	}
}

// meet waits for the other shards; then together is called, once.
func (s *shard) meet(place string, together func()) {
	s.place, s.together = place, together
	if !s.yield(struct{}{}) {
		panic(errLeft)
	}
}

// Part returns which of all shards this is: see autograd.Parts.
func (s *shard) Part() (i, of int) { return s.t.run.share().First + s.at, s.of }

// Leads tells whether it is the first of this rank.
func (s *shard) Leads() bool { return s.at == 0 }

// Waits tells whether there are other ranks.
func (s *shard) Waits() bool { return s.group.Size() > 1 }

// Join adds up over all shards.
func (s *shard) Join(sums []float64, meanwhile func()) {
	s.sums, s.meanwhile = sums, meanwhile
	s.meet(fmt.Sprintf("a statistic of %d", len(sums)), s.joinSums)
}

// frame is how many values ranks exchange at least: the first says where in a step a rank is, so that ranks that have gone different ways, whose values are not equally many,
// find that out. Statistics of 256 channels fit.
const frame = 514

// gather returns x of every rank, one after the other, where all ranks are at one place of the step.
func (c *crew) gather(place string, x []float64) ([]float64, error) {
	ranks := c.group.Size()
	if ranks == 1 {
		return x, nil
	}
	h := fnv.New32a()
	fmt.Fprint(h, len(x), place)
	var first [frame]float64
	first[0] = float64(h.Sum32())
	n := copy(first[1:], x)
	all, err := cluster.GatherFloat64(c.group, first[:])
	if err != nil {
		return nil, err
	}
	for r := range ranks {
		if all[r*frame] != first[0] { // no Everywhere, with which ranks leave together: sums may be under way
			return nil, fmt.Errorf("after step %d, rank %d on %s is at another place of a step than rank %d (%s): the task %s goes a way that depends on what it draws or finds in a shard; want one process and no --shards",
				c.t.run.step, r, c.group.Host(r), c.group.Rank(), place, c.t.run.Config.Task)
		}
	}
	var rest []float64
	if n < len(x) {
		if rest, err = cluster.GatherFloat64(c.group, x[n:]); err != nil {
			return nil, err
		}
	}
	out := make([]float64, 0, ranks*len(x))
	for r := range ranks {
		out = append(append(out, all[r*frame+1:][:n]...), rest[r*(len(x)-n):][:len(x)-n]...)
	}
	return out, nil
}

func (c *crew) joinSums() {
	total := make([][]float64, len(c.shards))
	for i, s := range c.shards {
		total[i] = s.sums
	}
	n := len(total[0])
	addTree(total)
	var all []float64
	var err error
	gather := func() { all, err = c.gather(c.shards[0].place, total[0]) }
	if slices.ContainsFunc(c.shards, func(s *shard) bool { return s.meanwhile != nil }) {
		cluster.Meanwhile(c.group, gather, func() {
			for _, s := range c.shards {
				if s.meanwhile != nil {
					s.meanwhile()
				}
			}
		})
	} else {
		gather()
	}
	if c.fail(err) {
		return
	}
	ranks := make([][]float64, c.group.Size())
	for r := range ranks {
		ranks[r] = all[r*n:][:n]
	}
	addTree(ranks)
	for _, s := range c.shards {
		copy(s.sums, ranks[0])
	}
}

// Gather returns x of all shards.
func (s *shard) Gather(x []float32) []float32 {
	s.rows = x
	s.meet(fmt.Sprintf("%d rows' values", len(x)), func() {
		if _, err := s.gather(s.place, nil); s.fail(err) {
			return
		}
		var here []float32
		for _, s := range s.shards {
			here = append(here, s.rows...)
		}
		all, err := cluster.GatherFloat32(s.group, here)
		if s.fail(err) {
			return
		}
		for _, s := range s.shards {
			s.rows = all
		}
	})
	return s.rows
}

// Spread returns a shard's piece of a sum.
func (s *shard) Spread(x []float32) []float32 {
	s.rows = x
	s.meet(fmt.Sprintf("sums of %d rows' values", len(x)), func() {
		if _, err := s.gather(s.place, nil); s.fail(err) {
			return
		}
		sum := slices.Clone(s.shards[0].rows)
		cluster.Tree(len(s.shards), func(to, from int) {
			if to > 0 {
				simd.Add(s.shards[to].rows, s.shards[to].rows, s.shards[from].rows)
			} else {
				simd.Add(sum, sum, s.shards[from].rows)
			}
		})
		here, err := cluster.Scatter(s.group, sum)
		if s.fail(err) {
			return
		}
		n := len(here) / len(s.shards)
		for i, s := range s.shards {
			s.rows = here[i*n:][:n]
		}
	})
	return s.rows
}

// fail ends the run where ranks cannot meet, and tells whether that is so.
func (c *crew) fail(err error) bool {
	if c.t.err == nil {
		c.t.err = err
	}
	return err != nil
}

// addTree adds up parts in place, into the first.
func addTree(parts [][]float64) {
	cluster.Tree(len(parts), func(to, from int) {
		for j, v := range parts[from] {
			parts[to][j] += v
		}
	})
}

func (s *shard) At() (update, of int) { return s.t.At() }
func (s *shard) Epoch() int           { return s.t.Epoch() }
func (s *shard) RNG() *tensor.RNG     { return s.whole }

func (s *shard) Last() bool { return s.t.Last() }

func (s *shard) Metric(name string, sum, count float64) {
	s.t.mustDeclare(name)
	s.means.add(name, sum, count)
}

// After registers f once for the whole batch: all shards say the same.
func (s *shard) After(f func()) {
	if s.at == len(s.shards)-1 {
		s.t.After(f)
	}
}

func (s *shard) Rows(x *tensor.Tensor) *tensor.Tensor {
	return tensor.From(s.Gather(x.Data), append([]int{s.of * x.Dim(0)}, x.Shape[1:]...)...)
}

func (s *shard) Own(string, func(rate float32) (sum, count float64)) {
	panic(&autograd.OpError{Op: "train.Step", Msg: "Own in a run whose groups are not the learner's own"})
}

func (s *shard) Update(groups ...string) {
	if s.t.err == nil && s.t.Last() {
		s.meet("an update", func() { s.t.Update(groups...) })
	}
}

func (s *shard) Minimise(name string, loss func(t *autograd.Tape) *autograd.Var, groups ...string) {
	t := s.t
	names := t.named(groups)
	o := t.objective(name)
	p := o.parts[s.at]
	if turn := [2]int{t.update, t.micro}; p.busy || p.turn == turn {
		panic(&autograd.OpError{Op: "train.Step", Msg: fmt.Sprintf("loss %q is minimised twice in one step; give the second another name", name)})
	} else {
		p.turn, p.busy = turn, true
	}
	defer func() { p.busy = false }()
	p.tape.Reset()
	p.wants = t.want(p.tape, p.wants, names)
	p.tape.SetRNG(s.rng.Derive(stream.Tape, uint64(o.order)))
	for _, n := range names {
		o.asked[n] = true
	}
	v := loss(p.tape)
	s.value = float64(v.Scalar())
	s.meet("the value of "+name, func() { s.judge(o) })
	if t.Last() {
		s.flows(o)
	}
	g := p.tape.Backward(v)
	t.flop += p.tape.TakeFlop() * float64(s.group.Size())
	for _, w := range g.Params() {
		t.reached[w] = true
	}
	if t.Last() {
		if o.flow.ended++; o.flow.ended == len(s.shards) {
			s.finish(o)
		}
	}
	for _, n := range names {
		t.pending[n] = true
	}
}

// judge tells the mean of the shards' losses, and whether there is one.
func (c *crew) judge(o *objective) {
	t := c.t
	mine := make([]float64, len(c.shards))
	for i, s := range c.shards {
		mine[i] = s.value
	}
	all, err := c.gather(c.shards[0].place, mine)
	if err != nil {
		t.err = err
		return
	}
	sum := 0.0
	for _, v := range all {
		sum += v
	}
	t.means.add(o.name, sum, float64(len(all)))
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		t.err = c.divergence(o)
	} else {
		t.inProportion(o.name, sum/float64(len(all)))
	}
	if t.err != nil && c.background != nil {
		c.fail(c.background.Wait()) // ranks leave together, without a sum under way
	}
}

// divergence says where a loss that is no number begins, in whichever shard, on all ranks.
func (c *crew) divergence(o *objective) error {
	e := &DivergedError{Step: c.t.update + 1, What: o.name}
	var mine string
	for _, p := range o.parts {
		if op, place, found := p.tape.FirstBad(); found {
			mine = op + "\x00" + place
			break
		}
	}
	all, err := cluster.Gather(c.group, []byte(mine))
	if err != nil {
		return err
	}
	for _, of := range all {
		if len(of) > 0 {
			e.Op, e.Place, _ = strings.Cut(string(of), "\x00")
			break
		}
	}
	return e
}

// tell adds up what the shards' metrics tell, in the order of shards, and asks whether a rank is to end.
func (c *crew) tell(ctx context.Context) error {
	declared := c.t.run.info.Metrics
	size := 2*len(declared) + 2
	mine := make([]float64, 0, size*len(c.shards))
	for i, s := range c.shards {
		for _, m := range declared {
			v := s.means[m.Name]
			if v == nil {
				v = new([2]float64)
			}
			mine = append(mine, v[0], v[1])
		}
		halt := 0.0
		if ctx.Err() != nil {
			halt = 1
		}
		bad := 0.0
		if i == 0 {
			bad = float64(c.t.run.feed.met())
		}
		mine = append(mine, halt, bad)
		clear(s.means)
	}
	all, err := c.gather("an update's end", mine)
	if err != nil {
		return err
	}
	met := 0
	for ; len(all) > 0; all = all[size:] {
		for i, m := range declared {
			if count := all[2*i+1]; count != 0 {
				c.t.means.add(m.Name, all[2*i], count)
			}
		}
		c.halt = c.halt || all[size-2] != 0
		met += int(all[size-1])
	}
	c.newBad, c.met = met != c.met, met
	return nil
}

// minimised returns the objectives of the update, in the order in which they are declared.
func (c *crew) minimised() (out []*objective) {
	for _, m := range c.t.run.info.Metrics {
		if o := c.t.objectives[m.Name]; o != nil && o.parts[0].turn[0] == c.t.update {
			out = append(out, o)
		}
	}
	return out
}

// here returns the sum of a gradient over this rank's shards, in the memory of one of them; nil where there is none.
func (c *crew) here(o *objective, p *tensor.Tensor) *tensor.Tensor {
	of := make([]*tensor.Tensor, len(o.parts))
	for i, part := range o.parts {
		of[i] = part.sums.Of(p)
	}
	cluster.Tree(len(of), func(to, from int) {
		switch {
		case of[from] == nil:
		case of[to] == nil:
			of[to] = of[from]
		default:
			tensor.AddScaled(of[to], 1, of[from])
		}
	})
	return of[0]
}

// alike says which rank is to train something else than rank 0.
func (r *Run) alike() error {
	g := r.group()
	if g.Size() == 1 {
		return nil
	}
	mine, err := json.Marshal(r.Config)
	if err != nil {
		return err
	}
	all, err := cluster.Gather(g, mine)
	if err != nil {
		return err
	}
	is, err := cluster.Gather(g, []byte(r.info.Fingerprint+"\x00"+r.info.Version))
	if err != nil {
		return err
	}
	for rank := range all {
		key, was, now, err := difference(all[0], all[rank], map[string]bool{"data": true, "test": true})
		if err != nil {
			return err
		}
		data, version, _ := strings.Cut(string(is[rank]), "\x00")
		first, firstVersion, _ := strings.Cut(string(is[0]), "\x00")
		switch {
		case version != firstVersion:
			key, was, now = "version", firstVersion, version
		case data != first: // its own mean and deviation are settings that differ too
			key, was, now = "fingerprint of the data", first, data
		case key != "":
			key = "--" + key
		default:
			continue
		}
		return &cluster.Everywhere{Err: fmt.Errorf("rank %d (%s) has another %s than rank 0 (%s): %s, not %s; all ranks of a run have the same", rank, g.Host(rank), key, g.Host(0), now, was)}
	}
	return nil
}

// spread gives all ranks what rank 0 has: state, and how far it is.
func (r *Run) spread() error {
	g := r.group()
	if g.Size() == 1 {
		return nil
	}
	for _, t := range r.state() {
		if err := cluster.BroadcastFloat32(g, t.Value.Data); err != nil {
			return err
		}
	}
	tensor.Changed()
	return r.spreadPlace(g)
}

// sameState says which tensor a rank has otherwise than rank 0.
func (r *Run) sameState() error {
	g := r.group()
	if g.Size() == 1 {
		return nil
	}
	const bytes = 8
	state := r.state()
	var mine []byte
	for _, t := range state {
		var b []byte
		if d := t.Value.Data; len(d) > 0 {
			b = unsafe.Slice((*byte)(unsafe.Pointer(&d[0])), 4*len(d))
		}
		h := sha256.Sum256(b)
		mine = append(mine, h[:bytes]...)
	}
	all := make([]byte, len(mine)*g.Size())
	if err := g.AllGather(all, mine); err != nil {
		return err
	}
	for i, t := range state {
		for rank := range g.Size() {
			if string(all[rank*len(mine)+i*bytes:][:bytes]) != string(all[i*bytes:][:bytes]) {
				return &cluster.Everywhere{Err: fmt.Errorf("after step %d, %s is not on rank %d (%s) what it is on rank 0: the task %s keeps something of its batches that ranks do not share; want one process",
					r.step, t.Name, rank, g.Host(rank), r.Config.Task)}
			}
		}
	}
	return nil
}
