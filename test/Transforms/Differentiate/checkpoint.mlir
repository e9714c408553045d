// Ops of a checkpoint region keep its number; a region inside another belongs to the outer one.
// RUN: train-opt --train-differentiate %s | FileCheck %s

train.param @w : tensor<4xf32> init(#train.zeros)

train.graph @g(%x: tensor<4xf32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %0 = train.checkpoint -> tensor<4xf32> {
    %a = train.mul %w, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
    %inner = train.checkpoint -> tensor<4xf32> {
      %b = train.tanh %a : tensor<4xf32>
      train.yield %b : tensor<4xf32>
    }
    train.yield %inner : tensor<4xf32>
  }
  %1 = train.checkpoint -> tensor<4xf32> {
    %c = train.sigmoid %0 : tensor<4xf32>
    train.yield %c : tensor<4xf32>
  }
  %loss = train.reduce_sum %1 over [0] : tensor<4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// CHECK-LABEL: train.step @step
// CHECK: train.read @w : tensor
// CHECK: train.mul {{.*}} {train.checkpoint = 0 : i64}
// CHECK: train.tanh {{.*}} {train.checkpoint = 0 : i64}
// CHECK: train.sigmoid {{.*}} {train.checkpoint = 1 : i64}
// CHECK: train.reduce_sum
// CHECK-NOT: train.checkpoint
