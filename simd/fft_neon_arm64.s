//go:build arm64 && !purego

#include "textflag.h"

// Steps of Fourier transforms; the Go loops stand in fft.go. Butterflies of four columns a turn; where a row is no multiple of four,
// the last turn repeats some columns.
//
//	R0 dre, R1 dim, R2 sre, R3 sim, moving with p; R4 w; R6 butterflies left
//	R5 s and R7 s·m in bytes, R11 radix·s; R8 the column in bytes, R12 the last whole one, R9 scratch
//	V24 to V31 the factors of p, V20 to V23 constants

// func fft2NEON(dre, dim, sre, sim, w *float32, s, m int)
TEXT ·fft2NEON(SB), NOSPLIT, $0-56
	MOVD dre+0(FP), R0
	MOVD dim+8(FP), R1
	MOVD sre+16(FP), R2
	MOVD sim+24(FP), R3
	MOVD w+32(FP), R4
	MOVD s+40(FP), R5
	MOVD m+48(FP), R6
	LSL $2, R5, R5
	MUL R5, R6, R7
	MOVD $2, R11
	MUL R5, R11, R11
	SUB $16, R5, R12
	MOVD ZR, R8
	// p = 0: no factors
first2:
	ADD R8, R2, R9
	VLD1 (R9), [V0.S4]
	ADD R7, R9
	VLD1 (R9), [V1.S4]
	ADD R8, R3, R9
	VLD1 (R9), [V2.S4]
	ADD R7, R9
	VLD1 (R9), [V3.S4]
	WORD $0x4e21d404 // fadd v4.4s, v0.4s, v1.4s
	WORD $0x4e23d445 // fadd v5.4s, v2.4s, v3.4s
	WORD $0x4ea1d400 // fsub v0.4s, v0.4s, v1.4s
	WORD $0x4ea3d442 // fsub v2.4s, v2.4s, v3.4s
	ADD R8, R0, R9
	VST1 [V4.S4], (R9)
	ADD R5, R9
	VST1 [V0.S4], (R9)
	ADD R8, R1, R9
	VST1 [V5.S4], (R9)
	ADD R5, R9
	VST1 [V2.S4], (R9)
	ADD $16, R8
	CMP R12, R8
	BLE first2
	CMP R5, R8
	BGE next2
	MOVD R12, R8
	B first2
next2:
	ADD R11, R0
	ADD R11, R1
	ADD R5, R2
	ADD R5, R3
	ADD $8, R4
	MOVD ZR, R8
	SUB $1, R6
	CBZ R6, done2
	MOVD R4, R9
	VLD1R.P 4(R9), [V24.S4]
	VLD1R.P 4(R9), [V25.S4]
column2:
	ADD R8, R2, R9
	VLD1 (R9), [V0.S4]
	ADD R7, R9
	VLD1 (R9), [V1.S4]
	ADD R8, R3, R9
	VLD1 (R9), [V2.S4]
	ADD R7, R9
	VLD1 (R9), [V3.S4]
	WORD $0x4e21d404 // fadd v4.4s, v0.4s, v1.4s
	WORD $0x4e23d445 // fadd v5.4s, v2.4s, v3.4s
	WORD $0x4ea1d400 // fsub v0.4s, v0.4s, v1.4s
	WORD $0x4ea3d442 // fsub v2.4s, v2.4s, v3.4s
	WORD $0x6e39dc46 // fmul v6.4s, v2.4s, v25.4s
	WORD $0x6e39dc07 // fmul v7.4s, v0.4s, v25.4s
	WORD $0x6e38dc00 // fmul v0.4s, v0.4s, v24.4s
	WORD $0x6e38dc42 // fmul v2.4s, v2.4s, v24.4s
	WORD $0x4ea6d400 // fsub v0.4s, v0.4s, v6.4s
	WORD $0x4e27d442 // fadd v2.4s, v2.4s, v7.4s
	ADD R8, R0, R9
	VST1 [V4.S4], (R9)
	ADD R5, R9
	VST1 [V0.S4], (R9)
	ADD R8, R1, R9
	VST1 [V5.S4], (R9)
	ADD R5, R9
	VST1 [V2.S4], (R9)
	ADD $16, R8
	CMP R12, R8
	BLE column2
	CMP R5, R8
	BGE next2
	MOVD R12, R8
	B column2
done2:
	RET

// func fft3NEON(dre, dim, sre, sim, w *float32, s, m int)
TEXT ·fft3NEON(SB), NOSPLIT, $0-56
	MOVD dre+0(FP), R0
	MOVD dim+8(FP), R1
	MOVD sre+16(FP), R2
	MOVD sim+24(FP), R3
	MOVD w+32(FP), R4
	MOVD s+40(FP), R5
	MOVD m+48(FP), R6
	MOVW $0x3f5db3d7, R9
	VDUP R9, V22.S4 // 0.8660254
	MOVW $0x3f000000, R9
	VDUP R9, V23.S4 // 0.5
	LSL $2, R5, R5
	MUL R5, R6, R7
	MOVD $3, R11
	MUL R5, R11, R11
	SUB $16, R5, R12
	MOVD ZR, R8
	// p = 0: no factors
