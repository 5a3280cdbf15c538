package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/tessera-go/tessera/simd"
)

// on runs f on n ranks that are goroutines.
func on(t *testing.T, n int, f func(g Group) error) {
	t.Helper()
	var all sync.WaitGroup
	for _, g := range Loopback(n) {
		all.Go(func() {
			if err := f(g); err != nil {
				t.Errorf("rank %d of %d: %v", g.Rank(), n, err)
				g.Abort()
			}
		})
	}
	all.Wait()
}

// TestTree: neighbours first, whatever the number of parts; each part counts once.
func TestTree(t *testing.T) {
	for n, want := range map[int]string{1: "0", 2: "(0+1)", 3: "((0+1)+2)", 4: "((0+1)+(2+3))", 6: "(((0+1)+(2+3))+(4+5))", 8: "(((0+1)+(2+3))+((4+5)+(6+7)))"} {
		text := make([]string, n)
		for i := range text {
			text[i] = fmt.Sprint(i)
		}
		Tree(n, func(to, from int) { text[to] = "(" + text[to] + "+" + text[from] + ")" })
		if text[0] != want {
			t.Errorf("%d parts: %s, want %s", n, text[0], want)
		}
	}
}

// TestSum: eight parts have the same sum, bit for bit, however many ranks share them; it is not that of another order. Lengths leave rests, and are longer than what is
// summed in one go.
func TestSum(t *testing.T) {
	for _, n := range []int{0, 1, 3, 1000, PieceOfSum + 5} {
		parts := make([][]float32, 8)
		rng := rand.New(rand.NewPCG(1, uint64(n)))
		for i := range parts {
			parts[i] = make([]float32, n)
			for j := range parts[i] {
				parts[i][j] = float32(rng.NormFloat64() * math.Exp(4*rng.NormFloat64()))
			}
		}
		add := func(parts [][]float32) []float32 {
			parts = slices.Clone(parts)
			for i := range parts {
				parts[i] = slices.Clone(parts[i])
			}
			Tree(len(parts), func(to, from int) {
				for j, v := range parts[from] {
					parts[to][j] += v
				}
			})
			return parts[0]
		}
		want := add(parts)
		for _, ranks := range []int{1, 2, 4, 8} {
			on(t, ranks, func(g Group) error {
				var s Summer
				for range 2 { // the second time in used memory
					each := 8 / ranks
					x := add(parts[g.Rank()*each:][:each])
					if err := s.Sum(g, x); err != nil {
						return err
					}
					if !slices.Equal(x, want) {
						return fmt.Errorf("another sum of %d values", n)
					}
				}
				return nil
			})
		}
		inTurn := make([]float32, n)
		for _, p := range parts {
			for j, v := range p {
				inTurn[j] += v
			}
		}
		if n >= 1000 && slices.Equal(inTurn, want) {
			t.Error("the order does not matter: nothing was tested")
		}
	}
}

// TestSumBFloat16: what crosses between ranks is rounded, once on each way; every rank has the same bits.
func TestSumBFloat16(t *testing.T) {
	const n = 1001
	value := func(rank, i int) float32 { return float32(math.Sin(float64(1 + i + 7*rank))) }
	want := make([]float32, n)
	for i := range want {
		var of [4]float32
		for r := range of {
			of[r] = simd.RoundBF16(value(r, i))
		}
		want[i] = simd.RoundBF16((of[0] + of[1]) + (of[2] + of[3]))
	}
	on(t, 4, func(g Group) error {
		s := Summer{BFloat16: true}
		for range 2 {
			x := make([]float32, n)
			for i := range x {
				x[i] = value(g.Rank(), i)
			}
			if err := s.Sum(g, x); err != nil {
				return err
			}
			if !slices.Equal(x, want) {
				return errors.New("another sum")
			}
		}
		return nil
	})
}

