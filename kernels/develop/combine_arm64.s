#include "textflag.h"

// combineGeneric for NEON, bit for bit: sums stay in registers over all ranks,
// and every product is rounded before it is added, no fused multiply-add. Four
// registers of four numbers at a time, then one at a time; n is a multiple of
// four, strides are in numbers.

// Go's assembler lacks arithmetic of floats in vectors (bits 16-20 hold m, 5-9
// n, 0-4 d).
#define FADD(m, n, d) WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))      // fadd d.4s, n.4s, m.4s
#define FMUL_LANE(m, n, d) WORD $(0x4F809000 | (m)<<16 | (n)<<5 | (d)) // fmul d.4s, n.4s, m.s[0]

#define DST R0
#define N R1
#define COEFFICIENTS R2
#define COEFFICIENT_STRIDE R3
#define ROWS R4
#define ROW_STRIDE R5
#define RANK R6
#define C R7
#define ROW R8
#define LEFT R9
#define T R10

// V0-V3 hold sums, V4-V7 a row and then the products.
#define coefficient 8 // its lane 0

// func combineNEON(dst *float32, n int, coefficients *float32, coefficientStride int, rows *float32, rowStride int, rank int)
TEXT ·combineNEON(SB), NOSPLIT, $0-56
	MOVD dst+0(FP), DST
	MOVD n+8(FP), N
	MOVD coefficients+16(FP), COEFFICIENTS
	MOVD coefficientStride+24(FP), COEFFICIENT_STRIDE
	MOVD rows+32(FP), ROWS
	MOVD rowStride+40(FP), ROW_STRIDE
	MOVD rank+48(FP), RANK
	LSL  $2, COEFFICIENT_STRIDE
	LSL  $2, ROW_STRIDE
	MOVD $0x80000000, T // −0, the number that changes no sum, −0 itself included
	VDUP T, V9.S4

four:
	CMP  $16, N
	BLT  one
	VMOV V9.B16, V0.B16
	VMOV V9.B16, V1.B16
	VMOV V9.B16, V2.B16
	VMOV V9.B16, V3.B16
	MOVD COEFFICIENTS, C
	MOVD ROWS, ROW
	MOVD RANK, LEFT

rankFour:
	FMOVS (C), F8
	VLD1  (ROW), [V4.S4, V5.S4, V6.S4, V7.S4]
	FMUL_LANE(coefficient, 4, 4)
	FMUL_LANE(coefficient, 5, 5)
	FMUL_LANE(coefficient, 6, 6)
	FMUL_LANE(coefficient, 7, 7)
	FADD(4, 0, 0)
	FADD(5, 1, 1)
	FADD(6, 2, 2)
	FADD(7, 3, 3)
	ADD   COEFFICIENT_STRIDE, C
	ADD   ROW_STRIDE, ROW
	SUBS  $1, LEFT
	BNE   rankFour
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(DST)
	ADD   $64, ROWS
	SUB   $16, N
	B     four

one:
	CBZ  N, done
	VMOV V9.B16, V0.B16
	MOVD COEFFICIENTS, C
	MOVD ROWS, ROW
	MOVD RANK, LEFT

rankOne:
	FMOVS (C), F8
	VLD1  (ROW), [V4.S4]
	FMUL_LANE(coefficient, 4, 4)
	FADD(4, 0, 0)
	ADD   COEFFICIENT_STRIDE, C
	ADD   ROW_STRIDE, ROW
	SUBS  $1, LEFT
	BNE   rankOne
	VST1.P [V0.S4], 16(DST)
	ADD   $16, ROWS
	SUB   $4, N
	B     one

done:
	RET
