// A loss has to be one number.
// RUN: not train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// CHECK: vector-loss.mlir:[[#@LINE+3]]:1: error: 'train.graph' op output 'loss' must be a float scalar, got 'tensor<4xf32>'

train.param @w : tensor<4xf32> init(#train.zeros)
train.graph @a() -> (loss: tensor<4xf32>) {
  %w = train.read @w : tensor<4xf32>
  train.return %w : tensor<4xf32>
}
