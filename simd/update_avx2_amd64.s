//go:build amd64 && !purego

#include "textflag.h"

// Optimiser updates, one pass over memory; the Go loops stand in update.go.
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

// sgd: g = g + wd*w; v = mu*v + g; w -= lr*v
//
// func sgdAVX2(w []float32, v []float32, g []float32, lr float32, mu float32, wd float32)
TEXT ·sgdAVX2(SB), NOSPLIT, $0-84
	MOVQ w_base+0(FP), DI
	MOVQ v_base+24(FP), SI
	MOVQ g_base+48(FP), DX
	MOVQ w_len+8(FP), CX
	VBROADCASTSS lr+72(FP), Y11
	VBROADCASTSS mu+76(FP), Y10
	VBROADCASTSS wd+80(FP), Y9
	// DI w, SI v, DX g; CX elements left
loop1:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMOVUPS (DX), Y2
	VFMADD231PS Y0, Y9, Y2
	VMULPS Y1, Y10, Y1
	VADDPS Y2, Y1, Y1
	VFNMADD231PS Y1, Y11, Y0
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, (SI)
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
	VFMADD231PS Y0, Y9, Y2
	VMULPS Y1, Y10, Y1
	VADDPS Y2, Y1, Y1
	VFNMADD231PS Y1, Y11, Y0
	VMASKMOVPS Y0, Y15, (DI)
	VMASKMOVPS Y1, Y15, (SI)
done:
	VZEROUPPER
	RET

// sgdNesterov: g = g + wd*w; v = mu*v + g; w -= lr*(g + mu*v)
//
// func sgdNesterovAVX2(w []float32, v []float32, g []float32, lr float32, mu float32, wd float32)
TEXT ·sgdNesterovAVX2(SB), NOSPLIT, $0-84
	MOVQ w_base+0(FP), DI
	MOVQ v_base+24(FP), SI
	MOVQ g_base+48(FP), DX
	MOVQ w_len+8(FP), CX
	VBROADCASTSS lr+72(FP), Y11
	VBROADCASTSS mu+76(FP), Y10
	VBROADCASTSS wd+80(FP), Y9
	// DI w, SI v, DX g; CX elements left
loop1:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMOVUPS (DX), Y2
	VFMADD231PS Y0, Y9, Y2
	VMULPS Y1, Y10, Y1
	VADDPS Y2, Y1, Y1
	VFMADD231PS Y1, Y10, Y2
	VFNMADD231PS Y2, Y11, Y0
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, (SI)
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
	VFMADD231PS Y0, Y9, Y2
	VMULPS Y1, Y10, Y1
	VADDPS Y2, Y1, Y1
	VFMADD231PS Y1, Y10, Y2
	VFNMADD231PS Y2, Y11, Y0
	VMASKMOVPS Y0, Y15, (DI)
	VMASKMOVPS Y1, Y15, (SI)
done:
	VZEROUPPER
	RET

// adam: m += c1*(g-m); v = b2*v + c2*g*g; w -= step*m/(rs*sqrt(v)+eps)
//
// func adamAVX2(w []float32, m []float32, v []float32, g []float32, c1 float32, b2 float32, c2 float32, rs float32, eps float32, step float32)
TEXT ·adamAVX2(SB), NOSPLIT, $0-120
	MOVQ w_base+0(FP), DI
	MOVQ m_base+24(FP), SI
	MOVQ v_base+48(FP), DX
	MOVQ g_base+72(FP), R8
	MOVQ w_len+8(FP), CX
	VBROADCASTSS c1+96(FP), Y11
	VBROADCASTSS b2+100(FP), Y10
	VBROADCASTSS c2+104(FP), Y9
	VBROADCASTSS rs+108(FP), Y8
	VBROADCASTSS eps+112(FP), Y7
	VBROADCASTSS step+116(FP), Y6
	// DI w, SI m, DX v, R8 g; CX elements left
loop1:
	CMPQ CX, $8
	JLT tail
	VMOVUPS (DI), Y0
	VMOVUPS (SI), Y1
	VMOVUPS (DX), Y2
	VMOVUPS (R8), Y3
	VSUBPS Y1, Y3, Y4
	VFMADD231PS Y4, Y11, Y1
	VMULPS Y3, Y9, Y4
	VMULPS Y2, Y10, Y2
	VFMADD231PS Y3, Y4, Y2
	VSQRTPS Y2, Y4
	VMULPS Y4, Y8, Y4
	VADDPS Y7, Y4, Y4
	VDIVPS Y4, Y1, Y4
	VFNMADD231PS Y4, Y6, Y0
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, (SI)
	VMOVUPS Y2, (DX)
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
	VSUBPS Y1, Y3, Y4
	VFMADD231PS Y4, Y11, Y1
	VMULPS Y3, Y9, Y4
	VMULPS Y2, Y10, Y2
	VFMADD231PS Y3, Y4, Y2
	VSQRTPS Y2, Y4
	VMULPS Y4, Y8, Y4
	VADDPS Y7, Y4, Y4
	VDIVPS Y4, Y1, Y4
	VFNMADD231PS Y4, Y6, Y0
	VMASKMOVPS Y0, Y15, (DI)
	VMASKMOVPS Y1, Y15, (SI)
	VMASKMOVPS Y2, Y15, (DX)
done:
	VZEROUPPER
	RET
