// A tensor that its reader wants from itself comes from a copy of fewer bits, made right behind the op that computes it; readers before
// see the tensor itself, and one copy serves all that come after. Views show what was made of the copy, and so does what is computed again.
// RUN: train-opt --train-apply-residency --cse --canonicalize %s | FileCheck %s

module attributes {train.stage = #train<stage scheduled>} {
  // CHECK-LABEL: train.step @step
  // CHECK: %[[H:.*]]:2 = train.fusion
  // CHECK-NOT: train.compress_to
  // CHECK: train.yield
  // CHECK: %[[C0:.*]] = train.cast %[[H]]#0 {train.encoded = 256 : i64, train.layer = "h"} : tensor<8x8xf32> -> tensor<8x8xbf16>
  // CHECK-NEXT: %[[C1:.*]] = train.cast %[[H]]#1 {train.encoded = 256 : i64, train.layer = "h"} : tensor<8x8xf32> -> tensor<8x8xbf16>
  // CHECK-NEXT: %[[USE:.*]] = train.matmul %[[H]]#1, %x
  // CHECK: %[[D1:.*]] = train.cast %[[C1]] {train.clone = 1 : i64, train.encoded = 256 : i64, train.layer = "h"} : tensor<8x8xbf16> -> tensor<8x8xf32>
  // CHECK: %[[FLAT:.*]] = train.reshape %[[D1]] to [64]
  // CHECK: train.reduce_sum %[[FLAT]]
  // CHECK: %[[D0:.*]] = train.cast %[[C0]] {train.clone = {{[0-9]+}} : i64, train.encoded = 256 : i64, train.layer = "h"}
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
  // MXFP8: two tensors hold it, and both are read where it is made whole. The blocks of a tensor whose rows are no multiple of 32 elements follow
  // the order in memory, through a view.
  // CHECK-LABEL: train.step @blocks
  // CHECK: %[[A:.*]] = train.tanh %x
  // CHECK-NEXT: %[[Q:.*]], %[[S:.*]] = train.quantize_blocks %[[A]] {train.encoded = 2048 : i64} : tensor<8x64xf32> -> tensor<8x64xf8E4M3FN>, tensor<8x2xf8E8M0FNU>
  // CHECK-NEXT: %[[B:.*]] = train.tanh %y
  // CHECK-NEXT: %[[V:.*]] = train.reshape %[[B]] to [15, 32] {train.encoded = 0 : i64}
  // CHECK-NEXT: %[[R:.*]], %[[T:.*]] = train.quantize_blocks %[[V]] {train.encoded = 1920 : i64} : tensor<15x32xf32> -> tensor<15x32xf8E4M3FN>, tensor<15x1xf8E8M0FNU>
  // CHECK: %[[WHOLE:.*]] = train.dequantize_blocks %[[Q]], %[[S]] {train.clone = {{[0-9]+}} : i64, train.encoded = 2048 : i64}
  // CHECK: %[[FLAT:.*]] = train.dequantize_blocks %[[R]], %[[T]] {train.clone = {{[0-9]+}} : i64, train.encoded = 0 : i64}
  // CHECK: %[[ROWS:.*]] = train.reshape %[[FLAT]] to [8, 60]
  // CHECK: train.relu %[[WHOLE]]
  // CHECK: train.relu %[[ROWS]]
  train.step @blocks(%x: tensor<8x64xf32>, %y: tensor<8x60xf32>) -> (a: tensor<8x64xf32>, b: tensor<8x60xf32>) {
    %a = train.tanh %x {train.compress_to = f8E4M3FN} : tensor<8x64xf32>
    %b = train.tanh %y {train.compress_to = f8E4M3FN} : tensor<8x60xf32>
    %c = train.relu %a {train.recompute_before = [#train.recompute<op = 0, results = [0], from = [0]>, #train.recompute<op = 1, results = [0], from = [0]>]} : tensor<8x64xf32>
    %d = train.relu %b : tensor<8x60xf32>
    train.return %c, %d : tensor<8x64xf32>, tensor<8x60xf32>
  }

  // NVFP4: the tensor's own scale is the third.
  // CHECK-LABEL: train.step @scaled
  // CHECK: %[[A:.*]] = train.tanh %x
  // CHECK-NEXT: %[[MAX:.*]] = train.amax %[[A]]
  // CHECK-NEXT: %[[SCALE:.*]] = train.fusion ({{.*}} = %[[MAX]] : tensor<f32>)
  // CHECK: train.max
  // CHECK: train.div
  // CHECK: %[[Q:.*]], %[[S:.*]] = train.quantize_blocks %[[A]] scale %[[SCALE]] : tensor<f32>, {train.encoded = 2048 : i64} : tensor<8x64xf32> -> tensor<8x64xf4E2M1FN>, tensor<8x4xf8E4M3FN>
  // CHECK: %[[WHOLE:.*]] = train.dequantize_blocks %[[Q]], %[[S]] scale %[[SCALE]]
  // CHECK: train.relu %[[WHOLE]]
  train.step @scaled(%x: tensor<8x64xf32>) -> (a: tensor<8x64xf32>) {
    %a = train.tanh %x {train.compress_to = f4E2M1FN} : tensor<8x64xf32>
    %c = train.relu %a {train.recompute_before = [#train.recompute<op = 0, results = [0], from = [0]>]} : tensor<8x64xf32>
    train.return %c : tensor<8x64xf32>
  }
}
