//go:build arm64 && !purego

#include "textflag.h"

// Matrix-product tiles: mr rows by one panel of columns, accumulated in registers.
//
//	for r := range runs {
//		for p := range k {
//			for i := range mr { for j := range n { acc[i][j] += a(r, i, p) * b[(r*k+p)*nr+j] } }
//		}
//	}
//	c[i*ldc+j] = acc[i][j]            (or += where acc is set)
//
// Row tiles read a(r, i, p) = a[r*runStride + i*lda + p]; column tiles read a[r*runStride + p*lda + i].
// gemmArgs in bytes: a 0, lda 8, runs 16, runStride 24, k 32, b 40, c 48, ldc 56, n 64, acc 72, ldb 88; strides are bytes.
//
// Registers: R0 args; R1 a of this run; R4-R7 a running; R8 lda; R2 b; R3 k left; R9 runs left.
// V0-V15 sums (four a row), V16-V19 a line of b, V20-V23 elements of a. All 16 columns are stored: n is 16.

// func gemmRow4x16NEON(args *gemmArgs)
TEXT ·gemmRow4x16NEON(SB), NOSPLIT, $0-8
	MOVD args+0(FP), R0
	MOVD 0(R0), R1
	MOVD 8(R0), R8
	MOVD 16(R0), R9
	MOVD 40(R0), R2
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VEOR V6.B16, V6.B16, V6.B16
	VEOR V7.B16, V7.B16, V7.B16
	VEOR V8.B16, V8.B16, V8.B16
	VEOR V9.B16, V9.B16, V9.B16
	VEOR V10.B16, V10.B16, V10.B16
	VEOR V11.B16, V11.B16, V11.B16
	VEOR V12.B16, V12.B16, V12.B16
	VEOR V13.B16, V13.B16, V13.B16
	VEOR V14.B16, V14.B16, V14.B16
	VEOR V15.B16, V15.B16, V15.B16
	MOVD 88(R0), R11
run:
	MOVD R1, R4
	ADD R8, R4, R5
	ADD R8, R5, R6
	ADD R8, R6, R7
	MOVD 32(R0), R3
step:
	VLD1 (R2), [V16.S4, V17.S4, V18.S4, V19.S4]
	ADD R11, R2
	VLD1R.P 4(R4), [V20.S4]
	VLD1R.P 4(R5), [V21.S4]
	VLD1R.P 4(R6), [V22.S4]
	VLD1R.P 4(R7), [V23.S4]
	VFMLA V16.S4, V20.S4, V0.S4
	VFMLA V17.S4, V20.S4, V1.S4
	VFMLA V18.S4, V20.S4, V2.S4
	VFMLA V19.S4, V20.S4, V3.S4
	VFMLA V16.S4, V21.S4, V4.S4
	VFMLA V17.S4, V21.S4, V5.S4
	VFMLA V18.S4, V21.S4, V6.S4
	VFMLA V19.S4, V21.S4, V7.S4
	VFMLA V16.S4, V22.S4, V8.S4
	VFMLA V17.S4, V22.S4, V9.S4
	VFMLA V18.S4, V22.S4, V10.S4
	VFMLA V19.S4, V22.S4, V11.S4
	VFMLA V16.S4, V23.S4, V12.S4
	VFMLA V17.S4, V23.S4, V13.S4
	VFMLA V18.S4, V23.S4, V14.S4
	VFMLA V19.S4, V23.S4, V15.S4
	SUBS $1, R3
	BNE step
	MOVD 24(R0), R10
	ADD R10, R1
	SUBS $1, R9
	BNE run
	MOVD 48(R0), R2
	MOVD 56(R0), R8
	MOVD R2, R3
	MOVD 72(R0), R10
	CBZ R10, store
	VLD1 (R3), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x4e30d400 // fadd v0.4s, v0.4s, v16.4s
	WORD $0x4e31d421 // fadd v1.4s, v1.4s, v17.4s
	WORD $0x4e32d442 // fadd v2.4s, v2.4s, v18.4s
	WORD $0x4e33d463 // fadd v3.4s, v3.4s, v19.4s
	ADD R8, R3
	VLD1 (R3), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x4e30d484 // fadd v4.4s, v4.4s, v16.4s
	WORD $0x4e31d4a5 // fadd v5.4s, v5.4s, v17.4s
	WORD $0x4e32d4c6 // fadd v6.4s, v6.4s, v18.4s
	WORD $0x4e33d4e7 // fadd v7.4s, v7.4s, v19.4s
	ADD R8, R3
	VLD1 (R3), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x4e30d508 // fadd v8.4s, v8.4s, v16.4s
	WORD $0x4e31d529 // fadd v9.4s, v9.4s, v17.4s
	WORD $0x4e32d54a // fadd v10.4s, v10.4s, v18.4s
	WORD $0x4e33d56b // fadd v11.4s, v11.4s, v19.4s
	ADD R8, R3
	VLD1 (R3), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x4e30d58c // fadd v12.4s, v12.4s, v16.4s
	WORD $0x4e31d5ad // fadd v13.4s, v13.4s, v17.4s
	WORD $0x4e32d5ce // fadd v14.4s, v14.4s, v18.4s
	WORD $0x4e33d5ef // fadd v15.4s, v15.4s, v19.4s
