package pretext

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Multi is several tasks on one trunk (Doersch, Zisserman, "Multi-task self-supervised visual learning", ICCV 2017, arXiv 1708.07860).
//
// Each task keeps its own views, head, loss, metrics and groups, under its name; the trunk is one. Batches are of one task each, so that a
// batch normalisation sees views of one kind at a time; its running statistics, which an evaluation uses, are of all of them, mixed by turns.
//
// Schedules:
//   - round-robin: an update is of one task, and they take turns; the trunk's optimiser sees them one after the other.
//   - weighted: the same with several turns each, in a fixed pattern: turn j of w is at j/w of the way, in the order of the tasks where
//     that is equal, so that weights 3 and 1 give A B A A. A drawn order would have the same means and leave a rare task out for long.
//   - together: an update has a batch of each task, and the trunk's gradient is the mean of theirs (section 3.3 of the paper; weighted,
//     if weights are given). Heads take their whole gradient: they belong to one task alone.
//   - gradnorm: as together, but each task's gradient of the trunk is first made as long as the others', so that no task drowns
//     another by the scale of its loss. It is what GradNorm (Chen et al., ICML 2018, arXiv 1711.02257) strives for with α = 0: equation
//     1 asks that all W_i·|∇L_i| be equal, the W_i summing to the number of tasks (section 3.3), which makes that length the harmonic
//     mean of the |∇L_i|; with one W for a whole trunk that is solved for each update, instead of by a
//     gradient step on W, so that there is nothing more to learn, keep or tune. Its α > 0, which has tasks catch up that learn slower,
//     would need the losses at the start and is left out, since losses of tasks as unlike as these do not fall alike.
//
// Harmonising (section 3.2): a task that is shown colours need not learn what the grey ones do, and the trunk has two kinds of input to
// serve. With it every task is shown grey pictures; one that shows grey itself, and asks for the colour, keeps its own.
//
// An epoch is one pass of the rarest task's pictures; the others go on in theirs where they were.
//
// Metrics: each task's, and the first task's headline is that of all. cosine is that between two tasks' gradients of the trunk, whole and by stage:
// below 0 they pull apart, at 0 they do not touch. It is told every so many updates, for the next gradient of each task, which with turns are of
// updates that follow each other; a run that stops in between leaves that one out. It costs three sums over the trunk's
// weights for each pair, and with turns a copy of its gradient for each task.
type Multi struct {
	Tasks     []Member
	Schedule  string // round-robin (or empty), weighted, together or gradnorm
	Weights   []int  // of each task: turns when weighted, else its part in the trunk's gradient; empty means equal parts
	Harmonise bool
	Cosine    int // in how many updates once; 0 means 10, below 0 never
}

// Member is one of several tasks.
type Member struct {
	Name string // without a dot
	Task
	ShowsGrey bool // as About.ShowsGrey
}

var multiSchedules = []string{"round-robin", "weighted", "together", "gradnorm"}

const (
	usualTasks    = "relative-position,colourise" // the paper's first pair
	usualSchedule = "round-robin"
	mostTurns     = 100 // of a task in a pattern
)

var multiAbout = About{
	Line:   "several tasks on one trunk (Doersch, Zisserman 2017), such as 'multi?tasks=rotation,jigsaw&jigsaw.set=50'",
	Hidden: "what each of its tasks hides",
	Options: []spec.Option{
		{Name: "tasks", Default: usualTasks, About: "two or more, the one whose headline counts first"},
		{Name: "TASK.OPTION", About: "an option of one of them, as it has alone: jigsaw.set=50"},
		{Name: "schedule", Default: usualSchedule, About: "of updates: round-robin (one task each, in turn), weighted (the same, weights= says how many turns), together (a batch of each task, " +
			"the trunk takes the mean gradient) or gradnorm (together, each task's gradient of the trunk made equally long; Chen et al. 2018)"},
		{Name: "weights", About: "whole numbers, one a task, 1 to 100: turns, or parts in the trunk's gradient; if not given equal"},
		{Name: "harmonise", Default: "no", About: "yes: every task is shown grey pictures"},
		{Name: "cosine", Default: "10", About: "every so many updates the cosine between the tasks' gradients of the trunk is told, 0 never"},
	},
	Narrows: true,
	Config:  func(c *train.Config) { c.WeightDecay = 1e-4 },
}

