package words

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
	"github.com/tessera-go/tessera/internal/parallel"
)

// TestQuery: words and their sums have the neighbours that gensim's most_similar finds.
func TestQuery(t *testing.T) {
	r := readReference(t)
	s := NewSpace(load(t, "testdata/gensim.bin"))
	for expression, want := range r.Near {
		for _, e := range []string{expression, strings.ReplaceAll(expression, "- ", "\u2212 "), strings.Replace(expression, "- ", "-", 1)} {
			q, err := s.Query(e)
			if err != nil {
				t.Errorf("%q: %v", e, err)
				continue
			}
			got := s.Nearest(q.Vector, len(want), q.Words...)
			for i, n := range got {
				if n.Word != want[i][0] || s.Words[n.Index] != n.Word || math.Abs(float64(n.Cosine)-want[i][1].(float64)) > 1e-6 {
					t.Errorf("%q: place %d is %v, gensim has %v", e, i+1, n, want[i])
				}
			}
		}
	}
	for e, want := range map[string]string{"": "no words", "king - king": "cancel out", "king - + boy": "two signs", "king + kign": `"kign" has no vector; did you mean KING, king, King or -ing?`,
		"zzzzzzz": "no word that is spelled like it", "oslo": "did you mean Oslo?"} {
		_, err := s.Query(e)
		if !fuzzing.OneLine(t, err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", e, err, want)
		}
		var u *UnknownWordError
		if strings.Contains(want, "vector") != errors.As(err, &u) && strings.Contains(want, "vector") {
			t.Errorf("%q: %T", e, err)
		}
	}
	signs := NewSpace(NewVectors([]string{"+", "-", "a"}, 2, []float32{1, 0, 0, 1, 1, 1}))
	for e, want := range map[string]string{"+": "[1 0] [0]", "-": "[0 1] [1]", "- a": "[-0.7071 -0.7071] [2]", "- +": "[-1 0] [0]", "a + +": "[0.9239 0.3827] [2 0]"} {
		if q, err := signs.Query(e); err != nil || fmt.Sprintf("%.4g %v", q.Vector, q.Words) != want {
			t.Errorf("%q: %v, %v, want %s", e, q, err, want)
		}
	}
}

// TestNearest: the list is what sorting all cosines gives, equal ones as the words stand, whatever the number of workers.
func TestNearest(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	rng := rand.New(rand.NewPCG(1, 2))
	const n, dim = 3*nearBlock + 17, 5
	words, data := make([]string, n), make([]float32, n*dim)
	for i := range words {
		words[i] = fmt.Sprint("w", i)
	}
	for i := range data {
		data[i] = float32(rng.IntN(5) - 2) // many equal vectors, and some of zeros
	}
	s := NewSpace(NewVectors(words, dim, data))
	query := []float32{1, -2, 0.5, 3, 1}
	all := make([]Near, n)
	for i := range all {
		var dot, xx, qq float64
		for j, q := range query {
			x := float64(s.Vector(i)[j])
			dot, xx, qq = dot+x*float64(q), xx+x*x, qq+float64(q*q)
		}
		if xx > 0 {
			dot /= math.Sqrt(xx * qq)
		}
		all[i] = Near{words[i], i, float32(math.Round(dot*1e5) / 1e5)}
	}
	slices.SortFunc(all, nearer)
	out := []int{all[0].Index, all[3].Index}
	all = slices.DeleteFunc(all, func(x Near) bool { return slices.Contains(out, x.Index) })
	for _, k := range []int{1, 10, 100, 20000} {
		var first []Near
		for _, workers := range []int{1, 2, 3} {
			parallel.SetWorkers(workers)
			got := s.Nearest(query, k, out...)
			if first == nil {
				first = slices.Clone(got)
			}
			if len(got) != min(k, len(all)) || !slices.Equal(got, first) {
				t.Fatalf("%d neighbours with %d workers, want %d, the same ones", len(got), workers, k)
			}
			for i, g := range got {
				if math.Abs(float64(g.Cosine-all[i].Cosine)) > 2e-5 || i > 0 && nearer(got[i-1], g) >= 0 || g.Word != words[g.Index] {
					t.Fatalf("place %d of %d is %v, want %v", i, k, g, all[i])
				}
			}
		}
	}
	if got := s.Nearest(query, 0); got != nil {
		t.Error(got)
	}
	zero := slices.IndexFunc(words, func(w string) bool { i, _ := s.Index(w); return slices.Equal(s.Vector(i), make([]float32, dim)) })
	if c := s.Cosine(zero, 1); c != 0 {
		t.Errorf("the cosine of nothing is %g", c)
	}
}

// changes is the distance by its definition, for short words.
func changes(a, b []rune) int {
	switch {
	case len(a) == 0 || len(b) == 0:
		return len(a) + len(b)
	case a[0] == b[0]:
		return changes(a[1:], b[1:])
	}
	n := min(changes(a[1:], b), changes(a, b[1:]), changes(a[1:], b[1:]))
	if len(a) > 1 && len(b) > 1 && a[0] == b[1] && a[1] == b[0] {
		n = min(n, changes(a[2:], b[2:]))
	}
	return n + 1
}

// TestDistance: the table gives what the definition does.
func TestDistance(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	word := func() []rune {
		b := make([]rune, rng.IntN(7))
		for i := range b {
			b[i] = rune('a' + rng.IntN(3))
		}
		return b
	}
	d := distance{}
	for range 20000 {
		a, b := word(), word()
		d.a = a
		got, want := d.to(b, 2), changes(a, b)
		if got != want && (got <= 2 || want <= 2) {
			t.Fatalf("%q to %q: %d, want %d", string(a), string(b), got, want)
		}
	}
}

func TestLike(t *testing.T) {
	words := []string{"the", "king", "King", "kings", "ring", "KING", "kin", "gink", "été", "Ete", strings.Repeat("x", 100), "kigns"}
	v := NewVectors(words, 1, make([]float32, len(words)))
	for w, want := range map[string]string{"kIng": "king King KING kings ring", "teh": "the", "ETÉ": "été Ete", "kinngs": "kings king King KING kigns", "qq": "", "": "", strings.Repeat("x", 99): ""} {
		if got := strings.Join(v.Like(w, 5), " "); got != want {
			t.Errorf("%q is like %q, want %q", w, got, want)
		}
	}
	if got := v.Like("kimg", 1); len(got) != 1 || got[0] != "king" {
		t.Error(got)
	}
}

// nearer orders by cosine, the largest first, equal ones as the words stand.
func nearer(a, b Near) int {
	return cmp.Or(cmp.Compare(b.Cosine, a.Cosine), cmp.Compare(a.Index, b.Index))
}

func BenchmarkNearest(b *testing.B) {
	const n, dim = 100000, 100
	data := make([]float32, n*dim)
	words := make([]string, n)
	for i := range data {
		data[i] = float32(i%1013) - 500
	}
	for i := range words {
		words[i] = fmt.Sprint("word", i)
	}
	s := NewSpace(NewVectors(words, dim, data))
	b.Run("cosines/100000x100", func(b *testing.B) {
		b.SetBytes(4 * n * dim)
		for b.Loop() {
			s.Nearest(data[:dim], 10)
		}
	})
	b.Run("spelling/100000", func(b *testing.B) {
		for b.Loop() {
			s.Like("wird5173", 5)
		}
	})
}
