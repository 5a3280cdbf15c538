package eval

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/kmeans"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// Clusters says how much clusters of the averaged features have to do with classes that nobody told: the normalised mutual information of k-means with
// the labels, or with another division (as of L3-Net's features: Arandjelović and Zisserman 2017, section 4.4), the adjusted Rand index, and the accuracy where each
// cluster is called by the class that it is matched with (metric.Agreement.Matched). Features have unit length, as for neighbours.
type Clusters struct {
	By       []string // divisions: names of Truth.Groups, or LabelDivision; nil means the labels, of data without any all groups but films
	K        int      // clusters; 0 means as many as the division has classes among the samples
	Among    string   // which samples are clustered: test (default), train, or all
	Restarts int      // of k-means, of which the least inertia counts; 0 means 10
	Raw      bool     // features as long as they are
	Seed     uint64   // of the centres that k-means begins with
}

var clustersKind = Kind{
	Name:    "clusters",
	Aliases: []string{"cluster"},
	About:   "k-means of averaged features: NMI, adjusted Rand index, accuracy by matching with the labels, or other divisions",
	Options: []spec.Option{
		{Name: "by", About: "divisions, with commas between, or label; if not given the label, of data without labels all divisions"},
		{Name: "k", Default: "0", About: "clusters; 0 for as many as there are classes"},
		{Name: "among", Default: "test", About: "which samples are clustered: test, train, or all"},
		{Name: "restarts", Default: "10", About: "of k-means, of which the tightest counts"},
		{Name: "unit", Default: "yes", About: "no: features as long as they are, else of length 1"},
		{Name: "seed", Default: "0", About: "of the centres that k-means begins with"},
	},
	Make: func(v *spec.Values) Protocol {
		p := Clusters{K: v.Int("k", 0, math.MaxInt32), Among: v.One("among", "test", "train", "all"), Restarts: v.Int("restarts", 1, 1000), Raw: !v.Bool("unit"),
			Seed: uint64(v.Int("seed", 0, math.MaxInt))}
		if v.Given("by") {
			p.By = strings.Split(v.Text("by"), ",")
		}
		return p
	},
}

// Name returns clusters.
func (p Clusters) Name() string { return "clusters" }

// filled is the protocol with what was not said, of data with such a truth.
func (p Clusters) filled(t data.Truth) (Clusters, error) {
	if p.Among == "" {
		p.Among = "test"
	}
	if p.Restarts == 0 {
		p.Restarts = 10
	}
	if p.By == nil && t.Labels != nil {
		p.By = []string{LabelDivision}
	}
	if p.By == nil {
		for _, name := range divisions(t) {
			if name != data.FilmGroup {
				p.By = append(p.By, name)
			}
		}
	}
	for _, name := range p.By {
		if division(t, name) == nil {
			return p, notDivided(t, name)
		}
	}
	if p.By == nil {
		return p, fmt.Errorf("the data has neither labels nor other divisions that clusters could be compared with")
	}
	return p, nil
}

// Needs says what the samples lack.
func (p Clusters) Needs(train, test *data.Dataset) error {
	sets := []*data.Dataset{test}
	switch p.Among {
	case "train":
		sets = []*data.Dataset{train}
	case "all":
		sets = append(sets, train)
	}
	for _, d := range sets {
		p, err := p.filled(d.Truth)
		if err != nil {
			return err
		}
		if len(sets) > 1 || d.Len() == 0 {
			continue
		}
		all := Sample{Features: Features{Index: seqInts(d.Len())}, Truth: d.Truth}
		for _, name := range p.By {
			if _, err := p.count(all.numbered(division(d.Truth, name), map[string]int{})); err != nil {
				return fmt.Errorf("by %s: %w", name, err)
			}
		}
	}
	return nil
}

// Judge returns the score of the first division.
func (p Clusters) Judge(ctx context.Context, train, test Sample) (Score, error) {
	all, err := p.Scores(ctx, train, test)
	if err != nil {
		return Score{}, err
	}
	return all[0], nil
}

// Scores returns for each division the score of each measure: NMI, adjusted Rand, accuracy.
func (p Clusters) Scores(ctx context.Context, train, test Sample) ([]Score, error) {
	began := time.Now()
	among := test
	switch p.Among {
	case "train":
		among = train
	case "all":
		var err error
		if among, err = together(train, test); err != nil {
			return nil, err
		}
	}
	p, err := p.filled(among.Truth)
	if err != nil {
		return nil, err
	}
	x := among.Pooled
	if x == nil || x.Dim(0) == 0 {
		return nil, fmt.Errorf("there are no features to judge")
	}
	if !p.Raw {
		x = unit(x)
	}
	known := map[int][]*kmeans.Clusters{} // by how many
	var out []Score
	for _, name := range p.By {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		of := among.numbered(division(among.Truth, name), map[string]int{})
		k, err := p.count(of)
		if err != nil {
			return nil, fmt.Errorf("by %s: %w", name, err)
		}
		if known[k] == nil {
			best, all := kmeans.Fit(x, k, kmeans.Options{Restarts: p.Restarts}, tensor.NewRNG(p.Seed).Derive(stream.KMeans))
			known[k] = append([]*kmeans.Clusters{best}, all...)
		}
		for _, m := range clusterMeasures {
			s := p.score(among, name, of, known[k], m)
			s.Settings = map[string]any{"by": name, "k": p.K, "among": p.Among, "restarts": p.Restarts, "unit_length": !p.Raw, "seed": p.Seed, "measure": m.name}
			s.Train, s.Dim, s.Seconds = len(among.Index), x.Dim(1), time.Since(began).Seconds()
			out = append(out, s)
		}
	}
	return out, nil
}