// The table names this task, and this task looks others up in the table: what refers back is set when both are there.
func init() {
	about := tasks["multi"]
	about.make = func(v Values) Task { return newMulti(v) }
	about.of = func(a About, v Values) About {
		a.OwnViews = true
		var shortcuts, collapse []string
		for i, m := range newMulti(v).Tasks {
			of := tasks[m.Name]
			if i == 0 {
				a.Of, a.Trivial = of.Of, of.Trivial
			}
			if of.Shortcut != "" {
				shortcuts = append(shortcuts, m.Name+": "+of.Shortcut)
			}
			if of.Collapse != "" {
				collapse = append(collapse, m.Name+": "+of.Collapse)
			}
			a.OwnViews, a.Labelled = a.OwnViews && of.OwnViews, a.Labelled || of.Labelled
			if a.Trunk == "" {
				a.Trunk = of.Trunk
			}
			for _, d := range of.Defences {
				d.Name, d.Off = m.Name+"."+d.Name, m.Name+"."+strings.ReplaceAll(d.Off, "&", "&"+m.Name+".")
				a.Defences = append(a.Defences, d)
			}
		}
		a.Shortcut, a.Collapse = strings.Join(shortcuts, "; "), strings.Join(collapse, "; ")
		return a
	}
	tasks["multi"] = about
}

func newMulti(v Values) Multi {
	m := Multi{Schedule: v.One("schedule", multiSchedules...), Harmonise: v.Bool("harmonise"), Cosine: orNone(v, "cosine", math.MaxInt)}
	names := strings.Split(v.Text("tasks"), ",")
	for _, s := range v.Parts(names) {
		if s.Kind == "multi" {
			v.Fail("option tasks=%s: multi is not one of its own tasks", strings.Join(names, ","))
			break
		}
		if a, ok := tasks[s.Kind]; ok && !a.Uses("trunk") {
			v.Fail("option tasks=%s: %s has no trunk that others could share", strings.Join(names, ","), s.Kind)
			break
		}
		if tasks[s.Kind].OwnEpochs {
			v.Fail("option tasks=%s: %s begins each of its epochs by itself, from all of its data; beside others its pictures end elsewhere, so it cannot be one of them", strings.Join(names, ","), s.Kind)
			break
		}
		task, err := newTask(s)
		if err != nil {
			v.Fail("%v", err)
		}
		m.Tasks = append(m.Tasks, Member{s.Kind, task, tasks[s.Kind].ShowsGrey})
	}
	if v.Given("weights") {
		for _, w := range strings.Split(v.Text("weights"), ",") {
			n, err := strconv.Atoi(w)
			if err != nil {
				v.Fail("option weights=%s: want whole numbers with commas between", v.Text("weights"))
			}
			m.Weights = append(m.Weights, n)
		}
	}
	if err := m.check(); err != nil {
		v.Fail("%v", err)
	}
	return m
}

