// blocks: embeddings and all transformer blocks, packed stories → final hidden states in 16 bits.
//
//   x₀ = rotary(E[id])     y = LN1(x + W_o·softmax(q·k)·v + b_o)     x' = LN2(y + W_down·relu(W_up·y + b_up) + b_down)
//
// One thread block holds one individual's weights in shared memory (66 KB at H 32, F 128, 3 blocks). Its 16 warps form teams (two
// of 8 where shared memory allows), each with room for the keys and values of a window: up to 64 tiles of 16 tokens, whole stories,
// one layer at a time. A warp owns some tiles of the window (a schedule made by the host balances the causal triangle) and carries
// a tile from attention to the next layer in registers; between layers the tile's states rest in their place in the output,
// written and read by the same lanes, so they stay in L2 and need no barrier. Two teams because a team must wait for its keys
// twice a layer: the other then has the multiprocessor.
//
// Exponentials: scores are in base 2 and |score| ≤ |q|·|k|, so if that bound stays under 100 bits, no maximum is subtracted;
// beyond it the tile takes an exact two-pass softmax. Attention weights and values are bf16 in every mode, because only bf16
// has float32's range; their sum comes from ones that stand beside the values, out of the same mma and the same rounded weights.
//
// Every number depends on its own story alone: windows, teams and schedules only move work.
// Grid (parts, P), 512 threads: block (part, individual) takes windows part, part + parts, … of the individual.
// H200, 512 × 1,012 stories: 86 ms, 2.64 T exponentials/s; issue slots 62 %, special-function unit 51 %, tensor cores 31 %.
#include "layout.cuh"
#include "mma.cuh"

// Measured choices; another value may be given to the compiler to measure it.
#ifndef ATTENTION_POLYNOMIALS
#define ATTENTION_POLYNOMIALS 11  // of 32 exponentials go to the FMA pipe
#endif

#ifndef FFN_UNROLL
#define FFN_UNROLL 8  // all of the paper's: lets weights load early
#endif

