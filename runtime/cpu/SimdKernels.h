// What the files in simd/ offer to the rest of the CPU backend: plain structs in, plain
// memory out, one table of functions per instruction set, chosen once from CPUID.
#ifndef TRAIN_RUNTIME_CPU_SIMDKERNELS_H
#define TRAIN_RUNTIME_CPU_SIMDKERNELS_H

#include <stdint.h>

namespace train::cpu {

/// How elements lie in memory. They are computed with and summed in f32, and a result of
/// two bytes is rounded once.
enum class Element : uint8_t { F32, F16, BF16 };

/// Packing buffers of one thread's matrix product, and sums that are yet to be rounded.
constexpr int64_t kGemmScratchBytes = 2640 * 1024;

/// C[m x n] (+)= op(A)[m x k] op(B)[k x n], row-major, leading dimensions in elements. A
/// and B have elements `from`, C `to`, which is F32 or the same.
struct GemmTask {
  const void *a;
  const void *b;
  void *c;
  Element from, to;
  int64_t m, n, k;
  int64_t lda, ldb, ldc;
  bool transposeA, transposeB, accumulate;
};

/// out[count] (+)= sums of k terms vector[p] * matrix: element (p, j) for result j, or,
/// with sumsAlongRows, element (j, p); rows of the matrix at distance ld.
struct VectorTask {
  const void *vector, *matrix;
  void *out;
  Element from, to;
  int64_t count, k, ld;
  bool sumsAlongRows, accumulate;
};

/// Sizes as in TRAIN_LIBRARY_ATTENTION.
struct AttentionShape {
  int64_t B, T, S, H, G, D;
  bool causal;
  float scale;
};
/// All but lse have elements of one kind.
struct AttentionForward {
  const void *q, *k, *v;
  void *out;
  float *lse;
  Element element;
};
struct AttentionBackward {
  const void *q, *k, *v, *out, *dout;
  const float *lse;
  void *dq, *dk, *dv;
  Element element;
};
/// One group of heads, or a part of it: with wantKeys it needs all heads and queries of
/// the group for its keys, with wantQueries all keys for its queries. Ranges begin at
/// multiples of the block sizes.
struct AttentionGradTask {
  int64_t b, group;
  int64_t headBegin, headEnd, queryBegin, queryEnd, keyBegin, keyEnd;
  bool wantQueries, wantKeys;
};

/// Where the factor of (channel, tap row r, tap column s) at grid position (n, y, x)
/// stands in images [n][channels, height, width]: row y * strideY + y0 + r * yStep,
/// column likewise; outside the image it is 0.
struct WindowMap {
  const void *image;
  int64_t images, imageStride, channels, planeStride, height, width;
  int64_t gridHeight, gridWidth, strideY, strideX;
  int64_t tapRows, tapColumns;
  int64_t y0, yStep, x0, xStep;
};
/// Where the weight of (output channel, input channel, r, s) stands.
struct FilterMap {
  const void *filter;
  int64_t outputStride, inputStride;
  int64_t tapRows, tapColumns;
  int64_t tap0, tapRowStep, tapColumnStep;
};
/// Where the result of (channel, grid position (n, y, x)) goes.
struct PlaneMap {
  void *out;
  int64_t channelStride, imageStride, rowStride, columnStride;
};
/// One tile of a convolution as a product; k is the whole length of the sum. Columns are
/// grid positions of all images.
struct ConvolutionTask {
  Element element;  ///< of all three
  FilterMap filter; ///< forward and transpose; dense rows of k for forward
  WindowMap windows;
  PlaneMap planes;
  int64_t row, rows, column, columns, k;
  bool accumulate;
};
/// One tile of a filter gradient, summed over the images of `windows` in order: dout has
/// dense rows of k for each image, out dense rows of ldOut from the tile on. Columns are
/// (input channel, tap). The images and dout have elements `from`, out `to`, which is F32
/// or the same.
struct FilterGradTask {
  Element from, to;
  const void *dout;
  int64_t doutImageStride;
  WindowMap windows;
  void *out;
  int64_t ldOut;
  int64_t row, rows, column, columns, k;
  bool pointwise; ///< one tap on every position: the planes are rows of a matrix
  bool accumulate;
};

/// Filters with more taps are left to the product.
constexpr int64_t kMaxDepthwiseTaps = 128;
/// The filter gradient of `channels` <= 8 channels with a filter each, summed over the
/// images of `windows`, which has the plane of the first channel; dout dense planes, out
/// dense rows of taps. Types as in FilterGradTask.
struct DepthwiseGradTask {
  Element from, to;
  const void *dout;
  int64_t doutImageStride;
  WindowMap windows;
  void *out;
  int64_t channels;
  bool accumulate;
};

/// One plane of a pool: output (y, x) has the taps (y * strideY - padTop + r * dilationY,
/// x * strideX - padLeft + s * dilationX) that lie in the image.
struct PoolPlane {
  Element element; ///< of the image and of the result
  const void *image;
  int64_t height, width, outHeight, outWidth;
  int64_t tapRows, tapColumns, strideY, strideX, padTop, padLeft, dilationY, dilationX;
};
/// One row of one tap of a pool: `count` outputs, the n-th reading image[n * stride].
struct PoolRow {
  int64_t count, stride;
};

/// Of a matrix product: ranges of rows and columns are best cut at multiples of these.
struct TileSize {
  int64_t rows, columns;
};

struct SimdKernels {
  const char *name;
  /// Whether products of bf16, those with vectors too, run on a matrix unit, whose order
  /// of sums is another (simd/MatrixUnit.h).
  bool matrixUnit;
  /// Of a product of such elements.
  TileSize (*tileSize)(Element element);
  void (*gemm)(const GemmTask &task, float *scratch);
  void (*matrixVector)(const VectorTask &task, float *scratch);
  /// Rows [queryBegin, queryEnd), at most kQueryChunk, of head h of sample b. The
  /// workspace has attentionFloats, the other attentionGradFloats. A gradient of narrow
  /// elements has at most heldQueries(T H / G) rows of queries.
  void (*attention)(const AttentionShape &shape, const AttentionForward &io, int64_t b,
                    int64_t h, int64_t queryBegin, int64_t queryEnd, float *workspace);
  void (*attentionGrad)(const AttentionShape &shape, const AttentionBackward &io,
                        const AttentionGradTask &task, float *workspace);
  /// Output channels x positions; input channels x positions of one phase of the stride;
  /// output channels x (input channel, tap). Scratch as for gemm.
  void (*convolution)(const ConvolutionTask &task, float *scratch);
  void (*convolutionTranspose)(const ConvolutionTask &task, float *scratch);
  void (*convolutionFilterGrad)(const FilterGradTask &task, float *scratch);
  /// One plane by one filter (one image, one channel in `windows`), and its adjoint. The
  /// scratch as for gemm; runsAsPlanes in Convolution.cpp says what fits into it.
  void (*depthwise)(const ConvolutionTask &task, float *scratch);
  void (*depthwiseFilterGrad)(const DepthwiseGradTask &task, float *scratch);
  /// dst[j * dstLd + i] = src[i * srcLd + j] for i < rows, j < columns.
  void (*transpose)(const uint32_t *src, int64_t srcLd, uint32_t *dst, int64_t dstLd,
                    int64_t rows, int64_t columns);
  /// The largest of each window, the first NaN or the first of equals, and its place in
  /// the plane; -inf and -1 where the window is all padding.
  void (*poolMaximum)(const PoolPlane &plane, void *out, int32_t *where);
  /// The sum of each window, rows of taps first, over the number of all its taps.
  void (*poolMean)(const PoolPlane &plane, void *out);
  /// image[n * stride] += share[n].
  void (*poolScatter)(const PoolRow &row, const float *share, float *image);
  /// to[0 .. count) = from[0 .. count), widened or rounded; one of the two is F32.
  void (*convert)(const void *from, Element fromElement, void *to, Element toElement,
                  int64_t count);
  /// sums[0 .. count) += terms[0 .. count).
  void (*addWidened)(const void *terms, Element element, float *sums, int64_t count);
};

/// The table in use. Unless another was chosen, that of the widest vectors that were
/// built and that the CPU and the system support; null where there is none. All of them
/// give the same bits, so the table with a matrix unit for bf16, which does not, is never
/// chosen by itself: see rt::prepareBackend.
const SimdKernels *simdKernels();

/// Chooses a table, null the one for this machine. Not while a team is at work.
void useSimdKernels(const SimdKernels *kernels);

} // namespace train::cpu

#endif // TRAIN_RUNTIME_CPU_SIMDKERNELS_H