// check refuses what cannot be.
func (t Multi) check() error {
	seen := map[string]bool{}
	for _, m := range t.Tasks {
		if seen[m.Name] || m.Name == "" || strings.Contains(m.Name, ".") || m.Task == nil {
			return fmt.Errorf("the tasks need names of their own, and %q is there twice or is none", m.Name)
		}
		seen[m.Name] = true
	}
	if len(t.Tasks) < 2 {
		return fmt.Errorf("want two tasks or more on the trunk; one alone needs no multi")
	}
	if t.Schedule != "" && !slices.Contains(multiSchedules, t.Schedule) {
		return fmt.Errorf("there is no schedule %q; there are %s", t.Schedule, spec.Or(multiSchedules))
	}
	plain := t.Schedule == "" || t.Schedule == usualSchedule
	switch n := len(t.Weights); {
	case n == 0 && t.Schedule == "weighted":
		return fmt.Errorf("schedule weighted wants weights, one for each of %d tasks", len(t.Tasks))
	case n > 0 && plain:
		return fmt.Errorf("schedule %s gives every task the same; weights are for the others", usualSchedule)
	case n > 0 && n != len(t.Tasks):
		return fmt.Errorf("%d weights for %d tasks", n, len(t.Tasks))
	}
	for _, w := range t.Weights {
		if w < 1 || w > mostTurns {
			return fmt.Errorf("a weight of %d, want a whole number from 1 to %d", w, mostTurns)
		}
	}
	return nil
}

// pattern returns whose turn an update is, over and over; nil where all tasks are in each.
func (t Multi) pattern() []int {
	type turn struct{ task, at, of int }
	var turns []turn
	switch t.Schedule {
	case "together", "gradnorm":
		return nil
	case "weighted":
		all := 0
		for _, w := range t.Weights {
			all = gcd(all, w)
		}
		for k, w := range t.Weights {
			for j := range w / all {
				turns = append(turns, turn{k, j, w / all})
			}
		}
	default:
		for k := range t.Tasks {
			turns = append(turns, turn{k, 0, 1})
		}
	}
	slices.SortStableFunc(turns, func(a, b turn) int { return a.at*b.of - b.at*a.of })
	out := make([]int, len(turns))
	for i, t := range turns {
		out[i] = t.task
	}
	return out
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// shares returns what part each task has where they add up: 1 in all.
func (t Multi) shares() []float64 {
	out, total := make([]float64, len(t.Tasks)), 0.0
	for k := range out {
		out[k] = 1
		if len(t.Weights) > 0 {
			out[k] = float64(t.Weights[k])
		}
		total += out[k]
	}
	for k := range out {
		out[k] /= total
	}
	return out
}

// Learner returns the learners of all tasks as one; each task's own weights are drawn from a stream of its own.
func (t Multi) Learner(s Setup) (train.Learner, error) {
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("task multi: %w", err)
	}
	usual(&t.Cosine, 10)
	m := &multi{task: t, trunk: s.Trunk, turns: t.pattern(), shares: t.shares()}
	for k, member := range t.Tasks {
		own := s
		own.RNG, own.CacheBytes, own.Inputs = s.RNG.Derive(stream.Part, uint64(k)), s.CacheBytes/int64(len(t.Tasks)), m.inputs(member, s.Inputs)
		own.Kept = func(name string) *tensor.Tensor { return s.kept(member.Name + "." + name) }
		l, err := member.Learner(own)
		if err != nil {
			return nil, fmt.Errorf("task multi: %w", err)
		}
		m.parts = append(m.parts, &part{Learner: l, member: member})
		m.kept = append(m.kept, autograd.NewGradients())
	}
	for _, stage := range s.Trunk.Stages {
		m.stages = append(m.stages, trunkPart{stage.Name, layers.Params(stage.Parts)})
	}
	if err := m.divide(); err != nil {
		return nil, fmt.Errorf("task multi: %w", err)
	}
	return m, nil
}

// multi is several learners as one.
type multi struct {
	task   Multi
	trunk  *layers.Trunk
	parts  []*part
	turns  []int // as Multi.pattern
	shares []float64
	groups []train.Group
	stages []trunkPart

	open bool                  // kept is being filled
	kept []*autograd.Gradients // of the trunk, by task, until the next cosine is told
}

// part is one of the learners.
type part struct {
	train.Learner
	member Member
	groups map[string][]string // by its own names of them: what they are called here
	all    []string            // these, all together
	shares bool                // it trains the trunk
}

