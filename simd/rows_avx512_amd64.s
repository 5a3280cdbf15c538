//go:build amd64 && !purego

#include "textflag.h"

// Kernels over [rows c] with a value per column; the Go loops stand in rows.go.
// affineRows: dst[r][c] = x[r][c]*scale[c] + shift[c], fused
//
// func affineRowsAVX512(dst []float32, x []float32, scale []float32, shift []float32)
TEXT ·affineRowsAVX512(SB), NOSPLIT, $0-96
	MOVQ x_base+24(FP), DI
	MOVQ dst_base+0(FP), SI
	MOVQ scale_base+48(FP), R9
	MOVQ shift_base+72(FP), R10
	MOVQ x_len+32(FP), CX
	// DI x, SI dst; parameters R9 scale, R10 shift; CX elements left, AX columns, BX column
	MOVQ scale_len+56(FP), AX
row:
	TESTQ CX, CX
	JZ done
	SUBQ AX, CX
	XORQ BX, BX
	LEAQ -16(AX), R12
col:
	CMPQ BX, R12
	JGT tail
	VMOVUPS (DI)(BX*4), Z0
	VMOVUPS (R9)(BX*4), Z2
	VMOVUPS (R10)(BX*4), Z3
	VFMADD231PS Z2, Z0, Z3
	VMOVAPS Z3, Z1
	VMOVUPS Z1, (SI)(BX*4)
	ADDQ $16, BX
	JMP col
tail:
	MOVQ AX, R12
	SUBQ BX, R12
	JZ next
	MOVQ $-1, R13
	BZHIQ R12, R13, R13
	KMOVW R13, K1 // the first R12 lanes
	VMOVUPS.Z (DI)(BX*4), K1, Z0
	VMOVUPS.Z (R9)(BX*4), K1, Z2
	VMOVUPS.Z (R10)(BX*4), K1, Z3
	VFMADD231PS Z2, Z0, Z3
	VMOVAPS Z3, Z1
	VMOVUPS Z1, K1, (SI)(BX*4)
next:
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(AX*4), SI
	JMP row
done:
	VZEROUPPER
	RET

// affineReLURows: dst[r][c] = relu(x[r][c]*scale[c] + shift[c])
//
// func affineReLURowsAVX512(dst []float32, x []float32, scale []float32, shift []float32)
TEXT ·affineReLURowsAVX512(SB), NOSPLIT, $0-96
	MOVQ x_base+24(FP), DI
	MOVQ dst_base+0(FP), SI
	MOVQ scale_base+48(FP), R9
	MOVQ shift_base+72(FP), R10
	MOVQ x_len+32(FP), CX
	VPXORD Z16, Z16, Z16
	// DI x, SI dst; parameters R9 scale, R10 shift; CX elements left, AX columns, BX column
	MOVQ scale_len+56(FP), AX
row:
	TESTQ CX, CX
	JZ done
	SUBQ AX, CX
	XORQ BX, BX
	LEAQ -16(AX), R12
col:
	CMPQ BX, R12
	JGT tail
	VMOVUPS (DI)(BX*4), Z0
	VMOVUPS (R9)(BX*4), Z2
	VMOVUPS (R10)(BX*4), Z3
	VFMADD231PS Z2, Z0, Z3
	VMAXPS Z3, Z16, Z1
	VMOVUPS Z1, (SI)(BX*4)
	ADDQ $16, BX
	JMP col
tail:
	MOVQ AX, R12
	SUBQ BX, R12
	JZ next
	MOVQ $-1, R13
	BZHIQ R12, R13, R13
	KMOVW R13, K1 // the first R12 lanes
	VMOVUPS.Z (DI)(BX*4), K1, Z0
	VMOVUPS.Z (R9)(BX*4), K1, Z2
	VMOVUPS.Z (R10)(BX*4), K1, Z3
	VFMADD231PS Z2, Z0, Z3
	VMAXPS Z3, Z16, Z1
	VMOVUPS Z1, K1, (SI)(BX*4)
next:
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(AX*4), SI
	JMP row
done:
	VZEROUPPER
	RET

// affineAddRows: dst[r][c] = x[r][c]*scale[c] + shift[c] + z[r][c]
//
// func affineAddRowsAVX512(dst []float32, x []float32, z []float32, scale []float32, shift []float32)
TEXT ·affineAddRowsAVX512(SB), NOSPLIT, $0-120
	MOVQ x_base+24(FP), DI
	MOVQ z_base+48(FP), SI
	MOVQ dst_base+0(FP), DX
	MOVQ scale_base+72(FP), R9
	MOVQ shift_base+96(FP), R10
	MOVQ x_len+32(FP), CX
	// DI x, SI z, DX dst; parameters R9 scale, R10 shift; CX elements left, AX columns, BX column
	MOVQ scale_len+80(FP), AX
