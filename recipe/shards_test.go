package recipe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tessera-go/tessera/cluster"
	"github.com/tessera-go/tessera/internal/statetest"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// together trains a configuration on ranks that are goroutines, of which rank 0 writes dir; options, if set, says with what, and may stop one. It returns what each learned, and its error.
func together(ctx context.Context, c train.Config, ranks int, dir string, resume bool, options func(rank int, c *train.Config, o *Options, stop context.CancelFunc)) ([]*Recipe, []error) {
	out, errs := make([]*Recipe, ranks), make([]error, ranks)
	var all sync.WaitGroup
	for rank, g := range cluster.Loopback(ranks) {
		all.Go(func() {
			ctx, stop := context.WithCancel(ctx)
			defer stop()
			c, o := c, Options{Cluster: g}
			if options != nil {
				options(rank, &c, &o, stop)
			}
			r, err := New(c, o)
			if err == nil {
				_, err = r.Train(ctx, dir, resume)
			}
			if out[rank], errs[rank] = r, err; err != nil && !errors.Is(err, train.ErrInterrupted) {
				g.Abort()
			}
		})
	}
	all.Wait()
	return out, errs
}

// sharded is a short run of a task whose batches are cut into four shards.
func sharded(t *testing.T, task string) train.Config {
	t.Helper()
	c, err := For(task)
	if err != nil {
		t.Fatal(err)
	}
	data := "scenes:?n=40&side=32"
	if task != Supervised {
		switch about := pretext.Tell(task); {
		case about.Hears():
			data += "&sound=yes"
		case about.Of == "films":
			data += "&frames=12"
		}
	}
	c.Data, c.Side, c.BatchSize, c.Epochs, c.MaxSteps, c.MonitorEvery, c.WarmupSteps, c.Shards = data, 32, 8, 2, 6, -1, 0, 4
	return c
}

// TestRanksEndAlike: 1, 2 and 4 ranks that share the shards of a batch end with the same bits, of everything that is kept.
func TestRanksEndAlike(t *testing.T) {
	for _, task := range []string{"rotation", "colourise", "context-encoder", "byol", "mae?", "simclr", "supcon", "barlow", "vicreg", "moco?queue=64", "nnclr?queue=64", "npid?negatives=8",
		"pirl?negatives=8", "swav?queue=16", "colourise?loss=mdn", "supervised", "dino", "deepcluster", "exemplar?loss=triplet", "audio-contrastive", "av-contrastive",
		"av-contrastive?memory=16", "audio-visual?aligned=no", "av-sync?easy=0.5", "track?method=triplet", "track?method=walk", "colourise?loss=vae", "context-encoder?mask=blocks", "moco?queue=64&groups=4",
		"multi?tasks=rotation,relative-position&cosine=1", "multi?tasks=rotation,byol,autoencoder&schedule=weighted&weights=1,3,1", "multi?tasks=simclr,jigsaw&schedule=together&jigsaw.set=8",
		"multi?tasks=rotation,swav&schedule=gradnorm&weights=1,2&swav.queue=16&cosine=1"} {
		t.Run(task, func(t *testing.T) {
			c := sharded(t, task)
			c.MaxSteps = 3
			if task == Supervised {
				c.CutMix = 0.1 // boxes that are empty now and then
				c.MaxSteps = 8
			}
			if strings.Contains(task, "weighted") {
				c.MaxSteps, c.Accumulate = 6, 2
			}
			one := trained(t, c, "", Options{})
			for _, ranks := range []int{2, 4} {
				all, errs := together(context.Background(), c, ranks, "", false, nil)
				if err := errors.Join(errs...); err != nil {
					t.Fatalf("%d ranks: %v", ranks, err)
				}
				for _, r := range all {
					statetest.Same(t, task, r.Learner, one.Learner)
				}
			}
		})
	}
}

