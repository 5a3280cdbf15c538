package train

import (
	"github.com/tessera-go/tessera/autograd"
	"github.com/tessera-go/tessera/tensor"
)

// Mode is how tapes compute: the same for a run's steps and for those who look at it.
type Mode struct {
	Precision tensor.Precision
	Algorithm tensor.Algorithm
}

// on sets the mode of a tape, which it returns.
func (m Mode) on(t *autograd.Tape) *autograd.Tape { return t }

// Inference returns a tape for inference in the mode.
func (m Mode) Inference() *autograd.Tape { return m.on(autograd.NewInference()) }
