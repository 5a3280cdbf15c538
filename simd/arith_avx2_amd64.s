//go:build amd64 && !purego

#include "textflag.h"

// Element-wise arithmetic; the Go loops stand in arith.go.
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

// add: dst[i] = x[i] + y[i]
//
// func addAVX2(dst []float32, x []float32, y []float32)
TEXT ·addAVX2(SB), NOSPLIT, $0-72
	MOVQ x_base+24(FP), DI
	MOVQ y_base+48(FP), SI
	MOVQ dst_base+0(FP), DX
	MOVQ dst_len+8(FP), CX
	// DI x, SI y, DX dst; CX elements left
loop4:
	CMPQ CX, $32
	JLT loop1
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMOVUPS 32(DI), Y3
	VMOVUPS 32(SI), Y4
	VMOVUPS 64(DI), Y6
	VMOVUPS 64(SI), Y7
	VMOVUPS 96(DI), Y9
	VMOVUPS 96(SI), Y10
	VADDPS Y1, Y0, Y2
	VADDPS Y4, Y3, Y5
	VADDPS Y7, Y6, Y8
	VADDPS Y10, Y9, Y11
	VMOVUPS Y2, (DX)
	VMOVUPS Y5, 32(DX)
	VMOVUPS Y8, 64(DX)
	VMOVUPS Y11, 96(DX)
	ADDQ $128, DI
	ADDQ $128, SI
	ADDQ $128, DX
	SUBQ $32, CX
	JMP loop4
loop1:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VADDPS Y1, Y0, Y2
	VMOVUPS Y2, (DX)
	ADDQ $32, DI
	ADDQ $32, SI
	ADDQ $32, DX
	SUBQ $8, CX
	JMP loop1
tail:
	TESTQ CX, CX
	JZ done
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI), Y15, Y0
	VMASKMOVPS (SI), Y15, Y1
	VADDPS Y1, Y0, Y2
	VMASKMOVPS Y2, Y15, (DX)
done:
	VZEROUPPER
	RET

// sub: dst[i] = x[i] - y[i]
//
// func subAVX2(dst []float32, x []float32, y []float32)
TEXT ·subAVX2(SB), NOSPLIT, $0-72
	MOVQ x_base+24(FP), DI
	MOVQ y_base+48(FP), SI
	MOVQ dst_base+0(FP), DX
	MOVQ dst_len+8(FP), CX
	// DI x, SI y, DX dst; CX elements left
loop4:
	CMPQ CX, $32
	JLT loop1
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMOVUPS 32(DI), Y3
	VMOVUPS 32(SI), Y4
	VMOVUPS 64(DI), Y6
	VMOVUPS 64(SI), Y7
	VMOVUPS 96(DI), Y9
	VMOVUPS 96(SI), Y10
	VSUBPS Y1, Y0, Y2
	VSUBPS Y4, Y3, Y5
	VSUBPS Y7, Y6, Y8
	VSUBPS Y10, Y9, Y11
	VMOVUPS Y2, (DX)
	VMOVUPS Y5, 32(DX)
	VMOVUPS Y8, 64(DX)
	VMOVUPS Y11, 96(DX)
	ADDQ $128, DI
	ADDQ $128, SI
	ADDQ $128, DX
	SUBQ $32, CX
	JMP loop4
loop1:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VSUBPS Y1, Y0, Y2
	VMOVUPS Y2, (DX)
	ADDQ $32, DI
	ADDQ $32, SI
	ADDQ $32, DX
	SUBQ $8, CX
	JMP loop1
tail:
	TESTQ CX, CX
	JZ done
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI), Y15, Y0
	VMASKMOVPS (SI), Y15, Y1
	VSUBPS Y1, Y0, Y2
	VMASKMOVPS Y2, Y15, (DX)
done:
	VZEROUPPER
	RET

