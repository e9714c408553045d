// RUN: train-opt --train-accumulate=count=2 --split-input-file --verify-diagnostics %s
// RUN: not train-opt --train-differentiate --train-accumulate=count=0 %S/loop.mlir 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not train-opt --train-differentiate --train-accumulate=count=2 --train-accumulate=count=2 %S/loop.mlir 2>&1 | FileCheck %s --check-prefix=TWICE
// ZERO: the number of micro-batches must be at least 1, got 0
// TWICE: has 2 micro-batches already

// expected-error @+1 {{there is no train.step to accumulate in}}
module {
}

// -----

// expected-error @+1 {{has no gradients to accumulate}}
train.step @step(%x: tensor<f32>) -> (loss: tensor<f32>) {
  train.return %x : tensor<f32>
}
