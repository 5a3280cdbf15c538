package train

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/cluster"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

func checkpointPath(dir string, step int) string {
	return filepath.Join(dir, "checkpoints", fmt.Sprintf("step-%08d.safetensors", step))
}

// keepCheckpoints is how many of the newest checkpoints stay.
const keepCheckpoints = 3

// state returns everything that a checkpoint keeps: the learner's state tree under model., each group's optimiser under
// optim.GROUP. Randomness and the order of data are functions of seed and step.
func (r *Run) state() []checkpoint.Named {
	var out []checkpoint.Named
	for _, p := range layers.State(r.Learner) {
		out = append(out, checkpoint.Named{Name: "model." + p.Name, Value: p.Value, Layout: p.Layout})
	}
	for _, name := range r.train.names {
		if r.train.groups[name].Own {
			continue
		}
		for _, p := range r.train.groups[name].opt.State() {
			out = append(out, checkpoint.Named{Name: "optim." + name + "." + p.Name, Value: p.Value, Layout: p.Layout})
		}
	}
	return out
}

// besidePrefix is that of what learns beside the learner.
const besidePrefix = "beside."

// companion returns what a checkpoint keeps of what learns beside the learner.
func (r *Run) companion() (out []checkpoint.Named) {
	if r.Beside == nil {
		return nil
	}
	for _, p := range layers.State(r.Beside) {
		out = append(out, checkpoint.Named{Name: besidePrefix + p.Name, Value: p.Value, Layout: p.Layout})
	}
	return out
}

// restoreBeside takes from a checkpoint what learned beside the learner, and leaves the rest in it. Where it has none, or one of other classes, it begins anew: the learner does not
// depend on it.
func (r *Run) restoreBeside(f *checkpoint.File) {
	of := &checkpoint.File{Metadata: f.Metadata} // which says how its kernels lie
	f.Tensors = slices.DeleteFunc(slices.Clone(f.Tensors), func(t checkpoint.Named) bool {
		if strings.HasPrefix(t.Name, besidePrefix) {
			of.Tensors = append(of.Tensors, t)
			return true
		}
		return false
	})
	if want := r.companion(); want != nil && len(of.Tensors) > 0 { // runs had no probe once
		if err := of.RestoreAll(want, ""); err != nil {
			r.Warn(fmt.Sprintf("what the monitor's probe had learned cannot be taken from the checkpoint, it begins anew: %v", err))
		}
	}
}

// spreadPlace gives all ranks rank 0's step, and the first losses that later ones are held against.
func (r *Run) spreadPlace(g cluster.Group) error {
	first, err := json.Marshal(r.train.first)
	if err != nil {
		return err
	}
	if first, err = cluster.First(g, first); err != nil {
		return err
	}
	steps, err := cluster.GatherFloat64(g, []float64{float64(r.step)})
	if err != nil {
		return err
	}
	r.step = int(steps[0])
	return json.Unmarshal(first, &r.train.first)
}

func (r *Run) checkpoint() error {
	f := &checkpoint.File{Metadata: map[string]string{"tessera.step": strconv.Itoa(r.step)}, Tensors: append(r.state(), r.companion()...)}
	f.MarkLayout(checkpoint.ChannelsLast)
	c, err := json.Marshal(r.Config)
	if err != nil {
		return err
	}
	f.Metadata["tessera.config"] = string(c)
	if c, err = json.Marshal(r.train.first); err != nil {
		return err
	}
	f.Metadata["tessera.first"] = string(c)
	path := checkpointPath(r.Dir, r.step)
	if err := checkpoint.Save(path, f); err != nil {
		return err
	}
	if r.Picture != nil {
		if pic := r.Picture(); pic != nil {
			name := filepath.Join(r.Dir, "samples", fmt.Sprintf("step-%08d.png", r.step))
			if err := checkpoint.Atomic(name, func(w io.Writer) error { return png.Encode(w, pic) }); err != nil {
				return err
			}
		}
	}
	r.info.Done = r.step
	if err := r.info.Save(r.Dir); err != nil {
		return err
	}
	all, err := Checkpoints(r.Dir)
	if err != nil {
		return err
	}
	for _, old := range all[:max(0, len(all)-keepCheckpoints)] {
		os.Remove(old)
	}
	return nil
}

