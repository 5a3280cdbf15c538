package recipe

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"image"
	"maps"
	"strings"

	"github.com/tessera-go/tessera/cluster"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// monitor looks at what learns, on samples that it does not learn from: every loss and metric of the task, whether the features are
// alive, and, where there are labels, how many neighbours are of the same class, and how often a probe is right that learns beside the run. It changes nothing of what learns: with it or without, a run ends
// with the same bits, but with local steps, where ranks average before each look.
type monitor struct {
	r          *Recipe
	held, near *data.Dataset // samples that are looked at, and training samples
	seen, by   *data.Dataset // of both what this rank shows the trunk: kept
	feed       *train.Feed
	drawn      []int             // held-out samples of the picture
	probe      *eval.OnlineProbe // that learns from near beside the run; nil where there are no labels
	quiet      bool              // neighbours could not be judged; it was said
	collapsed  bool              // so the last look; it was said
	most       float64           // the highest effective rank of features so far
	mostAt     int               // the update at which that was seen
	narrow     bool              // so the last look: features keep little of it
}

const (
	monitorHeld  = 500  // held-out samples that are looked at, unless the configuration says how many
	monitorTrain = 2000 // training samples among which neighbours are sought
	monitorDrawn = 6
	monitorBytes = 128 << 20 // of pictures kept, of either
)

// monitorSamples returns how many held-out samples are looked at.
func (r *Recipe) monitorSamples() int {
	n := r.Config.MonitorSamples
	if n == 0 {
		n = monitorHeld
	}
	return min(n, r.Held.Len())
}

func (r *Recipe) monitor() (*monitor, error) {
	if r.Trunk == nil {
		return r.plainMonitor()
	}
	some := func(d *data.Dataset, n int, tag uint64) *data.Dataset {
		index := tensor.NewRNG(r.Config.Seed).Derive(stream.Monitor, tag).Perm(d.Len())
		return d.Subset(index[:min(n, len(index))], "part=monitor")
	}
	m := &monitor{r: r, held: some(r.Held, r.monitorSamples(), stream.Held), near: some(r.Data, monitorTrain, stream.Near)}
	part := func(d *data.Dataset) *data.Dataset {
		from, to := m.part(d)
		if to-from < d.Len() {
			index := make([]int, to-from)
			for i := range index {
				index[i] = from + i
			}
			d = d.Subset(index, "part=rank")
		}
		return eval.Cache(d, r.Config.Side, monitorBytes)
	}
	m.seen, m.by = part(m.held), part(m.near)
	for i := range min(monitorDrawn, m.held.Len()) {
		m.drawn = append(m.drawn, i)
	}
	if classes := len(m.near.Truth.Classes()); classes > 0 && len(m.held.Truth.Classes()) > 0 {
		m.probe = eval.NewOnlineProbe(r.Trunk.Channels(), classes, r.Config.Seed)
	}
	var err error
	m.feed, err = r.Learner.Feed(m.held.Inputs, false, data.LoaderOptions{BatchSize: 64, KeepLast: true, MaxBad: 1, Seed: r.Config.Seed,
		Bad: func(_ int, err error) { r.options.Say(fmt.Sprintf("monitor: broken, another stands in: %v", err)) }})
	return m, err
}

// plainMonitor is that of a learner without a trunk: it has no features to judge.
func (r *Recipe) plainMonitor() (m *monitor, err error) {
	if m = (&monitor{r: r, held: r.Held}); r.Held != nil {
		m.feed, err = r.Learner.Feed(r.Held.Inputs, false, data.LoaderOptions{BatchSize: r.Config.BatchSize, KeepLast: true, Seed: r.Config.Seed})
	}
	return m, err
}

