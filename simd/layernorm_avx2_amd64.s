//go:build amd64 && !purego

#include "textflag.h"

// Layer normalisation, a row a call; the Go loops stand in layernorm.go.
// lanes: eight ones, eight zeros; loading at +32-4n gives a mask of the first n lanes
DATA lanes<>+0(SB)/8, $0xffffffffffffffff
DATA lanes<>+8(SB)/8, $0xffffffffffffffff
DATA lanes<>+16(SB)/8, $0xffffffffffffffff
DATA lanes<>+24(SB)/8, $0xffffffffffffffff
DATA lanes<>+32(SB)/8, $0x0000000000000000
DATA lanes<>+40(SB)/8, $0x0000000000000000
DATA lanes<>+48(SB)/8, $0x0000000000000000
DATA lanes<>+56(SB)/8, $0x0000000000000000
GLOBL lanes<>(SB), RODATA|NOPTR, $64

// squaresAbout: Σ (x[i]-a)², element i in lane i mod 64, fused; the lanes are folded in halves
//
// func squaresAboutAVX2(x []float32, a float32) (ret float32)
TEXT ·squaresAboutAVX2(SB), NOSPLIT, $0-36
	MOVQ x_base+0(FP), DI
	MOVQ x_len+8(FP), CX
	VBROADCASTSS a+24(FP), Y9
	MOVQ $1024, AX // what is fetched ahead is a row away, or a page
	CMPQ CX, AX
	CMOVQGT CX, AX
	LEAQ (DI)(AX*4), R13 // x, ahead
	XORQ BX, BX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	// DI x; BX element, CX elements left; 8 sums of 8 lanes
loop:
	CMPQ CX, $64
	JLT tail0
	PREFETCHT1 (R13)(BX*4)
	PREFETCHT1 64(R13)(BX*4)
	PREFETCHT1 128(R13)(BX*4)
	PREFETCHT1 192(R13)(BX*4)
	VMOVUPS (DI)(BX*4), Y8
	VSUBPS Y9, Y8, Y8
	VFMADD231PS Y8, Y8, Y0
	VMOVUPS 32(DI)(BX*4), Y8
	VSUBPS Y9, Y8, Y8
	VFMADD231PS Y8, Y8, Y1
	VMOVUPS 64(DI)(BX*4), Y8
	VSUBPS Y9, Y8, Y8
	VFMADD231PS Y8, Y8, Y2
	VMOVUPS 96(DI)(BX*4), Y8
	VSUBPS Y9, Y8, Y8
	VFMADD231PS Y8, Y8, Y3
	VMOVUPS 128(DI)(BX*4), Y8
	VSUBPS Y9, Y8, Y8
	VFMADD231PS Y8, Y8, Y4
	VMOVUPS 160(DI)(BX*4), Y8
	VSUBPS Y9, Y8, Y8
	VFMADD231PS Y8, Y8, Y5
	VMOVUPS 192(DI)(BX*4), Y8
	VSUBPS Y9, Y8, Y8
	VFMADD231PS Y8, Y8, Y6
	VMOVUPS 224(DI)(BX*4), Y8
	VSUBPS Y9, Y8, Y8
	VFMADD231PS Y8, Y8, Y7
	ADDQ $64, BX
	SUBQ $64, CX
	JMP loop
tail0:
	CMPQ CX, $8
	JLT part0
	VMOVUPS (DI)(BX*4), Y8
	VSUBPS Y9, Y8, Y8
	VFMADD231PS Y8, Y8, Y0
	ADDQ $8, BX
	SUBQ $8, CX
	JMP tail1
part0:
	TESTQ CX, CX
	JZ fold
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y8
	VSUBPS Y9, Y8, Y8
	VANDPS Y15, Y8, Y8
	VFMADD231PS Y8, Y8, Y0
	JMP fold
tail1:
	CMPQ CX, $8
	JLT part1
	VMOVUPS (DI)(BX*4), Y8
	VSUBPS Y9, Y8, Y8
	VFMADD231PS Y8, Y8, Y1
	ADDQ $8, BX
	SUBQ $8, CX
	JMP tail2
part1:
	TESTQ CX, CX
	JZ fold
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y8
	VSUBPS Y9, Y8, Y8
	VANDPS Y15, Y8, Y8
	VFMADD231PS Y8, Y8, Y1
	JMP fold
