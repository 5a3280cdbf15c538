package recipe

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/tensor"
)

// TestFindSuite: names and aliases, and names that there are none of.
func TestFindSuite(t *testing.T) {
	s, err, ok := FindSuite("all?only=linear,svm&without=svm")
	if err != nil || !ok || fmt.Sprint(s.Only, s.Without) != "[probe svm] [svm]" {
		t.Errorf("%+v, %v, %v", s, err, ok)
	}
	if s, err, _ := FindSuite("all?updates=7"); err != nil || s.Updates != 7 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err, _ := FindSuite("all?updates=-1"); err == nil || !strings.Contains(err.Error(), "updates=-1") {
		t.Error(err)
	}
	if _, err, _ := FindSuite("all?only=forest"); err == nil || !strings.Contains(err.Error(), `no protocol "forest"`) {
		t.Error(err)
	}
	if _, err, _ := FindSuite("all?some=knn"); err == nil || !strings.Contains(err.Error(), "some") {
		t.Error(err)
	}
	if _, _, ok := FindSuite("knn"); ok {
		t.Error("knn is no suite")
	}
}

// TestSuite: what fits the data is judged, what does not is said; the summary has a line for each measure, and of a run that was not judged it says how.
func TestSuite(t *testing.T) {
	m, err := Random("convnet", 1)
	if err != nil {
		t.Fatal(err)
	}
	m.Side = 16
	var said []string
	c := Comparison{Data: "scenes:?n=60&side=16", Test: "scenes:?n=30&side=16&seed=2", Suite: &Suite{Only: []string{"knn", "action", "clusters"}}, Say: func(s string) { said = append(said, s) }}
	scores, err := m.Judge(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]int{}
	for _, s := range scores {
		of[s.Protocol]++
	}
	if fmt.Sprint(of) != "map[clusters:12 knn:4]" || !strings.Contains(strings.Join(said, "\n"), "left out: action: ") {
		t.Errorf("%v, %q", of, said)
	}
	c.Suite = &Suite{Only: []string{"finetune", "semi", "knn"}, Updates: 3}
	if scores, err = m.Judge(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	for _, s := range scores {
		made, learned := s.Found["updates"]
		if bound := s.Settings["most_updates"]; learned != (s.Stage == "tuned") || learned && (made != 3 || bound != 3) || !learned && bound != nil {
			t.Errorf("%s %s: %v updates, at most %v", s.Title(), s.Stage, made, bound)
		}
	}
	c.Suite = &Suite{Only: []string{"action"}}
	if _, err := m.Judge(context.Background(), c); err == nil || !strings.Contains(err.Error(), "nothing can be judged") {
		t.Error(err)
	}
	if _, err := SummariseRuns([]string{t.TempDir()}); err == nil {
		t.Error("a folder that is no run has a summary")
	}
}

// TestForeign: features of two classes that lie apart are told apart, from one file with splits, from one without, from two, and with the labels of data; and what does not fit is said.
func TestForeign(t *testing.T) {
	dir := t.TempDir()
	rng := tensor.NewRNG(1)
	const n = 60
	x, names, table := tensor.New(n, 4), []string(nil), "name,label,split\n"
	for i := range n {
		for j := range 4 {
			x.Data[i*4+j] = float32((i+j)%2)*4 + rng.Uniform(0, 1)
		}
		names = append(names, fmt.Sprint("p", i))
		table += fmt.Sprintf("p%d,%s,%s\n", n-1-i, []string{"dog", "cat"}[i%2], []string{"train", "train", "test"}[i%3])
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	save := func(name string, x *tensor.Tensor, names []string) string {
		path := filepath.Join(dir, name)
		if _, err := eval.SaveFeatures(path, x, names); err != nil {
			t.Fatal(err)
		}
		return path
	}
	all, labels := save("all.csv", x, names), write("labels.csv", table)
	judge := func(f Foreign) []eval.Score {
		t.Helper()
		f.Protocols = []eval.Protocol{eval.KNN{K: 3}}
		s, err := f.Judge(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := judge(Foreign{Features: []string{all}, Labels: []string{labels}}); len(s) != 1 || s[0].Value != 1 || s[0].Train != 40 || s[0].Test != 20 || s[0].Features != "all.csv" || s[0].Found["in_both"] != 0 {
		t.Errorf("with splits: %+v", s)
	}
	whole := strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(table, ",split", ""), ",train", ""), ",test", "")
	if s := judge(Foreign{Features: []string{all}, Labels: []string{write("whole.csv", whole)}}); s[0].Value != 1 || s[0].Train != 48 || s[0].Test != 12 {
		t.Errorf("a fifth: %+v", s)
	}
	a, b := save("a.parquet", x.Rows(0, 40), names[:40]), save("b.npy", x.Rows(30, 60), names[30:])
	if s := judge(Foreign{Features: []string{a, b}, Labels: []string{filepath.Join(dir, "whole.csv")}}); s[0].Value != 1 || s[0].Train != 40 || s[0].Test != 30 || s[0].Found["in_both"] != 10 {
		t.Errorf("two files, ten rows in both: %+v", s)
	}
	for want, f := range map[string]Foreign{
		"want one, or one for training":  {},
		"one of both":                    {Features: []string{all}},
		"2 files of labels for 1":        {Features: []string{all}, Labels: []string{labels, labels}},
		"has no label of \"p0\"":         {Features: []string{all}, Labels: []string{write("few.csv", "name,label\np1,x\n")}},
		"1 labels, ":                     {Features: []string{all}, Labels: []string{write("one.csv", "label\nx\n")}},
		"says that row 0 of ":            {Features: []string{a, b}, Labels: []string{labels}},
		"40 rows are for training and 0": {Features: []string{a}, Labels: []string{write("train.csv", strings.ReplaceAll(table, ",test", ",train"))}},
	} {
		f.Protocols = []eval.Protocol{eval.KNN{}}
		if _, err := f.Judge(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
	// rows of two files that are called alike are not each other's, and rows without a class are left out
	other := x.Clone()
	for i := range other.Data {
		other.Data[i] += 0.5
	}
	same := save("same.csv", other, names)
	var said []string
	some := write("some.csv", strings.Replace(whole, "dog", "", 3))
	s := judge(Foreign{Features: []string{all, same}, Labels: []string{filepath.Join(dir, "whole.csv"), some}, Eval: eval.Options{Say: func(m string) { said = append(said, m) }}})
	if s[0].Value != 1 || s[0].Train != 60 || s[0].Test != 57 || !strings.Contains(strings.Join(said, "\n"), "3 of the 60 rows") {
		t.Errorf("names in both files: %+v, %q", s, said)
	}
	// the suite leaves out what judges networks
	said = nil
	suite := Foreign{Features: []string{all}, Labels: []string{labels}, Suite: &Suite{Only: []string{"knn", "finetune"}}, Eval: eval.Options{Say: func(m string) { said = append(said, m) }}}
	if s, err := suite.Judge(context.Background()); err != nil || len(s) != 1 || !strings.Contains(strings.Join(said, "\n"), "left out: finetune judges networks") {
		t.Errorf("the suite: %v, %v, %q", s, err, said)
	}
	f := Foreign{Features: []string{all}, Labels: []string{labels}, Protocols: []eval.Protocol{eval.Action{Tuning: eval.Tuning{On: true}}}}
	if _, err := f.Judge(context.Background()); err == nil {
		t.Error("features cannot be tuned")
	}
}
