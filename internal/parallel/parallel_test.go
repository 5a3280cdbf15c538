package parallel

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestFor(t *testing.T) {
	defer SetWorkers(Workers())
	for _, w := range []int{1, 2, 3, 8} {
		SetWorkers(w)
		for n := range 50 {
			hit := make([]atomic.Int32, n)
			For(n, func(i int) { hit[i].Add(1) })
			for i := range hit {
				if hit[i].Load() != 1 {
					t.Fatalf("%d workers, n=%d: piece %d ran %d times", w, n, i, hit[i].Load())
				}
			}
		}
	}
}

func TestForNestedAndConcurrent(t *testing.T) {
	defer SetWorkers(Workers())
	SetWorkers(4)
	var total atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 100 {
				For(7, func(int) { For(5, func(int) { total.Add(1) }) })
			}
		}()
	}
	wg.Wait()
	if total.Load() != 4*100*35 {
		t.Fatalf("%d pieces ran, want %d", total.Load(), 4*100*35)
	}
}

func TestForPanic(t *testing.T) {
	defer SetWorkers(Workers())
	SetWorkers(3)
	for range 20 {
		func() {
			defer func() {
				if recover() != "boom" {
					t.Error("the panic did not reach the caller")
				}
			}()
			For(100, func(i int) {
				if i == 50 {
					panic("boom")
				}
			})
		}()
	}
	n := atomic.Int32{}
	For(10, func(int) { n.Add(1) })
	if n.Load() != 10 {
		t.Error("the pool does not work after a panic")
	}
}

func TestChunks(t *testing.T) {
	var sum atomic.Int64
	Chunks(103, 10, func(lo, hi int) { sum.Add(int64(hi - lo)) })
	if sum.Load() != 103 {
		t.Errorf("the chunks cover %d of 103", sum.Load())
	}
	for _, c := range []struct {
		n, size int
		want    string
	}{
		{0, 4, "[]"}, {1, 4, "[[0 1]]"}, {4, 4, "[[0 4]]"}, {5, 4, "[[0 4] [4 5]]"}, {7, 4, "[[0 4] [4 7]]"}, {8, 4, "[[0 4] [4 8]]"},
		{9, 4, "[[0 4] [4 8] [8 9]]"}, {3, 1, "[[0 1] [1 2] [2 3]]"}, {2, 0, "[[0 1] [1 2]]"}, {2, -3, "[[0 1] [1 2]]"}, {0, 0, "[]"}, {-1, 4, "[]"},
	} {
		var mu sync.Mutex
		got := [][2]int{}
		Chunks(c.n, c.size, func(lo, hi int) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, [2]int{lo, hi})
		})
		slices.SortFunc(got, func(a, b [2]int) int { return a[0] - b[0] })
		if fmt.Sprint(got) != c.want {
			t.Errorf("%d in pieces of %d: %v, want %s", c.n, c.size, got, c.want)
		}
	}
}

// TestAllWorkersRun: as many pieces run at once as there are workers, and no more.
func TestAllWorkersRun(t *testing.T) {
	defer SetWorkers(Workers())
	for _, w := range []int{1, 2, 5} {
		SetWorkers(w)
		var in, most atomic.Int64
		met := make(chan struct{})
		var once sync.Once
		For(3*w, func(int) {
			k := in.Add(1)
			defer in.Add(-1)
			for m := most.Load(); k > m && !most.CompareAndSwap(m, k); m = most.Load() {
			}
			if k == int64(w) {
				time.Sleep(20 * time.Millisecond) // so that one too many would come in
				once.Do(func() { close(met) })
			}
			select {
			case <-met:
			case <-time.After(5 * time.Second):
				once.Do(func() { close(met) })
			}
		})
		if most.Load() != int64(w) {
			t.Errorf("%d pieces ran at once on %d workers", most.Load(), w)
		}
	}
}

// workers counts the goroutines that wait for work, and those of them that sleep.
func workers() (all, asleep int) {
	stacks := make([]byte, 1<<20)
	for s := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		if strings.Contains(s, "(*pool).work") {
			all++
			if strings.Contains(s, "[sync.Cond.Wait") {
				asleep++
			}
		}
	}
	return all, asleep
}

// TestIdle: workers without work sleep, those of an earlier pool end, and a pool that slept works again.
func TestIdle(t *testing.T) {
	defer SetWorkers(Workers())
	for _, w := range []int{4, 1, 3} {
		SetWorkers(w)
		For(50, func(int) {})
		all, asleep := workers()
		for began := time.Now(); (all != w-1 || asleep != w-1) && time.Since(began) < 10*time.Second; all, asleep = workers() {
			time.Sleep(time.Millisecond)
		}
		if all != w-1 || asleep != w-1 {
			t.Fatalf("%d goroutines work for %d, %d of them sleep", all, w, asleep)
		}
		var n atomic.Int64
		For(50, func(int) { n.Add(1) })
		if n.Load() != 50 {
			t.Errorf("%d of 50 pieces ran after a sleep", n.Load())
		}
	}
}

func BenchmarkFor(b *testing.B) {
	for b.Loop() {
		For(16, func(int) {})
	}
}
