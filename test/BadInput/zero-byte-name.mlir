// Executables name symbols by C strings: one with a zero byte would be another's.
// RUN: %exits 1 train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// CHECK: error: 'train.param' op has a zero byte in its attributes

train.param @"a\00b" : tensor<4xf32> init(#train.zeros)
train.graph @a(%x: tensor<2x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @"a\00b" : tensor<4xf32>
  %y = train.mul %x, %w : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  %loss = train.reduce_sum %y over [0, 1] : tensor<2x4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
