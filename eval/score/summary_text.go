package score

import (
	"fmt"
	"io"
	"strings"

	"github.com/tessera-go/tessera/metric"
)

// textWide is how wide the tables of a summary are at most, in characters; one column of features is always there.
const textWide = 80

// Fall returns how much worse a cell's last stage is than its best, for a person; nothing where the best is the last or the only one.
func (l Line) Fall(c Cell) string {
	if c.Drop.N == 0 || c.Drop.Value == 0 {
		return ""
	}
	if l.Metric.Unit == metric.Percent {
		return fmt.Sprintf("%.1f", 100*c.Drop.Value)
	}
	return fmt.Sprintf("%.3g", c.Drop.Value)
}

// text writes a cell: its value, and the stage where it is best.
func (l Line) text(c Cell) string {
	if c.Best.N == 0 {
		return "-"
	}
	if c.Depth == 0 {
		return c.Best.Text(l.Metric.Format)
	}
	return c.Best.Text(l.Metric.Format) + " " + c.Stage
}

// WriteText writes a summary for a terminal of 80 columns: the best stage of each, how much worse the last stage is, and which protocols order features alike.
func (s *Summary) WriteText(w io.Writer) error {
	out := &strings.Builder{}
	fmt.Fprintln(out, "Best stage of each; the trivial predictor; n test samples")
	best, falls := [][]string{append([]string{"", "trivial", "n"}, s.Features...)}, [][]string{append([]string{""}, s.Features...)}
	small := false
	for _, l := range s.Lines {
		n := fmt.Sprint(l.Test) + " "
		if l.Test < FewTest {
			n, small = fmt.Sprint(l.Test)+"*", true
		}
		row := []string{l.Title, l.Metric.Format(l.Trivial), n}
		if l.Metric.Predictor == "" {
			row[1] = "-"
		}
		fall, fell := []string{l.Title}, false
		for _, c := range l.Cells {
			row = append(row, l.text(c))
			switch {
			case c.Drop.N == 0:
				fall = append(fall, "-")
			case c.Drop.Value == 0:
				fall, fell = append(fall, "0"), true
			default:
				fall, fell = append(fall, l.Fall(c)+" "+c.Stage), true
			}
		}
		best = append(best, row)
		if fell {
			falls = append(falls, fall)
		}
	}
	gain, over := []string{"", "", ""}, 0
	for _, m := range s.Gain {
		if over = max(over, m.N); m.N == 0 {
			gain = append(gain, "-")
			continue
		}
		gain = append(gain, fmt.Sprintf("%.3f", m.Value))
	}
	if over > 1 {
		gain[0] = fmt.Sprintf("mean gain of %d", over)
		best = append(best, gain)
	}
	blocks(out, best, 3)
	if over > 1 {
		fmt.Fprintln(out, "gain: how far from the trivial predictor (0) to a perfect one (1)")
	}
	if small {
		fmt.Fprintf(out, "* small: fewer than %d\n", FewTest)
	}
	for i, note := range s.Notes {
		wrapped(out, fmt.Sprintf("(%d) ", i+1), note)
	}
	if len(falls) > 1 {
		fmt.Fprintln(out, "\nHow much worse the last stage is than the best, and which that is")
		blocks(out, falls, 1)
	}
	if names, m := s.Matrix(func(rho float64, n int) string { return fmt.Sprintf("%.2f", rho) }); names != nil {
		fmt.Fprintln(out, "\nDo protocols order features alike? Spearman's rank correlation")
		rows := [][]string{{""}}
		for k := range names[:len(names)-1] {
			rows[0] = append(rows[0], fmt.Sprintf("[%d]", k+1))
		}
		for i, name := range names {
			row := append([]string{fmt.Sprintf("[%d] %s", i+1, name)}, m[i]...)
			rows = append(rows, append(row, make([]string, len(rows[0])-len(row))...))
		}
		blocks(out, rows, 1)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// blocks writes a table, the first columns again in each block where all do not fit beside each other.
func blocks(out *strings.Builder, rows [][]string, first int) {
	wide := make([]int, len(rows[0]))
	for _, row := range rows {
		for c, t := range row {
			wide[c] = max(wide[c], len([]rune(t)))
		}
	}
	head := 0
	for _, w := range wide[:min(first, len(wide))] {
		head += w + 2
	}
	for from := first; ; {
		to, w := from, head
		for to < len(wide) && (to == from || w+wide[to]+2 <= textWide+2) {
			w += wide[to] + 2
			to++
		}
		for _, row := range rows {
			line := ""
			for c, t := range row {
				if c >= first && (c < from || c >= to) {
					continue
				}
				pad := strings.Repeat(" ", wide[c]-len([]rune(t)))
				if c == 0 {
					line += t + pad + "  "
				} else {
					line += pad + t + "  "
				}
			}
			fmt.Fprintln(out, strings.TrimRight(line, " "))
		}
		if from = to; from >= len(wide) {
			return
		}
		fmt.Fprintln(out)
	}
}

// wrapped writes a note in lines of a terminal's width.
func wrapped(out *strings.Builder, head, text string) {
	line := head
	for i, word := range strings.Fields(text) {
		if i > 0 && len([]rune(line))+1+len([]rune(word)) > textWide {
			fmt.Fprintln(out, line)
			line = strings.Repeat(" ", len(head)-1)
		}
		if !strings.HasSuffix(line, " ") || i > 0 {
			line += " "
		}
		line += word
	}
	fmt.Fprintln(out, line)
}