// count is how many clusters the samples are divided into, of classes of -1 where one is not known.
func (p Clusters) count(of []int) (int, error) {
	classes := slices.Clone(of)
	slices.Sort(classes)
	classes = slices.DeleteFunc(slices.Compact(classes), func(c int) bool { return c < 0 })
	if len(classes) == 0 {
		return 0, fmt.Errorf("no sample has a class")
	}
	k := p.K
	if k == 0 {
		k = len(classes)
	}
	switch {
	case k > len(of):
		return 0, fmt.Errorf("option k=%d: there are %d samples, want fewer clusters than these", k, len(of))
	case k == len(of) && p.K == 0:
		return 0, fmt.Errorf("each of the %d samples is of a class of its own; as many clusters agree with them whatever the features are", k)
	case k == len(of):
		return 0, fmt.Errorf("option k=%d: there are as many samples, each of which would be a cluster of its own whatever the features are; want fewer", k)
	}
	return k, nil
}

// clusterMeasure is how far clusters agree with classes, 1 where they are the same.
type clusterMeasure struct {
	name, unit, predictor string
	of, trivial           func(a *metric.Agreement) float64
	least                 float64 // that it can be
}

var clusterMeasures = []clusterMeasure{
	{"NMI", "", "random clusters", (*metric.Agreement).NMI, (*metric.Agreement).ChanceNMI, 0},
	{"adjusted Rand", "", "random clusters", (*metric.Agreement).AdjustedRand, func(*metric.Agreement) float64 { return 0 }, -1},
	{"matched accuracy", metric.Percent, "one cluster", (*metric.Agreement).Matched, (*metric.Agreement).Largest, 0},
}

// score compares clusters, the best and all of them, with classes; samples whose class is not known are clustered, but not compared.
func (p Clusters) score(among Sample, name string, class []int, all []*kmeans.Clusters, by clusterMeasure) Score {
	depend, groups, what := among.clusters()
	var rows []int
	for row, c := range class {
		if c >= 0 {
			rows = append(rows, row)
		}
	}
	agree := func(of []int, without func(row int) bool) *metric.Agreement {
		var a, b []int
		for _, row := range rows {
			if !without(row) {
				a, b = append(a, of[row]), append(b, class[row])
			}
		}
		if len(a) == 0 {
			return nil
		}
		return metric.Agree(a, b)
	}
	nobody := func(int) bool { return false }
	best := agree(all[0].Of, nobody)
	m := metric.Metric{Name: by.name, Unit: by.unit, Higher: true, Predictor: by.predictor, Trivial: by.trivial(best)}
	if name != LabelDivision {
		m.Name += " with " + name
	}
	s := Score{Protocol: p.Name(), Metric: m, Value: by.of(best), Trivial: m.Trivial, Test: len(rows)}
	var values []float64
	for _, c := range all[1:] {
		values = append(values, by.of(agree(c.Of, nobody)))
	}
	s.Found = map[string]any{"clusters": all[0].Centres.Dim(0), "inertia": all[0].Inertia, "rounds": all[0].Rounds, "restarts_from": slices.Min(values),
		"restarts_to": slices.Max(values)}
	if blocks := min(groups, mostBlocks); blocks > 1 {
		var without []float64
		for b := range blocks {
			if a := agree(all[0].Of, func(row int) bool { return depend[row]%blocks == b }); a != nil {
				without = append(without, by.of(a))
			}
		}
		e := jackknife(without)
		s.Interval = &[2]float64{max(by.least, s.Value-normal95*e), min(1, s.Value+normal95*e)}
		s.Found["interval_over"] = fmt.Sprintf("%d %s", groups, what)
	}
	return s
}

// mostBlocks is how many blocks of samples are left out in turn at most, and normal95 how many standard errors lie on each side of a 95 % interval.
const mostBlocks, normal95 = 200, 1.959963984540054

// jackknife returns the standard error of a number, given it without each of so many blocks of samples (Tukey 1958; Efron and Tibshirani 1993, equation 11.5).
// Samples drawn anew, as interval does, would come twice, and what comes twice agrees with itself.
func jackknife(without []float64) float64 {
	mean, sum, n := 0.0, 0.0, float64(len(without))
	for _, v := range without {
		mean += v / n
	}
	for _, v := range without {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt((n - 1) / n * sum)
}
