package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/tessera-go/tessera/internal/columns"
	"golang.org/x/term"
)

// widthOf is how many columns a terminal has; 0 for what is none, whose lines stay whole.
var widthOf = func(f *os.File) int {
	if !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	w, _, err := term.GetSize(int(f.Fd()))
	if err != nil || w < 20 {
		return 80
	}
	return w
}

// say prints lines for a person, folded where f is a terminal that is narrower; a line that is indented by four is a command to copy
// and stays as it is.
func say(f *os.File, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w := widthOf(f)
	for _, line := range strings.Split(text, "\n") {
		if w == 0 || strings.HasPrefix(line, "    ") {
			fmt.Fprintln(f, line)
			continue
		}
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))] + "  "
		for _, l := range columns.Fold(line, w, indent) {
			fmt.Fprintln(f, l)
		}
	}
}
