//go:build arm64 && !purego

#include "textflag.h"

// Rows of a table by number; the Go loops stand in words.go. Columns are taken in blocks, every row of one before the next block: a row's
// part of it lies rows[i]·stride floats behind the table's.

// The first row is the sum's beginning; the others are added in order.
//
// func wordsMeanNEON(dst, table *float32, rows *int32, m, stride, n int, scale float32)
TEXT ·wordsMeanNEON(SB), NOSPLIT, $0-52
	MOVD dst+0(FP), R0
	MOVD table+8(FP), R1
	MOVD rows+16(FP), R2
	MOVD m+24(FP), R3
	MOVD stride+32(FP), R5
	MOVD n+40(FP), R6
	FMOVS scale+48(FP), F31
	VDUP V31.S[0], V31.S4
	LSL $2, R5
	LSR $4, R6
wide4:
	CMP $4, R6
	BLT wide1
	// 64 columns: V0 to V15 sums, V16 to V19 a line of a row; R7 its number's place, R8 rows left, R9 row
	MOVD R2, R7
	MOVD R3, R8
	MOVW.P 4(R7), R9
	MUL R5, R9, R9
	ADD R1, R9
	VLD1.P 64(R9), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(R9), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1.P 64(R9), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1.P 64(R9), [V12.S4, V13.S4, V14.S4, V15.S4]
	SUBS $1, R8
	BEQ end4
row4:
	MOVW.P 4(R7), R9
	MUL R5, R9, R9
	ADD R1, R9
	VLD1.P 64(R9), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x4e30d400 // fadd v0.4s, v0.4s, v16.4s
	WORD $0x4e31d421 // fadd v1.4s, v1.4s, v17.4s
	WORD $0x4e32d442 // fadd v2.4s, v2.4s, v18.4s
	WORD $0x4e33d463 // fadd v3.4s, v3.4s, v19.4s
	VLD1.P 64(R9), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x4e30d484 // fadd v4.4s, v4.4s, v16.4s
	WORD $0x4e31d4a5 // fadd v5.4s, v5.4s, v17.4s
	WORD $0x4e32d4c6 // fadd v6.4s, v6.4s, v18.4s
	WORD $0x4e33d4e7 // fadd v7.4s, v7.4s, v19.4s
	VLD1.P 64(R9), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x4e30d508 // fadd v8.4s, v8.4s, v16.4s
	WORD $0x4e31d529 // fadd v9.4s, v9.4s, v17.4s
	WORD $0x4e32d54a // fadd v10.4s, v10.4s, v18.4s
	WORD $0x4e33d56b // fadd v11.4s, v11.4s, v19.4s
	VLD1.P 64(R9), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x4e30d58c // fadd v12.4s, v12.4s, v16.4s
	WORD $0x4e31d5ad // fadd v13.4s, v13.4s, v17.4s
	WORD $0x4e32d5ce // fadd v14.4s, v14.4s, v18.4s
	WORD $0x4e33d5ef // fadd v15.4s, v15.4s, v19.4s
	SUBS $1, R8
	BNE row4
end4:
	WORD $0x6e3fdc00 // fmul v0.4s, v0.4s, v31.4s
	WORD $0x6e3fdc21 // fmul v1.4s, v1.4s, v31.4s
	WORD $0x6e3fdc42 // fmul v2.4s, v2.4s, v31.4s
	WORD $0x6e3fdc63 // fmul v3.4s, v3.4s, v31.4s
	WORD $0x6e3fdc84 // fmul v4.4s, v4.4s, v31.4s
	WORD $0x6e3fdca5 // fmul v5.4s, v5.4s, v31.4s
	WORD $0x6e3fdcc6 // fmul v6.4s, v6.4s, v31.4s
	WORD $0x6e3fdce7 // fmul v7.4s, v7.4s, v31.4s
	WORD $0x6e3fdd08 // fmul v8.4s, v8.4s, v31.4s
	WORD $0x6e3fdd29 // fmul v9.4s, v9.4s, v31.4s
	WORD $0x6e3fdd4a // fmul v10.4s, v10.4s, v31.4s
	WORD $0x6e3fdd6b // fmul v11.4s, v11.4s, v31.4s
	WORD $0x6e3fdd8c // fmul v12.4s, v12.4s, v31.4s
	WORD $0x6e3fddad // fmul v13.4s, v13.4s, v31.4s
	WORD $0x6e3fddce // fmul v14.4s, v14.4s, v31.4s
	WORD $0x6e3fddef // fmul v15.4s, v15.4s, v31.4s
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R0)
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R0)
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(R0)
	ADD $256, R1
	SUB $4, R6
	B wide4