// trunkPart is a stage's trained tensors.
type trunkPart struct {
	name   string
	params []layers.Param
}

// trunkGroup is the group of the trunk; no task's group has a name without a dot.
const trunkGroup = "trunk"

// under puts the task's name before one of its own.
func (p *part) under(name string) string { return p.member.Name + "." + name }

// inputs are what a task sees of inputs.
func (m *multi) inputs(of Member, in data.Inputs) data.Inputs {
	if m.greys(of) {
		return in.Grey()
	}
	return in
}

// greys tells whether a task is shown grey pictures in place of the data's.
func (m *multi) greys(of Member) bool { return m.task.Harmonise && !of.ShowsGrey }

// unshared is a learner's state without the trunk's.
type unshared struct {
	layers.Stateful
	trunk map[*tensor.Tensor]bool
}

func (u unshared) Visit(prefix string, f func(layers.Param)) {
	u.Stateful.Visit(prefix, func(p layers.Param) {
		if !u.trunk[p.Value] {
			f(p)
		}
	})
}

// trunkTensors are the tensors of the trunk.
func (m *multi) trunkTensors() map[*tensor.Tensor]bool {
	out := map[*tensor.Tensor]bool{}
	for _, p := range layers.State(m.trunk) {
		out[p.Value] = true
	}
	return out
}

// Visit names the trunk, once, and what else each task has, below its name.
func (m *multi) Visit(prefix string, f func(layers.Param)) {
	parts := layers.Parts{{Name: "trunk", Stateful: m.trunk}}
	shared := m.trunkTensors()
	for _, p := range m.parts {
		parts = append(parts, layers.Part{Name: p.member.Name, Stateful: unshared{p.Learner, shared}})
	}
	parts.Visit(prefix, f)
}

// divide makes the groups: the trunk, and each task's without it.
func (m *multi) divide() error {
	params := layers.Params(layers.Parts{{Name: "trunk", Stateful: m.trunk}})
	trunk := train.Group{Name: trunkGroup, Params: params, Weigh: m.weigh}
	of := m.trunkTensors()
	names := map[*tensor.Tensor]string{}
	for _, p := range layers.State(m) {
		names[p.Value] = p.Name
	}
	first := ""
	m.groups = []train.Group{trunk}
	for _, p := range m.parts {
		p.groups = map[string][]string{}
		for _, g := range p.Groups() {
			shared := 0
			own := train.Group{Name: p.under(g.Name), Rate: g.Rate, Rest: g.Rest}
			for _, q := range g.Params {
				if of[q.Value] {
					shared++
					continue
				}
				q.Name = names[q.Value]
				own.Params = append(own.Params, q)
			}
			switch {
			case g.Weigh != nil:
				return fmt.Errorf("task %s weighs its losses by their gradients, and so do several tasks on a trunk; it cannot be one of them", p.member.Name)
			case shared != 0 && shared != len(params):
				return fmt.Errorf("task %s trains parts of the trunk apart from each other, which others could not share", p.member.Name)
			case shared > 0 && g.Rest > 0:
				return fmt.Errorf("task %s lets the trunk rest, which others train", p.member.Name)
			case shared > 0 && first != "" && m.groups[0].Rate != g.Rate:
				return fmt.Errorf("tasks %s and %s train the trunk at different rates", first, p.member.Name)
			}
			var here []string
			if len(own.Params) > 0 {
				m.groups = append(m.groups, own)
				here = append(here, own.Name)
			}
			if shared > 0 {
				here = append(here, trunkGroup)
				m.groups[0].Rate = g.Rate
				first, p.shares = p.member.Name, true
			}
			p.groups[g.Name] = here
			p.all = append(p.all, here...)
		}
	}
	return nil
}

func (m *multi) Groups() []train.Group { return m.groups }

