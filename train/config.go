package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/internal/files"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/simd"
	"github.com/tessera-go/tessera/tensor"
)

// Config is everything that decides a run's weights, and a few things that do not. It is stored in run.json.
type Config struct {
	Task          string           `json:"task"`
	Data          string           `json:"data"`
	Test          string           `json:"test,omitempty"` // for the monitor and the evaluation
	Trunk         string           `json:"trunk"`
	Init          string           `json:"init,omitempty"` // the run or file whose weights it begins with; random ones if empty
	Side          int              `json:"side"`           // of the images that the net sees; 0 where it sees none
	Epochs        int              `json:"epochs"`
	MaxSteps      int              `json:"max_steps,omitempty"` // 0: no limit
	BatchSize     int              `json:"batch_size"`
	Accumulate    int              `json:"accumulate,omitempty"`  // batches whose mean gradient makes an update; 0 means 1
	Shards        int              `json:"shards,omitempty"`      // equal parts that a batch is cut into, each with a gradient of its own, for ranks to share; 0 means 1
	Wire          tensor.Precision `json:"wire,omitzero"`         // of gradients between ranks: Float32 or BFloat16
	LocalSteps    int              `json:"local_steps,omitempty"` // updates that each rank makes with its own shards' gradient before weights are averaged; 0 means 1: all have the whole batch's
	Optimizer     string           `json:"optimizer"`             // as optim.New takes it
	LR            float32          `json:"lr"`
	Schedule      string           `json:"schedule"`     // cosine, step, constant, poly, linear, onecycle; cosine?begins=warmup&to=0.01 falls after the warm-up, to a part of the rate, step?by=0.1&at=0.5,0.75 says how and when
	WarmupSteps   int              `json:"warmup_steps"` // below 0, until the run begins: a twentieth of its steps, at most so many
	Momentum      float32          `json:"momentum"`
	WeightDecay   float32          `json:"weight_decay"`
	DecaySchedule string           `json:"decay_schedule,omitempty"` // of weight decay, from WeightDecay on: constant (or empty), cosine?to=0.4, linear?to=0.4
	ClipNorm      float64          `json:"clip_norm,omitempty"`      // 0: no clipping
	ClipEach      bool             `json:"clip_each,omitempty"`      // ClipNorm is of each tensor's gradient by itself, not of all together
	Augment       string           `json:"augment"`
	Mixup         float64          `json:"mixup,omitempty"`  // of data.Mix, where labels are learned; 0: none
	CutMix        float64          `json:"cutmix,omitempty"` // the same
	Norm          string           `json:"norm,omitempty"`   // of pixels: see data.ParseNorm; runs without it have half
	Sound         string           `json:"sound,omitempty"`  // how the net hears: see data.ParseHearing; empty where it hears nothing
	Seed          uint64           `json:"seed"`
	MaxBad        float64          `json:"max_bad"`
	Conv          tensor.Algorithm `json:"conv,omitzero"`      // of convolutions, where it is not auto
	Precision     tensor.Precision `json:"precision,omitzero"` // of products, where it is not float32

	CheckpointEvery int `json:"checkpoint_every"`          // steps; 0: at each epoch's end
	MonitorEvery    int `json:"monitor_every"`             // steps; 0: at each epoch's end; below 0: never
	MonitorSamples  int `json:"monitor_samples,omitempty"` // held-out samples that the monitor looks at, at most; 0 means 500
	LogEvery        int `json:"log_every"`                 // steps between lines of metrics.jsonl
}

