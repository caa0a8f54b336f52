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
	name   string
	lanes  int   // 32-bit lanes of a register
	groups []int // units that functions are generated for
}

var (
	avx512 = isa{"AVX512", 16, []int{4, 2, 1}}
	avx2   = isa{"AVX2", 8, []int{1}}
)

const (
	unit     = 16     // lanes
	rowBytes = 64 * 4 // of a panel
)

func (v isa) wide() bool              { return v.lanes == 16 }
func (v isa) registers(units int) int { return units * unit / v.lanes }

// at is register i of the row that p points to.
func (v isa) at(p Mem, i int) Mem { return p.Offset(4 * v.lanes * i) }

func (v isa) register() reg.VecVirtual {
	if v.wide() {
		return ZMM()
	}
	return YMM()
}

func (v isa) vectors(n int) []reg.VecVirtual {
	list := make([]reg.VecVirtual, n)
	for i := range list {
		list[i] = v.register()
	}
	return list
}

// zero returns a register of zeros. It is written as the difference of some
// other register from itself, because avo takes x^x for a use of x.
func (v isa) zero(other reg.VecVirtual) reg.VecVirtual {
	r := v.register()
	if v.wide() {
		VPXORD(other, other, r)
	} else {
		VPXOR(other, other, r)
	}
	return r
}

// broadcast returns a register with a constant in all lanes.
func (v isa) broadcast(name string, value float64) reg.VecVirtual {
	r := v.register()
	VBROADCASTSS(scalar(name, math.Float32bits(float32(value))), r)
	return r
}

var data = map[string]Mem{}

// scalar is a constant in memory.
func scalar(name string, bits uint32) Mem {
	if _, ok := data[name]; !ok {
		data[name] = GLOBL(name, RODATA|NOPTR)
		DATA(0, U32(bits))
	}
	return data[name]
}

// vector is a constant in all lanes, in memory.
func (v isa) vector(name string, value float64) Mem {
	return v.table(name, func(int) uint32 { return math.Float32bits(float32(value)) })
}

func (v isa) table(name string, value func(lane int) uint32) Mem {
	name = fmt.Sprintf("%s%d", name, v.lanes)
	if _, ok := data[name]; !ok {
		data[name] = GLOBL(name, RODATA|NOPTR)
		for lane := range v.lanes {
			DATA(4*lane, U32(value(lane)))
		}
	}
	return data[name]
}

// function begins the function of that name for a group of units.
func (v isa) function(name string, units int, signature, doc string) {
	full := fmt.Sprintf("%s%sx%d", name, v.name, units)
	TEXT(full, NOSPLIT, signature)
	Pragma("noescape")
	Doc(full + " " + doc)
}

// end returns, leaving the upper halves of registers clean for SSE code.
func end() {
	VZEROUPPER()
	RET()
}

// argument loads a parameter into a register.
func argument(name string) reg.Register { return Load(Param(name), GP64()) }

// stacked is a parameter where the caller left it.
func stacked(name string) Mem {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}

// pointer is what an argument points to.
func pointer(name string) Mem { return Mem{Base: argument(name)} }

// eachRow emits a loop over n rows of a panel, n ≥ 1, that advances the given
// pointers by a row each time.
func eachRow(label string, rows Mem, panels []Mem, body func()) {
	n := GP64()
	MOVQ(rows, n)
	Label(label)
	body()
	for _, p := range panels {
		ADDQ(U32(rowBytes), p.Base)
	}
	DECQ(n)
	JNZ(LabelRef(label))
}

// flushed surrounds body with arithmetic in which numbers below 2^−126 are
// zero: what processors do with them otherwise takes a hundred times longer.
// Signals aside, a goroutine does not leave its thread inside of assembly.
func flushed(body func()) {
	saved, flush := AllocLocal(8), AllocLocal(8)
	STMXCSR(saved)
	t := GP32()
	MOVL(saved, t)
	ORL(U32(1<<15|1<<6), t)
	MOVL(t, flush)
	LDMXCSR(flush)
	body()
	LDMXCSR(saved)
}
