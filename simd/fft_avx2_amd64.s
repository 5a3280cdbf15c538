//go:build amd64 && !purego

#include "textflag.h"

// Steps of Fourier transforms; the Go loops stand in fft.go. The AVX-512 level uses these kernels too: a pass waits for its stores.
DATA fftHalf<>+0(SB)/8, $0x3f0000003f000000
DATA fftHalf<>+8(SB)/8, $0x3f0000003f000000
DATA fftHalf<>+16(SB)/8, $0x3f0000003f000000
DATA fftHalf<>+24(SB)/8, $0x3f0000003f000000
GLOBL fftHalf<>(SB), RODATA|NOPTR, $32
DATA fftSin3<>+0(SB)/8, $0x3f5db3d73f5db3d7
DATA fftSin3<>+8(SB)/8, $0x3f5db3d73f5db3d7
DATA fftSin3<>+16(SB)/8, $0x3f5db3d73f5db3d7
DATA fftSin3<>+24(SB)/8, $0x3f5db3d73f5db3d7
GLOBL fftSin3<>(SB), RODATA|NOPTR, $32
DATA fftCos5<>+0(SB)/8, $0x3e9e377a3e9e377a
DATA fftCos5<>+8(SB)/8, $0x3e9e377a3e9e377a
DATA fftCos5<>+16(SB)/8, $0x3e9e377a3e9e377a
DATA fftCos5<>+24(SB)/8, $0x3e9e377a3e9e377a
GLOBL fftCos5<>(SB), RODATA|NOPTR, $32
DATA fftSin5<>+0(SB)/8, $0x3f7378713f737871
DATA fftSin5<>+8(SB)/8, $0x3f7378713f737871
DATA fftSin5<>+16(SB)/8, $0x3f7378713f737871
DATA fftSin5<>+24(SB)/8, $0x3f7378713f737871
GLOBL fftSin5<>(SB), RODATA|NOPTR, $32
DATA fftCos6<>+0(SB)/8, $0xbf4f1bbdbf4f1bbd
DATA fftCos6<>+8(SB)/8, $0xbf4f1bbdbf4f1bbd
DATA fftCos6<>+16(SB)/8, $0xbf4f1bbdbf4f1bbd
DATA fftCos6<>+24(SB)/8, $0xbf4f1bbdbf4f1bbd
GLOBL fftCos6<>(SB), RODATA|NOPTR, $32
DATA fftSin6<>+0(SB)/8, $0x3f1679183f167918
DATA fftSin6<>+8(SB)/8, $0x3f1679183f167918
DATA fftSin6<>+16(SB)/8, $0x3f1679183f167918
DATA fftSin6<>+24(SB)/8, $0x3f1679183f167918
GLOBL fftSin6<>(SB), RODATA|NOPTR, $32
DATA fftBack<>+0(SB)/8, $0x0000000600000007
DATA fftBack<>+8(SB)/8, $0x0000000400000005
DATA fftBack<>+16(SB)/8, $0x0000000200000003
DATA fftBack<>+24(SB)/8, $0x0000000000000001
GLOBL fftBack<>(SB), RODATA|NOPTR, $32

// Passes. Butterflies of eight columns a turn; where a row is no multiple of eight, the last turn repeats some columns.
//
//	DI dre, SI dim, R8 sre, R9 sim, moving with p; R10 w; CX butterflies left
//	R11 s and BX 3s, R12 s·m and R13 3s·m in bytes; DX the column in bytes, AX scratch

#define PASSARGS \
	MOVQ dre+0(FP), DI; \
	MOVQ dim+8(FP), SI; \
	MOVQ sre+16(FP), R8; \
	MOVQ sim+24(FP), R9; \
	MOVQ w+32(FP), R10; \
	MOVQ s+40(FP), R11; \
	MOVQ m+48(FP), CX; \
	SHLQ $2, R11; \
	MOVQ R11, R12; \
	IMULQ CX, R12; \
	LEAQ (R12)(R12*2), R13; \
	LEAQ (R11)(R11*2), BX

