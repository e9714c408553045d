// Round trip of every op of the Random family, in both syntaxes. The examples are those of docs/language.md.
// RUN: train-opt %s | train-opt | FileCheck %s
// RUN: train-opt --mlir-print-op-generic %s | train-opt | FileCheck %s

// CHECK-LABEL: train.graph @random_key(
train.graph @random_key() {
  // CHECK: = train.random_key : tensor<3xi64>
  %key = train.random_key : tensor<3xi64>
  train.return
}

// CHECK-LABEL: train.graph @dropout(
train.graph @dropout(%x: tensor<4x16x64xf32>, %key: tensor<3xi64>) {
  // CHECK: = train.dropout %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} {rate = 1.000000e-01 : f64, samples = 4 : i64, site = 7 : i64} : tensor<4x16x64xf32>, tensor<3xi64>
  %y = train.dropout %x, %key {rate = 1.000000e-01 : f64, samples = 4 : i64, site = 7 : i64} : tensor<4x16x64xf32>, tensor<3xi64>
  train.return
}
