package autograd

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/tensor"
)

// TestFlop: what each product counts, forward and for each gradient that is wanted, two operations for a multiply-add.
func TestFlop(t *testing.T) {
	for name, c := range map[string]struct {
		x, w []int
		f    func(x, w *Var) *Var
		fma  float64
	}{
		"Linear":        {[]int{2, 2, 5}, []int{5, 6}, func(x, w *Var) *Var { return Linear(x, w, nil) }, 4 * 5 * 6},
		"MatMulNT":      {[]int{4, 5}, []int{3, 5}, MatMulNT, 4 * 3 * 5},
		"BatchMatMul":   {[]int{3, 4, 5}, []int{3, 5, 2}, BatchMatMul, 3 * 4 * 5 * 2},
		"BatchMatMulNT": {[]int{2, 3, 4, 5}, []int{2, 3, 2, 5}, BatchMatMulNT, 6 * 4 * 5 * 2},
		"HeadScores":    {[]int{2, 3, 2, 4}, []int{2, 5, 2, 4}, func(x, w *Var) *Var { return HeadScores(x, w, 1) }, 2 * 2 * 3 * 5 * 4},
		"HeadMix":       {[]int{2, 2, 3, 5}, []int{2, 5, 2, 4}, HeadMix, 2 * 2 * 3 * 5 * 4},
		"Conv2D":        {[]int{2, 5, 6, 3}, []int{3, 3, 3, 4}, func(x, w *Var) *Var { return Conv2D(x, w, nil, tensor.SquareConv(1, 1)) }, 2 * 5 * 6 * 4 * 27},
		"groups":        {[]int{2, 7, 7, 4}, []int{3, 3, 2, 6}, func(x, w *Var) *Var { return Conv2D(x, w, nil, square(2, 0, 1, 2)) }, 2 * 3 * 3 * 6 * 18},
		"Conv1D":        {[]int{2, 9, 3}, []int{3, 3, 4}, func(x, w *Var) *Var { return Conv1D(x, w, nil, tensor.Conv{}) }, 2 * 7 * 4 * 9},
		"transposed": {[]int{2, 4, 3, 3}, []int{3, 3, 5, 3}, func(x, w *Var) *Var { return ConvTranspose2D(x, w, nil, tensor.SquareConv(2, 1), [2]int{}) },
			2 * 4 * 3 * 3 * 45},
	} {
		tape := NewTape(nil)
		x, w := tensor.New(c.x...), tensor.New(c.w...)
		for times, f := range map[float64]func(){
			1: func() { c.f(tape.Input(x), tape.Input(w)) }, 2: func() { c.f(tape.Input(x), tape.Param(w)) }, 3: func() { c.f(tape.Param(x), tape.Param(w)) },
			1.0001: func() {
				c.f(tape.Param(x), tape.Param(w))
				tape.TakeFlop()
				tape.NoGrad(func() { c.f(tape.Param(x), tape.Param(w)) })
			},
			2.0001: func() { c.f(tape.Param(x), tape.Input(w)) },
		} {
			f()
			if got, want := tape.TakeFlop(), math.Floor(times)*2*c.fma; got != want {
				t.Errorf("%s: %g operations, want %g (%g)", name, got, want, times)
			}
			if tape.TakeFlop() != 0 {
				t.Errorf("%s: the count does not begin again", name)
			}
			tape.Reset()
		}
		c.f(Const(x), Const(w))
	}
}

