//go:build arm64 && !purego

#include "textflag.h"

// Kernels over [rows c] with a value per column; the Go loops stand in rows.go.
// affineRows: dst[r][c] = x[r][c]*scale[c] + shift[c], fused
//
// func affineRowsNEON(dst []float32, x []float32, scale []float32, shift []float32)
TEXT ·affineRowsNEON(SB), NOSPLIT, $0-96
	MOVD x_base+24(FP), R0
	MOVD dst_base+0(FP), R1
	MOVD scale_base+48(FP), R4
	MOVD shift_base+72(FP), R5
	MOVD x_len+32(FP), R10
	// R0 x, R1 dst; parameters R4 scale, R5 shift, running in R7, R8; R10 elements left, R11 of this row
row:
	CBZ R10, done
	MOVD scale_len+56(FP), R11
	SUB R11, R10
	MOVD R4, R7
	MOVD R5, R8
col:
	CMP $4, R11
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R7), [V2.S4]
	VLD1 (R8), [V3.S4]
	VFMLA V2.S4, V0.S4, V3.S4
	VMOV V3.B16, V1.B16
	VST1 [V1.S4], (R1)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R7
	ADD $16, R8
	SUB $4, R11
	B col
tail:
	CBZ R11, row
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R7), V2.S[0]
	VLD1 (R8), V3.S[0]
	CMP $2, R11
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R7, R26
	VLD1 (R26), V2.S[1]
	ADD $4, R8, R26
	VLD1 (R26), V3.S[1]
	CMP $3, R11
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R7, R26
	VLD1 (R26), V2.S[2]
	ADD $8, R8, R26
	VLD1 (R26), V3.S[2]
in:
	VFMLA V2.S4, V0.S4, V3.S4
	VMOV V3.B16, V1.B16
	VST1 V1.S[0], (R1)
	CMP $2, R11
	BLT out
	ADD $4, R1, R26
	VST1 V1.S[1], (R26)
	CMP $3, R11
	BLT out
	ADD $8, R1, R26
	VST1 V1.S[2], (R26)
out:
	ADD R11<<2, R0
	ADD R11<<2, R1
	B row
done:
	RET

// affineReLURows: dst[r][c] = relu(x[r][c]*scale[c] + shift[c])
//
// func affineReLURowsNEON(dst []float32, x []float32, scale []float32, shift []float32)
TEXT ·affineReLURowsNEON(SB), NOSPLIT, $0-96
	MOVD x_base+24(FP), R0
	MOVD dst_base+0(FP), R1
	MOVD scale_base+48(FP), R4
	MOVD shift_base+72(FP), R5
	MOVD x_len+32(FP), R10
	VEOR V16.B16, V16.B16, V16.B16
	// R0 x, R1 dst; parameters R4 scale, R5 shift, running in R7, R8; R10 elements left, R11 of this row
row:
	CBZ R10, done
	MOVD scale_len+56(FP), R11
	SUB R11, R10
	MOVD R4, R7
	MOVD R5, R8
col:
	CMP $4, R11
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R7), [V2.S4]
	VLD1 (R8), [V3.S4]
	VFMLA V2.S4, V0.S4, V3.S4
	WORD $0x4ea0e868 // fcmlt v8.4s, v3.4s, #0.0
	WORD $0x4e681c61 // bic v1.16b, v3.16b, v8.16b
	VST1 [V1.S4], (R1)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R7
	ADD $16, R8
	SUB $4, R11
	B col
tail:
	CBZ R11, row
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R7), V2.S[0]
	VLD1 (R8), V3.S[0]
	CMP $2, R11
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R7, R26
	VLD1 (R26), V2.S[1]
	ADD $4, R8, R26
	VLD1 (R26), V3.S[1]
	CMP $3, R11
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R7, R26
	VLD1 (R26), V2.S[2]
	ADD $8, R8, R26
	VLD1 (R26), V3.S[2]
in:
	VFMLA V2.S4, V0.S4, V3.S4
	WORD $0x4ea0e868 // fcmlt v8.4s, v3.4s, #0.0
	WORD $0x4e681c61 // bic v1.16b, v3.16b, v8.16b
	VST1 V1.S[0], (R1)
	CMP $2, R11
	BLT out
	ADD $4, R1, R26
	VST1 V1.S[1], (R26)
	CMP $3, R11
	BLT out
	ADD $8, R1, R26
	VST1 V1.S[2], (R26)
out:
	ADD R11<<2, R0
	ADD R11<<2, R1
	B row
done:
	RET

// affineAddRows: dst[r][c] = x[r][c]*scale[c] + shift[c] + z[r][c]
//
// func affineAddRowsNEON(dst []float32, x []float32, z []float32, scale []float32, shift []float32)
TEXT ·affineAddRowsNEON(SB), NOSPLIT, $0-120
	MOVD x_base+24(FP), R0
	MOVD z_base+48(FP), R1
	MOVD dst_base+0(FP), R2
	MOVD scale_base+72(FP), R4
	MOVD shift_base+96(FP), R5
	MOVD x_len+32(FP), R10
	// R0 x, R1 z, R2 dst; parameters R4 scale, R5 shift, running in R7, R8; R10 elements left, R11 of this row
