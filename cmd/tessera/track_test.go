package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval/track"
	"github.com/tessera-go/tessera/film"
	"github.com/tessera-go/tessera/recipe"
)

// sceneFrames writes a film of scenes as numbered pictures and returns the boxes of its person.
func sceneFrames(t *testing.T, dir string, frames int) (boxes []track.Box) {
	t.Helper()
	d, err := data.Open(fmt.Sprintf("scenes:?frames=%d&n=3&side=64", frames), data.Test)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for k := range frames {
		ims, err := data.ClipOf(d.Clips, 2, []int{k})
		if err != nil {
			t.Fatal(err)
		}
		if err := recipe.SavePNG(filepath.Join(dir, fmt.Sprintf("%03d.png", k)), ims[0].RGBA()); err != nil {
			t.Fatal(err)
		}
		truth, err := d.Truth.Frames.Frame(2, k)
		if err != nil {
			t.Fatal(err)
		}
		b := truth.Boxes[0]
		boxes = append(boxes, track.Box{X0: float64(b.X0), Y0: float64(b.Y0), X1: float64(b.X1), Y1: float64(b.Y1)})
	}
	return boxes
}

// TestTrack: a person of a film is followed, drawn into a film of as many frames, and said as boxes; what does not fit is refused in a sentence, and leaves no file.
func TestTrack(t *testing.T) {
	dir := t.TempDir()
	frames, out := filepath.Join(dir, "film"), filepath.Join(dir, "out.gif")
	boxes := sceneFrames(t, frames, 8)
	b := boxes[0]
	box := fmt.Sprintf("%.1f,%.1f,%.1f,%.1f", b.X0, b.Y0, b.X1-b.X0, b.Y1-b.Y0)
	random := []string{"track", "random", "--trunk", "convnet", "--stage", "conv1"}
	var said struct {
		Film   string
		Frames []recipe.Followed
	}
	parsed(t, &said, append(random, frames, "--box", box, "--out", out, "--json")...)
	if said.Film != out || len(said.Frames) != len(boxes) {
		t.Fatalf("%+v", said)
	}
	mean := 0.0
	for k, f := range said.Frames {
		mean += track.Overlap(boxes[k], track.Box{X0: f.Box[0], Y0: f.Box[1], X1: f.Box[0] + f.Box[2], Y1: f.Box[1] + f.Box[3]}) / float64(len(boxes))
	}
	if mean < 0.5 {
		t.Errorf("the boxes overlap the truth by %.2f in the mean", mean)
	}
	made, err := film.Open(out, film.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	if h, w := made.Size(); h != 64 || w != 64 || len(made.Times()) != len(boxes) {
		t.Errorf("the film is %dx%d, %d frames", w, h, len(made.Times()))
	}
	small := greyFile(t, 20, 30, dir, "small.png")
	black := filepath.Join(dir, "black.png")
	if err := recipe.SavePNG(black, data.NewImage(64, 64).RGBA()); err != nil {
		t.Fatal(err)
	}
	single := filepath.Join(dir, "single")
	greyFile(t, 64, 64, single, "1.png")
	bad := filepath.Join(dir, "bad.gif")
	for wanted, args := range map[string][]string{
		"within the first frame": {frames, "--box", "50,50,40,4"},
		"want x,y,width,height":  {frames, "--box", "1,2,3"},
		"is no number":           {frames, "--box", "1,2,3,x"},
		"--box or --mask":        {frames},
		"30x20":                  {frames, "--mask", small},
		"no white pixel":         {frames, "--mask", black},
		"ending in .gif or .avi": {frames, "--box", box, "--out", filepath.Join(dir, "x.mp4")},
		"holds no films":         {single, "--box", box},
		"none.avi":               {filepath.Join(dir, "none.avi"), "--box", box},
		"topk":                   {frames, "--box", box, "--options", "topk=0"},
		"conv9":                  {frames, "--box", box, "--stage", "conv9"},
	} {
		_, errs, code := tessera(t, append(append(random, "--out", bad), args...)...)
		if code == 0 || !strings.Contains(errs, wanted) || strings.Count(strings.TrimSpace(errs), "\n") > 1 {
			t.Errorf("%v: code %d, %q; want %q", args, code, errs, wanted)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*bad*")); len(left) != 0 {
		t.Errorf("what was refused left %v", left)
	}
}

// TestEvalTrack: a run is judged beside random weights by what can be followed, and its scores are kept.
func TestEvalTrack(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	if _, errs, code := tessera(t, "pretrain", "track?grid=4", "--data", "scenes:?frames=6&n=8&side=32", "--side", "32", "--batch-size", "4", "--max-steps", "2", "--monitor-every", "-1", "--out", run); code != 0 {
		t.Fatal(errs)
	}
	var said struct {
		Scores []struct{ Protocol, Features string }
	}
	parsed(t, &said, "eval", "track?stride=2", run, "--layers", "last", "--data", "scenes:?frames=6&n=2&side=32", "--json")
	if len(said.Scores) != 6 || said.Scores[0].Protocol != "track-masks" || said.Scores[3].Features != "random" {
		t.Fatalf("%+v", said)
	}
	if _, err := os.Stat(filepath.Join(run, "eval")); err != nil {
		t.Error(err)
	}
	for wanted, args := range map[string][]string{
		"frame by frame": {"track", run, "--data", "scenes:?n=4"},
		"radius":         {"track?radius=-1", run},
		"--solver":       {"track", run, "--solver", "sgd"},
	} {
		if _, errs, code := tessera(t, append([]string{"eval"}, args...)...); code == 0 || !strings.Contains(errs, wanted) {
			t.Errorf("%v: code %d, %q; want %q", args, code, errs, wanted)
		}
	}
}
