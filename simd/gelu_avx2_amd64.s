//go:build amd64 && !purego

#include "textflag.h"

// GELU and its gradient; the Go loops stand in gelu.go.
DATA k_c3<>+0(SB)/4, $0x3e99999a
GLOBL k_c3<>(SB), RODATA|NOPTR, $4
DATA k_e0<>+0(SB)/4, $0x39506967
GLOBL k_e0<>(SB), RODATA|NOPTR, $4
DATA k_e1<>+0(SB)/4, $0x3ab743ce
GLOBL k_e1<>(SB), RODATA|NOPTR, $4
DATA k_e2<>+0(SB)/4, $0x3c088908
GLOBL k_e2<>(SB), RODATA|NOPTR, $4
DATA k_e3<>+0(SB)/4, $0x3d2aa9c1
GLOBL k_e3<>(SB), RODATA|NOPTR, $4
DATA k_e4<>+0(SB)/4, $0x3e2aaaaa
GLOBL k_e4<>(SB), RODATA|NOPTR, $4
DATA k_e5<>+0(SB)/4, $0x3f000000
GLOBL k_e5<>(SB), RODATA|NOPTR, $4
DATA k_abs<>+0(SB)/4, $0x7fffffff
GLOBL k_abs<>(SB), RODATA|NOPTR, $4
DATA k_f0<>+0(SB)/4, $0x3d1d55bc
GLOBL k_f0<>(SB), RODATA|NOPTR, $4
DATA k_f1<>+0(SB)/4, $0xbe2d6496
GLOBL k_f1<>(SB), RODATA|NOPTR, $4
DATA k_f15<>+0(SB)/4, $0x41700000
GLOBL k_f15<>(SB), RODATA|NOPTR, $4
DATA k_f2<>+0(SB)/4, $0x3e6a7df6
GLOBL k_f2<>(SB), RODATA|NOPTR, $4
DATA k_f3<>+0(SB)/4, $0xbd9d78a1
GLOBL k_f3<>(SB), RODATA|NOPTR, $4
DATA k_f4<>+0(SB)/4, $0x3e123a2f
GLOBL k_f4<>(SB), RODATA|NOPTR, $4
DATA k_f5<>+0(SB)/4, $0x3dc1ae80
GLOBL k_f5<>(SB), RODATA|NOPTR, $4
DATA k_f6<>+0(SB)/4, $0x3df9c069
GLOBL k_f6<>(SB), RODATA|NOPTR, $4
DATA k_f7<>+0(SB)/4, $0x3df4b3dd
GLOBL k_f7<>(SB), RODATA|NOPTR, $4
DATA k_f8<>+0(SB)/4, $0x36f865b5
GLOBL k_f8<>(SB), RODATA|NOPTR, $4
DATA k_half<>+0(SB)/4, $0xbf000000 // -1/2
GLOBL k_half<>(SB), RODATA|NOPTR, $4
DATA k_i127<>+0(SB)/4, $0x0000007f
GLOBL k_i127<>(SB), RODATA|NOPTR, $4
DATA k_ln2hi<>+0(SB)/4, $0x3f318000
GLOBL k_ln2hi<>(SB), RODATA|NOPTR, $4
DATA k_ln2lo<>+0(SB)/4, $0xb95e8083
GLOBL k_ln2lo<>(SB), RODATA|NOPTR, $4
DATA k_log2e<>+0(SB)/4, $0x3fb8aa3b
GLOBL k_log2e<>(SB), RODATA|NOPTR, $4
DATA k_one<>+0(SB)/4, $0x3f800000
GLOBL k_one<>(SB), RODATA|NOPTR, $4
DATA k_density<>+0(SB)/4, $0x3ecc422a // 1/sqrt(2*pi)
GLOBL k_density<>(SB), RODATA|NOPTR, $4
DATA k_scale<>+0(SB)/4, $0x40280000 // 2.625
GLOBL k_scale<>(SB), RODATA|NOPTR, $4
DATA k_round<>+0(SB)/4, $0x4b400000 // 1.5·2^23
GLOBL k_round<>(SB), RODATA|NOPTR, $4
DATA k_end<>+0(SB)/4, $0x40bccccd // 5.9
GLOBL k_end<>(SB), RODATA|NOPTR, $4
DATA lanes<>+0(SB)/8, $0xffffffffffffffff
DATA lanes<>+8(SB)/8, $0xffffffffffffffff
DATA lanes<>+16(SB)/8, $0xffffffffffffffff
DATA lanes<>+24(SB)/8, $0xffffffffffffffff
DATA lanes<>+32(SB)/8, $0x0000000000000000
DATA lanes<>+40(SB)/8, $0x0000000000000000
DATA lanes<>+48(SB)/8, $0x0000000000000000
DATA lanes<>+56(SB)/8, $0x0000000000000000
GLOBL lanes<>(SB), RODATA|NOPTR, $64

// CONSTANTS loads Y10, Y11 and Y14.
#define CONSTANTS \
	VBROADCASTSS k_scale<>(SB), Y10; \
	VBROADCASTSS k_round<>(SB), Y11; \
	VBROADCASTSS k_abs<>(SB), Y14

