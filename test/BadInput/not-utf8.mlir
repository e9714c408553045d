// Locations go into the memory report, which is JSON.
// RUN: %exits 1 train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// CHECK: error: 'train.mul' op has a text that is not UTF-8 in its location

train.param @w : tensor<4xf32> init(#train.zeros)
train.graph @a(%x: tensor<2x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %y = train.mul %x, %w : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32> loc("\FF\FE")
  %loss = train.reduce_sum %y over [0, 1] : tensor<2x4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
