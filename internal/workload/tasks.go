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

// alternating are two classes, in turn.
type alternating struct{}

func (alternating) Classes() []string { return []string{"even", "odd"} }
func (alternating) Label(i int) int   { return i % 2 }

// learner returns what learns a task from pictures, or from films with sound; it panics where that cannot be.
func learner(task, trunk string, side int, in data.Inputs, hearing data.Hearing) train.Learner {
	t, err := pretext.New(task)
	var net *layers.Trunk
	if err == nil {
		net, err = layers.NewTrunk(trunk, tensor.NewRNG(1), 3)
	}
	s := pretext.Setup{Trunk: net, Side: side, Norm: data.ImageNetNorm, Plain: data.PlainView(side), RNG: tensor.NewRNG(2), Inputs: in, Hearing: hearing}
	if err == nil {
		s.Augment, err = data.NewView("crop-flip", side)
	}
	if pretext.Tell(task).Labelled {
		s.Labels = alternating{}
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
			in := data.Inputs{Images: images()}
			feed, err := learner(task, trunk, side, in, data.Hearing{}).Feed(in, true, data.LoaderOptions{BatchSize: 20, Seed: 1, Workers: 1})
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
		small, large := "convnet", "resnet18"
		if own := pretext.Tell(task).Trunk; own != "" {
			small, large = own, own
		}
		item(task, "32x32", small, 32, func() data.Images { return drawn(viewed, 32) })
		item(task, "500x375", large, 224, func() data.Images {
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
	sgd := train.Config{Optimizer: "sgd?decay=all", LR: 0.01, Momentum: 0.9, WeightDecay: 1e-4}
	pictures := func(n, side int) data.Inputs { return data.Inputs{Images: drawn(n, side)} }
	var out []Item
	for _, s := range []struct {
		id, task, trunk string
		side, n         int
		of              func(n, side int) data.Inputs
		sound           string
		c               train.Config
	}{
		{"jigsaw_resnet18_9x64/n32", "jigsaw?grid=3&set=100&deals=1", "resnet18", 225, 32, pictures, "", sgd},
		{"colourise_zhang_176/n8", "colourise", "zhang", 176, 8, pictures, "", sgd},
		{"mae_vit_tiny_cifar/n128", "mae?depth=4&heads=4&width=128", "vit-tiny?patch=4", 32, 128, pictures, "", train.Config{Optimizer: "adamw?decay=all", LR: 1e-4, WeightDecay: 0.01}},
		{"audio_visual_l3_224/n16", "audio-visual", "l3", 224, 16, playing, "linear?rate=48000&window=10&hop=5&mean=-8&std=3",
			train.Config{Optimizer: "adam", LR: 1e-4, WeightDecay: 1e-5}},
	} {
		out = append(out, Item{ID: "train_step/" + s.id, slow: true, setup: func() func() {
			d := &data.Dataset{Name: "drawn", Inputs: s.of(s.n, s.side)}
			var hearing data.Hearing
			if s.sound != "" {
				var err error
				if hearing, err = data.ParseHearing(s.sound); err != nil {
					panic(err)
				}
			}
			c := s.c
			c.Epochs, c.BatchSize, c.Schedule, c.Seed, c.Conv, c.Precision = 1<<20, s.n, "constant", 1, mode.Algorithm, mode.Precision
			r := &train.Run{Config: c, Learner: learner(s.task, s.trunk, s.side, d.Inputs, hearing), Data: d, Recompute: level}
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

// playing are n films of instruments with their sound at 48 kHz.
func playing(n, side int) data.Inputs {
	d, err := data.Open(fmt.Sprintf("scenes:?sound=yes&frames=24&hz=48000&n=%d&side=%d", n, side), data.Train)
	if err != nil {
		panic(err)
	}
	return d.Inputs
}
