// Package workload lists what tessera bench times: kernels, training steps, inference, pictures, with the ids and the work of the
// peers' benchmarks, and measures it as they do.
package workload

import (
	"bufio"
	"errors"
	"fmt"
	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Record is a line of the benchmark's output.
type Record struct {
	ID      string  `json:"id"`
	Tool    string  `json:"tool"`
	Threads int     `json:"threads"`
	Min     float64 `json:"min_s"`
	Median  float64 `json:"median_s"`
	Max     float64 `json:"max_s"`
	Reps    int     `json:"reps"`
	CPU     float64 `json:"cpu_s,omitempty"` // processor time of all threads, a run: the median; for machines that others use, too
	GFLOPS  float64 `json:"gflops,omitempty"`
	GBytes  float64 `json:"gbytes_s,omitempty"`
	PeakMiB float64 `json:"rss_peak_mib,omitempty"`
	Images  float64 `json:"images_s,omitempty"`
	Sound   float64 `json:"x_real_time,omitempty"` // seconds of sound a second
	SIMD    string  `json:"simd"`
}

// Item is one workload: setup returns what is timed.
type Item struct {
	ID    string
	flop  float64
	bytes float64
	slow  bool // few repetitions are enough
	Child bool // measured in processes of its own
	setup func() func()

	pictures int    // that one run goes through, where that is what counts
	sound    int    // seconds that one run goes through
	suffix   string // of the record's id: another way than the usual one
}

// Measure times an item as the peers' benchmark does: warm up, then samples of at least 10 ms each, for about two seconds.
func (w Item) Measure(quick bool) Record {
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
	s, cpu := make([]float64, reps), make([]float64, reps)
	for i := range s {
		t, c := time.Now(), CPUSeconds()
		for range inner {
			f()
		}
		s[i], cpu[i] = time.Since(t).Seconds()/float64(inner), (CPUSeconds()-c)/float64(inner)
	}
	sort.Float64s(s)
	sort.Float64s(cpu)
	r := Record{ID: w.ID, Tool: "tessera", Threads: parallel.Workers(), Min: s[0], Median: (s[(reps-1)/2] + s[reps/2]) / 2, Max: s[reps-1], Reps: reps, CPU: (cpu[(reps-1)/2] + cpu[reps/2]) / 2, SIMD: simd.Active().String()}
	if w.flop > 0 {
		r.GFLOPS = w.flop / 1e9 / r.Min
	}
	if w.bytes > 0 {
		r.GBytes = w.bytes / 1e9 / r.Min
	}
	r.Images = float64(w.pictures) / r.Median
	r.Sound = float64(w.sound) / r.Median
	return r
}

func randn(shape ...int) *tensor.Tensor {
	return tensor.NewRNG(1).FillNormal(tensor.New(shape...), 0, 1)
}

// All lists the workloads; training steps compute twice what level says, networks and convolutions in the way of mode.
func All(level autograd.Recompute, mode tensor.Mode) []Item {
	var out []Item
	seen := map[string]bool{}
	gemm := func(kind string, m, n, k int) {
		id := fmt.Sprintf("%s/%dx%dx%d", kind, m, n, k)
		if seen[id] {
			return
		}
		seen[id] = true
		out = append(out, Item{ID: id, flop: 2 * float64(m) * float64(n) * float64(k), setup: func() func() {
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
	out = append(out, convBenches(mode)...)
	out = append(out, clipBenches(mode)...)
	out = append(out, vectorBenches()...)
	out = append(out, denseBenches()...)
	out = append(out, modelBenches(level, mode)...)
	out = append(out, taskSteps(level, mode)...)
	out = append(out, wordBenches()...)
	out = append(out, audioBenches()...)
	out = append(out, searchBenches()...)
	out = append(out, probeBenches()...)
	out = append(out, boxBenches()...)
	return append(out, Item{ID: "process/first_step/resnet18_224_n16#nhwc", Child: true}, Item{ID: "process/peak_rss/resnet18_224_n16#nhwc", Child: true})
}

// Child trains ResNet-18 for three steps in a process of its own; it says when the first is done and, at the end, how
// much memory the process took at most.
func Child(level autograd.Recompute, mode tensor.Mode) error {
	for _, w := range All(level, mode) {
		if w.ID == "train_step/resnet18_224/n16" {
			step := w.setup()
			step()
			fmt.Println("first")
			step()
			step()
		}
	}
	fmt.Println(PeakMemory())
	return nil
}

// measureChild runs Child three times.
func (w Item) measureChild(level autograd.Recompute) (Record, error) {
	r := Record{ID: w.ID, Tool: "tessera", Threads: parallel.Workers(), Reps: 3, SIMD: simd.Active().String()}
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
	if strings.HasPrefix(w.ID, "process/first_step") {
		r.Min, r.Median, r.Max, r.PeakMiB = s[0], s[1], s[2], 0
	}
	return r, nil
}

// Record measures an item, in this process or in others, and lets go of its memory.
func (w Item) Record(quick bool, level autograd.Recompute) (r Record, err error) {
	if w.Child {
		r, err = w.measureChild(level)
	} else {
		r = w.Measure(quick)
	}
	r.ID += w.suffix
	tensor.FreeScratch()
	runtime.GC()
	return r, err
}

// Select returns the workloads whose ids match; images is a folder of JPEGs for those of pictures, or empty.
func Select(only *regexp.Regexp, images string, level autograd.Recompute, mode tensor.Mode) ([]Item, error) {
	if images != "" {
		if _, err := Pictures(images); err != nil {
			return nil, err
		}
	}
	var out []Item
	for _, w := range slices.Concat(All(level, mode), Images(images), views(images)) {
		if !only.MatchString(w.ID) {
			continue
		}
		step := strings.HasPrefix(w.ID, "train_step/")
		if p := mode.Precision; p != tensor.Float32 && (step || strings.HasPrefix(w.ID, "infer/")) {
			w.suffix += "#" + p.String()
		}
		if level != autograd.RecomputeNothing && (w.Child || step) {
			w.suffix += "#" + level.String()
		}
		out = append(out, w)
	}
	return out, nil
}

// TilePeak measures a matrix-product tile whose operands stay in the first-level cache, on one thread: what the machine's
// multiply-add units give. It is the yardstick of the other numbers.
func TilePeak() float64 {
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
