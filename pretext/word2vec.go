package pretext

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/parallel"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/metric"
	"github.com/tessera-go/tessera/tensor"
	"github.com/tessera-go/tessera/train"
	"github.com/tessera-go/tessera/words"
)

// Word2Vec hides a word of a text (Mikolov, Chen, Corrado, Dean, "Efficient estimation of word representations in vector space", 2013a, and
// Mikolov, Sutskever, Chen, Corrado, Dean, "Distributed representations of words and phrases and their compositionality", NIPS 2013b).
//
// Sampling: each word of a line is predicted once a pass, but for frequent ones, which are left out at random. cbow predicts it from the mean of
// the words around it, as many to either side as is drawn from 1 to the window; skipgram predicts it from each of them. What else is decided is
// as in the authors' program word2vec.c, whose defaults these are: what it sets itself apart from is said in docs/words.md.
//
// Loss: logistic against negative samples drawn by unigram^0.75 (2013b, equation 4), hierarchical softmax over a Huffman tree (equation 3), or the
// softmax over all words (equation 2), for small vocabularies. It is the sum over what one word is compared with. Trivial predictor: how
// often words come, whatever stands around them.
//
// There is no network and no tape: vectors are changed in place by kernels of their own (package words). Shortcuts: lines that come again and again,
// which are learned by heart.
type Word2Vec struct {
	words.Options
	MinCount  int    // words that come less often are passed over
	Most      int    // words of the vocabulary, the most frequent ones; 0 for all
	Questions string // a file of analogies for the monitor; empty for the built-in ones
}

// wordsHeld is how many different words are counted at once, at most: beyond, the rarest are forgotten, as in word2vec.c.
const wordsHeld = 20_000_000

var word2vecOptions = []spec.Option{
	{Name: "model", Default: "cbow", About: "cbow (a word from the mean of those around it) or skipgram (from each of them)"},
	{Name: "loss", Default: "negative", About: "negative (samples), tree (hierarchical softmax) or full (softmax, for small vocabularies)"},
	{Name: "dim", Default: "100", About: "values of a vector, 1 to 4096"},
	{Name: "window", Default: "5", About: "words to either side, at most: how many is drawn anew for each word"},
	{Name: "negative", Default: "5", About: "negative samples of a word"},
	{Name: "sample", Default: "0.001", About: "frequency above which words are left out at random; 0 leaves none out"},
	{Name: "min-count", Default: "5", About: "words that come less often are passed over"},
	{Name: "vocabulary", About: "only so many words, the most frequent ones"},
	{Name: "subwords", About: "lengths of parts of words that have vectors too, such as 3-6 (Bojanowski et al. 2017): unknown words get vectors"},
	{Name: "buckets", Default: "200000", About: "vectors that the parts share"},
	{Name: "update", Default: "free", About: "free: threads do not wait for one another, and every run of several gives other bits; exact: the same bits with any number of threads, in up to half as much time again"},
	{Name: "questions", About: "FILE of analogies that the monitor asks; if not given, some in English"},
}

var word2vecAbout = About{
	Line: "predict a word of a text from the words around it (Mikolov et al. 2013)",
	Of:   "texts", Hidden: "one word",
	Trivial:  "frequencies: how often each word comes",
	Shortcut: "lines that a text repeats, which can be learned by heart",
	Options:  word2vecOptions,
	Exact:    "update=exact",
	Unused:   []string{"trunk", "side", "augment", "norm", "init", "accumulate", "optimizer", "momentum", "weight_decay", "decay_schedule", "clip_norm", "clip_each", "conv", "precision", "max_bad", "monitor_samples"},
	Config: func(c *train.Config) {
		c.Data, c.Trunk, c.Side, c.Augment, c.Norm = "", "", 0, "", ""
		c.Optimizer, c.Momentum, c.WeightDecay = "sgd", 0, 0
		c.Epochs, c.BatchSize, c.Schedule, c.LR = 5, 10000, "linear?to=0.0001", 0.05
		if s, err := spec.Parse(c.Task); err == nil && s.Values("task", word2vecOptions).Text("model") == "skipgram" {
			c.LR = 0.025
		}
	},
	make: func(v Values) Task {
		w := Word2Vec{Options: words.Options{SkipGram: v.One("model", "cbow", "skipgram") == "skipgram", Loss: words.Loss(v.One("loss", "negative", "tree", "full")),
			Dim: v.Int("dim", 1, 4096), Window: v.Int("window", 1, 1000), Negatives: v.Int("negative", 1, 1000), Sample: v.Float("sample", 0, 1),
			Free: v.One("update", "free", "exact") == "free"},
			MinCount: v.Int("min-count", 1, math.MaxInt32), Questions: v.Text("questions")}
		if v.Given("vocabulary") {
			w.Most = v.Int("vocabulary", 2, math.MaxInt32)
		}
		if w.Buckets = v.Int("buckets", 1, 100_000_000); v.Given("subwords") {
			w.MinN, w.MaxN = lengths(v, "subwords")
		} else if v.Given("buckets") {
			v.Fail("option buckets: it says how many vectors subwords share; subwords=3-6 makes some")
		}
		if v.Given("negative") && w.Loss != words.Negative {
			v.Fail("option negative: it belongs to loss=negative")
		}
		return w
	},
}

