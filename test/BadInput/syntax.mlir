// A typing error.
// RUN: not train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// CHECK: syntax.mlir:[[#@LINE+3]]:16: error: expected SSA operand

train.param @w : tensor<4xf32> init(#train.zeros)
train.graph @a( -> (loss: tensor<f32>) {
}
