package eval

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// TestRetrieveReference: among training and test samples, films apart or not, the measures are scikit-learn's and NumPy's; testdata/retrieve.py.
func TestRetrieveReference(t *testing.T) {
	var want []struct {
		Among   string
		Films   bool
		Queries int
		Values  []float64 // of the measures, and the share of relevant items
	}
	golden.Load(t, "testdata/retrieve.json", &want)
	images, sounds, _, _ := pairs()
	for _, w := range want {
		train, test, apart := sounds, images, "no"
		if w.Films {
			film := func(i int) int { return i / 4 }
			train, test, apart = grouped(train, data.FilmGroup, 23, film), grouped(test, data.FilmGroup, 23, film), data.FilmGroup
		}
		got, err := Retrieve{Among: w.Among}.Scores(ctx, train, test)
		if err != nil || len(got) != 5 {
			t.Fatal(got, err)
		}
		for i, s := range got {
			if math.Abs(s.Value-w.Values[i]) > 1e-6 || s.Test != w.Queries || s.Interval == nil || s.Interval[0] > s.Value || s.Interval[1] < s.Value || s.Settings["apart"] != apart || s.Settings["among"] != w.Among || s.Settings["measure"] != s.Metric.Name {
				t.Errorf("%+v: %s is %.9f, %+v", w, s.Metric.Name, s.Value, s)
			}
			if !(s.Trivial < s.Value) || s.Trivial != s.Metric.Trivial {
				t.Errorf("%s: trivial %g of %g", s.Metric.Name, s.Trivial, s.Value)
			}
		}
		if math.Abs(got[4].Trivial-w.Values[5]) > 1e-12 {
			t.Errorf("R-precision of a random order %g, want %g", got[4].Trivial, w.Values[5])
		}
	}
	if len(want) != 4 {
		t.Error(len(want))
	}
	some, err := Retrieve{Queries: 7, Seed: 3}.Judge(ctx, sounds, images)
	again, _ := Retrieve{Queries: 7, Seed: 4}.Judge(ctx, sounds, images)
	if err != nil || some.Test != 7 || some.Metric.Name != "mAP" || some.Train != golds || some.Value == again.Value {
		t.Errorf("%+v, %v", some, err)
	}
}

// weighed is a context that notes what lies on the heap each time it is asked.
type weighed struct {
	context.Context
	heap []uint64
}

func (w *weighed) Err() error {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	w.heap = append(w.heap, m.HeapAlloc)
	return nil
}

// TestRetrieveKeepsNumbers: block after block no ranking is kept.
func TestRetrieveKeepsNumbers(t *testing.T) {
	some := func(n int, name string) Sample {
		x := tensor.New(n, 4)
		golden.Fill(x.Data, name, 1)
		class := make([]int, n)
		for i := range class {
			class[i] = i % 3
		}
		return sampleOf(x, []string{"a", "b", "c"}, class)
	}
	train, test := some(4000, "train"), some(1000, "test")
	w := &weighed{Context: ctx}
	if _, err := (Retrieve{}).Scores(w, train, test); err != nil || len(w.heap) != 4 {
		t.Fatal(len(w.heap), err)
	}
	if grown := int64(w.heap[3]) - int64(w.heap[1]); grown > 4<<20 { // the first block leaves what products work in
		t.Errorf("after 512 queries more of 4000 %d MiB more are kept", grown>>20)
	}
}

