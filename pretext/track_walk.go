package pretext

import (
	"fmt"
	"image"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// walk learns by walking through a clip and back (Jabri, Owens, Efros, "Space-time correspondence as a contrastive random walk", NeurIPS 2020).
//
// Nodes are the patches of each frame on a grid, a quarter of the frame's side each, so that neighbours overlap by half on a grid of seven. Edges go from each
// node of a frame to each of the next one, their probability (equation 1) the softmax over these of ⟨z, z'⟩/Temperature, of embeddings of unit length; backwards
// likewise. Edges are dropped at random while training (section 3.2 there): the others share their probability. Of the paper's two temperatures, 0.07 in the
// text and 0.05 in the command that the released code documents, it is the latter.
//
// Loss (equations 3 and 5): for each k from 1 to the clip's length - 1 a walker goes k frames on and k back; the mean of -log of the probability that it ends in the node
// where it began.
//
// Shortcut: a net that knows where in the frame a node lies returns without looking. A patch that is seen by itself does not tell; features of a whole frame do, by the
// zeros around them, which is why nodes are patches, at the price of seeing each pixel about three times.
//
// Metric: return is the mean probability that the longest walk ends where it began, against chance, one node of a frame; return_best how often that is its
// likeliest end. That a walk returns does not say that it took the right way: eval track does, on films whose truth is known.
type walk struct {
	task  Track
	patch int // side in pixels
	embedding
}

func (l *walk) Groups() []train.Group { return train.One(l) }

func (l *walk) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(),
		{Name: "return", Unit: metric.Percent, Higher: true, Predictor: "chance", Trivial: 1 / float64(l.nodes())},
		{Name: "return_best", Unit: metric.Percent, Higher: true, Detail: true}}
}

// nodes returns how many a frame has.
func (l *walk) nodes() int { return l.task.Grid * l.task.Grid }

// walks is a batch: patch p of frame t of clip i is row (i·T + t)·nodes + p.
type walks struct {
	X *tensor.Tensor // [N·T·nodes P P 3]
	T []int32        // [N T], the frames' numbers
}

// walkMaker cuts the frames of clips into patches.
type walkMaker struct {
	*walk
	films  *data.Films
	motion *motion
}

func (l *walk) maker(in data.Inputs, augment bool) (*walkMaker, error) {
	films, err := l.setup.Films("track", in, augment)
	if err != nil {
		return nil, err
	}
	return &walkMaker{l, films, newMotion(films, l.task.Motion)}, nil
}

func (m *walkMaker) New(n int) *walks {
	return &walks{tensor.New(n*m.task.Clip*m.nodes(), m.patch, m.patch, 3), make([]int32, n*m.task.Clip)}
}

// corner returns where node k's patch begins, along a side: the first at 0, the last at the end.
func (l *walk) corner(k int) int { return k * (l.setup.Side - l.patch) / (l.task.Grid - 1) }

func (m *walkMaker) Fill(b *walks, row, i int, rng *tensor.RNG) error {
	frames, err := m.task.clip(m.films, m.motion, i, rng)
	if err != nil {
		return err
	}
	ims, err := m.films.Images(i, frames, rng)
	if err != nil {
		return err
	}
	at, size := row*m.task.Clip*m.nodes(), m.patch*m.patch*3
	for k, im := range ims {
		b.T[row*m.task.Clip+k] = int32(frames[k])
		for p := range m.nodes() {
			patch := data.Crop(im, m.corner(p/m.task.Grid), m.corner(p%m.task.Grid), m.patch, m.patch)
			m.films.Norm.Normalize(b.X.Data[(at+k*m.nodes()+p)*size:][:size], patch)
		}
	}
	return nil
}

func (l *walk) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Clips.Len(), m, o, l.step), nil
}

// frames returns the embeddings of each frame, T times [N nodes D].
func (l *walk) frames(x *autograd.Var) []*autograd.Var {
	z := l.of(x)
	n := z.Shape()[0] / (l.task.Clip * l.nodes())
	z = autograd.Reshape(z, n, l.task.Clip, l.nodes(), l.task.Embed)
	out := make([]*autograd.Var, l.task.Clip)
	for t := range out {
		out[t] = autograd.Reshape(autograd.Slice(z, 1, t, 1, 1), n, l.nodes(), l.task.Embed)
	}
	return out
}

// edges returns the probabilities [N nodes nodes] of steps from each node of a frame to those of another; dropped [N nodes nodes], nil for none, is minus much for
// edges that cannot be taken and 0 for others.
func edges(from, to *autograd.Var, temperature float32, dropped *tensor.Tensor) *autograd.Var {
	a := autograd.Scale(autograd.BatchMatMulNT(from, to), 1/temperature)
	if dropped != nil {
		a = autograd.Add(a, autograd.Const(dropped))
	}
	return autograd.Softmax(a)
}

// leastProbability is added to a probability before its logarithm is taken.
const leastProbability = 1e-20

// walkLoss returns the loss of walks through frames, T times [N nodes D], and the probabilities [N nodes nodes] of where the longest ends. drop returns what edges
// adds, for each two frames and each direction.
func walkLoss(frames []*autograd.Var, temperature float32, drop func() *tensor.Tensor) (loss, ends *autograd.Var) {
	n, nodes := frames[0].Shape()[0], frames[0].Shape()[1]
	labels := make([]int32, n*nodes)
	for i := range labels {
		labels[i] = int32(i % nodes)
	}
	var there *autograd.Var
	var back []*autograd.Var
	for t := range len(frames) - 1 {
		on := edges(frames[t], frames[t+1], temperature, drop())
		back = append(back, edges(frames[t+1], frames[t], temperature, drop()))
		if there == nil {
			there = on
		} else {
			there = autograd.BatchMatMul(there, on)
		}
		ends = there
		for k := t; k >= 0; k-- {
			ends = autograd.BatchMatMul(ends, back[k])
		}
		one := autograd.CrossEntropy(autograd.Log(autograd.AddScalar(ends, leastProbability)), labels)
		if loss == nil {
			loss = one
		} else {
			loss = autograd.Add(loss, one)
		}
	}
	return autograd.Scale(loss, 1/float32(len(frames)-1)), ends
}

