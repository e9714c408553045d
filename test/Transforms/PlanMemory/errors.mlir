// RUN: train-opt --train-plan-memory --split-input-file --verify-diagnostics %s
// RUN: not train-opt --train-plan-memory=threads=0 %S/step.mlir 2>&1 | FileCheck %s --check-prefix=THREADS
// THREADS: threads must be at least 1, got 0

// A loop can't overwrite what its next round reads.
train.step @step(%x: tensor<2x4x4xf32>, %y: tensor<4x4xf32>) -> (out: tensor<4x4xf32>) micro_batches(2) {
  %zero = train.constant dense<0.0> : tensor<4x4xf32>
  %outer = train.matmul %y, %y : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  %r = train.microbatch 2 streams(%i = %x : tensor<4x4xf32>) carry(%acc = %zero : tensor<4x4xf32>) {
    // expected-error @+1 {{overwrites a value from outside of the loop, which the next micro-batch reads}}
    %h = train.matmul %i, %i into %outer : tensor<4x4xf32>, : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
    train.yield %h : tensor<4x4xf32>
  }
  train.return %r : tensor<4x4xf32>
}

// -----

train.step @step(%x: tensor<2x4x4xf32>) -> (a: tensor<4x4xf32>, b: tensor<4x4xf32>) micro_batches(2) {
  %zero = train.constant dense<0.0> : tensor<4x4xf32>
  %r:2 = train.microbatch 2 streams(%i = %x : tensor<4x4xf32>) carry(%p = %zero : tensor<4x4xf32>, %q = %zero : tensor<4x4xf32>) {
    // expected-error @+1 {{yields accumulator 1 as accumulator 0: accumulators can't change places}}
    train.yield %q, %p : tensor<4x4xf32>, tensor<4x4xf32>
  }
  train.return %r#0, %r#1 : tensor<4x4xf32>, tensor<4x4xf32>
}

// -----

train.step @step(%x: tensor<2x4x4xf32>) -> (a: tensor<4x4xf32>, b: tensor<2x4x4xf32>) micro_batches(2) {
  %zero = train.constant dense<0.0> : tensor<4x4xf32>
  // expected-error @+1 {{streams must be inputs of the program that are used nowhere else}}
  %r = train.microbatch 2 streams(%i = %x : tensor<4x4xf32>) carry(%p = %zero : tensor<4x4xf32>) {
    %s = train.matmul %i, %i into %p : tensor<4x4xf32>, : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
    train.yield %s : tensor<4x4xf32>
  }
  train.return %r, %x : tensor<4x4xf32>, tensor<2x4x4xf32>
}
