// One case per constraint of the Reduction family, under the label that docs/language.md gives it.
// RUN: train-opt --split-input-file --verify-diagnostics %s

// train.reduce_sum C1
train.graph @g(%x: tensor<4x64xf32>) {
  // expected-error@+2 {{dims must be in [0, 2), got 2}}
  // expected-error@+1 {{failed to infer returned types}}
  %s = train.reduce_sum %x over [2] : tensor<4x64xf32> -> tensor<4xf32>
  train.return
}

// -----

// train.reduce_sum C1
train.graph @g(%x: tensor<4x64xf32>) {
  // expected-error@+2 {{dims must be distinct and ascending, got [1, 0]}}
  // expected-error@+1 {{failed to infer returned types}}
  %s = train.reduce_sum %x over [1, 0] : tensor<4x64xf32> -> tensor<f32>
  train.return
}

// -----

// train.reduce_mean C1
train.graph @g(%x: tensor<4x64xf32>) {
  // expected-error@+2 {{dims must be in [0, 2), got 2}}
  // expected-error@+1 {{failed to infer returned types}}
  %s = train.reduce_mean %x over [2] : tensor<4x64xf32> -> tensor<4xf32>
  train.return
}

// -----

// train.reduce_mean C1
train.graph @g(%x: tensor<4x64xf32>) {
  // expected-error@+2 {{dims must be distinct and ascending, got [1, 0]}}
  // expected-error@+1 {{failed to infer returned types}}
  %s = train.reduce_mean %x over [1, 0] : tensor<4x64xf32> -> tensor<f32>
  train.return
}

// -----

// train.reduce_max C1
train.graph @g(%x: tensor<4x64xf32>) {
  // expected-error@+2 {{dims must be in [0, 2), got 2}}
  // expected-error@+1 {{failed to infer returned types}}
  %s = train.reduce_max %x over [2] : tensor<4x64xf32> -> tensor<4xf32>
  train.return
}

// -----

// train.reduce_max C1
train.graph @g(%x: tensor<4x64xf32>) {
  // expected-error@+2 {{dims must be distinct and ascending, got [1, 0]}}
  // expected-error@+1 {{failed to infer returned types}}
  %s = train.reduce_max %x over [1, 0] : tensor<4x64xf32> -> tensor<f32>
  train.return
}

// -----

// train.softmax C1
train.graph @g(%x: tensor<f32>) {
  // expected-error@+1 {{needs an operand of rank 1 or more, got rank 0}}
  %y = train.softmax %x : tensor<f32>
  train.return
}

// -----

// train.log_softmax C1
train.graph @g(%x: tensor<f32>) {
  // expected-error@+1 {{needs an operand of rank 1 or more, got rank 0}}
  %y = train.log_softmax %x : tensor<f32>
  train.return
}

// -----

// train.layer_norm C1
train.graph @g(%x: tensor<4x16x64xf32>, %gamma: tensor<64xf32>, %beta: tensor<32xf32>) {
  // expected-error@+2 {{beta must have shape [64], got [32]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y, %mean, %rstd = train.layer_norm %x, %gamma, %beta {eps = 0.0 : f64} : tensor<4x16x64xf32>, tensor<64xf32>, tensor<32xf32> -> tensor<4x16x64xf32>, tensor<4x16xf32>, tensor<4x16xf32>
  train.return
}

// -----

// train.layer_norm C2
train.graph @g(%x: tensor<4x16x64xf32>, %gamma: tensor<64xf32>) {
  // expected-error@+2 {{eps must be finite and not negative, got -1.0}}
  // expected-error@+1 {{failed to infer returned types}}
  %y, %mean, %rstd = train.layer_norm %x, %gamma, %gamma {eps = -1.0 : f64} : tensor<4x16x64xf32>, tensor<64xf32>, tensor<64xf32> -> tensor<4x16x64xf32>, tensor<4x16xf32>, tensor<4x16xf32>
  train.return
}

// -----

// train.layer_norm_backward C1
train.graph @g(%x: tensor<4x16x64xf32>, %gamma: tensor<64xf32>, %mean: tensor<4x16xf32>, %rstd: tensor<4xf32>) {
  // expected-error@+2 {{rstd must be 'tensor<4x16xf32>', got 'tensor<4xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %dx = train.layer_norm_backward %x, %x, %gamma, %mean, %rstd : tensor<4x16x64xf32>, tensor<4x16x64xf32>, tensor<64xf32>, tensor<4x16xf32>, tensor<4xf32> -> tensor<4x16x64xf32>
  train.return
}

