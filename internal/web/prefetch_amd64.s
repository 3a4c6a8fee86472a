//go:build !purego

#include "textflag.h"

// The Go compiler offers its prefetch instruction to the runtime only; plain loads (ahead_other.go)
// stall on a cache miss. scripts/limits measures the difference.

// func loadOffsets(offsets []uint64, pages []uint32)
TEXT ·loadOffsets(SB), NOSPLIT, $0-48
	MOVQ offsets_base+0(FP), DI
	MOVQ offsets_len+8(FP), R8
	MOVQ pages_base+24(FP), SI
	MOVQ pages_len+32(FP), CX
	DECQ R8 // the last offset belongs to no page
	JMP  test

page:
	MOVL (SI), AX
	ADDQ $4, SI
	DECQ CX
	CMPQ AX, R8
	JGE  test
	PREFETCHT0 (DI)(AX*8)

test:
	TESTQ CX, CX
	JNE   page
	RET

// func loadLinks(offsets []uint64, links, pages []uint32)
TEXT ·loadLinks(SB), NOSPLIT, $0-72
	MOVQ offsets_base+0(FP), DI
	MOVQ offsets_len+8(FP), R8
	MOVQ links_base+24(FP), BX
	MOVQ pages_base+48(FP), SI
	MOVQ pages_len+56(FP), CX
	DECQ R8
	JMP  test

page:
	MOVL (SI), AX
	ADDQ $4, SI
	DECQ CX
	CMPQ AX, R8
	JGE  test
	MOVQ 8(DI)(AX*8), R10
	MOVQ (DI)(AX*8), R9
	LEAQ (BX)(R9*4), R9   // first link
	LEAQ (BX)(R10*4), R10 // past the last
	LEAQ 256(R9), R11     // at most 4 lines of 64 bytes
	CMPQ R10, R11
	CMOVQHI R11, R10
	JMP  lines

line:
	PREFETCHT0 (R9)
	ADDQ $64, R9

lines:
	CMPQ R9, R10
	JCS  line

test:
	TESTQ CX, CX
	JNE   page
	RET
