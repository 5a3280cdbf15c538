package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/recipe"
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
		Long: `Shortcuts learns a task with all of its defences, without each of them, and without any, from data as it
is and with a trace put into it. If the task is then solved better and the features are worse, the
net looks at the trace and not at what is in the picture. A meter says how much a patch tells of
its place. A task that embeds pictures and sounds in one space is judged by how well these find each
other. One page shows pictures, tables and what they mean.

    tessera shortcuts relative-position --data folder:photos --side 96 --inject aberration:3
    tessera shortcuts audio-visual --data av:films --inject codec:1

Traces (--inject NAME:STRENGTH):
` + strings.Join(traces, "\n"),
		Args: args(1, "one TASK"),
		RunE: func(cmd *cobra.Command, a []string) error {
			if err := unread(cmd.Flags().Changed, "runs and their judges compute in float32 as the shapes are best", "precision", "conv"); err != nil {
				return err
			}
			l.Task = a[0]
			if err := usualData(&l, cmd.Flags().Changed("inject")); err != nil {
				return err
			}
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
			found, stopped := l.Run(cmd.Context())
			if len(found) == 0 {
				return stopped
			}
			verdicts, err := writePage(l, found, stopped, out)
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
	f.StringVar(&l.Data, "data", "", "labelled pictures or films, kind:path?option=value; default the scenes that the task learns from")
	f.StringVar(&l.Test, "test", "", "labelled test pictures or films; default the data's own, or a fifth of a folder")
	f.StringArrayVar(&l.Inject, "inject", nil, "a trace to try, NAME:STRENGTH; may be given several times; default aberration:3, of sounds codec:1, of films without sound none")
	f.StringVar(&l.Trunk, "trunk", "convnet", "network")
	f.IntVar(&l.Side, "side", 32, "of the pictures, in pixels")
	f.StringVar(&l.Sound, "sound", "", "how sounds are heard, as pretrain's; default the task's own")
	f.IntVar(&l.Steps, "steps", 400, "of each run, and of each meter")
	f.IntVar(&l.BatchSize, "batch-size", 64, "pictures or films a step")
	f.Float64Var(&l.LR, "lr", 0, "learning rate; default the task's own")
	f.IntVar(&l.Seeds, "seeds", 1, "how many runs of each kind")
	f.IntVar(&l.Learned, "judged-with", 4000, "training samples that features are judged with, at most")
	f.IntVar(&l.Judged, "judged-on", 1000, "test samples that they are judged on, at most")
	f.StringVar(&out, "out", "shortcuts.html", "page to write, .html")
	f.Float64Var(&e.maxBad, "max-bad", 0.01, "part of the images that may be broken; 0 means none, else at least one")
	return cmd
}

// usualData fills in what data and which trace a laboratory has where nobody says so.
func usualData(l *recipe.Laboratory, traced bool) error {
	c, err := recipe.For(l.Task)
	if err != nil {
		return err
	}
	if l.Data == "" {
		l.Data = c.Data
	}
	if traced {
		return nil
	}
	switch about := pretext.Tell(l.Task); {
	case about.Hears():
		l.Inject = []string{"codec:1"}
	case about.Of == "pictures": // no trace goes into films without sound
		l.Inject = []string{"aberration:3"}
	}
	return nil
}

// writePage writes what was found to a page, all or, where the laboratory was stopped, what there was until then; that stays an error.
func writePage(l recipe.Laboratory, found []recipe.Finding, stopped error, out string) (verdicts []string, err error) {
	p, verdicts, err := l.Page(found)
	if err != nil {
		return nil, err
	}
	p.Command = commandLine()
	if stopped != nil {
		p.Text = append([]string{fmt.Sprintf("Stopped before all was found (%v).", stopped)}, p.Text...)
	}
	if err := p.Write(out); err != nil {
		return nil, err
	}
	if stopped != nil {
		return nil, fmt.Errorf("%w; %s has what was found until then", stopped, out)
	}
	return verdicts, nil
}
