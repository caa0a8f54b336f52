// gemm: the linear layers of the tiled path, a whole population at once, with what follows each of them.
//
//   operand   out [T, N] = max(x · Wᵀ + b, floor)      floor = 0: relu; −∞: none; out in the mode's format, ready to be multiplied
//   sum       out [T, N] = x · Wᵀ + b + residual       float32, rows one after the other: what a layer norm reads
//
// x [P, T, K] and W [P, N, K] are operands as tiled.cuh lays them out, b [P, N padded to 128] float32.
// Grid (row tiles · column tiles, P): block (i, individual) makes 128 × 128 numbers; neighbouring blocks share rows of x. A number is
// summed over k in ascending order whatever the grid, so it depends on its row and column alone.
#include "tiled_hopper.cuh"

// wgmma exists for this target alone; the builder looks for the line:
// target: sm_90a

namespace transformer::tiled {

// Bytes, but biases and sums: floats. Strides lead from one individual to the next.
struct GemmSizes {
    int64_t in_stride, weight_stride, bias_stride, residual_stride, out_stride;
    int blocks;           // tiles along k
    int column_tiles;
    int out_blocks;       // operand: tiles of a row of the output; sum: tiles of a row of the residual
    int out_columns;      // sum: floats of a row
    float floor;
    int padding;
};

// Lane q of a quad holds word q of four chunks; on return word i of chunk q.
__device__ __forceinline__ void transpose_quad(uint32_t (&w)[4]) {
    const bool odd = threadIdx.x % 2, upper = threadIdx.x / 2 % 2;
#pragma unroll
    for (int i = 0; i < 4; i += 2) {
        const uint32_t other = __shfl_xor_sync(~0u, odd ? w[i] : w[i + 1], 1);
        (odd ? w[i] : w[i + 1]) = other;
    }
#pragma unroll
    for (int i = 0; i < 2; ++i) {
        const uint32_t other = __shfl_xor_sync(~0u, upper ? w[i] : w[i + 2], 2);
        (upper ? w[i] : w[i + 2]) = other;
    }
}

template <class Product>
__device__ __forceinline__ void store_operands(Product& product, const GemmSizes& sizes, const float* bias, char* out, int row0, int column0) {
    using F = typename Product::F;
    const int chunks = sizes.out_blocks * ROW_CHUNKS;
    if constexpr (F::BYTES == 2) {
#pragma unroll
        for (int j = 0; j < Product::COLUMNS; j += 8) {  // 32 columns: each lane of a quad stores one chunk of eight
            const int chunk = (column0 + Product::column(j)) / 8 + threadIdx.x % 4;
            float2 b[4];
#pragma unroll
            for (int n = 0; n < 4; ++n) b[n] = *reinterpret_cast<const float2*>(bias + column0 + Product::column(j + 2 * n));
#pragma unroll
            for (int i = 0; i < Product::ROWS; ++i) {
                uint32_t words[4];
#pragma unroll
                for (int n = 0; n < 4; ++n)
                    F::store_pair(reinterpret_cast<char*>(&words[n]), at_least(product.at(i, j + 2 * n) + b[n].x, sizes.floor), at_least(product.at(i, j + 2 * n + 1) + b[n].y, sizes.floor));
                transpose_quad(words);
                if (chunk < chunks) *reinterpret_cast<uint4*>(out + chunk_byte(row0 + Product::row(i), chunk, sizes.out_blocks)) = make_uint4(words[0], words[1], words[2], words[3]);
            }
        }
    } else {
        constexpr int STEP = Product::NEIGHBOURS ? 2 : 1;
#pragma unroll
        for (int j = 0; j < Product::COLUMNS; j += STEP) {
            const int column = column0 + Product::column(j);
            if (column / F::CHUNK >= chunks) continue;
#pragma unroll
            for (int i = 0; i < Product::ROWS; ++i) {
                char* at = out + element_byte<F>(row0 + Product::row(i), column, sizes.out_blocks);
                const float first = at_least(product.at(i, j) + bias[column], sizes.floor);
                if constexpr (STEP == 2)
                    F::store_pair(at, first, at_least(product.at(i, j + 1) + bias[column + 1], sizes.floor));
                else
                    *reinterpret_cast<float*>(at) = first;
            }
        }
    }
}

template <class Product>
__device__ __forceinline__ void store_sums(Product& product, const GemmSizes& sizes, const float* bias, const char* residual, float* out, int row0, int column0) {
    using F = typename Product::F;
    constexpr int STEP = Product::NEIGHBOURS ? 2 : 1;
#pragma unroll
    for (int j = 0; j < Product::COLUMNS; j += STEP) {
        const int column = column0 + Product::column(j);
        if (column >= sizes.out_columns) continue;
#pragma unroll
        for (int i = 0; i < Product::ROWS; ++i) {
            const int64_t row = row0 + Product::row(i);
            const char* add = residual + element_byte<F>(row, column, sizes.out_blocks);
            float* at = out + row * sizes.out_columns + column;
            if constexpr (STEP == 2) {
                const float2 x = F::unpack_pair(add), b = *reinterpret_cast<const float2*>(bias + column);
                *reinterpret_cast<float2*>(at) = make_float2(product.at(i, j) + b.x + x.x, product.at(i, j + 1) + b.y + x.y);
            } else {
                *at = product.at(i, j) + bias[column] + *reinterpret_cast<const float*>(add);
            }
        }
    }
}

template <class Product, bool SUM>
__device__ __forceinline__ void gemm(const GemmSizes& sizes, const char* in, const char* weights, const float* biases, const char* residual, char* out) {
    extern __shared__ __align__(128) char shared_bytes[];
    const int64_t individual_idx = blockIdx.y;
    const int row_tile = blockIdx.x / sizes.column_tiles, column_tile = blockIdx.x % sizes.column_tiles;
    const int64_t tiles = int64_t(sizes.blocks) * TILE_BYTES;
    Product product(shared_bytes);
    in += individual_idx * sizes.in_stride + row_tile * tiles;
    weights += individual_idx * sizes.weight_stride + column_tile * tiles;
    if (Product::fetches()) {
        product.fetch(in, weights, sizes.blocks);
        return;
    }
    product.multiply(in, weights, sizes.blocks, shared_bytes);
    const float* bias = biases + individual_idx * sizes.bias_stride;
    if constexpr (SUM)
        store_sums(product, sizes, bias, residual + individual_idx * sizes.residual_stride, reinterpret_cast<float*>(out) + individual_idx * sizes.out_stride, row_tile * SIDE, column_tile * SIDE);
    else
        store_operands(product, sizes, bias, out + individual_idx * sizes.out_stride, row_tile * SIDE, column_tile * SIDE);
}

}  // namespace transformer::tiled

