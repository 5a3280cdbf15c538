package recipe

import (
	"cmp"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/tensor"
)

// ContactSheet shows n samples of a seeded order.
func ContactSheet(images data.Images, n int) image.Image {
	const side = 64
	grid := canvas.Grid{Cols: 12, CellW: side, CellH: side, Gap: 4}
	n = min(n, images.Len())
	sheet := grid.Sheet(n)
	view := data.PlainView(side)
	for k, i := range tensor.NewRNG(1).Perm(images.Len())[:n] {
		if im, err := view.Of(images, i, nil); err == nil {
			x, y := grid.At(k)
			sheet.Picture(x, y, 1, im.Pix, im.H, im.W)
		}
	}
	return sheet
}

// BoxSheet shows n pictures of a seeded order with the boxes around the objects in them and what these are, where there is room; of difficult ones and crowds
// the lines are thin.
func BoxSheet(d *data.Dataset, n int) image.Image {
	const side, cols = 260, 4
	n = min(n, d.Len())
	grid := canvas.Grid{Cols: min(cols, n), CellW: side, CellH: side + canvas.TextHeight + 2, Gap: 8}
	sheet, names := grid.Sheet(n), d.Truth.BoxClasses()
	for k, i := range tensor.NewRNG(1).Perm(d.Len())[:n] {
		x, y := grid.At(k)
		im, err := d.Images.Image(i)
		var boxes []data.Box
		if err == nil {
			boxes, err = d.Truth.Boxes.Boxes(i)
		}
		if err != nil {
			sheet.Text(x, y, side, fmt.Sprintf("cannot be read: %v", err), canvas.Ink)
			continue
		}
		scale := float32(side) / float32(max(im.H, im.W))
		at := func(px, py float32) image.Point { return image.Pt(x+int(px*scale+0.5), y+int(py*scale+0.5)) }
		whole := image.Rectangle{Min: at(0, 0), Max: at(float32(im.W), float32(im.H))}
		sheet.Stretch(x, y, max(whole.Dx(), 1), max(whole.Dy(), 1), im.Pix, im.H, im.W)
		sheet.Text(x, whole.Max.Y+1, side, filepath.Base(d.Describe(i)), canvas.Ink)
		slices.SortStableFunc(boxes, func(a, b data.Box) int { return cmp.Compare((b.X1-b.X0)*(b.Y1-b.Y0), (a.X1-a.X0)*(a.Y1-a.Y0)) })
		for _, b := range boxes { // small ones above large ones
			r, thick, text := image.Rectangle{Min: at(b.X0, b.Y0), Max: at(b.X1, b.Y1)}, 2, ""
			if b.Difficult || b.Crowd {
				thick = 1
			}
			if b.Class >= 0 && b.Class < len(names) && r.Dx() > 2*canvas.TextWidth {
				text = names[b.Class]
			}
			sheet.Box(r, thick, canvas.ClassColour(b.Class), text, whole)
		}
	}
	return sheet
}

// The sides of sheets of films and recordings, in pixels.
const (
	sheetFrame = 84  // side of a frame of a film
	sheetSound = 330 // width of a spectrogram, axes and all
)

// FilmSheet shows n films of a seeded order, a row each: what is known of the film, frames evenly spread over it, below each its time, and behind them the spectrogram of its
// sound, where it has some.
func FilmSheet(d *data.Dataset, n int) image.Image {
	const side, frames, gap = sheetFrame, 9, 4
	grid := canvas.Grid{Cols: frames, CellW: side, CellH: side + 2*(canvas.TextHeight+2), Gap: gap}
	order := tensor.NewRNG(1).Perm(d.Len())[:min(n, d.Len())]
	w, h := grid.Size(frames * len(order))
	var l *listener
	if d.Sounds != nil {
		w += sheetSound + gap
		l = newListener(d.Sounds, order)
	}
	sheet := canvas.NewSheet(w, h)
	films := data.NewFilms(d.Clips, data.View{Frame: data.ShortSide(side)}, data.Norm{}, 0)
	for k, i := range order {
		x, y := grid.At(k * frames)
		times, err := films.Times(i)
		var ims []*data.Image
		var index []int
		if err == nil && len(times) > 0 {
			index = data.Spread(len(times), min(frames, len(times)), 0)
			ims, err = films.Still(i, index)
		}
		if err != nil {
			sheet.Text(x, y, frames*side, fmt.Sprintf("cannot be read: %v", err), canvas.Ink)
			continue
		}
		sheet.Text(x, y, frames*(side+gap), caption(d, i), canvas.Ink)
		for j, im := range ims {
			x, y = grid.At(k*frames + j)
			y += canvas.TextHeight + 2
			sheet.Fit(x, y, side, side, im.Pix, im.H, im.W)
			sheet.Text(x, y+side+1, side, fmt.Sprintf("%.2f s", times[index[j]]), canvas.Ink)
		}
		if l != nil {
			_, y = grid.At(k * frames)
			l.draw(sheet, w-sheetSound-gap, y+canvas.TextHeight+2, sheetSound, side+canvas.TextHeight+2, i)
		}
	}
	return sheet
}

