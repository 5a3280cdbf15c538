package recipe

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/eval"
)

// TestProtocols: each of the list has a name of its own and is found by it and by its aliases; one that is handed features or trunks says nothing of what it is handed, any other does.
func TestProtocols(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Protocols() {
		for _, name := range append([]string{k.Name}, k.Aliases...) {
			found, p, err := FindProtocol(name)
			if err != nil || found.Name != k.Name || p.Name() != k.Name || seen[name] {
				t.Errorf("%s: %s, %v, %v; seen before: %v", name, found.Name, p, err, seen[name])
			}
			seen[name] = true
			usual := false
			switch p.(type) {
			case eval.Judger, eval.Tuner:
				usual = true
			case eval.Follower, pairJudger, WordJudger:
			default:
				t.Errorf("%s is handed nothing: %T", name, p)
			}
			if usual != (k.Handed == nil) || k.About == "" {
				t.Errorf("%s: %T is handed %+v", name, p, k.Handed)
			}
		}
	}
	for _, k := range Gathered() {
		if seen[k.Name] || k.About == "" || k.Make != nil {
			t.Errorf("%+v", k)
		}
	}
	if h := Handed(); len(h) != 3 || slices.Contains(h, nil) {
		t.Errorf("%v", h)
	}
}

// TestHandedElse: who is handed what a protocol does not judge says so, with the library's calls too; one call judges by several kinds of protocols.
func TestHandedElse(t *testing.T) {
	m, err := Random("convnet", 1)
	if err != nil {
		t.Fatal(err)
	}
	judge := func(of string, names ...string) ([]eval.Score, error) {
		c := Comparison{Data: of, Eval: eval.Options{Last: true}}
		for _, name := range names {
			p, err := NewProtocol(name)
			if err != nil {
				t.Fatal(err)
			}
			c.Protocols = append(c.Protocols, p)
		}
		return m.Judge(context.Background(), c)
	}
	if _, err := judge("scenes:?n=20&side=32", "analogies"); err == nil || !strings.Contains(err.Error(), "analogies judges vectors of words") {
		t.Error(err)
	}
	if _, err := judge("", "track"); err == nil || !strings.Contains(err.Error(), "--data is needed: films of which") {
		t.Error(err)
	}
	films := "scenes:?frames=4&n=8&side=32"
	scores, err := judge(films, "knn?k=1", "track?frames=3&stride=2")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range scores {
		names = append(names, s.Protocol)
	}
	if got := strings.Join(names, " "); got != "track-masks track-boxes track-points knn" || scores[0].Settings["stride"] != 2 || scores[0].Settings["frames"] != 3 {
		t.Errorf("%s: %v", got, scores[0].Settings)
	}
	train, test, err := eval.Open(films, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := eval.Check([]eval.Protocol{eval.Tracking{}}, train, test); err == nil || !strings.Contains(err.Error(), "track does not judge features") {
		t.Error(err)
	}
	if _, err := (Foreign{Features: []string{"none.npy"}, Data: films, Protocols: []eval.Protocol{eval.Tracking{}}}).Judge(context.Background()); err == nil {
		t.Error("features in a file are followed")
	}
}
