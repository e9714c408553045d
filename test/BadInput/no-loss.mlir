// A graph that predicts and has nothing to minimize.
// RUN: not train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// CHECK: no-loss.mlir:[[#@LINE+3]]:1: error: 'train.graph' op has no output named 'loss' to differentiate

train.param @w : tensor<f32> init(#train.zeros)
train.graph @a() -> (y: tensor<f32>) {
  %w = train.read @w : tensor<f32>
  train.return %w : tensor<f32>
}
