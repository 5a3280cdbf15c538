//go:build amd64 && !purego

#include "textflag.h"

// Winograd's transforms; the Go loops and their source stand in winograd.go. n is a multiple of 16 floats, in bytes
// here, as all distances; count is at least 1.
DATA wpa<>+0(SB)/4, $0x3f300000
GLOBL wpa<>(SB), RODATA|NOPTR, $4
DATA wpb<>+0(SB)/4, $0x3fc00000
GLOBL wpb<>(SB), RODATA|NOPTR, $4
DATA wpA<>+0(SB)/4, $0x3ef20000
GLOBL wpA<>(SB), RODATA|NOPTR, $4
DATA wpB<>+0(SB)/4, $0x40100000
GLOBL wpB<>(SB), RODATA|NOPTR, $4
DATA wpAB<>+0(SB)/4, $0x3f882000
GLOBL wpAB<>(SB), RODATA|NOPTR, $4
DATA wpApB<>+0(SB)/4, $0x402e4000
GLOBL wpApB<>(SB), RODATA|NOPTR, $4
DATA wpa3<>+0(SB)/4, $0x3ea66000
GLOBL wpa3<>(SB), RODATA|NOPTR, $4
DATA wpb3<>+0(SB)/4, $0x40580000
GLOBL wpb3<>(SB), RODATA|NOPTR, $4
DATA wg0<>+0(SB)/4, $0x3f70b84d
GLOBL wg0<>(SB), RODATA|NOPTR, $4
DATA wga<>+0(SB)/4, $0xbf185e27
GLOBL wga<>(SB), RODATA|NOPTR, $4
DATA wgAa<>+0(SB)/4, $0xbe900901
GLOBL wgAa<>(SB), RODATA|NOPTR, $4
DATA wgaa<>+0(SB)/4, $0xbed18175
GLOBL wgaa<>(SB), RODATA|NOPTR, $4
DATA wgb<>+0(SB)/4, $0x3e000801
GLOBL wgb<>(SB), RODATA|NOPTR, $4
DATA wgBb<>+0(SB)/4, $0x3e900901
GLOBL wgBb<>(SB), RODATA|NOPTR, $4
DATA wgbb<>+0(SB)/4, $0x3e400c01
GLOBL wgbb<>(SB), RODATA|NOPTR, $4
DATA whalf<>+0(SB)/4, $0x3f000000
GLOBL whalf<>(SB), RODATA|NOPTR, $4
DATA wminusOne<>+0(SB)/4, $0xbf800000
GLOBL wminusOne<>(SB), RODATA|NOPTR, $4

// winogradInput4: the 6 rows d become the 6 rows r; see winograd.go
//
// func winogradInput4AVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradInput4AVX2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ dstRow+16(FP), R8
	MOVQ srcRow+32(FP), R9
	MOVQ n+48(FP), CX
	MOVQ count+56(FP), DX
	LEAQ (R8)(R8*2), R10
	LEAQ (R8)(R8*4), R11
	LEAQ (R9)(R9*2), R12
	LEAQ (R9)(R9*4), R13
	VBROADCASTSS wpApB<>(SB), Y15
	VBROADCASTSS wpAB<>(SB), Y14
	VBROADCASTSS wpB<>(SB), Y13
	VBROADCASTSS wpa<>(SB), Y12
	VBROADCASTSS wpA<>(SB), Y11
	VBROADCASTSS wpb<>(SB), Y10
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Y0
	VMOVUPS (AX)(R9*1), Y1
	VMOVUPS (AX)(R9*2), Y2
	VMOVUPS (AX)(R12*1), Y3
	VMOVUPS (AX)(R9*4), Y4
	VMOVUPS (AX)(R13*1), Y5
	VMOVAPS Y4, Y7
	VFNMADD231PS Y2, Y15, Y7
	VFMADD231PS Y0, Y14, Y7
	VFNMADD231PS Y3, Y15, Y5
	VFMADD231PS Y1, Y14, Y5
	VMOVAPS Y4, Y6
	VFNMADD231PS Y2, Y13, Y6
	VMOVAPS Y3, Y8
	VFNMADD231PS Y1, Y13, Y8
	VMOVAPS Y6, Y0
	VFMADD231PS Y8, Y12, Y0
	VFNMADD231PS Y8, Y12, Y6
	VFNMADD231PS Y2, Y11, Y4
	VFNMADD231PS Y1, Y11, Y3
	VMOVAPS Y4, Y2
	VFMADD231PS Y3, Y10, Y2
	VFNMADD231PS Y3, Y10, Y4
	VMOVUPS Y7, (BX)
	VMOVUPS Y0, (BX)(R8*1)
	VMOVUPS Y6, (BX)(R8*2)
	VMOVUPS Y2, (BX)(R10*1)
	VMOVUPS Y4, (BX)(R8*4)
	VMOVUPS Y5, (BX)(R11*1)
	ADDQ $32, AX
	ADDQ $32, BX
	SUBQ $32, CX
	JNE step
	MOVQ n+48(FP), CX
	ADDQ dstNext+24(FP), DI
	ADDQ srcNext+40(FP), SI
	DECQ DX
	JNE next
	VZEROUPPER
	RET

