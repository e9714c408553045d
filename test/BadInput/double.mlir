// f64 is for the interpreter.
// RUN: not train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// CHECK: double.mlir:[[#@LINE+2]]:1: error: 'train.param' op has element type f64; executables train f32 and narrower

train.param @w : tensor<4xf64> init(#train.constant<1.0>)
train.graph @a() -> (loss: tensor<f64>) {
  %w = train.read @w : tensor<4xf64>
  %l = train.reduce_sum %w over [0] : tensor<4xf64> -> tensor<f64>
  train.return %l : tensor<f64>
}
