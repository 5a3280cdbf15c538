package pretext

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
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

// TestLocated: of each patch its place is told, in parts of its picture's sides.
func TestLocated(t *testing.T) {
	const h, w = 60, 90
	for name, task := range map[string]Task{
		"relative-position": RelativePosition{Patch: 16, Grid: 2, Color: "keep", Scale: "native", NoStandard: true, Down: -1},
		"jigsaw":            Jigsaw{Grid: 2, Tile: 16, NoStandard: true, Grey: -1, Shift: -1},
	} {
		l, err := task.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), Side: 40, Norm: data.Norm{Std: [3]float32{1. / 255, 1. / 255, 1. / 255}}, RNG: tensor.NewRNG(2)})
		if err != nil {
			t.Fatal(err)
		}
		n, seen := 0, map[float32]bool{}
		feed, err := l.(Located).Located(data.Inputs{Images: marked{h, w, 5}}, true, data.LoaderOptions{BatchSize: 5, Seed: 1}, func(_ train.Step, x, where *tensor.Tensor) {
			high, wide := float32(h), float32(w)
			if name == "jigsaw" { // its pictures are framed at 36·256/225 pixels
				high, wide = 0, 0
			}
			for k := range x.Dim(0) {
				p := x.Rows(k, k+1).Data
				row, col := (p[0]+p[len(p)-3])/2+0.5, (p[1]+p[len(p)-2])/2+0.5
				y, q := where.At(k, 0), where.At(k, 1)
				if high > 0 && (math.Abs(float64(y-row/high)) > 1e-4 || math.Abs(float64(q-col/wide)) > 1e-4) {
					t.Fatalf("%s: a patch around %g, %g is told to be at %g, %g", name, row, col, y*high, q*wide)
				}
				if high == 0 && (math.Abs(float64(y-row/h)) > 0.03 || math.Abs(float64(q-col/w)) > 0.03) {
					t.Fatalf("%s: a patch around %g, %g of the picture is told to be at %g, %g", name, row/h, col/w, y, q)
				}
				seen[y] = true
				n++
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		for step := range feed.Epoch(0, 0) {
			step(nil)
		}
		if err := feed.Err(); err != nil || n != 20 || len(seen) < 8 {
			t.Errorf("%s: %d patches at %d heights, %v", name, n, len(seen), err)
		}
		if _, err := l.(Located).Located(data.Inputs{}, true, data.LoaderOptions{BatchSize: 1}, nil); err == nil {
			t.Errorf("%s finds patches in no pictures", name)
		}
	}
}

// TestEnlarges: what must be made larger than it is to be cut is said; what would be little else than enlarged is refused, and so are pictures
// that cannot be read.
func TestEnlarges(t *testing.T) {
	learn := func(task Task, h, w int) (said string, err error) {
		var pictures drawnImages
		pictures.pixel = whereabouts
		for range 5 {
			pictures.sizes = append(pictures.sizes, [2]int{h, w})
		}
		_, err = task.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), Side: 60, Norm: data.HalfNorm, RNG: tensor.NewRNG(2), CacheBytes: 1 << 20,
			Inputs: data.Inputs{Images: pictures}, Say: func(msg string) { said += msg }})
		return said, err
	}
	for name, task := range map[string]Task{ // both cut from 60 pixels
		"jigsaw":            Jigsaw{Grid: 3, Tile: 14, Gap: 4}, // 54 of 61
		"relative-position": RelativePosition{Patch: 20, Grid: 2, Gap: 18, Jitter: 1},
	} {
		for _, c := range []struct {
			h, w      int
			says, bad string
		}{{60, 70, "", ""}, {48, 90, "", ""}, {47, 90, "of 47 pixels at the shorter side are enlarged to 60", ""}, {90, 15, "of 15 pixels at the shorter side are enlarged to 60", ""},
			{14, 90, "", "pictures of 14 pixels at the shorter side are too small for what is cut from them, which takes 60"}, {0, 0, "", "none of 5 pictures could be read"}} {
			if name == "jigsaw" { // cut from a picture of 61
				c.says, c.bad = strings.Replace(c.says, "enlarged to 60", "enlarged to 61", 1), strings.Replace(c.bad, "takes 60", "takes 61", 1)
				c.h, c.w = (c.h*61+59)/60, (c.w*61+59)/60
				for _, text := range []*string{&c.says, &c.bad} {
					for _, side := range []int{47, 15, 14} {
						*text = strings.Replace(*text, "of "+strconv.Itoa(side)+" pixels at", "of "+strconv.Itoa((side*61+59)/60)+" pixels at", 1)
					}
				}
			}
			said, err := learn(task, c.h, c.w)
			if (c.says == "") != (said == "") || !strings.Contains(said, c.says) || said != "" && !strings.Contains(said, "task "+name+":") {
				t.Errorf("%s of %dx%d says %q, want %q", name, c.h, c.w, said, c.says)
			}
			if (c.bad == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.bad) {
				t.Errorf("%s of %dx%d: %v, want %q", name, c.h, c.w, err, c.bad)
			}
		}
	}
}
