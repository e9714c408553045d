// Two inputs that disagree about the batch.
// RUN: not train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// CHECK: batch-sizes.mlir:[[#@LINE+2]]:1: error: 'train.graph' op inputs have batch sizes 4 and 3

train.graph @a(%x: tensor<4x4xf32> batch(0), %z: tensor<3x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %l = train.reduce_sum %x over [0, 1] : tensor<4x4xf32> -> tensor<f32>
  train.return %l : tensor<f32>
}