first3:
	ADD R8, R2, R9
	VLD1 (R9), [V0.S4]
	ADD R7, R9
	VLD1 (R9), [V1.S4]
	ADD R7, R9
	VLD1 (R9), [V2.S4]
	ADD R8, R3, R9
	VLD1 (R9), [V3.S4]
	ADD R7, R9
	VLD1 (R9), [V4.S4]
	ADD R7, R9
	VLD1 (R9), [V5.S4]
	WORD $0x4e22d426 // fadd v6.4s, v1.4s, v2.4s
	WORD $0x4e25d487 // fadd v7.4s, v4.4s, v5.4s
	WORD $0x4ea2d421 // fsub v1.4s, v1.4s, v2.4s
	WORD $0x4ea5d484 // fsub v4.4s, v4.4s, v5.4s
	WORD $0x6e36dc21 // fmul v1.4s, v1.4s, v22.4s
	WORD $0x6e36dc84 // fmul v4.4s, v4.4s, v22.4s
	WORD $0x6e37dcc8 // fmul v8.4s, v6.4s, v23.4s
	WORD $0x6e37dce9 // fmul v9.4s, v7.4s, v23.4s
	WORD $0x4ea8d408 // fsub v8.4s, v0.4s, v8.4s
	WORD $0x4ea9d469 // fsub v9.4s, v3.4s, v9.4s
	WORD $0x4e26d406 // fadd v6.4s, v0.4s, v6.4s
	WORD $0x4e27d467 // fadd v7.4s, v3.4s, v7.4s
	WORD $0x4e24d50a // fadd v10.4s, v8.4s, v4.4s
	WORD $0x4ea1d52b // fsub v11.4s, v9.4s, v1.4s
	WORD $0x4ea4d508 // fsub v8.4s, v8.4s, v4.4s
	WORD $0x4e21d529 // fadd v9.4s, v9.4s, v1.4s
	ADD R8, R0, R9
	VST1 [V6.S4], (R9)
	ADD R5, R9
	VST1 [V10.S4], (R9)
	ADD R5, R9
	VST1 [V8.S4], (R9)
	ADD R8, R1, R9
	VST1 [V7.S4], (R9)
	ADD R5, R9
	VST1 [V11.S4], (R9)
	ADD R5, R9
	VST1 [V9.S4], (R9)
	ADD $16, R8
	CMP R12, R8
	BLE first3
	CMP R5, R8
	BGE next3
	MOVD R12, R8
	B first3
next3:
	ADD R11, R0
	ADD R11, R1
	ADD R5, R2
	ADD R5, R3
	ADD $16, R4
	MOVD ZR, R8
	SUB $1, R6
	CBZ R6, done3
	MOVD R4, R9
	VLD1R.P 4(R9), [V24.S4]
	VLD1R.P 4(R9), [V25.S4]
	VLD1R.P 4(R9), [V26.S4]
	VLD1R.P 4(R9), [V27.S4]
column3:
	ADD R8, R2, R9
	VLD1 (R9), [V0.S4]
	ADD R7, R9
	VLD1 (R9), [V1.S4]
	ADD R7, R9
	VLD1 (R9), [V2.S4]
	ADD R8, R3, R9
	VLD1 (R9), [V3.S4]
	ADD R7, R9
	VLD1 (R9), [V4.S4]
	ADD R7, R9
	VLD1 (R9), [V5.S4]
	WORD $0x4e22d426 // fadd v6.4s, v1.4s, v2.4s
	WORD $0x4e25d487 // fadd v7.4s, v4.4s, v5.4s
	WORD $0x4ea2d421 // fsub v1.4s, v1.4s, v2.4s
	WORD $0x4ea5d484 // fsub v4.4s, v4.4s, v5.4s
	WORD $0x6e36dc21 // fmul v1.4s, v1.4s, v22.4s
	WORD $0x6e36dc84 // fmul v4.4s, v4.4s, v22.4s
	WORD $0x6e37dcc8 // fmul v8.4s, v6.4s, v23.4s
	WORD $0x6e37dce9 // fmul v9.4s, v7.4s, v23.4s
	WORD $0x4ea8d408 // fsub v8.4s, v0.4s, v8.4s
	WORD $0x4ea9d469 // fsub v9.4s, v3.4s, v9.4s
	WORD $0x4e26d406 // fadd v6.4s, v0.4s, v6.4s
	WORD $0x4e27d467 // fadd v7.4s, v3.4s, v7.4s
	WORD $0x4e24d50a // fadd v10.4s, v8.4s, v4.4s
	WORD $0x4ea1d52b // fsub v11.4s, v9.4s, v1.4s
	WORD $0x4ea4d508 // fsub v8.4s, v8.4s, v4.4s
	WORD $0x4e21d529 // fadd v9.4s, v9.4s, v1.4s
	WORD $0x6e39dd6c // fmul v12.4s, v11.4s, v25.4s
	WORD $0x6e39dd4d // fmul v13.4s, v10.4s, v25.4s
	WORD $0x6e38dd4a // fmul v10.4s, v10.4s, v24.4s
	WORD $0x6e38dd6b // fmul v11.4s, v11.4s, v24.4s
	WORD $0x4eacd54a // fsub v10.4s, v10.4s, v12.4s
	WORD $0x4e2dd56b // fadd v11.4s, v11.4s, v13.4s
	WORD $0x6e3bdd2e // fmul v14.4s, v9.4s, v27.4s
	WORD $0x6e3bdd0f // fmul v15.4s, v8.4s, v27.4s
	WORD $0x6e3add08 // fmul v8.4s, v8.4s, v26.4s
	WORD $0x6e3add29 // fmul v9.4s, v9.4s, v26.4s
	WORD $0x4eaed508 // fsub v8.4s, v8.4s, v14.4s
	WORD $0x4e2fd529 // fadd v9.4s, v9.4s, v15.4s
	ADD R8, R0, R9
	VST1 [V6.S4], (R9)
	ADD R5, R9
	VST1 [V10.S4], (R9)
	ADD R5, R9
	VST1 [V8.S4], (R9)
	ADD R8, R1, R9
	VST1 [V7.S4], (R9)
	ADD R5, R9
	VST1 [V11.S4], (R9)
	ADD R5, R9
	VST1 [V9.S4], (R9)
	ADD $16, R8
	CMP R12, R8
	BLE column3
	CMP R5, R8
	BGE next3
	MOVD R12, R8
	B column3
done3:
	RET

