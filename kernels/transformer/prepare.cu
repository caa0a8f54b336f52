// prepare: one developed network (float32) → 16-bit weights in mma fragment order, constants folded in.
//
//   Q' = Q · log2(e)/√(head size)      scores come out in base 2
//   K bias dropped                     q·b_k is the same for every key: softmax does not see it
//   b_o' = b_o + W_o · b_v             attention weights sum to one, so the value bias passes through
//   E' = E · log2(e), w = 2^(b·log2 e) the loss kernel sums w_v · 2^(E'_v · x)
//
// Grid (P), 256 threads: a block walks over the 32-bit words of its individual's prepared bytes and fetches the two
// numbers of each. 100 k words an individual, once a generation: 0.1 % of its time.
#include "layout.cuh"
#include "mma.cuh"

namespace transformer {

constexpr float LOG2_E = 1.4426950408889634f;
constexpr float SAFE_BITS = 100.0f;  // |logit| in bits below which Σ 2^logit needs no maximum: float32 has 2^±126

// A weight matrix [rows, columns] in the phenotype; outside of it lies zero padding. Attention axes are padded per head.
struct Matrix {
    const float* data;
    int rows, columns;
    float scale;
    __device__ float at(int row, int column) const {
        return row < 0 || column < 0 || row >= rows || column >= columns ? 0.0f : data[int64_t(row) * columns + column] * scale;
    }
};

// Padded attention index (head·4 + dim) → true index, or −1 for padding.
__device__ __forceinline__ int attention_index(const Network& net, int padded_idx) {
    const int head_idx = padded_idx / HEAD_DIM, dim_idx = padded_idx % HEAD_DIM;
    return head_idx < net.heads && dim_idx < net.head_dim ? head_idx * net.head_dim + dim_idx : -1;
}

struct WordPosition {
    int reg, g, q;
};
template <int N>
__device__ __forceinline__ WordPosition word_position(int word_idx) {  // inverse of fragment_byte
    constexpr int CHUNK = N < 4 ? N : 4;
    const int lane = word_idx % (32 * CHUNK) / CHUNK;
    return {word_idx / (32 * CHUNK) * CHUNK + word_idx % CHUNK, lane / 4, lane % 4};
}

// value(row, column) of B operand tile `tile_idx`, whose k index runs over the hidden features.
template <class T, int HT, class Value>
__device__ __forceinline__ void write_hidden_tiles(char* out, int tiles, Value value) {
    constexpr int WORDS = HT * 32;
    for (int word_idx = threadIdx.x; word_idx < tiles * WORDS; word_idx += blockDim.x) {
        const WordPosition p = word_position<HT>(word_idx % WORDS);
        const int row = word_idx / WORDS * 8 + p.g, column = 8 * p.reg + 2 * p.q;
        reinterpret_cast<uint32_t*>(out)[word_idx] = T::pack(value(row, column), value(row, column + 1));
    }
}

// A operand tiles of 16 rows with hidden-sized k: values and decoder.
template <class T, int HT, class Value>
__device__ __forceinline__ void write_row_tiles(char* out, int tiles, Value value) {
    constexpr int WORDS = HT * 64;
    for (int word_idx = threadIdx.x; word_idx < tiles * WORDS; word_idx += blockDim.x) {
        const WordPosition p = word_position<2 * HT>(word_idx % WORDS);
        const int row = word_idx / WORDS * 16 + p.g + 8 * (p.reg & 1);
        const int column = 16 * (p.reg / 4) + 8 * (p.reg / 2 % 2) + 2 * p.q;
        reinterpret_cast<uint32_t*>(out)[word_idx] = T::pack(value(row, column), value(row, column + 1));
    }
}

// B operands of a weight with hidden outputs: for each k16 step all HT tiles.
template <class T, int HT, class Value>
__device__ __forceinline__ void write_output_steps(char* out, int steps, Value value) {
    constexpr int WORDS = HT * 64;
    for (int word_idx = threadIdx.x; word_idx < steps * WORDS; word_idx += blockDim.x) {
        const WordPosition p = word_position<2 * HT>(word_idx % WORDS);
        const int row = p.reg / 2 * 8 + p.g, column = word_idx / WORDS * 16 + 8 * (p.reg % 2) + 2 * p.q;
        reinterpret_cast<uint32_t*>(out)[word_idx] = T::pack(value(row, column), value(row, column + 1));
    }
}

// A bias as the accumulator an mma starts from: each column pair written twice, for rows g and g+8.
template <class Value>
__device__ __forceinline__ void write_bias(char* out, int tiles, Value value) {
    for (int word_idx = threadIdx.x; word_idx < tiles * 16; word_idx += blockDim.x)
        reinterpret_cast<float*>(out)[word_idx] = value(word_idx / 16 * 8 + word_idx % 16 / 4 * 2 + word_idx % 2);
}

template <class T, int HT, int FT>
__device__ __forceinline__ void prepare_block(const Network& net, const float* phenotype, const int* offsets, char* out) {
    using L = BlockLayout<HT, FT>;
    const int H = net.hidden, D = net.heads * net.head_dim, F = net.ffn;
    const auto tensor = [&](int which) { return phenotype + offsets[which]; };
    const Matrix query{tensor(Q_W), D, H, LOG2_E * rsqrtf(float(net.head_dim))}, key{tensor(K_W), D, H, 1}, values{tensor(V_W), D, H, 1};
    const Matrix output{tensor(O_W), H, D, 1}, up{tensor(UP_W), F, H, 1}, down{tensor(DOWN_W), H, F, 1};
    const auto inside = [](const float* vector, int idx, int size) { return idx >= 0 && idx < size ? vector[idx] : 0.0f; };
    const auto by_head = [&](const Matrix& m) { return [&net, &m](int row, int column) { return m.at(attention_index(net, row), column); }; };

    write_hidden_tiles<T, HT>(out + L::Q, 2, by_head(query));
    write_hidden_tiles<T, HT>(out + L::K, 2, by_head(key));
    write_row_tiles<T, HT>(out + L::V, 1, by_head(values));
    write_output_steps<T, HT>(out + L::O, 1, [&](int row, int column) { return output.at(row, attention_index(net, column)); });
    write_hidden_tiles<T, HT>(out + L::UP, 2 * FT, [&](int row, int column) { return up.at(row, column); });
    write_output_steps<T, HT>(out + L::DOWN, FT, [&](int row, int column) { return down.at(row, column); });
    write_bias(out + L::Q_BIAS, 2, [&](int n) { return inside(tensor(Q_B), attention_index(net, n), D) * query.scale; });
    write_bias(out + L::O_BIAS, HT, [&](int n) {
        float sum = inside(tensor(O_B), n, H);
        for (int dim_idx = 0; dim_idx < D; ++dim_idx) sum += output.at(n, dim_idx) * tensor(V_B)[dim_idx];
        return sum;
    });
    write_bias(out + L::UP_BIAS, 2 * FT, [&](int n) { return inside(tensor(UP_B), n, F); });
    write_bias(out + L::DOWN_BIAS, HT, [&](int n) { return inside(tensor(DOWN_B), n, H); });
    for (int word_idx = threadIdx.x; word_idx < 2 * HT * 16; word_idx += blockDim.x) {
        const int norm = word_idx / (HT * 16), n = word_idx / 16 % HT * 8 + word_idx % 16 / 4 * 2 + word_idx % 2;
        const bool is_bias = word_idx % 4 >= 2;
        const int which = norm == 0 ? (is_bias ? NORM1_B : NORM1_W) : (is_bias ? NORM2_B : NORM2_W);
        reinterpret_cast<float*>(out + L::NORM1)[word_idx] = inside(tensor(which), n, H);
    }
}

template <class T, int HT>
__device__ __forceinline__ void prepare_decoder(const Network& net, const float* phenotype, const int* offsets, char* out) {
    using L = DecoderLayout<HT>;
    const int tiles = L::tiles(net.vocab);
    const Matrix embedding{phenotype + offsets[EMBED], net.vocab, net.hidden, LOG2_E};
    write_row_tiles<T, HT>(out, tiles, [&](int row, int column) { return embedding.at(row, column); });
    uint32_t* rows = reinterpret_cast<uint32_t*>(out + L::rows(net.vocab));
    for (int word_idx = threadIdx.x; word_idx < net.vocab * 4 * HT; word_idx += blockDim.x) {  // [v][q][hidden tile]
        const int row = word_idx / (4 * HT), column = word_idx % HT * 8 + word_idx / HT % 4 * 2;
        rows[word_idx] = T::pack(embedding.at(row, column), embedding.at(row, column + 1));
    }
    for (int v = threadIdx.x; v < 16 * tiles; v += blockDim.x) {
        const float bias = v < net.vocab ? phenotype[offsets[DECODER_BIAS] + v] * LOG2_E : 0.0f;
        reinterpret_cast<float*>(out + L::weights(net.vocab))[v] = v < net.vocab ? exp2f(bias) : 0.0f;
        reinterpret_cast<float*>(out + L::biases(net.vocab))[v] = v < net.vocab ? bias : -INFINITY;
    }
}

// |E'_v · x| ≤ |E'_v| · |x|, and after the last norm |x| ≤ max|scale| · √H + |bias|.
template <int HT>
__device__ __forceinline__ void prepare_header(const Network& net, const float* phenotype, const int* offsets, PreparedHeader* header) {
    __shared__ int affine;
    __shared__ unsigned row_max, bias_max, scale_max;  // of non-negative floats, which order like their bits
    __shared__ float norm_bias;
    if (threadIdx.x == 0) affine = net.hidden != 8 * HT, row_max = bias_max = scale_max = 0, norm_bias = 0;
    __syncthreads();
    for (int idx = threadIdx.x; idx < net.blocks * 2 * net.hidden; idx += blockDim.x) {
        const int* table = offsets + FIRST_BLOCK + idx / (2 * net.hidden) * BLOCK_TENSORS;
        const int norm = idx / net.hidden % 2, n = idx % net.hidden;
        if (phenotype[table[norm ? NORM2_W : NORM1_W] + n] != 1.0f || phenotype[table[norm ? NORM2_B : NORM1_B] + n] != 0.0f) affine = 1;
    }
    for (int v = threadIdx.x; v < net.vocab; v += blockDim.x) {
        float squares = 0;
        for (int n = 0; n < net.hidden; ++n) {
            const float e = phenotype[offsets[EMBED] + int64_t(v) * net.hidden + n];
            squares += e * e;
        }
        atomicMax(&row_max, __float_as_uint(squares));
        atomicMax(&bias_max, __float_as_uint(fabsf(phenotype[offsets[DECODER_BIAS] + v])));
    }
    const int* last = offsets + FIRST_BLOCK + (net.blocks - 1) * BLOCK_TENSORS;
    if (threadIdx.x == 0)
        for (int n = 0; n < net.hidden; ++n) {
            scale_max = max(scale_max, __float_as_uint(fabsf(phenotype[last[NORM2_W] + n])));
            norm_bias += phenotype[last[NORM2_B] + n] * phenotype[last[NORM2_B] + n];
        }
    __syncthreads();
    if (threadIdx.x == 0) {
        const float state = __uint_as_float(scale_max) * sqrtf(float(net.hidden)) + sqrtf(norm_bias);
        const float bits = LOG2_E * (state * sqrtf(__uint_as_float(row_max)) + __uint_as_float(bias_max));
        header->affine = affine;
        header->unsafe_range = !(bits < SAFE_BITS);  // NaN and infinite weights count as unsafe
    }
}

// phenotypes [P, phenotype_stride] floats, prepared [P, prepared_stride] bytes, offsets: TensorOffset, then BlockOffset per block.
template <class T, int HT, int FT>
__device__ __forceinline__ void prepare(Network net, const float* phenotypes, int64_t phenotype_stride, const int* offsets, char* prepared, int64_t prepared_stride) {
    const float* phenotype = phenotypes + blockIdx.x * phenotype_stride;
    char* out = prepared + blockIdx.x * prepared_stride;
    prepare_header<HT>(net, phenotype, offsets, reinterpret_cast<PreparedHeader*>(out));
    out += sizeof(PreparedHeader);
    for (int block_idx = 0; block_idx < net.blocks; ++block_idx, out += BlockLayout<HT, FT>::BYTES)
        prepare_block<T, HT, FT>(net, phenotype, offsets + FIRST_BLOCK + block_idx * BLOCK_TENSORS, out);
    prepare_decoder<T, HT>(net, phenotype, offsets, out);
}

}  // namespace transformer

#define PREPARE(NAME, T, HT, FT)                                                                                       \
    extern "C" __global__ void __launch_bounds__(256, 4) NAME(transformer::Network net, const float* phenotypes,          \
        int64_t phenotype_stride, const int* offsets, char* prepared, int64_t prepared_stride) {                       \
        transformer::prepare<transformer::T, HT, FT>(net, phenotypes, phenotype_stride, offsets, prepared, prepared_stride); \
    }
PREPARE(transformer_prepare_fp16_h32, Fp16, 4, 8)
PREPARE(transformer_prepare_bf16_h32, Bf16, 4, 8)
PREPARE(transformer_prepare_fp16_h8, Fp16, 1, 1)
PREPARE(transformer_prepare_bf16_h8, Bf16, 1, 1)
