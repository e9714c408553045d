// Round trip of every op of the Shape family, in both syntaxes. The examples are those of docs/language.md.
// RUN: train-opt %s | train-opt | FileCheck %s
// RUN: train-opt --mlir-print-op-generic %s | train-opt | FileCheck %s

// CHECK-LABEL: train.graph @reshape(
train.graph @reshape(%x: tensor<4x6xf32>) {
  // CHECK: = train.reshape %{{[a-z0-9_]+}} to [2, -1] : tensor<4x6xf32> -> tensor<2x12xf32>
  %y = train.reshape %x to [2, -1] : tensor<4x6xf32> -> tensor<2x12xf32>
  train.return
}

// CHECK-LABEL: train.graph @transpose(
train.graph @transpose(%x: tensor<2x4x6xf32>) {
  // CHECK: = train.transpose %{{[a-z0-9_]+}} by [0, 2, 1] : tensor<2x4x6xf32> -> tensor<2x6x4xf32>
  %y = train.transpose %x by [0, 2, 1] : tensor<2x4x6xf32> -> tensor<2x6x4xf32>
  train.return
}

// CHECK-LABEL: train.graph @slice(
train.graph @slice(%x: tensor<4x6xf32>) {
  // CHECK: = train.slice %{{[a-z0-9_]+}} {offsets = array<i64: 1, 0>, sizes = array<i64: 2, 3>, strides = array<i64: 1, 2>} : tensor<4x6xf32> -> tensor<2x3xf32>
  %y = train.slice %x {offsets = array<i64: 1, 0>, sizes = array<i64: 2, 3>, strides = array<i64: 1, 2>} : tensor<4x6xf32> -> tensor<2x3xf32>
  train.return
}

// CHECK-LABEL: train.graph @concat(
train.graph @concat(%x: tensor<4x6xf32>, %y: tensor<4x2xf32>) {
  // CHECK: = train.concat %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} along 1 : tensor<4x6xf32>, tensor<4x2xf32> -> tensor<4x8xf32>
  %z = train.concat %x, %y along 1 : tensor<4x6xf32>, tensor<4x2xf32> -> tensor<4x8xf32>
  train.return
}

// CHECK-LABEL: train.graph @pad(
train.graph @pad(%x: tensor<4x6xf32>) {
  // CHECK: = train.pad %{{[a-z0-9_]+}} {high = array<i64: 0, 1>, interior = array<i64: 1, 0>, low = array<i64: 2, 0>} : tensor<4x6xf32> -> tensor<9x7xf32>
  %y = train.pad %x {high = array<i64: 0, 1>, interior = array<i64: 1, 0>, low = array<i64: 2, 0>} : tensor<4x6xf32> -> tensor<9x7xf32>
  train.return
}

// CHECK-LABEL: train.graph @broadcast(
train.graph @broadcast(%x: tensor<6xf32>) {
  // CHECK: = train.broadcast %{{[a-z0-9_]+}} to [4, 6] : tensor<6xf32> -> tensor<4x6xf32>
  %y = train.broadcast %x to [4, 6] : tensor<6xf32> -> tensor<4x6xf32>
  train.return
}