// lengths reads a range such as 3-6.
func lengths(v Values, name string) (low, high int) {
	a, b, ok := strings.Cut(v.Text(name), "-")
	low, err := strconv.Atoi(a)
	high, err2 := strconv.Atoi(b)
	if !ok || err != nil || err2 != nil || low < 1 || high < low || high > 20 {
		v.Fail("option %s=%s: want lengths from 1 to 20 such as 3-6", name, v.Text(name))
	}
	return low, high
}

// vocabularyFile is what a run keeps of its words: one a line with its count, as word2vec.c's -save-vocab.
const vocabularyFile = "vocabulary.txt"

// Learner counts the words, or reads those of the run that is loaded.
func (w Word2Vec) Learner(s Setup) (train.Learner, error) {
	l := &word2vec{task: w, texts: s.Inputs.Texts}
	var err error
	switch {
	case l.texts != nil:
		l.vocabulary, err = w.count(s)
	case s.File != nil:
		l.vocabulary, err = readVocabulary(s)
	default:
		err = fmt.Errorf("task word2vec learns from texts; the data has %s", s.Inputs.Kinds())
	}
	if err != nil {
		return nil, err
	}
	const most = 20_000
	if n := len(l.vocabulary.Words); w.Loss == words.Full && n > most {
		return nil, fmt.Errorf("task word2vec: loss=full compares with each of %d words, more than %d; loss=tree or negative, or a vocabulary= of at most %d, fits", n, most, most)
	}
	n := words.NewNet(l.vocabulary, w.Options, s.RNG.Uint64())
	l.Net, l.in, l.out = n, tensor.From(n.In, len(n.In)/n.Stride, n.Stride), tensor.From(n.Out, len(n.Out)/n.Stride, n.Stride)
	l.questions = words.Questions()
	if w.Questions != "" {
		if l.questions, err = words.LoadQuestions(w.Questions); err != nil {
			return nil, fmt.Errorf("option questions: %w", err)
		}
	}
	return l, nil
}

// count counts the words of what will be learned from.
func (w Word2Vec) count(s Setup) (*words.Vocabulary, error) {
	c := words.Counting{Most: wordsHeld}
	notes, err := c.CountAll(s.Inputs.Texts)
	if err != nil {
		return nil, err
	}
	v, err := c.Vocabulary(int64(w.MinCount), w.Most)
	switch {
	case c.Total == 0:
		return nil, errors.New("task word2vec: the text has no words")
	case err != nil:
		return nil, fmt.Errorf("task word2vec: %w; a lower min-count= would leave some", err)
	}
	if s.Say != nil {
		for _, note := range notes {
			s.Say(note)
		}
		s.Say(fmt.Sprintf("%d words in %d lines; %d different words make %.1f %% of them, %d rarer ones are passed over", v.Total, c.Lines, len(v.Words), 100*float64(v.Kept())/float64(v.Total), v.Rare))
	}
	if n := parallel.Workers(); s.Say != nil && w.Free && n > 1 {
		s.Say(fmt.Sprintf("update=free: %d threads change vectors without waiting for one another, and another run gives other bits; update=exact gives the same", n))
	}
	return v, nil
}

