// Round trip of every op of the Index family, in both syntaxes. The examples are those of docs/language.md.
// RUN: train-opt %s | train-opt | FileCheck %s
// RUN: train-opt --mlir-print-op-generic %s | train-opt | FileCheck %s

// CHECK-LABEL: train.graph @embedding(
train.graph @embedding(%table: tensor<100x32xf32>, %ids: tensor<4x16xi32>) {
  // CHECK: = train.embedding %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} : tensor<100x32xf32>, tensor<4x16xi32> -> tensor<4x16x32xf32>
  %x = train.embedding %table, %ids : tensor<100x32xf32>, tensor<4x16xi32> -> tensor<4x16x32xf32>
  train.return
}

// CHECK-LABEL: train.graph @embedding_grad(
train.graph @embedding_grad(%ids: tensor<4x16xi32>, %dy: tensor<4x16x32xf32>, %dt: tensor<100x32xf32>) {
  // CHECK: = train.embedding_grad %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} into %{{[a-z0-9_]+}} : tensor<100x32xf32>, {vocabulary = 100 : i64} : tensor<4x16xi32>, tensor<4x16x32xf32> -> tensor<100x32xf32>
  %g = train.embedding_grad %ids, %dy into %dt : tensor<100x32xf32>, {vocabulary = 100 : i64} : tensor<4x16xi32>, tensor<4x16x32xf32> -> tensor<100x32xf32>
  train.return
}
