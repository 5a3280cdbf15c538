package autograd

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/golden"
	"github.com/tessera-go/tessera/tensor"
)

// specialOps are the operations of element by element in docs/numbers.md.
var specialOps = []struct {
	name string
	f    func(x *Var) *Var
}{
	{"ReLU", ReLU},
	{"LeakyReLU 0.2", func(x *Var) *Var { return LeakyReLU(x, 0.2) }},
	{"ELU", func(x *Var) *Var { return ELU(x, 1) }},
	{"GELU", GELU},
	{"Tanh", Tanh},
	{"Sigmoid", Sigmoid},
	{"Exp", Exp},
	{"Log", Log},
	{"Sqrt", Sqrt},
	{"Abs", Abs},
}

// specialFields are the operations that mix elements: inputs, where the special value is, and how PyTorch's case is called.
var specialFields = []struct {
	name   string
	as     string // PyTorch's case; empty: the same
	shapes [][]int
	at     int
	f      func(v []*Var) *Var
}{
	{"MaxPool 3 stride 2", "", pixels(), pixel, func(v []*Var) *Var { return MaxPool(v[0], tensor.SquareWindow(3, 2, 1)) }},
	{"AvgPool 3 stride 2", "", pixels(), pixel, func(v []*Var) *Var { return AvgPool(v[0], tensor.SquareWindow(3, 2, 1)) }},
	{"GlobalAvgPool", "", pixels(), pixel, func(v []*Var) *Var { return GlobalAvgPool(v[0]) }},
	{"Resize to 8x8", "", pixels(), pixel, func(v []*Var) *Var { return Resize(v[0], 8, 8) }},
	{"Resize to 13x5", "", pixels(), pixel, func(v []*Var) *Var { return Resize(v[0], 13, 5) }},
	{"BatchNorm, training", "", pixels(4, 4), pixel, func(v []*Var) *Var { return BatchNorm(v[0], v[1], v[2], bnState(4), BatchNormOptions{}) }},
	{"BatchNorm with ReLU, training", "", pixels(4, 4), pixel, func(v []*Var) *Var {
		return BatchNorm(v[0], v[1], v[2], bnState(4), BatchNormOptions{ReLU: true})
	}},
	{"GroupNorm 2", "", pixels(4, 4), pixel, func(v []*Var) *Var { return GroupNorm(v[0], v[1], v[2], 2, 1e-5) }},
	{"LayerNorm", "", pixels(4, 4), pixel, func(v []*Var) *Var { return LayerNorm(v[0], v[1], v[2], 1e-5) }},
	{"LRN 3", "", pixels(), pixel, func(v []*Var) *Var { return LRN(v[0], 3, 0.5, 0.75, 1) }},
	{"Softmax", "", pixels(), pixel, func(v []*Var) *Var { return Softmax(v[0]) }},
	{"L2Normalize", "", pixels(), pixel, func(v []*Var) *Var { return L2Normalize(v[0]) }},
	{"CrossEntropy", "", [][]int{{6, 5}}, 12, func(v []*Var) *Var { return CrossEntropy(v[0], []int32{0, 1, 2, 3, 4, 0}) }},
	{"L1", "", [][]int{{6, 5}}, 12, func(v []*Var) *Var { return L1(v[0], targets(), LossOptions{}) }},
	{"L2", "", [][]int{{6, 5}}, 12, func(v []*Var) *Var { return L2(v[0], targets(), LossOptions{}) }},
	{"Huber 0.7", "", [][]int{{6, 5}}, 12, func(v []*Var) *Var { return Huber(v[0], targets(), 0.7, LossOptions{}) }},
	{"BCEWithLogits", "", [][]int{{6, 5}}, 12, func(v []*Var) *Var {
		t := targets()
		tensor.Abs(t, t)
		return BCEWithLogits(v[0], t, LossOptions{})
	}},
	{"MaxAxis", "", [][]int{{6, 5}}, 12, func(v []*Var) *Var { return MaxAxis(v[0], 1) }},
	{"MatMul", "", [][]int{{6, 5}, {5, 7}}, 12, func(v []*Var) *Var { return MatMul(v[0], v[1]) }},
	{"Conv2D 3x3, direct", "", convPixels, convPixel, convBy(tensor.Direct)},
	{"Conv2D 3x3, Winograd 2x2", "Conv2D 3x3, direct", convPixels, convPixel, convBy(tensor.Winograd2)},
	{"Conv2D 3x3, Winograd 4x4", "Conv2D 3x3, direct", convPixels, convPixel, convBy(tensor.Winograd4)},
}

