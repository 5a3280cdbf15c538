package recipe

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/train"
)

// TestSettingLine: a setting's complaint is a line, whatever the setting is.
func TestSettingLine(t *testing.T) {
	c := Default()
	c.Task, c.Augment = "rotation", "crop\nflip"
	if err := Check(c); !fuzzing.OneLine(t, err) || !strings.Contains(err.Error(), `--augment crop\nflip: `) {
		t.Errorf("%v", err)
	}
}

// TestRunSide: a run that says a side of any size is refused before memory is taken for it.
func TestRunSide(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"run.json": `{"config":{"trunk":"convnet","side":1000000000}}`, "checkpoints/step-00000001.safetensors": ""} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := LoadRun(dir); err == nil || !strings.Contains(err.Error(), "a side of 1000000000 pixels, at most 2048") {
		t.Errorf("%v", err)
	}
}

// FuzzConfig: settings of a file are refused in a line or can make a run: sides, steps and options within their limits.
func FuzzConfig(f *testing.F) {
	var seeds [][]byte
	for _, task := range pretext.Names() {
		c, err := For(task)
		if err != nil {
			f.Fatal(err)
		}
		b, err := json.Marshal(c)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, b)
	}
	seeds = append(seeds, []byte(`{"task":"rotation?set=8","side":32,"norm":"0.5,0.5,0.5/1,1,1"}`), []byte(`{"task":"byol?decay=0.9&last=0.8"}`), []byte(`{"unknown":1}`))
	fuzzing.Run(f, seeds, func(t testing.TB, b []byte) {
		c := Default()
		if fuzzing.OneLine(t, strict(b, &c)) {
			return
		}
		var err error
		fuzzing.Memory(t, 4<<20+64*len(b), func() { err = Check(c) })
		if fuzzing.OneLine(t, err) {
			return
		}
		if c.Side < 8 || c.Side > MaxSide || c.Epochs < 1 || c.BatchSize < 1 || !(c.LR > 0) || !(c.LR < 1e6) || !(c.MaxBad >= 0) || !(c.WeightDecay >= 0) || Directory(c) == "" {
			t.Errorf("%+v passes", c)
		}
		var back train.Config
		text, err := json.Marshal(c)
		if err == nil {
			err = json.Unmarshal(text, &back)
		}
		if err != nil || back != c {
			t.Errorf("%+v comes back as %+v, %v", c, back, err)
		}
	})
}
