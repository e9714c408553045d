// RUN: train-opt --train-fold-sums --split-input-file %s | FileCheck %s

// The gradient of a micro-batch goes into its accumulator, and so do both terms of a tied weight.
// CHECK-LABEL: train.step @step
// CHECK: train.microbatch 2 streams(%[[X:.*]] = %x : {{.*}}) carry(%[[ACC:.*]] = {{.*}})
// CHECK-NEXT: %[[A:.*]] = train.matmul %[[X]], %[[X]] into %[[ACC]] : tensor<3x3xf32>, {transpose_lhs}
// CHECK-NEXT: %[[B:.*]] = train.matmul %[[X]], %[[X]] into %[[A]] : tensor<3x3xf32>, {transpose_lhs}
// CHECK-NEXT: train.yield %[[B]]
train.step @step(%x: tensor<2x4x3xf32>) -> (loss: tensor<3x3xf32>) micro_batches(2) {
  %zero = train.constant dense<0.0> : tensor<3x3xf32>
  %r = train.microbatch 2 streams(%i = %x : tensor<4x3xf32>) carry(%acc = %zero : tensor<3x3xf32>) {
    %a = train.matmul %i, %i {transpose_lhs} : tensor<4x3xf32>, tensor<4x3xf32> -> tensor<3x3xf32>
    %b = train.matmul %i, %i {transpose_lhs} : tensor<4x3xf32>, tensor<4x3xf32> -> tensor<3x3xf32>
    %tied = train.add %a, %b : tensor<3x3xf32>, tensor<3x3xf32> -> tensor<3x3xf32>
    %s = train.add %acc, %tied : tensor<3x3xf32>, tensor<3x3xf32> -> tensor<3x3xf32>
    train.yield %s : tensor<3x3xf32>
  }
  train.return %r : tensor<3x3xf32>
}

// -----

// Where somebody else reads a term, or its bytes are not free to be overwritten, the sum stays.
// CHECK-LABEL: train.step @step
// CHECK-NOT: into
// CHECK: train.return
train.param @w : tensor<3x3xf32> init(#train.zeros)
train.step @step(%x: tensor<4x3xf32>, %y: tensor<3x3xf32>) -> (a: tensor<3x3xf32>, b: tensor<3x3xf32>, c: tensor<3x3xf32>, d: tensor<3x3xf32>) {
  %w = train.read @w : tensor<3x3xf32>
  %0 = train.matmul %x, %x {transpose_lhs} : tensor<4x3xf32>, tensor<4x3xf32> -> tensor<3x3xf32>
  %1 = train.add %0, %w : tensor<3x3xf32>, tensor<3x3xf32> -> tensor<3x3xf32>
  %2 = train.matmul %x, %x {transpose_lhs} : tensor<4x3xf32>, tensor<4x3xf32> -> tensor<3x3xf32>
  %3 = train.add %2, %y : tensor<3x3xf32>, tensor<3x3xf32> -> tensor<3x3xf32>
  %4 = train.matmul %x, %x {transpose_lhs} : tensor<4x3xf32>, tensor<4x3xf32> -> tensor<3x3xf32>
  %5 = train.tanh %y : tensor<3x3xf32>
  %6 = train.add %4, %5 : tensor<3x3xf32>, tensor<3x3xf32> -> tensor<3x3xf32>
  train.return %1, %3, %6, %5 : tensor<3x3xf32>, tensor<3x3xf32>, tensor<3x3xf32>, tensor<3x3xf32>
}

// -----

// The op moves to the sum where the other term comes later.
// CHECK-LABEL: train.step @step
// CHECK: %[[T:.*]] = train.tanh
// CHECK-NEXT: %[[S:.*]] = train.matmul %x, %x into %[[T]]
// CHECK-NEXT: train.return %[[S]]
train.step @step(%x: tensor<4x3xf32>, %y: tensor<3x3xf32>) -> (a: tensor<3x3xf32>) {
  %0 = train.matmul %x, %x {transpose_lhs} : tensor<4x3xf32>, tensor<4x3xf32> -> tensor<3x3xf32>
  %1 = train.tanh %y : tensor<3x3xf32>
  %2 = train.add %0, %1 : tensor<3x3xf32>, tensor<3x3xf32> -> tensor<3x3xf32>
  train.return %2 : tensor<3x3xf32>
}