#define GEMM_HEAD(NAME, THREADS, EACH)                                                                                    \
    extern "C" __global__ void __launch_bounds__(THREADS, EACH) NAME(transformer::tiled::GemmSizes sizes, const char* in, \
        const char* weights, const float* biases, const char* residual, char* out)
#define GEMM(NAME, EACH, SUM, ...)                                                                                        \
    GEMM_HEAD(NAME, 256, EACH) { transformer::tiled::gemm<transformer::tiled::__VA_ARGS__, SUM>(sizes, in, weights, biases, residual, out); }
GEMM(transformer_tiled_operand_fp32, 2, false, FmaProduct)
GEMM(transformer_tiled_sum_fp32, 2, true, FmaProduct)
GEMM(transformer_tiled_operand_tf32, 1, false, MmaProduct<transformer::tiled::Tf32>)
GEMM(transformer_tiled_sum_tf32, 1, true, MmaProduct<transformer::tiled::Tf32>)
GEMM(transformer_tiled_operand_fp16, 1, false, MmaProduct<transformer::tiled::Sixteen<transformer::Fp16>>)
GEMM(transformer_tiled_sum_fp16, 1, true, MmaProduct<transformer::tiled::Sixteen<transformer::Fp16>>)
GEMM(transformer_tiled_operand_bf16, 1, false, MmaProduct<transformer::tiled::Sixteen<transformer::Bf16>>)
GEMM(transformer_tiled_sum_bf16, 1, true, MmaProduct<transformer::tiled::Sixteen<transformer::Bf16>>)

// On other targets than sm_90a these are there and never chosen.
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#define HOPPER_GEMM(NAME, SUM, ...)                                                                                       \
    GEMM_HEAD(NAME, 288, 2) { transformer::tiled::gemm<transformer::tiled::WgmmaProduct<__VA_ARGS__>, SUM>(sizes, in, weights, biases, residual, out); }
#else
#define HOPPER_GEMM(NAME, SUM, ...) GEMM_HEAD(NAME, 288, 2) { __trap(); }
#endif
HOPPER_GEMM(transformer_hopper_operand_tf32, false, transformer::tiled::Tf32)
HOPPER_GEMM(transformer_hopper_sum_tf32, true, transformer::tiled::Tf32)
HOPPER_GEMM(transformer_hopper_operand_fp16, false, transformer::tiled::Sixteen<transformer::Fp16>)
HOPPER_GEMM(transformer_hopper_sum_fp16, true, transformer::tiled::Sixteen<transformer::Fp16>)
HOPPER_GEMM(transformer_hopper_operand_bf16, false, transformer::tiled::Sixteen<transformer::Bf16>)
HOPPER_GEMM(transformer_hopper_sum_bf16, true, transformer::tiled::Sixteen<transformer::Bf16>)
#undef HOPPER_GEMM
#undef GEMM
#undef GEMM_HEAD
