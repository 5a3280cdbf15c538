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
}

// folder holds files that tasks learn from.
var folder string

func TestMain(m *testing.M) {
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
		return material{text("many"), text("held"), 250, 1500, text("few"), text("test"), 300, text("other"), 3}
	case "":
		t.Fatalf("%s does not say what it learns from", task)
	}
	return material{"scenes:?n=256&side=32", "scenes:?n=128&side=32&seed=77&split=test", 32, 150, "scenes:?n=20&side=32", "scenes:?n=16&side=32&split=test", 8,
		"scenes:?n=16&side=48&seed=5&split=test", 50}
}

func opened(t *testing.T, of string) *data.Dataset {
	t.Helper()
	d, err := data.Open(of, data.Test)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestBrokenText: a text that cannot be read to its end ends a run before it begins, with the file's name.
func TestBrokenText(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "a.txt"), []byte(sentences(20, "a")), 0o644)
	os.WriteFile(filepath.Join(dir, "b.gz"), []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03broken"), 0o644)
	c := small(t, "word2vec")
	c.Data = "text:" + dir
	if _, err := recipe.New(c, recipe.Options{}); err == nil || strings.Count(err.Error(), "b.gz") != 1 {
		t.Errorf("a broken file: %v", err)
	}
}