// winogradOutput4: the 6 rows d become the 4 rows r; see winograd.go
//
// func winogradOutput4AVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradOutput4AVX2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ dstRow+16(FP), R8
	MOVQ srcRow+32(FP), R9
	MOVQ n+48(FP), CX
	MOVQ count+56(FP), DX
	LEAQ (R8)(R8*2), R10
	LEAQ (R8)(R8*4), R11
	LEAQ (R9)(R9*2), R12
	LEAQ (R9)(R9*4), R13
	VBROADCASTSS wpa<>(SB), Y15
	VBROADCASTSS wpb<>(SB), Y14
	VBROADCASTSS wpA<>(SB), Y13
	VBROADCASTSS wpB<>(SB), Y12
	VBROADCASTSS wpa3<>(SB), Y11
	VBROADCASTSS wpb3<>(SB), Y10
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Y0
	VMOVUPS (AX)(R9*1), Y1
	VMOVUPS (AX)(R9*2), Y2
	VMOVUPS (AX)(R12*1), Y3
	VMOVUPS (AX)(R9*4), Y4
	VMOVUPS (AX)(R13*1), Y5
	VADDPS Y2, Y1, Y6
	VADDPS Y4, Y3, Y7
	VSUBPS Y2, Y1, Y8
	VSUBPS Y4, Y3, Y9
	VADDPS Y6, Y0, Y0
	VADDPS Y7, Y0, Y0
	VMULPS Y15, Y8, Y1
	VFMADD231PS Y9, Y14, Y1
	VMULPS Y13, Y6, Y2
	VFMADD231PS Y7, Y12, Y2
	VMULPS Y11, Y8, Y3
	VFMADD231PS Y9, Y10, Y3
	VADDPS Y5, Y3, Y3
	VMOVUPS Y0, (BX)
	VMOVUPS Y1, (BX)(R8*1)
	VMOVUPS Y2, (BX)(R8*2)
	VMOVUPS Y3, (BX)(R10*1)
	ADDQ $32, AX
	ADDQ $32, BX
	SUBQ $32, CX
	JNE step
	MOVQ n+48(FP), CX
	ADDQ dstNext+24(FP), DI
	ADDQ srcNext+40(FP), SI
	DECQ DX
	JNE next
	VZEROUPPER
	RET