row:
	CBZ R10, done
	MOVD scale_len+80(FP), R11
	SUB R11, R10
	MOVD R4, R7
	MOVD R5, R8
col:
	CMP $4, R11
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R7), [V3.S4]
	VLD1 (R8), [V4.S4]
	VFMLA V3.S4, V0.S4, V4.S4
	WORD $0x4e21d484 // fadd v4.4s, v4.4s, v1.4s
	VMOV V4.B16, V2.B16
	VST1 [V2.S4], (R2)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	ADD $16, R7
	ADD $16, R8
	SUB $4, R11
	B col
tail:
	CBZ R11, row
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	VLD1 (R7), V3.S[0]
	VLD1 (R8), V4.S[0]
	CMP $2, R11
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	ADD $4, R7, R26
	VLD1 (R26), V3.S[1]
	ADD $4, R8, R26
	VLD1 (R26), V4.S[1]
	CMP $3, R11
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
	ADD $8, R7, R26
	VLD1 (R26), V3.S[2]
	ADD $8, R8, R26
	VLD1 (R26), V4.S[2]
in:
	VFMLA V3.S4, V0.S4, V4.S4
	WORD $0x4e21d484 // fadd v4.4s, v4.4s, v1.4s
	VMOV V4.B16, V2.B16
	VST1 V2.S[0], (R2)
	CMP $2, R11
	BLT out
	ADD $4, R2, R26
	VST1 V2.S[1], (R26)
	CMP $3, R11
	BLT out
	ADD $8, R2, R26
	VST1 V2.S[2], (R26)
out:
	ADD R11<<2, R0
	ADD R11<<2, R1
	ADD R11<<2, R2
	B row
done:
	RET

// affineAddReLURows: dst[r][c] = relu(x[r][c]*scale[c] + shift[c] + z[r][c])
//
// func affineAddReLURowsNEON(dst []float32, x []float32, z []float32, scale []float32, shift []float32)
TEXT ·affineAddReLURowsNEON(SB), NOSPLIT, $0-120
	MOVD x_base+24(FP), R0
	MOVD z_base+48(FP), R1
	MOVD dst_base+0(FP), R2
	MOVD scale_base+72(FP), R4
	MOVD shift_base+96(FP), R5
	MOVD x_len+32(FP), R10
	VEOR V16.B16, V16.B16, V16.B16
	// R0 x, R1 z, R2 dst; parameters R4 scale, R5 shift, running in R7, R8; R10 elements left, R11 of this row
row:
	CBZ R10, done
	MOVD scale_len+80(FP), R11
	SUB R11, R10
	MOVD R4, R7
	MOVD R5, R8
col:
	CMP $4, R11
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R7), [V3.S4]
	VLD1 (R8), [V4.S4]
	VFMLA V3.S4, V0.S4, V4.S4
	WORD $0x4e21d484 // fadd v4.4s, v4.4s, v1.4s
	WORD $0x4ea0e888 // fcmlt v8.4s, v4.4s, #0.0
	WORD $0x4e681c82 // bic v2.16b, v4.16b, v8.16b
	VST1 [V2.S4], (R2)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	ADD $16, R7
	ADD $16, R8
	SUB $4, R11
	B col
tail:
	CBZ R11, row
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	VLD1 (R7), V3.S[0]
	VLD1 (R8), V4.S[0]
	CMP $2, R11
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	ADD $4, R7, R26
	VLD1 (R26), V3.S[1]
	ADD $4, R8, R26
	VLD1 (R26), V4.S[1]
	CMP $3, R11
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
	ADD $8, R7, R26
	VLD1 (R26), V3.S[2]
	ADD $8, R8, R26
	VLD1 (R26), V4.S[2]
in:
	VFMLA V3.S4, V0.S4, V4.S4
	WORD $0x4e21d484 // fadd v4.4s, v4.4s, v1.4s
	WORD $0x4ea0e888 // fcmlt v8.4s, v4.4s, #0.0
	WORD $0x4e681c82 // bic v2.16b, v4.16b, v8.16b
	VST1 V2.S[0], (R2)
	CMP $2, R11
	BLT out
	ADD $4, R2, R26
	VST1 V2.S[1], (R26)
	CMP $3, R11
	BLT out
	ADD $8, R2, R26
	VST1 V2.S[2], (R26)
out:
	ADD R11<<2, R0
	ADD R11<<2, R1
	ADD R11<<2, R2
	B row
done:
	RET

