//go:build amd64 && !purego

#include "textflag.h"

// GELU and its gradient; the Go loops and the polynomials' source stand in math.go. The body is normCDF's, which has the density on its way.
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

// CONSTANTS loads Z7 to Z29.
#define CONSTANTS \
	VBROADCASTSS k_f15<>(SB), Z16; \
	VBROADCASTSS k_log2e<>(SB), Z17; \
	VBROADCASTSS k_ln2hi<>(SB), Z18; \
	VBROADCASTSS k_ln2lo<>(SB), Z19; \
	VBROADCASTSS k_e1<>(SB), Z20; \
	VBROADCASTSS k_e2<>(SB), Z21; \
	VBROADCASTSS k_e3<>(SB), Z22; \
	VBROADCASTSS k_e4<>(SB), Z23; \
	VBROADCASTSS k_e5<>(SB), Z24; \
	VBROADCASTSS k_one<>(SB), Z25; \
	VBROADCASTSS k_abs<>(SB), Z26; \
	VBROADCASTSS k_half<>(SB), Z27; \
	VBROADCASTSS k_c3<>(SB), Z28; \
	VBROADCASTSS k_f1<>(SB), Z29; \
	VBROADCASTSS k_f0<>(SB), Z7; \
	VBROADCASTSS k_f2<>(SB), Z8; \
	VBROADCASTSS k_f3<>(SB), Z9; \
	VBROADCASTSS k_f4<>(SB), Z10; \
	VBROADCASTSS k_f5<>(SB), Z11; \
	VBROADCASTSS k_f6<>(SB), Z12; \
	VBROADCASTSS k_f7<>(SB), Z13; \
	VBROADCASTSS k_f8<>(SB), Z14; \
	VBROADCASTSS k_e0<>(SB), Z15

// BODY: Z1 = the normal distribution function of Z0, Z6 = its density where Z30 is 1/sqrt(2*pi). A NaN stays one: of two operands the minimum takes the second.
#define BODY \
	VPANDD Z26, Z0, Z2; \
	VMINPS Z2, Z16, Z4; \
	VMULPS Z4, Z4, Z1; \
	VMOVAPS Z1, Z5; \
	VFMSUB231PS Z4, Z4, Z5; \
	VMOVAPS Z25, Z3; \
	VFMADD231PS Z28, Z2, Z3; \
	VDIVPS Z3, Z25, Z6; \
	VMULPS Z27, Z1, Z1; \
	VMULPS Z27, Z5, Z5; \
	VMULPS Z17, Z1, Z2; \
	VRNDSCALEPS $0, Z2, Z3; \
	VFNMADD231PS Z18, Z3, Z1; \
	VFNMADD231PS Z19, Z3, Z1; \
	VMOVAPS Z15, Z4; \
	VFMADD213PS Z20, Z1, Z4; \
	VFMADD213PS Z21, Z1, Z4; \
	VFMADD213PS Z22, Z1, Z4; \
	VFMADD213PS Z23, Z1, Z4; \
	VFMADD213PS Z24, Z1, Z4; \
	VMULPS Z1, Z1, Z2; \
	VFMADD231PS Z2, Z4, Z1; \
	VADDPS Z25, Z1, Z1; \
	VFMADD231PS Z5, Z1, Z1; \
	VSCALEFPS Z3, Z1, Z1; \
	VMOVAPS Z7, Z4; \
	VFMADD213PS Z29, Z6, Z4; \
	VFMADD213PS Z8, Z6, Z4; \
	VFMADD213PS Z9, Z6, Z4; \
	VFMADD213PS Z10, Z6, Z4; \
	VFMADD213PS Z11, Z6, Z4; \
	VFMADD213PS Z12, Z6, Z4; \
	VFMADD213PS Z13, Z6, Z4; \
	VFMADD213PS Z14, Z6, Z4; \
	VMULPS Z30, Z1, Z6; \
	VMULPS Z4, Z1, Z1; \
	VPXORD Z2, Z2, Z2; \
	VCMPPS $13, Z2, Z0, K2; \
	VSUBPS Z1, Z25, K2, Z1

// MASK: K1 = the first CX lanes, at most all.
#define MASK \
	MOVQ $-1, AX; \
	BZHIQ CX, AX, R8; \
	CMPQ CX, $16; \
	CMOVQGE AX, R8; \
	KMOVW R8, K1

// gelu: dst[i] = x[i] * normCDF(x[i])
//
// func geluAVX512(dst []float32, x []float32)
TEXT ·geluAVX512(SB), NOSPLIT, $0-48
	MOVQ x_base+24(FP), DI
	MOVQ dst_base+0(FP), SI
	MOVQ dst_len+8(FP), CX
	CONSTANTS
	VBROADCASTSS k_density<>(SB), Z30
	// DI x, SI dst; CX elements left
loop:
	CMPQ CX, $0
	JLE done
	MASK
	VMOVUPS.Z (DI), K1, Z0
	BODY
	VMULPS Z0, Z1, Z1
	VMOVUPS Z1, K1, (SI)
	ADDQ $64, DI
	ADDQ $64, SI
	SUBQ $16, CX
	JMP loop
done:
	VZEROUPPER
	RET

// geluGrad: dx[i] = dy[i] * (normCDF(x[i]) + x[i]*density(x[i]))
//
// func geluGradAVX512(dx []float32, dy []float32, x []float32)
TEXT ·geluGradAVX512(SB), NOSPLIT, $0-72
	MOVQ x_base+48(FP), DI
	MOVQ dy_base+24(FP), DX
	MOVQ dx_base+0(FP), SI
	MOVQ dx_len+8(FP), CX
	CONSTANTS
	VBROADCASTSS k_density<>(SB), Z30
	// DI x, DX dy, SI dx; CX elements left
loop:
	CMPQ CX, $0
	JLE done
	MASK
	VMOVUPS.Z (DI), K1, Z0
	VMOVUPS.Z (DX), K1, Z31
	BODY
	VFMADD231PS Z0, Z6, Z1
	VMULPS Z1, Z31, Z1
	VMOVUPS Z1, K1, (SI)
	ADDQ $64, DI
	ADDQ $64, DX
	ADDQ $64, SI
	SUBQ $16, CX
	JMP loop
done:
	VZEROUPPER
	RET
