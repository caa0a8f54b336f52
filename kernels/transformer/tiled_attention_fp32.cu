// attention in float32: tiled_attention.cu's formula and shapes on the FMA units, with accurate exponentials.
//
// Grid (query tiles · heads · parts, P), 256 threads: 64 queries of one head, keys and values 64 at a time. Thread (y, x) of 16 × 16 has
// queries y + 16·i: scores of keys x + 16·j, outputs of dimensions 4·x … 4·x + 3 of its part of 64.
#include "tiled.cuh"

namespace transformer::tiled {

constexpr int SINGLE_DIM = 64, SINGLE_ROW = SINGLE_DIM + 4, SINGLE_TILE = 64;  // rows padded by one chunk against bank conflicts

struct SingleShared {
    float queries[SINGLE_TILE][SINGLE_ROW], keys[SINGLE_TILE][SINGLE_ROW], values[SINGLE_TILE][SINGLE_ROW], weights[SINGLE_TILE][SINGLE_ROW];
};

struct SingleSizes {
    int64_t in_stride, out_stride;  // bytes
    int in_blocks, out_blocks;
    int heads, parts, dims;         // dims: padded columns of a head, a multiple of 64 if there are parts
    int first_slot;
};

// 64 rows of up to 64 columns; what does not exist is zero.
__device__ __forceinline__ void fetch_single(float (&to)[SINGLE_TILE][SINGLE_ROW], const char* rows, int blocks, int64_t first, int length, int row, int column, int columns) {
    for (int idx = threadIdx.x; idx < SINGLE_TILE * SINGLE_DIM / 4; idx += 256) {
        const int r = idx / (SINGLE_DIM / 4), chunk = idx % (SINGLE_DIM / 4);
        const bool exists = row + r < length && 4 * chunk < columns;
        *reinterpret_cast<float4*>(&to[r][4 * chunk]) = exists ? *reinterpret_cast<const float4*>(rows + chunk_byte(first + row + r, column / 4 + chunk, blocks)) : make_float4(0, 0, 0, 0);
    }
}

__device__ __forceinline__ void attention_single(const SingleSizes& sizes, const int4* queries, const char* qkv, char* out_rows) {
    extern __shared__ __align__(128) char shared_bytes[];
    SingleShared& shared = *reinterpret_cast<SingleShared*>(shared_bytes);
    const int y = threadIdx.x / 16, x = threadIdx.x % 16;
    const int4 place = queries[blockIdx.x / (sizes.heads * sizes.parts)];
    const int head = blockIdx.x / sizes.parts % sizes.heads, part = blockIdx.x % sizes.parts;
    const int columns = min(sizes.dims, SINGLE_DIM), length = (place.y + TILE - 1) / TILE * TILE;
    const int64_t first = place.x - sizes.first_slot;
    const int q_column = head * sizes.dims, k_column = (sizes.heads + head) * sizes.dims, v_column = (2 * sizes.heads + head) * sizes.dims + part * SINGLE_DIM;
    const char* rows = qkv + blockIdx.y * sizes.in_stride;
    const auto fetch = [&](float (&to)[SINGLE_TILE][SINGLE_ROW], int tile, int column) { fetch_single(to, rows, sizes.in_blocks, first, length, tile * SINGLE_TILE, column, columns); };

    float out[4][4] = {}, largest[4], sum[4] = {};
#pragma unroll
    for (int i = 0; i < 4; ++i) largest[i] = -INFINITY;
    for (int tile = 0; tile <= place.z; ++tile) {
        float scores[4][4] = {};
        for (int key_part = 0; key_part < sizes.parts; ++key_part) {
            __syncthreads();
            if (tile == 0 || sizes.parts > 1) fetch(shared.queries, place.z, q_column + key_part * SINGLE_DIM);
            fetch(shared.keys, tile, k_column + key_part * SINGLE_DIM);
            if (key_part == 0) fetch(shared.values, tile, v_column);
            __syncthreads();
#pragma unroll 1
            for (int dim = 0; dim < columns; dim += 4) {
                float4 k[4];
#pragma unroll
                for (int j = 0; j < 4; ++j) k[j] = *reinterpret_cast<const float4*>(&shared.keys[x + 16 * j][dim]);
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    const float4 q = *reinterpret_cast<const float4*>(&shared.queries[y + 16 * i][dim]);
#pragma unroll
                    for (int j = 0; j < 4; ++j) scores[i][j] = fmaf(q.w, k[j].w, fmaf(q.z, k[j].z, fmaf(q.y, k[j].y, fmaf(q.x, k[j].x, scores[i][j]))));
                }
            }
        }
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            float top = largest[i];
#pragma unroll
            for (int j = 0; j < 4; ++j) {
                if (tile == place.z && x + 16 * j > y + 16 * i) scores[i][j] = -INFINITY;
                top = fmaxf(top, scores[i][j]);
            }
#pragma unroll
            for (int distance = 1; distance < 16; distance *= 2) top = fmaxf(top, __shfl_xor_sync(~0u, top, distance));
            const float keep = exp2f(largest[i] - top);
            largest[i] = top, sum[i] *= keep;
#pragma unroll
            for (int j = 0; j < 4; ++j) {
                const float weight = exp2f(scores[i][j] - top);
                sum[i] += weight, out[i][j] *= keep;
                shared.weights[y + 16 * i][x + 16 * j] = weight;
            }
        }
        __syncwarp();  // a warp's rows of weights are its own
#pragma unroll 2
        for (int key = 0; key < SINGLE_TILE; ++key) {
            const float4 v = *reinterpret_cast<const float4*>(&shared.values[key][4 * x]);
#pragma unroll
            for (int i = 0; i < 4; ++i) {
                const float weight = shared.weights[y + 16 * i][key];
                out[i][0] = fmaf(weight, v.x, out[i][0]), out[i][1] = fmaf(weight, v.y, out[i][1]);
                out[i][2] = fmaf(weight, v.z, out[i][2]), out[i][3] = fmaf(weight, v.w, out[i][3]);
            }
        }
        __syncwarp();
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        float whole = sum[i];
#pragma unroll
        for (int distance = 1; distance < 16; distance *= 2) whole += __shfl_xor_sync(~0u, whole, distance);
        const int row = place.z * SINGLE_TILE + y + 16 * i;
        if (row >= length || 4 * x >= columns) continue;
        *reinterpret_cast<float4*>(out_rows + blockIdx.y * sizes.out_stride + chunk_byte(first + row, (head * sizes.dims + part * SINGLE_DIM) / 4 + x, sizes.out_blocks)) =
            make_float4(out[i][0] / whole, out[i][1] / whole, out[i][2] / whole, out[i][3] / whole);
    }
}

}  // namespace transformer::tiled

extern "C" __global__ void __launch_bounds__(256, 2) transformer_tiled_attention_fp32(transformer::tiled::SingleSizes sizes, const int4* queries, const char* qkv, char* out) {
    transformer::tiled::attention_single(sizes, queries, qkv, out);
}
