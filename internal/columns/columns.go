// Package columns sets text for a terminal of so many columns.
package columns

import "strings"

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
	for len(line) > width {
		cut := strings.LastIndexByte(line[:width+1], ' ')
		start := len(line) - len(strings.TrimLeft(line, " "))
		if cut <= max(len(indent), start) { // a word that is too wide
			from := max(width, start)
			after := strings.IndexByte(line[from:], ' ')
			if after < 0 {
				break
			}
			cut = from + after
		}
		out = append(out, strings.TrimRight(line[:cut], " "))
		line = indent + strings.TrimLeft(line[cut:], " ")
	}
	if line != "" {
		out = append(out, line)
	}
	return out
}
