//go:build arm64 && !purego

#include "textflag.h"

// Reductions in 64 virtual lanes, the same sums in the same order on every instruction set; the Go loops stand in reduce.go.
// sum: element i goes to lane i mod 64; the lanes are folded in halves
//
// func sumNEON(x []float32) (ret float32)
TEXT ·sumNEON(SB), NOSPLIT, $0-28
	MOVD x_base+0(FP), R0
	MOVD x_len+8(FP), R6
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
	// R0 x; R6 elements left; 16 sums of 4 lanes
loop:
	CMP $64, R6
	BLT tail0
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d400 // fadd v0.4s, v0.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d421 // fadd v1.4s, v1.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d442 // fadd v2.4s, v2.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d463 // fadd v3.4s, v3.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d484 // fadd v4.4s, v4.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d4a5 // fadd v5.4s, v5.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d4c6 // fadd v6.4s, v6.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d4e7 // fadd v7.4s, v7.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d508 // fadd v8.4s, v8.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d529 // fadd v9.4s, v9.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d54a // fadd v10.4s, v10.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d56b // fadd v11.4s, v11.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d58c // fadd v12.4s, v12.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d5ad // fadd v13.4s, v13.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d5ce // fadd v14.4s, v14.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d5ef // fadd v15.4s, v15.4s, v16.4s
	SUB $64, R6
	B loop
tail0:
	CMP $4, R6
	BLT part0
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d400 // fadd v0.4s, v0.4s, v16.4s
	SUB $4, R6
	B tail1
part0:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in0
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in0
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in0:
	WORD $0x4e30d400 // fadd v0.4s, v0.4s, v16.4s
	B fold
tail1:
	CMP $4, R6
	BLT part1
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d421 // fadd v1.4s, v1.4s, v16.4s
	SUB $4, R6
	B tail2
part1:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in1
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in1
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in1:
	WORD $0x4e30d421 // fadd v1.4s, v1.4s, v16.4s
	B fold
tail2:
	CMP $4, R6
	BLT part2
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d442 // fadd v2.4s, v2.4s, v16.4s
	SUB $4, R6
	B tail3
part2:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in2
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in2
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in2:
	WORD $0x4e30d442 // fadd v2.4s, v2.4s, v16.4s
	B fold
tail3:
	CMP $4, R6
	BLT part3
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d463 // fadd v3.4s, v3.4s, v16.4s
	SUB $4, R6
	B tail4
part3:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in3
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in3
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in3:
	WORD $0x4e30d463 // fadd v3.4s, v3.4s, v16.4s
	B fold
tail4:
	CMP $4, R6
	BLT part4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d484 // fadd v4.4s, v4.4s, v16.4s
	SUB $4, R6
	B tail5
part4:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in4
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in4
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in4:
	WORD $0x4e30d484 // fadd v4.4s, v4.4s, v16.4s
	B fold
tail5:
	CMP $4, R6
	BLT part5
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d4a5 // fadd v5.4s, v5.4s, v16.4s
	SUB $4, R6
	B tail6
part5:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in5
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in5
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in5:
	WORD $0x4e30d4a5 // fadd v5.4s, v5.4s, v16.4s
	B fold
tail6:
	CMP $4, R6
	BLT part6
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d4c6 // fadd v6.4s, v6.4s, v16.4s
	SUB $4, R6
	B tail7
part6:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in6
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in6
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in6:
	WORD $0x4e30d4c6 // fadd v6.4s, v6.4s, v16.4s
	B fold
tail7:
	CMP $4, R6
	BLT part7
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d4e7 // fadd v7.4s, v7.4s, v16.4s
	SUB $4, R6
	B tail8
part7:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in7
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in7
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in7:
	WORD $0x4e30d4e7 // fadd v7.4s, v7.4s, v16.4s
	B fold
tail8:
	CMP $4, R6
	BLT part8
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d508 // fadd v8.4s, v8.4s, v16.4s
	SUB $4, R6
	B tail9
part8:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in8
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in8
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in8:
	WORD $0x4e30d508 // fadd v8.4s, v8.4s, v16.4s
	B fold
