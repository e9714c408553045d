// Shapes that do not fit are one error, although MLIR reports the failed inference once more.
// RUN: not train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// CHECK: wrong-shape.mlir:[[#@LINE+5]]:8: error: 'train.matmul' op

train.param @w : tensor<4x8xf32> init(#train.zeros)
train.graph @a(%x: tensor<2x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4x8xf32>
  %y = train.matmul %x, %w {transpose_rhs} : tensor<2x4xf32>, tensor<4x8xf32> -> tensor<2x4xf32>
  %l = train.reduce_sum %y over [0, 1] : tensor<2x4xf32> -> tensor<f32>
  train.return %l : tensor<f32>
}
