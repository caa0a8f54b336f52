// loss: final hidden states → −log softmax at the target, one float a token. Logits exist only in registers.
//
//   nll_t = ln Σ_v w_v · 2^(E'_v · x_t) − ln2 · (E'_target · x_t + b'_target)      w_v = 2^(b'_v), primes: times log2 e
//
// The vocabulary is the row side of the mma tiles and lives in registers: each of 16 warps keeps 8 tiles of 16 rows
// (2,048 rows, 64 registers a lane at H 32) for the whole launch, so the decoder costs no shared-memory traffic. Tokens stream
// past as the column side, eight a group, one 128-bit load for sixteen mma. Vocabulary tiles beyond 128 are taken in turn: the
// warp that adds up a group's sums also does the group's extra tiles.
// The norms bound every logit (prepare.cu): no maximum, no rescaling; individuals beyond the bound go to loss_general below.
// LOSS_POLYNOMIALS of 32 exponentials go to the FMA pipe, spread evenly.
//
// Grid (parts, P), 512 threads: block (part, individual) takes stages part, part + parts, …; a stage is 16 groups.
// Limit: 16 special-function lanes a clock; the mma, the sums and the polynomials fit into the slots beside them.
#include "layout.cuh"
#include "mma.cuh"

#ifndef LOSS_POLYNOMIALS
#define LOSS_POLYNOMIALS 10
#endif

namespace transformer {

constexpr int LOSS_WARPS = 16;
constexpr int ROW_TILES = 8;                    // vocabulary tiles a warp keeps
constexpr int STAGE_GROUPS = LOSS_WARPS;        // so that each warp finishes exactly one group of a stage
constexpr int TOKEN_BUFFERS = 3;                // being filled, being read, being finished
constexpr float LN_2 = 0.6931471805599453f;

// One group's logits of one vocabulary tile: d[0], d[1] = row g of tokens 2q, 2q+1; d[2], d[3] = row g+8.
template <class T, int HT>
__device__ __forceinline__ void tile_logits(float (&d)[4], const uint32_t* rows, const uint32_t (&tokens)[HT]) {
    if constexpr (HT == 1) {
        mma_k8_from<T>(d, rows[0], rows[1], tokens[0], 0, 0, 0, 0);
    } else {
        mma_k16_from<T>(d, rows[0], rows[1], rows[2], rows[3], tokens[0], tokens[1], 0, 0, 0, 0);
#pragma unroll
        for (int step = 1; step < HT / 2; ++step)
            mma_k16<T>(d, rows[4 * step], rows[4 * step + 1], rows[4 * step + 2], rows[4 * step + 3], tokens[2 * step], tokens[2 * step + 1]);
    }
}

// Base-2 logit of a token's target without its bias: lane 4·token + q multiplies the features it holds, the quad adds up.
template <class T, int HT>
__device__ __forceinline__ float target_logit(const char* decoder, int target, const uint32_t (&tokens)[HT], int q) {
    const char* tile = decoder + int64_t(target / 16) * DecoderLayout<HT>::TILE_BYTES;
    const int lane = target % 8 * 4 + q, lower = target / 8 % 2;
    float sum = 0;
#pragma unroll
    for (int reg = 0; reg < HT; ++reg) {  // tokens[reg] holds features 8·reg + 2q, +1; their row is register 2·reg + lower
        const uint32_t word = *reinterpret_cast<const uint32_t*>(tile + fragment_byte<2 * HT>(2 * reg + lower, lane));
        const float2 e = T::unpack(word), x = T::unpack(tokens[reg]);
        sum = fmaf(e.y, x.y, fmaf(e.x, x.x, sum));
    }
    sum += __shfl_xor_sync(~0u, sum, 1);
    return sum + __shfl_xor_sync(~0u, sum, 2);
}

template <int HT>
struct LossShared {
    float2 sums[2][LOSS_WARPS][STAGE_GROUPS][32];  // [stage parity][warp][group][lane]: tokens 2q, 2q+1 over the warp's rows of g
    uint32_t tokens[TOKEN_BUFFERS][STAGE_GROUPS][32 * HT];
};

__device__ __forceinline__ void copy_async(void* shared, const void* global, int bytes_are_4_or_16) {
    const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
    if (bytes_are_4_or_16 == 16)
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(address), "l"(global) : "memory");
    else
        asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(address), "l"(global) : "memory");
}

