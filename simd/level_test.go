package simd

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestEnvironment: a program begins with the best level of the machine, or that which SIMD names; a name that it does not know and a
// level that the machine cannot run are told, and the best one is used.
func TestEnvironment(t *testing.T) {
	if os.Getenv("TESSERA_LEVEL") != "" { // the program that is asked
		fmt.Printf("level=%v\n", Active())
		return
	}
	best := Levels()[0]
	lacking := ""
	for _, l := range []Level{NEON, AVX2, AVX512} {
		if _, err := Use(l); err != nil {
			lacking = l.String()
		}
	}
	restore, err := Use(best)
	if err != nil {
		t.Fatal(err)
	}
	defer restore()
	for _, c := range []struct {
		simd string
		want Level
		says string
	}{{"", best, ""}, {"go", Go, ""}, {"GO", Go, ""}, {best.String(), best, ""}, {"sse9", best, "SIMD=sse9:"}, {lacking, best, "SIMD=" + lacking + ": simd: this machine cannot run"}} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestEnvironment$", "-test.v")
		cmd.Env = append(os.Environ(), "TESSERA_LEVEL=1", "SIMD="+c.simd)
		var told strings.Builder
		cmd.Stderr = &told
		out, err := cmd.Output()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			t.Skipf("this system cannot start the test a second time: %v", err) // an emulator, a browser
		}
		if err != nil || !strings.Contains(string(out), fmt.Sprintf("level=%v\n", c.want)) {
			t.Errorf("SIMD=%s: %v\n%s, want %v", c.simd, err, out, c.want)
		}
		if !strings.Contains(told.String(), c.says) || (told.String() == "") != (c.says == "") || c.says != "" && !strings.HasSuffix(told.String(), fmt.Sprintf("; using %v\n", best)) {
			t.Errorf("SIMD=%s says %q, want %q", c.simd, told.String(), c.says)
		}
	}
}

// TestUse: a level that the machine has is used until it is put back; one that it lacks changes nothing.
func TestUse(t *testing.T) {
	before := Active()
	has := map[Level]bool{}
	for i, l := range Levels() {
		has[l] = true
		restore, err := Use(l)
		if err != nil || Active() != l {
			t.Errorf("%v is not used: %v", l, err)
		}
		if restore(); Active() != before {
			t.Errorf("after %v: %v", l, Active())
		}
		if (l == Go) != (i == len(Levels())-1) {
			t.Errorf("the %d. level is %v; Go is the last", i+1, l)
		}
	}
	for l := Go; l <= AVX512; l++ {
		if has[l] {
			continue
		}
		restore, err := Use(l)
		if err == nil || !strings.Contains(err.Error(), l.String()) || Active() != before {
			t.Errorf("%v, which is not there: %v, now %v", l, err, Active())
		}
		restore()
	}
}

// TestMaximumValues: the larger one at every level, of special values too, NaN where one of them is; of two zeros either.
func TestMaximumValues(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 7))
	atEach(t, func(l Level) {
		for n := range 100 {
			x, y, d := make([]float32, n), make([]float32, n), make([]float32, n)
			fill(x, r, true)
			fill(y, r, true)
			Maximum(d, x, y)
			for i, v := range d {
				if m := max(x[i], y[i]); m == m && v != m || m != m && v == v {
					t.Fatalf("%v: the larger of %g and %g is %g", l, x[i], y[i], v)
				}
			}
		}
	})
}

// TestBranches: where the functions' formulas change, all levels take the same side.
func TestBranches(t *testing.T) {
	var x []float32
	for _, v := range []float64{math.Sqrt2 / 2, math.Sqrt2, 0x1p-126, 0.625, 15, 104, 89, 0} {
		for d := -2; d <= 2; d++ {
			w := math.Float32frombits(uint32(int(math.Float32bits(float32(v))) + d))
			x = append(x, w, -w)
		}
	}
	for name, f := range map[string]func(dst, x []float32){"Exp": Exp, "Log": Log, "Sigmoid": Sigmoid, "Tanh": Tanh, "Gauss": Gauss, "NormCDF": NormCDF} {
		var want []float32
		atEach(t, func(l Level) {
			got := make([]float32, len(x))
			if f(got, x); want == nil {
				want = got
			}
			for i := range x {
				if !same(got[i], want[i]) {
					t.Errorf("%v: %s(%g) is %g, the Go loop's %g", l, name, x[i], got[i], want[i])
				}
			}
		})
	}
}
