// A kernel computes itself what it would read: the tensor is neither stored nor read, and what nobody reads any more is not computed.
// RUN: train-opt --train-apply-residency --cse %s | FileCheck %s
// RUN: train-opt --train-apply-residency --train-check-passes %s -o /dev/null

module attributes {train.stage = #train<stage scheduled>} {
  // The gate of a gated network: silu(g) has no reader but backward, and g is there.
  // CHECK-LABEL: train.step @gate
  // CHECK: %[[H:.*]] = train.fusion (%{{.*}} = %g : tensor<8x8xf32>, %{{.*}} = %u : tensor<8x8xf32>) -> tensor<8x8xf32> {
  // CHECK-NEXT: train.silu
  // CHECK-NEXT: train.mul
  // CHECK-NEXT: train.yield %{{[^,]*}} : tensor<8x8xf32>
  // CHECK: %[[K:.*]] = train.matmul %[[H]], %[[H]]
  // CHECK-NEXT: train.fusion (%[[G:.*]] = %g : tensor<8x8xf32>, %[[DY:.*]] = %[[K]] : tensor<8x8xf32>) -> tensor<8x8xf32> attributes {train.sunk = 1 : i64} {
  // CHECK-NEXT: %[[S:.*]] = train.silu %[[G]]
  // CHECK-NEXT: train.mul %[[DY]], %[[S]]
  train.step @gate(%g: tensor<8x8xf32>, %u: tensor<8x8xf32>) -> (k: tensor<8x8xf32>, d: tensor<8x8xf32>) {
    %f:2 = train.fusion (%p = %g : tensor<8x8xf32>, %q = %u : tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
      %s = train.silu %p : tensor<8x8xf32>
      %h = train.mul %s, %q : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
      train.yield %s, %h : tensor<8x8xf32>, tensor<8x8xf32>
    }
    %k = train.matmul %f#1, %f#1 : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
    %d = train.fusion (%s = %f#0 : tensor<8x8xf32>, %dy = %k : tensor<8x8xf32>) -> tensor<8x8xf32> attributes {train.sink = [#train.recompute<op = 0, results = [0]>]} {
      %m = train.mul %dy, %s : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
      train.yield %m : tensor<8x8xf32>
    }
    train.return %k, %d : tensor<8x8xf32>, tensor<8x8xf32>
  }

