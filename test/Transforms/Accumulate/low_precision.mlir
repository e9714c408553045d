// Gradients narrower than f32 are summed in f32.
// RUN: train-opt --train-differentiate --train-accumulate=count=2 %s | FileCheck %s

train.param @w : tensor<4xbf16> init(#train.zeros)

train.graph @g(%x: tensor<4xbf16>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xbf16>
  %y = train.mul %w, %x : tensor<4xbf16>, tensor<4xbf16> -> tensor<4xbf16>
  %wide = train.cast %y : tensor<4xbf16> -> tensor<4xf32>
  %loss = train.reduce_sum %wide over [0] : tensor<4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// CHECK-LABEL: train.step @step
// CHECK-SAME: "grad:w": tensor<4xf32>
// CHECK: train.reduce_sum
// CHECK: %[[WIDE:.*]] = train.cast %{{.*}} : tensor<4xbf16> -> tensor<4xf32>
// CHECK: train.add %{{[a-z0-9]*}}, %[[WIDE]] : tensor<4xf32>