tail9:
	CMP $4, R6
	BLT part9
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d529 // fadd v9.4s, v9.4s, v16.4s
	SUB $4, R6
	B tail10
part9:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in9
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in9
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in9:
	WORD $0x4e30d529 // fadd v9.4s, v9.4s, v16.4s
	B fold
tail10:
	CMP $4, R6
	BLT part10
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d54a // fadd v10.4s, v10.4s, v16.4s
	SUB $4, R6
	B tail11
part10:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in10
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in10
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in10:
	WORD $0x4e30d54a // fadd v10.4s, v10.4s, v16.4s
	B fold
tail11:
	CMP $4, R6
	BLT part11
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d56b // fadd v11.4s, v11.4s, v16.4s
	SUB $4, R6
	B tail12
part11:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in11
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in11
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in11:
	WORD $0x4e30d56b // fadd v11.4s, v11.4s, v16.4s
	B fold
tail12:
	CMP $4, R6
	BLT part12
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d58c // fadd v12.4s, v12.4s, v16.4s
	SUB $4, R6
	B tail13
part12:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in12
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in12
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in12:
	WORD $0x4e30d58c // fadd v12.4s, v12.4s, v16.4s
	B fold
tail13:
	CMP $4, R6
	BLT part13
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d5ad // fadd v13.4s, v13.4s, v16.4s
	SUB $4, R6
	B tail14
part13:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in13
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in13
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in13:
	WORD $0x4e30d5ad // fadd v13.4s, v13.4s, v16.4s
	B fold
tail14:
	CMP $4, R6
	BLT part14
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d5ce // fadd v14.4s, v14.4s, v16.4s
	SUB $4, R6
	B tail15
part14:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in14
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in14
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in14:
	WORD $0x4e30d5ce // fadd v14.4s, v14.4s, v16.4s
	B fold
tail15:
	CMP $4, R6
	BLT part15
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30d5ef // fadd v15.4s, v15.4s, v16.4s
	SUB $4, R6
	B fold
part15:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in15
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in15
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in15:
	WORD $0x4e30d5ef // fadd v15.4s, v15.4s, v16.4s
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
	FMOVS F0, ret+24(FP)
	RET

// dot: element i goes to lane i mod 64, fused; the lanes are folded in halves
//
// func dotNEON(x []float32, y []float32) (ret float32)
TEXT ·dotNEON(SB), NOSPLIT, $0-52
	MOVD x_base+0(FP), R0
	MOVD y_base+24(FP), R1
	MOVD x_len+8(FP), R6
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
	// R0 x, R1 y; R6 elements left; 16 sums of 4 lanes
loop:
	CMP $64, R6
	BLT tail0
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V0.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V1.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V2.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V3.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V4.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V5.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V6.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V7.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V8.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V9.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V10.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V11.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V12.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V13.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V14.S4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V15.S4
	SUB $64, R6
	B loop
tail0:
	CMP $4, R6
	BLT part0
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V0.S4
	SUB $4, R6
	B tail1
part0:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	CMP $2, R6
	BLT in0
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	CMP $3, R6
	BLT in0
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
in0:
	VFMLA V17.S4, V16.S4, V0.S4
	B fold
tail1:
	CMP $4, R6
	BLT part1
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V1.S4
	SUB $4, R6
	B tail2
part1:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	CMP $2, R6
	BLT in1
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	CMP $3, R6
	BLT in1
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
in1:
	VFMLA V17.S4, V16.S4, V1.S4
	B fold
tail2:
	CMP $4, R6
	BLT part2
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V2.S4
	SUB $4, R6
	B tail3
part2:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	CMP $2, R6
	BLT in2
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	CMP $3, R6
	BLT in2
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
in2:
	VFMLA V17.S4, V16.S4, V2.S4
	B fold
tail3:
	CMP $4, R6
	BLT part3
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V3.S4
	SUB $4, R6
	B tail4
part3:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	CMP $2, R6
	BLT in3
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	CMP $3, R6
	BLT in3
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
in3:
	VFMLA V17.S4, V16.S4, V3.S4
	B fold
tail4:
	CMP $4, R6
	BLT part4
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V4.S4
	SUB $4, R6
	B tail5