// mul: dst[i] = x[i] * y[i]
//
// func mulAVX2(dst []float32, x []float32, y []float32)
TEXT ·mulAVX2(SB), NOSPLIT, $0-72
	MOVQ x_base+24(FP), DI
	MOVQ y_base+48(FP), SI
	MOVQ dst_base+0(FP), DX
	MOVQ dst_len+8(FP), CX
	// DI x, SI y, DX dst; CX elements left
loop4:
	CMPQ CX, $32
	JLT loop1
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMOVUPS 32(DI), Y3
	VMOVUPS 32(SI), Y4
	VMOVUPS 64(DI), Y6
	VMOVUPS 64(SI), Y7
	VMOVUPS 96(DI), Y9
	VMOVUPS 96(SI), Y10
	VMULPS Y1, Y0, Y2
	VMULPS Y4, Y3, Y5
	VMULPS Y7, Y6, Y8
	VMULPS Y10, Y9, Y11
	VMOVUPS Y2, (DX)
	VMOVUPS Y5, 32(DX)
	VMOVUPS Y8, 64(DX)
	VMOVUPS Y11, 96(DX)
	ADDQ $128, DI
	ADDQ $128, SI
	ADDQ $128, DX
	SUBQ $32, CX
	JMP loop4
loop1:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMULPS Y1, Y0, Y2
	VMOVUPS Y2, (DX)
	ADDQ $32, DI
	ADDQ $32, SI
	ADDQ $32, DX
	SUBQ $8, CX
	JMP loop1
tail:
	TESTQ CX, CX
	JZ done
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI), Y15, Y0
	VMASKMOVPS (SI), Y15, Y1
	VMULPS Y1, Y0, Y2
	VMASKMOVPS Y2, Y15, (DX)
done:
	VZEROUPPER
	RET

// div: dst[i] = x[i] / y[i]
//
// func divAVX2(dst []float32, x []float32, y []float32)
TEXT ·divAVX2(SB), NOSPLIT, $0-72
	MOVQ x_base+24(FP), DI
	MOVQ y_base+48(FP), SI
	MOVQ dst_base+0(FP), DX
	MOVQ dst_len+8(FP), CX
	// DI x, SI y, DX dst; CX elements left
loop4:
	CMPQ CX, $32
	JLT loop1
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMOVUPS 32(DI), Y3
	VMOVUPS 32(SI), Y4
	VMOVUPS 64(DI), Y6
	VMOVUPS 64(SI), Y7
	VMOVUPS 96(DI), Y9
	VMOVUPS 96(SI), Y10
	VDIVPS Y1, Y0, Y2
	VDIVPS Y4, Y3, Y5
	VDIVPS Y7, Y6, Y8
	VDIVPS Y10, Y9, Y11
	VMOVUPS Y2, (DX)
	VMOVUPS Y5, 32(DX)
	VMOVUPS Y8, 64(DX)
	VMOVUPS Y11, 96(DX)
	ADDQ $128, DI
	ADDQ $128, SI
	ADDQ $128, DX
	SUBQ $32, CX
	JMP loop4
loop1:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VDIVPS Y1, Y0, Y2
	VMOVUPS Y2, (DX)
	ADDQ $32, DI
	ADDQ $32, SI
	ADDQ $32, DX
	SUBQ $8, CX
	JMP loop1
tail:
	TESTQ CX, CX
	JZ done
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI), Y15, Y0
	VMASKMOVPS (SI), Y15, Y1
	VDIVPS Y1, Y0, Y2
	VMASKMOVPS Y2, Y15, (DX)
done:
	VZEROUPPER
	RET

// scale: dst[i] = a*x[i]
//
// func scaleAVX2(dst []float32, a float32, x []float32)
TEXT ·scaleAVX2(SB), NOSPLIT, $0-56
	MOVQ x_base+32(FP), DI
	MOVQ dst_base+0(FP), SI
	MOVQ dst_len+8(FP), CX
	VBROADCASTSS a+24(FP), Y11
	// DI x, SI dst; CX elements left
