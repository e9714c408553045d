// A derivative through a residual is refused where it is asked for.
// RUN: train-opt %s --train-differentiate --verify-diagnostics --split-input-file

train.param @w : tensor<2x3xf32> init(#train.zeros)
train.graph @g(%labels: tensor<2xi32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<2x3xf32>
  // expected-error @below {{'train.cross_entropy' op has no derivative with respect to result 1; only result 0 is differentiable}}
  %mean, %lse, %count = train.cross_entropy %w, %labels : tensor<2x3xf32>, tensor<2xi32> -> tensor<f32>, tensor<2xf32>, tensor<f32>
  %loss = train.reduce_sum %lse over [0] : tensor<2xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// -----

train.param @scale : tensor<f32> init(#train.constant<2.0>)
train.graph @g(%x: tensor<2xf32> batch(0)) -> (loss: tensor<f32>) {
  %scale = train.read @scale : tensor<f32>
  // expected-error @below {{'train.unscale' op has no derivative with respect to the loss scale}}
  %y = train.unscale %x, %scale : tensor<2xf32>, tensor<f32>
  %loss = train.reduce_sum %y over [0] : tensor<2xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
