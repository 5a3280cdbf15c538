package recipe

import (
	"maps"
	"os"
	"path/filepath"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/eval"
)

// learnedPath is the file of a run that keeps what a protocol let learn.
func learnedPath(dir, name string) string { return filepath.Join(dir, "eval", name+".safetensors") }

// saveLearned keeps a network that a protocol let learn on a run's trunk, in place of an earlier one.
func saveLearned(dir string, l eval.Learned) error {
	path := learnedPath(dir, l.Name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f := &checkpoint.File{Tensors: Named(l.Net), Metadata: maps.Clone(l.About)}
	f.MarkLayout(checkpoint.ChannelsLast)
	return checkpoint.Save(path, f)
}
