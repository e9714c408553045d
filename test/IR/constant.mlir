// Round trip of every op of the Constant family, in both syntaxes. The examples are those of docs/language.md.
// RUN: train-opt %s | train-opt | FileCheck %s
// RUN: train-opt --mlir-print-op-generic %s | train-opt | FileCheck %s

// CHECK-LABEL: train.graph @constant(
train.graph @constant() {
  // CHECK: = train.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  %c = train.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  train.return
}

// CHECK-LABEL: train.graph @iota(
train.graph @iota() {
  // CHECK: = train.iota 1 : tensor<4x64xi32>
  %i = train.iota 1 : tensor<4x64xi32>
  train.return
}
