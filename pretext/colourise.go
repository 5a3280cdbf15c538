package pretext

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/lab"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Colourise hides a picture's colours, and has them said from its lightness (Zhang, Isola, Efros, "Colorful image colorization", ECCV
// 2016, and the code that the authors released).
//
// Sampling: the run's view of a picture, in CIE Lab. The trunk sees L in each of its three channels, as L/100 normalised like the run's
// pictures: so it sees nearly what an evaluation shows it of a grey picture. Asked for are a and b of every fourth pixel or so, in rows
// and columns: as many as the trunk's features doubled in size some times come nearest to. Neighbours are not averaged, since a mean of
// two colours is a third. A picture without colour (no |a| or |b| of those asked for above 5, as in the released code) says nothing of
// colours: it is counted, and left out of the loss and of what is measured.
//
// Head: the trunk's last features, doubled by transposed convolutions with batch norm and ReLU, two 3x3 convolutions likewise, and a 1x1
// convolution: a and b, or a logit for each of 313 bins of colour.
//
// Losses:
//   - l2: half the squared distance to the truth, of values over 50 (equation 1). Where several colours are likely the best answer is
//     their mean, which is grey or nearly so.
//   - classes: cross-entropy with the truth divided between its five nearest bins (equation 2). Most pixels of most pictures are nearly
//     grey, so a pixel's loss is multiplied by how rare the truth's nearest bin is (equation 4: λ = 0.5, frequencies of up to 1000
//     pictures of the data, spread by a Gaussian of 5, mean weight 1); the frequencies stand in the checkpoint. The answer is the annealed
//     mean of the bins (equation 6, T = 0.38), between the mean, which is dull, and the likeliest bin, which is patchy.
//   - vae and mdn: several answers, see codes in colour_codes.go.
//
// Metrics: the loss of classes is seen against that of the frequencies of colours, which is the best that can be said of all pictures alike:
// where it is lower, the picture was looked at. On the pixels asked for, error is the root of the mean squared distance in ab of a picture, the mean over pictures, against grey;
// auc is the part of the pixels within a distance of the truth, over all distances from 0 to 150 (section 3.1). Both reward grey: it is
// often nearly right. The honest one is auc_balanced, in which a pixel counts by one over the frequency of its colour, at most 100 times
// what it would if all bins were alike; with it a vivid colour that is right weighs as much as all the grey. chroma is the mean length of
// the answers over that of the truths: 0 is grey.
type Colourise struct {
	Loss        string  // classes, l2, vae or mdn; "" means classes
	NoRebalance bool    // classes, vae, mdn: every pixel counts the same
	Lambda      float64 // of the uniform distribution in the frequencies that weights come from; 0 means 0.5
	Temperature float32 // of the annealed mean; 0 means 0.38
	Width       int     // channels of the head; 0 means the trunk's, at most 256
	Code        int     // vae, mdn: values of a code; 0 means 64
}

var colouriseLosses = []string{"classes", "l2", "vae", "mdn"}

var colouriseAbout = About{
	Line: "say a picture's colours from its lightness (Zhang et al. 2016)",
	Of:   "pictures", Hidden: "the colours, a and b of Lab",
	Trivial:  "frequencies: what is best said of all pictures alike",
	Shortcut: "none is known; a squared error is least for grey where several colours are likely, classes are not",
	Options: []spec.Option{
		{Name: "loss", Default: "classes",
			About: "classes (313 bins of colour), l2 (grey where several colours are likely), vae or mdn (several answers; Deshpande et al. 2017)"},
		{Name: "rebalance", Default: "yes", About: "rare colours count more"},
		{Name: "lambda", Default: "0.5", About: "part of the uniform distribution in the frequencies that weights come from; 1: all count the same"},
		{Name: "temperature", Default: "0.38", About: "of the answer: 1 is the mean of what is likely, towards 0 the likeliest"},
		{Name: "width", About: "channels of the head; if not given the trunk's, at most 256"},
		{Name: "code", Default: "64", About: "values of the code that vae and mdn draw colours from"},
	},
	ShowsGrey: true,
	Config: func(c *train.Config) {
		c.Optimizer, c.LR, c.Schedule, c.WeightDecay = "adam?beta2=0.99", 1e-3, "cosine", 1e-3
	},
	make: func(v *spec.Values) Task {
		c := Colourise{Loss: v.One("loss", colouriseLosses...), NoRebalance: !v.Bool("rebalance"), Lambda: v.Float("lambda", 1e-6, 1),
			Temperature: float32(v.Float("temperature", 0.001, 100)), Width: v.Int("width", 0, 1<<12), Code: v.Int("code", 1, 1<<12)}
		for _, o := range [][2]string{{"rebalance", "classes vae mdn"}, {"lambda", "classes vae mdn"}, {"temperature", "classes"}, {"code", "vae mdn"}} {
			if v.Given(o[0]) && !slices.Contains(strings.Fields(o[1]), c.Loss) {
				v.Fail("option %s: it is not of loss=%s", o[0], c.Loss)
			}
		}
		if c.NoRebalance && v.Given("lambda") {
			v.Fail("option lambda: with rebalance=no all colours count the same")
		}
		return c
	},
	of: func(a About, v Values) About {
		a.Trivial = map[string]string{"l2": "grey", "vae": "others: the colours of another picture", "mdn": "others: the colours of another picture"}[v.Text("loss")]
		if a.Trivial == "" {
			a.Trivial = "frequencies: what is best said of all pictures alike"
		}
		return a
	},
}

