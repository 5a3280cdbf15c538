package data

import (
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/tensor"
)

// Maker makes the samples of a batch: a task's views, or what a protocol looks at. Its methods are called by several goroutines
// at once.
type Maker[B any] interface {
	// New returns a batch with room for n samples. It will be filled again and again.
	New(n int) *B
	// Fill makes row row of b from sample i. All that it draws comes from rng, whose stream belongs to the seed, the epoch and the
	// sample; it must set all of the row, for the row holds what an earlier batch left. An error concerns the sample alone.
	Fill(b *B, row, i int, rng *tensor.RNG) error
}

// LoaderOptions of NewLoader.
type LoaderOptions struct {
	BatchSize int // samples in a batch, at least 1
	Update    int // batches that an update accumulates; 0 means 1. The loader is the same: tasks that take turns do so by updates
	Share     Share
	Seed      uint64
	Ordered   bool    // in the source's order, not shuffled; a broken sample is not replaced, its row is left as it is
	KeepLast  bool    // also the last batch, smaller than the others
	Workers   int     // that fill; 0 means 2
	MaxBad    float64 // how large a part of the samples may be broken; 0 means none, any other part at least one
	// Bad is told of each broken sample, once; it may be called from several goroutines.
	Bad func(i int, err error)
}

// Whole returns how many samples are in a batch of which the loader's are shards.
func (o LoaderOptions) Whole() int { return o.BatchSize * max(o.Share.Of, 1) }

// Share is which batches a process makes, where the batches of an update are shared out among several: of every Of in a row Count from number First on. It has
// all Count at once: their memory is used again when the first of the next update is asked for. Of 0 is all of them, one after the other.
type Share struct{ Of, First, Count int }

// Whole returns how many of so many batches are in whole rows of Of.
func (s Share) Whole(batches int) int { return batches - batches%max(s.Of, 1) }

// Has tells whether the process makes a batch.
func (s Share) Has(batch int) bool {
	return s.Of == 0 || batch%s.Of >= s.First && batch%s.Of < s.First+s.Count
}

// CheckMaxBad refuses what is no part of the samples.
func CheckMaxBad(part float64) error {
	if !(part >= 0 && part <= 1) {
		return fmt.Errorf("%g: want a part between 0 and 1", part)
	}
	return nil
}

// Loader makes batches of numbered samples ahead of the consumer, in memory that is used again. A batch is a pure function of
// seed, epoch and number: neither the number of workers, nor where an epoch is entered, nor what is broken elsewhere changes it.
// Batches are full: another sample, drawn from a stream of its own, stands in for a broken one.
type Loader[B any] struct {
	n     int
	maker Maker[B]
	o     LoaderOptions
	bad   sync.Map // sample -> struct{}
	count atomic.Int64
	err   atomic.Pointer[error]

	mu   sync.Mutex
	free []*B // batches of BatchSize, to be filled again
}

// NewLoader returns a loader of n samples.
func NewLoader[B any](n int, m Maker[B], o LoaderOptions) *Loader[B] {
	if o.Workers < 1 {
		o.Workers = 2
	}
	if o.BatchSize < 1 {
		panic("data.NewLoader: BatchSize must be at least 1")
	}
	return &Loader[B]{n: n, maker: m, o: o}
}

// Options returns the loader's options.
func (l *Loader[B]) Options() LoaderOptions { return l.o }

// aheadOf is how many batches are filled while the consumer has one.
const aheadOf = 2

// Ahead returns how many batches may be in memory beside the consumer's.
func (l *Loader[B]) Ahead() int { return aheadOf*l.held() + l.held() - 1 }

// held returns how many batches the consumer has at once.
func (l *Loader[B]) held() int { return max(1, l.o.Share.Count) }

// Steps returns how many batches an epoch has.
func (l *Loader[B]) Steps() int {
	if l.o.KeepLast {
		return (l.n + l.o.BatchSize - 1) / l.o.BatchSize
	}
	return l.n / l.o.BatchSize
}

// Order returns the numbers of the samples of an epoch in the order in which they come.
func (l *Loader[B]) Order(epoch int) []int {
	if l.o.Ordered {
		p := make([]int, l.n)
		for i := range p {
			p[i] = i
		}
		return p
	}
	return tensor.NewRNG(l.o.Seed).Derive(stream.Order, uint64(epoch)).Perm(l.n)
}

// BadCount returns how many samples could not be read so far.
func (l *Loader[B]) BadCount() int { return int(l.count.Load()) }

// Broken returns which samples could not be read so far, in no order.
func (l *Loader[B]) Broken() (out []int) {
	l.bad.Range(func(i, _ any) bool {
		out = append(out, i.(int))
		return true
	})
	return out
}

// Err returns why the last Epoch ended early, if it did.
func (l *Loader[B]) Err() error {
	if e := l.err.Load(); e != nil {
		return *e
	}
	return nil
}

// ErrTooManyBad is what Err wraps when more samples are broken than MaxBad allows.
var ErrTooManyBad = errors.New("too many broken samples")

// filling is a batch on its way.
type filling[B any] struct {
	b    *B
	n    int          // rows
	left atomic.Int64 // of them not filled yet
	done chan struct{}
}