// TIMES multiplies the complex r, i by the factor at w(R10); a, b, c and d are scratch.
#define TIMES(w, r, i, a, b, c, d) \
	VBROADCASTSS w(R10), a; \
	VBROADCASTSS w+4(R10), b; \
	VMULPS b, i, c; \
	VMULPS b, r, d; \
	VMULPS a, r, r; \
	VMULPS a, i, i; \
	VSUBPS c, r, r; \
	VADDPS d, i, i

// BUTTERFLY2 leaves the sum in Y4 and Y5, the difference in Y0 and Y2.
#define BUTTERFLY2 \
	LEAQ (R8)(DX*1), AX; \
	VMOVUPS (AX), Y0; \
	VMOVUPS (AX)(R12*1), Y1; \
	LEAQ (R9)(DX*1), AX; \
	VMOVUPS (AX), Y2; \
	VMOVUPS (AX)(R12*1), Y3; \
	VADDPS Y1, Y0, Y4; \
	VADDPS Y3, Y2, Y5; \
	VSUBPS Y1, Y0, Y0; \
	VSUBPS Y3, Y2, Y2

#define STORE2 \
	LEAQ (DI)(DX*1), AX; \
	VMOVUPS Y4, (AX); \
	VMOVUPS Y0, (AX)(R11*1); \
	LEAQ (SI)(DX*1), AX; \
	VMOVUPS Y5, (AX); \
	VMOVUPS Y2, (AX)(R11*1)

// BUTTERFLY3 leaves its results in Y6 Y7, Y10 Y11 and Y8 Y9, real and imaginary.
#define BUTTERFLY3 \
	LEAQ (R8)(DX*1), AX; \
	VMOVUPS (AX), Y0; \
	VMOVUPS (AX)(R12*1), Y1; \
	VMOVUPS (AX)(R12*2), Y2; \
	LEAQ (R9)(DX*1), AX; \
	VMOVUPS (AX), Y3; \
	VMOVUPS (AX)(R12*1), Y4; \
	VMOVUPS (AX)(R12*2), Y5; \
	VADDPS Y2, Y1, Y6; \
	VADDPS Y5, Y4, Y7; \
	VSUBPS Y2, Y1, Y1; \
	VSUBPS Y5, Y4, Y4; \
	VMULPS fftSin3<>(SB), Y1, Y1; \
	VMULPS fftSin3<>(SB), Y4, Y4; \
	VMULPS fftHalf<>(SB), Y6, Y8; \
	VMULPS fftHalf<>(SB), Y7, Y9; \
	VSUBPS Y8, Y0, Y8; \
	VSUBPS Y9, Y3, Y9; \
	VADDPS Y6, Y0, Y6; \
	VADDPS Y7, Y3, Y7; \
	VADDPS Y4, Y8, Y10; \
	VSUBPS Y1, Y9, Y11; \
	VSUBPS Y4, Y8, Y8; \
	VADDPS Y1, Y9, Y9

#define STORE3 \
	LEAQ (DI)(DX*1), AX; \
	VMOVUPS Y6, (AX); \
	VMOVUPS Y10, (AX)(R11*1); \
	VMOVUPS Y8, (AX)(R11*2); \
	LEAQ (SI)(DX*1), AX; \
	VMOVUPS Y7, (AX); \
	VMOVUPS Y11, (AX)(R11*1); \
	VMOVUPS Y9, (AX)(R11*2)

// BUTTERFLY4 leaves its results in Y2 Y3, Y6 Y7, Y8 Y10 and Y0 Y4.
#define BUTTERFLY4 \
	LEAQ (R8)(DX*1), AX; \
	VMOVUPS (AX), Y0; \
	VMOVUPS (AX)(R12*1), Y1; \
	VMOVUPS (AX)(R12*2), Y2; \
	VMOVUPS (AX)(R13*1), Y3; \
	LEAQ (R9)(DX*1), AX; \
	VMOVUPS (AX), Y4; \
	VMOVUPS (AX)(R12*1), Y5; \
	VMOVUPS (AX)(R12*2), Y6; \
	VMOVUPS (AX)(R13*1), Y7; \
	VADDPS Y2, Y0, Y8; \
	VSUBPS Y2, Y0, Y0; \
	VADDPS Y3, Y1, Y9; \
	VSUBPS Y3, Y1, Y1; \
	VADDPS Y6, Y4, Y10; \
	VSUBPS Y6, Y4, Y4; \
	VADDPS Y7, Y5, Y11; \
	VSUBPS Y7, Y5, Y5; \
	VADDPS Y9, Y8, Y2; \
	VADDPS Y11, Y10, Y3; \
	VSUBPS Y9, Y8, Y8; \
	VSUBPS Y11, Y10, Y10; \
	VADDPS Y5, Y0, Y6; \
	VSUBPS Y1, Y4, Y7; \
	VSUBPS Y5, Y0, Y0; \
	VADDPS Y1, Y4, Y4

