// loss: final hidden states → −log softmax at the target, one float a token. Logits exist only in registers.
//
//   nll_t = ln Σ_v w_v · 2^(E'_v · x_t) − ln2 · (E'_target · x_t + b'_target)      w_v = 2^(b'_v), primes: times log2 e
//
// The vocabulary is the row side of the mma tiles and lives in registers: each of 16 warps keeps 8 tiles of 16 rows
// (2,048 rows, 64 registers a lane at H 32) for the whole launch, so the decoder costs no shared-memory traffic. Tokens stream
// past as the column side, eight a group, one 128-bit load for sixteen mma. The loop keeps nothing else in registers; what needs
// slow loads, the vocabulary tiles beyond 128 and the targets, is left to a second kernel, `targets`.
// The norms bound every logit (prepare.cu): no maximum, no rescaling; individuals beyond the bound go to loss_general below.
// LOSS_POLYNOMIALS of 32 exponentials go to the FMA pipe, spread evenly.
//
// Grid (parts, P), 512 threads: block (part, individual) takes stages part, part + parts, …
// Limit: 16 special-function lanes a clock. H200, 512 × 1,012 stories: 67 ms, 3.85 T exponentials/s; special-function unit 77 %,
// issue slots 59 %, tensor cores 39 %. `targets` beside it: 4.3 ms.
#include "layout.cuh"
#include "mma.cuh"

// Measured choices; another value may be given to the compiler to measure it.
#ifndef LOSS_POLYNOMIALS
#define LOSS_POLYNOMIALS 8  // of 32 exponentials go to the FMA pipe
#endif
#ifndef LOSS_DEGREE
#define LOSS_DEGREE 3  // of their polynomials; 2 is 2 % faster and doubles the error of factored networks
#endif
#ifndef LOSS_PIPELINE  // tiles between an mma and its exponentials
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1000
#define LOSS_PIPELINE 1  // more would spill there
#else
#define LOSS_PIPELINE 3
#endif
#endif

namespace transformer {

constexpr int LOSS_WARPS = 16;
constexpr int ROW_TILES = 8;                    // vocabulary tiles a warp keeps
constexpr int STAGE_GROUPS = LOSS_WARPS;        // so that each warp fetches and adds up exactly one group of a stage
constexpr int PIPELINE = LOSS_PIPELINE, RING = PIPELINE < 2 ? 2 : 4;  // tiles between an mma and its exponentials
static_assert(ROW_TILES % RING == 0 && PIPELINE < RING, "the ring of accumulators must close within a group");
constexpr int TARGET_WARPS = 8;
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
__device__ __forceinline__ float target_logit(const char* rows, int target, const uint32_t (&tokens)[HT], int q) {
    uint32_t row[HT];
    load_fragment<HT>(row, rows + int64_t(target) * DecoderLayout<HT>::ROW_BYTES, q);
    float sum = 0;
#pragma unroll
    for (int reg = 0; reg < HT; ++reg) {
        const float2 e = T::unpack(row[reg]), x = T::unpack(tokens[reg]);
        sum = fmaf(e.y, x.y, fmaf(e.x, x.x, sum));
    }
    sum += __shfl_xor_sync(~0u, sum, 1);
    return sum + __shfl_xor_sync(~0u, sum, 2);
}

// Arguments of a launch. prepared [P, prepared_stride] bytes with the decoder at decoder_offset, states [P, slots/8 groups, HT·128 bytes],
// tokens [slots] (target id in the upper half), groups [group_count]: the groups of eight that hold a scored token; nll [P, slots] out.
struct LossArguments {
    const char* prepared;
    int64_t prepared_stride, decoder_offset;
    const char* states;
    const uint32_t* tokens;
    const int* groups;
    int group_count, slots;
    float* nll;

    __device__ __forceinline__ const char* decoder(int individual_idx) const { return prepared + individual_idx * prepared_stride + decoder_offset; }
    __device__ __forceinline__ const float* decoder_floats(int individual_idx, int byte) const { return reinterpret_cast<const float*>(decoder(individual_idx) + byte); }
    __device__ __forceinline__ bool unsafe_range(int individual_idx) const { return reinterpret_cast<const PreparedHeader*>(prepared + individual_idx * prepared_stride)->unsafe_range; }
};

template <int HT>
struct LossShared {
    float2 sums[2][LOSS_WARPS][STAGE_GROUPS][32];  // [turn parity][warp][group][lane]: tokens 2q, 2q+1 over the warp's rows of g
    uint32_t tokens[2][STAGE_GROUPS + 1][32 * HT];  // [turn parity]; the last group's successor is loaded ahead and never used
};

template <int BYTES>
__device__ __forceinline__ void copy_async(void* shared, const void* global) {
    const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
    if constexpr (BYTES == 16)
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(address), "l"(global) : "memory");
    else
        asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(address), "l"(global), "n"(BYTES) : "memory");
}

