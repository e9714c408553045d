// The table of this instruction set's kernels.
#include "Kernels.h"
#include "Product.h"

namespace train::cpu::TRAIN_SIMD {

extern const SimdKernels kernels;
const SimdKernels kernels = {TRAIN_SIMD_NAME,
                             /*matrixUnit=*/false,
                             tileSize,
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