// Metrics are each task's, with its name before theirs; then the cosines.
func (m *multi) Metrics() []metric.Metric {
	var out []metric.Metric
	for _, p := range m.parts {
		for _, q := range p.Metrics() {
			q.Name = p.under(q.Name)
			if q.Versus != "" {
				q.Versus = p.under(q.Versus)
			}
			out = append(out, q)
		}
	}
	m.eachPair(func(_, _ int, names []string) {
		for i, name := range names {
			out = append(out, metric.Metric{Name: name, Higher: true, OnlyTrained: true, Detail: i > 0})
		}
	})
	return out
}

// Files are the tasks', with their names before theirs.
func (m *multi) Files() map[string]func(w io.Writer) error {
	out := map[string]func(w io.Writer) error{}
	for _, p := range m.parts {
		if l, ok := p.Learner.(train.Filer); ok {
			for name, write := range l.Files() {
				out[p.under(name)] = write
			}
		}
	}
	return out
}

// partStep is a step as one of the tasks is given it: what it names has its name before it.
type partStep struct {
	train.Step
	of *part
}

func (s partStep) Minimise(name string, loss func(t *autograd.Tape) *autograd.Var, groups ...string) {
	s.Step.Minimise(s.of.under(name), func(t *autograd.Tape) *autograd.Var {
		defer t.Enter(s.of.member.Name)() // what does not fit says in which task
		return loss(t)
	}, s.of.named(groups)...)
}

func (s partStep) Own(name string, update func(rate float32) (sum, count float64)) {
	s.Step.Own(s.of.under(name), update)
}

func (s partStep) Update(groups ...string) { s.Step.Update(s.of.named(groups)...) }

func (s partStep) Metric(name string, sum, count float64) {
	s.Step.Metric(s.of.under(name), sum, count)
}

// named returns what groups of the task are called here; all of the task's where none is named.
func (p *part) named(groups []string) []string {
	if len(groups) == 0 {
		return p.all
	}
	var out []string
	for _, g := range groups {
		if p.groups[g] == nil { // the step says that there is none
			out = append(out, p.under(g))
		}
		out = append(out, p.groups[g]...)
	}
	return out
}

// Feed returns steps of one task each, in turns, or of all of them. What only looks sees all in each step, once.
func (m *multi) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	f := &multiFeed{multi: m, update: max(o.Update, 1), share: o.Share, bad: map[string]bool{}, tell: o.Bad}
	if augment {
		f.turns, f.endless = m.turns, true
		m.makeRoom()
	}
	out := &train.Feed{Samples: o.BatchSize, Turns: 1, Err: f.err, Bad: f.badCount, Bytes: f.bytes, Epoch: f.run, Later: map[string]float64{}, Shares: true}
	var apart []string
	for k, p := range m.parts {
		own := o
		own.Seed, own.Bad = partSeed(o.Seed, k), f.broken
		feed, err := p.Feed(m.inputs(p.member, in), augment, own)
		if err != nil {
			return nil, fmt.Errorf("task multi: %w", err)
		}
		if feed.Begin != nil {
			return nil, fmt.Errorf("task multi: %s begins each of its epochs by itself, from all of its data; beside others its pictures end elsewhere, so it cannot be one of them", p.member.Name)
		}
		for name, from := range feed.Later {
			out.Later[p.under(name)] = from
		}
		f.feeds = append(f.feeds, feed)
		f.longest = max(f.longest, f.pass(k))
		f.none = f.none || f.pass(k) == 0
		if out.Shares = out.Shares && feed.Shares; feed.Apart != "" {
			apart = append(apart, "in "+p.member.Name+" "+feed.Apart)
		}
		out.Total += feed.Total
		out.Ahead = max(out.Ahead, feed.Ahead)
	}
	switch {
	case f.none:
	case f.turns == nil:
		out.Steps, out.Samples = f.longest, o.BatchSize*len(f.feeds)
	case f.longest < f.update: // not one update
		out.Steps = f.longest
	default:
		out.Steps = f.updates() * f.update
		out.Turns = len(f.feeds) * f.update // every task has its first turn before any has a second
	}
	f.steps = out.Steps
	out.Parts, out.Apart = f.feeds, strings.Join(apart, ", ")
	return out, nil
}

