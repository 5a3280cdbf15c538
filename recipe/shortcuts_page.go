package recipe

import (
	"fmt"
	"slices"
	"time"

	"github.com/tessera-go/tessera/report"
	"github.com/tessera-go/tessera/train"
)

// Page is what was found, for a person: words, tables and pictures; and what it means in sentences, which stand in it too.
func (l Laboratory) Page(found []Finding) (report.Paper, []string, error) {
	l, about, err := l.filled()
	if err != nil {
		return report.Paper{}, nil, err
	}
	none := AllDefences // what is missing where nothing defends
	if len(about.Defences) == 1 {
		none = about.Defences[0].Name
	}
	verdicts := Verdicts(found, about.Defences)
	var info train.Info
	info.Describe()
	seeds := "one seed, so that small differences mean little (--seeds 3)"
	if l.Seeds > 1 {
		seeds = fmt.Sprintf("%d seeds: means, and half of their 95 %% intervals", l.Seeds)
	}
	p := report.Paper{Title: "Shortcuts of " + l.Task,
		Text: []string{"The task: " + about.Line + ".", "Its purpose is features of what is in a picture. But a net takes whatever answers the question, and some of that has nothing to do with what is seen or heard: " +
			"a line that runs on from one patch into the next, the colours that a lens moves apart towards the corners, which tell a patch's place, or what a codec does to sound where a frame begins. A defence takes such a thing away. " +
			"Here the task is learned with all defences, without each, and without any, " + fmt.Sprintf("for %d steps each; %s.", l.Steps, seeds),
			"How to read it: if without a defence the task is solved better and the features (a linear probe of the best stage) are worse, the net took the shortcut. " +
				"The place error says how well a small net can say from a patch alone where in the picture it was, in parts of the picture's side: the lower, the more there is to cheat with. " +
				"Where a net embeds pictures and sounds in one space, what counts instead of the probe is how well they find each other: nDCG@30 of both directions, the mean.",
			"A difference counts where it is larger than chance: of several seeds, than half of the 95 % interval of the differences of equal seeds; of one, than two standard errors. " +
				"Of twenty comparisons that should show nothing one does by chance all the same."},
		Foot: fmt.Sprintf("%s, %d threads, kernels %s, %s, %s; data %s, trunk %s, side %d, batches of %d.", info.CPU, info.Threads, info.SIMD, info.Go, time.Now().Format(time.DateOnly), l.Data, l.Trunk, l.Side, l.BatchSize)}
	p.Parts = append(p.Parts, report.Part{Title: "What it means", Text: verdicts})
	for _, inject := range append([]string{""}, l.Inject...) {
		part := report.Part{Title: "The data as it is"}
		if inject != "" {
			part.Title = "With " + inject + " in the data"
		}
		sheet, err := l.Sheet(inject, 12)
		if err == nil {
			err = part.Show("Some of the data", "", sheet)
		}
		for _, f := range found {
			if f.Inject != inject || err != nil {
				continue
			}
			part.Rows = append(part.Rows, f.Row())
			if f.Drawn != nil && (f.Without == "" || f.Without == none) {
				err = part.Show("What the net sees and says: "+f.Name(), "Of data that it did not train on.", f.Drawn)
			}
		}
		if err != nil {
			return p, nil, err
		}
		part.Heads, part.Rows = withoutEmpty(rowHeads, part.Rows)
		p.Parts = append(p.Parts, part)
	}
	return p, verdicts, nil
}

// withoutEmpty leaves out the columns in which no row says anything.
func withoutEmpty(heads []string, rows [][]string) (some []string, of [][]string) {
	of = make([][]string, len(rows))
	for col, head := range heads {
		if !slices.ContainsFunc(rows, func(row []string) bool { return row[col] != "" }) {
			continue
		}
		some = append(some, head)
		for k, row := range rows {
			of[k] = append(of[k], row[col])
		}
	}
	return some, of
}
