package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/recipe"
)

// greyFile writes a grey picture of its own size and returns its path.
func greyFile(t *testing.T, h, w int, path ...string) string {
	t.Helper()
	im := data.NewImage(h, w)
	for p := range h * w {
		v := uint8(p*7%200 + 20)
		im.Pix[3*p], im.Pix[3*p+1], im.Pix[3*p+2] = v, v, v
	}
	to := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := recipe.SavePNG(to, im.RGBA()); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestColourise: files and folders, in their own sizes and in order, under names of their own; what does not fit is refused in a sentence
// before anything is written; what cannot be read is named, and the others are coloured.
func TestColourise(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	if _, errs, code := tessera(t, "pretrain", "colourise", "--data", "scenes:?n=32&side=16", "--side", "16", "--batch-size", "8", "--max-steps", "2", "--monitor-every", "-1", "--out", run); code != 0 {
		t.Fatal(errs)
	}
	films := filepath.Join(dir, "films")
	one := greyFile(t, 40, 25, dir, "one.png")
	greyFile(t, 16, 16, films, "a", "one.png")
	greyFile(t, 9, 90, films, "a", "two.png")
	greyFile(t, 30, 31, films, "b", "Two.png")
	to := filepath.Join(dir, "out")
	var said struct{ Pictures, Skipped []string }
	parsed(t, &said, "colourise", run, one, films, "--out", to, "--json")
	want := []string{"one.png", "one (2).png", "two.png", "Two (2).png"}
	sizes := [][2]int{{40, 25}, {16, 16}, {9, 90}, {30, 31}}
	if len(said.Pictures) != len(want) || len(said.Skipped) != 0 {
		t.Fatalf("%+v", said)
	}
	for i, name := range want {
		path := filepath.Join(to, name)
		if said.Pictures[i] != path {
			t.Errorf("picture %d is %s, want %s", i, said.Pictures[i], path)
		}
		im, err := data.ReadImage(path)
		if err != nil {
			t.Fatal(err)
		}
		colour := 0
		for p := range im.H * im.W {
			if im.Pix[3*p] != im.Pix[3*p+1] {
				colour++
			}
		}
		if im.H != sizes[i][0] || im.W != sizes[i][1] || colour < im.H*im.W/4 {
			t.Errorf("%s is %dx%d, %d pixels with colour", name, im.W, im.H, colour)
		}
	}
	other, _ := small(t)
	for wanted, args := range map[string][]string{
		"is there already":              {run, one, "--out", to},
		"at least one IMAGE":            {run},
		"no such picture or folder":     {run, one, filepath.Join(dir, "none.png"), "--out", filepath.Join(dir, "x")},
		"a task that does not colour":   {other, one, "--out", filepath.Join(dir, "x")},
		"one answer for a picture":      {run, one, "--samples", "2", "--out", filepath.Join(dir, "y")},
		"--samples 0":                   {run, one, "--samples", "0"},
		"--temperature 0":               {run, one, "--temperature", "0"},
		"--precision":                   {run, one, "--precision", "bfloat16"},
		"want a folder, this is a file": {run, one, "--out", one},
		"is not a run directory":        {dir, one, "--out", filepath.Join(dir, "x")},
	} {
		_, errs, code := tessera(t, append([]string{"colourise"}, args...)...)
		if code == 0 || !strings.Contains(errs, wanted) {
			t.Errorf("%v: exit %d: %s, want %q", args, code, errs, wanted)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "x")); err == nil {
		t.Error("what was refused made a folder")
	}
	text := filepath.Join(dir, "text.png")
	os.WriteFile(text, []byte("no picture"), 0o644)
	out, errs, code := tessera(t, "colourise", run, text, one, "--out", filepath.Join(dir, "z"), "--temperature", "1")
	if code != exitFailed || !strings.Contains(errs, "1 of 2 pictures could not be read; the others are coloured") || !strings.Contains(errs, "skipped: ") || !strings.HasSuffix(out, "z: 1 pictures\n") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	if _, err := data.ReadImage(filepath.Join(dir, "z", "one.png")); err != nil {
		t.Error(err)
	}
	out, _, code = tessera(t, "colourise", run, text, one, "--out", filepath.Join(dir, "j"), "--json")
	if err := json.Unmarshal([]byte(out), &said); err != nil || code != exitFailed || len(said.Pictures) != 1 || len(said.Skipped) != 1 {
		t.Errorf("exit %d: %s, %v", code, out, err)
	}
}