row:
	TESTQ CX, CX
	JZ done
	SUBQ AX, CX
	XORQ BX, BX
	LEAQ -16(AX), R12
col:
	CMPQ BX, R12
	JGT tail
	VMOVUPS (DI)(BX*4), Z0
	VMOVUPS (SI)(BX*4), Z1
	VMOVUPS (R9)(BX*4), Z3
	VMOVUPS (R10)(BX*4), Z4
	VFMADD231PS Z3, Z0, Z4
	VADDPS Z1, Z4, Z4
	VMOVAPS Z4, Z2
	VMOVUPS Z2, (DX)(BX*4)
	ADDQ $16, BX
	JMP col
tail:
	MOVQ AX, R12
	SUBQ BX, R12
	JZ next
	MOVQ $-1, R13
	BZHIQ R12, R13, R13
	KMOVW R13, K1 // the first R12 lanes
	VMOVUPS.Z (DI)(BX*4), K1, Z0
	VMOVUPS.Z (SI)(BX*4), K1, Z1
	VMOVUPS.Z (R9)(BX*4), K1, Z3
	VMOVUPS.Z (R10)(BX*4), K1, Z4
	VFMADD231PS Z3, Z0, Z4
	VADDPS Z1, Z4, Z4
	VMOVAPS Z4, Z2
	VMOVUPS Z2, K1, (DX)(BX*4)
next:
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(AX*4), SI
	LEAQ (DX)(AX*4), DX
	JMP row
done:
	VZEROUPPER
	RET

// affineAddReLURows: dst[r][c] = relu(x[r][c]*scale[c] + shift[c] + z[r][c])
//
// func affineAddReLURowsAVX512(dst []float32, x []float32, z []float32, scale []float32, shift []float32)
TEXT ·affineAddReLURowsAVX512(SB), NOSPLIT, $0-120
	MOVQ x_base+24(FP), DI
	MOVQ z_base+48(FP), SI
	MOVQ dst_base+0(FP), DX
	MOVQ scale_base+72(FP), R9
	MOVQ shift_base+96(FP), R10
	MOVQ x_len+32(FP), CX
	VPXORD Z16, Z16, Z16
	// DI x, SI z, DX dst; parameters R9 scale, R10 shift; CX elements left, AX columns, BX column
	MOVQ scale_len+80(FP), AX
row:
	TESTQ CX, CX
	JZ done
	SUBQ AX, CX
	XORQ BX, BX
	LEAQ -16(AX), R12
col:
	CMPQ BX, R12
	JGT tail
	VMOVUPS (DI)(BX*4), Z0
	VMOVUPS (SI)(BX*4), Z1
	VMOVUPS (R9)(BX*4), Z3
	VMOVUPS (R10)(BX*4), Z4
	VFMADD231PS Z3, Z0, Z4
	VADDPS Z1, Z4, Z4
	VMAXPS Z4, Z16, Z2
	VMOVUPS Z2, (DX)(BX*4)
	ADDQ $16, BX
	JMP col
tail:
	MOVQ AX, R12
	SUBQ BX, R12
	JZ next
	MOVQ $-1, R13
	BZHIQ R12, R13, R13
	KMOVW R13, K1 // the first R12 lanes
	VMOVUPS.Z (DI)(BX*4), K1, Z0
	VMOVUPS.Z (SI)(BX*4), K1, Z1
	VMOVUPS.Z (R9)(BX*4), K1, Z3
	VMOVUPS.Z (R10)(BX*4), K1, Z4
	VFMADD231PS Z3, Z0, Z4
	VADDPS Z1, Z4, Z4
	VMAXPS Z4, Z16, Z2
	VMOVUPS Z2, K1, (DX)(BX*4)
next:
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(AX*4), SI
	LEAQ (DX)(AX*4), DX
	JMP row
done:
	VZEROUPPER
	RET

// normGradRows: dx[r][c] += dy[r][c]*a[c] + (x[r][c]*b[c] + d[c])
//
// func normGradRowsAVX512(dx []float32, dy []float32, x []float32, a []float32, b []float32, d []float32)
TEXT ·normGradRowsAVX512(SB), NOSPLIT, $0-144
	MOVQ dx_base+0(FP), DI
	MOVQ dy_base+24(FP), SI
	MOVQ x_base+48(FP), DX
	MOVQ a_base+72(FP), R9
	MOVQ b_base+96(FP), R10
	MOVQ d_base+120(FP), R11
	MOVQ dx_len+8(FP), CX
	// DI dx, SI dy, DX x; parameters R9 a, R10 b, R11 d; CX elements left, AX columns, BX column
	MOVQ a_len+80(FP), AX
