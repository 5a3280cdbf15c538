package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/internal/columns"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/layers"
	"github.com/tessera-go/tessera/pretext"
	"github.com/tessera-go/tessera/recipe"
)

func newTasks(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "tasks",
		Short: "list the pretext tasks, networks and kinds of data",
		Long: `Tasks lists every pretext task: what is predicted and in which paper, what it learns from, and the trivial
predictor that its headline metric stands beside; then the published recipes, the networks and the kinds of
data. What a task hides, by which shortcuts it could be answered, and its options says

    tessera pretrain TASK --help`,
		Args: args(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			if g.json {
				return printJSON(map[string]any{"tasks": toldTasks(), "trunks": layers.TrunkNames(), "data": data.Kinds(), "presets": recipe.Presets()})
			}
			fmt.Println("Pretext tasks (TASK or TASK?option=value; tessera pretrain TASK --help):")
			for _, n := range pretext.Names() {
				about := pretext.Tell(n)
				list(n, fmt.Sprintf("%s; of %s, beside %s", about.Line, about.Of, about.Trivial), nil)
			}
			fmt.Println("\nPublished recipes (--preset):")
			for _, n := range recipe.Presets() {
				list(n, recipe.AboutPreset(n), nil)
			}
			fmt.Println("\nNetworks (--trunk):")
			for _, n := range layers.TrunkNames() {
				list(n, layers.AboutTrunk(n), nil)
			}
			fmt.Println("  of every network:")
			listOptions(layers.TrunkOptionsOf("convnet"))
			fmt.Println("  of residual networks also:")
			listOptions(layers.TrunkOptionsOf("resnet18")[len(layers.TrunkOptionsOf("convnet")):])
			fmt.Println("\nData (--data):")
			for _, k := range data.Kinds() {
				list(k.Name, k.About, k.Options)
			}
			return nil
		},
	}
}

// left is where what is said of names begins.
const left = 20

// list prints a thing with its options, 80 columns wide.
func list(name, about string, options []spec.Option) {
	head := fmt.Sprintf("  %-*s", left-2, name)
	if len(name) > left-3 {
		head = "  " + name + "  "
	}
	for _, l := range columns.Fold(head+about, 80, strings.Repeat(" ", left)) {
		fmt.Println(l)
	}
	listOptions(options)
}

func listOptions(options []spec.Option) { listOptionsTo(os.Stdout, options, left) }

func listOptionsTo(w io.Writer, options []spec.Option, indent int) {
	for _, o := range spec.Usage(options) {
		for _, l := range columns.Fold(strings.Repeat(" ", indent)+o, 80, strings.Repeat(" ", indent+4)) {
			fmt.Fprintln(w, l)
		}
	}
}

// toldTask is what is said of a task, as JSON.
type toldTask struct {
	Name     string            `json:"name"`
	Predicts string            `json:"predicts"`
	Of       string            `json:"of"`
	Hidden   string            `json:"hidden"`
	Trivial  string            `json:"trivial_predictor"`
	Shortcut string            `json:"shortcut,omitempty"`
	Collapse string            `json:"collapse,omitempty"`
	Defences []pretext.Defence `json:"defences,omitempty"`
	Options  []spec.Option     `json:"options"`
}

func toldTasks() (all []toldTask) {
	for _, n := range pretext.Names() {
		a := pretext.Tell(n)
		all = append(all, toldTask{n, a.Line, a.Of, a.Hidden, a.Trivial, a.Shortcut, a.Collapse, a.Defences, a.Options})
	}
	return all
}

// explainTask says what a task is, before the settings of a run: what is hidden, which shortcuts there are, what keeps from them.
func explainTask(w io.Writer, of string) {
	a := pretext.Tell(of)
	s, err := spec.Parse(of)
	if err != nil || a.Line == "" {
		return
	}
	say := func(head, text string) {
		for _, l := range columns.Fold(fmt.Sprintf("%-12s%s", head, text), 80, strings.Repeat(" ", 12)) {
			fmt.Fprintln(w, l)
		}
	}
	say(strings.ToUpper(s.Kind), "")
	say("predicts", strings.TrimPrefix(a.Line, "predict "))
	say("learns from", a.Of)
	say("hidden is", a.Hidden)
	say("beside", a.Trivial)
	var defences []string
	for _, d := range a.Defences {
		defences = append(defences, fmt.Sprintf("%s; the defence %s is against it, %s goes without", d.Against, d.Name, d.Off))
	}
	if a.Shortcut != "" {
		defences = append(defences, a.Shortcut)
	}
	for i, d := range defences {
		head := "shortcuts"
		if i > 0 {
			head = ""
		}
		say(head, d)
	}
	if len(a.Defences) > 0 {
		say("", "tessera shortcuts "+s.Kind+" shows what each is worth")
	}
	if a.Collapse != "" {
		say("collapsed?", a.Collapse)
	}
	if len(a.Options) > 0 {
		fmt.Fprintf(w, "Options (%s?option=value&option=value):\n", s.Kind)
		listOptionsTo(w, a.Options, 4)
	}
	fmt.Fprintln(w)
}
