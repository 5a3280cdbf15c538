package words

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/internal/fuzzing"
	"github.com/tessera-go/tessera/internal/parallel"
)

// TestAnalogies: counts are gensim's, section by section, for each choice.
func TestAnalogies(t *testing.T) {
	r := readReference(t)
	s := NewSpace(load(t, "testdata/gensim.bin"))
	questions, err := LoadQuestions("testdata/questions.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]AnalogyOptions{"default": {}, "case": {MatchCase: true}, "restrict": {Restrict: 30}, "unknown": {CountUnknown: true}} {
		got := s.Analogies(questions, o)
		want := r.Analogies[name]
		for i, g := range append(slices.Clone(got.Sections), got.Total) {
			if w := want[i]; g.Name != w.Name && g.Name != "total" || g.Correct != w.Correct || g.Asked != w.Asked {
				t.Errorf("%s: %+v, gensim has %+v", name, g, w)
			}
			if i < len(questions) && g.Asked+g.Skipped != len(questions[i].Questions) {
				t.Errorf("%s: %+v, there are %d questions", name, g, len(questions[i].Questions))
			}
		}
		if a, b := got.Semantic, got.Syntactic; a.Correct != want[0].Correct+want[1].Correct || b.Asked != want[2].Asked+want[3].Asked || a.Skipped+b.Skipped != got.Total.Skipped {
			t.Errorf("%s: %+v %+v of %+v", name, a, b, got.Total)
		}
	}
	if got := s.Analogies(questions, AnalogyOptions{Restrict: -1}); got.Words != len(s.Words) || got.Total.Correct != r.Analogies["default"][4].Correct {
		t.Errorf("without a limit: %+v", got)
	}
}

// TestAnalogiesPlain: on many questions and words the answers are those of the obvious loop, whatever the number of workers; in the C tool's way
// an answer in other capitals counts as one.
func TestAnalogiesPlain(t *testing.T) {
	defer parallel.SetWorkers(parallel.Workers())
	rng := rand.New(rand.NewPCG(5, 6))
	const n, dim = 2500, 7
	words, data := make([]string, n), make([]float32, n*dim)
	for i := range words {
		words[i] = fmt.Sprintf("w%d", i)
		if i%10 == 9 {
			words[i] = fmt.Sprintf("W%d", i-1) // the one before, in capitals
		}
	}
	for i := range data {
		data[i] = float32(rng.NormFloat64())
	}
	for i := 9; i < n; i += 10 {
		copy(data[i*dim:], data[(i-1)*dim:i*dim])
		data[i*dim] += 0.1
	}
	s := NewSpace(NewVectors(words, dim, data))
	sections := []Section{{Name: "x"}, {Name: "gram"}}
	want := [2][2]int{} // by rule and section
	for i := range 1200 {
		a, b, c := rng.IntN(n), rng.IntN(n), rng.IntN(n)
		if a%10 == 9 || b%10 == 9 || c%10 == 9 {
			continue
		}
		var best [2]int // without other capitals of the question's words, and with
		for rule := range best {
			top := math.Inf(-1)
			for w := range n {
				base := w
				if w%10 == 9 && rule == 0 {
					base--
				}
				if base == a || base == b || base == c || w == a || w == b || w == c {
					continue
				}
				sum := 0.0
				for j := range dim {
					at := func(k int) float64 { return float64(s.Vector(k)[j]) * float64(s.scale[k]) }
					sum += (at(b) - at(a) + at(c)) * at(w)
				}
				if sum > top {
					top, best[rule] = sum, w
				}
			}
		}
		d := best[i%2]
		q := Question{strings.ToUpper(words[a]), words[b], words[c], strings.ToLower(words[d])}
		sections[i%2].Questions = append(sections[i%2].Questions, q)
		for rule, w := range best {
			if strings.EqualFold(words[w], q.D) {
				want[rule][i%2]++
			}
		}
	}
	for rule, cTool := range []bool{false, true} {
		for _, workers := range []int{1, 2, 3} {
			parallel.SetWorkers(workers)
			got := s.Analogies(sections, AnalogyOptions{CTool: cTool})
			if got.Sections[0].Correct != want[rule][0] || got.Sections[1].Correct != want[rule][1] || got.Total.Asked != len(sections[0].Questions)+len(sections[1].Questions) {
				t.Errorf("C tool %v, %d workers: %+v, want %v", cTool, workers, got, want[rule])
			}
		}
	}
	if want[0] == want[1] {
		t.Error("the rules cannot be told apart")
	}
	if a := (AnalogyScore{}).Accuracy(); a != 0 {
		t.Error(a)
	}
	if a := (AnalogyScore{Correct: 1, Asked: 4}).Accuracy(); a != 0.25 {
		t.Error(a)
	}
}

