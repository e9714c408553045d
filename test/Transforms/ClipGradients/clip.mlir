// One norm over all gradients, in the order of the outputs; no gradient is rewritten.
// RUN: train-opt --train-differentiate --train-clip-gradients=max-norm=0.5 %s | FileCheck %s

train.param @a : tensor<4xf32> init(#train.zeros)
train.param @b : tensor<f32> init(#train.zeros)

train.graph @g(%x: tensor<4xf32>) -> (loss: tensor<f32>) {
  %a = train.read @a : tensor<4xf32>
  %b = train.read @b : tensor<f32>
  %0 = train.mul %a, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %1 = train.reduce_sum %0 over [0] : tensor<4xf32> -> tensor<f32>
  %loss = train.mul %1, %b : tensor<f32>, tensor<f32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// CHECK-LABEL: train.step @step
// CHECK-SAME: "grad:a": tensor<4xf32>, "grad:b": tensor<f32>, grad_scale: tensor<f32>, grad_norm: tensor<f32>
// CHECK: %[[A:.*]] = train.sum_squares %[[DA:.*]] : tensor<4xf32> -> tensor<f32>
// CHECK: %[[B:.*]] = train.sum_squares %[[DB:.*]] : tensor<f32> -> tensor<f32>
// CHECK: %[[C:.*]], %[[NORM:.*]] = train.clip_coefficient %[[A]], %[[B]] {max_norm = 5.000000e-01 : f64}
// CHECK: train.return %{{.*}}, %[[DA]], %[[DB]], %[[C]], %[[NORM]]
