package recipe

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// keeper is a protocol that hands a network to eval.Options.Learned that can be a run of its own.
type keeper interface{ Keeps() bool }

// checkOut refuses to keep a network in Out that no protocol hands over, or where a run is.
func (c Comparison) checkOut() error {
	if c.Out == "" {
		return nil
	}
	keeps := 0
	for _, p := range c.Protocols {
		if k, ok := p.(keeper); ok && k.Keeps() {
			keeps++
		}
	}
	if keeps != 1 {
		return &SettingError{"out", c.Out + ": it is for the network of eval finetune; no other protocol leaves one"}
	}
	return train.Vacant(c.Out)
}

// keepLearned returns what keeps networks that learned on the model's trunk: one that says classes as a run in Out, others in the run's folder. Those that stand beside it
// are not kept.
func (c Comparison) keepLearned(m *Model, d *data.Dataset) (func(e eval.Encoder, l eval.Learned) error, error) {
	tuned, err := c.keepTuned(m, d)
	return func(e eval.Encoder, l eval.Learned) error {
		switch {
		case e.Name() != m.Label:
			return nil
		case l.Tuned != nil && tuned != nil:
			return tuned(l.Tuned)
		case l.Tuned == nil && m.Dir != "":
			return saveLearned(m.Dir, l)
		}
		return nil
	}, err
}

// keepTuned returns what writes the model's fine-tuned network as a run in Out; nil where none is kept.
func (c Comparison) keepTuned(m *Model, d *data.Dataset) (func(t *eval.Tuned) error, error) {
	if c.Out == "" {
		return nil, nil
	}
	var origin *train.Origin
	if m.File != "" { // before it may change
		_, sum, err := checkpoint.LoadSum(m.File)
		if err != nil {
			return nil, err
		}
		origin = &train.Origin{File: m.File, SHA256: sum}
	}
	began := time.Now()
	return func(t *eval.Tuned) error {
		l := t.Lesson
		info := &train.Info{Config: c.tunedConfig(m, t), Command: c.Command, Started: began, Finished: time.Now(), Steps: l.Planned, Done: l.Course[l.Best-1].Step, Origin: origin,
			Metrics: []metric.Metric{metric.Loss(), metric.Accuracy(len(t.Classes))}, Params: layers.Size(t.Net), DataName: d.Name, DataLen: d.Len(), Fingerprint: d.Fingerprint,
			Seconds: t.Seconds, Tuned: &train.Tuned{Protocol: "finetune", Settings: t.Tuning.Settings(t.Seed), Classes: t.Classes, Held: len(l.Held), Best: l.Best}}
		info.Describe()
		var course []map[string]float64
		for i, p := range l.Course {
			line := map[string]float64{"step": float64(p.Step), "epoch": float64(i + 1), "lr": float64(p.LR), "loss": p.Loss}
			if len(l.Held) > 0 {
				line["held_loss"], line["held_accuracy"] = p.HeldLoss, p.HeldRight
			}
			course = append(course, line)
		}
		if err := train.WriteTuned(c.Out, info, t.Net, course); err != nil {
			return err
		}
		if c.Say != nil {
			c.Say(fmt.Sprintf("%s is the fine-tuned network, a run: embed, export, neighbours and eval take it; eval 'finetune?learn=no' judges it again", c.Out))
		}
		return nil
	}, nil
}

// tunedConfig says in a run's settings how a network was fine-tuned.
func (c Comparison) tunedConfig(m *Model, t *eval.Tuned) train.Config {
	cfg, u := Default(), t.Tuning
	cfg.Task, cfg.Data, cfg.Test, cfg.Trunk, cfg.Side, cfg.Norm, cfg.Seed = Supervised, c.Data, c.Test, m.Trunk.Name, m.Side, m.Norm.String(), t.Seed
	if cfg.Init = m.Dir; m.Dir == "" {
		cfg.Init = m.File
	}
	if m.Hearing != nil {
		cfg.Sound = m.Hearing.String()
	}
	cfg.Epochs, cfg.BatchSize, cfg.Optimizer, cfg.LR, cfg.WeightDecay, cfg.Augment = u.Epochs, u.BatchSize, u.Optimizer, u.LR, max(u.Decay, 0), u.Augment
	cfg.Schedule, cfg.WarmupSteps, cfg.MaxBad, cfg.MonitorEvery = "cosine?begins=warmup", max(1, t.Lesson.Planned/20), c.Eval.MaxBad, -1
	cfg.Mixup, cfg.CutMix = u.Mix.Mixup, u.Mix.CutMix
	if u.Drop != 0 {
		of, err := spec.Parse(cfg.Trunk)
		if err != nil {
			panic(err) // a trunk was made of it
		}
		cfg.Trunk = of.With("drop", fmt.Sprint(max(u.Drop, 0))).String()
	}
	cfg.Conv, cfg.Precision = m.Mode.Algorithm, m.Mode.Precision
	if cfg.Momentum = 0.9; u.Optimizer != "sgd" {
		cfg.Momentum = 0
	}
	return cfg
}

// tunedHead gives the model of a run that was fine-tuned the head that says its classes.
func (m *Model) tunedHead(f *checkpoint.File) error {
	if m.Info == nil || m.Info.Tuned == nil {
		return nil
	}
	m.Classes = m.Info.Tuned.Classes
	m.Head = layers.PoolHead(tensor.NewRNG(0), m.Trunk, len(m.Classes))
	if err := f.Restore(Named(m.Head), "model.head."); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(m.Dir, "checkpoints", m.Checkpoint), err)
	}
	tensor.Changed()
	return nil
}
