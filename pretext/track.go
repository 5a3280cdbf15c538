package pretext

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Track hides where what is seen in a frame of a film is in another one. There are three ways to learn it:
//
//   - walk: a walker goes from patch to patch through the frames of a clip and back, and must end where it began (Jabri, Owens, Efros, "Space-time
//     correspondence as a contrastive random walk", NeurIPS 2020); see track_walk.go.
//   - colour: a frame's colours are copied from other frames by pointing at places of theirs (Vondrick et al., "Tracking emerges by colorizing videos", ECCV
//     2018); see track_colour.go.
//   - triplet: a patch that was followed through a film is more like its first look than patches of other films are (Wang, Gupta, "Unsupervised learning of
//     visual representations using videos", ICCV 2015); see track_triplet.go.
type Track struct {
	Method string // walk, colour or triplet; empty means walk
	Embed  int    // width of an embedding; 0 means 128 (colour 64)
	Motion string // where clips are drawn; empty means flow

	// Of walk and colour.
	Clip  int // frames; 0 means 4
	Apart int // how many frames they are apart; 0 means 2; less in short films

	// Of walk.
	Grid        int     // patches along a side; 0 means 7
	Dropout     float64 // part of the edges that a walker cannot take; 0 means 0.1, below 0 none
	Temperature float64 // that cosines are divided by; 0 means 0.05

	// Of colour.
	Colours int // classes; 0 means 16

	// Of triplet.
	Span      int     // frames that a patch is followed through, at most; 0 means 30
	Margin    float64 // of the cosine distances; 0 means 0.5
	Negatives int     // for each patch; 0 means 4
	Hard      float64 // part of the updates after which negatives are the most alike ones; 0 means 0.5
}

var trackMethods = []string{"walk", "colour", "triplet"}

// trackOnly are options that one method or two read.
var trackOnly = map[string][]string{"clip": {"walk", "colour"}, "apart": {"walk", "colour"}, "grid": {"walk"}, "dropout": {"walk"}, "temperature": {"walk"},
	"colours": {"colour"}, "span": {"triplet"}, "margin": {"triplet"}, "negatives": {"triplet"}, "hard": {"triplet"}}

var trackAbout = About{
	Line: "follow what is seen through a film (Wang, Gupta 2015; Vondrick et al. 2018; Jabri et al. 2020)",
	Of:   "films", Hidden: "where what is seen in a frame is in the next ones",
	Trivial:  "chance: one patch in 49",
	Shortcut: "places, which zeros around features give away: patches are seen one by one (walk)",
	Options: []spec.Option{
		{Name: "method", Default: "walk", About: "walk (there and back through a clip), colour (copy the colours of other frames), or triplet (patches that were followed)"},
		{Name: "embed", Default: "0", About: "width of an embedding; 0: 128, of colour 64"},
		motionOption,
		{Name: "clip", Default: "4", About: "walk, colour: frames of a clip; the last is coloured by the others"},
		{Name: "apart", Default: "2", About: "walk, colour: how many frames they are apart; less in short films"},
		{Name: "grid", Default: "7", About: "walk: patches along a side; each is a quarter of the frame's side"},
		{Name: "dropout", Default: "0.1", About: "walk: part of the edges that cannot be taken"},
		{Name: "temperature", Default: "0.05", About: "walk: that cosines are divided by"},
		{Name: "colours", Default: "16", About: "colour: classes, by k-means of the data's colours"},
		{Name: "span", Default: "30", About: "triplet: frames that a patch is followed through, at most"},
		{Name: "margin", Default: "0.5", About: "triplet: of cosine distances"},
		{Name: "negatives", Default: "4", About: "triplet: patches of other films for each one"},
		{Name: "hard", Default: "0.5", About: "triplet: part of the updates after which these are the most alike ones; 1: never"},
	},
	Config: func(c *train.Config) { c.Optimizer, c.LR = "adam", 1e-3 },
	make: func(v Values) Task {
		t := Track{Method: v.One("method", trackMethods...), Embed: v.Int("embed", 0, 1<<14), Motion: v.One("motion", motions...), Clip: v.Int("clip", 2, 64),
			Apart: v.Int("apart", 1, 1000), Grid: v.Int("grid", 2, 16), Dropout: v.Float("dropout", 0, 0.9), Temperature: v.Float("temperature", 1e-3, 10),
			Colours: v.Int("colours", 2, 256), Span: v.Int("span", 1, 1000), Margin: v.Float("margin", 0.01, 2), Negatives: v.Int("negatives", 1, 64),
			Hard: v.Float("hard", 0, 1)}
		if t.Dropout == 0 {
			t.Dropout = -1
		}
		if t.Hard == 0 {
			t.Hard = -1
		}
		for option, of := range trackOnly {
			known := false
			for _, m := range of {
				known = known || m == t.Method
			}
			if v.Given(option) && !known {
				v.Fail("option %s: it is not of method=%s", option, t.Method)
			}
		}
		return t
	},
	of: func(a About, v Values) About {
		switch v.Text("method") {
		case "colour":
			a.Trivial, a.ShowsGrey = "chance: a place of the other frames, drawn", true
		case "triplet":
			a.Trivial = "chance: one in the batch"
		case "walk":
			a.Trivial = "chance: one patch of a frame"
		}
		return a
	},
}

