// A tile of 16 tokens in registers: its states as mma operands, products with prepared weights, and the layer norm.
//
// HT: n8 tiles of hidden features. c [HT][4] is the float32 accumulator of a tile, as mma.cuh describes it.
#pragma once
#include "layout.cuh"
#include "mma.cuh"

namespace transformer {

template <int HT>
struct Tile {
    uint32_t x[HT][2];  // [hidden tile][row half]: packed columns 8·tile + 2q, +1 of row g + 8·half

    // Between layers a tile rests in the order of A operands: [step][lane][4 registers].
    __device__ void load(const char* base, int lane) {
        uint32_t r[2 * HT];
        load_fragment<2 * HT>(r, base, lane);
#pragma unroll
        for (int j = 0; j < HT; ++j) x[j][0] = r[2 * j], x[j][1] = r[2 * j + 1];
    }
    __device__ void store(char* base, int lane) const {
        uint32_t r[2 * HT];
#pragma unroll
        for (int j = 0; j < HT; ++j) r[2 * j] = x[j][0], r[2 * j + 1] = x[j][1];
        store_fragment<2 * HT>(r, base, lane);
    }
    // At the end, in the order of the loss kernel's B operands: [row half = group of eight tokens][lane][HT registers].
    __device__ void store_final(char* base, int lane) const {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            uint32_t r[HT];
#pragma unroll
            for (int j = 0; j < HT; ++j) r[j] = x[j][half];
            store_fragment<HT>(r, base + half * HT * 128, lane);
        }
    }
    template <class T>
    __device__ void pack(const float (&c)[HT][4]) {
#pragma unroll
        for (int j = 0; j < HT; ++j) x[j][0] = T::pack(c[j][0], c[j][1]), x[j][1] = T::pack(c[j][2], c[j][3]);
    }
};

// c (16 tokens × 8) += tile (16 × hidden) · one n8 weight tile
template <class T, int HT>
__device__ __forceinline__ void multiply_hidden(float (&c)[4], const Tile<HT>& tile, const uint32_t (&w)[HT]) {
    if constexpr (HT == 1) {
        mma_k8<T>(c, tile.x[0][0], tile.x[0][1], w[0]);
    } else {
#pragma unroll
        for (int step = 0; step < HT / 2; ++step)
            mma_k16<T>(c, tile.x[2 * step][0], tile.x[2 * step][1], tile.x[2 * step + 1][0], tile.x[2 * step + 1][1], w[2 * step], w[2 * step + 1]);
    }
}

// vᵀ (16 dims × 8 tokens of one row half) = W_v · xᵀ: values come out as the B operand that attention needs.
template <class T, int HT>
__device__ __forceinline__ void multiply_values(float (&c)[4], const uint32_t (&w)[2 * HT], const Tile<HT>& tile, int half) {
    if constexpr (HT == 1) {
        mma_k8<T>(c, w[0], w[1], tile.x[0][half]);
    } else {
#pragma unroll
        for (int step = 0; step < HT / 2; ++step)
            mma_k16<T>(c, w[4 * step], w[4 * step + 1], w[4 * step + 2], w[4 * step + 3], tile.x[2 * step][half], tile.x[2 * step + 1][half]);
    }
}

// c (16 × hidden) += A (16 × k16) · all hidden tiles of one k16 step
template <class T, int HT>
__device__ __forceinline__ void multiply_outputs(float (&c)[HT][4], const uint32_t (&a)[4], const char* step_weights, int lane) {
    uint32_t w[2 * HT];
    load_fragment<2 * HT>(w, step_weights, lane);
#pragma unroll
    for (int j = 0; j < HT; ++j) mma_k16<T>(c[j], a[0], a[1], a[2], a[3], w[2 * j], w[2 * j + 1]);
}

__device__ __forceinline__ void load_bias(float (&c)[4], const char* bias, int tile_idx, int q) {
    const float4 b = reinterpret_cast<const float4*>(bias)[tile_idx * 4 + q];
    c[0] = b.x, c[1] = b.y, c[2] = b.z, c[3] = b.w;
}

template <int HT>
__device__ __forceinline__ void add_bias(float (&c)[HT][4], const char* bias, int q) {
#pragma unroll
    for (int j = 0; j < HT; ++j) {
        float b[4];
        load_bias(b, bias, j, q);
#pragma unroll
        for (int r = 0; r < 4; ++r) c[j][r] += b[r];
    }
}

__device__ __forceinline__ float quad_sum(float value) {
    value += __shfl_xor_sync(~0u, value, 1);
    return value + __shfl_xor_sync(~0u, value, 2);
}

// x ← (x − mean) / max(std, 1e-7) · scale + bias over the true columns of each row. Padded columns are zero before and after.
template <int HT>
__device__ __forceinline__ void layer_norm(float (&c)[HT][4], const char* norm, bool affine, int hidden, float inverse_size, int q) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        float sum = 0;
#pragma unroll
        for (int j = 0; j < HT; ++j) sum += c[j][2 * half] + c[j][2 * half + 1];
        const float mean = quad_sum(sum) * inverse_size;
        float squares = 0;
#pragma unroll
        for (int j = 0; j < HT; ++j)
#pragma unroll
            for (int i = 0; i < 2; ++i) {
                float& value = c[j][2 * half + i];
                value -= mean;
                if (affine && 8 * j + 2 * q + i >= hidden) value = 0;
                squares = fmaf(value, value, squares);
            }
        const float inverse_std = fminf(reciprocal_sqrt(quad_sum(squares) * inverse_size), 1e7f);
#pragma unroll
        for (int j = 0; j < HT; ++j) c[j][2 * half] *= inverse_std, c[j][2 * half + 1] *= inverse_std;
    }
    if (!affine) return;
#pragma unroll
    for (int j = 0; j < HT; ++j) {
        const float4 n = reinterpret_cast<const float4*>(norm)[j * 4 + q];
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            c[j][2 * half] = fmaf(c[j][2 * half], n.x, n.z);
            c[j][2 * half + 1] = fmaf(c[j][2 * half + 1], n.y, n.w);
        }
    }
}

}  // namespace transformer
