//go:build amd64 && !purego

#include "textflag.h"

// Reductions in 64 virtual lanes, the same sums in the same order on every instruction set; the Go loops stand in reduce.go.
DATA k_nan<>+0(SB)/4, $0x7fc00000
GLOBL k_nan<>(SB), RODATA|NOPTR, $4
DATA k_ninf<>+0(SB)/4, $0xff800000
GLOBL k_ninf<>(SB), RODATA|NOPTR, $4

// sum: element i goes to lane i mod 64; the lanes are folded in halves
//
// func sumAVX512(x []float32) (ret float32)
TEXT ·sumAVX512(SB), NOSPLIT, $0-28
	MOVQ x_base+0(FP), SI
	MOVQ x_len+8(FP), CX
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	// SI x; CX elements left; 4 sums of 16 lanes
loop:
	CMPQ CX, $64
	JLT tail0
	VMOVUPS (SI), Z4
	VADDPS Z4, Z0, Z0
	VMOVUPS 64(SI), Z4
	VADDPS Z4, Z1, Z1
	VMOVUPS 128(SI), Z4
	VADDPS Z4, Z2, Z2
	VMOVUPS 192(SI), Z4
	VADDPS Z4, Z3, Z3
	ADDQ $256, SI
	SUBQ $64, CX
	JMP loop
tail0:
	CMPQ CX, $16
	JLT part0
	VMOVUPS (SI), Z4
	VADDPS Z4, Z0, Z0
	ADDQ $64, SI
	SUBQ $16, CX
	JMP tail1
part0:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (SI), K1, Z4
	VADDPS Z4, Z0, Z0
	JMP fold
tail1:
	CMPQ CX, $16
	JLT part1
	VMOVUPS (SI), Z4
	VADDPS Z4, Z1, Z1
	ADDQ $64, SI
	SUBQ $16, CX
	JMP tail2
part1:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (SI), K1, Z4
	VADDPS Z4, Z1, Z1
	JMP fold
tail2:
	CMPQ CX, $16
	JLT part2
	VMOVUPS (SI), Z4
	VADDPS Z4, Z2, Z2
	ADDQ $64, SI
	SUBQ $16, CX
	JMP tail3
part2:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (SI), K1, Z4
	VADDPS Z4, Z2, Z2
	JMP fold
tail3:
	CMPQ CX, $16
	JLT part3
	VMOVUPS (SI), Z4
	VADDPS Z4, Z3, Z3
	ADDQ $64, SI
	SUBQ $16, CX
	JMP fold
part3:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (SI), K1, Z4
	VADDPS Z4, Z3, Z3
fold: // lane j takes lane j+32, then j+16, ... then 1
	VADDPS Z2, Z0, Z0
	VADDPS Z3, Z1, Z1
	VADDPS Z1, Z0, Z0
	VEXTRACTF64X4 $1, Z0, Y1
	VADDPS Y1, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS X1, X0, X0
	VPERMILPS $0x0e, X0, X1
	VADDPS X1, X0, X0
	VPERMILPS $0x01, X0, X1
	VADDPS X1, X0, X0
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

// dot: element i goes to lane i mod 64, fused; the lanes are folded in halves
//
// func dotAVX512(x []float32, y []float32) (ret float32)
TEXT ·dotAVX512(SB), NOSPLIT, $0-52
	MOVQ x_base+0(FP), SI
	MOVQ y_base+24(FP), DX
	MOVQ x_len+8(FP), CX
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	// SI x, DX y; CX elements left; 4 sums of 16 lanes
loop:
	CMPQ CX, $64
	JLT tail0
	VMOVUPS (SI), Z4
	VMOVUPS (DX), Z5
	VFMADD231PS Z5, Z4, Z0
	VMOVUPS 64(SI), Z4
	VMOVUPS 64(DX), Z5
	VFMADD231PS Z5, Z4, Z1
	VMOVUPS 128(SI), Z4
	VMOVUPS 128(DX), Z5
	VFMADD231PS Z5, Z4, Z2
	VMOVUPS 192(SI), Z4
	VMOVUPS 192(DX), Z5
	VFMADD231PS Z5, Z4, Z3
	ADDQ $256, SI
	ADDQ $256, DX
	SUBQ $64, CX
	JMP loop
tail0:
	CMPQ CX, $16
	JLT part0
	VMOVUPS (SI), Z4
	VMOVUPS (DX), Z5
	VFMADD231PS Z5, Z4, Z0
	ADDQ $64, SI
	ADDQ $64, DX
	SUBQ $16, CX
	JMP tail1
