package recipe

import (
	"context"
	"fmt"
	"slices"

	"github.com/tessera-go/tessera/eval"
	"github.com/tessera-go/tessera/eval/dense"
	"github.com/tessera-go/tessera/eval/detect"
)

// Protocols lists what is judged by, in the order of a person's list: a room that has protocols adds its list here, and nothing else.
func Protocols() []eval.Kind {
	return slices.Concat(eval.Protocols(), dense.Protocols(), detect.Protocols(), wordKinds, []eval.Kind{eval.TrackKind}, pairKinds)
}

// Handed lists what some of Protocols are handed in place of features or trunks and samples.
func Handed() (out []*eval.Handed) {
	for _, k := range Protocols() {
		if k.Handed != nil && !slices.Contains(out, k.Handed) {
			out = append(out, k.Handed)
		}
	}
	return out
}

// Gathered lists what a command takes in place of one of Protocols: several of these at once, or what they said before.
func Gathered() []eval.Kind { return []eval.Kind{suiteKind, summaryKind, compareKind} }

// FindProtocol returns which of Protocols a specification name?option=value names, and the protocol.
func FindProtocol(of string) (eval.Kind, eval.Protocol, error) { return eval.Find(of, Protocols()) }

// NewProtocol makes one of Protocols from a specification name?option=value.
func NewProtocol(of string) (eval.Protocol, error) { return eval.NewProtocol(of, Protocols()...) }

// judgeOther judges the model by those of the protocols that are handed neither features nor trunks and samples, and returns the others.
func (m *Model) judgeOther(ctx context.Context, c Comparison) (scores []eval.Score, others []eval.Protocol, err error) {
	for _, p := range c.Protocols {
		var some []eval.Score
		switch p := p.(type) {
		case eval.Follower:
			some, err = m.judgeFilms(ctx, p, c.Data, c.Eval)
		case pairJudger:
			some, err = m.judgePairs(ctx, p, c.Data, c.Eval)
		case WordJudger:
			err = fmt.Errorf("%s judges vectors of words, which %s has none of", p.Name(), m.name())
		default:
			others = append(others, p)
		}
		if scores = append(scores, some...); err != nil {
			return scores, others, err
		}
	}
	return scores, others, nil
}
