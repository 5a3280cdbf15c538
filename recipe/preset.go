package recipe

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/train"
)

// presets are published recipes, a file each: what it is, where it comes from, and the settings that differ from the usual ones, named
// as in run.json.
//
//go:embed presets/*.json
var presets embed.FS

// preset is a file of presets.
type preset struct {
	About  string          `json:"about"`
	Source string          `json:"source"`
	Config json.RawMessage `json:"config"`
}

// Presets returns the names of the published recipes, sorted.
func Presets() []string {
	files, err := presets.ReadDir("presets")
	if err != nil {
		panic(err) // they are in the program
	}
	var out []string
	for _, f := range files {
		out = append(out, strings.TrimSuffix(f.Name(), ".json"))
	}
	return out
}

// Preset returns the settings of a published recipe for a task, which must be the recipe's; options that are said of the task win over
// the recipe's.
func Preset(name, task string) (train.Config, error) {
	b, err := presets.ReadFile("presets/" + name + ".json")
	if err != nil {
		return train.Config{}, fmt.Errorf("there is no preset %q; there are %s", name, spec.Or(Presets()))
	}
	c, err := For(task)
	if err != nil {
		return c, err
	}
	var p preset
	if err := strict(b, &p); err != nil {
		return c, fmt.Errorf("preset %s: %w", name, err)
	}
	if err := strict(p.Config, &c); err != nil {
		return c, fmt.Errorf("preset %s: %w", name, err)
	}
	said, err := spec.Parse(task)
	if err != nil {
		return c, err
	}
	of, err := spec.Parse(c.Task)
	if err != nil {
		return c, fmt.Errorf("preset %s: %w", name, err)
	}
	if said.Kind != of.Kind {
		return c, fmt.Errorf("preset %s is for the task %s, not for %s", name, of.Kind, said.Kind)
	}
	c.Task = said.Over(of).String()
	return c, nil
}

// AboutPreset says what a published recipe is.
func AboutPreset(name string) string {
	b, err := presets.ReadFile("presets/" + name + ".json")
	if err != nil {
		return ""
	}
	var p preset
	if err := strict(b, &p); err != nil {
		panic(err) // it is in the program, and tested
	}
	return p.About
}

// strict reads JSON that must have no unknown names.
func strict(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