row:
	TESTQ CX, CX
	JZ done
	SUBQ AX, CX
	XORQ BX, BX
	LEAQ -16(AX), R12
col:
	CMPQ BX, R12
	JGT tail
	VMOVUPS (DI)(BX*4), Z0
	VMOVUPS (SI)(BX*4), Z1
	VMOVUPS (DX)(BX*4), Z2
	VMOVUPS (R9)(BX*4), Z3
	VMOVUPS (R10)(BX*4), Z4
	VMOVUPS (R11)(BX*4), Z5
	VFMADD231PS Z4, Z2, Z5
	VFMADD231PS Z3, Z1, Z5
	VADDPS Z5, Z0, Z0
	VMOVUPS Z0, (DI)(BX*4)
	ADDQ $16, BX
	JMP col
tail:
	MOVQ AX, R12
	SUBQ BX, R12
	JZ next
	MOVQ $-1, R13
	BZHIQ R12, R13, R13
	KMOVW R13, K1 // the first R12 lanes
	VMOVUPS.Z (DI)(BX*4), K1, Z0
	VMOVUPS.Z (SI)(BX*4), K1, Z1
	VMOVUPS.Z (DX)(BX*4), K1, Z2
	VMOVUPS.Z (R9)(BX*4), K1, Z3
	VMOVUPS.Z (R10)(BX*4), K1, Z4
	VMOVUPS.Z (R11)(BX*4), K1, Z5
	VFMADD231PS Z4, Z2, Z5
	VFMADD231PS Z3, Z1, Z5
	VADDPS Z5, Z0, Z0
	VMOVUPS Z0, K1, (DI)(BX*4)
next:
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(AX*4), SI
	LEAQ (DX)(AX*4), DX
	JMP row
done:
	VZEROUPPER
	RET

// normGradReLURows: the same with dy, 0 where y <= 0
//
// func normGradReLURowsAVX512(dx []float32, dy []float32, x []float32, y []float32, a []float32, b []float32, d []float32)
TEXT ·normGradReLURowsAVX512(SB), NOSPLIT, $0-168
	MOVQ dx_base+0(FP), DI
	MOVQ dy_base+24(FP), SI
	MOVQ x_base+48(FP), DX
	MOVQ y_base+72(FP), R8
	MOVQ a_base+96(FP), R9
	MOVQ b_base+120(FP), R10
	MOVQ d_base+144(FP), R11
	MOVQ dx_len+8(FP), CX
	VPXORD Z16, Z16, Z16
	// DI dx, SI dy, DX x, R8 y; parameters R9 a, R10 b, R11 d; CX elements left, AX columns, BX column
	MOVQ a_len+104(FP), AX
row:
	TESTQ CX, CX
	JZ done
	SUBQ AX, CX
	XORQ BX, BX
	LEAQ -16(AX), R12
col:
	CMPQ BX, R12
	JGT tail
	VMOVUPS (DI)(BX*4), Z0
	VMOVUPS (SI)(BX*4), Z1
	VMOVUPS (DX)(BX*4), Z2
	VMOVUPS (R8)(BX*4), Z3
	VMOVUPS (R9)(BX*4), Z4
	VMOVUPS (R10)(BX*4), Z5
	VMOVUPS (R11)(BX*4), Z6
	VCMPPS $9, Z3, Z16, K2
	VMOVAPS.Z Z1, K2, Z1
	VFMADD231PS Z5, Z2, Z6
	VFMADD231PS Z4, Z1, Z6
	VADDPS Z6, Z0, Z0
	VMOVUPS Z0, (DI)(BX*4)
	ADDQ $16, BX
	JMP col
tail:
	MOVQ AX, R12
	SUBQ BX, R12
	JZ next
	MOVQ $-1, R13
	BZHIQ R12, R13, R13
	KMOVW R13, K1 // the first R12 lanes
	VMOVUPS.Z (DI)(BX*4), K1, Z0
	VMOVUPS.Z (SI)(BX*4), K1, Z1
	VMOVUPS.Z (DX)(BX*4), K1, Z2
	VMOVUPS.Z (R8)(BX*4), K1, Z3
	VMOVUPS.Z (R9)(BX*4), K1, Z4
	VMOVUPS.Z (R10)(BX*4), K1, Z5
	VMOVUPS.Z (R11)(BX*4), K1, Z6
	VCMPPS $9, Z3, Z16, K2
	VMOVAPS.Z Z1, K2, Z1
	VFMADD231PS Z5, Z2, Z6
	VFMADD231PS Z4, Z1, Z6
	VADDPS Z6, Z0, Z0
	VMOVUPS Z0, K1, (DI)(BX*4)
next:
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(AX*4), SI
	LEAQ (DX)(AX*4), DX
	LEAQ (R8)(AX*4), R8
	JMP row
