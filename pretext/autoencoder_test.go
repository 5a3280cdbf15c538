package pretext

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// repaints returns the learner of a task that paints what it sees, for pictures of a side as plain as they are.
func repaints(t *testing.T, task Task, side, width int) *repainter {
	t.Helper()
	l, err := task.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, width, layers.TrunkOptions{}), Side: side, Norm: data.ImageNetNorm,
		Augment: data.PlainView(side), Plain: data.PlainView(side), RNG: tensor.NewRNG(2), CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return l.(*repainter)
}

// repaintBatch returns a batch of waves.
func repaintBatch(t *testing.T, r *repainter, n int, seed uint64) *repainted {
	t.Helper()
	m, err := r.maker(data.Inputs{Images: waves{n, r.setup.Side}}, true)
	if err != nil {
		t.Fatal(err)
	}
	b := m.New(n)
	for i := range n {
		if err := m.Fill(b, i, i, tensor.NewRNG(seed).Derive(uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// TestRepaintPyTorch: from the same weights and pictures the loss falls as PyTorch's does; testdata/denoising.py. That is within four times
// what float32 and a change of 1e-7 in the first weights make there.
func TestRepaintPyTorch(t *testing.T) {
	var want map[string]struct{ Loss, Spread []float64 }
	golden.Load(t, "testdata/denoising.json", &want)
	for name, task := range map[string]Task{"Autoencoder": Autoencoder{Bottleneck: 12, Width: 8}, "Denoising": Denoising{Clean: 0.5, Width: 8}} {
		r := repaints(t, task, 16, 8)
		goldenWeights(r)
		b := repaintBatch(t, r, 4, 1)
		if (b.Weight != nil) != (name == "Denoising") {
			t.Fatalf("%s: weights %v", name, b.Weight)
		}
		if b.Weight != nil {
			for k := range b.Weight.Data {
				b.Weight.Data[k] = 0.5
				if (7*(k%256)+k/256)%3 == 0 {
					b.Weight.Data[k] = 1
				}
			}
		}
		opt, err := optim.New("nesterov", layers.Params(r), 0.9, 0)
		if err != nil {
			t.Fatal(err)
		}
		s := &pairStep{autograd.NewTape(tensor.NewRNG(1)), opt, map[string]float64{}}
		most := 0.0
		for k, loss := range want[name].Loss {
			golden.Fill(b.X.Data, fmt.Sprint("seen", k%4), 1.7)
			golden.Fill(b.Want.Data, fmt.Sprint("want", k%4), 0.9)
			r.step(s, b)
			most = max(most, want[name].Spread[k])
			if d := math.Abs(s.values["loss"] - loss); !(d <= 4*most) {
				t.Errorf("%s, step %d: loss %.9f, PyTorch's %.9f, off by %.2g where %.2g is rounding", name, k, s.values["loss"], loss, d, most)
			}
		}
	}
}

// TestRepaintViews: the autoencoder sees the picture and is to paint it, in [-1, 1]; the errors of the simple predictors and of what was
// painted are those of their formulas.
func TestRepaintViews(t *testing.T) {
	for _, task := range []Task{Autoencoder{}, Denoising{Noise: "gaussian", Level: 0.4}} {
		const side, n = 12, 3
		r := repaints(t, task, side, 4)
		b := repaintBatch(t, r, n, 5)
		made := tensor.NewRNG(3).FillUniform(tensor.New(n, side, side, 3), -1, 1)
		var seen, colour, net float64
		for i := range n {
			im, _ := waves{n, side}.Image(i)
			var mean [3]float64
			for k, v := range im.Pix {
				mean[k%3] += float64(v) / 255 / (side * side)
			}
			var e [3]float64
			for k, v := range im.Pix {
				p, c := float64(v)/255, k%3
				at := i*side*side*3 + k
				if got := float64(b.Want.Data[at]); math.Abs(got-(2*p-1)) > 1e-5 {
					t.Fatalf("%T: value %d of picture %d is wanted as %g, is %g", task, k, i, got, 2*p-1)
				}
				x := float64(b.X.Data[at])*float64(r.setup.Norm.Std[c]) + float64(r.setup.Norm.Mean[c])
				if r.noise == nil && math.Abs(x-p) > 1e-5 {
					t.Fatalf("value %d of picture %d is seen as %g, is %g", k, i, x, p)
				}
				x = min(max(x, 0), 1)
				q := (float64(made.Data[at]) + 1) / 2
				e[0], e[1], e[2] = e[0]+(x-p)*(x-p), e[1]+(mean[c]-p)*(mean[c]-p), e[2]+(q-p)*(q-p)
			}
			db := func(e float64) float64 { return -10 * math.Log10(e/(side*side*3)+1.0/12/255/255) }
			seen, colour, net = seen+db(e[0])/n, colour+db(e[1])/n, net+db(e[2])/n
		}
		s := &pairStep{values: map[string]float64{}}
		r.tell(s, b, made)
		want := map[string]float64{"psnr": net, "psnr_mean_colour": colour}
		if r.noise != nil {
			want["psnr_seen"] = seen
		}
		if len(s.values) != len(want) {
			t.Errorf("%T tells %v", task, s.values)
		}
		for name, v := range want {
			if !(math.Abs(s.values[name]-v) < 1e-4) {
				t.Errorf("%T: %s %g, want %g", task, name, s.values[name], v)
			}
		}
		if m := r.Metrics()[1]; m.Name != "psnr" || want[m.Versus] == 0 || (m.Versus == "psnr_seen") != (r.noise != nil) {
			t.Errorf("%T: the headline is %+v", task, m)
		}
	}
}

// TestNoise: what noise does to pixels, and how often; each pixel and each picture by itself, the same from the same random numbers.
func TestNoise(t *testing.T) {
	const side, n = 32, 12
	clean := repaintBatch(t, repaints(t, Autoencoder{}, side, 4), n, 1)
	for _, task := range []Denoising{{Noise: "gaussian", Level: 0.1}, {}, {Noise: "masking", Level: 0.1}, {Noise: "salt", Clean: 0.25}, {Noise: "salt", Level: 1, Clean: -1}} {
		r := repaints(t, task, side, 4)
		b, again, other := repaintBatch(t, r, n, 1), repaintBatch(t, r, n, 1), repaintBatch(t, r, n, 2)
		same := func(a, b *repainted) bool { return fmt.Sprint(a.X.Data) == fmt.Sprint(b.X.Data) }
		if !same(b, again) || same(b, other) {
			t.Errorf("%+v: noise of the same random numbers differs, or of others does not", task)
		}
		level := task.Level
		if level == 0 {
			level = map[string]float64{"": 0.5, "salt": 0.25}[task.Noise]
		}
		hits, white, sum, squares := 0, 0, [3]float64{}, [3]float64{}
		for p, hit := range b.struck {
			changed := false
			var pixel [3]float64
			for c := range 3 {
				x, was := b.X.Data[3*p+c], clean.X.Data[3*p+c]
				changed = changed || x != was
				std, mean := float64(r.setup.Norm.Std[c]), float64(r.setup.Norm.Mean[c])
				pixel[c] = float64(x)*std + mean
				e := float64(x-was) * std
				sum[c], squares[c] = sum[c]+e, squares[c]+e*e
				if task.Noise == "" && hit != 0 && x != 0 {
					t.Fatalf("%+v: a pixel that was taken away is %g", task, x)
				}
			}
			if changed && hit == 0 {
				t.Fatalf("%+v: pixel %d was not struck, and is another", task, p)
			}
			hits += int(hit)
			if task.Noise == "salt" && hit != 0 {
				v := math.Round(pixel[0])
				for _, q := range pixel {
					if v != 0 && v != 1 || math.Abs(q-v) > 1e-5 {
						t.Fatalf("%+v: a pixel is %v", task, pixel)
					}
				}
				white += int(v)
			}
			if b.Weight != nil {
				want := float32(max(task.Clean, 0))
				if hit != 0 {
					want = 1
				}
				if b.Weight.Data[p] != want {
					t.Fatalf("%+v: pixel %d counts %g, want %g", task, p, b.Weight.Data[p], want)
				}
			}
		}
		all := float64(len(b.struck))
		near := func(what string, got, want, deviation float64) {
			if !(math.Abs(got-want) <= 4*deviation) {
				t.Errorf("%+v: %s %g, want %g", task, what, got, want)
			}
		}
		if task.Noise == "gaussian" {
			for c := range 3 {
				near("mean", sum[c]/all, 0, level/math.Sqrt(all))
				near("deviation", math.Sqrt(squares[c]/all), level, level/math.Sqrt(2*all))
			}
			continue
		}
		near("the part of the pixels", float64(hits)/all, level, math.Sqrt(level*(1-level)/all))
		if task.Noise == "salt" {
			near("the white part", float64(white)/float64(hits), 0.5, 0.5/math.Sqrt(float64(hits)))
		}
	}
}

// TestRepaintSizes: the decoder fits every trunk and side, with a bottleneck and without.
func TestRepaintSizes(t *testing.T) {
	for _, c := range []struct {
		trunk string
		side  int
	}{{"convnet", 16}, {"convnet", 33}, {"convnet", 8}, {"nin", 32}, {"resnet20", 20}, {"alexnet", 96}} {
		for _, bottleneck := range []int{0, 5, -1} {
			trunk, err := layers.NewTrunk(c.trunk, tensor.NewRNG(1), 3)
			if err != nil {
				t.Fatal(err)
			}
			l, err := Autoencoder{Bottleneck: bottleneck, Width: 2}.Learner(Setup{Trunk: trunk, Side: c.side, Norm: data.HalfNorm, RNG: tensor.NewRNG(2)})
			if err != nil {
				t.Fatalf("%s at %d: %v", c.trunk, c.side, err)
			}
			y := l.(*repainter).Forward(autograd.NewInference().Input(tensor.New(2, c.side, c.side, 3)))
			if want := []int{2, c.side, c.side, 3}; !tensor.SameShape(y.Shape(), want) {
				t.Errorf("%s, bottleneck %d: painted %v, want %v", c.trunk, bottleneck, y.Shape(), want)
			}
			code := map[int]int{0: usualCode, 5: 5, -1: 0}[bottleneck]
			for _, p := range layers.Params(l) {
				if p.Name == "head.bottleneck.weight" && p.Value.Dim(3) == code {
					code = 0
				}
			}
			if code != 0 {
				t.Errorf("%s: there is no code of %d values", c.trunk, code)
			}
		}
	}
}

func TestRepaintOptions(t *testing.T) {
	for of, want := range map[string]Task{
		"autoencoder":                                   Autoencoder{Bottleneck: 64, Width: 32},
		"autoencoder?bottleneck=0&width=8":              Autoencoder{Bottleneck: -1, Width: 8},
		"denoising":                                     Denoising{Noise: "masking", Clean: 1, Width: 32},
		"denoising?noise=salt&level=0.1&clean=0":        Denoising{Noise: "salt", Level: 0.1, Clean: -1, Width: 32},
		"denoising?noise=gaussian&bottleneck=9&width=4": Denoising{Noise: "gaussian", Clean: 1, Bottleneck: 9, Width: 4},
	} {
		if got, err := New(of); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", of, got, err, want)
		}
	}
	for of, want := range map[string]string{"autoencoder?bottleneck=-1": "bottleneck", "denoising?noise=snow": "gaussian, masking or salt", "denoising?level=2": "level",
		"denoising?level=0": "the task autoencoder", "denoising?noise=gaussian&clean=0.5": "strikes every pixel", "denoising?clean=2": "clean"} {
		if _, err := New(of); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", of, err, want)
		}
	}
	trunk, err := layers.NewTrunk("alexnet", tensor.NewRNG(1), 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range []Task{Autoencoder{}, Denoising{}, Denoising{Noise: "snow"}, Denoising{Level: 2}} {
		_, err := task.Learner(Setup{Trunk: trunk, Side: 16, Norm: data.HalfNorm, RNG: tensor.NewRNG(1)})
		want := "does not take pictures of 16 pixels"
		if d, ok := task.(Denoising); ok && d != (Denoising{}) {
			want = "want gaussian, masking or salt, and a level up to 1"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", task, err, want)
		}
	}
}

// TestRepaintLevels: values in [-1, 1] are rounded to the nearest level; what is beyond is held.
func TestRepaintLevels(t *testing.T) {
	if got := levels([]float32{-1.5, -1, -0.9965, -0.995, 0, 0.5, 1, 3}); fmt.Sprint(got) != "[0 0 0 1 128 191 255 255]" {
		t.Errorf("levels %v", got)
	}
}

// TestRepaintDrawText: a title above each column, in it; a ratio below what was painted, and below what was seen if that is not the picture.
func TestRepaintDrawText(t *testing.T) {
	const side, zoom = 16, 8
	for _, task := range []Task{Autoencoder{}, Denoising{}} {
		in := data.Inputs{Images: waves{3, side}}
		got, err := repaints(t, task, side, 4).Draw(in, []int{1, 2})
		if err != nil {
			t.Fatal(err)
		}
		g := canvas.Grid{Cols: 4, CellW: side * zoom, CellH: side*zoom + canvas.TextHeight, Gap: 8, Head: canvas.TextHeight + 4}
		inked := func(x, y, h int) (n int) {
			for k := range h * g.CellW {
				if r, gr, b, _ := got.At(x+k%g.CellW, y+k/g.CellW).RGBA(); r+gr+b < 3*0xffff {
					n++
				}
			}
			return n
		}
		for cell := range 8 {
			x, y := g.At(cell)
			if cell < 4 && (inked(x, y-canvas.TextHeight-4, canvas.TextHeight) < 50 || inked(x, y-4, 4) > 0) {
				t.Errorf("%T: column %d has no title", task, cell)
			}
			_, noisy := task.(Denoising)
			want := cell%4 == 1 || cell%4 == 0 && noisy
			if n := inked(x, y+side*zoom+1, canvas.TextHeight-1); (n > 20) != want || inked(x, y+side*zoom, 1) > 0 {
				t.Errorf("%T: %d dark pixels below column %d, a text there is %v", task, n, cell%4, want)
			}
		}
	}
}

// TestRepaintDraw: what was seen, painted and wanted, and the difference, in this order.
func TestRepaintDraw(t *testing.T) {
	const side, zoom = 16, 8
	r := repaints(t, Denoising{Noise: "salt", Level: 0.3}, side, 4)
	in := data.Inputs{Images: waves{5, side}}
	index := []int{4, 1}
	got, err := r.Draw(in, index)
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.maker(in, false)
	if err != nil {
		t.Fatal(err)
	}
	b, err := draw(m, index)
	if err != nil {
		t.Fatal(err)
	}
	made := r.Forward(autograd.NewInference().Input(b.X)).Value
	g := canvas.Grid{Cols: 4, CellW: side * zoom, CellH: side*zoom + canvas.TextHeight, Gap: 8, Head: canvas.TextHeight + 4}
	for row, i := range index {
		im, _ := in.Images.Image(i)
		for p := range side * side {
			at := (row*side*side + p) * 3
			value := func(v float64) uint32 { return uint32(math.Floor(min(max(v*255, 0), 255) + 0.5)) }
			seen := float64(b.X.Data[at])*float64(r.setup.Norm.Std[0]) + float64(r.setup.Norm.Mean[0])
			painted, want := (float64(made.Data[at])+1)/2, float64(im.Pix[3*p])/255
			for k, v := range []float64{seen, painted, want, painted - want + 0.5} {
				x, y := g.At(row*4 + k)
				red, _, _, _ := got.At(x+p%side*zoom+3, y+p/side*zoom+3).RGBA()
				if d := int(red>>8) - int(value(v)); d < -1 || d > 1 {
					t.Fatalf("pixel %d of picture %d, column %d: %d, want %d", p, i, k, red>>8, value(v))
				}
			}
		}
	}
	if _, err := r.Draw(data.Inputs{}, index); err == nil {
		t.Error("nothing is drawn of nothing")
	}
	if _, err := r.Feed(data.Inputs{}, true, data.LoaderOptions{BatchSize: 2}); err == nil || !strings.Contains(err.Error(), "task denoising learns from pictures") {
		t.Errorf("a feed of nothing: %v", err)
	}
}

// TestRepaintRows: noise and weights of a picture are in its own row, and leave the others; pixels that do not count are no error.
func TestRepaintRows(t *testing.T) {
	const side = 16
	d := data.NewScenes(4, side, 1, data.Train).Dataset()
	l, err := (Denoising{Noise: "masking", Clean: -1, Width: 4}).Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), Side: side, Norm: data.HalfNorm,
		Plain: data.PlainView(side), Augment: data.PlainView(side), RNG: tensor.NewRNG(2), CacheBytes: 1 << 20, Inputs: d.Inputs})
	if err != nil {
		t.Fatal(err)
	}
	m, err := l.(*repainter).maker(d.Inputs, true)
	if err != nil {
		t.Fatal(err)
	}
	b := m.New(3)
	var struck [3][]uint8
	for row := range 3 {
		if err := m.Fill(b, row, row, tensor.NewRNG(uint64(row))); err != nil {
			t.Fatal(err)
		}
		struck[row] = append([]uint8(nil), b.struck[row*side*side:][:side*side]...)
	}
	for row := range 3 {
		hit := 0
		for p := range side * side {
			at := row*side*side + p
			if b.struck[at] != struck[row][p] || b.Weight.Data[at] != float32(min(struck[row][p], 1)) {
				t.Fatalf("row %d, pixel %d: struck %d and then %d, weight %g", row, p, struck[row][p], b.struck[at], b.Weight.Data[at])
			}
			hit += int(min(struck[row][p], 1))
		}
		if hit < 80 || hit > 176 {
			t.Errorf("row %d: %d of %d pixels are struck", row, hit, side*side)
		}
		made := b.Want.Clone()
		for i := range made.Data {
			made.Data[i]++
		}
		if b.measure(made); math.Abs(b.errors[row].made-float64(3*hit)) > 1e-3 {
			t.Errorf("row %d: an error of %g, want that of the %d pixels that count", row, b.errors[row].made, hit)
		}
	}
}
