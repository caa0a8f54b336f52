// noise_fill: dst[i] = noise(seed, tensor, first + i), i < n.
//
// One thread per block of four elements, so that a Philox call serves all its lanes. Blocks that lie wholly inside and
// whose address is a multiple of 16 bytes are stored at once; the first and last may be cut off.
#include "kernels/noise/noise.cuh"

extern "C" __global__ void __launch_bounds__(256)
noise_fill(float* dst, int64_t n, uint2 key, uint32_t tensor, int64_t first) {
    const int64_t thread_idx = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    const int64_t block_idx = first / noise::BLOCK_LEN + thread_idx;
    const int64_t at = block_idx * noise::BLOCK_LEN - first;  // of the block's first element in dst, may be negative
    if (at >= n) return;
    const float4 z = noise::block(key, tensor, uint32_t(block_idx));
    if (at >= 0 && at + noise::BLOCK_LEN <= n && reinterpret_cast<uintptr_t>(dst + at) % sizeof(float4) == 0) {
        *reinterpret_cast<float4*>(dst + at) = z;
        return;
    }
    const float lanes[noise::BLOCK_LEN] = {z.x, z.y, z.z, z.w};
#pragma unroll
    for (int lane_idx = 0; lane_idx < noise::BLOCK_LEN; ++lane_idx)
        if (at + lane_idx >= 0 && at + lane_idx < n) dst[at + lane_idx] = lanes[lane_idx];
}
