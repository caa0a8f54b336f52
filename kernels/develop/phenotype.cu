// develop_phenotype: genotypes [P, G] → phenotypes [P, F], the bits of phenotype.go.
//
//   W[m][n] = Σ_k A[m][k]·B[k][n]    terms in the order of k, every product and sum rounded
//   plain: W;  embedding: Wᵀ;  convolution: W/2 as [out][in][row][column];  hybrid: + D;  dense: a copy
//
// Grid (P · tiles): a thread block makes 64 × 64 elements of one product of one individual (or copies 4096 elements of
// a dense tensor). A and B go through shared memory 16 ranks at a time; a thread holds 4 × 4 sums. Neighbouring
// threads have neighbouring columns where the tensor is written along columns (plain), otherwise neighbouring rows.
#include "kernels/develop/develop.cuh"

namespace develop {

constexpr int PHENOTYPE_THREADS = 256;
constexpr int SIDE = 64;    // of an output tile
constexpr int DEPTH = 16;   // ranks in shared memory at a time
constexpr int PER_THREAD = SIDE / 16;

struct Factors {
    float a[DEPTH][SIDE + 1];  // A transposed; one column more, so that threads with neighbouring ranks hit other banks
    float b[DEPTH][SIDE + 1];
};

// Loads ranks rank0 … of the tile's rows of A and columns of B. What lies outside stays as it is: no sum that is
// written uses it.
__device__ __forceinline__ void load_factors(Factors& f, const float* genotype, const Tensor& t, int row0, int col0, int rank0) {
    for (int i = threadIdx.x; i < SIDE * DEPTH; i += PHENOTYPE_THREADS) {
        const int a_row = i / DEPTH, a_rank = i % DEPTH;
        if (row0 + a_row < t.rows && rank0 + a_rank < t.rank)
            f.a[a_rank][a_row] = genotype[t.a + int64_t(row0 + a_row) * t.rank + rank0 + a_rank];
        const int b_rank = i / SIDE, b_col = i % SIDE;
        if (col0 + b_col < t.cols && rank0 + b_rank < t.rank)
            f.b[b_rank][b_col] = genotype[t.b + int64_t(rank0 + b_rank) * t.cols + col0 + b_col];
    }
}

// Where element (row, col) of A·B stands in the tensor.
__device__ __forceinline__ int64_t position(const Tensor& t, int row, int col) {
    if (t.orientation == PLAIN) return int64_t(row) * t.cols + col;
    if (t.orientation == TRANSPOSED) return int64_t(col) * t.rows + row;
    const int r = row % t.kernel_rows, c = row / t.kernel_rows % t.kernel_cols, in = row / t.kernel_rows / t.kernel_cols;
    return ((int64_t(col) * t.channels_in + in) * t.kernel_rows + r) * t.kernel_cols + c;
}

__device__ __forceinline__ void store(float* phenotype, const float* genotype, const Tensor& t, int row, int col, float sum) {
    if (row >= t.rows || col >= t.cols) return;
    const int64_t at = position(t, row, col);
    if (t.orientation == CONVOLUTION) sum = __fmul_rn(sum, 0.5f);
    if (t.d >= 0) sum = __fadd_rn(sum, genotype[t.d + at]);
    phenotype[t.offset + at] = sum;
}

}  // namespace develop

extern "C" __global__ void __launch_bounds__(develop::PHENOTYPE_THREADS)
develop_phenotype(float* phenotypes, const float* genotypes, int64_t phenotype_len, int64_t genotype_len,
                  const develop::Tensor* tensors, const develop::TensorTile* tiles, int tile_count) {
    using namespace develop;
    __shared__ Factors factors;
    const int individual_idx = blockIdx.x / tile_count;
    const TensorTile tile = tiles[blockIdx.x % tile_count];
    const Tensor t = tensors[tile.tensor_idx];
    const float* genotype = genotypes + individual_idx * genotype_len;
    float* phenotype = phenotypes + individual_idx * phenotype_len;
    if (t.orientation == DENSE) {
        const int end = min(t.cols, tile.col + SIDE * SIDE);
        for (int i = tile.col + threadIdx.x; i < end; i += PHENOTYPE_THREADS) phenotype[t.offset + i] = genotype[t.a + i];
        return;
    }

    const bool along_cols = t.orientation == PLAIN;
    const int fast = threadIdx.x % 16, slow = threadIdx.x / 16;
    const int row_in_tile = along_cols ? slow : fast, col_in_tile = along_cols ? fast : slow;
    float sums[PER_THREAD][PER_THREAD];
#pragma unroll
    for (int i = 0; i < PER_THREAD; ++i)
#pragma unroll
        for (int j = 0; j < PER_THREAD; ++j) sums[i][j] = -0.0f;  // NOTE: −0 + x is x for every x; +0 would lose the sign of −0

    for (int rank0 = 0; rank0 < t.rank; rank0 += DEPTH) {
        __syncthreads();
        load_factors(factors, genotype, t, tile.row, tile.col, rank0);
        __syncthreads();
        const int depth = min(DEPTH, t.rank - rank0);
        for (int rank_idx = 0; rank_idx < depth; ++rank_idx) {
#pragma unroll
            for (int i = 0; i < PER_THREAD; ++i)
#pragma unroll
                for (int j = 0; j < PER_THREAD; ++j)
                    sums[i][j] = __fadd_rn(sums[i][j], __fmul_rn(factors.a[rank_idx][row_in_tile + 16 * i],
                                                                 factors.b[rank_idx][col_in_tile + 16 * j]));
        }
    }
#pragma unroll
    for (int i = 0; i < PER_THREAD; ++i)
#pragma unroll
        for (int j = 0; j < PER_THREAD; ++j)
            store(phenotype, genotype, t, tile.row + row_in_tile + 16 * i, tile.col + col_in_tile + 16 * j, sums[i][j]);
}
