// pack: a weight and its bias, or a factor of a weight, from float32 to an operand and a padded vector.
//
//   W'[first row + padded(r)][first column + padded(c)] = scale · W[r][c]      b'[first row + padded(r)] = scale · b[r]
//
// padded: attention's rows or columns come in heads, each filled up with zeros; everything else keeps its place. Queries are scaled by
// log2(e)/√(head size), the decoder by log2(e): softmaxes are in base 2. Strides of rows and columns read a factor as it lies or
// transposed; places of the first row and column put the factors of queries, keys and values into the blocks of a diagonal.
// Grid (chunks, P), 256 threads: a thread makes eight columns of a row. Once a generation, bound by memory.
#include "tiled.cuh"

namespace transformer::tiled {

struct PackSizes {
    int64_t weight_stride, bias_stride;          // floats from one individual's sources to the next's
    int64_t out_stride, bias_out_stride;         // bytes, floats
    int rows, columns;                           // of W
    int row_stride, column_stride;               // floats
    int row_group, row_padded;                   // rows come in groups of that many, and get so many places
    int column_group, column_padded;
    int first_row, out_rows;                     // rows written
    int first_column, blocks;                    // all columns of `blocks` tiles are written
    int biased;                                  // 0: the bias is zero
    float scale, bias_padding;                   // bias_padding: of rows that W does not have
    int padding;
};

// Which of `count` things stands at a padded place, or −1.
__device__ __forceinline__ int unpadded(int place, int group, int padded, int count) {
    const int at = place / padded * group + place % padded;
    return place % padded < group && at < count ? at : -1;
}

// weights [P, weight_stride] and biases [P, bias_stride] at their places, out [P, out_stride], bias_out [P, bias_out_stride].
template <class F>
__device__ __forceinline__ void pack(const PackSizes& sizes, const float* weights, const float* biases, char* out, float* bias_out) {
    const int octets = sizes.blocks * ROW_CHUNKS / F::CHUNKS_AN_OCTET;
    const int64_t idx = int64_t(blockIdx.x) * 256 + threadIdx.x;
    const int row = int(idx / octets), octet = int(idx % octets);
    if (row >= sizes.out_rows) return;
    const int64_t individual_idx = blockIdx.y;
    const int source = unpadded(row, sizes.row_group, sizes.row_padded, sizes.rows);
    weights += individual_idx * sizes.weight_stride + int64_t(max(source, 0)) * sizes.row_stride;
    float v[OCTET];
#pragma unroll
    for (int k = 0; k < OCTET; ++k) {
        const int place = octet * OCTET + k - sizes.first_column;
        const int column = place < 0 ? -1 : unpadded(place, sizes.column_group, sizes.column_padded, sizes.columns);
        v[k] = source >= 0 && column >= 0 ? weights[int64_t(column) * sizes.column_stride] * sizes.scale : 0.0f;
    }
    store_octet<F>(out + individual_idx * sizes.out_stride, sizes.first_row + row, octet, sizes.blocks, v);
    if (octet > 0) return;
    const float bias = source < 0 ? sizes.bias_padding : sizes.biased ? biases[individual_idx * sizes.bias_stride + source] * sizes.scale : 0.0f;
    bias_out[individual_idx * sizes.bias_out_stride + sizes.first_row + row] = bias;
}

}  // namespace transformer::tiled

#define PACK(FORMAT, ...)                                                                                                        \
    extern "C" __global__ void __launch_bounds__(256) transformer_tiled_pack_##FORMAT(transformer::tiled::PackSizes sizes,       \
        const float* weights, const float* biases, char* out, float* bias_out) {                                                 \
        transformer::tiled::pack<__VA_ARGS__>(sizes, weights, biases, out, bias_out);                                            \
    }
PACK(fp32, transformer::tiled::Single)
PACK(tf32, transformer::tiled::Tf32)
PACK(fp16, transformer::tiled::Sixteen<transformer::Fp16>)
PACK(bf16, transformer::tiled::Sixteen<transformer::Bf16>)
#undef PACK
