package eval

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"image/color"
	"slices"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval/projection"
	"github.com/tessera-go/tessera/tensor"
)

// The sizes of a map in pixels: of its side, of a picture on it with its frame, of that frame, and of a dot. MostOnPlane is how many samples are put on one.
const (
	planeSide  = 960
	planeThumb = 34
	planeFrame = 3
	planeDot   = 5
	planeKey   = 18 // a line of the key

	MostOnPlane = 1000
)

// Planes are maps of samples: places by principal components, and by UMAP.
type Planes struct {
	Rows      []int          // of the sample, that have a place
	PCA, UMAP *tensor.Tensor // [len(Rows) 2]
	Explained [2]float64     // parts of the variance along the components
}

// OnPlane puts samples, or MostOnPlane of them, on planes by their averaged features, each of length 1 as neighbours are told by.
func OnPlane(ctx context.Context, s Sample, seed uint64) (*Planes, error) {
	n := s.Pooled.Dim(0)
	p := &Planes{Rows: tensor.NewRNG(seed).Perm(n)[:min(n, MostOnPlane)]}
	slices.Sort(p.Rows)
	x := unit(gathered(s.Pooled, p.Rows))
	var err error
	if p.PCA, p.Explained, err = projection.PCA(x); err == nil {
		p.UMAP, err = projection.UMAP{Seed: seed}.Fit(ctx, x)
	}
	if err != nil {
		return nil, fmt.Errorf("a map of %d samples: %w", n, err)
	}
	return p, nil
}

// Draw draws samples at their places: pictures where there is room for them, framed in the colour of their class, else dots of that colour.
func (p *Planes) Draw(places *tensor.Tensor, s Sample, look Look) image.Image {
	names := s.Truth.Classes()
	key := (min(len(names), mostKey) + keyColumns - 1) / keyColumns * planeKey
	sheet := canvas.NewSheet(planeSide, planeSide+key)
	low, high := bounds(places)
	at := func(k int) (x, y int) {
		room := float64(planeSide - planeThumb - 2)
		place := func(d int) float64 {
			if high[d] == low[d] {
				return room / 2
			}
			return room * (min(max(float64(places.Data[2*k+d]), low[d]), high[d]) - low[d]) / (high[d] - low[d])
		}
		return 1 + planeThumb/2 + int(place(0)), 1 + planeThumb/2 + int(room-place(1))
	}
	var taken []image.Point
	var pictures []*data.Image
	var of []int // rows that they are of
	for k, row := range p.Rows {
		x, y := at(k)
		if !slices.ContainsFunc(taken, func(q image.Point) bool {
			return max(q.X-x, x-q.X) < planeThumb+2 && max(q.Y-y, y-q.Y) < planeThumb+2
		}) {
			if im := look(s.Index[row]); im != nil {
				taken, pictures, of = append(taken, image.Pt(x, y)), append(pictures, im), append(of, row)
				continue
			}
		}
		sheet.Fill(x-planeDot/2, y-planeDot/2, planeDot, planeDot, classColour(s.Truth.Label(s.Index[row])))
	}
	for k, q := range taken { // above the dots
		sheet.Fill(q.X-planeThumb/2, q.Y-planeThumb/2, planeThumb, planeThumb, classColour(s.Truth.Label(s.Index[of[k]])))
		in := planeThumb - 2*planeFrame
		sheet.Fit(q.X-in/2, q.Y-in/2, in, in, pictures[k].Pix, pictures[k].H, pictures[k].W)
	}
	for i, name := range names[:min(len(names), mostKey)] {
		x, y := i%keyColumns*(planeSide/keyColumns), planeSide+i/keyColumns*planeKey
		sheet.Fill(x+4, y+4, 10, 10, classColour(i))
		sheet.Text(x+18, y+2, planeSide/keyColumns-20, name, canvas.Ink)
	}
	return sheet.RGBA
}

// What is told of classes below a map.
const keyColumns, mostKey = 6, 30

// bounds returns the least and the largest place in both directions; the tenth of a per cent that lies farthest out does not make all others small.
func bounds(places *tensor.Tensor) (low, high [2]float64) {
	n := places.Dim(0)
	for d := range 2 {
		v := make([]float64, n)
		for i := range n {
			v[i] = float64(places.Data[2*i+d])
		}
		slices.SortFunc(v, cmp.Compare[float64])
		low[d], high[d] = v[n/1000], v[n-1-n/1000]
	}
	return low, high
}

// classColour returns the colour of a class, quiet for none.
func classColour(class int) color.Color {
	if class < 0 {
		return canvas.Quiet
	}
	return canvas.Hue(class + 1)
}
