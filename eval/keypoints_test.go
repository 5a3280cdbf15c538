package eval

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// joints are what is known about pictures of some sizes.
type joints struct {
	points [][]data.KeyPoint
	sizes  [][2]int
}

func (j joints) KeyPoints(i int) ([]data.KeyPoint, error) { return j.points[i], nil }
func (j joints) Size(i int) (h, w int, err error)         { return j.sizes[i][0], j.sizes[i][1], nil }

// numbers are 0 to n-1.
func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// TestPCK: what an independent implementation says of made-up joints and guesses. Reference: testdata/pck.json, made by testdata/pck.py.
func TestPCK(t *testing.T) {
	var g struct {
		Names  []string
		People []struct {
			H, W      int
			At, Guess [][2]float32
			Known     []bool
		}
		Want map[string]map[string]float64
	}
	golden.Load(t, "testdata/pck.json", &g)
	var all joints
	for _, p := range g.People {
		var points []data.KeyPoint
		for j, name := range g.Names {
			if p.Known[j] {
				points = append(points, data.KeyPoint{Name: name, X: p.At[j][0], Y: p.At[j][1]})
			}
		}
		all.points, all.sizes = append(all.points, points), append(all.sizes, [2]int{p.H, p.W})
	}
	s := Sample{Features{Index: numbers(len(g.People))}, data.Truth{KeyPoints: all, Sizes: all}}
	truth, err := s.Pose(nil)
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for j, name := range g.Names {
		at[plainName(name)] = j
	}
	guess := func(row, j int) (x, y float64) {
		p := g.People[row]
		q, side := p.Guess[at[truth.Names[j]]], float64(min(p.H, p.W))
		return (float64(q[0]) - float64(p.W)/2) / side, (float64(q[1]) - float64(p.H)/2) / side
	}
	for size, want := range g.Want {
		for _, m := range append(measures(size, false), measure{"PCKh@0.5", size, withinPart(0.5)}) {
			got, err := m.judge(truth, guess)
			if err != nil || math.Abs(got.value-want[m.name]) > 1e-6 {
				t.Errorf("%s by %s: %.9f, %v; want %.9f", m.name, size, got.value, err, want[m.name])
			}
			n, skipped := 0, 0
			for _, p := range got.parts {
				n, skipped = n+p.N, skipped+p.Skipped
				if p.Name == "hip" && (p.N != int(want["hips"]) || m.name == "PCK@0.2" && math.Abs(p.Value-want["hip@0.2"]) > 1e-9) {
					t.Errorf("hips by %s: %+v, want %v", size, p, want)
				}
			}
			if n != int(want["n"]) || skipped != int(want["skipped"]) {
				t.Errorf("%s: %d joints and %d skipped, want %v", size, n, skipped, want)
			}
		}
	}
}

// TestMeasures at their edges.
func TestMeasures(t *testing.T) {
	m := measures("torso", true)
	for i, want := range [][]float64{{1, 1, 0, 0, 0}, {1, 1, 1, 0, 0}, {1, 0.5, 0.25, 0, 0}, {1, 1, 1, 1, 0}} {
		for k, d := range []float64{0, 0.1, 0.15, 0.5, 0.51} {
			if got := m[i].of(d); math.Abs(got-want[k]) > 1e-12 {
				t.Errorf("%s at %g is %g, want %g", m[i].name, d, got, want[k])
			}
		}
	}
}

// dots are pictures of a left and a right hip, shoulders and a head, as dots of their colours on grey, a figure anywhere.
type dots struct {
	n, side int
	seed    uint64
}

func (d dots) Len() int              { return d.n }
func (d dots) Describe(i int) string { return fmt.Sprint("dots ", i) }
func (d dots) Size(int) (h, w int, err error) {
	return d.side, d.side, nil
}

func (d dots) KeyPoints(i int) ([]data.KeyPoint, error) {
	rng := tensor.NewRNG(d.seed).Derive(uint64(i))
	s := float32(d.side)
	x, y := rng.Uniform(0.25, 0.75)*s, rng.Uniform(0.25, 0.75)*s
	return []data.KeyPoint{{Name: "left hip", X: x - 0.1*s, Y: y + 0.15*s}, {Name: "right_hip", X: x + 0.1*s, Y: y + 0.15*s},
		{Name: "left shoulder", X: x - 0.1*s, Y: y - 0.15*s}, {Name: "right shoulder", X: x + 0.1*s, Y: y - 0.15*s}}, nil
}

func (d dots) Image(i int) (*data.Image, error) {
	im := data.NewImage(d.side, d.side)
	for k := range im.Pix {
		im.Pix[k] = 90
	}
	points, _ := d.KeyPoints(i)
	for k, q := range points {
		for y := int(q.Y) - 1; y <= int(q.Y)+1; y++ {
			for x := int(q.X) - 1; x <= int(q.X)+1; x++ {
				if x >= 0 && y >= 0 && x < d.side && y < d.side {
					copy(im.Pix[(y*d.side+x)*3:], [][]uint8{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 0}}[k])
				}
			}
		}
	}
	return im, nil
}

func (d dots) dataset(name string) *data.Dataset {
	return &data.Dataset{Name: name, Fingerprint: name, Inputs: data.Inputs{Images: d}, Truth: data.Truth{KeyPoints: d, Sizes: d}}
}

