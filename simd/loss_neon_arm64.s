//go:build arm64 && !purego

#include "textflag.h"

// Losses of element by element; the Go loops stand in loss.go.

// clampedSum: with e = |x[i]-t[i]| and a = e clamped to [lo, hi]: Σ w[i]*(a*(e-h*a)), element i in lane i mod 64,
// the subtraction and the sum fused; the lanes are folded in halves
//
// func clampedSumNEON(x []float32, t []float32, w []float32, lo float32, hi float32, h float32) (ret float32)
TEXT ·clampedSumNEON(SB), NOSPLIT, $256-92
	MOVD x_base+0(FP), R0
	MOVD t_base+24(FP), R1
	MOVD w_base+48(FP), R2
	MOVD x_len+8(FP), R8
	FMOVS lo+72(FP), F20
	VDUP V20.S[0], V20.S4
	FMOVS hi+76(FP), F21
	VDUP V21.S[0], V21.S4
	FMOVS h+80(FP), F22
	VDUP V22.S[0], V22.S4
	MOVW $0x7fffffff, R26
	VDUP R26, V23.S4
	// R0 x, R1 t, R2 w; R8 elements left; 16 sums of 4 lanes
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
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	VFMLA V18.S4, V16.S4, V0.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	VFMLA V18.S4, V16.S4, V1.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	VFMLA V18.S4, V16.S4, V2.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	VFMLA V18.S4, V16.S4, V3.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	VFMLA V18.S4, V16.S4, V4.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	VFMLA V18.S4, V16.S4, V5.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	VFMLA V18.S4, V16.S4, V6.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	VFMLA V18.S4, V16.S4, V7.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	VFMLA V18.S4, V16.S4, V8.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	VFMLA V18.S4, V16.S4, V9.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	VFMLA V18.S4, V16.S4, V10.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	VFMLA V18.S4, V16.S4, V11.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	VFMLA V18.S4, V16.S4, V12.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	VFMLA V18.S4, V16.S4, V13.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
	VFMLA V18.S4, V16.S4, V14.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VLD1.P 16(R2), [V18.S4]
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
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
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
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
	WORD $0x4eb1d610 // fsub v16.4s, v16.4s, v17.4s
	VAND V23.B16, V16.B16, V16.B16
	WORD $0x4eb5f611 // fmin v17.4s, v16.4s, v21.4s
	WORD $0x4e34f631 // fmax v17.4s, v17.4s, v20.4s
	VFMLS V17.S4, V22.S4, V16.S4
	WORD $0x6e31de10 // fmul v16.4s, v16.4s, v17.4s
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
	FMOVS F0, ret+88(FP)
	RET

// clampedGrad: with e = x[i]-t[i]: dx[i] = (s*w[i])*(|e| clamped to [lo, hi], with the sign of e), 0 where e is 0
//
// func clampedGradNEON(dx []float32, x []float32, t []float32, w []float32, s float32, lo float32, hi float32)
TEXT ·clampedGradNEON(SB), NOSPLIT, $0-108
	MOVD dx_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD t_base+48(FP), R2
	MOVD w_base+72(FP), R3
	MOVD dx_len+8(FP), R8
	FMOVS s+96(FP), F10
	VDUP V10.S[0], V10.S4
	FMOVS lo+100(FP), F11
	VDUP V11.S[0], V11.S4
	FMOVS hi+104(FP), F12
	VDUP V12.S[0], V12.S4
	MOVW $0x7fffffff, R26
	VDUP R26, V13.S4
	MOVW $0x80000000, R26
	VDUP R26, V14.S4
	VEOR V15.B16, V15.B16, V15.B16
	// R0 dx, R1 x, R2 t, R3 w; R8 elements left
