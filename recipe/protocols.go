package recipe

import (
	"slices"

	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/eval/dense"
	"github.com/tessera-go/tessera/eval/detect"
)

// Protocols lists what features and trunks are judged by, in the order of a person's list: a room that has protocols adds its list here, and nothing else.
func Protocols() []eval.Kind {
	return slices.Concat(eval.Protocols(), dense.Protocols(), detect.Protocols())
}

// NewProtocol makes one of Protocols from a specification name?option=value.
func NewProtocol(of string) (eval.Protocol, error) { return eval.NewProtocol(of, Protocols()...) }
