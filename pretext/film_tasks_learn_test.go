package pretext

import (
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// dropped are films of a ball that is let go and falls faster and faster, at a place and with colours drawn for the film.
type dropped struct{ n, seed int }

func (d dropped) Len() int                     { return d.n }
func (d dropped) Describe(int) string          { return "a ball" }
func (d dropped) Times(int) ([]float64, error) { return make([]float64, 24), nil }
func (d dropped) Clip(i int, frames []int, each func(k int, im *data.Image) error) error {
	r := tensor.NewRNG(uint64(1000*d.seed + i))
	at, ball, back, speed := r.IntN(14), uint8(160+r.IntN(90)), uint8(r.IntN(100)), 0.05+0.04*float64(r.Float32())
	for k, t := range frames {
		im := data.NewImage(20, 20)
		top := int(speed * float64(t*t))
		for p := range 400 {
			v := back
			if y, x := p/20, p%20; y >= top && y < top+5 && x >= at && x < at+5 {
				v = ball
			}
			im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2] = v, v, v
		}
		if err := each(k, im); err != nil {
			return err
		}
	}
	return nil
}

// TestFilmTasksLearn: of balls that fall, within seconds, each task is answered far better than by chance for balls that were not trained on.
func TestFilmTasksLearn(t *testing.T) {
	for of, want := range map[string]float64{
		"frame-order?gap=4&zoom=1&jitter=0": 0.7, "clip-order?span=4&gap=2&frames=2": 0.9, "odd-one-out?sampling=random&clips=4": 0.8, "arrow-of-time?span=12&frames=3": 0.9,
		"playback-speed?speeds=1,2,4,8": 0.8,
	} {
		task, err := New(of + "&motion=difference&embed=32&pool=4")
		if err != nil {
			t.Fatal(err)
		}
		s := filmSetup(layers.ConvNet(tensor.NewRNG(1), 3, 8, layers.TrunkOptions{}), 16)
		s.Norm = data.HalfNorm
		l, err := task.Learner(s)
		if err != nil {
			t.Fatal(err)
		}
		opt, err := optim.New("adam", layers.Params(l), 0.9, 0)
		if err != nil {
			t.Fatal(err)
		}
		feed, err := l.Feed(data.Inputs{Clips: dropped{128, 1}}, true, data.LoaderOptions{BatchSize: 16, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		step := &slowStep{pairStep{autograd.NewTape(tensor.NewRNG(1)), opt, map[string]float64{}}}
		for epoch := range 12 {
			for f := range feed.Epoch(epoch, 0) {
				f(step)
			}
		}
		held, err := l.Feed(data.Inputs{Clips: dropped{96, 2}}, false, data.LoaderOptions{BatchSize: 32, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		v, err := train.Look(held, tensor.Mode{}, 1, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.3f", of, v["accuracy"])
		if v["accuracy"] < want {
			t.Errorf("%s: accuracy %.3f, want %.2f", of, v["accuracy"], want)
		}
	}
}

// slowStep updates at a rate for Adam.
type slowStep struct{ pairStep }

func (s *slowStep) Minimise(name string, loss func(*autograd.Tape) *autograd.Var, _ ...string) {
	v := loss(s.tape)
	s.values[name] = float64(v.Scalar())
	s.opt.Step(s.tape.Backward(v), 0.003)
	s.tape.Reset()
}