#define STORE4 \
	LEAQ (DI)(DX*1), AX; \
	VMOVUPS Y2, (AX); \
	VMOVUPS Y6, (AX)(R11*1); \
	VMOVUPS Y8, (AX)(R11*2); \
	VMOVUPS Y0, (AX)(BX*1); \
	LEAQ (SI)(DX*1), AX; \
	VMOVUPS Y3, (AX); \
	VMOVUPS Y7, (AX)(R11*1); \
	VMOVUPS Y10, (AX)(R11*2); \
	VMOVUPS Y4, (AX)(BX*1)

// BUTTERFLY5 stores its first result and leaves the others in Y7 Y8, Y9 Y10, Y13 Y4 and Y12 Y0.
#define BUTTERFLY5 \
	LEAQ (R8)(DX*1), AX; \
	VMOVUPS (AX), Y0; \
	VMOVUPS (AX)(R12*1), Y1; \
	VMOVUPS (AX)(R12*2), Y2; \
	VMOVUPS (AX)(R13*1), Y3; \
	VMOVUPS (AX)(R12*4), Y4; \
	LEAQ (R9)(DX*1), AX; \
	VMOVUPS (AX), Y5; \
	VMOVUPS (AX)(R12*1), Y6; \
	VMOVUPS (AX)(R12*2), Y7; \
	VMOVUPS (AX)(R13*1), Y8; \
	VMOVUPS (AX)(R12*4), Y9; \
	VADDPS Y4, Y1, Y10; \
	VSUBPS Y4, Y1, Y1; \
	VADDPS Y3, Y2, Y4; \
	VSUBPS Y3, Y2, Y2; \
	VADDPS Y9, Y6, Y11; \
	VSUBPS Y9, Y6, Y6; \
	VADDPS Y8, Y7, Y9; \
	VSUBPS Y8, Y7, Y7; \
	VADDPS Y4, Y10, Y3; \
	VADDPS Y9, Y11, Y8; \
	VADDPS Y3, Y0, Y3; \
	VADDPS Y8, Y5, Y8; \
	VMOVUPS Y3, (DI)(DX*1); \
	VMOVUPS Y8, (SI)(DX*1); \
	VMULPS fftCos5<>(SB), Y10, Y12; \
	VMULPS fftCos6<>(SB), Y4, Y13; \
	VADDPS Y13, Y12, Y12; \
	VADDPS Y12, Y0, Y12; \
	VMULPS fftCos6<>(SB), Y10, Y13; \
	VMULPS fftCos5<>(SB), Y4, Y14; \
	VADDPS Y14, Y13, Y13; \
	VADDPS Y13, Y0, Y13; \
	VMULPS fftCos5<>(SB), Y11, Y0; \
	VMULPS fftCos6<>(SB), Y9, Y4; \
	VADDPS Y4, Y0, Y0; \
	VADDPS Y0, Y5, Y0; \
	VMULPS fftCos6<>(SB), Y11, Y4; \
	VMULPS fftCos5<>(SB), Y9, Y10; \
	VADDPS Y10, Y4, Y4; \
	VADDPS Y4, Y5, Y4; \
	VMULPS fftSin5<>(SB), Y1, Y5; \
	VMULPS fftSin6<>(SB), Y2, Y9; \
	VADDPS Y9, Y5, Y5; \
	VMULPS fftSin6<>(SB), Y1, Y1; \
	VMULPS fftSin5<>(SB), Y2, Y2; \
	VSUBPS Y2, Y1, Y1; \
	VMULPS fftSin5<>(SB), Y6, Y2; \
	VMULPS fftSin6<>(SB), Y7, Y9; \
	VADDPS Y9, Y2, Y2; \
	VMULPS fftSin6<>(SB), Y6, Y6; \
	VMULPS fftSin5<>(SB), Y7, Y7; \
	VSUBPS Y7, Y6, Y6; \
	VADDPS Y2, Y12, Y7; \
	VSUBPS Y5, Y0, Y8; \
	VSUBPS Y2, Y12, Y12; \
	VADDPS Y5, Y0, Y0; \
	VADDPS Y6, Y13, Y9; \
	VSUBPS Y1, Y4, Y10; \
	VSUBPS Y6, Y13, Y13; \
	VADDPS Y1, Y4, Y4

