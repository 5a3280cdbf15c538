// Nearest measures approximate search on the vectors that internal/parity/approximate.py wrote, as it measures its peers: time of building, then for numbers of cells
// looked into recall@10, and processor time a query in milliseconds, of all queries at once and of 200 one after the other. One thread.
//
//	python3 internal/parity/approximate.py DIR && go run ./internal/parity/nearest DIR CELLS
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/tessera-go/tessera/index"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/workload"
	"github.com/tessera-go/tessera/tensor"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: nearest DIR CELLS, DIR a folder that internal/parity/approximate.py wrote")
		os.Exit(2)
	}
	cells, err := strconv.Atoi(os.Args[2])
	if err == nil {
		err = measure(os.Args[1], cells)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "nearest:", err)
		os.Exit(1)
	}
}

func measure(dir string, cells int) error {
	parallel.SetWorkers(1)
	var x [3]*tensor.Tensor
	for i, name := range []string{"base.npy", "queries.npy", "truth.npy"} {
		var err error
		if x[i], err = tensor.LoadNPY(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	base, q, truth := x[0], x[1], x[2]
	n, k := q.Dim(0), truth.Dim(1)
	var d *index.Division
	fmt.Printf("%d cells: divided in %.1f s, ", cells, timed(func() { d = index.Divide(base, index.Euclidean, index.DivideOptions{Cells: cells}) }))
	var v *index.IVF
	fmt.Printf("gathered in %.1f s\n", timed(func() { v = index.NewIVF(base, index.Euclidean, d) }))
	for probe := 1; probe <= 64; probe *= 2 {
		var found [][]index.Hit
		many := timed(func() { found = v.Search(q, k, probe, nil) })
		alone := timed(func() {
			for i := range 200 {
				v.Search(q.Rows(i, i+1), k, probe, nil)
			}
		})
		right := 0
		for i, hits := range found {
			for _, h := range hits {
				if slices.Contains(truth.Data[i*k:(i+1)*k], float32(h.At)) {
					right++
				}
			}
		}
		fmt.Printf("| %d, %d | %.3f (told %.3f) | %.3f | %.3f |\n", cells, probe, float64(right)/float64(n*k), d.Recall(probe), many*1e3/float64(n), alone*1e3/200)
	}
	return nil
}

// timed returns the processor time of f, the median of three where it is short.
func timed(f func()) float64 {
	var all []float64
	for range 3 {
		t := workload.CPUSeconds()
		f()
		if all = append(all, workload.CPUSeconds()-t); all[0] > 1 {
			return all[0]
		}
	}
	slices.Sort(all)
	return all[1]
}