part0:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (SI), K1, Z4
	VMOVUPS.Z (DX), K1, Z5
	VFMADD231PS Z5, Z4, Z0
	JMP fold
tail1:
	CMPQ CX, $16
	JLT part1
	VMOVUPS (SI), Z4
	VMOVUPS (DX), Z5
	VFMADD231PS Z5, Z4, Z1
	ADDQ $64, SI
	ADDQ $64, DX
	SUBQ $16, CX
	JMP tail2
part1:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (SI), K1, Z4
	VMOVUPS.Z (DX), K1, Z5
	VFMADD231PS Z5, Z4, Z1
	JMP fold
tail2:
	CMPQ CX, $16
	JLT part2
	VMOVUPS (SI), Z4
	VMOVUPS (DX), Z5
	VFMADD231PS Z5, Z4, Z2
	ADDQ $64, SI
	ADDQ $64, DX
	SUBQ $16, CX
	JMP tail3
part2:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (SI), K1, Z4
	VMOVUPS.Z (DX), K1, Z5
	VFMADD231PS Z5, Z4, Z2
	JMP fold
tail3:
	CMPQ CX, $16
	JLT part3
	VMOVUPS (SI), Z4
	VMOVUPS (DX), Z5
	VFMADD231PS Z5, Z4, Z3
	ADDQ $64, SI
	ADDQ $64, DX
	SUBQ $16, CX
	JMP fold
part3:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (SI), K1, Z4
	VMOVUPS.Z (DX), K1, Z5
	VFMADD231PS Z5, Z4, Z3
fold: // lane j takes lane j+32, then j+16, ... then 1
	VADDPS Z2, Z0, Z0
	VADDPS Z3, Z1, Z1
	VADDPS Z1, Z0, Z0
	VEXTRACTF64X4 $1, Z0, Y1
	VADDPS Y1, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS X1, X0, X0
	VPERMILPS $0x0e, X0, X1
	VADDPS X1, X0, X0
	VPERMILPS $0x01, X0, X1
	VADDPS X1, X0, X0
	VMOVSS X0, ret+48(FP)
	VZEROUPPER
	RET

// sumSquares: element i goes to lane i mod 64, fused; the lanes are folded in halves
//
// func sumSquaresAVX512(x []float32) (ret float32)
TEXT ·sumSquaresAVX512(SB), NOSPLIT, $0-28
	MOVQ x_base+0(FP), SI
	MOVQ x_len+8(FP), CX
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	// SI x; CX elements left; 4 sums of 16 lanes
loop:
	CMPQ CX, $64
	JLT tail0
	VMOVUPS (SI), Z4
	VFMADD231PS Z4, Z4, Z0
	VMOVUPS 64(SI), Z4
	VFMADD231PS Z4, Z4, Z1
	VMOVUPS 128(SI), Z4
	VFMADD231PS Z4, Z4, Z2
	VMOVUPS 192(SI), Z4
	VFMADD231PS Z4, Z4, Z3
	ADDQ $256, SI
	SUBQ $64, CX
	JMP loop
tail0:
	CMPQ CX, $16
	JLT part0
	VMOVUPS (SI), Z4
	VFMADD231PS Z4, Z4, Z0
	ADDQ $64, SI
	SUBQ $16, CX
	JMP tail1
part0:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (SI), K1, Z4
	VFMADD231PS Z4, Z4, Z0
	JMP fold
tail1:
	CMPQ CX, $16
	JLT part1
	VMOVUPS (SI), Z4
	VFMADD231PS Z4, Z4, Z1
	ADDQ $64, SI
	SUBQ $16, CX
	JMP tail2
part1:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (SI), K1, Z4
	VFMADD231PS Z4, Z4, Z1
	JMP fold
tail2:
	CMPQ CX, $16
	JLT part2
	VMOVUPS (SI), Z4
	VFMADD231PS Z4, Z4, Z2
	ADDQ $64, SI
	SUBQ $16, CX
	JMP tail3
part2:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (SI), K1, Z4
	VFMADD231PS Z4, Z4, Z2
	JMP fold
tail3:
	CMPQ CX, $16
	JLT part3
	VMOVUPS (SI), Z4
	VFMADD231PS Z4, Z4, Z3
	ADDQ $64, SI
	SUBQ $16, CX
	JMP fold
part3:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (SI), K1, Z4
	VFMADD231PS Z4, Z4, Z3
fold: // lane j takes lane j+32, then j+16, ... then 1
	VADDPS Z2, Z0, Z0
	VADDPS Z3, Z1, Z1
	VADDPS Z1, Z0, Z0
	VEXTRACTF64X4 $1, Z0, Y1
	VADDPS Y1, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VADDPS X1, X0, X0
	VPERMILPS $0x0e, X0, X1
	VADDPS X1, X0, X0
	VPERMILPS $0x01, X0, X1
	VADDPS X1, X0, X0
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

