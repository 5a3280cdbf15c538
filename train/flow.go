package train

import (
	"fmt"
	"math"
	"strings"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/cluster"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// flow is an objective's gradients of one update on their way: as each becomes whole in all shards of this rank they are added up, and buckets of them go to be summed over
// ranks while the backward pass goes on (Li et al. 2020, "PyTorch Distributed", section 3.2.3). What is in a bucket, and which goes first, is the same on all ranks, since it is
// made of the groups' parameters alone.
type flow struct {
	groups  string           // whose parameters these are
	params  []*tensor.Tensor // the last first, which is about the order in which they become whole
	at      map[*tensor.Tensor]int
	sums    []*tensor.Tensor // of params, over this rank's shards; nil where nothing reached one
	reached []float64        // 1 or 0: of params, whether this rank has a gradient, once its backward pass is over
	missing []int            // of params, shards in which the gradient is not whole yet
	buckets []bucket
	sent    int // buckets
	ended   int // shards whose backward pass is over
	over    bool
	taken   bool
}

// bucket is a run of parameters.
type bucket struct{ from, to, missing int }

// newFlow lays out buckets of about size values.
func newFlow(groups string, due []*group, size int) *flow {
	f := &flow{groups: groups, at: map[*tensor.Tensor]int{}}
	n := size
	for i := len(due) - 1; i >= 0; i-- {
		for j := len(due[i].Params) - 1; j >= 0; j-- {
			p := due[i].Params[j].Value
			if n >= size {
				f.buckets = append(f.buckets, bucket{from: len(f.params)})
				n = 0
			}
			f.at[p] = len(f.params)
			f.params = append(f.params, p)
			f.buckets[len(f.buckets)-1].to = len(f.params)
			n += p.Len()
		}
	}
	f.sums, f.missing, f.reached = make([]*tensor.Tensor, len(f.params)), make([]int, len(f.params)), make([]float64, len(f.params))
	return f
}

// begin is where an update's last batch is minimised.
func (f *flow) begin(shards int) {
	f.sent, f.ended, f.over, f.taken = 0, 0, false, false
	clear(f.sums)
	clear(f.reached)
	for i := range f.missing {
		f.missing[i] = shards
	}
	for i := range f.buckets {
		b := &f.buckets[i]
		b.missing = b.to - b.from
	}
}

// flows returns an objective's flow of this update, for the groups that were named for it and do not rest.
func (c *crew) flows(o *objective) *flow {
	if o.flowing {
		return o.flow
	}
	o.flowing = true
	var due []*group
	var names []string
	for _, n := range c.t.names {
		if g := c.t.groups[n]; o.asked[n] && !g.Own && !c.t.rests(g) {
			due, names = append(due, g), append(names, n)
		}
	}
	if key := strings.Join(names, "\x00"); o.flow == nil || o.flow.groups != key {
		o.flow = newFlow(key, due, cluster.PieceOfSum)
	}
	o.flow.begin(len(c.shards))
	return o.flow
}

// whole takes a gradient of one shard. Those of several batches are summed before.
func (c *crew) whole(o *objective, part *part, p, d *tensor.Tensor) {
	if c.t.run.accumulate() > 1 {
		part.sums.Own(p, d)
	} else {
		part.sums.Join(p, d)
	}
	if !c.t.Last() {
		return
	}
	f := o.flow
	if f.over {
		panic(&autograd.OpError{Op: "train.Step", Msg: fmt.Sprintf("loss %q is minimised after an update with it", o.name)})
	}
	i, wanted := f.at[p]
	if !wanted {
		return
	}
	if f.missing[i]--; f.missing[i] == 0 {
		c.ready(o, i)
		c.send(f)
	}
}

// ready adds up a parameter's gradients of this rank.
func (c *crew) ready(o *objective, i int) {
	f := o.flow
	f.missing[i] = 0
	f.sums[i] = c.here(o, f.params[i])
	for b := range f.buckets {
		if f.buckets[b].to > i {
			f.buckets[b].missing--
			return
		}
	}
}

// send has the buckets summed that are whole, in their order.
func (c *crew) send(f *flow) {
	if c.background == nil {
		return
	}
	for ; f.sent < len(f.buckets) && f.buckets[f.sent].missing == 0; f.sent++ {
		b := f.buckets[f.sent]
		xs := make([][]float32, 0, b.to-b.from)
		for _, d := range f.sums[b.from:b.to] {
			xs = append(xs, d.Data)
		}
		c.background.Sum(xs)
	}
}

// finish sends what nothing has reached on this rank: where something did on another it has a gradient all the same.
func (c *crew) finish(o *objective) {
	f := o.flow
	for i, p := range f.params {
		if f.missing[i] > 0 {
			c.ready(o, i)
		}
		if f.sums[i] != nil {
			f.reached[i] = 1
		} else if c.background != nil {
			f.sums[i] = tensor.New(p.Shape...).Fill(float32(math.Copysign(0, -1))) // what leaves every sum as it is, be it 0 or -0
		}
	}
	f.over = true
	c.send(f)
}

// due returns the flow of an objective with which groups are to be updated; nil where there is none, or its backward pass goes on.
func (c *crew) due(o *objective, groups []*group) *flow {
	if !o.flowing { // it was not minimised in the last batch of the update
		for _, g := range groups {
			if o.asked[g.Name] {
				c.flows(o)
				c.finish(o)
				break
			}
		}
	}
	if !o.flowing || !o.flow.over || o.flow.taken {
		return nil
	}
	o.flow.taken = true
	return o.flow
}

// sum waits for the sums of what groups are updated with: over this rank's shards in the order of the tree, then over ranks. A batch that is whole has its sums.
func (c *crew) sum(groups []*group) error {
	if c == nil {
		return nil
	}
	var due []*objective
	for _, o := range c.minimised() {
		f := c.due(o, groups)
		if f == nil {
			continue
		}
		if due = append(due, o); c.background == nil {
			continue
		}
		everywhere, err := c.gather("sums of "+o.name, f.reached)
		if err != nil {
			return err
		}
		for i, yes := range everywhere {
			f.reached[i%len(f.reached)] = max(f.reached[i%len(f.reached)], yes)
		}
	}
	if c.background != nil {
		if err := c.background.Wait(); err != nil {
			return err
		}
	}
	for _, o := range due {
		if o.sums == nil {
			o.sums = autograd.NewGradients()
		}
		for i, p := range o.flow.params {
			if o.flow.reached[i] != 0 {
				o.sums.Join(p, o.flow.sums[i])
			}
		}
	}
	return nil
}

// norm takes the norm of an update's gradient, and returns it, or, where another rank's is no number, that one's: ranks end together.
func (c *crew) norm(mine float64) (float64, error) {
	if c == nil || !c.local {
		return mine, nil
	}
	c.apart = true
	all, err := c.gather("a norm", []float64{mine})
	for _, n := range all {
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return n, err
		}
	}
	return mine, err
}

// meetAgain sets everything that is kept to its mean over ranks, where they were apart: weights, what optimisers remember, averages of weights.
func (c *crew) meetAgain() error {
	if c == nil || !c.apart {
		return nil
	}
	c.apart = false
	var xs [][]float32
	for _, t := range c.t.run.state() {
		xs = append(xs, t.Value.Data)
	}
	var s cluster.Summer
	if err := s.SumAll(c.group, xs); err != nil {
		return err
	}
	for _, x := range xs {
		simd.Scale(x, 1/float32(c.group.Size()), x)
	}
	tensor.Changed()
	return nil
}
