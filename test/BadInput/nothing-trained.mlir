// A loss that no parameter can change.
// RUN: not train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// CHECK: error: {{.*}}trains nothing: the loss depends on none

train.graph @a(%x: tensor<f32>) -> (loss: tensor<f32>) {
  train.return %x : tensor<f32>
}
