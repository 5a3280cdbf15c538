package eval

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

var ctx = context.Background()

// album are pictures of one colour each; some are broken.
type album struct {
	n, side int
	broken  map[int]bool
	mu      sync.Mutex
	read    int
}

func (a *album) Len() int              { return a.n }
func (a *album) Describe(i int) string { return fmt.Sprint("page ", i) }
func (a *album) colour(i int) [3]uint8 {
	return [3]uint8{uint8(10 * i), uint8(250 - 10*i), uint8(37 * i)}
}

// Hash is of what the picture is made from: none is read for it.
func (a *album) Hash(i int) (data.Hash, error) {
	return sha256.Sum256(fmt.Append(nil, a.colour(i), a.side)), nil
}

func (a *album) Image(i int) (*data.Image, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.read++
	if a.broken[i] {
		return nil, fmt.Errorf("page %d is torn", i)
	}
	im := data.NewImage(a.side, a.side)
	c := a.colour(i)
	for p := range im.Pix {
		im.Pix[p] = c[p%3]
	}
	return im, nil
}

// halves are the classes of a set whose samples are alternately of one and the other.
func halves(n int) labelled {
	l := labelled{names: []string{"even", "odd"}}
	for i := range n {
		l.labels = append(l.labels, i%2)
	}
	return l
}

