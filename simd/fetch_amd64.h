// The lines of C that a tile will write are fetched before its sums are made: a product whose sums are short waits for them otherwise.
// PREFETCHW, which the assembler does not know (Intel SDM, volume 2: 0F 0D /1), of R13 and of R13+64; processors without it do nothing.
#define PREFETCHW BYTE $0x41; BYTE $0x0F; BYTE $0x0D; BYTE $0x4D; BYTE $0x00 // prefetchw 0(r13)
#define PREFETCHW64 BYTE $0x41; BYTE $0x0F; BYTE $0x0D; BYTE $0x4D; BYTE $0x40 // prefetchw 64(r13)

// fetchC16 and fetchC32 fetch 16 or 32 columns of rows of C; DI args; R13, AX and CX are lost.
#define fetchC16(rows) MOVQ 48(DI), R13; MOVQ 56(DI), AX; MOVQ $rows, CX; \
line: PREFETCHW; ADDQ AX, R13; DECQ CX; JNZ line
#define fetchC32(rows) MOVQ 48(DI), R13; MOVQ 56(DI), AX; MOVQ $rows, CX; \
line: PREFETCHW; PREFETCHW64; ADDQ AX, R13; DECQ CX; JNZ line