// SoundSheet shows n recordings of a seeded order, three a row: what is known of each, and its spectrogram from its beginning to its end.
func SoundSheet(d *data.Dataset, n int) image.Image {
	const high = 130
	grid := canvas.Grid{Cols: 3, CellW: sheetSound, CellH: high + canvas.TextHeight + 2, Gap: 10}
	order := tensor.NewRNG(1).Perm(d.Len())[:min(n, d.Len())]
	sheet, l := grid.Sheet(len(order)), newListener(d.Sounds, order)
	for k, i := range order {
		x, y := grid.At(k)
		sheet.Text(x, y, sheetSound, caption(d, i), canvas.Ink)
		l.draw(sheet, x, y+canvas.TextHeight+2, sheetSound, high, i)
	}
	return sheet
}

// caption is what a person is told of sample i: its class, and its name.
func caption(d *data.Dataset, i int) string {
	name := filepath.Base(d.Describe(i))
	if c := d.Truth.Label(i); c >= 0 {
		return d.Truth.Classes()[c] + ": " + name
	}
	return name
}

// listener draws spectrograms of whole recordings, as log-mel ones at 16 kHz, which is what --sound mel hears, all on one scale.
type listener struct {
	drawn map[int]canvas.Spectrogram
	why   map[int]error // of recordings that cannot be read
}

// longestDrawn is how many seconds of a recording are drawn.
const longestDrawn = 30

// newListener listens to some recordings.
func newListener(s data.Sounds, some []int) *listener {
	l := &listener{map[int]canvas.Spectrogram{}, map[int]error{}}
	var all []canvas.Spectrogram
	for _, i := range some {
		p, err := whole(s, i)
		if err != nil {
			l.why[i] = err
			continue
		}
		l.drawn[i], all = p, append(all, p)
	}
	toOneScale(all)
	return l
}

// toOneScale brings logarithms of power to one scale, which reaches from the quietest twentieth of all of them to the loudest thousandth.
func toOneScale(ps []canvas.Spectrogram) {
	var some []float32
	for _, p := range ps {
		const most = 4096 // of each
		for k := 0; k < len(p.X); k += max(1, len(p.X)/most) {
			some = append(some, p.X[k])
		}
	}
	if len(some) == 0 {
		return
	}
	slices.Sort(some)
	low, high := some[len(some)/20], some[len(some)-1-len(some)/1000]
	mean, std := (low+high)/2, max((high-low)/(2*canvas.Loudest), 1e-3)
	for _, p := range ps {
		for k, v := range p.X {
			p.X[k] = (v - mean) / std
		}
	}
}

// draw draws recording i, or says why it cannot be read.
func (l *listener) draw(sheet canvas.Sheet, x, y, w, h, i int) {
	if err := l.why[i]; err != nil {
		sheet.Text(x, y, w, fmt.Sprintf("cannot be read: %v", err), canvas.Ink)
		return
	}
	sheet.Spectrogram(x, y, w, h, l.drawn[i])
}

// whole returns the spectrogram of recording i, of a long one its beginning: the logarithm of power.
func whole(s data.Sounds, i int) (canvas.Spectrogram, error) {
	one := data.Inputs{Sounds: s}.Subset([]int{i}).Sounds
	n, rate, err := one.Length(0)
	if err != nil {
		return canvas.Spectrogram{}, err
	}
	h, err := data.ParseHearing("mel")
	if err != nil {
		return canvas.Spectrogram{}, err
	}
	h.Seconds = max(min(float64(n)/rate, longestDrawn), 2*h.Length/1000) // a frame at least
	w, err := data.NewWindows(one, h, 0)
	if err != nil {
		return canvas.Spectrogram{}, err
	}
	hertz, err := h.Hertz()
	if err != nil {
		return canvas.Spectrogram{}, err
	}
	shape := w.Shape()
	p := canvas.Spectrogram{X: make([]float32, shape[0]*shape[1]), T: shape[0], F: shape[1], Seconds: h.Seconds, Hertz: hertz}
	return p, w.Fill(p.X, 0, 0)
}

// Sheet shows the first samples of a seeded order of whatever can be shown: pictures, films, or recordings.
func Sheet(d *data.Dataset) (image.Image, error) { return sheetOf(d, 96, 12, 24) }

// sheetOf shows so many pictures, or where there are none films, or recordings.
func sheetOf(d *data.Dataset, pictures, films, sounds int) (image.Image, error) {
	switch {
	case d.Images != nil && d.Truth.Boxes != nil && d.Truth.Labels == nil:
		return BoxSheet(d, pictures/4), nil
	case d.Images != nil:
		return ContactSheet(d.Images, pictures), nil
	case d.Clips != nil:
		return FilmSheet(d, films), nil
	case d.Sounds != nil:
		return SoundSheet(d, sounds), nil
	}
	return nil, fmt.Errorf("%s has nothing to show, it has %s", d.Name, d.Kinds())
}

// SavePNG writes a picture, whole or not at all.
func SavePNG(path string, im image.Image) error {
	return checkpoint.Atomic(path, func(w io.Writer) error { return png.Encode(w, im) })
}

// savePicture writes a picture into the folder eval of the run in dir, and what it is into a text beside it, the title on its first line: the
// report shows what it finds there.
func savePicture(dir, name, title, about string, im image.Image) error {
	dir = filepath.Join(dir, "eval")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	err := checkpoint.Atomic(filepath.Join(dir, name+".txt"), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\n%s\n", title, about)
		return err
	})
	if err != nil {
		return err
	}
	return SavePNG(filepath.Join(dir, name+".png"), im)
}