// makeRoom takes the memory of gradients that are kept for cosines, so that it is counted with what the process holds before it learns.
func (m *multi) makeRoom() {
	if m.turns == nil || m.task.Cosine == 0 || m.open {
		return
	}
	for k, p := range m.parts {
		if p.shares {
			m.kept[k].Reset()
			addTo(m.kept[k], m.groups[0].Params, func(x *tensor.Tensor) *tensor.Tensor { return x })
			m.kept[k].Reset()
		}
	}
}

// partSeed is the seed of a task's views: each has pictures in an order of its own, so that an update of several sees more of them.
func partSeed(seed uint64, k int) uint64 {
	return tensor.NewRNG(seed).Derive(stream.Part, uint64(k)).Uint64()
}

// multiFeed feeds several learners.
type multiFeed struct {
	*multi
	feeds   []*train.Feed
	turns   []int // whose an update is, over and over; nil where a step is of all
	endless bool  // a task whose pictures end begins anew
	update  int   // batches of an update
	share   data.Share
	longest int  // steps of a pass of a task's pictures
	none    bool // of them for some task
	steps   int  // of an epoch

	mu   sync.Mutex
	bad  map[string]bool
	tell func(i int, err error)
}

// pass returns how many steps a pass of a task's pictures has: where batches are cut, those of whole batches.
func (f *multiFeed) pass(task int) int { return f.share.Whole(f.feeds[task].Steps) }

// updates returns how many updates an epoch has: the rarest task's pass, and no less than a whole pattern.
func (f *multiFeed) updates() int {
	rarest := f.count(0, len(f.turns))
	for k := range f.feeds {
		rarest = min(rarest, f.count(k, len(f.turns)))
	}
	return max(len(f.turns), f.longest/f.update*len(f.turns)/rarest)
}

// count returns how many of the run's first updates are a task's.
func (f *multiFeed) count(task, updates int) int {
	n := 0
	for i, k := range f.turns {
		if k == task {
			n += updates / len(f.turns)
			if i < updates%len(f.turns) {
				n++
			}
		}
	}
	return n
}

// run yields the steps of an epoch: Feed.Epoch.
func (f *multiFeed) run(epoch, from int) iter.Seq[func(train.Step)] {
	return func(yield func(func(train.Step)) bool) {
		at := epoch*f.steps + from // of the run
		next := make([]func() (func(train.Step), bool), len(f.feeds))
		for k, feed := range f.feeds {
			var stop func()
			if f.endless {
				next[k], stop = iter.Pull(f.passes(k, f.batch(k, at)))
			} else {
				next[k], stop = iter.Pull(feed.Epoch(epoch, from))
			}
			defer stop()
		}
		for ; at < (epoch+1)*f.steps; at++ {
			if !f.share.Has(at) {
				continue
			}
			var steps []partial
			for k := range f.feeds {
				if !f.takes(k, at) {
					continue
				}
				if step, ok := next[k](); ok {
					steps = append(steps, partial{f.parts[k], step})
				} else if f.endless {
					return // its feed says why
				}
			}
			if !yield(func(s train.Step) {
				for _, p := range steps {
					p.step(partStep{s, p.of})
				}
			}) {
				return
			}
		}
	}
}

// takes tells whether a task is in a step of the run.
func (f *multiFeed) takes(task, step int) bool {
	return f.turns == nil || f.turns[step/f.update%len(f.turns)] == task
}

