//go:build arm64 && !purego

#include "textflag.h"

// Element-wise arithmetic; the Go loops stand in arith.go.
// add: dst[i] = x[i] + y[i]
//
// func addNEON(dst []float32, x []float32, y []float32)
TEXT ·addNEON(SB), NOSPLIT, $0-72
	MOVD x_base+24(FP), R0
	MOVD y_base+48(FP), R1
	MOVD dst_base+0(FP), R2
	MOVD dst_len+8(FP), R6
	// R0 x, R1 y, R2 dst; R6 elements left
loop1:
	CMP $4, R6
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	WORD $0x4e21d402 // fadd v2.4s, v0.4s, v1.4s
	VST1 [V2.S4], (R2)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	SUB $4, R6
	B loop1
tail:
	CBZ R6, done
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	CMP $2, R6
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	CMP $3, R6
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
in:
	WORD $0x4e21d402 // fadd v2.4s, v0.4s, v1.4s
	VST1 V2.S[0], (R2)
	CMP $2, R6
	BLT out
	ADD $4, R2, R26
	VST1 V2.S[1], (R26)
	CMP $3, R6
	BLT out
	ADD $8, R2, R26
	VST1 V2.S[2], (R26)
out:
done:
	RET

// sub: dst[i] = x[i] - y[i]
//
// func subNEON(dst []float32, x []float32, y []float32)
TEXT ·subNEON(SB), NOSPLIT, $0-72
	MOVD x_base+24(FP), R0
	MOVD y_base+48(FP), R1
	MOVD dst_base+0(FP), R2
	MOVD dst_len+8(FP), R6
	// R0 x, R1 y, R2 dst; R6 elements left
loop1:
	CMP $4, R6
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	WORD $0x4ea1d402 // fsub v2.4s, v0.4s, v1.4s
	VST1 [V2.S4], (R2)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	SUB $4, R6
	B loop1
tail:
	CBZ R6, done
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	CMP $2, R6
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	CMP $3, R6
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
in:
	WORD $0x4ea1d402 // fsub v2.4s, v0.4s, v1.4s
	VST1 V2.S[0], (R2)
	CMP $2, R6
	BLT out
	ADD $4, R2, R26
	VST1 V2.S[1], (R26)
	CMP $3, R6
	BLT out
	ADD $8, R2, R26
	VST1 V2.S[2], (R26)
out:
done:
	RET

// mul: dst[i] = x[i] * y[i]
//
// func mulNEON(dst []float32, x []float32, y []float32)
TEXT ·mulNEON(SB), NOSPLIT, $0-72
	MOVD x_base+24(FP), R0
	MOVD y_base+48(FP), R1
	MOVD dst_base+0(FP), R2
	MOVD dst_len+8(FP), R6
	// R0 x, R1 y, R2 dst; R6 elements left
loop1:
	CMP $4, R6
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	WORD $0x6e21dc02 // fmul v2.4s, v0.4s, v1.4s
	VST1 [V2.S4], (R2)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	SUB $4, R6
	B loop1
tail:
	CBZ R6, done
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	CMP $2, R6
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	CMP $3, R6
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
in:
	WORD $0x6e21dc02 // fmul v2.4s, v0.4s, v1.4s
	VST1 V2.S[0], (R2)
	CMP $2, R6
	BLT out
	ADD $4, R2, R26
	VST1 V2.S[1], (R26)
	CMP $3, R6
	BLT out
	ADD $8, R2, R26
	VST1 V2.S[2], (R26)
out:
done:
	RET

// div: dst[i] = x[i] / y[i]
//
// func divNEON(dst []float32, x []float32, y []float32)
TEXT ·divNEON(SB), NOSPLIT, $0-72
	MOVD x_base+24(FP), R0
	MOVD y_base+48(FP), R1
	MOVD dst_base+0(FP), R2
	MOVD dst_len+8(FP), R6
	// R0 x, R1 y, R2 dst; R6 elements left
loop1:
	CMP $4, R6
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	WORD $0x6e21fc02 // fdiv v2.4s, v0.4s, v1.4s
	VST1 [V2.S4], (R2)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	SUB $4, R6
	B loop1
tail:
	CBZ R6, done
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	CMP $2, R6
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	CMP $3, R6
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
in:
	WORD $0x6e21fc02 // fdiv v2.4s, v0.4s, v1.4s
	VST1 V2.S[0], (R2)
	CMP $2, R6
	BLT out
	ADD $4, R2, R26
	VST1 V2.S[1], (R26)
	CMP $3, R6
	BLT out
	ADD $8, R2, R26
	VST1 V2.S[2], (R26)
