package pretext

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// waves are pictures by formula; testdata/context_encoder.py has the same.
type waves struct{ n, side int }

func (w waves) Len() int              { return w.n }
func (w waves) Describe(i int) string { return fmt.Sprint("waves ", i) }
func (w waves) Image(i int) (*data.Image, error) {
	im := data.NewImage(w.side, w.side)
	for p := range w.side * w.side {
		for c := range 3 {
			y, x := p/w.side, p%w.side
			im.Pix[p*3+c] = uint8((i*37 + y*(c*5+3) + x*(14-2*c) + x*y*(i%5+1)/8) % 256)
		}
	}
	return im, nil
}

// painter returns a context encoder around a small trunk for pictures of a side, as plain as they are.
func painter(t *testing.T, task ContextEncoder, side, width int) *contextEncoder {
	t.Helper()
	l, err := task.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, width, layers.TrunkOptions{}), Side: side, Norm: data.HalfNorm, Augment: data.PlainView(side),
		Plain: data.PlainView(side), RNG: tensor.NewRNG(2), CacheBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return l.(*contextEncoder)
}

// picture writes a mask's rows, one character a pixel.
func picture(mask []uint8, s int) string {
	b := &strings.Builder{}
	for p, v := range mask {
		b.WriteByte(".-#"[v])
		if p%s == s-1 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func count(mask []uint8, v uint8) (n int) {
	for _, m := range mask {
		if m == v {
			n++
		}
	}
	return n
}

// TestCentre: half of the side is asked for, of which a band at the border is seen; odd sides leave the odd pixel behind.
func TestCentre(t *testing.T) {
	for _, c := range []struct {
		side, overlap int
		want          string
	}{
		{9, 1, ".........\n.........\n..----...\n..-##-...\n..-##-...\n..----...\n.........\n.........\n.........\n"},
		{8, 0, "........\n........\n..####..\n..####..\n..####..\n..####..\n........\n........\n"},
	} {
		mask := make([]uint8, c.side*c.side)
		hideCentre(mask, c.side, c.overlap)
		addBand(mask, c.side, c.overlap)
		if got := picture(mask, c.side); got != c.want {
			t.Errorf("side %d, overlap %d:\n%swant\n%s", c.side, c.overlap, got, c.want)
		}
	}
	for side, overlap := range map[int]int{8: 1, 32: 1, 95: 2, 128: 4, 224: 7} { // the released code's 4 of 128, the paper's 7 of 227
		l := painter(t, ContextEncoder{NoAdversary: true}, side, 2)
		if l.task.Overlap != overlap || l.out != side/2 {
			t.Errorf("side %d: overlap %d of %d pixels, want %d of %d", side, l.task.Overlap, l.out, overlap, side/2)
		}
	}
}

// TestBlocks: blocks hide a quarter at most and nearly as much, every pixel now and then, and none is narrower than an eighth.
func TestBlocks(t *testing.T) {
	for _, s := range []int{8, 33, 64} {
		ever, least, most := make([]int, s*s), s*s, 0
		mask := make([]uint8, s*s)
		for seed := range 400 {
			mask[seed%len(mask)] = hidden // what an earlier batch left
			hideBlocks(mask, s, tensor.NewRNG(uint64(seed)))
			n := count(mask, hidden)
			least, most = min(least, n), max(most, n)
			for p, v := range mask {
				if v != hidden {
					continue
				}
				ever[p]++
				if p%s == 0 || mask[p-1] != hidden { // a run begins: as long as a block is wide
					run := 0
					for p%s+run < s && mask[p+run] == hidden {
						run++
					}
					if run < s/8 && p%s > 0 && p%s+run < s { // no block is narrower, but where it is cut
						t.Fatalf("side %d, seed %d: a run of %d\n%s", s, seed, run, picture(mask, s))
					}
				}
				if p >= s && mask[p-s] != hidden { // and down, as long as it is high
					run := 0
					for p+run*s < s*s && mask[p+run*s] == hidden {
						run++
					}
					if run < s/8 && p+run*s < s*s {
						t.Fatalf("side %d, seed %d: a run of %d down\n%s", s, seed, run, picture(mask, s))
					}
				}
			}
		}
		if most > s*s/4 || most < s*s/4-s || least < s*s/4-(s/4)*(s/4) || most == least {
			t.Errorf("side %d: %d to %d of %d pixels are hidden", s, least, most, s*s)
		}
		if s == 8 && most != 16 {
			t.Errorf("a quarter of 64 pixels is never hidden, at most %d", most)
		}
		half := [2]int{} // how often pixels of the upper left and of the lower right are hidden
		for p, n := range ever {
			if d := p/s + p%s - (s - 1); d != 0 {
				half[max(d, 0)/max(d, 1)] += n
			}
			if n < 4 || n > 160 {
				t.Fatalf("side %d: pixel %d, %d is hidden %d times of 400", s, p/s, p%s, n)
			}
		}
		if ratio := float64(half[0]) / float64(half[1]); s > 8 && !(math.Abs(ratio-1) <= 0.05) {
			t.Errorf("side %d: the upper left is hidden %.3f times as often as the lower right", s, ratio)
		}
	}
}

// TestRegion: regions hide a quarter at most and nearly as much, every pixel now and then, in pieces that are no dust.
func TestRegion(t *testing.T) {
	for _, s := range []int{8, 33, 128} {
		ever := make([]int, s*s)
		mask, noise := make([]uint8, s*s), make([]float32, s*s)
		for seed := range 200 {
			hideRegion(mask, noise, s, tensor.NewRNG(uint64(seed)))
			if n := count(mask, hidden); n > s*s/4 || n < s*s*23/100 {
				t.Fatalf("side %d, seed %d: %d of %d pixels are hidden", s, seed, n, s*s)
			}
			edges := 0
			for p, v := range mask {
				if v == hidden {
					ever[p]++
				}
				if p%s > 0 && v != mask[p-1] {
					edges++
				}
			}
			// two edges for each of 7.68 cells in every row, at the very most; independent pixels would have 3/8 of all
			if s > 32 && (edges > s*15 || edges < s) {
				t.Fatalf("side %d, seed %d: %d edges\n%s", s, seed, edges, picture(mask, s))
			}
		}
		for p, n := range ever {
			if n < 10 || n > 110 {
				t.Fatalf("side %d: pixel %d, %d is hidden %d times of 200", s, p/s, p%s, n)
			}
		}
		if s == 128 { // rows on the grid are hidden as often as those between: the grid lies elsewhere each time
			on, between := 0, 0
			for x := range s {
				on, between = on+ever[x]+ever[50*s+x], between+ever[8*s+x]+ever[58*s+x]
			}
			if ratio := float64(on) / float64(between); !(math.Abs(ratio-1) <= 0.1) {
				t.Errorf("rows on the grid are hidden %.3f times as often as those between", ratio)
			}
		}
	}
	for _, x := range []float32{0, 2.25, 3.5, 7.9} { // Keys' spline gives parabolas back
		at, w := cubic(x)
		one, square := 0.0, 0.0
		for k, v := range w {
			one += float64(v)
			square += float64(v) * float64(at+k-1) * float64(at+k-1)
		}
		if !(math.Abs(one-1) <= 1e-6) || !(math.Abs(square-float64(x*x)) <= 1e-4) || at != int(x) {
			t.Errorf("at %g: from %d, weights %v: their sum is %g, the parabola %g", x, at, w, one, square)
		}
	}
}

// TestRegionNoise: the noise is the sum of random numbers on a grid, each times Keys' kernel of its distances; what is hidden is lower
// than what is seen.
func TestRegionNoise(t *testing.T) {
	keys := func(d float64) float64 {
		switch d = math.Abs(d); {
		case d < 1:
			return 1.5*d*d*d - 2.5*d*d + 1
		case d < 2:
			return -0.5*d*d*d + 2.5*d*d - 4*d + 2
		}
		return 0
	}
	for _, s := range []int{9, 40} {
		mask, noise := make([]uint8, s*s), make([]float32, s*s)
		hideRegion(mask, noise, s, tensor.NewRNG(5))
		rng := tensor.NewRNG(5)
		grid := [144]float64{}
		for i := range grid {
			grid[i] = float64(rng.Float32())
		}
		phaseY, phaseX := float64(rng.Float32()), float64(rng.Float32())
		below, above := math.Inf(-1), math.Inf(1)
		for p, got := range noise {
			y, x := 1+phaseY+float64(p/s)*7.68/float64(s), 1+phaseX+float64(p%s)*7.68/float64(s) // the first point stands one before
			want := 0.0
			for i, v := range grid {
				want += v * keys(y-float64(i/12)) * keys(x-float64(i%12))
			}
			if !(math.Abs(float64(got)-want) <= 1e-5) {
				t.Fatalf("side %d, pixel %d, %d: %g, want %g", s, p/s, p%s, got, want)
			}
			if mask[p] == hidden {
				below = max(below, want)
			} else {
				above = min(above, want)
			}
		}
		if !(below <= above+1e-5) {
			t.Errorf("side %d: hidden up to %g, seen from %g on", s, below, above)
		}
	}
}

// randomMask hides about a third of the pixels in pieces.
func randomMask(s int, rng *tensor.RNG) []uint8 {
	mask := make([]uint8, s*s)
	for p := range mask {
		if rng.Bool(0.3) || p > 0 && mask[p-1] == hidden && rng.Bool(0.4) {
			mask[p] = hidden
		}
	}
	return mask
}

// TestBand: the band is every seen pixel within a square around a hidden one.
func TestBand(t *testing.T) {
	rng := tensor.NewRNG(1)
	for trial := range 60 {
		s, r := 5+rng.IntN(12), rng.IntN(4)
		mask := make([]uint8, s*s)
		for range 1 + rng.IntN(4) {
			mask[rng.IntN(s*s)] = hidden
		}
		want := append([]uint8(nil), mask...)
		for p := range mask {
			for q, v := range mask {
				if mask[p] != hidden && v == hidden && max(p/s-q/s, q/s-p/s, p%s-q%s, q%s-p%s) <= r {
					want[p] = band
				}
			}
		}
		addBand(mask, s, r)
		if picture(mask, s) != picture(want, s) {
			t.Fatalf("trial %d: band of %d\n%swant\n%s", trial, r, picture(mask, s), picture(want, s))
		}
	}
}

// borderRef is continueBorder as its definition reads.
func borderRef(x []float32, mask []uint8, s int) []float32 {
	out := append([]float32(nil), x...)
	for c := range 3 {
		mean, n := 0.0, 0.0
		for p, v := range mask {
			if v != hidden {
				mean, n = mean+float64(x[p*3+c]), n+1
			}
		}
		for p, v := range mask {
			if v != hidden {
				continue
			}
			sum, total := 0.0, 0.0
			for _, d := range [4][2]int{{0, 1}, {0, -1}, {1, 0}, {-1, 0}} {
				for k := 1; ; k++ {
					r, q := p/s+k*d[0], p%s+k*d[1]
					if r < 0 || r >= s || q < 0 || q >= s {
						break
					}
					if mask[r*s+q] != hidden {
						sum, total = sum+float64(x[(r*s+q)*3+c])/float64(k), total+1/float64(k)
						break
					}
				}
			}
			if total == 0 {
				sum, total = mean, n
			}
			out[p*3+c] = float32(sum / total)
		}
	}
	return out
}

func TestContinueBorder(t *testing.T) {
	rng := tensor.NewRNG(3)
	for trial := range 40 {
		s := 4 + rng.IntN(9)
		mask := randomMask(s, rng)
		if trial == 0 { // a row and a column hidden, their crossing sees nothing
			clear(mask)
			for k := range s {
				mask[2*s+k], mask[k*s+1] = hidden, hidden
			}
		}
		x := rng.FillNormal(tensor.New(s, s, 3), 0, 1).Data
		want := borderRef(x, mask, s)
		continueBorder(x, mask, s, make([]int, 2*s))
		for i := range x {
			if !(math.Abs(float64(x[i]-want[i])) <= 1e-5) {
				t.Fatalf("trial %d, pixel %d, %d: %g, want %g\n%s", trial, i/3/s, i/3%s, x[i], want[i], picture(mask, s))
			}
		}
	}
}

// normalised gives a painter other pictures than it was made for.
func normalised(l *contextEncoder, n data.Norm) {
	l.setup.Norm = n
	for c := range 3 {
		l.scale[c], l.shift[c] = 2*n.Std[c], 2*n.Mean[c]-1
	}
}

// TestFillRow: filling a row leaves every other as it is, its working memory too: rows are filled at once.
func TestFillRow(t *testing.T) {
	const s = 20
	for _, name := range []string{"centre", "blocks", "region"} {
		m, err := painter(t, ContextEncoder{Mask: name, Width: 4}, s, 4).maker(data.Inputs{Images: waves{5, s}}, true)
		if err != nil {
			t.Fatal(err)
		}
		b := m.New(3)
		for _, row := range []int{0, 2} {
			if err := m.Fill(b, row, row, tensor.NewRNG(uint64(row))); err != nil {
				t.Fatal(err)
			}
		}
		for i := range b.nearby {
			if i < 2*s || i >= 4*s {
				b.nearby[i] = -7 - i
			}
		}
		others := func() string {
			str := fmt.Sprint(b.holes[0], b.holes[2], b.nearby[:2*s], b.nearby[4*s:], b.mask[:s*s], b.mask[2*s*s:])
			for _, x := range []*tensor.Tensor{b.X, b.Want, b.Weight, b.Asked} {
				if x != nil {
					str += fmt.Sprint(x.Rows(0, 1).Data, x.Rows(2, 3).Data)
				}
			}
			return str
		}
		before := others()
		if err := m.Fill(b, 1, 1, tensor.NewRNG(1)); err != nil {
			t.Fatal(err)
		}
		if others() != before {
			t.Errorf("%s: filling row 1 changes row 0 or 2", name)
		}
	}
}

// TestFill: the net sees the picture with zeros in the hole; it is asked for the truth there and in the band, in [-1, 1]; the simple
// predictors' errors are theirs; and nothing of an earlier batch stays.
func TestFill(t *testing.T) {
	for _, name := range []string{"centre", "blocks", "region"} {
		const s = 20
		l, norm := painter(t, ContextEncoder{Mask: name, Width: 4, Overlap: 2}, s, 4), data.HalfNorm
		if name == "blocks" {
			norm = data.ImageNetNorm
			normalised(l, norm)
		}
		m, err := l.maker(data.Inputs{Images: waves{5, s}}, true)
		if err != nil {
			t.Fatal(err)
		}
		b, again := m.New(2), m.New(2)
		for k, fill := range []func() error{
			func() error { return m.Fill(b, 1, 3, tensor.NewRNG(7)) },
			func() error { return m.Fill(again, 1, 4, tensor.NewRNG(8)) },
			func() error { return m.Fill(again, 1, 3, tensor.NewRNG(7)) },
		} {
			if err := fill(); err != nil {
				t.Fatalf("%s, fill %d: %v", name, k, err)
			}
		}
		if fmt.Sprint(b.X.Data, b.Want.Data, b.Weight.Data, b.Asked, b.mask, b.holes) != fmt.Sprint(again.X.Data, again.Want.Data, again.Weight.Data, again.Asked, again.mask, again.holes) {
			t.Errorf("%s: what an earlier batch left is seen", name)
		}
		im, _ := waves{5, s}.Image(3)
		mask, o := b.mask[s*s:], l.out
		x := make([]float32, s*s*3)
		norm.Normalize(x, im)
		border, colour, mean, seenPixels := borderRef(x, mask, s), 0.0, [3]float64{}, float64(s*s-count(mask, hidden))
		for i, v := range x {
			if mask[i/3] != hidden {
				mean[i%3] += float64(v) / seenPixels
			}
		}
		continued, asked := 0.0, 0
		for p, v := range mask {
			r, q := p/s-(s-o)/2, p%s-(s-o)/2
			if r < 0 || q < 0 || r >= o || q >= o {
				if v != seen {
					t.Fatalf("%s: a pixel outside of what is painted is %d", name, v)
				}
				continue
			}
			for c := range 3 {
				k := ((o+r)*o+q)*3 + c
				truth := float64(im.Pix[p*3+c])/127.5 - 1
				sees, wants, weighs := x[p*3+c], truth, float32(bandWeight)
				switch v {
				case hidden:
					sees, weighs = 0, 1
					scale := 2 * float64(norm.Std[c]) // from [0, 1] to [-1, 1]
					continued += math.Pow(scale*(float64(border[p*3+c])-float64(x[p*3+c])), 2)
					colour += math.Pow(scale*(mean[c]-float64(x[p*3+c])), 2)
				case seen:
					wants, weighs = 0, 0
				}
				if b.X.Data[(s*s+p)*3+c] != sees || !(math.Abs(float64(b.Want.Data[k])-wants) <= 1e-6) || b.Weight.Data[k] != weighs {
					t.Fatalf("%s, pixel %d, %d: sees %g, wants %g, weighs %g; want %g, %g, %g", name, p/s, p%s, b.X.Data[(s*s+p)*3+c], b.Want.Data[k], b.Weight.Data[k], sees, wants, weighs)
				}
				if b.Asked != nil && (b.Asked.Data[k] != 0) != (v != seen) || b.Asked != nil && b.Asked.Data[k] > 1 {
					t.Fatalf("%s: asked %g of a pixel that is %d", name, b.Asked.Data[k], v)
				}
			}
			if v != seen {
				asked++
			}
		}
		h := b.holes[1]
		if h.pixels != count(mask, hidden) || h.asked != asked || h.pixels == 0 || h.asked == h.pixels {
			t.Errorf("%s: %+v, %d hidden, %d asked for", name, h, count(mask, hidden), asked)
		}
		if !(math.Abs(h.border-continued) <= 1e-4*continued) || !(math.Abs(h.meanColour-colour) <= 1e-4*colour) {
			t.Errorf("%s: errors %g and %g, want %g and %g", name, h.border, h.meanColour, continued, colour)
		}
		if (b.Asked == nil) != (name == "centre") {
			t.Errorf("%s: asked %v", name, b.Asked)
		}
	}
}

// BenchmarkHoles cuts holes into pictures of 224 pixels that are in memory.
func BenchmarkHoles(b *testing.B) {
	const s = 224
	for _, mask := range []string{"centre", "blocks", "region"} {
		b.Run(mask, func(b *testing.B) {
			l, err := ContextEncoder{Mask: mask, NoAdversary: true, Width: 2}.Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 2, layers.TrunkOptions{}), Side: s, Norm: data.HalfNorm,
				Plain: data.PlainView(s), RNG: tensor.NewRNG(2), CacheBytes: 1 << 20})
			if err != nil {
				b.Fatal(err)
			}
			m, _ := l.(*contextEncoder).maker(data.Inputs{Images: waves{1, s}}, false)
			batch := m.New(1)
			for i := 0; b.Loop(); i++ {
				m.Fill(batch, 0, 0, tensor.NewRNG(uint64(i)))
			}
		})
	}
}

