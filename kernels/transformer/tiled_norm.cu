// norm: layer norm of the tiled path, from float32 sums to operands.
//
//   x = (s − mean) / max(std, 1e-7) · scale + bias      over the true columns; padded columns become zero
//
// Grid (rows / 8, P), 256 threads: a warp a row, a lane eight neighbouring columns out of every 256, held in registers between the two
// passes over them. Memory-bound: reads 4, writes 2 or 4 bytes a number.
#include "tiled.cuh"

namespace transformer::tiled {

__device__ __forceinline__ float sum_of_warp(float value) {
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(~0u, value, distance);
    return value;
}

struct NormSizes {
    int64_t in_stride, out_stride;  // floats, bytes
    int hidden, in_columns;         // floats of a row, padding included
    int blocks;                     // tiles of a row of the output
    int rows;
};

// sums [P, rows, in_columns], scales and biases [P, parameter_stride] at their place in the phenotype, out [P, rows] operand.
template <class F, int OCTETS>
__device__ __forceinline__ void norm(const NormSizes& sizes, const float* sums, const float* scales, const float* biases, int64_t parameter_stride, char* out) {
    const int lane = threadIdx.x % 32;
    const int64_t individual_idx = blockIdx.y, row = int64_t(blockIdx.x) * 8 + threadIdx.x / 32;
    if (row >= sizes.rows) return;
    sums += individual_idx * sizes.in_stride + row * sizes.in_columns;
    scales += individual_idx * parameter_stride, biases += individual_idx * parameter_stride;
    float v[OCTETS][OCTET];
    float sum = 0, squares = 0;
#pragma unroll
    for (int i = 0; i < OCTETS; ++i) {
        const int column = (32 * i + lane) * OCTET;
#pragma unroll
        for (int part = 0; part < 2; ++part) {
            const float4 four = column < sizes.in_columns ? reinterpret_cast<const float4*>(sums + column)[part] : make_float4(0, 0, 0, 0);
            v[i][4 * part] = four.x, v[i][4 * part + 1] = four.y, v[i][4 * part + 2] = four.z, v[i][4 * part + 3] = four.w;
        }
#pragma unroll
        for (int k = 0; k < OCTET; ++k) sum += column + k < sizes.hidden ? v[i][k] : 0.0f;
    }
    const float mean = sum_of_warp(sum) / sizes.hidden;
#pragma unroll
    for (int i = 0; i < OCTETS; ++i)
#pragma unroll
        for (int k = 0; k < OCTET; ++k) {
            v[i][k] = (32 * i + lane) * OCTET + k < sizes.hidden ? v[i][k] - mean : 0.0f;
            squares = fmaf(v[i][k], v[i][k], squares);
        }
    const float inverse = 1.0f / fmaxf(sqrtf(sum_of_warp(squares) / sizes.hidden), 1e-7f);
    out += individual_idx * sizes.out_stride;
    const int octets = sizes.blocks * ROW_CHUNKS / F::CHUNKS_AN_OCTET;
#pragma unroll
    for (int i = 0; i < OCTETS; ++i) {
        const int octet = 32 * i + lane;
        if (octet >= octets) continue;
#pragma unroll
        for (int k = 0; k < OCTET; ++k) {
            const int column = octet * OCTET + k;
            v[i][k] = column < sizes.hidden ? fmaf(v[i][k] * inverse, scales[column], biases[column]) : 0.0f;
        }
        store_octet<F>(out, row, octet, sizes.blocks, v[i]);
    }
}

}  // namespace transformer::tiled

#define NORM(FORMAT, COLUMNS, ...)                                                                                               \
    extern "C" __global__ void __launch_bounds__(256) transformer_tiled_norm_##FORMAT##_##COLUMNS(                               \
        transformer::tiled::NormSizes sizes, const float* sums, const float* scales, const float* biases, int64_t parameter_stride, char* out) { \
        transformer::tiled::norm<__VA_ARGS__, COLUMNS / 256>(sizes, sums, scales, biases, parameter_stride, out);                \
    }
#define NORMS(FORMAT, ...) NORM(FORMAT, 256, __VA_ARGS__) NORM(FORMAT, 1024, __VA_ARGS__) NORM(FORMAT, 4096, __VA_ARGS__)
NORMS(fp32, transformer::tiled::Single)
NORMS(tf32, transformer::tiled::Tf32)
NORMS(fp16, transformer::tiled::Sixteen<transformer::Fp16>)
NORMS(bf16, transformer::tiled::Sixteen<transformer::Bf16>)
#undef NORMS
#undef NORM