// TestConvBatchNorm: the two operations in one have their bits, their place and their count; outside inference it is refused.
func TestConvBatchNorm(t *testing.T) {
	rng := tensor.NewRNG(3)
	x, w := rng.FillNormal(tensor.New(2, 5, 6, 3), 0, 1), rng.FillNormal(tensor.New(3, 3, 3, 4), 0, 1)
	gamma, beta, z := rng.FillNormal(tensor.New(4), 0, 1), rng.FillNormal(tensor.New(4), 0, 1), rng.FillNormal(tensor.New(2, 5, 6, 4), 0, 1)
	s := BatchNormState{Mean: rng.FillNormal(tensor.New(4), 0, 1), Var: rng.FillUniform(tensor.New(4), 0.5, 2), Momentum: 0.1, Eps: 0.3}
	g := tensor.SquareConv(1, 1)
	for _, o := range []BatchNormOptions{{}, {ReLU: true}, {Add: Const(z)}, {ReLU: true, Add: Const(z)}} {
		for _, affine := range [][2]*Var{{nil, nil}, {Const(gamma), nil}, {nil, Const(beta)}, {Const(gamma), Const(beta)}} {
			want := BatchNorm(Conv2D(Const(x), Const(w), nil, g), affine[0], affine[1], s, o).Value
			tape := NewInference()
			saw := ""
			tape.OnConv = func(place string, x, w, y []int, _ tensor.Conv) { saw += fmt.Sprint(place, x, w, y) }
			leave := tape.Enter("here")
			got := ConvBatchNorm(tape.Input(x), tape.Input(w), g, affine[0], affine[1], s, o)
			leave()
			if fmt.Sprint(got.Value.Data) != fmt.Sprint(want.Data) {
				t.Errorf("ReLU %t, addend %t: %v, one by one %v", o.ReLU, o.Add != nil, got.Value.Data[:5], want.Data[:5])
			}
			if flop := tape.TakeFlop(); flop != 2*2*5*6*4*27 || saw != "here[2 5 6 3] [3 3 3 4] [2 5 6 4]" {
				t.Errorf("%g operations, seen %s", flop, saw)
			}
		}
	}
	still := NewTape(nil)
	still.Training = false
	for name, f := range map[string]func(){
		"without a tape": func() { ConvBatchNorm(Const(x), Const(w), g, nil, nil, s, BatchNormOptions{}) },
		"on a tape that records": func() {
			ConvBatchNorm(still.Input(x), Const(w), g, nil, nil, s, BatchNormOptions{})
		},
		"while training": func() {
			tape := NewTape(nil)
			tape.NoGrad(func() { ConvBatchNorm(tape.Input(x), Const(w), g, nil, nil, s, BatchNormOptions{}) })
		},
	} {
		if err := Try(f); err == nil || !strings.Contains(err.Error(), "inference only") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestParams: a parameter is one Var until Reset; inside NoGrad and where Want leaves it out it is a constant, whichever came first.
func TestParams(t *testing.T) {
	tape := NewTape(nil)
	w, u := tensor.New(2).Fill(3), tensor.New(2).Fill(5)
	var inside *Var
	tape.NoGrad(func() { inside = tape.Param(w) })
	p := tape.Param(w)
	if inside.id != 0 || p.id == 0 || tape.Param(w) != p {
		t.Errorf("inside NoGrad it has the id %d, outside %d, the same again: %t", inside.id, p.id, tape.Param(w) == p)
	}
	tape.NoGrad(func() {
		if tape.Records() || tape.Param(w) != p || Mul(p, p).id != 0 {
			t.Error("NoGrad records, or has another Var")
		}
	})
	if !tape.Records() || NewInference().Records() || (*Tape)(nil).Records() || (*Tape)(nil).Recomputes() != RecomputeNothing {
		t.Error("who records")
	}
	g := tape.Backward(Sum(Mul(Mul(p, inside), tape.Param(u))))
	if fmt.Sprint(g.Of(w).Data, g.Of(u).Data, len(g.Params()), g.Params()[0] == w) != "[15 15] [9 9] 2 true" {
		t.Errorf("gradients %v and %v of %d", g.Of(w), g.Of(u), len(g.Params()))
	}
	tape.Reset()
	tape.Want([]*tensor.Tensor{u})
	for range 2 { // it survives Reset
		g = tape.Backward(Sum(Mul(tape.Param(w), tape.Param(u))))
		if g.Of(w) != nil || fmt.Sprint(g.Of(u).Data) != "[3 3]" {
			t.Errorf("of u only: %v and %v", g.Of(w), g.Of(u))
		}
		tape.Reset()
	}
	tape.Want(nil)
	if g = tape.Backward(Sum(Mul(tape.Param(w), tape.Param(u)))); g.Of(w) == nil {
		t.Error("nil wants not all")
	}
	tape.Reset()
	q := tape.Param(w)
	d := Mul(q, q).Detach()
	if g = tape.Backward(Sum(Mul(d, q))); fmt.Sprint(g.Of(w).Data) != "[9 9]" {
		t.Errorf("through a detached square: %v", g.Of(w))
	}
	if d.Value == nil || d.Value.Data[0] != 9 || q.Value == nil {
		t.Error("what is detached is kept")
	}
	if c := Const(w).Param(u); c.Tape() != nil || q.Param(u).Tape() != tape {
		t.Error("a Param is on its Var's tape, or a constant without one")
	}
}

// TestOnGradient: a parameter's gradient is told once, when nothing will be added to it any more, in the order in which that is so; of
// those that are not wanted or not used nothing.
func TestOnGradient(t *testing.T) {
	tape := NewTape(nil)
	a, b, c, unused := tensor.New(2).Fill(2), tensor.New(2).Fill(3), tensor.New(2).Fill(5), tensor.New(2)
	for range 2 {
		told := ""
		tape.OnGradient = func(p, d *tensor.Tensor) {
			told += fmt.Sprint(map[*tensor.Tensor]string{a: "a", b: "b", c: "c"}[p], d.Data[0], " ")
		}
		tape.Want([]*tensor.Tensor{a, b, unused})
		tape.Param(unused)
		x := Mul(tape.Param(a), tape.Param(c)) // a, c
		x = Mul(x, tape.Param(b))              // b
		x = Mul(x, tape.Param(a))              // a again: a²·b·c
		g := tape.Backward(Sum(x))
		if told != "b20 a60 " || g.Of(a).Data[0] != 60 || g.Of(b).Data[0] != 20 || len(g.Params()) != 2 {
			t.Errorf("told %s of %v and %v", told, g.Of(a), g.Of(b))
		}
		tape.Reset()
	}
}

// TestGradientSums: gradients join, are owned, scaled and measured, in the order in which they came.
func TestGradientSums(t *testing.T) {
	p, q := tensor.New(2), tensor.New(2)
	d := func(v float32) *tensor.Tensor { return tensor.New(2).Fill(v) }
	g := NewGradients()
	first := d(1)
	g.Join(q, first)
	g.Join(q, d(2))
	g.Join(p, d(4))
	if g.Of(q) != first || first.Data[1] != 3 || g.Params()[0] != q || g.Params()[1] != p || len(g.Params()) != 2 {
		t.Errorf("joined: %v of %d", g.Of(q), len(g.Params()))
	}
	if n := g.Norm(); !(math.Abs(n-math.Sqrt(2*9+2*16)) <= 1e-12) {
		t.Errorf("the norm is %g", n)
	}
	o := NewGradients()
	x := d(1)
	own := o.Own(p, x)
	if own == x || own.Data[0] != 1 || o.Own(p, d(2)) != own || own.Data[0] != 3 || x.Data[0] != 1 {
		t.Errorf("owned: %v, of what was given %v", own, x)
	}
	o.Reset()
	if again := o.Own(p, d(7)); again != own || own.Data[0] != 7 || len(o.Params()) != 1 {
		t.Errorf("after Reset: %v, the same memory: %t", again, again == own)
	}
	if o.Scale(2); own.Data[1] != 14 {
		t.Errorf("scaled: %v", own)
	}
	c := g.Clone()
	if c.Of(q) == g.Of(q) || c.Of(q).Data[0] != 3 || c.Params()[0] != q {
		t.Errorf("cloned: %v", c.Of(q))
	}
}

// TestInfinite: FirstBad finds an infinity as it does a NaN, and passes over values that Backward has taken.
func TestInfinite(t *testing.T) {
	tape := NewTape(nil)
	p := tape.Param(tensor.New(2).Fill(1))
	if _, _, bad := tape.FirstBad(); bad {
		t.Error("nothing is bad")
	}
	Div(Scale(p, 2), Scale(p, 0))
	if op, place, bad := tape.FirstBad(); !bad || op != "Div" || place != "" {
		t.Errorf("first bad value: %s in %q", op, place)
	}
	tape.Reset()
	tape.Backward(Sum(Scale(tape.Param(p.Value), 2)))
	if _, _, bad := tape.FirstBad(); bad {
		t.Error("a value that is gone is bad")
	}
}

// TestGraphDrawing: the drawing has a row for each depth, boxes beside each other in order, lines from the middle of a box's foot to the
// middle of the next one's head; the text form names every edge.
func TestGraphDrawing(t *testing.T) {
	tape := NewTape(nil)
	w := tape.Param(tensor.New(3, 4))
	leave := tape.Enter("fc<1>")
	a := Linear(tape.Input(tensor.New(2, 3)), w, nil)
	leave()
	Scale(w, 2)
	Add(ReLU(a), Tanh(a))
	var dot, svg strings.Builder
	if err := tape.WriteDOT(&dot); err != nil {
		t.Fatal(err)
	}
	if err := tape.WriteSVG(&svg); err != nil {
		t.Fatal(err)
	}
	want := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 462 190" font-family="sans-serif" font-size="11">` + "\n"
	for _, l := range [][4]int{{119, 56, 119, 78}, {119, 56, 343, 78}, {119, 112, 119, 134}, {343, 112, 119, 134}} {
		want += fmt.Sprintf(`<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#888"/>`+"\n", l[0], l[1], l[2], l[3])
	}
	for i, b := range [][2]int{{14, 22}, {238, 22}, {14, 78}, {238, 78}, {14, 134}} {
		name := []string{"Linear [2 4]", "Scale [3 4]", "ReLU [2 4]", "Tanh [2 4]", "Add [2 4]"}[i]
		place := []string{"fc&lt;1&gt;", "", "", "", ""}[i]
		want += fmt.Sprintf(`<rect x="%d" y="%d" width="210" height="34" rx="4" fill="#eef" stroke="#447"/><text x="%d" y="%d">%s</text><text x="%d" y="%d" fill="#666">%s</text>`+"\n",
			b[0], b[1], b[0]+6, b[1]+14, name, b[0]+6, b[1]+28, place)
	}
	if want += "</svg>\n"; svg.String() != want {
		t.Errorf("drawn\n%s, want\n%s", svg.String(), want)
	}
	edges := ""
	for line := range strings.Lines(dot.String()) {
		if from, to, ok := strings.Cut(strings.Trim(line, "\t;\n"), " -> "); ok {
			if strings.HasPrefix(from, "i") {
				from, _, _ = strings.Cut(from, "_")
			}
			edges += from + to + " "
		}
	}
	if edges != "i0n1 p1n1 p1n2 n1n3 n1n4 n3n5 n4n5 " || !strings.Contains(dot.String(), "n1 [label=\"fc<1>\\nLinear [2 4]\"]") || !strings.Contains(dot.String(), "n5 [label=\"Add [2 4]\"]") {
		t.Errorf("the edges are %s of\n%s", edges, dot.String())
	}
}

// TestDropout: while training, values are zeroed with the probability and the others scaled up, the gradient by the same mask; each call has
// a stream of its own, the same after Reset; otherwise the Var itself comes back.
func TestDropout(t *testing.T) {
	x := tensor.New(20000).Fill(3)
	tape := NewTape(tensor.NewRNG(4))
	in := tape.Param(x)
	y := Dropout(in, 0.25).Keep()
	z := Dropout(in, 0.25).Keep()
	zeros, both := 0, 0
	for i, v := range y.Value.Data {
		if v == 0 {
			zeros++
			if z.Value.Data[i] == 0 {
				both++
			}
		} else if v != 4 {
			t.Fatalf("3 becomes %g, want 0 or 4", v)
		}
	}
	if !(math.Abs(float64(zeros)/20000-0.25) <= 0.012) || !(math.Abs(float64(both)/20000-0.0625) <= 0.007) {
		t.Errorf("%d of 20000 are zero, %d twice", zeros, both)
	}
	first := y.Value.Clone()
	g := tape.Backward(Sum(y)).Of(x)
	for i, v := range first.Data {
		if g.Data[i] != v/3 {
			t.Fatalf("the gradient is %g where 3 became %g", g.Data[i], v)
		}
	}
	tape.Reset()
	if again := Dropout(tape.Input(x), 0.25); fmt.Sprint(again.Value.Data) != fmt.Sprint(first.Data) {
		t.Error("another mask after Reset")
	}
	in = tape.Input(x)
	if Dropout(in, 0) != in {
		t.Error("with probability 0 it is another")
	}
	if tape.Training = false; Dropout(in, 0.5) != in {
		t.Error("without training it is another")
	}
	if c := Const(x); Dropout(c, 0.5) != c {
		t.Error("without a tape it is another")
	}
}

// TestStreams: the n-th random operation of a step has the n-th stream of the tape's generator, of seed 0 where none is given.
func TestStreams(t *testing.T) {
	for seed, tape := range map[uint64]*Tape{0: NewTape(nil), 4: NewTape(tensor.NewRNG(4))} {
		for range 2 {
			for n := uint64(1); n < 4; n++ {
				if got, want := tape.RNG().Float32(), tensor.NewRNG(seed).Derive(n).Float32(); got != want {
					t.Errorf("seed %d, stream %d begins with %g, want %g", seed, n, got, want)
				}
			}
			tape.Reset()
		}
		tape.RNG()
		if tape.SetRNG(tensor.NewRNG(9)); tape.RNG().Float32() != tensor.NewRNG(9).Derive(1).Float32() {
			t.Error("SetRNG does not begin with the first stream")
		}
	}
}

// TestMeans: sums and means by hand, over each axis and over all; of nothing they are 0.
func TestMeans(t *testing.T) {
	x := of(2, 3)
	copy(x.Value.Data, []float32{1, 2, 6, 10, 20, 60})
	for _, c := range []struct {
		y    *Var
		want string
	}{{MeanAxis(x, 1), "[3 30]"}, {MeanAxis(x, 0), "[5.5 11 33]"}, {SumAxis(x, 1), "[9 90]"}, {SumAxis(x, 0), "[11 22 66]"}, {Mean(x), "[16.5]"}, {Sum(x), "[99]"},
		{Mean(of(0, 3)), "[0]"}, {Sum(Const(&tensor.Tensor{Shape: []int{0}})), "[0]"}, {GlobalAvgPool(Reshape(x, 1, 2, 3, 1)), "[16.5]"}} {
		if got := fmt.Sprint(c.y.Value.Data); got != c.want {
			t.Errorf("%v, want %s", got, c.want)
		}
	}
}

// TestBackwardGivesBack: a pass leaves in use the result and the gradients of parameters only, and takes no notice of what was computed
// behind its result; rows are normalised in a row's memory.
func TestBackwardGivesBack(t *testing.T) {
	tape := NewTape(nil)
	p := tape.Param(tensor.New(1024).Fill(1))
	y := Sum(Scale(Scale(p, 2), 3))
	behind := Scale(y, 2)
	g := tape.Backward(y)
	if got := g.Of(p.Value).Data[5]; got != 6 || tape.mem.inUse != 1024+16 {
		t.Errorf("the gradient is %g, %d floats are in use", got, tape.mem.inUse)
	}
	if behind.Value != nil {
		t.Error("a value behind the result is kept")
	}
	tape.Reset()
	L2Normalize(tape.Input(tensor.New(64, 64).Fill(1)))
	if tape.mem.inUse != 64*64+64 {
		t.Errorf("64 rows of 64 take %d floats", tape.mem.inUse)
	}
}
