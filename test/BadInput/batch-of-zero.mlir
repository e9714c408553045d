// A batch without samples.
// RUN: %exits 1 train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// CHECK: error: 'train.graph' op input "x" of type 'tensor<0x4xf32>' has a batch of 0

train.param @w : tensor<4xf32> init(#train.zeros)
train.graph @a(%x: tensor<0x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %y = train.mul %x, %w : tensor<0x4xf32>, tensor<4xf32> -> tensor<0x4xf32>
  %loss = train.reduce_sum %y over [0, 1] : tensor<0x4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
