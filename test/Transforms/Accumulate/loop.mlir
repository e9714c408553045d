// What depends on data goes into the loop, what depends on parameters alone stays before it, updates of states come
// after it and see the mean of the statistics.
// RUN: train-opt --train-differentiate --train-accumulate=count=4 %s | FileCheck %s
// RUN: train-opt --train-differentiate %s > %t.once
// RUN: train-opt --train-differentiate --train-accumulate=count=1 %s | diff %t.once -

train.param @w : tensor<3x3xf32> init(#train.zeros)
train.param @gamma : tensor<3xf32> init(#train.constant<1.0>)
train.state statistic @mean : tensor<3xf32> init(#train.zeros)
train.state statistic @var : tensor<3xf32> init(#train.constant<1.0>)

train.graph @g(%x: tensor<2x3xf32> batch(0), %t: tensor<2x3xf32> batch(0)) -> (loss: tensor<f32>) {
  %w = train.read @w : tensor<3x3xf32>
  %gamma = train.read @gamma : tensor<3xf32>
  %c = train.constant dense<2.0> : tensor<f32>
  %w2 = train.mul %w, %c : tensor<3x3xf32>, tensor<f32> -> tensor<3x3xf32>
  %h = train.matmul %x, %w2 : tensor<2x3xf32>, tensor<3x3xf32> -> tensor<2x3xf32>
  %key = train.random_key : tensor<3xi64>
  %d = train.dropout %h, %key {rate = 0.5 : f64, site = 0 : i64, samples = 2 : i64} : tensor<2x3xf32>, tensor<3xi64>
  %y, %m, %v = train.batch_norm %d, %gamma, %gamma running(@mean, @var) {eps = 1.0e-5 : f64, momentum = 0.1 : f64}
    : tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<2x3xf32>, tensor<3xf32>, tensor<3xf32>
  %loss = train.mse %y, %t : tensor<2x3xf32>, tensor<2x3xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}

// CHECK-LABEL: train.step @step
// CHECK-SAME: (%x: tensor<4x2x3xf32> batch(1), %t: tensor<4x2x3xf32> batch(1))
// CHECK-SAME: "grad:w": tensor<3x3xf32>, "grad:gamma": tensor<3xf32>
// CHECK: %[[W:.*]] = train.read @w
// CHECK: %[[W2:.*]] = train.mul %[[W]]
// CHECK-NOT: train.matmul
// CHECK: %[[Z:.*]] = train.constant dense<0.000000e+00> : tensor<f32>
// CHECK: %[[R:.*]]:5 = train.microbatch 4 streams(%[[X:.*]] = %x : tensor<2x3xf32>, %[[T:.*]] = %t : tensor<2x3xf32>)
// CHECK-SAME: carry(%[[LOSSES:.*]] = %[[Z]] : tensor<f32>, %[[DWS:[a-z0-9]*]] = {{.*}} : tensor<3x3xf32>
// CHECK: train.matmul %[[X]], %[[W2]]
// CHECK: train.random_key
// CHECK: %{{.*}}, %[[M:.*]], %[[V:.*]] = train.batch_norm
// CHECK: %[[LOSS:.*]] = train.mse
// The seed is 1/4.
// CHECK: train.constant {train.seed} dense<2.500000e-01>
// CHECK: %[[L:.*]] = train.add %[[LOSSES]], %[[LOSS]]
// CHECK: %[[DW:.*]] = train.add %[[DWS]], %{{.*}} : tensor<3x3xf32>, tensor<3x3xf32>
// CHECK: %[[MS:.*]] = train.add %{{.*}}, %[[M]]
// CHECK: %[[VS:.*]] = train.add %{{.*}}, %[[V]]
// CHECK: train.yield %[[L]], %[[DW]], %{{.*}}, %[[MS]], %[[VS]]
// The loss and the statistics are means.
// CHECK: %[[QUARTER:.*]] = train.constant dense<2.500000e-01>
// CHECK: %[[MEAN:.*]] = train.mul %[[R]]#0, %[[QUARTER]]
// CHECK: %[[BATCHMEAN:.*]] = train.mul %[[R]]#3
// CHECK: %[[BATCHVAR:.*]] = train.mul %[[R]]#4
// CHECK: train.running_average %{{.*}}, %[[BATCHMEAN]]
// CHECK: train.running_average %{{.*}}, %[[BATCHVAR]]
// CHECK: train.return %[[MEAN]], %[[R]]#1, %[[R]]#2