// winogradOutput4Add: the 6 rows d become the 4 rows r, added to dst; see winograd.go
//
// func winogradOutput4AddAVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradOutput4AddAVX2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ dstRow+16(FP), R8
	MOVQ srcRow+32(FP), R9
	MOVQ n+48(FP), CX
	MOVQ count+56(FP), DX
	LEAQ (R8)(R8*2), R10
	LEAQ (R8)(R8*4), R11
	LEAQ (R9)(R9*2), R12
	LEAQ (R9)(R9*4), R13
	VBROADCASTSS wpa<>(SB), Y15
	VBROADCASTSS wpb<>(SB), Y14
	VBROADCASTSS wpA<>(SB), Y13
	VBROADCASTSS wpB<>(SB), Y12
	VBROADCASTSS wpa3<>(SB), Y11
	VBROADCASTSS wpb3<>(SB), Y10
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Y0
	VMOVUPS (AX)(R9*1), Y1
	VMOVUPS (AX)(R9*2), Y2
	VMOVUPS (AX)(R12*1), Y3
	VMOVUPS (AX)(R9*4), Y4
	VMOVUPS (AX)(R13*1), Y5
	VADDPS Y2, Y1, Y6
	VADDPS Y4, Y3, Y7
	VSUBPS Y2, Y1, Y8
	VSUBPS Y4, Y3, Y9
	VADDPS Y6, Y0, Y0
	VADDPS Y7, Y0, Y0
	VMULPS Y15, Y8, Y1
	VFMADD231PS Y9, Y14, Y1
	VMULPS Y13, Y6, Y2
	VFMADD231PS Y7, Y12, Y2
	VMULPS Y11, Y8, Y3
	VFMADD231PS Y9, Y10, Y3
	VADDPS Y5, Y3, Y3
	VADDPS (BX), Y0, Y0
	VMOVUPS Y0, (BX)
	VADDPS (BX)(R8*1), Y1, Y1
	VMOVUPS Y1, (BX)(R8*1)
	VADDPS (BX)(R8*2), Y2, Y2
	VMOVUPS Y2, (BX)(R8*2)
	VADDPS (BX)(R10*1), Y3, Y3
	VMOVUPS Y3, (BX)(R10*1)
	ADDQ $32, AX
	ADDQ $32, BX
	SUBQ $32, CX
	JNE step
	MOVQ n+48(FP), CX
	ADDQ dstNext+24(FP), DI
	ADDQ srcNext+40(FP), SI
	DECQ DX
	JNE next
	VZEROUPPER
	RET

// winogradGrad4: the 4 rows d become the 6 rows r; see winograd.go
//
// func winogradGrad4AVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradGrad4AVX2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ dstRow+16(FP), R8
	MOVQ srcRow+32(FP), R9
	MOVQ n+48(FP), CX
	MOVQ count+56(FP), DX
	LEAQ (R8)(R8*2), R10
	LEAQ (R8)(R8*4), R11
	LEAQ (R9)(R9*2), R12
	LEAQ (R9)(R9*4), R13
	VBROADCASTSS wpA<>(SB), Y14
	VBROADCASTSS wpa<>(SB), Y13
	VBROADCASTSS wpa3<>(SB), Y12
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Y0
	VMOVUPS (AX)(R9*1), Y1
	VMOVUPS (AX)(R9*2), Y2
	VMOVUPS (AX)(R12*1), Y3
	VMOVAPS Y0, Y4
	VFMADD231PS Y2, Y14, Y4
	VMULPS Y13, Y1, Y5
	VFMADD231PS Y3, Y12, Y5
	VADDPS Y5, Y4, Y6
	VSUBPS Y5, Y4, Y7
	VMOVAPS Y0, Y8
	VBROADCASTSS wpB<>(SB), Y15
	VFMADD231PS Y2, Y15, Y8
	VBROADCASTSS wpb<>(SB), Y15
	VMULPS Y15, Y1, Y9
	VBROADCASTSS wpb3<>(SB), Y15
	VFMADD231PS Y3, Y15, Y9
	VADDPS Y9, Y8, Y10
	VSUBPS Y9, Y8, Y11
	VMOVUPS Y0, (BX)
	VMOVUPS Y6, (BX)(R8*1)
	VMOVUPS Y7, (BX)(R8*2)
	VMOVUPS Y10, (BX)(R10*1)
	VMOVUPS Y11, (BX)(R8*4)
	VMOVUPS Y3, (BX)(R11*1)
	ADDQ $32, AX
	ADDQ $32, BX
	SUBQ $32, CX
	JNE step
	MOVQ n+48(FP), CX
	ADDQ dstNext+24(FP), DI
	ADDQ srcNext+40(FP), SI
	DECQ DX
	JNE next
	VZEROUPPER
	RET

