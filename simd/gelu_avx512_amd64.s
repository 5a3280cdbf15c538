//go:build amd64 && !purego

#include "textflag.h"

// GELU and its gradient; the Go loops stand in gelu.go. The table's 16 parts are in registers, a coefficient each.
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
DATA k_abs<>+0(SB)/4, $0x7fffffff
GLOBL k_abs<>(SB), RODATA|NOPTR, $4
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

// CONSTANTS loads what stays in registers: Z16 to Z22 the coefficients, lowest first, Z24 to Z28 constants, Z29 0; K1 all lanes.
#define CONSTANTS(table) \
	VMOVUPS table+0(SB), Z16; \
	VMOVUPS table+64(SB), Z17; \
	VMOVUPS table+128(SB), Z18; \
	VMOVUPS table+192(SB), Z19; \
	VMOVUPS table+256(SB), Z20; \
	VMOVUPS table+320(SB), Z21; \
	VMOVUPS table+384(SB), Z22; \
	VBROADCASTSS k_scale<>(SB), Z24; \
	VBROADCASTSS k_round<>(SB), Z25; \
	VBROADCASTSS k_end<>(SB), Z26; \
	VBROADCASTSS k_abs<>(SB), Z27; \
	VBROADCASTSS k_one<>(SB), Z28; \
	VPXORD Z29, Z29, Z29; \
	KXNORW K1, K1, K1

// TAIL: Z2 = |Z0|, Z1 = the polynomial of its part, K3 = the lanes beyond the last part, of which there seldom are any.
#define TAIL \
	VPANDD Z27, Z0, Z2; \
	VMOVAPS Z25, Z3; \
	VFMADD231PS Z24, Z2, Z3; \
	VCMPPS $30, Z26, Z2, K3; \
	VSUBPS Z25, Z3, Z4; \
	VPERMPS Z22, Z3, Z1; \
	VPERMPS Z21, Z3, Z5; \
	VFMSUB231PS Z24, Z2, Z4; \
	VPERMPS Z20, Z3, Z6; \
	VFMADD213PS Z5, Z4, Z1; \
	VPERMPS Z19, Z3, Z5; \
	VFMADD213PS Z6, Z4, Z1; \
	VPERMPS Z18, Z3, Z6; \
	VFMADD213PS Z5, Z4, Z1; \
	VPERMPS Z17, Z3, Z5; \
	VFMADD213PS Z6, Z4, Z1; \
	VPERMPS Z16, Z3, Z6; \
	VFMADD213PS Z5, Z4, Z1; \
	VFMADD213PS Z6, Z4, Z1; \
	KORTESTW K3, K3

// FAR: Z4 = the normal distribution function of Z0, Z7 = its density, for Z2 = |Z0|, as in math.go. It leaves Z1 alone.
#define FAR \
	VBROADCASTSS k_f15<>(SB), Z4; \
	VMINPS Z2, Z4, Z5; \
	VMULPS Z5, Z5, Z4; \
	VMOVAPS Z4, Z6; \
	VFMSUB231PS Z5, Z5, Z6; \
	VMOVAPS Z28, Z3; \
	VFMADD231PS.BCST k_c3<>(SB), Z2, Z3; \
	VDIVPS Z3, Z28, Z7; \
	VMULPS.BCST k_half<>(SB), Z4, Z4; \
	VMULPS.BCST k_half<>(SB), Z6, Z6; \
	VMULPS.BCST k_log2e<>(SB), Z4, Z2; \
	VRNDSCALEPS $0, Z2, Z3; \
	VFNMADD231PS.BCST k_ln2hi<>(SB), Z3, Z4; \
	VFNMADD231PS.BCST k_ln2lo<>(SB), Z3, Z4; \
	VBROADCASTSS k_e0<>(SB), Z5; \
	VFMADD213PS.BCST k_e1<>(SB), Z4, Z5; \
	VFMADD213PS.BCST k_e2<>(SB), Z4, Z5; \
	VFMADD213PS.BCST k_e3<>(SB), Z4, Z5; \
	VFMADD213PS.BCST k_e4<>(SB), Z4, Z5; \
	VFMADD213PS.BCST k_e5<>(SB), Z4, Z5; \
	VMULPS Z4, Z4, Z2; \
	VFMADD231PS Z2, Z5, Z4; \
	VADDPS Z28, Z4, Z4; \
	VFMADD231PS Z6, Z4, Z4; \
	VSCALEFPS Z3, Z4, Z4; \
	VBROADCASTSS k_f0<>(SB), Z5; \
	VFMADD213PS.BCST k_f1<>(SB), Z7, Z5; \
	VFMADD213PS.BCST k_f2<>(SB), Z7, Z5; \
	VFMADD213PS.BCST k_f3<>(SB), Z7, Z5; \
	VFMADD213PS.BCST k_f4<>(SB), Z7, Z5; \
	VFMADD213PS.BCST k_f5<>(SB), Z7, Z5; \
	VFMADD213PS.BCST k_f6<>(SB), Z7, Z5; \
	VFMADD213PS.BCST k_f7<>(SB), Z7, Z5; \
	VFMADD213PS.BCST k_f8<>(SB), Z7, Z5; \
	VMULPS.BCST k_density<>(SB), Z4, Z7; \
	VMULPS Z5, Z4, Z4; \
	VCMPPS $13, Z29, Z0, K2; \
	VSUBPS Z4, Z28, K2, Z4