// Fetch a stage's token groups: warp w brings group w. `groups` lists the groups of eight that hold any scored token.
template <int HT>
__device__ __forceinline__ void fetch_stage(uint32_t (&buffer)[STAGE_GROUPS][32 * HT], const char* states, const int* groups, int group_count, int stage, int warp_idx, int lane) {
    const int entry = min(stage * STAGE_GROUPS + warp_idx, group_count - 1);  // past the end: repeat the last, never reported
    const char* source = states + int64_t(groups[entry]) * (HT * 128);
    copy_async(&buffer[warp_idx][lane * HT], source + lane * HT * 4, HT == 1 ? 4 : 16);
    asm volatile("cp.async.commit_group;" ::: "memory");
}

// Adds up one group over all warps in a fixed order, takes the extra vocabulary tiles and writes eight losses.
template <class T, int HT>
__device__ __forceinline__ void finish_group(const LossShared<HT>& shared, int parity, int buffer, int group_idx, const Network& net, const char* decoder, const uint32_t* slot_tokens, float* nll, int slot, int lane) {
    const int q = lane % 4, tiles = DecoderLayout<HT>::tiles(net.vocab);
    const float* weights = reinterpret_cast<const float*>(decoder + DecoderLayout<HT>::weights(net.vocab));
    const float* biases = reinterpret_cast<const float*>(decoder + DecoderLayout<HT>::biases(net.vocab));
    const int target = slot_tokens[slot + lane / 4] >> 16;
    uint32_t tokens[HT];
    load_fragment<HT>(tokens, reinterpret_cast<const char*>(shared.tokens[buffer][group_idx]), lane);
    float2 sum = make_float2(0, 0);
#pragma unroll 4
    for (int warp_idx = 0; warp_idx < LOSS_WARPS; ++warp_idx) {
        const float2 part = shared.sums[parity][warp_idx][group_idx][lane];
        sum.x += part.x, sum.y += part.y;
    }
    for (int tile_idx = LOSS_WARPS * ROW_TILES; tile_idx < tiles; ++tile_idx) {
        uint32_t rows[2 * HT];
        float d[4];
        load_fragment<2 * HT>(rows, decoder + tile_idx * DecoderLayout<HT>::TILE_BYTES, lane);
        tile_logits<T, HT>(d, rows, tokens);
        const float low = weights[16 * tile_idx + lane / 4], high = weights[16 * tile_idx + 8 + lane / 4];
        sum.x = fmaf(exp2_special(d[2]), high, fmaf(exp2_special(d[0]), low, sum.x));
        sum.y = fmaf(exp2_special(d[3]), high, fmaf(exp2_special(d[1]), low, sum.y));
    }
#pragma unroll
    for (int distance = 4; distance < 32; distance *= 2) {
        sum.x += __shfl_xor_sync(~0u, sum.x, distance);
        sum.y += __shfl_xor_sync(~0u, sum.y, distance);
    }
    const float even = __shfl_sync(~0u, sum.x, lane / 8), odd = __shfl_sync(~0u, sum.y, lane / 8);  // token lane/4 = 2q' or 2q'+1
    const float logit = target_logit<T, HT>(decoder, target, tokens, q) + biases[target];
    if (q == 0) nll[slot + lane / 4] = LN_2 * (log2f(lane / 4 % 2 == 0 ? even : odd) - logit);
}