// winogradWeight4: the 3 rows d become the 6 rows r; see winograd.go
//
// func winogradWeight4AVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradWeight4AVX2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ dstRow+16(FP), R8
	MOVQ srcRow+32(FP), R9
	MOVQ n+48(FP), CX
	MOVQ count+56(FP), DX
	LEAQ (R8)(R8*2), R10
	LEAQ (R8)(R8*4), R11
	LEAQ (R9)(R9*2), R12
	LEAQ (R9)(R9*4), R13
	VBROADCASTSS wg0<>(SB), Y14
	VBROADCASTSS wga<>(SB), Y13
	VBROADCASTSS wgAa<>(SB), Y12
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Y0
	VMOVUPS (AX)(R9*1), Y1
	VMOVUPS (AX)(R9*2), Y2
	VMULPS Y14, Y0, Y3
	VMULPS Y13, Y0, Y4
	VFMADD231PS Y2, Y12, Y4
	VBROADCASTSS wgaa<>(SB), Y15
	VMULPS Y15, Y1, Y5
	VADDPS Y5, Y4, Y6
	VSUBPS Y5, Y4, Y7
	VBROADCASTSS wgb<>(SB), Y15
	VMULPS Y15, Y0, Y8
	VBROADCASTSS wgBb<>(SB), Y15
	VFMADD231PS Y2, Y15, Y8
	VBROADCASTSS wgbb<>(SB), Y15
	VMULPS Y15, Y1, Y9
	VADDPS Y9, Y8, Y10
	VSUBPS Y9, Y8, Y11
	VMOVUPS Y3, (BX)
	VMOVUPS Y6, (BX)(R8*1)
	VMOVUPS Y7, (BX)(R8*2)
	VMOVUPS Y10, (BX)(R10*1)
	VMOVUPS Y11, (BX)(R8*4)
	VMOVUPS Y2, (BX)(R11*1)
	ADDQ $32, AX
	ADDQ $32, BX
	SUBQ $32, CX
	JNE step
	MOVQ n+48(FP), CX
	ADDQ dstNext+24(FP), DI
	ADDQ srcNext+40(FP), SI
	DECQ DX
	JNE next
	VZEROUPPER
	RET

// winogradWeightGrad4Add: the 6 rows d become the 3 rows r, added to dst; see winograd.go
//
// func winogradWeightGrad4AddAVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradWeightGrad4AddAVX2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ dstRow+16(FP), R8
	MOVQ srcRow+32(FP), R9
	MOVQ n+48(FP), CX
	MOVQ count+56(FP), DX
	LEAQ (R8)(R8*2), R10
	LEAQ (R8)(R8*4), R11
	LEAQ (R9)(R9*2), R12
	LEAQ (R9)(R9*4), R13
	VBROADCASTSS wg0<>(SB), Y14
	VBROADCASTSS wga<>(SB), Y13
	VBROADCASTSS wgb<>(SB), Y12
	VBROADCASTSS wgaa<>(SB), Y11
	VBROADCASTSS wgbb<>(SB), Y10
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Y0
	VMOVUPS (AX)(R9*1), Y1
	VMOVUPS (AX)(R9*2), Y2
	VMOVUPS (AX)(R12*1), Y3
	VMOVUPS (AX)(R9*4), Y4
	VMOVUPS (AX)(R13*1), Y5
	VADDPS Y2, Y1, Y6
	VADDPS Y4, Y3, Y7
	VSUBPS Y2, Y1, Y8
	VSUBPS Y4, Y3, Y9
	VMULPS Y14, Y0, Y0
	VFMADD231PS Y6, Y13, Y0
	VFMADD231PS Y7, Y12, Y0
	VMULPS Y11, Y8, Y1
	VFMADD231PS Y9, Y10, Y1
	VBROADCASTSS wgAa<>(SB), Y15
	VFMADD231PS Y6, Y15, Y5
	VBROADCASTSS wgBb<>(SB), Y15
	VFMADD231PS Y7, Y15, Y5
	VADDPS (BX), Y0, Y0
	VMOVUPS Y0, (BX)
	VADDPS (BX)(R8*1), Y1, Y1
	VMOVUPS Y1, (BX)(R8*1)
	VADDPS (BX)(R8*2), Y5, Y5
	VMOVUPS Y5, (BX)(R8*2)
	ADDQ $32, AX
	ADDQ $32, BX
	SUBQ $32, CX
	JNE step
	MOVQ n+48(FP), CX
	ADDQ dstNext+24(FP), DI
	ADDQ srcNext+40(FP), SI
	DECQ DX
	JNE next
	VZEROUPPER
	RET