wide1:
	CBZ R6, done
	// 16 columns: V0 to V3 sums
	MOVD R2, R7
	MOVD R3, R8
	MOVW.P 4(R7), R9
	MUL R5, R9, R9
	ADD R1, R9
	VLD1 (R9), [V0.S4, V1.S4, V2.S4, V3.S4]
	SUBS $1, R8
	BEQ end1
row1:
	MOVW.P 4(R7), R9
	MUL R5, R9, R9
	ADD R1, R9
	VLD1 (R9), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x4e30d400 // fadd v0.4s, v0.4s, v16.4s
	WORD $0x4e31d421 // fadd v1.4s, v1.4s, v17.4s
	WORD $0x4e32d442 // fadd v2.4s, v2.4s, v18.4s
	WORD $0x4e33d463 // fadd v3.4s, v3.4s, v19.4s
	SUBS $1, R8
	BNE row1
end1:
	WORD $0x6e3fdc00 // fmul v0.4s, v0.4s, v31.4s
	WORD $0x6e3fdc21 // fmul v1.4s, v1.4s, v31.4s
	WORD $0x6e3fdc42 // fmul v2.4s, v2.4s, v31.4s
	WORD $0x6e3fdc63 // fmul v3.4s, v3.4s, v31.4s
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	ADD $64, R1
	SUB $1, R6
	B wide1
done:
	RET

// A leaf is two lines, the last of an odd number of them is one. A row's 16 sums are folded to 4; of four rows 4 each become one vector.
//
// func wordsDotNEON(dst, h, table *float32, rows *int32, k, stride, n, apart int)
TEXT ·wordsDotNEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD h+8(FP), R1
	MOVD table+16(FP), R2
	MOVD rows+24(FP), R3
	MOVD k+32(FP), R4
	MOVD stride+40(FP), R5
	MOVD n+48(FP), R6
	MOVD apart+56(FP), R7
	LSL $2, R5
	LSL $2, R7
	LSR $4, R6
	// V0 to V7 h, V16 to V23 a row, V8 to V11 folded rows; R6 lines left, R8 place in dst, R9 in rows, R10 rows left, R11 row
leaf:
	CMP $2, R6
	BLT last
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(R1), [V4.S4, V5.S4, V6.S4, V7.S4]
	MOVD R0, R8
	MOVD R3, R9
	SUBS $4, R4, R10
	BLT tworest