const (
	pixel     = ((8+3)*8+4)*4 + 2 // of [2 8 8 4]: image 1, row 3, column 4, channel 2
	convPixel = ((8+3)*8+4)*16 + 5
)

var convPixels = [][]int{{2, 8, 8, 16}, {3, 3, 16, 16}}

func pixels(channels ...int) [][]int {
	s := [][]int{{2, 8, 8, 4}}
	for _, c := range channels {
		s = append(s, []int{c})
	}
	return s
}

func targets() *tensor.Tensor {
	t := tensor.New(6, 5)
	golden.Fill(t.Data, "t", 1)
	return t
}

func convBy(a tensor.Algorithm) func(v []*Var) *Var {
	return func(v []*Var) *Var {
		g := tensor.SquareConv(1, 1)
		g.Algorithm = a
		return Conv2D(v[0], v[1], nil, g)
	}
}

// word writes a value as specials.py does.
func word(v float32) string {
	switch {
	case v != v:
		return "NaN"
	case math.IsInf(float64(v), 0):
		return strings.TrimPrefix(fmt.Sprint(v), "+")
	}
	return fmt.Sprintf("%.5g", v)
}

// letters writes what kind each value is of, as specials.py does.
func letters(x *tensor.Tensor) string {
	b := make([]byte, len(x.Data))
	for i, v := range x.Data {
		switch {
		case v != v:
			b[i] = 'n'
		case v > math.MaxFloat32:
			b[i] = '+'
		case v < -math.MaxFloat32:
			b[i] = '-'
		default:
			b[i] = '.'
		}
	}
	return string(b)
}

// atSpecials returns what an operation makes of the special values, and its gradients for dy of 1, Inf and NaN; everywhere in a long
// tensor the same.
func atSpecials(t *testing.T, name string, f func(x *Var) *Var) map[string][]string {
	values := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1)), 1, -1}
	x := tensor.New(len(values) * 9)
	for i := range x.Data {
		x.Data[i] = values[i%len(values)]
	}
	out := map[string][]string{}
	for _, dy := range []float32{1, float32(math.Inf(1)), float32(math.NaN())} {
		tape := NewTape(nil)
		y := f(tape.Param(x)).Keep()
		d := tape.BackwardFrom(y, tensor.New(x.Shape...).Fill(dy)).Of(x)
		out["y"], out[word(dy)] = nil, nil
		for i := range values {
			out["y"], out[word(dy)] = append(out["y"], word(y.Value.Data[i])), append(out[word(dy)], word(d.Data[i]))
		}
		for i := range x.Data {
			if got := word(y.Value.Data[i]); got != out["y"][i%len(values)] {
				t.Errorf("%s of %g is %s at %d and %s at the start", name, x.Data[i], got, i, out["y"][i%len(values)])
			}
			if got := word(d.Data[i]); got != out[word(dy)][i%len(values)] {
				t.Errorf("%s: the gradient at %g is %s at %d and %s at the start", name, x.Data[i], got, i, out[word(dy)][i%len(values)])
			}
		}
	}
	return out
}

// field returns what an operation and its gradients make of one special value.
func field(name string, shapes [][]int, at int, v float32, f func(v []*Var) *Var) (y string, grads []string) {
	tape := NewTape(nil)
	tape.Training = true
	var in []*Var
	for i, s := range shapes {
		x := tensor.New(s...)
		golden.Fill(x.Data, fmt.Sprintf("%s/in%d", name, i), 1)
		in = append(in, tape.Param(x))
	}
	in[0].Value.Data[at] = v
	out := f(in).Keep()
	dy := tensor.New(out.Shape()...)
	golden.Fill(dy.Data, name+"/dy", 1)
	g := tape.BackwardFrom(out, dy)
	for _, x := range in {
		grads = append(grads, letters(g.Of(x.Value)))
	}
	return letters(out.Value), grads
}

