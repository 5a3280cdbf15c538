package eval

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/tessera-go/tessera/checkpoint"
)

// Made is what a file of features says of itself, in a file beside it.
type Made struct {
	Network     string `json:"network"` // the trunk
	Weights     string `json:"weights"` // of a hash of them: features of other weights are no neighbours of these
	Stage       string `json:"stage"`
	Data        string `json:"data"` // as data.Open takes it
	Fingerprint string `json:"data_fingerprint"`
	Side        int    `json:"side,omitempty"` // that pictures are seen at, and Norm how they are normalised
	Norm        string `json:"norm,omitempty"`
	Rows        int    `json:"rows"`
	Dim         int    `json:"dim"`
	Names       string `json:"names"`            // the file that names the rows
	Labels      string `json:"labels,omitempty"` // the file that has their classes
}

// beside returns a path beside a file of features.
func beside(path, ending string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ending
}

// mostMade is how many bytes a file of Made may have.
const mostMade = 1 << 20

// SaveMade writes what is to be said of a file of features to FILE.json beside it, and where classes, one for each row, are known, these to FILE.labels.csv, as
// ReadLabels reads them; a row without a class has none there.
func SaveMade(path string, m Made, names, classes []string) (Made, error) {
	if classes != nil {
		if len(names) != len(classes) {
			return m, fmt.Errorf("%d names of %d classes", len(names), len(classes))
		}
		m.Labels = beside(path, ".labels.csv")
		err := checkpoint.Atomic(m.Labels, func(w io.Writer) error {
			c := csv.NewWriter(w)
			rows := [][]string{{"name", "label"}}
			for i, name := range names {
				rows = append(rows, []string{name, classes[i]})
			}
			return c.WriteAll(rows)
		})
		if err != nil {
			return m, err
		}
	} else if err := withoutLabels(path); err != nil {
		return m, err
	}
	told := m
	told.Names, told.Labels = filepath.Base(m.Names), "" // the files may be moved together
	if m.Labels != "" {
		told.Labels = filepath.Base(m.Labels)
	}
	return m, checkpoint.Atomic(beside(path, ".json"), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(told)
	})
}

// withoutLabels takes away the classes that were written beside earlier features of this path: they are not those of its rows any more. A file that SaveMade did not
// write stays.
func withoutLabels(path string) error {
	was, err := LoadMade(path)
	if err != nil {
		return err
	}
	if was == nil || was.Labels != filepath.Base(beside(path, ".labels.csv")) {
		return nil
	}
	if err := os.Remove(beside(path, ".labels.csv")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// LoadMade returns what is said beside a file of features; nil where nothing is.
func LoadMade(path string) (*Made, error) {
	of := beside(path, ".json")
	f, err := os.Open(of)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m := &Made{}
	if err := json.NewDecoder(io.LimitReader(f, mostMade)).Decode(m); err != nil {
		return nil, fmt.Errorf("%s, which should say what made %s: %w", of, path, err)
	}
	return m, nil
}