loop:
	CMP $4, R8
	BLT tail
	VLD1.P 16(R1), [V0.S4]
	VLD1.P 16(R2), [V1.S4]
	VLD1.P 16(R3), [V3.S4]
	WORD $0x4ea1d400 // fsub v0.4s, v0.4s, v1.4s
	VAND V13.B16, V0.B16, V1.B16
	WORD $0x4eacf421 // fmin v1.4s, v1.4s, v12.4s
	WORD $0x4e2bf421 // fmax v1.4s, v1.4s, v11.4s
	VAND V14.B16, V0.B16, V2.B16
	VORR V2.B16, V1.B16, V1.B16
	WORD $0x4e2fe409 // fcmeq v9.4s, v0.4s, v15.4s
	WORD $0x4e691c21 // bic v1.16b, v1.16b, v9.16b
	WORD $0x6e2adc63 // fmul v3.4s, v3.4s, v10.4s
	WORD $0x6e21dc64 // fmul v4.4s, v3.4s, v1.4s
	VST1.P [V4.S4], 16(R0)
	SUB $4, R8
	B loop
tail:
	CBZ R8, done
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V3.B16, V3.B16, V3.B16
	VLD1 (R1), V0.S[0]
	VLD1 (R2), V1.S[0]
	VLD1 (R3), V3.S[0]
	CMP $2, R8
	BLT in
	ADD $4, R1, R26
	VLD1 (R26), V0.S[1]
	ADD $4, R2, R26
	VLD1 (R26), V1.S[1]
	ADD $4, R3, R26
	VLD1 (R26), V3.S[1]
	CMP $3, R8
	BLT in
	ADD $8, R1, R26
	VLD1 (R26), V0.S[2]
	ADD $8, R2, R26
	VLD1 (R26), V1.S[2]
	ADD $8, R3, R26
	VLD1 (R26), V3.S[2]
in:
	WORD $0x4ea1d400 // fsub v0.4s, v0.4s, v1.4s
	VAND V13.B16, V0.B16, V1.B16
	WORD $0x4eacf421 // fmin v1.4s, v1.4s, v12.4s
	WORD $0x4e2bf421 // fmax v1.4s, v1.4s, v11.4s
	VAND V14.B16, V0.B16, V2.B16
	VORR V2.B16, V1.B16, V1.B16
	WORD $0x4e2fe409 // fcmeq v9.4s, v0.4s, v15.4s
	WORD $0x4e691c21 // bic v1.16b, v1.16b, v9.16b
	WORD $0x6e2adc63 // fmul v3.4s, v3.4s, v10.4s
	WORD $0x6e21dc64 // fmul v4.4s, v3.4s, v1.4s
	VST1 V4.S[0], (R0)
	CMP $2, R8
	BLT done
	ADD $4, R0, R26
	VST1 V4.S[1], (R26)
	CMP $3, R8
	BLT done
	ADD $8, R0, R26
	VST1 V4.S[2], (R26)
done:
	RET