const (
	abScale      = 50   // what l2 predicts is ab over this
	greyBelow    = 5    // where no |a| or |b| is larger, a picture is grey
	priorSamples = 1000 // pictures that the frequencies of colours come from, at most
	rarest       = 0.01 // auc_balanced: a colour counts as having this part of a uniform frequency at least
	aucReach     = 150  // largest distance in ab
)

// Learner returns a trunk with a head that says colours.
func (c Colourise) Learner(s Setup) (train.Learner, error) {
	if c.Loss == "" {
		c.Loss = "classes"
	}
	if c.Lambda == 0 {
		c.Lambda = 0.5
	}
	if c.Temperature == 0 {
		c.Temperature = 0.38
	}
	usual(&c.Width, min(s.Trunk.Channels(), 256))
	usual(&c.Code, 64)
	side := 0
	if err := autograd.Try(func() {
		side = s.Trunk.Forward(autograd.NewInference().Input(tensor.New(1, s.Side, s.Side, 3))).Shape()[1]
	}); err != nil {
		return nil, fmt.Errorf("task colourise: the trunk does not take pictures of %d pixels: %w", s.Side, err)
	}
	doublings := max(0, int(math.Round(math.Log2(float64(s.Side)/4/float64(side)))))
	l := &colourise{task: c, setup: s, features: side, out: side << doublings, prior: tensor.New(binCount).Fill(1.0 / binCount)}
	in, answers := s.Trunk.Channels(), 2
	switch c.Loss {
	case "classes":
		answers = binCount
	case "vae", "mdn":
		l.codes = newCodes(s.RNG, c.Loss, c.Code, c.Width, l.out, in)
		in += c.Code
	}
	l.Net = &layers.Net{Trunk: s.Trunk, Head: colourHead(s.RNG, in, c.Width, doublings, answers)}
	if s.Inputs.Images != nil {
		if err := l.count(s.Inputs.Images); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// colourHead returns what says so many values at each place, from features that it doubles in size so many times.
func colourHead(rng *tensor.RNG, in, width, doublings, out int) layers.Sequential {
	var s layers.Sequential
	for i := range doublings {
		s = named(s, fmt.Sprint("up", i+1), layers.NewConvTranspose2D(rng, in, width, 4, layers.ConvOptions{Stride: 2, Pad: 1, NoBias: true}), layers.NewBatchNormReLU(width))
		in = width
	}
	for i := range 2 {
		s = named(s, fmt.Sprint("conv", i+1), layers.NewConv2D(rng, in, width, 3, layers.ConvOptions{Pad: 1, NoBias: true}), layers.NewBatchNormReLU(width))
		in = width
	}
	return append(s, layers.Child{Name: "colours", Module: layers.NewConv2D(rng, width, out, 1, layers.ConvOptions{})})
}

type colourise struct {
	task     Colourise // with every default filled in
	setup    Setup
	features int // side of the trunk's features
	out      int // side of what is asked for
	*layers.Net
	codes *codes         // of vae and mdn, nil for the others
	prior *tensor.Tensor // [313], the frequencies of colours
}

// Visit names trunk, head, what codes need, and the frequencies of colours.
func (c *colourise) Visit(prefix string, f func(layers.Param)) {
	c.Net.Visit(prefix, f)
	if c.codes != nil {
		c.codes.Visit(prefix, f)
	}
	layers.Parts{{Name: "prior", Stateful: layers.Value{Kind: layers.Setting, Value: c.prior}}}.Visit(prefix, f)
}

func (c *colourise) Groups() []train.Group { return train.One(c) }

func (c *colourise) Metrics() []metric.Metric {
	loss := metric.Loss()
	balanced := metric.Metric{Name: "auc_balanced", Unit: metric.Percent, Higher: true, Predictor: "grey", Versus: "auc_balanced_grey"}
	var ms []metric.Metric
	wrong := metric.Metric{Name: "error", Unit: "ab", Predictor: "grey", Versus: "error_grey"}
	switch {
	case c.codes != nil:
		ms = append(c.codes.metrics(), balanced, wrong)
	case c.task.Loss == "l2": // which minimises it
		ms = []metric.Metric{loss, wrong, balanced}
	default:
		ms = []metric.Metric{loss, {Name: "cross_entropy", Predictor: "frequencies", Versus: "cross_entropy_frequencies"}, balanced, wrong, {Name: "cross_entropy_frequencies"}}
	}
	return append(ms, metric.Metric{Name: "auc_balanced_grey", Unit: metric.Percent, Higher: true}, metric.Metric{Name: "error_grey", Unit: "ab"},
		metric.Metric{Name: "auc", Unit: metric.Percent, Higher: true}, metric.Metric{Name: "auc_grey", Unit: metric.Percent, Higher: true},
		metric.Metric{Name: "chroma", Unit: metric.Percent, Higher: true}, metric.Metric{Name: "grey_pictures", Unit: metric.Percent})
}

// colourless is a batch of pictures whose colours are hidden.
type colourless struct {
	X       *tensor.Tensor // [N S S 3], what the net sees
	AB      *tensor.Tensor // [N O O 2], what is asked for
	Classes []int32        // [N·O·O softBins], the nearest bins
	Soft    []float32      // [N·O·O softBins], how much of the colour each has
	Weight  *tensor.Tensor // [N O O 1], how much a pixel counts: 0 in a grey picture; a step sets it
	Colour  []bool         // [N], whether the picture has some
	answer  []float32      // [N·O·O 2], room for a step
	seen    []colourSums   // [N], room for a step
}

// greyMaker takes the colours of pictures away.
type greyMaker struct {
	*colourise
	pictures *data.Pictures
	scratch  sync.Pool // of *[]float32, [S S 3] in Lab
}

func (c *colourise) maker(in data.Inputs, augment bool) (*greyMaker, error) {
	p, err := c.setup.Pictures("colourise", in, augment)
	if err != nil {
		return nil, err
	}
	return &greyMaker{colourise: c, pictures: p, scratch: sync.Pool{New: func() any {
		x := make([]float32, c.setup.Side*c.setup.Side*3)
		return &x
	}}}, nil
}

func (m *greyMaker) New(n int) *colourless {
	s, o := m.setup.Side, m.out
	return &colourless{X: tensor.New(n, s, s, 3), AB: tensor.New(n, o, o, 2), Classes: make([]int32, n*o*o*softBins), Soft: make([]float32, n*o*o*softBins),
		Weight: tensor.New(n, o, o, 1), Colour: make([]bool, n), answer: make([]float32, n*o*o*2), seen: make([]colourSums, n)}
}

func (m *greyMaker) Fill(b *colourless, row, i int, rng *tensor.RNG) error {
	s, o := m.setup.Side, m.out
	im, err := m.pictures.Image(i, rng)
	if err != nil {
		return err
	}
	if im.H != s || im.W != s {
		panic(&tensor.ShapeError{Op: "Colourise", Msg: fmt.Sprintf("the view of %s is %dx%d, want %dx%d",
			m.pictures.Images.Describe(i), im.W, im.H, s, s)})
	}
	room := m.scratch.Get().(*[]float32)
	defer m.scratch.Put(room)
	x := *room
	lab.FromRGB(x, im.Pix)
	hideColours(m.setup.Norm, b.X.Data[row*s*s*3:][:s*s*3], x)
	ab := b.AB.Data[row*o*o*2:][:o*o*2]
	b.Colour[row] = sample(ab, x, s, o)
	bins().encode(b.Classes[row*o*o*softBins:][:o*o*softBins], b.Soft[row*o*o*softBins:][:o*o*softBins], ab)
	return nil
}

// hideColours sets dst [P 3] to the lightness of pixels in Lab, three times, normalised as the run's pictures are.
func hideColours(norm data.Norm, dst, x []float32) {
	var scale, shift [3]float32
	for k := range 3 {
		scale[k], shift[k] = 1/(100*norm.Std[k]), norm.Mean[k]/norm.Std[k]
	}
	for p := 0; p < len(dst); p += 3 {
		l := x[p]
		dst[p], dst[p+1], dst[p+2] = float32(l*scale[0])-shift[0], float32(l*scale[1])-shift[1], float32(l*scale[2])-shift[2]
	}
}

// lightness returns the L that hide wrote.
func (c *colourise) lightness(x float32) float32 {
	return (float32(x*c.setup.Norm.Std[0]) + c.setup.Norm.Mean[0]) * 100
}

// sample takes a and b of o by o pixels, evenly spread, of s by s in Lab, and tells whether they have colour.
func sample(ab, x []float32, s, o int) (colour bool) {
	for r := range o {
		y := (2*r + 1) * s / (2 * o)
		for q := range o {
			p := (y*s + (2*q+1)*s/(2*o)) * 3
			a, b := x[p+1], x[p+2]
			ab[2*(r*o+q)], ab[2*(r*o+q)+1] = a, b
			colour = colour || max(a, -a, b, -b) > greyBelow
		}
	}
	return colour
}

// count sets the frequencies of colours to those of pictures as they are without randomness. Broken and grey ones are passed over.
func (c *colourise) count(images data.Images) error {
	m, err := c.maker(data.Inputs{Images: images}, false)
	if err != nil {
		return err
	}
	order := tensor.NewRNG(1).Perm(images.Len()) // data may be sorted, or take turns
	n := min(priorSamples, len(order))
	var mu sync.Mutex
	counts, colourful, read := make([]int, binCount), 0, 0 // whole numbers: their order does not matter
	var last error
	parallel.For(n, func(k int) {
		b := m.New(1)
		err := m.Fill(b, 0, order[k], tensor.NewRNG(0))
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			last = err
			return
		}
		if read++; !b.Colour[0] {
			return
		}
		colourful++
		for p := 0; p < len(b.Classes); p += softBins {
			counts[b.Classes[p]]++
		}
	})
	switch {
	case read == 0:
		return fmt.Errorf("task colourise: none of %d pictures could be read: %w", n, last)
	case colourful == 0:
		return fmt.Errorf("task colourise: all of %d pictures of the data are grey; there are no colours to learn", read)
	}
	copy(c.prior.Data, bins().smooth(counts))
	return nil
}

func (c *colourise) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := c.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Images.Len(), m, o, c.step), nil
}

