// Package transformer evaluates the language model: mean negative
// log-likelihood of token sequences under a decoder-only, post-norm
// transformer with tied embedding (method 3).
//
// GPU evaluates whole populations on a device, with kernels fused for small
// networks and tiled for all others; what follows is about the CPU.
//
// It holds the model twice. Reference is the plain float64 reading of the
// formulas, a token at a time, which everything else is compared with and
// which generates text. Evaluator is the float32 path that training uses.
//
// The one convention: activations are panels of package vector, [feature]
// [token], so tokens lie in lanes and sequences are packed without padding.
// A sequence's loss is the same, bit for bit, whatever it is evaluated with.
//
// It never reads files of text, knows no tokenizer, starts no goroutine, and
// an Evaluator allocates only when a network or sequence is larger than any
// before.
//
//	H hidden   D heads·head dim   F feed-forward   V vocabulary   L tokens of a sequence
package transformer
