package recipe

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Comparison judges a run beside random weights, raw pixels and a supervised network of the same shape and steps.
type Comparison struct {
	Data, Test string          // what to judge on, as eval.Open takes them; empty means the run's
	Protocols  []eval.Protocol // nil means neighbours and probe, or what the suite has
	Suite      *Suite          // all protocols that fit the data, where Protocols is nil
	// Beside are whose features are judged beside the model's: random (weights that its run began with), pixels, supervised (a network of the run's shape and
	// steps that learns the labels first), the directory of a run, or a file of weights. nil means none of Judge, the first three of Compare.
	Beside []string
	// Out is the directory in which a protocol that fine-tunes for good, finetune, leaves the model's network as a run; empty keeps none.
	Out     string
	Command string // for that run's run.json: how it can be made again

	Gallery  int // queries in the gallery of neighbours; 0 means 8
	Eval     eval.Options
	Progress func(p train.Progress) // of the supervised run
	Say      func(msg string)
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
	if c.Protocols == nil && c.Suite == nil {
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
	return c, c.checkOut()
}

// open returns training and test samples, and says what is to be said of them.
func (c Comparison) open() (train, test *data.Dataset, err error) {
	train, test, err = eval.Open(c.Data, c.Test)
	if err == nil && c.Say != nil {
		tell(c.Say, train, test)
	}
	if err != nil || c.Suite != nil && c.Protocols == nil {
		return train, test, err
	}
	protocols := c.Protocols
	if protocols == nil {
		protocols = []eval.Protocol{eval.KNN{}}
	}
	return train, test, eval.Check(protocols, train, test)
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

// Judge judges the features of a model, and of what is to stand beside it; the scores of a run are also written into its folder eval.
func (m *Model) Judge(ctx context.Context, c Comparison) ([]eval.Score, error) {
	before, others, err := m.judgeOther(ctx, c)
	if err != nil || len(others) == 0 && len(c.Protocols) > 0 {
		return before, err
	}
	c.Protocols = others
	if c, err = c.filled(m); err != nil {
		return before, err
	}
	scores, err := c.judge(ctx, m, false)
	return append(before, scores...), err
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
	if c.Beside == nil {
		c.Beside = []string{randomRow, pixelsRow, Supervised}
		if m.Info.Config.Task == Supervised && m.Info.Tuned == nil { // such a run is the row itself
			c.Beside = c.Beside[:2]
		}
	}
	return c.judge(ctx, m, true)
}

// judge judges a model and what stands beside it, what has to be trained first last. Scores are kept as soon as they are there: what follows takes long.
func (c Comparison) judge(ctx context.Context, m *Model, pictures bool) ([]eval.Score, error) {
	a, b, err := c.open()
	if err == nil && c.Protocols == nil {
		c.Protocols, err = c.Suite.protocols(a, b, c.Say)
		c.Eval.MostUpdates = c.Suite.Updates
	}
	if err != nil {
		return nil, err
	}
	if m, err = m.forSamples(a.Inputs); err != nil {
		return nil, err
	}
	encoders, learn, err := c.beside(m, a.Inputs, c.folds(a, b))
	if err != nil {
		return nil, err
	}
	o := c.Eval
	if len(encoders) > 1 && oneSide(encoders) {
		a, b = eval.Cache(a, m.Side, cacheBytes/2), eval.Cache(b, m.Side, cacheBytes/2)
	}
	both := eval.CountInBoth(a, b, o)
	o.InBoth, o.Own = &both, eval.Differing(encoders, a.Inputs)
	sheet := alikeBeside{m: m, test: b, queries: c.Gallery}
	o.Encoded = func(e eval.Encoder, train, test []eval.Sample) error {
		sheet.add(e, test[len(test)-1])
		if !pictures || e.Name() != m.Label {
			return nil
		}
		return m.pictures(ctx, train[len(train)-1], test[len(test)-1], a, b, c.Gallery)
	}
	if m.Dir != "" {
		o.Drawn = func(e eval.Encoder, d eval.Drawing) error {
			return savePicture(m.Dir, d.Name+"-"+e.Name(), d.Title+", "+e.Name(), d.About, d.Image)
		}
	}
	if o.Learned, err = c.keepLearned(m, a); err != nil {
		return nil, err
	}
	scores, err := eval.Judge(ctx, encoders, a, b, c.Protocols, o)
	if err = errors.Join(err, m.keep(scores)); err != nil {
		return scores, err
	}
	if !learn {
		return scores, sheet.save()
	}
	sup, err := c.supervised(ctx, m, a)
	if err != nil {
		return scores, err
	}
	more, err := eval.Judge(ctx, []eval.Encoder{sup}, a, b, c.Protocols, o)
	if err != nil {
		return scores, err
	}
	scores = append(scores, more...)
	return scores, errors.Join(m.keep(scores), sheet.save())
}

// folds returns the division of samples whose parts are judged in turn; empty where a protocol judges test samples alone.
func (c Comparison) folds(train, test *data.Dataset) string {
	for _, p := range c.Protocols {
		if f, ok := p.(interface {
			Divided(train, test *data.Dataset) string
		}); ok && f.Divided(train, test) != "" {
			return f.Divided(train, test)
		}
	}
	return ""
}

// unseen refuses to judge a run by samples whose labels it learned: by folds, or by a part that is cut off data without a test split of its own, all of which the run learned. Of
// other data that is for a person to know. A network that was fine-tuned learned from the same four fifths that it is judged with.
func (c Comparison) unseen(m *Model, folds string) error {
	if m.Info == nil || m.Info.Config.Task != Supervised || folds == "" && (m.Info.Tuned != nil || !c.cut()) {
		return nil
	}
	learned, err := spec.Parse(m.Info.Config.Data)
	judged, e := spec.Parse(c.Data)
	if err == nil && e == nil && (learned.Kind != judged.Kind || learned.Path != judged.Path) {
		if c.Say != nil {
			c.Say(fmt.Sprintf("%s learned the labels of %s: what is judged must not be among these", m.name(), m.Info.Config.Data))
		}
		return nil
	}
	if folds == "" {
		return fmt.Errorf("%s learned the labels of all of %s, a fifth of which would judge it: give --test samples that it did not learn from, or let it learn from a part (cut=0.8/0.2)", m.name(), c.Data)
	}
	return labelsLearned(m.name(), folds)
}

// cut tells whether the test samples are cut off the training samples.
func (c Comparison) cut() bool {
	if c.Test != "" {
		return false
	}
	_, own, err := data.TestSplit(c.Data)
	return err == nil && !own
}

func labelsLearned(who, folds string) error {
	return fmt.Errorf("%s learned the labels of its training samples, which folds (by %s) judge too; eval svm judges on its test split", who, folds)
}

// forSamples returns the model, or where there is nothing to see but something to hear, what the run hears with.
func (m *Model) forSamples(in data.Inputs) (*Model, error) {
	if in.Images == nil && in.Clips == nil && in.Sounds != nil {
		return m.Ear()
	}
	return m, nil
}

// oneSide tells whether all encoders see pictures of one size.
func oneSide(encoders []eval.Encoder) bool {
	side := 0
	for _, e := range encoders {
		if t, ok := e.(*eval.TrunkEncoder); ok {
			v, ok := t.Input.(eval.Views)
			if !ok || side != 0 && v.Side != side {
				return false
			}
			side = v.Side
		}
	}
	return true
}

// alikeBeside gathers what each of several features takes to be alike.
type alikeBeside struct {
	m       *Model
	test    *data.Dataset
	queries int   // how many
	chosen  []int // samples
	found   []eval.Nearest
}

// besideNear is how many are drawn of each features.
const besideNear = 4

// add looks at the deepest features of the test samples. The queries are the first's.
func (a *alikeBeside) add(e eval.Encoder, test eval.Sample) {
	if a.chosen == nil {
		films, seen := a.test.Truth.Groups[data.FilmGroup], map[int]bool{}
		for _, row := range tensor.NewRNG(a.m.seed()).Derive(stream.Gallery).Perm(len(test.Index)) {
			i := test.Index[row]
			film := -1 - i
			if films != nil {
				film = films.Label(i)
			}
			if !seen[film] && len(a.chosen) < a.queries {
				seen[film] = true
				a.chosen = append(a.chosen, i)
			}
		}
	}
	a.found = append(a.found, eval.NearestAmong(e.Name(), test, a.chosen, besideNear))
}

// save draws what was gathered into the folder of the run, where there is one and something stands beside it.
func (a *alikeBeside) save() error {
	if a.m.Dir == "" || len(a.found) < 2 {
		return nil
	}
	look, err := a.m.looks(a.test.Inputs)
	if err != nil {
		return err
	}
	what := "picture"
	if a.m.Hearing != nil {
		what = "recording"
		g, err := a.m.listen(a.test.Inputs, a.test.Truth.Labels, a.chosen, a.found[0])
		if err == nil {
			g.title = "Test recordings that are heard alike"
			err = g.save(a.m.Dir, heardTest)
		}
		if err != nil {
			return err
		}
	}
	about := fmt.Sprintf("Left a query, a test %s; then the other test %ss nearest to it by the deepest features of each network", what, what)
	if a.test.Truth.Groups[data.FilmGroup] != nil {
		about += ", no frames of its own film among them"
	}
	if a.m.Hearing != nil {
		about += ". " + heardAbout
	} else if a.test.Images == nil {
		about += ". Of a film the middle frame is shown"
	}
	if len(a.test.Truth.Classes()) > 0 {
		about += ". Green below: the same class, red: another"
	}
	return savePicture(a.m.Dir, "beside", "Nearest, side by side", about+".", eval.NearestSheet(a.found, look, a.test.Truth.Labels, a.chosen, besideNear))
}

// seed is of the run's, or 1.
func (m *Model) seed() uint64 {
	if m.Info == nil {
		return 1
	}
	return m.Info.Config.Seed
}

// keep adds scores to those of the run, where the model is one's.
func (m *Model) keep(scores []eval.Score) error {
	if m.Dir == "" {
		return nil
	}
	return eval.SaveScores(m.Dir, scores)
}

// beside returns the model's encoder and those that stand beside it for some samples, and whether one that learns the labels is to come.
func (c Comparison) beside(m *Model, in data.Inputs, folds string) (out []eval.Encoder, learn bool, err error) {
	if err := c.unseen(m, folds); err != nil {
		return nil, false, err
	}
	out = []eval.Encoder{m.Encoder()}
	taken := map[string]bool{m.Label: true}
	for _, name := range c.Beside {
		other, label := *m, name
		switch {
		case name == Supervised:
			if learn = true; m.Info == nil {
				return nil, false, &SettingError{"beside", fmt.Sprintf("%s: %s is no run, whose steps such a network would make", name, m.Label)}
			}
			if folds != "" {
				return nil, false, &SettingError{"beside", name + ": " + labelsLearned("it", folds).Error()}
			}
		case name == pixelsRow:
			out = append(out, eval.Pixels{Input: m.Encoder().Input})
		case name == randomRow:
			if other.Trunk, err = m.again(m.seed()); err != nil {
				return nil, false, err
			}
			other.Label, other.Checkpoint, other.File, other.Head = randomRow, "", "", nil
			out = append(out, other.Encoder())
		default:
			more, err := Load(name, "")
			if errors.Is(err, ErrNothing) {
				err = &SettingError{"beside", fmt.Sprintf("%s: want random, pixels, supervised, the directory of a run, or a file of weights", name)}
			}
			if err == nil {
				err = c.unseen(more, folds)
			}
			if err == nil {
				more, err = more.forSamples(in)
			}
			if err != nil {
				return nil, false, err
			}
			label = filepath.Base(filepath.Clean(name))
			more.Label = label
			out = append(out, more.Encoder())
		}
		if taken[label] {
			return nil, false, &SettingError{"beside", fmt.Sprintf("%s: there are two of the name %s", name, label)}
		}
		taken[label] = true
	}
	return out, learn, nil
}

// supervised trains a network of the run's shape on the labels of the training samples, for as many steps.
func (c Comparison) supervised(ctx context.Context, m *Model, d *data.Dataset) (eval.Encoder, error) {
	cfg := Default()
	from, trunk, sound := m.Info.Config, m.Info.Config.Trunk, ""
	if m.Hearing != nil { // of a run of films with sound, the trunk that hears
		trunk, sound = m.Trunk.Name, m.Hearing.String()
	}
	cfg.Task, cfg.Trunk, cfg.Side, cfg.BatchSize, cfg.Accumulate, cfg.Seed, cfg.Conv, cfg.Precision = Supervised, trunk, from.Side, from.BatchSize, from.Accumulate, from.Seed, from.Conv, from.Precision
	cfg.Sound, cfg.WarmupSteps, cfg.MonitorEvery, cfg.MaxSteps, cfg.Norm, cfg.MaxBad = sound, from.WarmupSteps, -1, m.Info.Done, m.Norm.String(), c.Eval.MaxBad
	Suit(&cfg, func(setting string) bool { return setting == "warmup-steps" }) // what the run has
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

// pictures writes the gallery of neighbours, maps of the test samples and the first layer's filters.
func (m *Model) pictures(ctx context.Context, train, test eval.Sample, a, b *data.Dataset, n int) error {
	rows := test.Pooled.Dim(0)
	queries := tensor.NewRNG(m.Info.Config.Seed).Derive(stream.Gallery).Perm(rows)[:min(n, rows)]
	lookA, lookB, what := eval.LookAt(a, m.Side), eval.LookAt(b, m.Side), "picture"
	if m.Hearing != nil {
		var err, e error
		lookA, err = eval.Heard(a.Sounds, *m.Hearing)
		lookB, e = eval.Heard(b.Sounds, *m.Hearing)
		if err = errors.Join(err, e); err != nil {
			return err
		}
		what = "recording"
	}
	g := eval.Gallery(train, test, lookA, lookB, queries, 8)
	if err := savePicture(m.Dir, "neighbours", "Nearest neighbours", fmt.Sprintf("Left the query, a test %s; then the training %ss nearest to it in the last stage's features. ", what, what)+
		"Green frame: the same class, red: another. The network never saw a class.", g); err != nil {
		return err
	}
	if err := m.planes(ctx, test, lookB); err != nil {
		return err
	}
	first := layers.State(m.Trunk)[0]
	if len(first.Value.Shape) != 4 {
		return nil
	}
	return savePicture(m.Dir, "filters", "First-layer filters", "Each stretched to its full range.", eval.Filters(first.Value))
}

// planes writes maps of the test samples, where there are some.
func (m *Model) planes(ctx context.Context, test eval.Sample, look eval.Look) error {
	if test.Pooled.Dim(0) < leastOnPlane {
		return nil
	}
	p, err := eval.OnPlane(ctx, test, m.seed())
	if err != nil {
		return err
	}
	of := fmt.Sprintf("%d of the %d test samples by the last stage's features; pictures where there is room, else dots, in the colour of their class, which the network never saw. ", len(p.Rows), test.Pooled.Dim(0))
	err = savePicture(m.Dir, "plane-umap", "A map of the features (UMAP)", of+"Neighbours in the features are neighbours on the map; how far groups lie apart says little.", p.Draw(p.UMAP, test, look))
	if err != nil {
		return err
	}
	return savePicture(m.Dir, "plane-pca", "Two principal components", of+fmt.Sprintf("To the right the first, %.0f %% of the variance, upwards the second, %.0f %%.", 100*p.Explained[0], 100*p.Explained[1]), p.Draw(p.PCA, test, look))
}

// leastOnPlane is of how many samples a map is worth drawing.
const leastOnPlane = 20
