//go:build arm64 && !purego

#include "textflag.h"

// Winograd's transforms; the Go loops and their source stand in winograd.go. n is a multiple of 16 floats, in bytes
// here, as all distances; count is at least 1.

// winogradInput4: the 6 rows d become the 6 rows r; see winograd.go
//
// func winogradInput4NEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradInput4NEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD dstRow+16(FP), R2
	MOVD dstNext+24(FP), R3
	MOVD srcRow+32(FP), R4
	MOVD srcNext+40(FP), R5
	MOVD n+48(FP), R6
	MOVD count+56(FP), R7
	MOVW $0x402e4000, R8
	VDUP R8, V31.S4 // pApB
	MOVW $0x3f882000, R8
	VDUP R8, V30.S4 // pAB
	MOVW $0x40100000, R8
	VDUP R8, V29.S4 // pB
	MOVW $0x3f300000, R8
	VDUP R8, V28.S4 // pa
	MOVW $0x3ef20000, R8
	VDUP R8, V27.S4 // pA
	MOVW $0x3fc00000, R8
	VDUP R8, V26.S4 // pb
	// R0 dst, R2 its rows, R3 its next; R1 src, R4, R5; R6 bytes a row, R7 rows left
next:
	MOVD R0, R8
	MOVD R1, R9
	MOVD R6, R10
step:
	MOVD R9, R11
	VLD1 (R11), [V0.S4]
	ADD R4, R11
	VLD1 (R11), [V1.S4]
	ADD R4, R11
	VLD1 (R11), [V2.S4]
	ADD R4, R11
	VLD1 (R11), [V3.S4]
	ADD R4, R11
	VLD1 (R11), [V4.S4]
	ADD R4, R11
	VLD1 (R11), [V5.S4]
	VORR V4.B16, V4.B16, V7.B16
	VFMLS V2.S4, V31.S4, V7.S4
	VFMLA V0.S4, V30.S4, V7.S4
	VFMLS V3.S4, V31.S4, V5.S4
	VFMLA V1.S4, V30.S4, V5.S4
	VORR V4.B16, V4.B16, V6.B16
	VFMLS V2.S4, V29.S4, V6.S4
	VORR V3.B16, V3.B16, V8.B16
	VFMLS V1.S4, V29.S4, V8.S4
	VORR V6.B16, V6.B16, V0.B16
	VFMLA V8.S4, V28.S4, V0.S4
	VFMLS V8.S4, V28.S4, V6.S4
	VFMLS V2.S4, V27.S4, V4.S4
	VFMLS V1.S4, V27.S4, V3.S4
	VORR V4.B16, V4.B16, V2.B16
	VFMLA V3.S4, V26.S4, V2.S4
	VFMLS V3.S4, V26.S4, V4.S4
	MOVD R8, R11
	VST1 [V7.S4], (R11)
	ADD R2, R11
	VST1 [V0.S4], (R11)
	ADD R2, R11
	VST1 [V6.S4], (R11)
	ADD R2, R11
	VST1 [V2.S4], (R11)
	ADD R2, R11
	VST1 [V4.S4], (R11)
	ADD R2, R11
	VST1 [V5.S4], (R11)
	ADD $16, R8
	ADD $16, R9
	SUBS $16, R10
	BNE step
	ADD R3, R0
	ADD R5, R1
	SUBS $1, R7
	BNE next
	RET

// winogradOutput4: the 6 rows d become the 4 rows r; see winograd.go
//
// func winogradOutput4NEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradOutput4NEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD dstRow+16(FP), R2
	MOVD dstNext+24(FP), R3
	MOVD srcRow+32(FP), R4
	MOVD srcNext+40(FP), R5
	MOVD n+48(FP), R6
	MOVD count+56(FP), R7
	MOVW $0x3f300000, R8
	VDUP R8, V31.S4 // pa
	MOVW $0x3fc00000, R8
	VDUP R8, V30.S4 // pb
	MOVW $0x3ef20000, R8
	VDUP R8, V29.S4 // pA
	MOVW $0x40100000, R8
	VDUP R8, V28.S4 // pB
	MOVW $0x3ea66000, R8
	VDUP R8, V27.S4 // pa3
	MOVW $0x40580000, R8
	VDUP R8, V26.S4 // pb3
	// R0 dst, R2 its rows, R3 its next; R1 src, R4, R5; R6 bytes a row, R7 rows left