// func fft4NEON(dre, dim, sre, sim, w *float32, s, m int)
TEXT ·fft4NEON(SB), NOSPLIT, $0-56
	MOVD dre+0(FP), R0
	MOVD dim+8(FP), R1
	MOVD sre+16(FP), R2
	MOVD sim+24(FP), R3
	MOVD w+32(FP), R4
	MOVD s+40(FP), R5
	MOVD m+48(FP), R6
	LSL $2, R5, R5
	MUL R5, R6, R7
	MOVD $4, R11
	MUL R5, R11, R11
	SUB $16, R5, R12
	MOVD ZR, R8
	// p = 0: no factors
first4:
	ADD R8, R2, R9
	VLD1 (R9), [V0.S4]
	ADD R7, R9
	VLD1 (R9), [V1.S4]
	ADD R7, R9
	VLD1 (R9), [V2.S4]
	ADD R7, R9
	VLD1 (R9), [V3.S4]
	ADD R8, R3, R9
	VLD1 (R9), [V4.S4]
	ADD R7, R9
	VLD1 (R9), [V5.S4]
	ADD R7, R9
	VLD1 (R9), [V6.S4]
	ADD R7, R9
	VLD1 (R9), [V7.S4]
	WORD $0x4e22d408 // fadd v8.4s, v0.4s, v2.4s
	WORD $0x4ea2d400 // fsub v0.4s, v0.4s, v2.4s
	WORD $0x4e23d429 // fadd v9.4s, v1.4s, v3.4s
	WORD $0x4ea3d421 // fsub v1.4s, v1.4s, v3.4s
	WORD $0x4e26d48a // fadd v10.4s, v4.4s, v6.4s
	WORD $0x4ea6d484 // fsub v4.4s, v4.4s, v6.4s
	WORD $0x4e27d4ab // fadd v11.4s, v5.4s, v7.4s
	WORD $0x4ea7d4a5 // fsub v5.4s, v5.4s, v7.4s
	WORD $0x4e29d502 // fadd v2.4s, v8.4s, v9.4s
	WORD $0x4e2bd543 // fadd v3.4s, v10.4s, v11.4s
	WORD $0x4ea9d508 // fsub v8.4s, v8.4s, v9.4s
	WORD $0x4eabd54a // fsub v10.4s, v10.4s, v11.4s
	WORD $0x4e25d406 // fadd v6.4s, v0.4s, v5.4s
	WORD $0x4ea1d487 // fsub v7.4s, v4.4s, v1.4s
	WORD $0x4ea5d400 // fsub v0.4s, v0.4s, v5.4s
	WORD $0x4e21d484 // fadd v4.4s, v4.4s, v1.4s
	ADD R8, R0, R9
	VST1 [V2.S4], (R9)
	ADD R5, R9
	VST1 [V6.S4], (R9)
	ADD R5, R9
	VST1 [V8.S4], (R9)
	ADD R5, R9
	VST1 [V0.S4], (R9)
	ADD R8, R1, R9
	VST1 [V3.S4], (R9)
	ADD R5, R9
	VST1 [V7.S4], (R9)
	ADD R5, R9
	VST1 [V10.S4], (R9)
	ADD R5, R9
	VST1 [V4.S4], (R9)
	ADD $16, R8
	CMP R12, R8
	BLE first4
	CMP R5, R8
	BGE next4
	MOVD R12, R8
	B first4
next4:
	ADD R11, R0
	ADD R11, R1
	ADD R5, R2
	ADD R5, R3
	ADD $24, R4
	MOVD ZR, R8
	SUB $1, R6
	CBZ R6, done4
	MOVD R4, R9
	VLD1R.P 4(R9), [V24.S4]
	VLD1R.P 4(R9), [V25.S4]
	VLD1R.P 4(R9), [V26.S4]
	VLD1R.P 4(R9), [V27.S4]
	VLD1R.P 4(R9), [V28.S4]
	VLD1R.P 4(R9), [V29.S4]
column4:
	ADD R8, R2, R9
	VLD1 (R9), [V0.S4]
	ADD R7, R9
	VLD1 (R9), [V1.S4]
	ADD R7, R9
	VLD1 (R9), [V2.S4]
	ADD R7, R9
	VLD1 (R9), [V3.S4]
	ADD R8, R3, R9
	VLD1 (R9), [V4.S4]
	ADD R7, R9
	VLD1 (R9), [V5.S4]
	ADD R7, R9
	VLD1 (R9), [V6.S4]
	ADD R7, R9
	VLD1 (R9), [V7.S4]
	WORD $0x4e22d408 // fadd v8.4s, v0.4s, v2.4s
	WORD $0x4ea2d400 // fsub v0.4s, v0.4s, v2.4s
	WORD $0x4e23d429 // fadd v9.4s, v1.4s, v3.4s
	WORD $0x4ea3d421 // fsub v1.4s, v1.4s, v3.4s
	WORD $0x4e26d48a // fadd v10.4s, v4.4s, v6.4s
	WORD $0x4ea6d484 // fsub v4.4s, v4.4s, v6.4s
	WORD $0x4e27d4ab // fadd v11.4s, v5.4s, v7.4s
	WORD $0x4ea7d4a5 // fsub v5.4s, v5.4s, v7.4s
	WORD $0x4e29d502 // fadd v2.4s, v8.4s, v9.4s
	WORD $0x4e2bd543 // fadd v3.4s, v10.4s, v11.4s
	WORD $0x4ea9d508 // fsub v8.4s, v8.4s, v9.4s
	WORD $0x4eabd54a // fsub v10.4s, v10.4s, v11.4s
	WORD $0x4e25d406 // fadd v6.4s, v0.4s, v5.4s
	WORD $0x4ea1d487 // fsub v7.4s, v4.4s, v1.4s
	WORD $0x4ea5d400 // fsub v0.4s, v0.4s, v5.4s
	WORD $0x4e21d484 // fadd v4.4s, v4.4s, v1.4s
	WORD $0x6e39dcec // fmul v12.4s, v7.4s, v25.4s
	WORD $0x6e39dccd // fmul v13.4s, v6.4s, v25.4s
	WORD $0x6e38dcc6 // fmul v6.4s, v6.4s, v24.4s
	WORD $0x6e38dce7 // fmul v7.4s, v7.4s, v24.4s
	WORD $0x4eacd4c6 // fsub v6.4s, v6.4s, v12.4s
	WORD $0x4e2dd4e7 // fadd v7.4s, v7.4s, v13.4s
	WORD $0x6e3bdd4e // fmul v14.4s, v10.4s, v27.4s
	WORD $0x6e3bdd0f // fmul v15.4s, v8.4s, v27.4s
	WORD $0x6e3add08 // fmul v8.4s, v8.4s, v26.4s
	WORD $0x6e3add4a // fmul v10.4s, v10.4s, v26.4s
	WORD $0x4eaed508 // fsub v8.4s, v8.4s, v14.4s
	WORD $0x4e2fd54a // fadd v10.4s, v10.4s, v15.4s
	WORD $0x6e3ddc90 // fmul v16.4s, v4.4s, v29.4s
	WORD $0x6e3ddc11 // fmul v17.4s, v0.4s, v29.4s
	WORD $0x6e3cdc00 // fmul v0.4s, v0.4s, v28.4s
	WORD $0x6e3cdc84 // fmul v4.4s, v4.4s, v28.4s
	WORD $0x4eb0d400 // fsub v0.4s, v0.4s, v16.4s
	WORD $0x4e31d484 // fadd v4.4s, v4.4s, v17.4s
	ADD R8, R0, R9
	VST1 [V2.S4], (R9)
	ADD R5, R9
	VST1 [V6.S4], (R9)
	ADD R5, R9
	VST1 [V8.S4], (R9)
	ADD R5, R9
	VST1 [V0.S4], (R9)
	ADD R8, R1, R9
	VST1 [V3.S4], (R9)
	ADD R5, R9
	VST1 [V7.S4], (R9)
	ADD R5, R9
	VST1 [V10.S4], (R9)
	ADD R5, R9
	VST1 [V4.S4], (R9)
	ADD $16, R8
	CMP R12, R8
	BLE column4
	CMP R5, R8
	BGE next4
	MOVD R12, R8
	B column4
