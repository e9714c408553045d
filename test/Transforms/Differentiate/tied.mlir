// A parameter that is read twice has one gradient: the sum over its uses, in the order in which they meet backward.
// RUN: train-opt --train-differentiate %s | FileCheck %s

train.param @w : tensor<4x4xf32> init(#train.zeros)

train.graph @g(%x: tensor<2x4xf32> batch(0), %t: tensor<2x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4x4xf32>
  %h = train.matmul %x, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
  %again = train.read @w : tensor<4x4xf32>
  %y = train.matmul %h, %again {transpose_rhs} : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
  %loss = train.mse %y, %t : tensor<2x4xf32>, tensor<2x4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// CHECK-LABEL: train.step @step
// CHECK: %[[W:.*]] = train.read @w
// CHECK-NOT: train.read
// CHECK: %[[H:.*]] = train.matmul %x, %[[W]]
// CHECK: train.mse
// CHECK: %[[SECOND:.*]] = train.matmul {{.*}}, %[[H]] {transpose_lhs}
// CHECK: %[[FIRST:.*]] = train.matmul %x, {{.*}} {transpose_lhs}
// CHECK: %[[SUM:.*]] = train.add %[[SECOND]], %[[FIRST]]
// CHECK: train.return %{{.*}}, %[[SUM]]
