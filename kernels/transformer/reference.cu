// reference: the transformer and its loss in float32, written from the formulas, for any size. The anchor of every faster path.
//
//   x₀ = rotary(E[id])     y = LN1(x + W_o·softmax(q·k/√d)·v + b_o)     x' = LN2(y + W_down·relu(W_up·y + b_up) + b_down)
//   nll_t = ln Σ_v exp(E_v·x_t + b_v) − (E_target·x_t + b_target)
//
// Grid (G, P), 256 threads: block (i, individual) takes stories i, i + G, … one after the other, its activations in a scratch
// area of device memory. Within one story every loop runs over (token, output) pairs: a thread a pair, or a warp a token.
// No tensor cores, no approximate functions. Within 2e-5 nats of float64 per story (seen: 3e-6); some hundred times slower than
// blocks + loss.
#include "layout.cuh"

namespace transformer {

constexpr int REFERENCE_THREADS = 256;

// Floats of scratch that one block needs for stories of up to T scored tokens.
__host__ __device__ inline int64_t reference_scratch(const Network& net, int64_t T) {
    return T * (net.hidden + 4 * net.heads * net.head_dim + net.ffn);
}

__device__ __forceinline__ float warp_sum(float value) {
    for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(~0u, value, distance);
    return value;
}
__device__ __forceinline__ float warp_largest(float value) {
    for (int distance = 16; distance > 0; distance /= 2) value = fmaxf(value, __shfl_xor_sync(~0u, value, distance));
    return value;
}

// out [T, N] = act(in [T, K] · w [N, K]ᵀ + b), added to `out` if `accumulate`.
__device__ void linear(float* out, const float* in, const float* w, const float* b, int T, int N, int K, bool relu, bool accumulate) {
    for (int64_t idx = threadIdx.x; idx < int64_t(T) * N; idx += REFERENCE_THREADS) {
        const int64_t t = idx / N, n = idx % N;
        float sum = b[n];
        for (int k = 0; k < K; ++k) sum = fmaf(in[t * K + k], w[n * K + k], sum);
        if (relu && sum < 0) sum = 0;  // NaN stays
        out[idx] = accumulate ? out[idx] + sum : sum;
    }
    __syncthreads();
}

// x [T, H] ← (x − mean)/max(std, 1e-7)·scale + bias, a warp a token.
__device__ void normalise(float* x, const float* scale, const float* bias, int T, int H) {
    const int lane = threadIdx.x % 32;
    for (int64_t t = threadIdx.x / 32; t < T; t += REFERENCE_THREADS / 32) {
        float sum = 0, squares = 0;
        for (int n = lane; n < H; n += 32) sum += x[t * H + n];
        const float mean = warp_sum(sum) / H;
        for (int n = lane; n < H; n += 32) squares += (x[t * H + n] - mean) * (x[t * H + n] - mean);
        const float std = fmaxf(sqrtf(warp_sum(squares) / H), 1e-7f);
        for (int n = lane; n < H; n += 32) x[t * H + n] = (x[t * H + n] - mean) / std * scale[n] + bias[n];
    }
    __syncthreads();
}

// out [T, D] = causal softmax(q·k/√d)·v, a warp a (token, head); q, k, v [T, D].
__device__ void attention(float* out, const float* q, const float* k, const float* v, const Network& net, int T) {
    const int lane = threadIdx.x % 32, D = net.heads * net.head_dim;
    const float scale = 1.0f / sqrtf(float(net.head_dim));
    for (int64_t idx = threadIdx.x / 32; idx < int64_t(T) * net.heads; idx += REFERENCE_THREADS / 32) {
        const int64_t t = idx / net.heads, head = idx % net.heads * net.head_dim;
        const auto score = [&](int64_t u) {
            float sum = 0;
            for (int dim = 0; dim < net.head_dim; ++dim) sum = fmaf(q[t * D + head + dim], k[u * D + head + dim], sum);
            return sum * scale;
        };
        float largest = -INFINITY, weights = 0;
        for (int64_t u = lane; u <= t; u += 32) largest = fmaxf(largest, score(u));
        largest = warp_largest(largest);
        for (int64_t u = lane; u <= t; u += 32) weights += expf(score(u) - largest);
        weights = warp_sum(weights);
        for (int dim = 0; dim < net.head_dim; ++dim) {
            float sum = 0;
            for (int64_t u = lane; u <= t; u += 32) sum = fmaf(expf(score(u) - largest), v[u * D + head + dim], sum);
            sum = warp_sum(sum);
            if (lane == 0) out[t * D + head + dim] = sum / weights;
        }
    }
    __syncthreads();
}

// nll [T] of one story, a warp eight tokens: each embedding row that a lane reads serves all of them.
constexpr int TOKENS_EACH = 8;
__device__ void story_losses(float* nll, const float* x, const float* embedding, const float* bias, const uint32_t* tokens, const Network& net, int T) {
    const int lane = threadIdx.x % 32, H = net.hidden;
    for (int64_t first = threadIdx.x / 32 * TOKENS_EACH; first < T; first += REFERENCE_THREADS / 32 * TOKENS_EACH) {
        const float* state[TOKENS_EACH];  // past the end: the last token again
        float largest[TOKENS_EACH], sum[TOKENS_EACH];  // of this lane's rows so far
#pragma unroll
        for (int k = 0; k < TOKENS_EACH; ++k) state[k] = x + min(first + k, int64_t(T - 1)) * H, largest[k] = LOWEST, sum[k] = 0;
        for (int64_t vocab_idx = lane; vocab_idx < net.vocab; vocab_idx += 32) {
            float logit[TOKENS_EACH];
#pragma unroll
            for (int k = 0; k < TOKENS_EACH; ++k) logit[k] = bias[vocab_idx];
            for (int n = 0; n < H; ++n) {
                const float e = embedding[vocab_idx * H + n];
#pragma unroll
                for (int k = 0; k < TOKENS_EACH; ++k) logit[k] = fmaf(state[k][n], e, logit[k]);
            }
#pragma unroll
            for (int k = 0; k < TOKENS_EACH; ++k) {
                const float now = fmaxf(largest[k], logit[k]);
                sum[k] = sum[k] * expf(largest[k] - now) + expf(logit[k] - now);
                largest[k] = now;
            }
        }
#pragma unroll
        for (int k = 0; k < TOKENS_EACH; ++k) {
            if (first + k >= T) break;
            const float top = warp_largest(largest[k]);
            const float total = warp_sum(sum[k] * expf(largest[k] - top));
            const int64_t target = tokens[first + k] >> 16;
            float logit = bias[target];
            for (int n = 0; n < H; ++n) logit = fmaf(state[k][n], embedding[target * H + n], logit);
            if (lane == 0) nll[first + k] = logf(total) + top - logit;
        }
    }
    __syncthreads();
}

// phenotypes [P, phenotype_stride], tokens [slots] input | target << 16, stories [S] (first slot, targets), positions [T, position_row],
// scratch [G·P, scratch_stride] floats, nll [P, slots] out.
__device__ void reference(const Network& net, const float* phenotypes, int64_t phenotype_stride, const int* offsets, const uint32_t* slot_tokens, const float* positions, const int2* stories, int story_count, int slots, float* scratch, int64_t scratch_stride, float* nll) {
    const float* phenotype = phenotypes + blockIdx.y * phenotype_stride;
    scratch += (int64_t(blockIdx.y) * gridDim.x + blockIdx.x) * scratch_stride;
    const int H = net.hidden, D = net.heads * net.head_dim;
    for (int story_idx = blockIdx.x; story_idx < story_count; story_idx += gridDim.x) {
        const int64_t T = stories[story_idx].y;
        const uint32_t* tokens = slot_tokens + stories[story_idx].x;
        float *x = scratch, *q = x + T * H, *k = q + T * D, *v = k + T * D, *heads = v + T * D, *up = heads + T * D;
        for (int64_t idx = threadIdx.x; idx < T * H; idx += REFERENCE_THREADS) {
            const int64_t t = idx / H, n = idx % H;
            const float* e = phenotype + offsets[EMBED] + int64_t(tokens[t] & 0xffffu) * H;
            const float* row = positions + t * net.position_row();
            float value = e[n];
            if (n < net.rotary_dims) value = n % 2 == 0 ? e[n] * row[n] - e[n + 1] * row[n + 1] : e[n] * row[n - 1] + e[n - 1] * row[n];
            x[idx] = net.additive ? value + row[n] : value;
        }
        __syncthreads();
        for (int block_idx = 0; block_idx < net.blocks; ++block_idx) {
            const int* table = offsets + FIRST_BLOCK + block_idx * BLOCK_TENSORS;
            const auto tensor = [&](int which) { return phenotype + table[which]; };
            linear(q, x, tensor(Q_W), tensor(Q_B), T, D, H, false, false);
            linear(k, x, tensor(K_W), tensor(K_B), T, D, H, false, false);
            linear(v, x, tensor(V_W), tensor(V_B), T, D, H, false, false);
            attention(heads, q, k, v, net, T);
            linear(x, heads, tensor(O_W), tensor(O_B), T, H, D, false, true);
            normalise(x, tensor(NORM1_W), tensor(NORM1_B), T, H);
            linear(up, x, tensor(UP_W), tensor(UP_B), T, net.ffn, H, true, false);
            linear(x, up, tensor(DOWN_W), tensor(DOWN_B), T, H, net.ffn, false, true);
            normalise(x, tensor(NORM2_W), tensor(NORM2_B), T, H);
        }
        story_losses(nll + int64_t(blockIdx.y) * slots + stories[story_idx].x, x, phenotype + offsets[EMBED], phenotype + offsets[DECODER_BIAS], tokens, net, T);
    }
}

}  // namespace transformer

extern "C" __global__ void __launch_bounds__(256) transformer_reference(transformer::Network net, const float* phenotypes, int64_t phenotype_stride, const int* offsets, const uint32_t* slot_tokens, const float* positions, const int2* stories, int story_count, int slots, float* scratch, int64_t scratch_stride, float* nll) {
    transformer::reference(net, phenotypes, phenotype_stride, offsets, slot_tokens, positions, stories, story_count, slots, scratch, scratch_stride, nll);
}
