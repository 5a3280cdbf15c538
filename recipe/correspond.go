package recipe

import (
	"context"
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// pairJudger is a protocol that is handed what a run of films with sound learned, and test films.
type pairJudger interface {
	eval.Protocol
	judgePairs(ctx context.Context, p *pairs, test *data.Dataset) ([]eval.Score, error)
}

// Retrieval judges by how well pictures find sounds, sounds pictures, and each their own kind (eval.Retrieval).
type Retrieval struct {
	K   int  // ranks that count; 0 means 30
	CCA bool // also after canonical correlation analysis of the training films' embeddings
}

// Localisation judges by where it is thought to sound (eval.Localisation), in the middles of films in which the box of what sounds is known.
type Localisation struct{}

// ofPairs is what these are handed.
var ofPairs = &eval.Handed{
	About:   "Of a RUN of films with sound (av:DIR, scenes:?sound=yes), beside the weights that it began with",
	Example: "tessera eval retrieval?cca=yes runs/av",
	Reads:   []string{"trunk", "side", "seed", "norm", "sound", "max-bad"},
}

var pairKinds = []eval.Kind{{
	Name:  "retrieval",
	About: "pictures find sounds, sounds pictures, and each their own kind: nDCG among the test films, of what is of the same class",
	Options: []spec.Option{
		{Name: "k", Default: "30", About: "ranks that count"},
		{Name: "cca", Default: "no", About: "yes: also after canonical correlation analysis of the training films' embeddings"},
	},
	Make:   func(v *spec.Values) eval.Protocol { return Retrieval{v.Int("k", 1, 1<<30), v.Bool("cca")} },
	Handed: ofPairs,
}, {
	Name:   "localisation",
	About:  "where it sounds: the likeliest place in the box of what sounds, beside the picture's middle (audio-visual?fusion=location)",
	Make:   func(*spec.Values) eval.Protocol { return Localisation{} },
	Handed: ofPairs,
}}

// Name is the protocol's.
func (Retrieval) Name() string { return "retrieval" }

// Name is the protocol's.
func (Localisation) Name() string { return "localisation" }

// judgePairs judges a run of films with sound on films of a specification, beside the same network with the weights that it began with; the scores are also
// written into the run's folder eval.
func (m *Model) judgePairs(ctx context.Context, j pairJudger, of string, o eval.Options) ([]eval.Score, error) {
	if m.Info == nil || !hears(m.Info.Config) || m.Hearing != nil {
		return nil, fmt.Errorf("%s is no run of films with sound, which %s is about", m.name(), j.Name())
	}
	if of == "" {
		if of = m.Info.Config.Test; of == "" {
			of = m.Info.Config.Data
		}
	}
	test, err := data.Open(of, data.Test)
	if err != nil {
		return nil, err
	}
	if o.Say != nil {
		tell(o.Say, test)
	}
	if test.Clips == nil || test.Sounds == nil {
		return nil, fmt.Errorf("%s: %s is judged on films with sound; the data has %s", test.Name, j.Name(), test.Kinds())
	}
	hearing, err := data.ParseHearing(m.Info.Config.Sound)
	if err != nil {
		return nil, err
	}
	var scores []eval.Score
	for _, load := range []struct {
		label string
		open  func(dir string) (*Model, train.Learner, error)
	}{{m.Label, LoadLearner}, {randomRow, beginLearner}} {
		run, l, err := load.open(m.Dir)
		if err != nil {
			return scores, err
		}
		run.Mode = m.Mode
		some, err := j.judgePairs(ctx, &pairs{m: run, label: load.label, hearing: hearing, learner: l, o: o}, test)
		if err != nil {
			return scores, err
		}
		for k := range some {
			some[k].Features, some[k].Stage, some[k].Depth = load.label+some[k].Features, "embedding", 1
			some[k].Settings["data"], some[k].Settings["side"], some[k].Settings["sound"] = test.Name, run.Side, hearing.String()
			if o.Scored != nil {
				o.Scored(some[k])
			}
		}
		scores = append(scores, some...)
	}
	return scores, eval.SaveScores(m.Dir, scores)
}

// pairs is what a run learned of pictures and sounds.
type pairs struct {
	m       *Model
	label   string
	hearing data.Hearing
	learner train.Learner
	o       eval.Options
}

// both returns the embeddings of films' frames or clips and of their sounds, of the films that have both: the mean of some, evenly spread.
func (p *pairs) both(ctx context.Context, d *data.Dataset) (images, sounds eval.Sample, err error) {
	l, ok := pretext.As[pretext.Paired](p.learner)
	if !ok {
		return images, sounds, fmt.Errorf("%s: the task %s does not embed pictures and sounds", p.m.Dir, kind(p.m.Info.Config.Task))
	}
	tape := func() *autograd.Tape { return train.Inference(p.m.Mode) }
	const looks = 4 // at a film
	var views eval.Input = eval.Views{Side: p.m.Side, Norm: p.m.Norm, Frames: looks}
	if n := l.ClipFrames(); n > 1 {
		views = eval.Shots{Side: p.m.Side, Norm: p.m.Norm, Frames: n, Seconds: p.hearing.Seconds, Shots: looks}
	}
	a, err := eval.Embed(ctx, p.label+", pictures", views, data.Inputs{Clips: d.Clips}, p.o, tape(), l.Pictures)
	if err != nil {
		return images, sounds, err
	}
	b, err := eval.Embed(ctx, p.label+", sounds", eval.Hears{Hearing: p.hearing, Windows: looks}, data.Inputs{Sounds: d.Sounds}, p.o, tape(), l.Sounds)
	if err != nil {
		return images, sounds, err
	}
	a, b = shared(a, b)
	return eval.Sample{Features: a, Truth: d.Truth}, eval.Sample{Features: b, Truth: d.Truth}, nil
}

// shared keeps the rows of samples that both have.
func shared(a, b eval.Features) (eval.Features, eval.Features) {
	of := func(x, other eval.Features) eval.Features {
		has := map[int]bool{}
		for _, i := range other.Index {
			has[i] = true
		}
		var index []int
		var rows []float32
		d := x.Pooled.Dim(1)
		for row, i := range x.Index {
			if has[i] {
				index, rows = append(index, i), append(rows, x.Pooled.Data[row*d:(row+1)*d]...)
			}
		}
		x.Index, x.Pooled = index, tensor.From(rows, len(index), d)
		x.Grid = x.Pooled
		return x
	}
	return of(a, b), of(b, a)
}

func (j Retrieval) judgePairs(ctx context.Context, p *pairs, test *data.Dataset) ([]eval.Score, error) {
	images, sounds, err := p.both(ctx, test)
	if err != nil {
		return nil, err
	}
	r := eval.Retrieval{K: j.K}
	scores, err := r.Directions(images, sounds)
	if err != nil || !j.CCA {
		return scores, err
	}
	d, err := data.Open(p.m.Info.Config.Data, data.Train)
	if err != nil {
		return scores, err
	}
	x, y, err := p.both(ctx, d)
	if err != nil {
		return scores, err
	}
	cca, err := eval.FitCCA(x.Pooled, y.Pooled, eval.CCAOptions{})
	if err != nil {
		return scores, err
	}
	images.Pooled, sounds.Pooled = cca.X(images.Pooled), cca.Y(sounds.Pooled)
	more, err := r.Directions(images, sounds)
	for k := range more {
		more[k].Features = " + CCA"
	}
	return append(scores, more...), err
}

// judgePairs asks a learner where it sounds. Some of what the run itself thinks is kept as a gallery.
func (Localisation) judgePairs(ctx context.Context, p *pairs, test *data.Dataset) ([]eval.Score, error) {
	l, err := localiser(p.m, p.learner)
	if err != nil {
		return nil, err
	}
	if test.Truth.Frames == nil || test.Truth.Sizes == nil || test.Truth.Labels == nil {
		return nil, fmt.Errorf("%s: the boxes of what sounds are not known; scenes:?sound=yes has them", test.Name)
	}
	films := data.NewFilms(test.Clips, data.PlainView(p.m.Side), p.m.Norm, 0)
	windows, err := data.NewWindows(test.Sounds, p.hearing, 0)
	if err != nil {
		return nil, err
	}
	var shown *places // of the run itself
	if p.label != randomRow {
		if shown, err = newPlaces(test, films, p.hearing); err != nil {
			return nil, err
		}
	}
	var found []eval.Localised
	of := eval.Sample{Truth: test.Truth}
	tape := train.Inference(p.m.Mode)
	x, y := tensor.New(1, p.m.Side, p.m.Side, 3), tensor.New(append([]int{1}, windows.Shape()...)...)
	for i := range test.Len() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s, err := sounding(test, windows, i)
		if err != nil {
			return nil, err
		}
		if s.boxes == nil {
			continue
		}
		if err := films.Fill(x.Data, i, []int{s.frame}, nil); err != nil {
			return nil, err
		}
		if err := windows.Fill(y.Data, i, s.at); err != nil {
			return nil, err
		}
		heat := l.Where(tape.Input(x), tape.Input(y))
		tape.Reset()
		one, err := (eval.Localisation{}).Of(heat, s.boxes, s.height, s.width)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", test.Describe(i), err)
		}
		if err := shown.add(i, s, heat); err != nil {
			return nil, err
		}
		found, of.Index = append(found, one), append(of.Index, i)
		if p.o.Progress != nil {
			p.o.Progress(i+1, test.Len(), "places of "+p.label)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: in none of the films is it known where it sounds", test.Name)
	}
	if err := shown.save(p.m.Dir); err != nil {
		return nil, err
	}
	return eval.Localisation{}.Scores(of, found)
}