func scenes(t *testing.T, n int) *data.Dataset {
	t.Helper()
	d, err := data.Open(fmt.Sprintf("scenes:?n=%d&side=16", n), data.Train)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestTrunkEncoder: the features are the trunk's stages of all samples in their order, whatever the size of a batch; pooled is the
// mean over positions, grid the means of a grid's cells.
func TestTrunkEncoder(t *testing.T) {
	trunk := layers.ConvNet(tensor.NewRNG(1), 3, 24, layers.TrunkOptions{})
	src := scenes(t, 30)
	in := Views{Side: 16, Norm: data.HalfNorm}
	e := &TrunkEncoder{Label: "mine", Trunk: trunk, Input: in}
	told := []string{}
	f, err := e.Encode(ctx, src.Inputs, Options{BatchSize: 8, Progress: func(done, total int, what string) { told = append(told, fmt.Sprint(done, "/", total, " ", what)) }})
	if err != nil || len(f) != 4 || strings.Join(e.Depths(), " ") != strings.Join([]string{f[0].Name, f[1].Name, f[2].Name, f[3].Name}, " ") {
		t.Fatalf("%d stages, %v", len(f), err)
	}
	if got := strings.Join(told, ", "); got != "8/30 mine, 16/30 mine, 24/30 mine, 30/30 mine" {
		t.Errorf("progress %s", got)
	}
	x := tensor.New(30, 16, 16, 3)
	for i := range 30 {
		im, err := src.Images.Image(i)
		if err != nil {
			t.Fatal(err)
		}
		data.HalfNorm.Normalize(x.Rows(i, i+1).Data, im)
	}
	sides := []int{6, 6, 4, 3} // of 24, 24, 48 and 96 channels: about 1024 values
	for k, want := range trunk.Features(autograd.NewInference().Input(x)) {
		c, s := want.Shape()[3], want.Shape()[1]
		g := sides[k]
		if f[k].Depth != k+1 || f[k].GridSide != min(g, s) || len(f[k].Index) != 30 || f[k].Index[7] != 7 || f[k].Index[29] != 29 {
			t.Errorf("stage %d: depth %d, grid %d, index %v", k, f[k].Depth, f[k].GridSide, f[k].Index)
		}
		if fmt.Sprint(f[k].Pooled.Shape, f[k].Grid.Shape) != fmt.Sprint([]int{30, c}, []int{30, f[k].GridSide * f[k].GridSide * c}) {
			t.Fatalf("stage %d: %v and %v", k, f[k].Pooled.Shape, f[k].Grid.Shape)
		}
		for _, i := range []int{0, 7, 8, 29} {
			for ch := range c {
				mean := 0.0
				for p := range s * s {
					mean += float64(want.Value.Data[(i*s*s+p)*c+ch]) / float64(s*s)
				}
				if got := f[k].Pooled.Data[i*c+ch]; !(math.Abs(float64(got)-mean) <= 1e-5) {
					t.Fatalf("stage %d, sample %d, channel %d: %g, want %g", k, i, ch, got, mean)
				}
				if s%f[k].GridSide == 0 { // the first cell
					cell, mean := s/f[k].GridSide, 0.0
					for y := range cell {
						for x := range cell {
							mean += float64(want.Value.Data[((i*s+y)*s+x)*c+ch]) / float64(cell*cell)
						}
					}
					if got := f[k].Grid.Data[i*f[k].Grid.Dim(1)+ch]; !(math.Abs(float64(got)-mean) <= 1e-5) {
						t.Fatalf("stage %d, sample %d, grid channel %d: %g, want %g", k, i, ch, got, mean)
					}
				}
			}
		}
	}
}

// TestTrunkEncoderLast: the deepest features alone are those of an encoding of all; it can be stopped, says how it sees, and refuses what
// has no pictures; the memory of a batch is used again.
func TestTrunkEncoderLast(t *testing.T) {
	src := scenes(t, 30)
	e := &TrunkEncoder{Label: "mine", Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 24, layers.TrunkOptions{}), Input: Views{Side: 16, Norm: data.HalfNorm}}
	f, err := e.Encode(ctx, src.Inputs, Options{BatchSize: 8})
	if err != nil {
		t.Fatal(err)
	}
	last, err := e.Encode(ctx, src.Inputs, Options{Last: true})
	if err != nil || len(last) != 1 || last[0].Depth != 4 || last[0].Name != f[3].Name {
		t.Fatalf("the last alone: %d, %v", len(last), err)
	}
	for i, v := range last[0].Grid.Data {
		if v != f[3].Grid.Data[i] {
			t.Fatalf("the last alone differs at %d", i)
		}
	}
	gone, stop := context.WithCancel(ctx)
	stop()
	if _, err := e.Encode(gone, src.Inputs, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled encoding says %v", err)
	}
	if s := e.Settings(data.Inputs{}); s["side"] != 16 || !strings.Contains(fmt.Sprint(s["norm"]), "0.25") {
		t.Errorf("settings %v", s)
	}
	if _, err := e.Encode(ctx, data.Inputs{}, Options{}); err == nil || !strings.Contains(err.Error(), "no pictures") {
		t.Errorf("without pictures: %v", err)
	}
	var tapes []*autograd.Tape
	e.Tape = func() *autograd.Tape { tapes = append(tapes, autograd.NewInference()); return tapes[len(tapes)-1] }
	for _, size := range []int{30, 5} {
		if _, err := e.Encode(ctx, src.Inputs, Options{BatchSize: size}); err != nil {
			t.Error(err)
		}
	}
	if len(tapes) != 2 {
		t.Fatalf("%d tapes for two encodings", len(tapes))
	}
	_, large := tapes[0].Bytes()
	if _, small := tapes[1].Bytes(); small == 0 || small > large/4 {
		t.Errorf("batches of 5 take %d bytes, one of 30 %d: the memory of a batch is not used again", small, large)
	}
}

func TestGridSide(t *testing.T) {
	for _, c := range []struct{ s, c, want int }{{32, 1, 32}, {32, 3, 18}, {32, 16, 8}, {8, 64, 4}, {2, 64, 2}, {7, 512, 1}, {7, 2048, 1}, {1, 1024, 1}} {
		if got := gridSide(c.s, c.c); got != c.want {
			t.Errorf("%d channels of %d positions a side: a grid of %d, want %d", c.c, c.s, got, c.want)
		}
	}
}

