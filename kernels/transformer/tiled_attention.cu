// attention: causal softmax attention of the tiled path; scores never reach device memory.
//
//   out_h[t] = Σ_u 2^(q·k_u − m) v_u / Σ_u 2^(q·k_u − m)      u ≤ t; m: running maximum; log2 e / √head size is folded into W_q
//
// qkv [P, T, 3·D] and out [P, T, D] are operands; a head has DIM · parts columns, zero beyond its true size.
// Grid (query tiles · heads · parts, P), 128 threads: a warp takes 16 of 64 queries of one head and DIM columns of its values; keys and
// values come 64 at a time into shared memory, two stages. Heads wider than DIM sum their scores over the parts first (and do so
// again for each part of the values). Tiles are counted from the beginning of a sequence: its neighbours do not change its bits.
#include "tiled.cuh"

namespace transformer::tiled {

constexpr int KEYS = 64, QUERIES = 64, ATTENTION_THREADS = 128;

struct AttentionSizes {
    int64_t in_stride, out_stride;  // bytes
    int in_blocks, out_blocks;      // tiles of a row
    int heads, parts;               // parts of a head: columns / DIM
    int first_slot;                 // of this launch
    int padding;
};

// Bytes of a row of keys or values in shared memory: an odd number of chunks, so that eight rows lie in different banks.
template <class F, int DIM>
constexpr int KEY_ROW = DIM * F::BYTES + 16;

template <class F, int DIM>
constexpr int ATTENTION_SHARED = 4 * KEYS * KEY_ROW<F, DIM>;

template <class F, int DIM>
struct Attention {
    static constexpr int STEPS = DIM * F::BYTES / 32;  // mma steps along a head
    static constexpr int CHUNKS = DIM / F::CHUNK;
    static constexpr int STAGE = KEYS * KEY_ROW<F, DIM>;

    const char* rows;    // the individual's qkv
    int blocks;
    int64_t first;       // row of the sequence's beginning
    int length;          // rows that belong to the sequence, padding included
    int lane = threadIdx.x % 32, warp_idx = threadIdx.x / 32;

