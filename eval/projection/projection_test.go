package projection

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

type references struct {
	AB              []float64    `json:"a_b"`
	Edges           int          `json:"edges"`
	Some            [][3]float64 `json:"some"`
	Sum             float64      `json:"sum"`
	PCA             [][2]float64 `json:"pca"`
	Explained       [2]float64   `json:"explained"`
	Trustworthiness []float64    `json:"trustworthiness"`
	OfPCA           float64      `json:"trustworthiness_pca"`
}

// digits are 300 handwritten digits, [300 64], and what umap-learn and scikit-learn say of them (testdata/references.py).
func digits(t *testing.T) (*tensor.Tensor, references) {
	t.Helper()
	x, err := tensor.LoadNPY("testdata/digits.npy")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("testdata/references.json")
	if err != nil {
		t.Fatal(err)
	}
	var want references
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	return x, want
}

// trustworthiness is how little places invent neighbours (Venna and Kaski 2001), 0 to 1.
func trustworthiness(x, places *tensor.Tensor, k int) float64 {
	n := x.Dim(0)
	near, _ := nearest(x, n)
	on, _ := nearest(places, k+1)
	sum := 0.0
	for i := range n {
		for _, j := range on[i][1:] {
			if r := slices.Index(near[i], j); r > k {
				sum += float64(r - k)
			}
		}
	}
	return 1 - 2*sum/float64(n*k*(2*n-3*k-1))
}

// TestPCA: scikit-learn's components, of more rows than values and of fewer.
func TestPCA(t *testing.T) {
	x, want := digits(t)
	got, explained, err := PCA(x)
	if err != nil {
		t.Fatal(err)
	}
	for k := range 2 {
		if math.Abs(explained[k]-want.Explained[k]) > 1e-6 {
			t.Errorf("component %d has %g of the variance, want %g", k, explained[k], want.Explained[k])
		}
		for i, p := range want.PCA {
			if math.Abs(float64(got.Data[2*i+k])-p[k]) > 1e-4 {
				t.Errorf("row %d, component %d: %g, want %g", i, k, got.Data[2*i+k], p[k])
			}
		}
	}
	if v := trustworthiness(x, got, 15); math.Abs(v-want.OfPCA) > 1e-4 {
		t.Errorf("trustworthiness %g, want %g", v, want.OfPCA)
	}
	// distances on the plane of few rows are those of the features where two components have all of these
	few := &tensor.Tensor{Shape: []int{3, 5}, Data: []float32{0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0}}
	p, explained, err := PCA(few)
	if err != nil || math.Abs(explained[0]+explained[1]-1) > 1e-9 {
		t.Fatalf("%v, %v", explained, err)
	}
	for _, pair := range [][3]float64{{0, 1, 3}, {0, 2, 4}, {1, 2, 5}} {
		if d := math.Sqrt(squared(p.Data[2*int(pair[0]):], p.Data[2*int(pair[1]):])); math.Abs(d-pair[2]) > 1e-5 {
			t.Errorf("rows %v lie %g apart", pair, d)
		}
	}
	if p, _, err := PCA(tensor.New(4, 3)); err != nil || p.Data[3] != 0 {
		t.Errorf("equal rows: %v, %v", p, err)
	}
	if p, _, err := PCA(&tensor.Tensor{Shape: []int{2, 1}, Data: []float32{1, 3}}); err != nil || p.Data[1] != 0 {
		t.Errorf("one value: %v, %v", p, err)
	}
	if _, _, err := PCA(tensor.New(1, 3)); err == nil {
		t.Error("one row has components")
	}
}

// TestGraph: the edges and weights are umap-learn's.
func TestGraph(t *testing.T) {
	x, want := digits(t)
	if math.Abs(curveA-want.AB[0]) > 1e-6 || math.Abs(curveB-want.AB[1]) > 1e-6 {
		t.Errorf("curve %v", want.AB)
	}
	edges := graph(x, 15)
	sum, weight := 0.0, map[[2]int]float64{}
	for _, e := range edges {
		sum += e.weight
		weight[[2]int{min(e.a, e.b), max(e.a, e.b)}] = e.weight
	}
	if len(edges) != want.Edges || len(weight) != len(edges) || math.Abs(sum-want.Sum) > 1e-3*want.Sum {
		t.Errorf("%d edges of weight %g, want %d of %g", len(edges), sum, want.Edges, want.Sum)
	}
	for _, e := range want.Some {
		if got := weight[[2]int{int(e[0]), int(e[1])}]; math.Abs(got-e[2]) > 2e-4 {
			t.Errorf("edge %v: %g", e, got)
		}
	}
}

// TestUMAP: neighbours stay neighbours as well as with umap-learn, the same each time.
func TestUMAP(t *testing.T) {
	x, want := digits(t)
	ctx := context.Background()
	got, err := UMAP{}.Fit(ctx, x)
	if err != nil {
		t.Fatal(err)
	}
	if v := trustworthiness(x, got, 15); v < slices.Min(want.Trustworthiness)-0.003 {
		t.Errorf("trustworthiness %g, umap-learn's %v", v, want.Trustworthiness)
	} else {
		t.Logf("trustworthiness %.4f, umap-learn's %.4f", v, want.Trustworthiness)
	}
	again, err := UMAP{}.Fit(ctx, x)
	if err != nil || !slices.Equal(got.Data, again.Data) {
		t.Errorf("another map the second time, %v", err)
	}
	other, err := UMAP{Seed: 1, Epochs: 20}.Fit(ctx, x)
	if err != nil || slices.Equal(got.Data, other.Data) {
		t.Errorf("seeds and epochs do nothing, %v", err)
	}
	for _, v := range got.Data {
		if v-v != 0 {
			t.Fatal("a place is not finite")
		}
	}
	same, err := UMAP{Epochs: 5}.Fit(ctx, tensor.New(10, 3))
	if err != nil || same.Data[0]-same.Data[0] != 0 {
		t.Errorf("equal rows: %v, %v", same, err)
	}
	for want, f := range map[string]func() error{
		"3 rows":                 func() error { _, err := UMAP{}.Fit(ctx, tensor.New(3, 2)); return err },
		"1 neighbours":           func() error { _, err := UMAP{Neighbours: 1}.Fit(ctx, x); return err },
		context.Canceled.Error(): func() error { c, stop := context.WithCancel(ctx); stop(); _, err := UMAP{}.Fit(c, x); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}