func (l *walk) step(s train.Step, b *walks) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		loss, ends := walkLoss(l.frames(t.Input(b.X)), float32(l.task.Temperature), func() *tensor.Tensor {
			if !t.Training || l.task.Dropout == 0 {
				return nil
			}
			n := len(b.T) / l.task.Clip
			return l.dropped(t.AllRows(n), s.RNG()).Rows(t.FirstRow(n), t.FirstRow(n)+n)
		})
		l.tell(s, ends.Value)
		return loss
	})
}

// dropped draws which edges cannot be taken.
func (l *walk) dropped(n int, rng *tensor.RNG) *tensor.Tensor {
	x := tensor.New(n, l.nodes(), l.nodes())
	rng.FillUniform(x, 0, 1)
	for i, v := range x.Data {
		x.Data[i] = 0
		if v < float32(l.task.Dropout) {
			x.Data[i] = -1e20
		}
	}
	return x
}

func (l *walk) tell(s train.Step, ends *tensor.Tensor) {
	n, sum, best := l.nodes(), 0.0, 0
	for row := range ends.Len() / n {
		p, own := ends.Data[row*n:(row+1)*n], row%n
		sum += float64(p[own])
		most := true
		for k, v := range p {
			most = most && (k == own || v < p[own])
		}
		if most {
			best++
		}
	}
	s.Metric("return", sum, float64(ends.Len()/n))
	s.Metric("return_best", float64(best), float64(ends.Len()/n))
}

// Draw shows, a row a film, a node of the first frame, one of the middle of what moves there, and where a walker from it is in the frames behind, and after its way back:
// the brighter the likelier. The last is framed green where its likeliest end is where it began.
func (l *walk) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	frames := l.frames(autograd.NewInference().Input(b.X))
	const cell = 112
	g, sheet := trackSheet(len(index), l.task.Clip+1, cell, "a patch, where its walker goes, and, last, where it ends on its way back")
	for i := range index {
		heat := tensor.New(1, 1, l.nodes())
		start := l.moving(b.X, i)
		heat.Data[start] = 1
		at := autograd.Const(heat)
		of := func(t int) *autograd.Var {
			return autograd.Const(tensor.From(frames[t].Value.Data[i*l.nodes()*l.task.Embed:][:l.nodes()*l.task.Embed], 1, l.nodes(), l.task.Embed))
		}
		for k := range l.task.Clip + 1 {
			t := k % l.task.Clip
			if k > 0 && t > 0 {
				at = autograd.BatchMatMul(at, edges(of(t-1), of(t), float32(l.task.Temperature), nil))
			}
			if k == l.task.Clip {
				for back := l.task.Clip - 1; back > 0; back-- {
					at = autograd.BatchMatMul(at, edges(of(back), of(back-1), float32(l.task.Temperature), nil))
				}
			}
			x, y := g.At(i*g.Cols + k)
			if k == l.task.Clip {
				sheet.Frame(x-3, y-3, cell+6, cell+6, tensor.ArgMax(at.Value.Reshape(1, l.nodes()))[0] == start)
			}
			im := lit(l.frame(b.X, i, t), l.heat(at.Value.Data))
			sheet.Fit(x, y, cell, cell, im.Pix, im.H, im.W)
			sheet.Text(x, y+cell+5, cell, fmt.Sprintf("frame %d", b.T[i*l.task.Clip+t]), canvas.Ink)
		}
	}
	return sheet, nil
}

// moving returns the node of clip i that changes most from the first frame to the last.
func (l *walk) moving(x *tensor.Tensor, i int) (node int) {
	most, n := -1.0, l.nodes()
	for p := range n {
		first, last := i*l.task.Clip*n+p, (i*l.task.Clip+l.task.Clip-1)*n+p
		sum, a, b := 0.0, x.Rows(first, first+1).Data, x.Rows(last, last+1).Data
		for k, v := range a {
			sum += float64((v - b[k]) * (v - b[k]))
		}
		if sum > most {
			most, node = sum, p
		}
	}
	return node
}

// frame puts a frame together from its patches.
func (l *walk) frame(x *tensor.Tensor, i, t int) *data.Image {
	side := l.setup.Side
	out := data.NewImage(side, side)
	for p := range l.nodes() {
		row := (i*l.task.Clip+t)*l.nodes() + p
		im := l.setup.Norm.ToImage(x.Rows(row, row+1).Data, l.patch, l.patch)
		top, left := l.corner(p/l.task.Grid), l.corner(p%l.task.Grid)
		for y := range l.patch {
			copy(out.Pix[((top+y)*side+left)*3:], im.Pix[y*l.patch*3:(y+1)*l.patch*3])
		}
	}
	return out
}

// heat spreads the probabilities of nodes over the pixels of their patches, the likeliest to 1.
func (l *walk) heat(of []float32) []float32 {
	side, most := l.setup.Side, float32(0)
	out := make([]float32, side*side)
	for _, v := range of {
		most = max(most, v)
	}
	for p, v := range of {
		top, left := l.corner(p/l.task.Grid), l.corner(p%l.task.Grid)
		for y := top; y < top+l.patch; y++ {
			for x := left; x < left+l.patch; x++ {
				out[y*side+x] = max(out[y*side+x], v/most)
			}
		}
	}
	return out
}
