// The functions of one instruction set, as the table and their definitions see them.
#ifndef TRAIN_RUNTIME_CPU_SIMD_KERNELS_H
#define TRAIN_RUNTIME_CPU_SIMD_KERNELS_H

#include "../SimdKernels.h"

namespace train::cpu::TRAIN_SIMD {

void gemmTask(const GemmTask &task, float *scratch);
void matrixVectorTask(const VectorTask &task, float *scratch);
void attentionTask(const AttentionShape &shape, const AttentionForward &io, int64_t b,
                   int64_t h, int64_t queryBegin, int64_t queryEnd, float *workspace);
void attentionGradTask(const AttentionShape &shape, const AttentionBackward &io,
                       const AttentionGradTask &task, float *workspace);
void convolutionTask(const ConvolutionTask &task, float *scratch);
void convolutionTransposeTask(const ConvolutionTask &task, float *scratch);
void convolutionFilterGradTask(const FilterGradTask &task, float *scratch);
void depthwiseTask(const ConvolutionTask &task, float *scratch);
void depthwiseFilterGradTask(const DepthwiseGradTask &task, float *scratch);
void transposeBlock(const uint32_t *src, int64_t srcLd, uint32_t *dst, int64_t dstLd,
                    int64_t rows, int64_t columns);
void poolMaximum(const PoolPlane &plane, void *out, int32_t *where);
void poolMean(const PoolPlane &plane, void *out);
void poolScatter(const PoolRow &row, const float *share, float *image);
void convert(const void *from, Element fromElement, void *to, Element toElement,
             int64_t count);
void addWidened(const void *terms, Element element, float *sums, int64_t count);

} // namespace train::cpu::TRAIN_SIMD

#endif // TRAIN_RUNTIME_CPU_SIMD_KERNELS_H
