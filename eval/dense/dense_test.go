package dense

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

var ctx = context.Background()

// tiles are pictures of four tiles by four, each bright or dark at random: a bright one is near, faces upwards and is of the class leaf, a dark one is far,
// faces the camera and is of the class wall. A picture is wider than high; only its middle is seen.
type tiles struct {
	n    int
	seed uint64
	// what is to be wrong: unknown: of every second picture nothing is known; smaller: what is known of picture 1 has one row less; one: all is of one class
	wrong string
}

const tileSide, tilesWide = 4, 24

func (s tiles) bright(i, y, x int) bool {
	return tensor.NewRNG(s.seed).Derive(uint64(i), uint64(y/tileSide), uint64(x/tileSide)).IntN(2) == 1
}

func (s tiles) Len() int              { return s.n }
func (s tiles) Describe(i int) string { return fmt.Sprintf("tiles %d", i) }

func (s tiles) Image(i int) (*data.Image, error) {
	im := data.NewImage(16, tilesWide)
	for p := range 16 * tilesWide {
		v := uint8(60)
		if s.bright(i, p/tilesWide, p%tilesWide) {
			v = 200
		}
		im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2] = v, v, 128
	}
	return im, nil
}

func (s tiles) Size(int) (h, w int, err error) { return 16, tilesWide, nil }

// of returns a map of so many values a pixel.
func (s tiles) of(i, n int, bright, dark, unknown []float32) (*tensor.Tensor, error) {
	h := 16
	if s.wrong == "smaller" && i == 1 {
		h--
	}
	x := tensor.New(h, tilesWide, n)
	for p := range h * tilesWide {
		v := dark
		if s.bright(i, p/tilesWide, p%tilesWide) {
			v = bright
		}
		if s.wrong == "unknown" && i%2 == 0 || s.wrong == "nothing" {
			v = unknown
		}
		copy(x.Data[p*n:], v)
	}
	if n == 1 {
		x.Shape = x.Shape[:2]
	}
	return x, nil
}

func (s tiles) Depth(i int) (*tensor.Tensor, error) {
	return s.of(i, 1, []float32{2}, []float32{8}, []float32{0})
}

func (s tiles) Normals(i int) (*tensor.Tensor, error) {
	return s.of(i, 3, []float32{0, -1, 0}, []float32{0, 0, -1}, []float32{0, 0, 0})
}

func (s tiles) SegmentNames() []string {
	if s.seed == 2 { // other numbers for the same names
		return []string{"leaf", "wall", "sky"}
	}
	return []string{"wall", "sky", "leaf"}
}

func (s tiles) Segment(i int) (*tensor.Tensor, error) {
	leaf, wall := float32(2), float32(0)
	if s.seed == 2 {
		leaf, wall = 0, 1
	}
	if s.wrong == "one" {
		leaf = wall
	}
	return s.of(i, 1, []float32{leaf}, []float32{wall}, []float32{-1})
}

// KeyPoints are the middle of the first bright tile that is seen, and of the last.
func (s tiles) KeyPoints(i int) ([]data.KeyPoint, error) {
	var out []data.KeyPoint
	for k := range 16 {
		y, x := k/4*tileSide, 4+k%4*tileSide
		if s.bright(i, y, x) && s.wrong != "nothing" {
			out = append(out, data.KeyPoint{Name: "nose", X: float32(x) + 2, Y: float32(y) + 2, Visible: true})
			break
		}
	}
	return append(out, data.KeyPoint{Name: "tail", X: -40, Y: 3}), nil // never seen
}

func (s tiles) dataset() *data.Dataset {
	return &data.Dataset{Name: fmt.Sprintf("tiles:%d", s.seed), Fingerprint: "f", Inputs: data.Inputs{Images: s},
		Truth: data.Truth{Depths: s, Normals: s, Segments: s, Sizes: s, KeyPoints: s}}
}

func encoder(t testing.TB) *eval.TrunkEncoder {
	t.Helper()
	trunk, err := layers.NewTrunk("convnet", tensor.NewRNG(1), 3)
	if err != nil {
		t.Fatal(err)
	}
	norm, err := data.ParseNorm("half")
	if err != nil {
		t.Fatal(err)
	}
	return &eval.TrunkEncoder{Label: "random", Trunk: trunk, Input: eval.Views{Side: 16, Norm: norm}}
}

