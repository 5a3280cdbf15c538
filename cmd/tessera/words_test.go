package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/eval"
)

// wordsRun is a run of word2vec on a short text.
func wordsRun(t *testing.T) (run string) {
	t.Helper()
	dir := t.TempDir()
	text := filepath.Join(dir, "text.txt")
	lines := "the king and the man saw the queen\nthe queen and the woman saw the king\nno prince is a princess\n"
	if err := os.WriteFile(text, []byte(strings.Repeat(lines, 30)), 0o644); err != nil {
		t.Fatal(err)
	}
	run = filepath.Join(dir, "run")
	out, errs, code := tessera(t, "pretrain", "word2vec?dim=10", "--data", "text:"+text, "--batch-size", "200", "--epochs", "2", "--out", run)
	if code != 0 || !strings.Contains(out, "run "+run) || !strings.Contains(errs, "630 words in 90 lines; 12 different words") || !strings.Contains(errs, " words/s") || !strings.Contains(errs, "analogies ") {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	return run
}

// TestNearest: words beside words, and beside sums of them, of a run and of every file that it is exported to; what is misspelled is helped.
func TestNearest(t *testing.T) {
	run := wordsRun(t)
	dir := t.TempDir()
	want, errs, code := tessera(t, "nearest", run, "king", "-", "man", "+", "woman", "--k", "3")
	if lines := strings.Split(strings.TrimSpace(want), "\n"); code != 0 || len(lines) != 3 || strings.Contains(want, " king") || strings.Contains(want, "woman") {
		t.Fatalf("exit %d: %q %s", code, want, errs)
	}
	for _, form := range []string{"txt", "vec", "bin", "npy", "safetensors", "txt.gz", "bin.zst"} {
		file := filepath.Join(dir, "v."+form)
		if out, errs, code := tessera(t, "export", run, "--out", file); code != 0 || out != file+": 12 words, vectors of 10 values\n" {
			t.Errorf("exit %d: %q %s", code, out, errs)
		}
		if got, errs, code := tessera(t, "nearest", file, "king - man", "+", "woman", "--k", "3"); code != 0 || got != want {
			t.Errorf("%s: exit %d: %q, want %q: %s", form, code, got, want, errs)
		}
	}
	var found struct {
		Nearest []struct {
			Word   string
			Cosine float64
		}
	}
	parsed(t, &found, "nearest", filepath.Join(dir, "v.bin"), "king", "--k", "2", "--json")
	if len(found.Nearest) != 2 || found.Nearest[0].Cosine < found.Nearest[1].Cosine || found.Nearest[0].Word == "king" {
		t.Errorf("%+v", found)
	}
	var file struct {
		File       string
		Words, Dim int
	}
	parsed(t, &file, "export", run, "--out", filepath.Join(dir, "w.txt"), "--json")
	if file.Words != 12 || file.Dim != 10 || filepath.Base(file.File) != "w.txt" {
		t.Errorf("%+v", file)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"nearest", run, "qeen"}, 1, `"qeen" has no vector; did you mean queen?`},
		{[]string{"nearest", run}, 2, "want a RUN or a FILE of vectors"},
		{[]string{"nearest", "nowhere", "king"}, 2, "nowhere: no such run directory or file; want a RUN of word2vec"},
		{[]string{"nearest", run, "king", "--k", "0"}, 2, "--k 0"},
		{[]string{"nearest", run, "king", "--limit", "-1"}, 2, "--limit -1"},
		{[]string{"nearest", run, "king", "-", "-", "man"}, 1, "two signs"},
		{[]string{"export", run, "--format", "npz"}, 2, "--format: the ending of --out says"},
		{[]string{"export", run, "--out", filepath.Join(dir, "v.doc")}, 1, "the ending should say the form"},
		{[]string{"export", "nowhere"}, 1, "no such run directory or file"},
		{[]string{"embed", run, "--data", "scenes", "--out", filepath.Join(dir, "x.npy")}, 1, "trains no network"},
		{[]string{"pretrain", "word2vec"}, 2, "--data is needed: the task word2vec learns from texts"},
		{[]string{"pretrain", "word2vec", "--data", "scenes:?n=8"}, 1, "learns from texts; the data has pictures"},
		{[]string{"pretrain", "word2vec", "--data", "text:x.txt", "--trunk", "resnet18"}, 2, "--trunk resnet18: it means nothing to the task word2vec"},
		{[]string{"pretrain", "word2vec?loss=full&negative=3", "--data", "text:x.txt"}, 2, "option negative"},
		{[]string{"pretrain", "word2vec?buckets=3", "--data", "text:x.txt"}, 2, "subwords=3-6"},
		{[]string{"pretrain", "word2vec?subwords=6-3", "--data", "text:x.txt"}, 2, "subwords=6-3"},
		{[]string{"pretrain", "word2vec?questions=none.txt", "--data", "text:" + filepath.Join(filepath.Dir(run), "text.txt")}, 1, "option questions"},
		{[]string{"pretrain", "word2vec?min-count=1000", "--data", "text:" + filepath.Join(filepath.Dir(run), "text.txt")}, 1, "min-count"},
		{[]string{"pretrain", "multi?tasks=rotation,word2vec", "--data", "scenes"}, 2, "word2vec has no trunk"},
	} {
		out, errs, code := tessera(t, c.args...)
		if code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%s: exit %d, want %d: %s%s, want %q", strings.Join(c.args, " "), code, c.code, out, errs, c.want)
		}
	}
}

