package eval

import (
	"fmt"
	"math"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/internal/stream"
	"github.com/tessera-go/tessera/tensor"
)

// holdOut parts samples of the numbers in of in those that are learned from and a part that is held out. Samples that depend on each other, such as frames of one film,
// stay together; others are drawn from each class by itself, but for a class of one sample, which is learned from.
func holdOut(d *data.Dataset, of []int, part float64, seed uint64, say func(string)) (learn, held []int, err error) {
	if say == nil {
		say = func(string) {}
	}
	names := d.Truth.Classes()
	order := make([]int, len(of))
	for k, i := range tensor.NewRNG(seed).Derive(stream.HoldOut).Perm(len(of)) {
		order[k] = of[i]
	}
	held, learn, by := d.Apart(order, max(1, int(math.Round(part*float64(len(of))))))
	if by == "" && len(names) > 0 {
		var alone []string
		held, learn, alone = ofEachClass(d.Truth, order, part)
		if len(alone) > 0 {
			say(fmt.Sprintf("%d of %d classes have one training sample, which is learned from, none held out: %s", len(alone), len(names), spec.Few(alone, 4)))
		}
	}
	if len(held) == 0 || len(learn) < 2 {
		what := fmt.Sprintf("%d samples", len(of))
		if by != "" {
			what += " by " + by
		}
		return nil, nil, fmt.Errorf("hold=%g of %s leaves %d held out and %d to learn from, want at least 1 and 2; hold=0 holds none out", part, what, len(held), len(learn))
	}
	count := func(index []int) map[int]int {
		n := map[int]int{}
		for _, i := range index {
			n[d.Truth.Label(i)]++
		}
		return n
	}
	in, out := count(learn), count(held)
	var lost, missing []string
	for l, name := range names {
		switch {
		case out[l] > 0 && in[l] == 0:
			lost = append(lost, name)
		case out[l] == 0 && in[l] > 1:
			missing = append(missing, name)
		}
	}
	if len(lost) > 0 {
		return nil, nil, fmt.Errorf("hold=%g: with whole classes of %s held out, nothing is left to learn %d of %d classes from (%s); hold=0 holds none out", part, by, len(lost),
			len(names), spec.Few(lost, 4))
	}
	if len(missing) > 0 {
		say(fmt.Sprintf("%d of %d classes have no samples among the %d that are held out: %s", len(missing), len(names), len(held), spec.Few(missing, 4)))
	}
	return learn, held, nil
}

// ofEachClass holds out a part of each class, at least one sample, and names the classes that have one alone.
func ofEachClass(truth data.Truth, order []int, part float64) (held, learn []int, alone []string) {
	count, want := map[int]int{}, map[int]int{}
	for _, i := range order {
		count[truth.Label(i)]++
	}
	for l, n := range count {
		if n > 1 {
			want[l] = min(n-1, max(1, int(math.Round(part*float64(n)))))
		}
	}
	for l, name := range truth.Classes() {
		if count[l] == 1 {
			alone = append(alone, name)
		}
	}
	for _, i := range order {
		if l := truth.Label(i); want[l] > 0 {
			want[l]--
			held = append(held, i)
		} else {
			learn = append(learn, i)
		}
	}
	return held, learn, alone
}