// TestBrokenSamples: they are left out, the others keep their numbers, each is named once, and too many end it.
func TestBrokenSamples(t *testing.T) {
	a := &album{n: 12, side: 8, broken: map[int]bool{0: true, 5: true, 11: true}}
	var mu sync.Mutex
	var bad []int
	o := Options{BatchSize: 5, MaxBad: 0.25, Bad: func(i int, err error) {
		mu.Lock()
		defer mu.Unlock()
		bad = append(bad, i)
		if !strings.Contains(err.Error(), "torn") {
			t.Error(err)
		}
	}}
	for _, e := range []Encoder{Pixels{Views{Side: 8, Norm: data.HalfNorm}}, &TrunkEncoder{Label: "n", Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), Input: Views{Side: 8, Norm: data.HalfNorm}}} {
		bad = nil
		done := 0
		o.Progress = func(d, total int, _ string) { done = d }
		f, err := e.Encode(ctx, data.Inputs{Images: a}, o)
		if err != nil || fmt.Sprint(f[0].Index) != "[1 2 3 4 6 7 8 9 10]" || f[0].Pooled.Dim(0) != 9 || f[0].Grid.Dim(0) != 9 {
			t.Fatalf("%s: %v, %v", e.Name(), f, err)
		}
		if len(bad) != 3 || done != 12 {
			t.Errorf("%s: told of %v, done %d", e.Name(), bad, done)
		}
	}
	px, err := Pixels{Views{Side: 8, Norm: data.HalfNorm}}.Encode(ctx, data.Inputs{Images: a}, o)
	if err != nil {
		t.Fatal(err)
	}
	for row, i := range px[0].Index {
		for p, v := range px[0].Pooled.Rows(row, row+1).Data {
			if want := (float32(a.colour(i)[p%3])/255 - 0.5) / 0.25; !(math.Abs(float64(v-want)) <= 1e-5) {
				t.Fatalf("row %d, pixel %d: %g, want %g of sample %d", row, p, v, want, i)
			}
		}
	}
	if _, err := (Pixels{Views{Side: 8, Norm: data.HalfNorm}}).Encode(ctx, data.Inputs{Images: a}, Options{MaxBad: 0.24}); !errors.Is(err, data.ErrTooManyBad) {
		t.Errorf("three of twelve with 24 %% allowed: %v", err)
	}
	all := &album{n: 2, side: 8, broken: map[int]bool{0: true, 1: true}}
	for _, e := range []Encoder{Pixels{Views{Side: 8, Norm: data.HalfNorm}}, &TrunkEncoder{Label: "n", Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), Input: Views{Side: 8, Norm: data.HalfNorm}}} {
		if _, err := e.Encode(ctx, data.Inputs{Images: all}, Options{MaxBad: 1}); err == nil || !strings.Contains(err.Error(), "none of the 2 samples") {
			t.Errorf("%s: nothing readable: %v", e.Name(), err)
		}
	}
}

// TestPixels: larger pictures are averaged down to 32 by 32.
func TestPixels(t *testing.T) {
	src := scenes(t, 5)
	e := Pixels{Views{Side: 16, Norm: data.HalfNorm}}
	f, err := e.Encode(ctx, src.Inputs, Options{})
	if err != nil || len(f) != 1 || fmt.Sprint(f[0].Pooled.Shape) != fmt.Sprint([]int{5, 16 * 16 * 3}) || f[0].Depth != 0 || f[0].Name != "pixels" || f[0].GridSide != 16 || f[0].Grid != f[0].Pooled {
		t.Errorf("%+v, %v", f, err)
	}
	if e.Name() != "pixels" || strings.Join(e.Depths(), " ") != "pixels" || e.Settings(data.Inputs{})["side"] != 16 {
		t.Errorf("%s, %v, %v", e.Name(), e.Depths(), e.Settings(data.Inputs{}))
	}
	d, err := data.Open("scenes:?n=3&side=64", data.Train)
	if err != nil {
		t.Fatal(err)
	}
	f, err = Pixels{Views{Side: 64, Norm: data.HalfNorm}}.Encode(ctx, d.Inputs, Options{})
	if err != nil || f[0].Grid.Dim(1) != 32*32*3 || f[0].GridSide != 32 {
		t.Fatalf("%v, %v", f, err)
	}
	im, _ := d.Images.Image(2)
	sum := 0
	for _, p := range []int{0, 1, 64, 65} {
		sum += int(im.Pix[p*3])
	}
	if want := (float64(sum)/4/255 - 0.5) / 0.25; !(math.Abs(float64(f[0].Grid.Data[2*32*32*3])-want) <= 1e-5) {
		t.Errorf("the first pixel is %g, want %g", f[0].Grid.Data[2*32*32*3], want)
	}
}

// band is an input of one channel, not square: what a net for sound or grey pictures looks at.
type band struct{ shape []int }