// weights returns how much a pixel of each bin counts.
func (c *colourise) weights() []float32 {
	if c.task.NoRebalance || c.task.Loss == "l2" {
		return rarity(c.prior.Data, 1)
	}
	return rarity(c.prior.Data, c.task.Lambda)
}

// weigh sets how much each pixel counts and returns how many are in pictures with colour.
func (c *colourise) weigh(b *colourless) int {
	w, each, pixels := c.weights(), c.out*c.out, 0
	for row, colour := range b.Colour {
		weight := b.Weight.Data[row*each:][:each]
		if !colour {
			clear(weight)
			continue
		}
		pixels += each
		for p := range weight {
			weight[p] = w[b.Classes[(row*each+p)*softBins]]
		}
	}
	return pixels
}

func (c *colourise) step(s train.Step, b *colourless) {
	pixels := c.weigh(b)
	if c.codes != nil {
		c.codeStep(s, b, pixels)
		return
	}
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		y := c.Forward(t.Input(b.X))
		c.task.answer(b.answer, y.Value)
		c.tell(s, b)
		// over the pixels, not the weights: otherwise a batch of common colours would count as much as one of rare ones
		mean := 1 / meanCount(t, pixels)
		if c.task.Loss == "l2" {
			want := tensor.New(b.AB.Shape...)
			tensor.Scale(want, 1.0/abScale, b.AB)
			return autograd.Scale(autograd.L2(y, want, autograd.LossOptions{Weight: b.Weight, Sum: true}), mean/2)
		}
		// over all pixels with colour, where the loss is a mean of batches, which may have few of them
		sum := autograd.CrossEntropySparse(y, b.Classes, b.Soft, autograd.LossOptions{Weight: b.Weight, Sum: true})
		s.Metric("cross_entropy", float64(sum.Scalar()), float64(pixels))
		s.Metric("cross_entropy_frequencies", c.frequencyLoss(b), float64(pixels))
		return autograd.Scale(sum, mean)
	})
}

