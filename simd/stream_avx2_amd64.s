//go:build amd64 && !purego

#include "textflag.h"

// Writing past the caches; AVX-512 takes these too, the memory being what decides.

// streamAVX2: dst[i] = src[i], whole cache lines of dst written past the caches; the lines that dst shares with what lies
// before and behind it are written as usual
//
// func streamAVX2(dst []float32, src []float32)
TEXT ·streamAVX2(SB), NOSPLIT, $0-48
	MOVQ dst_base+0(FP), DI
	MOVQ src_base+24(FP), SI
	MOVQ dst_len+8(FP), CX
	// DI dst, SI src; CX elements left
head:
	TESTQ $63, DI
	JZ wide
	TESTQ CX, CX
	JZ done
	MOVL (SI), AX
	MOVL AX, (DI)
	ADDQ $4, SI
	ADDQ $4, DI
	DECQ CX
	JMP head
wide:
	SUBQ $32, CX
	JLT line
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VMOVUPS 64(SI), Y2
	VMOVUPS 96(SI), Y3
	VMOVNTPS Y0, (DI)
	VMOVNTPS Y1, 32(DI)
	VMOVNTPS Y2, 64(DI)
	VMOVNTPS Y3, 96(DI)
	ADDQ $128, SI
	ADDQ $128, DI
	JMP wide
line:
	ADDQ $16, CX
	JLT rest
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VMOVNTPS Y0, (DI)
	VMOVNTPS Y1, 32(DI)
	ADDQ $64, SI
	ADDQ $64, DI
	SUBQ $16, CX
rest:
	ADDQ $16, CX
tail:
	JZ done
	MOVL (SI), AX
	MOVL AX, (DI)
	ADDQ $4, SI
	ADDQ $4, DI
	DECQ CX
	JMP tail
done:
	VZEROUPPER
	RET

// func fenceAVX2()
TEXT ·fenceAVX2(SB), NOSPLIT, $0-0
	SFENCE
	VZEROUPPER
	RET