tail2:
	CMPQ CX, $8
	JLT part2
	VMOVUPS (DI)(BX*4), Y8
	VSUBPS Y9, Y8, Y8
	VFMADD231PS Y8, Y8, Y2
	ADDQ $8, BX
	SUBQ $8, CX
	JMP tail3
part2:
	TESTQ CX, CX
	JZ fold
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y8
	VSUBPS Y9, Y8, Y8
	VANDPS Y15, Y8, Y8
	VFMADD231PS Y8, Y8, Y2
	JMP fold
tail3:
	CMPQ CX, $8
	JLT part3
	VMOVUPS (DI)(BX*4), Y8
	VSUBPS Y9, Y8, Y8
	VFMADD231PS Y8, Y8, Y3
	ADDQ $8, BX
	SUBQ $8, CX
	JMP tail4
part3:
	TESTQ CX, CX
	JZ fold
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y8
	VSUBPS Y9, Y8, Y8
	VANDPS Y15, Y8, Y8
	VFMADD231PS Y8, Y8, Y3
	JMP fold
tail4:
	CMPQ CX, $8
	JLT part4
	VMOVUPS (DI)(BX*4), Y8
	VSUBPS Y9, Y8, Y8
	VFMADD231PS Y8, Y8, Y4
	ADDQ $8, BX
	SUBQ $8, CX
	JMP tail5
part4:
	TESTQ CX, CX
	JZ fold
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y8
	VSUBPS Y9, Y8, Y8
	VANDPS Y15, Y8, Y8
	VFMADD231PS Y8, Y8, Y4
	JMP fold
tail5:
	CMPQ CX, $8
	JLT part5
	VMOVUPS (DI)(BX*4), Y8
	VSUBPS Y9, Y8, Y8
	VFMADD231PS Y8, Y8, Y5
	ADDQ $8, BX
	SUBQ $8, CX
	JMP tail6
part5:
	TESTQ CX, CX
	JZ fold
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y8
	VSUBPS Y9, Y8, Y8
	VANDPS Y15, Y8, Y8
	VFMADD231PS Y8, Y8, Y5
	JMP fold
tail6:
	CMPQ CX, $8
	JLT part6
	VMOVUPS (DI)(BX*4), Y8
	VSUBPS Y9, Y8, Y8
	VFMADD231PS Y8, Y8, Y6
	ADDQ $8, BX
	SUBQ $8, CX
	JMP tail7
part6:
	TESTQ CX, CX
	JZ fold
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y8
	VSUBPS Y9, Y8, Y8
	VANDPS Y15, Y8, Y8
	VFMADD231PS Y8, Y8, Y6
	JMP fold
tail7:
	CMPQ CX, $8
	JLT part7
	VMOVUPS (DI)(BX*4), Y8
	VSUBPS Y9, Y8, Y8
	VFMADD231PS Y8, Y8, Y7
	ADDQ $8, BX
	SUBQ $8, CX
	JMP fold
part7:
	TESTQ CX, CX
	JZ fold
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y8
	VSUBPS Y9, Y8, Y8
	VANDPS Y15, Y8, Y8
	VFMADD231PS Y8, Y8, Y7
fold: // lane j takes lane j+32, then j+16, ... then 1
	VADDPS Y4, Y0, Y0
	VADDPS Y5, Y1, Y1
	VADDPS Y6, Y2, Y2
	VADDPS Y7, Y3, Y3
	VADDPS Y2, Y0, Y0
	VADDPS Y3, Y1, Y1
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
// func dotAboutAVX2(x []float32, y []float32, z []float32, a float32) (ret float32)
TEXT ·dotAboutAVX2(SB), NOSPLIT, $0-84
	MOVQ x_base+0(FP), DI
	MOVQ y_base+24(FP), SI
	MOVQ z_base+48(FP), DX
	MOVQ x_len+8(FP), CX
	VBROADCASTSS a+72(FP), Y11
	MOVQ $1024, AX // what is fetched ahead is a row away, or a page
	CMPQ CX, AX
	CMOVQGT CX, AX
	LEAQ (DI)(AX*4), R13 // x, ahead
	XORQ BX, BX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7
	// DI x, SI y, DX z; BX element, CX elements left; 8 sums of 8 lanes
