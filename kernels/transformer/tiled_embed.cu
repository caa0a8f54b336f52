// embed: token ids → states of the tiled path, with what their positions do to them.
//
//   x₀ = E[id], features 2i, 2i + 1 < R turned by the position's angle i (rotary), or E[id] + position's row (additive)
//
// Grid (rows / 8, P), 256 threads: a warp a token, a lane eight neighbouring features out of every 256. Reads float32 embeddings.
#include "tiled.cuh"

namespace transformer::tiled {

// phenotypes [P, phenotype_stride] at the embedding, tokens and places [slots] id and position in the sequence, positions
// [longest, position_row], out [P, rows] operand of `blocks` tiles a row; rows past the slots become token 0 at place 0.
template <class F>
__device__ __forceinline__ void embed(const Network& net, const float* embeddings, int64_t phenotype_stride, const uint32_t* tokens, const int* places, int slots, int rows, const float* positions, char* out, int64_t out_stride, int blocks) {
    const int64_t row = int64_t(blockIdx.x) * 8 + threadIdx.x / 32;
    if (row >= rows) return;
    const int64_t id = row < slots ? tokens[row] & 0xffffu : 0, place = row < slots ? places[row] : 0;
    const float* e = embeddings + blockIdx.y * phenotype_stride + id * net.hidden;
    const float* p = positions + place * net.position_row();
    const int octets = blocks * ROW_CHUNKS / F::CHUNKS_AN_OCTET;
    for (int octet = threadIdx.x % 32; octet < octets; octet += 32) {
        float v[OCTET];
#pragma unroll
        for (int k = 0; k < OCTET; ++k) v[k] = octet * OCTET + k < net.hidden ? e[octet * OCTET + k] : 0.0f;
#pragma unroll
        for (int k = 0; k < OCTET; k += 2) {
            const int column = octet * OCTET + k;
            if (column < net.rotary_dims) {  // an even number of features
                const float turned = v[k] * p[column] - v[k + 1] * p[column + 1];
                v[k + 1] = v[k + 1] * p[column] + v[k] * p[column + 1], v[k] = turned;
            } else if (net.additive) {
                if (column < net.hidden) v[k] += p[column];
                if (column + 1 < net.hidden) v[k + 1] += p[column + 1];
            }
        }
        store_octet<F>(out + blockIdx.y * out_stride, row, octet, blocks, v);
    }
}

}  // namespace transformer::tiled

#define EMBED(FORMAT, ...)                                                                                                       \
    extern "C" __global__ void __launch_bounds__(256) transformer_tiled_embed_##FORMAT(transformer::Network net,                 \
        const float* embeddings, int64_t phenotype_stride, const uint32_t* tokens, const int* places, int slots, int rows,       \
        const float* positions, char* out, int64_t out_stride, int blocks) {                                                     \
        transformer::tiled::embed<__VA_ARGS__>(net, embeddings, phenotype_stride, tokens, places, slots, rows, positions, out, out_stride, blocks); \
    }
EMBED(fp32, transformer::tiled::Single)
EMBED(tf32, transformer::tiled::Tf32)
EMBED(fp16, transformer::tiled::Sixteen<transformer::Fp16>)
EMBED(bf16, transformer::tiled::Sixteen<transformer::Bf16>)
#undef EMBED