// normGradRows: dx[r][c] += dy[r][c]*a[c] + (x[r][c]*b[c] + d[c])
//
// func normGradRowsNEON(dx []float32, dy []float32, x []float32, a []float32, b []float32, d []float32)
TEXT ·normGradRowsNEON(SB), NOSPLIT, $0-144
	MOVD dx_base+0(FP), R0
	MOVD dy_base+24(FP), R1
	MOVD x_base+48(FP), R2
	MOVD a_base+72(FP), R4
	MOVD b_base+96(FP), R5
	MOVD d_base+120(FP), R6
	MOVD dx_len+8(FP), R10
	// R0 dx, R1 dy, R2 x; parameters R4 a, R5 b, R6 d, running in R7, R8, R9; R10 elements left, R11 of this row
row:
	CBZ R10, done
	MOVD a_len+80(FP), R11
	SUB R11, R10
	MOVD R4, R7
	MOVD R5, R8
	MOVD R6, R9
col:
	CMP $4, R11
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R2), [V2.S4]
	VLD1 (R7), [V3.S4]
	VLD1 (R8), [V4.S4]
	VLD1 (R9), [V5.S4]
	VFMLA V4.S4, V2.S4, V5.S4
	VFMLA V3.S4, V1.S4, V5.S4
	WORD $0x4e25d400 // fadd v0.4s, v0.4s, v5.4s
	VST1 [V0.S4], (R0)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	ADD $16, R7
	ADD $16, R8
	ADD $16, R9
	SUB $4, R11
	B col
tail:
	CBZ R11, row
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	VLD1 (R2), V2.S[0]
	VLD1 (R7), V3.S[0]
	VLD1 (R8), V4.S[0]
	VLD1 (R9), V5.S[0]
	CMP $2, R11
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	ADD $4, R2, R26
	VLD1 (R26), V2.S[1]
	ADD $4, R7, R26
	VLD1 (R26), V3.S[1]
	ADD $4, R8, R26
	VLD1 (R26), V4.S[1]
	ADD $4, R9, R26
	VLD1 (R26), V5.S[1]
	CMP $3, R11
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
	ADD $8, R2, R26
	VLD1 (R26), V2.S[2]
	ADD $8, R7, R26
	VLD1 (R26), V3.S[2]
	ADD $8, R8, R26
	VLD1 (R26), V4.S[2]
	ADD $8, R9, R26
	VLD1 (R26), V5.S[2]
in:
	VFMLA V4.S4, V2.S4, V5.S4
	VFMLA V3.S4, V1.S4, V5.S4
	WORD $0x4e25d400 // fadd v0.4s, v0.4s, v5.4s
	VST1 V0.S[0], (R0)
	CMP $2, R11
	BLT out
	ADD $4, R0, R26
	VST1 V0.S[1], (R26)
	CMP $3, R11
	BLT out
	ADD $8, R0, R26
	VST1 V0.S[2], (R26)
out:
	ADD R11<<2, R0
	ADD R11<<2, R1
	ADD R11<<2, R2
	B row
done:
	RET

// normGradReLURows: the same with dy, 0 where y <= 0
//
// func normGradReLURowsNEON(dx []float32, dy []float32, x []float32, y []float32, a []float32, b []float32, d []float32)
TEXT ·normGradReLURowsNEON(SB), NOSPLIT, $0-168
	MOVD dx_base+0(FP), R0
	MOVD dy_base+24(FP), R1
	MOVD x_base+48(FP), R2
	MOVD y_base+72(FP), R3
	MOVD a_base+96(FP), R4
	MOVD b_base+120(FP), R5
	MOVD d_base+144(FP), R6
	MOVD dx_len+8(FP), R10
	VEOR V16.B16, V16.B16, V16.B16
	// R0 dx, R1 dy, R2 x, R3 y; parameters R4 a, R5 b, R6 d, running in R7, R8, R9; R10 elements left, R11 of this row
row:
	CBZ R10, done
	MOVD a_len+104(FP), R11
	SUB R11, R10
	MOVD R4, R7
	MOVD R5, R8
	MOVD R6, R9
col:
	CMP $4, R11
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R2), [V2.S4]
	VLD1 (R3), [V3.S4]
	VLD1 (R7), [V4.S4]
	VLD1 (R8), [V5.S4]
	VLD1 (R9), [V6.S4]
	WORD $0x6ea0d868 // fcmle v8.4s, v3.4s, #0.0
	WORD $0x4e681c21 // bic v1.16b, v1.16b, v8.16b
	VFMLA V5.S4, V2.S4, V6.S4
	VFMLA V4.S4, V1.S4, V6.S4
	WORD $0x4e26d400 // fadd v0.4s, v0.4s, v6.4s
	VST1 [V0.S4], (R0)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	ADD $16, R3
	ADD $16, R7
	ADD $16, R8
	ADD $16, R9
	SUB $4, R11
	B col
