//go:build amd64 && !purego

#include "textflag.h"

// packT8: eight columns of a packed panel from eight rows of the matrix, k steps, a block of 8 by 8 at a time; PackBT in gemm.go has
// the Go loop.
//
//	for p := range k {
//		for c := range 8 {
//			dst[p*w+c] = src[c*ld+p]
//		}
//	}
//
// Y0 to Y7 rows, then pairs of pairs; Y8 to Y15 pairs, then columns. Distances in bytes; k is a multiple of 8.
//
// func packT8AVX2(dst *float32, src *float32, w int, ld int, k int)
TEXT ·packT8AVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), SI
	MOVQ src+8(FP), DI
	MOVQ w+16(FP), DX
	MOVQ ld+24(FP), R8
	MOVQ k+32(FP), CX
	LEAQ (R8)(R8*2), R9 // three rows
	LEAQ (DX)(DX*2), R10
	// DI rows 0 to 3, R11 rows 4 to 7; SI steps 0 to 3, R12 steps 4 to 7
loop:
	CMPQ CX, $8
	JLT done
	LEAQ (DI)(R8*4), R11
	LEAQ (SI)(DX*4), R12
	VMOVUPS (DI), Y0
	VMOVUPS (DI)(R8*1), Y1
	VMOVUPS (DI)(R8*2), Y2
	VMOVUPS (DI)(R9*1), Y3
	VMOVUPS (R11), Y4
	VMOVUPS (R11)(R8*1), Y5
	VMOVUPS (R11)(R8*2), Y6
	VMOVUPS (R11)(R9*1), Y7
	VUNPCKLPS Y1, Y0, Y8
	VUNPCKHPS Y1, Y0, Y9
	VUNPCKLPS Y3, Y2, Y10
	VUNPCKHPS Y3, Y2, Y11
	VUNPCKLPS Y5, Y4, Y12
	VUNPCKHPS Y5, Y4, Y13
	VUNPCKLPS Y7, Y6, Y14
	VUNPCKHPS Y7, Y6, Y15
	VSHUFPS $0x44, Y10, Y8, Y0
	VSHUFPS $0xee, Y10, Y8, Y1
	VSHUFPS $0x44, Y11, Y9, Y2
	VSHUFPS $0xee, Y11, Y9, Y3
	VSHUFPS $0x44, Y14, Y12, Y4
	VSHUFPS $0xee, Y14, Y12, Y5
	VSHUFPS $0x44, Y15, Y13, Y6
	VSHUFPS $0xee, Y15, Y13, Y7
	VPERM2F128 $0x20, Y4, Y0, Y8
	VPERM2F128 $0x20, Y5, Y1, Y9
	VPERM2F128 $0x20, Y6, Y2, Y10
	VPERM2F128 $0x20, Y7, Y3, Y11
	VPERM2F128 $0x31, Y4, Y0, Y12
	VPERM2F128 $0x31, Y5, Y1, Y13
	VPERM2F128 $0x31, Y6, Y2, Y14
	VPERM2F128 $0x31, Y7, Y3, Y15
	VMOVUPS Y8, (SI)
	VMOVUPS Y9, (SI)(DX*1)
	VMOVUPS Y10, (SI)(DX*2)
	VMOVUPS Y11, (SI)(R10*1)
	VMOVUPS Y12, (R12)
	VMOVUPS Y13, (R12)(DX*1)
	VMOVUPS Y14, (R12)(DX*2)
	VMOVUPS Y15, (R12)(R10*1)
	ADDQ $32, DI
	LEAQ (SI)(DX*8), SI
	SUBQ $8, CX
	JMP loop
done:
	VZEROUPPER
	RET