loop:
	CMPQ CX, $64
	JLT tail0
	PREFETCHT1 (R13)(BX*4)
	PREFETCHT1 64(R13)(BX*4)
	PREFETCHT1 128(R13)(BX*4)
	PREFETCHT1 192(R13)(BX*4)
	VMOVUPS (DI)(BX*4), Y8
	VMOVUPS (SI)(BX*4), Y9
	VMOVUPS (DX)(BX*4), Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VFMADD231PS Y10, Y8, Y0
	VMOVUPS 32(DI)(BX*4), Y8
	VMOVUPS 32(SI)(BX*4), Y9
	VMOVUPS 32(DX)(BX*4), Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VFMADD231PS Y10, Y8, Y1
	VMOVUPS 64(DI)(BX*4), Y8
	VMOVUPS 64(SI)(BX*4), Y9
	VMOVUPS 64(DX)(BX*4), Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VFMADD231PS Y10, Y8, Y2
	VMOVUPS 96(DI)(BX*4), Y8
	VMOVUPS 96(SI)(BX*4), Y9
	VMOVUPS 96(DX)(BX*4), Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VFMADD231PS Y10, Y8, Y3
	VMOVUPS 128(DI)(BX*4), Y8
	VMOVUPS 128(SI)(BX*4), Y9
	VMOVUPS 128(DX)(BX*4), Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VFMADD231PS Y10, Y8, Y4
	VMOVUPS 160(DI)(BX*4), Y8
	VMOVUPS 160(SI)(BX*4), Y9
	VMOVUPS 160(DX)(BX*4), Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VFMADD231PS Y10, Y8, Y5
	VMOVUPS 192(DI)(BX*4), Y8
	VMOVUPS 192(SI)(BX*4), Y9
	VMOVUPS 192(DX)(BX*4), Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VFMADD231PS Y10, Y8, Y6
	VMOVUPS 224(DI)(BX*4), Y8
	VMOVUPS 224(SI)(BX*4), Y9
	VMOVUPS 224(DX)(BX*4), Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VFMADD231PS Y10, Y8, Y7
	ADDQ $64, BX
	SUBQ $64, CX
	JMP loop
tail0:
	CMPQ CX, $8
	JLT part0
	VMOVUPS (DI)(BX*4), Y8
	VMOVUPS (SI)(BX*4), Y9
	VMOVUPS (DX)(BX*4), Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VFMADD231PS Y10, Y8, Y0
	ADDQ $8, BX
	SUBQ $8, CX
	JMP tail1
part0:
	TESTQ CX, CX
	JZ fold
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y8
	VMASKMOVPS (SI)(BX*4), Y15, Y9
	VMASKMOVPS (DX)(BX*4), Y15, Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VANDPS Y15, Y10, Y10
	VFMADD231PS Y10, Y8, Y0
	JMP fold
tail1:
	CMPQ CX, $8
	JLT part1
	VMOVUPS (DI)(BX*4), Y8
	VMOVUPS (SI)(BX*4), Y9
	VMOVUPS (DX)(BX*4), Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VFMADD231PS Y10, Y8, Y1
	ADDQ $8, BX
	SUBQ $8, CX
	JMP tail2
part1:
	TESTQ CX, CX
	JZ fold
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y8
	VMASKMOVPS (SI)(BX*4), Y15, Y9
	VMASKMOVPS (DX)(BX*4), Y15, Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VANDPS Y15, Y10, Y10
	VFMADD231PS Y10, Y8, Y1
	JMP fold
tail2:
	CMPQ CX, $8
	JLT part2
	VMOVUPS (DI)(BX*4), Y8
	VMOVUPS (SI)(BX*4), Y9
	VMOVUPS (DX)(BX*4), Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VFMADD231PS Y10, Y8, Y2
	ADDQ $8, BX
	SUBQ $8, CX
	JMP tail3
part2:
	TESTQ CX, CX
	JZ fold
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y8
	VMASKMOVPS (SI)(BX*4), Y15, Y9
	VMASKMOVPS (DX)(BX*4), Y15, Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VANDPS Y15, Y10, Y10
	VFMADD231PS Y10, Y8, Y2
	JMP fold
tail3:
	CMPQ CX, $8
	JLT part3
	VMOVUPS (DI)(BX*4), Y8
	VMOVUPS (SI)(BX*4), Y9
	VMOVUPS (DX)(BX*4), Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VFMADD231PS Y10, Y8, Y3
	ADDQ $8, BX
	SUBQ $8, CX
	JMP tail4
part3:
	TESTQ CX, CX
	JZ fold
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y8
	VMASKMOVPS (SI)(BX*4), Y15, Y9
	VMASKMOVPS (DX)(BX*4), Y15, Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VANDPS Y15, Y10, Y10
	VFMADD231PS Y10, Y8, Y3
	JMP fold
