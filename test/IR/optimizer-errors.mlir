// One case per constraint of the Optimizer family, under the label that docs/language.md gives it.
// RUN: train-opt --split-input-file --verify-diagnostics %s

// train.sgd C1
train.step @g(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %m: tensor<32x128xf32>, %v: tensor<32x128xf32>, %c: tensor<f32>, %lr: tensor<f32>, %ok: tensor<i1>, %bad: tensor<128xf32>, %ten: tensor<1xf32>) {
  // expected-error@+1 {{grad must have shape [32, 128], got [128]}}
  %n = train.sgd %p, %bad, lr %lr {weight_decay = 0.0 : f64} : tensor<32x128xf32>, tensor<128xf32>, tensor<f32>
  train.return
}

// -----

// train.sgd C2
train.step @g(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %m: tensor<32x128xf32>, %v: tensor<32x128xf32>, %c: tensor<f32>, %lr: tensor<f32>, %ok: tensor<i1>, %bad: tensor<128xf32>, %ten: tensor<1xf32>) {
  // expected-error@+1 {{lr must be a scalar 'tensor<f32>', got 'tensor<1xf32>'}}
  %n = train.sgd %p, %g, lr %ten {weight_decay = 0.0 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<1xf32>
  train.return
}

// -----

// train.sgd C2
train.step @g(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %m: tensor<32x128xf32>, %v: tensor<32x128xf32>, %c: tensor<f32>, %lr: tensor<f32>, %ok: tensor<i1>, %bad: tensor<128xf32>, %ten: tensor<1xf32>) {
  // expected-error@+1 {{grad_scale must be a scalar 'tensor<f32>', got 'tensor<1xf32>'}}
  %n = train.sgd %p, %g, lr %lr scale %ten : tensor<1xf32> {weight_decay = 0.0 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<f32>
  train.return
}

// -----

// train.sgd C3
train.step @g(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %m: tensor<32x128xf32>, %v: tensor<32x128xf32>, %c: tensor<f32>, %lr: tensor<f32>, %ok: tensor<i1>, %bad: tensor<128xf32>, %ten: tensor<1xf32>) {
  // expected-error@+1 {{weight_decay must be finite and not negative, got -5.0}}
  %n = train.sgd %p, %g, lr %lr {weight_decay = -0.5 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<f32>
  train.return
}

// -----

// train.momentum C1
train.step @g(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %m: tensor<32x128xf32>, %v: tensor<32x128xf32>, %c: tensor<f32>, %lr: tensor<f32>, %ok: tensor<i1>, %bad: tensor<128xf32>, %ten: tensor<1xf32>) {
  // expected-error@+1 {{grad must have shape [32, 128], got [128]}}
  %n:2 = train.momentum %p, %bad, %v, lr %lr {beta = 0.9 : f64, weight_decay = 0.0 : f64} : tensor<32x128xf32>, tensor<128xf32>, tensor<f32>
  train.return
}

// -----

// train.momentum C2
train.step @g(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %m: tensor<32x128xf32>, %v: tensor<32x128xf32>, %c: tensor<f32>, %lr: tensor<f32>, %ok: tensor<i1>, %bad: tensor<128xf32>, %ten: tensor<1xf32>) {
  // expected-error@+1 {{lr must be a scalar 'tensor<f32>', got 'tensor<1xf32>'}}
  %n:2 = train.momentum %p, %g, %v, lr %ten {beta = 0.9 : f64, weight_decay = 0.0 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<1xf32>
  train.return
}

// -----

// train.momentum C2
train.step @g(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %m: tensor<32x128xf32>, %v: tensor<32x128xf32>, %c: tensor<f32>, %lr: tensor<f32>, %ok: tensor<i1>, %bad: tensor<128xf32>, %ten: tensor<1xf32>) {
  // expected-error@+1 {{grad_scale must be a scalar 'tensor<f32>', got 'tensor<1xf32>'}}
  %n:2 = train.momentum %p, %g, %v, lr %lr scale %ten : tensor<1xf32> {beta = 0.9 : f64, weight_decay = 0.0 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<f32>
  train.return
}

// -----

// train.momentum C3
train.step @g(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %m: tensor<32x128xf32>, %v: tensor<32x128xf32>, %c: tensor<f32>, %lr: tensor<f32>, %ok: tensor<i1>, %bad: tensor<128xf32>, %ten: tensor<1xf32>) {
  // expected-error@+1 {{weight_decay must be finite and not negative, got -5.0}}
  %n:2 = train.momentum %p, %g, %v, lr %lr {beta = 0.9 : f64, weight_decay = -0.5 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<f32>
  train.return
}

// -----

// train.momentum C4
train.step @g(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %m: tensor<32x128xf32>, %v: tensor<32x128xf32>, %c: tensor<f32>, %lr: tensor<f32>, %ok: tensor<i1>, %bad: tensor<128xf32>, %ten: tensor<1xf32>) {
  // expected-error@+1 {{beta must be in [0, 1), got 1.0}}
  %n:2 = train.momentum %p, %g, %v, lr %lr {beta = 1.0 : f64, weight_decay = 0.0 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<f32>
  train.return
}

// -----

// train.adamw C1
train.step @g(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %m: tensor<32x128xf32>, %v: tensor<32x128xf32>, %c: tensor<f32>, %lr: tensor<f32>, %ok: tensor<i1>, %bad: tensor<128xf32>, %ten: tensor<1xf32>) {
  // expected-error@+1 {{grad must have shape [32, 128], got [128]}}
  %n:3 = train.adamw %p, %bad, %m, %v, corrections %c, %c, lr %lr {beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.0 : f64} : tensor<32x128xf32>, tensor<128xf32>, tensor<f32>, tensor<f32>, tensor<f32>
  train.return
}

// -----

// train.adamw C2
train.step @g(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %m: tensor<32x128xf32>, %v: tensor<32x128xf32>, %c: tensor<f32>, %lr: tensor<f32>, %ok: tensor<i1>, %bad: tensor<128xf32>, %ten: tensor<1xf32>) {
  // expected-error@+1 {{lr must be a scalar 'tensor<f32>', got 'tensor<1xf32>'}}
  %n:3 = train.adamw %p, %g, %m, %v, corrections %c, %c, lr %ten {beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.0 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<f32>, tensor<f32>, tensor<1xf32>
  train.return
}

// -----

// train.adamw C2
train.step @g(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %m: tensor<32x128xf32>, %v: tensor<32x128xf32>, %c: tensor<f32>, %lr: tensor<f32>, %ok: tensor<i1>, %bad: tensor<128xf32>, %ten: tensor<1xf32>) {
  // expected-error@+1 {{grad_scale must be a scalar 'tensor<f32>', got 'tensor<1xf32>'}}
  %n:3 = train.adamw %p, %g, %m, %v, corrections %c, %c, lr %lr scale %ten : tensor<1xf32> {beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.0 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<f32>, tensor<f32>, tensor<f32>
  train.return
}

// -----

// train.adamw C3
train.step @g(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %m: tensor<32x128xf32>, %v: tensor<32x128xf32>, %c: tensor<f32>, %lr: tensor<f32>, %ok: tensor<i1>, %bad: tensor<128xf32>, %ten: tensor<1xf32>) {
  // expected-error@+1 {{weight_decay must be finite and not negative, got -5.0}}
  %n:3 = train.adamw %p, %g, %m, %v, corrections %c, %c, lr %lr {beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = -0.5 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<f32>, tensor<f32>, tensor<f32>
  train.return
}

// -----

// train.adamw C4
train.step @g(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %m: tensor<32x128xf32>, %v: tensor<32x128xf32>, %c: tensor<f32>, %lr: tensor<f32>, %ok: tensor<i1>, %bad: tensor<128xf32>, %ten: tensor<1xf32>) {
  // expected-error@+1 {{beta2 must be in [0, 1), got -5.0}}
  %n:3 = train.adamw %p, %g, %m, %v, corrections %c, %c, lr %lr {beta1 = 0.9 : f64, beta2 = -0.5 : f64, eps = 1.0e-8 : f64, weight_decay = 0.0 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<f32>, tensor<f32>, tensor<f32>
  train.return
}

// -----

// train.adamw C4
train.step @g(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %m: tensor<32x128xf32>, %v: tensor<32x128xf32>, %c: tensor<f32>, %lr: tensor<f32>, %ok: tensor<i1>, %bad: tensor<128xf32>, %ten: tensor<1xf32>) {
  // expected-error@+1 {{eps must be finite and not negative, got -1.0}}
  %n:3 = train.adamw %p, %g, %m, %v, corrections %c, %c, lr %lr {beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = -1.0 : f64, weight_decay = 0.0 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<f32>, tensor<f32>, tensor<f32>
  train.return
}

// -----

// train.increment C1
train.step @g(%n: tensor<1xi64>) {
  // expected-error@+1 {{counter must be a scalar 'tensor<i64>', got 'tensor<1xi64>'}}
  %next = train.increment %n : tensor<1xi64>
  train.return
}

// -----

// train.bias_correction C1
train.step @g(%n: tensor<i32>) {
  // expected-error@+1 {{counter must be a scalar 'tensor<i64>', got 'tensor<i32>'}}
  %c = train.bias_correction %n {beta = 0.9 : f64} : tensor<i32> -> tensor<f32>
  train.return
}

// -----

// train.bias_correction C2
train.step @g(%n: tensor<i64>) {
  // expected-error@+1 {{beta must be in [0, 1), got 1.0}}
  %c = train.bias_correction %n {beta = 1.0 : f64} : tensor<i64> -> tensor<f32>
  train.return
}

// -----

// train.sum_squares C1
train.step @g(%g: tensor<32x128xf32>) {
  // expected-error@+1 {{the result must be a scalar 'tensor<f32>', got 'tensor<1xf32>'}}
  %s = train.sum_squares %g : tensor<32x128xf32> -> tensor<1xf32>
  train.return
}

// -----

// train.sum_squares C1
train.step @g(%g: tensor<32x128xf32>, %c: tensor<1xf32>) {
  // expected-error@+1 {{scale must be a scalar 'tensor<f32>', got 'tensor<1xf32>'}}
  %s = train.sum_squares %g scale %c : tensor<1xf32> : tensor<32x128xf32> -> tensor<f32>
  train.return
}

// -----

// train.clip_coefficient C1
train.step @g(%a: tensor<2xf32>) {
  // expected-error@+1 {{each sum of squares must be a scalar 'tensor<f32>', got 'tensor<2xf32>'}}
  %coefficient, %norm = train.clip_coefficient %a {max_norm = 1.0 : f64} : tensor<2xf32> -> tensor<f32>, tensor<f32>
  train.return
}

// -----

// train.clip_coefficient C2
train.step @g(%a: tensor<f32>) {
  // expected-error@+1 {{max_norm must be positive, got 0.0}}
  %coefficient, %norm = train.clip_coefficient %a {max_norm = 0.0 : f64} : tensor<f32> -> tensor<f32>, tensor<f32>
  train.return
}

// -----

// train.sgd C4
train.step @g(%p: tensor<8xf32>, %c: tensor<8xf32>, %lr: tensor<f32>) {
  // expected-error@+1 {{copy must be narrower than 'f32', got 'f32'}}
  %a:2 = train.sgd %p, %p, lr %lr copy %c : tensor<8xf32> -> tensor<8xf32> {weight_decay = 0.0 : f64} : tensor<8xf32>, tensor<8xf32>, tensor<f32>
  train.return
}

// -----

// train.sgd C4
train.step @g(%p: tensor<8xf32>, %c: tensor<4xbf16>, %lr: tensor<f32>) {
  // expected-error@+1 {{copy must have shape [8], got [4]}}
  %a:2 = train.sgd %p, %p, lr %lr copy %c : tensor<4xbf16> -> tensor<4xbf16> {weight_decay = 0.0 : f64} : tensor<8xf32>, tensor<8xf32>, tensor<f32>
  train.return
}

// -----

// train.sgd C4
train.step @g(%p: tensor<8xf32>, %c: tensor<8xbf16>, %lr: tensor<f32>) {
  // expected-error@+1 {{copy has type 'tensor<8xbf16>', its update 'tensor<8xf16>'}}
  %a:2 = train.sgd %p, %p, lr %lr copy %c : tensor<8xbf16> -> tensor<8xf16> {weight_decay = 0.0 : f64} : tensor<8xf32>, tensor<8xf32>, tensor<f32>
  train.return
}

// -----

// train.momentum C5
train.step @g(%p: tensor<8xf32>, %c: tensor<4xbf16>, %lr: tensor<f32>) {
  // expected-error@+1 {{copy must have shape [8], got [4]}}
  %a:3 = train.momentum %p, %p, %p, lr %lr copy %c : tensor<4xbf16> -> tensor<4xbf16> {beta = 0.9 : f64, weight_decay = 0.0 : f64} : tensor<8xf32>, tensor<8xf32>, tensor<f32>
  train.return
}

// -----

// train.adamw C5
train.step @g(%p: tensor<8xf32>, %c: tensor<4xbf16>, %lr: tensor<f32>) {
  // expected-error@+1 {{copy must have shape [8], got [4]}}
  %a:4 = train.adamw %p, %p, %p, %p, corrections %lr, %lr, lr %lr copy %c : tensor<4xbf16> -> tensor<4xbf16> {beta1 = 0.9 : f64, beta2 = 0.9 : f64, eps = 0.0 : f64, weight_decay = 0.0 : f64} : tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<f32>, tensor<f32>
  train.return
}