part4:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	CMP $2, R6
	BLT in4
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	CMP $3, R6
	BLT in4
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
in4:
	VFMLA V17.S4, V16.S4, V4.S4
	B fold
tail5:
	CMP $4, R6
	BLT part5
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V5.S4
	SUB $4, R6
	B tail6
part5:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	CMP $2, R6
	BLT in5
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	CMP $3, R6
	BLT in5
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
in5:
	VFMLA V17.S4, V16.S4, V5.S4
	B fold
tail6:
	CMP $4, R6
	BLT part6
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V6.S4
	SUB $4, R6
	B tail7
part6:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	CMP $2, R6
	BLT in6
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	CMP $3, R6
	BLT in6
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
in6:
	VFMLA V17.S4, V16.S4, V6.S4
	B fold
tail7:
	CMP $4, R6
	BLT part7
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V7.S4
	SUB $4, R6
	B tail8
part7:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	CMP $2, R6
	BLT in7
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	CMP $3, R6
	BLT in7
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
in7:
	VFMLA V17.S4, V16.S4, V7.S4
	B fold
tail8:
	CMP $4, R6
	BLT part8
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V8.S4
	SUB $4, R6
	B tail9
part8:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	CMP $2, R6
	BLT in8
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	CMP $3, R6
	BLT in8
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
in8:
	VFMLA V17.S4, V16.S4, V8.S4
	B fold
tail9:
	CMP $4, R6
	BLT part9
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V9.S4
	SUB $4, R6
	B tail10
part9:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	CMP $2, R6
	BLT in9
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	CMP $3, R6
	BLT in9
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
in9:
	VFMLA V17.S4, V16.S4, V9.S4
	B fold
tail10:
	CMP $4, R6
	BLT part10
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V10.S4
	SUB $4, R6
	B tail11
part10:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	CMP $2, R6
	BLT in10
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	CMP $3, R6
	BLT in10
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
in10:
	VFMLA V17.S4, V16.S4, V10.S4
	B fold
tail11:
	CMP $4, R6
	BLT part11
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V11.S4
	SUB $4, R6
	B tail12
part11:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	CMP $2, R6
	BLT in11
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	CMP $3, R6
	BLT in11
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
in11:
	VFMLA V17.S4, V16.S4, V11.S4
	B fold
tail12:
	CMP $4, R6
	BLT part12
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V12.S4
	SUB $4, R6
	B tail13
part12:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	CMP $2, R6
	BLT in12
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	CMP $3, R6
	BLT in12
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
in12:
	VFMLA V17.S4, V16.S4, V12.S4
	B fold
tail13:
	CMP $4, R6
	BLT part13
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V13.S4
	SUB $4, R6
	B tail14
part13:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	CMP $2, R6
	BLT in13
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	CMP $3, R6
	BLT in13
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
in13:
	VFMLA V17.S4, V16.S4, V13.S4
	B fold
tail14:
	CMP $4, R6
	BLT part14
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V14.S4
	SUB $4, R6
	B tail15
part14:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	CMP $2, R6
	BLT in14
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	CMP $3, R6
	BLT in14
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
in14:
	VFMLA V17.S4, V16.S4, V14.S4
	B fold
tail15:
	CMP $4, R6
	BLT part15
	VLD1.P 16(R0), [V16.S4]
	VLD1.P 16(R1), [V17.S4]
	VFMLA V17.S4, V16.S4, V15.S4
	SUB $4, R6
	B fold
part15:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VLD1 (R0), V16.S[0]
	VLD1 (R1), V17.S[0]
	CMP $2, R6
	BLT in15
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	ADD $4, R1, R26
	VLD1 (R26), V17.S[1]
	CMP $3, R6
	BLT in15
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
	ADD $8, R1, R26
	VLD1 (R26), V17.S[2]
in15:
	VFMLA V17.S4, V16.S4, V15.S4
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
	FMOVS F0, ret+48(FP)
	RET

// sumSquares: element i goes to lane i mod 64, fused; the lanes are folded in halves
//
// func sumSquaresNEON(x []float32) (ret float32)
TEXT ·sumSquaresNEON(SB), NOSPLIT, $0-28
	MOVD x_base+0(FP), R0
	MOVD x_len+8(FP), R6
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
	// R0 x; R6 elements left; 16 sums of 4 lanes
