// A tensor that its reader wants from itself comes from a copy of fewer bits, made right behind the op that computes it; readers before
// see the tensor itself, and one copy serves all that come after. Views show what was made of the copy, and so does what is computed again.
// RUN: train-opt --train-apply-residency --cse --canonicalize %s | FileCheck %s

module attributes {train.stage = #train<stage scheduled>} {
  // CHECK-LABEL: train.step @step
  // CHECK: %[[H:.*]]:2 = train.fusion
  // CHECK-NOT: train.compress_to
  // CHECK: train.yield
  // CHECK: %[[C0:.*]] = train.cast %[[H]]#0 {train.layer = "h"} : tensor<8x8xf32> -> tensor<8x8xbf16>
  // CHECK-NEXT: %[[C1:.*]] = train.cast %[[H]]#1 {train.layer = "h"} : tensor<8x8xf32> -> tensor<8x8xbf16>
  // CHECK-NEXT: %[[USE:.*]] = train.matmul %[[H]]#1, %x
  // CHECK: %[[D1:.*]] = train.cast %[[C1]] {train.clone = 1 : i64, train.layer = "h"} : tensor<8x8xbf16> -> tensor<8x8xf32>
  // CHECK: %[[FLAT:.*]] = train.reshape %[[D1]] to [64]
  // CHECK: train.reduce_sum %[[FLAT]]
  // CHECK: %[[D0:.*]] = train.cast %[[C0]] {train.clone = {{[0-9]+}} : i64, train.layer = "h"}
  // CHECK: %[[G:.*]] = train.fusion (%{{.*}} = %[[D0]] : tensor<8x8xf32>)
  // CHECK: train.matmul %[[G]], %x
  train.step @step(%x: tensor<8x8xf32>) -> (a: tensor<8x8xf32>, b: tensor<f32>, c: tensor<8x8xf32>) {
    %h:2 = train.fusion (%p = %x : tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) attributes {train.compress_to = bf16, train.layer = "h"} {
      %s = train.tanh %p : tensor<8x8xf32>
      %g = train.gelu tanh %s : tensor<8x8xf32>
      train.yield %s, %g : tensor<8x8xf32>, tensor<8x8xf32>
    }
    %use = train.matmul %h#1, %x : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
    %flat = train.reshape %h#1 to [64] : tensor<8x8xf32> -> tensor<64xf32>
    %sum = train.reduce_sum %flat over [0] {train.recompute_before = [#train.recompute<op = 0, results = [1], from = [1]>]} : tensor<64xf32> -> tensor<f32>
    %again = train.matmul %h#1, %x {train.recompute_before = [#train.recompute<op = 0, results = [0], from = [0]>,
        #train.recompute<op = 0, results = [1], from = [0]>]} : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
    train.return %use, %sum, %again : tensor<8x8xf32>, tensor<f32>, tensor<8x8xf32>
  }
}
