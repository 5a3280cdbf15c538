package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// TestSmall runs a few of PyTorch's samples of each operation, testdata, made by cases.py --small.
func TestSmall(t *testing.T) {
	s, err := load("testdata")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range s.Cases {
		seen[c.Op] = true
	}
	for op := range operations {
		if !seen[op] {
			t.Errorf("no sample of %s", op)
		}
	}
	for _, f := range s.run().faults {
		t.Error(f)
	}
}

// TestFaults: what is wrong with a case is found and said: a number, a shape, an operation that is not there or that refuses.
func TestFaults(t *testing.T) {
	numbers := []float64{1, 2, 4, 8, 1, 1, 1, 1}
	a := array{0, []int{2, 2}}
	good := sample{Source: "op_db abs", Op: "Abs", Inputs: []array{a}, DY: array{4, []int{2, 2}}, Results: []result{{a, 0}, {array{4, []int{2, 2}}, 0}}}
	for want, change := range map[string]func(c *sample){
		"":                    func(*sample) {},
		"float64 1: off by 7": func(c *sample) { c.Results[0].array = array{4, []int{2, 2}} },
		"PyTorch's is [4]":    func(c *sample) { c.Results[0].Shape = []int{4} },
		"no operation Cabs":   func(c *sample) { c.Op = "Cabs" },
		"MeanAxis":            func(c *sample) { c.Op, c.Ints = "MeanAxis", map[string][]int{"axis": {7}} },
		"gradient 1":          func(c *sample) { c.Results[1].array = a },
		"no optimiser \"muon\"": func(c *sample) {
			c.Op = "optimiser muon"
			c.Floats = map[string][]float64{"momentum": {0}, "weight_decay": {0}}
		},
		"op_db abs as Abs":    func(c *sample) { c.Results[0].array = array{4, []int{2, 2}} },
		"1 at 0, PyTorch NaN": func(c *sample) { c.Results[0].array = array{8, []int{2, 2}} },
	} {
		c := good
		c.Results = append([]result(nil), good.Results...)
		change(&c)
		s := &set{Cases: []sample{c}, numbers: append(numbers, math.NaN(), 2, 4, 8), Left: map[string]map[string]int{"op_db conj": {"complex": 3}}}
		r := s.run()
		if said := strings.Join(r.faults, "\n"); !strings.Contains(said, want) || (said == "") != (want == "") {
			t.Errorf("%q, want %q", said, want)
		}
		if table := r.table(); !strings.Contains(table, "| op_db conj |  | 0 | 0.00 | 0.00 | 0 | 3 |") || !strings.Contains(table, "complex (3)") || strings.Contains(table, "Beyond") != (want != "") {
			t.Errorf("the table of %q is\n%s", want, table)
		}
	}
}

// TestRatio: an error counts in PyTorch's, and where that is 0 in halves of the last place of the largest number.
func TestRatio(t *testing.T) {
	s := &set{numbers: []float64{1, -8}}
	got := tensor.From([]float32{1, -8}, 2)
	want := result{array{0, []int{2}}, 0}
	for _, c := range []struct {
		off   float32
		error float64
		want  float64
	}{{0, 0, 0}, {0x1p-20, 0, 4}, {0x1p-20, 0x1p-21, 2}, {-0x1p-20, 0x1p-18, 0.25}} {
		got.Data[0], want.Error = 1+c.off, c.error
		if r, _ := s.ratio(got, want); !(math.Abs(r-c.want) <= 1e-9) {
			t.Errorf("off by %g where PyTorch is by %g: %g, want %g", c.off, c.error, r, c.want)
		}
	}
}

// TestLoad: a folder without cases says how they are made; files that do not belong together are not read.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	if _, err := load(dir); err == nil || !strings.Contains(err.Error(), "cases.py") {
		t.Errorf("an empty folder: %v", err)
	}
	text, _ := os.ReadFile("testdata/cases.json")
	for name, content := range map[string][]byte{"cases.json": text, "cases.bin": make([]byte, 80)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := load(dir); err == nil || !strings.Contains(err.Error(), "do not belong together") {
		t.Errorf("numbers of other cases: %v", err)
	}
}
