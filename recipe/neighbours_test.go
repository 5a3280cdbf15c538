package recipe

import (
	"context"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/layers"
)

// TestFindAlike: patches by a tower, patches by a trunk, whole pictures; each beside random weights and pixels, drawn and kept for the report.
func TestFindAlike(t *testing.T) {
	for task, side := range map[string]int{"relative-position?embed=6": 10, "jigsaw?grid=2": 13, "rotation": 12} {
		c := quickConfig("scenes:?n=40&side=32")
		c.Task, c.Augment, c.Side = task, "none", 32
		dir := t.TempDir()
		trained(t, c, dir, Options{})
		for _, patches := range []bool{true, false} {
			said := 0
			a := Alike{Patches: patches, Samples: 70, Queries: 3, K: 4, Say: func(string) { said++ }}
			out, err := FindAlike(context.Background(), dir, a)
			if err != nil {
				t.Fatal(task, err)
			}
			found := out.Nearest
			samples, name := 40, "alike"
			if patches {
				samples, name = 70, "patches"
			}
			if len(found) != 3 || found[0].Features != "pretext" || found[1].Features != "random" || found[2].Features != "pixels" || len(found[1].Near) != 3 || len(found[2].Near[2]) != 4 {
				t.Errorf("%s: %+v", task, found)
			}
			for _, n := range found {
				if len(n.Recoloured) != 3 || n.Recolour != samples {
					t.Errorf("%s, %s: %v of %d", task, n.Features, n.Recoloured, n.Recolour)
				}
			}
			if out.Picture != filepath.Join(dir, "eval", name+".png") || out.Sounds != "" {
				t.Errorf("%s: %+v", task, out)
			}
			f, err := os.Open(out.Picture)
			if err != nil {
				t.Fatal(err)
			}
			kept, err := png.Decode(f)
			f.Close()
			text, _ := os.ReadFile(filepath.Join(dir, "eval", name+".txt"))
			if err != nil || kept.Bounds().Dx() != 6+13*78+3*18 || kept.Bounds().Dy() != 17+6+3*91 || !strings.Contains(string(text), "by pretext grey ") {
				t.Errorf("%s: kept %v, %v, %q", task, kept.Bounds(), err, text)
			}
		}
		m, err := LoadRun(dir)
		if err != nil {
			t.Fatal(err)
		}
		es, in, alike, err := m.patches(data.NewScenes(5, 32, 1, data.Train).Dataset().Inputs, 11)
		if err != nil {
			t.Fatal(err)
		}
		if im, err := in.Images.Image(0); err != nil || im.H != side || in.Len() != 11 {
			t.Errorf("%s: patches of %d pixels, want %d; %v", task, im.H, side, err)
		}
		if !alike(1, 6) || alike(1, 2) || !alike(3, 8) {
			t.Errorf("%s: patches of the same picture are told apart wrongly", task)
		}
		random, err := newTrunk(c.Trunk, c.Seed, 3)
		if err != nil {
			t.Fatal(err)
		}
		w := layers.State(random)[0].Value.Data[0]
		if es[1].Name() != "random" || layers.State(es[1].(*eval.TrunkEncoder).Trunk)[0].Value.Data[0] != w {
			t.Errorf("%s: the second encoder does not have the weights that the run began with", task)
		}
	}
	var e *SettingError
	dir := t.TempDir()
	trained(t, quickConfig("scenes:?n=20&side=16"), dir, Options{})
	for name, a := range map[string]Alike{"samples": {Samples: 1}, "queries": {Queries: -1}, "k": {K: -2}} {
		if _, err := FindAlike(context.Background(), dir, a); !errors.As(err, &e) || e.Setting != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}
