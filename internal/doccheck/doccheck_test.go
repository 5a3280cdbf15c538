// Package doccheck keeps the documents honest: links exist, and the programs that they show are ones that run.
package doccheck

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestProgram: the README's program is what recipe's Example does, which go test runs; it has fewer than 25 lines.
func TestProgram(t *testing.T) {
	example := read(t, "recipe/example_test.go")
	_, body, found := strings.Cut(example, "\n\n\tc, err := recipe.For")
	body, _, end := strings.Cut("\tc, err := recipe.For"+body, "\n\t// Output:")
	if !found || !end {
		t.Fatal("recipe's Example is not where it was")
	}
	_, program, _ := strings.Cut(read(t, "README.md"), "```go\n")
	program, _, _ = strings.Cut(program, "\n```")
	var want []string
	for _, l := range strings.Split(body, "\n") {
		want = append(want, strings.TrimPrefix(l, "\t"))
	}
	if program != strings.Join(want, "\n") {
		t.Errorf("the README's program is not recipe's Example, which is\n%s", strings.Join(want, "\n"))
	}
	if len(want) >= 25 {
		t.Errorf("the program has %d lines", len(want))
	}
}

// TestLinks: every relative link of the documents leads to a file.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	docs, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, doc := range append(docs, "../../README.md", "../../CHANGELOG.md") {
		for _, m := range link.FindAllStringSubmatch(read(t, strings.TrimPrefix(doc, "../../")), -1) {
			n++
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", doc, m[1], err)
			}
		}
	}
	if n < 40 {
		t.Errorf("only %d links found", n)
	}
}

// TestImports: the README's drawing of the rooms has each of them, and a room imports only what stands on lower lines.
func TestImports(t *testing.T) {
	_, drawing, _ := strings.Cut(read(t, "README.md"), "go test ./internal/doccheck`):\n\n")
	drawing, _, _ = strings.Cut(drawing, "\n\n")
	line := map[string]int{}
	for i, l := range strings.Split(drawing, "\n") {
		for _, room := range strings.Fields(l) {
			line[room] = i
		}
	}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "github.com/tessera-go/tessera/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	rooms := map[string]bool{}
	const module, internal = "github.com/tessera-go/tessera/", "internal/"
	for _, l := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		paths := strings.Fields(l)
		room := strings.TrimPrefix(paths[0], module)
		at, drawn := line[room]
		if strings.HasPrefix(room, internal) {
			continue
		}
		if !drawn {
			t.Errorf("%s is not in the drawing", room)
		}
		for _, p := range paths[1:] {
			below, ours := strings.CutPrefix(p, module)
			if ours && !strings.HasPrefix(below, internal) && line[below] <= at {
				t.Errorf("%s imports %s, which does not stand below it", room, below)
			}
		}
		rooms[room] = true
	}
	for room := range line {
		if !rooms[room] {
			t.Errorf("the drawing has %s, which is no room", room)
		}
	}
}