// -----

// train.layer_norm_param_grad C1
train.graph @g(%dy: tensor<4x64xf32>, %x: tensor<4x16x64xf32>, %mean: tensor<4x16xf32>) {
  // expected-error@+2 {{dy must have shape [4, 16, 64], got [4, 64]}}
  // expected-error@+1 {{failed to infer returned types}}
  %dgamma, %dbeta = train.layer_norm_param_grad %dy, %x, %mean, %mean : tensor<4x64xf32>, tensor<4x16x64xf32>, tensor<4x16xf32>, tensor<4x16xf32> -> tensor<64xf32>, tensor<64xf32>
  train.return
}

// -----

// train.rms_norm C1
train.graph @g(%x: tensor<f32>, %gamma: tensor<1xf32>) {
  // expected-error@+2 {{needs x of rank 1 or more, got rank 0}}
  // expected-error@+1 {{failed to infer returned types}}
  %y, %rstd = train.rms_norm %x, %gamma {eps = 0.0 : f64} : tensor<f32>, tensor<1xf32> -> tensor<f32>, tensor<f32>
  train.return
}

// -----

// train.rms_norm C2
train.graph @g(%x: tensor<4x16x64xf32>, %gamma: tensor<64xf32>) {
  // expected-error@+2 {{eps must be finite and not negative}}
  // expected-error@+1 {{failed to infer returned types}}
  %y, %rstd = train.rms_norm %x, %gamma {eps = 0x7FF8000000000000 : f64} : tensor<4x16x64xf32>, tensor<64xf32> -> tensor<4x16x64xf32>, tensor<4x16xf32>
  train.return
}

// -----

// train.rms_norm_backward C1
train.graph @g(%x: tensor<4x16x64xf32>, %gamma: tensor<16xf32>, %rstd: tensor<4x16xf32>) {
  // expected-error@+2 {{gamma must have shape [64], got [16]}}
  // expected-error@+1 {{failed to infer returned types}}
  %dx = train.rms_norm_backward %x, %x, %gamma, %rstd : tensor<4x16x64xf32>, tensor<4x16x64xf32>, tensor<16xf32>, tensor<4x16xf32> -> tensor<4x16x64xf32>
  train.return
}

// -----

// train.rms_norm_param_grad C1
train.graph @g(%x: tensor<4x16x64xf32>, %rstd: tensor<4x16xf64>) {
  // expected-error@+2 {{rstd must be 'tensor<4x16xf32>', got 'tensor<4x16xf64>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %dgamma = train.rms_norm_param_grad %x, %x, %rstd : tensor<4x16x64xf32>, tensor<4x16x64xf32>, tensor<4x16xf64> -> tensor<64xf32>
  train.return
}

// -----

// train.batch_norm C1
train.graph @g(%x: tensor<8xf32>, %g: tensor<3xf32>) {
  // expected-error@+2 {{needs x of rank 2 or more, got rank 1}}
  // expected-error@+1 {{failed to infer returned types}}
  %y, %mean, %var = train.batch_norm %x, %g, %g {eps = 1.000000e-05 : f64, momentum = 1.000000e-01 : f64} : tensor<8xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<8xf32>, tensor<3xf32>, tensor<3xf32>
  train.return
}

// -----

// train.batch_norm C2
train.graph @g(%x: tensor<8x3x5x5xf32>, %g: tensor<3xf32>) {
  // expected-error@+2 {{eps must be finite and not negative, got -1.0}}
  // expected-error@+1 {{failed to infer returned types}}
  %y, %mean, %var = train.batch_norm %x, %g, %g {eps = -1.0 : f64, momentum = 0.1 : f64} : tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32>
  train.return
}

// -----

// train.batch_norm C3
train.graph @g(%x: tensor<8x3x5x5xf32>, %g: tensor<3xf32>) {
  // expected-error@+2 {{momentum must be in [0, 1], got 1.5}}
  // expected-error@+1 {{failed to infer returned types}}
  %y, %mean, %var = train.batch_norm %x, %g, %g {eps = 0.0 : f64, momentum = 1.5 : f64} : tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32>
  train.return
}

// -----

