package eval

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// Retrieve says how well samples find others of their class: the training samples, or the other test samples, are ranked by the cosine of the averaged features
// with each query, a test sample. Measured are the mean average precision (Philbin et al. 2007), recall at 1, 5 and 10, which is how often one of so many is of
// the query's class (Jégou et al. 2011), and the R-precision. What is of the query's own film or recording is no find.
//
// Retrieval, beside it, ranks what is of another kind: pictures for sounds and sounds for pictures.
type Retrieve struct {
	By      string // a division: LabelDivision (also empty), or a name of Truth.Groups
	Among   string // where finds are looked for: train (also empty), or test
	Queries int    // test samples that ask, at most, drawn; 0 means 2000
	// Patches is how many squares of each picture ask and are found in place of whole ones, half a picture's shorter side each, at places that are drawn; those of the
	// query's own picture are no finds. 0 means whole pictures. The trunk is asked anew, so that only trunks can be judged by patches.
	Patches int
	Seed    uint64 // of the queries, and of the patches' places
}

var retrieveKind = Kind{
	Name:  "retrieve",
	About: "do test samples find training samples of their class? mAP, recall at 1, 5, 10, R-precision; patches=N: squares of pictures",
	Options: []spec.Option{
		{Name: "by", Default: LabelDivision, About: "what is a find: what is of the query's class in this division"},
		{Name: "among", Default: "train", About: "where finds are looked for: train, or test, the query itself left out"},
		{Name: "queries", Default: "2000", About: "test samples that ask, at most, drawn"},
		{Name: "patches", Default: "0", About: "squares of each picture, half as large, that ask and are found in place of whole ones; 0 to 100"},
		{Name: "seed", Default: "0", About: "of the queries drawn and the patches' places"},
	},
	Make: func(v *spec.Values) Protocol {
		return Retrieve{By: v.Text("by"), Among: v.One("among", "train", "test"), Queries: v.Int("queries", 1, math.MaxInt32), Patches: v.Int("patches", 0, 100),
			Seed: uint64(v.Int("seed", 0, math.MaxInt))}
	},
}

// Name returns retrieve.
func (p Retrieve) Name() string { return "retrieve" }

// Tunes says whether it needs the trunk, which it lets not learn.
func (p Retrieve) Tunes() bool { return p.Patches > 0 }

func (p Retrieve) filled() Retrieve {
	if p.By == "" {
		p.By = LabelDivision
	}
	if p.Among == "" {
		p.Among = "train"
	}
	if p.Queries == 0 {
		p.Queries = 2000
	}
	return p
}

// Needs says what the samples lack.
func (p Retrieve) Needs(train, test *data.Dataset) error {
	p = p.filled()
	for _, d := range []*data.Dataset{train, test} {
		if division(d.Truth, p.By) == nil {
			if p.By == LabelDivision {
				return noLabels(d)
			}
			return notDivided(d.Truth, p.By)
		}
		if p.Patches > 0 && d.Images == nil {
			return fmt.Errorf("there are no pictures to cut patches from, but %s", d.Kinds())
		}
	}
	return nil
}

// Judge returns the mean average precision.
func (p Retrieve) Judge(ctx context.Context, train, test Sample) (Score, error) {
	all, err := p.Scores(ctx, train, test)
	if err != nil {
		return Score{}, err
	}
	return all[0], nil
}

// retrieveMeasures are what is measured of a ranking, and what a random order has.
var retrieveMeasures = [...]struct {
	name       string
	of, chance func(r *metric.Retrieved) float64
}{
	{"mAP", (*metric.Retrieved).AveragePrecision, func(r *metric.Retrieved) float64 { ap, _ := r.Chance(1); return ap }},
	{"recall at 1", func(r *metric.Retrieved) float64 { return r.Hit(1) }, func(r *metric.Retrieved) float64 { _, h := r.Chance(1); return h }},
	{"recall at 5", func(r *metric.Retrieved) float64 { return r.Hit(5) }, func(r *metric.Retrieved) float64 { _, h := r.Chance(5); return h }},
	{"recall at 10", func(r *metric.Retrieved) float64 { return r.Hit(10) }, func(r *metric.Retrieved) float64 { _, h := r.Chance(10); return h }},
	{"R-precision", (*metric.Retrieved).RPrecision, (*metric.Retrieved).Share},
}