func (b band) Settings(data.Inputs) map[string]any { return map[string]any{"shape": b.shape} }
func (b band) Over(data.Inputs) (Seen, error) {
	return Seen{b.shape, func(dst []float32, i int) error {
		for p := range dst {
			dst[p] = float32(i) + float32(p%7)
		}
		return nil
	}}, nil
}

// TestAnyInput: a trunk may want one channel, or vectors; features of a kind that nobody can judge are an error.
func TestAnyInput(t *testing.T) {
	in := data.Inputs{Images: &album{n: 6, side: 4}}
	f, err := (&TrunkEncoder{Label: "grey", Trunk: layers.ConvNet(tensor.NewRNG(1), 1, 4, layers.TrunkOptions{}), Input: band{[]int{8, 12, 1}}}).Encode(ctx, in, Options{BatchSize: 4})
	if err != nil || f[0].Pooled.Dim(0) != 6 || f[0].Pooled.Dim(1) != 4 || f[0].GridSide != 8 {
		t.Fatalf("one channel: %+v, %v", f, err)
	}
	flat := &layers.Trunk{Stages: []layers.Stage{{Name: "fc", Channels: 3, Parts: layers.Sequential{{Name: "fc", Module: layers.NewLinear(tensor.NewRNG(1), 5, 3, layers.LinearOptions{})}}}}}
	f, err = (&TrunkEncoder{Label: "flat", Trunk: flat, Input: band{[]int{5}}}).Encode(ctx, in, Options{BatchSize: 4})
	if err != nil || fmt.Sprint(f[0].Pooled.Shape) != "[6 3]" || f[0].Grid != f[0].Pooled || f[0].GridSide != 0 {
		t.Fatalf("vectors: %+v, %v", f, err)
	}
	px, err := Pixels{band{[]int{5}}}.Encode(ctx, in, Options{})
	if err != nil || fmt.Sprint(px[0].Pooled.Shape) != "[6 5]" || px[0].GridSide != 0 {
		t.Fatalf("pixels of vectors: %+v, %v", px, err)
	}
	px, err = Pixels{band{[]int{40, 10, 1}}}.Encode(ctx, in, Options{})
	if err != nil || px[0].Pooled.Dim(1) != 320 || px[0].GridSide != 32 {
		t.Fatalf("pixels of high pictures: %v, %v", px[0].Pooled.Shape, err)
	}
	px, err = Pixels{band{[]int{10, 40, 1}}}.Encode(ctx, in, Options{})
	if err != nil || px[0].Pooled.Dim(1) != 320 || px[0].GridSide != 32 {
		t.Fatalf("pixels of wide pictures: %v, %v", px[0].Pooled.Shape, err)
	}
	_, err = (&TrunkEncoder{Label: "odd", Trunk: &layers.Trunk{Stages: []layers.Stage{{Name: "none", Parts: nil}}}, Input: band{[]int{5, 5}}}).Encode(ctx, in, Options{})
	if err == nil || !strings.Contains(err.Error(), "stage none") {
		t.Errorf("features [N 5 5]: %v", err)
	}
}

// TestNotFiniteFeatures: features that are no numbers are refused by stage, sample and weight.
func TestNotFiniteFeatures(t *testing.T) {
	trunk := layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{})
	e := &TrunkEncoder{Label: "mine", Trunk: trunk, Input: Views{Side: 8, Norm: data.HalfNorm}}
	a := &album{n: 5, side: 8}
	for _, p := range layers.State(trunk) {
		if p.Name != "conv3.weight" {
			continue
		}
		for value, want := range map[float32]string{float32(math.NaN()): "so is conv3.weight", float32(math.Inf(1)): "so is conv3.weight", math.MaxFloat32: "all weights are finite"} {
			kept := slices.Clone(p.Value.Data)
			for i := range p.Value.Data {
				p.Value.Data[i] = value
			}
			tensor.Changed()
			_, err := e.Encode(ctx, data.Inputs{Images: a}, Options{BatchSize: 2})
			if err == nil || !strings.Contains(err.Error(), "mine: the features of stage conv3, of page ") || !strings.Contains(err.Error(), want) {
				t.Errorf("with a weight of %g: %v", value, err)
			}
			copy(p.Value.Data, kept)
		}
	}
	tensor.Changed()
	if _, err := e.Encode(ctx, data.Inputs{Images: a}, Options{}); err != nil {
		t.Error(err)
	}
}
