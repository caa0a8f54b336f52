// Command _asm generates the vectorised noise of package noise. The plain-Go
// loops they must equal bit for bit are block and boxMuller in normal.go:
//
//	for ; len(dst) >= blockLen; dst, index = dst[blockLen:], index+1 {
//		z := block(key, tensor, index)
//		copy(dst, z[:])
//	}
//
// A group is as many blocks as a register has 32-bit lanes (16 with AVX-512, 8
// with AVX2): one Philox call per lane, then the two Box-Muller transforms of
// all lanes, then a transposition to element order.
package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	for _, isa := range []isa{avx512, avx2} {
		kernel(isa, false)
		kernel(isa, true)
	}
	Generate()
}

// kernel emits fill<ISA>, or addScaled<ISA> if it is fused.
func kernel(v isa, fused bool) {
	if fused {
		TEXT("addScaled"+v.name, NOSPLIT, "func(dst, src *float32, groups int, scale float32, block, tensor uint32, keys *[20]uint32)")
		Doc("addScaled" + v.name + " sets dst[i] = src[i] + scale·noise for whole groups from a block on.")
	} else {
		TEXT("fill"+v.name, NOSPLIT, "func(dst *float32, groups int, block, tensor uint32, keys *[20]uint32)")
		Doc("fill" + v.name + " sets dst to noise for whole groups from a block on.")
	}
	dst := Load(Param("dst"), GP64())
	groups := Load(Param("groups"), GP64())
	keys := Load(Param("keys"), GP64())
	var src reg.Register
	var scale reg.VecVirtual
	if fused {
		src = Load(Param("src"), GP64())
		scale = v.register()
		VBROADCASTSS(address("scale"), scale)
	}
	v.prepareMask()
	blocks, tensor := v.register(), v.register()
	VBROADCASTSS(address("block"), blocks)
	VPADDD(v.lanesTable(), blocks, blocks)
	VBROADCASTSS(address("tensor"), tensor)

	loop := "group"
	Label(loop)
	x := philox(v, blocks, tensor, keys)
	n0, n1 := boxMuller(v, x[0], x[1])
	n2, n3 := boxMuller(v, x[2], x[3])
	for i, z := range transpose(v, n0, n1, n2, n3) {
		offset := i * v.bytes
		if fused {
			VMULPS(z, scale, z)
			VADDPS(Mem{Base: src, Disp: offset}, z, z)
		}
		VMOVUPS(z, Mem{Base: dst, Disp: offset})
	}
	if fused {
		ADDQ(U32(4*v.bytes), src)
	}
	ADDQ(U32(4*v.bytes), dst)
	VPADDD(v.constantInt("lanes", uint32(v.lanes)), blocks, blocks)
	DECQ(groups)
	JNZ(LabelRef(loop))
	VZEROUPPER()
	RET()
}