// winogradInput2: the 4 rows d become the 4 rows r; see winograd.go
//
// func winogradInput2AVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradInput2AVX2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ dstRow+16(FP), R8
	MOVQ srcRow+32(FP), R9
	MOVQ n+48(FP), CX
	MOVQ count+56(FP), DX
	LEAQ (R8)(R8*2), R10
	LEAQ (R8)(R8*4), R11
	LEAQ (R9)(R9*2), R12
	LEAQ (R9)(R9*4), R13
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Y0
	VMOVUPS (AX)(R9*1), Y1
	VMOVUPS (AX)(R9*2), Y2
	VMOVUPS (AX)(R12*1), Y3
	VSUBPS Y2, Y0, Y4
	VADDPS Y2, Y1, Y5
	VSUBPS Y1, Y2, Y6
	VSUBPS Y3, Y1, Y7
	VMOVUPS Y4, (BX)
	VMOVUPS Y5, (BX)(R8*1)
	VMOVUPS Y6, (BX)(R8*2)
	VMOVUPS Y7, (BX)(R10*1)
	ADDQ $32, AX
	ADDQ $32, BX
	SUBQ $32, CX
	JNE step
	MOVQ n+48(FP), CX
	ADDQ dstNext+24(FP), DI
	ADDQ srcNext+40(FP), SI
	DECQ DX
	JNE next
	VZEROUPPER
	RET

// winogradOutput2: the 4 rows d become the 2 rows r; see winograd.go
//
// func winogradOutput2AVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradOutput2AVX2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ dstRow+16(FP), R8
	MOVQ srcRow+32(FP), R9
	MOVQ n+48(FP), CX
	MOVQ count+56(FP), DX
	LEAQ (R8)(R8*2), R10
	LEAQ (R8)(R8*4), R11
	LEAQ (R9)(R9*2), R12
	LEAQ (R9)(R9*4), R13
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Y0
	VMOVUPS (AX)(R9*1), Y1
	VMOVUPS (AX)(R9*2), Y2
	VMOVUPS (AX)(R12*1), Y3
	VADDPS Y1, Y0, Y4
	VADDPS Y2, Y4, Y5
	VSUBPS Y2, Y1, Y4
	VSUBPS Y3, Y4, Y6
	VMOVUPS Y5, (BX)
	VMOVUPS Y6, (BX)(R8*1)
	ADDQ $32, AX
	ADDQ $32, BX
	SUBQ $32, CX
	JNE step
	MOVQ n+48(FP), CX
	ADDQ dstNext+24(FP), DI
	ADDQ srcNext+40(FP), SI
	DECQ DX
	JNE next
	VZEROUPPER
	RET

// winogradOutput2Add: the 4 rows d become the 2 rows r, added to dst; see winograd.go
//
// func winogradOutput2AddAVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradOutput2AddAVX2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ dstRow+16(FP), R8
	MOVQ srcRow+32(FP), R9
	MOVQ n+48(FP), CX
	MOVQ count+56(FP), DX
	LEAQ (R8)(R8*2), R10
	LEAQ (R8)(R8*4), R11
	LEAQ (R9)(R9*2), R12
	LEAQ (R9)(R9*4), R13
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Y0
	VMOVUPS (AX)(R9*1), Y1
	VMOVUPS (AX)(R9*2), Y2
	VMOVUPS (AX)(R12*1), Y3
	VADDPS Y1, Y0, Y4
	VADDPS Y2, Y4, Y5
	VSUBPS Y2, Y1, Y4
	VSUBPS Y3, Y4, Y6
	VADDPS (BX), Y5, Y5
	VMOVUPS Y5, (BX)
	VADDPS (BX)(R8*1), Y6, Y6
	VMOVUPS Y6, (BX)(R8*1)
	ADDQ $32, AX
	ADDQ $32, BX
	SUBQ $32, CX
	JNE step
	MOVQ n+48(FP), CX
	ADDQ dstNext+24(FP), DI
	ADDQ srcNext+40(FP), SI
	DECQ DX
	JNE next
	VZEROUPPER
	RET

