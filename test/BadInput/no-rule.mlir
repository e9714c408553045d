// An op without a gradient rule: the op, its place, and what made its derivative necessary.
// RUN: not train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// CHECK: no-rule.mlir:[[#@LINE+7]]:8: error: 'train.gelu_backward' op has no adjoint rule, and the loss's derivative flows through it
// CHECK: no-rule.mlir:[[#@LINE+5]]:8: note: it depends on the trainable parameter @w, read here
// CHECK: no-rule.mlir:[[#@LINE+6]]:8: note: and the loss, computed here, depends on it

train.param @w : tensor<4xf32> init(#train.constant<1.0>)
train.graph @a() -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %y = train.gelu_backward erf %w, %w : tensor<4xf32>
  %l = train.reduce_sum %y over [0] : tensor<4xf32> -> tensor<f32>
  train.return %l : tensor<f32>
}