// TestLearn: what a picture shows is learned from random maps, frozen and tuned, nearly as it is; the trunk stays as it is, and twice is the same.
func TestLearn(t *testing.T) {
	e := encoder(t)
	before := layers.Size(e.Trunk)
	first := append([]float32(nil), layers.State(e.Trunk)[0].Value.Data...)
	train, test := tiles{n: 96, seed: 1}.dataset(), tiles{n: 24, seed: 2}.dataset()
	l := Learning{Updates: 60}
	drawn := map[string]eval.Drawing{}
	o := eval.Options{Drawn: func(_ eval.Encoder, d eval.Drawing) error { drawn[d.Name] = d; return nil }}
	for _, c := range []struct {
		p     eval.Tuner
		least map[string]float64 // of the best stage
		most  map[string]float64
	}{
		{Depth{Learning: Learning{Updates: 90}}, map[string]float64{"delta<1.25": 0.9}, map[string]float64{"RMSE": 1.2, "abs rel": 0.1}},
		{Depth{Inverse: true, Learning: l}, map[string]float64{"delta<1.25": 0.85}, nil},
		{Normals{Codewords: 4, Learning: l}, map[string]float64{"within 11.25°": 0.85}, map[string]float64{"median angle": 8, "mean angle": 12}},
		{Normals{Regression: true, Learning: l}, map[string]float64{"within 22.5°": 0.85}, nil},
		{Segment{l}, map[string]float64{"mIoU": 0.85, "pixel accuracy": 0.9}, nil},
		{Segment{Learning{Dilated: true, Updates: 60}}, map[string]float64{"pixel accuracy": 0.9}, nil},
		// the last stage has two by two positions for four by four tiles
		{Segment{Learning{Tune: true, Updates: 60, LR: 3e-3}}, map[string]float64{"pixel accuracy": 0.62}, nil},
	} {
		all, err := eval.Judge(ctx, []eval.Encoder{e}, train, test, []eval.Protocol{c.p}, o)
		if err != nil {
			t.Fatalf("%+v: %v", c.p, err)
		}
		best := map[string]eval.Score{}
		for _, s := range all {
			if b, ok := best[s.Metric.Name]; !ok || s.Metric.Better(s.Value, b.Value) {
				best[s.Metric.Name] = s
			}
			if s.Test != 24 || s.Train != 96 || s.Settings["measure"] != s.Metric.Name || s.Interval == nil || s.Interval[0] > s.Value || s.Interval[1] < s.Value || s.Metric.Predictor == "" {
				t.Errorf("%+v", s)
			}
		}
		for name, least := range c.least {
			if s := best[name]; !(s.Value >= least) || !(s.Trivial < 0.75) {
				t.Errorf("%s %v: %s is %.3f, trivially %.3f; want at least %.3f", c.p.Name(), all[0].Settings, name, s.Value, s.Trivial, least)
			}
		}
		for name, most := range c.most {
			if s := best[name]; !(s.Value <= most) || !(s.Trivial > 1.5*most) {
				t.Errorf("%s %v: %s is %.3f, trivially %.3f; want at most %.3f", c.p.Name(), all[0].Settings, name, s.Value, s.Trivial, most)
			}
		}
		stages, tuned := len(e.Trunk.Stages), all[0].Stage == "tuned"
		if n := len(all) / len(best); !tuned && n != stages || tuned && n != 1 {
			t.Errorf("%s: %d scores of %d measures", c.p.Name(), len(all), len(best))
		}
		if d := drawn[c.p.Name()]; d.Image == nil || d.Title == "" || !strings.Contains(d.About, ".") {
			t.Errorf("%s drew %+v", c.p.Name(), d)
		}
	}
	if layers.Size(e.Trunk) != before || !reflect.DeepEqual(first, layers.State(e.Trunk)[0].Value.Data) {
		t.Error("the encoder's trunk was changed")
	}
	var twice [2][]eval.Score
	for k := range twice {
		var err error
		if twice[k], err = (Depth{Learning: Learning{Updates: 6}}).Tune(ctx, e, train, test, eval.Options{Last: true}); err != nil {
			t.Fatal(err)
		}
	}
	if len(twice[0]) != 6 || twice[0][3].Value != twice[1][3].Value {
		t.Errorf("twice: %v, %v", twice[0], twice[1])
	}
}