done:
	VZEROUPPER
	RET

// momentRows: with d = x[r][c]-shift[c]: sum[c] += d, sumsq[c] += d*d
//
// func momentRowsAVX512(sum []float32, sumsq []float32, x []float32, shift []float32, rows int)
TEXT ·momentRowsAVX512(SB), NOSPLIT, $0-104
	MOVQ sum_base+0(FP), DI
	MOVQ sumsq_base+24(FP), R8
	MOVQ x_base+48(FP), SI
	MOVQ shift_base+72(FP), R13
	MOVQ sum_len+8(FP), CX
	LEAQ (CX*4), BX // bytes of a row
	// sums DI, R8; rows SI, running in R10; CX columns left
wide:
	CMPQ CX, $64
	JLT one
	MOVQ SI, R10
	VMOVUPS (DI), Z0
	VMOVUPS (R8), Z1
	VMOVUPS (R13), Z2
	VMOVUPS 64(DI), Z3
	VMOVUPS 64(R8), Z4
	VMOVUPS 64(R13), Z5
	VMOVUPS 128(DI), Z6
	VMOVUPS 128(R8), Z7
	VMOVUPS 128(R13), Z8
	VMOVUPS 192(DI), Z9
	VMOVUPS 192(R8), Z10
	VMOVUPS 192(R13), Z11
	MOVQ rows+96(FP), AX
widerow:
	TESTQ AX, AX
	JZ wideend
	VMOVUPS (R10), Z12
	VSUBPS Z2, Z12, Z12
	VADDPS Z12, Z0, Z0
	VFMADD231PS Z12, Z12, Z1
	VMOVUPS 64(R10), Z12
	VSUBPS Z5, Z12, Z12
	VADDPS Z12, Z3, Z3
	VFMADD231PS Z12, Z12, Z4
	VMOVUPS 128(R10), Z12
	VSUBPS Z8, Z12, Z12
	VADDPS Z12, Z6, Z6
	VFMADD231PS Z12, Z12, Z7
	VMOVUPS 192(R10), Z12
	VSUBPS Z11, Z12, Z12
	VADDPS Z12, Z9, Z9
	VFMADD231PS Z12, Z12, Z10
	ADDQ BX, R10
	DECQ AX
	JMP widerow
wideend:
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, (R8)
	VMOVUPS Z3, 64(DI)
	VMOVUPS Z4, 64(R8)
	VMOVUPS Z6, 128(DI)
	VMOVUPS Z7, 128(R8)
	VMOVUPS Z9, 192(DI)
	VMOVUPS Z10, 192(R8)
	ADDQ $256, DI
	ADDQ $256, R8
	ADDQ $256, SI
	ADDQ $256, R13
	SUBQ $64, CX
	JMP wide
one:
	CMPQ CX, $16
	JLT tail
	MOVQ SI, R10
	VMOVUPS (DI), Z0
	VMOVUPS (R8), Z1
	VMOVUPS (R13), Z2
	MOVQ rows+96(FP), AX
onerow:
	TESTQ AX, AX
	JZ oneend
	VMOVUPS (R10), Z3
	VSUBPS Z2, Z3, Z3
	VADDPS Z3, Z0, Z0
	VFMADD231PS Z3, Z3, Z1
	ADDQ BX, R10
	DECQ AX
	JMP onerow
oneend:
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, (R8)
	ADDQ $64, DI
	ADDQ $64, R8
	ADDQ $64, SI
	ADDQ $64, R13
	SUBQ $16, CX
	JMP one
tail:
	TESTQ CX, CX
	JZ done
	MOVQ SI, R10
	MOVQ $-1, SI
	BZHIQ CX, SI, SI
	KMOVW SI, K1 // the first CX lanes
	VMOVUPS.Z (DI), K1, Z0
	VMOVUPS.Z (R8), K1, Z1
	VMOVUPS.Z (R13), K1, Z2
	MOVQ rows+96(FP), AX
tailrow:
	TESTQ AX, AX
	JZ tailend
	VMOVUPS.Z (R10), K1, Z3
	VSUBPS Z2, Z3, Z3
	VADDPS Z3, Z0, Z0
	VFMADD231PS Z3, Z3, Z1
	ADDQ BX, R10
	DECQ AX
	JMP tailrow
tailend:
	VMOVUPS Z0, K1, (DI)
	VMOVUPS Z1, K1, (R8)
done:
	VZEROUPPER
	RET

