package pretext

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// newBYOL returns a learner on a small trunk for views of side pixels.
func newBYOL(t *testing.T, of string, side int) *byol {
	t.Helper()
	task, err := New(of)
	if err != nil {
		t.Fatal(err)
	}
	rng := tensor.NewRNG(1)
	trunk, err := layers.NewTrunk("convnet", rng.Derive(1), 3)
	if err != nil {
		t.Fatal(err)
	}
	l, err := task.Learner(Setup{Trunk: trunk, Side: side, Norm: data.HalfNorm, RNG: rng.Derive(2), CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return l.(*byol)
}

// scripted are steps of a byol whose batches somebody else makes.
type scripted struct {
	*byol
	steps int
	batch func(step int) *pairs
	wrap  func(s train.Step) train.Step
}

func (l *scripted) Feed(data.Inputs, bool, data.LoaderOptions) (*train.Feed, error) {
	return scriptedFeed(l.steps, func(k int) func(train.Step) { return func(s train.Step) { l.step(l.wrap(s), l.batch(k)) } }), nil
}

// scriptedFeed is a feed of so many given steps, each of one sample.
func scriptedFeed(steps int, step func(k int) func(train.Step)) *train.Feed {
	return &train.Feed{Steps: steps, Samples: 1, Total: steps, Err: func() error { return nil }, Bad: func() int { return 0 }, Bytes: func() int64 { return 0 },
		Epoch: func(_, from int) iter.Seq[func(train.Step)] {
			return func(yield func(func(train.Step)) bool) {
				for k := from; k < steps; k++ {
					if !yield(step(k)) {
						return
					}
				}
			}
		}}
}

// listener writes down what a step tells.
type listener struct {
	train.Step
	told map[string][]float64
}

func (s listener) Minimise(name string, loss func(t *autograd.Tape) *autograd.Var, groups ...string) {
	s.Step.Minimise(name, func(t *autograd.Tape) *autograd.Var {
		v := loss(t)
		s.told[name] = append(s.told[name], float64(v.Scalar()))
		return v
	}, groups...)
}

func (s listener) Metric(name string, sum, count float64) {
	s.told[name] = append(s.told[name], sum, count)
	s.Step.Metric(name, sum, count)
}

// script trains l on batches and returns what its steps told.
func script(t *testing.T, l *byol, c train.Config, steps int, batch func(step int) *pairs) map[string][]float64 {
	t.Helper()
	told := map[string][]float64{}
	s := &scripted{l, steps, batch, func(s train.Step) train.Step { return listener{s, told} }}
	c.Task, c.Epochs, c.BatchSize, c.LogEvery, c.MonitorEvery = "byol", 1, 1, 1, -1
	r := &train.Run{Config: c, Learner: s, Data: &data.Dataset{Name: "formula"}}
	if _, err := r.Start(context.Background(), false); err != nil {
		t.Fatal(err)
	}
	return told
}

// TestBYOLAgainstPyTorch: twenty steps give PyTorch's losses, matches and spreads, and its weights and running statistics at the end,
// the teacher's too. Rounding grows as in the script's runs with weights off by one in 10^7; ten times as much is allowed.
func TestBYOLAgainstPyTorch(t *testing.T) {
	var ref struct {
		Want, Off byolNumbers
		Match     []float64
	}
	golden.Load(t, "testdata/byol.json", &ref)
	const n, side = 8, 16
	l := newBYOL(t, "byol?hidden=32&out=16&decay=0.9&last=0.995", side)
	state := layers.State(l)
	for _, p := range state {
		switch {
		case p.Kind == layers.Buffer:
		case len(p.Value.Shape) == 1:
			golden.Fill(p.Value.Data, p.Name, 0.1)
			if strings.HasSuffix(p.Name, "weight") {
				tensor.AddScalar(p.Value, 1)
			}
		default:
			golden.Fill(p.Value.Data, p.Name, math.Sqrt(3/float64(p.Value.Len()/p.Value.Dim(-1))))
		}
	}
	m := &pairMaker{side: side}
	b := m.New(n)
	for i := range n { // the first view of each picture but the first has the colour of another's second view
		b.colour[0][3*i], b.colour[1][3*i] = float32(i), float32(i+1)
	}
	told := script(t, l, train.Config{Optimizer: "sgd", LR: 0.02, Momentum: 0.9, WeightDecay: 5e-4, Schedule: "cosine"}, len(ref.Want.Loss), func(k int) *pairs {
		own, shared := make([]float32, b.X[0].Len()), make([]float32, b.X[0].Len())
		golden.Fill(shared, fmt.Sprintf("picture of step %d", k), 2)
		for v := range b.X {
			golden.Fill(own, fmt.Sprintf("view %d of step %d", v, k), 2)
			for i := range own {
				b.X[v].Data[i] = float32(own[i]*0.6) + float32(shared[i]*0.8)
			}
		}
		return b
	})
	floor := func(off []float64, k int) float64 { // a rounding's step may come some steps earlier or later than in the script's runs
		return byolAllowed * max(slices.Max(off[:min(k+4, len(off))]), 1e-7)
	}
	for k, want := range ref.Want.Loss {
		if d := math.Abs(told["loss"][k] - want); !(d <= floor(ref.Off.Loss, k)) {
			t.Errorf("step %d: loss %.7f, PyTorch %.7f: off by %.1e, allowed %.1e", k, told["loss"][k], want, d, floor(ref.Off.Loss, k))
		}
		s := told["spread"][4*k:]
		if d := math.Abs((s[0]+s[2])/(s[1]+s[3]) - ref.Want.Spread[k]); !(d <= floor(ref.Off.Spread, k)) {
			t.Errorf("step %d: spread off by %.1e, allowed %.1e", k, d, floor(ref.Off.Spread, k))
		}
		if s := told["match"][4*k:]; s[0]+s[2] != ref.Match[k] || s[1]+s[3] != 2*n {
			t.Errorf("step %d: %g of %g match, PyTorch %g", k, s[0]+s[2], s[1]+s[3], ref.Match[k])
		}
		if s := told["match_by_colour"][4*k:]; s[0] != 1 || s[2] != 1 || s[1]+s[3] != 2*n {
			t.Errorf("step %d: %v match by colour", k, s[:4])
		}
	}
	byolState(t, state, ref.Want, ref.Off)
}

// byolNumbers are a script's: of each step, and of each tensor after the last, its products with two vectors.
type byolNumbers struct {
	Loss, Spread []float64
	State        map[string][2]float64
}

// byolAllowed is how many times the distance of the script's own runs, rounded differently, is allowed.
const byolAllowed = 10

// byolState compares the tensors after the last step.
func byolState(t *testing.T, state []layers.Param, want, off byolNumbers) {
	t.Helper()
	seen := 0
	for _, p := range state {
		value, ok := want.State[p.Name]
		if strings.HasSuffix(p.Name, "num_batches_tracked") {
			if p.Value.Data[0] != float32(2*len(want.Loss)) {
				t.Errorf("%s: %g, want two a step, each view by itself", p.Name, p.Value.Data[0])
			}
			continue
		}
		if !ok {
			t.Errorf("%s is not in the reference", p.Name)
			continue
		}
		seen++
		probe := make([]float32, p.Value.Len())
		for i, name := range []string{"a", "b"} {
			golden.Fill(probe, name+" "+p.Name, 1)
			got := 0.0
			for j, v := range p.Value.Data {
				got += float64(v) * float64(probe[j])
			}
			tol := byolAllowed * max(off.State[p.Name][0], off.State[p.Name][1], 1e-7)
			if d := math.Abs(got - value[i]); !(d <= tol) {
				t.Errorf("%s: %.7f, PyTorch %.7f: off by %.1e, allowed %.1e", p.Name, got, value[i], d, tol)
			}
		}
	}
	if seen != len(want.State) {
		t.Errorf("%d tensors of %d", seen, len(want.State))
	}
}

// drawnPictures are pictures made by a function; those of a nil one are broken.
type drawnPictures struct {
	n    int
	make func(i int) *data.Image
}

func (p drawnPictures) Len() int              { return p.n }
func (p drawnPictures) Describe(i int) string { return fmt.Sprint("picture ", i) }
func (p drawnPictures) Image(i int) (*data.Image, error) {
	if im := p.make(i); im != nil {
		return im, nil
	}
	return nil, errors.New("broken")
}

// ramp is a picture of s by s pixels whose red says the column, whose green the row; blue is 100.
func ramp(s int) *data.Image {
	im := data.NewImage(s, s)
	for i := range s * s {
		im.Pix[3*i], im.Pix[3*i+1], im.Pix[3*i+2] = uint8(4*(i%s)), uint8(4*(i/s)), 100
	}
	return im
}

// fillViews makes the views of n samples and returns them, 8 bits again: of every sample, the two.
func fillViews(t *testing.T, of string, side, n int, picture *data.Image) [][2]*data.Image {
	t.Helper()
	l := newBYOL(t, of, side)
	m, err := l.maker(data.Inputs{Images: drawnPictures{n, func(int) *data.Image { return picture }}})
	if err != nil {
		t.Fatal(err)
	}
	b := m.New(1)
	var out [][2]*data.Image
	for i := range n {
		if err := m.Fill(b, 0, i, tensor.NewRNG(9).Derive(uint64(i))); err != nil {
			t.Fatal(err)
		}
		var v [2]*data.Image
		for k := range v {
			v[k] = data.HalfNorm.ToImage(b.X[k].Data, side, side)
			mean := 0.0
			for p := 0; p < len(v[k].Pix); p += 3 {
				mean += float64(v[k].Pix[p+1]) / float64(side*side)
			}
			if !(math.Abs(mean-float64(b.colour[k][1])) <= 0.01) {
				t.Fatalf("sample %d view %d: mean green %.3f, told %.3f", i, k, mean, b.colour[k][1])
			}
		}
		out = append(out, v)
	}
	return out
}

// share fails unless got of n is within four deviations of p.
func share(t *testing.T, what string, got, n int, p float64) {
	t.Helper()
	if d := math.Abs(float64(got) - p*float64(n)); d > 4*math.Sqrt(p*(1-p)*float64(n)) {
		t.Errorf("%s: %d of %d, want a share of %g", what, got, n, p)
	}
}

func isGrey(im *data.Image) bool {
	for i := 0; i < len(im.Pix); i += 3 {
		if im.Pix[i] != im.Pix[i+1] || im.Pix[i] != im.Pix[i+2] {
			return false
		}
	}
	return true
}

// TestBYOLViews: both views are parts of the picture of the area that the option allows, anywhere, mirrored half of the time, grey a fifth,
// each drawn by itself.
func TestBYOLViews(t *testing.T) {
	const n, s = 1000, 64
	for _, area := range []float64{0.08, 0.5} {
		var grey, mirrored, same [2]int
		smallest, left, colours := 1.0, map[int]bool{}, 0
		for _, v := range fillViews(t, fmt.Sprintf("byol?jitter=0&solarise=0&blur=no&area=%g", area), 16, n, ramp(s)) {
			for k, im := range v {
				if isGrey(im) {
					grey[k]++
					continue
				}
				colours++
				x0, x1 := int(im.Pix[0]), int(im.Pix[15*3])
				y0, y1 := int(im.Pix[1]), int(im.Pix[15*16*3+1])
				if x0 > x1 {
					mirrored[k]++
					x0, x1 = x1, x0
				}
				if y0 >= y1 || im.Pix[2] < 99 || im.Pix[2] > 101 {
					t.Fatalf("upside down, or another colour: %d to %d, blue %d", y0, y1, im.Pix[2])
				}
				// from the middle of the first of 16 pixels to that of the last is 15/16 of a side; a step of 4 is a pixel
				smallest = min(smallest, float64(x1-x0)/4*float64(y1-y0)/4*(16.0/15)*(16.0/15)/(s*s))
				left[x0/8] = true
			}
			if string(v[0].Pix) == string(v[1].Pix) {
				same[0]++
			}
		}
		for k := range grey {
			share(t, "grey", grey[k], n, 0.2)
			share(t, "mirrored", mirrored[k], n-grey[k], 0.5)
		}
		if smallest < area*0.85 || smallest > area*1.25 {
			t.Errorf("the smallest part is %.3f of the area, want about %g", smallest, area)
		}
		if len(left) < 5 || same[0] > 0 {
			t.Errorf("parts begin at %d places only, or %d pairs are the same", len(left), same[0])
		}
	}
}

// TestBYOLColours: each trick with colours happens as often as its option says, to the view that it is for.
func TestBYOLColours(t *testing.T) {
	const n = 300
	flat := data.NewImage(32, 32)
	for i := range flat.Pix {
		flat.Pix[i] = []uint8{200, 130, 100}[i%3]
	}
	count := func(of string, is func(im *data.Image) bool) (c [2]int) {
		for _, v := range fillViews(t, of, 16, n, flat) {
			for k, im := range v {
				if is(im) {
					c[k]++
				}
			}
		}
		return c
	}
	other := func(im *data.Image) bool { return !isGrey(im) && string(im.Pix[:3]) != "\xc8\x82\x64" }
	for _, p := range []float64{0, 0.3, 1} {
		c := count(fmt.Sprintf("byol?solarise=0&jitter=%g", p), other)
		share(t, "first view jittered", c[0], n, 0.8*p)
		share(t, "second view jittered", c[1], n, 0.8*p)
	}
	dark := func(im *data.Image) bool { return string(im.Pix[:3]) == "\x37\x7d\x64" } // 100 is below the threshold, 130 above
	for _, p := range []float64{0, 0.4, 1} {
		c := count(fmt.Sprintf("byol?jitter=0&solarise=%g", p), dark)
		share(t, "first view solarised", c[0], n, 0)
		share(t, "second view solarised", c[1], n, 0.8*p)
	}
}

// TestBYOLJitter: brightness and contrast by up to 0.4, hue by up to a tenth of a turn, saturation as the option says.
func TestBYOLJitter(t *testing.T) {
	const n = 400
	span := func(of string, picture *data.Image, value func(im *data.Image) float64) (low, high float64) {
		low, high = math.Inf(1), math.Inf(-1)
		for _, v := range fillViews(t, "byol?solarise=0&jitter=1&area=1&"+of, 16, n, picture) {
			if x := value(v[0]); !math.IsNaN(x) {
				low, high = min(low, x), max(high, x)
			}
		}
		return low, high
	}
	within := func(what string, low, high, wantLow, wantHigh, off float64) {
		if !(math.Abs(low-wantLow) <= off) || !(math.Abs(high-wantHigh) <= off) {
			t.Errorf("%s from %.3f to %.3f, want about %.3f to %.3f", what, low, high, wantLow, wantHigh)
		}
	}
	paint := func(colour func(x int) [3]uint8) *data.Image {
		im := data.NewImage(32, 32)
		for i := range 32 * 32 {
			c := colour(i % 32)
			copy(im.Pix[3*i:], c[:])
		}
		return im
	}
	low, high := span("saturation=0", paint(func(int) [3]uint8 { return [3]uint8{100, 100, 100} }), func(im *data.Image) float64 { return float64(im.Pix[0]) / 100 })
	within("brightness", low, high, 0.6, 1.4, 0.03)
	stripes := paint(func(x int) [3]uint8 { v := uint8(60 + 80*(x/4%2)); return [3]uint8{v, v, v} })
	low, high = span("saturation=0", stripes, func(im *data.Image) float64 {
		a, b := float64(slices.Min(im.Pix)), float64(slices.Max(im.Pix))
		return (b - a) / (b + a) / 0.4
	})
	within("contrast", low, high, 0.6, 1.4, 0.12) // a part that is no whole stripes has another mean
	hue := func(im *data.Image) float64 {
		r, g, b := float64(im.Pix[0]), float64(im.Pix[1]), float64(im.Pix[2])
		if isGrey(im) {
			return math.NaN()
		}
		return math.Atan2(math.Sqrt(3)*(g-b), 2*r-g-b) / (2 * math.Pi)
	}
	red := paint(func(int) [3]uint8 { return [3]uint8{120, 60, 60} })
	low, high = span("saturation=0", red, hue)
	within("hue", low, high, -0.1, 0.1, 0.01)
	chroma := func(im *data.Image) float64 {
		p := im.Pix
		if isGrey(im) {
			return math.NaN()
		}
		return float64(max(p[0], p[1], p[2])-min(p[0], p[1], p[2])) / float64(int(p[0])+int(p[1])+int(p[2])) / 0.25
	}
	low0, high0 := span("saturation=0", red, chroma) // the contrast moves it: of a picture of one colour the mean is grey
	low, high = span("saturation=0.6", red, chroma)
	within("saturation over that of contrast", low/low0, high/high0, 0.5, 1.5, 0.15) // both extremes at once are rare
}

// TestBYOLBlurWidth: a white pixel spreads over a tenth of the side, by deviations between 0.1 and 2.
func TestBYOLBlurWidth(t *testing.T) {
	const s, c = 64, (32*64 + 32) * 3
	dot := data.NewImage(s, s)
	copy(dot.Pix[c:], []uint8{255, 255, 255})
	low, high, width := 255, 0, 0
	for _, v := range fillViews(t, "byol?jitter=0&solarise=0&area=1", s, 100, dot) { // all of the picture, as it is
		at := c
		if v[0].Pix[c] < v[0].Pix[c-3] { // mirrored
			at = c - 3
		}
		low, high = min(low, int(v[0].Pix[at])), max(high, int(v[0].Pix[at]))
		for d := range 10 {
			if v[0].Pix[at+3*d] > 0 {
				width = max(width, d)
			}
		}
	}
	// 7 taps of deviation 2 have 0.2164 in the middle, 255·0.2164² = 11.9
	if width != 3 || low < 11 || low > 13 || high < 200 {
		t.Errorf("the pixel spreads over %d pixels each way and is left with %d to %d", width, low, high)
	}
}

// TestBYOLBlur: the first view is blurred always, the second one in ten times, in large pictures or where it is asked for.
func TestBYOLBlur(t *testing.T) {
	noise := data.NewImage(64, 64)
	rng := tensor.NewRNG(3)
	for i := range noise.Pix {
		noise.Pix[i] = uint8(rng.IntN(256))
	}
	rough := func(im *data.Image) float64 { // how much neighbours differ
		sum := 0.0
		for i := 3; i < len(im.Pix); i++ {
			sum += math.Abs(float64(im.Pix[i]) - float64(im.Pix[i-3]))
		}
		return sum / float64(len(im.Pix))
	}
	const n = 60
	for _, c := range []struct {
		of   string
		side int
		want [2]bool
	}{{"", 32, [2]bool{}}, {"", 64, [2]bool{true, true}}, {"&blur=no", 64, [2]bool{}}, {"&blur=yes", 32, [2]bool{true, true}}, {"", 63, [2]bool{}}} {
		clear := fillViews(t, "byol?jitter=0&solarise=0&area=1&blur=no", c.side, n, noise)
		views := fillViews(t, "byol?jitter=0&solarise=0&area=1"+c.of, c.side, n, noise)
		var blurred [2]int
		for i := range views {
			for k := range blurred {
				if !isGrey(views[i][k]) && !isGrey(clear[i][k]) && rough(views[i][k]) < 0.9*rough(clear[i][k]) {
					blurred[k]++
				}
			}
		}
		if got := [2]bool{blurred[0] > n/3, blurred[1] > 0}; got != c.want || blurred[1] > n/4 {
			t.Errorf("%q at %d pixels: %d and %d of %d views are blurred", c.of, c.side, blurred[0], blurred[1], n)
		}
	}
}

func TestBYOLOptions(t *testing.T) {
	task, err := New("byol")
	if want := (BYOL{0.99, 1, 1024, 256, 0.08, 0.8, 0.2, 0.2, "auto"}); err != nil || task != want {
		t.Errorf("%+v, %v", task, err)
	}
	task, err = New("byol?decay=0.5&last=0.75&hidden=8&out=4&area=0.3&jitter=0.1&saturation=0.6&solarise=0&blur=yes")
	if want := (BYOL{0.5, 0.75, 8, 4, 0.3, 0.1, 0.6, 0, "yes"}); err != nil || task != want {
		t.Errorf("%+v, %v", task, err)
	}
	for of, want := range map[string]string{"byol?decay=1.5": "decay", "byol?decay=0.9&last=0.8": "not to fall", "byol?area=0": "area", "byol?blur=maybe": "yes or no", "byol?tau=1": `no option "tau"`} {
		if _, err := New(of); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", of, err, want)
		}
	}
	c := train.Config{LR: 1}
	if Tell("byol").Config(&c); c.Optimizer != "sgd" || c.LR != 0.06 || c.Momentum != 0.9 || c.WeightDecay != 5e-4 || !Tell("byol").OwnViews {
		t.Errorf("%+v", c)
	}
	b := BYOL{Decay: 0.9, LastDecay: 1}
	for k, want := range map[int]float64{0: 0.9, 25: 0.95 - 0.05*math.Sqrt2/2, 50: 0.95, 100: 1} {
		if got := b.decay(k, 100); !(math.Abs(float64(got)-want) <= 1e-6) {
			t.Errorf("decay at %d of 100: %g, want %g", k, got, want)
		}
	}
	rng := tensor.NewRNG(1)
	if _, err := b.Learner(Setup{Trunk: layers.ConvNet(rng, 3, 4, layers.TrunkOptions{}), Side: 8, RNG: rng}); err == nil || !strings.Contains(err.Error(), "Again") {
		t.Errorf("a trunk that cannot be made again: %v", err)
	}
	l := newBYOL(t, "byol", 16)
	if _, err := l.Feed(data.Inputs{}, true, data.LoaderOptions{BatchSize: 4}); err == nil || !strings.Contains(err.Error(), "pictures") {
		t.Errorf("no pictures: %v", err)
	}
	scenes := data.NewScenes(4, 16, 1, data.Train).Dataset().Inputs
	if _, err := l.Feed(scenes, true, data.LoaderOptions{BatchSize: 1}); err == nil || !strings.Contains(err.Error(), "batches of 2") {
		t.Errorf("a batch of one: %v", err)
	}
	if _, err := l.Feed(scenes, true, data.LoaderOptions{BatchSize: 2}); err != nil {
		t.Errorf("a batch of two: %v", err)
	}
	m, err := l.maker(scenes)
	if err != nil {
		t.Fatal(err)
	}
	all, one := m.New(3), m.New(1)
	for i := range 3 {
		if err := m.Fill(all, i, i, rng.Derive(uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 { // a row has its own colours and pixels
		if err := m.Fill(one, 0, i, rng.Derive(uint64(i))); err != nil {
			t.Fatal(err)
		}
		for v := range one.X {
			if !slices.Equal(one.colour[v], all.colour[v][3*i:3*i+3]) || !slices.Equal(one.X[v].Data, all.X[v].Rows(i, i+1).Data) {
				t.Errorf("row %d, view %d differs from the same sample alone", i, v)
			}
		}
	}
}

// TestBYOLLimits: the smallest nets and parts can be trained, what is below cannot.
func TestBYOLLimits(t *testing.T) {
	least := BYOL{Hidden: 1, Out: 2, MinArea: 1e-3, Decay: 0.5, LastDecay: 0.5, Blur: "no"}
	learner := func(b BYOL) error {
		rng := tensor.NewRNG(1)
		trunk, err := layers.NewTrunk("convnet", rng, 3)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Learner(Setup{Trunk: trunk, Side: 8, RNG: rng})
		return err
	}
	if err := learner(least); err != nil {
		t.Errorf("%+v: %v", least, err)
	}
	for what, below := range map[string]func(b *BYOL){
		"Hidden": func(b *BYOL) { b.Hidden = 0 }, "Out": func(b *BYOL) { b.Out = 1 }, "MinArea": func(b *BYOL) { b.MinArea = 0 },
		"no MinArea": func(b *BYOL) { b.MinArea = math.NaN() }, "Decay": func(b *BYOL) { b.Decay = 0.6 }, "Blur": func(b *BYOL) { b.Blur = "" },
	} {
		b := least
		below(&b)
		if err := learner(b); err == nil || !strings.Contains(err.Error(), "MinArea > 0") {
			t.Errorf("%s below its least: %v", what, err)
		}
	}
}

// TestBYOLAverage: the teacher begins as the online net is, moves once an update, by the decay, to what the update made of the online
// net, however many batches were accumulated; its statistics are its own.
func TestBYOLAverage(t *testing.T) {
	for _, accumulate := range []int{1, 3} {
		l := newBYOL(t, "byol?hidden=8&out=4&decay=0.5&last=0.5", 16)
		before := map[string][]float32{}
		for _, p := range layers.State(l) {
			if name, ok := strings.CutPrefix(p.Name, "teacher."); ok {
				before[name] = slices.Clone(p.Value.Data)
			}
		}
		for _, p := range layers.State(l.online) {
			if !slices.Equal(before[p.Name], p.Value.Data) {
				t.Fatalf("%s of the teacher differs at the start", p.Name)
			}
		}
		rng := tensor.NewRNG(4)
		script(t, l, train.Config{Optimizer: "sgd", LR: 0.5, Schedule: "constant", Accumulate: accumulate}, accumulate, func(int) *pairs {
			b := (&pairMaker{side: 16}).New(4)
			rng.FillNormal(b.X[0], 0, 1)
			rng.FillNormal(b.X[1], 0, 1)
			return b
		})
		online := map[string]layers.Param{}
		for _, p := range layers.State(l.online) {
			online[p.Name] = p
		}
		moved := 0
		for _, p := range layers.State(l.teacher) {
			o := online[p.Name]
			if p.Kind == layers.Buffer {
				if strings.HasSuffix(p.Name, "tracked") && p.Value.Data[0] != float32(2*accumulate) {
					t.Errorf("%d accumulated: %s saw %g batches, want two for each", accumulate, p.Name, p.Value.Data[0])
				}
				continue
			}
			for i, v := range p.Value.Data {
				way := o.Value.Data[i] - before[p.Name][i]
				if want := float32(float64(before[p.Name][i]) + 0.5*float64(way)); v != want {
					t.Fatalf("%d accumulated: %s[%d] is %g, want %g, half way from %g to %g", accumulate, p.Name, i, v, want, before[p.Name][i], o.Value.Data[i])
				}
				if v != before[p.Name][i] {
					moved++
				}
			}
		}
		if moved < 1000 {
			t.Errorf("%d accumulated: %d values moved", accumulate, moved)
		}
	}
}

// TestBYOLMetrics: what is told, on tables made by hand.
func TestBYOLMetrics(t *testing.T) {
	table := tensor.New(3, 3)
	similar(table, tensor.From([]float32{1, 0, 0, 1, 0.6, 0.8}, 3, 2), tensor.From([]float32{1, 0, 0.6, 0.8, 0, 1}, 3, 2))
	if n := matches(table); n != 1 { // row 1 is nearest to row 2, row 2 to row 1
		t.Errorf("%d match in %v", n, table.Data)
	}
	near(table, []float32{0, 0, 0, 10, 0, 5, 0, 9, 0}, []float32{1, 0, 0, 9, 2, 4, 8, 0, 5})
	if n := matches(table); n != 1 || table.At(0, 1) != -(81+4+16) || table.At(2, 0) != -(1+81) {
		t.Errorf("%d match in %v", n, table.Data)
	}
	if n := matches(table.Fill(0.5)); n != 1 {
		t.Errorf("a collapsed net finds %d of 3, want what chance finds", n)
	}
	// of random directions it is 1 in any batch; of equal ones 0; one alone has none
	rng := tensor.NewRNG(1)
	for _, n := range []int{2, 8, 256} {
		mean := 0.0
		for range 4096 / n {
			x := rng.FillNormal(tensor.New(n, 64), 0, 1)
			tensor.L2Normalize(x, x, make([]float32, n), 1e-12)
			s, rows := spreadOf(x)
			if rows != float64(n) {
				t.Errorf("%g rows of %d", rows, n)
			}
			mean += s * s / float64(4096/n)
		}
		if want := 1.0; n > 2 && !(math.Abs(math.Sqrt(mean)-want) <= 0.05) {
			t.Errorf("random directions in batches of %d: spread %.3f", n, math.Sqrt(mean))
		}
	}
	if s, n := spreadOf(tensor.New(4, 16).Fill(0.25)); s > 1e-6 || n != 4 {
		t.Errorf("equal rows: spread %g of %g", s, n)
	}
	if _, n := spreadOf(tensor.New(1, 16).Fill(0.25)); n != 0 {
		t.Errorf("one row counts as %g", n)
	}
	rank, others := ranked([]float32{0.1, 0.5, 0.9, 0.5, 0.2}, 3)
	if rank != 3 || fmt.Sprint(others) != "[2 1 4 0]" {
		t.Errorf("rank %d, others %v", rank, others)
	}
	if rank, others = ranked([]float32{0.5, 0.7, 0.5, 0.9, 0.5}, 1); rank != 2 || fmt.Sprint(others) != "[3 0 2 4]" {
		t.Errorf("rank %d, others %v: want equal ones in their order", rank, others)
	}
	headline := ""
	for _, m := range newBYOL(t, "byol", 16).Metrics() {
		if m.Predictor != "" && headline == "" {
			headline = m.Name + " " + m.Predictor
			if v, ok := m.Against(map[string]float64{"chance": 0.125}); !ok || v != 0.125 || !m.Higher {
				t.Errorf("%s against %g", m.Name, v)
			}
		}
	}
	if headline != "match chance" {
		t.Errorf("the headline is %q", headline)
	}
}

// TestBYOLLooks: looking changes nothing and tells sensible values, chance that of the batches there were, a batch of one among them.
func TestBYOLLooks(t *testing.T) {
	l := newBYOL(t, "byol?hidden=16&out=8", 16)
	held := data.NewScenes(9, 16, 1, data.Test).Dataset().Inputs
	f, err := l.Feed(held, false, data.LoaderOptions{BatchSize: 4, KeepLast: true})
	if err != nil {
		t.Fatal(err)
	}
	var before []float32
	for _, p := range layers.State(l) {
		before = append(before, p.Value.Data...)
	}
	seen, err := train.Look(f, tensor.Mode{}, 1, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var after []float32
	for _, p := range layers.State(l) {
		after = append(after, p.Value.Data...)
	}
	if !slices.Equal(before, after) {
		t.Error("looking changed the nets")
	}
	if c := seen["chance"]; !(math.Abs(c-3.0/9) <= 1e-9) {
		t.Errorf("chance %g, want one in each of three batches of 4, 4 and 1", c)
	}
	if v := seen["loss"]; !(v > 0 && v < 2) {
		t.Errorf("loss %g", v)
	}
	if v := seen["spread"]; !(v > 0.01 && v < 1.5) {
		t.Errorf("spread %g", v)
	}
	again, err := train.Look(f, tensor.Mode{}, 1, 5, 10)
	if err != nil || fmt.Sprint(again) != fmt.Sprint(seen) {
		t.Errorf("looked at again: %v, before %v, %v", again, seen, err)
	}
}

// TestBYOLCosines: what is drawn is what the step sees when it is looked at: the same loss, the same matches.
func TestBYOLCosines(t *testing.T) {
	l := newBYOL(t, "byol?hidden=16&out=8", 16)
	rng := tensor.NewRNG(2)
	for _, p := range layers.State(l.teacher) { // another than the online net
		if p.Kind == layers.Weight {
			rng.FillNormal(p.Value, 0, 0.1)
		}
	}
	m, err := l.maker(data.NewScenes(12, 16, 1, data.Test).Dataset().Inputs)
	if err != nil {
		t.Fatal(err)
	}
	b := m.New(12)
	for i := range 12 {
		if err := m.Fill(b, i, i, rng.Derive(uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
	told := map[string][]float64{}
	s := &scripted{l, 1, func(int) *pairs { return b }, func(s train.Step) train.Step { return listener{s, told} }}
	f, _ := s.Feed(data.Inputs{}, false, data.LoaderOptions{})
	if _, err := train.Look(f, tensor.Mode{}, 1, 0, 1); err != nil {
		t.Fatal(err)
	}
	loss := 1.0
	for v := range 2 {
		table := l.cosines(b, v)
		if n := matches(table); float64(n) != told["match"][2*v] {
			t.Errorf("view %d: %d match, the step told %g", v, n, told["match"][2*v])
		}
		for i := range 12 {
			loss -= float64(table.At(i, i)) / 24
		}
	}
	if !(math.Abs(loss-told["loss"][0]) <= 1e-5) {
		t.Errorf("loss %.6f, the step told %.6f", loss, told["loss"][0])
	}
}

// TestBYOLDraws: a row a picture; a broken picture among those that stand beside is passed over, one that is to be drawn is an error.
func TestBYOLDraws(t *testing.T) {
	l := newBYOL(t, "byol?hidden=16&out=8", 16)
	scenes := data.NewScenes(20, 16, 1, data.Test)
	in := data.Inputs{Images: drawnPictures{20, func(i int) *data.Image {
		if i == 3 {
			return nil
		}
		im, _ := scenes.Image(i)
		return im
	}}}
	one, err := l.Draw(in, []int{5})
	if err != nil {
		t.Fatal(err)
	}
	two, err := l.Draw(in, []int{5, 7})
	if err != nil {
		t.Fatal(err)
	}
	// the second row's first cells hold the views of the second picture, each pixel 6 by 6
	m, err := l.maker(in)
	if err != nil {
		t.Fatal(err)
	}
	b := m.New(1)
	if err := m.Fill(b, 0, 7, tensor.NewRNG(7)); err != nil {
		t.Fatal(err)
	}
	top := one.Bounds().Dy() + 17 // where a sheet of one row ends the second begins, with a line of text
	for v := range b.X {
		im := data.HalfNorm.ToImage(b.X[v].Data, 16, 16)
		for p := range 16 * 16 {
			x, y := 10+106*v+p%16*6+3, top+p/16*6+3
			r, g, bl, _ := two.At(x, y).RGBA()
			if uint8(r>>8) != im.Pix[3*p] || uint8(g>>8) != im.Pix[3*p+1] || uint8(bl>>8) != im.Pix[3*p+2] {
				t.Fatalf("view %d: pixel %d at (%d, %d) has another colour", v, p, x, y)
			}
		}
	}
	if one.Bounds().Dx() < 7*96 || two.Bounds().Dx() != one.Bounds().Dx() || two.Bounds().Dy() < one.Bounds().Dy()+96 {
		t.Errorf("%v for one, %v for two", one.Bounds(), two.Bounds())
	}
	if _, err := l.Draw(in, []int{3}); err == nil {
		t.Error("a broken picture was drawn")
	}
	if _, err := l.Draw(in, []int{0, 1, 2}); err != nil {
		t.Errorf("the first picture beside those that are drawn is broken: %v", err)
	}
	if few, err := l.Draw(data.Inputs{Images: drawnPictures{2, func(int) *data.Image { return ramp(20) }}}, []int{0, 1}); err != nil || few.Bounds().Empty() {
		t.Errorf("two pictures alone: %v", err)
	}
}

// stripes is a picture whose stripes have a direction, a width, a phase and two colours of their own.
func stripes(i int) *data.Image {
	const s = 24
	rng := tensor.NewRNG(8).Derive(uint64(i))
	im := data.NewImage(s, s)
	sin, cos := math.Sincos(float64(rng.Uniform(0, math.Pi)))
	wave, phase := float64(rng.Uniform(2.5, 7.5)), float64(rng.Uniform(0, 6))
	var low, high [3]float64
	for c := range 3 {
		low[c], high[c] = float64(rng.Uniform(0, 255)), float64(rng.Uniform(0, 255))
	}
	for p := range s * s {
		v := 0.5 + 0.5*math.Sin((cos*float64(p/s)+sin*float64(p%s))/wave*2*math.Pi+phase)
		for c := range 3 {
			im.Pix[3*p+c] = uint8(low[c] + (high[c]-low[c])*v)
		}
	}
	return im
}

// TestBYOLLearns: in 100 steps on 128 pictures the prediction finds the other view at least twice as often as chance, the loss falls by
// half, and the projections stay apart. The pictures are easier than scenes, of which many are alike at 16 pixels.
func TestBYOLLearns(t *testing.T) {
	l := newBYOL(t, "byol?hidden=64&out=32&decay=0.9&area=0.3", 16)
	c := train.Config{Task: "byol", Epochs: 25, BatchSize: 32, Schedule: "cosine", LogEvery: 1, MonitorEvery: -1, Seed: 1}
	Tell("byol").Config(&c)
	c.LR = 0.2
	first, last := map[string]float64{}, map[string]float64{}
	r := &train.Run{Config: c, Learner: l, Data: &data.Dataset{Name: "stripes", Inputs: data.Inputs{Images: drawnPictures{128, stripes}}}, Progress: func(p train.Progress) {
		if p.Step == 1 {
			first = maps.Clone(p.Values)
		}
		last = maps.Clone(p.Values) // of about the last 20 steps
	}}
	if _, err := r.Start(context.Background(), false); err != nil {
		t.Fatal(err)
	}
	t.Logf("%v -> %v", first, last)
	if last["match"] < 2*last["chance"] || last["spread"] < 0.5 || last["loss"] > 0.5*first["loss"] {
		t.Errorf("%v -> %v", first, last)
	}
}

// BenchmarkBYOLViews: pairs of views in a second, one worker: of CIFAR's size, and of a photograph with and without blur.
func BenchmarkBYOLViews(b *testing.B) {
	for _, c := range []struct {
		of           string
		source, side int
	}{{"byol", 32, 32}, {"byol?blur=no", 400, 224}, {"byol", 400, 224}} {
		b.Run(fmt.Sprintf("%s/%dto%d", c.of, c.source, c.side), func(b *testing.B) {
			task, _ := New(c.of)
			noise, rng := data.NewImage(c.source, c.source), tensor.NewRNG(1)
			for i := range noise.Pix {
				noise.Pix[i] = uint8(rng.IntN(256))
			}
			m := &pairMaker{side: c.side, views: task.(BYOL).views(c.side).transforms(c.side), norm: data.HalfNorm,
				pictures: data.NewPictures(drawnPictures{1, func(int) *data.Image { return noise }}, data.View{}, data.HalfNorm, 1<<20)}
			batch := m.New(1)
			b.ReportAllocs()
			for i := range b.N {
				m.Fill(batch, 0, 0, rng.Derive(uint64(i)))
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
		})
	}
}
