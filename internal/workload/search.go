package workload

import (
	"fmt"

	"github.com/tessera-go/tessera/index"
	"github.com/tessera-go/tessera/tensor"
)

// searchBenches lists exact search, under the ids of the peer, faiss's flat indices.
func searchBenches() []Item {
	var out []Item
	const n, d, k = 100_000, 512, 10
	for _, by := range []struct {
		name string
		is   index.Measure
	}{{"flat_l2", index.Euclidean}, {"flat_ip", index.Inner}} {
		for _, m := range []int{1000, 1} {
			out = append(out, Item{ID: fmt.Sprintf("faiss/%s/100kx512_q%d_k%d", by.name, m, k), flop: 2 * n * d * float64(m), bytes: 4 * n * d, setup: func() func() {
				f := index.New(randn(n, d), by.is)
				q := tensor.NewRNG(2).FillNormal(tensor.New(m, d), 0, 1)
				return func() { f.Search(q, k, nil) }
			}})
		}
	}
	return out
}