// TAIL: Y2 = |Y0|, Y8 = the polynomial of its part, whose fourth bit tells the table's halves apart; Y9 and AX = the lanes beyond the
// last part, of which there seldom are any.
#define TAIL(table) \
	VANDPS Y14, Y0, Y2; \
	VMOVAPS Y11, Y3; \
	VFMADD231PS Y10, Y2, Y3; \
	VSUBPS Y11, Y3, Y4; \
	VFMSUB231PS Y10, Y2, Y4; \
	VPSLLD $28, Y3, Y13; \
	VBROADCASTSS k_end<>(SB), Y9; \
	VCMPPS $30, Y9, Y2, Y9; \
	VMOVMSKPS Y9, AX; \
	VPERMPS table+384(SB), Y3, Y8; \
	VPERMPS table+416(SB), Y3, Y5; \
	VBLENDVPS Y13, Y5, Y8, Y8; \
	VPERMPS table+320(SB), Y3, Y6; \
	VPERMPS table+352(SB), Y3, Y5; \
	VBLENDVPS Y13, Y5, Y6, Y6; \
	VFMADD213PS Y6, Y4, Y8; \
	VPERMPS table+256(SB), Y3, Y6; \
	VPERMPS table+288(SB), Y3, Y5; \
	VBLENDVPS Y13, Y5, Y6, Y6; \
	VFMADD213PS Y6, Y4, Y8; \
	VPERMPS table+192(SB), Y3, Y6; \
	VPERMPS table+224(SB), Y3, Y5; \
	VBLENDVPS Y13, Y5, Y6, Y6; \
	VFMADD213PS Y6, Y4, Y8; \
	VPERMPS table+128(SB), Y3, Y6; \
	VPERMPS table+160(SB), Y3, Y5; \
	VBLENDVPS Y13, Y5, Y6, Y6; \
	VFMADD213PS Y6, Y4, Y8; \
	VPERMPS table+64(SB), Y3, Y6; \
	VPERMPS table+96(SB), Y3, Y5; \
	VBLENDVPS Y13, Y5, Y6, Y6; \
	VFMADD213PS Y6, Y4, Y8; \
	VPERMPS table+0(SB), Y3, Y6; \
	VPERMPS table+32(SB), Y3, Y5; \
	VBLENDVPS Y13, Y5, Y6, Y6; \
	VFMADD213PS Y6, Y4, Y8; \
	TESTL AX, AX

// FAR: Y1 = the normal distribution function of Y0, Y6 = its density, as in math.go. A NaN stays one: of two operands the minimum takes the second.
#define FAR \
	VBROADCASTSS k_abs<>(SB), Y12; \
	VANDPS Y12, Y0, Y2; \
	VBROADCASTSS k_f15<>(SB), Y13; \
	VMINPS Y2, Y13, Y4; \
	VMULPS Y4, Y4, Y1; \
	VMOVAPS Y1, Y5; \
	VFMSUB231PS Y4, Y4, Y5; \
	VBROADCASTSS k_one<>(SB), Y13; \
	VMOVAPS Y13, Y3; \
	VBROADCASTSS k_c3<>(SB), Y12; \
	VFMADD231PS Y12, Y2, Y3; \
	VDIVPS Y3, Y13, Y6; \
	VBROADCASTSS k_half<>(SB), Y12; \
	VMULPS Y12, Y1, Y1; \
	VMULPS Y12, Y5, Y5; \
	VBROADCASTSS k_log2e<>(SB), Y12; \
	VMULPS Y12, Y1, Y2; \
	VCVTPS2DQ Y2, Y2; \
	VCVTDQ2PS Y2, Y3; \
	VBROADCASTSS k_ln2hi<>(SB), Y12; \
	VFNMADD231PS Y12, Y3, Y1; \
	VBROADCASTSS k_ln2lo<>(SB), Y12; \
	VFNMADD231PS Y12, Y3, Y1; \
	VBROADCASTSS k_e0<>(SB), Y4; \
	VBROADCASTSS k_e1<>(SB), Y12; \
	VFMADD213PS Y12, Y1, Y4; \
	VBROADCASTSS k_e2<>(SB), Y12; \
	VFMADD213PS Y12, Y1, Y4; \
	VBROADCASTSS k_e3<>(SB), Y12; \
	VFMADD213PS Y12, Y1, Y4; \
	VBROADCASTSS k_e4<>(SB), Y12; \
	VFMADD213PS Y12, Y1, Y4; \
	VBROADCASTSS k_e5<>(SB), Y12; \
	VFMADD213PS Y12, Y1, Y4; \
	VMULPS Y1, Y1, Y3; \
	VFMADD231PS Y3, Y4, Y1; \
	VADDPS Y13, Y1, Y1; \
	VFMADD231PS Y5, Y1, Y1; \
	VPSRAD $1, Y2, Y3; \
	VPSUBD Y3, Y2, Y2; \
	VBROADCASTSS k_i127<>(SB), Y12; \
	VPADDD Y12, Y3, Y3; \
	VPSLLD $23, Y3, Y3; \
	VMULPS Y3, Y1, Y1; \
	VPADDD Y12, Y2, Y2; \
	VPSLLD $23, Y2, Y2; \
	VMULPS Y2, Y1, Y1; \
	VBROADCASTSS k_f0<>(SB), Y4; \
	VBROADCASTSS k_f1<>(SB), Y12; \
	VFMADD213PS Y12, Y6, Y4; \
	VBROADCASTSS k_f2<>(SB), Y12; \
	VFMADD213PS Y12, Y6, Y4; \
	VBROADCASTSS k_f3<>(SB), Y12; \
	VFMADD213PS Y12, Y6, Y4; \
	VBROADCASTSS k_f4<>(SB), Y12; \
	VFMADD213PS Y12, Y6, Y4; \
	VBROADCASTSS k_f5<>(SB), Y12; \
	VFMADD213PS Y12, Y6, Y4; \
	VBROADCASTSS k_f6<>(SB), Y12; \
	VFMADD213PS Y12, Y6, Y4; \
	VBROADCASTSS k_f7<>(SB), Y12; \
	VFMADD213PS Y12, Y6, Y4; \
	VBROADCASTSS k_f8<>(SB), Y12; \
	VFMADD213PS Y12, Y6, Y4; \
	VBROADCASTSS k_density<>(SB), Y12; \
	VMULPS Y12, Y1, Y6; \
	VMULPS Y4, Y1, Y1; \
	VSUBPS Y1, Y13, Y3; \
	VXORPS Y5, Y5, Y5; \
	VCMPPS $13, Y5, Y0, Y12; \
	VBLENDVPS Y12, Y3, Y1, Y1

