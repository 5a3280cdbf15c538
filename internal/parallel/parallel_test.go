package parallel

import (
	"sync"
	"sync/atomic"
	"testing"
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
}

func BenchmarkFor(b *testing.B) {
	for b.Loop() {
		For(16, func(int) {})
	}
}
