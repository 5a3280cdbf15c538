package workload

import (
	"os"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
)

// TestBenchConvs: the convolutions that are timed are those of the networks.
func TestBenchConvs(t *testing.T) {
	rng := tensor.NewRNG(1)
	for _, c := range []struct {
		depth int
		cifar bool
	}{{18, false}, {50, false}, {18, true}} {
		n := 0
		for _, p := range layers.State(layers.ResNet(rng, 3, c.depth, c.cifar, layers.TrunkOptions{})) {
			if len(p.Value.Shape) == 4 {
				n++
			}
		}
		list := resnetConvs(c.depth, c.cifar)
		if len(list) != n {
			t.Errorf("depth %d: %d convolutions, the network has %d", c.depth, len(list), n)
		}
	}
}

// TestViews: every task's views are timed, of small pictures and of JPEGs; making them goes through all pictures each time.
func TestViews(t *testing.T) {
	ids := map[string]bool{}
	for _, w := range views("") {
		ids[w.ID] = true
		if strings.HasSuffix(w.ID, "/32x32") {
			run := w.setup()
			run()
			run()
		}
		if w.pictures != viewed {
			t.Errorf("%s says %d pictures", w.ID, w.pictures)
		}
	}
	for _, task := range pretext.LearnFrom("pictures") {
		if !ids["views/"+task+"/32x32"] || !ids["views/"+task+"/500x375"] {
			t.Errorf("the views of %s are not timed", task)
		}
	}
}

// TestTaskSteps: the steps are those that internal/parity/tasks.py makes in PyTorch.
func TestTaskSteps(t *testing.T) {
	peers, err := os.ReadFile("../parity/tasks.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range taskSteps(0, tensor.Mode{}) {
		if !strings.Contains(string(peers), `"`+w.ID+`"`) {
			t.Errorf("%s has no peer", w.ID)
		}
	}
}

// TestAudio: what is timed of sounds is what internal/parity/audio.py times.
func TestAudio(t *testing.T) {
	peers, err := os.ReadFile("../parity/audio.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range audioBenches() {
		if w.sound == 0 || !strings.Contains(string(peers), `"`+w.ID+`"`) && !strings.Contains(string(peers), `("`+strings.TrimPrefix(w.ID, "audio/resample/")+`"`) {
			t.Errorf("%s has no peer, or %d seconds of sound", w.ID, w.sound)
		}
		w.setup()()
	}
}
