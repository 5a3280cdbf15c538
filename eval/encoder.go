package eval

import (
	"context"
	"fmt"
	"image"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// Encoder turns samples into features at named depths.
type Encoder interface {
	// Name says whose features they are: pretext, random, supervised, pixels, a file's name.
	Name() string
	// Depths names the depths that Encode returns, the shallowest first.
	Depths() []string
	// Settings are what a score must say about how samples of such inputs were seen, such as side and norm.
	Settings(in data.Inputs) map[string]any
	// Encode returns the features of each depth, the samples in their order; those that cannot be read are left out.
	Encode(ctx context.Context, in data.Inputs, o Options) ([]Features, error)
}

// Features are what an encoder makes of samples at one depth. What is known about the samples is not among them.
type Features struct {
	Name     string         // of the depth
	Depth    int            // 1 for the first stage of a network; 0 for what is no network
	Pooled   *tensor.Tensor // [N C], averages over all positions: for neighbours
	Grid     *tensor.Tensor // [N D], averages over the cells of a grid, about 1024 values: for probes; may be Pooled itself
	GridSide int            // cells along a side; 0 where there is no grid
	Index    []int          // [N], the numbers of the samples
}

// Options of Encode and Judge. The zero value will do, and allows no broken sample.
type Options struct {
	BatchSize int                                // 0 means 128
	Workers   int                                // that read samples; 0 means as many as compute (tensor.Threads), two at least
	Last      bool                               // only the deepest features
	MaxBad    float64                            // how large a part of the samples may be broken; 0 means none, any other part at least one
	Bad       func(i int, err error)             // is told of each broken sample; it may be called from several goroutines
	Progress  func(done, total int, what string) // is told of samples encoded; what says of whom, and of which set

	// What only Judge reads.
	CacheBytes int64                                       // of decoded pictures that are kept for the next encoder; 0 means 2 GiB, below 0 none
	Scored     func(Score)                                 // is told of each score as soon as it is there
	Encoded    func(e Encoder, train, test []Sample) error // is handed an encoder's features after they were judged
	Drawn      func(e Encoder, d Drawing) error            // is handed what a protocol drew of an encoder's answers; nil where nobody looks
	Learned    func(e Encoder, l Learned) error            // is handed a network that a protocol let learn; nil where nobody keeps it
	// MostUpdates is how many updates Descend makes at most (networks that are tuned, heads on maps, detectors; not probes), however long a protocol says; its rate then falls over these. 0 means no bound.
	MostUpdates int
	// Own are settings of encoders, such as norm, that are each net's own: they do not tell scores apart that are to stand side by side.
	Own    []string
	InBoth *int             // how many test samples are training samples too, where that was counted (CountInBoth); nil counts
	shared shared           // what Judge found of recordings in both
	Say    func(msg string) // is told what a person should know of the data, such as test samples that are training samples too
}

// TooMany returns an error, data.ErrTooManyBad, where so many broken ones of n samples are more than MaxBad allows; last is what the last one lacks.
func (o Options) TooMany(bad, n int, last error) error {
	if allowed := o.MaxBad * float64(n); bad > 0 && (allowed == 0 || float64(bad) > max(allowed, 1)) {
		return fmt.Errorf("%w: %d of %d, more than the %g %% that max-bad allows; the last: %v", data.ErrTooManyBad, bad, n, o.MaxBad*100, last)
	}
	return nil
}

// Drawing is a picture of what a protocol found, such as boxes or normals beside the truth.
type Drawing struct {
	Name         string // of the file, such as detect-found
	Title, About string // for a person: what it is, and how to read it
	Image        image.Image
}

// Learned is a network that a protocol let learn on a trunk.
type Learned struct {
	Name  string          // of the file, such as detect
	Net   layers.Stateful // all of it, the trunk too
	About map[string]string
	Tuned *Tuned // of one that says classes, how it learned them; nil of others
}

// checkSome says so where there is nothing to encode.
func checkSome(f []Features, in data.Inputs) error {
	for _, x := range f {
		if len(x.Index) == 0 {
			return fmt.Errorf("none of the %d samples could be read", in.Samples().Len())
		}
	}
	return nil
}

// kept returns those of n depths that are asked for: all, or the last.
func (o Options) kept(n int) (from int) {
	if o.Last {
		return n - 1
	}
	return 0
}
