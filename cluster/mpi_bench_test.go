//go:build mpi

package cluster

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
)

// TestMain makes the test's program, where a launcher starts it, one of the ranks that are timed:
//
//	mpirun -n 2 cluster.test
func TestMain(m *testing.M) {
	if Launched().Ranks == 1 {
		os.Exit(m.Run())
	}
	g, err := Join(func(string) {})
	if err != nil {
		panic(err)
	}
	var s Summer
	background, err := NewBackground(g, false)
	if err != nil {
		panic(err)
	}
	for _, net := range []struct {
		name string
		n    int
	}{{"ResNet-18", 11_689_512}, {"ResNet-50", 25_557_032}} { // as torchvision has them
		x := make([]float32, net.n)
		for _, way := range []struct {
			name string
			sum  func() error
		}{
			{"one sum", func() error { return s.Sum(g, x) }},
			{"sums in the background", func() error {
				for x := range slices.Chunk(x, PieceOfSum) {
					background.Sum([][]float32{x})
				}
				return background.Wait()
			}},
			{"plain MPI_Allreduce", func() error { return allReduce(g.(*mpi), x) }},
		} {
			var took []float64
			for i := range 12 {
				Gather(g, nil)
				began := time.Now()
				if err := way.sum(); err != nil {
					panic(err)
				}
				if i >= 2 { // pages are there
					took = append(took, 1e3*time.Since(began).Seconds())
				}
			}
			slices.Sort(took)
			if g.Rank() == 0 {
				fmt.Printf("%s, %d ranks of %s: gradients of %s, %.1f MB: median %.1f ms, from %.1f to %.1f\n", way.name, g.Size(), g.(*mpi).kind, net.name, float64(net.n)*4e-6,
					took[len(took)/2], took[0], took[len(took)-1])
			}
		}
	}
	g.Close()
	os.Exit(0)
}

// allReduce is the library's own sum, in its order, as it waits itself.
func allReduce(m *mpi, x []float32) error {
	inPlace, float, sum := ^uintptr(0), uintptr(0x4c00040a), uintptr(0x58000003)
	if m.kind == openMPI {
		inPlace, float, sum = 1, m.symbol("ompi_mpi_float"), m.symbol("ompi_mpi_op_sum")
	} else if m.kind == standard {
		inPlace, float, sum = 1, 0x210, 0x21
	}
	code := int32(0)
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&x[0])
	m.symbols["MPI_Allreduce"] = m.symbol("MPI_Allreduce")
	m.on(func() {
		code = m.call("MPI_Allreduce", inPlace, uintptr(unsafe.Pointer(&x[0])), uintptr(len(x)), float, sum, m.comm)
	})
	if code != 0 {
		return fmt.Errorf("MPI_Allreduce: %d", code)
	}
	return nil
}

func (m *mpi) symbol(name string) uintptr {
	p, err := purego.Dlsym(m.lib, name)
	if err != nil {
		panic(err)
	}
	return p
}