// TestSpecials compares what NaN and infinity become with PyTorch's, testdata/specials.json, and docs/numbers.md with what was found:
// where the two differ, the page says so. WRITE=1 writes the page's tables.
func TestSpecials(t *testing.T) {
	const path, from, to = "../docs/numbers.md", "<!-- made by TestSpecials: WRITE=1 go test ./autograd -run TestSpecials -->\n", "<!-- end -->"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), from)
	was, after, end := strings.Cut(rest, to)
	if !found || !end {
		t.Fatalf("%s has no place for the tables", path)
	}
	now := pointTable(t) + "\n" + fieldTable(t)
	if now == was {
		return
	}
	if os.Getenv("WRITE") == "" {
		t.Fatalf("%s does not say what is, which is\n%s", path, now)
	}
	if err := os.WriteFile(path, []byte(before+from+now+to+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

type specials struct {
	Points map[string]map[string][]string
	Fields map[string]struct {
		Y     string
		Grads []string
	}
}

// pointTable is the page's table of operations of element by element.
func pointTable(t *testing.T) string {
	var want specials
	golden.Load(t, "testdata/specials.json", &want)
	if len(want.Points) != len(specialOps) {
		t.Errorf("%d operations, the reference has %d", len(specialOps), len(want.Points))
	}
	var b strings.Builder
	b.WriteString("| operation | NaN | Inf | -Inf | 0 | -0 | dy Inf at 0 | dy NaN at -1 |\n|---|---|---|---|---|---|---|---|\n")
	for _, op := range specialOps {
		got, torch := atSpecials(t, op.name, op.f), want.Points[op.name]
		fmt.Fprintf(&b, "| %s |", op.name)
		cell := func(k int, parts ...string) {
			var ours, theirs []string
			for _, p := range parts {
				ours, theirs = append(ours, got[p][k]), append(theirs, torch[p][k])
			}
			fmt.Fprintf(&b, " %s", strings.Join(ours, "; "))
			if strings.Join(ours, "; ") != strings.Join(theirs, "; ") {
				fmt.Fprintf(&b, " (PyTorch %s)", strings.Join(theirs, "; "))
			}
			b.WriteString(" |")
		}
		for k := range 5 {
			cell(k, "y", "1")
		}
		cell(3, "Inf")
		cell(6, "NaN")
		b.WriteString("\n")
		for k := range 7 { // what the table has no column for
			for _, p := range []string{"1", "Inf", "NaN"} {
				if shown := p == "1" && k < 5 || p == "Inf" && k == 3 || p == "NaN" && k == 6; !shown && got[p][k] != torch[p][k] {
					fmt.Fprintf(&b, "| %s, dy %s at %s | gradient %s (PyTorch %s) | | | | | | |\n", op.name, p, []string{"NaN", "Inf", "-Inf", "0", "-0", "1", "-1"}[k], got[p][k], torch[p][k])
				}
			}
		}
	}
	return b.String()
}

// fieldTable is the page's table of operations that mix elements.
func fieldTable(t *testing.T) string {
	var want specials
	golden.Load(t, "testdata/specials.json", &want)
	var b strings.Builder
	b.WriteString("| operation | one value | results that are no numbers | gradients that are no numbers, input by input |\n|---|---|---|---|\n")
	bad := func(s string) int { return len(s) - strings.Count(s, ".") }
	for _, op := range specialFields {
		as := op.as
		if as == "" {
			as = op.name
		}
		for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
			w, ok := want.Fields[as+", "+word(v)]
			if !ok || len(w.Grads) != len(op.shapes) {
				t.Fatalf("%s: no reference", op.name)
			}
			y, grads := field(as, op.shapes, op.at, v, op.f)
			fmt.Fprintf(&b, "| %s | %s | %d of %d%s |", op.name, word(v), bad(y), len(y), unlike(y, w.Y))
			for i, g := range grads {
				fmt.Fprintf(&b, " %d of %d%s", bad(g), len(g), unlike(g, w.Grads[i]))
				if i+1 < len(grads) {
					b.WriteString(",")
				}
			}
			b.WriteString(" |\n")
		}
	}
	return b.String()
}

// unlike says how PyTorch's letters differ, if they do.
func unlike(ours, torch string) string {
	numbers := func(s string) string { return strings.NewReplacer("+", "n", "-", "n").Replace(s) }
	switch {
	case ours == torch:
		return ""
	case numbers(ours) != numbers(torch):
		return fmt.Sprintf(" (PyTorch %d)", len(torch)-strings.Count(torch, "."))
	}
	return fmt.Sprintf(", %d of them NaN (PyTorch %d)", strings.Count(ours, "n"), strings.Count(torch, "n"))
}
