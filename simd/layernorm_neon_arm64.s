//go:build arm64 && !purego

#include "textflag.h"

// Layer normalisation, a row a call; the Go loops stand in layernorm.go.

// squaresAbout: Σ (x[i]-a)², element i in lane i mod 64, fused; the lanes are folded in halves
//
// func squaresAboutNEON(x []float32, a float32) (ret float32)
TEXT ·squaresAboutNEON(SB), NOSPLIT, $256-36
	MOVD x_base+0(FP), R0
	MOVD x_len+8(FP), R8
	FMOVS a+24(FP), F18
	VDUP V18.S[0], V18.S4
	// R0 x; R8 elements left; 16 sums of 4 lanes
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
loop:
	CMP $64, R8
	BLT tail
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V0.S4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V1.S4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V2.S4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V3.S4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V4.S4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V5.S4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V6.S4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V7.S4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V8.S4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V9.S4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V10.S4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V11.S4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V12.S4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V13.S4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V14.S4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V15.S4
	SUB $64, R8
	B loop
tail: // the sums lie in memory while the rest is added
	CBZ R8, fold
	MOVD $sums-256(SP), R9
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R9)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R9)
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R9)
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(R9)
	MOVD $sums-256(SP), R9
rest:
	CMP $4, R8
	BLT part
	VLD1 (R9), [V0.S4]
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VFMLA V16.S4, V16.S4, V0.S4
	VST1.P [V0.S4], 16(R9)
	SUB $4, R8
	B rest
part:
	CBZ R8, whole
	VLD1 (R9), [V0.S4]
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R8
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R8
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in:
	WORD $0x4eb2d610 // fsub v16.4s, v16.4s, v18.4s
	VEOR V17.B16, V17.B16, V17.B16
	VMOV V16.S[0], V17.S[0]
	CMP $2, R8
	BLT cut0
	VMOV V16.S[1], V17.S[1]
	CMP $3, R8
	BLT cut0
	VMOV V16.S[2], V17.S[2]
cut0:
	VMOV V17.B16, V16.B16
	VFMLA V16.S4, V16.S4, V0.S4
	VST1 [V0.S4], (R9)
whole:
	MOVD $sums-256(SP), R9
	VLD1.P 64(R9), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(R9), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1.P 64(R9), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1.P 64(R9), [V12.S4, V13.S4, V14.S4, V15.S4]
fold: // lane j takes lane j+32, then j+16, ... then 1
	WORD $0x4e28d400 // fadd v0.4s, v0.4s, v8.4s
	WORD $0x4e29d421 // fadd v1.4s, v1.4s, v9.4s
	WORD $0x4e2ad442 // fadd v2.4s, v2.4s, v10.4s
	WORD $0x4e2bd463 // fadd v3.4s, v3.4s, v11.4s
	WORD $0x4e2cd484 // fadd v4.4s, v4.4s, v12.4s
	WORD $0x4e2dd4a5 // fadd v5.4s, v5.4s, v13.4s
	WORD $0x4e2ed4c6 // fadd v6.4s, v6.4s, v14.4s
	WORD $0x4e2fd4e7 // fadd v7.4s, v7.4s, v15.4s
	WORD $0x4e24d400 // fadd v0.4s, v0.4s, v4.4s
	WORD $0x4e25d421 // fadd v1.4s, v1.4s, v5.4s
	WORD $0x4e26d442 // fadd v2.4s, v2.4s, v6.4s
	WORD $0x4e27d463 // fadd v3.4s, v3.4s, v7.4s
	WORD $0x4e22d400 // fadd v0.4s, v0.4s, v2.4s
	WORD $0x4e23d421 // fadd v1.4s, v1.4s, v3.4s
	WORD $0x4e21d400 // fadd v0.4s, v0.4s, v1.4s
	WORD $0x6e004001 // ext v1.16b, v0.16b, v0.16b, #8
	WORD $0x4e21d400 // fadd v0.4s, v0.4s, v1.4s
	WORD $0x6e002001 // ext v1.16b, v0.16b, v0.16b, #4
	WORD $0x4e21d400 // fadd v0.4s, v0.4s, v1.4s
	FMOVS F0, ret+32(FP)
	RET

