package pretext

import (
	"fmt"
	"sort"
	"testing"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// TestBYOLPage: every pixel of a picture, drawn once more from the cosines; the others stand among the first 64 pictures.
func TestBYOLPage(t *testing.T) {
	l := newBYOL(t, "byol?hidden=16&out=8", 16)
	last := layers.Params(l.predictor)
	for _, p := range last[len(last)-2:] { // so that cosines are above 0, and their bars are seen
		tensor.Scale(p.Value, -1, p.Value)
	}
	scenes := data.NewScenes(70, 16, 1, data.Test)
	in := data.Inputs{Images: drawnPictures{70, func(i int) *data.Image {
		if i == 3 {
			return nil
		}
		im, _ := scenes.Image(i)
		return im
	}}}
	index := []int{66, 5, 7, 20}
	got, err := l.Draw(in, index)
	if err != nil {
		t.Fatal(err)
	}
	rows := append([]int(nil), index...)
	for i := range 64 { // 64 with those of index; the broken one is not among them
		if i != 3 && i != 5 && i != 7 && i != 20 {
			rows = append(rows, i)
		}
	}
	m, err := l.maker(in)
	if err != nil {
		t.Fatal(err)
	}
	n := len(rows)
	b := m.New(n)
	for row, i := range rows {
		if err := m.Fill(b, row, i, tensor.NewRNG(uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
	table := l.cosines(b, 0)
	want := canvas.NewSheet(10+7*106, 27+4*137)
	want.Text(10, 6, 96, "a view", canvas.Ink)
	want.Text(116, 6, 96, "another view", canvas.Ink)
	want.Text(222, 6, 5*106-10, fmt.Sprintf("nearest views of %d other pictures, cosine", n-1), canvas.Ink)
	firsts := 0
	for row := range index {
		y := 27 + 137*row
		rank, others := 1, []int{}
		for j := range n {
			if j != row {
				others = append(others, j)
				if table.At(row, j) >= table.At(row, row) {
					rank++
				}
			}
		}
		sort.SliceStable(others, func(p, q int) bool { return table.At(row, others[p]) > table.At(row, others[q]) })
		if rank == 1 {
			firsts++
		}
		want.Frame(116-3, y+17-3, 102, 102, rank == 1)
		show := func(col, view, of int, text string) {
			x := 10 + 106*col
			want.Text(x, y, 96, text, canvas.Ink)
			want.Picture(x, y+17, 6, data.HalfNorm.ToImage(b.X[view].Rows(of, of+1).Data, 16, 16).Pix, 16, 16)
			if view == 1 {
				want.Fill(x, y+118, 96, 6, canvas.Quiet)
				want.Fill(x, y+118, int(96*max(float64(table.At(row, of)), 0)+0.5), 6, canvas.Ink)
			}
		}
		show(0, 0, row, "")
		show(1, 1, row, fmt.Sprintf("%.2f: no. %d", table.At(row, row), rank))
		for k, j := range others[:5] {
			show(2+k, 1, j, fmt.Sprintf("%.2f", table.At(row, j)))
		}
	}
	if table.At(0, 0) < 0.1 {
		t.Errorf("a cosine of %g has no bar", table.At(0, 0))
	}
	t.Logf("%d of %d find their other view first", firsts, len(index))
	samePage(t, got, want)
}