#define STORE5 \
	LEAQ (DI)(DX*1), AX; \
	VMOVUPS Y7, (AX)(R11*1); \
	VMOVUPS Y9, (AX)(R11*2); \
	VMOVUPS Y13, (AX)(BX*1); \
	VMOVUPS Y12, (AX)(R11*4); \
	LEAQ (SI)(DX*1), AX; \
	VMOVUPS Y8, (AX)(R11*1); \
	VMOVUPS Y10, (AX)(R11*2); \
	VMOVUPS Y4, (AX)(BX*1); \
	VMOVUPS Y0, (AX)(R11*4)

// func fft2AVX2(dre, dim, sre, sim, w *float32, s, m int)
TEXT ·fft2AVX2(SB), NOSPLIT, $0-56
	PASSARGS
	XORQ DX, DX
	// p = 0: no factors
first2:
	BUTTERFLY2
	STORE2
	ADDQ $32, DX
	LEAQ -32(R11), AX
	CMPQ DX, AX
	JLE first2
	CMPQ DX, R11
	JGE next2
	MOVQ AX, DX
	JMP first2
	// the others
next2:
	LEAQ (DI)(R11*2), DI
	LEAQ (SI)(R11*2), SI
	ADDQ R11, R8
	ADDQ R11, R9
	ADDQ $8, R10
	XORQ DX, DX
	DECQ CX
	JZ done2
column2:
	BUTTERFLY2
	TIMES(0, Y0, Y2, Y6, Y7, Y8, Y9)
	STORE2
	ADDQ $32, DX
	LEAQ -32(R11), AX
	CMPQ DX, AX
	JLE column2
	CMPQ DX, R11
	JGE next2
	MOVQ AX, DX
	JMP column2
done2:
	VZEROUPPER
	RET

// func fft3AVX2(dre, dim, sre, sim, w *float32, s, m int)
TEXT ·fft3AVX2(SB), NOSPLIT, $0-56
	PASSARGS
	XORQ DX, DX
	// p = 0: no factors
first3:
	BUTTERFLY3
	STORE3
	ADDQ $32, DX
	LEAQ -32(R11), AX
	CMPQ DX, AX
	JLE first3
	CMPQ DX, R11
	JGE next3
	MOVQ AX, DX
	JMP first3
	// the others
next3:
	ADDQ BX, DI
	ADDQ BX, SI
	ADDQ R11, R8
	ADDQ R11, R9
	ADDQ $16, R10
	XORQ DX, DX
	DECQ CX
	JZ done3
column3:
	BUTTERFLY3
	TIMES(0, Y10, Y11, Y0, Y1, Y2, Y3)
	TIMES(8, Y8, Y9, Y0, Y1, Y2, Y3)
	STORE3
	ADDQ $32, DX
	LEAQ -32(R11), AX
	CMPQ DX, AX
	JLE column3
	CMPQ DX, R11
	JGE next3
	MOVQ AX, DX
	JMP column3
done3:
	VZEROUPPER
	RET

// func fft4AVX2(dre, dim, sre, sim, w *float32, s, m int)
TEXT ·fft4AVX2(SB), NOSPLIT, $0-56
	PASSARGS
	XORQ DX, DX
	// p = 0: no factors
first4:
	BUTTERFLY4
	STORE4
	ADDQ $32, DX
	LEAQ -32(R11), AX
	CMPQ DX, AX
	JLE first4
	CMPQ DX, R11
	JGE next4
	MOVQ AX, DX
	JMP first4
	// the others
