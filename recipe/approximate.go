package recipe

import (
	"fmt"
	"math"

	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/index"
	"github.com/tessera-go/tessera/internal/spec"
	"github.com/tessera-go/tessera/tensor"
)

// ApproximateOptions are what an approximate search of kind ivf can be told.
var ApproximateOptions = []spec.Option{
	{Name: "cells", About: "how many cells rows are divided into; without it as the index has, or the square root of the number of rows"},
	{Name: "probe", About: "how many cells are looked into, those nearest to a query; without it as many as the recall takes"},
	{Name: "recall", Default: "0.95", About: "what part of the ten nearest is to be found, of rows held out when cells were made"},
}

// Approximation is how an approximate search was done, and what it is worth.
type Approximation struct {
	Cells int `json:"cells"`
	Probe int `json:"probe"` // cells that were looked into
	// Recall is which part of the ten nearest of rows held out lay in so many cells; of too few rows, none of which are held out, it is not known.
	Recall *float64 `json:"recall_at_10,omitempty"`
	// of duplicates, of the pairs that some rows have with any other, counted exactly, how many were found
	Pairs      int `json:"pairs_counted,omitempty"`
	PairsFound int `json:"pairs_found,omitempty"`
}

func (a *Approximation) String() string {
	s := fmt.Sprintf("approximate: %d of %d cells are looked into", a.Probe, a.Cells)
	switch {
	case a.Pairs > 0:
		return fmt.Sprintf("%s; of %d pairs that were counted exactly %d were found", s, a.Pairs, a.PairsFound)
	case a.Probe == a.Cells:
		return s + ", which is all: the answers are exact"
	case a.Recall == nil:
		return s + "; there are too few rows to measure what that misses"
	}
	return fmt.Sprintf("%s, which have %.1f %% of the ten nearest of rows held out", s, 100**a.Recall)
}

// approximate is what a person wants of an approximate search; 0 is what was not said.
type approximate struct {
	cells, probe int
	recall       float64
}

// readApproximate reads ivf?option=value, nil of nothing.
func readApproximate(of string) (*approximate, error) {
	if of == "" {
		return nil, nil
	}
	s, err := spec.Parse(of)
	if err != nil {
		return nil, &SettingError{"approximate", err.Error()}
	}
	if s.Kind != "ivf" || s.Path != "" {
		return nil, &SettingError{"approximate", fmt.Sprintf("%s: want ivf?option=value", of)}
	}
	v := s.Values(s.Kind, ApproximateOptions)
	a := &approximate{recall: v.Float("recall", 0, 1)}
	for name, n := range map[string]*int{"cells": &a.cells, "probe": &a.probe} {
		if v.Given(name) {
			*n = v.Int(name, 1, math.MaxInt)
		}
	}
	if v.Given("probe") && v.Given("recall") {
		v.Fail("probe says how many cells are looked into, and recall asks for as many as it takes: want one of them")
	}
	if err := v.Err(); err != nil {
		return nil, &SettingError{"approximate", err.Error()}
	}
	return a, nil
}

// judged returns how much of a division is looked into.
func (a *approximate) judged(d *index.Division) *Approximation {
	n := &Approximation{Cells: d.Centres.Dim(0), Probe: a.probe}
	if n.Probe == 0 {
		n.Probe = d.Probe(a.recall)
	}
	n.Probe = min(n.Probe, n.Cells)
	if r := d.Recall(n.Probe); r == r {
		n.Recall = &r
	}
	return n
}

// divide returns the cells of an index's rows: those beside it, or new ones, which are then kept there where that can be written to.
func (x *Index) divide(a *approximate) (*index.Division, error) {
	d, stale, err := eval.LoadCells(x.path, x.rows.X)
	if err != nil {
		return nil, err
	}
	if d != nil && (a.cells == 0 || d.Fit(a.cells) == d.Centres.Dim(0)) {
		return d, nil
	}
	d = index.Divide(x.rows.X, index.Cosine, index.DivideOptions{Cells: a.cells})
	why := ""
	if stale {
		why = ", for what was there was of other rows"
	}
	if err := eval.SaveCells(x.path, x.rows.X, d); err != nil {
		why += fmt.Sprintf("; they are not kept, and the next search divides again: %v", err)
	}
	x.say(fmt.Sprintf("%s: %d rows in %d cells%s", eval.CellsOf(x.path), len(d.Of), d.Centres.Dim(0), why))
	return d, nil
}

// nearest returns the k nearest rows of queries.
func (x *Index) nearest(q *tensor.Tensor, k int, skip func(query, at int) bool) ([][]index.Hit, error) {
	if x.want == nil {
		if x.flat == nil {
			x.flat = index.New(x.rows.X, index.Cosine)
		}
		return x.flat.Search(q, k, skip), nil
	}
	if x.ivf == nil {
		d, err := x.divide(x.want)
		if err != nil {
			return nil, err
		}
		x.cells, x.ivf = d, index.NewIVF(x.rows.X, index.Cosine, d)
	}
	x.Approximation = x.want.judged(x.cells)
	return x.ivf.Search(q, k, x.Approximation.Probe, skip), nil
}

// within calls each with the pairs of rows that are so near.
func (x *Index) within(rows *tensor.Tensor, least float32, each func(p index.Pair) bool) {
	if x.want == nil {
		index.New(rows, index.Cosine).Within(least, each)
		return
	}
	d := index.Divide(rows, index.Cosine, index.DivideOptions{Cells: x.want.cells})
	x.Approximation = x.want.judged(d)
	x.Approximation.PairsFound, x.Approximation.Pairs = index.NewIVF(rows, index.Cosine, d).Within(least, x.Approximation.Probe, each)
}
