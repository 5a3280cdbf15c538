package recipe

import (
	"context"
	"fmt"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Comparison judges a run beside random weights, raw pixels and a supervised network of the same shape and steps.
type Comparison struct {
	Data, Test string          // what to judge on, as eval.Open takes them; empty means the run's
	Protocols  []eval.Protocol // nil means neighbours and probe
	Gallery    int             // queries in the gallery of neighbours; 0 means 8
	Eval       eval.Options
	Progress   func(p train.Progress) // of the supervised run
	Say        func(msg string)
}

// filled is the comparison with what was not said.
func (c Comparison) filled(m *Model) (Comparison, error) {
	if c.Data == "" {
		if m.Info == nil {
			return c, &SettingError{"data", "is needed"}
		}
		c.Data = m.Info.Config.Data
		if c.Test == "" {
			c.Test = m.Info.Config.Test
		}
	}
	if c.Protocols == nil {
		c.Protocols = []eval.Protocol{eval.KNN{}, eval.Probe{}}
	}
	if c.Gallery == 0 {
		c.Gallery = 8
	}
	if c.Gallery < 0 {
		return c, &SettingError{"gallery", fmt.Sprintf("%d: want at least 1, or 0 for 8", c.Gallery)}
	}
	if err := data.CheckMaxBad(c.Eval.MaxBad); err != nil {
		return c, &SettingError{"max-bad", err.Error()}
	}
	return c, nil
}

// open returns training and test samples, and says what is to be said of them.
func (c Comparison) open() (train, test *data.Dataset, err error) {
	train, test, err = eval.Open(c.Data, c.Test)
	if err == nil && c.Say != nil {
		tell(c.Say, train, test)
	}
	if err == nil && len(train.Truth.Classes()) == 0 {
		err = fmt.Errorf("%s has no labels; judging features needs them (a folder's labels are its first level of folders)", train.Name)
	}
	return train, test, err
}

// tell says the notes of data sets, each once.
func tell(say func(msg string), of ...*data.Dataset) {
	said := map[string]bool{}
	for _, d := range of {
		d.Listen(say)
		for _, note := range d.Notes {
			if !said[note] {
				said[note] = true
				say(note)
			}
		}
	}
}

// Compare judges the run in dir, and writes scores and pictures into its folder eval.
func Compare(ctx context.Context, dir string, c Comparison) ([]eval.Score, error) {
	m, err := LoadRun(dir)
	if err != nil {
		return nil, err
	}
	return m.Compare(ctx, c)
}

// Judge judges the features of a model alone; the scores of a run are also written into its folder eval.
func (m *Model) Judge(ctx context.Context, c Comparison) ([]eval.Score, error) {
	c, err := c.filled(m)
	if err != nil {
		return nil, err
	}
	a, b, err := c.open()
	if err != nil {
		return nil, err
	}
	scores, err := eval.Judge(ctx, []eval.Encoder{m.Encoder()}, a, b, c.Protocols, c.Eval)
	if err == nil && m.Dir != "" {
		err = eval.SaveScores(m.Dir, scores)
	}
	return scores, err
}

// Compare judges the model of a run beside others, and writes scores and pictures into the run's folder eval.
func (m *Model) Compare(ctx context.Context, c Comparison) ([]eval.Score, error) {
	if m.Info == nil {
		return nil, fmt.Errorf("%s is no run, whose data, seed and steps the others would take", m.Label)
	}
	c, err := c.filled(m)
	if err != nil {
		return nil, err
	}
	a, b, err := c.open()
	if err != nil {
		return nil, err
	}
	a, b = eval.Cache(a, m.Side, cacheBytes/2), eval.Cache(b, m.Side, cacheBytes/2)
	random, err := newTrunk(m.Info.Config.Trunk, m.Info.Config.Seed)
	if err != nil {
		return nil, err
	}
	o := c.Eval
	both := eval.CountInBoth(a, b, o)
	o.InBoth = &both
	o.Encoded = func(e eval.Encoder, train, test []eval.Sample) error {
		if e.Name() != m.Label {
			return nil
		}
		return m.pictures(train[len(train)-1], test[len(test)-1], a, b, c.Gallery)
	}
	others := *m
	others.Trunk, others.Label = random, "random"
	encoders := []eval.Encoder{m.Encoder(), others.Encoder(), eval.Pixels{Input: m.Encoder().Input}}
	scores, err := eval.Judge(ctx, encoders, a, b, c.Protocols, o)
	if err := eval.SaveScores(m.Dir, scores); err != nil { // what follows takes long: nothing is lost if it fails
		return scores, err
	}
	if err != nil {
		return scores, err
	}
	if m.Info.Config.Task != Supervised { // such a run is the row itself
		sup, err := c.supervised(ctx, m, a)
		if err != nil {
			return scores, err
		}
		more, err := eval.Judge(ctx, []eval.Encoder{sup}, a, b, c.Protocols, o)
		if err != nil {
			return scores, err
		}
		scores = append(scores, more...)
	}
	return scores, eval.SaveScores(m.Dir, scores)
}

// supervised trains a network of the run's shape on the labels of the training samples, for as many steps.
func (c Comparison) supervised(ctx context.Context, m *Model, d *data.Dataset) (eval.Encoder, error) {
	cfg := Default()
	from := m.Info.Config
	cfg.Task, cfg.Trunk, cfg.Side, cfg.BatchSize, cfg.Accumulate, cfg.Seed, cfg.Conv, cfg.Precision = Supervised, from.Trunk, from.Side, from.BatchSize, from.Accumulate, from.Seed, from.Conv, from.Precision
	cfg.WarmupSteps, cfg.MonitorEvery, cfg.MaxSteps, cfg.Norm, cfg.MaxBad = from.WarmupSteps, -1, m.Info.Done, m.Norm.String(), c.Eval.MaxBad
	cfg.BatchSize = min(cfg.BatchSize, d.Len()/max(1, cfg.Accumulate))
	perEpoch := max(1, d.Len()/cfg.BatchSize/max(1, cfg.Accumulate))
	cfg.Epochs = max(1, (m.Info.Done+perEpoch-1)/perEpoch)
	say := c.Say
	if say == nil {
		say = func(string) {}
	}
	r, err := newOf(cfg, Options{Say: say, Progress: c.Progress}, d, nil)
	if err != nil {
		return nil, err
	}
	if _, err := r.Train(ctx, "", false); err != nil {
		return nil, err
	}
	return r.encoder("supervised", r.Trunk), nil
}

// pictures writes the gallery of neighbours and the first layer's filters.
func (m *Model) pictures(train, test eval.Sample, a, b *data.Dataset, n int) error {
	rows := test.Pooled.Dim(0)
	queries := tensor.NewRNG(m.Info.Config.Seed).Derive(stream.Gallery).Perm(rows)[:min(n, rows)]
	if a.Images != nil {
		g := eval.Gallery(train, test, eval.LookAt(a, m.Side), eval.LookAt(b, m.Side), queries, 8)
		if err := savePicture(m.Dir, "neighbours", "Nearest neighbours", "Left the query, a test picture; then the training pictures nearest to it in the last stage's features. "+
			"Green frame: the same class, red: another. The network never saw a class.", g); err != nil {
			return err
		}
	}
	first := layers.State(m.Trunk)[0]
	if len(first.Value.Shape) != 4 {
		return nil
	}
	return savePicture(m.Dir, "filters", "First-layer filters", "Each stretched to its full range.", eval.Filters(first.Value))
}
