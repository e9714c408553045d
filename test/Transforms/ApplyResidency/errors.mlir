// Plans that can't be obeyed.
// RUN: train-opt --train-apply-residency --split-input-file --verify-diagnostics %s

train.step @none(%x: tensor<4xf32>) -> (a: tensor<4xf32>) {
  // expected-error @+1 {{is to recompute op 7, the block has ops 0 to 0 before its terminator}}
  %a = train.tanh %x {train.recompute_before = [#train.recompute<op = 7>]} : tensor<4xf32>
  train.return %a : tensor<4xf32>
}

// -----

train.step @later(%x: tensor<4xf32>) -> (a: tensor<4xf32>) {
  // expected-error @+1 {{is to recompute op 1, which is not computed yet}}
  %a = train.tanh %x {train.recompute_before = [#train.recompute<op = 1>]} : tensor<4xf32>
  // expected-note @+1 {{this op}}
  %b = train.tanh %a : tensor<4xf32>
  train.return %b : tensor<4xf32>
}

// -----

train.param @w : tensor<4xf32> init(#train.zeros)
train.step @update(%x: tensor<4xf32>, %lr: tensor<f32> learning_rate) -> (a: tensor<4xf32>) {
  %w = train.read @w : tensor<4xf32>
  // expected-note @+1 {{this op}}
  %n = train.sgd %w, %x, lr %lr {weight_decay = 0.0 : f64} : tensor<4xf32>, tensor<4xf32>, tensor<f32>
  // expected-error @+1 {{is to recompute op 1, which overwrites its operand}}
  %b = train.tanh %x {train.recompute_before = [#train.recompute<op = 1>]} : tensor<4xf32>
  train.write @w, %n : tensor<4xf32>
  train.return %b : tensor<4xf32>
}

// -----

train.step @part(%x: tensor<4xf32>) -> (a: tensor<4xf32>) {
  // expected-note @+1 {{this op}}
  %a = train.tanh %x : tensor<4xf32>
  // expected-error @+1 {{is to recompute op 0, which is no fusion, so that all its results are computed together}}
  %b = train.tanh %a {train.recompute_before = [#train.recompute<op = 0, results = [0]>]} : tensor<4xf32>
  train.return %b : tensor<4xf32>
}

// -----

train.step @number(%x: tensor<4xf32>) -> (a: tensor<4xf32>) {
  // expected-note @+1 {{this op}}
  %a = train.fusion (%p = %x : tensor<4xf32>) -> tensor<4xf32> {
    %t = train.tanh %p : tensor<4xf32>
    train.yield %t : tensor<4xf32>
  }
  // expected-error @+1 {{is to recompute op 0, which has results 0 to 0, each named once, not 3}}
  %b = train.tanh %a {train.recompute_before = [#train.recompute<op = 0, results = [0], from = [3]>]} : tensor<4xf32>
  train.return %b : tensor<4xf32>
}

// -----

train.step @kind(%x: tensor<4xf32>) -> (a: tensor<4xf32>) {
  // expected-error @+1 {{attribute 'train.recompute_before' must be an array of #train.recompute, got 3 : i64}}
  %b = train.tanh %x {train.recompute_before = 3} : tensor<4xf32>
  train.return %b : tensor<4xf32>
}