  // batch_norm's result again from its input and statistics, without summing again: inside of relu, inside of relu's adjoint, and in
  // a clone for a product, which needs the bytes.
  // CHECK-LABEL: train.step @norm
  // CHECK: %{{.*}}, %[[M:.*]], %[[V:.*]] = train.batch_norm %x, %g, %b
  // CHECK: %[[C:.*]] = train.fusion (%{{.*}} = %x : {{.*}} = %g : {{.*}} = %b : {{.*}} = %[[M]] : {{.*}} = %[[V]] : {{.*}}) -> tensor<2x4x3x3xf32> attributes {train.clone = 1 : i64} {
  // CHECK-NEXT: train.batch_norm_inference
  // CHECK-NEXT: train.relu
  // CHECK-NEXT: train.yield
  // CHECK: train.conv2d_filter_grad %[[C]], %dy
  // CHECK: train.fusion (%{{.*}} = %x : {{.*}} = %dr : {{.*}}) -> tensor<2x4x3x3xf32> attributes {train.sunk = 1 : i64} {
  // CHECK-NEXT: train.batch_norm_inference
  // CHECK-NEXT: train.relu
  // CHECK-NEXT: train.constant
  // CHECK-NEXT: train.compare gt
  // CHECK-NEXT: train.select
  train.step @norm(%x: tensor<2x4x3x3xf32>, %g: tensor<4xf32>, %b: tensor<4xf32>, %dy: tensor<2x2x3x3xf32>, %dr: tensor<2x4x3x3xf32>) -> (s: tensor<f32>, w: tensor<2x4x1x1xf32>, d: tensor<2x4x3x3xf32>) {
    %y, %m, %v = train.batch_norm %x, %g, %b {eps = 1.0e-5 : f64, momentum = 0.1 : f64} : tensor<2x4x3x3xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<2x4x3x3xf32>, tensor<4xf32>, tensor<4xf32>
    %r = train.fusion (%p = %y : tensor<2x4x3x3xf32>) -> tensor<2x4x3x3xf32> {
      %t = train.relu %p : tensor<2x4x3x3xf32>
      train.yield %t : tensor<2x4x3x3xf32>
    }
    %s = train.reduce_sum %r over [0, 1, 2, 3] : tensor<2x4x3x3xf32> -> tensor<f32>
    %w = train.conv2d_filter_grad %r, %dy {size = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>,
        train.recompute_before = [#train.recompute<op = 1, sink = [#train.recompute<op = 0, results = [0], from = [1, 2]>]>]}
      : tensor<2x4x3x3xf32>, tensor<2x2x3x3xf32> -> tensor<2x4x1x1xf32>
    %d = train.fusion (%q = %r : tensor<2x4x3x3xf32>, %e = %dr : tensor<2x4x3x3xf32>) -> tensor<2x4x3x3xf32>
        attributes {train.sink = [#train.recompute<op = 1, sink = [#train.recompute<op = 0, results = [0], from = [1, 2]>]>]} {
      %zero = train.constant dense<0.0> : tensor<f32>
      %c = train.compare gt %q, %zero : tensor<2x4x3x3xf32>, tensor<f32> -> tensor<2x4x3x3xi1>
      %z = train.select %c, %e, %zero : tensor<2x4x3x3xi1>, tensor<2x4x3x3xf32>, tensor<f32> -> tensor<2x4x3x3xf32>
      train.yield %z : tensor<2x4x3x3xf32>
    }
    train.return %s, %w, %d : tensor<f32>, tensor<2x4x1x1xf32>, tensor<2x4x3x3xf32>
  }

  // Sums over rows take in what elementwise ops make of each element: the residual stream from the one before it and a narrow summand.
  // CHECK-LABEL: train.step @stream
  // CHECK: train.fusion (%[[DY:.*]] = %dy : tensor<2x4x8xbf16>, {{.*}}) -> (tensor<8xf32>, tensor<8xf32>) attributes {train.sunk = 1 : i64} {
  // CHECK-NEXT: train.cast
  // CHECK-NEXT: train.add
  // CHECK-NEXT: train.layer_norm_param_grad
  // CHECK-NEXT: train.yield
  train.step @stream(%x: tensor<2x4x8xf32>, %f: tensor<2x4x8xbf16>, %g: tensor<8xf32>, %dy: tensor<2x4x8xbf16>) -> (n: tensor<2x4x8xf32>, a: tensor<8xf32>, b: tensor<8xf32>) {
    %s:4 = train.fusion (%p = %x : tensor<2x4x8xf32>, %q = %f : tensor<2x4x8xbf16>, %w = %g : tensor<8xf32>) -> (tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>, tensor<2x4xf32>) {
      %c = train.cast %q : tensor<2x4x8xbf16> -> tensor<2x4x8xf32>
      %sum = train.add %p, %c : tensor<2x4x8xf32>, tensor<2x4x8xf32> -> tensor<2x4x8xf32>
      %y, %mean, %rstd = train.layer_norm %sum, %w, %w {eps = 1.0e-5 : f64} : tensor<2x4x8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<2x4x8xf32>, tensor<2x4xf32>, tensor<2x4xf32>
      train.yield %sum, %y, %mean, %rstd : tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>, tensor<2x4xf32>
    }
    %dg, %db = train.layer_norm_param_grad %dy, %s#0, %s#2, %s#3 {train.sink = [#train.recompute<op = 0, results = [0]>]} : tensor<2x4x8xbf16>, tensor<2x4x8xf32>, tensor<2x4xf32>, tensor<2x4xf32> -> tensor<8xf32>, tensor<8xf32>
    train.return %s#1, %dg, %db : tensor<2x4x8xf32>, tensor<8xf32>, tensor<8xf32>
  }
}
