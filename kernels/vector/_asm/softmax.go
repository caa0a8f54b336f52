package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func softmax(v isa, units int) {
	v.function("softmax", units, "func(maxima, sums, corrections, scores *float32, rows int)",
		"is softmax for one group of units.")
	n := v.registers(units)
	maxima, sums, corrections, scores := pointer("maxima"), pointer("sums"), pointer("corrections"), pointer("scores")
	flushed(func() {
		negative := maximum(v, n, maxima, scores.Base)
		e := v.newExponential()
		y, total := v.vectors(n), v.vectors(n)
		for i := range n { // what the old maxima's weights are now worth
			VADDPS(v.at(maxima, i), negative[i], y[i])
		}
		for i, c := range e.of(y) {
			VMOVUPS(c, v.at(corrections, i))
			VMULPS(v.at(sums, i), c, total[i])
			minus := v.zero(negative[i])
			VSUBPS(negative[i], minus, minus)
			VMOVUPS(minus, v.at(maxima, i))
		}
		eachRow("weigh", stacked("rows"), []Mem{scores}, func() {
			for i := range n {
				VADDPS(v.at(scores, i), negative[i], y[i])
			}
			for i, weight := range e.of(y) {
				VMOVUPS(weight, v.at(scores, i))
				VADDPS(weight, total[i], total[i])
			}
		})
		for i := range n {
			VMOVUPS(total[i], v.at(sums, i))
		}
	})
	end()
}

// maximum returns minus the largest of the old maxima and the scores. Two
// registers for each lane, one for every second row, hide the latency.
func maximum(v isa, n int, maxima Mem, scores reg.Register) []reg.VecVirtual {
	even, odd := v.vectors(n), v.vectors(n)
	for i := range n {
		VMOVUPS(v.at(maxima, i), even[i])
		VMOVAPS(even[i], odd[i])
	}
	p, left := Mem{Base: GP64()}, GP64()
	MOVQ(scores, p.Base)
	MOVQ(stacked("rows"), left)
	Label("pair")
	SUBQ(Imm(2), left)
	JLT(LabelRef("last"))
	for i := range n {
		VMAXPS(v.at(p, i), even[i], even[i])
		VMAXPS(v.at(p.Offset(rowBytes), i), odd[i], odd[i])
	}
	ADDQ(U32(2*rowBytes), p.Base)
	JMP(LabelRef("pair"))
	Label("last")
	CMPQ(left, I8(-1))
	JNE(LabelRef("found"))
	for i := range n {
		VMAXPS(v.at(p, i), even[i], even[i])
	}
	Label("found")
	zero := v.zero(even[0])
	for i := range n {
		VMAXPS(odd[i], even[i], even[i])
		VSUBPS(even[i], zero, even[i])
	}
	return even
}

// exponential is 2^y for y ≤ 0 with its constants, found by
// minimax. AVX-512 has an instruction for y − ⌊y⌋ and one for p·2^⌊y⌋. For AVX2,
// adding roundBiased leaves the nearest integer plus the exponent's bias in the
// low bits, as in exp2.go.
type exponential struct {
	isa
	first        reg.VecVirtual // c5
	others       []Op           // c4 … c1, 1
	least, round reg.VecVirtual // AVX2 only
}

func (v isa) newExponential() exponential {
	names := []string{"c4", "c3", "c2", "c1", "one"}
	e := exponential{isa: v}
	if v.wide() {
		values := []float64{0.00901703071, 0.0557999127, 0.240164444, 0.693151295, 1}
		e.first = v.broadcast("c5floor", 0.00186713005)
		for i, name := range names {
			e.others = append(e.others, v.broadcast(name+"floor", values[i]))
		}
		return e
	}
	values := []float64{0.00967151299, 0.0555073358, 0.240222424, 0.693147004, 1}
	e.first = v.broadcast("c5round", 0.00132647273)
	e.least, e.round = v.broadcast("least", -127), v.broadcast("round", 3<<22+127)
	for i, name := range names {
		e.others = append(e.others, v.vector(name+"round", values[i]))
	}
	return e
}

// of returns 2^y and uses y up.
func (e exponential) of(y []reg.VecVirtual) []reg.VecVirtual {
	f, p := e.vectors(len(y)), e.vectors(len(y))
	for i := range y {
		if e.wide() {
			VREDUCEPS(U8(1), y[i], f[i])
			continue
		}
		VMAXPS(y[i], e.least, y[i]) // in this order NaN stays
		VMOVAPS(y[i], f[i])
		VADDPS(e.round, y[i], y[i])
		VSUBPS(e.round, y[i], p[i])
		VSUBPS(p[i], f[i], f[i])
	}
	for i := range y {
		VMOVAPS(e.first, p[i])
	}
	for _, c := range e.others {
		for i := range y {
			VFMADD213PS(c, f[i], p[i])
		}
	}
	for i := range y {
		if e.wide() {
			VSCALEFPS(y[i], p[i], p[i])
		} else {
			VPSLLD(Imm(23), y[i], y[i])
			VMULPS(y[i], p[i], p[i])
		}
	}
	return p
}
