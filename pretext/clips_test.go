package pretext

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// filmSetup is what tasks of films are given here: a trunk of four channels, frames of 24 pixels with values as they are.
func filmSetup(trunk *layers.Trunk, side int) Setup {
	return Setup{Trunk: trunk, Side: side, Norm: plain, RNG: tensor.NewRNG(2), CacheBytes: 1 << 24}
}

func smallTrunk() *layers.Trunk { return layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}) }

// counted are films whose frame t has red t, and green and blue that say where a pixel lies.
type counted struct{ frames, h, w int }

func (c counted) Len() int                     { return 3 }
func (c counted) Describe(i int) string        { return fmt.Sprint("film ", i) }
func (c counted) Times(int) ([]float64, error) { return make([]float64, c.frames), nil }
func (c counted) Clip(i int, frames []int, each func(k int, im *data.Image) error) error {
	for k, t := range frames {
		im := data.NewImage(c.h, c.w)
		for p := range c.h * c.w {
			im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2] = uint8(t), uint8(p/c.w), uint8(p%c.w)
		}
		if err := each(k, im); err != nil {
			return err
		}
	}
	return nil
}

// filled returns a batch of one sample of film 0, drawn with rng.
func filled[M interface {
	New(n int) *clipBatch
	Fill(b *clipBatch, row, i int, rng *tensor.RNG) error
}](t *testing.T, m M, rng *tensor.RNG) *clipBatch {
	t.Helper()
	b := m.New(1)
	if err := m.Fill(b, 0, 0, rng); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestOrders: as many classes as there are orders, half of them where both ways count as one, and then a permutation and its reverse alone share one.
func TestOrders(t *testing.T) {
	for _, c := range []struct {
		k        int
		bothWays bool
		classes  int
	}{{3, false, 6}, {4, true, 12}, {4, false, 24}, {2, true, 1}} {
		o := newOrders(c.k, c.bothWays)
		if len(o.answers) != c.classes || len(o.all) != factorial(c.k) {
			t.Fatalf("%d things: %d classes of %d orders", c.k, len(o.answers), len(o.all))
		}
		for a := range o.all {
			if !slices.Equal(o.answers[o.class[a]], o.all[a]) && !c.bothWays {
				t.Errorf("order %v is of the class of %v", o.all[a], o.answers[o.class[a]])
			}
			for b := range a {
				reverse := slices.Clone(o.all[b])
				slices.Reverse(reverse)
				if same, want := o.class[a] == o.class[b], c.bothWays && slices.Equal(o.all[a], reverse); same != want {
					t.Errorf("orders %v and %v are one: %v", o.all[a], o.all[b], same)
				}
			}
		}
		rng, seen := tensor.NewRNG(1), make([]int, c.classes)
		dealt := make([]int32, c.k)
		const draws = 12000
		for range draws {
			class := o.deal(dealt, 10, rng)
			seen[class]++
			p := make([]uint8, c.k)
			for i, v := range dealt {
				p[i] = uint8(v - 10)
			}
			if at := slices.IndexFunc(o.all, func(q []uint8) bool { return slices.Equal(p, q) }); at < 0 || o.class[at] != class {
				t.Fatalf("dealt %v is said to be of class %d", p, class)
			}
		}
		for class, n := range seen {
			if want := float64(draws) / float64(c.classes); math.Abs(float64(n)-want) > 5*math.Sqrt(want) {
				t.Errorf("%d things: class %d is dealt %d times of %d", c.k, class, n, draws)
			}
		}
	}
	o := newOrders(4, true)
	if o.backwards([]int32{5, 6, 7, 8}, 5, []uint8{0, 1, 2, 3}) || !o.backwards([]int32{8, 7, 6, 5}, 5, []uint8{0, 1, 2, 3}) {
		t.Error("which way an answer is read")
	}
}

// TestBusiest: the window of most change, by trying all; the middle where nothing changes.
func TestBusiest(t *testing.T) {
	rng := tensor.NewRNG(4)
	ims := []*data.Image{data.NewImage(9, 13), data.NewImage(9, 13), data.NewImage(9, 13)}
	for _, im := range ims {
		for i := range im.Pix {
			im.Pix[i] = uint8(rng.IntN(256))
		}
	}
	sum := func(top, left, h, w int) (n int) {
		for y := top; y < top+h; y++ {
			for x := left; x < left+w; x++ {
				for c := range 3 {
					p := (y*13+x)*3 + c
					for k := 1; k < 3; k++ {
						n += max(int(ims[k].Pix[p])-int(ims[k-1].Pix[p]), int(ims[k-1].Pix[p])-int(ims[k].Pix[p]))
					}
				}
			}
		}
		return n
	}
	for _, s := range [][2]int{{3, 3}, {1, 1}, {9, 4}, {5, 13}, {9, 13}} {
		top, left := busiest(ims, s[0], s[1])
		for y := 0; y+s[0] <= 9; y++ {
			for x := 0; x+s[1] <= 13; x++ {
				if sum(y, x, s[0], s[1]) > sum(top, left, s[0], s[1]) {
					t.Fatalf("window %v at %d, %d, more moves at %d, %d", s, top, left, y, x)
				}
			}
		}
	}
	if top, left := busiest([]*data.Image{ims[0], ims[0]}, 3, 3); top != 3 || left != 5 {
		t.Errorf("where nothing moves: %d, %d", top, left)
	}
}

// TestGlimpse: a square of a picture, mirrored, of one channel.
func TestGlimpse(t *testing.T) {
	var im *data.Image
	counted{1, 6, 8}.Clip(0, []int{0}, func(_ int, got *data.Image) error { im = got; return nil })
	dst := make([]float32, 3*3*3)
	for _, g := range []glimpse{{Top: 2, Left: 4, Side: 3, Channel: -1}, {Top: 2, Left: 4, Side: 3, Mirror: true, Channel: -1}, {Top: 1, Left: 0, Side: 3, Channel: 2}} {
		g.of(dst, im, plain)
		x := rounded(dst)
		for p := range 9 {
			row, col := g.Top+p/3, g.Left+p%3
			if g.Mirror {
				col = g.Left + 2 - p%3
			}
			want := []float32{0, float32(row), float32(col)}
			if g.Channel >= 0 {
				want = []float32{want[g.Channel], want[g.Channel], want[g.Channel]}
			}
			if !slices.Equal(x[3*p:3*p+3], want) {
				t.Fatalf("%+v: pixel %d is %v, want %v", g, p, x[3*p:3*p+3], want)
			}
		}
	}
	g := glimpse{Side: 6, Channel: -1, Shrunk: 1}
	dst = make([]float32, 6*6*3)
	g.of(dst, im, plain)
	for p, v := range rounded(dst) { // one pixel of all, enlarged
		if v != rounded(dst)[p%3] {
			t.Fatalf("shrunk to a pixel: %v", dst)
		}
	}
}

// TestClipNet: a trunk of pictures says the same of a frame in whatever clip and place it comes, side by side or averaged; a trunk of clips sees each
// clip whole; what rows that belong together have in common is taken away.
func TestClipNet(t *testing.T) {
	x := tensor.NewRNG(4).FillNormal(tensor.New(4, 16, 16, 3), 0, 1)
	dealt := []int32{0, 2, 3, 3, 1, 0}
	in := func() *autograd.Var { return autograd.NewInference().Input(x) }
	for _, mean := range []bool{false, true} {
		n := newClipNet(filmSetup(smallTrunk(), 16), 3, 2, 5, 2, mean)
		z := n.embed.Forward(n.trunk.Forward(in())).Value
		y := n.forward(in(), dealt).Value
		if y.Dim(0) != 2 || y.Dim(1) != n.width || n.width != map[bool]int{false: 15, true: 5}[mean] {
			t.Fatalf("mean %v: shape %v", mean, y.Shape)
		}
		for m := range 2 {
			for e := range 5 {
				sum := float32(0)
				for k := range 3 {
					v := z.At(int(dealt[3*m+k]), e)
					if sum += v / 3; !mean && y.At(m, 5*k+e) != v {
						t.Fatalf("clip %d frame %d: %g, want %g", m, k, y.At(m, 5*k+e), v)
					}
				}
				if mean && math.Abs(float64(y.At(m, e)-sum)) > 1e-5 {
					t.Fatalf("clip %d: mean %g, want %g", m, y.At(m, e), sum)
				}
			}
		}
	}
	n := newClipNet(filmSetup(layers.ConvNet3D(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), 16), 3, 2, 5, 1, false)
	y := n.forward(in(), dealt).Value
	for m := range 2 {
		clip := tensor.New(1, 3, 16, 16, 3)
		for k := range 3 {
			copy(clip.Data[k*16*16*3:], x.Rows(int(dealt[3*m+k]), int(dealt[3*m+k])+1).Data)
		}
		f := n.trunk.Forward(autograd.NewInference().Input(clip))
		want := n.embed.Forward(autograd.MeanAxis(f, 1)).Value
		for e := range 5 {
			if math.Abs(float64(want.At(0, e)-y.At(m, e))) > 1e-5 {
				t.Errorf("clip %d: %g, want %g", m, y.At(m, e), want.At(0, e))
			}
		}
	}
	c := centred(2).Forward(autograd.NewInference().Input(tensor.From([]float32{1, 2, 3, 8, 5, 5, 5, 7}, 4, 2))).Value
	if want := []float32{-1, -3, 1, 3, 0, -1, 0, 1}; !slices.Equal(c.Data, want) {
		t.Errorf("centred: %v, want %v", c.Data, want)
	}
}

// TestFilmOrderPyTorch: from the same weights, frames and deals the losses of the tasks of films' order fall as PyTorch's do; testdata/film_order.py.
// That is within four times what float32 and a change of 1e-7 in the first weights make there.
func TestFilmOrderPyTorch(t *testing.T) {
	var want map[string]struct {
		Loss, Spread []float64
		Labels       [][]int32
		Dealt        [][][][]int32
	}
	golden.Load(t, "testdata/film_order.json", &want)
	for name, c := range map[string]struct {
		task   Task
		frames int
	}{
		"frame-order":            {FrameOrder{Deals: 2, Pool: 2, Embed: 12, Hidden: 10}, 4},
		"clip-order":             {ClipOrder{Deals: 2, Frames: 2, Pool: 2, Embed: 12, Hidden: 10}, 6},
		"odd-one-out difference": {OddOneOut{Clips: 3, Frames: 3, Sampling: "random", Fusion: "difference", Pool: 2, Embed: 12, Width: 10}, 6},
		"odd-one-out concat":     {OddOneOut{Clips: 3, Frames: 3, Sampling: "random", Fusion: "concat", Pool: 2, Embed: 12, Width: 10}, 6},
		"arrow-of-time":          {ArrowOfTime{Frames: 3, Pool: 2, Embed: 12, Hidden: 10}, 3},
	} {
		w := want[name]
		if len(w.Loss) != 10 {
			t.Fatalf("%s has %d losses", name, len(w.Loss))
		}
		l, err := c.task.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 8, layers.TrunkOptions{}), Side: 10, RNG: tensor.NewRNG(1)})
		if err != nil {
			t.Fatal(err)
		}
		goldenWeights(l)
		opt, err := optim.New("nesterov", layers.Params(l), 0.9, 1e-4)
		if err != nil {
			t.Fatal(err)
		}
		s := &pairStep{autograd.NewTape(tensor.NewRNG(1)), opt, map[string]float64{}}
		most := 0.0
		for k, loss := range w.Loss {
			b := &clipBatch{X: tensor.New(2*c.frames, 10, 10, 3), Labels: w.Labels[k]}
			golden.Fill(b.X.Data, fmt.Sprint("frames", k%3), 1.7)
			things := c.frames
			if name == "clip-order" {
				things = 3
			}
			for i, deals := range w.Dealt[k] {
				for _, at := range slices.Concat(deals...) {
					b.Dealt = append(b.Dealt, int32(i*things)+at)
				}
			}
			l.(interface{ step(train.Step, *clipBatch) }).step(s, b)
			most = max(most, w.Spread[k])
			if d := math.Abs(s.values["loss"] - loss); !(d <= 4*most) {
				t.Errorf("%s step %d: loss %.9f, PyTorch's %.9f, off by %.2g where %.2g is rounding", name, k, s.values["loss"], loss, d, most)
			}
		}
	}
}
