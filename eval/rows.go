package eval

import (
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/tensor"
)

// What a file of features or of labels may hold: of a CSV's cells and of an array's values.
const (
	maxRowValues = 1 << 28 // in all
	maxRowWide   = 1 << 16 // of a row
	maxRows      = 1 << 24
	maxLabelFile = 1 << 30 // bytes
)

// readRows reads features [N D] and the name of each row, which may be none, in the format of the file's ending, as SaveFeatures writes them.
func readRows(path string) (Rows, error) {
	r := Rows{Path: path}
	var err error
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		r.X, r.Names, err = opened(path, readCSV)
	case ".parquet":
		r.X, r.Names, err = opened(path, readParquet)
	default:
		var x *tensor.Tensor
		if x, err = tensor.LoadNPY(path); err != nil {
			return r, err
		}
		if len(x.Shape) == 0 || x.Len() == 0 {
			return r, fmt.Errorf("%s: the array has shape %v, wanted are rows", path, x.Shape)
		}
		r.X = x.Reshape(x.Dim(0), x.Len()/x.Dim(0))
		list := namesOf(path)
		if r.Names, err = readLines(list); os.IsNotExist(err) {
			r.Names, err = nil, nil
		} else if err == nil && len(r.Names) != x.Dim(0) {
			err = fmt.Errorf("%s names %d rows, %s has %d", list, len(r.Names), path, x.Dim(0))
		}
		if err != nil {
			return r, err
		}
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	seen := make(map[string]bool, len(r.Names))
	for _, name := range r.Names {
		if seen[name] {
			return r, fmt.Errorf("%s names two rows %q; which is whose nobody can tell", path, name)
		}
		seen[name] = true
	}
	if bad := notFinite(r.X); bad >= 0 {
		return r, fmt.Errorf("%s: the features of %s are not all finite numbers", path, r.name(bad))
	}
	return r, nil
}

// name tells a row for a person.
func (r Rows) name(i int) string {
	if r.Names == nil {
		return fmt.Sprintf("row %d of %s", i, r.Path)
	}
	return r.Names[i]
}

func opened(path string, read func(f *os.File) (*tensor.Tensor, []string, error)) (*tensor.Tensor, []string, error) {
	f, err := os.Open(path)
	if err != nil {
		if p := (*os.PathError)(nil); errors.As(err, &p) {
			err = p.Err
		}
		return nil, nil, err
	}
	defer f.Close()
	return read(f)
}

func readCSV(f *os.File) (*tensor.Tensor, []string, error) { return parseFeatures(f) }

// parseFeatures reads a line a row: a header, whose column name, if there is one, names the rows; all other columns are numbers.
func parseFeatures(in io.Reader) (*tensor.Tensor, []string, error) {
	c := csv.NewReader(in)
	c.ReuseRecord = true
	head, err := c.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("there is no header: name, f0, f1, ...: %w", err)
	}
	head = slices.Clone(head)
	named := -1
	for k, h := range head {
		if strings.EqualFold(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")), "name") {
			named = k
		}
	}
	d := len(head)
	if named >= 0 {
		d--
	}
	for k, h := range head { // what would tell the answer, or the order, is no feature
		switch h = strings.ToLower(strings.TrimSpace(h)); {
		case h == "label" || h == "split" || h == "class" || h == "target":
			return nil, nil, fmt.Errorf("the column %q is no feature; classes are told by --labels", head[k])
		case h == "":
			return nil, nil, fmt.Errorf("column %d has no name; an index that another program wrote is no feature (call it name, or leave it out)", k+1)
		}
	}
	if d < 1 || d > maxRowWide {
		return nil, nil, fmt.Errorf("rows of %d values; 1 to %d can be read", d, maxRowWide)
	}
	var rows table
	var names []string
	for {
		row, err := c.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		if rows.rows++; rows.rows > maxRows || rows.rows*d > maxRowValues {
			return nil, nil, fmt.Errorf("more than %d rows or %d values", maxRows, maxRowValues)
		}
		for k, cell := range row {
			if k == named {
				names = append(names, strings.Clone(cell))
				continue
			}
			v, err := strconv.ParseFloat(strings.TrimSpace(cell), 32)
			if err != nil {
				line, _ := c.FieldPos(k)
				return nil, nil, fmt.Errorf("line %d, column %q: %q is no number", line, head[k], cell)
			}
			rows.data = append(rows.data, float32(v))
		}
	}
	if rows.rows == 0 {
		return nil, nil, errors.New("there are no rows below the header")
	}
	return rows.tensor(), names, nil
}

