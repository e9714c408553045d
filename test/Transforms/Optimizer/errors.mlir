// RUN: train-opt --train-optimizer --split-input-file --verify-diagnostics %s
// RUN: not train-opt --train-differentiate --train-optimizer=kind=lion %S/clipped.mlir 2>&1 | FileCheck %s --check-prefix=KIND
// RUN: not train-opt --train-differentiate --train-optimizer=beta2=1 %S/clipped.mlir 2>&1 | FileCheck %s --check-prefix=BETA
// RUN: not train-opt --train-differentiate --train-optimizer --train-optimizer %S/clipped.mlir 2>&1 | FileCheck %s --check-prefix=TWICE
// KIND: unknown optimizer 'lion': expected sgd, momentum, adam or adamw
// BETA: optimizer option beta2 is 1.0{{.*}}, expected a number in [0, 1)
// TWICE: has no gradients to update parameters with: the optimizer comes after train-differentiate, once

// expected-error @+1 {{there is no train.step to add an optimizer to}}
module {
}

// -----

train.param @w : tensor<f32> init(#train.zeros)
// expected-error @+1 {{has an input named 'lr', which is reserved for the learning rate}}
train.step @step(%lr: tensor<f32>) -> (loss: tensor<f32>, "grad:w": tensor<f32>) {
  train.return %lr, %lr : tensor<f32>, tensor<f32>
}

// -----

// expected-note @+1 {{the state belongs to what is defined here}}
train.param @w : tensor<f32> init(#train.zeros)
// expected-error @+1 {{has the name of an optimizer state, 'w.m'}}
train.param @w.m : tensor<f32> init(#train.zeros)
train.step @step(%x: tensor<f32>) -> (loss: tensor<f32>, "grad:w": tensor<f32>) {
  train.return %x, %x : tensor<f32>, tensor<f32>
}
