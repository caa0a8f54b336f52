// The product of the tiled path: C (128 × 128) = A (128 × k) · Wᵀ (k × 128), accumulated in float32 over k in ascending order.
//
// A product gives each thread a piece of C. Whatever comes after it sees the piece through four names: row(i) and column(j), the
// place of entry at(i, j) in C; NEIGHBOURS: entries (i, 2j) and (i, 2j + 1) stand side by side. A row's entries are spread over LANES
// lanes with neighbouring numbers and WARPS warps. Threads that only fetch have no piece: fetches();
// they call fetch where the others call multiply.
//
//   MmaProduct    mma.sync, 256 threads, 8 warps of 64 × 32, three stages of cp.async        any format but float32, any target
//   FmaProduct    FFMA,     256 threads, 8 × 8 numbers each, three stages of cp.async        float32
//   WgmmaProduct  wgmma,    256 + 32 threads, in tiled_hopper.cuh                            sm_90a
#pragma once
#include "tiled.cuh"

namespace transformer::tiled {

constexpr int STAGES = 3;
constexpr int STAGE_BYTES = 2 * TILE_BYTES;
constexpr int PRODUCT_THREADS = 256;

// Tiles of both operands on their way to shared memory. Both lie in one piece in device memory, tile after tile.
struct Stages {
    const char *a, *w;
    uint32_t shared;
    int blocks;

    __device__ __forceinline__ void fetch(int block_idx) const {
        if (block_idx < blocks) {
            const uint32_t to = shared + block_idx % STAGES * STAGE_BYTES + threadIdx.x * 16;
            const int64_t from = int64_t(block_idx) * TILE_BYTES + threadIdx.x * 16;
#pragma unroll
            for (int byte = 0; byte < TILE_BYTES; byte += PRODUCT_THREADS * 16) {
                copy16(to + byte, a + from + byte);
                copy16(to + TILE_BYTES + byte, w + from + byte);
            }
        }
        commit_copies();  // empty groups keep the count
    }
    // Calls use(address of A's tile; W's follows it) for each tile.
    template <class Use>
    __device__ __forceinline__ void each(Use use) const {
        __syncthreads();  // the last use of these stages is over
#pragma unroll
        for (int block_idx = 0; block_idx < STAGES - 1; ++block_idx) fetch(block_idx);
#pragma unroll 1
        for (int block_idx = 0; block_idx < blocks; ++block_idx) {
            wait_copies<STAGES - 2>();
            __syncthreads();
            fetch(block_idx + STAGES - 1);
            use(shared + block_idx % STAGES * STAGE_BYTES);
        }
    }
};

template <class F_>
struct MmaProduct {
    using F = F_;
    static constexpr int ROWS = 8, COLUMNS = 8, LANES = 4, WARPS = 4;
    float c[4][4][4];

    __device__ __forceinline__ MmaProduct(char*) {}
    static __device__ __forceinline__ bool fetches() { return false; }
    __device__ __forceinline__ void fetch(const char*, const char*, int) {}
    static __device__ __forceinline__ int row(int i) { return threadIdx.x / 128 * 64 + 8 * i + threadIdx.x % 32 / 4; }
    static __device__ __forceinline__ int column(int j) { return threadIdx.x / 32 % 4 * 32 + j / 2 * 8 + threadIdx.x % 4 * 2 + j % 2; }
    static constexpr bool NEIGHBOURS = true;
    __device__ __forceinline__ float& at(int i, int j) { return c[i / 2][j / 2][i % 2 * 2 + j % 2]; }

    __device__ __forceinline__ void multiply(const char* a, const char* w, int blocks, char* shared) {
        const int lane = threadIdx.x % 32;
#pragma unroll
        for (int i = 0; i < ROWS; ++i)
#pragma unroll
            for (int j = 0; j < COLUMNS; ++j) at(i, j) = 0;
        const uint32_t a_row = (threadIdx.x / 128 * 64 + lane % 16) * ROW_BYTES;
        const uint32_t w_row = TILE_BYTES + (threadIdx.x / 32 % 4 * 32 + lane % 8 + lane / 16 * 8) * ROW_BYTES;
        Stages{a, w, shared_address(shared), blocks}.each([&](uint32_t tile) {
#pragma unroll
            for (int step = 0; step < ROW_CHUNKS / 2; ++step) {
                uint32_t x[4][4], y[2][4];
#pragma unroll
                for (int m = 0; m < 4; ++m) load_matrices(x[m], tile + a_row + m * 16 * ROW_BYTES + ((2 * step + lane / 16) ^ (lane % 8)) * 16);
#pragma unroll
                for (int n = 0; n < 2; ++n) load_matrices(y[n], tile + w_row + n * 16 * ROW_BYTES + ((2 * step + lane / 8 % 2) ^ (lane % 8)) * 16);
#pragma unroll
                for (int m = 0; m < 4; ++m)
#pragma unroll
                    for (int n = 0; n < 4; ++n) F::mma(c[m][n], x[m], y[n / 2][n % 2 * 2], y[n / 2][n % 2 * 2 + 1]);
            }
        });
    }
};

struct FmaProduct {
    using F = Single;
    static constexpr int ROWS = 8, COLUMNS = 8, LANES = 8, WARPS = 2;
    float c[8][8];

    __device__ __forceinline__ FmaProduct(char*) {}
    static __device__ __forceinline__ bool fetches() { return false; }
    __device__ __forceinline__ void fetch(const char*, const char*, int) {}
    // Eight lanes read eight neighbouring rows of W, whose chunks lie in different banks.
    static __device__ __forceinline__ int row(int i) { return threadIdx.x / 64 * 32 + threadIdx.x % 32 / 8 + 4 * i; }
    static __device__ __forceinline__ int column(int j) { return threadIdx.x / 32 % 2 * 64 + threadIdx.x % 8 + 8 * j; }
    static constexpr bool NEIGHBOURS = false;
    __device__ __forceinline__ float& at(int i, int j) { return c[i][j]; }

    __device__ __forceinline__ void multiply(const char* a, const char* w, int blocks, char* shared) {
#pragma unroll
        for (int i = 0; i < ROWS; ++i)
#pragma unroll
            for (int j = 0; j < COLUMNS; ++j) c[i][j] = 0;
        const uint32_t base = shared_address(shared);
        Stages{a, w, base, blocks}.each([&](uint32_t tile) {
            const char *x = shared + (tile - base), *y = x + TILE_BYTES;
#pragma unroll 1
            for (int chunk = 0; chunk < ROW_CHUNKS; ++chunk) {
                const auto read = [&](const char* from, int row) { return *reinterpret_cast<const float4*>(from + row * ROW_BYTES + ((chunk ^ row) % ROW_CHUNKS) * 16); };
                float4 weights[COLUMNS];
#pragma unroll
                for (int j = 0; j < COLUMNS; ++j) weights[j] = read(y, column(j));
#pragma unroll
                for (int i = 0; i < ROWS; ++i) {
                    const float4 v = read(x, row(i));
#pragma unroll
                    for (int j = 0; j < COLUMNS; ++j)
                        c[i][j] = fmaf(v.w, weights[j].w, fmaf(v.z, weights[j].z, fmaf(v.y, weights[j].y, fmaf(v.x, weights[j].x, c[i][j]))));
                }
            }
        });
    }
};

}  // namespace transformer::tiled
