package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// benchRecord is a line of the benchmark's output.
type benchRecord struct {
	ID      string  `json:"id"`
	Tool    string  `json:"tool"`
	Threads int     `json:"threads"`
	Min     float64 `json:"min_s"`
	Median  float64 `json:"median_s"`
	Max     float64 `json:"max_s"`
	Reps    int     `json:"reps"`
	GFLOPS  float64 `json:"gflops,omitempty"`
	GBytes  float64 `json:"gbytes_s,omitempty"`
	PeakMiB float64 `json:"rss_peak_mib,omitempty"`
	SIMD    string  `json:"simd"`
}

// benchItem is one workload: setup returns what is timed.
type benchItem struct {
	id    string
	flop  float64
	bytes float64
	slow  bool // few repetitions are enough
	child bool // measured in processes of its own
	setup func() func()
}

// measure times an item as the peers' benchmark does: warm up, then samples of at least 10 ms each, for about two seconds.
func (w benchItem) measure(quick bool) benchRecord {
	f := w.setup()
	f()
	t := time.Now()
	f()
	one := time.Since(t).Seconds()
	if one < 0.02 {
		n, t := 0, time.Now()
		for time.Since(t) < 50*time.Millisecond {
			f()
			n++
		}
		one = time.Since(t).Seconds() / float64(n)
	}
	inner := max(1, int(0.01/max(one, 1e-9)))
	budget, least := 1.5, 5
	if quick {
		budget, least = 0.5, 3
	}
	if w.slow {
		budget *= 3
	}
	reps := min(30, max(least, int(budget/(one*float64(inner)))))
	s := make([]float64, reps)
	for i := range s {
		t := time.Now()
		for range inner {
			f()
		}
		s[i] = time.Since(t).Seconds() / float64(inner)
	}
	sort.Float64s(s)
	r := benchRecord{ID: w.id, Tool: "tessera", Threads: parallel.Workers(), Min: s[0], Median: (s[(reps-1)/2] + s[reps/2]) / 2, Max: s[reps-1], Reps: reps, SIMD: simd.Active().String()}
	if w.flop > 0 {
		r.GFLOPS = w.flop / 1e9 / r.Min
	}
	if w.bytes > 0 {
		r.GBytes = w.bytes / 1e9 / r.Min
	}
	return r
}