done4:
	RET

// func fft5NEON(dre, dim, sre, sim, w *float32, s, m int)
TEXT ·fft5NEON(SB), NOSPLIT, $0-56
	MOVD dre+0(FP), R0
	MOVD dim+8(FP), R1
	MOVD sre+16(FP), R2
	MOVD sim+24(FP), R3
	MOVD w+32(FP), R4
	MOVD s+40(FP), R5
	MOVD m+48(FP), R6
	MOVW $0x3e9e377a, R9
	VDUP R9, V20.S4 // 0.309017
	MOVW $0x3f737871, R9
	VDUP R9, V21.S4 // 0.9510565
	MOVW $0xbf4f1bbd, R9
	VDUP R9, V22.S4 // -0.809017
	MOVW $0x3f167918, R9
	VDUP R9, V23.S4 // 0.5877853
	LSL $2, R5, R5
	MUL R5, R6, R7
	MOVD $5, R11
	MUL R5, R11, R11
	SUB $16, R5, R12
	MOVD ZR, R8
	// p = 0: no factors
first5:
	ADD R8, R2, R9
	VLD1 (R9), [V0.S4]
	ADD R7, R9
	VLD1 (R9), [V1.S4]
	ADD R7, R9
	VLD1 (R9), [V2.S4]
	ADD R7, R9
	VLD1 (R9), [V3.S4]
	ADD R7, R9
	VLD1 (R9), [V4.S4]
	ADD R8, R3, R9
	VLD1 (R9), [V5.S4]
	ADD R7, R9
	VLD1 (R9), [V6.S4]
	ADD R7, R9
	VLD1 (R9), [V7.S4]
	ADD R7, R9
	VLD1 (R9), [V8.S4]
	ADD R7, R9
	VLD1 (R9), [V9.S4]
	WORD $0x4e24d42a // fadd v10.4s, v1.4s, v4.4s
	WORD $0x4ea4d421 // fsub v1.4s, v1.4s, v4.4s
	WORD $0x4e23d444 // fadd v4.4s, v2.4s, v3.4s
	WORD $0x4ea3d442 // fsub v2.4s, v2.4s, v3.4s
	WORD $0x4e29d4cb // fadd v11.4s, v6.4s, v9.4s
	WORD $0x4ea9d4c6 // fsub v6.4s, v6.4s, v9.4s
	WORD $0x4e28d4e9 // fadd v9.4s, v7.4s, v8.4s
	WORD $0x4ea8d4e7 // fsub v7.4s, v7.4s, v8.4s
	WORD $0x4e24d543 // fadd v3.4s, v10.4s, v4.4s
	WORD $0x4e29d568 // fadd v8.4s, v11.4s, v9.4s
	WORD $0x4e23d410 // fadd v16.4s, v0.4s, v3.4s
	WORD $0x4e28d4b1 // fadd v17.4s, v5.4s, v8.4s
	WORD $0x6e34dd4c // fmul v12.4s, v10.4s, v20.4s
	WORD $0x6e36dc8d // fmul v13.4s, v4.4s, v22.4s
	WORD $0x4e2dd58c // fadd v12.4s, v12.4s, v13.4s
	WORD $0x4e2cd40c // fadd v12.4s, v0.4s, v12.4s
	WORD $0x6e36dd4d // fmul v13.4s, v10.4s, v22.4s
	WORD $0x6e34dc8e // fmul v14.4s, v4.4s, v20.4s
	WORD $0x4e2ed5ad // fadd v13.4s, v13.4s, v14.4s
	WORD $0x4e2dd40d // fadd v13.4s, v0.4s, v13.4s
	WORD $0x6e34dd60 // fmul v0.4s, v11.4s, v20.4s
	WORD $0x6e36dd24 // fmul v4.4s, v9.4s, v22.4s
	WORD $0x4e24d400 // fadd v0.4s, v0.4s, v4.4s
	WORD $0x4e20d4a0 // fadd v0.4s, v5.4s, v0.4s
	WORD $0x6e36dd64 // fmul v4.4s, v11.4s, v22.4s
	WORD $0x6e34dd2a // fmul v10.4s, v9.4s, v20.4s
	WORD $0x4e2ad484 // fadd v4.4s, v4.4s, v10.4s
	WORD $0x4e24d4a4 // fadd v4.4s, v5.4s, v4.4s
	WORD $0x6e35dc25 // fmul v5.4s, v1.4s, v21.4s
	WORD $0x6e37dc49 // fmul v9.4s, v2.4s, v23.4s
	WORD $0x4e29d4a5 // fadd v5.4s, v5.4s, v9.4s
	WORD $0x6e37dc21 // fmul v1.4s, v1.4s, v23.4s
	WORD $0x6e35dc42 // fmul v2.4s, v2.4s, v21.4s
	WORD $0x4ea2d421 // fsub v1.4s, v1.4s, v2.4s
	WORD $0x6e35dcc2 // fmul v2.4s, v6.4s, v21.4s
	WORD $0x6e37dce9 // fmul v9.4s, v7.4s, v23.4s
	WORD $0x4e29d442 // fadd v2.4s, v2.4s, v9.4s
	WORD $0x6e37dcc6 // fmul v6.4s, v6.4s, v23.4s
	WORD $0x6e35dce7 // fmul v7.4s, v7.4s, v21.4s
	WORD $0x4ea7d4c6 // fsub v6.4s, v6.4s, v7.4s
	WORD $0x4e22d587 // fadd v7.4s, v12.4s, v2.4s
	WORD $0x4ea5d408 // fsub v8.4s, v0.4s, v5.4s
	WORD $0x4ea2d58c // fsub v12.4s, v12.4s, v2.4s
	WORD $0x4e25d400 // fadd v0.4s, v0.4s, v5.4s
	WORD $0x4e26d5a9 // fadd v9.4s, v13.4s, v6.4s
	WORD $0x4ea1d48a // fsub v10.4s, v4.4s, v1.4s
	WORD $0x4ea6d5ad // fsub v13.4s, v13.4s, v6.4s
	WORD $0x4e21d484 // fadd v4.4s, v4.4s, v1.4s
	ADD R8, R0, R9
	VST1 [V16.S4], (R9)
	ADD R5, R9
	VST1 [V7.S4], (R9)
	ADD R5, R9
	VST1 [V9.S4], (R9)
	ADD R5, R9
	VST1 [V13.S4], (R9)
	ADD R5, R9
	VST1 [V12.S4], (R9)
	ADD R8, R1, R9
	VST1 [V17.S4], (R9)
	ADD R5, R9
	VST1 [V8.S4], (R9)
	ADD R5, R9
	VST1 [V10.S4], (R9)
	ADD R5, R9
	VST1 [V4.S4], (R9)
	ADD R5, R9
	VST1 [V0.S4], (R9)
	ADD $16, R8
	CMP R12, R8
	BLE first5
	CMP R5, R8
	BGE next5
	MOVD R12, R8
	B first5
