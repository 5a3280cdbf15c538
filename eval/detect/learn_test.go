package detect

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// encoder is a convnet of random weights.
func encoder(t *testing.T, side int) *eval.TrunkEncoder {
	t.Helper()
	trunk, err := layers.NewTrunk("convnet", tensor.NewRNG(1), 3)
	if err != nil {
		t.Fatal(err)
	}
	return &eval.TrunkEncoder{Label: "random", Trunk: trunk, Input: eval.Views{Side: side, Norm: data.HalfNorm}}
}

// TestLearns: each detector finds again the objects of the pictures that it learned from, and more than one that does not look.
func TestLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: takes a minute")
	}
	d, err := data.Open("scenes:?n=24&side=48&objects=1", data.Train)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p     Detect
		least float64
	}{
		{Detect{Epochs: 40, Augment: "no", Channels: 16, LR: 5e-3, BatchSize: 8}, 0.7},
		{Detect{Head: "rcnn", Epochs: 60, Augment: "no", Channels: 32, LR: 3e-3, BatchSize: 8}, 0.5},
	} {
		scores, err := c.p.Tune(context.Background(), encoder(t, 48), d, d, eval.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := scores[0]
		t.Logf("%s: AP50 %.3f, trivial %.3f, AP %.3f, in %.0f s", c.p.filled().Head, s.Value, s.Trivial, scores[1].Value, s.Seconds)
		if s.Value < c.least || s.Trivial > c.least/2 {
			t.Errorf("%+v: AP50 %.3f, want at least %.2f, and of who does not look less than half of it: %.3f", c.p, s.Value, c.least, s.Trivial)
		}
	}
}

