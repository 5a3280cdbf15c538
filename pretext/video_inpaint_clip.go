package pretext

import (
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// inpainted is a batch of clips of which something is hidden. Of P frames that are painted, frame k has channels 3k to 3k+2.
type inpainted struct {
	X      *tensor.Tensor // [N T S S 3], the frames that are shown, normalised: zero where a block is hidden
	Want   *tensor.Tensor // [N S S 3P], the frames of which something is hidden, in [-1, 1]
	Linear *tensor.Tensor // [N S S 3P], the line through the nearest frames that show a pixel
	Copy   *tensor.Tensor // [N S S 3P], the nearest one before
	Hidden *tensor.Tensor // [N S S 3P]: 1 where hidden, 0 elsewhere; nil where whole frames are
	clips  []inpaintedClip
}

// inpaintedClip is what is known of a clip.
type inpaintedClip struct {
	frames []int      // their numbers in the film
	hidden int        // the frame that is not shown; -1 where all are
	shows  int        // which of the frames that are painted is drawn
	values int        // that are hidden: pixels times 3
	places int        // of those, at which structural similarity has a window
	mean   [3]float32 // colour of what is shown, in [-1, 1]
	truth  *metric.Reference
	like   [4]likeness // as likenesses names them
}

// shown returns the number of the k-th frame that is shown.
func (c *inpaintedClip) shown(k int) int {
	if c.hidden >= 0 && k >= c.hidden {
		k++
	}
	return c.frames[k]
}

// likeness is how like what was hidden something is: the sum of squares of the differences of values in [-1, 1], and the mean structural similarity.
type likeness struct{ squares, ssim float64 }

// What is compared with the truth, and what stands behind the metrics' names for it.
var likenesses = [4]string{"", "_linear", "_copy", "_mean_colour"}

const (
	likePainted = iota
	likeLinear
	likeCopy
	likeMean
)

// inpaintMaker draws clips and hides something of them.
type inpaintMaker struct {
	*videoInpaint
	films  *data.Films
	motion *motion
}

func (l *videoInpaint) maker(in data.Inputs, augment bool) (*inpaintMaker, error) {
	films, err := l.setup.Films("video-inpaint", in, augment)
	if err != nil {
		return nil, err
	}
	return &inpaintMaker{l, films, newMotion(films, l.task.Motion)}, nil
}

func (m *inpaintMaker) New(n int) *inpainted { return m.batch(n) }

func (m *videoInpaint) batch(n int) *inpainted {
	s, p := m.setup.Side, 3*m.painted
	b := &inpainted{X: tensor.New(n, m.task.Frames, s, s, 3), Want: tensor.New(n, s, s, p), Linear: tensor.New(n, s, s, p), Copy: tensor.New(n, s, s, p),
		clips: make([]inpaintedClip, n)}
	if !m.whole() {
		b.Hidden = tensor.New(n, s, s, p)
	}
	return b
}

func (m *inpaintMaker) Fill(b *inpainted, row, i int, rng *tensor.RNG) error {
	frames, err := m.draw(i, rng)
	if err != nil {
		return err
	}
	size := m.setup.Side * m.setup.Side * 3
	clip := make([]float32, m.length*size)
	if err := m.films.Fill(clip, i, frames, rng); err != nil {
		return err
	}
	where := m.hide(rng)
	m.judge(b, row, m.put(b, row, frames, clip, where), where)
	return nil
}

// draw returns the numbers of the frames of a clip of film i.
func (m *inpaintMaker) draw(i int, rng *tensor.RNG) ([]int, error) {
	n, err := m.films.AtLeast(i, m.length)
	if err != nil {
		return nil, err
	}
	apart := min(m.task.Apart, (n-1)/(m.length-1))
	span := (m.length-1)*apart + 1
	first, err := m.motion.window(i, n, span, 0, n-span, rng)
	if err != nil {
		return nil, err
	}
	frames := make([]int, m.length)
	for k := range frames {
		frames[k] = first + k*apart
	}
	return frames, nil
}

// erased is what is hidden of a clip: frames from to, and of each the pixels of a box.
type erased struct {
	from, to int
	box
}

// hide draws what is hidden.
func (m *videoInpaint) hide(rng *tensor.RNG) erased {
	s := m.setup.Side
	if m.whole() {
		return erased{m.first, m.first + 1, box{0, 0, s, s}}
	}
	h, w, d := drawBetween(rng, s/4, s/2), drawBetween(rng, s/4, s/2), drawBetween(rng, 1, m.painted)
	top, left, from := drawBetween(rng, 0, s-h), drawBetween(rng, 0, s-w), m.first+drawBetween(rng, 0, m.painted-d)
	return erased{from, from + d, box{top, left, top + h, left + w}}
}

// put sets a row's tensors to a clip [L S S 3], normalised, with something hidden, and returns what is then known of it.
func (m *videoInpaint) put(b *inpainted, row int, frames []int, clip []float32, hole erased) inpaintedClip {
	s, p := m.setup.Side, 3*m.painted
	size := s * s * 3
	c := inpaintedClip{frames: frames, hidden: -1, shows: (hole.from+hole.to-1)/2 - m.first}
	if m.whole() {
		c.hidden = m.first
	}
	at := row * s * s * p
	want, linear, copied := b.Want.Data[at:][:s*s*p], b.Linear.Data[at:][:s*s*p], b.Copy.Data[at:][:s*s*p]
	for k := range m.painted {
		t := m.first + k
		a, z, w := hole.line(t, m.length)
		for y := range s {
			for x := range s {
				from, to := (y*s+x)*3, (y*s+x)*p+3*k
				inside := hole.has(t, y, x)
				for i := range 3 {
					value := func(t int) float32 { return float32(clip[t*size+from+i]*m.scale[i]) + m.shift[i] }
					v := value(t)
					want[to+i], linear[to+i], copied[to+i] = v, v, v
					if inside {
						copied[to+i] = value(hole.from - 1)
						linear[to+i] = min(max(value(a)+float32(w*(value(z)-value(a))), -1), 1)
					}
				}
			}
		}
	}
	shown := b.X.Data[row*m.task.Frames*size:][:m.task.Frames*size]
	for t, k := 0, 0; t < m.length; t++ {
		if t == c.hidden {
			continue
		}
		copy(shown[k*size:][:size], clip[t*size:])
		if t >= hole.from && t < hole.to {
			for y := hole.top; y < hole.bottom; y++ {
				clear(shown[k*size+(y*s+hole.left)*3 : k*size+(y*s+hole.right)*3])
			}
		}
		k++
	}
	if b.Hidden != nil {
		hidden := b.Hidden.Data[at:][:s*s*p]
		for k := range hidden {
			hidden[k] = 0
			if hole.has(m.first+k%p/3, k/p/s, k/p%s) {
				hidden[k] = 1
			}
		}
	}
	c.mean = m.meanOf(clip, hole)
	return c
}

// has tells whether a pixel of frame t is hidden.
func (e erased) has(t, y, x int) bool {
	return t >= e.from && t < e.to && y >= e.top && y < e.bottom && x >= e.left && x < e.right
}

// line returns two frames that show what frame t hides, and how often the way from the first to the second it is from the first to t: the
// nearest on both sides, or, where a clip of so many frames ends with what is hidden, the last two before it, of which there may be one alone.
func (e erased) line(t, length int) (a, z int, w float32) {
	if e.to < length {
		return e.from - 1, e.to, float32(t-e.from+1) / float32(e.to-e.from+1)
	}
	return max(e.from-2, 0), e.from - 1, float32(t - e.from + 2)
}

// judge counts what is hidden, and measures the simple predictors.
func (m *videoInpaint) judge(b *inpainted, row int, c inpaintedClip, hole erased) {
	const r = metric.SSIMWindow / 2
	s, d := m.setup.Side, hole.to-hole.from
	c.values = 3 * d * (hole.bottom - hole.top) * (hole.right - hole.left)
	c.places = 3 * d * max(min(hole.bottom, s-r)-max(hole.top, r), 0) * max(min(hole.right, s-r)-max(hole.left, r), 0)
	size := s * s * 3 * m.painted
	c.truth = metric.NewReference(unsigned(b.Want.Data[row*size:][:size]), s, s, 3*m.painted)
	b.clips[row] = c
	b.clips[row].like[likeLinear] = b.likeness(row, b.Linear.Data[row*size:][:size])
	b.clips[row].like[likeCopy] = b.likeness(row, b.Copy.Data[row*size:][:size])
	flat := make([]float32, size)
	for k := range flat {
		flat[k] = c.mean[k%3]
	}
	b.clips[row].like[likeMean] = b.likeness(row, flat)
}

// meanOf returns the mean colour of what is shown of a clip, in [-1, 1].
func (m *videoInpaint) meanOf(clip []float32, hole erased) (mean [3]float32) {
	s := m.setup.Side
	var sum [3]float64
	n := 0.0
	for p := range len(clip) / 3 {
		if !hole.has(p/(s*s), p/s%s, p%s) {
			n++
			for i := range sum {
				sum[i] += float64(clip[3*p+i])
			}
		}
	}
	for i, v := range sum {
		mean[i] = float32(float32(v/n)*m.scale[i]) + m.shift[i]
	}
	return mean
}

// unsigned returns values in [-1, 1] as values from 0 to 1, to which those beyond are held.
func unsigned(x []float32) []float32 {
	out := make([]float32, len(x))
	for k, v := range x {
		out[k] = min(max((v+1)/2, 0), 1)
	}
	return out
}

// likeness compares what is hidden of a row with frames like Want.
func (b *inpainted) likeness(row int, made []float32) (l likeness) {
	const r = metric.SSIMWindow / 2
	size := b.Want.Len() / len(b.clips)
	want, all := b.Want.Data[row*size:][:size], b.composed(row, made)
	for k, v := range all {
		e := float64(v - want[k])
		l.squares += float64(e * e)
	}
	c := &b.clips[row]
	if b.Hidden == nil {
		l.ssim = c.truth.SSIM(unsigned(all))
		return l
	}
	if c.places == 0 {
		return l
	}
	s, p := b.Want.Dim(1), b.Want.Dim(3)
	hidden := b.Hidden.Data[row*size:][:size]
	for k, v := range c.truth.Map(unsigned(all)) {
		y, x := k/p/(s-2*r)+r, k/p%(s-2*r)+r
		if hidden[(y*s+x)*p+k%p] != 0 {
			l.ssim += v / float64(c.places)
		}
	}
	return l
}

// composed returns a row of frames like Want's, held within [-1, 1], with the truth where nothing is hidden.
func (b *inpainted) composed(row int, made []float32) []float32 {
	size := len(made)
	out := make([]float32, size)
	for k, v := range made {
		out[k] = min(max(v, -1), 1)
		if b.Hidden != nil && b.Hidden.Data[row*size+k] == 0 {
			out[k] = b.Want.Data[row*size+k]
		}
	}
	return out
}

// frameOf returns frame k of several, [S S 3P] -> [S S 3].
func frameOf(x []float32, k, of int) []float32 {
	out := make([]float32, 0, len(x)/of)
	for at := 3 * k; at < len(x); at += 3 * of {
		out = append(out, x[at:at+3]...)
	}
	return out
}
