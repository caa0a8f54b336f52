#include "textflag.h"
#include "neon_arm64.h"

// Softmax: 2^y = 2^n·2^f with n the nearest integer, as in exp2.go.
#define MAXIMA R0
#define SUMS R1
#define CORRECTIONS R2
#define SCORES R3
#define CONSTANTS R4
#define SCORES_AT R5

#define negative 0 // minus the largest score
#define total 4
#define y 8
#define f 12
#define p 16
#define q 20
#define c5 24 // from here on one register each
#define c4 25
#define c3 26
#define c2 27
#define c1 28
#define one 29
#define least 30
#define roundBiased 31

DATA constants<>+0(SB)/4, $0.00132647273 // c5
DATA constants<>+4(SB)/4, $0.00967151299
DATA constants<>+8(SB)/4, $0.0555073358
DATA constants<>+12(SB)/4, $0.240222424
DATA constants<>+16(SB)/4, $0.693147004  // c1
DATA constants<>+20(SB)/4, $1.0
DATA constants<>+24(SB)/4, $-127.0       // leastExponent
DATA constants<>+28(SB)/4, $12583039.0   // roundBiased = 3·2²² + 127
GLOBL constants<>(SB), RODATA|NOPTR, $32

// WEIGHT sets q = 2^y and uses y up. A multiply-add overwrites what it adds to,
// so the polynomial changes between p and q.
#define WEIGHT \
	FMAX_ONE(least, y, y) \
	FADD_ONE(roundBiased, y, p) \
	FSUB_ONE(roundBiased, p, q) \
	FSUB(q, y, f) \
	SHL23(p, y) \
	MOV(c4, q) \
	FMLA_ONE(c5, f, q) \
	MOV(c3, p) \
	FMLA(q, f, p) \
	MOV(c2, q) \
	FMLA(p, f, q) \
	MOV(c1, p) \
	FMLA(q, f, p) \
	MOV(one, q) \
	FMLA(p, f, q) \
	FMUL(y, q, q)
// MINUS sets to = 0 − from; a negation would make −0 of 0.
#define MINUS(from, to) \
	EOR(y, y, y) \
	FSUB(from, y, to)

// func softmaxNEON(maxima, sums, corrections, scores *float32, rows int)
TEXT ·softmaxNEON(SB), NOSPLIT, $0-40
	MOVD   maxima+0(FP), MAXIMA
	MOVD   sums+8(FP), SUMS
	MOVD   corrections+16(FP), CORRECTIONS
	MOVD   scores+24(FP), SCORES
	MOVD   rows+32(FP), LEFT
	MOVD   $constants<>(SB), CONSTANTS
	VLD4R.P 16(CONSTANTS), [V24.S4, V25.S4, V26.S4, V27.S4]
	VLD4R  (CONSTANTS), [V28.S4, V29.S4, V30.S4, V31.S4]
	MOVD   $rowBytes, X_ROW
	FLUSH(SAVED, STEP)
	VLD1   (MAXIMA), Q0
	MOVD   SCORES, SCORES_AT

maximum:
	VLD1.P (SCORES_AT)(X_ROW), Q8
	FMAX(y, negative, negative)
	SUBS   $1, LEFT
	BNE    maximum
	MINUS(negative, negative)

	// What the old maxima's weights are now worth.
	VLD1 (MAXIMA), Q8
	FADD(negative, y, y)
	WEIGHT
	VST1 Q20, (CORRECTIONS)
	VLD1 (SUMS), Q4
	FMUL(q, total, total)
	MINUS(negative, y)
	VST1 Q8, (MAXIMA)

	MOVD rows+32(FP), LEFT

weigh:
	VLD1   (SCORES), Q8
	FADD(negative, y, y)
	WEIGHT
	VST1.P Q20, (SCORES)(X_ROW)
	FADD(q, total, total)
	SUBS   $1, LEFT
	BNE    weigh
	VST1   Q4, (SUMS)
	UNFLUSH(SAVED)
	RET
