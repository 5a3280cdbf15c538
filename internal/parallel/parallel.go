// Package parallel runs the pieces of a computation on a fixed set of workers. The caller cuts its work by the shape
// of the problem alone; which worker takes which piece is left open, so pieces must not depend on each other. Then the
// result is the same bits for any number of workers.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// job is one call of For.
type job struct {
	f    func(i int)
	n    int64
	next atomic.Int64
	left sync.WaitGroup // workers that may still touch the job
	bad  atomic.Pointer[any]
}

func (j *job) run() {
	defer func() {
		if e := recover(); e != nil {
			j.bad.CompareAndSwap(nil, &e)
			j.next.Store(j.n)
		}
	}()
	for {
		i := j.next.Add(1) - 1
		if i >= j.n {
			return
		}
		j.f(int(i))
	}
}

// spin is how many times an idle worker looks for work before it sleeps: some tens of microseconds, longer than the
// gaps between the kernels of a training step, shorter than anything a person notices.
const spin = 2000

type pool struct {
	mu      sync.Mutex // held by the caller whose job runs
	current atomic.Pointer[job]
	seq     atomic.Int64 // counts jobs; a worker that saw seq knows whether there is a new one
	sleep   sync.Mutex
	wake    *sync.Cond
	stop    bool
	workers int
}

var (
	global atomic.Pointer[pool]
	setMu  sync.Mutex
)

func init() { SetWorkers(runtime.GOMAXPROCS(0)) }

// SetWorkers sets how many goroutines compute, the caller included; at least 1.
func SetWorkers(n int) {
	setMu.Lock()
	defer setMu.Unlock()
	p := &pool{workers: max(n, 1)}
	p.wake = sync.NewCond(&p.sleep)
	for range p.workers - 1 {
		go p.work()
	}
	if old := global.Swap(p); old != nil {
		old.mu.Lock() // wait for its job
		old.sleep.Lock()
		old.stop = true
		old.wake.Broadcast()
		old.sleep.Unlock()
		old.mu.Unlock()
	}
}

// Workers returns how many goroutines compute.
func Workers() int { return global.Load().workers }

func (p *pool) work() {
	seen := int64(0)
	for {
		for range spin {
			if p.seq.Load() != seen {
				break
			}
			runtime.Gosched()
		}
		if p.seq.Load() == seen {
			p.sleep.Lock()
			for p.seq.Load() == seen && !p.stop {
				p.wake.Wait()
			}
			stop := p.stop
			p.sleep.Unlock()
			if stop {
				return
			}
		}
		p.sleep.Lock()
		seen = p.seq.Load()
		j := p.current.Load()
		if j != nil {
			j.left.Add(1)
		}
		p.sleep.Unlock()
		if j != nil {
			j.run()
			j.left.Done()
		}
	}
}

// For calls f(i) for i in [0, n), on all workers, and returns when all calls have. Calls within calls, and calls while
// another goroutine's For runs, are made by the caller alone. A panic in f reaches the caller.
func For(n int, f func(i int)) {
	p := global.Load()
	if n <= 1 || p.workers == 1 || !p.mu.TryLock() {
		for i := range n {
			f(i)
		}
		return
	}
	j := &job{f: f, n: int64(n)}
	p.sleep.Lock()
	p.current.Store(j)
	p.seq.Add(1)
	p.wake.Broadcast()
	p.sleep.Unlock()
	j.run()
	p.sleep.Lock()
	p.current.Store(nil) // nobody joins any more
	p.sleep.Unlock()
	j.left.Wait()
	p.mu.Unlock()
	if e := j.bad.Load(); e != nil {
		panic(*e)
	}
}

// Chunks cuts [0, n) into pieces of size (the last may be shorter) and calls f(lo, hi) for each, on all workers.
func Chunks(n, size int, f func(lo, hi int)) {
	size = max(size, 1)
	if n <= size {
		if n > 0 {
			f(0, n)
		}
		return
	}
	For((n+size-1)/size, func(i int) { f(i*size, min(n, (i+1)*size)) })
}
