// An accumulator is one storage from init to result; streams have no bytes outside the loop; what the body uses from
// outside stays until the loop's end, so that nothing of the body takes its place.
// RUN: train-opt --train-schedule --train-plan-memory %s | FileCheck %s

train.param @w : tensor<64x64xf32> init(#train.zeros)

// CHECK-LABEL: train.step @step
// CHECK-SAME: train.arg_offsets = array<i64: -1>
train.step @step(%x: tensor<2x64x64xf32>) -> (out: tensor<64x64xf32>) micro_batches(2) {
  %zero = train.constant dense<0.0> : tensor<64x64xf32>
  // CHECK: train.read @w {train.offsets = array<i64: 0>}
  %w = train.read @w : tensor<64x64xf32>
  // CHECK: train.transpose {{.*}} {train.offsets = array<i64: [[OUTER:[0-9]+]]>}
  %outer = train.transpose %w by [1, 0] : tensor<64x64xf32> -> tensor<64x64xf32>
  // CHECK: train.constant {train.offsets = array<i64: -1>}
  // CHECK: train.microbatch
  // CHECK-SAME: train.arg_offsets = array<i64: {{[0-9]+}}, [[ACC:[0-9]+]]>, train.offsets = array<i64: [[ACC]]>
  %r = train.microbatch 2 streams(%i = %x : tensor<64x64xf32>) carry(%acc = %zero : tensor<64x64xf32>) {
    // CHECK: train.matmul {{.*}}train.offsets = array<i64: [[HIDDEN:[0-9]+]]>
    %h = train.matmul %i, %outer : tensor<64x64xf32>, tensor<64x64xf32> -> tensor<64x64xf32>
    // CHECK: train.matmul {{.*}} into {{.*}}train.offsets = array<i64: [[ACC:[0-9]+]]>
    %s = train.matmul %h, %h into %acc : tensor<64x64xf32>, {transpose_lhs} : tensor<64x64xf32>, tensor<64x64xf32> -> tensor<64x64xf32>
    train.yield %s : tensor<64x64xf32>
  }
  train.return %r : tensor<64x64xf32>
}