// soundingIn is what sounds in the middle frame of a film, and which window is heard of it.
type soundingIn struct {
	boxes         []data.Box // nil where it sounds from off the screen
	height, width int        // of the frame at its native size
	frame         int
	at            float64 // seconds at which the window begins
}

// sounding returns what sounds in the middle frame of a film whose view is square, as large as the film's truth.
func sounding(d *data.Dataset, w *data.Windows, i int) (s soundingIn, err error) {
	times, err := d.Clips.Times(i)
	if err != nil {
		return s, err
	}
	s.frame = len(times) / 2
	truth, err := d.Truth.Frames.Frame(i, s.frame)
	if err != nil {
		return s, err
	}
	if s.height, s.width, err = d.Truth.Sizes.Size(i); err != nil {
		return s, err
	}
	if s.at, err = windowAt(w, i, times[s.frame]); err != nil {
		return s, err
	}
	if truth.Sounding == nil {
		return s, fmt.Errorf("%s: which box sounds is not known", d.Describe(i))
	}
	for _, b := range truth.Boxes { // by its class: what sounds in a film is silent in some of its frames
		if b.Class == d.Truth.Labels.Label(i) && b.X1 > b.X0 && b.Y1 > b.Y0 {
			s.boxes = append(s.boxes, b)
		}
	}
	return s, nil
}
