package workload

import (
	"fmt"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// kept are pictures in memory.
type kept []*data.Image

func (k kept) Len() int                         { return len(k) }
func (k kept) Describe(i int) string            { return fmt.Sprint("picture ", i) }
func (k kept) Image(i int) (*data.Image, error) { return k[i], nil }

// files are pictures that are decoded each time.
type files [][]byte

func (f files) Len() int                         { return len(f) }
func (f files) Describe(i int) string            { return fmt.Sprint("JPEG ", i) }
func (f files) Image(i int) (*data.Image, error) { return data.Decode(f[i]) }
func (f files) ImageFrame(i int, choose func(h, w int) data.Frame) (*data.Image, error) {
	return data.DecodeFrame(f[i], choose)
}

// drawn are n pictures of side by side pixels in memory.
func drawn(n, side int) kept {
	s := data.NewScenes(n, side, 1, data.Train)
	out := make(kept, n)
	for i := range out {
		var err error
		if out[i], err = s.Image(i); err != nil {
			panic(err)
		}
	}
	return out
}

// learner returns what learns a task from pictures; it panics where that cannot be.
func learner(task, trunk string, side int, images data.Images) train.Learner {
	t, err := pretext.New(task)
	var net *layers.Trunk
	if err == nil {
		net, err = layers.NewTrunk(trunk, tensor.NewRNG(1), 3)
	}
	s := pretext.Setup{Trunk: net, Side: side, Norm: data.ImageNetNorm, Plain: data.PlainView(side), RNG: tensor.NewRNG(2), Inputs: data.Inputs{Images: images}}
	if err == nil {
		s.Augment, err = data.NewView("crop-flip", side)
	}
	var l train.Learner
	if err == nil {
		l, err = t.Learner(s)
	}
	if err != nil {
		panic(err)
	}
	return l
}

// views lists how quickly each task makes its views, by one goroutine: of pictures of CIFAR's size in memory, and of JPEGs, which are
// decoded each time, to be seen at a side of 224. A record says how many pictures a second went through.
func views(dir string) []Item {
	var out []Item
	item := func(task, size, trunk string, side int, images func() data.Images) {
		out = append(out, Item{ID: "views/" + task + "/" + size, setup: func() func() {
			in := images()
			feed, err := learner(task, trunk, side, in).Feed(data.Inputs{Images: in}, true, data.LoaderOptions{BatchSize: 20, Seed: 1, Workers: 1})
			if err != nil {
				panic(err)
			}
			epoch := 0
			return func() {
				for range feed.Epoch(epoch, 0) {
				}
				if err := feed.Err(); err != nil {
					panic(err)
				}
				epoch++
			}
		}, pictures: viewed})
	}
	for _, task := range pretext.LearnFrom("pictures") {
		item(task, "32x32", "convnet", 32, func() data.Images { return drawn(viewed, 32) })
		item(task, "500x375", "resnet18", 224, func() data.Images {
			js, err := Pictures(dir)
			if err != nil {
				panic(err)
			}
			return files(js[:min(viewed, len(js))])
		})
	}
	return out
}

// viewed is how many pictures views go through.
const viewed = 60

// taskSteps lists training steps of pretext tasks, whole: networks, loss, update; the views are made before. internal/parity/tasks.py has the
// same steps in PyTorch, by their ids.
func taskSteps(level autograd.Recompute, mode tensor.Mode) []Item {
	var out []Item
	for _, s := range []struct {
		id, task, trunk string
		side, n         int
	}{
		{"jigsaw_resnet18_9x64/n32", "jigsaw?grid=3&set=100&deals=1", "resnet18", 225, 32},
		{"colourise_zhang_176/n8", "colourise", "zhang", 176, 8},
	} {
		out = append(out, Item{ID: "train_step/" + s.id, slow: true, setup: func() func() {
			images := drawn(s.n, s.side)
			d := &data.Dataset{Name: "drawn", Inputs: data.Inputs{Images: images}}
			c := train.Config{Epochs: 1 << 20, BatchSize: s.n, Optimizer: "sgd?decay=all", LR: 0.01, Schedule: "constant", Momentum: 0.9, WeightDecay: 1e-4, Seed: 1,
				Conv: mode.Algorithm, Precision: mode.Precision}
			r := &train.Run{Config: c, Learner: learner(s.task, s.trunk, s.side, images), Data: d, Recompute: level}
			update, _, err := r.Rehearse()
			if err != nil {
				panic(err)
			}
			return func() {
				if err := update(); err != nil {
					panic(err)
				}
			}
		}})
	}
	return out
}