next:
	MOVD R0, R8
	MOVD R1, R9
	MOVD R6, R10
step:
	MOVD R9, R11
	VLD1 (R11), [V0.S4]
	ADD R4, R11
	VLD1 (R11), [V1.S4]
	ADD R4, R11
	VLD1 (R11), [V2.S4]
	ADD R4, R11
	VLD1 (R11), [V3.S4]
	ADD R4, R11
	VLD1 (R11), [V4.S4]
	ADD R4, R11
	VLD1 (R11), [V5.S4]
	WORD $0x4e22d426 // fadd v6.4s, v1.4s, v2.4s
	WORD $0x4e24d467 // fadd v7.4s, v3.4s, v4.4s
	WORD $0x4ea2d428 // fsub v8.4s, v1.4s, v2.4s
	WORD $0x4ea4d469 // fsub v9.4s, v3.4s, v4.4s
	WORD $0x4e26d400 // fadd v0.4s, v0.4s, v6.4s
	WORD $0x4e27d400 // fadd v0.4s, v0.4s, v7.4s
	WORD $0x6e3fdd01 // fmul v1.4s, v8.4s, v31.4s
	VFMLA V9.S4, V30.S4, V1.S4
	WORD $0x6e3ddcc2 // fmul v2.4s, v6.4s, v29.4s
	VFMLA V7.S4, V28.S4, V2.S4
	WORD $0x6e3bdd03 // fmul v3.4s, v8.4s, v27.4s
	VFMLA V9.S4, V26.S4, V3.S4
	WORD $0x4e25d463 // fadd v3.4s, v3.4s, v5.4s
	MOVD R8, R11
	VST1 [V0.S4], (R11)
	ADD R2, R11
	VST1 [V1.S4], (R11)
	ADD R2, R11
	VST1 [V2.S4], (R11)
	ADD R2, R11
	VST1 [V3.S4], (R11)
	ADD $16, R8
	ADD $16, R9
	SUBS $16, R10
	BNE step
	ADD R3, R0
	ADD R5, R1
	SUBS $1, R7
	BNE next
	RET

// winogradOutput4Add: the 6 rows d become the 4 rows r, added to dst; see winograd.go
//
// func winogradOutput4AddNEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradOutput4AddNEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD dstRow+16(FP), R2
	MOVD dstNext+24(FP), R3
	MOVD srcRow+32(FP), R4
	MOVD srcNext+40(FP), R5
	MOVD n+48(FP), R6
	MOVD count+56(FP), R7
	MOVW $0x3f300000, R8
	VDUP R8, V31.S4 // pa
	MOVW $0x3fc00000, R8
	VDUP R8, V30.S4 // pb
	MOVW $0x3ef20000, R8
	VDUP R8, V29.S4 // pA
	MOVW $0x40100000, R8
	VDUP R8, V28.S4 // pB
	MOVW $0x3ea66000, R8
	VDUP R8, V27.S4 // pa3
	MOVW $0x40580000, R8
	VDUP R8, V26.S4 // pb3
	// R0 dst, R2 its rows, R3 its next; R1 src, R4, R5; R6 bytes a row, R7 rows left
next:
	MOVD R0, R8
	MOVD R1, R9
	MOVD R6, R10
