// Command _asm generates the loops of package vector for AVX2 and AVX-512. The
// plain-Go loops that they do the work of are in generic.go.
//
// A function takes the first lane of a group of units (its name ends in their
// number), has all of the group's lanes in registers, and walks along rows, so
// the lanes of a row that it does not touch may belong to others. Strides are
// in bytes.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	for _, v := range []isa{avx512, avx2} {
		for _, units := range v.groups {
			product(v, units)
			softmax(v, units)
			causal(v, units)
			norm(v, units)
			divide(v, units)
		}
	}
	Generate()
}
