package canvas

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Rows is a drawing of values from 0 on, a row for each name with a dot for each kind.
type Rows struct {
	Title   string
	Names   []string
	Kinds   []string
	Values  [][]float64 // of each name and kind; NaN for none
	Percent bool
}

// How Rows are laid out: the width of all and of the names, heights of a row and of a line of the key, and about how wide a letter is.
const (
	rowsWide, namesWide  = 460, 172
	rowHigh, rowsKeyHigh = 20, 17
	keyLetter            = 6.6
)

// SVG draws the rows for a page; "" if there are none. What is no finite number from 0 on is left out.
func (c Rows) SVG() string {
	x := axis{lo: 0, hi: 0, from: namesWide, to: rowsWide - 22}
	for _, values := range c.Values {
		for _, v := range values {
			if drawn(v) {
				x.hi = max(x.hi, v)
			}
		}
	}
	if len(c.Names) == 0 {
		return ""
	}
	if x.hi == 0 {
		x.hi = 0.01
	}
	step := niceStep(x.hi)
	x.hi = math.Ceil(x.hi/step-1e-9) * step
	key, lines := c.key()
	top := 30 + lines*rowsKeyHigh
	foot := top + len(c.Names)*rowHigh
	b := &strings.Builder{}
	fmt.Fprintf(b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s"><text x="8" y="18" class="title">%s</text>%s`, rowsWide, foot+26, escape(c.Title), escape(c.Title), key)
	at, step := x.ticks()
	for _, v := range at {
		fmt.Fprintf(b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" class="grid"/><text x="%.1f" y="%d" class="tick" text-anchor="middle">%s</text>`, x.at(v), x.at(v), top, foot, x.at(v), foot+16,
			label(v, step, c.Percent))
	}
	for row, name := range c.Names {
		y := top + row*rowHigh + rowHigh/2
		fmt.Fprintf(b, `<text x="%d" y="%d" class="tick" text-anchor="end">%s</text><line x1="%.0f" x2="%.0f" y1="%d" y2="%d" class="grid"/>`, namesWide-10, y+4, escape(short(name)), x.from, x.to, y, y)
		for kind, v := range c.Values[row] {
			if drawn(v) {
				beside := (float64(kind) - float64(len(c.Kinds)-1)/2) * min(2.5, 8/float64(max(1, len(c.Kinds)-1))) // equal values lie beside each other
				fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="4.5" fill="%s" fill-opacity="0.8"><title>%s, %s: %s</title></circle>`, x.at(v), float64(y)+beside, Colours[kind%len(Colours)], escape(name), escape(c.Kinds[kind]),
					label(v, 0, c.Percent))
			}
		}
	}
	b.WriteString("</svg>")
	return b.String()
}

func drawn(v float64) bool { return v >= 0 && v <= mostDrawn }

// short is as much of a name as has room.
func short(name string) string {
	const most = int(namesWide-12) * 10 / 59
	if utf8.RuneCountInString(name) <= most {
		return name
	}
	return string([]rune(name)[:most-1]) + "…"
}

// key draws the kinds that have a value, in as many lines as they take.
func (c Rows) key() (text string, lines int) {
	b := &strings.Builder{}
	at := 8.0
	for kind, name := range c.Kinds {
		has := false
		for _, values := range c.Values {
			has = has || drawn(values[kind])
		}
		if !has {
			continue
		}
		wide := 22 + keyLetter*float64(utf8.RuneCountInString(name))
		if lines == 0 || at+wide > rowsWide {
			at, lines = 8, lines+1
		}
		y := 22 + lines*rowsKeyHigh
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%d" r="5" fill="%s"/><text x="%.1f" y="%d" class="tick">%s</text>`, at+5, y-4, Colours[kind%len(Colours)], at+14, y, escape(name))
		at += wide
	}
	return b.String(), lines
}
