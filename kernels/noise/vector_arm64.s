#include "textflag.h"

// The plain loops of noise.go and normal.go for NEON, bit for bit: operation by
// operation, every product rounded before it is added. A group is four blocks,
// one in each lane. Philox works on one register for each of the four words;
// then words 0 and 2, and 1 and 3, go through the two Box-Muller transforms of
// a block side by side, so a pair is registers r and r+2, named by r, and the
// normals end up in four neighbours, which the store interleaves to blocks.

// Go's assembler lacks most of these instructions: PAIR is one on the registers
// of three pairs, ONE has the same register m for both (bits 16-20 hold m, 5-9
// n, 0-4 d).
#define PAIR(op, m, n, d) \
	WORD $(op | (m+0)<<16 | (n+0)<<5 | (d+0)) \
	WORD $(op | (m+2)<<16 | (n+2)<<5 | (d+2))
#define ONE(op, m, n, d) \
	WORD $(op | (m)<<16 | (n+0)<<5 | (d+0)) \
	WORD $(op | (m)<<16 | (n+2)<<5 | (d+2))

#define ADD_ONE(m, n, d) ONE(0x4EA08400, m, n, d)      // add d.4s, n.4s, m.4s
#define SUB_ONE(m, n, d) ONE(0x6EA08400, m, n, d)      // sub d.4s, n.4s, m.4s
#define AND_ONE(m, n, d) ONE(0x4E201C00, m, n, d)      // and d.16b, n.16b, m.16b
#define AND(m, n, d) PAIR(0x4E201C00, m, n, d)         // and d.16b, n.16b, m.16b
#define EOR(m, n, d) PAIR(0x6E201C00, m, n, d)         // eor d.16b, n.16b, m.16b
#define SHL1(n, d) ONE(0x4F215400, 0, n, d)            // shl d.4s, n.4s, #1
#define SHL2(n, d) ONE(0x4F225400, 0, n, d)            // shl d.4s, n.4s, #2
#define USHR1(n, d) ONE(0x6F3F0400, 0, n, d)           // ushr d.4s, n.4s, #1
#define USHR23(n, d) ONE(0x6F290400, 0, n, d)          // ushr d.4s, n.4s, #23
#define SSHR31(n, d) ONE(0x4F210400, 0, n, d)          // sshr d.4s, n.4s, #31
#define SCVTF(n, d) ONE(0x4E21D800, 0, n, d)           // scvtf d.4s, n.4s
#define FADD(m, n, d) PAIR(0x4E20D400, m, n, d)        // fadd d.4s, n.4s, m.4s
#define FMUL(m, n, d) PAIR(0x6E20DC00, m, n, d)        // fmul d.4s, n.4s, m.4s
#define FDIV(m, n, d) PAIR(0x6E20FC00, m, n, d)        // fdiv d.4s, n.4s, m.4s   d = n / m
#define FSQRT(n, d) ONE(0x6EA1F800, 0, n, d)           // fsqrt d.4s, n.4s
#define FADD_ONE(m, n, d) ONE(0x4E20D400, m, n, d)     // fadd d.4s, n.4s, m.4s
#define FSUB_ONE(m, n, d) ONE(0x4EA0D400, m, n, d)     // fsub d.4s, n.4s, m.4s   d = n − m
#define FMUL_ONE(m, n, d) ONE(0x6E20DC00, m, n, d)     // fmul d.4s, n.4s, m.4s
#define UMULL(m, n, d) WORD $(0x2EA0C000 | (m)<<16 | (n)<<5 | (d))  // umull d.2d, n.2s, m.2s
#define UMULL2(m, n, d) WORD $(0x6EA0C000 | (m)<<16 | (n)<<5 | (d)) // umull2 d.2d, n.4s, m.4s

#define DST R0
#define SRC R1
#define GROUPS R2
#define KEYS R3
#define KEYS_AT R4
#define CONSTANTS R5
#define CONSTANTS_AT R6
#define T R7

