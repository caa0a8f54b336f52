// Command _asm generates the vectorised inner loop of package develop. The
// plain-Go loop that it must equal bit for bit is combineGeneric in combine.go:
//
//	for i := range dst {
//		sum := negativeZero
//		for k := range rank {
//			sum += float32(coefficients[k*coefficientStride] * rows[k*rowStride+i])
//		}
//		dst[i] = sum
//	}
//
// Sums stay in registers over all ranks, and every product is rounded before
// it is added: no fused multiply-add.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	combine("combineAVX512", 64, func() reg.VecVirtual { return ZMM() })
	combine("combineAVX2", 32, func() reg.VecVirtual { return YMM() })
	Generate()
}

// combine emits the loop for registers of that many bytes: four at a time,
// then one at a time. n is a multiple of a register's lanes.
func combine(name string, bytes int, register func() reg.VecVirtual) {
	TEXT(name, NOSPLIT, "func(dst *float32, n int, coefficients *float32, coefficientStride int, rows *float32, rowStride, rank int)")
	Doc(name + " sets dst[i] = Σ_k coefficients[k·coefficientStride]·rows[k·rowStride+i], i < n.")
	dst := Load(Param("dst"), GP64())
	n := Load(Param("n"), GP64())
	coefficientStride := Load(Param("coefficientStride"), GP64())
	rows := Load(Param("rows"), GP64())
	rowStride := Load(Param("rowStride"), GP64())
	zero := register()
	VBROADCASTSS(negativeZero(), zero)
	for _, registers := range []int{4, 1} {
		loop, done := label("registers", registers), label("done", registers)
		lanes := registers * bytes / 4
		Label(loop)
		CMPQ(n, U32(lanes))
		JLT(LabelRef(done))
		block(registers, bytes, register, zero, dst, rows, rowStride, coefficientStride)
		ADDQ(U32(registers*bytes), dst)
		ADDQ(U32(registers*bytes), rows)
		SUBQ(U32(lanes), n)
		JMP(LabelRef(loop))
		Label(done)
	}
	VZEROUPPER()
	RET()
}

// block emits all ranks of a few neighbouring registers.
func block(registers, bytes int, register func() reg.VecVirtual, zero, dst, rows, rowStride, coefficientStride reg.Register) {
	c := Load(Param("coefficients"), GP64())
	rank := Load(Param("rank"), GP64())
	row := GP64()
	MOVQ(rows, row)
	sums := make([]reg.VecVirtual, registers)
	for i := range sums {
		sums[i] = register()
		VMOVAPS(zero, sums[i])
	}
	x, term := register(), register()
	loop := label("rank", registers)
	Label(loop)
	VBROADCASTSS(Mem{Base: c}, x)
	for i, sum := range sums {
		VMULPS(Mem{Base: row, Disp: i * bytes}, x, term)
		VADDPS(term, sum, sum)
	}
	LEAQ(Mem{Base: row, Index: rowStride, Scale: 4}, row)
	LEAQ(Mem{Base: c, Index: coefficientStride, Scale: 4}, c)
	DECQ(rank)
	JNZ(LabelRef(loop))
	for i, sum := range sums {
		VMOVUPS(sum, Mem{Base: dst, Disp: i * bytes})
	}
}

func label(what string, registers int) string {
	return what + map[int]string{4: "Four", 1: "One"}[registers]
}

var zeroTable *Mem

// negativeZero is -0, the number that changes no sum, -0 itself included.
func negativeZero() Mem {
	if zeroTable == nil {
		m := GLOBL("negativeZero", RODATA|NOPTR)
		DATA(0, U32(0x80000000))
		zeroTable = &m
	}
	return *zeroTable
}
