// Options about the batch for a model without one.
// RUN: not train-compile %s -o %t --micro-batch=8 2>&1 | FileCheck %s --check-prefix=SET --implicit-check-not=error:
// RUN: not train-compile %s -o %t --global-batch=8 2>&1 | FileCheck %s --check-prefix=GLOBAL --implicit-check-not=error:
// SET: error: 'train.graph' op marks no batch dimension on its inputs: there is nothing to set
// GLOBAL: train-compile: error: --global-batch=8 needs a model that marks a batch dimension on its inputs

train.param @w : tensor<4xf32> init(#train.zeros)
train.graph @a(%x: tensor<4xf32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %y = train.mul %w, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %l = train.reduce_sum %y over [0] : tensor<4xf32> -> tensor<f32>
  train.return %l : tensor<f32>
}