// TestEvalWords: analogies by section and pairs of words, of a run and of a file; a run's scores are kept and reported, with its map.
func TestEvalWords(t *testing.T) {
	run := wordsRun(t)
	questions, pairs := filepath.Join(t.TempDir(), "q.txt"), filepath.Join(t.TempDir(), "p.txt")
	os.WriteFile(questions, []byte(": family\nking queen man woman\nman woman king queen\n: gram1-plural\nking kings man men\n"), 0o644)
	os.WriteFile(pairs, []byte("king queen 9\nking the 1\nman woman 8\nno and 2\nking zebra 5\n"), 0o644)
	out, errs, code := tessera(t, "eval", "analogies", run, "--data", questions)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || len(lines) != 6 || !strings.HasPrefix(lines[1], "family ") || !strings.HasSuffix(lines[1], "2        0") || !strings.HasSuffix(lines[2], "0        1") || !strings.HasPrefix(lines[5], "total ") {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	for _, l := range lines {
		if len(l) > 80 {
			t.Errorf("%d columns: %s", len(l), l)
		}
	}
	var got struct{ Scores []eval.Score }
	parsed(t, &got, "eval", "similarity", run, "--data", pairs, "--json")
	if len(got.Scores) != 1 || got.Scores[0].Test != 4 || got.Scores[0].Parts[0].Skipped != 1 {
		t.Errorf("%+v", got)
	}
	if _, errs, code := tessera(t, "eval", "analogies", run, "--data", questions, "--k", "3"); code != 2 || !strings.Contains(errs, "--k") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if _, errs, code := tessera(t, "eval", "analogies?restrict=x", run); code != 2 || !strings.Contains(errs, "restrict=x") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if _, errs, code := tessera(t, "report", run); code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	b, err := os.ReadFile(filepath.Join(run, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"analogies: accuracy", "<td>family<", "<td>gram1-plural<", "<td>syntactic<", "similarity: Spearman", "Words a second", "data:image/png"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	for _, unwanted := range []string{"best stage", "raw pixels", "Norm of the gradient", "GFLOP"} {
		if strings.Contains(string(b), unwanted) {
			t.Errorf("the report has %q", unwanted)
		}
	}
	var info struct {
		Config map[string]any `json:"config"`
	}
	b, _ = os.ReadFile(filepath.Join(run, "run.json"))
	if json.Unmarshal(b, &info); info.Config["trunk"] != "" || info.Config["batch_size"] != 200. {
		t.Errorf("%v", info.Config)
	}
}
