// Command formats writes docs/formats.md: page.md with the table of data/testdata/cases, which TestCases holds the decoders to.
//
//	go generate ./data
package main

import (
	_ "embed"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

//go:embed page.md
var text string

// place is where the table goes.
const place = "<!-- table -->\n"

func main() {
	root := ".." // of data, where go generate runs
	page, err := page(filepath.Join(root, "data", "testdata", "cases", "table.tsv"))
	if err == nil {
		err = os.WriteFile(filepath.Join(root, "docs", "formats.md"), []byte(page), 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// page returns the page with the rows of a table: file, format, mode, what happens, what is shown, option.
func page(table string) (string, error) {
	b, err := os.ReadFile(table)
	if err != nil {
		return "", err
	}
	rows := map[string][]string{}
	var formats []string
	count, read := 0, 0
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 6 {
			return "", fmt.Errorf("%s: %d columns in %q, want 6", table, len(f), line)
		}
		format := f[1]
		what := "refused: " + f[3]
		if most, err := strconv.Atoi(f[3]); err == nil {
			read++
			what = []string{"exact", "to 1 level"}[min(most, 1)]
			if most > 1 {
				what = fmt.Sprintf("to %d levels", most)
			}
		} else if f[2] != "" && (strings.HasPrefix(f[0], "other.")) {
			format = "Others"
			f[2] = f[1] + ", " + f[2]
		}
		if f[5] != "" {
			f[2] += ", `" + f[5] + "`"
		}
		if !slices.Contains(formats, format) {
			formats = append(formats, format)
		}
		rows[format] = append(rows[format], fmt.Sprintf("| %s | %s | `%s` |\n", f[2], what, f[0]))
		count++
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%d files, of which %d are read.\n", count, read)
	for _, format := range formats {
		fmt.Fprintf(&out, "\n### %s\n\n| mode | read | file |\n|---|---|---|\n%s", format, strings.Join(rows[format], ""))
	}
	before, after, ok := strings.Cut(text, place)
	if !ok {
		return "", fmt.Errorf("page.md has no place for the table")
	}
	return before + out.String() + after, nil
}
