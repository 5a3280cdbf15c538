//go:build arm64 && !purego

#include "textflag.h"

// bilinear5: a pixel a turn, its channels 0 to 3 in the lanes of V0, channel 4 alone in F16; the Go loop stands in bilinear.go.
//
//	R0 dst, R1 stride in bytes, R2 src, R3 row in bytes, R4 at, R5 fx, R6 fy, R7 n; R9 p, R10 p + 5, R11 q, R12 q + 5
//
// func bilinear5NEON(dst *float32, stride int, src *float32, row int, at *int32, fx, fy *float32, n int)
TEXT ·bilinear5NEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD stride+8(FP), R1
	MOVD src+16(FP), R2
	MOVD row+24(FP), R3
	MOVD at+32(FP), R4
	MOVD fx+40(FP), R5
	MOVD fy+48(FP), R6
	MOVD n+56(FP), R7
	LSL $2, R1, R1
	LSL $2, R3, R3
bilinear1:
	MOVW.P 4(R4), R8
	ADD R8<<2, R2, R9
	ADD $20, R9, R10
	ADD R3, R9, R11
	ADD $20, R11, R12
	FMOVS.P 4(R5), F8
	FMOVS.P 4(R6), F9
	VDUP V8.S[0], V10.S4
	VDUP V9.S[0], V11.S4
	VLD1 (R9), [V0.S4]
	VLD1 (R10), [V1.S4]
	VLD1 (R11), [V2.S4]
	VLD1 (R12), [V3.S4]
	FMOVS 16(R9), F16
	FMOVS 16(R10), F17
	FMOVS 16(R11), F18
	FMOVS 16(R12), F19
	WORD $0x4ea0d421 // fsub v1.4s, v1.4s, v0.4s
	WORD $0x4ea2d463 // fsub v3.4s, v3.4s, v2.4s
	WORD $0x6e2adc21 // fmul v1.4s, v1.4s, v10.4s
	WORD $0x6e2adc63 // fmul v3.4s, v3.4s, v10.4s
	WORD $0x4e21d400 // fadd v0.4s, v0.4s, v1.4s
	WORD $0x4e23d442 // fadd v2.4s, v2.4s, v3.4s
	WORD $0x4ea0d442 // fsub v2.4s, v2.4s, v0.4s
	WORD $0x6e2bdc42 // fmul v2.4s, v2.4s, v11.4s
	WORD $0x4e22d400 // fadd v0.4s, v0.4s, v2.4s
	FSUBS F16, F17, F17
	FSUBS F18, F19, F19
	FMULS F8, F17, F17
	FMULS F8, F19, F19
	FADDS F17, F16, F16
	FADDS F19, F18, F18
	FSUBS F16, F18, F18
	FMULS F9, F18, F18
	FADDS F18, F16, F16
	MOVD R0, R13
	VST1 V0.S[0], (R13)
	ADD R1, R13, R13
	VST1 V0.S[1], (R13)
	ADD R1, R13, R13
	VST1 V0.S[2], (R13)
	ADD R1, R13, R13
	VST1 V0.S[3], (R13)
	ADD R1, R13, R13
	FMOVS F16, (R13)
	ADD $4, R0, R0
	SUBS $1, R7, R7
	BNE bilinear1
	RET