func TestPSNR(t *testing.T) {
	h := hole{pixels: 10}
	for squares, want := range map[float64]float64{4 * 30 * 0.25: 6.0206, 4 * 30 * 0.01: 20, 0: 58.92} { // 30 values whose range is 2
		if got := h.psnr(squares); !(math.Abs(got-want) <= 0.01) {
			t.Errorf("squares %g: %g dB, want %g", squares, got, want)
		}
	}
}

// torn are waves of which one cannot be read.
type torn struct{ waves }

func (w torn) Image(i int) (*data.Image, error) {
	if i == 1 {
		return nil, fmt.Errorf("torn")
	}
	return w.waves.Image(i)
}

// TestTold: what a step tells is the mean over pictures, each value under its name; a sample that cannot be read, and for which in an
// ordered feed none stands in, does not count.
func TestTold(t *testing.T) {
	const s = 16
	l := painter(t, ContextEncoder{Width: 4}, s, 4)
	in := data.Inputs{Images: torn{waves{5, s}}}
	f, err := l.Feed(in, false, data.LoaderOptions{BatchSize: 3, Ordered: true, KeepLast: true, MaxBad: 1})
	if err != nil {
		t.Fatal(err)
	}
	told, err := train.Look(f, tensor.Mode{}, 1, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := l.maker(in, false)
	b := m.New(5)
	want := map[string]float64{}
	for i := range 5 {
		if m.Fill(b, i, i, tensor.NewRNG(1)) != nil {
			continue
		}
		want["psnr_border"] += b.holes[i].psnr(b.holes[i].border) / 4
		want["psnr_mean_colour"] += b.holes[i].psnr(b.holes[i].meanColour) / 4
		made := l.Forward(autograd.NewInference().Input(b.X.Rows(i, i+1))).Value
		_, squares := l.drawn(b, i, tensor.From(append(make([]float32, i*made.Len()), made.Data...), i+1, 8, 8, 3))
		want["psnr"] += b.holes[i].psnr(squares) / 4
	}
	for name, w := range want {
		if !(math.Abs(told[name]-w) < 1e-3) {
			t.Errorf("%s: told %g, want %g", name, told[name], w)
		}
	}
	if len(want) != 3 || math.Abs(want["psnr_border"]-want["psnr_mean_colour"]) < 0.1 {
		t.Errorf("the values %v cannot be told apart", want)
	}
}

// TestSizes: decoder and discriminator fit every trunk and side.
func TestDecoderSizes(t *testing.T) {
	for _, c := range []struct {
		trunk string
		side  int
	}{{"convnet", 8}, {"convnet", 9}, {"convnet", 32}, {"convnet", 35}, {"convnet", 102}, {"resnet20", 32}, {"resnet18", 33}, {"alexnet", 67}, {"nin", 17}} {
		trunk, err := layers.NewTrunk(c.trunk, tensor.NewRNG(1), 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range []ContextEncoder{{}, {Bottleneck: 5}, {Mask: "blocks"}} {
			task.Width = 4
			l, err := task.Learner(Setup{Trunk: trunk, Side: c.side, Norm: data.HalfNorm, RNG: tensor.NewRNG(2)})
			if err != nil {
				t.Errorf("%s at %d: %v", c.trunk, c.side, err)
				continue
			}
			e := l.(*contextEncoder)
			side := c.side
			if task.Mask == "" {
				side /= 2
			}
			y := e.Forward(autograd.NewInference().Input(tensor.New(1, c.side, c.side, 3)))
			if want := []int{1, side, side, 3}; !tensor.SameShape(y.Shape(), want) {
				t.Errorf("%s at %d, %+v: painted %v, want %v", c.trunk, c.side, task, y.Shape(), want)
			}
			if z := e.judge(y); !tensor.SameShape(z.Shape(), []int{1, 1}) {
				t.Errorf("%s at %d: judged %v", c.trunk, c.side, z.Shape())
			}
			for _, p := range layers.Params(e) {
				if s := tensor.SumSquares(p.Value); s == 0 && !strings.HasSuffix(p.Name, "bias") {
					t.Errorf("%s begins with zeros", p.Name)
				}
			}
		}
	}
}

// TestSizesByHand: the released nets have the layers that they were released with; maps of odd sides and large features fit as well.
func TestSizesByHand(t *testing.T) {
	weights := func(m layers.Module) string {
		var got []string
		for _, p := range layers.Params(m) {
			if p.Kind == layers.Weight {
				got = append(got, fmt.Sprint(p.Name, p.Value.Shape))
				if rms := math.Sqrt(tensor.SumSquares(p.Value) / float64(p.Value.Len())); p.Value.Len() > 500 && !(math.Abs(rms-0.02) <= 0.003) {
					t.Errorf("%s begins with a deviation of %.3f, want 0.02", p.Name, rms)
				}
			}
		}
		return strings.Join(got, " ")
	}
	rng := tensor.NewRNG(1)
	released, small := ContextEncoder{Width: 64, Bottleneck: 100}, ContextEncoder{Width: 2}
	for what, c := range map[string]struct{ got, want string }{
		"the released decoder": {weights(released.decoder(rng, 512, 4, 64)),
			"bottleneck.weight[4 4 512 100] open.weight[4 4 512 100] up8.weight[4 4 256 512] up16.weight[4 4 128 256] up32.weight[4 4 64 128] up64.weight[4 4 3 64]"},
		"the released discriminator": {weights(released.discriminator(rng, 64)),
			"down64.weight[4 4 3 64] down32.weight[4 4 64 128] down16.weight[4 4 128 256] down8.weight[4 4 256 512] judge.weight[4 4 512 1]"},
		"large features": {weights(small.decoder(rng, 5, 19, 113)), "halve19.weight[4 4 5 5] halve9.weight[4 4 5 5] spread.weight[5 16 16] mix.weight[1 1 5 16] " +
			"up8.weight[4 4 16 16] up15.weight[3 3 8 16] up29.weight[3 3 4 8] up57.weight[3 3 2 4] up113.weight[3 3 3 2]"},
		"features of eight":        {weights(small.decoder(rng, 5, 8, 16)), "spread.weight[5 64 64] mix.weight[1 1 5 2] up16.weight[4 4 3 2]"},
		"a bottleneck of eight":    {weights(ContextEncoder{Width: 2, Bottleneck: 3}.decoder(rng, 5, 8, 16)), "bottleneck.weight[8 8 5 3] open.weight[4 4 4 3] up8.weight[4 4 2 4] up16.weight[4 4 3 2]"},
		"features as large as all": {weights(small.decoder(rng, 5, 8, 8)), "spread.weight[5 64 16] mix.weight[1 1 5 2] up8.weight[4 4 3 2]"},
		"a large painting":         {weights(small.discriminator(rng, 128)), "down128.weight[4 4 3 2] down64.weight[4 4 2 4] down32.weight[4 4 4 8] down16.weight[4 4 8 16] down8.weight[4 4 16 16] judge.weight[4 4 16 1]"},
		"a small painting":         {weights(small.discriminator(rng, 4)), "down4.weight[4 4 3 2] judge.weight[2 2 2 1]"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s\nwant %s", what, c.got, c.want)
		}
	}
}

func TestContextEncoderOptions(t *testing.T) {
	for of, want := range map[string]ContextEncoder{
		"context-encoder":                                      {Mask: "centre", Width: 64},
		"context-encoder?mask=region&adversary=no":             {Mask: "region", NoAdversary: true, Width: 64},
		"context-encoder?overlap=0&bottleneck=100&mask=blocks": {Mask: "blocks", Overlap: -1, Bottleneck: 100, Width: 64},
		"context-encoder?overlap=3&width=8":                    {Mask: "centre", Overlap: 3, Width: 8},
	} {
		if got, err := New(of); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", of, got, err, want)
		}
	}
	for of, want := range map[string]string{"context-encoder?mask=middle": "centre, blocks or region", "context-encoder?adversary=maybe": "yes or no",
		"context-encoder?overlap=-1": "overlap", "context-encoder?width=0": "width"} {
		if _, err := New(of); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", of, err, want)
		}
	}
	alex, _ := layers.NewTrunk("alexnet", tensor.NewRNG(1), 3)
	for want, s := range map[string]Setup{"does not take": {Trunk: alex, Side: 16}, "nothing to hide": {Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 2, layers.TrunkOptions{}), Side: 6}} {
		s.RNG = tensor.NewRNG(1)
		if _, err := (ContextEncoder{}).Learner(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("side %d: %v, want %q", s.Side, err, want)
		}
	}
	if _, err := (ContextEncoder{Overlap: 4}).Learner(Setup{Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 2, layers.TrunkOptions{}), Side: 16, RNG: tensor.NewRNG(1)}); err == nil {
		t.Error("a band as wide as the hole must complain")
	}
	l := painter(t, ContextEncoder{Overlap: -1}, 16, 2)
	if l.task.Overlap != 0 {
		t.Errorf("no overlap is %d", l.task.Overlap)
	}
	if _, err := l.Feed(data.Inputs{}, true, data.LoaderOptions{BatchSize: 2}); err == nil || !strings.Contains(err.Error(), "pictures") {
		t.Errorf("no pictures: %v", err)
	}
	c := train.Config{}
	contextEncoderAbout.Config(&c)
	if c.Optimizer != "adam?beta1=0.5" || c.LR != 2e-3 || c.Schedule != "constant" || c.WeightDecay != 0 || c.BatchSize != 64 {
		t.Errorf("the released recipe is not %+v", c)
	}
}

