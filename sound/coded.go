package sound

import (
	"cmp"
	"fmt"
	"sync"
)

// coded is a source of blocks, each decoded from a beginning on: FLAC, MP3, Vorbis, ffmpeg's.
type coded struct {
	channels int
	// begin returns a decoder that stands at value from or before it.
	begin func(from int64) (decoder, error)
	// cost is how many values are decoded in vain rather than that another decoder begins.
	cost   int64
	idling int // how many decoders wait for a window that goes on where theirs ended; 0 means 2, less than 0 none
	file   file

	mu   sync.Mutex
	idle []*cursor
}

// decoder decodes values one block after the other. What it gives is the same wherever it began.
type decoder interface {
	// next returns the next values of all channels, interleaved, which are its own until it is called again, and the number of the first. It gives some, or an error.
	next() (v []float32, at int64, err error)
	close()
}

// cursor is a decoder and what is left of its last block.
type cursor struct {
	d    decoder
	at   int64 // of rest[0]
	rest []float32
}

// take returns a decoder that stands before from, and not far.
func (c *coded) take(from int64) (*cursor, error) {
	c.mu.Lock()
	best := -1
	for i, k := range c.idle {
		if k.at <= from && from-k.at <= c.cost && (best < 0 || k.at > c.idle[best].at) {
			best = i
		}
	}
	if best >= 0 {
		k := c.idle[best]
		c.idle = append(c.idle[:best], c.idle[best+1:]...)
		c.mu.Unlock()
		return k, nil
	}
	c.mu.Unlock()
	d, err := c.begin(from)
	if err != nil {
		return nil, err
	}
	k := &cursor{d: d}
	return k, k.more()
}

// more takes the next block.
func (k *cursor) more() (err error) {
	if k.rest, k.at, err = k.d.next(); err != nil {
		k.d.close()
	}
	return err
}

// give keeps a decoder for later.
func (c *coded) give(k *cursor) {
	c.mu.Lock()
	c.idle = append(c.idle, k)
	var old *cursor
	if len(c.idle) > max(0, cmp.Or(c.idling, 2)) {
		old = c.idle[0]
		c.idle = append(c.idle[:0], c.idle[1:]...)
	}
	c.mu.Unlock()
	if old != nil {
		old.d.close()
	}
}

func (c *coded) read(dst []float32, from int64) error {
	k, err := c.take(from)
	if err != nil {
		return err
	}
	for {
		if k.at > from {
			k.d.close()
			return fmt.Errorf("value %d is not where the index has it", from)
		}
		if skip := (from - k.at) * int64(c.channels); skip < int64(len(k.rest)) {
			n := copy(dst, k.rest[skip:])
			dst = dst[n:]
			values := (skip + int64(n)) / int64(c.channels)
			k.rest, k.at = k.rest[skip+int64(n):], k.at+values
			from += int64(n / c.channels)
		}
		if len(dst) == 0 {
			c.give(k)
			return nil
		}
		if err := k.more(); err != nil {
			return err
		}
	}
}

func (c *coded) close() error {
	c.mu.Lock()
	for _, k := range c.idle {
		k.d.close()
	}
	c.idle = nil
	c.mu.Unlock()
	if c.file == nil {
		return nil
	}
	return c.file.Close()
}
