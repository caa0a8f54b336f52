// noise(seed, tensor, element) ~ N(0,1) on the GPU: the same bits as normal.go, for other kernels to include.
//
// Formula: docs/noise.md. Every float operation is one IEEE single-precision operation rounded to nearest, which the
// _rn intrinsics guarantee: the compiler never fuses or reorders them, whatever its flags.
#pragma once
#include <stdint.h>

namespace noise {

constexpr int BLOCK_LEN = 4;  // elements of one Philox call

// Philox4x32-10 (Salmon et al., SC '11).
__device__ __forceinline__ uint4 philox(uint4 counter, uint2 key) {
#pragma unroll
    for (int round_idx = 0; round_idx < 10; ++round_idx) {
        const uint32_t lo0 = 0xD2511F53u * counter.x, hi0 = __umulhi(0xD2511F53u, counter.x);
        const uint32_t lo1 = 0xCD9E8D57u * counter.z, hi1 = __umulhi(0xCD9E8D57u, counter.z);
        counter = make_uint4(hi1 ^ counter.y ^ key.x, lo1, hi0 ^ counter.w ^ key.y, lo0);
        key.x += 0x9E3779B9u;
        key.y += 0xBB67AE85u;
    }
    return counter;
}

// One Horner step: z·p + c, rounded twice.
__device__ __forceinline__ float horner(float p, float z, float c) { return __fadd_rn(__fmul_rn(z, p), c); }

// ln u = e·ln 2 + 2 artanh((m-1)/(m+1)), u = m·2^e, m in [√½, √2).
__device__ __forceinline__ float logarithm(float u) {
    constexpr uint32_t SQRT_HALF = 0x3f3504f3u, ONE = 0x3f800000u;
    const uint32_t shifted = __float_as_uint(u) + (ONE - SQRT_HALF);
    const float e = __int2float_rn(int(shifted >> 23) - 127);
    const float m = __uint_as_float((shifted & 0x7fffffu) + SQRT_HALF);
    const float s = __fdiv_rn(__fsub_rn(m, 1.0f), __fadd_rn(m, 1.0f));
    const float z = __fmul_rn(s, s);
    float p = horner(float(1.0 / 9), z, float(1.0 / 7));
    p = horner(p, z, float(1.0 / 5));
    p = horner(p, z, float(1.0 / 3));
    p = horner(p, z, 1.0f);
    constexpr float LN2 = 0.693147180559945309417232121458;
    return __fadd_rn(__fmul_rn(e, LN2), __fmul_rn(__fadd_rn(s, s), p));
}

// Two random words → two independent normals (Box and Muller, 1958).
__device__ __forceinline__ float2 box_muller(uint32_t x0, uint32_t x1) {
    const float u = __fmul_rn(__fadd_rn(__int2float_rn(int(x0 >> 1)), 0.5f), 0x1p-31f);
    const float r = __fsqrt_rn(__fmul_rn(-2.0f, logarithm(u)));
    constexpr float QUARTER_PI = 0.785398163397448309615660845820 / 2147483648.0;  // an int32 → [-π/4, π/4)
    const float theta = __fmul_rn(__int2float_rn(int(x1 << 2)), QUARTER_PI);
    const float y = __fmul_rn(theta, theta);
    float sin = horner(float(1.0 / 362880), y, float(-1.0 / 5040));
    sin = horner(sin, y, float(1.0 / 120));
    sin = horner(sin, y, float(-1.0 / 6));
    sin = __fmul_rn(theta, horner(sin, y, 1.0f));
    float cos = horner(float(1.0 / 40320), y, float(-1.0 / 720));
    cos = horner(cos, y, float(1.0 / 24));
    cos = horner(cos, y, -0.5f);
    cos = horner(cos, y, 1.0f);
    // Quarter turns: bit 30 swaps, bit 31 of x1 + 2³⁰ is the cosine's sign, bit 31 of x1 the sine's.
    const bool swapped = x1 & 0x40000000u;
    const uint32_t c = __float_as_uint(swapped ? sin : cos) ^ ((x1 + 0x40000000u) & 0x80000000u);
    const uint32_t s = __float_as_uint(swapped ? cos : sin) ^ (x1 & 0x80000000u);
    return make_float2(__fmul_rn(r, __uint_as_float(c)), __fmul_rn(r, __uint_as_float(s)));
}

// Elements 4·block_idx … 4·block_idx + 3 of a tensor. key: low and high word of the seed.
__device__ __forceinline__ float4 block(uint2 key, uint32_t tensor, uint32_t block_idx) {
    const uint4 x = philox(make_uint4(block_idx, tensor, 0, 0), key);
    const float2 a = box_muller(x.x, x.y), b = box_muller(x.z, x.w);
    return make_float4(a.x, a.y, b.x, b.y);
}

}  // namespace noise
