package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/recipe"
)

// evalCorrespond judges a run of films with sound by what pictures and sounds tell of each other.
func evalCorrespond(g *global, cmd *cobra.Command, m *modelFlags, e *evalFlags, a []string, of string) error {
	c, err, _ := recipe.FindCorrespondence(a[0])
	if err != nil {
		return usageError{err}
	}
	if err := unread(m.said, "is not of the protocol "+c.Protocol, "test", "layers", "solver", "k", "temperature", "gallery", "beside", "out"); err != nil {
		return err
	}
	mod, err := m.load(g, a[1])
	if err != nil {
		return err
	}
	tell := newTeller("films")
	defer tell.end()
	scores, err := mod.Correspond(cmd.Context(), c, of, e.options(tell))
	if err != nil {
		return err
	}
	tell.end()
	if g.json {
		return printJSON(map[string]any{"scores": scores})
	}
	return eval.WriteTable(os.Stdout, scores)
}
