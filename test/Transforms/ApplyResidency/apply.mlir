// A plan is obeyed op by op: part of a fusion from what it has kept, a whole op, views of what is computed again, and the draw of
// a random mask. Clones carry numbers, so that CSE leaves them alone.
// RUN: train-opt --train-apply-residency --cse %s | FileCheck %s
// RUN: train-opt --train-apply-residency --train-check-passes %s -o /dev/null

module attributes {train.stage = #train<stage scheduled>} {
  train.param @w : tensor<8x8xf32> init(#train.normal<0.0, 0.1>)

  // CHECK-LABEL: train.step @step
  // CHECK: %[[W:.*]] = train.read @w
  // CHECK: %[[A:.*]] = train.matmul %x, %[[W]]
  // CHECK: %[[H:.*]]:2 = train.fusion
  // CHECK: %[[SUM:.*]] = train.reduce_sum
  // The whole op.
  // CHECK: %[[A1:.*]] = train.matmul %x, %[[W]] {train.clone = 1 : i64}
  // CHECK: %[[USE:.*]] = train.matmul %[[A1]], %[[W]]
  // Of the fusion only the second result, from the first, which is not computed again.
  // CHECK: %[[G:.*]] = train.fusion (%[[P:.*]] = %[[H]]#0 : tensor<8x8xf32>) -> tensor<8x8xf32> attributes {train.clone = 2 : i64}
  // CHECK-NEXT: train.gelu
  // CHECK-NEXT: train.yield
  // The view shows what is new.
  // CHECK: %[[FLAT:.*]] = train.reshape %[[G]] to [64] {train.clone = 3 : i64}
  // CHECK: train.reduce_sum %[[FLAT]]
  train.step @step(%x: tensor<8x8xf32>) -> (a: tensor<f32>, b: tensor<8x8xf32>, c: tensor<f32>) {
    %w = train.read @w : tensor<8x8xf32>
    %a = train.matmul %x, %w : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
    %h:2 = train.fusion (%p = %a : tensor<8x8xf32>, %q = %x : tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
      %s = train.add %p, %q : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
      %g = train.gelu tanh %s : tensor<8x8xf32>
      train.yield %s, %g : tensor<8x8xf32>, tensor<8x8xf32>
    }
    %flat = train.reshape %h#1 to [64] : tensor<8x8xf32> -> tensor<64xf32>
    %sum = train.reduce_sum %h#1 over [0, 1] : tensor<8x8xf32> -> tensor<f32>
    %use = train.matmul %a, %w {train.recompute_before = [#train.recompute<op = 1>]} : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
    %total = train.reduce_sum %flat over [0] {train.recompute_before = [#train.recompute<op = 2, results = [1], from = [0]>]} : tensor<64xf32> -> tensor<f32>
    train.return %sum, %use, %total : tensor<f32>, tensor<8x8xf32>, tensor<f32>
  }

  // What is executed again reads the newest values, not those that it read at its first time: the first clone is not kept for it.
  // CHECK-LABEL: train.step @twice
  // CHECK: train.tanh %x : tensor<8x8xf32>
  // CHECK: %[[T1:.*]] = train.tanh %x {train.clone = 1 : i64}
  // CHECK: %[[F1:.*]] = train.reshape %[[T1]] to [64] {train.clone = 2 : i64}
  // CHECK: train.reduce_sum %[[F1]]
  // CHECK: %[[T2:.*]] = train.tanh %x {train.clone = 3 : i64}
  // CHECK: %[[F2:.*]] = train.reshape %[[T2]] to [64] {train.clone = 4 : i64}
  // CHECK: %[[S2:.*]] = train.reduce_sum %[[F2]] over [0] {train.clone = 5 : i64}
  // CHECK: train.add %[[S2]]
  train.step @twice(%x: tensor<8x8xf32>) -> (a: tensor<f32>, b: tensor<f32>, c: tensor<8x8xf32>) {
    %t = train.tanh %x : tensor<8x8xf32>
    %flat = train.reshape %t to [64] : tensor<8x8xf32> -> tensor<64xf32>
    %use = train.matmul %t, %x : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
    %s = train.reduce_sum %flat over [0] {train.recompute_before = [#train.recompute<op = 0>]} : tensor<64xf32> -> tensor<f32>
    %e = train.exp %s : tensor<f32>
    %sum = train.add %s, %s {train.recompute_before = [#train.recompute<op = 0>, #train.recompute<op = 3>]} : tensor<f32>, tensor<f32> -> tensor<f32>
    train.return %e, %sum, %use : tensor<f32>, tensor<f32>, tensor<8x8xf32>
  }
}
