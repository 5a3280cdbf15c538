package recipe

import (
	"context"
	"fmt"
	"image"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Alike finds what the features of a run take to be alike, beside those of random weights and raw pixels: pictures, or patches of them.
type Alike struct {
	Data    string // empty means the run's
	Patches bool   // squares of pictures, as the task's tower sees them, instead of whole pictures
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

// FindAlike judges the run in dir, and draws what it finds.
func FindAlike(ctx context.Context, dir string, a Alike) ([]eval.Nearest, image.Image, error) {
	m, err := LoadRun(dir)
	if err != nil {
		return nil, nil, err
	}
	if a, err = a.filled(m); err != nil {
		return nil, nil, err
	}
	d, err := data.Open(a.Data, data.Train)
	if err != nil {
		return nil, nil, err
	}
	tell(a.Say, d)
	if d.Images == nil && (d.Clips == nil || a.Patches) {
		return nil, nil, fmt.Errorf("%s has no pictures, it has %s", d.Name, d.Inputs.Kinds())
	}
	seed := m.Info.Config.Seed
	rng := tensor.NewRNG(seed).Derive(stream.Gallery)
	var encoders []eval.Encoder
	var in data.Inputs
	var alike func(a, b int) bool
	if a.Patches {
		encoders, in, alike, err = m.patches(d.Inputs, a.Samples, rng)
	} else {
		encoders, in, alike, err = m.whole(d, a.Samples, rng)
	}
	if err != nil {
		return nil, nil, err
	}
	order := rng.Perm(in.Samples().Len())
	queries := order[:min(a.Queries, len(order))]
	found, err := eval.FindNearest(ctx, encoders, in, queries, order[:min(recolourSamples, len(order))], a.K, alike, a.Eval)
	if err != nil {
		return nil, nil, err
	}
	sheet := eval.NearestSheet(found, in, nil, queries, a.K)
	title, name := "What is alike", "alike"
	if a.Patches {
		title, name = "Patches that are alike", "patches"
	}
	return found, sheet, savePicture(dir, name, title, alikeAbout(found), sheet)
}

// alikeAbout is what a person is told beside the picture.
func alikeAbout(found []eval.Nearest) string {
	text := "Left a query, then what is nearest to it by the features of this run, of a network with random weights, and by the pixels themselves."
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

// whole returns n of the pictures or films, drawn, and what looks at them; another frame of a query's film is no find.
func (m *Model) whole(d *data.Dataset, n int, rng *tensor.RNG) ([]eval.Encoder, data.Inputs, func(a, b int) bool, error) {
	chosen := rng.Perm(d.Len())[:min(n, d.Len())]
	in := d.Inputs.Subset(chosen)
	random, err := m.again(m.seed())
	if err != nil {
		return nil, in, nil, err
	}
	alike := func(int, int) bool { return false }
	if films := d.Truth.Groups[data.FilmGroup]; films != nil {
		alike = func(a, b int) bool { return films.Label(chosen[a]) == films.Label(chosen[b]) }
	}
	other := *m
	other.Trunk, other.Label = random, "random"
	return []eval.Encoder{m.Encoder(), other.Encoder(), eval.Pixels{Input: m.Encoder().Input}}, in, alike, nil
}

// patches returns n patches of pictures and what looks at them; what another patch of a query's picture shows is no find.
func (m *Model) patches(in data.Inputs, n int, _ *tensor.RNG) ([]eval.Encoder, data.Inputs, func(a, b int) bool, error) {
	var views [2]pretext.PatchView
	var encoders []eval.Encoder
	for i, load := range []func(string) (*Model, train.Learner, error){LoadLearner, beginLearner} {
		m, l, err := load(m.Dir)
		if err != nil {
			return nil, in, nil, err
		}
		if views[i], err = m.patchView(l, in); err != nil {
			return nil, in, nil, err
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
	return append(encoders, eval.Pixels{Input: patchInput{raw}}), data.Inputs{Images: p}, func(a, b int) bool { return p.Picture(a) == p.Picture(b) }, nil
}

// patchView is the tower's, or, of a task that looks at whole pictures, two fifths of one each way, normalised as they are.
func (m *Model) patchView(l train.Learner, in data.Inputs) (pretext.PatchView, error) {
	if t, ok := pretext.As[pretext.Tower](l); ok {
		return t.Tower(in)
	}
	v := pretext.PatchView{Side: max(4, m.Side*2/5), Frame: data.ShortSide(m.Side), Prepare: func(dst []float32, patch *data.Image) { m.Norm.Normalize(dst, patch) }}
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
