package words

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/tensor"
)

// Question asks for D: A is to B as C is to D.
type Question struct{ A, B, C, D string }

// Section are questions of one kind.
type Section struct {
	Name      string
	Questions []Question
}

// Syntactic tells whether a section asks for forms of words, not for what they mean: its name begins with "gram", as in Mikolov's file.
func (s Section) Syntactic() bool { return strings.HasPrefix(s.Name, "gram") }

// LoadQuestions reads a file of questions; see ReadQuestions.
func LoadQuestions(path string) ([]Section, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s, err := ReadQuestions(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// ReadQuestions reads questions in the form of Mikolov's questions-words.txt: four words a line, after a line that begins with a colon and names their
// section. Empty lines, and lines that begin with // before the first section, are left out.
func ReadQuestions(r io.Reader) ([]Section, error) {
	var sections []Section
	err := eachLine(r, func(line string) error {
		f := strings.Fields(line)
		switch {
		case len(f) == 0, sections == nil && strings.HasPrefix(f[0], "//"):
		case f[0] == ":" || len(f) == 1 && f[0][0] == ':':
			name := strings.Join(strings.Fields(strings.TrimLeft(line, ": \t")), " ")
			if name == "" {
				return errors.New("a section without a name; wanted is a line such as : capitals")
			}
			sections = append(sections, Section{Name: name})
		case len(f) != 4:
			return fmt.Errorf("%.60q has %d words; wanted are four (A is to B as C is to D), or a section such as : capitals", line, len(f))
		case sections == nil:
			return errors.New("a question before the first section; wanted is a line such as : capitals before it")
		default:
			s := &sections[len(sections)-1]
			s.Questions = append(s.Questions, Question{f[0], f[1], f[2], f[3]})
		}
		return nil
	})
	if err == nil && !slices.ContainsFunc(sections, func(s Section) bool { return len(s.Questions) > 0 }) {
		err = errors.New("there are no questions in it; wanted are lines of four words, below lines such as : capitals")
	}
	return sections, err
}

// eachLine calls f with the lines of UTF-8 text; errors say the line.
func eachLine(r io.Reader, f func(line string) error) error {
	n := 0
	for l := newLines(r); ; {
		list, err := l.next(1 << 10)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errLine):
			return fmt.Errorf("line %d is longer than %d bytes", n+1, maxLine)
		case err != nil:
			return err
		}
		for _, b := range list {
			if n++; n == 1 {
				b = bytes.TrimPrefix(b, []byte("\ufeff"))
			}
			if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
				return fmt.Errorf("line %d is no text in UTF-8", n)
			}
			if err := f(string(b)); err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
		}
	}
}

// DefaultRestrict is how many words gensim restricts its measures to, the C tool's usual number is 30000.
const DefaultRestrict = 300000

// AnalogyOptions choose who may answer. The usual choice is that of gensim's evaluate_word_analogies.
type AnalogyOptions struct {
	Restrict     int  // the first words alone ask and answer; 0 means DefaultRestrict, a negative number all
	MatchCase    bool // words that differ in capitals are different words; otherwise the first of them counts for all
	CountUnknown bool // a question with an unknown word counts as answered wrongly; otherwise it is skipped
	CTool        bool // as compute-accuracy of the C tool: a word may be answered in other capitals, and no answer has a cosine below 0
}

// AnalogyScore is how many questions of a section were answered.
type AnalogyScore struct {
	Name    string
	Correct int
	Asked   int
	Skipped int // had a word that is not there
}

// Accuracy returns the share of the questions asked that were answered, 0 where none was.
func (s AnalogyScore) Accuracy() float64 {
	if s.Asked == 0 {
		return 0
	}
	return float64(s.Correct) / float64(s.Asked)
}

func (s *AnalogyScore) add(o AnalogyScore) {
	s.Correct, s.Asked, s.Skipped = s.Correct+o.Correct, s.Asked+o.Asked, s.Skipped+o.Skipped
}

// AnalogyScores are a file's.
type AnalogyScores struct {
	Sections                   []AnalogyScore
	Semantic, Syntactic, Total AnalogyScore
	Words                      int // that could ask and answer
}

