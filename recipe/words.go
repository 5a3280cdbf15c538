package recipe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"time"

	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/train"
	"github.com/tessera-go/tessera/words"
)

// WordModel is the vectors of words, and where they come from.
type WordModel struct {
	*words.Vectors
	Name string // of the file, or the run's directory
	Dir  string // of the run; "" for a file
}

// LoadWords returns the word vectors of a run's directory, or of a file as words.Load reads it. The error of a name that nothing has is ErrNothing.
func LoadWords(name string, o words.LoadOptions) (*WordModel, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, ErrNothing)
	}
	if !st.IsDir() {
		v, err := words.Load(name, o)
		return &WordModel{v, name, ""}, err
	}
	m, l, err := LoadLearner(name)
	if err != nil {
		return nil, err
	}
	lexicon, ok := pretext.As[pretext.Lexicon](l)
	if !ok {
		return nil, fmt.Errorf("%s is a run of the task %s, which learns no vectors of words", name, kind(m.Info.Config.Task))
	}
	v := lexicon.Lexicon()
	if n := o.Limit; n > 0 && n < len(v.Words) {
		first := words.NewVectors(v.Words[:n], v.Dim, v.Data[:n*v.Dim])
		first.Counts, first.Compose = v.Counts[:n], v.Compose
		v = first
	}
	return &WordModel{v, name, name}, nil
}

// HoldsWords tells whether a name is a run that learns word vectors, or a file and no run.
func HoldsWords(name string) (bool, error) {
	st, err := os.Stat(name)
	if err != nil {
		return false, fmt.Errorf("%s: %w", name, ErrNothing)
	}
	if !st.IsDir() {
		return true, nil
	}
	info, err := train.LoadInfo(name)
	return err == nil && trunkless(info.Config), err
}

// WordJudger is a protocol that is handed vectors of words, and a file of questions or pairs, which may be none.
type WordJudger interface {
	eval.Protocol
	judgeWords(m *WordModel, file string) (eval.Score, error)
}

// analogies judges by questions such as man is to woman as king is to whom; a file of none means built-in ones.
type analogies struct{ restriction }

// similarity judges by how far cosines follow what people say of pairs of words.
type similarity struct{ restriction }

// restriction says which words count.
type restriction struct {
	most                    int
	matchCase, countUnknown bool
	said                    map[string]any // as it is said
}

func readRestriction(v *spec.Values) restriction {
	r := restriction{v.Int("restrict", 1, 1<<31-1), v.One("case", "fold", "keep") == "keep", v.One("unknown", "skip", "wrong") == "wrong", map[string]any{}}
	for _, o := range restricting {
		r.said[o.Name] = v.Text(o.Name)
	}
	return r
}

var restricting = []spec.Option{
	{Name: "restrict", Default: fmt.Sprint(words.DefaultRestrict), About: "only so many words, the most frequent ones, ask and answer; 30000 is word2vec.c's"},
	{Name: "case", Default: "fold", About: "fold: words that differ in capitals are one; keep: they are several"},
	{Name: "unknown", Default: "skip", About: "what has unknown words is left out (skip) or counts as wrong (wrong)"},
}

// ofWords is what these are handed.
var ofWords = &eval.Handed{
	About:   "Word vectors, of a RUN of word2vec or a FILE of them, are judged by",
	Example: "tessera eval analogies runs/word2vec-seed1 --data questions-words.txt",
	Write:   writeWords,
}

var wordKinds = []eval.Kind{{
	Name:    "analogies",
	About:   "A is to B as C is to D: the questions of --data FILE, in the form of questions-words.txt, or built-in ones",
	Options: restricting,
	Make:    func(v *spec.Values) eval.Protocol { return analogies{readRestriction(v)} },
	Handed:  ofWords,
}, {
	Name:    "similarity",
	About:   "pairs in --data FILE: two words and people's score a line",
	Options: restricting,
	Make:    func(v *spec.Values) eval.Protocol { return similarity{readRestriction(v)} },
	Handed:  ofWords,
}}

func (analogies) Name() string { return "analogies" }

func (similarity) Name() string { return "similarity" }