// batch returns how many batches of a task are before a step of the run.
func (f *multiFeed) batch(task, step int) int {
	if f.turns == nil {
		return step
	}
	n := f.count(task, step/f.update) * f.update
	if f.takes(task, step) {
		n += step % f.update
	}
	return n
}

// partial is a step of one of the tasks.
type partial struct {
	of   *part
	step func(train.Step)
}

// passes yields a task's steps from the run's batch number from on, pass after pass: of a share, those in it. As passes are whole batches, a
// batch's shard is the same by its number in the pass and in the run.
func (f *multiFeed) passes(task, from int) iter.Seq[func(train.Step)] {
	feed, n := f.feeds[task], f.pass(task)
	return func(yield func(func(train.Step)) bool) {
		for pass, at := from/n, from%n; ; pass, at = pass+1, 0 {
			for step := range feed.Epoch(pass, at) {
				for !f.share.Has(at) {
					at++
				}
				if at >= n { // of a batch that is not whole
					break
				}
				if !yield(step) {
					return
				}
				at++
			}
			if feed.Err() != nil {
				return
			}
		}
	}
}

func (f *multiFeed) err() error {
	for _, feed := range f.feeds {
		if err := feed.Err(); err != nil {
			return err
		}
	}
	return nil
}

// bytes is how large the views of a sample are, in all tasks: each makes its batches ahead.
func (f *multiFeed) bytes() (n int64) {
	for _, feed := range f.feeds {
		n += feed.Bytes()
	}
	return n
}

// broken is told of a sample that a task cannot read, and tells of it once, whichever tasks meet it.
func (f *multiFeed) broken(i int, err error) {
	f.mu.Lock()
	before := f.bad[err.Error()] // which names the file: a task may number something else than pictures
	f.bad[err.Error()] = true
	f.mu.Unlock()
	if !before && f.tell != nil {
		f.tell(i, err)
	}
}

func (f *multiFeed) badCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.bad)
}

// gradient is that of a task's losses, summed, for a parameter of the trunk; nil where it has none.
type gradient func(p *tensor.Tensor) *tensor.Tensor

// byTask returns each task's gradient; nil for those that ask for nothing now.
func (m *multi) byTask(of []train.Asked) ([]gradient, []int) {
	out, task := make([]gradient, len(m.parts)), make([]int, len(of))
	losses := make([][]train.Asked, len(m.parts))
	for i, a := range of {
		name, _, _ := strings.Cut(a.Loss, ".")
		k := slices.IndexFunc(m.parts, func(p *part) bool { return p.member.Name == name })
		task[i], losses[k] = k, append(losses[k], a)
	}
	for k, ls := range losses {
		switch len(ls) {
		case 0:
		case 1:
			out[k] = ls[0].Of
		default:
			sum := autograd.NewGradients()
			for _, l := range ls {
				addTo(sum, m.groups[0].Params, l.Of)
			}
			out[k] = sum.Of
		}
	}
	return out, task
}

// addTo adds a gradient to a sum that has memory of its own.
func addTo(sum *autograd.Gradients, params []layers.Param, g gradient) {
	for _, p := range params {
		if d := g(p.Value); d != nil {
			sum.Own(p.Value, d)
		}
	}
}

// weigh says by how much each loss counts in the trunk's gradient, and compares the tasks' gradients.
func (m *multi) weigh(s train.Step, of []train.Asked) []float32 {
	asked, task := m.byTask(of)
	m.compare(s, asked)
	if m.turns != nil {
		return nil
	}
	factor := slices.Clone(m.shares)
	if m.task.Schedule == "gradnorm" {
		equalise(factor, asked, m.groups[0].Params)
	}
	out := make([]float32, len(of))
	for i, k := range task {
		out[i] = float32(factor[k])
	}
	return out
}

