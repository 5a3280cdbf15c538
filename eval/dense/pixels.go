package dense

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
)

// pixels is what is predicted of each pixel of a view. A truth is so many values a pixel, row by row.
type pixels interface {
	name() string             // of the protocol
	noun() string             // of what is known of a pixel
	settings() map[string]any // beside those of the learning
	// truth returns what is known of sample i of a data set, [h w values] or [h w].
	truth(d *data.Dataset, i int) (*tensor.Tensor, error)
	known(truth []float32) bool // of any pixel
	// begin looks at the training samples' truths, side by side pixels each, and returns how many values a head is to make of a position.
	begin(all [][]float32, seed uint64) (channels int, err error)
	// prior returns what is known without looking, as a head would say it: side by side pixels, channels values each, of n truths, the training samples' and their mirrors'. at makes
	// truth i, to be read alone; several goroutines may call it at once.
	prior(n int, at func(i int) []float32) []float32
	// turn changes what else than its place changes in a mirror.
	turn(truth []float32)
	// loss returns the loss of what a head says, y [N H W channels], beside truths of as many pixels.
	loss(truth []float32) func(y *autograd.Var) *autograd.Var
	// predict returns what a head's values y [P channels] say, as a truth.
	predict(y []float32) []float32
	// trivial returns what is predicted without looking, side by side pixels as a truth, and what that is called.
	trivial() (truth []float32, called string)
	sums(got, truth []float32) []float64
	measures() []metric.Measure
	parts(measure string, sums []float64) []eval.Part // of a measure's value; nil where there are none
	// colours returns x, a truth or what was predicted of it, as RGB, on the truth's scale.
	colours(x, truth []float32) []uint8
	about() (title, colours string) // for a person
	legend(shown [][]float32) []entry
}

// entry is a line of a legend.
type entry struct {
	colour [3]uint8
	text   string
}

// values is how many values of a truth a pixel has.
func values(truth []float32, side int) int { return len(truth) / (side * side) }

// errUnknown is of a sample of which nothing is known.
var errUnknown = errors.New("nothing is known of any pixel that is seen")

// seen returns what is known of sample i where it is seen, side by side pixels.
func seen(p pixels, d *data.Dataset, i, side int) ([]float32, error) {
	x, err := p.truth(d, i)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Describe(i), err)
	}
	h, w, err := d.Truth.Sizes.Size(i)
	if err != nil {
		return nil, err
	}
	if x.Dim(0) != h || x.Dim(1) != w {
		return nil, fmt.Errorf("%s: the %s known of it is of %dx%d pixels, the picture has %dx%d", d.Describe(i), p.noun(), x.Dim(1), x.Dim(0), w, h)
	}
	n := x.Len() / (h * w)
	out := make([]float32, 0, side*side*n)
	for _, from := range data.PlainSource(h, w, side) {
		out = append(out, x.Data[from*n:(from+1)*n]...)
	}
	if !p.known(out) {
		return nil, errUnknown
	}
	return out, nil
}

// truths returns what is known of the samples that something is known of, and their numbers; what is left out is said.
func truths(ctx context.Context, p pixels, d *data.Dataset, side int, o eval.Options) (all [][]float32, index []int, err error) {
	const block = 64
	unknown, bad := 0, 0
	var last error
	for first := 0; first < d.Len(); first += block {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		n := min(block, d.Len()-first)
		some, errs := make([][]float32, n), make([]error, n)
		parallel.For(n, func(k int) { some[k], errs[k] = seen(p, d, first+k, side) })
		for k, err := range errs {
			switch {
			case errors.Is(err, errUnknown):
				unknown++
			case err != nil:
				bad, last = bad+1, err
				if o.Bad != nil {
					o.Bad(first+k, err)
				}
				if err := o.TooMany(bad, d.Len(), last); err != nil {
					return nil, nil, err
				}
			default:
				all, index = append(all, some[k]), append(index, first+k)
			}
		}
		if o.Progress != nil {
			o.Progress(first+n, d.Len(), "what is known of the training samples")
		}
	}
	if unknown > 0 && o.Say != nil {
		o.Say(fmt.Sprintf("%s: of %d of %d training samples the %s is known of no pixel that is seen; these are left out", d.Name, unknown, d.Len(), p.noun()))
	}
	if len(all) == 0 {
		return nil, nil, fmt.Errorf("the %s is known of no pixel that is seen of %s", p.noun(), d.Name)
	}
	return all, index, nil
}

