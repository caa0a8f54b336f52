// Tables that Go uploads once per network (tables.go has the same structs), and the candidates of a launch.
//
// Dimensions: P candidates, G genotype elements, F phenotype elements, K rank.
#pragma once
#include <stdint.h>

namespace develop {

// A contiguous run of the genotype. A frozen part has scale 0.
struct Part {
    int32_t offset, length;
    uint32_t stream;  // the tensor word of the noise counter
    float init_value, init_std, scale;
};

// Piece of a part that one thread block works on: noise blocks from `first` on.
struct PartTile {
    int32_t part_idx, first_block;
};

// How the product of a tensor's factors becomes the tensor; as in package model, and one more for dense tensors.
enum Orientation : int32_t { PLAIN, TRANSPOSED, CONVOLUTION, DENSE };

// A developed tensor: W = A·B [rows, cols], then oriented, then + D if hybrid.
struct Tensor {
    int32_t orientation;
    int32_t rows, cols, rank;                      // of A [rows, rank] and B [rank, cols]; dense: cols = length
    int32_t a, b, d;                               // genotype offsets; dense: a = the array; d = -1: not hybrid
    int32_t offset;                                // in the phenotype
    int32_t kernel_rows, kernel_cols, channels_in; // of a convolution
};

// Piece of a tensor that one thread block works on: from (row, col) of A·B, or from element col of a dense tensor.
struct TensorTile {
    int32_t tensor_idx, row, col;
};

constexpr int32_t FOUNDER = -1;  // parent of a candidate that starts from its seed alone

// parent + multiplier · scale · noise(seed), or a founder. Multiplier 0 is the parent itself.
struct Candidate {
    uint32_t seed_low, seed_high;
    int32_t parent;
    float multiplier;
};

}  // namespace develop
