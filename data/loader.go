package data

import (
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/tessera-go/tessera/tensor"
)

// Batch is decoded, augmented and normalised samples.
type Batch struct {
	X      *tensor.Tensor // [N H W 3]
	Labels []int32        // [N], -1 where there is none
	Index  []int          // [N], numbers in the source
}

// LoaderOptions of NewLoader.
type LoaderOptions struct {
	BatchSize int
	Frame     Framing   // of every picture, first; nil takes all of it
	Transform Transform // then; nil leaves it. The two make every picture the same size
	Norm      Norm
	Seed      uint64
	Ordered   bool    // in the source's order, not shuffled
	KeepLast  bool    // also the last batch, smaller than the others
	Workers   int     // that decode; 0 means 2
	MaxBad    float64 // how large a part of the samples may be broken; 0 means none
	// Bad is told of each broken sample, once; it may be called from several goroutines.
	Bad func(i int, err error)
}

// Loader makes batches of a source ahead of the consumer. At most Workers + 1 batches are in memory beside the consumer's.
type Loader struct {
	src Source
	o   LoaderOptions
	bad sync.Map // sample -> struct{}
	n   atomic.Int64
	err atomic.Pointer[error]
}

// NewLoader returns a loader.
func NewLoader(src Source, o LoaderOptions) *Loader {
	if o.Workers < 1 {
		o.Workers = 2
	}
	if o.BatchSize < 1 {
		panic("data.NewLoader: BatchSize must be at least 1")
	}
	return &Loader{src: src, o: o}
}

// Ahead returns how many batches may be in memory beside the consumer's.
func (l *Loader) Ahead() int { return l.o.Workers + 1 }

// Steps returns how many batches an epoch has.
func (l *Loader) Steps() int {
	if l.o.KeepLast {
		return (l.src.Len() + l.o.BatchSize - 1) / l.o.BatchSize
	}
	return l.src.Len() / l.o.BatchSize
}

// Order returns the numbers of the samples of an epoch in the order in which they come.
func (l *Loader) Order(epoch int) []int {
	if l.o.Ordered {
		p := make([]int, l.src.Len())
		for i := range p {
			p[i] = i
		}
		return p
	}
	return tensor.NewRNG(l.o.Seed).Derive(purposeOrder, uint64(epoch)).Perm(l.src.Len())
}

// Purposes keep the streams of randomness apart.
const (
	purposeOrder = iota + 1
	purposeAugment
)

// BadCount returns how many samples could not be read so far.
func (l *Loader) BadCount() int { return int(l.n.Load()) }

// Err returns why the last Epoch ended early, if it did.
func (l *Loader) Err() error {
	if e := l.err.Load(); e != nil {
		return *e
	}
	return nil
}

// ErrTooManyBad is what Err wraps when more samples are broken than MaxBad allows.
var ErrTooManyBad = errors.New("too many broken samples")

// Epoch yields the batches of an epoch from batch number from on. A broken sample is left out of its batch; a batch whose
// samples are all broken comes empty, with a nil X, so that a batch's number never depends on what was broken before it.
// When more are broken than MaxBad allows, the sequence ends and Err says why.
func (l *Loader) Epoch(epoch, from int) iter.Seq[*Batch] {
	return func(yield func(*Batch) bool) {
		order := l.Order(epoch)
		steps := l.Steps()
		type slot chan *Batch
		slots := make(chan slot, l.o.Workers) // in order
		stop := make(chan struct{})
		work := make(chan func())
		var wg sync.WaitGroup
		for range l.o.Workers {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for f := range work {
					f()
				}
			}()
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer close(slots)
			defer close(work)
			for b := from; b < steps; b++ {
				s := make(slot, 1)
				index := order[b*l.o.BatchSize : min((b+1)*l.o.BatchSize, len(order))]
				select {
				case slots <- s:
				case <-stop:
					return
				}
				select {
				case work <- func() { s <- l.batch(epoch, index) }:
				case <-stop:
					close(s)
					return
				}
			}
		}()
		defer wg.Wait()
		defer func() {
			close(stop)
			for s := range slots { // what was begun is finished, so that nobody waits for ever
				_ = s
			}
		}()
		for s := range slots {
			b, ok := <-s
			if !ok || l.Err() != nil {
				return
			}
			if !yield(b) {
				return
			}
		}
	}
}

