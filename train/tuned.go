package train

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/layers"
)

// Tuned says of a run that an evaluation fine-tuned it. Such a run has one checkpoint and no optimiser: it can be judged, embedded, exported and begun with, not resumed.
type Tuned struct {
	Protocol string         `json:"protocol"`
	Settings map[string]any `json:"settings"`   // complete, as in the score
	Classes  []string       `json:"classes"`    // what the outputs of model.head stand for
	Held     int            `json:"held_out"`   // training samples that chose the epoch
	Best     int            `json:"best_epoch"` // whose weights these are
}

// Vacant refuses a directory that holds a run, which WriteTuned would not write over.
func Vacant(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "run.json")); err == nil {
		return fmt.Errorf("%s already holds a run; choose another --out", dir)
	}
	if all, err := Checkpoints(dir); err != nil || len(all) > 0 {
		return fmt.Errorf("%s already holds checkpoints; choose another --out", dir)
	}
	return nil
}

// WriteTuned writes the directory of a run that was fine-tuned: the state of net as its checkpoint of step info.Done, a line of metrics.jsonl for each of
// course, whose values stand under step and the metrics' names, and run.json last, without which a directory is no run.
func WriteTuned(dir string, info *Info, net layers.Stateful, course []map[string]float64) error {
	if err := Vacant(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "checkpoints"), 0o755); err != nil {
		return err
	}
	config, err := json.Marshal(info.Config)
	if err != nil {
		return err
	}
	f := &checkpoint.File{Metadata: map[string]string{"tessera.step": strconv.Itoa(info.Done), "tessera.config": string(config)}}
	for _, p := range layers.State(net) {
		f.Tensors = append(f.Tensors, checkpoint.Named{Name: "model." + p.Name, Value: p.Value, Layout: p.Layout})
	}
	f.MarkLayout(checkpoint.ChannelsLast)
	if err := checkpoint.Save(checkpointPath(dir, info.Done), f); err != nil {
		return err
	}
	var lines bytes.Buffer
	for _, c := range course {
		b, err := json.Marshal(c)
		if err != nil {
			return err
		}
		lines.Write(append(b, '\n'))
	}
	if err := checkpoint.Atomic(filepath.Join(dir, "metrics.jsonl"), func(w io.Writer) error { _, err := w.Write(lines.Bytes()); return err }); err != nil {
		return err
	}
	return info.Save(dir)
}
