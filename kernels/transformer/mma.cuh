// Tensor-core, packing and exponential primitives of the fused transformer kernels.
//
// An mma tile is 16 rows × 8 columns. Lane = 4·g + q (g = 0..7, q = 0..3) holds
//   accumulator  c[0], c[1] = (row g,   columns 2q, 2q+1)      c[2], c[3] = (row g+8, columns 2q, 2q+1)
//   A (16 × k8)  a[0] = (row g, k 2q, 2q+1)   a[1] = (row g+8, k 2q, 2q+1)   two 16-bit numbers a register
//   A (16 × k16) a[2], a[3] = the same with k + 8
//   B (k8 × 8)   b[0] = (k 2q, 2q+1, column g)      B (k16 × 8): b[1] = the same with k + 8
// So a packed accumulator tile is at once an A operand (rows = tokens) and, read as its transpose, a B operand
// (columns = tokens): the kernels chain layers without moving a value between lanes.
#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>

namespace transformer {

// Fp16 and Bf16 name the operand format of a precision mode; accumulation is float32 in both.
struct Fp16 {
    static constexpr bool IS_FP16 = true;
    static __device__ __forceinline__ uint32_t pack(float low, float high) {
        uint32_t packed;
        asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
        return packed;
    }
    static __device__ __forceinline__ uint32_t pack_relu(float low, float high) {
        uint32_t packed;
        asm("cvt.rn.relu.f16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
        return packed;
    }
    static __device__ __forceinline__ float2 unpack(uint32_t packed) {
        return __half22float2(*reinterpret_cast<__half2*>(&packed));
    }
    static __device__ __forceinline__ uint16_t convert(float value) { return __half_as_ushort(__float2half_rn(value)); }
    static __device__ __forceinline__ float widen(uint16_t bits) { return __half2float(__ushort_as_half(bits)); }
};

struct Bf16 {
    static constexpr bool IS_FP16 = false;
    static __device__ __forceinline__ uint32_t pack(float low, float high) {
        uint32_t packed;
        asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
        return packed;
    }
    static __device__ __forceinline__ uint32_t pack_relu(float low, float high) {
        uint32_t packed;
        asm("cvt.rn.relu.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
        return packed;
    }
    static __device__ __forceinline__ float2 unpack(uint32_t packed) {  // a bf16 is the upper half of a float
        return make_float2(__uint_as_float(packed << 16), __uint_as_float(packed & 0xffff0000u));
    }
    static __device__ __forceinline__ uint16_t convert(float value) { return __bfloat16_as_ushort(__float2bfloat16_rn(value)); }
    static __device__ __forceinline__ float widen(uint16_t bits) { return __uint_as_float(uint32_t(bits) << 16); }
};

// The accumulator may start from a constant: four zeros cost no register and no instruction.
#define TRANSFORMER_MMA_K16(FORMAT)                                                                  \
    asm("mma.sync.aligned.m16n8k16.row.col.f32." FORMAT "." FORMAT                                   \
        ".f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"                             \
        : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])                                             \
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1), "f"(c0), "f"(c1), "f"(c2), "f"(c3))

#define TRANSFORMER_MMA_K8(FORMAT)                                                                   \
    asm("mma.sync.aligned.m16n8k8.row.col.f32." FORMAT "." FORMAT                                    \
        ".f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%7,%8,%9,%10};"                                         \
        : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])                                             \
        : "r"(a0), "r"(a1), "r"(b0), "f"(c0), "f"(c1), "f"(c2), "f"(c3))

// d (16×8) = A (16×16) · B (16×8) + c
template <class T>
__device__ __forceinline__ void mma_k16_from(float (&d)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1, float c0, float c1, float c2, float c3) {
    if constexpr (T::IS_FP16)
        TRANSFORMER_MMA_K16("f16");
    else
        TRANSFORMER_MMA_K16("bf16");
}

// d (16×8) = A (16×8) · B (8×8) + c
template <class T>
__device__ __forceinline__ void mma_k8_from(float (&d)[4], uint32_t a0, uint32_t a1, uint32_t b0, float c0, float c1, float c2, float c3) {
    if constexpr (T::IS_FP16)
        TRANSFORMER_MMA_K8("f16");
    else
        TRANSFORMER_MMA_K8("bf16");
}