// tune lets heads learn what is known of the training samples' pixels, and judges them on the test samples.
func tune(ctx context.Context, p pixels, l Learning, e *eval.TrunkEncoder, train, test *data.Dataset, o eval.Options) ([]eval.Score, error) {
	began := time.Now()
	l = l.filled()
	probe, err := l.newHeads(e, train.Inputs, 1, eval.Options{Last: true}) // for its sides
	if err != nil {
		return nil, err
	}
	all, index, err := truths(ctx, p, train, probe.fine, o)
	if err != nil {
		return nil, err
	}
	channels, err := p.begin(all, l.Seed)
	if err != nil {
		return nil, err
	}
	h, err := l.newHeads(e, train.Inputs, channels, o)
	if err != nil {
		return nil, err
	}
	h.prior = tensor.From(p.prior(2*len(all), both(p, all, h.fine)), 1, h.fine, h.fine, channels)
	updates, err := h.fit(ctx, train.Inputs.Subset(index), o, func(_ *tensor.Tensor, index []int, mirrored []bool) func(y *autograd.Var) *autograd.Var {
		size := len(all[0])
		want := make([]float32, len(index)*size)
		for row, i := range index {
			to := want[row*size : (row+1)*size]
			if copy(to, all[i]); mirrored[row] {
				mirror(to, h.fine)
				p.turn(to)
			}
		}
		return p.loss(want)
	})
	if err != nil {
		return nil, err
	}
	j := &judging{p: p, h: h, plain: spread(h, p)}
	if err := j.run(ctx, test, o); err != nil {
		return nil, err
	}
	scores, err := j.scores(ctx, eval.Sample{Features: eval.Features{Index: j.index}, Truth: test.Truth}, len(index), updates, o)
	if err != nil {
		return nil, err
	}
	for i := range scores {
		scores[i].Seconds = time.Since(began).Seconds()
	}
	return scores, j.draw(test, o)
}

// both numbers truths, side by side pixels each, and behind them what they are in a mirror, which is made when it is asked for.
func both(p pixels, all [][]float32, side int) func(i int) []float32 {
	return func(i int) []float32 {
		if i < len(all) {
			return all[i]
		}
		x := slices.Clone(all[i-len(all)])
		mirror(x, side)
		p.turn(x)
		return x
	}
}

// doubt is how many samples of what is everywhere are counted beside the training samples at a place, so that what none of them shows there is not impossible.
const doubt = 8

// logShares returns the logarithms of how common each of so many classes is at each place of samples. of makes the classes at each place of a sample, -1 for none.
func logShares(samples, classes int, of func(i int) []int32) []float32 {
	size := len(of(0))
	at, total, all := make([]float64, size*classes), make([]float64, classes), float64(classes)
	for c := range total {
		total[c] = 1
	}
	for i := range samples {
		for k, c := range of(i) {
			if c >= 0 {
				at[k*classes+int(c)]++
				total[c]++
				all++
			}
		}
	}
	out := make([]float32, len(at))
	for k := range size {
		row, n := at[k*classes:(k+1)*classes], 0.0
		for _, v := range row {
			n += v
		}
		for c, v := range row {
			out[k*classes+c] = float32(math.Log((v + doubt*total[c]/all) / (n + doubt)))
		}
	}
	return out
}

// mirror turns a truth, side by side pixels, left to right.
func mirror(truth []float32, side int) {
	n := values(truth, side)
	for y := range side {
		row := truth[y*side*n : (y+1)*side*n]
		for a, b := 0, side-1; a < b; a, b = a+1, b-1 {
			for k := range n {
				row[a*n+k], row[b*n+k] = row[b*n+k], row[a*n+k]
			}
		}
	}
}

// spread returns the trivial prediction at the pixels that are seen.
func spread(h *heads, p pixels) []float32 {
	of, _ := p.trivial()
	n := values(of, h.fine)
	out := make([]float32, 0, h.side*h.side*n)
	for y := range h.side {
		for x := range h.side {
			from := (y*h.fine/h.side*h.fine + x*h.fine/h.side) * n
			out = append(out, of[from:from+n]...)
		}
	}
	return out
}

// judging is what heads said of test samples.
type judging struct {
	p     pixels
	h     *heads
	plain []float32 // the trivial prediction

	index   []int         // of the samples that were judged
	sums    [][][]float64 // of each head, of each of these
	trivial [][]float64   // of each of these
	unknown int           // samples of which nothing is known
	shown   []shown       // the first few
}

// mostShown is how many test samples are drawn.
const mostShown = 6

// shown is a sample to be drawn.
type shown struct {
	index int
	truth []float32
	got   [][]float32 // of each head
}