// Starts fetching a stage's tokens, a group a warp; past the end the last group again, whose sums are never written.
template <int HT>
__device__ __forceinline__ void fetch_group(uint32_t (&buffer)[32 * HT], const LossArguments& in, int entry, int lane) {
    const char* states = in.states + int64_t(blockIdx.y) * in.slots * (HT * 16);
    copy_async<HT * 4>(&buffer[lane * HT], states + int64_t(in.groups[min(entry, in.group_count - 1)]) * (HT * 128) + lane * HT * 4);
}

// Adds up one group of a stage over all warps in a fixed order: nll receives Σ w·2^logit of its eight tokens.
template <int HT>
__device__ __forceinline__ void add_warps(const float2 (&sums)[LOSS_WARPS][STAGE_GROUPS][32], const LossArguments& in, int group_idx, int entry, int lane) {
    float2 sum = make_float2(0, 0);
#pragma unroll
    for (int warp_idx = 0; warp_idx < LOSS_WARPS; ++warp_idx) {
        const float2 part = sums[warp_idx][group_idx][lane];
        sum.x += part.x, sum.y += part.y;
    }
#pragma unroll
    for (int distance = 4; distance < 32; distance *= 2) {
        sum.x += __shfl_xor_sync(~0u, sum.x, distance);
        sum.y += __shfl_xor_sync(~0u, sum.y, distance);
    }
    if (lane < 4 && entry < in.group_count) {
        float* out = in.nll + int64_t(blockIdx.y) * in.slots + in.groups[entry] * 8;
        reinterpret_cast<float2*>(out)[lane] = sum;
    }
}

template <class T, int HT>
__device__ __forceinline__ void loss(const Network& net, const LossArguments& in) {
    extern __shared__ __align__(128) char shared_bytes[];
    LossShared<HT>& shared = *reinterpret_cast<LossShared<HT>*>(shared_bytes);
    if (in.unsafe_range(blockIdx.y)) return;
    const int lane = threadIdx.x % 32, warp_idx = threadIdx.x / 32;
    // Everything about a turn's stage follows from the turn: its first entry in `groups`, its buffers.
    const auto entry_of = [&](int turn) { return int(blockIdx.x + turn * gridDim.x) * STAGE_GROUPS; };

    uint32_t rows[ROW_TILES][2 * HT];
    float weight[ROW_TILES][2];
#pragma unroll
    for (int tile = 0; tile < ROW_TILES; ++tile) {
        const int tile_idx = warp_idx * ROW_TILES + tile;
        const bool exists = tile_idx < DecoderLayout<HT>::tiles(net.vocab);
        const float* weights = in.decoder_floats(blockIdx.y, DecoderLayout<HT>::weights(net.vocab)) + 16 * tile_idx + lane / 4;
        load_fragment<2 * HT>(rows[tile], in.decoder(blockIdx.y) + (exists ? tile_idx : 0) * DecoderLayout<HT>::TILE_BYTES, lane);
        weight[tile][0] = exists ? weights[0] : 0.0f;
        weight[tile][1] = exists ? weights[8] : 0.0f;
    }
    int turn = 0;
    fetch_group<HT>(shared.tokens[0][warp_idx], in, entry_of(0) + warp_idx, lane);
#pragma unroll 1
    for (; entry_of(turn) < in.group_count; ++turn) {
        asm volatile("cp.async.wait_all;" ::: "memory");
        __syncthreads();  // this turn's tokens and the previous turn's sums are there; the other buffers are free
        const char* token_bytes = reinterpret_cast<const char*>(shared.tokens[turn % 2]) + lane * (HT * 4);
        float2* sums = &shared.sums[turn % 2][warp_idx][0][lane];
        const auto load_tokens = [&](uint32_t(&tokens)[HT]) { load_fragment<HT>(tokens, token_bytes, 0), token_bytes += HT * 128; };
        // The mma of a tile is issued PIPELINE tiles before its exponentials, across groups too: its latency is never waited for.
        uint32_t tokens[HT];
        float d[RING][4];
        load_tokens(tokens);
#pragma unroll
        for (int tile = 0; tile < PIPELINE; ++tile) tile_logits<T, HT>(d[tile], rows[tile], tokens);
        int left = warp_idx + 1;
#pragma unroll 1
        for (int part = 0; part < 2; ++part, left = STAGE_GROUPS - 1 - warp_idx) {
#pragma unroll 1
            for (; left > 0; --left, sums += 32) {
                float2 sum = make_float2(0, 0);
#pragma unroll
                for (int tile = 0; tile < ROW_TILES; ++tile) {
                    const int ahead = (tile + PIPELINE) % ROW_TILES;
                    if (ahead == 0) load_tokens(tokens);  // of the next group
                    tile_logits<T, HT>(d[ahead % RING], rows[ahead], tokens);
                    float e[4];
#pragma unroll
                    for (int r = 0; r < 4; ++r) {
                        const bool polynomial = ((4 * tile + r) * LOSS_POLYNOMIALS) % 32 < LOSS_POLYNOMIALS;
                        e[r] = polynomial ? exp2_polynomial<LOSS_DEGREE>(d[tile % RING][r]) : exp2_special(d[tile % RING][r]);
                    }
                    sum.x = fmaf(e[2], weight[tile][1], fmaf(e[0], weight[tile][0], sum.x));
                    sum.y = fmaf(e[3], weight[tile][1], fmaf(e[1], weight[tile][0], sum.y));
                }
                *sums = sum;
            }
            if (part == 1) break;
            // Each warp fetches and adds at another moment, so that one at most is away from the exponentials.
            fetch_group<HT>(shared.tokens[(turn + 1) % 2][warp_idx], in, entry_of(turn + 1) + warp_idx, lane);
            if (turn > 0) add_warps<HT>(shared.sums[(turn + 1) % 2], in, warp_idx, entry_of(turn - 1) + warp_idx, lane);
        }
    }
    asm volatile("cp.async.wait_all;" ::: "memory");
    __syncthreads();
    if (turn > 0) add_warps<HT>(shared.sums[(turn + 1) % 2], in, warp_idx, entry_of(turn - 1) + warp_idx, lane);
}