// dotAbout: Σ (x[i]*y[i])*(z[i]-a), lanes as in squaresAbout
//
// func dotAboutNEON(x []float32, y []float32, z []float32, a float32) (ret float32)
TEXT ·dotAboutNEON(SB), NOSPLIT, $256-84
	MOVD x_base+0(FP), R0
	MOVD y_base+24(FP), R1
	MOVD z_base+48(FP), R2
	MOVD x_len+8(FP), R8
	FMOVS a+72(FP), F20
	VDUP V20.S[0], V20.S4
	// R0 x, R1 y, R2 z; R8 elements left; 16 sums of 4 lanes
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
loop:
	CMP $64, R8
	BLT tail
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V0.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V1.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V2.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V3.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V4.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V5.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V6.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V7.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V8.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V9.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V10.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V11.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V12.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V13.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V14.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V15.S4
	SUB $64, R8
	B loop
tail: // the sums lie in memory while the rest is added
	CBZ R8, fold
	MOVD $sums-256(SP), R9
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R9)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R9)
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R9)
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(R9)
	MOVD $sums-256(SP), R9
rest:
	CMP $4, R8
	BLT part
	VLD1 (R9), [V0.S4]
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VFMLA V18.S4, V16.S4, V0.S4
	VST1.P [V0.S4], 16(R9)
	SUB $4, R8
	B rest
part:
	CBZ R8, whole
	VLD1 (R9), [V0.S4]
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VEOR V18.B16, V18.B16, V18.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	VLD1 (R2), V18.S[0]
	CMP $2, R8
	BLT in
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	ADD $4, R2, R26
	VLD1 (R26), V18.S[1]
	CMP $3, R8
	BLT in
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
	ADD $8, R2, R26
	VLD1 (R26), V18.S[2]
in:
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	WORD $0x4eb4d652 // fsub v18.4s, v18.4s, v20.4s
	VEOR V19.B16, V19.B16, V19.B16
	VMOV V18.S[0], V19.S[0]
	CMP $2, R8
	BLT cut0
	VMOV V18.S[1], V19.S[1]
	CMP $3, R8
	BLT cut0
	VMOV V18.S[2], V19.S[2]
cut0:
	VMOV V19.B16, V18.B16
	VFMLA V18.S4, V16.S4, V0.S4
	VST1 [V0.S4], (R9)
whole:
	MOVD $sums-256(SP), R9
	VLD1.P 64(R9), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(R9), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1.P 64(R9), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1.P 64(R9), [V12.S4, V13.S4, V14.S4, V15.S4]
fold: // lane j takes lane j+32, then j+16, ... then 1
	WORD $0x4e28d400 // fadd v0.4s, v0.4s, v8.4s
	WORD $0x4e29d421 // fadd v1.4s, v1.4s, v9.4s
	WORD $0x4e2ad442 // fadd v2.4s, v2.4s, v10.4s
	WORD $0x4e2bd463 // fadd v3.4s, v3.4s, v11.4s
	WORD $0x4e2cd484 // fadd v4.4s, v4.4s, v12.4s
	WORD $0x4e2dd4a5 // fadd v5.4s, v5.4s, v13.4s
	WORD $0x4e2ed4c6 // fadd v6.4s, v6.4s, v14.4s
	WORD $0x4e2fd4e7 // fadd v7.4s, v7.4s, v15.4s
	WORD $0x4e24d400 // fadd v0.4s, v0.4s, v4.4s
	WORD $0x4e25d421 // fadd v1.4s, v1.4s, v5.4s
	WORD $0x4e26d442 // fadd v2.4s, v2.4s, v6.4s
	WORD $0x4e27d463 // fadd v3.4s, v3.4s, v7.4s
	WORD $0x4e22d400 // fadd v0.4s, v0.4s, v2.4s
	WORD $0x4e23d421 // fadd v1.4s, v1.4s, v3.4s
	WORD $0x4e21d400 // fadd v0.4s, v0.4s, v1.4s
	WORD $0x6e004001 // ext v1.16b, v0.16b, v0.16b, #8
	WORD $0x4e21d400 // fadd v0.4s, v0.4s, v1.4s
	WORD $0x6e002001 // ext v1.16b, v0.16b, v0.16b, #4
	WORD $0x4e21d400 // fadd v0.4s, v0.4s, v1.4s
	FMOVS F0, ret+80(FP)
	RET