// retrieveMeasured is what is kept of a query's ranking: by measure what it has, and what a random order has. Nothing is known of a query with nothing to find.
type retrieveMeasured struct {
	known      bool
	of, chance [len(retrieveMeasures)]float64
}

func measuredOf(r *metric.Retrieved) (m retrieveMeasured) {
	if m.known = r.Relevant() > 0; m.known {
		for k, by := range retrieveMeasures {
			m.of[k], m.chance[k] = by.of(r), by.chance(r)
		}
	}
	return m
}

// Scores returns the score of each measure.
func (p Retrieve) Scores(ctx context.Context, train, test Sample) ([]Score, error) {
	began := time.Now()
	p = p.filled()
	gallery := train
	if p.Among == "test" {
		gallery = test
	}
	if err := sameSpace(test.Pooled, gallery.Pooled); err != nil {
		return nil, err
	}
	number := map[string]int{}
	class, found := test.numbered(division(test.Truth, p.By), number), gallery.numbered(division(gallery.Truth, p.By), number)
	own, theirs, apart := p.apart(test, gallery)
	var rows []int // of the queries
	for _, row := range tensor.NewRNG(p.Seed).Derive(stream.Gallery).Perm(len(test.Index)) {
		if class[row] >= 0 && len(rows) < p.Queries {
			rows = append(rows, row)
		}
	}
	slices.Sort(rows)
	measured := make([]retrieveMeasured, len(rows)) // a ranking is as long as the gallery, and is not kept
	a, b := unit(gathered(test.Pooled, rows)), unit(gallery.Pooled)
	const block = 256
	near := tensor.New(min(block, len(rows)), b.Dim(0))
	for lo := 0; lo < len(rows); lo += block {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		hi := min(len(rows), lo+block)
		some := near.Rows(0, hi-lo)
		tensor.MatMulNT(some, a.Rows(lo, hi), b, false, tensor.Float32)
		parallel.For(hi-lo, func(i int) {
			q := rows[lo+i]
			relevant, score := make([]bool, 0, len(found)), make([]float32, 0, len(found))
			for j, v := range some.Data[i*len(found) : (i+1)*len(found)] {
				if p.Among == "test" && j == q || own != nil && own[q] >= 0 && own[q] == theirs[j] {
					continue
				}
				relevant, score = append(relevant, found[j] == class[q]), append(score, v)
			}
			measured[lo+i] = measuredOf(metric.Retrieve(relevant, score))
		})
	}
	out, err := p.scores(test, rows, measured)
	for i := range out {
		s := &out[i]
		s.Settings = map[string]any{"by": p.By, "among": p.Among, "queries": p.Queries, "patches": p.Patches, "seed": p.Seed, "apart": apart, "similarity": "cosine", "measure": s.Metric.Name}
		s.Train, s.Dim, s.Seconds = len(gallery.Index), gallery.Pooled.Dim(1), time.Since(began).Seconds()
	}
	return out, err
}

// apart returns what finds may not share with a query: the recording, the film, or the picture that a patch is of; nil and no where nothing of it is known.
func (p Retrieve) apart(test, gallery Sample) (own, theirs []int, name string) {
	for _, name := range dependent {
		if a, b := test.Truth.Groups[name], gallery.Truth.Groups[name]; a != nil && b != nil {
			number := map[string]int{}
			return test.numbered(a, number), gallery.numbered(b, number), name
		}
	}
	return nil, nil, "no"
}

