// An op of nobody.
// RUN: not train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// CHECK: unknown-op.mlir:[[#@LINE+3]]:8: error: custom op 'train.softmaxx' is unknown

train.graph @a(%x: tensor<f32>) -> (loss: tensor<f32>) {
  %y = train.softmaxx %x : tensor<f32>
  train.return %y : tensor<f32>
}
