package eval

import (
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/tessera-go/tessera/checkpoint"
	"github.com/tessera-go/tessera/tensor"
)

// FeatureFormats are the endings of files that SaveFeatures writes.
var FeatureFormats = []string{".npy", ".csv", ".parquet"}

// SaveFeatures writes features [N D] and the name of each row to path, in the format of its ending:
//
//	.npy      the array, float32; the names in a .txt file beside it (see SaveArray)
//	.csv      a header, then a line each (RFC 4180): name, f0 ... f(D-1), as many digits as give the same float32 back
//	.parquet  columns name (a string; as a Go string in quotation marks where it is not UTF-8, or begins with such a mark) and features (a list of float32)
//
// It returns the file that names the rows.
func SaveFeatures(path string, x *tensor.Tensor, names []string) (list string, err error) {
	var write func(w io.Writer, x *tensor.Tensor, names []string) error
	switch strings.ToLower(filepath.Ext(path)) {
	case ".npy":
		return SaveArray(path, x, names)
	case ".csv":
		write = writeCSV
	case ".parquet":
		write = writeParquet
	default:
		return path, fmt.Errorf("%s: features are written as %s", path, strings.Join(FeatureFormats, ", "))
	}
	if len(names) != x.Dim(0) {
		return path, fmt.Errorf("%d names of %d rows", len(names), x.Dim(0))
	}
	return path, checkpoint.Atomic(path, func(w io.Writer) error { return write(w, x, names) })
}

func writeCSV(w io.Writer, x *tensor.Tensor, names []string) error {
	d := x.Len() / max(1, x.Dim(0))
	c := csv.NewWriter(w)
	row := make([]string, d+1)
	row[0] = "name"
	for j := range d {
		row[j+1] = "f" + strconv.Itoa(j)
	}
	if err := c.Write(row); err != nil {
		return err
	}
	for i, name := range names {
		row[0] = name
		for j, v := range x.Data[i*d : (i+1)*d] {
			row[j+1] = strconv.FormatFloat(float64(v), 'g', -1, 32)
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// parquetRow is a row of the file.
type parquetRow struct {
	Name     string    `parquet:"name"`
	Features []float32 `parquet:"features,list"`
}

func writeParquet(w io.Writer, x *tensor.Tensor, names []string) error {
	d := x.Len() / max(1, x.Dim(0))
	p := parquet.NewGenericWriter[parquetRow](w, parquet.Compression(&parquet.Zstd))
	for i, name := range names {
		if !utf8.ValidString(name) || strings.HasPrefix(name, `"`) {
			name = strconv.Quote(name)
		}
		if _, err := p.Write([]parquetRow{{name, x.Data[i*d : (i+1)*d]}}); err != nil {
			return err
		}
	}
	return p.Close()
}