// layerNormRow: dst[i] = ((x[i]-mean)*inv)*gamma[i] + beta[i], the last fused
//
// func layerNormRowNEON(dst []float32, x []float32, gamma []float32, beta []float32, mean float32, inv float32)
TEXT ·layerNormRowNEON(SB), NOSPLIT, $0-104
	MOVD dst_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD gamma_base+48(FP), R2
	MOVD beta_base+72(FP), R3
	MOVD dst_len+8(FP), R8
	FMOVS mean+96(FP), F10
	VDUP V10.S[0], V10.S4
	FMOVS inv+100(FP), F11
	VDUP V11.S[0], V11.S4
	// R0 dst, R1 x, R2 gamma, R3 beta; R8 elements left
loop:
	CMP $4, R8
	BLT tail
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R2), [V2.S4]
	VLD1.P 16(R3), [V1.S4]
	WORD $0x4eaad400 // fsub v0.4s, v0.4s, v10.4s
	WORD $0x6e2bdc00 // fmul v0.4s, v0.4s, v11.4s
	VFMLA V2.S4, V0.S4, V1.S4
	VMOV V1.B16, V3.B16
	VST1.P [V3.S4], 16(R0)
	SUB $4, R8
	B loop
tail:
	CBZ R8, done
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V1.B16, V1.B16, V1.B16
	VLD1 (R1), V0.S[0]
	VLD1 (R2), V2.S[0]
	VLD1 (R3), V1.S[0]
	CMP $2, R8
	BLT in
	ADD $4, R1, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R2, R26
	VLD1 (R26), V2.S[1]
	ADD $4, R3, R26
	VLD1 (R26), V1.S[1]
	CMP $3, R8
	BLT in
	ADD $8, R1, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R2, R26
	VLD1 (R26), V2.S[2]
	ADD $8, R3, R26
	VLD1 (R26), V1.S[2]
in:
	WORD $0x4eaad400 // fsub v0.4s, v0.4s, v10.4s
	WORD $0x6e2bdc00 // fmul v0.4s, v0.4s, v11.4s
	VFMLA V2.S4, V0.S4, V1.S4
	VMOV V1.B16, V3.B16
	VST1 V3.S[0], (R0)
	CMP $2, R8
	BLT done
	ADD $4, R0, R26
	VST1 V3.S[1], (R26)
	CMP $3, R8
	BLT done
	ADD $8, R0, R26
	VST1 V3.S[2], (R26)
done:
	RET

// layerNormGradRow: with e = x[i]-mean: dbeta[i] += dy[i]; dgamma[i] += dy[i]*(e*inv);
// dx[i] = (dy[i]*gamma[i])*inv + (e*b + d), fused
//
// func layerNormGradRowNEON(dx []float32, dgamma []float32, dbeta []float32, dy []float32, x []float32, gamma []float32, mean float32, inv float32, b float32, d float32)
TEXT ·layerNormGradRowNEON(SB), NOSPLIT, $0-160
	MOVD dx_base+0(FP), R0
	MOVD dgamma_base+24(FP), R1
	MOVD dbeta_base+48(FP), R2
	MOVD dy_base+72(FP), R3
	MOVD x_base+96(FP), R4
	MOVD gamma_base+120(FP), R5
	MOVD dx_len+8(FP), R8
	FMOVS mean+144(FP), F10
	VDUP V10.S[0], V10.S4
	FMOVS inv+148(FP), F11
	VDUP V11.S[0], V11.S4
	FMOVS b+152(FP), F12
	VDUP V12.S[0], V12.S4
	FMOVS d+156(FP), F13
	VDUP V13.S[0], V13.S4
	// R0 dx, R1 dgamma, R2 dbeta, R3 dy, R4 x, R5 gamma; R8 elements left