func newBench(g *global) *cobra.Command {
	var only, file, images, recompute string
	var quick, list, child bool
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "time kernels, training steps and inference",
		Long: `Bench prints one JSON line a workload. The ids and the work are those of the peers' benchmarks
(bench_torch.py, bench_others.py), so that the two can be joined line by line (docs/compare.sh); tensors are float32, images
channels last. Ids get a suffix for another --precision or --recompute than the default.`,
		Args: args(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			level, err := autograd.ParseRecompute(recompute)
			if err != nil {
				return usage("--recompute: %v", err)
			}
			if child {
				return benchChild(level)
			}
			re, err := regexp.Compile(only)
			if err != nil {
				return usage("--only: %v", err)
			}
			if images != "" {
				if _, err := benchPictures(images); err != nil {
					return err
				}
			}
			out := bufio.NewWriter(os.Stdout)
			if file != "" {
				f, err := os.Create(file)
				if err != nil {
					return err
				}
				defer f.Close()
				out = bufio.NewWriter(f)
			}
			found := 0
			for _, w := range append(benchWork(level), imageWork(images)...) {
				if !re.MatchString(w.id) {
					continue
				}
				found++
				if list {
					fmt.Println(w.id)
					continue
				}
				r, err := w.record(quick, level)
				if err != nil {
					return err
				}
				if p := tensor.ActivePrecision(); p != tensor.Float32 && (strings.HasPrefix(w.id, "train_step/") || strings.HasPrefix(w.id, "infer/")) {
					r.ID += "#" + p.String()
				}
				if level != autograd.RecomputeNothing && (w.child || strings.HasPrefix(w.id, "train_step/")) {
					r.ID += "#" + level.String()
				}
				if err := json.NewEncoder(out).Encode(r); err != nil {
					return err
				}
				if err := out.Flush(); err != nil {
					return err
				}
				if file != "" {
					fmt.Fprintf(os.Stderr, "%-52s min %10.3f ms  med %10.3f ms %8.1f GF/s\n", r.ID, r.Min*1e3, r.Median*1e3, r.GFLOPS)
				}
				tensor.FreeScratch()
				runtime.GC()
			}
			if found == 0 {
				return usage("--only %q matches no workload; --list shows them", only)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&only, "only", "", "regular expression of ids")
	f.StringVar(&file, "json", "", "write the JSON lines to this file, and progress to standard error")
	f.StringVar(&images, "images", "", "folder of JPEGs for the ids image/... (default: sixty made here)")
	f.StringVar(&recompute, "recompute", "nothing", "what training steps compute twice to save memory: nothing, normalisations or blocks; ids get a suffix")
	f.BoolVar(&quick, "quick", false, "fewer repetitions")
	f.BoolVar(&list, "list", false, "print the ids only")
	f.BoolVar(&child, "child", false, "be the process that the ids process/... measure")
	f.Lookup("child").Hidden = true
	return cmd
}

func randn(shape ...int) *tensor.Tensor {
	return tensor.NewRNG(1).FillNormal(tensor.New(shape...), 0, 1)
}

// benchWork lists the workloads; training steps compute twice what level says.
func benchWork(level autograd.Recompute) []benchItem {
	var out []benchItem
	seen := map[string]bool{}
	gemm := func(kind string, m, n, k int) {
		id := fmt.Sprintf("%s/%dx%dx%d", kind, m, n, k)
		if seen[id] {
			return
		}
		seen[id] = true
		out = append(out, benchItem{id: id, flop: 2 * float64(m) * float64(n) * float64(k), setup: func() func() {
			a, b, c := tensor.Matrix{Data: randn(m, k).Data, Rows: m, Cols: k}, tensor.Matrix{Data: randn(k, n).Data, Rows: k, Cols: n}, tensor.Matrix{Data: make([]float32, m*n), Rows: m, Cols: n}
			switch kind {
			case "gemm_tn":
				a = tensor.Matrix{Data: a.Data, Rows: k, Cols: m, Transposed: true}
			case "gemm_nt":
				b = tensor.Matrix{Data: b.Data, Rows: n, Cols: k, Transposed: true}
			}
			return func() { tensor.Gemm(1, a, b, 0, c) }
		}})
	}
	for _, n := range []int{128, 256, 512, 1024, 2048} {
		for _, k := range []string{"gemm", "gemm_tn", "gemm_nt"} {
			gemm(k, n, n, n)
		}
	}
	for _, s := range [][3]int{{25088, 64, 64}, {25088, 64, 256}, {25088, 256, 64}, {25088, 256, 128}, {6272, 128, 512}, {6272, 512, 128}, {6272, 256, 512}, {6272, 512, 256},
		{1568, 256, 1024}, {1568, 1024, 256}, {1568, 512, 1024}, {1568, 1024, 512}, {392, 512, 2048}, {392, 2048, 512}, {392, 1024, 2048}} {
		p, ci, co := s[0], s[1], s[2]
		gemm("gemm_nt", p, co, ci)
		gemm("gemm", p, ci, co)
		gemm("gemm_tn", co, ci, p)
	}
	gemm("gemm_nt", 8, 1000, 2048)
	gemm("gemm_nt", 128, 4096, 9216)
	out = append(out, convBenches()...)
	out = append(out, vectorBenches()...)
	out = append(out, modelBenches(level)...)
	return append(out, benchItem{id: "process/first_step/resnet18_224_n16#nhwc", child: true}, benchItem{id: "process/peak_rss/resnet18_224_n16#nhwc", child: true})
}

// benchChild trains ResNet-18 for three steps in a process of its own; it says when the first is done and, at the end, how
// much memory the process took at most.
func benchChild(level autograd.Recompute) error {
	for _, w := range benchWork(level) {
		if w.id == "train_step/resnet18_224/n16" {
			step := w.setup()
			step()
			fmt.Println("first")
			step()
			step()
		}
	}
	fmt.Println(peakMemory())
	return nil
}

// measureChild runs benchChild three times.
func (w benchItem) measureChild(level autograd.Recompute) (benchRecord, error) {
	r := benchRecord{ID: w.id, Tool: "tessera", Threads: parallel.Workers(), Reps: 3, SIMD: simd.Active().String()}
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	var s []float64
	for range r.Reps {
		c := exec.Command(self, "bench", "--child", "--threads", strconv.Itoa(r.Threads), "--simd", r.SIMD, "--recompute", level.String())
		out, err := c.StdoutPipe()
		if err != nil {
			return r, err
		}
		from := time.Now()
		if err := c.Start(); err != nil {
			return r, err
		}
		lines := bufio.NewScanner(out)
		lines.Scan()
		s = append(s, time.Since(from).Seconds())
		lines.Scan()
		bytes, err := strconv.ParseInt(lines.Text(), 10, 64)
		if werr := c.Wait(); werr != nil || err != nil {
			return r, fmt.Errorf("bench: the training process failed: %w", errors.Join(werr, err))
		}
		r.PeakMiB = max(r.PeakMiB, float64(bytes)/(1<<20))
	}
	sort.Float64s(s)
	if strings.HasPrefix(w.id, "process/first_step") {
		r.Min, r.Median, r.Max, r.PeakMiB = s[0], s[1], s[2], 0
	}
	return r, nil
}

// record measures an item, in this process or in others.
func (w benchItem) record(quick bool, level autograd.Recompute) (benchRecord, error) {
	if w.child {
		return w.measureChild(level)
	}
	return w.measure(quick), nil
}

// convShape is a convolution of a model.
type convShape struct {
	name                      string
	ci, side, co, k, s, p, so int
}

// resnetConvs lists a residual network's convolutions in the order in which they run.
func resnetConvs(depth int, cifar bool) []convShape {
	var out []convShape
	add := func(name string, ci, side, co, k, s, p int) int {
		so := (side+2*p-k)/s + 1
		out = append(out, convShape{name, ci, side, co, k, s, p, so})
		return so
	}
	side, down := 224, "downsample.0"
	if cifar {
		side, down = add("conv1", 3, 32, 64, 3, 1, 1), "down.0"
	} else {
		side = add("conv1", 3, side, 64, 7, 2, 3) / 2
	}
	in := 64
	for i, n := range map[int][4]int{18: {2, 2, 2, 2}, 50: {3, 4, 6, 3}}[depth] {
		mid := 64 << i
		for j := range n {
			s := 1
			if i > 0 && j == 0 {
				s = 2
			}
			name := fmt.Sprintf("layer%d.%d.", i+1, j)
			was := side
			o := mid
			if depth == 50 {
				o = 4 * mid
				add(name+"conv1", in, side, mid, 1, 1, 0)
				side = add(name+"conv2", mid, side, mid, 3, s, 1)
				add(name+"conv3", mid, side, o, 1, 1, 0)
			} else {
				side = add(name+"conv1", in, side, mid, 3, s, 1)
				add(name+"conv2", mid, side, mid, 3, 1, 1)
			}
			if in != o || s != 1 {
				add(name+down, in, was, o, 1, s, 0)
			}
			in = o
		}
	}
	return out
}

func convBenches() []benchItem {
	var out []benchItem
	seen := map[string]bool{}
	for _, m := range []struct {
		tag   string
		depth int
		cifar bool
		n     int
	}{{"resnet50", 50, false, 8}, {"resnet18", 18, false, 8}, {"cifar_resnet18", 18, true, 128}} {
		for _, c := range resnetConvs(m.depth, m.cifar) {
			key := fmt.Sprint(m.n, c.ci, c.side, c.co, c.k, c.s, c.p)
			if seen[key] {
				continue
			}
			seen[key] = true
			n, g := m.n, tensor.Conv{Stride: c.s, Pad: c.p}
			flop := 2 * float64(n*c.co*c.so*c.so) * float64(c.ci*c.k*c.k)
			for _, pass := range []string{"conv_fwd", "conv_bwd_data", "conv_bwd_weights"} {
				if pass == "conv_bwd_data" && c.ci == 3 {
					continue // nobody needs the gradient of the picture
				}
				out = append(out, benchItem{id: fmt.Sprintf("%s/%s.%s/n%d", pass, m.tag, c.name, n), flop: flop, setup: func() func() {
					x, w, y := randn(n, c.side, c.side, c.ci), randn(c.k, c.k, c.ci, c.co), randn(n, c.so, c.so, c.co)
					switch pass {
					case "conv_fwd":
						return func() { tensor.Conv2D(y, x, w, g) }
					case "conv_bwd_data":
						return func() { tensor.ConvGradInput(x, y, w, g, false) }
					}
					return func() { tensor.ConvGradWeight(w, x, y, g, false) }
				}})
			}
		}
	}
	return out
}

func vectorBenches() []benchItem {
	const n = 16 << 20
	out := []benchItem{
		{id: "ew/add/16M", bytes: 12 * n, setup: func() func() {
			a, b, y := randn(n), randn(n), tensor.New(n)
			return func() { tensor.Add(y, a, b) }
		}},
		{id: "ew/relu_inplace/16M", bytes: 8 * n, setup: func() func() {
			a := randn(n)
			return func() { tensor.ReLU(a, a) }
		}},
		// a new tensor a call, as a network takes it: from the tape's memory
		{id: "ew/add_alloc/16M", bytes: 12 * n, setup: func() func() {
			a, b, tape := randn(n), randn(n), autograd.NewInference()
			return func() { autograd.Add(tape.Input(a), tape.Input(b)); tape.Reset() }
		}},
		{id: "ew/relu/16M", bytes: 8 * n, setup: func() func() {
			a, tape := randn(n), autograd.NewInference()
			return func() { autograd.ReLU(tape.Input(a)); tape.Reset() }
		}},
		{id: "ew/add_relu/16M", bytes: 12 * n, setup: func() func() {
			a, b, tape := randn(n), randn(n), autograd.NewInference()
			return func() { autograd.ReLU(autograd.Add(tape.Input(a), tape.Input(b))); tape.Reset() }
		}},
		{id: "ew/relu_bwd/16M", bytes: 12 * n, setup: func() func() {
			y, g, tape := randn(n), randn(n), autograd.NewInference()
			tensor.ReLU(y, y)
			return func() { tensor.ReLUGrad(tape.New(n), g, y, false); tape.Reset() }
		}},
	}
	for _, n := range []int{16, 4096, 65536} {
		out = append(out, benchItem{id: fmt.Sprintf("ew/add_small/%d", n), bytes: 12 * float64(n), setup: func() func() {
			a, b, y := randn(n), randn(n), tensor.New(n)
			return func() { tensor.Add(y, a, b) }
		}})
	}
	for _, name := range []string{"adam", "sgdm"} {
		bytes := map[string]float64{"adam": 28, "sgdm": 20}[name]
		out = append(out, benchItem{id: "optim/" + name + "/resnet50_25M", bytes: bytes * 25557032, setup: func() func() {
			params := layers.Params(layers.Classifier(tensor.NewRNG(1), layers.ResNet(tensor.NewRNG(1), 3, 50, false, layers.TrunkOptions{}), 1000))
			tape := autograd.NewTape(nil)
			var loss *autograd.Var
			for _, p := range params { // a loss whose gradient is random
				l := autograd.Sum(autograd.Mul(tape.Param(p.Value), tape.Input(tensor.NewRNG(2).FillNormal(tensor.New(p.Value.Shape...), 0, 1e-3))))
				if loss != nil {
					l = autograd.Add(loss, l)
				}
				loss = l
			}
			grads := tape.Backward(loss)
			opt := optim.NewAdam(params, optim.AdamOptions{})
			if name == "sgdm" {
				opt = optim.NewSGD(params, optim.SGDOptions{Momentum: 0.9, WeightDecay: 1e-4, DecayAll: true})
			}
			return func() { opt.Step(grads, 1e-3) }
		}})
	}
	for _, s := range [][3]int{{16, 64, 112}, {16, 256, 28}, {128, 64, 32}} {
		for _, relu := range []bool{false, true} {
			for _, back := range []bool{false, true} {
				name, bytes := "bn", 12.0
				if relu {
					name = "bn_relu"
				}
				pass := "fwd"
				if back {
					pass, bytes = "fwd_bwd", 32
				}
				size := s[0] * s[1] * s[2] * s[2]
				out = append(out, benchItem{id: fmt.Sprintf("%s/%s/n%dc%ds%d", name, pass, s[0], s[1], s[2]), bytes: bytes * float64(size), setup: func() func() {
					x, dy := randn(s[0], s[2], s[2], s[1]), randn(s[0], s[2], s[2], s[1])
					bn := layers.NewBatchNorm(s[1])
					bn.ReLU = relu
					tape := autograd.NewTape(nil)
					return func() {
						if back {
							tape.BackwardFrom(bn.Forward(tape.Param(x)), dy)
						} else {
							tape.NoGrad(func() { bn.Forward(tape.Input(x)) })
						}
						tape.Reset()
					}
				}})
			}
		}
	}
	for _, p := range []tensor.Window{{Size: 2, Stride: 2}, {Size: 3, Stride: 2, Pad: 1}} {
		x := []int{16, 112, 112, 64}
		y := tensor.PoolShape(x, p)
		out = append(out, benchItem{id: fmt.Sprintf("maxpool%ds2/fwd/n16c64s112", p.Size), bytes: float64(4 * (tensor.Size(x) + tensor.Size(y))), setup: func() func() {
			a, b := randn(x...), tensor.New(y...)
			return func() { tensor.MaxPool(b, a, p) }
		}}, benchItem{id: fmt.Sprintf("maxpool%ds2/fwd_bwd/n16c64s112", p.Size), bytes: float64(8 * (tensor.Size(x) + tensor.Size(y))), setup: func() func() {
			a, b, g, dx := randn(x...), tensor.New(y...), randn(y...), tensor.New(x...)
			return func() { tensor.MaxPool(b, a, p); tensor.Zero(dx); tensor.AddMaxPoolGrad(dx, g, a, b, p) }
		}})
	}
	return append(out, benchItem{id: "softmax_ce/fwd_bwd/8192x1000", bytes: 12 * 8192 * 1000, setup: func() func() {
		x := randn(8192, 1000)
		labels := make([]int32, 8192)
		for i := range labels {
			labels[i] = int32(i % 1000)
		}
		tape := autograd.NewTape(nil)
		return func() { tape.Backward(autograd.CrossEntropy(tape.Param(x), labels)); tape.Reset() }
	}})
}

// benchModel is a network of the peers' benchmark.
type benchModel struct {
	name           string
	side, ch, clas int
	make           func(r *tensor.RNG) layers.Module
}

var benchModels = []benchModel{
	{"resnet18_224", 224, 3, 1000, func(r *tensor.RNG) layers.Module {
		return layers.Classifier(r, layers.ResNet(r, 3, 18, false, layers.TrunkOptions{}), 1000)
	}},
	{"resnet50_224", 224, 3, 1000, func(r *tensor.RNG) layers.Module {
		return layers.Classifier(r, layers.ResNet(r, 3, 50, false, layers.TrunkOptions{}), 1000)
	}},
	{"cifar_resnet18", 32, 3, 10, func(r *tensor.RNG) layers.Module {
		return layers.Classifier(r, layers.ResNet(r, 3, 18, true, layers.TrunkOptions{}), 10)
	}},
	{"cifar_resnet20", 32, 3, 10, func(r *tensor.RNG) layers.Module {
		return layers.Classifier(r, layers.CIFARResNet(r, 3, 20, layers.TrunkOptions{Shortcut: layers.OptionA}), 10)
	}},
	{"rotnet_alexnet_227", 227, 3, 4, func(r *tensor.RNG) layers.Module {
		return &layers.Net{Trunk: layers.AlexNet(r, 3, layers.TrunkOptions{}), Head: layers.AlexNetHead(r, 6, 256, 4)}
	}},
	{"mnist_cnn", 28, 1, 10, func(r *tensor.RNG) layers.Module {
		c := func(i, o int) layers.Module {
			return layers.Seq(layers.NewConv2D(r, i, o, 3, layers.ConvOptions{Pad: 1, NoBias: true}), layers.ReLU, layers.MaxPool(tensor.Window{Size: 2}))
		}
		return layers.Seq(c(1, 32), c(32, 64), c(64, 128), layers.Flatten, layers.NewLinear(r, 1152, 625, layers.LinearOptions{NoBias: true}), layers.ReLU,
			layers.NewLinear(r, 625, 10, layers.LinearOptions{}))
	}},
}

func modelBenches(level autograd.Recompute) []benchItem {
	var out []benchItem
	batch := map[string]int{"resnet18_224": 16, "resnet50_224": 8, "cifar_resnet18": 128, "cifar_resnet20": 128, "rotnet_alexnet_227": 32, "mnist_cnn": 64}
	for _, m := range benchModels {
		n := batch[m.name]
		out = append(out, benchItem{id: fmt.Sprintf("train_step/%s/n%d", m.name, n), slow: true, setup: func() func() {
			rng := tensor.NewRNG(1)
			net := m.make(rng)
			x := randn(n, m.side, m.side, m.ch)
			labels := make([]int32, n)
			for i := range labels {
				labels[i] = int32(i % m.clas)
			}
			opt := optim.NewSGD(layers.Params(net), optim.SGDOptions{Momentum: 0.9, WeightDecay: 1e-4, DecayAll: true})
			tape := autograd.NewTape(rng)
			tape.Recompute = level
			return func() {
				opt.Step(tape.Backward(autograd.CrossEntropy(net.Forward(tape.Input(x)), labels)), 0.01)
				tape.Reset()
			}
		}})
	}
	for _, s := range []struct {
		name string
		n    int
	}{{"resnet50_224", 1}, {"resnet50_224", 32}, {"resnet18_224", 1}, {"cifar_resnet20", 1}} {
		for _, m := range benchModels {
			if m.name != s.name {
				continue
			}
			out = append(out, benchItem{id: fmt.Sprintf("infer/%s/n%d", s.name, s.n), slow: s.n > 1, setup: func() func() {
				net := m.make(tensor.NewRNG(1))
				x := randn(s.n, m.side, m.side, m.ch)
				tape := autograd.NewInference()
				return func() { net.Forward(tape.Input(x)); tape.Reset() }
			}})
			// the peers' compiled and frozen network: ours is always frozen
			frozen := out[len(out)-1]
			frozen.id += "#compile"
			out = append(out, frozen)
		}
	}
	return out
}

// tilePeak measures a matrix-product tile whose operands stay in the first-level cache, on one thread: what the machine's
// multiply-add units give. It is the yardstick of the other numbers.
func tilePeak() float64 {
	const m, k = 56, 256
	n := simd.Panel()
	a := simd.A{Data: make([]float32, m*(k+16)), LD: k + 16, K: k}
	panel, c := make([]float32, simd.PackedSize(k, n)), make([]float32, m*n)
	best := 0.0
	for range 5 {
		t, reps := time.Now(), 0
		for time.Since(t) < 20*time.Millisecond {
			for range 20 {
				simd.MulPanel(c, n, m, n, a, panel, false)
			}
			reps += 20
		}
		best = max(best, 2*m*k*float64(n)*float64(reps)/time.Since(t).Seconds()/1e9)
	}
	return best
}
