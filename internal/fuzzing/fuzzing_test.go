package fuzzing

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
)

// heard is a test that is told of failures.
type heard struct {
	testing.TB
	n int
}

func (h *heard) Errorf(string, ...any) { h.n++ }
func (h *heard) Helper()               {}

// TestOneLine: an error is a line of text, or it is told.
func TestOneLine(t *testing.T) {
	for text, bad := range map[string]int{"": 1, "a line, 사진, \"b\"": 0, "two\nlines": 1, "a\x7f": 1, "\xff": 1, "a\u0085b": 1} {
		h := &heard{}
		if !OneLine(h, errors.New(text)) || h.n != bad {
			t.Errorf("%q: told %d times, want %d", text, h.n, bad)
		}
	}
	if OneLine(t, nil) {
		t.Error("no error is one")
	}
}

var kept []byte

// TestMemory: what is taken counts also where it is given back.
func TestMemory(t *testing.T) {
	for size, bad := range map[int]int{1 << 10: 0, 16 << 20: 1} {
		h := &heard{}
		if Memory(h, 1<<20, func() { kept = make([]byte, size); kept = nil }); h.n != bad {
			t.Errorf("%d bytes: told %d times, want %d", size, h.n, bad)
		}
	}
}

// TestMutator: the same inputs each time, hardly one like another; seeds stay what they are, and each kind of change occurs.
func TestMutator(t *testing.T) {
	seeds := [][]byte{[]byte("hello, world"), {}, {1, 2, 3}}
	a, b := mutator{rng: rand.New(rand.NewPCG(1, 2)), seeds: seeds}, mutator{rng: rand.New(rand.NewPCG(1, 2)), seeds: seeds}
	different, shorter, longer := map[string]bool{}, 0, 0
	for range 5000 {
		x := a.next()
		if !bytes.Equal(x, b.next()) {
			t.Fatal("the second time another input")
		}
		different[string(x)] = true
		if len(x) < 3 {
			shorter++
		}
		if len(x) > 12 {
			longer++
		}
	}
	if len(different) < 3000 || shorter < 500 || longer < 500 {
		t.Errorf("%d different inputs of 5000, %d shorter and %d longer than the seeds", len(different), shorter, longer)
	}
	if string(seeds[0]) != "hello, world" || len(seeds[1]) != 0 || !bytes.Equal(seeds[2], []byte{1, 2, 3}) {
		t.Errorf("seeds became %q", seeds)
	}
}

// TestKept: an input comes back from the file in which it is kept.
func TestKept(t *testing.T) {
	for _, b := range []string{"", "a\"\n\x00\xff", "사진)"} {
		if got, err := input(text([]byte(b))); err != nil || string(got) != b {
			t.Errorf("%q comes back as %q, %v", b, got, err)
		}
	}
}