// TestShardsAreTheBatch: after a step of stochastic gradient descent, weights, running statistics, banks and queues have moved to where the batch in one piece moves
// them, but for rounding; accumulated batches of the same samples, with statistics and negatives of their own, do not. The seeds are such that nothing stands so near to a
// kink, of a ReLU or of a largest value, that rounding moves it across.
func TestShardsAreTheBatch(t *testing.T) {
	grey := someGrey(t)
	alone := func(c *train.Config) { c.BatchSize = 4 } // one sample a shard
	for _, x := range []struct {
		task string
		seed uint64
		set  func(c *train.Config)
	}{{task: "rotation"}, {task: "relative-position"}, {task: "byol"}, {task: "simclr"}, {task: "supcon"}, {task: "barlow"}, {task: "vicreg"}, {task: "nnclr?queue=64"}, {task: "npid?negatives=0"},
		{task: "npid?negatives=8"}, {task: "pirl?negatives=8"}, {task: "pirl?transform=rotation&negatives=8&loss=softmax"}, {task: "moco?queue=64"}, {task: "moco?queue=64&groups=4&symmetric=no"},
		{task: "moco?queue=64", set: func(c *train.Config) { c.Trunk = "vit-tiny?patch=16&depth=2" }}, {task: "moco?queue=64", set: func(c *train.Config) { c.BatchSize = 4 }},
		{task: "audio-visual"}, {task: "audio-visual?fusion=concat&negatives=1"}, {task: "audio-visual?fusion=location&aligned=no", seed: 49}, {task: "av-sync?loss=bce&easy=0.5", seed: 2},
		{task: "av-contrastive?memory=16"}, {task: "track?method=triplet"}, {task: "track?method=triplet&hard=0"}, {task: "track?method=walk"},
		{task: "context-encoder?mask=blocks"}, {task: "context-encoder?mask=region&adversary=no"},
		{task: "colourise", set: grey}, {task: "colourise?loss=l2", set: grey}, {task: "colourise?loss=vae", set: func(c *train.Config) {
			grey(c)
			c.MaxSteps = 2 // in the first step the divergence counts for nothing yet
		}}, {task: "colourise?loss=mdn", set: grey},
		{task: "simclr?pieces=3", set: func(c *train.Config) { c.Trunk = "vit-tiny?patch=16&depth=2" }},
		{task: "swav?queue=16"}, {task: "exemplar?loss=triplet"}, {task: "audio-contrastive"}, {task: "simclr", set: alone}, {task: "barlow", set: alone}, {task: "swav?queue=16", set: alone},
		{task: "multi?tasks=rotation,relative-position&schedule=together"}, {task: "multi?tasks=byol,rotation&schedule=gradnorm&weights=1,3"},
		{task: Supervised, set: func(c *train.Config) { c.Mixup = 0.8 }}, {task: Supervised, set: func(c *train.Config) { c.CutMix = 1 }},
	} {
		t.Run(x.task, func(t *testing.T) {
			c := sharded(t, x.task)
			c.Optimizer, c.Momentum, c.WeightDecay, c.MaxSteps = "sgd", 0, 0, 1
			if x.seed != 0 {
				c.Seed = x.seed
			}
			if x.set != nil {
				x.set(&c)
			}
			cut := trained(t, c, "", Options{})
			c.Shards = 0
			before, err := New(c, Options{})
			if err != nil {
				t.Fatal(err)
			}
			whole := trained(t, c, "", Options{})
			c.BatchSize, c.Accumulate = 2, 4
			apart := trained(t, c, "", Options{})
			off, control := strayed(before, whole, cut), strayed(before, whole, apart)
			t.Logf("%.2g, accumulated %.2g", off, control)
			if off > 3e-4 || control < 0.05 {
				t.Errorf("the shards' step is %.2g of a step from the whole batch's, that of accumulated batches %.2g", off, control)
			}
		})
	}
}

