// The product of the tiled path on sm_90a: wgmma, operands brought by bulk copies, one warp that only fetches.
//
// Two groups of four warps multiply 64 × 128 each. A tile of an operand lies in device memory in the swizzled order that wgmma's
// descriptors name, in one piece: one thread fetches it with one cp.async.bulk, without a tensor map. Barriers count: `full` one
// arrival and the bytes of a stage, `empty` one arrival of each multiplying warp.
// 64 accumulators a thread and 97 KB of shared memory, so that two thread blocks share a multiprocessor: one multiplies while the
// other stores.
#pragma once
#include "tiled_product.cuh"


namespace transformer::tiled {

constexpr int HOPPER_THREADS = PRODUCT_THREADS + 32;
constexpr int HOPPER_SHARED = STAGES * STAGE_BYTES + 1024 + 2 * STAGES * 8;  // with room to align to 1024

#ifdef __CUDA_ARCH_FEAT_SM90_ALL

__device__ __forceinline__ void init_barrier(uint32_t barrier, int arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}
__device__ __forceinline__ void arrive(uint32_t barrier) { asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory"); }
__device__ __forceinline__ void expect_bytes(uint32_t barrier, int bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}
__device__ __forceinline__ void wait_barrier(uint32_t barrier, int parity) {
    uint32_t done;
    do {
        asm volatile("{\n.reg .pred p;\nmbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\nselp.u32 %0, 1, 0, p;\n}" : "=r"(done) : "r"(barrier), "r"(parity) : "memory");
    } while (!done);
}
__device__ __forceinline__ void copy_bulk(uint32_t shared, const void* global, int bytes, uint32_t barrier) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(shared), "l"(global), "r"(bytes), "r"(barrier) : "memory");
}

// Rows of 128 bytes, 128-byte swizzle, groups of eight rows 1024 bytes apart.
__device__ __forceinline__ uint64_t descriptor(uint32_t shared) {
    return uint64_t((shared & 0x3ffff) >> 4) | uint64_t(1) << 16 | uint64_t(1024 >> 4) << 32 | uint64_t(1) << 62;
}

#define TRANSFORMER_C4(N) "+f"(c[N][0]), "+f"(c[N][1]), "+f"(c[N][2]), "+f"(c[N][3])
#define TRANSFORMER_C64                                                                                                             \
    TRANSFORMER_C4(0), TRANSFORMER_C4(1), TRANSFORMER_C4(2), TRANSFORMER_C4(3), TRANSFORMER_C4(4), TRANSFORMER_C4(5),               \
        TRANSFORMER_C4(6), TRANSFORMER_C4(7), TRANSFORMER_C4(8), TRANSFORMER_C4(9), TRANSFORMER_C4(10), TRANSFORMER_C4(11),         \
        TRANSFORMER_C4(12), TRANSFORMER_C4(13), TRANSFORMER_C4(14), TRANSFORMER_C4(15)
#define TRANSFORMER_WGMMA(SHAPE_AND_TYPES, LAST)                                                                                    \
    asm volatile(                                                                                                                   \
        "{\n.reg .pred p;\nsetp.ne.b32 p, %66, 0;\nwgmma.mma_async.sync.aligned." SHAPE_AND_TYPES                                   \
        " {%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31,"  \
        "%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,"  \
        "%62,%63}, %64, %65, p, 1, 1" LAST ";\n}"                                                                                   \
        : TRANSFORMER_C64                                                                                                           \
        : "l"(a), "l"(w), "r"(accumulate))

// c (64 × 128) = A (64 × 32 bytes) · Wᵀ (32 bytes × 128), added to c if `accumulate`.
template <class F>
struct Wgmma;
template <>
struct Wgmma<Sixteen<Fp16>> {
    static __device__ __forceinline__ void run(float (&c)[16][4], uint64_t a, uint64_t w, int accumulate) { TRANSFORMER_WGMMA("m64n128k16.f32.f16.f16", ", 0, 0"); }
};
template <>
struct Wgmma<Sixteen<Bf16>> {
    static __device__ __forceinline__ void run(float (&c)[16][4], uint64_t a, uint64_t w, int accumulate) { TRANSFORMER_WGMMA("m64n128k16.f32.bf16.bf16", ", 0, 0"); }
};
template <>
struct Wgmma<Tf32> {
    static __device__ __forceinline__ void run(float (&c)[16][4], uint64_t a, uint64_t w, int accumulate) { TRANSFORMER_WGMMA("m64n128k8.f32.tf32.tf32", ""); }
};

