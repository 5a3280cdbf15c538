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
	"github.com/tessera-go/tessera/internal/lab"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
)

// newColourise returns the task's learner around a small trunk, for pictures as plain as they are.
func newColourise(t testing.TB, task Colourise, side, width int, images data.Images) *colourise {
	t.Helper()
	l, err := task.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, width, layers.TrunkOptions{}), Side: side, Norm: data.HalfNorm, Augment: data.PlainView(side),
		Plain: data.PlainView(side), RNG: tensor.NewRNG(2), Inputs: data.Inputs{Images: images}, CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return l.(*colourise)
}

// coloured are pictures of side by side pixels whose lightness is noise between 45 and 70, and whose colour says of.
type coloured struct {
	n, side int
	of      func(i, y, x int) (a, b float32)
}

func (c coloured) Len() int              { return c.n }
func (c coloured) Describe(i int) string { return fmt.Sprint("colour ", i) }
func (c coloured) Image(i int) (*data.Image, error) {
	x := make([]float32, c.side*c.side*3)
	r := tensor.NewRNG(uint64(i) + 1)
	for p := range c.side * c.side {
		x[3*p] = r.Uniform(45, 70)
		x[3*p+1], x[3*p+2] = c.of(i, p/c.side, p%c.side)
	}
	im := data.NewImage(c.side, c.side)
	lab.ToRGB(im.Pix, x)
	return im, nil
}