    // 64 rows from `row` on of DIM columns from `column` on; rows past the sequence are zeros.
    __device__ __forceinline__ void fetch(uint32_t shared, int row, int column) const {
        for (int idx = threadIdx.x; idx < KEYS * CHUNKS; idx += ATTENTION_THREADS) {
            const int r = idx / CHUNKS, chunk = idx % CHUNKS;
            const bool exists = row + r < length;
            copy16(shared + r * KEY_ROW<F, DIM> + chunk * 16, rows + chunk_byte(first + (exists ? row + r : 0), column / F::CHUNK + chunk, blocks), exists);
        }
    }
    // The A operand of 16 queries, read straight from device memory: only once unless a head has parts.
    __device__ __forceinline__ void read_queries(uint32_t (&query)[STEPS][4], int row, int column) const {
#pragma unroll
        for (int step = 0; step < STEPS; ++step)
#pragma unroll
            for (int r = 0; r < 4; ++r) {
                const int at = min(row + lane / 4 + r % 2 * 8, length - 1);
                query[step][r] = *reinterpret_cast<const uint32_t*>(rows + chunk_byte(first + at, column / F::CHUNK + 2 * step + r / 2, blocks) + lane % 4 * 4);
            }
    }
    // scores (16 × 64) += queries · keysᵀ
    __device__ __forceinline__ void add_scores(float (&scores)[8][4], const uint32_t (&query)[STEPS][4], uint32_t keys) const {
#pragma unroll
        for (int step = 0; step < STEPS; ++step)
#pragma unroll
            for (int pair = 0; pair < 4; ++pair) {
                uint32_t k[4];
                load_matrices(k, keys + (pair * 16 + lane % 8 + lane / 16 * 8) * KEY_ROW<F, DIM> + (2 * step + lane / 8 % 2) * 16);
                F::mma(scores[2 * pair], query[step], k[0], k[1]);
                F::mma(scores[2 * pair + 1], query[step], k[2], k[3]);
            }
    }
    // out (16 × DIM) += weights (16 × 64) · values
    __device__ __forceinline__ void add_values(float (&out)[DIM / 8][4], const float (&weights)[8][4], uint32_t values, const char* values_bytes) const {
        if constexpr (F::BYTES == 2) {
#pragma unroll
            for (int step = 0; step < 4; ++step) {
                uint32_t p[4];
#pragma unroll
                for (int r = 0; r < 4; ++r) F::store_pair(reinterpret_cast<char*>(&p[r]), weights[2 * step + r / 2][r % 2 * 2], weights[2 * step + r / 2][r % 2 * 2 + 1]);
#pragma unroll
                for (int pair = 0; pair < DIM / 16; ++pair) {
                    uint32_t v[4];
                    load_transposed(v, values + (step * 16 + lane % 16) * KEY_ROW<F, DIM> + (2 * pair + lane / 16) * 16);
                    F::mma(out[2 * pair], p, v[0], v[1]);
                    F::mma(out[2 * pair + 1], p, v[2], v[3]);
                }
            }
        } else {
            // The sum over keys has no order of its own: slots q and q + 4 of k are keys 2q and 2q + 1, as the scores lie.
#pragma unroll
            for (int step = 0; step < 8; ++step) {
                const float(&w)[4] = weights[step];
                const uint32_t p[4] = {__float_as_uint(F::round(w[0])), __float_as_uint(F::round(w[2])), __float_as_uint(F::round(w[1])), __float_as_uint(F::round(w[3]))};
                const char* at = values_bytes + (step * 8 + lane % 4 * 2) * KEY_ROW<F, DIM> + lane / 4 * 4;
#pragma unroll
                for (int n = 0; n < DIM / 8; ++n)
                    F::mma(out[n], p, *reinterpret_cast<const uint32_t*>(at + n * 32), *reinterpret_cast<const uint32_t*>(at + n * 32 + KEY_ROW<F, DIM>));
            }
        }
    }
};

// Turns scores into weights and rescales what was summed before. Rows g and g + 8 of a quad.
template <int TILES>
__device__ __forceinline__ void soften(float (&scores)[8][4], float (&out)[TILES][4], float (&largest)[2], float (&sum)[2]) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        float top = largest[half];
#pragma unroll
        for (int n = 0; n < 8; ++n) top = fmaxf(top, fmaxf(scores[n][2 * half], scores[n][2 * half + 1]));
        top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
        top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
        const float keep = exp2_special(largest[half] - top);  // 2^−∞ = 0 the first time
        float weights = 0;
#pragma unroll
        for (int n = 0; n < 8; ++n)
#pragma unroll
            for (int i = 0; i < 2; ++i) weights += scores[n][2 * half + i] = exp2_special(scores[n][2 * half + i] - top);
        sum[half] = sum[half] * keep + weights;
        largest[half] = top;
#pragma unroll
        for (int n = 0; n < TILES; ++n) out[n][2 * half] *= keep, out[n][2 * half + 1] *= keep;
    }
}