// winogradGrad2: the 2 rows d become the 4 rows r; see winograd.go
//
// func winogradGrad2AVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradGrad2AVX2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ dstRow+16(FP), R8
	MOVQ srcRow+32(FP), R9
	MOVQ n+48(FP), CX
	MOVQ count+56(FP), DX
	LEAQ (R8)(R8*2), R10
	LEAQ (R8)(R8*4), R11
	LEAQ (R9)(R9*2), R12
	LEAQ (R9)(R9*4), R13
	VBROADCASTSS wminusOne<>(SB), Y15
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Y0
	VMOVUPS (AX)(R9*1), Y1
	VMOVAPS Y0, Y2
	VADDPS Y1, Y0, Y3
	VSUBPS Y1, Y0, Y4
	VMULPS Y15, Y1, Y5
	VMOVUPS Y2, (BX)
	VMOVUPS Y3, (BX)(R8*1)
	VMOVUPS Y4, (BX)(R8*2)
	VMOVUPS Y5, (BX)(R10*1)
	ADDQ $32, AX
	ADDQ $32, BX
	SUBQ $32, CX
	JNE step
	MOVQ n+48(FP), CX
	ADDQ dstNext+24(FP), DI
	ADDQ srcNext+40(FP), SI
	DECQ DX
	JNE next
	VZEROUPPER
	RET

// winogradWeight2: the 3 rows d become the 4 rows r; see winograd.go
//
// func winogradWeight2AVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradWeight2AVX2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ dstRow+16(FP), R8
	MOVQ srcRow+32(FP), R9
	MOVQ n+48(FP), CX
	MOVQ count+56(FP), DX
	LEAQ (R8)(R8*2), R10
	LEAQ (R8)(R8*4), R11
	LEAQ (R9)(R9*2), R12
	LEAQ (R9)(R9*4), R13
	VBROADCASTSS whalf<>(SB), Y15
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Y0
	VMOVUPS (AX)(R9*1), Y1
	VMOVUPS (AX)(R9*2), Y2
	VMOVAPS Y0, Y3
	VADDPS Y2, Y0, Y4
	VMULPS Y15, Y4, Y4
	VMULPS Y15, Y1, Y5
	VADDPS Y5, Y4, Y6
	VSUBPS Y5, Y4, Y7
	VMOVAPS Y2, Y8
	VMOVUPS Y3, (BX)
	VMOVUPS Y6, (BX)(R8*1)
	VMOVUPS Y7, (BX)(R8*2)
	VMOVUPS Y8, (BX)(R10*1)
	ADDQ $32, AX
	ADDQ $32, BX
	SUBQ $32, CX
	JNE step
	MOVQ n+48(FP), CX
	ADDQ dstNext+24(FP), DI
	ADDQ srcNext+40(FP), SI
	DECQ DX
	JNE next
	VZEROUPPER
	RET

// winogradWeightGrad2Add: the 4 rows d become the 3 rows r, added to dst; see winograd.go
//
// func winogradWeightGrad2AddAVX2(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradWeightGrad2AddAVX2(SB), NOSPLIT, $0-64
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ dstRow+16(FP), R8
	MOVQ srcRow+32(FP), R9
	MOVQ n+48(FP), CX
	MOVQ count+56(FP), DX
	LEAQ (R8)(R8*2), R10
	LEAQ (R8)(R8*4), R11
	LEAQ (R9)(R9*2), R12
	LEAQ (R9)(R9*4), R13
	VBROADCASTSS whalf<>(SB), Y15
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Y0
	VMOVUPS (AX)(R9*1), Y1
	VMOVUPS (AX)(R9*2), Y2
	VMOVUPS (AX)(R12*1), Y3
	VADDPS Y2, Y1, Y4
	VMULPS Y15, Y4, Y4
	VADDPS Y4, Y0, Y5
	VADDPS Y4, Y3, Y6
	VSUBPS Y2, Y1, Y4
	VMULPS Y15, Y4, Y7
	VADDPS (BX), Y5, Y5
	VMOVUPS Y5, (BX)
	VADDPS (BX)(R8*1), Y7, Y7
	VMOVUPS Y7, (BX)(R8*1)
	VADDPS (BX)(R8*2), Y6, Y6
	VMOVUPS Y6, (BX)(R8*2)
	ADDQ $32, AX
	ADDQ $32, BX
	SUBQ $32, CX
	JNE step
	MOVQ n+48(FP), CX
	ADDQ dstNext+24(FP), DI
	ADDQ srcNext+40(FP), SI
	DECQ DX
	JNE next
	VZEROUPPER
	RET