func TestReadQuestions(t *testing.T) {
	got, err := ReadQuestions(strings.NewReader("\ufeff// made by hand\r\n: capital  common \r\na b  c\td\n\n:gram1\n: gram2\n:-) b // d\n"))
	if want := "[{capital common [{a b c d}]} {gram1 []} {gram2 [{:-) b // d}]}]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v, %v, want %s", got, err, want)
	}
	for text, want := range map[string]string{"": "there are no questions", ": a\n: b\n": "there are no questions", "a b c d\n": "line 1: a question before the first section", ": x\na b c\n": "line 2: \"a b c\" has 3 words",
		": x\n\na b c d e": "line 3", ": \n": "line 1: a section without a name", ": x\na b c \xff": "line 2 is no text", "\x89PNG\x00": "line 1 is no text", "word,word\n": "wanted are four",
		": x\n" + strings.Repeat("x", maxLine+1): "line 2 is longer"} {
		if s, err := ReadQuestions(strings.NewReader(text)); !fuzzing.OneLine(t, err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, %v, want %q", text, s, err, want)
		}
	}
	if _, err := LoadQuestions("testdata/pairs.tsv"); err == nil || !strings.Contains(err.Error(), "pairs.tsv: line 1") {
		t.Error(err)
	}
	if _, err := LoadQuestions("testdata/none"); err == nil {
		t.Error("no file is read")
	}
}

// FuzzQuestions: questions have four words and stand in a section, whatever the file.
func FuzzQuestions(f *testing.F) {
	s := NewSpace(load(f, "testdata/gensim.bin"))
	seeds := append(seedFiles(f, "questions.txt", "pairs.tsv"), []byte("//x\n: a\nking King he SHE\n:b\n"))
	fuzzing.Run(f, seeds, func(t testing.TB, b []byte) {
		var sections []Section
		var err error
		fuzzing.Memory(t, 2<<20+256*len(b), func() { sections, err = ReadQuestions(bytes.NewReader(b)) })
		if fuzzing.OneLine(t, err) {
			return
		}
		n := 0
		for _, s := range sections {
			if n += len(s.Questions); s.Name == "" {
				t.Fatal("a section has no name")
			}
			for _, q := range s.Questions {
				for _, w := range []string{q.A, q.B, q.C, q.D} {
					if w == "" || strings.ContainsAny(w, " \n") {
						t.Fatalf("%q", q)
					}
				}
			}
		}
		if r := s.Analogies(sections, AnalogyOptions{CTool: len(b)%2 == 0}); r.Total.Asked+r.Total.Skipped != n || r.Total.Correct > r.Total.Asked {
			t.Fatalf("%+v of %d questions", r, n)
		}
	})
}

// BenchmarkAnalogies: as many questions as questions-words.txt has.
func BenchmarkAnalogies(b *testing.B) {
	const n, dim, asked = 30000, 100, 19544
	rng := rand.New(rand.NewPCG(7, 8))
	words, data := make([]string, n), make([]float32, n*dim)
	for i := range words {
		words[i] = fmt.Sprint("w", i)
	}
	for i := range data {
		data[i] = rng.Float32() - 0.5
	}
	s := NewSpace(NewVectors(words, dim, data))
	section := Section{Name: "x"}
	for range asked {
		section.Questions = append(section.Questions, Question{words[rng.IntN(n)], words[rng.IntN(n)], words[rng.IntN(n)], words[rng.IntN(n)]})
	}
	for b.Loop() {
		s.Analogies([]Section{section}, AnalogyOptions{})
	}
	b.ReportMetric(float64(asked)*float64(b.N)/b.Elapsed().Seconds(), "questions/s")
}