loop:
	CMP $64, R6
	BLT tail0
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V0.S4
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V1.S4
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V2.S4
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V3.S4
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V4.S4
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V5.S4
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V6.S4
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V7.S4
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V8.S4
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V9.S4
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V10.S4
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V11.S4
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V12.S4
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V13.S4
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V14.S4
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V15.S4
	SUB $64, R6
	B loop
tail0:
	CMP $4, R6
	BLT part0
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V0.S4
	SUB $4, R6
	B tail1
part0:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in0
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in0
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in0:
	VFMLA V16.S4, V16.S4, V0.S4
	B fold
tail1:
	CMP $4, R6
	BLT part1
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V1.S4
	SUB $4, R6
	B tail2
part1:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in1
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in1
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in1:
	VFMLA V16.S4, V16.S4, V1.S4
	B fold
tail2:
	CMP $4, R6
	BLT part2
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V2.S4
	SUB $4, R6
	B tail3
part2:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in2
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in2
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in2:
	VFMLA V16.S4, V16.S4, V2.S4
	B fold
tail3:
	CMP $4, R6
	BLT part3
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V3.S4
	SUB $4, R6
	B tail4
part3:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in3
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in3
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in3:
	VFMLA V16.S4, V16.S4, V3.S4
	B fold
tail4:
	CMP $4, R6
	BLT part4
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V4.S4
	SUB $4, R6
	B tail5
part4:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in4
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in4
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in4:
	VFMLA V16.S4, V16.S4, V4.S4
	B fold
tail5:
	CMP $4, R6
	BLT part5
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V5.S4
	SUB $4, R6
	B tail6
part5:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in5
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in5
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in5:
	VFMLA V16.S4, V16.S4, V5.S4
	B fold
tail6:
	CMP $4, R6
	BLT part6
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V6.S4
	SUB $4, R6
	B tail7
part6:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in6
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in6
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in6:
	VFMLA V16.S4, V16.S4, V6.S4
	B fold
tail7:
	CMP $4, R6
	BLT part7
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V7.S4
	SUB $4, R6
	B tail8
part7:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in7
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in7
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in7:
	VFMLA V16.S4, V16.S4, V7.S4
	B fold
tail8:
	CMP $4, R6
	BLT part8
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V8.S4
	SUB $4, R6
	B tail9
part8:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in8
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in8
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in8:
	VFMLA V16.S4, V16.S4, V8.S4
	B fold
tail9:
	CMP $4, R6
	BLT part9
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V9.S4
	SUB $4, R6
	B tail10
part9:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in9
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in9
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in9:
	VFMLA V16.S4, V16.S4, V9.S4
	B fold
tail10:
	CMP $4, R6
	BLT part10
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V10.S4
	SUB $4, R6
	B tail11
part10:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in10
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in10
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in10:
	VFMLA V16.S4, V16.S4, V10.S4
	B fold
tail11:
	CMP $4, R6
	BLT part11
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V11.S4
	SUB $4, R6
	B tail12
part11:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in11
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in11
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in11:
	VFMLA V16.S4, V16.S4, V11.S4
	B fold
tail12:
	CMP $4, R6
	BLT part12
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V12.S4
	SUB $4, R6
	B tail13
part12:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in12
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in12
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in12:
	VFMLA V16.S4, V16.S4, V12.S4
	B fold
tail13:
	CMP $4, R6
	BLT part13
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V13.S4
	SUB $4, R6
	B tail14
part13:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in13
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in13
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in13:
	VFMLA V16.S4, V16.S4, V13.S4
	B fold
tail14:
	CMP $4, R6
	BLT part14
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V14.S4
	SUB $4, R6
	B tail15
part14:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in14
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in14
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in14:
	VFMLA V16.S4, V16.S4, V14.S4
	B fold
tail15:
	CMP $4, R6
	BLT part15
	VLD1.P 16(R0), [V16.S4]
	VFMLA V16.S4, V16.S4, V15.S4
	SUB $4, R6
	B fold
