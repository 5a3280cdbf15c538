package recipe

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
)

// ErrNothing says that there is neither a run's directory nor a file of a name.
var ErrNothing = errors.New("no such run directory or file")

// Load returns the model of a run's directory, or of a file; the trunk is for a file that does not say its own. The error of a name
// that nothing has is ErrNothing.
func Load(name, trunk string) (*Model, error) { return load(name, trunk, checkpoint.Load) }

// reader reads a safetensors file: checkpoint.Load, or what keeps something of it.
type reader func(path string) (*checkpoint.File, error)

func load(name, trunk string, read reader) (*Model, error) {
	st, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, ErrNothing)
	case st.IsDir():
		return loadRun(name, read)
	}
	return loadFile(name, trunk, read)
}

// Beginning is what a run begins with, read once: Adopt, which reads it before a configuration is whole, hands it to New, which takes
// its weights and leaves it empty.
type Beginning struct {
	init, trunk string                    // what was asked for
	model       *Model                    // nil once it is taken
	learner     map[string]*tensor.Tensor // of a run, what its task kept, trunk and head and whatever else
	origin      train.Origin
}

// Adopt sets what c does not have from elsewhere to what the weights that it begins with were made for: trunk, side and norm; said
// tells which of them a person chose. What it returns is for Options.Begin, which spares New a second reading.
func Adopt(c *train.Config, said func(setting string) bool) (*Beginning, error) {
	trunk := ""
	if said("trunk") {
		trunk = c.Trunk
	}
	b, err := readBeginning(c.Init, trunk)
	if err != nil {
		return nil, err
	}
	m := b.model
	if !said("trunk") {
		c.Trunk = m.Trunk.Name
	}
	if !said("side") {
		c.Side = m.Side
	}
	if !said("norm") {
		c.Norm = m.Norm.String()
	}
	return b, nil
}

// readBeginning reads what --init names. An optimiser's state, which no run begins with, is not kept.
func readBeginning(init, trunk string) (*Beginning, error) {
	b := &Beginning{init: init, trunk: trunk}
	var file *checkpoint.File
	var err error
	b.model, err = load(init, trunk, func(path string) (*checkpoint.File, error) {
		f, sum, err := checkpoint.LoadSum(path)
		file, b.origin = f, train.Origin{File: path, SHA256: sum}
		return f, err
	})
	if err != nil {
		if strings.HasPrefix(err.Error(), init) {
			return nil, fmt.Errorf("--init: %w", err)
		}
		return nil, fmt.Errorf("--init %s: %w", init, err)
	}
	if b.model.Info != nil {
		b.learner = map[string]*tensor.Tensor{}
		for _, t := range file.Tensors {
			if name, ok := strings.CutPrefix(t.Name, "model."); ok {
				b.learner[name] = t.Value
			}
		}
	}
	return b, nil
}

// of tells whether it holds the weights that a configuration begins with.
func (b *Beginning) of(c *train.Config) bool {
	return b != nil && b.model != nil && b.init == c.Init && (b.model.Info != nil || b.model.Trunk.Name == c.Trunk || b.trunk == c.Trunk)
}

// begin gives the trunk the weights that the configuration begins with, before a task makes copies of it.
func (r *Recipe) begin() error {
	c, b := &r.Config, r.options.Begin
	if !b.of(c) {
		var err error
		if b, err = readBeginning(c.Init, c.Trunk); err != nil {
			return err
		}
	}
	m := b.model
	has, wants := Named(m.Trunk), Named(r.Trunk)
	f := &checkpoint.File{Tensors: has}
	f.MarkLayout(checkpoint.ChannelsLast) // as both are in memory
	err := f.Restore(wants, "")
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
	r.begun = b
	return nil
}

// beginHead gives what a task has beside the trunk the weights of a run of the same task, as far as they fit.
func (r *Recipe) beginHead() {
	b := r.begun
	if b.model.Info == nil || kind(b.model.Info.Config.Task) != kind(r.Config.Task) {
		r.begins = append(r.begins, fmt.Sprintf("the trunk begins with the weights of %s, everything else anew", b.origin.File))
		return
	}
	var anew, own []string
	for _, p := range layers.State(r.Learner) {
		if p.Kind == layers.Setting {
			own = append(own, p.Name)
			continue
		}
		old := b.learner[p.Name]
		if old == nil || !tensor.SameShape(old.Shape, p.Value.Shape) {
			anew = append(anew, p.Name)
			continue
		}
		copy(p.Value.Data, old.Data)
	}
	tensor.Changed()
	msg := fmt.Sprintf("trunk and head begin with the weights of %s", b.origin.File)
	if len(anew) > 0 {
		msg += fmt.Sprintf(", but for %d that it does not have in this shape: %s", len(anew), spec.Few(anew, 4))
	}
	if len(own) > 0 {
		msg += fmt.Sprintf("; its own: %s", spec.Few(own, 4))
	}
	r.begins = append(r.begins, msg)
}

// kind returns a task's name without its options.
func kind(task string) string {
	if s, err := spec.Parse(task); err == nil {
		return s.Kind
	}
	return task
}