// Epoch yields the batches of an epoch from batch number from on, of a Share those in it. A batch is the consumer's until it asks for the next one, or
// for that behind its Share: then its memory is filled again. When more samples are broken than MaxBad allows, the sequence ends and Err says why.
func (l *Loader[B]) Epoch(epoch, from int) iter.Seq[*B] {
	return func(yield func(*B) bool) {
		order := l.Order(epoch)
		most := l.Ahead() + 1
		queue := make(chan *filling[B], most) // in order
		room := make(chan struct{}, most)     // a token for each batch in memory, the consumer's too
		rows := make(chan func())
		stop := make(chan struct{})
		var workers, feeder sync.WaitGroup
		var mine []*filling[B] // the consumer's
		defer func() {         // whatever ended the epoch, its memory serves the next one
			for _, f := range mine {
				l.give(f)
			}
			for f := range queue {
				l.give(f)
			}
		}()
		for range l.o.Workers {
			workers.Add(1)
			go func() {
				defer workers.Done()
				for f := range rows {
					f()
				}
			}()
		}
		feeder.Add(1)
		go func() {
			defer feeder.Done()
			defer close(queue)
			defer close(rows)
			for b := from; b < l.Steps(); b++ {
				if !l.o.Share.Has(b) {
					continue
				}
				select {
				case room <- struct{}{}:
				case <-stop:
					return
				}
				index := order[b*l.o.BatchSize : min((b+1)*l.o.BatchSize, len(order))]
				f := &filling[B]{b: l.take(len(index)), n: len(index), done: make(chan struct{})}
				f.left.Store(int64(len(index)))
				queue <- f
				if !l.send(f, epoch, index, rows, stop) {
					return
				}
			}
		}()
		defer workers.Wait() // nothing of this epoch is read or written any more
		defer feeder.Wait()
		defer close(stop)
		for f := range queue {
			mine = append(mine, f)
			<-f.done
			if l.Err() != nil || !yield(f.b) {
				return
			}
			if len(mine) < l.held() {
				continue
			}
			for _, f := range mine {
				l.give(f)
				<-room
			}
			mine = mine[:0]
		}
	}
}

// pieceRows is how many rows a worker fills at once.
const pieceRows = 4

// send hands a batch's rows to the workers; false when the consumer has gone.
func (l *Loader[B]) send(f *filling[B], epoch int, index []int, rows chan<- func(), stop <-chan struct{}) bool {
	for lo := 0; lo < len(index); lo += pieceRows {
		hi := min(lo+pieceRows, len(index))
		piece := func() {
			for row := lo; row < hi; row++ {
				if l.Err() == nil {
					l.fill(f.b, row, epoch, index[row])
				}
			}
			if f.left.Add(int64(lo-hi)) == 0 {
				close(f.done)
			}
		}
		select {
		case rows <- piece:
		case <-stop:
			return false
		}
	}
	return true
}

// give takes a batch back, to be filled again.
func (l *Loader[B]) give(f *filling[B]) {
	if f.n == l.o.BatchSize {
		l.mu.Lock()
		l.free = append(l.free, f.b)
		l.mu.Unlock()
	}
}

// take returns a batch of n samples.
func (l *Loader[B]) take(n int) *B {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k := len(l.free); k > 0 && n == l.o.BatchSize {
		b := l.free[k-1]
		l.free = l.free[:k-1]
		return b
	}
	return l.maker.New(n)
}

// tries is how many samples in a row may be broken before a row is given up.
const tries = 100

// fill makes one row. Attempt 0 is the sample itself; what stands in for it is drawn from a stream of its own.
func (l *Loader[B]) fill(b *B, row, epoch, i int) {
	seed := tensor.NewRNG(l.o.Seed)
	rng := seed.Derive(stream.Sample, uint64(epoch), uint64(i))
	err := l.try(b, row, i, rng)
	if err == nil {
		return
	}
	l.broken(i, err)
	if l.o.Ordered {
		return
	}
	draw := seed.Derive(stream.Replace, uint64(epoch), uint64(i))
	for attempt := range uint64(tries) {
		if l.Err() != nil {
			return
		}
		j := draw.IntN(l.n)
		if err = l.try(b, row, j, rng.Derive(attempt+1)); err == nil {
			return
		}
		l.broken(j, err)
	}
	l.fail(fmt.Errorf("%w: %d samples drawn one after the other are broken; the last: %v", ErrTooManyBad, tries, err))
}

// try fills a row. A panic about shapes says that the maker and the data do not fit: it ends the epoch as an error.
func (l *Loader[B]) try(b *B, row, i int, rng *tensor.RNG) (err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *tensor.ShapeError:
			l.fail(fmt.Errorf("making a view: %w", e))
		default:
			panic(e)
		}
	}()
	return l.maker.Fill(b, row, i, rng)
}

func (l *Loader[B]) fail(err error) { l.err.CompareAndSwap(nil, &err) }

func (l *Loader[B]) broken(i int, err error) {
	if _, seen := l.bad.LoadOrStore(i, struct{}{}); seen {
		return
	}
	n := l.count.Add(1)
	if l.o.Bad != nil {
		l.o.Bad(i, err)
	}
	if e := CheckBad(int(n), l.n, l.o.MaxBad); e != nil {
		l.fail(fmt.Errorf("%w; the last: %v", e, err))
	}
}

// CheckBad says that more of so many samples are broken than maxBad allows: see LoaderOptions.
func CheckBad(n, of int, maxBad float64) error {
	if allowed := maxBad * float64(of); n == 0 || allowed > 0 && float64(n) <= max(allowed, 1) {
		return nil
	}
	return fmt.Errorf("%w: %d of %d, more than the %g %% that max-bad allows", ErrTooManyBad, n, of, maxBad*100)
}
