// loss: the decoder's logits and what the loss needs of them, without a logit ever reaching device memory.
//
//   logit_v = E'_v·x + b'_v, in bits (log2 e is folded in)       partial = (max_v logit, Σ_v 2^(logit − max)) over a part of the vocabulary
//   nll = ln 2 · (log2 Σ_parts sum·2^(max − top) + top − logit_target)
//
// loss: grid (row tiles · parts, P): block (tile, part, individual) multiplies 128 tokens by the vocabulary's tiles of its part, one
// after the other; a thread keeps maximum and sum of its columns of each of its rows, which meet at the end in a fixed order. The part
// with the target's row leaves its logit. nll: a thread a token. Parts follow from the vocabulary alone, so they never change a bit.
#include "tiled_hopper.cuh"

namespace transformer::tiled {

struct LossSizes {
    int64_t in_stride, weight_stride, bias_stride;  // bytes, bytes, floats
    int blocks;             // tiles along k
    int vocab_tiles, part_tiles, parts;
    int slots;              // tokens of this launch
    int rows;               // rounded up to 128
};

// Where the sums of a row's columns stand so far.
struct Running {
    float largest = LOWEST, sum = 0;

    template <class F>
    __device__ __forceinline__ void merge(float other_largest, float other_sum) {
        const float top = fmaxf(largest, other_largest);
        sum = sum * power_of_two<F>(largest - top) + other_sum * power_of_two<F>(other_largest - top);
        largest = top;
    }
};

template <class Product>
__device__ __forceinline__ void add_tile(Product& product, Running (&running)[Product::ROWS], float (&found)[Product::ROWS], const int (&targets)[Product::ROWS], const float* bias, int first_row) {
    using F = typename Product::F;
    constexpr int SOME = Product::COLUMNS < 16 ? Product::COLUMNS : 16;  // at a time, so that few registers hold logits
#pragma unroll
    for (int i = 0; i < Product::ROWS; ++i) {
        const bool here = unsigned(targets[i] - first_row) < unsigned(SIDE);
#pragma unroll
        for (int j0 = 0; j0 < Product::COLUMNS; j0 += SOME) {
            float logits[SOME];  // NOTE: not in place: wgmma runs one by one if anything else writes its accumulators
            float top = running[i].largest;
#pragma unroll
            for (int j = 0; j < SOME; ++j) {
                logits[j] = product.at(i, j0 + j) + bias[first_row + Product::column(j0 + j)];  // −∞ past the vocabulary
                top = fmaxf(top, logits[j]);
            }
            if (here) {
#pragma unroll
                for (int j = 0; j < SOME; ++j)
                    if (first_row + Product::column(j0 + j) == targets[i]) found[i] = logits[j];
            }
            float sum = running[i].sum * power_of_two<F>(running[i].largest - top);
#pragma unroll
            for (int j = 0; j < SOME; ++j) sum += power_of_two<F>(logits[j] - top);
            running[i].largest = top, running[i].sum = sum;
        }
    }
}

// in [P, rows] states, weights [P, V] decoder, biases [P, V padded], tokens [slots] target id in the upper half;
// partials [P, parts, rows] (max, sum) out, target_logits [P, rows] out.
template <class Product>
__device__ __forceinline__ void loss(const LossSizes& sizes, const char* in, const char* weights, const float* biases, const uint32_t* tokens, float2* partials, float* target_logits) {
    using F = typename Product::F;
    extern __shared__ __align__(128) char shared_bytes[];
    const int64_t individual_idx = blockIdx.y;
    const int row0 = blockIdx.x / sizes.parts * SIDE, part = blockIdx.x % sizes.parts;
    const int first_tile = part * sizes.part_tiles, last_tile = min(first_tile + sizes.part_tiles, sizes.vocab_tiles);
    const int64_t tiles = int64_t(sizes.blocks) * TILE_BYTES;
    in += individual_idx * sizes.in_stride + row0 / SIDE * tiles;
    weights += individual_idx * sizes.weight_stride;
    biases += individual_idx * sizes.bias_stride;

    Product product(shared_bytes);
    if (Product::fetches()) {
        for (int tile = first_tile; tile < last_tile; ++tile) product.fetch(in, weights + tile * tiles, sizes.blocks);
        return;
    }
    Running running[Product::ROWS];
    float found[Product::ROWS] = {};  // zero where another thread has the target: sums find it
    int targets[Product::ROWS];
#pragma unroll
    for (int i = 0; i < Product::ROWS; ++i) {
        const int row = row0 + Product::row(i);
        targets[i] = row < sizes.slots ? int(tokens[row] >> 16) : 0;
    }
#pragma unroll 1
    for (int tile = first_tile; tile < last_tile; ++tile) {
        product.multiply(in, weights + tile * tiles, sizes.blocks, shared_bytes);
        add_tile(product, running, found, targets, biases, tile * SIDE);
    }

#pragma unroll
    for (int i = 0; i < Product::ROWS; ++i)
#pragma unroll
        for (int distance = 1; distance < Product::LANES; distance *= 2) {
            const float largest = __shfl_xor_sync(~0u, running[i].largest, distance), sum = __shfl_xor_sync(~0u, running[i].sum, distance);
            running[i].template merge<F>(largest, sum);
            found[i] += __shfl_xor_sync(~0u, found[i], distance);
        }
    float2* out = partials + (individual_idx * sizes.parts + part) * sizes.rows + row0;
    float* logit_out = target_logits + individual_idx * sizes.rows + row0;
    const auto owns = [&](int i) { return first_tile * SIDE <= targets[i] && targets[i] < last_tile * SIDE; };
    const bool first_lane = threadIdx.x % Product::LANES == 0;
    if constexpr (Product::WARPS == 1) {
#pragma unroll
        for (int i = 0; i < Product::ROWS; ++i)
            if (first_lane) {
                out[Product::row(i)] = make_float2(running[i].largest, running[i].sum);
                if (owns(i)) logit_out[Product::row(i)] = found[i];
            }
    } else {
        float* meet = reinterpret_cast<float*>(shared_bytes);  // [WARPS][128][max, sum, target's logit]
        __syncthreads();
#pragma unroll
        for (int i = 0; i < Product::ROWS; ++i)
            if (first_lane) {
                float* mine = meet + (threadIdx.x / 32 % Product::WARPS * SIDE + Product::row(i)) * 3;
                mine[0] = running[i].largest, mine[1] = running[i].sum, mine[2] = found[i];
            }
        __syncthreads();
        if (threadIdx.x >= SIDE) return;
        Running whole;
        float logit = 0;
#pragma unroll
        for (int warp_idx = 0; warp_idx < Product::WARPS; ++warp_idx) {
            const float* one = meet + (warp_idx * SIDE + threadIdx.x) * 3;
            whole.template merge<F>(one[0], one[1]);
            logit += one[2];
        }
        out[threadIdx.x] = make_float2(whole.largest, whole.sum);
        const int row = row0 + threadIdx.x, target = row < sizes.slots ? int(tokens[row] >> 16) : 0;
        if (first_tile * SIDE <= target && target < last_tile * SIDE) logit_out[threadIdx.x] = logit;
    }
}

// partials [P, parts, rows], target_logits [P, rows] → nll [P, nll_stride], of which this launch has the first `slots`.
__device__ __forceinline__ void token_losses(const float2* partials, const float* target_logits, int parts, int slots, int rows, float* nll, int64_t nll_stride) {
    const int64_t individual_idx = blockIdx.y;
    const int slot = blockIdx.x * blockDim.x + threadIdx.x;
    if (slot >= slots) return;
    Running whole;
    for (int part = 0; part < parts; ++part) {
        const float2 one = partials[(individual_idx * parts + part) * rows + slot];
        whole.merge<Single>(one.x, one.y);
    }
    const float LN_2 = 0.6931471805599453f;
    nll[individual_idx * nll_stride + slot] = LN_2 * (log2f(whole.sum) + (whole.largest - target_logits[individual_idx * rows + slot]));
}

}  // namespace transformer::tiled

