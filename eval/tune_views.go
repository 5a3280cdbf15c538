package eval

import (
	"fmt"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// variedBytes is how much memory the decoded pictures of a fine-tuning may take.
const variedBytes = 1 << 30

// Varied is Over with samples that are drawn anew each time, as an augmentation of data.Augmentations has it.
func (p Views) Varied(in data.Inputs, augment string) (shape []int, fill func(dst []float32, i int, rng *tensor.RNG) error, err error) {
	view, err := data.NewView(augment, p.Side)
	if err != nil {
		return nil, nil, err
	}
	if in.Images != nil {
		images := in.Images
		if c, ok := images.(cached); ok { // of its middles, which are kept, nothing can be cropped
			images = c.views.Images
		}
		return []int{p.Side, p.Side, 3}, data.NewPictures(images, view, p.Norm, variedBytes).Fill, nil
	}
	if in.Clips == nil {
		return nil, nil, fmt.Errorf("the data has no pictures and no films, it has %s", in.Kinds())
	}
	clips := in.Clips
	if c, ok := clips.(cachedFilms); ok {
		clips = c.views.Clips
	}
	films := data.NewFilms(clips, view, p.Norm, variedBytes)
	return []int{p.frames(), p.Side, p.Side, 3}, func(dst []float32, i int, rng *tensor.RNG) error {
		n, err := films.AtLeast(i, 1)
		if err != nil {
			return err
		}
		return films.Fill(dst, i, data.Spread(n, p.frames(), p.Apart), rng)
	}, nil
}

// shown is a batch of training samples.
type shown struct {
	batch
	mirrored []bool
}

// showing fills batches of training samples, those of learn, and mirrors half of them where asked to.
type showing struct {
	shape  []int
	fill   func(dst []float32, i int, rng *tensor.RNG) error
	mirror bool
	learn  []int
}

// showing returns what shows the training samples.
func (t Tuning) showing(e *TrunkEncoder, in data.Inputs, learn []int) (showing, error) {
	s := showing{learn: learn, mirror: t.Augment == "mirror"}
	if _, hears := e.Input.(Hears); hears && t.Augment != "none" {
		return s, fmt.Errorf("augment=%s is of pictures and films; sounds are learned as they are (augment=none)", t.Augment)
	}
	if t.Augment == "mirror" || t.Augment == "none" {
		seen, err := e.Input.Over(in)
		s.shape, s.fill = seen.Shape, func(dst []float32, i int, _ *tensor.RNG) error { return seen.Fill(dst, i) }
		return s, err
	}
	v, ok := e.Input.(Views)
	if !ok {
		return s, fmt.Errorf("augment=%s is of pictures and films that are seen whole", t.Augment)
	}
	var err error
	s.shape, s.fill, err = v.Varied(in, t.Augment)
	return s, err
}

func (m showing) New(n int) *shown {
	return &shown{batch{tensor.New(append([]int{n}, m.shape...)...), make([]int, n)}, make([]bool, n)}
}

func (m showing) Fill(b *shown, row, i int, rng *tensor.RNG) error {
	x := b.x.Rows(row, row+1)
	if err := m.fill(x.Data, m.learn[i], rng.Derive(1)); err != nil {
		return err
	}
	b.index[row] = m.learn[i]
	if b.mirrored[row] = m.mirror && rng.Uniform(0, 1) < 0.5; b.mirrored[row] {
		mirror(x)
	}
	return nil
}

// mirror turns pictures [... H W C] left to right.
func mirror(x *tensor.Tensor) {
	w, c := x.Shape[len(x.Shape)-2], x.Shape[len(x.Shape)-1]
	for at := 0; at < len(x.Data); at += w * c {
		for l, r := 0, w-1; l < r; l, r = l+1, r-1 {
			for k := range c {
				a, b := at+l*c+k, at+r*c+k
				x.Data[a], x.Data[b] = x.Data[b], x.Data[a]
			}
		}
	}
}
