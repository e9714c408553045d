// Which of the two?
// RUN: not train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// CHECK: error: a module has exactly one train.graph, this one has 2

train.param @w : tensor<f32> init(#train.zeros)
train.graph @a() -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<f32>
  train.return %w : tensor<f32>
}
train.graph @b() -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<f32>
  train.return %w : tensor<f32>
}