// equalise multiplies factors by what makes all gradients as long as their harmonic mean is: those multipliers sum to how many there are, as the paper's
// weights do. One that is zero stays, and does not count.
func equalise(factor []float64, of []gradient, params []layers.Param) {
	norms, inverse, n := make([]float64, len(of)), 0.0, 0.0
	for k, g := range of {
		if g == nil {
			continue
		}
		if norms[k] = math.Sqrt(dot(g, g, params)); norms[k] > 0 {
			inverse += 1 / norms[k]
			n++
		}
	}
	for k, v := range norms {
		if v > 0 {
			factor[k] *= n / inverse / v
		}
	}
}

// dot returns the sum of products of two gradients over some parameters.
func dot(a, b gradient, params []layers.Param) float64 {
	total := 0.0
	for _, p := range params {
		if x, y := a(p.Value), b(p.Value); x != nil && y != nil {
			total += tensor.Dot(x, y)
		}
	}
	return total
}

// compare tells the cosines between the tasks' gradients, when it is time. Those of updates that take turns are kept until all are there.
func (m *multi) compare(s train.Step, asked []gradient) {
	if update, _ := s.At(); !m.open {
		if m.task.Cosine == 0 || update%m.task.Cosine != 0 {
			return
		}
		m.open = true
		for _, kept := range m.kept {
			kept.Reset()
		}
	}
	of, whole := slices.Clone(asked), true
	for k, p := range m.parts {
		if kept := m.kept[k]; m.turns != nil {
			if asked[k] != nil && len(kept.Params()) == 0 {
				addTo(kept, m.groups[0].Params, asked[k])
			}
			if len(kept.Params()) > 0 {
				of[k] = kept.Of
			}
		}
		whole = whole && (of[k] != nil || !p.shares)
	}
	if m.open = !whole; m.open {
		return
	}
	m.eachPair(func(a, b int, names []string) {
		var whole [3]float64 // sums of a·b, a·a and b·b
		tell := func(name string, sums [3]float64) {
			if norms := math.Sqrt(sums[1] * sums[2]); norms > 0 {
				s.Metric(name, sums[0]/norms, 1)
			}
		}
		for i, stage := range m.stages {
			sums := [3]float64{dot(of[a], of[b], stage.params), dot(of[a], of[a], stage.params), dot(of[b], of[b], stage.params)}
			for j, v := range sums {
				whole[j] += v
			}
			tell(names[i+1], sums)
		}
		tell(names[0], whole)
	})
}

// eachPair calls f for every two tasks that train the trunk, with the names of the cosines between their gradients: of the whole trunk and
// of each stage.
func (m *multi) eachPair(f func(a, b int, names []string)) {
	for b := range m.parts {
		for a := range b {
			if !m.parts[a].shares || !m.parts[b].shares {
				continue
			}
			names := []string{"cosine"}
			if len(m.parts) > 2 {
				names[0] += "." + m.parts[a].member.Name + "." + m.parts[b].member.Name
			}
			for _, stage := range m.stages {
				names = append(names, names[0]+"."+stage.name)
			}
			f(a, b, names)
		}
	}
}

// Draw shows what each task shows, one below the other, under its name.
func (m *multi) Draw(in data.Inputs, index []int) (image.Image, error) {
	const head, gap = canvas.TextHeight + 10, 8
	var pictures []image.Image
	w, h := 0, 0
	for _, p := range m.parts {
		im, err := p.Draw(m.inputs(p.member, in), index)
		if err != nil {
			return nil, err
		}
		pictures = append(pictures, im)
		w, h = max(w, im.Bounds().Dx()), h+head+im.Bounds().Dy()+gap
	}
	sheet := canvas.NewSheet(w, h-gap)
	y := 0
	for k, im := range pictures {
		sheet.Fill(0, y, w, head, canvas.Ink)
		sheet.Text(gap, y+5, w-2*gap, m.parts[k].member.Name, color.White)
		sheet.Paste(0, y+head, im)
		y += head + im.Bounds().Dy() + gap
	}
	return sheet, nil
}
