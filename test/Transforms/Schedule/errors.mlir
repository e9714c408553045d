// A value that has to be read before and after it is overwritten has no order.
// RUN: train-opt --train-schedule --split-input-file --verify-diagnostics %s

train.param @w : tensor<4x4xf32> init(#train.zeros)
train.step @step(%g: tensor<4x4xf32>, %lr: tensor<f32> learning_rate) -> (y: tensor<4x4xf32>) {
  // expected-note @+1 {{the value is computed here}}
  %w = train.read @w : tensor<4x4xf32>
  // expected-note @+1 {{they are overwritten here}}
  %n = train.sgd %w, %g, lr %lr {weight_decay = 0.0 : f64} : tensor<4x4xf32>, tensor<4x4xf32>, tensor<f32>
  // expected-error @+1 {{'train.matmul' op reads a value whose bytes are overwritten by then}}
  %y = train.matmul %n, %w : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  train.write @w, %n : tensor<4x4xf32>
  train.return %y : tensor<4x4xf32>
}

// -----

train.param @w : tensor<4x4xf32> init(#train.zeros)
train.step @step(%g: tensor<4x4xf32>, %lr: tensor<f32> learning_rate) -> (y: tensor<4x4xf32>) {
  %w = train.read @w : tensor<4x4xf32>
  // expected-error @+1 {{overwrites @w, which the program does not write}}
  %n = train.sgd %w, %g, lr %lr {weight_decay = 0.0 : f64} : tensor<4x4xf32>, tensor<4x4xf32>, tensor<f32>
  train.return %n : tensor<4x4xf32>
}

// -----

train.step @step(%x: tensor<4xf32>) -> (y: tensor<4xf32>) {
  // expected-error @+1 {{has to be inlined before memory can be accounted for}}
  %y = train.layer "l" -> tensor<4xf32> {
    train.yield %x : tensor<4xf32>
  }
  train.return %y : tensor<4xf32>
}