// TestHeatMaps: a joint that stands out is found, and what is measured is that of eval's key points.
func TestHeatMaps(t *testing.T) {
	train, test := tiles{n: 192, seed: 1}.dataset(), tiles{n: 48, seed: 5}.dataset()
	for _, d := range []*data.Dataset{train, test} {
		n := nosed{d.Images.(tiles)}
		d.Images, d.Truth.KeyPoints = n, n
	}
	all, err := eval.Judge(ctx, []eval.Encoder{encoder(t)}, train, test, []eval.Protocol{HeatMaps{Size: "box", Learning: Learning{Updates: 90}}}, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	best := 0.0
	for _, s := range all {
		if s.Metric.Name == "PCK@0.2" {
			best = max(best, s.Value)
			if s.Trivial > 0.5 || s.Metric.Predictor != "likeliest place" || s.Settings["head"] != "heatmap" || s.Protocol != "keypoints" {
				t.Errorf("%+v", s)
			}
		}
	}
	if best < 0.8 {
		t.Errorf("PCK@0.2 is %.3f", best)
	}
	for _, at := range [][2]float64{{0, 0}, {0.31, -0.2}, {-0.44, 0.47}} {
		m, to := make([]float32, 32*32), make([]float32, 2)
		gaussian(m, 32, at[0], at[1], usualSigma)
		sum := 0.0
		for k, v := range m {
			sum += float64(v)
			m[k] = float32(math.Log(float64(v) + 1e-30))
		}
		likeliest(to, m, 32, usualSigma)
		// within two deviations on either side of a position, the mean lies at most a sixth of one beside the Gaussian's; at an edge there is less of it
		if within := 0.01 + 0.02*math.Round(math.Abs(at[1])+0.04); math.Abs(float64(to[0])-at[0]) > within || math.Abs(float64(to[1])-at[1]) > within || math.Abs(sum-1) > 1e-5 {
			t.Errorf("a Gaussian around %v is found at %v, its sum is %g", at, to, sum)
		}
	}
}

// nosed are dark pictures with one bright spot, a joint; two more that are not seen say how large the figure is.
type nosed struct{ tiles }

func (s nosed) spot(i int) (x, y int) {
	rng := tensor.NewRNG(s.seed).Derive(uint64(i))
	return 5 + rng.IntN(14), 1 + rng.IntN(14)
}

func (s nosed) Image(i int) (*data.Image, error) {
	im := data.NewImage(16, tilesWide)
	x, y := s.spot(i)
	for k := range 9 {
		copy(im.Pix[3*((y-1+k/3)*tilesWide+x-1+k%3):], []uint8{255, 255, 255})
	}
	return im, nil
}

func (s nosed) KeyPoints(i int) ([]data.KeyPoint, error) {
	x, y := s.spot(i)
	return []data.KeyPoint{{Name: "nose", X: float32(x) + 0.5, Y: float32(y) + 0.5}, {Name: "low", X: 3.5, Y: 0.5}, {Name: "high", X: 20.5, Y: 15.5}}, nil
}

// TestMirror: a truth is turned as the picture is, and a normal that faces left faces right.
func TestMirror(t *testing.T) {
	x := []float32{1, 0, 0, 0, 1, 0, 0, 0, 1, 0.6, 0, -0.8}
	mirror(x, 2)
	(&normals{}).turn(x)
	for k, want := range []float32{0, 1, 0, -1, 0, 0, -0.6, 0, -0.8, 0, 0, 1} {
		if x[k] != want {
			t.Errorf("value %d of %v, want %g", k, x, want)
		}
	}
}

// TestMistakes: what data lacks is one sentence; what of it cannot be used is left out and said.
func TestMistakes(t *testing.T) {
	e, good := encoder(t), tiles{n: 40, seed: 1}.dataset()
	l := Learning{Updates: 2}
	bare := &data.Dataset{Name: "bare", Inputs: data.Inputs{Images: tiles{n: 2}}}
	for _, p := range []eval.Protocol{Depth{}, Normals{}, Segment{}, HeatMaps{}} {
		err := eval.Check([]eval.Protocol{p}, bare, bare)
		if err == nil || !strings.Contains(err.Error(), "there are no pictures with") {
			t.Errorf("%s of pictures alone: %v", p.Name(), err)
		}
		if err := eval.Check([]eval.Protocol{p}, good, good); err != nil {
			t.Errorf("%s: %v", p.Name(), err)
		}
	}
	for _, c := range []struct {
		p     eval.Tuner
		wrong string
		words string
	}{
		{Depth{Learning: l}, "smaller", "tiles 1: the depth known of it is of 24x15 pixels, the picture has 24x16"},
		{Normals{Learning: l}, "smaller", "tiles 1: the surface normal known of it is of 24x15"},
		{Depth{Learning: l}, "nothing", "the depth is known of no pixel that is seen"},
		{Segment{l}, "nothing", "the class is known of no pixel"},
		{Segment{l}, "one", `all pixels of the training samples are of one class, "wall"`},
		{HeatMaps{Learning: l}, "nothing", "no joint of the training samples is known and seen"},
	} {
		_, err := c.p.Tune(ctx, e, tiles{n: 40, seed: 1, wrong: c.wrong}.dataset(), good, eval.Options{})
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s, %s: %v, want %q", c.p.Name(), c.wrong, err, c.words)
		}
		if c.wrong != "one" {
			_, err = c.p.Tune(ctx, e, good, tiles{n: 40, seed: 1, wrong: c.wrong}.dataset(), eval.Options{})
			if err == nil {
				t.Errorf("%s, %s of the test samples: no error", c.p.Name(), c.wrong)
			}
		}
	}
	var said, bad []string
	o := eval.Options{MaxBad: 0.1, Say: func(s string) { said = append(said, s) }, Bad: func(_ int, err error) { bad = append(bad, err.Error()) }}
	s, err := Depth{Learning: l}.Tune(ctx, e, tiles{n: 40, seed: 1, wrong: "smaller"}.dataset(), tiles{n: 40, seed: 1, wrong: "unknown"}.dataset(), o)
	if err != nil || s[0].Train != 39 || s[0].Test != 20 || s[0].Found["test_unknown"] != 20 || len(bad) != 1 || len(said) != 1 || !strings.Contains(said[0], "of 20 of 40 test samples the depth is known of no pixel") {
		t.Errorf("%+v, %v; said %q, broken %q", s, err, said, bad)
	}
}

