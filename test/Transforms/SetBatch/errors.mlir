// RUN: train-opt --train-set-batch=batch=8 --split-input-file --verify-diagnostics %s
// RUN: not train-opt --train-set-batch=batch=-3 %S/batch.mlir 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// RUN: not train-opt --train-derive-programs --train-set-batch=batch=8 %S/batch.mlir 2>&1 | FileCheck %s --check-prefix=LATE
// NEGATIVE: the batch size must be positive, got -3
// LATE: has the old batch size: train-set-batch comes before programs are derived

// expected-error @+1 {{marks no batch dimension on its inputs: there is nothing to set}}
train.graph @g(%x: tensor<4xf32>) -> (loss: tensor<f32>) {
  %loss = train.reduce_sum %x over [0] : tensor<4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// -----

// An operand of the old batch size that no input explains.
train.param @bias : tensor<4x6xf32> init(#train.zeros)
train.graph @g(%x: tensor<4x6xf32> batch(0)) -> (loss: tensor<f32>) {
  %bias = train.read @bias : tensor<4x6xf32>
  // expected-error @+2 {{shapes do not broadcast: size 4 meets size 8 in dimension 0}}
  // expected-error @+1 {{the shapes of 'train.add' no longer fit after the batch size became 8 (it was 4)}}
  %y = train.add %x, %bias : tensor<4x6xf32>, tensor<4x6xf32> -> tensor<4x6xf32>
  %loss = train.reduce_sum %y over [0, 1] : tensor<4x6xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
