// Every way to get a loss scale wrong, with the place where it goes wrong and the place where the scale came in.
// RUN: train-opt --train-verify-scales --split-input-file --verify-diagnostics %s

// Stepping on scaled gradients: nobody unscales.
module attributes {train.stage = #train<stage step>} {
train.param @w : tensor<4xf32> init(#train.zeros)
train.step @step(%x: tensor<4xf32>, %apply: tensor<i1>, %lr: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %seed = train.constant dense<1.0> : tensor<f32>
  %scale = train.constant dense<1024.0> : tensor<f32>
  // expected-note @+1 {{the scale comes in here}}
  %l = train.scale_loss %seed, %scale : tensor<f32>, tensor<f32>
  %g = train.mul %x, %l : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  // expected-error @+1 {{updates parameters with gradients that still carry the loss scale}}
  %n = train.sgd %w, %g, lr %lr apply %apply : tensor<i1> {weight_decay = 0.0 : f64} : tensor<4xf32>, tensor<4xf32>, tensor<f32>
  train.write @w, %n : tensor<4xf32>
  train.return %seed : tensor<f32>
}
}

// -----

// Clipping scaled gradients: the norm is 1024 times too large. Unscaling them later does not mend it.
module attributes {train.stage = #train<stage step>} {
train.param @w : tensor<4xf32> init(#train.zeros)
train.step @step(%x: tensor<4xf32>, %apply: tensor<i1>, %lr: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %seed = train.constant dense<1.0> : tensor<f32>
  %scale = train.constant dense<1024.0> : tensor<f32>
  // expected-note @+1 {{the scale comes in here}}
  %l = train.scale_loss %seed, %scale : tensor<f32>, tensor<f32>
  %g = train.mul %x, %l : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %s = train.sum_squares %g : tensor<4xf32> -> tensor<f32>
  // expected-error @+1 {{clips by a norm of gradients that carry the loss scale to the power of 2}}
  %c, %norm = train.clip_coefficient %s {max_norm = 1.0 : f64} : tensor<f32> -> tensor<f32>, tensor<f32>
  %u = train.unscale %g, %scale : tensor<4xf32>, tensor<f32>
  %n = train.sgd %w, %u, lr %lr scale %c : tensor<f32> apply %apply : tensor<i1> {weight_decay = 0.0 : f64} : tensor<4xf32>, tensor<4xf32>, tensor<f32>
  train.write @w, %n : tensor<4xf32>
  train.return %seed : tensor<f32>
}
}

// -----

// Unscaling twice.
module attributes {train.stage = #train<stage step>} {
train.param @w : tensor<4xf32> init(#train.zeros)
train.step @step(%x: tensor<4xf32>, %apply: tensor<i1>, %lr: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %seed = train.constant dense<1.0> : tensor<f32>
  %scale = train.constant dense<1024.0> : tensor<f32>
  %l = train.scale_loss %seed, %scale : tensor<f32>, tensor<f32>
  %g = train.mul %x, %l : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %u = train.unscale %g, %scale : tensor<4xf32>, tensor<f32>
  // expected-note @+1 {{it is divided by the scale here}}
  %v = train.unscale %u, %scale : tensor<4xf32>, tensor<f32>
  // expected-error @+1 {{updates parameters with gradients that were divided by the loss scale once too often}}
  %n = train.sgd %w, %v, lr %lr apply %apply : tensor<i1> {weight_decay = 0.0 : f64} : tensor<4xf32>, tensor<4xf32>, tensor<f32>
  train.write @w, %n : tensor<4xf32>
  train.return %seed : tensor<f32>
}
}

// -----

// Unscaling once, and once more by the factor of the update.
module attributes {train.stage = #train<stage step>} {
train.param @w : tensor<4xf32> init(#train.zeros)
train.step @step(%x: tensor<4xf32>, %apply: tensor<i1>, %lr: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %seed = train.constant dense<1.0> : tensor<f32>
  %scale = train.constant dense<1024.0> : tensor<f32>
  %l = train.scale_loss %seed, %scale : tensor<f32>, tensor<f32>
  %g = train.mul %x, %l : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %u = train.unscale %g, %scale : tensor<4xf32>, tensor<f32>
  // expected-note @+1 {{it is divided by the scale here}}
  %i = train.div %seed, %scale : tensor<f32>, tensor<f32> -> tensor<f32>
  // expected-error @+1 {{updates parameters with gradients that were divided by the loss scale once too often}}
  %n = train.sgd %w, %u, lr %lr scale %i : tensor<f32> apply %apply : tensor<i1> {weight_decay = 0.0 : f64} : tensor<4xf32>, tensor<4xf32>, tensor<f32>
  train.write @w, %n : tensor<4xf32>
  train.return %seed : tensor<f32>
}
}

// -----

// Unscaling what was never scaled.
module attributes {train.stage = #train<stage step>} {
train.param @w : tensor<4xf32> init(#train.zeros)
train.step @step(%x: tensor<4xf32>, %lr: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %scale = train.constant dense<1024.0> : tensor<f32>
  // expected-note @+1 {{it is divided by the scale here}}
  %u = train.unscale %x, %scale : tensor<4xf32>, tensor<f32>
  // expected-error @+1 {{updates parameters with gradients that were divided by the loss scale once too often}}
  %n = train.sgd %w, %u, lr %lr {weight_decay = 0.0 : f64} : tensor<4xf32>, tensor<4xf32>, tensor<f32>
  train.write @w, %n : tensor<4xf32>
  train.return %scale : tensor<f32>
}
}

// -----

// A scale that lives across steps and is never updated.
module attributes {train.stage = #train<stage step>} {
train.param @w : tensor<4xf32> init(#train.zeros)
// expected-error @+1 {{is a loss scale that the step never updates: write what train.update_scale returns, or use a constant as a static scale}}
train.state other @scale : tensor<f32> init(#train.constant<65536.0>)
train.step @step(%x: tensor<4xf32>, %apply: tensor<i1>, %lr: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %seed = train.constant dense<1.0> : tensor<f32>
  %scale = train.read @scale : tensor<f32>
  // expected-note @+1 {{it is used as a scale here}}
  %l = train.scale_loss %seed, %scale : tensor<f32>, tensor<f32>
  %g = train.mul %x, %l : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %u = train.unscale %g, %scale : tensor<4xf32>, tensor<f32>
  %n = train.sgd %w, %u, lr %lr apply %apply : tensor<i1> {weight_decay = 0.0 : f64} : tensor<4xf32>, tensor<4xf32>, tensor<f32>
  train.write @w, %n : tensor<4xf32>
  train.return %seed : tensor<f32>
}
}

// -----

// A penalty that is added to the scaled gradient.
module attributes {train.stage = #train<stage step>} {
train.param @w : tensor<4xf32> init(#train.zeros)
train.step @step(%x: tensor<4xf32>, %apply: tensor<i1>, %lr: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %seed = train.constant dense<1.0> : tensor<f32>
  %scale = train.constant dense<1024.0> : tensor<f32>
  // expected-note @+1 {{the scale comes in here}}
  %l = train.scale_loss %seed, %scale : tensor<f32>, tensor<f32>
  %g = train.mul %x, %l : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  // expected-error @+1 {{mixes values that still carry the loss scale with values that carry no loss scale}}
  %p = train.add %g, %w : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %u = train.unscale %p, %scale : tensor<4xf32>, tensor<f32>
  %n = train.sgd %w, %u, lr %lr apply %apply : tensor<i1> {weight_decay = 0.0 : f64} : tensor<4xf32>, tensor<4xf32>, tensor<f32>
  train.write @w, %n : tensor<4xf32>
  train.return %seed : tensor<f32>
}
}

// -----

// A product of two scaled values, and something not linear of one.
module attributes {train.stage = #train<stage step>} {
train.param @w : tensor<4x4xf32> init(#train.zeros)
train.step @step(%x: tensor<4x4xf32>, %apply: tensor<i1>, %lr: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4x4xf32>
  %seed = train.constant dense<1.0> : tensor<f32>
  %scale = train.constant dense<1024.0> : tensor<f32>
  // expected-note @+1 {{the scale comes in here}}
  %l = train.scale_loss %seed, %scale : tensor<f32>, tensor<f32>
  %g = train.mul %x, %l : tensor<4x4xf32>, tensor<f32> -> tensor<4x4xf32>
  // expected-error @+1 {{is not linear in values that still carry the loss scale}}
  %e = train.exp %g : tensor<4x4xf32>
  %h = train.matmul %g, %g : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
  %u = train.unscale %h, %scale : tensor<4x4xf32>, tensor<f32>
  // expected-error @+1 {{updates parameters with gradients that still carry the loss scale}}
  %n = train.sgd %w, %u, lr %lr apply %apply : tensor<i1> {weight_decay = 0.0 : f64} : tensor<4x4xf32>, tensor<4x4xf32>, tensor<f32>
  train.write @w, %n : tensor<4x4xf32>
  train.return %seed : tensor<f32>
}
}

// -----

// Micro-batches: the accumulator starts as zeros, which carry every scale.
module attributes {train.stage = #train<stage step>} {
train.param @w : tensor<4xf32> init(#train.zeros)
train.step @step(%x: tensor<2x4xf32>, %apply: tensor<i1>, %lr: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %seed = train.constant dense<0.5> : tensor<f32>
  %zeros = train.constant dense<0.0> : tensor<4xf32>
  %scale = train.constant dense<1024.0> : tensor<f32>
  // expected-note @+1 {{the scale comes in here}}
  %l = train.scale_loss %seed, %scale : tensor<f32>, tensor<f32>
  %r = train.microbatch 2 streams(%m = %x : tensor<4xf32>) carry(%acc = %zeros : tensor<4xf32>) {
    %g = train.mul %m, %l : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
    %s = train.add %acc, %g : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
    train.yield %s : tensor<4xf32>
  }
  // expected-error @+1 {{updates parameters with gradients that still carry the loss scale}}
  %n = train.sgd %w, %r, lr %lr apply %apply : tensor<i1> {weight_decay = 0.0 : f64} : tensor<4xf32>, tensor<4xf32>, tensor<f32>
  train.write @w, %n : tensor<4xf32>
  train.return %seed : tensor<f32>
}
}

// -----

// A scaled value must not outlive its scale.
module attributes {train.stage = #train<stage step>} {
train.state other @s : tensor<f32> init(#train.zeros)
train.step @step(%x: tensor<f32>) -> (loss: tensor<f32>) {
  %scale = train.constant dense<1024.0> : tensor<f32>
  // expected-note @+1 {{the scale comes in here}}
  %l = train.scale_loss %x, %scale : tensor<f32>, tensor<f32>
  // expected-error @+1 {{writes values to @s that still carry the loss scale, and will be read under another one}}
  train.write @s, %l : tensor<f32>
  train.return %x : tensor<f32>
}
}

// -----

// What is infinite in f16 whatever the data.
module attributes {train.stage = #train<stage step>} {
train.step @step(%x: tensor<f16>) -> (loss: tensor<f16>) {
  %c = train.constant dense<12.0> : tensor<f16>
  // expected-error @+1 {{is certain to overflow in f16, whose largest number is 65504: it computes 162755}}
  %e = train.exp %c : tensor<f16>
  %l = train.mul %x, %e : tensor<f16>, tensor<f16> -> tensor<f16>
  train.return %l : tensor<f16>
}
}