// Judge judges vectors by protocols of words, with the questions or pairs of the file that is c.Data; nothing else of c is read. The scores of a run are written into its folder
// eval.
func (m *WordModel) Judge(_ context.Context, c Comparison) (scores []eval.Score, err error) {
	for _, p := range c.Protocols {
		j, ok := p.(WordJudger)
		if !ok {
			return scores, fmt.Errorf("%s does not judge vectors of words", p.Name())
		}
		began := time.Now()
		s, err := j.judgeWords(m, c.Data)
		if err != nil {
			return scores, err
		}
		print, err := fingerprintOf(c.Data)
		if err != nil {
			return scores, err
		}
		s.Protocol, s.Features, s.Dim, s.Seconds = p.Name(), "pretext", m.Dim, time.Since(began).Seconds()
		s.Settings["words"], s.Settings["file"], s.Settings["data_fingerprint"] = len(m.Words), c.Data, print
		if c.Data == "" {
			s.Settings["file"] = builtIn
		}
		scores = append(scores, s)
	}
	if m.Dir != "" {
		err = eval.SaveScores(m.Dir, scores)
	}
	return scores, err
}

// writeWords writes scores of words as a table for a terminal, a line for each part.
func writeWords(w io.Writer, scores []eval.Score) (err error) {
	for _, s := range scores {
		if err == nil {
			_, err = fmt.Fprintf(w, "%-40s %9s %7s %8s\n", s.Protocol, s.Metric.Name, "judged", "skipped")
		}
		for _, p := range s.Parts {
			if err == nil {
				_, err = fmt.Fprintf(w, "%-40.40s %9s %7d %8d\n", p.Name, s.Metric.Format(p.Value), p.N, p.Skipped)
			}
		}
	}
	return err
}

// builtIn is what a score says of questions that are no file's.
const builtIn = "built in"

// fingerprintOf tells files of questions or pairs apart by their content.
func fingerprintOf(file string) (string, error) {
	if file == "" {
		return builtIn, nil
	}
	b, err := os.ReadFile(file)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8]), err
}

func (j analogies) judgeWords(m *WordModel, file string) (s eval.Score, err error) {
	sections := words.Questions()
	if file != "" {
		if sections, err = words.LoadQuestions(file); err != nil {
			return s, err
		}
	}
	scores := words.NewSpace(m.Vectors).Analogies(sections, words.AnalogyOptions{Restrict: j.most, MatchCase: j.matchCase, CountUnknown: j.countUnknown})
	if scores.Total.Asked == 0 {
		return s, fmt.Errorf("none of %d questions has words that are all known; vectors of another language or in capitals, or a file of other words, are a reason", scores.Total.Skipped)
	}
	s.Metric = metric.Metric{Name: "accuracy", Unit: metric.Percent, Higher: true, Predictor: "any word", Trivial: 1 / float64(scores.Words)}
	s.Settings = maps.Clone(j.said)
	s.Stage, s.Value, s.Trivial, s.Test = "total", scores.Total.Accuracy(), s.Metric.Trivial, scores.Total.Asked
	for _, p := range append(scores.Sections, scores.Semantic, scores.Syntactic, scores.Total) {
		s.Parts = append(s.Parts, eval.Part{Name: p.Name, Value: p.Accuracy(), N: p.Asked, Skipped: p.Skipped})
	}
	return s, nil
}

func (j similarity) judgeWords(m *WordModel, file string) (s eval.Score, err error) {
	if file == "" {
		return s, &SettingError{"data", "is needed: a file of pairs, two words and people's score a line, such as WordSim-353's or SimLex-999's"}
	}
	pairs, err := words.LoadPairs(file)
	if err != nil {
		return s, err
	}
	found, err := words.NewSpace(m.Vectors).Similarity(pairs, words.PairOptions{Restrict: j.most, MatchCase: j.matchCase, CountUnknown: j.countUnknown})
	if err != nil {
		return s, fmt.Errorf("%s: %w", file, err)
	}
	s.Metric = metric.Metric{Name: "Spearman", Higher: true, Predictor: "no relation"}
	s.Settings = maps.Clone(j.said)
	s.Stage, s.Value, s.Test = "all pairs", found.Spearman, found.Asked
	s.Found = map[string]any{"Pearson": found.Pearson, "skipped": found.Skipped}
	s.Parts = []eval.Part{{Name: "all pairs", Value: found.Spearman, N: found.Asked, Skipped: found.Skipped}}
	return s, nil
}
