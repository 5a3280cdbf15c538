package score

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// one is a score as a protocol makes it.
func one(protocol, features, stage string, value float64, settings map[string]any) Score {
	return Score{Protocol: protocol, Features: features, Stage: stage, Depth: 2, Metric: LargestClass(0.25), Value: value, Trivial: 0.25, Train: 5, Test: 4, Dim: 3, Settings: settings,
		Found: map[string]any{"weight_decay": 0.01}, Seconds: 1.5}
}

func made(more map[string]any) map[string]any {
	m := map[string]any{"data_fingerprint": "f", "seed": uint64(math.MaxUint64), "lr": float32(0.1), "k": 20, "decays": []float64{1e-4, 1}, "norm": [3]float32{0.485, 0.5, 0.25}}
	for k, v := range more {
		m[k] = v
	}
	return m
}

// TestRoundTrip: what is read equals what was written, and has the same key.
func TestRoundTrip(t *testing.T) {
	s := one("knn", "pretext", "conv1", 0.5, made(nil))
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back Score
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if back.Key() != s.Key() || back.Made() != s.Made() {
		t.Errorf("keys %s\nand  %s", s.Key(), back.Key())
	}
	back.Settings, back.Found = s.Settings, s.Found
	if !reflect.DeepEqual(back, s) {
		t.Errorf("%+v\n%+v", s, back)
	}
	zero := one("knn", "pretext", "conv1", 0, nil)
	zero.Metric.Trivial, zero.Trivial = 0, 0
	b, _ = json.Marshal(zero)
	if err := json.Unmarshal([]byte(strings.Replace(string(b), "{", `{"accuracy":0.9,"chance":0.8,`, 1)), &back); err != nil || back.Value != 0 || back.Trivial != 0 {
		t.Errorf("a score with a metric took old fields: %+v, %v", back, err)
	}
}

// TestDepth: a depth that no network has is refused: a page makes room for each stage.
func TestDepth(t *testing.T) {
	for depth, ok := range map[int]bool{-1: false, 0: true, maxDepth: true, maxDepth + 1: false} {
		var s Score
		err := json.Unmarshal(fmt.Appendf(nil, `{"protocol":"knn","depth":%d}`, depth), &s)
		if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), fmt.Sprint("depth ", depth)) {
			t.Errorf("depth %d: %v", depth, err)
		}
	}
}

// TestOldScores: what earlier versions wrote.
func TestOldScores(t *testing.T) {
	var s []Score
	err := json.Unmarshal([]byte(`[{"protocol":"linear","features":"pretext","stage":"s","depth":3,"accuracy":0.625,"chance":0.125,"n_train":10,"n_test":9,"dim":8,
		"settings":{"solver":"lbfgs","weight_decay":0.01,"iterations":40,"grid":4,"side":32},"seconds":2},
		{"protocol":"knn","features":"random","stage":"s","accuracy":0.5,"chance":0.125,"settings":{"k":20}},{"protocol":"knn","accuracy":1}]`), &s)
	if err != nil {
		t.Fatal(err)
	}
	want := Score{Protocol: "probe", Features: "pretext", Stage: "s", Depth: 3, Metric: LargestClass(0.125), Value: 0.625, Trivial: 0.125, Train: 10, Test: 9, Dim: 8, Seconds: 2,
		Settings: map[string]any{"solver": "lbfgs", "side": 32.0}, Found: map[string]any{"weight_decay": 0.01, "iterations": 40.0, "grid": 4.0}}
	if !reflect.DeepEqual(s[0], want) {
		t.Errorf("%+v\nwant %+v", s[0], want)
	}
	if s[1].Protocol != "knn" || s[1].Value != 0.5 || s[1].Found != nil || s[2].Value != 1 {
		t.Errorf("%+v", s[1:])
	}
	if m := s[0].Metric; m.Name != "accuracy" || m.Unit != "%" || !m.Higher || m.Predictor != "largest class" || m.Trivial != 0.125 {
		t.Errorf("%+v", m)
	}
	if err := json.Unmarshal([]byte(`{"protocol":7}`), &s[0]); err == nil {
		t.Error("a protocol that is a number")
	}
}

