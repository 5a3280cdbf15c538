//go:build arm64 && !purego

#include "textflag.h"

// Kernels of 8-bit pixels; the Go loops stand in pixels.go.

// yCbCrToRGB: libjpeg's fixed point, eight pixels a turn in 32-bit lanes.
//
// func yCbCrToRGBNEON(dst, y, cb, cr *uint8, n int)
TEXT ·yCbCrToRGBNEON(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD y+8(FP), R1
	MOVD cb+16(FP), R2
	MOVD cr+24(FP), R3
	MOVD n+32(FP), R4
	MOVW $128, R5
	VDUP R5, V16.S4
	MOVW $32768, R5
	VDUP R5, V17.S4
	MOVW $91881, R5
	VDUP R5, V18.S4
	MOVW $22554, R5
	VDUP R5, V19.S4
	MOVW $46802, R5
	VDUP R5, V20.S4
	MOVW $116130, R5
	VDUP R5, V21.S4
ycc8:
	VLD1.P 8(R1), [V0.B8]
	VLD1.P 8(R2), [V1.B8]
	VLD1.P 8(R3), [V2.B8]
	VUSHLL $0, V0.B8, V0.H8
	VUSHLL $0, V1.B8, V1.H8
	VUSHLL $0, V2.B8, V2.H8
	VUSHLL $0, V0.H4, V3.S4
	VUSHLL2 $0, V0.H8, V4.S4
	VUSHLL $0, V1.H4, V5.S4
	VUSHLL2 $0, V1.H8, V6.S4
	VUSHLL $0, V2.H4, V7.S4
	VUSHLL2 $0, V2.H8, V8.S4
	VSUB V16.S4, V5.S4, V5.S4
	VSUB V16.S4, V6.S4, V6.S4
	VSUB V16.S4, V7.S4, V7.S4
	VSUB V16.S4, V8.S4, V8.S4
	WORD $0x4eb29ce9 // mul v9.4s, v7.4s, v18.4s
	WORD $0x4eb29d0a // mul v10.4s, v8.4s, v18.4s
	VADD V17.S4, V9.S4, V9.S4
	VADD V17.S4, V10.S4, V10.S4
	WORD $0x4f300529 // sshr v9.4s, v9.4s, #16
	WORD $0x4f30054a // sshr v10.4s, v10.4s, #16
	VADD V3.S4, V9.S4, V9.S4
	VADD V4.S4, V10.S4, V10.S4
	WORD $0x0e614936 // sqxtn v22.4h, v9.4s
	WORD $0x4e614956 // sqxtn2 v22.8h, v10.4s
	WORD $0x4eb39ca9 // mul v9.4s, v5.4s, v19.4s
	WORD $0x4eb39cca // mul v10.4s, v6.4s, v19.4s
	WORD $0x4eb49ceb // mul v11.4s, v7.4s, v20.4s
	WORD $0x4eb49d0c // mul v12.4s, v8.4s, v20.4s
	VSUB V9.S4, V17.S4, V9.S4
	VSUB V10.S4, V17.S4, V10.S4
	VSUB V11.S4, V9.S4, V9.S4
	VSUB V12.S4, V10.S4, V10.S4
	WORD $0x4f300529 // sshr v9.4s, v9.4s, #16
	WORD $0x4f30054a // sshr v10.4s, v10.4s, #16
	VADD V3.S4, V9.S4, V9.S4
	VADD V4.S4, V10.S4, V10.S4
	WORD $0x0e614937 // sqxtn v23.4h, v9.4s
	WORD $0x4e614957 // sqxtn2 v23.8h, v10.4s
	WORD $0x4eb59ca9 // mul v9.4s, v5.4s, v21.4s
	WORD $0x4eb59cca // mul v10.4s, v6.4s, v21.4s
	VADD V17.S4, V9.S4, V9.S4
	VADD V17.S4, V10.S4, V10.S4
	WORD $0x4f300529 // sshr v9.4s, v9.4s, #16
	WORD $0x4f30054a // sshr v10.4s, v10.4s, #16
	VADD V3.S4, V9.S4, V9.S4
	VADD V4.S4, V10.S4, V10.S4
	WORD $0x0e614938 // sqxtn v24.4h, v9.4s
	WORD $0x4e614958 // sqxtn2 v24.8h, v10.4s
	WORD $0x2e212ad6 // sqxtun v22.8b, v22.8h
	WORD $0x2e212af7 // sqxtun v23.8b, v23.8h
	WORD $0x2e212b18 // sqxtun v24.8b, v24.8h
	VST3.P [V22.B8, V23.B8, V24.B8], 24(R0)
	SUBS $8, R4, R4
	BNE ycc8
	RET

// upsampleH2V2: eight samples become sixteen; near and far have a neighbour at each side.
//
// func upsampleH2V2NEON(dst, near, far *uint8, n int)
TEXT ·upsampleH2V2NEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD near+8(FP), R1
	MOVD far+16(FP), R2
	MOVD n+24(FP), R4
	MOVD $0x0008000800080008, R5
	VDUP R5, V16.D2
	MOVD $0x0007000700070007, R5
	VDUP R5, V17.D2
	SUB $1, R1, R6
	SUB $1, R2, R7
	ADD $1, R1, R8
	ADD $1, R2, R9
up8:
	VLD1.P 8(R6), [V0.B8]
	VLD1.P 8(R1), [V1.B8]
	VLD1.P 8(R8), [V2.B8]
	VLD1.P 8(R7), [V3.B8]
	VLD1.P 8(R2), [V4.B8]
	VLD1.P 8(R9), [V5.B8]
	VUSHLL $0, V0.B8, V0.H8
	VUSHLL $0, V1.B8, V1.H8
	VUSHLL $0, V2.B8, V2.H8
	VUSHLL $0, V3.B8, V3.H8
	VUSHLL $0, V4.B8, V4.H8
	VUSHLL $0, V5.B8, V5.H8
	VADD V0.H8, V3.H8, V3.H8
	VADD V0.H8, V0.H8, V0.H8
	VADD V3.H8, V0.H8, V0.H8 // 3·near + far, left
	VADD V1.H8, V4.H8, V4.H8
	VADD V1.H8, V1.H8, V1.H8
	VADD V4.H8, V1.H8, V1.H8 // here
	VADD V2.H8, V5.H8, V5.H8
	VADD V2.H8, V2.H8, V2.H8
	VADD V5.H8, V2.H8, V2.H8 // right
	VADD V1.H8, V1.H8, V3.H8
	VADD V1.H8, V3.H8, V3.H8
	VADD V3.H8, V0.H8, V0.H8
	VADD V3.H8, V2.H8, V2.H8
	VADD V16.H8, V0.H8, V0.H8
	VADD V17.H8, V2.H8, V2.H8
	VUSHR $4, V0.H8, V0.H8
	VUSHR $4, V2.H8, V2.H8
	VSHL $8, V2.H8, V2.H8
	VORR V2.B16, V0.B16, V0.B16
	VST1.P [V0.B16], 16(R0)
	SUBS $8, R4, R4
	BNE up8
	RET

// weightedRows: dst[i] = Σ_k w[k]·src[k·stride + i].
//
// func weightedRowsNEON(dst *float32, src *uint8, stride int, w *float32, taps, n int)
TEXT ·weightedRowsNEON(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD stride+16(FP), R2
	MOVD w+24(FP), R3
	MOVD taps+32(FP), R4
	MOVD n+40(FP), R5
rows8:
	MOVD R1, R6
	MOVD R3, R7
	MOVD R4, R8
	FMOVS (R7), F8
	VDUP V8.S[0], V8.S4
	VLD1 (R6), [V0.B8]
	VUSHLL $0, V0.B8, V0.H8
	VUSHLL2 $0, V0.H8, V1.S4
	VUSHLL $0, V0.H4, V0.S4
	WORD $0x4e21d800 // scvtf v0.4s, v0.4s
	WORD $0x4e21d821 // scvtf v1.4s, v1.4s
	WORD $0x6e28dc00 // fmul v0.4s, v0.4s, v8.4s
	WORD $0x6e28dc21 // fmul v1.4s, v1.4s, v8.4s
rows8tap:
	SUBS $1, R8, R8
	BEQ rows8store
	ADD R2, R6, R6
	ADD $4, R7, R7
	FMOVS (R7), F8
	VDUP V8.S[0], V8.S4
	VLD1 (R6), [V2.B8]
	VUSHLL $0, V2.B8, V2.H8
	VUSHLL2 $0, V2.H8, V3.S4
	VUSHLL $0, V2.H4, V2.S4
	WORD $0x4e21d842 // scvtf v2.4s, v2.4s
	WORD $0x4e21d863 // scvtf v3.4s, v3.4s
	VFMLA V8.S4, V2.S4, V0.S4
	VFMLA V8.S4, V3.S4, V1.S4
	B rows8tap
rows8store:
	VST1.P [V0.S4, V1.S4], 32(R0)
	ADD $8, R1, R1
	SUBS $8, R5, R5
	BNE rows8
	RET

// weightedPixels: pixel o is Σ_k w[o·taps + k]·src[3·(first[o] + k)], in four lanes of which the last is nobody's; it stores
// four bytes a pixel.
//
// func weightedPixelsNEON(dst *uint8, src *float32, first *int32, w *float32, taps, n int)
TEXT ·weightedPixelsNEON(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD first+16(FP), R2
	MOVD w+24(FP), R3
	MOVD taps+32(FP), R4
	MOVD n+40(FP), R5
	MOVW $0x437f0000, R6 // 255
	VDUP R6, V14.S4
	MOVW $0x3f000000, R6 // 0.5
	VDUP R6, V13.S4
	VEOR V12.B16, V12.B16, V12.B16
pixel:
	MOVW.P 4(R2), R6
	ADD R6<<1, R6, R6
	ADD R6<<2, R1, R6
	MOVD R4, R7
	FMOVS (R3), F8
	VDUP V8.S[0], V8.S4
	VLD1 (R6), [V0.S4]
	WORD $0x6e28dc00 // fmul v0.4s, v0.4s, v8.4s
pixeltap:
	ADD $4, R3, R3
	SUBS $1, R7, R7
	BEQ pixelstore
	ADD $12, R6, R6
	FMOVS (R3), F8
	VDUP V8.S[0], V8.S4
	VLD1 (R6), [V1.S4]
	VFMLA V8.S4, V1.S4, V0.S4
	B pixeltap
pixelstore:
	WORD $0x4e2cf400 // fmax v0.4s, v0.4s, v12.4s
	WORD $0x4eaef400 // fmin v0.4s, v0.4s, v14.4s
	WORD $0x4e2dd400 // fadd v0.4s, v0.4s, v13.4s
	WORD $0x4ea1b800 // fcvtzs v0.4s, v0.4s
	WORD $0x0e614800 // sqxtn v0.4h, v0.4s
	WORD $0x2e212800 // sqxtun v0.8b, v0.8h
	VMOV V0.S[0], R6
	MOVW R6, (R0)
	ADD $3, R0, R0
	SUBS $1, R5, R5
	BNE pixel
	RET

// normalizePixels: dst[i] = (src[i]/255 - mean)/std; the table has 24 means, then 24 deviations.
//
// func normalizePixelsNEON(dst *float32, src *uint8, table *[48]float32, n int)
TEXT ·normalizePixelsNEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD table+16(FP), R2
	MOVD n+24(FP), R5
	MOVW $0x437f0000, R6 // 255
	VDUP R6, V14.S4
	VLD1 (R2), [V8.S4, V9.S4, V10.S4]
	ADD $96, R2, R3
	VLD1 (R3), [V11.S4, V12.S4, V13.S4]
norm24:
	VLD1.P 24(R1), [V0.B8, V1.B8, V2.B8]
	VUSHLL $0, V0.B8, V3.H8
	VUSHLL $0, V1.B8, V4.H8
	VUSHLL $0, V2.B8, V5.H8
	VUSHLL $0, V3.H4, V0.S4
	VUSHLL2 $0, V3.H8, V1.S4
	VUSHLL $0, V4.H4, V2.S4
	VUSHLL2 $0, V4.H8, V3.S4
	VUSHLL $0, V5.H4, V4.S4
	VUSHLL2 $0, V5.H8, V5.S4
	WORD $0x4e21d800 // scvtf v0.4s, v0.4s
	WORD $0x4e21d821 // scvtf v1.4s, v1.4s
	WORD $0x4e21d842 // scvtf v2.4s, v2.4s
	WORD $0x4e21d863 // scvtf v3.4s, v3.4s
	WORD $0x4e21d884 // scvtf v4.4s, v4.4s
	WORD $0x4e21d8a5 // scvtf v5.4s, v5.4s
	WORD $0x6e2efc00 // fdiv v0.4s, v0.4s, v14.4s
	WORD $0x6e2efc21 // fdiv v1.4s, v1.4s, v14.4s
	WORD $0x6e2efc42 // fdiv v2.4s, v2.4s, v14.4s
	WORD $0x6e2efc63 // fdiv v3.4s, v3.4s, v14.4s
	WORD $0x6e2efc84 // fdiv v4.4s, v4.4s, v14.4s
	WORD $0x6e2efca5 // fdiv v5.4s, v5.4s, v14.4s
	WORD $0x4ea8d400 // fsub v0.4s, v0.4s, v8.4s
	WORD $0x4ea9d421 // fsub v1.4s, v1.4s, v9.4s
	WORD $0x4eaad442 // fsub v2.4s, v2.4s, v10.4s
	WORD $0x4ea8d463 // fsub v3.4s, v3.4s, v8.4s
	WORD $0x4ea9d484 // fsub v4.4s, v4.4s, v9.4s
	WORD $0x4eaad4a5 // fsub v5.4s, v5.4s, v10.4s
	WORD $0x6e2bfc00 // fdiv v0.4s, v0.4s, v11.4s
	WORD $0x6e2cfc21 // fdiv v1.4s, v1.4s, v12.4s
	WORD $0x6e2dfc42 // fdiv v2.4s, v2.4s, v13.4s
	WORD $0x6e2bfc63 // fdiv v3.4s, v3.4s, v11.4s
	WORD $0x6e2cfc84 // fdiv v4.4s, v4.4s, v12.4s
	WORD $0x6e2dfca5 // fdiv v5.4s, v5.4s, v13.4s
	VST1.P [V0.S4, V1.S4, V2.S4], 48(R0)
	VST1.P [V3.S4, V4.S4, V5.S4], 48(R0)
	SUBS $24, R5, R5
	BNE norm24
	RET