step:
	MOVD R9, R11
	VLD1 (R11), [V0.S4]
	ADD R4, R11
	VLD1 (R11), [V1.S4]
	ADD R4, R11
	VLD1 (R11), [V2.S4]
	ADD R4, R11
	VLD1 (R11), [V3.S4]
	ADD R4, R11
	VLD1 (R11), [V4.S4]
	ADD R4, R11
	VLD1 (R11), [V5.S4]
	WORD $0x4e22d426 // fadd v6.4s, v1.4s, v2.4s
	WORD $0x4e24d467 // fadd v7.4s, v3.4s, v4.4s
	WORD $0x4ea2d428 // fsub v8.4s, v1.4s, v2.4s
	WORD $0x4ea4d469 // fsub v9.4s, v3.4s, v4.4s
	WORD $0x4e26d400 // fadd v0.4s, v0.4s, v6.4s
	WORD $0x4e27d400 // fadd v0.4s, v0.4s, v7.4s
	WORD $0x6e3fdd01 // fmul v1.4s, v8.4s, v31.4s
	VFMLA V9.S4, V30.S4, V1.S4
	WORD $0x6e3ddcc2 // fmul v2.4s, v6.4s, v29.4s
	VFMLA V7.S4, V28.S4, V2.S4
	WORD $0x6e3bdd03 // fmul v3.4s, v8.4s, v27.4s
	VFMLA V9.S4, V26.S4, V3.S4
	WORD $0x4e25d463 // fadd v3.4s, v3.4s, v5.4s
	MOVD R8, R11
	VLD1 (R11), [V25.S4]
	WORD $0x4e39d400 // fadd v0.4s, v0.4s, v25.4s
	VST1 [V0.S4], (R11)
	ADD R2, R11
	VLD1 (R11), [V25.S4]
	WORD $0x4e39d421 // fadd v1.4s, v1.4s, v25.4s
	VST1 [V1.S4], (R11)
	ADD R2, R11
	VLD1 (R11), [V25.S4]
	WORD $0x4e39d442 // fadd v2.4s, v2.4s, v25.4s
	VST1 [V2.S4], (R11)
	ADD R2, R11
	VLD1 (R11), [V25.S4]
	WORD $0x4e39d463 // fadd v3.4s, v3.4s, v25.4s
	VST1 [V3.S4], (R11)
	ADD $16, R8
	ADD $16, R9
	SUBS $16, R10
	BNE step
	ADD R3, R0
	ADD R5, R1
	SUBS $1, R7
	BNE next
	RET

// winogradGrad4: the 4 rows d become the 6 rows r; see winograd.go
//
// func winogradGrad4NEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradGrad4NEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD dstRow+16(FP), R2
	MOVD dstNext+24(FP), R3
	MOVD srcRow+32(FP), R4
	MOVD srcNext+40(FP), R5
	MOVD n+48(FP), R6
	MOVD count+56(FP), R7
	MOVW $0x3ef20000, R8
	VDUP R8, V31.S4 // pA
	MOVW $0x3f300000, R8
	VDUP R8, V30.S4 // pa
	MOVW $0x3ea66000, R8
	VDUP R8, V29.S4 // pa3
	MOVW $0x40100000, R8
	VDUP R8, V28.S4 // pB
	MOVW $0x3fc00000, R8
	VDUP R8, V27.S4 // pb
	MOVW $0x40580000, R8
	VDUP R8, V26.S4 // pb3
	// R0 dst, R2 its rows, R3 its next; R1 src, R4, R5; R6 bytes a row, R7 rows left
next:
	MOVD R0, R8
	MOVD R1, R9
	MOVD R6, R10
step:
	MOVD R9, R11
	VLD1 (R11), [V0.S4]
	ADD R4, R11
	VLD1 (R11), [V1.S4]
	ADD R4, R11
	VLD1 (R11), [V2.S4]
	ADD R4, R11
	VLD1 (R11), [V3.S4]
	VORR V0.B16, V0.B16, V4.B16
	VFMLA V2.S4, V31.S4, V4.S4
	WORD $0x6e3edc25 // fmul v5.4s, v1.4s, v30.4s
	VFMLA V3.S4, V29.S4, V5.S4
	WORD $0x4e25d486 // fadd v6.4s, v4.4s, v5.4s
	WORD $0x4ea5d487 // fsub v7.4s, v4.4s, v5.4s
	VORR V0.B16, V0.B16, V8.B16
	VFMLA V2.S4, V28.S4, V8.S4
	WORD $0x6e3bdc29 // fmul v9.4s, v1.4s, v27.4s
	VFMLA V3.S4, V26.S4, V9.S4
	WORD $0x4e29d50a // fadd v10.4s, v8.4s, v9.4s
	WORD $0x4ea9d50b // fsub v11.4s, v8.4s, v9.4s
	MOVD R8, R11
	VST1 [V0.S4], (R11)
	ADD R2, R11
	VST1 [V6.S4], (R11)
	ADD R2, R11
	VST1 [V7.S4], (R11)
	ADD R2, R11
	VST1 [V10.S4], (R11)
	ADD R2, R11
	VST1 [V11.S4], (R11)
	ADD R2, R11
	VST1 [V3.S4], (R11)
	ADD $16, R8
	ADD $16, R9
	SUBS $16, R10
	BNE step
	ADD R3, R0
	ADD R5, R1
	SUBS $1, R7
	BNE next
	RET

