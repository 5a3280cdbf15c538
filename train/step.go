package train

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// group is a Group with its optimiser.
type group struct {
	Group
	opt optim.Optimizer
}

// objective is what one Minimise of a step needs from one step to the next.
type objective struct {
	name    string
	tape    *autograd.Tape
	wants   string              // the groups whose gradients the tape wants, as named last
	sums    *autograd.Gradients // of this update's micro-batches so far; of one, in the tape's memory; nil for none
	done    map[string]bool     // groups that were updated with the sums
	turn    [2]int              // update and micro-batch of the last call
	busy    bool
	order   int
	parts   []*part         // of the shards that this rank has, which have tapes of their own; then tape is nil
	asked   map[string]bool // groups, in this update's batches, of shards
	flow    *flow           // of parts
	flowing bool            // flow is this update's
}

// peak returns how many bytes the tapes held at most.
func (o *objective) peak() (n int) {
	if o.parts == nil {
		_, n = o.tape.Bytes()
	}
	for _, p := range o.parts {
		_, peak := p.tape.Bytes()
		n += peak
	}
	return n
}

// training is a step that trains. One is made for a run and begun anew for each update.
type training struct {
	run        *Run
	groups     map[string]*group
	names      []string // of groups, in order
	objectives map[string]*objective
	declared   map[string]int // of Metrics: where each name stands

	update, micro int
	rng           *tensor.RNG
	lr            float32
	pending       map[string]bool // groups that have gradients and were not updated yet
	after         []func()
	means         means
	norm          float64 // sum of squares of all gradients that were applied
	flop          float64
	moved         bool // an update was made in this step
	err           error
	first         map[string]float64 // each loss in the run's first step
	reached       map[*tensor.Tensor]bool
	crew          *crew // of a batch in shards; nil for one that is whole
}

func newTraining(r *Run) (*training, error) {
	s := &training{run: r, groups: map[string]*group{}, objectives: map[string]*objective{}, declared: map[string]int{}, pending: map[string]bool{}, reached: map[*tensor.Tensor]bool{}, first: map[string]float64{}}
	for i, m := range r.Learner.Metrics() {
		s.declared[m.Name] = i
	}
	owner := map[*tensor.Tensor]string{}
	for _, g := range r.Learner.Groups() {
		if _, twice := s.groups[g.Name]; twice || len(g.Params) == 0 {
			return nil, fmt.Errorf("group %q is empty, or there are two of the name", g.Name)
		}
		for _, p := range g.Params {
			if o, taken := owner[p.Value]; taken {
				return nil, fmt.Errorf("parameter %s is in the groups %q and %q", p.Name, o, g.Name)
			}
			owner[p.Value] = g.Name
		}
		if g.Own {
			s.groups[g.Name] = &group{Group: g}
			s.names = append(s.names, g.Name)
			continue
		}
		opt, err := optim.New(r.Config.Optimizer, g.Params, r.Config.Momentum, r.Config.WeightDecay)
		if err != nil {
			return nil, err
		}
		s.groups[g.Name] = &group{g, opt}
		s.names = append(s.names, g.Name)
	}
	var lost []string
	seen := map[*tensor.Tensor]bool{}
	for _, p := range layers.State(r.Learner) {
		seen[p.Value] = true
		if p.Kind.Trained() && owner[p.Value] == "" {
			lost = append(lost, p.Name)
		}
	}
	if lost != nil {
		return nil, fmt.Errorf("no group trains %s; put them into one, or wrap them in layers.Frozen", strings.Join(lost, ", "))
	}
	for _, name := range s.names {
		for _, p := range s.groups[name].Params {
			if !seen[p.Value] {
				return nil, fmt.Errorf("group %q trains %s, which the learner's Visit does not name: it would not be saved", name, p.Name)
			}
		}
	}
	s.crew = newCrew(s)
	return s, nil
}

// alone says why a group cannot be changed by the learner itself: what is summed before an update is made has no gradients to sum.
func (r *Run) alone() error {
	for _, g := range r.Learner.Groups() {
		switch {
		case !g.Own:
		case r.accumulate() > 1:
			return fmt.Errorf("the task %s changes the group %q without gradients: --accumulate %d has nothing to add up", r.Config.Task, g.Name, r.accumulate())
		case r.shards() > 1:
			return fmt.Errorf("the task %s changes the group %q without gradients: shards of a batch have nothing to add up; want --shards 1, on one process", r.Config.Task, g.Name)
		}
	}
	return nil
}

// begin starts an update.
func (s *training) begin(update int) {
	s.update, s.micro = update, 0
	s.lr = s.run.lr(update)
	s.after, s.means, s.norm, s.flop, s.moved = s.after[:0], means{}, 0, 0, false
}

// next starts a micro-batch of the update.
func (s *training) next(seed *tensor.RNG) {
	s.rng = seed.Derive(stream.Step, uint64(s.update), uint64(s.micro))
	s.micro++
}

// Last tells whether the micro-batch at hand is the update's last.
func (s *training) Last() bool { return s.micro == s.run.accumulate() }

