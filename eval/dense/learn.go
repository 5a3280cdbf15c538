package dense

import (
	"context"
	"fmt"
	"math"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// Learning is how heads learn to predict something at each position of feature maps: AdamW, a cosine from LR to 0 behind a warm-up, pictures and what is known
// of them mirrored at random. What a head says is added to what the training samples say of each place, and is nothing at first. A head
// begins with a batch normalisation, so that stages of any scale learn alike; it predicts at the map's positions, and what
// it says is resized bilinearly to the pixels (Long et al. 2015).
type Learning struct {
	Dilated   bool    // two 3x3 convolutions of dilation 2 before the linear map, else the linear map (a 1x1 convolution) alone
	Tune      bool    // the trunk learns too, with one head on its last stage; else it stays, its statistics included, with a head on every stage
	Updates   int     // rounded up to whole epochs; 0 means 600
	BatchSize int     // 0 means 32
	LR        float32 // 0 means 0.01, or with Tune 0.001
	Seed      uint64  // of the heads, and of the order
}

// What 0 means.
const (
	usualUpdates = 600
	usualBatch   = 32
	usualLR      = 0.01
	usualTuneLR  = 0.001
)

// dilatedWidth is how many channels a dilated head has inside.
const dilatedWidth = 64

// fineSide is the largest side of the map at which losses are taken: predictions come from coarser maps, and more pixels say the same again.
const fineSide = 32

// cacheBytes is of training pictures that are kept.
const cacheBytes = 1 << 30

// learningOptions are those of every protocol here.
var learningOptions = []spec.Option{
	{Name: "head", Default: "linear", About: "linear, or dilated: two 3x3 convolutions of dilation 2 before it"},
	{Name: "tune", Default: "no", About: "yes: the trunk learns too, with a head on its last stage; no: it stays, with a head on every stage"},
	{Name: "updates", Default: "600", About: "of AdamW, rounded up to whole epochs"},
	{Name: "batch", Default: "32", About: "samples in a batch, 2 to 1024"},
	{Name: "lr", Default: "0.01", About: "of AdamW, falling along a cosine; with tune 0.001 if not given"},
	{Name: "seed", Default: "0", About: "of the heads and of the order"},
}

// denseAll is what the suite of all protocols says of those here.
const denseAll = "updates=200"

// newLearning reads learningOptions but for head, which is the protocol's to read.
func newLearning(v *spec.Values) Learning {
	l := Learning{Tune: v.Bool("tune"), Updates: v.Int("updates", 1, math.MaxInt32), BatchSize: v.Int("batch", 2, 1024), Seed: uint64(v.Int("seed", 0, math.MaxInt))}
	if v.Given("lr") {
		l.LR = float32(v.Float("lr", 1e-7, 1))
	}
	return l.filled()
}

// filled is the learning with what was not said.
func (l Learning) filled() Learning {
	if l.Updates == 0 {
		l.Updates = usualUpdates
	}
	if l.BatchSize == 0 {
		l.BatchSize = usualBatch
	}
	if l.LR == 0 {
		if l.LR = usualLR; l.Tune {
			l.LR = usualTuneLR
		}
	}
	return l
}

// Tunes is always true: feature maps are more than features.
func (l Learning) Tunes() bool { return true }

// settings are what a score must say.
func (l Learning) settings() map[string]any {
	head := "linear"
	if l.Dilated {
		head = "dilated"
	}
	return map[string]any{"head": head, "tune": l.Tune, "updates": l.Updates, "batch_size": l.BatchSize, "lr": l.LR, "schedule": "cosine", "optimizer": "adamw",
		"augment": "mirror", "begins": "what is known of each place", "loss_side": fineSide, "seed": l.Seed}
}

// head predicts from one stage's map.
type head struct {
	stage int // from 0 on
	name  string
	net   layers.Module
	dim   int // channels of the map
}

// heads are what learns on an encoder's maps.
type heads struct {
	Learning
	e     *eval.TrunkEncoder
	trunk *layers.Trunk
	all   []head
	side  int // of what is seen
	fine  int // of the maps that losses are taken at
	// prior is what heads say before they learn, [1 fine fine channels]: what is known of each place without looking. Heads add to it. A head sees little around a
	// position, and not where that is: without this it could not even say what who does not look says.
	prior *tensor.Tensor
}

// newHeads returns heads with so many values at each position, for what an encoder sees of pictures; of the last stage alone with Tune or where o says so. A
// stage that makes no maps has none.
func (l Learning) newHeads(e *eval.TrunkEncoder, in data.Inputs, channels int, o eval.Options) (*heads, error) {
	seen, err := e.Input.Over(in)
	if err != nil {
		return nil, err
	}
	if len(seen.Shape) != 3 || seen.Shape[0] != seen.Shape[1] {
		return nil, fmt.Errorf("%s sees %v of a sample, want a picture [side side channels], whose pixels can be found again", e.Label, seen.Shape)
	}
	h := &heads{Learning: l, e: e, trunk: e.Trunk, side: seen.Shape[0], fine: min(seen.Shape[0], fineSide)}
	if l.Tune {
		if h.trunk, err = e.Copy(); err != nil {
			return nil, err
		}
	}
	var maps []*autograd.Var
	err = autograd.Try(func() {
		maps = e.Trunk.Features(autograd.NewInference().Input(tensor.New(append([]int{1}, seen.Shape...)...)))
	})
	if err != nil {
		return nil, err
	}
	from := 0
	if l.Tune || o.Last {
		from = len(maps) - 1
	}
	rng := tensor.NewRNG(l.Seed).Derive(stream.Init, stream.Head)
	for k := from; k < len(maps); k++ {
		name, s := e.Trunk.Stages[k].Name, maps[k].Shape()
		if len(s) != 4 {
			if o.Say != nil {
				o.Say(fmt.Sprintf("stage %s of %s makes no map, and has no head", name, e.Label))
			}
			continue
		}
		h.all = append(h.all, head{k, name, l.newHead(rng, s[3], channels), s[3]})
	}
	if len(h.all) == 0 {
		return nil, fmt.Errorf("no stage of %s that could be judged makes a map", e.Label)
	}
	return h, nil
}

func (l Learning) newHead(rng *tensor.RNG, in, out int) layers.Module {
	parts := []layers.Module{layers.NewBatchNorm(in)}
	if l.Dilated {
		for range 2 {
			parts = append(parts, layers.NewConv2D(rng, in, dilatedWidth, 3, layers.ConvOptions{Pad: 2, Dilation: 2, NoBias: true}), layers.NewBatchNormReLU(dilatedWidth))
			in = dilatedWidth
		}
	}
	last := layers.NewConv2D(rng, in, out, 1, layers.ConvOptions{})
	last.W.Fill(0) // what is said at first is the prior
	last.B.Fill(0)
	return layers.Seq(append(parts, last)...)
}

// tape returns what the trunk runs on where nothing learns.
func (h *heads) tape() *autograd.Tape {
	if h.e.Tape != nil {
		return h.e.Tape()
	}
	return autograd.NewInference()
}

// fit trains the heads, and with Tune the trunk, on samples. loss is told what is seen of a batch, x [N side side C], which it may vary, of which samples that is and which
// of them are mirrored, and returns the loss of what a head says of them, y [N fine fine channels]. It returns the number of updates.
func (h *heads) fit(ctx context.Context, in data.Inputs, o eval.Options, loss func(x *tensor.Tensor, index []int, mirrored []bool) func(y *autograd.Var) *autograd.Var) (int, error) {
	var parts []layers.Stateful
	what := "heads on the maps"
	if h.Tune {
		what, parts = "fine-tuning", append(parts, h.trunk)
	}
	for _, one := range h.all {
		parts = append(parts, one.net)
	}
	if _, ok := h.e.Input.(eval.Views); ok { // pictures are looked at in every epoch
		in = eval.Cache(&data.Dataset{Inputs: in}, h.side, cacheBytes).Inputs
	}
	n := in.Samples().Len()
	steps := max(1, n/min(max(n, 1), h.BatchSize))
	t := eval.Tuning{On: true, Epochs: (h.Updates + steps - 1) / steps, BatchSize: h.BatchSize, LR: h.LR}
	frozen := h.tape()
	les, err := t.Learn(ctx, h.e, learning(parts), &data.Dataset{Inputs: in}, nil, h.Seed, o, eval.Goal{What: what, Loss: func(x *autograd.Var, index []int, mirrored []bool) *autograd.Var {
		frozen.Reset() // of the last batch's maps, which the heads' gradients needed
		of, maps := loss(x.Value, index, mirrored), []*autograd.Var(nil)
		if h.Tune {
			maps = h.trunk.Features(x)
		} else {
			for _, m := range h.trunk.Features(frozen.Input(x.Value)) {
				maps = append(maps, x.Tape().Input(m.Value))
			}
		}
		var sum *autograd.Var
		for _, one := range h.all {
			l := of(h.said(one.net.Forward(maps[one.stage])))
			if sum == nil {
				sum = l
			} else {
				sum = autograd.Add(sum, l)
			}
		}
		return sum
	}})
	if les == nil {
		return 0, err
	}
	return les.Updates, err
}

// each calls f with what every head says of the samples, a batch at a time: y[k] [N H W channels] of head k, at the positions of its map.
func (h *heads) each(ctx context.Context, in data.Inputs, o eval.Options, f func(index []int, y []*tensor.Tensor) error) error {
	tape := h.tape()
	o.BatchSize = h.BatchSize
	return eval.Each(ctx, h.e.Label+", test", h.e.Input, in, o, func(x *tensor.Tensor, index []int) error {
		maps := h.trunk.Features(tape.Input(x))
		y := make([]*tensor.Tensor, len(h.all))
		for k, one := range h.all {
			y[k] = one.net.Forward(maps[one.stage]).Value
		}
		err := f(index, y)
		tape.Reset()
		return err
	})
}

// at returns what a head says of row n of a batch, resized to the pixels of prior: [side side channels].
func at(y *tensor.Tensor, n int, prior *tensor.Tensor) *tensor.Tensor {
	out := tensor.New(prior.Shape...)
	tensor.Resize(out, y.Rows(n, n+1))
	simd.Add(out.Data, out.Data, prior.Data)
	return out
}

// said returns what a head says where losses are taken, [N fine fine channels], from what its network makes of a map.
func (h *heads) said(y *autograd.Var) *autograd.Var {
	return autograd.Add(autograd.Resize(y, h.fine, h.fine), autograd.Const(h.prior))
}

// priorAt returns the prior at side by side pixels.
func (h *heads) priorAt(side int) *tensor.Tensor {
	out := tensor.New(1, side, side, h.prior.Dim(3))
	tensor.Resize(out, h.prior)
	return out
}

// like returns what all scores of a head have in common.
func (h *heads) like(k, train, updates int) eval.Score {
	s := eval.Score{Train: train, Dim: h.all[k].dim, Found: map[string]any{"updates": updates, "pixels": h.side}}
	if !h.Tune {
		s.Stage, s.Depth = h.all[k].name, h.all[k].stage+1
	}
	return s
}

// learning is what learns, as a network that says what it sees: several heads look at the maps of it.
type learning []layers.Stateful

func (s learning) Forward(x *autograd.Var) *autograd.Var { return x }

func (s learning) Visit(prefix string, f func(layers.Param)) {
	for k, p := range s {
		p.Visit(fmt.Sprintf("%s%d.", prefix, k), f)
	}
}