part15:
	CBZ R6, fold
	VEOR V16.B16, V16.B16, V16.B16
	VLD1 (R0), V16.S[0]
	CMP $2, R6
	BLT in15
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in15
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in15:
	VFMLA V16.S4, V16.S4, V15.S4
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
	FMOVS F0, ret+24(FP)
	RET

// max: the largest; NaN if one is NaN; -Inf if there is none
//
// func maxNEON(x []float32) (ret float32)
TEXT ·maxNEON(SB), NOSPLIT, $0-28
	MOVD x_base+0(FP), R0
	MOVD x_len+8(FP), R6
	MOVW $0xff800000, R26
	VDUP R26, V0.S4
	VMOV V0.B16, V1.B16
	VMOV V0.B16, V2.B16
	VMOV V0.B16, V3.B16
	VMOV V0.B16, V4.B16
	VMOV V0.B16, V5.B16
	VMOV V0.B16, V6.B16
	VMOV V0.B16, V7.B16
	VMOV V0.B16, V8.B16
	VMOV V0.B16, V9.B16
	VMOV V0.B16, V10.B16
	VMOV V0.B16, V11.B16
	VMOV V0.B16, V12.B16
	VMOV V0.B16, V13.B16
	VMOV V0.B16, V14.B16
	VMOV V0.B16, V15.B16
	// R0 x; R6 elements left; 16 sums of 4 lanes
loop:
	CMP $64, R6
	BLT tail0
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f400 // fmax v0.4s, v0.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f421 // fmax v1.4s, v1.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f442 // fmax v2.4s, v2.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f463 // fmax v3.4s, v3.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f484 // fmax v4.4s, v4.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f4a5 // fmax v5.4s, v5.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f4c6 // fmax v6.4s, v6.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f4e7 // fmax v7.4s, v7.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f508 // fmax v8.4s, v8.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f529 // fmax v9.4s, v9.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f54a // fmax v10.4s, v10.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f56b // fmax v11.4s, v11.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f58c // fmax v12.4s, v12.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f5ad // fmax v13.4s, v13.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f5ce // fmax v14.4s, v14.4s, v16.4s
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f5ef // fmax v15.4s, v15.4s, v16.4s
	SUB $64, R6
	B loop
tail0:
	CMP $4, R6
	BLT part0
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f400 // fmax v0.4s, v0.4s, v16.4s
	SUB $4, R6
	B tail1
part0:
	CBZ R6, fold
	MOVW $0xff800000, R26
	VDUP R26, V16.S4
	ADD $0, R0, R26
	VLD1 (R26), V16.S[0]
	CMP $2, R6
	BLT in0
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in0
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in0:
	WORD $0x4e30f400 // fmax v0.4s, v0.4s, v16.4s
	B fold
tail1:
	CMP $4, R6
	BLT part1
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f421 // fmax v1.4s, v1.4s, v16.4s
	SUB $4, R6
	B tail2
part1:
	CBZ R6, fold
	MOVW $0xff800000, R26
	VDUP R26, V16.S4
	ADD $0, R0, R26
	VLD1 (R26), V16.S[0]
	CMP $2, R6
	BLT in1
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in1
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in1:
	WORD $0x4e30f421 // fmax v1.4s, v1.4s, v16.4s
	B fold
tail2:
	CMP $4, R6
	BLT part2
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f442 // fmax v2.4s, v2.4s, v16.4s
	SUB $4, R6
	B tail3
part2:
	CBZ R6, fold
	MOVW $0xff800000, R26
	VDUP R26, V16.S4
	ADD $0, R0, R26
	VLD1 (R26), V16.S[0]
	CMP $2, R6
	BLT in2
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in2
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in2:
	WORD $0x4e30f442 // fmax v2.4s, v2.4s, v16.4s
	B fold
tail3:
	CMP $4, R6
	BLT part3
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f463 // fmax v3.4s, v3.4s, v16.4s
	SUB $4, R6
	B tail4
part3:
	CBZ R6, fold
	MOVW $0xff800000, R26
	VDUP R26, V16.S4
	ADD $0, R0, R26
	VLD1 (R26), V16.S[0]
	CMP $2, R6
	BLT in3
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in3
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in3:
	WORD $0x4e30f463 // fmax v3.4s, v3.4s, v16.4s
	B fold