// MASK: K1 = the first CX lanes, of less than all.
#define MASK \
	MOVQ $-1, AX; \
	BZHIQ CX, AX, R8; \
	KMOVW R8, K1

// gelu: dst[i] = max(x[i], 0) - |x[i]|*tail(|x[i]|)
//
// func geluAVX512(dst []float32, x []float32)
TEXT ·geluAVX512(SB), NOSPLIT, $0-48
	MOVQ x_base+24(FP), DI
	MOVQ dst_base+0(FP), SI
	MOVQ dst_len+8(FP), CX
	CONSTANTS(·tailTable)
	// DI x, SI dst; CX elements left
loop:
	CMPQ CX, $16
	JGE in
	TESTQ CX, CX
	JLE done
	MASK
in:
	VMOVUPS.Z (DI), K1, Z0
	TAIL
	VMAXPS Z0, Z29, Z6 // a NaN and -0 stay: of such operands the maximum takes the second
	VFNMADD213PS Z6, Z2, Z1
	JNZ far
out:
	VMOVUPS Z1, K1, (SI)
	ADDQ $64, DI
	ADDQ $64, SI
	SUBQ $16, CX
	JMP loop
far:
	FAR
	VMULPS Z0, Z4, K3, Z1
	JMP out
done:
	VZEROUPPER
	RET

// geluGrad: dx[i] = dy[i] * (x[i] < 0 ? tail(-x[i]) : 1 - tail(x[i]))
//
// func geluGradAVX512(dx []float32, dy []float32, x []float32)
TEXT ·geluGradAVX512(SB), NOSPLIT, $0-72
	MOVQ x_base+48(FP), DI
	MOVQ dy_base+24(FP), DX
	MOVQ dx_base+0(FP), SI
	MOVQ dx_len+8(FP), CX
	CONSTANTS(·tailGradTable)
	// DI x, DX dy, SI dx; CX elements left
loop:
	CMPQ CX, $16
	JGE in
	TESTQ CX, CX
	JLE done
	MASK
in:
	VMOVUPS.Z (DI), K1, Z0
	VMOVUPS.Z (DX), K1, Z8
	TAIL
	VCMPPS $13, Z29, Z0, K2
	VSUBPS Z1, Z28, K2, Z1
	JNZ far
out:
	VMULPS Z1, Z8, Z1
	VMOVUPS Z1, K1, (SI)
	ADDQ $64, DI
	ADDQ $64, DX
	ADDQ $64, SI
	SUBQ $16, CX
	JMP loop
far:
	FAR
	VFMADD231PS Z0, Z7, Z4
	VMOVAPS Z4, K3, Z1
	JMP out
done:
	VZEROUPPER
	RET