// normGradSums: sum[c] += dy[r][c]; dot[c] += dy[r][c]*(x[r][c]-mean[c])
//
// func normGradSumsAVX512(sum []float32, dot []float32, dy []float32, x []float32, mean []float32, rows int)
TEXT ·normGradSumsAVX512(SB), NOSPLIT, $0-128
	MOVQ sum_base+0(FP), DI
	MOVQ dot_base+24(FP), R8
	MOVQ dy_base+48(FP), SI
	MOVQ x_base+72(FP), DX
	MOVQ mean_base+96(FP), R13
	MOVQ sum_len+8(FP), CX
	LEAQ (CX*4), BX // bytes of a row
	// sums DI, R8; rows SI, DX, running in R10, R11; CX columns left
wide:
	CMPQ CX, $64
	JLT one
	MOVQ SI, R10
	MOVQ DX, R11
	VMOVUPS (DI), Z0
	VMOVUPS (R8), Z1
	VMOVUPS (R13), Z2
	VMOVUPS 64(DI), Z3
	VMOVUPS 64(R8), Z4
	VMOVUPS 64(R13), Z5
	VMOVUPS 128(DI), Z6
	VMOVUPS 128(R8), Z7
	VMOVUPS 128(R13), Z8
	VMOVUPS 192(DI), Z9
	VMOVUPS 192(R8), Z10
	VMOVUPS 192(R13), Z11
	MOVQ rows+120(FP), AX
widerow:
	TESTQ AX, AX
	JZ wideend
	VMOVUPS (R10), Z12
	VMOVUPS (R11), Z13
	VSUBPS Z2, Z13, Z13
	VADDPS Z12, Z0, Z0
	VFMADD231PS Z13, Z12, Z1
	VMOVUPS 64(R10), Z12
	VMOVUPS 64(R11), Z13
	VSUBPS Z5, Z13, Z13
	VADDPS Z12, Z3, Z3
	VFMADD231PS Z13, Z12, Z4
	VMOVUPS 128(R10), Z12
	VMOVUPS 128(R11), Z13
	VSUBPS Z8, Z13, Z13
	VADDPS Z12, Z6, Z6
	VFMADD231PS Z13, Z12, Z7
	VMOVUPS 192(R10), Z12
	VMOVUPS 192(R11), Z13
	VSUBPS Z11, Z13, Z13
	VADDPS Z12, Z9, Z9
	VFMADD231PS Z13, Z12, Z10
	ADDQ BX, R10
	ADDQ BX, R11
	DECQ AX
	JMP widerow
wideend:
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, (R8)
	VMOVUPS Z3, 64(DI)
	VMOVUPS Z4, 64(R8)
	VMOVUPS Z6, 128(DI)
	VMOVUPS Z7, 128(R8)
	VMOVUPS Z9, 192(DI)
	VMOVUPS Z10, 192(R8)
	ADDQ $256, DI
	ADDQ $256, R8
	ADDQ $256, SI
	ADDQ $256, DX
	ADDQ $256, R13
	SUBQ $64, CX
	JMP wide
one:
	CMPQ CX, $16
	JLT tail
	MOVQ SI, R10
	MOVQ DX, R11
	VMOVUPS (DI), Z0
	VMOVUPS (R8), Z1
	VMOVUPS (R13), Z2
	MOVQ rows+120(FP), AX
onerow:
	TESTQ AX, AX
	JZ oneend
	VMOVUPS (R10), Z3
	VMOVUPS (R11), Z4
	VSUBPS Z2, Z4, Z4
	VADDPS Z3, Z0, Z0
	VFMADD231PS Z4, Z3, Z1
	ADDQ BX, R10
	ADDQ BX, R11
	DECQ AX
	JMP onerow
oneend:
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, (R8)
	ADDQ $64, DI
	ADDQ $64, R8
	ADDQ $64, SI
	ADDQ $64, DX
	ADDQ $64, R13
	SUBQ $16, CX
	JMP one
tail:
	TESTQ CX, CX
	JZ done
	MOVQ SI, R10
	MOVQ DX, R11
	MOVQ $-1, SI
	BZHIQ CX, SI, SI
	KMOVW SI, K1 // the first CX lanes
	VMOVUPS.Z (DI), K1, Z0
	VMOVUPS.Z (R8), K1, Z1
	VMOVUPS.Z (R13), K1, Z2
	MOVQ rows+120(FP), AX
tailrow:
	TESTQ AX, AX
	JZ tailend
	VMOVUPS.Z (R10), K1, Z3
	VMOVUPS.Z (R11), K1, Z4
	VSUBPS Z2, Z4, Z4
	VADDPS Z3, Z0, Z0
	VFMADD231PS Z4, Z3, Z1
	ADDQ BX, R10
	ADDQ BX, R11
	DECQ AX
	JMP tailrow
tailend:
	VMOVUPS Z0, K1, (DI)
	VMOVUPS Z1, K1, (R8)
done:
	VZEROUPPER
	RET

