package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tessera-go/tessera/tensor"
)

// limit is from which ratio on a case is a fault: as close as PyTorch's float32 to float64, but for luck with a few roundings.
const limit = 4

// score is how an operation did.
type score struct {
	cases  int
	worst  [2]float64 // ratio, of results and of gradients
	differ int        // beyond the limit
}

// report is how all did.
type report struct {
	set     *set
	by      map[string]*score // by PyTorch's name
	ours    map[string]string // the operations that each of PyTorch's names became
	faults  []string
	compare int // numbers compared
}

// run computes all cases.
func (s *set) run() *report {
	r := &report{set: s, by: map[string]*score{}, ours: map[string]string{}}
	for i := range s.Cases {
		c := &s.Cases[i]
		b := r.by[c.Source]
		if b == nil {
			b = &score{}
			r.by[c.Source] = b
		}
		if op := strings.TrimPrefix(c.Op, "optimiser "); !slices.Contains(strings.Split(r.ours[c.Source], ", "), op) {
			r.ours[c.Source] = strings.TrimPrefix(r.ours[c.Source]+", "+op, ", ")
		}
		b.cases++
		got, err := s.compute(c)
		if err != nil {
			b.differ++
			r.faults = append(r.faults, fmt.Sprintf("case %d, %s as %s of %v: %v", i, c.Source, c.Op, shapes(c), err))
			continue
		}
		bad := ""
		for k, want := range c.Results {
			ratio, what := s.ratio(got[k], want)
			b.worst[min(k, 1)] = max(b.worst[min(k, 1)], ratio)
			r.compare += got[k].Len()
			if !(ratio <= limit) && bad == "" {
				bad = fmt.Sprintf("case %d, %s as %s of %v %v %v, %s: %s", i, c.Source, c.Op, shapes(c), c.Ints, short(c.Floats), name(k), what)
			}
		}
		if bad != "" {
			b.differ++
			r.faults = append(r.faults, bad)
		}
	}
	return r
}

func name(k int) string {
	if k == 0 {
		return "result"
	}
	return fmt.Sprintf("gradient %d", k)
}

func shapes(c *sample) (out [][]int) {
	for _, a := range c.Inputs {
		out = append(out, a.Shape)
	}
	return out
}

// short leaves out tables.
func short(f map[string][]float64) map[string]float64 {
	out := map[string]float64{}
	for k, v := range f {
		if len(v) == 1 {
			out[k] = v[0]
		}
	}
	return out
}

// ratio returns our largest error over PyTorch's, which counts as at least half a unit in the last place of the largest number, and
// says where it is.
func (s *set) ratio(got *tensor.Tensor, want result) (float64, string) {
	if !tensor.SameShape(got.Shape, want.Shape) {
		return math.Inf(1), fmt.Sprintf("shape %v, PyTorch's is %v", got.Shape, want.Shape)
	}
	ref := s.of(want.array)
	largest, worst, at := 0.0, 0.0, 0
	for i, w := range ref {
		g := float64(got.Data[i])
		switch {
		case math.IsNaN(w) && math.IsNaN(g), w == g:
			if !math.IsInf(w, 0) && w == w {
				largest = max(largest, math.Abs(w))
			}
		case math.IsNaN(w), math.IsInf(w, 0), math.IsNaN(g), math.IsInf(g, 0):
			return math.Inf(1), fmt.Sprintf("%g at %d, PyTorch %g", g, i, w)
		default:
			largest = max(largest, math.Abs(w))
			if d := math.Abs(g - w); d > worst {
				worst, at = d, i
			}
		}
	}
	if worst == 0 {
		return 0, ""
	}
	theirs := max(want.Error, 0x1p-25*largest, 0x1p-150)
	return worst / theirs, fmt.Sprintf("%g at %d, float64 %g: off by %.3g, PyTorch's float32 by %.3g", got.Data[at], at, ref[at], worst, want.Error)
}

// table writes the report as the page's tables.
func (r *report) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d cases, %d numbers, PyTorch %s.\n\n", len(r.set.Cases), r.compare, r.set.Torch)
	b.WriteString("| PyTorch | ours | cases | worst ratio of the result | of the gradients | beyond 4 | left out |\n|---|---|---:|---:|---:|---:|---:|\n")
	left := map[string]int{}
	for source, reasons := range r.set.Left {
		for _, n := range reasons {
			left[source] += n
		}
		if r.by[source] == nil {
			r.by[source] = &score{}
		}
	}
	for _, source := range slices.Sorted(maps.Keys(r.by)) {
		s := r.by[source]
		fmt.Fprintf(&b, "| %s | %s | %d | %.2f | %.2f | %d | %d |\n", source, r.ours[source], s.cases, s.worst[0], s.worst[1], s.differ, left[source])
	}
	b.WriteString("\nLeft out, as no operation of ours says it:\n\n")
	for _, source := range slices.Sorted(maps.Keys(r.set.Left)) {
		var parts []string
		for _, reason := range slices.Sorted(maps.Keys(r.set.Left[source])) {
			parts = append(parts, fmt.Sprintf("%s (%d)", reason, r.set.Left[source][reason]))
		}
		fmt.Fprintf(&b, "- %s: %s\n", source, strings.Join(parts, ", "))
	}
	if len(r.faults) > 0 {
		fmt.Fprintf(&b, "\nBeyond %d:\n\n", limit)
		for _, f := range r.faults {
			fmt.Fprintf(&b, "- %s\n", f)
		}
	}
	return b.String()
}
