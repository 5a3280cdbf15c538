// Package autograd records what is computed and runs it backwards. A Tape owns a step: training mode, randomness, the
// memory of every value and gradient. A Var is a tensor that a tape may be watching; a Var without a tape is inference.
//
// Each op stands in one function: shape rule, forward call into package tensor, and the backward rule as a closure that
// adds to its inputs' gradients. What the closure captures is what the op keeps alive. The package has never heard of
// parameters or layers: a tensor that lives longer than a step enters with Tape.Param.
//
// Start with tape.go, then linear.go.
package autograd