// inOrder is a context encoder whose batches come in order, with holes by formula where they are not in the middle.
type inOrder struct {
	*contextEncoder
	batch int
}

func (l inOrder) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	f := train.NewFeed(in.Images.Len(), m, o, l.step)
	b, s := m.New(l.batch), l.setup.Side
	f.Epoch = func(_, from int) iter.Seq[func(train.Step)] {
		return func(yield func(func(train.Step)) bool) {
			for k := from; k < f.Steps; k++ {
				for row := range l.batch {
					i := k*l.batch + row
					m.Fill(b, row, i, tensor.NewRNG(1))
					if l.task.Mask == "blocks" {
						m.pictures.Fill(b.X.Data[row*s*s*3:][:s*s*3], i, tensor.NewRNG(1))
						for p := range s * s {
							b.mask[row*s*s+p] = seen
							if (p%s/4+3*(p/s/5)+i)%7 == 0 {
								b.mask[row*s*s+p] = hidden
							}
						}
						m.cut(b, row)
					}
				}
				if !yield(func(st train.Step) { l.step(st, b) }) {
					return
				}
			}
		}
	}
	return f, nil
}

// TestContextEncoderPyTorch: losses and noise ratios of 21 steps are those of PyTorch from the same weights and pictures, within what
// the last bits of the weights make of them there: testdata/context_encoder.json, made by context_encoder.py.
func TestContextEncoderPyTorch(t *testing.T) {
	var want []struct {
		Mask           string
		Adversary      bool
		Bottleneck     int
		Curves, Spread map[string][]float64
	}
	golden.Load(t, "testdata/context_encoder.json", &want)
	// How far rounding may have moved a curve, relatively: the largest of all curves, up to three steps later. For what moves a curve
	// is that an input of a rectifier is now above zero and now below, which happens to this curve or that, sooner or later.
	spread := make([]float64, 21)
	for _, w := range want {
		for name, curve := range w.Spread {
			for k, v := range curve {
				for j := max(0, k-3); j < len(spread); j++ {
					spread[j] = max(spread[j], v/math.Abs(w.Curves[name][k]))
				}
			}
		}
	}
	if len(want) != 3 || spread[9] > 2e-6 {
		t.Fatalf("%d configurations; at step 9 rounding is %g: too much to compare anything", len(want), spread[8])
	}
	for _, w := range want {
		const side, batch = 32, 12
		l := painter(t, ContextEncoder{Mask: w.Mask, NoAdversary: !w.Adversary, Bottleneck: w.Bottleneck, Width: 8}, side, 8)
		for _, p := range layers.Params(l) {
			switch {
			case len(p.Value.Shape) > 1:
				golden.Fill(p.Value.Data, p.Name, 0.2)
			default:
				golden.Fill(p.Value.Data, p.Name, 0.1)
				if strings.HasSuffix(p.Name, "weight") {
					tensor.AddScalar(p.Value, 1)
				}
			}
		}
		dir := t.TempDir()
		c := train.Config{Epochs: 7, BatchSize: batch, Side: side, LogEvery: 1, MonitorEvery: -1, CheckpointEvery: 1000}
		epochs, size := c.Epochs, c.BatchSize
		contextEncoderAbout.Config(&c)
		c.Epochs, c.BatchSize, c.Optimizer = epochs, size, c.Optimizer+"&eps=1e-4" // see the script
		r := train.Run{Dir: dir, Config: c, Learner: inOrder{l, batch}, Data: &data.Dataset{Name: "waves", Inputs: data.Inputs{Images: waves{3 * batch, side}}}}
		if _, err := r.Start(context.Background(), false); err != nil {
			t.Fatal(err)
		}
		got := curves(t, dir)
		for name, curve := range w.Curves {
			if len(got[name]) != len(curve) || len(curve) != 21 {
				t.Fatalf("%s of %s: %d steps, want %d", name, w.Mask, len(got[name]), len(curve))
			}
			worst := 0.0
			for k, v := range curve {
				limit := (8*spread[k] + 2e-6) * math.Abs(v)
				worst = max(worst, math.Abs(got[name][k]-v)/limit)
				if !(math.Abs(got[name][k]-v) <= limit) {
					t.Errorf("%s, adversary %v: %s of step %d is %.7g, PyTorch's %.7g; they may differ by %.2g", w.Mask, w.Adversary, name, k, got[name][k], v, limit)
				}
			}
			t.Logf("%s, adversary %v, %s: %.7g -> %.7g, at most %.2f of what is allowed", w.Mask, w.Adversary, name, curve[0], curve[20], worst)
		}
	}
}