// frequencyLoss is the summed loss of what is best said of all pictures alike: of each bin its frequency times its weight.
func (c *colourise) frequencyLoss(b *colourless) float64 {
	w, each := c.weights(), c.out*c.out
	said, total := make([]float64, binCount), 0.0
	for i, p := range c.prior.Data {
		said[i] = float64(max(p, rarest/binCount)) * float64(w[i])
		total += said[i]
	}
	for i, v := range said {
		said[i] = -math.Log(v / total)
	}
	sums := make([]float64, len(b.Colour))
	parallel.For(len(b.Colour), func(row int) {
		for p := row * each; p < (row+1)*each; p++ {
			loss := 0.0
			for k := p * softBins; k < (p+1)*softBins; k++ {
				loss += float64(b.Soft[k]) * said[b.Classes[k]]
			}
			sums[row] += float64(float64(b.Weight.Data[p]) * loss)
		}
	})
	sum := 0.0
	for _, v := range sums {
		sum += v
	}
	return sum
}

// answer sets ab [P 2] to the colours that the head's output says.
func (c Colourise) answer(ab []float32, y *tensor.Tensor) {
	if c.Loss == "l2" {
		for i, v := range y.Data {
			ab[i] = v * abScale
		}
		return
	}
	bins().decode(ab, y, c.Temperature)
}

