// A weight that is only read to be rounded becomes a state that the update writes; gradients are f32 to the end.
// RUN: train-opt --train-autocast --train-derive-programs --train-differentiate --cse --train-working-copies --train-check-passes %s | FileCheck %s
// RUN: train-opt --train-graph-pipeline=precision=bf16 --train-step-pipeline %s | FileCheck %s --check-prefix=STEP
// RUN: train-opt --train-graph-pipeline=precision=bf16 --train-step-pipeline=grad-type=bf16 %s | FileCheck %s --check-prefix=NARROW

// CHECK: train.param @w
// CHECK: train.state copy @w.copy of @w : tensor<8x8xbf16> init(#train.copy_of<@w>)
// CHECK-NOT: train.state
train.param @w : tensor<8x8xf32> init(#train.normal<0.0, 0.1>)
train.param @b : tensor<8xf32> init(#train.zeros)

train.graph @g(%x: tensor<4x8xf32>, %t: tensor<4x8xf32>) -> (loss: tensor<f32>, z: tensor<4x8xf32>) {
  %w = train.read @w : tensor<8x8xf32>
  %b = train.read @b : tensor<8xf32>
  %y = train.matmul %x, %w : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  %s = train.add %y, %b : tensor<4x8xf32>, tensor<8xf32> -> tensor<4x8xf32>
  %flat = train.reshape %w to [64] : tensor<8x8xf32> -> tensor<64xf32>
  %back = train.reshape %flat to [8, 8] : tensor<64xf32> -> tensor<8x8xf32>
  %z = train.matmul %s, %back : tensor<4x8xf32>, tensor<8x8xf32> -> tensor<4x8xf32>
  %loss = train.mse %z, %t : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<f32>
  train.return %loss, %z : tensor<f32>, tensor<4x8xf32>
}

// CHECK-LABEL: train.step @step
// CHECK-SAME: "grad:w": tensor<8x8xf32>, "grad:b": tensor<8xf32>
// CHECK-NOT: tensor<8x8xf32> -> tensor<8x8xbf16>
// CHECK: train.read @w.copy : tensor<8x8xbf16>
// The reshaped weight is a view of the copy.
// CHECK: train.reshape %{{.*}} : tensor<8x8xbf16> -> tensor<64xbf16>
// Products and sums that make gradients are not rounded.
// CHECK: train.matmul %{{.*}} {result_type = f32, transpose_lhs} : tensor<4x8xbf16>, tensor<4x8xbf16> -> tensor<8x8xf32>
// CHECK: train.reduce_sum %{{.*}} over [0] {result_type = f32} : tensor<4x8xbf16> -> tensor<8xf32>
// CHECK: train.matmul %{{.*}} {result_type = f32, transpose_lhs} : tensor<4x8xbf16>, tensor<4x8xbf16> -> tensor<8x8xf32>
// CHECK: train.add %{{.*}} : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>

// CHECK-LABEL: train.eval @eval
// CHECK-NOT: train.read @w :
// CHECK: train.read @w.copy
// CHECK-LABEL: train.predict @predict
// CHECK-NOT: train.read @w :
// CHECK: train.read @w.copy

// STEP-LABEL: train.step @step
// STEP: %[[W:.*]] = train.read @w : tensor<8x8xf32>
// STEP: %[[C:.*]] = train.read @w.copy : tensor<8x8xbf16>
// STEP: %[[P:[a-z0-9_]+]], %[[M:[a-z0-9_]+]], %[[V:[a-z0-9_]+]], %[[L:[a-z0-9_]+]] = train.adamw %[[W]], {{.*}} copy %[[C]] : tensor<8x8xbf16> -> tensor<8x8xbf16>
// STEP: train.write @w, %[[P]]
// STEP: train.write @w.m, %[[M]]
// STEP: train.write @w.v, %[[V]]
// STEP: train.write @w.copy, %[[L]]

// NARROW-LABEL: train.step @step
// NARROW: train.add %{{.*}} : tensor<8x8xbf16>, tensor<8x8xbf16>
// NARROW: train.adamw {{.*}} : tensor<8x8xf32>, tensor<8x8xbf16>, tensor<f32>
