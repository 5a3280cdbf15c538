package pretext

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// SupCon finds the views of all pictures of the same class (Khosla, Teterwak, Wang, Sarna, Tian, Isola, Maschinot, Liu, Krishnan, "Supervised contrastive
// learning", NeurIPS 2020, arXiv 2004.11362). It is SimCLR told what the classes are: no pretext task, but what those that hide the classes are held
// against.
//
// Sampling, net: SimCLR's.
//
// Loss (equation 2, L_out): by cosines over a temperature each view must find the other view of its picture and both views of each picture of its class
// among the 2N - 1 others; the mean of the cross-entropies of finding each of them. A picture without a class has its other view alone.
//
// Metrics: those of two views, and same_class, while training, how often a view's nearest one of another picture is of its class, where there is one in
// the batch, with what guessing among them would have.
//
// The zero value cannot be trained: New("supcon") returns one that can. The views are the task, so it is looked at with the same ones as it is trained with.
type SupCon struct{ SimCLR }

var supconAbout = About{
	Line: "find views of the same class among a batch's: with labels, for comparison (SupCon, Khosla et al. 2020)",
	Of:   "pictures", Hidden: "nothing: labels say what belongs together",
	Trivial:  "chance: one in a batch",
	Collapse: "a lower --lr, a lower temperature=, larger batches",
	Shortcut: "colours, which are jittered",
	Options:  simclrOptions(spec.Option{Name: "temperature", Default: "0.1", About: "that cosines are divided by"}),
	OwnViews: true,
	Labelled: true,
	Narrows:  true,
	Config:   contrastiveConfig,
	make:     func(v Values) Task { return SupCon{simclrOf(v)} },
}

// Learner returns the trunk with its projector.
func (c SupCon) Learner(s Setup) (train.Learner, error) {
	if s.Inputs.Images != nil && (s.Labels == nil || len(s.Labels.Classes()) == 0) {
		return nil, fmt.Errorf("task supcon learns from labels, and the data has none")
	}
	l, err := c.learner("supcon", s)
	if err != nil {
		return nil, err
	}
	return &supcon{l}, nil
}

type supcon struct{ *simclr }

func (l *supcon) Metrics() []metric.Metric {
	ms := l.pairLearner.Metrics()
	ms[0].OnlyTrained = true // labels are of what is learned from
	return append(ms, metric.Metric{Name: "same_class", Unit: metric.Percent, Higher: true, Predictor: "guessing", Versus: "guessed_class", OnlyTrained: true},
		metric.Metric{Name: "guessed_class", Unit: metric.Percent, OnlyTrained: true})
}

func (l *supcon) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	if !augment {
		return l.feed(in, augment, o, func(s train.Step, b *pairs) { l.both(autograd.NewInference(), s, b) })
	}
	if l.setup.Labels == nil {
		return nil, fmt.Errorf("task supcon learns from labels, and the data has none")
	}
	return l.feed(in, augment, o, l.step)
}

func (l *supcon) step(s train.Step, b *pairs) {
	s.Minimise("loss", func(t *autograd.Tape) *autograd.Var {
		z := l.both(t, s, b)
		return l.find(s, z, b.Of)
	})
}

// find returns the loss of projections z [N D] of both views of some pictures, and tells how often the nearest is of the same class.
func (l *supcon) find(s train.Step, z [2]*autograd.Var, of []int32) *autograd.Var {
	n := len(of)
	class := tensor.New(n)
	for i, sample := range of {
		class.Data[i] = float32(l.setup.Labels.Label(int(sample)))
	}
	v := bothViews{n, s.Rows(class).Data}
	return autograd.AmongOthers(autograd.Concat(0, z[0], z[1]), float32(l.task.Temperature), func(rows []int32, logits *autograd.Var) *autograd.Var {
		if !logits.Tape().Recomputing() {
			tellClasses(s, logits.Value, rows, v)
		}
		wanted := logits.Tape().New(logits.Shape()...)
		parallel.For(wanted.Dim(0), func(i int) {
			row, own, count := wanted.Rows(i, i+1).Data, int(rows[i]), float32(0)
			for j := range row {
				row[j] = 0
				if own != j && (v.picture(own) == v.picture(j) || v.alike(own, j)) {
					row[j] = 1
					count++
				}
			}
			for j := range row {
				row[j] /= count
			}
		})
		return autograd.CrossEntropySoft(logits, wanted, autograd.LossOptions{})
	})
}

// bothViews are those of each picture of a batch: of each shard n first ones, then n second ones.
type bothViews struct {
	n     int
	class []float32 // of each picture, shard after shard; below 0 for none
}

// picture returns which picture row i is a view of.
func (v bothViews) picture(i int) int { return i/(2*v.n)*v.n + i%v.n }

// alike tells whether rows i and j are of one class.
func (v bothViews) alike(i, j int) bool {
	a, b := v.class[v.picture(i)], v.class[v.picture(j)]
	return a >= 0 && a == b
}

// tellClasses tells how often the nearest view of another picture, by logits [R 2N] of some views, is of the same class, of those that have any.
func tellClasses(s train.Step, logits *tensor.Tensor, rows []int32, v bothViews) {
	right, guessed, of := 0.0, 0.0, 0.0
	for k, own := range rows {
		i, best, alike := int(own), -1, 0
		row := logits.Rows(k, k+1).Data
		for j := range row {
			if v.picture(j) == v.picture(i) {
				continue
			}
			if v.alike(i, j) {
				alike++
			}
			if best < 0 || row[j] > row[best] {
				best = j
			}
		}
		if alike == 0 {
			continue
		}
		of++
		guessed += float64(alike) / float64(len(row)-2)
		if v.alike(i, best) {
			right++
		}
	}
	s.Metric("same_class", right, of)
	s.Metric("guessed_class", guessed, of)
}