// Info is run.json.
type Info struct {
	Config      Config          `json:"config"`
	Command     string          `json:"command"`
	Started     time.Time       `json:"started"`
	Finished    time.Time       `json:"finished,omitzero"`
	Steps       int             `json:"steps"` // planned
	Done        int             `json:"done"`  // made
	Metrics     []metric.Metric `json:"metrics"`
	Params      int             `json:"params"`
	CPU         string          `json:"cpu"`
	SIMD        string          `json:"simd"`
	Threads     int             `json:"threads"`
	Go          string          `json:"go"`
	Version     string          `json:"version"`
	DataName    string          `json:"data_name"`
	DataLen     int             `json:"data_len"`
	Fingerprint string          `json:"data_fingerprint"`
	Origin      *Origin         `json:"origin,omitempty"`
	Tuned       *Tuned          `json:"tuned,omitempty"`
	Seconds     float64         `json:"seconds"`             // of all sessions together
	PeakMemory  int             `json:"peak_memory"`         // bytes that the tape held at most
	Recompute   string          `json:"recompute,omitempty"` // what a memory limit made compute twice
	FirstStep   float64         `json:"first_step_s"`        // from process start to the first step's end
}

// Origin is the file whose weights a run began with.
type Origin struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
}

// Describe fills in what the machine and the build are.
func (i *Info) Describe() {
	i.CPU = cpuid.CPU.BrandName
	if i.CPU == "" {
		i.CPU = runtime.GOARCH
	}
	i.SIMD, i.Threads, i.Go = simd.Active().String(), parallel.Workers(), runtime.Version()
	i.Version = Version()
}

// Version is the module's version, with the revision where the build knows it.
func Version() string {
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return version(b)
}

func version(b *debug.BuildInfo) string {
	v := b.Main.Version
	for _, s := range b.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			v += " " + s.Value[:12]
		}
	}
	return v
}

// Save writes run.json.
func (i *Info) Save(dir string) error {
	return checkpoint.Atomic(filepath.Join(dir, "run.json"), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(i)
	})
}

// infoBytes is how large run.json may be.
const infoBytes = 64 << 20

// LoadInfo reads run.json of a run directory.
func LoadInfo(dir string) (*Info, error) {
	path := filepath.Join(dir, "run.json")
	b, err := files.Read(path, infoBytes)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s is not a run directory: it has no run.json", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	i, err := readInfo(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return i, nil
}

func readInfo(b []byte) (*Info, error) {
	i := &Info{}
	if err := json.Unmarshal(b, i); err != nil {
		return nil, errors.New(spec.Line(err.Error())) // it quotes what it could not read
	}
	return i, nil
}

// Mode returns how the run's tapes compute.
func (c *Config) Mode() tensor.Mode {
	return tensor.Mode{Precision: c.Precision, Algorithm: c.Conv}
}

// Check returns the setting that cannot be what the configuration says, of those that make optimiser and schedule, its value, and why.
func (c *Config) Check() (setting, value string, err error) {
	if _, err := optim.New(c.Optimizer, nil, c.Momentum, c.WeightDecay); err != nil {
		return "optimizer", c.Optimizer, err
	}
	if _, err := c.schedule(1); err != nil {
		if c.WarmupSteps != 0 && strings.HasPrefix(c.Schedule, "onecycle") {
			return "warmup-steps", fmt.Sprint(c.WarmupSteps), err
		}
		return "schedule", c.Schedule, err
	}
	if _, err := c.decays(1); err != nil {
		return "decay-schedule", c.DecaySchedule, err
	}
	if of, err := spec.Parse(c.Optimizer); err == nil && of.Kind == "lars" && c.DecaySchedule != "" && c.WeightDecay == 0 {
		return "decay-schedule", c.DecaySchedule, errors.New("of lars, which without weight decay adapts no rate: want a --weight-decay above 0 to begin at")
	}
	if c.ClipEach && c.ClipNorm == 0 {
		return "clip-each", "true", errors.New("there is no --clip-norm that each tensor could be clipped at")
	}
	return "", "", nil
}

// Schedules are the names of the schedules.
var Schedules = []string{"cosine", "step", "constant", "poly", "linear", "onecycle"}

// milestones reads the option at: rising parts of the way, to a millionth.
func milestones(v *spec.Values, steps int) (out []int) {
	last := 0.0
	for _, text := range strings.Split(v.Text("at"), ",") {
		part, err := strconv.ParseFloat(text, 64)
		if err != nil || !(part > last && part < 1) {
			v.Fail("option at=%s: want rising parts of the way between 0 and 1, such as 0.3,0.6,0.8", v.Text("at"))
			return nil
		}
		last = part
		out = append(out, int(math.Round(part*1e6))*steps/1e6)
	}
	return out
}