// Pairs.
#define x0 0
#define x1 1
#define cosine 4
#define sine 5
#define radius 8
#define exponent 9
#define mantissa 12
#define s 13
#define t 16
#define z 17
#define p 20

// Registers that keep their values. (V21 holds the scale, V24 the blocks' indices,
// V22 how far these move, which p is done with by then.)
#define one 23
#define multiplier0 26
#define multiplier1 27

// Four constants at a time, in the order of their use.
#define first 28
#define second 29
#define third 30
#define fourth 31
#define MORE VLD4R.P 16(CONSTANTS_AT), [V28.S4, V29.S4, V30.S4, V31.S4]

DATA constants<>+0(SB)/4, $0.5
DATA constants<>+4(SB)/4, $0x30000000  // 2^−31
DATA constants<>+8(SB)/4, $0x004AFB0D  // 1 − √½, as bits
DATA constants<>+12(SB)/4, $127        // exponent bias
DATA constants<>+16(SB)/4, $0x007FFFFF // mantissa
DATA constants<>+20(SB)/4, $0x3F3504F3 // √½
DATA constants<>+24(SB)/4, $0.1111111111111111
DATA constants<>+28(SB)/4, $0.14285714285714285
DATA constants<>+32(SB)/4, $0.2
DATA constants<>+36(SB)/4, $0.3333333333333333
DATA constants<>+40(SB)/4, $0.6931471805599453
DATA constants<>+44(SB)/4, $-2.0
DATA constants<>+48(SB)/4, $3.657295198167899e-10   // π/4/2³¹
DATA constants<>+52(SB)/4, $2.7557319223985893e-06  // 1/9!
DATA constants<>+56(SB)/4, $-0.0001984126984126984  // −1/7!
DATA constants<>+60(SB)/4, $0.008333333333333333    // 1/5!
DATA constants<>+64(SB)/4, $-0.16666666666666666    // −1/3!
DATA constants<>+68(SB)/4, $2.48015873015873e-05    // 1/8!
DATA constants<>+72(SB)/4, $-0.001388888888888889   // −1/6!
DATA constants<>+76(SB)/4, $0.041666666666666664    // 1/4!
DATA constants<>+80(SB)/4, $-0.5
DATA constants<>+84(SB)/4, $0x40000000 // a quarter turn
DATA constants<>+88(SB)/4, $0x80000000 // the sign
DATA constants<>+92(SB)/4, $0
GLOBL constants<>(SB), RODATA|NOPTR, $96

DATA lanes<>+0(SB)/4, $0
DATA lanes<>+4(SB)/4, $1
DATA lanes<>+8(SB)/4, $2
DATA lanes<>+12(SB)/4, $3
GLOBL lanes<>(SB), RODATA|NOPTR, $16

// ROUND is one round of Philox on V0-V3: the products' high and low words are
// their odd and even ones.
#define ROUND \
	VLD2R.P 8(KEYS_AT), [V28.S4, V29.S4] \
	UMULL(multiplier0, 0, 4) \
	UMULL2(multiplier0, 0, 5) \
	UMULL(multiplier1, 2, 6) \
	UMULL2(multiplier1, 2, 7) \
	VEOR V28.B16, V1.B16, V1.B16 \
	VEOR V29.B16, V3.B16, V3.B16 \
	VUZP2 V7.S4, V6.S4, V0.S4 \
	VEOR V1.B16, V0.B16, V0.B16 \
	VUZP1 V7.S4, V6.S4, V1.S4 \
	VUZP2 V5.S4, V4.S4, V2.S4 \
	VEOR V3.B16, V2.B16, V2.B16 \
	VUZP1 V5.S4, V4.S4, V3.S4

// HORNER sets p = z·p + c.
#define HORNER(c, z, p) \
	FMUL(z, p, p) \
	FADD_ONE(c, p, p)