// queries [query tiles] (sequence's first slot, its length, tile of 64 in it, 0)
template <class F, int DIM>
__device__ __forceinline__ void attention(const AttentionSizes& sizes, const int4* queries, const char* qkv, char* out_rows) {
    extern __shared__ __align__(128) char shared_bytes[];
    const uint32_t shared = shared_address(shared_bytes);
    const int heads_parts = sizes.heads * sizes.parts;
    const int4 place = queries[blockIdx.x / heads_parts];
    const int head = blockIdx.x % heads_parts / sizes.parts, part = blockIdx.x % sizes.parts, dims = DIM * sizes.parts;
    Attention<F, DIM> a{qkv + blockIdx.y * sizes.in_stride, sizes.in_blocks, place.x - sizes.first_slot, (place.y + TILE - 1) / TILE * TILE};
    const int query_row = place.z * QUERIES + a.warp_idx * 16;
    const int q_column = head * dims, k_column = (sizes.heads + head) * dims, v_column = (2 * sizes.heads + head) * dims + part * DIM;

    // A unit is one part of the keys of a tile; the values come with the last. Two stages of keys, then two of values.
    const int units = (place.z + 1) * sizes.parts;
    const auto keys_of = [&](int unit) { return shared + unit % 2 * a.STAGE; };
    const auto values_of = [&](int unit) { return shared + (2 + unit % 2) * a.STAGE; };
    const auto fetch = [&](int unit) {
        if (unit < units) {
            a.fetch(keys_of(unit), unit / sizes.parts * KEYS, k_column + unit % sizes.parts * DIM);
            if (unit % sizes.parts == sizes.parts - 1) a.fetch(values_of(unit), unit / sizes.parts * KEYS, v_column);
        }
        commit_copies();
    };
    uint32_t query[Attention<F, DIM>::STEPS][4];
    float scores[8][4] = {}, out[DIM / 8][4] = {};
    float largest[2] = {-INFINITY, -INFINITY}, sum[2] = {0, 0};
    fetch(0);
    a.read_queries(query, query_row, q_column);
#pragma unroll 1
    for (int unit = 0; unit < units; ++unit) {
        fetch(unit + 1);
        wait_copies<1>();
        __syncthreads();
        if (sizes.parts > 1) a.read_queries(query, query_row, q_column + unit % sizes.parts * DIM);
        a.add_scores(scores, query, keys_of(unit));
        if (unit % sizes.parts == sizes.parts - 1) {
            const int tile = unit / sizes.parts;
            if (tile == place.z) {  // the diagonal: later keys are hidden
#pragma unroll
                for (int n = 0; n < 8; ++n)
#pragma unroll
                    for (int r = 0; r < 4; ++r)
                        if (8 * n + a.lane % 4 * 2 + r % 2 > a.warp_idx * 16 + a.lane / 4 + r / 2 * 8) scores[n][r] = -INFINITY;
            }
            soften(scores, out, largest, sum);
            a.add_values(out, scores, values_of(unit), shared_bytes + (values_of(unit) - shared));
#pragma unroll
            for (int n = 0; n < 8; ++n)
#pragma unroll
                for (int r = 0; r < 4; ++r) scores[n][r] = 0;
        }
        __syncthreads();  // the next fetch overwrites this stage
    }
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        float whole = sum[half] + __shfl_xor_sync(~0u, sum[half], 1);
        whole += __shfl_xor_sync(~0u, whole, 2);
        const int row = query_row + a.lane / 4 + 8 * half;
        if (row >= a.length) continue;
        const float share = 1.0f / whole;
#pragma unroll
        for (int n = 0; n < DIM / 8; ++n)
            F::store_pair(out_rows + blockIdx.y * sizes.out_stride + element_byte<F>(a.first + row, head * dims + part * DIM + 8 * n + a.lane % 4 * 2, sizes.out_blocks), out[n][2 * half] * share, out[n][2 * half + 1] * share);
    }
}

}  // namespace transformer::tiled

// Thread blocks that share a multiprocessor: registers for three do for 64 columns of 32 bits, but on the newest target, which would spill.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1200
#define WIDE_TF32 2
#else
#define WIDE_TF32 3
#endif
#define ATTENTION(NAME, DIM, EACH, ...)                                                                                                      \
    extern "C" __global__ void __launch_bounds__(128, EACH) NAME(transformer::tiled::AttentionSizes sizes, const int4* queries, const char* qkv, char* out) { \
        transformer::tiled::attention<__VA_ARGS__, DIM>(sizes, queries, qkv, out);                                                          \
    }
ATTENTION(transformer_tiled_attention_fp16_16, 16, 3, transformer::tiled::Sixteen<transformer::Fp16>)
ATTENTION(transformer_tiled_attention_fp16_32, 32, 3, transformer::tiled::Sixteen<transformer::Fp16>)
ATTENTION(transformer_tiled_attention_fp16_64, 64, 3, transformer::tiled::Sixteen<transformer::Fp16>)
ATTENTION(transformer_tiled_attention_fp16_128, 128, 2, transformer::tiled::Sixteen<transformer::Fp16>)
ATTENTION(transformer_tiled_attention_bf16_16, 16, 3, transformer::tiled::Sixteen<transformer::Bf16>)
ATTENTION(transformer_tiled_attention_bf16_32, 32, 3, transformer::tiled::Sixteen<transformer::Bf16>)
ATTENTION(transformer_tiled_attention_bf16_64, 64, 3, transformer::tiled::Sixteen<transformer::Bf16>)
ATTENTION(transformer_tiled_attention_bf16_128, 128, 2, transformer::tiled::Sixteen<transformer::Bf16>)
ATTENTION(transformer_tiled_attention_tf32_16, 16, 3, transformer::tiled::Tf32)
ATTENTION(transformer_tiled_attention_tf32_32, 32, 3, transformer::tiled::Tf32)
ATTENTION(transformer_tiled_attention_tf32_64, 64, WIDE_TF32, transformer::tiled::Tf32)
#undef ATTENTION
#undef WIDE_TF32
