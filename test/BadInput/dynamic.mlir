// Every shape is known when a step is compiled.
// RUN: not train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// CHECK: dynamic.mlir:[[#@LINE+2]]:1: error: {{.*}}needs a static shape, got 'tensor<?x4xf32>'

train.graph @a(%x: tensor<?x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %l = train.reduce_sum %x over [0, 1] : tensor<?x4xf32> -> tensor<f32>
  train.return %l : tensor<f32>
}
