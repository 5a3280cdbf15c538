package pretext

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// deepClusterOf returns a learner of scenes.
func deepClusterOf(t *testing.T, of string, n int, say func(string)) (*deepcluster, data.Inputs) {
	t.Helper()
	in := data.NewScenes(n, 32, 1, data.Train).Dataset().Inputs
	l, err := cropsLearner(of, "convnet", 32, in, say)
	if err != nil {
		t.Fatal(err)
	}
	return l.(*deepcluster), in
}

// TestWhitened: features have the cosines that numpy finds in float64, along components of which two are nothing.
func TestWhitened(t *testing.T) {
	var ref struct {
		Whitened struct{ X, Cosines []float32 }
	}
	golden.Load(t, "testdata/deepcluster.json", &ref)
	const n, d, e = 40, 12, 6
	l := &deepcluster{mean: tensor.New(d), axes: tensor.New(d, e)}
	x := tensor.From(ref.Whitened.X, n, d)
	if err := whiten(x, l.mean, l.axes); err != nil {
		t.Fatal(err)
	}
	y := l.seen(x)
	got := tensor.New(n, n)
	similar(got, y, y)
	for i, v := range got.Data {
		if math.Abs(float64(v-ref.Whitened.Cosines[i])) > 1e-5 {
			t.Errorf("cosine of %d and %d: %g, numpy %g", i/n, i%n, v, ref.Whitened.Cosines[i])
		}
	}
	for i, v := range l.axes.Data {
		if i%e >= 4 && v != 0 {
			t.Fatalf("component %d of features with 4 is %g", i%e, v)
		}
	}
}

// TestDivideLargest: clusters without points get half of the largest each, also where all points are the same.
func TestDivideLargest(t *testing.T) {
	y := tensor.From([]float32{0, 0, 0, 1, 0, 0, 9, 9, 9, 8, 9, 9, 5, 5}, 7, 2)
	of := []int{1, 1, 1, 1, 1, 1, 2}
	if empty := divideLargest(y, of, 3); empty != 1 {
		t.Errorf("%d were empty", empty)
	}
	if of[0] != of[1] || of[1] != of[2] || of[3] != of[4] || of[4] != of[5] || of[0] == of[3] || of[6] != 2 || of[0]+of[3] != 1 {
		t.Errorf("divided into %v", of)
	}
	of = []int{0, 0, 0, 0, 0}
	if empty := divideLargest(tensor.New(5, 2), of, 3); empty != 2 {
		t.Errorf("%d were empty", empty)
	}
	size := [3]int{}
	for _, c := range of {
		size[c]++
	}
	if min(size[0], size[1], size[2]) < 1 {
		t.Errorf("points that are all the same are divided into %v", of)
	}
}

// TestDeepClusterDraws: an epoch shows equally many pictures of each cluster, all of them where there are enough places, none that could not be read, and another order each epoch.
func TestDeepClusterDraws(t *testing.T) {
	l, _ := deepClusterOf(t, "deepcluster?clusters=4", 30, nil)
	for i := range 30 {
		l.labels.Data[i] = 0
	}
	l.labels.Data[7], l.labels.Data[8], l.labels.Data[9], l.labels.Data[10] = 1, 1, 2, -1 // cluster 3 is empty
	draws, other := make([]int32, 30), make([]int32, 30)
	l.draw(draws, 0)
	l.draw(other, 1)
	times, size := map[int32]int{}, map[float32]int{}
	differ := false
	for i, k := range draws {
		times[k]++
		size[l.labels.Data[k]]++
		differ = differ || k != other[i]
	}
	if size[0] != 10 || size[1] != 10 || size[2] != 10 || times[7] != 5 || times[8] != 5 || times[9] != 10 || times[10] != 0 || !differ {
		t.Errorf("of clusters %v, of pictures %v", size, times)
	}
	for i, k := range draws {
		if l.labels.Data[k] == 0 && times[k] > 1 {
			t.Errorf("place %d: picture %d of a large cluster is shown %d times", i, k, times[k])
		}
	}
}