// run predicts, and sums what measures are made of.
func (j *judging) run(ctx context.Context, test *data.Dataset, o eval.Options) error {
	j.sums = make([][][]float64, len(j.h.all))
	bad, last := 0, error(nil)
	prior := j.h.priorAt(j.h.side)
	err := j.h.each(ctx, test.Inputs, o, func(index []int, y []*tensor.Tensor) error {
		n := len(index)
		truth, errs := make([][]float32, n), make([]error, n)
		got, sums, trivial := make([][][]float32, n), make([][][]float64, n), make([][]float64, n)
		parallel.For(n, func(row int) {
			if truth[row], errs[row] = seen(j.p, test, index[row], j.h.side); errs[row] != nil {
				return
			}
			trivial[row] = j.p.sums(j.plain, truth[row])
			for k := range j.h.all {
				g := j.p.predict(at(y[k], row, prior).Data)
				got[row], sums[row] = append(got[row], g), append(sums[row], j.p.sums(g, truth[row]))
			}
		})
		for row, i := range index {
			switch {
			case errors.Is(errs[row], errUnknown):
				j.unknown++
				continue
			case errs[row] != nil:
				bad, last = bad+1, errs[row]
				if o.Bad != nil {
					o.Bad(i, errs[row])
				}
				continue
			}
			if len(j.shown) < mostShown {
				j.shown = append(j.shown, shown{i, truth[row], got[row]})
			}
			j.index, j.trivial = append(j.index, i), append(j.trivial, trivial[row])
			for k := range j.h.all {
				j.sums[k] = append(j.sums[k], sums[row][k])
			}
		}
		return o.TooMany(bad, test.Len(), last)
	})
	if err != nil {
		return err
	}
	if j.unknown > 0 && o.Say != nil {
		o.Say(fmt.Sprintf("%s: of %d of %d test samples the %s is known of no pixel that is seen; these are left out", test.Name, j.unknown, test.Len(), j.p.noun()))
	}
	if len(j.index) == 0 {
		return fmt.Errorf("the %s is known of no pixel that is seen of %s", j.p.noun(), test.Name)
	}
	return nil
}

// added returns the sums of all rows, each as often as times says; nil means once.
func added(rows [][]float64, times []int) []float64 {
	out := make([]float64, len(rows[0]))
	for i, r := range rows {
		n := 1.0
		if times != nil {
			if times[i] == 0 {
				continue
			}
			n = float64(times[i])
		}
		for k, v := range r {
			out[k] += n * v
		}
	}
	return out
}

// scores are those of each measure, of each head.
func (j *judging) scores(ctx context.Context, test eval.Sample, train, updates int, o eval.Options) ([]eval.Score, error) {
	all := j.p.measures()
	plain := added(j.trivial, nil)
	_, called := j.p.trivial()
	out := make([]eval.Score, 0, len(all)*len(j.h.all))
	intervals, over := make([][]*[2]float64, len(j.h.all)), ""
	for k, rows := range j.sums {
		var err error
		intervals[k], over, err = eval.Redrawn(ctx, test, j.p.name(), o, func(times []int) []float64 {
			sums, v := added(rows, times), make([]float64, len(all))
			for m := range all {
				v[m] = all[m].Of(sums)
			}
			return v
		})
		if err != nil {
			return nil, err
		}
	}
	for m, measure := range all {
		for k := range j.h.all {
			s := j.h.like(k, train, updates)
			sums := added(j.sums[k], nil)
			s.Protocol, s.Metric, s.Value, s.Trivial = j.p.name(), measure.Metric, measure.Of(sums), measure.Of(plain)
			s.Metric.Predictor, s.Metric.Trivial = called, s.Trivial
			s.Test, s.Parts = len(j.index), j.p.parts(measure.Name, sums)
			s.Settings = j.h.settings()
			s.Settings["measure"] = measure.Name
			for name, v := range j.p.settings() {
				s.Settings[name] = v
			}
			if j.unknown > 0 {
				s.Found["test_unknown"] = j.unknown
			}
			if intervals[k] != nil {
				s.Interval, s.Found["interval_over"] = intervals[k][m], over
			}
			out = append(out, s)
		}
	}
	return out, nil
}

// best returns the head that is best by the first measure.
func (j *judging) best() int {
	first := j.p.measures()[0]
	best, at := math.NaN(), 0
	for k := range j.h.all {
		if v := first.Of(added(j.sums[k], nil)); k == 0 || first.Better(v, best) {
			best, at = v, k
		}
	}
	return at
}
