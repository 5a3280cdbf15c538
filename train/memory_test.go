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
		c.BatchSize, c.Epochs = 16, 1
		src := data.NewScenes(32, 32, 1, data.Train)
		trunk := layers.CIFARResNet(tensor.NewRNG(1), 3, 20, layers.TrunkOptions{})
		net := layers.Classifier(tensor.NewRNG(2), trunk, 10)
		r := &Run{Config: c, Net: net, Source: src, Objective: &labels{net: net}, MemoryLimit: limit,
			Loader: data.NewLoader(src, data.LoaderOptions{BatchSize: c.BatchSize, Norm: data.HalfNorm, Seed: c.Seed})}
		info, err := r.Start(context.Background(), false)
		return r, info, err
	}
	base, _, err := run(0)
	if err != nil {
		t.Fatal(err)
	}
	ample, info, err := run(64 << 30)
	if err != nil || info.Recompute != "nothing" || !bytes.Equal(weights(ample.Net), weights(base.Net)) {
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
		if !bytes.Equal(weights(tight.Net), weights(base.Net)) {
			t.Error("a memory limit changes the bits")
		}
		break
	}
}