// scores are the means over the queries, rows of test.
func (p Retrieve) scores(test Sample, rows []int, all []retrieveMeasured) ([]Score, error) {
	judged, n := make([]float64, len(test.Index)), 0
	for i, m := range all {
		if m.known {
			judged[rows[i]] = 1
			n++
		}
	}
	if n == 0 {
		return nil, fmt.Errorf("none of the %d queries has anything to find: no other sample is of its class", len(rows))
	}
	var out []Score
	for k, by := range retrieveMeasures {
		s := Score{Protocol: p.Name(), Test: n, Found: map[string]any{}}
		values := make([]float64, len(test.Index))
		for i, m := range all {
			if m.known {
				values[rows[i]] = m.of[k]
				s.Value += m.of[k] / float64(n)
				s.Trivial += m.chance[k] / float64(n)
			}
		}
		s.Metric = metric.Metric{Name: by.name, Unit: metric.Percent, Higher: true, Predictor: "random order", Trivial: s.Trivial}
		if without := len(rows) - n; without > 0 {
			s.Found["queries_without_finds"] = without
		}
		of, count, what := test.clusters()
		if in, over := proportion(of, count, what, values, judged); in != nil {
			s.Interval, s.Found["interval_over"] = in, over
		}
		out = append(out, s)
	}
	return out, nil
}

// pictureGroup is the division of patches by the pictures that they are of.
const pictureGroup = "picture"

// Tune judges patches of the pictures by what the trunk, which does not learn, makes of them.
func (p Retrieve) Tune(ctx context.Context, e *TrunkEncoder, train, test *data.Dataset, o Options) ([]Score, error) {
	v, ok := e.Input.(Views)
	if !ok {
		return nil, fmt.Errorf("option patches=%d: %s does not look at pictures", p.Patches, e.Name())
	}
	of := func(d *data.Dataset, name string) ([]Sample, error) {
		some := p.patches(d, v.Side)
		out, err := encode(ctx, e, some, "patches of "+e.Name()+name, o)
		if err != nil {
			return nil, err
		}
		return out, nil
	}
	b, err := of(test, ", test")
	if err != nil {
		return nil, err
	}
	a := b
	if p.filled().Among == "train" {
		if a, err = of(train, ""); err != nil {
			return nil, err
		}
		for i := range a { // a picture of one set is none of the other's, whatever its number
			a[i].Truth.Groups = maps.Clone(a[i].Truth.Groups)
			delete(a[i].Truth.Groups, pictureGroup)
		}
	}
	measures := make([][]Score, len(retrieveMeasures))
	for i := range a {
		some, err := p.Scores(ctx, a[i], b[i])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a[i].Name, err)
		}
		for k, s := range some {
			s.Stage, s.Depth = a[i].Name, a[i].Depth
			measures[k] = append(measures[k], s)
		}
	}
	return slices.Concat(measures...), nil
}

// patches returns squares of pictures, half of what the trunk sees of one, each with the class of its picture.
func (p Retrieve) patches(d *data.Dataset, side int) *data.Dataset {
	cut := data.NewPatches(d.Images, data.ShortSide(side), max(1, side/2), p.Patches*d.Len(), p.Seed)
	out := &data.Dataset{Name: d.Name, Inputs: data.Inputs{Images: cut}}
	of := func(l data.Labels) data.Labels {
		n := &RowLabels{Names: l.Classes(), Number: make([]int, cut.Len())}
		for i := range n.Number {
			n.Number[i] = l.Label(cut.Picture(i))
		}
		return n
	}
	pictures := &RowLabels{}
	for i := range cut.Len() {
		pictures.Number = append(pictures.Number, cut.Picture(i))
	}
	for i := range d.Len() {
		pictures.Names = append(pictures.Names, fmt.Sprint(i))
	}
	out.Truth.Groups = map[string]data.Labels{pictureGroup: pictures}
	if d.Truth.Labels != nil {
		out.Truth.Labels = of(d.Truth.Labels)
	}
	for _, name := range []string{p.filled().By, data.RecordingGroup, data.FilmGroup} {
		if g := d.Truth.Groups[name]; g != nil {
			out.Truth.Groups[name] = of(g)
		}
	}
	return out
}
