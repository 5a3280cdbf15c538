package projection

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// UMAP is uniform manifold approximation and projection (McInnes, Healy, Melville, "UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction", 2018):
// neighbours among the rows make a weighted graph (section 3.1), which is then drawn so that what is joined lies near (section 3.2). The zero value has the usual settings.
type UMAP struct {
	Neighbours int    // of each row, 2 or more; 0 means 15
	Epochs     int    // of drawing; 0 means 500
	Seed       uint64 // of what is pushed apart
}

// mostRows is of how many rows all distances are taken.
const mostRows = 8192

// Shape of the curve that turns a distance on the plane into a weight, 1/(1+a·d^2b): fitted to neighbours that lie 0.1 apart at least, in units of 1
// (section 4.2, min_dist 0.1).
const curveA, curveB = 1.576943460405378, 0.8950608781227859

// negative are how many random rows each edge pushes its ends away from (section 4.2, n_neg).
const negative = 5

// edge joins two rows.
type edge struct {
	a, b   int
	weight float64 // 0 to 1
}

// Fit returns places of x [N D] on a plane, [N 2], by Euclidean distance; of features whose rows have length 1 that orders as cosine does.
func (u UMAP) Fit(ctx context.Context, x *tensor.Tensor) (*tensor.Tensor, error) {
	if u.Neighbours == 0 {
		u.Neighbours = 15
	}
	if u.Epochs == 0 {
		u.Epochs = 500
	}
	n := x.Dim(0)
	if u.Neighbours < 2 || u.Epochs < 1 {
		return nil, fmt.Errorf("UMAP of %d neighbours, %d epochs: want at least 2, and 1", u.Neighbours, u.Epochs)
	}
	if n < 4 || n > mostRows {
		return nil, fmt.Errorf("UMAP of %d rows: want 4 to %d", n, mostRows)
	}
	places, _, err := PCA(x)
	if err != nil {
		return nil, err
	}
	edges := graph(x, min(u.Neighbours, n))
	// principal components, 10 wide to each side, and a little apart where they are one
	rng := tensor.NewRNG(u.Seed)
	most := float32(0)
	for _, v := range places.Data {
		most = max(most, float32(math.Abs(float64(v))))
	}
	for i := range places.Data {
		if most > 0 {
			places.Data[i] *= 10 / most
		}
		places.Data[i] += 1e-4 * rng.Normal()
	}
	return places, u.draw(ctx, places, edges, rng)
}

// graph returns the edges of the weighted graph, each once, in order: a row's k nearest, itself among them, with weights that fall with the distance beyond the nearest so
// that they add up to log2(k), and of both directions the probabilistic sum (section 3.1, definitions 9 and 10).
func graph(x *tensor.Tensor, k int) []edge {
	n := x.Dim(0)
	near, dist := nearest(x, k)
	mean := 0.0
	for _, d := range dist {
		for _, v := range d {
			mean += v / float64(n*k)
		}
	}
	weight := make([]map[int]float64, n)
	parallel.For(n, func(i int) {
		rho, sigma := bandwidth(dist[i], mean)
		weight[i] = map[int]float64{}
		for r, j := range near[i] {
			switch d := dist[i][r] - rho; {
			case j == i:
			case d <= 0 || sigma == 0:
				weight[i][j] = 1
			default:
				weight[i][j] = math.Exp(-d / sigma)
			}
		}
	})
	var out []edge
	for i := range n {
		for j, w := range weight[i] {
			v := weight[j][i]
			if j < i && v > 0 { // seen from the other side
				continue
			}
			out = append(out, edge{i, j, w + v - w*v})
		}
	}
	slices.SortFunc(out, func(p, q edge) int { return cmp.Or(cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b)) })
	return out
}