// Checkpoints returns the paths of a run's checkpoints, oldest first.
func Checkpoints(dir string) ([]string, error) {
	all, err := filepath.Glob(filepath.Join(dir, "checkpoints", "step-*.safetensors"))
	sort.Strings(all)
	return all, err
}

// restore loads the newest checkpoint that is whole.
func (r *Run) restore() error {
	all, err := Checkpoints(r.Dir)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("%s has no checkpoint to resume from", r.Dir)
	}
	var first error
	for i := len(all) - 1; i >= 0; i-- {
		f, err := checkpoint.Load(all[i])
		if err == nil {
			err = r.apply(f)
			if err != nil {
				return fmt.Errorf("%s: %w", all[i], err)
			}
			if first != nil {
				r.Warn(fmt.Sprintf("%v; resuming from %s", first, all[i]))
			}
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

func (r *Run) apply(f *checkpoint.File) error {
	if f.Get("optim.steps") != nil {
		return fmt.Errorf("it was written by a version that counted an optimiser's steps together; such a run can be evaluated and exported, not resumed")
	}
	old, err := LoadInfo(r.Dir)
	if err != nil {
		return err
	}
	if old.Fingerprint != r.info.Fingerprint {
		return fmt.Errorf("the data has changed since the run began (fingerprint %s, now %s): the order of samples would differ", old.Fingerprint, r.info.Fingerprint)
	}
	if err := sameCourse([]byte(f.Metadata["tessera.config"]), r.Config); err != nil {
		return err
	}
	r.restoreBeside(f)
	if err := f.RestoreAll(r.state(), ""); err != nil {
		return err
	}
	tensor.Changed()
	step, err := strconv.Atoi(f.Metadata["tessera.step"])
	if err != nil {
		return fmt.Errorf("its step: %w", err)
	}
	r.step = step
	r.info.Started, r.info.FirstStep, r.info.Origin = old.Started, old.FirstStep, old.Origin
	r.info.Seconds = old.Seconds
	if text := f.Metadata["tessera.first"]; text != "" {
		if err := json.Unmarshal([]byte(text), &r.train.first); err != nil {
			return fmt.Errorf("its first losses: %w", err)
		}
	}
	return nil
}

// harmless are the settings that do not decide the weights: a resumed run may change them.
var harmless = map[string]bool{"test": true, "data": true, "checkpoint_every": true, "monitor_every": true, "monitor_samples": true, "log_every": true,
	"max_bad": true}

// sameCourse tells which setting that decides the weights differs. Every setting does that is not known to be harmless (of the data
// the fingerprint decides, not the path).
func sameCourse(was []byte, is Config) error {
	b, err := json.Marshal(is)
	if err != nil {
		return err
	}
	setting, old, now, err := difference(was, b, harmless)
	if err != nil {
		return fmt.Errorf("its configuration: %w", err)
	}
	if setting != "" {
		return fmt.Errorf("the run began with --%s %s, now it is %s; a resumed run keeps its settings; --init RUN begins a new one from its weights", setting, old, now)
	}
	return nil
}

// difference returns the first setting, but for those that are free, of which two configurations have different values, and both; "" for none.
func difference(a, b []byte, free map[string]bool) (setting, inA, inB string, err error) {
	var of [2]map[string]json.RawMessage
	names := map[string]bool{}
	for i, text := range [][]byte{a, b} {
		if err := json.Unmarshal(text, &of[i]); err != nil {
			return "", "", "", err
		}
		for k := range of[i] {
			names[k] = true
		}
	}
	show := func(v json.RawMessage) string {
		if v == nil {
			return "unset"
		}
		return spec.Line(strings.Trim(string(v), `"`))
	}
	for _, k := range slices.Sorted(maps.Keys(names)) {
		if !free[k] && !bytes.Equal(of[0][k], of[1][k]) {
			return spec.Line(strings.ReplaceAll(k, "_", "-")), show(of[0][k]), show(of[1][k]), nil
		}
	}
	return "", "", "", nil
}