// train.batch_norm C4
train.graph @g(%x: tensor<1x3xf32>, %g: tensor<3xf32>) {
  // expected-error@+2 {{needs more than one element per channel, got 1}}
  // expected-error@+1 {{failed to infer returned types}}
  %y, %mean, %var = train.batch_norm %x, %g, %g {eps = 1.000000e-05 : f64, momentum = 1.000000e-01 : f64} : tensor<1x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<1x3xf32>, tensor<3xf32>, tensor<3xf32>
  train.return
}

// -----

// train.batch_norm C4
train.graph @g(%x: tensor<8x0xf32>, %g: tensor<0xf32>) {
  // expected-error@+2 {{needs at least one channel, got [8, 0]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y, %mean, %var = train.batch_norm %x, %g, %g {eps = 1.000000e-05 : f64, momentum = 1.000000e-01 : f64} : tensor<8x0xf32>, tensor<0xf32>, tensor<0xf32> -> tensor<8x0xf32>, tensor<0xf32>, tensor<0xf32>
  train.return
}

// -----

// train.batch_norm C5
train.graph @g(%x: tensor<8x3x5x5xf32>, %g: tensor<3xf32>) {
  // expected-error@+1 {{names @nowhere, which is not a train.state of this module}}
  %y, %mean, %var = train.batch_norm %x, %g, %g running(@nowhere, @nowhere) {eps = 1.000000e-05 : f64, momentum = 1.000000e-01 : f64} : tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32>
  train.return
}

// -----

// train.batch_norm_inference C1
train.graph @g(%x: tensor<8x3x5x5xf32>, %g: tensor<3xf32>, %m: tensor<8xf32>) {
  // expected-error@+2 {{mean must be 'tensor<3xf32>', got 'tensor<8xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.batch_norm_inference %x, %g, %g, %m, %m {eps = 0.0 : f64} : tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<8x3x5x5xf32>
  train.return
}

// -----

// train.batch_norm_param_grad C1
train.graph @g(%dy: tensor<8x3xf32>, %x: tensor<8x3x5x5xf32>, %m: tensor<3xf32>) {
  // expected-error@+2 {{dy must be 'tensor<8x3x5x5xf32>', got 'tensor<8x3xf32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %dgamma, %dbeta = train.batch_norm_param_grad %dy, %x, %m, %m {eps = 0.0 : f64} : tensor<8x3xf32>, tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
  train.return
}

// -----

// train.batch_norm_backward C1
train.graph @g(%x: tensor<8x3x5x5xf32>, %m: tensor<3xf32>, %d: tensor<3xbf16>) {
  // expected-error@+2 {{dgamma must be 'tensor<3xf32>', got 'tensor<3xbf16>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %dx = train.batch_norm_backward %x, %x, %m, %m, %m, %d, %m {eps = 0.0 : f64} : tensor<8x3x5x5xf32>, tensor<8x3x5x5xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xbf16>, tensor<3xf32> -> tensor<8x3x5x5xf32>
  train.return
}

// -----

// train.running_average C1
train.graph @g(%x: tensor<3xf32>) {
  // expected-error@+1 {{momentum must be in [0, 1], got -1.0}}
  %new = train.running_average %x, %x {momentum = -0.1 : f64} : tensor<3xf32>
  train.return
}

// -----

// train.max_pool2d C1
train.graph @g(%x: tensor<2x3x8x8xf32>) {
  // expected-error@+2 {{padding must be smaller than the window, got [3, 1, 1, 1] for [3, 3]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y, %i = train.max_pool2d %x {padding = array<i64: 3, 1, 1, 1>, strides = array<i64: 2, 2>, window = array<i64: 3, 3>} : tensor<2x3x8x8xf32> -> tensor<2x3x4x4xf32>, tensor<2x3x4x4xi32>
  train.return
}

// -----

// train.max_pool2d C1
train.graph @g(%x: tensor<2x3x8x8xf32>) {
  // expected-error@+2 {{window must be two positive numbers, got [3]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y, %i = train.max_pool2d %x {padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>, window = array<i64: 3>} : tensor<2x3x8x8xf32> -> tensor<2x3x4x4xf32>, tensor<2x3x4x4xi32>
  train.return
}

// -----

// train.max_pool2d C2
train.graph @g(%x: tensor<2x3x8x8xf32>) {
  // expected-error@+2 {{no window of 11 x 3 fits in the plane of 8 x 8}}
  // expected-error@+1 {{failed to infer returned types}}
  %y, %i = train.max_pool2d %x {padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>, window = array<i64: 11, 3>} : tensor<2x3x8x8xf32> -> tensor<2x3x4x4xf32>, tensor<2x3x4x4xi32>
  train.return
}