twofour:
	MOVW.P 4(R9), R11
	MUL R5, R11, R11
	ADD R2, R11
	VLD1.P 64(R11), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1 (R11), [V20.S4, V21.S4, V22.S4, V23.S4]
	WORD $0x6e20de10 // fmul v16.4s, v16.4s, v0.4s
	WORD $0x6e21de31 // fmul v17.4s, v17.4s, v1.4s
	WORD $0x6e22de52 // fmul v18.4s, v18.4s, v2.4s
	WORD $0x6e23de73 // fmul v19.4s, v19.4s, v3.4s
	VFMLA V20.S4, V4.S4, V16.S4
	VFMLA V21.S4, V5.S4, V17.S4
	VFMLA V22.S4, V6.S4, V18.S4
	VFMLA V23.S4, V7.S4, V19.S4
	WORD $0x4e32d610 // fadd v16.4s, v16.4s, v18.4s
	WORD $0x4e33d631 // fadd v17.4s, v17.4s, v19.4s
	WORD $0x6e31d608 // faddp v8.4s, v16.4s, v17.4s
	MOVW.P 4(R9), R11
	MUL R5, R11, R11
	ADD R2, R11
	VLD1.P 64(R11), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1 (R11), [V20.S4, V21.S4, V22.S4, V23.S4]
	WORD $0x6e20de10 // fmul v16.4s, v16.4s, v0.4s
	WORD $0x6e21de31 // fmul v17.4s, v17.4s, v1.4s
	WORD $0x6e22de52 // fmul v18.4s, v18.4s, v2.4s
	WORD $0x6e23de73 // fmul v19.4s, v19.4s, v3.4s
	VFMLA V20.S4, V4.S4, V16.S4
	VFMLA V21.S4, V5.S4, V17.S4
	VFMLA V22.S4, V6.S4, V18.S4
	VFMLA V23.S4, V7.S4, V19.S4
	WORD $0x4e32d610 // fadd v16.4s, v16.4s, v18.4s
	WORD $0x4e33d631 // fadd v17.4s, v17.4s, v19.4s
	WORD $0x6e31d609 // faddp v9.4s, v16.4s, v17.4s
	MOVW.P 4(R9), R11
	MUL R5, R11, R11
	ADD R2, R11
	VLD1.P 64(R11), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1 (R11), [V20.S4, V21.S4, V22.S4, V23.S4]
	WORD $0x6e20de10 // fmul v16.4s, v16.4s, v0.4s
	WORD $0x6e21de31 // fmul v17.4s, v17.4s, v1.4s
	WORD $0x6e22de52 // fmul v18.4s, v18.4s, v2.4s
	WORD $0x6e23de73 // fmul v19.4s, v19.4s, v3.4s
	VFMLA V20.S4, V4.S4, V16.S4
	VFMLA V21.S4, V5.S4, V17.S4
	VFMLA V22.S4, V6.S4, V18.S4
	VFMLA V23.S4, V7.S4, V19.S4
	WORD $0x4e32d610 // fadd v16.4s, v16.4s, v18.4s
	WORD $0x4e33d631 // fadd v17.4s, v17.4s, v19.4s
	WORD $0x6e31d60a // faddp v10.4s, v16.4s, v17.4s
	MOVW.P 4(R9), R11
	MUL R5, R11, R11
	ADD R2, R11
	VLD1.P 64(R11), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1 (R11), [V20.S4, V21.S4, V22.S4, V23.S4]
	WORD $0x6e20de10 // fmul v16.4s, v16.4s, v0.4s
	WORD $0x6e21de31 // fmul v17.4s, v17.4s, v1.4s
	WORD $0x6e22de52 // fmul v18.4s, v18.4s, v2.4s
	WORD $0x6e23de73 // fmul v19.4s, v19.4s, v3.4s
	VFMLA V20.S4, V4.S4, V16.S4
	VFMLA V21.S4, V5.S4, V17.S4
	VFMLA V22.S4, V6.S4, V18.S4
	VFMLA V23.S4, V7.S4, V19.S4
	WORD $0x4e32d610 // fadd v16.4s, v16.4s, v18.4s
	WORD $0x4e33d631 // fadd v17.4s, v17.4s, v19.4s
	WORD $0x6e31d60b // faddp v11.4s, v16.4s, v17.4s
	WORD $0x6e29d508 // faddp v8.4s, v8.4s, v9.4s
	WORD $0x6e2bd54a // faddp v10.4s, v10.4s, v11.4s
	WORD $0x6e2ad508 // faddp v8.4s, v8.4s, v10.4s
	VST1.P [V8.S4], 16(R8)
	SUBS $4, R10
	BGE twofour
