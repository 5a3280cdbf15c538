package cluster

import "sync"

// Background sums over ranks while this rank computes. Sums begin in one order on all ranks, as a Group's calls do; several are under way at once, so that one's values move
// while another's are added up. The group's own calls may go on meanwhile.
type Background struct {
	lanes []*lane
	began int // sums
	going sync.WaitGroup
	mu    sync.Mutex
	err   error
}

// lane makes sums one after the other.
type lane struct {
	group Group
	sums  chan [][]float32
	Summer
}

// lanes is how many sums are under way at once; most how many may wait on each, so that whoever begins one never does: another rank may begin it only after a call of the group.
const (
	lanes = 2
	most  = 1 << 12
)

// NewBackground returns sums over g's ranks, of BFloat16 or not as Summer says. All ranks make one.
func NewBackground(g Group, bfloat16 bool) (*Background, error) {
	b := &Background{}
	for range lanes {
		beside, err := g.Beside()
		if err != nil {
			return nil, err
		}
		l := &lane{group: beside, sums: make(chan [][]float32, most), Summer: Summer{BFloat16: bfloat16}}
		b.lanes = append(b.lanes, l)
		go b.work(l)
	}
	return b, nil
}

func (b *Background) work(l *lane) {
	for xs := range l.sums {
		if b.failed() == nil {
			if err := l.SumAll(l.group, xs); err != nil {
				b.mu.Lock()
				b.err = err
				b.mu.Unlock()
			}
		}
		b.going.Done()
	}
}

func (b *Background) failed() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// Sum begins to set xs, on every rank, to the sums of all ranks' xs, in the order of Tree. Nobody else uses xs until Wait has returned.
func (b *Background) Sum(xs [][]float32) {
	l := b.lanes[b.began%len(b.lanes)]
	b.began++
	b.going.Add(1)
	l.sums <- xs
}

// Wait returns once all sums that were begun are there.
func (b *Background) Wait() error {
	if g, ok := b.lanes[0].group.(waiter); ok { // whoever moves the values may have all of the rank's time
		g.waits(1)
		defer g.waits(-1)
	}
	b.going.Wait()
	return b.failed()
}

// Close ends what makes sums, without a wait for those that are under way.
func (b *Background) Close() {
	for _, l := range b.lanes {
		close(l.sums)
	}
}
