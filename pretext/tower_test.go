package pretext

import (
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// TestTower: a patch by itself is seen as it is among others where nothing is drawn, to the bit, and embedded the same.
func TestTower(t *testing.T) {
	const side = 60
	for name, task := range map[string]Task{
		"keep":          RelativePosition{Patch: 16, Grid: 2, Color: "keep", Scale: "native", Embed: 5},
		"grey":          RelativePosition{Patch: 16, Grid: 2, Color: "grey", Scale: "native"},
		"project":       RelativePosition{Patch: 16, Grid: 2, Color: "project", Scale: "native"},
		"not standard":  RelativePosition{Patch: 16, Grid: 2, Color: "keep", Scale: "native", NoStandard: true, Pool: 2},
		"jigsaw":        Jigsaw{Grid: 2, Tile: 16, Embed: 5},
		"jigsaw as is":  Jigsaw{Grid: 2, Tile: 16, NoStandard: true},
		"what is shown": RelativePosition{Patch: 16, Grid: 2, Color: "drop", Scale: "native"},
	} {
		in := data.NewScenes(3, side, 1, data.Train).Dataset().Inputs
		s := Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), Side: side, Norm: data.ImageNetNorm, RNG: tensor.NewRNG(2)}
		l, err := task.Learner(s)
		if err != nil {
			t.Fatal(name, err)
		}
		v, err := l.(Tower).Tower(in)
		if err != nil || v.Side != 16 {
			t.Fatal(name, v.Side, err)
		}
		var x *tensor.Tensor
		var places []place
		framed := func(i int) *data.Image {
			im, err := data.ImageFrame(in.Images, i, func(h, w int) data.Frame { return v.Frame(h, w, nil) })
			if err != nil {
				t.Fatal(err)
			}
			return im
		}
		var kept *data.Pictures
		if j, ok := l.(*jigsaw); ok {
			m, err := j.maker(in, false)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := draw(m, []int{0, 1, 2})
			x, places, kept = b.X, b.Places, m.pictures
		} else {
			m, err := l.(*relativePosition).maker(in, false)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := draw(m, []int{0, 1, 2})
			x, places, kept = b.X, b.Places, m.pictures
		}
		per := len(places) / 3
		got := tensor.New(x.Shape...)
		for k, at := range places {
			im, err := kept.Image(k/per, nil)
			if err != nil {
				t.Fatal(err)
			}
			if f := framed(k / per); f.H != im.H || f.W != im.W {
				t.Fatalf("%s: pictures are framed at %dx%d, cut at %dx%d", name, f.W, f.H, im.W, im.H)
			}
			var patch data.Image
			cut(&patch, im, int(at.Top), int(at.Left), 16)
			v.Prepare(got.Rows(k, k+1).Data, &patch)
		}
		if name == "what is shown" { // the channel that is kept is drawn in training; by itself it is the same for all
			again := tensor.New(x.Shape...)
			im := framed(0)
			var patch data.Image
			cut(&patch, im, 3, 4, 16)
			v.Prepare(again.Rows(0, 1).Data, &patch)
			v.Prepare(again.Rows(1, 2).Data, &patch)
			for i, a := range again.Rows(0, 1).Data {
				if a != again.Rows(1, 2).Data[i] {
					t.Fatal("a patch is another the second time")
				}
			}
			continue
		}
		for i := range x.Data {
			if x.Data[i] != got.Data[i] {
				t.Fatalf("%s: value %d is %g by itself, %g among others", name, i, got.Data[i], x.Data[i])
			}
		}
		var embed layers.Module
		switch l := l.(type) {
		case *jigsaw:
			embed = l.embed
		case *relativePosition:
			embed = l.embed
		}
		a := embed.Forward(s.Trunk.Forward(autograd.NewInference().Input(x))).Value
		b := v.Embed.Forward(s.Trunk.Forward(autograd.NewInference().Input(got))).Value
		for i := range a.Data {
			if a.Data[i] != b.Data[i] {
				t.Fatalf("%s: embedded as %g and %g", name, b.Data[i], a.Data[i])
			}
		}
		if _, err := l.(Tower).Tower(data.Inputs{}); err == nil {
			t.Errorf("%s looks at patches of no pictures", name)
		}
	}
}

// TestTowerScale: relative position's patches are cut from pictures of 300,000 pixels for patches of 96, the middle of what training draws.
func TestTowerScale(t *testing.T) {
	l, err := (RelativePosition{Patch: 24, Grid: 2}).Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), RNG: tensor.NewRNG(2)})
	if err != nil {
		t.Fatal(err)
	}
	v, err := l.(Tower).Tower(data.NewScenes(1, 40, 1, data.Train).Dataset().Inputs)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][4]int{{400, 300, 158, 118}, {100, 90, 100, 90}} {
		f := v.Frame(c[0], c[1], nil)
		if f.H != c[0] || f.W != c[1] || max(f.OutH-c[2], c[2]-f.OutH, f.OutW-c[3], c[3]-f.OutW) > 1 {
			t.Errorf("pictures of %dx%d are cut at %dx%d, want %dx%d", c[0], c[1], f.OutH, f.OutW, c[2], c[3])
		}
	}
}
