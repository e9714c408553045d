// MLIR's parser has no answer for the width of an index and would end by a signal.
// RUN: not train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not train-opt %s 2>&1 | FileCheck %s --implicit-check-not=error:
// CHECK: error: an array attribute cannot hold elements of type 'index'

train.graph @g(%x: tensor<2x8xf32>) -> (loss: tensor<2x4xf32>) {
  %y = train.slice %x {offsets = array< index: 0, 0>, sizes = array<i64: 2, 4>, strides = array<i64: 1, 1>} : tensor<2x8xf32> -> tensor<2x4xf32>
  train.return %y : tensor<2x4xf32>
}
