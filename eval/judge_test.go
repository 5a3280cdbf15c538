package eval

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// albumSet is a data set of plain pictures.
func albumSet(name string, n, side int) (*data.Dataset, *album) {
	a := &album{n: n, side: side}
	return &data.Dataset{Name: name, Fingerprint: "print of " + name, Inputs: data.Inputs{Images: a}, Truth: data.Truth{Labels: halves(n)}}, a
}

// TestJudge: every encoder by every protocol at every depth, in order, with what made each score; the pictures are read once.
func TestJudge(t *testing.T) {
	train, read := albumSet("train", 20, 8)
	test, readTest := albumSet("test", 10, 8)
	in := Views{Side: 8, Norm: data.HalfNorm}
	encoders := []Encoder{&TrunkEncoder{Label: "random", Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), Input: in}, Pixels{in}}
	var told, progress []string
	whole := map[string]int{}
	o := Options{
		Progress: func(done, total int, what string) {
			progress = append(progress, fmt.Sprint(what, " ", done, "/", total))
		},
		Scored: func(s Score) { told = append(told, s.Protocol+" "+s.Features+" "+s.Stage) },
		Encoded: func(e Encoder, a, b []Sample) error {
			whole[e.Name()] = len(a)*1000 + a[0].Pooled.Dim(0)*10 + len(b[0].Index)
			return nil
		},
	}
	s, err := Judge(ctx, encoders, train, test, []Protocol{KNN{K: 3}, Probe{Decays: []float64{0.01}, Iterations: 5}}, o)
	if err != nil || len(s) != 10 {
		t.Fatalf("%d scores, %v", len(s), err)
	}
	n := encoders[0].Depths()
	want := []string{}
	for _, p := range []string{"knn", "probe"} {
		for _, stage := range n {
			want = append(want, p+" random "+stage)
		}
	}
	want = append(want, "knn pixels pixels", "probe pixels pixels")
	if fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("scores %v\nwant   %v", told, want)
	}
	if fmt.Sprint(progress) != "[features of random 20/20 features of random, test 10/10 features of pixels 20/20 features of pixels, test 10/10]" {
		t.Errorf("progress %v", progress)
	}
	if whole["random"] != 4*1000+200+10 || whole["pixels"] != 1000+200+10 {
		t.Errorf("features handed on: %v", whole)
	}
	for i, x := range s {
		if x.Depth != []int{1, 2, 3, 4, 1, 2, 3, 4, 0, 0}[i] || x.Train != 20 || x.Test != 10 {
			t.Errorf("score %d: %+v", i, x)
		}
		for k, v := range map[string]string{"data": "train", "test": "test", "data_fingerprint": "print of train", "test_fingerprint": "print of test", "side": "8"} {
			if fmt.Sprint(x.Settings[k]) != v {
				t.Errorf("score %d: %s is %v", i, k, x.Settings[k])
			}
		}
		if (x.Network == nil) != (x.Features == "pixels") || x.Network != nil && x.Network["trunk"] != encoders[0].(*TrunkEncoder).Trunk.Name {
			t.Errorf("score %d of %s: network %v", i, x.Features, x.Network)
		}
		if x.Settings["norm"] == nil || x.Settings["k"] == nil && x.Settings["solver"] == nil {
			t.Errorf("score %d: settings %v", i, x.Settings)
		}
	}
	if read.read != 20 || readTest.read != 10 {
		t.Errorf("20 and 10 pictures were read %d and %d times", read.read, readTest.read)
	}
	alone, err := KNN{K: 3}.Judge(ctx, mustSample(t, encoders[1], train), mustSample(t, encoders[1], test))
	if err != nil || alone.Value != s[8].Value {
		t.Errorf("a protocol alone: %g, in Judge %g, %v", alone.Value, s[8].Value, err)
	}
	said := ""
	last, err := Judge(ctx, encoders[:1], train.Subset([]int{1, 3, 4}, "part=3"), test, []Protocol{KNN{K: 3}}, Options{Last: true, Say: func(msg string) { said = msg }})
	if err != nil || said != "3 of the 10 test samples are training samples too" || last[0].Found["in_both"] != 3 || s[8].Found["in_both"] != 10 {
		t.Errorf("said %q, found %v and %v, %v", said, last[0].Found, s[8].Found, err)
	}
	last, err = Judge(ctx, encoders[:1], train, test, []Protocol{KNN{K: 3}}, Options{Last: true})
	if err != nil || len(last) != 1 || last[0].Stage != n[3] || last[0].Depth != 4 || last[0].Value != s[3].Value {
		t.Errorf("the last alone: %+v, %v", last, err)
	}
}

