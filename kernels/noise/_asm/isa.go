package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa hides the few differences between the two instruction sets.
type isa struct {
	name  string
	lanes int // 32-bit lanes of a register
	bytes int
}

var (
	avx512 = isa{"AVX512", 16, 64}
	avx2   = isa{"AVX2", 8, 32}
)

func (v isa) wide() bool { return v.lanes == 16 }

func (v isa) register() reg.VecVirtual {
	if v.wide() {
		return ZMM()
	}
	return YMM()
}

func (v isa) zero() reg.VecVirtual {
	r := v.register()
	v.xor(r, r, r)
	return r
}

func (v isa) xor(a, b, out Op) {
	if v.wide() {
		VPXORD(a, b, out)
	} else {
		VPXOR(a, b, out)
	}
}

func (v isa) and(a, b, out Op) {
	if v.wide() {
		VPANDD(a, b, out)
	} else {
		VPAND(a, b, out)
	}
}

// horner sets p = z·p + c, each rounded.
func (v isa) horner(p, z reg.VecVirtual, name string, c float64) {
	VMULPS(z, p, p)
	VADDPS(v.constant(name, c), p, p)
}

// odd marks the odd 32-bit lanes, and even the even ones (AVX-512 only).
var odd, even = reg.K1, reg.K2

// prepareMask loads the lane masks that multiply needs.
func (v isa) prepareMask() {
	if !v.wide() {
		return
	}
	t := GP32()
	MOVL(U32(0xAAAA), t)
	KMOVW(t, odd)
	MOVL(U32(0x5555), t)
	KMOVW(t, even)
}

// multiply returns the high and low words of the 64-bit products x·m. The
// instruction multiplies even lanes only, so it runs twice and the words are
// gathered from both results.
func (v isa) multiply(x reg.VecVirtual, m Mem) (hi, lo reg.VecVirtual) {
	lo, hi = v.register(), v.register()
	VPMULUDQ(m, x, lo)
	VMOVSHDUP(x, hi)
	VPMULUDQ(m, hi, hi)
	// Now lo holds the even lanes' products and hi the odd lanes'.
	t := v.register()
	if v.wide() {
		VMOVDQA32(lo, t)
		VMOVSLDUP(hi, odd, lo)
		VMOVSHDUP(t, even, hi)
		return hi, lo
	}
	VMOVSHDUP(lo, t)
	u := v.register()
	VMOVSLDUP(hi, u)
	VPBLENDD(U8(0xAA), u, lo, lo)
	VPBLENDD(U8(0x55), t, hi, hi)
	return hi, lo
}

// xorKey sets x ^= y ^ key, key broadcast from memory.
func (v isa) xorKey(x, y reg.VecVirtual, key Mem) {
	if v.wide() {
		VPTERNLOGD_BCST(U8(0x96), key, y, x)
		return
	}
	t := v.register()
	VBROADCASTSS(key, t)
	VPXOR(y, x, x)
	VPXOR(t, x, x)
}

// constants remembers the vectors emitted so far, by name. Full vectors rather
// than scalars to broadcast, so that both instruction sets use them as memory
// operands.
var constants = map[string]Mem{}

func (v isa) constant(name string, value float64) Mem {
	return v.constantInt(name, math.Float32bits(float32(value)))
}

func (v isa) constantInt(name string, value uint32) Mem {
	return v.table(name, func(int) uint32 { return value })
}

// lanesTable holds the block that each lane works on. Lane 4p+i holds block
// i·(lanes/4)+p, so that after transpose the 128-bit parts of register i are
// the blocks i·(lanes/4), i·(lanes/4)+1, … in order.
func (v isa) lanesTable() Mem {
	return v.table("blockOfLane", func(lane int) uint32 { return uint32(lane%4*(v.lanes/4) + lane/4) })
}

func (v isa) table(name string, value func(lane int) uint32) Mem {
	full := fmt.Sprintf("%s%d", name, v.lanes)
	if m, ok := constants[full]; ok {
		return m
	}
	m := GLOBL(full, RODATA|NOPTR)
	for lane := range v.lanes {
		DATA(4*lane, U32(value(lane)))
	}
	constants[full] = m
	return m
}
