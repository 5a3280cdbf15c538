package recipe

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Alike finds what the features of a run take to be alike, beside those of random weights and raw pixels: pictures, patches of them, films or recordings.
type Alike struct {
	Data    string // empty means the run's
	Patches bool   // squares of pictures, as the task's tower sees them, instead of whole pictures
	Sounds  bool   // the sound of films, by what the run hears with, instead of their frames; recordings alone are always heard
	Samples int    // how many are looked through; 0 means 2000
	Queries int    // for how many the nearest are drawn; 0 means 8
	K       int    // how many are drawn for each; 0 means 5
	Eval    eval.Options
	Say     func(msg string)
}

// recolourSamples is how many samples at most are tried in other colours.
const recolourSamples = 500

func (a Alike) filled(m *Model) (Alike, error) {
	if a.Data == "" {
		a.Data = m.Info.Config.Data
	}
	for _, n := range []struct {
		name         string
		v            *int
		usual, least int
	}{{"samples", &a.Samples, 2000, 2}, {"queries", &a.Queries, 8, 1}, {"k", &a.K, 5, 1}} {
		if *n.v == 0 {
			*n.v = n.usual
		}
		if *n.v < n.least {
			return a, &SettingError{n.name, fmt.Sprintf("%d: want at least %d", *n.v, n.least)}
		}
	}
	if a.Say == nil {
		a.Say = func(string) {}
	}
	return a, nil
}

// FoundAlike is what was found, and where it is shown.
type FoundAlike struct {
	Nearest []eval.Nearest `json:"nearest"`
	Picture string         `json:"picture"`
	Sounds  string         `json:"sounds,omitempty"` // folder of recordings to listen to
}

// FindAlike judges the run in dir, and draws what it finds into its folder eval; of recordings it also keeps some to listen to.
func FindAlike(ctx context.Context, dir string, a Alike) (out FoundAlike, err error) {
	m, err := LoadRun(dir)
	if err != nil {
		return out, err
	}
	if a, err = a.filled(m); err != nil {
		return out, err
	}
	d, err := data.Open(a.Data, data.Train)
	if err != nil {
		return out, err
	}
	tell(a.Say, d)
	if m, err = m.alikeBy(d, a); err != nil {
		return out, err
	}
	rng := tensor.NewRNG(m.Info.Config.Seed).Derive(stream.Gallery)
	var encoders []eval.Encoder
	var some *data.Dataset
	var alike func(a, b int) bool
	if a.Patches {
		encoders, some, alike, err = m.patches(d.Inputs, a.Samples)
	} else {
		encoders, some, alike, err = m.whole(d, a.Samples, rng)
	}
	if err != nil {
		return out, err
	}
	order := rng.Perm(some.Len())
	queries := order[:min(a.Queries, len(order))]
	found, err := eval.FindNearest(ctx, encoders, some.Inputs, queries, order[:min(recolourSamples, len(order))], a.K, alike, a.Eval)
	if err != nil {
		return out, err
	}
	look, err := m.looks(some.Inputs)
	if err != nil {
		return out, err
	}
	out.Nearest = found
	title, name := "What is alike", "alike"
	switch {
	case a.Patches:
		title, name = "Patches that are alike", "patches"
	case m.Hearing != nil:
		title, name = "What sounds alike", heardName
		g, err := m.listen(some.Inputs, some.Truth.Labels, queries, found[0])
		if err == nil {
			err = g.save(dir, name)
		}
		if err != nil {
			return out, err
		}
		if len(g.rows) > 0 {
			out.Sounds = filepath.Join(dir, "eval", name)
		}
	}
	out.Picture = filepath.Join(dir, "eval", name+".png")
	return out, savePicture(dir, name, title, m.alikeAbout(found), eval.NearestSheet(found, look, some.Truth.Labels, queries, a.K))
}

// alikeBy returns what looks for what is alike: the model, or what its run hears with. What the data has must fit.
func (m *Model) alikeBy(d *data.Dataset, a Alike) (*Model, error) {
	sees := d.Images != nil || d.Clips != nil
	switch {
	case a.Patches && a.Sounds:
		return nil, &SettingError{"patches", "are of pictures, not of sounds"}
	case a.Patches && d.Images == nil:
		return nil, fmt.Errorf("%s has no pictures to cut patches from, it has %s", d.Name, d.Kinds())
	case a.Sounds && d.Sounds == nil:
		return nil, fmt.Errorf("%s has no sounds, it has %s", d.Name, d.Kinds())
	case a.Sounds || d.Sounds != nil && (!sees || m.Hearing != nil):
		return m.Ear()
	case !sees:
		return nil, fmt.Errorf("%s has no pictures, it has %s", d.Name, d.Kinds())
	}
	return m, nil
}

