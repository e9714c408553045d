// A module that has parameters and nothing to train.
// RUN: not train-compile %s -o %t 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t
// CHECK: no-graph.mlir: error: there is no train.graph to derive programs from

train.param @w : tensor<2xf32> init(#train.zeros)
