//go:build amd64 && !purego

#include "textflag.h"

// Layer normalisation, a row a call; the Go loops stand in layernorm.go.

// squaresAbout: Σ (x[i]-a)², element i in lane i mod 64, fused; the lanes are folded in halves
//
// func squaresAboutAVX512(x []float32, a float32) (ret float32)
TEXT ·squaresAboutAVX512(SB), NOSPLIT, $0-36
	MOVQ x_base+0(FP), DI
	MOVQ x_len+8(FP), CX
	VBROADCASTSS a+24(FP), Z5
	LEAQ (DI)(CX*4), R13 // the next row of x, fetched ahead
	XORQ BX, BX
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	// DI x; BX element, CX elements left; 4 sums of 16 lanes
loop:
	CMPQ CX, $64
	JLT tail0
	PREFETCHT0 (R13)(BX*4)
	PREFETCHT0 64(R13)(BX*4)
	PREFETCHT0 128(R13)(BX*4)
	PREFETCHT0 192(R13)(BX*4)
	VMOVUPS (DI)(BX*4), Z4
	VSUBPS Z5, Z4, Z4
	VFMADD231PS Z4, Z4, Z0
	VMOVUPS 64(DI)(BX*4), Z4
	VSUBPS Z5, Z4, Z4
	VFMADD231PS Z4, Z4, Z1
	VMOVUPS 128(DI)(BX*4), Z4
	VSUBPS Z5, Z4, Z4
	VFMADD231PS Z4, Z4, Z2
	VMOVUPS 192(DI)(BX*4), Z4
	VSUBPS Z5, Z4, Z4
	VFMADD231PS Z4, Z4, Z3
	ADDQ $64, BX
	SUBQ $64, CX
	JMP loop
tail0:
	CMPQ CX, $16
	JLT part0
	VMOVUPS (DI)(BX*4), Z4
	VSUBPS Z5, Z4, Z4
	VFMADD231PS Z4, Z4, Z0
	ADDQ $16, BX
	SUBQ $16, CX
	JMP tail1
part0:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (DI)(BX*4), K1, Z4
	VSUBPS Z5, Z4, Z4
	VMOVAPS.Z Z4, K1, Z4
	VFMADD231PS Z4, Z4, Z0
	JMP fold
tail1:
	CMPQ CX, $16
	JLT part1
	VMOVUPS (DI)(BX*4), Z4
	VSUBPS Z5, Z4, Z4
	VFMADD231PS Z4, Z4, Z1
	ADDQ $16, BX
	SUBQ $16, CX
	JMP tail2
part1:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (DI)(BX*4), K1, Z4
	VSUBPS Z5, Z4, Z4
	VMOVAPS.Z Z4, K1, Z4
	VFMADD231PS Z4, Z4, Z1
	JMP fold
tail2:
	CMPQ CX, $16
	JLT part2
	VMOVUPS (DI)(BX*4), Z4
	VSUBPS Z5, Z4, Z4
	VFMADD231PS Z4, Z4, Z2
	ADDQ $16, BX
	SUBQ $16, CX
	JMP tail3
part2:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (DI)(BX*4), K1, Z4
	VSUBPS Z5, Z4, Z4
	VMOVAPS.Z Z4, K1, Z4
	VFMADD231PS Z4, Z4, Z2
	JMP fold
tail3:
	CMPQ CX, $16
	JLT part3
	VMOVUPS (DI)(BX*4), Z4
	VSUBPS Z5, Z4, Z4
	VFMADD231PS Z4, Z4, Z3
	ADDQ $16, BX
	SUBQ $16, CX
	JMP fold
part3:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (DI)(BX*4), K1, Z4
	VSUBPS Z5, Z4, Z4
	VMOVAPS.Z Z4, K1, Z4
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
	VMOVSS X0, ret+32(FP)
	VZEROUPPER
	RET

