// reduce: token losses → story losses → one mean an individual, in an order that depends on nothing but the story.
//
//   story_loss_s = (Σ_t nll_t) / T_s        loss = (Σ_s story_loss_s) / S
//
// Grid (P), 256 threads. A warp takes a story: lane l adds tokens l, l + 32, … and a shuffle tree adds the lanes. Then thread i
// adds stories i, i + 256, … in float64 and a shared-memory tree adds the threads. Reads 4 bytes a token: ~0.2 ms at paper size.
#include <stdint.h>

namespace transformer {

constexpr int REDUCE_THREADS = 256;

// nll [P, slots], stories [S] = (first slot, targets), story_loss [P, S] out, loss [P] out (nats).
__device__ __forceinline__ void reduce(const float* nll, int slots, const int2* stories, int story_count, float* story_loss, double* loss) {
    __shared__ double partial[REDUCE_THREADS];
    nll += int64_t(blockIdx.x) * slots;
    story_loss += int64_t(blockIdx.x) * story_count;
    const int lane = threadIdx.x % 32;
    for (int story_idx = threadIdx.x / 32; story_idx < story_count; story_idx += REDUCE_THREADS / 32) {
        const int2 story = stories[story_idx];
        float sum = 0;
        for (int token_idx = lane; token_idx < story.y; token_idx += 32) sum += nll[story.x + token_idx];
        for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_xor_sync(~0u, sum, distance);
        if (lane == 0) story_loss[story_idx] = sum / story.y;
    }
    __syncthreads();
    double sum = 0;
    for (int story_idx = threadIdx.x; story_idx < story_count; story_idx += REDUCE_THREADS) sum += story_loss[story_idx];
    partial[threadIdx.x] = sum;
    for (int width = REDUCE_THREADS / 2; width > 0; width /= 2) {
        __syncthreads();
        if (threadIdx.x < width) partial[threadIdx.x] += partial[threadIdx.x + width];
    }
    if (threadIdx.x == 0) loss[blockIdx.x] = partial[0] / story_count;
}

}  // namespace transformer

extern "C" __global__ void __launch_bounds__(256) transformer_reduce(const float* nll, int slots, const int2* stories, int story_count, float* story_loss, double* loss) {
    transformer::reduce(nll, slots, stories, story_count, story_loss, loss);
}