// func addScaledNEON(dst, src *float32, groups int, scale float32, block, tensor uint32, keys *[20]uint32)
TEXT ·addScaledNEON(SB), NOSPLIT, $0-48
	MOVD  dst+0(FP), DST
	MOVD  src+8(FP), SRC
	MOVD  groups+16(FP), GROUPS
	FMOVS scale+24(FP), F21
	VDUP  V21.S[0], V21.S4
	MOVWU block+28(FP), T
	VDUP  T, V24.S4
	MOVD  $lanes<>(SB), T
	VLD1  (T), [V0.S4]
	VADD  V0.S4, V24.S4, V24.S4
	MOVWU tensor+32(FP), T
	VDUP  T, V25.S4
	MOVD  keys+40(FP), KEYS
	MOVD  $constants<>(SB), CONSTANTS
	FMOVS $1.0, F23
	VDUP  V23.S[0], V23.S4
	MOVD  $0xD2511F53, T
	VDUP  T, V26.S4
	MOVD  $0xCD9E8D57, T
	VDUP  T, V27.S4

group:
	VMOV V24.B16, V0.B16
	VMOV V25.B16, V1.B16
	VEOR V2.B16, V2.B16, V2.B16
	VEOR V3.B16, V3.B16, V3.B16
	MOVD KEYS, KEYS_AT
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND

	// The radius, √(−2 ln u).
	MOVD CONSTANTS, CONSTANTS_AT
	MORE
	USHR1(x0, t)
	SCVTF(t, t)
	FADD_ONE(first, t, t)
	FMUL_ONE(second, t, t)
	ADD_ONE(third, t, t)
	USHR23(t, exponent)
	SUB_ONE(fourth, exponent, exponent)
	SCVTF(exponent, exponent)
	MORE
	AND_ONE(first, t, mantissa)
	ADD_ONE(second, mantissa, mantissa)
	FSUB_ONE(one, mantissa, s)
	FADD_ONE(one, mantissa, mantissa)
	FDIV(mantissa, s, s)
	FMUL(s, s, z)
	FMUL_ONE(third, z, p)
	FADD_ONE(fourth, p, p)
	MORE
	HORNER(first, z, p)
	HORNER(second, z, p)
	HORNER(one, z, p)
	FADD(s, s, s)
	FMUL(p, s, s)
	FMUL_ONE(third, exponent, exponent)
	FADD(s, exponent, radius)
	FMUL_ONE(fourth, radius, radius)
	FSQRT(radius, radius)

	// The angle's sine and cosine.
	MORE
	SHL2(x1, t)
	SCVTF(t, t)
	FMUL_ONE(first, t, t)
	FMUL(t, t, z)
	FMUL_ONE(second, z, sine)
	FADD_ONE(third, sine, sine)
	HORNER(fourth, z, sine)
	MORE
	HORNER(first, z, sine)
	HORNER(one, z, sine)
	FMUL(t, sine, sine)
	FMUL_ONE(second, z, cosine)
	FADD_ONE(third, cosine, cosine)
	HORNER(fourth, z, cosine)
	MORE
	HORNER(first, z, cosine)
	HORNER(one, z, cosine)

	// Odd quarters (bit 30) swap them; bit 31 of x1 + 2³⁰ is the sign of the
	// cosine, that of x1 the sine's.
	SHL1(x1, s)
	SSHR31(s, s)
	EOR(sine, cosine, t)
	AND(s, t, t)
	EOR(t, sine, sine)
	EOR(t, cosine, cosine)
	ADD_ONE(second, x1, t)
	AND_ONE(third, t, t)
	EOR(t, cosine, cosine)
	AND_ONE(third, x1, t)
	EOR(t, sine, sine)
	FMUL(radius, cosine, cosine)
	FMUL(radius, sine, sine)

	CBZ     SRC, store
	VLD4.P  64(SRC), [V8.S4, V9.S4, V10.S4, V11.S4]
	FMUL_ONE(21, cosine, cosine)
	FMUL_ONE(21, sine, sine)
	FADD(8, cosine, cosine)
	FADD(9, sine, sine)

store:
	VST4.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(DST)
	MOVD $4, T
	VDUP T, V22.S4
	VADD V22.S4, V24.S4, V24.S4
	SUBS $1, GROUPS
	BNE  group
	RET