func TestGather(t *testing.T) {
	on(t, 3, func(g Group) error {
		all, err := Gather(g, bytes.Repeat([]byte{byte(g.Rank())}, 2*g.Rank()))
		if err != nil {
			return err
		}
		for r, b := range all {
			if !bytes.Equal(b, bytes.Repeat([]byte{byte(r)}, 2*r)) {
				return fmt.Errorf("of rank %d: %v", r, b)
			}
		}
		x, err := GatherFloat64(g, []float64{float64(g.Rank()), -1})
		if !slices.Equal(x, []float64{0, -1, 1, -1, 2, -1}) {
			return fmt.Errorf("numbers %v, %v", x, err)
		}
		if b, err := First(g, bytes.Repeat([]byte{7}, 5-2*g.Rank())); err != nil || !bytes.Equal(b, []byte{7, 7, 7, 7, 7}) {
			return fmt.Errorf("rank 0 has %v, %v", b, err)
		}
		y := []float32{float32(g.Rank()), 7}
		if err := BroadcastFloat32(g, y); err != nil || y[0] != 0 {
			return fmt.Errorf("broadcast %v, %v", y, err)
		}
		return nil
	})
}

// TestAgree: the first rank that has an error keeps it, the others have that one's.
func TestAgree(t *testing.T) {
	broken := errors.New("disk full")
	on(t, 3, func(g Group) error {
		if err := Agree(g, nil); err != nil {
			return err
		}
		var mine error
		if g.Rank() > 0 {
			mine = broken
		}
		err := Agree(g, mine)
		var here *Agreed
		var there *Elsewhere
		if g.Rank() == 1 && !(errors.As(err, &here) && errors.Is(err, broken)) || g.Rank() != 1 && !(errors.As(err, &there) && there.Rank == 1 && there.Error() == "rank 1 on goroutine 1: disk full") {
			return fmt.Errorf("%#v", err)
		}
		return nil
	})
	if err := Agree(One{}, broken); err != broken {
		t.Error(err)
	}
}

// TestAbort: a rank that ends lets the others go.
func TestAbort(t *testing.T) {
	groups := Loopback(2)
	go groups[1].Abort()
	if _, err := Gather(groups[0], []byte("here")); !errors.Is(err, ErrGone) {
		t.Error(err)
	}
}

func TestLaunched(t *testing.T) {
	for _, name := range []string{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "PMI_SIZE", "PMI_RANK", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "PMIX_RANK"} {
		t.Setenv(name, "")
	}
	set := func(of ...string) func() {
		for i := 0; i < len(of); i += 2 {
			t.Setenv(of[i], of[i+1])
		}
		return func() {
			for i := 0; i < len(of); i += 2 {
				t.Setenv(of[i], "")
			}
		}
	}
	for _, x := range []struct {
		env  []string
		want Launch
	}{
		{nil, Launch{Ranks: 1}},
		{[]string{"OMPI_COMM_WORLD_SIZE", "1", "OMPI_COMM_WORLD_RANK", "0"}, Launch{Ranks: 1}},
		{[]string{"OMPI_COMM_WORLD_SIZE", "4", "OMPI_COMM_WORLD_RANK", "3"}, Launch{4, 3, "mpirun of Open MPI", openMPI}},
		{[]string{"PMI_SIZE", "2", "PMI_RANK", "1"}, Launch{2, 1, "mpirun of MPICH", mpich}},
		{[]string{"SLURM_STEP_NUM_TASKS", "2", "SLURM_PROCID", "0"}, Launch{2, 0, "srun", ""}},
		{[]string{"SLURM_STEP_NUM_TASKS", "2", "SLURM_PROCID", "0", "PMIX_RANK", "0"}, Launch{2, 0, "srun", openMPI}},
		{[]string{"SLURM_STEP_NUM_TASKS", "2", "SLURM_PROCID", "0", "PMI_SIZE", "2", "PMI_RANK", "0"}, Launch{2, 0, "srun", mpich}},
		{[]string{"SLURM_STEP_NUM_TASKS", "many", "SLURM_PROCID", "0"}, Launch{Ranks: 1}},
	} {
		undo := set(x.env...)
		if got := Launched(); got != x.want {
			t.Errorf("%v: %+v", x.env, got)
		}
		undo()
	}
}