func (s *training) At() (update, of int) { return s.update, s.run.steps }
func (s *training) Epoch() int           { return s.update / s.run.epoch }
func (s *training) RNG() *tensor.RNG     { return s.rng }

func (s *training) Metric(name string, sum, count float64) {
	s.mustDeclare(name)
	s.means.add(name, sum, count)
}

func (s *training) Rows(x *tensor.Tensor) *tensor.Tensor { return x }

// mustDeclare returns where a loss or metric stands among the declared ones.
func (s *training) mustDeclare(name string) int {
	i, ok := s.declared[name]
	if !ok {
		panic(&autograd.OpError{Op: "train.Step", Msg: fmt.Sprintf("%q is told but not declared in Metrics", name)})
	}
	return i
}

func (s *training) After(f func()) {
	if s.err == nil {
		s.after = append(s.after, f)
	}
}

// named returns the names of groups, all where none is named.
func (s *training) named(names []string) []string {
	if len(names) == 0 {
		return s.names
	}
	for _, n := range names {
		if s.groups[n] == nil {
			panic(&autograd.OpError{Op: "train.Step", Msg: fmt.Sprintf("there is no group %q; there are %s", n, spec.Or(s.names))})
		}
	}
	return names
}

func (s *training) objective(name string) *objective {
	o := s.objectives[name]
	if o == nil {
		order := s.mustDeclare(name) // not the order of use: heads that take turns may begin elsewhere after a resume
		o = &objective{name: name, order: order, done: map[string]bool{}, asked: map[string]bool{}, turn: [2]int{-1, 0}}
		s.objectives[name] = o
		if s.crew != nil {
			s.crew.equip(o)
			return o
		}
		o.tape = s.run.tape(name)
		if s.run.accumulate() > 1 { // micro-batches are summed as they come, g₁, then g₁ + g₂, ...
			o.tape.OnGradient = func(p, d *tensor.Tensor) { o.sums.Own(p, d) }
		}
	}
	if s.crew == nil && o.sums == nil && s.run.accumulate() > 1 {
		o.sums = autograd.NewGradients()
	}
	return o
}

func (s *training) Minimise(name string, loss func(t *autograd.Tape) *autograd.Var, groups ...string) {
	if s.err != nil {
		return
	}
	names := s.named(groups)
	o := s.objective(name)
	if turn := [2]int{s.update, s.micro}; o.busy || o.turn == turn {
		panic(&autograd.OpError{Op: "train.Step", Msg: fmt.Sprintf("loss %q is minimised twice in one step; give the second another name", name)})
	} else {
		o.turn, o.busy = turn, true
	}
	defer func() { o.busy = false }()
	t := o.tape
	t.Reset()
	o.wants = s.want(t, o.wants, names)
	t.SetRNG(s.rng.Derive(stream.Tape, uint64(o.order)))
	v := loss(t)
	if s.err != nil { // a nested loss
		return
	}
	value := float64(v.Scalar())
	s.means.add(name, value, 1)
	if math.IsNaN(value) || math.IsInf(value, 0) {
		op, place, _ := t.FirstBad()
		s.err = &DivergedError{Step: s.update + 1, What: name, Op: op, Place: place}
		return
	}
	if !s.inProportion(name, value) {
		return
	}
	g := t.Backward(v)
	s.flop += t.TakeFlop()
	for _, p := range g.Params() {
		s.reached[p] = true
	}
	if s.run.accumulate() == 1 {
		o.sums = g
	}
	for _, n := range names {
		s.pending[n] = !s.groups[n].Own
	}
}

// inProportion tells whether a loss is not out of all proportion to its first value; s.err says so.
func (s *training) inProportion(name string, value float64) bool {
	first, begun := s.first[name]
	if !begun {
		first, s.first[name] = value, value
	}
	if math.Abs(value) > diverged*math.Max(1, math.Abs(first)) {
		s.err = &DivergedError{Step: s.update + 1, What: name, Value: value, First: first}
	}
	return s.err == nil
}

func (s *training) Own(name string, update func(rate float32) (sum, count float64)) {
	if s.err != nil {
		return
	}
	s.mustDeclare(name)
	sum, count := update(s.lr)
	s.moved = true
	if count == 0 {
		return
	}
	s.means.add(name, sum, count)
	if value := sum / count; math.IsNaN(value) || math.IsInf(value, 0) {
		s.err = &DivergedError{Step: s.update + 1, What: name}
	} else {
		s.inProportion(name, value)
	}
	var e *DivergedError
	if errors.As(s.err, &e) {
		e.own = true
	}
}

// want tells an objective's tape whose gradients are wanted: of these groups. was is what want returned for the tape the last time.
func (s *training) want(t *autograd.Tape, was string, names []string) string {
	key := strings.Join(names, "\x00")
	if key == was {
		return key
	}
	var want []*tensor.Tensor
	for _, n := range names {
		if s.groups[n].Own {
			continue
		}
		for _, p := range s.groups[n].Params {
			want = append(want, p.Value)
		}
	}
	t.Want(want)
	return key
}