// normGradReLUSums: the same with dy, 0 where y <= 0
//
// func normGradReLUSumsAVX512(sum []float32, dot []float32, dy []float32, x []float32, y []float32, mean []float32, rows int)
TEXT ·normGradReLUSumsAVX512(SB), NOSPLIT, $0-152
	MOVQ sum_base+0(FP), DI
	MOVQ dot_base+24(FP), R8
	MOVQ dy_base+48(FP), SI
	MOVQ x_base+72(FP), DX
	MOVQ y_base+96(FP), R9
	MOVQ mean_base+120(FP), R13
	MOVQ sum_len+8(FP), CX
	VPXORD Z28, Z28, Z28
	LEAQ (CX*4), BX // bytes of a row
	// sums DI, R8; rows SI, DX, R9, running in R10, R11, R12; CX columns left
wide:
	CMPQ CX, $64
	JLT one
	MOVQ SI, R10
	MOVQ DX, R11
	MOVQ R9, R12
	VMOVUPS (DI), Z0
	VMOVUPS (R8), Z1
	VMOVUPS (R13), Z2
	VMOVUPS 64(DI), Z3
	VMOVUPS 64(R8), Z4
	VMOVUPS 64(R13), Z5
	VMOVUPS 128(DI), Z6
	VMOVUPS 128(R8), Z7
	VMOVUPS 128(R13), Z8
	VMOVUPS 192(DI), Z9
	VMOVUPS 192(R8), Z10
	VMOVUPS 192(R13), Z11
	MOVQ rows+144(FP), AX
widerow:
	TESTQ AX, AX
	JZ wideend
	VMOVUPS (R10), Z12
	VMOVUPS (R11), Z13
	VMOVUPS (R12), Z14
	VCMPPS $9, Z14, Z28, K2
	VMOVAPS.Z Z12, K2, Z12
	VSUBPS Z2, Z13, Z13
	VADDPS Z12, Z0, Z0
	VFMADD231PS Z13, Z12, Z1
	VMOVUPS 64(R10), Z12
	VMOVUPS 64(R11), Z13
	VMOVUPS 64(R12), Z14
	VCMPPS $9, Z14, Z28, K2
	VMOVAPS.Z Z12, K2, Z12
	VSUBPS Z5, Z13, Z13
	VADDPS Z12, Z3, Z3
	VFMADD231PS Z13, Z12, Z4
	VMOVUPS 128(R10), Z12
	VMOVUPS 128(R11), Z13
	VMOVUPS 128(R12), Z14
	VCMPPS $9, Z14, Z28, K2
	VMOVAPS.Z Z12, K2, Z12
	VSUBPS Z8, Z13, Z13
	VADDPS Z12, Z6, Z6
	VFMADD231PS Z13, Z12, Z7
	VMOVUPS 192(R10), Z12
	VMOVUPS 192(R11), Z13
	VMOVUPS 192(R12), Z14
	VCMPPS $9, Z14, Z28, K2
	VMOVAPS.Z Z12, K2, Z12
	VSUBPS Z11, Z13, Z13
	VADDPS Z12, Z9, Z9
	VFMADD231PS Z13, Z12, Z10
	ADDQ BX, R10
	ADDQ BX, R11
	ADDQ BX, R12
	DECQ AX
	JMP widerow
wideend:
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, (R8)
	VMOVUPS Z3, 64(DI)
	VMOVUPS Z4, 64(R8)
	VMOVUPS Z6, 128(DI)
	VMOVUPS Z7, 128(R8)
	VMOVUPS Z9, 192(DI)
	VMOVUPS Z10, 192(R8)
	ADDQ $256, DI
	ADDQ $256, R8
	ADDQ $256, SI
	ADDQ $256, DX
	ADDQ $256, R9
	ADDQ $256, R13
	SUBQ $64, CX
	JMP wide
one:
	CMPQ CX, $16
	JLT tail
	MOVQ SI, R10
	MOVQ DX, R11
	MOVQ R9, R12
	VMOVUPS (DI), Z0
	VMOVUPS (R8), Z1
	VMOVUPS (R13), Z2
	MOVQ rows+144(FP), AX
onerow:
	TESTQ AX, AX
	JZ oneend
	VMOVUPS (R10), Z3
	VMOVUPS (R11), Z4
	VMOVUPS (R12), Z5
	VCMPPS $9, Z5, Z28, K2
	VMOVAPS.Z Z3, K2, Z3
	VSUBPS Z2, Z4, Z4
	VADDPS Z3, Z0, Z0
	VFMADD231PS Z4, Z3, Z1
	ADDQ BX, R10
	ADDQ BX, R11
	ADDQ BX, R12
	DECQ AX
	JMP onerow