out:
done:
	RET

// scale: dst[i] = a*x[i]
//
// func scaleNEON(dst []float32, a float32, x []float32)
TEXT ·scaleNEON(SB), NOSPLIT, $0-56
	MOVD x_base+32(FP), R0
	MOVD dst_base+0(FP), R1
	MOVD dst_len+8(FP), R6
	FMOVS a+24(FP), F9
	VDUP V9.S[0], V9.S4
	// R0 x, R1 dst; R6 elements left
loop1:
	CMP $4, R6
	BLT tail
	VLD1 (R0), [V0.S4]
	WORD $0x6e20dd21 // fmul v1.4s, v9.4s, v0.4s
	VST1 [V1.S4], (R1)
	ADD $16, R0
	ADD $16, R1
	SUB $4, R6
	B loop1
tail:
	CBZ R6, done
	VEOR V0.B16, V0.B16, V0.B16
	VLD1 (R0), V0.S[0]
	CMP $2, R6
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	CMP $3, R6
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
in:
	WORD $0x6e20dd21 // fmul v1.4s, v9.4s, v0.4s
	VST1 V1.S[0], (R1)
	CMP $2, R6
	BLT out
	ADD $4, R1, R26
	VST1 V1.S[1], (R26)
	CMP $3, R6
	BLT out
	ADD $8, R1, R26
	VST1 V1.S[2], (R26)
out:
done:
	RET

// axpy: y[i] += a*x[i], fused
//
// func axpyNEON(y []float32, a float32, x []float32)
TEXT ·axpyNEON(SB), NOSPLIT, $0-56
	MOVD y_base+0(FP), R0
	MOVD x_base+32(FP), R1
	MOVD y_len+8(FP), R6
	FMOVS a+24(FP), F9
	VDUP V9.S[0], V9.S4
	// R0 y, R1 x; R6 elements left
loop1:
	CMP $4, R6
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VFMLA V1.S4, V9.S4, V0.S4
	VST1 [V0.S4], (R0)
	ADD $16, R0
	ADD $16, R1
	SUB $4, R6
	B loop1
tail:
	CBZ R6, done
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	CMP $2, R6
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	CMP $3, R6
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
in:
	VFMLA V1.S4, V9.S4, V0.S4
	VST1 V0.S[0], (R0)
	CMP $2, R6
	BLT out
	ADD $4, R0, R26
	VST1 V0.S[1], (R26)
	CMP $3, R6
	BLT out
	ADD $8, R0, R26
	VST1 V0.S[2], (R26)
out:
done:
	RET

// mulAdd: dst[i] += x[i]*y[i], fused
//
// func mulAddNEON(dst []float32, x []float32, y []float32)
TEXT ·mulAddNEON(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD y_base+48(FP), R2
	MOVD dst_len+8(FP), R6
	// R0 dst, R1 x, R2 y; R6 elements left
loop1:
	CMP $4, R6
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R2), [V2.S4]
	VFMLA V2.S4, V1.S4, V0.S4
	VST1 [V0.S4], (R0)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	SUB $4, R6
	B loop1
tail:
	CBZ R6, done
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	VLD1 (R2), V2.S[0]
	CMP $2, R6
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	ADD $4, R2, R26
	VLD1 (R26), V2.S[1]
	CMP $3, R6
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
	ADD $8, R2, R26
	VLD1 (R26), V2.S[2]
in:
	VFMLA V2.S4, V1.S4, V0.S4
	VST1 V0.S[0], (R0)
	CMP $2, R6
	BLT out
	ADD $4, R0, R26
	VST1 V0.S[1], (R26)
	CMP $3, R6
	BLT out
	ADD $8, R0, R26
	VST1 V0.S[2], (R26)
out:
done:
	RET

// relu: dst[i] = x[i] < 0 ? 0 : x[i]
//
// func reluNEON(dst []float32, x []float32)
TEXT ·reluNEON(SB), NOSPLIT, $0-48
	MOVD x_base+24(FP), R0
	MOVD dst_base+0(FP), R1
	MOVD dst_len+8(FP), R6
	VEOR V9.B16, V9.B16, V9.B16
	// R0 x, R1 dst; R6 elements left
loop1:
	CMP $4, R6
	BLT tail
	VLD1 (R0), [V0.S4]
	WORD $0x4ea0e808 // fcmlt v8.4s, v0.4s, #0.0
	WORD $0x4e681c01 // bic v1.16b, v0.16b, v8.16b
	VST1 [V1.S4], (R1)
	ADD $16, R0
	ADD $16, R1
	SUB $4, R6
	B loop1