next5:
	ADD R11, R0
	ADD R11, R1
	ADD R5, R2
	ADD R5, R3
	ADD $32, R4
	MOVD ZR, R8
	SUB $1, R6
	CBZ R6, done5
	MOVD R4, R9
	VLD1R.P 4(R9), [V24.S4]
	VLD1R.P 4(R9), [V25.S4]
	VLD1R.P 4(R9), [V26.S4]
	VLD1R.P 4(R9), [V27.S4]
	VLD1R.P 4(R9), [V28.S4]
	VLD1R.P 4(R9), [V29.S4]
	VLD1R.P 4(R9), [V30.S4]
	VLD1R.P 4(R9), [V31.S4]
column5:
	ADD R8, R2, R9
	VLD1 (R9), [V0.S4]
	ADD R7, R9
	VLD1 (R9), [V1.S4]
	ADD R7, R9
	VLD1 (R9), [V2.S4]
	ADD R7, R9
	VLD1 (R9), [V3.S4]
	ADD R7, R9
	VLD1 (R9), [V4.S4]
	ADD R8, R3, R9
	VLD1 (R9), [V5.S4]
	ADD R7, R9
	VLD1 (R9), [V6.S4]
	ADD R7, R9
	VLD1 (R9), [V7.S4]
	ADD R7, R9
	VLD1 (R9), [V8.S4]
	ADD R7, R9
	VLD1 (R9), [V9.S4]
	WORD $0x4e24d42a // fadd v10.4s, v1.4s, v4.4s
	WORD $0x4ea4d421 // fsub v1.4s, v1.4s, v4.4s
	WORD $0x4e23d444 // fadd v4.4s, v2.4s, v3.4s
	WORD $0x4ea3d442 // fsub v2.4s, v2.4s, v3.4s
	WORD $0x4e29d4cb // fadd v11.4s, v6.4s, v9.4s
	WORD $0x4ea9d4c6 // fsub v6.4s, v6.4s, v9.4s
	WORD $0x4e28d4e9 // fadd v9.4s, v7.4s, v8.4s
	WORD $0x4ea8d4e7 // fsub v7.4s, v7.4s, v8.4s
	WORD $0x4e24d543 // fadd v3.4s, v10.4s, v4.4s
	WORD $0x4e29d568 // fadd v8.4s, v11.4s, v9.4s
	WORD $0x4e23d410 // fadd v16.4s, v0.4s, v3.4s
	WORD $0x4e28d4b1 // fadd v17.4s, v5.4s, v8.4s
	WORD $0x6e34dd4c // fmul v12.4s, v10.4s, v20.4s
	WORD $0x6e36dc8d // fmul v13.4s, v4.4s, v22.4s
	WORD $0x4e2dd58c // fadd v12.4s, v12.4s, v13.4s
	WORD $0x4e2cd40c // fadd v12.4s, v0.4s, v12.4s
	WORD $0x6e36dd4d // fmul v13.4s, v10.4s, v22.4s
	WORD $0x6e34dc8e // fmul v14.4s, v4.4s, v20.4s
	WORD $0x4e2ed5ad // fadd v13.4s, v13.4s, v14.4s
	WORD $0x4e2dd40d // fadd v13.4s, v0.4s, v13.4s
	WORD $0x6e34dd60 // fmul v0.4s, v11.4s, v20.4s
	WORD $0x6e36dd24 // fmul v4.4s, v9.4s, v22.4s
	WORD $0x4e24d400 // fadd v0.4s, v0.4s, v4.4s
	WORD $0x4e20d4a0 // fadd v0.4s, v5.4s, v0.4s
	WORD $0x6e36dd64 // fmul v4.4s, v11.4s, v22.4s
	WORD $0x6e34dd2a // fmul v10.4s, v9.4s, v20.4s
	WORD $0x4e2ad484 // fadd v4.4s, v4.4s, v10.4s
	WORD $0x4e24d4a4 // fadd v4.4s, v5.4s, v4.4s
	WORD $0x6e35dc25 // fmul v5.4s, v1.4s, v21.4s
	WORD $0x6e37dc49 // fmul v9.4s, v2.4s, v23.4s
	WORD $0x4e29d4a5 // fadd v5.4s, v5.4s, v9.4s
	WORD $0x6e37dc21 // fmul v1.4s, v1.4s, v23.4s
	WORD $0x6e35dc42 // fmul v2.4s, v2.4s, v21.4s
	WORD $0x4ea2d421 // fsub v1.4s, v1.4s, v2.4s
	WORD $0x6e35dcc2 // fmul v2.4s, v6.4s, v21.4s
	WORD $0x6e37dce9 // fmul v9.4s, v7.4s, v23.4s
	WORD $0x4e29d442 // fadd v2.4s, v2.4s, v9.4s
	WORD $0x6e37dcc6 // fmul v6.4s, v6.4s, v23.4s
	WORD $0x6e35dce7 // fmul v7.4s, v7.4s, v21.4s
	WORD $0x4ea7d4c6 // fsub v6.4s, v6.4s, v7.4s
	WORD $0x4e22d587 // fadd v7.4s, v12.4s, v2.4s
	WORD $0x4ea5d408 // fsub v8.4s, v0.4s, v5.4s
	WORD $0x4ea2d58c // fsub v12.4s, v12.4s, v2.4s
	WORD $0x4e25d400 // fadd v0.4s, v0.4s, v5.4s
	WORD $0x4e26d5a9 // fadd v9.4s, v13.4s, v6.4s
	WORD $0x4ea1d48a // fsub v10.4s, v4.4s, v1.4s
	WORD $0x4ea6d5ad // fsub v13.4s, v13.4s, v6.4s
	WORD $0x4e21d484 // fadd v4.4s, v4.4s, v1.4s
	WORD $0x6e39dd01 // fmul v1.4s, v8.4s, v25.4s
	WORD $0x6e39dce2 // fmul v2.4s, v7.4s, v25.4s
	WORD $0x6e38dce7 // fmul v7.4s, v7.4s, v24.4s
	WORD $0x6e38dd08 // fmul v8.4s, v8.4s, v24.4s
	WORD $0x4ea1d4e7 // fsub v7.4s, v7.4s, v1.4s
	WORD $0x4e22d508 // fadd v8.4s, v8.4s, v2.4s
	WORD $0x6e3bdd43 // fmul v3.4s, v10.4s, v27.4s
	WORD $0x6e3bdd25 // fmul v5.4s, v9.4s, v27.4s
	WORD $0x6e3add29 // fmul v9.4s, v9.4s, v26.4s
	WORD $0x6e3add4a // fmul v10.4s, v10.4s, v26.4s
	WORD $0x4ea3d529 // fsub v9.4s, v9.4s, v3.4s
	WORD $0x4e25d54a // fadd v10.4s, v10.4s, v5.4s
	WORD $0x6e3ddc86 // fmul v6.4s, v4.4s, v29.4s
	WORD $0x6e3dddab // fmul v11.4s, v13.4s, v29.4s
	WORD $0x6e3cddad // fmul v13.4s, v13.4s, v28.4s
	WORD $0x6e3cdc84 // fmul v4.4s, v4.4s, v28.4s
	WORD $0x4ea6d5ad // fsub v13.4s, v13.4s, v6.4s
	WORD $0x4e2bd484 // fadd v4.4s, v4.4s, v11.4s
	WORD $0x6e3fdc0e // fmul v14.4s, v0.4s, v31.4s
	WORD $0x6e3fdd8f // fmul v15.4s, v12.4s, v31.4s
	WORD $0x6e3edd8c // fmul v12.4s, v12.4s, v30.4s
	WORD $0x6e3edc00 // fmul v0.4s, v0.4s, v30.4s
	WORD $0x4eaed58c // fsub v12.4s, v12.4s, v14.4s
	WORD $0x4e2fd400 // fadd v0.4s, v0.4s, v15.4s
	ADD R8, R0, R9
	VST1 [V16.S4], (R9)
	ADD R5, R9
	VST1 [V7.S4], (R9)
	ADD R5, R9
	VST1 [V9.S4], (R9)
	ADD R5, R9
	VST1 [V13.S4], (R9)
	ADD R5, R9
	VST1 [V12.S4], (R9)
	ADD R8, R1, R9
	VST1 [V17.S4], (R9)
	ADD R5, R9
	VST1 [V8.S4], (R9)
	ADD R5, R9
	VST1 [V10.S4], (R9)
	ADD R5, R9
	VST1 [V4.S4], (R9)
	ADD R5, R9
	VST1 [V0.S4], (R9)
	ADD $16, R8
	CMP R12, R8
	BLE column5
	CMP R5, R8
	BGE next5
	MOVD R12, R8
	B column5