// The rest of a token's loss, memory-bound: vocabulary tiles beyond those that `loss` keeps, and the target's logit. A warp a group.
// nll holds Σ w·2^logit on entry, the loss on return. Grid (parts, P), 256 threads.
template <class T, int HT>
__device__ __forceinline__ void targets(const Network& net, const LossArguments& in) {
    const int lane = threadIdx.x % 32, tiles = DecoderLayout<HT>::tiles(net.vocab), individual_idx = blockIdx.y;
    if (in.unsafe_range(individual_idx)) return;
    const char* decoder = in.decoder(individual_idx);
    const float* weights = in.decoder_floats(individual_idx, DecoderLayout<HT>::weights(net.vocab)) + lane / 4;
    const float* biases = in.decoder_floats(individual_idx, DecoderLayout<HT>::biases(net.vocab));
    const char* states = in.states + int64_t(individual_idx) * in.slots * (HT * 16);
    float* nll = in.nll + int64_t(individual_idx) * in.slots;
    // The next group's place, target and states are on their way while one is worked on.
    const int stride = gridDim.x * TARGET_WARPS;
    int entry = blockIdx.x * TARGET_WARPS + threadIdx.x / 32;
    const auto slot_at = [&](int entry) { return in.groups[min(entry, in.group_count - 1)] * 8 + lane / 4; };
    int slot = slot_at(entry), next_slot = slot_at(entry + stride), target = in.tokens[slot] >> 16;
    uint32_t tokens[HT], next_tokens[HT];
    load_fragment<HT>(tokens, states + int64_t(slot / 8) * (HT * 128), lane);
#pragma unroll 1
    for (; entry < in.group_count; entry += stride) {
        const int far_slot = slot_at(entry + 2 * stride), next_target = in.tokens[next_slot] >> 16;
        load_fragment<HT>(next_tokens, states + int64_t(next_slot / 8) * (HT * 128), lane);
        const float warps_sum = nll[slot];
        const float logit = target_logit<T, HT>(decoder + DecoderLayout<HT>::rows(net.vocab), target, tokens, lane % 4) + biases[target];
        float2 extra = make_float2(0, 0);  // of tokens 2q, 2q+1
#pragma unroll 1
        for (int tile_idx = LOSS_WARPS * ROW_TILES; tile_idx < tiles; ++tile_idx) {
            uint32_t rows[2 * HT];
            float d[4];
            load_fragment<2 * HT>(rows, decoder + int64_t(tile_idx) * DecoderLayout<HT>::TILE_BYTES, lane);
            tile_logits<T, HT>(d, rows, tokens);
            const float low = weights[16 * tile_idx], high = weights[16 * tile_idx + 8];
            extra.x = fmaf(exp2_special(d[2]), high, fmaf(exp2_special(d[0]), low, extra.x));
            extra.y = fmaf(exp2_special(d[3]), high, fmaf(exp2_special(d[1]), low, extra.y));
        }
#pragma unroll
        for (int distance = 4; distance < 32; distance *= 2) {
            extra.x += __shfl_xor_sync(~0u, extra.x, distance);
            extra.y += __shfl_xor_sync(~0u, extra.y, distance);
        }
        const float even = __shfl_sync(~0u, extra.x, lane / 8), odd = __shfl_sync(~0u, extra.y, lane / 8);  // token lane/4 = 2q' or 2q'+1
        if (lane % 4 == 0) nll[slot] = LN_2 * (log2f(warps_sum + (lane / 4 % 2 == 0 ? even : odd)) - logit);
        slot = next_slot, next_slot = far_slot, target = next_target;
#pragma unroll
        for (int reg = 0; reg < HT; ++reg) tokens[reg] = next_tokens[reg];
    }
}

