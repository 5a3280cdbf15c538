package eval

import (
	"context"
	"fmt"
	"image"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/index"
	"github.com/tessera-go/tessera/simd"
)

// Nearest is what an encoder takes to be alike: a picture says more of features than their scores (Doersch, Gupta, Efros 2015, figure 4).
type Nearest struct {
	Features string `json:"features"` // whose
	// Near are, for each query, the samples of the largest cosine, the nearest first.
	Near [][]Neighbour `json:"-"`
	// Recoloured tells for each of Recolourings how many of some samples are found by it: the part of those that, recoloured, have
	// themselves as the nearest of all samples as they are.
	Recoloured map[string]float64 `json:"recoloured"`
	Recolour   int                `json:"recoloured_samples"` // how many were tried
}

// Recolouring changes the colours of a picture and nothing else.
type Recolouring struct {
	Name string
	Of   func(r, g, b uint8) (uint8, uint8, uint8)
}

// Recolourings are those that Nearest is tried with.
var Recolourings = []Recolouring{
	{"grey", func(r, g, b uint8) (uint8, uint8, uint8) { y := simd.Luma(r, g, b); return y, y, y }},
	{"warm", func(r, g, b uint8) (uint8, uint8, uint8) {
		return uint8(min(255, (int(r)*5+2)/4)), g, uint8((int(b)*3 + 2) / 4)
	}},
	{"swapped", func(r, g, b uint8) (uint8, uint8, uint8) { return b, r, g }}, // a third of the circle of hues
}

// recoloured are images in other colours.
type recoloured struct {
	data.Images
	by Recolouring
}

func (r recoloured) Image(i int) (*data.Image, error) {
	im, err := r.Images.Image(i)
	if err != nil {
		return nil, err
	}
	out := data.NewImage(im.H, im.W)
	for k := 0; k < len(im.Pix); k += 3 {
		out.Pix[k], out.Pix[k+1], out.Pix[k+2] = r.by.Of(im.Pix[k], im.Pix[k+1], im.Pix[k+2])
	}
	return out, nil
}

// FindNearest finds for each query, the number of a sample, those of the k samples that its features are nearest to by cosine; what alike
// says of a query is not looked at, itself for one. some are the samples that are recoloured; films and sounds are not. Each encoder's deepest features are taken;
// queries that could not be read have nothing near.
func FindNearest(ctx context.Context, es []Encoder, in data.Inputs, queries, some []int, k int, alike func(query, sample int) bool, o Options) ([]Nearest, error) {
	o.Last = true
	if in.Images == nil && in.Clips == nil && in.Sounds == nil {
		return nil, fmt.Errorf("the data has no pictures, films or sounds, it has %s", in.Kinds())
	}
	var out []Nearest
	for _, e := range es {
		f, err := deepest(ctx, e, in, o)
		if err != nil {
			return nil, err
		}
		row := map[int]int{}
		for r, i := range f.Index {
			row[i] = r
		}
		n := Nearest{Features: e.Name(), Near: make([][]Neighbour, len(queries)), Recoloured: map[string]float64{}}
		var asked []int // of queries, those that could be read
		var rows []int32
		for q, query := range queries {
			if r, ok := row[query]; ok {
				asked, rows = append(asked, q), append(rows, int32(r))
			}
		}
		those := autograd.Gather(autograd.Const(f.Pooled), rows).Value
		known := index.New(f.Pooled, index.Cosine)
		near := known.Search(those, k, func(q, r int) bool {
			own, other := queries[asked[q]], f.Index[r]
			return own == other || alike(own, other)
		})
		for i, some := range near {
			for _, x := range some {
				n.Near[asked[i]] = append(n.Near[asked[i]], Neighbour{At: f.Index[x.At], Similarity: x.Similarity})
			}
		}
		for _, by := range Recolourings {
			if in.Images == nil {
				break
			}
			in := in.Subset(some)
			in.Images = recoloured{in.Images, by}
			g, err := deepest(ctx, e, in, o)
			if err != nil {
				return nil, err
			}
			found := 0
			for r, near := range known.Search(g.Pooled, 1, nil) {
				if f.Index[near[0].At] == some[g.Index[r]] {
					found++
				}
			}
			n.Recolour = g.Pooled.Dim(0)
			n.Recoloured[by.Name] = float64(found) / float64(n.Recolour)
		}
		out = append(out, n)
	}
	return out, nil
}

