//go:build amd64 && !purego

#include "textflag.h"

// Optimiser updates, one pass over memory; the Go loops stand in update.go.
// sgd: g = g + wd*w; v = mu*v + g; w -= lr*v
//
// func sgdAVX512(w []float32, v []float32, g []float32, lr float32, mu float32, wd float32)
TEXT ·sgdAVX512(SB), NOSPLIT, $0-84
	MOVQ w_base+0(FP), DI
	MOVQ v_base+24(FP), SI
	MOVQ g_base+48(FP), DX
	MOVQ w_len+8(FP), CX
	VBROADCASTSS lr+72(FP), Z16
	VBROADCASTSS mu+76(FP), Z17
	VBROADCASTSS wd+80(FP), Z18
	// DI w, SI v, DX g; CX elements left
loop1:
	CMPQ CX, $16
	JLT tail
	VMOVUPS (DI), Z0
	VMOVUPS (SI), Z1
	VMOVUPS (DX), Z2
	VFMADD231PS Z0, Z18, Z2
	VMULPS Z1, Z17, Z1
	VADDPS Z2, Z1, Z1
	VFNMADD231PS Z1, Z16, Z0
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, (SI)
	ADDQ $64, DI
	ADDQ $64, SI
	ADDQ $64, DX
	SUBQ $16, CX
	JMP loop1
tail:
	TESTQ CX, CX
	JZ done
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (DI), K1, Z0
	VMOVUPS.Z (SI), K1, Z1
	VMOVUPS.Z (DX), K1, Z2
	VFMADD231PS Z0, Z18, Z2
	VMULPS Z1, Z17, Z1
	VADDPS Z2, Z1, Z1
	VFNMADD231PS Z1, Z16, Z0
	VMOVUPS Z0, K1, (DI)
	VMOVUPS Z1, K1, (SI)
done:
	VZEROUPPER
	RET

// sgdNesterov: g = g + wd*w; v = mu*v + g; w -= lr*(g + mu*v)
//
// func sgdNesterovAVX512(w []float32, v []float32, g []float32, lr float32, mu float32, wd float32)
TEXT ·sgdNesterovAVX512(SB), NOSPLIT, $0-84
	MOVQ w_base+0(FP), DI
	MOVQ v_base+24(FP), SI
	MOVQ g_base+48(FP), DX
	MOVQ w_len+8(FP), CX
	VBROADCASTSS lr+72(FP), Z16
	VBROADCASTSS mu+76(FP), Z17
	VBROADCASTSS wd+80(FP), Z18
	// DI w, SI v, DX g; CX elements left
loop1:
	CMPQ CX, $16
	JLT tail
	VMOVUPS (DI), Z0
	VMOVUPS (SI), Z1
	VMOVUPS (DX), Z2
	VFMADD231PS Z0, Z18, Z2
	VMULPS Z1, Z17, Z1
	VADDPS Z2, Z1, Z1
	VFMADD231PS Z1, Z17, Z2
	VFNMADD231PS Z2, Z16, Z0
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, (SI)
	ADDQ $64, DI
	ADDQ $64, SI
	ADDQ $64, DX
	SUBQ $16, CX
	JMP loop1
tail:
	TESTQ CX, CX
	JZ done
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (DI), K1, Z0
	VMOVUPS.Z (SI), K1, Z1
	VMOVUPS.Z (DX), K1, Z2
	VFMADD231PS Z0, Z18, Z2
	VMULPS Z1, Z17, Z1
	VADDPS Z2, Z1, Z1
	VFMADD231PS Z1, Z17, Z2
	VFNMADD231PS Z2, Z16, Z0
	VMOVUPS Z0, K1, (DI)
	VMOVUPS Z1, K1, (SI)
done:
	VZEROUPPER
	RET

// adam: m += c1*(g-m); v = b2*v + c2*g*g; w -= step*m/(rs*sqrt(v)+eps)
//
// func adamAVX512(w []float32, m []float32, v []float32, g []float32, c1 float32, b2 float32, c2 float32, rs float32, eps float32, step float32)
TEXT ·adamAVX512(SB), NOSPLIT, $0-120
	MOVQ w_base+0(FP), DI
	MOVQ m_base+24(FP), SI
	MOVQ v_base+48(FP), DX
	MOVQ g_base+72(FP), R8
	MOVQ w_len+8(FP), CX
	VBROADCASTSS c1+96(FP), Z16
	VBROADCASTSS b2+100(FP), Z17
	VBROADCASTSS c2+104(FP), Z18
	VBROADCASTSS rs+108(FP), Z19
	VBROADCASTSS eps+112(FP), Z20
	VBROADCASTSS step+116(FP), Z21
	// DI w, SI m, DX v, R8 g; CX elements left
loop1:
	CMPQ CX, $16
	JLT tail
	VMOVUPS (DI), Z0
	VMOVUPS (SI), Z1
	VMOVUPS (DX), Z2
	VMOVUPS (R8), Z3
	VSUBPS Z1, Z3, Z4
	VFMADD231PS Z4, Z16, Z1
	VMULPS Z3, Z18, Z4
	VMULPS Z2, Z17, Z2
	VFMADD231PS Z3, Z4, Z2
	VSQRTPS Z2, Z4
	VMULPS Z4, Z19, Z4
	VADDPS Z20, Z4, Z4
	VDIVPS Z4, Z1, Z4
	VFNMADD231PS Z4, Z21, Z0
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, (SI)
	VMOVUPS Z2, (DX)
	ADDQ $64, DI
	ADDQ $64, SI
	ADDQ $64, DX
	ADDQ $64, R8
	SUBQ $16, CX
	JMP loop1
tail:
	TESTQ CX, CX
	JZ done
	MOVQ $-1, AX
	BZHIQ CX, AX, AX
	KMOVW AX, K1 // the first CX lanes
	VMOVUPS.Z (DI), K1, Z0
	VMOVUPS.Z (SI), K1, Z1
	VMOVUPS.Z (DX), K1, Z2
	VMOVUPS.Z (R8), K1, Z3
	VSUBPS Z1, Z3, Z4
	VFMADD231PS Z4, Z16, Z1
	VMULPS Z3, Z18, Z4
	VMULPS Z2, Z17, Z2
	VFMADD231PS Z3, Z4, Z2
	VSQRTPS Z2, Z4
	VMULPS Z4, Z19, Z4
	VADDPS Z20, Z4, Z4
	VDIVPS Z4, Z1, Z4
	VFNMADD231PS Z4, Z21, Z0
	VMOVUPS Z0, K1, (DI)
	VMOVUPS Z1, K1, (SI)
	VMOVUPS Z2, K1, (DX)
done:
	VZEROUPPER
	RET
