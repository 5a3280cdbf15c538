package cluster

import (
	"errors"
	"fmt"
	"sync"
)

// Loopback returns a group of n ranks in this process, for a goroutine each: for tests, and to learn from.
func Loopback(n int) []Group {
	l := newLoopback(n)
	out := make([]Group, n)
	for i := range out {
		out[i] = &loop{loopback: l, rank: i}
	}
	return out
}

func newLoopback(n int) *loopback {
	l := &loopback{parts: make([][]byte, n)}
	l.turn = sync.NewCond(&l.mu)
	return l
}

// loopback is where ranks meet: each leaves what it has, and waits for the others.
type loopback struct {
	mu      sync.Mutex
	turn    *sync.Cond
	parts   [][]byte
	arrived int
	meeting int
	gone    error
	beside  []*loopback
}

type loop struct {
	*loopback
	rank   int
	beside int // calls of Beside so far
}

// ErrGone is what the others get after a rank's Abort.
var ErrGone = errors.New("a rank has ended")

// meet calls take with what every rank has left, and returns once all have taken.
func (l *loop) meet(b []byte, take func(parts [][]byte)) error {
	l.mu.Lock()
	l.parts[l.rank] = b
	err := l.wait()
	parts := l.parts
	l.mu.Unlock()
	if err != nil {
		return err
	}
	even := true
	for _, p := range parts {
		even = even && len(p) == len(b)
	}
	if even {
		take(parts)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.wait(); err != nil || even {
		return err
	}
	return ErrUneven
}

// wait returns when all ranks have called it as often.
func (l *loop) wait() error {
	meeting := l.meeting
	if l.arrived++; l.arrived == len(l.parts) {
		l.arrived = 0
		l.meeting++
		l.turn.Broadcast()
	}
	for l.meeting == meeting {
		if l.gone != nil {
			return l.gone
		}
		l.turn.Wait()
	}
	return nil
}

func (l *loop) Rank() int         { return l.rank }
func (l *loop) Size() int         { return len(l.parts) }
func (l *loop) Host(r int) string { return fmt.Sprintf("goroutine %d", r) }

// ErrUneven is what ranks get that do not make the same call: MPI ends there, or gives them anything.
var ErrUneven = errors.New("ranks have slices of different lengths")

func (l *loop) AllGather(dst, src []byte) error {
	return l.meet(src, func(parts [][]byte) {
		for r, p := range parts {
			copy(dst[r*len(src):], p)
		}
	})
}

func (l *loop) AllToAll(dst, src []byte) error {
	n := len(src) / l.Size()
	return l.meet(src, func(parts [][]byte) {
		for r, p := range parts {
			copy(dst[r*n:], p[l.rank*n:][:n])
		}
	})
}

func (l *loop) Broadcast(b []byte) error {
	return l.meet(b, func(parts [][]byte) {
		if l.rank != 0 {
			copy(b, parts[0])
		}
	})
}

func (l *loop) Beside() (Group, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.beside == len(l.loopback.beside) {
		l.loopback.beside = append(l.loopback.beside, newLoopback(l.Size()))
		l.loopback.beside[l.beside].gone = l.gone
	}
	l.beside++
	return &loop{loopback: l.loopback.beside[l.beside-1], rank: l.rank}, nil
}

// Abort has the others' calls return ErrGone.
func (l *loopback) Abort() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = ErrGone
	l.turn.Broadcast()
	for _, b := range l.beside {
		b.Abort()
	}
}

func (l *loop) Close() error { return nil }
