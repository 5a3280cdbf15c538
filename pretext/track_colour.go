package pretext

import (
	"fmt"
	"image"
	"slices"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/kmeans"
	"github.com/tessera-go/tessera/internal/lab"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// pointer learns by colouring a frame with the colours of others (Vondrick, Shrivastava, Fathi, Guadarrama, Murphy, "Tracking emerges by colorizing videos", ECCV 2018).
//
// Sampling: a clip of grey frames, the last of which is to be coloured; the others are its references. A colour is one of 16 classes, those of k-means of a and b of
// CIE Lab in up to a thousand frames of the data (section 3.4 there): they stand in the checkpoint. Each of the cells of the trunk's last features has the colour
// of the pixel in its middle.
//
// Loss (equations 1 to 3): the classes of cell i are Σⱼ softmax over all cells j of all references (⟨fᵢ, fⱼ⟩)·classⱼ, of features of Embed values, a linear layer on the
// trunk's; cross-entropy with the class it has. A cell whose class no reference has cannot be answered, and does not count. The paper's 3-D convolutions on top of the
// features are left out: the trunk sees each frame by itself, as it is evaluated.
//
// Shortcut: where nothing moves, pointing at the same place is right: clips are drawn where something moves, and accuracy_copy, the part of cells that have the colour of the
// same place of the last reference, stands beside accuracy. The trunk may know places by the zeros around its features.
//
// Metrics: accuracy is how often the likeliest class is right, against chance: a reference's cell, drawn. moved is accuracy where copying the last reference's same place would be wrong.
type pointer struct {
	task    Track
	setup   Setup
	side    int // cells along a side
	classes *tensor.Tensor
	*layers.Net
}

// colour is the learner of colours.
func (t Track) colour(s Setup) (train.Learner, error) {
	l := &pointer{task: t, setup: s, classes: tensor.New(t.Colours, 2)}
	if err := autograd.Try(func() {
		l.side = s.Trunk.Forward(autograd.NewInference().Input(tensor.New(1, s.Side, s.Side, 3))).Shape()[1]
	}); err != nil {
		return nil, fmt.Errorf("task track: the trunk does not take frames of %d pixels: %w", s.Side, err)
	}
	if l.side < 2 {
		return nil, fmt.Errorf("task track: the trunk has one place a frame of %d pixels, and colour compares places; a larger --side, or the trunk's option stride, has more", s.Side)
	}
	l.Net = &layers.Net{Trunk: s.Trunk, Head: layers.Sequential{{Name: "embed", Module: layers.NewConv2D(s.RNG, s.Trunk.Channels(), t.Embed, 1, layers.ConvOptions{})}}}
	if s.Inputs.Clips != nil {
		return l, l.cluster(s.Inputs)
	}
	return l, nil
}

// Visit names the network and the colours.
func (l *pointer) Visit(prefix string, f func(layers.Param)) {
	l.Net.Visit(prefix, f)
	layers.Parts{{Name: "colours", Stateful: layers.Value{Kind: layers.Setting, Value: l.classes}}}.Visit(prefix, f)
}

func (l *pointer) Groups() []train.Group { return train.One(l) }

func (l *pointer) Metrics() []metric.Metric {
	return []metric.Metric{metric.Loss(),
		{Name: "accuracy", Unit: metric.Percent, Higher: true, Predictor: "chance", Versus: "accuracy_chance"},
		{Name: "accuracy_chance", Unit: metric.Percent, Higher: true, Detail: true}, {Name: "accuracy_copy", Unit: metric.Percent, Higher: true, Detail: true},
		{Name: "moved", Unit: metric.Percent, Higher: true, Detail: true}}
}

// clusterFrames and clusterRounds are how many frames colours are taken from, at most, and how often their classes are moved.
const clusterFrames, clusterRounds = 1000, 30

// cluster sets the classes: k-means of the colours of cells, in frames evenly spread over films, begun with colours of evenly spread ranks of hue, so that nothing is drawn.
func (l *pointer) cluster(in data.Inputs) error {
	films, err := l.setup.Films("track", in, false)
	if err != nil {
		return err
	}
	each := max(1, clusterFrames/films.Len())
	order := tensor.NewRNG(1).Perm(films.Len())
	var colours []float32
	var last error
	x, ab := make([]float32, l.setup.Side*l.setup.Side*3), make([]float32, l.side*l.side*2)
	for _, i := range order[:min(clusterFrames, len(order))] {
		n, err := films.AtLeast(i, 1)
		if err == nil {
			var ims []*data.Image
			if ims, err = films.Still(i, data.Spread(n, min(each, n), 0)); err == nil {
				for _, im := range ims {
					lab.FromRGB(x, im.Pix)
					sample(ab, x, l.setup.Side, l.side)
					colours = append(colours, ab...)
				}
			}
		}
		if err != nil {
			last = err
		}
	}
	if len(colours) == 0 {
		return fmt.Errorf("task track: none of %d films could be read: %w", films.Len(), last)
	}
	kMeans(l.classes.Data, colours, clusterRounds)
	return nil
}

// kMeans sets centres [K 2] to those of points [P 2], by Lloyd's rounds from points that are as far as can be from those before them, the first the one
// nearest to grey.
func kMeans(centres, points []float32, rounds int) {
	k, x := len(centres)/2, &tensor.Tensor{Shape: []int{len(points) / 2, 2}, Data: points}
	far := make([]float32, len(points)/2)
	for p := range far {
		far[p] = points[2*p]*points[2*p] + points[2*p+1]*points[2*p+1]
	}
	begin := kmeans.Farthest(x, k, slices.Index(far, slices.Min(far)))
	copy(centres, kmeans.Lloyd(x, begin, rounds).Centres.Data)
}

func squareDistance(a, b []float32) float32 {
	d, e := a[0]-b[0], a[1]-b[1]
	return float32(d*d) + float32(e*e)
}

// nearestCentre returns the number of the centre that is nearest to a point, the first of equals.
func nearestCentre(centres, point []float32) (c int) {
	for k := 1; k < len(centres)/2; k++ {
		if squareDistance(centres[2*k:], point) < squareDistance(centres[2*c:], point) {
			c = k
		}
	}
	return c
}

// greyClips is a batch: frame t of clip i is row i·T + t.
type greyClips struct {
	X       *tensor.Tensor // [N·T S S 3], lightness
	Classes []int32        // [N T cells]
	T       []int32        // [N T], the frames' numbers
}

// greyClipMaker takes the colours of clips away.
type greyClipMaker struct {
	*pointer
	films  *data.Films
	motion *motion
}

func (l *pointer) maker(in data.Inputs, augment bool) (*greyClipMaker, error) {
	films, err := l.setup.Films("track", in, augment)
	if err != nil {
		return nil, err
	}
	return &greyClipMaker{l, films, newMotion(films, l.task.Motion)}, nil
}

func (l *pointer) cells() int { return l.side * l.side }

func (m *greyClipMaker) New(n int) *greyClips {
	s, t := m.setup.Side, m.task.Clip
	return &greyClips{tensor.New(n*t, s, s, 3), make([]int32, n*t*m.cells()), make([]int32, n*t)}
}

func (m *greyClipMaker) Fill(b *greyClips, row, i int, rng *tensor.RNG) error {
	frames, err := m.task.clip(m.films, m.motion, i, rng)
	if err != nil {
		return err
	}
	ims, err := m.films.Images(i, frames, rng)
	if err != nil {
		return err
	}
	s, cells := m.setup.Side, m.cells()
	x, ab := make([]float32, s*s*3), make([]float32, 2*cells)
	for k, im := range ims {
		at := row*m.task.Clip + k
		b.T[at] = int32(frames[k])
		lab.FromRGB(x, im.Pix)
		hideColours(m.setup.Norm, b.X.Data[at*s*s*3:][:s*s*3], x)
		sample(ab, x, s, m.side)
		for c := range cells {
			b.Classes[at*cells+c] = int32(nearestCentre(m.classes.Data, ab[2*c:]))
		}
	}
	return nil
}

func (l *pointer) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	m, err := l.maker(in, augment)
	if err != nil {
		return nil, err
	}
	return train.NewFeed(in.Clips.Len(), m, o, l.step), nil
}

