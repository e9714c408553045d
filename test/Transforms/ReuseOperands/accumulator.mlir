// A carried accumulator is overwritten by what is yielded for it, and by nothing else.
// RUN: train-opt --train-schedule --train-reuse-operands %s | FileCheck %s

// CHECK-LABEL: train.step @step
// CHECK: train.fusion ({{.*}} = %[[ACC:.*]] : {{.*}}, {{.*}} = {{.*}}) -> tensor<8xf32> aliases [0] {
// CHECK-NEXT: train.add
// CHECK: train.fusion ({{.*}} = %[[OTHER:.*]] : tensor<8xf32>) -> tensor<8xf32> {
// CHECK-NEXT: train.tanh
train.step @step(%x: tensor<2x8xf32>) -> (a: tensor<8xf32>, b: tensor<8xf32>) micro_batches(2) {
  %zero = train.constant dense<0.0> : tensor<8xf32>
  %r:2 = train.microbatch 2 streams(%i = %x : tensor<8xf32>) carry(%acc = %zero : tensor<8xf32>, %other = %zero : tensor<8xf32>) {
    %next = train.fusion (%p = %acc : tensor<8xf32>, %q = %i : tensor<8xf32>) -> tensor<8xf32> {
      %s = train.add %p, %q : tensor<8xf32>, tensor<8xf32> -> tensor<8xf32>
      train.yield %s : tensor<8xf32>
    }
    %t = train.fusion (%p = %other : tensor<8xf32>) -> tensor<8xf32> {
      %s = train.tanh %p : tensor<8xf32>
      train.yield %s : tensor<8xf32>
    }
    %copy = train.slice %t {offsets = array<i64: 0>, sizes = array<i64: 4>, strides = array<i64: 2>} : tensor<8xf32> -> tensor<4xf32>
    %wide = train.pad %copy {low = array<i64: 0>, high = array<i64: 4>, interior = array<i64: 0>} : tensor<4xf32> -> tensor<8xf32>
    train.yield %next, %wide : tensor<8xf32>, tensor<8xf32>
  }
  train.return %r#0, %r#1 : tensor<8xf32>, tensor<8xf32>
}
