package autograd

import (
	"bufio"
	"fmt"
	"html"
	"io"

	"github.com/tessera-go/tessera/tensor"
)

// WriteDOT writes the recorded graph in Graphviz's language: a box an operation, with place and shape, an edge a value.
func (t *Tape) WriteDOT(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "digraph tape {\n\trankdir=TB; node [shape=box, fontname=sans, fontsize=10];")
	for i, n := range t.nodes {
		fmt.Fprintf(b, "\tn%d [label=%q];\n", i+1, nodeLabel(n))
		for _, in := range n.ins {
			switch {
			case in.node > 0:
				fmt.Fprintf(b, "\tn%d -> n%d;\n", in.node, i+1)
			case in.id > 0:
				fmt.Fprintf(b, "\tp%d [label=%q, style=filled, fillcolor=lightyellow];\n\tp%d -> n%d;\n", in.id, fmt.Sprint("param ", in.Shape()), in.id, i+1)
			default:
				fmt.Fprintf(b, "\ti%d_%p [label=%q, style=filled, fillcolor=lightblue];\n\ti%d_%p -> n%d;\n", i, in, fmt.Sprint("input ", shapeOf(in.Value)), i, in, i+1)
			}
		}
	}
	fmt.Fprintln(b, "}")
	return b.Flush()
}

func shapeOf(t *tensor.Tensor) []int {
	if t == nil {
		return nil
	}
	return t.Shape
}

func nodeLabel(n node) string {
	s := fmt.Sprint(n.name, " ", shapeOf(n.out.Value))
	if n.place != "" {
		s = n.place + "\n" + s
	}
	return s
}

// WriteSVG draws the recorded operations, a row for each depth (the longest way from an input).
func (t *Tape) WriteSVG(w io.Writer) error {
	const bw, bh, gx, gy = 210, 34, 14, 22
	depth := make([]int, len(t.nodes)+1)
	col := make([]int, len(t.nodes)+1)
	width := map[int]int{}
	rows, cols := 0, 1
	for i, n := range t.nodes {
		d := 0
		for _, in := range n.ins {
			if in.node > 0 {
				d = max(d, depth[in.node]+1)
			}
		}
		depth[i+1], col[i+1] = d, width[d]
		width[d]++
		rows, cols = max(rows, d+1), max(cols, width[d])
	}
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n", cols*(bw+gx)+gx, rows*(bh+gy)+gy)
	at := func(i int) (x, y int) { return gx + col[i]*(bw+gx), gy + depth[i]*(bh+gy) }
	for i, n := range t.nodes {
		x, y := at(i + 1)
		for _, in := range n.ins {
			if in.node > 0 {
				px, py := at(in.node)
				fmt.Fprintf(b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#888"/>`+"\n", px+bw/2, py+bh, x+bw/2, y)
			}
		}
	}
	for i, n := range t.nodes {
		x, y := at(i + 1)
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" rx="4" fill="#eef" stroke="#447"/><text x="%d" y="%d">%s</text><text x="%d" y="%d" fill="#666">%s</text>`+"\n",
			x, y, bw, bh, x+6, y+14, html.EscapeString(fmt.Sprint(n.name, " ", shapeOf(n.out.Value))), x+6, y+28, html.EscapeString(n.place))
	}
	fmt.Fprintln(b, "</svg>")
	return b.Flush()
}