template <class T>
__device__ __forceinline__ void mma_k16(float (&c)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1) {
    mma_k16_from<T>(c, a0, a1, a2, a3, b0, b1, c[0], c[1], c[2], c[3]);
}

template <class T>
__device__ __forceinline__ void mma_k8(float (&c)[4], uint32_t a0, uint32_t a1, uint32_t b0) {
    mma_k8_from<T>(c, a0, a1, b0, c[0], c[1], c[2], c[3]);
}

// 2^x on the special-function unit: 16 lanes a clock and multiprocessor, the scarce resource of these kernels.
__device__ __forceinline__ float exp2_special(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

__device__ __forceinline__ float reciprocal(float x) {
    float y;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

__device__ __forceinline__ float reciprocal_sqrt(float x) {
    float y;
    asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// 2^x on the FMA pipe, |x| ≤ 120: x = n + f with n the nearest integer, 2^f by a minimax polynomial, n added to the exponent.
// Relative error of the cubic: 7.5e-5, of the quadratic: 1.7e-3 (both equi-oscillating: their means are 5e-6 and 6e-5).
template <int DEGREE>
__device__ __forceinline__ float exp2_polynomial(float x) {
    static_assert(DEGREE == 2 || DEGREE == 3, "coefficients are given for a quadratic and a cubic");
    const float MAGIC = 12582912.0f;  // 1.5·2^23: adding it rounds to an integer in the low mantissa bits
    const float shifted = __fadd_rn(x, MAGIC);
    const float f = __fsub_rn(x, __fsub_rn(shifted, MAGIC));
    float p;
    if (DEGREE == 3) {
        p = __fmaf_rn(0.0551716691f, f, 0.242611122f);
        p = __fmaf_rn(p, f, 0.693260985f);
        p = __fmaf_rn(p, f, 0.999928074f);
    } else {
        p = __fmaf_rn(0.238428936f, f, 0.703448006f);
        p = __fmaf_rn(p, f, 1.00044314f);
    }
    return __int_as_float(__float_as_int(p) + (__float_as_int(shifted) << 23));
}

// N registers of a lane's fragment, stored in chunks of min(N, 4) registers a lane: 128-bit loads without bank conflicts.
template <int N>
__device__ __forceinline__ void load_fragment(uint32_t (&r)[N], const char* base, int lane) {
    static_assert(N == 1 || N == 2 || N % 4 == 0, "fragments have 1, 2 or a multiple of 4 registers");
    if constexpr (N == 1) {
        r[0] = reinterpret_cast<const uint32_t*>(base)[lane];
    } else if constexpr (N == 2) {
        const uint2 v = reinterpret_cast<const uint2*>(base)[lane];
        r[0] = v.x, r[1] = v.y;
    } else {
#pragma unroll
        for (int chunk = 0; chunk < N / 4; ++chunk) {
            const uint4 v = reinterpret_cast<const uint4*>(base)[chunk * 32 + lane];
            r[4 * chunk] = v.x, r[4 * chunk + 1] = v.y, r[4 * chunk + 2] = v.z, r[4 * chunk + 3] = v.w;
        }
    }
}

template <int N>
__device__ __forceinline__ void store_fragment(const uint32_t (&r)[N], char* base, int lane) {
    if constexpr (N == 1) {
        reinterpret_cast<uint32_t*>(base)[lane] = r[0];
    } else if constexpr (N == 2) {
        reinterpret_cast<uint2*>(base)[lane] = make_uint2(r[0], r[1]);
    } else {
#pragma unroll
        for (int chunk = 0; chunk < N / 4; ++chunk)
            reinterpret_cast<uint4*>(base)[chunk * 32 + lane] = make_uint4(r[4 * chunk], r[4 * chunk + 1], r[4 * chunk + 2], r[4 * chunk + 3]);
    }
}

// The byte of a fragment of N registers where register `reg` of `lane` is stored (the order of load_fragment).
template <int N>
__device__ __forceinline__ int fragment_byte(int reg, int lane) {
    constexpr int CHUNK = N < 4 ? N : 4;
    return (reg / CHUNK) * 128 * CHUNK + lane * 4 * CHUNK + (reg % CHUNK) * 4;
}

}  // namespace transformer
