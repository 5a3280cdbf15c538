package eval

import (
	"fmt"
	"math"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// apart are k clouds that no clustering confuses, n points in turn.
func apart(n, k int) Sample {
	x := tensor.New(n, 16)
	tensor.NewRNG(1).FillNormal(x, 0, 0.02)
	labels, names := make([]int, n), make([]string, k)
	for c := range names {
		names[c] = fmt.Sprint("cloud ", c)
	}
	for i := range n {
		labels[i] = i % k
		x.Data[i*16+i%k] += 1
	}
	return sampleOf(x, names, labels)
}

// TestClusters: clouds are found, and what has nothing to do with them is as chance.
func TestClusters(t *testing.T) {
	s := grouped(grouped(apart(200, 5), "pose", 4, func(i int) int { return i / 5 % 4 }), data.FilmGroup, 20, func(i int) int { return i % 5 * 4 })
	all, err := Clusters{By: []string{"label", "pose"}}.Scores(ctx, Sample{}, s)
	if err != nil || len(all) != 6 {
		t.Fatalf("%+v, %v", all, err)
	}
	label, pose := all[0], all[3]
	if math.Abs(label.Value-1) > 1e-12 || label.Metric.Name != "NMI" || !(label.Trivial > 0.005 && label.Trivial < 0.05) || label.Found["clusters"] != 5 {
		t.Errorf("labels: %+v", label)
	}
	if pose.Value > 0.15 || pose.Metric.Name != "NMI with pose" || pose.Found["clusters"] != 4 || pose.Found["restarts_from"].(float64) > pose.Value || pose.Found["restarts_to"].(float64) < pose.Value {
		t.Errorf("poses: %+v", pose)
	}
	for i, want := range []struct {
		name                  string
		value, trivial, least float64
	}{{"adjusted Rand", 1, 0, 0}, {"matched accuracy", 1, 0.2, 0}, {}, {"adjusted Rand with pose", 0, 0, -0.1}, {"matched accuracy with pose", 0.3, 0.25, 0.2}} {
		s := all[i+1]
		if want.name != "" && (s.Metric.Name != want.name || s.Trivial != want.trivial || s.Metric.Trivial != want.trivial || s.Interval == nil || s.Interval[0] > s.Value || i < 2 && s.Value != want.value || i >= 2 && !(s.Value <= want.value+0.05 && s.Value >= want.least)) {
			t.Errorf("score %d: %+v, want %+v", i+1, s, want)
		}
	}
	if want := "map[among:test by:pose k:0 measure:NMI restarts:10 seed:0 unit_length:true]"; fmt.Sprint(pose.Settings) != want {
		t.Errorf("%v, want %v", pose.Settings, want)
	}
	if pose.Interval == nil || pose.Interval[0] > pose.Value || pose.Interval[1] < pose.Value || pose.Found["interval_over"] != "5 films" || pose.Test != 200 || pose.Dim != 16 {
		t.Errorf("interval %v, %+v", pose.Interval, pose)
	}
	one, err := Clusters{}.Judge(ctx, Sample{}, s)
	if err != nil || one.Value != label.Value || one.Settings["by"] != "label" {
		t.Errorf("%+v, %v", one, err)
	}
}

// TestClustersOptions: how many, of which samples, and how long features are.
func TestClustersOptions(t *testing.T) {
	s := apart(200, 5)
	two, err := Clusters{K: 2, Restarts: 3}.Judge(ctx, Sample{}, s)
	if err != nil || two.Found["clusters"] != 2 || two.Value > 0.7 || two.Settings["k"] != 2 || two.Settings["restarts"] != 3 {
		t.Errorf("%+v, %v", two, err)
	}
	// the same directions, of two lengths: by length there are two clusters
	long := apart(200, 5)
	for i := range 200 {
		for j := range 16 {
			long.Pooled.Data[i*16+j] *= float32(1 + 9*(i/5%2))
		}
	}
	long = grouped(long, "length", 2, func(i int) int { return i / 5 % 2 })
	unit, err := Clusters{By: []string{"length"}}.Judge(ctx, Sample{}, long)
	raw, also := Clusters{By: []string{"length"}, Raw: true, K: 6}.Judge(ctx, Sample{}, long)
	if err != nil || also != nil || unit.Value > 0.05 || raw.Value < 0.4 {
		t.Errorf("of unit length %g, as they are %g, %v, %v", unit.Value, raw.Value, err, also)
	}
	half := func(from, to int) Sample {
		h := Sample{Features: Features{Pooled: s.Pooled.Rows(from, to), Grid: s.Pooled.Rows(from, to)}, Truth: s.Truth}
		for i := from; i < to; i++ {
			h.Index = append(h.Index, i)
		}
		return h
	}
	for among, n := range map[string]int{"": 80, "test": 80, "train": 120, "all": 200} {
		got, err := Clusters{Among: among}.Judge(ctx, half(0, 120), half(120, 200))
		if err != nil || got.Test != n || math.Abs(got.Value-1) > 1e-12 {
			t.Errorf("among %q: %+v, %v", among, got, err)
		}
	}
	p, err := NewProtocol("clusters?by=pose,label&k=7&among=all&restarts=2&unit=no&seed=5")
	if err != nil || fmt.Sprintf("%+v", p) != "{By:[pose label] K:7 Among:all Restarts:2 Raw:true Seed:5}" {
		t.Errorf("%+v, %v", p, err)
	}
	if p, err = NewProtocol("clusters"); err != nil || fmt.Sprintf("%+v", p) != "{By:[] K:0 Among:test Restarts:10 Raw:false Seed:0}" {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestClustersInterval: the interval is the score and 1.96 jackknife standard errors on each side, each block without one film, and 1 is not passed.
func TestClustersInterval(t *testing.T) {
	const films = 8
	s := apart(160, 4)
	of := make([]int, 160) // a tenth of the samples are called otherwise than their clouds
	for i := range of {
		if of[i] = i % 4; i%10 == 0 {
			of[i] = (i + i/40) % 4
		}
	}
	film := func(i int) int { return i * films / 160 }
	s = grouped(sampleOf(s.Pooled, []string{"a", "b", "c", "d"}, of), data.FilmGroup, films, film)
	got, err := Clusters{}.Judge(ctx, Sample{}, s)
	if err != nil || got.Interval == nil {
		t.Fatal(got, err)
	}
	nmi := func(out int) float64 {
		var a, b []int
		for i := range of {
			if film(i) != out {
				a, b = append(a, i%4), append(b, of[i])
			}
		}
		return metric.Agree(a, b).NMI()
	}
	mean, sum := 0.0, 0.0
	for k := range films {
		mean += nmi(k) / films
	}
	for k := range films {
		sum += (nmi(k) - mean) * (nmi(k) - mean)
	}
	e := 1.959963984540054 * math.Sqrt(sum*(films-1)/films)
	if !(math.Abs(got.Value-nmi(-1)) <= 1e-12 && e > 0.01 && math.Abs(got.Interval[0]-(got.Value-e)) <= 1e-9 && math.Abs(got.Interval[1]-min(1, got.Value+e)) <= 1e-9) {
		t.Errorf("%g in %v, want %g and %g on each side", got.Value, *got.Interval, nmi(-1), e)
	}
	one := grouped(apart(20, 4), data.FilmGroup, 1, func(int) int { return 0 })
	if got, err = (Clusters{}).Judge(ctx, Sample{}, one); err != nil || got.Interval != nil {
		t.Errorf("of one film %+v, %v", got.Interval, err)
	}
	if got, err = (Clusters{K: 19}).Judge(ctx, Sample{}, apart(20, 5)); err != nil || got.Found["clusters"] != 19 {
		t.Errorf("nearly as many clusters as samples: %+v, %v", got, err)
	}
}

// TestClustersUnknown: samples without a class are clustered and not compared.
func TestClustersUnknown(t *testing.T) {
	s := grouped(apart(200, 5), "pose", 5, func(i int) int {
		if i%2 == 0 {
			return -1
		}
		return i % 5
	})
	got, err := Clusters{By: []string{"pose"}}.Judge(ctx, Sample{}, s)
	if err != nil || got.Test != 100 || math.Abs(got.Value-1) > 1e-12 || got.Found["clusters"] != 5 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestClustersTrouble(t *testing.T) {
	s := apart(20, 5)
	_, err := Clusters{K: 21}.Judge(ctx, Sample{}, s)
	wantError(t, err, "by label: option k=21: there are 20 samples")
	_, err = Clusters{K: 20}.Judge(ctx, Sample{}, s)
	wantError(t, err, "by label: option k=20: there are as many samples, each of which would be a cluster of its own")
	_, err = Clusters{}.Judge(ctx, Sample{}, apart(5, 5))
	wantError(t, err, "by label: each of the 5 samples is of a class of its own")
	_, err = Clusters{By: []string{"pose"}}.Judge(ctx, Sample{}, s)
	wantError(t, err, `the data is not divided by "pose", but by label`)
	_, err = Clusters{}.Judge(ctx, Sample{}, Sample{Features: s.Features})
	wantError(t, err, "neither labels nor other divisions")
	_, err = Clusters{}.Judge(ctx, Sample{}, Sample{Truth: s.Truth})
	wantError(t, err, "there are no features to judge")
	_, err = Clusters{By: []string{"none"}}.Judge(ctx, Sample{}, grouped(s, "none", 1, func(int) int { return -1 }))
	wantError(t, err, "by none: no sample has a class")
	of := func(s Sample) *data.Dataset { return &data.Dataset{Name: "some", Truth: s.Truth} }
	for among, ok := range map[string]bool{"test": true, "": true, "train": false, "all": false} {
		if err := Check([]Protocol{Clusters{Among: among}}, of(Sample{}), of(s)); (err == nil) != ok {
			t.Errorf("among %q of training samples without labels: %v", among, err)
		}
	}
	err = Check([]Protocol{Clusters{}}, of(s), of(Sample{}))
	wantError(t, err, "neither labels nor other divisions")
	// of data without labels all divisions but films
	p, err := Clusters{}.filled(data.Truth{Groups: map[string]data.Labels{"pose": labelled{}, "film": labelled{}, "background": labelled{}}})
	if err != nil || fmt.Sprint(p.By) != "[background pose]" {
		t.Errorf("%v, %v", p.By, err)
	}
}

// TestJackknife: of a mean it is the textbook's standard error, and it covers what samples drawn anew give.
func TestJackknife(t *testing.T) {
	x := []float64{1, 5, 2, 8, 3}
	var without []float64
	mean, sum := 19.0/5, 0.0
	for _, v := range x {
		without = append(without, (19-v)/4)
		sum += (v - mean) * (v - mean)
	}
	if got, want := jackknife(without), math.Sqrt(sum/4/5); math.Abs(got-want) > 1e-12 {
		t.Errorf("standard error %g, want %g", got, want)
	}
	// mutual information of a noisy copy: how often the interval has the value of very many samples
	rng := tensor.NewRNG(4)
	draw := func(n int) (a, b []int) {
		for range n {
			v := rng.IntN(4)
			a, b = append(a, v), append(b, v)
			if rng.Bool(0.4) {
				b[len(b)-1] = rng.IntN(4)
			}
		}
		return a, b
	}
	truth := metric.Agree(draw(400000)).NMI()
	const tries = 200
	within := 0
	for range tries {
		a, b := draw(400)
		value := metric.Agree(a, b).NMI()
		var without []float64
		for block := range mostBlocks {
			var p, q []int
			for i := range a {
				if i%mostBlocks != block {
					p, q = append(p, a[i]), append(q, b[i])
				}
			}
			without = append(without, metric.Agree(p, q).NMI())
		}
		if math.Abs(value-truth) <= normal95*jackknife(without) {
			within++
		}
	}
	if part := float64(within) / tries; part < 0.88 || part > 0.99 {
		t.Errorf("%g of the intervals have the true value, want about 0.95", part)
	}
}
