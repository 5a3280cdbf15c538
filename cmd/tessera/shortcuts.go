package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/recipe"
	"github.com/tessera-go/tessera/report"
	"github.com/tessera-go/tessera/train"
)

func newShortcuts(g *global) *cobra.Command {
	var l recipe.Laboratory
	var out string
	var e evalFlags
	var traces []string
	for _, k := range data.Injectors() {
		traces = append(traces, "  "+k[0]+strings.Repeat(" ", 12-len(k[0]))+k[1])
	}
	cmd := &cobra.Command{
		Use:   "shortcuts TASK",
		Short: "show what a task can cheat with, and what defences are worth",
		Long: `Shortcuts learns a task with all of its defences, without each of them, and without any, from pictures as
they are and with a trace put into them. If the task is then solved better and the features are
worse, the net looks at the trace and not at what is in the picture. A meter says how much a patch
tells of its place. One page shows pictures, tables and what they mean.

    tessera shortcuts relative-position --data folder:photos --side 96 --inject aberration:3

Traces (--inject NAME:STRENGTH):
` + strings.Join(traces, "\n"),
		Args: args(1, "one TASK"),
		RunE: func(cmd *cobra.Command, a []string) error {
			l.Task = a[0]
			if st, err := os.Stat(filepath.Dir(out)); !strings.EqualFold(filepath.Ext(out), ".html") || err != nil || !st.IsDir() {
				return usage("--out %s: want a file in a folder that exists, ending in .html", out)
			}
			t := newTeller("features")
			defer t.end()
			l.Eval, l.Say = e.options(t), func(s string) { t.once("", s) }
			l.Eval.Scored, l.Eval.Say = nil, nil
			l.Progress = func(what string) func(train.Progress) { return newTeller(what).step }
			began := time.Now()
			l.Found = func(f recipe.Finding, done, of int) {
				t.end()
				left := time.Since(began) / time.Duration(done) * time.Duration(of-done)
				say(os.Stderr, "%d/%d %s: %s; %v left", done, of, f.Name(), strings.Join(f.Told(), ", "), left.Round(time.Second))
			}
			found, err := l.Run(cmd.Context())
			if err != nil {
				return err
			}
			s, _ := spec.Parse(l.Task)
			verdicts := recipe.Verdicts(found, pretext.Tell(s.Kind).Defences)
			p, err := shortcutsPage(l, found, verdicts)
			if err == nil {
				err = p.Write(out)
			}
			if err != nil {
				return err
			}
			if g.json {
				return printJSON(map[string]any{"page": out, "findings": found, "verdicts": verdicts})
			}
			for _, v := range verdicts {
				say(os.Stdout, "%s", v)
			}
			say(os.Stdout, "%s", out)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&l.Data, "data", "scenes", "labelled pictures, kind:path?option=value")
	f.StringVar(&l.Test, "test", "", "labelled test pictures; default the data's own, or a fifth of a folder")
	f.StringArrayVar(&l.Inject, "inject", []string{"aberration:3"}, "a trace to try, NAME:STRENGTH; may be given several times")
	f.StringVar(&l.Trunk, "trunk", "convnet", "network")
	f.IntVar(&l.Side, "side", 32, "of the pictures, in pixels")
	f.IntVar(&l.Steps, "steps", 400, "of each run, and of each meter")
	f.IntVar(&l.BatchSize, "batch-size", 64, "pictures a step")
	f.IntVar(&l.Seeds, "seeds", 1, "how many runs of each kind")
	f.IntVar(&l.Learned, "judged-with", 4000, "training samples that features are judged with, at most")
	f.IntVar(&l.Judged, "judged-on", 1000, "test samples that they are judged on, at most")
	f.StringVar(&out, "out", "shortcuts.html", "page to write, .html")
	f.Float64Var(&e.maxBad, "max-bad", 0.01, "part of the images that may be broken; 0 means none, else at least one")
	return cmd
}

// shortcutsPage is what the laboratory found, for a person.
func shortcutsPage(l recipe.Laboratory, found []recipe.Finding, verdicts []string) (report.Paper, error) {
	var info train.Info
	info.Describe()
	s, _ := spec.Parse(l.Task)
	about := pretext.Tell(s.Kind)
	seeds := "one seed, so that small differences mean little (--seeds 3)"
	if l.Seeds > 1 {
		seeds = fmt.Sprintf("%d seeds: means, and half of their 95 %% intervals", l.Seeds)
	}
	p := report.Paper{Title: "Shortcuts of " + s.Kind, Command: commandLine(),
		Text: []string{"The task: " + about.Line + ".", "Its purpose is features of what is in a picture. But a net takes whatever answers the question, and some of that has nothing to do with what is seen: " +
			"a line that runs on from one patch into the next, or the colours that a lens moves apart towards the corners, which tell a patch's place. A defence takes such a thing away. " +
			"Here the task is learned with all defences, without each, and without any, " + fmt.Sprintf("for %d steps each; %s.", l.Steps, seeds),
			"How to read it: if without a defence the task is solved better and the features (a linear probe of the best stage) are worse, the net took the shortcut. " +
				"The place error says how well a small net can say from a patch alone where in the picture it was, in parts of the picture's side: the lower, the more there is to cheat with."},
		Foot: fmt.Sprintf("%s, %d threads, kernels %s, %s, %s; data %s, trunk %s, side %d, batches of %d.", info.CPU, info.Threads, info.SIMD, info.Go, time.Now().Format(time.DateOnly), l.Data, l.Trunk, l.Side, l.BatchSize)}
	p.Parts = append(p.Parts, report.Part{Title: "What it means", Text: verdicts})
	for _, inject := range append([]string{""}, l.Inject...) {
		part := report.Part{Title: "Pictures as they are", Heads: []string{"defences", "task solved", "trivial", "place error", "of saying the middle", "probe"}}
		if inject != "" {
			part.Title = "With " + inject + " in the pictures"
		}
		sheet, err := l.Sheet(inject, 12)
		if err == nil {
			err = part.Show("Some of the pictures", "", sheet)
		}
		for _, f := range found {
			if f.Inject != inject || err != nil {
				continue
			}
			part.Rows = append(part.Rows, f.Row())
			if f.Drawn != nil && (f.Without == "" || f.Without == recipe.AllDefences) {
				err = part.Show("What the net sees and says: "+f.Name(), "Of pictures that it did not train on.", f.Drawn)
			}
		}
		if err != nil {
			return p, err
		}
		p.Parts = append(p.Parts, part)
	}
	return p, nil
}
