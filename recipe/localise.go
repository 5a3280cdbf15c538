package recipe

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/film"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/sound"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// localiser returns what says where it sounds of a run's learner.
func localiser(m *Model, l train.Learner) (pretext.Localiser, error) {
	p, ok := pretext.As[pretext.Localiser](l)
	if !ok || !p.Localises() {
		return nil, saysNoPlace(m.Dir, m.Info.Config.Task)
	}
	return p, nil
}

// Localising is how it is drawn on a film where it sounds.
type Localising struct {
	Out      string             // film to write, .gif, or .avi with the sound
	Progress func(done, of int) // frames; nil for nobody
}

// Place is where the learner thinks that it sounds in a frame.
type Place struct {
	Frame int     `json:"frame"`
	Time  float64 `json:"time"` // seconds
	// X and Y are the middle of the likeliest place, in pixels of the film.
	X float64 `json:"x"`
	Y float64 `json:"y"`
	// Sure is the probability that it sounds there, Least that of the unlikeliest place.
	Sure  float64 `json:"sure"`
	Least float64 `json:"least"`
}

// Localise writes a film with a heat map of where it sounds over each frame, by the run in dir, and below it the whole sound's envelope with a line at the present.
// The learner sees all of a frame, as large as in training at its shorter side, and hears a window with the frame in its middle, or at the sound's ends the nearest
// one that lies in the sound.
func Localise(ctx context.Context, dir, path string, o Localising) ([]Place, error) {
	info, err := train.LoadInfo(dir)
	if err != nil {
		return nil, err
	}
	if !hears(info.Config) || info.Config.Task == Supervised {
		return nil, saysNoPlace(dir, info.Config.Task)
	}
	if a, err := os.Stat(path); err == nil {
		if b, err := os.Stat(o.Out); err == nil && os.SameFile(a, b) {
			return nil, &SettingError{"out", o.Out + ": is the film that is looked at; want another file"}
		}
	}
	m, learner, err := LoadLearner(dir)
	if err != nil {
		return nil, err
	}
	l, err := localiser(m, learner)
	if err != nil {
		return nil, err
	}
	d, err := openSounding(path)
	if err != nil {
		return nil, err
	}
	return (&localiseRun{m: m, l: l, tape: train.Inference(m.Mode), d: d, o: o}).run(ctx)
}

// openSounding opens one film with sound.
func openSounding(path string) (*data.Dataset, error) {
	if isDir(path) {
		return nil, fmt.Errorf("%s is a folder; want one film with sound", path)
	}
	d, err := data.OpenAV(path, data.FilmOptions{})
	if err != nil {
		if has, e := sound.In(path, sound.Options{}); e == nil && !has || errors.Is(e, sound.ErrNone) {
			err = fmt.Errorf("%s has no sound, by which to say where it sounds", path)
		}
		return nil, err
	}
	return d, nil
}

// localiseRun is a film while it is drawn on.
type localiseRun struct {
	m       *Model
	l       pretext.Localiser
	tape    *autograd.Tape
	d       *data.Dataset // of one film
	o       Localising
	times   []float64
	rate    float64 // frames a second
	windows *data.Windows
	shape   envelope
	heard   *heard
	out     *film.Writer
	zoom    int // by which small frames are enlarged
	wide    int // pixels of the film's own frames
	found   []Place
}

