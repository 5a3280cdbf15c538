package recipe

import (
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Model is a trunk with weights, and how it sees samples.
type Model struct {
	Trunk *layers.Trunk
	Side  int
	Norm  data.Norm
	// Hearing is how the trunk hears; nil for one that looks.
	Hearing *data.Hearing
	Mode    tensor.Mode
	Label   string      // pretext, random, supervised, or a file's name
	Dir     string      // of the run, where there is one
	Info    *train.Info // of the run, where there is one
	// Checkpoint is the file of the run's that the weights are of, without its folder.
	Checkpoint string
	File       string        // that the weights are of; empty for random ones
	Head       layers.Module // of a run that was fine-tuned, what says Classes of its features; nil for none
	Classes    []string
	Notes      []string // what a person should know of how a file was read
}

// Encoder returns the model as an encoder.
func (m *Model) Encoder() *eval.TrunkEncoder {
	of := map[string]any{"precision": m.Mode.Precision.String(), "conv": m.Mode.Algorithm.String()}
	if m.Checkpoint != "" {
		of["checkpoint"] = m.Checkpoint
	}
	stride := func(stride int) (*eval.TrunkEncoder, error) {
		at, err := m.atStride(stride)
		if err != nil {
			return nil, err
		}
		return at.Encoder(), nil
	}
	return &eval.TrunkEncoder{Label: m.Label, AtStride: stride, Trunk: m.Trunk, Head: m.Head, Classes: m.Classes, Input: m.input(), Of: of, Tape: func() *autograd.Tape { return train.Inference(m.Mode) }}
}

// input is how the trunk sees or hears samples.
func (m *Model) input() eval.Input {
	if m.Hearing != nil {
		return eval.Hears{Hearing: *m.Hearing}
	}
	frames, apart := clipOf(m.Trunk)
	return eval.Views{Side: m.Side, Norm: m.Norm, Frames: frames, Apart: apart}
}

// channels returns how many a trunk of a configuration has: one of a spectrogram, three of a picture.
func channels(c train.Config) int {
	if hearsOnly(c) {
		return 1
	}
	return 3
}

// hears tells whether a run of a configuration hears anything, and hearsOnly whether it sees nothing beside.
func hears(c train.Config) bool { return c.Sound != "" }
func hearsOnly(c train.Config) bool {
	return hears(c) && pretext.Tell(c.Task).Of != pretext.OfFilmsWithSound
}

// again returns a trunk as the model's with the weights that a run of that seed begins with.
func (m *Model) again(seed uint64) (*layers.Trunk, error) {
	name, c := m.Trunk.Name, 3
	switch {
	case m.Hearing != nil: // of a run of films it need not be the trunk that sees
		c = 1
	case m.Info != nil:
		name = m.Info.Config.Trunk
	}
	return newTrunk(name, seed, c)
}

// clipOf returns how many frames of a film a trunk is shown where it is judged, and how far they may lie apart: 0 for anywhere. What a trunk of pictures
// says of frames is averaged, so these are spread over all of the film; a trunk of clips sees movement, and knows only that of the time between its frames.
func clipOf(t *layers.Trunk) (frames, apart int) {
	if t.Frames > 0 {
		return t.Frames, 2
	}
	return 8, 0
}

// newTrunk returns a trunk of so many channels with the weights that a run of that seed begins with.
func newTrunk(name string, seed uint64, channels int) (*layers.Trunk, error) {
	return layers.NewTrunk(name, tensor.NewRNG(seed).Derive(stream.Init, stream.Trunk), channels)
}

// LoadRun returns the model of a run directory's last checkpoint.
func LoadRun(dir string) (*Model, error) { return loadRun(dir, checkpoint.Load) }

func loadRun(dir string, read reader) (*Model, error) {
	m, last, err := openRun(dir)
	if err != nil {
		return nil, err
	}
	if m.Trunk == nil {
		return nil, fmt.Errorf("%s is a run of the task %s, which trains no network that looks at pictures; its vectors are for nearest, export, eval analogies and eval similarity", dir, kind(m.Info.Config.Task))
	}
	f, err := read(last)
	if err != nil {
		return nil, err
	}
	if err := restoreFile(m.Trunk, f, last, "model.trunk."); err != nil {
		return nil, err
	}
	return m, m.tunedHead(f)
}

// LoadLearner returns the model of a run directory's last checkpoint with what learned around it, heads and all: for what a trained task
// does with a person's own pictures. The data that it was trained on is not opened: what a task took from there stands in its state.
func LoadLearner(dir string) (*Model, train.Learner, error) {
	m, l, f, err := openLearner(dir)
	if err != nil {
		return nil, nil, err
	}
	path := filepath.Join(dir, "checkpoints", m.Checkpoint)
	if err := f.RestoreAll(Named(l), "model."); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	tensor.Changed()
	return m, l, nil
}

// beginLearner returns what LoadLearner does with the weights that the run began with.
func beginLearner(dir string) (*Model, train.Learner, error) {
	m, l, _, err := openLearner(dir)
	return m, l, err
}

// openLearner returns a run's model and learner with the weights that the run began with, and its last checkpoint.
func openLearner(dir string) (*Model, train.Learner, *checkpoint.File, error) {
	m, last, err := openRun(dir)
	if err != nil {
		return nil, nil, nil, err
	}
	c := m.Info.Config
	if c.Task == Supervised {
		return nil, nil, nil, fmt.Errorf("%s is a run of the task %s, want one of a pretext task", dir, Supervised)
	}
	f, err := checkpoint.Load(last)
	if err != nil {
		return nil, nil, nil, err
	}
	task, err := pretext.New(c.Task)
	var s pretext.Setup
	if err == nil {
		s, err = setup(c, m.Trunk)
	}
	var l train.Learner
	if err == nil {
		s.Norm, s.Kept = m.Norm, func(name string) *tensor.Tensor { return f.Get("model." + name) }
		s.File = func(name string) (io.ReadCloser, error) { return os.Open(filepath.Join(dir, name)) }
		l, err = task.Learner(s)
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", dir, err)
	}
	return m, l, f, nil
}

// openRun returns the model of a run with the weights that it began with, and the file of its last checkpoint.
func openRun(dir string) (*Model, string, error) {
	info, err := train.LoadInfo(dir)
	if err != nil {
		return nil, "", err
	}
	c := info.Config
	all, err := train.Checkpoints(dir)
	if err != nil || len(all) == 0 {
		return nil, "", fmt.Errorf("%s has no checkpoint", dir)
	}
	if c.Side < 0 || c.Side > MaxSide {
		return nil, "", fmt.Errorf("%s: its run.json says a side of %d pixels, at most %d are possible", dir, c.Side, MaxSide)
	}
	m := &Model{Side: c.Side, Mode: c.Mode(), Label: "pretext", Dir: dir, Info: info}
	if c.Task == Supervised {
		m.Label = "supervised"
	}
	if info.Tuned != nil {
		m.Label = "finetuned"
	}
	if m.Norm, err = runNorm(c); err != nil {
		return nil, "", err
	}
	if c.Norm == "" {
		c.Trunk = firstTrunk(c.Trunk)
		info.Config.Trunk = c.Trunk
	}
	if !trunkless(c) {
		if m.Trunk, err = newTrunk(c.Trunk, c.Seed, channels(c)); err != nil {
			return nil, "", err
		}
	}
	if hearsOnly(c) {
		h, err := data.ParseHearing(c.Sound)
		if err != nil {
			return nil, "", fmt.Errorf("%s: its run.json: %w", dir, err)
		}
		m.Hearing = &h
	}
	last := all[len(all)-1]
	m.Checkpoint, m.File = filepath.Base(last), last
	return m, last, nil
}

// runNorm returns the norm of a run; those of earlier versions, which do not say, have half.
func runNorm(c train.Config) (data.Norm, error) {
	if c.Norm == "" {
		return data.HalfNorm, nil
	}
	return data.ParseNorm(c.Norm)
}

// firstTrunk returns the specification of what a name meant to the first version, whose runs do not say their norm.
func firstTrunk(name string) string {
	switch name {
	case "resnet20", "resnet32", "resnet56":
		return name + "?init=fan-out&shortcut=a"
	}
	return name
}

// Random returns a trunk with the weights that a run of that seed begins with.
func Random(trunk string, seed uint64) (*Model, error) { return random(trunk, seed, nil) }

// RandomEar returns a trunk that hears, with random weights.
func RandomEar(trunk string, seed uint64, h data.Hearing) (*Model, error) {
	return random(trunk, seed, &h)
}

func random(trunk string, seed uint64, h *data.Hearing) (*Model, error) {
	c := 3
	if h != nil {
		c = 1
	}
	t, err := newTrunk(trunk, seed, c)
	if err != nil {
		return nil, err
	}
	return &Model{Trunk: t, Side: t.Side, Norm: data.HalfNorm, Hearing: h, Label: "random"}, nil
}

// Ear returns the model of what a run of films with sound hears with, as Model is of what it sees with: a trunk of its own.
func (m *Model) Ear() (*Model, error) {
	if m.Hearing != nil {
		return m, nil
	}
	if m.Info == nil || !hears(m.Info.Config) {
		return nil, fmt.Errorf("%s hears nothing: its trunk is one of pictures; random weights hear with --sound mel", m.name())
	}
	h, err := data.ParseHearing(m.Info.Config.Sound)
	if err != nil {
		return nil, fmt.Errorf("%s: its run.json: %w", m.Dir, err)
	}
	out, l, err := LoadLearner(m.Dir)
	if err != nil {
		return nil, err
	}
	e, ok := pretext.As[pretext.Hearer](l)
	if !ok {
		return nil, fmt.Errorf("%s: the task %s has no trunk for sounds", m.Dir, kind(m.Info.Config.Task))
	}
	out.Trunk, out.Hearing, out.Mode = e.Ear(), &h, m.Mode
	return out, nil
}

// name is the run's folder, or what the model is called.
func (m *Model) name() string {
	if m.Dir != "" {
		return m.Dir
	}
	return m.Label
}

// What an exported trunk says of itself.
const (
	keyTrunk = "tessera.trunk"
	keySide  = "tessera.side"
	keyNorm  = "tessera.norm"
	keySound = "tessera.sound"
)

// Export returns the trunk as a PyTorch state dictionary that says which trunk it is and how it sees pictures, so that LoadFile gives
// the same features.
func (m *Model) Export() *checkpoint.File {
	f := checkpoint.TorchFile(Named(m.Trunk))
	f.Metadata[keyTrunk], f.Metadata[keySide], f.Metadata[keyNorm] = m.Trunk.Name, strconv.Itoa(m.Side), m.Norm.String()
	if m.Hearing != nil {
		f.Metadata[keySound] = m.Hearing.String()
	}
	return f
}

// LoadFile returns a trunk with the weights of a safetensors file, PyTorch's or ours. What the file does not say, torchvision's files
// among them: the trunk is the one named, its side the one that it was made for, the norm ImageNet's.
func LoadFile(path, trunk string) (*Model, error) { return loadFile(path, trunk, checkpoint.Load) }

func loadFile(path, trunk string, read reader) (*Model, error) {
	f, err := read(path)
	if err != nil {
		return nil, err
	}
	theirs := f.TimmNames()
	if trunk == "" {
		trunk = f.Metadata[keyTrunk]
	}
	if trunk == "" {
		return nil, &SettingError{"trunk", "is needed: " + path + " does not say which network its weights are of"}
	}
	var hearing *data.Hearing
	if of := f.Metadata[keySound]; of != "" {
		h, err := data.ParseHearing(of)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		hearing = &h
	}
	trunk, note := fitTransformer(trunk, f)
	m, err := random(trunk, 1, hearing)
	if err != nil {
		return nil, err
	}
	if note != "" {
		m.Notes = append(m.Notes, path+": "+note)
	}
	m.Label, m.File, m.Norm = filepath.Base(path), path, data.ImageNetNorm
	prefix := commonPrefix(m.Trunk, f)
	if note := nameParts(m.Trunk, f); note != "" {
		m.Notes, prefix = append(m.Notes, path+": "+note), ""
	} else if prefix != "" {
		m.Notes = append(m.Notes, fmt.Sprintf("%s: names begin with %q, which is left out", path, prefix))
	}
	if theirs {
		m.Notes = append(m.Notes, path+": torchvision's names of a vision transformer are read as timm's")
	}
	if side, ok := f.Metadata[keySide]; ok {
		if m.Side, err = strconv.Atoi(side); err != nil || m.Side < 1 || m.Side > MaxSide {
			return nil, fmt.Errorf("%s: side %q, want a whole number from 1 to %d", path, side, MaxSide)
		}
	}
	if norm, ok := f.Metadata[keyNorm]; ok {
		if m.Norm, err = data.ParseNorm(norm); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	if f.Metadata[keyNorm] == "" {
		m.Notes = append(m.Notes, fmt.Sprintf("%s does not say how pictures were normalised: ImageNet's mean and deviation are assumed (--norm), and a side of %d (--side)", path, m.Side))
	}
	if err := onlyKnown(m.Trunk, f, prefix); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, restoreFile(m.Trunk, f, path, prefix)
}

// fitTransformer returns the specification of a vision transformer with the patch and the side that a file's weights are for, where it does not
// say its own, and what is then to be said.
func fitTransformer(trunk string, f *checkpoint.File) (of, note string) {
	s, err := spec.Parse(trunk)
	if err != nil || !layers.Transformer(trunk) {
		return trunk, ""
	}
	for _, t := range f.Tensors {
		shape := t.Value.Shape
		if strings.HasSuffix(t.Name, "patch_embed.proj.weight") && len(shape) == 4 && !s.Has("patch") {
			patch := shape[3]
			if f.Layout() == checkpoint.ChannelsLast {
				patch = shape[0]
			}
			s = s.With("patch", strconv.Itoa(patch))
		}
	}
	patch := 16
	if s.Has("patch") {
		patch, _ = strconv.Atoi(s.Get("patch"))
	}
	for _, t := range f.Tensors {
		shape := t.Value.Shape
		if strings.HasSuffix(t.Name, "pos_embed") && len(shape) == 3 && shape[1] > 1 && !s.Has("side") {
			if grid := int(math.Sqrt(float64(shape[1] - 1))); grid*grid == shape[1]-1 {
				s = s.With("side", strconv.Itoa(grid*patch))
			}
		}
	}
	said, _ := spec.Parse(trunk) // whose options may stand in another order
	if of = s.String(); of != said.String() {
		note = "its weights are those of " + of
	}
	return of, note
}

// onlyKnown tells of a tensor in a file that computes something which the trunk does not: one inside of its parts, or tokens more.
func onlyKnown(t *layers.Trunk, f *checkpoint.File, prefix string) error {
	known, parts := map[string]bool{}, map[string]bool{}
	for _, p := range Named(t) {
		known[p.Name] = true
		if part, _, inside := strings.Cut(p.Name, "."); inside {
			parts[part] = true
		}
	}
	if t.Tokens > 0 {
		for _, other := range []string{"reg_token", "register_tokens", "dist_token", "norm_pre"} {
			parts[other] = true
		}
	}
	for _, n := range f.Tensors {
		name, ok := strings.CutPrefix(n.Name, prefix)
		if part, _, _ := strings.Cut(name, "."); ok && parts[part] && !known[name] && !strings.HasSuffix(name, "num_batches_tracked") {
			return fmt.Errorf("tensor %q is of no part of %s: the file is of another network, such as one with more tokens, scaled branches or more blocks", n.Name, t.Name)
		}
	}
	return nil
}

// commonPrefix returns what stands before the trunk's names in a file, such as module., backbone. or encoder_q.: the prefix with which most of
// them, half at least, are there, none where that is as good.
func commonPrefix(t *layers.Trunk, f *checkpoint.File) string {
	names := map[string]bool{}
	for _, n := range f.Tensors {
		names[n.Name] = true
	}
	own := Named(t)
	found := func(prefix string) (n int) {
		for _, p := range own {
			if names[prefix+p.Name] {
				n++
			}
		}
		return n
	}
	best, most := "", found("")
	for _, n := range f.Tensors {
		prefix, ok := strings.CutSuffix(n.Name, own[0].Name)
		if !ok || prefix == "" || !strings.HasSuffix(prefix, ".") {
			continue
		}
		if k := found(prefix); k > most || k == most && best != "" && prefix < best {
			best, most = prefix, k
		}
	}
	if 2*most < len(own) { // a block's names, which are a trunk's by chance
		return ""
	}
	return best
}

// nameParts gives the tensors of a file that numbers the trunk's parts, as nn.Sequential(*net.children()) does and lightly with it
// (backbone.0.weight for conv1.weight), the parts' own names, and says so; what a file does not number stays as it is. The parts are
// numbered in their order, with gaps where those without weights stand.
func nameParts(t *layers.Trunk, f *checkpoint.File) (note string) {
	var parts []string
	want := map[string]bool{}
	for _, p := range Named(t) {
		want[p.Name] = true
		if part, _, _ := strings.Cut(p.Name, "."); !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	numbers := map[string]map[int]bool{} // of a prefix
	for _, n := range f.Tensors {
		for _, at := range numbered.FindAllStringIndex(n.Name, -1) {
			prefix := n.Name[:at[0]]
			if prefix != "" && !strings.HasSuffix(prefix, ".") {
				continue
			}
			if numbers[prefix] == nil {
				numbers[prefix] = map[int]bool{}
			}
			k, err := strconv.Atoi(n.Name[at[0] : at[1]-1])
			if err == nil {
				numbers[prefix][k] = true
			}
		}
	}
	for _, prefix := range slices.Sorted(maps.Keys(numbers)) {
		ks := slices.Sorted(maps.Keys(numbers[prefix]))
		if len(ks) < len(parts) {
			continue
		}
		names, found := make([]string, len(f.Tensors)), 0
		for i, n := range f.Tensors {
			names[i] = n.Name
			rest, ok := strings.CutPrefix(n.Name, prefix)
			number, rest, dot := strings.Cut(rest, ".")
			k, err := strconv.Atoi(number)
			if at := slices.Index(ks, k); ok && dot && err == nil && at < len(parts) && want[parts[at]+"."+rest] {
				names[i] = parts[at] + "." + rest
				found++
			}
		}
		if found < len(want) {
			continue
		}
		var said []string
		for i, part := range parts {
			said = append(said, fmt.Sprintf("%d %s", ks[i], part))
		}
		for i := range f.Tensors {
			f.Tensors[i].Name = names[i]
		}
		return fmt.Sprintf("it numbers the parts of the network, after %q: read as %s", prefix, strings.Join(said, ", "))
	}
	return ""
}

var numbered = regexp.MustCompile(`\d+\.`)

func restoreFile(t layers.Stateful, f *checkpoint.File, path, prefix string) error {
	if err := f.Restore(Named(t), prefix); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	tensor.Changed()
	return nil
}

// Named returns the tensors of a state tree as a file keeps them.
func Named(s layers.Stateful) []checkpoint.Named {
	var out []checkpoint.Named
	for _, p := range layers.State(s) {
		out = append(out, checkpoint.Named{Name: p.Name, Value: p.Value, Layout: p.Layout})
	}
	return out
}