// alikeAbout is what a person is told beside the picture.
func (m *Model) alikeAbout(found []eval.Nearest) string {
	raw := "by the pixels themselves"
	if m.Hearing != nil {
		raw = "by the spectrograms themselves (pixels). " + heardAbout
	}
	text := "Left a query, then what is nearest to it by the features of this run, of a network with random weights, and " + raw + ". Below each stands its cosine with the query."
	if found[0].Recolour == 0 {
		return text
	}
	text += " Recoloured, a sample has itself as it was as the nearest:"
	for i, n := range found {
		if i > 0 {
			text += ";"
		}
		text += " by " + n.Features
		for j, r := range eval.Recolourings {
			if j > 0 {
				text += ","
			}
			text += fmt.Sprintf(" %s %.0f %%", r.Name, 100*n.Recoloured[r.Name])
		}
	}
	return text + fmt.Sprintf(" (of %d samples).", found[0].Recolour)
}

// whole returns n of the samples, drawn, and what looks at them; another frame of a query's film is no find.
func (m *Model) whole(d *data.Dataset, n int, rng *tensor.RNG) ([]eval.Encoder, *data.Dataset, func(a, b int) bool, error) {
	some := d.Subset(rng.Perm(d.Len())[:min(n, d.Len())], fmt.Sprintf("n=%d", n))
	random, err := m.again(m.seed())
	if err != nil {
		return nil, nil, nil, err
	}
	alike := func(int, int) bool { return false }
	if films := some.Truth.Groups[data.FilmGroup]; films != nil {
		alike = func(a, b int) bool { return films.Label(a) == films.Label(b) }
	}
	other := *m
	other.Trunk, other.Label = random, "random"
	return []eval.Encoder{m.Encoder(), other.Encoder(), eval.Pixels{Input: m.Encoder().Input}}, some, alike, nil
}

// patches returns n patches of pictures and what looks at them; what another patch of a query's picture shows is no find.
func (m *Model) patches(in data.Inputs, n int) ([]eval.Encoder, *data.Dataset, func(a, b int) bool, error) {
	var views [2]pretext.PatchView
	var encoders []eval.Encoder
	for i, load := range []func(string) (*Model, train.Learner, error){LoadLearner, beginLearner} {
		m, l, err := load(m.Dir)
		if err != nil {
			return nil, nil, nil, err
		}
		if views[i], err = m.patchView(l, in); err != nil {
			return nil, nil, nil, err
		}
		embed := views[i].Embed
		views[i] = views[0] // both see the same patches, as the run does
		views[i].Embed = embed
		e := m.Encoder()
		if i == 1 {
			e.Label = "random"
		}
		e.Input = patchInput{views[i]}
		if embed != nil {
			t := *e.Trunk
			t.Stages = append(t.Stages[:len(t.Stages):len(t.Stages)], layers.Stage{Name: "tower", Parts: layers.Sequential{{Name: "embed", Module: embed}}})
			e.Trunk = &t
		}
		encoders = append(encoders, e)
	}
	p := data.NewPatches(in.Images, views[0].Frame, views[0].Side, n, m.Info.Config.Seed)
	raw := pretext.PatchView{Side: views[0].Side, Prepare: func(dst []float32, patch *data.Image) { m.Norm.Normalize(dst, patch) }}
	return append(encoders, eval.Pixels{Input: patchInput{raw}}), &data.Dataset{Inputs: data.Inputs{Images: p}}, func(a, b int) bool { return p.Picture(a) == p.Picture(b) }, nil
}

// patchView is the tower's, or, of a task that looks at whole pictures, two fifths of one each way, normalised as they are.
func (m *Model) patchView(l train.Learner, in data.Inputs) (pretext.PatchView, error) {
	if t, ok := pretext.As[pretext.Tower](l); ok {
		return t.Tower(in)
	}
	v := pretext.PatchView{Side: m.Trunk.Whole(max(4, m.Side*2/5)), Frame: data.ShortSide(m.Side), Prepare: func(dst []float32, patch *data.Image) { m.Norm.Normalize(dst, patch) }}
	err := autograd.Try(func() { m.Trunk.Forward(train.Inference(m.Mode).Input(tensor.New(1, v.Side, v.Side, 3))) })
	if err != nil {
		err = fmt.Errorf("the task %s looks at whole pictures of %d pixels, and its trunk at no patch of %d: %w", m.Info.Config.Task, m.Side, v.Side, err)
	}
	return v, err
}

// patchInput is how an encoder sees patches.
type patchInput struct{ pretext.PatchView }

func (p patchInput) Settings(data.Inputs) map[string]any { return map[string]any{"side": p.Side} }

func (p patchInput) Over(in data.Inputs) (eval.Seen, error) {
	return eval.Seen{Shape: []int{p.Side, p.Side, 3}, Fill: func(dst []float32, i int) error {
		im, err := in.Images.Image(i)
		if err == nil {
			p.Prepare(dst, im)
		}
		return err
	}}, nil
}