// batchOf returns all pictures as a batch.
func batchOf(t testing.TB, c *colourise, images data.Images) *colourless {
	t.Helper()
	m, err := c.maker(data.Inputs{Images: images}, false)
	if err != nil {
		t.Fatal(err)
	}
	b := m.New(images.Len())
	for i := range images.Len() {
		if err := m.Fill(b, i, i, tensor.NewRNG(1)); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// TestColourless: the net sees the lightness alone, in all channels, normalised as the run's pictures; asked for are the colours of pixels
// evenly spread; what has no colour is known.
func TestColourless(t *testing.T) {
	const side = 16
	c := newColourise(t, Colourise{}, side, 4, nil)
	c.setup.Norm = data.ImageNetNorm
	if c.out != 4 || c.features != 2 {
		t.Fatalf("%d by %d colours are asked for, of features with side %d; want 4 and 2", c.out, c.out, c.features)
	}
	images := coloured{3, side, func(i, y, x int) (a, b float32) {
		if i == 1 {
			return 4, -4
		}
		return float32(y) - 8, float32(x) - 8
	}}
	b := batchOf(t, c, images)
	for row := range 3 {
		im, _ := images.Image(row)
		x := make([]float32, len(im.Pix))
		lab.FromRGB(x, im.Pix)
		for p := range side * side {
			for k := range 3 {
				want := (x[3*p]/100 - data.ImageNetNorm.Mean[k]) / data.ImageNetNorm.Std[k]
				if got := b.X.Data[(row*side*side+p)*3+k]; math.Abs(float64(got-want)) > 1e-5 {
					t.Fatalf("picture %d, pixel %d, channel %d: the net sees %g, want %g", row, p, k, got, want)
				}
			}
			if l := c.lightness(b.X.Data[(row*side*side+p)*3]); math.Abs(float64(l-x[3*p])) > 1e-3 {
				t.Fatalf("L comes back as %g, was %g", l, x[3*p])
			}
		}
		for r := range 4 {
			for q := range 4 {
				p, at := (4*r+2)*side+4*q+2, row*16+r*4+q
				if b.AB.Data[2*at] != x[3*p+1] || b.AB.Data[2*at+1] != x[3*p+2] {
					t.Fatalf("picture %d asks for (%g, %g) at %d, %d; there is (%g, %g)", row, b.AB.Data[2*at], b.AB.Data[2*at+1], r, q, x[3*p+1], x[3*p+2])
				}
			}
		}
	}
	if fmt.Sprint(b.Colour) != "[true false true]" {
		t.Errorf("colour: %v", b.Colour)
	}
}

// TestColourPrior: the frequencies are those of the data's nearest bins, spread; the learner that is made without data takes them from a
// checkpoint; a pixel's weight is its nearest bin's, and none in a grey picture.
func TestColourPrior(t *testing.T) {
	images := coloured{8, 16, func(i, _, _ int) (a, b float32) {
		switch i {
		case 0, 1:
			return 0, 0 // grey pictures are no colours
		case 2:
			return 30, 20
		}
		return -20, 20
	}}
	c := newColourise(t, Colourise{}, 16, 4, images)
	s, sum := bins(), 0.0
	var common, rare int
	for i, p := range c.prior.Data {
		sum += float64(p)
		if s.a[i] == -20 && s.b[i] == 20 {
			common = i
		}
		if s.a[i] == 30 && s.b[i] == 20 {
			rare = i
		}
	}
	if ratio := c.prior.Data[common] / c.prior.Data[rare]; math.Abs(sum-1) > 1e-5 || math.Abs(float64(ratio)-5) > 0.01 {
		t.Errorf("frequencies sum to %g; five to one are %g", sum, ratio)
	}
	again := newColourise(t, Colourise{}, 16, 4, nil)
	if again.prior.Data[common] != again.prior.Data[rare] {
		t.Error("without data some colours are more frequent")
	}
	if err := layers.CopyState(again, c); err != nil {
		t.Fatal(err)
	}
	b := batchOf(t, again, images)
	if n := again.weigh(b); n != 6*16 {
		t.Errorf("%d pixels count, want 96", n)
	}
	want := rarity(c.prior.Data, 0.5)
	for row, bin := range []int{-1, -1, rare, common, common, common, common, common} {
		for _, v := range b.Weight.Data[row*16:][:16] {
			if bin < 0 && v != 0 || bin >= 0 && v != want[bin] {
				t.Fatalf("a pixel of picture %d counts %g", row, v)
			}
		}
	}
	same := newColourise(t, Colourise{NoRebalance: true}, 16, 4, images)
	same.weigh(b)
	if b.Weight.Data[2*16] != b.Weight.Data[3*16] || math.Abs(float64(b.Weight.Data[2*16])-1) > 1e-5 {
		t.Errorf("not rebalanced, pixels count %g and %g", b.Weight.Data[2*16], b.Weight.Data[3*16])
	}
	_, err := Colourise{}.Learner(Setup{Trunk: c.setup.Trunk, Side: 16, Norm: data.HalfNorm, Plain: data.PlainView(16), RNG: tensor.NewRNG(1),
		Inputs: data.Inputs{Images: coloured{5, 16, func(int, int, int) (a, b float32) { return 1, 1 }}}})
	if err == nil || !strings.Contains(err.Error(), "all of 5 pictures of the data are grey") {
		t.Errorf("grey data: %v", err)
	}
	_, err = Colourise{}.Learner(Setup{Trunk: c.setup.Trunk, Side: 16, Norm: data.HalfNorm, Plain: data.PlainView(16), RNG: tensor.NewRNG(1),
		Inputs: data.Inputs{Images: drawnImages{[][2]int{{0, 0}}, speckled}}})
	if err == nil || !strings.Contains(err.Error(), "none of 1 pictures could be read") {
		t.Errorf("broken data: %v", err)
	}
}

// TestColourMetrics: each by its definition, for an answer that is known; the frequencies' loss is that of a net that says them.
func TestColourMetrics(t *testing.T) {
	images := coloured{4, 16, func(i, y, _ int) (a, b float32) {
		if i == 3 {
			return 0, 0
		}
		if y < 8 {
			return -20, 20
		}
		return 30, 20
	}}
	c := newColourise(t, Colourise{}, 16, 4, images)
	b := batchOf(t, c, images)
	for i := range b.answer {
		b.answer[i] = b.AB.Data[i]
		if i%2 == 0 {
			b.answer[i] += 15
		}
	}
	s := &pairStep{values: map[string]float64{}}
	c.weigh(b)
	c.tell(s, b)
	near := func(name string, want, within float64) {
		t.Helper()
		if got := s.values[name]; math.Abs(got-want) > within {
			t.Errorf("%s is %g, want %g", name, got, want)
		}
	}
	up, down := math.Hypot(20, 20), math.Hypot(30, 20)
	near("error", 15, 1e-3)
	near("auc", 1-15.0/150, 1e-4)
	near("auc_balanced", 1-15.0/150, 1e-4)
	near("error_grey", math.Sqrt((up*up+down*down)/2), 0.3) // what 8 bits make of the colours
	near("auc_grey", 1-(up+down)/2/150, 2e-3)
	near("auc_balanced_grey", 1-(up+down)/2/150, 2e-3) // both are as frequent
	near("chroma", (math.Hypot(5, 20)+math.Hypot(45, 20))/(up+down), 0.01)
	near("grey_pictures", 0.25, 0)
	// rare colours: where the first half is five times as frequent, it counts a fifth
	for i := range c.prior.Data {
		if bins().a[i] == -20 && bins().b[i] == 20 {
			c.prior.Data[i] *= 5
		}
	}
	c.tell(s, b)
	near("auc_balanced_grey", 1-(up/5+down)/1.2/150, 2e-3)

	pixels := c.weigh(b)
	w, said, total := c.weights(), make([]float64, binCount), 0.0
	for i := range said {
		said[i] = max(float64(c.prior.Data[i]), 0.01/313) * float64(w[i])
		total += said[i]
	}
	y := tensor.New(4, 4, 4, binCount)
	for i := range y.Data {
		y.Data[i] = float32(math.Log(said[i%binCount] / total))
	}
	loss := autograd.CrossEntropySparse(autograd.Const(y), b.Classes, b.Soft, autograd.LossOptions{Weight: b.Weight, Sum: true}).Scalar()
	if got := c.frequencyLoss(b); pixels != 48 || math.Abs(got/float64(loss)-1) > 1e-5 {
		t.Errorf("the frequencies' loss over %d pixels is %g, that of a net that says them %g", pixels, got, loss)
	}
}

// TestColourisePyTorch: from the same weights, pictures and frequencies the losses fall as PyTorch's do, rebalanced, with a grey picture
// among them; testdata/colourise.py. That is within four times what float32 and a change of 1e-7 in the first weights make there.
func TestColourisePyTorch(t *testing.T) {
	var want map[string]struct {
		Loss, Spread, Temperature []float64
		Off                       float64
	}
	golden.Load(t, "testdata/colourise.json", &want)
	for _, loss := range []string{"classes", "l2"} {
		c := newColourise(t, Colourise{Loss: loss, Width: 8}, 16, 8, nil)
		goldenWeights(c)
		golden.Fill(c.prior.Data, "prior", 1)
		sum := 0.0
		for i := range c.prior.Data {
			c.prior.Data[i] += 1.1
			sum += float64(c.prior.Data[i])
		}
		for i := range c.prior.Data {
			c.prior.Data[i] = float32(float64(c.prior.Data[i]) / sum)
		}
		b := (&greyMaker{colourise: c}).New(3)
		b.Colour[0], b.Colour[2] = true, true
		opt, err := optim.New("nesterov", layers.Params(c), 0.9, 1e-4)
		if err != nil {
			t.Fatal(err)
		}
		s := &pairStep{autograd.NewTape(tensor.NewRNG(1)), opt, map[string]float64{}}
		most := 0.0
		for k, w := range want[loss].Loss {
			golden.Fill(b.X.Data, fmt.Sprint("grey", k%4), 1.7)
			golden.Fill(b.AB.Data, fmt.Sprint("colours", k%4), 60)
			for i := 32; i < 64; i++ {
				b.AB.Data[i] *= 4.0 / 60
			}
			bins().encode(b.Classes, b.Soft, b.AB.Data)
			c.step(s, b)
			most = max(most, want[loss].Spread[k])
			if d := math.Abs(s.values["loss"] - w); !(d <= 4*most) {
				t.Errorf("%s, step %d: loss %.9f, PyTorch's %.9f, off by %.2g where %.2g is rounding", loss, k, s.values["loss"], w, d, most)
			}
		}
		for i, w := range want[loss].Temperature {
			if d := math.Abs(float64(b.answer[i]) - w); d > 4*want[loss].Off {
				t.Fatalf("answer %d is %g, PyTorch's %g; %.2g is rounding", i, b.answer[i], w, want[loss].Off)
			}
		}
	}
}

// taught returns a learner that has seen n batches of coloured pictures.
func taught(t *testing.T, task Colourise, images coloured, n int) *colourise {
	t.Helper()
	c := newColourise(t, task, images.side, 8, images)
	m, err := c.maker(data.Inputs{Images: images}, false)
	if err != nil {
		t.Fatal(err)
	}
	opt, err := optim.New("nesterov", layers.Params(c), 0.9, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &pairStep{autograd.NewTape(tensor.NewRNG(1)), opt, map[string]float64{}}
	b := m.New(16)
	for k := range n {
		for row := range 16 {
			if err := m.Fill(b, row, (16*k+row)%images.n, tensor.NewRNG(1)); err != nil {
				t.Fatal(err)
			}
		}
		c.step(s, b)
	}
	return c
}

// TestGreyMean: where a picture may have one of two opposite colours whatever its lightness, the best answer of squares is their mean, which
// is grey. Classes know both: where one is three times as likely as the other the annealed mean is near it, and the mean is not. Rebalanced,
// the two are nearly as likely again, and it takes a lower temperature to choose one.
func TestGreyMean(t *testing.T) {
	green, pink := [2]float32{-24, 16}, [2]float32{24, -16}
	often := func(k int) coloured {
		return coloured{1600, 16, func(i, _, _ int) (a, b float32) {
			if i%k == 0 {
				return pink[0], pink[1]
			}
			return green[0], green[1]
		}}
	}
	// between returns how far a colour is on the way from pink to green, and how far beside it.
	between := func(a, b float32) (along, beside float64) {
		d := math.Hypot(24, 16)
		return (float64(-24*a+16*b)/d + d) / (2 * d), math.Abs(float64(16*a+24*b)) / d
	}
	mean := func(c *colourise, k int, temperature float32) float64 {
		images := often(k)
		images.n = 16
		b := batchOf(t, c, images)
		c.task.Temperature = temperature
		c.answerTo(b)
		along := 0.0
		for p := 0; p < len(b.answer); p += 2 {
			v, off := between(b.answer[p], b.answer[p+1])
			along += v / float64(len(b.answer)/2)
			if off > 6 {
				t.Errorf("(%g, %g) is on no way between the colours", b.answer[p], b.answer[p+1])
			}
		}
		return along
	}
	l2 := taught(t, Colourise{Loss: "l2"}, often(2), 100)
	if v := mean(l2, 2, 1); math.Abs(v-0.5) > 0.1 {
		t.Errorf("squares of two equal colours: %g of the way, want the middle", v)
	}
	l2 = taught(t, Colourise{Loss: "l2"}, often(4), 100)
	classes := taught(t, Colourise{NoRebalance: true}, often(4), 100)
	if v := mean(l2, 4, 1); math.Abs(v-0.75) > 0.1 {
		t.Errorf("squares of three to one: %g of the way, want 0.75", v)
	}
	if v := mean(classes, 4, 1); math.Abs(v-0.75) > 0.1 {
		t.Errorf("the mean of classes of three to one: %g of the way, want 0.75", v)
	}
	if v := mean(classes, 4, 0.38); v < 0.9 {
		t.Errorf("the annealed mean of three to one: %g of the way, want more than 0.9", v)
	}
	balanced := taught(t, Colourise{}, often(4), 100)
	if v := mean(balanced, 4, 1); math.Abs(v-0.5) > 0.15 {
		t.Errorf("the mean of three to one, rebalanced: %g of the way, want the middle", v)
	}
	images := often(4)
	images.n = 16
	b := batchOf(t, balanced, images)
	balanced.task.Temperature = 0.001
	balanced.answerTo(b)
	ends := 0
	for p := 0; p < len(b.answer); p += 2 {
		if v, _ := between(b.answer[p], b.answer[p+1]); v < 0.15 || v > 0.85 {
			ends++
		}
	}
	if part := float64(ends) / float64(len(b.answer)/2); part < 0.9 {
		t.Errorf("the likeliest of three to one, rebalanced: %g of the pixels choose one of the colours", part)
	}
}

// TestColour: a picture keeps its size and its lightness, as far as sRGB can show the colour; it does not matter which colours it had; the
// colours are those that the net says at the size that it was trained for, wherever the picture's is that.
func TestColour(t *testing.T) {
	images := coloured{4, 16, func(i, y, _ int) (a, b float32) { return 20, float32(y) * 3 }}
	for _, loss := range []string{"classes", "l2", "mdn"} {
		c := newColourise(t, Colourise{Loss: loss}, 16, 4, images)
		for _, size := range [][2]int{{16, 16}, {50, 23}, {7, 90}, {1, 1}, {300, 20}} {
			grey, pink := data.NewImage(size[0], size[1]), data.NewImage(size[0], size[1])
			x := make([]float32, len(grey.Pix))
			for p := 0; p < len(x); p += 3 {
				x[p] = 50 + float32(p%10)
			}
			lab.ToRGB(grey.Pix, x)
			for p := 0; p < len(x); p += 3 {
				x[p+1] = 10
			}
			lab.ToRGB(pink.Pix, x)
			out, err := c.Colour(grey, ColourOptions{}, tensor.NewRNG(1))
			if err != nil {
				t.Fatalf("%s %v: %v", loss, size, err)
			}
			again, err := c.Colour(pink, ColourOptions{}, tensor.NewRNG(2))
			if err != nil || len(out) != 1 || len(again) != 1 || out[0].H != size[0] || out[0].W != size[1] {
				t.Fatalf("%s %v: %d colourings, %v", loss, size, len(out), err)
			}
			got, other := make([]float32, len(x)), make([]float32, len(x))
			lab.FromRGB(got, out[0].Pix)
			lab.FromRGB(other, again[0].Pix)
			for p := 0; p < len(x); p += 3 {
				if math.Abs(float64(got[p]-x[p])) > 1 {
					t.Fatalf("%s %v: L is %g, was %g", loss, size, got[p], x[p])
				}
				if math.Hypot(float64(got[p+1]-other[p+1]), float64(got[p+2]-other[p+2])) > 4 {
					t.Fatalf("%s %v: colours %v, and of the coloured picture %v", loss, size, got[p:p+3], other[p:p+3])
				}
			}
		}
		for _, o := range []ColourOptions{{Samples: 2}, {Temperature: 1}} {
			if _, err := c.Colour(data.NewImage(16, 16), o, tensor.NewRNG(1)); (err == nil) != (loss == "classes" && o.Temperature != 0 || loss == "mdn" && o.Samples == 2) {
				t.Errorf("%s %+v: %v", loss, o, err)
			}
		}
		if _, err := c.Colour(data.NewImage(0, 5), ColourOptions{}, nil); err == nil {
			t.Error("a picture of no pixels is coloured")
		}
		if loss == "mdn" {
			several, err := c.Colour(data.NewImage(20, 30), ColourOptions{Samples: 12}, tensor.NewRNG(3))
			seen := map[string]bool{}
			for _, im := range several {
				seen[string(im.Pix)] = true
			}
			if err != nil || len(several) != 12 || len(seen) < 2 {
				t.Errorf("%d colourings, %d of them differ, %v", len(several), len(seen), err)
			}
			continue
		}
		b := batchOf(t, c, images)
		c.answerTo(b)
		im, _ := images.Image(2)
		out, err := c.Colour(im, ColourOptions{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := repaint(im, b.answer[2*32:3*32], 4, 4)
		for i, v := range want.Pix {
			if d := int(v) - int(out[0].Pix[i]); d < -1 || d > 1 { // batches of one and of four may round apart
				t.Fatalf("%s: value %d is %d, the batch's %d", loss, i, out[0].Pix[i], v)
			}
		}
	}
}

// TestColourTemperature: a colder answer is another one.
func TestColourTemperature(t *testing.T) {
	c := newColourise(t, Colourise{}, 16, 4, nil)
	im := data.NewImage(20, 20)
	for i := range im.Pix {
		im.Pix[i] = 120
	}
	warm, err := c.Colour(im, ColourOptions{Temperature: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	cold, err := c.Colour(im, ColourOptions{Temperature: 0.01}, nil)
	if err != nil || string(warm[0].Pix) == string(cold[0].Pix) {
		t.Errorf("the temperature does not matter; %v", err)
	}
}

// TestRepaint: colours at the places' middles are as they were said, between them they change evenly, beyond the last ones they stay.
func TestRepaint(t *testing.T) {
	pix, l := make([]uint8, 3*1*16), make([]float32, 16)
	for i := range l {
		l[i] = 60
	}
	paint(pix, l, []float32{-20, 0, 20, 10}, 1, 16, 1, 2)
	x := make([]float32, len(pix))
	lab.FromRGB(x, pix)
	for q := range 16 {
		v := min(max((float64(q)+0.5)/8-0.5, 0), 1)
		if math.Abs(float64(x[3*q+1])-(-20+40*v)) > 0.7 || math.Abs(float64(x[3*q+2])-10*v) > 0.7 || math.Abs(float64(x[3*q])-60) > 0.3 {
			t.Errorf("pixel %d is %v", q, x[3*q:3*q+3])
		}
	}
}

// TestColouriseDraw: a row a picture; what the net sees is grey, the truth has the picture's colours, the bars are the truth's.
func TestColouriseDraw(t *testing.T) {
	images := coloured{3, 16, func(i, _, _ int) (a, b float32) { return -20, 20 }}
	for loss, cols := range map[string]int{"classes": 5, "l2": 4, "vae": 6, "mdn": 6} {
		c := newColourise(t, Colourise{Loss: loss}, 16, 4, images)
		im, err := c.Draw(data.Inputs{Images: images}, []int{2, 0})
		if err != nil {
			t.Fatal(err)
		}
		grid := canvas.Grid{Cols: cols, CellW: 128, CellH: 128 + canvas.TextHeight, Gap: 10, Head: canvas.TextHeight + 4}
		if w, h := grid.Size(2 * cols); im.Bounds().Dx() != w || im.Bounds().Dy() != h {
			t.Fatalf("%s: %v, want %dx%d", loss, im.Bounds(), w, h)
		}
		sheet := im.(canvas.Sheet)
		for row := range 2 {
			x, y := grid.At(row * cols)
			for p := range 16 * 16 {
				c := sheet.RGBAAt(x+p%16*8+4, y+p/16*8+4)
				if max(c.R, c.G, c.B)-min(c.R, c.G, c.B) > 1 {
					t.Fatalf("%s: row %d sees colour %v", loss, row, c)
				}
				c = sheet.RGBAAt(x+128+10+p%16*8+4, y+p/16*8+4)
				if !(c.G > c.R && c.R > c.B) { // a green of a = -20, b = 20
					t.Fatalf("%s: the truth of row %d is %v", loss, row, c)
				}
			}
			x, y = grid.At(row*cols + cols - 1)
			if c := sheet.RGBAAt(x+2*12+2, y+2); c != canvas.Quiet { // all of a chroma of 28
				t.Errorf("%s: the highest bar is %v", loss, c)
			}
		}
		if _, err := c.Draw(data.Inputs{Images: drawnImages{[][2]int{{0, 0}}, speckled}}, []int{0}); err == nil {
			t.Error("a broken picture is drawn")
		}
	}
}

// TestColouriseSettings: what is said becomes the task's; what it does not read is refused.
func TestColouriseSettings(t *testing.T) {
	got, err := New("colourise?lambda=0.3&temperature=0.5&width=9")
	if want := (Colourise{Loss: "classes", Lambda: 0.3, Temperature: 0.5, Width: 9, Code: 64}); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	for of, want := range map[string]string{"colourise?loss=l1": "loss", "colourise?loss=l2&temperature=1": "it is not of loss=l2", "colourise?loss=l2&rebalance=no": "it is not of loss=l2",
		"colourise?code=3": "it is not of loss=classes", "colourise?loss=vae&temperature=1": "it is not of loss=vae",
		"colourise?lambda=2": "lambda", "colourise?rebalance=no&lambda=0.3": "all colours count the same", "colourise?temperature=0": "temperature"} {
		if _, err := New(of); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", of, err, want)
		}
	}
	c := newColourise(t, Colourise{}, 16, 4, nil)
	if c.task.Width != 16 || c.task.Loss != "classes" || c.task.Lambda != 0.5 || c.task.Temperature != 0.38 {
		t.Errorf("%+v", c.task)
	}
	trunk, err := layers.NewTrunk("alexnet", tensor.NewRNG(1), 3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (Colourise{}).Learner(Setup{Trunk: trunk, Side: 16, Norm: data.HalfNorm, RNG: tensor.NewRNG(2)}); err == nil || !strings.Contains(err.Error(), "does not take pictures of 16 pixels") {
		t.Errorf("a trunk that is too large: %v", err)
	}
	ms := c.Metrics()
	if ms[0].Name != "loss" || ms[1].Versus != "cross_entropy_frequencies" || ms[2].Versus != "auc_balanced_grey" {
		t.Errorf("metrics %+v", ms)
	}
	if ms = newColourise(t, Colourise{Loss: "l2"}, 16, 4, nil).Metrics(); ms[0].Predictor != "" || ms[1].Versus != "error_grey" {
		t.Errorf("metrics %+v", ms)
	}
}

// answerTo sets a batch's answer to what the net says of it.
func (c *colourise) answerTo(b *colourless) {
	c.task.answer(b.answer, c.Forward(autograd.NewInference().Input(b.X)).Value)
}