// TestDeepClusterAgainstPyTorch: with the same clusters twelve steps give PyTorch's losses, weights and statistics.
func TestDeepClusterAgainstPyTorch(t *testing.T) {
	var ref struct {
		LR        float32
		Want, Off byolNumbers
	}
	golden.Load(t, "testdata/deepcluster.json", &ref)
	const n, side, k = 8, 16, 5
	l, _ := deepClusterOf(t, "deepcluster?clusters=5", 20, nil)
	state := layers.State(l.Parts[:2])
	fillGolden(state)
	told := map[string][]float64{}
	steps := scriptedFeed(len(ref.Want.Loss), func(step int) func(train.Step) {
		b := &clustered{X: goldenViews(n, side, step, smallViews{}).X[0], Labels: make([]int32, n)}
		for i := range b.Labels {
			b.Labels[i] = int32((i*3 + step) % k)
		}
		return func(s train.Step) { l.step(listener{s, told}, b) }
	})
	c := train.Config{Task: "deepcluster", Optimizer: "sgd", LR: ref.LR, Momentum: 0.9, WeightDecay: 5e-4, Schedule: "cosine", Epochs: 1, BatchSize: 1, LogEvery: 1, MonitorEvery: -1}
	if _, err := (&train.Run{Config: c, Learner: &fedBy{l, steps}, Data: &data.Dataset{Name: "formula"}}).Start(context.Background(), false); err != nil {
		t.Fatal(err)
	}
	compareWithPyTorch(t, told["loss"], state, ref.Want, ref.Off)
}

// fedBy is a learner whose feed somebody else makes.
type fedBy struct {
	train.Learner
	feed *train.Feed
}

func (l *fedBy) Feed(data.Inputs, bool, data.LoaderOptions) (*train.Feed, error) { return l.feed, nil }

// endsLater is a context that has ended when it is asked for the n-th time.
type endsLater struct {
	context.Context
	n int
}

func (c *endsLater) Err() error {
	if c.n--; c.n <= 0 {
		return context.Canceled
	}
	return nil
}