func readParquet(f *os.File) (x *tensor.Tensor, names []string, err error) {
	st, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	return parseParquet(f, st.Size())
}

// parseParquet reads the columns name and features of a Parquet file. A damaged file can make the library panic, which is an error here.
func parseParquet(in io.ReaderAt, size int64) (x *tensor.Tensor, names []string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("it is damaged: %v", r)
		}
		if err != nil { // which may speak of names in the file
			err = errors.New(spec.Line(err.Error()))
		}
	}()
	// the library takes memory for a footer as long as the file says
	var end [8]byte
	if size < 12 {
		return nil, nil, errors.New("it is no Parquet file")
	}
	if _, err := in.ReadAt(end[:], size-8); err != nil {
		return nil, nil, err
	}
	if n := int64(binary.LittleEndian.Uint32(end[:4])); string(end[4:]) != "PAR1" || n > size-12 {
		return nil, nil, errors.New("it is no Parquet file, or cut off: its end is not where it says")
	}
	file, err := parquet.OpenFile(in, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, nil, err
	}
	if _, ok := file.Schema().Lookup("features", "list", "element"); !ok {
		return nil, nil, errors.New("wanted is a column features, a list of floats, and beside it name, a string, as tessera embed writes them")
	}
	for _, g := range file.Metadata().RowGroups {
		for _, c := range g.Columns {
			if err := checkPages(in, size, &c.MetaData); err != nil {
				return nil, nil, err
			}
		}
	}
	if n := file.NumRows(); n < 1 || n > maxRows {
		return nil, nil, fmt.Errorf("%d rows; 1 to %d can be read", n, maxRows)
	}
	r := parquet.NewGenericReader[parquetRow](file)
	defer r.Close()
	var rows table
	d := 0
	for batch := make([]parquetRow, 64); ; {
		n, err := r.Read(batch)
		for _, row := range batch[:n] {
			if rows.rows == 0 {
				d = len(row.Features)
			}
			if len(row.Features) != d || d == 0 || d > maxRowWide || len(rows.data)+d > maxRowValues {
				return nil, nil, fmt.Errorf("row %d has %d features, the first %d; wanted is one number for all, 1 to %d, and at most %d values", rows.rows, len(row.Features), d, maxRowWide, maxRowValues)
			}
			rows.data = append(rows.data, row.Features...)
			rows.rows++
			names = append(names, strings.Clone(row.Name))
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if n := file.NumRows(); int64(rows.rows) != n {
		return nil, nil, fmt.Errorf("it says that it has %d rows, and has %d", n, rows.rows)
	}
	for i, name := range names { // as writeParquet quotes them
		if strings.HasPrefix(name, `"`) {
			if plain, err := strconv.Unquote(name); err == nil {
				names[i] = plain
			}
		}
	}
	if !named(names) {
		names = nil
	}
	return rows.tensor(), names, nil
}

// maxPage is how large a page of a Parquet file may be, unpacked; programs write 1 MiB.
const maxPage = 64 << 20

// checkPages refuses a column whose pages are larger than is read, or packed in a way that lets a damaged page ask for any memory: the library takes what a page says.
func checkPages(in io.ReaderAt, size int64, m *format.ColumnMetaData) error {
	if m.Codec > format.Gzip && m.Codec != format.Zstd {
		return fmt.Errorf("it is packed by %v; plain, Snappy, gzip and Zstandard can be read", m.Codec)
	}
	at := m.DataPageOffset
	if d := m.DictionaryPageOffset; d > 0 && d < at {
		at = d
	}
	end := at + m.TotalCompressedSize
	if at < 0 || m.TotalCompressedSize < 0 || end > size {
		return errors.New("a column does not lie within the file")
	}
	for at < end {
		var h format.PageHeader
		head := make([]byte, min(end-at, maxPageHead))
		if _, err := in.ReadAt(head, at); err != nil && err != io.EOF {
			return err
		}
		r := new(thrift.CompactProtocol).NewReaderFromBytes(head) // which takes no length on trust
		if err := thrift.NewDecoder(r).Decode(&h); err != nil {
			return fmt.Errorf("a page's head: %w", err)
		}
		if h.UncompressedPageSize < 0 || h.CompressedPageSize < 0 || h.UncompressedPageSize > maxPage || h.CompressedPageSize > maxPage {
			return fmt.Errorf("a page of %d bytes, packed %d; at most %d can be read", h.UncompressedPageSize, h.CompressedPageSize, maxPage)
		}
		at += int64(r.BytesRead()) + int64(h.CompressedPageSize)
	}
	return nil
}

// maxPageHead is how long the head of a page may be: statistics hold values.
const maxPageHead = 64 << 10

// named tells whether any of the names is one.
func named(names []string) bool {
	for _, n := range names {
		if n != "" {
			return true
		}
	}
	return false
}

// LabelTable is what a file says of the classes of rows.
type LabelTable struct {
	Path   string
	Labels []string // [N]
	Names  []string // [N] of the rows, or none
	Splits []string // [N] train or test, or none
}

// ReadLabels reads the classes of rows: a CSV with a header that has the column label and may have name and split (train, test; val is test); in a .npy file whole
// numbers; in any other a line each.
func ReadLabels(path string) (*LabelTable, error) {
	t := &LabelTable{Path: path}
	if st, err := os.Stat(path); err == nil && st.Size() > maxLabelFile {
		return nil, fmt.Errorf("%s has %d bytes; a file of labels at most %d", path, st.Size(), maxLabelFile)
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".npy":
		x, err := tensor.LoadNPY(path)
		if err != nil {
			return nil, err
		}
		for _, v := range x.Data {
			if v != float32(int(v)) {
				return nil, fmt.Errorf("%s: %g is no class; wanted are whole numbers", path, v)
			}
			t.Labels = append(t.Labels, strconv.Itoa(int(v)))
		}
	case ".csv":
		b, err := os.ReadFile(path)
		if err == nil {
			err = t.parse(b)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	default:
		var err error
		if t.Labels, err = readLines(path); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// parse reads a CSV.
func (t *LabelTable) parse(b []byte) error {
	c := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(b), "\ufeff")))
	head, err := c.Read()
	if err != nil {
		return fmt.Errorf("there is no header with the column label: %w", err)
	}
	at := map[string]int{}
	for k, h := range head {
		at[strings.ToLower(strings.TrimSpace(h))] = k
	}
	label, ok := at["label"]
	if !ok {
		return fmt.Errorf("the header %q has no column label", strings.Join(head, ","))
	}
	name, hasName := at["name"]
	split, hasSplit := at["split"]
	for {
		row, err := c.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if len(t.Labels) == maxRows {
			return fmt.Errorf("more than %d rows", maxRows)
		}
		t.Labels = append(t.Labels, row[label])
		if hasName {
			t.Names = append(t.Names, row[name])
		}
		if !hasSplit {
			continue
		}
		s := strings.ToLower(strings.TrimSpace(row[split]))
		switch s {
		case "val", "valid", "validation":
			s = "test"
		case "train", "test":
		default:
			line, _ := c.FieldPos(split)
			return fmt.Errorf("line %d: the split %q is neither train nor test", line, row[split])
		}
		t.Splits = append(t.Splits, s)
	}
	if len(t.Labels) == 0 {
		return errors.New("there are no rows below the header")
	}
	return nil
}

// Of returns the class of each row of features, "" where there is none, and its split, where these are told: by the rows' names where both have any, else by their order.
func (t *LabelTable) Of(r Rows) (labels, splits []string, err error) {
	n := r.X.Dim(0)
	if t.Names == nil || r.Names == nil {
		if len(t.Labels) != n {
			return nil, nil, fmt.Errorf("%s has %d labels, %s %d rows; wanted are as many, or names in both", t.Path, len(t.Labels), r.Path, n)
		}
		return t.Labels, t.Splits, nil
	}
	at := map[string]int{}
	for i, name := range t.Names {
		if _, twice := at[name]; twice {
			return nil, nil, fmt.Errorf("%s names %q twice", t.Path, name)
		}
		at[name] = i
	}
	missing := 0
	for _, name := range r.Names {
		i, ok := at[name]
		if !ok {
			if missing++; missing == 1 {
				err = fmt.Errorf("%s has no label of %q, a row of %s", t.Path, name, r.Path)
			}
			continue
		}
		labels = append(labels, t.Labels[i])
		if t.Splits != nil {
			splits = append(splits, t.Splits[i])
		}
	}
	if missing > 1 {
		err = fmt.Errorf("%w, and of %d others", err, missing-1)
	}
	return labels, splits, err
}

// Classes numbers labels by their names in alphabetical order; "" is no class, -1.
func Classes(labels []string) *RowLabels {
	l, number := &RowLabels{}, map[string]int{}
	for _, s := range labels {
		if s != "" {
			number[s] = 0
		}
	}
	l.Names = slices.Sorted(maps.Keys(number))
	for i, s := range l.Names {
		number[s] = i
	}
	for _, s := range labels {
		n := number[s]
		if s == "" {
			n = -1
		}
		l.Number = append(l.Number, n)
	}
	return l
}
