package recipe

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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

// WordProtocol judges vectors of words.
type WordProtocol struct {
	Name, About string
	Options     []spec.Option
	judge       func(m *WordModel, file string, r restriction) (eval.Score, error)
}

// restriction says which words count.
type restriction struct {
	most                    int
	matchCase, countUnknown bool
}

func readRestriction(v *spec.Values) restriction {
	return restriction{v.Int("restrict", 1, 1<<31-1), v.One("case", "fold", "keep") == "keep", v.One("unknown", "skip", "wrong") == "wrong"}
}

var restricting = []spec.Option{
	{Name: "restrict", Default: fmt.Sprint(words.DefaultRestrict), About: "only so many words, the most frequent ones, ask and answer; 30000 is word2vec.c's"},
	{Name: "case", Default: "fold", About: "fold: words that differ in capitals are one; keep: they are several"},
	{Name: "unknown", Default: "skip", About: "what has unknown words is left out (skip) or counts as wrong (wrong)"},
}

// WordProtocols lists how vectors of words are judged.
func WordProtocols() []WordProtocol {
	return []WordProtocol{
		{"analogies", "questions such as man is to woman as king is to whom", restricting, judgeAnalogies},
		{"similarity", "how far cosines follow what people say of pairs of words", restricting, judgeSimilarity},
	}
}

// FindWordProtocol returns the protocol of a specification name?option=value, and whether there is one of that name.
func FindWordProtocol(of string) (p WordProtocol, v *spec.Values, ok bool) {
	s, err := spec.Parse(of)
	if err != nil {
		return p, nil, false
	}
	for _, p := range WordProtocols() {
		if p.Name == s.Kind {
			v := s.Values("protocol "+p.Name, p.Options)
			if s.Path != "" {
				v.Fail("there is nothing to say after the colon: %q", s.Path)
			}
			readRestriction(v) // so that v says what is wrong
			return p, v, true
		}
	}
	return p, nil, false
}

// Judge judges vectors by a protocol's specification, with the questions or pairs of a file; of analogies there are built-in ones. The score of a run
// is written into its folder eval.
func (m *WordModel) Judge(of, file string) (eval.Score, error) {
	p, v, ok := FindWordProtocol(of)
	if !ok {
		return eval.Score{}, fmt.Errorf("there is no protocol %q for words", of)
	}
	if err := v.Err(); err != nil {
		return eval.Score{}, err
	}
	began := time.Now()
	s, err := p.judge(m, file, readRestriction(v))
	if err != nil {
		return s, err
	}
	s.Protocol, s.Features, s.Dim, s.Seconds = p.Name, "pretext", m.Dim, time.Since(began).Seconds()
	s.Settings = map[string]any{"words": len(m.Words)}
	for _, o := range p.Options {
		s.Settings[o.Name] = v.Text(o.Name)
	}
	if s.Settings["file"] = file; file == "" {
		s.Settings["file"] = "built in"
	}
	if s.Settings["data_fingerprint"], err = fingerprintOf(file); err != nil {
		return s, err
	}
	if m.Dir != "" {
		err = eval.SaveScores(m.Dir, []eval.Score{s})
	}
	return s, err
}

// fingerprintOf tells files of questions or pairs apart by their content.
func fingerprintOf(file string) (string, error) {
	if file == "" {
		return "built in", nil
	}
	b, err := os.ReadFile(file)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8]), err
}

func judgeAnalogies(m *WordModel, file string, r restriction) (s eval.Score, err error) {
	sections := words.Questions()
	if file != "" {
		if sections, err = words.LoadQuestions(file); err != nil {
			return s, err
		}
	}
	scores := words.NewSpace(m.Vectors).Analogies(sections, words.AnalogyOptions{Restrict: r.most, MatchCase: r.matchCase, CountUnknown: r.countUnknown})
	if scores.Total.Asked == 0 {
		return s, fmt.Errorf("none of %d questions has words that are all known; vectors of another language or in capitals, or a file of other words, are a reason", scores.Total.Skipped)
	}
	s.Metric = metric.Metric{Name: "accuracy", Unit: metric.Percent, Higher: true, Predictor: "any word", Trivial: 1 / float64(scores.Words)}
	s.Stage, s.Value, s.Trivial, s.Test = "total", scores.Total.Accuracy(), s.Metric.Trivial, scores.Total.Asked
	for _, p := range append(scores.Sections, scores.Semantic, scores.Syntactic, scores.Total) {
		s.Parts = append(s.Parts, eval.Part{Name: p.Name, Value: p.Accuracy(), N: p.Asked, Skipped: p.Skipped})
	}
	return s, nil
}

func judgeSimilarity(m *WordModel, file string, r restriction) (s eval.Score, err error) {
	if file == "" {
		return s, &SettingError{"data", "is needed: a file of pairs, two words and people's score a line, such as WordSim-353's or SimLex-999's"}
	}
	pairs, err := words.LoadPairs(file)
	if err != nil {
		return s, err
	}
	found, err := words.NewSpace(m.Vectors).Similarity(pairs, words.PairOptions{Restrict: r.most, MatchCase: r.matchCase, CountUnknown: r.countUnknown})
	if err != nil {
		return s, fmt.Errorf("%s: %w", file, err)
	}
	s.Metric = metric.Metric{Name: "Spearman", Higher: true, Predictor: "no relation"}
	s.Stage, s.Value, s.Test = "all pairs", found.Spearman, found.Asked
	s.Found = map[string]any{"Pearson": found.Pearson, "skipped": found.Skipped}
	s.Parts = []eval.Part{{Name: "all pairs", Value: found.Spearman, N: found.Asked, Skipped: found.Skipped}}
	return s, nil
}