// curves reads a run's values, step by step.
func curves(t *testing.T, dir string) map[string][]float64 {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]float64{}
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		m := map[string]float64{}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		for k, v := range m {
			out[k] = append(out[k], v)
		}
	}
	return out
}

// TestContextEncoderLearns: 64 scenes are painted better than by their mean colour, by 1.5 dB at least, within 100 small steps.
func TestContextEncoderLearns(t *testing.T) {
	d, err := data.Open("scenes:?n=64&side=16", data.Train)
	if err != nil {
		t.Fatal(err)
	}
	c := train.Config{}
	contextEncoderAbout.Config(&c)
	c.Epochs, c.BatchSize, c.Side, c.LogEvery, c.MonitorEvery, c.CheckpointEvery = 25, 16, 16, 1, -1, 1000
	dir := t.TempDir()
	l := painter(t, ContextEncoder{Width: 16}, 16, 16)
	r := train.Run{Dir: dir, Config: c, Learner: l, Data: d}
	if _, err := r.Start(context.Background(), false); err != nil {
		t.Fatal(err)
	}
	got := curves(t, dir)
	mean := func(name string) (m float64) {
		for _, v := range got[name][96:] {
			m += v / 4
		}
		return m
	}
	t.Logf("loss %.3f -> %.3f, psnr %.2f -> %.2f dB, mean colour %.2f, border %.2f", got["loss"][0], mean("loss"), got["psnr"][0], mean("psnr"), mean("psnr_mean_colour"), mean("psnr_border"))
	if !(mean("psnr") > mean("psnr_mean_colour")+1.5) {
		t.Errorf("psnr %.2f, the mean colour's %.2f", mean("psnr"), mean("psnr_mean_colour"))
	}
	ms := l.Metrics()
	for _, m := range ms {
		if _, told := got[m.Name]; !told {
			t.Errorf("%s is declared and not told", m.Name)
		}
	}
	if ms[0].Name != "loss" || ms[3].Versus != "psnr_mean_colour" || !ms[3].Higher {
		t.Errorf("metrics %+v", ms)
	}
}