// states [P, slots/8 groups, HT·128 bytes], tokens [slots] (target id in the upper half), groups [group_count], nll [P, slots] out.
template <class T, int HT>
__device__ __forceinline__ void loss(const Network& net, const char* prepared, int64_t prepared_stride, int64_t decoder_offset, const char* states, const uint32_t* slot_tokens, const int* groups, int group_count, int slots, float* nll) {
    extern __shared__ __align__(128) char shared_bytes[];
    LossShared<HT>& shared = *reinterpret_cast<LossShared<HT>*>(shared_bytes);
    const int lane = threadIdx.x % 32, warp_idx = threadIdx.x / 32;
    prepared += blockIdx.y * prepared_stride;
    if (reinterpret_cast<const PreparedHeader*>(prepared)->unsafe_range) return;
    const char* decoder = prepared + decoder_offset;
    states += int64_t(blockIdx.y) * slots * (HT * 16);
    nll += int64_t(blockIdx.y) * slots;
    const int stages = (group_count + STAGE_GROUPS - 1) / STAGE_GROUPS, tiles = DecoderLayout<HT>::tiles(net.vocab);

    uint32_t rows[ROW_TILES][2 * HT];
    float weight[ROW_TILES][2];
#pragma unroll
    for (int tile = 0; tile < ROW_TILES; ++tile) {
        const int tile_idx = warp_idx * ROW_TILES + tile;
        const bool exists = tile_idx < tiles;
        load_fragment<2 * HT>(rows[tile], decoder + (exists ? tile_idx : 0) * DecoderLayout<HT>::TILE_BYTES, lane);
        const float* weights = reinterpret_cast<const float*>(decoder + DecoderLayout<HT>::weights(net.vocab)) + 16 * tile_idx;
        weight[tile][0] = exists ? weights[lane / 4] : 0.0f;
        weight[tile][1] = exists ? weights[lane / 4 + 8] : 0.0f;
    }

    int parity = 0, buffer = 0, previous = -1;
    int stage = blockIdx.x;
    if (stage < stages) fetch_stage<HT>(shared.tokens[0], states, groups, group_count, stage, warp_idx, lane);
    for (; stage < stages; stage += gridDim.x) {
        asm volatile("cp.async.wait_group 0;" ::: "memory");
        __syncthreads();  // this stage's tokens and the previous stage's sums are there; the next buffer is free
        const int next_buffer = buffer + 1 == TOKEN_BUFFERS ? 0 : buffer + 1, last_buffer = buffer == 0 ? TOKEN_BUFFERS - 1 : buffer - 1;
        if (stage + gridDim.x < stages) fetch_stage<HT>(shared.tokens[next_buffer], states, groups, group_count, stage + gridDim.x, warp_idx, lane);
#pragma unroll 1
        for (int group_idx = 0; group_idx < STAGE_GROUPS; ++group_idx) {
            uint32_t tokens[HT];
            load_fragment<HT>(tokens, reinterpret_cast<const char*>(shared.tokens[buffer][group_idx]), lane);
            float2 sum = make_float2(0, 0);
#pragma unroll
            for (int tile = 0; tile < ROW_TILES; ++tile) {
                float d[4];
                tile_logits<T, HT>(d, rows[tile], tokens);
#pragma unroll
                for (int r = 0; r < 4; ++r) {
                    const bool polynomial = ((4 * tile + r) * LOSS_POLYNOMIALS) % 32 < LOSS_POLYNOMIALS;
                    const float e = polynomial ? exp2_polynomial<3>(d[r]) : exp2_special(d[r]);
                    if (r % 2 == 0)
                        sum.x = fmaf(e, weight[tile][r / 2], sum.x);
                    else
                        sum.y = fmaf(e, weight[tile][r / 2], sum.y);
                }
            }
            shared.sums[parity][warp_idx][group_idx][lane] = sum;
            // Each warp finishes its group at another moment, so that one warp at most waits for its target's row.
            if (group_idx == warp_idx && previous >= 0) {
                const int entry = previous * STAGE_GROUPS + warp_idx;
                if (entry < group_count) finish_group<T, HT>(shared, parity ^ 1, last_buffer, warp_idx, net, decoder, slot_tokens, nll, groups[entry] * 8, lane);
            }
        }
        previous = stage, parity ^= 1, buffer = next_buffer;
    }
    __syncthreads();
    if (previous >= 0) {
        const int entry = previous * STAGE_GROUPS + warp_idx, last_buffer = buffer == 0 ? TOKEN_BUFFERS - 1 : buffer - 1;
        if (entry < group_count) finish_group<T, HT>(shared, parity ^ 1, last_buffer, warp_idx, net, decoder, slot_tokens, nll, groups[entry] * 8, lane);
    }
}