func (m *monitor) look(update, of int) map[string]float64 {
	r := m.r
	out := map[string]float64{}
	if l, ok := r.Learner.(train.Looker); ok {
		maps.Copy(out, l.Look())
	}
	var err error
	if m.feed != nil {
		var seen map[string]float64
		seen, err = train.Look(m.feed, r.Config.Mode(), r.Config.Seed, update, of)
		for name, v := range seen {
			out["held_"+name] = v
		}
	}
	var held eval.Sample
	if r.Trunk != nil {
		held, err = m.features(m.held, m.seen, err)
	}
	if err != nil {
		m.say(err)
	}
	if err != nil || r.Trunk == nil {
		return out
	}
	h := eval.CheckHealth(held.Pooled)
	out["feature_std"], out["effective_rank"] = h.Std, h.EffectiveRank
	m.collapse(update, out, held.Pooled.Dim(1))
	if len(m.held.Truth.Classes()) == 0 || len(m.near.Truth.Classes()) == 0 {
		return out
	}
	near, err := m.features(m.near, m.by, nil)
	if err == nil {
		var s eval.Score
		if s, err = (eval.KNN{}).Judge(context.Background(), near, held); err == nil {
			out["knn"] = s.Value
			var right float64
			if right, err = m.probe.Look(near, held, update); err == nil {
				out["probe"] = right
			}
		}
	}
	if err != nil {
		m.say(err)
	}
	return out
}

// help computes this rank's share of what rank 0 looks at.
func (m *monitor) help(int, int) map[string]float64 {
	if m.r.Trunk == nil {
		return nil
	}
	if _, err := m.features(m.held, m.seen, nil); err == nil && len(m.held.Truth.Classes()) > 0 && len(m.near.Truth.Classes()) > 0 {
		m.features(m.near, m.by, nil) // rank 0 tells of errors
	}
	return nil
}

const monitorBatch = 64

// part returns which samples of d this rank shows the trunk: whole batches, so that features have the bits that one process computes.
func (m *monitor) part(d *data.Dataset) (from, to int) {
	g := m.r.group()
	batches := (d.Len() + monitorBatch - 1) / monitorBatch
	at := func(rank int) int { return min(d.Len(), rank*batches/g.Size()*monitorBatch) }
	return at(g.Rank()), at(g.Rank() + 1)
}

// features returns the last stage's features of samples, of which this rank has a part; where err says that there is nothing to look at, all ranks hear of it.
func (m *monitor) features(of, part *data.Dataset, err error) (eval.Sample, error) {
	var mine eval.Features
	if err == nil && part.Len() > 0 {
		var f []eval.Features
		if f, err = m.r.encoder("monitor", m.r.Trunk).Encode(context.Background(), part.Inputs, eval.Options{BatchSize: monitorBatch, Last: true, MaxBad: 1}); err == nil {
			mine = f[0]
		}
	}
	if g := m.r.group(); g.Size() > 1 {
		from, _ := m.part(of)
		mine, err = m.gather(g, mine, from, err)
	}
	return eval.Sample{Features: mine, Truth: of.Truth}, err
}

// gather returns the features of all ranks; those of this one are of samples from a number on.
func (m *monitor) gather(g cluster.Group, mine eval.Features, from int, err error) (eval.Features, error) {
	for i := range mine.Index {
		mine.Index[i] += from
	}
	b := new(bytes.Buffer)
	if err == nil {
		err = gob.NewEncoder(b).Encode(mine)
	}
	if err := cluster.Agree(g, err); err != nil {
		return mine, err
	}
	parts, err := cluster.Gather(g, b.Bytes())
	if err != nil {
		return mine, err
	}
	all := mine
	if g.Rank() == 0 { // which judges them
		all, err = joined(parts)
	}
	return all, cluster.Agree(g, err)
}

// joined returns the features that ranks have encoded, one below the other.
func joined(parts [][]byte) (all eval.Features, err error) {
	for _, p := range parts {
		var f eval.Features
		if err := gob.NewDecoder(bytes.NewReader(p)).Decode(&f); err != nil {
			return all, fmt.Errorf("features of another rank: %w", err)
		}
		if len(f.Index) == 0 {
			continue
		}
		if len(all.Index) > 0 {
			f.Index, f.Pooled, f.Grid = append(all.Index, f.Index...), below(all.Pooled, f.Pooled), below(all.Grid, f.Grid)
		}
		all = f
	}
	return all, nil
}

// below returns the rows of a table with another's below them.
func below(a, b *tensor.Tensor) *tensor.Tensor {
	return tensor.From(append(a.Data, b.Data...), a.Dim(0)+b.Dim(0), a.Dim(1))
}

// leastKept is the part of their highest effective rank that features keep which do not lie along fewer and fewer directions. A young net's rank may halve, no more: of 190 runs
// of all methods on scenes and CIFAR-10 with usual settings none kept less than half; with a decay of 0.2 SimCLR keeps a fifth.
const leastKept = 1.0 / 3

