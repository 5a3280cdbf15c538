package eval

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"

	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/index"
	"github.com/tessera-go/tessera/tensor"
)

// What a file of cells says of itself, beside its tensors: centres [K D], the cell of each row, [N], -1 of one that is in none, and the division's Found [K].
const (
	cellsVersion = "tessera_cells" // which is "1"
	cellsRows    = "rows_sha256"   // of the rows' shape and values, little-endian
	cellsAsked   = "asked"         // the division's Asked
)

// CellsOf returns the file beside a file of features that has their cells.
func CellsOf(path string) string { return beside(path, ".cells.safetensors") }

// SaveCells writes how rows x, which are in the file of features, are divided by their cosines to the file beside it.
func SaveCells(path string, x *tensor.Tensor, d *index.Division) error {
	of, found := tensor.New(len(d.Of)), tensor.New(len(d.Found))
	for i, c := range d.Of {
		of.Data[i] = float32(c)
	}
	for i, n := range d.Found {
		found.Data[i] = float32(n)
	}
	return checkpoint.Save(CellsOf(path), &checkpoint.File{
		Tensors:  []checkpoint.Named{{Name: "centres", Value: d.Centres}, {Name: "cells", Value: of}, {Name: "found", Value: found}},
		Metadata: map[string]string{cellsVersion: "1", cellsRows: hashOf(x), cellsAsked: strconv.Itoa(d.Asked)},
	})
}

// LoadCells reads how rows x are divided from the file beside their file of features; nil where there is none. stale tells that it is of other rows.
func LoadCells(path string, x *tensor.Tensor) (d *index.Division, stale bool, err error) {
	f, err := checkpoint.Load(CellsOf(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	} else if err != nil {
		return nil, false, err
	}
	if f.Metadata[cellsVersion] == "1" && f.Metadata[cellsRows] != hashOf(x) {
		return nil, true, nil
	}
	if d, err = cellsIn(f, x); err != nil {
		return nil, false, fmt.Errorf("%s: %w", CellsOf(path), err)
	}
	return d, false, nil
}

// mostCells is up to which number a float32 has every whole one.
const mostCells = 1 << 24

// cellsIn returns the division of rows x that a file holds.
func cellsIn(f *checkpoint.File, x *tensor.Tensor) (*index.Division, error) {
	switch v := f.Metadata[cellsVersion]; v {
	case "1":
	case "":
		return nil, fmt.Errorf("this is no file of cells")
	default:
		return nil, fmt.Errorf("a file of cells of version %q; this program reads version 1", v)
	}
	d := &index.Division{Centres: f.Get("centres"), Of: make([]int32, x.Dim(0))}
	of, found := f.Get("cells"), f.Get("found")
	if d.Centres == nil || of == nil || found == nil || len(d.Centres.Shape) != 2 || len(of.Shape) != 1 || len(found.Shape) != 1 {
		return nil, fmt.Errorf("want centres [K D], cells [N] and found [K]")
	}
	cells := d.Centres.Dim(0)
	if cells < 1 || cells > min(mostCells, x.Dim(0)) || d.Centres.Dim(1) != x.Dim(1) || of.Dim(0) != x.Dim(0) || found.Dim(0) != cells {
		return nil, fmt.Errorf("centres %v, cells %v and found %v are not of rows %v", d.Centres.Shape, of.Shape, found.Shape, x.Shape)
	}
	for _, v := range d.Centres.Data {
		if v-v != 0 {
			return nil, fmt.Errorf("a centre is not finite")
		}
	}
	for i, v := range of.Data {
		if v != float32(math.Trunc(float64(v))) || !(v >= -1 && v < float32(cells)) {
			return nil, fmt.Errorf("row %d is in cell %g of %d", i, v, cells)
		}
		d.Of[i] = int32(v)
	}
	var err error
	if d.Asked, err = strconv.Atoi(f.Metadata[cellsAsked]); err != nil || d.Asked < 0 || d.Asked > mostCells {
		return nil, fmt.Errorf("asked is %q, want a whole number up to %d", f.Metadata[cellsAsked], mostCells)
	}
	last := float32(0)
	for p, v := range found.Data {
		if v != float32(math.Trunc(float64(v))) || !(v >= last && v <= float32(d.Asked)) {
			return nil, fmt.Errorf("found in %d cells is %g, in fewer %g, of %d", p+1, v, last, d.Asked)
		}
		d.Found, last = append(d.Found, int(v)), v
	}
	return d, nil
}

// hashOf returns the SHA-256 of a tensor's shape and values.
func hashOf(x *tensor.Tensor) string {
	h := sha256.New()
	fmt.Fprintln(h, x.Shape)
	b := make([]byte, 0, 1<<16)
	for i := 0; i < len(x.Data); i += cap(b) / 4 {
		b = b[:0]
		for _, v := range x.Data[i:min(len(x.Data), i+cap(b)/4)] {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))
}