// logistic: dst[i] = max(x[i], 0) - x[i]*t[i] + log(1 + exp(-|x[i]|)); log1p of u is 2*atanh(u/(2+u)) as a polynomial
//
// func logisticNEON(dst []float32, x []float32, t []float32)
TEXT ·logisticNEON(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD t_base+48(FP), R2
	MOVD dst_len+8(FP), R8
	MOVW $0x80000000, R26
	VDUP R26, V10.S4
	MOVW $0xc2d00000, R26
	VDUP R26, V11.S4
	MOVW $0x3fb8aa3b, R26
	VDUP R26, V12.S4
	MOVW $0x3f318000, R26
	VDUP R26, V13.S4
	MOVW $0xb95e8083, R26
	VDUP R26, V14.S4
	MOVW $0x39506967, R26
	VDUP R26, V15.S4
	MOVW $0x3ab743ce, R26
	VDUP R26, V16.S4
	MOVW $0x3c088908, R26
	VDUP R26, V17.S4
	MOVW $0x3d2aa9c1, R26
	VDUP R26, V18.S4
	MOVW $0x3e2aaaaa, R26
	VDUP R26, V19.S4
	MOVW $0x3f000000, R26
	VDUP R26, V20.S4
	MOVW $0x3f800000, R26
	VDUP R26, V21.S4
	MOVW $0x0000007f, R26
	VDUP R26, V22.S4
	MOVW $0x40000000, R26
	VDUP R26, V23.S4
	MOVW $0x3e8ef7d2, R26
	VDUP R26, V24.S4
	MOVW $0x3e8f78e8, R26
	VDUP R26, V25.S4
	MOVW $0x3ecce727, R26
	VDUP R26, V26.S4
	MOVW $0x3f2aaa86, R26
	VDUP R26, V27.S4
	VEOR V28.B16, V28.B16, V28.B16
	// R0 dst, R1 x, R2 t; R8 elements left
loop:
	CMP $4, R8
	BLT tail
	VLD1.P 16(R1), [V1.S4]
	VLD1.P 16(R2), [V5.S4]
	VORR V10.B16, V1.B16, V0.B16
	WORD $0x4e2bf400 // fmax v0.4s, v0.4s, v11.4s
	WORD $0x6e2cdc02 // fmul v2.4s, v0.4s, v12.4s
	WORD $0x4e21a842 // fcvtns v2.4s, v2.4s
	WORD $0x4e21d843 // scvtf v3.4s, v2.4s
	VFMLS V13.S4, V3.S4, V0.S4
	VFMLS V14.S4, V3.S4, V0.S4
	VMOV V15.B16, V4.B16
	VMOV V16.B16, V9.B16
	VFMLA V0.S4, V4.S4, V9.S4
	VMOV V9.B16, V4.B16
	VMOV V17.B16, V9.B16
	VFMLA V0.S4, V4.S4, V9.S4
	VMOV V9.B16, V4.B16
	VMOV V18.B16, V9.B16
	VFMLA V0.S4, V4.S4, V9.S4
	VMOV V9.B16, V4.B16
	VMOV V19.B16, V9.B16
	VFMLA V0.S4, V4.S4, V9.S4
	VMOV V9.B16, V4.B16
	VMOV V20.B16, V9.B16
	VFMLA V0.S4, V4.S4, V9.S4
	VMOV V9.B16, V4.B16
	WORD $0x6e20dc03 // fmul v3.4s, v0.4s, v0.4s
	VFMLA V3.S4, V4.S4, V0.S4
	WORD $0x4e35d400 // fadd v0.4s, v0.4s, v21.4s
	WORD $0x4f3f0443 // sshr v3.4s, v2.4s, #1
	VSUB V3.S4, V2.S4, V2.S4
	VADD V22.S4, V3.S4, V3.S4
	VSHL $23, V3.S4, V3.S4
	WORD $0x6e23dc00 // fmul v0.4s, v0.4s, v3.4s
	VADD V22.S4, V2.S4, V2.S4
	VSHL $23, V2.S4, V2.S4
	WORD $0x6e22dc00 // fmul v0.4s, v0.4s, v2.4s
	WORD $0x4e37d403 // fadd v3.4s, v0.4s, v23.4s
	WORD $0x6e23fc00 // fdiv v0.4s, v0.4s, v3.4s
	WORD $0x6e20dc03 // fmul v3.4s, v0.4s, v0.4s
	VMOV V24.B16, V4.B16
	VMOV V25.B16, V9.B16
	VFMLA V3.S4, V4.S4, V9.S4
	VMOV V9.B16, V4.B16
	VMOV V26.B16, V9.B16
	VFMLA V3.S4, V4.S4, V9.S4
	VMOV V9.B16, V4.B16
	VMOV V27.B16, V9.B16
	VFMLA V3.S4, V4.S4, V9.S4
	VMOV V9.B16, V4.B16
	WORD $0x6e20dc63 // fmul v3.4s, v3.4s, v0.4s
	WORD $0x4e20d400 // fadd v0.4s, v0.4s, v0.4s
	VFMLA V3.S4, V4.S4, V0.S4
	WORD $0x4e3cf422 // fmax v2.4s, v1.4s, v28.4s
	VFMLS V5.S4, V1.S4, V2.S4
	WORD $0x4e20d446 // fadd v6.4s, v2.4s, v0.4s
	VST1.P [V6.S4], 16(R0)
	SUB $4, R8
	B loop
tail:
	CBZ R8, done
	VEOR V1.B16, V1.B16, V1.B16
	VEOR V5.B16, V5.B16, V5.B16
	VLD1 (R1), V1.S[0]
	VLD1 (R2), V5.S[0]
	CMP $2, R8
	BLT in
	ADD $4, R1, R26
	VLD1 (R26), V1.S[1]
	ADD $4, R2, R26
	VLD1 (R26), V5.S[1]
	CMP $3, R8
	BLT in
	ADD $8, R1, R26
	VLD1 (R26), V1.S[2]
	ADD $8, R2, R26
	VLD1 (R26), V5.S[2]
in:
	VORR V10.B16, V1.B16, V0.B16
	WORD $0x4e2bf400 // fmax v0.4s, v0.4s, v11.4s
	WORD $0x6e2cdc02 // fmul v2.4s, v0.4s, v12.4s
	WORD $0x4e21a842 // fcvtns v2.4s, v2.4s
	WORD $0x4e21d843 // scvtf v3.4s, v2.4s
	VFMLS V13.S4, V3.S4, V0.S4
	VFMLS V14.S4, V3.S4, V0.S4
	VMOV V15.B16, V4.B16
	VMOV V16.B16, V9.B16
	VFMLA V0.S4, V4.S4, V9.S4
	VMOV V9.B16, V4.B16
	VMOV V17.B16, V9.B16
	VFMLA V0.S4, V4.S4, V9.S4
	VMOV V9.B16, V4.B16
	VMOV V18.B16, V9.B16
	VFMLA V0.S4, V4.S4, V9.S4
	VMOV V9.B16, V4.B16
	VMOV V19.B16, V9.B16
	VFMLA V0.S4, V4.S4, V9.S4
	VMOV V9.B16, V4.B16
	VMOV V20.B16, V9.B16
	VFMLA V0.S4, V4.S4, V9.S4
	VMOV V9.B16, V4.B16
	WORD $0x6e20dc03 // fmul v3.4s, v0.4s, v0.4s
	VFMLA V3.S4, V4.S4, V0.S4
	WORD $0x4e35d400 // fadd v0.4s, v0.4s, v21.4s
	WORD $0x4f3f0443 // sshr v3.4s, v2.4s, #1
	VSUB V3.S4, V2.S4, V2.S4
	VADD V22.S4, V3.S4, V3.S4
	VSHL $23, V3.S4, V3.S4
	WORD $0x6e23dc00 // fmul v0.4s, v0.4s, v3.4s
	VADD V22.S4, V2.S4, V2.S4
	VSHL $23, V2.S4, V2.S4
	WORD $0x6e22dc00 // fmul v0.4s, v0.4s, v2.4s
	WORD $0x4e37d403 // fadd v3.4s, v0.4s, v23.4s
	WORD $0x6e23fc00 // fdiv v0.4s, v0.4s, v3.4s
	WORD $0x6e20dc03 // fmul v3.4s, v0.4s, v0.4s
	VMOV V24.B16, V4.B16
	VMOV V25.B16, V9.B16
	VFMLA V3.S4, V4.S4, V9.S4
	VMOV V9.B16, V4.B16
	VMOV V26.B16, V9.B16
	VFMLA V3.S4, V4.S4, V9.S4
	VMOV V9.B16, V4.B16
	VMOV V27.B16, V9.B16
	VFMLA V3.S4, V4.S4, V9.S4
	VMOV V9.B16, V4.B16
	WORD $0x6e20dc63 // fmul v3.4s, v3.4s, v0.4s
	WORD $0x4e20d400 // fadd v0.4s, v0.4s, v0.4s
	VFMLA V3.S4, V4.S4, V0.S4
	WORD $0x4e3cf422 // fmax v2.4s, v1.4s, v28.4s
	VFMLS V5.S4, V1.S4, V2.S4
	WORD $0x4e20d446 // fadd v6.4s, v2.4s, v0.4s
	VST1 V6.S[0], (R0)
	CMP $2, R8
	BLT done
	ADD $4, R0, R26
	VST1 V6.S[1], (R26)
	CMP $3, R8
	BLT done
	ADD $8, R0, R26
	VST1 V6.S[2], (R26)
done:
	RET
