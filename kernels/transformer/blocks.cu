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
#include "attention.cuh"

// Steps of the feed-forward part in one piece: all of the paper's lets weights load early; newer targets would spill.
#ifndef FFN_UNROLL
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1000
#define FFN_UNROLL 2
#else
#define FFN_UNROLL 8
#endif
#endif

namespace transformer {

constexpr int WARPS = 16, MAX_TEAMS = 4;
constexpr int KEY_VALUE_TILE = 1024;      // bytes: 16 tokens × (16 keys + 16 values) × 2
constexpr int TEAM_TILE = KEY_VALUE_TILE + 16;  // with the largest |key|² of the tile, padded

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
