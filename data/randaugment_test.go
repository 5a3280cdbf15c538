package data

import (
	"bytes"
	"hash/crc32"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// TestRandAugmentOperations: every operation is torchvision's, bit for bit, in both directions, and leaves its argument alone.
func TestRandAugmentOperations(t *testing.T) {
	var cases []struct {
		Picture, Op string
		Part        float64
		CRC32       uint32
	}
	golden.Load(t, "testdata/randaugment.json", &cases)
	noise, plain := NewImage(37, 43), NewImage(37, 43)
	x := make([]float32, len(noise.Pix))
	golden.Fill(x, "picture", 1)
	for k, v := range x {
		noise.Pix[k] = uint8((v + 1) * 127.5)
		if plain.Pix[k] = noise.Pix[k]/3 + 60; k%3 == 1 {
			plain.Pix[k] = 77
		}
	}
	tried := map[string]bool{}
	for _, c := range cases {
		im := map[string]*Image{"noise": noise, "plain": plain}[c.Picture]
		before := bytes.Clone(im.Pix)
		for _, op := range randOps {
			if op.name != c.Op {
				continue
			}
			tried[c.Op] = true
			if got := op.do(im, c.Part); crc32.ChecksumIEEE(got.Pix) != c.CRC32 {
				t.Errorf("%s of %s, %.3g of its range, is not torchvision's", c.Op, c.Picture, c.Part)
			}
		}
		if !bytes.Equal(im.Pix, before) {
			t.Fatalf("%s changed its argument", c.Op)
		}
	}
	if len(tried) != 14 || len(randOps) != 14 {
		t.Errorf("%d of %d operations were tried, want 14", len(tried), len(randOps))
	}
}

// TestRandAugment: operations are drawn anew each time, with replacement, and those with a direction take both.
func TestRandAugment(t *testing.T) {
	im := located(16, 16)
	rng := tensor.NewRNG(5)
	same, views := 0, map[string]bool{}
	for range 4000 {
		got := RandAugment(1, 9)(im, rng)
		if bytes.Equal(got.Pix, im.Pix) {
			same++
		}
		views[string(got.Pix)] = true
	}
	// what nothing is done to: by Identity; nine operations have two directions, five one
	if len(views) < 15 || len(views) > 23 {
		t.Errorf("one operation made %d different pictures, want at most 2·9 + 5", len(views))
	}
	if part := float64(same) / 4000; part < 1.0/14-0.02 {
		t.Errorf("%.3f of the pictures are as they were, want at least one in fourteen", part)
	}
	views = map[string]bool{}
	for range 4000 {
		views[string(RandAugment(2, 9)(im, rng).Pix)] = true
	}
	if len(views) < 150 {
		t.Errorf("two operations made %d different pictures", len(views))
	}
	if got := RandAugment(0, 9)(im, rng); got != im {
		t.Error("no operation made another picture")
	}
}