tail:
	CBZ R11, row
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VEOR V6.B16, V6.B16, V6.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	VLD1 (R2), V2.S[0]
	VLD1 (R3), V3.S[0]
	VLD1 (R7), V4.S[0]
	VLD1 (R8), V5.S[0]
	VLD1 (R9), V6.S[0]
	CMP $2, R11
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	ADD $4, R2, R26
	VLD1 (R26), V2.S[1]
	ADD $4, R3, R26
	VLD1 (R26), V3.S[1]
	ADD $4, R7, R26
	VLD1 (R26), V4.S[1]
	ADD $4, R8, R26
	VLD1 (R26), V5.S[1]
	ADD $4, R9, R26
	VLD1 (R26), V6.S[1]
	CMP $3, R11
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
	ADD $8, R2, R26
	VLD1 (R26), V2.S[2]
	ADD $8, R3, R26
	VLD1 (R26), V3.S[2]
	ADD $8, R7, R26
	VLD1 (R26), V4.S[2]
	ADD $8, R8, R26
	VLD1 (R26), V5.S[2]
	ADD $8, R9, R26
	VLD1 (R26), V6.S[2]
in:
	WORD $0x6ea0d868 // fcmle v8.4s, v3.4s, #0.0
	WORD $0x4e681c21 // bic v1.16b, v1.16b, v8.16b
	VFMLA V5.S4, V2.S4, V6.S4
	VFMLA V4.S4, V1.S4, V6.S4
	WORD $0x4e26d400 // fadd v0.4s, v0.4s, v6.4s
	VST1 V0.S[0], (R0)
	CMP $2, R11
	BLT out
	ADD $4, R0, R26
	VST1 V0.S[1], (R26)
	CMP $3, R11
	BLT out
	ADD $8, R0, R26
	VST1 V0.S[2], (R26)
out:
	ADD R11<<2, R0
	ADD R11<<2, R1
	ADD R11<<2, R2
	ADD R11<<2, R3
	B row
done:
	RET

// momentRows: with d = x[r][c]-shift[c]: sum[c] += d, sumsq[c] += d*d
//
// func momentRowsNEON(sum []float32, sumsq []float32, x []float32, shift []float32, rows int)
TEXT ·momentRowsNEON(SB), NOSPLIT, $0-104
	MOVD sum_base+0(FP), R0
	MOVD sumsq_base+24(FP), R1
	MOVD x_base+48(FP), R2
	MOVD shift_base+72(FP), R8
	MOVD sum_len+8(FP), R9
	LSL $2, R9, R10 // bytes of a row
	// sums R0, R1; rows R2, running in R5; R9 columns left
wide:
	CMP $8, R9
	BLT one
	MOVD R2, R5
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R8), [V2.S4]
	ADD $16, R0, R26
	VLD1 (R26), [V3.S4]
	ADD $16, R1, R26
	VLD1 (R26), [V4.S4]
	ADD $16, R8, R26
	VLD1 (R26), [V5.S4]
	MOVD rows+96(FP), R11
widerow:
	CBZ R11, wideend
	VLD1 (R5), [V6.S4]
	WORD $0x4ea2d4c6 // fsub v6.4s, v6.4s, v2.4s
	WORD $0x4e26d400 // fadd v0.4s, v0.4s, v6.4s
	VFMLA V6.S4, V6.S4, V1.S4
	ADD $16, R5, R26
	VLD1 (R26), [V6.S4]
	WORD $0x4ea5d4c6 // fsub v6.4s, v6.4s, v5.4s
	WORD $0x4e26d463 // fadd v3.4s, v3.4s, v6.4s
	VFMLA V6.S4, V6.S4, V4.S4
	ADD R10, R5
	SUB $1, R11
	B widerow
wideend:
	VST1 [V0.S4], (R0)
	VST1 [V1.S4], (R1)
	ADD $16, R0, R26
	VST1 [V3.S4], (R26)
	ADD $16, R1, R26
	VST1 [V4.S4], (R26)
	ADD $32, R0
	ADD $32, R1
	ADD $32, R2
	ADD $32, R8
	SUB $8, R9
	B wide
one:
	CMP $4, R9
	BLT tail
	MOVD R2, R5
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R8), [V2.S4]
	MOVD rows+96(FP), R11
onerow:
	CBZ R11, oneend
	VLD1 (R5), [V3.S4]
	WORD $0x4ea2d463 // fsub v3.4s, v3.4s, v2.4s
	WORD $0x4e23d400 // fadd v0.4s, v0.4s, v3.4s
	VFMLA V3.S4, V3.S4, V1.S4
	ADD R10, R5
	SUB $1, R11
	B onerow
oneend:
	VST1 [V0.S4], (R0)
	VST1 [V1.S4], (R1)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	ADD $16, R8
	SUB $4, R9
	B one
tail:
	CBZ R9, done
	MOVD R2, R5
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	VLD1 (R8), V2.S[0]
	CMP $2, R9
	BLT tailacc
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	ADD $4, R8, R26
	VLD1 (R26), V2.S[1]
	CMP $3, R9
	BLT tailacc
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
	ADD $8, R8, R26
	VLD1 (R26), V2.S[2]
tailacc:
	MOVD rows+96(FP), R11
