// What a matrix unit changes in a table of kernels: products of bf16 and what is made of
// them. Only this file, the product and the convolutions are compiled for a unit.
#include "Product.h"

namespace train::cpu::TRAIN_SIMD {

void addMatrixUnit(SimdKernels &kernels);
void addMatrixUnit(SimdKernels &kernels) {
  kernels.name = TRAIN_SIMD_NAME;
  kernels.matrixUnit = true;
  kernels.tileSize = tileSize;
  kernels.gemm = gemmTask;
  kernels.convolution = convolutionTask;
  kernels.convolutionTranspose = convolutionTransposeTask;
  kernels.convolutionFilterGrad = convolutionFilterGradTask;
}

} // namespace train::cpu::TRAIN_SIMD