tail4:
	CMPQ CX, $8
	JLT part4
	VMOVUPS (DI)(BX*4), Y8
	VMOVUPS (SI)(BX*4), Y9
	VMOVUPS (DX)(BX*4), Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VFMADD231PS Y10, Y8, Y4
	ADDQ $8, BX
	SUBQ $8, CX
	JMP tail5
part4:
	TESTQ CX, CX
	JZ fold
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y8
	VMASKMOVPS (SI)(BX*4), Y15, Y9
	VMASKMOVPS (DX)(BX*4), Y15, Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VANDPS Y15, Y10, Y10
	VFMADD231PS Y10, Y8, Y4
	JMP fold
tail5:
	CMPQ CX, $8
	JLT part5
	VMOVUPS (DI)(BX*4), Y8
	VMOVUPS (SI)(BX*4), Y9
	VMOVUPS (DX)(BX*4), Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VFMADD231PS Y10, Y8, Y5
	ADDQ $8, BX
	SUBQ $8, CX
	JMP tail6
part5:
	TESTQ CX, CX
	JZ fold
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y8
	VMASKMOVPS (SI)(BX*4), Y15, Y9
	VMASKMOVPS (DX)(BX*4), Y15, Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VANDPS Y15, Y10, Y10
	VFMADD231PS Y10, Y8, Y5
	JMP fold
tail6:
	CMPQ CX, $8
	JLT part6
	VMOVUPS (DI)(BX*4), Y8
	VMOVUPS (SI)(BX*4), Y9
	VMOVUPS (DX)(BX*4), Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VFMADD231PS Y10, Y8, Y6
	ADDQ $8, BX
	SUBQ $8, CX
	JMP tail7
part6:
	TESTQ CX, CX
	JZ fold
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y8
	VMASKMOVPS (SI)(BX*4), Y15, Y9
	VMASKMOVPS (DX)(BX*4), Y15, Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VANDPS Y15, Y10, Y10
	VFMADD231PS Y10, Y8, Y6
	JMP fold
tail7:
	CMPQ CX, $8
	JLT part7
	VMOVUPS (DI)(BX*4), Y8
	VMOVUPS (SI)(BX*4), Y9
	VMOVUPS (DX)(BX*4), Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VFMADD231PS Y10, Y8, Y7
	ADDQ $8, BX
	SUBQ $8, CX
	JMP fold
part7:
	TESTQ CX, CX
	JZ fold
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y8
	VMASKMOVPS (SI)(BX*4), Y15, Y9
	VMASKMOVPS (DX)(BX*4), Y15, Y10
	VMULPS Y9, Y8, Y8
	VSUBPS Y11, Y10, Y10
	VANDPS Y15, Y10, Y10
	VFMADD231PS Y10, Y8, Y7
fold: // lane j takes lane j+32, then j+16, ... then 1
	VADDPS Y4, Y0, Y0
	VADDPS Y5, Y1, Y1
	VADDPS Y6, Y2, Y2
	VADDPS Y7, Y3, Y3
	VADDPS Y2, Y0, Y0
	VADDPS Y3, Y1, Y1
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
// func layerNormRowAVX2(dst []float32, x []float32, gamma []float32, beta []float32, mean float32, inv float32)
TEXT ·layerNormRowAVX2(SB), NOSPLIT, $0-104
	XORL R12, R12
	JMP layerNormRowBody<>(SB)

// layerNormRowStream: layerNormRow with dst written past the caches, from a multiple of 32 bytes on, its length a multiple of 16
//
// func layerNormRowStreamAVX2(dst []float32, x []float32, gamma []float32, beta []float32, mean float32, inv float32)
TEXT ·layerNormRowStreamAVX2(SB), NOSPLIT, $0-104
	MOVL $1, R12
	JMP layerNormRowBody<>(SB)

// The body of both: their arguments lie where they left them.
TEXT layerNormRowBody<>(SB), NOSPLIT, $0-104
	MOVQ dst_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ gamma_base+48(FP), DX
	MOVQ beta_base+72(FP), R8
	MOVQ dst_len+8(FP), CX
	VBROADCASTSS mean+96(FP), Y4
	VBROADCASTSS inv+100(FP), Y5
	MOVQ $1024, AX // what is fetched ahead is a row away, or a page
	CMPQ CX, AX
	CMOVQGT CX, AX
	LEAQ (DI)(AX*4), R13 // dst, ahead
	TESTL R12, R12
	CMOVQNE DX, R13 // past the caches: what is there already
	XORQ BX, BX
	// DI dst, SI x, DX gamma, R8 beta; BX element, CX elements left; R12 whether past the caches
