// Package columns sets text for a terminal of so many columns.
package columns

import (
	"strings"
	"unicode/utf8"
)

// Wrap sets text in width columns: lines that begin at the margin are paragraphs and flow; indented ones stay lines, and go on
// below, indented further, where they are too long.
func Wrap(text string, width int) string {
	var out []string
	var paragraph []string
	flush := func() {
		out = append(out, Fold(strings.Join(paragraph, " "), width, "")...)
		paragraph = nil
	}
	for _, line := range strings.Split(text, "\n") {
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		switch {
		case line == "":
			flush()
			out = append(out, "")
		case indent == "" && !strings.Contains(line, "  "):
			paragraph = append(paragraph, line)
		default:
			flush()
			out = append(out, Fold(line, width, indent+"    ")...)
		}
	}
	flush()
	return strings.Join(out, "\n")
}

// Fold breaks a line at spaces; what follows is indented. A word that is wider stands alone.
func Fold(line string, width int, indent string) []string {
	var out []string
	for utf8.RuneCountInString(line) > width {
		cut := breakAt(line, width, len(indent))
		if cut < 0 {
			break
		}
		out = append(out, strings.TrimRight(line[:cut], " "))
		line = indent + strings.TrimLeft(line[cut:], " ")
	}
	if line = strings.TrimRight(line, " "); line != "" {
		out = append(out, line)
	}
	return out
}

// breakAt returns the last space beyond the indent, the line's own too, that has at most width runes before it, else the first one
// behind, else -1.
func breakAt(line string, width, indent int) int {
	cut, runes := -1, 0
	start := len(line) - len(strings.TrimLeft(line, " "))
	for i, r := range line {
		if r == ' ' && i >= start && (i > indent || runes >= width) {
			if runes > width && cut >= 0 {
				return cut
			}
			if cut = i; runes > width {
				return cut
			}
		}
		runes++
	}
	return cut
}
