package data

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	slash "path"
	"slices"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/internal/spec"
)

// sampleTable is what a CSV says of files, a file a row.
type sampleTable struct {
	path    string
	columns []string   // their names, "" of those without one
	rows    [][]string // each as long as columns
	lines   []int      // of the file, from 1 on
}

// What a table of samples may hold.
const (
	maxTableBytes   = 64 << 20
	maxTableRows    = 1 << 20
	maxTableColumns = 256
	maxTableValue   = 1 << 10 // bytes
)

// classColumns are the names of columns that are taken for the class, in the order in which they are looked for, in lower case.
var classColumns = []string{"category", "class", "label", "class_name", "classname", "target", "classid", "class_id"}

// readTable reads a table of samples.
func readTable(path string) (*sampleTable, error) {
	st, err := os.Stat(path)
	if err == nil && !st.Mode().IsRegular() {
		err = errors.New("no file")
	}
	if err == nil && st.Size() > maxTableBytes {
		err = fmt.Errorf("%d bytes; a table of samples has at most %d", st.Size(), maxTableBytes)
	}
	var b []byte
	if err == nil {
		b, err = os.ReadFile(path)
	}
	var t *sampleTable
	if err == nil {
		t, err = parseTable(b)
	}
	if err != nil {
		if p := (*os.PathError)(nil); errors.As(err, &p) {
			err = p.Err
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t.path = path
	return t, nil
}

// parseTable reads a CSV whose first line names the columns. What is between two values is a comma, or a tab or a semicolon where the first line has no comma.
func parseTable(b []byte) (*sampleTable, error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, errors.New("an empty table; the first line has to name the columns, such as filename,category,fold")
	}
	r := csv.NewReader(bytes.NewReader(b))
	r.ReuseRecord, r.TrimLeadingSpace = true, true
	head, _, _ := bytes.Cut(b, []byte("\n"))
	for _, comma := range "\t;" {
		if !bytes.ContainsRune(head, ',') && bytes.ContainsRune(head, comma) {
			r.Comma = comma
			r.TrimLeadingSpace = comma != '\t'
		}
	}
	t := &sampleTable{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			if len(t.rows) == 0 {
				return nil, errors.New("a table without rows: nothing comes after the names of the columns")
			}
			return t, nil
		}
		if err != nil {
			return nil, tableError(err, len(t.columns))
		}
		line, _ := r.FieldPos(0)
		for i, v := range row {
			if v = strings.TrimSpace(v); len(v) > maxTableValue {
				return nil, fmt.Errorf("line %d: a value of %d bytes, at most %d are read", line, len(v), maxTableValue)
			}
			row[i] = strings.Clone(v)
		}
		if t.columns == nil {
			t.columns = slices.Clone(row)
			if err := t.checkColumns(); err != nil {
				return nil, err
			}
			continue
		}
		if len(t.rows) == maxTableRows {
			return nil, fmt.Errorf("a table of more than %d rows", maxTableRows)
		}
		t.rows, t.lines = append(t.rows, slices.Clone(row)), append(t.lines, line)
	}
}

// tableError says in words of ours what the reader of CSVs found.
func tableError(err error, columns int) error {
	p := (*csv.ParseError)(nil)
	switch {
	case !errors.As(err, &p):
		return err
	case errors.Is(p.Err, csv.ErrFieldCount):
		return fmt.Errorf("line %d has not the %d values that the first line has names of", p.Line, columns)
	}
	return fmt.Errorf("line %d: %w", p.Line, p.Err)
}

func (t *sampleTable) checkColumns() error {
	if len(t.columns) > maxTableColumns {
		return fmt.Errorf("a table of %d columns, at most %d are read", len(t.columns), maxTableColumns)
	}
	seen := map[string]bool{}
	for _, name := range t.columns {
		if name != "" && seen[name] {
			return fmt.Errorf("two columns are called %q", spec.Line(name))
		}
		seen[name] = true
	}
	return nil
}

// column returns the place of the first column with one of these names, in capitals or not, in the order of the names; -1 where there is none.
func (t *sampleTable) column(names ...string) int {
	for _, name := range names {
		if i := slices.IndexFunc(t.columns, func(c string) bool { return strings.EqualFold(c, name) }); i >= 0 {
			return i
		}
	}
	return -1
}

// rowsOf returns the row of each file, -1 where there is none, and the column of their names: that of which most values are paths of files, or their names
// without the folders where no two files are called so.
func (t *sampleTable) rowsOf(files []string) (rows []int, names int, err error) {
	number := map[string]int{}
	for i, f := range files {
		base := slash.Base(f)
		if _, twice := number[base]; twice {
			number[base] = -1
		} else {
			number[base] = i
		}
	}
	for i, f := range files {
		number[f] = i
	}
	file := func(value string) int {
		for _, path := range []string{value, slash.Clean(strings.ReplaceAll(value, `\`, "/"))} {
			if i, ok := number[path]; ok {
				return i
			}
		}
		return -1
	}
	most := 0
	for c := range t.columns {
		n := 0
		for _, row := range t.rows {
			if file(row[c]) >= 0 {
				n++
			}
		}
		if n > most {
			names, most = c, n
		}
	}
	if most == 0 {
		return nil, 0, fmt.Errorf("%s: none of its %d columns has names of the files, such as %s", t.path, len(t.columns), spec.Line(files[0]))
	}
	rows = slices.Repeat([]int{-1}, len(files))
	for r, row := range t.rows {
		i := file(row[names])
		if i < 0 {
			continue
		}
		if rows[i] >= 0 {
			return nil, 0, fmt.Errorf("%s: lines %d and %d are both of %s", t.path, t.lines[rows[i]], t.lines[r], spec.Line(files[i]))
		}
		rows[i] = r
	}
	return rows, names, nil
}

// labels returns a column as classes of files whose rows are given, -1 where there is no value; nil where it divides nothing, since each file has a value of its own
// or none has one.
func (t *sampleTable) labels(column int, rows []int) *folderLabels {
	value := func(r int) string {
		if r < 0 {
			return ""
		}
		return t.rows[r][column]
	}
	index, known := map[string]int{}, 0
	for _, r := range rows {
		if v := value(r); v != "" {
			index[v] = 0
			known++
		}
	}
	if known == 0 || known == len(index) && known > 1 {
		return nil
	}
	l := &folderLabels{labels: make([]int, len(rows))}
	for v := range index {
		l.classes = append(l.classes, v)
	}
	slices.SortFunc(l.classes, byValue)
	for i, v := range l.classes {
		index[v] = i
	}
	for i, r := range rows {
		l.labels[i] = -1
		if v := value(r); v != "" {
			l.labels[i] = index[v]
		}
	}
	return l
}

// byValue orders whole numbers by what they are, before all else, which is ordered as text.
func byValue(a, b string) int {
	x, errX := strconv.ParseInt(a, 10, 64)
	y, errY := strconv.ParseInt(b, 10, 64)
	switch {
	case errX == nil && errY == nil && x != y:
		if x < y {
			return -1
		}
		return 1
	case errX == nil && errY != nil:
		return -1
	case errX != nil && errY == nil:
		return 1
	}
	return strings.Compare(a, b)
}
