// One case per constraint of the Index family, under the label that docs/language.md gives it.
// RUN: train-opt --split-input-file --verify-diagnostics %s

// train.embedding C1
train.graph @g(%table: tensor<100xf32>, %ids: tensor<4x16xi32>) {
  // expected-error@+2 {{table must have rank 2, got 1}}
  // expected-error@+1 {{failed to infer returned types}}
  %x = train.embedding %table, %ids : tensor<100xf32>, tensor<4x16xi32> -> tensor<4x16x32xf32>
  train.return
}

// -----

// train.embedding_grad C1
train.graph @g(%ids: tensor<4x16xi32>, %dy: tensor<4x15x32xf32>) {
  // expected-error@+2 {{dy must have the shape of ids, [4, 16], and one more dimension, got [4, 15, 32]}}
  // expected-error@+1 {{failed to infer returned types}}
  %g = train.embedding_grad %ids, %dy {vocabulary = 100 : i64} : tensor<4x16xi32>, tensor<4x15x32xf32> -> tensor<100x32xf32>
  train.return
}

// -----

// train.embedding_grad C2
train.graph @g(%ids: tensor<4x16xi32>, %dy: tensor<4x16x32xf32>, %a: tensor<99x32xf32>) {
  // expected-error@+2 {{accumulator must have shape [100, 32], got [99, 32]}}
  // expected-error@+1 {{failed to infer returned types}}
  %g = train.embedding_grad %ids, %dy into %a : tensor<99x32xf32>, {vocabulary = 100 : i64} : tensor<4x16xi32>, tensor<4x16x32xf32> -> tensor<100x32xf32>
  train.return
}

// -----

// train.embedding_grad C3
train.graph @g(%ids: tensor<4x16xi32>, %dy: tensor<4x16x32xf32>) {
  // expected-error@+2 {{vocabulary must be positive, got 0}}
  // expected-error@+1 {{failed to infer returned types}}
  %g = train.embedding_grad %ids, %dy {vocabulary = 0 : i64} : tensor<4x16xi32>, tensor<4x16x32xf32> -> tensor<0x32xf32>
  train.return
}
