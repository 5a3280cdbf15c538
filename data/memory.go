package data

import (
	"runtime"
	"sync"
)

// maxDecode is how many bytes pictures that are being decoded may take at once, all workers together, as reckoned from their headers.
const maxDecode = 1 << 30 * 3 / 2

const (
	smallDecode = 16 << 20  // what takes less is not reckoned: there are as many as workers
	largeDecode = 128 << 20 // what takes more is collected when it is done, lest the next begins beside it
)

// decoding counts the memory of pictures that are being decoded.
type decoding struct {
	mu   sync.Mutex
	free sync.Cond
	used int64
}

var working = newDecoding()

func newDecoding() *decoding {
	d := &decoding{}
	d.free.L = &d.mu
	return d
}

// enter waits until there is room for a picture, at most maxDecode, and returns what gives the room back.
func (d *decoding) enter(cost int64) (leave func()) {
	if cost < smallDecode {
		return func() {}
	}
	d.mu.Lock()
	for d.used > 0 && d.used+cost > maxDecode {
		d.free.Wait()
	}
	d.used += cost
	d.mu.Unlock()
	return func() {
		if cost >= largeDecode {
			runtime.GC()
		}
		d.mu.Lock()
		d.used -= cost
		d.mu.Unlock()
		d.free.Broadcast()
	}
}