wide:
	CMPQ CX, $16
	JLT one
	PREFETCHT1 (R13)(BX*4)
	VMOVUPS (SI)(BX*4), Y0
	VMOVUPS (DX)(BX*4), Y2
	VMOVUPS (R8)(BX*4), Y1
	VSUBPS Y4, Y0, Y0
	VMULPS Y5, Y0, Y0
	VFMADD231PS Y2, Y0, Y1
	VMOVAPS Y1, Y3
	VMOVUPS 32(SI)(BX*4), Y0
	VMOVUPS 32(DX)(BX*4), Y2
	VMOVUPS 32(R8)(BX*4), Y1
	VSUBPS Y4, Y0, Y0
	VMULPS Y5, Y0, Y0
	VFMADD231PS Y2, Y0, Y1
	TESTL R12, R12
	JNE past
	VMOVUPS Y3, (DI)(BX*4)
	VMOVUPS Y1, 32(DI)(BX*4)
	ADDQ $16, BX
	SUBQ $16, CX
	JMP wide
past:
	VMOVNTPS Y3, (DI)(BX*4)
	VMOVNTPS Y1, 32(DI)(BX*4)
	ADDQ $16, BX
	SUBQ $16, CX
	JMP wide
one:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (SI)(BX*4), Y0
	VMOVUPS (DX)(BX*4), Y2
	VMOVUPS (R8)(BX*4), Y1
	VSUBPS Y4, Y0, Y0
	VMULPS Y5, Y0, Y0
	VFMADD231PS Y2, Y0, Y1
	VMOVAPS Y1, Y3
	VMOVUPS Y3, (DI)(BX*4)
	ADDQ $8, BX
	SUBQ $8, CX
tail:
	TESTQ CX, CX
	JZ done
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (SI)(BX*4), Y15, Y0
	VMASKMOVPS (DX)(BX*4), Y15, Y2
	VMASKMOVPS (R8)(BX*4), Y15, Y1
	VSUBPS Y4, Y0, Y0
	VMULPS Y5, Y0, Y0
	VFMADD231PS Y2, Y0, Y1
	VMOVAPS Y1, Y3
	VMASKMOVPS Y3, Y15, (DI)(BX*4)
done:
	VZEROUPPER
	RET

// layerNormGradRow: with e = x[i]-mean: dbeta[i] += dy[i]; dgamma[i] += dy[i]*(e*inv);
// dx[i] = (dy[i]*gamma[i])*inv + (e*b + d), fused
//
// func layerNormGradRowAVX2(dx []float32, dgamma []float32, dbeta []float32, dy []float32, x []float32, gamma []float32, mean float32, inv float32, b float32, d float32)
TEXT ·layerNormGradRowAVX2(SB), NOSPLIT, $0-160
	XORL R11, R11
	JMP layerNormGradRowBody<>(SB)

// layerNormGradRowStream: layerNormGradRow with dx written past the caches, from a multiple of 32 bytes on, its length a multiple of 16
//
// func layerNormGradRowStreamAVX2(dx []float32, dgamma []float32, dbeta []float32, dy []float32, x []float32, gamma []float32, mean float32, inv float32, b float32, d float32)
TEXT ·layerNormGradRowStreamAVX2(SB), NOSPLIT, $0-160
	MOVL $1, R11
	JMP layerNormGradRowBody<>(SB)

// The body of both: their arguments lie where they left them.
TEXT layerNormGradRowBody<>(SB), NOSPLIT, $0-160
	MOVQ dx_base+0(FP), DI
	MOVQ dgamma_base+24(FP), SI
	MOVQ dbeta_base+48(FP), DX
	MOVQ dy_base+72(FP), R8
	MOVQ x_base+96(FP), R9
	MOVQ gamma_base+120(FP), R10
	MOVQ dx_len+8(FP), CX
	VBROADCASTSS mean+144(FP), Y6
	VBROADCASTSS inv+148(FP), Y7
	VBROADCASTSS b+152(FP), Y8
	VBROADCASTSS d+156(FP), Y9
	MOVQ $1024, AX // what is fetched ahead is a row away, or a page
	CMPQ CX, AX
	CMOVQGT CX, AX
	LEAQ (R9)(AX*4), R13 // x, ahead
	LEAQ (DI)(AX*4), R12 // dx, ahead
	TESTL R11, R11
	CMOVQNE SI, R12 // past the caches: what is there already
	XORQ BX, BX
	// DI dx, SI dgamma, DX dbeta, R8 dy, R9 x, R10 gamma; BX element, CX elements left; R11 whether past the caches
