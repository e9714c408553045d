// What differentiation refuses, and what it remarks.
// RUN: train-opt --train-differentiate --split-input-file --verify-diagnostics %s

// An active op without a rule: the parameter behind it and the loss after it are shown.
train.param @w : tensor<4xf32> init(#train.zeros)
train.graph @g(%x: tensor<4xf32>) -> (loss: tensor<f32>) {
  // expected-note @+1 {{it depends on the trainable parameter @w, read here}}
  %w = train.read @w : tensor<4xf32>
  %y = train.tanh %w : tensor<4xf32>
  // expected-error @+1 {{'train.sum_squares' op has no adjoint rule, and the loss's derivative flows through it}}
  %s = train.sum_squares %y : tensor<4xf32> -> tensor<f32>
  // expected-note @+1 {{and the loss, computed here, depends on it}}
  %loss = train.exp %s : tensor<f32>
  train.return %loss : tensor<f32>
}

// -----

// The same op is no obstacle where nothing trainable reaches it.
train.param @w : tensor<f32> init(#train.zeros)
train.graph @g(%x: tensor<4xf32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<f32>
  %s = train.sum_squares %x : tensor<4xf32> -> tensor<f32>
  %loss = train.mul %w, %s : tensor<f32>, tensor<f32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// -----

// A parameter beside the loss is remarked.
train.param @w : tensor<f32> init(#train.zeros)
// expected-remark @+1 {{the loss does not depend on this parameter: it gets no gradient and is never updated}}
train.param @beside : tensor<f32> init(#train.zeros)
train.graph @g(%x: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<f32>
  %loss = train.mul %w, %x : tensor<f32>, tensor<f32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// -----

train.param @w : tensor<f32> init(#train.zeros) {frozen}
// expected-error @+1 {{trains nothing: the loss depends on none of the module's 0 trainable parameters}}
train.graph @g(%x: tensor<f32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<f32>
  %loss = train.mul %w, %x : tensor<f32>, tensor<f32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// -----

// expected-error @+1 {{'train.graph' op has no output named 'loss' to differentiate}}
train.graph @g(%x: tensor<f32>) -> (y: tensor<f32>) {
  train.return %x : tensor<f32>
}

// -----

// expected-error @+1 {{'train.graph' op can't become a step: the name 'step' is taken}}
train.graph @g(%x: tensor<f32>) -> (loss: tensor<f32>) {
  train.return %x : tensor<f32>
}
// expected-note @+1 {{it is defined here}}
train.param @step : tensor<f32> init(#train.zeros)

// -----

// Two batch_norms can't both decide what a state becomes.
train.param @gamma : tensor<3xf32> init(#train.constant<1.0>)
train.param @beta : tensor<3xf32> init(#train.zeros)
train.state statistic @mean : tensor<3xf32> init(#train.zeros)
train.state statistic @var : tensor<3xf32> init(#train.constant<1.0>)
train.graph @g(%x: tensor<2x3xf32> batch(0)) -> (loss: tensor<f32>) {
  %gamma = train.read @gamma : tensor<3xf32>
  %beta = train.read @beta : tensor<3xf32>
  // expected-note @+1 {{the other op is here}}
  %y, %m, %v = train.batch_norm %x, %gamma, %beta running(@mean, @var) {eps = 1.0e-5 : f64, momentum = 0.1 : f64}
    : tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>
  // expected-error @+1 {{updates the state @mean, which another op updates already}}
  %z, %m2, %v2 = train.batch_norm %y, %gamma, %beta running(@mean, @var) {eps = 1.0e-5 : f64, momentum = 0.1 : f64}
    : tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>
  %loss = train.reduce_sum %z over [0, 1] : tensor<2x3xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