// The least that the deviation and the effective rank of features are that have not collapsed, of how many samples they say so, and after how many updates: as they
// are made, nets may say nearly the same of everything.
const (
	leastDeviation = 0.02
	leastRank      = 1.1
	leastHeld      = 8
	leastUpdates   = 10
)

// collapse says where the features of what was seen, or what the learner says of samples, are the same for all of them, and what to turn; once, until they no
// longer are.
func (m *monitor) collapse(update int, seen map[string]float64, width int) {
	var signs []string
	switch std, rank := seen["feature_std"], seen["effective_rank"]; { // what is no number is not alive
	case !(std >= leastDeviation):
		signs = append(signs, fmt.Sprintf("features have a deviation of %.3f (1 is spread out, 0 constant) and an effective rank of %.1f of %d", std, rank, width))
	case !(rank >= leastRank):
		signs = append(signs, fmt.Sprintf("features lie along one line (effective rank %.1f of %d, deviation %.2f)", rank, width, std))
	}
	for _, of := range m.r.Learner.Metrics() {
		v, told := seen["held_"+of.Name]
		if !told || of.Alive(v) {
			continue
		}
		sign, bound := "above", of.Over
		if of.Over == 0 || v > of.Over {
			sign, bound = "below", of.Under
		}
		signs = append(signs, fmt.Sprintf("held-out %s is %s (alive %s %s)", strings.ReplaceAll(of.Name, "_", " "), of.Format(v), sign, of.Format(bound)))
	}
	about := pretext.Tell(m.r.Config.Task)
	turn := about.Collapse
	if turn == "" {
		turn = "a lower --lr, a warm-up, --clip-norm"
	}
	if sign := m.narrowed(update, seen["effective_rank"], width, about); sign != "" && len(signs) == 0 {
		signs, turn = append(signs, sign), turn+"; a lower --weight-decay, weaker views"
	}
	was := m.collapsed
	m.collapsed = len(signs) > 0 && m.held.Len() >= leastHeld && update >= leastUpdates
	if !m.collapsed || was {
		return
	}
	m.r.options.Say(fmt.Sprintf("step %d: collapse: %s; what to turn: %s", update, strings.Join(signs, ", "), turn))
}

// narrowed says where features have lost most of the directions that they had (dimensional collapse: Jing, Vincent, LeCun, Tian, ICLR 2022, arXiv 2110.09348; a falling
// rank goes with worse features: Garrido, Balestriero, Najman, LeCun, "RankMe", ICML 2023, arXiv 2210.02885), at two looks in a row. It is asked of tasks that can collapse
// (About.Collapse) but those whose features are meant to lie along as few directions as there are classes or clusters (About.Narrows: deepcluster, supcon), and several
// tasks at once, one of which may be such. After a resume the highest is sought anew.
func (m *monitor) narrowed(update int, rank float64, width int, about pretext.About) string {
	if about.Collapse == "" || about.Narrows || update < leastUpdates {
		return ""
	}
	if rank > m.most {
		m.most, m.mostAt = rank, update
	}
	was := m.narrow
	if m.narrow = rank < leastKept*m.most; !m.narrow || !was {
		return ""
	}
	return fmt.Sprintf("features lie along fewer and fewer directions (effective rank %.1f of %d, %.1f at step %d)", rank, width, m.most, m.mostAt)
}

// say tells once why something cannot be looked at.
func (m *monitor) say(err error) {
	if !m.quiet {
		m.r.options.Say(fmt.Sprintf("monitor: %v", err))
	}
	m.quiet = true
}

func (m *monitor) picture() image.Image {
	var in data.Inputs
	if m.held != nil {
		in = m.held.Inputs
	}
	p, err := m.r.Learner.Draw(in, m.drawn)
	if err != nil {
		m.say(err)
		return nil
	}
	return p
}

// encoder returns a trunk as the recipe's evaluation sees it.
func (r *Recipe) encoder(label string, t *layers.Trunk) *eval.TrunkEncoder {
	m := &Model{Label: label, Trunk: t, Side: r.Config.Side, Norm: r.Norm, Mode: r.Config.Mode()}
	if hearsOnly(r.Config) {
		m.Hearing = &r.hearing
	}
	return m.Encoder()
}
