// digest_chunks, digest_combine: genotypes [N, G] → digests [N], as digest.go.
//
//   h_c = xxHash64(chunk c), 1024 elements each, the last one shorter;  digest = xxHash64(h_0 h_1 …), all little-endian
//
// xxHash64 (seed 0) keeps four accumulators that each take every fourth 64-bit word, so four neighbouring threads (a
// quad) hash one chunk; the quad's first thread ends the hash. Grid: digest_chunks N · chunks quads, digest_combine N
// quads. Inputs are multiples of four bytes and read as 32-bit words, because a genotype may begin at any of them.
#include <stdint.h>

namespace digest {

constexpr int CHUNK_WORDS = 1024;
constexpr uint64_t P1 = 0x9E3779B185EBCA87ull, P2 = 0xC2B2AE3D27D4EB4Full, P3 = 0x165667B19E3779F9ull,
                   P4 = 0x85EBCA77C2B2AE63ull, P5 = 0x27D4EB2F165667C5ull;

__device__ __forceinline__ uint64_t rotate(uint64_t x, int bits) { return x << bits | x >> (64 - bits); }
__device__ __forceinline__ uint64_t mix(uint64_t acc, uint64_t word) { return rotate(acc + word * P2, 31) * P1; }
__device__ __forceinline__ uint64_t merge(uint64_t hash, uint64_t acc) { return (hash ^ mix(0, acc)) * P1 + P4; }
__device__ __forceinline__ uint64_t word64(const uint32_t* words) { return uint64_t(words[1]) << 32 | words[0]; }

// Hash of n 32-bit words by a quad of threads, all in one warp; every thread of the warp calls it. The result is
// right in the quad's first thread.
__device__ uint64_t xxhash64(const uint32_t* words, int64_t n, int quad_lane) {
    const int64_t stripes = n / 8;  // of 32 bytes
    uint64_t acc = quad_lane == 0 ? P1 + P2 : quad_lane == 1 ? P2 : quad_lane == 2 ? 0 : 0 - P1;
    for (int64_t stripe_idx = 0; stripe_idx < stripes; ++stripe_idx)
        acc = mix(acc, word64(words + stripe_idx * 8 + quad_lane * 2));
    __syncwarp();
    const uint64_t acc1 = __shfl_sync(0xffffffffu, acc, 0, 4), acc2 = __shfl_sync(0xffffffffu, acc, 1, 4),
                   acc3 = __shfl_sync(0xffffffffu, acc, 2, 4), acc4 = __shfl_sync(0xffffffffu, acc, 3, 4);
    uint64_t hash = P5;
    if (stripes > 0) {
        hash = rotate(acc1, 1) + rotate(acc2, 7) + rotate(acc3, 12) + rotate(acc4, 18);
        hash = merge(merge(merge(merge(hash, acc1), acc2), acc3), acc4);
    }
    hash += uint64_t(n) * 4;
    int64_t at = stripes * 8;
    for (; at + 2 <= n; at += 2) hash = rotate(hash ^ mix(0, word64(words + at)), 27) * P1 + P4;
    if (at < n) hash = rotate(hash ^ uint64_t(words[at]) * P1, 23) * P2 + P3;
    hash = (hash ^ hash >> 33) * P2;
    hash = (hash ^ hash >> 29) * P3;
    return hash ^ hash >> 32;
}

}  // namespace digest

extern "C" __global__ void __launch_bounds__(128)
digest_chunks(uint64_t* hashes, const uint32_t* genotypes, int64_t genotype_len, int chunks, int count) {
    const int64_t quad_idx = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / 4;
    const bool inside = quad_idx < int64_t(count) * chunks;
    const int64_t genotype_idx = inside ? quad_idx / chunks : 0, first = inside ? quad_idx % chunks * digest::CHUNK_WORDS : 0;
    const int64_t left = genotype_len - first;
    const int64_t n = !inside ? 0 : left < digest::CHUNK_WORDS ? left : digest::CHUNK_WORDS;
    const uint64_t hash = digest::xxhash64(genotypes + genotype_idx * genotype_len + first, n, threadIdx.x % 4);
    if (inside && threadIdx.x % 4 == 0) hashes[quad_idx] = hash;
}

extern "C" __global__ void __launch_bounds__(128)
digest_combine(uint64_t* digests, const uint64_t* hashes, int chunks, int count) {
    const int64_t quad_idx = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / 4;
    const bool inside = quad_idx < count;
    const uint32_t* words = reinterpret_cast<const uint32_t*>(hashes + (inside ? quad_idx * chunks : 0));
    const uint64_t hash = digest::xxhash64(words, inside ? int64_t(chunks) * 2 : 0, threadIdx.x % 4);
    if (inside && threadIdx.x % 4 == 0) digests[quad_idx] = hash;
}