loop:
	CMP $4, R8
	BLT tail
	VLD1.P 16(R3), [V1.S4]
	VLD1.P 16(R4), [V2.S4]
	VLD1.P 16(R5), [V3.S4]
	VLD1 (R1), [V5.S4]
	VLD1 (R2), [V0.S4]
	WORD $0x4e21d400 // fadd v0.4s, v0.4s, v1.4s
	WORD $0x4eaad442 // fsub v2.4s, v2.4s, v10.4s
	WORD $0x6e23dc23 // fmul v3.4s, v1.4s, v3.4s
	VMOV V13.B16, V4.B16
	VFMLA V12.S4, V2.S4, V4.S4
	VFMLA V11.S4, V3.S4, V4.S4
	WORD $0x6e2bdc42 // fmul v2.4s, v2.4s, v11.4s
	VFMLA V2.S4, V1.S4, V5.S4
	VST1.P [V4.S4], 16(R0)
	VST1.P [V5.S4], 16(R1)
	VST1.P [V0.S4], 16(R2)
	SUB $4, R8
	B loop
tail:
	CBZ R8, done
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	VEOR V5.B16, V5.B16, V5.B16
	VEOR V0.B16, V0.B16, V0.B16
	VLD1 (R3), V1.S[0]
	VLD1 (R4), V2.S[0]
	VLD1 (R5), V3.S[0]
	VLD1 (R1), V5.S[0]
	VLD1 (R2), V0.S[0]
	CMP $2, R8
	BLT in
	ADD $4, R3, R26
	VLD1 (R26), V1.S[1]
	ADD $4, R4, R26
	VLD1 (R26), V2.S[1]
	ADD $4, R5, R26
	VLD1 (R26), V3.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V5.S[1]
	ADD $4, R2, R26
	VLD1 (R26), V0.S[1]
	CMP $3, R8
	BLT in
	ADD $8, R3, R26
	VLD1 (R26), V1.S[2]
	ADD $8, R4, R26
	VLD1 (R26), V2.S[2]
	ADD $8, R5, R26
	VLD1 (R26), V3.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V5.S[2]
	ADD $8, R2, R26
	VLD1 (R26), V0.S[2]
in:
	WORD $0x4e21d400 // fadd v0.4s, v0.4s, v1.4s
	WORD $0x4eaad442 // fsub v2.4s, v2.4s, v10.4s
	WORD $0x6e23dc23 // fmul v3.4s, v1.4s, v3.4s
	VMOV V13.B16, V4.B16
	VFMLA V12.S4, V2.S4, V4.S4
	VFMLA V11.S4, V3.S4, V4.S4
	WORD $0x6e2bdc42 // fmul v2.4s, v2.4s, v11.4s
	VFMLA V2.S4, V1.S4, V5.S4
	VST1 V4.S[0], (R0)
	VST1 V5.S[0], (R1)
	VST1 V0.S[0], (R2)
	CMP $2, R8
	BLT done
	ADD $4, R0, R26
	VST1 V4.S[1], (R26)
	ADD $4, R1, R26
	VST1 V5.S[1], (R26)
	ADD $4, R2, R26
	VST1 V0.S[1], (R26)
	CMP $3, R8
	BLT done
	ADD $8, R0, R26
	VST1 V4.S[2], (R26)
	ADD $8, R1, R26
	VST1 V5.S[2], (R26)
	ADD $8, R2, R26
	VST1 V0.S[2], (R26)
done:
	RET