// TestDeepClusterBegins: clusters are made before an epoch, every so many, once for each; the classifier and what its optimiser kept begin anew; the trunk is left
// as it is; what can't be read is in no cluster; a run that ends meanwhile changes nothing.
func TestDeepClusterBegins(t *testing.T) {
	l, in := deepClusterOf(t, "deepcluster?clusters=4&every=2", 24, nil)
	feed, err := l.Feed(in, true, data.LoaderOptions{BatchSize: 8, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(context.Background())
	end()
	if _, err := feed.Begin(ended, 0); err != context.Canceled || l.begun.Data[0] != -1 {
		t.Errorf("ended meanwhile: %v, clusters of epoch %g", err, l.begun.Data[0])
	}
	kept := func() (all []float32) {
		for _, p := range layers.State(l) {
			all = append(all, p.Value.Data...)
		}
		return all
	}
	untouched := kept()
	if _, err := feed.Begin(&endsLater{context.Background(), 4}, 0); err != context.Canceled || !slices.Equal(kept(), untouched) { // 3 batches of features, then k-means
		t.Errorf("ended while clusters were made: %v, and what is kept has changed", err)
	}
	trunk := l.setup.Trunk.Stages[0].Parts
	before := layers.State(trunk)[0].Value.Clone()
	for epoch, want := range []bool{true, false, true, false} {
		for range 2 {
			weight := l.classifier.W.Clone()
			anew, err := feed.Begin(context.Background(), epoch)
			if err != nil {
				t.Fatal(err)
			}
			if made := len(anew) == 1 && anew[0] == "classifier"; made != want || want == sameValues(weight, l.classifier.W) {
				t.Errorf("epoch %d: begins anew %v", epoch, anew)
			}
			want = false // for the second time
		}
	}
	if !sameValues(before, layers.State(trunk)[0].Value) {
		t.Error("the trunk is another")
	}
	if nmi := l.begun.Data[2]; !(nmi > 0.1 && nmi <= 1) {
		t.Errorf("the same features give clusters that say %g of each other", nmi)
	}
	size := map[float32]int{}
	for _, c := range l.labels.Data {
		size[c]++
	}
	if len(size) != 4 || size[-1] > 0 {
		t.Errorf("clusters of %v", size)
	}
}

// TestDeepClusterInMulti: several tasks end their epochs elsewhere, which is said.
func TestDeepClusterInMulti(t *testing.T) {
	if _, err := New("multi?tasks=rotation,deepcluster"); err == nil || !strings.Contains(err.Error(), "deepcluster begins each of its epochs by itself") {
		t.Errorf("where the task is made: %v", err)
	}
	in := data.NewScenes(24, 32, 1, data.Train).Dataset().Inputs
	trunk, err := layers.NewTrunk("convnet", tensor.NewRNG(1), 3)
	if err != nil {
		t.Fatal(err)
	}
	m := Multi{Tasks: []Member{{Name: "rotation", Task: Rotation{}}, {Name: "deepcluster", Task: DeepCluster{Clusters: 2, Dims: 4, Rounds: 2}}}} // as a program may make it
	l, err := m.Learner(Setup{Trunk: trunk, Side: 32, RNG: tensor.NewRNG(2), Inputs: in, Norm: data.HalfNorm, Plain: data.PlainView(32), Augment: data.PlainView(32)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Feed(in, true, data.LoaderOptions{BatchSize: 8, Seed: 1}); err == nil || !strings.Contains(err.Error(), "deepcluster begins each of its epochs by itself") {
		t.Errorf("beside others: %v", err)
	}
}

// TestDeepClusterResumes: a run that is stopped between two epochs, or within one, goes on to the same bits: clusters and all.
func TestDeepClusterResumes(t *testing.T) {
	run := func(dir string, stop int, resume bool) *deepcluster {
		l, _ := deepClusterOf(t, "deepcluster?clusters=4&every=1", 24, nil)
		ctx, cancel := context.WithCancel(context.Background())
		c := train.Config{Task: "deepcluster", Optimizer: "sgd", LR: 0.05, Momentum: 0.9, Schedule: "constant", Epochs: 3, BatchSize: 8, LogEvery: 1, MonitorEvery: -1, CheckpointEvery: 1, Seed: 1}
		r := &train.Run{Dir: dir, Config: c, Learner: l, Data: data.NewScenes(24, 32, 1, data.Train).Dataset(), Progress: func(p train.Progress) {
			if p.Step == stop {
				cancel()
			}
		}}
		if _, err := r.Start(ctx, resume); (err != nil) != (stop > 0) {
			t.Fatal(err)
		}
		return l
	}
	whole := run(filepath.Join(t.TempDir(), "whole"), 0, false)
	for _, stop := range []int{2, 3, 4} {
		dir := filepath.Join(t.TempDir(), "run")
		run(dir, stop, false)
		again := layers.State(run(dir, 0, true))
		for i, p := range layers.State(whole) {
			if !sameValues(p.Value, again[i].Value) {
				t.Errorf("stopped after %d steps: %s is another", stop, p.Name)
			}
		}
	}
}

// TestDivides: what takes long is said, and clusters that are too small; of few pictures in few clusters nothing.
func TestDivides(t *testing.T) {
	for _, c := range []struct {
		pictures, clusters int
		want               string
	}{{20, 2, ""}, {5000, 1000, ""}, {50000, 1000, "task deepcluster: dividing 50000 pictures into 1000 clusters, before the first update and from time to time again"},
		{60, 20, "task deepcluster: 60 pictures in 20 clusters are few in each, so that clusters say little: clusters=2 has 30"},
		{20000, 10000, "task deepcluster: dividing 20000 pictures into 10000 clusters, before the first update and from time to time again; " +
			"20000 pictures in 10000 clusters are few in each, so that clusters say little: clusters=400 has 50"}} {
		if got := divides(c.pictures, c.clusters); got != c.want {
			t.Errorf("%d pictures, %d clusters: %q, want %q", c.pictures, c.clusters, got, c.want)
		}
	}
}