tail:
	CBZ R6, done
	VEOR V0.B16, V0.B16, V0.B16
	VLD1 (R0), V0.S[0]
	CMP $2, R6
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	CMP $3, R6
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
in:
	WORD $0x4ea0e808 // fcmlt v8.4s, v0.4s, #0.0
	WORD $0x4e681c01 // bic v1.16b, v0.16b, v8.16b
	VST1 V1.S[0], (R1)
	CMP $2, R6
	BLT out
	ADD $4, R1, R26
	VST1 V1.S[1], (R26)
	CMP $3, R6
	BLT out
	ADD $8, R1, R26
	VST1 V1.S[2], (R26)
out:
done:
	RET

// reluGrad: dx[i] += y[i] <= 0 ? 0 : dy[i]
//
// func reluGradNEON(dx []float32, dy []float32, y []float32)
TEXT ·reluGradNEON(SB), NOSPLIT, $0-72
	MOVD dx_base+0(FP), R0
	MOVD dy_base+24(FP), R1
	MOVD y_base+48(FP), R2
	MOVD dx_len+8(FP), R6
	VEOR V9.B16, V9.B16, V9.B16
	// R0 dx, R1 dy, R2 y; R6 elements left
loop1:
	CMP $4, R6
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R2), [V2.S4]
	WORD $0x6ea0d848 // fcmle v8.4s, v2.4s, #0.0
	WORD $0x4e681c21 // bic v1.16b, v1.16b, v8.16b
	WORD $0x4e21d400 // fadd v0.4s, v0.4s, v1.4s
	VST1 [V0.S4], (R0)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	SUB $4, R6
	B loop1
tail:
	CBZ R6, done
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	VLD1 (R2), V2.S[0]
	CMP $2, R6
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	ADD $4, R2, R26
	VLD1 (R26), V2.S[1]
	CMP $3, R6
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
	ADD $8, R2, R26
	VLD1 (R26), V2.S[2]
in:
	WORD $0x6ea0d848 // fcmle v8.4s, v2.4s, #0.0
	WORD $0x4e681c21 // bic v1.16b, v1.16b, v8.16b
	WORD $0x4e21d400 // fadd v0.4s, v0.4s, v1.4s
	VST1 V0.S[0], (R0)
	CMP $2, R6
	BLT out
	ADD $4, R0, R26
	VST1 V0.S[1], (R26)
	CMP $3, R6
	BLT out
	ADD $8, R0, R26
	VST1 V0.S[2], (R26)
out:
done:
	RET

// maximum: dst[i] = x[i] > y[i] ? x[i] : y[i], and NaN where one of them is
//
// func maximumNEON(dst []float32, x []float32, y []float32)
TEXT ·maximumNEON(SB), NOSPLIT, $0-72
	MOVD x_base+24(FP), R0
	MOVD y_base+48(FP), R1
	MOVD dst_base+0(FP), R2
	MOVD dst_len+8(FP), R6
	// R0 x, R1 y, R2 dst; R6 elements left
loop1:
	CMP $4, R6
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	WORD $0x4e21f402 // fmax v2.4s, v0.4s, v1.4s
	VST1 [V2.S4], (R2)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	SUB $4, R6
	B loop1
tail:
	CBZ R6, done
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	CMP $2, R6
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	CMP $3, R6
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
in:
	WORD $0x4e21f402 // fmax v2.4s, v0.4s, v1.4s
	VST1 V2.S[0], (R2)
	CMP $2, R6
	BLT out
	ADD $4, R2, R26
	VST1 V2.S[1], (R26)
	CMP $3, R6
	BLT out
	ADD $8, R2, R26
	VST1 V2.S[2], (R26)
out:
done:
	RET

// reluGradSet: dx[i] = y[i] <= 0 ? 0 : dy[i]
//
// func reluGradSetNEON(dx []float32, dy []float32, y []float32)
TEXT ·reluGradSetNEON(SB), NOSPLIT, $0-72
	MOVD dy_base+24(FP), R0
	MOVD y_base+48(FP), R1
	MOVD dx_base+0(FP), R2
	MOVD dx_len+8(FP), R6
	VEOR V9.B16, V9.B16, V9.B16
	// R0 dy, R1 y, R2 dx; R6 elements left
loop1:
	CMP $4, R6
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	WORD $0x6ea0d828 // fcmle v8.4s, v1.4s, #0.0
	WORD $0x4e681c02 // bic v2.16b, v0.16b, v8.16b
	VST1 [V2.S4], (R2)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	SUB $4, R6
	B loop1
