package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/tessera-go/tessera/internal/columns"
	"github.com/tessera-go/tessera/train"
)

// teller says on standard error how far a long task is: a bar on a terminal, a line now and then elsewhere.
type teller struct {
	mu    sync.Mutex
	what  string
	bar   *progressbar.ProgressBar
	width int       // of the terminal; 0 where there is none
	from  int       // how many were done when the count began; -1 before it
	began time.Time // when that was
	last  time.Time // of a line
	said  map[string]bool
}

func newTeller(what string) *teller {
	return &teller{what: what, width: widthOf(os.Stderr), from: -1}
}

// barWidth is how many columns a bar takes beside what it is called: percentage, bar, counts, times.
const barWidth = 44

// tied is what joins a value to its name: the two stay together.
const tied = "\u00a0"

// fitted returns the first words of a text that fit; what is tied counts as a word.
func fitted(text string, width int) string {
	lines := append(columns.Fold(strings.TrimSpace(text), max(width, 1), ""), "")
	return strings.ReplaceAll(lines[0], tied, " ")
}

// lineEvery is the time between lines where standard error is no terminal.
const lineEvery = 10 * time.Second

// at tells that done of total are done; text says more.
func (t *teller) at(done, total int, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if t.from < 0 {
		t.from, t.began = done, now
	}
	if t.width > 0 {
		if t.bar == nil {
			t.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetWidth(16), progressbar.OptionThrottle(200*time.Millisecond),
				progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true), progressbar.OptionSetDescription(t.what))
		}
		t.bar.Describe(fitted(t.what+" "+text, t.width-barWidth))
		t.bar.Set(done)
		return
	}
	if now.Sub(t.last) >= lineEvery || done == total {
		t.last = now
		fmt.Fprintf(os.Stderr, "%s %d/%d %s%s\n", t.what, done, total, strings.ReplaceAll(text, tied, " "), t.left(now, done, total))
	}
}

// left says how long the rest takes; nothing at the count's beginning, when that is not known.
func (t *teller) left(now time.Time, done, total int) string {
	if done == total {
		return ", 0s left"
	}
	if done <= t.from {
		return ""
	}
	one := now.Sub(t.began) / time.Duration(done-t.from)
	return fmt.Sprintf(", %s left", (one * time.Duration(total-done)).Round(time.Second))
}

// count begins another count, unless it is the one at hand.
func (t *teller) count(what string) {
	if t.what != what {
		t.end()
		t.what = what
	}
}

func (t *teller) step(p train.Progress) {
	text := ""
	for _, m := range p.Metrics {
		if v, ok := p.Values[m.Name]; ok && !m.Detail {
			text += strings.ReplaceAll(strings.ReplaceAll(m.Name, "_", " ")+" "+m.Format(v), " ", tied) + " "
		}
	}
	rate := fmt.Sprintf("%.0f/s", p.SamplesPerSecond)
	if p.Unit != "" && p.Unit != "samples" {
		rate = fmt.Sprintf("%.0f %s/s", p.SamplesPerSecond, p.Unit)
	}
	if p.GFLOPS > 0 {
		rate += fmt.Sprintf(" %.0f GFLOP/s", p.GFLOPS)
	}
	t.at(p.Step, p.Steps, text+rate)
	if s := seen(p); s != "" {
		t.say(fmt.Sprintf("step %d: %s", p.Step, s))
	}
}

// seen says what the monitor saw: what has a trivial predictor beside it, and whether the features are alive.
func seen(p train.Progress) string {
	var out []string
	for _, m := range p.Metrics {
		if v, ok := p.Seen[m.Name]; ok { // of the learner itself, not of held-out samples
			out = append(out, strings.ReplaceAll(m.Name, "_", " ")+" "+m.Format(v))
		}
		v, ok := p.Seen["held_"+m.Name]
		if !ok || m.Predictor == "" {
			continue
		}
		s := fmt.Sprintf("held-out %s %s", strings.ReplaceAll(m.Name, "_", " "), m.Format(v))
		held := map[string]float64{}
		for k, v := range p.Seen {
			held[strings.TrimPrefix(k, "held_")] = v
		}
		if trivial, ok := m.Against(held); ok {
			s += fmt.Sprintf(" (%s %s)", m.Predictor, m.Format(trivial))
		}
		out = append(out, s)
	}
	if v, ok := p.Seen["feature_std"]; ok {
		out = append(out, fmt.Sprintf("feature deviation %.2f, effective rank %.1f", v, p.Seen["effective_rank"]))
	}
	if v, ok := p.Seen["knn"]; ok {
		out = append(out, fmt.Sprintf("kNN %.1f %%", 100*v))
	}
	if v, ok := p.Seen["probe"]; ok {
		out = append(out, fmt.Sprintf("probe %.1f %%", 100*v))
	}
	return strings.Join(out, ", ")
}

// once says what is wrong with a sample, the first time: every encoder meets the same ones.
func (t *teller) once(what, fault string) {
	t.mu.Lock()
	before := t.said[fault]
	if t.said == nil {
		t.said = map[string]bool{}
	}
	t.said[fault] = true
	t.mu.Unlock()
	if !before {
		t.say(what + fault)
	}
}

// unlessSaid returns say, but for what begins so and was said by once.
func (t *teller) unlessSaid(what string) func(s string) {
	return func(s string) {
		if fault, ok := strings.CutPrefix(s, what); ok {
			t.once(what, fault)
			return
		}
		t.say(s)
	}
}

// say prints a line without spoiling the bar.
func (t *teller) say(s string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar != nil {
		t.bar.Clear()
	}
	say(os.Stderr, "%s", s)
}

func (t *teller) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.from = -1
	if t.bar != nil {
		t.bar.Clear()
		t.bar = nil
	}
}
