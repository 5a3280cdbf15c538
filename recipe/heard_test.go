package recipe

import (
	"context"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/canvas"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/sound"
)

// hums writes recordings of two classes, low and high, n of each, and one that is broken if asked for.
func hums(t *testing.T, n int, broken bool) string {
	t.Helper()
	dir := t.TempDir()
	for c, class := range []string{"high", "low"} {
		os.MkdirAll(filepath.Join(dir, class), 0o755)
		for i := range n {
			w, err := sound.Create(filepath.Join(dir, class, string(rune('a'+i))+".wav"), 8000, 1, sound.Writing{})
			if err != nil {
				t.Fatal(err)
			}
			x := make([]float32, 8000)
			for k := range x {
				x[k] = 0.3 * float32(math.Sin(2*math.Pi*float64(k)*float64(2000-1600*c+20*i)/8000))
			}
			if w.Write(x) != nil || w.Close() != nil {
				t.Fatal("not written")
			}
		}
	}
	if broken {
		os.WriteFile(filepath.Join(dir, "low", "z.wav"), nil, 0o644)
	}
	return dir
}

// differing counts the pixels of a part of a sheet that are neither white nor ink.
func differing(im image.Image, r image.Rectangle) (n int) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if c := im.At(x, y); c != canvas.Ink && c != (color.RGBA{255, 255, 255, 255}) {
				n++
			}
		}
	}
	return n
}

// TestSoundSheets: recordings, three a row, as spectrograms with what is known of them; one that cannot be read says so; films with sound have a spectrogram behind their frames.
func TestSoundSheets(t *testing.T) {
	d, err := data.Open("audio:"+hums(t, 2, true), data.Train)
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := Sheet(d)
	if err != nil {
		t.Fatal(err)
	}
	const cell, high = sheetSound + 10, 145 + 10
	if b := sheet.Bounds(); b.Dx() != 10+3*cell || b.Dy() != 10+2*high {
		t.Fatalf("the sheet of five is %v", b)
	}
	shown, silent := 0, 0
	for k := range 5 {
		x, y := 10+k%3*cell, 10+k/3*high
		switch n := differing(sheet, image.Rect(x, y, x+sheetSound, y+145)); {
		case n > 200*90:
			shown++
		case n == 0:
			silent++
		}
	}
	if shown != 4 || silent != 1 {
		t.Errorf("%d recordings are drawn, %d are not", shown, silent)
	}
	if got := caption(d, 0); got != "high: a.wav" {
		t.Errorf("the first is called %q", got)
	}
	l := newListener(d.Sounds, []int{0, 2})
	for i, hz := range map[int]float64{0: 2000, 2: 400} {
		p, ok := l.drawn[i]
		if !ok || math.Abs(p.Seconds-1) > 1e-9 || p.T < 95 || len(p.Hertz) != p.F {
			t.Fatalf("%+v", p)
		}
		loudest := 0
		for f := range p.F {
			if p.X[50*p.F+f] > p.X[50*p.F+loudest] {
				loudest = f
			}
		}
		if got := p.Hertz[loudest]; math.Abs(got-hz) > 0.1*hz {
			t.Errorf("recording %d is loudest at %g Hz, want %g", i, got, hz)
		}
		if v := p.X[50*p.F+loudest]; v < 0.9*canvas.Loudest || v > 1.1*canvas.Loudest {
			t.Errorf("its loudest value is drawn as %g", v)
		}
	}
	films, err := data.Open("scenes:?sound=yes&frames=12&n=2&side=16", data.Train)
	if err != nil {
		t.Fatal(err)
	}
	with := FilmSheet(films, 2)
	films.Sounds = nil
	without := FilmSheet(films, 2)
	if a, b := with.Bounds(), without.Bounds(); a.Dx() != b.Dx()+sheetSound+4 || a.Dy() != b.Dy() {
		t.Errorf("with sound %v, without %v", a, b)
	}
	if n := differing(with, image.Rect(without.Bounds().Dx(), 0, with.Bounds().Dx(), with.Bounds().Dy())); n < 2*250*60 {
		t.Errorf("%d pixels of spectrograms", n)
	}
}