// The same for individuals whose logits have no safe bound: a warp a group, running maximum, decoder from device memory.
template <class T, int HT>
__device__ __forceinline__ void loss_general(const Network& net, const char* prepared, int64_t prepared_stride, int64_t decoder_offset, const char* states, const uint32_t* slot_tokens, const int* groups, int group_count, int slots, float* nll) {
    const int lane = threadIdx.x % 32, q = lane % 4, tiles = DecoderLayout<HT>::tiles(net.vocab);
    prepared += blockIdx.y * prepared_stride;
    if (!reinterpret_cast<const PreparedHeader*>(prepared)->unsafe_range) return;
    const char* decoder = prepared + decoder_offset;
    const float* biases = reinterpret_cast<const float*>(decoder + DecoderLayout<HT>::biases(net.vocab));
    states += int64_t(blockIdx.y) * slots * (HT * 16);
    nll += int64_t(blockIdx.y) * slots;
    for (int entry = blockIdx.x * LOSS_WARPS + threadIdx.x / 32; entry < group_count; entry += gridDim.x * LOSS_WARPS) {
        uint32_t tokens[HT];
        load_fragment<HT>(tokens, states + int64_t(groups[entry]) * (HT * 128), lane);
        float largest[2] = {-INFINITY, -INFINITY}, sum[2] = {0, 0};
        for (int tile_idx = 0; tile_idx < tiles; ++tile_idx) {
            uint32_t rows[2 * HT];
            float d[4];
            load_fragment<2 * HT>(rows, decoder + int64_t(tile_idx) * DecoderLayout<HT>::TILE_BYTES, lane);
            tile_logits<T, HT>(d, rows, tokens);
            const float low = biases[16 * tile_idx + lane / 4], high = biases[16 * tile_idx + 8 + lane / 4];
#pragma unroll
            for (int c = 0; c < 2; ++c) {
                const float first = d[c] + low, second = d[2 + c] + high;  // −∞ for rows past the vocabulary
                const float now = fmaxf(largest[c], fmaxf(first, second));
                if (now == -INFINITY) continue;  // nothing but padding so far
                sum[c] = sum[c] * exp2_special(largest[c] - now) + exp2_special(first - now) + exp2_special(second - now);
                largest[c] = now;
            }
        }
        float total[2];
#pragma unroll
        for (int c = 0; c < 2; ++c) {
            float top = largest[c];
            for (int distance = 4; distance < 32; distance *= 2) top = fmaxf(top, __shfl_xor_sync(~0u, top, distance));
            float scaled = largest[c] == -INFINITY ? 0.0f : sum[c] * exp2_special(largest[c] - top);
            for (int distance = 4; distance < 32; distance *= 2) scaled += __shfl_xor_sync(~0u, scaled, distance);
            total[c] = log2f(scaled) + top;
        }
        const int slot = groups[entry] * 8, target = slot_tokens[slot + lane / 4] >> 16;
        const float even = __shfl_sync(~0u, total[0], lane / 8), odd = __shfl_sync(~0u, total[1], lane / 8);
        const float logit = target_logit<T, HT>(decoder, target, tokens, q) + biases[target];
        if (q == 0) nll[slot + lane / 4] = LN_2 * ((lane / 4 % 2 == 0 ? even : odd) - logit);
    }
}

}  // namespace transformer

#define LOSS_KERNEL(NAME, FUNCTION, T, HT)                                                                            \
    extern "C" __global__ void __launch_bounds__(512, 1) NAME(transformer::Network net, const char* prepared,         \
        int64_t prepared_stride, int64_t decoder_offset, const char* states, const uint32_t* slot_tokens,             \
        const int* groups, int group_count, int slots, float* nll) {                                                  \
        transformer::FUNCTION<transformer::T, HT>(net, prepared, prepared_stride, decoder_offset, states, slot_tokens, \
                                                  groups, group_count, slots, nll);                                   \
    }
LOSS_KERNEL(transformer_loss_fp16_h32, loss, Fp16, 4)
LOSS_KERNEL(transformer_loss_bf16_h32, loss, Bf16, 4)
LOSS_KERNEL(transformer_loss_fp16_h8, loss, Fp16, 1)
LOSS_KERNEL(transformer_loss_bf16_h8, loss, Bf16, 1)
LOSS_KERNEL(transformer_loss_general_fp16_h32, loss_general, Fp16, 4)
LOSS_KERNEL(transformer_loss_general_bf16_h32, loss_general, Bf16, 4)
LOSS_KERNEL(transformer_loss_general_fp16_h8, loss_general, Fp16, 1)
LOSS_KERNEL(transformer_loss_general_bf16_h8, loss_general, Bf16, 1)
