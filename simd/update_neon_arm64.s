//go:build arm64 && !purego

#include "textflag.h"

// Optimiser updates, one pass over memory; the Go loops stand in update.go.
// sgd: g = g + wd*w; v = mu*v + g; w -= lr*v
//
// func sgdNEON(w []float32, v []float32, g []float32, lr float32, mu float32, wd float32)
TEXT ·sgdNEON(SB), NOSPLIT, $0-84
	MOVD w_base+0(FP), R0
	MOVD v_base+24(FP), R1
	MOVD g_base+48(FP), R2
	MOVD w_len+8(FP), R6
	FMOVS lr+72(FP), F9
	VDUP V9.S[0], V9.S4
	FMOVS mu+76(FP), F10
	VDUP V10.S[0], V10.S4
	FMOVS wd+80(FP), F11
	VDUP V11.S[0], V11.S4
	// R0 w, R1 v, R2 g; R6 elements left
loop1:
	CMP $4, R6
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R2), [V2.S4]
	VFMLA V0.S4, V11.S4, V2.S4
	WORD $0x6e21dd41 // fmul v1.4s, v10.4s, v1.4s
	WORD $0x4e22d421 // fadd v1.4s, v1.4s, v2.4s
	VFMLS V1.S4, V9.S4, V0.S4
	VST1 [V0.S4], (R0)
	VST1 [V1.S4], (R1)
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
	VFMLA V0.S4, V11.S4, V2.S4
	WORD $0x6e21dd41 // fmul v1.4s, v10.4s, v1.4s
	WORD $0x4e22d421 // fadd v1.4s, v1.4s, v2.4s
	VFMLS V1.S4, V9.S4, V0.S4
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

// sgdNesterov: g = g + wd*w; v = mu*v + g; w -= lr*(g + mu*v)
//
// func sgdNesterovNEON(w []float32, v []float32, g []float32, lr float32, mu float32, wd float32)
TEXT ·sgdNesterovNEON(SB), NOSPLIT, $0-84
	MOVD w_base+0(FP), R0
	MOVD v_base+24(FP), R1
	MOVD g_base+48(FP), R2
	MOVD w_len+8(FP), R6
	FMOVS lr+72(FP), F9
	VDUP V9.S[0], V9.S4
	FMOVS mu+76(FP), F10
	VDUP V10.S[0], V10.S4
	FMOVS wd+80(FP), F11
	VDUP V11.S[0], V11.S4
	// R0 w, R1 v, R2 g; R6 elements left
loop1:
	CMP $4, R6
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R2), [V2.S4]
	VFMLA V0.S4, V11.S4, V2.S4
	WORD $0x6e21dd41 // fmul v1.4s, v10.4s, v1.4s
	WORD $0x4e22d421 // fadd v1.4s, v1.4s, v2.4s
	VFMLA V1.S4, V10.S4, V2.S4
	VFMLS V2.S4, V9.S4, V0.S4
	VST1 [V0.S4], (R0)
	VST1 [V1.S4], (R1)
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
	VFMLA V0.S4, V11.S4, V2.S4
	WORD $0x6e21dd41 // fmul v1.4s, v10.4s, v1.4s
	WORD $0x4e22d421 // fadd v1.4s, v1.4s, v2.4s
	VFMLA V1.S4, V10.S4, V2.S4
	VFMLS V2.S4, V9.S4, V0.S4
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

// adam: m += c1*(g-m); v = b2*v + c2*g*g; w -= step*m/(rs*sqrt(v)+eps)
//
// func adamNEON(w []float32, m []float32, v []float32, g []float32, c1 float32, b2 float32, c2 float32, rs float32, eps float32, step float32)
TEXT ·adamNEON(SB), NOSPLIT, $0-120
	MOVD w_base+0(FP), R0
	MOVD m_base+24(FP), R1
	MOVD v_base+48(FP), R2
	MOVD g_base+72(FP), R3
	MOVD w_len+8(FP), R6
	FMOVS c1+96(FP), F9
	VDUP V9.S[0], V9.S4
	FMOVS b2+100(FP), F10
	VDUP V10.S[0], V10.S4
	FMOVS c2+104(FP), F11
	VDUP V11.S[0], V11.S4
	FMOVS rs+108(FP), F12
	VDUP V12.S[0], V12.S4
	FMOVS eps+112(FP), F13
	VDUP V13.S[0], V13.S4
	FMOVS step+116(FP), F14
	VDUP V14.S[0], V14.S4
	// R0 w, R1 m, R2 v, R3 g; R6 elements left
loop1:
	CMP $4, R6
	BLT tail
	VLD1 (R0), [V0.S4]
	VLD1 (R1), [V1.S4]
	VLD1 (R2), [V2.S4]
	VLD1 (R3), [V3.S4]
	WORD $0x4ea1d464 // fsub v4.4s, v3.4s, v1.4s
	VFMLA V4.S4, V9.S4, V1.S4
	WORD $0x6e23dd64 // fmul v4.4s, v11.4s, v3.4s
	WORD $0x6e22dd42 // fmul v2.4s, v10.4s, v2.4s
	VFMLA V3.S4, V4.S4, V2.S4
	WORD $0x6ea1f844 // fsqrt v4.4s, v2.4s
	WORD $0x6e24dd84 // fmul v4.4s, v12.4s, v4.4s
	WORD $0x4e2dd484 // fadd v4.4s, v4.4s, v13.4s
	WORD $0x6e24fc24 // fdiv v4.4s, v1.4s, v4.4s
	VFMLS V4.S4, V14.S4, V0.S4
	VST1 [V0.S4], (R0)
	VST1 [V1.S4], (R1)
	VST1 [V2.S4], (R2)
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
	WORD $0x4ea1d464 // fsub v4.4s, v3.4s, v1.4s
	VFMLA V4.S4, V9.S4, V1.S4
	WORD $0x6e23dd64 // fmul v4.4s, v11.4s, v3.4s
	WORD $0x6e22dd42 // fmul v2.4s, v10.4s, v2.4s
	VFMLA V3.S4, V4.S4, V2.S4
	WORD $0x6ea1f844 // fsqrt v4.4s, v2.4s
	WORD $0x6e24dd84 // fmul v4.4s, v12.4s, v4.4s
	WORD $0x4e2dd484 // fadd v4.4s, v4.4s, v13.4s
	WORD $0x6e24fc24 // fdiv v4.4s, v1.4s, v4.4s
	VFMLS V4.S4, V14.S4, V0.S4
	VST1 V0.S[0], (R0)
	VST1 V1.S[0], (R1)
	VST1 V2.S[0], (R2)
	CMP $2, R6
	BLT out
	ADD $4, R0, R26
	VST1 V0.S[1], (R26)
	ADD $4, R1, R26
	VST1 V1.S[1], (R26)
	ADD $4, R2, R26
	VST1 V2.S[1], (R26)
	CMP $3, R6
	BLT out
	ADD $8, R0, R26
	VST1 V0.S[2], (R26)
	ADD $8, R1, R26
	VST1 V1.S[2], (R26)
	ADD $8, R2, R26
	VST1 V2.S[2], (R26)
out:
done:
	RET