// pointLoss returns the loss of pointing from the last frame of clips to the others, of features [N T·cells D] and the classes of their cells, and the probabilities [N cells K]
// of the last one's. A cell counts where some reference has its class; count is how many do.
func pointLoss(f *autograd.Var, classes []int32, frames, k int) (loss, p *autograd.Var, asked []int32) {
	n, all, d := f.Shape()[0], f.Shape()[1], f.Shape()[2]
	cells := all / frames
	refs := all - cells
	seen := tensor.New(n, refs, k)
	asked = make([]int32, n*cells)
	for i := range n {
		has := make([]bool, k)
		for j, c := range classes[i*all : i*all+refs] {
			has[c] = true
			seen.Data[(i*refs+j)*k+int(c)] = 1
		}
		for j, c := range classes[i*all+refs : (i+1)*all] {
			if asked[i*cells+j] = c; !has[c] {
				asked[i*cells+j] = -1
			}
		}
	}
	to := autograd.Reshape(autograd.Slice(f, 1, 0, refs, 1), n, refs, d)
	from := autograd.Reshape(autograd.Slice(f, 1, refs, cells, 1), n, cells, d)
	p = autograd.BatchMatMul(autograd.Softmax(autograd.BatchMatMulNT(from, to)), autograd.Const(seen))
	return autograd.CrossEntropy(autograd.Log(autograd.AddScalar(p, leastProbability)), asked), p, asked
}