// winogradWeight4: the 3 rows d become the 6 rows r; see winograd.go
//
// func winogradWeight4NEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradWeight4NEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD dstRow+16(FP), R2
	MOVD dstNext+24(FP), R3
	MOVD srcRow+32(FP), R4
	MOVD srcNext+40(FP), R5
	MOVD n+48(FP), R6
	MOVD count+56(FP), R7
	MOVW $0x3f70b84d, R8
	VDUP R8, V31.S4 // g0
	MOVW $0xbf185e27, R8
	VDUP R8, V30.S4 // ga
	MOVW $0xbe900901, R8
	VDUP R8, V29.S4 // gAa
	MOVW $0xbed18175, R8
	VDUP R8, V28.S4 // gaa
	MOVW $0x3e000801, R8
	VDUP R8, V27.S4 // gb
	MOVW $0x3e900901, R8
	VDUP R8, V26.S4 // gBb
	MOVW $0x3e400c01, R8
	VDUP R8, V25.S4 // gbb
	// R0 dst, R2 its rows, R3 its next; R1 src, R4, R5; R6 bytes a row, R7 rows left
next:
	MOVD R0, R8
	MOVD R1, R9
	MOVD R6, R10
step:
	MOVD R9, R11
	VLD1 (R11), [V0.S4]
	ADD R4, R11
	VLD1 (R11), [V1.S4]
	ADD R4, R11
	VLD1 (R11), [V2.S4]
	WORD $0x6e3fdc03 // fmul v3.4s, v0.4s, v31.4s
	WORD $0x6e3edc04 // fmul v4.4s, v0.4s, v30.4s
	VFMLA V2.S4, V29.S4, V4.S4
	WORD $0x6e3cdc25 // fmul v5.4s, v1.4s, v28.4s
	WORD $0x4e25d486 // fadd v6.4s, v4.4s, v5.4s
	WORD $0x4ea5d487 // fsub v7.4s, v4.4s, v5.4s
	WORD $0x6e3bdc08 // fmul v8.4s, v0.4s, v27.4s
	VFMLA V2.S4, V26.S4, V8.S4
	WORD $0x6e39dc29 // fmul v9.4s, v1.4s, v25.4s
	WORD $0x4e29d50a // fadd v10.4s, v8.4s, v9.4s
	WORD $0x4ea9d50b // fsub v11.4s, v8.4s, v9.4s
	MOVD R8, R11
	VST1 [V3.S4], (R11)
	ADD R2, R11
	VST1 [V6.S4], (R11)
	ADD R2, R11
	VST1 [V7.S4], (R11)
	ADD R2, R11
	VST1 [V10.S4], (R11)
	ADD R2, R11
	VST1 [V11.S4], (R11)
	ADD R2, R11
	VST1 [V2.S4], (R11)
	ADD $16, R8
	ADD $16, R9
	SUBS $16, R10
	BNE step
	ADD R3, R0
	ADD R5, R1
	SUBS $1, R7
	BNE next
	RET

// winogradWeightGrad4Add: the 6 rows d become the 3 rows r, added to dst; see winograd.go
//
// func winogradWeightGrad4AddNEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradWeightGrad4AddNEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD dstRow+16(FP), R2
	MOVD dstNext+24(FP), R3
	MOVD srcRow+32(FP), R4
	MOVD srcNext+40(FP), R5
	MOVD n+48(FP), R6
	MOVD count+56(FP), R7
	MOVW $0x3f70b84d, R8
	VDUP R8, V31.S4 // g0
	MOVW $0xbf185e27, R8
	VDUP R8, V30.S4 // ga
	MOVW $0x3e000801, R8
	VDUP R8, V29.S4 // gb
	MOVW $0xbed18175, R8
	VDUP R8, V28.S4 // gaa
	MOVW $0x3e400c01, R8
	VDUP R8, V27.S4 // gbb
	MOVW $0xbe900901, R8
	VDUP R8, V26.S4 // gAa
	MOVW $0x3e900901, R8
	VDUP R8, V25.S4 // gBb
	// R0 dst, R2 its rows, R3 its next; R1 src, R4, R5; R6 bytes a row, R7 rows left
next:
	MOVD R0, R8
	MOVD R1, R9
	MOVD R6, R10