// TestKeyPointsLearn: features that say where things are give their places away to a linear map: pixels far better than the mean place, a constant feature
// no better; a trunk that learns is far better than at first, and its own weights stay as they were.
func TestKeyPointsLearn(t *testing.T) {
	train, test := dots{300, 16, 1}.dataset("train"), dots{80, 16, 2}.dataset("test")
	in := Views{Side: 16, Norm: data.HalfNorm}
	trunk, err := layers.NewTrunk("convnet", tensor.NewRNG(1), 3)
	if err != nil {
		t.Fatal(err)
	}
	encoders := []Encoder{Pixels{in}, &TrunkEncoder{Label: "random", Trunk: trunk, Input: in}}
	before := slices.Clone(layers.State(trunk)[0].Value.Data)
	s, err := Judge(ctx, encoders, train, test, []Protocol{KeyPoints{}, KeyPoints{Tuning: Tuning{On: true, Epochs: 12, LR: 5e-3}}}, Options{Last: true})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(before, layers.State(trunk)[0].Value.Data) {
		t.Error("fine-tuning changed the encoder's trunk")
	}
	at := map[string]Score{}
	for _, x := range s {
		at[x.Features+" "+x.Stage+" "+x.Metric.Name] = x
	}
	if len(s) != 12 || len(at) != 12 {
		t.Fatalf("%d scores: %v", len(s), at)
	}
	for what, least := range map[string]float64{"pixels pixels PCK@0.2": 0.9, "pixels pixels PCK AUC": 0.5, "random tuned PCK@0.2": 0.8} {
		x := at[what]
		t.Logf("%s %.3f %v, mean place %.3f", what, x.Value, *x.Interval, x.Trivial)
		if !(x.Value > least && x.Trivial < 0.25) || !(x.Interval[0] <= x.Value && x.Value <= x.Interval[1]) {
			t.Errorf("%s: %+v", what, x)
		}
	}
	x := at["pixels pixels PCK@0.2"]
	if x.Metric.Predictor != "mean place" || x.Settings["person_size"] != "torso" || x.Train != 300 || x.Test != 80 || len(x.Parts) != 2 || x.Parts[0].Name != "hip" || x.Parts[0].N != 160 {
		t.Errorf("%+v", x)
	}
	if y := at["random tuned PCK@0.2"]; y.Settings["tune"] != true || y.Depth != 4 || y.Found["updates"] != 12*9 || y.Made() == x.Made() {
		t.Errorf("%+v", y)
	}
	again, err := Judge(ctx, encoders[1:], train, test, []Protocol{KeyPoints{Tuning: Tuning{On: true, Epochs: 2}}, KeyPoints{Tuning: Tuning{On: true, Epochs: 2}}}, Options{})
	if err != nil || again[0].Value != again[4].Value || again[3].Value != again[7].Value {
		t.Errorf("fine-tuned twice: %+v, %v", again, err)
	}
	// features that say nothing: the mean place
	same := sampleOf(rows(1, make([]float32, 300)...), nil, nil)
	same.Truth, same.Grid = train.Truth, same.Pooled
	none, err := KeyPoints{}.Scores(ctx, same, same)
	if err != nil || math.Abs(none[1].Value-none[1].Trivial) > 1e-9 {
		t.Errorf("%+v, %v", none, err)
	}
}

func TestKeyPointsMistakes(t *testing.T) {
	p, err := NewProtocol("keypoints?size=box&decays=1,2&tune=yes&epochs=3&lr=0.01&batch=8&seed=4", KeyPointsKind)
	if want := (KeyPoints{"box", []float64{1, 2}, 100, 4, Tuning{On: true, Epochs: 3, BatchSize: 8, LR: 0.01, Optimizer: "adamw", Layerwise: 1}}); err != nil || !reflect.DeepEqual(p, want) {
		t.Errorf("%+v, %v", p, err)
	}
	_, err = NewProtocol("keypoints?epochs=3", KeyPointsKind)
	wantError(t, err, "option epochs goes with tune=yes")
	bare := data.Dataset{Name: "bare"}
	wantError(t, Check([]Protocol{KeyPoints{}}, &bare, &bare), "no pictures with joints")
	none := joints{make([][]data.KeyPoint, 2), make([][2]int, 2)}
	s := sampleOf(rows(1, 1, 2), nil, nil)
	s.Truth = data.Truth{KeyPoints: none, Sizes: none}
	_, err = KeyPoints{}.Scores(ctx, s, s)
	wantError(t, err, "no sample has a joint")
	d := dots{2, 16, 1}
	s.Truth = data.Truth{KeyPoints: d, Sizes: d}
	other := s
	other.Truth = data.Truth{KeyPoints: joints{[][]data.KeyPoint{{{Name: "wing", X: 8, Y: 8}}, nil}, [][2]int{{16, 16}, {16, 16}}}, Sizes: d}
	_, err = KeyPoints{}.Scores(ctx, s, other)
	wantError(t, err, "no test sample has a joint that is seen")
	_, err = KeyPoints{Size: "torso"}.Scores(ctx, other, other)
	wantError(t, err, "torso")
	if got, err := (KeyPoints{}).Scores(ctx, other, other); err == nil || !strings.Contains(err.Error(), "box") {
		t.Errorf("a person of one joint has no size: %+v, %v", got, err)
	}
}

// TestMirror: left and right change places, and with them the joints' names.
func TestMirror(t *testing.T) {
	x := tensor.From([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 2, 3, 2)
	mirror(x)
	if fmt.Sprint(x.Data) != "[5 6 3 4 1 2 11 12 9 10 7 8]" {
		t.Errorf("%v", x.Data)
	}
	p := Posed{Names: []string{"head", "left hip", "left paw", "right hip"}}
	if got := p.Mirrored(); fmt.Sprint(got) != "[0 3 2 1]" {
		t.Errorf("%v", got)
	}
}