store:
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R2)
	ADD R8, R2
	VST1 [V4.S4, V5.S4, V6.S4, V7.S4], (R2)
	ADD R8, R2
	VST1 [V8.S4, V9.S4, V10.S4, V11.S4], (R2)
	ADD R8, R2
	VST1 [V12.S4, V13.S4, V14.S4, V15.S4], (R2)
	RET

// func gemmCol4x16NEON(args *gemmArgs)
TEXT ·gemmCol4x16NEON(SB), NOSPLIT, $0-8
	MOVD args+0(FP), R0
	MOVD 0(R0), R1
	MOVD 8(R0), R8
	MOVD 16(R0), R9
	MOVD 40(R0), R2
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VEOR V6.B16, V6.B16, V6.B16
	VEOR V7.B16, V7.B16, V7.B16
	VEOR V8.B16, V8.B16, V8.B16
	VEOR V9.B16, V9.B16, V9.B16
	VEOR V10.B16, V10.B16, V10.B16
	VEOR V11.B16, V11.B16, V11.B16
	VEOR V12.B16, V12.B16, V12.B16
	VEOR V13.B16, V13.B16, V13.B16
	VEOR V14.B16, V14.B16, V14.B16
	VEOR V15.B16, V15.B16, V15.B16
	MOVD 88(R0), R11
run:
	MOVD R1, R4
	MOVD 32(R0), R3
step:
	VLD1 (R2), [V16.S4, V17.S4, V18.S4, V19.S4]
	ADD R11, R2
	VLD1R (R4), [V20.S4]
	ADD $4, R4, R5
	VLD1R (R5), [V21.S4]
	ADD $8, R4, R5
	VLD1R (R5), [V22.S4]
	ADD $12, R4, R5
	VLD1R (R5), [V23.S4]
	ADD R8, R4
	VFMLA V16.S4, V20.S4, V0.S4
	VFMLA V17.S4, V20.S4, V1.S4
	VFMLA V18.S4, V20.S4, V2.S4
	VFMLA V19.S4, V20.S4, V3.S4
	VFMLA V16.S4, V21.S4, V4.S4
	VFMLA V17.S4, V21.S4, V5.S4
	VFMLA V18.S4, V21.S4, V6.S4
	VFMLA V19.S4, V21.S4, V7.S4
	VFMLA V16.S4, V22.S4, V8.S4
	VFMLA V17.S4, V22.S4, V9.S4
	VFMLA V18.S4, V22.S4, V10.S4
	VFMLA V19.S4, V22.S4, V11.S4
	VFMLA V16.S4, V23.S4, V12.S4
	VFMLA V17.S4, V23.S4, V13.S4
	VFMLA V18.S4, V23.S4, V14.S4
	VFMLA V19.S4, V23.S4, V15.S4
	SUBS $1, R3
	BNE step
	MOVD 24(R0), R10
	ADD R10, R1
	SUBS $1, R9
	BNE run
	MOVD 48(R0), R2
	MOVD 56(R0), R8
	MOVD R2, R3
	MOVD 72(R0), R10
	CBZ R10, store
	VLD1 (R3), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x4e30d400 // fadd v0.4s, v0.4s, v16.4s
	WORD $0x4e31d421 // fadd v1.4s, v1.4s, v17.4s
	WORD $0x4e32d442 // fadd v2.4s, v2.4s, v18.4s
	WORD $0x4e33d463 // fadd v3.4s, v3.4s, v19.4s
	ADD R8, R3
	VLD1 (R3), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x4e30d484 // fadd v4.4s, v4.4s, v16.4s
	WORD $0x4e31d4a5 // fadd v5.4s, v5.4s, v17.4s
	WORD $0x4e32d4c6 // fadd v6.4s, v6.4s, v18.4s
	WORD $0x4e33d4e7 // fadd v7.4s, v7.4s, v19.4s
	ADD R8, R3
	VLD1 (R3), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x4e30d508 // fadd v8.4s, v8.4s, v16.4s
	WORD $0x4e31d529 // fadd v9.4s, v9.4s, v17.4s
	WORD $0x4e32d54a // fadd v10.4s, v10.4s, v18.4s
	WORD $0x4e33d56b // fadd v11.4s, v11.4s, v19.4s
	ADD R8, R3
	VLD1 (R3), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x4e30d58c // fadd v12.4s, v12.4s, v16.4s
	WORD $0x4e31d5ad // fadd v13.4s, v13.4s, v17.4s
	WORD $0x4e32d5ce // fadd v14.4s, v14.4s, v18.4s
	WORD $0x4e33d5ef // fadd v15.4s, v15.4s, v19.4s
