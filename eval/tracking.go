package eval

import (
	"context"
	"fmt"
	"time"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval/track"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// Tracking judges features by what can be followed with them: what is known of a film's first frame, the masks of objects, boxes, key points, is carried to the other frames by
// track.Propagation and compared with what is known of them. Nothing is learned from the films.
//
// Measured are, of what is known: masks by the mean of J and F (DAVIS 2017, semi-supervised: of each object, over the frames between the first and the last), boxes by the area below the
// success curve (OTB: of each object, over all frames), key points by PCK, the part that is at most a tenth of the figure's larger side from where it should be (over visible points of all
// frames but the first). The trivial predictor leaves everything where it was in the first frame.
type Tracking struct {
	track.Options
	Stride int // the trunk's option of that name while it is judged; 0 means as it was trained
	Side   int // frames are made smaller until their shorter side has so many pixels; 0 means 480
	Frames int // of a film, from its first one on; 0 means all
}

// trackCells is how many places the shorter side of a frame has at most: finer features are averaged, of 2, 4, 8 a side.
const trackCells = 64

// films is what Tracking is handed.
var films = &Handed{
	About:   "In films of which masks, boxes or key points are known (frames:DIR, scenes:?frames=24)",
	Example: "tessera eval track?stride=8 random --trunk resnet18 --data frames:DIR",
	Reads:   []string{"trunk", "side", "seed", "norm", "sound", "layers"},
	Write:   WriteTracks,
}

// TrackKind is the protocol of following what is known of a film's first frame.
var TrackKind = Kind{
	Name:    "track",
	About:   "these are carried from the first frame to the others by a stage's features: J&F, success AUC, PCK, beside leaving them where they were",
	Options: trackingOptions,
	Make:    func(v *spec.Values) Protocol { return newTracking(v) },
	Handed:  films,
}

var trackingOptions = []spec.Option{
	{Name: "topk", Default: "10", About: "places that are asked for a place's label, the most alike"},
	{Name: "context", Default: "20", About: "frames that are asked beside the first"},
	{Name: "radius", Default: "12", About: "how far away places of these are asked, in places; 0: all of them"},
	{Name: "temperature", Default: "0.05", About: "that cosines are divided by"},
	{Name: "side", Default: "480", About: "largest shorter side of frames, in pixels"},
	{Name: "stride", Default: "0", About: "the trunk's option of that name while it is judged; 0: as it was trained"},
	{Name: "frames", Default: "0", About: "of a film, from its first one on; 0: all"},
}

// NewTracking reads the options of the protocol track, as in stride=8&radius=12.
func NewTracking(options string) (Tracking, error) {
	p, err := NewProtocol("track?"+options, TrackKind)
	if err != nil {
		return Tracking{}, err
	}
	return p.(Tracking), nil
}

func newTracking(v *spec.Values) Tracking {
	t := Tracking{Options: track.Options{TopK: v.Int("topk", 1, 1000), Context: v.Int("context", 0, 1000), Radius: v.Int("radius", 0, 10000),
		Temperature: float32(v.Float("temperature", 1e-3, 100))}, Side: v.Int("side", 8, 1<<14), Stride: v.Int("stride", 0, 1<<10), Frames: v.Int("frames", 0, 1<<30)}
	if t.Context == 0 {
		t.Context = -1
	}
	if t.Radius == 0 {
		t.Radius = -1
	}
	return t
}

// Smaller returns a frame whose shorter side has at most so many pixels.
func Smaller(im *data.Image, side int) *data.Image {
	short := min(im.H, im.W)
	if short <= side {
		return im
	}
	f := data.Frame{H: im.H, W: im.W, OutH: max(1, (im.H*side+short/2)/short), OutW: max(1, (im.W*side+short/2)/short)}
	return f.Of(im)
}

// Places returns the features of a frame at each depth from one on, [H W C] of unit length: of at most 64 places along the shorter side.
func (e *TrunkEncoder) Places(im *data.Image, from int) ([]*tensor.Tensor, error) {
	views, ok := e.Input.(Views)
	if !ok {
		return nil, fmt.Errorf("%s does not look at pictures", e.Label)
	}
	tape := autograd.NewInference()
	if e.Tape != nil {
		tape = e.Tape()
	}
	x := tensor.New(1, im.H, im.W, 3)
	views.Norm.Normalize(x.Data, im)
	var all []*autograd.Var
	if err := autograd.Try(func() { all = e.Trunk.Features(tape.Input(x)) }); err != nil {
		return nil, fmt.Errorf("frames of %dx%d pixels: %w", im.W, im.H, err)
	}
	var out []*tensor.Tensor
	for k, f := range all[from:] {
		s := f.Shape()
		if len(s) != 4 {
			return nil, fmt.Errorf("features of stage %s are %v; [N H W C] have places", e.Trunk.Stages[from+k].Name, s)
		}
		h, w := s[1], s[2]
		for finer := 2; min(h, w) > trackCells; finer *= 2 {
			h, w = (s[1]+finer-1)/finer, (s[2]+finer-1)/finer
		}
		if h != s[1] || w != s[2] {
			f = autograd.AdaptiveAvgPool(f, h, w)
		}
		unit := tensor.New(h, w, s[3])
		tensor.L2Normalize(unit.Reshape(h*w, s[3]), f.Value.Reshape(h*w, s[3]), make([]float32, h*w), 1e-12)
		out = append(out, unit)
	}
	return out, nil
}

// trackMeasures are what is judged of a film. The protocol of its score is called track-masks and so on: their metrics are not to be compared.
var trackMeasures = []string{"masks", "boxes", "points"}

// trackMetrics are those of trackMeasures, against leaving everything where it was.
var trackMetrics = map[string]metric.Metric{
	"masks":  {Name: "J&F", Unit: metric.Percent, Higher: true, Predictor: "first frame"},
	"boxes":  {Name: "success AUC", Unit: metric.Percent, Higher: true, Predictor: "first frame"},
	"points": {Name: "PCK@0.1", Unit: metric.Percent, Higher: true, Predictor: "first frame"},
}

// Name is the protocol's; those of its scores say what was followed.
func (Tracking) Name() string { return "track" }

// Follow follows what is known of each film's first frame by an encoder's features: a score for each depth and each of masks, boxes and key points that is known; a part of a score is a
// film.
func (t Tracking) Follow(ctx context.Context, e *TrunkEncoder, d *data.Dataset, o Options) ([]Score, error) {
	if d.Clips == nil || d.Truth.Frames == nil {
		return nil, fmt.Errorf("%s has %s of which nothing is known frame by frame; tracks are judged by films with masks, boxes or key points (frames:DIR with masks or boxes, scenes:?frames=24)", d.Name, d.Kinds())
	}
	e, err := e.atStride(t.Stride)
	if err != nil {
		return nil, err
	}
	if t.Side == 0 {
		t.Side = 480
	}
	began := time.Now()
	from := o.kept(len(e.Trunk.Stages))
	tallies := make([]trackTally, len(e.Trunk.Stages)-from)
	var dims []int
	for i := range d.Len() {
		if o.Progress != nil {
			o.Progress(i, d.Len(), "films followed by "+e.Name())
		}
		f, err := t.film(ctx, e, d, i, from)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.Describe(i), err)
		}
		for k := range f.depths {
			tallies[k].add(f, k, d.Describe(i))
		}
		dims = f.dims
	}
	var out []Score
	for k := range tallies {
		for _, s := range tallies[k].scores() {
			s.Features, s.Stage, s.Depth, s.Dim = e.Name(), e.Trunk.Stages[from+k].Name, from+k+1, dims[k]
			s.Seconds = time.Since(began).Seconds()
			for name, v := range t.settings(d) {
				s.Settings[name] = v
			}
			for name, v := range e.Settings(data.Inputs{}) {
				if name != "side" {
					s.Settings[name] = v
				}
			}
			s.Network = e.Network()
			out = append(out, s)
			if o.Scored != nil {
				o.Scored(s)
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: of no film is a mask, a box or a key point known in the first frame", d.Name)
	}
	return out, nil
}

func (t Tracking) settings(d *data.Dataset) map[string]any {
	return map[string]any{"data": d.Name, "data_fingerprint": d.Fingerprint, "side": t.Side, "topk": t.TopK, "context": max(t.Context, 0), "radius": max(t.Radius, 0),
		"stride": t.Stride, "temperature": t.Temperature, "frames": t.Frames}
}
