package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/train"
)

// captured returns what f prints.
func captured(t *testing.T, f func()) (stdout, stderr string) {
	t.Helper()
	var files [2]*os.File
	for i := range files {
		var err error
		if files[i], err = os.Create(filepath.Join(t.TempDir(), "out")); err != nil {
			t.Fatal(err)
		}
		defer files[i].Close()
	}
	out, errs := os.Stdout, os.Stderr
	defer func() { os.Stdout, os.Stderr = out, errs }()
	os.Stdout, os.Stderr = files[0], files[1]
	f()
	var text [2]string
	for i, file := range files {
		file.Seek(0, io.SeekStart)
		b, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		text[i] = string(b)
	}
	return text[0], text[1]
}

// TestTellerLines: where no terminal is, a line at once, then one every ten seconds, and one at the end.
func TestTellerLines(t *testing.T) {
	tell := newTeller("steps")
	tell.width = 0
	says := func(want string, f func()) {
		t.Helper()
		if out, errs := captured(t, f); out != "" || errs != want {
			t.Errorf("%q and on standard output %q, want %q", errs, out, want)
		}
	}
	at := func(done int, text string) func() { return func() { tell.at(done, 500, text) } }
	says("steps 101/500 a\n", at(101, "a")) // a resumed count: how fast it is, nobody knows
	says("", at(102, "b"))
	tell.began, tell.last = time.Now().Add(-760*time.Second), time.Now().Add(-lineEvery/2)
	says("", at(481, "c"))
	tell.last = time.Now().Add(-lineEvery)
	says("steps 481/500 d, 38s left\n", at(481, "d")) // 380 in 760 seconds, 19 are to come
	if time.Since(tell.last) > 5*time.Second {
		t.Error("the line was not remembered")
	}
	says("", at(499, "e"))
	says("steps 500/500 f, 0s left\n", at(500, "f"))
	says("a sentence\n", func() { tell.say("a sentence") })
	tell.last = time.Time{}
	tell.count("steps") // the count at hand
	if tell.from != 101 {
		t.Errorf("the count began at %d", tell.from)
	}
	tell.count("others")
	says("others 7/500 g\n", at(7, "g"))
	tell.last = time.Time{}
	says("others 7/500 g\n", at(7, "g")) // none done since
	tell.last = time.Time{}
	tell.end()
	if tell.from != -1 {
		t.Errorf("after its end the count is from %d", tell.from)
	}
	says("others 0/4 h\n", func() { tell.at(0, 4, "h") }) // from none at all
	tell.began, tell.last = time.Now().Add(-60*time.Second), time.Time{}
	says("others 3/4 i, 20s left\n", func() { tell.at(3, 4, "i") })
}

// TestLeft: the rest takes as long, each, as those that were counted.
func TestLeft(t *testing.T) {
	began := time.Unix(1000, 0)
	for _, c := range []struct {
		from, done, total int
		after             time.Duration
		want              string
	}{
		{0, 0, 4, time.Minute, ""}, {5, 5, 9, time.Minute, ""}, {5, 3, 9, time.Minute, ""}, // nothing was counted
		{5, 6, 9, time.Minute, ", 3m0s left"}, {0, 3, 4, time.Minute, ", 20s left"}, {0, 1, 1001, 20 * time.Millisecond, ", 20s left"},
		{100, 120, 500, 40 * time.Second, ", 12m40s left"}, {0, 4, 4, time.Minute, ", 0s left"}, {4, 4, 4, 0, ", 0s left"},
	} {
		if got := (&teller{from: c.from, began: began}).left(began.Add(c.after), c.done, c.total); got != c.want {
			t.Errorf("from %d, at %d of %d after %v: %q, want %q", c.from, c.done, c.total, c.after, got, c.want)
		}
	}
}

