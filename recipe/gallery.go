package recipe

import (
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/sound"
)

// heardAbout says what a spectrogram is.
const heardAbout = "Of a recording the spectrogram of its middle is shown, time to the right, frequency upwards"

// figure is what is seen of a sample, if anything, and what is heard.
type figure struct {
	caption string
	seen    []*data.Image
	heard   canvas.Spectrogram
	wave    []float32 // at the gallery's rate
}

// gallery are rows of figures.
type gallery struct {
	title, about string
	rate         int // Hz
	rows         [][]figure
}

// save writes the gallery into a folder of the folder eval of the run in dir: of each figure ROW-COLUMN.png, .wav and .txt, and what all are into about.txt, the title on
// its first line. The report shows what it finds there, and a person can play it. The folder is written elsewhere in dir and then takes the old one's place; without rows there is none.
func (g gallery) save(dir, name string) error {
	to := filepath.Join(dir, "eval", name)
	if len(g.rows) == 0 {
		return os.RemoveAll(to)
	}
	tmp := filepath.Join(dir, "."+name+".tmp")
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	for _, d := range []string{tmp, filepath.Dir(to)} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	text := func(name, text string) error {
		return checkpoint.Atomic(filepath.Join(tmp, name+".txt"), func(w io.Writer) error { _, err := io.WriteString(w, text+"\n"); return err })
	}
	if err := text("about", g.title+"\n"+g.about); err != nil {
		return err
	}
	var all []canvas.Spectrogram
	for _, row := range g.rows {
		for _, f := range row {
			all = append(all, f.heard)
		}
	}
	toOneScale(all)
	for r, row := range g.rows {
		for c, f := range row {
			name := fmt.Sprintf("%02d-%02d", r, c)
			err := text(name, f.caption)
			if err == nil {
				err = SavePNG(filepath.Join(tmp, name+".png"), f.draw())
			}
			if err == nil {
				err = saveWave(filepath.Join(tmp, name+".wav"), f.wave, g.rate)
			}
			if err != nil {
				return err
			}
		}
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return os.Rename(tmp, to)
}

func saveWave(path string, x []float32, rate int) error {
	w, err := sound.Create(path, float64(rate), 1, sound.Writing{})
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := w.Write(x); err != nil {
		return err
	}
	return w.Close()
}

// clipBytes is how much all clips of a gallery take, of 16 bits a value and a header each: a page has room for two galleries.
const clipBytes, waveHeader = 400_000, 44

// clips cuts what is heard out of recordings, for a person to listen to.
type clips struct {
	heard  *data.Windows // as the net hears
	played *data.Windows // as a person does
	hertz  []float64
}

// newClips returns n clips' cutter: windows as long as those that are heard, at the highest of some rates at which all of them fit, and where none does, their beginnings.
func newClips(s data.Sounds, h data.Hearing, n int) (*clips, error) {
	c := &clips{}
	var err error
	if c.heard, err = data.NewWindows(s, h, 0); err != nil {
		return nil, err
	}
	if c.hertz, err = h.Hertz(); err != nil {
		return nil, err
	}
	play, err := data.ParseHearing("mel?bands=8")
	if err != nil {
		return nil, err
	}
	fits := func() float64 { return float64((clipBytes/max(n, 1)-waveHeader)/2) / float64(play.Rate) }
	for _, play.Rate = range []int{16000, 11025, 8000} {
		if fits() >= h.Seconds {
			break
		}
	}
	play.Seconds = max(min(h.Seconds, fits()), 0.05)
	c.played, err = data.NewWindows(s, play, 0)
	return c, err
}

// said says how clips sound.
func (c *clips) said() string {
	text := fmt.Sprintf("one channel at %d Hz", c.rate())
	if played := float64(c.played.Samples()) / float64(c.rate()); played < c.heard.Hearing().Seconds-1e-3 {
		text += fmt.Sprintf(", to be listened to the first %.2f s of %g", played, c.heard.Hearing().Seconds)
	}
	return text
}

// rate is the clips', in Hz.
func (c *clips) rate() int { return c.played.Hearing().Rate }

// at returns what is heard of recording i from a second on: for the net, and for a person.
func (c *clips) at(i int, at float64) (canvas.Spectrogram, []float32, error) {
	shape, h := c.heard.Shape(), c.heard.Hearing()
	p := canvas.Spectrogram{X: make([]float32, shape[0]*shape[1]), T: shape[0], F: shape[1], Seconds: h.Seconds, Hertz: c.hertz}
	if err := c.heard.Fill(p.X, i, at); err != nil {
		return p, nil, err
	}
	wave := make([]float32, c.played.Samples())
	return p, wave, c.played.Wave(wave, i, at)
}

// middle returns what is heard in the middle of recording i.
func (c *clips) middle(i int) (canvas.Spectrogram, []float32, error) {
	at, err := c.heard.Spread(i, 1)
	if err != nil {
		return canvas.Spectrogram{}, nil, err
	}
	return c.at(i, at[0])
}

// Sides of figures in pixels.
const (
	figureHigh  = 120
	figureSound = 200
	figureGap   = 6
)

// draw returns what is seen, side by side, and behind it what is heard.
func (f figure) draw() image.Image {
	w := figureSound
	for _, im := range f.seen {
		w += im.W*figureHigh/max(im.H, 1) + figureGap
	}
	s, x := canvas.NewSheet(w, figureHigh+2), 0
	for _, im := range f.seen {
		wide := im.W * figureHigh / max(im.H, 1)
		s.Fit(x, 0, wide, figureHigh, im.Pix, im.H, im.W)
		x += wide + figureGap
	}
	s.Spectrogram(x, 1, figureSound, figureHigh, f.heard)
	return s.RGBA
}

// How many queries a gallery of neighbours has, and how many are beside each; where it lies in a run's folder eval, of whatever is looked among, and of test samples.
const (
	listened     = 6
	listenedNear = 3
	heardName    = "heard"
	heardTest    = "heard-test"
)

// listen returns a gallery of what features take to be alike: recordings, or films with their sound. Queries without features are left out.
func (m *Model) listen(in data.Inputs, labels data.Labels, queries []int, found eval.Nearest) (gallery, error) {
	c, err := newClips(in.Sounds, *m.Hearing, min(len(queries), listened)*(1+listenedNear))
	if err != nil {
		return gallery{}, err
	}
	g := gallery{title: "Recordings that are heard alike", rate: c.rate(), about: fmt.Sprintf("First a query, then what is nearest to it by the features of this run, with the cosine of both. "+
		"Drawn and heard is the middle of each, of %s.", c.said())}
	still := eval.Stills(in)
	show := func(i int, said string) (figure, error) {
		p, wave, err := c.middle(i)
		if err != nil {
			return figure{}, err
		}
		var ims []*data.Image
		if im := still(i); im != nil {
			ims = append(ims, im)
		}
		said += filepath.Base(in.Sounds.Describe(i))
		if labels != nil && labels.Label(i) >= 0 {
			said += ", " + labels.Classes()[labels.Label(i)]
		}
		return figure{said, ims, p, wave}, nil
	}
	for q, query := range queries {
		if len(found.Near[q]) == 0 || len(g.rows) == listened {
			continue
		}
		f, err := show(query, "")
		if err != nil {
			return g, err
		}
		row := []figure{f}
		for _, near := range found.Near[q][:min(listenedNear, len(found.Near[q]))] {
			if f, err = show(near.At, fmt.Sprintf("%.2f: ", near.Similarity)); err != nil {
				return g, err
			}
			row = append(row, f)
		}
		g.rows = append(g.rows, row)
	}
	return g, nil
}

// looks returns pictures of samples as a person is shown them: spectrograms of what a trunk that hears hears.
func (m *Model) looks(in data.Inputs) (eval.Look, error) {
	if m.Hearing != nil {
		return eval.Heard(in.Sounds, *m.Hearing)
	}
	return eval.Stills(in), nil
}
