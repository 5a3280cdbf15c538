// Package golden makes the numbers that tests and their reference scripts share: a formula instead of files, the same in
// Go and in testdata's Python (golden.py).
package golden

import (
	"encoding/json"
	"hash/crc32"
	"os"
)

// Fill sets x to numbers in [-1, 1) that depend on name and position alone, times scale.
func Fill(x []float32, name string, scale float64) {
	seed := crc32.ChecksumIEEE([]byte(name))
	for i := range x {
		v := uint32(i)*2654435761 + seed
		v ^= v >> 15
		v *= 2246822519
		v ^= v >> 13
		v *= 3266489917
		v ^= v >> 16
		x[i] = float32((float64(v)/(1<<32)*2 - 1) * scale)
	}
}

// TB is what Load needs of a testing.TB: benchmarks, which Fill serves too, are in the program, and package testing is not.
type TB interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// Load reads a JSON file of testdata into v.
func Load(t TB, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