extern "C" __global__ void __launch_bounds__(256) transformer_tiled_nll(const float2* partials, const float* target_logits, int parts, int slots, int rows, float* nll, int64_t nll_stride) {
    transformer::tiled::token_losses(partials, target_logits, parts, slots, rows, nll, nll_stride);
}

#define LOSS_HEAD(NAME, THREADS, EACH)                                                                                    \
    extern "C" __global__ void __launch_bounds__(THREADS, EACH) NAME(transformer::tiled::LossSizes sizes, const char* in, \
        const char* weights, const float* biases, const uint32_t* tokens, float2* partials, float* target_logits)
#define TILED_LOSS(NAME, EACH, ...)                                                                                       \
    LOSS_HEAD(NAME, 256, EACH) { transformer::tiled::loss<transformer::tiled::__VA_ARGS__>(sizes, in, weights, biases, tokens, partials, target_logits); }
TILED_LOSS(transformer_tiled_loss_fp32, 1, FmaProduct)
TILED_LOSS(transformer_tiled_loss_tf32, 1, MmaProduct<transformer::tiled::Tf32>)
TILED_LOSS(transformer_tiled_loss_fp16, 1, MmaProduct<transformer::tiled::Sixteen<transformer::Fp16>>)
TILED_LOSS(transformer_tiled_loss_bf16, 1, MmaProduct<transformer::tiled::Sixteen<transformer::Bf16>>)

// On other targets than sm_90a these are there and never chosen.
#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#define HOPPER_LOSS(NAME, ...)                                                                                            \
    LOSS_HEAD(NAME, 288, 1) { transformer::tiled::loss<transformer::tiled::WgmmaProduct<__VA_ARGS__>>(sizes, in, weights, biases, tokens, partials, target_logits); }
#else
#define HOPPER_LOSS(NAME, ...) LOSS_HEAD(NAME, 288, 1) { __trap(); }
#endif
HOPPER_LOSS(transformer_hopper_loss_tf32, transformer::tiled::Tf32)
HOPPER_LOSS(transformer_hopper_loss_fp16, transformer::tiled::Sixteen<transformer::Fp16>)
HOPPER_LOSS(transformer_hopper_loss_bf16, transformer::tiled::Sixteen<transformer::Bf16>)
#undef HOPPER_LOSS
#undef TILED_LOSS
#undef LOSS_HEAD