loop4:
	CMPQ CX, $32
	JLT loop1
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y2
	VMOVUPS 64(DI), Y4
	VMOVUPS 96(DI), Y6
	VMULPS Y0, Y11, Y1
	VMULPS Y2, Y11, Y3
	VMULPS Y4, Y11, Y5
	VMULPS Y6, Y11, Y7
	VMOVUPS Y1, (SI)
	VMOVUPS Y3, 32(SI)
	VMOVUPS Y5, 64(SI)
	VMOVUPS Y7, 96(SI)
	ADDQ $128, DI
	ADDQ $128, SI
	SUBQ $32, CX
	JMP loop4
loop1:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (DI), Y0
	VMULPS Y0, Y11, Y1
	VMOVUPS Y1, (SI)
	ADDQ $32, DI
	ADDQ $32, SI
	SUBQ $8, CX
	JMP loop1
tail:
	TESTQ CX, CX
	JZ done
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI), Y15, Y0
	VMULPS Y0, Y11, Y1
	VMASKMOVPS Y1, Y15, (SI)
done:
	VZEROUPPER
	RET

// axpy: y[i] += a*x[i], fused
//
// func axpyAVX2(y []float32, a float32, x []float32)
TEXT ·axpyAVX2(SB), NOSPLIT, $0-56
	MOVQ y_base+0(FP), DI
	MOVQ x_base+32(FP), SI
	MOVQ y_len+8(FP), CX
	VBROADCASTSS a+24(FP), Y11
	// DI y, SI x; CX elements left
loop4:
	CMPQ CX, $32
	JLT loop1
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMOVUPS 32(DI), Y2
	VMOVUPS 32(SI), Y3
	VMOVUPS 64(DI), Y4
	VMOVUPS 64(SI), Y5
	VMOVUPS 96(DI), Y6
	VMOVUPS 96(SI), Y7
	VFMADD231PS Y1, Y11, Y0
	VFMADD231PS Y3, Y11, Y2
	VFMADD231PS Y5, Y11, Y4
	VFMADD231PS Y7, Y11, Y6
	VMOVUPS Y0, (DI)
	VMOVUPS Y2, 32(DI)
	VMOVUPS Y4, 64(DI)
	VMOVUPS Y6, 96(DI)
	ADDQ $128, DI
	ADDQ $128, SI
	SUBQ $32, CX
	JMP loop4
loop1:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VFMADD231PS Y1, Y11, Y0
	VMOVUPS Y0, (DI)
	ADDQ $32, DI
	ADDQ $32, SI
	SUBQ $8, CX
	JMP loop1
tail:
	TESTQ CX, CX
	JZ done
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI), Y15, Y0
	VMASKMOVPS (SI), Y15, Y1
	VFMADD231PS Y1, Y11, Y0
	VMASKMOVPS Y0, Y15, (DI)
done:
	VZEROUPPER
	RET

// mulAdd: dst[i] += x[i]*y[i], fused
//
// func mulAddAVX2(dst []float32, x []float32, y []float32)
TEXT ·mulAddAVX2(SB), NOSPLIT, $0-72
	MOVQ dst_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ y_base+48(FP), DX
	MOVQ dst_len+8(FP), CX
	// DI dst, SI x, DX y; CX elements left
loop4:
	CMPQ CX, $32
	JLT loop1
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMOVUPS (DX), Y2
	VMOVUPS 32(DI), Y3
	VMOVUPS 32(SI), Y4
	VMOVUPS 32(DX), Y5
	VMOVUPS 64(DI), Y6
	VMOVUPS 64(SI), Y7
	VMOVUPS 64(DX), Y8
	VMOVUPS 96(DI), Y9
	VMOVUPS 96(SI), Y10
	VMOVUPS 96(DX), Y11
	VFMADD231PS Y2, Y1, Y0
	VFMADD231PS Y5, Y4, Y3
	VFMADD231PS Y8, Y7, Y6
	VFMADD231PS Y11, Y10, Y9
	VMOVUPS Y0, (DI)
	VMOVUPS Y3, 32(DI)
	VMOVUPS Y6, 64(DI)
	VMOVUPS Y9, 96(DI)
	ADDQ $128, DI
	ADDQ $128, SI
	ADDQ $128, DX
	SUBQ $32, CX
	JMP loop4
