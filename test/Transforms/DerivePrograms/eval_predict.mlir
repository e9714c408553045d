// Evaluation without dropout and with running statistics; prediction without the labels.
// RUN: train-opt --train-derive-programs %s | FileCheck %s

train.param @w : tensor<3x3xf32> init(#train.zeros)
train.param @gamma : tensor<3xf32> init(#train.constant<1.0>)
train.param @beta : tensor<3xf32> init(#train.zeros)
train.state statistic @mean : tensor<3xf32> init(#train.zeros)
train.state statistic @var : tensor<3xf32> init(#train.constant<1.0>)

// CHECK-LABEL: train.graph @g
// CHECK: train.dropout
train.graph @g(%x: tensor<4x3xf32> batch(0), %labels: tensor<4xi32> batch(0)) -> (loss: tensor<f32>, logits: tensor<4x3xf32>, count: tensor<f32>) {
  %w = train.read @w : tensor<3x3xf32>
  %gamma = train.read @gamma : tensor<3xf32>
  %beta = train.read @beta : tensor<3xf32>
  %h = train.layer "block" -> tensor<4x3xf32> {
    %y, %m, %v = train.batch_norm %x, %gamma, %beta running(@mean, @var) {eps = 1.0e-5 : f64, momentum = 0.1 : f64}
      : tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<4x3xf32>, tensor<3xf32>, tensor<3xf32>
    %key = train.random_key : tensor<3xi64>
    %d = train.dropout %y, %key {rate = 0.1 : f64, site = 0 : i64, samples = 4 : i64} : tensor<4x3xf32>, tensor<3xi64>
    train.yield %d : tensor<4x3xf32>
  }
  %logits = train.matmul %h, %w : tensor<4x3xf32>, tensor<3x3xf32> -> tensor<4x3xf32>
  %loss, %lse, %count = train.cross_entropy %logits, %labels : tensor<4x3xf32>, tensor<4xi32> -> tensor<f32>, tensor<4xf32>, tensor<f32>
  train.return %loss, %logits, %count : tensor<f32>, tensor<4x3xf32>, tensor<f32>
}

// CHECK-LABEL: train.eval @eval
// CHECK-SAME: (%x: tensor<4x3xf32> batch(0), %labels: tensor<4xi32> batch(0)) -> (loss: tensor<f32>, count: tensor<f32>)
// CHECK-NOT: train.dropout
// CHECK-NOT: train.random_key
// CHECK-NOT: train.batch_norm %
// CHECK: %[[MEAN:.*]] = train.read @mean
// CHECK: %[[VAR:.*]] = train.read @var
// CHECK: %[[Y:.*]] = train.batch_norm_inference %x, {{.*}}, {{.*}}, %[[MEAN]], %[[VAR]]
// CHECK: %[[LOGITS:.*]] = train.matmul %[[Y]],
// CHECK: %[[LOSS:.*]], %{{.*}}, %[[COUNT:.*]] = train.cross_entropy %[[LOGITS]], %labels
// CHECK: train.return %[[LOSS]], %[[COUNT]]

// CHECK-LABEL: train.predict @predict
// CHECK-SAME: (%x: tensor<1x3xf32> batch(0)) -> (logits: tensor<1x3xf32>)
// CHECK: %[[LOGITS:.*]] = train.matmul
// CHECK-NOT: train.cross_entropy
// CHECK: train.return %[[LOGITS]]
