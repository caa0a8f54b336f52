// Causal softmax attention of one tile of 16 queries over its sequence's keys and values in shared memory.
//
//   out_h = Σ_u 2^(q_h·k_u) v_u / Σ_u 2^(q_h·k_u)        u ≤ t, scores in base 2 (the factor is in W_q)
//
// Keys and values of 16 tokens are 64 uint4: lane l's key fragments of both head pairs and token halves, then its value fragments.
// Two thirds of the instructions of blocks.cu are here: about 140 a tile of keys for all four heads, 170 if maxima are subtracted.
#pragma once
#include "tile.cuh"

// Measured choices; another value may be given to the compiler to measure it.
#ifndef ATTENTION_POLYNOMIALS
#define ATTENTION_POLYNOMIALS 11  // of 32 exponentials go to the FMA pipe
#endif

namespace transformer {

constexpr float SAFE_SCORE_BITS = 100.0f;  // Σ over 8 k keys of 2^score · value stays inside float32 and bf16

// Largest |row of one head|² of a 16 × 8 accumulator tile (two heads side by side), over this lane's quad and rows.
__device__ __forceinline__ float head_squares(const float (&c)[4]) {
    float low = c[0] * c[0] + c[1] * c[1], high = c[2] * c[2] + c[3] * c[3];
    low += __shfl_xor_sync(~0u, low, 1), high += __shfl_xor_sync(~0u, high, 1);
    return fmaxf(low, high);
}

__device__ __forceinline__ float warp_max(float non_negative) {  // such floats order like their bits
    return __uint_as_float(__reduce_max_sync(~0u, __float_as_uint(non_negative)));
}

// Scores of 16 queries × 16 keys of one head; `shift` (minus the row maximum, or zero) is what the mma starts from.
template <class T>
__device__ __forceinline__ void head_scores(float (&s)[8], const uint32_t (&query)[2], uint32_t key_low, uint32_t key_high, float shift_low, float shift_high) {
    float low[4], high[4];
    mma_k8_from<T>(low, query[0], query[1], key_low, shift_low, shift_low, shift_high, shift_high);
    mma_k8_from<T>(high, query[0], query[1], key_high, shift_low, shift_low, shift_high, shift_high);
#pragma unroll
    for (int r = 0; r < 4; ++r) s[r] = low[r], s[4 + r] = high[r];
}

// Entry r of head_scores: key 8·(r / 4) + 2q + r % 2, query g + 8·(r / 2 % 2); on the diagonal tile later keys are hidden.
__device__ __forceinline__ bool hidden_key(int r, int g, int q) { return 8 * (r / 4) + 2 * q + r % 2 > g + 8 * (r / 2 % 2); }

// One head of 16 queries over 16 keys, p = 2^score: sum gets Σ p·v in the head's columns of its pair and Σ p in the other's.
template <bool DIAGONAL, bool SHIFTED>
__device__ __forceinline__ void add_head(float (&sum)[4], int head, float (&s)[8], const uint4& value4, int lane) {
    const int g = lane / 4, q = lane % 4;
#pragma unroll
    for (int r = 0; r < 8; ++r) {
        if (DIAGONAL && (r == 4 || r == 5)) {  // keys 8-15 of queries 0-7
            s[r] = 0;
            continue;
        }
        // The split is spread over the 32 of a lane and tile so that both pipes are fed at once.
        const bool polynomial = !SHIFTED && ((8 * head + r) * ATTENTION_POLYNOMIALS) % 32 < ATTENTION_POLYNOMIALS;
        s[r] = polynomial ? exp2_polynomial<2>(s[r]) : exp2_special(s[r]);
        if (DIAGONAL && hidden_key(r, g, q)) s[r] = 0;
    }
    const uint32_t p[4] = {Bf16::pack(s[0], s[1]), Bf16::pack(s[2], s[3]), Bf16::pack(s[4], s[5]), Bf16::pack(s[6], s[7])};
    // Values of a pair of heads lie side by side; the half of the other head is made ones, whose column adds up the weights.
    const bool own = (g < 4) == (head % 2 == 0);
    const uint32_t ONES = 0x3f803f80u;  // two bf16
    const uint32_t low = own ? (head < 2 ? value4.x : value4.z) : ONES, high = own ? (head < 2 ? value4.y : value4.w) : ONES;
    mma_k16<Bf16>(sum, p[0], p[1], p[2], p[3], low, high);
}

// Minus the largest score of each of a lane's two rows over all key tiles, for the heads from `first` to before `last`.
template <class T>
__device__ __forceinline__ void row_maxima(float (&shift)[HEADS][2], const uint32_t (&query)[HEADS][2], int first, int last, const uint4* keys_values, int tiles, int lane) {
    const auto take = [&](const uint4& key4, bool diagonal) {
#pragma unroll
        for (int head = first; head < last; ++head) {
            float s[8];
            head_scores<T>(s, query[head], head < 2 ? key4.x : key4.z, head < 2 ? key4.y : key4.w, 0, 0);
#pragma unroll
            for (int r = 0; r < 8; ++r)
                if (!diagonal || !hidden_key(r, lane / 4, lane % 4)) shift[head][r / 2 % 2] = fminf(shift[head][r / 2 % 2], -s[r]);
        }
    };
#pragma unroll
    for (int head = first; head < last; ++head) shift[head][0] = shift[head][1] = INFINITY;
    keys_values += lane;
#pragma unroll 1
    for (; tiles > 1; --tiles, keys_values += 64) take(keys_values[0], false);
    take(keys_values[0], true);
#pragma unroll
    for (int head = first; head < last; ++head)
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            shift[head][half] = fminf(shift[head][half], __shfl_xor_sync(~0u, shift[head][half], 1));
            shift[head][half] = fminf(shift[head][half], __shfl_xor_sync(~0u, shift[head][half], 2));
        }
}

