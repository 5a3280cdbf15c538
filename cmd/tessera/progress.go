package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/tessera-go/tessera/train"
	"golang.org/x/term"
)

// teller says on standard error how far a long task is: a bar on a terminal, a line now and then elsewhere.
type teller struct {
	mu    sync.Mutex
	what  string
	bar   *progressbar.ProgressBar
	tty   bool
	began time.Time
	from  int
	last  time.Time
}

func newTeller(what string) *teller {
	return &teller{what: what, tty: term.IsTerminal(int(os.Stderr.Fd())), began: time.Now(), from: -1}
}

// lineEvery is the time between lines where standard error is no terminal.
const lineEvery = 10 * time.Second

// at tells that done of total are done; text says more.
func (t *teller) at(done, total int, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.from < 0 {
		t.from = done - 1
	}
	if t.tty {
		if t.bar == nil {
			t.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetWidth(16), progressbar.OptionThrottle(200*time.Millisecond),
				progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true), progressbar.OptionSetDescription(t.what))
		}
		t.bar.Describe(strings.TrimSpace(t.what + " " + text))
		t.bar.Set(done)
		return
	}
	if now := time.Now(); now.Sub(t.last) >= lineEvery || done == total {
		t.last = now
		left := time.Duration(float64(now.Sub(t.began)) / float64(max(done-t.from, 1)) * float64(total-done))
		fmt.Fprintf(os.Stderr, "%s %d/%d %s, %s left\n", t.what, done, total, text, left.Round(time.Second))
	}
}

func (t *teller) step(p train.Progress) {
	text := fmt.Sprintf("loss %.3f acc %.1f%% %.0f img/s %.0f GFLOP/s", p.Loss, 100*p.Accuracy, p.ImagesPerSecond, p.GFLOPS)
	t.at(p.Step, p.Steps, text)
	if p.Last != nil {
		s := fmt.Sprintf("step %d: held-out accuracy %s, feature deviation %.2f, effective rank %.1f", p.Step, percent(p.Last["held_accuracy"]), p.Last["feature_std"], p.Last["effective_rank"])
		if k, ok := p.Last["knn"]; ok {
			s += ", kNN " + percent(k)
		}
		t.say(s)
	}
}

// say prints a line without spoiling the bar.
func (t *teller) say(s string) {
	if t.bar != nil {
		t.bar.Clear()
	}
	fmt.Fprintln(os.Stderr, s)
}

func (t *teller) end() {
	if t.bar != nil {
		t.bar.Clear()
		t.bar = nil
	}
}