tail4:
	CMP $4, R6
	BLT part4
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f484 // fmax v4.4s, v4.4s, v16.4s
	SUB $4, R6
	B tail5
part4:
	CBZ R6, fold
	MOVW $0xff800000, R26
	VDUP R26, V16.S4
	ADD $0, R0, R26
	VLD1 (R26), V16.S[0]
	CMP $2, R6
	BLT in4
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in4
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in4:
	WORD $0x4e30f484 // fmax v4.4s, v4.4s, v16.4s
	B fold
tail5:
	CMP $4, R6
	BLT part5
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f4a5 // fmax v5.4s, v5.4s, v16.4s
	SUB $4, R6
	B tail6
part5:
	CBZ R6, fold
	MOVW $0xff800000, R26
	VDUP R26, V16.S4
	ADD $0, R0, R26
	VLD1 (R26), V16.S[0]
	CMP $2, R6
	BLT in5
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in5
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in5:
	WORD $0x4e30f4a5 // fmax v5.4s, v5.4s, v16.4s
	B fold
tail6:
	CMP $4, R6
	BLT part6
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f4c6 // fmax v6.4s, v6.4s, v16.4s
	SUB $4, R6
	B tail7
part6:
	CBZ R6, fold
	MOVW $0xff800000, R26
	VDUP R26, V16.S4
	ADD $0, R0, R26
	VLD1 (R26), V16.S[0]
	CMP $2, R6
	BLT in6
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in6
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in6:
	WORD $0x4e30f4c6 // fmax v6.4s, v6.4s, v16.4s
	B fold
tail7:
	CMP $4, R6
	BLT part7
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f4e7 // fmax v7.4s, v7.4s, v16.4s
	SUB $4, R6
	B tail8
part7:
	CBZ R6, fold
	MOVW $0xff800000, R26
	VDUP R26, V16.S4
	ADD $0, R0, R26
	VLD1 (R26), V16.S[0]
	CMP $2, R6
	BLT in7
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in7
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in7:
	WORD $0x4e30f4e7 // fmax v7.4s, v7.4s, v16.4s
	B fold
tail8:
	CMP $4, R6
	BLT part8
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f508 // fmax v8.4s, v8.4s, v16.4s
	SUB $4, R6
	B tail9
part8:
	CBZ R6, fold
	MOVW $0xff800000, R26
	VDUP R26, V16.S4
	ADD $0, R0, R26
	VLD1 (R26), V16.S[0]
	CMP $2, R6
	BLT in8
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in8
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in8:
	WORD $0x4e30f508 // fmax v8.4s, v8.4s, v16.4s
	B fold
tail9:
	CMP $4, R6
	BLT part9
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f529 // fmax v9.4s, v9.4s, v16.4s
	SUB $4, R6
	B tail10
part9:
	CBZ R6, fold
	MOVW $0xff800000, R26
	VDUP R26, V16.S4
	ADD $0, R0, R26
	VLD1 (R26), V16.S[0]
	CMP $2, R6
	BLT in9
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in9
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in9:
	WORD $0x4e30f529 // fmax v9.4s, v9.4s, v16.4s
	B fold
tail10:
	CMP $4, R6
	BLT part10
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f54a // fmax v10.4s, v10.4s, v16.4s
	SUB $4, R6
	B tail11
part10:
	CBZ R6, fold
	MOVW $0xff800000, R26
	VDUP R26, V16.S4
	ADD $0, R0, R26
	VLD1 (R26), V16.S[0]
	CMP $2, R6
	BLT in10
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in10
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in10:
	WORD $0x4e30f54a // fmax v10.4s, v10.4s, v16.4s
	B fold
tail11:
	CMP $4, R6
	BLT part11
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f56b // fmax v11.4s, v11.4s, v16.4s
	SUB $4, R6
	B tail12
part11:
	CBZ R6, fold
	MOVW $0xff800000, R26
	VDUP R26, V16.S4
	ADD $0, R0, R26
	VLD1 (R26), V16.S[0]
	CMP $2, R6
	BLT in11
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in11
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in11:
	WORD $0x4e30f56b // fmax v11.4s, v11.4s, v16.4s
	B fold
