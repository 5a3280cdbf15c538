package pretext

import (
	"fmt"
	"image"
	"math"
	"slices"
	"sync"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/flow"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// followed learns from patches that were followed (Wang, Gupta, "Unsupervised learning of visual representations using videos", ICCV 2015).
//
// Sampling: a patch, half a frame's side, lies where between two frames the most moves against the rest of the picture: where the mean length of optical flow (Farnebäck
// 2003) less its median is largest, as the camera's own movement is the median; the paper takes moving key points of SURF and dense trajectories. From there it is followed through at most
// Span frames: in each it is where the normalised correlation of its middle's grey values, half a side, with how that looked in the frame before is highest, within an eighth of the frame; what
// correlates by less than half is lost, and its last place counts. (The paper's follower is KCF, a correlation filter that looks at the middle more, too: at its border a patch
// has ground that does not move along.) No label is used.
//
// Loss (section 4.2 there): Σ max(0, D(first, last) - D(first, other) + Margin), D = 1 - cosine, others being the last patches of other films: random ones, and from a
// part of the updates on those of the batch for which it is largest (section 4.3: hard negatives after some epochs of random ones).
//
// Shortcut: what a film's patches have in common whatever moves, such as its light and background: a patch and others of its own film are never set against each other.
//
// Metric: match, how often, among the last patches of a batch, the one nearest to a film's first patch is its own, and the other way round, against chance, one in the batch; match_by_colour is what
// the mean colour finds, the shortcut's worth. frames is how many a patch was followed through.
type followed struct {
	task  Track
	patch int
	embedding
}

// triplet is the learner of followed patches.
func (t Track) triplet(s Setup) (train.Learner, error) {
	side, err := patchSide(s, 2)
	if err != nil {
		return nil, err
	}
	return &followed{task: t, patch: side, embedding: newEmbedding(s, t.Embed)}, nil
}

func (l *followed) Groups() []train.Group { return train.One(l) }

func (l *followed) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(),
		{Name: "match", Unit: metric.Percent, Higher: true, Predictor: "chance", Versus: "chance"},
		{Name: "match_by_colour", Unit: metric.Percent, Higher: true, Detail: true},
		{Name: "chance", Unit: metric.Percent},
		{Name: "frames", Detail: true}}
}

// tracks is a batch: of sample i the first patch is row i, the last row N + i.
type tracks struct {
	X      *tensor.Tensor // [2N P P 3]
	colour []float32      // [2N 3], the mean of each
	T      []int32        // [2N], the frames' numbers
	at     []place        // [2N]
}

// trackMaker follows patches through films.
type trackMaker struct {
	*followed
	films  *data.Films
	motion *motion
	flows  sync.Pool // of *flow.Estimator
}

func (l *followed) maker(in data.Inputs, augment bool) (*trackMaker, error) {
	films, err := l.setup.Films("track", in, augment)
	if err != nil {
		return nil, err
	}
	return &trackMaker{l, films, newMotion(films, l.task.Motion), sync.Pool{New: func() any { return flow.NewEstimator(flow.FarnebackOptions{}) }}}, nil
}

func (m *trackMaker) New(n int) *tracks {
	return &tracks{tensor.New(2*n, m.patch, m.patch, 3), make([]float32, 6*n), make([]int32, 2*n), make([]place, 2*n)}
}

func (m *trackMaker) Fill(b *tracks, row, i int, rng *tensor.RNG) error {
	n, err := m.films.AtLeast(i, 2)
	if err != nil {
		return err
	}
	span := min(m.task.Span, n-1)
	first, err := m.motion.window(i, n, span+1, 0, n-1-span, rng)
	if err != nil {
		return err
	}
	frames := make([]int, span+1)
	for k := range frames {
		frames[k] = first + k
	}
	ims, err := m.films.Images(i, frames, rng)
	if err != nil {
		return err
	}
	e := m.flows.Get().(*flow.Estimator)
	at := follow(e, ims, m.patch)
	m.flows.Put(e)
	rows := len(b.T) / 2
	for k, t := range [2]int{0, len(at) - 1} {
		r := k*rows + row
		b.T[r], b.at[r] = int32(frames[t]), at[t]
		patch := data.Crop(ims[t], int(at[t].Top), int(at[t].Left), m.patch, m.patch)
		m.films.Norm.Normalize(b.X.Data[r*len(patch.Pix):][:len(patch.Pix)], patch)
		var sum [3]int
		for p, v := range patch.Pix {
			sum[p%3] += int(v)
		}
		for c := range sum {
			b.colour[3*r+c] = float32(sum[c]) / float32(m.patch*m.patch)
		}
	}
	return nil
}

// followSide is the largest side of the pictures in which patches are followed; larger frames are made smaller for it.
const followSide = 64

// lost is the correlation below which a patch is lost.
const lost = 0.5

