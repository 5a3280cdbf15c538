package recipe

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// Load returns the model of a run's directory, or of a file; the trunk is for a file that does not say its own.
func Load(name, trunk string) (*Model, error) {
	st, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: no such run directory or file", name)
	case st.IsDir():
		return LoadRun(name)
	}
	return LoadFile(name, trunk)
}

// Adopt sets what c does not have from elsewhere to what the weights that it begins with were made for: trunk, side and norm; said
// tells which of them a person chose.
func Adopt(c *train.Config, said func(setting string) bool) error {
	trunk := ""
	if said("trunk") {
		trunk = c.Trunk
	}
	m, err := Load(c.Init, trunk)
	if err != nil {
		return initError(c.Init, err)
	}
	if !said("trunk") {
		c.Trunk = m.Trunk.Name
	}
	if !said("side") {
		c.Side = m.Side
	}
	if !said("norm") {
		c.Norm = m.Norm.String()
	}
	return nil
}

// initError says which setting named what cannot be loaded.
func initError(name string, err error) error {
	if strings.HasPrefix(err.Error(), name) {
		return fmt.Errorf("--init: %w", err)
	}
	return fmt.Errorf("--init %s: %w", name, err)
}

// begin gives the trunk the weights that the configuration begins with, before a task makes copies of it.
func (r *Recipe) begin() error {
	c := &r.Config
	m, err := Load(c.Init, c.Trunk)
	if err != nil {
		return initError(c.Init, err)
	}
	has, wants := Named(m.Trunk), Named(r.Trunk)
	f := &checkpoint.File{Tensors: has}
	f.MarkLayout(checkpoint.ChannelsLast) // as both are in memory
	err = f.Restore(wants, "")
	if err == nil && len(has) != len(wants) {
		err = fmt.Errorf("it has %d tensors, the trunk %d", len(has), len(wants))
	}
	if err != nil {
		return &SettingError{"init", fmt.Sprintf("%s holds the weights of %s, not of --trunk %s: %v", c.Init, m.Trunk.Name, c.Trunk, err)}
	}
	tensor.Changed()
	r.begins = m.Notes
	if c.Norm == "" {
		c.Norm = m.Norm.String()
	}
	path := c.Init
	if m.Info != nil {
		path = filepath.Join(c.Init, "checkpoints", m.Checkpoint)
		r.from = m.Info.Config.Task
	}
	r.origin = &train.Origin{File: path}
	r.origin.SHA256, err = hashFile(path)
	return err
}

// beginHead gives what a task has beside the trunk the weights of a run of the same task, as far as they fit.
func (r *Recipe) beginHead() error {
	o := r.origin
	same := kind(r.from) == kind(r.Config.Task)
	if !same {
		r.begins = append(r.begins, fmt.Sprintf("the trunk begins with the weights of %s, everything else anew", o.File))
		return nil
	}
	f, err := checkpoint.Load(o.File)
	if err != nil {
		return err
	}
	var anew []string
	for _, p := range layers.State(r.Learner) {
		old := f.Get("model." + p.Name)
		if old == nil || !tensor.SameShape(old.Shape, p.Value.Shape) {
			anew = append(anew, p.Name)
			continue
		}
		copy(p.Value.Data, old.Data)
	}
	tensor.Changed()
	msg := fmt.Sprintf("trunk and head begin with the weights of %s", o.File)
	if len(anew) > 0 {
		msg += fmt.Sprintf(", but for %d that it does not have in this shape: %s", len(anew), spec.Few(anew, 4))
	}
	r.begins = append(r.begins, msg)
	return nil
}

// kind returns a task's name without its options.
func kind(task string) string {
	if s, err := spec.Parse(task); err == nil {
		return s.Kind
	}
	return task
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
