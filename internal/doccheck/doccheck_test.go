// Package doccheck keeps the documents honest: links exist, and the README's program is one that runs.
package doccheck

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/optim"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/tensor"
)

func Example() {
	rng := tensor.NewRNG(1)
	src, err := data.Open("scenes:?n=64&side=16", data.Train)
	if err != nil {
		log.Fatal(err)
	}
	loader := data.NewLoader(src, data.LoaderOptions{BatchSize: 16, Norm: data.HalfNorm, Seed: 1})
	task := pretext.Rotation{}
	trunk := layers.ConvNet(rng, 3, 8, layers.TrunkOptions{})
	net := &layers.Net{Trunk: trunk, Head: task.Head(rng, trunk, 16)}
	opt := optim.NewSGD(layers.Params(net), optim.SGDOptions{Momentum: 0.9, WeightDecay: 5e-4})
	rate := optim.Cosine(0.1, 20*loader.Steps())
	tape := autograd.NewTape(rng)
	step, first, last := 0, float32(0), float32(0)
	for epoch := range 20 {
		for batch := range loader.Epoch(epoch, 0) {
			out := task.Step(tape, net, batch.X, rng) // four rotations of each image, cross-entropy
			last = out.Loss.Scalar()
			if step == 0 {
				first = last
			}
			opt.Step(tape.Backward(out.Loss), rate(step))
			tape.Reset() // the step's memory goes back to the pool
			step++
		}
	}
	fmt.Println(step, last < first)
	// Output: 80 true
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestProgram: the README's program is Example's body, which the line above it ran.
func TestProgram(t *testing.T) {
	self := read(t, "internal/doccheck/doccheck_test.go")
	_, body, _ := strings.Cut(self, "func Example() {\n")
	body, _, _ = strings.Cut(body, "\n}\n")
	_, program, _ := strings.Cut(read(t, "README.md"), "```go\n")
	program, _, _ = strings.Cut(program, "\n```")
	var want []string
	for _, l := range strings.Split(body, "\n") {
		want = append(want, strings.TrimPrefix(l, "\t"))
	}
	if program != strings.Join(want, "\n") {
		t.Error("the README's program is not the Example")
	}
}

// TestLinks: every relative link of the documents leads to a file.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	n := 0
	for _, doc := range []string{"README.md", "docs/decisions.md", "docs/one-tensor.md", "docs/results.md"} {
		for _, m := range link.FindAllStringSubmatch(read(t, doc), -1) {
			n++
			if _, err := os.Stat(filepath.Join("../..", filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", doc, m[1], err)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d links found", n)
	}
}