oneend:
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, (R8)
	ADDQ $64, DI
	ADDQ $64, R8
	ADDQ $64, SI
	ADDQ $64, DX
	ADDQ $64, R9
	ADDQ $64, R13
	SUBQ $16, CX
	JMP one
tail:
	TESTQ CX, CX
	JZ done
	MOVQ SI, R10
	MOVQ DX, R11
	MOVQ R9, R12
	MOVQ $-1, SI
	BZHIQ CX, SI, SI
	KMOVW SI, K1 // the first CX lanes
	VMOVUPS.Z (DI), K1, Z0
	VMOVUPS.Z (R8), K1, Z1
	VMOVUPS.Z (R13), K1, Z2
	MOVQ rows+144(FP), AX
tailrow:
	TESTQ AX, AX
	JZ tailend
	VMOVUPS.Z (R10), K1, Z3
	VMOVUPS.Z (R11), K1, Z4
	VMOVUPS.Z (R12), K1, Z5
	VCMPPS $9, Z5, Z28, K2
	VMOVAPS.Z Z3, K2, Z3
	VSUBPS Z2, Z4, Z4
	VADDPS Z3, Z0, Z0
	VFMADD231PS Z4, Z3, Z1
	ADDQ BX, R10
	ADDQ BX, R11
	ADDQ BX, R12
	DECQ AX
	JMP tailrow
tailend:
	VMOVUPS Z0, K1, (DI)
	VMOVUPS Z1, K1, (R8)
done:
	VZEROUPPER
	RET

// sumRows: sum[c] += x[r][c]
//
// func sumRowsAVX512(sum []float32, x []float32, rows int)
TEXT ·sumRowsAVX512(SB), NOSPLIT, $0-56
	MOVQ sum_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ sum_len+8(FP), CX
	LEAQ (CX*4), BX // bytes of a row
	// sums DI; rows SI, running in R10; CX columns left
wide:
	CMPQ CX, $64
	JLT one
	MOVQ SI, R10
	VMOVUPS (DI), Z0
	VMOVUPS 64(DI), Z1
	VMOVUPS 128(DI), Z2
	VMOVUPS 192(DI), Z3
	MOVQ rows+48(FP), AX
widerow:
	TESTQ AX, AX
	JZ wideend
	VMOVUPS (R10), Z4
	VADDPS Z4, Z0, Z0
	VMOVUPS 64(R10), Z4
	VADDPS Z4, Z1, Z1
	VMOVUPS 128(R10), Z4
	VADDPS Z4, Z2, Z2
	VMOVUPS 192(R10), Z4
	VADDPS Z4, Z3, Z3
	ADDQ BX, R10
	DECQ AX
	JMP widerow
wideend:
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, 64(DI)
	VMOVUPS Z2, 128(DI)
	VMOVUPS Z3, 192(DI)
	ADDQ $256, DI
	ADDQ $256, SI
	SUBQ $64, CX
	JMP wide
one:
	CMPQ CX, $16
	JLT tail
	MOVQ SI, R10
	VMOVUPS (DI), Z0
	MOVQ rows+48(FP), AX
onerow:
	TESTQ AX, AX
	JZ oneend
	VMOVUPS (R10), Z1
	VADDPS Z1, Z0, Z0
	ADDQ BX, R10
	DECQ AX
	JMP onerow
oneend:
	VMOVUPS Z0, (DI)
	ADDQ $64, DI
	ADDQ $64, SI
	SUBQ $16, CX
	JMP one
tail:
	TESTQ CX, CX
	JZ done
	MOVQ SI, R10
	MOVQ $-1, SI
	BZHIQ CX, SI, SI
	KMOVW SI, K1 // the first CX lanes
	VMOVUPS.Z (DI), K1, Z0
	MOVQ rows+48(FP), AX
tailrow:
	TESTQ AX, AX
	JZ tailend
	VMOVUPS.Z (R10), K1, Z1
	VADDPS Z1, Z0, Z0
	ADDQ BX, R10
	DECQ AX
	JMP tailrow
tailend:
	VMOVUPS Z0, K1, (DI)
done:
	VZEROUPPER
	RET

// normGradSetRows: dx[r][c] = dy[r][c]*a[c] + (x[r][c]*b[c] + d[c])
//
// func normGradSetRowsAVX512(dx []float32, dy []float32, x []float32, a []float32, b []float32, d []float32)
TEXT ·normGradSetRowsAVX512(SB), NOSPLIT, $0-144
	MOVQ dy_base+24(FP), DI
	MOVQ x_base+48(FP), SI
	MOVQ dx_base+0(FP), DX
	MOVQ a_base+72(FP), R9
	MOVQ b_base+96(FP), R10
	MOVQ d_base+120(FP), R11
	MOVQ dy_len+32(FP), CX
	// DI dy, SI x, DX dx; parameters R9 a, R10 b, R11 d; CX elements left, AX columns, BX column
	MOVQ a_len+80(FP), AX