// withSums returns the objectives that have gradients, in the order in which they are declared.
func (s *training) withSums() []*objective {
	var out []*objective
	for _, o := range s.objectives {
		if o.sums != nil {
			out = append(out, o)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].order < out[j].order })
	return out
}

func (s *training) Update(groups ...string) {
	if s.err != nil || !s.Last() {
		return
	}
	var due []*group
	for _, n := range s.named(groups) {
		if s.pending[n] && !s.rests(s.groups[n]) {
			due = append(due, s.groups[n])
		}
		delete(s.pending, n)
	}
	if len(due) == 0 {
		return
	}
	if s.err = s.crew.sum(due); s.err != nil {
		return
	}
	total := s.total(due)
	norm, err := s.crew.norm(total.Norm())
	if err != nil {
		s.err = err
		return
	}
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		s.err = &DivergedError{Step: s.update + 1, What: "gradient", Op: badGradient(due, total)}
		return
	}
	s.norm += norm * norm
	switch limit := s.run.Config.ClipNorm; {
	case limit > 0 && s.run.Config.ClipEach:
		optim.ClipEach(total, limit)
	case limit > 0:
		optim.ClipNorm(total, limit)
	}
	for _, g := range due {
		rate := s.lr
		if g.Rate != 0 {
			rate *= g.Rate
		}
		g.opt.Decay(s.run.decay(s.update))
		g.opt.Step(total, rate)
	}
	s.moved = true
}

// rests tells whether a group stays as it is at this update.
func (s *training) rests(g *group) bool { return float64(s.update) < g.Rest*float64(s.run.epoch) }

// forget makes the optimisers of groups what they were before the run's first update.
func (s *training) forget(names []string) {
	for _, n := range s.named(names) {
		if g := s.groups[n]; !g.Own {
			for _, p := range g.opt.State() {
				p.Value.Fill(0)
			}
		}
	}
	tensor.Changed()
}

// reaches tells whether the objective has a gradient for the group.
func (o *objective) reaches(g *group) bool {
	return slices.ContainsFunc(g.Params, func(p layers.Param) bool { return o.sums.Of(p.Value) != nil })
}

// weights returns by how much each objective's gradient of a group counts; nil is 1 each.
func (s *training) weights(g *group, from []*objective) []float32 {
	if g.Weigh == nil || len(from) == 0 {
		return nil
	}
	asked := make([]Asked, len(from))
	for i, o := range from {
		asked[i] = Asked{o.name, o.sums.Of}
	}
	w := g.Weigh(s, asked)
	if w != nil && len(w) != len(from) {
		panic(&autograd.OpError{Op: "train.Group.Weigh", Msg: fmt.Sprintf("group %q has %d weights for the gradients of %d losses", g.Name, len(w), len(from))})
	}
	return w
}

// total returns the gradients of groups: of the one objective that has any, or the sum of several in the order in which they are
// declared, each as often as the group weighs it, divided by the number of micro-batches. What a group was updated with once is not
// used again.
func (s *training) total(due []*group) *autograd.Gradients {
	out := autograd.NewGradients()
	for _, g := range due {
		var from []*objective
		for _, o := range s.withSums() {
			if !o.done[g.Name] && o.reaches(g) {
				from = append(from, o)
			}
			o.done[g.Name] = true
		}
		weights := s.weights(g, from)
		for i, o := range from {
			for _, p := range g.Params {
				d := o.sums.Of(p.Value)
				if d == nil {
					continue
				}
				if weights != nil && weights[i] != 1 {
					tensor.Scale(d, weights[i], d)
				}
				out.Join(p.Value, d)
			}
		}
	}
	if n := s.run.summed(); n > 1 {
		out.Scale(1 / float32(n))
	}
	return out
}

func badGradient(due []*group, g *autograd.Gradients) string {
	for _, u := range due {
		for _, p := range u.Params {
			if d := g.Of(p.Value); d != nil {
				if s := tensor.SumSquares(d); math.IsNaN(s) || math.IsInf(s, 0) {
					return p.Name
				}
			}
		}
	}
	return ""
}

// own tells whether the learner changes everything itself: there are no gradients then.
func (s *training) own() bool {
	return !slices.ContainsFunc(s.names, func(n string) bool { return !s.groups[n].Own })
}

// end makes the updates that are due and does what was registered for after them; s.err says where an update could not be made.
func (s *training) end() {
	if s.Update(); s.err != nil {
		return
	}
	for _, f := range s.after {
		f()
	}
	for _, o := range s.objectives {
		if s.crew != nil {
			s.crew.clear(o)
			continue
		}
		if s.run.accumulate() > 1 {
			o.sums.Reset()
		} else {
			o.sums = nil
		}
		clear(o.done)
		o.tape.Reset()
	}
}

// unreached returns the parameters that no gradient has reached so far.
func (s *training) unreached() []string {
	var out []string
	for _, n := range s.names {
		if s.groups[n].Own {
			continue
		}
		for _, p := range s.groups[n].Params {
			if !s.reached[p.Value] {
				out = append(out, p.Name)
			}
		}
	}
	return out
}