step:
	MOVD R9, R11
	VLD1 (R11), [V0.S4]
	ADD R4, R11
	VLD1 (R11), [V1.S4]
	ADD R4, R11
	VLD1 (R11), [V2.S4]
	ADD R4, R11
	VLD1 (R11), [V3.S4]
	ADD R4, R11
	VLD1 (R11), [V4.S4]
	ADD R4, R11
	VLD1 (R11), [V5.S4]
	WORD $0x4e22d426 // fadd v6.4s, v1.4s, v2.4s
	WORD $0x4e24d467 // fadd v7.4s, v3.4s, v4.4s
	WORD $0x4ea2d428 // fsub v8.4s, v1.4s, v2.4s
	WORD $0x4ea4d469 // fsub v9.4s, v3.4s, v4.4s
	WORD $0x6e3fdc00 // fmul v0.4s, v0.4s, v31.4s
	VFMLA V6.S4, V30.S4, V0.S4
	VFMLA V7.S4, V29.S4, V0.S4
	WORD $0x6e3cdd01 // fmul v1.4s, v8.4s, v28.4s
	VFMLA V9.S4, V27.S4, V1.S4
	VFMLA V6.S4, V26.S4, V5.S4
	VFMLA V7.S4, V25.S4, V5.S4
	MOVD R8, R11
	VLD1 (R11), [V24.S4]
	WORD $0x4e38d400 // fadd v0.4s, v0.4s, v24.4s
	VST1 [V0.S4], (R11)
	ADD R2, R11
	VLD1 (R11), [V24.S4]
	WORD $0x4e38d421 // fadd v1.4s, v1.4s, v24.4s
	VST1 [V1.S4], (R11)
	ADD R2, R11
	VLD1 (R11), [V24.S4]
	WORD $0x4e38d4a5 // fadd v5.4s, v5.4s, v24.4s
	VST1 [V5.S4], (R11)
	ADD $16, R8
	ADD $16, R9
	SUBS $16, R10
	BNE step
	ADD R3, R0
	ADD R5, R1
	SUBS $1, R7
	BNE next
	RET

// winogradInput2: the 4 rows d become the 4 rows r; see winograd.go
//
// func winogradInput2NEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradInput2NEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD dstRow+16(FP), R2
	MOVD dstNext+24(FP), R3
	MOVD srcRow+32(FP), R4
	MOVD srcNext+40(FP), R5
	MOVD n+48(FP), R6
	MOVD count+56(FP), R7
	// R0 dst, R2 its rows, R3 its next; R1 src, R4, R5; R6 bytes a row, R7 rows left
next:
	MOVD R0, R8
	MOVD R1, R9
	MOVD R6, R10
step:
	MOVD R9, R11
	VLD1 (R11), [V0.S4]
	ADD R4, R11
	VLD1 (R11), [V1.S4]
	ADD R4, R11
	VLD1 (R11), [V2.S4]
	ADD R4, R11
	VLD1 (R11), [V3.S4]
	WORD $0x4ea2d404 // fsub v4.4s, v0.4s, v2.4s
	WORD $0x4e22d425 // fadd v5.4s, v1.4s, v2.4s
	WORD $0x4ea1d446 // fsub v6.4s, v2.4s, v1.4s
	WORD $0x4ea3d427 // fsub v7.4s, v1.4s, v3.4s
	MOVD R8, R11
	VST1 [V4.S4], (R11)
	ADD R2, R11
	VST1 [V5.S4], (R11)
	ADD R2, R11
	VST1 [V6.S4], (R11)
	ADD R2, R11
	VST1 [V7.S4], (R11)
	ADD $16, R8
	ADD $16, R9
	SUBS $16, R10
	BNE step
	ADD R3, R0
	ADD R5, R1
	SUBS $1, R7
	BNE next
	RET

// winogradOutput2: the 4 rows d become the 2 rows r; see winograd.go
//
// func winogradOutput2NEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradOutput2NEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD dstRow+16(FP), R2
	MOVD dstNext+24(FP), R3
	MOVD srcRow+32(FP), R4
	MOVD srcNext+40(FP), R5
	MOVD n+48(FP), R6
	MOVD count+56(FP), R7
	// R0 dst, R2 its rows, R3 its next; R1 src, R4, R5; R6 bytes a row, R7 rows left
next:
	MOVD R0, R8
	MOVD R1, R9
	MOVD R6, R10
