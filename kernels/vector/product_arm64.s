#include "textflag.h"
#include "neon_arm64.h"

// Product: y[r] = start + Σ_c W(r, c)·x[c], c ascending, for a unit's lanes.
//
// A tile is four rows, whose sums take half of the registers: as many as keep
// four pipes of four cycles' latency busy. A column is 16 multiply-adds, five
// loads that bring eight registers, and three instructions of the loop. Weights
// are lanes of scalar loads, because a load that broadcasts takes a slot of the
// multiply-adds' pipes on some processors. Where the matrix ends within a tile,
// its last row takes the place of those that are missing, computed and stored
// again: so nothing else is needed for the rest.
#define Y0 R0 // the tile's rows
#define Y1 R1
#define Y2 R2
#define Y3 R3
#define W0 R4
#define W1 R5
#define W2 R6
#define W3 R7
#define Y_ROW R8
#define W_ROW R9
#define W_COL R10
#define X R11
#define START R12
#define START_ROW R13
#define ROWS R14
#define COLS R15
#define MODE R19
#define X_AT R24 // the column's row of x
#define W_AT R25 // and its offset from a row's first weight

#define reluMode 1
#define carryMode 2

#define sum0 0
#define sum1 4
#define sum2 8
#define sum3 12
#define in 16
#define w0 20 // one register per row
#define w1 21
#define w2 22
#define w3 23

// NEXT sets to to the row behind from, or to from itself if there is none.
#define NEXT(from, row, to) \
	CSEL GT, row, ZR, STEP \
	ADD STEP, from, to
#define RELU(sum) \
	FCMLT(sum, in) \
	BIC(in, sum, sum) // unlike a maximum, it leaves −0

// func productNEON(y *float32, yStride int, w *float32, rowStride, colStride int, x, start *float32, startStride, rows, cols, mode int)
TEXT ·productNEON(SB), NOSPLIT, $0-88
	MOVD y+0(FP), Y0
	MOVD yStride+8(FP), Y_ROW
	MOVD w+16(FP), W0
	MOVD rowStride+24(FP), W_ROW
	MOVD colStride+32(FP), W_COL
	MOVD x+40(FP), X
	MOVD start+48(FP), START
	MOVD startStride+56(FP), START_ROW
	MOVD rows+64(FP), ROWS
	MOVD cols+72(FP), COLS
	MOVD mode+80(FP), MODE
	MOVD $rowBytes, X_ROW
	FLUSH(SAVED, STEP)

tile:
	FMOVS (START), F20
	CMP   $1, ROWS
	NEXT(Y0, Y_ROW, Y1)
	NEXT(W0, W_ROW, W1)
	NEXT(START, START_ROW, START)
	FMOVS (START), F21
	CMP   $2, ROWS
	NEXT(Y1, Y_ROW, Y2)
	NEXT(W1, W_ROW, W2)
	NEXT(START, START_ROW, START)
	FMOVS (START), F22
	CMP   $3, ROWS
	NEXT(Y2, Y_ROW, Y3)
	NEXT(W2, W_ROW, W3)
	NEXT(START, START_ROW, START)
	FMOVS (START), F23
	CMP   $carryMode, MODE
	BEQ   carry
	DUP(w0, sum0)
	DUP(w1, sum1)
	DUP(w2, sum2)
	DUP(w3, sum3)
	B     multiply

carry:
	VLD1 (START), Q16
	VLD1 (Y0), Q0
	VLD1 (Y1), Q4
	VLD1 (Y2), Q8
	VLD1 (Y3), Q12
	FMUL(in, sum0, sum0)
	FMUL(in, sum1, sum1)
	FMUL(in, sum2, sum2)
	FMUL(in, sum3, sum3)

multiply:
	MOVD X, X_AT
	MOVD ZR, W_AT
	MOVD COLS, LEFT

column:
	VLD1.P (X_AT)(X_ROW), Q16
	FMOVS  (W0)(W_AT), F20
	FMOVS  (W1)(W_AT), F21
	FMOVS  (W2)(W_AT), F22
	FMOVS  (W3)(W_AT), F23
	FMLA_LANE(w0, in, sum0)
	FMLA_LANE(w1, in, sum1)
	FMLA_LANE(w2, in, sum2)
	FMLA_LANE(w3, in, sum3)
	ADD    W_COL, W_AT
	SUBS   $1, LEFT
	BNE    column

	CMP $reluMode, MODE
	BNE store
	RELU(sum0)
	RELU(sum1)
	RELU(sum2)
	RELU(sum3)

store:
	VST1 Q0, (Y0)
	VST1 Q4, (Y1)
	VST1 Q8, (Y2)
	VST1 Q12, (Y3)
	ADD  Y_ROW, Y3, Y0
	ADD  W_ROW, W3, W0
	ADD  START_ROW, START
	SUBS $4, ROWS
	BGT  tile
	UNFLUSH(SAVED)
	RET
