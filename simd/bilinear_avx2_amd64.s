//go:build amd64 && !purego

#include "textflag.h"

// The Go loop stands in bilinear.go. The AVX-512 level uses this kernel too: a pixel of five channels fills no more than eight lanes.

// LOOKUP interpolates the pixel at index i/4 into r: its five channels, and three lanes that are nobody's.
#define LOOKUP(i, r) \
	MOVLQSX i(R8), AX; \
	LEAQ (SI)(AX*4), AX; \
	VBROADCASTSS i(R9), Y8; \
	VBROADCASTSS i(R10), Y9; \
	VMOVUPS (AX), r; \
	VMOVUPS 20(AX), Y10; \
	VMOVUPS (AX)(R11*1), Y11; \
	VMOVUPS 20(AX)(R11*1), Y12; \
	VSUBPS r, Y10, Y10; \
	VSUBPS Y11, Y12, Y12; \
	VMULPS Y8, Y10, Y10; \
	VMULPS Y8, Y12, Y12; \
	VADDPS Y10, r, r; \
	VADDPS Y12, Y11, Y11; \
	VSUBPS r, Y11, Y11; \
	VMULPS Y9, Y11, Y11; \
	VADDPS Y11, r, r

// bilinear5: eight pixels a turn in Y0 to Y7, then turned over, so that a channel is a register.
//
//	DI dst, R12 stride and R13 three strides in bytes, SI src, R11 row in bytes, R8 at, R9 fx, R10 fy, CX n
//
// func bilinear5AVX2(dst *float32, stride int, src *float32, row int, at *int32, fx, fy *float32, n int)
TEXT ·bilinear5AVX2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ stride+8(FP), R12
	MOVQ src+16(FP), SI
	MOVQ row+24(FP), R11
	MOVQ at+32(FP), R8
	MOVQ fx+40(FP), R9
	MOVQ fy+48(FP), R10
	MOVQ n+56(FP), CX
	SHLQ $2, R12
	SHLQ $2, R11
	LEAQ (R12)(R12*2), R13
bilinear8:
	LOOKUP(0, Y0)
	LOOKUP(4, Y1)
	LOOKUP(8, Y2)
	LOOKUP(12, Y3)
	LOOKUP(16, Y4)
	LOOKUP(20, Y5)
	LOOKUP(24, Y6)
	LOOKUP(28, Y7)
	VUNPCKLPS Y1, Y0, Y8   // pixels 0 1: channels 0 0 1 1 | 4 4
	VUNPCKHPS Y1, Y0, Y9   // 2 2 3 3
	VUNPCKLPS Y3, Y2, Y10
	VUNPCKHPS Y3, Y2, Y11
	VUNPCKLPD Y10, Y8, Y0  // pixels 0 1 2 3: channel 0 | 4
	VUNPCKHPD Y10, Y8, Y1  // 1
	VUNPCKLPD Y11, Y9, Y2  // 2
	VUNPCKHPD Y11, Y9, Y3  // 3
	VUNPCKLPS Y5, Y4, Y8
	VUNPCKHPS Y5, Y4, Y9
	VUNPCKLPS Y7, Y6, Y10
	VUNPCKHPS Y7, Y6, Y11
	VUNPCKLPD Y10, Y8, Y4
	VUNPCKHPD Y10, Y8, Y5
	VUNPCKLPD Y11, Y9, Y6
	VUNPCKHPD Y11, Y9, Y7
	VPERM2F128 $0x20, Y4, Y0, Y8
	VPERM2F128 $0x20, Y5, Y1, Y9
	VPERM2F128 $0x20, Y6, Y2, Y10
	VPERM2F128 $0x20, Y7, Y3, Y11
	VPERM2F128 $0x31, Y4, Y0, Y12
	VMOVUPS Y8, (DI)
	VMOVUPS Y9, (DI)(R12*1)
	VMOVUPS Y10, (DI)(R12*2)
	VMOVUPS Y11, (DI)(R13*1)
	VMOVUPS Y12, (DI)(R12*4)
	ADDQ $32, DI
	ADDQ $32, R8
	ADDQ $32, R9
	ADDQ $32, R10
	SUBQ $8, CX
	JNZ bilinear8
	VZEROUPPER
	RET