namespace transformer {

constexpr int WARPS = 16, MAX_TEAMS = 4;
constexpr int KEY_VALUE_TILE = 1024;      // bytes: 16 tokens × (16 keys + 16 values) × 2
constexpr int TEAM_TILE = KEY_VALUE_TILE + 16;  // with the largest |key|² of the tile, padded
constexpr float SAFE_SCORE_BITS = 100.0f;  // Σ over 8 k keys of 2^score · value stays inside float32 and bf16

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

// All heads over all key tiles, the last of which is the queries' own. Scores are computed one head ahead of their exponentials.
template <class T>
__device__ __forceinline__ void attend(float (&sums)[HEADS][4], const uint32_t (&query)[HEADS][2], const uint4* keys_values, int tiles, int lane) {
    keys_values += lane;
    uint4 key4 = keys_values[0];
    float s[2][8];
    head_scores<T>(s[0], query[0], key4.x, key4.y, 0, 0);
#pragma unroll 1
    for (; tiles > 1; --tiles, keys_values += 64) {
        const uint4 value4 = keys_values[32], next4 = keys_values[64];
#pragma unroll
        for (int head = 0; head < HEADS; ++head) {
            const uint4& ahead4 = head + 1 < HEADS ? key4 : next4;
            const int ahead = (head + 1) % HEADS;
            head_scores<T>(s[ahead % 2], query[ahead], ahead < 2 ? ahead4.x : ahead4.z, ahead < 2 ? ahead4.y : ahead4.w, 0, 0);
            add_head<false, false>(sums[head], head, s[head % 2], value4, lane);
        }
        key4 = next4;
    }
    const uint4 value4 = keys_values[32];
#pragma unroll
    for (int head = 0; head < HEADS; ++head) {
        if (head > 0) head_scores<T>(s[0], query[head], head < 2 ? key4.x : key4.z, head < 2 ? key4.y : key4.w, 0, 0);
        add_head<true, false>(sums[head], head, s[0], value4, lane);
    }
}

// One head with its exact row maxima subtracted: two passes, for networks whose scores may leave the safe range.
template <class T>
__device__ __forceinline__ void attend_shifted(float (&sum)[4], int head, const uint32_t (&query)[2], const uint4* keys_values, int tiles, int lane) {
    float shift[2] = {INFINITY, INFINITY};
#pragma unroll 1
    for (int tile_idx = 0; tile_idx < tiles; ++tile_idx) {
        const uint4 key4 = keys_values[tile_idx * 64 + lane];
        float s[8];
        head_scores<T>(s, query, head < 2 ? key4.x : key4.z, head < 2 ? key4.y : key4.w, 0.0f, 0.0f);
#pragma unroll
        for (int r = 0; r < 8; ++r)
            if (tile_idx + 1 < tiles || !hidden_key(r, lane / 4, lane % 4)) shift[r / 2 % 2] = fminf(shift[r / 2 % 2], -s[r]);
    }
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        shift[half] = fminf(shift[half], __shfl_xor_sync(~0u, shift[half], 1));
        shift[half] = fminf(shift[half], __shfl_xor_sync(~0u, shift[half], 2));
    }
#pragma unroll 1
    for (int tile_idx = 0; tile_idx < tiles; ++tile_idx) {
        const uint4 key4 = keys_values[tile_idx * 64 + lane], value4 = keys_values[tile_idx * 64 + 32 + lane];
        float s[8];
        head_scores<T>(s, query, head < 2 ? key4.x : key4.z, head < 2 ? key4.y : key4.w, shift[0], shift[1]);
        if (tile_idx + 1 < tiles)
            add_head<false, true>(sum, head, s, value4, lane);
        else
            add_head<true, true>(sum, head, s, value4, lane);
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
    // !(a < b): an infinite or NaN product takes the exact path too
    if (!(warp_max(bound) * warp_max(largest_key) < SAFE_SCORE_BITS * SAFE_SCORE_BITS)) {
#pragma unroll
        for (int head = 0; head < HEADS; ++head)
            attend_shifted<T>(sums[head], head, query[head], keys_values, tiles, lane);
    } else {
        attend<T>(sums, query, keys_values, tiles, lane);
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

// c += W_down · relu(W_up · y + b_up): sixteen hidden units at a time, so that they never leave registers.
template <class T, int HT, int FT>
__device__ __forceinline__ void feed_forward(float (&c)[HT][4], const Tile<HT>& y, const char* weights, int lane) {
    using L = BlockLayout<HT, FT>;
    constexpr int UNROLL = FFN_UNROLL;
#pragma unroll UNROLL
    for (int step = 0; step < FT; ++step) {
        uint32_t a[4];
#pragma unroll
        for (int side = 0; side < 2; ++side) {
            uint32_t w[HT];
            float h[4];
            load_fragment<HT>(w, weights + L::UP + (2 * step + side) * L::HIDDEN_TILE, lane);
            load_bias(h, weights + L::UP_BIAS, 2 * step + side, lane % 4);
            multiply_hidden<T, HT>(h, y, w);
            a[2 * side] = T::pack_relu(h[0], h[1]), a[2 * side + 1] = T::pack_relu(h[2], h[3]);
        }
        multiply_outputs<T, HT>(c, a, weights + L::DOWN + step * L::OUT_STEP, lane);
    }
}

// Keys and values of one tile into shared memory, with the largest |key|² for the bound on scores.
template <class T, int HT, int FT>
__device__ __forceinline__ void write_keys_values(const Tile<HT>& tile, const char* weights, uint4* keys_values, float* key_squares, int lane) {
    using L = BlockLayout<HT, FT>;
    uint32_t k[4], v[4];
    float squares = 0;
#pragma unroll
    for (int pair = 0; pair < HEADS / 2; ++pair) {
        uint32_t w[HT];
        float c[4] = {};
        load_fragment<HT>(w, weights + L::K + pair * L::HIDDEN_TILE, lane);
        multiply_hidden<T, HT>(c, tile, w);
        k[2 * pair] = T::pack(c[0], c[1]), k[2 * pair + 1] = T::pack(c[2], c[3]);
        squares = fmaxf(squares, head_squares(c));
    }
    uint32_t w[2 * HT];
    load_fragment<2 * HT>(w, weights + L::V, lane);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        float c[4] = {};
        multiply_values<T, HT>(c, w, tile, half);
        v[half] = Bf16::pack(c[0], c[1]), v[2 + half] = Bf16::pack(c[2], c[3]);
    }
    keys_values[lane] = make_uint4(k[0], k[1], k[2], k[3]);
    keys_values[32 + lane] = make_uint4(v[0], v[1], v[2], v[3]);
    squares = warp_max(squares);
    if (lane == 0) *key_squares = squares;
}

template <class T, int HT, int FT>
__device__ __forceinline__ void block_tile(Tile<HT>& tile, const Network& net, const char* weights, bool affine, const uint4* keys_values, const float* key_squares, int tiles, int lane) {
    using L = BlockLayout<HT, FT>;
    uint32_t heads[4];
    attention<T, HT>(heads, tile, weights + L::Q, weights + L::Q_BIAS, keys_values, key_squares, tiles, lane);
    float c[HT][4];
#pragma unroll
    for (int j = 0; j < HT; ++j) {
        const float2 low = T::unpack(tile.x[j][0]), high = T::unpack(tile.x[j][1]);
        c[j][0] = low.x, c[j][1] = low.y, c[j][2] = high.x, c[j][3] = high.y;
    }
    add_bias<HT>(c, weights + L::O_BIAS, lane % 4);
    multiply_outputs<T, HT>(c, heads, weights + L::O, lane);
    layer_norm<HT>(c, weights + L::NORM1, affine, net.hidden, net.inverse_hidden, lane % 4);
    Tile<HT> y;
    y.template pack<T>(c);
    add_bias<HT>(c, weights + L::DOWN_BIAS, lane % 4);
    feed_forward<T, HT, FT>(c, y, weights, lane);
    layer_norm<HT>(c, weights + L::NORM2, affine, net.hidden, net.inverse_hidden, lane % 4);
    tile.template pack<T>(c);
}

// x₀ of a tile whose tokens in rows g, g+8 are given: float32 embedding rows, with what the position does to them.
template <class T, int HT>
__device__ __forceinline__ void embed_tile(Tile<HT>& tile, const Network& net, const float* embedding, const uint32_t (&tokens)[2], const float* positions, int position, int lane) {
    const int g = lane / 4, q = lane % 4;
    float c[HT][4];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        const int row = g + 8 * half;
        const float* e = embedding + int64_t(tokens[half] & 0xffffu) * net.hidden;
#pragma unroll
        for (int j = 0; j < HT; ++j) {
            const int column = 8 * j + 2 * q;
            float a = column < net.hidden ? e[column] : 0.0f, b = column + 1 < net.hidden ? e[column + 1] : 0.0f;
            const float* place = positions + (position + row) * net.position_row() + column;
            if (column < net.rotary_dims) {  // rotary_dims is even
                const float turned = a * place[0] - b * place[1];
                b = b * place[0] + a * place[1], a = turned;
            } else if (net.additive) {
                if (column < net.hidden) a += place[0];
                if (column + 1 < net.hidden) b += place[1];
            }
            c[j][2 * half] = a, c[j][2 * half + 1] = b;
        }
    }
    tile.template pack<T>(c);
}

__device__ __forceinline__ void team_barrier(int team_idx, int threads) { asm volatile("bar.sync %0, %1;" ::"r"(team_idx + 1), "r"(threads) : "memory"); }

template <int HT>
__device__ __forceinline__ void copy_states(char* shelf, const char* states, int lane) {
    constexpr int BYTES = HT == 1 ? 8 : 16;  // a lane's registers lie in chunks of two or four
#pragma unroll
    for (int chunk = 0; chunk < HT * 8 / BYTES; ++chunk) {
        const int byte = chunk * 32 * BYTES + lane * BYTES;
        const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(shelf + byte));
        if constexpr (BYTES == 16)
            asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(address), "l"(states + byte) : "memory");
        else
            asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(address), "l"(states + byte) : "memory");
    }
}

