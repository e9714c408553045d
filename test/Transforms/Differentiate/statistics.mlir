// The states that follow a batch_norm's statistics are written once; the variance follows the unbiased
// estimate, n / (n - 1) = 32 / 31 times the batch's.
// RUN: train-opt --train-differentiate %s | FileCheck %s

train.param @gamma : tensor<3xf32> init(#train.constant<1.0>)
train.param @beta : tensor<3xf32> init(#train.zeros)
train.state statistic @mean : tensor<3xf32> init(#train.zeros)
train.state statistic @var : tensor<3xf32> init(#train.constant<1.0>)

train.graph @g(%x: tensor<2x3x4x4xf32> batch(0), %t: tensor<2x3x4x4xf32> batch(0)) -> (loss: tensor<f32>) {
  %gamma = train.read @gamma : tensor<3xf32>
  %beta = train.read @beta : tensor<3xf32>
  %y, %mean, %var = train.batch_norm %x, %gamma, %beta running(@mean, @var) {eps = 1.0e-5 : f64, momentum = 0.1 : f64}
    : tensor<2x3x4x4xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<2x3x4x4xf32>, tensor<3xf32>, tensor<3xf32>
  %loss = train.mse %y, %t : tensor<2x3x4x4xf32>, tensor<2x3x4x4xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// CHECK-LABEL: train.step @step
// CHECK: %{{.*}}, %[[MEAN:.*]], %[[VAR:.*]] = train.batch_norm
// CHECK: %[[OLD:.*]] = train.read @mean
// CHECK: %[[NEW:.*]] = train.running_average %[[OLD]], %[[MEAN]] {momentum = 1.000000e-01 : f64}
// CHECK: train.write @mean, %[[NEW]]
// CHECK: %[[OLD:.*]] = train.read @var
// CHECK: %[[NEW:.*]] = train.running_average %[[OLD]], %[[VAR]] {momentum = 1.000000e-01 : f64, scale = 1.032258{{.*}} : f64}
// CHECK: train.write @var, %[[NEW]]
// CHECK: train.return
