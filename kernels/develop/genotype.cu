// develop_genotype: candidates → genotypes [P, G], the bits of genotype.go.
//
//   founder:  g = initial value + (initial std · noise)
//   child:    g = parent + ((multiplier · mutation scale) · noise)        each product and sum rounded
//
// Grid (P · tiles): a thread block makes up to 1024 elements of one part of one candidate, one Philox call a thread.
// Parts begin anywhere, so the normals go through shared memory and leave as neighbouring words. genotypes may be
// parents: every element is read and written by one thread.
#include "kernels/develop/develop.cuh"
#include "kernels/noise/noise.cuh"

namespace develop {

constexpr int GENOTYPE_THREADS = 256;
constexpr int TILE_LEN = GENOTYPE_THREADS * noise::BLOCK_LEN;

// What becomes of one element, given its noise.
__device__ __forceinline__ float element(float base, float scale, float z) {
    return scale == 0.0f ? base : __fadd_rn(base, __fmul_rn(scale, z));
}

}  // namespace develop

extern "C" __global__ void __launch_bounds__(develop::GENOTYPE_THREADS)
develop_genotype(float* genotypes, const float* parents, int64_t genotype_len, const develop::Candidate* candidates,
                 const develop::Part* parts, const develop::PartTile* tiles, int tile_count) {
    __shared__ float normals[develop::TILE_LEN];
    const int candidate_idx = blockIdx.x / tile_count;
    const develop::PartTile tile = tiles[blockIdx.x % tile_count];
    const develop::Part part = parts[tile.part_idx];
    const develop::Candidate candidate = candidates[candidate_idx];
    const bool founder = candidate.parent == develop::FOUNDER;
    const float scale = founder ? part.init_std : __fmul_rn(candidate.multiplier, part.scale);

    if (scale != 0.0f) {  // the whole block takes the same way
        const float4 z = noise::block(make_uint2(candidate.seed_low, candidate.seed_high), part.stream,
                                      uint32_t(tile.first_block + int(threadIdx.x)));
        reinterpret_cast<float4*>(normals)[threadIdx.x] = z;
    }
    __syncthreads();

    const int first = tile.first_block * noise::BLOCK_LEN;
    const int n = min(develop::TILE_LEN, part.length - first);
    const int64_t at = int64_t(part.offset) + first;
    const float* parent = parents + int64_t(founder ? 0 : candidate.parent) * genotype_len + at;
    float* genotype = genotypes + int64_t(candidate_idx) * genotype_len + at;
    for (int i = threadIdx.x; i < n; i += develop::GENOTYPE_THREADS) {
        const float base = founder ? part.init_value : parent[i];
        genotype[i] = develop::element(base, scale, scale != 0.0f ? normals[i] : 0.0f);
    }
}
