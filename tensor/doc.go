// Package tensor holds shapes, views and every forward and gradient kernel, destination first. It knows nothing of
// gradients as a graph; package autograd calls it.
//
// A tensor is a shape over contiguous float32 memory, the last axis fastest. Images are [N H W C], convolution weights
// [KH KW I O], linear weights [I O]. Reshape and Rows return views; everything else that would need strides copies,
// so that a kernel always runs over flat memory.
//
// Names say what happens to the destination: Linear sets it, AddBias adds to it. Kernels that gradients use
// add, or set where they are told that nothing is there yet.
// A shape that does not fit panics with *ShapeError. No kernel keeps its arguments.
//
// Work is cut by shape alone and spread by internal/parallel, so the same call gives the same bits with any number of
// workers. Start with tensor.go, then matmul.go and conv.go.
package tensor
