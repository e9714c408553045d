// Without an output beside the loss there is nothing to predict; batch_norm without running statistics
// evaluates by those of the batch.
// RUN: train-opt --train-derive-programs %s | FileCheck %s

train.param @gamma : tensor<3xf32> init(#train.constant<1.0>)

train.graph @g(%x: tensor<4x3xf32> batch(0)) -> (loss: tensor<f32>) {
  %gamma = train.read @gamma : tensor<3xf32>
  %y, %m, %v = train.batch_norm %x, %gamma, %gamma {eps = 1.0e-5 : f64, momentum = 0.1 : f64}
    : tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32>
  %loss = train.reduce_sum %y over [0, 1] : tensor<4x3xf32> -> tensor<f32>
  train.return %loss : tensor<f32>
}
// CHECK-LABEL: train.eval @eval
// CHECK: train.batch_norm %x
// CHECK-NOT: train.predict
