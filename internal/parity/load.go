package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/tessera-go/tessera/tensor"
)

// set is what cases.py writes: cases.json and the numbers in cases.bin.
type set struct {
	Torch   string
	Cases   []sample
	Left    map[string]map[string]int // by PyTorch's name and reason: samples that cannot be said in our words
	numbers []float64
}

// sample is one case: an operation, its arguments, and what PyTorch makes of it.
type sample struct {
	Source, Op string
	Ints       map[string][]int
	Floats     map[string][]float64
	Labels     []int32
	Inputs     []array
	DY         array
	Results    []result // of the operation, then the gradients of the inputs
}

// array is numbers of cases.bin.
type array struct {
	At    int
	Shape []int
}

// result is what PyTorch computes in float64, and how far its float32 is from that.
type result struct {
	array
	Error float64
}

// load reads a folder of cases.
func load(dir string) (*set, error) {
	text, err := os.ReadFile(filepath.Join(dir, "cases.json"))
	if err != nil {
		return nil, fmt.Errorf("%w; python3 internal/parity/cases.py %s writes it", err, dir)
	}
	s := &set{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("%s/cases.json: %w", dir, err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "cases.bin"))
	if err != nil {
		return nil, err
	}
	s.numbers = make([]float64, len(raw)/8)
	for i := range s.numbers {
		s.numbers[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	for _, c := range s.Cases {
		all := append([]array{c.DY}, c.Inputs...)
		for _, r := range c.Results {
			all = append(all, r.array)
		}
		for _, a := range all {
			if n := tensor.Size(a.Shape); a.At < 0 || a.At+n > len(s.numbers) {
				return nil, fmt.Errorf("%s/cases.bin holds %d numbers, a case of %s wants %d from %d on: the two files do not belong together", dir, len(s.numbers), c.Op, n, a.At)
			}
		}
	}
	return s, nil
}

// of returns an array's numbers.
func (s *set) of(a array) []float64 { return s.numbers[a.At:][:tensor.Size(a.Shape)] }

// tensor returns an array as a tensor.
func (s *set) tensor(a array) *tensor.Tensor {
	t := tensor.New(a.Shape...)
	for i, v := range s.of(a) {
		t.Data[i] = float32(v)
	}
	return t
}

// int returns a whole number among a case's arguments.
func (c *sample) int(name string) int { return c.Ints[name][0] }

// float returns a number among a case's arguments.
func (c *sample) float(name string) float32 { return float32(c.Floats[name][0]) }

// table returns numbers among a case's arguments as a tensor.
func (c *sample) table(name string, shape ...int) *tensor.Tensor {
	t := tensor.New(shape...)
	for i, v := range c.Floats[name] {
		t.Data[i] = float32(v)
	}
	return t
}
