package recipe

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/eval/score"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/train"
)

// Suite is all protocols that fit what is known of the data.
type Suite struct {
	Only    []string // names of protocols; nil for all
	Without []string // names of protocols that are left out
	Updates int      // that what learns makes at most; 0 means as many as each protocol says
}

// What a command takes in place of a protocol.
const (
	SuiteProtocol   = "all"
	SummaryProtocol = "summary" // the table of what runs were judged by before
	CompareProtocol = "compare"
)

var (
	suiteKind = eval.Kind{
		Name: SuiteProtocol,
		About: "by all that fit what is known of the data, for a RUN beside random weights, raw pixels and a supervised network " +
			"(all?only=knn,probe, all?without=finetune, all?updates=50), then",
		Options: []spec.Option{
			{Name: "only", About: "these protocols alone, as far as they fit the data, with commas between"},
			{Name: "without", About: "all but these"},
			{Name: "updates", Default: "0", About: "that whatever is tuned, or learns on maps, makes at most, for a slow network; 0: as many as the suite has each make"},
		},
	}
	summaryKind = eval.Kind{Name: SummaryProtocol, About: "what RUN... were judged by before, in one table: best stages, how much worse the last is, which protocols agree"}
	compareKind = eval.Kind{
		Name:  CompareProtocol,
		About: "knn and probe, for a RUN, beside random weights, raw pixels and a supervised network of the same shape and steps, with a gallery of neighbours",
	}
)

// FindSuite returns what a specification such as all?without=finetune says, and whether it is one.
func FindSuite(of string) (suite *Suite, err error, ok bool) {
	s, err := spec.Parse(of)
	if err != nil || s.Kind != SuiteProtocol {
		return nil, nil, false
	}
	v := s.Values("protocol "+SuiteProtocol, suiteKind.Options)
	if s.Path != "" {
		v.Fail("there is nothing to say after the colon: %q", s.Path)
	}
	suite = &Suite{Updates: v.Int("updates", 0, math.MaxInt32)}
	for _, o := range []struct {
		name string
		to   *[]string
	}{{"only", &suite.Only}, {"without", &suite.Without}} {
		if !v.Given(o.name) {
			continue
		}
		for _, name := range strings.Split(v.Text(o.name), ",") {
			k, known := findKind(name)
			if !known {
				v.Fail("option %s=%s: there is no protocol %q; there are %s", o.name, v.Text(o.name), name, spec.Or(kindNames()))
			}
			*o.to = append(*o.to, k.Name)
		}
	}
	return suite, v.Err(), true
}

// suiteKinds are those that the suite can have: what is handed something else has data of its own.
func suiteKinds() []eval.Kind { return (*eval.Handed)(nil).Of(Protocols()) }

// findKind returns the protocol of a name, which may be an alias.
func findKind(name string) (eval.Kind, bool) {
	for _, k := range suiteKinds() {
		if k.Called(name) {
			return k, true
		}
	}
	return eval.Kind{}, false
}

func kindNames() (names []string) {
	for _, k := range suiteKinds() {
		names = append(names, k.Name)
	}
	return names
}

// protocols returns what fits the data, and says what does not.
func (s *Suite) protocols(train, test *data.Dataset, say func(msg string)) ([]eval.Protocol, error) {
	var kinds []eval.Kind
	for _, k := range suiteKinds() {
		if (s.Only == nil || slices.Contains(s.Only, k.Name)) && !slices.Contains(s.Without, k.Name) {
			if slices.Contains(s.Only, k.Name) && k.All == "no" {
				k.All = ""
			}
			kinds = append(kinds, k)
		}
	}
	fit, why, err := eval.Fitting(kinds, train, test)
	if err != nil {
		return nil, err
	}
	if len(fit) == 0 {
		return nil, fmt.Errorf("%s: nothing can be judged: %s", train.Name, spec.Few(why, 3))
	}
	if say != nil {
		for _, w := range why {
			say("left out: " + w)
		}
	}
	return fit, nil
}

// SummariseRuns puts the scores of runs that were judged into one table. What each calls its own features is called, beside other runs, by the run's task, and where
// these have different trunks, by that too: seeds of one task stand together.
func SummariseRuns(dirs []string) (*score.Summary, error) {
	var runs []score.Judged
	tasks, trunks := []string{}, []string{}
	for _, dir := range dirs {
		info, err := train.LoadInfo(dir)
		if err != nil {
			return nil, err
		}
		scores, err := score.Load(dir)
		if err != nil {
			return nil, err
		}
		if len(scores) == 0 {
			return nil, fmt.Errorf("%s has not been judged: tessera eval all %s does", dir, dir)
		}
		runs = append(runs, score.Judged{Seed: info.Config.Seed, Scores: scores})
		tasks, trunks = append(tasks, info.Config.Task), append(trunks, info.Config.Trunk)
	}
	if len(runs) > 1 {
		for i, name := range score.Names(tasks, trunks) {
			runs[i].Name = name
		}
	}
	return score.Summarise(runs), nil
}
