package eval

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// hums are recordings of two seconds, recording i a sine of 200·(i+1) Hz that is louder in its second half; one is empty.
type hums struct{ n, empty int }

func (h hums) Len() int            { return h.n }
func (h hums) Describe(int) string { return "a hum" }
func (h hums) Length(i int) (int, float64, error) {
	if i == h.empty {
		return 0, 8000, nil
	}
	return 16000, 8000, nil
}
func (h hums) Sound(i, from, n int) ([]float32, error) {
	out := make([]float32, n)
	for k := range out {
		loud := 0.1
		if from+k >= 8000 {
			loud = 0.5
		}
		out[k] = float32(loud * math.Sin(2*math.Pi*200*float64(i+1)*float64(from+k)/8000))
	}
	return out, nil
}

func hearing(t *testing.T, of string) data.Hearing {
	t.Helper()
	h, err := data.ParseHearing(of)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestHears: windows are evenly spread over a recording and heard one after the other; what a trunk says of them is averaged; an empty recording is a broken one.
func TestHears(t *testing.T) {
	h := hearing(t, "mel?rate=8000&seconds=0.5&bands=16&mean=-2&std=3")
	in := data.Inputs{Sounds: hums{5, 3}}
	seen, err := Hears{Hearing: h, Windows: 3}.Over(in)
	if err != nil {
		t.Fatal(err)
	}
	shape, err := h.Shape()
	if err != nil {
		t.Fatal(err)
	}
	each := shape[0] * shape[1]
	if len(seen.Shape) != 4 || seen.Shape[0] != 3 || seen.Shape[1] != shape[0] || seen.Shape[2] != shape[1] || seen.Shape[3] != 1 {
		t.Fatalf("shape %v, want [3 %d %d 1]", seen.Shape, shape[0], shape[1])
	}
	got := make([]float32, 3*each)
	if err := seen.Fill(got, 1); err != nil {
		t.Fatal(err)
	}
	w, err := data.NewWindows(in.Sounds, h, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float32, each)
	for k, at := range []float64{0, 0.75, 1.5} {
		if err := w.Fill(want, 1, at); err != nil {
			t.Fatal(err)
		}
		for i, v := range want {
			if got[k*each+i] != v {
				t.Fatalf("window %d: value %d is %g, want %g", k, i, got[k*each+i], v)
			}
		}
	}
	trunk := layers.ConvNet(tensor.NewRNG(1), 1, 8, layers.TrunkOptions{})
	e := &TrunkEncoder{Label: "ear", Trunk: trunk, Input: Hears{Hearing: h, Windows: 3}}
	if s := e.Settings(in); s["sound"] != h.String() || s["windows"] != 3 {
		t.Errorf("settings %v", s)
	}
	f, err := e.Encode(ctx, in, Options{BatchSize: 2, Last: true, MaxBad: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if len(f) != 1 || len(f[0].Index) != 4 || f[0].Index[3] != 4 {
		t.Fatalf("features of %v, want those of 0, 1, 2 and 4", f[0].Index)
	}
	x := tensor.From(got, 3, shape[0], shape[1], 1)
	pooled := autograd.GlobalAvgPool(trunk.Forward(autograd.NewInference().Input(x))).Value
	for c := range pooled.Dim(1) {
		mean := (pooled.At(0, c) + pooled.At(1, c) + pooled.At(2, c)) / 3
		if v := f[0].Pooled.At(1, c); !(math.Abs(float64(v-mean)) <= 1e-5*(1+math.Abs(float64(mean)))) {
			t.Fatalf("channel %d is %g, want %g, the mean of three windows", c, v, mean)
		}
	}
	if _, err := (Hears{Hearing: h}).Over(data.Inputs{Images: &album{n: 1, side: 4}}); err == nil || !strings.Contains(err.Error(), "no sounds, it has pictures") {
		t.Errorf("of pictures: %v", err)
	}
	if usual, err := (Hears{Hearing: h}).Over(in); err != nil || usual.Shape[0] != usualWindows {
		t.Errorf("windows of the zero value: %v, %v", usual.Shape, err)
	}
}

// TestEmbed: a network's embedding of several views of a sample is their mean, and samples that cannot be read are left out.
func TestEmbed(t *testing.T) {
	h := hearing(t, "mel?rate=8000&seconds=0.5&bands=16&mean=-2&std=3")
	in := data.Inputs{Sounds: hums{5, 0}}
	loudness := func(x *autograd.Var) *autograd.Var { // [M T F 1] to [M 1]
		return autograd.Reshape(autograd.GlobalAvgPool(x), x.Shape()[0], 1)
	}
	f, err := Embed(ctx, "loudness", Hears{Hearing: h, Windows: 2}, in, Options{BatchSize: 3, MaxBad: 0.5}, autograd.NewInference(), loudness)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Index) != 4 || f.Index[0] != 1 || f.Pooled.Dim(0) != 4 || f.Pooled.Dim(1) != 1 {
		t.Fatalf("features %v of %v", f.Pooled.Shape, f.Index)
	}
	w, err := data.NewWindows(in.Sounds, h, 0)
	if err != nil {
		t.Fatal(err)
	}
	shape := w.Shape()
	x, want := make([]float32, shape[0]*shape[1]), 0.0
	for _, at := range []float64{0, 1.5} {
		if err := w.Fill(x, 2, at); err != nil {
			t.Fatal(err)
		}
		want += float64(loudness(autograd.NewInference().Input(tensor.From(x, append([]int{1}, shape...)...))).Value.Data[0]) / 2
	}
	if got := float64(f.Pooled.At(1, 0)); !(math.Abs(got-want) <= 1e-6*math.Abs(want)) {
		t.Errorf("the mean of two windows is %g, want %g", got, want)
	}
	if _, err := Embed(ctx, "loudness", Hears{Hearing: h}, in, Options{}, autograd.NewInference(), loudness); err == nil {
		t.Error("a broken recording is let through where none may be broken")
	}
}

// tapes are films of ten frames a second, frame t of red t, of so many frames; the one without any is a broken one.
type tapes []int

func (s tapes) Len() int              { return len(s) }
func (s tapes) Describe(i int) string { return fmt.Sprint("tape ", i) }
func (s tapes) Times(i int) ([]float64, error) {
	out := make([]float64, s[i])
	for k := range out {
		out[k] = float64(k) / 10
	}
	return out, nil
}
func (s tapes) Clip(i int, frames []int, each func(k int, im *data.Image) error) error {
	for k, t := range frames {
		im := data.NewImage(4, 4)
		for p := 0; p < len(im.Pix); p += 3 {
			im.Pix[p] = uint8(t)
		}
		if err := each(k, im); err != nil {
			return err
		}
	}
	return nil
}

// TestShots: clips are evenly spread over a film, each as long as asked, its frames one after the other; the last ends with the film, and a short film is one clip.
func TestShots(t *testing.T) {
	p := Shots{Side: 4, Norm: data.Norm{Std: [3]float32{1, 1, 1}}, Frames: 2, Seconds: 0.4, Shots: 3}
	in := data.Inputs{Clips: tapes{16, 3, 0}}
	seen, err := p.Over(in)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(seen.Shape); got != "[6 4 4 3]" {
		t.Fatalf("shape %s", got)
	}
	for i, want := range []string{"[3 5 7 9 11 13]", "[0 2 0 2 0 2]"} {
		dst := make([]float32, 6*48)
		if err := seen.Fill(dst, i); err != nil {
			t.Fatal(err)
		}
		var got []int
		for k := range 6 {
			got = append(got, int(math.Round(float64(dst[48*k]*255))))
		}
		if fmt.Sprint(got) != want {
			t.Errorf("film %d: frames %v, want %s", i, got, want)
		}
	}
	if err := seen.Fill(make([]float32, 6*48), 2); err == nil || !strings.Contains(err.Error(), "tape 2 has 0 frames") {
		t.Errorf("a film without frames: %v", err)
	}
	if _, err := p.Over(data.Inputs{Sounds: hums{5, 3}}); err == nil || !strings.Contains(err.Error(), "no films, it has sounds") {
		t.Errorf("sounds: %v", err)
	}
	if s := p.Settings(in); s["frames"] != 2 || s["seconds"] != 0.4 || s["shots"] != 3 {
		t.Errorf("settings %v", s)
	}
}