tail12:
	CMP $4, R6
	BLT part12
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f58c // fmax v12.4s, v12.4s, v16.4s
	SUB $4, R6
	B tail13
part12:
	CBZ R6, fold
	MOVW $0xff800000, R26
	VDUP R26, V16.S4
	ADD $0, R0, R26
	VLD1 (R26), V16.S[0]
	CMP $2, R6
	BLT in12
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in12
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in12:
	WORD $0x4e30f58c // fmax v12.4s, v12.4s, v16.4s
	B fold
tail13:
	CMP $4, R6
	BLT part13
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f5ad // fmax v13.4s, v13.4s, v16.4s
	SUB $4, R6
	B tail14
part13:
	CBZ R6, fold
	MOVW $0xff800000, R26
	VDUP R26, V16.S4
	ADD $0, R0, R26
	VLD1 (R26), V16.S[0]
	CMP $2, R6
	BLT in13
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in13
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in13:
	WORD $0x4e30f5ad // fmax v13.4s, v13.4s, v16.4s
	B fold
tail14:
	CMP $4, R6
	BLT part14
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f5ce // fmax v14.4s, v14.4s, v16.4s
	SUB $4, R6
	B tail15
part14:
	CBZ R6, fold
	MOVW $0xff800000, R26
	VDUP R26, V16.S4
	ADD $0, R0, R26
	VLD1 (R26), V16.S[0]
	CMP $2, R6
	BLT in14
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in14
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in14:
	WORD $0x4e30f5ce // fmax v14.4s, v14.4s, v16.4s
	B fold
tail15:
	CMP $4, R6
	BLT part15
	VLD1.P 16(R0), [V16.S4]
	WORD $0x4e30f5ef // fmax v15.4s, v15.4s, v16.4s
	SUB $4, R6
	B fold
part15:
	CBZ R6, fold
	MOVW $0xff800000, R26
	VDUP R26, V16.S4
	ADD $0, R0, R26
	VLD1 (R26), V16.S[0]
	CMP $2, R6
	BLT in15
	ADD $4, R0, R26
	VLD1 (R26), V16.S[1]
	CMP $3, R6
	BLT in15
	ADD $8, R0, R26
	VLD1 (R26), V16.S[2]
in15:
	WORD $0x4e30f5ef // fmax v15.4s, v15.4s, v16.4s
fold: // lane j takes lane j+32, then j+16, ... then 1
	WORD $0x4e28f400 // fmax v0.4s, v0.4s, v8.4s
	WORD $0x4e29f421 // fmax v1.4s, v1.4s, v9.4s
	WORD $0x4e2af442 // fmax v2.4s, v2.4s, v10.4s
	WORD $0x4e2bf463 // fmax v3.4s, v3.4s, v11.4s
	WORD $0x4e2cf484 // fmax v4.4s, v4.4s, v12.4s
	WORD $0x4e2df4a5 // fmax v5.4s, v5.4s, v13.4s
	WORD $0x4e2ef4c6 // fmax v6.4s, v6.4s, v14.4s
	WORD $0x4e2ff4e7 // fmax v7.4s, v7.4s, v15.4s
	WORD $0x4e24f400 // fmax v0.4s, v0.4s, v4.4s
	WORD $0x4e25f421 // fmax v1.4s, v1.4s, v5.4s
	WORD $0x4e26f442 // fmax v2.4s, v2.4s, v6.4s
	WORD $0x4e27f463 // fmax v3.4s, v3.4s, v7.4s
	WORD $0x4e22f400 // fmax v0.4s, v0.4s, v2.4s
	WORD $0x4e23f421 // fmax v1.4s, v1.4s, v3.4s
	WORD $0x4e21f400 // fmax v0.4s, v0.4s, v1.4s
	WORD $0x6e004001 // ext v1.16b, v0.16b, v0.16b, #8
	WORD $0x4e21f400 // fmax v0.4s, v0.4s, v1.4s
	WORD $0x6e002001 // ext v1.16b, v0.16b, v0.16b, #4
	WORD $0x4e21f400 // fmax v0.4s, v0.4s, v1.4s
	FMOVS F0, ret+24(FP)
	RET
