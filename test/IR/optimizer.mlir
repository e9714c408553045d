// Round trip of every op of the Optimizer family, in both syntaxes. The examples are those of docs/language.md.
// RUN: train-opt %s | train-opt | FileCheck %s
// RUN: train-opt --mlir-print-op-generic %s | train-opt | FileCheck %s

// CHECK-LABEL: train.step @sgd(
train.step @sgd(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %lr: tensor<f32>, %coefficient: tensor<f32>, %ok: tensor<i1>) {
  // CHECK: = train.sgd %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, lr %{{[a-z0-9_]+}} scale %{{[a-z0-9_]+}} : tensor<f32> apply %{{[a-z0-9_]+}} : tensor<i1> {weight_decay = 1.000000e-02 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<f32>
  %new = train.sgd %p, %g, lr %lr scale %coefficient : tensor<f32> apply %ok : tensor<i1> {weight_decay = 1.000000e-02 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<f32>
  train.return
}

// CHECK-LABEL: train.step @momentum(
train.step @momentum(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %velocity: tensor<32x128xf32>, %lr: tensor<f32>) {
  // CHECK: = train.momentum %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, lr %{{[a-z0-9_]+}} {beta = 9.000000e-01 : f64, weight_decay = 0.000000e+00 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<f32>
  %new:2 = train.momentum %p, %g, %velocity, lr %lr {beta = 9.000000e-01 : f64, weight_decay = 0.000000e+00 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<f32>
  train.return
}

// CHECK-LABEL: train.step @adamw(
train.step @adamw(%p: tensor<32x128xf32>, %g: tensor<32x128xf32>, %m: tensor<32x128xf32>, %v: tensor<32x128xf32>, %c1: tensor<f32>, %c2: tensor<f32>, %lr: tensor<f32>) {
  // CHECK: = train.adamw %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, corrections %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, lr %{{[a-z0-9_]+}} {beta1 = 9.000000e-01 : f64, beta2 = {{[-+.0-9Ee]+}} : f64, eps = 1.000000e-08 : f64, weight_decay = 1.000000e-01 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<f32>, tensor<f32>, tensor<f32>
  %new:3 = train.adamw %p, %g, %m, %v, corrections %c1, %c2, lr %lr {beta1 = 9.000000e-01 : f64, beta2 = 9.990000e-01 : f64, eps = 1.000000e-08 : f64, weight_decay = 1.000000e-01 : f64} : tensor<32x128xf32>, tensor<32x128xf32>, tensor<f32>, tensor<f32>, tensor<f32>
  train.return
}

// CHECK-LABEL: train.step @increment(
train.step @increment(%n: tensor<i64>, %ok: tensor<i1>) {
  // CHECK: = train.increment %{{[a-z0-9_]+}} apply %{{[a-z0-9_]+}} : tensor<i1> : tensor<i64>
  %next = train.increment %n apply %ok : tensor<i1> : tensor<i64>
  train.return
}

// CHECK-LABEL: train.step @bias_correction(
train.step @bias_correction(%n: tensor<i64>) {
  // CHECK: = train.bias_correction %{{[a-z0-9_]+}} {beta = 9.000000e-01 : f64} : tensor<i64> -> tensor<f32>
  %c = train.bias_correction %n {beta = 9.000000e-01 : f64} : tensor<i64> -> tensor<f32>
  train.return
}

// CHECK-LABEL: train.step @sum_squares(
train.step @sum_squares(%g: tensor<32x128xf32>) {
  // CHECK: = train.sum_squares %{{[a-z0-9_]+}} : tensor<32x128xf32> -> tensor<f32>
  %s = train.sum_squares %g : tensor<32x128xf32> -> tensor<f32>
  // CHECK: = train.sum_squares %{{[a-z0-9_]+}} scale %{{[a-z0-9_]+}} : tensor<f32> : tensor<32x128xf32> -> tensor<f32>
  %t = train.sum_squares %g scale %s : tensor<f32> : tensor<32x128xf32> -> tensor<f32>
  train.return
}

// CHECK-LABEL: train.step @clip_coefficient(
train.step @clip_coefficient(%a: tensor<f32>, %b: tensor<f32>) {
  // CHECK: = train.clip_coefficient %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} {max_norm = 1.000000e+00 : f64} : tensor<f32>, tensor<f32> -> tensor<f32>, tensor<f32>
  %coefficient, %norm = train.clip_coefficient %a, %b {max_norm = 1.000000e+00 : f64} : tensor<f32>, tensor<f32> -> tensor<f32>, tensor<f32>
  train.return
}

// CHECK-LABEL: train.step @copies(
train.step @copies(%p: tensor<8xf32>, %g: tensor<8xf32>, %m: tensor<8xf32>, %v: tensor<8xf32>, %c: tensor<8xbf16>, %k: tensor<f32>, %lr: tensor<f32>) {
  // CHECK: = train.sgd %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}}, lr %{{[a-z0-9_]+}} copy %{{[a-z0-9_]+}} : tensor<8xbf16> -> tensor<8xbf16> {weight_decay = 0.000000e+00 : f64} : tensor<8xf32>, tensor<8xf32>, tensor<f32>
  %a:2 = train.sgd %p, %g, lr %lr copy %c : tensor<8xbf16> -> tensor<8xbf16> {weight_decay = 0.0 : f64} : tensor<8xf32>, tensor<8xf32>, tensor<f32>
  // CHECK: train.momentum {{.*}} copy %{{[a-z0-9_]+}} : tensor<8xbf16> -> tensor<8xbf16> {
  %b:3 = train.momentum %p, %g, %m, lr %lr copy %c : tensor<8xbf16> -> tensor<8xbf16> {beta = 0.9 : f64, weight_decay = 0.0 : f64} : tensor<8xf32>, tensor<8xf32>, tensor<f32>
  // CHECK: train.adamw {{.*}} copy %{{[a-z0-9_]+}} : tensor<8xbf16> -> tensor<8xbf16> {
  %d:4 = train.adamw %p, %g, %m, %v, corrections %k, %k, lr %lr copy %c : tensor<8xbf16> -> tensor<8xbf16> {beta1 = 0.9 : f64, beta2 = 0.99 : f64, eps = 1.0e-8 : f64, weight_decay = 0.0 : f64} : tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<f32>, tensor<f32>
  train.return
}