// -----

// train.max_pool2d_backward C1
train.graph @g(%dy: tensor<2x3x4x4xf32>, %i: tensor<2x3x4x4xi32>) {
  // expected-error@+2 {{dy must have shape [2, 3, 5, 4], got [2, 3, 4, 4]}}
  // expected-error@+1 {{failed to infer returned types}}
  %dx = train.max_pool2d_backward %dy, %i {padding = array<i64: 1, 1, 1, 1>, size = array<i64: 9, 8>, strides = array<i64: 2, 2>, window = array<i64: 3, 3>} : tensor<2x3x4x4xf32>, tensor<2x3x4x4xi32> -> tensor<2x3x8x8xf32>
  train.return
}

// -----

// train.max_pool2d_backward C1
train.graph @g(%dy: tensor<2x3x4x4xf32>, %i: tensor<2x3x4x4xi64>) {
  // expected-error@+2 {{indices must be 'tensor<2x3x4x4xi32>', got 'tensor<2x3x4x4xi64>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %dx = train.max_pool2d_backward %dy, %i {padding = array<i64: 1, 1, 1, 1>, size = array<i64: 8, 8>, strides = array<i64: 2, 2>, window = array<i64: 3, 3>} : tensor<2x3x4x4xf32>, tensor<2x3x4x4xi64> -> tensor<2x3x8x8xf32>
  train.return
}

// -----

// train.avg_pool2d C1
train.graph @g(%x: tensor<2x3x8x8xf32>) {
  // expected-error@+2 {{padding must be smaller than the window, got [3, 1, 1, 1] for [3, 3]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.avg_pool2d %x {padding = array<i64: 3, 1, 1, 1>, strides = array<i64: 2, 2>, window = array<i64: 3, 3>} : tensor<2x3x8x8xf32> -> tensor<2x3x4x4xf32>
  train.return
}

// -----

// train.avg_pool2d C1
train.graph @g(%x: tensor<2x3x8x8xf32>) {
  // expected-error@+2 {{window must be two positive numbers, got [3]}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.avg_pool2d %x {padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>, window = array<i64: 3>} : tensor<2x3x8x8xf32> -> tensor<2x3x4x4xf32>
  train.return
}

// -----

// train.avg_pool2d C2
train.graph @g(%x: tensor<2x3x8x8xf32>) {
  // expected-error@+2 {{no window of 11 x 3 fits in the plane of 8 x 8}}
  // expected-error@+1 {{failed to infer returned types}}
  %y = train.avg_pool2d %x {padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>, window = array<i64: 11, 3>} : tensor<2x3x8x8xf32> -> tensor<2x3x4x4xf32>
  train.return
}

// -----

// train.avg_pool2d_backward C1
train.graph @g(%dy: tensor<2x3x4x4xf32>) {
  // expected-error@+2 {{size must be two positive numbers, got [8, 0]}}
  // expected-error@+1 {{failed to infer returned types}}
  %dx = train.avg_pool2d_backward %dy {padding = array<i64: 1, 1, 1, 1>, size = array<i64: 8, 0>, strides = array<i64: 2, 2>, window = array<i64: 3, 3>} : tensor<2x3x4x4xf32> -> tensor<2x3x8x8xf32>
  train.return
}

// -----

// train.reduce_sum C2
train.graph @g(%x: tensor<4x8xf32>) {
  // expected-error@+2 {{result_type must be 'f32' or a wider float type, got 'bf16'}}
  // expected-error@+1 {{failed to infer returned types}}
  %s = train.reduce_sum %x over [1] {result_type = bf16} : tensor<4x8xf32> -> tensor<4xbf16>
  train.return
}

// -----

// train.layer_norm_param_grad C1
train.graph @g(%dy: tensor<4x64xf32>, %x: tensor<4x64xbf16>, %mean: tensor<4xf32>) {
  // expected-error@+2 {{dy must have element type 'bf16' or a narrower one, got 'f32'}}
  // expected-error@+1 {{failed to infer returned types}}
  %dgamma, %dbeta = train.layer_norm_param_grad %dy, %x, %mean, %mean : tensor<4x64xf32>, tensor<4x64xbf16>, tensor<4xf32>, tensor<4xf32> -> tensor<64xf32>, tensor<64xf32>
  train.return
}