// TestContextEncoderDraws: what was seen, painted, continued, and the truth, from left to right; outside the hole all four agree.
func TestContextEncoderDraws(t *testing.T) {
	const s, zoom = 16, 8
	l := painter(t, ContextEncoder{Width: 4}, s, 4)
	normalised(l, data.ImageNetNorm)
	im, err := l.Draw(data.Inputs{Images: waves{4, s}}, []int{2, 3})
	if err != nil {
		t.Fatal(err)
	}
	page := im.(canvas.Sheet)
	grid := canvas.Grid{Cols: 4, CellW: s * zoom, CellH: s*zoom + canvas.TextHeight, Gap: 8, Head: canvas.TextHeight + 4}
	if w, h := grid.Size(8); page.Rect.Dx() != w || page.Rect.Dy() != h {
		t.Fatalf("the page is %v, want %d by %d", page.Rect, w, h)
	}
	m, _ := l.maker(data.Inputs{Images: waves{4, s}}, false)
	b := m.New(2)
	for row, i := range []int{2, 3} {
		m.Fill(b, row, i, tensor.NewRNG(1))
	}
	made := l.Forward(autograd.NewInference().Input(b.X)).Value
	for row, i := range []int{2, 3} {
		want, _ := waves{4, s}.Image(i)
		var at [4][3]uint8
		other := [4]int{} // pixels of the hole that differ from the truth
		for p := range s * s {
			for k := range at {
				x, y := grid.At(row*4 + k)
				v := page.RGBAAt(x+p%s*zoom+zoom/2, y+p/s*zoom+zoom/2)
				at[k] = [3]uint8{v.R, v.G, v.B}
			}
			truth := [3]uint8(want.Pix[p*3:])
			inside := p/s >= 5 && p/s < 11 && p%s >= 5 && p%s < 11
			for k, v := range at {
				if v != truth {
					if !inside {
						t.Fatalf("row %d, picture %d, pixel %d: %v, want %v", row, k, p, v, truth)
					}
					other[k]++
				}
			}
			if grey := [3]uint8{124, 116, 104}; inside && at[0] != grey { // ImageNet's mean
				t.Fatalf("row %d: the hole is %v", row, at[0])
			}
			if inside {
				for c, v := range at[1] {
					if w := (float64(made.At(row, p/s-4, p%s-4, c)) + 1) * 127.5; !(math.Abs(w-float64(v)) <= 0.51) {
						t.Fatalf("row %d, pixel %d: painted %d, drawn %g", row, p, v, w)
					}
				}
			}
		}
		if other[3] != 0 || other[0] != 36 || other[1] == 0 || other[2] == 0 {
			t.Errorf("row %d: of 36 pixels %v are not the truth", row, other)
		}
	}
}

