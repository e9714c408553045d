// The table of this instruction set's kernels.
#include "Kernels.h"
#include "MicroKernel.h"

#define TRAIN_STRING_OF(x) #x
#define TRAIN_STRING(x) TRAIN_STRING_OF(x)

namespace train::cpu::TRAIN_SIMD {

extern const SimdKernels kernels;
const SimdKernels kernels = {TRAIN_STRING(TRAIN_SIMD),
                             kTileRows,
                             kTileColumns,
                             gemmTask,
                             matrixVectorTask,
                             attentionTask,
                             attentionGradTask,
                             convolutionTask,
                             convolutionTransposeTask,
                             convolutionFilterGradTask,
                             depthwiseTask,
                             depthwiseFilterGradTask,
                             transposeBlock,
                             poolMaximum,
                             poolMean,
                             poolScatter,
                             convert,
                             addWidened};

} // namespace train::cpu::TRAIN_SIMD
