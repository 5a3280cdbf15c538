package flow

import (
	"fmt"

	"github.com/tessera-go/tessera/tensor"
)

// ShapeError says which function was called with what, and what would fit. The functions of this package panic with it.
type ShapeError struct {
	Op  string // such as "Farneback"
	Msg string
}

func (e *ShapeError) Error() string { return "flow." + e.Op + ": " + e.Msg }

func fail(op, format string, args ...any) { panic(&ShapeError{op, fmt.Sprintf(format, args...)}) }

// wantPicture panics unless t is a grey picture with pixels.
func wantPicture(op, name string, t *tensor.Tensor) {
	if len(t.Shape) != 2 || t.Shape[0] < 1 || t.Shape[1] < 1 {
		fail(op, "%s has shape %v, want a grey picture [H W]", name, t.Shape)
	}
}

// wantPair panics unless prev and next are grey pictures of one size.
func wantPair(op string, prev, next *tensor.Tensor) {
	wantPicture(op, "prev", prev)
	wantPicture(op, "next", next)
	if prev.Shape[0] != next.Shape[0] || prev.Shape[1] != next.Shape[1] {
		fail(op, "prev %v and next %v have different sizes, want one size", prev.Shape, next.Shape)
	}
}

// wantFlow panics unless t is a flow, of h by w pixels if h is not 0.
func wantFlow(op string, t *tensor.Tensor, h, w int) {
	switch {
	case len(t.Shape) != 3 || t.Shape[2] != 2:
		fail(op, "the flow has shape %v, want [H W 2]", t.Shape)
	case h > 0 && (t.Shape[0] != h || t.Shape[1] != w):
		fail(op, "the flow has shape %v, want [%d %d 2] as the picture", t.Shape, h, w)
	}
}