template <class F_>
struct WgmmaProduct {
    using F = F_;
    static constexpr int ROWS = 2, COLUMNS = 32, LANES = 4, WARPS = 1;
    float c[16][4];
    uint32_t stages, full, empty;  // shared addresses
    int used = 0;                  // tiles so far, on both sides of the barriers

    static __device__ __forceinline__ int row(int i) { return threadIdx.x / 32 * 16 + 8 * i + threadIdx.x % 32 / 4; }
    static __device__ __forceinline__ int column(int j) { return j / 2 * 8 + threadIdx.x % 4 * 2 + j % 2; }
    static constexpr bool NEIGHBOURS = true;
    __device__ __forceinline__ float& at(int i, int j) { return c[j / 2][i * 2 + j % 2]; }
    static __device__ __forceinline__ bool fetches() { return threadIdx.x >= PRODUCT_THREADS; }

    __device__ __forceinline__ WgmmaProduct(char* shared) {
        stages = (shared_address(shared) + 1023) / 1024 * 1024;
        full = stages + STAGES * STAGE_BYTES, empty = full + STAGES * 8;
        if (threadIdx.x == 0) {
            for (int stage = 0; stage < STAGES; ++stage) init_barrier(full + 8 * stage, 1), init_barrier(empty + 8 * stage, PRODUCT_THREADS / 32);
            asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
            asm volatile("fence.proxy.async;" ::: "memory");
        }
        __syncthreads();
    }

    __device__ __forceinline__ void fetch(const char* a, const char* w, int blocks) {
        if (threadIdx.x != PRODUCT_THREADS) return;
        for (int block_idx = 0; block_idx < blocks; ++block_idx, ++used) {
            const int stage = used % STAGES;
            const uint32_t to = stages + stage * STAGE_BYTES, barrier = full + 8 * stage;
            wait_barrier(empty + 8 * stage, used / STAGES % 2 ^ 1);  // the first round finds all stages empty
            expect_bytes(barrier, STAGE_BYTES);
            copy_bulk(to, a + int64_t(block_idx) * TILE_BYTES, TILE_BYTES, barrier);
            copy_bulk(to + TILE_BYTES, w + int64_t(block_idx) * TILE_BYTES, TILE_BYTES, barrier);
        }
    }

    __device__ __forceinline__ void multiply(const char*, const char*, int blocks, char*) {
        const bool speaks = threadIdx.x % 32 == 0;
        for (int block_idx = 0; block_idx < blocks; ++block_idx, ++used) {
            const int stage = used % STAGES;
            wait_barrier(full + 8 * stage, used / STAGES % 2);
            const uint32_t tile = stages + stage * STAGE_BYTES;
            const uint64_t a = descriptor(tile + threadIdx.x / 128 * (TILE_BYTES / 2)), w = descriptor(tile + TILE_BYTES);
            hold();
            asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
            for (int step = 0; step < ROW_CHUNKS / 2; ++step) Wgmma<F>::run(c, a + 2 * step, w + 2 * step, block_idx + step > 0);
            asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
            if (block_idx > 0) {
                asm volatile("wgmma.wait_group.sync.aligned 1;" ::: "memory");
                if (speaks) arrive(empty + 8 * ((used - 1) % STAGES));
            }
        }
        asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
        hold();
        if (speaks) arrive(empty + 8 * ((used - 1) % STAGES));
    }

    // Keeps the compiler from moving accumulators across.
    __device__ __forceinline__ void hold() {
#pragma unroll
        for (int n = 0; n < 16; ++n) asm volatile("" : TRANSFORMER_C4(n)::"memory");
    }
};

#undef TRANSFORMER_WGMMA
#undef TRANSFORMER_C64
#undef TRANSFORMER_C4

#endif

}  // namespace transformer::tiled