tworest:
	ADDS $4, R10
	BEQ twoend
tworow:
	MOVW.P 4(R9), R11
	MUL R5, R11, R11
	ADD R2, R11
	VLD1.P 64(R11), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1 (R11), [V20.S4, V21.S4, V22.S4, V23.S4]
	WORD $0x6e20de10 // fmul v16.4s, v16.4s, v0.4s
	WORD $0x6e21de31 // fmul v17.4s, v17.4s, v1.4s
	WORD $0x6e22de52 // fmul v18.4s, v18.4s, v2.4s
	WORD $0x6e23de73 // fmul v19.4s, v19.4s, v3.4s
	VFMLA V20.S4, V4.S4, V16.S4
	VFMLA V21.S4, V5.S4, V17.S4
	VFMLA V22.S4, V6.S4, V18.S4
	VFMLA V23.S4, V7.S4, V19.S4
	WORD $0x4e32d610 // fadd v16.4s, v16.4s, v18.4s
	WORD $0x4e33d631 // fadd v17.4s, v17.4s, v19.4s
	WORD $0x6e31d608 // faddp v8.4s, v16.4s, v17.4s
	WORD $0x6e28d508 // faddp v8.4s, v8.4s, v8.4s
	WORD $0x6e28d508 // faddp v8.4s, v8.4s, v8.4s
	FMOVS.P F8, 4(R8)
	SUBS $1, R10
	BNE tworow
twoend:
	ADD R7, R0
	ADD $128, R2
	SUB $2, R6
	B leaf
