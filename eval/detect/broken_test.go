package detect

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/data"
	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/layers"
)

// broken is a YOLO folder of n pictures with a box each, of which number 1 is no picture.
func broken(t *testing.T, n int) *data.Dataset {
	t.Helper()
	dir := t.TempDir()
	put := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		var b strings.Builder
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 32, 32))); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			b.Reset()
			b.WriteString("no picture")
		}
		put(fmt.Sprintf("images/%d.png", i), b.String())
		put(fmt.Sprintf("labels/%d.txt", i), "0 0.5 0.5 0.5 0.5\n")
	}
	put("classes.txt", "thing\n")
	d, err := data.Open("yolo:"+dir, data.Train)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestUnreadable: a file that is no picture is told, counted and left out, and the others keep their numbers; too many end it.
func TestUnreadable(t *testing.T) {
	d := broken(t, 5)
	var bad []int
	o := eval.Options{MaxBad: 0.5, Bad: func(i int, _ error) { bad = append(bad, i) }, Drawn: func(eval.Encoder, eval.Drawing) error { return nil }}
	p := Detect{Epochs: 1, Channels: 8, Augment: "no"}
	scores, err := p.Tune(context.Background(), encoder(t, 32), d, d, o)
	if err != nil {
		t.Fatal(err)
	}
	if s := scores[0]; s.Train != 4 || s.Test != 4 || !slices.Equal(bad, []int{1, 1}) {
		t.Errorf("%d training and %d test samples, broken are %v; want 4, 4, and number 1 of both", s.Train, s.Test, bad)
	}
	if _, err := p.Tune(context.Background(), encoder(t, 32), d, d, eval.Options{}); !errors.Is(err, data.ErrTooManyBad) {
		t.Errorf("none may be broken: %v", err)
	}
	s, _, err := seeing{32, data.HalfNorm}.show(context.Background(), d, map[string]int{"thing": 0}, eval.Options{MaxBad: 0.5})
	if err != nil || !slices.Equal(s.index, []int{0, 2, 3, 4}) || len(s.objects) != 4 || len(s.size) != 4 || s.pictures.Images.Len() != 4 {
		t.Fatalf("%+v: %v", s, err)
	}
	bad = nil
	s.told(o).Bad(1, nil)
	if bad[0] != 2 {
		t.Errorf("row 1 is told as sample %d, want 2", bad[0])
	}
}

// counts is a detector that finds nothing and counts the pictures it is shown at once.
type counts struct{ shown []int }

func (*counts) Visit(string, func(layers.Param))                 {}
func (*counts) Loss(x *autograd.Var, _ [][]Object) *autograd.Var { return x }
func (*counts) uses() []string                                   { return nil }
func (c *counts) Find(x *autograd.Var) [][]Found {
	c.shown = append(c.shown, x.Shape()[0])
	return make([][]Found, x.Shape()[0])
}

// TestTestBatches: test pictures are looked at in batches of the size that was asked for.
func TestTestBatches(t *testing.T) {
	d, err := data.Open("scenes:?n=5&side=32&objects=1", data.Train)
	if err != nil {
		t.Fatal(err)
	}
	numbers, err := number(d.Truth.BoxClasses())
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := seeing{32, data.HalfNorm}.show(context.Background(), d, numbers, eval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var c counts
	if _, _, err := (Detect{BatchSize: 2}).find(context.Background(), &c, encoder(t, 32), s, eval.Options{}); err != nil || !slices.Equal(c.shown, []int{2, 2, 1}) {
		t.Errorf("batches of %v pictures, want 2, 2 and 1: %v", c.shown, err)
	}
}