tailrow:
	CBZ R11, tailend
	VEOR V3.B16, V3.B16, V3.B16
	VLD1 (R5), V3.S[0]
	CMP $2, R9
	BLT tailx
	ADD $4, R5, R26
	VLD1 (R26), V3.S[1]
	CMP $3, R9
	BLT tailx
	ADD $8, R5, R26
	VLD1 (R26), V3.S[2]
tailx:
	WORD $0x4ea2d463 // fsub v3.4s, v3.4s, v2.4s
	WORD $0x4e23d400 // fadd v0.4s, v0.4s, v3.4s
	VFMLA V3.S4, V3.S4, V1.S4
	ADD R10, R5
	SUB $1, R11
	B tailrow
tailend:
	VST1 V0.S[0], (R0)
	VST1 V1.S[0], (R1)
	CMP $2, R9
	BLT tailst
	ADD $4, R0, R26
	VST1 V0.S[1], (R26)
	ADD $4, R1, R26
	VST1 V1.S[1], (R26)
	CMP $3, R9
	BLT tailst
	ADD $8, R0, R26
	VST1 V0.S[2], (R26)
	ADD $8, R1, R26
	VST1 V1.S[2], (R26)
tailst:
done:
	RET

// normGradSums: sum[c] += dy[r][c]; dot[c] += dy[r][c]*(x[r][c]-mean[c])
//
// func normGradSumsNEON(sum []float32, dot []float32, dy []float32, x []float32, mean []float32, rows int)
TEXT ·normGradSumsNEON(SB), NOSPLIT, $0-128
	MOVD sum_base+0(FP), R0
	MOVD dot_base+24(FP), R1
	MOVD dy_base+48(FP), R2
	MOVD x_base+72(FP), R3
	MOVD mean_base+96(FP), R8
	MOVD sum_len+8(FP), R9
	LSL $2, R9, R10 // bytes of a row
	// sums R0, R1; rows R2, R3, running in R5, R6; R9 columns left
wide:
	CMP $8, R9
	BLT one
	MOVD R2, R5
	MOVD R3, R6
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R8), [V2.S4]
	ADD $16, R0, R26
	VLD1 (R26), [V3.S4]
	ADD $16, R1, R26
	VLD1 (R26), [V4.S4]
	ADD $16, R8, R26
	VLD1 (R26), [V5.S4]
	MOVD rows+120(FP), R11
widerow:
	CBZ R11, wideend
	VLD1 (R5), [V6.S4]
	VLD1 (R6), [V7.S4]
	WORD $0x4ea2d4e7 // fsub v7.4s, v7.4s, v2.4s
	WORD $0x4e26d400 // fadd v0.4s, v0.4s, v6.4s
	VFMLA V7.S4, V6.S4, V1.S4
	ADD $16, R5, R26
	VLD1 (R26), [V6.S4]
	ADD $16, R6, R26
	VLD1 (R26), [V7.S4]
	WORD $0x4ea5d4e7 // fsub v7.4s, v7.4s, v5.4s
	WORD $0x4e26d463 // fadd v3.4s, v3.4s, v6.4s
	VFMLA V7.S4, V6.S4, V4.S4
	ADD R10, R5
	ADD R10, R6
	SUB $1, R11
	B widerow
wideend:
	VST1 [V0.S4], (R0)
	VST1 [V1.S4], (R1)
	ADD $16, R0, R26
	VST1 [V3.S4], (R26)
	ADD $16, R1, R26
	VST1 [V4.S4], (R26)
	ADD $32, R0
	ADD $32, R1
	ADD $32, R2
	ADD $32, R3
	ADD $32, R8
	SUB $8, R9
	B wide
one:
	CMP $4, R9
	BLT tail
	MOVD R2, R5
	MOVD R3, R6
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R8), [V2.S4]
	MOVD rows+120(FP), R11
onerow:
	CBZ R11, oneend
	VLD1 (R5), [V3.S4]
	VLD1 (R6), [V4.S4]
	WORD $0x4ea2d484 // fsub v4.4s, v4.4s, v2.4s
	WORD $0x4e23d400 // fadd v0.4s, v0.4s, v3.4s
	VFMLA V4.S4, V3.S4, V1.S4
	ADD R10, R5
	ADD R10, R6
	SUB $1, R11
	B onerow
oneend:
	VST1 [V0.S4], (R0)
	VST1 [V1.S4], (R1)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	ADD $16, R3
	ADD $16, R8
	SUB $4, R9
	B one
tail:
	CBZ R9, done
	MOVD R2, R5
	MOVD R3, R6
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	VLD1 (R8), V2.S[0]
	CMP $2, R9
	BLT tailacc
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	ADD $4, R8, R26
	VLD1 (R26), V2.S[1]
	CMP $3, R9
	BLT tailacc
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
	ADD $8, R8, R26
	VLD1 (R26), V2.S[2]
tailacc:
	MOVD rows+120(FP), R11