func (t Track) filled() Track {
	if t.Method == "" {
		t.Method = "walk"
	}
	if t.Motion == "" {
		t.Motion = motions[0]
	}
	if t.Embed == 0 {
		t.Embed = map[bool]int{true: 64, false: 128}[t.Method == "colour"]
	}
	usual(&t.Clip, 4)
	usual(&t.Apart, 2)
	usual(&t.Grid, 7)
	usual(&t.Colours, 16)
	usual(&t.Span, 30)
	usual(&t.Negatives, 4)
	for _, f := range []struct {
		v     *float64
		usual float64
	}{{&t.Dropout, 0.1}, {&t.Temperature, 0.05}, {&t.Margin, 0.5}, {&t.Hard, 0.5}} {
		if *f.v == 0 {
			*f.v = f.usual
		}
		*f.v = max(*f.v, 0)
	}
	return t
}

// Learner returns a trunk with what embeds its features.
func (t Track) Learner(s Setup) (train.Learner, error) {
	t = t.filled()
	switch t.Method {
	case "walk":
		return t.walk(s)
	case "colour":
		return t.colour(s)
	case "triplet":
		return t.triplet(s)
	}
	return nil, fmt.Errorf("task track of method %q; there are walk, colour and triplet", t.Method)
}

// clip draws the frames of a clip of film i, where something moves.
func (t Track) clip(films *data.Films, m *motion, i int, rng *tensor.RNG) ([]int, error) {
	n, err := films.AtLeast(i, t.Clip)
	if err != nil {
		return nil, err
	}
	apart := max(1, min(t.Apart, (n-1)/(t.Clip-1)))
	span := (t.Clip-1)*apart + 1
	first, err := m.window(i, n, span, 0, n-span, rng)
	if err != nil {
		return nil, err
	}
	frames := make([]int, t.Clip)
	for k := range frames {
		frames[k] = first + k*apart
	}
	return frames, nil
}

// embedding is a trunk with a linear layer on its pooled features, whose rows are made unit length: what walk and triplet learn.
type embedding struct {
	setup Setup
	*layers.Net
}

func newEmbedding(s Setup, width int) embedding {
	return embedding{s, &layers.Net{Trunk: s.Trunk, Head: layers.PoolHead(s.RNG, s.Trunk, width)}}
}

// of returns the embeddings [N D] of patches [N S S 3].
func (e embedding) of(x *autograd.Var) *autograd.Var { return autograd.L2Normalize(e.Forward(x)) }

// patchSide returns a part of a frame's side as a patch's that the trunk can see, at least 8 pixels.
func patchSide(s Setup, parts int) (int, error) {
	side := min(s.Trunk.Whole(max(s.Side/parts, 8)), s.Side)
	if err := autograd.Try(func() { s.Trunk.Forward(autograd.NewInference().Input(tensor.New(1, side, side, 3))) }); err != nil {
		return 0, fmt.Errorf("task track: the trunk does not take patches of %d pixels, of frames of %d: %w; a larger --side has larger ones", side, s.Side, err)
	}
	return side, nil
}

// walk is the learner of walks.
func (t Track) walk(s Setup) (train.Learner, error) {
	side, err := patchSide(s, 4)
	if err != nil {
		return nil, err
	}
	return &walk{task: t, patch: side, embedding: newEmbedding(s, t.Embed)}, nil
}

// lit returns a picture of which each pixel is as bright as its heat says, 0 to 1.
func lit(im *data.Image, heat []float32) *data.Image {
	out := data.NewImage(im.H, im.W)
	for p, h := range heat {
		for c := range 3 {
			out.Pix[3*p+c] = uint8(float32(im.Pix[3*p+c])*(0.25+0.75*min(h, 1)) + 0.5)
		}
	}
	return out
}

// trackSheet is a sheet with a line of text above rows of cells.
func trackSheet(rows, cols, cell int, title string) (canvas.Grid, canvas.Sheet) {
	g := canvas.Grid{Cols: cols, CellW: cell, CellH: cell + canvas.TextHeight + 4, Gap: 8, Head: canvas.TextHeight + 8}
	sheet := g.Sheet(rows * cols)
	x, _ := g.At(0)
	sheet.Text(x, 8, cols*(cell+g.Gap), title, canvas.Ink)
	return g, sheet
}
