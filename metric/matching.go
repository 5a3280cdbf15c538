package metric

import (
	"math"
	"slices"
)

// Matching returns for each row of cost, rows of equal length, the column that it is matched with, no two the same, so that the sum of the costs is the least; of more
// rows than columns as many as there are columns, the others have -1. It is the Hungarian method by shortest augmenting paths (Jonker and Volgenant, "A shortest
// augmenting path algorithm for dense and sparse linear assignment problems", 1987; after Crouse 2016, section III), rows²·columns steps. Costs are finite.
func Matching(cost [][]float64) []int {
	if len(cost) == 0 {
		return nil
	}
	rows, cols := len(cost), len(cost[0])
	if rows > cols {
		turned := make([][]float64, cols)
		for j := range turned {
			turned[j] = make([]float64, rows)
			for i := range cost {
				turned[j][i] = cost[i][j]
			}
		}
		out := make([]int, rows)
		for i := range out {
			out[i] = -1
		}
		for j, i := range Matching(turned) {
			out[i] = j
		}
		return out
	}
	u, v := make([]float64, rows), make([]float64, cols) // the prices of rows and columns: no cost is below their sum
	rowOf, colOf := make([]int, cols), make([]int, rows) // who is matched with whom, -1 for nobody
	for j := range rowOf {
		rowOf[j] = -1
	}
	for i := range colOf {
		colOf[i] = -1
	}
	from, short, done := make([]int, cols), make([]float64, cols), make([]bool, cols)
	for first := range cost { // one row more at a time, by the cheapest path to a column that is free
		for j := range short {
			short[j], done[j] = math.Inf(1), false
		}
		least, i, end := 0.0, first, -1
		for end < 0 {
			next := -1
			for j, c := range cost[i] {
				if done[j] {
					continue
				}
				if d := least + c - u[i] - v[j]; d < short[j] {
					short[j], from[j] = d, i
				}
				if next < 0 || short[j] < short[next] || short[j] == short[next] && rowOf[j] < 0 && rowOf[next] >= 0 {
					next = j
				}
			}
			least, done[next] = short[next], true
			if i = rowOf[next]; i < 0 {
				end = next
			}
		}
		u[first] += least
		for j := range done {
			if done[j] && j != end {
				u[rowOf[j]] += least - short[j]
				v[j] -= least - short[j]
			}
		}
		for j := end; ; { // the path is turned round: who was matched on it is matched with the column before
			i := from[j]
			rowOf[j] = i
			if j, colOf[i] = colOf[i], j; i == first {
				break
			}
		}
	}
	return colOf
}

// Matched returns the share of things whose part of one division is matched with their part of the other, with the parts matched one to one so that it is the largest:
// of clusters and classes the clustering accuracy (Yang, Xu, Nie, Yan, Zhuang, "Image clustering using local discriminant models", 2010, equation 24). It lies in (0, 1].
func (t *Agreement) Matched() float64 {
	q := len(t.sizeB)
	cost := make([][]float64, len(t.sizeA))
	for i := range cost {
		cost[i] = make([]float64, q)
		for j := range cost[i] {
			cost[i][j] = -float64(t.cells[i*q+j])
		}
	}
	sum := 0.0
	for i, j := range Matching(cost) {
		if j >= 0 {
			sum -= cost[i][j]
		}
	}
	return sum / float64(t.n)
}

// Largest returns the share of the largest part of the second division: what Matched is where the first is a single part.
func (t *Agreement) Largest() float64 { return float64(slices.Max(t.sizeB)) / float64(t.n) }