// dotAbout: Σ (x[i]*y[i])*(z[i]-a), lanes as in squaresAbout
//
// func dotAboutAVX512(x []float32, y []float32, z []float32, a float32) (ret float32)
TEXT ·dotAboutAVX512(SB), NOSPLIT, $0-84
	MOVQ x_base+0(FP), DI
	MOVQ y_base+24(FP), SI
	MOVQ z_base+48(FP), DX
	MOVQ x_len+8(FP), CX
	VBROADCASTSS a+72(FP), Z7
	LEAQ (DI)(CX*4), R13 // the next row of x, fetched ahead
	XORQ BX, BX
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	// DI x, SI y, DX z; BX element, CX elements left; 4 sums of 16 lanes
loop:
	CMPQ CX, $64
	JLT tail0
	PREFETCHT0 (R13)(BX*4)
	PREFETCHT0 64(R13)(BX*4)
	PREFETCHT0 128(R13)(BX*4)
	PREFETCHT0 192(R13)(BX*4)
	VMOVUPS (DI)(BX*4), Z4
	VMOVUPS (SI)(BX*4), Z5
	VMOVUPS (DX)(BX*4), Z6
	VMULPS Z5, Z4, Z4
	VSUBPS Z7, Z6, Z6
	VFMADD231PS Z6, Z4, Z0
	VMOVUPS 64(DI)(BX*4), Z4
	VMOVUPS 64(SI)(BX*4), Z5
	VMOVUPS 64(DX)(BX*4), Z6
	VMULPS Z5, Z4, Z4
	VSUBPS Z7, Z6, Z6
	VFMADD231PS Z6, Z4, Z1
	VMOVUPS 128(DI)(BX*4), Z4
	VMOVUPS 128(SI)(BX*4), Z5
	VMOVUPS 128(DX)(BX*4), Z6
	VMULPS Z5, Z4, Z4
	VSUBPS Z7, Z6, Z6
	VFMADD231PS Z6, Z4, Z2
	VMOVUPS 192(DI)(BX*4), Z4
	VMOVUPS 192(SI)(BX*4), Z5
	VMOVUPS 192(DX)(BX*4), Z6
	VMULPS Z5, Z4, Z4
	VSUBPS Z7, Z6, Z6
	VFMADD231PS Z6, Z4, Z3
	ADDQ $64, BX
	SUBQ $64, CX
	JMP loop
tail0:
	CMPQ CX, $16
	JLT part0
	VMOVUPS (DI)(BX*4), Z4
	VMOVUPS (SI)(BX*4), Z5
	VMOVUPS (DX)(BX*4), Z6
	VMULPS Z5, Z4, Z4
	VSUBPS Z7, Z6, Z6
	VFMADD231PS Z6, Z4, Z0
	ADDQ $16, BX
	SUBQ $16, CX
	JMP tail1
part0:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (DI)(BX*4), K1, Z4
	VMOVUPS.Z (SI)(BX*4), K1, Z5
	VMOVUPS.Z (DX)(BX*4), K1, Z6
	VMULPS Z5, Z4, Z4
	VSUBPS Z7, Z6, Z6
	VMOVAPS.Z Z6, K1, Z6
	VFMADD231PS Z6, Z4, Z0
	JMP fold
tail1:
	CMPQ CX, $16
	JLT part1
	VMOVUPS (DI)(BX*4), Z4
	VMOVUPS (SI)(BX*4), Z5
	VMOVUPS (DX)(BX*4), Z6
	VMULPS Z5, Z4, Z4
	VSUBPS Z7, Z6, Z6
	VFMADD231PS Z6, Z4, Z1
	ADDQ $16, BX
	SUBQ $16, CX
	JMP tail2
part1:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (DI)(BX*4), K1, Z4
	VMOVUPS.Z (SI)(BX*4), K1, Z5
	VMOVUPS.Z (DX)(BX*4), K1, Z6
	VMULPS Z5, Z4, Z4
	VSUBPS Z7, Z6, Z6
	VMOVAPS.Z Z6, K1, Z6
	VFMADD231PS Z6, Z4, Z1
	JMP fold
tail2:
	CMPQ CX, $16
	JLT part2
	VMOVUPS (DI)(BX*4), Z4
	VMOVUPS (SI)(BX*4), Z5
	VMOVUPS (DX)(BX*4), Z6
	VMULPS Z5, Z4, Z4
	VSUBPS Z7, Z6, Z6
	VFMADD231PS Z6, Z4, Z2
	ADDQ $16, BX
	SUBQ $16, CX
	JMP tail3
part2:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (DI)(BX*4), K1, Z4
	VMOVUPS.Z (SI)(BX*4), K1, Z5
	VMOVUPS.Z (DX)(BX*4), K1, Z6
	VMULPS Z5, Z4, Z4
	VSUBPS Z7, Z6, Z6
	VMOVAPS.Z Z6, K1, Z6
	VFMADD231PS Z6, Z4, Z2
	JMP fold
tail3:
	CMPQ CX, $16
	JLT part3
	VMOVUPS (DI)(BX*4), Z4
	VMOVUPS (SI)(BX*4), Z5
	VMOVUPS (DX)(BX*4), Z6
	VMULPS Z5, Z4, Z4
	VSUBPS Z7, Z6, Z6
	VFMADD231PS Z6, Z4, Z3
	ADDQ $16, BX
	SUBQ $16, CX
	JMP fold
part3:
	TESTQ CX, CX
	JZ fold
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (DI)(BX*4), K1, Z4
	VMOVUPS.Z (SI)(BX*4), K1, Z5
	VMOVUPS.Z (DX)(BX*4), K1, Z6
	VMULPS Z5, Z4, Z4
	VSUBPS Z7, Z6, Z6
	VMOVAPS.Z Z6, K1, Z6
	VFMADD231PS Z6, Z4, Z3
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
	VMOVSS X0, ret+80(FP)
	VZEROUPPER
	RET

