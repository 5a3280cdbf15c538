//go:build amd64 && !purego

#include "textflag.h"

// Conversions for products of low precision; the Go loops stand in lowp.go. An instruction in bytes is one that the assembler
// does not know; a test decodes it.

DATA pairs<>+0(SB)/8, $0x0011000100100000
DATA pairs<>+8(SB)/8, $0x0013000300120002
DATA pairs<>+16(SB)/8, $0x0015000500140004
DATA pairs<>+24(SB)/8, $0x0017000700160006
DATA pairs<>+32(SB)/8, $0x0019000900180008
DATA pairs<>+40(SB)/8, $0x001b000b001a000a
DATA pairs<>+48(SB)/8, $0x001d000d001c000c
DATA pairs<>+56(SB)/8, $0x001f000f001e000e
GLOBL pairs<>(SB), RODATA|NOPTR, $64

// packBF16: neighbours become pairs, 32 elements a turn.
//
// func packBF16AVX512(dst, src *float32, n int)
TEXT ·packBF16AVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
pack32:
	VMOVUPS (SI), Z0
	VMOVUPS 64(SI), Z1
	BYTE $0x62; BYTE $0xf2; BYTE $0x77; BYTE $0x48; BYTE $0x72; BYTE $0xd0 // vcvtne2ps2bf16 zmm2, zmm1, zmm0
	VMOVUPS Z2, (DI)
	ADDQ $128, SI
	ADDQ $64, DI
	SUBQ $32, CX
	JNZ pack32
	VZEROUPPER
	RET

// pairBF16: element i of even and of odd become pair i, 16 a turn.
//
// func pairBF16AVX512(dst, even, odd *float32, n int)
TEXT ·pairBF16AVX512(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ even+8(FP), SI
	MOVQ odd+16(FP), R8
	MOVQ n+24(FP), CX
	VMOVDQU64 pairs<>(SB), Z3
pair16:
	VMOVUPS (SI), Z0
	VMOVUPS (R8), Z1
	BYTE $0x62; BYTE $0xf2; BYTE $0x77; BYTE $0x48; BYTE $0x72; BYTE $0xd0 // vcvtne2ps2bf16 zmm2, zmm1, zmm0
	VPERMW Z2, Z3, Z2
	VMOVUPS Z2, (DI)
	ADDQ $64, SI
	ADDQ $64, R8
	ADDQ $64, DI
	SUBQ $16, CX
	JNZ pair16
	VZEROUPPER
	RET

// quantize: round(x·inv + zero) held in [0, 255], 16 a turn.
//
// func quantizeAVX512(dst *uint8, src *float32, inv, zero float32, n int)
TEXT ·quantizeAVX512(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	VBROADCASTSS inv+16(FP), Z1
	VBROADCASTSS zero+20(FP), Z2
	MOVQ n+24(FP), CX
	VPXORD Z3, Z3, Z3
	MOVL $0x437f0000, AX // 255
	VPBROADCASTD AX, Z4
quant16:
	VMOVUPS (SI), Z0
	VFMADD213PS Z2, Z1, Z0
	VMAXPS Z3, Z0, Z0
	VMINPS Z4, Z0, Z0
	VCVTPS2DQ Z0, Z0
	VPMOVDB Z0, X0
	VMOVDQU X0, (DI)
	ADDQ $64, SI
	ADDQ $16, DI
	SUBQ $16, CX
	JNZ quant16
	VZEROUPPER
	RET

// dequantize: float32(sum - minus)·scale, 16 a turn.
//
// func dequantizeAVX512(dst *float32, sum, minus *int32, scale *float32, n int)
TEXT ·dequantizeAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ sum+8(FP), SI
	MOVQ minus+16(FP), R8
	MOVQ scale+24(FP), R9
	MOVQ n+32(FP), CX
dequant16:
	VMOVDQU32 (SI), Z0
	VPSUBD (R8), Z0, Z0
	VCVTDQ2PS Z0, Z0
	VMULPS (R9), Z0, Z0
	VMOVUPS Z0, (DI)
	ADDQ $64, SI
	ADDQ $64, R8
	ADDQ $64, R9
	ADDQ $64, DI
	SUBQ $16, CX
	JNZ dequant16
	VZEROUPPER
	RET

// rangeOf: the least and the greatest of 0 and n elements, 64 a turn; NaN if one is.
//
// func rangeOfAVX512(x *float32, n int) (lo, hi float32)
TEXT ·rangeOfAVX512(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	KXORW K3, K3, K3
range64:
	VMOVUPS (SI), Z4
	VMOVUPS 64(SI), Z5
	VMOVUPS 128(SI), Z6
	VMOVUPS 192(SI), Z7
	VCMPPS $3, Z4, Z5, K1 // one of two is NaN
	VCMPPS $3, Z6, Z7, K2
	KORW K1, K3, K3
	KORW K2, K3, K3
	VMINPS Z0, Z4, Z0
	VMAXPS Z1, Z4, Z1
	VMINPS Z2, Z5, Z2
	VMAXPS Z3, Z5, Z3
	VMINPS Z0, Z6, Z0
	VMAXPS Z1, Z6, Z1
	VMINPS Z2, Z7, Z2
	VMAXPS Z3, Z7, Z3
	ADDQ $256, SI
	SUBQ $64, CX
	JNZ range64
	VMINPS Z2, Z0, Z0
	VMAXPS Z3, Z1, Z1
	VEXTRACTF64X4 $1, Z0, Y2
	VEXTRACTF64X4 $1, Z1, Y3
	VMINPS Y2, Y0, Y0
	VMAXPS Y3, Y1, Y1
	VEXTRACTF128 $1, Y0, X2
	VEXTRACTF128 $1, Y1, X3
	VMINPS X2, X0, X0
	VMAXPS X3, X1, X1
	VPSHUFD $0x4e, X0, X2
	VPSHUFD $0x4e, X1, X3
	VMINPS X2, X0, X0
	VMAXPS X3, X1, X1
	VPSHUFD $0xb1, X0, X2
	VPSHUFD $0xb1, X1, X3
	VMINPS X2, X0, X0
	VMAXPS X3, X1, X1
	KORTESTW K3, K3
	JEQ finite
	VPCMPEQD X0, X0, X0 // all ones is a NaN
	VMOVDQU X0, X1
finite:
	VMOVSS X0, lo+16(FP)
	VMOVSS X1, hi+20(FP)
	VZEROUPPER
	RET