done5:
	RET

// fftTurn: squares of four by four; the last of a line, and the last line, may repeat some numbers.
//
//	R0 dre, R1 dim, R2 sre, R3 sim, R4 wre, R5 wim; R6 rows, R7 cols, R16 and R17 theirs in bytes; R8 row, R10 column
//	R9 source, R11 result, in bytes; R12 scratch
//
// func fftTurnNEON(dre, dim, sre, sim, wre, wim *float32, rows, cols int)
TEXT ·fftTurnNEON(SB), NOSPLIT, $0-64
	MOVD dre+0(FP), R0
	MOVD dim+8(FP), R1
	MOVD sre+16(FP), R2
	MOVD sim+24(FP), R3
	MOVD wre+32(FP), R4
	MOVD wim+40(FP), R5
	MOVD rows+48(FP), R6
	MOVD cols+56(FP), R7
	LSL $2, R6, R16
	LSL $2, R7, R17
	MOVD ZR, R8
line:
	MOVD ZR, R10
square:
	MUL R8, R17, R9
	ADD R10<<2, R9
	MUL R10, R16, R11
	ADD R8<<2, R11
	ADD R9, R2, R12
	VLD1 (R12), [V0.S4]
	ADD R9, R3, R12
	VLD1 (R12), [V1.S4]
	ADD R9, R4, R12
	VLD1 (R12), [V2.S4]
	ADD R9, R5, R12
	VLD1 (R12), [V3.S4]
	WORD $0x6e22dc04 // fmul v4.4s, v0.4s, v2.4s
	WORD $0x6e23dc30 // fmul v16.4s, v1.4s, v3.4s
	WORD $0x4eb0d484 // fsub v4.4s, v4.4s, v16.4s
	WORD $0x6e23dc08 // fmul v8.4s, v0.4s, v3.4s
	WORD $0x6e22dc30 // fmul v16.4s, v1.4s, v2.4s
	WORD $0x4e30d508 // fadd v8.4s, v8.4s, v16.4s
	ADD R17, R9
	ADD R9, R2, R12
	VLD1 (R12), [V0.S4]
	ADD R9, R3, R12
	VLD1 (R12), [V1.S4]
	ADD R9, R4, R12
	VLD1 (R12), [V2.S4]
	ADD R9, R5, R12
	VLD1 (R12), [V3.S4]
	WORD $0x6e22dc05 // fmul v5.4s, v0.4s, v2.4s
	WORD $0x6e23dc30 // fmul v16.4s, v1.4s, v3.4s
	WORD $0x4eb0d4a5 // fsub v5.4s, v5.4s, v16.4s
	WORD $0x6e23dc09 // fmul v9.4s, v0.4s, v3.4s
	WORD $0x6e22dc30 // fmul v16.4s, v1.4s, v2.4s
	WORD $0x4e30d529 // fadd v9.4s, v9.4s, v16.4s
	ADD R17, R9
	ADD R9, R2, R12
	VLD1 (R12), [V0.S4]
	ADD R9, R3, R12
	VLD1 (R12), [V1.S4]
	ADD R9, R4, R12
	VLD1 (R12), [V2.S4]
	ADD R9, R5, R12
	VLD1 (R12), [V3.S4]
	WORD $0x6e22dc06 // fmul v6.4s, v0.4s, v2.4s
	WORD $0x6e23dc30 // fmul v16.4s, v1.4s, v3.4s
	WORD $0x4eb0d4c6 // fsub v6.4s, v6.4s, v16.4s
	WORD $0x6e23dc0a // fmul v10.4s, v0.4s, v3.4s
	WORD $0x6e22dc30 // fmul v16.4s, v1.4s, v2.4s
	WORD $0x4e30d54a // fadd v10.4s, v10.4s, v16.4s
	ADD R17, R9
	ADD R9, R2, R12
	VLD1 (R12), [V0.S4]
	ADD R9, R3, R12
	VLD1 (R12), [V1.S4]
	ADD R9, R4, R12
	VLD1 (R12), [V2.S4]
	ADD R9, R5, R12
	VLD1 (R12), [V3.S4]
	WORD $0x6e22dc07 // fmul v7.4s, v0.4s, v2.4s
	WORD $0x6e23dc30 // fmul v16.4s, v1.4s, v3.4s
	WORD $0x4eb0d4e7 // fsub v7.4s, v7.4s, v16.4s
	WORD $0x6e23dc0b // fmul v11.4s, v0.4s, v3.4s
	WORD $0x6e22dc30 // fmul v16.4s, v1.4s, v2.4s
	WORD $0x4e30d56b // fadd v11.4s, v11.4s, v16.4s
	VTRN1 V5.S4, V4.S4, V16.S4
	VTRN2 V5.S4, V4.S4, V17.S4
	VTRN1 V7.S4, V6.S4, V18.S4
	VTRN2 V7.S4, V6.S4, V19.S4
	VTRN1 V18.D2, V16.D2, V20.D2
	VTRN1 V19.D2, V17.D2, V21.D2
	VTRN2 V18.D2, V16.D2, V22.D2
	VTRN2 V19.D2, V17.D2, V23.D2
	ADD R11, R0, R12
	VST1 [V20.S4], (R12)
	ADD R16, R12
	VST1 [V21.S4], (R12)
	ADD R16, R12
	VST1 [V22.S4], (R12)
	ADD R16, R12
	VST1 [V23.S4], (R12)
	VTRN1 V9.S4, V8.S4, V16.S4
	VTRN2 V9.S4, V8.S4, V17.S4
	VTRN1 V11.S4, V10.S4, V18.S4
	VTRN2 V11.S4, V10.S4, V19.S4
	VTRN1 V18.D2, V16.D2, V20.D2
	VTRN1 V19.D2, V17.D2, V21.D2
	VTRN2 V18.D2, V16.D2, V22.D2
	VTRN2 V19.D2, V17.D2, V23.D2
	ADD R11, R1, R12
	VST1 [V20.S4], (R12)
	ADD R16, R12
	VST1 [V21.S4], (R12)
	ADD R16, R12
	VST1 [V22.S4], (R12)
	ADD R16, R12
	VST1 [V23.S4], (R12)
	ADD $4, R10
	SUB R10, R7, R12
	CMP $0, R12
	BLE down
	CMP $4, R12
	BGE square
	SUB $4, R7, R10
	B square