// features returns those of a batch, [N T·cells D].
func (l *pointer) features(x *autograd.Var) *autograd.Var {
	return autograd.Reshape(l.Forward(x), x.Shape()[0]/l.task.Clip, l.task.Clip*l.cells(), l.task.Embed)
}

func (l *pointer) step(s train.Step, b *greyClips) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		loss, p, asked := pointLoss(l.features(t.Input(b.X)), b.Classes, l.task.Clip, l.task.Colours)
		l.tell(s, p.Value, asked, b)
		return loss
	})
}

func (l *pointer) tell(s train.Step, p *tensor.Tensor, asked []int32, b *greyClips) {
	cells := l.cells()
	all, refs := l.task.Clip*cells, (l.task.Clip-1)*cells
	said := tensor.ArgMax(p.Reshape(len(asked), l.task.Colours))
	var n, right, copied, chance, moved, movedRight float64
	for i, c := range asked {
		if c < 0 {
			continue
		}
		clip := b.Classes[i/cells*all:][:all]
		same := clip[refs-cells+i%cells] == c
		n++
		if said[i] == int(c) {
			right++
		}
		if same {
			copied++
		} else {
			if moved++; said[i] == int(c) {
				movedRight++
			}
		}
		for _, r := range clip[:refs] {
			if r == c {
				chance += 1 / float64(refs)
			}
		}
	}
	s.Metric("accuracy", right, n)
	s.Metric("accuracy_copy", copied, n)
	s.Metric("accuracy_chance", chance, n)
	s.Metric("moved", movedRight, moved)
}

// Draw shows, a row a film, the references with the colours of their cells, then the frame as the trunk saw it, with the colours that were copied, and with its own.
func (l *pointer) Draw(in data.Inputs, index []int) (image.Image, error) {
	m, err := l.maker(in, false)
	if err != nil {
		return nil, err
	}
	b, err := draw(m, index)
	if err != nil {
		return nil, err
	}
	_, p, _ := pointLoss(l.features(autograd.NewInference().Input(b.X)), b.Classes, l.task.Clip, l.task.Colours)
	const cell = 112
	t, cells, k := l.task.Clip, l.cells(), l.task.Colours
	g, sheet := trackSheet(len(index), t+2, cell, "references, cell by cell; a grey frame, the colours it copies, its own")
	for i := range index {
		for col := range t + 2 {
			frame := min(col, t-1)
			row := i*t + frame
			ab := make([]float32, 2*cells)
			text := fmt.Sprintf("frame %d", b.T[row])
			switch {
			case col == t: // the mean colour that is pointed at
				text = "copied"
				for c := range cells {
					for class, v := range p.Value.Data[(i*cells+c)*k:][:k] {
						ab[2*c], ab[2*c+1] = ab[2*c]+v*l.classes.Data[2*class], ab[2*c+1]+v*l.classes.Data[2*class+1]
					}
				}
			case col != t-1:
				if col == t+1 {
					text = "its own"
				}
				for c := range cells {
					copy(ab[2*c:2*c+2], l.classes.Data[2*b.Classes[row*cells+c]:])
				}
			}
			im := l.tinted(b.X.Rows(row, row+1).Data, ab)
			x, y := g.At(i*g.Cols + col)
			sheet.Fit(x, y, cell, cell, im.Pix, im.H, im.W)
			sheet.Text(x, y+cell+5, cell, text, canvas.Ink)
		}
	}
	return sheet, nil
}

// tinted returns a frame [S S 3] as the trunk sees it with the colours [cells 2] of its cells.
func (l *pointer) tinted(x, ab []float32) *data.Image {
	s := l.setup.Side
	pixels := make([]float32, len(x))
	for p := range s * s {
		c := p/s*l.side/s*l.side + p%s*l.side/s
		pixels[3*p] = (float32(x[3*p]*l.setup.Norm.Std[0]) + l.setup.Norm.Mean[0]) * 100
		pixels[3*p+1], pixels[3*p+2] = ab[2*c], ab[2*c+1]
	}
	im := data.NewImage(s, s)
	lab.ToRGB(im.Pix, pixels)
	return im
}