// nearest returns each row's k nearest by Euclidean distance, itself first, and the distances.
func nearest(x *tensor.Tensor, k int) (near [][]int, dist [][]float64) {
	n, d := x.Dim(0), x.Dim(1)
	near, dist = make([][]int, n), make([][]float64, n)
	parallel.For(n, func(i int) {
		diff := make([]float32, d)
		all, order := make([]float64, n), make([]int, n)
		for j := range n {
			order[j] = j
			simd.Scale(diff, -1, x.Data[j*d:(j+1)*d])
			simd.Add(diff, diff, x.Data[i*d:(i+1)*d])
			all[j] = math.Sqrt(float64(simd.SumSquares(diff)))
		}
		all[i] = -1 // first, whatever has the same features
		slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(all[a], all[b]), cmp.Compare(a, b)) })
		all[i] = 0
		near[i] = slices.Clone(order[:k])
		for _, j := range near[i] {
			dist[i] = append(dist[i], all[j])
		}
	})
	return near, dist
}

// bandwidth returns the distance of the nearest row that is elsewhere, and the scale at which the weights of the k nearest add up to log2(k); it is not below a thousandth of
// their mean distance, or of all rows' where nothing is elsewhere.
func bandwidth(dist []float64, all float64) (rho, sigma float64) {
	mean := 0.0
	for _, d := range dist {
		mean += d / float64(len(dist))
		if rho == 0 && d > 0 {
			rho = d
		}
	}
	want := math.Log2(float64(len(dist)))
	low, high, mid := 0.0, math.Inf(1), 1.0
	for range 64 {
		sum := 0.0
		for _, d := range dist[1:] {
			sum += math.Exp(-max(d-rho, 0) / mid)
		}
		if math.Abs(sum-want) < 1e-5 {
			break
		}
		if sum > want {
			high = mid
			mid = (low + high) / 2
		} else if low = mid; math.IsInf(high, 1) {
			mid *= 2
		} else {
			mid = (low + high) / 2
		}
	}
	if rho > 0 {
		return rho, max(mid, 1e-3*mean)
	}
	return rho, max(mid, 1e-3*all)
}

// draw moves places by stochastic gradient descent on the cross entropy of weights (section 3.2, algorithm 5): an edge is drawn together as often as its weight says, and each time
// its first end is pushed away from some rows at random. It is serial: each step sees the last.
func (u UMAP) draw(ctx context.Context, places *tensor.Tensor, edges []edge, rng *tensor.RNG) error {
	n := places.Dim(0)
	heaviest := 0.0
	for _, e := range edges {
		heaviest = max(heaviest, e.weight)
	}
	every, next := make([]float64, len(edges)), make([]float64, len(edges))
	for i, e := range edges {
		every[i] = heaviest / e.weight
		next[i] = every[i]
	}
	both := make([]edge, 0, 2*len(edges))
	for _, e := range edges {
		both = append(both, e, e)
	}
	at := places.Data
	step := func(v float64) float64 { return min(max(v, -4), 4) }
	for epoch := 1; epoch <= u.Epochs; epoch++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		rate := 1 - float64(epoch-1)/float64(u.Epochs)
		for i, e := range both { // each in both directions, so that both ends are pushed
			if next[i/2] > float64(epoch) {
				continue
			}
			if i%2 == 1 {
				next[i/2] += every[i/2]
				e.a, e.b = e.b, e.a
			}
			a, b := at[2*e.a:2*e.a+2], at[2*e.b:2*e.b+2]
			if d := squared(a, b); d > 0 {
				g := -2 * curveA * curveB * math.Pow(d, curveB-1) / (1 + curveA*math.Pow(d, curveB))
				for k := range 2 {
					move := float32(rate * step(g*float64(a[k]-b[k])))
					a[k] += move
					b[k] -= move
				}
			}
			for range negative {
				j := rng.IntN(n)
				c := at[2*j : 2*j+2]
				d := squared(a, c)
				if d == 0 {
					continue
				}
				g := 2 * curveB / ((0.001 + d) * (1 + curveA*math.Pow(d, curveB)))
				for k := range 2 {
					a[k] += float32(rate * step(g*float64(a[k]-c[k])))
				}
			}
		}
	}
	return nil
}

func squared(a, b []float32) float64 {
	x, y := float64(a[0]-b[0]), float64(a[1]-b[1])
	return x*x + y*y
}
