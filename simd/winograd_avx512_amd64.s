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
// func winogradInput4AVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradInput4AVX512(SB), NOSPLIT, $0-64
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
	VBROADCASTSS wpApB<>(SB), Z31
	VBROADCASTSS wpAB<>(SB), Z30
	VBROADCASTSS wpB<>(SB), Z29
	VBROADCASTSS wpa<>(SB), Z28
	VBROADCASTSS wpA<>(SB), Z27
	VBROADCASTSS wpb<>(SB), Z26
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Z0
	VMOVUPS (AX)(R9*1), Z1
	VMOVUPS (AX)(R9*2), Z2
	VMOVUPS (AX)(R12*1), Z3
	VMOVUPS (AX)(R9*4), Z4
	VMOVUPS (AX)(R13*1), Z5
	VMOVAPS Z4, Z7
	VFNMADD231PS Z2, Z31, Z7
	VFMADD231PS Z0, Z30, Z7
	VFNMADD231PS Z3, Z31, Z5
	VFMADD231PS Z1, Z30, Z5
	VMOVAPS Z4, Z6
	VFNMADD231PS Z2, Z29, Z6
	VMOVAPS Z3, Z8
	VFNMADD231PS Z1, Z29, Z8
	VMOVAPS Z6, Z0
	VFMADD231PS Z8, Z28, Z0
	VFNMADD231PS Z8, Z28, Z6
	VFNMADD231PS Z2, Z27, Z4
	VFNMADD231PS Z1, Z27, Z3
	VMOVAPS Z4, Z2
	VFMADD231PS Z3, Z26, Z2
	VFNMADD231PS Z3, Z26, Z4
	VMOVUPS Z7, (BX)
	VMOVUPS Z0, (BX)(R8*1)
	VMOVUPS Z6, (BX)(R8*2)
	VMOVUPS Z2, (BX)(R10*1)
	VMOVUPS Z4, (BX)(R8*4)
	VMOVUPS Z5, (BX)(R11*1)
	ADDQ $64, AX
	ADDQ $64, BX
	SUBQ $64, CX
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
// func winogradOutput4AVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradOutput4AVX512(SB), NOSPLIT, $0-64
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
	VBROADCASTSS wpa<>(SB), Z31
	VBROADCASTSS wpb<>(SB), Z30
	VBROADCASTSS wpA<>(SB), Z29
	VBROADCASTSS wpB<>(SB), Z28
	VBROADCASTSS wpa3<>(SB), Z27
	VBROADCASTSS wpb3<>(SB), Z26
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Z0
	VMOVUPS (AX)(R9*1), Z1
	VMOVUPS (AX)(R9*2), Z2
	VMOVUPS (AX)(R12*1), Z3
	VMOVUPS (AX)(R9*4), Z4
	VMOVUPS (AX)(R13*1), Z5
	VADDPS Z2, Z1, Z6
	VADDPS Z4, Z3, Z7
	VSUBPS Z2, Z1, Z8
	VSUBPS Z4, Z3, Z9
	VADDPS Z6, Z0, Z0
	VADDPS Z7, Z0, Z0
	VMULPS Z31, Z8, Z1
	VFMADD231PS Z9, Z30, Z1
	VMULPS Z29, Z6, Z2
	VFMADD231PS Z7, Z28, Z2
	VMULPS Z27, Z8, Z3
	VFMADD231PS Z9, Z26, Z3
	VADDPS Z5, Z3, Z3
	VMOVUPS Z0, (BX)
	VMOVUPS Z1, (BX)(R8*1)
	VMOVUPS Z2, (BX)(R8*2)
	VMOVUPS Z3, (BX)(R10*1)
	ADDQ $64, AX
	ADDQ $64, BX
	SUBQ $64, CX
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
// func winogradOutput4AddAVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradOutput4AddAVX512(SB), NOSPLIT, $0-64
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
	VBROADCASTSS wpa<>(SB), Z31
	VBROADCASTSS wpb<>(SB), Z30
	VBROADCASTSS wpA<>(SB), Z29
	VBROADCASTSS wpB<>(SB), Z28
	VBROADCASTSS wpa3<>(SB), Z27
	VBROADCASTSS wpb3<>(SB), Z26
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Z0
	VMOVUPS (AX)(R9*1), Z1
	VMOVUPS (AX)(R9*2), Z2
	VMOVUPS (AX)(R12*1), Z3
	VMOVUPS (AX)(R9*4), Z4
	VMOVUPS (AX)(R13*1), Z5
	VADDPS Z2, Z1, Z6
	VADDPS Z4, Z3, Z7
	VSUBPS Z2, Z1, Z8
	VSUBPS Z4, Z3, Z9
	VADDPS Z6, Z0, Z0
	VADDPS Z7, Z0, Z0
	VMULPS Z31, Z8, Z1
	VFMADD231PS Z9, Z30, Z1
	VMULPS Z29, Z6, Z2
	VFMADD231PS Z7, Z28, Z2
	VMULPS Z27, Z8, Z3
	VFMADD231PS Z9, Z26, Z3
	VADDPS Z5, Z3, Z3
	VADDPS (BX), Z0, Z0
	VMOVUPS Z0, (BX)
	VADDPS (BX)(R8*1), Z1, Z1
	VMOVUPS Z1, (BX)(R8*1)
	VADDPS (BX)(R8*2), Z2, Z2
	VMOVUPS Z2, (BX)(R8*2)
	VADDPS (BX)(R10*1), Z3, Z3
	VMOVUPS Z3, (BX)(R10*1)
	ADDQ $64, AX
	ADDQ $64, BX
	SUBQ $64, CX
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
// func winogradGrad4AVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradGrad4AVX512(SB), NOSPLIT, $0-64
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
	VBROADCASTSS wpA<>(SB), Z31
	VBROADCASTSS wpa<>(SB), Z30
	VBROADCASTSS wpa3<>(SB), Z29
	VBROADCASTSS wpB<>(SB), Z28
	VBROADCASTSS wpb<>(SB), Z27
	VBROADCASTSS wpb3<>(SB), Z26
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Z0
	VMOVUPS (AX)(R9*1), Z1
	VMOVUPS (AX)(R9*2), Z2
	VMOVUPS (AX)(R12*1), Z3
	VMOVAPS Z0, Z4
	VFMADD231PS Z2, Z31, Z4
	VMULPS Z30, Z1, Z5
	VFMADD231PS Z3, Z29, Z5
	VADDPS Z5, Z4, Z6
	VSUBPS Z5, Z4, Z7
	VMOVAPS Z0, Z8
	VFMADD231PS Z2, Z28, Z8
	VMULPS Z27, Z1, Z9
	VFMADD231PS Z3, Z26, Z9
	VADDPS Z9, Z8, Z10
	VSUBPS Z9, Z8, Z11
	VMOVUPS Z0, (BX)
	VMOVUPS Z6, (BX)(R8*1)
	VMOVUPS Z7, (BX)(R8*2)
	VMOVUPS Z10, (BX)(R10*1)
	VMOVUPS Z11, (BX)(R8*4)
	VMOVUPS Z3, (BX)(R11*1)
	ADDQ $64, AX
	ADDQ $64, BX
	SUBQ $64, CX
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
// func winogradWeight4AVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradWeight4AVX512(SB), NOSPLIT, $0-64
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
	VBROADCASTSS wg0<>(SB), Z31
	VBROADCASTSS wga<>(SB), Z30
	VBROADCASTSS wgAa<>(SB), Z29
	VBROADCASTSS wgaa<>(SB), Z28
	VBROADCASTSS wgb<>(SB), Z27
	VBROADCASTSS wgBb<>(SB), Z26
	VBROADCASTSS wgbb<>(SB), Z25
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Z0
	VMOVUPS (AX)(R9*1), Z1
	VMOVUPS (AX)(R9*2), Z2
	VMULPS Z31, Z0, Z3
	VMULPS Z30, Z0, Z4
	VFMADD231PS Z2, Z29, Z4
	VMULPS Z28, Z1, Z5
	VADDPS Z5, Z4, Z6
	VSUBPS Z5, Z4, Z7
	VMULPS Z27, Z0, Z8
	VFMADD231PS Z2, Z26, Z8
	VMULPS Z25, Z1, Z9
	VADDPS Z9, Z8, Z10
	VSUBPS Z9, Z8, Z11
	VMOVUPS Z3, (BX)
	VMOVUPS Z6, (BX)(R8*1)
	VMOVUPS Z7, (BX)(R8*2)
	VMOVUPS Z10, (BX)(R10*1)
	VMOVUPS Z11, (BX)(R8*4)
	VMOVUPS Z2, (BX)(R11*1)
	ADDQ $64, AX
	ADDQ $64, BX
	SUBQ $64, CX
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
// func winogradWeightGrad4AddAVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradWeightGrad4AddAVX512(SB), NOSPLIT, $0-64
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
	VBROADCASTSS wg0<>(SB), Z31
	VBROADCASTSS wga<>(SB), Z30
	VBROADCASTSS wgb<>(SB), Z29
	VBROADCASTSS wgaa<>(SB), Z28
	VBROADCASTSS wgbb<>(SB), Z27
	VBROADCASTSS wgAa<>(SB), Z26
	VBROADCASTSS wgBb<>(SB), Z25
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Z0
	VMOVUPS (AX)(R9*1), Z1
	VMOVUPS (AX)(R9*2), Z2
	VMOVUPS (AX)(R12*1), Z3
	VMOVUPS (AX)(R9*4), Z4
	VMOVUPS (AX)(R13*1), Z5
	VADDPS Z2, Z1, Z6
	VADDPS Z4, Z3, Z7
	VSUBPS Z2, Z1, Z8
	VSUBPS Z4, Z3, Z9
	VMULPS Z31, Z0, Z0
	VFMADD231PS Z6, Z30, Z0
	VFMADD231PS Z7, Z29, Z0
	VMULPS Z28, Z8, Z1
	VFMADD231PS Z9, Z27, Z1
	VFMADD231PS Z6, Z26, Z5
	VFMADD231PS Z7, Z25, Z5
	VADDPS (BX), Z0, Z0
	VMOVUPS Z0, (BX)
	VADDPS (BX)(R8*1), Z1, Z1
	VMOVUPS Z1, (BX)(R8*1)
	VADDPS (BX)(R8*2), Z5, Z5
	VMOVUPS Z5, (BX)(R8*2)
	ADDQ $64, AX
	ADDQ $64, BX
	SUBQ $64, CX
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
// func winogradInput2AVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradInput2AVX512(SB), NOSPLIT, $0-64
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
	VMOVUPS (AX), Z0
	VMOVUPS (AX)(R9*1), Z1
	VMOVUPS (AX)(R9*2), Z2
	VMOVUPS (AX)(R12*1), Z3
	VSUBPS Z2, Z0, Z4
	VADDPS Z2, Z1, Z5
	VSUBPS Z1, Z2, Z6
	VSUBPS Z3, Z1, Z7
	VMOVUPS Z4, (BX)
	VMOVUPS Z5, (BX)(R8*1)
	VMOVUPS Z6, (BX)(R8*2)
	VMOVUPS Z7, (BX)(R10*1)
	ADDQ $64, AX
	ADDQ $64, BX
	SUBQ $64, CX
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
// func winogradOutput2AVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradOutput2AVX512(SB), NOSPLIT, $0-64
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
	VMOVUPS (AX), Z0
	VMOVUPS (AX)(R9*1), Z1
	VMOVUPS (AX)(R9*2), Z2
	VMOVUPS (AX)(R12*1), Z3
	VADDPS Z1, Z0, Z4
	VADDPS Z2, Z4, Z5
	VSUBPS Z2, Z1, Z4
	VSUBPS Z3, Z4, Z6
	VMOVUPS Z5, (BX)
	VMOVUPS Z6, (BX)(R8*1)
	ADDQ $64, AX
	ADDQ $64, BX
	SUBQ $64, CX
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
// func winogradOutput2AddAVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradOutput2AddAVX512(SB), NOSPLIT, $0-64
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
	VMOVUPS (AX), Z0
	VMOVUPS (AX)(R9*1), Z1
	VMOVUPS (AX)(R9*2), Z2
	VMOVUPS (AX)(R12*1), Z3
	VADDPS Z1, Z0, Z4
	VADDPS Z2, Z4, Z5
	VSUBPS Z2, Z1, Z4
	VSUBPS Z3, Z4, Z6
	VADDPS (BX), Z5, Z5
	VMOVUPS Z5, (BX)
	VADDPS (BX)(R8*1), Z6, Z6
	VMOVUPS Z6, (BX)(R8*1)
	ADDQ $64, AX
	ADDQ $64, BX
	SUBQ $64, CX
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
// func winogradGrad2AVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradGrad2AVX512(SB), NOSPLIT, $0-64
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
	VBROADCASTSS wminusOne<>(SB), Z31
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Z0
	VMOVUPS (AX)(R9*1), Z1
	VMOVAPS Z0, Z2
	VADDPS Z1, Z0, Z3
	VSUBPS Z1, Z0, Z4
	VMULPS Z31, Z1, Z5
	VMOVUPS Z2, (BX)
	VMOVUPS Z3, (BX)(R8*1)
	VMOVUPS Z4, (BX)(R8*2)
	VMOVUPS Z5, (BX)(R10*1)
	ADDQ $64, AX
	ADDQ $64, BX
	SUBQ $64, CX
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
// func winogradWeight2AVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradWeight2AVX512(SB), NOSPLIT, $0-64
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
	VBROADCASTSS whalf<>(SB), Z31
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Z0
	VMOVUPS (AX)(R9*1), Z1
	VMOVUPS (AX)(R9*2), Z2
	VMOVAPS Z0, Z3
	VADDPS Z2, Z0, Z4
	VMULPS Z31, Z4, Z4
	VMULPS Z31, Z1, Z5
	VADDPS Z5, Z4, Z6
	VSUBPS Z5, Z4, Z7
	VMOVAPS Z2, Z8
	VMOVUPS Z3, (BX)
	VMOVUPS Z6, (BX)(R8*1)
	VMOVUPS Z7, (BX)(R8*2)
	VMOVUPS Z8, (BX)(R10*1)
	ADDQ $64, AX
	ADDQ $64, BX
	SUBQ $64, CX
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
// func winogradWeightGrad2AddAVX512(dst, src *float32, dstRow, dstNext, srcRow, srcNext, n, count int)
TEXT ·winogradWeightGrad2AddAVX512(SB), NOSPLIT, $0-64
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
	VBROADCASTSS whalf<>(SB), Z31
	// DI dst, R8 R10 R11 its row once, three and five times; SI src, R9 R12 R13 likewise; CX bytes a row, DX rows left
next:
	MOVQ DI, BX
	MOVQ SI, AX
step:
	VMOVUPS (AX), Z0
	VMOVUPS (AX)(R9*1), Z1
	VMOVUPS (AX)(R9*2), Z2
	VMOVUPS (AX)(R12*1), Z3
	VADDPS Z2, Z1, Z4
	VMULPS Z31, Z4, Z4
	VADDPS Z4, Z0, Z5
	VADDPS Z4, Z3, Z6
	VSUBPS Z2, Z1, Z4
	VMULPS Z31, Z4, Z7
	VADDPS (BX), Z5, Z5
	VMOVUPS Z5, (BX)
	VADDPS (BX)(R8*1), Z7, Z7
	VMOVUPS Z7, (BX)(R8*1)
	VADDPS (BX)(R8*2), Z6, Z6
	VMOVUPS Z6, (BX)(R8*2)
	ADDQ $64, AX
	ADDQ $64, BX
	SUBQ $64, CX
	JNE step
	MOVQ n+48(FP), CX
	ADDQ dstNext+24(FP), DI
	ADDQ srcNext+40(FP), SI
	DECQ DX
	JNE next
	VZEROUPPER
	RET