// layerNormRow: dst[i] = ((x[i]-mean)*inv)*gamma[i] + beta[i], the last fused
//
// func layerNormRowAVX512(dst []float32, x []float32, gamma []float32, beta []float32, mean float32, inv float32)
TEXT ·layerNormRowAVX512(SB), NOSPLIT, $0-104
	MOVQ dst_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ gamma_base+48(FP), DX
	MOVQ beta_base+72(FP), R8
	MOVQ dst_len+8(FP), CX
	VBROADCASTSS mean+96(FP), Z4
	VBROADCASTSS inv+100(FP), Z5
	XORQ BX, BX
	// DI dst, SI x, DX gamma, R8 beta; BX element, CX elements left
loop:
	CMPQ CX, $16
	JLT tail
	VMOVUPS (SI)(BX*4), Z0
	VMOVUPS (DX)(BX*4), Z2
	VMOVUPS (R8)(BX*4), Z1
	VSUBPS Z4, Z0, Z0
	VMULPS Z5, Z0, Z0
	VFMADD231PS Z2, Z0, Z1
	VMOVAPS Z1, Z3
	VMOVUPS Z3, (DI)(BX*4)
	ADDQ $16, BX
	SUBQ $16, CX
	JMP loop
tail:
	TESTQ CX, CX
	JZ done
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (SI)(BX*4), K1, Z0
	VMOVUPS.Z (DX)(BX*4), K1, Z2
	VMOVUPS.Z (R8)(BX*4), K1, Z1
	VSUBPS Z4, Z0, Z0
	VMULPS Z5, Z0, Z0
	VFMADD231PS Z2, Z0, Z1
	VMOVAPS Z1, Z3
	VMOVUPS Z3, K1, (DI)(BX*4)
done:
	VZEROUPPER
	RET

// layerNormGradRow: with e = x[i]-mean: dbeta[i] += dy[i]; dgamma[i] += dy[i]*(e*inv);
// dx[i] = (dy[i]*gamma[i])*inv + (e*b + d), fused
//
// func layerNormGradRowAVX512(dx []float32, dgamma []float32, dbeta []float32, dy []float32, x []float32, gamma []float32, mean float32, inv float32, b float32, d float32)
TEXT ·layerNormGradRowAVX512(SB), NOSPLIT, $0-160
	MOVQ dx_base+0(FP), DI
	MOVQ dgamma_base+24(FP), SI
	MOVQ dbeta_base+48(FP), DX
	MOVQ dy_base+72(FP), R8
	MOVQ x_base+96(FP), R9
	MOVQ gamma_base+120(FP), R10
	MOVQ dx_len+8(FP), CX
	VBROADCASTSS mean+144(FP), Z6
	VBROADCASTSS inv+148(FP), Z7
	VBROADCASTSS b+152(FP), Z8
	VBROADCASTSS d+156(FP), Z9
	LEAQ (R9)(CX*4), R13 // the next row of x, fetched ahead
	XORQ BX, BX
	// DI dx, SI dgamma, DX dbeta, R8 dy, R9 x, R10 gamma; BX element, CX elements left
loop:
	CMPQ CX, $16
	JLT tail
	PREFETCHT0 (R13)(BX*4)
	VMOVUPS (R8)(BX*4), Z1
	VMOVUPS (R9)(BX*4), Z2
	VMOVUPS (R10)(BX*4), Z3
	VMOVUPS (SI)(BX*4), Z5
	VMOVUPS (DX)(BX*4), Z0
	VADDPS Z1, Z0, Z0
	VSUBPS Z6, Z2, Z2
	VMULPS Z3, Z1, Z3
	VMOVAPS Z9, Z4
	VFMADD231PS Z8, Z2, Z4
	VFMADD231PS Z7, Z3, Z4
	VMULPS Z7, Z2, Z2
	VFMADD231PS Z2, Z1, Z5
	VMOVUPS Z4, (DI)(BX*4)
	VMOVUPS Z5, (SI)(BX*4)
	VMOVUPS Z0, (DX)(BX*4)
	ADDQ $16, BX
	SUBQ $16, CX
	JMP loop
tail:
	TESTQ CX, CX
	JZ done
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (R8)(BX*4), K1, Z1
	VMOVUPS.Z (R9)(BX*4), K1, Z2
	VMOVUPS.Z (R10)(BX*4), K1, Z3
	VMOVUPS.Z (SI)(BX*4), K1, Z5
	VMOVUPS.Z (DX)(BX*4), K1, Z0
	VADDPS Z1, Z0, Z0
	VSUBPS Z6, Z2, Z2
	VMULPS Z3, Z1, Z3
	VMOVAPS Z9, Z4
	VFMADD231PS Z8, Z2, Z4
	VFMADD231PS Z7, Z3, Z4
	VMULPS Z7, Z2, Z2
	VFMADD231PS Z2, Z1, Z5
	VMOVUPS Z4, K1, (DI)(BX*4)
	VMOVUPS Z5, K1, (SI)(BX*4)
	VMOVUPS Z0, K1, (DX)(BX*4)
done:
	VZEROUPPER
	RET