// warmup returns the steps of a run of so many over which the rate rises.
func (c *Config) warmup(steps int) int {
	if c.WarmupSteps < 0 {
		return min(-c.WarmupSteps, max(1, steps/20))
	}
	return c.WarmupSteps
}

// schedule returns the learning rate's schedule over steps.
func (c *Config) schedule(steps int) (optim.Schedule, error) {
	of, err := spec.Parse(c.Schedule)
	if err != nil {
		return nil, fmt.Errorf("schedule %w", err)
	}
	options := []spec.Option{{Name: "begins", Default: "start", About: "with the warm-up, at the start; warmup: after it"}}
	switch of.Kind {
	case "constant", "onecycle":
		options = nil
	case "cosine", "linear":
		options = append(options, spec.Option{Name: "to", Default: "0", About: "the least part of the highest rate"})
	case "step":
		options = append(options, spec.Option{Name: "by", Default: "0.2", About: "what the rate is multiplied by"},
			spec.Option{Name: "at", Default: "0.3,0.6,0.8", About: "when: parts of the way"})
	}
	v := of.Values("schedule "+of.Kind, options)
	after := options != nil && v.One("begins", "start", "warmup") == "warmup"
	warm := c.warmup(steps)
	if after {
		steps = max(0, steps-warm)
	}
	var s optim.Schedule
	switch of.Kind {
	case "cosine":
		s = optim.CosineTo(c.LR, c.LR*float32(v.Float("to", 0, 1)), steps)
	case "constant":
		s = optim.Constant(c.LR)
	case "linear":
		s = optim.Linear(c.LR, steps, float32(v.Float("to", 0, 1)))
	case "step": // RotNet's unless said: divided by 5 at 30, 60 and 80 % of the way
		s = optim.Steps(c.LR, float32(v.Float("by", 1e-6, 1)), milestones(v, steps)...)
	case "poly":
		s = optim.Polynomial(c.LR, steps, 2)
	case "onecycle":
		if c.WarmupSteps != 0 {
			return nil, fmt.Errorf("the schedule onecycle rises by itself; it takes no warm-up of %d steps", c.WarmupSteps)
		}
		s = optim.OneCycle(c.LR, steps)
	default:
		return nil, fmt.Errorf("there is no schedule %q; there are %s", of.Kind, strings.Join(Schedules, ", "))
	}
	switch {
	case v.Err() != nil:
		return nil, v.Err()
	case after:
		s = optim.WarmupThen(warm, s)
	case warm > 0:
		s = optim.Warmup(warm, s)
	}
	return s, nil
}

// decays returns the weight decay's schedule over steps: from WeightDecay on.
func (c *Config) decays(steps int) (optim.Schedule, error) {
	if c.DecaySchedule == "" {
		return optim.Constant(c.WeightDecay), nil
	}
	of, err := spec.Parse(c.DecaySchedule)
	if err != nil {
		return nil, fmt.Errorf("decay schedule %w", err)
	}
	options := []spec.Option{{Name: "to", About: "the weight decay at the end"}}
	if of.Kind == "constant" {
		options = nil
	}
	v := of.Values("decay schedule "+of.Kind, options)
	to := func() float32 {
		if !v.Given("to") {
			v.Fail("want to=, the weight decay at the end")
			return 0
		}
		return float32(v.Float("to", 0, 100))
	}
	var s optim.Schedule
	switch of.Kind {
	case "constant":
		s = optim.Constant(c.WeightDecay)
	case "cosine":
		s = optim.CosineTo(c.WeightDecay, to(), steps)
	case "linear":
		s = optim.LinearTo(c.WeightDecay, to(), steps)
	default:
		return nil, fmt.Errorf("there is no decay schedule %q; there are constant, cosine and linear", of.Kind)
	}
	return s, v.Err()
}
