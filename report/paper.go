package report

import (
	"bytes"
	"encoding/base64"
	"html/template"
	"image"
	"image/png"
	"io"

	"github.com/tessera-go/tessera/checkpoint"
)

// Paper is a page about an experiment: words, tables and pictures, in one file.
type Paper struct {
	Title   string
	Text    []string // paragraphs
	Command string   // that made it
	Parts   []Part
	Foot    string // machine, date
}

// Part of a paper.
type Part struct {
	Title    string
	Text     []string
	Heads    []string // of the table's columns
	Rows     [][]string
	Pictures []picture
}

// Show adds a picture.
func (p *Part) Show(title, about string, im image.Image) error {
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		return err
	}
	p.Pictures = append(p.Pictures, picture{title, about, template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()))})
	return nil
}

// Write writes the page, whole or not at all.
func (p Paper) Write(path string) error {
	return checkpoint.Atomic(path, func(w io.Writer) error { return paper.Execute(w, p) })
}