next4:
	LEAQ (DI)(R11*4), DI
	LEAQ (SI)(R11*4), SI
	ADDQ R11, R8
	ADDQ R11, R9
	ADDQ $24, R10
	XORQ DX, DX
	DECQ CX
	JZ done4
column4:
	BUTTERFLY4
	TIMES(0, Y6, Y7, Y1, Y5, Y9, Y11)
	TIMES(8, Y8, Y10, Y12, Y13, Y14, Y15)
	TIMES(16, Y0, Y4, Y1, Y5, Y9, Y11)
	STORE4
	ADDQ $32, DX
	LEAQ -32(R11), AX
	CMPQ DX, AX
	JLE column4
	CMPQ DX, R11
	JGE next4
	MOVQ AX, DX
	JMP column4
done4:
	VZEROUPPER
	RET

// func fft5AVX2(dre, dim, sre, sim, w *float32, s, m int)
TEXT ·fft5AVX2(SB), NOSPLIT, $0-56
	PASSARGS
	XORQ DX, DX
	// p = 0: no factors
first5:
	BUTTERFLY5
	STORE5
	ADDQ $32, DX
	LEAQ -32(R11), AX
	CMPQ DX, AX
	JLE first5
	CMPQ DX, R11
	JGE next5
	MOVQ AX, DX
	JMP first5
	// the others
next5:
	LEAQ (DI)(R11*4), DI
	ADDQ R11, DI
	LEAQ (SI)(R11*4), SI
	ADDQ R11, SI
	ADDQ R11, R8
	ADDQ R11, R9
	ADDQ $32, R10
	XORQ DX, DX
	DECQ CX
	JZ done5
column5:
	BUTTERFLY5
	TIMES(0, Y7, Y8, Y1, Y2, Y3, Y5)
	TIMES(8, Y9, Y10, Y6, Y11, Y14, Y15)
	TIMES(16, Y13, Y4, Y1, Y2, Y3, Y5)
	TIMES(24, Y12, Y0, Y6, Y11, Y14, Y15)
	STORE5
	ADDQ $32, DX
	LEAQ -32(R11), AX
	CMPQ DX, AX
	JLE column5
	CMPQ DX, R11
	JGE next5
	MOVQ AX, DX
	JMP column5
done5:
	VZEROUPPER
	RET

// TRANSPOSE turns the eight registers Y0 to Y7 over and stores them R13 apart from BX on, in base.
#define TRANSPOSE(base) \
	VUNPCKLPS Y1, Y0, Y8; \
	VUNPCKHPS Y1, Y0, Y9; \
	VUNPCKLPS Y3, Y2, Y10; \
	VUNPCKHPS Y3, Y2, Y11; \
	VUNPCKLPS Y5, Y4, Y12; \
	VUNPCKHPS Y5, Y4, Y13; \
	VUNPCKLPS Y7, Y6, Y14; \
	VUNPCKHPS Y7, Y6, Y15; \
	VUNPCKLPD Y10, Y8, Y0; \
	VUNPCKHPD Y10, Y8, Y1; \
	VUNPCKLPD Y11, Y9, Y2; \
	VUNPCKHPD Y11, Y9, Y3; \
	VUNPCKLPD Y14, Y12, Y4; \
	VUNPCKHPD Y14, Y12, Y5; \
	VUNPCKLPD Y15, Y13, Y6; \
	VUNPCKHPD Y15, Y13, Y7; \
	VPERM2F128 $0x20, Y4, Y0, Y8; \
	VPERM2F128 $0x20, Y5, Y1, Y9; \
	VPERM2F128 $0x20, Y6, Y2, Y10; \
	VPERM2F128 $0x20, Y7, Y3, Y11; \
	VPERM2F128 $0x31, Y4, Y0, Y12; \
	VPERM2F128 $0x31, Y5, Y1, Y13; \
	VPERM2F128 $0x31, Y6, Y2, Y14; \
	VPERM2F128 $0x31, Y7, Y3, Y15; \
	VMOVUPS Y8, (base)(BX*1); \
	ADDQ R13, BX; \
	VMOVUPS Y9, (base)(BX*1); \
	ADDQ R13, BX; \
	VMOVUPS Y10, (base)(BX*1); \
	ADDQ R13, BX; \
	VMOVUPS Y11, (base)(BX*1); \
	ADDQ R13, BX; \
	VMOVUPS Y12, (base)(BX*1); \
	ADDQ R13, BX; \
	VMOVUPS Y13, (base)(BX*1); \
	ADDQ R13, BX; \
	VMOVUPS Y14, (base)(BX*1); \
	ADDQ R13, BX; \
	VMOVUPS Y15, (base)(BX*1); \
	ADDQ R13, BX

