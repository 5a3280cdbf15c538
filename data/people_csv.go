package data

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/tessera-go/tessera/internal/spec"
)

// jointColumns are the places of a table's columns.
type jointColumns struct {
	image, split int // -1 where there is no split
	names        []string
	x, y, v      []int // of each joint; v is -1 where all are known
}

// parseJoints reads a table of joints, a person a line, of a split where there is a column of that name: train, or another for testing. A joint whose
// NAME_v is 0 is not known. A person's box is that of the joints.
func parseJoints(b []byte, split string) (names []string, list []annotated, err error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff"))))
	r.ReuseRecord = true
	head, err := r.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("no table of joints: %w", err)
	}
	c, err := columnsOf(slices.Clone(head))
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]int{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return c.names, list, nil
		}
		if err != nil {
			return nil, nil, err
		}
		line, _ := r.FieldPos(0)
		file := strings.Clone(row[c.image])
		number := seen[file]
		seen[file]++
		if c.split >= 0 && (row[c.split] == string(Train)) != (split == string(Train)) {
			continue
		}
		p, err := c.person(row)
		if err == nil {
			err = fileName(file)
		}
		if err == nil && len(list) == maxPeople {
			err = fmt.Errorf("more than %d people", maxPeople)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("line %d: %w", line, err)
		}
		p.file, p.number = file, number
		list = append(list, p)
	}
}

// columnsOf finds the columns of a header.
func columnsOf(head []string) (jointColumns, error) {
	at := map[string]int{}
	for i, name := range head {
		if _, twice := at[name]; twice {
			return jointColumns{}, fmt.Errorf("two columns are called %q", spec.Line(name))
		}
		at[name] = i
	}
	c := jointColumns{split: -1}
	image, ok := at["image"]
	if !ok {
		return c, fmt.Errorf("no column is called image; the first line has to name the columns: image, NAME_x, NAME_y, NAME_v of each joint, and perhaps split")
	}
	c.image = image
	if i, ok := at["split"]; ok {
		c.split = i
	}
	for i, column := range head {
		name, is := strings.CutSuffix(column, "_x")
		y, both := at[name+"_y"]
		if !is || !both {
			continue
		}
		v, known := at[name+"_v"]
		if !known {
			v = -1
		}
		c.names, c.x, c.y, c.v = append(c.names, name), append(c.x, i), append(c.y, y), append(c.v, v)
	}
	if len(c.names) == 0 || len(c.names) > maxJoints {
		return c, fmt.Errorf("it has columns of %d joints (NAME_x and NAME_y), want 1 to %d", len(c.names), maxJoints)
	}
	return c, jointNames(c.names)
}

// person reads a line.
func (c jointColumns) person(row []string) (p annotated, err error) {
	number := func(i int) (float64, error) {
		v, err := strconv.ParseFloat(strings.TrimSpace(row[i]), 64)
		if err != nil {
			return 0, fmt.Errorf("%s is no number", spec.Line(strconv.Quote(row[i])))
		}
		return v, nil
	}
	for j, name := range c.names {
		if c.v[j] >= 0 {
			v, err := number(c.v[j])
			if err != nil {
				return p, fmt.Errorf("%s_v: %w", spec.Line(name), err)
			}
			if v == 0 {
				continue
			}
		}
		x, err := number(c.x[j])
		var y float64
		if err == nil {
			y, err = number(c.y[j])
		}
		if err == nil {
			err = place(x, y)
		}
		if err != nil {
			return p, fmt.Errorf("%s: %w", spec.Line(name), err)
		}
		p.add(knownJoint{j, float32(x), float32(y), true})
	}
	return p, nil
}
