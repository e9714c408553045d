// An update runs as soon as its gradient is there, so that only one gradient is alive at a time; it still comes after
// every op that reads the parameter it overwrites. Constants move to their users, writes to the end.
// RUN: train-opt --train-schedule %s | FileCheck %s

train.param @w0 : tensor<64x64xf32> init(#train.zeros)
train.param @w1 : tensor<64x64xf32> init(#train.zeros)

// CHECK-LABEL: train.step @step
// CHECK: %[[D1:.*]] = train.matmul %x, %dy {transpose_lhs}
// CHECK: train.sgd %{{.*}}, %[[D1]]
// CHECK: %[[C:.*]] = train.constant
// CHECK-NEXT: %[[DX:.*]] = train.pad
// CHECK: %[[READER:.*]] = train.matmul %{{.*}}, %[[W0:.*]] {transpose_rhs}
// CHECK: %[[D0:.*]] = train.matmul
// CHECK: train.sgd %[[W0]], %[[D0]]
// CHECK: train.write @w0
// CHECK-NEXT: train.write @w1
// CHECK-NEXT: train.return
train.step @step(%x: tensor<8x64xf32>, %dy: tensor<8x64xf32>, %lr: tensor<f32> learning_rate) -> (out: tensor<8x64xf32>) {
  %c = train.constant dense<1.0> : tensor<8x64xf32>
  %w0 = train.read @w0 : tensor<64x64xf32>
  %w1 = train.read @w1 : tensor<64x64xf32>
  %d1 = train.matmul %x, %dy {transpose_lhs} : tensor<8x64xf32>, tensor<8x64xf32> -> tensor<64x64xf32>
  %dx = train.pad %c {low = array<i64: 0, 0>, high = array<i64: 0, 0>, interior = array<i64: 0, 0>} : tensor<8x64xf32> -> tensor<8x64xf32>
  %reader = train.matmul %dx, %w0 {transpose_rhs} : tensor<8x64xf32>, tensor<64x64xf32> -> tensor<8x64xf32>
  %d0 = train.matmul %x, %dx {transpose_lhs} : tensor<8x64xf32>, tensor<8x64xf32> -> tensor<64x64xf32>
  %n0 = train.sgd %w0, %d0, lr %lr {weight_decay = 0.0 : f64} : tensor<64x64xf32>, tensor<64x64xf32>, tensor<f32>
  train.write @w0, %n0 : tensor<64x64xf32>
  %n1 = train.sgd %w1, %d1, lr %lr {weight_decay = 0.0 : f64} : tensor<64x64xf32>, tensor<64x64xf32>, tensor<f32>
  train.write @w1, %n1 : tensor<64x64xf32>
  train.return %reader : tensor<8x64xf32>
}