tail:
	CBZ R6, done
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	CMP $2, R6
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	CMP $3, R6
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
in:
	WORD $0x6ea0d828 // fcmle v8.4s, v1.4s, #0.0
	WORD $0x4e681c02 // bic v2.16b, v0.16b, v8.16b
	VST1 V2.S[0], (R2)
	CMP $2, R6
	BLT out
	ADD $4, R2, R26
	VST1 V2.S[1], (R26)
	CMP $3, R6
	BLT out
	ADD $8, R2, R26
	VST1 V2.S[2], (R26)
out:
done:
	RET

// takeEqual: where x[i] == y[i] or x[i] is NaN, g[i] moves to dx[i]: dx[i] += g[i], g[i] = 0; elsewhere dx[i] += 0
//
// func takeEqualNEON(dx []float32, g []float32, x []float32, y []float32)
TEXT ·takeEqualNEON(SB), NOSPLIT, $0-96
	MOVD dx_base+0(FP), R0
	MOVD g_base+24(FP), R1
	MOVD x_base+48(FP), R2
	MOVD y_base+72(FP), R3
	MOVD dx_len+8(FP), R6
	// R0 dx, R1 g, R2 x, R3 y; R6 elements left
loop1:
	CMP $4, R6
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R2), [V2.S4]
	VLD1 (R3), [V3.S4]
	VEOR V4.B16, V4.B16, V4.B16
	WORD $0x4e23e448 // fcmeq v8.4s, v2.4s, v3.4s
	WORD $0x4e22e449 // fcmeq v9.4s, v2.4s, v2.4s
	WORD $0x4ee91d08 // orn v8.16b, v8.16b, v9.16b
	WORD $0x6e641c28 // bsl v8.16b, v1.16b, v4.16b
	VMOV V8.B16, V5.B16
	WORD $0x4e25d400 // fadd v0.4s, v0.4s, v5.4s
	WORD $0x4e23e448 // fcmeq v8.4s, v2.4s, v3.4s
	WORD $0x4e22e449 // fcmeq v9.4s, v2.4s, v2.4s
	WORD $0x4ee91d08 // orn v8.16b, v8.16b, v9.16b
	WORD $0x6e611c88 // bsl v8.16b, v4.16b, v1.16b
	VMOV V8.B16, V1.B16
	VST1 [V0.S4], (R0)
	VST1 [V1.S4], (R1)
	ADD $16, R0
	ADD $16, R1
	ADD $16, R2
	ADD $16, R3
	SUB $4, R6
	B loop1
tail:
	CBZ R6, done
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VLD1 (R0), V0.S[0]
	VLD1 (R1), V1.S[0]
	VLD1 (R2), V2.S[0]
	VLD1 (R3), V3.S[0]
	CMP $2, R6
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	ADD $4, R2, R26
	VLD1 (R26), V2.S[1]
	ADD $4, R3, R26
	VLD1 (R26), V3.S[1]
	CMP $3, R6
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
	ADD $8, R2, R26
	VLD1 (R26), V2.S[2]
	ADD $8, R3, R26
	VLD1 (R26), V3.S[2]
in:
	VEOR V4.B16, V4.B16, V4.B16
	WORD $0x4e23e448 // fcmeq v8.4s, v2.4s, v3.4s
	WORD $0x4e22e449 // fcmeq v9.4s, v2.4s, v2.4s
	WORD $0x4ee91d08 // orn v8.16b, v8.16b, v9.16b
	WORD $0x6e641c28 // bsl v8.16b, v1.16b, v4.16b
	VMOV V8.B16, V5.B16
	WORD $0x4e25d400 // fadd v0.4s, v0.4s, v5.4s
	WORD $0x4e23e448 // fcmeq v8.4s, v2.4s, v3.4s
	WORD $0x4e22e449 // fcmeq v9.4s, v2.4s, v2.4s
	WORD $0x4ee91d08 // orn v8.16b, v8.16b, v9.16b
	WORD $0x6e611c88 // bsl v8.16b, v4.16b, v1.16b
	VMOV V8.B16, V1.B16
	VST1 V0.S[0], (R0)
	VST1 V1.S[0], (R1)
	CMP $2, R6
	BLT out
	ADD $4, R0, R26
	VST1 V0.S[1], (R26)
	ADD $4, R1, R26
	VST1 V1.S[1], (R26)
	CMP $3, R6
	BLT out
	ADD $8, R0, R26
	VST1 V0.S[2], (R26)
	ADD $8, R1, R26
	VST1 V1.S[2], (R26)
out:
done:
	RET
