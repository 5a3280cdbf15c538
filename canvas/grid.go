package canvas

// Grid lays cells out in rows.
type Grid struct {
	Cols         int
	CellW, CellH int
	Gap          int // between cells, and around them
	Head         int // pixels above the first row
	Side         int // pixels left of the first column
}

// At returns the upper left corner of cell i, counted along the rows.
func (g Grid) At(i int) (x, y int) {
	return g.Side + g.Gap + i%g.Cols*(g.CellW+g.Gap), g.Head + g.Gap + i/g.Cols*(g.CellH+g.Gap)
}

// Size returns how large a sheet n cells take.
func (g Grid) Size(n int) (w, h int) {
	rows := (n + g.Cols - 1) / g.Cols
	return g.Side + g.Gap + g.Cols*(g.CellW+g.Gap), g.Head + g.Gap + rows*(g.CellH+g.Gap)
}

// Sheet returns a sheet for n cells.
func (g Grid) Sheet(n int) Sheet { return NewSheet(g.Size(n)) }