loop1:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMOVUPS (DX), Y2
	VFMADD231PS Y2, Y1, Y0
	VMOVUPS Y0, (DI)
	ADDQ $32, DI
	ADDQ $32, SI
	ADDQ $32, DX
	SUBQ $8, CX
	JMP loop1
tail:
	TESTQ CX, CX
	JZ done
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI), Y15, Y0
	VMASKMOVPS (SI), Y15, Y1
	VMASKMOVPS (DX), Y15, Y2
	VFMADD231PS Y2, Y1, Y0
	VMASKMOVPS Y0, Y15, (DI)
done:
	VZEROUPPER
	RET

// relu: dst[i] = x[i] < 0 ? 0 : x[i]
//
// func reluAVX2(dst []float32, x []float32)
TEXT ·reluAVX2(SB), NOSPLIT, $0-48
	MOVQ x_base+24(FP), DI
	MOVQ dst_base+0(FP), SI
	MOVQ dst_len+8(FP), CX
	// DI x, SI dst; CX elements left
loop4:
	CMPQ CX, $32
	JLT loop1
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y2
	VMOVUPS 64(DI), Y4
	VMOVUPS 96(DI), Y6
	VXORPS Y12, Y12, Y12
	VMAXPS Y0, Y12, Y1
	VXORPS Y12, Y12, Y12
	VMAXPS Y2, Y12, Y3
	VXORPS Y12, Y12, Y12
	VMAXPS Y4, Y12, Y5
	VXORPS Y12, Y12, Y12
	VMAXPS Y6, Y12, Y7
	VMOVUPS Y1, (SI)
	VMOVUPS Y3, 32(SI)
	VMOVUPS Y5, 64(SI)
	VMOVUPS Y7, 96(SI)
	ADDQ $128, DI
	ADDQ $128, SI
	SUBQ $32, CX
	JMP loop4
loop1:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (DI), Y0
	VXORPS Y12, Y12, Y12
	VMAXPS Y0, Y12, Y1
	VMOVUPS Y1, (SI)
	ADDQ $32, DI
	ADDQ $32, SI
	SUBQ $8, CX
	JMP loop1
tail:
	TESTQ CX, CX
	JZ done
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI), Y15, Y0
	VXORPS Y12, Y12, Y12
	VMAXPS Y0, Y12, Y1
	VMASKMOVPS Y1, Y15, (SI)
done:
	VZEROUPPER
	RET

// reluGrad: dx[i] += y[i] > 0 ? dy[i] : 0
//
// func reluGradAVX2(dx []float32, dy []float32, y []float32)
TEXT ·reluGradAVX2(SB), NOSPLIT, $0-72
	MOVQ dx_base+0(FP), DI
	MOVQ dy_base+24(FP), SI
	MOVQ y_base+48(FP), DX
	MOVQ dx_len+8(FP), CX
	// DI dx, SI dy, DX y; CX elements left
loop4:
	CMPQ CX, $32
	JLT loop1
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMOVUPS (DX), Y2
	VMOVUPS 32(DI), Y3
	VMOVUPS 32(SI), Y4
	VMOVUPS 32(DX), Y5
	VMOVUPS 64(DI), Y6
	VMOVUPS 64(SI), Y7
	VMOVUPS 64(DX), Y8
	VMOVUPS 96(DI), Y9
	VMOVUPS 96(SI), Y10
	VMOVUPS 96(DX), Y11
	VXORPS Y12, Y12, Y12
	VCMPPS $1, Y2, Y12, Y12
	VANDPS Y1, Y12, Y1
	VADDPS Y1, Y0, Y0
	VXORPS Y12, Y12, Y12
	VCMPPS $1, Y5, Y12, Y12
	VANDPS Y4, Y12, Y4
	VADDPS Y4, Y3, Y3
	VXORPS Y12, Y12, Y12
	VCMPPS $1, Y8, Y12, Y12
	VANDPS Y7, Y12, Y7
	VADDPS Y7, Y6, Y6
	VXORPS Y12, Y12, Y12
	VCMPPS $1, Y11, Y12, Y12
	VANDPS Y10, Y12, Y10
	VADDPS Y10, Y9, Y9
	VMOVUPS Y0, (DI)
	VMOVUPS Y3, 32(DI)
	VMOVUPS Y6, 64(DI)
	VMOVUPS Y9, 96(DI)
	ADDQ $128, DI
	ADDQ $128, SI
	ADDQ $128, DX
	SUBQ $32, CX
	JMP loop4