wide:
	CMPQ CX, $16
	JLT one
	PREFETCHT1 (R13)(BX*4)
	PREFETCHT1 (R12)(BX*4)
	VMOVUPS (R8)(BX*4), Y1
	VMOVUPS (R9)(BX*4), Y2
	VMOVUPS (R10)(BX*4), Y3
	VMOVUPS (SI)(BX*4), Y5
	VMOVUPS (DX)(BX*4), Y0
	VADDPS Y1, Y0, Y0
	VSUBPS Y6, Y2, Y2
	VMULPS Y3, Y1, Y3
	VMOVAPS Y9, Y4
	VFMADD231PS Y8, Y2, Y4
	VFMADD231PS Y7, Y3, Y4
	VMULPS Y7, Y2, Y2
	VFMADD231PS Y2, Y1, Y5
	VMOVAPS Y4, Y10
	VMOVUPS Y5, (SI)(BX*4)
	VMOVUPS Y0, (DX)(BX*4)
	VMOVUPS 32(R8)(BX*4), Y1
	VMOVUPS 32(R9)(BX*4), Y2
	VMOVUPS 32(R10)(BX*4), Y3
	VMOVUPS 32(SI)(BX*4), Y5
	VMOVUPS 32(DX)(BX*4), Y0
	VADDPS Y1, Y0, Y0
	VSUBPS Y6, Y2, Y2
	VMULPS Y3, Y1, Y3
	VMOVAPS Y9, Y4
	VFMADD231PS Y8, Y2, Y4
	VFMADD231PS Y7, Y3, Y4
	VMULPS Y7, Y2, Y2
	VFMADD231PS Y2, Y1, Y5
	VMOVUPS Y5, 32(SI)(BX*4)
	VMOVUPS Y0, 32(DX)(BX*4)
	TESTL R11, R11
	JNE past
	VMOVUPS Y10, (DI)(BX*4)
	VMOVUPS Y4, 32(DI)(BX*4)
	ADDQ $16, BX
	SUBQ $16, CX
	JMP wide
past:
	VMOVNTPS Y10, (DI)(BX*4)
	VMOVNTPS Y4, 32(DI)(BX*4)
	ADDQ $16, BX
	SUBQ $16, CX
	JMP wide
one:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (R8)(BX*4), Y1
	VMOVUPS (R9)(BX*4), Y2
	VMOVUPS (R10)(BX*4), Y3
	VMOVUPS (SI)(BX*4), Y5
	VMOVUPS (DX)(BX*4), Y0
	VADDPS Y1, Y0, Y0
	VSUBPS Y6, Y2, Y2
	VMULPS Y3, Y1, Y3
	VMOVAPS Y9, Y4
	VFMADD231PS Y8, Y2, Y4
	VFMADD231PS Y7, Y3, Y4
	VMULPS Y7, Y2, Y2
	VFMADD231PS Y2, Y1, Y5
	VMOVUPS Y4, (DI)(BX*4)
	VMOVUPS Y5, (SI)(BX*4)
	VMOVUPS Y0, (DX)(BX*4)
	ADDQ $8, BX
	SUBQ $8, CX
tail:
	TESTQ CX, CX
	JZ done
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (R8)(BX*4), Y15, Y1
	VMASKMOVPS (R9)(BX*4), Y15, Y2
	VMASKMOVPS (R10)(BX*4), Y15, Y3
	VMASKMOVPS (SI)(BX*4), Y15, Y5
	VMASKMOVPS (DX)(BX*4), Y15, Y0
	VADDPS Y1, Y0, Y0
	VSUBPS Y6, Y2, Y2
	VMULPS Y3, Y1, Y3
	VMOVAPS Y9, Y4
	VFMADD231PS Y8, Y2, Y4
	VFMADD231PS Y7, Y3, Y4
	VMULPS Y7, Y2, Y2
	VFMADD231PS Y2, Y1, Y5
	VMASKMOVPS Y4, Y15, (DI)(BX*4)
	VMASKMOVPS Y5, Y15, (SI)(BX*4)
	VMASKMOVPS Y0, Y15, (DX)(BX*4)
done:
	VZEROUPPER
	RET