func TestKeys(t *testing.T) {
	base := one("knn", "pretext", "conv1", 0.5, made(nil))
	for what, other := range map[string]Score{
		"protocol": one("probe", "pretext", "conv1", 0.5, made(nil)), "features": one("knn", "random", "conv1", 0.5, made(nil)), "stage": one("knn", "pretext", "conv2", 0.5, made(nil)),
		"fingerprint": one("knn", "pretext", "conv1", 0.5, made(map[string]any{"data_fingerprint": "g"})), "a setting": one("knn", "pretext", "conv1", 0.5, made(map[string]any{"k": 21})),
	} {
		if other.Key() == base.Key() {
			t.Errorf("%s is not in the key", what)
		}
		if side := what == "features" || what == "stage"; (other.Made() == base.Made()) != side {
			t.Errorf("%s: side by side is %v", what, !side)
		}
	}
	value := base
	value.Value, value.Seconds, value.Found, value.Depth = 0.75, 9, nil, 1
	if value.Key() != base.Key() {
		t.Error("the result is in the key")
	}
	defer func() {
		if recover() == nil {
			t.Error("settings that are no JSON")
		}
	}()
	_ = one("knn", "x", "y", 0, map[string]any{"f": math.NaN()}).Key()
}

func TestSave(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	show := func() string {
		t.Helper()
		all, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, s := range all {
			out = append(out, fmt.Sprint(s.Protocol, "/", s.Features, "/", s.Stage, "=", s.Value))
		}
		return strings.Join(out, " ")
	}
	save := func(s ...Score) {
		t.Helper()
		if err := Save(dir, s); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := Load(dir); all != nil || err != nil {
		t.Errorf("a run that was not judged: %v, %v", all, err)
	}
	save()
	if b, _ := os.ReadFile(Path(dir)); strings.TrimSpace(string(b)) != "[]" {
		t.Errorf("no scores are %s", b)
	}
	a, b := made(nil), made(map[string]any{"k": 5})
	save(one("knn", "pretext", "s1", 1, a), one("knn", "pretext", "s2", 2, a))
	save(one("knn", "pretext", "s1", 3, a), one("knn", "pretext", "s2", 4, b), one("probe", "pretext", "s2", 5, a))
	if got := show(); got != "knn/pretext/s2=2 knn/pretext/s1=3 knn/pretext/s2=4 probe/pretext/s2=5" {
		t.Errorf("stored %s", got)
	}
	// scores of an earlier version give way to fresh ones whatever their settings, and only to those
	old := `[{"protocol":"linear","features":"pretext","stage":"s1","accuracy":0.1,"settings":{"side":32}},{"protocol":"linear","features":"random","stage":"s1","accuracy":0.2,"settings":{"side":32}}]`
	if err := os.WriteFile(Path(dir), []byte(old), 0o644); err != nil {
		t.Fatal(err)
	}
	save(one("probe", "pretext", "s1", 6, a))
	save(one("probe", "pretext", "s1", 7, b))
	if got := show(); got != "probe/random/s1=0.2 probe/pretext/s1=6 probe/pretext/s1=7" {
		t.Errorf("stored %s", got)
	}
	if err := os.WriteFile(Path(dir), []byte("[{]"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Save(dir, nil); err == nil || !strings.Contains(err.Error(), "scores.json") {
		t.Errorf("a broken file: %v", err)
	}
	if b, _ := os.ReadFile(Path(dir)); string(b) != "[{]" {
		t.Error("a broken file was written over")
	}
	if err := os.WriteFile(filepath.Join(dir, "plain"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Save(filepath.Join(dir, "plain"), nil); err == nil {
		t.Error("a run directory that is a file")
	}
}