// run goes through the film.
func (r *localiseRun) run(ctx context.Context) ([]Place, error) {
	defer r.abort()
	if err := r.begin(); err != nil {
		return nil, err
	}
	frames := make([]int, len(r.times))
	for k := range frames {
		frames[k] = k
	}
	err := r.d.Clips.Clip(0, frames, func(k int, im *data.Image) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := r.frame(k, im)
		if err == nil && r.o.Progress != nil {
			r.o.Progress(k+1, len(frames))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	w := r.out
	r.out = nil
	return r.found, w.Close()
}

func (r *localiseRun) abort() {
	if r.out != nil {
		r.out.Abort()
	}
}

// begin reads what there is to know of the film before its frames.
func (r *localiseRun) begin() error {
	times, err := r.d.Clips.Times(0)
	if err != nil {
		return err
	}
	n := len(times)
	if n == 0 {
		return fmt.Errorf("%s has no frames", r.d.Describe(0))
	}
	r.times, r.rate = times, rateOf(times)
	hearing, err := data.ParseHearing(r.m.Info.Config.Sound)
	if err != nil {
		return fmt.Errorf("%s: its run.json: %w", r.m.Dir, err)
	}
	if r.windows, err = data.NewWindows(r.d.Sounds, hearing, keptSound); err != nil {
		return err
	}
	lasts, err := r.windows.Seconds(0)
	if err != nil {
		return err
	}
	r.shape, err = newEnvelope(r.d.Sounds, max(lasts, times[n-1]))
	return err
}

// keptSound is how many bytes of a film's sound are kept for the next windows.
const keptSound = 256 << 20

// frame says where it sounds in frame k, draws it and writes it.
func (r *localiseRun) frame(k int, im *data.Image) error {
	heat, err := r.where(k, im)
	if err != nil {
		return err
	}
	at := hottest(heat, k, r.times[k], im.H, im.W)
	r.found = append(r.found, at)
	small := eval.Smaller(im, mostFollowed)
	if r.out == nil {
		const leastWide = 240 // for the envelope to be seen
		r.zoom, r.wide = max(1, (leastWide+small.W-1)/small.W), im.W
	}
	drawn := r.drawn(small, heat, at)
	if r.out == nil {
		if r.heard, err = newHeard(r.d.Sounds, 0, r.o.Out, r.rate); err != nil {
			return err
		}
		if r.out, err = film.CreateWithSound(r.o.Out, drawn.H, drawn.W, r.rate, r.heard.as); err != nil {
			return err
		}
	}
	if err := r.out.Write(drawn); err != nil {
		return err
	}
	return r.heard.write(r.out, k+1, len(r.times))
}

// where returns how surely each place of a frame sounds, logits [H W].
func (r *localiseRun) where(k int, im *data.Image) (*tensor.Tensor, error) {
	small := data.ShortSide(r.m.Side)(im.H, im.W, nil).Of(im)
	at, err := windowAt(r.windows, 0, r.times[k])
	if err != nil {
		return nil, err
	}
	x, y := tensor.New(1, small.H, small.W, 3), tensor.New(append([]int{1}, r.windows.Shape()...)...)
	r.m.Norm.Normalize(x.Data, small)
	if err := r.windows.Fill(y.Data, 0, at); err != nil {
		return nil, err
	}
	var heat *tensor.Tensor
	err = autograd.Try(func() { heat = r.l.Where(r.tape.Input(x), r.tape.Input(y)) })
	r.tape.Reset()
	return heat, err
}

// windowAt returns the second at which a window of recording i begins that has a time in its middle, or as near to it as the recording's ends allow.
func windowAt(w *data.Windows, i int, time float64) (float64, error) {
	room, err := w.Room(i)
	return min(max(time-w.Hearing().Seconds/2, 0), room), err
}

// hottest returns the middle of the likeliest place of a map of a frame of h by w pixels.
func hottest(heat *tensor.Tensor, k int, time float64, h, w int) Place {
	best, least := 0, heat.Data[0]
	for i, v := range heat.Data {
		if v > heat.Data[best] {
			best = i
		}
		least = min(least, v)
	}
	gh, gw := heat.Dim(0), heat.Dim(1)
	return Place{Frame: k, Time: time, X: (float64(best%gw) + 0.5) * float64(w) / float64(gw), Y: (float64(best/gw) + 0.5) * float64(h) / float64(gh),
		Sure: logistic(heat.Data[best]), Least: logistic(least)}
}

func logistic(v float32) float64 { return 1 / (1 + math.Exp(-float64(v))) }

// heated returns a picture under a map of logits [H W]: the likelier it is that a place sounds, the more it has the colour of heat. What is as likely as not
// is hardly tinted, so that a learner that knows nothing leaves the picture to be seen.
func heated(im *data.Image, heat *tensor.Tensor) *data.Image {
	fine := tensor.New(1, im.H, im.W, 1)
	tensor.Resize(fine, &tensor.Tensor{Shape: []int{1, heat.Dim(0), heat.Dim(1), 1}, Data: heat.Data})
	out := data.NewImage(im.H, im.W)
	for p, v := range fine.Data {
		sure := logistic(v)
		r, g, b := canvas.Heat(sure)
		covers := 0.8 * sure * sure
		for c, tint := range [3]uint8{r, g, b} {
			out.Pix[3*p+c] = uint8(float64(im.Pix[3*p+c])*(1-covers) + float64(tint)*covers + 0.5)
		}
	}
	return out
}

// stripHigh is how high the strip of the envelope is.
const stripHigh = 40

// drawn returns a frame with its heat, a cross at the likeliest place where that is likelier to sound than not, and the envelope below; the present is a line.
func (r *localiseRun) drawn(im *data.Image, heat *tensor.Tensor, at Place) *film.Picture {
	lit := heated(zoomed(im, r.zoom), heat)
	if at.Sure >= 0.5 {
		scale := float64(lit.W) / float64(r.wide)
		mark(lit, scale*at.X, scale*at.Y)
	}
	s := canvas.NewSheet(lit.W, lit.H+stripHigh)
	s.Picture(0, 0, 1, lit.Pix, lit.H, lit.W)
	r.shape.draw(s, 0, lit.H, lit.W, stripHigh, at.Time)
	out := film.NewPicture(lit.H+stripHigh, lit.W)
	for p := range out.H * out.W {
		copy(out.Pix[3*p:3*p+3], s.Pix[4*p:])
	}
	return out
}

// What was heard of a film is drawn in one colour, the present in another.
var heardColour, nowColour = color.RGBA{0xf2, 0x8e, 0x2b, 0xff}, color.White

// envelope is how loud a recording is over time.
type envelope struct {
	peak    []float32 // the largest absolute value of each part
	seconds float64   // of all parts
}

// newEnvelope reads the sound of a film, as much at a time as fits, whose parts cover so many seconds.
func newEnvelope(s data.Sounds, seconds float64) (envelope, error) {
	e := envelope{make([]float32, mostFollowed), max(seconds, 1e-3)}
	n, rate, err := s.Length(0)
	if err != nil {
		return e, err
	}
	const some = 1 << 16
	for from := 0; from < n; from += some {
		x, err := s.Sound(0, from, min(some, n-from))
		if err != nil {
			return e, err
		}
		for i, v := range x {
			part := min(int(float64(from+i)/rate/e.seconds*float64(len(e.peak))), len(e.peak)-1)
			e.peak[part] = max(e.peak[part], v, -v)
		}
	}
	return e, nil
}

// draw draws the envelope into a box: what was heard until now dark, what is to come light, a line between. The loudest reaches both sides.
func (e envelope) draw(s canvas.Sheet, x, y, w, h int, now float64) {
	s.Fill(x, y, w, h, canvas.Ink)
	loudest := float32(1e-6)
	for _, v := range e.peak {
		loudest = max(loudest, v)
	}
	at := min(int(now/e.seconds*float64(w)), w-1)
	for i := range w {
		v := float32(0)
		for _, p := range e.peak[i*len(e.peak)/w : max((i+1)*len(e.peak)/w, i*len(e.peak)/w+1)] {
			v = max(v, p)
		}
		high := max(1, int(v/loudest*float32(h-2)))
		c := heardColour
		if i > at {
			c = canvas.Quiet
		}
		s.Fill(x+i, y+(h-high)/2, 1, high, c)
	}
	s.Fill(x+max(at-1, 0), y, 2, h, nowColour)
}

// saysNoPlace is the error of a run that localises nothing.
func saysNoPlace(dir, task string) error {
	return fmt.Errorf("%s: %s does not say where it sounds; audio-visual?fusion=location does", dir, task)
}