loop1:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMOVUPS (DX), Y2
	VXORPS Y12, Y12, Y12
	VCMPPS $1, Y2, Y12, Y12
	VANDPS Y1, Y12, Y1
	VADDPS Y1, Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ $32, DI
	ADDQ $32, SI
	ADDQ $32, DX
	SUBQ $8, CX
	JMP loop1
tail:
	TESTQ CX, CX
	JZ done
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI), Y15, Y0
	VMASKMOVPS (SI), Y15, Y1
	VMASKMOVPS (DX), Y15, Y2
	VXORPS Y12, Y12, Y12
	VCMPPS $1, Y2, Y12, Y12
	VANDPS Y1, Y12, Y1
	VADDPS Y1, Y0, Y0
	VMASKMOVPS Y0, Y15, (DI)
done:
	VZEROUPPER
	RET

// maximum: dst[i] = x[i] > y[i] ? x[i] : y[i]; with a NaN either may come out
//
// func maximumAVX2(dst []float32, x []float32, y []float32)
TEXT ·maximumAVX2(SB), NOSPLIT, $0-72
	MOVQ x_base+24(FP), DI
	MOVQ y_base+48(FP), SI
	MOVQ dst_base+0(FP), DX
	MOVQ dst_len+8(FP), CX
	// DI x, SI y, DX dst; CX elements left
loop4:
	CMPQ CX, $32
	JLT loop1
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMOVUPS 32(DI), Y3
	VMOVUPS 32(SI), Y4
	VMOVUPS 64(DI), Y6
	VMOVUPS 64(SI), Y7
	VMOVUPS 96(DI), Y9
	VMOVUPS 96(SI), Y10
	VMAXPS Y1, Y0, Y2
	VMAXPS Y4, Y3, Y5
	VMAXPS Y7, Y6, Y8
	VMAXPS Y10, Y9, Y11
	VMOVUPS Y2, (DX)
	VMOVUPS Y5, 32(DX)
	VMOVUPS Y8, 64(DX)
	VMOVUPS Y11, 96(DX)
	ADDQ $128, DI
	ADDQ $128, SI
	ADDQ $128, DX
	SUBQ $32, CX
	JMP loop4
loop1:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMAXPS Y1, Y0, Y2
	VMOVUPS Y2, (DX)
	ADDQ $32, DI
	ADDQ $32, SI
	ADDQ $32, DX
	SUBQ $8, CX
	JMP loop1
tail:
	TESTQ CX, CX
	JZ done
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI), Y15, Y0
	VMASKMOVPS (SI), Y15, Y1
	VMAXPS Y1, Y0, Y2
	VMASKMOVPS Y2, Y15, (DX)
done:
	VZEROUPPER
	RET

// reluGradSet: dx[i] = y[i] > 0 ? dy[i] : 0
//
// func reluGradSetAVX2(dx []float32, dy []float32, y []float32)
TEXT ·reluGradSetAVX2(SB), NOSPLIT, $0-72
	MOVQ dy_base+24(FP), DI
	MOVQ y_base+48(FP), SI
	MOVQ dx_base+0(FP), DX
	MOVQ dx_len+8(FP), CX
	// DI dy, SI y, DX dx; CX elements left