// What the host prepares once for a set of stories.
struct Plan {
    const uint32_t* tokens;    // [slots] input id | target id << 16; stories start at multiples of 16 slots
    const float* positions;    // [longest story rounded up to 16, position_row]
    const int2* windows;       // [windows] (first tile, index into schedule)
    const uint32_t* schedule;  // per window: team_warps + 1 starts (absolute), then entries: tile in window | story's first tile << 16
    int window_count, tiles;   // of all stories
    int team_threads;          // a team's part of the block's 512 threads
    int window_tiles;          // the tiles that a team has room for
};

// prepared [P, prepared_stride] bytes, phenotypes [P, phenotype_stride] floats, states [P, tiles, HT·256 bytes] out.
template <class T, int HT, int FT>
__device__ __forceinline__ void blocks(const Network& net, const Plan& plan, const char* prepared, int64_t prepared_stride, const float* phenotypes, int64_t phenotype_stride, const int* offsets, char* states) {
    using L = BlockLayout<HT, FT>;
    extern __shared__ __align__(128) char shared[];
    __shared__ int next_window;
    __shared__ int team_window[MAX_TEAMS];
    const int team_idx = threadIdx.x / plan.team_threads;
    const int lane = threadIdx.x % 32, warp_idx = threadIdx.x % plan.team_threads / 32;
    const int weight_bytes = net.blocks * L::BYTES;
    prepared += blockIdx.y * prepared_stride;
    const bool affine = reinterpret_cast<const PreparedHeader*>(prepared)->affine;
    for (int byte = threadIdx.x * 16; byte < weight_bytes; byte += WARPS * 32 * 16)
        *reinterpret_cast<uint4*>(shared + byte) = *reinterpret_cast<const uint4*>(prepared + sizeof(PreparedHeader) + byte);
    if (threadIdx.x == 0) next_window = blockIdx.x;
    __syncthreads();

    uint4* keys_values = reinterpret_cast<uint4*>(shared + weight_bytes + team_idx * plan.window_tiles * TEAM_TILE);
    float* key_squares = reinterpret_cast<float*>(keys_values + plan.window_tiles * (KEY_VALUE_TILE / 16));
    char* shelf = shared + weight_bytes + 32 * WARPS / plan.team_threads * plan.window_tiles * TEAM_TILE + threadIdx.x / 32 * (HT * 256);
    const float* embedding = phenotypes + blockIdx.y * phenotype_stride + offsets[EMBED];
    for (;;) {
        if (threadIdx.x % plan.team_threads == 0) team_window[team_idx] = atomicAdd(&next_window, gridDim.x);
        team_barrier(team_idx, plan.team_threads);
        if (team_window[team_idx] >= plan.window_count) return;
        const int2 window = plan.windows[team_window[team_idx]];
        const int begin = plan.schedule[window.y + warp_idx], end = plan.schedule[window.y + warp_idx + 1];
        char* window_states = states + (int64_t(blockIdx.y) * plan.tiles + window.x) * (HT * 256);
#pragma unroll 1
        for (int block_idx = 0; block_idx < net.blocks; ++block_idx) {
            const char* weights = shared + block_idx * L::BYTES;
            const bool first_block = block_idx == 0, last_block = block_idx + 1 == net.blocks;
            const auto state_of = [&](int slot) { return window_states + slot * (HT * 256); };
            // The next tile's states travel from L2 to this warp's shelf in shared memory while a tile is worked on. A lane fetches
            // and reads the same bytes, so no barrier is needed.
            const auto fetch = [&](int entry, bool written) {
                const int packed = plan.schedule[min(entry, end - 1)];
                if (written) copy_states<HT>(shelf, state_of(packed & 0xffff), lane);
                return packed;
            };
            const auto receive = [&](Tile<HT>& tile) {
                asm volatile("cp.async.wait_all;" ::: "memory");
                tile.load(shelf, lane);
            };
            uint32_t tokens[2] = {}, next_tokens[2] = {};
            const auto fetch_tokens = [&](int slot) {
#pragma unroll
                for (int half = 0; half < 2; ++half) next_tokens[half] = plan.tokens[(window.x + slot) * TILE + lane / 4 + 8 * half];
            };
            int next = begin < end ? fetch(begin, !first_block) : 0;
            if (first_block && begin < end) fetch_tokens(next & 0xffff);
#pragma unroll 1
            for (int entry = begin; entry < end; ++entry) {
                const int slot = next & 0xffff, first = next >> 16;
                Tile<HT> tile;
                if (!first_block) receive(tile);
                next = fetch(entry + 1, !first_block);
                if (first_block) {
                    tokens[0] = next_tokens[0], tokens[1] = next_tokens[1];
                    fetch_tokens(next & 0xffff);
                    embed_tile<T, HT>(tile, net, embedding, tokens, plan.positions, (slot - first) * TILE, lane);
                    tile.store(state_of(slot), lane);
                }
                write_keys_values<T, HT, FT>(tile, weights, keys_values + slot * 64, key_squares + slot, lane);
            }
            team_barrier(team_idx, plan.team_threads);
            asm volatile("cp.async.wait_all;" ::: "memory");
            next = begin < end ? fetch(begin, true) : 0;
#pragma unroll 1
            for (int entry = begin; entry < end; ++entry) {
                const int slot = next & 0xffff, first = next >> 16;
                Tile<HT> tile;
                receive(tile);
                next = fetch(entry + 1, true);
                block_tile<T, HT, FT>(tile, net, weights, affine, keys_values + first * 64, key_squares + first, slot - first + 1, lane);
                if (last_block)
                    tile.store_final(state_of(slot), lane);
                else
                    tile.store(state_of(slot), lane);
            }
            asm volatile("cp.async.wait_all;" ::: "memory");
            team_barrier(team_idx, plan.team_threads);  // the next layer overwrites the keys
        }
    }
}

}  // namespace transformer

#define BLOCKS(NAME, T, HT, FT)                                                                                               \
    extern "C" __global__ void __launch_bounds__(512, 1) NAME(transformer::Network net, const uint32_t* tokens,               \
        const float* positions, const int2* windows, const uint32_t* schedule, int window_count, int tiles,                   \
        int team_threads, int window_tiles, const char* prepared, int64_t prepared_stride, const float* phenotypes,           \
        int64_t phenotype_stride, const int* offsets, char* states) {                                                         \
        const transformer::Plan plan{tokens, positions, windows, schedule, window_count, tiles, team_threads, window_tiles};   \
        transformer::blocks<transformer::T, HT, FT>(net, plan, prepared, prepared_stride, phenotypes, phenotype_stride,       \
                                                    offsets, states);                                                         \
    }
BLOCKS(transformer_blocks_fp16_h32, Fp16, 4, 8)
BLOCKS(transformer_blocks_bf16_h32, Bf16, 4, 8)
BLOCKS(transformer_blocks_fp16_h8, Fp16, 1, 1)
BLOCKS(transformer_blocks_bf16_h8, Bf16, 1, 1)