last:
	CBZ R6, done
	VLD1 (R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	MOVD R0, R8
	MOVD R3, R9
	SUBS $4, R4, R10
	BLT onerest
onefour:
	MOVW.P 4(R9), R11
	MUL R5, R11, R11
	ADD R2, R11
	VLD1 (R11), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x6e20de10 // fmul v16.4s, v16.4s, v0.4s
	WORD $0x6e21de31 // fmul v17.4s, v17.4s, v1.4s
	WORD $0x6e22de52 // fmul v18.4s, v18.4s, v2.4s
	WORD $0x6e23de73 // fmul v19.4s, v19.4s, v3.4s
	WORD $0x4e32d610 // fadd v16.4s, v16.4s, v18.4s
	WORD $0x4e33d631 // fadd v17.4s, v17.4s, v19.4s
	WORD $0x6e31d608 // faddp v8.4s, v16.4s, v17.4s
	MOVW.P 4(R9), R11
	MUL R5, R11, R11
	ADD R2, R11
	VLD1 (R11), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x6e20de10 // fmul v16.4s, v16.4s, v0.4s
	WORD $0x6e21de31 // fmul v17.4s, v17.4s, v1.4s
	WORD $0x6e22de52 // fmul v18.4s, v18.4s, v2.4s
	WORD $0x6e23de73 // fmul v19.4s, v19.4s, v3.4s
	WORD $0x4e32d610 // fadd v16.4s, v16.4s, v18.4s
	WORD $0x4e33d631 // fadd v17.4s, v17.4s, v19.4s
	WORD $0x6e31d609 // faddp v9.4s, v16.4s, v17.4s
	MOVW.P 4(R9), R11
	MUL R5, R11, R11
	ADD R2, R11
	VLD1 (R11), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x6e20de10 // fmul v16.4s, v16.4s, v0.4s
	WORD $0x6e21de31 // fmul v17.4s, v17.4s, v1.4s
	WORD $0x6e22de52 // fmul v18.4s, v18.4s, v2.4s
	WORD $0x6e23de73 // fmul v19.4s, v19.4s, v3.4s
	WORD $0x4e32d610 // fadd v16.4s, v16.4s, v18.4s
	WORD $0x4e33d631 // fadd v17.4s, v17.4s, v19.4s
	WORD $0x6e31d60a // faddp v10.4s, v16.4s, v17.4s
	MOVW.P 4(R9), R11
	MUL R5, R11, R11
	ADD R2, R11
	VLD1 (R11), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x6e20de10 // fmul v16.4s, v16.4s, v0.4s
	WORD $0x6e21de31 // fmul v17.4s, v17.4s, v1.4s
	WORD $0x6e22de52 // fmul v18.4s, v18.4s, v2.4s
	WORD $0x6e23de73 // fmul v19.4s, v19.4s, v3.4s
	WORD $0x4e32d610 // fadd v16.4s, v16.4s, v18.4s
	WORD $0x4e33d631 // fadd v17.4s, v17.4s, v19.4s
	WORD $0x6e31d60b // faddp v11.4s, v16.4s, v17.4s
	WORD $0x6e29d508 // faddp v8.4s, v8.4s, v9.4s
	WORD $0x6e2bd54a // faddp v10.4s, v10.4s, v11.4s
	WORD $0x6e2ad508 // faddp v8.4s, v8.4s, v10.4s
	VST1.P [V8.S4], 16(R8)
	SUBS $4, R10
	BGE onefour
onerest:
	ADDS $4, R10
	BEQ done
onerow:
	MOVW.P 4(R9), R11
	MUL R5, R11, R11
	ADD R2, R11
	VLD1 (R11), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x6e20de10 // fmul v16.4s, v16.4s, v0.4s
	WORD $0x6e21de31 // fmul v17.4s, v17.4s, v1.4s
	WORD $0x6e22de52 // fmul v18.4s, v18.4s, v2.4s
	WORD $0x6e23de73 // fmul v19.4s, v19.4s, v3.4s
	WORD $0x4e32d610 // fadd v16.4s, v16.4s, v18.4s
	WORD $0x4e33d631 // fadd v17.4s, v17.4s, v19.4s
	WORD $0x6e31d608 // faddp v8.4s, v16.4s, v17.4s
	WORD $0x6e28d508 // faddp v8.4s, v8.4s, v8.4s
	WORD $0x6e28d508 // faddp v8.4s, v8.4s, v8.4s
	FMOVS.P F8, 4(R8)
	SUBS $1, R10
	BNE onerow
done:
	RET

// x in V0 and V1, p in V2 and V3, want in V4 and V5; V28 to V31 hold -6, 1, 6 and rate. A comparison with NaN is false.
//
// func wordsSlopeNEON(dst, x, p, want *float32, n int, rate float32, skip int)
TEXT ·wordsSlopeNEON(SB), NOSPLIT, $0-56
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD p+16(FP), R2
	MOVD want+24(FP), R3
	MOVD n+32(FP), R4
	FMOVS rate+40(FP), F31
	MOVD skip+48(FP), R5
	VDUP V31.S[0], V31.S4
	FMOVS $6.0, F30
	VDUP V30.S[0], V30.S4
	FMOVS $1.0, F29
	VDUP V29.S[0], V29.S4
	FMOVS $-6.0, F28
	VDUP V28.S[0], V28.S4
	CBNZ R5, skip8
clip8:
	VLD1.P 32(R1), [V0.S4, V1.S4]
	VLD1.P 32(R2), [V2.S4, V3.S4]
	VLD1.P 32(R3), [V4.S4, V5.S4]
	// above 6
	WORD $0x6ebee406 // fcmgt v6.4s, v0.4s, v30.4s
	WORD $0x6ebee427 // fcmgt v7.4s, v1.4s, v30.4s
	WORD $0x6e621fa6 // bsl v6.16b, v29.16b, v2.16b
	WORD $0x6e631fa7 // bsl v7.16b, v29.16b, v3.16b
	// below -6
	WORD $0x6ea0e790 // fcmgt v16.4s, v28.4s, v0.4s
	WORD $0x6ea1e791 // fcmgt v17.4s, v28.4s, v1.4s
	WORD $0x4e701cc6 // bic v6.16b, v6.16b, v16.16b
	WORD $0x4e711ce7 // bic v7.16b, v7.16b, v17.16b
	WORD $0x4ea6d486 // fsub v6.4s, v4.4s, v6.4s
	WORD $0x4ea7d4a7 // fsub v7.4s, v5.4s, v7.4s
	WORD $0x6e3fdcc6 // fmul v6.4s, v6.4s, v31.4s
	WORD $0x6e3fdce7 // fmul v7.4s, v7.4s, v31.4s
	VST1.P [V6.S4, V7.S4], 32(R0)
	SUBS $8, R4
	BGT clip8
	RET
skip8:
	VLD1.P 32(R1), [V0.S4, V1.S4]
	VLD1.P 32(R2), [V2.S4, V3.S4]
	VLD1.P 32(R3), [V4.S4, V5.S4]
	// 6 and above, -6 and below
	WORD $0x6e3ee406 // fcmge v6.4s, v0.4s, v30.4s
	WORD $0x6e3ee427 // fcmge v7.4s, v1.4s, v30.4s
	WORD $0x6e20e790 // fcmge v16.4s, v28.4s, v0.4s
	WORD $0x6e21e791 // fcmge v17.4s, v28.4s, v1.4s
	VORR V16.B16, V6.B16, V6.B16
	VORR V17.B16, V7.B16, V7.B16
	WORD $0x4ea2d484 // fsub v4.4s, v4.4s, v2.4s
	WORD $0x4ea3d4a5 // fsub v5.4s, v5.4s, v3.4s
	WORD $0x6e3fdc84 // fmul v4.4s, v4.4s, v31.4s
	WORD $0x6e3fdca5 // fmul v5.4s, v5.4s, v31.4s
	WORD $0x4e661c84 // bic v4.16b, v4.16b, v6.16b
	WORD $0x4e671ca5 // bic v5.16b, v5.16b, v7.16b
	VST1.P [V4.S4, V5.S4], 32(R0)
	SUBS $8, R4
	BGT skip8
	RET

// e takes a row before h is added to it.
//
// func wordsUpdateNEON(e, h, table *float32, rows *int32, by *float32, k, stride, n int)
TEXT ·wordsUpdateNEON(SB), NOSPLIT, $0-64
	MOVD e+0(FP), R0
	MOVD h+8(FP), R1
	MOVD table+16(FP), R2
	MOVD rows+24(FP), R3
	MOVD by+32(FP), R4
	MOVD k+40(FP), R7
	MOVD stride+48(FP), R5
	MOVD n+56(FP), R6
	LSL $2, R5
	LSR $4, R6
wide2:
	CMP $2, R6
	BLT wide1
	// 32 columns: V0 to V7 h, V8 to V15 e, V16 to V23 a row, V24 its factor; R8 place in rows, R9 in by, R10 rows left, R11 and R12 row
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(R1), [V4.S4, V5.S4, V6.S4, V7.S4]
	VEOR V8.B16, V8.B16, V8.B16
	VEOR V9.B16, V9.B16, V9.B16
	VEOR V10.B16, V10.B16, V10.B16
	VEOR V11.B16, V11.B16, V11.B16
	VEOR V12.B16, V12.B16, V12.B16
	VEOR V13.B16, V13.B16, V13.B16
	VEOR V14.B16, V14.B16, V14.B16
	VEOR V15.B16, V15.B16, V15.B16
	MOVD R3, R8
	MOVD R4, R9
	MOVD R7, R10
row2:
	VLD1R.P 4(R9), [V24.S4]
	MOVW.P 4(R8), R11
	MUL R5, R11, R11
	ADD R2, R11
	VLD1 (R11), [V16.S4, V17.S4, V18.S4, V19.S4]
	ADD $64, R11, R12
	VLD1 (R12), [V20.S4, V21.S4, V22.S4, V23.S4]
	VFMLA V16.S4, V24.S4, V8.S4
	VFMLA V17.S4, V24.S4, V9.S4
	VFMLA V18.S4, V24.S4, V10.S4
	VFMLA V19.S4, V24.S4, V11.S4
	VFMLA V20.S4, V24.S4, V12.S4
	VFMLA V21.S4, V24.S4, V13.S4
	VFMLA V22.S4, V24.S4, V14.S4
	VFMLA V23.S4, V24.S4, V15.S4
	VFMLA V0.S4, V24.S4, V16.S4
	VFMLA V1.S4, V24.S4, V17.S4
	VFMLA V2.S4, V24.S4, V18.S4
	VFMLA V3.S4, V24.S4, V19.S4
	VFMLA V4.S4, V24.S4, V20.S4
	VFMLA V5.S4, V24.S4, V21.S4
	VFMLA V6.S4, V24.S4, V22.S4
	VFMLA V7.S4, V24.S4, V23.S4
	VST1 [V16.S4, V17.S4, V18.S4, V19.S4], (R11)
	VST1 [V20.S4, V21.S4, V22.S4, V23.S4], (R12)
	SUBS $1, R10
	BNE row2
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R0)
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(R0)
	ADD $128, R2
	SUB $2, R6
	B wide2