// Analogies asks questions: the answer is the word whose vector is nearest to b - a + c, each of length 1, that is none of the three (3CosAdd; Mikolov
// et al. 2013, Levy and Goldberg 2014). It counts what gensim's evaluate_word_analogies counts, on vectors and questions of one kind alike.
func (s *Space) Analogies(sections []Section, o AnalogyOptions) *AnalogyScores {
	names := s.naming(o.Restrict, o.MatchCase)
	out := &AnalogyScores{Words: len(names.same), Semantic: AnalogyScore{Name: "semantic"}, Syntactic: AnalogyScore{Name: "syntactic"}, Total: AnalogyScore{Name: "total"}}
	var asked []asking
	for i, section := range sections {
		score := AnalogyScore{Name: section.Name}
		for _, q := range section.Questions {
			a, ok := names.find(q.A, q.B, q.C, q.D)
			switch {
			case ok:
				asked = append(asked, asking{section: i, words: [4]int32(a)})
				score.Asked++
			case o.CountUnknown:
				score.Asked++
			default:
				score.Skipped++
			}
		}
		out.Sections = append(out.Sections, score)
	}
	s.answer(asked, len(names.same))
	for i := range asked {
		if q := &asked[i]; q.correct(names.same, o.CTool) {
			out.Sections[q.section].Correct++
		}
	}
	for i, section := range sections {
		kind := &out.Semantic
		if section.Syntactic() {
			kind = &out.Syntactic
		}
		kind.add(out.Sections[i])
		out.Total.add(out.Sections[i])
	}
	return out
}

// naming finds the words that a measure is restricted to.
type naming struct {
	of   map[string]int32 // the first word of each name
	same []int32          // of each word, the first one that has its name
	name func(string) string
}

func (v *Vectors) naming(restrict int, matchCase bool) naming {
	if restrict == 0 {
		restrict = DefaultRestrict
	}
	n := len(v.Words)
	if restrict > 0 {
		n = min(n, restrict)
	}
	names := naming{make(map[string]int32, n), make([]int32, n), capitals}
	if matchCase {
		names.name = func(s string) string { return s }
	}
	for i := range n {
		name := names.name(v.Words[i])
		first, ok := names.of[name]
		if !ok {
			first = int32(i)
			names.of[name] = first
		}
		names.same[i] = first
	}
	return names
}

// capitals returns a word in capitals, with SS for ß as Python has it.
func capitals(s string) string { return strings.ToUpper(strings.ReplaceAll(s, "ß", "SS")) }

func (n naming) find(words ...string) ([]int32, bool) {
	out := make([]int32, len(words))
	for i, w := range words {
		id, ok := n.of[n.name(w)]
		if !ok {
			return nil, false
		}
		out[i] = id
	}
	return out, true
}

// answers is how many of the nearest words are looked at for one that is no word of the question in other capitals, as gensim does.
const answers = 5

// asking is a question on its way.
type asking struct {
	section int
	words   [4]int32 // A to D
	n       int
	best    [answers]int32 // the nearest words but A, B and C
	score   [answers]float32
}

// offer takes a word among the nearest, of equal ones the first.
func (q *asking) offer(word int32, score float32) {
	if word == q.words[0] || word == q.words[1] || word == q.words[2] {
		return
	}
	i := min(q.n, answers-1)
	for ; i > 0 && q.score[i-1] < score; i-- {
		q.score[i], q.best[i] = q.score[i-1], q.best[i-1]
	}
	q.score[i], q.best[i] = score, word
	q.n = min(q.n+1, answers)
}

// correct tells whether the answer is D, in any capitals.
func (q *asking) correct(same []int32, cTool bool) bool {
	if cTool {
		return q.n > 0 && q.score[0] > 0 && same[q.best[0]] == q.words[3]
	}
	answer := int32(-1)
	for _, w := range q.best[:q.n] {
		if answer = same[w]; answer != q.words[0] && answer != q.words[1] && answer != q.words[2] {
			break
		}
	}
	return answer == q.words[3]
}

// answer finds the nearest of the first n words for all questions, by matrix products of some questions with some words.
func (s *Space) answer(asked []asking, n int) {
	const questions, block = 512, 2048
	query := make([]float32, min(len(asked), questions)*s.Dim)
	product := make([]float32, min(len(asked), questions)*min(n, block))
	for lo := 0; lo < len(asked); lo += questions {
		part := asked[lo:min(len(asked), lo+questions)]
		for i, q := range part {
			a, b, c := int(q.words[0]), int(q.words[1]), int(q.words[2])
			va, vb, vc := s.Vector(a), s.Vector(b), s.Vector(c)
			for j := range s.Dim {
				query[i*s.Dim+j] = vb[j]*s.scale[b] - va[j]*s.scale[a] + vc[j]*s.scale[c]
			}
		}
		for from := 0; from < n; from += block {
			k := min(block, n-from)
			x := tensor.Matrix{Data: query, Rows: len(part), Cols: s.Dim}
			y := tensor.Matrix{Data: s.Data[from*s.Dim:], Rows: k, Cols: s.Dim, Transposed: true}
			tensor.Gemm(1, x, y, 0, tensor.Matrix{Data: product, Rows: len(part), Cols: k})
			scale := s.scale[from : from+k]
			parallel.Chunks(len(part), 16, func(lo, hi int) {
				for i := lo; i < hi; i++ {
					q := &part[i]
					for j, p := range product[i*k : i*k+k] {
						if c := p * scale[j]; q.n < answers || c > q.score[answers-1] {
							q.offer(int32(from+j), c)
						}
					}
				}
			})
		}
	}
}
