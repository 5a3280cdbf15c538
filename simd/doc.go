// Package simd is Tessera's arithmetic on flat float32 slices: small functions, each documented by the Go loop
// that it equals, with kernels in Go assembly for AVX2+FMA, AVX-512 and NEON. It knows nothing of shapes.
//
// Start with arith.go, then gemm.go. A family's files: arith.go holds the doc and the Go loop,
// arith_avx2_amd64.s, arith_avx512_amd64.s and arith_neon_arm64.s the kernels; level.go chooses once at start.
//
// # The same bits everywhere
//
// Every kernel computes each result by the same operations in the same order on every instruction set: products
// and sums that fuse in one fuse in all, reductions run in 64 virtual lanes folded in halves, and a tile of a
// matrix product adds over k in order. So AVX2, AVX-512, NEON and the Go loops agree bit for bit, except where a
// function says otherwise (the payload of a NaN; which of two zeros Maximum returns).
//
// # Choosing
//
// The best level that the processor runs is chosen at start. SIMD=go, SIMD=avx2, SIMD=avx512 or SIMD=neon in the
// environment asks for another; a level that the machine cannot run is refused with a message on standard error
// and the best one is used. The build tag purego leaves the assembly out.
package simd
