// The scale comes in once, before the loop; running statistics follow skipped steps too.
// RUN: train-opt --train-step-pipeline="accumulate=4 loss-scale=dynamic optimizer=sgd" %s | FileCheck %s

train.param @gamma : tensor<3xf32> init(#train.constant<1.0>)
train.state statistic @mean : tensor<3xf32> init(#train.zeros)
train.state statistic @var : tensor<3xf32> init(#train.constant<1.0>)

train.graph @g(%x: tensor<2x3xf32> batch(0), %t: tensor<2x3xf32> batch(0)) -> (loss: tensor<f32>) {
  %gamma = train.read @gamma : tensor<3xf32>
  %y, %m, %v = train.batch_norm %x, %gamma, %gamma running(@mean, @var) {eps = 1.0e-5 : f64, momentum = 0.1 : f64}
    : tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>
  %loss = train.mse %y, %t : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// CHECK-LABEL: train.step @step
// CHECK: %[[SEED:.*]] = train.constant {train.seed} dense<2.500000e-01>
// CHECK: %[[SCALED:.*]] = train.scale_loss %[[SEED]]
// CHECK: train.microbatch 4
// CHECK-NOT: train.seed
// CHECK: train.mul %[[SCALED]]
// CHECK: train.running_average
// CHECK-NOT: apply
// CHECK: train.check_finite
// CHECK-NOT: train.running_average
// CHECK: train.sgd {{.*}} apply
