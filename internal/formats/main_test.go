package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPage: docs/formats.md is what the table and the text make.
func TestPage(t *testing.T) {
	want, err := page("../../data/testdata/cases/table.tsv")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/formats.md is stale: go generate ./data")
	}
}

// TestRows: what a row becomes, and what is no row.
func TestRows(t *testing.T) {
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "table.tsv")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	got, err := page(write("a.png\tPNG\tL\t0\tb.png\t\nc.jpg\tJPEG\tRGB\t3\tb.png\ttruncated=accept\nother.tga\tTGA\tRGB\tnot a picture\t\t\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3 files, of which 2 are read.", "### PNG\n\n| mode | read | file |\n|---|---|---|\n| L | exact | `a.png` |\n", "| RGB, `truncated=accept` | to 3 levels | `c.jpg` |", "### Others\n", "| TGA, RGB | refused: not a picture | `other.tga` |"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	for _, path := range []string{write("a.png\tPNG\n"), "none.tsv"} {
		if _, err := page(path); err == nil {
			t.Errorf("%s makes a page", path)
		}
	}
}