row:
	TESTQ CX, CX
	JZ done
	SUBQ AX, CX
	XORQ BX, BX
	LEAQ -16(AX), R12
col:
	CMPQ BX, R12
	JGT tail
	VMOVUPS (DI)(BX*4), Z0
	VMOVUPS (SI)(BX*4), Z1
	VMOVUPS (R9)(BX*4), Z3
	VMOVUPS (R10)(BX*4), Z4
	VMOVUPS (R11)(BX*4), Z5
	VFMADD231PS Z4, Z1, Z5
	VFMADD231PS Z3, Z0, Z5
	VMOVAPS Z5, Z2
	VMOVUPS Z2, (DX)(BX*4)
	ADDQ $16, BX
	JMP col
tail:
	MOVQ AX, R12
	SUBQ BX, R12
	JZ next
	MOVQ $-1, R13
	BZHIQ R12, R13, R13
	KMOVW R13, K1 // the first R12 lanes
	VMOVUPS.Z (DI)(BX*4), K1, Z0
	VMOVUPS.Z (SI)(BX*4), K1, Z1
	VMOVUPS.Z (R9)(BX*4), K1, Z3
	VMOVUPS.Z (R10)(BX*4), K1, Z4
	VMOVUPS.Z (R11)(BX*4), K1, Z5
	VFMADD231PS Z4, Z1, Z5
	VFMADD231PS Z3, Z0, Z5
	VMOVAPS Z5, Z2
	VMOVUPS Z2, K1, (DX)(BX*4)
next:
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(AX*4), SI
	LEAQ (DX)(AX*4), DX
	JMP row
done:
	VZEROUPPER
	RET

// normGradReLUSetRows: the same with dy, 0 where y <= 0
//
// func normGradReLUSetRowsAVX512(dx []float32, dy []float32, x []float32, y []float32, a []float32, b []float32, d []float32)
TEXT ·normGradReLUSetRowsAVX512(SB), NOSPLIT, $0-168
	MOVQ dy_base+24(FP), DI
	MOVQ x_base+48(FP), SI
	MOVQ y_base+72(FP), DX
	MOVQ dx_base+0(FP), R8
	MOVQ a_base+96(FP), R9
	MOVQ b_base+120(FP), R10
	MOVQ d_base+144(FP), R11
	MOVQ dy_len+32(FP), CX
	VPXORD Z16, Z16, Z16
	// DI dy, SI x, DX y, R8 dx; parameters R9 a, R10 b, R11 d; CX elements left, AX columns, BX column
	MOVQ a_len+104(FP), AX
row:
	TESTQ CX, CX
	JZ done
	SUBQ AX, CX
	XORQ BX, BX
	LEAQ -16(AX), R12
col:
	CMPQ BX, R12
	JGT tail
	VMOVUPS (DI)(BX*4), Z0
	VMOVUPS (SI)(BX*4), Z1
	VMOVUPS (DX)(BX*4), Z2
	VMOVUPS (R9)(BX*4), Z4
	VMOVUPS (R10)(BX*4), Z5
	VMOVUPS (R11)(BX*4), Z6
	VCMPPS $9, Z2, Z16, K2
	VMOVAPS.Z Z0, K2, Z0
	VFMADD231PS Z5, Z1, Z6
	VFMADD231PS Z4, Z0, Z6
	VMOVAPS Z6, Z3
	VMOVUPS Z3, (R8)(BX*4)
	ADDQ $16, BX
	JMP col
tail:
	MOVQ AX, R12
	SUBQ BX, R12
	JZ next
	MOVQ $-1, R13
	BZHIQ R12, R13, R13
	KMOVW R13, K1 // the first R12 lanes
	VMOVUPS.Z (DI)(BX*4), K1, Z0
	VMOVUPS.Z (SI)(BX*4), K1, Z1
	VMOVUPS.Z (DX)(BX*4), K1, Z2
	VMOVUPS.Z (R9)(BX*4), K1, Z4
	VMOVUPS.Z (R10)(BX*4), K1, Z5
	VMOVUPS.Z (R11)(BX*4), K1, Z6
	VCMPPS $9, Z2, Z16, K2
	VMOVAPS.Z Z0, K2, Z0
	VFMADD231PS Z5, Z1, Z6
	VFMADD231PS Z4, Z0, Z6
	VMOVAPS Z6, Z3
	VMOVUPS Z3, K1, (R8)(BX*4)
next:
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(AX*4), SI
	LEAQ (DX)(AX*4), DX
	LEAQ (R8)(AX*4), R8
	JMP row
done:
	VZEROUPPER
	RET