down:
	ADD $4, R8
	SUB R8, R6, R12
	CMP $0, R12
	BLE turned
	CMP $4, R12
	BGE line
	SUB $4, R6, R8
	B line
turned:
	RET

// func fftSplitNEON(re, im, x, w *float32, n int)
TEXT ·fftSplitNEON(SB), NOSPLIT, $0-40
	MOVD re+0(FP), R0
	MOVD im+8(FP), R1
	MOVD x+16(FP), R2
	MOVD w+24(FP), R3
	MOVD n+32(FP), R4
deal:
	VLD2.P 32(R2), [V0.S4, V1.S4]
	VLD2.P 32(R3), [V2.S4, V3.S4]
	WORD $0x6e22dc00 // fmul v0.4s, v0.4s, v2.4s
	WORD $0x6e23dc21 // fmul v1.4s, v1.4s, v3.4s
	VST1.P [V0.S4], 16(R0)
	VST1.P [V1.S4], 16(R1)
	SUBS $4, R4
	BNE deal
	RET

// fftReal: four values from k on and the four that mirror them, until both meet.
//
//	R0 dre, R1 dim, R2 zre, R3 zim, R4 wre, R5 wim, R6 half of n; R7 k, R8 n-k-3, R10 and R11 both in bytes
//
// func fftRealNEON(dre, dim, zre, zim, wre, wim *float32, n int)
TEXT ·fftRealNEON(SB), NOSPLIT, $0-56
	MOVD dre+0(FP), R0
	MOVD dim+8(FP), R1
	MOVD zre+16(FP), R2
	MOVD zim+24(FP), R3
	MOVD wre+32(FP), R4
	MOVD wim+40(FP), R5
	MOVD n+48(FP), R6
	MOVD $1, R7
	SUB $4, R6, R8
	LSR $1, R6, R6
