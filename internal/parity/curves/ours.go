package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// plan is plan.json: what curves.py needs to know.
type plan struct {
	Config train.Config `json:"config"`
	Steps  int          `json:"steps"`
	Runs   int          `json:"runs"`
	Params []param      `json:"params"`
}

// param is what an optimiser does with a trained tensor.
type param struct {
	Name   string  `json:"name"`
	Group  string  `json:"group"`
	Rate   float32 `json:"rate"` // times the learning rate
	Decays bool    `json:"decays"`
}

// begin returns the recipe of run k with its first weights, those of run 0 being the configuration's, the others' off by that part of themselves at
// most.
func begin(c train.Config, k int, off float64) (*recipe.Recipe, error) {
	r, err := recipe.New(c, recipe.Options{Say: func(msg string) { fmt.Fprintln(os.Stderr, msg) }})
	if err != nil || k == 0 {
		return r, err
	}
	rng := tensor.NewRNG(uint64(k))
	for _, p := range layers.Params(r.Learner) {
		for i, w := range p.Value.Data {
			p.Value.Data[i] = float32(float64(w) * (1 + off*float64(rng.Uniform(-1, 1))))
		}
	}
	tensor.Changed()
	return r, nil
}

// write writes what PyTorch needs to dir, and trains ours.
func write(ctx context.Context, dir string, c train.Config, runs int, off float64) error {
	if err := os.MkdirAll(filepath.Join(dir, "batches"), 0o755); err != nil {
		return err
	}
	for k := range runs {
		r, err := begin(c, k, off)
		if err != nil {
			return err
		}
		if err := checkpoint.Save(filepath.Join(dir, fmt.Sprintf("start-%d.safetensors", k)), checkpoint.TorchFile(recipe.Named(r.Learner))); err != nil {
			return err
		}
		if k == 0 {
			if err := writePlan(dir, r, runs); err != nil {
				return err
			}
			if err := eachBatch(r, func(step int, b any) error {
				return checkpoint.Save(filepath.Join(dir, "batches", fmt.Sprintf("%04d.safetensors", step)), &checkpoint.File{Tensors: tensors(b)})
			}); err != nil {
				return err
			}
		}
		if _, err := r.Train(ctx, ours(dir, k), false); err != nil {
			return err
		}
	}
	return nil
}

// ours is the directory of our run k.
func ours(dir string, k int) string { return filepath.Join(dir, fmt.Sprintf("ours-%d", k)) }

func writePlan(dir string, r *recipe.Recipe, runs int) error {
	p := plan{Config: r.Config, Steps: r.Config.MaxSteps, Runs: runs}
	names := map[*tensor.Tensor]string{} // a group need not call a tensor by its name in the state
	for _, q := range layers.State(r.Learner) {
		names[q.Value] = q.Name
	}
	for _, g := range r.Learner.Groups() {
		rate := g.Rate
		if rate == 0 {
			rate = 1
		}
		for _, q := range g.Params {
			p.Params = append(p.Params, param{names[q.Value], g.Name, rate, q.Kind == layers.Weight})
		}
	}
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "plan.json"), text, 0o644)
}

// eachBatch hands over what each step of the run will be fed. A batch depends on seed, epoch and number alone: the run's will be the same.
func eachBatch(r *recipe.Recipe, f func(step int, b any) error) error {
	c := r.Config
	feed, err := r.Learner.Feed(r.Data.Inputs, true, data.LoaderOptions{BatchSize: c.BatchSize, Update: 1, Seed: c.Seed, MaxBad: c.MaxBad})
	switch {
	case err != nil:
		return err
	case feed.Batches == nil:
		return fmt.Errorf("the task %s has batches of several tasks", c.Task)
	case feed.Steps == 0:
		return fmt.Errorf("%s has %d samples, fewer than a batch of %d", r.Data.Name, r.Data.Len(), c.BatchSize)
	}
	for step := 0; step < c.MaxSteps; {
		for b := range feed.Batches(step/feed.Steps, 0) {
			if err := f(step, b); err != nil {
				return err
			}
			if step++; step == c.MaxSteps {
				break
			}
		}
		if err := feed.Err(); err != nil {
			return err
		}
	}
	return nil
}

// tensors returns the exported fields of a batch that hold numbers: tensors as they are, slices as vectors.
func tensors(b any) []checkpoint.Named {
	var out []checkpoint.Named
	v := reflect.ValueOf(b).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		if views, ok := v.Field(i).Interface().([2]*tensor.Tensor); ok { // of pictures
			for k, t := range views {
				out = append(out, checkpoint.Named{Name: fmt.Sprint(f.Name, k), Value: t})
			}
			continue
		}
		var t *tensor.Tensor
		switch x := v.Field(i).Interface().(type) {
		case *tensor.Tensor:
			t = x
		case []float32:
			t = vector(x, func(v float32) float32 { return v })
		case []int32: // a row of a batch, a class: far below 2²⁴
			t = vector(x, func(v int32) float32 { return float32(v) })
		case []bool:
			t = vector(x, func(v bool) float32 {
				if v {
					return 1
				}
				return 0
			})
		}
		if t != nil {
			out = append(out, checkpoint.Named{Name: f.Name, Value: t})
		}
	}
	return out
}

func vector[T any](x []T, number func(T) float32) *tensor.Tensor {
	t := tensor.New(len(x))
	for i, v := range x {
		t.Data[i] = number(v)
	}
	return t
}

// curves are what a run told of each step.
type curves struct {
	Losses  map[string][]float64 `json:"losses"`
	Seconds []float64            `json:"seconds"`
	Torch   string               `json:"torch"`
	Threads int                  `json:"threads"`
	Kernels string               `json:"kernels"` // PyTorch's: nchw, nhwc, native
}

// readOurs reads what our run told of each step: every number but those of the run itself.
func readOurs(dir string, batch int) (*curves, error) {
	f, err := os.Open(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := train.LoadInfo(dir)
	if err != nil {
		return nil, err
	}
	c := &curves{Losses: map[string][]float64{}, Threads: info.Threads}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := map[string]float64{}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		for name, v := range line {
			c.Losses[name] = append(c.Losses[name], v)
		}
		c.Seconds = append(c.Seconds, float64(batch)/line["samples_per_s"])
	}
	return c, lines.Err()
}
