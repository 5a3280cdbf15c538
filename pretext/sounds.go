package pretext

import (
	"fmt"
	"math"
	"sort"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/spectrum"
	"github.com/tessera-go/tessera/tensor"
)

// What tasks of sounds share: the trunk that hears, windows beside frames of films, and how a spectrogram looks.

// earOption names the trunk that hears.
var earOption = spec.Option{Name: "ear", About: "the trunk that hears; if not given one like --trunk"}

// newEar returns a trunk for spectrograms: of a specification, or like the trunk that sees where that is empty.
func (s Setup) newEar(task, of string) (*layers.Trunk, error) {
	if of == "" {
		of = s.Trunk.Name
	}
	ear, err := layers.NewTrunk(of, s.RNG, 1)
	if err != nil {
		return nil, fmt.Errorf("task %s, option ear: %w", task, err)
	}
	return ear, s.fitsEar(task, ear)
}

// fitsEar says so where a trunk does not take spectrograms of the setup's size.
func (s Setup) fitsEar(task string, ear *layers.Trunk) error {
	shape, err := s.Hearing.Shape()
	if err != nil {
		return fmt.Errorf("task %s: %w", task, err)
	}
	if err := autograd.Try(func() { ear.Forward(autograd.NewInference().Input(tensor.New(append([]int{1}, shape...)...))) }); err != nil {
		return fmt.Errorf("task %s: the trunk does not take spectrograms of %d by %d values: %w; --sound makes larger ones", task, shape[0], shape[1], err)
	}
	return nil
}

// secondsOf returns the median of how long some recordings are, drawn.
func secondsOf(task string, sounds data.Sounds) (float64, error) {
	return typical(task, "recordings", sounds.Len(), func(i int) (float64, error) { return data.SecondsOf(sounds, i) })
}

// heardFor says how the setup would hear windows of so many seconds, as --sound takes it.
func (s Setup) heardFor(seconds float64) string {
	h := s.Hearing
	h.Seconds, h.Mean, h.Std = math.Round(seconds*100)/100, 0, 0
	return "--sound '" + h.String() + "'"
}

// globalMax is the largest value of each channel over all places, [N H W C] to [N C].
func globalMax(x *autograd.Var) *autograd.Var {
	s := x.Shape()
	return autograd.MaxAxis(autograd.Reshape(x, s[0], s[1]*s[2], s[3]), 1)
}

// pooledTower embeds a trunk's features: the largest value of each channel through two layers.
func pooledTower(rng *tensor.RNG, trunk *layers.Trunk, embed int) layers.Sequential {
	return append(layers.Sequential{{Name: "pool", Module: layers.Func(globalMax)}}, twoLayers(rng, trunk.Channels(), embed)...)
}

// twoLayers are two layers, the first with a norm.
func twoLayers(rng *tensor.RNG, in, embed int) layers.Sequential {
	return append(plainNorm("hidden", rng, in, embed), layers.Child{Name: "embed", Module: layers.NewLinear(rng, embed, embed, layers.LinearOptions{})})
}

// leastSquare is added to a squared distance, whose root has no slope at 0.
const leastSquare = 1e-8

// distances returns those of pictures [N D] from sounds [N D], row by row, [N 1].
func distances(seen, heard *autograd.Var) *autograd.Var {
	d := autograd.Sub(seen, heard)
	square := autograd.SumAxis(autograd.Mul(d, d), 1)
	return autograd.Reshape(autograd.Sqrt(autograd.AddScalar(square, leastSquare)), seen.Shape()[0], 1)
}

// watched are films that are seen and heard.
type watched struct {
	films  *data.Films
	sounds *data.Windows
	still  bool // without randomness
}

// watched returns the views of films and of their sounds, or says that the task needs both.
func (s Setup) watched(task string, in data.Inputs, augment bool) (*watched, error) {
	if in.Clips == nil || in.Sounds == nil {
		return nil, fmt.Errorf("task %s learns from films with sound; the data has %s (av:DIR has both, and scenes with the option sound=yes)", task, in.Kinds())
	}
	films, err := s.Films(task, in, augment)
	if err != nil {
		return nil, err
	}
	sounds, err := s.Sounds(task, in)
	return &watched{films, sounds, !augment}, err
}

