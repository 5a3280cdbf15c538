package eval

import (
	"context"
	"fmt"
	"sort"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// Input is how an encoder sees a sample: the same each time. Views is the usual one; what a net of one channel or of sound looks at is another.
type Input interface {
	// Over returns how samples of the inputs are seen, or an error where the inputs have nothing that could be seen this way.
	Over(in data.Inputs) (Seen, error)
	// Settings are what a score must say about how such inputs are seen.
	Settings(in data.Inputs) map[string]any
}

// Seen is how samples of some inputs are seen.
type Seen struct {
	Shape []int // of what is seen of a sample, such as [side side 3]
	// Fill writes what is seen of sample i to dst. It is called by several goroutines at once.
	Fill func(dst []float32, i int) error
}

// Views are the middles of pictures, side by side pixels, three channels, normalised: [side side 3]; of films, those of some of their frames,
// evenly spread: [frames side side 3].
type Views struct {
	Side   int
	Norm   data.Norm
	Frames int // of a film; 0 means 8
	Apart  int // how many frames these may lie apart at most: of a longer film the middle is seen; 0 for no limit
}

const usualFrames = 8

// Settings are side and norm, and of films frames.
func (p Views) Settings(in data.Inputs) map[string]any {
	out := map[string]any{"side": p.Side, "norm": map[string]any{"mean": p.Norm.Mean, "std": p.Norm.Std}}
	if in.Images == nil && in.Clips != nil {
		out["frames"] = p.frames()
		if p.Apart > 0 {
			out["apart"] = p.Apart
		}
	}
	return out
}

func (p Views) frames() int {
	if p.Frames == 0 {
		return usualFrames
	}
	return p.Frames
}

// Over returns what reads pictures, or where there are none, films.
func (p Views) Over(in data.Inputs) (Seen, error) {
	if in.Images == nil {
		return p.films(in)
	}
	if c, ok := in.Images.(cached); ok && c.side != p.Side {
		return Seen{}, fmt.Errorf("the pictures are kept at side %d, wanted is %d", c.side, p.Side)
	}
	views := data.NewPictures(in.Images, data.PlainView(p.Side), p.Norm, 0)
	return Seen{[]int{p.Side, p.Side, 3}, func(dst []float32, i int) error { return views.Fill(dst, i, nil) }}, nil
}

func (p Views) films(in data.Inputs) (Seen, error) {
	if in.Clips == nil {
		return Seen{}, fmt.Errorf("the data has no pictures and no films, it has %s", in.Kinds())
	}
	if c, ok := in.Clips.(cachedFilms); ok && c.side != p.Side {
		return Seen{}, fmt.Errorf("the films are kept at side %d, wanted is %d", c.side, p.Side)
	}
	views := data.NewFilms(in.Clips, data.PlainView(p.Side), p.Norm, 0)
	return Seen{[]int{p.frames(), p.Side, p.Side, 3}, func(dst []float32, i int) error {
		n, err := views.AtLeast(i, 1)
		if err != nil {
			return err
		}
		return views.Fill(dst, i, data.Spread(n, p.frames(), p.Apart), nil)
	}}, nil
}

// Shots are clips of films, evenly spread, each as long as a window of sound: [shots·frames side side 3], clip after clip.
type Shots struct {
	Side    int
	Norm    data.Norm
	Frames  int     // of a clip, at least 1
	Seconds float64 // of a clip
	Shots   int     // of a film, at least 1
}

// Settings are side, norm, and how many frames a clip and how many clips a film has.
func (p Shots) Settings(data.Inputs) map[string]any {
	return map[string]any{"side": p.Side, "norm": map[string]any{"mean": p.Norm.Mean, "std": p.Norm.Std}, "frames": p.Frames, "seconds": p.Seconds, "shots": p.Shots}
}

// Over returns what reads films.
func (p Shots) Over(in data.Inputs) (Seen, error) {
	if in.Clips == nil {
		return Seen{}, fmt.Errorf("the data has no films, it has %s", in.Kinds())
	}
	views := data.NewFilms(in.Clips, data.PlainView(p.Side), p.Norm, 0)
	return Seen{[]int{p.Shots * p.Frames, p.Side, p.Side, 3}, func(dst []float32, i int) error {
		if _, err := views.AtLeast(i, 1); err != nil {
			return err
		}
		times, err := views.Times(i)
		if err != nil {
			return err
		}
		return views.Fill(dst, i, p.of(times), nil)
	}}, nil
}

// of returns the numbers of the frames of all clips of a film, which none reaches over.
func (p Shots) of(times []float64) []int {
	last := sort.Search(len(times), func(k int) bool { return times[k]+p.Seconds > times[len(times)-1]+1e-6 })
	var out []int
	for _, first := range data.Spread(max(last, 1), p.Shots, 0) {
		out = append(out, data.Within(times, first, p.Seconds, p.Frames)...)
	}
	return out
}

// Hears are windows of recordings, evenly spread, as log spectrograms: [windows T F 1].
type Hears struct {
	Hearing data.Hearing
	Windows int // of a recording; 0 means 5
}

const (
	usualWindows = 5
	heardBytes   = 256 << 20 // of recordings that are kept
)

func (p Hears) windows() int {
	if p.Windows == 0 {
		return usualWindows
	}
	return p.Windows
}

// Settings are how it hears, and how many windows.
func (p Hears) Settings(data.Inputs) map[string]any {
	return map[string]any{"sound": p.Hearing.String(), "windows": p.windows()}
}

// Over returns what reads recordings.
func (p Hears) Over(in data.Inputs) (Seen, error) {
	if in.Sounds == nil {
		return Seen{}, fmt.Errorf("the data has no sounds, it has %s", in.Kinds())
	}
	w, err := data.NewWindows(in.Sounds, p.Hearing, heardBytes) // so that a recording is not decoded for each of its windows
	if err != nil {
		return Seen{}, err
	}
	shape := append([]int{p.windows()}, w.Shape()...)
	return Seen{shape, func(dst []float32, i int) error {
		at, err := w.Spread(i, p.windows())
		if err != nil {
			return err
		}
		each := len(dst) / len(at)
		for k, s := range at {
			if err := w.Fill(dst[k*each:(k+1)*each], i, s); err != nil {
				return err
			}
		}
		return nil
	}}, nil
}

// batch is what an encoder looks at, at once.
type batch struct {
	x     *tensor.Tensor // [N ...]
	index []int          // [N] samples, -1 where a row could not be made
}

// maker fills batches.
type maker struct {
	shape []int
	fill  func(dst []float32, i int) error
}

func (m maker) New(n int) *batch {
	return &batch{tensor.New(append([]int{n}, m.shape...)...), make([]int, n)}
}

func (m maker) Fill(b *batch, row, i int, _ *tensor.RNG) error {
	b.index[row] = -1
	d := b.x.Len() / b.x.Dim(0)
	if err := m.fill(b.x.Data[row*d:(row+1)*d], i); err != nil {
		return err
	}
	b.index[row] = i
	return nil
}

// whole moves the rows that could be made to the front and returns them.
func (b *batch) whole() (x *tensor.Tensor, index []int) {
	d := b.x.Len() / b.x.Dim(0)
	for row, i := range b.index {
		if i >= 0 {
			if n := len(index); n < row {
				copy(b.x.Data[n*d:(n+1)*d], b.x.Data[row*d:(row+1)*d])
			}
			index = append(index, i)
		}
	}
	return b.x.Rows(0, len(index)), index
}

// Each calls f with what input sees of the samples, a batch at a time, in order, without those that are broken.
func Each(ctx context.Context, what string, input Input, in data.Inputs, o Options, f func(x *tensor.Tensor, index []int) error) error {
	if o.BatchSize == 0 {
		o.BatchSize = 128
	}
	if o.Workers == 0 {
		o.Workers = max(2, tensor.Threads())
	}
	seen, err := input.Over(in)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	n := in.Samples().Len()
	l := data.NewLoader(n, maker{seen.Shape, seen.Fill}, data.LoaderOptions{BatchSize: o.BatchSize, Ordered: true, KeepLast: true, Workers: o.Workers,
		Bad: o.Bad, MaxBad: o.MaxBad})
	done := 0
	for b := range l.Epoch(0, 0) {
		if err := ctx.Err(); err != nil {
			return err
		}
		done += len(b.index)
		x, index := b.whole()
		if len(index) > 0 {
			if err := f(x, index); err != nil {
				return err
			}
		}
		if o.Progress != nil {
			o.Progress(done, n, what)
		}
	}
	return l.Err()
}

// table gathers rows.
type table struct {
	data []float32
	rows int
}

func (t *table) add(x *tensor.Tensor) {
	t.data = append(t.data, x.Data...)
	t.rows += x.Dim(0)
}

// tensor returns the rows, [N D]; nil where there are none.
func (t *table) tensor() *tensor.Tensor {
	if t.rows == 0 {
		return nil
	}
	return &tensor.Tensor{Shape: []int{t.rows, len(t.data) / t.rows}, Data: t.data}
}

// frameMean returns the mean of the frames of clips, [N T H W C] -> [N H W C].
func frameMean(x *tensor.Tensor) *tensor.Tensor {
	n, t := x.Dim(0), x.Dim(1)
	out := tensor.New(append([]int{n}, x.Shape[2:]...)...)
	size := out.Len() / n
	for i := range n {
		to := out.Data[i*size : (i+1)*size]
		for k := range t {
			simd.Add(to, to, x.Data[(i*t+k)*size:][:size])
		}
		simd.Scale(to, 1/float32(t), to)
	}
	return out
}

// pixelSide is the largest side of Pixels.
const pixelSide = 32

// Pixels are the samples themselves as features, pictures pooled to at most 32 by 32, and films to the mean of their frames: the row that any learned feature has to beat.
type Pixels struct{ Input Input }

// Name returns pixels.
func (p Pixels) Name() string { return "pixels" }

// Depths returns the one depth, pixels.
func (p Pixels) Depths() []string { return []string{"pixels"} }

// Settings are the input's.
func (p Pixels) Settings(in data.Inputs) map[string]any { return p.Input.Settings(in) }

// Encode returns the pixels.
func (p Pixels) Encode(ctx context.Context, in data.Inputs, o Options) ([]Features, error) {
	var t table
	out := Features{Name: "pixels"}
	err := Each(ctx, p.Name(), p.Input, in, o, func(x *tensor.Tensor, index []int) error {
		if len(x.Shape) == 5 {
			x = frameMean(x)
		}
		if len(x.Shape) == 4 {
			h, w := min(pixelSide, x.Dim(1)), min(pixelSide, x.Dim(2))
			out.GridSide = max(h, w)
			if h < x.Dim(1) || w < x.Dim(2) {
				x = autograd.AdaptiveAvgPool(autograd.Const(x), h, w).Value
			}
		}
		t.add(x)
		out.Index = append(out.Index, index...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out.Pooled = t.tensor()
	out.Grid = out.Pooled
	return []Features{out}, checkSome([]Features{out}, in)
}
