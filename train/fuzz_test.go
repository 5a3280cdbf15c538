package train

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
)

// FuzzInfo: a run.json that is read is written, and read back as the same; its settings are fit or refused in a line, and fit to themselves.
func FuzzInfo(f *testing.F) {
	var seeds [][]byte
	for _, i := range []Info{{}, {Config: Config{Task: "rotation", Trunk: "resnet20?shortcut=a", Optimizer: "adamw?beta1=0.8", Schedule: "onecycle", LR: 0.1, Seed: 1 << 63, Side: 32}, Steps: 7, Fingerprint: "f"}} {
		b, err := json.Marshal(i)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, b)
	}
	seeds = append(seeds, []byte(`{"config":{"optimizer":"sgd?decay=all","schedule":"step","warmup_steps":3,"conv":"direct","precision":"bfloat16"},"metrics":[{"name":"loss"}]}`))
	fuzzing.Run(f, seeds, func(t testing.TB, b []byte) {
		i, err := readInfo(b)
		if fuzzing.OneLine(t, err) {
			return
		}
		first, err := json.Marshal(i)
		if err != nil {
			t.Fatal(err)
		}
		again, err := readInfo(first)
		if err != nil {
			t.Fatalf("%q is written as %q, which is not read: %v", b, first, err)
		}
		if second, err := json.Marshal(again); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%q is written as %q, and then as %q", b, first, second)
		}
		_, _, err = i.Config.Check()
		fuzzing.OneLine(t, err)
		c, err := json.Marshal(i.Config)
		if err == nil {
			err = sameCourse(c, i.Config)
		}
		if err != nil {
			t.Errorf("%q is no longer itself: %v", c, err)
		}
		fuzzing.OneLine(t, sameCourse(b, i.Config))
	})
}

// TestRunFileLines: what a run's files say wrongly is told in a line, whatever they quote.
func TestRunFileLines(t *testing.T) {
	_, err := readInfo([]byte("{\"started\":\"0001-01-01T00:00\x7f\"}"))
	if err == nil || !strings.Contains(err.Error(), `00:00\x7f`) {
		t.Errorf("a time: %v", err)
	}
	fuzzing.OneLine(t, err)
	err = sameCourse([]byte("{\"!\xc2\x80\":\"\x7f\"}"), Config{})
	if err == nil || !strings.Contains(err.Error(), `--!\u0080 \x7f`) {
		t.Errorf("a setting: %v", err)
	}
	fuzzing.OneLine(t, err)
}

// TestLongLineOfMetrics: a line of any length is passed over or kept, and those behind it are seen.
func TestLongLineOfMetrics(t *testing.T) {
	long := "{\"step\":2,\"note\":\"" + strings.Repeat("x", 2<<20) + "\"}\n"
	if got := string(metricsUntil([]byte("{\"step\":1}\n"+long+long[9:]+"{\"step\":3}\n{\"step\":4}\n"), 3)); got != "{\"step\":1}\n"+long+"{\"step\":3}\n" {
		t.Errorf("%d bytes are kept: %.20q to %q", len(got), got, got[max(0, len(got)-20):])
	}
}

// FuzzMetricsUntil: lines are kept or left out whole, in their order; what was kept is kept again.
func FuzzMetricsUntil(f *testing.F) {
	seeds := [][]byte{[]byte("{\"step\":1,\"loss\":2}\n{\"step\":5}\n{\"ste"), []byte("{\"step\":2}\r\n\n{\"step\":3.5}\n{}\n")}
	fuzzing.Run(f, seeds, func(t testing.TB, b []byte) {
		kept := metricsUntil(b, 3)
		if again := metricsUntil(kept, 3); !bytes.Equal(kept, again) {
			t.Fatalf("of %q stay %q, and of these %q", b, kept, again)
		}
		rest := b
		for line := range bytes.Lines(kept) {
			line = bytes.TrimSuffix(line, []byte("\n"))
			at := bytes.Index(rest, line)
			if at < 0 || !json.Valid(line) {
				t.Fatalf("%q of %q was never there", line, b)
			}
			rest = rest[at+len(line):]
		}
	})
}
