package conformance

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/recipe"
)

// material is little data of what a task learns from, as data.Open takes it.
type material struct {
	many, held string // to learn something from, and to see that it was learned
	batch      int
	steps      int    // in which it is learned, within seconds
	few, test  string // for what is repeated often
	half       int    // a batch of few, of which an epoch has two
	other      string // of another size than few
	colours    int    // of a drawing, at least
	side       int    // of what the trunk is shown, in pixels
	sound      string // how it hears; empty as the task has it
}

// folder holds files that tasks learn from.
var folder string

// Main is the TestMain of a room of tests.
func Main(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "conformance"); err != nil {
		panic(err)
	}
	for name, lines := range map[string]int{"many": 600, "held": 150, "few": 60, "test": 60, "other": 33} {
		if err := os.WriteFile(filepath.Join(folder, name+".txt"), []byte(sentences(lines, name)), 0o644); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// sentences are lines of which each has one matter: who does something to what belongs together. Two words come in each of them.
func sentences(lines int, seed string) string {
	matters := [][2][]string{
		{{"king", "prince", "man"}, {"queen", "princess", "woman"}}, {{"cook", "baker", "waiter"}, {"bread", "soup", "table"}},
		{{"sailor", "captain", "pirate"}, {"ship", "harbour", "sail"}}, {{"doctor", "nurse", "patient"}, {"hospital", "fever", "bed"}},
	}
	rng := rand.New(rand.NewPCG(uint64(len(seed)), uint64(seed[0])))
	var b strings.Builder
	for range lines {
		m := matters[rng.IntN(len(matters))]
		word := func(k int) string { return m[k][rng.IntN(3)] }
		fmt.Fprintf(&b, "the %s and the %s saw %s %s near %s\n", word(0), word(0), word(1), word(1), word(1))
	}
	return b.String()
}

func materialOf(t *testing.T, task string) material {
	t.Helper()
	text := func(name string) string { return "text:" + filepath.Join(folder, name+".txt") }
	switch of := pretext.Tell(task).Of; of {
	case "texts":
		return material{text("many"), text("held"), 250, 1500, text("few"), text("test"), 300, text("other"), 3, 0, ""}
	case "films":
		m := material{ballFilms(t, "many", 256, 1), ballFilms(t, "held", 96, 2), 32, 100, ballFilms(t, "few", 20, 3), ballFilms(t, "test", 16, 4), 8,
			"scenes:?frames=24&n=16&side=48&seed=5&split=test", 50, 16, ""}
		if strings.HasPrefix(task, "track") { // what is followed is some thing among others; a walk sees 49 patches of each frame, so there are few films
			m.many, m.held, m.batch, m.steps = "scenes:?frames=12&n=64&side=32", "scenes:?frames=12&n=32&side=32&split=test", 16, 60
			m.few, m.test, m.side = "scenes:?frames=12&n=20&side=32", "scenes:?frames=12&n=16&side=32&split=test", 32
		}
		return m
	case "sounds":
		m := material{toneSounds(t, "many", tones{256, toneRate, 1}), toneSounds(t, "held", tones{96, toneRate, 2}), 32, 100, toneSounds(t, "few", tones{20, toneRate, 3}),
			toneSounds(t, "test", tones{16, toneRate, 4}), 8, toneSounds(t, "other", tones{16, 11025, 5}), 50, 16, "mel?rate=8000&seconds=0.4&bands=32"}
		if strings.HasPrefix(task, "audio-order") { // of which several go into a second
			m.sound = "mel?rate=8000&seconds=0.2&bands=32"
		}
		return m
	case "films with sound":
		return material{bounceFilms(t, "many", bounces{256, 16, 1}), bounceFilms(t, "held", bounces{96, 16, 2}), 32, 100, bounceFilms(t, "few", bounces{20, 16, 3}),
			bounceFilms(t, "test", bounces{16, 16, 4}), 8, bounceFilms(t, "other", bounces{16, 32, 5}), 50, 16, ""}
	case "":
		t.Fatalf("%s does not say what it learns from", task)
	}
	many, steps := "scenes:?n=256&side=32", 150
	if !pretext.Tell(task).Takes("convnet") { // a transformer, which at first says the same of every picture
		many, steps = "scenes:?n=2048&side=32", 600
	}
	if strings.HasPrefix(task, "dino") { // whose teacher has to move before there is anything to learn from it
		many, steps = "scenes:?n=2048&side=32", 300
	}
	return material{many, "scenes:?n=128&side=32&seed=77&split=test", 32, steps, "scenes:?n=20&side=32", "scenes:?n=16&side=32&split=test", 8,
		"scenes:?n=16&side=48&seed=5&split=test", 50, 32, ""}
}

// brokenPictures are pictures of two classes, of which one is none.
func brokenPictures(t *testing.T) string {
	dir := t.TempDir()
	src := data.NewScenes(24, 32, 1, data.Train).Dataset()
	for i := range src.Len() {
		im, err := src.Images.Image(i)
		if err != nil {
			t.Fatal(err)
		}
		class := filepath.Join(dir, fmt.Sprint(i%2))
		if err := os.MkdirAll(class, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := recipe.SavePNG(filepath.Join(class, fmt.Sprintf("%05d.png", i)), im.RGBA()); err != nil {
			t.Fatal(err)
		}
	}
	return "folder:" + spoil(t, dir, filepath.Join("1", "00005.png"))
}

// brokenFilms are films of which one is none.
func brokenFilms(t *testing.T) string {
	dir := t.TempDir()
	films := make([]int, 24)
	for i := range films {
		films[i] = i
	}
	if _, err := recipe.SaveFilms(opened(t, "scenes:?frames=24&n=24&side=32").Inputs, films, dir, ".avi"); err != nil {
		t.Fatal(err)
	}
	return "video:" + spoil(t, dir, "film-00005.avi")
}

func spoil(t *testing.T, dir, name string) string {
	t.Helper()
	at := filepath.Join(dir, name)
	if _, err := os.Stat(at); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte("broken"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func opened(t *testing.T, of string) *data.Dataset {
	t.Helper()
	d, err := data.Open(of, data.Test)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