// TestRetrieveRefuses: what is not there is said.
func TestRetrieveRefuses(t *testing.T) {
	images, sounds, _, _ := pairs()
	nan := sampleOf(images.Pooled.Clone(), []string{"a"}, make([]int, golds))
	nan.Pooled.Data[45] = float32(math.NaN())
	alone, names := make([]int, golds), make([]string, golds)
	for i := range alone {
		alone[i], names[i] = i, fmt.Sprint(i)
	}
	for _, c := range []struct {
		want        string
		p           Retrieve
		train, test Sample
	}{
		{"sample 2 has NaN", Retrieve{}, sounds, nan},
		{"no other sample is of its class", Retrieve{Among: "test"}, sounds, sampleOf(images.Pooled, names, alone)},
		{"features of 20 and of 3 values", Retrieve{}, sampleOf(tensor.New(4, 3), []string{"a"}, make([]int, 4)), images},
	} {
		if _, err := c.p.Scores(ctx, c.train, c.test); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	d, _ := albumSet("a", 4, 8)
	if err := Check([]Protocol{Retrieve{}}, d, d); err != nil {
		t.Error(err)
	}
	if err := Check([]Protocol{Retrieve{By: "pose"}}, d, d); err == nil || !strings.Contains(err.Error(), `not divided by "pose"`) {
		t.Error(err)
	}
	d.Truth.Labels = nil
	if err := Check([]Protocol{Retrieve{}}, d, d); err == nil || !strings.Contains(err.Error(), "no labels") {
		t.Error(err)
	}
	if p, err := NewProtocol("retrieve?patches=4&among=test&queries=9&seed=2&by=pose"); err != nil || fmt.Sprintf("%+v", p) != "{By:pose Among:test Queries:9 Patches:4 Seed:2}" {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestRetrievePatches: squares are judged in place of pictures, and the query's own picture holds no find.
func TestRetrievePatches(t *testing.T) {
	train, _ := albumSet("train", 20, 8)
	test, _ := albumSet("test", 10, 8)
	e := &TrunkEncoder{Label: "random", Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), Input: Views{Side: 8, Norm: data.HalfNorm}}
	for among, n := range map[string]int{"train": 60, "test": 30} {
		got, err := Judge(ctx, []Encoder{e}, train, test, []Protocol{Retrieve{Patches: 3, Among: among}}, Options{})
		stages := len(e.Depths())
		if err != nil || len(got) != 5*stages {
			t.Fatal(len(got), err)
		}
		for i, s := range got {
			if s.Train != n || s.Test != 30 || s.Stage != e.Depths()[i%stages] || s.Depth != i%stages+1 || s.Settings["patches"] != 3 || (s.Settings["apart"] == "picture") != (among == "test") {
				t.Errorf("%d: %+v", i, s)
			}
		}
	}
}

// TestRetrievePatchesGroups: patches have the divisions of their pictures: the one judged by, among training samples too, and films, whose frames are no finds of each other;
// patches of one picture are not independent.
func TestRetrievePatchesGroups(t *testing.T) {
	train, _ := albumSet("train", 20, 8)
	test, _ := albumSet("test", 10, 8)
	e := &TrunkEncoder{Label: "random", Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), Input: Views{Side: 8, Norm: data.HalfNorm}}
	for _, d := range []*data.Dataset{train, test} {
		of := &RowLabels{Names: []string{"x", "y"}}
		for i := range d.Len() {
			of.Number = append(of.Number, i%2)
		}
		d.Truth.Groups = map[string]data.Labels{"side": of}
	}
	judge := func(p Retrieve) []Score {
		t.Helper()
		got, err := Judge(ctx, []Encoder{e}, train, test, []Protocol{p}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, among := range []string{"train", "test"} {
		s := judge(Retrieve{By: "side", Patches: 3, Among: among})[0]
		if s.Settings["by"] != "side" || s.Found["interval_over"] != "10 pictures" || (s.Settings["apart"] == "picture") != (among == "test") || math.Abs(s.Trivial-0.5) > 0.1 {
			t.Errorf("among %s: %+v", among, s)
		}
	}
	for _, d := range []*data.Dataset{train, test} { // five pictures a film: of the test set's two each has one class's finds
		of := &RowLabels{Names: []string{"a", "b", "c", "d"}}
		for i := range d.Len() {
			of.Number = append(of.Number, i/5)
		}
		d.Truth.Groups[data.FilmGroup] = of
	}
	for _, among := range []string{"train", "test"} {
		s := judge(Retrieve{By: "side", Patches: 3, Among: among})[0]
		if s.Settings["apart"] != data.FilmGroup || s.Found["interval_over"] != "2 films" {
			t.Errorf("among %s: %+v", among, s)
		}
	}
}
