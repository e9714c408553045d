// The coefficient of clipping goes into the updates and is no output any more, the norm still is; without
// clipping the norm comes on request, with a limit that never clips.
// RUN: train-opt --train-differentiate --train-clip-gradients --train-optimizer=kind=sgd %s | FileCheck %s
// RUN: train-opt --train-differentiate --train-optimizer="kind=sgd report-grad-norm" %s | FileCheck %s --check-prefix=REPORT

train.param @w : tensor<4xf32> init(#train.zeros)

train.graph @g(%x: tensor<4xf32>) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<4xf32>
  %0 = train.mul %w, %x : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %loss = train.reduce_sum %0 over [0] : tensor<4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// CHECK-LABEL: train.step @step
// CHECK-SAME: -> (loss: tensor<f32>, grad_norm: tensor<f32>)
// CHECK: %[[C:.*]], %[[NORM:.*]] = train.clip_coefficient
// CHECK: train.sgd {{.*}}, lr %lr scale %[[C]] : tensor<f32>
// CHECK: train.return %{{.*}}, %[[NORM]]

// REPORT-LABEL: train.step @step
// REPORT-SAME: -> (loss: tensor<f32>, grad_norm: tensor<f32>)
// REPORT: train.clip_coefficient {{.*}} {max_norm = 1.797{{.*}}E+308 : f64}
// REPORT-NOT: scale