pair:
	LSL $2, R7, R10
	LSL $2, R8, R11
	ADD R10, R2, R9
	VLD1 (R9), [V0.S4]
	ADD R10, R3, R9
	VLD1 (R9), [V1.S4]
	ADD R11, R2, R9
	VLD1 (R9), [V2.S4]
	ADD R11, R3, R9
	VLD1 (R9), [V3.S4]
	ADD R10, R4, R9
	VLD1 (R9), [V8.S4]
	ADD R10, R5, R9
	VLD1 (R9), [V9.S4]
	VREV64 V2.S4, V2.S4
	VEXT $8, V2.B16, V2.B16, V2.B16
	VREV64 V3.S4, V3.S4
	VEXT $8, V3.B16, V3.B16, V3.B16
	WORD $0x4e22d404 // fadd v4.4s, v0.4s, v2.4s
	WORD $0x4ea3d425 // fsub v5.4s, v1.4s, v3.4s
	WORD $0x4ea2d406 // fsub v6.4s, v0.4s, v2.4s
	WORD $0x4e23d427 // fadd v7.4s, v1.4s, v3.4s
	WORD $0x6e27dd0a // fmul v10.4s, v8.4s, v7.4s
	WORD $0x6e26dd2b // fmul v11.4s, v9.4s, v6.4s
	WORD $0x4e2bd54a // fadd v10.4s, v10.4s, v11.4s
	WORD $0x6e27dd2c // fmul v12.4s, v9.4s, v7.4s
	WORD $0x6e26dd0d // fmul v13.4s, v8.4s, v6.4s
	WORD $0x4eadd58c // fsub v12.4s, v12.4s, v13.4s
	WORD $0x4e2ad480 // fadd v0.4s, v4.4s, v10.4s
	WORD $0x4e2cd4a1 // fadd v1.4s, v5.4s, v12.4s
	WORD $0x4eaad482 // fsub v2.4s, v4.4s, v10.4s
	WORD $0x4ea5d583 // fsub v3.4s, v12.4s, v5.4s
	VREV64 V2.S4, V2.S4
	VEXT $8, V2.B16, V2.B16, V2.B16
	VREV64 V3.S4, V3.S4
	VEXT $8, V3.B16, V3.B16, V3.B16
	ADD R10, R0, R9
	VST1 [V0.S4], (R9)
	ADD R10, R1, R9
	VST1 [V1.S4], (R9)
	ADD R11, R0, R9
	VST1 [V2.S4], (R9)
	ADD R11, R1, R9
	VST1 [V3.S4], (R9)
	ADD $4, R7
	SUB $4, R8
	CMP R6, R7
	BLE pair
	RET

// func fftPowerNEON(dst, re, im *float32, n, root int)
TEXT ·fftPowerNEON(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD re+8(FP), R1
	MOVD im+16(FP), R2
	MOVD n+24(FP), R3
	MOVD root+32(FP), R4
	CBNZ R4, magnitude
power:
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R2), [V1.S4]
	WORD $0x6e20dc00 // fmul v0.4s, v0.4s, v0.4s
	WORD $0x6e21dc21 // fmul v1.4s, v1.4s, v1.4s
	WORD $0x4e21d400 // fadd v0.4s, v0.4s, v1.4s
	VST1.P [V0.S4], 16(R0)
	SUBS $4, R3
	BNE power
	RET
magnitude:
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R2), [V1.S4]
	WORD $0x6e20dc00 // fmul v0.4s, v0.4s, v0.4s
	WORD $0x6e21dc21 // fmul v1.4s, v1.4s, v1.4s
	WORD $0x4e21d400 // fadd v0.4s, v0.4s, v1.4s
	WORD $0x6ea1f800 // fsqrt v0.4s, v0.4s
	VST1.P [V0.S4], 16(R0)
	SUBS $4, R3
	BNE magnitude
	RET
