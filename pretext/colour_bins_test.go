package pretext

import (
	"math"
	"sort"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/internal/lab"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

// TestBins: the classes are those of the authors' release (pts_in_hull), here as the least and largest b for each a from -90 to 100.
func TestBins(t *testing.T) {
	published := [][2]float32{{50, 90}, {20, 90}, {0, 90}, {-20, 90}, {-30, 100}, {-40, 100}, {-50, 100}, {-50, 100}, {-60, 100}, {-70, 100},
		{-80, 90}, {-80, 90}, {-90, 90}, {-100, 90}, {-100, 80}, {-110, 80}, {-110, 80}, {-110, 70}, {-110, 70}, {-90, 0}}
	s, n := bins(), 0
	for i, row := range published {
		for b := row[0]; b <= row[1]; b += 10 {
			if n >= binCount || s.a[n] != float32(i*10-90) || s.b[n] != b {
				t.Fatalf("bin %d is at (%g, %g), want (%d, %g)", n, s.a[n], s.b[n], i*10-90, b)
			}
			n++
		}
	}
	if n != 313 {
		t.Errorf("%d bins, want 313", n)
	}
	there := 0
	for _, v := range binCorners() {
		if v {
			there++
		}
	}
	if there != 313 {
		t.Errorf("%d corners, want 313", there)
	}
}

// TestEncode: the five nearest bins and their weights are those of a search among all, for colours that sRGB can show and others on the
// grid, the nearest first; where two are as near either will do.
func TestEncode(t *testing.T) {
	s := bins()
	pix := make([]uint8, 3*4000)
	r := tensor.NewRNG(3)
	for i := range pix {
		pix[i] = uint8(r.IntN(256))
	}
	x := make([]float32, len(pix))
	lab.FromRGB(x, pix)
	var ab []float32
	for i := 0; i < len(x); i += 3 {
		ab = append(ab, x[i+1], x[i+2])
	}
	for range 2000 {
		ab = append(ab, r.Uniform(-110, 110), r.Uniform(-110, 110))
	}
	for i := range binCount { // on a bin, and in the middle between two, where there is a choice
		ab = append(ab, s.a[i], s.b[i], s.a[i]+5, s.b[i])
	}
	n := len(ab) / 2
	classes, soft := make([]int32, n*softBins), make([]float32, n*softBins)
	s.encode(classes, soft, ab)
	for p := range n {
		order := make([]int, binCount)
		for i := range order {
			order[i] = i
		}
		sort.SliceStable(order, func(i, j int) bool {
			return s.squares(order[i], ab[2*p], ab[2*p+1]) < s.squares(order[j], ab[2*p], ab[2*p+1])
		})
		var want [softBins]float64
		sum := 0.0
		for k := range want {
			da, db := float64(s.a[order[k]]-ab[2*p]), float64(s.b[order[k]]-ab[2*p+1])
			want[k] = math.Exp(-(da*da + db*db) / 50)
			sum += want[k]
		}
		for k := range want {
			got, near := int(classes[p*softBins+k]), func(bin int) float64 { return math.Sqrt(float64(s.squares(bin, ab[2*p], ab[2*p+1]))) }
			if got != order[k] && math.Abs(near(got)-near(order[k])) > 1e-4 {
				t.Fatalf("colour (%g, %g): neighbour %d is bin %d, want %d", ab[2*p], ab[2*p+1], k, got, order[k])
			}
			if got := float64(soft[p*softBins+k]); sum > 1e-30 && math.Abs(got-want[k]/sum) > 1e-5 {
				t.Fatalf("colour (%g, %g): neighbour %d has %g, want %g", ab[2*p], ab[2*p+1], k, got, want[k]/sum)
			}
		}
	}
}

// TestDecode: the annealed mean by its formula in float64, the likeliest bin where it is cold, the same bits for any number of threads.
func TestDecode(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	s := bins()
	const n = 300
	z := tensor.NewRNG(1).FillNormal(tensor.New(n, binCount), 0, 4)
	for _, temperature := range []float32{1, 0.38, 0.001} {
		var first []float32
		for _, workers := range []int{1, 3} {
			parallel.SetWorkers(workers)
			ab := make([]float32, 2*n)
			s.decode(ab, z, temperature)
			if first == nil {
				first = ab
			}
			for p := range n {
				row, most, sum, a, b, best := z.Data[p*binCount:][:binCount], math.Inf(-1), 0.0, 0.0, 0.0, 0
				for i, v := range row {
					if most < float64(v) {
						most, best = float64(v), i
					}
				}
				for i, v := range row {
					e := math.Exp((float64(v) - most) / float64(temperature))
					sum, a, b = sum+e, a+e*float64(s.a[i]), b+e*float64(s.b[i])
				}
				if temperature < 0.01 && (math.Abs(a/sum-float64(s.a[best])) > 1 || math.Abs(b/sum-float64(s.b[best])) > 1) {
					continue // two are as likely
				}
				if math.Abs(float64(ab[2*p])-a/sum) > 1e-3 || math.Abs(float64(ab[2*p+1])-b/sum) > 1e-3 {
					t.Fatalf("at %g: (%g, %g), want (%g, %g)", temperature, ab[2*p], ab[2*p+1], a/sum, b/sum)
				}
				if ab[2*p] != first[2*p] || ab[2*p+1] != first[2*p+1] {
					t.Fatal("the number of threads changes a colour")
				}
			}
		}
	}
}

// TestRarity: smoothed frequencies still sum to 1 and reach the neighbours; the weights' mean over the data is 1, a colour that is rarer
// counts more, and λ = 1 counts all alike (equation 4).
func TestRarity(t *testing.T) {
	s := bins()
	counts := make([]int, binCount)
	grey, next := -1, -1
	for i := range binCount {
		if s.a[i] == 0 && s.b[i] == 0 {
			grey = i
		}
		if s.a[i] == 10 && s.b[i] == 0 {
			next = i
		}
	}
	counts[grey], counts[0] = 90, 10
	p := s.smooth(counts)
	sum := 0.0
	for _, v := range p {
		sum += float64(v)
	}
	if math.Abs(sum-1) > 1e-5 || !(p[grey] > 0.5) || math.Abs(float64(p[next]/p[grey])-math.Exp(-2)) > 1e-4 || !(p[0] > 0.06 && p[0] < 0.1) {
		t.Errorf("frequencies sum to %g; grey %g, beside it %g, the rare bin %g", sum, p[grey], p[next], p[0])
	}
	for _, lambda := range []float64{0.5, 1, 0.01} {
		w, mean := rarity(p, lambda), 0.0
		for i := range w {
			mean += float64(w[i]) * float64(p[i])
		}
		if math.Abs(mean-1) > 1e-5 {
			t.Errorf("λ %g: the mean weight is %g", lambda, mean)
		}
		want := (1-lambda)*float64(p[grey]) + lambda/313
		want /= (1-lambda)*float64(p[0]) + lambda/313
		if got := float64(w[0] / w[grey]); math.Abs(got/want-1) > 1e-5 {
			t.Errorf("λ %g: the rare bin counts %g times grey, want %g", lambda, got, want)
		}
	}
}

// BenchmarkEncode and BenchmarkDecode: what a step of Zhang's net has of them, 8 pictures of 44 by 44 pixels; encoding in one goroutine,
// as a loader's worker does it.
func BenchmarkEncode(b *testing.B) {
	const n = 8 * 44 * 44
	ab, classes, soft := make([]float32, 2*n), make([]int32, n*softBins), make([]float32, n*softBins)
	golden.Fill(ab, "colours", 60)
	s := bins()
	for b.Loop() {
		s.encode(classes, soft, ab)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/pixel")
}

func BenchmarkDecode(b *testing.B) {
	const n = 8 * 44 * 44
	ab, z := make([]float32, 2*n), tensor.New(n, binCount)
	golden.Fill(z.Data, "logits", 5)
	s := bins()
	for b.Loop() {
		s.decode(ab, z, 0.38)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/pixel")
}

// BenchmarkBins: what a process spends on making the classes, once.
func BenchmarkBins(b *testing.B) {
	for b.Loop() {
		binCorners()
	}
}