// follow returns where a patch of so many pixels is in frames, from the place in the first where the most moves against the rest: as many places as frames until it is lost.
func follow(e *flow.Estimator, ims []*data.Image, patch int) []place {
	shrink := max(1, (max(ims[0].H, ims[0].W)+followSide-1)/followSide)
	h, w := ims[0].H/shrink, ims[0].W/shrink
	grey := func(im *data.Image) *tensor.Tensor {
		return luma(data.Frame{H: im.H, W: im.W, OutH: h, OutW: w}.Of(im))
	}
	side := max(1, min(patch/shrink, h, w))
	last := grey(ims[0])
	next := grey(ims[1])
	f := tensor.New(h, w, 2)
	e.Flow(f, last, next)
	y, x := moves(f, side)
	full := func(y, x int) place {
		return place{int32(min(y*shrink, ims[0].H-patch)), int32(min(x*shrink, ims[0].W-patch)), int32(patch)}
	}
	out := []place{full(y, x)}
	for k := 1; k < len(ims); k++ {
		if k > 1 {
			next = grey(ims[k])
		}
		v, u, likeness := correlate(last, next, y+side/4, x+side/4, (side+1)/2, max(2, max(h, w)/8))
		if likeness < lost {
			break
		}
		y, x = min(max(v-side/4, 0), h-side), min(max(u-side/4, 0), w-side)
		out, last = append(out, full(y, x)), next
	}
	return out
}

// moves returns the top left corner of the square in which a flow [H W 2] differs most from its median, what is in its middle half counted twice: else
// whatever square has all of what moves would do, with it at its border. Of equals it is the first.
func moves(f *tensor.Tensor, side int) (top, left int) {
	h, w := f.Dim(0), f.Dim(1)
	var median [2]float32
	for c := range median {
		all := make([]float32, h*w)
		for p := range all {
			all[p] = f.Data[2*p+c]
		}
		slices.Sort(all)
		median[c] = all[len(all)/2]
	}
	sums := make([]float64, (h+1)*(w+1)) // of all above and to the left
	for y := range h {
		row := 0.0
		for x := range w {
			p := 2 * (y*w + x)
			row += math.Hypot(float64(f.Data[p]-median[0]), float64(f.Data[p+1]-median[1]))
			sums[(y+1)*(w+1)+x+1] = sums[y*(w+1)+x+1] + row
		}
	}
	in := func(y, x, side int) float64 {
		return sums[(y+side)*(w+1)+x+side] - sums[y*(w+1)+x+side] - sums[(y+side)*(w+1)+x] + sums[y*(w+1)+x]
	}
	most := -1.0
	for y := range h - side + 1 {
		for x := range w - side + 1 {
			if v := in(y, x, side) + in(y+side/4, x+side/4, (side+1)/2); v > most+1e-9 {
				most, top, left = v, y, x
			}
		}
	}
	return top, left
}

// correlate returns where in next a square of last is, no further than reach away, and the normalised correlation there. Where nothing can be told, since it is of one
// grey, it is where it was, and nothing is lost.
func correlate(last, next *tensor.Tensor, top, left, side, reach int) (y, x int, likeness float64) {
	h, w := last.Dim(0), last.Dim(1)
	moments := func(of *tensor.Tensor, y, x int) (mean, deviation float64) {
		sum, squares := 0.0, 0.0
		for r := range side {
			for _, v := range of.Data[(y+r)*w+x:][:side] {
				sum, squares = sum+float64(v), squares+float64(v)*float64(v)
			}
		}
		n := float64(side * side)
		return sum / n, math.Sqrt(max(squares-sum*sum/n, 0))
	}
	mean, deviation := moments(last, top, left)
	y, x, likeness = top, left, -2
	if deviation < 1 {
		return top, left, 1
	}
	for v := max(0, top-reach); v <= min(h-side, top+reach); v++ {
		for u := max(0, left-reach); u <= min(w-side, left+reach); u++ {
			m, d := moments(next, v, u)
			if d < 1 {
				continue
			}
			dot := 0.0
			for r := range side {
				a, b := last.Data[(top+r)*w+left:][:side], next.Data[(v+r)*w+u:][:side]
				for k, p := range a {
					dot += float64(p * b[k])
				}
			}
			if c := (dot - float64(side*side)*mean*m) / (deviation * d); c > likeness {
				y, x, likeness = v, u, c
			}
		}
	}
	return y, x, likeness
}

func (l *followed) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	if augment && o.Whole() < 2 {
		return nil, fmt.Errorf("task track?method=triplet learns from batches of 2 and more: its negatives are the patches of other films")
	}
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Clips.Len(), m, o, l.step), nil
}