// mustSample returns an encoder's deepest features of a data set.
func mustSample(t *testing.T, e Encoder, d *data.Dataset) Sample {
	t.Helper()
	f, err := e.Encode(ctx, d.Inputs, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Sample{f[len(f)-1], d.Truth}
}

// lopsided has another number of depths each time.
type lopsided struct{ calls int }

func (l *lopsided) Name() string                        { return "lopsided" }
func (l *lopsided) Depths() []string                    { return nil }
func (l *lopsided) Settings(data.Inputs) map[string]any { return map[string]any{"data": "mine"} }
func (l *lopsided) Encode(context.Context, data.Inputs, Options) ([]Features, error) {
	l.calls++
	return make([]Features, l.calls), nil
}

func TestJudgeFails(t *testing.T) {
	train, _ := albumSet("train", 20, 8)
	test, bad := albumSet("test", 10, 8)
	in := Views{Side: 8, Norm: data.HalfNorm}
	px := []Encoder{Pixels{in}}
	knn := []Protocol{KNN{}}
	_, err := Judge(ctx, []Encoder{&lopsided{}}, train, test, knn, Options{})
	wantError(t, err, "1 depths of the training samples and 2 of the test")
	_, err = Judge(ctx, px, train, test, []Protocol{Probe{Solver: "none"}}, Options{})
	wantError(t, err, "probe of pixels, pixels: solver=")
	oops := errors.New("no place for it")
	if s, err := Judge(ctx, px, train, test, knn, Options{Encoded: func(Encoder, []Sample, []Sample) error { return oops }}); err != oops || len(s) != 1 {
		t.Errorf("%d scores, %v", len(s), err)
	}
	gone, stop := context.WithCancel(ctx)
	s, err := Judge(gone, []Encoder{Pixels{in}}, train, test, []Protocol{KNN{}, KNN{}}, Options{Scored: func(Score) { stop() }})
	if !errors.Is(err, context.Canceled) || len(s) != 1 {
		t.Errorf("cancelled after the first score: %d scores, %v", len(s), err)
	}
	bad.broken = map[int]bool{3: true}
	_, err = Judge(ctx, px, train, test, knn, Options{})
	wantError(t, err, "features of pixels, test: too many broken")
	_, err = Judge(ctx, px, test, train, knn, Options{})
	wantError(t, err, "features of pixels: too many broken")
	if s, err := Judge(ctx, px, train, test, knn, Options{MaxBad: 0.1}); err != nil || s[0].Test != 9 {
		t.Errorf("one of ten broken: %+v, %v", s, err)
	}
	defer func() {
		if e := recover(); e == nil || !strings.Contains(fmt.Sprint(e), "setting data") {
			t.Errorf("a setting that is said twice: %v", e)
		}
	}()
	describe(&Score{Protocol: "p"}, &lopsided{}, train, test, nil)
}

// TestCache: pictures are kept when all encoders see them the same way, and read again where they do not.
func TestCache(t *testing.T) {
	a, b := Views{Side: 8, Norm: data.HalfNorm}, Views{Side: 4, Norm: data.HalfNorm}
	trunk := func(in Input) Encoder {
		return &TrunkEncoder{Label: "t", Trunk: layers.ConvNet(tensor.NewRNG(1), 3, 4, layers.TrunkOptions{}), Input: in}
	}
	for _, c := range []struct {
		name     string
		encoders []Encoder
		bytes    int64
		want     int
	}{
		{"one alone", []Encoder{Pixels{a}}, 0, 20}, {"two", []Encoder{Pixels{a}, Pixels{a}}, 0, 20}, {"two sides", []Encoder{Pixels{a}, Pixels{b}}, 0, 40},
		{"none to be kept", []Encoder{Pixels{a}, Pixels{a}}, -1, 40}, {"room for five", []Encoder{Pixels{a}, Pixels{a}}, 2 * 5 * 8 * 8 * 3, 35}, {"trunks", []Encoder{trunk(a), trunk(a), Pixels{a}}, 0, 20},
		{"another input", []Encoder{Pixels{a}, Pixels{band{[]int{2}}}, Pixels{a}}, 0, 40},
	} {
		d, pages := albumSet("x", 20, 8)
		other, _ := albumSet("y", 4, 8)
		if _, err := Judge(ctx, c.encoders, d, other, nil, Options{CacheBytes: c.bytes}); err != nil || pages.read != c.want {
			t.Errorf("%s: 20 pictures were read %d times, want %d; %v", c.name, pages.read, c.want, err)
		}
	}
	d, pages := albumSet("x", 6, 12)
	kept := Cache(d, 8, 1<<20)
	if Cache(kept, 8, 1<<20) != kept || Cache(kept, 4, 1<<20) == kept || kept.Name != d.Name || kept.Fingerprint != d.Fingerprint || kept.Len() != 6 || kept.Describe(2) != "page 2" {
		t.Error("a cached set is not the set")
	}
	x, err := Pixels{a}.Encode(ctx, kept.Inputs, Options{})
	if err != nil {
		t.Fatal(err)
	}
	y, err := Pixels{a}.Encode(ctx, d.Inputs, Options{})
	if err != nil || fmt.Sprint(x[0].Grid.Data) != fmt.Sprint(y[0].Grid.Data) || pages.read != 12 {
		t.Errorf("cached pictures differ, or were not kept: %d read, %v", pages.read, err)
	}
	_, err = Pixels{b}.Encode(ctx, kept.Inputs, Options{})
	wantError(t, err, "kept at side 8, wanted is 4")
	nothing := &data.Dataset{}
	if Cache(nothing, 8, 1) != nothing {
		t.Error("there is nothing to keep")
	}
	// an encoder that nobody knows is handed the data as it is
	if unknown := cacheFor([]Encoder{&lopsided{}, Pixels{a}, Pixels{a}}, d, Options{}); unknown != d {
		t.Error("an unknown encoder is handed small pictures")
	}
	if arrays := cacheFor([]Encoder{&Array{}, Pixels{a}}, d, Options{}); arrays == d {
		t.Error("an array keeps pictures from being kept")
	}
	if arrays := cacheFor([]Encoder{&Array{}, &Array{}}, d, Options{}); arrays != d {
		t.Error("arrays look at no pictures")
	}
}

// folder makes a tree of one-coloured PNG files, class/number.png.
func folder(t *testing.T, classes ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, c := range classes {
		if err := os.MkdirAll(filepath.Join(dir, c), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(dir, c, fmt.Sprintf("%02d.png", i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, Filters(tensor.New(1, 1, 1, 1))); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	return dir
}

func TestOpen(t *testing.T) {
	train, test, err := Open("scenes:?n=30&side=16", "")
	if err != nil || train.Len() != 30 || test.Len() == 30 || !strings.Contains(test.Name, "test") {
		t.Errorf("%v, %v, %v", train, test, err)
	}
	train, test, err = Open("scenes:?n=30&side=16", "scenes:?n=7&side=16")
	if err != nil || train.Len() != 30 || test.Len() != 7 || train.Fingerprint == test.Fingerprint {
		t.Errorf("%v, %v, %v", train, test, err)
	}
	abc := folder(t, strings.Fields("a a a a b b b b c c c c")...)
	train, test, err = Open("folder:"+abc, "")
	if err != nil || train.Len() != 10 || test.Len() != 2 || !strings.HasSuffix(train.Name, "?part=4/5") || !strings.HasSuffix(test.Name, "?part=1/5") {
		t.Fatalf("%v, %v, %v", train, test, err)
	}
	var all []string
	for _, d := range []*data.Dataset{train, test} {
		for i := range d.Len() {
			all = append(all, d.Describe(i))
			if class := d.Truth.Classes()[d.Truth.Label(i)]; !strings.Contains(d.Describe(i), string(filepath.Separator)+class+string(filepath.Separator)) {
				t.Errorf("%s is of class %s", d.Describe(i), class)
			}
		}
	}
	sorted := append([]string(nil), all...)
	sort.Strings(sorted)
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			t.Errorf("%s is in both", sorted[i])
		}
	}
	if len(all) != 12 || sort.StringsAreSorted(all[:10]) {
		t.Errorf("the cut is in the order of the files: %v", all)
	}
	if again, _, _ := Open("folder:"+abc, ""); again.Describe(0) != train.Describe(0) || again.Describe(9) != train.Describe(9) {
		t.Error("the cut is another each time")
	}
	ab, abd := folder(t, "a", "b"), folder(t, "a", "d", "b")
	if train, test, err = Open("folder:"+abc, "folder:"+ab); err != nil || train.Len() != 12 || test.Len() != 2 {
		t.Errorf("a test set that lacks a class: %v", err)
	}
	if train, test, err = Open("folder:"+ab, ""); err != nil || train.Len() != 1 || test.Len() != 1 {
		t.Errorf("two samples: %v", err)
	}
	for _, c := range [][3]string{{"folder:" + abc, "folder:" + abd, `"d" is only in the second`}, {"folder:" + filepath.Join(abc, "none"), "", "no such folder"}, {"folder:" + abc, "folder:" + filepath.Join(abc, "none"), "no such folder"},
		{"folder:" + folder(t, "only"), "", "one sample"}, {"scenes:?split=x", "", "split"}} {
		_, _, err := Open(c[0], c[1])
		wantError(t, err, c[2])
	}
}