// TestFindAlikeSounds: recordings are compared by what a run hears with, drawn as spectrograms, and kept to be listened to; of a run of films with sound the frames are, or their
// sound if asked for.
func TestFindAlikeSounds(t *testing.T) {
	c, err := For(Supervised)
	if err != nil {
		t.Fatal(err)
	}
	from := hums(t, 6, false)
	c.Data, c.Sound, c.BatchSize, c.Epochs, c.MaxSteps, c.MonitorEvery = "audio:"+from, "mel?rate=8000&seconds=0.5&bands=16", 4, 4, 4, -1
	dir := filepath.Join(t.TempDir(), "run")
	trained(t, c, dir, Options{})
	out, err := FindAlike(context.Background(), dir, Alike{Queries: 3, K: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Nearest) != 3 || out.Nearest[2].Features != "pixels" || out.Picture != filepath.Join(dir, "eval", "heard.png") || out.Sounds != filepath.Join(dir, "eval", "heard") {
		t.Errorf("%+v", out)
	}
	files, _ := filepath.Glob(filepath.Join(out.Sounds, "*"))
	if len(files) != 1+3*3*3 { // three queries, two near each: a picture, a sound, a line
		t.Errorf("kept %v", files)
	}
	about, _ := os.ReadFile(filepath.Join(out.Sounds, "about.txt"))
	if !strings.HasPrefix(string(about), "Recordings that are heard alike\n") || !strings.Contains(string(about), "16000 Hz") {
		t.Errorf("about: %q", about)
	}
	first, _ := os.ReadFile(filepath.Join(out.Sounds, "00-00.txt"))
	near, _ := os.ReadFile(filepath.Join(out.Sounds, "00-01.txt"))
	if !strings.Contains(string(first), ".wav, ") || !strings.Contains(string(near), ": ") || !strings.HasPrefix(string(near), "0.") && !strings.HasPrefix(string(near), "1.") {
		t.Errorf("the first query is %q, what is nearest to it %q", first, near)
	}
	clip, err := sound.Open(filepath.Join(out.Sounds, "00-00.wav"), sound.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer clip.Close()
	if clip.Rate() != 16000 || clip.Len() != 8000 || clip.Channels() != 1 {
		t.Errorf("a clip of %d values at %g Hz", clip.Len(), clip.Rate())
	}
	for of, a := range map[string]Alike{"has no pictures to cut patches from, it has sounds": {Patches: true}, "are of pictures, not of sounds": {Patches: true, Sounds: true}} {
		if _, err := FindAlike(context.Background(), dir, a); err == nil || !strings.Contains(err.Error(), of) {
			t.Errorf("%v, want %q", err, of)
		}
	}

	if c, err = For("audio-visual?embed=8"); err != nil {
		t.Fatal(err)
	}
	c.Data, c.Side, c.BatchSize, c.Epochs, c.MaxSteps, c.MonitorEvery, c.Sound = "scenes:?sound=yes&frames=12&n=12&side=16", 16, 6, 1, 2, -1, "mel?seconds=0.5&bands=16"
	both := filepath.Join(t.TempDir(), "both")
	trained(t, c, both, Options{})
	for sounds, name := range map[bool]string{false: "alike", true: "heard"} {
		out, err := FindAlike(context.Background(), both, Alike{Sounds: sounds, Queries: 2, K: 2})
		if err != nil || filepath.Base(out.Picture) != name+".png" || (out.Sounds != "") != sounds {
			t.Errorf("%+v, %v", out, err)
		}
	}
	if _, err := FindAlike(context.Background(), both, Alike{Data: "audio:" + from, Queries: 1}); err != nil { // its ear
		t.Error(err)
	}
	if _, err := FindAlike(context.Background(), both, Alike{Data: "scenes:?n=9&side=16", Sounds: true}); err == nil || !strings.Contains(err.Error(), "has no sounds, it has pictures") {
		t.Error(err)
	}
	seeing := filepath.Join(t.TempDir(), "seeing")
	trained(t, quickConfig("scenes:?n=20&side=16"), seeing, Options{})
	if _, err := FindAlike(context.Background(), seeing, Alike{Data: "audio:" + from}); err == nil || !strings.Contains(err.Error(), "hears nothing") {
		t.Error(err)
	}
}

// TestClips: a gallery's clips fit into a page: as long as the windows that are heard, at a lower rate where there are many, and cut where even then they are too long.
func TestClips(t *testing.T) {
	d, err := data.Open("audio:"+hums(t, 1, false), data.Train)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		seconds string
		n, rate int
		lasts   float64
	}{{"1", 12, 16000, 1}, {"1", 16, 11025, 1}, {"1", 24, 8000, 1}, {"10", 24, 8000, (clipBytes/24 - waveHeader) / (2.0 * 8000)}} {
		h, err := data.ParseHearing("mel?bands=16&seconds=" + c.seconds)
		if err != nil {
			t.Fatal(err)
		}
		got, err := newClips(d.Sounds, h, c.n)
		if err != nil {
			t.Fatal(err)
		}
		if all := c.n * (waveHeader + 2*got.played.Samples()); all > clipBytes {
			t.Errorf("%d clips of %s s take %d bytes", c.n, c.seconds, all)
		}
		if short := strings.Contains(got.said(), "to be listened to the first"); short != (c.seconds == "10") {
			t.Error(got.said())
		}
		if lasts := float64(got.played.Samples()) / float64(got.rate()); got.rate() != c.rate || math.Abs(lasts-c.lasts) > 1e-3 {
			t.Errorf("%d clips of %s s: %d Hz, %g s each, want %d, %g", c.n, c.seconds, got.rate(), lasts, c.rate, c.lasts)
		}
	}
}

// TestPlaces: a gallery of where it sounds is kept of the run's own thoughts, and holds no more films than it should.
func TestPlaces(t *testing.T) {
	c, err := For("audio-visual?fusion=location&embed=8")
	if err != nil {
		t.Fatal(err)
	}
	c.Data, c.Side, c.BatchSize, c.Epochs, c.MaxSteps, c.MonitorEvery, c.Sound = "scenes:?sound=yes&frames=12&n=12&side=16", 16, 6, 1, 2, -1, "mel?seconds=0.5&bands=16"
	dir := filepath.Join(t.TempDir(), "run")
	trained(t, c, dir, Options{})
	m, err := LoadRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := judgedBy(t, m, "localisation", "scenes:?sound=yes&frames=12&n=20&side=16&split=test"); err != nil {
		t.Fatal(err)
	}
	pictures, _ := filepath.Glob(filepath.Join(dir, "eval", "localisation", "*.png"))
	waves, _ := filepath.Glob(filepath.Join(dir, "eval", "localisation", "*.wav"))
	if len(pictures) != mostPlaces || len(waves) != mostPlaces || filepath.Base(pictures[1]) != "00-01.png" || filepath.Base(pictures[2]) != "01-00.png" {
		t.Errorf("%d pictures, %d sounds: %v", len(pictures), len(waves), pictures)
	}
	text, _ := os.ReadFile(filepath.Join(dir, "eval", "localisation", "00-00.txt"))
	if !strings.Contains(string(text), "the likeliest place is ") || !strings.Contains(string(text), " %") {
		t.Errorf("%q", text)
	}
	im, err := data.ReadImage(pictures[0])
	if err != nil || im.W != 2*(figureHigh+figureGap)+figureSound {
		t.Fatalf("%v, %v", im, err)
	}
	yellow := 0
	for p := range im.H * im.W {
		if [3]uint8(im.Pix[3*p:]) == [3]uint8{255, 220, 0} {
			yellow++
		}
	}
	if yellow < 20 {
		t.Errorf("%d pixels of a box", yellow)
	}
}

// TestCompareSounds: what stands beside a run that hears is drawn and kept to be listened to, as of pictures.
func TestCompareSounds(t *testing.T) {
	c, err := For(Supervised)
	if err != nil {
		t.Fatal(err)
	}
	from := "audio:" + hums(t, 6, false)
	c.Data, c.Test, c.Sound, c.BatchSize, c.Epochs, c.MaxSteps, c.MonitorEvery = from, from, "mel?rate=8000&seconds=0.5&bands=16", 4, 4, 4, -1
	dir := filepath.Join(t.TempDir(), "run")
	trained(t, c, dir, Options{})
	if _, err := Compare(context.Background(), dir, Comparison{Protocols: []eval.Protocol{eval.KNN{K: 2}}, Gallery: 3}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"neighbours.txt": "a test recording", "beside.txt": "the other test recordings", "heard-test/about.txt": "Test recordings that are heard alike"} {
		if b, err := os.ReadFile(filepath.Join(dir, "eval", name)); err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if waves, _ := filepath.Glob(filepath.Join(dir, "eval", "heard-test", "*.wav")); len(waves) != 3*4 {
		t.Errorf("%d sounds", len(waves))
	}
	im, err := data.ReadImage(filepath.Join(dir, "eval", "neighbours.png"))
	if err != nil || differing(im.RGBA(), image.Rect(0, 0, im.W, im.H)) < im.H*im.W/4 {
		t.Errorf("the gallery is empty: %v", err)
	}
}

// TestBesideEars: where recordings are judged, what stands beside a run's ear hears: another run's ear, and a network of the ear's own shape that learns the labels; and what learned
// the labels is judged by no folds.
func TestBesideEars(t *testing.T) {
	const film = "scenes:?sound=yes&frames=12&n=12&side=16"
	run, other, told := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "other"), filepath.Join(t.TempDir(), "told")
	for dir, task := range map[string]string{run: "audio-visual?embed=8&ear=resnet20", other: "audio-visual?embed=8"} {
		c, err := For(task)
		if err != nil {
			t.Fatal(err)
		}
		c.Data, c.Side, c.BatchSize, c.Epochs, c.MaxSteps, c.MonitorEvery, c.Sound = film, 16, 6, 1, 1, -1, "mel?rate=8000&seconds=0.5&bands=16"
		trained(t, c, dir, Options{})
	}
	from := "audio:" + hums(t, 6, false)
	d, err := data.Open(from, data.Train)
	if err != nil {
		t.Fatal(err)
	}
	m, err := LoadRun(run)
	if err != nil {
		t.Fatal(err)
	}
	ear, err := m.Ear()
	if err != nil {
		t.Fatal(err)
	}
	encoders, _, err := Comparison{Beside: []string{other}}.beside(ear, d.Inputs, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, hears := encoders[1].(*eval.TrunkEncoder).Input.(eval.Hears); !hears {
		t.Errorf("beside an ear stands %T", encoders[1].(*eval.TrunkEncoder).Input)
	}
	sup, err := Comparison{}.supervised(context.Background(), ear, d)
	if err != nil {
		t.Fatal(err)
	}
	if e := sup.(*eval.TrunkEncoder); !strings.HasPrefix(e.Trunk.Name, "resnet20") || e.Trunk.Name != ear.Trunk.Name {
		t.Errorf("the labels are learned by %s, beside %s", e.Trunk.Name, ear.Trunk.Name)
	}

	c, err := For(Supervised)
	if err != nil {
		t.Fatal(err)
	}
	c.Data, c.Sound, c.BatchSize, c.Epochs, c.MaxSteps, c.MonitorEvery = from, "mel?rate=8000&seconds=0.5&bands=16", 4, 1, 1, -1
	trained(t, c, told, Options{})
	d.Truth.Groups = map[string]data.Labels{"fold": d.Truth.Labels}
	p, err := eval.NewProtocol("sound")
	if err != nil {
		t.Fatal(err)
	}
	folds := Comparison{Protocols: []eval.Protocol{eval.KNN{}, p}}.folds(d, d)
	if folds != "fold" || (Comparison{Protocols: []eval.Protocol{eval.SVM{}}}).folds(d, d) != "" {
		t.Errorf("folds %q", folds)
	}
	m, err = LoadRun(told)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(m *Model, c Comparison, words string) {
		t.Helper()
		if _, _, err := c.beside(m, d.Inputs, folds); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v, want %q", err, words)
		}
	}
	refused(m, Comparison{Data: from}, "told learned the labels of its training samples, which folds (by fold) judge too; eval svm")
	refused(ear, Comparison{Data: from, Beside: []string{told}}, "told learned the labels")
	refused(ear, Comparison{Data: from, Beside: []string{Supervised}}, "--beside supervised: it learned the labels")
	said := ""
	if _, _, err := (Comparison{Data: "audio:elsewhere", Say: func(s string) { said += s }}).beside(m, d.Inputs, folds); err != nil || !strings.Contains(said, "must not be among these") {
		t.Errorf("of other recordings: %v, %q", err, said)
	}
}

// TestGallerySave: a gallery takes the place of the one before, is not seen before it is whole, and is none without rows.
func TestGallerySave(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, ".heard.tmp")
	os.MkdirAll(left, 0o755)
	os.WriteFile(filepath.Join(left, "09-09.png"), nil, 0o644)
	f := figure{caption: "a", heard: canvas.Spectrogram{X: make([]float32, 8), T: 4, F: 2, Seconds: 1, Hertz: []float64{100, 200}}, wave: make([]float32, 100)}
	files := func() string {
		var names []string
		all, _ := filepath.Glob(filepath.Join(dir, "*", "*", "*"))
		for _, path := range all {
			names = append(names, filepath.Base(path))
		}
		return strings.Join(names, " ")
	}
	g := gallery{title: "T", about: "A.", rate: 8000, rows: [][]figure{{f, f}}}
	if err := g.save(dir, "heard"); err != nil || files() != "00-00.png 00-00.txt 00-00.wav 00-01.png 00-01.txt 00-01.wav about.txt" {
		t.Errorf("%v: %s", err, files())
	}
	if st, err := os.Stat(filepath.Join(dir, "eval", "heard", "00-00.wav")); err != nil || st.Size() != waveHeader+2*100 {
		t.Errorf("%v, %v", st, err)
	}
	g.rows = g.rows[:1:1]
	g.rows[0] = g.rows[0][:1]
	if err := g.save(dir, "heard"); err != nil || files() != "00-00.png 00-00.txt 00-00.wav about.txt" {
		t.Errorf("%v: %s", err, files())
	}
	if err := (gallery{title: "T"}).save(dir, "heard"); err != nil || files() != "" {
		t.Errorf("%v: %s", err, files())
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what was left over stays: %v", err)
	}
}
