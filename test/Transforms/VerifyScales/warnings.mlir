// What may work and most likely does not.
// RUN: train-opt --train-verify-scales --split-input-file --verify-diagnostics %s

// A step that overflowed has to be skipped.
module attributes {train.stage = #train<stage step>} {
train.param @w : tensor<4xf32> init(#train.zeros)
train.step @step(%x: tensor<4xf32>, %lr: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %seed = train.constant dense<1.0> : tensor<f32>
  %scale = train.constant dense<1024.0> : tensor<f32>
  // expected-note @+1 {{the loss is scaled here}}
  %l = train.scale_loss %seed, %scale : tensor<f32>, tensor<f32>
  %g = train.mul %x, %l : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %u = train.unscale %g, %scale : tensor<4xf32>, tensor<f32>
  // expected-warning @+1 {{updates parameters even where the scaled gradients overflow: it has no `apply` from train.check_finite}}
  %n = train.sgd %w, %u, lr %lr {weight_decay = 0.0 : f64} : tensor<4xf32>, tensor<4xf32>, tensor<f32>
  train.write @w, %n : tensor<4xf32>
  train.return %seed : tensor<f32>
}
}

// -----

// f16 without a loss scale, and a sum of squares in f16.
module attributes {train.stage = #train<stage step>} {
train.param @w : tensor<4x4xf16> init(#train.zeros)
train.step @step(%x: tensor<4x4xf16>, %lr: tensor<f32>) -> (loss: tensor<f16>) {
  %w = train.read @w : tensor<4x4xf16>
  // expected-warning @+1 {{computes in f16, and the step has no loss scale: gradients below 6e-8 become zero}}
  %g = train.matmul %x, %w : tensor<4x4xf16>, tensor<4x4xf16> -> tensor<4x4xf16>
  %q = train.mul %g, %g : tensor<4x4xf16>, tensor<4x4xf16> -> tensor<4x4xf16>
  // expected-warning @+1 {{reduces 16 elements to 1 in f16, where everything beyond 65504 is infinite: reduce in f32}}
  %l = train.reduce_sum %q over [0, 1] : tensor<4x4xf16> -> tensor<f16>
  %n = train.sgd %w, %g, lr %lr {weight_decay = 0.0 : f64} : tensor<4x4xf16>, tensor<4x4xf16>, tensor<f32>
  train.write @w, %n : tensor<4x4xf16>
  train.return %l : tensor<f16>
}
}

// -----

// Micro-batches that are summed by hand, and not averaged.
module attributes {train.stage = #train<stage step>} {
train.param @w : tensor<4xf32> init(#train.zeros)
train.step @step(%x: tensor<3x4xf32>, %lr: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %two = train.constant dense<2.0> : tensor<f32>
  %zeros = train.constant dense<0.0> : tensor<4xf32>
  // expected-warning @+1 {{sums the gradients of 3 micro-batches, and nothing divides them by 3: the step is as many times too long}}
  %r = train.microbatch 3 streams(%m = %x : tensor<4xf32>) carry(%acc = %zeros : tensor<4xf32>) {
    %g = train.mul %m, %two : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
    %s = train.add %acc, %g : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
    train.yield %s : tensor<4xf32>
  }
  // expected-note @+1 {{the sum is applied here}}
  %n = train.sgd %w, %r, lr %lr {weight_decay = 0.0 : f64} : tensor<4xf32>, tensor<4xf32>, tensor<f32>
  train.write @w, %n : tensor<4xf32>
  train.return %two : tensor<f32>
}
}

// -----

// The same with a mean is right, in the loop or behind it.
module attributes {train.stage = #train<stage step>} {
train.param @w : tensor<4xf32> init(#train.zeros)
train.step @step(%x: tensor<3x4xf32>, %lr: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %three = train.constant dense<3.0> : tensor<f32>
  %zeros = train.constant dense<0.0> : tensor<4xf32>
  %r = train.microbatch 3 streams(%m = %x : tensor<4xf32>) carry(%acc = %zeros : tensor<4xf32>) {
    %s = train.add %acc, %m : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
    train.yield %s : tensor<4xf32>
  }
  %mean = train.div %r, %three : tensor<4xf32>, tensor<f32> -> tensor<4xf32>
  %n = train.sgd %w, %mean, lr %lr {weight_decay = 0.0 : f64} : tensor<4xf32>, tensor<4xf32>, tensor<f32>
  train.write @w, %n : tensor<4xf32>
  train.return %three : tensor<f32>
}
}

// -----

// A scale inside of the model's forward pass, as its author sees fit, has derivatives that were divided first.
module attributes {train.stage = #train<stage step>} {
train.param @w : tensor<4xf32> init(#train.zeros)
train.step @step(%x: tensor<4xf32>, %apply: tensor<i1>, %lr: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %scale = train.constant dense<1024.0> : tensor<f32>
  %d = train.unscale %x, %scale : tensor<4xf32>, tensor<f32>
  %g = train.scale_loss %d, %scale : tensor<4xf32>, tensor<f32>
  %n = train.sgd %w, %g, lr %lr apply %apply : tensor<i1> {weight_decay = 0.0 : f64} : tensor<4xf32>, tensor<4xf32>, tensor<f32>
  train.write @w, %n : tensor<4xf32>
  train.return %scale : tensor<f32>
}
}
