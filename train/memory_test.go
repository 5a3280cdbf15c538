package train

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/tensor"
)

// TestMemoryLimit: a limit that all fits under computes nothing twice, a lower one does, to the same bits, and one that is too
// low names a batch size.
func TestMemoryLimit(t *testing.T) {
	run := func(limit int64) (*Run, *Info, error) {
		c := config()
		c.BatchSize, c.Epochs = 32, 1
		d := scenes(64)
		trunk := layers.CIFARResNet(tensor.NewRNG(1), 3, 20, layers.TrunkOptions{})
		l := &classifier{Sequential: layers.Classifier(tensor.NewRNG(2), trunk, len(d.Truth.Classes())), data: d}
		r := &Run{Config: c, Learner: l, Data: d, MemoryLimit: limit}
		info, err := r.Start(context.Background(), false)
		return r, info, err
	}
	base, _, err := run(0)
	if err != nil {
		t.Fatal(err)
	}
	ample, info, err := run(64 << 30)
	if err != nil || info.Recompute != "nothing" || !bytes.Equal(state(ample.Learner), state(base.Learner)) {
		t.Fatalf("ample limit: computed twice: %q, %v", info.Recompute, err)
	}
	full := info.PeakMemory
	_, _, err = run(1 << 20)
	var e *MemoryError
	if !errors.As(err, &e) || e.Need <= 1<<20 || !strings.Contains(err.Error(), "1 MiB") {
		t.Fatalf("limit of 1 MiB: %v", err)
	}
	// Just above what the thriftiest step needs; the estimate of what else the process holds moves a little.
	for limit := e.Need * 11 / 10; ; limit += 1 << 20 {
		tight, info, err := run(limit)
		if errors.As(err, &e) {
			if limit > 2*e.Need {
				t.Fatal(err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if info.Recompute == "nothing" || info.PeakMemory >= full {
			t.Errorf("limit of %s: computed twice: %s; the step held %d bytes, without a limit %d", Bytes(limit), info.Recompute, info.PeakMemory, full)
		}
		if !bytes.Equal(state(tight.Learner), state(base.Learner)) {
			t.Error("a memory limit changes the bits")
		}
		break
	}
}

// TestMeasuringChangesNothing: a step that is measured leaves everything as it was, is not counted, and tells what each of its losses
// asks for.
func TestMeasuringChangesNothing(t *testing.T) {
	r := newRichRun("", config())
	if err := r.open(); err != nil {
		t.Fatal(err)
	}
	before := state(r.Learner)
	asked, err := r.measure(0, 4)
	if err != nil || len(asked) != 3 || asked["loss"].Peak == 0 || asked["loss_critic"].Peak >= asked["loss"].Peak {
		t.Errorf("asked for %v, %v", asked, err)
	}
	if !bytes.Equal(before, state(r.Learner)) || r.Learner.(*rich).after != 0 {
		t.Error("measuring changes what is measured")
	}
	plain := newRichRun("", config())
	start(t, plain)
	limited := newRichRun("", config())
	limited.MemoryLimit = 64 << 30
	start(t, limited)
	differ(t, "with a memory limit", limited.Learner, plain.Learner)
	if n := r.feed.Bytes(); n < 4*testSide*testSide*3 || n > 8*testSide*testSide*3 {
		t.Errorf("the views of a sample take %d bytes", n)
	}
	broken := newRun("", config(), 0)
	broken.Learner.(*classifier).data = &data.Dataset{Inputs: data.Inputs{Images: brokenImages{}}, Truth: broken.Data.Truth}
	broken.Config.BatchSize, broken.MemoryLimit = 1, 64<<30
	if _, err := broken.Start(context.Background(), false); !errors.Is(err, data.ErrTooManyBad) {
		t.Errorf("measuring broken samples: %v", err)
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{1536: "1 KiB", 3 << 20: "3 MiB", 1536 << 20: "1.5 GiB", 20 << 30: "20 GiB", 10 << 30: "10 GiB", 1 << 30: "1.0 GiB", 1 << 20: "1 MiB"} {
		if Bytes(n) != want {
			t.Errorf("%d is %q, want %q", n, Bytes(n), want)
		}
	}
	for want, e := range map[string]*MemoryError{"a batch size of 7 would fit": {Limit: 1, Need: 2, BatchSize: 7}, "a smaller trunk": {Limit: 1, Need: 2}} {
		if !strings.Contains(e.Error(), want) {
			t.Errorf("%v", e)
		}
	}
}

func TestParseBytes(t *testing.T) {
	for s, want := range map[string]int64{"": 0, "800MiB": 800 << 20, "2GB": 2e9, "1.5G": 3 << 29, "64kb": 64e3, "3 KiB": 3 << 10, "7": 7, "1t": 1 << 40} {
		if n, err := ParseBytes(s); err != nil || n != want {
			t.Errorf("%q is %d, %v; want %d", s, n, err, want)
		}
	}
	for _, s := range []string{"much", "-1G", "0", "2XiB", "1e30", "G", "9999999999G"} {
		if n, err := ParseBytes(s); err == nil {
			t.Errorf("%q passes as %d", s, n)
		}
	}
}