func readVocabulary(s Setup) (*words.Vocabulary, error) {
	f, err := s.File(vocabularyFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	v, err := words.ReadVocabulary(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", vocabularyFile, err)
	}
	return v, nil
}

// word2vec learns vectors.
type word2vec struct {
	task       Word2Vec
	texts      data.Texts // whose words were counted
	vocabulary *words.Vocabulary
	*words.Net
	questions []words.Section
	in, out   *tensor.Tensor // its In and Out: rows of Stride values, of which the last are padding
}

func (l *word2vec) Files() map[string]func(w io.Writer) error {
	return map[string]func(w io.Writer) error{vocabularyFile: l.vocabulary.Write}
}

func (l *word2vec) Visit(prefix string, f func(layers.Param)) {
	f(layers.Param{Name: prefix + "in", Value: l.in, Kind: layers.Weight})
	f(layers.Param{Name: prefix + "out", Value: l.out, Kind: layers.Weight})
}

func (l *word2vec) Groups() []train.Group {
	return []train.Group{{Name: "vectors", Params: layers.Params(l), Own: true}}
}

func (l *word2vec) Metrics() []metric.Metric {
	loss := metric.Loss()
	loss.Predictor, loss.Trivial = "frequencies", l.Trivial()
	return []metric.Metric{loss, {Name: "analogies", Unit: metric.Percent, Higher: true}}
}

// answering is how many words may answer the monitor's questions: as many as in word2vec.c's compute-accuracy.
const answering = 30000

// Look asks analogies of the vectors as they are. Where the questions' words are not there, of a text in another language, it has nothing to tell.
func (l *word2vec) Look() map[string]float64 {
	scores := words.NewSpace(l.first(answering)).Analogies(l.questions, words.AnalogyOptions{Restrict: answering})
	if scores.Total.Asked == 0 {
		return nil
	}
	return map[string]float64{"analogies": scores.Total.Accuracy()}
}

// Feed makes steps of BatchSize words each; a word that the vocabulary does not have is none, and a line ends where a step does.
func (l *word2vec) Feed(in data.Inputs, augment bool, o data.LoaderOptions) (*train.Feed, error) {
	if in.Texts == nil {
		return nil, fmt.Errorf("task word2vec learns from texts; the data has %s", in.Kinds())
	}
	total := l.vocabulary.Kept()
	if l.texts == nil || !augment {
		var err error
		if total, err = l.vocabulary.Known(in.Texts); err != nil {
			return nil, err
		}
	}
	if total == 0 {
		return nil, errors.New("task word2vec: the text has no word of the vocabulary")
	}
	f := &train.Feed{Steps: int((total + int64(o.BatchSize) - 1) / int64(o.BatchSize)), Samples: o.BatchSize, Unit: "words", Total: int(total), Ahead: ahead}
	const value = 4 // bytes
	f.Bytes = func() int64 { return 2 * value }
	f.Bad = func() int { return 0 }
	var failed error
	f.Err = func() error { return failed }
	f.Epoch = func(epoch, from int) iter.Seq[func(train.Step)] {
		return func(yield func(func(train.Step)) bool) {
			for b := range stretches(in.Texts, l.vocabulary, o.BatchSize, from) {
				if b.err != nil {
					failed = b.err
					return
				}
				first := uint64(epoch)*uint64(total) + b.first
				if !yield(func(s train.Step) {
					s.Own("loss", func(rate float32) (sum, count float64) {
						l := l.Learn(b.text, first, rate)
						return l.Loss, float64(l.Units)
					})
				}) {
					return
				}
			}
		}
	}
	return f, nil
}

// ahead is how many steps' words are read before they are needed.
const ahead = 3

// stretch is what a step reads.
type stretch struct {
	text  []int32
	first uint64 // which word of the texts its first is
	err   error
}

// stretches reads texts ahead, as stretches of n words from number from on.
func stretches(texts data.Texts, v *words.Vocabulary, n, from int) iter.Seq[stretch] {
	return func(yield func(stretch) bool) {
		ready, free, stop := make(chan stretch, ahead), make(chan []int32, ahead+1), make(chan struct{})
		for range ahead + 1 {
			free <- nil
		}
		defer close(stop)
		go func() {
			defer close(ready)
			r := words.NewReader(texts, v)
			defer r.Close()
			send := func(s stretch) bool {
				select {
				case ready <- s:
					return true
				case <-stop:
					return false
				}
			}
			for k := 0; ; k++ {
				var buf []int32
				select {
				case buf = <-free:
				case <-stop:
					return
				}
				text, got := r.Next(buf[:0], n)
				if r.Err() != nil {
					send(stretch{err: r.Err()})
					return
				}
				if got == 0 {
					return
				}
				if k < from {
					free <- text
				} else if !send(stretch{text: text, first: uint64(k) * uint64(n)}) {
					return
				}
			}
		}()
		for s := range ready {
			if !yield(s) {
				return
			}
			free <- s.text
		}
	}
}

// Lexicon is a learner of vectors of words.
type Lexicon interface {
	// Lexicon returns a copy of the vectors as they are.
	Lexicon() *words.Vectors
}

func (l *word2vec) Lexicon() *words.Vectors { return l.first(len(l.vocabulary.Words)) }

// first returns the vectors of the most frequent words.
func (l *word2vec) first(n int) *words.Vectors {
	n = min(n, len(l.vocabulary.Words))
	v := words.NewVectors(l.vocabulary.Words[:n], l.Dim, l.Vectors(n))
	v.Counts = l.vocabulary.Counts[:n]
	if l.MaxN > 0 {
		v.Compose = l.Vector
	}
	return v
}