// batch makes one batch; its X is nil if all its samples are broken.
func (l *Loader) batch(epoch int, index []int) *Batch {
	b := &Batch{}
	var images []*Image
	for _, i := range index {
		im, err := l.sample(epoch, i)
		if err == nil && len(images) > 0 && (im.H != images[0].H || im.W != images[0].W) {
			e := fmt.Errorf("samples of different size in a batch: %s is %dx%d, %s is %dx%d; a Resize or a crop makes them the same",
				l.src.Describe(b.Index[0]), images[0].W, images[0].H, l.src.Describe(i), im.W, im.H)
			l.err.CompareAndSwap(nil, &e)
			return b
		}
		if err != nil {
			l.broken(i, err)
			if l.Err() != nil {
				return b
			}
			continue
		}
		images = append(images, im)
		b.Index = append(b.Index, i)
		b.Labels = append(b.Labels, int32(l.src.Label(i)))
	}
	if len(images) == 0 {
		return b
	}
	h, w := images[0].H, images[0].W
	b.X = tensor.New(len(images), h, w, 3)
	for k, im := range images {
		l.o.Norm.Normalize(b.X.Data[k*h*w*3:(k+1)*h*w*3], im)
	}
	return b
}

func (l *Loader) sample(epoch, i int) (im *Image, err error) {
	rng := tensor.NewRNG(l.o.Seed).Derive(purposeAugment, uint64(epoch), uint64(i))
	if l.o.Frame != nil {
		im, err = ImageFrame(l.src, i, func(h, w int) Frame { return l.o.Frame(h, w, rng) })
	} else {
		im, err = l.src.Image(i)
	}
	if err == nil && l.o.Transform != nil {
		im = l.o.Transform(im, rng)
	}
	return im, err
}

func (l *Loader) broken(i int, err error) {
	if _, seen := l.bad.LoadOrStore(i, struct{}{}); seen {
		return
	}
	n := l.n.Add(1)
	if l.o.Bad != nil {
		l.o.Bad(i, err)
	}
	if float64(n) > l.o.MaxBad*float64(l.src.Len()) {
		e := fmt.Errorf("%w: %d of %d, more than %g %%; the last: %v", ErrTooManyBad, n, l.src.Len(), l.o.MaxBad*100, err)
		l.err.CompareAndSwap(nil, &e)
	}
}

// cached keeps decoded pictures, reduced, up to a number of bytes.
type cached struct {
	Source
	frame   Framing
	prepare Transform
	left    atomic.Int64
	pix     []atomic.Pointer[Image]
}

// Cache keeps the pictures of src in memory after frame and prepare (which must not draw randomness; either may be nil), up to
// limit bytes; what does not fit is read again each time. The result is the same either way.
func Cache(src Source, frame Framing, prepare Transform, limit int64) Source {
	c := &cached{Source: src, frame: frame, prepare: prepare, pix: make([]atomic.Pointer[Image], src.Len())}
	c.left.Store(limit)
	return c
}

func (c *cached) Image(i int) (im *Image, err error) {
	if im := c.pix[i].Load(); im != nil {
		return im, nil
	}
	if c.frame != nil {
		im, err = ImageFrame(c.Source, i, func(h, w int) Frame { return c.frame(h, w, nil) })
	} else {
		im, err = c.Source.Image(i)
	}
	if err != nil {
		return nil, err
	}
	if c.prepare != nil {
		im = c.prepare(im, nil)
	}
	if n := int64(len(im.Pix)); c.left.Add(-n) >= 0 {
		if !c.pix[i].CompareAndSwap(nil, im) {
			c.left.Add(n)
		}
	} else {
		c.left.Add(n)
	}
	return im, nil
}
