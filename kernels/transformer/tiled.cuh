// What the tiled kernels share: number formats, and the one layout that every operand has in device memory.
//
// A matrix [rows, columns] is cut into tiles of 128 rows × 128 bytes (64 columns of 16 bits, 32 of 32 bits), each tile 16 KB in one
// piece, the tiles of 128 rows one after the other. Within a row of a tile the eight chunks of 16 bytes stand in the order
// chunk ^ (row mod 8), as `ldmatrix` and `wgmma` (128-byte swizzle) read them without bank conflicts: a tile goes to shared memory
// by a plain copy. Columns and weight rows beyond the true sizes hold zeros, so no loop over k has an edge.
//
// Dimensions: P population, T slots of tokens, H hidden, D attention (heads × padded head size), F feed-forward, V vocabulary.
#pragma once
#include "layout.cuh"
#include "mma.cuh"

namespace transformer::tiled {

constexpr int SIDE = 128;                 // rows and columns of an output tile, rows of an operand tile
constexpr int ROW_BYTES = 128;            // of an operand tile
constexpr int TILE_BYTES = SIDE * ROW_BYTES;
constexpr int ROW_CHUNKS = ROW_BYTES / 16;
constexpr int OCTET = 8;                  // columns that one lane handles outside of products

// Where a chunk of a matrix with `blocks` tiles side by side lies.
__device__ __forceinline__ int64_t chunk_byte(int64_t row, int chunk, int blocks) {
    return ((row / SIDE) * blocks + chunk / ROW_CHUNKS) * TILE_BYTES + (row % SIDE) * ROW_BYTES + ((chunk ^ int(row)) % ROW_CHUNKS) * 16;
}

// A format says how eight numbers are stored, and which mma multiplies 16 × 32 bytes by 32 bytes × 8.
template <class T>
struct Sixteen {
    static constexpr int BYTES = 2, CHUNK = 8, CHUNKS_AN_OCTET = 1;
    static constexpr bool EXACT = false;
    static __device__ __forceinline__ void pack(uint4 (&chunks)[1], const float (&v)[OCTET]) {
        chunks[0] = make_uint4(T::pack(v[0], v[1]), T::pack(v[2], v[3]), T::pack(v[4], v[5]), T::pack(v[6], v[7]));
    }
    static __device__ __forceinline__ float2 unpack_pair(const char* at) { return T::unpack(*reinterpret_cast<const uint32_t*>(at)); }
    static __device__ __forceinline__ void store_pair(char* at, float low, float high) { *reinterpret_cast<uint32_t*>(at) = T::pack(low, high); }
    static __device__ __forceinline__ void mma(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
        mma_k16<T>(c, a[0], a[1], a[2], a[3], b0, b1);
    }
};

struct Single {  // float32 as it is
    static constexpr int BYTES = 4, CHUNK = 4, CHUNKS_AN_OCTET = 2;
    static constexpr bool EXACT = true;
    static __device__ __forceinline__ float round(float value) { return value; }
    static __device__ __forceinline__ void pack(uint4 (&chunks)[2], const float (&v)[OCTET]) {
#pragma unroll
        for (int i = 0; i < 2; ++i)
            chunks[i] = make_uint4(__float_as_uint(v[4 * i]), __float_as_uint(v[4 * i + 1]), __float_as_uint(v[4 * i + 2]), __float_as_uint(v[4 * i + 3]));
    }
    static __device__ __forceinline__ float2 unpack_pair(const char* at) { return *reinterpret_cast<const float2*>(at); }
    static __device__ __forceinline__ void store_pair(char* at, float low, float high) { *reinterpret_cast<float2*>(at) = make_float2(low, high); }
};

struct Tf32 {  // float32 rounded to 11 significant bits where it is stored
    static constexpr int BYTES = 4, CHUNK = 4, CHUNKS_AN_OCTET = 2;
    static constexpr bool EXACT = false;
    static __device__ __forceinline__ float round(float value) {
        uint32_t rounded;
        asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(value));
        return __uint_as_float(rounded);
    }
    static __device__ __forceinline__ void pack(uint4 (&chunks)[2], const float (&v)[OCTET]) {
        float r[OCTET];
#pragma unroll
        for (int i = 0; i < OCTET; ++i) r[i] = round(v[i]);
        Single::pack(chunks, r);
    }
    static __device__ __forceinline__ float2 unpack_pair(const char* at) { return *reinterpret_cast<const float2*>(at); }
    static __device__ __forceinline__ void store_pair(char* at, float low, float high) { *reinterpret_cast<float2*>(at) = make_float2(round(low), round(high)); }
    static __device__ __forceinline__ void mma(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
        asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
            : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
    }
};

// Writes eight columns of a row, from column 8·octet on.
template <class F>
__device__ __forceinline__ void store_octet(char* matrix, int64_t row, int octet, int blocks, const float (&v)[OCTET]) {
    uint4 chunks[F::CHUNKS_AN_OCTET];
    F::pack(chunks, v);
#pragma unroll
    for (int i = 0; i < F::CHUNKS_AN_OCTET; ++i)
        *reinterpret_cast<uint4*>(matrix + chunk_byte(row, octet * F::CHUNKS_AN_OCTET + i, blocks)) = chunks[i];
}

// Byte of column `column` of a row.
template <class F>
__device__ __forceinline__ int64_t element_byte(int64_t row, int column, int blocks) {
    return chunk_byte(row, column / F::CHUNK, blocks) + column % F::CHUNK * F::BYTES;
}

// 2^x: correctly rounded to a unit or two in float32, on the special-function unit elsewhere.
template <class F>
__device__ __forceinline__ float power_of_two(float x) {
    if constexpr (F::EXACT) return exp2f(x);
    return exp2_special(x);
}

// max(value, floor), but NaN stays NaN: a network whose numbers left the operands' range must not pass for one whose did not.
__device__ __forceinline__ float at_least(float value, float floor) {
    float y;
    asm("max.NaN.f32 %0, %1, %2;" : "=f"(y) : "f"(value), "f"(floor));
    return y;
}

__device__ __forceinline__ uint32_t shared_address(const void* shared) { return static_cast<uint32_t>(__cvta_generic_to_shared(shared)); }

// 16 bytes to shared memory; zeros if not `exists`, and then the source is not read.
__device__ __forceinline__ void copy16(uint32_t shared, const void* global, bool exists = true) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared), "l"(global), "r"(exists ? 16 : 0) : "memory");
}
__device__ __forceinline__ void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int LEFT>
__device__ __forceinline__ void wait_copies() {
    asm volatile("cp.async.wait_group %0;" ::"n"(LEFT) : "memory");
}

// Four 8 × 16-byte matrices; lane l gives the address of row l % 8 of matrix l / 8.
__device__ __forceinline__ void load_matrices(uint32_t (&r)[4], uint32_t address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(address) : "memory");
}
__device__ __forceinline__ void load_transposed(uint32_t (&r)[4], uint32_t address) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(address) : "memory");
}

}  // namespace transformer::tiled
