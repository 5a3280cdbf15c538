package eval

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// TestNearestClips by hand: training films at 0°, 10°, 20° and 90°, of recordings a, b, c and d.
func TestNearestClips(t *testing.T) {
	at := func(degrees ...float64) *tensor.Tensor {
		x := tensor.New(len(degrees), 2)
		for i, d := range degrees {
			s, c := math.Sincos(d * math.Pi / 180)
			x.Data[2*i], x.Data[2*i+1] = float32(c), float32(s)
		}
		return x
	}
	train := sampleOf(at(0, 10, 20, 90), []string{"run", "jump"}, []int{0, 1, 1, 0})
	test := sampleOf(at(1, 2, 85), []string{"jump", "run"}, []int{1, 1, 0}) // run, run, jump
	s, err := Action{}.Judge(ctx, train, test)
	if err != nil || s.Value != 2.0/3 || s.Trivial != 0.5 || s.Settings["apart"] != "no" || s.Train != 4 || s.Test != 3 || s.Interval == nil {
		t.Errorf("%+v, %v", s, err)
	}
	if len(s.Parts) != 1 || s.Parts[0].Value != 2.0/3 || s.Metric.Predictor != "random film" || s.Title() != "action" {
		t.Errorf("%+v", s)
	}
	// the first film is of the recording of the one at 0°: its nearest is then a jump, and one of three others a run
	train.Truth.Groups = map[string]data.Labels{"recording": labelled{[]string{"a", "b", "c", "d"}, []int{0, 1, 2, 3}}}
	test.Truth.Groups = map[string]data.Labels{"recording": labelled{[]string{"x", "a", "y"}, []int{1, 0, 2}}}
	s, err = Action{}.Judge(ctx, train, test)
	if err != nil || s.Value != 1.0/3 || math.Abs(s.Trivial-(1.0/3+0.5+0.5)/3) > 1e-12 || s.Settings["apart"] != "recording" {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = (Action{Apart: "no"}).Judge(ctx, train, test); err != nil || s.Value != 2.0/3 {
		t.Errorf("%+v, %v", s, err)
	}
	_, err = Action{Apart: "place"}.Judge(ctx, train, test)
	wantError(t, err, "apart=place")
	// five of ten: the class comes among the nearest five
	many, labels := at(0, 1, 2, 3, 4, 5, 6), []int{1, 1, 1, 0, 1, 1, 1}
	train, test = sampleOf(many, []string{"run", "jump"}, labels), sampleOf(at(0), []string{"run"}, []int{0})
	if s, err = (Action{}).Judge(ctx, train, test); err != nil || s.Value != 0 || len(s.Parts) != 2 || s.Parts[1] != (Part{Name: "among the 5 nearest", Value: 1, N: 1}) {
		t.Errorf("%+v, %v", s, err)
	}
	if p, err := NewProtocol("action?tune=yes&epochs=4&seed=2&apart=no"); err != nil || !reflect.DeepEqual(p, Action{"no", 2, Tuning{On: true, Epochs: 4, BatchSize: 32, Optimizer: "adamw", Layerwise: 1}}) {
		t.Errorf("%+v, %v", p, err)
	}
}

// gaits are films of a white dot that goes up and down, or left and right, about any place: no frame by itself tells which.
type gaits struct {
	n    int
	seed uint64
}

func (g gaits) Len() int                     { return g.n }
func (g gaits) Describe(i int) string        { return fmt.Sprint("gait ", i) }
func (g gaits) Times(int) ([]float64, error) { return []float64{0, 1, 2, 3, 4, 5, 6, 7}, nil }
func (g gaits) Classes() []string            { return []string{"up and down", "left and right"} }
func (g gaits) Label(i int) int              { return i % 2 }

func (g gaits) Clip(i int, frames []int, each func(k int, im *data.Image) error) error {
	rng := tensor.NewRNG(g.seed).Derive(uint64(i))
	x, y := 4+rng.IntN(8), 4+rng.IntN(8)
	for k, t := range frames {
		im := data.NewImage(16, 16)
		q, p := y, x
		if by := []int{-3, -1, 1, 3, 3, 1, -1, -3}[t]; g.Label(i) == 0 {
			q += by
		} else {
			p += by
		}
		for dy := range 2 {
			for dx := range 2 {
				copy(im.Pix[((q+dy)*16+p+dx)*3:], []uint8{255, 255, 255})
			}
		}
		if err := each(k, im); err != nil {
			return err
		}
	}
	return nil
}

// TestActionTuned: films whose movement alone tells their class are learned by fine-tuning a trunk of clips, and every protocol takes films.
func TestActionTuned(t *testing.T) {
	of := func(g gaits, name string) *data.Dataset {
		return &data.Dataset{Name: name, Fingerprint: name, Inputs: data.Inputs{Clips: g}, Truth: data.Truth{Labels: g}}
	}
	train, test := of(gaits{120, 1}, "train"), of(gaits{40, 2}, "test")
	for name, c := range map[string]struct {
		epochs int
		least  float64
	}{"convnet3d": {5, 0.9}, "convnet": {1, 0}} {
		trunk, err := layers.NewTrunk(name, tensor.NewRNG(1), 3)
		if err != nil {
			t.Fatal(err)
		}
		e := &TrunkEncoder{Label: "random", Trunk: trunk, Input: Views{Side: 16, Norm: data.HalfNorm, Frames: 8}}
		protocols := []Protocol{Action{Tuning: Tuning{On: true, Epochs: c.epochs, BatchSize: 16}}, Action{}, KNN{}, Probe{Iterations: 3, Decays: []float64{1}}, Purity{}}
		s, err := Judge(ctx, []Encoder{e, Pixels{e.Input}}, train, test, protocols, Options{Last: true})
		if err != nil || len(s) != 9 {
			t.Fatalf("%s: %d scores, %v", name, len(s), err)
		}
		x := s[0]
		t.Logf("%s: %.3f %v", name, x.Value, *x.Interval)
		if !(x.Value >= c.least) || x.Trivial != 0.5 || x.Stage != "tuned" || x.Settings["frames"] != 8 || x.Train != 120 || x.Test != 40 || x.Interval == nil {
			t.Errorf("%s: %+v", name, x)
		}
	}
}
