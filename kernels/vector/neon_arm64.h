// What the loops for arm64 have in common. They are those of generic.go with
// NEON (Advanced SIMD), written by hand because the generator of the amd64
// assembly knows no other. The operations, their order and their roundings are
// those of the AVX2 code (_asm), and so are the bits: model_test.go holds both to
// one model in plain Go.
//
// A unit of 16 lanes is a quad: four neighbouring registers, lane l in element
// l mod 4 of register l div 4. Arithmetic names a quad by its first register's
// number and is in capitals; lists for loads and stores are named by Q and that
// number. A function takes a unit's first lane and walks along rows; strides
// are in bytes, counts are at least 1.

#define rowBytes 256 // of a panel

#define Q0 [V0.S4, V1.S4, V2.S4, V3.S4]
#define Q4 [V4.S4, V5.S4, V6.S4, V7.S4]
#define Q8 [V8.S4, V9.S4, V10.S4, V11.S4]
#define Q12 [V12.S4, V13.S4, V14.S4, V15.S4]
#define Q16 [V16.S4, V17.S4, V18.S4, V19.S4]
#define Q20 [V20.S4, V21.S4, V22.S4, V23.S4]

// Go's assembler lacks most vector arithmetic on floats, so it is spelled as
// machine code: QUAD is an instruction on the registers of three quads, ONE has
// the same register m each time (bits 16-20 hold m, 5-9 n, 0-4 d).
#define QUAD(op, m, n, d) \
	WORD $(op | (m+0)<<16 | (n+0)<<5 | (d+0)) \
	WORD $(op | (m+1)<<16 | (n+1)<<5 | (d+1)) \
	WORD $(op | (m+2)<<16 | (n+2)<<5 | (d+2)) \
	WORD $(op | (m+3)<<16 | (n+3)<<5 | (d+3))
#define ONE(op, m, n, d) \
	WORD $(op | (m)<<16 | (n+0)<<5 | (d+0)) \
	WORD $(op | (m)<<16 | (n+1)<<5 | (d+1)) \
	WORD $(op | (m)<<16 | (n+2)<<5 | (d+2)) \
	WORD $(op | (m)<<16 | (n+3)<<5 | (d+3))

#define FADD(m, n, d) QUAD(0x4E20D400, m, n, d)     // fadd d.4s, n.4s, m.4s     d = n + m
#define FSUB(m, n, d) QUAD(0x4EA0D400, m, n, d)     // fsub d.4s, n.4s, m.4s     d = n − m
#define FMUL(m, n, d) QUAD(0x6E20DC00, m, n, d)     // fmul d.4s, n.4s, m.4s     d = n·m
#define FDIV(m, n, d) QUAD(0x6E20FC00, m, n, d)     // fdiv d.4s, n.4s, m.4s     d = n / m
#define FMAX(m, n, d) QUAD(0x4E20F400, m, n, d)     // fmax d.4s, n.4s, m.4s     NaN if one is (fmaxnm would drop it)
#define FMLA(m, n, d) QUAD(0x4E20CC00, m, n, d)     // fmla d.4s, n.4s, m.4s     d += n·m, rounded once
#define EOR(m, n, d) QUAD(0x6E201C00, m, n, d)      // eor d.16b, n.16b, m.16b
#define BIC(m, n, d) QUAD(0x4E601C00, m, n, d)      // bic d.16b, n.16b, m.16b   d = n and not m
#define FADD_ONE(m, n, d) ONE(0x4E20D400, m, n, d)  // fadd d.4s, n.4s, m.4s
#define FSUB_ONE(m, n, d) ONE(0x4EA0D400, m, n, d)  // fsub d.4s, n.4s, m.4s
#define FDIV_ONE(m, n, d) ONE(0x6E20FC00, m, n, d)  // fdiv d.4s, n.4s, m.4s
#define FMAX_ONE(m, n, d) ONE(0x4E20F400, m, n, d)  // fmax d.4s, n.4s, m.4s
#define FMLA_ONE(m, n, d) ONE(0x4E20CC00, m, n, d)  // fmla d.4s, n.4s, m.4s
#define FMLA_LANE(m, n, d) ONE(0x4F801000, m, n, d) // fmla d.4s, n.4s, m.s[0]   d += n·(lane 0 of m)
#define CMGE_ONE(m, n, d) ONE(0x4EA03C00, m, n, d)  // cmge d.4s, n.4s, m.4s     ones where n ≥ m, signed
#define FSQRT(n, d) ONE(0x6EA1F800, 0, n, d)        // fsqrt d.4s, n.4s
#define FCMLT(n, d) ONE(0x4EA0E800, 0, n, d)        // fcmlt d.4s, n.4s, #0.0    ones where n < 0
#define SHL23(n, d) ONE(0x4F375400, 0, n, d)        // shl d.4s, n.4s, #23

// Copies of one register n, or of its lane 0, to a quad.
#define COPIES(op, n, d) \
	WORD $(op | (n)<<5 | (d+0)) \
	WORD $(op | (n)<<5 | (d+1)) \
	WORD $(op | (n)<<5 | (d+2)) \
	WORD $(op | (n)<<5 | (d+3))
#define MOV(n, d) COPIES(0x4EA01C00 | (n)<<16, n, d) // mov d.16b, n.16b
#define DUP(n, d) COPIES(0x4E040400, n, d)           // dup d.4s, n.s[0]

// Between FLUSH and UNFLUSH numbers below 2^−126 are zero, as in the AVX code:
// for the sake of the bits, not of the time. Signals aside, a goroutine does
// not leave its thread inside of assembly.
#define FLUSH(saved, temporary) \
	MRS FPCR, saved \
	ORR $(1<<24), saved, temporary \
	MSR temporary, FPCR
#define UNFLUSH(saved) MSR saved, FPCR

// Registers that mean the same in every function.
#define X_ROW R20 // rowBytes
#define LEFT R21  // rows or columns of a loop
#define STEP R22
#define SAVED R23