tailrow:
	CBZ R11, tailend
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VLD1 (R5), V3.S[0]
	VLD1 (R6), V4.S[0]
	CMP $2, R9
	BLT tailx
	ADD $4, R5, R26
	VLD1 (R26), V3.S[1]
	ADD $4, R6, R26
	VLD1 (R26), V4.S[1]
	CMP $3, R9
	BLT tailx
	ADD $8, R5, R26
	VLD1 (R26), V3.S[2]
	ADD $8, R6, R26
	VLD1 (R26), V4.S[2]
tailx:
	WORD $0x4ea2d484 // fsub v4.4s, v4.4s, v2.4s
	WORD $0x4e23d400 // fadd v0.4s, v0.4s, v3.4s
	VFMLA V4.S4, V3.S4, V1.S4
	ADD R10, R5
	ADD R10, R6
	SUB $1, R11
	B tailrow
tailend:
	VST1 V0.S[0], (R0)
	VST1 V1.S[0], (R1)
	CMP $2, R9
	BLT tailst
	ADD $4, R0, R26
	VST1 V0.S[1], (R26)
	ADD $4, R1, R26
	VST1 V1.S[1], (R26)
	CMP $3, R9
	BLT tailst
	ADD $8, R0, R26
	VST1 V0.S[2], (R26)
	ADD $8, R1, R26
	VST1 V1.S[2], (R26)
tailst:
done:
	RET

// normGradReLUSums: the same with dy, 0 where y <= 0
//
// func normGradReLUSumsNEON(sum []float32, dot []float32, dy []float32, x []float32, y []float32, mean []float32, rows int)
TEXT ·normGradReLUSumsNEON(SB), NOSPLIT, $0-152
	MOVD sum_base+0(FP), R0
	MOVD dot_base+24(FP), R1
	MOVD dy_base+48(FP), R2
	MOVD x_base+72(FP), R3
	MOVD y_base+96(FP), R4
	MOVD mean_base+120(FP), R8
	MOVD sum_len+8(FP), R9
	VEOR V24.B16, V24.B16, V24.B16
	LSL $2, R9, R10 // bytes of a row
	// sums R0, R1; rows R2, R3, R4, running in R5, R6, R7; R9 columns left
one:
	CMP $4, R9
	BLT tail
	MOVD R2, R5
	MOVD R3, R6
	MOVD R4, R7
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R8), [V2.S4]
	MOVD rows+144(FP), R11
onerow:
	CBZ R11, oneend
	VLD1 (R5), [V3.S4]
	VLD1 (R6), [V4.S4]
	VLD1 (R7), [V5.S4]
	WORD $0x6ea0d8a8 // fcmle v8.4s, v5.4s, #0.0
	WORD $0x4e681c63 // bic v3.16b, v3.16b, v8.16b
	WORD $0x4ea2d484 // fsub v4.4s, v4.4s, v2.4s
	WORD $0x4e23d400 // fadd v0.4s, v0.4s, v3.4s
	VFMLA V4.S4, V3.S4, V1.S4
	ADD R10, R5
	ADD R10, R6
	ADD R10, R7
	SUB $1, R11
	B onerow
oneend:
	VST1 [V0.S4], (R0)
	VST1 [V1.S4], (R1)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	ADD $16, R3
	ADD $16, R4
	ADD $16, R8
	SUB $4, R9
	B one
tail:
	CBZ R9, done
	MOVD R2, R5
	MOVD R3, R6
	MOVD R4, R7
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	VLD1 (R8), V2.S[0]
	CMP $2, R9
	BLT tailacc
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	ADD $4, R8, R26
	VLD1 (R26), V2.S[1]
	CMP $3, R9
	BLT tailacc
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
	ADD $8, R8, R26
	VLD1 (R26), V2.S[2]
tailacc:
	MOVD rows+144(FP), R11
tailrow:
	CBZ R11, tailend
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VLD1 (R5), V3.S[0]
	VLD1 (R6), V4.S[0]
	VLD1 (R7), V5.S[0]
	CMP $2, R9
	BLT tailx
	ADD $4, R5, R26
	VLD1 (R26), V3.S[1]
	ADD $4, R6, R26
	VLD1 (R26), V4.S[1]
	ADD $4, R7, R26
	VLD1 (R26), V5.S[1]
	CMP $3, R9
	BLT tailx
	ADD $8, R5, R26
	VLD1 (R26), V3.S[2]
	ADD $8, R6, R26
	VLD1 (R26), V4.S[2]
	ADD $8, R7, R26
	VLD1 (R26), V5.S[2]
tailx:
	WORD $0x6ea0d8a8 // fcmle v8.4s, v5.4s, #0.0
	WORD $0x4e681c63 // bic v3.16b, v3.16b, v8.16b
	WORD $0x4ea2d484 // fsub v4.4s, v4.4s, v2.4s
	WORD $0x4e23d400 // fadd v0.4s, v0.4s, v3.4s
	VFMLA V4.S4, V3.S4, V1.S4
	ADD R10, R5
	ADD R10, R6
	ADD R10, R7
	SUB $1, R11
	B tailrow