// TestFrozenAndKept: a frozen trunk stays as it is, what was learned is kept whole, and comes back to find the same boxes; C4 is asked too.
func TestFrozenAndKept(t *testing.T) {
	d, err := data.Open("scenes:?n=4&side=32&objects=1", data.Train)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []Detect{{Freeze: true, Epochs: 2, Channels: 8}, {Head: "rcnn", Neck: "c4", Freeze: true, Epochs: 1, Channels: 8}} {
		e := encoder(t, 32)
		var kept eval.Learned
		drawn := 0
		o := eval.Options{Learned: func(_ eval.Encoder, l eval.Learned) error { kept = l; return nil },
			Drawn: func(_ eval.Encoder, d eval.Drawing) error { drawn = d.Image.Bounds().Dx(); return nil }}
		scores, err := p.Tune(context.Background(), e, d, d, o)
		if err != nil {
			t.Fatal(err)
		}
		if scores[0].Stage != "frozen" || drawn < drawnSide {
			t.Errorf("stage %q, a picture of %d pixels", scores[0].Stage, drawn)
		}
		own, learned := map[string]*tensor.Tensor{}, map[string]*tensor.Tensor{}
		for _, p := range layers.State(e.Trunk) {
			own[p.Name] = p.Value
		}
		of := 0
		for _, p := range layers.State(kept.Net) {
			learned[p.Name] = p.Value
			name := strings.TrimPrefix(strings.TrimPrefix(p.Name, "pyramid."), "trunk.")
			if w := own[name]; strings.Contains(p.Name, "trunk.") && w != nil {
				of++
				if !slices.Equal(w.Data, p.Value.Data) {
					t.Errorf("%s has changed, frozen", p.Name)
				}
			}
		}
		if of != len(own) {
			t.Errorf("%d of the trunk's %d tensors are kept", of, len(own))
		}
		trunk, err := layers.NewTrunk("convnet", tensor.NewRNG(9), 3)
		if err != nil {
			t.Fatal(err)
		}
		back, err := New(trunk, kept.About)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range layers.State(back) {
			if learned[p.Name] == nil {
				t.Fatalf("%s is not kept", p.Name)
			}
			copy(p.Value.Data, learned[p.Name].Data)
		}
		tensor.Changed()
		x := tensor.NewRNG(4).FillNormal(tensor.New(1, 32, 32, 3), 0, 1)
		a, b := kept.Net.(detector).Find(autograd.NewInference().Input(x)), back.net.Find(autograd.NewInference().Input(x))
		if len(a[0]) == 0 || !slices.Equal(a[0], b[0]) {
			t.Errorf("%s finds %d boxes, and %d of the one that came back; want the same, one at least", p.filled().Head, len(a[0]), len(b[0]))
		}
	}
	for what, about := range map[string]map[string]string{
		"nothing":   {},
		"no side":   {"detector": "detect", "classes": `["a"]`, "side": "0", "norm": "half"},
		"no class":  {"detector": "detect", "classes": `[]`, "side": "32", "norm": "half"},
		"no option": {"detector": "detect?head=x", "classes": `["a"]`, "side": "32", "norm": "half"},
		"other":     {"detector": "knn", "classes": `["a"]`, "side": "32", "norm": "half"},
	} {
		if _, err := New(encoder(t, 32).Trunk, about); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestBoxesFollow: where a white rectangle goes when a picture is mirrored or jittered, its box goes too.
func TestBoxesFollow(t *testing.T) {
	s := seeing{40, data.HalfNorm}
	b := Box{10, 4, 26, 14}
	im := data.NewImage(40, 40)
	for y := int(b[1]); y < int(b[3]); y++ {
		for x := int(b[0]); x < int(b[2]); x++ {
			copy(im.Pix[(y*40+x)*3:], []uint8{255, 255, 255})
		}
	}
	check := func(im *data.Image, o []Object) {
		t.Helper()
		seen := Box{40, 40, 0, 0}
		for y := range im.H {
			for x := range im.W {
				if im.Pix[(y*im.W+x)*3] > 190 {
					seen = Box{min(seen[0], float32(x)), min(seen[1], float32(y)), max(seen[2], float32(x+1)), max(seen[3], float32(y+1))}
				}
			}
		}
		if len(o) != 1 {
			if !seen.empty() && seen.area() > 0.4*b.area()*mostZoom*mostZoom {
				t.Errorf("%d boxes where %v is seen", len(o), seen)
			}
			return
		}
		for k := range seen {
			if d := seen[k] - o[0].Box[k]; d > 1.5 || d < -1.5 {
				t.Errorf("the box is %v where %v is seen", o[0].Box, seen)
				return
			}
		}
	}
	check(mirrored(im, []Object{{b, 0}}))
	rng, left := tensor.NewRNG(2), 0
	for range 200 {
		im, o := s.jitter(im, []Object{{b, 0}}, rng)
		left += len(o)
		check(im, o)
	}
	if left < 150 {
		t.Errorf("of 200 jittered boxes %d are left", left)
	}
}

// TestShown: pictures are shown whole, and what is found comes back to where it was.
func TestShown(t *testing.T) {
	s := seeing{64, data.HalfNorm}
	for _, size := range [][2]int{{30, 90}, {200, 50}, {64, 64}, {1, 700}} {
		im := s.of(data.NewImage(size[0], size[1]))
		if im.H != 64 || im.W != 64 {
			t.Fatalf("%v is shown as %d by %d", size, im.W, im.H)
		}
		sx, sy := s.scale(size[0], size[1])
		b := Box{1 * sx, 0, 20 * sx, 1 * sy}
		back := s.back([]Found{{Object{b, 0}, 1}}, size[0], size[1])
		if d := back[0].Box[2] - 20; d > 1e-3 || d < -1e-3 {
			t.Errorf("%v: 20 comes back as %g", size, back[0].Box[2])
		}
	}
}

// TestAssigned: a position is for the smallest object around it, near its middle, of the size that its map is for.
func TestAssigned(t *testing.T) {
	inf := float32(math.Inf(1))
	objects := []Object{{Box{0, 0, 40, 40}, 0}, {Box{10, 10, 30, 30}, 1}}
	for _, c := range []struct {
		at   position
		want int
	}{
		{position{20, 20, 4, 0, 16}, 1},
		{position{20, 20, 8, 16, inf}, 0},
		{position{27, 20, 4, 0, inf}, ground}, // too far from both middles
		{position{50, 50, 8, 0, inf}, ground},
	} {
		if got := assigned([]position{c.at}, objects)[0]; got != c.want {
			t.Errorf("%+v finds %d, want %d", c.at, got, c.want)
		}
	}
	if v := centralness(position{x: 20, y: 20}, objects[0].Box); v != 1 {
		t.Errorf("the middle is %g", v)
	}
}

// TestNeeds: what data lacks is said.
func TestNeeds(t *testing.T) {
	with, err := data.Open("scenes:?n=4&side=32", data.Train)
	if err != nil {
		t.Fatal(err)
	}
	without, none, unnamed, films := *with, *with, *with, *with
	without.Truth.Boxes, none.Truth.Boxes, unnamed.Truth.Labels, films.Images = nil, noBoxes{}, nil, nil
	unnamed.Truth.Boxes = noBoxes{}
	for what, d := range map[string]*data.Dataset{"has no boxes": &without, "have no classes": &unnamed, "has no pictures": &films} {
		if err := (Detect{}).Needs(d, with); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	other := *with
	other.Truth.Boxes = someBoxes{}
	if err := (Detect{}).Needs(with, &other); err == nil || !strings.Contains(err.Error(), `the class "thing" of test boxes`) {
		t.Errorf("a class that only test pictures have: %v", err)
	}
	if err := (Detect{}).Needs(with, with); err != nil {
		t.Error(err)
	}
	if _, err := (Detect{}).Tune(context.Background(), encoder(t, 32), with, &none, eval.Options{}); err == nil || !strings.Contains(err.Error(), "there is no box") {
		t.Errorf("no boxes: %v", err)
	}
	if _, err := (Detect{LR: 1e6, Epochs: 5, Channels: 8}).Tune(context.Background(), encoder(t, 32), with, with, eval.Options{}); err == nil || !strings.Contains(err.Error(), "smaller lr") {
		t.Errorf("a loss of nothing: %v", err)
	}
	small := Detect{Channels: 8, Epochs: 1, Side: 2}
	if _, err := small.Tune(context.Background(), encoder(t, 32), with, with, eval.Options{}); err != nil {
		t.Errorf("pictures smaller than the strides: %v", err)
	}
}

type noBoxes struct{}

func (noBoxes) Boxes(int) ([]data.Box, error) { return nil, nil }
func (noBoxes) Classes() []string             { return nil }

// someBoxes are the same boxes in each picture, of one class.
type someBoxes []data.Box

func (b someBoxes) Boxes(int) ([]data.Box, error) { return b, nil }
func (someBoxes) Classes() []string               { return []string{"thing"} }

// TestWhatCounts: what is difficult or a crowd is not learned from, what is empty or of no class is left out, and an unknown class is an error.
func TestWhatCounts(t *testing.T) {
	d, err := data.Open("scenes:?n=2&side=32", data.Train)
	if err != nil {
		t.Fatal(err)
	}
	of := *d
	of.Truth.Boxes = someBoxes{{X0: 1, Y0: 1, X1: 9, Y1: 50}, {X0: 2, Y0: 2, X1: 8, Y1: 8, Difficult: true}, {X0: 2, Y0: 2, X1: 8, Y1: 8, Crowd: true},
		{X0: 5, Y0: 5, X1: 5, Y1: 9}, {X0: 40, Y0: 1, X1: 50, Y1: 9}, {X0: 1, Y0: 1, X1: 9, Y1: 9, Class: -1}}
	s, lost, err := seeing{64, data.HalfNorm}.show(context.Background(), &of, map[string]int{"thing": 0}, eval.Options{})
	if err != nil || lost != 6 {
		t.Fatalf("%d boxes left out: %v", lost, err)
	}
	if o, k := s.objects[0], s.there[0]; len(o) != 1 || o[0].Box != (Box{2, 2, 18, 64}) || len(k) != 3 || !k[1].Ignore || !k[2].Crowd {
		t.Errorf("%v, and there are %v", o, k)
	}
	if _, _, err := (seeing{64, data.HalfNorm}).show(context.Background(), &of, map[string]int{"other": 0}, eval.Options{}); err == nil || !strings.Contains(err.Error(), `class "thing", which the training samples do not have`) {
		t.Errorf("an unknown class: %v", err)
	}
}

// TestHowLong: updates are rounded up to whole epochs, epochs say it otherwise, and scores say which.
func TestHowLong(t *testing.T) {
	d, err := data.Open("scenes:?n=6&side=32&objects=1", data.Train)
	if err != nil {
		t.Fatal(err)
	}
	for of, want := range map[string]int{"updates=4": 6, "epochs=2": 6, "updates=3": 3} {
		p, err := eval.NewProtocol("detect?channels=8&batch=2&"+of, Protocols()...)
		if err != nil {
			t.Fatal(err)
		}
		s, err := p.(Detect).Tune(context.Background(), encoder(t, 32), d, d, eval.Options{})
		name, _, _ := strings.Cut(of, "=")
		if err != nil || s[0].Found["updates"] != want || s[0].Settings[name] == nil || len(s[0].Settings) != len((Detect{}).filled().settings()) {
			t.Errorf("%s: %v, %+v; want %d updates", of, err, s, want)
		}
	}
	if _, err := eval.NewProtocol("detect?epochs=2&updates=3", Protocols()...); err == nil || !strings.Contains(err.Error(), "want one") {
		t.Error(err)
	}
}