// The same for individuals whose logits have no safe bound: a warp a group, running maximum, decoder from device memory.
template <class T, int HT>
__device__ __forceinline__ void loss_general(const Network& net, const LossArguments& in) {
    const int lane = threadIdx.x % 32, tiles = DecoderLayout<HT>::tiles(net.vocab), individual_idx = blockIdx.y;
    if (!in.unsafe_range(individual_idx)) return;
    const char* decoder = in.decoder(individual_idx);
    const float* biases = in.decoder_floats(individual_idx, DecoderLayout<HT>::biases(net.vocab));
    const char* states = in.states + int64_t(individual_idx) * in.slots * (HT * 16);
    for (int entry = blockIdx.x * LOSS_WARPS + threadIdx.x / 32; entry < in.group_count; entry += gridDim.x * LOSS_WARPS) {
        uint32_t tokens[HT];
        load_fragment<HT>(tokens, states + int64_t(in.groups[entry]) * (HT * 128), lane);
        float largest[2] = {LOWEST, LOWEST}, sum[2] = {0, 0};
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
                sum[c] = sum[c] * exp2_special(largest[c] - now) + exp2_special(first - now) + exp2_special(second - now);
                largest[c] = now;
            }
        }
        float total[2];
#pragma unroll
        for (int c = 0; c < 2; ++c) {
            float top = largest[c];
            for (int distance = 4; distance < 32; distance *= 2) top = fmaxf(top, __shfl_xor_sync(~0u, top, distance));
            float scaled = sum[c] * exp2_special(largest[c] - top);
            for (int distance = 4; distance < 32; distance *= 2) scaled += __shfl_xor_sync(~0u, scaled, distance);
            total[c] = log2f(scaled) + top;
        }
        const int slot = in.groups[entry] * 8 + lane / 4, target = in.tokens[slot] >> 16;
        const float even = __shfl_sync(~0u, total[0], lane / 8), odd = __shfl_sync(~0u, total[1], lane / 8);
        const float logit = target_logit<T, HT>(decoder + DecoderLayout<HT>::rows(net.vocab), target, tokens, lane % 4) + biases[target];
        if (lane % 4 == 0) in.nll[int64_t(individual_idx) * in.slots + slot] = LN_2 * ((lane / 4 % 2 == 0 ? even : odd) - logit);
    }
}

}  // namespace transformer

#define LOSS_KERNEL(NAME, FUNCTION, THREADS, BLOCKS_EACH, T, HT)                                                                            \
    extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS_EACH) NAME(transformer::Network net, const char* prepared,                 \
        int64_t prepared_stride, int64_t decoder_offset, const char* states, const uint32_t* tokens, const int* groups,           \
        int group_count, int slots, float* nll) {                                                                                 \
        const transformer::LossArguments in{prepared, prepared_stride, decoder_offset, states, tokens, groups, group_count, slots, nll}; \
        transformer::FUNCTION<transformer::T, HT>(net, in);                                                                       \
    }
LOSS_KERNEL(transformer_loss_fp16_h32, loss, 512, 1, Fp16, 4)
LOSS_KERNEL(transformer_loss_bf16_h32, loss, 512, 1, Bf16, 4)
LOSS_KERNEL(transformer_loss_fp16_h8, loss, 512, 1, Fp16, 1)
LOSS_KERNEL(transformer_loss_bf16_h8, loss, 512, 1, Bf16, 1)
LOSS_KERNEL(transformer_loss_general_fp16_h32, loss_general, 512, 2, Fp16, 4)
LOSS_KERNEL(transformer_loss_general_bf16_h32, loss_general, 512, 2, Bf16, 4)
LOSS_KERNEL(transformer_loss_general_fp16_h8, loss_general, 512, 2, Fp16, 1)
LOSS_KERNEL(transformer_loss_general_bf16_h8, loss_general, 512, 2, Bf16, 1)
LOSS_KERNEL(transformer_targets_fp16_h32, targets, 256, 5, Fp16, 4)
LOSS_KERNEL(transformer_targets_bf16_h32, targets, 256, 5, Bf16, 4)
LOSS_KERNEL(transformer_targets_fp16_h8, targets, 256, 5, Fp16, 1)
LOSS_KERNEL(transformer_targets_bf16_h8, targets, 256, 5, Bf16, 1)
