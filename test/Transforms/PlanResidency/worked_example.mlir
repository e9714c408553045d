// The smallest worked example: y' = w4 w3 w2 w1 x, of which a1 and a3 are kept and a2 = w2 a1 is computed again for the gradient of w3.
// RUN: train-opt --pass-pipeline="builtin.module(train-graph-pipeline,train-step-pipeline{optimizer=sgd},train-fuse-pipeline,train-schedule,train-plan-residency,train-apply-residency)" %s | FileCheck %s
// RUN: train-opt --pass-pipeline="builtin.module(train-graph-pipeline,train-step-pipeline{optimizer=sgd},train-fuse-pipeline,train-schedule,train-plan-residency{remat=policy:save-everything},train-apply-residency)" %s | FileCheck %s --check-prefix=ALL
// RUN: train-opt --train-pipeline="optimizer=sgd" --train-check-passes %s -o /dev/null

train.param @w1 : tensor<4x4xf32> init(#train.normal<0.0, 1.0>)
train.param @w2 : tensor<4x4xf32> init(#train.normal<0.0, 1.0>)
train.param @w3 : tensor<4x4xf32> init(#train.normal<0.0, 1.0>)
train.param @w4 : tensor<4x4xf32> init(#train.normal<0.0, 1.0>)

// CHECK-LABEL: train.step @step
// CHECK: %[[A1:.*]] = train.matmul %x, %{{.*}} :
// CHECK: train.matmul %[[A1]], %[[W2:[^ ]*]] {train.checkpoint = 0 : i64}
// CHECK: train.mse
// CHECK: %[[A2:.*]] = train.matmul %[[A1]], %[[W2]] {train.checkpoint = 0 : i64, train.clone = 1 : i64}
// CHECK: train.matmul %[[A2]], %{{.*}} {transpose_lhs}
// CHECK-NOT: train.clone

// ALL-NOT: train.clone
train.graph @g(%x: tensor<8x4xf32> batch(0), %y: tensor<8x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %w1 = train.read @w1 : tensor<4x4xf32>
  %w2 = train.read @w2 : tensor<4x4xf32>
  %w3 = train.read @w3 : tensor<4x4xf32>
  %w4 = train.read @w4 : tensor<4x4xf32>
  %a1 = train.matmul %x, %w1 : tensor<8x4xf32>, tensor<4x4xf32> -> tensor<8x4xf32>
  %a3 = train.checkpoint -> tensor<8x4xf32> {
    %a2 = train.matmul %a1, %w2 : tensor<8x4xf32>, tensor<4x4xf32> -> tensor<8x4xf32>
    %n = train.matmul %a2, %w3 : tensor<8x4xf32>, tensor<4x4xf32> -> tensor<8x4xf32>
    train.yield %n : tensor<8x4xf32>
  }
  %p = train.matmul %a3, %w4 : tensor<8x4xf32>, tensor<4x4xf32> -> tensor<8x4xf32>
  %loss = train.mse %p, %y : tensor<8x4xf32>, tensor<8x4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