loop4:
	CMPQ CX, $32
	JLT loop1
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMOVUPS 32(DI), Y3
	VMOVUPS 32(SI), Y4
	VMOVUPS 64(DI), Y6
	VMOVUPS 64(SI), Y7
	VMOVUPS 96(DI), Y9
	VMOVUPS 96(SI), Y10
	VXORPS Y12, Y12, Y12
	VCMPPS $1, Y1, Y12, Y12
	VANDPS Y0, Y12, Y2
	VXORPS Y12, Y12, Y12
	VCMPPS $1, Y4, Y12, Y12
	VANDPS Y3, Y12, Y5
	VXORPS Y12, Y12, Y12
	VCMPPS $1, Y7, Y12, Y12
	VANDPS Y6, Y12, Y8
	VXORPS Y12, Y12, Y12
	VCMPPS $1, Y10, Y12, Y12
	VANDPS Y9, Y12, Y11
	VMOVUPS Y2, (DX)
	VMOVUPS Y5, 32(DX)
	VMOVUPS Y8, 64(DX)
	VMOVUPS Y11, 96(DX)
	ADDQ $128, DI
	ADDQ $128, SI
	ADDQ $128, DX
	SUBQ $32, CX
	JMP loop4
loop1:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VXORPS Y12, Y12, Y12
	VCMPPS $1, Y1, Y12, Y12
	VANDPS Y0, Y12, Y2
	VMOVUPS Y2, (DX)
	ADDQ $32, DI
	ADDQ $32, SI
	ADDQ $32, DX
	SUBQ $8, CX
	JMP loop1
tail:
	TESTQ CX, CX
	JZ done
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI), Y15, Y0
	VMASKMOVPS (SI), Y15, Y1
	VXORPS Y12, Y12, Y12
	VCMPPS $1, Y1, Y12, Y12
	VANDPS Y0, Y12, Y2
	VMASKMOVPS Y2, Y15, (DX)
done:
	VZEROUPPER
	RET

// takeEqual: where x[i] == y[i], g[i] moves to dx[i]: dx[i] += g[i], g[i] = 0; elsewhere dx[i] += 0
//
// func takeEqualAVX2(dx []float32, g []float32, x []float32, y []float32)
TEXT ·takeEqualAVX2(SB), NOSPLIT, $0-96
	MOVQ dx_base+0(FP), DI
	MOVQ g_base+24(FP), SI
	MOVQ x_base+48(FP), DX
	MOVQ y_base+72(FP), R8
	MOVQ dx_len+8(FP), CX
	// DI dx, SI g, DX x, R8 y; CX elements left
loop1:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMOVUPS (DX), Y2
	VMOVUPS (R8), Y3
	VXORPS Y4, Y4, Y4
	VCMPPS $0, Y3, Y2, Y12
	VBLENDVPS Y12, Y1, Y4, Y5
	VADDPS Y5, Y0, Y0
	VCMPPS $0, Y3, Y2, Y12
	VBLENDVPS Y12, Y4, Y1, Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, (SI)
	ADDQ $32, DI
	ADDQ $32, SI
	ADDQ $32, DX
	ADDQ $32, R8
	SUBQ $8, CX
	JMP loop1
tail:
	TESTQ CX, CX
	JZ done
	LEAQ lanes<>+32(SB), AX
	NEGQ CX
	VMOVUPS (AX)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI), Y15, Y0
	VMASKMOVPS (SI), Y15, Y1
	VMASKMOVPS (DX), Y15, Y2
	VMASKMOVPS (R8), Y15, Y3
	VXORPS Y4, Y4, Y4
	VCMPPS $0, Y3, Y2, Y12
	VBLENDVPS Y12, Y1, Y4, Y5
	VADDPS Y5, Y0, Y0
	VCMPPS $0, Y3, Y2, Y12
	VBLENDVPS Y12, Y4, Y1, Y1
	VMASKMOVPS Y0, Y15, (DI)
	VMASKMOVPS Y1, Y15, (SI)
done:
	VZEROUPPER
	RET
