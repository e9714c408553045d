// A fusion overwrites an operand that dies there and has the result's bytes, along rows too, since a row is read before it is
// stored; not one that is read later, that is smaller than what the kernel walks, or that is a parameter.
// RUN: train-opt --train-schedule --train-reuse-operands %s | FileCheck %s

train.param @w : tensor<8x8xf32> init(#train.zeros)

// CHECK-LABEL: train.step @step
// CHECK: %[[W:.*]] = train.read @w
// CHECK: %[[A:.*]] = train.matmul %x, %[[W]]
// CHECK: %[[KEPT:.*]] = train.fusion ({{.*}} = %[[A]] {{.*}}) -> tensor<8x8xf32> {
// CHECK: %[[SUM:.*]] = train.fusion ({{.*}} = %[[W]] {{.*}} = %[[A]] {{.*}}) -> tensor<8x8xf32> aliases [1] {
// CHECK: train.fusion ({{.*}} = %[[KEPT]] {{.*}}) -> tensor<8x8xf32> aliases [0] {
// CHECK-NEXT: train.softmax
// CHECK: %[[ROW:.*]] = train.matmul {{.*}} -> tensor<1x8xf32>
// CHECK: train.fusion ({{.*}} = %[[ROW]] {{.*}}) -> (tensor<1x8xf32>, tensor<8x8xf32>) aliases [-1, 1] {
train.step @step(%x: tensor<8x8xf32>, %v: tensor<1x8xf32>) -> (out: tensor<8x8xf32>, rows: tensor<8x8xf32>, small: tensor<1x8xf32>, large: tensor<8x8xf32>) {
  %w = train.read @w : tensor<8x8xf32>
  %a = train.matmul %x, %w : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %kept = train.fusion (%p = %a : tensor<8x8xf32>) -> tensor<8x8xf32> {
    %s = train.tanh %p : tensor<8x8xf32>
    train.yield %s : tensor<8x8xf32>
  }
  %sum = train.fusion (%p = %w : tensor<8x8xf32>, %q = %a : tensor<8x8xf32>) -> tensor<8x8xf32> {
    %s = train.add %p, %q : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
    train.yield %s : tensor<8x8xf32>
  }
  %rows = train.fusion (%p = %kept : tensor<8x8xf32>) -> tensor<8x8xf32> {
    %s = train.softmax %p : tensor<8x8xf32>
    train.yield %s : tensor<8x8xf32>
  }
  %row = train.matmul %v, %w : tensor<1x8xf32>, tensor<8x8xf32> -> tensor<1x8xf32>
  %both:2 = train.fusion (%p = %row : tensor<1x8xf32>, %q = %x : tensor<8x8xf32>) -> (tensor<1x8xf32>, tensor<8x8xf32>) {
    %s = train.tanh %p : tensor<1x8xf32>
    %t = train.add %s, %q : tensor<1x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
    train.yield %s, %t : tensor<1x8xf32>, tensor<8x8xf32>
  }
  train.return %sum, %rows, %both#0, %both#1 : tensor<8x8xf32>, tensor<8x8xf32>, tensor<1x8xf32>, tensor<8x8xf32>
}
