//go:build amd64 && !purego

#include "textflag.h"

// Kernels over [rows c] with a value per column; the Go loops stand in rows.go.
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

// affineRows: dst[r][c] = x[r][c]*scale[c] + shift[c], fused
//
// func affineRowsAVX2(dst []float32, x []float32, scale []float32, shift []float32)
TEXT ·affineRowsAVX2(SB), NOSPLIT, $0-96
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
	LEAQ -8(AX), R12
col:
	CMPQ BX, R12
	JGT tail
	VMOVUPS (DI)(BX*4), Y0
	VMOVUPS (R9)(BX*4), Y2
	VMOVUPS (R10)(BX*4), Y3
	VFMADD231PS Y2, Y0, Y3
	VMOVAPS Y3, Y1
	VMOVUPS Y1, (SI)(BX*4)
	ADDQ $8, BX
	JMP col
tail:
	MOVQ AX, R12
	SUBQ BX, R12
	JZ next
	LEAQ lanes<>+32(SB), R13
	NEGQ R12
	VMOVUPS (R13)(R12*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y0
	VMASKMOVPS (R9)(BX*4), Y15, Y2
	VMASKMOVPS (R10)(BX*4), Y15, Y3
	VFMADD231PS Y2, Y0, Y3
	VMOVAPS Y3, Y1
	VMASKMOVPS Y1, Y15, (SI)(BX*4)
next:
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(AX*4), SI
	JMP row
done:
	VZEROUPPER
	RET

// affineReLURows: dst[r][c] = relu(x[r][c]*scale[c] + shift[c])
//
// func affineReLURowsAVX2(dst []float32, x []float32, scale []float32, shift []float32)
TEXT ·affineReLURowsAVX2(SB), NOSPLIT, $0-96
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
	LEAQ -8(AX), R12
col:
	CMPQ BX, R12
	JGT tail
	VMOVUPS (DI)(BX*4), Y0
	VMOVUPS (R9)(BX*4), Y2
	VMOVUPS (R10)(BX*4), Y3
	VFMADD231PS Y2, Y0, Y3
	VXORPS Y12, Y12, Y12
	VMAXPS Y3, Y12, Y1
	VMOVUPS Y1, (SI)(BX*4)
	ADDQ $8, BX
	JMP col
tail:
	MOVQ AX, R12
	SUBQ BX, R12
	JZ next
	LEAQ lanes<>+32(SB), R13
	NEGQ R12
	VMOVUPS (R13)(R12*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y0
	VMASKMOVPS (R9)(BX*4), Y15, Y2
	VMASKMOVPS (R10)(BX*4), Y15, Y3
	VFMADD231PS Y2, Y0, Y3
	VXORPS Y12, Y12, Y12
	VMAXPS Y3, Y12, Y1
	VMASKMOVPS Y1, Y15, (SI)(BX*4)
next:
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(AX*4), SI
	JMP row
done:
	VZEROUPPER
	RET

// affineAddRows: dst[r][c] = x[r][c]*scale[c] + shift[c] + z[r][c]
//
// func affineAddRowsAVX2(dst []float32, x []float32, z []float32, scale []float32, shift []float32)
TEXT ·affineAddRowsAVX2(SB), NOSPLIT, $0-120
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
	LEAQ -8(AX), R12
col:
	CMPQ BX, R12
	JGT tail
	VMOVUPS (DI)(BX*4), Y0
	VMOVUPS (SI)(BX*4), Y1
	VMOVUPS (R9)(BX*4), Y3
	VMOVUPS (R10)(BX*4), Y4
	VFMADD231PS Y3, Y0, Y4
	VADDPS Y1, Y4, Y4
	VMOVAPS Y4, Y2
	VMOVUPS Y2, (DX)(BX*4)
	ADDQ $8, BX
	JMP col
tail:
	MOVQ AX, R12
	SUBQ BX, R12
	JZ next
	LEAQ lanes<>+32(SB), R13
	NEGQ R12
	VMOVUPS (R13)(R12*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y0
	VMASKMOVPS (SI)(BX*4), Y15, Y1
	VMASKMOVPS (R9)(BX*4), Y15, Y3
	VMASKMOVPS (R10)(BX*4), Y15, Y4
	VFMADD231PS Y3, Y0, Y4
	VADDPS Y1, Y4, Y4
	VMOVAPS Y4, Y2
	VMASKMOVPS Y2, Y15, (DX)(BX*4)
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
// func affineAddReLURowsAVX2(dst []float32, x []float32, z []float32, scale []float32, shift []float32)
TEXT ·affineAddReLURowsAVX2(SB), NOSPLIT, $0-120
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
	LEAQ -8(AX), R12
col:
	CMPQ BX, R12
	JGT tail
	VMOVUPS (DI)(BX*4), Y0
	VMOVUPS (SI)(BX*4), Y1
	VMOVUPS (R9)(BX*4), Y3
	VMOVUPS (R10)(BX*4), Y4
	VFMADD231PS Y3, Y0, Y4
	VADDPS Y1, Y4, Y4
	VXORPS Y12, Y12, Y12
	VMAXPS Y4, Y12, Y2
	VMOVUPS Y2, (DX)(BX*4)
	ADDQ $8, BX
	JMP col
tail:
	MOVQ AX, R12
	SUBQ BX, R12
	JZ next
	LEAQ lanes<>+32(SB), R13
	NEGQ R12
	VMOVUPS (R13)(R12*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y0
	VMASKMOVPS (SI)(BX*4), Y15, Y1
	VMASKMOVPS (R9)(BX*4), Y15, Y3
	VMASKMOVPS (R10)(BX*4), Y15, Y4
	VFMADD231PS Y3, Y0, Y4
	VADDPS Y1, Y4, Y4
	VXORPS Y12, Y12, Y12
	VMAXPS Y4, Y12, Y2
	VMASKMOVPS Y2, Y15, (DX)(BX*4)
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
// func normGradRowsAVX2(dx []float32, dy []float32, x []float32, a []float32, b []float32, d []float32)
TEXT ·normGradRowsAVX2(SB), NOSPLIT, $0-144
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
	LEAQ -8(AX), R12
col:
	CMPQ BX, R12
	JGT tail
	VMOVUPS (DI)(BX*4), Y0
	VMOVUPS (SI)(BX*4), Y1
	VMOVUPS (DX)(BX*4), Y2
	VMOVUPS (R9)(BX*4), Y3
	VMOVUPS (R10)(BX*4), Y4
	VMOVUPS (R11)(BX*4), Y5
	VFMADD231PS Y4, Y2, Y5
	VFMADD231PS Y3, Y1, Y5
	VADDPS Y5, Y0, Y0
	VMOVUPS Y0, (DI)(BX*4)
	ADDQ $8, BX
	JMP col
tail:
	MOVQ AX, R12
	SUBQ BX, R12
	JZ next
	LEAQ lanes<>+32(SB), R13
	NEGQ R12
	VMOVUPS (R13)(R12*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y0
	VMASKMOVPS (SI)(BX*4), Y15, Y1
	VMASKMOVPS (DX)(BX*4), Y15, Y2
	VMASKMOVPS (R9)(BX*4), Y15, Y3
	VMASKMOVPS (R10)(BX*4), Y15, Y4
	VMASKMOVPS (R11)(BX*4), Y15, Y5
	VFMADD231PS Y4, Y2, Y5
	VFMADD231PS Y3, Y1, Y5
	VADDPS Y5, Y0, Y0
	VMASKMOVPS Y0, Y15, (DI)(BX*4)
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
// func normGradReLURowsAVX2(dx []float32, dy []float32, x []float32, y []float32, a []float32, b []float32, d []float32)
TEXT ·normGradReLURowsAVX2(SB), NOSPLIT, $0-168
	MOVQ dx_base+0(FP), DI
	MOVQ dy_base+24(FP), SI
	MOVQ x_base+48(FP), DX
	MOVQ y_base+72(FP), R8
	MOVQ a_base+96(FP), R9
	MOVQ b_base+120(FP), R10
	MOVQ d_base+144(FP), R11
	MOVQ dx_len+8(FP), CX
	// DI dx, SI dy, DX x, R8 y; parameters R9 a, R10 b, R11 d; CX elements left, AX columns, BX column
	MOVQ a_len+104(FP), AX
row:
	TESTQ CX, CX
	JZ done
	SUBQ AX, CX
	XORQ BX, BX
	LEAQ -8(AX), R12
col:
	CMPQ BX, R12
	JGT tail
	VMOVUPS (DI)(BX*4), Y0
	VMOVUPS (SI)(BX*4), Y1
	VMOVUPS (DX)(BX*4), Y2
	VMOVUPS (R8)(BX*4), Y3
	VMOVUPS (R9)(BX*4), Y4
	VMOVUPS (R10)(BX*4), Y5
	VMOVUPS (R11)(BX*4), Y6
	VXORPS Y12, Y12, Y12
	VCMPPS $9, Y3, Y12, Y12
	VANDPS Y1, Y12, Y1
	VFMADD231PS Y5, Y2, Y6
	VFMADD231PS Y4, Y1, Y6
	VADDPS Y6, Y0, Y0
	VMOVUPS Y0, (DI)(BX*4)
	ADDQ $8, BX
	JMP col
tail:
	MOVQ AX, R12
	SUBQ BX, R12
	JZ next
	LEAQ lanes<>+32(SB), R13
	NEGQ R12
	VMOVUPS (R13)(R12*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y0
	VMASKMOVPS (SI)(BX*4), Y15, Y1
	VMASKMOVPS (DX)(BX*4), Y15, Y2
	VMASKMOVPS (R8)(BX*4), Y15, Y3
	VMASKMOVPS (R9)(BX*4), Y15, Y4
	VMASKMOVPS (R10)(BX*4), Y15, Y5
	VMASKMOVPS (R11)(BX*4), Y15, Y6
	VXORPS Y12, Y12, Y12
	VCMPPS $9, Y3, Y12, Y12
	VANDPS Y1, Y12, Y1
	VFMADD231PS Y5, Y2, Y6
	VFMADD231PS Y4, Y1, Y6
	VADDPS Y6, Y0, Y0
	VMASKMOVPS Y0, Y15, (DI)(BX*4)
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
// func momentRowsAVX2(sum []float32, sumsq []float32, x []float32, shift []float32, rows int)
TEXT ·momentRowsAVX2(SB), NOSPLIT, $0-104
	MOVQ sum_base+0(FP), DI
	MOVQ sumsq_base+24(FP), R8
	MOVQ x_base+48(FP), SI
	MOVQ shift_base+72(FP), R13
	MOVQ sum_len+8(FP), CX
	LEAQ (CX*4), BX // bytes of a row
	// sums DI, R8; rows SI, running in R10; CX columns left
wide:
	CMPQ CX, $16
	JLT one
	MOVQ SI, R10
	VMOVUPS (DI), Y0
	VMOVUPS (R8), Y1
	VMOVUPS (R13), Y2
	VMOVUPS 32(DI), Y3
	VMOVUPS 32(R8), Y4
	VMOVUPS 32(R13), Y5
	MOVQ rows+96(FP), AX
widerow:
	TESTQ AX, AX
	JZ wideend
	VMOVUPS (R10), Y6
	VSUBPS Y2, Y6, Y6
	VADDPS Y6, Y0, Y0
	VFMADD231PS Y6, Y6, Y1
	VMOVUPS 32(R10), Y6
	VSUBPS Y5, Y6, Y6
	VADDPS Y6, Y3, Y3
	VFMADD231PS Y6, Y6, Y4
	ADDQ BX, R10
	DECQ AX
	JMP widerow
wideend:
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, (R8)
	VMOVUPS Y3, 32(DI)
	VMOVUPS Y4, 32(R8)
	ADDQ $64, DI
	ADDQ $64, R8
	ADDQ $64, SI
	ADDQ $64, R13
	SUBQ $16, CX
	JMP wide
one:
	CMPQ CX, $8
	JLT tail
	MOVQ SI, R10
	VMOVUPS (DI), Y0
	VMOVUPS (R8), Y1
	VMOVUPS (R13), Y2
	MOVQ rows+96(FP), AX
onerow:
	TESTQ AX, AX
	JZ oneend
	VMOVUPS (R10), Y3
	VSUBPS Y2, Y3, Y3
	VADDPS Y3, Y0, Y0
	VFMADD231PS Y3, Y3, Y1
	ADDQ BX, R10
	DECQ AX
	JMP onerow
oneend:
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, (R8)
	ADDQ $32, DI
	ADDQ $32, R8
	ADDQ $32, SI
	ADDQ $32, R13
	SUBQ $8, CX
	JMP one
tail:
	TESTQ CX, CX
	JZ done
	MOVQ SI, R10
	LEAQ lanes<>+32(SB), SI
	NEGQ CX
	VMOVUPS (SI)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI), Y15, Y0
	VMASKMOVPS (R8), Y15, Y1
	VMASKMOVPS (R13), Y15, Y2
	MOVQ rows+96(FP), AX
tailrow:
	TESTQ AX, AX
	JZ tailend
	VMASKMOVPS (R10), Y15, Y3
	VSUBPS Y2, Y3, Y3
	VADDPS Y3, Y0, Y0
	VFMADD231PS Y3, Y3, Y1
	ADDQ BX, R10
	DECQ AX
	JMP tailrow
tailend:
	VMASKMOVPS Y0, Y15, (DI)
	VMASKMOVPS Y1, Y15, (R8)
done:
	VZEROUPPER
	RET

// normGradSums: sum[c] += dy[r][c]; dot[c] += dy[r][c]*(x[r][c]-mean[c])
//
// func normGradSumsAVX2(sum []float32, dot []float32, dy []float32, x []float32, mean []float32, rows int)
TEXT ·normGradSumsAVX2(SB), NOSPLIT, $0-128
	MOVQ sum_base+0(FP), DI
	MOVQ dot_base+24(FP), R8
	MOVQ dy_base+48(FP), SI
	MOVQ x_base+72(FP), DX
	MOVQ mean_base+96(FP), R13
	MOVQ sum_len+8(FP), CX
	LEAQ (CX*4), BX // bytes of a row
	// sums DI, R8; rows SI, DX, running in R10, R11; CX columns left
wide:
	CMPQ CX, $16
	JLT one
	MOVQ SI, R10
	MOVQ DX, R11
	VMOVUPS (DI), Y0
	VMOVUPS (R8), Y1
	VMOVUPS (R13), Y2
	VMOVUPS 32(DI), Y3
	VMOVUPS 32(R8), Y4
	VMOVUPS 32(R13), Y5
	MOVQ rows+120(FP), AX
widerow:
	TESTQ AX, AX
	JZ wideend
	VMOVUPS (R10), Y6
	VMOVUPS (R11), Y7
	VSUBPS Y2, Y7, Y7
	VADDPS Y6, Y0, Y0
	VFMADD231PS Y7, Y6, Y1
	VMOVUPS 32(R10), Y6
	VMOVUPS 32(R11), Y7
	VSUBPS Y5, Y7, Y7
	VADDPS Y6, Y3, Y3
	VFMADD231PS Y7, Y6, Y4
	ADDQ BX, R10
	ADDQ BX, R11
	DECQ AX
	JMP widerow
wideend:
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, (R8)
	VMOVUPS Y3, 32(DI)
	VMOVUPS Y4, 32(R8)
	ADDQ $64, DI
	ADDQ $64, R8
	ADDQ $64, SI
	ADDQ $64, DX
	ADDQ $64, R13
	SUBQ $16, CX
	JMP wide
one:
	CMPQ CX, $8
	JLT tail
	MOVQ SI, R10
	MOVQ DX, R11
	VMOVUPS (DI), Y0
	VMOVUPS (R8), Y1
	VMOVUPS (R13), Y2
	MOVQ rows+120(FP), AX
onerow:
	TESTQ AX, AX
	JZ oneend
	VMOVUPS (R10), Y3
	VMOVUPS (R11), Y4
	VSUBPS Y2, Y4, Y4
	VADDPS Y3, Y0, Y0
	VFMADD231PS Y4, Y3, Y1
	ADDQ BX, R10
	ADDQ BX, R11
	DECQ AX
	JMP onerow
oneend:
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, (R8)
	ADDQ $32, DI
	ADDQ $32, R8
	ADDQ $32, SI
	ADDQ $32, DX
	ADDQ $32, R13
	SUBQ $8, CX
	JMP one
tail:
	TESTQ CX, CX
	JZ done
	MOVQ SI, R10
	MOVQ DX, R11
	LEAQ lanes<>+32(SB), SI
	NEGQ CX
	VMOVUPS (SI)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI), Y15, Y0
	VMASKMOVPS (R8), Y15, Y1
	VMASKMOVPS (R13), Y15, Y2
	MOVQ rows+120(FP), AX
tailrow:
	TESTQ AX, AX
	JZ tailend
	VMASKMOVPS (R10), Y15, Y3
	VMASKMOVPS (R11), Y15, Y4
	VSUBPS Y2, Y4, Y4
	VADDPS Y3, Y0, Y0
	VFMADD231PS Y4, Y3, Y1
	ADDQ BX, R10
	ADDQ BX, R11
	DECQ AX
	JMP tailrow
tailend:
	VMASKMOVPS Y0, Y15, (DI)
	VMASKMOVPS Y1, Y15, (R8)
done:
	VZEROUPPER
	RET

// normGradReLUSums: the same with dy, 0 where y <= 0
//
// func normGradReLUSumsAVX2(sum []float32, dot []float32, dy []float32, x []float32, y []float32, mean []float32, rows int)
TEXT ·normGradReLUSumsAVX2(SB), NOSPLIT, $0-152
	MOVQ sum_base+0(FP), DI
	MOVQ dot_base+24(FP), R8
	MOVQ dy_base+48(FP), SI
	MOVQ x_base+72(FP), DX
	MOVQ y_base+96(FP), R9
	MOVQ mean_base+120(FP), R13
	MOVQ sum_len+8(FP), CX
	LEAQ (CX*4), BX // bytes of a row
	// sums DI, R8; rows SI, DX, R9, running in R10, R11, R12; CX columns left
wide:
	CMPQ CX, $16
	JLT one
	MOVQ SI, R10
	MOVQ DX, R11
	MOVQ R9, R12
	VMOVUPS (DI), Y0
	VMOVUPS (R8), Y1
	VMOVUPS (R13), Y2
	VMOVUPS 32(DI), Y3
	VMOVUPS 32(R8), Y4
	VMOVUPS 32(R13), Y5
	MOVQ rows+144(FP), AX
widerow:
	TESTQ AX, AX
	JZ wideend
	VMOVUPS (R10), Y6
	VMOVUPS (R11), Y7
	VMOVUPS (R12), Y8
	VXORPS Y12, Y12, Y12
	VCMPPS $9, Y8, Y12, Y12
	VANDPS Y6, Y12, Y6
	VSUBPS Y2, Y7, Y7
	VADDPS Y6, Y0, Y0
	VFMADD231PS Y7, Y6, Y1
	VMOVUPS 32(R10), Y6
	VMOVUPS 32(R11), Y7
	VMOVUPS 32(R12), Y8
	VXORPS Y12, Y12, Y12
	VCMPPS $9, Y8, Y12, Y12
	VANDPS Y6, Y12, Y6
	VSUBPS Y5, Y7, Y7
	VADDPS Y6, Y3, Y3
	VFMADD231PS Y7, Y6, Y4
	ADDQ BX, R10
	ADDQ BX, R11
	ADDQ BX, R12
	DECQ AX
	JMP widerow
wideend:
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, (R8)
	VMOVUPS Y3, 32(DI)
	VMOVUPS Y4, 32(R8)
	ADDQ $64, DI
	ADDQ $64, R8
	ADDQ $64, SI
	ADDQ $64, DX
	ADDQ $64, R9
	ADDQ $64, R13
	SUBQ $16, CX
	JMP wide
one:
	CMPQ CX, $8
	JLT tail
	MOVQ SI, R10
	MOVQ DX, R11
	MOVQ R9, R12
	VMOVUPS (DI), Y0
	VMOVUPS (R8), Y1
	VMOVUPS (R13), Y2
	MOVQ rows+144(FP), AX
onerow:
	TESTQ AX, AX
	JZ oneend
	VMOVUPS (R10), Y3
	VMOVUPS (R11), Y4
	VMOVUPS (R12), Y5
	VXORPS Y12, Y12, Y12
	VCMPPS $9, Y5, Y12, Y12
	VANDPS Y3, Y12, Y3
	VSUBPS Y2, Y4, Y4
	VADDPS Y3, Y0, Y0
	VFMADD231PS Y4, Y3, Y1
	ADDQ BX, R10
	ADDQ BX, R11
	ADDQ BX, R12
	DECQ AX
	JMP onerow
oneend:
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, (R8)
	ADDQ $32, DI
	ADDQ $32, R8
	ADDQ $32, SI
	ADDQ $32, DX
	ADDQ $32, R9
	ADDQ $32, R13
	SUBQ $8, CX
	JMP one
tail:
	TESTQ CX, CX
	JZ done
	MOVQ SI, R10
	MOVQ DX, R11
	MOVQ R9, R12
	LEAQ lanes<>+32(SB), SI
	NEGQ CX
	VMOVUPS (SI)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI), Y15, Y0
	VMASKMOVPS (R8), Y15, Y1
	VMASKMOVPS (R13), Y15, Y2
	MOVQ rows+144(FP), AX
tailrow:
	TESTQ AX, AX
	JZ tailend
	VMASKMOVPS (R10), Y15, Y3
	VMASKMOVPS (R11), Y15, Y4
	VMASKMOVPS (R12), Y15, Y5
	VXORPS Y12, Y12, Y12
	VCMPPS $9, Y5, Y12, Y12
	VANDPS Y3, Y12, Y3
	VSUBPS Y2, Y4, Y4
	VADDPS Y3, Y0, Y0
	VFMADD231PS Y4, Y3, Y1
	ADDQ BX, R10
	ADDQ BX, R11
	ADDQ BX, R12
	DECQ AX
	JMP tailrow
tailend:
	VMASKMOVPS Y0, Y15, (DI)
	VMASKMOVPS Y1, Y15, (R8)
done:
	VZEROUPPER
	RET

// sumRows: sum[c] += x[r][c]
//
// func sumRowsAVX2(sum []float32, x []float32, rows int)
TEXT ·sumRowsAVX2(SB), NOSPLIT, $0-56
	MOVQ sum_base+0(FP), DI
	MOVQ x_base+24(FP), SI
	MOVQ sum_len+8(FP), CX
	LEAQ (CX*4), BX // bytes of a row
	// sums DI; rows SI, running in R10; CX columns left
wide:
	CMPQ CX, $16
	JLT one
	MOVQ SI, R10
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	MOVQ rows+48(FP), AX
widerow:
	TESTQ AX, AX
	JZ wideend
	VMOVUPS (R10), Y2
	VADDPS Y2, Y0, Y0
	VMOVUPS 32(R10), Y2
	VADDPS Y2, Y1, Y1
	ADDQ BX, R10
	DECQ AX
	JMP widerow
wideend:
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ $64, DI
	ADDQ $64, SI
	SUBQ $16, CX
	JMP wide
one:
	CMPQ CX, $8
	JLT tail
	MOVQ SI, R10
	VMOVUPS (DI), Y0
	MOVQ rows+48(FP), AX
onerow:
	TESTQ AX, AX
	JZ oneend
	VMOVUPS (R10), Y1
	VADDPS Y1, Y0, Y0
	ADDQ BX, R10
	DECQ AX
	JMP onerow
oneend:
	VMOVUPS Y0, (DI)
	ADDQ $32, DI
	ADDQ $32, SI
	SUBQ $8, CX
	JMP one
tail:
	TESTQ CX, CX
	JZ done
	MOVQ SI, R10
	LEAQ lanes<>+32(SB), SI
	NEGQ CX
	VMOVUPS (SI)(CX*4), Y15 // the first lanes
	VMASKMOVPS (DI), Y15, Y0
	MOVQ rows+48(FP), AX
tailrow:
	TESTQ AX, AX
	JZ tailend
	VMASKMOVPS (R10), Y15, Y1
	VADDPS Y1, Y0, Y0
	ADDQ BX, R10
	DECQ AX
	JMP tailrow
tailend:
	VMASKMOVPS Y0, Y15, (DI)
done:
	VZEROUPPER
	RET

// normGradSetRows: dx[r][c] = dy[r][c]*a[c] + (x[r][c]*b[c] + d[c])
//
// func normGradSetRowsAVX2(dx []float32, dy []float32, x []float32, a []float32, b []float32, d []float32)
TEXT ·normGradSetRowsAVX2(SB), NOSPLIT, $0-144
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
	LEAQ -8(AX), R12
col:
	CMPQ BX, R12
	JGT tail
	VMOVUPS (DI)(BX*4), Y0
	VMOVUPS (SI)(BX*4), Y1
	VMOVUPS (R9)(BX*4), Y3
	VMOVUPS (R10)(BX*4), Y4
	VMOVUPS (R11)(BX*4), Y5
	VFMADD231PS Y4, Y1, Y5
	VFMADD231PS Y3, Y0, Y5
	VMOVAPS Y5, Y2
	VMOVUPS Y2, (DX)(BX*4)
	ADDQ $8, BX
	JMP col
tail:
	MOVQ AX, R12
	SUBQ BX, R12
	JZ next
	LEAQ lanes<>+32(SB), R13
	NEGQ R12
	VMOVUPS (R13)(R12*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y0
	VMASKMOVPS (SI)(BX*4), Y15, Y1
	VMASKMOVPS (R9)(BX*4), Y15, Y3
	VMASKMOVPS (R10)(BX*4), Y15, Y4
	VMASKMOVPS (R11)(BX*4), Y15, Y5
	VFMADD231PS Y4, Y1, Y5
	VFMADD231PS Y3, Y0, Y5
	VMOVAPS Y5, Y2
	VMASKMOVPS Y2, Y15, (DX)(BX*4)
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
// func normGradReLUSetRowsAVX2(dx []float32, dy []float32, x []float32, y []float32, a []float32, b []float32, d []float32)
TEXT ·normGradReLUSetRowsAVX2(SB), NOSPLIT, $0-168
	MOVQ dy_base+24(FP), DI
	MOVQ x_base+48(FP), SI
	MOVQ y_base+72(FP), DX
	MOVQ dx_base+0(FP), R8
	MOVQ a_base+96(FP), R9
	MOVQ b_base+120(FP), R10
	MOVQ d_base+144(FP), R11
	MOVQ dy_len+32(FP), CX
	// DI dy, SI x, DX y, R8 dx; parameters R9 a, R10 b, R11 d; CX elements left, AX columns, BX column
	MOVQ a_len+104(FP), AX
row:
	TESTQ CX, CX
	JZ done
	SUBQ AX, CX
	XORQ BX, BX
	LEAQ -8(AX), R12
col:
	CMPQ BX, R12
	JGT tail
	VMOVUPS (DI)(BX*4), Y0
	VMOVUPS (SI)(BX*4), Y1
	VMOVUPS (DX)(BX*4), Y2
	VMOVUPS (R9)(BX*4), Y4
	VMOVUPS (R10)(BX*4), Y5
	VMOVUPS (R11)(BX*4), Y6
	VXORPS Y12, Y12, Y12
	VCMPPS $9, Y2, Y12, Y12
	VANDPS Y0, Y12, Y0
	VFMADD231PS Y5, Y1, Y6
	VFMADD231PS Y4, Y0, Y6
	VMOVAPS Y6, Y3
	VMOVUPS Y3, (R8)(BX*4)
	ADDQ $8, BX
	JMP col
tail:
	MOVQ AX, R12
	SUBQ BX, R12
	JZ next
	LEAQ lanes<>+32(SB), R13
	NEGQ R12
	VMOVUPS (R13)(R12*4), Y15 // the first lanes
	VMASKMOVPS (DI)(BX*4), Y15, Y0
	VMASKMOVPS (SI)(BX*4), Y15, Y1
	VMASKMOVPS (DX)(BX*4), Y15, Y2
	VMASKMOVPS (R9)(BX*4), Y15, Y4
	VMASKMOVPS (R10)(BX*4), Y15, Y5
	VMASKMOVPS (R11)(BX*4), Y15, Y6
	VXORPS Y12, Y12, Y12
	VCMPPS $9, Y2, Y12, Y12
	VANDPS Y0, Y12, Y0
	VFMADD231PS Y5, Y1, Y6
	VFMADD231PS Y4, Y0, Y6
	VMOVAPS Y6, Y3
	VMASKMOVPS Y3, Y15, (R8)(BX*4)
next:
	LEAQ (DI)(AX*4), DI
	LEAQ (SI)(AX*4), SI
	LEAQ (DX)(AX*4), DX
	LEAQ (R8)(AX*4), R8
	JMP row
done:
	VZEROUPPER
	RET