// someGrey sets data of which some pictures have no colours: shards of a batch have not equally many.
func someGrey(t *testing.T) func(c *train.Config) {
	dir, rng := t.TempDir(), tensor.NewRNG(1)
	for i := range 40 {
		im := image.NewRGBA(image.Rect(0, 0, 32, 32))
		for k := range im.Pix {
			switch {
			case k%4 == 3:
				im.Pix[k] = 255
			case i%3 == 0 && k%4 > 0:
				im.Pix[k] = im.Pix[k-1]
			default:
				im.Pix[k] = uint8(rng.IntN(256))
			}
		}
		var b bytes.Buffer
		if err := png.Encode(&b, im); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.png", i)), b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return func(c *train.Config) { c.Data = "folder:" + dir }
}

// strayed returns how far what was moved from one state stands from where another was moved, in parts of the way, of the tensor where that is most. One that moves a
// millionth of what another does, such as a bias before a batch norm, has no gradient but rounding.
func strayed(from, to, other *Recipe) float64 {
	apart := func(a, b []float32) float64 {
		sum := 0.0
		for i, v := range a {
			sum += float64(v-b[i]) * float64(v-b[i])
		}
		return math.Sqrt(sum)
	}
	a, b, c := layers.State(from.Learner), layers.State(to.Learner), layers.State(other.Learner)
	longest, worst := 0.0, 0.0
	for i := range a {
		longest = math.Max(longest, apart(b[i].Value.Data, a[i].Value.Data))
	}
	for i := range a {
		if way := apart(b[i].Value.Data, a[i].Value.Data); way > 1e-6*longest {
			worst = math.Max(worst, apart(b[i].Value.Data, c[i].Value.Data)/way)
		}
	}
	return worst
}

// sending counts the values that ranks send each other of gradients, and fails where it is to.
type sending struct {
	cluster.Group
	values *int
	mu     *sync.Mutex
	fail   error
}

func (g sending) Beside() (cluster.Group, error) {
	beside, err := g.Group.Beside()
	g.Group = beside
	return sendingBeside(g), err
}

type sendingBeside sending

func (g sendingBeside) Beside() (cluster.Group, error) { return nil, errors.New("not of these") }

func (g sendingBeside) AllToAll(dst, src []byte) error {
	g.mu.Lock()
	*g.values += len(src) / 4
	g.mu.Unlock()
	return errors.Join(g.Group.AllToAll(dst, src), g.fail)
}

// TestRanksSendGradients: in every step each trained value's gradient goes to the other rank once; a sum that cannot be made stops the run.
func TestRanksSendGradients(t *testing.T) {
	c := sharded(t, "rotation")
	c.Shards, c.MaxSteps = 2, 3
	for _, fail := range []error{nil, errors.New("the other is gone")} {
		var sent [2]int
		all, errs := together(context.Background(), c, 2, "", false, func(rank int, _ *train.Config, o *Options, _ context.CancelFunc) {
			o.Cluster = sending{o.Cluster, &sent[rank], new(sync.Mutex), fail}
		})
		for rank, err := range errs {
			if fail != nil {
				if !errors.Is(err, fail) {
					t.Errorf("an error of a sum: %v", err)
				}
				continue
			}
			if each := layers.Size(all[rank].Learner); err != nil || sent[rank] < c.MaxSteps*each || sent[rank] > c.MaxSteps*(each+1) {
				t.Errorf("rank %d: %v; it sent %d values in %d steps of %d", rank, err, sent[rank], c.MaxSteps, each)
			}
		}
	}
}

// TestRanksResume: what four ranks began and one was told to stop goes on with two, and ends with the checkpoint of a run that one process made.
func TestRanksResume(t *testing.T) {
	c := sharded(t, "rotation")
	c.MonitorEvery = 0
	dirs := [2]string{t.TempDir(), t.TempDir()}
	trained(t, c, dirs[0], Options{})
	ctx, cancel := context.WithCancel(context.Background())
	_, errs := together(ctx, c, 4, dirs[1], false, func(_ int, _ *train.Config, o *Options, _ context.CancelFunc) {
		o.Progress = func(p train.Progress) {
			if p.Step == 3 {
				cancel()
			}
		}
	})
	for rank, err := range errs {
		if !errors.Is(err, train.ErrInterrupted) {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
	if _, errs := together(context.Background(), c, 2, dirs[1], true, nil); errors.Join(errs...) != nil {
		t.Fatal(errs)
	}
	var last [2][]byte
	for i, dir := range dirs {
		var err error
		if last[i], err = os.ReadFile(filepath.Join(dir, "checkpoints", "step-00000006.safetensors")); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(last[0], last[1]) {
		t.Error("the last checkpoints differ")
	}
}

// TestRanksEndAtAnEpoch: ranks of which some are told to end after an epoch's last step begin the next one together, or not at all: what goes on ends as if nobody had
// been told.
func TestRanksEndAtAnEpoch(t *testing.T) {
	c := sharded(t, "deepcluster?clusters=3&every=1")
	c.Shards, c.Epochs, c.MaxSteps, c.CheckpointEvery = 2, 2, 10, 5
	one := trained(t, c, "", Options{})
	for _, told := range [][]bool{{true, true}, {true, false}, {false, true}} {
		dir := t.TempDir()
		_, errs := together(context.Background(), c, 2, dir, false, func(rank int, _ *train.Config, o *Options, stop context.CancelFunc) {
			o.Progress = func(p train.Progress) {
				if p.Step == 5 && told[rank] {
					stop()
				}
			}
		})
		for rank, err := range errs {
			if !errors.Is(err, train.ErrInterrupted) {
				t.Fatalf("%v, rank %d: %v", told, rank, err)
			}
		}
		all, errs := together(context.Background(), c, 2, dir, true, nil)
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			statetest.Same(t, "told "+fmt.Sprint(told), r.Learner, one.Learner)
		}
	}
}

// TestRanksLookTogether: what the monitor of several ranks sees is what that of one process does.
func TestRanksLookTogether(t *testing.T) {
	c := sharded(t, "rotation")
	c.Data, c.Test, c.Side, c.MonitorEvery, c.MaxSteps = "scenes:?n=300&side=16", "scenes:?n=150&seed=2&side=16", 16, 1, 2
	look := func(ranks int) (seen []map[string]float64) {
		_, errs := together(context.Background(), c, ranks, "", false, func(rank int, _ *train.Config, o *Options, _ context.CancelFunc) {
			o.Progress = func(p train.Progress) {
				if rank == 0 {
					seen = append(seen, p.Seen)
				} else if p.Seen != nil {
					t.Errorf("rank %d sees %v", rank, p.Seen)
				}
			}
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		return seen
	}
	one := look(1)
	if len(one) != 2 || one[1]["knn"] == 0 || one[1]["probe"] == 0 || one[1]["feature_std"] == 0 {
		t.Fatalf("one process sees %v", one)
	}
	for _, ranks := range []int{2, 4} {
		for i, seen := range look(ranks) {
			if !maps.Equal(seen, one[i]) {
				t.Errorf("%d ranks see %v, one process %v", ranks, seen, one[i])
			}
		}
	}
}

// TestShardsApart: where a step of shards is not the whole batch's that is said, of what by name.
func TestShardsApart(t *testing.T) {
	for task, want := range map[string]string{"simclr?pieces=2": "pieces of views", "simclr?pieces=3": "", "supervised": "mixed in pairs", "npid?negatives=8": "", "moco?queue=64&groups=2": "",
		"context-encoder?mask=blocks": "", "colourise?loss=mdn": "", "audio-visual": "", "track?method=triplet": "", "simclr": "", "rotation": "",
		"multi?tasks=rotation,simclr&schedule=together&simclr.pieces=2": "in simclr pieces of views", "multi?tasks=rotation,simclr&schedule=together": "",
		"supervised even": "", "supervised alone": "one sample has no partner"} {
		task, samples, _ := strings.Cut(task, " ")
		c := sharded(t, task)
		c.MaxSteps = 1
		if strings.HasSuffix(task, "pieces=3") {
			c.Trunk = "vit-tiny?patch=16&depth=1"
		}
		if task == Supervised {
			c.Mixup, c.BatchSize = 0.8, map[string]int{"": 12, "even": 8, "alone": 4}[samples] // of three samples in a shard one has no neighbour
		}
		said := ""
		trained(t, c, "", Options{Say: func(s string) { said += s }})
		if got := strings.Contains(said, "within each shard"); got != (want != "") || !strings.Contains(said, want) {
			t.Errorf("%s: said %q, want %q", task, said, want)
		}
	}
}

// TestRanksBad: samples that cannot be read count once for all ranks, whichever has met them, and end them all where they are too many.
func TestRanksBad(t *testing.T) {
	dir := t.TempDir()
	for i := range 64 {
		var b bytes.Buffer
		if i%8 == 7 {
			b.WriteString("no picture")
		} else if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 16, 16))); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.png", i)), b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, task := range []string{"rotation", "multi?tasks=rotation,relative-position&schedule=together"} { // of which each task meets them
		c := sharded(t, task)
		c.Data, c.Side, c.Epochs, c.MaxSteps = "folder:"+dir, 16, 3, 0
		out := t.TempDir()
		for limit, want := range map[float64]string{0.13: "", 0.1: "more than the 10 % that max-bad allows"} {
			c.MaxBad = limit
			var said string
			run := ""
			if want != "" {
				run = out
			}
			_, errs := together(context.Background(), c, 4, run, false, func(rank int, _ *train.Config, o *Options, _ context.CancelFunc) {
				if rank == 0 {
					o.Say = func(s string) { said += s }
				}
			})
			for rank, err := range errs {
				if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("%s, %g, rank %d: %v", task, limit, rank, err)
				}
			}
			if want == "" && !strings.Contains(said, "8 of ") {
				t.Errorf("%s: at the end it is said: %s", task, said)
			}
		}
		c.MaxBad = 0.5
		one := trained(t, c, "", Options{})
		all, errs := together(context.Background(), c, 2, out, true, nil) // what was ended goes on
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		statetest.Same(t, task+", resumed", all[0].Learner, one.Learner)
	}
}

// TestRanksRefuse: ranks that would not train the same, or cannot share a batch or what a task keeps, end with one sentence, on all.
func TestRanksRefuse(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(text, []byte(royals), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		what   string
		change func(rank int, c *train.Config, o *Options, stop context.CancelFunc)
		want   string
	}{
		{"seeds", func(rank int, c *train.Config, _ *Options, _ context.CancelFunc) { c.Seed += uint64(rank) }, "rank 1 (goroutine 1) has another --seed than rank 0 (goroutine 0): 2, not 1"},
		{"data", func(rank int, c *train.Config, _ *Options, _ context.CancelFunc) {
			if rank == 1 {
				c.Data = "scenes:?n=41&side=32"
			}
		}, "another fingerprint of the data"},
		{"shards", func(_ int, c *train.Config, _ *Options, _ context.CancelFunc) { c.Shards = 1 }, "shards 1: 2 ranks cannot have equally many"},
		{"words", func(_ int, c *train.Config, _ *Options, _ context.CancelFunc) {
			*c, _ = For("word2vec?update=exact")
			c.Data, c.BatchSize, c.Shards = "text:"+text, 200, 4
		}, `the task word2vec?update=exact changes the group "vectors" without gradients: shards of a batch have nothing to add up`},
	} {
		_, errs := together(context.Background(), sharded(t, "rotation"), 2, t.TempDir(), false, x.change)
		for rank, err := range errs {
			if err == nil || !strings.Contains(err.Error(), x.want) && !errors.Is(err, cluster.ErrGone) {
				t.Errorf("%s, rank %d: %v", x.what, rank, err)
			}
		}
		if !strings.Contains(errors.Join(errs...).Error(), x.want) {
			t.Errorf("%s: %v", x.what, errs)
		}
	}
	for _, x := range []struct {
		shards, batch int
		want          string
	}{{3, 9, "--shards 3: want 1, 2, 4, 8 or another power of two"}, {4, 10, "--shards 4: a batch of 10 samples does not divide"}, {-1, 8, "--shards -1: want"}} {
		c := sharded(t, "rotation")
		c.Shards, c.BatchSize = x.shards, x.batch
		if err := Check(c); err == nil || !strings.HasPrefix(err.Error(), x.want) {
			t.Errorf("%d shards of %d: %v", x.shards, x.batch, err)
		}
	}
}