// colourSums are sums over a picture's pixels, of the answer and of grey: squared distances, distances up to 150, the same by rarity.
type colourSums struct{ squares, near, balanced, chroma float64 }

// tell tells how good the answers of a batch are.
func (c *colourise) tell(s train.Step, b *colourless) {
	rare := make([]float32, binCount)
	for i, v := range c.prior.Data {
		rare[i] = 1 / max(v, rarest/binCount)
	}
	each := c.out * c.out
	grey, weights := make([]colourSums, len(b.Colour)), make([]float64, len(b.Colour))
	parallel.For(len(b.Colour), func(row int) {
		b.seen[row] = colourSums{}
		for p := row * each; p < (row+1)*each; p++ {
			w := float64(rare[b.Classes[p*softBins]])
			weights[row] += w
			x, y := float64(b.AB.Data[2*p]), float64(b.AB.Data[2*p+1])
			a, e := float64(b.answer[2*p]), float64(b.answer[2*p+1])
			b.seen[row].add(a-x, e-y, a, e, w)
			grey[row].add(x, y, x, y, w)
		}
	})
	var answer, none colourSums
	n, weight := 0.0, 0.0
	for row, colour := range b.Colour {
		if !colour {
			continue
		}
		n++
		weight += weights[row]
		answer.join(b.seen[row], each)
		none.join(grey[row], each)
	}
	pixels := n * float64(each)
	for _, m := range []struct {
		name       string
		sum, count float64
	}{
		{"error", answer.squares, n}, {"error_grey", none.squares, n}, {"auc", answer.near, pixels}, {"auc_grey", none.near, pixels},
		{"auc_balanced", answer.balanced, weight}, {"auc_balanced_grey", none.balanced, weight}, {"chroma", answer.chroma, none.chroma},
		{"grey_pictures", float64(len(b.Colour)) - n, float64(len(b.Colour))},
	} {
		s.Metric(m.name, m.sum, m.count)
	}
}

// add adds a pixel that is (da, db) off, of colour (a, b), with a weight.
func (c *colourSums) add(da, db, a, b, w float64) {
	squares := float64(da*da) + float64(db*db)
	near := max(0, 1-math.Sqrt(squares)/aucReach) // of the distances from 0 to 150 the part that is no less
	c.squares += squares
	c.near += near
	c.balanced += float64(w * near)
	c.chroma += math.Sqrt(float64(a*a) + float64(b*b))
}

// join adds the sums of a picture with so many pixels, its squares as a root of their mean.
func (c *colourSums) join(picture colourSums, pixels int) {
	c.squares += math.Sqrt(picture.squares / float64(pixels))
	c.near += picture.near
	c.balanced += picture.balanced
	c.chroma += picture.chroma
}