wide1:
	CBZ R6, done
	// 16 columns: V0 to V3 h, V8 to V11 e, V16 to V19 a row
	VLD1 (R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	VEOR V8.B16, V8.B16, V8.B16
	VEOR V9.B16, V9.B16, V9.B16
	VEOR V10.B16, V10.B16, V10.B16
	VEOR V11.B16, V11.B16, V11.B16
	MOVD R3, R8
	MOVD R4, R9
	MOVD R7, R10
row1:
	VLD1R.P 4(R9), [V24.S4]
	MOVW.P 4(R8), R11
	MUL R5, R11, R11
	ADD R2, R11
	VLD1 (R11), [V16.S4, V17.S4, V18.S4, V19.S4]
	VFMLA V16.S4, V24.S4, V8.S4
	VFMLA V17.S4, V24.S4, V9.S4
	VFMLA V18.S4, V24.S4, V10.S4
	VFMLA V19.S4, V24.S4, V11.S4
	VFMLA V0.S4, V24.S4, V16.S4
	VFMLA V1.S4, V24.S4, V17.S4
	VFMLA V2.S4, V24.S4, V18.S4
	VFMLA V3.S4, V24.S4, V19.S4
	VST1 [V16.S4, V17.S4, V18.S4, V19.S4], (R11)
	SUBS $1, R10
	BNE row1
	VST1 [V8.S4, V9.S4, V10.S4, V11.S4], (R0)
done:
	RET

// func wordsAddNEON(table *float32, rows *int32, e *float32, m, stride, n int)
TEXT ·wordsAddNEON(SB), NOSPLIT, $0-48
	MOVD table+0(FP), R1
	MOVD rows+8(FP), R2
	MOVD e+16(FP), R0
	MOVD m+24(FP), R3
	MOVD stride+32(FP), R5
	MOVD n+40(FP), R6
	LSL $2, R5
	LSR $4, R6
wide4:
	CMP $4, R6
	BLT wide1
	// 64 columns: V0 to V15 e, V16 to V31 a row; R7 place in rows, R8 rows left, R9 row, R10 where it is written
	VLD1.P 64(R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(R0), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1.P 64(R0), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1.P 64(R0), [V12.S4, V13.S4, V14.S4, V15.S4]
	MOVD R2, R7
	MOVD R3, R8
row4:
	MOVW.P 4(R7), R9
	MUL R5, R9, R9
	ADD R1, R9
	MOVD R9, R10
	VLD1.P 64(R9), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1.P 64(R9), [V20.S4, V21.S4, V22.S4, V23.S4]
	VLD1.P 64(R9), [V24.S4, V25.S4, V26.S4, V27.S4]
	VLD1.P 64(R9), [V28.S4, V29.S4, V30.S4, V31.S4]
	WORD $0x4e20d610 // fadd v16.4s, v16.4s, v0.4s
	WORD $0x4e21d631 // fadd v17.4s, v17.4s, v1.4s
	WORD $0x4e22d652 // fadd v18.4s, v18.4s, v2.4s
	WORD $0x4e23d673 // fadd v19.4s, v19.4s, v3.4s
	WORD $0x4e24d694 // fadd v20.4s, v20.4s, v4.4s
	WORD $0x4e25d6b5 // fadd v21.4s, v21.4s, v5.4s
	WORD $0x4e26d6d6 // fadd v22.4s, v22.4s, v6.4s
	WORD $0x4e27d6f7 // fadd v23.4s, v23.4s, v7.4s
	WORD $0x4e28d718 // fadd v24.4s, v24.4s, v8.4s
	WORD $0x4e29d739 // fadd v25.4s, v25.4s, v9.4s
	WORD $0x4e2ad75a // fadd v26.4s, v26.4s, v10.4s
	WORD $0x4e2bd77b // fadd v27.4s, v27.4s, v11.4s
	WORD $0x4e2cd79c // fadd v28.4s, v28.4s, v12.4s
	WORD $0x4e2dd7bd // fadd v29.4s, v29.4s, v13.4s
	WORD $0x4e2ed7de // fadd v30.4s, v30.4s, v14.4s
	WORD $0x4e2fd7ff // fadd v31.4s, v31.4s, v15.4s
	VST1.P [V16.S4, V17.S4, V18.S4, V19.S4], 64(R10)
	VST1.P [V20.S4, V21.S4, V22.S4, V23.S4], 64(R10)
	VST1.P [V24.S4, V25.S4, V26.S4, V27.S4], 64(R10)
	VST1.P [V28.S4, V29.S4, V30.S4, V31.S4], 64(R10)
	SUBS $1, R8
	BNE row4
	ADD $256, R1
	SUB $4, R6
	B wide4
wide1:
	CBZ R6, done
	// 16 columns: V0 to V3 e, V16 to V19 a row
	VLD1.P 64(R0), [V0.S4, V1.S4, V2.S4, V3.S4]
	MOVD R2, R7
	MOVD R3, R8
row1:
	MOVW.P 4(R7), R9
	MUL R5, R9, R9
	ADD R1, R9
	VLD1 (R9), [V16.S4, V17.S4, V18.S4, V19.S4]
	WORD $0x4e20d610 // fadd v16.4s, v16.4s, v0.4s
	WORD $0x4e21d631 // fadd v17.4s, v17.4s, v1.4s
	WORD $0x4e22d652 // fadd v18.4s, v18.4s, v2.4s
	WORD $0x4e23d673 // fadd v19.4s, v19.4s, v3.4s
	VST1 [V16.S4, V17.S4, V18.S4, V19.S4], (R9)
	SUBS $1, R8
	BNE row1
	ADD $64, R1
	SUB $1, R6
	B wide1
done:
	RET

// The first 256 rows, of the commonest words, are in the caches.
//
// func wordsFetchNEON(table *float32, rows *int32, k, stride, n int)
TEXT ·wordsFetchNEON(SB), NOSPLIT, $0-40
	MOVD table+0(FP), R1
	MOVD rows+8(FP), R2
	MOVD k+16(FP), R3
	MOVD stride+24(FP), R5
	MOVD n+32(FP), R6
	LSL $2, R5
	LSL $2, R6
row:
	MOVW.P 4(R2), R9
	CMP $256, R9
	BLT next
	MUL R5, R9, R9
	ADD R1, R9
	ADD R6, R9, R10
line:
	PRFM (R9), PLDL1KEEP
	ADD $64, R9
	CMP R10, R9
	BLO line
next:
	SUBS $1, R3
	BNE row
	RET
