package recipe

import (
	"context"
	"fmt"
	"strconv"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
)

// atStride returns the model with features that are at most so many times smaller than the picture (layers.TrunkOptions); 0 for the model as it is.
func (m *Model) atStride(stride int) (*Model, error) {
	if stride == 0 {
		return m, nil
	}
	s, err := spec.Parse(m.Trunk.Name)
	if err != nil {
		return nil, err
	}
	out := *m
	if out.Trunk, err = newTrunk(s.With("stride", strconv.Itoa(stride)).String(), 1, 3); err != nil {
		return nil, err
	}
	from := layers.State(m.Trunk)
	for i, p := range layers.State(out.Trunk) {
		copy(p.Value.Data, from[i].Value.Data)
	}
	return &out, nil
}

// judgeFilms judges a model by what can be followed with its features in films of a specification; beside a run stands the network with random weights. The scores of a
// run are also written into its folder eval.
func (m *Model) judgeFilms(ctx context.Context, p eval.Follower, of string, o eval.Options) ([]eval.Score, error) {
	if of == "" && m.Info != nil {
		of = m.Info.Config.Data
	}
	if of == "" {
		return nil, &SettingError{"data", "is needed: films of which masks, boxes or key points are known, such as frames:DIR or scenes:?frames=24"}
	}
	d, err := data.Open(of, data.Test)
	if err != nil {
		return nil, err
	}
	if o.Say != nil {
		for _, note := range d.Notes {
			o.Say(note)
		}
	}
	models := []*Model{m}
	if m.Info != nil {
		random := *m
		random.Label, random.Checkpoint = randomRow, ""
		if random.Trunk, err = m.again(m.seed()); err != nil {
			return nil, err
		}
		models = append(models, &random)
	}
	var scores []eval.Score
	for _, model := range models {
		s, err := p.Follow(ctx, model.Encoder(), d, o)
		if err != nil {
			return scores, err
		}
		scores = append(scores, s...)
	}
	return scores, m.keep(scores)
}

// Following is what is followed through a film.
type Following struct {
	Tracking eval.Tracking
	Stage    string          // of the trunk; "" for the last
	Box      *[4]float64     // left, top, width, height in the first frame, pixels
	Mask     *data.Image     // white where the object is in the first frame, of the film's size; nil for all of the box
	Out      string          // film with what was followed drawn on it, .gif or .avi
	Progress func(k, of int) // is told of frames
}

// Followed is where an object was in a frame.
type Followed struct {
	Frame int        `json:"frame"`
	Time  float64    `json:"time"`
	Box   [4]float64 `json:"box"`  // left, top, width, height, pixels
	Seen  float64    `json:"seen"` // part of the picture that it covers
}

// OpenFilm opens one film: a file, or a folder of numbered frames.
func OpenFilm(path string) (*data.Dataset, error) {
	d, err := data.Open("video:"+path, data.Train)
	if isDir(path) {
		d, err = data.OpenFrames(path, data.FilmOptions{})
	}
	if err == nil && d.Len() != 1 {
		err = fmt.Errorf("%s holds %d films; want one film, or a folder of one film's numbered frames", path, d.Len())
	}
	return d, err
}