step:
	MOVD R9, R11
	VLD1 (R11), [V0.S4]
	ADD R4, R11
	VLD1 (R11), [V1.S4]
	ADD R4, R11
	VLD1 (R11), [V2.S4]
	ADD R4, R11
	VLD1 (R11), [V3.S4]
	WORD $0x4e21d404 // fadd v4.4s, v0.4s, v1.4s
	WORD $0x4e22d485 // fadd v5.4s, v4.4s, v2.4s
	WORD $0x4ea2d424 // fsub v4.4s, v1.4s, v2.4s
	WORD $0x4ea3d486 // fsub v6.4s, v4.4s, v3.4s
	MOVD R8, R11
	VST1 [V5.S4], (R11)
	ADD R2, R11
	VST1 [V6.S4], (R11)
	ADD $16, R8
	ADD $16, R9
	SUBS $16, R10
	BNE step
	ADD R3, R0
	ADD R5, R1
	SUBS $1, R7
	BNE next
	RET

// winogradOutput2Add: the 4 rows d become the 2 rows r, added to dst; see winograd.go
//
// func winogradOutput2AddNEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradOutput2AddNEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD dstRow+16(FP), R2
	MOVD dstNext+24(FP), R3
	MOVD srcRow+32(FP), R4
	MOVD srcNext+40(FP), R5
	MOVD n+48(FP), R6
	MOVD count+56(FP), R7
	// R0 dst, R2 its rows, R3 its next; R1 src, R4, R5; R6 bytes a row, R7 rows left
next:
	MOVD R0, R8
	MOVD R1, R9
	MOVD R6, R10
step:
	MOVD R9, R11
	VLD1 (R11), [V0.S4]
	ADD R4, R11
	VLD1 (R11), [V1.S4]
	ADD R4, R11
	VLD1 (R11), [V2.S4]
	ADD R4, R11
	VLD1 (R11), [V3.S4]
	WORD $0x4e21d404 // fadd v4.4s, v0.4s, v1.4s
	WORD $0x4e22d485 // fadd v5.4s, v4.4s, v2.4s
	WORD $0x4ea2d424 // fsub v4.4s, v1.4s, v2.4s
	WORD $0x4ea3d486 // fsub v6.4s, v4.4s, v3.4s
	MOVD R8, R11
	VLD1 (R11), [V31.S4]
	WORD $0x4e3fd4a5 // fadd v5.4s, v5.4s, v31.4s
	VST1 [V5.S4], (R11)
	ADD R2, R11
	VLD1 (R11), [V31.S4]
	WORD $0x4e3fd4c6 // fadd v6.4s, v6.4s, v31.4s
	VST1 [V6.S4], (R11)
	ADD $16, R8
	ADD $16, R9
	SUBS $16, R10
	BNE step
	ADD R3, R0
	ADD R5, R1
	SUBS $1, R7
	BNE next
	RET

// winogradGrad2: the 2 rows d become the 4 rows r; see winograd.go
//
// func winogradGrad2NEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradGrad2NEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD dstRow+16(FP), R2
	MOVD dstNext+24(FP), R3
	MOVD srcRow+32(FP), R4
	MOVD srcNext+40(FP), R5
	MOVD n+48(FP), R6
	MOVD count+56(FP), R7
	MOVW $0xbf800000, R8
	VDUP R8, V31.S4 // minusOne
	// R0 dst, R2 its rows, R3 its next; R1 src, R4, R5; R6 bytes a row, R7 rows left
next:
	MOVD R0, R8
	MOVD R1, R9
	MOVD R6, R10
step:
	MOVD R9, R11
	VLD1 (R11), [V0.S4]
	ADD R4, R11
	VLD1 (R11), [V1.S4]
	VORR V0.B16, V0.B16, V2.B16
	WORD $0x4e21d403 // fadd v3.4s, v0.4s, v1.4s
	WORD $0x4ea1d404 // fsub v4.4s, v0.4s, v1.4s
	WORD $0x6e3fdc25 // fmul v5.4s, v1.4s, v31.4s
	MOVD R8, R11
	VST1 [V2.S4], (R11)
	ADD R2, R11
	VST1 [V3.S4], (R11)
	ADD R2, R11
	VST1 [V4.S4], (R11)
	ADD R2, R11
	VST1 [V5.S4], (R11)
	ADD $16, R8
	ADD $16, R9
	SUBS $16, R10
	BNE step
	ADD R3, R0
	ADD R5, R1
	SUBS $1, R7
	BNE next
	RET