// address is the stack slot of a parameter, for broadcasts.
func address(name string) Mem {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// philox emits ten rounds of Philox4x32 on the counters (blocks, tensor, 0, 0).
func philox(v isa, blocks, tensor reg.VecVirtual, keys reg.Register) [4]reg.VecVirtual {
	m0 := v.constantInt("philoxM0", 0xD2511F53)
	m1 := v.constantInt("philoxM1", 0xCD9E8D57)
	c := [4]reg.VecVirtual{blocks, tensor, v.zero(), v.zero()}
	for round := range 10 {
		hi0, lo0 := v.multiply(c[0], m0)
		hi1, lo1 := v.multiply(c[2], m1)
		v.xorKey(hi1, c[1], Mem{Base: keys, Disp: 8 * round})
		v.xorKey(hi0, c[3], Mem{Base: keys, Disp: 8*round + 4})
		c = [4]reg.VecVirtual{hi1, lo1, hi0, lo0}
	}
	return c
}

// boxMuller emits the transform of normal.go, operation by operation.
func boxMuller(v isa, x0, x1 reg.VecVirtual) (cosine, sine reg.VecVirtual) {
	u := v.register()
	VPSRLD(U8(1), x0, u)
	VCVTDQ2PS(u, u)
	VADDPS(v.constant("half", 0.5), u, u)
	VMULPS(v.constant("twoM31", 0x1p-31), u, u)
	r := logarithm(v, u)
	VMULPS(v.constant("minusTwo", -2), r, r)
	VSQRTPS(r, r)

	theta := v.register()
	VPSLLD(U8(2), x1, theta)
	VCVTDQ2PS(theta, theta)
	VMULPS(v.constant("quarterPi", math.Pi/4/(1<<31)), theta, theta)
	s, c := sinCos(v, theta)

	// Odd quarters swap sine and cosine: all ones where bit 30 is set.
	swap, t := v.register(), v.register()
	VPSLLD(U8(1), x1, swap)
	VPSRAD(U8(31), swap, swap)
	v.xor(s, c, t)
	v.and(swap, t, t)
	v.xor(t, s, s)
	v.xor(t, c, c)
	// Bit 31 of x1 + 2³⁰ is the sign of the cosine, that of x1 the sine's.
	sign := v.constantInt("signBit", 1<<31)
	VPADDD(v.constantInt("quarterTurn", 1<<30), x1, t)
	v.and(sign, t, t)
	v.xor(t, c, c)
	v.and(sign, x1, t)
	v.xor(t, s, s)
	VMULPS(r, c, c)
	VMULPS(r, s, s)
	return c, s
}

// logarithm emits ln u.
func logarithm(v isa, u reg.VecVirtual) reg.VecVirtual {
	const sqrtHalf = 0x3f3504f3
	e, m, s, t := v.register(), v.register(), v.register(), v.register()
	VPADDD(v.constantInt("toExponent", 0x3f800000-sqrtHalf), u, u)
	VPSRLD(U8(23), u, e)
	VPSUBD(v.constantInt("bias", 127), e, e)
	VCVTDQ2PS(e, e)
	v.and(v.constantInt("mantissa", 0x7fffff), u, m)
	VPADDD(v.constantInt("sqrtHalf", sqrtHalf), m, m)
	one := v.constant("one", 1)
	VADDPS(one, m, t)
	VSUBPS(one, m, s)
	VDIVPS(t, s, s)
	z := v.register()
	VMULPS(s, s, z)
	p := v.register()
	VMULPS(v.constant("ninth", 1./9), z, p)
	VADDPS(v.constant("seventh", 1./7), p, p)
	v.horner(p, z, "fifth", 1./5)
	v.horner(p, z, "third", 1./3)
	v.horner(p, z, "one", 1)
	VADDPS(s, s, s)
	VMULPS(p, s, s)
	VMULPS(v.constant("ln2", math.Ln2), e, e)
	VADDPS(s, e, e)
	return e
}

// sinCos emits the two series.
func sinCos(v isa, theta reg.VecVirtual) (sin, cos reg.VecVirtual) {
	z := v.register()
	sin, cos = v.register(), v.register()
	VMULPS(theta, theta, z)
	VMULPS(v.constant("sin9", 1./362880), z, sin)
	VADDPS(v.constant("sin7", -1./5040), sin, sin)
	v.horner(sin, z, "sin5", 1./120)
	v.horner(sin, z, "sin3", -1./6)
	v.horner(sin, z, "one", 1)
	VMULPS(theta, sin, sin)
	VMULPS(v.constant("cos8", 1./40320), z, cos)
	VADDPS(v.constant("cos6", -1./720), cos, cos)
	v.horner(cos, z, "cos4", 1./24)
	v.horner(cos, z, "minusHalf", -1./2)
	v.horner(cos, z, "one", 1)
	return sin, cos
}

// transpose turns four registers of one lane number each (element 0, 1, 2, 3
// of every block) into four registers of whole blocks. Blocks sit in the lanes
// so that no 128-bit part has to move: see lanesTable.
func transpose(v isa, n0, n1, n2, n3 reg.VecVirtual) [4]reg.VecVirtual {
	lo01, hi01, lo23, hi23 := v.register(), v.register(), v.register(), v.register()
	VUNPCKLPS(n1, n0, lo01)
	VUNPCKHPS(n1, n0, hi01)
	VUNPCKLPS(n3, n2, lo23)
	VUNPCKHPS(n3, n2, hi23)
	z := [4]reg.VecVirtual{v.register(), v.register(), v.register(), v.register()}
	VUNPCKLPD(lo23, lo01, z[0])
	VUNPCKHPD(lo23, lo01, z[1])
	VUNPCKLPD(hi23, hi01, z[2])
	VUNPCKHPD(hi23, hi01, z[3])
	return z
}