func TestProtocols(t *testing.T) {
	usual := Learning{Updates: 600, BatchSize: 32, LR: 0.01}
	dilated := usual
	dilated.Dilated = true
	for of, want := range map[string]eval.Protocol{
		"depth":                       Depth{Learning: usual},
		"depth?of=inverse&tune=yes":   Depth{Inverse: true, Learning: Learning{Tune: true, Updates: 600, BatchSize: 32, LR: 0.001}},
		"normals?codewords=7":         Normals{Codewords: 7, Learning: usual},
		"segment":                     Segment{dilated},
		"segment?head=linear&batch=2": Segment{Learning{Updates: 600, BatchSize: 2, LR: 0.01}},
		"keypoints?head=dilated":      HeatMaps{Sigma: usualSigma, Learning: dilated},
		"keypoints?size=box":          eval.KeyPoints{Size: "box", Decays: []float64{1e-3, 1e-2, 0.1, 1, 10}, Iterations: 100},
	} {
		if p, err := eval.NewProtocol(of, Protocols()...); err != nil || !reflect.DeepEqual(p, want) {
			t.Errorf("%s: %+v, %v; want %+v", of, p, err, want)
		}
	}
	for of, words := range map[string]string{"depth?head=deep": "linear or dilated", "normals?as=regression&codewords=3": "goes with as=codewords", "segment?updates=0": "updates=0",
		"keypoints?updates=3": "updates does not go with head=linear", "keypoints?head=heatmap&decays=1": "decays does not go with head=heatmap"} {
		if _, err := eval.NewProtocol(of, Protocols()...); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %q", of, err, words)
		}
	}
}
