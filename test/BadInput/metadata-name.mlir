// The one key of a safetensors header that is no tensor.
// RUN: %exits 1 train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// CHECK: metadata-name.mlir:6:1: error: 'train.param' op has the name '__metadata__', under which safetensors cannot hold a tensor

train.param @__metadata__ : tensor<4xf32> init(#train.zeros)
train.graph @a(%x: tensor<2x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @__metadata__ : tensor<4xf32>
  %y = train.mul %x, %w : tensor<2x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
  %loss = train.reduce_sum %y over [0, 1] : tensor<2x4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
