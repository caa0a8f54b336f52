package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func causal(v isa, units int) {
	v.function("causal", units, "func(scores *float32, rows, first int)", "is causal for one group of units.")
	scores := pointer("scores")
	n := v.registers(units)
	lanes := v.vectors(n)
	for i := range n {
		VMOVUPS(v.table(string(rune('a'+i))+"lanes", func(lane int) uint32 { return uint32(i*v.lanes + lane) }), lanes[i])
	}
	hidden, limit, one := v.register(), v.register(), v.register()
	VBROADCASTSS(scalar("hidden", math.Float32bits(float32(math.Inf(-1)))), hidden)
	VPBROADCASTD(stacked("first"), limit)
	VPBROADCASTD(scalar("oneInteger", 1), one)
	eachRow("mask", stacked("rows"), []Mem{scores}, func() {
		for i := range n {
			if v.wide() {
				k := K()
				VPCMPGTD(lanes[i], limit, k)
				VMOVUPS(hidden, k, v.at(scores, i))
			} else {
				m := v.register()
				VPCMPGTD(lanes[i], limit, m)
				VMASKMOVPS(hidden, m, v.at(scores, i))
			}
		}
		VPADDD(one, limit, limit)
	})
	end()
}

func norm(v isa, units int) {
	v.function("norm", units, "func(x, residual, weight, bias *float32, rows int, count float32)", "is norm for one group of units.")
	n := v.registers(units)
	x, residual := pointer("x"), pointer("residual")
	count := v.register()
	VBROADCASTSS(stacked("count"), count)

	mean, t := v.zeros(n, count), v.vectors(n)
	again := func() { MOVQ(stacked("x"), x.Base) }
	eachRow("sum", stacked("rows"), []Mem{x, residual}, func() {
		for i := range n {
			VMOVUPS(v.at(x, i), t[i])
			VADDPS(v.at(residual, i), t[i], t[i])
			VMOVUPS(t[i], v.at(x, i))
			VADDPS(t[i], mean[i], mean[i])
		}
	})
	for i := range n {
		VDIVPS(count, mean[i], mean[i])
	}

	scale := v.zeros(n, count)
	again()
	eachRow("squares", stacked("rows"), []Mem{x}, func() {
		for i := range n {
			VMOVUPS(v.at(x, i), t[i])
			VSUBPS(mean[i], t[i], t[i])
			VFMADD231PS(t[i], t[i], scale[i])
		}
	})
	floor, one := v.broadcast("normFloor", 1e-7), v.broadcast("one", 1)
	for i := range n {
		VDIVPS(count, scale[i], scale[i])
		VSQRTPS(scale[i], scale[i])
		VMAXPS(scale[i], floor, scale[i]) // in this order NaN stays
		VDIVPS(scale[i], one, scale[i])
	}

	again()
	weight, bias := pointer("weight"), pointer("bias")
	eachRow("scale", stacked("rows"), []Mem{x}, func() {
		w, b := v.register(), v.register()
		VBROADCASTSS(weight, w)
		VBROADCASTSS(bias, b)
		for i := range n {
			VMOVUPS(v.at(x, i), t[i])
			VSUBPS(mean[i], t[i], t[i])
			VMULPS(scale[i], t[i], t[i])
			VFMADD213PS(b, w, t[i])
			VMOVUPS(t[i], v.at(x, i))
		}
		ADDQ(Imm(4), weight.Base)
		ADDQ(Imm(4), bias.Base)
	})
	end()
}

func (v isa) zeros(n int, other reg.VecVirtual) (list []reg.VecVirtual) {
	for range n {
		list = append(list, v.zero(other))
	}
	return list
}

func divide(v isa, units int) {
	v.function("divide", units, "func(x, divisor *float32, rows int)", "is divide for one group of units.")
	n := v.registers(units)
	x, divisor := pointer("x"), pointer("divisor")
	one := v.broadcast("one", 1)
	factor, t := v.vectors(n), v.vectors(n)
	for i := range n {
		VMOVUPS(v.at(divisor, i), factor[i])
		VDIVPS(factor[i], one, factor[i])
	}
	eachRow("row", stacked("rows"), []Mem{x}, func() {
		for i := range n {
			VMULPS(v.at(x, i), factor[i], t[i])
			VMOVUPS(t[i], v.at(x, i))
		}
	})
	end()
}