// TestTellerBar: on a terminal one bar that moves; sentences do not spoil it, and another count has another.
func TestTellerBar(t *testing.T) {
	tell := newTeller("steps")
	tell.width = 80
	_, errs := captured(t, func() {
		tell.at(3, 10, "loss 1")
		bar := tell.bar
		tell.at(6, 10, "loss 2")
		if bar == nil || tell.bar != bar {
			t.Fatal("no bar, or another for each step")
		}
		if s := bar.State(); s.CurrentNum != 6 || s.Max != 10 || s.Description != "steps loss 2" {
			t.Errorf("the bar's state is %+v", s)
		}
		tell.at(6, 10, "accuracy"+tied+"12.5 loss"+tied+"2.25 and what no longer fits")
		if s := bar.State(); s.Description != "steps accuracy 12.5 loss 2.25 and" {
			t.Errorf("the bar says %q", s.Description)
		}
		tell.at(6, 10, "accuracy of this"+tied+"12.5 loss of"+tied+"2.25")
		if s := bar.State(); s.Description != "steps accuracy of this 12.5 loss" {
			t.Errorf("a value is cut off its name: %q", s.Description)
		}
		tell.say("a sentence")
		if tell.bar != bar {
			t.Error("a sentence ends the bar")
		}
		tell.count("others")
		if tell.bar != nil {
			t.Error("another count has the first's bar")
		}
		tell.at(1, 4, "")
		if s := tell.bar.State(); s.CurrentNum != 1 || s.Max != 4 || s.Description != "others" {
			t.Errorf("the other bar's state is %+v", s)
		}
		tell.end()
		tell.end()
		tell.say("and another")
	})
	if !strings.Contains(errs, "a sentence\n") || !strings.Contains(errs, "and another\n") || tell.bar != nil {
		t.Errorf("said %q", errs)
	}
	if strings.Contains(errs, " left\n") {
		t.Errorf("lines beside the bar: %q", errs)
	}
}

// TestOnce: a fault is said once, whoever meets it.
func TestOnce(t *testing.T) {
	tell := newTeller("features")
	_, errs := captured(t, func() {
		tell.once("skipped: ", "a.png: empty")
		tell.once("skipped: ", "a.png: empty")
		say := tell.unlessSaid("broken: ")
		say("broken: a.png: empty")
		say("broken: b.png: empty")
		say("broken: b.png: empty")
		say("something else")
		say("something else")
	})
	if errs != "skipped: a.png: empty\nbroken: b.png: empty\nsomething else\nsomething else\n" {
		t.Errorf("said %q", errs)
	}
}

// TestStep: what is told of a step, and what the monitor saw.
func TestStep(t *testing.T) {
	p := train.Progress{Step: 4, Steps: 9, SamplesPerSecond: 12.4, GFLOPS: 3.6,
		Metrics: []metric.Metric{metric.Loss(), metric.Accuracy(4), {Name: "top_five", Unit: metric.Percent}, {Name: "by_stage", Detail: true}, {Name: "psnr", Unit: "dB", Predictor: "mean colour", Versus: "psnr_mean"}},
		Values:  map[string]float64{"loss": 1.25, "top_five": 0.5, "by_stage": 3, "other": 1}}
	tell := newTeller("task")
	tell.width = 0
	if _, errs := captured(t, func() { tell.step(p) }); errs != "task 4/9 loss 1.25 top five 50.0 % 12/s 4 GFLOP/s\n" {
		t.Errorf("%q", errs)
	}
	p.Unit, p.GFLOPS = "words", 0
	if _, errs := captured(t, func() { tell.at(4, 9, ""); tell.last = time.Time{}; tell.step(p) }); !strings.HasSuffix(errs, "top five 50.0 % 12 words/s\n") {
		t.Errorf("%q", errs)
	}
	p.Seen = map[string]float64{}
	if _, errs := captured(t, func() { tell.step(p) }); errs != "" {
		t.Errorf("%q", errs)
	}
	p.Seen = map[string]float64{"knn": 0.5}
	if _, errs := captured(t, func() { tell.step(p) }); errs != "step 4: kNN 50.0 %\n" {
		t.Errorf("%q", errs)
	}
	p.Seen = map[string]float64{"held_loss": 2, "held_accuracy": 0.5, "held_top_five": 0.75, "held_psnr": 12.5, "held_psnr_mean": 9, "feature_std": 0.127, "effective_rank": 7.25, "knn": 0.125, "probe": 0.25}
	want := "held-out accuracy 50.0 % (chance 25.0 %), held-out psnr 12.5 dB (mean colour 9 dB), feature deviation 0.13, effective rank 7.2, kNN 12.5 %, probe 25.0 %"
	if got := seen(p); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	delete(p.Seen, "held_psnr_mean")
	delete(p.Seen, "feature_std")
	if got := seen(p); got != "held-out accuracy 50.0 % (chance 25.0 %), held-out psnr 12.5 dB, kNN 12.5 %, probe 25.0 %" {
		t.Errorf("%q", got)
	}
}