// negatives returns for each row of cosines [N M], of the first patches of films and the last ones of all of the batch, whose films are those from number first on, so many other
// columns: the largest, or drawn ones. It draws for all films.
func negatives(cosines *tensor.Tensor, first, each int, hard bool, rng *tensor.RNG) []int32 {
	n, films := cosines.Dim(0), cosines.Dim(1)
	each = min(each, films-1)
	var out []int32
	for film := range films {
		i := film - first
		others := make([]int32, 0, films-1)
		for j := range films {
			if j != film {
				others = append(others, int32(j))
			}
		}
		if hard {
			if i < 0 || i >= n {
				continue
			}
			slices.SortStableFunc(others, func(a, b int32) int {
				switch u, v := cosines.At(i, int(a)), cosines.At(i, int(b)); {
				case u > v:
					return -1
				case u < v:
					return 1
				}
				return 0
			})
		} else {
			for k := range each {
				j := k + rng.IntN(len(others)-k)
				others[k], others[j] = others[j], others[k]
			}
		}
		if i >= 0 && i < n {
			out = append(out, others[:each]...)
		}
	}
	return out
}

// followLoss returns Σ max(0, ⟨first, other⟩ - ⟨first, last⟩ + margin) over its number, of embeddings z [2N D] of unit length, first patches then last ones, the last ones [M D] of
// all films of the batch, and the others of each.
func followLoss(z, lasts *autograd.Var, others []int32, margin float32) *autograd.Var {
	n := int32(z.Shape()[0] / 2)
	each := int32(len(others)) / n
	first, last := make([]int32, len(others)), make([]int32, len(others))
	for k := range others {
		first[k] = int32(k) / each
		last[k] = n + first[k]
	}
	f := autograd.Gather(z, first)
	cosine := func(x *autograd.Var, rows []int32) *autograd.Var {
		return autograd.SumAxis(autograd.Mul(f, autograd.Gather(x, rows)), 1)
	}
	return autograd.Mean(autograd.ReLU(autograd.AddScalar(autograd.Sub(cosine(lasts, others), cosine(z, last)), margin)))
}

func (l *followed) step(s train.Step, b *tracks) {
	n := len(b.T) / 2
	update, of := s.At()
	hard := float64(update) >= l.task.Hard*float64(of)
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		z := l.of(t.Input(b.X))
		table := tensor.New(n, n)
		similar(table, z.Value.Rows(0, n), z.Value.Rows(n, 2*n))
		lasts := autograd.Together(autograd.Slice(z, 0, n, n, 1))
		films, cosines := lasts.Shape()[0], table
		if films > n { // others are in other shards, too
			cosines = tensor.New(n, films)
			similar(cosines, z.Value.Rows(0, n), lasts.Value)
		}
		others := negatives(cosines, t.FirstRow(n), l.task.Negatives, hard, s.RNG())
		l.tell(s, table, b) // which uses the table up
		if films < 2 {      // looked at by itself: there is no other
			return autograd.Scale(autograd.Sum(z), 0)
		}
		return followLoss(z, lasts, others, float32(l.task.Margin))
	})
}

func (l *followed) tell(s train.Step, table *tensor.Tensor, b *tracks) {
	n := table.Dim(0)
	both := func(name string, table *tensor.Tensor) {
		back := tensor.New(n, n)
		tensor.Permute(back, table, 1, 0)
		s.Metric(name, float64(matches(table)+matches(back)), float64(2*n))
	}
	both("match", table)
	near(table, b.colour[:3*n], b.colour[3*n:])
	both("match_by_colour", table)
	s.Metric("chance", 1, float64(n))
	frames := 0
	for i := range n {
		frames += int(b.T[n+i] - b.T[i])
	}
	s.Metric("frames", float64(frames), float64(n))
}

// followShown is how many of the nearest patches Draw shows.
const followShown = 3

// Draw shows, a row a film, its first patch, its last one, framed green where no other film's last patch is as near to the first, and the last patches that are nearest.
func (l *followed) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	z := l.of(autograd.NewInference().Input(b.X)).Value
	n := len(index)
	table := tensor.New(n, n)
	similar(table, z.Rows(0, n), z.Rows(n, 2*n))
	const cell = 104
	g, sheet := trackSheet(n, 2+followShown, cell, "a patch, where it went, and the last patches nearest to it, with their cosine")
	show := func(row, col, patch int, text string) {
		x, y := g.At(row*g.Cols + col)
		im := l.setup.Norm.ToImage(b.X.Rows(patch, patch+1).Data, l.patch, l.patch)
		sheet.Fit(x, y, cell, cell, im.Pix, im.H, im.W)
		sheet.Text(x, y+cell+5, cell, text, canvas.Ink)
	}
	for row := range n {
		rank, others := ranked(table.Data[row*n:(row+1)*n], row)
		x, y := g.At(row*g.Cols + 1)
		sheet.Frame(x-3, y-3, cell+6, cell+6, rank == 1)
		show(row, 0, row, fmt.Sprintf("frame %d", b.T[row]))
		show(row, 1, n+row, fmt.Sprintf("frame %d: %.2f", b.T[n+row], table.At(row, row)))
		for k, j := range others[:min(followShown, len(others))] {
			show(row, 2+k, n+j, fmt.Sprintf("film %d: %.2f", index[j], table.At(row, j)))
		}
	}
	return sheet, nil
}