// Heads from `first` to before `last` over all key tiles, the last of which is the queries' own. Scores are computed one head ahead of
// their exponentials.
template <class T, bool SHIFTED>
__device__ __forceinline__ void attend(float (&sums)[HEADS][4], const uint32_t (&query)[HEADS][2], const float (&shift)[HEADS][2], int first, int last, const uint4* keys_values, int tiles, int lane) {
    keys_values += lane;
    uint4 key4 = keys_values[0];
    float s[2][8];
    const auto scores = [&](int head, const uint4& k4) {
        head_scores<T>(s[head % 2], query[head], head < 2 ? k4.x : k4.z, head < 2 ? k4.y : k4.w, shift[head][0], shift[head][1]);
    };
    scores(first, key4);
#pragma unroll 1
    for (; tiles > 1; --tiles, keys_values += 64) {
        const uint4 value4 = keys_values[32], next4 = keys_values[64];
#pragma unroll
        for (int head = first; head < last; ++head) {
            if (head + 1 < last) scores(head + 1, key4);
            else scores(first, next4);
            add_head<false, SHIFTED>(sums[head], head, s[head % 2], value4, lane);
        }
        key4 = next4;
    }
    const uint4 value4 = keys_values[32];
#pragma unroll
    for (int head = first; head < last; ++head) {
        if (head > first) scores(head, key4);
        add_head<true, SHIFTED>(sums[head], head, s[head % 2], value4, lane);
    }
}

// Attention of one query tile over `tiles` key tiles, the last being its own; out: the A operand of the output projection.
template <class T, int HT>
__device__ __forceinline__ void attention(uint32_t (&out)[4], const Tile<HT>& tile, const char* q_weights, const char* q_bias, const uint4* keys_values, const float* key_squares, int tiles, int lane) {
    const int q = lane % 4;
    uint32_t query[HEADS][2];
    float bound = 0;
#pragma unroll
    for (int pair = 0; pair < HEADS / 2; ++pair) {
        uint32_t w[HT];
        float c[4];
        load_fragment<HT>(w, q_weights + pair * HT * 128, lane);
        load_bias(c, q_bias, pair, q);
        multiply_hidden<T, HT>(c, tile, w);
        bound = fmaxf(bound, head_squares(c));
        const uint32_t low = T::pack(c[0], c[1]), high = T::pack(c[2], c[3]);
        // Two heads share a k8 step: each sees zeros in place of the other.
        query[2 * pair][0] = q < 2 ? low : 0u, query[2 * pair][1] = q < 2 ? high : 0u;
        query[2 * pair + 1][0] = q < 2 ? 0u : low, query[2 * pair + 1][1] = q < 2 ? 0u : high;
    }
    float largest_key = 0;
    for (int tile_idx = lane; tile_idx < tiles; tile_idx += 32) largest_key = fmaxf(largest_key, key_squares[tile_idx]);
    float sums[HEADS][4] = {};
    float shift[HEADS][2] = {};
    // !(a < b): an infinite or NaN product takes the exact path too
    if (!(warp_max(bound) * warp_max(largest_key) < SAFE_SCORE_BITS * SAFE_SCORE_BITS)) {
#pragma unroll
        for (int first = 0; first < HEADS; first += 2) {  // two at a time: registers
            row_maxima<T>(shift, query, first, first + 2, keys_values, tiles, lane);
            attend<T, true>(sums, query, shift, first, first + 2, keys_values, tiles, lane);
        }
    } else {
        attend<T, false>(sums, query, shift, 0, HEADS, keys_values, tiles, lane);
    }
#pragma unroll
    for (int pair = 0; pair < HEADS / 2; ++pair) {
        const float(&even)[4] = sums[2 * pair], (&odd)[4] = sums[2 * pair + 1];
        // Lanes q < 2 hold the even head's values and the odd head's sums of weights, the others the reverse: exchange the sums.
        const float low = reciprocal(__shfl_xor_sync(~0u, q < 2 ? odd[0] : even[0], 2));
        const float high = reciprocal(__shfl_xor_sync(~0u, q < 2 ? odd[2] : even[2], 2));
        out[2 * pair] = T::pack((q < 2 ? even[0] : odd[0]) * low, (q < 2 ? even[1] : odd[1]) * low);
        out[2 * pair + 1] = T::pack((q < 2 ? even[2] : odd[2]) * high, (q < 2 ? even[3] : odd[3]) * high);
    }
}

}  // namespace transformer