tailend:
	VST1 V0.S[0], (R0)
	VST1 V1.S[0], (R1)
	CMP $2, R9
	BLT tailst
	ADD $4, R0, R26
	VST1 V0.S[1], (R26)
	ADD $4, R1, R26
	VST1 V1.S[1], (R26)
	CMP $3, R9
	BLT tailst
	ADD $8, R0, R26
	VST1 V0.S[2], (R26)
	ADD $8, R1, R26
	VST1 V1.S[2], (R26)
tailst:
done:
	RET

// sumRows: sum[c] += x[r][c]
//
// func sumRowsNEON(sum []float32, x []float32, rows int)
TEXT ·sumRowsNEON(SB), NOSPLIT, $0-56
	MOVD sum_base+0(FP), R0
	MOVD x_base+24(FP), R2
	MOVD sum_len+8(FP), R9
	LSL $2, R9, R10 // bytes of a row
	// sums R0; rows R2, running in R5; R9 columns left
wide:
	CMP $8, R9
	BLT one
	MOVD R2, R5
	VLD1 (R0), [V0.S4]
	ADD $16, R0, R26
	VLD1 (R26), [V1.S4]
	MOVD rows+48(FP), R11
widerow:
	CBZ R11, wideend
	VLD1 (R5), [V2.S4]
	WORD $0x4e22d400 // fadd v0.4s, v0.4s, v2.4s
	ADD $16, R5, R26
	VLD1 (R26), [V2.S4]
	WORD $0x4e22d421 // fadd v1.4s, v1.4s, v2.4s
	ADD R10, R5
	SUB $1, R11
	B widerow
wideend:
	VST1 [V0.S4], (R0)
	ADD $16, R0, R26
	VST1 [V1.S4], (R26)
	ADD $32, R0
	ADD $32, R2
	SUB $8, R9
	B wide
one:
	CMP $4, R9
	BLT tail
	MOVD R2, R5
	VLD1 (R0), [V0.S4]
	MOVD rows+48(FP), R11
onerow:
	CBZ R11, oneend
	VLD1 (R5), [V1.S4]
	WORD $0x4e21d400 // fadd v0.4s, v0.4s, v1.4s
	ADD R10, R5
	SUB $1, R11
	B onerow
oneend:
	VST1 [V0.S4], (R0)
	ADD $16, R0
	ADD $16, R2
	SUB $4, R9
	B one
tail:
	CBZ R9, done
	MOVD R2, R5
	VEOR V0.B16, V0.B16, V0.B16
	VLD1 (R0), V0.S[0]
	CMP $2, R9
	BLT tailacc
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	CMP $3, R9
	BLT tailacc
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
tailacc:
	MOVD rows+48(FP), R11
tailrow:
	CBZ R11, tailend
	VEOR V1.B16, V1.B16, V1.B16
	VLD1 (R5), V1.S[0]
	CMP $2, R9
	BLT tailx
	ADD $4, R5, R26
	VLD1 (R26), V1.S[1]
	CMP $3, R9
	BLT tailx
	ADD $8, R5, R26
	VLD1 (R26), V1.S[2]
tailx:
	WORD $0x4e21d400 // fadd v0.4s, v0.4s, v1.4s
	ADD R10, R5
	SUB $1, R11
	B tailrow
tailend:
	VST1 V0.S[0], (R0)
	CMP $2, R9
	BLT tailst
	ADD $4, R0, R26
	VST1 V0.S[1], (R26)
	CMP $3, R9
	BLT tailst
	ADD $8, R0, R26
	VST1 V0.S[2], (R26)
tailst:
done:
	RET

// normGradSetRows: dx[r][c] = dy[r][c]*a[c] + (x[r][c]*b[c] + d[c])
//
// func normGradSetRowsNEON(dx []float32, dy []float32, x []float32, a []float32, b []float32, d []float32)
TEXT ·normGradSetRowsNEON(SB), NOSPLIT, $0-144
	MOVD dy_base+24(FP), R0
	MOVD x_base+48(FP), R1
	MOVD dx_base+0(FP), R2
	MOVD a_base+72(FP), R4
	MOVD b_base+96(FP), R5
	MOVD d_base+120(FP), R6
	MOVD dy_len+32(FP), R10
	// R0 dy, R1 x, R2 dx; parameters R4 a, R5 b, R6 d, running in R7, R8, R9; R10 elements left, R11 of this row
row:
	CBZ R10, done
	MOVD a_len+80(FP), R11
	SUB R11, R10
	MOVD R4, R7
	MOVD R5, R8
	MOVD R6, R9
col:
	CMP $4, R11
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R7), [V3.S4]
	VLD1 (R8), [V4.S4]
	VLD1 (R9), [V5.S4]
	VFMLA V4.S4, V1.S4, V5.S4
	VFMLA V3.S4, V0.S4, V5.S4
	VMOV V5.B16, V2.B16
	VST1 [V2.S4], (R2)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	ADD $16, R7
	ADD $16, R8
	ADD $16, R9
	SUB $4, R11
	B col
