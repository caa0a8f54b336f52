// Package vector holds the few loops in which a network on the CPU spends its
// time, each as a plain-Go loop and as assembly for AVX-512, AVX2 and NEON.
//
// Its one convention: items lie in lanes. A panel is a [rows][Width] array of
// float32 in which a row is a feature and a lane is an item (a token, an
// image, a query), and weights are broadcast. Every lane sees the same
// operations in the same order, so an item's result cannot depend on which
// other items share its panel, and no size of a layer needs padding. Work is
// counted in units of Unit lanes.
//
// It never allocates, starts no goroutine, knows no network, and the results
// of one instruction set are not promised to equal another's bit for bit: the
// assembly fuses multiplications and additions, the Go loops never do. (AVX2
// and NEON do give the same bits, as tests know.)
package vector