// winogradWeight2: the 3 rows d become the 4 rows r; see winograd.go
//
// func winogradWeight2NEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradWeight2NEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD dstRow+16(FP), R2
	MOVD dstNext+24(FP), R3
	MOVD srcRow+32(FP), R4
	MOVD srcNext+40(FP), R5
	MOVD n+48(FP), R6
	MOVD count+56(FP), R7
	MOVW $0x3f000000, R8
	VDUP R8, V31.S4 // half
	// R0 dst, R2 its rows, R3 its next; R1 src, R4, R5; R6 bytes a row, R7 rows left
next:
	MOVD R0, R8
	MOVD R1, R9
	MOVD R6, R10
step:
	MOVD R9, R11
	VLD1 (R11), [V0.S4]
	ADD R4, R11
	VLD1 (R11), [V1.S4]
	ADD R4, R11
	VLD1 (R11), [V2.S4]
	VORR V0.B16, V0.B16, V3.B16
	WORD $0x4e22d404 // fadd v4.4s, v0.4s, v2.4s
	WORD $0x6e3fdc84 // fmul v4.4s, v4.4s, v31.4s
	WORD $0x6e3fdc25 // fmul v5.4s, v1.4s, v31.4s
	WORD $0x4e25d486 // fadd v6.4s, v4.4s, v5.4s
	WORD $0x4ea5d487 // fsub v7.4s, v4.4s, v5.4s
	VORR V2.B16, V2.B16, V8.B16
	MOVD R8, R11
	VST1 [V3.S4], (R11)
	ADD R2, R11
	VST1 [V6.S4], (R11)
	ADD R2, R11
	VST1 [V7.S4], (R11)
	ADD R2, R11
	VST1 [V8.S4], (R11)
	ADD $16, R8
	ADD $16, R9
	SUBS $16, R10
	BNE step
	ADD R3, R0
	ADD R5, R1
	SUBS $1, R7
	BNE next
	RET

// winogradWeightGrad2Add: the 4 rows d become the 3 rows r, added to dst; see winograd.go
//
// func winogradWeightGrad2AddNEON(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradWeightGrad2AddNEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD dstRow+16(FP), R2
	MOVD dstNext+24(FP), R3
	MOVD srcRow+32(FP), R4
	MOVD srcNext+40(FP), R5
	MOVD n+48(FP), R6
	MOVD count+56(FP), R7
	MOVW $0x3f000000, R8
	VDUP R8, V31.S4 // half
	// R0 dst, R2 its rows, R3 its next; R1 src, R4, R5; R6 bytes a row, R7 rows left
next:
	MOVD R0, R8
	MOVD R1, R9
	MOVD R6, R10
step:
	MOVD R9, R11
	VLD1 (R11), [V0.S4]
	ADD R4, R11
	VLD1 (R11), [V1.S4]
	ADD R4, R11
	VLD1 (R11), [V2.S4]
	ADD R4, R11
	VLD1 (R11), [V3.S4]
	WORD $0x4e22d424 // fadd v4.4s, v1.4s, v2.4s
	WORD $0x6e3fdc84 // fmul v4.4s, v4.4s, v31.4s
	WORD $0x4e24d405 // fadd v5.4s, v0.4s, v4.4s
	WORD $0x4e24d466 // fadd v6.4s, v3.4s, v4.4s
	WORD $0x4ea2d424 // fsub v4.4s, v1.4s, v2.4s
	WORD $0x6e3fdc87 // fmul v7.4s, v4.4s, v31.4s
	MOVD R8, R11
	VLD1 (R11), [V30.S4]
	WORD $0x4e3ed4a5 // fadd v5.4s, v5.4s, v30.4s
	VST1 [V5.S4], (R11)
	ADD R2, R11
	VLD1 (R11), [V30.S4]
	WORD $0x4e3ed4e7 // fadd v7.4s, v7.4s, v30.4s
	VST1 [V7.S4], (R11)
	ADD R2, R11
	VLD1 (R11), [V30.S4]
	WORD $0x4e3ed4c6 // fadd v6.4s, v6.4s, v30.4s
	VST1 [V6.S4], (R11)
	ADD $16, R8
	ADD $16, R9
	SUBS $16, R10
	BNE step
	ADD R3, R0
	ADD R5, R1
	SUBS $1, R7
	BNE next
	RET
