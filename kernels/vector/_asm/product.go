package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The modes of package vector.
const (
	reluMode  = 1
	carryMode = 2
)

// tileRows are the numbers of rows whose sums are in registers at a time. Six
// rows of four registers make 24 sums: enough for two multiply-adds a cycle of
// four cycles' latency, at ten loads for 24 of them.
var tileRows = []int{6, 4, 2, 1}

// matrix is the pointer to a weight and the strides that addresses are made of.
type matrix struct {
	data            reg.Register
	row, row3, row5 reg.Register
	col             reg.Register
}

// row is the address of row r behind p.
func (m matrix) at(p reg.Register, r int) Mem {
	return []Mem{
		{Base: p},
		{Base: p, Index: m.row, Scale: 1},
		{Base: p, Index: m.row, Scale: 2},
		{Base: p, Index: m.row3, Scale: 1},
		{Base: p, Index: m.row, Scale: 4},
		{Base: p, Index: m.row5, Scale: 1},
		{Base: p, Index: m.row3, Scale: 2},
	}[r]
}

func product(v isa, units int) {
	v.function("product", units,
		"func(y *float32, yStride int, w *float32, rowStride, colStride int, x, start *float32, startStride, rows, cols, mode int)",
		"is product for one group of units.")
	w := matrix{data: argument("w"), row: argument("rowStride"), col: argument("colStride"), row3: GP64(), row5: GP64()}
	y, yStride, start, rows := argument("y"), argument("yStride"), argument("start"), argument("rows")
	LEAQ(Mem{Base: w.row, Index: w.row, Scale: 2}, w.row3)
	LEAQ(Mem{Base: w.row, Index: w.row, Scale: 4}, w.row5)
	flushed(func() {
		for i, r := range tileRows {
			next := "done"
			if i+1 < len(tileRows) {
				next = fmt.Sprintf("tile%d", tileRows[i+1])
			}
			Label(fmt.Sprintf("tile%d", r))
			CMPQ(rows, Imm(uint64(r)))
			JLT(LabelRef(next))
			tile(v, r, v.registers(units), w, y, yStride, start)
			LEAQ(w.at(w.data, r), w.data)
			SUBQ(Imm(uint64(r)), rows)
			JMP(LabelRef(fmt.Sprintf("tile%d", r)))
		}
		Label("done")
	})
	end()
}

// tile computes r rows and moves y and start behind them.
func tile(v isa, r, registers int, w matrix, y, yStride, start reg.Register) {
	label := func(name string) string { return fmt.Sprintf("%s%d", name, r) }
	sums := make([][]reg.VecVirtual, r)
	for i := range sums {
		sums[i] = v.vectors(registers)
	}
	CMPQ(stacked("mode"), Imm(carryMode))
	JE(LabelRef(label("carry")))
	for _, sum := range sums {
		VBROADCASTSS(Mem{Base: start}, sum[0])
		for _, s := range sum[1:] {
			VMOVAPS(sum[0], s)
		}
		ADDQ(stacked("startStride"), start)
	}
	JMP(LabelRef(label("multiply")))

	Label(label("carry"))
	p := GP64()
	MOVQ(y, p)
	for _, sum := range sums {
		for c, s := range sum {
			VMOVUPS(v.at(Mem{Base: start}, c), s)
			VMULPS(v.at(Mem{Base: p}, c), s, s)
		}
		ADDQ(yStride, p)
	}

	Label(label("multiply"))
	multiply(v, label("column"), w, sums)
	CMPQ(stacked("mode"), Imm(reluMode))
	JNE(LabelRef(label("store")))
	zero := v.zero(sums[0][0])
	for _, sum := range sums {
		for _, s := range sum {
			VMAXPS(s, zero, s) // in this order NaN stays
		}
	}
	Label(label("store"))
	for _, sum := range sums {
		for c, s := range sum {
			VMOVUPS(s, v.at(Mem{Base: y}, c))
		}
		ADDQ(yStride, y)
	}
}

// multiply adds the products with all columns to the sums, [row][register].
func multiply(v isa, label string, w matrix, sums [][]reg.VecVirtual) {
	weights, x, n := GP64(), GP64(), GP64()
	MOVQ(w.data, weights)
	MOVQ(stacked("x"), x)
	MOVQ(stacked("cols"), n)
	Label(label)
	in := v.vectors(len(sums[0]))
	for c := range in {
		VMOVUPS(v.at(Mem{Base: x}, c), in[c])
	}
	for r, sum := range sums {
		weight := v.register()
		VBROADCASTSS(w.at(weights, r), weight)
		for c, s := range sum {
			VFMADD231PS(weight, in[c], s)
		}
	}
	ADDQ(w.col, weights)
	ADDQ(U32(rowBytes), x)
	DECQ(n)
	JNZ(LabelRef(label))
}
