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

// -----

// A product is a library call: nothing goes into it.
train.step @library(%x: tensor<4x4xf32>) -> (a: tensor<4x4xf32>) {
  // expected-note @+1 {{this op}}
  %a = train.tanh %x : tensor<4x4xf32>
  // expected-error @+1 {{is to recompute op 0, which this op can't compute in its own kernel}}
  %b = train.matmul %a, %x {train.sink = [#train.recompute<op = 0>]} : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  train.return %b : tensor<4x4xf32>
}

// -----

train.step @unread(%x: tensor<4xf32>) -> (a: tensor<4xf32>) {
  // expected-note @+1 {{this op}}
  %a = train.tanh %x : tensor<4xf32>
  // expected-error @+1 {{is to recompute op 0, which this op does not read}}
  %b = train.tanh %x {train.sink = [#train.recompute<op = 0>]} : tensor<4xf32>
  %c = train.add %a, %b : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  train.return %c : tensor<4xf32>
}

// -----

// What every reader computes itself is gone.
train.step @gone(%x: tensor<4xf32>) -> (a: tensor<4xf32>, b: tensor<4xf32>) {
  %a = train.tanh %x : tensor<4xf32>
  %b = train.tanh %a {train.sink = [#train.recompute<op = 0>]} : tensor<4xf32>
  // expected-error @+1 {{is to recompute op 0, which nobody reads any more, because all who did compute it themselves}}
  %c = train.tanh %x {train.recompute_before = [#train.recompute<op = 0>]} : tensor<4xf32>
  train.return %b, %c : tensor<4xf32>, tensor<4xf32>
}

// -----

train.step @inside(%x: tensor<4xf32>) -> (a: tensor<4xf32>) {
  // expected-note @+1 {{this op}}
  %a = train.tanh %x : tensor<4xf32>
  // expected-error @+1 {{is to recompute op 0, which is to sink what is no #train.recompute of an op before it}}
  %b = train.tanh %a {train.recompute_before = [#train.recompute<op = 0, sink = [3]>]} : tensor<4xf32>
  train.return %b : tensor<4xf32>
}

// -----

train.step @form(%x: tensor<2x4xf32>, %g: tensor<4xf32>, %b: tensor<4xf32>) -> (m: tensor<4xf32>, a: tensor<2x4xf32>) {
  // expected-note @+1 {{this op}}
  %y, %m, %v = train.batch_norm %x, %g, %b {eps = 1.0e-5 : f64, momentum = 0.1 : f64} : tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>
  // expected-error @+1 {{is to recompute op 0, which computes nothing but its result 0 from its other results}}
  %a = train.tanh %y {train.recompute_before = [#train.recompute<op = 0, results = [1]>]} : tensor<2x4xf32>
  train.return %m, %a : tensor<4xf32>, tensor<2x4xf32>
}

// -----

train.step @plain(%x: tensor<4xf32>) -> (a: tensor<4xf32>) {
  // expected-note @+1 {{this op}}
  %a = train.tanh %x : tensor<4xf32>
  // expected-error @+1 {{is to recompute op 0, which names no float type in 'train.compress_to'}}
  %b = train.tanh %a {train.recompute_before = [#train.recompute<op = 0, results = [0], from = [0]>]} : tensor<4xf32>
  train.return %b : tensor<4xf32>
}

// -----

train.step @wider(%x: tensor<4xf32>) -> (a: tensor<4xf32>) {
  // expected-note @+1 {{this op}}
  %a = train.tanh %x {train.compress_to = f64} : tensor<4xf32>
  // expected-error @+1 {{is to recompute op 0, which has a result of tensor<4xf32>, of which there is no smaller copy with elements of f64}}
  %b = train.tanh %a {train.recompute_before = [#train.recompute<op = 0, results = [0], from = [0]>]} : tensor<4xf32>
  train.return %b : tensor<4xf32>
}

// -----

train.step @undivided(%x: tensor<3x20xf32>) -> (a: tensor<3x20xf32>) {
  // expected-note @+1 {{this op}}
  %a = train.tanh %x {train.compress_to = f8E4M3FN} : tensor<3x20xf32>
  // expected-error @+1 {{is to recompute op 0, which has a result of tensor<3x20xf32>, of which there is no smaller copy with elements of f8E4M3FN}}
  %b = train.tanh %a {train.recompute_before = [#train.recompute<op = 0, results = [0], from = [0]>]} : tensor<3x20xf32>
  train.return %b : tensor<3x20xf32>
}

// -----

// Scales are no elements, and blocks hold nothing wider than f32.
train.step @scales(%x: tensor<64xf32>) -> (a: tensor<64xf32>) {
  // expected-note @+1 {{this op}}
  %a = train.tanh %x {train.compress_to = f8E8M0FNU} : tensor<64xf32>
  // expected-error @+1 {{is to recompute op 0, which has a result of tensor<64xf32>, of which there is no smaller copy with elements of f8E8M0FNU}}
  %b = train.tanh %a {train.recompute_before = [#train.recompute<op = 0, results = [0], from = [0]>]} : tensor<64xf32>
  train.return %b : tensor<64xf32>
}

// -----

train.step @double(%x: tensor<64xf64>) -> (a: tensor<64xf64>) {
  // expected-note @+1 {{this op}}
  %a = train.tanh %x {train.compress_to = f4E2M1FN} : tensor<64xf64>
  // expected-error @+1 {{is to recompute op 0, which has a result of tensor<64xf64>, of which there is no smaller copy with elements of f4E2M1FN}}
  %b = train.tanh %a {train.recompute_before = [#train.recompute<op = 0, results = [0], from = [0]>]} : tensor<64xf64>
  train.return %b : tensor<64xf64>
}

// -----

train.step @absent(%x: tensor<4xf32>) -> (a: tensor<4xf32>) {
  // expected-note @+1 {{this op}}
  %a = train.tanh %x {train.compress_to = bf16} : tensor<4xf32>
  // expected-error @+1 {{is to recompute op 0, which has no single result of that number to copy}}
  %b = train.tanh %a {train.recompute_before = [#train.recompute<op = 0, results = [2], from = [2]>]} : tensor<4xf32>
  train.return %b : tensor<4xf32>
}

// -----

train.step @early(%x: tensor<4xf32>) -> (a: tensor<4xf32>) {
  // expected-error @+1 {{is to recompute op 1, which is not computed yet}}
  %a = train.tanh %x {train.recompute_before = [#train.recompute<op = 1, results = [0], from = [0]>]} : tensor<4xf32>
  // expected-note @+1 {{this op}}
  %b = train.tanh %a {train.compress_to = bf16} : tensor<4xf32>
  train.return %b : tensor<4xf32>
}

// -----

// A sum over rows walks them as one dimension, so that what is one for each of some of them can't be taken in.
train.step @broadcast(%x: tensor<2x4x8xf32>, %p: tensor<4x8xf32>, %dy: tensor<2x4x8xf32>, %r: tensor<2x4xf32>) -> (a: tensor<8xf32>, b: tensor<8xf32>) {
  // expected-note @+1 {{this op}}
  %s = train.add %x, %p : tensor<2x4x8xf32>, tensor<4x8xf32> -> tensor<2x4x8xf32>
  // expected-error @+1 {{is to recompute op 0, which this op can't compute in its own kernel}}
  %dg, %db = train.layer_norm_param_grad %dy, %s, %r, %r {train.sink = [#train.recompute<op = 0>]} : tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>, tensor<2x4xf32> -> tensor<8xf32>, tensor<8xf32>
  train.return %dg, %db : tensor<8xf32>, tensor<8xf32>
}