// max: the largest; NaN if one is NaN; -Inf if there is none
//
// func maxAVX512(x []float32) (ret float32)
TEXT ·maxAVX512(SB), NOSPLIT, $0-28
	MOVQ x_base+0(FP), SI
	MOVQ x_len+8(FP), CX
	VBROADCASTSS k_ninf<>(SB), Z0
	VMOVAPS Z0, Z1
	VMOVAPS Z0, Z2
	VMOVAPS Z0, Z3
	KXORW K3, K3, K3 // lanes that met a NaN
	// SI x; CX elements left; 4 sums of 16 lanes
loop:
	CMPQ CX, $64
	JLT tail0
	VMOVUPS (SI), Z4
	VCMPPS $3, Z4, Z4, K2
	KORW K2, K3, K3
	VMAXPS Z4, Z0, Z0
	VMOVUPS 64(SI), Z4
	VCMPPS $3, Z4, Z4, K2
	KORW K2, K3, K3
	VMAXPS Z4, Z1, Z1
	VMOVUPS 128(SI), Z4
	VCMPPS $3, Z4, Z4, K2
	KORW K2, K3, K3
	VMAXPS Z4, Z2, Z2
	VMOVUPS 192(SI), Z4
	VCMPPS $3, Z4, Z4, K2
	KORW K2, K3, K3
	VMAXPS Z4, Z3, Z3
	ADDQ $256, SI
	SUBQ $64, CX
	JMP loop
tail0:
	CMPQ CX, $16
	JLT part0
	VMOVUPS (SI), Z4
	VCMPPS $3, Z4, Z4, K2
	KORW K2, K3, K3
	VMAXPS Z4, Z0, Z0
	ADDQ $64, SI
	SUBQ $16, CX
	JMP tail1
part0:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VBROADCASTSS k_ninf<>(SB), Z4
	VMOVUPS (SI), K1, Z4
	VCMPPS $3, Z4, Z4, K2
	KORW K2, K3, K3
	VMAXPS Z4, Z0, Z0
	JMP fold
tail1:
	CMPQ CX, $16
	JLT part1
	VMOVUPS (SI), Z4
	VCMPPS $3, Z4, Z4, K2
	KORW K2, K3, K3
	VMAXPS Z4, Z1, Z1
	ADDQ $64, SI
	SUBQ $16, CX
	JMP tail2
part1:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VBROADCASTSS k_ninf<>(SB), Z4
	VMOVUPS (SI), K1, Z4
	VCMPPS $3, Z4, Z4, K2
	KORW K2, K3, K3
	VMAXPS Z4, Z1, Z1
	JMP fold
tail2:
	CMPQ CX, $16
	JLT part2
	VMOVUPS (SI), Z4
	VCMPPS $3, Z4, Z4, K2
	KORW K2, K3, K3
	VMAXPS Z4, Z2, Z2
	ADDQ $64, SI
	SUBQ $16, CX
	JMP tail3
part2:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VBROADCASTSS k_ninf<>(SB), Z4
	VMOVUPS (SI), K1, Z4
	VCMPPS $3, Z4, Z4, K2
	KORW K2, K3, K3
	VMAXPS Z4, Z2, Z2
	JMP fold
tail3:
	CMPQ CX, $16
	JLT part3
	VMOVUPS (SI), Z4
	VCMPPS $3, Z4, Z4, K2
	KORW K2, K3, K3
	VMAXPS Z4, Z3, Z3
	ADDQ $64, SI
	SUBQ $16, CX
	JMP fold
part3:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VBROADCASTSS k_ninf<>(SB), Z4
	VMOVUPS (SI), K1, Z4
	VCMPPS $3, Z4, Z4, K2
	KORW K2, K3, K3
	VMAXPS Z4, Z3, Z3
fold: // lane j takes lane j+32, then j+16, ... then 1
	VMAXPS Z2, Z0, Z0
	VMAXPS Z3, Z1, Z1
	VMAXPS Z1, Z0, Z0
	VEXTRACTF64X4 $1, Z0, Y1
	VMAXPS Y1, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VMAXPS X1, X0, X0
	VPERMILPS $0x0e, X0, X1
	VMAXPS X1, X0, X0
	VPERMILPS $0x01, X0, X1
	VMAXPS X1, X0, X0
	KORTESTW K3, K3
	JZ out
	VBROADCASTSS k_nan<>(SB), X0 // a NaN anywhere is the maximum
out:
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET
