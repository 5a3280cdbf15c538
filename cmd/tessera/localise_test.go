package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/film"
	"github.com/tessera-go/tessera/recipe"
)

// sounding writes a film of so many frames with sound.
func sounding(t *testing.T, path string, frames int) {
	t.Helper()
	w, err := film.CreateWithSound(path, 16, 24, 24, film.Sound{Rate: 8000, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for range frames {
		if err := w.Write(film.NewPicture(16, 24)); err != nil {
			t.Fatal(err)
		}
	}
	x := make([]float32, frames*8000/24)
	for i := range x {
		x[i] = float32(i%40)/80 - 0.25
	}
	if err := w.WriteSound(x); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLocalise: a film with a heat map and its sound, said as places too; neighbours by what is heard, and a report that plays them; what does not fit is refused in a sentence and
// leaves no file, as Ctrl-C does.
func TestLocalise(t *testing.T) {
	dir := t.TempDir()
	pretrain := func(task, name string) string {
		run := filepath.Join(dir, name)
		args := []string{"pretrain", task, "--data", "scenes:?sound=yes&frames=12&n=12&side=16", "--sound", "mel?seconds=0.5&bands=16", "--side", "16", "--batch-size", "4", "--max-steps", "2", "--monitor-every", "-1", "--out", run}
		if _, errs, code := tessera(t, args...); code != 0 {
			t.Fatal(errs)
		}
		return run
	}
	run := pretrain("audio-visual?fusion=location&embed=8", "run")
	in, out := filepath.Join(dir, "in.avi"), filepath.Join(dir, "out.avi")
	sounding(t, in, 6)
	var said struct {
		Film   string
		Frames []recipe.Place
	}
	parsed(t, &said, "localise", run, in, "--out", out, "--json")
	if said.Film != out || len(said.Frames) != 6 {
		t.Fatalf("%+v", said)
	}
	for k, p := range said.Frames {
		if p.Frame != k || p.X < 0 || p.X > 24 || p.Y < 0 || p.Y > 16 || !(p.Least <= p.Sure && p.Sure <= 1 && p.Least >= 0) {
			t.Errorf("frame %d: %+v", k, p)
		}
	}
	if said, errs, code := tessera(t, "data", "av:"+out); code != 0 || !strings.Contains(said, "mono; AVI (") || !strings.Contains(said, "has 6 frames of 240x200") {
		t.Errorf("what was written: exit %d: %s%s", code, said, errs)
	}
	if said, errs, code := tessera(t, "localise", run, in, "--out", filepath.Join(dir, "out.gif")); code != 0 || said != filepath.Join(dir, "out.gif")+": 6 frames\n" || !strings.Contains(errs, "6/6") {
		t.Errorf("as GIF: exit %d: %s%s", code, said, errs)
	}

	if said, errs, code := tessera(t, "neighbours", run, "--sounds", "--queries", "2", "--k", "2"); code != 0 || !strings.Contains(said, "heard.png, and to listen to ") {
		t.Errorf("exit %d: %s%s", code, said, errs)
	}
	if _, errs, code := tessera(t, "report", run); code != 0 {
		t.Fatal(errs)
	}
	if b, _ := os.ReadFile(filepath.Join(run, "report.html")); strings.Count(string(b), "<audio") != 6 || !strings.Contains(string(b), "<h2>What sounds alike</h2>") {
		t.Error("the report does not play what is alike")
	}

	silent, bad := filepath.Join(dir, "silent.avi"), filepath.Join(dir, "bad.avi")
	w, err := film.Create(silent, 16, 16, 12)
	if err != nil || w.Write(film.NewPicture(16, 16)) != nil || w.Close() != nil {
		t.Fatal(err)
	}
	pictures, _ := small(t)
	distance := pretrain("audio-visual?embed=8", "distance")
	for wanted, args := range map[string][]string{
		"silent.avi has no sound":                           {run, silent, "--out", bad},
		"rotation does not say where it sounds":             {pictures, in, "--out", bad},
		"audio-visual?embed=8 does not say where it sounds": {distance, in, "--out", bad},
		"ending in .gif or .avi":                            {run, in, "--out", filepath.Join(dir, "bad.mp4")},
		"a folder that exists":                              {run, in, "--out", filepath.Join(dir, "none", "bad.avi")},
		"none.avi":                                          {run, filepath.Join(dir, "none.avi"), "--out", bad},
		"is a folder; want one film":                        {run, dir, "--out", bad},
		"is the film that is looked at":                     {run, in, "--out", in},
		"want one RUN and one FILM":                         {run},
		"run.json":                                          {filepath.Join(dir, "nothing"), in, "--out", bad},
		"--precision":                                       {run, in, "--out", bad, "--precision", "bfloat16"},
	} {
		if _, errs, code := tessera(t, append([]string{"localise"}, args...)...); code == 0 || !strings.Contains(errs, wanted) || strings.Count(strings.TrimSpace(errs), "\n") > 1 {
			t.Errorf("%v: code %d, %q; want %q", args, code, errs, wanted)
		}
	}

	long := filepath.Join(dir, "long.avi")
	sounding(t, long, 6000)
	c := command("localise", run, long, "--out", bad)
	errs, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(errs)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "frames ") {
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	c.Wait()
	if code := c.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("interrupted: exit %d", code)
	}
	for _, pattern := range []string{"*bad*", ".*bad*"} {
		if left, _ := filepath.Glob(filepath.Join(dir, pattern)); len(left) != 0 {
			t.Errorf("what was refused or interrupted left %v", left)
		}
	}
}
