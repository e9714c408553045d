// The seed is scaled, each gradient judged as the optimizer will see it, and the verdict goes to every update, to the
// step counter and to the scale.
// RUN: train-opt --train-differentiate --train-loss-scale %s | FileCheck %s
// RUN: train-opt --train-differentiate --train-loss-scale="mode=static init=1024" %s | FileCheck %s --check-prefix=STATIC
// RUN: train-opt --train-differentiate %s > %t.none
// RUN: train-opt --train-differentiate --train-loss-scale=mode=none %s | diff %t.none -
// RUN: train-opt --train-differentiate --train-loss-scale --train-clip-gradients --train-optimizer=kind=momentum --train-verify-scales %s \
// RUN:   | FileCheck %s --check-prefix=STEP

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

// CHECK: train.state {{ *}}other @train.loss_scale : tensor<f32> init(#train.constant<6.553600e+04 : f64>)
// CHECK: train.state {{ *}}other @train.loss_scale.good_steps : tensor<i64> init(#train.zeros)
// CHECK: train.state {{ *}}other @train.loss_scale.bad_steps : tensor<i64> init(#train.zeros)
// CHECK-LABEL: train.step @step
// CHECK-SAME: "grad:a": tensor<4xf32>, "grad:b": tensor<f32>, grad_scale: tensor<f32>, apply: tensor<i1>, loss_scale: tensor<f32>, skipped: tensor<i32>, loss_scale_exhausted: tensor<i32>
// CHECK: %[[SCALE:.*]] = train.read @train.loss_scale
// CHECK: %[[SEED:.*]] = train.constant {train.seed} dense<1.000000e+00>
// CHECK: %[[SCALED:.*]] = train.scale_loss %[[SEED]], %[[SCALE]] {train.seed}
// CHECK-NOT: %[[SEED]]
// CHECK: train.mul %[[SCALED]]
// CHECK: %[[ONE:.*]] = train.constant dense<1.000000e+00> : tensor<f32>
// CHECK: %[[INVERSE:.*]] = train.div %[[ONE]], %[[SCALE]]
// CHECK: %[[A:.*]] = train.check_finite %[[DA:.*]] scale %[[INVERSE]]
// CHECK: %[[B:.*]] = train.check_finite %[[DB:.*]] scale %[[INVERSE]] : tensor<f32>, and %[[A]]
// CHECK: train.update_scale %[[SCALE]], %{{.*}}, %{{.*}}, %[[B]] {backoff = 5.000000e-01 : f64, growth = 2.000000e+00 : f64, hysteresis = 1 : i64, minimum = 1.000000e+00 : f64, window = 2000 : i64}
// CHECK-COUNT-3: train.write @train.loss_scale
// CHECK: train.return %{{.*}}, %[[DA]], %[[DB]], %[[INVERSE]], %[[B]]

// A static scale is a constant, which nothing updates.
// STATIC-NOT: train.state
// STATIC-LABEL: train.step @step
// STATIC-SAME: apply: tensor<i1>, loss_scale: tensor<f32>, skipped: tensor<i32>)
// STATIC: %[[SCALE:.*]] = train.constant dense<1.024000e+03>
// STATIC: train.scale_loss %{{.*}}, %[[SCALE]]
// STATIC: train.check_finite
// STATIC-NOT: train.update_scale

// The norm is that of unscaled gradients; the factor of the updates holds both.
// STEP-LABEL: train.step @step
// STEP-SAME: -> (loss: tensor<f32>, loss_scale: tensor<f32>, skipped: tensor<i32>, loss_scale_exhausted: tensor<i32>, grad_norm: tensor<f32>)
// STEP: %[[INVERSE:.*]] = train.div
// STEP: %[[APPLY:.*]] = train.check_finite {{.*}} and
// STEP: train.sum_squares %{{.*}} scale %[[INVERSE]]
// STEP: train.sum_squares %{{.*}} scale %[[INVERSE]]
// STEP: %[[CLIP:.*]], %{{.*}} = train.clip_coefficient
// STEP: %[[FACTOR:.*]] = train.mul %[[CLIP]], %[[INVERSE]]
// STEP: train.increment %{{.*}} apply %[[APPLY]]
// STEP: train.momentum {{.*}} scale %[[FACTOR]] : tensor<f32> apply %[[APPLY]]
// STEP: train.momentum {{.*}} scale %[[FACTOR]] : tensor<f32> apply %[[APPLY]]
