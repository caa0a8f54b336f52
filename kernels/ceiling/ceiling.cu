// ceiling: how fast one unit of a multiprocessor is when nothing else holds it up. What benchmarks call "of the measured ceiling".
//
//   ceiling_exp2   x ← 2^-x             special-function unit       fixed point 0.6411857…
//   ceiling_fma    x ← x/2 + 1          FMA pipe, float32           fixed point 2
//   ceiling_mma    D ← A·B + D          tensor cores, bf16 → f32    D = rounds · 16 · a · b
//
// Each thread (for mma: each warp) carries CHAINS independent chains, enough to cover the latency of one operation, and does
// rounds · UNROLLED · CHAINS operations. The result is written once, so that nothing can be dropped and a test can see that all
// was done. Launched with as many blocks as fit the device at once; no memory traffic to speak of.
// One H200 at 1.98 GHz: see bench/results.
#include <stdint.h>

namespace ceiling {

constexpr int THREADS = 256, CHAINS = 8, UNROLLED = 16;

__device__ __forceinline__ float exp2_of_minus(float x) {
    float y;
    asm volatile("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(-x));
    return y;
}

// One m16n8k16 product of 16-bit operands; all elements of a are a, all of b are b, each a pair of bf16.
__device__ __forceinline__ void mma(float (&d)[4], uint32_t a, uint32_t b) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %4, %4, %4}, {%5, %5}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a), "r"(b));
}

}  // namespace ceiling

// out [threads of the grid] = Σ of the chains.
extern "C" __global__ void __launch_bounds__(256) ceiling_exp2(float* out, int rounds) {
    float x[ceiling::CHAINS];
    for (int chain_idx = 0; chain_idx < ceiling::CHAINS; ++chain_idx) x[chain_idx] = float(chain_idx) / ceiling::CHAINS;
    for (int round_idx = 0; round_idx < rounds; ++round_idx)
#pragma unroll
        for (int step_idx = 0; step_idx < ceiling::UNROLLED; ++step_idx)
#pragma unroll
            for (float& each : x) each = ceiling::exp2_of_minus(each);
    float sum = 0;
    for (const float each : x) sum += each;
    out[blockIdx.x * ceiling::THREADS + threadIdx.x] = sum;
}

extern "C" __global__ void __launch_bounds__(256) ceiling_fma(float* out, int rounds, float half) {
    float x[ceiling::CHAINS];
    for (int chain_idx = 0; chain_idx < ceiling::CHAINS; ++chain_idx) x[chain_idx] = float(chain_idx);
    for (int round_idx = 0; round_idx < rounds; ++round_idx)
#pragma unroll
        for (int step_idx = 0; step_idx < ceiling::UNROLLED; ++step_idx)
#pragma unroll
            for (float& each : x) each = __fmaf_rn(each, half, 1.0f);
    float sum = 0;
    for (const float each : x) sum += each;
    out[blockIdx.x * ceiling::THREADS + threadIdx.x] = sum;
}

// a, b: pairs of equal bf16 numbers. out as above, of the D elements of each thread.
extern "C" __global__ void __launch_bounds__(256) ceiling_mma(float* out, int rounds, uint32_t a, uint32_t b) {
    float d[ceiling::CHAINS][4] = {};
    for (int round_idx = 0; round_idx < rounds; ++round_idx)
#pragma unroll
        for (int step_idx = 0; step_idx < ceiling::UNROLLED; ++step_idx)
#pragma unroll
            for (auto& each : d) ceiling::mma(each, a, b);
    float sum = 0;
    for (const auto& each : d) sum += each[0] + each[1] + each[2] + each[3];
    out[blockIdx.x * ceiling::THREADS + threadIdx.x] = sum;
}