tail:
	CBZ R11, row
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	VLD1 (R7), V3.S[0]
	VLD1 (R8), V4.S[0]
	VLD1 (R9), V5.S[0]
	CMP $2, R11
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	ADD $4, R7, R26
	VLD1 (R26), V3.S[1]
	ADD $4, R8, R26
	VLD1 (R26), V4.S[1]
	ADD $4, R9, R26
	VLD1 (R26), V5.S[1]
	CMP $3, R11
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
	ADD $8, R7, R26
	VLD1 (R26), V3.S[2]
	ADD $8, R8, R26
	VLD1 (R26), V4.S[2]
	ADD $8, R9, R26
	VLD1 (R26), V5.S[2]
in:
	VFMLA V4.S4, V1.S4, V5.S4
	VFMLA V3.S4, V0.S4, V5.S4
	VMOV V5.B16, V2.B16
	VST1 V2.S[0], (R2)
	CMP $2, R11
	BLT out
	ADD $4, R2, R26
	VST1 V2.S[1], (R26)
	CMP $3, R11
	BLT out
	ADD $8, R2, R26
	VST1 V2.S[2], (R26)
out:
	ADD R11<<2, R0
	ADD R11<<2, R1
	ADD R11<<2, R2
	B row
done:
	RET

// normGradReLUSetRows: the same with dy, 0 where y <= 0
//
// func normGradReLUSetRowsNEON(dx []float32, dy []float32, x []float32, y []float32, a []float32, b []float32, d []float32)
TEXT ·normGradReLUSetRowsNEON(SB), NOSPLIT, $0-168
	MOVD dy_base+24(FP), R0
	MOVD x_base+48(FP), R1
	MOVD y_base+72(FP), R2
	MOVD dx_base+0(FP), R3
	MOVD a_base+96(FP), R4
	MOVD b_base+120(FP), R5
	MOVD d_base+144(FP), R6
	MOVD dy_len+32(FP), R10
	VEOR V16.B16, V16.B16, V16.B16
	// R0 dy, R1 x, R2 y, R3 dx; parameters R4 a, R5 b, R6 d, running in R7, R8, R9; R10 elements left, R11 of this row
row:
	CBZ R10, done
	MOVD a_len+104(FP), R11
	SUB R11, R10
	MOVD R4, R7
	MOVD R5, R8
	MOVD R6, R9
col:
	CMP $4, R11
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R2), [V2.S4]
	VLD1 (R7), [V4.S4]
	VLD1 (R8), [V5.S4]
	VLD1 (R9), [V6.S4]
	WORD $0x6ea0d848 // fcmle v8.4s, v2.4s, #0.0
	WORD $0x4e681c00 // bic v0.16b, v0.16b, v8.16b
	VFMLA V5.S4, V1.S4, V6.S4
	VFMLA V4.S4, V0.S4, V6.S4
	VMOV V6.B16, V3.B16
	VST1 [V3.S4], (R3)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	ADD $16, R3
	ADD $16, R7
	ADD $16, R8
	ADD $16, R9
	SUB $4, R11
	B col
tail:
	CBZ R11, row
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V4.B16, V4.B16, V4.B16
	VEOR V5.B16, V5.B16, V5.B16
	VEOR V6.B16, V6.B16, V6.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	VLD1 (R2), V2.S[0]
	VLD1 (R7), V4.S[0]
	VLD1 (R8), V5.S[0]
	VLD1 (R9), V6.S[0]
	CMP $2, R11
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	ADD $4, R2, R26
	VLD1 (R26), V2.S[1]
	ADD $4, R7, R26
	VLD1 (R26), V4.S[1]
	ADD $4, R8, R26
	VLD1 (R26), V5.S[1]
	ADD $4, R9, R26
	VLD1 (R26), V6.S[1]
	CMP $3, R11
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
	ADD $8, R2, R26
	VLD1 (R26), V2.S[2]
	ADD $8, R7, R26
	VLD1 (R26), V4.S[2]
	ADD $8, R8, R26
	VLD1 (R26), V5.S[2]
	ADD $8, R9, R26
	VLD1 (R26), V6.S[2]
in:
	WORD $0x6ea0d848 // fcmle v8.4s, v2.4s, #0.0
	WORD $0x4e681c00 // bic v0.16b, v0.16b, v8.16b
	VFMLA V5.S4, V1.S4, V6.S4
	VFMLA V4.S4, V0.S4, V6.S4
	VMOV V6.B16, V3.B16
	VST1 V3.S[0], (R3)
	CMP $2, R11
	BLT out
	ADD $4, R3, R26
	VST1 V3.S[1], (R26)
	CMP $3, R11
	BLT out
	ADD $8, R3, R26
	VST1 V3.S[2], (R26)
out:
	ADD R11<<2, R0
	ADD R11<<2, R1
	ADD R11<<2, R2
	ADD R11<<2, R3
	B row
done:
	RET
