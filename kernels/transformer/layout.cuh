// The layout of a prepared network: 16-bit weights in mma fragment order, with every constant factor already folded in.
//
// Dimensions: P population, S stories, T tokens, V vocabulary, H hidden, D = heads × head size, F feed-forward, B blocks.
// The fused kernels hold H padded to 8·HT columns, F padded to 16·FT and attention padded to 4 heads × 4: padding is zero
// weights, so it adds nothing to any sum.
#pragma once
#include <stdint.h>

namespace transformer {

constexpr int TILE = 16;         // tokens a tile
constexpr int HEADS = 4;         // padded heads
constexpr int HEAD_DIM = 4;      // padded head size
constexpr int DIM = HEADS * HEAD_DIM;

// A running maximum before its first logit. Finite, so that 2^(padding's −∞ − maximum) is 0 and never NaN: no sum needs to ask whether
// it has begun, and a NaN among the logits reaches every sum that it belongs to.
constexpr float LOWEST = -3.402823466e38f;

// Offsets (in floats) of the tensors in an individual's phenotype; the caller's table is an array of these int32.
enum TensorOffset { EMBED = 0, DECODER_BIAS = 1, FIRST_BLOCK = 2 };
enum BlockOffset { Q_W, Q_B, K_W, K_B, V_W, V_B, O_W, O_B, NORM1_W, NORM1_B, UP_W, UP_B, DOWN_W, DOWN_B, NORM2_W, NORM2_B, BLOCK_TENSORS };

// True sizes of the network, passed by value to every kernel.
struct Network {
    int hidden, heads, head_dim, ffn, blocks, vocab;
    int rotary_dims;       // features turned by the position
    int additive;          // 1: the position table is added instead
    float inverse_hidden;  // 1 / hidden

    // Numbers a row of the position table has: (cos, sin) for each turned pair, or one for each feature.
    __host__ __device__ int position_row() const { return additive ? hidden : rotary_dims; }
};

// Header of a prepared individual, in front of its blocks.
struct PreparedHeader {
    int affine;        // 1: norms have scales, biases or padded columns; 0: plain (x − mean)/std
    int unsafe_range;  // 1: logits may leave the range in which sums need no maximum
    int reserved[30];
};
static_assert(sizeof(PreparedHeader) == 128, "blocks must stay aligned to 128 bytes");

// Byte offsets inside one block's prepared weights. n8 tile j of a [N, hidden] weight: HT registers a lane (B operand).
template <int HT, int FT>
struct BlockLayout {
    static constexpr int HIDDEN_TILE = HT * 128;     // one n8 tile of a weight with `hidden` inputs
    static constexpr int OUT_STEP = HT * 256;        // all n8 tiles of a weight with `hidden` outputs, one k16 step
    static constexpr int Q = 0;                      // 2 tiles, scaled by log2(e)/sqrt(head size)
    static constexpr int K = Q + 2 * HIDDEN_TILE;    // 2 tiles
    static constexpr int V = K + 2 * HIDDEN_TILE;    // as an A operand: the kernel computes Vᵀ = W_v · xᵀ
    static constexpr int O = V + 2 * HIDDEN_TILE;
    static constexpr int UP = O + OUT_STEP;          // 2·FT tiles
    static constexpr int DOWN = UP + 2 * FT * HIDDEN_TILE;
    static constexpr int Q_BIAS = DOWN + FT * OUT_STEP;  // biases: float4 (b₂q, b₂q₊₁, b₂q, b₂q₊₁) for each tile and q
    static constexpr int O_BIAS = Q_BIAS + 2 * 64;       // includes W_o · b_v: attention weights sum to one
    static constexpr int UP_BIAS = O_BIAS + HT * 64;
    static constexpr int DOWN_BIAS = UP_BIAS + 2 * FT * 64;
    static constexpr int NORM1 = DOWN_BIAS + HT * 64;    // float4 (scale₂q, scale₂q₊₁, bias₂q, bias₂q₊₁)
    static constexpr int NORM2 = NORM1 + HT * 64;
    static constexpr int BYTES = (NORM2 + HT * 64 + 127) / 128 * 128;
};

// Decoder, all with log2 e folded in: m16 tiles of vocabulary rows as A operands; 2^bias and bias, V padded to 16; and the rows once
// more, each lane q's features of a row together as a token's states have them, for the targets.
template <int HT>
struct DecoderLayout {
    static constexpr int TILE_BYTES = HT * 256;
    static __host__ __device__ int tiles(int vocab) { return (vocab + 15) / 16; }
    static __host__ __device__ int weights(int vocab) { return tiles(vocab) * TILE_BYTES; }           // float[16·tiles]
    static __host__ __device__ int biases(int vocab) { return weights(vocab) + tiles(vocab) * 64; }    // float[16·tiles]
    static constexpr int ROW_BYTES = HT * 16;
    static __host__ __device__ int rows(int vocab) { return biases(vocab) + tiles(vocab) * 64; }
    static __host__ __device__ int bytes(int vocab) { return rows(vocab) + vocab * ROW_BYTES; }
};

template <int HT, int FT>
__host__ __device__ inline int64_t prepared_bytes(int blocks, int vocab) {
    const int64_t raw = sizeof(PreparedHeader) + int64_t(blocks) * BlockLayout<HT, FT>::BYTES + DecoderLayout<HT>::bytes(vocab);
    return (raw + 127) / 128 * 128;
}

}  // namespace transformer