// TestContextEncoderPage: every pixel of a page, drawn once more.
func TestContextEncoderPage(t *testing.T) {
	const s = 20
	l := painter(t, ContextEncoder{Mask: "blocks", Width: 4}, s, 4)
	for _, p := range layers.Params(l) {
		golden.Fill(p.Value.Data, p.Name, 0.5) // so that what is painted has colours
	}
	index := []int{4, 1, 2}
	in := data.Inputs{Images: waves{5, s}}
	got, err := l.Draw(in, index)
	if err != nil {
		t.Fatal(err)
	}
	m, err := l.maker(in, false)
	if err != nil {
		t.Fatal(err)
	}
	want := canvas.NewSheet(8+4*128, 8+13+4+3*(120+13+8))
	for k, title := range []string{"what it saw", "what it painted", "border continued", "the picture"} {
		want.Text(8+128*k, 8, 120, title, canvas.Ink)
	}
	for row, i := range index {
		b := m.New(1)
		if err := m.Fill(b, 0, i, tensor.NewRNG(uint64(i))); err != nil {
			t.Fatal(err)
		}
		made := l.Forward(autograd.NewInference().Input(b.X)).Value
		im, _ := waves{5, s}.Image(i)
		truth := make([]float32, s*s*3)
		data.HalfNorm.Normalize(truth, im)
		painted, continued := append([]float32(nil), truth...), borderRef(b.X.Data, b.mask, s)
		squares, others := 0.0, 0.0
		for k, v := range truth {
			if b.mask[k/3] == hidden {
				painted[k] = made.Data[k] * 2 // of deviations of a quarter
				squares += math.Pow(float64(made.Data[k]-v/2), 2)
				others += math.Pow(float64(continued[k]-v)/2, 2)
			}
		}
		h := hole{pixels: count(b.mask, hidden)}
		for k, v := range [][]float32{b.X.Data, painted, continued, truth} {
			x, y := 8+128*k, 8+13+4+row*(120+13+8)
			want.Picture(x, y, 6, data.HalfNorm.ToImage(v, s, s).Pix, s, s)
			switch k {
			case 1:
				want.Text(x, y+121, 120, fmt.Sprintf("%.1f dB", h.psnr(squares)), canvas.Ink)
			case 2:
				want.Text(x, y+121, 120, fmt.Sprintf("%.1f dB", h.psnr(others)), canvas.Ink)
			}
		}
	}
	page := got.(canvas.Sheet)
	if page.Rect != want.Rect {
		t.Fatalf("a page of %v, want %v", page.Rect, want.Rect)
	}
	for i, v := range want.Pix {
		if d := int(page.Pix[i]) - int(v); d < -1 || d > 1 { // one step of 255 is rounding
			t.Fatalf("at (%d, %d) the page is %d, want %d", i/4%want.Rect.Dx(), i/4/want.Rect.Dx(), page.Pix[i], v)
		}
	}
}
