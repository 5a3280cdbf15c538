package recipe

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/train"
	"github.com/tessera-go/tessera/words"
)

// wordRun is a short run on a short text, and its directory.
func wordRun(t *testing.T, task string, text string, o Options) (*Recipe, string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "text.txt")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := For(task)
	if err != nil {
		t.Fatal(err)
	}
	c.Data, c.BatchSize, c.LogEvery = "text:"+path, 200, 1
	run := filepath.Join(dir, "run")
	return trained(t, c, run, o), run
}

// royals is a text of which each word comes 20 times and more.
var royals = strings.Repeat("the king and the man saw the queen\nthe queen and the woman saw the king\nno prince is a princess\n", 20)

// judgedWords judges vectors by a protocol, with the questions or pairs of a file.
func judgedWords(m *WordModel, protocol, file string) (s eval.Score, err error) {
	p, err := NewProtocol(protocol)
	if err != nil {
		return s, err
	}
	scores, err := m.Judge(context.Background(), Comparison{Data: file, Protocols: []eval.Protocol{p}})
	if err != nil {
		return s, err
	}
	return scores[0], nil
}

// TestWords: the vectors of a run are those of its last checkpoint, by themselves and in files; they are found, judged, and the score is kept.
func TestWords(t *testing.T) {
	r, run := wordRun(t, "word2vec?dim=20&sample=0", royals, Options{})
	m, err := LoadWords(run, words.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Dir != run || m.Dim != 20 || m.Words[0] != "the" || m.Counts[0] != 120 || len(m.Words) != 12 {
		t.Errorf("%s: %d values, words %v %v", m.Dir, m.Dim, m.Words, m.Counts)
	}
	own := r.Learner.(interface{ Lexicon() *words.Vectors }).Lexicon()
	if !slices.Equal(m.Data, own.Data) || slices.Max(own.Data) == 0 {
		t.Error("the loaded vectors are others than those that were learned")
	}
	file := filepath.Join(t.TempDir(), "v.bin")
	if err := words.Save(file, m.Vectors); err != nil {
		t.Fatal(err)
	}
	for name, limit := range map[string]int{file: 0, run: 3} {
		v, err := LoadWords(name, words.LoadOptions{Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(v.Words); limit > 0 && n != limit || limit == 0 && n != 12 || !slices.Equal(v.Data, m.Data[:n*20]) {
			t.Errorf("%s with a limit of %d: %d words", name, limit, n)
		}
		if _, found := v.Index("queen"); found != (limit == 0) {
			t.Errorf("%s with a limit of %d has the queen: %v", name, limit, found)
		}
	}
	s, err := judgedWords(m, "analogies?restrict=12", "")
	if err != nil {
		t.Fatal(err)
	}
	if s.Test == 0 || s.Parts[len(s.Parts)-1].N != s.Test || s.Parts[len(s.Parts)-1].Value != s.Value || s.Trivial != 1./12 || s.Settings["restrict"] != "12" {
		t.Errorf("%+v", s)
	}
	pairs := filepath.Join(t.TempDir(), "pairs.txt")
	os.WriteFile(pairs, []byte("king queen 9\nking the 1\nman woman 8\nno and 2\nking zebra 5\n"), 0o644)
	p, err := judgedWords(m, "similarity", pairs)
	if err != nil {
		t.Fatal(err)
	}
	if p.Test != 4 || p.Parts[0].Skipped != 1 || p.Value < -1 || p.Value > 1 {
		t.Errorf("%+v", p)
	}
	kept, err := eval.LoadScores(run)
	if err != nil || len(kept) != 2 || kept[0].Parts[0] != s.Parts[0] {
		t.Errorf("kept are %+v, %v", kept, err)
	}
}

// TestWordsRefused: what has no word vectors, and what cannot be judged, is said in a sentence.
func TestWordsRefused(t *testing.T) {
	_, run := wordRun(t, "word2vec?dim=20", strings.Repeat("alpha beta gamma delta\n", 30), Options{})
	m, err := LoadWords(run, words.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	rotation := filepath.Join(t.TempDir(), "rotation")
	trained(t, quickConfig("scenes:?n=40&side=8"), rotation, Options{})
	words := func(name string) error { _, err := LoadWords(name, words.LoadOptions{}); return err }
	judged := func(of, file string) error { _, err := judgedWords(m, of, file); return err }
	empty := filepath.Join(t.TempDir(), "empty")
	os.WriteFile(empty, nil, 0o644)
	for want, err := range map[string]error{
		"no such run":                          words("nowhere"),
		"learns no vectors of words":           words(rotation),
		"knn does not judge vectors of words":  judged("knn", ""),
		"has words that are all known":         judged("analogies", ""),
		"option restrict=0":                    judged("analogies?restrict=0", ""),
		"no option \"k\"":                      judged("similarity?k=3", ""),
		"--data is needed: a file of pairs":    judged("similarity", ""),
		"empty":                                judged("analogies", empty),
		"trains no network that looks at pict": func() error { _, err := LoadRun(run); return err }(),
		"nothing to say after the colon":       judged("analogies:x", ""),
		"task word2vec: the text has no words": func() error {
			c, _ := For("word2vec")
			c.Data = "text:" + empty
			_, err := New(c, Options{})
			return err
		}(),
		"no.txt": judged("analogies", "no.txt"),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if !errors.Is(words("nowhere"), ErrNothing) {
		t.Error("what is not there is another mistake")
	}
	for name, want := range map[string]bool{run: true, empty: true, rotation: false} {
		if ok, err := HoldsWords(name); ok != want || err != nil {
			t.Errorf("%s holds words: %v, %v", name, ok, err)
		}
	}
	if ok, err := HoldsWords(filepath.Dir(run)); ok || err == nil {
		t.Error("a folder that is no run holds words")
	}
}

// TestUnused: a setting that means nothing to a task is refused by its flag's name; as the task has it, it is none.
func TestUnused(t *testing.T) {
	c, err := For("word2vec?model=skipgram")
	if err != nil || c.LR != 0.025 || c.Trunk != "" || c.Side != 0 || c.Schedule != "linear?to=0.0001" {
		t.Errorf("%+v, %v", c, err)
	}
	if cbow, _ := For("word2vec"); cbow.LR != 0.05 {
		t.Errorf("cbow has a rate of %g", cbow.LR)
	}
	c.Data = "text:a.txt"
	if err := Check(c); err != nil {
		t.Error(err)
	}
	for want, set := range map[string]func(c *train.Config){
		"--trunk convnet: it means nothing to the task word2vec": func(c *train.Config) { c.Trunk = "convnet" },
		"--weight-decay 0.5: it means nothing":                   func(c *train.Config) { c.WeightDecay = 0.5 },
		"--optimizer adam: it means nothing":                     func(c *train.Config) { c.Optimizer = "adam" },
		"--side 32: it means nothing":                            func(c *train.Config) { c.Side = 32 },
		"--clip-norm 1: it means nothing":                        func(c *train.Config) { c.ClipNorm = 1 },
		"--init run: it means nothing":                           func(c *train.Config) { c.Init = "run" },
		"--data is needed":                                       func(c *train.Config) { c.Data = "" },
		"--batch-size 0":                                         func(c *train.Config) { c.BatchSize = 0 },
		"--lr":                                                   func(c *train.Config) { c.LR = -1 },
	} {
		c := c
		set(&c)
		var e *SettingError
		if err := Check(c); !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if d := Directory(c); d != filepath.Join("runs", "word2vec-seed1") {
		t.Errorf("it goes to %s", d)
	}
}

// TestWordsWatched: the monitor asks analogies, and looks at the text that --test names; it says nothing of samples that are held out.
func TestWordsWatched(t *testing.T) {
	var said []string
	var seen map[string]float64
	_, run := wordRun(t, "word2vec?dim=20", royals, Options{Say: func(s string) { said = append(said, s) }, Progress: func(p train.Progress) {
		if p.Seen != nil {
			seen = p.Seen
		}
		if p.Unit != "words" {
			t.Errorf("it counts %q", p.Unit)
		}
	}})
	if _, ok := seen["analogies"]; !ok || len(seen) != 1 {
		t.Errorf("the monitor saw %v", seen)
	}
	if s := strings.Join(said, "\n"); strings.Contains(s, "held out") || !strings.Contains(s, "420 words in 60 lines; 12 different words make 100.0 % of them") {
		t.Errorf("said %s", s)
	}
	if n, _ := filepath.Glob(filepath.Join(run, "samples", "*.png")); len(n) == 0 {
		t.Error("nothing was drawn")
	}
	c, _ := For("word2vec?dim=20")
	c.Data, c.Test, c.BatchSize = "text:"+filepath.Join(filepath.Dir(run), "text.txt"), "text:"+filepath.Join(filepath.Dir(run), "text.txt"), 100
	r, err := New(c, Options{Say: func(s string) { said = append(said, s) }, Progress: func(p train.Progress) { seen = p.Seen }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Train(context.Background(), "", false); err != nil {
		t.Fatal(err)
	}
	if v := seen["held_loss"]; v <= 0 {
		t.Errorf("the monitor saw %v", seen)
	}
	if s := strings.Join(said, "\n"); !strings.Contains(s, "1 of the 1 samples of --test are training samples too") {
		t.Errorf("said %s", s)
	}
}