// REALROW and IMAGROW load the product of eight numbers at AX and their factors into r; Y8 is scratch.
#define REALROW(r) \
	VMOVUPS (R8)(AX*1), r; \
	VMOVUPS (R9)(AX*1), Y8; \
	VMULPS (R10)(AX*1), r, r; \
	VMULPS (R11)(AX*1), Y8, Y8; \
	VSUBPS Y8, r, r; \
	ADDQ R12, AX

#define IMAGROW(r) \
	VMOVUPS (R8)(AX*1), r; \
	VMOVUPS (R9)(AX*1), Y8; \
	VMULPS (R11)(AX*1), r, r; \
	VMULPS (R10)(AX*1), Y8, Y8; \
	VADDPS Y8, r, r; \
	ADDQ R12, AX

// PLACES sets AX to row CX, column DX of the source, BX to row DX, column CX of the result, in bytes.
#define PLACES \
	MOVQ CX, AX; \
	IMULQ R12, AX; \
	LEAQ (AX)(DX*4), AX; \
	MOVQ DX, BX; \
	IMULQ R13, BX; \
	LEAQ (BX)(CX*4), BX

// fftTurn: squares of eight by eight; the last of a line, and the last line, may repeat some numbers.
//
//	DI dre, SI dim, R8 sre, R9 sim, R10 wre, R11 wim; R12 bytes of a row, of the result R13; CX row, DX column
//
// func fftTurnAVX2(dre, dim, sre, sim, wre, wim *float32, rows, cols int)
TEXT ·fftTurnAVX2(SB), NOSPLIT, $0-64
	MOVQ dre+0(FP), DI
	MOVQ dim+8(FP), SI
	MOVQ sre+16(FP), R8
	MOVQ sim+24(FP), R9
	MOVQ wre+32(FP), R10
	MOVQ wim+40(FP), R11
	MOVQ rows+48(FP), R13
	MOVQ cols+56(FP), R12
	SHLQ $2, R13
	SHLQ $2, R12
	XORQ CX, CX
line:
	XORQ DX, DX
square:
	PLACES
	REALROW(Y0)
	REALROW(Y1)
	REALROW(Y2)
	REALROW(Y3)
	REALROW(Y4)
	REALROW(Y5)
	REALROW(Y6)
	REALROW(Y7)
	TRANSPOSE(DI)
	PLACES
	IMAGROW(Y0)
	IMAGROW(Y1)
	IMAGROW(Y2)
	IMAGROW(Y3)
	IMAGROW(Y4)
	IMAGROW(Y5)
	IMAGROW(Y6)
	IMAGROW(Y7)
	TRANSPOSE(SI)
	ADDQ $8, DX
	MOVQ cols+56(FP), AX
	SUBQ DX, AX
	JLE down
	CMPQ AX, $8
	JGE square
	LEAQ -8(DX)(AX*1), DX
	JMP square
down:
	ADDQ $8, CX
	MOVQ rows+48(FP), AX
	SUBQ CX, AX
	JLE turned
	CMPQ AX, $8
	JGE line
	LEAQ -8(CX)(AX*1), CX
	JMP line
turned:
	VZEROUPPER
	RET

// func fftSplitAVX2(re, im, x, w *float32, n int)
TEXT ·fftSplitAVX2(SB), NOSPLIT, $0-40
	MOVQ re+0(FP), DI
	MOVQ im+8(FP), SI
	MOVQ x+16(FP), R8
	MOVQ w+24(FP), R9
	MOVQ n+32(FP), CX