// moment draws a frame of film i and the second at which a window begins that holds it; the middle of the film where nothing is random. Windows
// begin where frames do: where they lay elsewhere, what a codec does to frames would tell one that belongs from one that does not
// (Arandjelović, Zisserman 2018, section 3.3). They end with the sound at the latest, unless no frame begins in time for that: then silence follows.
func (w *watched) moment(i int, rng *tensor.RNG) (frame int, at float64, err error) {
	times, err := w.films.Times(i)
	if err != nil {
		return 0, 0, err
	}
	lasts, err := w.sounds.Seconds(i)
	if err != nil {
		return 0, 0, err
	}
	n := sort.Search(len(times), func(k int) bool { return times[k] >= lasts }) // frames with sound
	switch {
	case len(times) == 0:
		return 0, 0, fmt.Errorf("%s has no frames", w.films.Describe(i))
	case n == 0:
		return 0, 0, fmt.Errorf("%s: its sound of %.3g s ends before its first frame, which is at %.3g s", w.films.Describe(i), lasts, times[0])
	}
	part, before := 0.5, 0.5
	if !w.still {
		part, before = float64(rng.Float32()), float64(rng.Float32())
	}
	among := func(n int, part float64) int { return min(int(part*float64(n)), n-1) }
	frame = among(n, part)
	window := w.sounds.Hearing().Seconds
	first := sort.Search(frame, func(k int) bool { return times[k]+window > times[frame] }) // whose window holds the frame
	late := sort.Search(frame+1, func(k int) bool { return times[k]+window > lasts })       // whose window reaches over the end
	return frame, times[first+among(max(late-first, 1), before)], nil
}

// between draws a second at which a window of film i begins, as moment does, but after the frame's time and before the next one's, where the sound lasts so long. It
// is drawn where nothing else is random too: the middle of every film would have the same place between frames.
func (w *watched) between(i int, rng *tensor.RNG) (float64, error) {
	_, at, err := w.moment(i, rng)
	if err != nil {
		return 0, err
	}
	times, err := w.films.Times(i)
	if err != nil {
		return 0, err
	}
	room, err := w.sounds.Room(i)
	if err != nil {
		return 0, err
	}
	next := max(at, room)
	if k := sort.SearchFloat64s(times, at) + 1; k < len(times) {
		next = min(next, times[k])
	}
	return at + float64(float64(rng.Float32())*(next-at)), nil
}

// By how much sounds are made quieter or louder, in dB: to 0.9 and 1.1 times.
const quieter, louder = -0.9, 0.8

// clip returns the numbers of n frames of film i, evenly spread over the window that begins at the time of one.
func (w *watched) clip(i int, at float64, n int) ([]int, error) {
	times, err := w.films.Times(i)
	if err != nil {
		return nil, err
	}
	return data.Within(times, sort.SearchFloat64s(times, at), w.sounds.Hearing().Seconds, n), nil
}

// put writes a frame to x [S S 3] and the window of its sound to y [T F].
func (w *watched) put(x, y []float32, i, frame int, at float64, rng *tensor.RNG) error {
	if err := w.films.Fill(x, i, []int{frame}, rng); err != nil {
		return err
	}
	return w.hear(y, i, at, rng)
}

// hear writes the window of film i's sound that begins at a second to y [T F]. While training it is up to a tenth louder or quieter (Arandjelović, Zisserman
// 2017, section 3.3).
func (w *watched) hear(y []float32, i int, at float64, rng *tensor.RNG) error {
	wave := make([]float32, w.sounds.Samples())
	if err := w.sounds.Wave(wave, i, at); err != nil {
		return err
	}
	if !w.still {
		spectrum.Gain(wave, quieter, louder, rng)
	}
	w.sounds.Spectrogram(y, wave)
	return nil
}

// spectrogramPicture returns a spectrogram [T F] as a picture: time to the right, frequency upwards.
func spectrogramPicture(x []float32, t, f int) *data.Image {
	return &data.Image{H: f, W: t, Pix: canvas.Spectrogram{X: x, T: t, F: f}.Pixels()}
}

// stretched draws a spectrogram over all of a box of w by h pixels, so that its time is that of the frames above.
func stretched(sheet canvas.Sheet, x, y, w, h int, im *data.Image) {
	f := data.Frame{H: im.H, W: im.W, OutH: h, OutW: w}
	sheet.Picture(x, y, 1, f.Of(im).Pix, h, w)
}