store:
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R2)
	ADD R8, R2
	VST1 [V4.S4, V5.S4, V6.S4, V7.S4], (R2)
	ADD R8, R2
	VST1 [V8.S4, V9.S4, V10.S4, V11.S4], (R2)
	ADD R8, R2
	VST1 [V12.S4, V13.S4, V14.S4, V15.S4], (R2)
	RET

// func gemmRow1x16NEON(args *gemmArgs)
TEXT ·gemmRow1x16NEON(SB), NOSPLIT, $0-8
	MOVD args+0(FP), R0
	MOVD 0(R0), R1
	MOVD 8(R0), R8
	MOVD 16(R0), R9
	MOVD 40(R0), R2
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	MOVD 88(R0), R11
run:
	MOVD R1, R4
	MOVD 32(R0), R3
step:
	VLD1 (R2), [V16.S4, V17.S4, V18.S4, V19.S4]
	ADD R11, R2
	VLD1R.P 4(R4), [V20.S4]
	VFMLA V16.S4, V20.S4, V0.S4
	VFMLA V17.S4, V20.S4, V1.S4
	VFMLA V18.S4, V20.S4, V2.S4
	VFMLA V19.S4, V20.S4, V3.S4
	SUBS $1, R3
	BNE step
	MOVD 24(R0), R10
	ADD R10, R1
	SUBS $1, R9
	BNE run
	MOVD 48(R0), R2
	MOVD 56(R0), R8
	MOVD R2, R3
	MOVD 72(R0), R10
	CBZ R10, store
	VLD1 (R3), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x4e30d400 // fadd v0.4s, v0.4s, v16.4s
	WORD $0x4e31d421 // fadd v1.4s, v1.4s, v17.4s
	WORD $0x4e32d442 // fadd v2.4s, v2.4s, v18.4s
	WORD $0x4e33d463 // fadd v3.4s, v3.4s, v19.4s
store:
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R2)
	RET

// func gemmCol1x16NEON(args *gemmArgs)
TEXT ·gemmCol1x16NEON(SB), NOSPLIT, $0-8
	MOVD args+0(FP), R0
	MOVD 0(R0), R1
	MOVD 8(R0), R8
	MOVD 16(R0), R9
	MOVD 40(R0), R2
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	MOVD 88(R0), R11
run:
	MOVD R1, R4
	MOVD 32(R0), R3
step:
	VLD1 (R2), [V16.S4, V17.S4, V18.S4, V19.S4]
	ADD R11, R2
	VLD1R (R4), [V20.S4]
	ADD R8, R4
	VFMLA V16.S4, V20.S4, V0.S4
	VFMLA V17.S4, V20.S4, V1.S4
	VFMLA V18.S4, V20.S4, V2.S4
	VFMLA V19.S4, V20.S4, V3.S4
	SUBS $1, R3
	BNE step
	MOVD 24(R0), R10
	ADD R10, R1
	SUBS $1, R9
	BNE run
	MOVD 48(R0), R2
	MOVD 56(R0), R8
	MOVD R2, R3
	MOVD 72(R0), R10
	CBZ R10, store
	VLD1 (R3), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x4e30d400 // fadd v0.4s, v0.4s, v16.4s
	WORD $0x4e31d421 // fadd v1.4s, v1.4s, v17.4s
	WORD $0x4e32d442 // fadd v2.4s, v2.4s, v18.4s
	WORD $0x4e33d463 // fadd v3.4s, v3.4s, v19.4s
store:
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R2)
	RET

// copyRows: k rows of 16 floats, ld bytes apart, become neighbours; dst is a packed panel.
//
// func copyRows16NEON(dst, src *float32, ld, k int)
TEXT ·copyRows16NEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD ld+16(FP), R2
	MOVD k+24(FP), R3
row:
	VLD1 (R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	ADD R2, R1
	SUBS $1, R3
	BNE row
	RET
