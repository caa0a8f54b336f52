#include "textflag.h"
#include "neon_arm64.h"

// The causal mask, norm and divide.
#define X R0
#define X_AT R1
#define RESIDUAL R2
#define WEIGHT R3
#define BIAS R4
#define DIVISOR R5
#define ROWS R6

DATA lanes<>+0(SB)/4, $0
DATA lanes<>+4(SB)/4, $1
DATA lanes<>+8(SB)/4, $2
DATA lanes<>+12(SB)/4, $3
DATA lanes<>+16(SB)/4, $4
DATA lanes<>+20(SB)/4, $5
DATA lanes<>+24(SB)/4, $6
DATA lanes<>+28(SB)/4, $7
DATA lanes<>+32(SB)/4, $8
DATA lanes<>+36(SB)/4, $9
DATA lanes<>+40(SB)/4, $10
DATA lanes<>+44(SB)/4, $11
DATA lanes<>+48(SB)/4, $12
DATA lanes<>+52(SB)/4, $13
DATA lanes<>+56(SB)/4, $14
DATA lanes<>+60(SB)/4, $15
GLOBL lanes<>(SB), RODATA|NOPTR, $64

#define lane 0
#define visible 4
#define limit 24 // of the row: the first lane that sees it

// func causalNEON(scores *float32, rows, first int)
TEXT ·causalNEON(SB), NOSPLIT, $0-24
	MOVD  scores+0(FP), X
	MOVD  rows+8(FP), LEFT
	MOVD  first+16(FP), STEP
	VDUP  STEP, V24.S4           // limit
	MOVD  $1, STEP
	VDUP  STEP, V25.S4           // how it moves
	MOVD  $0xFF800000, STEP
	VDUP  STEP, V26.S4           // −Inf
	MOVD  $lanes<>(SB), STEP
	VLD1  (STEP), Q0
	MOVD  $rowBytes, X_ROW

mask:
	VLD1   (X), Q8
	CMGE_ONE(limit, lane, visible)
	VBIF   V4.B16, V26.B16, V8.B16
	VBIF   V5.B16, V26.B16, V9.B16
	VBIF   V6.B16, V26.B16, V10.B16
	VBIF   V7.B16, V26.B16, V11.B16
	VST1.P Q8, (X)(X_ROW)
	VADD   V25.S4, V24.S4, V24.S4
	SUBS   $1, LEFT
	BNE    mask
	RET

#define value 0
#define other 4
#define mean 8
#define scale 12
#define rowCount 24 // from here on one register each
#define floor 25
#define unity 26
#define gain 27     // weight and bias of the row
#define shift 28

// func normNEON(x, residual, weight, bias *float32, rows int, count float32)
TEXT ·normNEON(SB), NOSPLIT, $0-44
	MOVD  x+0(FP), X
	MOVD  residual+8(FP), RESIDUAL
	MOVD  weight+16(FP), WEIGHT
	MOVD  bias+24(FP), BIAS
	MOVD  rows+32(FP), ROWS
	FMOVS count+40(FP), F24
	VDUP  V24.S[0], V24.S4
	FMOVS $1e-7, F25
	VDUP  V25.S[0], V25.S4
	FMOVS $1.0, F26
	MOVD  $rowBytes, X_ROW
	MOVD  X, X_AT
	MOVD  ROWS, LEFT
	EOR(mean, mean, mean)
	EOR(scale, scale, scale)

sum:
	VLD1   (X_AT), Q0
	VLD1.P (RESIDUAL)(X_ROW), Q4
	FADD(other, value, value)
	VST1.P Q0, (X_AT)(X_ROW)
	FADD(value, mean, mean)
	SUBS   $1, LEFT
	BNE    sum
	FDIV_ONE(rowCount, mean, mean)

	MOVD X, X_AT
	MOVD ROWS, LEFT

squares:
	VLD1.P (X_AT)(X_ROW), Q0
	FSUB(mean, value, value)
	FMLA(value, value, scale)
	SUBS   $1, LEFT
	BNE    squares
	FDIV_ONE(rowCount, scale, scale)
	FSQRT(scale, scale)
	FMAX_ONE(floor, scale, scale)
	DUP(unity, other)
	FDIV(scale, other, scale)

rescale:
	VLD1    (X), Q0
	FMOVS.P 4(WEIGHT), F27
	FMOVS.P 4(BIAS), F28
	FSUB(mean, value, value)
	FMUL(scale, value, value)
	DUP(shift, other)
	FMLA_LANE(gain, value, other)
	VST1.P  Q4, (X)(X_ROW)
	SUBS    $1, ROWS
	BNE     rescale
	RET

// func divideNEON(x, divisor *float32, rows int)
TEXT ·divideNEON(SB), NOSPLIT, $0-24
	MOVD  x+0(FP), X
	MOVD  divisor+8(FP), DIVISOR
	MOVD  rows+16(FP), ROWS
	FMOVS $1.0, F26
	VLD1  (DIVISOR), Q4
	MOVD  $rowBytes, X_ROW
	DUP(unity, scale)
	FDIV(other, scale, scale)

row:
	VLD1   (X), Q0
	FMUL(scale, value, value)
	VST1.P Q0, (X)(X_ROW)
	SUBS   $1, ROWS
	BNE    row
	RET