func deepest(ctx context.Context, e Encoder, in data.Inputs, o Options) (Features, error) {
	fs, err := e.Encode(ctx, in, o)
	if err != nil {
		return Features{}, err
	}
	return fs[len(fs)-1], nil
}

// NearestAmong finds for each query, the number of a sample, the k other samples whose deepest features are nearest to its by cosine, none of the
// query's own film where that is known. Queries without features have nothing near. Recoloured is not tried.
func NearestAmong(features string, s Sample, queries []int, k int) Nearest {
	row := map[int]int{}
	for r, i := range s.Index {
		row[i] = r
	}
	n := Nearest{Features: features, Near: make([][]Neighbour, len(queries))}
	var asked []int // of queries, those that have features
	var rows []int32
	for q, query := range queries {
		if r, ok := row[query]; ok {
			asked, rows = append(asked, q), append(rows, int32(r))
		}
	}
	if len(asked) == 0 {
		return n
	}
	films := s.Truth.Groups[data.FilmGroup]
	those := autograd.Gather(autograd.Const(s.Pooled), rows).Value
	near := index.New(s.Pooled, index.Cosine).Search(those, k, func(query, r int) bool {
		own, other := queries[asked[query]], s.Index[r]
		return own == other || films != nil && films.Label(own) == films.Label(other)
	})
	for i, some := range near {
		for _, x := range some {
			n.Near[asked[i]] = append(n.Near[asked[i]], Neighbour{At: s.Index[x.At], Similarity: x.Similarity})
		}
	}
	return n
}

// still returns a picture of a sample: itself, or of a film the frame in the middle.
func still(in data.Inputs, i int) (*data.Image, error) {
	if in.Images != nil {
		return in.Images.Image(i)
	}
	times, err := in.Clips.Times(i)
	if err == nil && len(times) == 0 {
		err = fmt.Errorf("%s has no frames", in.Clips.Describe(i))
	}
	if err != nil {
		return nil, err
	}
	ims, err := data.ClipOf(in.Clips, i, []int{len(times) / 2})
	if err != nil {
		return nil, err
	}
	return ims[0], nil
}

// NearestSheet draws a row a query, at most k samples near it for each encoder side by side, as look shows them. Below each stands how near it is, the cosine of both, and
// where there are labels its class, and a line that is green where that is the query's, else red.
func NearestSheet(all []Nearest, look Look, labels data.Labels, queries []int, k int) image.Image {
	const apart = 3 * galleryGap // between one encoder's and the next
	g := canvas.Grid{Cols: 1 + k*len(all), CellW: galleryCell, CellH: galleryCell + canvas.TextHeight, Gap: galleryGap, Head: canvas.TextHeight + 4}
	w, h := g.Size(len(queries) * g.Cols)
	s := canvas.NewSheet(w+apart*len(all), h)
	place := func(row, col int) (x, y int) {
		x, y = g.At(row*g.Cols + col)
		return x + (col+k-1)/k*apart, y
	}
	put := func(row, col, sample int, said string) {
		x, y := place(row, col)
		if im := look(sample); im != nil {
			s.Fit(x, y, galleryCell, galleryCell, im.Pix, im.H, im.W)
		}
		if labels != nil && labels.Label(sample) >= 0 {
			said += labels.Classes()[labels.Label(sample)]
		}
		s.Text(x, y+galleryCell+galleryFrame-1, galleryCell, said, canvas.Ink)
		if labels != nil && col > 0 && labels.Label(queries[row]) >= 0 {
			c := canvas.Wrong
			if labels.Label(sample) == labels.Label(queries[row]) {
				c = canvas.Right
			}
			s.Fill(x, y+galleryCell, galleryCell, galleryFrame, c)
		}
	}
	x, _ := place(0, 0)
	s.Text(x, 4, galleryCell, "query", canvas.Ink)
	for e, n := range all {
		x, _ := place(0, 1+e*k)
		s.Text(x, 4, k*(galleryCell+galleryGap)-galleryGap, "nearest by "+n.Features, canvas.Ink)
		for q, near := range n.Near {
			for j, sample := range near {
				put(q, 1+e*k+j, sample.At, fmt.Sprintf("%.2f ", sample.Similarity))
			}
		}
	}
	for q, query := range queries {
		put(q, 0, query, "")
	}
	return s.RGBA
}