// MASK: Y15 = the first CX lanes.
#define MASK \
	LEAQ lanes<>+32(SB), AX; \
	NEGQ CX; \
	VMOVUPS (AX)(CX*4), Y15

// gelu: dst[i] = max(x[i], 0) - |x[i]|*tail(|x[i]|)
//
// func geluAVX2(dst []float32, x []float32)
TEXT ·geluAVX2(SB), NOSPLIT, $0-48
	MOVQ x_base+24(FP), DI
	MOVQ dst_base+0(FP), SI
	MOVQ dst_len+8(FP), CX
	CONSTANTS
	// DI x, SI dst; CX elements left
loop:
	CMPQ CX, $8
	JLT part
	VMOVUPS (DI), Y0
in:
	TAIL(·tailTable)
	VXORPS Y6, Y6, Y6
	VMAXPS Y0, Y6, Y6 // a NaN and -0 stay: of such operands the maximum takes the second
	VFNMADD213PS Y6, Y2, Y8
	JNZ far
out:
	CMPQ CX, $8
	JLT some
	VMOVUPS Y8, (SI)
	ADDQ $32, DI
	ADDQ $32, SI
	SUBQ $8, CX
	JMP loop
part:
	TESTQ CX, CX
	JZ done
	MASK
	VMASKMOVPS (DI), Y15, Y0
	JMP in
some:
	VMASKMOVPS Y8, Y15, (SI)
done:
	VZEROUPPER
	RET
far:
	FAR
	VMULPS Y0, Y1, Y1
	VBLENDVPS Y9, Y1, Y8, Y8
	JMP out

// geluGrad: dx[i] = dy[i] * (x[i] < 0 ? tail(-x[i]) : 1 - tail(x[i]))
//
// func geluGradAVX2(dx []float32, dy []float32, x []float32)
TEXT ·geluGradAVX2(SB), NOSPLIT, $0-72
	MOVQ x_base+48(FP), DI
	MOVQ dy_base+24(FP), DX
	MOVQ dx_base+0(FP), SI
	MOVQ dx_len+8(FP), CX
	CONSTANTS
	// DI x, DX dy, SI dx; CX elements left
loop:
	CMPQ CX, $8
	JLT part
	VMOVUPS (DI), Y0
	VMOVUPS (DX), Y7
in:
	TAIL(·tailGradTable)
	VBROADCASTSS k_one<>(SB), Y5
	VSUBPS Y8, Y5, Y5
	VXORPS Y6, Y6, Y6
	VCMPPS $13, Y6, Y0, Y6
	VBLENDVPS Y6, Y5, Y8, Y8
	JNZ far
out:
	VMULPS Y8, Y7, Y8
	CMPQ CX, $8
	JLT some
	VMOVUPS Y8, (SI)
	ADDQ $32, DI
	ADDQ $32, DX
	ADDQ $32, SI
	SUBQ $8, CX
	JMP loop
part:
	TESTQ CX, CX
	JZ done
	MASK
	VMASKMOVPS (DI), Y15, Y0
	VMASKMOVPS (DX), Y15, Y7
	JMP in
some:
	VMASKMOVPS Y8, Y15, (SI)
done:
	VZEROUPPER
	RET
far:
	FAR
	VFMADD231PS Y0, Y6, Y1
	VBLENDVPS Y9, Y1, Y8, Y8
	JMP out