deal:
	VMOVUPS (R8), Y0
	VMOVUPS 32(R8), Y1
	VMULPS (R9), Y0, Y0
	VMULPS 32(R9), Y1, Y1
	VSHUFPS $0x88, Y1, Y0, Y2 // 0 2 8 10 | 4 6 12 14
	VSHUFPS $0xdd, Y1, Y0, Y3
	VPERMPD $0xd8, Y2, Y2
	VPERMPD $0xd8, Y3, Y3
	VMOVUPS Y2, (DI)
	VMOVUPS Y3, (SI)
	ADDQ $64, R8
	ADDQ $64, R9
	ADDQ $32, DI
	ADDQ $32, SI
	SUBQ $8, CX
	JNZ deal
	VZEROUPPER
	RET

// fftReal: eight values from k on and the eight that mirror them, until both meet.
//
//	DI dre, SI dim, R8 zre, R9 zim, R10 wre, R11 wim, R12 n, CX k, DX n-k-7
//
// func fftRealAVX2(dre, dim, zre, zim, wre, wim *float32, n int)
TEXT ·fftRealAVX2(SB), NOSPLIT, $0-56
	MOVQ dre+0(FP), DI
	MOVQ dim+8(FP), SI
	MOVQ zre+16(FP), R8
	MOVQ zim+24(FP), R9
	MOVQ wre+32(FP), R10
	MOVQ wim+40(FP), R11
	MOVQ n+48(FP), R12
	VMOVUPS fftBack<>(SB), Y15
	MOVQ $1, CX
	LEAQ -8(R12), DX
	SHRQ $1, R12
pair:
	VMOVUPS (R8)(CX*4), Y0
	VMOVUPS (R9)(CX*4), Y1
	VPERMPS (R8)(DX*4), Y15, Y2
	VPERMPS (R9)(DX*4), Y15, Y3
	VADDPS Y2, Y0, Y4 // a
	VSUBPS Y3, Y1, Y5
	VSUBPS Y2, Y0, Y6 // b
	VADDPS Y3, Y1, Y7
	VMOVUPS (R10)(CX*4), Y8
	VMOVUPS (R11)(CX*4), Y9
	VMULPS Y7, Y8, Y10
	VMULPS Y6, Y9, Y11
	VADDPS Y11, Y10, Y10 // real part of -i·w·b
	VMULPS Y7, Y9, Y12
	VMULPS Y6, Y8, Y13
	VSUBPS Y13, Y12, Y12 // imaginary part
	VADDPS Y10, Y4, Y0
	VADDPS Y12, Y5, Y1
	VSUBPS Y10, Y4, Y2
	VSUBPS Y5, Y12, Y3
	VPERMPS Y2, Y15, Y2
	VPERMPS Y3, Y15, Y3
	VMOVUPS Y0, (DI)(CX*4)
	VMOVUPS Y1, (SI)(CX*4)
	VMOVUPS Y2, (DI)(DX*4)
	VMOVUPS Y3, (SI)(DX*4)
	ADDQ $8, CX
	SUBQ $8, DX
	CMPQ CX, R12
	JLE pair
	VZEROUPPER
	RET

// func fftPowerAVX2(dst, re, im *float32, n, root int)
TEXT ·fftPowerAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ re+8(FP), SI
	MOVQ im+16(FP), R8
	MOVQ n+24(FP), CX
	MOVQ root+32(FP), AX
	TESTQ AX, AX
	JNZ magnitude
power:
	VMOVUPS (SI), Y0
	VMOVUPS (R8), Y1
	VMULPS Y0, Y0, Y0
	VMULPS Y1, Y1, Y1
	VADDPS Y1, Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ $32, SI
	ADDQ $32, R8
	ADDQ $32, DI
	SUBQ $8, CX
	JNZ power
	VZEROUPPER
	RET
magnitude:
	VMOVUPS (SI), Y0
	VMOVUPS (R8), Y1
	VMULPS Y0, Y0, Y0
	VMULPS Y1, Y1, Y1
	VADDPS Y1, Y0, Y0
	VSQRTPS Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ $32, SI
	ADDQ $32, R8
	ADDQ $32, DI
	SUBQ $8, CX
	JNZ magnitude
	VZEROUPPER
	RET
