// Package conv evaluates convolutional policies on the CPU: valid convolutions
// with relu, a hidden linear layer with relu, a linear output (method 1.5, 5.1).
//
// It holds the network twice. Reference is the plain float64 reading of the
// formulas. Evaluator is the float32 path that training uses; it takes several
// images at a time, and an image's outputs are the same, bit for bit, whatever
// it is evaluated with.
//
// The one convention: every layer is a convolution. The hidden layer's kernel
// is as large as its input, which leaves one position; the output layer is 1×1.
// A weight is [output][channel][row][column], so the hidden layer's inputs are
// flattened in the order channel, row, column.
//
// It never reads files, knows no game, starts no goroutine, and Load and
// Forward do not allocate.
//
//	C channels in   O outputs   S side in   T side out   k kernel   K = C·k·k
package conv
